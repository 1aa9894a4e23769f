// SPDX-License-Identifier: MIT OR Apache-2.0
//! The edge to Rust, beside the one to C: the same calls, with types that keep
//! a process, a descriptor and a failure apart from numbers.
//!
//! It writes no errno and decides nothing that the C functions do not decide.
//! What is safe and what is not: a mapping in another process is an address
//! that means nothing here, and neither making nor removing it can touch the
//! caller's memory, so those calls are safe, as kill() is. In the caller's own
//! process the same calls can pull memory from under references: `map_own` and
//! `unmap_own` are unsafe, and [`Peer::of`] refuses the caller's own pid.

use crate::call::{self, Route};
use crate::env;
use crate::errno::Errno;
use crate::fault::{Fault, Why};
use crate::ffi;
use crate::flags::{MAP_PHYS, NOFD};
use crate::load;
use crate::peer;
use crate::request::Request;
use crate::sys;
use core::ffi::{c_int, c_void};
use core::fmt;
use core::marker::PhantomData;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

/// Another process, in whose address space mappings are made and removed.
///
/// It is held by a pidfd where the kernel has them (Linux 5.3): a call asks
/// whether its number is still its own, before and after, and fails with ESRCH
/// if another process has got it.
/// A `Peer` keeps nothing in that process, and dropping it removes nothing.
///
/// The calls are safe: no memory of the caller's is touched. That they can harm
/// the *other* process (a range unmapped that it uses) is as with `kill()`. Only
/// code that has made a process sharing the caller's own memory (`vfork()`,
/// `clone()` with `CLONE_VM`), which is unsafe by itself, must not map there
/// with [`Map::at`] or unmap.
#[derive(Debug)]
pub struct Peer {
    process: peer::Peer,
}

impl Peer {
    /// The process with that pid, which need not be reachable yet.
    ///
    /// # Errors
    /// ESRCH: there is no such process, or it is a thread's number. EINVAL: it
    /// is the caller itself, for which see [`map_own`].
    ///
    /// ```
    /// let error = mman_peer::Peer::of(std::process::id()).unwrap_err();
    /// assert_eq!(error.raw_os_error(), 22); // EINVAL
    /// ```
    pub fn of(pid: u32) -> Result<Peer, Error> {
        let pid = i32::try_from(pid).unwrap_or(0);
        if pid == sys::getpid() {
            return Err(Error(Fault::says(
                Errno::EINVAL,
                "that is the calling process itself: map_own() and unmap_own() are for it",
            )));
        }
        Ok(Peer { process: peer::Peer::find(pid)? })
    }

    /// Its pid.
    pub fn pid(&self) -> u32 {
        self.process.pid().unsigned_abs()
    }

    /// Makes a mapping in the process, as mmap_peer() does; the address there.
    ///
    /// # Errors
    /// Those of mmap_peer(3).
    ///
    /// ```
    /// # use mman_peer::{Map, Peer};
    /// # use std::process::{Command, Stdio};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let mut child = Command::new("cat").stdin(Stdio::piped()).spawn()?;
    /// # let peer = Peer::of(child.id())?;
    /// // The first page of a file of ours, which the process need not be able to open.
    /// let file = std::fs::File::open("/proc/self/exe")?;
    /// let there = peer.map(&Map::of(&file, 0, 4096).protection(libc::PROT_READ))?;
    /// peer.unmap(there, 4096)?;
    /// # drop(child.stdin.take());
    /// # child.wait()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn map(&self, map: &Map<'_>) -> Result<usize, Error> {
        self.map_by(map).map(|(addr, _)| addr)
    }

    /// As [`map`](Peer::map), and tells which way it took.
    pub fn map_by(&self, map: &Map<'_>) -> Result<(usize, Way), Error> {
        let (pid, request) = (self.process.pid(), map.request);
        let map = |route: &mut Route| self.while_held(|| call::map(pid, &request, route));
        let (addr, route) = told(&format_args!("Peer({pid}).map({request:x?})"), map)?;
        Ok((addr, Way::of(&route)))
    }

    /// Removes every mapping of the process in the range, as munmap_peer() does.
    ///
    /// # Errors
    /// Those of munmap_peer(3).
    pub fn unmap(&self, addr: usize, len: usize) -> Result<(), Error> {
        let pid = self.process.pid();
        let unmap = |route: &mut Route| self.while_held(|| call::unmap(pid, addr, len, route).map(|()| 0));
        told(&format_args!("Peer({pid}).unmap({addr:#x}, {len})"), unmap).map(|_| ())
    }

    /// Below, a process is its number: here it is seen to that it is this one's.
    fn while_held(&self, work: impl FnOnce() -> Result<usize, Fault>) -> Result<usize, Fault> {
        if !self.process.holds() {
            return Err(self.process.gone());
        }
        let result = work()?;
        if self.process.holds() {
            Ok(result)
        } else {
            Err(self.process.gone())
        }
    }

    /// Whether mappings can be made in the process, and by which way: one page
    /// without access is mapped there and unmapped again.
    ///
    /// # Errors
    /// What [`map`](Peer::map) would say. Not to be asked of a process whose
    /// seccomp filter may kill for mmap(): see mman_peer(7).
    pub fn probe(&self) -> Result<Way, Error> {
        let len = sys::page_size();
        let (addr, way) = self.map_by(&Map::anonymous(len).protection(libc::PROT_NONE))?;
        self.unmap(addr, len)?;
        Ok(way)
    }
}

impl fmt::Debug for peer::Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.pid())
    }
}

/// Which way a call took to its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Way {
    /// The target's own service (mman_peer_serve()).
    Service,
    /// A helper process made a thread of the target call mmap().
    HelperProcess,
    /// A thread of the calling process did, as Yama admits no helper to a
    /// process's own children (docs/differences.md says what that shows).
    HelperThread,
}

impl Way {
    fn of(route: &Route) -> Way {
        if route.service {
            Way::Service
        } else if route.trace.in_thread {
            Way::HelperThread
        } else {
            Way::HelperProcess
        }
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Way::Service => "its service",
            Way::HelperProcess => "injection by a helper process",
            Way::HelperThread => "injection by a helper thread",
        })
    }
}

/// What is to be mapped, and how: the arguments of mmap_peer() but the pid.
///
/// Readable and writable unless said otherwise; anywhere unless
/// [`near`](Map::near) or [`at`](Map::at) says where.
///
/// ```
/// use mman_peer::Map;
/// let reserve = Map::anonymous(1 << 30).protection(libc::PROT_NONE).flags(libc::MAP_NORESERVE);
/// let registers = Map::physical(0xfe00_0000, 4096);
/// # let _ = (reserve, registers);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Map<'fd> {
    request: Request,
    descriptor: PhantomData<BorrowedFd<'fd>>,
}

const READ_WRITE: c_int = libc::PROT_READ | libc::PROT_WRITE;

impl<'fd> Map<'fd> {
    fn new(len: usize, flags: c_int, fd: c_int, off: u64) -> Map<'fd> {
        Map { request: Request { addr: 0, len, prot: READ_WRITE, flags, fd, off }, descriptor: PhantomData }
    }

    /// Zeroed memory of the target's own.
    pub fn anonymous(len: usize) -> Map<'static> {
        Map::new(len, libc::MAP_PRIVATE, NOFD, 0)
    }

    /// The object behind a descriptor of the caller's, from that offset on, shared.
    pub fn of(descriptor: &'fd impl AsFd, offset: u64, len: usize) -> Map<'fd> {
        Map::new(len, libc::MAP_SHARED, descriptor.as_fd().as_raw_fd(), offset)
    }

    /// Physical memory, which takes the right to /dev/mem (docs/physical-memory.md).
    pub fn physical(address: u64, len: usize) -> Map<'static> {
        Map::new(len, libc::MAP_SHARED | MAP_PHYS, NOFD, address)
    }

    fn sharing(mut self, kind: c_int) -> Self {
        self.request.flags = self.request.flags & !(libc::MAP_SHARED | libc::MAP_PRIVATE) | kind;
        self
    }

    /// Shared: with children forked later, and with whoever else maps the object.
    pub fn shared(self) -> Self {
        self.sharing(libc::MAP_SHARED)
    }

    /// Private: what is written stays in the target.
    pub fn private(self) -> Self {
        self.sharing(libc::MAP_PRIVATE)
    }

    /// The access: `PROT_READ`, `PROT_WRITE`, `PROT_EXEC`, or `PROT_NONE`.
    pub fn protection(mut self, prot: i32) -> Self {
        self.request.prot = prot;
        self
    }

    /// A hint: there if it is free, else anywhere.
    pub fn near(mut self, addr: usize) -> Self {
        self.request.addr = addr;
        self
    }

    /// Exactly there, in place of what is mapped there (`MAP_FIXED`).
    pub fn at(self, addr: usize) -> Self {
        self.near(addr).flags(libc::MAP_FIXED)
    }

    /// Exactly there, and EEXIST if something is (`MAP_FIXED_NOREPLACE`).
    pub fn at_free(self, addr: usize) -> Self {
        self.near(addr).flags(libc::MAP_FIXED_NOREPLACE)
    }

    /// More `MAP_*` flags.
    pub fn flags(mut self, flags: i32) -> Self {
        self.request.flags |= flags;
        self
    }
}

/// Makes a mapping in the calling process, by the same rules: QNX's mmap_peer()
/// with one's own pid, by which drivers map physical memory.
///
/// # Errors
/// Those of mmap_peer(3).
///
/// # Safety
/// As mmap(): with [`Map::at`] whatever was mapped there is gone, which must be
/// nothing that anybody refers to. Without it nothing is replaced.
pub unsafe fn map_own(map: &Map<'_>) -> Result<*mut c_void, Error> {
    let (pid, request) = (sys::getpid(), map.request);
    told(&format_args!("map_own({request:x?})"), |route| call::map(pid, &request, route))
        .map(|(addr, _)| addr as *mut c_void)
}

/// Removes mappings of the calling process, as munmap_peer() does.
///
/// # Errors
/// Those of munmap_peer(3).
///
/// # Safety
/// As munmap(): nobody may refer to anything in these pages any more.
pub unsafe fn unmap_own(addr: *mut c_void, len: usize) -> Result<(), Error> {
    let pid = sys::getpid();
    let unmap = |route: &mut Route| call::unmap(pid, addr as usize, len, route).map(|()| 0);
    told(&format_args!("unmap_own({addr:p}, {len})"), unmap).map(|_| ())
}

/// Whom the calling process admits as callers, where Yama's scope 1 asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consent {
    /// A process and its descendants.
    Process(u32),
    /// Every process of the same user.
    Anybody,
    /// Nobody but the caller's ancestors.
    Nobody,
}

/// The caller's consent to be a target: mman_peer_allow(3). Each call replaces
/// the last.
///
/// # Errors
/// ESRCH: there is no such process.
pub fn allow(whom: Consent) -> Result<(), Error> {
    let (given, pid) = match whom {
        Consent::Process(pid) => (load::Consent::To(i32::try_from(pid).unwrap_or(i32::MAX)), pid as i32),
        Consent::Anybody => (load::Consent::ToAnybody, -1),
        Consent::Nobody => (load::Consent::ToNobody, 0),
    };
    load::give(given).map_err(|errno| {
        Error(match errno {
            Errno::ESRCH => Fault::new(errno, Why::NoProcess { pid }),
            _ => Fault::says(errno, "prctl(PR_SET_PTRACER) was refused"),
        })
    })
}

/// The library's version, as "1.2.3".
pub fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

/// Why a call failed. It prints as the sentence that mman_peer_explain() gives
/// to C, with the remedy where there is one.
///
/// ```
/// let error = mman_peer::Peer::of(u32::MAX).unwrap_err();
/// assert_eq!(error.raw_os_error(), 3); // ESRCH
/// assert!(error.to_string().starts_with("ESRCH: there is no process"));
/// // As an io::Error it keeps the kind and the sentence.
/// assert_eq!(std::io::Error::from(error).to_string(), error.to_string());
/// ```
#[derive(Clone, Copy)]
pub struct Error(Fault);

impl Error {
    /// The errno: what the C function would leave there.
    pub fn raw_os_error(&self) -> i32 {
        self.0.errno.0
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Error({})", self.0)
    }
}

impl std::error::Error for Error {}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Error {
        Error(fault)
    }
}

impl From<Error> for io::Error {
    fn from(error: Error) -> io::Error {
        io::Error::new(io::Error::from_raw_os_error(error.raw_os_error()).kind(), error)
    }
}

/// Runs a call, and with MMAN_PEER_DEBUG=1 writes its line.
fn told(
    call: &dyn fmt::Display,
    work: impl FnOnce(&mut Route) -> Result<usize, Fault>,
) -> Result<(usize, Route), Error> {
    let mut route = Route::default();
    let result = work(&mut route);
    if env::settings().debug {
        ffi::debug_line(call, &route, &result);
    }
    Ok((result?, route))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_is_the_arguments_of_the_c_function() {
        let m = Map::anonymous(10).shared().private().at(4096).request;
        assert_eq!((m.addr, m.len, m.fd, m.flags), (4096, 10, NOFD, libc::MAP_PRIVATE | libc::MAP_FIXED));
        let m = Map::physical(1 << 40, 10).protection(libc::PROT_READ).request;
        assert_eq!((m.off, m.prot, m.flags), (1 << 40, libc::PROT_READ, libc::MAP_SHARED | MAP_PHYS));
        let m = Map::of(&io::stdin(), 8192, 1).private().request;
        assert_eq!((m.fd, m.off, m.flags), (0, 8192, libc::MAP_PRIVATE));
    }

    #[test]
    fn the_own_process_has_functions_of_its_own() {
        assert_eq!(Peer::of(std::process::id()).unwrap_err().raw_os_error(), libc::EINVAL);
        // SAFETY: new memory, used by nobody else.
        unsafe {
            let here = map_own(&Map::anonymous(1)).expect("a page");
            here.cast::<u8>().write(1);
            unmap_own(here, 1).expect("unmapped");
        }
    }
}
