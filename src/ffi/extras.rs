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
