// SPDX-License-Identifier: MIT OR Apache-2.0
//! Raw system calls: those that libc lacks, hides, or makes cancellation
//! points, and those used where libc's errno must not be touched.
//!
//! Every function here is async-signal-safe, allocates nothing, and answers
//! with a value. They know nothing of peers or of this library's purpose.

use crate::arch;
use crate::errno::Errno;
use libc::c_long;

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

mod files;
mod futex;
mod incarnation;
mod letter;
mod memory;
mod process;
mod signals;
mod sockets;
mod time;
mod tracee;

pub(crate) use files::*;
pub(crate) use futex::*;
pub(crate) use incarnation::*;
pub(crate) use letter::*;
pub(crate) use memory::*;
pub(crate) use process::*;
pub(crate) use signals::*;
pub(crate) use sockets::*;
pub(crate) use time::*;
pub(crate) use tracee::*;

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
