// SPDX-License-Identifier: MIT OR Apache-2.0
//! An area of another process: joined where it is shared already, else moved
//! under an object that both map; or copied.
//!
//! What can fail by the caller or by the area fails before the other process is
//! stopped.

use super::place::{self, Placed};
use super::request::Request;
use super::{handed, must_be_granted, must_be_readable, must_be_sharable, new_object, note, object, READ_WRITE};
use crate::area::{Area, Piece};
use crate::env;
use crate::errno::Errno;
use crate::fault::Fault;
use crate::inject::standstill::{self, Copying};
use crate::peer::Peer;
use crate::procfs;
use crate::regions;
use crate::route::Route;
use crate::sys::{self, Descriptor, SignalsBlocked, Tid};
use libc::c_int;

pub(super) fn map(pid: i32, request: &Request, signals: &SignalsBlocked, route: &mut Route) -> Result<(), Fault> {
    let peer = Peer::find(pid)?;
    match peer.may_be_touched() {
        Err(refused) if refused.errno == Errno::EPERM => return handed::map(&peer, request, signals, refused),
        may => may?,
    }
    let mut area = Area::of(pid, request.from, request.len)?;
    for piece in area.pieces() {
        must_be_granted(granted(pid, piece), request.protection().needs(request.share))?;
    }
    let mut bring = |copying: Copying<'_>| {
        copying.prepare(pid);
        standstill::of_peer(&peer, copying, signals, env::settings().timeout, &mut route.trace)
    };
    if request.share {
        share(pid, &mut area, request, &mut bring)
    } else {
        copy(&area, request, &mut bring)
    }
}

/// What the caller may do with a piece of another process's, beside what the
/// kernel lets it. Memory that no call has made counts as read and written by its
/// user, as its own access is; root may all that this has.
fn granted(pid: i32, piece: &Piece) -> c_int {
    let mut granted = piece.mapped.access;
    if piece.mapped.shared && sys::geteuid() != 0 {
        let classes = classes(pid);
        let (mut noted, mut is_region) = (READ_WRITE, false);
        regions::each_of_others_piece(pid, piece, |r| {
            is_region = true;
            noted &= r.granted_by(classes);
        });
        if is_region {
            granted = noted;
        }
    }
    granted
}

/// The bits of all classes that the caller is of, as the process sees it.
fn classes(pid: i32) -> u32 {
    let theirs = procfs::status(Tid(pid)).unwrap_or_default();
    let class = |is: bool, bits: u32| if is { bits } else { 0 };
    class(theirs.euid == sys::geteuid(), regions::SAME_USER)
        | class(sys::process_group(pid) == sys::process_group(0), regions::SAME_PROCESS_GROUP)
        | class(sys::is_of_group(theirs.egid), regions::SAME_GROUP)
        | regions::WORLD
}

/// A private copy. If others are to map it onward, in an object.
pub(super) fn copy(
    area: &Area,
    request: &Request,
    bring: &mut dyn FnMut(Copying<'_>) -> Result<(), Fault>,
) -> Result<(), Fault> {
    must_be_readable(area.pieces())?;
    let Request { from, to, len, .. } = *request;
    let placed = Placed::reserve(to, len)?;
    let object = if request.protection().admits_others() { Some(new_object(len)?) } else { None };
    match &object {
        Some(object) => placed.lay(to, len, READ_WRITE, libc::MAP_SHARED, object.number(), 0)?,
        None => placed.lay(to, len, READ_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, -1, 0)?,
    }
    bring(Copying { area, from, to, object: None, in_place: false })?;
    place::protect(to, len, request.protection().own_access())?;
    if let Some(object) = object {
        note((to, to + len), object.number(), 0, request, READ_WRITE)?;
        object.keep();
    }
    placed.keep();
    Ok(())
}

/// One memory.
pub(super) fn share(
    pid: i32,
    area: &mut Area,
    request: &Request,
    bring: &mut dyn FnMut(Copying<'_>) -> Result<(), Fault>,
) -> Result<(), Fault> {
    must_be_sharable(area.pieces())?;
    let Request { from, to, len, .. } = *request;
    let access = request.protection().own_access();
    let placed = Placed::reserve(to, len)?;
    let here = |piece: &Piece| to + (piece.start - from);
    for piece in area.pieces_mut().iter_mut().filter(|piece| piece.mapped.shared) {
        let file = match object::of_piece(pid, piece, request.protection().needs(true))? {
            Some(file) => file,
            None => {
                piece.orphan = true;
                continue;
            }
        };
        placed.lay(here(piece), piece.len(), access, libc::MAP_SHARED, file.number(), piece.offset())?;
        note_kept(here(piece), piece, file, piece.offset(), request)?;
    }
    let is_private = |piece: &&Piece| piece.is_unshared();
    if area.pieces().iter().any(|piece| is_private(&piece)) {
        let object = new_object(len)?;
        let number: c_int = object.number();
        for piece in area.pieces().iter().filter(is_private) {
            placed.lay(here(piece), piece.len(), READ_WRITE, libc::MAP_SHARED, number, (piece.start - from) as u64)?;
        }
        bring(Copying { area, from, to, object: Some(number), in_place: false })?;
        for piece in area.pieces().iter().filter(is_private) {
            place::protect(here(piece), piece.len(), access)?;
            let at = here(piece);
            note((at, at + piece.len()), number, (piece.start - from) as u64, request, piece.mapped.access)?;
        }
        object.keep();
    }
    placed.keep();
    Ok(())
}

fn note_kept(at: usize, piece: &Piece, file: Descriptor, offset: u64, request: &Request) -> Result<(), Fault> {
    note((at, at + piece.len()), file.number(), offset, request, piece.mapped.access)?;
    file.keep();
    Ok(())
}
