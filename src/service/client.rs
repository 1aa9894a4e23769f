// SPDX-License-Identifier: MIT OR Apache-2.0
//! Asking a target's service.
//!
//! *Needs*: every signal blocked in the calling thread.
//! *Promises*: nothing is sent to anybody but the target; an order that was
//! given up is not carried out later; an end of the target is no hang.
//! *Touches*: three descriptors for the length of a call.

use super::desk::Desk;
use super::protocol::{Answer, Order, ANSWER_SIZE};
use super::regulars::{self, AtDesk, Claimed, There};
use crate::errno::Errno;
use crate::peer::{self, Peer, Probe};
use crate::procfs;
use crate::sys::{self, Descriptor, SignalsBlocked, Tid};
use core::time::Duration;
use libc::c_int;

/// Why there is no answer. Nothing was done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Miss {
    /// There is no service.
    Nobody,
    /// The caller cannot ask: a filter of its own, say.
    Barred,
    /// Somebody else has its name.
    Somebody,
    /// It did not come to the order in time, and now never will.
    Silent,
    /// Likewise, when a signal handler was due.
    Interrupted,
    /// It hung up: at its end, or since others wanted its attention.
    HungUp,
    /// The caller has no descriptor free.
    OwnTable(Errno),
    /// An order is under way, and the caller has no means to find out about it.
    Unknown,
    /// The object cannot be sent.
    Unsendable(Errno),
}

/// How long it is waited for in one piece: then it is asked whether a handler is due.
const SLICE: Duration = Duration::from_millis(10);

pub(crate) struct Patience {
    /// Till then the service may take to come to the order.
    pub until: Duration,
    /// There is another way: a target that is stopped is not waited for.
    pub impatient: bool,
}

/// Has a process carry out an order at the desk that we have there. None: we
/// have none, or it is to be asked by a connection.
pub(crate) fn ask_at_desk(
    pid: i32,
    order: &Order,
    object: Option<c_int>,
    signals: &SignalsBlocked,
    patience: &Patience,
) -> Option<Result<Answer, Miss>> {
    let still_there = |birth| {
        let peer = match Peer::find(pid) {
            Ok(peer) => peer,
            Err(fault) if fault.errno == Errno::ESRCH => return There::No,
            // No descriptor for it. Whether the process is at its end tells without: no
            // thread of it has memory, its first one, which may have ended alone, included.
            Err(_) if peer::probe(Tid(pid)) == Probe::NoMemory && procfs::thread_count(pid) <= 1 => return There::No,
            Err(_) => return There::Unseen,
        };
        let patience = Patience { until: sys::now() + SLICE, impatient: true };
        match connected(&peer, signals, &patience).and_then(|socket| {
            sys::send(&socket, &Order::Nothing.encode(), None).map_err(|_| Miss::HungUp)?;
            answer(&socket, &peer, signals, &patience)
        }) {
            Ok(Answer::Done(its)) if its == birth => There::Yes,
            Ok(_) | Err(Miss::Nobody | Miss::Somebody) => There::No,
            Err(_) if !peer.lives() => There::No,
            Err(Miss::Barred | Miss::OwnTable(_)) => There::Unseen,
            Err(_) => There::Busy,
        }
    };
    match regulars::ask(pid, order, object, signals, patience, &still_there) {
        AtDesk::NotHere => None,
        AtDesk::Answered(answer) => Some(Ok(answer)),
        AtDesk::Missed(miss) => Some(Err(miss)),
    }
}

/// Has the peer carry out an order; `object` is a descriptor of ours that goes with it.
pub(crate) fn ask(
    peer: &Peer,
    order: &Order,
    object: Option<c_int>,
    signals: &SignalsBlocked,
    patience: &Patience,
) -> Result<Answer, Miss> {
    let socket = connected(peer, signals, patience)?;
    sys::send(&socket, &order.encode(), object).map_err(|errno| match errno {
        Errno::EPIPE | Errno::ECONNRESET | Errno::ENOTCONN => Miss::HungUp,
        _ => Miss::Unsendable(errno),
    })?;
    regulars::knock(peer.pid());
    let answered = answer(&socket, peer, signals, patience)?;
    if let Some(place) = regulars::count(peer.pid()) {
        rent_desk(&place, &socket, peer, signals, patience);
    }
    Ok(answered)
}

/// Asks the peer for an object of its own, by an order without one of ours.
pub(crate) fn ask_for_object(
    peer: &Peer,
    order: &Order,
    signals: &SignalsBlocked,
    patience: &Patience,
) -> Result<(Answer, Option<Descriptor>), Miss> {
    let socket = connected(peer, signals, patience)?;
    sys::send(&socket, &order.encode(), None).map_err(|_| Miss::HungUp)?;
    answer_and_object(&socket, peer, signals, patience, Leave::AtAnyTime)
}

/// A caller that comes often gets a desk, if the service has one for it.
fn rent_desk(place: &Claimed, socket: &Descriptor, peer: &Peer, signals: &SignalsBlocked, patience: &Patience) {
    let Ok((file, at)) = Desk::make(place.room()) else { return };
    let sent = sys::send(socket, &Order::Desk.encode(), Some(file.number()));
    match sent.map_err(|_| Miss::HungUp).and_then(|()| answer(socket, peer, signals, patience)) {
        Ok(Answer::Done(birth)) => place.rent(at, birth),
        _ => {
            Desk::unmap(at);
            place.is_refused();
        }
    }
}

/// A connection to the peer's service.
fn connected(peer: &Peer, signals: &SignalsBlocked, patience: &Patience) -> Result<Descriptor, Miss> {
    let socket = sys::packet_socket().map_err(no_descriptor)?;
    let name = super::name_of(peer.pid(), peer.pidfd());
    while let Err(errno) = sys::connect(&socket, &name) {
        match errno {
            // Many others wait to be heard.
            Errno::EAGAIN => {}
            Errno::ECONNREFUSED => return Err(Miss::Nobody),
            _ => return Err(Miss::Barred),
        }
        if signals.handler_is_due() {
            return Err(Miss::Interrupted);
        }
        if sys::now() >= patience.until || (patience.impatient && is_stopped(peer)) {
            return Err(Miss::Silent);
        }
        sys::pause_for(Duration::from_millis(1));
    }
    if !leads_to(&socket, peer)? {
        return Err(Miss::Somebody);
    }
    Ok(socket)
}

fn no_descriptor(errno: Errno) -> Miss {
    match errno {
        Errno::EMFILE | Errno::ENFILE => Miss::OwnTable(errno),
        _ => Miss::Barred,
    }
}

/// Whether it is the target that listens at the other end: nobody else may see
/// an order, and a descriptor least of all.
fn leads_to(socket: &Descriptor, peer: &Peer) -> Result<bool, Miss> {
    Ok(match (sys::peer_pidfd(socket), peer.pidfd()) {
        (Err(errno @ (Errno::EMFILE | Errno::ENFILE)), _) => return Err(no_descriptor(errno)),
        (Ok(listener), Some(pidfd)) => match (sys::process_number(&listener), sys::process_number(pidfd)) {
            (Some(one), Some(other)) => one == other,
            // Before Linux 6.9. Who lives has its pid to itself.
            _ => is_named(socket, peer.pid()) && sys::pidfd_alive(&listener),
        },
        // Before Linux 6.5 the pid may be that of a listener that has ended, and
        // left the socket to another process of its user: one that could do what
        // the target may do to the caller in any case.
        _ => {
            is_named(socket, peer.pid())
                && sys::peer_credentials(socket)
                    .is_ok_and(|c| procfs::status(peer.leader()).is_ok_and(|status| status.euid == c.uid))
        }
    })
}

fn is_named(socket: &Descriptor, pid: i32) -> bool {
    sys::peer_credentials(socket).is_ok_and(|c| c.pid == pid)
}

fn is_stopped(peer: &Peer) -> bool {
    procfs::stat(peer.leader()).is_ok_and(|s| matches!(s.state, b'T' | b't'))
}

fn answer(socket: &Descriptor, peer: &Peer, signals: &SignalsBlocked, patience: &Patience) -> Result<Answer, Miss> {
    answer_and_object(socket, peer, signals, patience, Leave::BeforeItIsTaken).map(|(answer, _)| answer)
}

/// When an order may be left without its answer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Leave {
    /// It changes something. Once it is under way, only the answer tells what.
    BeforeItIsTaken,
    /// It changes nothing, and goes to a process of another user's, perhaps.
    AtAnyTime,
}

fn answer_and_object(
    socket: &Descriptor,
    peer: &Peer,
    signals: &SignalsBlocked,
    patience: &Patience,
    leave: Leave,
) -> Result<(Answer, Option<Descriptor>), Miss> {
    let mut given_up = false;
    loop {
        let mut entry = [sys::poll_entry(Some(socket), libc::POLLIN)];
        if sys::poll(&mut entry, Some(SLICE)).is_ok_and(|n| n > 0) {
            let mut bytes = [0; ANSWER_SIZE];
            return match sys::receive(socket, &mut bytes) {
                Err(Errno::EAGAIN | Errno::EINTR) => continue,
                Ok(message) if message.lost => Err(Miss::OwnTable(Errno::EMFILE)),
                Ok(message) if message.len == ANSWER_SIZE && !message.strange => {
                    Answer::decode(&bytes).map(|answer| (answer, message.fd)).ok_or(Miss::HungUp)
                }
                _ => Err(Miss::HungUp),
            };
        }
        if given_up {
            continue;
        }
        let due = signals.handler_is_due();
        if due || sys::now() >= patience.until || (patience.impatient && is_stopped(peer)) {
            // The service looks, after it has taken a message, whether more
            // could come. So what is in its queue now is never carried out, and
            // what has left it is under way: that cannot be called off.
            given_up = true;
            sys::end_sending(socket);
            if leave == Leave::AtAnyTime || sys::is_queued(socket) {
                return Err(if due { Miss::Interrupted } else { Miss::Silent });
            }
        }
    }
}
