// SPDX-License-Identifier: MIT OR Apache-2.0
//! The words of the command line, and numbers as people write them. man/mman-peer.1
//! tells the same at length; c-tests/manual.sh compares the two.

use clap::{value_parser, Arg, ArgAction, ArgMatches, Command, ValueHint};

pub fn command() -> Command {
    Command::new("mman-peer")
        .version(mman_peer::version())
        .about("Mappings in another process: whether they work, making, removing and looking at them")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(
            Command::new("check")
                .about("Says whether mapping into a process works, by which way, and if not why and what to do")
                .arg(pid())
                .arg(flag("try").help("Try it also where a seccomp filter of the process might kill it")),
        )
        .subcommand(
            Command::new("map")
                .about("Makes a mapping in a process and prints its address there")
                .arg(pid())
                .arg(length())
                .arg(
                    option("fd", "FILE")
                        .value_hint(ValueHint::FilePath)
                        .help("Map this file, opened here; without it, zeroed memory"),
                )
                .arg(option("offset", "BYTES").value_parser(parse).requires("fd").help("Begin there in the file"))
                .arg(
                    option("prot", "PROT")
                        .value_parser(protection)
                        .help("Access: letters of rwx, or none [default: rw]"),
                )
                .arg(option("at", "ADDR").value_parser(parse).help("The address: a hint, or with --fixed the place"))
                .arg(flag("fixed").requires("at").help("Exactly there, in place of what is mapped there"))
                .arg(flag("private").help("Private instead of shared: what is written stays in the process"))
                .arg(
                    option("phys", "ADDR")
                        .value_parser(parse)
                        .conflicts_with("fd")
                        .help("Map physical memory from this address on"),
                ),
        )
        .subcommand(
            Command::new("unmap")
                .about("Removes every mapping in a range of a process")
                .arg(pid())
                .arg(Arg::new("addr").value_name("ADDR").required(true).value_parser(parse).help("Where it begins"))
                .arg(length()),
        )
        .subcommand(
            Command::new("maps")
                .about("Shows the address space of a process")
                .arg(pid())
                .arg(flag("json").help("For programs: one array of objects")),
        )
        .subcommand(
            Command::new("completion")
                .about("Prints the completions of this command for a shell")
                .arg(Arg::new("shell").value_name("SHELL").required(true).value_parser(["bash", "zsh"])),
        )
}

fn pid() -> Arg {
    Arg::new("pid").value_name("PID").required(true).value_parser(value_parser!(u32)).help("The process")
}

fn length() -> Arg {
    Arg::new("len").value_name("LEN").required(true).value_parser(parse).help("Bytes, as 4096, 0x1000, 4k, 1M or 2G")
}

fn option(name: &'static str, value: &'static str) -> Arg {
    Arg::new(name).long(name).value_name(value)
}

fn flag(name: &'static str) -> Arg {
    Arg::new(name).long(name).action(ArgAction::SetTrue)
}

/// A number that was given for this argument.
pub fn number(matches: &ArgMatches, name: &str) -> Option<u64> {
    matches.get_one(name).copied()
}

pub fn address(matches: &ArgMatches, name: &str) -> Option<usize> {
    number(matches, name).map(|n| n as usize)
}

/// Decimal or 0x, with k, M or G behind it for powers of 1024.
fn parse(text: &str) -> Result<u64, String> {
    let (digits, shift) = match text.as_bytes().last() {
        Some(b'k' | b'K') => (&text[..text.len() - 1], 10),
        Some(b'M') => (&text[..text.len() - 1], 20),
        Some(b'G') => (&text[..text.len() - 1], 30),
        _ => (text, 0),
    };
    let value = match digits.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16),
        None => digits.parse(),
    };
    let value = value.map_err(|_| "not a number, as 4096, 0x1000, 4k, 1M or 2G".to_owned())?;
    value.checked_mul(1 << shift).filter(|&n| n <= usize::MAX as u64).ok_or_else(|| "too large".to_owned())
}

fn protection(text: &str) -> Result<i32, String> {
    if text == "none" {
        return Ok(libc::PROT_NONE);
    }
    text.chars().try_fold(0, |prot, letter| match letter {
        'r' => Ok(prot | libc::PROT_READ),
        'w' => Ok(prot | libc::PROT_WRITE),
        'x' => Ok(prot | libc::PROT_EXEC),
        '-' => Ok(prot),
        _ => Err("letters of rwx, or none".to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_consistent() {
        command().debug_assert();
    }

    #[test]
    fn numbers_as_people_write_them() {
        let written = [("0", 0), ("4096", 4096), ("0x1000", 4096), ("4k", 4096), ("1M", 1 << 20), ("0x2G", 2 << 30)];
        for (text, value) in written {
            assert_eq!(parse(text), Ok(value), "{text}");
        }
        for text in ["", "k", "-1", "0x", "12q", "99999999999999999999", "0xffffffffffffffffG"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn protections_as_people_write_them() {
        assert_eq!(protection("none"), Ok(0));
        assert_eq!(protection("r-x"), Ok(libc::PROT_READ | libc::PROT_EXEC));
        assert!(protection("rwz").is_err());
    }
}
