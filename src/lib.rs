// SPDX-License-Identifier: MIT OR Apache-2.0
//! QNX's mmap_peer(), mmap64_peer() and munmap_peer() for Linux: mappings are
//! created and removed in the address space of another process, which goes on
//! as if nothing had happened.
//!
//! The library is made for C; see `<sys/mman_peer.h>` and the README. A Rust
//! program uses the same rooms through [`Peer`]:
//!
//! ```
//! use mman_peer::{Map, Peer};
//! # use std::process::{Command, Stdio};
//!
//! # fn main() -> Result<(), mman_peer::Error> {
//! let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().expect("cat starts");
//! let peer = Peer::of(child.id())?;
//! let there = peer.map(&Map::anonymous(4096))?;   // an address in the child
//! peer.unmap(there, 4096)?;
//! # drop(child.stdin.take());
//! # assert!(child.wait().expect("the child ends").success());
//! # Ok(())
//! # }
//! ```
//!
//! # How it is built
//!
//! One call goes down this list, and its result comes back up it; no file
//! calls one above its own line:
//!
//! | room | files | its matter |
//! |---|---|---|
//! | edges | `ffi/`, `safe` | C types, errno; the types for Rust |
//! | call | `call` | the order of events |
//! | hall | `request`, `flags`, `companions`, `utek/` | what is wanted, in terms of Linux; pure |
//! | doors | `peer`, `area`, `carry`, `phys`, `route`, `load` | who is meant, which way, what is brought along |
//! | engine | `inject/`, `perform` | stop, call, put back, let go |
//! | engine | `service/`, `perform` | the target does it itself when asked |
//! | cellar | `sys`, `procfs`, `arch/`, `regions`, `errno`, `fault`, `env`, `text` | raw calls and values |

#[cfg(not(target_os = "linux"))]
compile_error!("mman_peer is for Linux");

mod arch;
mod area;
mod call;
mod carry;
mod companions;
mod env;
mod errno;
mod fault;
mod ffi;
mod flags;
mod inject;
mod load;
mod peer;
mod perform;
mod phys;
mod procfs;
mod record_locks;
mod regions;
mod request;
mod route;
mod safe;
mod service;
mod sys;
mod text;
mod utek;

pub use safe::{allow, map_own, unmap_own, version, Consent, Error, Map, Peer, Way};
