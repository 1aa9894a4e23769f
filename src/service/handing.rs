// SPDX-License-Identifier: MIT OR Apache-2.0
//! Handing on: the object behind a range of this process that another process
//! may map, to whoever the range's protection admits by the kernel's word.
//!
//! Runs in the service's thread, with its table of descriptors. It maps nothing.
//! What may only be read goes out as a description that can only read, and only
//! where the object's mode keeps others from opening it anew for writing
//! (/proc/self/fd): those of utek_mmap()'s making are their owner's alone. And an
//! object goes out only if all of it is for the asker, who can map all of it then.

use super::protocol::{Answer, Wanted};
use crate::area::Piece;
use crate::errno::Errno;
use crate::perform::Step;
use crate::procfs;
use crate::regions::{self, Region};
use crate::sys::{self, Descriptor};
use libc::c_int;

/// What the kernel puts in place of a user or group that our namespace does not have.
pub(super) struct Nobody {
    pub user: u32,
    pub group: u32,
}

impl Nobody {
    pub fn of_this_system() -> Nobody {
        Nobody { user: procfs::overflow_user(), group: procfs::overflow_group() }
    }
}

/// Who asks.
pub(super) enum Asker {
    Root,
    /// Of these classes, as `regions` names them.
    Of(u32),
}

impl Asker {
    /// Who is at the other end of a connection.
    pub fn of(socket: &Descriptor, nobody: &Nobody) -> Option<Asker> {
        let peer = sys::peer_credentials(socket).ok()?;
        if peer.uid == 0 {
            return Some(Asker::Root);
        }
        let class = |is: bool, bits: u32| if is { bits } else { 0 };
        let group = sys::getegid();
        Some(Asker::Of(
            class(peer.uid == sys::geteuid() && peer.uid != nobody.user, regions::SAME_USER)
                | class(is_of_our_process_group(socket, peer.pid), regions::SAME_PROCESS_GROUP)
                | class(
                    group != nobody.group && (peer.gid == group || sys::peer_is_of_group(socket, group)),
                    regions::SAME_GROUP,
                )
                | regions::WORLD,
        ))
    }

    fn is_root(&self) -> bool {
        matches!(self, Asker::Root)
    }

    fn granted(&self, region: &Region) -> c_int {
        match self {
            Asker::Root => region.granted,
            Asker::Of(classes) => region.granted_by(*classes),
        }
    }
}

/// Asked while the kernel keeps the number for that process.
fn is_of_our_process_group(socket: &Descriptor, pid: i32) -> bool {
    let Ok(held) = sys::peer_pidfd(socket).or_else(|_| sys::pidfd_open(pid)) else { return false };
    let group = sys::process_group(pid).filter(|_| pid > 0);
    group.is_some() && group == sys::process_group(0) && sys::pidfd_alive(&held)
}

/// The first object of the range, if all of it is for the asker.
pub(super) fn hand_over(pid: i32, wanted: &Wanted, asker: &Asker) -> (Answer, Option<Descriptor>) {
    let end = wanted.addr + wanted.len;
    let needs = if wanted.read { libc::PROT_READ } else { 0 } | if wanted.write { libc::PROT_WRITE } else { 0 };
    let (mut at, mut first) = (wanted.addr, None);
    let (mut ordinary, mut denied) = (false, false);
    let looked = procfs::each_mapped(pid, wanted.addr, end, false, |mapped| {
        if mapped.start > at {
            return false;
        }
        let piece = Piece { start: at, end: mapped.end.min(end), mapped: *mapped, orphan: false };
        while at < piece.end {
            let Some(region) = regions::at(at, &piece) else {
                ordinary = true;
                break;
            };
            denied |= asker.granted(&region) & needs != needs;
            let up_to = region.end.min(piece.end);
            first = first.or(Some((region, up_to)));
            at = up_to;
        }
        at = piece.end;
        at < end
    });
    // Who has been granted nothing there does not learn where there is nothing.
    let may_know = asker.is_root() || (first.is_some() && !denied && !ordinary);
    let answer = match (looked, first) {
        (Err(_), _) => Answer::Elsewhere,
        (Ok(()), _) if at < end && may_know => Answer::Refused(Step::Done, Errno::EFAULT),
        (Ok(()), _) if at < end => Answer::Elsewhere,
        (Ok(()), None) => Answer::Elsewhere,
        (Ok(()), Some(_)) if ordinary => Answer::Elsewhere,
        (Ok(()), Some(_)) if denied => Answer::Forbidden,
        (Ok(()), Some((region, up_to))) => match object(pid, &region, needs, asker) {
            Some(object) => {
                let offset = region.offset + (wanted.addr - region.start) as u64;
                return (Answer::Region { offset, len: (up_to - wanted.addr) as u64 }, Some(object));
            }
            None => Answer::Elsewhere,
        },
    };
    (answer, None)
}

/// Whether nothing goes with a region's object that the asker has not been granted: who
/// has a descriptor of it can map all of it. The maker of an object has noted all that
/// its protection speaks of, and what lies between was never written to; who has joined
/// it knows of its own part, and nobody knows what a program's own will hold.
fn comes_alone(pid: i32, own: &Descriptor, region: &Region, needs: c_int, asker: &Asker) -> bool {
    let grants = |r: &Region| asker.granted(r) & needs == needs;
    let maker = procfs::maker_of_object(own.number());
    let Some((maker, len)) = maker.zip(sys::len_of_shared_object(own)) else {
        return sys::fstat(own.number()).is_ok_and(|st| {
            let size = st.st_size as u64;
            st.st_mode & libc::S_IFMT == libc::S_IFREG
                && size >= region.end_of_offset()
                && regions::is_granted(region, 0, size, &grants)
        });
    };
    if !(maker == pid && regions::are_all_granted(region, &grants) || regions::is_granted(region, 0, len, &grants)) {
        return false;
    }
    // Its description has a place in the file, which nobody goes by but this.
    let mut at = 0;
    loop {
        at = match sys::next_data(own, at) {
            Ok(None) => return true,
            Ok(Some(data)) => match regions::granted_up_to(region, data, &grants) {
                Some(end) => end,
                None => return false,
            },
            Err(_) => return false,
        };
    }
}

/// A description of the region's object, for no more than is needed.
fn object(pid: i32, region: &Region, needs: c_int, asker: &Asker) -> Option<Descriptor> {
    let write = needs & libc::PROT_WRITE != 0;
    // The process's own table is not this thread's; its own process may always be asked.
    let own = sys::pidfd_open(pid).and_then(|pidfd| sys::pidfd_getfd(&pidfd, region.fd)).ok()?;
    let is_that = |file: &Descriptor| {
        sys::fstat(file.number()).is_ok_and(|st| {
            let stays_as_given = write || asker.is_root() || st.st_mode & (libc::S_IWGRP | libc::S_IWOTH) == 0;
            (st.st_dev, st.st_ino) == (region.device, region.inode) && stays_as_given
        })
    };
    if !asker.is_root() && !comes_alone(pid, &own, region, needs, asker) {
        return None;
    }
    let access = sys::status_flags(own.number()).ok()? & libc::O_ACCMODE;
    let given = match (write, access) {
        (true, libc::O_RDWR) | (false, libc::O_RDONLY) => own,
        (false, libc::O_RDWR) => {
            let path = procfs::own_descriptor_path(own.number());
            sys::open(path.terminated(), libc::O_RDONLY).ok()?
        }
        _ => return None,
    };
    is_that(&given).then_some(given)
}
