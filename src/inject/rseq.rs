// SPDX-License-Identifier: MIT OR Apache-2.0
//! Restartable sequences: a thread stopped inside a critical section has lost
//! it, and goes on at its abort handler.
//!
//! The kernel sees to that when the thread goes back to user mode
//! (`rseq_ip_fixup`, kernel/rseq.c), by the address it finds then. That is the
//! borrowed one, outside of any section, so it would forget the section
//! without aborting it. Hence the saved address is moved here.

use crate::sys::{self, Tid};

/// `struct rseq_cs` (include/uapi/linux/rseq.h): version, flags, start,
/// length, abort handler.
const DESCRIPTOR: usize = 32;
/// The offset of rseq_cs, the pointer to the descriptor, in `struct rseq`.
const RSEQ_CS: usize = 8;

/// Where the thread goes on if `at` lies in its critical section.
pub(crate) fn abort_address(tid: Tid, at: usize) -> Option<usize> {
    let area = sys::rseq_area(tid)?;
    let mut pointer = [0; 8];
    sys::read_tracee(tid, area + RSEQ_CS, &mut pointer).ok()?;
    // 64 bits also in a 32-bit program, as all addresses here.
    let descriptor = u64::from_ne_bytes(pointer) as usize;
    if descriptor == 0 {
        return None;
    }
    let mut bytes = [0; DESCRIPTOR];
    sys::read_tracee(tid, descriptor, &mut bytes).ok()?;
    abort_in(&bytes, at)
}

fn abort_in(descriptor: &[u8; DESCRIPTOR], at: usize) -> Option<usize> {
    let word = |i: usize| {
        let mut word = [0; 8];
        word.copy_from_slice(&descriptor[8 * i..8 * i + 8]);
        u64::from_ne_bytes(word) as usize
    };
    let (start, length, abort) = (word(1), word(2), word(3));
    (at.wrapping_sub(start) < length).then_some(abort)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_inside_the_section_is_it_aborted() {
        let mut descriptor = [0; DESCRIPTOR];
        for (i, value) in [(1, 0x1000u64), (2, 0x10), (3, 0x2000)] {
            descriptor[8 * i..8 * i + 8].copy_from_slice(&value.to_ne_bytes());
        }
        assert_eq!(abort_in(&descriptor, 0x0fff), None);
        assert_eq!(abort_in(&descriptor, 0x1000), Some(0x2000));
        assert_eq!(abort_in(&descriptor, 0x100f), Some(0x2000));
        assert_eq!(abort_in(&descriptor, 0x1010), None);
    }
}
