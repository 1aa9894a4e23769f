// SPDX-License-Identifier: MIT OR Apache-2.0
//! The engine of a target that takes part: a thread of its own makes the calls
//! when a peer asks for them over a local socket. Nothing is traced or stopped.
//!
//! `protocol` is what both sides say; `client` asks; `server` answers, inside
//! the target; `start` is the beginning and the end of that thread. A caller
//! that comes often (`regulars`) gets a shared page, a `desk`, at which an order
//! costs no more than two wake-ups. `handing` gives others the objects of ranges
//! that they may map. Like the other engine it knows plans, not QNX; it has never
//! heard of C or errno.
//!
//! Each side trusts the kernel's word on the other, and no other word. The
//! caller makes sure that who listens is the target, before it sends anything;
//! the service asks who has connected, for each order anew.

#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub(crate) mod client;
mod desk;
mod handing;
mod protocol;
mod regulars;
mod server;
pub(crate) mod start;

pub(crate) use protocol::{Answer, OnRange, Order, Range, Wanted};

use crate::sys::{self, Descriptor, SocketName};
use crate::text::Text;
use core::fmt::Write;

/// The name that the service of a process listens on. Where the kernel numbers
/// processes once and for all, it is that number, which is the same in every
/// pid namespace; elsewhere the pid.
fn name_of(pid: i32, pidfd: Option<&Descriptor>) -> SocketName {
    let mut buffer = [0; 48];
    let mut text = Text::new(&mut buffer);
    let _ = match pidfd.and_then(sys::process_number) {
        Some(number) => write!(text, "mman_peer/{number:x}"),
        None => write!(text, "mman_peer/pid {pid}"),
    };
    SocketName::abstract_of(text.bytes())
}
