// SPDX-License-Identifier: MIT OR Apache-2.0
//! Who does the tracing: a helper that lives for one attempt, out of sight of
//! the application's waits, SIGCHLD and handlers, and safe from its death.
//!
//! *Needs*: every signal blocked in the calling thread. *Promises*: when `run`
//! returns, the helper has ended and traces nothing. *Touches*: one of a few
//! stacks that are kept for helpers, or one mapped for the call.
//!
//! The helper is a process that shares the caller's memory and descriptors
//! (CLONE_VM, CLONE_FILES) with a process group and signal handlers of its own: no
//! SIGCHLD announces it (exit signal 0), wait() does not see it (it would take
//! __WALL), a debugger of the caller does not get it (CLONE_UNTRACED), a
//! signal to the caller's process group misses it (setpgid), and SIGKILL of
//! the caller leaves it to finish. The calling thread waits for its end with
//! every signal blocked, so it can neither return nor unwind meanwhile.
//!
//! Under Yama's scope 1 only an ancestor of the target may trace it, and a
//! helper process is none. A helper *thread* counts as the caller
//! (`task_is_descendant`, security/yama/yama_lsm.c). It is the second choice:
//! stops are announced to the application by SIGCHLD, and it dies with it.

use super::wait::{How, Waiting};
use crate::errno::Errno;
use crate::sys::{self, Spinning};
use core::cell::{Cell, UnsafeCell};
use core::ffi::c_void;
use core::ops::Range;
use core::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use core::time::Duration;
use libc::c_int;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Process,
    Thread,
}

struct Job<'w, R> {
    processors: u32,
    kind: Kind,
    slice: Duration,
    work: &'w mut dyn FnMut(&Waiting) -> R,
    answer: Option<R>,
}

const SHARED: c_int = libc::CLONE_VM
    | libc::CLONE_FS
    | libc::CLONE_FILES
    | libc::CLONE_UNTRACED
    | libc::CLONE_PARENT_SETTID
    | libc::CLONE_CHILD_CLEARTID;

/// Runs `work` in a helper. `Ok(None)`: it has ended before its work, by the watchdog
/// (`Waiting::bounded`) or by somebody's hand.
pub(crate) fn run<R>(kind: Kind, slice: Duration, work: &mut dyn FnMut(&Waiting) -> R) -> Result<Option<R>, Errno> {
    let stack = Stack::get()?;
    let processors = sys::allowed_cpus();
    let mut job = Job { processors, kind, slice, work, answer: None };
    let flags = match kind {
        Kind::Process => SHARED,
        Kind::Thread => SHARED | libc::CLONE_THREAD | libc::CLONE_SIGHAND | libc::CLONE_SYSVSEM | libc::CLONE_VFORK,
    };
    // The kernel clears it when the helper has left user mode for good.
    let alive = AtomicI32::new(0);
    // SAFETY: the stack is nobody else's till `stack` is dropped, and outlives
    // the helper's use of it, as the job does: this thread stays here until the
    // helper has ended (the wait below), or at least left user mode
    // (CLONE_VFORK). libc's clone() is a bare wrapper that takes no lock.
    let helper = unsafe {
        let job: *mut c_void = (&raw mut job).cast();
        let no_tls: *mut c_void = core::ptr::null_mut();
        libc::clone(enter::<R>, stack.top(), flags, job, alive.as_ptr(), no_tls, alive.as_ptr())
    };
    if helper == -1 {
        // SAFETY: reads the calling thread's errno, just set by clone().
        return Err(Errno(unsafe { *libc::__errno_location() }));
    }
    if kind == Kind::Thread {
        sys::await_thread_gone(sys::Tid(helper));
    } else {
        const ROUNDS: u32 = 1000;
        let mut ended = Spinning::on(processors).until(ROUNDS, || match sys::wait4(sys::Tid(helper), libc::WNOHANG) {
            Ok(None) => None,
            answer => Some(answer),
        });
        loop {
            match ended.take().unwrap_or_else(|| sys::wait4(sys::Tid(helper), 0)) {
                Err(Errno::EINTR) => {}
                // ECHILD: a wait with __WALL elsewhere in the program took it. That is as good.
                Ok(_) | Err(Errno::ECHILD) => break,
                // A seccomp filter: the helper stays a zombie, but ends. Its pidfd
                // tells when it has let go of what it traced (`exit_notify`).
                Err(_) if alive.load(Ordering::Acquire) == 0 => {
                    sys::await_process_ended(helper);
                    break;
                }
                Err(_) => sys::pause_for(Duration::from_micros(50)),
            }
        }
    }
    Ok(job.answer)
}

/// The helper's first function. It runs on the calling thread's thread-locals,
/// so it may use neither libc's errno for anything that counts nor anything
/// that allocates or locks.
extern "C" fn enter<R>(job: *mut c_void) -> c_int {
    // SAFETY: `run` passes its Job<R>, which stands still until this has ended.
    let job = unsafe { &mut *job.cast::<Job<'_, R>>() };
    let how = match job.kind {
        Kind::Process => {
            sys::leave_process_group();
            How::Blocking { timer: Cell::new(false), several: Cell::new(false), spinning: Spinning::on(job.processors) }
        }
        Kind::Thread => How::Polling,
    };
    job.answer = Some((job.work)(&Waiting { how, slice: job.slice }));
    0
}

// ---- stacks ---------------------------------------------------------------

/// Twice what an attempt needs; a test paints and measures it. Vector registers
/// are saved there, too, and moved once.
const STACK_SIZE: usize = (32 * 1024usize + 4 * crate::arch::VECTOR_BYTES).next_multiple_of(4096);
const KEPT: usize = 8;

#[repr(align(64))]
struct Kept {
    taken: AtomicBool,
    bytes: UnsafeCell<[u8; STACK_SIZE]>,
}

// SAFETY: the bytes are used by whoever has set `taken`, and nobody else.
unsafe impl Sync for Kept {}

/// Stacks that are kept, so that a call need not map, fault in and unmap one.
/// Claimed by one atomic exchange; a fork in the middle of another thread's
/// call leaves the child with one less, and no call ever waits for one: when
/// all are taken, a stack is mapped.
static STACKS: [Kept; KEPT] =
    [const { Kept { taken: AtomicBool::new(false), bytes: UnsafeCell::new([0; STACK_SIZE]) } }; KEPT];

/// The stack of the helper that calls this, by an address on it. The kernel may
/// have it in one mapping with memory of anybody's. One that was mapped for the call
/// is known by its size only.
pub(super) fn stack_around(here: usize) -> Range<usize> {
    for kept in &STACKS {
        let start = kept.bytes.get() as usize;
        if (start..start + STACK_SIZE).contains(&here) {
            return start..start + STACK_SIZE;
        }
    }
    here.saturating_sub(STACK_SIZE)..here.saturating_add(STACK_SIZE)
}

enum Stack {
    Kept(&'static Kept),
    Mapped(usize),
}

impl Stack {
    fn get() -> Result<Stack, Errno> {
        for kept in &STACKS {
            if !kept.taken.swap(true, Ordering::Acquire) {
                return Ok(Stack::Kept(kept));
            }
        }
        sys::map_private(STACK_SIZE).map(Stack::Mapped)
    }

    fn top(&self) -> *mut c_void {
        match self {
            // SAFETY: one past the end of the array.
            Stack::Kept(kept) => unsafe { kept.bytes.get().cast::<u8>().add(STACK_SIZE).cast() },
            Stack::Mapped(start) => (start + STACK_SIZE) as *mut c_void,
        }
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        match self {
            Stack::Kept(kept) => kept.taken.store(false, Ordering::Release),
            Stack::Mapped(start) => sys::unmap(*start, STACK_SIZE),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::{self, Route};
    use crate::request::Request;

    const PAINT: u8 = 0xa5;

    /// A process that waits for its end.
    struct Sleeper(i32);

    impl Sleeper {
        fn new() -> Sleeper {
            // SAFETY: the child calls nothing but pause().
            match unsafe { libc::fork() } {
                0 => loop {
                    // SAFETY: no arguments.
                    unsafe { libc::pause() };
                },
                pid => Sleeper(pid),
            }
        }
    }

    impl Drop for Sleeper {
        fn drop(&mut self) {
            // SAFETY: our own child.
            unsafe {
                libc::kill(self.0, libc::SIGKILL);
                libc::waitpid(self.0, core::ptr::null_mut(), 0);
            }
        }
    }

    #[test]
    fn half_a_kept_stack_is_more_than_a_call_needs() {
        let kept = &STACKS[0];
        assert!(!kept.taken.swap(true, Ordering::Acquire), "no other test makes calls");
        // SAFETY: claimed just now.
        unsafe { core::ptr::write_bytes(kept.bytes.get().cast::<u8>(), PAINT, STACK_SIZE) };
        kept.taken.store(false, Ordering::Release);
        let target = Sleeper::new();
        let file = std::fs::File::open("/proc/self/exe").expect("our own program");
        let fd = std::os::fd::AsRawFd::as_raw_fd(&file);
        for (flags, fd) in [(libc::MAP_SHARED, -1), (libc::MAP_PRIVATE, fd)] {
            let request = Request { addr: 0, len: 1, prot: libc::PROT_READ, flags, fd, off: 0 };
            let mut route = Route::default();
            let start = call::map(target.0, &request, &mut route).expect("a mapping");
            call::unmap(target.0, start, 1, &mut route).expect("its end");
        }
        assert!(!kept.taken.swap(true, Ordering::Acquire));
        // SAFETY: claimed just now; the helpers have ended.
        let bytes = unsafe { &*kept.bytes.get() };
        let used = STACK_SIZE - bytes.iter().take_while(|&&b| b == PAINT).count();
        assert!((1..STACK_SIZE / 2).contains(&used), "{used} bytes used");
        kept.taken.store(false, Ordering::Release);
    }
}
