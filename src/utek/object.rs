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
use crate::fault::{Fault, Why};
use crate::procfs;
use crate::sys::{self, Descriptor, Tid};
use core::cell::Cell;

/// A descriptor of the piece's object, of our own. None: it is an object of this
/// library's whose keepers have all let go of it. Who maps it by another call
/// keeps it; so only the process itself and children that it has forked have it.
/// Where one is seen that keeps it and does not give it, it is out of reach: to
/// move the memory once more would part that one's view of it.
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
    let mut withheld = false;
    for holder in [Some(pid), piece.mapped.keeper].into_iter().flatten() {
        match look(holder, piece, &mut serves)? {
            Look::Given(file) => return Ok(Some(file)),
            Look::Withheld | Look::Unseen => withheld = true,
            Look::HasNone => {}
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
        let mut found = Ok(None);
        procfs::each_process(|holder| {
            match look(holder, piece, &mut serves) {
                Ok(Look::Given(file)) => found = Ok(Some(file)),
                Ok(Look::Withheld) => withheld = true,
                // Of other users there are always some.
                Ok(Look::Unseen | Look::HasNone) => {}
                Err(fault) => found = Err(fault),
            }
            matches!(found, Ok(None))
        });
        if !withheld || !matches!(found, Ok(None)) {
            return found;
        }
    }
    Err(OUT_OF_REACH)
}

pub(super) const OUT_OF_REACH: Fault = Fault::says(
        Errno::ENOTSUP,
        "the area is shared already, and no way leads to its object: it has no path, and nobody gives the caller a descriptor of it, since none is kept or the caller may not trace who keeps one; let the process keep one open, or give the caller CAP_CHECKPOINT_RESTORE",
    );

/// What the descriptors of a process have shown.
enum Look {
    Given(Descriptor),
    HasNone,
    /// It has one, and the caller may not take it.
    Withheld,
    /// They cannot be looked at.
    Unseen,
}

fn look(holder: i32, piece: &Piece, serves: &mut impl FnMut(Descriptor) -> Option<Descriptor>) -> Result<Look, Fault> {
    let own_table = |errno| Fault::new(errno, Why::OwnTable { errno });
    let pidfd = match sys::pidfd_open(holder) {
        Ok(pidfd) => pidfd,
        // Nobody, or a thread of somebody's.
        Err(Errno::ESRCH | Errno::EINVAL | Errno::ENOENT) => return Ok(Look::HasNone),
        Err(errno @ (Errno::EMFILE | Errno::ENFILE)) => return Err(own_table(errno)),
        Err(_) => return Ok(Look::Unseen),
    };
    let (mut look, mut full) = (Look::HasNone, None);
    let listed = procfs::each_descriptor(holder, |fd| {
        if procfs::descriptor_object(holder, fd) == Some((piece.mapped.device, piece.mapped.inode)) {
            match sys::pidfd_getfd(&pidfd, fd).map(&mut *serves) {
                Ok(Some(file)) => look = Look::Given(file),
                // Not open for what is needed; or closed since.
                Ok(None) | Err(Errno::EBADF | Errno::ESRCH) => {}
                Err(errno @ (Errno::EMFILE | Errno::ENFILE)) => full = Some(errno),
                Err(_) => look = Look::Withheld,
            }
        }
        !matches!(look, Look::Given(_))
    });
    match (listed, look, full) {
        (_, _, Some(errno)) | (Err(errno @ (Errno::EMFILE | Errno::ENFILE)), ..) => Err(own_table(errno)),
        (Err(_), Look::HasNone, None) if !sys::pidfd_ended(&pidfd) && !is_the_kernels(holder) => Ok(Look::Unseen),
        (_, look, None) => Ok(look),
    }
}

fn is_the_kernels(pid: i32) -> bool {
    procfs::stat(Tid(pid)).is_ok_and(|stat| stat.kernel_thread())
}
