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
//! resort, `Restraint::SignalsHeld`, and on the last leg of a call made in place).
//!
//! Detaching, and never PTRACE_CONT, ends a session: it sets TIF_SIGPENDING
//! (`__ptrace_unlink`), so that the kernel decides once more about restarting
//! the interrupted call, with the registers put back. PTRACE_CONT would leak
//! its internal errno (512, 514, 516) to the program.

use super::instruction::{self, Program};
use super::restart;
use super::rseq;
use super::wait::{Awaited, Patience, Stop, Waiting};
use crate::arch::{self, Abi, Arguments, InterruptedCall, Registers, SleepsIn, SystemCall, Timeout};
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
    /// Likewise, when this tracer had attached to it.
    EndedInHand,
    /// A SIGSYS is about to be delivered to it, and not of our making: it is let go for that.
    SignalDue,
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
    /// Whether it is under seccomp, or its width, cannot be read.
    Unread {
        errno: Errno,
    },
    /// A filter may be in force that traps, with SIGSYS ignored or pending: the
    /// trap would reset the program's disposition (`force_sig_info_to_task`).
    SeccompTrap,
    /// It runs a program of an ABI that this build does not reach.
    OtherAbi {
        wide: bool,
    },
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
    /// Another thread that had to stand still meanwhile could not be stopped.
    Others { state: u8 },
    /// There are other threads, and this tracer is a thread, which can hold one.
    OneTracee,
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

/// How the thread comes to enter the kernel for a call of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Entry {
    /// It is sent to the instruction, with registers of ours.
    Sent,
    /// It is about to make a call of its own by that very instruction, perhaps
    /// once more. At the entry of that call ours takes its place; afterwards
    /// the thread enters its own again (`arch::IN_PLACE`).
    InPlace,
}

pub(crate) struct Session<'a> {
    peer: &'a Peer,
    tid: Tid,
    waiting: &'a Waiting,
    attached: bool,
    /// What the thread goes on with.
    saved: Registers,
    /// What it goes on with if it takes a signal first, where that differs.
    for_a_signal: Option<Registers>,
    /// The thread's registers are not the saved ones.
    foreign: bool,
    entry: Entry,
    /// The thread has still to enter its own call, after one of ours in its place.
    own_call_due: bool,
    abi: Abi,
    instruction: usize,
    vectors: Vectors,
    only_mapping: bool,
    dispatch: Option<sys::SyscallUserDispatch>,
    mask: Option<SignalSet>,
    stops: u32,
    layout: Option<u64>,
    /// Where several threads are held: the layout that this one's registers belong to.
    program: Option<u64>,
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
        seize(tid, waiting)?;
        Session::of_seized(peer, tid, waiting, restraint, (until, begun)).map_err(|miss| match miss {
            Miss::Ended => Miss::EndedInHand,
            miss => miss,
        })
    }

    fn of_seized(
        peer: &'a Peer,
        tid: Tid,
        waiting: &'a Waiting,
        restraint: Restraint,
        (until, begun): (Duration, bool),
    ) -> Result<Session<'a>, Miss> {
        let mut session = Session {
            peer,
            tid,
            waiting,
            attached: true,
            saved: Registers::zeroed(),
            for_a_signal: None,
            foreign: false,
            entry: Entry::Sent,
            own_call_due: false,
            abi: Abi::OWN,
            instruction: 0,
            vectors: Vectors::none(),
            only_mapping: false,
            dispatch: None,
            mask: None,
            stops: 0,
            layout: None,
            program: None,
        };
        // The number may have gone to another task before we had it; now it cannot.
        if !peer.holds() || (tid != peer.leader() && !sys::thread_belongs(peer.pid(), tid)) {
            return Err(Miss::Ended);
        }
        // The stop would have to be put right by registers that do not fit ours.
        if instruction::is_too_wide(tid)? {
            return Err(Miss::OtherAbi { wide: true });
        }
        let asleep = look_before(tid);
        session.stop(until, begun)?;
        // Not before: until here the thread's own calls are made.
        let suspended = sys::suspend_seccomp(tid);
        session.saved = sys::registers(tid).map_err(|errno| match errno {
            Errno::ENOTSUP => Miss::OtherAbi { wide: false },
            _ => Miss::Ended,
        })?;
        let program = Program::of(tid, &session.saved)?;
        session.abi = program.abi;
        session.put_right(asleep.or_else(|| restart::remembered(tid)).as_ref());
        let chosen = session.choose_entry(&program, asleep.as_ref());
        // A call that has been trapped or dispatched is undone, for its SIGSYS to find
        // (`syscall_rollback`). Our stop comes before that signal (`get_signal`), which
        // could not be told afterwards from one of our making.
        let undone = session.saved.call_may_be_undone(session.instruction);
        if !suspended || undone {
            // Read here, where the thread cannot change it any more. Not
            // knowing is no ground for making a call that might kill.
            let status = procfs::status(tid).map_err(|errno| match errno {
                Errno::ESRCH | Errno::ENOENT => Miss::Ended,
                errno => Miss::Unread { errno },
            })?;
            if status.pending & !status.blocked & !status.ignored & SIGSYS != 0 {
                return Err(Miss::SignalDue);
            }
            match status.seccomp {
                _ if suspended => {}
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
        // Where /proc is closed to us, the look at seccomp has said so.
        chosen?;
        session.dispatch = sys::switch_off_user_dispatch(tid);
        if restraint == Restraint::SignalsHeld {
            session.hold_signals();
        }
        Ok(session)
    }

    /// Masks the signals that can be, until the thread is let go.
    fn hold_signals(&mut self) {
        // What the program has blocked stays so: it may be pending for another thread.
        let Some(before) = sys::signal_mask(self.tid) else { return };
        if sys::swap_signal_mask(self.tid, SignalSet::MAX & !(RAISED & !before)).is_some() {
            self.mask = self.mask.or(Some(before));
        }
    }

    fn choose_entry(&mut self, program: &Program, asleep: Option<&SleepsIn>) -> Result<(), Miss> {
        let (tid, at) = (self.tid, self.saved.user_address());
        if arch::IN_PLACE && self.for_a_signal.is_none() && instruction::is_there(tid, self.abi, at) {
            // Detaching at the entry of a call leaves TIF_SIGPENDING. A call that
            // is made anew does not mind: it restarts. One that may answer EINTR
            // and has yet to begin would; that one waits in user mode. Of those
            // only calls of sockets are made anew by the kernel.
            let seen = asleep.is_some_and(|call| call.instruction == at + self.abi.enter_kernel().len());
            let yet_to_begin = match self.abi.answers_bare_eintr(self.saved.next_call(), &[0; 6]) {
                None => false,
                Some(Timeout::Elsewhere) => !seen,
                Some(Timeout::OfSocket) => !seen && procfs::is_socket(tid, self.saved.next_argument() as i32),
                Some(_) => true,
            };
            if !yet_to_begin {
                (self.entry, self.instruction) = (Entry::InPlace, at);
                return Ok(());
            }
        }
        self.instruction = program.instruction(tid)?;
        self.vectors = Vectors::of(tid);
        Ok(())
    }

    fn stop(&mut self, until: Duration, begun: bool) -> Result<(), Miss> {
        const LATE: u32 = 3;
        let mut late = 0;
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
                    // It has stopped since, at the very end of the slice. Who lets go
                    // of it now leaves it the EINTR that this stop has made.
                    if state == b't' && late < LATE {
                        late += 1;
                        continue;
                    }
                    if !(begun || state == b'R') || sys::now() >= until {
                        return Err(Miss::NoStop { state });
                    }
                }
            }
        }
    }

    /// Mends in the saved registers what this very stop would have changed.
    fn put_right(&mut self, seen: Option<&SleepsIn>) {
        let tid = self.tid;
        match self.saved.interrupted_call(self.abi, seen) {
            Some(call) => {
                let read = |at, into: &mut [u8]| sys::read_tracee(tid, at, into).is_ok();
                if call.result != -i64::from(libc::EINTR) || !self.was_that_call(&call) {
                    return;
                }
                if restart::wanted(tid, self.abi, &call, read) {
                    if let Some(call) = seen {
                        restart::remember(tid, call);
                    }
                    (self.saved, self.for_a_signal) = self.saved.restart_unless_handled(&call);
                } else {
                    // This one the program is to see, also if it is stopped again before.
                    restart::forget(tid);
                    self.saved.forget_call();
                }
                self.foreign = true;
            }
            None => {
                if let Some(abort) = rseq::abort_address(tid, self.saved.user_address()) {
                    self.saved.set_user_address(abort);
                    self.foreign = true;
                }
            }
        }
    }

    /// Where the registers do not tell: whether it is this very call that the stop
    /// interrupted, and not another one from the same place. The kernel keeps
    /// the first argument (orig_x0), and shows it in /proc/TID/syscall as long
    /// as there is a number of a call.
    fn was_that_call(&self, call: &InterruptedCall) -> bool {
        if !arch::LOOK_BEFORE_THE_STOP {
            return true;
        }
        self.set_call_number(call.number as c_int);
        let seen = procfs::sleeps_in(self.tid);
        self.set_call_number(NO_CALL);
        seen.is_some_and(|seen| seen.arguments.first() == call.arguments.first())
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

    /// How its tracer waits.
    pub fn waiting(&self) -> &'a Waiting {
        self.waiting
    }

    /// How the target's program calls the kernel.
    pub fn abi(&self) -> Abi {
        self.abi
    }

    /// A seccomp filter is in force, under which any call but mmap and munmap
    /// may kill. SIGSYS is unblocked meanwhile, for a filter that traps.
    pub fn only_mapping(&self) -> bool {
        self.only_mapping
    }

    /// Before other threads of the process are held as well: an exec() in one of
    /// them takes the number of the first thread (`de_thread`, fs/exec.c), and what
    /// is written by that number then goes to the new program, if that thread is
    /// traced by us, too. One thread alone is let go by such an exec: ESRCH.
    pub fn keep_to_its_program(&mut self) {
        self.program = procfs::layout(self.tid);
    }

    fn has_its_program(&self) -> bool {
        self.program.is_none() || procfs::layout(self.tid) == self.program
    }

    /// How often the thread has been stopped.
    pub fn stops(&self) -> u32 {
        self.stops
    }

    /// The address space's layout when the thread was let go before its time,
    /// to tell in the next session whether it is still the same program.
    pub fn layout_when_lost(&self) -> Option<u64> {
        self.layout.or(self.program)
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

    /// Runs the thread to the entry of the borrowed call, or of its own.
    fn enter(&mut self) -> Result<(), Lost> {
        let mut slices = 0;
        self.own_call_due = false;
        self.resume();
        loop {
            match self.next_stop(Patience::Slice) {
                Awaited::Stop(Stop::Syscall) => return Ok(()),
                Awaited::Stop(Stop::Signal(signal)) => {
                    let (lost, pass_on) =
                        if self.is_of_our_making(signal) { (Lost::Trapped, 0) } else { (Lost::Signal, signal) };
                    self.layout = procfs::layout(self.tid);
                    if !self.let_go(pass_on) {
                        return Err(self.lost());
                    }
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
        if self.entry == Entry::InPlace {
            // A signal that came now would find the thread in no call at all, and
            // take no EINTR from it. It has to wait until the thread is in its own.
            self.own_call_due = true;
            self.hold_signals();
        }
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
            info.si_code > 0 && at.wrapping_sub(self.instruction) <= self.abi.enter_kernel().len()
        })
    }

    /// Whether a filter has trapped the call: by the result that this leaves or,
    /// where that could be another's, by the signal that is due.
    fn was_trapped(&self, number: usize, result: usize) -> bool {
        self.only_mapping
            && match arch::trapped_result(number) {
                Some(left) => result == left,
                None => procfs::status(self.tid).is_ok_and(|s| s.pending & SIGSYS != 0),
            }
    }

    /// Whether a signal has cut the call short, and the kernel would restart it
    /// (include/linux/errno.h). It does so by the registers, which are the thread's own again.
    fn is_to_be_made_again(&self, result: usize) -> bool {
        const RESTART_CODES: core::ops::RangeInclusive<i32> = 512..=516;
        Errno::split(self.abi.result(result)).is_err_and(|errno| RESTART_CODES.contains(&errno.0))
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
            };
            return Lost::Trapped;
        }
    }

    fn restore(&mut self) {
        if self.foreign {
            sys::set_registers(self.tid, &self.saved);
            self.set_call_number(NO_CALL);
            self.foreign = false;
        }
    }

    /// The number of the call in hand, where it is no general register. With
    /// none, what x0 holds is not taken for a restart code.
    fn set_call_number(&self, number: c_int) {
        if let Some(note) = arch::CALL_NUMBER_SET {
            sys::set_register_set(self.tid, note, &number.to_ne_bytes());
        }
    }

    /// Whether the thread, as soon as it is let go, takes a signal that would have
    /// interrupted its call: this one, or one that is pending. A tracee is told of those,
    /// too, that nobody would have been (`sig_ignored`, kernel/signal.c).
    fn takes_a_signal(&self, signal: c_int) -> bool {
        const STOPS: SignalSet = sys::signal_bit(libc::SIGSTOP)
            | sys::signal_bit(libc::SIGTSTP)
            | sys::signal_bit(libc::SIGTTIN)
            | sys::signal_bit(libc::SIGTTOU);
        let in_hand = if signal == 0 { 0 } else { sys::signal_bit(signal) };
        procfs::status(self.tid).map_or(signal != 0, |s| {
            let due = in_hand | s.pending & !self.mask.unwrap_or(s.blocked);
            due & (s.caught | STOPS & !s.ignored) != 0
        })
    }

    /// Puts everything back and detaches, passing a signal on. False if the thread
    /// has ended in our hands.
    fn let_go(&mut self, signal: c_int) -> bool {
        if !self.attached {
            return true;
        }
        if !self.has_its_program() {
            self.attached = false;
            return sys::detach(self.tid, 0);
        }
        if self.own_call_due {
            match self.enter() {
                Ok(()) => {}
                Err(lost) => return lost != Lost::Gone, // it is let go
            }
        }
        if let Some(registers) = self.for_a_signal {
            if self.takes_a_signal(signal) {
                self.saved = registers;
                self.foreign = true;
            }
        }
        self.restore();
        self.vectors.put_back(self.tid);
        if let Some(mask) = self.mask.take() {
            sys::swap_signal_mask(self.tid, mask);
        }
        if let Some(dispatch) = self.dispatch.take() {
            sys::restore_user_dispatch(self.tid, &dispatch);
        }
        self.attached = false;
        sys::detach(self.tid, signal)
    }
}

impl Hands for Session<'_> {
    type Lost = Lost;

    fn call(&mut self, call: SystemCall, arguments: Arguments) -> Result<Result<usize, Errno>, Lost> {
        if !self.attached || !self.has_its_program() {
            return Err(Lost::Gone);
        }
        let (number, arguments) = self.abi.place(call, arguments);
        match self.entry {
            Entry::Sent => {
                let run = self.saved.with_call(self.abi, self.instruction, number, arguments);
                self.foreign = true;
                self.vectors.spoiled = true;
                sys::set_registers(self.tid, &run);
                self.enter()?;
            }
            Entry::InPlace => {
                self.enter()?;
                let own = sys::registers(self.tid).map_err(|_| self.lost())?;
                self.saved = own.before_the_call();
                self.foreign = true;
                sys::set_registers(self.tid, &own.with_call_in_place(arguments));
                self.set_call_number(number as c_int);
            }
        }
        let result = self.leave()?;
        if self.was_trapped(number, result) {
            return Err(self.discard_trap());
        }
        if self.is_to_be_made_again(result) {
            self.layout = procfs::layout(self.tid);
            return Err(if self.let_go(0) { Lost::Signal } else { self.lost() });
        }
        Ok(Errno::split(self.abi.result(result)))
    }
}

impl Drop for Session<'_> {
    fn drop(&mut self) {
        self.let_go(0);
    }
}

const NO_CALL: c_int = -1;

/// The call that the thread sleeps in and would answer EINTR from, where that
/// cannot be seen when it has stopped.
fn look_before(tid: Tid) -> Option<SleepsIn> {
    if !arch::LOOK_BEFORE_THE_STOP {
        return None;
    }
    procfs::sleeps_in(tid).filter(|call| Abi::OWN.answers_bare_eintr(call.number, &call.arguments).is_some())
}

/// Attaches.
fn seize(tid: Tid, waiting: &Waiting) -> Result<(), Miss> {
    match waiting.bounded(|| sys::seize(tid)) {
        Ok(()) => return Ok(()),
        Err(Errno::ESRCH) => return Err(Miss::Ended),
        Err(_) => {}
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

/// The vector registers of a thread, as far as a system call would discard them.
struct Vectors {
    /// The note type of the set and its length.
    saved: Option<(c_int, usize)>,
    bytes: [u8; arch::VECTOR_BYTES],
    /// A call has been made.
    spoiled: bool,
}

impl Vectors {
    const fn none() -> Vectors {
        Vectors { saved: None, bytes: [0; arch::VECTOR_BYTES], spoiled: false }
    }

    fn of(tid: Tid) -> Vectors {
        /// SVE_PT_REGS_SVE: the set is more than the low 128 bits (asm/ptrace.h:
        /// size, max_size, vl, max_vl, flags).
        const FLAGS: usize = 12;
        const WHOLE: u8 = 1;
        const HEADER: usize = 16;
        let mut it = Vectors::none();
        for note in arch::VECTOR_SETS {
            let len = sys::register_set(tid, note, &mut it.bytes).unwrap_or(0);
            if len > HEADER && it.bytes.get(FLAGS).is_some_and(|flags| flags & WHOLE != 0) {
                it.saved = Some((note, len));
                break;
            }
        }
        it
    }

    fn put_back(&mut self, tid: Tid) {
        if let (Some((note, len)), true) = (self.saved, self.spoiled) {
            if let Some(bytes) = self.bytes.get(..len) {
                sys::set_register_set(tid, note, bytes);
            }
            self.spoiled = false;
        }
    }
}
