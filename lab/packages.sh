# packages.sh: Debian packages by name, of any architecture, unpacked into a
# directory. It uses a state of apt's own in the cache: nothing is installed,
# no architecture is added to the machine, and it needs no root. The mirror and
# the keys are those of the machine's own apt. Sourced, with $cache set.

# The mirror this machine uses for that release.
mirror() { # $1 codename
	apt-get indextargets --format '$(REPO_URI)' "Created-By: Packages" "Codename: $1" | sort -u | head -n 1
}

# apt-get or apt-cache for that architecture, with its index fetched.
foreign() { # $1 architecture, $2... command
	state=$cache/apt-$1
	if [ ! -e "$state/ready" ]; then
		mkdir -p "$state/lists/partial" "$state/archives/partial" "$state/empty"
		: >"$state/status"
		for suite in bookworm bookworm-updates bookworm-backports; do
			uri=$(mirror $suite)
			[ -n "$uri" ] || uri=$(mirror bookworm)
			[ -n "$uri" ] || { echo "apt knows no mirror of Debian's bookworm" >&2; return 1; }
			echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $uri $suite main"
		done >"$state/sources.list"
		in_state "$1" apt-get -q -o Acquire::Retries=5 update >&2 && : >"$state/ready" || return
	fi
	in_state "$@"
}

in_state() { # $1 architecture, $2 command, $3... its arguments
	architecture=$1 state=$cache/apt-$1 command=$2
	shift 2
	"$command" -o APT::Architecture="$architecture" -o APT::Architectures::="$architecture" \
		-o Dir::State="$state" -o Dir::State::status="$state/status" -o Dir::State::lists="$state/lists" \
		-o Dir::Cache="$state" -o Dir::Cache::archives="$state/archives" \
		-o Dir::Etc::sourcelist="$state/sources.list" -o Dir::Etc::sourceparts="$state/empty" \
		-o Dir::Etc::preferencesparts="$state/empty" -o APT::Sandbox::User="$(id -un)" \
		-o Acquire::Languages=none "$@"
}

# Downloads the packages NAME or NAME=VERSION or NAME/SUITE and unpacks them.
unpack() { # $1 architecture, $2 directory, $3... packages
	unpack_architecture=$1 unpack_into=$2
	shift 2
	rm -rf "$unpack_into.new"
	mkdir -p "$unpack_into.new/debs" "$unpack_into.new/tree"
	(foreign "$unpack_architecture" true && cd "$unpack_into.new/debs" &&
		in_state "$unpack_architecture" apt-get -q -o Acquire::Retries=5 download "$@") >&2 || return
	for deb in "$unpack_into.new"/debs/*.deb; do
		dpkg-deb -x "$deb" "$unpack_into.new/tree" || return
	done
	rm -rf "$unpack_into.new/debs" "$unpack_into"
	mv "$unpack_into.new/tree" "$unpack_into" && rmdir "$unpack_into.new"
}

# Likewise, with all they depend on.
unpack_all() { # $1 architecture, $2 directory, $3... packages
	unpack_architecture=$1 unpack_into=$2
	shift 2
	foreign "$unpack_architecture" true || return
	unpack "$unpack_architecture" "$unpack_into" $(in_state "$unpack_architecture" \
		apt-get -s install --no-install-recommends "$@" 2>/dev/null | sed -n 's/^Inst \([^ ]*\) (\([^ ]*\).*/\1=\2/p')
}
