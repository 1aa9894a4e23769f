// SPDX-License-Identifier: MIT OR Apache-2.0
//! The object behind a mapping that is shared already, found so that the caller
//! can map it, too: as a descriptor of the process itself or of who made the
//! object, by its path, or by the mapping.
//!
//! Whatever is found must be that very object, by device and inode, and open for
//! what is needed. It maps nothing and stops nobody.

use super::request::Needs;
use crate::area::Piece;
use crate::errno::Errno;
use crate::fault::Fault;
use crate::procfs;
use crate::sys::{self, Descriptor};
use core::cell::Cell;

/// A descriptor of the piece's object, of our own. None: it is an object of this
/// library's whose keepers have all let go of it. Who maps it by another call
/// keeps it; so only the process itself and children that it has forked have it.
pub(crate) fn of_piece(pid: i32, piece: &Piece, needs: Needs) -> Result<Option<Descriptor>, Fault> {
    let without_access = Cell::new(false);
    let mut serves = |file: Descriptor| -> Option<Descriptor> {
        let st = sys::fstat(file.number()).ok()?;
        if (st.st_dev, st.st_ino) != (piece.mapped.device, piece.mapped.inode) {
            return None;
        }
        let access = sys::status_flags(file.number()).ok()? & libc::O_ACCMODE;
        // mmap() wants to read in any case; with O_RDONLY nothing can be written.
        if access == libc::O_WRONLY || needs.write && access != libc::O_RDWR {
            without_access.set(true);
            return None;
        }
        Some(file)
    };
    for holder in [Some(pid), piece.mapped.keeper].into_iter().flatten() {
        if let Some(file) = descriptor_of(holder, piece, &mut serves) {
            return Ok(Some(file));
        }
    }
    let access = if needs.write { libc::O_RDWR } else { libc::O_RDONLY };
    let whole = procfs::mapping_path(pid, piece.mapped.start, piece.mapped.end);
    let mut named = [0u8; libc::PATH_MAX as usize];
    let root = procfs::root_path(pid);
    if let Some(path) = sys::link_target(whole.terminated(), root.bytes_before_nul(), &mut named) {
        if let Some(file) = sys::open(path, access).ok().and_then(&mut serves) {
            return Ok(Some(file));
        }
    }
    if let Some(file) = sys::open(whole.terminated(), access).ok().and_then(&mut serves) {
        return Ok(Some(file));
    }
    if without_access.get() {
        return Err(Fault::says(
            Errno::EACCES,
            "the area is shared already, and its object is not open for the access that prot asks for",
        ));
    }
    if piece.mapped.keeper.is_some() {
        let mut found = None;
        procfs::each_process(|holder| {
            found = descriptor_of(holder, piece, &mut serves);
            found.is_none()
        });
        return Ok(found);
    }
    Err(OUT_OF_REACH)
}

pub(super) const OUT_OF_REACH: Fault = Fault::says(
        Errno::ENOTSUP,
        "the area is shared already, and no way leads to its object: the process keeps no descriptor of it, and it has no path; let it keep one open, or give the caller CAP_CHECKPOINT_RESTORE",
    );

/// Among the descriptors of a process.
fn descriptor_of(
    holder: i32,
    piece: &Piece,
    serves: &mut impl FnMut(Descriptor) -> Option<Descriptor>,
) -> Option<Descriptor> {
    let pidfd = sys::pidfd_open(holder).ok()?;
    let mut found = None;
    let _ = procfs::each_descriptor(holder, |fd| {
        if procfs::descriptor_object(holder, fd) == Some((piece.mapped.device, piece.mapped.inode)) {
            found = sys::pidfd_getfd(&pidfd, fd).ok().and_then(&mut *serves);
        }
        found.is_none()
    });
    found
}
