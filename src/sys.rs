// SPDX-License-Identifier: MIT OR Apache-2.0
//! Raw system calls: those that libc lacks, hides, or makes cancellation
//! points, and those used where libc's errno must not be touched.
//!
//! Every function here is async-signal-safe, allocates nothing, and answers
//! with a value. It knows nothing of peers or of this library's purpose.

use crate::arch;
use crate::errno::Errno;
use core::mem::{size_of, MaybeUninit};
use core::time::Duration;
use libc::{c_int, c_long, c_void};

/// A thread id. Never a process id by accident: a process is named by its leader's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Tid(pub i32);

/// One system call.
///
/// # Safety
/// The arguments must be what the call of that number demands.
#[inline(always)]
pub(crate) unsafe fn call(number: c_long, arguments: [usize; 6]) -> Result<usize, Errno> {
    // SAFETY: the caller's contract is the same.
    Errno::split(unsafe { arch::syscall(number as usize, arguments) })
}

/// A system call with as many arguments as it takes.
macro_rules! call {
    ($number:expr $(,)?) => { call($number, [0, 0, 0, 0, 0, 0]) };
    ($number:expr, $a:expr $(,)?) => { call($number, [$a as usize, 0, 0, 0, 0, 0]) };
    ($number:expr, $a:expr, $b:expr $(,)?) => { call($number, [$a as usize, $b as usize, 0, 0, 0, 0]) };
    ($number:expr, $a:expr, $b:expr, $c:expr $(,)?) => { call($number, [$a as usize, $b as usize, $c as usize, 0, 0, 0]) };
    ($number:expr, $a:expr, $b:expr, $c:expr, $d:expr $(,)?) => { call($number, [$a as usize, $b as usize, $c as usize, $d as usize, 0, 0]) };
    ($number:expr, $a:expr, $b:expr, $c:expr, $d:expr, $e:expr $(,)?) => { call($number, [$a as usize, $b as usize, $c as usize, $d as usize, $e as usize, 0]) };
    ($number:expr, $a:expr, $b:expr, $c:expr, $d:expr, $e:expr, $f:expr $(,)?) => { call($number, [$a as usize, $b as usize, $c as usize, $d as usize, $e as usize, $f as usize]) };
}

/// A descriptor of the calling process, closed when dropped. Closing is a raw
/// call: libc's close() is a cancellation point.
#[derive(Debug)]
pub(crate) struct Descriptor(c_int);

impl Descriptor {
    pub fn number(&self) -> c_int {
        self.0
    }
}

impl Drop for Descriptor {
    fn drop(&mut self) {
        // SAFETY: the number is ours by construction.
        let _ = unsafe { call!(libc::SYS_close, self.0) };
    }
}

pub(crate) fn getpid() -> i32 {
    // SAFETY: no arguments.
    unsafe { call!(libc::SYS_getpid) }.unwrap_or(0) as i32
}

#[cfg(test)]
pub(crate) fn gettid() -> Tid {
    // SAFETY: no arguments.
    Tid(unsafe { call!(libc::SYS_gettid) }.unwrap_or(0) as i32)
}

pub(crate) fn geteuid() -> u32 {
    // SAFETY: no arguments.
    unsafe { call!(libc::SYS_geteuid) }.unwrap_or(0) as u32
}

/// The size of a page of the running kernel.
pub(crate) fn page_size() -> usize {
    // SAFETY: getauxval reads the vector that the kernel left at process start.
    match unsafe { libc::getauxval(libc::AT_PAGESZ) } as usize {
        0 => 4096,
        size => size,
    }
}

/// CLOCK_MONOTONIC.
pub(crate) fn now() -> Duration {
    let mut t = MaybeUninit::<libc::timespec>::zeroed();
    // SAFETY: t is writable; clock_gettime is async-signal-safe (POSIX) and no cancellation point.
    let t = unsafe {
        libc::clock_gettime(libc::CLOCK_MONOTONIC, t.as_mut_ptr());
        t.assume_init()
    };
    Duration::new(t.tv_sec as u64, t.tv_nsec as u32)
}

/// Sleeps once; a signal may end it early.
pub(crate) fn pause_for(time: Duration) {
    let t = libc::timespec { tv_sec: time.as_secs() as _, tv_nsec: time.subsec_nanos() as _ };
    // SAFETY: t outlives the call; no remaining time is asked for.
    let _ = unsafe { call!(libc::SYS_nanosleep, &raw const t, 0) };
}

// ---- files ----------------------------------------------------------------

/// open(2) of an existing file, close-on-exec. `path` ends with a NUL.
pub(crate) fn open(path: &[u8], flags: c_int) -> Result<Descriptor, Errno> {
    debug_assert_eq!(path.last(), Some(&0));
    // SAFETY: path is a NUL-terminated string that outlives the call.
    unsafe { call!(libc::SYS_openat, libc::AT_FDCWD, path.as_ptr(), flags | libc::O_CLOEXEC) }
        .map(|fd| Descriptor(fd as c_int))
}

pub(crate) fn read(fd: &Descriptor, into: &mut [u8]) -> Result<usize, Errno> {
    // SAFETY: the buffer is writable for its length.
    unsafe { call!(libc::SYS_read, fd.0, into.as_mut_ptr(), into.len()) }
}

pub(crate) fn getdents64(fd: &Descriptor, into: &mut [u8]) -> Result<usize, Errno> {
    // SAFETY: the buffer is writable for its length.
    unsafe { call!(libc::SYS_getdents64, fd.0, into.as_mut_ptr(), into.len()) }
}

/// One write(2) to standard error; a short or failed write is not repeated.
pub(crate) fn write_stderr(text: &[u8]) {
    // SAFETY: the buffer is readable for its length.
    let _ = unsafe { call!(libc::SYS_write, libc::STDERR_FILENO, text.as_ptr(), text.len()) };
}

/// The status flags of a descriptor (F_GETFL), among them its access mode.
pub(crate) fn status_flags(fd: c_int) -> Result<c_int, Errno> {
    // SAFETY: F_GETFL takes no pointer.
    unsafe { call!(libc::SYS_fcntl, fd, libc::F_GETFL, 0) }.map(|v| v as c_int)
}

pub(crate) fn fstat(fd: c_int) -> Result<libc::stat, Errno> {
    let mut st = MaybeUninit::<libc::stat>::zeroed();
    // SAFETY: st is writable; libc's stat is the kernel's on the supported processors.
    unsafe { call!(libc::SYS_fstat, fd, st.as_mut_ptr()) }?;
    // SAFETY: zeroed, then filled by the kernel.
    Ok(unsafe { st.assume_init() })
}

/// The file system's magic number (statfs(2)).
pub(crate) fn file_system(fd: c_int) -> Result<i64, Errno> {
    let mut st = MaybeUninit::<libc::statfs>::zeroed();
    // SAFETY: st is writable for a struct statfs.
    unsafe { call!(libc::SYS_fstatfs, fd, st.as_mut_ptr()) }?;
    // SAFETY: zeroed, then filled by the kernel.
    Ok(unsafe { st.assume_init() }.f_type as i64)
}

// ---- processes ------------------------------------------------------------

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

/// Whether the thread belongs to the process (tgkill with signal 0).
pub(crate) fn thread_belongs(pid: i32, tid: Tid) -> bool {
    // SAFETY: no pointers; signal 0 is never delivered.
    let asked = unsafe { call!(libc::SYS_tgkill, pid, tid.0, 0) };
    asked != Err(Errno::ESRCH)
}

/// kill(2) with signal 0.
pub(crate) fn process_exists(pid: i32) -> bool {
    // SAFETY: no pointers; signal 0 is never delivered.
    let asked = unsafe { call!(libc::SYS_kill, pid, 0) };
    asked != Err(Errno::ESRCH)
}

/// process_vm_readv(2): bytes of another process; how many were read.
pub(crate) fn read_memory(tid: Tid, address: usize, into: &mut [u8]) -> Result<usize, Errno> {
    let local = libc::iovec { iov_base: into.as_mut_ptr().cast(), iov_len: into.len() };
    let remote = libc::iovec { iov_base: address as *mut c_void, iov_len: into.len() };
    // SAFETY: local is writable for its length; remote is not ours to dereference.
    unsafe { call!(libc::SYS_process_vm_readv, tid.0, &raw const local, 1, &raw const remote, 1, 0) }
}

/// process_vm_writev(2).
pub(crate) fn write_memory(tid: Tid, address: usize, bytes: &[u8]) -> Result<usize, Errno> {
    let local = libc::iovec { iov_base: bytes.as_ptr() as *mut c_void, iov_len: bytes.len() };
    let remote = libc::iovec { iov_base: address as *mut c_void, iov_len: bytes.len() };
    // SAFETY: local is readable for its length and not written.
    unsafe { call!(libc::SYS_process_vm_writev, tid.0, &raw const local, 1, &raw const remote, 1, 0) }
}

/// Reads one byte of each page of the range, or writes a zero there, which
/// brings the pages in. Ends quietly where that is not possible.
pub(crate) fn touch_pages(tid: Tid, address: usize, len: usize, page: usize, write: bool) {
    const BATCH: usize = 64;
    let number = if write { libc::SYS_process_vm_writev } else { libc::SYS_process_vm_readv };
    let mut bytes = [0u8; BATCH];
    let mut at = address;
    let end = address.saturating_add(len);
    while at < end {
        let mut remote = [libc::iovec { iov_base: core::ptr::null_mut(), iov_len: 1 }; BATCH];
        let mut count = 0;
        for place in &mut remote {
            if at < end {
                place.iov_base = at as *mut c_void;
                at += page;
                count += 1;
            }
        }
        let local = libc::iovec { iov_base: bytes.as_mut_ptr().cast(), iov_len: count };
        // SAFETY: bytes has room for one from each page; the remote addresses are the kernel's to check.
        let done = unsafe { call!(number, tid.0, &raw const local, 1, remote.as_ptr(), count, 0) };
        if done != Ok(count) {
            return;
        }
    }
}

// ---- signals --------------------------------------------------------------

/// A kernel signal set: 64 signals, bit n-1 for signal n.
pub(crate) type SignalSet = u64;
const SET_SIZE: usize = size_of::<SignalSet>();

pub(crate) const fn signal_bit(signal: c_int) -> SignalSet {
    1 << (signal - 1)
}

/// rt_sigprocmask(SIG_SETMASK): the raw call, which also reaches the two
/// real-time signals that libc keeps for itself. The old mask.
pub(crate) fn set_signal_mask(mask: SignalSet) -> SignalSet {
    let mut old: SignalSet = 0;
    // SAFETY: both sets outlive the call.
    let _ = unsafe {
        call!(libc::SYS_rt_sigprocmask, libc::SIG_SETMASK, &raw const mask, &raw mut old, SET_SIZE)
    };
    old
}

pub(crate) fn pending_signals() -> SignalSet {
    let mut set: SignalSet = 0;
    // SAFETY: set is writable.
    let _ = unsafe { call!(libc::SYS_rt_sigpending, &raw mut set, SET_SIZE) };
    set
}

/// Whether the process has a handler of its own for the signal.
pub(crate) fn has_handler(signal: c_int) -> bool {
    // The kernel's struct begins with the handler on every supported processor.
    let mut action = [0usize; 8];
    // SAFETY: the kernel's struct sigaction is four words, the buffer eight.
    let asked = unsafe { call!(libc::SYS_rt_sigaction, signal, 0, action.as_mut_ptr(), SET_SIZE) };
    asked.is_ok() && action[0] != libc::SIG_DFL && action[0] != libc::SIG_IGN
}

/// All signals of the calling thread are blocked while this lives.
pub(crate) struct SignalsBlocked {
    before: SignalSet,
}

impl SignalsBlocked {
    pub fn new() -> SignalsBlocked {
        SignalsBlocked { before: set_signal_mask(SignalSet::MAX) }
    }

    /// The signals that wait for the mask to be put back.
    pub fn due(&self) -> SignalSet {
        pending_signals() & !self.before
    }

    /// Lets the signals in that are due, and blocks all again.
    pub fn let_in(&self) {
        set_signal_mask(self.before);
        set_signal_mask(SignalSet::MAX);
    }
}

impl Drop for SignalsBlocked {
    fn drop(&mut self) {
        set_signal_mask(self.before);
    }
}

// ---- ptrace ---------------------------------------------------------------

/// ptrace(2), raw: PEEK requests store through `data` instead of returning.
///
/// # Safety
/// `address` and `data` must be what the request demands.
#[inline]
pub(crate) unsafe fn ptrace(request: u32, tid: Tid, address: usize, data: usize) -> Result<usize, Errno> {
    // SAFETY: the caller's contract is the same.
    unsafe { call!(libc::SYS_ptrace, request, tid.0, address, data) }
}

/// wait4(2) for one task of any kind (__WALL): its id and status.
pub(crate) fn wait4(tid: Tid, options: c_int) -> Result<Option<c_int>, Errno> {
    let mut status: c_int = 0;
    // SAFETY: status is writable; no rusage is asked for.
    let got = unsafe { call!(libc::SYS_wait4, tid.0, &raw mut status, options | libc::__WALL, 0) }?;
    Ok((got != 0).then_some(status))
}

/// waitid(2) that takes a stop, if there is one, and never an exit.
pub(crate) fn take_stop(tid: Tid) {
    let mut info = MaybeUninit::<libc::siginfo_t>::zeroed();
    let options = libc::WSTOPPED | libc::WNOHANG | libc::__WALL;
    // SAFETY: info is writable; no rusage is asked for.
    let _ = unsafe { call!(libc::SYS_waitid, libc::P_PID, tid.0, info.as_mut_ptr(), options, 0) };
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

/// The number of links of a file: for a directory of /proc, its entries and two.
pub(crate) fn links(path: &[u8]) -> Result<u64, Errno> {
    debug_assert_eq!(path.last(), Some(&0));
    let mut st = MaybeUninit::<libc::stat>::zeroed();
    // SAFETY: path is a NUL-terminated string; st is writable.
    unsafe { call!(libc::SYS_newfstatat, libc::AT_FDCWD, path.as_ptr(), st.as_mut_ptr(), 0) }?;
    // SAFETY: zeroed, then filled by the kernel.
    Ok(unsafe { st.assume_init() }.st_nlink as u64)
}

pub(crate) fn yield_cpu() {
    // SAFETY: no arguments.
    let _ = unsafe { call!(libc::SYS_sched_yield) };
}

/// Private anonymous memory of the caller's.
pub(crate) fn map_private(len: usize) -> Result<usize, Errno> {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_STACK;
    // SAFETY: a new mapping at a place of the kernel's choice touches nothing.
    unsafe { call!(libc::SYS_mmap, 0, len, libc::PROT_READ | libc::PROT_WRITE, flags, -1i32, 0) }
}

pub(crate) fn unmap_private(start: usize, len: usize) {
    // SAFETY: callers pass what map_private gave them, and use it no more.
    let _ = unsafe { call!(libc::SYS_munmap, start, len) };
}

/// From now on a blocking call of this process returns EINTR at each tick.
/// Only for a process whose handlers and timers are its own: a helper.
pub(crate) fn tick_every(interval: Duration) {
    extern "C" fn nothing(_: c_int) {}
    // SAFETY: sigaction with an empty handler and a full mask; libc adds the
    // return trampoline, takes no lock (but for SIGABRT), and no SA_RESTART is
    // what makes the call return. The timer's structure outlives its call.
    unsafe {
        let mut action: libc::sigaction = core::mem::zeroed();
        action.sa_sigaction = nothing as extern "C" fn(c_int) as usize;
        libc::sigfillset(&raw mut action.sa_mask);
        libc::sigaction(libc::SIGALRM, &raw const action, core::ptr::null_mut());
        set_signal_mask(SignalSet::MAX & !signal_bit(libc::SIGALRM));
        let time = libc::timeval { tv_sec: 0, tv_usec: interval.subsec_micros() as _ };
        let every = libc::itimerval { it_interval: time, it_value: time };
        let _ = call!(libc::SYS_setitimer, libc::ITIMER_REAL, &raw const every, 0);
    }
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

// ---- a tracee -------------------------------------------------------------
// These name what they do; the bare requests are in ptrace(2).

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
pub(crate) fn seize(tid: Tid, suspend_seccomp: bool) -> Result<(), Errno> {
    let options = PTRACE_O_TRACESYSGOOD | if suspend_seccomp { PTRACE_O_SUSPEND_SECCOMP } else { 0 };
    // SAFETY: the request takes options in data, no pointer.
    unsafe { ptrace(PTRACE_SEIZE, tid, 0, options) }.map(|_| ())
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
pub(crate) fn detach(tid: Tid, signal: c_int) {
    // SAFETY: the request takes a signal in data, no pointer.
    let _ = unsafe { ptrace(libc::PTRACE_DETACH, tid, 0, signal as usize) };
}

pub(crate) fn registers(tid: Tid) -> Result<arch::Registers, Errno> {
    let mut registers = arch::Registers::zeroed();
    // SAFETY: the request writes one register set of the processor.
    unsafe { ptrace(libc::PTRACE_GETREGS, tid, 0, registers.as_mut_ptr() as usize) }?;
    Ok(registers)
}

/// A tracee that was killed meanwhile has no use for registers.
pub(crate) fn set_registers(tid: Tid, registers: &arch::Registers) {
    // SAFETY: the request reads one register set of the processor.
    let _ = unsafe { ptrace(libc::PTRACE_SETREGS, tid, 0, registers.as_ptr() as usize) };
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

/// Puts another mask in place of a stopped tracee's; the old one.
pub(crate) fn swap_signal_mask(tid: Tid, mask: SignalSet) -> Option<SignalSet> {
    let mut old: SignalSet = 0;
    // SAFETY: both requests take the set's size in addr and a set in data.
    unsafe {
        ptrace(PTRACE_GETSIGMASK, tid, SET_SIZE, &raw mut old as usize).ok()?;
        ptrace(PTRACE_SETSIGMASK, tid, SET_SIZE, &raw const mask as usize).ok()?;
    }
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
    let got =
        unsafe { ptrace(PTRACE_GET_SYSCALL_USER_DISPATCH_CONFIG, tid, size, setting.as_mut_ptr() as usize) };
    if got.is_err() || setting[0] == 0 {
        return None;
    }
    restore_user_dispatch(tid, &[0; 4]);
    Some(setting)
}

pub(crate) fn restore_user_dispatch(tid: Tid, setting: &SyscallUserDispatch) {
    let size = size_of_val(setting);
    // SAFETY: the request reads `size` bytes.
    let _ =
        unsafe { ptrace(PTRACE_SET_SYSCALL_USER_DISPATCH_CONFIG, tid, size, setting.as_ptr() as usize) };
}

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
        let header = &*base.cast::<libc::Elf64_Ehdr>();
        let headers = base.add(header.e_phoff as usize).cast::<libc::Elf64_Phdr>();
        (0..usize::from(header.e_phnum))
            .map(|i| &*headers.add(i))
            .find(|h| h.p_type == libc::PT_LOAD && h.p_flags & libc::PF_X != 0 && h.p_offset == 0)
            .map(|h| core::slice::from_raw_parts(base, h.p_filesz as usize))
    }
}

// ---- passing a descriptor -------------------------------------------------

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
            && header.cmsg_len as usize == unsafe { libc::CMSG_LEN(size_of::<c_int>() as u32) } as usize;
        (one && self.message.msg_controllen > 0).then_some(self.control.fd)
    }
}
