// SPDX-License-Identifier: MIT OR Apache-2.0
//! The caller's descriptor on its way into a target, and out of it again on
//! every path.
//!
//! Linux takes descriptors out of a process (pidfd_getfd) but puts none in. So
//! the target opens a datagram socket, we take that out, connect it to itself
//! and send our descriptor through it, and the target receives it. Where that
//! cannot be (no pidfd_getfd, no socket in the target), the target opens
//! /proc/CALLER/fd/N, if that is an ordinary file.
//!
//! It remembers how far it has come; called again after an interruption, it
//! goes on. *Touches* in the target: one page that it maps for its message,
//! two descriptors. Both are gone when `tidy` has returned.

use crate::arch::SystemCall;
use crate::errno::Errno;
use crate::fault::{Fault, Why};
use crate::inject::session::{Lost, Session};
use crate::perform::Hands;
use crate::procfs;
use crate::request::{map_refused, FileFacts, MapPlan};
use crate::sys::{self, Descriptor};
use libc::c_int;

/// Up to this size, a range for the mapping is made first, and its first page
/// is the scratch page: one call less.
const SMALL: usize = 64 * 1024;

pub(crate) struct Carry {
    fd: c_int,
    facts: FileFacts,
    way: Way,
    /// The page for the message; with `held` the whole range of the mapping to be.
    scratch: Option<(usize, usize)>,
    held: bool,
    socket: Option<c_int>,
    sent: bool,
    arrived: Option<c_int>,
    fault: Option<Fault>,
    no_socket: Option<(Errno, &'static str)>,
    /// What was written last at the room's beginning.
    written: [u8; MARK],
    /// The kernel may have unmapped the room, for a mapping that then failed.
    may_be_gone: bool,
}

/// So much of a letterbox or a path tells it from what anybody else has there.
const MARK: usize = 32;

fn mark_of(bytes: &[u8]) -> [u8; MARK] {
    let mut mark = [0; MARK];
    mark.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    mark
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Way {
    Socket,
    Procfs,
}

impl Carry {
    pub fn new(fd: c_int, facts: FileFacts) -> Carry {
        Carry {
            fd,
            facts,
            way: Way::Socket,
            scratch: None,
            held: false,
            socket: None,
            sent: false,
            arrived: None,
            fault: None,
            no_socket: None,
            written: [0; MARK],
            may_be_gone: false,
        }
    }

    /// Whether something of it stands in the target.
    pub fn begun(&self) -> bool {
        self.scratch.is_some() || self.socket.is_some() || self.arrived.is_some()
    }

    /// The descriptor in the target, or why there is none. For use when `bring` has returned.
    pub fn outcome(&self) -> Result<c_int, Fault> {
        match (self.fault, self.arrived) {
            (None, Some(fd)) => Ok(fd),
            (Some(fault), _) => Err(fault),
            (None, None) => Err(Fault::says(Errno::EAGAIN, "the descriptor did not arrive")),
        }
    }

    /// The range that is held for the mapping, if one is.
    pub fn held_range(&self) -> Option<usize> {
        self.scratch.filter(|_| self.held).map(|(start, _)| start)
    }

    /// The held range has become the mapping.
    pub fn range_taken(&mut self) {
        if self.held {
            self.scratch = None;
        }
    }

    /// A mapping over the held range has failed, perhaps after the kernel had made room
    /// for it (`__mmap_region`): then it is a hole, and may be another thread's by now.
    pub fn range_may_be_gone(&mut self) {
        self.may_be_gone = self.held;
    }

    /// Brings the descriptor into the target.
    pub fn bring(&mut self, plan: &MapPlan, session: &mut Session<'_>) -> Result<(), Lost> {
        if self.arrived.is_none() && self.fault.is_none() {
            self.make_room(plan, session)?;
        }
        while self.arrived.is_none() && self.fault.is_none() {
            match self.way {
                Way::Socket => self.by_socket(session)?,
                Way::Procfs => self.by_procfs(session)?,
            }
        }
        // The room is not needed any more, and must not lie where the mapping goes.
        if !self.held {
            self.clear_room(session)?;
        }
        Ok(())
    }

    fn make_room(&mut self, plan: &MapPlan, session: &mut Session<'_>) -> Result<(), Lost> {
        if self.scratch.is_some() {
            return Ok(());
        }
        const HOLDABLE: c_int = libc::MAP_TYPE | libc::MAP_NORESERVE | libc::MAP_FIXED_NOREPLACE;
        let holdable = self.facts.plain && plan.len <= SMALL && plan.flags & !HOLDABLE == 0;
        let private = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        let page = sys::page_size();
        let range = (plan.addr, plan.len, plan.flags & !libc::MAP_TYPE | private);
        // Writable private memory counts against RLIMIT_DATA, which the mapping
        // itself may not do; shared memory does not.
        let choices =
            [if holdable { range } else { (0, page, private) }, (0, page, libc::MAP_SHARED | libc::MAP_ANONYMOUS)];
        let access = (libc::PROT_READ | libc::PROT_WRITE) as u64;
        for (i, (addr, len, flags)) in choices.into_iter().enumerate() {
            self.held = holdable && i == 0;
            match session.call(SystemCall::Mmap, [addr as u64, len as u64, access, flags as u64, u64::MAX, 0])? {
                Ok(start) => {
                    self.scratch = Some((start, len));
                    self.fault = None;
                    break;
                }
                Err(errno) => self.fault = Some(map_refused(plan, errno)),
            }
            if self.fault.is_some_and(|f| f.errno != Errno::ENOMEM) {
                break;
            }
        }
        Ok(())
    }

    fn clear_room(&mut self, session: &mut Session<'_>) -> Result<(), Lost> {
        if let Some((start, len)) = self.scratch {
            let mut there = [0; MARK];
            if self.may_be_gone && (session.read(start, &mut there).is_err() || there != self.written) {
                self.scratch = None;
                return Ok(());
            }
            let _ = session.call(SystemCall::Munmap, [start as u64, len as u64, 0, 0, 0, 0])?;
            self.scratch = None;
        }
        Ok(())
    }

    fn by_socket(&mut self, session: &mut Session<'_>) -> Result<(), Lost> {
        let Some((room, _)) = self.scratch else { return Ok(()) };
        let theirs = match self.socket {
            Some(socket) => socket,
            None => {
                let kind = libc::SOCK_DGRAM | libc::SOCK_CLOEXEC;
                match session.call(SystemCall::Socket, [libc::AF_UNIX as u64, kind as u64, 0, 0, 0, 0])? {
                    Ok(fd) => *self.socket.insert(fd as c_int),
                    Err(errno @ (Errno::EMFILE | Errno::ENFILE)) => return self.refuse(session, errno, "socket()"),
                    Err(errno) => return self.otherwise(errno, "socket()"),
                }
            }
        };
        if !self.sent {
            let socket = match take_out(session, theirs) {
                Ok(socket) => socket,
                Err(errno @ (Errno::EMFILE | Errno::ENFILE)) => {
                    self.fault = Some(Fault::new(errno, Why::OwnTable { errno }));
                    return Ok(());
                }
                Err(errno) => return self.otherwise(errno, "pidfd_getfd() of a socket"),
            };
            match sys::send_to_itself(&socket, self.fd) {
                Ok(()) => self.sent = true,
                // Some files cannot be sent at all, as io_uring's (`unix_attach_fds`).
                Err(errno) => return self.otherwise(errno, "sendmsg() through a socket"),
            }
        }
        let mut letterbox = sys::Letterbox::at(room, session.abi().word());
        if let Err(errno) = session.write(room, letterbox.bytes()) {
            return self.refuse(session, errno, "writing the message header");
        }
        let flags = libc::MSG_CMSG_CLOEXEC | libc::MSG_DONTWAIT;
        if let Err(errno) = session.call(SystemCall::Recvmsg, [theirs as u64, room as u64, flags as u64, 0, 0, 0])? {
            return self.refuse(session, errno, "recvmsg()");
        }
        match session.read(room, letterbox.bytes_mut()) {
            // Truncated: the target had no descriptor free (`scm_detach_fds`).
            Ok(()) => match letterbox.descriptor() {
                Some(fd) => {
                    self.written = mark_of(letterbox.bytes());
                    self.arrived = Some(fd);
                    Ok(())
                }
                None => self.refuse(session, Errno::EMFILE, "recvmsg()"),
            },
            Err(errno) => self.refuse(session, errno, "reading the message header"),
        }
    }

    fn by_procfs(&mut self, session: &mut Session<'_>) -> Result<(), Lost> {
        let Some((room, _)) = self.scratch else { return Ok(()) };
        if !self.facts.regular {
            let (errno, at) = self.no_socket.unwrap_or((Errno::EPERM, "socket()"));
            return self.refuse_for(session, Errno::EPERM, errno, at);
        }
        let path = procfs::descriptor_path_for_others(self.fd);
        if let Err(errno) = session.write(room, path.padded()) {
            return self.refuse(session, errno, "writing the path");
        }
        self.written = mark_of(path.padded());
        let access = if self.facts.writable { libc::O_RDWR } else { libc::O_RDONLY };
        let flags = access | libc::O_CLOEXEC;
        match session.call(SystemCall::Openat, [libc::AT_FDCWD as u64, room as u64, flags as u64, 0, 0, 0])? {
            // A name in /proc means what the target's /proc says: it must be the same file.
            Ok(fd) => {
                self.arrived = Some(fd as c_int);
                if procfs::same_object(session.tid(), fd as c_int, self.fd) {
                    Ok(())
                } else {
                    self.refuse(session, Errno::EPERM, "open() of /proc/CALLER/fd")
                }
            }
            Err(errno @ (Errno::EMFILE | Errno::ENFILE)) => self.refuse(session, errno, "open()"),
            Err(errno) => self.refuse_for(session, Errno::EPERM, errno, "open() of /proc/CALLER/fd"),
        }
    }

    fn refuse(&mut self, session: &Session<'_>, errno: Errno, at: &'static str) -> Result<(), Lost> {
        self.refuse_for(session, errno, errno, at)
    }

    /// The call's errno, and the one that is the reason.
    fn refuse_for(&mut self, session: &Session<'_>, says: Errno, errno: Errno, at: &'static str) -> Result<(), Lost> {
        self.fault = Some(Fault::new(says, Why::Carry { pid: session.peer().pid(), errno, at }));
        Ok(())
    }

    /// No way by a socket, for this reason: by name, then.
    fn otherwise(&mut self, errno: Errno, at: &'static str) -> Result<(), Lost> {
        self.way = Way::Procfs;
        self.no_socket = Some((errno, at));
        Ok(())
    }

    /// Takes everything out of the target again.
    pub fn tidy(&mut self, session: &mut Session<'_>) -> Result<(), Lost> {
        self.clear_room(session)?;
        if let (Some(a), Some(b)) = (self.socket, self.arrived) {
            if a.abs_diff(b) == 1 {
                let range = [a.min(b) as u64, a.max(b) as u64, 0, 0, 0, 0];
                if session.call(SystemCall::CloseRange, range)?.is_ok() {
                    (self.socket, self.arrived) = (None, None);
                }
            }
        }
        while let Some(fd) = self.arrived.or(self.socket) {
            let _ = session.call(SystemCall::Close, [fd as u64, 0, 0, 0, 0, 0])?;
            if self.arrived.take().is_none() {
                self.socket = None;
            }
        }
        Ok(())
    }

    /// After an interruption, in which the target ran: forgets descriptors
    /// whose numbers name something else by now.
    pub fn recheck(&mut self, session: &Session<'_>) {
        let tid = session.tid();
        if self.arrived.is_some_and(|there| !procfs::same_object(tid, there, self.fd)) {
            self.arrived = None;
        }
        if self.socket.is_some_and(|there| !procfs::is_socket(tid, there)) {
            (self.socket, self.sent) = (None, false);
        }
    }
}

/// A descriptor of the target's, as one of ours.
fn take_out(session: &Session<'_>, theirs: c_int) -> Result<Descriptor, Errno> {
    if session.tid() != session.peer().leader() {
        // The leader may have ended, and then has no descriptors.
        return sys::pidfd_getfd(&sys::pidfd_open_thread(session.tid())?, theirs);
    }
    sys::pidfd_getfd(session.peer().pidfd().ok_or(Errno::ENOSYS)?, theirs)
}
