// SPDX-License-Identifier: MIT OR Apache-2.0
//! The engine that reaches any target: it stops one of its threads, has it
//! make the planned system calls, puts everything back and lets it go.
//!
//! This file is the story of a call; each chapter has its own: who traces
//! (`tracer`), which thread (`threads`), holding it (`session`), waiting for it
//! (`wait`), the instruction it runs (`instruction`), and what the stop itself
//! would have changed (`restart`, `rseq`). Registers are `arch/`'s.
//!
//! The engine knows plans, not QNX; it has never heard of C or errno. Between
//! the stop and the release nothing here may allocate, lock, panic or wait
//! without a bound.

#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod crowd;
mod instruction;
mod restart;
mod rseq;
pub(crate) mod session;
pub(crate) mod standstill;
mod threads;
mod tracer;
mod wait;

use crate::arch::{Arguments, SystemCall};
use crate::carry::Carry;
use crate::errno::Errno;
use crate::fault::{Fault, Why};
use crate::peer::Peer;
use crate::perform::{self, Hands, Mapping};
use crate::procfs;
use crate::record_locks::RecordLocks;
use crate::request::{MapPlan, UnmapPlan};
use crate::sys::{self, SignalsBlocked, Tid};
use core::time::Duration;
use session::{Lost, Miss, Restraint, Session};
use threads::Search;
use tracer::Kind;
use wait::Waiting;

/// What a debug line tells of a call.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Trace {
    pub tid: i32,
    pub stops: u32,
    pub attempts: u32,
    pub in_thread: bool,
}

/// Makes the planned mapping in the peer; where it starts.
pub(crate) fn map(
    peer: &Peer,
    plan: &MapPlan,
    signals: &SignalsBlocked,
    timeout: Duration,
    trace: &mut Trace,
) -> Result<usize, Fault> {
    let carry = plan.file.map(|(fd, facts)| Carry::new(fd, facts));
    let locks = plan.file.map(|(fd, facts)| RecordLocks::look(fd, facts, peer.pid()));
    let mut errand = MapErrand { plan, carry, locks, mapping: Mapping::new(), refused: None, program: None };
    run(peer, &mut errand, signals, timeout, trace)?;
    let start = errand.refused.map_or_else(|| errand.mapping.outcome_of(plan), Err)?;
    if plan.after.populate || plan.after.lock {
        let written =
            plan.gets_own_pages() && !is_fresh(plan) && written_to(peer, plan, start, signals, timeout, trace);
        if !written {
            bring_in(Tid(trace.tid), plan, start, errand.program);
        }
    }
    Ok(start)
}

/// Brings the pages in, when the target runs again: it may take long. What
/// nobody can have seen yet is written, so that it gets memory of its own; in the
/// program that it was mapped for, by its layout, and no other. By the thread that has
/// mapped it: the first may have ended, and an ended one has no memory to look into.
fn bring_in(tid: Tid, plan: &MapPlan, start: usize, program: Option<u64>) {
    const READ_WRITE: i32 = libc::PROT_READ | libc::PROT_WRITE;
    let page = sys::page_size();
    let (at, len) = (start + plan.after.guard, plan.len - plan.after.guard);
    match plan.prot & (READ_WRITE | libc::PROT_EXEC) {
        libc::PROT_NONE => {}
        prot if is_fresh(plan) && prot & READ_WRITE == READ_WRITE => procfs::clear_pages(tid, at, len, page, program),
        prot if prot & libc::PROT_READ != 0 => sys::touch_pages(tid, at, len, page),
        // Neither to be read nor to be written over: as a debugger would.
        _ => procfs::touch_pages(tid, at, len, page),
    }
}

/// Gives private memory pages of its own, as mmap() does, where the program may have
/// written to it already: by calls of its own. Whether that is done.
fn written_to(
    peer: &Peer,
    plan: &MapPlan,
    start: usize,
    signals: &SignalsBlocked,
    timeout: Duration,
    trace: &mut Trace,
) -> bool {
    sys::parts(start + plan.after.guard, start + plan.len).all(|(from, len)| {
        let range = [from as u64, len as u64, libc::MADV_POPULATE_WRITE as u64, 0, 0, 0]; // since Linux 5.14
        matches!(call(peer, SystemCall::Madvise, range, signals, timeout, trace), Ok(Ok(_)))
    })
}

/// Nobody can have seen it yet: it is nobody else's, and at no place that the program
/// could look at, by agreement with the caller.
fn is_fresh(plan: &MapPlan) -> bool {
    plan.file.is_none() && plan.addr == 0 && plan.flags & (libc::MAP_FIXED | libc::MAP_SHARED) == 0
}

/// Makes the planned munmap() in the peer.
pub(crate) fn unmap(
    peer: &Peer,
    plan: &UnmapPlan,
    signals: &SignalsBlocked,
    timeout: Duration,
    trace: &mut Trace,
) -> Result<(), Fault> {
    let mut errand = UnmapErrand { plan, outcome: Ok(()) };
    run(peer, &mut errand, signals, timeout, trace)?;
    errand.outcome
}

/// Has the peer make one system call, which must not block; its result.
pub(crate) fn call(
    peer: &Peer,
    call: SystemCall,
    arguments: Arguments,
    signals: &SignalsBlocked,
    timeout: Duration,
    trace: &mut Trace,
) -> Result<Result<usize, Errno>, Fault> {
    let mut errand = CallErrand { call, arguments, outcome: Ok(Err(Errno::EAGAIN)) };
    run(peer, &mut errand, signals, timeout, trace)?;
    errand.outcome
}

/// What is to be done while a thread is held. It remembers how far it has
/// come, and goes on from there in the next session.
trait Errand {
    fn perform(&mut self, session: &mut Session<'_>) -> Result<(), Lost>;
    /// Something of it stands in the target.
    fn begun(&self) -> bool;
    /// The target ran since the last session.
    fn recheck(&mut self, session: &Session<'_>);
    /// The target's address space is another one: nothing of it stands any more.
    fn start_over(&mut self);
}

struct MapErrand<'p> {
    plan: &'p MapPlan,
    carry: Option<Carry>,
    /// The target's, on the object: closing it there would drop them.
    locks: Option<RecordLocks>,
    mapping: Mapping,
    refused: Option<Fault>,
    /// The layout of the program that has the mapping, where that is asked for.
    program: Option<u64>,
}

impl Errand for MapErrand<'_> {
    fn perform(&mut self, session: &mut Session<'_>) -> Result<(), Lost> {
        let plan = self.plan;
        if session.only_mapping() && !self.begun() && (plan.file.is_some() || plan.after.calls_more()) {
            let pid = session.peer().pid();
            self.refused = Some(Fault::new(Errno::EPERM, Why::SeccompFilter { pid }));
            return Ok(());
        }
        if !self.begun() {
            if let Err(fault) = plan.fits(session.abi().reach()) {
                self.refused = Some(fault);
                return Ok(());
            }
            // Once more, since the target may have been waited for.
            if self.locks.as_ref().is_some_and(RecordLocks::held) {
                let pid = session.peer().pid();
                self.refused = Some(Fault::new(Errno::ENOTSUP, Why::RecordLock { pid }));
                return Ok(());
            }
        }
        let Some(carry) = &mut self.carry else {
            if is_fresh(plan) && (plan.after.populate || plan.after.lock) {
                self.program = procfs::layout(session.tid());
            }
            return self.mapping.make(plan, None, None, session);
        };
        if !self.mapping.begun() {
            carry.bring(plan, session)?;
        }
        match carry.outcome() {
            _ if self.mapping.finished() => {}
            Ok(fd) => {
                self.mapping.make(plan, Some(fd), carry.held_range(), session)?;
                if self.mapping.mapped() {
                    carry.range_taken();
                } else {
                    carry.range_may_be_gone();
                }
            }
            Err(fault) => self.refused = Some(fault),
        }
        carry.tidy(session)
    }

    fn begun(&self) -> bool {
        self.mapping.begun() || self.carry.as_ref().is_some_and(Carry::begun)
    }

    fn recheck(&mut self, session: &Session<'_>) {
        if let Some(carry) = &mut self.carry {
            carry.recheck(session);
        }
    }

    fn start_over(&mut self) {
        self.mapping = Mapping::new();
        self.carry = self.plan.file.map(|(fd, facts)| Carry::new(fd, facts));
        self.refused = None;
    }
}

struct UnmapErrand<'p> {
    plan: &'p UnmapPlan,
    outcome: Result<(), Fault>,
}

impl Errand for UnmapErrand<'_> {
    fn perform(&mut self, session: &mut Session<'_>) -> Result<(), Lost> {
        self.outcome = match self.plan.fits(session.abi().reach()) {
            Ok(()) => perform::unmap(self.plan, session)?,
            Err(fault) => Err(fault),
        };
        Ok(())
    }

    fn begun(&self) -> bool {
        false
    }

    fn recheck(&mut self, _: &Session<'_>) {}

    fn start_over(&mut self) {}
}

struct CallErrand {
    call: SystemCall,
    arguments: Arguments,
    outcome: Result<Result<usize, Errno>, Fault>,
}

impl Errand for CallErrand {
    fn perform(&mut self, session: &mut Session<'_>) -> Result<(), Lost> {
        self.outcome = if session.only_mapping() {
            Err(Fault::new(Errno::EPERM, Why::SeccompFilter { pid: session.peer().pid() }))
        } else if self.arguments[..2].iter().any(|&n| n >= session.abi().reach().addresses) {
            // A range that the target cannot have, and so has not mapped.
            Ok(Err(Errno::ENOMEM))
        } else {
            Ok(session.call(self.call, self.arguments)?)
        };
        Ok(())
    }

    fn begun(&self) -> bool {
        false
    }

    fn recheck(&mut self, _: &Session<'_>) {}

    fn start_over(&mut self) {}
}

// ---- attempts -------------------------------------------------------------

/// How one attempt, the life of one helper, ended.
enum End {
    Done,
    /// Try again: the target cannot be reached just now.
    Busy(Why),
    /// No thread to be found: exec, or the end.
    Gone,
    Refused,
    Fault(Fault),
}

/// After so many signals in the way they are masked, the last resort.
const SIGNALS_LET_PASS: u32 = 8;
const SIGNALS_AT_MOST: u32 = 32;

fn run(
    peer: &Peer,
    errand: &mut impl Errand,
    signals: &SignalsBlocked,
    timeout: Duration,
    trace: &mut Trace,
) -> Result<(), Fault> {
    let mut deadline = sys::now() + timeout;
    let mut search = Search::new(peer);
    let mut kind = Kind::Process;
    let mut layout = None;
    let mut pause = Pause::new();
    loop {
        trace.attempts += 1;
        // With something left in the target there is twice the time, and no way back.
        let last_resort = deadline + timeout;
        let times = (deadline, last_resort);
        let end = tracer::run(kind, wait::slice(trace.attempts), &mut |waiting| {
            attempt(waiting, peer, &mut search, errand, &mut layout, times, trace)
        });
        let why = match end {
            Ok(Some(End::Done)) => return Ok(()),
            // What stands in the target already is not undone by a word of refusal.
            Ok(Some(End::Fault(_))) if errand.begun() => {
                return Err(Fault::new(Errno::EAGAIN, Why::LeftBehind { pid: peer.pid() }));
            }
            Ok(Some(End::Fault(fault))) => return Err(fault),
            Ok(Some(End::Refused)) if kind == Kind::Process => {
                // Yama, perhaps: as a thread of the caller's it may be let in.
                kind = Kind::Thread;
                trace.in_thread = true;
                continue;
            }
            // In the middle of a call, by a change of its rights: as one that got out of reach.
            Ok(Some(End::Refused)) if errand.begun() => Why::OutOfReach { pid: peer.pid(), state: b'?' },
            Ok(Some(End::Refused)) => return Err(peer.refused()),
            Ok(Some(End::Gone)) if !peer.lives() => return Err(peer.gone()),
            Ok(Some(End::Gone)) => Why::OutOfReach { pid: peer.pid(), state: b'?' },
            Ok(Some(End::Busy(why))) => why,
            Ok(None) => Why::OutOfReach { pid: peer.pid(), state: state_of(peer) },
            // A seccomp filter of the caller's. The limits of processes are EAGAIN.
            Err(errno @ (Errno::EPERM | Errno::ENOSYS)) => {
                return Err(Fault::new(Errno::EPERM, Why::NoHelper { errno }));
            }
            Err(errno) => Why::NoHelper { errno },
        };
        let begun = errand.begun();
        let now = sys::now();
        if now >= if begun { last_resort } else { deadline } {
            let why = if begun { Why::LeftBehind { pid: peer.pid() } } else { why };
            return Err(Fault::new(Errno::EAGAIN, why));
        }
        if !begun {
            if signals.handler_is_due() {
                return Err(Fault::new(Errno::EINTR, Why::WaitInterrupted { pid: peer.pid() }));
            }
            // Stopped and continued, perhaps: that time does not count.
            deadline += sys::now() - now;
        }
        pause.rest();
    }
}

fn state_of(peer: &Peer) -> u8 {
    procfs::stat(peer.leader()).map_or(b'?', |s| s.state)
}

/// Pauses between attempts: 20 microseconds, doubling to a millisecond.
struct Pause(Duration);

impl Pause {
    fn new() -> Pause {
        Pause(Duration::from_micros(20))
    }

    fn rest(&mut self) {
        sys::pause_for(self.0);
        self.0 = (self.0 * 2).min(Duration::from_millis(1));
    }
}

/// One attempt, in a helper.
fn attempt(
    waiting: &Waiting,
    peer: &Peer,
    search: &mut Search,
    errand: &mut impl Errand,
    layout: &mut Option<u64>,
    (deadline, last_resort): (Duration, Duration),
    trace: &mut Trace,
) -> End {
    let pid = peer.pid();
    let mut signals = 0;
    let mut ended = 0;
    loop {
        let tid = search.thread(peer);
        let restraint = if signals < SIGNALS_LET_PASS { Restraint::None } else { Restraint::SignalsHeld };
        let begun = errand.begun();
        let until = if begun { last_resort } else { deadline };
        let mut session = match Session::take(peer, tid, waiting, restraint, until, begun) {
            Ok(session) => session,
            Err(Miss::Ended) => {
                ended += 1;
                if ended > 64 || !peer.holds() {
                    return End::Gone;
                }
                search.advance(peer);
                continue;
            }
            // Its exit waits to be collected, by our end, and perhaps an exec for that,
            // which holds what attaching to another thread takes (`de_thread`).
            Err(Miss::EndedInHand) => {
                search.advance(peer);
                return End::Gone;
            }
            Err(Miss::SignalDue) => {
                signals += 1;
                if signals > SIGNALS_AT_MOST {
                    return End::Busy(Why::Signals { pid });
                }
                continue;
            }
            Err(Miss::NoStop { state }) => {
                // Our end lets it go; never two threads at once: an exec that
                // waits for the first holds what attaching to a second takes.
                search.advance(peer);
                return End::Busy(Why::OutOfReach { pid, state });
            }
            Err(Miss::Held { tracer }) => return End::Busy(Why::HeldBy { pid, tracer }),
            Err(Miss::Refused) => return End::Refused,
            Err(Miss::Unread { errno: errno @ (Errno::EMFILE | Errno::ENFILE) }) => {
                return End::Fault(Fault::new(errno, Why::OwnTable { errno }));
            }
            Err(Miss::Unread { errno }) => return End::Fault(Fault::new(Errno::EPERM, Why::Procfs { pid, errno })),
            Err(Miss::SeccompTrap) => return End::Fault(Fault::new(Errno::EPERM, Why::Trapped { pid })),
            Err(Miss::SeccompStrict) => return End::Fault(Fault::new(Errno::EPERM, Why::SeccompStrict { pid })),
            Err(Miss::OtherAbi { wide }) => {
                return End::Fault(Fault::new(Errno::ENOTSUP, Why::OtherAbi { pid, wide }));
            }
            Err(Miss::NoInstruction) => {
                return End::Fault(Fault::says(
                    Errno::ENOTSUP,
                    "no instruction that enters the kernel was found in the target, neither in its vdso nor in its text",
                ));
            }
        };
        resumed(errand, &session, layout);
        let performed = errand.perform(&mut session);
        *layout = session.layout_when_lost();
        trace.tid = session.tid().0;
        trace.stops += session.stops();
        match performed {
            Ok(()) => return End::Done,
            Err(Lost::Signal) => {
                signals += 1;
                if signals > SIGNALS_AT_MOST {
                    return End::Busy(Why::Signals { pid });
                }
            }
            Err(Lost::Gone) => {
                // The end, or an exec: either way that address space is no more.
                errand.start_over();
                return End::Gone;
            }
            Err(Lost::Others { state }) => return End::Busy(Why::OthersRun { pid, state }),
            Err(Lost::OneTracee) => return End::Fault(Fault::new(Errno::EPERM, Why::SeveralThreads { pid })),
            Err(Lost::Frozen) => return End::Busy(Why::Frozen { pid }),
            Err(Lost::Trapped) => return End::Fault(Fault::new(Errno::EPERM, Why::Trapped { pid })),
        }
    }
}

/// An errand that was interrupted goes on, unless the program was replaced meanwhile.
fn resumed(errand: &mut impl Errand, session: &Session<'_>, layout: &Option<u64>) {
    if !errand.begun() {
        return;
    }
    if procfs::layout(session.tid()) == *layout {
        errand.recheck(session);
    } else {
        errand.start_over();
    }
}
