// SPDX-License-Identifier: MIT OR Apache-2.0
//! The companions of QNX's functions, as C sees them: the source of
//! `<mman_peer/companions.h>`. Weak in the libraries: a program's own copy wins.
//!
//! Nothing is decided here. The `///` comments land verbatim in the C header
//! and speak to C programmers. After a change here: `make headers`.
#![allow(clippy::missing_safety_doc)]
// Safety, for all of them: addresses of the target are not dereferenced;
// results are stored where the caller says, unless that is NULL.

use super::{edge, map, unmap, MAP_FAILED};
use crate::companions::{self, Extent};
use crate::request::Request;
use core::ffi::{c_int, c_uint, c_void};
use libc::{off64_t, pid_t, size_t, uintptr_t};

/// munmap_peer() with flags: UNMAP_INIT_REQUIRED, UNMAP_INIT_OPTIONAL or 0,
/// without effect. Other flags are EINVAL.
#[no_mangle]
pub unsafe extern "C" fn munmap_flags_peer(pid: pid_t, addr: *mut c_void, len: size_t, flags: c_uint) -> c_int {
    let done = edge(&format_args!("munmap_flags_peer({pid}, {addr:p}, {len}, {flags:#x})"), |route| {
        companions::unmap_flags(pid, addr as usize, len, flags, route).map(|()| 0)
    });
    done.map_or(-1, |_| 0)
}

/// munmap_peer() by another name.
#[no_mangle]
pub unsafe extern "C" fn munmap64_peer(pid: pid_t, addr: *mut c_void, len: size_t) -> c_int {
    unmap(pid, addr, len)
}

/// mmap64_peer() that also stores the first page's address in *base and the
/// size in whole pages in *size; either may be NULL. align and preload are
/// not used.
#[no_mangle]
pub unsafe extern "C" fn _mmap2_peer(
    pid: pid_t,
    addr: *mut c_void,
    len: size_t,
    prot: c_int,
    flags: c_int,
    fd: c_int,
    off: off64_t,
    align: c_uint,
    preload: c_uint,
    base: *mut *mut c_void,
    size: *mut size_t,
) -> *mut c_void {
    let _ = (align, preload);
    let result = map(pid, addr, len, prot, flags, fd, off as u64);
    if result as usize != MAP_FAILED {
        let (start, whole) = companions::whole_pages(result as usize, len);
        // SAFETY: NULL, or the caller's variables.
        unsafe {
            if let Some(base) = base.as_mut() {
                *base = start as *mut c_void;
            }
            if let Some(size) = size.as_mut() {
                *size = whole;
            }
        }
    }
    result
}

/// Maps one object at one address in the calling process and in pid; addr is a
/// hint, NULL for any. With NOFD they are two objects. Nothing is replaced in
/// either, and after a failure nothing is mapped. Returns the address, or
/// MAP_FAILED.
#[no_mangle]
pub unsafe extern "C" fn mmap64_join(
    pid: pid_t,
    addr: *mut c_void,
    len: size_t,
    prot: c_int,
    flags: c_int,
    fd: c_int,
    off: off64_t,
) -> *mut c_void {
    let request = Request { addr: addr as usize, len, prot, flags, fd, off: off as u64 };
    edge(&format_args!("mmap64_join({pid}, {addr:p}, {len}, {prot:#x}, {flags:#x}, {fd}, {off:#x})"), |route| {
        companions::join(pid, &request, route)
    })
    .unwrap_or(MAP_FAILED) as *mut c_void
}

/// The physical address of addr in process pid, in *offset, and in
/// *contig_len how many bytes from there on are contiguous, at most len. Either
/// may be NULL. EACCES nothing is mapped there; EPERM the kernel hides
/// physical addresses from the caller (CAP_SYS_ADMIN).
#[no_mangle]
pub unsafe extern "C" fn mem_offset64_peer(
    pid: pid_t,
    addr: uintptr_t,
    len: size_t,
    offset: *mut off64_t,
    contig_len: *mut size_t,
) -> c_int {
    let mut found = Extent { offset: 0, contiguous: 0 };
    let done = edge(&format_args!("mem_offset64_peer({pid}, {addr:#x}, {len})"), |route| {
        found = companions::offset(pid, addr, len, route)?;
        Ok(0)
    });
    if done.is_none() {
        return -1;
    }
    // SAFETY: NULL, or the caller's variables.
    unsafe {
        if let Some(offset) = offset.as_mut() {
            *offset = found.offset as off64_t;
        }
        if let Some(contig_len) = contig_len.as_mut() {
            *contig_len = found.contiguous;
        }
    }
    0
}

/// mlock() in process pid, by its limits.
#[no_mangle]
pub unsafe extern "C" fn mlock_peer(pid: pid_t, addr: uintptr_t, len: size_t) -> c_int {
    edge(&format_args!("mlock_peer({pid}, {addr:#x}, {len})"), |route| {
        companions::lock(pid, addr, len, route).map(|()| 0)
    })
    .map_or(-1, |_| 0)
}

/// munlock() in process pid.
#[no_mangle]
pub unsafe extern "C" fn munlock_peer(pid: pid_t, addr: uintptr_t, len: size_t) -> c_int {
    edge(&format_args!("munlock_peer({pid}, {addr:#x}, {len})"), |route| {
        companions::unlock(pid, addr, len, route).map(|()| 0)
    })
    .map_or(-1, |_| 0)
}

/// Maps physical memory in the calling process: mmap64_peer() of its own pid
/// with MAP_PHYS, MAP_SHARED and NOFD.
#[no_mangle]
pub unsafe extern "C" fn mmap_device_memory(
    addr: *mut c_void,
    len: size_t,
    prot: c_int,
    flags: c_int,
    physical: u64,
) -> *mut c_void {
    let request = companions::device_memory(addr as usize, len, prot, flags, physical);
    map(crate::sys::getpid(), addr, len, prot, request.flags, request.fd, physical)
}

/// Unmaps it again: munmap() in the calling process.
#[no_mangle]
pub unsafe extern "C" fn munmap_device_memory(addr: *mut c_void, len: size_t) -> c_int {
    unmap(crate::sys::getpid(), addr, len)
}
