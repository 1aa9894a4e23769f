// SPDX-License-Identifier: MIT OR Apache-2.0
//! Inside the target: who asks, may they, do it, answer.
//!
//! *Needs*: a thread of its own with every signal blocked.
//! *Promises*: nobody's order is carried out but root's and the same user's; an
//! order that was called off is not carried out; no caller holds up another.
//! *Touches*: the memory that it is told to, and descriptors in a table that
//! the thread shares with nobody, so that the process's own table is as it was.
//! No heap, no thread-local, no lock, nothing of the application.
//! *Bounds*: `CONNECTIONS` at a time; a new one takes the place of the one that
//! has been quiet for longest.

use super::protocol::{Answer, Bad, Map, Order, ORDER_SIZE};
use crate::errno::Errno;
use crate::perform::{Hands, Mapping, Own, Step};
use crate::procfs;
use crate::request::UnmapPlan;
use crate::sys::{self, Capabilities, Descriptor, Tid};
use core::time::Duration;

/// How many callers are listened to at a time.
const CONNECTIONS: usize = 64;
/// How many wait to be accepted; the kernel has its own limit (net.core.somaxconn).
pub(super) const BACKLOG: i32 = 4096;

/// Why the service ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum End {
    /// It was told to.
    Told,
    /// No other thread of the process is left.
    Alone,
}

struct Connection {
    socket: Descriptor,
    /// Effective user, when it connected.
    user: u32,
    /// A count that grows with each message of anybody's.
    last_heard: u64,
}

pub(super) struct Server {
    listener: Descriptor,
    connections: [Option<Connection>; CONNECTIONS],
    heard: u64,
    page: usize,
    pid: i32,
    /// What the kernel puts in place of a user that our namespace does not have.
    nobody: u32,
    /// Readable when the first thread has ended; none before Linux 6.9.
    first_thread: Option<Descriptor>,
    /// Readable when the service is told to end; likewise.
    told: Option<Descriptor>,
    first_thread_ended: bool,
    capabilities: Option<Capabilities>,
    /// The service's own stacks are somewhere around these addresses.
    stacks: [usize; 2],
}

impl Server {
    /// Listens under the process's name. `guardian` is the thread whose end
    /// ends the service, and `its_stack` an address on its stack.
    pub fn new(guardian: Tid, its_stack: usize) -> Result<Server, Errno> {
        sys::own_empty_table()?;
        let pid = sys::getpid();
        let own = sys::pidfd_open(pid).ok();
        let name = super::name_of(pid, own.as_ref());
        let here = 0u8;
        Ok(Server {
            listener: sys::listen(&name, BACKLOG)?,
            connections: [const { None }; CONNECTIONS],
            heard: 0,
            page: sys::page_size(),
            pid,
            nobody: procfs::overflow_user(),
            first_thread: sys::pidfd_open_thread(Tid(pid)).ok(),
            told: sys::pidfd_open_thread(guardian).ok(),
            first_thread_ended: false,
            capabilities: sys::capabilities(Tid(0)).ok(),
            stacks: [(&raw const here) as usize, its_stack],
        })
    }

    /// Serves until the end. `told` is asked where no descriptor tells.
    pub fn run(mut self, told: &dyn Fn() -> bool) -> End {
        const FIXED: usize = 3;
        loop {
            let mut entries = [sys::poll_entry(None, 0); FIXED + CONNECTIONS];
            let first_thread = self.first_thread.as_ref().filter(|_| !self.first_thread_ended);
            let fixed = [Some(&self.listener), self.told.as_ref(), first_thread];
            let connected = self.connections.iter().map(|c| c.as_ref().map(|c| &c.socket));
            for (entry, fd) in entries.iter_mut().zip(fixed.into_iter().chain(connected)) {
                *entry = sys::poll_entry(fd, libc::POLLIN);
            }
            let ready = sys::poll(&mut entries, self.patience());
            if told() {
                return End::Told;
            }
            if ready.is_err() {
                // EINTR: setuid() and its like reach every thread by a signal of libc's own.
                continue;
            }
            let [listener, _, first_thread, connected @ ..] = entries;
            self.first_thread_ended |= first_thread.revents != 0;
            if self.must_look_around() && self.is_alone() {
                return End::Alone;
            }
            for (i, entry) in connected.iter().enumerate() {
                if entry.revents != 0 {
                    self.hear(i);
                }
            }
            if listener.revents != 0 {
                self.accept();
            }
        }
    }

    /// After the first thread's end nobody tells when the others have ended.
    fn must_look_around(&self) -> bool {
        self.first_thread_ended || self.first_thread.is_none()
    }

    fn patience(&self) -> Option<Duration> {
        match (self.first_thread_ended, self.first_thread.is_none() || self.told.is_none()) {
            (true, _) => Some(Duration::from_millis(20)),
            (false, true) => Some(Duration::from_millis(500)),
            (false, false) => None,
        }
    }

    /// Whether only the first thread, which has ended, and the service's own two are left.
    fn is_alone(&self) -> bool {
        let ended = procfs::stat(Tid(self.pid)).is_ok_and(|s| matches!(s.state, b'Z' | b'X'));
        ended && procfs::thread_count(self.pid) == 3
    }

    fn accept(&mut self) {
        // Some, and then those that are there already get their turn.
        const AT_ONCE: usize = 8;
        for _ in 0..AT_ONCE {
            let Ok(socket) = sys::accept(&self.listener) else { return };
            let Ok(peer) = sys::peer_credentials(&socket) else { continue };
            let quietest = |c: &Option<Connection>| c.as_ref().map_or(0, |c| c.last_heard + 1);
            let place = self.connections.iter().enumerate().min_by_key(|(_, c)| quietest(c)).map(|(i, _)| i);
            if let Some((i, place)) = place.and_then(|i| self.connections.get_mut(i).map(|place| (i, place))) {
                self.heard += 1;
                *place = Some(Connection { socket, user: peer.uid, last_heard: self.heard });
                self.hear(i);
            }
        }
    }

    /// One message of a caller's, if it has come.
    fn hear(&mut self, i: usize) {
        let Some(connection) = self.connections.get(i).and_then(Option::as_ref) else { return };
        let mut bytes = [0; ORDER_SIZE];
        let message = match sys::receive(&connection.socket, &mut bytes) {
            Err(Errno::EAGAIN | Errno::EINTR) => return,
            message => message.ok(),
        };
        let whole = message.filter(|m| m.len == ORDER_SIZE && !m.strange && !hangs_up(&connection.socket));
        let user = connection.user;
        let answer = whole.and_then(|m| self.obey(&bytes, m.fd.as_ref(), [Some(user), m.uid]));
        let connection = self.connections.get(i).and_then(Option::as_ref);
        let keep = match (connection, answer) {
            (Some(connection), Some(answer)) => sys::send(&connection.socket, &answer.encode(), None).is_ok(),
            _ => false,
        };
        self.heard += 1;
        let heard = self.heard;
        if let Some(place) = self.connections.get_mut(i) {
            match place {
                Some(connection) if keep => connection.last_heard = heard,
                _ => *place = None,
            }
        }
    }

    /// Carries out an order, of a caller with these users. None: it is none.
    fn obey(
        &mut self,
        bytes: &[u8; ORDER_SIZE],
        object: Option<&Descriptor>,
        users: [Option<u32>; 2],
    ) -> Option<Answer> {
        let order = match Order::decode(bytes, self.page) {
            Ok(order) if order.has_object() == object.is_some() => order,
            Ok(_) | Err(Bad::Strange) => return None,
            Err(Bad::TooWide) => return Some(Answer::TooWide),
            Err(Bad::FromNarrower) => return Some(Answer::Elsewhere),
        };
        if !self.admits(users) {
            return Some(Answer::Forbidden);
        }
        if !self.has_rights_of_first_thread() || self.would_hurt_itself(&order) {
            return Some(Answer::Elsewhere);
        }
        Some(carry_out(&order, object))
    }

    /// QNX's rule: root, or one of the caller's users is our real or saved one.
    /// Asked anew for each order, since users change.
    fn admits(&self, users: [Option<u32>; 2]) -> bool {
        let Ok((real, saved)) = sys::real_and_saved_user() else { return false };
        let [effective, _] = users;
        !users.contains(&Some(self.nobody))
            && (effective == Some(0) || users.into_iter().flatten().any(|user| user == real || user == saved))
    }

    /// libc's setuid() and its like change every thread; capset(2) does not.
    /// The service acts with what the first thread may, and with no more.
    fn has_rights_of_first_thread(&mut self) -> bool {
        let Ok(theirs) = sys::capabilities(Tid(self.pid)) else { return false };
        if self.capabilities == Some(theirs) {
            return true;
        }
        let fewer = sys::capabilities(Tid(0)).is_ok_and(|ours| {
            let permitted = ours.permitted & theirs.permitted;
            let to = Capabilities { effective: theirs.effective & permitted, permitted, inheritable: ours.inheritable };
            sys::set_capabilities(&to).is_ok() && to.effective == theirs.effective
        });
        self.capabilities = Some(theirs).filter(|_| fewer);
        fewer
    }

    /// Whether memory that the service itself stands on would go.
    fn would_hurt_itself(&self, order: &Order) -> bool {
        let (addr, len) = match *order {
            Order::Unmap(UnmapPlan { addr, len }) => (addr, len),
            Order::Map(Map { plan, .. }) if plan.flags & libc::MAP_FIXED != 0 => (plan.addr, plan.len),
            _ => return false,
        };
        let end = addr.saturating_add(len);
        self.stacks.iter().any(|&stack| {
            addr < stack.saturating_add(super::start::STACK_SIZE) && end > stack - super::start::STACK_SIZE
        })
    }
}

/// Whether the caller has called its order off, or is gone.
fn hangs_up(socket: &Descriptor) -> bool {
    let mut entry = [sys::poll_entry(Some(socket), libc::POLLRDHUP)];
    sys::poll(&mut entry, Some(Duration::ZERO)) != Ok(0)
}

fn carry_out(order: &Order, object: Option<&Descriptor>) -> Answer {
    match order {
        Order::Nothing => Answer::Done(0),
        Order::Map(Map { plan, .. }) => {
            let mut mapping = Mapping::new();
            match mapping.make(plan, object.map(Descriptor::number), None, &mut Own) {
                Ok(()) => match mapping.outcome() {
                    Ok(start) => Answer::Done(start as u64),
                    Err((step, errno)) => Answer::Refused(step, errno),
                },
            }
        }
        Order::Unmap(UnmapPlan { addr, len }) => {
            one_call(crate::arch::SystemCall::Munmap, [*addr as u64, *len as u64, 0, 0, 0, 0])
        }
        Order::Range(range) => {
            let (call, arguments) = range.call();
            one_call(call, arguments)
        }
    }
}

fn one_call(call: crate::arch::SystemCall, arguments: crate::arch::Arguments) -> Answer {
    match Own.call(call, arguments) {
        Ok(Ok(value)) => Answer::Done(value as u64),
        Ok(Err(errno)) => Answer::Refused(Step::Done, errno),
    }
}
