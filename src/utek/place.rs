// SPDX-License-Identifier: MIT OR Apache-2.0
//! The caller's area at toaddr: taken where nothing is mapped, filled piece by
//! piece, and given back if the call fails.

use crate::arch::{Arguments, SystemCall};
use crate::errno::Errno;
use crate::fault::{Fault, Why};
use crate::perform::{Hands, Own};
use crate::procfs;
use crate::regions;
use libc::c_int;

const COLLIDES: Fault = Fault::says(Errno::EMCOLLIDE, "part of the range at toaddr is mapped already: unmap it first");

/// The step EMCOLLIDE; asked again when the place is taken.
pub(super) fn must_be_free(pid: i32, start: usize, len: usize) -> Result<(), Fault> {
    let mut free = true;
    let asked = procfs::each_mapped(pid, start, start + len, false, |_| {
        free = false;
        false
    });
    match asked {
        Ok(()) if !free => Err(COLLIDES),
        // Without /proc the kernel says it when the place is taken.
        _ => Ok(()),
    }
}

pub(super) fn make(call: SystemCall, arguments: Arguments) -> Result<usize, Errno> {
    match Own.call(call, arguments) {
        Ok(done) => done,
    }
}

/// The place, given back when dropped.
pub(super) struct Placed {
    start: usize,
    len: usize,
}

impl Placed {
    /// Takes it, for nobody to use yet.
    pub fn reserve(start: usize, len: usize) -> Result<Placed, Fault> {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE | libc::MAP_FIXED_NOREPLACE;
        match make(SystemCall::Mmap, [start as u64, len as u64, 0, flags as u64, u64::MAX, 0]) {
            Ok(at) if at == start => Ok(Placed { start, len }),
            // Before Linux 4.17 the flag is not known, and the address a hint.
            Ok(elsewhere) => {
                unmap(elsewhere, len);
                Err(COLLIDES)
            }
            Err(Errno::EEXIST) => Err(COLLIDES),
            Err(Errno::EPERM) => Err(Fault::says(Errno::EMRANGE, "the range at toaddr is below vm.mmap_min_addr")),
            Err(errno) => Err(refused("mmap()", errno)),
        }
    }

    /// A place of the kernel's choice, readable and writable.
    pub fn anywhere(len: usize, file: Option<c_int>) -> Result<Placed, Fault> {
        let (kind, fd) = match file {
            Some(fd) => (libc::MAP_SHARED, fd as u64),
            None => (libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, u64::MAX),
        };
        make(SystemCall::Mmap, [0, len as u64, super::READ_WRITE as u64, kind as u64, fd, 0])
            .map(|start| Placed { start, len })
            .map_err(|errno| refused("mmap()", errno))
    }

    pub fn start(&self) -> usize {
        self.start
    }

    /// Maps over a part of it. `kind`: MAP_SHARED, or MAP_PRIVATE with MAP_ANONYMOUS.
    pub fn lay(&self, at: usize, len: usize, access: c_int, kind: c_int, fd: c_int, offset: u64) -> Result<(), Fault> {
        let flags = (kind | libc::MAP_FIXED) as u64;
        make(SystemCall::Mmap, [at as u64, len as u64, access as u64, flags, fd as u64, offset])
            .map(|_| ())
            .map_err(|errno| refused("mmap()", errno))
    }

    /// The call has succeeded.
    pub fn keep(self) {
        core::mem::forget(self);
    }
}

impl Drop for Placed {
    fn drop(&mut self) {
        unmap(self.start, self.len);
        regions::forget(self.start, self.start + self.len);
    }
}

fn unmap(start: usize, len: usize) {
    let _ = make(SystemCall::Munmap, [start as u64, len as u64, 0, 0, 0, 0]);
}

/// Sets the access of a range.
pub(super) fn protect(start: usize, len: usize, access: c_int) -> Result<(), Fault> {
    make(SystemCall::Mprotect, [start as u64, len as u64, access as u64, 0, 0, 0])
        .map(|_| ())
        .map_err(|errno| refused("mprotect()", errno))
}

/// EAGAIN is kept for a process that cannot be reached.
fn refused(call: &'static str, errno: Errno) -> Fault {
    let says = if errno == Errno::EAGAIN { Errno::ENOMEM } else { errno };
    Fault::new(says, Why::OwnKernel { call, errno })
}
