#!/bin/sh
# installed.sh: what `make install` puts down is whole, works with nothing but
# the words that pkg-config gives, goes on working when the tree is moved, and
# `make uninstall` takes all of it away again.
set -u
cd "$(dirname "$0")/.." || exit 2
. c-tests/report.sh
unset PKG_CONFIG_SYSROOT_DIR PKG_CONFIG_LIBDIR LD_LIBRARY_PATH DESTDIR PREFIX LIBDIR INCLUDEDIR MANDIR

first=$scratch/first moved=$scratch/elsewhere/moved
libraries=lib

# The installed tree's words, as a program's Makefile would ask for them.
words() { # $@ pkg-config's arguments
	PKG_CONFIG_PATH=$tree/$libraries/pkgconfig pkg-config "$@"
}
run() { # $1 program
	LD_LIBRARY_PATH=$tree/$libraries "$1"
}
files() { # $1 directory
	[ ! -d "$1" ] || (cd "$1" && find . ! -type d | LC_ALL=C sort)
}

cat >"$scratch/program.c" <<'C'
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman_peer.h>
#include <mman_peer.h>
int main(void)
{
	char *p = (char *)mmap_peer(getpid(), 0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, NOFD, 0);
	if (p == MAP_FAILED) {
		printf("mmap_peer: %s\n", mman_peer_explain());
		return 1;
	}
	memset(p, 1, 4096);
	if (munmap_peer(getpid(), p, 4096) != 0)
		return 1;
	puts(mman_peer_version());
	return 0;
}
C
cp "$scratch/program.c" "$scratch/program.cc"

# ---- What is there ----------------------------------------------------------
install_to() { # $@ make's variables
	$MAKE -s install "$@"
}
expected_files() { # $1 prefix of all, $2 directory of the libraries
	{
		for header in mman_peer.h sys/mman_peer.h mman_peer/companions.h mman_peer/qnx/process.h mman_peer/qnx/sys/mman.h; do
			echo "$1/include/$header"
		done
		for library in libmman_peer.a libmman_peer.so libmman_peer.so.1 \
			pkgconfig/mman_peer.pc pkgconfig/mman_peer-qnx.pc; do
			echo "$1/$2/$library"
		done
		for page in man/*.[1-9]; do
			[ ! -e "$page" ] || echo "$1/share/man/man${page##*.}/${page#man/}"
		done
	} | LC_ALL=C sort
}
puts_down() {
	install_to PREFIX="$first" || return
	same 'installed files' "$(expected_files . lib)" "$(files "$first")" || return
	same 'files that not everybody may read' '' "$(find "$first" ! -type l ! -perm -a+r)" || return
	same 'the link for the linker' libmman_peer.so.1 "$(readlink "$first/lib/libmman_peer.so")"
}
try 'installed: the files, and no other' puts_down

# ---- Programs, there and after the tree was moved ---------------------------
compile() { # $1 compiler, $2 source, $3 what pkg-config is asked, $4... more flags
	compiler=$1 source=$2 asked=$3
	shift 3
	flags=$(words $asked) || return
	$compiler -Wall -Werror "$source" $flags "$@" -o "$scratch/program"
}
version_printed() {
	same 'version' "$(words --modversion mman_peer)" "$(run "$scratch/program")"
}
dynamic() {
	compile $CC "$scratch/program.c" '--cflags --libs mman_peer' && version_printed || return
	readelf -dW "$scratch/program" | grep -q 'NEEDED.*\[libmman_peer.so.1\]'
}
cxx() {
	compile "$CXX -std=c++98 -pedantic" "$scratch/program.cc" '--cflags --libs mman_peer' && version_printed
}
static() {
	compile "$CC -static" "$scratch/program.c" '--static --cflags --libs mman_peer' -Wl,--fatal-warnings &&
		version_printed
}
# The documented example, with the words that the README gives.
documented() {
	compile $CC examples/documented.c '--cflags --libs mman_peer-qnx' && run "$scratch/program" || return
	MMAN_PEER_DEBUG=1 run "$scratch/program" 2>"$scratch/said" || return
	same 'both calls in the debug lines' 'mmap_peer munmap_peer' \
		"$(grep -o 'mu*n*map_peer' "$scratch/said" | uniq | tr '\n' ' ' | sed 's/ $//')" || { cat "$scratch/said"; return 1; }
}
# The overlay stays out of the way of programs that do not ask for it.
overlay_is_asked_for() {
	case $(words --cflags mman_peer) in *qnx*) words --cflags mman_peer; return 1 ;; esac
	case $(words --cflags mman_peer-qnx) in *-isystem*/mman_peer/qnx*) ;; *) words --cflags mman_peer-qnx; return 1 ;; esac
	echo '#include <process.h>' >"$scratch/none.c"
	if compile "$CC -fsyntax-only" "$scratch/none.c" '--cflags mman_peer' 2>/dev/null; then
		echo '<process.h> without the overlay'
		return 1
	fi
}
programs() { # $1 where
	try "installed: a program with the shared library $1" dynamic
	try "installed: a C++98 program $1" cxx
	try "installed: a static program $1" static
	try "installed: QNX's documented example as typed $1" documented
	try "installed: the overlay only for those who ask $1" overlay_is_asked_for
}
if command -v pkg-config >/dev/null; then
	tree=$first
	programs 'where it was installed'
	mkdir -p "$(dirname "$moved")" && mv "$first" "$moved"
	tree=$moved
	programs 'in a tree that was moved'
	mv "$moved" "$first"
else
	try 'installed: programs by pkg-config' skip 'no pkg-config'
fi

# ---- Packages ---------------------------------------------------------------
staged() {
	install_to DESTDIR="$scratch/stage" PREFIX=/usr LIBDIR=/usr/lib/some-triple || return
	same 'staged files' "$(expected_files ./usr lib/some-triple)" "$(files "$scratch/stage")" || return
	if grep -rn "$scratch" "$scratch/stage"; then
		echo 'names the staging directory'
		return 1
	fi
	same 'prefix' /usr "$(PKG_CONFIG_PATH=$scratch/stage/usr/lib/some-triple/pkgconfig \
		pkg-config --variable=prefix mman_peer)" || return
	$MAKE -s uninstall DESTDIR="$scratch/stage" PREFIX=/usr LIBDIR=/usr/lib/some-triple || return
	same 'left behind' '' "$(files "$scratch/stage")"
}
leaves_nothing() {
	: >"$first/include/sys/somebody_elses.h"
	$MAKE -s uninstall PREFIX="$first" || return
	same 'left behind' ./include/sys/somebody_elses.h "$(files "$first")" || return
	same 'directories of ours' '' "$(find "$first" -name 'mman_peer*')"
}
# The library must not tell on whose machine it was built.
no_build_paths() {
	for library in libmman_peer.so libmman_peer.a; do
		same "build paths in $library" '' "$(strings target/release/$library | grep -F -e "$PWD" -e "${HOME:-/nowhere}/" | head -n 5)" || return
	done
}
# As under sudo, which has a path of its own.
without_cargo() {
	$MAKE -s install CARGO=no-such-cargo PREFIX="$scratch/sudo" || return
	same 'installed files' "$(expected_files . lib)" "$(files "$scratch/sudo")"
}
try 'installed: by somebody who has no cargo' without_cargo
try 'installed: staged for a package with DESTDIR and LIBDIR' staged
try 'installed: uninstall leaves nothing, and what is not ours' leaves_nothing
try 'installed: no path of the building machine in the libraries' no_build_paths

summary
