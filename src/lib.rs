// SPDX-License-Identifier: MIT OR Apache-2.0
//! QNX's mmap_peer(), mmap64_peer() and munmap_peer() for Linux: mappings are
//! created and removed in the address space of another process, which goes on
//! as if nothing had happened.
//!
//! The library is made for C; see `<sys/mman_peer.h>` and the README. One call
//! goes down this list, and its result comes back up it; no file calls one
//! above its own line:
//!
//! | room | files | its matter |
//! |---|---|---|
//! | edge | `ffi/` | C types, errno |
//! | call | `call` | the order of events |
//! | hall | `request`, `flags`, `companions` | what is wanted, in terms of Linux; pure |
//! | doors | `peer`, `carry`, `phys`, `route`, `load` | who is meant, which way, what is brought along |
//! | engine | `inject/`, `perform` | stop, call, put back, let go |
//! | engine | `service/`, `perform` | the target does it itself when asked |
//! | cellar | `sys`, `procfs`, `arch/`, `errno`, `fault`, `env`, `text` | raw calls and values |

#[cfg(not(target_os = "linux"))]
compile_error!("mman_peer is for Linux");

// Tests unwind, and cargo builds the library they link that way, too.
#[cfg(all(panic = "unwind", not(debug_assertions)))]
compile_error!("mman_peer must be built with panic=abort: a panic must not unwind into C");

mod arch;
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
mod request;
mod route;
mod service;
mod sys;
mod text;
