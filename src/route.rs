// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which way to a target, and why: its service where it has one that answers,
//! else injection. MMAN_PEER_ENGINE may say otherwise.
//!
//! A service that is there but silent (the target is stopped or frozen, or very
//! busy) has its order called off before another way is tried.

use crate::env::{self, Engine};
use crate::errno::Errno;
use crate::fault::{Fault, Why};
use crate::inject::Trace;
use crate::peer::Peer;
use crate::service::client::{self, Miss, Patience};
use crate::service::{Answer, Order};
use crate::sys::{self, SignalsBlocked};
use core::sync::atomic::{AtomicI32, AtomicU64, Ordering};
use core::time::Duration;
use libc::c_int;

/// Which way a call took, for its debug line.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Route {
    pub own: bool,
    pub service: bool,
    pub trace: Trace,
}

/// How an order was carried out.
pub(crate) enum Taken<T> {
    /// The service has answered.
    Service(Answer),
    Injected(T),
}

/// With another way to go, so long a service is waited for.
const WITH_ANOTHER_WAY: Duration = Duration::from_millis(100);

/// Without another way, so long a process is given that has no service just now.
const ABOUT_TO_CHANGE: Duration = Duration::from_millis(100);

/// For a burst of calls on a target without a service: when it was last looked
/// for one in vain, and the pid that was then injected with success. Hints, each
/// one word: within `NOT_AGAIN` the target is injected without another look.
static LOOKED: AtomicU64 = AtomicU64::new(0);
static INJECTED: AtomicI32 = AtomicI32::new(0);
const NOT_AGAIN: Duration = Duration::from_millis(2);

/// An injection into that process has succeeded.
pub(crate) fn injection_works(pid: i32) {
    INJECTED.store(pid, Ordering::Relaxed);
}

fn looked_just_now(pid: i32, now: Duration) -> bool {
    let since = (now.as_nanos() as u64).wrapping_sub(LOOKED.load(Ordering::Relaxed));
    INJECTED.load(Ordering::Relaxed) == pid && since < NOT_AGAIN.as_nanos() as u64
}

/// Takes an order to a process, with a descriptor of ours if it has an object;
/// `inject` does the same by injection, in the time that is left.
pub(crate) fn take<T>(
    pid: i32,
    order: &Order,
    object: Option<c_int>,
    signals: &SignalsBlocked,
    route: &mut Route,
    mut inject: impl FnMut(&Peer, Duration, &mut Trace) -> Result<T, Fault>,
) -> Result<Taken<T>, Fault> {
    let settings = env::settings();
    let began = sys::now();
    let impatient = settings.engine == Engine::Auto;
    if settings.engine == Engine::Inject || (impatient && looked_just_now(pid, began)) {
        match inject(&Peer::find(pid)?, settings.timeout, &mut route.trace) {
            // It may serve by now, and let nobody in otherwise.
            Err(fault) if is_out_of_reach(&fault) && impatient => {}
            done => return done.map(Taken::Injected),
        }
    }
    let time = if impatient { settings.timeout.min(WITH_ANOTHER_WAY) } else { settings.timeout };
    let mut patience = Patience { until: began + time, impatient };
    let mut at_desk = client::ask_at_desk(pid, order, object, signals, &patience);
    if let Some(Ok(answer @ (Answer::Done(_) | Answer::Refused(..)))) = at_desk {
        route.service = true;
        return Ok(Taken::Service(answer));
    }
    if matches!(at_desk, Some(Err(Miss::Unknown))) {
        return Err(Fault::new(Errno::EAGAIN, Why::LeftBehind { pid }));
    }
    let peer = Peer::find(pid)?;
    let mut asked = |patience: &Patience| ask(&peer, order, object, signals, patience, began, at_desk.take());
    let mut refused = None;
    if impatient {
        let miss = match asked(&patience)? {
            Ok(answer) => {
                route.service = true;
                return Ok(Taken::Service(answer));
            }
            Err(miss) => miss,
        };
        if matches!(miss, Miss::Nobody | Miss::Barred) {
            INJECTED.store(0, Ordering::Relaxed);
            LOOKED.store(sys::now().as_nanos() as u64, Ordering::Relaxed);
        }
        let left = settings.timeout.saturating_sub(sys::now() - began);
        match inject(&peer, left, &mut route.trace) {
            // It has a service, which was late, and now turns out to be the only way.
            Err(fault) if is_out_of_reach(&fault) && matches!(miss, Miss::Silent | Miss::HungUp) => {
                refused = Some(fault);
            }
            done => return done.map(Taken::Injected),
        }
        patience = Patience { until: began + settings.timeout, impatient: false };
    }
    match (asked(&patience)?, refused) {
        (Err(Miss::Nobody | Miss::Barred | Miss::Somebody), _) if !peer.lives() => Err(peer.gone()),
        (
            Ok(Answer::Forbidden | Answer::Elsewhere) | Err(Miss::Nobody | Miss::Barred | Miss::Somebody),
            Some(refused),
        ) => Err(refused),
        (Ok(Answer::Forbidden), None) => Err(forbidden(&peer)),
        (Ok(Answer::Elsewhere), None) => Err(Fault::new(Errno::EPERM, Why::NotByService { pid })),
        (Ok(answer), _) => {
            route.service = true;
            Ok(Taken::Service(answer))
        }
        (Err(Miss::Unsendable(errno)), _) => {
            Err(Fault::new(Errno::EPERM, Why::Carry { pid, errno, at: "sendmsg() to its service" }))
        }
        (Err(Miss::Nobody | Miss::Barred | Miss::Somebody), None) => Err(nobody(&peer)),
        (Err(_), _) => Err(Fault::new(Errno::EAGAIN, Why::ServiceSilent { pid })),
    }
}

/// Whether injection was not let in, or would do harm that a service does not: no
/// answer to what it was to do there.
fn is_out_of_reach(fault: &Fault) -> bool {
    match fault.why {
        Why::RecordLock { .. } => true,
        Why::Kernel { .. } => false,
        _ => fault.errno == Errno::EPERM,
    }
}

/// Asks the service until it answers or that is hopeless. With an answer from its desk
/// that one comes first. An impatient caller is told of nobody where it is not served.
fn ask(
    peer: &Peer,
    order: &Order,
    object: Option<c_int>,
    signals: &SignalsBlocked,
    patience: &Patience,
    began: Duration,
    mut at_desk: Option<Result<Answer, Miss>>,
) -> Result<Result<Answer, Miss>, Fault> {
    let (pid, impatient) = (peer.pid(), patience.impatient);
    let interrupted = || Fault::new(Errno::EINTR, Why::WaitInterrupted { pid });
    loop {
        match at_desk.take().unwrap_or_else(|| client::ask(peer, order, object, signals, patience)) {
            Ok(Answer::Forbidden | Answer::Elsewhere) if impatient => return Ok(Err(Miss::Nobody)),
            Err(Miss::HungUp) if !peer.lives() => return Err(peer.gone()),
            Err(Miss::HungUp) if sys::now() < patience.until => sys::pause_for(Duration::from_micros(100)),
            // It may be in the middle of its end, or of an exec.
            Err(Miss::Nobody | Miss::Barred)
                if !impatient && peer.lives() && may_change(peer, began, patience.until) =>
            {
                if signals.handler_is_due() {
                    return Err(interrupted());
                }
                sys::pause_for(Duration::from_millis(1));
            }
            Err(Miss::Interrupted) => return Err(interrupted()),
            Err(Miss::OwnTable(errno)) => return Err(Fault::new(errno, Why::OwnTable { errno })),
            asked => return Ok(asked),
        }
    }
}

/// Whether the caller may touch the process, asked without touching it.
pub(crate) fn may_be_touched(pid: i32, signals: &SignalsBlocked, route: &mut Route) -> Result<(), Fault> {
    take(pid, &Order::Nothing, None, signals, route, |peer, _, _| peer.may_be_touched()).map(|_| ())
}

/// Whether it is worth while to look for a service once more.
fn may_change(peer: &Peer, began: Duration, until: Duration) -> bool {
    let now = sys::now();
    now < began + ABOUT_TO_CHANGE || (now < until && peer.is_ending())
}

/// There is no service, and there may be no other way.
fn nobody(peer: &Peer) -> Fault {
    if peer.is_kernel_thread() || peer.effective_user().is_some_and(|user| ![0, user].contains(&sys::geteuid())) {
        peer.refused()
    } else {
        Fault::new(Errno::EPERM, Why::NoService { pid: peer.pid() })
    }
}

fn forbidden(peer: &Peer) -> Fault {
    let (pid, ours, theirs) = (peer.pid(), sys::geteuid(), peer.effective_user());
    match theirs {
        Some(theirs) if theirs != ours => Fault::new(Errno::EPERM, Why::OtherUser { pid, theirs, ours }),
        _ => Fault::new(Errno::EPERM, Why::ServiceForbids { pid }),
    }
}
