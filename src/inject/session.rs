// SPDX-License-Identifier: MIT OR Apache-2.0
//! One thread of the target, held: the guard of an injection.
//!
//! *Needs*: every signal blocked in the tracer, which is a helper and ends
//! after the attempt (`tracer.rs`).
//! *Promises*: the thread goes on as if nothing had happened, by whichever way
//! the session ends. Its registers are foreign only inside `call`, from just
//! before the thread enters the kernel until just after it has left.
//! *On death*: before and after `call` the tracer's death lets the thread go
//! unharmed. Inside, the thread would go on with foreign registers: that is
//! why nothing but the call happens there, and why the tracer is a process
//! that nobody signals.
//! *On error*: `Lost` says what became of the thread; it is let go already.
//! *Touches*: registers, and the memory that the call itself has mapped. No
//! code is written, no stack is used, no signal is masked (but in the last
//! resort, `Restraint::SignalsHeld`).
//!
//! Detaching, and never PTRACE_CONT, ends a session: it sets TIF_SIGPENDING
//! (`__ptrace_unlink`), so that the kernel decides once more about restarting
//! the interrupted call, with the registers put back. PTRACE_CONT would leak
//! its internal errno (512, 514, 516) to the program.

use super::restart;
use super::wait::{Awaited, Patience, Stop, Waiting};
use super::{instruction, rseq};
use crate::arch::{Abi, Arguments, Registers, SystemCall};
use crate::errno::Errno;
use crate::peer::{self, Peer, Probe};
use crate::perform::Hands;
use crate::procfs::{self, Status};
use crate::sys::{self, SignalSet, Tid};
use core::time::Duration;
use libc::c_int;

/// Why a thread could not be taken. Nothing was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Miss {
    /// The thread has ended; the process perhaps not.
    Ended,
    /// The kernel does not let us.
    Refused,
    /// Another tracer has it (0: it had gone when we looked).
    Held {
        tracer: i32,
    },
    /// It did not stop in time. It is let go when the tracer ends.
    NoStop {
        state: u8,
    },
    SeccompStrict,
    /// Whether it is under seccomp cannot be read.
    NoStatus {
        errno: Errno,
    },
    /// A filter may be in force that traps, with SIGSYS ignored or pending: the
    /// trap would reset the program's disposition (`force_sig_info_to_task`).
    SeccompTrap,
    NarrowTarget,
    /// No instruction was found to enter the kernel by.
    NoInstruction,
}

/// How a session ended before the call in hand was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lost {
    /// A signal came first; the thread took it.
    Signal,
    /// The thread is gone, by the end of its process or by an exec.
    Gone,
    /// The thread was frozen on its way.
    Frozen,
    /// The call was trapped (SIGSYS, or its instruction is gone); the trap's signal is discarded.
    Trapped,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Restraint {
    None,
    /// Signals are masked while the thread is held, but those that its own
    /// instructions raise. The mask would outlive a dead tracer.
    SignalsHeld,
}

pub(crate) struct Session<'a> {
    peer: &'a Peer,
    tid: Tid,
    waiting: &'a Waiting,
    attached: bool,
    saved: Registers,
    /// The thread's registers are not the saved ones.
    foreign: bool,
    instruction: usize,
    only_mapping: bool,
    dispatch: Option<sys::SyscallUserDispatch>,
    mask: Option<SignalSet>,
    stops: u32,
    layout: Option<u64>,
}

const SIGSYS: SignalSet = sys::signal_bit(libc::SIGSYS);

/// Signals that an instruction raises; masking one that is forced would reset its handler.
const RAISED: SignalSet = sys::signal_bit(libc::SIGTRAP)
    | sys::signal_bit(libc::SIGSEGV)
    | sys::signal_bit(libc::SIGBUS)
    | sys::signal_bit(libc::SIGILL)
    | sys::signal_bit(libc::SIGFPE)
    | sys::signal_bit(libc::SIGSYS);

impl<'a> Session<'a> {
    /// Stops the thread and makes every check that can fail.
    ///
    /// `until`: so long a thread is waited for that waits for a processor
    /// itself. With `begun`, something of the call stands in the target already,
    /// and it is waited for whatever keeps it: if the caller has died
    /// meanwhile, nobody would come again.
    pub fn take(
        peer: &'a Peer,
        tid: Tid,
        waiting: &'a Waiting,
        restraint: Restraint,
        until: Duration,
        begun: bool,
    ) -> Result<Session<'a>, Miss> {
        let suspended = seize(tid)?;
        let mut session = Session {
            peer,
            tid,
            waiting,
            attached: true,
            saved: Registers::zeroed(),
            foreign: false,
            instruction: 0,
            only_mapping: false,
            dispatch: None,
            mask: None,
            stops: 0,
            layout: None,
        };
        // The number may have gone to another task before we had it; now it cannot.
        if !peer.holds() || (tid != peer.leader() && !sys::thread_belongs(peer.pid(), tid)) {
            return Err(Miss::Ended);
        }
        session.stop(until, begun)?;
        session.saved = sys::registers(tid).map_err(|_| Miss::Ended)?;
        session.put_right();
        if !suspended {
            // Read here, where the thread cannot change it any more. Not
            // knowing is no ground for making a call that might kill.
            let status = procfs::status(tid).map_err(|errno| match errno {
                Errno::ESRCH | Errno::ENOENT => Miss::Ended,
                errno => Miss::NoStatus { errno },
            })?;
            match status.seccomp {
                0 => {}
                1 => return Err(Miss::SeccompStrict),
                _ if (status.ignored | status.pending) & SIGSYS != 0 => return Err(Miss::SeccompTrap),
                _ => session.only_mapping = true,
            }
            let blocked = status.blocked & SIGSYS != 0;
            if session.only_mapping && blocked {
                session.mask = sys::swap_signal_mask(tid, status.blocked & !SIGSYS);
            }
        }
        session.instruction = instruction::find(tid, &session.saved)?;
        session.dispatch = sys::switch_off_user_dispatch(tid);
        if restraint == Restraint::SignalsHeld {
            let before = sys::swap_signal_mask(tid, SignalSet::MAX & !RAISED);
            session.mask = session.mask.or(before);
        }
        Ok(session)
    }

    fn stop(&mut self, until: Duration, begun: bool) -> Result<(), Miss> {
        sys::interrupt(self.tid).map_err(|_| Miss::Ended)?;
        loop {
            match self.next_stop(Patience::Slice) {
                Awaited::Stop(Stop::Event) => return Ok(()),
                // On its way already: it is passed on. Any stop clears the pending
                // interrupt (`ptrace_stop`, kernel/signal.c), so that is asked for again.
                Awaited::Stop(Stop::Signal(signal)) => {
                    sys::interrupt(self.tid).map_err(|_| Miss::Ended)?;
                    sys::resume(libc::PTRACE_CONT, self.tid, signal);
                }
                Awaited::Stop(Stop::Syscall) => {
                    sys::interrupt(self.tid).map_err(|_| Miss::Ended)?;
                    sys::resume(libc::PTRACE_CONT, self.tid, 0);
                }
                Awaited::Gone => {
                    self.attached = false;
                    return Err(Miss::Ended);
                }
                Awaited::TimedOut => {
                    let state = self.state();
                    if !(begun || state == b'R') || sys::now() >= until {
                        return Err(Miss::NoStop { state });
                    }
                }
            }
        }
    }

    /// Mends in the saved registers what this very stop would have changed.
    fn put_right(&mut self) {
        let tid = self.tid;
        match self.saved.interrupted_call() {
            Some(call) => {
                let read = |at, into: &mut [u8]| sys::read_tracee(tid, at, into).is_ok();
                if call.result == -i64::from(libc::EINTR) && restart::wanted(tid, &call, read) {
                    self.saved.restart_unless_handled();
                    self.foreign = true;
                }
            }
            None => {
                if let Some(abort) = rseq::abort_address(tid, self.saved.user_address()) {
                    self.saved.set_user_address(abort);
                    self.foreign = true;
                }
            }
        }
    }

    fn state(&self) -> u8 {
        procfs::stat(self.tid).map_or(b'?', |s| s.state)
    }

    pub fn tid(&self) -> Tid {
        self.tid
    }

    pub fn peer(&self) -> &'a Peer {
        self.peer
    }

    /// A seccomp filter is in force, under which any call but mmap and munmap
    /// may kill. SIGSYS is unblocked meanwhile, for a filter that traps.
    pub fn only_mapping(&self) -> bool {
        self.only_mapping
    }

    /// How often the thread has been stopped.
    pub fn stops(&self) -> u32 {
        self.stops
    }

    /// The address space's layout when the thread was let go before its time,
    /// to tell in the next session whether it is still the same program.
    pub fn layout_when_lost(&self) -> Option<u64> {
        self.layout
    }

    /// Reads memory that the call has mapped in the target.
    pub fn read(&self, address: usize, into: &mut [u8]) -> Result<(), Errno> {
        sys::read_tracee(self.tid, address, into)
    }

    /// Writes memory that the call has mapped in the target.
    pub fn write(&self, address: usize, bytes: &[u8]) -> Result<(), Errno> {
        sys::write_tracee(self.tid, address, bytes)
    }

    fn next_stop(&mut self, patience: Patience) -> Awaited {
        let awaited = self.waiting.next_stop(self.tid, patience);
        if let Awaited::Stop(_) = awaited {
            self.stops += 1;
        }
        awaited
    }

    fn resume(&self) {
        sys::resume(libc::PTRACE_SYSCALL, self.tid, 0);
    }

    /// Runs the thread to the entry of the borrowed call.
    fn enter(&mut self) -> Result<(), Lost> {
        let mut slices = 0;
        self.resume();
        loop {
            match self.next_stop(Patience::Slice) {
                Awaited::Stop(Stop::Syscall) => return Ok(()),
                Awaited::Stop(Stop::Signal(signal)) => {
                    let (lost, pass_on) =
                        if self.is_of_our_making(signal) { (Lost::Trapped, 0) } else { (Lost::Signal, signal) };
                    self.layout = procfs::layout(self.tid);
                    self.let_go(pass_on);
                    return Err(lost);
                }
                Awaited::Stop(Stop::Event) if slices > 0 => {
                    // Interrupted, because it froze.
                    self.layout = procfs::layout(self.tid);
                    self.let_go(0);
                    return Err(Lost::Frozen);
                }
                // A group-stop or the freezer; the latter takes it again at once.
                Awaited::Stop(Stop::Event) => self.resume(),
                Awaited::Gone => return Err(self.lost()),
                // It waits for a processor.
                Awaited::TimedOut if slices == 0 && self.state() == b'R' => {}
                Awaited::TimedOut => {
                    // Only a freezer keeps a thread from an instruction that
                    // long. With its registers in our hands there is no giving up.
                    slices += 1;
                    let _ = sys::interrupt(self.tid);
                }
            }
        }
    }

    /// Runs the thread through the call; its result.
    fn leave(&mut self) -> Result<usize, Lost> {
        self.resume();
        loop {
            match self.next_stop(Patience::Endless) {
                Awaited::Stop(Stop::Syscall) => break,
                Awaited::Stop(_) => self.resume(),
                Awaited::Gone | Awaited::TimedOut => return Err(self.lost()),
            }
        }
        let result = sys::registers(self.tid).map(|r| r.result()).map_err(|_| self.lost());
        self.restore();
        result
    }

    /// The exec of another thread, or the end of the process.
    fn lost(&mut self) -> Lost {
        self.attached = false;
        Lost::Gone
    }

    /// The thread executes nothing but the borrowed instruction; a signal that
    /// this raised must not reach the program.
    fn is_of_our_making(&self, signal: c_int) -> bool {
        if RAISED & sys::signal_bit(signal) == 0 {
            return false;
        }
        // The address in the siginfo is the faulting one, for SIGSYS that behind the call.
        sys::siginfo(self.tid).is_some_and(|info| {
            // SAFETY: for the signals in RAISED the kernel fills the address;
            // for a forged one the field is merely other bytes.
            let at = unsafe { info.si_addr() } as usize;
            info.si_code > 0 && at.wrapping_sub(self.instruction) <= crate::arch::ENTER_KERNEL.len()
        })
    }

    /// A filter that traps leaves the call's number as its result.
    fn was_trapped(&self, number: usize, result: usize) -> bool {
        self.only_mapping && result == number
    }

    /// Discards the SIGSYS that is due before the next instruction. It is
    /// waited for without end, also past a group-stop or a freezer: let go
    /// before it has come, the thread would get it.
    fn discard_trap(&mut self) -> Lost {
        loop {
            self.resume();
            match self.next_stop(Patience::Endless) {
                Awaited::Stop(Stop::Signal(libc::SIGSYS)) => self.let_go(0),
                Awaited::Stop(Stop::Signal(signal)) => self.let_go(signal),
                Awaited::Stop(_) => continue,
                Awaited::Gone | Awaited::TimedOut => return self.lost(),
            }
            return Lost::Trapped;
        }
    }

    fn restore(&mut self) {
        if self.foreign {
            sys::set_registers(self.tid, &self.saved);
            self.foreign = false;
        }
    }

    /// Puts everything back and detaches, passing a signal on.
    fn let_go(&mut self, signal: c_int) {
        if !self.attached {
            return;
        }
        self.restore();
        if let Some(mask) = self.mask.take() {
            sys::swap_signal_mask(self.tid, mask);
        }
        if let Some(dispatch) = self.dispatch.take() {
            sys::restore_user_dispatch(self.tid, &dispatch);
        }
        self.attached = false;
        sys::detach(self.tid, signal);
    }
}

impl Hands for Session<'_> {
    type Lost = Lost;

    fn call(&mut self, call: SystemCall, arguments: Arguments) -> Result<Result<usize, Errno>, Lost> {
        if !self.attached {
            return Err(Lost::Gone);
        }
        let (number, arguments) = Abi::OWN.place(call, arguments);
        let run = self.saved.with_call(self.instruction, number, arguments);
        self.foreign = true;
        sys::set_registers(self.tid, &run);
        self.enter()?;
        let result = self.leave()?;
        if self.was_trapped(number, result) {
            return Err(self.discard_trap());
        }
        Ok(Errno::split(result))
    }
}

impl Drop for Session<'_> {
    fn drop(&mut self) {
        self.let_go(0);
    }
}

/// Attaches; whether seccomp is suspended for the thread meanwhile, which
/// takes CAP_SYS_ADMIN (`check_ptrace_options`).
fn seize(tid: Tid) -> Result<bool, Miss> {
    for suspend in [true, false] {
        match sys::seize(tid, suspend) {
            Ok(()) => return Ok(suspend),
            Err(Errno::ESRCH) => return Err(Miss::Ended),
            Err(_) => {}
        }
    }
    // EPERM means four things (`ptrace_attach`).
    let Status { tracer, .. } = match procfs::status(tid) {
        Ok(status) if status.ended() => return Err(Miss::Ended),
        Ok(status) => status,
        Err(_) => Status::default(),
    };
    if tracer != 0 {
        return Err(Miss::Held { tracer });
    }
    Err(match peer::probe(tid) {
        Probe::Refused => Miss::Refused,
        Probe::Allowed if sys::tracing_is_filtered() => Miss::Refused,
        Probe::Allowed => Miss::Held { tracer: 0 },
        Probe::NoMemory if procfs::stat(tid).is_ok_and(|s| s.kernel_thread()) => Miss::Refused,
        Probe::NoMemory => Miss::Ended,
    })
}
