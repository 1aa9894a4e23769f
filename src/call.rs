// SPDX-License-Identifier: MIT OR Apache-2.0
//! One call from its arguments to its result, as a list of what happens. Below
//! the edge to C, above the rooms that do it.

use crate::arch::{Abi, Arguments, SystemCall};
use crate::errno::Errno;
use crate::fault::{Fault, Why};
use crate::flags;
use crate::inject::{self, Trace};
use crate::peer::Peer;
use crate::perform::{self, Hands, Mapping, Own};
use crate::phys;
use crate::procfs;
use crate::request::{self, unmap_refused, Contiguous, FileFacts, MapPlan, Physical, Request, Sources, UnmapPlan};
use crate::route::{self, Taken};
use crate::service::{Answer, OnRange, Order, Range};
use crate::sys::{self, Descriptor, SignalsBlocked};

pub(crate) use crate::route::Route;

/// mmap_peer(): the address in the target.
pub(crate) fn map(pid: i32, request: &Request, route: &mut Route) -> Result<usize, Fault> {
    let planned = |sources: &mut CallersSources| request::plan_map(request, sys::page_size(), sources);
    // No handler may leave the call (longjmp, a cancellation) with something of it
    // open. Of the own process only physical memory is opened for the call.
    if is_own(pid, route) {
        let _signals = (request.flags & flags::MAP_PHYS != 0).then(SignalsBlocked::new);
        let mut sources = CallersSources { opened: None };
        let plan = planned(&mut sources)?;
        plan.fits(Abi::OWN.reach())?;
        return Ok(map_own(&plan, request)? + plan.shift);
    }
    let signals = SignalsBlocked::new();
    // What it opens is open until the call ends, and closed before a handler can run.
    let mut sources = CallersSources { opened: None };
    let plan = reported_last(planned(&mut sources), pid, &signals, route)?;
    let object = plan.file.map(|(fd, _)| fd);
    let by_injection = |peer: &Peer, time, trace: &mut Trace| inject::map(peer, &plan, &signals, time, trace);
    let start = match route::take(pid, &Order::map(&plan), object, &signals, route, by_injection)? {
        Taken::Injected(start) => {
            route::injection_works(pid);
            start
        }
        Taken::Service(Answer::Done(start)) => {
            let start = usize::try_from(start).map_err(|_| strange_answer(pid))?;
            bring_mapping_in(pid, &plan, start, &signals, route);
            start
        }
        Taken::Service(Answer::Refused(step, errno)) => return Err(step.refused(&plan, errno)),
        Taken::Service(Answer::Full) => {
            let (errno, at) = (Errno::EMFILE, "recvmsg()");
            return Err(Fault::new(errno, Why::Carry { pid, errno, at }));
        }
        Taken::Service(Answer::TooWide) => return Err(plan.fits(narrower()).err().unwrap_or(strange_answer(pid))),
        Taken::Service(_) => return Err(strange_answer(pid)),
    };
    Ok(start + plan.shift)
}

/// munmap_peer().
pub(crate) fn unmap(pid: i32, addr: usize, len: usize, route: &mut Route) -> Result<(), Fault> {
    let planned = || request::plan_unmap(addr, len, sys::page_size());
    if is_own(pid, route) {
        return whole_huge_pages(pid, &planned()?, |plan| match perform::unmap(plan, &mut Own) {
            Ok(done) => done,
        });
    }
    let signals = SignalsBlocked::new();
    let plan = reported_last(planned(), pid, &signals, route)?;
    whole_huge_pages(pid, &plan, |plan| {
        let by_injection = |peer: &Peer, time, trace: &mut Trace| inject::unmap(peer, plan, &signals, time, trace);
        match route::take(pid, &Order::Unmap(*plan), None, &signals, route, by_injection)? {
            Taken::Injected(()) => {
                route::injection_works(pid);
                Ok(())
            }
            Taken::Service(Answer::Done(_)) => Ok(()),
            Taken::Service(Answer::Refused(_, errno)) => Err(unmap_refused(errno)),
            Taken::Service(Answer::TooWide) => Err(plan.fits(narrower()).err().unwrap_or(strange_answer(pid))),
            Taken::Service(_) => Err(strange_answer(pid)),
        }
    })
}

/// What a target of the smaller width that this build knows can be asked for.
fn narrower() -> crate::arch::Reach {
    Abi::NARROWER.unwrap_or(Abi::OWN).reach()
}

/// From a target that says what it cannot mean.
fn strange_answer(pid: i32) -> Fault {
    Fault::new(Errno::EPERM, Why::NotByService { pid })
}

/// Whether the caller may touch the process at all.
pub(crate) fn reachable(pid: i32, route: &mut Route) -> Result<(), Fault> {
    if is_own(pid, route) {
        return Ok(());
    }
    route::may_be_touched(pid, &SignalsBlocked::new(), route)
}

fn is_own(pid: i32, route: &mut Route) -> bool {
    route.own = pid == sys::getpid();
    route.own
}

/// Unmaps; if the kernel refuses because an edge lies inside a huge page, then
/// once more with the edge moved out. QNX has no such pages, and so no such error.
fn whole_huge_pages(
    pid: i32,
    plan: &UnmapPlan,
    mut unmap: impl FnMut(&UnmapPlan) -> Result<(), Fault>,
) -> Result<(), Fault> {
    match unmap(plan) {
        Err(fault) if fault.errno == Errno::EINVAL => {
            match procfs::widened_to_huge_pages(pid, plan.addr, plan.addr + plan.len) {
                Ok(Some((start, end))) => unmap(&UnmapPlan { addr: start, len: end - start }),
                _ => Err(fault),
            }
        }
        done => done,
    }
}

/// Wrong arguments are reported last: the target must exist and be within
/// reach for them to be looked at.
fn reported_last<P>(plan: Result<P, Fault>, pid: i32, signals: &SignalsBlocked, route: &mut Route) -> Result<P, Fault> {
    if plan.is_err() {
        route::may_be_touched(pid, signals, route)?;
    }
    plan
}

/// Brings the pages of a range in, in a target that was reached. Ends quietly where that is not possible.
fn bring_in(pid: i32, at: usize, len: usize, what: OnRange, signals: &SignalsBlocked, route: &mut Route) {
    let left = sys::parts(at, at + len).find(|&(addr, len)| {
        let order = Order::Range(Range { what, addr, len });
        // Injected, it would keep a thread of the target's busy: not for this. And an older
        // kernel does not know it, or it is not to be read.
        !route.service
            || !matches!(
                route::take(pid, &order, None, signals, route, |_, _, _| Ok(())),
                Ok(Taken::Service(Answer::Done(_)))
            )
    });
    if let Some((from, _)) = left {
        procfs::touch_pages(sys::Tid(pid), from, at + len - from, sys::page_size());
    }
}

/// MAP_POPULATE and MAP_LOCKED, in a mapping that a service has made.
fn bring_mapping_in(pid: i32, plan: &MapPlan, start: usize, signals: &SignalsBlocked, route: &mut Route) {
    const READ_WRITE: i32 = libc::PROT_READ | libc::PROT_WRITE;
    if !(plan.after.populate || plan.after.lock) || plan.prot & (READ_WRITE | libc::PROT_EXEC) == libc::PROT_NONE {
        return;
    }
    let what = if plan.gets_own_pages() { OnRange::BringInForWriting } else { OnRange::BringIn };
    bring_in(pid, start + plan.after.guard, plan.len - plan.after.guard, what, signals, route);
}

/// Likewise, for a range that was locked.
pub(crate) fn bring_range_in(pid: i32, at: usize, len: usize, route: &mut Route) {
    bring_in(pid, at, len, OnRange::BringIn, &SignalsBlocked::new(), route);
}

/// In the caller itself the kernel may populate and lock at once.
fn map_own(plan: &MapPlan, request: &Request) -> Result<usize, Fault> {
    let mut plan = *plan;
    plan.flags |= request.flags & (libc::MAP_LOCKED | libc::MAP_POPULATE | libc::MAP_NONBLOCK);
    plan.after.lock = false;
    let mut mapping = Mapping::new();
    match mapping.make(&plan, plan.file.map(|(fd, _)| fd), None, &mut Own) {
        Ok(()) => mapping.outcome_of(&plan),
    }
}

/// The objects of a request, as the caller has them.
struct CallersSources {
    opened: Option<Descriptor>,
}

impl Sources for CallersSources {
    fn file_facts(&mut self, fd: i32) -> Result<FileFacts, Errno> {
        let flags = sys::status_flags(fd)?;
        if flags & libc::O_PATH != 0 {
            return Err(Errno::EBADF);
        }
        let kind = sys::fstat(fd)?.st_mode & libc::S_IFMT;
        let access = flags & libc::O_ACCMODE;
        let regular = kind == libc::S_IFREG;
        Ok(FileFacts {
            readable: access != libc::O_WRONLY,
            writable: access != libc::O_RDONLY,
            directory: kind == libc::S_IFDIR,
            regular,
            plain: regular && sys::huge_page_of(fd).is_none(),
        })
    }

    fn physical(&mut self, writable: bool, uncached: bool) -> Result<Physical, Fault> {
        let (file, physical) = phys::open(writable, uncached)?;
        self.opened = Some(file);
        Ok(physical)
    }

    fn huge_page(&mut self, fd: libc::c_int, flags: libc::c_int) -> Option<usize> {
        if fd != flags::NOFD {
            return sys::huge_page_of(fd);
        }
        match flags::huge_page_size(flags) {
            None => procfs::default_huge_page(),
            size => size,
        }
    }

    fn contiguous(&mut self, len: usize, shared: bool) -> Result<Contiguous, Fault> {
        let (file, contiguous) = phys::contiguous(len, shared)?;
        self.opened = file;
        Ok(contiguous)
    }
}

/// One system call on a range of the target's, or of the caller's own, memory.
pub(crate) fn on_range(pid: i32, call: SystemCall, arguments: Arguments, route: &mut Route) -> Result<usize, Fault> {
    let refused = |errno| {
        let (call, hint) = match call {
            SystemCall::Mlock | SystemCall::Mlock2 => {
                ("mlock()", "a hole in the range, or the target's RLIMIT_MEMLOCK is too small")
            }
            SystemCall::Munlock => ("munlock()", "a hole in the range"),
            _ => ("the call", ""),
        };
        // EAGAIN is kept for a target that cannot be reached.
        let says = if errno == Errno::EAGAIN { Errno::ENOMEM } else { errno };
        Fault::new(says, Why::Kernel { call, errno, hint })
    };
    if is_own(pid, route) {
        return match Own.call(call, arguments) {
            Ok(done) => done.map_err(refused),
        };
    }
    let signals = SignalsBlocked::new();
    let Some(range) = Range::of(call, &arguments) else {
        return Err(Fault::says(Errno::ENOTSUP, "a call that is made in the own process only"));
    };
    let by_injection =
        |peer: &Peer, time, trace: &mut Trace| inject::call(peer, call, arguments, &signals, time, trace);
    match route::take(pid, &Order::Range(range), None, &signals, route, by_injection)? {
        Taken::Injected(done) => done.map_err(refused),
        Taken::Service(Answer::Done(value)) => Ok(value as usize),
        Taken::Service(Answer::Refused(_, errno)) => Err(refused(errno)),
        Taken::Service(Answer::TooWide) => Err(Fault::says(
            Errno::ENOMEM,
            "the range reaches outside the address space of the target, which is a 32-bit program",
        )),
        Taken::Service(_) => Err(strange_answer(pid)),
    }
}
