// SPDX-License-Identifier: MIT OR Apache-2.0
//! Files: opened, read and asked about, by raw calls. A descriptor of ours is
//! closed when its value is dropped.

use super::call;
use crate::arch;
use crate::errno::Errno;
use core::mem::MaybeUninit;
use libc::c_int;

/// A descriptor of the calling process, closed when dropped. Closing is a raw
/// call: libc's close() is a cancellation point.
#[derive(Debug)]
pub(crate) struct Descriptor(pub(super) c_int);

impl Descriptor {
    pub fn number(&self) -> c_int {
        self.0
    }
}

impl Descriptor {
    /// The number alone: the descriptor stays open.
    pub fn keep(self) -> c_int {
        core::mem::ManuallyDrop::new(self).0
    }

    /// A descriptor that was kept.
    pub fn kept(number: c_int) -> Descriptor {
        Descriptor(number)
    }
}

impl Drop for Descriptor {
    fn drop(&mut self) {
        // SAFETY: the number is ours by construction.
        let _ = unsafe { call!(libc::SYS_close, self.0) };
    }
}

/// open(2) of an existing file, close-on-exec. `path` ends with a NUL.
pub(crate) fn open(path: &[u8], flags: c_int) -> Result<Descriptor, Errno> {
    debug_assert_eq!(path.last(), Some(&0));
    let flags = flags | libc::O_CLOEXEC | arch::O_LARGEFILE;
    // SAFETY: path is a NUL-terminated string that outlives the call.
    unsafe { call!(libc::SYS_openat, libc::AT_FDCWD, path.as_ptr(), flags) }.map(|fd| Descriptor(fd as c_int))
}

pub(crate) fn read(fd: &Descriptor, into: &mut [u8]) -> Result<usize, Errno> {
    // SAFETY: the buffer is writable for its length.
    unsafe { call!(libc::SYS_read, fd.0, into.as_mut_ptr(), into.len()) }
}

/// pread(2).
pub(crate) fn read_at(fd: &Descriptor, into: &mut [u8], offset: u64) -> Result<usize, Errno> {
    let [low, high] = arch::offset_words(offset);
    // SAFETY: the buffer is writable for its length.
    unsafe { call!(libc::SYS_pread64, fd.0, into.as_mut_ptr(), into.len(), low, high) }
}

/// fallocate(2): a file in memory gets its pages, which are not zeroed before
/// somebody reads what was not written (`shmem_fallocate`).
pub(crate) fn allocate_range(fd: c_int, offset: u64, len: u64) -> Result<(), Errno> {
    fallocate(fd, 0, offset, len)
}

fn fallocate(fd: c_int, how: c_int, offset: u64, len: u64) -> Result<(), Errno> {
    let [from, from_high] = arch::offset_words(offset);
    let [size, size_high] = arch::offset_words(len);
    // SAFETY: no pointers.
    unsafe {
        match usize::BITS {
            64 => call!(libc::SYS_fallocate, fd, how, from, size),
            _ => call!(libc::SYS_fallocate, fd, how, from, from_high, size, size_high),
        }
    }
    .map(|_| ())
}

/// pwrite(2), the whole of it.
pub(crate) fn write_at(fd: c_int, from: &[u8], offset: u64) -> Result<(), Errno> {
    let mut done = 0;
    while let Some(rest) = from.get(done..).filter(|rest| !rest.is_empty()) {
        let [low, high] = arch::offset_words(offset + done as u64);
        // SAFETY: the buffer is readable for its length.
        match unsafe { call!(libc::SYS_pwrite64, fd, rest.as_ptr(), rest.len(), low, high) } {
            Ok(0) => return Err(Errno::EIO),
            Ok(n) => done += n,
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}

/// Likewise, into a mapping that the call in hand has just made.
pub(crate) fn read_into_own(fd: &Descriptor, at: usize, len: usize, offset: u64) -> Result<usize, Errno> {
    let [low, high] = arch::offset_words(offset);
    // SAFETY: the kernel checks the range; nobody has a reference into it yet.
    unsafe { call!(libc::SYS_pread64, fd.0, at, len, low, high) }
}

pub(crate) fn getdents64(fd: &Descriptor, into: &mut [u8]) -> Result<usize, Errno> {
    // SAFETY: the buffer is writable for its length.
    unsafe { call!(libc::SYS_getdents64, fd.0, into.as_mut_ptr(), into.len()) }
}

/// One write(2) to standard error; a short or failed write is not repeated.
pub(crate) fn write_stderr(text: &[u8]) {
    // SAFETY: the buffer is readable for its length.
    let _ = unsafe { call!(libc::SYS_write, libc::STDERR_FILENO, text.as_ptr(), text.len()) };
}

/// The status flags of a descriptor (F_GETFL), among them its access mode.
pub(crate) fn status_flags(fd: c_int) -> Result<c_int, Errno> {
    // SAFETY: F_GETFL takes no pointer.
    unsafe { call!(libc::SYS_fcntl, fd, libc::F_GETFL, 0) }.map(|v| v as c_int)
}

/// Who has a record lock that is in the way of a lock on the whole file (F_GETLK):
/// nobody, a process, or -1 for a lock of an open file. Those of the table of
/// descriptors that asks are not in its way.
pub(crate) fn record_lock(fd: c_int) -> Result<Option<i32>, Errno> {
    // SAFETY: integers only, for which all zeros are good.
    let mut lock: libc::flock64 = unsafe { MaybeUninit::zeroed().assume_init() };
    lock.l_type = libc::F_WRLCK as _;
    lock.l_whence = libc::SEEK_SET as _;
    // SAFETY: lock is the structure that this command reads and fills.
    unsafe { call!(arch::FCNTL, fd, arch::GETLK, &raw mut lock) }?;
    Ok((lock.l_type != libc::F_UNLCK as _).then_some(lock.l_pid))
}

pub(crate) fn fstat(fd: c_int) -> Result<arch::Stat, Errno> {
    let mut st = MaybeUninit::<arch::Stat>::zeroed();
    // SAFETY: st is writable, and the structure that this call fills.
    unsafe { call!(arch::FSTAT, fd, st.as_mut_ptr()) }?;
    // SAFETY: zeroed, then filled by the kernel.
    Ok(unsafe { st.assume_init() })
}

const HUGETLBFS_MAGIC: u32 = 0x9584_58f6;

fn statfs(fd: c_int) -> Result<libc::statfs, Errno> {
    let mut st = MaybeUninit::<libc::statfs>::zeroed();
    // SAFETY: st is writable for a struct statfs.
    unsafe { call!(libc::SYS_fstatfs, fd, st.as_mut_ptr()) }?;
    // SAFETY: zeroed, then filled by the kernel.
    Ok(unsafe { st.assume_init() })
}

/// Whether a descriptor is of a file on the file system of that magic number.
pub(super) fn is_on(file: &Descriptor, magic: u32) -> bool {
    statfs(file.0).is_ok_and(|st| st.f_type as u32 == magic)
}

/// The size of a huge page, for a file of hugetlbfs.
pub(crate) fn huge_page_of(fd: c_int) -> Option<usize> {
    statfs(fd).ok().filter(|st| st.f_type as u32 == HUGETLBFS_MAGIC).map(|st| st.f_bsize as usize)
}

/// Whether a file's record locks are the kernel's own affair, by the type of its file
/// system: one with a lock operation of its own (FUSE, NFS, SMB, 9p, Ceph, those of
/// clusters) may ask somebody who never answers. What is not in the list may be such a one.
pub(crate) fn has_plain_locks(fd: c_int) -> bool {
    const PLAIN: [u32; 19] = [
        0x0102_1994, // tmpfs, memfds, devtmpfs
        0x8584_58f6, // ramfs
        HUGETLBFS_MAGIC,
        0x5345_434d, // secretmem
        0xef53,      // ext2, ext3, ext4
        0x5846_5342, // xfs
        0x9123_683e, // btrfs
        0x794c_7630, // overlayfs
        0xf2f5_2010, // f2fs
        0x2fc1_2fc1, // zfs
        0xca45_1a4e, // bcachefs
        0x4d44,      // vfat
        0x2011_bab0, // exfat
        0x7366_746e, // ntfs3
        0x9660,      // iso9660
        0x7371_7368, // squashfs
        0xe0f5_e1e2, // erofs
        0x9fa0,      // proc
        0x6265_6572, // sysfs
    ];
    statfs(fd).is_ok_and(|st| PLAIN.contains(&(st.f_type as u32)))
}

/// Whether a file is in memory or on a block device, asked without asking its file
/// system: one that a program plays (fuse(4)) may not answer, and statfs(2) and
/// fstat(2) would wait for it.
pub(crate) fn is_in_memory_or_on_disk(file: &Descriptor) -> bool {
    // SAFETY: F_GET_SEALS takes no pointer.
    if unsafe { call!(libc::SYS_fcntl, file.0, libc::F_GET_SEALS, 0) }.is_ok() {
        return true;
    }
    let mut st = MaybeUninit::<libc::statx>::zeroed();
    let as_known = libc::AT_EMPTY_PATH | libc::AT_STATX_DONT_SYNC;
    // SAFETY: the path is an empty string; st is writable, and what this call fills.
    let asked = unsafe { call!(libc::SYS_statx, file.0, c"".as_ptr(), as_known, libc::STATX_TYPE, st.as_mut_ptr()) };
    // SAFETY: zeroed, then filled by the kernel.
    asked.is_ok() && unsafe { st.assume_init() }.stx_dev_major != 0
}

/// stat(2).
pub(crate) fn stat(path: &[u8]) -> Result<arch::Stat, Errno> {
    debug_assert_eq!(path.last(), Some(&0));
    let mut st = MaybeUninit::<arch::Stat>::zeroed();
    // SAFETY: path is a NUL-terminated string; st is writable, and what this call fills.
    unsafe { call!(arch::FSTATAT, libc::AT_FDCWD, path.as_ptr(), st.as_mut_ptr(), 0) }?;
    // SAFETY: zeroed, then filled by the kernel.
    Ok(unsafe { st.assume_init() })
}

/// Whether there is something of that name, be it a link to nothing.
pub(crate) fn is_there(path: &[u8]) -> bool {
    debug_assert_eq!(path.last(), Some(&0));
    let mut st = MaybeUninit::<arch::Stat>::zeroed();
    let no_follow = libc::AT_SYMLINK_NOFOLLOW;
    // SAFETY: path is a NUL-terminated string; st is writable, and what this call fills.
    unsafe { call!(arch::FSTATAT, libc::AT_FDCWD, path.as_ptr(), st.as_mut_ptr(), no_follow) }.is_ok()
}

/// What a symbolic link says, as far as there is room.
pub(crate) fn read_link<'b>(link: &[u8], buffer: &'b mut [u8]) -> Result<&'b [u8], Errno> {
    debug_assert_eq!(link.last(), Some(&0));
    let (to, room) = (buffer.as_mut_ptr(), buffer.len());
    // SAFETY: link is a NUL-terminated string; the buffer is writable for its length.
    let len = unsafe { call!(libc::SYS_readlinkat, libc::AT_FDCWD, link.as_ptr(), to, room) }?;
    Ok(buffer.get(..len).unwrap_or_default())
}

/// The path that a link of /proc names, below `root`, with a NUL; none if it is
/// no path, or its file has been removed.
pub(crate) fn link_target<'b>(link: &[u8], root: &[u8], buffer: &'b mut [u8]) -> Option<&'b [u8]> {
    debug_assert_eq!(link.last(), Some(&0));
    buffer.get_mut(..root.len())?.copy_from_slice(root);
    let room = buffer.get_mut(root.len()..)?;
    // SAFETY: link is a NUL-terminated string; the room is writable for its length.
    let len =
        unsafe { call!(libc::SYS_readlinkat, libc::AT_FDCWD, link.as_ptr(), room.as_mut_ptr(), room.len()) }.ok()?;
    let path = room.get(..len)?;
    if !path.starts_with(b"/") || path.ends_with(b" (deleted)") {
        return None;
    }
    *room.get_mut(len)? = 0;
    buffer.get(..root.len() + len + 1)
}

/// A file in memory, of that size.
pub(crate) fn memfd(name: &[u8], flags: u32, size: usize) -> Result<Descriptor, Errno> {
    debug_assert_eq!(name.last(), Some(&0));
    // SAFETY: name is a NUL-terminated string that outlives the call.
    let fd = unsafe { call!(libc::SYS_memfd_create, name.as_ptr(), flags) }?;
    let file = Descriptor(fd as c_int);
    if size > 0 {
        set_size(&file, size as u64)?;
    }
    Ok(file)
}

const SIZE_SEALS: c_int = libc::F_SEAL_SHRINK | libc::F_SEAL_GROW;

/// The size of a file in memory stays what it is.
pub(crate) fn seal_size(file: &Descriptor) -> Result<(), Errno> {
    // SAFETY: F_ADD_SEALS takes no pointer.
    unsafe { call!(libc::SYS_fcntl, file.0, libc::F_ADD_SEALS, SIZE_SEALS | libc::F_SEAL_SEAL) }.map(|_| ())
}

/// What was asked for of a file that `shared_object` has made; nothing of another. Its
/// size stays, by its seals; that it was made so is for its name to tell.
pub(crate) fn len_of_shared_object(file: &Descriptor) -> Option<u64> {
    let size = fstat(file.0).ok().filter(|_| has_size_seals(file))?.st_size as u64;
    Some(size.checked_sub(ROOM).filter(|&len| len > 0).unwrap_or(size))
}

/// Behind what was asked for.
const ROOM: u64 = 1 << 40;

/// The first byte of a file from an offset on that is no hole (lseek(2)); none, if there
/// is none. With 32 bits every byte is.
pub(crate) fn next_data(file: &Descriptor, offset: u64) -> Result<Option<u64>, Errno> {
    if usize::BITS != 64 {
        let size = fstat(file.0)?.st_size as u64;
        return Ok(Some(offset).filter(|&at| at < size));
    }
    // SAFETY: no pointers.
    match unsafe { call!(libc::SYS_lseek, file.0, offset, libc::SEEK_DATA) } {
        Ok(at) => Ok(Some(at as u64)),
        Err(Errno::ENXIO) => Ok(None),
        Err(errno) => Err(errno),
    }
}

/// Makes a hole: what was there reads zero.
pub(crate) fn punch_range(fd: c_int, offset: u64, len: u64) -> Result<(), Errno> {
    let how = libc::FALLOC_FL_PUNCH_HOLE | libc::FALLOC_FL_KEEP_SIZE;
    fallocate(fd, how, offset, len)
}

fn has_size_seals(file: &Descriptor) -> bool {
    // SAFETY: F_GET_SEALS takes no pointer.
    let seals = unsafe { call!(libc::SYS_fcntl, file.0, libc::F_GET_SEALS, 0) };
    seals.is_ok_and(|seals| seals as c_int & SIZE_SEALS == SIZE_SEALS)
}

/// Whether it is a file in memory of that size, and stays so.
pub(crate) fn has_sealed_size(file: &Descriptor, size: usize) -> bool {
    has_size_seals(file) && fstat(file.0).is_ok_and(|st| st.st_size as u64 == size as u64)
}

/// A file in memory that nobody can shrink, or make executable, and that only
/// its owner may open again. It is far larger than `len` where the process may
/// have such files: a mapping of it that its program enlarges (mremap, as
/// realloc() does) has memory behind it. What nobody touches takes no room.
pub(crate) fn shared_object(name: &[u8], len: usize) -> Result<Descriptor, Errno> {
    /// Since Linux 6.3; it allows sealing, too.
    const MFD_NOEXEC_SEAL: u32 = 8;
    let made = memfd(name, libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL, 0);
    let file = match made {
        Err(Errno::EINVAL) => memfd(name, libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING, 0)?,
        made => made?,
    };
    let room = if usize::BITS == 64 && largest_file() == u64::MAX { ROOM } else { 0 };
    set_size(&file, len as u64 + room)?;
    // SAFETY: no pointers.
    unsafe { call!(libc::SYS_fchmod, file.0, 0o600) }?;
    seal_size(&file)?;
    Ok(file)
}

/// ioctl(2) with a structure that it reads or fills.
pub(crate) fn ioctl<T>(fd: &Descriptor, request: u32, with: &mut T) -> Result<(), Errno> {
    // SAFETY: callers pass the structure that the request names by its size.
    unsafe { call!(libc::SYS_ioctl, fd.0, request, &raw mut *with) }.map(|_| ())
}

/// RLIMIT_FSIZE; all ones for no limit.
fn largest_file() -> u64 {
    let mut limit = [0u64; 2];
    // SAFETY: the limit is two words of 64 bits, of any process.
    let asked = unsafe { call!(libc::SYS_prlimit64, 0, libc::RLIMIT_FSIZE, 0, limit.as_mut_ptr()) };
    let [soft, _] = limit;
    if asked.is_ok() {
        soft
    } else {
        0
    }
}

/// ftruncate(2); EFBIG beyond RLIMIT_FSIZE, which the kernel would answer with
/// SIGXFSZ, for a file in memory, too (`inode_newsize_ok`).
pub(crate) fn set_size(fd: &Descriptor, size: u64) -> Result<(), Errno> {
    if size > largest_file() {
        return Err(Errno::EFBIG);
    }
    let [low, high] = arch::offset_words(size);
    // SAFETY: no pointers.
    unsafe { call!(arch::FTRUNCATE, fd.0, low, high) }.map(|_| ())
}

/// A buffer from a DMA heap (include/uapi/linux/dma-heap.h).
pub(crate) fn allocate_from(heap: &Descriptor, len: usize) -> Result<Descriptor, Errno> {
    #[repr(C)]
    struct Allocation {
        len: u64,
        fd: u32,
        fd_flags: u32,
        heap_flags: u64,
    }
    const DMA_HEAP_IOCTL_ALLOC: u32 = 0xc018_4800;
    let mut wanted =
        Allocation { len: len as u64, fd: 0, fd_flags: (libc::O_RDWR | libc::O_CLOEXEC) as u32, heap_flags: 0 };
    // SAFETY: the request reads and writes one Allocation.
    unsafe { call!(libc::SYS_ioctl, heap.0, DMA_HEAP_IOCTL_ALLOC, &raw mut wanted) }?;
    Ok(Descriptor(wanted.fd as c_int))
}
