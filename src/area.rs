// SPDX-License-Identifier: MIT OR Apache-2.0
//! What lies in a range of a process: its mappings, of a fixed number at most,
//! each with what the kernel tells of it, and whether it can be shared or copied.
//!
//! It reads /proc/PID/smaps, and changes nothing.

use crate::errno::Errno;
use crate::fault::{Fault, Why};
use crate::procfs::{self, Mapped, Marks};

/// As many mappings as one call can take.
pub(crate) const MOST: usize = 64;

/// The part of a mapping that lies in the range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    pub start: usize,
    pub end: usize,
    pub mapped: Mapped,
    /// Shared by an object of this library's that nobody keeps any more.
    pub orphan: bool,
}

impl Piece {
    pub fn len(&self) -> usize {
        self.end - self.start
    }

    /// To be moved under an object, where it is to be shared.
    pub fn is_unshared(&self) -> bool {
        !self.mapped.shared || self.orphan
    }

    /// Where the piece begins in its object.
    pub fn offset(&self) -> u64 {
        self.mapped.offset + (self.start - self.mapped.start) as u64
    }

    /// The same memory still, as far as it lies here.
    pub fn same_as(&self, other: &Piece) -> bool {
        (self.start, self.end, self.offset(), self.mapped.access, self.mapped.shared)
            == (other.start, other.end, other.offset(), other.mapped.access, other.mapped.shared)
            && (self.mapped.device, self.mapped.inode) == (other.mapped.device, other.mapped.inode)
    }

    /// Why it cannot become one memory with the caller's, if it cannot.
    pub fn cannot_be_shared(&self) -> Option<&'static str> {
        let marks = self.mapped.marks;
        if marks.has(Marks::HUGE) {
            return Some("the area holds huge pages, which cannot be shared: ask for a private copy");
        }
        if marks.has(Marks::DEVICE) {
            return Some("the area holds a device's memory, which cannot be shared: map the device itself");
        }
        if marks.has(Marks::SEALED) {
            return Some("the area holds sealed memory (mseal), which stays as it is: ask for a private copy");
        }
        if self.mapped.kernels || marks.has(Marks::STACK) {
            return Some(
                "the area holds a stack that grows, or memory of the kernel's own (vdso), which cannot be shared",
            );
        }
        if marks.has(Marks::WIPED) || self.mapped.protection_key {
            return Some("the area holds memory with MADV_WIPEONFORK or a protection key, which cannot be shared");
        }
        self.cannot_be_read()
    }

    /// Why its contents cannot be had, if they cannot.
    pub fn cannot_be_read(&self) -> Option<&'static str> {
        // A page that is missing there is brought by a thread that would stand still.
        self.mapped
            .marks
            .has(Marks::FAULTS_IN_USER_MODE)
            .then_some("the area holds memory whose page faults the process handles itself (userfaultfd)")
    }
}

/// The mappings of a range, from its start to its end without a hole.
pub(crate) struct Area {
    pieces: [Piece; MOST],
    count: usize,
}

impl Area {
    /// EMRANGE: not wholly mapped.
    pub fn of(pid: i32, start: usize, len: usize) -> Result<Area, Fault> {
        let end = start.checked_add(len).ok_or(HOLE)?;
        let none = Piece { start: 0, end: 0, mapped: Mapped::default(), orphan: false };
        let mut area = Area { pieces: [none; MOST], count: 0 };
        let mut at = start;
        let mut too_many = false;
        procfs::each_mapped(pid, start, end, true, |mapped| {
            if mapped.start > at {
                return false;
            }
            match area.pieces.get_mut(area.count) {
                Some(place) => {
                    *place = Piece { start: at, end: mapped.end.min(end), mapped: *mapped, orphan: false };
                    area.count += 1;
                    at = place.end;
                }
                None => too_many = true,
            }
            at < end && !too_many
        })
        .map_err(|errno| Fault::new(Errno::EPERM, Why::Procfs { pid, errno }))?;
        if too_many {
            return Err(Fault::says(Errno::ENOTSUP, "the area is made of more than 64 mappings: map it in parts"));
        }
        if at < end {
            return Err(HOLE);
        }
        Ok(area)
    }

    /// Whether the area is still what it was, from its piece `first` on.
    pub fn still_holds(&self, pid: i32, first: usize) -> bool {
        let pieces = self.pieces().get(first..).unwrap_or_default();
        let (Some(from), Some(last)) = (pieces.first(), pieces.last()) else { return true };
        let mut rest = pieces;
        let asked = procfs::each_mapped(pid, from.start, last.end, false, |mapped| {
            let Some((piece, others)) = rest.split_first() else { return false };
            let now = Piece { mapped: *mapped, ..*piece };
            let same = piece.same_as(&now) && mapped.start <= piece.start && piece.end <= mapped.end;
            if same {
                rest = others;
            }
            same
        });
        asked.is_ok() && rest.is_empty()
    }

    pub fn pieces_mut(&mut self) -> &mut [Piece] {
        self.pieces.get_mut(..self.count).unwrap_or_default()
    }

    pub fn pieces(&self) -> &[Piece] {
        self.pieces.get(..self.count).unwrap_or_default()
    }
}

pub(crate) const HOLE: Fault =
    Fault::says(Errno::EMRANGE, "the range at fromaddr is not wholly mapped in that process");
