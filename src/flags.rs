// SPDX-License-Identifier: MIT OR Apache-2.0
//! QNX's protections and flags, and what each becomes on Linux, as tables that
//! can be read beside the manual (QNX 7.1 reference, mmap()).
//!
//! The values are those of `<sys/mman_peer.h>`; none collides with a flag of
//! Linux. Nothing here knows a request or a process.

use libc::c_int;

pub(crate) const NOFD: c_int = -1;

pub(crate) const PROT_NOCACHE: c_int = 0x0000_0800;
pub(crate) const MAP_SYSRAM: c_int = 0x0000_0004;
pub(crate) const MAP_BELOW16M: c_int = 0x0000_0200;
pub(crate) const MAP_NOX64K: c_int = 0x0000_0400;
pub(crate) const MAP_PHYS: c_int = 0x0020_0000;
pub(crate) const MAP_LAZY: c_int = 0x0040_0000;
pub(crate) const MAP_BELOW: c_int = 0x0080_0000;
pub(crate) const MAP_NOINHERIT: c_int = 0x0100_0000;
pub(crate) const MAP_HANDLE: c_int = 0x0200_0000;

/// The flags that Linux has never heard of.
pub(crate) const QNX_ONLY: c_int =
    MAP_BELOW16M | MAP_NOX64K | MAP_PHYS | MAP_LAZY | MAP_BELOW | MAP_NOINHERIT | MAP_HANDLE;

/// The sharing type: MAP_SHARED, MAP_PRIVATE, and values that are neither.
pub(crate) const MAP_TYPE: c_int = 0x0f;
/// The size of a huge page as a power of two (MAP_HUGE_2MB ...), with MAP_HUGETLB.
pub(crate) const HUGE_PAGE_SIZE: c_int = 0xfc00_0000u32 as c_int;

/// The size that those bits name; none for the default one.
pub(crate) fn huge_page_size(flags: c_int) -> Option<usize> {
    let shift = flags as u32 >> libc::MAP_HUGE_SHIFT;
    1usize.checked_shl(shift).filter(|_| shift != 0)
}
/// PROT_SEM, which the kernel accepts and ignores (include/uapi/asm-generic/mman-common.h).
pub(crate) const PROT_SEM: c_int = 0x8;

#[cfg(target_arch = "aarch64")]
const PROT_OF_THE_PROCESSOR: c_int = 0x10 | 0x20; // PROT_BTI, PROT_MTE
#[cfg(not(target_arch = "aarch64"))]
const PROT_OF_THE_PROCESSOR: c_int = 0;

/// All protections that a request may carry.
pub(crate) const PROTECTIONS: c_int =
    libc::PROT_READ | libc::PROT_WRITE | libc::PROT_EXEC | PROT_NOCACHE | PROT_SEM | PROT_OF_THE_PROCESSOR;

#[cfg(any(target_arch = "x86_64", target_arch = "x86"))]
const FLAGS_OF_THE_PROCESSOR: c_int = libc::MAP_32BIT | 0x80; // MAP_ABOVE4G, since Linux 6.6
#[cfg(not(any(target_arch = "x86_64", target_arch = "x86")))]
const FLAGS_OF_THE_PROCESSOR: c_int = 0;

/// Linux's own flags, passed on.
pub(crate) const LINUX: c_int = MAP_TYPE
    | libc::MAP_FIXED
    | libc::MAP_ANONYMOUS
    | libc::MAP_GROWSDOWN
    | libc::MAP_DENYWRITE
    | libc::MAP_EXECUTABLE
    | libc::MAP_LOCKED
    | libc::MAP_NORESERVE
    | libc::MAP_POPULATE
    | libc::MAP_NONBLOCK
    | libc::MAP_STACK
    | libc::MAP_HUGETLB
    | libc::MAP_SYNC
    | libc::MAP_FIXED_NOREPLACE
    | FLAGS_OF_THE_PROCESSOR;

/// What the flags become in the mmap() of Linux, less those that take effect
/// after it (MAP_LOCKED, MAP_POPULATE) or are obeyed in another way.
pub(crate) fn for_linux(flags: c_int) -> c_int {
    let mut linux = flags & (LINUX | if flags & libc::MAP_HUGETLB != 0 { HUGE_PAGE_SIZE } else { 0 });
    linux &= !(libc::MAP_LOCKED | libc::MAP_POPULATE | libc::MAP_NONBLOCK);
    if flags & MAP_LAZY != 0 {
        linux |= libc::MAP_NORESERVE;
    }
    linux
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_value_of_ours_is_a_flag_of_linux() {
        assert_eq!(QNX_ONLY & (LINUX | HUGE_PAGE_SIZE), 0);
        assert_eq!(MAP_SYSRAM & (libc::MAP_SHARED | libc::MAP_PRIVATE), 0);
        assert_eq!(PROT_NOCACHE & (PROTECTIONS & !PROT_NOCACHE), 0);
    }

    #[test]
    fn the_committed_header_has_the_same_values() {
        let header = include_str!("../include/sys/mman_peer.h");
        for (name, value) in [
            ("PROT_NOCACHE", PROT_NOCACHE),
            ("MAP_SYSRAM", MAP_SYSRAM),
            ("MAP_BELOW16M", MAP_BELOW16M),
            ("MAP_NOX64K", MAP_NOX64K),
            ("MAP_PHYS", MAP_PHYS),
            ("MAP_LAZY", MAP_LAZY),
            ("MAP_BELOW", MAP_BELOW),
            ("MAP_NOINHERIT", MAP_NOINHERIT),
            ("MAP_HANDLE", MAP_HANDLE),
        ] {
            let line = header
                .lines()
                .map(|l| l.trim_start_matches('#').trim_start())
                .find(|l| l.starts_with("define ") && l.split_whitespace().nth(1) == Some(name));
            let text = line.and_then(|l| l.split_whitespace().nth(2)).expect(name);
            let digits = text.trim_start_matches('(').trim_end_matches(')').trim_start_matches("0x");
            assert_eq!(c_int::from_str_radix(digits, 16), Ok(value), "{name}");
        }
    }

    #[test]
    fn lazy_is_noreserve_and_populating_waits() {
        let f = for_linux(libc::MAP_PRIVATE | MAP_LAZY | MAP_BELOW | libc::MAP_POPULATE | libc::MAP_LOCKED);
        assert_eq!(f, libc::MAP_PRIVATE | libc::MAP_NORESERVE);
    }
}
