// SPDX-License-Identifier: MIT OR Apache-2.0
//! Pairs of mmap() and munmap() by the crate ptrace-do: for each line "PID MMAP
//! MUNMAP COUNT" (addresses of libc's functions in the target, hexadecimal) it
//! answers with COUNT lines of microseconds. A pair is one attach, both calls
//! and one detach: less than two whole cycles.

use ptrace_do::{RawProcess, TracedProcess};
use std::io::{BufRead, Write};
use std::time::Instant;

fn pair(pid: i32, mmap: usize, munmap: usize) -> Result<(), Box<dyn std::error::Error>> {
    let frame = TracedProcess::attach(RawProcess::new(pid))?.next_frame()?;
    let (there, frame) = frame.invoke_remote(mmap, 0, &[0, 4096, 3, 0x22, usize::MAX, 0])?;
    let (gone, _frame) = frame.invoke_remote(munmap, 0, &[there.return_value(), 4096])?;
    match gone.return_value() {
        0 => Ok(()),
        _ => Err("munmap() failed".into()),
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let mut words = line.split(' ');
        let mut next = || words.next().ok_or("too few words");
        let pid = next()?.parse()?;
        let (mmap, munmap) = (usize::from_str_radix(next()?, 16)?, usize::from_str_radix(next()?, 16)?);
        for _ in 0..next()?.parse::<u32>()? {
            let start = Instant::now();
            pair(pid, mmap, munmap)?;
            writeln!(out, "{}", start.elapsed().as_nanos() as f64 / 1e3)?;
        }
        out.flush()?;
    }
    Ok(())
}
