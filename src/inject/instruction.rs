// SPDX-License-Identifier: MIT OR Apache-2.0
//! Where in the target an instruction lies that enters the kernel. None is ever
//! written there: text may be shared, private, sealed or execute-only, and
//! other threads run it.
//!
//! Three places, each verified by its bytes: the one by which the thread
//! entered the call it sits in; the vdso, at the offset found in our own; any
//! other executable mapping.

use super::session::Miss;
use crate::arch::{Abi, Registers, ENTER_KERNEL};
use crate::errno::Errno;
use crate::procfs::{self, Vdso};
use crate::sys::{self, Tid};
use core::num::NonZeroUsize;
use once_cell::race::OnceNonZeroUsize;

pub(crate) fn find(tid: Tid, registers: &Registers) -> Result<(Abi, usize), Miss> {
    if let Some(own) = registers.own_entry().filter(|&at| is_there(tid, at)) {
        return Ok((Abi::OWN, own));
    }
    match procfs::vdso(tid) {
        Ok(Vdso::Narrow) => return Err(Miss::NarrowTarget),
        Ok(Vdso::At(base)) => {
            let known = offset_in_vdso().map(|offset| base.wrapping_add(offset));
            if let Some(at) = known.filter(|&at| is_there(tid, at)) {
                return Ok((Abi::OWN, at));
            }
        }
        Ok(Vdso::Missing) => {}
        // Without an address space, or without its entry in /proc.
        Err(Errno::ESRCH | Errno::ENOENT) => return Err(Miss::Ended),
        Err(_) => {}
    }
    match anywhere(tid) {
        Some(at) => Ok((Abi::OWN, at)),
        // A thread that is killed leaves its stop, and nothing of it can be read.
        None if sys::registers(tid).is_err() => Err(Miss::Ended),
        None => Err(Miss::NoInstruction),
    }
}

pub(super) fn is_there(tid: Tid, at: usize) -> bool {
    let mut bytes = [0; ENTER_KERNEL.len()];
    sys::read_tracee(tid, at, &mut bytes).is_ok() && bytes == ENTER_KERNEL
}

/// The offset of such an instruction in the vdso, which is the same in every
/// process of one width; 0 stands for none (the ELF header is there).
fn offset_in_vdso() -> Option<usize> {
    const NONE: usize = 1;
    static OFFSET: OnceNonZeroUsize = OnceNonZeroUsize::new();
    let found = OFFSET.get_or_init(|| {
        let offset = sys::own_vdso().and_then(position).filter(|&offset| offset > NONE);
        NonZeroUsize::new(offset.unwrap_or(NONE)).unwrap_or(NonZeroUsize::MIN)
    });
    Some(found.get()).filter(|&offset| offset != NONE)
}

fn position(bytes: &[u8]) -> Option<usize> {
    bytes.windows(ENTER_KERNEL.len()).position(|w| w == ENTER_KERNEL)
}

/// Without a vdso (vdso=0 on the kernel's command line, a restored process).
fn anywhere(tid: Tid) -> Option<usize> {
    let mut found = None;
    let mut chunk = [0; 1024];
    let step = chunk.len() - (ENTER_KERNEL.len() - 1);
    let _ = procfs::each_executable(tid, |start, end| {
        let mut at = start;
        while found.is_none() && at + chunk.len() <= end {
            if sys::read_tracee(tid, at, &mut chunk).is_err() {
                break;
            }
            found = position(&chunk).map(|offset| at + offset);
            at += step;
        }
        found.is_none()
    });
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vdso_has_one_or_there_is_no_vdso() {
        assert_eq!(offset_in_vdso().is_some(), sys::own_vdso().is_some());
    }
}
