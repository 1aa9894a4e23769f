// SPDX-License-Identifier: MIT OR Apache-2.0
//! Where physical memory comes from: /dev/mem or the file that stands in for it
//! (MMAN_PEER_PHYSMEM), opened by the caller, whose right it is that counts;
//! and memory that is contiguous: a DMA heap over CMA, or one huge page.
//!
//! What it opens is the caller's until the call ends. It maps nothing.

use crate::env;
use crate::errno::Errno;
use crate::fault::{Fault, Why};
use crate::procfs;
use crate::request::{Contiguous, FileFacts, Physical};
use crate::sys::{self, Descriptor};
use libc::c_int;

const DEV_MEM: &[u8] = b"/dev/mem\0";

/// Opens physical memory. `uncached` asks for PROT_NOCACHE, which for
/// /dev/mem is O_SYNC (`phys_mem_access_prot`).
pub(crate) fn open(writable: bool, uncached: bool) -> Result<(Descriptor, Physical), Fault> {
    let stand_in = env::physmem();
    let access = if writable { libc::O_RDWR } else { libc::O_RDONLY };
    let sync = if uncached && stand_in.is_none() { libc::O_SYNC } else { 0 };
    let file = sys::open(stand_in.unwrap_or(DEV_MEM), access | sync).map_err(|errno| {
        let says = match errno {
            Errno::EACCES => Errno::EPERM,
            Errno::ENOENT | Errno::ENXIO => Errno::ENODEV,
            other => other,
        };
        Fault::new(says, Why::PhysicalMemory { errno, stand_in: stand_in.is_some() })
    })?;
    let fd = file.number();
    let stat = sys::fstat(fd).map_err(|errno| Fault::new(errno, Why::Descriptor { fd, says: "cannot be asked" }))?;
    let regular = stat.st_mode & libc::S_IFMT == libc::S_IFREG;
    let plain = regular && sys::huge_page_of(fd).is_none();
    let facts = FileFacts { readable: true, writable, directory: false, regular, plain };
    // Where /dev/mem ends only its mmap() knows.
    let size = stand_in.is_some().then_some(stat.st_size as u64);
    Ok((file, Physical { fd, facts, size }))
}

/// Finds contiguous memory of at least `len` bytes.
pub(crate) fn contiguous(len: usize, shared: bool) -> Result<(Option<Descriptor>, Contiguous), Fault> {
    if shared {
        if let Some(file) = from_dma_heap(len) {
            let fd = file.number();
            return Ok((Some(file), Contiguous { fd: Some((fd, HEAP_FACTS)), len, flags: 0 }));
        }
    }
    let size = huge_page_for(len)?;
    let shift = (size.trailing_zeros() as c_int) << libc::MAP_HUGE_SHIFT;
    if !shared {
        return Ok((None, Contiguous { fd: None, len: size, flags: libc::MAP_HUGETLB | shift }));
    }
    let made = sys::memfd(b"mman_peer-contiguous\0", libc::MFD_CLOEXEC | libc::MFD_HUGETLB | shift as u32, size);
    let file = made.map_err(|_| Fault::new(Errno::ENOMEM, Why::NotContiguous { len, huge_page: size }))?;
    let fd = file.number();
    Ok((Some(file), Contiguous { fd: Some((fd, HEAP_FACTS)), len: size, flags: 0 }))
}

/// The smallest huge page that holds so much, and of which one is free.
pub(crate) fn huge_page_for(len: usize) -> Result<usize, Fault> {
    let (mut fitting, mut free) = (None, None);
    procfs::each_huge_page_size(|kib, available| {
        let size = kib * 1024;
        if size >= len && fitting.is_none_or(|smallest| size < smallest) {
            fitting = Some(size);
        }
        if size >= len && available && free.is_none_or(|smallest| size < smallest) {
            free = Some(size);
        }
    });
    free.ok_or(Fault::new(Errno::ENOMEM, Why::NotContiguous { len, huge_page: fitting.unwrap_or(0) }))
}

/// Neither to be opened again by name, nor placed as ordinary memory is.
const HEAP_FACTS: FileFacts =
    FileFacts { readable: true, writable: true, directory: false, regular: false, plain: false };

/// A buffer of a DMA heap that is laid over a contiguous area (CMA). The names
/// changed with Linux 6.17.
fn from_dma_heap(len: usize) -> Option<Descriptor> {
    const HEAPS: [&[u8]; 4] = [
        b"/dev/dma_heap/default_cma_region\0",
        b"/dev/dma_heap/linux,cma\0",
        b"/dev/dma_heap/reserved\0",
        b"/dev/dma_heap/default-pool\0",
    ];
    HEAPS
        .iter()
        .filter_map(|name| sys::open(name, libc::O_RDONLY).ok())
        .find_map(|heap| sys::allocate_from(&heap, len).ok())
}

/// Whether a file that a process has mapped is the one physical memory comes from.
pub(crate) fn is_physical_memory(device: u64, inode: u64) -> bool {
    let name = env::physmem().unwrap_or(DEV_MEM);
    sys::stat(name).is_ok_and(|st| (st.st_dev, st.st_ino) == (device, inode))
}
