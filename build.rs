// SPDX-License-Identifier: MIT OR Apache-2.0
//! Compiles the C part of the library, gives the library of a plain
//! `cargo build` its soname, and, only with the feature `headers`, writes the C
//! headers to the directory named by MMAN_PEER_HEADERS_DIR. The committed
//! headers are copied from there by `make headers`, never written from here.

/// Said before a compiler is looked for; `src/arch/mod.rs` would refuse it, too.
fn refuse_what_is_not_supported() -> bool {
    let of_target = |what: &str| std::env::var(format!("CARGO_CFG_TARGET_{what}")).unwrap_or_default();
    let target = (of_target("ARCH"), of_target("POINTER_WIDTH"), of_target("ENDIAN"));
    let supported = matches!(
        (target.0.as_str(), target.1.as_str(), target.2.as_str()),
        ("x86", _, _) | ("x86_64", "64", _) | ("aarch64", "64", "little")
    );
    if !supported {
        println!(
            "cargo::error=mman_peer borrows registers and system calls of x86_64, x86 and aarch64; it has no support for {} ({} bits, {} endian): src/arch/ shows what that would take",
            target.0, target.1, target.2
        );
    }
    !supported
}

fn main() {
    if refuse_what_is_not_supported() {
        return;
    }
    println!("cargo:rerun-if-changed=src/thread_note.c");
    cc::Build::new().file("src/thread_note.c").warnings(true).extra_warnings(true).compile("mman_peer_note");

    // Otherwise programs would record the path they were linked with. The
    // symbol versions are given by the Makefile's link (libmman_peer.map):
    // rustc passes a version script of its own, and linkers honour only one.
    println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libmman_peer.so.1");
    for flag in ["now", "relro", "nodelete", "defs"] {
        println!("cargo:rustc-cdylib-link-arg=-Wl,-z,{flag}");
    }

    #[cfg(feature = "headers")]
    headers::write();
}

#[cfg(feature = "headers")]
mod headers {
    use std::{env, fs, path::Path};

    /// Template in cbindgen/, Rust source, header.
    const HEADERS: [(&str, &str, &str); 4] = [
        ("sys_mman_peer.h.in", "qnx.rs", "sys/mman_peer.h"),
        ("mman_peer.h.in", "extras.rs", "mman_peer.h"),
        ("utek_mman.h.in", "utek.rs", "mman_peer/utek/sys/mman.h"),
        ("companions.h.in", "companions.rs", "mman_peer/companions.h"),
    ];

    pub fn write() {
        println!("cargo:rerun-if-env-changed=MMAN_PEER_HEADERS_DIR");
        for watched in ["cbindgen.toml", "cbindgen", "src/ffi"] {
            println!("cargo:rerun-if-changed={watched}");
        }
        let Some(dir) = env::var_os("MMAN_PEER_HEADERS_DIR") else {
            return;
        };
        for (template, source, header) in HEADERS {
            let frame = fs::read_to_string(Path::new("cbindgen").join(template)).expect("the header's template");
            let (head, tail) = frame.split_once("\n@functions@\n").expect("the template's @functions@ line");
            let mut config = cbindgen::Config::from_file("cbindgen.toml").expect("cbindgen.toml");
            config.header = Some(head.to_owned());
            config.trailer = Some(tail.trim().to_owned());
            let path = Path::new(&dir).join(header);
            // Written again if it is gone; cargo compares nothing else.
            println!("cargo:rerun-if-changed={}", path.display());
            fs::create_dir_all(path.parent().expect("a directory")).expect("the directory");
            cbindgen::Builder::new()
                .with_config(config)
                .with_src(Path::new("src/ffi").join(source))
                .generate()
                .expect("the functions")
                .write_to_file(path);
        }
    }
}
