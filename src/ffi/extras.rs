// SPDX-License-Identifier: MIT OR Apache-2.0
//! What QNX has no name for, as C sees it: the source of `<mman_peer.h>`.
//!
//! Nothing is decided here. The `///` comments land verbatim in the C header
//! and speak to C programmers. After a change here: `make headers`.
#![allow(clippy::missing_safety_doc)]
// Safety: none of these dereferences an argument.

use core::ffi::{c_char, c_int};
use libc::pid_t;

/// The version of the library that runs, as "1.2.3". Never NULL.
#[no_mangle]
pub unsafe extern "C" fn mman_peer_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

/// Why this thread's last call of the library failed: one sentence, with the
/// remedy where there is one. Never NULL; an empty string if nothing failed.
///
/// The text belongs to the calling thread and stands until its next call that
/// fails. A success leaves it as it was: ask only after a failure.
#[no_mangle]
pub unsafe extern "C" fn mman_peer_explain() -> *const c_char {
    super::explain()
}

/// The caller's consent to be a target, where the Yama security module has
/// kernel.yama.ptrace_scope 1: pid and its descendants may call mmap_peer()
/// and munmap_peer() on the caller, -1 any process of the same user, 0 nobody
/// beyond the caller's ancestors.
///
/// A process has one such consent: a new call replaces the last. Without any
/// call a program that loads the library admits its own descendants; the
/// environment variable MMAN_PEER_ALLOW (none, descendants, any) changes that.
/// A child of fork() starts without consent.
///
/// Returns 0, or -1 with errno set: ESRCH no such process; EINVAL pid is below
/// -1. Without Yama no consent is needed, and a process that exists is a
/// success. See PR_SET_PTRACER in prctl(2).
#[no_mangle]
pub unsafe extern "C" fn mman_peer_allow(pid: pid_t) -> c_int {
    super::allow(pid)
}

/// Starts a service in the calling process: from now on peers that call
/// mmap_peer() or munmap_peer() on it have two threads of the library's make
/// the calls, instead of stopping one of the program's. That takes no right to
/// trace, whatever kernel.yama.ptrace_scope or a container forbid, and goes on
/// while a debugger holds the other threads.
///
/// Root and the processes of the same user may map then: those of whom one of
/// the real or effective user is the calling process's real or saved one.
///
/// The service takes no signal, keeps none of the program's descriptors open
/// and none of its own among them, and ends with the process or an exec. A child
/// of fork() has none until it calls this itself. A program that is started with
/// MMAN_PEER_SERVE=1 in its environment has one from the beginning, and so have
/// its children.
///
/// Returns 0, also if the service runs already, or -1 with errno set: EPERM a
/// set-uid program; EAGAIN no thread can be made; EADDRINUSE the name is taken
/// by another process; ENOSYS before Linux 5.9. Not for signal handlers.
#[no_mangle]
pub unsafe extern "C" fn mman_peer_serve() -> c_int {
    super::serve()
}

/// Ends the service of the calling process. When it returns, its threads are
/// gone, and what peers ask is done by injection, where they may. Returns 0,
/// also if there was none. Not for signal handlers.
#[no_mangle]
pub unsafe extern "C" fn mman_peer_serve_stop() -> c_int {
    super::serve_stop()
}
