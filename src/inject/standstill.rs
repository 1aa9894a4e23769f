// SPDX-License-Identifier: MIT OR Apache-2.0
//! Memory that is copied, or moved under an object that others can map, while
//! the process it belongs to stands still.
//!
//! What can be done before is done before: the object is in the target, and the
//! pages of the copy are there, when its threads stop. Then they stand still for
//! the copy and one mmap() for each of its mappings. Every moment between finds
//! the target right: a mapping of it has the old memory or the new, and both
//! hold the same. A tracer that dies lets all go as they are.

use super::crowd::Crowd;
use super::session::{Lost, Session};
use super::tracer::{self, Kind};
use super::{wait, Errand, Pause, Trace};
use crate::arch::SystemCall;
use crate::area::{Area, Piece};
use crate::carry::Carry;
use crate::errno::Errno;
use crate::fault::{Fault, Why};
use crate::peer::Peer;
use crate::perform::{Hands, Own};
use crate::procfs::{self, Marks};
use crate::request::{After, FileFacts, MapPlan};
use crate::sys::{self, SignalsBlocked, Tid};
use core::time::Duration;
use libc::c_int;

/// An area, and where its contents go.
#[derive(Clone, Copy)]
pub(crate) struct Copying<'p> {
    pub area: &'p Area,
    /// The area's first address, and where in the caller that is copied to.
    pub from: usize,
    pub to: usize,
    /// With an object, mapped at `to` from its offset 0, the area's private
    /// pieces are moved to it, and only these are copied.
    pub object: Option<c_int>,
    /// The copy takes the area's own place.
    pub in_place: bool,
}

impl Copying<'_> {
    fn wanted(&self, piece: &Piece) -> bool {
        self.object.is_none() || piece.is_unshared()
    }

    fn place(&self, at: usize) -> usize {
        self.to + (at - self.from)
    }

    /// Anonymous memory has nothing where it has no page.
    fn sparse(piece: &Piece) -> bool {
        piece.mapped.inode == 0 && !piece.mapped.shared
    }

    /// Makes room for the pages that are to be copied, as far as can be told by now.
    /// An object is written, which takes pages that nobody has to zero or map before.
    pub fn prepare(&self, pid: i32) {
        let page = sys::page_size();
        for piece in self.area.pieces().iter().filter(|piece| self.wanted(piece)) {
            let populate = |start: usize, end: usize| {
                if let Some(object) = self.object {
                    return sys::allocate_range(object, (start - self.from) as u64, (end - start) as u64).is_ok();
                }
                let range = [self.place(start) as u64, (end - start) as u64, libc::MADV_POPULATE_WRITE as u64, 0, 0, 0];
                // Before Linux 5.14 the copy brings them in.
                matches!(Own.call(SystemCall::Madvise, range), Ok(Ok(_)))
            };
            if Self::sparse(piece) {
                procfs::each_present(pid, piece.start, piece.end, page, populate);
            } else {
                populate(piece.start, piece.end);
            }
        }
    }

    /// One mapping is moved or it is not. Of several none is, if the last would find no
    /// place in the process's table; at that limit nothing could be put back either.
    fn has_room(&self, pid: i32, first: usize) -> Result<(), Fault> {
        let moved = match self.object {
            Some(_) => self.area.pieces().iter().skip(first).filter(|piece| self.wanted(piece)).count(),
            None => 0,
        };
        // A mapping may be split at both of the area's ends.
        if moved < 2 || procfs::has_room_for_mappings(pid, 2 + 1) {
            return Ok(());
        }
        Err(Fault::says(
            Errno::ENOMEM,
            "the process has nearly as many mappings as vm.max_map_count allows: raise that, or map the area's mappings one by one",
        ))
    }

    /// Clears what an earlier attempt has copied: a page that is gone since must read zero.
    fn clear(&self, first: usize) -> Result<(), Fault> {
        for piece in self.area.pieces().iter().skip(first).filter(|piece| self.wanted(piece)) {
            let (start, len) = (piece.start, piece.len());
            let cleared = match self.object {
                Some(object) => sys::punch_range(object, (start - self.from) as u64, len as u64),
                None => {
                    let range = [self.place(start) as u64, len as u64, libc::MADV_DONTNEED as u64, 0, 0, 0];
                    match Own.call(SystemCall::Madvise, range) {
                        Ok(done) => done.map(|_| ()),
                    }
                }
            };
            cleared.map_err(|errno| Fault::new(errno, Why::Kernel { call: "clearing the copy", errno, hint: "" }))?;
        }
        Ok(())
    }

    /// Copies what there is from piece `first` on.
    fn copy(&self, pid: i32, tid: Tid, first: usize) -> Result<(), Fault> {
        let page = sys::page_size();
        let mut by_way = self.object.map(ByWay::new).transpose().map_err(unreadable)?;
        for piece in self.area.pieces().iter().skip(first).filter(|piece| self.wanted(piece)) {
            let mut copied = Ok(());
            let mut copy = |start: usize, end: usize| {
                copied = match &mut by_way {
                    Some(way) => way.copy(pid, tid, start, (start - self.from) as u64, end - start, piece),
                    None => {
                        // SAFETY: the caller of this engine has mapped the range
                        // writable, and nobody else uses it yet.
                        let into =
                            unsafe { core::slice::from_raw_parts_mut(self.place(start) as *mut u8, end - start) };
                        read(pid, tid, start, into, piece)
                    }
                };
                copied.is_ok()
            };
            if Self::sparse(piece) {
                procfs::each_present(pid, piece.start, piece.end, page, copy);
            } else {
                copy(piece.start, piece.end);
            }
            copied.map_err(unreadable)?;
        }
        Ok(())
    }
}

fn unreadable(errno: Errno) -> Fault {
    match errno {
        Errno::EFAULT | Errno::EIO => Fault::says(
            Errno::ENOTSUP,
            "the area holds memory that the kernel lets nobody read from outside: a device's, secret, or beyond the end of a file",
        ),
        errno => Fault::new(errno, Why::Kernel { call: "copying the area", errno, hint: "" }),
    }
}

/// From memory into an object, by way of a buffer that stays in the processor's
/// cache: faster than to have the object's pages zeroed, mapped, and then copied to.
struct ByWay {
    object: c_int,
    buffer: usize,
}

impl ByWay {
    const SIZE: usize = 64 * 1024;

    fn new(object: c_int) -> Result<ByWay, Errno> {
        sys::map_private(Self::SIZE).map(|buffer| ByWay { object, buffer })
    }

    fn copy(&mut self, pid: i32, tid: Tid, from: usize, to: u64, len: usize, piece: &Piece) -> Result<(), Errno> {
        // SAFETY: mapped by `new`, and used by this only.
        let buffer = unsafe { core::slice::from_raw_parts_mut(self.buffer as *mut u8, Self::SIZE) };
        let mut done = 0;
        while done < len {
            let part = Self::SIZE.min(len - done);
            let Some(part) = buffer.get_mut(..part) else { break };
            read(pid, tid, from + done, part, piece)?;
            sys::write_at(self.object, part, to + done as u64)?;
            done += part.len();
        }
        Ok(())
    }
}

impl Drop for ByWay {
    fn drop(&mut self) {
        sys::unmap(self.buffer, Self::SIZE);
    }
}

/// Reads into memory of the caller's.
fn read(pid: i32, tid: Tid, from: usize, mut into: &mut [u8], piece: &Piece) -> Result<(), Errno> {
    let mut at = from;
    // What may not be read by the program can be read as a debugger does.
    let debugger = if piece.mapped.access & libc::PROT_READ == 0 {
        Some(sys::open(procfs::memory_path(pid).terminated(), libc::O_RDONLY)?)
    } else {
        None
    };
    while !into.is_empty() {
        let n = match &debugger {
            Some(memory) => sys::read_at(memory, into, at as u64)?,
            None => sys::read_memory(tid, at, into)?,
        };
        if n == 0 {
            return Err(Errno::EFAULT);
        }
        at += n;
        into = into.get_mut(n..).unwrap_or_default();
    }
    Ok(())
}

fn changed() -> Fault {
    Fault::says(Errno::EAGAIN, "the mappings of the area changed during the call: try again")
}

/// What a piece is mapped anew by, call after call: the one swap, and then
/// what the old mapping had beside its access.
const STEPS: usize = 4;

fn step(piece: &Piece, k: usize, kind: c_int, object: c_int, from: usize) -> Option<(SystemCall, [u64; 6])> {
    let (start, len, marks) = (piece.start as u64, piece.len() as u64, piece.mapped.marks);
    let advice = |advice: c_int| (SystemCall::Madvise, [start, len, advice as u64, 0, 0, 0]);
    match k {
        0 => {
            let flags = (kind | libc::MAP_FIXED) as u64;
            let offset = (piece.start - from) as u64;
            Some((SystemCall::Mmap, [start, len, piece.mapped.access as u64, flags, object as u64, offset]))
        }
        1 => marks.has(Marks::NOT_INHERITED).then(|| advice(libc::MADV_DONTFORK)),
        2 => marks.has(Marks::NOT_DUMPED).then(|| advice(libc::MADV_DONTDUMP)),
        _ => {
            // With its pages, which are there: the program relies on that.
            marks.has(Marks::LOCKED).then_some((SystemCall::Mlock2, [start, len, 0, 0, 0, 0]))
        }
    }
}

/// How far the pieces have been moved.
#[derive(Default)]
struct Moved {
    /// Steps that are done.
    steps: usize,
    /// A step that the kernel refused; then what was moved before is put back,
    /// and so many steps of that are done.
    refused: Option<Fault>,
    back: usize,
}

/// Moves the area's private pieces to the object, by calls that `hands` make. If
/// the kernel refuses one, those before it get memory of their own again: the
/// object's, which nobody else will ever change, as a private mapping.
fn swap<H: Hands>(
    copying: &Copying<'_>,
    object: c_int,
    moved: &mut Moved,
    hands: &mut H,
) -> Result<Result<(), Fault>, H::Lost> {
    let pieces = copying.area.pieces();
    let at = |count: usize| pieces.get(count / STEPS).map(|piece| (piece, count % STEPS));
    while let (None, Some((piece, k))) = (moved.refused, at(moved.steps)) {
        let wanted = copying.wanted(piece).then(|| step(piece, k, libc::MAP_SHARED, object, copying.from)).flatten();
        let made = wanted.map_or(Ok(Ok(0)), |(call, arguments)| hands.call(call, arguments))?;
        match made {
            Err(errno) if k == 0 => {
                // EAGAIN is kept for a target that cannot be reached.
                let says = if errno == Errno::EAGAIN { Errno::ENOMEM } else { errno };
                moved.refused = Some(Fault::new(says, Why::Kernel { call: "mmap()", errno, hint: "" }));
            }
            // A lock beyond a limit that was lowered since, say, is no refusal.
            _ => moved.steps += 1,
        }
    }
    let Some(refused) = moved.refused else { return Ok(Ok(())) };
    while let Some((piece, k)) = at(moved.back).filter(|_| moved.back < moved.steps) {
        if let Some((call, arguments)) =
            copying.wanted(piece).then(|| step(piece, k, libc::MAP_PRIVATE, object, copying.from)).flatten()
        {
            // Over a mapping of its own size it needs nothing that could be refused.
            let _ = hands.call(call, arguments)?;
        }
        moved.back += 1;
    }
    Ok(Err(refused))
}

/// Copies or moves an area of another process.
pub(crate) fn of_peer(
    peer: &Peer,
    copying: Copying<'_>,
    signals: &SignalsBlocked,
    timeout: Duration,
    trace: &mut Trace,
) -> Result<(), Fault> {
    let mut errand =
        Still { copying, carry: None, moved: Moved::default(), copied: false, tried: false, refused: None };
    errand.start_over();
    super::run(peer, &mut errand, signals, timeout, trace)?;
    errand.refused.map_or(Ok(()), Err)
}

struct Still<'p> {
    copying: Copying<'p>,
    carry: Option<Carry>,
    moved: Moved,
    copied: bool,
    /// Something may have been copied, by this attempt or an earlier one.
    tried: bool,
    refused: Option<Fault>,
}

/// An object of our own making; not held in advance, since its place is taken.
const FACTS: FileFacts = FileFacts { readable: true, writable: true, directory: false, regular: true, plain: false };

impl Still<'_> {
    fn finished(&self) -> bool {
        self.refused.is_some()
            || match self.carry {
                Some(_) => self.moved.steps == self.copying.area.pieces().len() * STEPS,
                None => self.copied,
            }
    }

    /// The threads stand still from here to the end of this.
    fn stand_still(&mut self, session: &mut Session<'_>) -> Result<(), Lost> {
        let (peer, tid) = (session.peer(), session.tid());
        session.keep_to_its_program();
        let others = Crowd::hold(peer, session.waiting(), tid)?;
        // Of a piece that is moved already only the marks may be missing.
        let first = self.moved.steps.div_ceil(STEPS);
        if self.moved.refused.is_none() {
            if !self.copying.area.still_holds(peer.pid(), first) {
                self.refused = Some(changed());
                return Ok(());
            }
            let ready = self.copying.has_room(peer.pid(), first);
            let ready = ready.and_then(|()| if self.tried { self.copying.clear(first) } else { Ok(()) });
            self.tried = true;
            if let Err(fault) = ready.and_then(|()| self.copying.copy(peer.pid(), tid, first)) {
                self.refused = Some(fault);
                return Ok(());
            }
        }
        self.copied = true;
        if let Some(Ok(object)) = self.carry.as_ref().map(Carry::outcome) {
            if let Err(fault) = swap(&self.copying, object, &mut self.moved, session)? {
                self.refused = Some(fault);
            }
        }
        drop(others);
        Ok(())
    }
}

impl Errand for Still<'_> {
    fn perform(&mut self, session: &mut Session<'_>) -> Result<(), Lost> {
        if self.carry.is_some() && session.only_mapping() && !self.begun() {
            self.refused = Some(Fault::new(Errno::EPERM, Why::SeccompFilter { pid: session.peer().pid() }));
            return Ok(());
        }
        if !self.finished() {
            if let Some(carry) = &mut self.carry {
                let (addr, len) = (self.copying.from, sys::page_size());
                let flags = libc::MAP_SHARED | libc::MAP_FIXED;
                let after = After::default();
                let plan = MapPlan { addr, len, prot: 0, flags, file: None, physical: false, off: 0, shift: 0, after };
                carry.bring(&plan, session)?;
                if let Err(fault) = carry.outcome() {
                    self.refused = Some(fault);
                }
            }
        }
        if !self.finished() {
            match self.stand_still(session) {
                // It may take until the deadline, and then nothing must be left.
                Err(lost @ (Lost::Others { .. } | Lost::OneTracee)) if self.moved.steps == 0 => {
                    if let Some(carry) = &mut self.carry {
                        carry.tidy(session)?;
                    }
                    self.start_over();
                    return Err(lost);
                }
                done => done?,
            }
        }
        match &mut self.carry {
            Some(carry) => carry.tidy(session),
            None => Ok(()),
        }
    }

    fn begun(&self) -> bool {
        self.moved.steps > 0 || self.carry.as_ref().is_some_and(Carry::begun)
    }

    fn recheck(&mut self, session: &Session<'_>) {
        if let Some(carry) = &mut self.carry {
            carry.recheck(session);
        }
    }

    fn start_over(&mut self) {
        self.carry = self.copying.object.map(|fd| Carry::new(fd, FACTS));
        self.moved = Moved::default();
        self.copied = false;
        self.refused = None;
    }
}

/// Copies or moves an area of the calling process itself, while its other
/// threads stand still; `own` is the calling process. With `then`, that much is
/// done with the copy before they go on.
pub(crate) fn of_caller(
    own: &Peer,
    copying: Copying<'_>,
    signals: &SignalsBlocked,
    timeout: Duration,
    trace: &mut Trace,
    then: &mut dyn FnMut() -> Result<(), Fault>,
) -> Result<(), Fault> {
    let caller = sys::gettid();
    let (pid, deadline) = (own.pid(), sys::now() + timeout);
    let own_frames = |piece: &Piece| {
        let here = address_of_a_frame();
        (piece.mapped.start..piece.mapped.end).contains(&here)
            && piece.start < here.saturating_add(FRAMES)
            && here.saturating_sub(FRAMES) < piece.end
    };
    nothing_runs_on(&copying, own_frames, "the area holds the stack of the calling thread: call from another thread")?;
    let mut pause = Pause::new();
    loop {
        trace.attempts += 1;
        let mut work = |waiting: &wait::Waiting| -> Result<Result<(), Fault>, Lost> {
            let stack = tracer::stack_around(address_of_a_frame());
            let holds_it = |piece: &Piece| piece.start < stack.end && stack.start < piece.end;
            if let Err(fault) =
                nothing_runs_on(&copying, holds_it, "the area holds memory that the call itself runs on")
            {
                return Ok(Err(fault));
            }
            let others = Crowd::hold(own, waiting, caller)?;
            let done = (|| {
                if !copying.area.still_holds(pid, 0) {
                    return Err(changed());
                }
                copying.has_room(pid, 0)?;
                copying.copy(pid, caller, 0)?;
                if let Some(object) = copying.object {
                    match swap(&copying, object, &mut Moved::default(), &mut Own) {
                        Ok(done) => done?,
                    }
                }
                then()
            })();
            drop(others);
            Ok(done)
        };
        let why = match tracer::run(Kind::Process, wait::slice(trace.attempts), &mut work) {
            Ok(Some(Ok(done))) => return done,
            Ok(Some(Err(Lost::Others { state }))) => Why::OthersRun { pid, state },
            Ok(Some(Err(_))) => Why::OthersRun { pid, state: b'?' },
            Ok(None) => Why::OutOfReach { pid, state: b'?' },
            Err(errno) => Why::NoHelper { errno },
        };
        if sys::now() >= deadline {
            return Err(Fault::new(Errno::EAGAIN, why));
        }
        if signals.handler_is_due() {
            return Err(Fault::new(Errno::EINTR, Why::WaitInterrupted { pid }));
        }
        pause.rest();
    }
}

/// What this library's part of a call takes of a stack, and more, to either side
/// of where `of_caller` stands. The frames of its callers rest meanwhile.
const FRAMES: usize = 64 * 1024;

#[inline(never)]
fn address_of_a_frame() -> usize {
    let here = 0u8;
    core::hint::black_box(&raw const here) as usize
}

/// Who runs on memory must not copy it: what is written meanwhile would be lost.
fn nothing_runs_on(
    copying: &Copying<'_>,
    holds_a_stack: impl Fn(&Piece) -> bool,
    says: &'static str,
) -> Result<(), Fault> {
    let moves = copying.object.is_some() || copying.in_place;
    if moves && copying.area.pieces().iter().any(|piece| copying.wanted(piece) && holds_a_stack(piece)) {
        return Err(Fault::says(Errno::ENOTSUP, says));
    }
    Ok(())
}
