// SPDX-License-Identifier: MIT OR Apache-2.0
//! A page that one caller and one service share, for callers that come again
//! and again: an order is laid on it and its answer taken from it, and each side
//! sleeps on a word of it until the other has done its part. No descriptor is
//! kept for it on the caller's side.
//!
//! The page is a file in memory, sealed so that it cannot shrink under whom it
//! is mapped by. Neither side believes what lies there: it is copied once, and
//! what was copied is looked at. A side that breaks the rules hurts itself only.
//! A child of fork() is neither side, and perhaps of another user: it does not get
//! the page (MADV_DONTFORK), but a hole in its place.

use super::protocol::{Answer, ANSWER_SIZE, ORDER_SIZE};
use crate::errno::Errno;
use crate::sys::{self, Descriptor, Incarnation, Scope, Wake};
use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicI32, AtomicU32, AtomicU64, Ordering};
use core::time::Duration;
use libc::c_int;

/// Whose turn it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Turn {
    /// Nothing lies there.
    Free = 0,
    /// An order; the caller may still take it back.
    Ordered = 1,
    /// The service is at it.
    Taken = 2,
    Answered = 3,
    /// The service is no more, or not for this caller.
    Closed = 4,
    /// No order, but something has come to the service's socket.
    Knocked = 5,
    /// An answer, and the service is no more for this caller.
    AnsweredLast = 6,
}

/// Where a desk stands: in memory that the library has had from the beginning.
/// A page that was free when it came could be one that the program, or a peer,
/// has just unmapped and is about to map again, at that very address.
#[derive(Clone, Copy)]
pub(super) enum Place {
    /// Of a caller's.
    Callers(usize),
    /// Of a service's.
    Services(usize),
}

pub(super) const CALLERS: usize = 16;
pub(super) const SERVICES: usize = sys::WORDS_AT_ONCE;

/// Where pages may be larger, they are.
const LARGEST_PAGE: usize = if cfg!(any(target_arch = "x86_64", target_arch = "x86")) { 4096 } else { 65536 };
const ROOM: usize = (CALLERS + SERVICES + 1) * LARGEST_PAGE;

struct Room(UnsafeCell<[u8; ROOM]>);

// SAFETY: nobody makes a reference to the bytes; whole pages of them are mapped over.
unsafe impl Sync for Room {}

static PAGES: Room = Room(UnsafeCell::new([0; ROOM]));

/// Which process has a desk at each place. In a child of fork() it is another's
/// number, and where that had one there is a hole.
static USERS: [AtomicU64; CALLERS + SERVICES] = [const { AtomicU64::new(0) }; CALLERS + SERVICES];

impl Place {
    fn index(self) -> Option<usize> {
        match self {
            Place::Callers(i) if i < CALLERS => Some(i),
            Place::Services(i) if i < SERVICES => Some(CALLERS + i),
            _ => None,
        }
    }

    /// Whether there is memory of ours at the place. A hole is filled, if nobody else has by now.
    pub fn is_there(self) -> bool {
        let (Some(user), Some(at)) = (self.index().and_then(|i| USERS.get(i)), self.address()) else { return false };
        if [0, sys::incarnation().0].contains(&user.load(Ordering::Relaxed)) {
            return true;
        }
        let filled = sys::map_where_nothing_is(at, sys::page_size());
        if filled {
            user.store(0, Ordering::Relaxed);
        }
        filled
    }

    fn is_used_by(self, own: Incarnation) {
        if let Some(user) = self.index().and_then(|i| USERS.get(i)) {
            user.store(own.0, Ordering::Relaxed);
        }
    }

    fn address(self) -> Option<usize> {
        let index = self.index()?;
        let page = sys::page_size();
        let start = PAGES.0.get() as usize;
        let at = start.next_multiple_of(page) + index * page;
        (at + page <= start + ROOM).then_some(at)
    }
}

#[repr(C)]
pub(super) struct Desk {
    turn: AtomicU32,
    /// The service looks here; else it sleeps at its socket.
    watched: AtomicU32,
    /// The caller's number of the object that goes with the order; -1 for none.
    object: AtomicI32,
    order: [AtomicU64; ORDER_SIZE / 8],
    answer: [AtomicU64; ANSWER_SIZE / 8],
}

const _: () = assert!(size_of::<Desk>() <= 4096);

fn lay<const WORDS: usize>(words: &[AtomicU64; WORDS], bytes: &[u8]) {
    for (word, chunk) in words.iter().zip(bytes.chunks_exact(8)) {
        let mut value = [0; 8];
        value.copy_from_slice(chunk);
        word.store(u64::from_ne_bytes(value), Ordering::Relaxed);
    }
}

fn take<const WORDS: usize, const SIZE: usize>(words: &[AtomicU64; WORDS]) -> [u8; SIZE] {
    let mut bytes = [0; SIZE];
    for (chunk, word) in bytes.chunks_exact_mut(8).zip(words) {
        chunk.copy_from_slice(&word.load(Ordering::Relaxed).to_ne_bytes());
    }
    bytes
}

impl Desk {
    /// A new page at a place, and its file.
    pub fn make(place: Place) -> Result<(Descriptor, *const Desk), Errno> {
        let flags = libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING;
        let file = sys::memfd(b"mman_peer\0", flags, sys::page_size())?;
        sys::seal_size(&file)?;
        let at = Desk::map(&file, place)?;
        Ok((file, at))
    }

    /// The page of a caller's file, if it is one, at a place.
    pub fn of(file: &Descriptor, place: Place) -> Result<*const Desk, Errno> {
        if !sys::has_sealed_size(file, sys::page_size()) {
            return Err(Errno::EINVAL);
        }
        Desk::map(file, place)
    }

    fn map(file: &Descriptor, place: Place) -> Result<*const Desk, Errno> {
        let at = place.address().filter(|_| place.is_there()).ok_or(Errno::ENOMEM)?;
        // Before it is one: a fork() in another thread leaves a hole, or a page as any.
        place.is_used_by(sys::incarnation());
        // SAFETY: the place is ours, and nothing of it is in use.
        let mapped = unsafe { sys::map_over(at, sys::page_size(), Some(file)) };
        mapped.and_then(|()| sys::keep_from_children(at, sys::page_size())).inspect_err(|_| Desk::leave(at))?;
        Ok(at as *const Desk)
    }

    /// The page is not used any more.
    pub fn unmap(at: *const Desk) {
        Desk::leave(at as usize);
    }

    fn leave(at: usize) {
        // SAFETY: a place of ours. It stays ours: no hole is left for others.
        let left = unsafe { sys::map_over(at, sys::page_size(), None) };
        let index = (at - (PAGES.0.get() as usize).next_multiple_of(sys::page_size())) / sys::page_size();
        if let (Ok(()), Some(user)) = (left, USERS.get(index)) {
            user.store(0, Ordering::Relaxed);
        }
    }

    pub fn is(&self, turn: Turn) -> bool {
        self.turn.load(Ordering::SeqCst) == turn as u32
    }

    /// Changes the turn from one to another, unless it is not that one.
    pub fn pass(&self, from: Turn, to: Turn) -> bool {
        self.turn.compare_exchange(from as u32, to as u32, Ordering::SeqCst, Ordering::SeqCst).is_ok()
    }

    pub fn set(&self, turn: Turn) {
        self.turn.store(turn as u32, Ordering::SeqCst);
    }

    /// The service ends here. An answer stays, until the caller has taken it: it would
    /// have the order carried out once more.
    pub fn close(&self) {
        // The caller may change the turn at the same time, and one without manners for ever.
        for _ in 0..100 {
            let turn = self.turn.load(Ordering::SeqCst);
            let answered = [Turn::Answered as u32, Turn::AnsweredLast as u32].contains(&turn);
            let to = if answered { Turn::AnsweredLast } else { Turn::Closed };
            if self.turn.compare_exchange(turn, to as u32, Ordering::SeqCst, Ordering::SeqCst).is_ok() {
                return;
            }
        }
        self.set(Turn::Closed);
    }

    pub fn wake(&self) {
        sys::wake(&self.turn, Scope::Shared, Wake::One);
    }

    /// Sleeps while it is that turn.
    pub fn wait_while(&self, turn: Turn, patience: Duration) {
        sys::wait_while(&self.turn, turn as u32, Scope::Shared, Some(patience));
    }

    /// What a service sleeps on: the word, and the value that it has seen there.
    pub fn awaited(&self) -> (&AtomicU32, u32) {
        (&self.turn, self.turn.load(Ordering::SeqCst))
    }

    pub fn watch(&self, on: bool) {
        self.watched.store(u32::from(on), Ordering::SeqCst);
    }

    pub fn is_watched(&self) -> bool {
        self.watched.load(Ordering::SeqCst) != 0
    }

    /// Whether an order lies there now: not, if the service has closed the desk.
    pub fn lay_order(&self, order: &[u8; ORDER_SIZE], object: Option<c_int>) -> bool {
        lay(&self.order, order);
        self.object.store(object.unwrap_or(-1), Ordering::Relaxed);
        // A knock that the service sees at this moment makes it free.
        [Turn::Free, Turn::Knocked, Turn::Free].into_iter().any(|from| self.pass(from, Turn::Ordered))
    }

    pub fn take_order(&self) -> ([u8; ORDER_SIZE], c_int) {
        (take(&self.order), self.object.load(Ordering::Relaxed))
    }

    pub fn lay_answer(&self, answer: &Answer) {
        lay(&self.answer, &answer.encode());
        self.set(Turn::Answered);
    }

    /// The answer; and whether the desk is free for another order.
    pub fn take_answer(&self) -> (Option<Answer>, bool) {
        let answer = Answer::decode(&take(&self.answer));
        (answer, self.pass(Turn::Answered, Turn::Free))
    }
}
