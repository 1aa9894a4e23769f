// SPDX-License-Identifier: MIT OR Apache-2.0
//! The targets that this process asks often, and its desks at their services.
//!
//! *State, and why*: a connection costs several times what an order does. For
//! each of `PLACES` targets there is a count of calls, and after `OFTEN` of them
//! a page shared with its service. The place is claimed by one atomic exchange
//! and nobody waits for it: who finds it taken (another thread, a handler) asks
//! by a connection of its own.
//! *Bounds*: `PLACES` pages. One goes when its service does, or when the place
//! is wanted for another target.
//! *Forks*: a place belongs to the process that made it; a child, which has a
//! copy of the table, leaves it alone.

use super::client::{Miss, Patience};
use super::desk::{self, Desk, Turn};
use super::protocol::{Answer, Order};
use crate::sys::{self, Incarnation, SignalsBlocked};
use core::cell::Cell;
use core::sync::atomic::{AtomicBool, AtomicI32, AtomicU32, AtomicU64, Ordering};
use core::time::Duration;
use libc::c_int;

const PLACES: usize = desk::CALLERS;
/// So many calls are made before a desk is wanted: it is worth about ten.
const OFTEN: u32 = 64;

struct Place {
    claimed: AtomicBool,
    /// Which process made it, and for whom: hints, of which the truth is known
    /// to who has claimed it.
    owner: AtomicU64,
    pid: AtomicI32,
    calls: AtomicU32,
    desk: Cell<Option<Rented>>,
}

#[derive(Clone, Copy)]
struct Rented {
    at: *const Desk,
    /// Which service.
    birth: u64,
    /// As whom the kernel introduced us.
    users: (u32, u32),
    objects_by_message: bool,
}

// SAFETY: the cell is used by whoever has set `claimed`, and nobody else.
unsafe impl Sync for Place {}

static TABLE: [Place; PLACES] = [const {
    Place {
        claimed: AtomicBool::new(false),
        owner: AtomicU64::new(0),
        pid: AtomicI32::new(0),
        calls: AtomicU32::new(0),
        desk: Cell::new(None),
    }
}; PLACES];

/// A place, claimed.
pub(super) struct Claimed {
    place: &'static Place,
    own: Incarnation,
}

impl Drop for Claimed {
    fn drop(&mut self) {
        self.place.claimed.store(false, Ordering::Release);
    }
}

impl Claimed {
    fn claim(place: &'static Place, own: Incarnation) -> Option<Claimed> {
        // Not made, and so not dropped, where somebody else has it.
        (!place.claimed.swap(true, Ordering::Acquire)).then(|| Claimed { place, own })
    }

    fn is_for(&self, pid: i32) -> bool {
        self.place.owner.load(Ordering::Relaxed) == self.own.0 && self.place.pid.load(Ordering::Relaxed) == pid
    }

    /// Where its desk stands.
    pub fn room(&self) -> desk::Place {
        let index = (&raw const *self.place as usize - TABLE.as_ptr() as usize) / size_of::<Place>();
        desk::Place::Callers(index)
    }

    /// Gives the desk up.
    pub fn leave(&self) {
        if let Some(rented) = self.place.desk.take() {
            // SAFETY: the page is mapped as long as the place says so.
            unsafe { &*rented.at }.set(Turn::Closed);
            Desk::unmap(rented.at);
        }
        self.place.calls.store(0, Ordering::Relaxed);
    }

    pub fn rent(&self, at: *const Desk, birth: u64) {
        let rented = Rented { at, birth, users: sys::users(), objects_by_message: false };
        self.place.desk.set(Some(rented));
    }

    /// The service does not want it.
    pub fn is_refused(&self) {
        self.place.calls.store(0, Ordering::Relaxed);
    }
}

/// The place of a target, if there is one that nobody else uses now.
fn place_of(pid: i32, own: Incarnation) -> Option<Claimed> {
    let hint = |p: &&Place| p.pid.load(Ordering::Relaxed) == pid && p.owner.load(Ordering::Relaxed) == own.0;
    TABLE.iter().filter(hint).find_map(|place| Claimed::claim(place, own).filter(|claimed| claimed.is_for(pid)))
}

/// Counts a call that was made by a connection. The place, if a desk is wanted now.
pub(super) fn count(pid: i32) -> Option<Claimed> {
    let own = sys::incarnation();
    let claimed = place_of(pid, own).or_else(|| take_over(pid, own))?;
    let calls = claimed.place.calls.load(Ordering::Relaxed).saturating_add(1);
    claimed.place.calls.store(calls, Ordering::Relaxed);
    let wanted = calls >= OFTEN && claimed.place.desk.get().is_none();
    wanted.then_some(claimed)
}

/// A place that is free, or that of the target with the fewest calls.
fn take_over(pid: i32, own: Incarnation) -> Option<Claimed> {
    let free = |p: &&Place| p.owner.load(Ordering::Relaxed) == 0 && !p.claimed.load(Ordering::Relaxed);
    let fewest = TABLE
        .iter()
        .filter(|p| p.owner.load(Ordering::Relaxed) == own.0 && !p.claimed.load(Ordering::Relaxed))
        .min_by_key(|p| p.calls.load(Ordering::Relaxed));
    let claimed = Claimed::claim(TABLE.iter().find(free).or(fewest)?, own)?;
    let owner = claimed.place.owner.load(Ordering::Relaxed);
    if owner != 0 && owner != own.0 {
        return None;
    }
    claimed.leave();
    claimed.place.pid.store(pid, Ordering::Relaxed);
    claimed.place.owner.store(own.0, Ordering::Relaxed);
    Some(claimed)
}

/// What came of an order at a desk.
pub(super) enum AtDesk {
    Answered(Answer),
    /// By a connection, then.
    NotHere,
    Missed(Miss),
}

/// What a look tells of the service that has our desk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum There {
    Yes,
    /// It is no more.
    No,
    /// It is there, and does not say a word.
    Busy,
    /// The caller cannot look.
    Unseen,
}

/// Tells a service that sleeps at our desk to look at its socket.
pub(super) fn knock(pid: i32) {
    if let Some(claimed) = place_of(pid, sys::incarnation()) {
        if let Some(rented) = claimed.place.desk.get() {
            // SAFETY: the page is mapped as long as the place says so, and the place is claimed.
            let desk = unsafe { &*rented.at };
            if desk.pass(Turn::Free, Turn::Knocked) {
                desk.wake();
            }
        }
    }
}

/// Lays an order on our desk at the service of that process, if we have one.
pub(super) fn ask(
    pid: i32,
    order: &Order,
    object: Option<c_int>,
    signals: &SignalsBlocked,
    patience: &Patience,
    still_there: &dyn Fn(u64) -> There,
) -> AtDesk {
    let Some(claimed) = place_of(pid, sys::incarnation()) else { return AtDesk::NotHere };
    let Some(rented) = claimed.place.desk.get() else { return AtDesk::NotHere };
    if rented.users != sys::users() {
        // We are not who was introduced.
        claimed.leave();
        return AtDesk::NotHere;
    }
    // The service fetches it from the table of descriptors that the first thread has.
    if object.is_some() && (rented.objects_by_message || !sys::has_the_leaders_descriptors()) {
        return AtDesk::NotHere;
    }
    // SAFETY: the page is mapped as long as the place says so, and the place is claimed.
    let desk = unsafe { &*rented.at };
    if !desk.lay_order(&order.encode(), object) {
        claimed.leave();
        return AtDesk::NotHere;
    }
    if !desk.is_watched() && desk.pass(Turn::Ordered, Turn::Free) {
        return AtDesk::NotHere;
    }
    desk.wake();
    const SLICE: Duration = Duration::from_millis(10);
    /// So long an order under way is waited for by who cannot look after it.
    const UNSEEN: Duration = Duration::from_secs(60);
    let began = sys::now();
    let mut look = began + SLICE;
    loop {
        let turn = match () {
            () if desk.is(Turn::Answered) || desk.is(Turn::AnsweredLast) => {
                let (answer, free) = desk.take_answer();
                if !free {
                    claimed.leave();
                } else if answer == Some(Answer::ByMessage) {
                    claimed.place.desk.set(Some(Rented { objects_by_message: true, ..rented }));
                }
                return match answer {
                    None | Some(Answer::ByMessage) => AtDesk::NotHere,
                    Some(answer) => AtDesk::Answered(answer),
                };
            }
            () if desk.is(Turn::Ordered) => Turn::Ordered,
            () if desk.is(Turn::Taken) => Turn::Taken,
            () if desk.is(Turn::Answered) || desk.is(Turn::AnsweredLast) => continue,
            () => {
                // Closed, or nonsense.
                claimed.leave();
                return AtDesk::NotHere;
            }
        };
        desk.wait_while(turn, SLICE);
        let now = sys::now();
        if now < look || !desk.is(turn) {
            continue;
        }
        look = now + SLICE;
        // It is busy, or held up, or no more: a connection finds out.
        let there = still_there(rented.birth);
        if turn == Turn::Ordered && (there != There::Yes || now >= patience.until || signals.handler_is_due()) {
            if desk.pass(Turn::Ordered, Turn::Free) {
                if there == There::No {
                    claimed.leave();
                }
                return AtDesk::NotHere;
            }
        } else if turn == Turn::Taken && there == There::No && desk.is(Turn::Taken) {
            // Nobody is left to answer; an answer from before would lie there.
            claimed.leave();
            return AtDesk::Missed(Miss::HungUp);
        } else if turn == Turn::Taken && there == There::Unseen && now > began + UNSEEN && desk.is(Turn::Taken) {
            claimed.leave();
            return AtDesk::Missed(Miss::Unknown);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_finds_a_place_taken_does_not_set_it_free() {
        let place = &TABLE[PLACES - 1];
        let own = Incarnation(1);
        let first = Claimed::claim(place, own);
        assert!(first.is_some());
        assert!(Claimed::claim(place, own).is_none());
        assert!(Claimed::claim(place, own).is_none());
        drop(first);
        assert!(Claimed::claim(place, own).is_some());
    }
}
