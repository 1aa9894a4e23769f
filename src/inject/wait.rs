// SPDX-License-Identifier: MIT OR Apache-2.0
//! Waiting for a tracee: its stops as an enum, its end as an answer, and time
//! that runs out. Status words and siginfo codes do not leave this file.
//!
//! Two ways, by who traces (`tracer.rs`). A helper process has children of its
//! own only, so it may block in wait4(). A helper thread shares its children
//! and their exit statuses with the application: it asks the tracee's siginfo
//! instead, and takes no status that the application may be waiting for.

use crate::errno::Errno;
use crate::procfs;
use crate::sys::{self, Spinning, Tid};
use core::cell::Cell;
use core::time::Duration;
use libc::{c_int, SIGTRAP};

/// How long an attempt may wait for a stop: a slice. One that fails lets the
/// target go. They grow, since on a busy machine a runnable thread may not come
/// to run within the first.
pub(crate) fn slice(attempt: u32) -> Duration {
    Duration::from_millis(10 << attempt.saturating_sub(1).min(3))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// PTRACE_EVENT_STOP: our interrupt, a group-stop, a freezer's trap.
    Event,
    /// Entry to or exit from a system call.
    Syscall,
    /// A signal is about to be delivered.
    Signal(c_int),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Awaited {
    Stop(Stop),
    /// It is no tracee of ours any more: it ended, or another thread's exec removed it.
    Gone,
    TimedOut,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Patience {
    /// One slice.
    Slice,
    /// Until something happens: a system call under way cannot be called off.
    Endless,
}

const PTRACE_EVENT_STOP: c_int = 128;

/// How this tracer waits, in slices of which length.
pub(crate) struct Waiting {
    pub how: How,
    pub slice: Duration,
}

pub(crate) enum How {
    /// In wait4(), after asking without blocking; `timer` says whether the one
    /// runs that ends it, `several` whether threads are held beside each other.
    Blocking { timer: Cell<bool>, several: Cell<bool>, spinning: Spinning },
    /// By asking again and again.
    Polling,
}

impl Waiting {
    /// Prepares for holding more than one thread at a time. Attaching to the
    /// next one waits for what an exec() of the target holds, and that waits until
    /// the threads that it ends are collected (`de_thread`): so from now on they
    /// are, at each tick. False where this tracer has no ticks.
    pub fn collect_the_ended(&self) -> bool {
        match &self.how {
            How::Blocking { timer, several, .. } => {
                several.set(true);
                if !timer.replace(true) {
                    sys::tick_every(self.slice);
                }
                true
            }
            How::Polling => false,
        }
    }

    /// Attaches to a first thread. That may block without end: in an exec() of the
    /// target that does not get on (`cred_guard_mutex` in `ptrace_attach`), or with a
    /// thread that was stopped before it was frozen (`JOBCTL_TRAPPING`). Nothing is held
    /// yet, so the helper may then end, with the attempt. One that is a thread of the
    /// caller's may not.
    pub fn bounded<T>(&self, attach: impl FnOnce() -> T) -> T {
        const ATTACHES: Duration = Duration::from_millis(100);
        let lone = matches!(&self.how, How::Blocking { several, .. } if !several.get());
        let _watchdog = lone.then(|| sys::Watchdog::bites_after(ATTACHES));
        attach()
    }

    /// Of those that were held beside each other none is any more.
    pub fn holds_one_again(&self) {
        if let How::Blocking { several, .. } = &self.how {
            several.set(false);
        }
    }

    pub fn next_stop(&self, tid: Tid, patience: Patience) -> Awaited {
        match &self.how {
            How::Blocking { timer, spinning, .. } => blocking(tid, patience, timer, spinning, self.slice),
            How::Polling => polling(tid, patience, self.slice),
        }
    }
}

fn blocking(tid: Tid, patience: Patience, timer: &Cell<bool>, spinning: &Spinning, slice: Duration) -> Awaited {
    const ROUNDS: u32 = 200;
    let at_once = || match sys::wait4(tid, libc::WNOHANG) {
        Ok(None) => None,
        answer => Some(answer),
    };
    let mut answer = spinning.until(ROUNDS, at_once);
    // A tick may come early in a wait, or between two: the second one is late enough.
    let mut ticks = 0;
    loop {
        if answer.is_none() && !timer.replace(true) {
            sys::tick_every(slice);
        }
        match answer.take().unwrap_or_else(|| sys::wait4(tid, 0)) {
            Ok(Some(status)) if libc::WIFSTOPPED(status) => return Awaited::Stop(decode(status)),
            Ok(Some(_)) => return Awaited::Gone,
            Ok(None) => {}
            Err(Errno::EINTR) => {
                ticks += 1;
                if patience == Patience::Slice && ticks >= 2 {
                    return Awaited::TimedOut;
                }
            }
            // ECHILD.
            Err(_) => return Awaited::Gone,
        }
    }
}

fn decode(status: c_int) -> Stop {
    let signal = libc::WSTOPSIG(status);
    if status >> 16 != 0 {
        Stop::Event
    } else if signal == SIGTRAP | 0x80 {
        Stop::Syscall
    } else {
        Stop::Signal(signal)
    }
}

fn polling(tid: Tid, patience: Patience, slice: Duration) -> Awaited {
    const BUSY_ROUNDS: u32 = 50;
    let give_up = sys::now() + slice;
    let mut round = 0;
    loop {
        if let Some((signal, code)) = sys::stop_siginfo(tid) {
            sys::take_stop(tid);
            return Awaited::Stop(match code {
                code if code == SIGTRAP | 0x80 => Stop::Syscall,
                code if code >> 8 == PTRACE_EVENT_STOP => Stop::Event,
                _ => Stop::Signal(signal),
            });
        }
        if sys::has_ended(tid) {
            return Awaited::Gone;
        }
        if sys::now() >= give_up {
            // A child of the application's, removed as tracee by another
            // thread's exec, is still a child: only the kernel's word on its
            // tracer tells.
            if patience == Patience::Slice {
                return Awaited::TimedOut;
            } else if procfs::status(tid).is_ok_and(|s| s.tracer == 0) {
                return Awaited::Gone;
            }
        }
        round += 1;
        if round < BUSY_ROUNDS {
            sys::yield_cpu();
        } else {
            sys::pause_for(Duration::from_micros(50));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stops_are_told_apart() {
        let status = |event: c_int, signal: c_int| event << 16 | signal << 8 | 0x7f;
        assert_eq!(decode(status(0, SIGTRAP | 0x80)), Stop::Syscall);
        assert_eq!(decode(status(0, SIGTRAP)), Stop::Signal(SIGTRAP));
        assert_eq!(decode(status(PTRACE_EVENT_STOP, SIGTRAP)), Stop::Event);
        assert_eq!(decode(status(PTRACE_EVENT_STOP, libc::SIGSTOP)), Stop::Event);
        assert_eq!(decode(status(0, 64)), Stop::Signal(64));
    }
}
