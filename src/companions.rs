// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the companions of mmap_peer() mean, said in requests: functions that
//! QNX programs declare themselves, or carry in a file of their own.
//!
//! They add no way to reach a target. Sources: QNX 6.4 memory manager,
//! Texas Instruments' and Vivante's QNX servers, where they are seen in use.

use crate::arch::{self, SystemCall};
use crate::call::{self, Route};
use crate::errno::Errno;
use crate::fault::{Fault, Why};
use crate::flags::{self, MAP_PHYS, NOFD};
use crate::phys;
use crate::procfs::{self, Frame, Maps, Pagemap};
use crate::request::{round_up, Request};
use crate::sys;
use libc::c_int;

/// munmap_flags_peer(): the flags say how the memory may be reused, which
/// Linux does not ask.
pub(crate) fn unmap_flags(pid: i32, addr: usize, len: usize, flags: u32, route: &mut Route) -> Result<(), Fault> {
    const UNMAP_INIT: u32 = 1 | 2;
    if flags & !UNMAP_INIT != 0 {
        call::reachable(pid, route)?;
        return Err(Fault::says(Errno::EINVAL, "flags is none of UNMAP_INIT_REQUIRED, UNMAP_INIT_OPTIONAL, 0"));
    }
    call::unmap(pid, addr, len, route)
}

/// The pages that a mapping of `len` bytes, whose result is `addr`, consists of.
pub(crate) fn whole_pages(addr: usize, len: usize) -> (usize, usize) {
    let page = sys::page_size();
    let start = addr & !(page - 1);
    (start, round_up((addr - start).saturating_add(len), page).unwrap_or(0))
}

/// mmap_device_memory(): physical memory, shared, here.
pub(crate) fn device_memory(addr: usize, len: usize, prot: c_int, flags: c_int, physical: u64) -> Request {
    let flags = flags & !crate::flags::MAP_TYPE | libc::MAP_SHARED | MAP_PHYS;
    Request { addr, len, prot, flags, fd: NOFD, off: physical }
}

/// mlock_peer(). The lock is set in the target; its pages are brought in when it runs again.
pub(crate) fn lock(pid: i32, addr: usize, len: usize, route: &mut Route) -> Result<(), Fault> {
    if pid == sys::getpid() {
        return call::on_range(pid, SystemCall::Mlock, [addr as u64, len as u64, 0, 0, 0, 0], route).map(|_| ());
    }
    call::on_range(pid, SystemCall::Mlock2, [addr as u64, len as u64, libc::MLOCK_ONFAULT as u64, 0, 0, 0], route)?;
    let (start, len) = whole_pages(addr, len);
    let end = start + len;
    // As mlock() does: what may be written, and is nobody else's, gets pages of its own.
    let looked = procfs::each_mapped(pid, start, end, false, |mapped| {
        let (from, to) = (mapped.start.max(start), mapped.end.min(end));
        let own = mapped.access & libc::PROT_WRITE != 0 && !mapped.shared;
        if !(own && written_to(pid, from, to - from, route)) {
            call::bring_range_in(pid, from, to - from, route);
        }
        true
    });
    if looked.is_err() {
        call::bring_range_in(pid, start, len, route);
    }
    Ok(())
}

/// munlock_peer().
pub(crate) fn unlock(pid: i32, addr: usize, len: usize, route: &mut Route) -> Result<(), Fault> {
    call::on_range(pid, SystemCall::Munlock, [addr as u64, len as u64, 0, 0, 0, 0], route).map(|_| ())
}

// ---- mem_offset64_peer ----------------------------------------------------

/// A physical address, and how many bytes from there on are contiguous.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Extent {
    pub offset: u64,
    pub contiguous: usize,
}

/// mem_offset64_peer(): where memory of a process lies. In a mapping of
/// physical memory (or of what stands in for it) that is the file's offset.
pub(crate) fn offset(pid: i32, addr: usize, len: usize, route: &mut Route) -> Result<Extent, Fault> {
    call::reachable(pid, route)?;
    if len == 0 {
        return Err(Fault::says(Errno::EINVAL, "len is 0"));
    }
    let unreadable = |errno| Fault::new(Errno::EPERM, Why::Procfs { pid, errno });
    let not_mapped = || Fault::new(Errno::EACCES, Why::NotMapped { pid, addr });
    let mapping = procfs::mapping_at(pid, addr).map_err(unreadable)?.ok_or_else(not_mapped)?;
    let within = len.min(mapping.end - addr);
    if phys::is_physical_memory(mapping.device, mapping.inode) {
        return Ok(Extent { offset: mapping.offset + (addr - mapping.start) as u64, contiguous: within });
    }
    let pagemap = Pagemap::of(pid).map_err(unreadable)?;
    let page = sys::page_size();
    let first = (addr / page) as u64;
    // A page that was read only may be the common page of zeros, or another process's too:
    // a write would leave it.
    let is_final = mapping.shared || !mapping.writable;
    let frame = match pagemap.frame(first).map_err(unreadable)? {
        Frame::At(frame) if is_final => Frame::At(frame),
        Frame::Absent | Frame::At(_) => {
            bring_in(pid, addr & !(page - 1), &mapping, route);
            pagemap.frame(first).map_err(unreadable)?
        }
        Frame::Hidden => Frame::Hidden,
    };
    let number = match frame {
        Frame::At(number) => number,
        Frame::Hidden => return Err(Fault::new(Errno::EPERM, Why::NoFrameNumbers { pid })),
        Frame::Absent => return Err(not_mapped()),
    };
    let in_page = addr % page;
    let mut contiguous = page - in_page;
    let mut next = 1;
    while contiguous < within && pagemap.frame(first + next) == Ok(Frame::At(number + next)) {
        contiguous += page;
        next += 1;
    }
    Ok(Extent { offset: number * page as u64 + in_page as u64, contiguous: contiguous.min(within) })
}

/// Gives a range pages of its own, as if it were written to; whether that is done.
fn written_to(pid: i32, at: usize, len: usize, route: &mut Route) -> bool {
    sys::parts(at, at + len).all(|(from, len)| {
        let range = [from as u64, len as u64, libc::MADV_POPULATE_WRITE as u64, 0, 0, 0]; // since Linux 5.14
        call::on_range(pid, SystemCall::Madvise, range, route).is_ok()
    })
}

/// Brings an absent page in. A page of its own, where the process may write:
/// reading it would only show the common page of zeros.
fn bring_in(pid: i32, at: usize, mapping: &procfs::MapsLine, route: &mut Route) {
    let page = sys::page_size();
    let written = mapping.writable && written_to(pid, at, page, route);
    if !written {
        procfs::touch_pages(sys::Tid(pid), at, page, page);
    }
}

// ---- mmap64_join ----------------------------------------------------------

/// mmap64_join(): one object at one address, here and in the target. Nothing
/// is ever replaced: both mappings are made with MAP_FIXED_NOREPLACE. The one
/// here is made first, since it can always be undone.
pub(crate) fn join(pid: i32, request: &Request, route: &mut Route) -> Result<usize, Fault> {
    let own = sys::getpid();
    let exactly = request.flags & (libc::MAP_FIXED | libc::MAP_FIXED_NOREPLACE) != 0;
    let flags = request.flags & !libc::MAP_FIXED | libc::MAP_FIXED_NOREPLACE;
    if pid == own {
        let flags = if exactly { flags } else { request.flags };
        return call::map(pid, &Request { flags, ..*request }, route);
    }
    call::reachable(pid, route)?;
    let page = sys::page_size();
    let in_page = request.off as usize & (page - 1);
    let granule = granule(request);
    // The wrong arguments are told by the call itself.
    let size = request.len.checked_add(in_page).and_then(|n| round_up(n, granule)).filter(|&size| size > 0);
    let size = size.unwrap_or(granule);
    let mut from = request.addr & !(page - 1);
    for _ in 0..JOIN_TRIES {
        let place = if exactly { from } else { common_gap(pid, from, size, granule)? };
        let there = Request { addr: place + in_page, flags, ..*request };
        let failed = match call::map(own, &there, route) {
            Ok(addr) => match call::map(pid, &there, route) {
                Ok(_) => return Ok(addr),
                Err(fault) => {
                    call::unmap(own, place, request.len + in_page, route)?;
                    fault
                }
            },
            Err(fault) => fault,
        };
        if failed.errno != Errno::EEXIST || exactly {
            return Err(failed);
        }
        // Somebody was quicker: on behind that place.
        from = place + size;
    }
    Err(Fault::says(Errno::EAGAIN, "other threads keep taking every place that is free in both processes: try again"))
}

/// What the place of a mapping is a multiple of: a page, or the huge page that
/// it will be made of.
fn granule(request: &Request) -> usize {
    let page = sys::page_size();
    let in_page = request.off as usize & (page - 1);
    let huge = if request.flags & MAP_PHYS != 0 && request.flags & libc::MAP_ANONYMOUS != 0 {
        phys::huge_page_for(request.len.saturating_add(in_page)).ok()
    } else if request.flags & libc::MAP_HUGETLB != 0 {
        flags::huge_page_size(request.flags).or_else(procfs::default_huge_page)
    } else {
        sys::huge_page_of(request.fd)
    };
    huge.unwrap_or(page)
}

const JOIN_TRIES: u32 = 256;
/// Where a search without a hint begins: above programs, below libraries and stacks.
const JOIN_WIDE: [u64; 2] = [0x1000_0000_0000, 0x7fff_0000_0000];
const JOIN_NARROW: [u64; 2] = [0x5000_0000, 0xb000_0000];

/// Where to search: in what both processes have.
fn join_bounds(pid: i32) -> [usize; 2] {
    let wide = usize::BITS == 64 && procfs::start(sys::Tid(pid)).is_ok_and(|s| s.wide);
    bounds_within(wide, arch::user_space_end() as u64).map(|bound| bound as usize)
}

/// User space may end below what is wide elsewhere: 2^39 and 2^42 are usual on aarch64.
fn bounds_within(wide: bool, end: u64) -> [u64; 2] {
    let [lowest, highest] = if wide { JOIN_WIDE } else { JOIN_NARROW };
    if end < highest {
        [end / 8, end]
    } else {
        [lowest, highest]
    }
}

/// The first range from `from` up (or from the bottom) that is free in both processes.
fn common_gap(pid: i32, from: usize, size: usize, granule: usize) -> Result<usize, Fault> {
    let [lowest, highest] = join_bounds(pid);
    let from = if from == 0 { lowest } else { from.max(procfs::lowest_address()) };
    for start in [from, lowest] {
        let unreadable = |errno| Fault::new(Errno::EPERM, Why::Procfs { pid, errno });
        let mut here = Maps::of(sys::getpid()).map_err(unreadable)?;
        // A target that serves may let nobody look: nothing is replaced there all the same.
        let mut there = match Maps::of(pid) {
            Err(Errno::EACCES | Errno::EPERM) => None,
            maps => Some(maps.map_err(unreadable)?),
        };
        let next = || there.as_mut().map_or(Ok(None), Maps::next);
        let gap = first_gap(start, size, granule, || here.next(), next).map_err(unreadable)?;
        if let Some(gap) = gap.filter(|gap| gap.checked_add(size).is_some_and(|end| end <= highest)) {
            return Ok(gap);
        }
    }
    Err(Fault::says(Errno::ENOMEM, "no range of that size is free in both processes"))
}

/// Merges two ascending lists of ranges. `granule` is a power of two.
fn first_gap(
    start: usize,
    size: usize,
    granule: usize,
    mut one: impl FnMut() -> Result<Option<procfs::MapsLine>, Errno>,
    mut other: impl FnMut() -> Result<Option<procfs::MapsLine>, Errno>,
) -> Result<Option<usize>, Errno> {
    let aligned = |n: usize| round_up(n, granule).unwrap_or(usize::MAX & !(granule - 1));
    let mut candidate = aligned(start);
    let (mut a, mut b) = (one()?, other()?);
    loop {
        let first_is_a = match (&a, &b) {
            (None, None) => return Ok(Some(candidate)),
            (Some(a), Some(b)) => a.start <= b.start,
            (a, _) => a.is_some(),
        };
        let range = if first_is_a { a } else { b };
        if let Some(range) = range {
            if candidate.checked_add(size).is_none_or(|end| end <= range.start) {
                return Ok(Some(candidate));
            }
            candidate = candidate.max(aligned(range.end));
        }
        if first_is_a {
            a = one()?;
        } else {
            b = other()?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ranges(list: &[(usize, usize)]) -> impl FnMut() -> Result<Option<procfs::MapsLine>, Errno> + '_ {
        let mut list = list.iter();
        move || {
            Ok(list.next().map(|&(start, end)| procfs::MapsLine {
                start,
                end,
                writable: false,
                shared: false,
                offset: 0,
                device: 0,
                inode: 0,
            }))
        }
    }

    #[test]
    fn a_gap_is_free_in_both() {
        let (a, b) = ([(10, 20), (40, 50)], [(15, 30), (60, 70)]);
        let granule = 1;
        let gap = |start, size| first_gap(start, size, granule, ranges(&a), ranges(&b)).expect("no error");
        assert_eq!(gap(0, 10), Some(0));
        assert_eq!(gap(0, 11), Some(70));
        assert_eq!(gap(12, 10), Some(30));
        assert_eq!(gap(12, 5), Some(30));
        assert_eq!(gap(45, 10), Some(50));
    }

    proptest! {
        #[test]
        fn no_gap_overlaps_anything(
            mut a in proptest::collection::vec((0usize..500, 1usize..20), 0..20),
            mut b in proptest::collection::vec((0usize..500, 1usize..20), 0..20),
            start in 0usize..500, size in 1usize..60, shift in 0u32..6,
        ) {
            // Ascending and apart, as a process's mappings are.
            for list in [&mut a, &mut b] {
                list.sort();
                let mut end = 0;
                list.retain_mut(|r| { let keep = r.0 >= end; r.1 += r.0; if keep { end = r.1; } keep });
            }
            let granule = 1 << shift;
            let gap = first_gap(start, size, granule, ranges(&a), ranges(&b)).expect("no error").expect("there is no end");
            prop_assert_eq!(gap % granule, 0);
            prop_assert!(gap >= start);
            prop_assert!(a.iter().chain(&b).all(|&(s, e)| gap + size <= s || e <= gap));
        }
    }

    #[test]
    fn a_join_is_looked_for_where_user_space_is() {
        for bits in [39, 42, 47, 48, 52] {
            let [lowest, highest] = bounds_within(true, 1 << bits);
            assert!(lowest < highest / 2 && highest <= 1 << bits, "{bits} bits");
        }
        assert_eq!(bounds_within(true, 0x7fff_ffff_f000), JOIN_WIDE);
        assert_eq!(bounds_within(true, 1 << 39), [1 << 36, 1 << 39]);
        assert_eq!(bounds_within(false, 0xffff_e000), JOIN_NARROW);
    }

    #[test]
    fn whole_pages_hold_the_range() {
        let page = sys::page_size();
        assert_eq!(whole_pages(5 * page + 7, page), (5 * page, 2 * page));
        assert_eq!(whole_pages(5 * page, 1), (5 * page, page));
    }
}
