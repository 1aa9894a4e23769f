// SPDX-License-Identifier: MIT OR Apache-2.0
//! x86_64: the `syscall` instruction, the register set of PTRACE_GETREGS, and
//! the numbers of the calls that answer a stop with a bare EINTR. 32-bit programs
//! are met here, too: their registers are these, their calls those of `i386.rs`.
//!
//! On this processor the kernel decides about restarting an interrupted call
//! *after* the ptrace stop, from the registers that it then finds
//! (`arch_do_signal_or_restart`, arch/x86/kernel/signal.c). So a thread whose
//! registers are put back exactly as they were goes on exactly as it would have.

use super::{i386, Arguments, InterruptedCall, Reach, RegisterAccess, SleepsIn, Start, SystemCall, Timeout};
use core::arch::asm;
use libc::{c_int, c_long};

/// One system call, without libc: no errno, no cancellation point.
///
/// # Safety
/// The arguments must be what the call of that number demands.
#[inline(always)]
pub(crate) unsafe fn syscall(number: usize, a: [usize; 6]) -> usize {
    let result: usize;
    // SAFETY: the kernel's calling convention (syscall(2)): rcx and r11 are
    // clobbered; the caller vouches for the arguments.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") number => result,
            in("rdi") a[0], in("rsi") a[1], in("rdx") a[2],
            in("r10") a[3], in("r8") a[4], in("r9") a[5],
            lateout("rcx") _, lateout("r11") _,
            options(nostack)
        );
    }
    result
}

/// How programs of this processor call the kernel. x32 is a third way, which is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Abi {
    X86_64,
    I386,
}

impl Abi {
    /// That of this library itself.
    pub const OWN: Abi = Abi::X86_64;
    /// A program of another ABI that this build can reach.
    pub const NARROWER: Option<Abi> = Some(Abi::I386);

    /// The instruction that enters the kernel.
    pub fn enter_kernel(self) -> [u8; 2] {
        match self {
            Abi::X86_64 => [0x0f, 0x05],
            Abi::I386 => i386::ENTER_KERNEL,
        }
    }

    /// The number of a call, and its arguments as this ABI takes them.
    pub fn place(self, call: SystemCall, arguments: Arguments) -> (usize, [usize; 6]) {
        match self {
            Abi::X86_64 => (number(call) as usize, arguments.map(|argument| argument as usize)),
            Abi::I386 => i386::place(call, arguments),
        }
    }

    /// A call's result, with a 32-bit errno made one of this width.
    pub fn result(self, raw: usize) -> usize {
        match self {
            Abi::X86_64 => raw,
            Abi::I386 if raw as u32 > -4096i32 as u32 => raw as i32 as usize,
            Abi::I386 => raw as u32 as usize,
        }
    }

    /// What its programs can be asked for.
    pub fn reach(self) -> Reach {
        match self {
            Abi::X86_64 => Reach { addresses: u64::MAX, user_space_end: u64::MAX, offsets: u64::MAX },
            Abi::I386 => i386::REACH,
        }
    }

    /// The size of a pointer.
    pub fn word(self) -> usize {
        match self {
            Abi::X86_64 => 8,
            Abi::I386 => i386::WORD,
        }
    }

    fn code_segment(self) -> u64 {
        match self {
            Abi::X86_64 => USER_CS,
            Abi::I386 => USER32_CS,
        }
    }

    /// Whether the call answers any stop with a bare -EINTR, and where its timeout is.
    pub fn answers_bare_eintr(self, number: i64, arguments: &[usize; 6]) -> Option<Timeout> {
        match self {
            Abi::X86_64 => answers_bare_eintr(number),
            Abi::I386 => i386::answers_bare_eintr(number, arguments),
        }
    }

    /// vfork(2) in any form: its caller sleeps uninterruptibly until the child has let go.
    pub fn waits_for_a_child(self, number: i64, arguments: &[usize; 6]) -> bool {
        match self {
            Abi::X86_64 => {
                // clone3()'s flags lie in memory; without CLONE_VFORK it does not sleep.
                [libc::SYS_vfork, libc::SYS_clone3].contains(&number)
                    || number == libc::SYS_clone && arguments[0] & libc::CLONE_VFORK as usize != 0
            }
            Abi::I386 => i386::waits_for_a_child(number, arguments),
        }
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

/// The registers of a program of any width are known as a 64-bit one's.
pub(crate) const WIDTH_FIRST: bool = false;
/// The registers alone do not tell another ABI.
pub(crate) const ONE_ABI: bool = false;
/// Who entered the kernel by `syscall` in 64-bit code is no 32-bit program.
pub(crate) const ENTRY_TELLS_ABI: bool = true;

/// Where an instruction may begin.
pub(crate) const INSTRUCTIONS_ALIGNED_TO: usize = 1;
/// Not PTRACE_GETREGSET, whose view follows the code segment of the moment.
pub(crate) const REGISTER_ACCESS: RegisterAccess = RegisterAccess::Plain;
/// The number of the call in hand is a register, orig_rax.
pub(crate) const CALL_NUMBER_SET: Option<c_int> = None;
/// A call of ours is always placed beside the thread's own.
pub(crate) const IN_PLACE: bool = false;
/// The registers tell which call was interrupted.
pub(crate) const LOOK_BEFORE_THE_STOP: bool = false;
/// No vector state is lost in a system call.
pub(crate) const VECTOR_SETS: [c_int; 0] = [];
pub(crate) const VECTOR_BYTES: usize = 0;

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

/// `task_pt_regs(task)->cs` of 64-bit user code (__USER_CS).
const USER_CS: u64 = 0x33;
const USER_DS: u64 = 0x2b;
/// Likewise of 32-bit code (__USER32_CS).
const USER32_CS: u64 = 0x23;
/// A number with this bit is an x32 call (__X32_SYSCALL_BIT).
const X32_BIT: i64 = 0x4000_0000;
/// Trap, direction and alignment-check flags: a borrowed call must not carry the user's.
const FLAGS_OF_THE_USER: u64 = 1 << 8 | 1 << 10 | 1 << 18;
/// "Restart if no handler runs, else EINTR" (include/linux/errno.h).
const ERESTARTNOHAND: u64 = -514i64 as u64;

const _: () = assert!(core::mem::size_of::<libc::user_regs_struct>() == 27 * 8);

/// All general registers of a stopped thread.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct Registers(libc::user_regs_struct);

impl Registers {
    pub const fn zeroed() -> Registers {
        // SAFETY: user_regs_struct is 27 integers; all bits zero is a value of each.
        Registers(unsafe { core::mem::zeroed() })
    }

    pub fn as_mut_ptr(&mut self) -> *mut libc::c_void {
        (&raw mut self.0).cast()
    }

    pub fn as_ptr(&self) -> *const libc::c_void {
        (&raw const self.0).cast()
    }

    /// The ABI of the program that the thread runs, if it is one of ours. The
    /// width is that of its auxiliary vector, not that of the code of the moment
    /// (Wine). The 32-bit words of an x32 program have a vdso, but no entry.
    pub fn abi(&self, start: Option<&Start>) -> Option<Abi> {
        match (start, self.0.cs) {
            (Some(Start { wide: true, .. }), _) | (None, USER_CS) => Some(Abi::X86_64),
            (Some(Start { entry: Some(_), .. }), _) => Some(Abi::I386),
            // Without any vdso.
            (Some(Start { vdso: None, .. }), USER32_CS) => Some(Abi::I386),
            _ => None,
        }
    }

    /// The call that the thread sat in; none if it was stopped in user mode.
    pub fn interrupted_call(&self, abi: Abi, _: Option<&SleepsIn>) -> Option<InterruptedCall> {
        let r = &self.0;
        // The entry code of interrupts and exceptions leaves a negative orig_rax.
        ((r.orig_rax as i32) >= 0).then(|| match abi {
            Abi::X86_64 => InterruptedCall {
                number: r.orig_rax as i64,
                arguments: [r.rdi, r.rsi, r.rdx, r.r10, r.r8, r.r9].map(|v| v as usize),
                result: r.rax as i64,
            },
            Abi::I386 => InterruptedCall {
                number: r.orig_rax as i64,
                arguments: [r.rbx, r.rcx, r.rdx, r.rsi, r.rdi, r.rbp].map(|v| v as u32 as usize),
                result: i64::from(r.rax as i32),
            },
        })
    }

    /// Where the instruction lies that the thread entered the kernel by, or in
    /// 32-bit code will by a restart. The bytes there are still to be verified.
    pub fn own_entry(&self, abi: Abi) -> Option<usize> {
        let r = &self.0;
        let in_call = (r.orig_rax as i32) >= 0 && r.orig_rax as i64 & X32_BIT == 0;
        (in_call && r.cs == abi.code_segment()).then(|| (r.rip as usize).wrapping_sub(abi.enter_kernel().len()))
    }

    /// The address at which user mode goes on.
    pub fn user_address(&self) -> usize {
        self.0.rip as usize
    }

    pub fn set_user_address(&mut self, address: usize) {
        self.0.rip = address as u64;
    }

    /// Turns a bare -EINTR into -ERESTARTNOHAND: with no handler to run the
    /// call restarts, with one it answers EINTR as it was about to. So these
    /// registers serve in both cases.
    pub fn restart_unless_handled(&self, _: &InterruptedCall) -> (Registers, Option<Registers>) {
        let mut r = *self;
        r.0.rax = ERESTARTNOHAND;
        (r, None)
    }

    /// The thread's call has answered, and is not looked at again.
    pub fn forget_call(&mut self) {
        self.0.orig_rax = u64::MAX;
    }

    /// Whether the thread may have been in a call that was undone: it has its number in
    /// both registers (`syscall_rollback`), as one has that happens to answer it.
    pub fn call_may_be_undone(&self, _: usize) -> bool {
        self.0.orig_rax as i32 >= 0 && self.0.rax as u32 == self.0.orig_rax as u32
    }

    /// The call that the thread is about to make.
    pub fn next_call(&self) -> i64 {
        self.0.rax as i64
    }

    /// Its first argument.
    pub fn next_argument(&self) -> usize {
        self.0.rdi as usize
    }

    /// These registers, with one system call in place of what they were about to do.
    pub fn with_call(&self, abi: Abi, instruction: usize, number: usize, a: [usize; 6]) -> Registers {
        let mut r = self.0;
        let a = a.map(|v| v as u64);
        match abi {
            Abi::X86_64 => [r.rdi, r.rsi, r.rdx, r.r10, r.r8, r.r9] = a,
            Abi::I386 => [r.rbx, r.rcx, r.rdx, r.rsi, r.rdi, r.rbp] = a,
        }
        r.rax = number as u64;
        r.rip = instruction as u64;
        // Else the restart of the old call would move rip back by two.
        r.orig_rax = u64::MAX;
        r.eflags &= !FLAGS_OF_THE_USER;
        // A 64-bit process may sit in 32-bit code (Wine): the call is 64-bit code.
        r.cs = abi.code_segment();
        r.ss = USER_DS;
        Registers(r)
    }

    /// Never wanted here (IN_PLACE).
    pub fn with_call_in_place(&self, _: [usize; 6]) -> Registers {
        *self
    }

    /// Never wanted here (IN_PLACE).
    pub fn before_the_call(&self) -> Registers {
        *self
    }

    /// What the call returned, at its exit stop.
    pub fn result(&self) -> usize {
        self.0.rax as usize
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
        libc::SYS_epoll_wait | libc::SYS_epoll_pwait => Timeout::Millis(3),
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

const IO_PGETEVENTS: i64 = 333;

/// What a call leaves as its result that a seccomp filter has trapped
/// (`syscall_rollback`): its number.
pub(crate) fn trapped_result(number: usize) -> Option<usize> {
    Some(number)
}

/// The first address that user space never has: TASK_SIZE, of page tables with
/// four levels or with five (Documentation/arch/x86/x86_64/5level-paging.rst).
pub(crate) fn user_space_end() -> usize {
    const OF_FOUR: usize = (1 << 47) - 4096;
    const OF_FIVE: usize = (1 << 56) - 4096;
    match crate::procfs::user_space_has(OF_FIVE - 1) {
        Some(false) => OF_FOUR,
        // Not knowing: what lies beyond, the kernel refuses itself.
        Some(true) | None => OF_FIVE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_borrowed_call_keeps_what_it_does_not_need() {
        let mut saved = Registers::zeroed();
        saved.0.rbx = 7;
        saved.0.rsp = 0x1000;
        saved.0.eflags = 0x246 | FLAGS_OF_THE_USER;
        saved.0.cs = 0x23;
        let run = saved.with_call(Abi::X86_64, 0x5000, 9, [1, 2, 3, 4, 5, 6]);
        assert_eq!((run.0.rbx, run.0.rsp, run.0.eflags), (7, 0x1000, 0x246));
        assert_eq!((run.0.rip, run.0.rax, run.0.r9), (0x5000, 9, 6));
        assert_eq!((run.0.orig_rax, run.0.cs), (u64::MAX, USER_CS));
        assert!(run.interrupted_call(Abi::X86_64, None).is_none());
        let run = saved.with_call(Abi::I386, 0x5000, 192, [1, 2, 3, 4, 5, 6]);
        assert_eq!((run.0.rbx, run.0.rbp, run.0.r9, run.0.cs), (1, 6, 0, USER32_CS));
    }

    #[test]
    fn the_width_is_the_programs_not_that_of_its_code() {
        let mut registers = Registers::zeroed();
        let mut abi = |cs, wide, entry, vdso| {
            registers.0.cs = cs;
            registers.abi(Some(&Start { wide, entry, vdso }))
        };
        assert_eq!(abi(USER32_CS, true, None, None), Some(Abi::X86_64));
        assert_eq!(abi(USER_CS, false, Some(0x1010), Some(0x1000)), Some(Abi::I386));
        assert_eq!(abi(USER32_CS, false, None, None), Some(Abi::I386));
        assert_eq!(abi(USER_CS, false, None, Some(0x1000)), None); // x32
    }

    #[test]
    fn a_32_bit_result_is_an_address_or_an_errno() {
        assert_eq!(Abi::I386.result(0xffff_fff4), -12isize as usize);
        assert_eq!(Abi::I386.result(-12isize as usize), -12isize as usize);
        assert_eq!(Abi::I386.result(0xf7f0_0000), 0xf7f0_0000);
    }

    #[test]
    fn close_is_never_restarted() {
        assert!(answers_bare_eintr(libc::SYS_close).is_none());
    }
}
