// SPDX-License-Identifier: MIT OR Apache-2.0
//! Clock, pauses, and the timer that ends a helper's waits.

use super::call;
use super::signals::{set_signal_mask, signal_bit, SignalSet};
use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicU32, Ordering};
use core::time::Duration;
use libc::{c_int, c_long};

/// The timespec of the calls that have always been there, whatever libc makes
/// of its own: two words.
#[repr(C)]
pub(crate) struct Timespec {
    pub seconds: c_long,
    pub nanoseconds: c_long,
}

/// CLOCK_MONOTONIC.
pub(crate) fn now() -> Duration {
    let mut t = MaybeUninit::<libc::timespec>::zeroed();
    // SAFETY: t is writable; clock_gettime is async-signal-safe (POSIX) and no cancellation point.
    let t = unsafe {
        libc::clock_gettime(libc::CLOCK_MONOTONIC, t.as_mut_ptr());
        t.assume_init()
    };
    Duration::new(t.tv_sec as u64, t.tv_nsec as u32)
}

/// Sleeps once; a signal may end it early.
pub(crate) fn pause_for(time: Duration) {
    let t = Timespec { seconds: time.as_secs() as _, nanoseconds: time.subsec_nanos() as _ };
    // SAFETY: t outlives the call; no remaining time is asked for.
    let _ = unsafe { call!(libc::SYS_nanosleep, &raw const t, 0) };
}

pub(crate) fn yield_cpu() {
    // SAFETY: no arguments.
    let _ = unsafe { call!(libc::SYS_sched_yield) };
}

/// From now on a blocking call of this process returns EINTR at each tick, or is
/// begun anew by the kernel; children and tracees that have ended are collected.
/// Only for a process whose handlers and timers are its own: a helper.
pub(crate) fn tick_every(interval: Duration) {
    extern "C" fn collect(_: c_int) {
        super::process::collect_the_ended();
    }
    // SAFETY: sigaction with a handler that makes raw calls only, and a full mask; libc adds the
    // return trampoline, takes no lock (but for SIGABRT), and no SA_RESTART is
    // what makes the call return. The timer's structure outlives its call.
    unsafe {
        let mut action: libc::sigaction = core::mem::zeroed();
        action.sa_sigaction = collect as extern "C" fn(c_int) as usize;
        libc::sigfillset(&raw mut action.sa_mask);
        libc::sigaction(libc::SIGALRM, &raw const action, core::ptr::null_mut());
        set_signal_mask(SignalSet::MAX & !signal_bit(libc::SIGALRM));
        // struct itimerval: interval and value, each seconds and microseconds.
        let time = interval.subsec_micros() as c_long;
        let every: [c_long; 4] = [0, time, 0, time];
        let _ = call!(libc::SYS_setitimer, libc::ITIMER_REAL, &raw const every, 0);
    }
}

/// Ends the calling process by SIGKILL after that time, unless it is dropped before:
/// for a wait that nothing else ends. Only for a process that nothing depends on. Without
/// a timer to be had (RLIMIT_SIGPENDING, a filter) it does nothing.
pub(crate) struct Watchdog {
    timer: Option<c_int>,
}

impl Watchdog {
    pub fn bites_after(time: Duration) -> Watchdog {
        // SAFETY: plain words; the kernel reads the value, the signal and SIGEV_SIGNAL, which is 0.
        let mut event: libc::sigevent = unsafe { core::mem::zeroed() };
        event.sigev_signo = libc::SIGKILL;
        let mut timer: c_int = 0;
        // SAFETY: both outlive the call.
        let made =
            unsafe { call!(libc::SYS_timer_create, libc::CLOCK_MONOTONIC, &raw const event, &raw mut timer) }.is_ok();
        if !made {
            return Watchdog { timer: None };
        }
        let none = Timespec { seconds: 0, nanoseconds: 0 };
        let once = [none, Timespec { seconds: time.as_secs() as _, nanoseconds: time.subsec_nanos() as _ }];
        // SAFETY: struct itimerspec, interval and value, outlives the call.
        let _ = unsafe { call!(libc::SYS_timer_settime, timer, 0, once.as_ptr(), 0) };
        Watchdog { timer: Some(timer) }
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        if let Some(timer) = self.timer {
            let never = [const { Timespec { seconds: 0, nanoseconds: 0 } }; 2];
            // SAFETY: a timer of ours; the structure outlives the call.
            let off = unsafe {
                call!(libc::SYS_timer_delete, timer).is_ok()
                    || call!(libc::SYS_timer_settime, timer, 0, never.as_ptr(), 0).is_ok()
            };
            if !off {
                // A filter forbids that. Better now than in the middle of something.
                // SAFETY: ends this process.
                let _ = unsafe { call!(libc::SYS_exit_group, 0) };
            }
        }
    }
}

/// Asking again before blocking. To be woken on an idle processor, or to wake
/// somebody there, takes some tens of microseconds, much of all that a call
/// takes; a processor that is kept from idling answers at once. Each round gives
/// it to whoever wants it.
///
/// If that is somebody who keeps it, then no processor is idle, and a round
/// would cost a whole slice of some milliseconds. So one long round ends this
/// for the next thousand waits of the process: the one state kept, a hint that
/// may be wrong and is never waited for.
pub(crate) struct Spinning {
    worthwhile: bool,
}

static HOLD_OFF: AtomicU32 = AtomicU32::new(0);

impl Spinning {
    /// With one processor only there is nobody to wait for.
    pub fn on(processors: u32) -> Spinning {
        Spinning { worthwhile: processors > 1 }
    }

    /// Asks up to `rounds` times, where that is worthwhile.
    pub fn until<T>(&self, rounds: u32, mut ask: impl FnMut() -> Option<T>) -> Option<T> {
        const KEPT_BY_ANOTHER: Duration = Duration::from_micros(400);
        const WAITS: u32 = 1000;
        if !self.worthwhile {
            return None;
        }
        let held_off = HOLD_OFF.load(Ordering::Relaxed);
        if held_off > 0 {
            HOLD_OFF.store(held_off - 1, Ordering::Relaxed);
            return None;
        }
        let mut before = now();
        for _ in 0..rounds {
            if let Some(answer) = ask() {
                return Some(answer);
            }
            yield_cpu();
            let after = now();
            if after - before > KEPT_BY_ANOTHER {
                HOLD_OFF.store(WAITS, Ordering::Relaxed);
                return None;
            }
            before = after;
        }
        None
    }
}
