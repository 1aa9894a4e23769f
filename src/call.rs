// SPDX-License-Identifier: MIT OR Apache-2.0
//! One call from its arguments to its result, as a list of what happens. Below
//! the edge to C, above the rooms that do it.

use crate::arch::{Abi, Arguments, SystemCall};
use crate::env::{self, Engine};
use crate::errno::Errno;
use crate::fault::{Fault, Why};
use crate::inject::{self, Trace};
use crate::peer::Peer;
use crate::perform::{self, Hands, Mapping, Own};
use crate::phys;
use crate::procfs;
use crate::request::{self, Contiguous, FileFacts, MapPlan, Physical, Request, Sources, UnmapPlan};
use crate::sys::{self, Descriptor, SignalsBlocked};

/// Which way a call took, for its debug line.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Route {
    pub own: bool,
    pub trace: Trace,
}

/// mmap_peer(): the address in the target.
pub(crate) fn map(pid: i32, request: &Request, route: &mut Route) -> Result<usize, Fault> {
    // What it opens stays open until the call ends.
    let mut sources = CallersSources { opened: None };
    let planned = |sources: &mut CallersSources| request::plan_map(request, sys::page_size(), sources);
    if is_own(pid, route) {
        let plan = planned(&mut sources)?;
        plan.fits(Abi::OWN.reach())?;
        return Ok(map_own(&plan, request)? + plan.shift);
    }
    // No handler may leave the call (longjmp, a cancellation) with something of it open.
    let signals = SignalsBlocked::new();
    let peer = Peer::find(pid)?;
    let plan = reported_last(planned(&mut sources), &peer)?;
    check_engine()?;
    Ok(inject::map(&peer, &plan, &signals, env::settings().timeout, &mut route.trace)? + plan.shift)
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
    let peer = Peer::find(pid)?;
    let plan = reported_last(planned(), &peer)?;
    check_engine()?;
    whole_huge_pages(pid, &plan, |plan| inject::unmap(&peer, plan, &signals, env::settings().timeout, &mut route.trace))
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
fn reported_last<P>(plan: Result<P, Fault>, peer: &Peer) -> Result<P, Fault> {
    if plan.is_err() {
        peer.may_be_touched()?;
    }
    plan
}

fn check_engine() -> Result<(), Fault> {
    match env::settings().engine {
        Engine::Auto | Engine::Inject => Ok(()),
        Engine::Service => Err(Fault::new(
            Errno::EPERM,
            Why::Says("MMAN_PEER_ENGINE=service, and the target has no service: set it to auto or inject"),
        )),
    }
}

/// In the caller itself the kernel may populate and lock at once.
fn map_own(plan: &MapPlan, request: &Request) -> Result<usize, Fault> {
    let mut plan = *plan;
    plan.flags |= request.flags & (libc::MAP_LOCKED | libc::MAP_POPULATE | libc::MAP_NONBLOCK);
    plan.after.lock = false;
    let mut mapping = Mapping::new();
    match mapping.make(&plan, plan.file.map(|(fd, _)| fd), None, &mut Own) {
        Ok(()) => mapping.outcome(),
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
    let peer = Peer::find(pid)?;
    check_engine()?;
    inject::call(&peer, call, arguments, &signals, env::settings().timeout, &mut route.trace)?.map_err(refused)
}
