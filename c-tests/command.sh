#!/bin/sh
# command.sh: mman-peer does what its manual says, as root and as an ordinary
# user: whether mapping works and if not why, and doing it.
set -u
cd "$(dirname "$0")/.." || exit 2
. c-tests/report.sh
unset MMAN_PEER_DEBUG MMAN_PEER_ENGINE MMAN_PEER_TIMEOUT_MS MMAN_PEER_ALLOW MMAN_PEER_PHYSMEM
ordinary=65432 # uid and gid that own nothing, as in run.sh

chmod a+rx "$scratch"
cp target/release/mman-peer "$scratch/mman-peer" && chmod a+rx "$scratch/mman-peer" || exit 2

# Targets, which print their pid when they are what they are to be, and end with
# their standard input.
cat >"$scratch/target.c" <<'C'
#define _GNU_SOURCE
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>
int main(int argc, char **argv)
{
	const char *kind = argc > 1 ? argv[1] : "";
	pid_t pid = getpid();
	char c;
	prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
	if (!strcmp(kind, "undumpable"))
		prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (!strcmp(kind, "filtered")) {
		struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
		struct sock_fprog all = { 1, &allow };
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &all) != 0)
			return 1;
	}
	if (!strcmp(kind, "ended") || !strcmp(kind, "traced")) {
		pid = fork();
		if (pid == 0)
			_exit(!strcmp(kind, "ended") ? 0 : (pause(), 0));
		if (!strcmp(kind, "ended")) {
			siginfo_t info;
			waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
		} else if (ptrace(PTRACE_SEIZE, pid, 0, PTRACE_O_EXITKILL) != 0) {
			return 1;
		}
	}
	printf("%d\n", (int)pid);
	fflush(stdout);
	if (kind[0] == '/')
		execl(kind, kind, (char *)0);
	return read(0, &c, 1) != 0;
}
C
$CC -Wall "$scratch/target.c" -o "$scratch/target" || exit 2
chmod a+rx "$scratch/target"

as() { # $1 who, $2... command
	who=$1
	shift
	if [ "$who" = user ] && [ "$(id -u)" = 0 ]; then
		set -- setpriv --reuid=$ordinary --regid=$ordinary --clear-groups --inh-caps=-all "$@"
	fi
	timeout -k 3 20 "$@"
}

# Starts a target of that kind, or one that becomes the program named: $pid. It ends when descriptor 3 is closed, at the latest with this shell.
start() { # $1 who, $2 kind
	mkdir -p "$scratch/pipes" && rm -f "$scratch/pipes"/* && mkfifo "$scratch/pipes/in" "$scratch/pipes/out" || return
	as "$1" "$scratch/target" "$2" <"$scratch/pipes/in" >"$scratch/pipes/out" &
	exec 3>"$scratch/pipes/in" 4<"$scratch/pipes/out"
	read -r pid <&4 || { echo "the target $2 did not start"; return 1; }
}
mman_peer() { # $1 who, $2... arguments; a status other than 0 is added as a line
	who=$1
	shift
	as "$who" "$scratch/mman-peer" "$@" 2>&1 || echo "status $?"
}
says() { # $1 text, $2 who, $3... arguments
	text=$1
	shift
	answer=$(mman_peer "$@")
	case $answer in *"$text"*) ;; *) printf 'not said: %s\nbut:\n%s\n' "$text" "$answer"; return 1 ;; esac
}

works() {
	start "$1" plain || return
	says "process $pid (target): user $(stat -c %u /proc/"$pid"), " "$1" check "$pid" || return
	says 'memory           yes, injection by a helper' "$1" check "$pid" || return
	says 'a descriptor     yes' "$1" check "$pid" || return
	before=$(cat /proc/"$pid"/maps)
	mman_peer "$1" check "$pid" >/dev/null
	same 'its mappings after being checked' "$before" "$(cat /proc/"$pid"/maps)"
}
refused() { # $1 who
	says 'ESRCH: there is no process 4194305' "$1" check 4194305 && says 'status 1' "$1" check 4194305 || return
	says 'pids are those that ps shows here' "$1" check 4194305 || return
	start "$1" ended || return
	says "ESRCH: process $pid has ended" "$1" check "$pid"
}
held() {
	start "$1" traced || return
	export MMAN_PEER_TIMEOUT_MS=50
	says 'EAGAIN: ' "$1" check "$pid" && says 'status 1' "$1" check "$pid" &&
		says "$(sed -n 's/^TracerPid:\t//p' /proc/"$pid"/status)" "$1" check "$pid" &&
		says 'TracerPid in' "$1" check "$pid"
}
other_user() {
	[ "$(id -u)" = 0 ] || skip 'needs root to have a process of another user'
	start root plain || return
	says "EPERM: process $pid belongs to user 0, the caller is user $ordinary" user check "$pid"
}
undumpable() {
	start user undumpable || return
	says "EPERM: process $pid protects its memory" user check "$pid"
}
filtered() {
	start user filtered || return
	says 'not tried: ' user check "$pid" && says 'status 3' user check "$pid" || return
	says 'memory           yes' user check --try "$pid" && says 'a descriptor     no' user check --try "$pid" || return
	unshare --user --map-root-user true 2>/dev/null && {
		# Root of a user namespace only: the kernel suspends no filter for it.
		answer=$(as user unshare --user --map-root-user "$scratch/mman-peer" check "$pid")
		case $answer in *'not tried: '*) ;; *) echo "$answer"; return 1 ;; esac
	}
	[ "$(id -u)" = 0 ] || return 0
	says 'memory           yes' root check "$pid"
}
narrow() {
	# It reads a byte and ends, with no library, of which there need be none for 32 bits.
	cat >"$scratch/target32.c" <<-'C'
	void _start(void)
	{
		int got;
		char c;
		__asm__ volatile("int $0x80" : "=a"(got) : "a"(3), "b"(0), "c"(&c), "d"(1) : "memory");
		__asm__ volatile("int $0x80" : : "a"(1), "b"(got));
	}
	C
	$CC -m32 -O -nostdlib -static -fno-pic -fno-stack-protector "$scratch/target32.c" -o "$scratch/target32" 2>/dev/null ||
		skip 'the compiler makes no 32-bit programs'
	chmod a+rx "$scratch/target32"
	start "$1" "$scratch/target32" || return
	until [ "$(readlink /proc/"$pid"/exe)" = "$scratch/target32" ]; do [ -e /proc/"$pid" ] || return; done
	says ', 32-bit, ' "$1" check "$pid"
}
stand_in() {
	mkdir "$scratch/$1" && truncate -s 1M "$scratch/$1/memory" && chmod a+rw "$scratch/$1/memory" || return
	chmod a+rx "$scratch/$1"
	start "$1" plain || return
	export MMAN_PEER_PHYSMEM="$scratch/$1/memory"
	says "physical memory  yes, $MMAN_PEER_PHYSMEM stands in" "$1" check "$pid" || return
	there=$(mman_peer "$1" map "$pid" 4k --phys 0x2000) || return
	says '"offset": "0x2000"' "$1" maps --json "$pid" || return
	: >"$scratch/$1/empty"
	for wrong in none empty; do
		export MMAN_PEER_PHYSMEM="$scratch/$1/$wrong"
		says 'physical memory  no' "$1" check "$pid" || return
	done
	export MMAN_PEER_PHYSMEM=
	same 'an empty name' "$(unset MMAN_PEER_PHYSMEM; mman_peer "$1" check "$pid")" "$(mman_peer "$1" check "$pid")" || return
	unset MMAN_PEER_PHYSMEM
	[ -e /dev/mem ] || says 'ENODEV: /dev/mem could not be opened' "$1" check "$pid"
}

# The line of an address in /proc/PID/maps: its access and its name.
line() { # $1 address
	sed -n "s/^0*${1#0x}-[0-9a-f]* \([-rwxsp]*\) [0-9a-f]* [0-9a-f:]* [0-9]* *\(.*\)/\1 \2/p" /proc/"$pid"/maps
}
maps_and_unmaps() {
	start "$1" plain || return
	before=$(cat /proc/"$pid"/maps)
	there=$(mman_peer "$1" map "$pid" 8k)
	same 'zeroed memory' 'rw-s /dev/zero (deleted)' "$(line "$there")" || return
	same 'nothing said' '' "$(mman_peer "$1" unmap "$pid" "$there" 8192)" || return
	there=$(mman_peer "$1" map "$pid" 1 --fd /proc/self/exe --prot r-x --private)
	same 'a file' "r-xp $scratch/mman-peer" "$(line "$there")" || return
	same 'exactly there' "$there" "$(mman_peer "$1" map "$pid" 4k --at "$there" --fixed --prot none --private)" || return
	same 'in place of the file' '---p ' "$(line "$there")" || return
	same 'elsewhere' 'no' "$([ "$there" != "$(mman_peer "$1" map "$pid" 4k --at "$there")" ] && echo no)" || return
	# One unmapping of the hole, the piece and what came beside it, by what is new.
	same 'an error is a sentence' "mman-peer: EINVAL: len is 0
status 1" "$(mman_peer "$1" unmap "$pid" "$there" 0)" || return
	says 'No such file or directory' "$1" map "$pid" 1 --fd /no/such/file || return
	says 'status 2' "$1" map "$pid" 12q || return
	says 'status 2' "$1" map "$pid" || return
	same 'mappings that were there' '' "$(echo "$before" | grep -vxFf /proc/"$pid"/maps)"
}
shows() {
	start "$1" plain || return
	there=$(mman_peer "$1" map "$pid" 3M --fd "$scratch/target.c" --prot r --private)
	answer=$(mman_peer "$1" maps "$pid")
	case $answer in
	*"${there#0x}-"*' 3.0 MiB  r-- private  '"$scratch/target.c"*) ;;
	*) echo "$answer"; return 1 ;;
	esac
	same 'lines' "$(wc -l </proc/"$pid"/maps)" "$(echo "$answer" | grep -c '^ *[0-9a-f]*-[0-9a-f]* ')" || return
	command -v python3 >/dev/null || skip 'no python3 to read JSON with'
	mman_peer "$1" maps --json "$pid" >"$scratch/json"
	python3 - "$scratch/json" "$there" "$scratch/target.c" "/proc/$pid/maps" <<-'P'
	import json, sys
	maps = json.load(open(sys.argv[1]))
	[m] = [m for m in maps if m["start"] == sys.argv[2]]
	assert m["size"] == 3 << 20 and m["name"] == sys.argv[3] and m["kind"] == "file", m
	assert (m["read"], m["write"], m["execute"], m["shared"]) == (True, False, False, False), m
	assert len(maps) == len(open(sys.argv[4]).readlines())
	assert [m["kind"] for m in maps].count("stack") == 1
	P
}
marks() {
	start "$1" plain || return
	object=$scratch/object.$1
	truncate -s 8k "$object" && chmod a+rw "$object" && mkfifo "$scratch/pipes/holder" || return
	as "$1" sh -c 'exec 5<>"$1"; echo $$; exec sleep 20' holder "$object" >"$scratch/pipes/holder" &
	read -r holder <"$scratch/pipes/holder"
	there=$(mman_peer "$1" map "$pid" 8k --fd "$object")
	says "$object  <- $holder s" "$1" maps "$pid" || return
	command -v python3 >/dev/null || skip 'no python3 to read JSON with'
	mman_peer "$1" maps --json "$pid" >"$scratch/json"
	kill "$holder"
	python3 - "$scratch/json" "$there" "$holder" <<-'P'
	import json, sys
	maps = json.load(open(sys.argv[1]))
	[m] = [m for m in maps if m["by_peer"]]
	assert m["start"] == sys.argv[2] and int(sys.argv[3]) in m["open_in"] and not m["open_here"], m
	P
}

for who in root user; do
	both() { # $1 what, $2... command
		name=$1
		shift
		if [ $who = root ] && [ "$(id -u)" != 0 ]; then set -- skip 'needs root'; fi
		try "command: $name ($who)" "$@"
	}
	both 'check tells that mapping works, and leaves nothing' works $who
	both 'check tells that there is no process' refused $who
	both 'check tells who holds it' held $who
	both 'check tells the width' narrow $who
	both 'check tells whether physical memory can be had' stand_in $who
	both 'map and unmap do it' maps_and_unmaps $who
	both 'maps shows what there is' shows $who
	both 'maps marks what a peer mapped' marks $who
done
try 'command: check tells that it is another user (user)' other_user
try 'command: check tells that the process protects itself (user)' undumpable
try 'command: check leaves a process with a seccomp filter alone (user)' filtered

# ---- Completion -------------------------------------------------------------
completions() {
	same 'completions/mman-peer.bash (else: make completions)' \
		"$(target/release/mman-peer completion bash)" "$(cat completions/mman-peer.bash)" || return
	same 'completions/_mman-peer' "$(target/release/mman-peer completion zsh)" "$(cat completions/_mman-peer)"
}
in_bash() {
	command -v bash >/dev/null || skip 'no bash'
	same 'offered' 'map maps
--fd --fixed
bash zsh' "$(bash -c '
		. completions/mman-peer.bash
		offers() {
			COMP_WORDS=(mman-peer "$@" "$word") COMP_CWORD=$(($# + 1)) COMPREPLY=()
			_mman__peer mman-peer "$word" "${COMP_WORDS[$#]}"
			echo "${COMPREPLY[@]}"
		}
		word=map offers
		word=--f offers map
		word= offers completion' 2>&1 | sed 's/^-h --help bash/bash/')"
}
in_zsh() {
	command -v zsh >/dev/null || skip 'no zsh'
	zsh -n completions/_mman-peer
}
try 'command: the completions are those of the command' completions
try 'command: completion works in bash' in_bash
try 'command: completion is zsh' in_zsh

summary
