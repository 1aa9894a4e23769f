// SPDX-License-Identifier: MIT OR Apache-2.0
//! mman-peer: mappings in another process from the command line, and whether
//! and why not. It is the library's first user and calls its public functions
//! only; what it tells beyond their answers it has from /proc.
//!
//! Results go to the standard output, sentences about failures to the standard
//! error. Exit status: 0 done; 1 not done; 2 wrong words; 3 `check` could not tell.

mod arguments;
mod check;
mod maps;
mod owners;

use arguments::{address, number};
use clap::ArgMatches;
use clap_complete::Shell;
use mman_peer::{Map, Peer};
use std::fs::File;
use std::io::{self, Write};
use std::process::ExitCode;

/// What ends a command: a sentence.
type Trouble = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    let matches = arguments::command().get_matches();
    let done = match matches.subcommand() {
        Some(("check", matches)) => check::run(pid(matches), matches.get_flag("try")),
        Some(("map", matches)) => map(matches),
        Some(("unmap", matches)) => unmap(matches),
        Some(("maps", matches)) => maps::run(pid(matches), matches.get_flag("json")),
        Some(("completion", matches)) => completion(matches),
        _ => Ok(ExitCode::from(2)),
    };
    match done {
        Ok(status) => status,
        Err(trouble) => {
            // Who stopped reading knows it already.
            let direct = trouble.downcast_ref().map(io::Error::kind);
            let kind = direct.or_else(|| trouble.downcast_ref().and_then(serde_json::Error::io_error_kind));
            if kind != Some(io::ErrorKind::BrokenPipe) {
                eprintln!("mman-peer: {trouble}");
            }
            ExitCode::FAILURE
        }
    }
}

fn pid(matches: &ArgMatches) -> u32 {
    *matches.get_one("pid").expect("a required argument")
}

fn map(matches: &ArgMatches) -> Result<ExitCode, Trouble> {
    let len = number(matches, "len").unwrap_or(0) as usize;
    let prot = matches.get_one("prot").copied().unwrap_or(libc::PROT_READ | libc::PROT_WRITE);
    let offset = number(matches, "offset").unwrap_or(0);
    let file = matches.get_one::<String>("fd").map(|name| open(name, prot, matches.get_flag("private"))).transpose()?;
    let mut map = match (&file, number(matches, "phys")) {
        (Some(file), _) => Map::of(file, offset, len),
        (None, Some(physical)) => Map::physical(physical, len),
        (None, None) => Map::anonymous(len).shared(),
    }
    .protection(prot);
    if matches.get_flag("private") {
        map = map.private();
    }
    if let Some(addr) = address(matches, "at") {
        map = if matches.get_flag("fixed") { map.at(addr) } else { map.near(addr) };
    }
    let there = Peer::of(pid(matches))?.map(&map)?;
    writeln!(io::stdout(), "{there:#x}")?;
    Ok(ExitCode::SUCCESS)
}

/// Opened for no more than the mapping needs.
fn open(name: &str, prot: i32, private: bool) -> Result<File, Trouble> {
    let write = prot & libc::PROT_WRITE != 0 && !private;
    File::options().read(true).write(write).open(name).map_err(|e| format!("{name}: {e}").into())
}

fn unmap(matches: &ArgMatches) -> Result<ExitCode, Trouble> {
    let addr = address(matches, "addr").unwrap_or(0);
    let len = number(matches, "len").unwrap_or(0) as usize;
    Peer::of(pid(matches))?.unmap(addr, len)?;
    Ok(ExitCode::SUCCESS)
}

fn completion(matches: &ArgMatches) -> Result<ExitCode, Trouble> {
    let shell = match matches.get_one::<String>("shell").map(String::as_str) {
        Some("zsh") => Shell::Zsh,
        _ => Shell::Bash,
    };
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut arguments::command(), "mman-peer", &mut script);
    // For bash two names are made of one that has a hyphen (clap_complete up to 4.6.11),
    // and after a subcommand nothing would be offered.
    let script = String::from_utf8_lossy(&script).replace("mman__subcmd__peer", "mman__peer");
    io::stdout().write_all(script.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}
