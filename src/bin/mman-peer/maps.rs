// SPDX-License-Identifier: MIT OR Apache-2.0
//! `mman-peer maps`: the address space of a process as a person would rather
//! look at it than in /proc/PID/maps, or as JSON for programs. Reads that file,
//! which asks no more than the right to look; nobody is stopped.

use crate::owners::{self, Object, Owners, Process};
use crate::Trouble;
use procfs_core::process::{MMPermissions, MMapPath, MemoryMap, MemoryMaps};
use procfs_core::FromBufRead;
use serde_json::json;
use std::collections::HashMap;
use std::fs;
use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

pub fn run(pid: u32, as_json: bool) -> Result<ExitCode, Trouble> {
    let maps = read(pid)?;
    let owners = owners::of(pid, &maps);
    let mut out = BufWriter::new(io::stdout().lock());
    if as_json {
        let list: Vec<_> = maps.iter().map(|map| object(map, owners_of(&owners, map))).collect();
        serde_json::to_writer_pretty(&mut out, &list)?;
        writeln!(out)?;
    } else {
        table(&maps, &owners, &mut out)?;
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

fn owners_of<'o>(owners: &'o HashMap<Object, Owners>, map: &MemoryMap) -> Option<&'o Owners> {
    owners.get(&owners::object(map)?)
}

fn read(pid: u32) -> Result<Vec<MemoryMap>, Trouble> {
    let path = format!("/proc/{pid}/maps");
    let text = fs::read(&path).map_err(|e| match e.kind() {
        io::ErrorKind::NotFound => format!("there is no process {pid}"),
        io::ErrorKind::PermissionDenied => {
            format!("the address space of process {pid} is not shown to this user: mman-peer check {pid} says why")
        }
        _ => format!("{path}: {e}"),
    })?;
    // File names need not be UTF-8.
    let maps = MemoryMaps::from_buf_read(String::from_utf8_lossy(&text).as_bytes())?.0;
    if maps.is_empty() {
        return Err(format!("process {pid} has no address space: it has ended, or belongs to the kernel").into());
    }
    Ok(maps)
}

/// Ranges that follow one another are one paragraph as long as they show the
/// same object; what lies between paragraphs is free.
fn table(maps: &[MemoryMap], owners: &HashMap<Object, Owners>, out: &mut impl Write) -> io::Result<()> {
    let mut last = None;
    let mut total = 0;
    for map in maps {
        let (start, end) = map.address;
        let what = what(map) + &owners_of(owners, map).map_or_else(String::new, Owners::told);
        total += if matches!(map.pathname, MMapPath::Vsyscall) { 0 } else { end - start };
        if last.as_ref().is_some_and(|(up_to, _)| *up_to != start) {
            writeln!(out)?;
        }
        let again = last.as_ref() == Some(&(start, what.clone()));
        let told = if again { "" } else { &what };
        let line = format!("{start:>16x}-{end:<16x} {:>9}  {}  {told}", size(end - start), access(map));
        writeln!(out, "{}", line.trim_end())?;
        last = Some((end, what));
    }
    writeln!(out, "\n{} in {} mappings", size(total), maps.len())
}

/// "rw- shared": the letters that everybody knows, and whom the memory belongs to.
fn access(map: &MemoryMap) -> String {
    let letter = |bit, letter| if map.perms.contains(bit) { letter } else { '-' };
    let [r, w, x] = [(MMPermissions::READ, 'r'), (MMPermissions::WRITE, 'w'), (MMPermissions::EXECUTE, 'x')]
        .map(|(b, l)| letter(b, l));
    format!("{r}{w}{x} {}", if shared(map) { "shared " } else { "private" })
}

fn shared(map: &MemoryMap) -> bool {
    map.perms.contains(MMPermissions::SHARED)
}

/// A word for programs, and the object's name where it has one.
fn kind(map: &MemoryMap) -> (&'static str, Option<String>) {
    let name = match &map.pathname {
        MMapPath::Anonymous => return ("anonymous", None),
        MMapPath::Heap => return ("heap", None),
        MMapPath::Stack | MMapPath::TStack(_) => return ("stack", None),
        MMapPath::Vdso => return ("vdso", None),
        MMapPath::Vvar | MMapPath::Rollup => return ("kernel", Some("vvar".to_owned())),
        MMapPath::Vsyscall => return ("kernel", Some("vsyscall".to_owned())),
        MMapPath::Vsys(key) => return ("sysv", Some(format!("{key:#x}"))),
        // prctl(PR_SET_VMA_ANON_NAME)
        MMapPath::Other(name) => match name.strip_prefix("anon_shmem:").or(name.strip_prefix("anon:")) {
            Some(name) => return ("anonymous", Some(name.to_owned())),
            None => return ("kernel", Some(name.clone())),
        },
        MMapPath::Path(path) => path.to_string_lossy(),
    };
    let bare = name.strip_suffix(" (deleted)").unwrap_or(&name);
    match bare {
        "/dev/zero" | "/anon_hugepage" => ("anonymous", None),
        "/dev/mem" => ("physical", None),
        _ if bare.starts_with("/memfd:") => ("memfd", Some(bare["/memfd:".len()..].to_owned())),
        _ if bare.starts_with("/dev/") && !bare.starts_with("/dev/shm/") => ("device", Some(bare.to_owned())),
        _ => ("file", Some(name.into_owned())),
    }
}

/// The object in words, with the place in it that comes first.
fn what(map: &MemoryMap) -> String {
    let (kind, name) = kind(map);
    let name = name.unwrap_or_default();
    match kind {
        "anonymous" if shared(map) => format!("shared anonymous memory {name}"),
        "anonymous" => name,
        "physical" => format!("physical memory at {:#x}", map.offset),
        "memfd" => format!("memfd {name}"),
        "sysv" => format!("System V shared memory, key {name}"),
        "device" if map.offset > 0 => format!("{name} at {:#x}", map.offset),
        "file" | "device" | "kernel" => name,
        _ => kind.to_owned(),
    }
    .trim_end()
    .to_owned()
}

fn object(map: &MemoryMap, owners: Option<&Owners>) -> serde_json::Value {
    let pids = |list: fn(&Owners) -> &Vec<Process>| -> Vec<u32> {
        owners.map_or_else(Vec::new, |owners| list(owners).iter().map(|p| p.pid).collect())
    };
    let (kind, name) = kind(map);
    // Addresses as text: beyond 2^53 a reader of JSON may round numbers.
    json!({
        "start": format!("{:#x}", map.address.0),
        "end": format!("{:#x}", map.address.1),
        "size": map.address.1 - map.address.0,
        "read": map.perms.contains(MMPermissions::READ),
        "write": map.perms.contains(MMPermissions::WRITE),
        "execute": map.perms.contains(MMPermissions::EXECUTE),
        "shared": shared(map),
        "kind": kind,
        "name": name,
        "offset": format!("{:#x}", map.offset),
        "device": format!("{:x}:{:x}", map.dev.0, map.dev.1),
        "inode": map.inode,
        "open_here": owners.is_some_and(|o| o.open_here),
        "open_in": pids(|o| &o.open),
        "mapped_in": pids(|o| &o.mapped),
        "by_peer": owners.is_some_and(Owners::by_peer),
    })
}

fn size(bytes: u64) -> String {
    match bytes {
        0..0x10_0000 => format!("{} KiB", bytes >> 10),
        0x10_0000..0x4000_0000 => in_tenths(bytes, 20, "MiB"),
        _ => in_tenths(bytes, 30, "GiB"),
    }
}

fn in_tenths(bytes: u64, shift: u32, unit: &str) -> String {
    let tenths = (u128::from(bytes) * 10) >> shift;
    format!("{}.{} {unit}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(line: &str) -> String {
        let maps = MemoryMaps::from_buf_read(line.as_bytes()).expect("a line").0;
        what(&maps[0])
    }

    #[test]
    fn mappings_are_told_in_words() {
        for (line, words) in [
            ("7f0000000000-7f0000001000 rw-p 00000000 00:00 0 ", ""),
            ("7f0000000000-7f0000001000 rw-s 00000000 00:01 5 /dev/zero (deleted)", "shared anonymous memory"),
            ("7f0000000000-7f0000001000 rw-s 00000000 00:01 5 /memfd:frame buffer (deleted)", "memfd frame buffer"),
            ("7f0000000000-7f0000001000 rw-s fe000000 00:06 5 /dev/mem", "physical memory at 0xfe000000"),
            ("7f0000000000-7f0000001000 rw-s 00000000 00:1a 5 /dev/shm/one", "/dev/shm/one"),
            ("7f0000000000-7f0000001000 rw-p 00000000 00:00 0 [anon:arena]", "arena"),
            ("7f0000000000-7f0000001000 rw-p 00000000 08:01 9 /lib/gone.so (deleted)", "/lib/gone.so (deleted)"),
            ("7ffc00000000-7ffc00001000 rw-p 00000000 00:00 0 [stack]", "stack"),
        ] {
            assert_eq!(told(line), words, "{line}");
        }
    }

    #[test]
    fn sizes_have_three_or_four_digits() {
        let told = [4096, 1 << 20, (1 << 20) + 104_858, 3 << 30, 1 << 47].map(size);
        assert_eq!(told, ["4 KiB", "1.0 MiB", "1.1 MiB", "3.0 GiB", "131072.0 GiB"]);
    }
}
