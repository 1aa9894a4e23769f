// SPDX-License-Identifier: MIT OR Apache-2.0
//! EINTR that nobody sent: whether the interrupted call of a held thread is to
//! be restarted instead.
//!
//! Most calls interrupted by a stop restart by themselves. A few answer a bare
//! EINTR to any stop (signal(7)), and programs fall over it. Restarting one is
//! exact if it has no timeout. With a timeout it waits its full length again,
//! since nobody can know when it began; a stream of calls would starve it. So
//! its interruptions are hidden for as long as its timeout, counted from the
//! first one; then one EINTR is left to it, so that its program looks at the
//! clock. The wait lasts less than three times its timeout, and an EINTR shows
//! at most once in a timeout.

use crate::arch::{Abi, InterruptedCall, SleepsIn, Timeout};
use crate::procfs;
use crate::sys::{self, Tid};
use core::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};

/// What is taken for a timeout whose length is out of sight.
const UNKNOWN_MS: u32 = 1000;

/// A run of restarts of one thread, by this process.
struct Run {
    /// Thread id above, milliseconds of the monotonic clock below: the first.
    first: AtomicU64,
    /// Milliseconds: the last.
    last: AtomicU32,
}

/// Words of their own, so that no lock is needed. Two threads on one place
/// forget each other's run, and are restarted once more than they should.
static RUNS: [Run; 64] = [const { Run { first: AtomicU64::new(0), last: AtomicU32::new(0) } }; 64];

/// A call that was restarted last, where the registers do not tell it
/// (`arch::LOOK_BEFORE_THE_STOP`): its thread may be stopped again before it
/// has come to sleep, and then cannot be seen asleep.
struct Restarted {
    tid: AtomicU32,
    /// Number, arguments, stack, instruction.
    words: [AtomicUsize; 9],
}

/// Words of their own, too. What two threads have mixed up is the call of
/// neither, or the right one: all of it is compared with the thread's registers.
static RESTARTED: [Restarted; 64] =
    [const { Restarted { tid: AtomicU32::new(0), words: [const { AtomicUsize::new(0) }; 9] } }; 64];

pub(crate) fn remember(tid: Tid, call: &SleepsIn) {
    let place = &RESTARTED[tid.0 as usize % RESTARTED.len()];
    let [a, b, c, d, e, f] = call.arguments;
    let words = [call.number as usize, a, b, c, d, e, f, call.stack, call.instruction];
    for (word, value) in place.words.iter().zip(words) {
        word.store(value, Ordering::Relaxed);
    }
    place.tid.store(tid.0 as u32, Ordering::Relaxed);
}

pub(crate) fn forget(tid: Tid) {
    let place = &RESTARTED[tid.0 as usize % RESTARTED.len()];
    let _ = place.tid.compare_exchange(tid.0 as u32, 0, Ordering::Relaxed, Ordering::Relaxed);
}

pub(crate) fn remembered(tid: Tid) -> Option<SleepsIn> {
    let place = &RESTARTED[tid.0 as usize % RESTARTED.len()];
    if place.tid.load(Ordering::Relaxed) != tid.0 as u32 {
        return None;
    }
    let [number, a, b, c, d, e, f, stack, instruction] = place.words.each_ref().map(|w| w.load(Ordering::Relaxed));
    Some(SleepsIn { number: number as i64, arguments: [a, b, c, d, e, f], stack, instruction })
}

/// Whether the call has a timeout, and so would show that its thread was
/// stopped. From its arguments alone: a pointer counts as a timeout.
pub(crate) fn would_show(timeout: Timeout, arguments: &[usize; 6]) -> bool {
    match timeout {
        Timeout::None => false,
        Timeout::Millis(i) => arguments[i] as i32 >= 0,
        Timeout::Timespec(i) | Timeout::Timespec32(i) => arguments[i] != 0,
        Timeout::IoUring => arguments[3] & IORING_ENTER_EXT_ARG != 0,
        Timeout::Elsewhere | Timeout::OfSocket => false,
    }
}

const IORING_ENTER_EXT_ARG: usize = 1 << 3;
/// The offset of `ts` in `struct io_uring_getevents_arg`.
const IO_URING_TS: usize = 16;

/// Decides for a call that was about to return EINTR. `read` reads the
/// thread's memory.
pub(crate) fn wanted(tid: Tid, abi: Abi, call: &InterruptedCall, read: impl FnMut(usize, &mut [u8]) -> bool) -> bool {
    let Some(timeout) = abi.answers_bare_eintr(call.number, &call.arguments) else { return false };
    if timeout == Timeout::OfSocket && !procfs::is_socket(tid, call.arguments[0] as i32) {
        return false;
    }
    match milliseconds(timeout, &call.arguments, read) {
        None => true,
        Some(ms) => still_hidden(tid, ms, sys::now().as_millis() as u32),
    }
}

/// The timeout's length; none if it has none.
fn milliseconds(
    timeout: Timeout,
    arguments: &[usize; 6],
    mut read: impl FnMut(usize, &mut [u8]) -> bool,
) -> Option<u32> {
    let word = if let Timeout::Timespec32(_) = timeout { 4 } else { 8 };
    let timespec = match timeout {
        Timeout::None => return None,
        Timeout::Millis(i) => return u32::try_from(arguments[i] as i32).ok(),
        Timeout::Elsewhere | Timeout::OfSocket => return Some(UNKNOWN_MS),
        Timeout::Timespec(i) | Timeout::Timespec32(i) => arguments[i],
        Timeout::IoUring if arguments[3] & IORING_ENTER_EXT_ARG == 0 => return None,
        Timeout::IoUring => {
            let mut pointer = [0; 8];
            if !read(arguments[4] + IO_URING_TS, &mut pointer) {
                return Some(UNKNOWN_MS);
            }
            u64::from_ne_bytes(pointer) as usize
        }
    };
    if timespec == 0 {
        return None;
    }
    let mut bytes = [0; 16];
    if !read(timespec, &mut bytes[..2 * word]) {
        return Some(UNKNOWN_MS);
    }
    let [seconds, nanoseconds] = [0, word].map(|at| {
        let mut value = [0; 8];
        value[..word].copy_from_slice(&bytes[at..at + word]);
        u64::from_le_bytes(value)
    });
    let ms = seconds.saturating_mul(1000).saturating_add(nanoseconds / 1_000_000);
    Some(u32::try_from(ms).unwrap_or(u32::MAX))
}

/// Whether an interruption now is still to be hidden from a wait of `ms`.
fn still_hidden(tid: Tid, ms: u32, now: u32) -> bool {
    let run = &RUNS[tid.0 as usize % RUNS.len()];
    let first = run.first.load(Ordering::Relaxed);
    let known = (first >> 32) as i32 == tid.0;
    if known && now.wrapping_sub(run.last.load(Ordering::Relaxed)) < ms {
        if now.wrapping_sub(first as u32) >= ms {
            run.first.store(0, Ordering::Relaxed);
            return false;
        }
    } else {
        run.first.store((tid.0 as u64) << 32 | u64::from(now), Ordering::Relaxed);
    }
    run.last.store(now, Ordering::Relaxed);
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[allow(clippy::unnecessary_cast)] // a number is as wide as a word
    fn call(number: libc::c_long, arguments: [usize; 6]) -> InterruptedCall {
        InterruptedCall { number: number as i64, arguments, result: -4 }
    }

    #[test]
    fn without_a_timeout_it_is_always_restarted() {
        let infinite = call(libc::SYS_epoll_pwait, [3, 0, 1, usize::MAX, 0, 0]);
        for _ in 0..3 {
            assert!(wanted(Tid(70_001), Abi::OWN, &infinite, |_, _| false));
        }
        let ring = call(libc::SYS_io_uring_enter, [0; 6]);
        assert!(wanted(Tid(70_001), Abi::OWN, &ring, |_, _| false));
    }

    #[test]
    fn with_a_timeout_it_is_hidden_for_as_long_as_that() {
        let tid = Tid(70_002);
        assert!([10_000, 10_100, 10_499].into_iter().all(|now| still_hidden(tid, 500, now)));
        // One EINTR, and the run begins anew.
        assert!(!still_hidden(tid, 500, 10_500));
        assert!(still_hidden(tid, 500, 10_501));
        // After a pause of a timeout it is another wait.
        assert!(still_hidden(tid, 500, 12_000));
        assert!(still_hidden(tid, 500, 12_300));
        // Another thread on the same place.
        assert!(still_hidden(Tid(70_002 + 64), 500, 12_301));
        // The clock's 32 bits wrap after 49 days.
        assert!(still_hidden(Tid(70_003), 500, 0xffff_ff00));
        assert!(still_hidden(Tid(70_003), 500, 0x10));
        assert!(!still_hidden(Tid(70_003), 500, 0x100));
    }

    #[test]
    fn io_uring_waits_without_end_unless_told_otherwise() {
        let arguments = [3, 0, 1, 1, 0x2000, 24];
        assert_eq!(milliseconds(Timeout::IoUring, &arguments, |_, _| false), None);
        let extended = [3, 0, 1, 1 | IORING_ENTER_EXT_ARG, 0x2000, 24];
        assert_eq!(milliseconds(Timeout::IoUring, &extended, |_, _| false), Some(UNKNOWN_MS));
        assert_eq!(milliseconds(Timeout::IoUring, &extended, |at, _| at == 0x2010), None);
    }

    #[test]
    fn a_timespec_is_read_where_the_call_has_it() {
        let mut ts = [0u8; 16];
        ts[0] = 2;
        ts[8..12].copy_from_slice(&5_000_000u32.to_ne_bytes());
        let ms = milliseconds(Timeout::Timespec(3), &[0, 0, 0, 0x1000, 0, 0], |at, into| {
            into.copy_from_slice(&ts);
            at == 0x1000
        });
        assert_eq!(ms, Some(2005));
        assert_eq!(milliseconds(Timeout::Timespec(3), &[0; 6], |_, _| false), None);
        let ms = milliseconds(Timeout::Timespec32(5), &[4, 0, 0, 0, 0, 0x1000], |_, into| {
            into.copy_from_slice(&[2, 0, 0, 0, 0x40, 0x4b, 0x4c, 0]);
            true
        });
        assert_eq!(ms, Some(2005));
    }

    #[test]
    fn a_restarted_call_is_remembered_for_its_thread() {
        let call = SleepsIn { number: 22, arguments: [1, 2, 3, 4, 5, 6], stack: 7, instruction: 8 };
        remember(Tid(70_005), &call);
        assert_eq!(remembered(Tid(70_005)), Some(call));
        assert_eq!(remembered(Tid(70_005 + 64)), None);
    }

    #[test]
    fn other_calls_keep_their_eintr() {
        assert!(!wanted(Tid(70_004), Abi::OWN, &call(libc::SYS_close, [3, 0, 0, 0, 0, 0]), |_, _| false));
    }
}
