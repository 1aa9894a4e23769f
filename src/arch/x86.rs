// SPDX-License-Identifier: MIT OR Apache-2.0
//! x86 as a 32-bit processor: the library built for i686, under a 32-bit or a
//! 64-bit kernel. The register set of PTRACE_GETREGS, and the structures of
//! 32-bit system calls. How those are made is `i386.rs`'s.
//!
//! As on x86_64 the kernel decides about restarting an interrupted call *after*
//! the ptrace stop, from the registers that it then finds.

use super::{i386, Arguments, InterruptedCall, Reach, RegisterAccess, SleepsIn, Start, SystemCall, Timeout};
use core::arch::{asm, global_asm};
use libc::{c_int, c_long};

// A function with a frame that is described throughout: a signal that a call
// lets in may unwind from here (a thread that is cancelled).
global_asm!(
    ".hidden mman_peer_enter_kernel",
    ".globl mman_peer_enter_kernel",
    ".type mman_peer_enter_kernel, @function",
    "mman_peer_enter_kernel:",
    ".cfi_startproc",
    "push ebx",
    ".cfi_adjust_cfa_offset 4",
    ".cfi_rel_offset ebx, 0",
    "push esi",
    ".cfi_adjust_cfa_offset 4",
    ".cfi_rel_offset esi, 0",
    "push edi",
    ".cfi_adjust_cfa_offset 4",
    ".cfi_rel_offset edi, 0",
    "push ebp",
    ".cfi_adjust_cfa_offset 4",
    ".cfi_rel_offset ebp, 0",
    "mov eax, [esp + 20]",
    "mov ebx, [eax + 4]",
    "mov ecx, [eax + 8]",
    "mov edx, [eax + 12]",
    "mov esi, [eax + 16]",
    "mov edi, [eax + 20]",
    "mov ebp, [eax + 24]",
    "mov eax, [eax]",
    "int 0x80",
    "pop ebp",
    ".cfi_adjust_cfa_offset -4",
    ".cfi_restore ebp",
    "pop edi",
    ".cfi_adjust_cfa_offset -4",
    ".cfi_restore edi",
    "pop esi",
    ".cfi_adjust_cfa_offset -4",
    ".cfi_restore esi",
    "pop ebx",
    ".cfi_adjust_cfa_offset -4",
    ".cfi_restore ebx",
    "ret",
    ".cfi_endproc",
    ".size mman_peer_enter_kernel, . - mman_peer_enter_kernel",
);

/// One system call, without libc: no errno, no cancellation point.
///
/// # Safety
/// The arguments must be what the call of that number demands.
#[inline]
pub(crate) unsafe fn syscall(number: usize, a: [usize; 6]) -> usize {
    extern "C" {
        fn mman_peer_enter_kernel(words: *const usize) -> usize;
    }
    let words = [number, a[0], a[1], a[2], a[3], a[4], a[5]];
    // SAFETY: it reads seven words and keeps to the calling conventions, C's
    // and the kernel's (syscall(2)); the caller vouches for the arguments.
    unsafe { mman_peer_enter_kernel(words.as_ptr()) }
}

/// How programs of this processor call the kernel.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Abi {
    I386,
}

impl Abi {
    /// That of this library itself.
    pub const OWN: Abi = Abi::I386;
    /// A program of another ABI that this build can reach.
    pub const NARROWER: Option<Abi> = None;

    /// The instruction that enters the kernel.
    pub fn enter_kernel(self) -> [u8; 2] {
        i386::ENTER_KERNEL
    }

    /// The number of a call, and its arguments as this ABI takes them.
    pub fn place(self, call: SystemCall, arguments: Arguments) -> (usize, [usize; 6]) {
        i386::place(call, arguments)
    }

    /// A call's result, of which all words but those of an error are addresses or counts.
    pub fn result(self, raw: usize) -> usize {
        raw
    }

    /// What its programs can be asked for.
    pub fn reach(self) -> Reach {
        i386::REACH
    }

    /// The size of a pointer.
    pub fn word(self) -> usize {
        i386::WORD
    }

    /// Whether the call answers any stop with a bare -EINTR, and where its timeout is.
    pub fn answers_bare_eintr(self, number: i64, arguments: &[usize; 6]) -> Option<Timeout> {
        i386::answers_bare_eintr(number, arguments)
    }

    /// vfork(2) in any form.
    pub fn waits_for_a_child(self, number: i64, arguments: &[usize; 6]) -> bool {
        i386::waits_for_a_child(number, arguments)
    }
}

/// A 64-bit program's registers would be cut off: its width is asked before it is stopped.
pub(crate) const WIDTH_FIRST: bool = true;
/// The registers alone do not tell another ABI.
pub(crate) const ONE_ABI: bool = false;
/// An instruction that entered the kernel does not tell that it was a 32-bit program's.
pub(crate) const ENTRY_TELLS_ABI: bool = false;

/// Where an instruction may begin.
pub(crate) const INSTRUCTIONS_ALIGNED_TO: usize = 1;
pub(crate) const REGISTER_ACCESS: RegisterAccess = RegisterAccess::Plain;
/// The number of the call in hand is a register, orig_eax.
pub(crate) const CALL_NUMBER_SET: Option<c_int> = None;
/// A call of ours is always placed beside the thread's own.
pub(crate) const IN_PLACE: bool = false;
/// The registers tell which call was interrupted.
pub(crate) const LOOK_BEFORE_THE_STOP: bool = false;
/// No vector state is lost in a system call.
pub(crate) const VECTOR_SETS: [c_int; 0] = [];
pub(crate) const VECTOR_BYTES: usize = 0;

// ---- structures and numbers of the raw calls ------------------------------

/// struct stat64: the older ones have no room for today's inodes and sizes.
pub(crate) type Stat = libc::stat64;
pub(crate) const FSTAT: c_long = libc::SYS_fstat64;
pub(crate) const FSTATAT: c_long = libc::SYS_fstatat64;
pub(crate) const FTRUNCATE: c_long = libc::SYS_ftruncate64;
/// With F_GETLK64: the older ones answer EOVERFLOW for a lock beyond 2 GiB.
pub(crate) const FCNTL: c_long = libc::SYS_fcntl64;
pub(crate) const GETLK: c_int = 12;
/// The first one, 49, knows user ids of 16 bits only.
pub(crate) const GETEUID: c_long = libc::SYS_geteuid32;
pub(crate) const GETUID: c_long = libc::SYS_getuid32;
pub(crate) const GETRESUID: c_long = libc::SYS_getresuid32;
pub(crate) const O_LARGEFILE: c_int = libc::O_LARGEFILE;

/// A file offset as a raw call takes it.
pub(crate) fn offset_words(offset: u64) -> [usize; 2] {
    [offset as usize, (offset >> 32) as usize]
}

// ---- registers ------------------------------------------------------------

/// `cs` of a 32-bit program under a 64-bit kernel (__USER32_CS).
const USER32_CS: c_long = 0x23;
/// Trap, direction and alignment-check flags: a borrowed call must not carry the user's.
const FLAGS_OF_THE_USER: c_long = 1 << 8 | 1 << 10 | 1 << 18;
/// "Restart if no handler runs, else EINTR" (include/linux/errno.h).
const ERESTARTNOHAND: c_long = -514;

const _: () = assert!(core::mem::size_of::<libc::user_regs_struct>() == 17 * 4);

/// All general registers of a stopped thread.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct Registers(libc::user_regs_struct);

impl Registers {
    pub const fn zeroed() -> Registers {
        // SAFETY: user_regs_struct is 17 integers; all bits zero is a value of each.
        Registers(unsafe { core::mem::zeroed() })
    }

    pub fn as_mut_ptr(&mut self) -> *mut libc::c_void {
        (&raw mut self.0).cast()
    }

    pub fn as_ptr(&self) -> *const libc::c_void {
        (&raw const self.0).cast()
    }

    /// The ABI of the program that the thread runs, if it is one of ours. The
    /// 32-bit words of an x32 program have a vdso, but no entry.
    pub fn abi(&self, start: Option<&Start>) -> Option<Abi> {
        let i386 = start.is_some_and(|s| !s.wide && s.entry.is_some() == s.vdso.is_some());
        i386.then_some(Abi::I386)
    }

    /// The call that the thread sat in; none if it was stopped in user mode.
    pub fn interrupted_call(&self, _: Abi, _: Option<&SleepsIn>) -> Option<InterruptedCall> {
        let r = &self.0;
        (r.orig_eax >= 0).then(|| InterruptedCall {
            number: i64::from(r.orig_eax),
            arguments: [r.ebx, r.ecx, r.edx, r.esi, r.edi, r.ebp].map(|v| v as usize),
            result: i64::from(r.eax),
        })
    }

    /// Where the instruction lies that the thread entered the kernel by, or
    /// will by a restart. The bytes there are still to be verified.
    pub fn own_entry(&self, abi: Abi) -> Option<usize> {
        (self.0.orig_eax >= 0).then(|| (self.0.eip as usize).wrapping_sub(abi.enter_kernel().len()))
    }

    /// The address at which user mode goes on.
    pub fn user_address(&self) -> usize {
        self.0.eip as usize
    }

    pub fn set_user_address(&mut self, address: usize) {
        self.0.eip = address as c_long;
    }

    /// Turns a bare -EINTR into -ERESTARTNOHAND: with no handler to run the
    /// call restarts, with one it answers EINTR as it was about to. So these
    /// registers serve in both cases.
    pub fn restart_unless_handled(&self, _: &InterruptedCall) -> (Registers, Option<Registers>) {
        let mut r = *self;
        r.0.eax = ERESTARTNOHAND;
        (r, None)
    }

    /// The thread's call has answered, and is not looked at again.
    pub fn forget_call(&mut self) {
        self.0.orig_eax = -1;
    }

    /// Whether the thread may have been in a call that was undone: it has its number in
    /// both registers (`syscall_rollback`), as one has that happens to answer it.
    pub fn call_may_be_undone(&self, _: usize) -> bool {
        self.0.orig_eax >= 0 && self.0.eax == self.0.orig_eax
    }

    /// The call that the thread is about to make.
    pub fn next_call(&self) -> i64 {
        i64::from(self.0.eax)
    }

    /// Its first argument.
    pub fn next_argument(&self) -> usize {
        self.0.ebx as usize
    }

    /// These registers, with one system call in place of what they were about to do.
    pub fn with_call(&self, _: Abi, instruction: usize, number: usize, a: [usize; 6]) -> Registers {
        let mut r = self.0;
        let [ebx, ecx, edx, esi, edi, ebp] = a.map(|v| v as c_long);
        (r.ebx, r.ecx, r.edx, r.esi, r.edi, r.ebp) = (ebx, ecx, edx, esi, edi, ebp);
        r.eax = number as c_long;
        r.eip = instruction as c_long;
        // Else the restart of the old call would move eip back by two.
        r.orig_eax = -1;
        r.eflags &= !FLAGS_OF_THE_USER;
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
        self.0.eax as usize
    }
}

/// What a call leaves as its result that a seccomp filter has trapped
/// (`syscall_rollback`): its number.
pub(crate) fn trapped_result(number: usize) -> Option<usize> {
    Some(number)
}

/// The first address that user space never has: a 64-bit kernel leaves it all to
/// the program, a 32-bit one by default keeps a quarter (PAGE_OFFSET).
pub(crate) fn user_space_end() -> usize {
    let cs: usize;
    // SAFETY: reads a register.
    unsafe { asm!("mov {:e}, cs", out(reg) cs, options(nomem, nostack, preserves_flags)) };
    if cs as c_long == USER32_CS {
        i386::USER_SPACE_END as usize
    } else {
        0xc000_0000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_borrowed_call_keeps_what_it_does_not_need() {
        let mut saved = Registers::zeroed();
        saved.0.xgs = 0x63;
        saved.0.esp = 0x1000;
        saved.0.eflags = 0x246 | FLAGS_OF_THE_USER;
        let run = saved.with_call(Abi::I386, 0x5000, 192, [1, 2, 3, 4, 5, 6]);
        assert_eq!((run.0.xgs, run.0.esp, run.0.eflags), (0x63, 0x1000, 0x246));
        assert_eq!((run.0.eip, run.0.eax, run.0.ebp), (0x5000, 192, 6));
        assert!(run.interrupted_call(Abi::I386, None).is_none());
    }

    #[test]
    fn a_wider_or_an_x32_program_is_another_abi() {
        let abi = |wide, entry, vdso| Registers::zeroed().abi(Some(&Start { wide, entry, vdso }));
        assert_eq!(abi(false, Some(0x1010), Some(0x1000)), Some(Abi::I386));
        assert_eq!(abi(false, None, None), Some(Abi::I386));
        assert_eq!(abi(false, None, Some(0x1000)), None);
        assert_eq!(abi(true, None, Some(0x1000)), None);
    }

    #[test]
    fn six_arguments_arrive() {
        let at = crate::sys::map_private(8192).expect("two pages");
        crate::sys::unmap(at, 8192);
        // SAFETY: no pointers.
        assert_eq!(unsafe { syscall(libc::SYS_getpid as usize, [0; 6]) }, std::process::id() as usize);
    }
}
