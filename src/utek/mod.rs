// SPDX-License-Identifier: MIT OR Apache-2.0
//! UTek's mmap(2): an area of the caller's becomes a view of an area of another
//! process, of itself, of physical memory, of zeros, or of a VME bus.
//!
//! This file is the order of events. `request` is what is wanted; `place` the
//! caller's area; `own` what a process does to itself, `others` what it takes from
//! another; `object` finds what is shared already, `vme` opens windows, `regions`
//! remembers what was made, and `handed` takes what another's service gives. UTek
//! knows errnos that Linux has not, and a protection that belongs to the mapping;
//! the engine below knows neither.

mod handed;
mod object;
mod others;
mod own;
mod place;
pub(crate) mod request;
mod vme;

use crate::arch;
use crate::area::Piece;
use crate::errno::Errno;
use crate::fault::Fault;
use crate::phys;
use crate::procfs;
use crate::regions::{self, Region};
use crate::route::Route;
use crate::service;
use crate::sys::{self, Descriptor, SignalsBlocked};
use crate::text::Text;
use core::fmt::Write;
use place::Placed;
use request::{Needs, Request, Source, Space};

/// utek_mmap().
pub(crate) fn map(request: &Request, route: &mut Route) -> Result<(), Fault> {
    let pid = sys::getpid();
    request.check(pid, sys::page_size(), procfs::lowest_address(), arch::user_space_end())?;
    // No handler may leave the call with something of it half done.
    let signals = SignalsBlocked::new();
    regions::sweep(pid);
    let in_place = request.in_place(pid);
    if !in_place {
        place::must_be_free(pid, request.to, request.len)?;
    }
    let source = request.source(pid);
    route.own = !matches!(source, Source::Process(_));
    match source {
        Source::Own if in_place => own::in_place(request, &signals, route),
        Source::Own => own::elsewhere(request, &signals, route),
        Source::Process(other) => others::map(other, request, &signals, route),
        Source::Zeros => zeros(request),
        Source::Physical => physical(request),
        Source::Vme(space) => vme_space(space, request),
    }?;
    if request.protection().admits_others() && !matches!(source, Source::Physical | Source::Vme(_)) {
        // Those of other users can map it by a service only. Without one they
        // cannot, and all else is as it should be.
        let _ = service::start::serve_regions();
    }
    Ok(())
}

/// An object of the caller's own making.
fn new_object(len: usize) -> Result<Descriptor, Fault> {
    let mut name = [0u8; 48];
    let mut text = Text::new(&mut name);
    let prefix = core::str::from_utf8(procfs::OBJECT_NAME).unwrap_or_default();
    let _ = write!(text, "{prefix}{}\0", sys::getpid());
    let len_of_name = text.bytes().len();
    sys::shared_object(name.get(..len_of_name).unwrap_or(b"\0"), len).map_err(|errno| match errno {
        Errno::EFBIG => Fault::says(Errno::ENOMEM, "the object to be shared is larger than RLIMIT_FSIZE allows"),
        errno => Fault::says(errno, "the object to be shared could not be made (memfd_create())"),
    })
}

/// Notes what stands at `start`, backed by `file` from `offset` on.
fn note((start, end): (usize, usize), file: i32, offset: u64, request: &Request, granted: i32) -> Result<(), Fault> {
    let st = sys::fstat(file).map_err(|errno| Fault::says(errno, "the object of the area cannot be asked"))?;
    let (device, inode, fd) = (st.st_dev, st.st_ino, file);
    let protection = request.protection().0;
    regions::note(&Region { start, end, offset, device, inode, fd, protection, granted })
}

const READ_WRITE: i32 = libc::PROT_READ | libc::PROT_WRITE;

/// The step EACCES: whether the source grants what is needed.
fn must_be_granted(granted: i32, needs: Needs) -> Result<(), Fault> {
    if needs.read && granted & libc::PROT_READ == 0 {
        return Err(Fault::says(
            Errno::EACCES,
            "the area may not be read by the caller, and prot or a copy needs that",
        ));
    }
    if needs.write && granted & libc::PROT_WRITE == 0 {
        return Err(Fault::says(Errno::EACCES, "the area may not be written by the caller, and prot asks for that"));
    }
    Ok(())
}

fn not_supported(sentence: &'static str) -> Fault {
    Fault::says(Errno::ENOTSUP, sentence)
}

fn must_be_sharable(pieces: &[Piece]) -> Result<(), Fault> {
    pieces.iter().find_map(Piece::cannot_be_shared).map_or(Ok(()), |says| Err(not_supported(says)))
}

fn must_be_readable(pieces: &[Piece]) -> Result<(), Fault> {
    pieces.iter().find_map(Piece::cannot_be_read).map_or(Ok(()), |says| Err(not_supported(says)))
}

fn zeros(request: &Request) -> Result<(), Fault> {
    let object = new_object(request.len)?;
    let placed = Placed::reserve(request.to, request.len)?;
    placed.lay(request.to, request.len, request.protection().own_access(), libc::MAP_SHARED, object.number(), 0)?;
    note((request.to, request.to + request.len), object.number(), 0, request, READ_WRITE)?;
    object.keep();
    placed.keep();
    Ok(())
}

fn physical(request: &Request) -> Result<(), Fault> {
    let access = request.protection().own_access();
    let (file, physical) = phys::open(access & libc::PROT_WRITE != 0, false)?;
    let beyond = || Fault::says(Errno::EMRANGE, "the range at fromaddr is not wholly within physical memory");
    let end = request.from as u64 + request.len as u64;
    if physical.size.is_some_and(|size| end > size) {
        return Err(beyond());
    }
    let placed = Placed::reserve(request.to, request.len)?;
    placed
        .lay(request.to, request.len, access, libc::MAP_SHARED, file.number(), request.from as u64)
        .map_err(|fault| if fault.errno == Errno::EINVAL { beyond() } else { fault })?;
    placed.keep();
    Ok(())
}

fn vme_space(space: Space, request: &Request) -> Result<(), Fault> {
    let placed = Placed::reserve(request.to, request.len)?;
    let window = vme::window(space, request.from as u64, request.len as u64)?;
    placed.lay(request.to, request.len, READ_WRITE, libc::MAP_SHARED, window.file.number(), window.offset)?;
    placed.keep();
    Ok(())
}
