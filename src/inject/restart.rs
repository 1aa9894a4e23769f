// SPDX-License-Identifier: MIT OR Apache-2.0
//! EINTR that nobody sent: whether the interrupted call of a held thread is to
//! be restarted instead.
//!
//! Most calls interrupted by a stop restart by themselves. A few answer a bare
//! EINTR to any stop (signal(7)), and programs fall over it. Restarting one is
//! exact if it has no timeout. With a timeout it waits its full length again,
//! since nobody can know when it began; a caller that comes again and again
//! would starve it. So a thread is restarted once within a timeout, and left
//! its EINTR after that, so that its clock goes on.

use crate::arch::{InterruptedCall, Timeout};
use crate::sys::{self, Tid};
use core::sync::atomic::{AtomicU64, Ordering};

/// What is taken for a timeout whose length is out of sight.
const UNKNOWN_MS: u64 = 1000;

/// When this process restarted a thread last: thread id above, milliseconds of
/// the monotonic clock below. One word each, so that no lock is needed; of two
/// threads on one place the older is forgotten, and restarted again.
static RESTARTED: [AtomicU64; 64] = [const { AtomicU64::new(0) }; 64];

/// Whether the call has a timeout, and so would show that its thread was
/// stopped. From its arguments alone: a pointer counts as a timeout.
pub(crate) fn would_show(timeout: Timeout, arguments: &[usize; 6]) -> bool {
    match timeout {
        Timeout::None => false,
        Timeout::Millis(i) => arguments[i] as i32 >= 0,
        Timeout::Timespec(i) => arguments[i] != 0,
        Timeout::Elsewhere => false,
    }
}

/// Decides for a call that was about to return EINTR. `read` reads the
/// thread's memory.
pub(crate) fn wanted(tid: Tid, call: &InterruptedCall, read: impl FnMut(usize, &mut [u8]) -> bool) -> bool {
    let Some(timeout) = crate::arch::answers_bare_eintr(call.number) else { return false };
    match milliseconds(timeout, &call.arguments, read) {
        None => true,
        Some(ms) => first_within(tid, ms, sys::now().as_millis() as u64),
    }
}

/// The timeout's length; none if it has none.
fn milliseconds(timeout: Timeout, arguments: &[usize; 6], mut read: impl FnMut(usize, &mut [u8]) -> bool) -> Option<u64> {
    match timeout {
        Timeout::None => None,
        Timeout::Millis(i) => u64::try_from(arguments[i] as i32).ok(),
        Timeout::Timespec(i) if arguments[i] == 0 => None,
        Timeout::Timespec(i) => {
            let mut bytes = [0; 16];
            if !read(arguments[i], &mut bytes) {
                return Some(UNKNOWN_MS);
            }
            let [s0, s1, s2, s3, s4, s5, s6, s7, n0, n1, n2, n3, n4, n5, n6, n7] = bytes;
            let seconds = u64::from_ne_bytes([s0, s1, s2, s3, s4, s5, s6, s7]);
            let nanoseconds = u64::from_ne_bytes([n0, n1, n2, n3, n4, n5, n6, n7]);
            Some(seconds.saturating_mul(1000).saturating_add(nanoseconds / 1_000_000))
        }
        Timeout::Elsewhere => Some(UNKNOWN_MS),
    }
}

/// Whether the thread has not been restarted within the last `ms`; notes the time if so.
fn first_within(tid: Tid, ms: u64, now: u64) -> bool {
    let now = now & 0xffff_ffff;
    let place = &RESTARTED[tid.0 as usize % RESTARTED.len()];
    let last = place.load(Ordering::Relaxed);
    let again = last >> 32 == tid.0 as u64 && (now.wrapping_sub(last) & 0xffff_ffff) < ms;
    if !again {
        place.store((tid.0 as u64) << 32 | now, Ordering::Relaxed);
    }
    !again
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(number: i64, arguments: [usize; 6]) -> InterruptedCall {
        InterruptedCall { number, arguments, result: -4 }
    }

    #[test]
    fn without_a_timeout_it_is_always_restarted() {
        let infinite = call(libc::SYS_epoll_wait, [3, 0, 1, usize::MAX, 0, 0]);
        for _ in 0..3 {
            assert!(wanted(Tid(70_001), &infinite, |_, _| false));
        }
        assert!(wanted(Tid(70_001), &call(libc::SYS_semop, [0; 6]), |_, _| false));
    }

    #[test]
    fn with_a_timeout_it_is_restarted_once_within_it() {
        assert!(first_within(Tid(70_002), 500, 10_000));
        assert!(!first_within(Tid(70_002), 500, 10_400));
        assert!(first_within(Tid(70_002), 500, 10_501));
        // Another thread on the same place.
        assert!(first_within(Tid(70_002 + 64), 500, 10_502));
        assert!(first_within(Tid(70_002), 500, 10_503));
        // The 32 bits of milliseconds wrap after 49 days.
        assert!(first_within(Tid(70_003), 500, 0xffff_ff00));
        assert!(!first_within(Tid(70_003), 500, 0x1_0000_0010));
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
    }

    #[test]
    fn other_calls_keep_their_eintr() {
        assert!(!wanted(Tid(70_004), &call(libc::SYS_close, [3, 0, 0, 0, 0, 0]), |_, _| false));
    }
}
