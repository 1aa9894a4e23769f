// SPDX-License-Identifier: MIT OR Apache-2.0
//! What loading the library does: it reads the settings, and admits this
//! process's own descendants under Yama's scope 1, so that QNX's documented
//! example (a child that maps into its parent) works there as it stands. Both
//! are one system call at most; MMAN_PEER_ALLOW=none leaves the second out.
//!
//! With MMAN_PEER_SERVE=1 it also starts the service, here and in every process
//! that is forked from this one. Where that fails, peers inject.

use crate::env::{self, Allow};
use crate::errno::Errno;
use crate::service::start;
use crate::sys;

#[used]
#[link_section = ".init_array"]
static WHEN_LOADED: extern "C" fn() = when_loaded;

extern "C" fn when_loaded() {
    env::load();
    sys::tell_children_apart();
    if env::settings().serve && start::serve().is_ok() {
        start::serve_in_children();
    }
    let consent = match env::settings().allow {
        Allow::Nobody => return,
        Allow::Descendants => Consent::To(sys::getpid()),
        Allow::Anybody => Consent::ToAnybody,
    };
    // Nothing to be done where it fails: without Yama nobody asks for consent.
    let _ = give(consent);
}

/// Who may trace this process beside its ancestors, where Yama asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Consent {
    ToNobody,
    ToAnybody,
    /// A process and its descendants.
    To(i32),
}

/// prctl(PR_SET_PTRACER). Without Yama the kernel does not know the call
/// (EINVAL), and no consent is needed: that is a success.
pub(crate) fn give(consent: Consent) -> Result<(), Errno> {
    let (who, pid) = match consent {
        Consent::ToNobody => (0, None),
        Consent::ToAnybody => (libc::PR_SET_PTRACER_ANY as usize, None),
        Consent::To(pid) => (pid as usize, Some(pid)),
    };
    match sys::prctl(libc::PR_SET_PTRACER, who) {
        // Yama says EINVAL of a pid that does not exist; so must we without Yama.
        Err(Errno::EINVAL) if pid.is_none_or(sys::process_exists) => Ok(()),
        Err(Errno::EINVAL) => Err(Errno::ESRCH),
        done => done,
    }
}
