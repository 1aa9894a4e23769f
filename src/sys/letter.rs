// SPDX-License-Identifier: MIT OR Apache-2.0
//! A descriptor in a datagram (unix(7), cmsg(3)): how it is sent, and the
//! message header by which a target receives it.

use super::call;
use super::files::Descriptor;
use crate::errno::Errno;
use core::mem::{size_of, MaybeUninit};
use libc::{c_int, c_void};

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
/// as it must lie at an address in a target.
#[repr(C)]
pub(crate) struct Letterbox {
    message: libc::msghdr,
    part: libc::iovec,
    control: Control,
    byte: u64,
}

impl Letterbox {
    pub fn at(address: usize) -> Letterbox {
        // SAFETY: integers and pointers; null is a value of each.
        let mut it: Letterbox = unsafe { core::mem::zeroed() };
        it.part.iov_base = (address + core::mem::offset_of!(Letterbox, byte)) as *mut c_void;
        it.part.iov_len = 1;
        it.message.msg_iov = (address + core::mem::offset_of!(Letterbox, part)) as *mut libc::iovec;
        it.message.msg_iovlen = 1;
        it.message.msg_control = (address + core::mem::offset_of!(Letterbox, control)) as *mut c_void;
        it.message.msg_controllen = size_of::<Control>() as _;
        it
    }

    pub fn bytes(&self) -> &[u8] {
        // SAFETY: a live value, whose padding was zeroed at its making.
        unsafe { core::slice::from_raw_parts((&raw const *self).cast(), size_of::<Letterbox>()) }
    }

    pub fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: any bytes are a value of these integers and pointers.
        unsafe { core::slice::from_raw_parts_mut((&raw mut *self).cast(), size_of::<Letterbox>()) }
    }

    /// The descriptor that has arrived.
    pub fn descriptor(&self) -> Option<c_int> {
        let header = &self.control.header;
        let one = header.cmsg_level == libc::SOL_SOCKET
            && header.cmsg_type == libc::SCM_RIGHTS
            // SAFETY: CMSG_LEN computes.
            && header.cmsg_len == unsafe { libc::CMSG_LEN(size_of::<c_int>() as u32) } as usize;
        (one && self.message.msg_controllen > 0).then_some(self.control.fd)
    }
}
