#!/bin/bash
set -u -o pipefail
cd "$(dirname "$0")/.." || exit 2
here=lab
cache=${LAB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/mman_peer-lab}
mkdir -p "$cache" || exit 2
. $here/packages.sh

die() { echo "lab: $*" >&2; exit 2; }

# Debian's word for a processor.
debian() { case $1 in x86_64) echo amd64 ;; aarch64) echo arm64 ;; esac; }

userland='libc6 libgcc-s1 libc-bin dash coreutils mawk findutils grep sed util-linux mount'

# The userland of that processor, as the kernel's first archive.
base() { # $1 processor
	base=$cache/base-$1.cpio
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

# The kernel of a row; leaves its path in $kernel.
kernel() { # $1 processor, $2 package/suite
	kernel=$cache/kernel-${2%/*}-${2#*/}
	[ -e "$kernel" ] && return
	architecture=$(debian "$1")
	foreign "$architecture" true || return
	image=$(in_state "$architecture" apt-get -s install --no-install-recommends "$2" 2>/dev/null |
		sed -n 's/^Inst \(linux-image-[0-9][^ ]*\) (\([^ ]*\).*/\1=\2/p')
	[ -n "$image" ] || die "no image for $2"
	unpack "$architecture" "$kernel.tree" "$image" || return
	cp "$kernel.tree"/boot/vmlinuz-* "$kernel" && rm -rf "$kernel.tree"
}

# What changes with the work tree: tests, library, plan; the second archive.
work() { # $1 processor, $2 archive, $3... names
	tree=$(mktemp -d) || return
	archive=$(readlink -f "$2")
	case $1 in
	"$(uname -m)") out=target ;;
	*) out=target/$1-unknown-linux-gnu ;;
	esac
	shift 2
	mkdir -p "$tree/lab/c-tests" "$tree/lab/built"
	chmod 755 "$tree"; cp $here/init "$tree/init"
	cp c-tests/run.sh c-tests/expected-skips c-tests/*.c "$tree/lab/c-tests/"
	cp -r $out/c-tests "$tree/lab/built/c-tests" && rm -f "$tree"/lab/built/c-tests/*.d
	mkdir "$tree/lab/built/release"
	cp -P $out/release/libmman_peer.so* "$tree/lab/built/release/"
	{
		echo "export C_TESTS_BUILT=/lab/built/c-tests C_TESTS_LIBRARIES=/lab/built/release"
		echo "sh /lab/c-tests/run.sh $*"
	} >"$tree/lab/plan"
	chmod 755 "$tree/init"
	(cd "$tree" && find . | cpio -o -H newc -R 0:0 --quiet) >"$archive"
	rm -rf "$tree"
}

boot() { # $1 processor, $2 log, $3 command line
	case $1 in
	x86_64) set -- "$@" qemu-system-x86_64 -M q35 -cpu max ttyS ;;
	aarch64) set -- "$@" qemu-system-aarch64 -M virt -cpu max,pauth-impdef=on ttyAMA ;;
	esac
	"${@:4:5}" -accel tcg,thread=multi -smp 2 -m 2G -nodefaults -display none -no-reboot \
		-kernel "$kernel" -initrd "$initrd" \
		-append "console=${9}0 lab.results=${9}1 panic=-1 quiet $3" \
		-serial "file:$2" -serial stdio </dev/null
}

row=$1; shift
IFS='|' read -r name processor package commandline stages < <(grep "^$row " $here/machines) || die "no row $row"
processor=$(echo $processor) package=$(echo $package)
case $processor in
"$(uname -m)") target= out=target ;;
*) target=$processor-unknown-linux-gnu out=target/$processor-unknown-linux-gnu ;;
esac
make -s -k -j2 TARGET=$target all $(if [ $# -gt 0 ]; then printf "$out/c-tests/%s " "$@"; else echo tests; fi) || echo "lab: not everything builds"
base "$processor" || die "no userland"
kernel "$processor" "$package" || die "no kernel"
scratch=$(mktemp -d) || exit 2
trap 'rm -rf "$scratch"' EXIT
initrd=$scratch/initrd
work "$processor" "$scratch/work.cpio" "$@"  || exit
cat "$cache/base-$processor.cpio" "$scratch/work.cpio" >"$initrd"
boot "$processor" "$scratch/console" "$commandline" | tr -d '\r'
grep -v '^$' "$scratch/console" | tail -20
