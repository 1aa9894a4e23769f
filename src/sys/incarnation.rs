// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which process this is. Its pid does not tell: a child in a pid namespace of its
//! own may have its parent's number, and so may a late descendant, while both have a
//! copy of what their forebear has written down.
//!
//! *State, and why*: a word in a page that the kernel clears in every child of fork()
//! and clone() (MADV_WIPEONFORK, Linux 4.14), whatever way it is made. Without that
//! the pid is all there is.

use super::call;
use core::sync::atomic::{AtomicU32, Ordering};

const PAGE: usize = if cfg!(any(target_arch = "x86_64", target_arch = "x86")) { 4096 } else { 65536 };

#[cfg_attr(any(target_arch = "x86_64", target_arch = "x86"), repr(C, align(4096)))]
#[cfg_attr(not(any(target_arch = "x86_64", target_arch = "x86")), repr(C, align(65536)))]
struct Page {
    stamp: AtomicU32,
    rest: [u8; PAGE - 4],
}

static WIPED: Page = Page { stamp: AtomicU32::new(0), rest: [0; PAGE - 4] };

/// The last number that was given; a child goes on from its parent's.
static GIVEN: AtomicU32 = AtomicU32::new(0);

/// When the library is loaded.
pub(crate) fn tell_children_apart() {
    // SAFETY: the page has nothing but the word, which a child is to find cleared.
    let _ = unsafe { call!(libc::SYS_madvise, &raw const WIPED, PAGE, libc::MADV_WIPEONFORK) };
}

/// A process, as none of its forebears is called: a stamp above its pid.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Incarnation(pub u64);

/// This process.
pub(crate) fn incarnation() -> Incarnation {
    let stamp = match WIPED.stamp.load(Ordering::Relaxed) {
        0 => {
            let next = GIVEN.fetch_add(1, Ordering::Relaxed) + 1;
            WIPED.stamp.compare_exchange(0, next, Ordering::Relaxed, Ordering::Relaxed).map_or_else(|had| had, |_| next)
        }
        stamp => stamp,
    };
    Incarnation(u64::from(stamp) << 32 | super::getpid() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_is_another_process() {
        tell_children_apart();
        let parent = incarnation();
        assert_eq!(parent, incarnation());
        // SAFETY: the child looks and ends.
        match unsafe { libc::fork() } {
            0 => {
                let (child, again) = (incarnation(), incarnation());
                let differs = child == again && child.0 >> 32 != parent.0 >> 32 && child.0 as u32 != parent.0 as u32;
                // SAFETY: ends the child at once.
                unsafe { libc::_exit(i32::from(!differs)) };
            }
            pid => {
                let mut status = 0;
                // SAFETY: our own child.
                assert_eq!(unsafe { libc::waitpid(pid, &raw mut status, 0) }, pid);
                assert_eq!(status, 0);
            }
        }
    }
}
