// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is wanted: the arguments of a call, checked in the original's order
//! and turned into the terms of Linux. Pure code: it asks about the caller's
//! descriptor through a function it is given, and touches nothing else.
//!
//! The order of the checks is that of QNX's memory manager; the errno of a
//! call with several faults is the first one's.

use crate::arch::{self, Reach};
use crate::errno::Errno;
use crate::fault::{Fault, Why};
use crate::flags::{self, *};
use libc::{c_int, MAP_ANONYMOUS, MAP_FIXED, MAP_FIXED_NOREPLACE, MAP_PRIVATE, MAP_SHARED, MAP_STACK};

/// The arguments of mmap_peer() but the pid, as they came.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request {
    pub addr: usize,
    pub len: usize,
    pub prot: c_int,
    pub flags: c_int,
    pub fd: c_int,
    pub off: u64,
}

/// What the caller's descriptor turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileFacts {
    pub readable: bool,
    pub writable: bool,
    pub directory: bool,
    /// What open() of its name gives again.
    pub regular: bool,
    /// An ordinary file in pages of the usual size (no hugetlbfs): its address
    /// is chosen as that of anonymous memory is.
    pub plain: bool,
}

/// Physical memory, opened by the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Physical {
    pub fd: c_int,
    pub facts: FileFacts,
    /// Where it ends; none if only its mmap() knows.
    pub size: Option<u64>,
}

/// Contiguous memory: a descriptor to be mapped, or flags for anonymous memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Contiguous {
    pub fd: Option<(c_int, FileFacts)>,
    pub len: usize,
    pub flags: c_int,
}

/// Where the objects of a request come from. Asked in the order of the checks.
pub(crate) trait Sources {
    fn file_facts(&mut self, fd: c_int) -> Result<FileFacts, Errno>;
    fn physical(&mut self, writable: bool, uncached: bool) -> Result<Physical, Fault>;
    fn contiguous(&mut self, len: usize, shared: bool) -> Result<Contiguous, Fault>;
    /// The size of the huge pages that a mapping of this descriptor, or with these
    /// flags, is made of.
    fn huge_page(&mut self, fd: c_int, flags: c_int) -> Option<usize>;
}

/// One mmap() in terms of Linux, and what has to follow it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MapPlan {
    /// Page-aligned; zero for no wish.
    pub addr: usize,
    /// A multiple of the page.
    pub len: usize,
    pub prot: c_int,
    pub flags: c_int,
    /// A descriptor of the caller's, with what it is.
    pub file: Option<(c_int, FileFacts)>,
    /// It is physical memory.
    pub physical: bool,
    /// Page-aligned.
    pub off: u64,
    /// The call's result is this far above the start of the mapping.
    pub shift: usize,
    pub after: After,
}

/// What follows a successful mmap().
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct After {
    /// MAP_STACK: that many bytes from the start become PROT_NONE.
    pub guard: usize,
    /// MAP_NOINHERIT.
    pub not_inherited: bool,
    /// MAP_LOCKED.
    pub lock: bool,
    /// MAP_POPULATE.
    pub populate: bool,
}

impl After {
    /// Whether another call than mmap() has to be made where the mapping is.
    pub fn calls_more(&self) -> bool {
        self.guard > 0 || self.not_inherited || self.lock
    }
}

/// One munmap() in terms of Linux.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct UnmapPlan {
    pub addr: usize,
    pub len: usize,
}

impl MapPlan {
    /// Whether a program of that reach can be asked for it.
    pub fn fits(&self, reach: Reach) -> Result<(), Fault> {
        let fixed = self.flags & (MAP_FIXED | MAP_FIXED_NOREPLACE) != 0;
        // A wish in the last page was rounded up to the end, and is none there.
        let last = if fixed { reach.user_space_end - 1 } else { reach.addresses };
        if self.addr as u64 > last {
            Err(invalid("addr lies outside the address space of the target, which is a 32-bit program"))
        } else if self.len as u64 >= reach.addresses {
            Err(Fault::says(Errno::ENOMEM, "len is larger than the address space of the target, a 32-bit program"))
        } else if self.off >= reach.offsets {
            Err(Fault::says(Errno::ENXIO, "off lies beyond what a 32-bit program can map (16 TiB)"))
        } else {
            Ok(())
        }
    }

    /// Whether what is written there is the process's alone: brought in, it has pages of its
    /// own (`populate_vma_page_range`, mm/gup.c).
    pub fn gets_own_pages(&self) -> bool {
        self.flags & libc::MAP_TYPE == libc::MAP_PRIVATE && self.prot & libc::PROT_WRITE != 0
    }
}

impl UnmapPlan {
    /// Whether a program of that reach can be asked for it.
    pub fn fits(&self, reach: Reach) -> Result<(), Fault> {
        if self.addr as u64 >= reach.addresses || self.len as u64 >= reach.addresses {
            return Err(invalid(
                "the range reaches outside the address space of the target, which is a 32-bit program",
            ));
        }
        Ok(())
    }
}

fn invalid(sentence: &'static str) -> Fault {
    Fault::says(Errno::EINVAL, sentence)
}

/// Checks a request and plans its mmap().
pub(crate) fn plan_map(request: &Request, page: usize, sources: &mut impl Sources) -> Result<MapPlan, Fault> {
    let m = page - 1;
    let Request { addr, len, mut prot, mut flags, fd, off } = *request;

    match flags & MAP_TYPE {
        MAP_SHARED | MAP_PRIVATE => {}
        0 if flags & MAP_ANONYMOUS != 0 => flags |= MAP_PRIVATE,
        0 => return Err(invalid("flags has no sharing type: add MAP_SHARED or MAP_PRIVATE")),
        t if t & MAP_SYSRAM != 0 => return Err(invalid("MAP_SYSRAM describes memory, it cannot be asked for")),
        _ => return Err(invalid("flags must have either MAP_SHARED or MAP_PRIVATE")),
    }
    let shared = flags & MAP_TYPE == MAP_SHARED;
    if len == 0 {
        return Err(invalid("len is 0"));
    }
    if prot & !PROTECTIONS != 0 {
        return Err(invalid("prot has a bit that is no protection"));
    }
    // On x86 somebody defines every bit, on other processors not.
    #[allow(clippy::bad_bit_mask)]
    if flags & !(LINUX | QNX_ONLY | HUGE_PAGE_SIZE) != 0 {
        return Err(invalid("flags has a bit that nobody defines"));
    }
    if flags & HUGE_PAGE_SIZE != 0 && flags & libc::MAP_HUGETLB == 0 {
        return Err(invalid("flags has bits 26 to 31, which are the size of a huge page, without MAP_HUGETLB"));
    }
    if flags & MAP_PHYS != 0 && flags & libc::MAP_DENYWRITE != 0 {
        // QNX's PROT_NOCACHE, which some programs put among the flags.
        flags &= !libc::MAP_DENYWRITE;
        prot |= PROT_NOCACHE;
    }
    if fd == NOFD && flags & MAP_PHYS == 0 {
        flags |= MAP_ANONYMOUS;
    }
    let anonymous = flags & MAP_ANONYMOUS != 0;
    if anonymous && fd != NOFD {
        return Err(invalid("MAP_ANON goes with NOFD, not with a descriptor"));
    }
    if anonymous && flags & MAP_PHYS != 0 && flags & MAP_LAZY != 0 {
        return Err(invalid("MAP_PHYS with MAP_ANON is set aside at once: leave MAP_LAZY out"));
    }
    if flags & MAP_HANDLE != 0 {
        return Err(Fault::says(
            Errno::ENOTSUP,
            "MAP_HANDLE: there are no shared memory handles on Linux: pass the descriptor itself over a Unix socket (SCM_RIGHTS)",
        ));
    }
    let physical = flags & MAP_PHYS != 0;
    if physical && anonymous && flags & MAP_BELOW16M != 0 {
        return Err(Fault::says(Errno::ENOTSUP, "MAP_BELOW16M: nobody can ask Linux for memory by its address"));
    }
    let mut file = match (anonymous, physical) {
        (true, _) => None,
        (false, true) => Some(open_physical(request, prot, shared, sources)?),
        (false, false) => Some((fd, check_file(fd, prot, shared, sources)?)),
    };
    if flags & MAP_STACK != 0 {
        if !anonymous || shared {
            return Err(invalid("MAP_STACK is for private anonymous memory"));
        }
        if off >= len as u64 {
            return Err(invalid("MAP_STACK: off is the size of the guard, and must be less than len"));
        }
    }
    let fixed = flags & (MAP_FIXED | MAP_FIXED_NOREPLACE) != 0;
    let in_page = off as usize & m;
    let shift = if !fixed {
        in_page
    } else if anonymous && !shared {
        addr & m
    } else if addr & m == in_page {
        in_page
    } else {
        return Err(invalid("MAP_FIXED: addr and off must lie equally far above a page boundary"));
    };
    let Some(mut rounded) = len.checked_add(shift).and_then(|n| round_up(n, page)) else {
        return Err(TOO_LONG);
    };
    // As the kernel does (`ksys_mmap_pgoff`): what follows, and what undoes it, is of
    // whole pages, too.
    if flags & libc::MAP_HUGETLB != 0 || file.is_some_and(|(_, facts)| facts.regular && !facts.plain) {
        let whole = sources.huge_page(fd, flags).map(|huge| round_up(rounded, huge));
        rounded = whole.unwrap_or(Some(rounded)).ok_or(TOO_LONG)?;
    }
    let addr = if fixed || flags & MAP_BELOW != 0 { addr & !m } else { round_up(addr, page).unwrap_or(0) };
    let mut linux_flags = flags::for_linux(flags);
    if physical && anonymous {
        let found = sources.contiguous(rounded, shared)?;
        if flags & MAP_FIXED != 0 && flags & MAP_FIXED_NOREPLACE == 0 && found.len != rounded {
            return Err(invalid("MAP_FIXED: contiguous memory is a huge page here, and len is not the whole of it"));
        }
        rounded = found.len;
        file = found.fd;
        linux_flags |= found.flags;
        if file.is_some() {
            linux_flags &= !MAP_ANONYMOUS;
        }
    }
    let guard = if flags & MAP_STACK != 0 && !fixed { round_up(off as usize, page).unwrap_or(0) } else { 0 };
    Ok(MapPlan {
        addr,
        len: rounded,
        prot: prot & !PROT_NOCACHE,
        flags: linux_flags,
        file,
        physical: physical && !anonymous,
        // Anonymous memory has no offset; the kernel would still check the sum.
        off: if anonymous { 0 } else { off & !(m as u64) },
        shift,
        after: After {
            guard,
            not_inherited: flags & MAP_NOINHERIT != 0,
            lock: flags & libc::MAP_LOCKED != 0,
            populate: flags & (libc::MAP_POPULATE | libc::MAP_NONBLOCK) == libc::MAP_POPULATE,
        },
    })
}

const TOO_LONG: Fault = Fault::says(Errno::ENOMEM, "len is larger than the address space");

fn open_physical(
    request: &Request,
    prot: c_int,
    shared: bool,
    sources: &mut impl Sources,
) -> Result<(c_int, FileFacts), Fault> {
    let writable = shared && prot & libc::PROT_WRITE != 0;
    // The right to physical memory comes before the other arguments.
    let Physical { fd, facts, size } = sources.physical(writable, prot & PROT_NOCACHE != 0)?;
    if request.fd != NOFD {
        return Err(invalid("MAP_PHYS goes with NOFD, not with a descriptor"));
    }
    let Some(end) = request.off.checked_add(request.len as u64) else {
        return Err(invalid("off and len wrap around the end of physical memory"));
    };
    if size.is_some_and(|size| end > size) {
        return Err(invalid("off and len reach beyond the end of physical memory (the file that stands in for it)"));
    }
    Ok((fd, facts))
}

fn check_file(fd: c_int, prot: c_int, shared: bool, sources: &mut impl Sources) -> Result<FileFacts, Fault> {
    let fault = |errno, says| Fault::new(errno, Why::Descriptor { fd, says });
    if fd < 0 {
        return Err(fault(Errno::EBADF, "is negative and not NOFD"));
    }
    let file = sources.file_facts(fd).map_err(|errno| fault(errno, "is not open, or was opened with O_PATH"))?;
    if !file.readable {
        return Err(fault(Errno::EACCES, "is open for writing only: a mapping needs one open for reading"));
    }
    if shared && prot & libc::PROT_WRITE != 0 && !file.writable {
        return Err(fault(
            Errno::EACCES,
            "is open for reading only: for MAP_SHARED with PROT_WRITE open it for reading and writing",
        ));
    }
    if file.directory {
        return Err(fault(Errno::ENOTSUP, "is a directory"));
    }
    Ok(file)
}

/// Checks the arguments of munmap_peer() and plans its munmap().
pub(crate) fn plan_unmap(addr: usize, len: usize, page: usize) -> Result<UnmapPlan, Fault> {
    let m = page - 1;
    let len = len.min(usize::MAX - addr);
    if len == 0 {
        return Err(invalid("len is 0"));
    }
    let start = addr & !m;
    match round_up(addr + len, page) {
        Some(end) => Ok(UnmapPlan { addr: start, len: end - start }),
        None => Err(invalid("the range ends outside the address space")),
    }
}

/// The call's errno for the errno of the target's mmap().
pub(crate) fn map_refused(plan: &MapPlan, errno: Errno) -> Fault {
    let fixed = plan.flags & (MAP_FIXED | MAP_FIXED_NOREPLACE) != 0;
    let (says, hint) = match errno {
        Errno::EAGAIN if plan.physical => {
            (Errno::ENXIO, "the range is in use with another cache attribute (PROT_NOCACHE)")
        }
        Errno::EPERM if fixed && plan.addr < LOWEST_EVER => {
            (Errno::EINVAL, "addr lies below vm.mmap_min_addr")
        }
        Errno::EPERM if plan.physical => (
            errno,
            "the kernel keeps this range of physical memory from programs: RAM by CONFIG_STRICT_DEVMEM, what a driver holds by CONFIG_IO_STRICT_DEVMEM (iomem=relaxed), all by lockdown",
        ),
        Errno::EINVAL if plan.physical => (errno, "off and len reach beyond the end of physical memory"),
        Errno::EOVERFLOW => (Errno::ENXIO, "off and len reach beyond what the object can address"),
        Errno::ENOMEM if fixed && plan.addr >= arch::user_space_end() => {
            (Errno::EINVAL, "addr lies outside user space")
        }
        Errno::EACCES if plan.prot & libc::PROT_EXEC != 0 => {
            (Errno::EPERM, "the target may not map this executable (PR_SET_MDWE, a security module)")
        }
        Errno::EPERM if plan.prot & libc::PROT_EXEC != 0 => {
            (errno, "the file lies on a file system mounted noexec, or is sealed")
        }
        Errno::EPERM => (errno, "the object is sealed against it (F_ADD_SEALS), or a security module forbids it"),
        Errno::EACCES => (errno, "the object is append-only, or a security module forbids it"),
        Errno::EAGAIN => (Errno::ENOMEM, "the target's limit of locked memory is reached (RLIMIT_MEMLOCK)"),
        Errno::ENOMEM => (
            errno,
            "no room: the target's address space, RLIMIT_AS, vm.max_map_count, or memory itself (for huge pages vm.nr_hugepages)",
        ),
        Errno::EEXIST => (errno, "MAP_FIXED_NOREPLACE: something is mapped in the range"),
        Errno::ENODEV => (errno, "the object behind the descriptor cannot be mapped"),
        Errno::EINVAL => (errno, "it has a flag, an alignment or an offset that the object does not take"),
        _ => (errno, ""),
    };
    Fault::new(says, Why::Kernel { call: "mmap()", errno, hint })
}

/// The call's errno for the errno of the target's munmap().
pub(crate) fn unmap_refused(errno: Errno) -> Fault {
    let hint = match errno {
        Errno::EINVAL => "the range reaches outside user space",
        Errno::ENOMEM => "splitting a mapping would exceed the target's number of mappings (vm.max_map_count)",
        Errno::EPERM => "a mapping in the range is sealed (mseal)",
        _ => "",
    };
    Fault::new(errno, Why::Kernel { call: "munmap()", errno, hint })
}

/// No kernel is configured with a higher vm.mmap_min_addr (CONFIG_DEFAULT_MMAP_MIN_ADDR).
const LOWEST_EVER: usize = 0x10000;

/// The next multiple of `page` (a power of two) from `n` up; none if that wraps.
pub(crate) fn round_up(n: usize, page: usize) -> Option<usize> {
    n.checked_add(page - 1).map(|n| n & !(page - 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use libc::{MAP_32BIT, MAP_HUGETLB, PROT_EXEC, PROT_NONE, PROT_READ, PROT_WRITE};
    use proptest::prelude::*;

    const PAGE: usize = 4096;
    const RW: c_int = PROT_READ | PROT_WRITE;
    const ORDINARY: FileFacts =
        FileFacts { readable: true, writable: true, directory: false, regular: true, plain: true };

    fn request() -> Request {
        Request { addr: 0, len: PAGE, prot: RW, flags: MAP_SHARED, fd: NOFD, off: 0 }
    }

    /// Sources of which one can be told.
    struct Told {
        file: Result<FileFacts, Errno>,
        physical: Result<Option<u64>, Errno>,
    }

    const TOLD: Told = Told { file: Ok(ORDINARY), physical: Ok(Some(1 << 30)) };

    impl Sources for Told {
        fn file_facts(&mut self, _: c_int) -> Result<FileFacts, Errno> {
            self.file
        }

        fn physical(&mut self, writable: bool, _: bool) -> Result<Physical, Fault> {
            let facts = FileFacts { writable, ..ORDINARY };
            self.physical.map(|size| Physical { fd: 77, facts, size }).map_err(|e| Fault::says(e, ""))
        }

        fn huge_page(&mut self, _: c_int, flags: c_int) -> Option<usize> {
            crate::flags::huge_page_size(flags).or(Some(1 << 21))
        }

        fn contiguous(&mut self, _: usize, shared: bool) -> Result<Contiguous, Fault> {
            let fd = shared.then_some((78, ORDINARY));
            Ok(Contiguous { fd, len: 1 << 21, flags: if shared { 0 } else { MAP_HUGETLB } })
        }
    }

    fn plan(r: Request) -> Result<MapPlan, Errno> {
        plan_map(&r, PAGE, &mut { TOLD }).map_err(|f| f.errno)
    }

    fn refused(r: Request) -> Errno {
        plan(r).expect_err("must be refused")
    }

    #[test]
    fn what_is_made_of_huge_pages_is_as_long_as_they_are() {
        let flags = MAP_SHARED | MAP_HUGETLB;
        assert_eq!(plan(Request { flags, ..request() }).unwrap().len, 1 << 21);
        assert_eq!(plan(Request { flags: flags | 16 << libc::MAP_HUGE_SHIFT, ..request() }).unwrap().len, 1 << 16);
        let file = Ok(FileFacts { plain: false, ..ORDINARY });
        let r = Request { fd: 5, flags: MAP_SHARED, len: (1 << 21) + 1, ..request() };
        assert_eq!(plan_map(&r, PAGE, &mut Told { file, ..TOLD }).unwrap().len, 2 << 21);
        assert_eq!(plan(r).unwrap().len, (1 << 21) + PAGE);
        assert_eq!(plan(Request { flags, len: usize::MAX - PAGE, ..request() }), Err(Errno::ENOMEM));
    }

    #[test]
    fn a_low_place_is_invalid_whatever_is_mapped() {
        let flags = MAP_SHARED | MAP_FIXED | MAP_PHYS;
        let low = plan(Request { addr: PAGE, flags, fd: NOFD, ..request() }).unwrap();
        assert_eq!(map_refused(&low, Errno::EPERM).errno, Errno::EINVAL);
        let high = MapPlan { addr: 0x10_0000, ..low };
        assert_eq!(map_refused(&high, Errno::EPERM).errno, Errno::EPERM);
    }

    #[test]
    fn no_descriptor_means_anonymous_and_keeps_the_type() {
        let p = plan(request()).unwrap();
        assert_eq!(p.flags, MAP_SHARED | MAP_ANONYMOUS);
        assert!(p.file.is_none());
        let p = plan(Request { flags: MAP_ANONYMOUS, ..request() }).unwrap();
        assert_eq!(p.flags, MAP_PRIVATE | MAP_ANONYMOUS);
    }

    #[test]
    fn the_sharing_type_is_one_of_two() {
        for flags in [0, MAP_SHARED | MAP_PRIVATE, MAP_SYSRAM, MAP_SYSRAM | MAP_SHARED, 8, 15, MAP_LAZY] {
            assert_eq!(refused(Request { flags, ..request() }), Errno::EINVAL, "{flags:#x}");
        }
    }

    #[test]
    fn the_first_fault_in_the_original_order_is_the_one_reported() {
        let all_wrong = Request { addr: 1, len: 0, prot: 0x4000, flags: MAP_SHARED | MAP_HANDLE, fd: -7, off: 0 };
        assert_eq!(refused(all_wrong), Errno::EINVAL);
        let handle = Request { len: 1, prot: 0, ..all_wrong };
        assert_eq!(refused(handle), Errno::ENOTSUP);
        assert_eq!(refused(Request { flags: MAP_SHARED, ..handle }), Errno::EBADF);
        assert_eq!(refused(Request { flags: MAP_SHARED | MAP_ANONYMOUS, ..handle }), Errno::EINVAL);
    }

    #[test]
    fn the_descriptor_must_suit() {
        let asked = |prot, flags, facts| {
            plan_map(&Request { prot, flags, fd: 3, ..request() }, PAGE, &mut Told { file: facts, ..TOLD })
                .map(|_| ())
                .map_err(|f| f.errno)
        };
        let read_only = Ok(FileFacts { writable: false, ..ORDINARY });
        let write_only = Ok(FileFacts { readable: false, ..ORDINARY });
        assert_eq!(asked(RW, MAP_SHARED, read_only), Err(Errno::EACCES));
        assert_eq!(asked(RW, MAP_PRIVATE, read_only), Ok(()));
        assert_eq!(asked(PROT_READ, MAP_SHARED, read_only), Ok(()));
        assert_eq!(asked(PROT_NONE, MAP_SHARED, write_only), Err(Errno::EACCES));
        assert_eq!(asked(RW, MAP_SHARED, Err(Errno::EBADF)), Err(Errno::EBADF));
        assert_eq!(asked(RW, MAP_SHARED, Ok(FileFacts { directory: true, ..ORDINARY })), Err(Errno::ENOTSUP));
        // Access is judged before the kind: a directory cannot be open for writing.
        assert_eq!(
            asked(RW, MAP_SHARED, Ok(FileFacts { directory: true, writable: false, ..ORDINARY })),
            Err(Errno::EACCES)
        );
    }

    #[test]
    fn physical_memory_is_the_callers_right_and_has_an_end() {
        const PHYS: c_int = MAP_PHYS | MAP_SHARED;
        let p = plan(Request { flags: PHYS, off: 0x1_2345, ..request() }).unwrap();
        assert_eq!((p.file.map(|f| f.0), p.off, p.shift, p.flags), (Some(77), 0x1_2000, 0x345, MAP_SHARED));
        assert_eq!(refused(Request { flags: PHYS, fd: 3, ..request() }), Errno::EINVAL);
        assert_eq!(refused(Request { flags: PHYS, off: (1 << 30) - 1, ..request() }), Errno::EINVAL);
        assert_eq!(refused(Request { flags: PHYS, off: u64::MAX, ..request() }), Errno::EINVAL);
        let denied = Request { flags: PHYS, fd: 3, off: u64::MAX, ..request() };
        let answer = plan_map(&denied, PAGE, &mut Told { physical: Err(Errno::EPERM), ..TOLD });
        assert_eq!(answer.map_err(|f| f.errno), Err(Errno::EPERM));
    }

    #[test]
    fn contiguous_memory_is_mapped_whole() {
        const PHYS: c_int = MAP_PHYS | MAP_ANONYMOUS;
        let p = plan(Request { flags: PHYS | MAP_SHARED, len: 3 * PAGE, ..request() }).unwrap();
        assert_eq!((p.file.map(|f| f.0), p.len, p.flags), (Some(78), 1 << 21, MAP_SHARED));
        let p = plan(Request { flags: PHYS, len: 3 * PAGE, ..request() }).unwrap();
        assert_eq!((p.file, p.len, p.flags), (None, 1 << 21, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB));
        // Not over what lies behind the range that was asked for.
        assert_eq!(refused(Request { flags: PHYS | MAP_FIXED, addr: 1 << 21, ..request() }), Errno::EINVAL);
        assert!(plan(Request { flags: PHYS | MAP_FIXED, addr: 1 << 21, len: 1 << 21, ..request() }).is_ok());
        assert_eq!(refused(Request { flags: PHYS | MAP_LAZY, ..request() }), Errno::EINVAL);
        assert_eq!(refused(Request { flags: PHYS | MAP_BELOW16M, ..request() }), Errno::ENOTSUP);
    }

    #[test]
    fn huge_page_sizes_need_their_flag() {
        assert_eq!(refused(Request { flags: MAP_SHARED | 21 << 26, ..request() }), Errno::EINVAL);
        let p = plan(Request { flags: MAP_SHARED | MAP_HUGETLB | 21 << 26, ..request() }).unwrap();
        assert_eq!(p.flags, MAP_SHARED | MAP_ANONYMOUS | MAP_HUGETLB | 21 << 26);
    }

    #[test]
    fn a_stack_has_its_guard_unless_fixed() {
        let stack = Request { flags: MAP_ANONYMOUS | MAP_STACK, len: 4 * PAGE, off: PAGE as u64, ..request() };
        assert_eq!(plan(stack).unwrap().after.guard, PAGE);
        assert_eq!(plan(Request { addr: 0x10000, flags: stack.flags | MAP_FIXED, ..stack }).unwrap().after.guard, 0);
        assert_eq!(refused(Request { off: 4 * PAGE as u64, ..stack }), Errno::EINVAL);
        assert_eq!(refused(Request { flags: MAP_SHARED | MAP_STACK, ..stack }), Errno::EINVAL);
    }

    #[test]
    fn linux_flags_pass_and_ours_do_not() {
        let flags = MAP_PRIVATE | MAP_32BIT | MAP_NOX64K | MAP_BELOW16M | MAP_LAZY;
        let p = plan(Request { flags, prot: PROT_EXEC | PROT_NOCACHE, ..request() }).unwrap();
        assert_eq!(p.flags, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT | libc::MAP_NORESERVE);
        assert_eq!(p.prot, PROT_EXEC);
    }

    #[test]
    fn the_kernel_s_errno_is_said_in_qnx_terms() {
        let p = plan(Request { addr: 0x1000, flags: MAP_PRIVATE | MAP_FIXED, ..request() }).unwrap();
        assert_eq!(map_refused(&p, Errno::EPERM).errno, Errno::EINVAL);
        assert_eq!(map_refused(&p, Errno::EOVERFLOW).errno, Errno::ENXIO);
        assert_eq!(map_refused(&p, Errno::EAGAIN).errno, Errno::ENOMEM);
        assert_eq!(map_refused(&p, Errno::EACCES).errno, Errno::EACCES);
        assert_eq!(map_refused(&MapPlan { prot: PROT_EXEC, ..p }, Errno::EACCES).errno, Errno::EPERM);
        assert_eq!(map_refused(&p, Errno::ENOMEM).errno, Errno::ENOMEM);
        assert_eq!(map_refused(&MapPlan { addr: arch::user_space_end(), ..p }, Errno::ENOMEM).errno, Errno::EINVAL);
    }

    #[test]
    fn unmapping_rounds_outwards_and_ends_in_user_space() {
        assert_eq!(plan_unmap(PAGE + 1, 1, PAGE).unwrap(), UnmapPlan { addr: PAGE, len: PAGE });
        assert_eq!(plan_unmap(PAGE + 1, PAGE, PAGE).unwrap(), UnmapPlan { addr: PAGE, len: 2 * PAGE });
        for (addr, len) in [(0, 0), (PAGE, usize::MAX), (usize::MAX, 1), (usize::MAX, usize::MAX), (0, usize::MAX)] {
            assert_eq!(plan_unmap(addr, len, PAGE).map_err(|f| f.errno), Err(Errno::EINVAL), "{addr:#x} {len:#x}");
        }
    }

    proptest! {
        /// Whatever is asked for, a plan is whole pages that hold exactly what was asked for.
        #[test]
        fn a_plan_covers_the_request(addr: usize, len in 1usize.., off: u64, fixed: bool, file: bool, private: bool) {
            let flags = if fixed { MAP_FIXED } else { 0 } | if private { MAP_PRIVATE } else { MAP_SHARED };
            let r = Request { addr, len, flags, fd: if file { 3 } else { NOFD }, off, ..request() };
            if let Ok(p) = plan(r) {
                prop_assert_eq!((p.addr % PAGE, p.len % PAGE, p.off as usize % PAGE), (0, 0, 0));
                prop_assert!(p.shift < PAGE && p.len >= len && p.len - p.shift >= len);
                prop_assert!(p.len - PAGE < len + p.shift);
                if file {
                    prop_assert_eq!(p.off + p.shift as u64, off);
                }
                if fixed {
                    prop_assert_eq!(p.addr + p.shift, addr);
                }
            }
        }

        #[test]
        fn an_unmapping_covers_its_range(addr: usize, len in 1usize..) {
            if let Ok(p) = plan_unmap(addr, len, PAGE) {
                prop_assert!(p.addr <= addr && p.addr % PAGE == 0 && p.len % PAGE == 0);
                prop_assert!(p.addr + p.len >= addr + len.min(usize::MAX - addr));
            }
        }

        #[test]
        fn no_argument_can_make_planning_panic(addr: usize, len: usize, prot: i32, flags: i32, fd: i32, off: u64) {
            let _ = plan_map(&Request { addr, len, prot, flags, fd, off }, PAGE, &mut { TOLD });
            let _ = plan_unmap(addr, len, PAGE);
        }
    }
}
