// SPDX-License-Identifier: MIT OR Apache-2.0
//! The library from Rust: a buffer of ours is mapped into a child, which has
//! never heard of it; what it shows there is read back through /proc.
//!
//!     cargo run --example peer

use mman_peer::{Map, Peer};
use std::error::Error;
use std::fs::File;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::process::{Command, Stdio};

fn main() -> Result<(), Box<dyn Error>> {
    let mut buffer = tempfile()?;
    buffer.write_all(b"from the parent")?;

    let mut child = Command::new("cat").stdin(Stdio::piped()).spawn()?;
    let peer = Peer::of(child.id())?;
    println!("process {} can be reached by {}", peer.pid(), peer.probe()?);

    let there = peer.map(&Map::of(&buffer, 0, 4096).protection(libc::PROT_READ))?;
    let mut seen = [0; 15];
    File::open(format!("/proc/{}/mem", peer.pid()))?.read_exact_at(&mut seen, there as u64)?;
    println!("at {there:#x} it sees {:?}", String::from_utf8_lossy(&seen));
    peer.unmap(there, 4096)?;

    drop(child.stdin.take());
    println!("and ends as it would have: {}", child.wait()?);
    match peer.unmap(there, 4096) {
        Err(error) if error.raw_os_error() == libc::ESRCH => println!("{error}"),
        other => return Err(format!("unexpected: {other:?}").into()),
    }
    Ok(())
}

fn tempfile() -> std::io::Result<File> {
    let path = std::env::temp_dir().join(format!("mman_peer-{}", std::process::id()));
    let file = File::options().read(true).write(true).create_new(true).open(&path)?;
    std::fs::remove_file(path)?;
    Ok(file)
}
