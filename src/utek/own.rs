// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a process maps of itself: an area at a second address, shared or as a
//! copy; or an area to itself, which changes its protection and with share clear
//! parts it from all other mappings.
//!
//! Its own protection binds a process as to a second mapping of an area. It may
//! always map the area to itself with another one, up to what it was granted.

use super::others;
use super::place::{self, Placed};
use super::request::Request;
use super::{must_be_granted, must_be_readable, must_be_sharable, new_object, note, object, READ_WRITE};
use crate::area::{Area, Piece};
use crate::env;
use crate::errno::Errno;
use crate::fault::{Fault, Why};
use crate::inject::standstill::{self, Copying};
use crate::peer::Peer;
use crate::regions::{self, Region};
use crate::route::Route;
use crate::sys::{self, SignalsBlocked};

pub(super) fn elsewhere(request: &Request, signals: &SignalsBlocked, route: &mut Route) -> Result<(), Fault> {
    let pid = sys::getpid();
    let mut area = Area::of(pid, request.from, request.len)?;
    for piece in area.pieces() {
        // A process is of its own user, process group and group: it has what any class has.
        let (mut granted, mut is_region) = (READ_WRITE, false);
        regions::each_of_piece(piece, |r| {
            is_region = true;
            granted &= r.granted_by(r.protection);
        });
        let granted = if is_region { granted } else { piece.mapped.access };
        must_be_granted(granted, request.protection().needs(request.share))?;
    }
    let peer = Peer::find(pid)?;
    let mut bring = |copying: Copying<'_>| {
        copying.prepare(pid);
        stand_still(&peer, copying, signals, route, &mut || Ok(()))
    };
    if request.share {
        others::share(pid, &mut area, request, &mut bring)
    } else {
        others::copy(&area, request, &mut bring)
    }
}

fn stand_still(
    own: &Peer,
    copying: Copying<'_>,
    signals: &SignalsBlocked,
    route: &mut Route,
    then: &mut dyn FnMut() -> Result<(), Fault>,
) -> Result<(), Fault> {
    standstill::of_caller(own, copying, signals, env::settings().timeout, &mut route.trace, then)
}

pub(super) fn in_place(request: &Request, signals: &SignalsBlocked, route: &mut Route) -> Result<(), Fault> {
    let area = Area::of(sys::getpid(), request.from, request.len)?;
    let protection = request.protection();
    for piece in area.pieces() {
        let mut granted = READ_WRITE;
        regions::each_of_piece(piece, |r| granted &= r.granted);
        must_be_granted(granted, protection.needs(request.share))?;
    }
    if !request.share {
        return part(&area, request, signals, route);
    }
    if protection.admits_others() {
        make_regions(&area, request, signals, route)?;
    }
    protect(&area, request)?;
    let (start, end) = (request.from, request.from + request.len);
    let mut noted = Ok(());
    regions::each_in(start, end, |r| {
        let (from, to) = (r.start.max(start), r.end.min(end));
        let offset = r.offset + (from - r.start) as u64;
        let changed = Region { start: from, end: to, offset, protection: protection.0, ..*r };
        if noted.is_ok() && changed != *r {
            noted = regions::note(&changed);
        }
    });
    noted
}

/// The new access on every piece; the old on all if one refuses.
fn protect(area: &Area, request: &Request) -> Result<(), Fault> {
    let access = request.protection().own_access();
    for (i, piece) in area.pieces().iter().enumerate() {
        if let Err(fault) = place::protect(piece.start, piece.len(), access) {
            for before in area.pieces().iter().take(i) {
                let _ = place::protect(before.start, before.len(), before.mapped.access);
            }
            return Err(fault);
        }
    }
    Ok(())
}

/// Others are to map the area onward: it becomes an object, where it is none yet.
fn make_regions(area: &Area, request: &Request, signals: &SignalsBlocked, route: &mut Route) -> Result<(), Fault> {
    let pid = sys::getpid();
    must_be_sharable(area.pieces())?;
    let is_region = |piece: &Piece| {
        let mut is_region = false;
        regions::each_of_piece(piece, |_| is_region = true);
        is_region
    };
    for piece in area.pieces().iter().filter(|p| p.mapped.shared && !is_region(p)) {
        must_be_granted(piece.mapped.access, request.protection().needs(true))?;
        let found = object::of_piece(pid, piece, request.protection().needs(true))?;
        let file = found.ok_or(object::OUT_OF_REACH)?;
        note((piece.start, piece.end), file.number(), piece.offset(), request, piece.mapped.access)?;
        file.keep();
    }
    if area.pieces().iter().all(|piece| piece.mapped.shared) {
        return Ok(());
    }
    let object = new_object(request.len)?;
    let scratch = Placed::anywhere(request.len, Some(object.number()))?;
    let (from, to, number) = (request.from, scratch.start(), object.number());
    let copying = Copying { area, from, to, object: Some(number), in_place: true };
    copying.prepare(pid);
    stand_still(&Peer::find(pid)?, copying, signals, route, &mut || Ok(()))?;
    for piece in area.pieces().iter().filter(|piece| !piece.mapped.shared) {
        note((piece.start, piece.end), number, (piece.start - from) as u64, request, READ_WRITE)?;
    }
    object.keep();
    Ok(())
}

/// A fresh copy in the area's own place, apart from all other mappings.
fn part(area: &Area, request: &Request, signals: &SignalsBlocked, route: &mut Route) -> Result<(), Fault> {
    must_be_readable(area.pieces())?;
    must_be_replaceable(area.pieces())?;
    let (from, len) = (request.from, request.len);
    let object = if request.protection().admits_others() { Some(new_object(len)?) } else { None };
    let scratch = Placed::anywhere(len, object.as_ref().map(|o| o.number()))?;
    let to = scratch.start();
    let copying = Copying { area, from, to, object: None, in_place: true };
    copying.prepare(sys::getpid());
    stand_still(&Peer::find(sys::getpid())?, copying, signals, route, &mut || {
        place::protect(to, len, request.protection().own_access())?;
        let moved = sys::move_mapping(to, len, from);
        moved.map(|_| ()).map_err(|errno| Fault::new(errno, Why::OwnKernel { call: "mremap()", errno }))
    })?;
    // Nothing is left there.
    scratch.keep();
    regions::forget(from, from + len);
    if let Some(object) = object {
        note((from, from + len), object.number(), 0, request, READ_WRITE)?;
        object.keep();
    }
    Ok(())
}

fn must_be_replaceable(pieces: &[Piece]) -> Result<(), Fault> {
    if pieces.iter().any(|piece| piece.mapped.kernels) {
        return Err(Fault::says(
            Errno::ENOTSUP,
            "the area holds the first thread's stack, or memory of the kernel's own (vdso), which stays as it is",
        ));
    }
    Ok(())
}
