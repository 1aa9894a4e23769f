// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which thread of the target is stopped: any can make the call, and the one
//! is taken whose stop shows least. That is the leader, unless it sits in a
//! call that would show it, or cannot be stopped; only then are the others
//! looked at, so that the cost does not grow with their number.

use super::{instruction, restart};
use crate::peer::Peer;
use crate::procfs;
use crate::sys::Tid;

/// As many threads as are examined in one look.
const EXAMINED: u32 = 64;

/// The thread in hand; goes round all that may serve.
pub(crate) struct Search {
    tid: Tid,
    chosen: bool,
}

impl Search {
    pub fn new(peer: &Peer) -> Search {
        Search { tid: peer.leader(), chosen: false }
    }

    /// The thread to take.
    pub fn thread(&mut self, peer: &Peer) -> Tid {
        if !self.chosen {
            self.chosen = true;
            // Without another thread there is no choice.
            if procfs::thread_count(peer.pid()) > 1 && fitness(peer.leader()) != Fitness::Good {
                self.tid = look(peer, None).unwrap_or(peer.leader());
            }
        }
        self.tid
    }

    /// That one did not serve: the next.
    pub fn advance(&mut self, peer: &Peer) {
        self.tid = look(peer, Some(self.tid)).or_else(|| look(peer, None)).unwrap_or(peer.leader());
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fitness {
    Good,
    /// Its call would answer an EINTR, or start its timeout over.
    Shows,
    /// It waits for a vfork() child, in uninterruptible sleep.
    Stuck,
}

fn fitness(tid: Tid) -> Fitness {
    let Some(call) = procfs::sleeps_in(tid) else { return Fitness::Good };
    let abi = instruction::abi_of_sleeper(tid, &call);
    if abi.waits_for_a_child(call.number, &call.arguments) {
        return Fitness::Stuck;
    }
    match abi.answers_bare_eintr(call.number, &call.arguments) {
        Some(timeout) if restart::would_show(timeout, &call.arguments) => Fitness::Shows,
        _ => Fitness::Good,
    }
}

/// The first thread behind `after` (or of all) that can be stopped, one that
/// does not show before one that does.
fn look(peer: &Peer, after: Option<Tid>) -> Option<Tid> {
    let mut behind = after.is_none();
    let mut examined = 0;
    let mut second_best = None;
    let mut best = None;
    let walked = procfs::each_thread(peer.pid(), |tid| {
        if !behind {
            behind = Some(tid) == after;
            return true;
        }
        examined += 1;
        if can_be_stopped(tid) {
            match fitness(tid) {
                Fitness::Good => best = Some(tid),
                Fitness::Shows => second_best = second_best.or(Some(tid)),
                Fitness::Stuck => {}
            }
        }
        best.is_none() && examined < EXAMINED
    });
    walked.ok()?;
    best.or(second_best)
}

fn can_be_stopped(tid: Tid) -> bool {
    procfs::stat(tid).is_ok_and(|s| !matches!(s.state, b'Z' | b'X' | b'D' | b't') && !s.never_in_user_mode())
}
