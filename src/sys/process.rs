// SPDX-License-Identifier: MIT OR Apache-2.0
//! Processes and threads: who we are, who others are, and whether they are
//! still there.

use super::files::Descriptor;
use super::{call, now, yield_cpu, Tid, Timespec};
use crate::arch;
use crate::errno::Errno;
use core::mem::MaybeUninit;
use core::time::Duration;
use libc::c_int;

pub(crate) fn getpid() -> i32 {
    // SAFETY: no arguments.
    unsafe { call!(libc::SYS_getpid) }.unwrap_or(0) as i32
}

pub(crate) fn gettid() -> Tid {
    // SAFETY: no arguments.
    Tid(unsafe { call!(libc::SYS_gettid) }.unwrap_or(0) as i32)
}

pub(crate) fn geteuid() -> u32 {
    // SAFETY: no arguments.
    unsafe { call!(arch::GETEUID) }.unwrap_or(0) as u32
}

pub(crate) fn getegid() -> u32 {
    // SAFETY: no arguments; async-signal-safe.
    unsafe { libc::getegid() }
}

/// The real and the effective user of the calling thread.
pub(crate) fn users() -> (u32, u32) {
    // SAFETY: no arguments.
    (unsafe { call!(arch::GETUID) }.unwrap_or(0) as u32, geteuid())
}

/// The real and the saved user of the calling thread.
pub(crate) fn real_and_saved_user() -> Result<(u32, u32), Errno> {
    let (mut real, mut effective, mut saved) = (0u32, 0u32, 0u32);
    // SAFETY: three integers are writable.
    unsafe { call!(arch::GETRESUID, &raw mut real, &raw mut effective, &raw mut saved) }?;
    Ok((real, saved))
}

/// The capabilities of a thread (capget(2)): effective, permitted and
/// inheritable, 64 bits of each.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Capabilities {
    pub effective: u64,
    pub permitted: u64,
    pub inheritable: u64,
}

/// _LINUX_CAPABILITY_VERSION_3.
const CAPABILITY_VERSION: u32 = 0x2008_0522;

/// Of any thread; 0 is the calling one.
pub(crate) fn capabilities(tid: Tid) -> Result<Capabilities, Errno> {
    let mut header = [CAPABILITY_VERSION, tid.0 as u32];
    let mut low_and_high = [[0u32; 3]; 2];
    // SAFETY: struct __user_cap_header_struct and two of __user_cap_data_struct.
    unsafe { call!(libc::SYS_capget, header.as_mut_ptr(), low_and_high.as_mut_ptr()) }?;
    let [low, high] = low_and_high;
    let both = |i: usize| u64::from(low[i]) | u64::from(high[i]) << 32;
    Ok(Capabilities { effective: both(0), permitted: both(1), inheritable: both(2) })
}

/// Sets those of the calling thread; only fewer are allowed.
pub(crate) fn set_capabilities(to: &Capabilities) -> Result<(), Errno> {
    let mut header = [CAPABILITY_VERSION, 0];
    let words = [to.effective, to.permitted, to.inheritable];
    let low_and_high = [words.map(|w| w as u32), words.map(|w| (w >> 32) as u32)];
    // SAFETY: as above; the data is read.
    unsafe { call!(libc::SYS_capset, header.as_mut_ptr(), low_and_high.as_ptr()) }.map(|_| ())
}

/// The number that the kernel gives a process, and never again to another,
/// since Linux 6.9: the inode of its pidfd.
pub(crate) fn process_number(pidfd: &Descriptor) -> Option<u64> {
    const PID_FS_MAGIC: u32 = 0x5049_4446;
    super::files::is_on(pidfd, PID_FS_MAGIC).then(|| super::files::fstat(pidfd.0).ok().map(|st| st.st_ino)).flatten()
}

/// The process group of a process.
pub(crate) fn process_group(pid: i32) -> Option<i32> {
    // SAFETY: no pointers.
    unsafe { call!(libc::SYS_getpgid, pid) }.ok().map(|group| group as i32)
}

/// Whether the calling process is of a group, effectively or as one of its others.
pub(crate) fn is_of_group(group: u32) -> bool {
    let mut groups = [0 as libc::gid_t; 256];
    // With more groups than that the call fails, and none counts.
    // SAFETY: both only ask, and at most so many are written; getgroups() is async-signal-safe.
    let (own, count) = unsafe { (libc::getegid(), libc::getgroups(groups.len() as c_int, groups.as_mut_ptr())) };
    own == group || groups.iter().take(count.max(0) as usize).any(|&g| g == group)
}

/// The size of a page of the running kernel.
pub(crate) fn page_size() -> usize {
    // SAFETY: getauxval reads the vector that the kernel left at process start.
    match unsafe { libc::getauxval(libc::AT_PAGESZ) } as usize {
        0 => 4096,
        size => size,
    }
}

/// pidfd_open(2), since Linux 5.3. Close-on-exec by definition.
pub(crate) fn pidfd_open(pid: i32) -> Result<Descriptor, Errno> {
    // SAFETY: no pointers.
    unsafe { call!(libc::SYS_pidfd_open, pid, 0) }.map(|fd| Descriptor(fd as c_int))
}

/// pidfd_open(2) of a thread that need not be a leader, since Linux 6.9.
pub(crate) fn pidfd_open_thread(tid: Tid) -> Result<Descriptor, Errno> {
    const PIDFD_THREAD: c_int = libc::O_EXCL;
    // SAFETY: no pointers.
    unsafe { call!(libc::SYS_pidfd_open, tid.0, PIDFD_THREAD) }.map(|fd| Descriptor(fd as c_int))
}

/// pidfd_getfd(2), since Linux 5.6.
pub(crate) fn pidfd_getfd(pidfd: &Descriptor, theirs: c_int) -> Result<Descriptor, Errno> {
    // SAFETY: no pointers.
    unsafe { call!(libc::SYS_pidfd_getfd, pidfd.0, theirs, 0) }.map(|fd| Descriptor(fd as c_int))
}

/// Whether the process of the pidfd has not ended (signal 0).
pub(crate) fn pidfd_alive(pidfd: &Descriptor) -> bool {
    // SAFETY: no siginfo is passed.
    let asked = unsafe { call!(libc::SYS_pidfd_send_signal, pidfd.0, 0, 0, 0) };
    asked != Err(Errno::ESRCH)
}

/// Whether the process of the pidfd has ended with all its threads: then it
/// is readable (pidfd_open(2)).
pub(crate) fn pidfd_ended(pidfd: &Descriptor) -> bool {
    let mut asked = libc::pollfd { fd: pidfd.0, events: libc::POLLIN, revents: 0 };
    let at_once = Timespec { seconds: 0, nanoseconds: 0 };
    // SAFETY: both structures outlive the call; no mask is passed.
    let ready = unsafe { call!(libc::SYS_ppoll, &raw mut asked, 1, &raw const at_once, 0, 0) };
    ready.is_ok_and(|n| n > 0)
}

/// Whether the thread belongs to the process (tgkill with signal 0).
pub(crate) fn thread_belongs(pid: i32, tid: Tid) -> bool {
    // SAFETY: no pointers; signal 0 is never delivered.
    let asked = unsafe { call!(libc::SYS_tgkill, pid, tid.0, 0) };
    asked != Err(Errno::ESRCH)
}

/// What has left user mode takes less to be gone. A debugger may hold it, and a
/// seccomp filter deny to look, so nobody waits longer.
const IS_GONE: Duration = Duration::from_millis(100);

/// Waits until a thread of this process that has left user mode is out of the
/// kernel's count, and traces nobody (`exit_notify`, `release_task`).
pub(crate) fn await_thread_gone(tid: Tid) {
    let (pid, until) = (getpid(), now() + IS_GONE);
    while thread_belongs(pid, tid) && now() < until {
        yield_cpu();
    }
}

/// Waits until a process that has left user mode is a zombie, and traces nobody:
/// its pidfd is woken after that (`exit_notify`).
pub(crate) fn await_process_ended(pid: i32) {
    let until = now() + IS_GONE;
    let Ok(pidfd) = pidfd_open(pid) else { return };
    while !pidfd_ended(&pidfd) && now() < until {
        yield_cpu();
    }
}

/// kill(2) with signal 0.
pub(crate) fn process_exists(pid: i32) -> bool {
    // SAFETY: no pointers; signal 0 is never delivered.
    let asked = unsafe { call!(libc::SYS_kill, pid, 0) };
    asked != Err(Errno::ESRCH)
}

/// wait4(2) for one task of any kind (__WALL): its id and status.
pub(crate) fn wait4(tid: Tid, options: c_int) -> Result<Option<c_int>, Errno> {
    let mut status: c_int = 0;
    // SAFETY: status is writable; no rusage is asked for.
    let got = unsafe { call!(libc::SYS_wait4, tid.0, &raw mut status, options | libc::__WALL, 0) }?;
    Ok((got != 0).then_some(status))
}

/// Collects the children and tracees that have ended. A stop is left to who waits for it.
pub(super) fn collect_the_ended() {
    let options = libc::WEXITED | libc::WNOHANG | libc::__WALL;
    loop {
        let mut info = MaybeUninit::<libc::siginfo_t>::zeroed();
        let look = options | libc::WNOWAIT;
        // SAFETY: info is writable; no rusage is asked for.
        let asked = unsafe { call!(libc::SYS_waitid, libc::P_ALL, 0, info.as_mut_ptr(), look, 0) };
        // SAFETY: zeroed, and filled by the kernel if there is one.
        let info = unsafe { info.assume_init() };
        // A tracee's stop is reported unasked (`wait_task_stopped`).
        if asked.is_err() || !matches!(info.si_code, libc::CLD_EXITED | libc::CLD_KILLED | libc::CLD_DUMPED) {
            return;
        }
        // SAFETY: waitid() fills the pid, and was asked for it.
        let pid = unsafe { info.si_pid() };
        // SAFETY: neither siginfo nor rusage is asked for.
        if unsafe { call!(libc::SYS_waitid, libc::P_PID, pid, 0, options, 0) }.is_err() {
            return;
        }
    }
}

/// Whether two processes have one address space (kcmp(2)); false where the
/// kernel cannot tell.
pub(crate) fn same_memory(a: i32, b: i32) -> bool {
    const KCMP_VM: c_int = 1;
    // SAFETY: no pointers.
    let compared = unsafe { call!(libc::SYS_kcmp, a, b, KCMP_VM, 0, 0) };
    compared == Ok(0)
}

/// Whether the calling thread has the table of descriptors of the process's first one
/// (kcmp(2)), which it may have left (unshare(2)); false where the kernel cannot tell.
pub(crate) fn has_the_leaders_descriptors() -> bool {
    const KCMP_FILES: c_int = 2;
    let (pid, tid) = (getpid(), gettid().0);
    // SAFETY: no pointers.
    pid == tid || unsafe { call!(libc::SYS_kcmp, pid, tid, KCMP_FILES, 0, 0) } == Ok(0)
}

/// prctl(2) with one argument.
pub(crate) fn prctl(option: c_int, argument: usize) -> Result<(), Errno> {
    // SAFETY: used with options that take no pointer (PR_SET_PTRACER).
    unsafe { call!(libc::SYS_prctl, option, argument, 0, 0, 0) }.map(|_| ())
}

/// A process group of its own: what is sent to the old one (Ctrl-Z, kill(0,
/// SIGKILL)) does not arrive. setsid(2) would do that, too, but costs as much
/// as the helper itself where the kernel groups its scheduling by sessions
/// (CONFIG_SCHED_AUTOGROUP).
pub(crate) fn leave_process_group() {
    // SAFETY: no pointers.
    let _ = unsafe { call!(libc::SYS_setpgid, 0, 0) };
}

/// On how many processors the calling thread may run.
pub(crate) fn allowed_cpus() -> u32 {
    let mut mask = [0u64; 128];
    // SAFETY: the mask is writable for its size; the kernel says how much it wrote.
    let got = unsafe { call!(libc::SYS_sched_getaffinity, 0, size_of_val(&mask), mask.as_mut_ptr()) };
    mask.iter().take(got.unwrap_or(0).div_ceil(8)).map(|word| word.count_ones()).sum()
}

#[cfg(target_pointer_width = "32")]
use libc::{Elf32_Ehdr as Ehdr, Elf32_Phdr as Phdr};
#[cfg(target_pointer_width = "64")]
use libc::{Elf64_Ehdr as Ehdr, Elf64_Phdr as Phdr};

/// The text of our own vdso, from its start.
pub(crate) fn own_vdso() -> Option<&'static [u8]> {
    // SAFETY: getauxval reads the vector that the kernel left at process start.
    let base = unsafe { libc::getauxval(libc::AT_SYSINFO_EHDR) } as *const u8;
    if base.is_null() {
        return None;
    }
    // SAFETY: the vdso is a valid ELF image that stays mapped; its header and
    // program headers lie at its start, and its one executable segment begins there, too.
    unsafe {
        let header = &*base.cast::<Ehdr>();
        let headers = base.add(header.e_phoff as usize).cast::<Phdr>();
        (0..usize::from(header.e_phnum))
            .map(|i| &*headers.add(i))
            .find(|h| h.p_type == libc::PT_LOAD && h.p_flags & libc::PF_X != 0 && h.p_offset == 0)
            .map(|h| core::slice::from_raw_parts(base, h.p_filesz as usize))
    }
}
