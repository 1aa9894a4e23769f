// SPDX-License-Identifier: MIT OR Apache-2.0
//! Waiting for a word of memory to change (futex(2)).

use super::{call, Timespec};
use crate::errno::Errno;
use core::sync::atomic::AtomicU32;
use core::time::Duration;

/// Within the process, or in memory that processes share.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Scope {
    Process,
    Shared,
}

impl Scope {
    fn flag(self) -> i32 {
        match self {
            Scope::Process => libc::FUTEX_PRIVATE_FLAG,
            Scope::Shared => 0,
        }
    }
}

/// Sleeps while the word has that value, for so long at most. It may return
/// for no reason: the word is to be looked at again.
pub(crate) fn wait_while(word: &AtomicU32, value: u32, scope: Scope, patience: Option<Duration>) {
    let time = patience.map(|t| Timespec { seconds: t.as_secs() as _, nanoseconds: t.subsec_nanos() as _ });
    let time = time.as_ref().map_or(core::ptr::null(), |t| &raw const *t);
    // SAFETY: the word and the time outlive the call.
    let _ = unsafe { call!(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAIT | scope.flag(), value, time) };
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Wake {
    One,
    All,
}

/// Wakes who sleeps on the word.
pub(crate) fn wake(word: &AtomicU32, scope: Scope, whom: Wake) {
    let count = if whom == Wake::One { 1 } else { i32::MAX };
    // SAFETY: the kernel only looks the word's address up.
    let _ = unsafe { call!(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAKE | scope.flag(), count) };
}

/// So many words can be waited for at once (FUTEX_WAITV_MAX is 128).
pub(crate) const WORDS_AT_ONCE: usize = 64;

/// Sleeps while each of the shared words has the value beside it, until that
/// time of the clock (futex_waitv(2), since Linux 5.16). It may return for no
/// reason. ENOSYS: an older kernel.
pub(crate) fn wait_while_all<'w>(
    words: impl Iterator<Item = (&'w AtomicU32, u32)>,
    until: Duration,
) -> Result<(), Errno> {
    #[derive(Clone, Copy)]
    #[repr(C)]
    struct Waiter {
        value: u64,
        address: u64,
        flags: u32,
        reserved: u32,
    }
    const SYS_FUTEX_WAITV: libc::c_long = 449;
    const FUTEX_32: u32 = 2;
    let mut waiters = [Waiter { value: 0, address: 0, flags: FUTEX_32, reserved: 0 }; WORDS_AT_ONCE];
    let mut count = 0;
    for (waiter, (word, value)) in waiters.iter_mut().zip(words) {
        (waiter.value, waiter.address) = (u64::from(value), word.as_ptr() as u64);
        count += 1;
    }
    // struct __kernel_timespec: 64 bits each, everywhere.
    let time = [until.as_secs(), u64::from(until.subsec_nanos())];
    // SAFETY: the waiters, their words and the time outlive the call.
    let woken = unsafe { call!(SYS_FUTEX_WAITV, waiters.as_ptr(), count, 0, time.as_ptr(), libc::CLOCK_MONOTONIC) };
    match woken {
        Err(Errno::ENOSYS) => Err(Errno::ENOSYS),
        _ => Ok(()),
    }
}

/// Whether the kernel has it.
pub(crate) fn can_wait_for_several() -> bool {
    // Of no words: EINVAL.
    wait_while_all(core::iter::empty(), Duration::ZERO).is_ok()
}
