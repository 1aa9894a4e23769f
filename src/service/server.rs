// SPDX-License-Identifier: MIT OR Apache-2.0
//! Inside the target: who asks, may they, do it, answer.
//!
//! *Needs*: a thread of its own with every signal blocked.
//! *Promises*: nobody's order is carried out but root's and the same user's, and
//! no object handed on but to whom its region admits; an
//! order that was called off is not carried out; no caller holds up another.
//! *Touches*: the memory that it is told to, and descriptors in a table that
//! the thread shares with nobody, so that the process's own table is as it was.
//! No heap, no thread-local, no lock, nothing of the application.
//! *Bounds*: `CONNECTIONS` at a time; a new one takes the place of the one that
//! has been quiet for longest.

use super::desk::{self, Desk, Turn};
use super::handing::{self, Asker, Nobody};
use super::protocol::{Answer, Bad, Map, Order, ORDER_SIZE};
use crate::errno::Errno;
use crate::perform::{Hands, Mapping, Own, Step};
use crate::procfs;
use crate::request::UnmapPlan;
use crate::sys::{self, Capabilities, Descriptor, Received, Tid};
use core::time::Duration;

/// How many callers are listened to at a time.
const CONNECTIONS: usize = 64;
/// How many wait to be accepted; the kernel has its own limit (net.core.somaxconn).
pub(super) const BACKLOG: i32 = 4096;

/// How long nobody is accepted when there is no descriptor for it.
const FULL: Duration = Duration::from_millis(10);

/// Why the service ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum End {
    /// It was told to.
    Told,
    /// No other thread of the process is left.
    Alone,
}

/// How many callers have a desk.
const DESKS: usize = desk::SERVICES;
/// After the last order at a desk it is watched for so long; the socket is
/// looked at as often meanwhile.
const WATCH: Duration = Duration::from_micros(300);

/// A page does not tell who writes on it: the kernel is asked as often whether its
/// caller still has the users that it had. Who gives up its rights, and is not to be
/// trusted afterwards, has them here for so much longer.
const VOUCHED_FOR: Duration = Duration::from_millis(1);

/// A caller that has a desk.
struct Regular {
    at: *const Desk,
    /// Effective and real user, when it got it.
    users: [Option<u32>; 2],
    /// Readable when the caller has ended, and what its objects are fetched by.
    caller: Descriptor,
    pid: i32,
    /// When the kernel was asked last.
    vouched: Duration,
    last_heard: u64,
}

/// Whether a process has these users, effective and real, by the kernel's word.
fn has_users(pid: i32, pidfd: &Descriptor, users: [Option<u32>; 2]) -> bool {
    let now = procfs::status(Tid(pid)).map(|status| [Some(status.euid), Some(status.ruid)]);
    // While it lives, the number is its own.
    now == Ok(users) && sys::pidfd_alive(pidfd)
}

impl Regular {
    fn is_who_it_was(&mut self) -> bool {
        let now = sys::now();
        if now < self.vouched + VOUCHED_FOR {
            return true;
        }
        self.vouched = now;
        has_users(self.pid, &self.caller, self.users)
    }

    fn desk(&self) -> &Desk {
        // SAFETY: mapped until this is dropped.
        unsafe { &*self.at }
    }
}

impl Drop for Regular {
    fn drop(&mut self) {
        self.desk().close();
        self.desk().wake();
        Desk::unmap(self.at);
    }
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
    /// None of them, where several desks cannot be watched at once.
    regulars: [Option<Regular>; DESKS],
    can_watch: bool,
    /// By which it is told apart from another service of the process.
    birth: u64,
    heard: u64,
    page: usize,
    pid: i32,
    nobody: Nobody,
    /// Readable when the service is told to end; none before Linux 6.9.
    told: Option<Descriptor>,
    first_thread_ended: bool,
    capabilities: Option<Capabilities>,
    /// A number kept free for a caller, if the process may open hardly any files.
    spare: Option<Descriptor>,
    /// No descriptor is to be had: till then nobody is accepted.
    full_until: Duration,
}

/// Whose descriptor is waited for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Whom {
    Teller,
    Listener,
    Connection(usize),
    Regular(usize),
}

/// The descriptors that are waited for. Only those: poll(2) refuses more
/// entries than the process may open files, empty ones too.
struct Asked {
    entries: [libc::pollfd; Asked::MOST],
    whose: [Whom; Asked::MOST],
    count: usize,
}

impl Asked {
    const MOST: usize = CONNECTIONS + DESKS + 2;

    fn new() -> Asked {
        let nobody = sys::poll_entry(None, 0);
        Asked { entries: [nobody; Asked::MOST], whose: [Whom::Teller; Asked::MOST], count: 0 }
    }

    fn add(&mut self, fd: Option<&Descriptor>, whom: Whom) {
        if let (Some(_), Some(entry), Some(whose)) =
            (fd, self.entries.get_mut(self.count), self.whose.get_mut(self.count))
        {
            (*entry, *whose) = (sys::poll_entry(fd, libc::POLLIN), whom);
            self.count += 1;
        }
    }

    fn wait(&mut self, patience: Option<Duration>) -> Result<usize, Errno> {
        sys::poll(self.entries.get_mut(..self.count).unwrap_or_default(), patience)
    }

    fn ready(&self) -> impl Iterator<Item = Whom> + '_ {
        let both = self.entries.iter().zip(&self.whose).take(self.count);
        both.filter(|(entry, _)| entry.revents != 0).map(|(_, whom)| *whom)
    }
}

impl Server {
    /// Listens under the process's name. `guardian` is the thread whose end
    /// ends the service.
    pub fn new(guardian: Tid) -> Result<Server, Errno> {
        sys::own_empty_table()?;
        let pid = sys::getpid();
        // It gets the lowest number, which is within any limit.
        let spare = sys::pidfd_open(pid).ok();
        let name = super::name_of(pid, spare.as_ref());
        Ok(Server {
            listener: sys::listen(&name, BACKLOG)?,
            connections: [const { None }; CONNECTIONS],
            regulars: [const { None }; DESKS],
            can_watch: sys::can_wait_for_several(),
            birth: sys::now().as_nanos() as u64,
            heard: 0,
            page: sys::page_size(),
            pid,
            nobody: Nobody::of_this_system(),
            told: sys::pidfd_open_thread(guardian).ok(),
            first_thread_ended: false,
            capabilities: sys::capabilities(Tid(0)).ok(),
            spare,
            full_until: Duration::ZERO,
        })
    }

    /// Serves until the end. `told` is asked where no descriptor tells.
    pub fn run(mut self, told: &dyn Fn() -> bool) -> End {
        loop {
            let full = self.full_until > Duration::ZERO && sys::now() < self.full_until;
            match self.look_around(if full { FULL } else { self.patience() }, !full, told) {
                Some(End::Told) => return End::Told,
                Some(End::Alone) => return End::Alone,
                None => self.watch_desks(told),
            }
        }
    }

    /// Waits for somebody at the sockets, and hears who is there.
    fn look_around(&mut self, patience: Duration, accepting: bool, told: &dyn Fn() -> bool) -> Option<End> {
        let mut asked = Asked::new();
        asked.add(self.told.as_ref(), Whom::Teller);
        asked.add(Some(&self.listener).filter(|_| accepting), Whom::Listener);
        for (i, connection) in self.connections.iter().enumerate() {
            asked.add(connection.as_ref().map(|c| &c.socket), Whom::Connection(i));
        }
        for (i, regular) in self.regulars.iter().enumerate() {
            asked.add(regular.as_ref().map(|r| &r.caller), Whom::Regular(i));
        }
        let ready = asked.wait(Some(patience));
        if told() {
            return Some(End::Told);
        }
        match ready {
            Ok(0) if patience > WATCH && self.is_alone() => return Some(End::Alone),
            Ok(_) => {}
            // setuid() and its like reach every thread by a signal of libc's own.
            Err(Errno::EINTR) => return None,
            // More than the process may open, since its limit was lowered (EINVAL).
            Err(_) => {
                if !self.make_room() {
                    sys::pause_for(FULL);
                }
                return None;
            }
        }
        for whom in asked.ready() {
            match whom {
                Whom::Connection(i) => self.hear(i),
                Whom::Listener => self.accept(),
                Whom::Regular(i) => {
                    // It has ended.
                    if let Some(place) = self.regulars.get_mut(i) {
                        *place = None;
                    }
                }
                Whom::Teller => {}
            }
        }
        None
    }

    /// Serves at the desks as long as orders come in quick succession, and
    /// looks at the sockets now and then.
    fn watch_desks(&mut self, told: &dyn Fn() -> bool) {
        if self.regulars.iter().all(Option::is_none) {
            return;
        }
        self.watch(true);
        let mut last_order = sys::now();
        let mut last_look = last_order;
        loop {
            let (served, knocked) = self.serve_desks();
            let now = sys::now();
            if served {
                last_order = now;
            }
            if knocked || now > last_look + WATCH {
                if self.look_around(Duration::ZERO, true, told).is_some() {
                    self.watch(false);
                    return;
                }
                last_look = sys::now();
                if knocked {
                    last_order = last_look;
                }
                continue;
            }
            if now > last_order + WATCH {
                self.watch(false);
                // Who has seen that it was watched may have laid an order there since.
                let (served, knocked) = self.serve_desks();
                if !(served || knocked) {
                    return;
                }
                self.watch(true);
                last_order = now;
                continue;
            }
            let words = self.regulars.iter().flatten().map(|r| r.desk().awaited());
            // What is to be served at once must not be slept on.
            let idle = words.filter(|(_, value)| ![Turn::Ordered as u32, Turn::Knocked as u32].contains(value));
            let mut words = [const { None }; DESKS];
            let mut count = 0;
            for (place, word) in words.iter_mut().zip(idle) {
                *place = Some(word);
                count += 1;
            }
            if count == self.regulars.iter().flatten().count() {
                let _ = sys::wait_while_all(words.into_iter().flatten(), last_order + WATCH);
            }
        }
    }

    fn watch(&self, on: bool) {
        for regular in self.regulars.iter().flatten() {
            regular.desk().watch(on);
        }
    }

    /// What lies on the desks: whether there was an order, and whether
    /// somebody has knocked.
    fn serve_desks(&mut self) -> (bool, bool) {
        let (mut served, mut knocked) = (false, false);
        for i in 0..DESKS {
            let Some(place) = self.regulars.get_mut(i) else { continue };
            let Some(regular) = place else { continue };
            if regular.desk().is(Turn::Closed) {
                *place = None;
                continue;
            }
            knocked |= regular.desk().pass(Turn::Knocked, Turn::Free);
            if !regular.desk().is(Turn::Ordered) {
                continue;
            }
            if !regular.is_who_it_was() {
                *place = None;
                continue;
            }
            let desk = regular.desk();
            if !desk.pass(Turn::Ordered, Turn::Taken) {
                continue;
            }
            served = true;
            let (bytes, object) = desk.take_order();
            let users = regular.users;
            let announced = Order::decode(&bytes, self.page).is_ok_and(|order| order.has_object());
            let fetched = announced.then(|| sys::pidfd_getfd(&regular.caller, object));
            let answer = match fetched {
                // A table without room; else the kernel's leave, or a number that is gone.
                Some(Err(Errno::EMFILE | Errno::ENFILE)) => Some(Answer::Full),
                Some(Err(_)) => Some(Answer::ByMessage),
                fetched => {
                    let fd = fetched.and_then(Result::ok);
                    let message = Received { len: ORDER_SIZE, fd, strange: false, lost: false, uid: None };
                    self.obey(&bytes, &message, users)
                }
            };
            self.heard += 1;
            let heard = self.heard;
            if let Some(place) = self.regulars.get_mut(i) {
                match (place.as_mut(), answer) {
                    (Some(regular), Some(answer)) => {
                        regular.last_heard = heard;
                        regular.desk().lay_answer(&answer);
                        regular.desk().wake();
                    }
                    _ => *place = None,
                }
            }
        }
        (served, knocked)
    }

    /// Gives a caller a desk, by its file.
    fn seat(&mut self, file: &Descriptor, users: [Option<u32>; 2], caller: Option<(i32, Descriptor)>) -> Answer {
        let (true, Some((pid, caller))) = (self.can_watch, caller) else { return Answer::Elsewhere };
        let vouched = sys::now();
        if procfs::is_of_another_namespace() || !has_users(pid, &caller, users) {
            return Answer::Elsewhere;
        }
        let since = |r: &Option<Regular>| r.as_ref().map_or(0, |r| r.last_heard + 1);
        let there = |i: &usize| desk::Place::Services(*i).is_there();
        let quietest = self.regulars.iter_mut().enumerate().filter(|(i, _)| there(i)).min_by_key(|(_, r)| since(r));
        let Some((i, place)) = quietest else { return Answer::Elsewhere };
        *place = None;
        let Ok(at) = Desk::of(file, desk::Place::Services(i)) else { return Answer::Elsewhere };
        self.heard += 1;
        *place = Some(Regular { at, users, caller, pid, vouched, last_heard: self.heard });
        Answer::Done(self.birth)
    }

    /// Nothing tells when the first thread ends, or the others after it: a look
    /// now and then does.
    fn patience(&self) -> Duration {
        if self.first_thread_ended {
            Duration::from_millis(20)
        } else {
            Duration::from_secs(1)
        }
    }

    /// Whether only the first thread, which has ended, and the service's own two are left.
    fn is_alone(&mut self) -> bool {
        // It stays as a zombie until all others have ended.
        self.first_thread_ended = procfs::stat(Tid(self.pid)).is_ok_and(|s| matches!(s.state, b'Z' | b'X'));
        self.first_thread_ended && procfs::thread_count(self.pid) == 3
    }

    fn accept(&mut self) {
        // Some, and then those that are there already get their turn.
        const AT_ONCE: usize = 8;
        for _ in 0..AT_ONCE {
            let socket = match sys::accept(&self.listener) {
                Ok(socket) => socket,
                Err(Errno::EMFILE | Errno::ENFILE) if self.make_room() => continue,
                Err(Errno::EMFILE | Errno::ENFILE) => {
                    self.full_until = sys::now() + FULL;
                    return;
                }
                Err(_) => return,
            };
            let Ok(peer) = sys::peer_credentials(&socket) else { continue };
            let i = self.quietest();
            if let Some(place) = self.connections.get_mut(i) {
                self.heard += 1;
                *place = Some(Connection { socket, user: peer.uid, last_heard: self.heard });
                self.hear(i);
            }
        }
    }

    /// A free place, or that of who has been quiet for longest.
    fn quietest(&self) -> usize {
        let since = |c: &Option<Connection>| c.as_ref().map_or(0, |c| c.last_heard + 1);
        self.connections.iter().enumerate().min_by_key(|(_, c)| since(c)).map_or(0, |(i, _)| i)
    }

    /// Gives a descriptor up for one that is wanted.
    fn make_room(&mut self) -> bool {
        let longest =
            self.connections.iter_mut().filter(|c| c.is_some()).min_by_key(|c| c.as_ref().map(|c| c.last_heard));
        let regular = self.regulars.iter_mut().filter(|r| r.is_some()).min_by_key(|r| r.as_ref().map(|r| r.last_heard));
        self.spare.take().is_some()
            || longest.and_then(Option::take).is_some()
            || regular.and_then(Option::take).is_some()
    }

    /// One message of a caller's, if it has come.
    fn hear(&mut self, i: usize) {
        let Some(connection) = self.connections.get(i).and_then(Option::as_ref) else { return };
        let mut bytes = [0; ORDER_SIZE];
        // What is taken is closed at last, and with somebody's file system behind it
        // that may wait for ever, past SIGKILL (`fuse_flush`, fs/fuse/file.c).
        let received = match self.gives_orders(connection) {
            Ok(true) => sys::receive(&connection.socket, &mut bytes),
            Ok(false) => sys::receive_without_descriptor(&connection.socket, &mut bytes),
            Err(errno) => Err(errno),
        };
        let message = match received {
            Err(Errno::EAGAIN | Errno::EINTR) => return,
            message => message.ok(),
        };
        let whole = message.filter(|m| m.len == ORDER_SIZE && !m.strange && !hangs_up(&connection.socket));
        let user = connection.user;
        let wanted = match Order::decode(&bytes, self.page) {
            Ok(Order::Region(wanted)) if whole.is_some() => Some(wanted),
            _ => None,
        };
        let asker = wanted.and_then(|_| Asker::of(&connection.socket, &self.nobody));
        let mut given = None;
        let answer = whole.and_then(|m| {
            let users = [Some(user), m.uid];
            if let Some(wanted) = wanted {
                let asker = asker.filter(|_| m.fd.is_none() && !m.lost)?;
                let (answer, object) = handing::hand_over(self.pid, &wanted, &asker);
                given = object;
                return Some(answer);
            }
            match (self.obey(&bytes, &m, users), &m.fd) {
                (Some(Answer::ByMessage), Some(file)) => {
                    let connection = self.connections.get(i).and_then(Option::as_ref);
                    let caller = connection.and_then(|c| {
                        let pid = sys::peer_credentials(&c.socket).ok()?.pid;
                        sys::peer_pidfd(&c.socket).ok().map(|pidfd| (pid, pidfd))
                    });
                    Some(self.seat(file, users, caller))
                }
                (answer, _) => answer,
            }
        });
        let connection = self.connections.get(i).and_then(Option::as_ref);
        let keep = match (connection, answer) {
            (Some(connection), Some(answer)) => {
                sys::send(&connection.socket, &answer.encode(), given.as_ref().map(Descriptor::number)).is_ok()
            }
            _ => false,
        };
        if self.spare.is_none() && !keep {
            self.spare = sys::pidfd_open(self.pid).ok();
        }
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
    fn obey(&mut self, bytes: &[u8; ORDER_SIZE], message: &Received, users: [Option<u32>; 2]) -> Option<Answer> {
        let order = match Order::decode(bytes, self.page) {
            Ok(order) if order.has_object() == (message.fd.is_some() || message.lost) => order,
            Ok(_) | Err(Bad::Strange) => return None,
            Err(Bad::TooWide) => return Some(Answer::TooWide),
            Err(Bad::FromNarrower) => return Some(Answer::Elsewhere),
        };
        if !super::start::takes_orders() {
            return Some(Answer::Elsewhere);
        }
        if !self.admits(users) {
            return Some(Answer::Forbidden);
        }
        if !self.has_rights_of_first_thread() || self.would_hurt_itself(&order) {
            return Some(Answer::Elsewhere);
        }
        if message.lost {
            return Some(Answer::Full);
        }
        Some(match order {
            Order::Nothing => Answer::Done(self.birth),
            // It came by a message; who is heard gets one.
            Order::Desk => Answer::ByMessage,
            // Such goes by a connection, which tells who asks.
            Order::Region(_) => Answer::Elsewhere,
            Order::Unmap(plan) => self.unmap(&plan),
            order => carry_out(&order, message.fd.as_ref()),
        })
    }

    /// Unmaps; if an edge lies inside a huge page, with the edge moved out: the caller may
    /// have no right to look where that is.
    fn unmap(&self, plan: &UnmapPlan) -> Answer {
        let answer = carry_out(&Order::Unmap(*plan), None);
        if answer != Answer::Refused(Step::Done, Errno::EINVAL) {
            return answer;
        }
        match procfs::widened_to_huge_pages(self.pid, plan.addr, plan.addr + plan.len) {
            Ok(Some((start, end))) => {
                let wider = Order::Unmap(UnmapPlan { addr: start, len: end - start });
                if self.would_hurt_itself(&wider) {
                    answer
                } else {
                    carry_out(&wider, None)
                }
            }
            _ => answer,
        }
    }

    /// Whether the next message of a connection may be an order that is carried out.
    fn gives_orders(&self, from: &Connection) -> Result<bool, Errno> {
        let effective = Some(from.user);
        if !super::start::takes_orders() {
            return Ok(false);
        }
        Ok(self.admits([effective, None]) || self.admits([effective, sys::next_sender(&from.socket)?]))
    }

    /// QNX's rule: root, or one of the caller's users is our real or saved one.
    /// Asked anew for each order, since users change.
    fn admits(&self, users: [Option<u32>; 2]) -> bool {
        let Ok((real, saved)) = sys::real_and_saved_user() else { return false };
        let [effective, _] = users;
        !users.contains(&Some(self.nobody.user))
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
        // What reaches beyond is refused before anything goes.
        let page = self.page;
        let mut desks = self.regulars.iter().flatten().map(|r| r.at as usize);
        let stands_there = super::start::stands_on(addr, end) || desks.any(|at| addr < at + page && at < end);
        stands_there && end <= crate::arch::user_space_end()
    }
}

/// Whether the caller has called its order off, or is gone.
fn hangs_up(socket: &Descriptor) -> bool {
    let mut entry = [sys::poll_entry(Some(socket), libc::POLLRDHUP)];
    sys::poll(&mut entry, Some(Duration::ZERO)) != Ok(0)
}

fn carry_out(order: &Order, object: Option<&Descriptor>) -> Answer {
    match order {
        Order::Nothing | Order::Desk | Order::Region(_) => Answer::Elsewhere,
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
