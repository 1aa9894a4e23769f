#!/bin/sh
# run.sh: builds the benchmark against target/release and runs it. `make bench`
# does it; `bench/run.sh where [PATTERN]` shows instead where a call's time goes.
#
# What it is compared with is optional: without Debian's packages criu and gdb
# their rows say so.
set -eu
cd "$(dirname "$0")/.."
out=target/bench
mkdir -p "$out"

compile() {
	program=$1
	shift
	${CC:-cc} -std=gnu11 -O2 -Wall -Wextra -Iinclude "$@" -o "$out/$program" \
		-Ltarget/release -lmman_peer -pthread -Wl,-rpath,"$PWD/target/release" $libcompel
}

# libcompel counts only if both its header and its library are of use.
libcompel=
has_libcompel() {
	echo 'int main(void) { return compel_prepare(0) != 0; }' |
		${CC:-cc} -std=gnu11 -include signal.h -include stdint.h -include compel/infect.h \
			-x c - -lcompel -o "$out/has-libcompel" 2>/dev/null
}

if [ "${1-}" = where ]; then
	shift
	compile where bench/where.c
	exec "$out/where" "$@"
fi

if has_libcompel; then
	libcompel='-DHAVE_LIBCOMPEL -lcompel'
fi
compile bench bench/bench.c bench/compel.c
compile fill bench/fill.c
compile many bench/many.c
compile utek bench/utek.c
# The crate ptrace-do, where there are cargo and crates.io.
${CARGO:-cargo} build -q --release --manifest-path bench/ptrace-do/Cargo.toml --target-dir "$out/ptrace-do" || :
BENCH_PTRACE_DO=$out/ptrace-do/release/bench-ptrace-do "$out/bench"
"$out/many"
# The file that stands in for physical memory: a name for as long as it takes.
memory=$(mktemp "${TMPDIR:-/tmp}/mman_peer-bench.XXXXXX")
trap 'rm -f "$memory"' EXIT
truncate -s 4M "$memory"
MMAN_PEER_PHYSMEM=$memory "$out/fill"
"$out/utek"
