// SPDX-License-Identifier: MIT OR Apache-2.0
//! `mman-peer check`: whether mapping into a process works, by which way, and
//! if not why and what to do.
//!
//! It asks by trying: a page of memory and a page behind a descriptor are mapped
//! in the process and unmapped again. Only a process whose seccomp filter might
//! kill it for that is left alone. The library's sentence tells the cause; what
//! else bears on it is read from /proc and told as notes.

use crate::Trouble;
use mman_peer::{map_own, unmap_own, Error, Map, Peer};
use procfs_core::process::Status;
use procfs_core::FromBufRead;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::fd::FromRawFd;
use std::path::Path;
use std::process::ExitCode;

const PAGE: usize = 4096; // a part of a page is mapped as a whole one

pub fn run(pid: u32, try_always: bool) -> Result<ExitCode, Trouble> {
    let seen = Seen::of(pid);
    let mut out = io::stdout().lock();
    writeln!(out, "{}", seen.introduction())?;
    let trial = match Peer::of(pid) {
        Ok(_) if seen.might_be_killed() && !try_always => Trial::NotTried,
        Ok(peer) => Trial::of(&peer),
        Err(error) => Trial::Refused(error),
    };
    let status = match &trial {
        Trial::NotTried => {
            writeln!(
                out,
                "  memory           not tried: process {pid} has a seccomp filter, which might kill it for a mapping\n\
                 \x20                  that it does not expect. If its own program calls mmap() it may be tried: --try.\n\
                 \x20                  For root (CAP_SYS_ADMIN, in no container) the filter is suspended, and all works.\n\
                 \x20 a descriptor     no: with such a filter only zeroed memory can be mapped without CAP_SYS_ADMIN"
            )?;
            ExitCode::from(3)
        }
        Trial::Refused(error) => {
            writeln!(out, "  memory           no\n    {error}")?;
            ExitCode::FAILURE
        }
        Trial::Works { way, descriptor } => {
            writeln!(out, "  memory           yes, {way}")?;
            match descriptor {
                Ok(()) => writeln!(out, "  a descriptor     yes")?,
                Err(error) => writeln!(out, "  a descriptor     no\n    {error}")?,
            }
            ExitCode::SUCCESS
        }
    };
    match physical_memory() {
        Ok(source) => writeln!(out, "  physical memory  {source}")?,
        Err(error) => writeln!(out, "  physical memory  no\n    {error}")?,
    }
    for note in seen.notes(&trial) {
        writeln!(out, "note: {note}")?;
    }
    Ok(status)
}

enum Trial {
    NotTried,
    Refused(Error),
    Works { way: mman_peer::Way, descriptor: Result<(), Trouble> },
}

impl Trial {
    fn of(peer: &Peer) -> Trial {
        match peer.probe() {
            Ok(way) => Trial::Works { way, descriptor: descriptor(peer) },
            Err(error) => Trial::Refused(error),
        }
    }
}

fn descriptor(peer: &Peer) -> Result<(), Trouble> {
    // SAFETY: a name, and a flag.
    let fd = unsafe { libc::memfd_create(c"mman-peer check".as_ptr(), libc::MFD_CLOEXEC) };
    if fd < 0 {
        return Err(io::Error::last_os_error().into());
    }
    // SAFETY: just opened, and nobody else's.
    let file = unsafe { File::from_raw_fd(fd) };
    let there = peer.map(&Map::of(&file, 0, PAGE).protection(libc::PROT_NONE))?;
    Ok(peer.unmap(there, PAGE)?)
}

/// Whether this user may map physical memory; it is a matter of the caller alone.
fn physical_memory() -> Result<String, Error> {
    // An empty one is none (mman_peer(7)).
    let stand_in = std::env::var_os("MMAN_PEER_PHYSMEM").filter(|file| !file.is_empty());
    let first = Map::physical(0, PAGE).protection(libc::PROT_NONE);
    // SAFETY: a new place, at which nothing is read.
    match unsafe { map_own(&first) } {
        Ok(here) => {
            // SAFETY: nobody refers to it.
            unsafe { unmap_own(here, PAGE)? };
            Ok(match stand_in {
                Some(file) => format!("yes, {} stands in for it", file.to_string_lossy()),
                None => "yes, as far as the kernel lets /dev/mem show it".to_owned(),
            })
        }
        // It could be opened; the kernel keeps its first page.
        Err(error)
            if stand_in.is_none()
                && error.raw_os_error() == libc::EPERM
                && File::options().read(true).write(true).open("/dev/mem").is_ok() =>
        {
            Ok("in part: /dev/mem opens, but the kernel keeps some of it (STRICT_DEVMEM)".to_owned())
        }
        Err(error) => Err(error),
    }
}

/// What /proc shows of the process and of ourselves; where it shows nothing, none.
struct Seen {
    pid: u32,
    process: Option<Status>,
    ourselves: Option<Status>,
}

/// Of capabilities(7), by their numbers.
const CAP_SYS_PTRACE: u64 = 1 << 19;
const CAP_SYS_ADMIN: u64 = 1 << 21;

impl Seen {
    fn of(pid: u32) -> Seen {
        Seen { pid, process: status(pid), ourselves: status(std::process::id()) }
    }

    fn may(&self, capability: u64) -> bool {
        self.ourselves.as_ref().is_some_and(|s| s.capeff & capability != 0)
    }

    /// Strict mode the library refuses by itself.
    fn might_be_killed(&self) -> bool {
        self.process.as_ref().is_some_and(|s| s.seccomp == Some(2)) && !(self.may(CAP_SYS_ADMIN) && suspends_filters())
    }

    fn introduction(&self) -> String {
        let Some(status) = &self.process else { return format!("process {}", self.pid) };
        let threads = if status.threads == 1 { String::new() } else { format!(", {} threads", status.threads) };
        let width = width(self.pid).map(|w| format!(", {w}-bit")).unwrap_or_default();
        let state = state(&status.state);
        format!("process {} ({}): user {}{width}{threads}, {state}", self.pid, status.name, status.euid)
    }

    fn notes(&self, trial: &Trial) -> Vec<String> {
        let mut notes = Vec::new();
        let pid = self.pid;
        let refused = match trial {
            Trial::Refused(error) => Some(error.raw_os_error()),
            _ => None,
        };
        match refused {
            Some(libc::ESRCH) => {
                notes.push("pids are those that ps shows here: in a container, and outside of it, a process has another one".into())
            }
            Some(libc::EPERM) => self.notes_of_refusal(&mut notes),
            Some(libc::EAGAIN) => notes.push(format!(
                "it was waited for as long as MMAN_PEER_TIMEOUT_MS says (by default 1000): look at State and TracerPid in /proc/{pid}/status"
            )),
            _ => {}
        }
        if let Some(status) = &self.process {
            if let Some([_, .., inside]) = status.nspid.as_deref() {
                notes.push(format!("the process is in a container, where its pid is {inside}"));
            }
            if refused.is_none() && status.tracerpid != 0 {
                notes.push(format!("process {} traces it; while it does so calls fail with EAGAIN", status.tracerpid));
            }
        }
        notes
    }

    fn notes_of_refusal(&self, notes: &mut Vec<String>) {
        if ptrace_is_refused() {
            notes.push(
                "ptrace() is refused to this process whatever the target, by a seccomp filter: in a container, start it with \
                 --cap-add=SYS_PTRACE, or with a seccomp profile that admits ptrace() and process_vm_readv()"
                    .into(),
            );
        }
        let root = self.ourselves.as_ref().is_some_and(|s| s.euid == 0);
        if root && !self.may(CAP_SYS_PTRACE) {
            notes.push(
                "you are root without CAP_SYS_PTRACE, as in a container: start it with --cap-add=SYS_PTRACE".into(),
            );
        }
        if namespaces(self.pid) == Some(false) {
            notes.push(
                "the process is in another user namespace: CAP_SYS_PTRACE is needed there (nsenter -U), or in the one above it".into(),
            );
        }
        match fs::read_to_string("/proc/sys/kernel/yama/ptrace_scope") {
            Ok(scope) if !self.may(CAP_SYS_PTRACE) => {
                notes.push(format!("kernel.yama.ptrace_scope is {}; mman_peer(7) has the table", scope.trim()))
            }
            _ => {}
        }
    }
}

/// Whether the kernel lets us suspend a tracee's filters, tried with a child: it asks for
/// CAP_SYS_ADMIN in its first user namespace, and that we have no filter ourselves
/// (`check_ptrace_options`, kernel/ptrace.c).
fn suspends_filters() -> bool {
    const PTRACE_SEIZE: libc::c_uint = 0x4206;
    const PTRACE_O_SUSPEND_SECCOMP: usize = 1 << 21;
    let none: *mut libc::c_void = std::ptr::null_mut();
    // SAFETY: this program has one thread; the child calls pause() and nothing else.
    let child = unsafe { libc::fork() };
    if child == 0 {
        loop {
            // SAFETY: no arguments.
            unsafe { libc::pause() };
        }
    }
    if child < 0 {
        return false;
    }
    // SAFETY: our own child, which is ended and collected; the request takes options in data.
    unsafe {
        let seized = libc::ptrace(PTRACE_SEIZE, child, none, PTRACE_O_SUSPEND_SECCOMP);
        libc::kill(child, libc::SIGKILL);
        libc::waitpid(child, std::ptr::null_mut(), libc::__WALL);
        seized == 0
    }
}

fn status(pid: u32) -> Option<Status> {
    let text = fs::read(format!("/proc/{pid}/status")).ok()?;
    Status::from_buf_read(String::from_utf8_lossy(&text).as_bytes()).ok()
}

/// Of the program, from its ELF header. None if it may not be looked at.
fn width(pid: u32) -> Option<u32> {
    let mut header = [0; 5];
    File::open(format!("/proc/{pid}/exe")).ok()?.read_exact(&mut header).ok()?;
    match header {
        [0x7f, b'E', b'L', b'F', 1] => Some(32),
        [0x7f, b'E', b'L', b'F', 2] => Some(64),
        _ => None,
    }
}

/// "S (sleeping)" in plain words.
fn state(letter: &str) -> &'static str {
    match letter.as_bytes().first() {
        Some(b'R') => "running",
        Some(b'S' | b'I') => "asleep",
        Some(b'D') => "in uninterruptible sleep",
        Some(b'T') => "stopped by a signal",
        Some(b't') => "held by a debugger",
        Some(b'Z' | b'X') => "ended",
        _ => "in an unknown state",
    }
}

/// Whether the process is in our user namespace; none if that is not shown.
fn namespaces(pid: u32) -> Option<bool> {
    let namespace = |of: &str| fs::read_link(Path::new("/proc").join(of).join("ns/user")).ok();
    Some(namespace(&pid.to_string())? == namespace("self")?)
}

/// A request that the kernel answers with ESRCH, unless a filter stands before it.
fn ptrace_is_refused() -> bool {
    let none: *mut libc::c_void = std::ptr::null_mut();
    // SAFETY: there is no process 0 to detach from, and it is not traced by us.
    let answer = unsafe { libc::ptrace(libc::PTRACE_DETACH, 0, none, none) };
    answer == -1 && matches!(io::Error::last_os_error().raw_os_error(), Some(libc::EPERM | libc::ENOSYS | libc::EACCES))
}
