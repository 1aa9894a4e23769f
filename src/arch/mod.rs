// SPDX-License-Identifier: MIT OR Apache-2.0
//! What differs by processor, and nothing else: how a system call is made, by
//! which number and with which arguments, how a stopped thread's registers are
//! borrowed for one, and which of its own calls answer a stop with an EINTR that
//! nobody sent.
//!
//! Each file offers the same names; `inject/` uses them without knowing which
//! file it has.

#[cfg(all(target_arch = "x86_64", target_pointer_width = "64"))]
mod x86_64;
#[cfg(all(target_arch = "x86_64", target_pointer_width = "64"))]
pub(crate) use x86_64::*;

#[cfg(not(all(target_arch = "x86_64", target_pointer_width = "64")))]
compile_error!("mman_peer: this processor is not supported yet (x86_64 is)");

/// The system calls that are made on behalf of a peer, by their names. Each
/// `Abi` has its own numbers for them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum SystemCall {
    /// Its last argument is the offset in bytes, whatever the ABI takes.
    Mmap,
    Munmap,
    Mprotect,
    Madvise,
    Mlock,
    Mlock2,
    Munlock,
    Socket,
    Recvmsg,
    Openat,
    Close,
    CloseRange,
}

/// The arguments of a system call, as wide as any ABI has them.
pub(crate) type Arguments = [u64; 6];

/// Where a call that answers a bare EINTR keeps its timeout.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Timeout {
    /// It has none: restarting it is exact.
    None,
    /// Milliseconds in this argument, negative for none.
    Millis(usize),
    /// A pointer to a timespec in this argument, null for none.
    Timespec(usize),
    /// In the structure that io_uring_enter(2) takes with IORING_ENTER_EXT_ARG, if it has one.
    IoUring,
    /// A property of the socket (SO_RCVTIMEO, SO_SNDTIMEO): finite, length unknown.
    Elsewhere,
}

/// The system call that a stopped thread was taken from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InterruptedCall {
    pub number: i64,
    pub arguments: [usize; 6],
    /// What the call was about to return.
    pub result: i64,
}
