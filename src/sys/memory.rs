// SPDX-License-Identifier: MIT OR Apache-2.0
//! Memory: of other processes by process_vm_readv(2) and process_vm_writev(2),
//! and a mapping of our own.

use super::{call, Tid};
use crate::arch::{Abi, SystemCall};
use crate::errno::Errno;
use libc::{c_int, c_void};

/// process_vm_readv(2): bytes of another process; how many were read.
pub(crate) fn read_memory(tid: Tid, address: usize, into: &mut [u8]) -> Result<usize, Errno> {
    let local = libc::iovec { iov_base: into.as_mut_ptr().cast(), iov_len: into.len() };
    let remote = libc::iovec { iov_base: address as *mut c_void, iov_len: into.len() };
    // SAFETY: local is writable for its length; remote is not ours to dereference.
    unsafe { call!(libc::SYS_process_vm_readv, tid.0, &raw const local, 1, &raw const remote, 1, 0) }
}

/// process_vm_writev(2).
pub(crate) fn write_memory(tid: Tid, address: usize, bytes: &[u8]) -> Result<usize, Errno> {
    let local = libc::iovec { iov_base: bytes.as_ptr() as *mut c_void, iov_len: bytes.len() };
    let remote = libc::iovec { iov_base: address as *mut c_void, iov_len: bytes.len() };
    // SAFETY: local is readable for its length and not written.
    unsafe { call!(libc::SYS_process_vm_writev, tid.0, &raw const local, 1, &raw const remote, 1, 0) }
}

/// Reads one byte of each page of the range, which brings the pages in. Ends
/// quietly where that is not possible.
pub(crate) fn touch_pages(tid: Tid, address: usize, len: usize, page: usize) {
    const BATCH: usize = 64;
    let mut bytes = [0u8; BATCH];
    let mut at = address;
    let end = address.saturating_add(len);
    while at < end {
        let mut remote = [libc::iovec { iov_base: core::ptr::null_mut(), iov_len: 1 }; BATCH];
        let mut count = 0;
        for place in &mut remote {
            if at < end {
                place.iov_base = at as *mut c_void;
                at += page;
                count += 1;
            }
        }
        let local = libc::iovec { iov_base: bytes.as_mut_ptr().cast(), iov_len: count };
        // SAFETY: bytes has room for one from each page; the remote addresses are the kernel's to check.
        let done = unsafe { call!(libc::SYS_process_vm_readv, tid.0, &raw const local, 1, remote.as_ptr(), count, 0) };
        if done != Ok(count) {
            return;
        }
    }
}

/// A range in parts of which one can be brought in without keeping anybody for long:
/// where each starts, and its length.
pub(crate) fn parts(start: usize, end: usize) -> impl Iterator<Item = (usize, usize)> {
    const PART: usize = 4 << 20;
    (start..end).step_by(PART).map(move |at| (at, PART.min(end - at)))
}

/// Moves a mapping of the caller's over another one: one call, by which the
/// range has the old memory or the new (mremap(2)).
pub(crate) fn move_mapping(from: usize, len: usize, to: usize) -> Result<usize, Errno> {
    let flags = libc::MREMAP_MAYMOVE | libc::MREMAP_FIXED;
    // SAFETY: replacing its own memory at `to` is what the program has asked for.
    unsafe { call!(libc::SYS_mremap, from, len, len, flags, to) }
}

/// Private anonymous memory of the caller's.
pub(crate) fn map_private(len: usize) -> Result<usize, Errno> {
    map_own(len, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_STACK)
}

/// Anonymous memory that the caller shares with the children that it forks.
pub(crate) fn map_shared(len: usize) -> Result<usize, Errno> {
    map_own(len, libc::MAP_SHARED | libc::MAP_ANONYMOUS)
}

/// Memory at that address becomes the beginning of a file, shared with whoever
/// has it, or private again.
///
/// # Safety
/// The range is the caller's to lose.
pub(crate) unsafe fn map_over(start: usize, len: usize, file: Option<&super::Descriptor>) -> Result<(), Errno> {
    let access = (libc::PROT_READ | libc::PROT_WRITE) as u64;
    let flags =
        libc::MAP_FIXED | if file.is_some() { libc::MAP_SHARED } else { libc::MAP_PRIVATE | libc::MAP_ANONYMOUS };
    let fd = file.map_or(-1, |file| file.number());
    let wanted = [start as u64, len as u64, access, flags as u64, fd as u64, 0];
    let (number, arguments) = Abi::OWN.place(SystemCall::Mmap, wanted);
    // SAFETY: the caller's contract.
    unsafe { call(number as _, arguments) }.map(|_| ())
}

/// A fresh page or more where nothing is mapped; whether it could be had. Not by a
/// kernel before 4.17, which takes the address for a hint.
pub(crate) fn map_where_nothing_is(start: usize, len: usize) -> bool {
    let access = (libc::PROT_READ | libc::PROT_WRITE) as u64;
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED_NOREPLACE;
    let wanted = [start as u64, len as u64, access, flags as u64, u64::MAX, 0];
    let (number, arguments) = Abi::OWN.place(SystemCall::Mmap, wanted);
    // SAFETY: it replaces nothing.
    match unsafe { call(number as _, arguments) } {
        Ok(at) if at == start => true,
        Ok(elsewhere) => {
            unmap(elsewhere, len);
            false
        }
        Err(_) => false,
    }
}

/// A child of fork() has nothing there (MADV_DONTFORK).
pub(crate) fn keep_from_children(start: usize, len: usize) -> Result<(), Errno> {
    // SAFETY: nothing changes for this process.
    unsafe { call!(libc::SYS_madvise, start, len, libc::MADV_DONTFORK) }.map(|_| ())
}

fn map_own(len: usize, flags: c_int) -> Result<usize, Errno> {
    let access = (libc::PROT_READ | libc::PROT_WRITE) as u64;
    let wanted = [0, len as u64, access, flags as u64, u64::MAX, 0];
    let (number, arguments) = Abi::OWN.place(SystemCall::Mmap, wanted);
    // SAFETY: a new mapping at a place of the kernel's choice touches nothing.
    unsafe { call(number as _, arguments) }
}

pub(crate) fn unmap(start: usize, len: usize) {
    // SAFETY: callers pass what the functions above gave them, and use it no more.
    let _ = unsafe { call!(libc::SYS_munmap, start, len) };
}
