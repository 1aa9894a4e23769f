// SPDX-License-Identifier: MIT OR Apache-2.0
//! All other threads of a process, held while something is done to memory that
//! none of them may touch meanwhile.
//!
//! *Needs*: a helper process (`Waiting::collect_the_ended`), in which no thread
//! of the process runs. *Promises*: what has been made to stand still goes on as
//! if nothing had happened, by whichever way the crowd is let go: each thread is
//! a `Session` of its own. *Touches*: a mapping for them, gone with the crowd.
//!
//! Attaching to a thread takes a lock (`cred_guard_mutex`) that an exec() of
//! another one holds while it waits for the threads that it has ended; and one
//! that we hold ends only when we collect it. So the tracer must not wait for the
//! lock with ended threads in its hands: its timer interrupts it there
//! (`mutex_lock_interruptible` in `ptrace_attach`), and collects them.

use super::session::{Lost, Miss, Restraint, Session};
use super::wait::Waiting;
use crate::errno::Errno;
use crate::peer::Peer;
use crate::procfs;
use crate::sys::{self, Tid};
use core::mem::size_of;
use core::time::Duration;

pub(super) struct Crowd<'a> {
    waiting: &'a Waiting,
    members: *mut Session<'a>,
    bytes: usize,
    count: usize,
}

/// Only a thread that is about to end; or one that nobody knew when the room was made.
const SPARE: usize = 64;

impl<'a> Crowd<'a> {
    /// Holds every thread of the peer but `except`. Gives up at the end of one
    /// slice, so that no thread is kept for the sake of another for long.
    pub fn hold(peer: &'a Peer, waiting: &'a Waiting, except: Tid) -> Result<Crowd<'a>, Lost> {
        let until = sys::now() + waiting.slice;
        let known = procfs::thread_count(peer.pid()) as usize;
        if known > 1 && !waiting.collect_the_ended() {
            return Err(Lost::OneTracee);
        }
        let capacity = known + SPARE;
        let bytes = (capacity * size_of::<Session<'_>>()).next_multiple_of(sys::page_size());
        let members = sys::map_private(bytes).map_err(|_| Lost::Others { state: b'?' })? as *mut Session<'a>;
        let mut crowd = Crowd { waiting, members, bytes, count: 0 };
        // A thread that runs may make another; who stands still cannot.
        while crowd.look(peer, waiting, except, until, capacity)? {
            if sys::now() >= until {
                return Err(Lost::Others { state: b'R' });
            }
            sys::yield_cpu();
        }
        match crowd.memory_is_shared(peer.pid(), except) {
            Ok(false) => {}
            Ok(true) => return Err(Lost::Others { state: 0 }),
            Err(_) => return Err(Lost::Others { state: b'?' }),
        }
        Ok(crowd)
    }

    /// Goes through all threads once; whether there was one that did not stand still yet.
    fn look(
        &mut self,
        peer: &'a Peer,
        waiting: &'a Waiting,
        except: Tid,
        until: Duration,
        capacity: usize,
    ) -> Result<bool, Lost> {
        let (mut any, mut lost) = (false, None);
        let walked = procfs::each_thread(peer.pid(), |tid| {
            if tid == except || self.has(tid) {
                return true;
            }
            // Workers of the kernel's never run the program. An ended thread has
            // written its last (`mm_release`); one that is ending has not.
            match procfs::stat(tid) {
                Err(Errno::ESRCH | Errno::ENOENT) => return true,
                // No descriptor for it, say: whether it runs is not known.
                Err(_) => {
                    lost = Some(Lost::Others { state: b'?' });
                    return false;
                }
                Ok(s) if matches!(s.state, b'Z' | b'X') => return true,
                Ok(s) if s.ending() => {
                    any = true;
                    return true;
                }
                Ok(s) if s.never_in_user_mode() => return true,
                Ok(_) => {}
            }
            any = true;
            if self.count == capacity {
                lost = Some(Lost::Others { state: b'R' });
                return false;
            }
            match Session::take(peer, tid, waiting, Restraint::None, until, false) {
                Ok(mut member) => {
                    member.keep_to_its_program();
                    // SAFETY: room for `capacity` members; this one is not in use yet.
                    unsafe { self.members.add(self.count).write(member) };
                    self.count += 1;
                }
                // The next look finds whether one of these is still there.
                Err(Miss::Ended | Miss::EndedInHand | Miss::SignalDue) => {}
                Err(Miss::NoStop { state }) => lost = Some(Lost::Others { state }),
                Err(Miss::Held { .. }) => lost = Some(Lost::Others { state: b't' }),
                Err(_) => lost = Some(Lost::Others { state: b'?' }),
            }
            lost.is_none()
        });
        match (lost, walked) {
            (Some(lost), _) => Err(lost),
            (None, Ok(())) => Ok(any),
            (None, Err(_)) => Err(Lost::Gone),
        }
    }

    fn members(&self) -> &[Session<'a>] {
        // SAFETY: so many have been written.
        unsafe { core::slice::from_raw_parts(self.members, self.count) }
    }

    fn has(&self, tid: Tid) -> bool {
        self.members().iter().any(|member| member.tid() == tid)
    }

    /// Whether a parent or a child that is a process of its own (vfork(), a helper of
    /// this library's) runs in the same memory.
    fn memory_is_shared(&self, pid: i32, except: Tid) -> Result<bool, Errno> {
        let me = sys::getpid();
        let parent = procfs::stat(Tid(pid))?.parent;
        let mut shared = parent > 0 && parent != me && sys::same_memory(pid, parent);
        let mut ask = |tid| {
            procfs::each_child(pid, tid, |child| {
                shared |= child != me && sys::same_memory(pid, child);
                !shared
            })
        };
        ask(except)?;
        for member in self.members() {
            ask(member.tid())?;
        }
        Ok(shared)
    }
}

impl Drop for Crowd<'_> {
    fn drop(&mut self) {
        for i in 0..self.count {
            // SAFETY: written once, and dropped nowhere else.
            unsafe { core::ptr::drop_in_place(self.members.add(i)) };
        }
        sys::unmap(self.members as usize, self.bytes);
        self.waiting.holds_one_again();
    }
}
