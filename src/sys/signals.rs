// SPDX-License-Identifier: MIT OR Apache-2.0
//! Signal masks and dispositions of the calling thread, past libc: the raw
//! calls reach the two real-time signals that libc keeps for itself, too.

use super::call;
use core::mem::size_of;
use libc::c_int;

/// A kernel signal set: 64 signals, bit n-1 for signal n.
pub(crate) type SignalSet = u64;
pub(super) const SET_SIZE: usize = size_of::<SignalSet>();

pub(crate) const fn signal_bit(signal: c_int) -> SignalSet {
    1 << (signal - 1)
}

/// rt_sigprocmask(SIG_SETMASK): the raw call, which also reaches the two
/// real-time signals that libc keeps for itself. The old mask.
pub(crate) fn set_signal_mask(mask: SignalSet) -> SignalSet {
    let mut old: SignalSet = 0;
    // SAFETY: both sets outlive the call.
    let _ = unsafe { call!(libc::SYS_rt_sigprocmask, libc::SIG_SETMASK, &raw const mask, &raw mut old, SET_SIZE) };
    old
}

fn pending_signals() -> SignalSet {
    let mut set: SignalSet = 0;
    // SAFETY: set is writable.
    let _ = unsafe { call!(libc::SYS_rt_sigpending, &raw mut set, SET_SIZE) };
    set
}

/// Whether the process has a handler of its own for the signal.
fn has_handler(signal: c_int) -> bool {
    // The kernel's struct begins with the handler on every supported processor.
    let mut action = [0usize; 8];
    // SAFETY: the kernel's struct sigaction is four words, the buffer eight.
    let asked = unsafe { call!(libc::SYS_rt_sigaction, signal, 0, action.as_mut_ptr(), SET_SIZE) };
    asked.is_ok() && action[0] != libc::SIG_DFL && action[0] != libc::SIG_IGN
}

/// Lets these signals in, and blocks all again. None but these: one of them may stop
/// the process, and what comes then is delivered as soon as it is continued
/// (`get_signal`), a handler of the program's in the midst of the call.
fn let_in(signals: SignalSet) {
    set_signal_mask(SignalSet::MAX & !signals);
    set_signal_mask(SignalSet::MAX);
}

/// All signals of the calling thread are blocked while this lives.
pub(crate) struct SignalsBlocked {
    before: SignalSet,
}

impl SignalsBlocked {
    pub fn new() -> SignalsBlocked {
        SignalsBlocked { before: set_signal_mask(SignalSet::MAX) }
    }

    /// The signals that wait for the mask to be put back.
    fn due(&self) -> SignalSet {
        pending_signals() & !self.before
    }

    /// Looks for signals that wait for the call's end. One with a handler ends
    /// a wait; the others take their course here (most of them end the process).
    pub fn handler_is_due(&self) -> bool {
        let due = self.due();
        let handled = (1..=64).any(|signal| due & signal_bit(signal) != 0 && has_handler(signal));
        if due != 0 && !handled {
            let_in(due);
        }
        handled
    }
}

impl Drop for SignalsBlocked {
    fn drop(&mut self) {
        set_signal_mask(self.before);
    }
}
