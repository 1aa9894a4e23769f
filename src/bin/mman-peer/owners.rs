// SPDX-License-Identifier: MIT OR Apache-2.0
//! Whose an object is that a process maps: who has a descriptor of it, who else
//! maps it. The kernel keeps no word about who made a mapping, so what a peer
//! mapped is told by that: the process has no descriptor of it, as nothing of a
//! caller's stays in its target. Reads /proc, as far as it is shown.

use procfs_core::process::{MMPermissions, MemoryMap, MemoryMaps};
use procfs_core::FromBufRead;
use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::MetadataExt;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Process {
    pub pid: u32,
    pub name: String,
}

/// Who has to do with an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Owners {
    /// The process itself has a descriptor of it.
    pub open_here: bool,
    /// Others that have one.
    pub open: Vec<Process>,
    /// Others that map it, and have none.
    pub mapped: Vec<Process>,
}

/// An object: device and inode.
pub type Object = ((i32, i32), u64);

/// The object of a mapping that all see who map it.
pub fn object(map: &MemoryMap) -> Option<Object> {
    (map.perms.contains(MMPermissions::SHARED) && map.inode != 0).then_some((map.dev, map.inode))
}

/// Of the objects that the maps of a process show.
pub fn of(pid: u32, maps: &[MemoryMap]) -> HashMap<Object, Owners> {
    let mut all: HashMap<Object, Owners> =
        maps.iter().filter_map(|map| Some((object(map)?, Owners::default()))).collect();
    if all.is_empty() {
        return all;
    }
    for object in descriptors(pid) {
        if let Some(owners) = all.get_mut(&object) {
            owners.open_here = true;
        }
    }
    let numbers = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = numbers.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    for other in pids.filter(|other| *other != pid) {
        let name = fs::read_to_string(format!("/proc/{other}/comm")).unwrap_or_default();
        let process = Process { pid: other, name: name.trim_end().to_owned() };
        for object in descriptors(other) {
            if let Some(owners) = all.get_mut(&object) {
                add(&mut owners.open, &process);
            }
        }
        let text = fs::read(format!("/proc/{other}/maps")).unwrap_or_default();
        let theirs = MemoryMaps::from_buf_read(String::from_utf8_lossy(&text).as_bytes());
        for object in theirs.iter().flat_map(|maps| &maps.0).filter_map(object) {
            if let Some(owners) = all.get_mut(&object).filter(|owners| !owners.open.contains(&process)) {
                add(&mut owners.mapped, &process);
            }
        }
    }
    all
}

fn add(list: &mut Vec<Process>, process: &Process) {
    if !list.contains(process) {
        list.push(process.clone());
    }
}

/// The objects that the descriptors of a process are of.
fn descriptors(pid: u32) -> impl Iterator<Item = Object> {
    let all = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
    all.filter_map(|entry| {
        let told = fs::metadata(entry.path()).ok()?;
        Some(((libc::major(told.dev()) as i32, libc::minor(told.dev()) as i32), told.ino()))
    })
}

impl Owners {
    /// Whether what stands here looks like a peer's work: it cannot have been
    /// mapped by a descriptor that the process still has.
    pub fn by_peer(&self) -> bool {
        !self.open_here && !self.open.is_empty()
    }

    /// In words, behind what the object is.
    pub fn told(&self) -> String {
        match (self.by_peer(), self.mapped.is_empty()) {
            (true, _) => format!("  <- {}", list(&self.open)),
            (false, false) => format!("  also in {}", list(&self.mapped)),
            (false, true) => String::new(),
        }
    }
}

fn list(processes: &[Process]) -> String {
    const SHOWN: usize = 3;
    let names: Vec<_> = processes.iter().take(SHOWN).map(|p| format!("{} {}", p.pid, p.name)).collect();
    let more = processes.len().saturating_sub(SHOWN);
    names.join(", ") + &if more > 0 { format!(" and {more} more") } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(pid: u32, name: &str) -> Process {
        Process { pid, name: name.to_owned() }
    }

    #[test]
    fn a_peer_is_who_has_open_what_the_process_has_not() {
        let server = vec![process(7, "server")];
        let owners = |open_here, open: &[Process], mapped: &[Process]| Owners {
            open_here,
            open: open.to_vec(),
            mapped: mapped.to_vec(),
        };
        assert_eq!(owners(false, &server, &[]).told(), "  <- 7 server");
        assert_eq!(owners(true, &server, &[]).told(), "");
        assert_eq!(owners(false, &[], &server).told(), "  also in 7 server");
        let many: Vec<_> = (1..=5).map(|pid| process(pid, "client")).collect();
        assert_eq!(owners(false, &[], &many).told(), "  also in 1 client, 2 client, 3 client and 2 more");
    }
}
