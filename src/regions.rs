// SPDX-License-Identifier: MIT OR Apache-2.0
//! What this process has for others to map: ranges, each with its object and
//! with who may. utek_mmap() makes them, the service hands them on. A note beside
//! the kernel's own list of mappings, which is asked before a note is believed:
//! munmap() bypasses this library.
//!
//! *Bound*: `MOST` notes, each with one descriptor, which others join the object
//! by, and one more that says where the table is; a note whose mapping is gone is
//! dropped at the next call. No lock: a place is claimed by one exchange, and a
//! handler that meets a claimed one passes it over. A child of fork() has its
//! parent's notes, as it has the mappings.

use crate::area::Piece;
use crate::errno::Errno;
use crate::fault::Fault;
use crate::procfs;
use crate::sys::{self, Descriptor, Tid};
use crate::text::Text;
use core::fmt::Write;
use core::sync::atomic::{AtomicI32, AtomicU32, AtomicU64, Ordering};

const MOST: usize = 256;

/// The bits of a protection: who may read, who may write; the first pair is the process itself.
pub(crate) const READS: u32 = 0x155;
pub(crate) const WRITES: u32 = 0x2aa;
/// The pairs of the others.
pub(crate) const SAME_USER: u32 = 0x00c;
pub(crate) const SAME_PROCESS_GROUP: u32 = 0x030;
pub(crate) const SAME_GROUP: u32 = 0x0c0;
pub(crate) const WORLD: u32 = 0x300;

/// A range of this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Region {
    pub start: usize,
    pub end: usize,
    pub offset: u64,
    pub device: u64,
    pub inode: u64,
    pub fd: i32,
    /// The ten bits.
    pub protection: u32,
    /// PROT_READ and PROT_WRITE, as far as they were granted to this process.
    pub granted: i32,
}

const WORDS: usize = 7;

#[repr(C)]
struct Place {
    /// Even: as it stands; odd: being written.
    turn: AtomicU32,
    words: [AtomicU64; WORDS],
}

/// As others read it, who may read the process's memory.
#[repr(C)]
struct Table {
    form: [u8; 8],
    places: [Place; MOST],
}

const FORM: [u8; 8] = *b"mmanutk1";
static TABLE: Table = Table {
    form: FORM,
    places: [const { Place { turn: AtomicU32::new(0), words: [const { AtomicU64::new(0) }; WORDS] } }; MOST],
};
static PLACES: &[Place; MOST] = &TABLE.places;

const SIZE_OF_PLACE: usize = core::mem::size_of::<Place>();
const WORDS_AT: usize = core::mem::offset_of!(Place, words);
const _: () = assert!(SIZE_OF_PLACE == WORDS_AT + 8 * WORDS);

impl Region {
    fn words(&self) -> [u64; WORDS] {
        let rights = u64::from(self.protection) | (self.granted as u64) << 16 | (self.fd as u64) << 32;
        [self.start as u64, self.end as u64, self.offset, self.device, self.inode, rights, 1]
    }

    fn of([start, end, offset, device, inode, rights, used]: [u64; WORDS]) -> Option<Region> {
        (used == 1).then_some(Region {
            start: start as usize,
            end: end as usize,
            offset,
            device,
            inode,
            fd: (rights >> 32) as i32,
            protection: rights as u32 & 0xffff,
            granted: (rights >> 16 & 0xffff) as i32,
        })
    }

    fn overlaps(&self, start: usize, end: usize) -> bool {
        self.start < end && start < self.end
    }

    fn is_on_object_of(&self, other: &Region) -> bool {
        (self.device, self.inode) == (other.device, other.inode)
    }

    /// Where it ends in its object.
    pub fn end_of_offset(&self) -> u64 {
        self.offset + (self.end - self.start) as u64
    }

    fn part(&self, start: usize, end: usize) -> Option<Region> {
        (start < end).then(|| Region { start, end, offset: self.offset + (start - self.start) as u64, ..*self })
    }

    /// PROT_READ and PROT_WRITE, as far as these bits of its protection grant them.
    pub fn granted_by(&self, bits: u32) -> i32 {
        let bits = self.protection & bits;
        let read = if bits & READS != 0 { libc::PROT_READ } else { 0 };
        let write = if bits & WRITES != 0 { libc::PROT_WRITE } else { 0 };
        (read | write) & self.granted
    }

    /// Whether it speaks of a part of that piece, and is true of it still.
    fn speaks_of(&self, piece: &Piece) -> bool {
        self.overlaps(piece.start, piece.end)
            && (self.device, self.inode) == (piece.mapped.device, piece.mapped.inode)
            && self.offset.wrapping_sub(self.start as u64) == piece.offset().wrapping_sub(piece.start as u64)
    }

    /// The descriptor, if it is on the object still: the program may have closed it.
    pub fn descriptor(&self) -> Option<i32> {
        let st = sys::fstat(self.fd).ok()?;
        ((st.st_dev, st.st_ino) == (self.device, self.inode)).then_some(self.fd)
    }
}

impl Place {
    /// From another process's table. What is being written there is no region.
    fn read(bytes: &[u8; SIZE_OF_PLACE]) -> Option<Region> {
        let word = |at: usize| bytes.get(at..at + 8)?.try_into().ok().map(u64::from_ne_bytes);
        if bytes.first()? % 2 != 0 {
            return None;
        }
        let mut words = [0; WORDS];
        for (i, place) in words.iter_mut().enumerate() {
            *place = word(WORDS_AT + 8 * i)?;
        }
        Region::of(words)
    }

    fn region(&self) -> Option<Region> {
        let before = self.turn.load(Ordering::Acquire);
        let words = self.words.each_ref().map(|word| word.load(Ordering::Acquire));
        let after = self.turn.load(Ordering::Acquire);
        (before == after && before % 2 == 0).then(|| Region::of(words)).flatten()
    }

    /// Writes if the place still holds `old`.
    fn replace(&self, old: Option<&Region>, new: Option<&Region>) -> bool {
        let turn = self.turn.load(Ordering::Acquire);
        if turn % 2 != 0 || self.turn.compare_exchange(turn, turn + 1, Ordering::AcqRel, Ordering::Relaxed).is_err() {
            return false;
        }
        let words = self.words.each_ref().map(|word| word.load(Ordering::Relaxed));
        let same = Region::of(words).as_ref() == old;
        if same {
            let words = new.map_or([0; WORDS], Region::words);
            for (place, word) in self.words.iter().zip(words) {
                place.store(word, Ordering::Relaxed);
            }
        }
        self.turn.store(turn + 2, Ordering::Release);
        same
    }
}

fn insert(region: &Region) -> Result<(), Fault> {
    if PLACES.iter().any(|place| place.region().is_none() && place.replace(None, Some(region))) {
        return Ok(());
    }
    Err(Fault::says(Errno::ENOMEM, "the process has 256 areas made by utek_mmap(): unmap some"))
}

/// Notes a region, in place of what was noted of its range. The descriptor is
/// kept for as long as a note names it.
pub(crate) fn note(region: &Region) -> Result<(), Fault> {
    put_up_the_sign();
    insert(region)?;
    forget_all_but(region.start, region.end, Some(region));
    Ok(())
}

/// Forgets what was noted of a range.
pub(crate) fn forget(start: usize, end: usize) {
    forget_all_but(start, end, None);
}

fn forget_all_but(start: usize, end: usize, keep: Option<&Region>) {
    for place in PLACES {
        let Some(old) = place.region() else { continue };
        if !old.overlaps(start, end) || keep == Some(&old) {
            continue;
        }
        let left = old.part(old.start, start.max(old.start));
        let right = old.part(end.min(old.end), old.end);
        if place.replace(Some(&old), left.as_ref().or(right.as_ref())) {
            if let (Some(_), Some(right)) = (left, right) {
                // Without room the right part is no region any more: nobody maps it onward.
                let _ = insert(&right);
            }
            close_unless_noted(&old);
        }
    }
}

fn close_unless_noted(gone: &Region) {
    if !PLACES.iter().any(|place| place.region().is_some_and(|r| r.fd == gone.fd)) && gone.descriptor().is_some() {
        drop(Descriptor::kept(gone.fd));
    }
}

/// Calls `each` with what is noted of a mapped piece of this process. What the
/// kernel has as one mapping may be several regions.
pub(crate) fn each_of_piece(piece: &Piece, mut each: impl FnMut(&Region)) {
    PLACES.iter().filter_map(Place::region).filter(|r| r.speaks_of(piece)).for_each(|r| each(&r));
}

/// The region of this process at an address that lies in that piece.
pub(crate) fn at(address: usize, piece: &Piece) -> Option<Region> {
    let holds = |r: &Region| r.start <= address && address < r.end && r.speaks_of(piece);
    PLACES.iter().filter_map(Place::region).find(holds)
}

/// Likewise of another process, whose memory the caller may read.
pub(crate) fn each_of_others_piece(pid: i32, piece: &Piece, mut each: impl FnMut(&Region)) {
    let Some(table) = procfs::number_behind_memfd(pid, SIGN) else { return };
    let mut form = [0; FORM.len()];
    if sys::read_memory(Tid(pid), table, &mut form) != Ok(form.len()) || form != FORM {
        return;
    }
    let places = table.wrapping_add(core::mem::offset_of!(Table, places));
    for i in 0..MOST {
        let mut bytes = [0; SIZE_OF_PLACE];
        if sys::read_memory(Tid(pid), places.wrapping_add(i * SIZE_OF_PLACE), &mut bytes) != Ok(bytes.len()) {
            return;
        }
        if let Some(region) = Place::read(&bytes).filter(|r| r.speaks_of(piece)) {
            each(&region);
        }
    }
}

/// Where a process has its table, says the name of an empty file that it keeps open.
const SIGN: &[u8] = b"mman_peer-notes:";
static SIGN_FD: AtomicI32 = AtomicI32::new(-1);

/// Without a descriptor to be had the table stands unseen, and the areas count as ordinary memory.
fn put_up_the_sign() {
    let (mut buffer, mut name) = ([0u8; 96], [0u8; 64]);
    let mut text = Text::new(&mut name);
    let prefix = core::str::from_utf8(SIGN).unwrap_or_default();
    let _ = write!(text, "{prefix}{:x}\0", &raw const TABLE as usize);
    let len = text.bytes().len();
    let name = name.get(..len).unwrap_or(b"\0");
    let fd = SIGN_FD.load(Ordering::Relaxed);
    let path = procfs::descriptor_path(sys::getpid(), fd);
    let stands = fd >= 0
        && sys::read_link(path.terminated(), &mut buffer)
            .ok()
            .and_then(|link| link.strip_prefix(b"/memfd:"))
            .is_some_and(|link| link.starts_with(name.strip_suffix(&[0]).unwrap_or(name)));
    if !stands {
        if let Ok(sign) = sys::memfd(name, libc::MFD_CLOEXEC, 0) {
            SIGN_FD.store(sign.keep(), Ordering::Relaxed);
        }
    }
}

/// How far an object is in regions that `grants` says yes to, from an offset on.
fn granted_from(of: &Region, offset: u64, grants: &dyn Fn(&Region) -> bool) -> u64 {
    let mut end = offset;
    loop {
        let further = PLACES
            .iter()
            .filter_map(Place::region)
            .filter(|r| r.is_on_object_of(of) && r.offset <= end && end < r.end_of_offset() && grants(r))
            .map(|r| r.end_of_offset())
            .max();
        match further {
            Some(further) => end = further,
            None => return end,
        }
    }
}

/// Whether all of a region's object from one offset to another is in such regions.
pub(crate) fn is_granted(of: &Region, from: u64, to: u64, grants: &dyn Fn(&Region) -> bool) -> bool {
    granted_from(of, from, grants) >= to
}

/// The end of what is granted of it from an offset on; none, if that is not.
pub(crate) fn granted_up_to(of: &Region, offset: u64, grants: &dyn Fn(&Region) -> bool) -> Option<u64> {
    Some(granted_from(of, offset, grants)).filter(|&end| end > offset)
}

/// Whether that is so of each region on the same object.
pub(crate) fn are_all_granted(of: &Region, grants: &dyn Fn(&Region) -> bool) -> bool {
    let mut others = PLACES.iter().filter_map(Place::region).filter(|r| r.is_on_object_of(of));
    others.all(|r| is_granted(of, r.offset, r.end_of_offset(), grants))
}

/// Every region that overlaps a range.
pub(crate) fn each_in(start: usize, end: usize, mut each: impl FnMut(&Region)) {
    for region in PLACES.iter().filter_map(Place::region) {
        if region.overlaps(start, end) {
            each(&region);
        }
    }
}

/// Drops the notes of which nothing is mapped any more.
pub(crate) fn sweep(pid: i32) {
    for place in PLACES {
        let Some(region) = place.region() else { continue };
        let mut mapped = false;
        let asked = procfs::each_mapped(pid, region.start, region.end, false, |m| {
            mapped |= (m.device, m.inode) == (region.device, region.inode);
            !mapped
        });
        if asked.is_ok() && !mapped && place.replace(Some(&region), None) {
            close_unless_noted(&region);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noted(start: usize) -> Region {
        Region { start, end: start + 0x4000, offset: 0, device: 1, inode: 2, fd: -1, protection: 3, granted: 3 }
    }

    fn seen(start: usize) -> Vec<(usize, usize, u64, u32)> {
        let mut all = Vec::new();
        each_in(start, start + 0x4000, |r| all.push((r.start - start, r.end - start, r.offset, r.protection)));
        all.sort_unstable();
        all
    }

    #[test]
    fn a_part_that_is_noted_anew_splits_what_was_there() {
        let at = 0x1000_0000;
        note(&noted(at)).expect("room");
        assert_eq!(seen(at), [(0, 0x4000, 0, 3)]);
        let middle = Region { start: at + 0x1000, end: at + 0x2000, offset: 0x1000, protection: 1, ..noted(at) };
        note(&middle).expect("room");
        assert_eq!(seen(at), [(0, 0x1000, 0, 3), (0x1000, 0x2000, 0x1000, 1), (0x2000, 0x4000, 0x2000, 3)]);
        forget(at, at + 0x3000);
        assert_eq!(seen(at), [(0x3000, 0x4000, 0x3000, 3)]);
        forget(at, at + 0x4000);
        assert_eq!(seen(at), []);
    }

    #[test]
    fn a_place_that_is_being_written_is_passed_over() {
        let place = Place { turn: AtomicU32::new(0), words: [const { AtomicU64::new(0) }; WORDS] };
        assert!(place.replace(None, Some(&noted(0x2000_0000))));
        place.turn.store(3, Ordering::Relaxed);
        assert_eq!(place.region(), None);
        assert!(!place.replace(None, None));
    }
}
