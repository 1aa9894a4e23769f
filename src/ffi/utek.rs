// SPDX-License-Identifier: MIT OR Apache-2.0
//! UTek's mmap(2), as C sees it: the source of `<mman_peer/utek/sys/mman.h>`.
//!
//! Nothing is decided here. The `///` comments land verbatim in the C header
//! and speak to C programmers. After a change here: `make headers`.
#![allow(clippy::missing_safety_doc)]
// Safety: no argument is dereferenced here. With M_SELF memory in use can
// change its access, as by mprotect().

use core::ffi::{c_char, c_int, c_uint};

/// Makes len bytes of the caller's at toaddr a view of what process pid has at
/// fromaddr; <sys/mman.h> of the overlay calls it mmap.
///
/// pid: a process, M_SELF, M_PHYS, M_ZFILL, M_NFILL or one of M_VME. prot: M_R_
/// and M_W_ bits, which belong to this mapping. share: PRIVATE or SHARED.
/// fromaddr, toaddr and len are multiples of getpagesize().
///
/// Returns 0, or -1 with errno set. On success errno is left alone.
///
/// EINVAL    an address or len is not on a page boundary, or prot is wrong
/// EMRANGE   an area is outside the address space, or not wholly mapped
/// EMCOLLIDE part of the range at toaddr is mapped already
/// ESRCH     no such process
/// EPERM     the kernel does not let the caller reach it
/// EACCES    the area's protection does not grant what is asked for
/// ENOTSUP, ENODEV, ENOMEM, EAGAIN, EINTR: see utek_mmap(3)
#[no_mangle]
pub unsafe extern "C" fn utek_mmap(
    pid: c_int,
    fromaddr: *mut c_char,
    toaddr: *mut c_char,
    len: c_uint,
    prot: c_uint,
    share: c_uint,
) -> c_int {
    super::utek(pid, fromaddr as usize, toaddr as usize, len as usize, prot, share != 0)
}
