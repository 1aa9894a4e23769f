#!/bin/sh
# narrow.sh: the C tests as 32-bit programs, on a processor that runs those:
# with the library built for 32 bits, and with their calls made by a 64-bit
# program (wide/), which makes them 32-bit targets of a 64-bit caller. Which
# tests do not run so is written in not-in-32-bits.
#
#   c-tests/narrow.sh [NAME...]
#
# The counts of all that are its last line. Each test runs once for each caller:
# as an ordinary user with a 32-bit one, as root (if it may) with a 64-bit one.
set -u
cd "$(dirname "$0")/.." || exit 2
. c-tests/report.sh
CARGO=${CARGO:-cargo} CARGOFLAGS=${CARGOFLAGS-}
target=i686-unknown-linux-gnu
built=$PWD/target/$target

finish() { # a machine that cannot do this at all
	try "narrow: tests as 32-bit programs" skip "$1"
	summary
	exit
}
case $(uname -m) in x86_64) ;; *) finish "the processor is not x86_64" ;; esac
[ -e /proc/sys/abi/vsyscall32 ] || finish 'the kernel runs no 32-bit programs'

# Counts of a part whose last line they are.
counted() { # $@ command
	"$@" 2>&1 | tee "$scratch/part"
	set -- $(sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed, \([0-9]*\) skipped$/\1 \2 \3/p' "$scratch/part" | tail -n 1)
	[ $# = 3 ] || set -- 0 1 0
	passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + $3))
}

# The tests for that caller: those named, else all that are not left out.
tests_for() { # $1 32 or 64, $2... names
	caller=$1
	shift
	[ $# -gt 0 ] || set -- $(cd c-tests && ls ./*.c | sed 's|^\./||; s|\.c$||')
	for name; do
		sed -e 's/#.*//' c-tests/not-in-32-bits | while IFS='|' read -r pattern where reason; do
			where=$(echo $where)
			case $where in any | $caller) ;; *) continue ;; esac
			pattern=$(echo "$pattern" | tr -d ' \t')
			case $name in $pattern) echo out; break ;; esac
		done | grep -q out || echo "$name"
	done
}

units() {
	lab/toolchain.sh $target $CARGO test -q --lib --target $target --target-dir target/raw $CARGOFLAGS
}
libraries() {
	$MAKE -s TARGET=$target all && $MAKE -s all && $MAKE -s TARGET=$target wide
}
try 'narrow: both libraries and the 64-bit caller are built' libraries
[ $failed = 0 ] || { summary; exit; }
[ $# -gt 0 ] || try "narrow: cargo test, for $target" units
$MAKE -s -k -j2 TARGET=$target tests

export C_TESTS_BUILT="$built/c-tests"
echo
echo '-- a 32-bit caller with 32-bit targets'
C_TESTS_LIBRARIES=$built/release
export C_TESTS_LIBRARIES
counted c-tests/run.sh -j 4 --as user $(tests_for 32 "$@")
echo
echo '-- a 64-bit caller with 32-bit targets'
C_TESTS_LIBRARIES=$built/wide
as=user
[ "$(id -u)" != 0 ] || as=root
counted c-tests/run.sh -j 4 --as $as $(tests_for 64 "$@")
echo
summary
