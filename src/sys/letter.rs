// SPDX-License-Identifier: MIT OR Apache-2.0
//! A descriptor in a datagram (unix(7), cmsg(3)): how it is sent, and the
//! message header by which a target receives it.

use super::call;
use super::files::Descriptor;
use crate::errno::Errno;
use core::mem::{size_of, MaybeUninit};
use libc::c_int;

#[repr(C)]
struct Control {
    header: libc::cmsghdr,
    fd: c_int,
}

/// Puts `fd` into the queue of a datagram socket that becomes connected to
/// itself: whoever else has the socket receives it.
pub(crate) fn send_to_itself(socket: &Descriptor, fd: c_int) -> Result<(), Errno> {
    let mut name = MaybeUninit::<libc::sockaddr_un>::zeroed();
    let mut len = size_of::<libc::sa_family_t>() as libc::socklen_t;
    let mut byte = 0u8;
    let mut part = libc::iovec { iov_base: (&raw mut byte).cast(), iov_len: 1 };
    // SAFETY: all structures outlive the calls and are as unix(7) and cmsg(3)
    // want them; a bind of the bare family binds to a name of the kernel's choice.
    unsafe {
        (*name.as_mut_ptr()).sun_family = libc::AF_UNIX as _;
        call!(libc::SYS_bind, socket.0, name.as_ptr(), len)?;
        len = size_of::<libc::sockaddr_un>() as libc::socklen_t;
        call!(libc::SYS_getsockname, socket.0, name.as_mut_ptr(), &raw mut len)?;
        call!(libc::SYS_connect, socket.0, name.as_ptr(), len)?;
        let mut control = Control {
            header: libc::cmsghdr {
                cmsg_len: libc::CMSG_LEN(size_of::<c_int>() as u32) as _,
                cmsg_level: libc::SOL_SOCKET,
                cmsg_type: libc::SCM_RIGHTS,
            },
            fd,
        };
        let mut message: libc::msghdr = core::mem::zeroed();
        message.msg_iov = &raw mut part;
        message.msg_iovlen = 1;
        message.msg_control = (&raw mut control).cast();
        message.msg_controllen = size_of::<Control>() as _;
        let flags = libc::MSG_NOSIGNAL | libc::MSG_DONTWAIT;
        call!(libc::SYS_sendmsg, socket.0, &raw const message, flags)?;
    }
    Ok(())
}

/// A message header for recvmsg(2) with room for one byte and one descriptor,
/// as it must lie at an address in a target, in words of the target's size:
///
/// - struct msghdr, seven words: name and its length, iovec and their number,
///   control and its length, flags;
/// - struct iovec, two words;
/// - struct cmsghdr: the length, a word; level, type and the descriptor, 32 bits each;
/// - the byte.
pub(crate) struct Letterbox {
    word: usize,
    bytes: [u8; ROOM],
}

/// Whole words of the widest, so that it can be written by ptrace().
const ROOM: usize = 104;
const PART: usize = 7;
const CONTROL: usize = 9;
/// What follows the length in struct cmsghdr, and one descriptor.
const REST: usize = 12;

impl Letterbox {
    pub fn at(address: usize, word: usize) -> Letterbox {
        let mut it = Letterbox { word, bytes: [0; ROOM] };
        let control = REST + word;
        it.set(2, address + PART * word);
        it.set(3, 1);
        it.set(4, address + CONTROL * word);
        it.set(5, control.next_multiple_of(word));
        it.set(PART, address + CONTROL * word + control.next_multiple_of(word));
        it.set(PART + 1, 1);
        it
    }

    fn set(&mut self, index: usize, value: usize) {
        let at = index * self.word;
        self.bytes[at..at + self.word].copy_from_slice(&value.to_le_bytes()[..self.word]);
    }

    fn get(&self, at: usize, size: usize) -> u64 {
        let mut value = [0; 8];
        value[..size].copy_from_slice(&self.bytes[at..at + size]);
        u64::from_le_bytes(value)
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.bytes
    }

    /// The descriptor that has arrived.
    pub fn descriptor(&self) -> Option<c_int> {
        let word = self.word;
        let (header, received) = (CONTROL * word, self.get(5 * word, word));
        let [level, kind, fd] = [0, 4, 8].map(|at| self.get(header + word + at, 4) as c_int);
        let one =
            level == libc::SOL_SOCKET && kind == libc::SCM_RIGHTS && self.get(header, word) == (word + REST) as u64;
        (one && received > 0).then_some(fd)
    }
}

const _: () = assert!(cfg!(target_endian = "little"));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letterbox_is_what_this_libc_takes() {
        let mut it = Letterbox::at(0x1000, size_of::<usize>());
        // SAFETY: any bytes are a value of its integers and pointers.
        let message = unsafe { it.bytes.as_ptr().cast::<libc::msghdr>().read_unaligned() };
        assert_eq!(message.msg_iov as usize, 0x1000 + size_of::<libc::msghdr>());
        assert_eq!((message.msg_iovlen as usize, message.msg_controllen as usize), (1, size_of::<Control>()));
        let control = size_of::<libc::msghdr>() + size_of::<libc::iovec>();
        assert_eq!(message.msg_control as usize, 0x1000 + control);
        assert_eq!(it.get(PART * it.word, it.word) as usize, 0x1000 + control + size_of::<Control>());
        let arrived = Control {
            header: libc::cmsghdr {
                // SAFETY: CMSG_LEN computes.
                cmsg_len: unsafe { libc::CMSG_LEN(4) } as _,
                cmsg_level: libc::SOL_SOCKET,
                cmsg_type: libc::SCM_RIGHTS,
            },
            fd: 7,
        };
        assert_eq!(it.descriptor(), None);
        // SAFETY: the room is larger than the sum.
        unsafe { it.bytes.as_mut_ptr().add(control).cast::<Control>().write_unaligned(arrived) };
        assert_eq!(it.descriptor(), Some(7));
    }

    #[test]
    fn a_narrow_letterbox_has_28_bytes_of_header() {
        let it = Letterbox::at(0x1000, 4);
        assert_eq!(it.get(8, 4), 0x1000 + 28); // msg_iov
        assert_eq!((it.get(16, 4), it.get(20, 4)), (0x1000 + 36, 16)); // msg_control, msg_controllen
        assert_eq!((it.get(28, 4), it.get(32, 4)), (0x1000 + 52, 1)); // the iovec
    }
}
