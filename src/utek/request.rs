// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is wanted of UTek's mmap(2): its constants, and the arguments checked as
//! far as they alone can tell. Pure code.

use crate::errno::Errno;
use crate::fault::Fault;
use crate::regions::{READS, WRITES};
use libc::c_int;

pub(crate) const M_SELF: i32 = -1001;
pub(crate) const M_PHYS: i32 = -1002;
pub(crate) const M_ZFILL: i32 = -1003;
pub(crate) const M_NFILL: i32 = -1004;
pub(crate) const M_VMEEXT: i32 = -1005;
pub(crate) const M_VMESTD: i32 = -1006;
pub(crate) const M_VMESHORT: i32 = -1007;

/// The arguments of utek_mmap(), as they came.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request {
    pub pid: i32,
    pub from: usize,
    pub to: usize,
    pub len: usize,
    pub prot: u32,
    pub share: bool,
}

/// What the caller's pages become a view of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Own,
    /// To be found; what is no pid of a process is nobody's.
    Process(i32),
    Physical,
    Zeros,
    Vme(Space),
}

/// A VME address space: its number in the kernel's driver, and how many
/// address lines it has (drivers/staging/vme_user/vme.h).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Space {
    pub number: u32,
    pub lines: u32,
}

/// The protection of a mapping: the ten bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Protection(pub u32);

const SELF: u32 = 0x003;

impl Protection {
    /// The caller's own access, in terms of Linux.
    pub fn own_access(self) -> c_int {
        let read = if self.0 & SELF & READS != 0 { libc::PROT_READ } else { 0 };
        let write = if self.0 & SELF & WRITES != 0 { libc::PROT_WRITE } else { 0 };
        read | write
    }

    /// Whether anybody beside the process itself is meant.
    pub fn admits_others(self) -> bool {
        self.0 & !SELF != 0
    }

    /// What has to be granted by the source: nobody passes on more than it got.
    pub fn needs(self, share: bool) -> Needs {
        Needs { read: !share || self.0 & READS != 0, write: share && self.0 & WRITES != 0 }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Needs {
    pub read: bool,
    pub write: bool,
}

fn invalid(sentence: &'static str) -> Fault {
    Fault::says(Errno::EINVAL, sentence)
}

fn out_of_range(sentence: &'static str) -> Fault {
    Fault::says(Errno::EMRANGE, sentence)
}

impl Request {
    pub fn protection(&self) -> Protection {
        Protection(self.prot)
    }

    /// An area mapped to itself: its protection changes.
    pub fn in_place(&self, own_pid: i32) -> bool {
        self.source(own_pid) == Source::Own && self.from == self.to
    }

    pub fn source(&self, own_pid: i32) -> Source {
        match self.pid {
            M_SELF => Source::Own,
            M_PHYS => Source::Physical,
            M_ZFILL | M_NFILL => Source::Zeros,
            M_VMEEXT => Source::Vme(Space { number: 4, lines: 32 }),
            M_VMESTD => Source::Vme(Space { number: 2, lines: 24 }),
            M_VMESHORT => Source::Vme(Space { number: 1, lines: 16 }),
            pid if pid == own_pid => Source::Own,
            pid => Source::Process(pid),
        }
    }

    /// The first two steps: EINVAL, and EMRANGE of the range at toaddr or of a VME range.
    pub fn check(&self, own_pid: i32, page: usize, lowest: usize, end: usize) -> Result<(), Fault> {
        let source = self.source(own_pid);
        let whole = |n: usize| n % page == 0;
        if !whole(self.to) {
            return Err(invalid("toaddr is not on a page boundary: see getpagesize(2)"));
        }
        if source != Source::Zeros && !whole(self.from) {
            return Err(invalid("fromaddr is not on a page boundary: see getpagesize(2)"));
        }
        if self.len == 0 || !whole(self.len) {
            return Err(invalid("len is not a positive multiple of the page size: see getpagesize(2)"));
        }
        if !matches!(source, Source::Vme(_)) && self.prot & !(READS | WRITES) != 0 {
            return Err(invalid("prot has a bit that is none of the M_ ones"));
        }
        if self.to < lowest || self.to >= end || self.len > end - self.to {
            return Err(out_of_range("the range at toaddr is not wholly within the caller's address space"));
        }
        if let Source::Vme(space) = source {
            const RULE: u64 = 1 << 24;
            let (first, last) = (self.from as u64, self.from as u64 + self.len as u64 - 1);
            if first / RULE != last / RULE {
                return Err(out_of_range("the VME range crosses a 16 Mbyte boundary: map each side by itself"));
            }
            if last >> space.lines != 0 {
                return Err(out_of_range("the range is not wholly within that VME address space"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> Request {
        Request { pid: 7, from: 0x10000, to: 0x20000, len: 0x1000, prot: 3, share: true }
    }

    const END: usize = 0xc000_0000;

    fn errno(request: Request) -> Option<Errno> {
        request.check(1, 0x1000, 0x10000, END).err().map(|fault| fault.errno)
    }

    #[test]
    fn the_checks_keep_their_order() {
        assert_eq!(errno(request()), None);
        assert_eq!(errno(Request { to: 1, from: 1, len: 0, prot: !0, ..request() }), Some(Errno::EINVAL));
        assert_eq!(errno(Request { to: 0, prot: 0x400, ..request() }), Some(Errno::EINVAL));
        assert_eq!(errno(Request { to: 0, ..request() }), Some(Errno::EMRANGE));
        assert_eq!(errno(Request { to: END - 0x1000, len: 0x2000, ..request() }), Some(Errno::EMRANGE));
    }

    #[test]
    fn what_is_ignored_is_not_looked_at() {
        assert_eq!(errno(Request { pid: M_ZFILL, from: 1, ..request() }), None);
        assert_eq!(errno(Request { pid: M_VME_STD_FOR_TEST, prot: !0, ..request() }), None);
    }
    const M_VME_STD_FOR_TEST: i32 = M_VMESTD;

    #[test]
    fn a_vme_range_stays_within_16_mbyte_and_its_lines() {
        let vme = |pid, from, len| errno(Request { pid, from, len, ..request() });
        assert_eq!(vme(M_VMEEXT, 0xff_f000, 0x1000), None);
        assert_eq!(vme(M_VMEEXT, 0xff_f000, 0x2000), Some(Errno::EMRANGE));
        assert_eq!(vme(M_VMESHORT, 0xf000, 0x1000), None);
        assert_eq!(vme(M_VMESHORT, 0xf000, 0x2000), Some(Errno::EMRANGE));
        assert_eq!(vme(M_VMESTD, 0x100_0000, 0x1000), Some(Errno::EMRANGE));
    }

    #[test]
    fn what_is_passed_on_has_to_be_granted() {
        let needs = |prot, share| Protection(prot).needs(share);
        assert_eq!(needs(0x100, true), Needs { read: true, write: false });
        assert_eq!(needs(0x2, true), Needs { read: false, write: true });
        assert_eq!(needs(0x2, false), Needs { read: true, write: false });
        assert!(!Protection(3).admits_others() && Protection(0x10).admits_others());
        assert_eq!(Protection(0x3fe).own_access(), libc::PROT_WRITE);
    }
}
