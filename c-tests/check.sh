#!/bin/sh
# check.sh: what `make check` runs, part by part. Each part ends with a line of
# counts; the last line here is their sum. A part that says nothing has failed.
set -u
cd "$(dirname "$0")/.." || exit 2
MAKE=${MAKE:-make} CARGO=${CARGO:-cargo} CARGOFLAGS=${CARGOFLAGS-}
# The calls of make below are calls of their own: variables meant for this one
# (a DESTDIR, say) are not for them.
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES
log=$(mktemp "${TMPDIR:-/tmp}/mman_peer-check.XXXXXX") || exit 2
trap 'rm -f "$log"' EXIT
trap 'exit 130' INT TERM HUP
passed=0 failed=0 skipped=0 troubles=

# Shows a part's output while it runs, and keeps it and its status.
show() { # $@ command
	echo
	echo "== $*"
	{ "$@" 2>&1; echo "status $?"; } | tee "$log" | sed '/^status [0-9]*$/d'
	status=$(sed -n '$s/^status //p' "$log")
}

add() { # $1 passed, $2 failed, $3 skipped, $4 which part
	passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + $3))
	[ "$2" = 0 ] || troubles="$troubles
  $4: $2"
}

# A part of ours: its counts are its last line.
part() { # $@ command
	show "$@"
	counts=$(sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed, \([0-9]*\) skipped$/\1 \2 \3/p' "$log" | tail -n 1)
	set -- "$*" ${counts:-0 1 0}
	# A status without a failure to show for it is one.
	[ "$status" = 0 ] || [ "$3" != 0 ] || set -- "$1" "$2" 1 "$4"
	add "$2" "$3" "$4" "$1"
}

# Cargo's lines: "test result: ok. 3 passed; 0 failed; 0 ignored; ..."
show $CARGO test -q --features command $CARGOFLAGS
set -- $(sed -n 's/.*test result: [^.]*\. \([0-9]*\) passed; \([0-9]*\) failed; \([0-9]*\) ignored;.*/\1 \2 \3/p' "$log" |
	awk '{ p += $1; f += $2; i += $3 } END { print p + 0, f + 0, i + 0 }')
[ "$status" = 0 ] || [ "$2" != 0 ] || set -- "$1" 1 "$3"
add "$1" "$2" "$3" 'cargo test'

part c-tests/headers.sh
part c-tests/abi.sh
part c-tests/installed.sh
part c-tests/manual.sh
part c-tests/command.sh
part c-tests/examples.sh
# A test that does not build is a failure, which run.sh counts.
show $MAKE -s -k -j2 tests
part c-tests/run.sh
# Once more, with every call by a service in the target.
part c-tests/run.sh --engine service
part c-tests/narrow.sh

echo
[ $failed = 0 ] || echo "Failed:$troubles"
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
