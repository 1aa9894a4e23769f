// SPDX-License-Identifier: MIT OR Apache-2.0
//! An errno as a value. Nothing here reads or writes the thread's `errno`:
//! that is done in one place, `ffi/mod.rs`.

use core::fmt;

/// A kernel error number, 1 to 4095.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Errno(pub i32);

macro_rules! names {
    ($($name:ident)*) => { #[allow(dead_code)] impl Errno { $(pub const $name: Errno = Errno(libc::$name);)* } };
}

names! {
    E2BIG EACCES EADDRINUSE EAFNOSUPPORT EAGAIN EBADF EBUSY ECHILD ECONNREFUSED ECONNRESET EEXIST EFAULT EFBIG EINTR
    EINVAL EIO EMFILE ENFILE ENODEV ENOENT ENOMEM ENOSYS ENOTCONN ENOTSUP ENXIO EOVERFLOW EPERM EPIPE ESRCH
}

impl Errno {
    /// UTek's: portions of the new area are already mapped. Linux has no such
    /// number, and none of its own there.
    pub const EMCOLLIDE: Errno = Errno(801);
    /// UTek's: an area is outside the possible address space.
    pub const EMRANGE: Errno = Errno(802);

    /// Splits a raw system call's return value: the kernel's errors are the
    /// last page of the address space (`IS_ERR_VALUE`, include/linux/err.h).
    #[inline]
    pub fn split(raw: usize) -> Result<usize, Errno> {
        if raw > -4096isize as usize {
            Err(Errno(-(raw as isize) as i32))
        } else {
            Ok(raw)
        }
    }
}

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Linux has one number for two names; the calls document this one.
        if *self == Errno::ENOTSUP {
            return f.write_str("ENOTSUP");
        }
        match *self {
            Errno::EMCOLLIDE => return f.write_str("EMCOLLIDE"),
            Errno::EMRANGE => return f.write_str("EMRANGE"),
            _ => {}
        }
        // nix knows every name; its Debug form is the name itself.
        write!(f, "{:?}", nix::errno::Errno::from_raw(self.0))
    }
}

impl fmt::Debug for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_page_is_errors_and_nothing_else() {
        assert_eq!(Errno::split(0), Ok(0));
        assert_eq!(Errno::split(-4096isize as usize), Ok(-4096isize as usize));
        assert_eq!(Errno::split(-4095isize as usize), Err(Errno(4095)));
        assert_eq!(Errno::split(-1isize as usize), Err(Errno::EPERM));
    }

    #[test]
    fn an_errno_prints_its_name() {
        assert_eq!(format!("{}", Errno::ESRCH), "ESRCH");
    }
}
