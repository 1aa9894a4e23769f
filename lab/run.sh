#!/bin/bash
# run.sh: boots the lab's machines and runs the C tests in them.
#
#   lab/run.sh                         every row of `machines`, two at a time; the
#                                      last line sums the counts
#   lab/run.sh ROW                     one machine, all its stages
#   lab/run.sh ROW[/STAGE,...] NAME... these tests there (NAME, NAME:root, NAME:user)
#   lab/run.sh ROW -c COMMAND          a shell command there, as root
#
# Builds what it runs. Kernels and userland are Debian's packages, unpacked once
# into LAB_CACHE (default ~/.cache/mman_peer-lab); remove it for newer ones.
# LAB_LIMIT bounds a machine's time, in seconds; LAB_JOBS the machines at once.
set -u -o pipefail
cd "$(dirname "$0")/.." || exit 2
cache=${LAB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/mman_peer-lab}
limit=${LAB_LIMIT:-1500}
mkdir -p "$cache" || exit 2
. lab/packages.sh

die() { echo "lab: $*" >&2; exit 2; }

# The rows of a table, without comments and the spaces around its bars.
table() { # $1 file
	sed -e '/^#/d' -e '/^[[:space:]]*$/d' -e 's/[[:space:]]*|[[:space:]]*/|/g' -e 's/[[:space:]]*$//' "$1"
}

# ---- What a machine is made of --------------------------------------------

debian() { case $1 in x86_64) echo amd64 ;; aarch64) echo arm64 ;; esac; }

# Where make puts what it builds for that processor, and its word for it.
target() { [ "$1" = "$(uname -m)" ] || echo "$1-unknown-linux-gnu"; }
built() { local target; target=$(target "$1"); echo "target${target:+/$target}"; }

# What c-tests/run.sh and the tests need, as they run on a Debian machine.
userland='libc6 libgcc-s1 libc-bin dash coreutils mawk findutils grep sed util-linux mount kmod'

# The userland of a processor, as the kernel's first archive.
base() { # $1 processor
	local base=$cache/base-$1.cpio
	[ -e "$base" ] && return
	unpack_all "$(debian "$1")" "$cache/base-$1" $userland || return
	(
		cd "$cache/base-$1" || exit
		rm -rf usr/share/doc usr/share/man usr/share/locale usr/share/bash-completion usr/share/perl5
		mkdir -p proc sys dev tmp run root etc
		[ -e bin/sh ] || ln -s dash bin/sh
		ln -sf mawk usr/bin/awk
		echo 'root:x:0:0::/root:/bin/sh' >etc/passwd
		find . | cpio -o -H newc -R 0:0 --quiet
	) >"$base.new" && mv "$base.new" "$base" && rm -rf "$cache/base-$1"
}

# The kernel of a row.
kernel_of() { echo "$cache/kernel-${1%/*}-${1#*/}"; }
kernel() { # $1 processor, $2 package/suite
	local kernel architecture image
	kernel=$(kernel_of "$2") architecture=$(debian "$1")
	[ -e "$kernel" ] && return
	foreign "$architecture" true || return
	image=$(in_state "$architecture" apt-get -s install --no-install-recommends "$2" 2>/dev/null |
		sed -n 's/^Inst \(linux-image-[0-9][^ ]*\) (\([^ ]*\).*/\1=\2/p')
	[ -n "$image" ] || die "apt finds no image for $2"
	unpack "$architecture" "$kernel.tree" "$image" || return
	cp "$kernel.tree"/boot/vmlinuz-* "$kernel.new" && mv "$kernel.new" "$kernel" && rm -rf "$kernel.tree"
}

# ---- What it runs -----------------------------------------------------------

# The tests of that name, as it stands, or like that pattern, a line each.
tests_like() { # $1 name or pattern
	case $1 in
	*'*'*) (cd c-tests && printf '%s\n' $1.c | sed 's/\.c$//') ;;
	*) echo "$1" ;;
	esac
}

# Takes from the names of a stage what is like one of the patterns, a line each.
without_any() { # $1 patterns
	local have pattern
	while read -r have; do
		for pattern in $1; do
			# shellcheck disable=SC2053
			[[ $have != $pattern ]] || continue 2
		done
		echo "$have"
	done <"$scratch/names" >"$scratch/fewer"
	mv "$scratch/fewer" "$scratch/names"
}

# The tests of a stage, but those which not-here keeps from it: these are said
# to be skipped, with the reason. $1 row, $2 stage, $3 list; on standard output
# the guest's commands.
stage() {
	local row=$1 stage=$2 preparation wrapper names options kept= skips=0 name rows test reason
	IFS='|' read -r _ preparation wrapper options names < <(table lab/stages | grep "^$stage|") ||
		die "lab/stages has no row $stage"
	[ -z "$3" ] || names=$3
	echo "echo; echo '== $row: $stage'"
	: >"$scratch/names"
	for name in $names; do
		case $name in
		@*) table "lab/lists/${name#@}" | while read -r name; do tests_like "$name"; done ;;
		-@*) without_any "$(table "lab/lists/${name#-@}")" ;;
		-*) without_any "${name#-}" ;;
		all) tests_like '*' ;;
		*) tests_like "$name" ;;
		esac >>"$scratch/names"
	done
	while read -r name; do
		reason=$(table lab/not-here | while IFS='|' read -r rows test reason; do
			# shellcheck disable=SC2053
			if [[ $row/$stage == $rows ]] && [ "$test" = "${name%:*}" ]; then echo "$reason"; fi
		done | head -n 1)
		if [ -n "$reason" ]; then
			echo "echo 'skip $name: $reason'"
			skips=$((skips + 1))
		else
			kept="$kept $name"
		fi
	done <"$scratch/names"
	[ -n "$kept" ] || kept=nothing
	echo "if $preparation; then $wrapper sh /lab/c-tests/run.sh $options$kept; else echo 'lab: $stage cannot be prepared'; fi"
	echo "echo 'kept back: $skips'"
}

# Tests, library and plan: the archive that changes with the work tree.
work() { # $1 processor, $2 row, $3 plan
	local tree=$scratch/tree built
	built=$(built "$1")
	mkdir -p "$tree/lab/c-tests" "$tree/lab/built/c-tests" "$tree/lab/built/release" || return
	cp lab/init "$tree/init" && chmod 755 "$tree" "$tree/init"
	cp c-tests/run.sh c-tests/expected-skips c-tests/not-by-service c-tests/*.c "$tree/lab/c-tests/"
	find "$built/c-tests" -maxdepth 1 -type f -perm -100 -exec cp -t "$tree/lab/built/c-tests" {} +
	cp -P "$built"/release/libmman_peer.so* "$tree/lab/built/release/" || return
	cp "$3" "$tree/lab/plan"
	(cd "$tree" && find . | cpio -o -H newc -R 0:0 --quiet)
}

# What protects against an attacker, or watches for bugs of the kernel's, and takes an
# emulator time.
lighter='mitigations=off init_on_alloc=0 randomize_kstack_offset=off audit=0 nowatchdog'
# A kernel that stands still says where its processors are, and ends.
stalls='loglevel=5 rcupdate.rcu_cpu_stall_timeout=60 sysctl.kernel.panic_on_rcu_stall=1'

# Results have a port of their own, on the bus: virt has but one before QEMU 9.1.
boot() { # $1 processor, $2 model, $3 kernel, $4 command line
	local emulator console results
	case $1 in
	x86_64) console=ttyS0 results=ttyS1 emulator='qemu-system-x86_64 -M q35' ;;
	aarch64) console=ttyAMA0 results=ttyS0 emulator='qemu-system-aarch64 -M virt' ;;
	esac
	# shellcheck disable=SC2086
	timeout "$limit" $emulator -cpu "$2" -accel tcg,thread=multi -smp 2 -m 2G -nodefaults -display none -no-reboot \
		-kernel "$3" -initrd "$scratch/initrd" \
		-append "console=$console lab.results=$results panic=-1 $stalls $lighter $4" \
		-serial "file:$scratch/console" -chardev stdio,id=results -device pci-serial,chardev=results \
		</dev/null | sed -u 's/\r$//'
}

# One machine: $1 ROW or ROW/STAGE, $2... tests, or -c and a command.
machine() {
	local row=${1%%/*} only= processor model kernel commandline stages stage
	[ "$row" = "$1" ] || only=${1#*/}
	shift
	IFS='|' read -r _ processor model kernel commandline stages < <(table lab/machines | grep "^$row|") ||
		die "lab/machines has no row $row"
	{
		echo 'export C_TESTS_BUILT=/lab/built/c-tests C_TESTS_LIBRARIES=/lab/built/release C_TEST_SLOWNESS=5 C_TEST_ROUNDS=20'
		if [ "${1-}" = -c ]; then
			printf '%s\n' "$2"
		else
			[ -z "$only" ] || stages=${only//,/ }
			[ $# -eq 0 ] || [ -n "$only" ] || stages=${stages%% *}
			for stage in $stages; do stage "$row" "$stage" "$*"; done
		fi
	} >"$scratch/plan"
	work "$processor" "$row" "$scratch/plan" >"$scratch/work.cpio" || die "what $row runs is not there"
	cat "$cache/base-$processor.cpio" "$scratch/work.cpio" >"$scratch/initrd"
	boot "$processor" "$model" "$(kernel_of "$kernel")" "$commandline" | tee "$scratch/results"
	[ "${1-}" != -c ] || return
	# Each stage has counts; one without, or a machine that did not end by itself,
	# has failed, and the kernel's last words may tell why.
	awk -v row="$row" '
		/^== / { if (stage && !counted) lost++; stage = 1; counted = 0 }
		/^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$/ { p += $1; f += $3; s += $5; counted = 1 }
		/^kept back: / { s += $3 }
		/^lab: the end$/ { ended = 1 }
		END {
			if (stage && !counted) lost++
			print ""
			if (!ended) { print row ": it did not come to its end"; lost += !lost }
			print row ": " p + 0 " passed, " f + lost " failed, " s + 0 " skipped"
			exit f + lost > 0
		}' "$scratch/results" || { grep -v '^$' "$scratch/console" | tail -n 80 | sed 's/^/    kernel: /'; return 1; }
}

# What the rows need is fetched and built first, once. What the machine itself can
# build is built meanwhile; a foreign processor's Rust may have to be fetched, too.
prepare() { # $1 rows, $2... tests
	local rows=$1 row processor model kernel fetching
	shift
	for row in $rows; do
		IFS='|' read -r _ processor model kernel _ < <(table lab/machines | grep "^$row|") ||
			die "lab/machines has no row $row"
		echo "$processor $kernel"
	done | sort -u >"$scratch/needed" || exit
	while read -r processor kernel; do
		base "$processor" && kernel "$processor" "$kernel" || die "what $processor, $kernel is made of cannot be had"
	done <"$scratch/needed" &
	fetching=$!
	for processor in $(awk -v own="$(uname -m)" '{ print ($1 != own), $1 }' "$scratch/needed" | sort -u | cut -d ' ' -f 2); do
		[ -z "$(target "$processor")" ] || wait $fetching || exit
		build "$processor" "$@"
	done
	wait $fetching || exit
}

# The library and the tests, all of them or those named.
build() { # $1 processor, $2... tests
	local processor=$1 out names=tests
	out=$(built "$processor")
	shift
	[ $# -eq 0 ] || names=$(printf "$out/c-tests/%s\n" "${@%:*}")
	make -s -k -j2 TARGET="$(target "$processor")" libraries $names 2>&1 ||
		echo "lab: not everything can be built for $processor"
}

# The counts of a row that was run.
counts() { # $1 row, $2 what it said
	tail -n 40 "$2" | grep "^$1: [0-9]* passed, " || echo "$1: 0 passed, 1 failed, 0 skipped"
}

# What failed in a row, and failed when its stage ran it again, gets a machine to
# itself, with none beside it: where processors are emulated two at a time, time is
# what a test lacks. It must pass there.
once_more() { # $1 row
	local row=$1 said=$scratch/rows/$1 stage names passed failed skipped again good
	read -r _ passed _ failed _ skipped _ <"$said.counts"
	[ "$failed" != 0 ] || return 0
	awk -v row="$row:" '
		$1 == "==" && $2 == row { stage = $3 }
		$1 == "FAIL" && /, run again\)/ { gsub(/[(,]/, "", $3); print stage, $2 ":" $3 }' "$said" | sort -u >"$said.failed"
	for stage in $(cut -d ' ' -f 1 "$said.failed" | sort -u); do
		names=$(sed -n "s/^$stage //p" "$said.failed")
		# shellcheck disable=SC2086
		"$0" "$row/$stage" $names >"$said.again" 2>&1
		cat "$said.again"
		good=$(counts "$row" "$said.again" | sed -n 's/.*: \([0-9]*\) passed, 0 failed, .*/\1/p')
		again=${good:-0}
		passed=$((passed + again)) failed=$((failed - again))
	done
	echo "$row: $passed passed, $failed failed, ${skipped%,} skipped" >"$said.counts"
}

scratch=$(mktemp -d "${TMPDIR:-/tmp}/mman_peer-lab.XXXXXX") || exit 2
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT TERM HUP

if [ "${1-}" = --one ]; then    # from xargs, below
	machine "$2" >"$3/$2" 2>&1
	cat "$3/$2"
elif [ $# -gt 0 ]; then
	row=$1
	shift
	if [ "${1-}" = -c ]; then prepare "${row%%/*}" allow_answers; else prepare "${row%%/*}" "$@"; fi
	machine "$row" "$@"
else
	rows=$(table lab/machines | cut -d '|' -f 1)
	prepare "$rows"
	mkdir "$scratch/rows"
	echo "$rows" | xargs -P "${LAB_JOBS:-2}" -I ROW "$0" --one ROW "$scratch/rows"
	for row in $rows; do
		counts "$row" "$scratch/rows/$row" >"$scratch/rows/$row.counts"
		once_more "$row"
	done
	echo
	cd "$scratch/rows" && cat $(printf '%s.counts ' $rows) | tee "$scratch/counts"
	awk '{ p += $2; f += $4; s += $6 } END { print p " passed, " f " failed, " s " skipped"; exit f > 0 }' "$scratch/counts"
fi
