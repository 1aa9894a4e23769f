// SPDX-License-Identifier: MIT OR Apache-2.0
//! Readers of /proc that need no heap: each opens one file, reads it through a
//! small buffer on the stack, and closes it.
//!
//! They report what the kernel says of a task; what follows from it is
//! decided elsewhere. Formats: proc(5).

use crate::arch::{self, SleepsIn, Start};
use crate::errno::Errno;
use crate::sys::{self, Descriptor, SignalSet, Tid};
use core::sync::atomic::{AtomicI32, Ordering};

/// Room for every path here, to whole words.
const PATH_ROOM: usize = 96;

/// A path below /proc, built without a heap: "/proc/NUMBER/rest" and a NUL. The
/// calling process's own is "/proc/self/rest", whatever numbers are used there.
pub(crate) struct Path {
    bytes: [u8; PATH_ROOM],
    len: usize,
}

impl Path {
    fn of(task: i32, rest: &str) -> Path {
        let mut path = Path::empty();
        path.push(b"/proc/");
        if task == sys::getpid() {
            path.push(b"self");
        } else {
            path.push_number(task);
        }
        path.push(b"/");
        path.push(rest.as_bytes());
        path.push(&[0]);
        path
    }

    const fn empty() -> Path {
        Path { bytes: [0; PATH_ROOM], len: 0 }
    }

    fn and_number(mut self, number: i32) -> Path {
        self.len -= 1; // the NUL
        self.push_number(number);
        self.push(&[0]);
        self
    }

    fn push_number(&mut self, number: i32) {
        let mut digits = [0u8; 10];
        let mut at = digits.len();
        let mut n = number.unsigned_abs();
        loop {
            at -= 1;
            digits[at] = b'0' + (n % 10) as u8;
            n /= 10;
            if n == 0 {
                break;
            }
        }
        self.push(&digits[at..]);
    }

    fn push_hex(&mut self, number: usize) {
        let digits = (usize::BITS - number.leading_zeros()).div_ceil(4).max(1);
        for place in (0..digits).rev() {
            let digit = (number >> (4 * place)) & 15;
            self.push(&[b"0123456789abcdef"[digit]]);
        }
    }

    fn push(&mut self, part: &[u8]) {
        // Every path above fits: "/proc/2147483647/" and a short name.
        for &byte in part {
            if let Some(place) = self.bytes.get_mut(self.len) {
                *place = byte;
                self.len += 1;
            }
        }
    }

    pub fn terminated(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    pub fn bytes_before_nul(&self) -> &[u8] {
        &self.bytes[..self.len.saturating_sub(1)]
    }

    /// With zeros behind the NUL, to whole words.
    pub fn padded(&self) -> &[u8] {
        &self.bytes[..self.len.next_multiple_of(8)]
    }

    fn open(&self) -> Result<Descriptor, Errno> {
        sys::open(self.terminated(), libc::O_RDONLY)
    }
}

fn open(task: i32, name: &str) -> Result<Descriptor, Errno> {
    Path::of(task, name).open()
}

/// Reads a small file whole: such a file of /proc comes in one read.
fn read_into<'b>(fd: &Descriptor, buffer: &'b mut [u8]) -> Result<&'b [u8], Errno> {
    let len = sys::read(fd, buffer)?;
    Ok(&buffer[..len])
}

/// Calls `each` with the first 127 bytes of each line; it says false to end.
fn each_line(fd: &Descriptor, mut each: impl FnMut(&[u8]) -> bool) -> Result<(), Errno> {
    let mut chunk = [0u8; 1024];
    let mut line = [0u8; 127];
    let mut len = 0;
    loop {
        let n = sys::read(fd, &mut chunk)?;
        if n == 0 {
            return Ok(());
        }
        for &byte in &chunk[..n] {
            if byte != b'\n' {
                if let Some(place) = line.get_mut(len) {
                    *place = byte;
                    len += 1;
                }
            } else {
                if !each(&line[..len]) {
                    return Ok(());
                }
                len = 0;
            }
        }
    }
}

/// The number at the start of `text`, after blanks.
fn number(text: &[u8]) -> Option<i64> {
    let mut digits = text.iter().copied().skip_while(|b| b.is_ascii_whitespace()).peekable();
    let negative = digits.next_if_eq(&b'-').is_some();
    digits.peek().filter(|b| b.is_ascii_digit())?;
    let value = digits
        .take_while(u8::is_ascii_digit)
        .try_fold(0i64, |n, d| n.checked_mul(10)?.checked_add(i64::from(d - b'0')))?;
    Some(if negative { -value } else { value })
}

/// The hexadecimal number at the start of `text` (with or without 0x), and the rest.
fn hex(text: &[u8]) -> Option<(u64, &[u8])> {
    let text = text.strip_prefix(b"0x").unwrap_or(text);
    let len = text.iter().take_while(|b| b.is_ascii_hexdigit()).count();
    if len == 0 || len > 16 {
        return None;
    }
    let value = text[..len].iter().fold(0u64, |n, &b| n << 4 | u64::from((b as char).to_digit(16).unwrap_or(0)));
    Some((value, &text[len..]))
}

/// An address or a word of a task. Of a wider task than we are the last
/// address stands for all that we have none for.
fn address(value: u64) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}

// ---- status ---------------------------------------------------------------

/// What /proc/TID/status says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Status {
    /// R, S, D, T, t, Z, X ...
    pub state: u8,
    pub tgid: i32,
    pub tracer: i32,
    pub ruid: u32,
    pub euid: u32,
    pub egid: u32,
    pub pending: SignalSet,
    pub blocked: SignalSet,
    pub ignored: SignalSet,
    /// With a handler.
    pub caught: SignalSet,
    pub seccomp: u8,
}

pub(crate) fn status(tid: Tid) -> Result<Status, Errno> {
    let mut status = Status::default();
    each_line(&open(tid.0, "status")?, |line| {
        status.take_line(line);
        // Seccomp stands behind all the others.
        !line.starts_with(b"Seccomp:")
    })?;
    Ok(status)
}

fn signals(value: &[u8]) -> SignalSet {
    hex(value.trim_ascii_start()).map_or(0, |(set, _)| set)
}

impl Status {
    fn take_line(&mut self, line: &[u8]) {
        let Some(colon) = line.iter().position(|&b| b == b':') else { return };
        let (name, value) = (&line[..colon], &line[colon + 1..]);
        let integer = number(value).unwrap_or(0);
        match name {
            b"State" => self.state = value.iter().copied().find(u8::is_ascii_alphabetic).unwrap_or(0),
            b"Tgid" => self.tgid = integer as i32,
            b"TracerPid" => self.tracer = integer as i32,
            b"Uid" => {
                // Real, effective, saved, file system.
                let effective = value.split(|&b| b == b'\t').nth(2).and_then(number);
                self.ruid = integer as u32;
                self.euid = effective.unwrap_or(integer) as u32;
            }
            b"Gid" => {
                let effective = value.split(|&b| b == b'\t').nth(2).and_then(number);
                self.egid = effective.unwrap_or(integer) as u32;
            }
            b"SigPnd" | b"ShdPnd" => self.pending |= signals(value),
            b"SigBlk" => self.blocked = signals(value),
            b"SigIgn" => self.ignored = signals(value),
            b"SigCgt" => self.caught = signals(value),
            b"Seccomp" => self.seccomp = integer as u8,
            _ => {}
        }
    }

    pub fn ended(&self) -> bool {
        matches!(self.state, b'Z' | b'X')
    }
}

// ---- stat -----------------------------------------------------------------

/// What /proc/TID/stat says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stat {
    pub state: u8,
    pub parent: i32,
    /// PF_ flags (include/linux/sched.h).
    pub flags: u32,
    /// Clock ticks after boot.
    pub start_time: u64,
}

const PF_EXITING: u32 = 0x4;
const PF_IO_WORKER: u32 = 0x10;
const PF_USER_WORKER: u32 = 0x4000;
const PF_KTHREAD: u32 = 0x0020_0000;

impl Stat {
    fn parse(text: &[u8]) -> Option<Stat> {
        // The second field is the name in brackets, which may hold anything.
        let after_name = text.iter().rposition(|&b| b == b')')? + 2;
        let mut fields = text.get(after_name..)?.split(|&b| b == b' ');
        let state = *fields.next()?.first()?;
        let parent = number(fields.next()?)? as i32;
        let flags = number(fields.nth(4)?)? as u32; // field 9
        let start_time = number(fields.nth(12)?)? as u64; // field 22
        Some(Stat { state, parent, flags, start_time })
    }

    /// A thread that never reaches user mode, or never again.
    pub fn never_in_user_mode(&self) -> bool {
        self.flags & (PF_IO_WORKER | PF_USER_WORKER | PF_EXITING) != 0
    }

    pub fn ending(&self) -> bool {
        self.flags & PF_EXITING != 0
    }

    pub fn kernel_thread(&self) -> bool {
        self.flags & PF_KTHREAD != 0
    }
}

pub(crate) fn stat(tid: Tid) -> Result<Stat, Errno> {
    let mut buffer = [0u8; 768];
    Stat::parse(read_into(&open(tid.0, "stat")?, &mut buffer)?).ok_or(Errno::EIO)
}

// ---- syscall --------------------------------------------------------------

fn parse_syscall(text: &[u8]) -> Option<SleepsIn> {
    // "running", "-1 0xSP 0xPC", or "NR 0xA0 ... 0xA5 0xSP 0xPC"
    let number = number(text).filter(|&n| n >= 0)?;
    let mut words = text.split(|&b| b == b' ').skip(1);
    let mut arguments = [0; 6];
    for argument in &mut arguments {
        *argument = address(hex(words.next()?)?.0);
    }
    let mut word = || hex(words.next()?).map(|(value, _)| address(value));
    Some(SleepsIn { number, arguments, stack: word()?, instruction: word()? })
}

/// None if the task runs, or the kernel does not tell.
pub(crate) fn sleeps_in(tid: Tid) -> Option<SleepsIn> {
    let mut buffer = [0u8; 192];
    parse_syscall(read_into(&open(tid.0, "syscall").ok()?, &mut buffer).ok()?)
}

// ---- pagemap --------------------------------------------------------------

/// Whether user space has this address, mapped or not: with its last page the
/// file ends (`pagemap_read`, fs/proc/task_mmu.c). None if that cannot be read.
#[cfg_attr(target_arch = "x86", allow(dead_code))]
pub(crate) fn user_space_has(address: usize) -> Option<bool> {
    let mut entry = [0u8; 8];
    let at = (address / sys::page_size() * entry.len()) as u64;
    let read = sys::read_at(&open(sys::getpid(), "pagemap").ok()?, &mut entry, at).ok()?;
    Some(read == entry.len())
}

// ---- fd -------------------------------------------------------------------

/// "/proc/PID/fd/N", NUL-terminated.
pub(crate) fn descriptor_path(pid: i32, fd: i32) -> Path {
    Path::of(pid, "fd/").and_number(fd)
}

/// "/proc/thread-self/fd/N": of the calling thread, which may have a table of its own.
pub(crate) fn own_descriptor_path(fd: i32) -> Path {
    let mut path = Path::empty();
    path.push(b"/proc/thread-self/fd/\0");
    path.and_number(fd)
}

/// "/proc/PID/fd/N" of the calling process, for another one to open.
pub(crate) fn descriptor_path_for_others(fd: i32) -> Path {
    let mut path = Path::empty();
    path.push(b"/proc/");
    path.push_number(sys::getpid());
    path.push(b"/fd/\0");
    path.and_number(fd)
}

fn descriptor_stat(tid: Tid, fd: i32) -> Result<arch::Stat, Errno> {
    let target = sys::open(descriptor_path(tid.0, fd).terminated(), libc::O_PATH)?;
    sys::fstat(target.number())
}

/// Whether a descriptor of another task is on the same object as one of ours.
pub(crate) fn same_object(tid: Tid, there: i32, here: i32) -> bool {
    match (descriptor_stat(tid, there), sys::fstat(here)) {
        (Ok(a), Ok(b)) => (a.st_dev, a.st_ino) == (b.st_dev, b.st_ino),
        _ => false,
    }
}

/// Whether a descriptor of a task is a socket's, asked without asking its file system,
/// which might not answer.
pub(crate) fn is_socket(tid: Tid, fd: i32) -> bool {
    let mut buffer = [0u8; 32];
    sys::read_link(descriptor_path(tid.0, fd).terminated(), &mut buffer).is_ok_and(|name| name.starts_with(b"socket:["))
}

// ---- auxv -----------------------------------------------------------------

fn parse_auxv(bytes: &[u8]) -> Option<Start> {
    const AT_SYSINFO: u64 = 32;
    const AT_SYSINFO_EHDR: u64 = 33;
    // A key has 16 bits at most, and no vector begins with a value of 0: the
    // second 32 bits are the key's upper half, or a value.
    let (key, upper) = bytes.get(..8)?.split_at(4);
    if key == [0; 4] {
        return None;
    }
    let wide = upper == [0; 4];
    let size = if wide { 8 } else { 4 };
    let mut words = bytes.chunks_exact(size).map(|w| {
        let mut word = [0; 8];
        word[..size].copy_from_slice(w);
        u64::from_le_bytes(word)
    });
    let mut start = Start { wide, vdso: None, entry: None };
    while let (Some(key), Some(value)) = (words.next(), words.next()) {
        match key {
            0 => break,
            AT_SYSINFO => start.entry = Some(address(value)),
            AT_SYSINFO_EHDR => start.vdso = Some(address(value)),
            _ => {}
        }
    }
    Some(start)
}

/// What the auxiliary vector says of a task's program. EAGAIN: it is being
/// loaded just now, and the vector still empty.
pub(crate) fn start(tid: Tid) -> Result<Start, Errno> {
    let mut buffer = [0u8; 768];
    match read_into(&open(tid.0, "auxv")?, &mut buffer)? {
        // A task without an address space.
        [] => Err(Errno::ESRCH),
        bytes => parse_auxv(bytes).ok_or(Errno::EAGAIN),
    }
}

/// Reads one byte of each page of a task's memory, whatever its access, which
/// brings the pages in. Ends quietly where that is not possible.
pub(crate) fn touch_pages(tid: Tid, address: usize, len: usize, page: usize) {
    let Ok(memory) = open(tid.0, "mem") else { return };
    for at in (address..address.saturating_add(len)).step_by(page) {
        if sys::read_at(&memory, &mut [0], at as u64) != Ok(1) {
            return;
        }
    }
}

/// "/proc/PID/root": files as that process sees them.
pub(crate) fn root_path(pid: i32) -> Path {
    Path::of(pid, "root")
}

/// "/proc/PID/mem".
pub(crate) fn memory_path(pid: i32) -> Path {
    Path::of(pid, "mem")
}

/// Writes a zero to each page of a task's memory, if its program is still the one
/// of that layout. The file is bound to the address space that it was opened for
/// (`proc_mem_open`): what the task is replaced by has other memory.
pub(crate) fn clear_pages(tid: Tid, address: usize, len: usize, page: usize, of: Option<u64>) {
    let Ok(memory) = sys::open(memory_path(tid.0).terminated(), libc::O_RDWR) else { return };
    if of.is_none() || layout(tid) != of {
        return;
    }
    for at in (address..address.saturating_add(len)).step_by(page) {
        if sys::write_at(memory.number(), &[0], at as u64).is_err() {
            return;
        }
    }
}

/// Whether /proc/TID/mem can be opened, which asks the right to attach.
pub(crate) fn memory_opens(tid: Tid) -> Result<(), Errno> {
    open(tid.0, "mem").map(|_| ())
}

/// A number for the address space as exec() has laid it out: it changes when
/// another program is loaded.
pub(crate) fn layout(tid: Tid) -> Option<u64> {
    let mut buffer = [0u8; 768];
    let bytes = open(tid.0, "auxv").and_then(|fd| read_into(&fd, &mut buffer).map(<[u8]>::len)).ok()?;
    // FNV-1a: the vector holds addresses that are random for each exec.
    let hash = |h: u64, &b: &u8| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3);
    Some(buffer[..bytes].iter().fold(0xcbf2_9ce4_8422_2325, hash))
}

// ---- maps -----------------------------------------------------------------

/// Start, end and access of a line of /proc/TID/maps or smaps.
fn parse_range(line: &[u8]) -> Option<(usize, usize, [u8; 4])> {
    let (start, rest) = hex(line)?;
    let (end, rest) = hex(rest.strip_prefix(b"-")?)?;
    let access = rest.strip_prefix(b" ")?.first_chunk::<4>()?;
    Some((address(start), address(end), *access))
}

/// A mapping, from a line of /proc/PID/maps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MapsLine {
    pub start: usize,
    pub end: usize,
    pub writable: bool,
    pub shared: bool,
    pub offset: u64,
    pub device: u64,
    pub inode: u64,
}

impl MapsLine {
    fn parse(line: &[u8]) -> Option<MapsLine> {
        let (start, end, access) = parse_range(line)?;
        let mut fields = line.split(|&b| b == b' ').skip(2);
        let offset = hex(fields.next()?)?.0;
        let (major, rest) = hex(fields.next()?)?;
        let (minor, _) = hex(rest.strip_prefix(b":")?)?;
        let inode = number(fields.next()?)? as u64;
        let device = libc::makedev(major as u32, minor as u32);
        let [_, w, _, s] = access;
        Some(MapsLine { start, end, writable: w == b'w', shared: s == b's', offset, device, inode })
    }
}

/// The mappings of a process in their order, one at a time.
pub(crate) struct Maps {
    fd: Descriptor,
    chunk: [u8; 512],
    filled: usize,
    at: usize,
}

impl Maps {
    pub fn of(pid: i32) -> Result<Maps, Errno> {
        Ok(Maps { fd: open(pid, "maps")?, chunk: [0; 512], filled: 0, at: 0 })
    }

    pub fn next(&mut self) -> Result<Option<MapsLine>, Errno> {
        let mut line = [0u8; 127];
        let mut len = 0;
        loop {
            if self.at == self.filled {
                self.filled = sys::read(&self.fd, &mut self.chunk)?;
                self.at = 0;
                if self.filled == 0 {
                    return Ok(None);
                }
            }
            let byte = self.chunk[self.at];
            self.at += 1;
            if byte == b'\n' {
                if let Some(parsed) = MapsLine::parse(&line[..len]) {
                    return Ok(Some(parsed));
                }
                len = 0;
            } else if let Some(place) = line.get_mut(len) {
                *place = byte;
                len += 1;
            }
        }
    }
}

/// The mapping that holds an address.
pub(crate) fn mapping_at(pid: i32, addr: usize) -> Result<Option<MapsLine>, Errno> {
    let mut maps = Maps::of(pid)?;
    while let Some(line) = maps.next()? {
        if line.end > addr {
            return Ok(Some(line).filter(|l| l.start <= addr));
        }
    }
    Ok(None)
}

/// The frame of a page, from /proc/PID/pagemap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Frame {
    At(u64),
    Absent,
    /// Present, but the number is kept from us.
    Hidden,
}

pub(crate) struct Pagemap(Descriptor);

impl Pagemap {
    pub fn of(pid: i32) -> Result<Pagemap, Errno> {
        open(pid, "pagemap").map(Pagemap)
    }

    /// The frame of page number `page` of the address space.
    pub fn frame(&self, page: u64) -> Result<Frame, Errno> {
        // Documentation/admin-guide/mm/pagemap.rst: bits 0-54 the number, bit 63 present.
        let mut entry = [0; 8];
        if sys::read_at(&self.0, &mut entry, page * 8)? < entry.len() {
            return Ok(Frame::Absent);
        }
        let entry = u64::from_ne_bytes(entry);
        let number = entry & ((1 << 55) - 1);
        Ok(match (entry >> 63, number) {
            (0, _) => Frame::Absent,
            (_, 0) => Frame::Hidden,
            (_, number) => Frame::At(number),
        })
    }
}

/// Calls `each` with the executable, readable ranges of a task; it says false to end.
pub(crate) fn each_executable(tid: Tid, mut each: impl FnMut(usize, usize) -> bool) -> Result<(), Errno> {
    each_line(&open(tid.0, "maps")?, |line| match parse_range(line) {
        Some((start, end, [b'r', _, b'x', _])) => each(start, end),
        _ => true,
    })
}

/// The range widened to whole huge pages where an edge of it lies inside one.
/// None if no edge does.
pub(crate) fn widened_to_huge_pages(pid: i32, start: usize, end: usize) -> Result<Option<(usize, usize)>, Errno> {
    let mut wide = (start, end);
    let mut range = (0, 0);
    each_line(&open(pid, "smaps")?, |line| {
        if let Some((from, to, _)) = parse_range(line) {
            range = (from, to);
            return from < end;
        }
        if let Some(kib) = line.strip_prefix(b"KernelPageSize:").and_then(number) {
            let page = kib as usize * 1024;
            if page > 0 && range.0 < start && start < range.1 {
                wide.0 = start & !(page - 1);
            }
            if page > 0 && range.0 < end && end < range.1 {
                wide.1 = (end + page - 1) & !(page - 1);
            }
        }
        true
    })?;
    Ok((wide != (start, end)).then_some(wide))
}

// ---- smaps ----------------------------------------------------------------

/// What VmFlags of /proc/PID/smaps says of a mapping, as far as it matters here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Marks(u16);

impl Marks {
    pub const HUGE: Marks = Marks(1);
    pub const DEVICE: Marks = Marks(2);
    pub const SEALED: Marks = Marks(4);
    pub const STACK: Marks = Marks(8);
    pub const WIPED: Marks = Marks(16);
    pub const FAULTS_IN_USER_MODE: Marks = Marks(32);
    pub const LOCKED: Marks = Marks(64);
    pub const NOT_INHERITED: Marks = Marks(128);
    pub const NOT_DUMPED: Marks = Marks(256);

    pub fn has(self, mark: Marks) -> bool {
        self.0 & mark.0 != 0
    }

    /// Two letters each (Documentation/filesystems/proc.rst).
    fn parse(value: &[u8]) -> Marks {
        value.split(|&b| b == b' ').fold(Marks(0), |marks, letters| {
            let mark = match letters {
                b"ht" => Marks::HUGE,
                b"io" | b"pf" | b"mm" => Marks::DEVICE,
                b"sl" => Marks::SEALED,
                b"gd" | b"ss" => Marks::STACK,
                b"wf" | b"mt" => Marks::WIPED,
                b"um" | b"uw" | b"ui" => Marks::FAULTS_IN_USER_MODE,
                b"lo" => Marks::LOCKED,
                b"dc" => Marks::NOT_INHERITED,
                b"dd" => Marks::NOT_DUMPED,
                _ => Marks(0),
            };
            Marks(marks.0 | mark.0)
        })
    }
}

/// A mapping with all that smaps says of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mapped {
    pub start: usize,
    pub end: usize,
    /// PROT_READ, PROT_WRITE, PROT_EXEC.
    pub access: i32,
    pub shared: bool,
    pub offset: u64,
    pub device: u64,
    pub inode: u64,
    /// Of no program: the vdso and its data, the first stack, uprobes, memfd_secret(2).
    pub kernels: bool,
    /// Its name ends with the number of a process: an object of utek_mmap()'s, and its keeper.
    pub keeper: Option<i32>,
    pub protection_key: bool,
    pub marks: Marks,
}

/// How an object that utek_mmap() makes is called, before its keeper's pid.
pub(crate) const OBJECT_NAME: &[u8] = b"mman_peer-utek:";

/// The process that has made the object behind a descriptor of ours, by its name.
pub(crate) fn maker_of_object(fd: i32) -> Option<i32> {
    let mut buffer = [0u8; 96];
    let link = sys::read_link(own_descriptor_path(fd).terminated(), &mut buffer).ok()?;
    let pid = number(link.strip_prefix(b"/memfd:")?.strip_prefix(OBJECT_NAME)?)?;
    i32::try_from(pid).ok()
}

impl Mapped {
    fn parse(line: &[u8]) -> Option<Mapped> {
        let whole = MapsLine::parse(line)?;
        let (_, _, [r, w, x, _]) = parse_range(line)?;
        let bit = |byte, letter, access| if byte == letter { access } else { 0 };
        // Behind the fifth field, blanks, and a name that may be cut off.
        let fields: usize = line.split(|&b| b == b' ').take(5).map(|f| f.len() + 1).sum();
        let name = line.get(fields..).unwrap_or_default().trim_ascii_start();
        let harmless: [&[u8]; 3] = [b"[heap]", b"[anon:", b"[anon_shmem:"];
        let own = name.starts_with(b"[") && !harmless.iter().any(|n| name.starts_with(n));
        let object = name.strip_prefix(b"/memfd:").and_then(|rest| rest.strip_prefix(OBJECT_NAME));
        Some(Mapped {
            start: whole.start,
            end: whole.end,
            access: bit(r, b'r', libc::PROT_READ) | bit(w, b'w', libc::PROT_WRITE) | bit(x, b'x', libc::PROT_EXEC),
            shared: whole.shared,
            offset: whole.offset,
            device: whole.device,
            inode: whole.inode,
            kernels: own || name.starts_with(b"/secretmem"),
            keeper: object.and_then(number).and_then(|n| i32::try_from(n).ok()),
            protection_key: false,
            marks: Marks(0),
        })
    }
}

/// Calls `each` with the mappings that have a part in a range, in their order; it says false to end.
///
/// Without `marks` it reads maps, which costs nothing for each page.
pub(crate) fn each_mapped(
    pid: i32,
    start: usize,
    end: usize,
    marks: bool,
    mut each: impl FnMut(&Mapped) -> bool,
) -> Result<(), Errno> {
    let mut current: Option<Mapped> = None;
    each_line(&open(pid, if marks { "smaps" } else { "maps" })?, |line| {
        if let Some(mapped) = Mapped::parse(line) {
            current = Some(mapped).filter(|m| m.end > start && m.start < end);
            return mapped.start < end && (marks || current.as_ref().is_none_or(&mut each));
        }
        let Some(mapped) = &mut current else { return true };
        if let Some(key) = line.strip_prefix(b"ProtectionKey:").and_then(number) {
            mapped.protection_key = key != 0;
        }
        // The last line of each.
        if let Some(flags) = line.strip_prefix(b"VmFlags:") {
            mapped.marks = Marks::parse(flags);
            return each(mapped);
        }
        true
    })
}

/// Calls `each` with the parts of a range whose pages the process has, in memory
/// or in swap: the others hold what a first touch would give them.
/// Where that is kept from us, with the whole range.
pub(crate) fn each_present(
    pid: i32,
    start: usize,
    end: usize,
    page: usize,
    mut each: impl FnMut(usize, usize) -> bool,
) {
    const PRESENT_OR_SWAPPED: u64 = 3 << 62;
    let Ok(pagemap) = open(pid, "pagemap") else {
        each(start, end);
        return;
    };
    let mut entries = [0u8; 2048];
    let mut run: Option<usize> = None;
    let mut at = start;
    while at < end {
        let wanted = ((end - at) / page * 8).min(entries.len());
        let Some(got) = entries.get_mut(..wanted) else { return };
        let read = sys::read_at(&pagemap, got, (at / page * 8) as u64).unwrap_or(0) / 8;
        if read == 0 {
            each(run.unwrap_or(at), end);
            return;
        }
        for entry in got.chunks_exact(8).take(read) {
            let here = u64::from_ne_bytes(entry.try_into().unwrap_or_default()) & PRESENT_OR_SWAPPED != 0;
            match (here, run) {
                (true, None) => run = Some(at),
                (false, Some(from)) => {
                    if !each(from, at) {
                        return;
                    }
                    run = None;
                }
                _ => {}
            }
            at += page;
        }
    }
    if let Some(from) = run {
        each(from, end);
    }
}

/// The descriptors of a process: calls `each` with their numbers; it says false to end.
pub(crate) fn each_descriptor(pid: i32, mut each: impl FnMut(i32) -> bool) -> Result<(), Errno> {
    let directory = sys::open(Path::of(pid, "fd").terminated(), libc::O_RDONLY | libc::O_DIRECTORY)?;
    each_entry(&directory, |name| number(name).is_none_or(|fd| each(fd as i32)))
}

/// Calls `each` with every process that /proc shows; it says false to end.
pub(crate) fn each_process(mut each: impl FnMut(i32) -> bool) {
    let Ok(directory) = sys::open(b"/proc\0", libc::O_RDONLY | libc::O_DIRECTORY) else { return };
    let _ = each_entry(&directory, |name| number(name).is_none_or(|pid| each(pid as i32)));
}

/// The number that stands in hexadecimal behind `name`, as the name of a memfd
/// that a process has open.
pub(crate) fn number_behind_memfd(pid: i32, name: &[u8]) -> Option<usize> {
    let mut found = None;
    let _ = each_descriptor(pid, |fd| {
        let mut buffer = [0u8; 96];
        let link = sys::read_link(descriptor_path(pid, fd).terminated(), &mut buffer);
        found = link
            .ok()
            .and_then(|text| text.strip_prefix(b"/memfd:")?.strip_prefix(name))
            .and_then(hex)
            .map(|(value, _)| address(value));
        found.is_none()
    });
    found
}

/// Device and inode of what a descriptor of a process is on.
pub(crate) fn descriptor_object(pid: i32, fd: i32) -> Option<(u64, u64)> {
    sys::stat(descriptor_path(pid, fd).terminated()).ok().map(|st| (st.st_dev, st.st_ino))
}

/// "/proc/PID/map_files/START-END".
pub(crate) fn mapping_path(pid: i32, start: usize, end: usize) -> Path {
    let mut path = Path::of(pid, "map_files/");
    path.len -= 1; // the NUL
    path.push_hex(start);
    path.push(b"-");
    path.push_hex(end);
    path.push(&[0]);
    path
}

/// Calls `each` with the children of a thread; nothing where the kernel does not list them.
pub(crate) fn each_child(pid: i32, tid: Tid, mut each: impl FnMut(i32) -> bool) -> Result<(), Errno> {
    let mut path = Path::of(pid, "task/");
    path.len -= 1;
    path.push_number(tid.0);
    path.push(b"/children\0");
    let file = match path.open() {
        Ok(file) => file,
        Err(Errno::ENOENT | Errno::ESRCH) => return Ok(()),
        Err(errno) => return Err(errno),
    };
    let (mut chunk, mut child) = ([0u8; 256], 0i32);
    while let Ok(n @ 1..) = sys::read(&file, &mut chunk) {
        for &byte in chunk.iter().take(n) {
            if byte.is_ascii_digit() {
                child = child.wrapping_mul(10).wrapping_add(i32::from(byte - b'0'));
            } else if child != 0 {
                if !each(child) {
                    return Ok(());
                }
                child = 0;
            }
        }
    }
    Ok(())
}

/// vm.mmap_min_addr.
pub(crate) fn lowest_address() -> usize {
    setting(b"/proc/sys/vm/mmap_min_addr\0").unwrap_or(0) as usize
}

fn setting(path: &[u8]) -> Option<u64> {
    let file = sys::open(path, libc::O_RDONLY).ok()?;
    let mut buffer = [0u8; 24];
    read_into(&file, &mut buffer).ok().and_then(number).and_then(|n| u64::try_from(n).ok())
}

/// Whether a process may have so many mappings more (vm.max_map_count). Not
/// knowing is no obstacle.
pub(crate) fn has_room_for_mappings(pid: i32, more: usize) -> bool {
    let Some(most) = setting(b"/proc/sys/vm/max_map_count\0") else { return true };
    let mut count = more as u64;
    let counted = open(pid, "maps").and_then(|maps| {
        each_line(&maps, |_| {
            count += 1;
            count <= most
        })
    });
    counted.is_err() || count <= most
}

/// Whether a process has a record lock (fcntl(2), F_SETLK) on the file of that inode
/// number. The device is not compared: btrfs and overlayfs tell stat(2) another one.
/// *Takes* milliseconds: whoever reads the list waits for all processors (`locks_start`).
pub(crate) fn has_record_lock(pid: i32, inode: u64) -> Result<bool, Errno> {
    let mut found = false;
    each_line(&sys::open(b"/proc/locks\0", libc::O_RDONLY)?, |line| {
        found = parse_record_lock(line) == Some((pid, inode));
        !found
    })?;
    Ok(found)
}

/// The process and the inode of a line of /proc/locks that is of a record lock; not of
/// one that is waited for ("->"), nor of the other kinds (`lock_get_status`).
fn parse_record_lock(line: &[u8]) -> Option<(i32, u64)> {
    let mut fields = line.split(u8::is_ascii_whitespace).filter(|field| !field.is_empty()).skip(1);
    if fields.next()? != b"POSIX" {
        return None;
    }
    let pid = number(fields.nth(2)?)?;
    let inode = fields.next()?.rsplit(|&byte| byte == b':').next()?;
    Some((i32::try_from(pid).ok()?, core::str::from_utf8(inode).ok()?.parse().ok()?))
}

// ---- tasks ----------------------------------------------------------------

/// Whether /proc is mounted, and is another pid namespace's: what it says of a
/// number is said of somebody else. There our own number is another one, or none
/// (`proc_self_get_link`, fs/proc/self.c); or the same by chance, which its list of
/// our numbers tells, read once in a process.
pub(crate) fn is_of_another_namespace() -> bool {
    const SELF: &[u8] = b"/proc/self\0";
    static SEEN_TO_BE_OURS: AtomicI32 = AtomicI32::new(0);
    let mut buffer = [0u8; 16];
    let pid = sys::getpid();
    match sys::read_link(SELF, &mut buffer) {
        Ok(name) if number(name) != Some(i64::from(pid)) => true,
        Ok(_) if SEEN_TO_BE_OURS.load(Ordering::Relaxed) == pid => false,
        Ok(_) => {
            let inner = has_inner_number(pid);
            if inner == Ok(false) {
                SEEN_TO_BE_OURS.store(pid, Ordering::Relaxed);
            }
            inner == Ok(true)
        }
        Err(Errno::ENOENT) => sys::is_there(SELF),
        Err(_) => false,
    }
}

/// Whether the calling process is of a pid namespace within that of /proc: one more
/// number stands in the line NSpid, from there inwards (since Linux 4.1).
fn has_inner_number(own: i32) -> Result<bool, Errno> {
    let mut several = false;
    each_line(&open(own, "status")?, |line| {
        let numbers = line.strip_prefix(b"NSpid:");
        let fields = |text: &[u8]| text.split(u8::is_ascii_whitespace).filter(|field| !field.is_empty()).count();
        several |= numbers.is_some_and(|text| fields(text) > 1);
        numbers.is_none()
    })?;
    Ok(several)
}

/// How many threads a process has; a look that opens no file: a directory of
/// /proc has a link for each entry, and two.
#[allow(clippy::unnecessary_cast)] // the type of a link count differs by processor
pub(crate) fn thread_count(pid: i32) -> u64 {
    sys::stat(Path::of(pid, "task").terminated()).map_or(1, |st| (st.st_nlink as u64).saturating_sub(2))
}

/// Calls `each` with the threads of a process in the order of their creation;
/// it says false to end.
pub(crate) fn each_thread(pid: i32, mut each: impl FnMut(Tid) -> bool) -> Result<(), Errno> {
    let directory = sys::open(Path::of(pid, "task").terminated(), libc::O_RDONLY | libc::O_DIRECTORY)?;
    each_entry(&directory, |name| number(name).is_none_or(|tid| each(Tid(tid as i32))))
}

/// Calls `each` with the names in a directory; it says false to end.
fn each_entry(directory: &Descriptor, mut each: impl FnMut(&[u8]) -> bool) -> Result<(), Errno> {
    // getdents64(2): records of inode, offset, length, type, and a name with its NUL.
    const NAME: usize = 19;
    let mut buffer = [0u64; 128];
    loop {
        // SAFETY: the bytes of an array of integers; the kernel wants 8-byte alignment.
        let bytes = unsafe { core::slice::from_raw_parts_mut(buffer.as_mut_ptr().cast::<u8>(), size_of_val(&buffer)) };
        let n = sys::getdents64(directory, bytes)?;
        if n == 0 {
            return Ok(());
        }
        let mut rest = &bytes[..n];
        while let Some(&[low, high]) = rest.get(16..18) {
            let len = usize::from(u16::from_ne_bytes([low, high]));
            let (Some(record), Some(next)) = (rest.get(..len), rest.get(len..)) else { break };
            let name = record.get(NAME..).unwrap_or_default().split(|&b| b == 0).next().unwrap_or_default();
            if !each(name) {
                return Ok(());
            }
            rest = next;
        }
    }
}

/// The size of a huge page where none is named (/proc/meminfo).
pub(crate) fn default_huge_page() -> Option<usize> {
    let mut size = None;
    let file = sys::open(b"/proc/meminfo\0", libc::O_RDONLY).ok()?;
    let _ = each_line(&file, |line| {
        size = line
            .strip_prefix(b"Hugepagesize:")
            .map(<[u8]>::trim_ascii_start)
            .and_then(number)
            .map(|kib| kib as usize * 1024);
        size.is_none()
    });
    size
}

/// Calls `each` with the sizes of huge pages in KiB, and whether one is free.
pub(crate) fn each_huge_page_size(mut each: impl FnMut(usize, bool)) {
    const POOLS: &[u8] = b"/sys/kernel/mm/hugepages/\0";
    let Ok(directory) = sys::open(POOLS, libc::O_RDONLY | libc::O_DIRECTORY) else { return };
    let _ = each_entry(&directory, |name| {
        if let Some(kib) = name.strip_prefix(b"hugepages-").and_then(number) {
            let mut path = Path::empty();
            path.push(&POOLS[..POOLS.len() - 1]);
            path.push(name);
            path.push(b"/free_hugepages\0");
            let mut buffer = [0u8; 24];
            let free = path.open().and_then(|fd| read_into(&fd, &mut buffer).map(number));
            each(kib as usize, free.is_ok_and(|n| n.is_some_and(|n| n > 0)));
        }
        true
    });
}

/// The user that the kernel puts in place of one that a user namespace does not have.
pub(crate) fn overflow_user() -> u32 {
    overflow(b"/proc/sys/kernel/overflowuid\0")
}

/// Likewise the group.
pub(crate) fn overflow_group() -> u32 {
    overflow(b"/proc/sys/kernel/overflowgid\0")
}

fn overflow(setting: &[u8]) -> u32 {
    const DEFAULT: u32 = 65534;
    let Ok(file) = sys::open(setting, libc::O_RDONLY) else { return DEFAULT };
    let mut buffer = [0u8; 16];
    read_into(&file, &mut buffer).ok().and_then(number).map_or(DEFAULT, |n| n as u32)
}

/// kernel.yama.ptrace_scope; none where the kernel has no Yama.
pub(crate) fn yama_scope() -> Option<u8> {
    let file = sys::open(b"/proc/sys/kernel/yama/ptrace_scope\0", libc::O_RDONLY).ok()?;
    let mut buffer = [0u8; 16];
    number(read_into(&file, &mut buffer).ok()?).map(|n| n as u8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn status_lines_are_understood() {
        let mut s = Status::default();
        for line in [
            "Name:\tS (x)",
            "State:\tt (tracing stop)",
            "Tgid:\t12",
            "TracerPid:\t7",
            "Uid:\t1\t2\t3\t4",
            "Gid:\t5\t6\t7\t8",
            "SigPnd:\t0000000000000001",
            "ShdPnd:\t0000000000000100",
            "SigIgn:\t0000000000001000",
            "SigCgt:\t0000000000000010",
            "Seccomp:\t2",
        ] {
            s.take_line(line.as_bytes());
        }
        assert_eq!(
            s,
            Status {
                state: b't',
                tgid: 12,
                tracer: 7,
                ruid: 1,
                euid: 2,
                egid: 6,
                pending: 0x101,
                blocked: 0,
                ignored: 0x1000,
                caught: 0x10,
                seccomp: 2
            }
        );
    }

    #[test]
    fn stat_survives_any_name() {
        let text = b"7 (a) S (b) ) R 1 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 98765 1 2";
        let stat = Stat::parse(text).expect("parses");
        assert_eq!(stat, Stat { state: b'R', parent: 1, flags: 4194560, start_time: 98765 });
        assert!(!stat.never_in_user_mode());
    }

    #[test]
    fn a_running_task_sleeps_in_nothing() {
        assert_eq!(parse_syscall(b"running\n"), None);
        assert_eq!(parse_syscall(b"-1 0x7ffc 0x7f01\n"), None);
        let sleeping = parse_syscall(b"232 0x4 0x7ffe 0x1 0xffffffff 0x0 0x8 0x7ffc 0x7f01\n").expect("parses");
        assert_eq!((sleeping.number, sleeping.arguments[3]), (232, 0xffff_ffff));
        assert_eq!((sleeping.stack, sleeping.instruction), (0x7ffc, 0x7f01));
    }

    #[test]
    fn a_vector_of_narrow_entries_is_told_from_a_wide_one() {
        let wide: Vec<u8> = [6u64, 4096, 33, 0x7fff_0000, 0, 0].iter().flat_map(|w| w.to_le_bytes()).collect();
        assert_eq!(parse_auxv(&wide), Some(Start { wide: true, vdso: Some(0x7fff_0000), entry: None }));
        assert_eq!(parse_auxv(&[0; 16]), None);
        let narrow: Vec<u8> =
            [32u32, 0x7ff1_0000, 33, 0x7ff0_0000, 0, 0].iter().flat_map(|w| w.to_le_bytes()).collect();
        let want = Start { wide: false, vdso: Some(0x7ff0_0000), entry: Some(0x7ff1_0000) };
        assert_eq!(parse_auxv(&narrow), Some(want));
        // 51 is AT_MINSIGSTKSZ.
        let without: Vec<u8> = [51u32, 2048, 16, 7, 0, 0].iter().flat_map(|w| w.to_le_bytes()).collect();
        assert_eq!(parse_auxv(&without), Some(Start { wide: false, vdso: None, entry: None }));
    }

    #[test]
    fn ranges_are_read_from_maps() {
        let line = b"7f00aa000000-7f00aa021000 r-xp 00000000 00:00 0 [vdso]";
        assert_eq!(parse_range(line), Some((address(0x7f00aa000000), address(0x7f00aa021000), *b"r-xp")));
        let whole = MapsLine::parse(b"1000-3000 rw-s 00002000 fe:01 4711    /tmp/a b").expect("parses");
        assert_eq!((whole.start, whole.end, whole.offset, whole.inode), (0x1000, 0x3000, 0x2000, 4711));
        assert_eq!((whole.writable, whole.shared, whole.device), (true, true, libc::makedev(0xfe, 1)));
        assert_eq!(parse_range(b"Size:  4 kB"), None);
        assert_eq!(parse_range(b"FilePmdMapped:  4 kB"), None);
    }

    #[test]
    fn of_locks_those_of_records_count() {
        let parse = |line: &str| parse_record_lock(line.as_bytes());
        assert_eq!(parse("1: POSIX  ADVISORY  WRITE 708 fe:01:131 0 EOF"), Some((708, 131)));
        assert_eq!(parse("12: POSIX  MANDATORY READ  7 00:2a:18446744073709551615 5 5"), Some((7, u64::MAX)));
        assert_eq!(parse("1: -> POSIX  ADVISORY  WRITE 709 fe:01:131 0 EOF"), None);
        assert_eq!(parse("2: FLOCK  ADVISORY  WRITE 708 fe:01:131 0 EOF"), None);
        assert_eq!(parse("3: OFDLCK ADVISORY  WRITE -1 fe:01:131 0 EOF"), None);
        assert_eq!(parse("4: LEASE  ACTIVE    READ  708 fe:01:131 0 EOF"), None);
        assert_eq!(parse("5: POSIX  ADVISORY  READ  708 <none>:0 0 EOF"), Some((708, 0)));
        assert_eq!(parse("6: POSIX  ADVISORY"), None);
    }

    #[test]
    fn this_process_is_read_as_it_is() {
        let me = sys::getpid();
        let status = status(Tid(me)).expect("status");
        assert_eq!((status.tgid, status.tracer, status.ended()), (me, 0, false));
        assert_eq!(status.euid, sys::geteuid());
        assert!(!stat(Tid(me)).expect("stat").kernel_thread());
        let mut seen = false;
        each_thread(me, |tid| {
            seen |= tid == sys::gettid();
            true
        })
        .expect("task");
        assert!(seen);
        assert_eq!(start(Tid(me)).expect("auxv").wide, usize::BITS == 64);
    }

    proptest! {
        #[test]
        fn no_text_can_make_a_parser_panic(text: Vec<u8>) {
            let _ = Stat::parse(&text);
            let _ = parse_syscall(&text);
            let _ = parse_auxv(&text);
            let _ = parse_range(&text);
            let _ = MapsLine::parse(&text);
            let _ = parse_record_lock(&text);
            Status::default().take_line(&text);
        }

        #[test]
        fn numbers_are_read_back(n: i64, word: u64) {
            prop_assume!(n != i64::MIN);
            prop_assert_eq!(number(format!(" {n} x").as_bytes()), Some(n));
            let text = format!("{word:x}-1");
            prop_assert_eq!(hex(text.as_bytes()), Some((word, &b"-1"[..])));
        }
    }
}
