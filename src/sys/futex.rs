// SPDX-License-Identifier: MIT OR Apache-2.0
//! Waiting for a word of memory to change (futex(2)).

use super::{call, Timespec};
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

/// Wakes all who sleep on the word.
pub(crate) fn wake_all(word: &AtomicU32, scope: Scope) {
    // SAFETY: the kernel only looks the word's address up.
    let _ = unsafe { call!(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAKE | scope.flag(), i32::MAX) };
}
