#!/bin/sh
# examples.sh: the programs in examples/ build without a warning and do what
# they show, as root and as an ordinary user, with a file that stands in for
# physical memory.
set -u
cd "$(dirname "$0")/.." || exit 2
. c-tests/report.sh
unset MMAN_PEER_DEBUG MMAN_PEER_ENGINE MMAN_PEER_TIMEOUT_MS MMAN_PEER_ALLOW MMAN_PEER_PHYSMEM LD_LIBRARY_PATH
ordinary=65432 # uid and gid that own nothing, as in run.sh
screen=0xfd000000
programs='documented fork_demo graphics_server graphics_client simulated_device device_driver utek_producer utek_consumer'

build() {
	$MAKE -s examples WERROR=-Werror || return
	# A copy: a clone may lie where the ordinary user cannot enter.
	mkdir "$scratch/examples" "$scratch/release" || return
	for program in $programs; do
		cp "target/examples/$program" "$scratch/examples/" || return
	done
	cp -P target/release/libmman_peer.so* "$scratch/release/" || return
	${CARGO:-cargo} build -q --example peer ${CARGOFLAGS-} && cp target/debug/examples/peer "$scratch/examples/" || return
	chmod -R a+rX "$scratch"
}

# Starts the rest of the line as root or as the ordinary user, in his room.
as() { # $1 who, $2... command
	who=$1
	shift
	cd "$scratch/$who" || return
	if [ "$who" = user ] && [ "$(id -u)" = 0 ]; then
		set -- setpriv --reuid=$ordinary --regid=$ordinary --clear-groups --inh-caps=-all "$@"
	fi
	TMPDIR=$PWD exec timeout -k 3 20 "$@"
}

room() { # $1 who
	mkdir "$scratch/$1" && truncate -s 4G "$scratch/$1/memory" && mkfifo "$scratch/$1/said" || return
	[ "$1" != user ] || [ "$(id -u)" != 0 ] || chown -R $ordinary:$ordinary "$scratch/$1"
}

# What the stand-in has at the screen's first two pixels.
pixels() { # $1 who
	od -A n -t x4 -j $((screen)) -N 8 "$scratch/$1/memory" | tr -s ' ' | sed 's/^ //'
}

# $1 who, $2 status wanted, $3 what the client is told
client() {
	(as "$1" "$scratch/examples/graphics_client" "$3")
	same "status of graphics_client $3" "$2" $?
}

graphics() { # $1 who
	(MMAN_PEER_PHYSMEM=$scratch/$1/memory as "$1" "$scratch/examples/graphics_server" $screen 3) >"$scratch/$1/said" 2>&1 &
	server=$!
	exec 3<"$scratch/$1/said"
	# Its first line says that it is ready, or why it is not.
	read -r ready <&3
	echo "$ready"
	case $ready in
	*' ready: '*) ;;
	*) cat <&3; return 1 ;;
	esac
	client "$1" 0 7 && same 'pixels' 'f8ffffff 07000100' "$(pixels "$1")" &&
		# 137: killed by SIGKILL, with a buffer still mapped, which the server survives.
		client "$1" 137 die && client "$1" 0 9
	worked=$?
	[ $worked = 0 ] || kill $server 2>/dev/null
	cat <&3 >"$scratch/$1/server"
	cat "$scratch/$1/server"
	wait $server
	same 'status of graphics_server' 0 $? || return
	same 'buffers left by each client' '0 1 0' \
		"$(sed -n 's/.*buffers it had left: //p' "$scratch/$1/server" | tr '\n' ' ' | sed 's/ $//')" || return
	return $worked
}

device() { # $1 who
	as "$1" "$scratch/examples/simulated_device" "$scratch/examples/device_driver"
}
# Without a device behind the address the driver must say so, and fail.
no_device() { # $1 who
	said=$(MMAN_PEER_PHYSMEM=$scratch/$1/memory as "$1" "$scratch/examples/device_driver")
	same 'status of device_driver' 1 $? || return
	case $said in *'another device'*) ;; *) echo "$said"; return 1 ;; esac
}
demo() { # $1 who, $2 program
	as "$1" "$scratch/examples/$2"
}

ring() { # $1 who
	said=$(as "$1" "$scratch/examples/utek_consumer" "$scratch/examples/utek_producer" 200)
	same 'status of utek_consumer' 0 $? && same 'its last line' 'line 200 of 200' "$(echo "$said" | tail -n 1)" &&
		same 'its lines' 200 "$(echo "$said" | wc -l)"
}

try 'examples: all build without a warning' build
for who in root user; do
	[ "$who" = user ] || [ "$(id -u)" = 0 ] || continue
	try "examples: a room ($who)" room $who
	try "examples: QNX's documented program ($who)" demo $who documented
	try "examples: the documented program, with more to see ($who)" demo $who fork_demo
	try "examples: the library from Rust ($who)" demo $who peer
	try "examples: a graphics server, its clients, and one that dies ($who)" graphics $who
	try "examples: two programs in UTek's style share a ring buffer ($who)" ring $who
	# First: the file has no device in it yet.
	try "examples: a driver without its device ($who)" no_device $who
	try "examples: a driver and a simulated device ($who)" device $who
done

summary
