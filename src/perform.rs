// SPDX-License-Identifier: MIT OR Apache-2.0
//! A plan carried out, wherever its system calls are made: one mmap() and what
//! follows it, or one munmap(). A failed step undoes the earlier ones.
//!
//! It remembers how far it has come, since calls in a target can be
//! interrupted between two steps; called again, it goes on from there.

use crate::arch::{Abi, Arguments, SystemCall};
use crate::errno::Errno;
use crate::fault::{Fault, Why};
use crate::request::{map_refused, unmap_refused, MapPlan, UnmapPlan};
use core::convert::Infallible;
use libc::c_int;

/// Something that can make system calls in the address space in question.
pub(crate) trait Hands {
    /// How it can fail before a call is made.
    type Lost;

    fn call(&mut self, call: SystemCall, arguments: Arguments) -> Result<Result<usize, Errno>, Self::Lost>;
}

/// The calling process itself.
pub(crate) struct Own;

impl Hands for Own {
    type Lost = Infallible;

    fn call(&mut self, call: SystemCall, arguments: Arguments) -> Result<Result<usize, Errno>, Infallible> {
        let (number, arguments) = Abi::OWN.place(call, arguments);
        // SAFETY: the plans make memory calls only, and removing its own
        // memory is what a program asks for that names its own pid.
        Ok(unsafe { crate::sys::call(number as _, arguments) })
    }
}

/// The steps of a mapping; the numbers are those that a service answers with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Map = 1,
    Guard = 2,
    NotInherited = 3,
    Lock = 4,
    Undo = 5,
    Done = 6,
}

impl Step {
    /// The step of that number.
    pub fn numbered(number: u64) -> Option<Step> {
        const ALL: [Step; 6] = [Step::Map, Step::Guard, Step::NotInherited, Step::Lock, Step::Undo, Step::Done];
        ALL.into_iter().find(|step| *step as u64 == number)
    }

    /// The fault of a call whose mapping failed in this step.
    pub fn refused(self, plan: &MapPlan, errno: Errno) -> Fault {
        let (call, hint) = match self {
            Step::Guard => ("mprotect()", ""),
            Step::NotInherited => ("madvise()", ""),
            Step::Lock => ("mlock2()", "the target's RLIMIT_MEMLOCK is too small"),
            Step::Map | Step::Undo | Step::Done => return map_refused(plan, errno),
        };
        match errno {
            // A split takes one mapping more (`split_vma`), for which madvise(2) says so;
            // EAGAIN is kept for a target that cannot be reached.
            Errno::EAGAIN => {
                let hint = "the target has as many mappings as vm.max_map_count allows";
                Fault::new(Errno::ENOMEM, Why::Kernel { call, errno, hint })
            }
            errno => Fault::new(errno, Why::Kernel { call, errno, hint }),
        }
    }
}

/// A mapping in the making.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mapping {
    step: Step,
    start: usize,
    failed: Option<(Step, Errno)>,
}

impl Mapping {
    pub const fn new() -> Mapping {
        Mapping { step: Step::Map, start: 0, failed: None }
    }

    /// Whether something of it may stand in the address space.
    pub fn begun(&self) -> bool {
        self.step != Step::Map
    }

    pub fn finished(&self) -> bool {
        self.step == Step::Done
    }

    /// Whether the mmap() itself has succeeded.
    pub fn mapped(&self) -> bool {
        self.start != 0
    }

    /// Where the mapping starts, or which step failed. For use when `make` has returned.
    pub fn outcome(&self) -> Result<usize, (Step, Errno)> {
        self.failed.map_or(Ok(self.start), Err)
    }

    /// Where the mapping of that plan starts, or why there is none.
    pub fn outcome_of(&self, plan: &MapPlan) -> Result<usize, Fault> {
        self.outcome().map_err(|(step, errno)| step.refused(plan, errno))
    }

    /// Makes the mapping. `fd` is a descriptor where the calls are made;
    /// `over` a range of the plan's length that is held for it and replaced.
    pub fn make<H: Hands>(
        &mut self,
        plan: &MapPlan,
        fd: Option<c_int>,
        over: Option<usize>,
        hands: &mut H,
    ) -> Result<(), H::Lost> {
        loop {
            let done = match self.step {
                Step::Map => {
                    let (addr, flags) = match over {
                        Some(held) => (held, plan.flags & !libc::MAP_FIXED_NOREPLACE | libc::MAP_FIXED),
                        None => (plan.addr, plan.flags),
                    };
                    let (prot, flags, fd) = (plan.prot as u64, flags as u64, fd.unwrap_or(-1) as u64);
                    match hands.call(SystemCall::Mmap, [addr as u64, plan.len as u64, prot, flags, fd, plan.off])? {
                        Ok(start) => {
                            self.start = start;
                            self.step = Step::Guard;
                        }
                        Err(errno) => {
                            self.failed = Some((Step::Map, errno));
                            self.step = Step::Done;
                        }
                    }
                    continue;
                }
                Step::Guard if plan.after.guard > 0 => {
                    let arguments = [self.start as u64, plan.after.guard as u64, libc::PROT_NONE as u64, 0, 0, 0];
                    hands.call(SystemCall::Mprotect, arguments)?
                }
                Step::NotInherited if plan.after.not_inherited => {
                    let arguments = [self.start as u64, plan.len as u64, libc::MADV_DONTFORK as u64, 0, 0, 0];
                    hands.call(SystemCall::Madvise, arguments)?
                }
                Step::Lock if plan.after.lock => {
                    // On fault: bringing the pages in may take long, and is done when nothing is held.
                    let arguments = [self.start as u64, plan.len as u64, libc::MLOCK_ONFAULT as u64, 0, 0, 0];
                    hands.call(SystemCall::Mlock2, arguments)?
                }
                Step::Undo => {
                    let _ = hands.call(SystemCall::Munmap, [self.start as u64, plan.len as u64, 0, 0, 0, 0])?;
                    self.step = Step::Done;
                    continue;
                }
                Step::Done => return Ok(()),
                Step::Guard | Step::NotInherited | Step::Lock => Ok(0),
            };
            self.step = match (done, self.step) {
                (Ok(_), Step::Guard) => Step::NotInherited,
                (Ok(_), Step::NotInherited) => Step::Lock,
                (Ok(_), _) => Step::Done,
                (Err(errno), step) => {
                    self.failed = Some((step, errno));
                    Step::Undo
                }
            };
        }
    }
}

/// Removes mappings. Nothing to remember: it is one call.
pub(crate) fn unmap<H: Hands>(plan: &UnmapPlan, hands: &mut H) -> Result<Result<(), Fault>, H::Lost> {
    let done = hands.call(SystemCall::Munmap, [plan.addr as u64, plan.len as u64, 0, 0, 0, 0])?;
    Ok(done.map(|_| ()).map_err(unmap_refused))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::After;

    /// Hands that fail one call, and lose their hold before every call the first time.
    struct Shaky {
        fails: Option<SystemCall>,
        made: Vec<SystemCall>,
        lost: bool,
    }

    impl Hands for Shaky {
        type Lost = ();

        fn call(&mut self, call: SystemCall, _: Arguments) -> Result<Result<usize, Errno>, ()> {
            self.lost = !self.lost;
            if self.lost {
                return Err(());
            }
            self.made.push(call);
            Ok(if Some(call) == self.fails { Err(Errno::ENOMEM) } else { Ok(0x7000) })
        }
    }

    fn made(fails: Option<SystemCall>) -> (Vec<SystemCall>, Result<usize, Errno>) {
        let after = After { guard: 4096, not_inherited: true, lock: true, populate: false };
        let plan =
            MapPlan { addr: 0, len: 8192, prot: 0, flags: 0, file: None, physical: false, off: 0, shift: 0, after };
        let mut hands = Shaky { fails, made: Vec::new(), lost: false };
        let mut mapping = Mapping::new();
        while mapping.make(&plan, None, None, &mut hands).is_err() {}
        (hands.made, mapping.outcome().map_err(|(_, errno)| errno))
    }

    #[test]
    fn each_step_is_made_once_however_often_it_is_interrupted() {
        let all = vec![SystemCall::Mmap, SystemCall::Mprotect, SystemCall::Madvise, SystemCall::Mlock2];
        assert_eq!(made(None), (all, Ok(0x7000)));
    }

    #[test]
    fn a_limit_of_mappings_is_no_target_out_of_reach() {
        let after = After { guard: 0, not_inherited: true, lock: false, populate: false };
        let plan =
            MapPlan { addr: 0, len: 8192, prot: 0, flags: 0, file: None, physical: false, off: 0, shift: 0, after };
        for step in [Step::Map, Step::Guard, Step::NotInherited, Step::Lock] {
            assert_eq!(step.refused(&plan, Errno::ENOMEM).errno, Errno::ENOMEM);
            assert_ne!(step.refused(&plan, Errno::EAGAIN).errno, Errno::EAGAIN);
        }
    }

    #[test]
    fn a_failed_step_undoes_the_map() {
        for (fails, steps) in [(SystemCall::Mprotect, 2), (SystemCall::Madvise, 3), (SystemCall::Mlock2, 4)] {
            let (calls, outcome) = made(Some(fails));
            assert_eq!(outcome, Err(Errno::ENOMEM));
            assert_eq!((calls.len(), calls.last()), (steps + 1, Some(&SystemCall::Munmap)));
        }
        assert_eq!(made(Some(SystemCall::Mmap)), (vec![SystemCall::Mmap], Err(Errno::ENOMEM)));
    }
}
