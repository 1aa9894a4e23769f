# report.sh: how the test scripts beside it report, in the words of run.sh.
# Sourced by them, with the top of the tree as current directory; gives them a
# scratch directory that goes when they end.

passed=0 failed=0 skipped=0
scratch=$(mktemp -d "${TMPDIR:-/tmp}/mman_peer.XXXXXX") || exit 2
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT TERM HUP

CC=${CC:-cc} CXX=${CXX:-c++} MAKE=${MAKE:-make}

# try NAME COMMAND...: COMMAND, a shell function too, proves what NAME says.
# Its status is 0, or 77 with a last line "skip: REASON", or a failure, whose
# output is shown.
try() {
	name=$1
	shift
	("$@") >"$scratch/output" 2>&1
	case $? in
	0)
		passed=$((passed + 1))
		echo "ok $name"
		;;
	77)
		skipped=$((skipped + 1))
		echo "skip $name: $(sed -n '$s/^skip: //p' "$scratch/output")"
		;;
	*)
		failed=$((failed + 1))
		echo "FAIL $name"
		sed 's/^/    /' "$scratch/output"
		;;
	esac
}

skip() {
	echo "skip: $*"
	exit 77
}

# The two texts are the same; shows how they differ.
same() { # $1 what, $2 wanted, $3 found
	[ "$2" = "$3" ] && return
	printf '%s: wanted\n%s\nfound\n%s\n' "$1" "$2" "$3"
	return 1
}

# What the library exports: the one list of it.
names() {
	sed -n 's/^\t\t\([a-z_][a-z0-9_]*\);$/\1/p' libmman_peer.map | sort
}

summary() {
	echo "$passed passed, $failed failed, $skipped skipped"
	[ $failed = 0 ]
}
