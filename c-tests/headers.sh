#!/bin/sh
# headers.sh: the committed headers are those that src/ffi/ yields; each
# compiles alone and without a warning in every mode a program may be compiled
# in, declares what it promises there and nothing else, and its constants
# collide with none of the kernel's.
set -u
cd "$(dirname "$0")/.." || exit 2
. c-tests/report.sh

C_MODES='c89 c99 c11 c17 c2x gnu89 gnu99 gnu11 gnu17 gnu2x'
CXX_MODES='c++98 c++11 c++14 c++17 c++20 gnu++98 gnu++11 gnu++14 gnu++17 gnu++20'
MACROS='-DNOTHING -D_GNU_SOURCE -D_LARGEFILE64_SOURCE -D_POSIX_C_SOURCE=200809L -D_FILE_OFFSET_BITS=64'
STRICT='-pedantic -Wall -Wextra -Wundef -Wstrict-prototypes -Werror -fsyntax-only'
STRICT_CXX='-pedantic -Wall -Wextra -Wundef -Werror -fsyntax-only'
OVERLAY='-isystem include/mman_peer/qnx'

# Without the C library's headers for 32 bits that half cannot be tried.
has_width() { # $1 -m64 or -m32
	echo '#include <sys/mman.h>' | $CC $1 -fsyntax-only -xc - 2>/dev/null ||
		skip "no headers of the C library for $1 (Debian: libc6-dev-i386)"
}

# ---- Drift ------------------------------------------------------------------
no_drift() {
	rm -rf target/headers   # what an earlier run left proves nothing
	$MAKE -s headers-built || return
	for header in sys/mman_peer.h mman_peer.h mman_peer/companions.h mman_peer/utek/sys/mman.h; do
		diff -u include/$header target/headers/$header || return
	done
}
try 'headers: include/ is what src/ffi/ yields (else: make headers)' no_drift

# ---- Each alone, in every mode ----------------------------------------------
every_mode() { # $1 compiler and flags, $2 modes, $3 width, $4 source
	has_width "$3"
	status=0
	for mode in $2; do
		for macro in $MACROS; do
			$1 -std=$mode $3 $macro "$4" || { echo "in $mode $3 $macro"; status=1; }
		done
	done
	return $status
}

alone() { # $1 header, $2 flags
	printf '#include <%s>\n#include <%s>\nextern int nothing;\n' "$1" "$1" >"$scratch/alone.c"
	cp "$scratch/alone.c" "$scratch/alone.cc"
	for width in -m64 -m32; do
		try "headers: <$1> $3alone, C, $width" \
			every_mode "$CC $STRICT $2" "$C_MODES" $width "$scratch/alone.c"
		try "headers: <$1> $3alone, C++, $width" \
			every_mode "$CXX $STRICT_CXX $2" "$CXX_MODES" $width "$scratch/alone.cc"
	done
}
alone sys/mman_peer.h -Iinclude ''
alone mman_peer.h -Iinclude ''
alone mman_peer/companions.h -Iinclude ''
alone sys/mman.h "$OVERLAY -Iinclude" 'of the overlay '
alone process.h "$OVERLAY -Iinclude" 'of the overlay '

# ---- All together, and used -------------------------------------------------
# The prototypes as QNX's manual prints them, as programs declare them
# themselves: they must agree with the header's, in C++ for their linkage too.
cat >"$scratch/use.c" <<'C'
#include FIRST
#include <sys/mman_peer.h>
#include <mman_peer.h>
#ifdef __cplusplus
extern "C" {
#endif
extern void *mmap_peer(pid_t pid, void *addr, size_t len, int prot, int flags, int fd, off_t off);
extern int munmap_peer(pid_t pid, void *addr, size_t len);
extern const char *mman_peer_version(void);
extern const char *mman_peer_explain(void);
extern int mman_peer_allow(pid_t pid);
#ifdef __cplusplus
}
#endif
int use(void **where);
int use(void **where)
{
	static const int flags[] = {
		MAP_SHARED, MAP_PRIVATE, MAP_FIXED, MAP_ANON, MAP_ANONYMOUS, MAP_PRIVATEANON, MAP_STACK,
		MAP_NORESERVE, MAP_PHYS, MAP_LAZY, MAP_BELOW, MAP_NOINHERIT, MAP_HANDLE, MAP_BELOW16M,
		MAP_NOX64K, MAP_SYSRAM, MAP_NOINIT, MAP_ELF, MAP_NOSYNCFILE, MAP_FILE, MAP_RENAME,
		UNMAP_INIT_REQUIRED, UNMAP_INIT_OPTIONAL
	};
	*where = mmap_peer(1, *where, sizeof flags, PROT_NONE | PROT_READ | PROT_WRITE | PROT_EXEC | PROT_NOCACHE,
			   flags[0], NOFD, 0);
	return *where == MAP_FAILED ? *mman_peer_explain() : munmap_peer(1, *where, 1);
}
C
cp "$scratch/use.c" "$scratch/use.cc"
for width in -m64 -m32; do
	for first in '<sys/mman.h>' '<sys/types.h>' '<mman_peer.h>'; do
		try "headers: used behind $first, C, $width" \
			every_mode "$CC $STRICT -Iinclude -DFIRST=$first" "$C_MODES" $width "$scratch/use.c"
		try "headers: used behind $first, C++, $width" \
			every_mode "$CXX $STRICT_CXX -Iinclude -DFIRST=$first" "$CXX_MODES" $width "$scratch/use.cc"
	done
done

# ---- off64_t and mmap64_peer() ----------------------------------------------
compiles() { # $@ flags; the source from stdin
	$CC -Iinclude -Wall -Werror -pedantic -fsyntax-only "$@" -xc -
}
hidden_unless_asked() {
	echo '#include <sys/mman_peer.h>
	void *f(void); void *f(void) { return mmap64_peer(1, 0, 1, 0, MAP_SHARED, NOFD, 0); }' >"$scratch/large.c"
	for macro in -D_GNU_SOURCE -D_LARGEFILE64_SOURCE; do
		compiles -std=c99 $macro <"$scratch/large.c" || return
	done
	if compiles -std=c99 <"$scratch/large.c" 2>/dev/null; then
		echo 'declared for a program that did not ask'
		return 1
	fi
	# Asked too late for the C library: off64_t does not exist.
	{ echo '#include <sys/types.h>
	#define _LARGEFILE64_SOURCE'; cat "$scratch/large.c"; } | compiles -std=c99
}
try 'headers: mmap64_peer() for those who ask, as on QNX' hidden_unless_asked

same_type() { # $1 width
	has_width $1
	echo '#include <sys/mman_peer.h>
	extern mman_peer_off64_t x; extern off64_t x;
	extern void *mmap64_peer(pid_t, void *, size_t, int, int, int, off64_t);' |
		compiles -std=c11 -D_LARGEFILE64_SOURCE $1
}
# The undefined name behind a call of mmap_peer(), in this mode.
called() { # $@ flags
	echo '#include <sys/mman_peer.h>
	void *f(off_t o); void *f(off_t o) { return mmap_peer(1, 0, 1, 0, 0, NOFD, o); }' |
		$CC -Iinclude -fno-pic -c "$@" -xc - -o "$scratch/called.o" || return
	nm -u "$scratch/called.o" | awk '{ print $2 }'
}
redirects() {
	same 'with an off_t of 64 bits anyway' mmap_peer "$(called -m64 -D_FILE_OFFSET_BITS=64)" || return
	has_width -m32
	same 'with an off_t of 32 bits' mmap_peer "$(called -m32)" || return
	same 'with an off_t of 64 bits on request' mmap64_peer "$(called -m32 -D_FILE_OFFSET_BITS=64)" || return
}
try 'headers: the offset of mmap64_peer() is off64_t, -m64' same_type -m64
try 'headers: the offset of mmap64_peer() is off64_t, -m32' same_type -m32
try 'headers: _FILE_OFFSET_BITS=64 on 32 bits calls mmap64_peer()' redirects

# What QNX's <sys/mman.h> declares, the overlay's does; beside the companions' header, too.
as_on_qnx() {
	echo '#include <sys/mman.h>
	extern void *mmap_device_memory(void *addr, size_t len, int prot, int flags, uint64_t physical);
	int f(void); int f(void) {
		void *device = mmap_device_memory(0, 1, PROT_READ | PROT_NOCACHE, 0, 0xfd000000);
		return device == MAP_FAILED ? -1 : munmap_device_memory(device, 1);
	}' >"$scratch/device.c"
	compiles -std=c99 $OVERLAY <"$scratch/device.c" || return
	compiles -std=c99 $OVERLAY -include mman_peer/companions.h <"$scratch/device.c"
}
try 'headers: mmap_device_memory() is in <sys/mman.h> of the overlay' as_on_qnx

# ---- The constants ----------------------------------------------------------
# Ours, from the header: a name that Linux lacks, with a value other than 0.
ours() { # $1 prefix
	sed -n "s/^#define \(${1}_[A-Z0-9]*\)[ \t]*0x0*[1-9a-f].*/\1/p" include/sys/mman_peer.h |
		grep -vxE 'MAP_(ANONYMOUS|NORESERVE|STACK)'
}

# Every constant of ours against every MAP_ and PROT_ name of these headers.
# MAP_TYPE is the field of types, MAP_HUGE_* place the page size in bits 26 up.
no_collision() { # $@ flags
	echo '#include <sys/mman.h>
	#include <linux/mman.h>' >"$scratch/system.h"
	{
		cat "$scratch/system.h"
		echo '#include <sys/mman_peer.h>'
		for prefix in MAP PROT; do
			theirs=$($CC "$@" -dM -E -xc "$scratch/system.h" |
				sed -n "s/^#define \(${prefix}_[A-Z0-9_]*\) .*/\1/p" |
				grep -vxE 'MAP_TYPE|MAP_HUGE_(SHIFT|MASK)|MAP_FAILED')
			[ "$(echo "$theirs" | wc -l)" -ge 7 ] || echo "#error few names: $theirs"
			for mine in $(ours $prefix); do
				for other in $theirs; do
					echo "typedef char ${mine}_and_$other[(($mine) & ($other)) == 0 ? 1 : -1];"
				done
			done
		done
	} >"$scratch/collide.c"
	grep -q MAP_PHYS_and_MAP_POPULATE "$scratch/collide.c" &&
		grep -q PROT_NOCACHE_and_PROT_EXEC "$scratch/collide.c" || { cat "$scratch/collide.c"; return 1; }
	$CC "$@" -Iinclude -Werror -fsyntax-only "$scratch/collide.c"
}
try 'headers: no constant has a bit of a MAP_ or PROT_ name of this system' no_collision -D_GNU_SOURCE

# Likewise for the other processors, with the kernel's headers for them where
# they are installed, and no C library.
mkdir -p "$scratch/bare/sys"
echo '#include <linux/mman.h>' >"$scratch/bare/sys/mman.h"
echo 'typedef int pid_t; typedef long off_t;' >"$scratch/bare/sys/types.h"
for triple in aarch64-linux-gnu arm-linux-gnueabihf riscv64-linux-gnu powerpc64le-linux-gnu s390x-linux-gnu; do
	elsewhere() {
		[ -e /usr/$triple/include/asm/mman.h ] ||
			skip "no kernel headers in /usr/$triple (Debian: linux-libc-dev-ARCH-cross)"
		no_collision -nostdinc -ffreestanding -isystem "$scratch/bare" \
			-isystem "$($CC -print-file-name=include)" -isystem /usr/$triple/include
	}
	try "headers: nor of $triple" elsewhere
done

# In strict modes the C library hides names that QNX has: they must be Linux's.
strict_values() {
	echo '#include <sys/mman.h>' | $CC -D_GNU_SOURCE -dM -E -xc - |
		sed -n 's/^#define MAP_\(FILE\|ANON\|ANONYMOUS\|NORESERVE\|STACK\) /#define SYSTEM_\1 /p' >"$scratch/system.h"
	[ "$(wc -l <"$scratch/system.h")" = 5 ] || return
	{
		echo '#include <sys/mman_peer.h>'
		cat "$scratch/system.h"
		for name in FILE ANON ANONYMOUS NORESERVE STACK; do
			echo "typedef char $name[MAP_$name == SYSTEM_$name ? 1 : -1];"
		done
	} | compiles -std=c89
}
try 'headers: names hidden by the C library have its values' strict_values

refuses_elsewhere() {
	for macro in __mips__ __alpha__ __sparc__ __hppa__ __xtensa__; do
		if echo '#include <sys/mman_peer.h>' | $CC -Iinclude -D$macro -E -xc - >/dev/null 2>"$scratch/said"; then
			echo "compiles with $macro"
			return 1
		fi
		grep -q 'collide with this architecture' "$scratch/said" || { cat "$scratch/said"; return 1; }
	done
}
try 'headers: an #error where the values collide with the architecture' refuses_elsewhere

summary
