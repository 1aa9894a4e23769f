// SPDX-License-Identifier: MIT OR Apache-2.0
//! The settings from the environment, read once: when the library is loaded,
//! before threads and signal handlers exist that could change or interrupt the
//! reading. A set-uid program ignores all of them (secure_getenv(3)).

use core::cell::UnsafeCell;
use core::ffi::CStr;
use core::num::NonZeroUsize;
use core::sync::atomic::{AtomicUsize, Ordering};
use core::time::Duration;
use once_cell::race::OnceNonZeroUsize;

/// Which way to reach the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    Auto,
    Inject,
    Service,
}

/// Whom the library admits under Yama scope 1 when it is loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Allow {
    Nobody,
    Descendants,
    Anybody,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    pub debug: bool,
    pub engine: Engine,
    pub allow: Allow,
    /// Loading the library starts the service.
    pub serve: bool,
    pub timeout: Duration,
}

const DEFAULT_TIMEOUT_MS: u32 = 1000;

/// The settings as one word, so that a cell without a lock can hold them: any
/// thread or handler that comes first stores the same value.
static SETTINGS: OnceNonZeroUsize = OnceNonZeroUsize::new();

pub(crate) fn settings() -> Settings {
    Settings::unpack(SETTINGS.get_or_init(|| Settings::read(from_environment).pack()))
}

/// The file that stands in for physical memory, with its NUL; none if none is named.
pub(crate) fn physmem() -> Option<&'static [u8]> {
    PHYSMEM.get()
}

/// The directory that stands in for the VME devices, with its NUL.
pub(crate) fn vme() -> Option<&'static [u8]> {
    VME.get()
}

struct PathSetting {
    len: AtomicUsize,
    bytes: UnsafeCell<[u8; libc::PATH_MAX as usize]>,
}

// SAFETY: written once, by `load`, before the length says so.
unsafe impl Sync for PathSetting {}

impl PathSetting {
    const fn new() -> PathSetting {
        PathSetting { len: AtomicUsize::new(0), bytes: UnsafeCell::new([0; libc::PATH_MAX as usize]) }
    }

    fn get(&self) -> Option<&[u8]> {
        let len = self.len.load(Ordering::Acquire);
        // SAFETY: `set` has written so many bytes before it stored the length, and nobody writes after it.
        (len > 0).then(|| unsafe { core::slice::from_raw_parts(self.bytes.get().cast(), len) })
    }

    /// Once, before anybody can read.
    fn set(&self, path: Option<&[u8]>) {
        let Some(path) = path else { return };
        if (1..libc::PATH_MAX as usize).contains(&path.len()) {
            // SAFETY: room for the path and the NUL behind it; see above.
            unsafe { core::ptr::copy_nonoverlapping(path.as_ptr(), self.bytes.get().cast(), path.len()) };
            self.len.store(path.len() + 1, Ordering::Release);
        }
    }
}

/// Copies: the program may change its environment later.
static PHYSMEM: PathSetting = PathSetting::new();
static VME: PathSetting = PathSetting::new();

/// Reads all settings. For the loading of the library, before there are threads.
pub(crate) fn load() {
    settings();
    PHYSMEM.set(from_environment(c"MMAN_PEER_PHYSMEM"));
    VME.set(from_environment(c"MMAN_PEER_VME"));
}

fn from_environment(name: &CStr) -> Option<&'static [u8]> {
    extern "C" {
        fn secure_getenv(name: *const libc::c_char) -> *mut libc::c_char;
    }
    // SAFETY: the name is a C string; the answer is NULL or a C string of the environment.
    unsafe {
        let value = secure_getenv(name.as_ptr());
        (!value.is_null()).then(|| CStr::from_ptr(value).to_bytes())
    }
}

impl Settings {
    fn read<'v>(mut get: impl FnMut(&'static CStr) -> Option<&'v [u8]>) -> Settings {
        Settings {
            debug: !matches!(get(c"MMAN_PEER_DEBUG"), None | Some(b"" | b"0")),
            engine: match get(c"MMAN_PEER_ENGINE") {
                Some(b"inject") => Engine::Inject,
                Some(b"service") => Engine::Service,
                _ => Engine::Auto,
            },
            allow: match get(c"MMAN_PEER_ALLOW") {
                Some(b"none") => Allow::Nobody,
                Some(b"any") => Allow::Anybody,
                _ => Allow::Descendants,
            },
            serve: get(c"MMAN_PEER_SERVE") == Some(b"1"),
            timeout: Duration::from_millis(u64::from(
                get(c"MMAN_PEER_TIMEOUT_MS").and_then(milliseconds).unwrap_or(DEFAULT_TIMEOUT_MS),
            )),
        }
    }

    fn pack(self) -> NonZeroUsize {
        let ms = (self.timeout.as_millis() as usize) & MAX_TIMEOUT_MS;
        let word = ms << 7
            | (self.serve as usize) << 6
            | (self.engine as usize) << 4
            | (self.allow as usize) << 2
            | (self.debug as usize) << 1;
        // The lowest bit says that the word has been stored.
        NonZeroUsize::MIN | word
    }

    fn unpack(word: NonZeroUsize) -> Settings {
        let word = word.get();
        Settings {
            debug: word >> 1 & 1 != 0,
            allow: match word >> 2 & 3 {
                0 => Allow::Nobody,
                1 => Allow::Descendants,
                _ => Allow::Anybody,
            },
            engine: match word >> 4 & 3 {
                0 => Engine::Auto,
                1 => Engine::Inject,
                _ => Engine::Service,
            },
            serve: word >> 6 & 1 != 0,
            timeout: Duration::from_millis((word >> 7) as u64),
        }
    }
}

/// Some nine hours; what 25 bits hold, so that 32-bit words serve, too.
const MAX_TIMEOUT_MS: usize = (1 << 25) - 1;

fn milliseconds(text: &[u8]) -> Option<u32> {
    let text = core::str::from_utf8(text).ok()?;
    text.parse::<u32>().ok().map(|ms| ms.min(MAX_TIMEOUT_MS as u32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_understood_is_the_default() {
        let default = Settings {
            debug: false,
            engine: Engine::Auto,
            allow: Allow::Descendants,
            serve: false,
            timeout: Duration::from_secs(1),
        };
        assert_eq!(Settings::read(|_| None), default);
        let odd = Settings::read(|name| (name != c"MMAN_PEER_DEBUG").then_some(&b"-1x"[..]));
        assert_eq!(odd, default);
    }

    #[test]
    fn settings_survive_packing() {
        for engine in [Engine::Auto, Engine::Inject, Engine::Service] {
            for allow in [Allow::Nobody, Allow::Descendants, Allow::Anybody] {
                for (debug, ms) in [(false, 0), (true, 1), (true, 1000), (false, MAX_TIMEOUT_MS as u64)] {
                    let serve = ms == 1;
                    let s = Settings { debug, engine, allow, serve, timeout: Duration::from_millis(ms) };
                    assert_eq!(Settings::unpack(s.pack()), s);
                }
            }
        }
    }
}
