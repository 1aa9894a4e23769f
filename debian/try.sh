#!/bin/sh
# try.sh: makes the source package of the committed tree, with the crates it
# needs, builds the binary packages from it by dpkg-buildpackage without a
# network, has lintian judge them, and tries them in a fresh Debian.
#
#   debian/try.sh [DIRECTORY]   where the packages are left (default target/debian)
#
# Needs: dpkg-dev, debhelper, lintian, Debian's cargo and rustc 1.85 or newer
# (bookworm: cargo-web, rustc-web); for the fresh Debian mmdebstrap and root. The
# crates are fetched once by `cargo vendor`; the build itself takes none.
set -u
cd "$(dirname "$0")/.." || exit 2
. c-tests/report.sh
room=${1:-target/debian}
mkdir -p "$room" && room=$(cd "$room" && pwd) || exit 2
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml)
tree=$room/libmman-peer-$version
lib=usr/lib/$(dpkg-architecture -qDEB_HOST_MULTIARCH)

source_package() {
	rm -rf "$room"/* && mkdir "$tree" || return
	git archive HEAD -- . ':!debian' | tar -x -C "$tree" || return
	tar -C "$room" -cJf "$room/libmman-peer_$version.orig.tar.xz" "libmman-peer-$version" || return
	(cd "$tree" && cargo vendor --locked vendor >/dev/null) || return
	tar -C "$tree" -cJf "$room/libmman-peer_$version.orig-vendor.tar.xz" vendor || return
	git archive HEAD -- debian | tar -x -C "$tree"
}
# With Debian's own toolchain, and a network that leads nowhere.
binary_packages() {
	cd "$tree" || return
	set -- env -i HOME="$scratch" PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 dpkg-buildpackage -us -uc
	if unshare -n true 2>/dev/null; then set -- unshare -n "$@"; fi
	"$@" >"$room/build.log" 2>&1 || { tail -n 40 "$room/build.log"; return 1; }
	for package in libmman-peer1 libmman-peer-dev mman-peer; do
		ls "$room/${package}_${version}-"*.deb || return
	done
}
judged() {
	command -v lintian >/dev/null || skip 'no lintian'
	# As root it warns of that, not of the package; and this is no upload to
	# Debian that would close a request there.
	lintian --allow-root --fail-on error,warning --suppress-tags initial-upload-closes-no-bugs "$room"/*.changes
}
# The symbols file knows the names of the map, with their nodes.
symbols() {
	node=MMAN_PEER_1.0
	same 'debian/libmman-peer1.symbols' "$( (names; echo $node) | sed "s/\$/@$node/" | LC_ALL=C sort)" \
		"$(sed -n 's/^ \([^ ]*\) .*/\1/p' debian/libmman-peer1.symbols | LC_ALL=C sort)"
}
contents() {
	for package in libmman-peer1 libmman-peer-dev mman-peer; do
		dpkg-deb -x "$room/${package}_$version"-*.deb "$scratch/$package" || return
	done
	same 'libmman-peer1' "./$lib/libmman_peer.so.1" \
		"$(cd "$scratch/libmman-peer1" && find . ! -type d ! -path './usr/share/doc/*')" || return
	for file in include/sys/mman_peer.h include/mman_peer/qnx/sys/mman.h share/man/man3/munmap_peer.3.gz \
		share/man/man7/mman_peer.7.gz share/doc/libmman-peer-dev/porting.md.gz; do
		[ -e "$scratch/libmman-peer-dev/usr/$file" ] || { echo "no $file"; return 1; }
	done
	for file in bin/mman-peer share/man/man1/mman-peer.1.gz share/bash-completion/completions/mman-peer \
		share/zsh/vendor-completions/_mman-peer; do
		[ -e "$scratch/mman-peer/usr/$file" ] || { echo "no $file"; return 1; }
	done
}
# A fresh Debian: apt installs the packages, a program is built by the words of
# the README, run as an ordinary user, and all is removed again.
fresh() {
	command -v mmdebstrap >/dev/null && [ "$(id -u)" = 0 ] || skip 'no mmdebstrap, or not root'
	cat >"$scratch/inside" <<-'I'
	set -eux
	apt-get install -y --no-install-recommends /packages/*.deb
	cd /packages
	cc documented.c $(pkg-config --cflags --libs mman_peer-qnx) -o /tmp/documented
	setpriv --reuid=65432 --regid=65432 --clear-groups env MMAN_PEER_DEBUG=1 /tmp/documented 2>&1 | tee /tmp/said
	[ "$(grep -c 'in m.*map_peer' /tmp/said)" = 2 ]
	ldd /tmp/documented | grep /usr/lib/.*/libmman_peer.so.1 || ldd /tmp/documented | grep /lib/.*/libmman_peer.so.1
	cc -static documented.c $(pkg-config --static --cflags --libs mman_peer-qnx) -o /tmp/documented && /tmp/documented
	sleep 60 &
	mman-peer check $!
	mman-peer maps --json $! >/dev/null
	apt-get purge -y libmman-peer1 libmman-peer-dev mman-peer
	[ -z "$(find / -xdev -name '*mman*peer*' -not -path '/packages/*' -not -path '/proc/*')" ]
	I
	mkdir -p "$scratch/packages" && cp "$room"/*.deb examples/documented.c "$scratch/packages/" &&
		rm -f "$scratch"/packages/*dbgsym* || return
	chmod -R a+rX "$scratch"
	mmdebstrap --variant=apt --include=gcc,libc6-dev,pkg-config,util-linux \
		--customize-hook="copy-in $scratch/packages /" --customize-hook="copy-in $scratch/inside /tmp" \
		--customize-hook='chroot "$1" sh /tmp/inside' bookworm /dev/null >"$room/fresh.log" 2>&1 ||
		{ tail -n 60 "$room/fresh.log"; return 1; }
}
try 'debian: the symbols file has the names of the map' symbols
try 'debian: a source package, with the crates' source_package
try 'debian: binary packages, built without a network' binary_packages
try 'debian: lintian has nothing to say' judged
try 'debian: the files, each in its package' contents
try 'debian: installed, used and removed in a fresh Debian' fresh

summary
