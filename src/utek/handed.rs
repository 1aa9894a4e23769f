// SPDX-License-Identifier: MIT OR Apache-2.0
//! An area of a process that the caller has no right to touch: its service hands
//! the objects over, piece by piece, if the area's protection admits the caller.
//!
//! Who is admitted the service decides, and by what it hands over the kernel
//! enforces it: what may only be read comes as a description that cannot write.
//! The process is another user's, and no friend perhaps: what it hands over is
//! looked at before it is mapped.

use super::place::{self, Placed};
use super::request::Request;
use super::{must_be_granted, new_object, note, Needs, READ_WRITE};
use crate::env;
use crate::errno::Errno;
use crate::fault::{Fault, Why};
use crate::peer::Peer;
use crate::service::client::{self, Miss, Patience};
use crate::service::{Answer, Order, Wanted};
use crate::sys::{self, Descriptor, SignalsBlocked};
use core::time::Duration;

/// `refused`: why the kernel does not let the caller touch the process.
pub(super) fn map(peer: &Peer, request: &Request, signals: &SignalsBlocked, refused: Fault) -> Result<(), Fault> {
    let Request { from, to, len, .. } = *request;
    let needs = request.protection().needs(request.share);
    let mut taken: Option<Taken> = None;
    let mut done = 0;
    // For all pieces together: how many there are is the other's word.
    let (timeout, mut waited) = (env::settings().timeout, Duration::ZERO);
    while done < len {
        let wanted = Wanted { addr: from + done, len: len - done, read: needs.read, write: needs.write };
        if waited > timeout.max(ANSWERS_TAKE) {
            return Err(Fault::new(Errno::EAGAIN, Why::ServiceSilent { pid: peer.pid() }));
        }
        let asked = sys::now();
        let (file, offset, part) = ask(peer, &wanted, signals, asked + timeout.saturating_sub(waited), &refused)?;
        waited += sys::now() - asked;
        let taken = match &mut taken {
            Some(taken) => taken,
            none => none.insert(Taken::reserve(request)?),
        };
        let at = to + done;
        match &taken.copy {
            Some(_) => read_whole(&file, at, part, offset)?,
            None => {
                let access = request.protection().own_access();
                taken.placed.lay(at, part, access, libc::MAP_SHARED, file.number(), offset)?;
                note((at, at + part), file.number(), offset, request, granted(needs))?;
                file.keep();
            }
        }
        done += part;
    }
    match taken {
        Some(taken) => taken.finish(request),
        None => Err(refused),
    }
}

/// As many as a service of ours has, answered at once, take no longer.
const ANSWERS_TAKE: Duration = Duration::from_millis(100);

/// Nobody passes on more than it asked for, and got.
fn granted(needs: Needs) -> i32 {
    let read = if needs.read { libc::PROT_READ } else { 0 };
    read | if needs.write { libc::PROT_WRITE } else { 0 }
}

/// The caller's area, and for a private one what the copy is made in.
struct Taken {
    placed: Placed,
    copy: Option<Option<Descriptor>>,
}

impl Taken {
    fn reserve(request: &Request) -> Result<Taken, Fault> {
        let Request { to, len, share, .. } = *request;
        let placed = Placed::reserve(to, len)?;
        if share {
            return Ok(Taken { placed, copy: None });
        }
        // A copy that others may map onward is in an object.
        let object = if request.protection().admits_others() { Some(new_object(len)?) } else { None };
        match &object {
            Some(object) => placed.lay(to, len, READ_WRITE, libc::MAP_SHARED, object.number(), 0)?,
            None => placed.lay(to, len, READ_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, -1, 0)?,
        }
        Ok(Taken { placed, copy: Some(object) })
    }

    fn finish(self, request: &Request) -> Result<(), Fault> {
        let Request { to, len, .. } = *request;
        if let Some(object) = self.copy {
            place::protect(to, len, request.protection().own_access())?;
            if let Some(object) = object {
                note((to, to + len), object.number(), 0, request, READ_WRITE)?;
                object.keep();
            }
        }
        self.placed.keep();
        Ok(())
    }
}

const NO_MEMORY: Fault = Fault::says(
    Errno::EPERM,
    "the caller may not touch that process, and what it hands over for the area is no memory of that size (or file on a block device), or not open for what prot asks for",
);

/// Whether that part of a file can be mapped and touched: a page beyond its end is
/// SIGBUS, what is no regular file may do what it likes, a mapping of huge pages takes
/// more room than was asked for (`ksys_mmap_pgoff`), and a file system in user mode
/// may let whoever touches a page wait for ever.
fn holds(file: &Descriptor, offset: u64, part: usize, write: bool) -> bool {
    let page = sys::page_size() as u64;
    let access = sys::status_flags(file.number()).map(|flags| flags & (libc::O_ACCMODE | libc::O_PATH));
    let fits = match access {
        Ok(libc::O_RDWR) => true,
        Ok(libc::O_RDONLY) => !write,
        _ => false,
    };
    let end = offset.checked_add(part as u64);
    let ordinary = sys::is_in_memory_or_on_disk(file) && sys::huge_page_of(file.number()).is_none();
    fits && ordinary
        && offset % page == 0
        && part as u64 % page == 0
        && sys::fstat(file.number()).is_ok_and(|st| {
            let size = (st.st_size as u64).checked_next_multiple_of(page);
            st.st_mode & libc::S_IFMT == libc::S_IFREG && size.zip(end).is_some_and(|(size, end)| end <= size)
        })
}

/// The object of the first piece of a range, the piece's place in it, and its length.
fn ask(
    peer: &Peer,
    wanted: &Wanted,
    signals: &SignalsBlocked,
    until: Duration,
    refused: &Fault,
) -> Result<(Descriptor, u64, usize), Fault> {
    let pid = peer.pid();
    if signals.handler_is_due() {
        return Err(Fault::new(Errno::EINTR, Why::WaitInterrupted { pid }));
    }
    let patience = Patience { until, impatient: false };
    match client::ask_for_object(peer, &Order::Region(*wanted), signals, &patience) {
        Ok((Answer::Region { offset, len }, Some(file))) => {
            let part = usize::try_from(len).ok().filter(|part| (1..=wanted.len).contains(part));
            match part.filter(|&part| holds(&file, offset, part, wanted.write)) {
                Some(part) => Ok((file, offset, part)),
                None => {
                    sys::close_at_once(file);
                    Err(NO_MEMORY)
                }
            }
        }
        Ok((Answer::Region { .. }, None)) => Err(NO_MEMORY),
        Ok((Answer::Refused(_, Errno::EFAULT), _)) => Err(crate::area::HOLE),
        Ok((Answer::Forbidden, _)) => {
            let needs = Needs { read: wanted.read, write: wanted.write };
            must_be_granted(0, needs).and(Err(*refused))
        }
        Ok((Answer::Elsewhere, _)) => Err(Fault::says(
            Errno::EPERM,
            "the caller may not touch that process, and the area is none that it has for others, or one whose object others could open anew for writing: let it make one by utek_mmap() with M_ZFILL",
        )),
        Err(Miss::OwnTable(errno)) => Err(Fault::new(errno, Why::OwnTable { errno })),
        Err(Miss::Interrupted) => Err(Fault::new(Errno::EINTR, Why::WaitInterrupted { pid })),
        Err(Miss::Silent) => Err(Fault::new(Errno::EAGAIN, Why::ServiceSilent { pid })),
        Err(Miss::HungUp) if !peer.lives() => Err(peer.gone()),
        _ => Err(*refused),
    }
}

/// Behind the end of the object, in its last page, there are zeros.
fn read_whole(file: &Descriptor, at: usize, len: usize, offset: u64) -> Result<(), Fault> {
    let mut done = 0;
    while done < len {
        match sys::read_into_own(file, at + done, len - done, offset + done as u64) {
            Ok(0) => break,
            Ok(n) => done += n,
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(Fault::new(Errno::ENOTSUP, Why::OwnKernel { call: "read()", errno })),
        }
    }
    Ok(())
}
