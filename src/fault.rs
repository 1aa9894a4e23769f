// SPDX-License-Identifier: MIT OR Apache-2.0
//! Why a call failed: the errno that the caller gets, and fixed-size facts
//! from which one sentence with the remedy is written afterwards.
//!
//! A `Fault` is a small value. It is made anywhere, also while a thread of the
//! target is held; it becomes text only in `ffi/mod.rs`, when nothing is held.

use crate::errno::Errno;
use core::fmt;

/// A failed call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fault {
    pub errno: Errno,
    pub why: Why,
}

/// The facts behind an errno.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Why {
    /// A sentence that needs no facts.
    Says(&'static str),
    NoProcess {
        pid: i32,
    },
    NotALeader {
        tid: i32,
        pid: i32,
    },
    Zombie {
        pid: i32,
    },
    Ended {
        pid: i32,
    },
    KernelThread {
        pid: i32,
    },
    OtherUser {
        pid: i32,
        theirs: u32,
        ours: u32,
    },
    Yama {
        pid: i32,
        scope: u8,
        ours: i32,
    },
    /// Under Yama's scope 1, without its consent.
    SeveralThreads {
        pid: i32,
    },
    Undumpable {
        pid: i32,
    },
    TracingDenied {
        pid: i32,
    },
    SeccompStrict {
        pid: i32,
    },
    SeccompFilter {
        pid: i32,
    },
    Trapped {
        pid: i32,
    },
    /// MMAN_PEER_ENGINE=service, and there is none.
    NoService {
        pid: i32,
    },
    /// The service refuses the caller.
    ServiceForbids {
        pid: i32,
    },
    /// The service leaves it to the other engine, which MMAN_PEER_ENGINE=service shuts out.
    NotByService {
        pid: i32,
    },
    /// The service did not come to the order in time.
    ServiceSilent {
        pid: i32,
    },
    /// A program of another width, or of x32.
    OtherAbi {
        pid: i32,
        wide: bool,
    },
    HeldBy {
        pid: i32,
        tracer: i32,
    },
    OutOfReach {
        pid: i32,
        state: u8,
    },
    /// Not all threads could be stopped at once.
    OthersRun {
        pid: i32,
        state: u8,
    },
    Frozen {
        pid: i32,
    },
    Signals {
        pid: i32,
    },
    LeftBehind {
        pid: i32,
    },
    NoHelper {
        errno: Errno,
    },
    WaitInterrupted {
        pid: i32,
    },
    Procfs {
        pid: i32,
        errno: Errno,
    },
    OthersProcfs {
        pid: i32,
    },
    OwnTable {
        errno: Errno,
    },
    /// A descriptor of the caller that does not serve.
    Descriptor {
        fd: i32,
        says: &'static str,
    },
    /// /dev/mem, or what stands in for it, could not be opened.
    PhysicalMemory {
        errno: Errno,
        stand_in: bool,
    },
    /// No contiguous memory: the bytes wanted, and a huge page that would hold them (0: none would).
    NotContiguous {
        len: usize,
        huge_page: usize,
    },
    /// Frame numbers are hidden.
    NoFrameNumbers {
        pid: i32,
    },
    NotMapped {
        pid: i32,
        addr: usize,
    },
    /// The target would lose a lock that it has on the object.
    RecordLock {
        pid: i32,
    },
    /// The descriptor could not be brought into the target.
    Carry {
        pid: i32,
        errno: Errno,
        at: &'static str,
    },
    /// The kernel refused a call made in the calling process.
    OwnKernel {
        call: &'static str,
        errno: Errno,
    },
    /// The kernel refused the call itself, made in the target.
    Kernel {
        call: &'static str,
        errno: Errno,
        hint: &'static str,
    },
}

impl Fault {
    pub const fn new(errno: Errno, why: Why) -> Fault {
        Fault { errno, why }
    }

    pub const fn says(errno: Errno, sentence: &'static str) -> Fault {
        Fault { errno, why: Why::Says(sentence) }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.errno, self.why)
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Why::Says(sentence) => f.write_str(sentence),
            Why::NoProcess { pid } => write!(f, "there is no process {pid}"),
            Why::NotALeader { tid, pid } if pid > 0 => {
                write!(f, "{tid} is a thread of process {pid}: name the process")
            }
            Why::NotALeader { tid, .. } => write!(f, "{tid} is a thread, not a process: name its process"),
            Why::Zombie { pid } => write!(f, "process {pid} has ended and waits for its parent to collect it"),
            Why::Ended { pid } => write!(f, "process {pid} ended during the call"),
            Why::KernelThread { pid } => write!(f, "{pid} is a kernel thread: it has no address space"),
            Why::OtherUser { pid, theirs, ours } => write!(
                f,
                "process {pid} belongs to user {theirs}, the caller is user {ours}: run as that user, or as root (CAP_SYS_PTRACE)"
            ),
            Why::Yama { pid, scope: 1, ours } => write!(
                f,
                "kernel.yama.ptrace_scope is 1 and process {pid} is no descendant of process {ours}: let it call mman_peer_allow({ours}) or mman_peer_serve(), give the caller CAP_SYS_PTRACE, or set kernel.yama.ptrace_scope to 0"
            ),
            Why::Yama { pid, scope: 2, .. } => write!(
                f,
                "kernel.yama.ptrace_scope is 2, so process {pid} can be traced with CAP_SYS_PTRACE only: give it to the caller, let the process call mman_peer_serve(), or set kernel.yama.ptrace_scope lower"
            ),
            Why::Yama { pid, scope, .. } => write!(
                f,
                "kernel.yama.ptrace_scope is {scope}, so nobody may trace process {pid}, until the next boot: let it call mman_peer_serve(), or start it with MMAN_PEER_SERVE=1"
            ),
            Why::SeveralThreads { pid } => write!(
                f,
                "all threads of process {pid} have to stand still for a moment, and without its consent a thread of the caller's does the tracing (kernel.yama.ptrace_scope is 1), which can hold one: let it call mman_peer_allow(), or give the caller CAP_SYS_PTRACE"
            ),
            Why::Undumpable { pid } => write!(
                f,
                "process {pid} protects its memory (a set-uid or set-capability program, changed ids, or PR_SET_DUMPABLE 0): let it call mman_peer_serve() or prctl(PR_SET_DUMPABLE, 1), or give the caller CAP_SYS_PTRACE"
            ),
            Why::TracingDenied { pid } => write!(
                f,
                "the kernel does not let the caller trace process {pid}: another user or group id, a user namespace, a seccomp filter or a security module (AppArmor, SELinux, Landlock) forbids it; CAP_SYS_PTRACE over the target is needed, or a service in it (mman_peer_serve())"
            ),
            Why::SeccompStrict { pid } => write!(
                f,
                "process {pid} is in strict seccomp mode, in which a mapping call would kill it: only a caller with CAP_SYS_ADMIN can map there"
            ),
            Why::SeccompFilter { pid } => write!(
                f,
                "process {pid} has a seccomp filter, under which only plain mmap and munmap are safe: map anonymous memory, let it serve (mman_peer_serve()), or give the caller CAP_SYS_ADMIN, and no seccomp filter of its own"
            ),
            Why::Trapped { pid } => write!(
                f,
                "process {pid} traps its system calls (a seccomp filter or syscall user dispatch), so the call was not made: give the caller CAP_SYS_ADMIN, and no seccomp filter of its own"
            ),
            Why::NoService { pid } => write!(
                f,
                "MMAN_PEER_ENGINE=service, and process {pid} has no service: let it call mman_peer_serve(), start it with MMAN_PEER_SERVE=1, or set MMAN_PEER_ENGINE to auto"
            ),
            Why::ServiceForbids { pid } => write!(
                f,
                "the service of process {pid} serves root and its own user only, as its user namespace knows them"
            ),
            Why::NotByService { pid } => write!(
                f,
                "the service of process {pid} cannot do this to itself (its own stack, another width): set MMAN_PEER_ENGINE to auto"
            ),
            Why::ServiceSilent { pid } => write!(
                f,
                "the service of process {pid} did not answer in time (stopped, frozen, or very busy), and the call was called off: try again, or raise MMAN_PEER_TIMEOUT_MS"
            ),
            Why::OtherAbi { pid, wide: true } => write!(
                f,
                "process {pid} is a 64-bit program, and the caller a 32-bit one, which cannot hold its addresses: build the caller for 64 bits"
            ),
            Why::OtherAbi { pid, .. } => write!(
                f,
                "process {pid} is a program of a 32-bit ABI that the library does not reach (x32 on x86, 32-bit programs on aarch64): build it for the ordinary one"
            ),
            Why::HeldBy { pid, tracer } if tracer > 0 => write!(
                f,
                "process {pid} is traced by process {tracer} (a debugger, strace, or another caller of this library): let it detach, then try again"
            ),
            Why::HeldBy { pid, .. } => write!(f, "process {pid} is traced by another process just now: try again"),
            Why::OutOfReach { pid, state: b'R' } => write!(
                f,
                "process {pid} did not come to run in time on this busy machine: try again, or raise MMAN_PEER_TIMEOUT_MS"
            ),
            Why::OutOfReach { pid, state } => write!(
                f,
                "no thread of process {pid} could be stopped in time (state {}: uninterruptible sleep, a vfork() whose child still runs, an exec() that does not get on, or frozen): try again later, or raise MMAN_PEER_TIMEOUT_MS",
                state as char
            ),
            Why::OthersRun { pid, state: b't' } => write!(
                f,
                "a thread of process {pid} is held by a debugger, and all have to stand still for a moment: let it detach, then try again"
            ),
            Why::OthersRun { pid, state: 0 } => write!(
                f,
                "another process shares the memory of process {pid} (vfork(), or clone() with CLONE_VM), and cannot be made to stand still: try again when it has ended"
            ),
            Why::OthersRun { pid, state } => write!(
                f,
                "not all threads of process {pid} could be made to stand still in time (one is in state {}): try again, or raise MMAN_PEER_TIMEOUT_MS",
                state as char
            ),
            Why::Frozen { pid } => write!(f, "process {pid} is frozen (cgroup freezer): thaw it, then try again"),
            Why::Signals { pid } => write!(f, "process {pid} takes signals without end: try again"),
            Why::LeftBehind { pid } => write!(
                f,
                "process {pid} got out of reach in the middle of the call (a debugger, a freezer, its own filters or rights); what the call has made, a page and up to two descriptors may be left in it"
            ),
            Why::NoHelper { errno } => write!(
                f,
                "the helper process could not be made ({errno}): the limit of processes (RLIMIT_NPROC, pids.max) or a seccomp filter on clone() stands in the way"
            ),
            Why::WaitInterrupted { pid } => {
                write!(f, "a signal arrived while the call waited for process {pid}; nothing was done: call again")
            }
            Why::Procfs { pid, errno } => {
                write!(f, "/proc could not be read for process {pid} ({errno}): mount it, without hidepid for the caller")
            }
            Why::OthersProcfs { pid } => write!(
                f,
                "/proc is that of another pid namespace, where process {pid} is another one: mount the caller's own (mount -t proc proc /proc, or unshare --mount-proc)"
            ),
            Why::OwnTable { errno } => write!(
                f,
                "the caller has no descriptor free ({errno}), and needs two for the call: close some, or raise RLIMIT_NOFILE (for ENFILE fs.file-max)"
            ),
            Why::Descriptor { fd, says } => write!(f, "descriptor {fd} {says}"),
            Why::PhysicalMemory { errno, stand_in: true } => {
                write!(f, "the file named by MMAN_PEER_PHYSMEM could not be opened ({errno})")
            }
            Why::PhysicalMemory { errno: errno @ (Errno::EACCES | Errno::EPERM), .. } => write!(
                f,
                "/dev/mem could not be opened ({errno}): it takes root with CAP_SYS_RAWIO and a kernel that is not locked down; to do without, let MMAN_PEER_PHYSMEM name a file that stands in for it"
            ),
            Why::PhysicalMemory { errno, .. } => write!(
                f,
                "/dev/mem could not be opened ({errno}): the kernel lacks it (CONFIG_DEVMEM); let MMAN_PEER_PHYSMEM name a file that stands in for it"
            ),
            Why::NotContiguous { len, huge_page: 0 } => {
                write!(f, "{len} bytes cannot be had contiguous: no huge page is that large, and there is no DMA heap over CMA")
            }
            Why::NotContiguous { len, huge_page } => write!(
                f,
                "{len} bytes cannot be had contiguous: no huge page of {} KiB is free, and no DMA heap over CMA; reserve one (hugepages-{}kB/nr_hugepages in /sys/kernel/mm/hugepages, or vm.nr_hugepages)",
                huge_page / 1024,
                huge_page / 1024
            ),
            Why::NoFrameNumbers { pid } => write!(
                f,
                "the kernel hides the physical addresses of process {pid}: the caller needs CAP_SYS_ADMIN to read them"
            ),
            Why::NotMapped { pid, addr } => write!(f, "nothing is mapped at {addr:#x} in process {pid}"),
            Why::RecordLock { pid } => write!(
                f,
                "process {pid} holds a record lock (F_SETLK) on the file, which the kernel would drop when the descriptor that is brought into it is closed there: let it serve (mman_peer_serve()), or lock with F_OFD_SETLK"
            ),
            Why::Carry { pid, errno, at } => {
                write!(f, "the descriptor could not be brought into process {pid}: {at} answered {errno}")?;
                match errno {
                    Errno::EMFILE => f.write_str("; raise its RLIMIT_NOFILE, or let it close some"),
                    Errno::ENFILE => f.write_str("; raise fs.file-max"),
                    _ => Ok(()),
                }
            }
            Why::OwnKernel { call, errno } => write!(f, "{call} in the calling process answered {errno}"),
            Why::Kernel { call, errno, hint } => {
                write!(f, "{call} in the target answered {errno}")?;
                if hint.is_empty() {
                    Ok(())
                } else {
                    write!(f, ": {hint}")
                }
            }
        }
    }
}
