#!/bin/sh
# run.sh: runs the C tests that make has built, and says what each one did.
#
#   c-tests/run.sh [-j JOBS] [--as root|user] [--once root|user] [--again]
#                  [--engine auto|inject|service] [NAME...] (or NAME:root, NAME:user)
#
# Every c-tests/NAME.c is a test and lies built in target/c-tests/NAME; a test
# that was not built is a failure. What a test may write in its first comment:
#   runs-as: root        only as root             (default: as root and as user)
#   runs-as: user        only as an ordinary user
#   time-limit: SECONDS  longer is a hang, and a hang is a failure (default 20)
#                        (times C_TEST_SLOWNESS, see check.h)
#   runs-alone           nothing else runs meanwhile: it measures time, or
#                        changes a setting of the whole machine
#   helper               no test of its own: a program that tests start
# Started as root, each test runs twice: as root, and as an ordinary user
# without groups or capabilities. Started as an ordinary user, root's tests are
# skipped. With --once a test that runs as both runs only as the one named.
# With --again what has failed is run once more, alone: for an emulated machine,
# whose processors stand still now and then. What passes then has passed, and is
# said to have been run again.
# A test runs in an empty directory of its own, under a world-readable
# copy of the binaries: a clone may lie where the ordinary user cannot enter.
#
# With --engine every call goes that way (MMAN_PEER_ENGINE), and for service
# every process that loads the library serves (MMAN_PEER_SERVE=1). The tests do
# not know. Those about matters of the other engine's own are named in
# not-by-service, each with the reason, and are left out there.
#
# Exit status of a test: 0 passed; 77 skipped, its last line "skip: REASON";
# else failed. A skip for which expected-skips gives no cause is a failure.
set -u
umask 022
ulimit -c 0

die() { echo "run.sh: $*" >&2; exit 2; }

case $0 in */*) here=${0%/*} ;; *) here=. ;; esac
here=$(cd "$here" && pwd) || exit 2
top=${here%/*}
built=${C_TESTS_BUILT:-$top/target/c-tests}     # the test programs
libraries=${C_TESTS_LIBRARIES:-$top/target/release}
ordinary=65432                                  # uid and gid that own nothing

# What the first comments of the tests say: a line each, NAME AS LIMIT HOW; AS
# is root, user or both, HOW is shared, alone or helper.
markers() { # $@ sources
	awk 'function tell() { if (name != "") print name, as, limit, how }
		FNR == 1 {
			tell()
			name = FILENAME; sub(/.*\//, "", name); sub(/\.c$/, "", name)
			as = "both"; limit = 20; how = "shared"; comment = 1
		}
		!comment { next }
		/^[ \/*]*runs-as: / { as = $NF }
		/^[ \/*]*time-limit: / { limit = $NF }
		/^[ \/*]*runs-alone$/ { how = "alone" }
		/^[ \/*]*helper$/ { how = "helper" }
		/\*\// { comment = 0 }
		END { tell() }' "$@"
}

# Ends what a test left running: by the word in its environment that only this
# test has, and by its session, for those that hide or wipe their environment.
# One program looks: the shell reads byte by byte, and an emulated machine is slow
# at both. In PID/stat there follow the name in brackets: state, parent, group, session.
end_leftovers() { # $1 word, as a pattern; $2 session
	for process in $(LC_ALL=C grep -lsE -e "^[0-9]+ \\(.*\\) [^Z] [0-9]+ [0-9]+ $2 " -e "C_TEST_RUN=$1" \
		/proc/[0-9]*/stat /proc/[0-9]*/environ); do
		process=${process#/proc/}
		kill -KILL "${process%%/*}" 2>/dev/null
	done
}

# For conditions in expected-skips: is the kernel older than this version?
kernel_before() {
	[ "$(printf '%s\n%s\n' "$1" "$(uname -r)" | sort -V | head -n 1)" != "$1" ]
}

# Can huge pages not be set aside here: none in the kernel, a setting that
# cannot be written, or little memory?
no_huge_pages() {
	[ ! -w /proc/sys/vm/nr_hugepages ] ||
		[ "$(awk '$1 == "MemFree:" { print $2 }' /proc/meminfo)" -lt 400000 ]
}

# Has the C library registered a restartable sequence (glibc 2.35)?
libc_has_rseq() {
	version=$(getconf GNU_LIBC_VERSION) &&
		[ "$(printf 'glibc 2.35\n%s\n' "$version" | sort -V | head -n 1)" = 'glibc 2.35' ]
}

# Is there no control group hierarchy of this type (with this controller) in
# which a group can be made?
no_cgroup_for_writing() { # $1 cgroup or cgroup2, $2 controller or nothing
	for hierarchy in $(awk -v type="$1" -v with="${2-}" \
		'$3 == type && (with == "" || index("," $4 ",", "," with ",")) { print $2 }' /proc/self/mounts); do
		[ ! -w "$hierarchy" ] || return 1
	done
}

# Is there a line in expected-skips for this test whose condition holds here?
# One that calls what does not exist holds for nothing.
skip_is_expected() { # $1 name, $2 who
	while IFS='|' read -r test condition; do
		case $test in '#'* | '') continue ;; esac
		[ "$(echo $test)" = "$1" ] || continue
		trouble=$( (who=$2 && eval "$condition") 2>&1 >/dev/null) || continue
		case $trouble in *'not found'*) ;; *) return 0 ;; esac
	done <"$here/expected-skips"
	return 1
}

# Is this test about what a service does not do?
is_not_by_service() { # $1 name
	sed 's/ *|.*//' "$here/not-by-service" | grep -qxF "$1"
}

# One test, once: prints its lines and notes the outcome in a file.
run_one() { # $1 scratch, $2 NAME:WHO:LIMIT
	scratch=$1 name=${2%%:*} limit=${2##*:} who=${2#*:}
	who=${who%:*}
	outcome=$scratch/outcomes/$name.$who
	output=$outcome.output
	if [ ! -x "$scratch/bin/$name" ]; then
		report FAIL "it was not built: $built/$name"
		return
	fi
	limit=$((limit * ${C_TEST_SLOWNESS:-1}))
	room=$scratch/rooms/$name.$who
	as=
	if [ "$who" = user ] && [ "$C_TESTS_PRIVILEGED" = yes ]; then
		as="setpriv --reuid=$ordinary --regid=$ordinary --clear-groups --inh-caps=-all"
	fi
	cd "$room" || exit 2
	read -r began _ </proc/uptime
	# A slow machine is waited for longer than the library's default of a second.
	patience=
	[ "${C_TEST_SLOWNESS:-1}" = 1 ] || patience=MMAN_PEER_TIMEOUT_MS=$((1000 * C_TEST_SLOWNESS))
	# In this shell a child is no group leader, so setsid becomes the
	# session's leader and $! is the session's number.
	(
		unset MMAN_PEER_DEBUG MMAN_PEER_ENGINE MMAN_PEER_TIMEOUT_MS MMAN_PEER_ALLOW MMAN_PEER_PHYSMEM MMAN_PEER_SERVE
		[ -z "$engine$patience" ] || export $engine $patience
		export C_TEST_RUN="$room;" HOME="$room" TMPDIR="$room" LD_LIBRARY_PATH="$scratch/bin"
		exec setsid timeout -k 3 "$limit" $as "$scratch/bin/$name"
	) </dev/null >"$output" 2>&1 &
	session=$!
	{ wait $session; } 2>/dev/null  # the shell need not say "Killed"
	status=$?
	read -r ended _ </proc/uptime
	took=$((${ended%.*} - ${began%.*}))
	end_leftovers "$room;" $session
	cd /
	for left in "$room"/* "$room"/.[!.]*; do
		[ ! -e "$left" ] || { rm -rf "$room"/* "$room"/.[!.]*; break; }
	done
	case $status in
	0) report ok '' ;;
	77)
		reason=$(sed -n '$s/^skip: //p' "$output")
		if [ -z "$reason" ]; then
			report FAIL 'it skipped without a reason'
		elif skip_is_expected "$name" "$who"; then
			report skip "$reason"
		else
			report FAIL "it skipped what this machine can do: $reason"
		fi
		;;
	124) report FAIL "it hung: no end within $limit seconds" ;;
	*)
		if [ $status = 137 ] && [ $took -ge "$limit" ]; then
			report FAIL "it hung: no end within $limit seconds, and only SIGKILL ended it"
		elif [ $status -gt 128 ]; then
			report FAIL "signal $((status - 128)) ended it"
		else
			report FAIL "exit status $status"
		fi
		;;
	esac
}

# Uses name, who, outcome, output of run_one. One write, so that the lines of two
# tests that end together stay apart.
report() { # $1 ok, FAIL or skip; $2 reason
	line="$1 $name ($who${C_TESTS_AGAIN:+, run again})${2:+: $2}"
	echo "$line" >"$outcome.line"
	if [ "$1" != FAIL ] || [ ! -s "$output" ]; then
		echo "$line"
		return
	fi
	{
		echo "$line"
		sed 's/^/    /' "$output"
	} >"$outcome.text"
	cat "$outcome.text"
}

# What the engine of this run puts into the environment of a test.
case ${C_TESTS_ENGINE-} in
'') engine= ;;
service) engine='MMAN_PEER_ENGINE=service MMAN_PEER_SERVE=1' ;;
*) engine=MMAN_PEER_ENGINE=$C_TESTS_ENGINE ;;
esac

if [ "${1-}" != --one ]; then
	C_TESTS_PRIVILEGED=no
	[ "$(id -u)" != 0 ] || C_TESTS_PRIVILEGED=yes
	export C_TESTS_PRIVILEGED
else    # from xargs, below
	run_one "$2" "$3"
	exit 0
fi

jobs=2
only= once= again=
while [ $# -gt 0 ]; do
	case $1 in
	-j) [ $# -ge 2 ] || die '-j wants a number'; jobs=$2; shift 2 ;;
	--as) [ $# -ge 2 ] || die '--as wants root or user'; only=$2; shift 2 ;;
	--once) [ $# -ge 2 ] || die '--once wants root or user'; once=$2; shift 2 ;;
	--again) again=yes; shift ;;
	--engine) [ $# -ge 2 ] || die '--engine wants a name'; C_TESTS_ENGINE=$2; shift 2 ;;
	-*) die "unknown option $1; usage: run.sh [-j JOBS] [--as root|user] [--once root|user] [--again] [--engine NAME] [NAME...]" ;;
	*) break ;;
	esac
done
case $only in '' | root | user) ;; *) die '--as wants root or user' ;; esac
case $once in '' | root | user) ;; *) die '--once wants root or user' ;; esac
case ${C_TESTS_ENGINE-} in '' | auto | inject | service) ;; *) die '--engine wants auto, inject or service' ;; esac
export C_TESTS_ENGINE="${C_TESTS_ENGINE-}"
for tool in setsid timeout awk xargs; do
	command -v $tool >/dev/null || die "$tool is missing"
done
[ "$(id -u)" != 0 ] || command -v setpriv >/dev/null || die 'setpriv (util-linux) is missing'
[ -e "$libraries/libmman_peer.so" ] || die "no $libraries/libmman_peer.so: run make first"

scratch=$(mktemp -d /tmp/mman_peer-check.XXXXXX) || exit 2
trap 'end_leftovers "$scratch/rooms/" none; rm -rf "$scratch"' EXIT
trap 'exit 130' INT TERM HUP PIPE
chmod 755 "$scratch"
mkdir "$scratch/bin" "$scratch/rooms" "$scratch/outcomes"
cp -P "$libraries"/libmman_peer.so* "$scratch/bin/"
find "$built" -maxdepth 1 -type f -exec cp -t "$scratch/bin" {} +
chmod -R a+rX "$scratch/bin"

# The runs, NAME:WHO a line: those that may share the machine, and the others.
: >"$scratch/shared"
: >"$scratch/alone"
if [ $# -eq 0 ]; then
	for source in "$here"/*.c; do set -- "$@" "$source"; done
fi
for wanted; do
	as_wanted=both
	case $wanted in *:root | *:user) as_wanted=${wanted##*:} wanted=${wanted%:*} ;; esac
	name=${wanted##*/}
	name=${name%.c}
	source=$here/$name.c
	[ -e "$source" ] || die "there is no test $source"
	echo "$source $as_wanted"
done >"$scratch/wanted" || exit
markers $(cut -d ' ' -f 1 "$scratch/wanted") | paste -d ' ' - "$scratch/wanted" >"$scratch/marked"
while read -r name as limit how _ as_wanted; do
	[ "$how" != helper ] || continue
	if [ "$C_TESTS_ENGINE" = service ] && is_not_by_service "$name"; then continue; fi
	[ "$as" != both ] || as=${once:-both}
	for who in root user; do
		case $who/${only:-$who}/$as/$as_wanted in
		root/root/root/root | root/root/both/root | root/root/root/both | root/root/both/both) ;;
		user/user/user/user | user/user/both/user | user/user/user/both | user/user/both/both) ;;
		*) continue ;;
		esac
		if [ $who = root ] && [ "$C_TESTS_PRIVILEGED" = no ]; then
			[ "$as" = root ] || continue    # it runs as user all the same
			outcome=$scratch/outcomes/$name.$who output=/dev/null
			report skip 'needs root'
			continue
		fi
		echo "$name:$who:$limit" >>"$scratch/$how"
	done
done <"$scratch/marked"

# Each in a directory of its own.
rooms() { sed -n "s/:$1:.*/.$1/p" "$scratch/shared" "$scratch/alone" | sort -u; }
cd "$scratch/rooms" || exit 2
rooms root | xargs -r mkdir || exit 2
if [ $C_TESTS_PRIVILEGED = yes ]; then
	rooms user | xargs -r install -d -o $ordinary -g $ordinary || exit 2
else
	rooms user | xargs -r mkdir || exit 2
fi
cd / || exit 2

xargs -r -P "$jobs" -n 1 sh "$here/run.sh" --one "$scratch" <"$scratch/shared"
xargs -r -P 1 -n 1 sh "$here/run.sh" --one "$scratch" <"$scratch/alone"

if [ -n "$again" ]; then
	grep -ls '^FAIL ' "$scratch"/outcomes/*.line | sed 's/.*\///; s/\.line$//' >"$scratch/failed"
	while read -r run; do
		grep -h "^${run%.*}:${run##*.}:" "$scratch/shared" "$scratch/alone"
		rm -f "$scratch/outcomes/$run".*
	done <"$scratch/failed" >"$scratch/again"
	C_TESTS_AGAIN=yes xargs -r -P 1 -n 1 sh "$here/run.sh" --one "$scratch" <"$scratch/again"
fi

# A run that left no outcome was lost, which counts as a failure.
for run in $(cat "$scratch/shared" "$scratch/alone"); do
	name=${run%%:*} who=${run#*:}
	who=${who%:*}
	outcome=$scratch/outcomes/$name.$who output=$outcome.output
	[ -e "$outcome.line" ] || report FAIL 'the runner lost it'
done
cat "$scratch"/outcomes/*.line >"$scratch/lines" 2>/dev/null
for kind in FAIL skip; do
	if grep -q "^$kind " "$scratch/lines"; then
		echo
		[ $kind = FAIL ] && echo "Failed:" || echo "Skipped:"
		grep "^$kind " "$scratch/lines"
	fi
done
count() { grep -c "^$1 " "$scratch/lines"; }
failed=$(count FAIL)
echo
echo "$(count ok) passed, $failed failed, $(count skip) skipped"
[ "$failed" = 0 ]
