// SPDX-License-Identifier: MIT OR Apache-2.0
//! How the target's program calls the kernel, and where in it an instruction
//! lies that does. None is ever written there: text may be shared, private,
//! sealed or execute-only, and other threads run it.
//!
//! Places, each verified by its bytes: the one by which the thread entered the
//! call it sits in; the vdso, at its entry (i386) or at the offset found in our
//! own; any other executable mapping.

use super::session::Miss;
use crate::arch::{self, Abi, Registers, SleepsIn, Start};
use crate::errno::Errno;
use crate::procfs;
use crate::sys::{self, Tid};
use core::num::NonZeroUsize;
use once_cell::race::OnceNonZeroUsize;

/// What is known of a stopped thread's program.
#[derive(Clone, Copy)]
pub(crate) struct Program {
    pub abi: Abi,
    /// The instruction by which the thread entered the kernel, where it was looked for.
    own: Option<usize>,
    start: Option<Result<Start, Errno>>,
}

impl Program {
    pub fn of(tid: Tid, registers: &Registers) -> Result<Program, Miss> {
        let own = |abi| registers.own_entry(abi).filter(|&at| is_there(tid, abi, at));
        if arch::ENTRY_TELLS_ABI {
            if let Some(at) = own(Abi::OWN) {
                return Ok(Program { abi: Abi::OWN, own: Some(at), start: None });
            }
        }
        if arch::ONE_ABI {
            return Ok(Program { abi: Abi::OWN, own: None, start: None });
        }
        let start = start(tid)?;
        match (registers.abi(start.ok().as_ref()), start) {
            (Some(abi), _) => Ok(Program { abi, own: own(abi), start: Some(start) }),
            (None, Ok(start)) => Err(Miss::OtherAbi { wide: start.wide }),
            // Another's exec has killed it. Until that takes its number, too
            // (`de_thread`), the file belongs to root (`task_dump_owner`, fs/proc/base.c);
            // then the vector is empty at first. Only the stop tells, which is over.
            (None, Err(_)) if sys::registers(tid).is_err() => Err(Miss::Ended),
            (None, Err(errno)) => Err(Miss::Unread { errno }),
        }
    }

    /// Where an instruction lies that enters the kernel.
    pub fn instruction(&self, tid: Tid) -> Result<usize, Miss> {
        if let Some(own) = self.own {
            return Ok(own);
        }
        let start = match self.start {
            None => start(tid)?.ok(),
            Some(known) => known.ok(),
        };
        let entry = start.and_then(|s| s.entry).and_then(|entry| behind(tid, self.abi, entry));
        let in_vdso = || {
            let base = start.and_then(|s| s.vdso).filter(|_| self.abi == Abi::OWN)?;
            Some(base.wrapping_add(offset_in_vdso()?)).filter(|&at| is_there(tid, self.abi, at))
        };
        match entry.or_else(in_vdso).or_else(|| anywhere(tid, self.abi)) {
            Some(at) => Ok(at),
            // A thread that is killed leaves its stop, and nothing of it can be read.
            None if sys::registers(tid).is_err() => Err(Miss::Ended),
            None => Err(Miss::NoInstruction),
        }
    }
}

/// Before a thread is stopped: whether its program is wider than we are.
pub(crate) fn is_too_wide(tid: Tid) -> Result<bool, Miss> {
    if !arch::WIDTH_FIRST {
        return Ok(false);
    }
    match start(tid)? {
        Ok(start) => Ok(start.wide),
        // In the middle of an exec or of its end, perhaps. It is asked again when the thread has stopped.
        Err(Errno::EAGAIN | Errno::EACCES) => Ok(false),
        Err(errno) => Err(Miss::Unread { errno }),
    }
}

/// The ABI of a thread that sleeps in a call.
pub(crate) fn abi_of_sleeper(tid: Tid, call: &SleepsIn) -> Abi {
    let narrow =
        |&_: &Abi| call.stack.max(call.instruction) <= u32::MAX as usize && procfs::start(tid).is_ok_and(|s| !s.wide);
    Abi::NARROWER.filter(narrow).unwrap_or(Abi::OWN)
}

/// What the program was started with, or why that cannot be read.
fn start(tid: Tid) -> Result<Result<Start, Errno>, Miss> {
    match procfs::start(tid) {
        // Without an address space, or without its entry in /proc.
        Err(Errno::ESRCH | Errno::ENOENT) => Err(Miss::Ended),
        read => Ok(read),
    }
}

pub(super) fn is_there(tid: Tid, abi: Abi, at: usize) -> bool {
    let wanted = abi.enter_kernel();
    let mut bytes = wanted.map(|_| 0);
    sys::read_tracee(tid, at, &mut bytes).is_ok() && bytes == wanted
}

/// In the function that begins there: the vdso's takes some few bytes until then.
fn behind(tid: Tid, abi: Abi, entry: usize) -> Option<usize> {
    let mut bytes = [0; 32];
    sys::read_tracee(tid, entry, &mut bytes).ok()?;
    position(abi, &bytes).map(|offset| entry + offset)
}

/// The offset of such an instruction in the vdso, which is the same in every
/// process of one width; 0 stands for none (the ELF header is there).
fn offset_in_vdso() -> Option<usize> {
    const NONE: usize = 1;
    static OFFSET: OnceNonZeroUsize = OnceNonZeroUsize::new();
    let found = OFFSET.get_or_init(|| {
        let bytes = sys::own_vdso();
        let offset = bytes.and_then(|bytes| position(Abi::OWN, bytes)).filter(|&offset| offset > NONE);
        NonZeroUsize::new(offset.unwrap_or(NONE)).unwrap_or(NonZeroUsize::MIN)
    });
    Some(found.get()).filter(|&offset| offset != NONE)
}

/// The bytes begin where an instruction may: at the start of a page or of a function.
fn position(abi: Abi, bytes: &[u8]) -> Option<usize> {
    let wanted = abi.enter_kernel();
    let places = bytes.windows(wanted.len()).enumerate().step_by(arch::INSTRUCTIONS_ALIGNED_TO);
    places.into_iter().find(|(_, bytes)| *bytes == wanted).map(|(at, _)| at)
}

/// Without a vdso (vdso=0 on the kernel's command line, a restored process).
fn anywhere(tid: Tid, abi: Abi) -> Option<usize> {
    let mut found = None;
    let mut chunk = [0; 1024];
    // Chunks overlap, lest an instruction lie across two.
    let step = chunk.len() - abi.enter_kernel().len().next_multiple_of(arch::INSTRUCTIONS_ALIGNED_TO);
    let _ = procfs::each_executable(tid, |start, end| {
        let mut at = start;
        while found.is_none() && at + chunk.len() <= end {
            if sys::read_tracee(tid, at, &mut chunk).is_err() {
                break;
            }
            found = position(abi, &chunk).map(|offset| at + offset);
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
