// SPDX-License-Identifier: MIT OR Apache-2.0
//! QNX's own functions, as C sees them: the source of `<sys/mman_peer.h>`.
//!
//! Each hands its integers to the one errno edge in `mod.rs` and decides
//! nothing. The `///` comments land verbatim in the C header, so they speak to
//! C programmers; what concerns Rust stands in `//`. After a change here:
//! `make headers`.
#![allow(clippy::missing_safety_doc)]
// Safety, for all of them: no argument is dereferenced here. With the caller's
// own pid they are mmap() and munmap() and can take away memory in use, as
// those can.

use core::ffi::{c_int, c_void};
use libc::{off64_t, off_t, pid_t, size_t};

// On 32-bit systems off_t is signed and 32 bits wide, and QNX programs pass
// physical addresses from 2 GiB up in it: it is widened without its sign.
const OFF_T_BITS: u64 = u64::MAX >> (u64::BITS - off_t::BITS);

/// Creates a mapping in the address space of process pid, as mmap() does in
/// the caller's.
///
/// addr: NULL, a hint, or with MAP_FIXED the place. len: bytes, not 0; whole
/// pages are mapped. prot: PROT_*. flags: MAP_SHARED or MAP_PRIVATE, with
/// other MAP_* flags. fd: a descriptor of the caller (the target gets none), or
/// NOFD for zeroed memory. off: the offset in the object, in bytes; it need
/// not be a multiple of the page size.
///
/// Returns the address, valid in process pid only, or MAP_FAILED with errno
/// set. On success errno is left alone.
///
/// ESRCH   no such process, or it is ending
/// EPERM   the kernel does not let the caller touch it
/// EAGAIN  it cannot be reached now: a debugger holds it, it is frozen
/// EINTR   a signal handler ran during the wait for such a process
/// EINVAL, EBADF, EACCES, ENOMEM, ENXIO, ENOTSUP, ...: as mmap(), for
///         the caller's descriptor and the limits of process pid
///
/// mman_peer_explain() in <mman_peer.h> says more. May be called from signal
/// handlers and from any thread; not a cancellation point. Declared by
/// QNX Neutrino 6.4 and later.
#[no_mangle]
pub unsafe extern "C" fn mmap_peer(
    pid: pid_t,
    addr: *mut c_void,
    len: size_t,
    prot: c_int,
    flags: c_int,
    fd: c_int,
    off: off_t,
) -> *mut c_void {
    super::map(pid, addr, len, prot, flags, fd, off as u64 & OFF_T_BITS)
}

/// Removes every mapping of process pid from addr to addr + len, as munmap()
/// does in the caller.
///
/// addr is rounded down to a page and the end up. Holes are fine, and
/// nothing mapped at all is a success. len must not be 0.
///
/// Returns 0, or -1 with errno set: ESRCH, EPERM, EAGAIN, EINTR as
/// mmap_peer(); EINVAL len is 0 or the range is outside user space; ENOMEM
/// the process would have too many mappings. On success errno is left alone.
///
/// May be called from signal handlers and from any thread; not a
/// cancellation point. Declared by QNX Neutrino 6.4 and later.
#[no_mangle]
pub unsafe extern "C" fn munmap_peer(pid: pid_t, addr: *mut c_void, len: size_t) -> c_int {
    super::unmap(pid, addr, len)
}

/// mmap_peer() with an offset of 64 bits on every system; the type is
/// off64_t. Declared with _LARGEFILE64_SOURCE or _GNU_SOURCE, as QNX does.
// Linux always; cbindgen.toml makes the header's #if of it.
#[cfg(target_os = "linux")]
#[no_mangle]
pub unsafe extern "C" fn mmap64_peer(
    pid: pid_t,
    addr: *mut c_void,
    len: size_t,
    prot: c_int,
    flags: c_int,
    fd: c_int,
    off: off64_t,
) -> *mut c_void {
    super::map(pid, addr, len, prot, flags, fd, off as u64)
}
