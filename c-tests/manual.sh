#!/bin/sh
# manual.sh: the manual pages are well-formed, and say what the sources say:
# every function with its prototype, every error, every variable of the
# environment, and every word of the command.
set -u
cd "$(dirname "$0")/.." || exit 2
. c-tests/report.sh
LC_ALL=C
export LC_ALL

need() {
	command -v "$1" >/dev/null || skip "no $1 (Debian: mandoc)"
}
pages() { # a page that is a link is another's
	find man -name '*.[1-9]' ! -type l | sort
}

lint() {
	need mandoc
	for page in man/*.[1-9]; do
		mkdir -p "$scratch/man/man${page##*.}" && cp -P "$page" "$scratch/man/man${page##*.}/" || return
	done
	makewhatis "$scratch/man" || return
	# The pages that ours name must exist if they are ours; of others' nothing is known here.
	MANPATH=$scratch/man mandoc -Tlint -Wstyle $(pages) >"$scratch/said" 2>&1
	while read -r line; do
		case $line in
		*'referenced manual not found: Xr '*)
			set -- ${line##*: Xr }
			case $1 in *mman* | *_peer* | *mmap64* | *device_memory) echo "$line" ;; esac
			;;
		*'outdated mandoc.db lacks'*) ;;
		*) echo "$line" ;;
		esac
	done <"$scratch/said" >"$scratch/left"
	same 'mandoc says' '' "$(cat "$scratch/left")"
}
try 'manual: mandoc has nothing to say' lint

# A function's page by its name; the SYNOPSIS compiles behind the headers, so
# that a prototype which is not the header's is an error.
functions() {
	need mandoc
	for name in $(names); do
		[ -e "man/$name.3" ] || { echo "no page $name.3"; return 1; }
		grep -q "^\\.Nm $name\\( ,\\)\\{0,1\\}\$" "man/$name.3" || { echo "$name.3 does not name $name"; return 1; }
	done
	for page in man/*.3; do
		name=${page##*/} name=${name%.3}
		names | grep -qx "$name" || { echo "$page: no such function"; return 1; }
	done
	for page in $(pages | grep '\.3$'); do
		{
			echo '#define _GNU_SOURCE'
			mandoc -Tascii -O width=200 "$page" | col -bx | sed -n '/^SYNOPSIS/,/^DESCRIPTION/{/^[A-Z]/d;p;}'
		} >"$scratch/synopsis.c"
		overlay=
		case $page in man/utek_*) overlay='-isystem include/mman_peer/utek' ;; esac
		$CC $overlay -Iinclude -Wall -Werror -fsyntax-only "$scratch/synopsis.c" || { cat "$scratch/synopsis.c"; return 1; }
		for name in $(sed -n 's/^\.Nm \([a-z_0-9]*\).*/\1/p' "$page" | sort -u); do
			grep -q "$name(" "$scratch/synopsis.c" || { echo "$page has no prototype of $name"; return 1; }
		done
	done
}
try 'manual: every function has its page, with the prototype of the header' functions

environment() {
	read_by=$(grep -oh 'c"MMAN_PEER_[A-Z_]*"' src/env.rs | tr -d 'c"' | sort -u)
	[ -n "$read_by" ] || return
	same 'variables of mman_peer(7)' "$read_by" "$(sed -n 's/^\.It Ev //p' man/mman_peer.7 | sort -u)" || return
	same 'variables of README.md' "$read_by" "$(grep -o '^| `MMAN_PEER_[A-Z_]*' README.md | tr -d '|` ' | sort -u)"
}
try 'manual: every variable of the environment' environment

# What the calls report: each errno that the rooms of a call name, but for those
# that stay inside (the kernel's answers that are taken as a fact and acted on).
INSIDE='ECHILD ENOENT ENOSYS EOVERFLOW'
# And what mmap() may say that no line of ours mentions.
PASSED_ON='ETXTBSY'
errors() {
	for file in request call peer phys carry perform inject/mod inject/session; do
		sed '/^#\[cfg(test)\]/,$d' src/$file.rs | grep -v '^ *//' | grep -oE 'Errno::E[A-Z0-9]+'
	done >"$scratch/errors"
	reported=$(
		{
			sed 's/Errno:://' "$scratch/errors" | grep -vxE "$(echo $INSIDE | tr ' ' '|')"
			echo "$PASSED_ON"
		} | sort -u
	)
	same 'errors of mmap_peer(3)' "$reported" "$(sed -n 's/^\.It Bq Er //p' man/mmap_peer.3 | sort -u)"
}
try 'manual: every error' errors

command_words() {
	command=target/release/mman-peer
	subcommands=$($command --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p' | sort)
	[ -n "$subcommands" ] || return
	same 'subcommands' "$subcommands" "$(sed -n 's/^\.It Cm \([a-z]*\).*/\1/p' man/mman-peer.1 | sort)" || return
	{
		for subcommand in $subcommands; do
			[ $subcommand = help ] || $command $subcommand --help
		done
		$command --help
	} | grep -oE '^ +(-[a-zA-Z], )?--[a-z]+' | grep -oE -e '--[a-z]+' | sort -u >"$scratch/options"
	same 'options' "$(cat "$scratch/options")" \
		"$(grep -oE 'Fl -[a-z]+' man/mman-peer.1 | sed 's/Fl /-/' | sort -u)"
}
try 'manual: every subcommand and option of mman-peer' command_words

summary
