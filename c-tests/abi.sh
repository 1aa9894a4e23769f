#!/bin/sh
# abi.sh: the built libraries are what a package may ship: the interface of
# libmman_peer.map and no other name, the soname, nothing needed beyond the C
# library and the unwinder, no text relocations, and a static library that
# links beside any other Rust archive. Asks readelf, not the Makefile.
set -u
cd "$(dirname "$0")/.." || exit 2
. c-tests/report.sh
LC_ALL=C
export LC_ALL

SHARED=target/release/libmman_peer.so
STATIC=target/release/libmman_peer.a
NODE=MMAN_PEER_1.0

# ---- The shared library -----------------------------------------------------
exports_exactly() { # $1 library
	same 'exported names' "$(names | sed "s/\$/@@$NODE/")" \
		"$(readelf --dyn-syms -W "$1" |
			awk -v node=$NODE '$5 ~ /GLOBAL|WEAK/ && $7 != "UND" && $8 != node { print $8 }' | sort)"
}
dynamic() { # $1 library, $2 tag
	readelf -dW "$1" | sed -n "s/.*($2).*\[\(.*\)\].*/\1/p"
}
soname_is() {
	same soname libmman_peer.so.1 "$(dynamic "$1" SONAME)"
}
needs_little() {
	# The unwinder comes with Rust's standard library, the loader with
	# thread-local storage.
	strange=$(dynamic $SHARED NEEDED | grep -vE '^(libc\.so\.6|libgcc_s\.so\.1|ld-linux.*)$')
	same 'needed beyond the C library' '' "$strange"
}
no_paths() {
	same 'RPATH and RUNPATH' '' "$(dynamic $SHARED RPATH)$(dynamic $SHARED RUNPATH)"
}
well_linked() {
	readelf -dW $SHARED >"$scratch/dynamic" && readelf -lW $SHARED >"$scratch/segments" || return
	if grep -q TEXTREL "$scratch/dynamic"; then
		echo 'has text relocations'
		return 1
	fi
	for flag in BIND_NOW NODELETE; do
		grep -q "FLAGS.*$flag" "$scratch/dynamic" || { echo "no $flag"; cat "$scratch/dynamic"; return 1; }
	done
	grep -q GNU_RELRO "$scratch/segments" || { echo 'no RELRO'; return 1; }
	same 'stack' 'RW' "$(awk '$1 == "GNU_STACK" { print $7 }' "$scratch/segments")" || return
	same 'segments both writable and executable' '' "$(grep 'LOAD.* RWE ' "$scratch/segments")"
}
try 'abi: the shared library exports the names of the map, versioned, and no other' exports_exactly $SHARED
try 'abi: its soname' soname_is $SHARED
try 'abi: it needs the C library and the unwinder only' needs_little
try 'abi: it names no directory to search' no_paths
try 'abi: no text relocations, bound at start, never unloaded, no executable stack' well_linked

# The checks above would see a break: the same object, linked without the map
# and the soname.
red_when_broken() {
	$CC -shared target/relink/mman_peer.o -o "$scratch/broken.so" || return
	exports_exactly "$scratch/broken.so" && { echo 'unversioned names passed'; return 1; }
	soname_is "$scratch/broken.so" && { echo 'no soname passed'; return 1; }
	sed 's/^\t\tmunmap_peer;$//' libmman_peer.map >"$scratch/short.map"
	$CC -shared -Wl,--version-script="$scratch/short.map" target/relink/mman_peer.o -o "$scratch/broken.so" || return
	exports_exactly "$scratch/broken.so" && { echo 'a missing name passed'; return 1; }
	:
}
try 'abi: a library linked wrongly does not pass these checks' red_when_broken

# ---- The interface, against the last release --------------------------------
# What a program that was built before relies on: each name with its version and
# binding, its prototype as the compiler reads the headers, the constants, and the
# sizes of types of ours. Written down in c-tests/interface-1.0 for x86_64; what
# stands there stays, and a new name gets a line.
KNOWN=c-tests/interface-1.0
interface() { # $1 library, $2 directory of the headers
	readelf --dyn-syms -W "$1" | awk '$8 ~ /@@/ && $4 != "OBJECT" { print "symbol", $5, $8 }' | sort
	cat >"$scratch/all.c" <<-'C'
	#define _GNU_SOURCE
	#include <sys/mman_peer.h>
	#include <mman_peer.h>
	#include <mman_peer/companions.h>
	C
	$CC -I"$2" -fsyntax-only -aux-info "$scratch/prototypes" "$scratch/all.c" || return
	sed -n 's|^/\* .*/\([^/]*\):[0-9]*:.* \*/ extern \(.*\)|\2|p' "$scratch/prototypes" |
		grep -E "(^|[ *])($(names | tr '\n' '|' | sed 's/|$//')) \(" | sed 's/^/prototype /' | sort -u
	sed -n 's/^#define \(\(MAP\|PROT\|UNMAP\)_[A-Z0-9_]*\|NOFD\)[ \t].*/\1/p' "$2"/sys/mman_peer.h | sort -u >"$scratch/constants"
	{
		cat "$scratch/all.c" - <<-'C'
		#include <stdio.h>
		int main(void) {
			printf("type mman_peer_off64_t %u bytes, %s\n", (unsigned)sizeof(mman_peer_off64_t),
				(mman_peer_off64_t)-1 < 0 ? "signed" : "unsigned");
		C
		sed 's/.*/printf("constant & %#x%c", (unsigned)(&), 10);/' "$scratch/constants"
		echo 'return 0; }'
	} >"$scratch/constants.c"
	$CC -I"$2" "$scratch/constants.c" -o "$scratch/constants" && "$scratch/constants"
}
compatible() { # $1 library, $2 headers
	interface "$1" "$2" >"$scratch/interface" || return
	mkdir -p target && cp "$scratch/interface" target/interface
	grep -q '^prototype .*mmap_peer' "$scratch/interface" || { cat "$scratch/interface"; return 1; }
	diff -u $KNOWN "$scratch/interface" || {
		echo "a line with - breaks programs; if those with + are meant: cp target/interface $KNOWN"
		return 1
	}
}
try_compatible() {
	[ "$(uname -m)" = x86_64 ] || skip "the interface is written down for x86_64"
	compatible $SHARED include
}
# It would see a change of a type, of a constant, of a binding.
red_when_changed() {
	compatible $SHARED include || return
	for change in 's/size_t len,/int len,/' 's/MAP_LAZY\t0x00400000/MAP_LAZY\t0x04000000/'; do
		rm -rf "$scratch/changed" && cp -r include "$scratch/changed" &&
			sed -i "$change" "$scratch/changed/sys/mman_peer.h" || return
		cmp -s include/sys/mman_peer.h "$scratch/changed/sys/mman_peer.h" && { echo "no such text: $change"; return 1; }
		compatible $SHARED "$scratch/changed" >/dev/null 2>&1 && { echo "passed: $change"; return 1; }
	done
	objcopy --weaken-symbol=mmap_peer target/relink/mman_peer.o "$scratch/weak.o" &&
		$CC -shared -Wl,--version-script=libmman_peer.map "$scratch/weak.o" -o "$scratch/broken.so" || return
	compatible "$scratch/broken.so" include >/dev/null 2>&1 && { echo 'a function that became weak passed'; return 1; }
	:
}
try 'abi: the interface is the one that was released' try_compatible
try 'abi: a changed type, constant or name does not pass' red_when_changed

# ---- Programs that use it ---------------------------------------------------
cat >"$scratch/user.c" <<'C'
#include <stdio.h>
#include <unistd.h>
#include <sys/mman_peer.h>
#include <mman_peer.h>
#ifdef SECOND
extern int second_archive(int);
#else
#define second_archive(n) (n)
#endif
int main(void)
{
	char *p = mmap_peer(getpid(), 0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, NOFD, 0);
	if (p == MAP_FAILED) {
		printf("mmap_peer: %s\n", mman_peer_explain());
		return 1;
	}
	*p = 1;
	if (munmap_peer(getpid(), p, 4096) != 0 || second_archive(41) != 41)
		return 1;
	return mman_peer_version()[0] == '\0';
}
C
build() { # $@ more of the command line; makes $scratch/user
	$CC -Iinclude "$scratch/user.c" "$@" -Wl,--fatal-warnings -o "$scratch/user"
}
records_versions() {
	build $SHARED || return
	same 'needs' libmman_peer.so.1 "$(dynamic "$scratch/user" NEEDED | grep mman)" || return
	same 'wants' "mmap_peer@$NODE" \
		"$(readelf --dyn-syms -W "$scratch/user" | awk '$8 ~ /^mmap_peer/ { print $8 }')" || return
	LD_LIBRARY_PATH=target/release "$scratch/user"
}
# What was built before there is a newer node must find the older one there.
opened_at_run_time() {
	cat >"$scratch/open.c" <<-'C'
	#define _GNU_SOURCE
	#include <dlfcn.h>
	#include <stdio.h>
	int main(void)
	{
		void *lib = dlopen("libmman_peer.so.1", RTLD_NOW | RTLD_LOCAL);
		const char *(*version)(void);
		if (!lib || !(version = (const char *(*)(void))dlvsym(lib, "mman_peer_version", "MMAN_PEER_1.0"))) {
			puts(dlerror());
			return 1;
		}
		dlclose(lib);
		return version()[0] == '\0'; /* still there */
	}
	C
	$CC "$scratch/open.c" -ldl -o "$scratch/open" && LD_LIBRARY_PATH=target/release "$scratch/open"
}
try 'abi: a program records the soname and the version of each name' records_versions
try 'abi: opened by dlopen(), and still there after dlclose()' opened_at_run_time

# ---- The static library -----------------------------------------------------
only_ours() {
	same 'members' mman_peer.o "$(ar t $STATIC)" || return
	same 'global names' "$(names)" "$(nm -g --defined-only $STATIC | awk 'NF == 3 { print $3 }' | sort)" || return
	# What remains to be found is the C library's and the unwinder's.
	same "names of Rust's left open" '' "$(nm -u $STATIC | awk '{ print $2 }' | grep -E '^_?_R|rust|^_ZN')"
}
# Not larger than the README says, but for what another compiler makes of it.
of_a_size() {
	set -- $(sed -n 's/^`libmman_peer.so` has \([0-9.]*\) MB, `libmman_peer.a` \([0-9.]*\) MB.*/\1 \2/p' README.md)
	[ $# = 2 ] || { echo 'README.md does not give the sizes'; return 1; }
	awk -v so="$1" -v a="$2" -v real_so="$(wc -c <$SHARED)" -v real_a="$(wc -c <$STATIC)" 'BEGIN {
		print "README: " so, a " MB; found:", real_so, real_a
		exit !(real_so < so * 1.25e6 && real_a < a * 1.25e6 && real_so > so * 0.75e6 && real_a > a * 0.75e6) }'
}
no_debug() {
	same 'sections with debug information' '' "$(readelf -SW $STATIC | grep -o '\.debug_[a-z]*')"
}
links_static() { # $@ flags
	build "$@" && "$scratch/user"
}
second_archive() {
	command -v rustc >/dev/null || skip 'no rustc to build a second Rust archive with'
	# It allocates, formats, panics and catches: much of the standard library.
	cat >"$scratch/second.rs" <<-'R'
	#[no_mangle]
	pub extern "C" fn second_archive(n: i32) -> i32 {
	    std::panic::set_hook(Box::new(|_| ()));
	    let caught = std::panic::catch_unwind(|| if n > 0 { panic!("{}", format!("{n}")) });
	    if caught.is_err() { n } else { -1 }
	}
	R
	rustc --edition 2021 --crate-type staticlib -O --print native-static-libs="$scratch/native" \
		"$scratch/second.rs" -o "$scratch/libsecond.a" 2>"$scratch/said" || { cat "$scratch/said"; return 1; }
	links_static -DSECOND $STATIC "$scratch/libsecond.a" || { echo 'behind ours'; return 1; }
	links_static -DSECOND "$scratch/libsecond.a" $STATIC || { echo 'before ours'; return 1; }
	build -DSECOND "$scratch/libsecond.a" $SHARED && LD_LIBRARY_PATH=target/release "$scratch/user"
}
# Rust's standard library says what a static link needs; the compiler's driver
# adds its own part (libgcc, the unwinder, libc).
private_libraries() {
	command -v rustc >/dev/null || skip 'no rustc to ask'
	echo '' | rustc --crate-type staticlib --print native-static-libs="$scratch/native" \
		-o "$scratch/empty.a" - 2>"$scratch/said" || { cat "$scratch/said"; return 1; }
	same 'Libs.private' "$(tr ' ' '\n' <"$scratch/native" | grep -vxE -e '-lgcc_s|-lc|' | tr '\n' ' ')" \
		"$(sed -n 's/^Libs.private: *//p' pkgconfig/mman_peer.pc.in) "
}
try 'abi: the static library has our names only' only_ours
try 'abi: and no debug information' no_debug
try 'abi: the libraries have the sizes that the README gives' of_a_size
try 'abi: links into a program' links_static $STATIC
try 'abi: links into a program without unused sections' links_static -Wl,--gc-sections $STATIC
try 'abi: links into a wholly static program' links_static -static $STATIC
try 'abi: links into a static program that is position independent' links_static -static-pie $STATIC
try 'abi: links beside a second Rust archive, in both orders' second_archive
try 'abi: the .pc file names the libraries of a static link' private_libraries

# ---- What runs when they are loaded -----------------------------------------
# The linker may drop what nothing refers to: the constructor that gives
# consent must be in .init_array of the library and of a program with the .a.
constructor_in() { # $1 file with its symbols
	where=$(nm "$1" | awk '$3 ~ /mman_peer.*when_loaded/ { print $1; exit }')
	[ -n "$where" ] || { echo "no constructor in $1"; nm "$1" | grep -i loaded; return 1; }
	set -- "$1" $(readelf -SW "$1" | sed 's/^ *\[ *[0-9]*\]//' | awk '$1 == ".init_array" { print $3, $5 }')
	# Its address as the addend of a relocation there, or in the bytes.
	readelf -rW "$1" | awk -v from="$2" -v size="$3" -v where="$where" '
		function n(hex,  i, v) {
			v = 0
			for (i = 1; i <= length(hex); i++)
				v = v * 16 + index("0123456789abcdef", substr(hex, i, 1)) - 1
			return v
		}
		/R_.*_RELATIVE/ && n($1) >= n(from) && n($1) < n(from) + n(size) && n($NF) == n(where) { found = 1 }
		END { exit !found }' || { echo "not in .init_array of $1"; return 1; }
}
constructors_survive() {
	constructor_in $SHARED || return
	build -pie -Wl,--gc-sections $STATIC && constructor_in "$scratch/user"
}
try 'abi: the constructor is in .init_array of both libraries' constructors_survive

# ---- Processors -------------------------------------------------------------
# Cargo runs the build script first, with the target in its environment.
refuses() { # $1 processor, $2 bits, $3 endian
	script=$(ls -t target/raw/release/build/mman_peer-*/build-script-build | head -n 1)
	env CARGO_CFG_TARGET_OS=linux CARGO_CFG_TARGET_ARCH=$1 CARGO_CFG_TARGET_POINTER_WIDTH=$2 CARGO_CFG_TARGET_ENDIAN=$3 \
		"$script" >"$scratch/said" 2>&1
	cat "$scratch/said"
	same 'what the build script says' 1 "$(wc -l <"$scratch/said")" &&
		grep -q "^cargo::error=.*x86_64, x86 and aarch64; it has no support for $1 " "$scratch/said"
}
try 'abi: is refused for riscv64 at build time, with the reason' refuses riscv64 64 little
try 'abi: is refused for aarch64 of big endian' refuses aarch64 64 big
try 'abi: is refused for x32' refuses x86_64 32 little

summary
