#!/bin/sh
# toolchain.sh: runs a command with the tools that build for another processor.
#
#   lab/toolchain.sh TARGET COMMAND...      aarch64-unknown-linux-gnu, i686-unknown-linux-gnu
#
# Rust's library comes from rustup where it has that target; else from Debian's
# package for that architecture, unpacked in the cache and used with Debian's
# own rustc of the same version. It installs nothing; it says what is missing.
set -u
top=$(cd "$(dirname "$0")" && pwd) || exit 2
die() { echo "toolchain.sh: $*" >&2; exit 2; }

target=${1-}
case $target in
aarch64-unknown-linux-gnu) gnu=aarch64-linux-gnu architecture=arm64 ;;
i686-unknown-linux-gnu) gnu=i686-linux-gnu architecture=i386 ;;
*) die "unknown target ${target:-(none)}" ;;
esac
shift
command -v $gnu-gcc >/dev/null || die "$gnu-gcc is missing: install gcc-$gnu"

under=$(echo $target | tr - _)
upper=$(echo $under | tr a-z A-Z)
export "CC_$under=$gnu-gcc" "AR_$under=$gnu-ar" "CARGO_TARGET_${upper}_LINKER=$gnu-gcc"

# Under `make` cargo may be any; whose rustc has the target?
libraries=$(${RUSTC:-rustc} --print target-libdir --target $target 2>/dev/null) || libraries=
if ! ls "$libraries"/libstd-*.rlib >/dev/null 2>&1; then
	version=$(dpkg-query -W -f '${Version}' rustc-web 2>/dev/null)
	[ -n "$version" ] || die "no Rust for $target: rustup target add $target, or install rustc-web"
	cache=${LAB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/mman_peer-lab}
	sysroot=$cache/rust-$architecture-$version
	if [ ! -e "$sysroot" ]; then
		. "$top/packages.sh"
		unpack $architecture "$sysroot" "libstd-rust-web-dev=$version" ||
			die "libstd-rust-web-dev $version for $architecture cannot be had"
	fi
	export RUSTC=/usr/bin/rustc RUSTFLAGS="${RUSTFLAGS-} --sysroot $sysroot/usr"
fi
exec "$@"
