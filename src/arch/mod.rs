// SPDX-License-Identifier: MIT OR Apache-2.0
//! What differs by processor, and nothing else: how a system call is made, by
//! which number and with which arguments, how a stopped thread's registers are
//! borrowed for one, and which of its own calls answer a stop with an EINTR that
//! nobody sent.
//!
//! Each file offers the same names; `inject/` uses them without knowing which
//! file it has. `i386.rs` is the ABI of 32-bit programs, which both x86 files use.

#[cfg(all(target_arch = "x86_64", target_pointer_width = "64"))]
mod x86_64;
#[cfg(all(target_arch = "x86_64", target_pointer_width = "64"))]
pub(crate) use x86_64::*;

#[cfg(all(target_arch = "aarch64", target_pointer_width = "64", target_endian = "little"))]
mod aarch64;
#[cfg(all(target_arch = "aarch64", target_pointer_width = "64", target_endian = "little"))]
pub(crate) use aarch64::*;

#[cfg(any(target_arch = "x86", all(target_arch = "x86_64", target_pointer_width = "64")))]
mod i386;
#[cfg(target_arch = "x86")]
mod x86;
#[cfg(target_arch = "x86")]
pub(crate) use x86::*;

#[cfg(not(any(
    target_arch = "x86",
    all(target_arch = "x86_64", target_pointer_width = "64"),
    all(target_arch = "aarch64", target_pointer_width = "64", target_endian = "little"),
)))]
compile_error!(
    "mman_peer: this processor is not supported (x86_64, x86 and aarch64 are; src/arch/ has what another one needs)"
);

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

/// What can be asked of the calls of an ABI: addresses and offsets below these.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Reach {
    /// What fits into a word of it.
    pub addresses: u64,
    /// TASK_SIZE, where it depends on the ABI alone.
    pub user_space_end: u64,
    pub offsets: u64,
}

/// What a program was started with, from its auxiliary vector (getauxval(3)).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Start {
    /// The vector's entries are of 64 bits.
    pub wide: bool,
    /// AT_SYSINFO_EHDR.
    pub vdso: Option<usize>,
    /// AT_SYSINFO, which i386 alone has: a function in the vdso that enters the kernel.
    pub entry: Option<usize>,
}

/// Where a call that answers a bare EINTR keeps its timeout.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Timeout {
    /// It has none: restarting it is exact.
    None,
    /// Milliseconds in this argument, negative for none.
    Millis(usize),
    /// A pointer to a timespec in this argument, null for none.
    Timespec(usize),
    /// Likewise, of two 32-bit words.
    #[allow(dead_code)] // only x86 has it
    Timespec32(usize),
    /// In the structure that io_uring_enter(2) takes with IORING_ENTER_EXT_ARG, if it has one.
    IoUring,
    /// A property of the socket (SO_RCVTIMEO, SO_SNDTIMEO): finite, length unknown.
    Elsewhere,
    /// Likewise, where the descriptor in the first argument is a socket's. Of other
    /// files the call answers no bare EINTR.
    OfSocket,
}

/// How ptrace(2) hands out a thread's general registers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(dead_code)] // each processor has one of them
pub(crate) enum RegisterAccess {
    /// PTRACE_GETREGS, PTRACE_SETREGS.
    Plain,
    /// PTRACE_GETREGSET, PTRACE_SETREGSET with NT_PRSTATUS.
    Set,
}

/// The system call that a thread sleeps in, as /proc/TID/syscall shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SleepsIn {
    pub number: i64,
    pub arguments: [usize; 6],
    pub stack: usize,
    /// Where it returns to, behind the instruction that entered the kernel.
    pub instruction: usize,
}

/// The system call that a stopped thread was taken from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InterruptedCall {
    pub number: i64,
    pub arguments: [usize; 6],
    /// What the call was about to return.
    pub result: i64,
}
