// SPDX-License-Identifier: MIT OR Apache-2.0
//! VME address space: a free master window of the kernel's vme_user driver
//! (/dev/bus/vme/m0 to m3), set to the range; or a directory that stands in for
//! the devices (MMAN_PEER_VME).
//!
//! What it opens is the caller's until the call ends; a mapping keeps its
//! window. It maps nothing.

use super::request::Space;
use crate::env;
use crate::errno::Errno;
use crate::fault::Fault;
use crate::sys::{self, Descriptor};
use crate::text::Text;
use core::fmt::Write;

/// A window onto the range, and the offset at which it has to be mapped.
pub(crate) struct Window {
    pub file: Descriptor,
    pub offset: u64,
}

const WINDOWS: u32 = 4;

/// Sets a free window to the range.
pub(crate) fn window(space: Space, addr: u64, len: u64) -> Result<Window, Fault> {
    let stand_in = env::vme();
    let directory = stand_in.and_then(|path| path.strip_suffix(&[0])).unwrap_or(b"/dev/bus/vme");
    let mut seen = false;
    for number in 0..WINDOWS {
        let file = match open(directory, number) {
            Ok(file) => file,
            Err(Errno::ENOENT | Errno::ENXIO | Errno::ENODEV) => continue,
            Err(errno @ (Errno::EACCES | Errno::EPERM)) => {
                let _ = errno;
                return Err(Fault::says(
                    Errno::EPERM,
                    "the VME windows /dev/bus/vme/m0 to m3 may not be opened by the caller: give it read and write access to them",
                ));
            }
            Err(errno) => return Err(Fault::says(errno, "a VME window could not be opened")),
        };
        seen = true;
        let taken = if stand_in.is_some() { take_stand_in(&file, addr, len) } else { take(&file, space, addr, len) };
        match taken {
            Ok(Some(offset)) => return Ok(Window { file, offset }),
            Ok(None) => {}
            Err(errno) => return Err(refused(errno)),
        }
    }
    Err(if seen {
        Fault::says(Errno::EAGAIN, "all VME windows are in use: try again when one is unmapped")
    } else {
        Fault::says(
            Errno::ENODEV,
            "there is no VME window /dev/bus/vme/m0: the kernel needs a VME bridge and the vme_user driver; to do without, let MMAN_PEER_VME name a directory that stands in for them",
        )
    })
}

fn open(directory: &[u8], number: u32) -> Result<Descriptor, Errno> {
    let mut path = [0u8; libc::PATH_MAX as usize];
    let Some(directory) = core::str::from_utf8(directory).ok().filter(|d| d.len() + 8 < path.len()) else {
        return Err(Errno::ENOENT);
    };
    let mut text = Text::new(&mut path);
    let _ = write!(text, "{directory}/m{number}\0");
    let len = text.bytes().len();
    sys::open(&path[..len], libc::O_RDWR)
}

fn refused(errno: Errno) -> Fault {
    match errno {
        Errno::EINVAL => Fault::says(
            Errno::EINVAL,
            "the VME bridge refused the window: bridges want addresses and sizes that are multiples of 64 KiB",
        ),
        errno => Fault::says(errno, "the VME driver refused to set a window"),
    }
}

/// `struct vme_master` (drivers/staging/vme_user/vme_user.h).
#[repr(C, packed)]
#[derive(Default)]
struct Master {
    enable: u32,
    addr: u64,
    size: u64,
    space: u32,
    cycle: u32,
    width: u32,
}

const _: () = assert!(core::mem::size_of::<Master>() == 32);

const fn request(direction: u32, number: u32) -> u32 {
    direction << 30 | 32 << 16 | 0xae << 8 | number
}

const VME_GET_MASTER: u32 = request(2, 3);
const VME_SET_MASTER: u32 = request(1, 4);
const VME_SCT: u32 = 0x1;
const VME_USER: u32 = 0x2000;
const VME_DATA: u32 = 0x8000;
const VME_D16: u32 = 2;
const VME_D32: u32 = 4;

/// None: the window is in use.
fn take(file: &Descriptor, space: Space, addr: u64, len: u64) -> Result<Option<u64>, Errno> {
    let mut master = Master::default();
    sys::ioctl(file, VME_GET_MASTER, &mut master)?;
    if master.enable != 0 {
        return Ok(None);
    }
    let width = if space.lines == 32 { VME_D32 } else { VME_D16 };
    let cycle = VME_SCT | VME_USER | VME_DATA;
    let mut wanted = Master { enable: 1, addr, size: len, space: space.number, cycle, width };
    match sys::ioctl(file, VME_SET_MASTER, &mut wanted) {
        Ok(()) => Ok(Some(0)),
        // It is mapped by somebody (`vme_user_ioctl`), or was never granted.
        Err(Errno::EPERM | Errno::EBUSY) => Ok(None),
        Err(errno) => Err(errno),
    }
}

/// An empty file is a free window. One that is taken reaches to the end of its
/// range, and has the range at its VME address.
fn take_stand_in(file: &Descriptor, addr: u64, len: u64) -> Result<Option<u64>, Errno> {
    if sys::fstat(file.number())?.st_size != 0 {
        return Ok(None);
    }
    sys::set_size(file, addr + len)?;
    Ok(Some(addr))
}
