// SPDX-License-Identifier: MIT OR Apache-2.0
//! Who is meant by a pid: another process, held fast against reuse of its
//! number, or nobody; and, when the kernel refuses, why.
//!
//! ESRCH and EPERM are said here. It may look into /proc and open a pidfd; it
//! traces nothing.

use crate::errno::Errno;
use crate::fault::{Fault, Why};
use crate::procfs;
use crate::sys::{self, Descriptor, Tid};

/// Another process. Its pid names it for as long as `holds` says so: when its parent
/// has collected it, the number may go to another (`release_task`).
pub(crate) struct Peer {
    pid: i32,
    identity: Identity,
}

enum Identity {
    Pidfd(Descriptor),
    /// Before Linux 5.3: a process is its pid and when it started.
    StartTime(u64),
}

fn not_a_leader(tid: i32) -> Fault {
    let pid = procfs::status(Tid(tid)).map_or(0, |s| s.tgid);
    Fault::new(Errno::ESRCH, Why::NotALeader { tid, pid })
}

fn others_procfs(pid: i32) -> Fault {
    Fault::new(Errno::EPERM, Why::OthersProcfs { pid })
}

fn without_pidfd(pid: i32) -> Result<Identity, Fault> {
    if !sys::process_exists(pid) {
        return Err(Fault::new(Errno::ESRCH, Why::NoProcess { pid }));
    }
    if procfs::is_of_another_namespace() {
        return Err(others_procfs(pid));
    }
    let unreadable = |errno| Fault::new(Errno::EPERM, Why::Procfs { pid, errno });
    if procfs::status(Tid(pid)).map_err(unreadable)?.tgid != pid {
        return Err(not_a_leader(pid));
    }
    procfs::stat(Tid(pid)).map(|s| Identity::StartTime(s.start_time)).map_err(unreadable)
}

impl Peer {
    pub fn find(pid: i32) -> Result<Peer, Fault> {
        if pid <= 0 {
            return Err(Fault::new(Errno::ESRCH, Why::NoProcess { pid }));
        }
        let identity = match sys::pidfd_open(pid) {
            Ok(pidfd) => Identity::Pidfd(pidfd),
            Err(Errno::ESRCH) => return Err(Fault::new(Errno::ESRCH, Why::NoProcess { pid })),
            Err(errno @ (Errno::EMFILE | Errno::ENFILE)) => return Err(Fault::new(errno, Why::OwnTable { errno })),
            // EINVAL, since Linux 6.9 ENOENT: a thread that leads no process.
            Err(Errno::EINVAL | Errno::ENOENT) => return Err(not_a_leader(pid)),
            Err(_) => without_pidfd(pid)?,
        };
        let peer = Peer { pid, identity };
        if procfs::is_of_another_namespace() {
            // A pidfd tells of an end without /proc.
            let ended = peer.pidfd().is_some_and(sys::pidfd_ended);
            return Err(if ended { peer.gone() } else { others_procfs(pid) });
        }
        Ok(peer)
    }

    pub fn pid(&self) -> i32 {
        self.pid
    }

    pub fn leader(&self) -> Tid {
        Tid(self.pid)
    }

    pub fn pidfd(&self) -> Option<&Descriptor> {
        match &self.identity {
            Identity::Pidfd(pidfd) => Some(pidfd),
            Identity::StartTime(_) => None,
        }
    }

    /// Whether the process has not been collected by its parent: until then
    /// the pid cannot have gone to another.
    pub fn holds(&self) -> bool {
        match &self.identity {
            Identity::Pidfd(pidfd) => sys::pidfd_alive(pidfd),
            Identity::StartTime(then) => procfs::stat(self.leader()).is_ok_and(|s| s.start_time == *then),
        }
    }

    /// Whether any thread of it can still run.
    pub fn lives(&self) -> bool {
        match &self.identity {
            Identity::Pidfd(pidfd) => !sys::pidfd_ended(pidfd),
            Identity::StartTime(_) => self.holds() && self.has_living_thread(),
        }
    }

    /// Twice, since in the middle of another thread's exec the leader has
    /// ended, and the thread that takes its number is under neither for a moment.
    fn has_living_thread(&self) -> bool {
        let mut alive = false;
        for _ in 0..2 {
            let _ = procfs::each_thread(self.pid, |tid| {
                alive |= procfs::stat(tid).is_ok_and(|s| !matches!(s.state, b'Z' | b'X'));
                !alive
            });
        }
        alive
    }

    /// The fault of a process that cannot be found living any more.
    pub fn gone(&self) -> Fault {
        let why = if self.holds() { Why::Zombie { pid: self.pid } } else { Why::Ended { pid: self.pid } };
        Fault::new(Errno::ESRCH, why)
    }

    /// Whether the caller may touch the process, asked without touching it:
    /// for a call whose arguments are wrong, so that ESRCH and EPERM come first.
    pub fn may_be_touched(&self) -> Result<(), Fault> {
        match probe(self.leader()) {
            Probe::Allowed => Ok(()),
            Probe::Refused => Err(self.refused()),
            Probe::NoMemory if self.is_kernel_thread() => Err(self.refused()),
            Probe::NoMemory if self.lives() => Ok(()), // its leader has ended, its other threads not
            Probe::NoMemory => Err(self.gone()),
        }
    }

    /// Whether it is the kernel's own.
    pub fn is_kernel_thread(&self) -> bool {
        procfs::stat(self.leader()).is_ok_and(|s| s.kernel_thread())
    }

    /// Whether it has been killed, and only has not come to its end yet.
    pub fn is_ending(&self) -> bool {
        const SIGKILL: sys::SignalSet = sys::signal_bit(libc::SIGKILL);
        procfs::status(self.leader()).map_or(true, |status| status.ended() || status.pending & SIGKILL != 0)
    }

    pub fn effective_user(&self) -> Option<u32> {
        procfs::status(self.leader()).ok().map(|status| status.euid)
    }

    /// Why the kernel refuses. In the order in which it can be told.
    pub fn refused(&self) -> Fault {
        let pid = self.pid;
        let ours = sys::geteuid();
        let theirs = self.effective_user().unwrap_or(ours);
        let why = if self.is_kernel_thread() {
            Why::KernelThread { pid }
        } else if theirs != ours && ours != 0 {
            Why::OtherUser { pid, theirs, ours }
        } else {
            match procfs::yama_scope() {
                Some(scope) if scope > 0 => Why::Yama { pid, scope, ours: sys::getpid() },
                // The kernel gives the files of an undumpable process to root (proc(5)).
                _ if ours != 0 && procfs::start(self.leader()).is_err() => Why::Undumpable { pid },
                _ => Why::TracingDenied { pid },
            }
        };
        Fault::new(Errno::EPERM, why)
    }
}

/// What the kernel's check for attaching (PTRACE_MODE_ATTACH_REALCREDS) says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Probe {
    Allowed,
    Refused,
    /// The task has no address space: it has ended, or belongs to the kernel.
    NoMemory,
}

/// Asks by process_vm_readv() of a byte that is nobody's; where that call is
/// missing, by opening the task's memory.
pub(crate) fn probe(tid: Tid) -> Probe {
    let mut byte = [0];
    match sys::read_memory(tid, 0, &mut byte) {
        Err(Errno::EPERM) => Probe::Refused,
        Err(Errno::ESRCH) => Probe::NoMemory,
        Err(Errno::ENOSYS) => match procfs::memory_opens(tid) {
            Ok(()) => Probe::Allowed,
            Err(Errno::ESRCH | Errno::ENOENT) => Probe::NoMemory,
            Err(_) => Probe::Refused,
        },
        _ => Probe::Allowed,
    }
}
