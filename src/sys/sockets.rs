// SPDX-License-Identifier: MIT OR Apache-2.0
//! Local sockets (unix(7)) of sequenced packets: whole messages, descriptors on
//! the way, and the kernel's word on who is at the other end.

use super::files::Descriptor;
use super::{call, Timespec};
use crate::errno::Errno;
use core::mem::{size_of, MaybeUninit};
use core::time::Duration;
use libc::{c_int, c_void, socklen_t};

/// An abstract name: it has no file, and goes with its socket.
#[derive(Clone, Copy)]
pub(crate) struct SocketName {
    address: libc::sockaddr_un,
    len: socklen_t,
}

impl SocketName {
    /// Of what the bytes say; those that do not fit are left out.
    pub fn abstract_of(name: &[u8]) -> SocketName {
        // SAFETY: integers; zero is a value of each.
        let mut address: libc::sockaddr_un = unsafe { core::mem::zeroed() };
        address.sun_family = libc::AF_UNIX as _;
        // The NUL in front makes it abstract.
        let mut len = core::mem::offset_of!(libc::sockaddr_un, sun_path) + 1;
        for (place, &byte) in address.sun_path.iter_mut().skip(1).zip(name) {
            *place = byte as _;
            len += 1;
        }
        SocketName { address, len: len as socklen_t }
    }
}

/// A socket that never blocks by itself.
pub(crate) fn packet_socket() -> Result<Descriptor, Errno> {
    let kind = libc::SOCK_SEQPACKET | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
    // SAFETY: no pointers.
    unsafe { call!(libc::SYS_socket, libc::AF_UNIX, kind, 0) }.map(|fd| Descriptor(fd as c_int))
}

pub(crate) fn connect(socket: &Descriptor, name: &SocketName) -> Result<(), Errno> {
    // SAFETY: the address is readable for its length.
    unsafe { call!(libc::SYS_connect, socket.0, &raw const name.address, name.len) }.map(|_| ())
}

/// A listening socket of that name. Its messages come with their sender's credentials.
pub(crate) fn listen(name: &SocketName, backlog: c_int) -> Result<Descriptor, Errno> {
    let socket = packet_socket()?;
    let on: c_int = 1;
    let size = size_of::<c_int>();
    // SAFETY: all structures outlive their calls and are readable for their lengths.
    unsafe {
        call!(libc::SYS_setsockopt, socket.0, libc::SOL_SOCKET, libc::SO_PASSCRED, &raw const on, size)?;
        call!(libc::SYS_bind, socket.0, &raw const name.address, name.len)?;
        call!(libc::SYS_listen, socket.0, backlog)?;
    }
    Ok(socket)
}

pub(crate) fn accept(listener: &Descriptor) -> Result<Descriptor, Errno> {
    let flags = libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
    // SAFETY: no address is asked for.
    unsafe { call!(libc::SYS_accept4, listener.0, 0, 0, flags) }.map(|fd| Descriptor(fd as c_int))
}

fn option<T>(socket: &Descriptor, name: c_int) -> Result<T, Errno> {
    let mut value = MaybeUninit::<T>::zeroed();
    let mut len = size_of::<T>() as socklen_t;
    // SAFETY: the value is writable for its length. Callers ask for plain integers.
    unsafe {
        call!(libc::SYS_getsockopt, socket.0, libc::SOL_SOCKET, name, value.as_mut_ptr(), &raw mut len)?;
        Ok(value.assume_init())
    }
}

/// Process and effective user at the other end, when it connected or listened
/// (SO_PEERCRED), as the kernel translates them for us.
pub(crate) fn peer_credentials(socket: &Descriptor) -> Result<libc::ucred, Errno> {
    option(socket, libc::SO_PEERCRED)
}

/// Whether that process was of a group, as one of its supplementary ones
/// (SO_PEERGROUPS, since Linux 4.13). Of more groups than there is room for none counts.
pub(crate) fn peer_is_of_group(socket: &Descriptor, group: u32) -> bool {
    const SO_PEERGROUPS: c_int = 59;
    let mut groups = [0u32; 1024];
    let mut len = size_of_val(&groups) as socklen_t;
    // SAFETY: the groups are writable for their length.
    let asked = unsafe {
        call!(libc::SYS_getsockopt, socket.0, libc::SOL_SOCKET, SO_PEERGROUPS, groups.as_mut_ptr(), &raw mut len)
    };
    asked.is_ok() && groups.iter().take(len as usize / size_of::<u32>()).any(|&g| g == group)
}

/// A pidfd of that process (SO_PEERPIDFD, since Linux 6.5).
pub(crate) fn peer_pidfd(socket: &Descriptor) -> Result<Descriptor, Errno> {
    const SO_PEERPIDFD: c_int = 77;
    option::<c_int>(socket, SO_PEERPIDFD).map(Descriptor)
}

/// Ancillary data of one descriptor to be sent, or of what is received: the
/// sender's credentials and one descriptor, with room to notice a second.
#[repr(C, align(8))]
struct Ancillary([u8; 96]);

/// Sends one message whole, with a descriptor if there is one.
pub(crate) fn send(socket: &Descriptor, message: &[u8], fd: Option<c_int>) -> Result<(), Errno> {
    let mut part = libc::iovec { iov_base: message.as_ptr() as *mut c_void, iov_len: message.len() };
    let mut ancillary = Ancillary([0; 96]);
    // SAFETY: integers and pointers; null is a value of each.
    let mut header: libc::msghdr = unsafe { core::mem::zeroed() };
    header.msg_iov = &raw mut part;
    header.msg_iovlen = 1;
    if let Some(fd) = fd {
        // SAFETY: the buffer is aligned and has room for a header and one descriptor.
        unsafe {
            header.msg_control = (&raw mut ancillary).cast();
            header.msg_controllen = libc::CMSG_SPACE(size_of::<c_int>() as u32) as _;
            let first = libc::CMSG_FIRSTHDR(&raw const header);
            (*first).cmsg_level = libc::SOL_SOCKET;
            (*first).cmsg_type = libc::SCM_RIGHTS;
            (*first).cmsg_len = libc::CMSG_LEN(size_of::<c_int>() as u32) as _;
            libc::CMSG_DATA(first).cast::<c_int>().write_unaligned(fd);
        }
    }
    let flags = libc::MSG_NOSIGNAL | libc::MSG_DONTWAIT;
    // SAFETY: header, part and message outlive the call.
    unsafe { call!(libc::SYS_sendmsg, socket.0, &raw const header, flags) }.map(|_| ())
}

/// What a message was, beside its bytes.
pub(crate) struct Received {
    /// How many bytes it had: more than the buffer if it was longer.
    pub len: usize,
    /// The descriptor that came with it. More than one makes the message
    /// `strange`, as a length beyond the buffer does; none of them stays open.
    pub fd: Option<Descriptor>,
    pub strange: bool,
    /// One came for which the table had no room (`scm_detach_fds`).
    pub lost: bool,
    /// The sender's real user (SCM_CREDENTIALS), where they were asked for.
    pub uid: Option<u32>,
}

/// Takes one message from the queue; a length of 0 is the other end's hanging up.
pub(crate) fn receive(socket: &Descriptor, into: &mut [u8]) -> Result<Received, Errno> {
    receive_with(socket, into, size_of::<Ancillary>(), 0)
}

/// What there is room for where only the sender's credentials are taken. They come
/// first (`scm_recv`); a descriptor behind them is dropped by the kernel, without
/// what its close() would do, and is `lost`.
// SAFETY: computes a size.
const CREDENTIALS_ONLY: usize = unsafe { libc::CMSG_SPACE(size_of::<libc::ucred>() as u32) } as usize;

/// Likewise, but for a descriptor that came with it.
pub(crate) fn receive_without_descriptor(socket: &Descriptor, into: &mut [u8]) -> Result<Received, Errno> {
    receive_with(socket, into, CREDENTIALS_ONLY, 0)
}

/// The real user that the next message is from, which stays in the queue.
pub(crate) fn next_sender(socket: &Descriptor) -> Result<Option<u32>, Errno> {
    receive_with(socket, &mut [0], CREDENTIALS_ONLY, libc::MSG_PEEK).map(|message| message.uid)
}

fn receive_with(socket: &Descriptor, into: &mut [u8], room: usize, how: c_int) -> Result<Received, Errno> {
    debug_assert!(room <= size_of::<Ancillary>());
    let mut part = libc::iovec { iov_base: into.as_mut_ptr().cast(), iov_len: into.len() };
    let mut ancillary = Ancillary([0; 96]);
    // SAFETY: integers and pointers; null is a value of each.
    let mut header: libc::msghdr = unsafe { core::mem::zeroed() };
    header.msg_iov = &raw mut part;
    header.msg_iovlen = 1;
    header.msg_control = (&raw mut ancillary).cast();
    header.msg_controllen = room as _;
    let flags = libc::MSG_DONTWAIT | libc::MSG_CMSG_CLOEXEC | libc::MSG_TRUNC | how;
    // SAFETY: all buffers are writable for their lengths and outlive the call.
    let len = unsafe { call!(libc::SYS_recvmsg, socket.0, &raw mut header, flags) }?;
    let strange = header.msg_flags & libc::MSG_TRUNC != 0;
    let lost = header.msg_flags & libc::MSG_CTRUNC != 0;
    let mut received = Received { len, fd: None, strange, lost, uid: None };
    // SAFETY: the kernel has written so many bytes of well-formed headers there.
    unsafe {
        let mut at = libc::CMSG_FIRSTHDR(&raw const header);
        while let Some(one) = at.as_ref() {
            let data = libc::CMSG_DATA(at);
            #[allow(clippy::unnecessary_cast)] // the type of this length differs by processor
            let size = (one.cmsg_len as usize).saturating_sub(libc::CMSG_LEN(0) as usize);
            if one.cmsg_level == libc::SOL_SOCKET && one.cmsg_type == libc::SCM_RIGHTS {
                for i in 0..size / size_of::<c_int>() {
                    let fd = Descriptor(data.cast::<c_int>().add(i).read_unaligned());
                    received.strange |= received.fd.is_some();
                    received.fd = Some(fd);
                }
            } else if one.cmsg_level == libc::SOL_SOCKET
                && one.cmsg_type == libc::SCM_CREDENTIALS
                && size >= size_of::<libc::ucred>()
            {
                received.uid = Some(data.cast::<libc::ucred>().read_unaligned().uid);
            }
            at = libc::CMSG_NXTHDR(&raw const header, at);
        }
    }
    if received.lost && received.fd.is_some() {
        // There were more of them than there is room for in the buffer, or in the table.
        (received.strange, received.lost) = (true, false);
    }
    if received.strange {
        received.fd = None;
    }
    Ok(received)
}

/// Closes a descriptor of somebody else's. A socket that is to linger would wait
/// (SO_LINGER, socket(7)); to what is none this does nothing.
pub(crate) fn close_at_once(file: Descriptor) {
    let off = libc::linger { l_onoff: 0, l_linger: 0 };
    let size = size_of::<libc::linger>();
    // SAFETY: the structure outlives the call and is readable for its length.
    let _ = unsafe { call!(libc::SYS_setsockopt, file.0, libc::SOL_SOCKET, libc::SO_LINGER, &raw const off, size) };
}

/// Says that nothing more will be sent: the other end sees POLLRDHUP.
pub(crate) fn end_sending(socket: &Descriptor) {
    // SAFETY: no pointers.
    let _ = unsafe { call!(libc::SYS_shutdown, socket.0, libc::SHUT_WR) };
}

/// Whether something we sent is still in the other end's queue (SIOCOUTQ).
pub(crate) fn is_queued(socket: &Descriptor) -> bool {
    let mut bytes: c_int = 0;
    // SAFETY: the request writes one int.
    let asked = unsafe { call!(libc::SYS_ioctl, socket.0, libc::TIOCOUTQ, &raw mut bytes) };
    asked.is_ok() && bytes > 0
}

pub(crate) fn poll_entry(fd: Option<&Descriptor>, events: libc::c_short) -> libc::pollfd {
    // A negative number is passed over (poll(2)).
    libc::pollfd { fd: fd.map_or(-1, |fd| fd.0), events, revents: 0 }
}

/// ppoll(2): how many are ready; none when the time is over.
pub(crate) fn poll(entries: &mut [libc::pollfd], patience: Option<Duration>) -> Result<usize, Errno> {
    let time = patience.map(|t| Timespec { seconds: t.as_secs() as _, nanoseconds: t.subsec_nanos() as _ });
    let time = time.as_ref().map_or(core::ptr::null(), |t| &raw const *t);
    // SAFETY: the entries are writable for their number; the time outlives the call; no mask.
    unsafe { call!(libc::SYS_ppoll, entries.as_mut_ptr(), entries.len(), time, 0, 0) }
}

/// A table of descriptors of the calling thread's own, with nothing in it
/// (close_range(2), since Linux 5.9).
pub(crate) fn own_empty_table() -> Result<(), Errno> {
    const CLOSE_RANGE_UNSHARE: c_int = 1 << 1;
    // SAFETY: no pointers. Nothing of the old table is closed: this thread leaves it.
    unsafe { call!(libc::SYS_close_range, 0, u32::MAX, CLOSE_RANGE_UNSHARE) }.map(|_| ())
}
