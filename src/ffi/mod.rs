// SPDX-License-Identifier: MIT OR Apache-2.0
//! The one edge to C, one file for each header. C integers become one request,
//! a value comes back, and here alone errno is written: the errno of a
//! failure, or after a success the one from before.
//!
//! Here, too, a failure becomes its sentence (kept for the calling thread) and
//! with MMAN_PEER_DEBUG=1 each call its line. The target runs by then.

mod companions;
mod extras;
mod qnx;
mod utek;

use crate::call::{self, Route};
use crate::env;
use crate::errno::Errno;
use crate::fault::Fault;
use crate::load::{self, Consent};
use crate::request::Request;
use crate::service::start;
use crate::sys;
use crate::text::Text;
use core::ffi::{c_char, c_int, c_void};
use core::fmt::{self, Write};
use libc::pid_t;

const MAP_FAILED: usize = usize::MAX;

fn map(pid: pid_t, addr: *mut c_void, len: usize, prot: c_int, flags: c_int, fd: c_int, off: u64) -> *mut c_void {
    let request = Request { addr: addr as usize, len, prot, flags, fd, off };
    edge(&format_args!("mmap_peer({pid}, {addr:p}, {len}, {prot:#x}, {flags:#x}, {fd}, {off:#x})"), |route| {
        call::map(pid, &request, route)
    })
    .unwrap_or(MAP_FAILED) as *mut c_void
}

fn unmap(pid: pid_t, addr: *mut c_void, len: usize) -> c_int {
    match edge(&format_args!("munmap_peer({pid}, {addr:p}, {len})"), |route| {
        call::unmap(pid, addr as usize, len, route).map(|()| 0)
    }) {
        Some(_) => 0,
        None => -1,
    }
}

fn allow(pid: pid_t) -> c_int {
    let consent = match pid {
        -1 => Ok(Consent::ToAnybody),
        0 => Ok(Consent::ToNobody),
        1.. => Ok(Consent::To(pid)),
        _ => Err(Fault::says(Errno::EINVAL, "pid is neither a process nor -1 (any) nor 0 (nobody)")),
    };
    let given = |_: &mut Route| {
        load::give(consent?).map(|()| 0).map_err(|errno| match errno {
            Errno::ESRCH => Fault::new(errno, crate::fault::Why::NoProcess { pid }),
            _ => Fault::says(errno, "prctl(PR_SET_PTRACER) was refused"),
        })
    };
    match edge(&format_args!("mman_peer_allow({pid})"), given) {
        Some(_) => 0,
        None => -1,
    }
}

fn serve() -> c_int {
    let refused = |errno| match errno {
        Errno::EPERM => Fault::says(errno, "a set-uid program serves nobody: its rights are not its user's"),
        Errno::EADDRINUSE => Fault::says(errno, "another process listens under this one's name"),
        Errno::ENOSYS => Fault::says(errno, "a service needs Linux 5.9 (close_range)"),
        _ => Fault::says(errno, "the service's threads or its socket could not be made"),
    };
    let started = edge(&format_args!("mman_peer_serve()"), |_| start::serve().map(|()| 0).map_err(refused));
    started.map_or(-1, |_| 0)
}

fn serve_stop() -> c_int {
    let stopped = edge(&format_args!("mman_peer_serve_stop()"), |_| {
        start::stop();
        Ok(0)
    });
    stopped.map_or(-1, |_| 0)
}

fn utek(pid: c_int, from: usize, to: usize, len: usize, prot: u32, share: bool) -> c_int {
    let request = crate::utek::request::Request { pid, from, to, len, prot, share };
    let share = u8::from(share);
    edge(&format_args!("utek_mmap({pid}, {from:#x}, {to:#x}, {len}, {prot:#x}, {share})"), |route| {
        crate::utek::map(&request, route).map(|()| 0)
    })
    .map_or(-1, |_| 0)
}

/// Runs a call between the errno of before and the errno of after.
fn edge(call: &dyn fmt::Display, work: impl FnOnce(&mut Route) -> Result<usize, Fault>) -> Option<usize> {
    // SAFETY: the calling thread's own errno, readable at any time.
    let errno = unsafe { &mut *libc::__errno_location() };
    let before = *errno;
    let mut route = Route::default();
    let result = work(&mut route);
    if let Err(fault) = &result {
        keep(fault);
    }
    if env::settings().debug {
        debug_line(call, &route, &result);
    }
    *errno = match &result {
        Ok(_) => before,
        Err(fault) => fault.errno.0,
    };
    result.ok()
}

/// The calling thread's room for a sentence, and its size.
fn note() -> (*mut u8, usize) {
    extern "C" {
        fn mman_peer_thread_note(size: *mut libc::c_ulong) -> *mut c_char;
    }
    let mut size = 0;
    // SAFETY: fills in the size and returns the thread's area.
    let area = unsafe { mman_peer_thread_note(&raw mut size) };
    (area.cast(), size as usize)
}

fn keep(fault: &Fault) {
    let (area, size) = note();
    // SAFETY: the area is this thread's alone, of that size; a signal handler
    // that fails in between replaces the text, as a later call would.
    let area = unsafe { core::slice::from_raw_parts_mut(area, size) };
    let Some((end, room)) = area.split_last_mut() else { return };
    let mut text = Text::new(room);
    let _ = write!(text, "{fault}");
    let len = text.bytes().len();
    if let Some(terminator) = room.get_mut(len) {
        *terminator = 0;
    }
    *end = 0;
}

fn explain() -> *const c_char {
    note().0.cast()
}

/// One write(2) of one line.
pub(crate) fn debug_line(call: &dyn fmt::Display, route: &Route, result: &Result<usize, Fault>) {
    let mut buffer = [0; 768];
    let (end, room) = (buffer.len() - 1, buffer.len() - 1);
    let mut text = Text::new(&mut buffer[..room]);
    let _ = write!(text, "mman_peer: {} in {call}", sys::getpid());
    let _ = match result {
        Ok(value) => write!(text, " = {value:#x}"),
        Err(fault) => write!(text, " failed: {fault}"),
    };
    let trace = &route.trace;
    let _ = if route.own {
        write!(text, " [own process]")
    } else if route.service {
        write!(text, " [service]")
    } else if trace.attempts > 0 {
        let by = if trace.in_thread { "helper thread" } else { "helper process" };
        write!(text, " [inject by {by}, thread {}, {} stops, {} attempts]", trace.tid, trace.stops, trace.attempts)
    } else {
        Ok(())
    };
    let len = text.bytes().len().min(end);
    buffer[len] = b'\n';
    sys::write_stderr(&buffer[..=len]);
}
