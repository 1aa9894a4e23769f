// SPDX-License-Identifier: MIT OR Apache-2.0
//! ptrace(2), one function for each request, named by what it does.
//!
//! A tracee can be killed at any time. Requests whose failure can only mean
//! that have no result; the next wait tells.

use super::memory::{read_memory, write_memory};
use super::signals::{SignalSet, SET_SIZE};
use super::{call, Tid};
use crate::arch::{self, RegisterAccess};
use crate::errno::Errno;
use core::mem::{size_of, MaybeUninit};
use libc::c_int;

/// ptrace(2), raw: PEEK requests store through `data` instead of returning.
///
/// # Safety
/// `address` and `data` must be what the request demands.
#[inline]
pub(crate) unsafe fn ptrace(request: u32, tid: Tid, address: usize, data: usize) -> Result<usize, Errno> {
    // SAFETY: the caller's contract is the same.
    unsafe { call!(libc::SYS_ptrace, request, tid.0, address, data) }
}

/// waitid(2) that takes a stop, if there is one, and never an exit.
pub(crate) fn take_stop(tid: Tid) {
    let mut info = MaybeUninit::<libc::siginfo_t>::zeroed();
    let options = libc::WSTOPPED | libc::WNOHANG | libc::__WALL;
    // SAFETY: info is writable; no rusage is asked for.
    let _ = unsafe { call!(libc::SYS_waitid, libc::P_PID, tid.0, info.as_mut_ptr(), options, 0) };
}

/// Signal and code of the siginfo of a tracee's stop; none while it runs.
pub(crate) fn stop_siginfo(tid: Tid) -> Option<(c_int, c_int)> {
    siginfo(tid).map(|info| (info.si_signo, info.si_code))
}

/// The siginfo of a tracee's stop (PTRACE_GETSIGINFO).
pub(crate) fn siginfo(tid: Tid) -> Option<libc::siginfo_t> {
    let mut info = MaybeUninit::<libc::siginfo_t>::zeroed();
    // SAFETY: info is writable for a siginfo_t.
    unsafe { ptrace(libc::PTRACE_GETSIGINFO, tid, 0, info.as_mut_ptr() as usize) }.ok()?;
    // SAFETY: zeroed, then filled by the kernel.
    Some(unsafe { info.assume_init() })
}

/// Whether a tracee has ended or is one no more; its exit status is left to
/// whom it belongs, but for a thread that is no leader, which has none.
pub(crate) fn has_ended(tid: Tid) -> bool {
    let mut info = MaybeUninit::<libc::siginfo_t>::zeroed();
    let options = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT | libc::__WALL;
    // SAFETY: info is writable; no rusage is asked for.
    let asked = unsafe { call!(libc::SYS_waitid, libc::P_PID, tid.0, info.as_mut_ptr(), options, 0) };
    // SAFETY: zeroed, so si_code is 0 if the kernel wrote nothing.
    let code = unsafe { info.assume_init() }.si_code;
    // A tracee's stop is reported unasked (`wait_task_stopped`, kernel/exit.c).
    asked.is_err() || matches!(code, libc::CLD_EXITED | libc::CLD_KILLED | libc::CLD_DUMPED)
}

const PTRACE_SEIZE: u32 = 0x4206;
const PTRACE_INTERRUPT: u32 = 0x4207;
const PTRACE_GETSIGMASK: u32 = 0x420a;
const PTRACE_SETSIGMASK: u32 = 0x420b;
/// Since Linux 5.13.
const PTRACE_GET_RSEQ_CONFIGURATION: u32 = 0x420f;
/// Since Linux 6.4.
const PTRACE_SET_SYSCALL_USER_DISPATCH_CONFIG: u32 = 0x4210;
const PTRACE_GET_SYSCALL_USER_DISPATCH_CONFIG: u32 = 0x4211;
const PTRACE_O_TRACESYSGOOD: usize = 1;
const PTRACE_O_SUSPEND_SECCOMP: usize = 1 << 21;

/// Attaches without stopping.
pub(crate) fn seize(tid: Tid) -> Result<(), Errno> {
    // SAFETY: the request takes options in data, no pointer.
    unsafe { ptrace(PTRACE_SEIZE, tid, 0, PTRACE_O_TRACESYSGOOD) }.map(|_| ())
}

/// Suspends seccomp for a stopped tracee until it is let go, which takes
/// CAP_SYS_ADMIN (`check_ptrace_options`). Whether it is.
pub(crate) fn suspend_seccomp(tid: Tid) -> bool {
    let options = PTRACE_O_TRACESYSGOOD | PTRACE_O_SUSPEND_SECCOMP;
    // SAFETY: the request takes options in data, no pointer.
    unsafe { ptrace(libc::PTRACE_SETOPTIONS, tid, 0, options) }.is_ok()
}

/// Whether ptrace() itself is forbidden here, by a seccomp filter: the kernel
/// would say that the calling thread is no tracee of its own.
pub(crate) fn tracing_is_filtered() -> bool {
    // SAFETY: no pointers.
    let me = Tid(unsafe { call!(libc::SYS_gettid) }.unwrap_or(0) as i32);
    interrupt(me) != Err(Errno::ESRCH)
}

/// Makes a running tracee stop.
pub(crate) fn interrupt(tid: Tid) -> Result<(), Errno> {
    // SAFETY: no arguments.
    unsafe { ptrace(PTRACE_INTERRUPT, tid, 0, 0) }.map(|_| ())
}

/// Lets a stopped tracee go on (`how`: PTRACE_CONT, PTRACE_SYSCALL). That it
/// was killed meanwhile shows at the next wait.
pub(crate) fn resume(how: u32, tid: Tid, signal: c_int) {
    // SAFETY: the requests take a signal in data, no pointer.
    let _ = unsafe { ptrace(how, tid, 0, signal as usize) };
}

/// Lets a stopped tracee go for good.
pub(crate) fn detach(tid: Tid, signal: c_int) -> bool {
    // SAFETY: the request takes a signal in data, no pointer.
    unsafe { ptrace(libc::PTRACE_DETACH, tid, 0, signal as usize) }.is_ok()
}

const PTRACE_GETREGSET: u32 = 0x4204;
const PTRACE_SETREGSET: u32 = 0x4205;
/// x86's, and the same on every processor that has them.
const PTRACE_GETREGS: u32 = 12;
const PTRACE_SETREGS: u32 = 13;
const NT_PRSTATUS: c_int = 1;

/// The general registers of a stopped tracee. ENOTSUP: they are those of
/// another, smaller processor.
pub(crate) fn registers(tid: Tid) -> Result<arch::Registers, Errno> {
    let mut registers = arch::Registers::zeroed();
    match arch::REGISTER_ACCESS {
        RegisterAccess::Plain => {
            // SAFETY: the request writes one register set of the processor.
            unsafe { ptrace(PTRACE_GETREGS, tid, 0, registers.as_mut_ptr() as usize) }?;
        }
        RegisterAccess::Set => {
            let size = size_of::<arch::Registers>();
            // SAFETY: any bytes are a value of these integers.
            let bytes = unsafe { core::slice::from_raw_parts_mut(registers.as_mut_ptr().cast(), size) };
            if register_set(tid, NT_PRSTATUS, bytes)? != size {
                return Err(Errno::ENOTSUP);
            }
        }
    }
    Ok(registers)
}

/// A tracee that was killed meanwhile has no use for registers.
pub(crate) fn set_registers(tid: Tid, registers: &arch::Registers) {
    match arch::REGISTER_ACCESS {
        RegisterAccess::Plain => {
            // SAFETY: the request reads one register set of the processor.
            let _ = unsafe { ptrace(PTRACE_SETREGS, tid, 0, registers.as_ptr() as usize) };
        }
        RegisterAccess::Set => {
            // SAFETY: plain integers, without padding.
            let bytes = unsafe { core::slice::from_raw_parts(registers.as_ptr().cast(), size_of::<arch::Registers>()) };
            set_register_set(tid, NT_PRSTATUS, bytes);
        }
    }
}

/// A register set of a stopped tracee, by its note type; how many bytes it has.
pub(crate) fn register_set(tid: Tid, note: c_int, into: &mut [u8]) -> Result<usize, Errno> {
    let mut part = libc::iovec { iov_base: into.as_mut_ptr().cast(), iov_len: into.len() };
    // SAFETY: the request writes at most so many bytes there, and says how many.
    unsafe { ptrace(PTRACE_GETREGSET, tid, note as usize, &raw mut part as usize) }?;
    Ok(part.iov_len)
}

/// Puts a register set back.
pub(crate) fn set_register_set(tid: Tid, note: c_int, bytes: &[u8]) {
    let part = libc::iovec { iov_base: bytes.as_ptr() as *mut _, iov_len: bytes.len() };
    // SAFETY: the request reads so many bytes.
    let _ = unsafe { ptrace(PTRACE_SETREGSET, tid, note as usize, &raw const part as usize) };
}

/// Memory of a stopped tracee, also where it is execute-only or
/// process_vm_readv() is missing.
pub(crate) fn read_tracee(tid: Tid, address: usize, into: &mut [u8]) -> Result<(), Errno> {
    const WORD: usize = size_of::<usize>();
    if into.len() > WORD && read_memory(tid, address, into) == Ok(into.len()) {
        return Ok(());
    }
    for (i, part) in into.chunks_mut(WORD).enumerate() {
        let mut word = [0; WORD];
        // SAFETY: the raw request stores one word through data.
        unsafe { ptrace(libc::PTRACE_PEEKDATA, tid, address + i * WORD, word.as_mut_ptr() as usize) }?;
        part.copy_from_slice(&word[..part.len()]);
    }
    Ok(())
}

/// Only for memory that the library has mapped there itself. Whole words.
pub(crate) fn write_tracee(tid: Tid, address: usize, bytes: &[u8]) -> Result<(), Errno> {
    const WORD: usize = size_of::<usize>();
    if write_memory(tid, address, bytes) == Ok(bytes.len()) {
        return Ok(());
    }
    for (i, part) in bytes.chunks(WORD).enumerate() {
        let mut word = [0; WORD];
        word[..part.len()].copy_from_slice(part);
        // SAFETY: the request takes the word itself in data.
        unsafe { ptrace(libc::PTRACE_POKEDATA, tid, address + i * WORD, usize::from_ne_bytes(word)) }?;
    }
    Ok(())
}

/// The signal mask of a stopped tracee.
pub(crate) fn signal_mask(tid: Tid) -> Option<SignalSet> {
    let mut mask: SignalSet = 0;
    // SAFETY: the request takes the set's size in addr and a set in data.
    unsafe { ptrace(PTRACE_GETSIGMASK, tid, SET_SIZE, &raw mut mask as usize) }.ok()?;
    Some(mask)
}

/// Puts another mask in place of a stopped tracee's; the old one.
pub(crate) fn swap_signal_mask(tid: Tid, mask: SignalSet) -> Option<SignalSet> {
    let old = signal_mask(tid)?;
    // SAFETY: the request takes the set's size in addr and a set in data.
    unsafe { ptrace(PTRACE_SETSIGMASK, tid, SET_SIZE, &raw const mask as usize) }.ok()?;
    Some(old)
}

/// Where the thread's `struct rseq` is; none if it has none registered.
pub(crate) fn rseq_area(tid: Tid) -> Option<usize> {
    // struct ptrace_rseq_configuration: pointer, size, signature, flags, padding.
    let mut configuration = [0u64; 3];
    let size = size_of_val(&configuration);
    // SAFETY: the request writes at most `size` bytes.
    unsafe { ptrace(PTRACE_GET_RSEQ_CONFIGURATION, tid, size, configuration.as_mut_ptr() as usize) }.ok()?;
    Some(configuration[0] as usize).filter(|&area| area != 0)
}

/// `struct ptrace_sud_config`: mode, selector, offset, length.
pub(crate) type SyscallUserDispatch = [u64; 4];

/// Switches syscall user dispatch off in a stopped tracee; its setting, if it was on.
pub(crate) fn switch_off_user_dispatch(tid: Tid) -> Option<SyscallUserDispatch> {
    let mut setting: SyscallUserDispatch = [0; 4];
    let size = size_of_val(&setting);
    // SAFETY: the request writes at most `size` bytes.
    let got = unsafe { ptrace(PTRACE_GET_SYSCALL_USER_DISPATCH_CONFIG, tid, size, setting.as_mut_ptr() as usize) };
    if got.is_err() || setting[0] == 0 {
        return None;
    }
    let setting = as_it_was_set(setting);
    // What could not be switched on again stays on; a call is trapped then.
    (restore_user_dispatch(tid, &setting) && restore_user_dispatch(tid, &[0; 4])).then_some(setting)
}

/// The range of PR_SYS_DISPATCH_INCLUSIVE_ON (since Linux 6.17) is shown turned
/// inside out, and as PR_SYS_DISPATCH_EXCLUSIVE_ON, which would refuse it so
/// (`task_set_syscall_user_dispatch`, kernel/entry/syscall_user_dispatch.c).
fn as_it_was_set([mode, selector, offset, len]: SyscallUserDispatch) -> SyscallUserDispatch {
    const INCLUSIVE_ON: u64 = 2;
    let end = offset.wrapping_add(len);
    if offset != 0 && end <= offset {
        [INCLUSIVE_ON, selector, end, len.wrapping_neg()]
    } else {
        [mode, selector, offset, len]
    }
}

pub(crate) fn restore_user_dispatch(tid: Tid, setting: &SyscallUserDispatch) -> bool {
    let size = size_of_val(setting);
    // SAFETY: the request reads `size` bytes.
    unsafe { ptrace(PTRACE_SET_SYSCALL_USER_DISPATCH_CONFIG, tid, size, setting.as_ptr() as usize) }.is_ok()
}
