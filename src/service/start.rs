// SPDX-License-Identifier: MIT OR Apache-2.0
//! The beginning and the end of a service: mman_peer_serve() and its stop, and
//! what becomes of it in a child of fork().
//!
//! Two threads of libc's, so that setuid() and its like, which libc carries
//! through all of its threads, reach them, too. Both have every signal of the
//! application's blocked. The *server* has a table of descriptors of its own.
//! The *guardian* keeps the application's, and does nothing but wait: if all
//! threads of the application have ended, the process must end as it would have
//! without a service, by exit() of its last thread, whose streams are flushed
//! to the application's descriptors. So the guardian is the last.
//!
//! Not for signal handlers, but for mman_peer_serve_stop() nothing here waits
//! for anybody but these two.

use super::server::{End, Server};
use crate::errno::Errno;
use crate::sys::{self, Incarnation, Scope, SignalsBlocked, Tid, Wake};
use core::ffi::c_void;
use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use core::time::Duration;
use libc::c_int;

/// Of each of the two threads; what the deepest call takes is a tenth of it.
const STACK_SIZE: usize = 64 * 1024;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    None = 0,
    Changing = 1,
    Serving = 2,
}

/// Which process serves, and whether it does, in one word: a pid has 22 bits
/// (PID_MAX_LIMIT). A child of fork() finds its parent there, and so no service.
static STATE: AtomicU64 = AtomicU64::new(0);
const PHASE_SHIFT: u32 = 30;

fn state(own: Incarnation, phase: Phase) -> u64 {
    own.0 | (phase as u64) << PHASE_SHIFT
}

/// Whether orders to map are taken; without, it hands on regions and does no more.
static TAKES_ORDERS: AtomicBool = AtomicBool::new(false);

pub(super) fn takes_orders() -> bool {
    TAKES_ORDERS.load(Ordering::Relaxed)
}

/// 0 until the server has begun; then 1, or 1 and the errno that kept it from that.
static BEGUN: AtomicU32 = AtomicU32::new(0);
/// What the guardian waits for: 0, or how the service ends.
static END: AtomicU32 = AtomicU32::new(0);
const TOLD: u32 = 1;
const ALONE: u32 = 2;

struct Thread {
    handle: AtomicUsize,
    /// 0 until it has begun.
    tid: AtomicU32,
    /// Its stack, with the thread-locals on it, and where that ends.
    stack: [AtomicUsize; 2],
}

impl Thread {
    const fn new() -> Thread {
        Thread { handle: AtomicUsize::new(0), tid: AtomicU32::new(0), stack: [const { AtomicUsize::new(0) }; 2] }
    }
}

static GUARDIAN: Thread = Thread::new();
static SERVER: Thread = Thread::new();

/// Whether a range of memory holds something that the service stands on.
pub(super) fn stands_on(start: usize, end: usize) -> bool {
    [&GUARDIAN, &SERVER].into_iter().any(|thread| {
        let [low, high] = &thread.stack;
        start < high.load(Ordering::Relaxed) && low.load(Ordering::Relaxed) < end
    })
}

/// Starts the service of this process, if it has none.
pub(crate) fn serve() -> Result<(), Errno> {
    start(true)
}

/// Likewise, but a service that has to be started takes no orders: it only hands
/// on what `regions` has for others.
pub(crate) fn serve_regions() -> Result<(), Errno> {
    start(false)
}

fn start(takes_orders: bool) -> Result<(), Errno> {
    // A set-uid program acts with rights that who started it does not have.
    // SAFETY: reads the vector that the kernel left at process start.
    if unsafe { libc::getauxval(libc::AT_SECURE) } != 0 {
        return Err(Errno::EPERM);
    }
    if claim() == Phase::Serving {
        TAKES_ORDERS.fetch_or(takes_orders, Ordering::Relaxed);
        release(Phase::Serving);
        return Ok(());
    }
    TAKES_ORDERS.store(takes_orders, Ordering::Relaxed);
    let begun = begin();
    release(if begun.is_ok() { Phase::Serving } else { Phase::None });
    begun
}

/// Ends the service of this process; when it returns, its threads are gone.
pub(crate) fn stop() {
    if claim() == Phase::Serving {
        announce(&END, TOLD);
        join(&GUARDIAN);
        join(&SERVER);
    }
    release(Phase::None);
}

/// The service of every process that this one forks: for MMAN_PEER_SERVE=1.
///
/// fork() returns in the parent when the child serves, since a peer may be
/// called at once. A child that does not come to that is not waited for longer
/// than `CHILD_BEGINS`.
pub(crate) fn serve_in_children() {
    extern "C" {
        fn pthread_atfork(
            before: Option<extern "C" fn()>,
            in_parent: Option<extern "C" fn()>,
            in_child: Option<extern "C" fn()>,
        ) -> c_int;
    }
    // SAFETY: the functions stay, as the library does (nodelete).
    let _ = unsafe { pthread_atfork(Some(before_fork), Some(in_parent), Some(in_child)) };
}

const CHILD_BEGINS: Duration = Duration::from_millis(100);

/// The word by which the child of the calling thread's fork() says that it
/// serves, in a page that the two share; null outside of a fork().
fn child_serves() -> &'static mut *mut AtomicU32 {
    extern "C" {
        fn mman_peer_thread_child_serves() -> *mut *mut c_void;
    }
    // SAFETY: a thread-local of the calling thread, used by this file's handlers only.
    unsafe { &mut *mman_peer_thread_child_serves().cast() }
}

extern "C" fn before_fork() {
    let serves = STATE.load(Ordering::Acquire) == state(sys::incarnation(), Phase::Serving);
    *child_serves() = match serves.then(|| sys::map_shared(sys::page_size())) {
        Some(Ok(page)) => page as *mut AtomicU32,
        _ => core::ptr::null_mut(),
    };
}

extern "C" fn in_parent() {
    let word = core::mem::replace(child_serves(), core::ptr::null_mut());
    // SAFETY: null, or the page of `before_fork`, which is unmapped below.
    if let Some(serves) = unsafe { word.as_ref() } {
        let until = sys::now() + CHILD_BEGINS;
        while serves.load(Ordering::Acquire) == 0 && sys::now() < until {
            sys::wait_while(serves, 0, Scope::Shared, Some(CHILD_BEGINS));
        }
        sys::unmap(word as usize, sys::page_size());
    }
}

extern "C" fn in_child() {
    let word = core::mem::replace(child_serves(), core::ptr::null_mut());
    // SAFETY: as in the parent; the child has its own view of the page.
    if let Some(serves) = unsafe { word.as_ref() } {
        let _ = serve();
        serves.store(1, Ordering::Release);
        sys::wake(serves, Scope::Shared, Wake::All);
        sys::unmap(word as usize, sys::page_size());
    }
}

/// Keeps other threads from starting or stopping; the phase of before.
fn claim() -> Phase {
    let own = sys::incarnation();
    let changing = state(own, Phase::Changing);
    loop {
        let before = STATE.load(Ordering::Acquire);
        if before == changing {
            sys::pause_for(Duration::from_micros(100));
        } else if STATE.compare_exchange(before, changing, Ordering::AcqRel, Ordering::Relaxed).is_ok() {
            return if before == state(own, Phase::Serving) { Phase::Serving } else { Phase::None };
        }
    }
}

fn release(phase: Phase) {
    STATE.store(state(sys::incarnation(), phase), Ordering::Release);
}

fn begin() -> Result<(), Errno> {
    BEGUN.store(0, Ordering::Relaxed);
    END.store(0, Ordering::Relaxed);
    // Inherited by both. Those that libc keeps for itself they let in.
    let _blocked = SignalsBlocked::new();
    create(&GUARDIAN, guardian)?;
    await_change(&GUARDIAN.tid);
    let begun = create(&SERVER, server).and_then(|()| match await_change(&BEGUN) {
        1 => Ok(()),
        errno => {
            join(&SERVER);
            Err(Errno((errno - 1) as i32))
        }
    });
    if begun.is_err() {
        announce(&END, TOLD);
        join(&GUARDIAN);
    }
    begun
}

/// Waits until the word is not 0; what it is then.
fn await_change(word: &AtomicU32) -> u32 {
    loop {
        match word.load(Ordering::Acquire) {
            0 => sys::wait_while(word, 0, Scope::Process, None),
            value => return value,
        }
    }
}

fn announce(word: &AtomicU32, value: u32) {
    word.store(value, Ordering::Release);
    sys::wake(word, Scope::Process, Wake::All);
}

fn create(thread: &Thread, body: extern "C" fn(*mut c_void) -> *mut c_void) -> Result<(), Errno> {
    let mut attributes = MaybeUninit::<libc::pthread_attr_t>::uninit();
    let mut handle: libc::pthread_t = 0;
    thread.tid.store(0, Ordering::Relaxed);
    // SAFETY: the attributes are initialised, used and destroyed; the functions
    // take no argument; the thread lives until it is joined.
    unsafe {
        libc::pthread_attr_init(attributes.as_mut_ptr());
        libc::pthread_attr_setstacksize(attributes.as_mut_ptr(), STACK_SIZE);
        let mut failed = libc::pthread_create(&raw mut handle, attributes.as_ptr(), body, core::ptr::null_mut());
        libc::pthread_attr_destroy(attributes.as_mut_ptr());
        if failed == libc::EINVAL {
            // The program's thread-locals, which lie on each stack, are larger than that.
            failed = libc::pthread_create(&raw mut handle, core::ptr::null(), body, core::ptr::null_mut());
        }
        if failed != 0 {
            return Err(Errno(failed));
        }
        if libc::pthread_getattr_np(handle, attributes.as_mut_ptr()) == 0 {
            let (mut start, mut size) = (core::ptr::null_mut(), 0);
            libc::pthread_attr_getstack(attributes.as_ptr(), &raw mut start, &raw mut size);
            libc::pthread_attr_destroy(attributes.as_mut_ptr());
            let [low, high] = &thread.stack;
            low.store(start as usize, Ordering::Relaxed);
            high.store(start as usize + size, Ordering::Relaxed);
        }
    }
    thread.handle.store(handle as usize, Ordering::Release);
    Ok(())
}

fn join(thread: &Thread) {
    // SAFETY: one of our threads, joined by one thread only: who has claimed
    // the phase, or the guardian at the very end.
    unsafe { libc::pthread_join(thread.handle.load(Ordering::Acquire) as libc::pthread_t, core::ptr::null_mut()) };
    // libc lets go of a thread at its mm_release(); until release_task() the
    // kernel still counts it as one of the process.
    sys::await_thread_gone(Tid(thread.tid.load(Ordering::Acquire) as i32));
    for bound in &thread.stack {
        bound.store(0, Ordering::Relaxed);
    }
}

/// Both threads begin with every signal blocked, also those two that libc
/// sends to its threads itself: setuid() would wait for them for ever.
fn let_libcs_signals_in() {
    const LIBCS: sys::SignalSet = sys::signal_bit(32) | sys::signal_bit(33) | sys::signal_bit(34);
    let own = LIBCS & (sys::signal_bit(libc::SIGRTMIN()) - 1);
    sys::set_signal_mask(sys::SignalSet::MAX & !own);
}

extern "C" fn guardian(_: *mut c_void) -> *mut c_void {
    let_libcs_signals_in();
    announce(&GUARDIAN.tid, sys::gettid().0 as u32);
    // Told to end, it goes first: that is what tells the server.
    if await_change(&END) == ALONE {
        join(&SERVER);
    }
    core::ptr::null_mut()
}

extern "C" fn server(_: *mut c_void) -> *mut c_void {
    let_libcs_signals_in();
    SERVER.tid.store(sys::gettid().0 as u32, Ordering::Release);
    match Server::new(Tid(GUARDIAN.tid.load(Ordering::Acquire) as i32)) {
        Err(errno) => announce(&BEGUN, 1 + errno.0 as u32),
        Ok(server) => {
            announce(&BEGUN, 1);
            if server.run(&|| END.load(Ordering::Acquire) == TOLD) == End::Alone {
                announce(&END, ALONE);
            }
        }
    }
    core::ptr::null_mut()
}
