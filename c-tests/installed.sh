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
		for header in mman_peer.h sys/mman_peer.h mman_peer/companions.h mman_peer/utek/sys/mman.h mman_peer/qnx/process.h mman_peer/qnx/sys/mman.h; do
			echo "$1/include/$header"
		done
		for library in libmman_peer.a libmman_peer.so libmman_peer.so.1 \
			pkgconfig/mman_peer.pc pkgconfig/mman_peer-qnx.pc pkgconfig/mman_peer-utek.pc; do
			echo "$1/$2/$library"
		done
		for file in mman_peer-config mman_peer-config-version; do echo "$1/$2/cmake/mman_peer/$file.cmake"; done
		for page in man/*.[1-9]; do echo "$1/share/man/man${page##*.}/${page#man/}"; done
		echo "$1/bin/mman-peer"
		echo "$1/share/bash-completion/completions/mman-peer"
		echo "$1/share/zsh/site-functions/_mman-peer"
	} | LC_ALL=C sort
}
puts_down() {
	install_to PREFIX="$first" || return
	same 'installed files' "$(expected_files . lib)" "$(files "$first")" || return
	same 'files that not everybody may read' '' "$(find "$first" ! -type l ! -perm -a+r)" || return
	same 'the link for the linker' libmman_peer.so.1 "$(readlink "$first/lib/libmman_peer.so")" || return
	same 'a page that is another' mmap_peer.3 "$(readlink "$first/share/man/man3/munmap_peer.3")"
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
standards() {
	compile "$CC -std=c89 -pedantic" "$scratch/program.c" '--cflags --libs mman_peer' && version_printed || return
	for standard in c++98 c++20; do
		compile "$CXX -std=$standard -pedantic" "$scratch/program.cc" '--cflags --libs mman_peer' &&
			version_printed || { echo "as $standard"; return 1; }
	done
}
# As a program's own Makefile has it.
by_make() {
	mkdir -p "$scratch/make" && cp "$scratch/program.c" "$scratch/make/" || return
	cat >"$scratch/make/Makefile" <<-'M'
	CFLAGS += -Wall -Werror $(shell pkg-config --cflags mman_peer)
	LDLIBS += $(shell pkg-config --libs mman_peer)
	program: program.c
	M
	PKG_CONFIG_PATH=$tree/$libraries/pkgconfig $MAKE -s -B -C "$scratch/make" CC="$CC" &&
		same 'version' "$(words --modversion mman_peer)" "$(run "$scratch/make/program")"
}
by_cmake() {
	command -v cmake >/dev/null || skip 'no cmake'
	mkdir -p "$scratch/cmake" && cp "$scratch/program.c" examples/documented.c "$scratch/cmake/" || return
	cat >"$scratch/cmake/CMakeLists.txt" <<-'C'
	cmake_minimum_required(VERSION 3.13)
	project(consumer C)
	find_package(mman_peer @VERSION@ REQUIRED)
	find_package(mman_peer REQUIRED) # twice, as through a dependency
	add_compile_options(-Wall -Werror)
	add_executable(shared program.c)
	target_link_libraries(shared mman_peer::mman_peer)
	add_executable(static program.c)
	target_link_libraries(static mman_peer::mman_peer_static)
	add_executable(documented documented.c)
	target_link_libraries(documented mman_peer::qnx)
	set_target_properties(documented PROPERTIES NO_SYSTEM_FROM_IMPORTED ON C_STANDARD 99 C_EXTENSIONS OFF)
	target_compile_options(documented PRIVATE -pedantic)
	C
	sed -i "s/@VERSION@/$(words --modversion mman_peer)/" "$scratch/cmake/CMakeLists.txt"
	rm -rf "$scratch/cmake/build"
	cmake -S "$scratch/cmake" -B "$scratch/cmake/build" -DCMAKE_PREFIX_PATH="$tree" -DCMAKE_C_COMPILER="$CC" &&
		cmake --build "$scratch/cmake/build" --verbose || return
	# With their rpath, without LD_LIBRARY_PATH.
	for program in shared static; do
		same "version printed by $program" "$(words --modversion mman_peer)" "$("$scratch/cmake/build/$program")" || return
	done
	readelf -dW "$scratch/cmake/build/static" | grep mman_peer && return 1
	"$scratch/cmake/build/documented" || return
	sed 's/find_package(mman_peer [0-9.]*/find_package(mman_peer 99.0/' "$scratch/cmake/CMakeLists.txt" >"$scratch/newer" &&
		mv "$scratch/newer" "$scratch/cmake/CMakeLists.txt" || return
	if cmake -S "$scratch/cmake" -B "$scratch/cmake/build" >"$scratch/said" 2>&1; then
		echo 'a version that it does not have was found'
		return 1
	fi
	grep -q 'compatible with requested version' "$scratch/said" || { cat "$scratch/said"; return 1; }
}
by_meson() {
	command -v meson >/dev/null && command -v ninja >/dev/null || skip 'no meson and ninja'
	rm -rf "$scratch/meson" && mkdir "$scratch/meson" && cp "$scratch/program.c" examples/documented.c "$scratch/meson/" || return
	cat >"$scratch/meson/meson.build" <<-'M'
	project('consumer', 'c', default_options: ['werror=true', 'c_std=c99'])
	executable('shared', 'program.c', dependencies: dependency('mman_peer', version: '>=0'))
	executable('static', 'program.c', dependencies: dependency('mman_peer', static: true), link_args: '-static')
	executable('documented', 'documented.c', dependencies: dependency('mman_peer-qnx'))
	M
	CC="$CC" PKG_CONFIG_PATH=$tree/$libraries/pkgconfig meson setup "$scratch/meson/build" "$scratch/meson" &&
		ninja -C "$scratch/meson/build" || return
	for program in shared static; do
		same "version printed by $program" "$(words --modversion mman_peer)" "$(run "$scratch/meson/build/$program")" || return
	done
	run "$scratch/meson/build/documented"
}
# With the library opened by the program itself, and closed again.
by_dlopen() {
	cat >"$scratch/dl.c" <<-'C'
	#include <dlfcn.h>
	#include <stdio.h>
	int main(int argc, char **argv)
	{
		void *library = argc > 1 ? dlopen(argv[1], RTLD_NOW) : NULL;
		const char *(*version)(void);
		if (!library || !(*(void **)&version = dlsym(library, "mman_peer_version"))) {
			puts(dlerror());
			return 1;
		}
		puts(version());
		return dlclose(library);
	}
	C
	$CC -Wall "$scratch/dl.c" -ldl -o "$scratch/dl" &&
		same 'version' "$(words --modversion mman_peer)" "$("$scratch/dl" "$tree/$libraries/libmman_peer.so.1")"
}
command_runs() {
	same 'version' "mman-peer $(words --modversion mman_peer)" "$("$tree/bin/mman-peer" --version)"
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
	try "installed: C89, C++98 and C++20 programs $1" standards
	try "installed: a program's own Makefile $1" by_make
	try "installed: CMake, shared, static and with the overlay $1" by_cmake
	try "installed: Meson, likewise $1" by_meson
	try "installed: opened at run time $1" by_dlopen
	try "installed: the command $1" command_runs
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
	same 'directories of ours' '' "$(find "$first" -name 'mman_peer*' -o -name cmake)"
}
# They must not tell on whose machine they were built.
no_build_paths() {
	for built in libmman_peer.so libmman_peer.a mman-peer; do
		same "build paths in $built" '' "$(strings target/release/$built | grep -F -e "$PWD" -e "${HOME:-/nowhere}/" | head -n 5)" || return
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
try 'installed: no path of the building machine in what was built' no_build_paths

summary
