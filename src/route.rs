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

/// A way.
pub(crate) enum Way {
    /// The service has answered.
    Service(Answer),
    /// The peer is to be reached by injection, in the time that is left.
    Inject(Peer, Duration),
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

/// Takes an order to a process, with a descriptor of ours if it has an object.
pub(crate) fn take(
    pid: i32,
    order: &Order,
    object: Option<c_int>,
    signals: &SignalsBlocked,
    route: &mut Route,
) -> Result<Way, Fault> {
    let settings = env::settings();
    if settings.engine == Engine::Inject {
        return Ok(Way::Inject(Peer::find(pid)?, settings.timeout));
    }
    let began = sys::now();
    let impatient = settings.engine == Engine::Auto;
    let time = if impatient { settings.timeout.min(WITH_ANOTHER_WAY) } else { settings.timeout };
    let patience = Patience { until: began + time, impatient };
    if impatient && looked_just_now(pid, began) {
        return Ok(Way::Inject(Peer::find(pid)?, settings.timeout));
    }
    let mut at_desk = client::ask_at_desk(pid, order, object, signals, &patience);
    if let Some(Ok(answer @ (Answer::Done(_) | Answer::Refused(..)))) = at_desk {
        route.service = true;
        return Ok(Way::Service(answer));
    }
    let peer = Peer::find(pid)?;
    let miss = loop {
        let asked = at_desk.take().unwrap_or_else(|| client::ask(&peer, order, object, signals, &patience));
        match asked {
            Ok(Answer::Forbidden) if impatient => break Miss::Nobody,
            Ok(Answer::Elsewhere) if impatient => break Miss::Nobody,
            Ok(Answer::Forbidden) => return Err(forbidden(&peer)),
            Ok(Answer::Elsewhere) => return Err(Fault::new(Errno::EPERM, Why::NotByService { pid })),
            Ok(answer) => {
                route.service = true;
                return Ok(Way::Service(answer));
            }
            Err(Miss::HungUp) if !peer.lives() => return Err(peer.gone()),
            Err(Miss::HungUp) if sys::now() < patience.until => sys::pause_for(Duration::from_micros(100)),
            // It may be in the middle of its end, or of an exec.
            Err(Miss::Nobody) if !impatient && peer.lives() && may_change(&peer, began, patience.until) => {
                if signals.handler_is_due() {
                    break Miss::Interrupted;
                }
                sys::pause_for(Duration::from_millis(1));
            }
            Err(miss) => break miss,
        }
    };
    match miss {
        Miss::Interrupted => Err(Fault::new(Errno::EINTR, Why::WaitInterrupted { pid })),
        Miss::OwnTable(errno) => Err(Fault::new(errno, Why::OwnTable { errno })),
        _ if impatient => {
            if miss == Miss::Nobody {
                INJECTED.store(0, Ordering::Relaxed);
                LOOKED.store(sys::now().as_nanos() as u64, Ordering::Relaxed);
            }
            let left = settings.timeout.saturating_sub(sys::now() - began);
            Ok(Way::Inject(peer, left))
        }
        Miss::Nobody | Miss::Somebody => Err(nobody(&peer)),
        Miss::Silent | Miss::HungUp => Err(Fault::new(Errno::EAGAIN, Why::ServiceSilent { pid })),
        Miss::Unsendable(errno) => {
            Err(Fault::new(Errno::EPERM, Why::Carry { pid, errno, at: "sendmsg() to its service" }))
        }
    }
}

/// Whether the caller may touch the process, asked without touching it.
pub(crate) fn may_be_touched(pid: i32, signals: &SignalsBlocked, route: &mut Route) -> Result<(), Fault> {
    match take(pid, &Order::Nothing, None, signals, route)? {
        Way::Service(_) => Ok(()),
        Way::Inject(peer, _) => peer.may_be_touched(),
    }
}

/// Whether it is worth while to look for a service once more.
fn may_change(peer: &Peer, began: Duration, until: Duration) -> bool {
    let now = sys::now();
    now < began + ABOUT_TO_CHANGE || (now < until && peer.is_ending())
}

/// There is no service, and there may be no other way.
fn nobody(peer: &Peer) -> Fault {
    if !peer.lives() {
        peer.gone()
    } else if peer.is_kernel_thread() || peer.effective_user().is_some_and(|user| ![0, user].contains(&sys::geteuid()))
    {
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
