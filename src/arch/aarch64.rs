// SPDX-License-Identifier: MIT OR Apache-2.0
//! aarch64: the `svc` instruction, the register sets of PTRACE_GETREGSET, and
//! the numbers of the calls that answer a stop with a bare EINTR.
//!
//! On this processor the kernel decides about restarting an interrupted call
//! *around* the ptrace stop (`do_signal`, arch/arm64/kernel/signal.c): before it
//! pc and x0 are rewound to the `svc`, and the number of the call is forgotten;
//! after it, from local variables and only if pc still stands there, it sees to
//! the restart block and to the EINTR that a handler makes of the restart. A
//! thread whose pc was moved at that stop would sleep its whole time again, and
//! lose the EINTR of a signal. So a call is borrowed *in place*: the thread is
//! let run to the entry of its own call, ours takes that one's place, and then
//! it enters its own once more.

use super::{Arguments, InterruptedCall, Reach, RegisterAccess, SleepsIn, Start, SystemCall, Timeout};
use core::arch::asm;
use libc::{c_int, c_long};

/// One system call, without libc: no errno, no cancellation point.
///
/// # Safety
/// The arguments must be what the call of that number demands.
#[inline(always)]
pub(crate) unsafe fn syscall(number: usize, a: [usize; 6]) -> usize {
    let result: usize;
    // SAFETY: the kernel's calling convention (syscall(2)): nothing but x0 is
    // written; the caller vouches for the arguments. Vector registers are not
    // ours to speak of: this is no function call to the compiler, and the
    // kernel keeps their low 128 bits.
    unsafe {
        asm!(
            "svc #0",
            in("x8") number,
            inlateout("x0") a[0] => result,
            in("x1") a[1], in("x2") a[2], in("x3") a[3], in("x4") a[4], in("x5") a[5],
            options(nostack)
        );
    }
    result
}

/// How programs of this processor call the kernel. 32-bit ones (aarch32) are refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Abi {
    Aarch64,
}

impl Abi {
    /// That of this library itself.
    pub const OWN: Abi = Abi::Aarch64;
    /// A program of another ABI that this build can reach.
    pub const NARROWER: Option<Abi> = None;

    /// The instruction that enters the kernel: svc #0.
    pub fn enter_kernel(self) -> [u8; 4] {
        ENTER_KERNEL
    }

    /// The number of a call, and its arguments as this ABI takes them.
    pub fn place(self, call: SystemCall, arguments: Arguments) -> (usize, [usize; 6]) {
        (number(call) as usize, arguments.map(|argument| argument as usize))
    }

    /// A call's result.
    pub fn result(self, raw: usize) -> usize {
        raw
    }

    /// What its programs can be asked for.
    pub fn reach(self) -> Reach {
        Reach { addresses: u64::MAX, user_space_end: u64::MAX, offsets: u64::MAX }
    }

    /// The size of a pointer.
    pub fn word(self) -> usize {
        8
    }

    /// Whether the call answers any stop with a bare -EINTR, and where its timeout is.
    pub fn answers_bare_eintr(self, number: i64, _: &[usize; 6]) -> Option<Timeout> {
        answers_bare_eintr(number)
    }

    /// vfork(2), which is clone(2) here: its caller sleeps uninterruptibly until
    /// the child has let go.
    pub fn waits_for_a_child(self, number: i64, arguments: &[usize; 6]) -> bool {
        // clone3()'s flags lie in memory; without CLONE_VFORK it does not sleep.
        number == libc::SYS_clone3 || number == libc::SYS_clone && arguments[0] & libc::CLONE_VFORK as usize != 0
    }
}

fn number(call: SystemCall) -> c_long {
    match call {
        SystemCall::Mmap => libc::SYS_mmap,
        SystemCall::Munmap => libc::SYS_munmap,
        SystemCall::Mprotect => libc::SYS_mprotect,
        SystemCall::Madvise => libc::SYS_madvise,
        SystemCall::Mlock => libc::SYS_mlock,
        SystemCall::Mlock2 => libc::SYS_mlock2,
        SystemCall::Munlock => libc::SYS_munlock,
        SystemCall::Socket => libc::SYS_socket,
        SystemCall::Recvmsg => libc::SYS_recvmsg,
        SystemCall::Openat => libc::SYS_openat,
        SystemCall::Close => libc::SYS_close,
        SystemCall::CloseRange => libc::SYS_close_range,
    }
}

const ENTER_KERNEL: [u8; 4] = [0x01, 0x00, 0x00, 0xd4];

pub(crate) const WIDTH_FIRST: bool = false;
/// The registers of a 32-bit program are another set, and refused with it.
pub(crate) const ONE_ABI: bool = true;
pub(crate) const ENTRY_TELLS_ABI: bool = false;

/// Where an instruction may begin.
pub(crate) const INSTRUCTIONS_ALIGNED_TO: usize = 4;
pub(crate) const REGISTER_ACCESS: RegisterAccess = RegisterAccess::Set;
/// The number of the call in hand is no register: NT_ARM_SYSTEM_CALL.
pub(crate) const CALL_NUMBER_SET: Option<c_int> = Some(0x404);
pub(crate) const IN_PLACE: bool = true;
/// A call that answers EINTR has lost its number and its first argument when
/// the thread stops.
pub(crate) const LOOK_BEFORE_THE_STOP: bool = true;
/// NT_ARM_SVE, NT_ARM_SSVE. Any `svc` discards what the vector registers have
/// beyond 128 bits, the predicates, and streaming mode (`fpsimd_syscall_enter`).
pub(crate) const VECTOR_SETS: [c_int; 2] = [0x405, 0x40b];
/// Such a set for the longest vectors there are, of 2048 bits: 32 of them, 16
/// predicates, FFR, and the header (SVE_PT_SIZE).
pub(crate) const VECTOR_BYTES: usize = 16 + 32 * 256 + 17 * 32 + 16 + 16;

// ---- structures and numbers of the raw calls ------------------------------

pub(crate) type Stat = libc::stat;
pub(crate) const FSTAT: c_long = libc::SYS_fstat;
pub(crate) const FSTATAT: c_long = libc::SYS_newfstatat;
pub(crate) const FTRUNCATE: c_long = libc::SYS_ftruncate;
pub(crate) const FCNTL: c_long = libc::SYS_fcntl;
pub(crate) const GETLK: c_int = libc::F_GETLK;
pub(crate) const GETEUID: c_long = libc::SYS_geteuid;
pub(crate) const GETUID: c_long = libc::SYS_getuid;
pub(crate) const GETRESUID: c_long = libc::SYS_getresuid;
/// A 64-bit program has it in any case.
pub(crate) const O_LARGEFILE: c_int = 0;

/// A file offset as a raw call takes it; what is too much is not looked at.
pub(crate) fn offset_words(offset: u64) -> [usize; 2] {
    [offset as usize, 0]
}

// ---- registers ------------------------------------------------------------

/// Bits of pstate, single step and branch type: a borrowed call must not carry the user's.
const PSTATE_OF_THE_USER: u64 = 1 << 21 | 3 << 10;

const _: () = assert!(core::mem::size_of::<libc::user_regs_struct>() == 34 * 8);

/// All general registers of a stopped thread.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct Registers(libc::user_regs_struct);

impl Registers {
    pub const fn zeroed() -> Registers {
        // SAFETY: user_regs_struct is 34 integers; all bits zero is a value of each.
        Registers(unsafe { core::mem::zeroed() })
    }

    pub fn as_mut_ptr(&mut self) -> *mut libc::c_void {
        (&raw mut self.0).cast()
    }

    pub fn as_ptr(&self) -> *const libc::c_void {
        (&raw const self.0).cast()
    }

    /// The call that the thread sat in and that answers for itself: it was seen
    /// asleep in it `before`, and is where that call returns to. (A call that
    /// restarts has been rewound.)
    pub fn interrupted_call(&self, _: Abi, before: Option<&SleepsIn>) -> Option<InterruptedCall> {
        let (r, before) = (&self.0, before?);
        let same = r.sp == before.stack as u64
            && r.pc == before.instruction as u64
            && r.regs[8] as i64 == before.number
            && (1..6).all(|i| r.regs[i] == before.arguments[i] as u64);
        same.then(|| InterruptedCall { number: before.number, arguments: before.arguments, result: r.regs[0] as i64 })
    }

    /// Never known here: the vdso's instruction serves, or the thread's own in place.
    pub fn own_entry(&self, _: Abi) -> Option<usize> {
        None
    }

    /// The ABI of the program that the thread runs.
    pub fn abi(&self, _: Option<&Start>) -> Option<Abi> {
        Some(Abi::Aarch64)
    }

    /// The address at which user mode goes on.
    pub fn user_address(&self) -> usize {
        self.0.pc as usize
    }

    pub fn set_user_address(&mut self, address: usize) {
        self.0.pc = address as u64;
    }

    /// A call that was about to answer EINTR is made again instead. If a handler
    /// is to run first, it has to answer as it was about to: these registers.
    pub fn restart_unless_handled(&self, call: &InterruptedCall) -> (Registers, Option<Registers>) {
        let mut r = self.before_the_call();
        r.0.regs[0] = call.arguments[0] as u64;
        (r, Some(*self))
    }

    /// The thread's call has answered, and is not looked at again: it is not here
    /// in any case but by `before`.
    pub fn forget_call(&mut self) {}

    /// Whether the thread may have been in a call that was undone. That leaves no trace
    /// here, but is of interest only if it was made by the instruction that ours will be.
    pub fn call_may_be_undone(&self, instruction: usize) -> bool {
        self.0.pc as usize == instruction + ENTER_KERNEL.len()
    }

    /// The call that the thread is about to make, if its next instruction is one.
    pub fn next_call(&self) -> i64 {
        self.0.regs[8] as i64
    }

    /// Its first argument.
    pub fn next_argument(&self) -> usize {
        self.0.regs[0] as usize
    }

    /// These registers, with one system call in place of what they were about to do.
    pub fn with_call(&self, _: Abi, instruction: usize, number: usize, a: [usize; 6]) -> Registers {
        let mut r = self.with_call_in_place(a);
        r.0.regs[8] = number as u64;
        r.0.pc = instruction as u64;
        r.0.pstate &= !PSTATE_OF_THE_USER;
        r
    }

    /// These registers of a thread at the entry of its own call, with other
    /// arguments. x8 stays: the number that counts is that of CALL_NUMBER_SET.
    pub fn with_call_in_place(&self, a: [usize; 6]) -> Registers {
        let mut r = *self;
        for (register, argument) in r.0.regs.iter_mut().zip(a) {
            *register = argument as u64;
        }
        r
    }

    /// The registers of a thread at the entry of its own call, before it entered.
    pub fn before_the_call(&self) -> Registers {
        let mut r = *self;
        r.0.pc = r.0.pc.wrapping_sub(ENTER_KERNEL.len() as u64);
        r
    }

    /// What the call returned, at its exit stop.
    pub fn result(&self) -> usize {
        self.0.regs[0] as usize
    }
}

/// Whether the call answers any stop with a bare -EINTR, and where its timeout is.
///
/// These are the calls whose kernel code returns EINTR rather than one of the
/// restart codes (ep_poll, do_semtimedop, do_sigtimedwait, sock_intr_errno with a
/// finite timeout, read_events, io_cqring_wait). `close` must never be listed:
/// it has closed when it says so.
fn answers_bare_eintr(number: i64) -> Option<Timeout> {
    Some(match number {
        libc::SYS_epoll_pwait => Timeout::Millis(3),
        libc::SYS_epoll_pwait2 => Timeout::Timespec(3),
        libc::SYS_semop => Timeout::None,
        libc::SYS_semtimedop => Timeout::Timespec(3),
        libc::SYS_rt_sigtimedwait => Timeout::Timespec(2),
        libc::SYS_recvfrom | libc::SYS_recvmsg | libc::SYS_recvmmsg => Timeout::Elsewhere,
        libc::SYS_accept | libc::SYS_accept4 | libc::SYS_connect => Timeout::Elsewhere,
        libc::SYS_sendto | libc::SYS_sendmsg | libc::SYS_sendmmsg => Timeout::Elsewhere,
        libc::SYS_read | libc::SYS_readv | libc::SYS_write | libc::SYS_writev => Timeout::OfSocket,
        libc::SYS_io_getevents | IO_PGETEVENTS => Timeout::Timespec(4),
        libc::SYS_io_uring_enter => Timeout::IoUring,
        _ => return None,
    })
}

const IO_PGETEVENTS: i64 = 292;

/// What a call leaves as its result that a seccomp filter has trapped: its
/// first argument, which could be a result as well.
pub(crate) fn trapped_result(_: usize) -> Option<usize> {
    None
}

/// The first address that user space never has: TASK_SIZE, which depends on the
/// kernel and on the processor. Stacks lie just below, but where addresses have
/// 52 bits: those beyond 48 (47 with pages of 16 KiB) only who asks for one gets
/// (Documentation/arch/arm64/memory.rst).
pub(crate) fn user_space_end() -> usize {
    const WIDEST: usize = 1 << 52;
    // SAFETY: getauxval reads the vector that the kernel left at process start.
    let below = unsafe { libc::getauxval(libc::AT_RANDOM) } as usize;
    match crate::procfs::user_space_has(WIDEST - 1) {
        Some(false) => below.next_power_of_two(),
        // Not knowing: what lies beyond, the kernel refuses itself.
        Some(true) | None => WIDEST,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_borrowed_call_keeps_what_it_does_not_need() {
        let mut saved = Registers::zeroed();
        saved.0.regs[7] = 7;
        saved.0.sp = 0x1000;
        saved.0.pstate = 0x6000_0000 | PSTATE_OF_THE_USER;
        let run = saved.with_call(Abi::Aarch64, 0x5000, 222, [1, 2, 3, 4, 5, 6]);
        assert_eq!((run.0.regs[7], run.0.sp, run.0.pstate), (7, 0x1000, 0x6000_0000));
        assert_eq!((run.0.pc, run.0.regs[8], run.0.regs[5]), (0x5000, 222, 6));
    }

    #[test]
    fn only_the_call_that_was_seen_is_made_again() {
        let seen = SleepsIn { number: 22, arguments: [9, 1, 2, 3, 4, 5], stack: 0x1000, instruction: 0x5004 };
        let mut now = Registers::zeroed();
        now.0.regs[..6].copy_from_slice(&[-4i64 as u64, 1, 2, 3, 4, 5]);
        (now.0.regs[8], now.0.sp, now.0.pc) = (22, 0x1000, 0x5004);
        let call = now.interrupted_call(Abi::Aarch64, Some(&seen)).expect("the same");
        let (again, handled) = now.restart_unless_handled(&call);
        assert_eq!((again.0.regs[0], again.0.pc), (9, 0x5000));
        assert_eq!(handled.expect("for a handler").0.regs[0], -4i64 as u64);
        now.0.regs[4] = 0;
        assert!(now.interrupted_call(Abi::Aarch64, Some(&seen)).is_none());
        assert!(now.interrupted_call(Abi::Aarch64, None).is_none());
    }

    #[test]
    fn close_is_never_restarted() {
        assert!(answers_bare_eintr(libc::SYS_close).is_none());
    }
}
