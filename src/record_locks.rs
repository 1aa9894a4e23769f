// SPDX-License-Identifier: MIT OR Apache-2.0
//! Whether the target has a record lock (fcntl(2), F_SETLK) on an object that is to be
//! brought into it: with any descriptor of a file that is closed the kernel drops all
//! that the table of descriptors has on it, whichever it was that took them
//! (`filp_flush`, `locks_remove_posix`). Locks of open files (F_OFD_SETLK) and flock()
//! stay.
//!
//! *Promises*: what cannot be found out is no lock. It waits for no file system's
//! server. *Touches*: the caller's descriptor, with F_GETLK, and /proc/locks.

use crate::procfs;
use crate::request::FileFacts;
use crate::sys;
use libc::c_int;

pub(crate) struct RecordLocks {
    fd: c_int,
    pid: i32,
    /// F_GETLK is answered at once.
    plain: bool,
    /// There was one of the target's, by /proc/locks where F_GETLK does not tell.
    listed: bool,
}

impl RecordLocks {
    /// For before anything is held: where others have locks, it takes milliseconds.
    pub fn look(fd: c_int, facts: FileFacts, pid: i32) -> RecordLocks {
        // No driver has a lock operation of its own.
        let plain = !facts.regular || sys::has_plain_locks(fd);
        let mut locks = RecordLocks { fd, pid, plain, listed: false };
        // F_GETLK tells of one lock: another's may stand before the target's.
        locks.listed = locks.tells().unwrap_or_else(|| {
            let listed = sys::fstat(fd).and_then(|st| procfs::has_record_lock(pid, st.st_ino));
            listed.unwrap_or(false)
        });
        locks
    }

    /// Whether the target has one now, as far as a single quick call can tell, or had one then.
    pub fn held(&self) -> bool {
        self.tells().unwrap_or(self.listed)
    }

    /// What F_GETLK tells of the target; nothing, if it is silent or names somebody else.
    fn tells(&self) -> Option<bool> {
        if !self.plain {
            return None;
        }
        match sys::record_lock(self.fd) {
            Ok(None) => Some(false),
            Ok(Some(pid)) if pid == self.pid => Some(true),
            _ => None,
        }
    }
}
