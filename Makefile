# Builds, tries and installs libmman_peer. Needs cargo, a C compiler (CC),
# objcopy and GNU make; tests and benchmarks name what else they miss.
#
#   make            both libraries and the command, in target/release/
#   make demo       the documented example, shown in both processes
#   make check      every test this machine can run; its last line counts them
#   make check-lab  the C tests in real kernels of Debian's, under an emulator
#   make soak       a service under millions of requests and thousands of kills
#   make bench      what a call costs, beside what it is compared with
#   make headers    writes include/ anew from src/ffi/ and cbindgen/
#   make completions  writes completions/ anew from the command
#   make install    PREFIX, LIBDIR, INCLUDEDIR, MANDIR, DESTDIR; uninstall too
#
# CARGOFLAGS goes to every cargo call (a packager's --frozen, say).
# TARGET=aarch64-unknown-linux-gnu (or i686-unknown-linux-gnu) builds libraries,
# tests and examples for another processor, into target/TARGET/.

PREFIX     ?= /usr/local
BINDIR     ?= $(PREFIX)/bin
LIBDIR     ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
MANDIR     ?= $(PREFIX)/share/man
BASHDIR    ?= $(PREFIX)/share/bash-completion/completions
ZSHDIR     ?= $(PREFIX)/share/zsh/site-functions
DESTDIR    ?=

CARGO      ?= cargo
CARGOFLAGS ?=
OBJCOPY    ?= objcopy
INSTALL    ?= install
PKG_CONFIG ?= pkg-config
CFLAGS     ?= -O2 -g
WERROR     ?=

# For another processor: its GNU tools, and cargo with a Rust library for it.
TARGET     ?=
NATIVE_CC  := $(CC)
BUILT      := target$(TARGET:%=/%)
ifneq ($(TARGET),)
GNU        := $(patsubst %-unknown-linux-gnu,%-linux-gnu,$(TARGET))
CC         := $(GNU)-gcc
AR         := $(GNU)-ar
OBJCOPY    := $(GNU)-objcopy
endif
# The scripts beside the tests and the benchmark build with the same tools.
export CC CXX CARGO CARGOFLAGS MAKE WERROR

VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml)
SONAME  := libmman_peer.so.1
# The interface, from its one list: the names indented twice in the map.
NAMES   := $(shell sed -n 's/^\t\t\([a-z_][a-z0-9_]*\);$$/\1/p' libmman_peer.map)
WEAK    := $(shell sed -n '/Weak:/,/local:/s/^\t\t\([a-z_][a-z0-9_]*\);$$/\1/p' libmman_peer.map)

OUT     := $(BUILT)/release
RELINK  := $(BUILT)/relink
RAW     := target/raw/$(TARGET:%=%/)release/libmman_peer.a
HEADERS := sys/mman_peer.h mman_peer.h mman_peer/companions.h mman_peer/utek/sys/mman.h
OVERLAY := mman_peer/qnx/process.h mman_peer/qnx/sys/mman.h
PCFILES := mman_peer.pc mman_peer-qnx.pc mman_peer-utek.pc
CMFILES := mman_peer-config.cmake mman_peer-config-version.cmake
MANUALS := $(wildcard man/*.[1-9])
TESTS   := $(patsubst c-tests/%.c,$(BUILT)/c-tests/%,$(wildcard c-tests/*.c))
EXAMPLES := $(patsubst examples/%.c,$(BUILT)/examples/%,$(wildcard examples/*.c))
DEMO    := $(BUILT)/examples/fork_demo

# Written under a name of this run and then renamed: no program ever sees half a
# library, whatever else is built at the time.
RUN     := $(shell echo $$PPID)
NEW      = $@.$(RUN)

.PHONY: all libraries demo examples check check-lab tests soak bench headers headers-built completions install uninstall clean FORCE
.DELETE_ON_ERROR:

all: libraries $(if $(TARGET),,$(OUT)/mman-peer)
libraries: $(OUT)/libmman_peer.so $(OUT)/$(SONAME) $(OUT)/libmman_peer.a

# ---- The libraries -------------------------------------------------------
# Rust's archive is many megabytes of objects with global symbols that clash
# with those of any other Rust archive, and rustc leaves no room for a version
# script of ours. So the archive is linked again, to one object of which only
# our names are seen; both libraries are made of that object.

# Cargo knows best whether this is out of date. Among several crate types it
# would silently drop link-time optimisation, hence the one. Under sudo there is
# often no cargo: what was built is good enough for `make install` then.
$(RAW): FORCE
	@if [ -e $@ ] && ! command -v $(CARGO) >/dev/null; then \
		echo 'No $(CARGO) here: $@ stays as it was built'; \
	else set -x; \
		$(TARGET:%=lab/toolchain.sh %) $(CARGO) rustc --release --lib --crate-type staticlib \
			--target-dir target/raw $(TARGET:%=--target %) $(CARGOFLAGS) -- -C force-unwind-tables=yes; \
	fi

# --force-group-allocation: else the unused half of a COMDAT group would remain
# and break the link with another Rust archive behind ours. Some of rustc's own
# objects carry LLVM's intermediate code as well; binutils' LLVM plugin reads it,
# fails if its version is another, and nobody else uses it.
$(RELINK)/mman_peer.o: $(RAW) libmman_peer.map Makefile
	@mkdir -p $(@D)
	$(CC) -r -nostdlib -Wl,--gc-sections,--force-group-allocation \
		$(NAMES:%=-Wl,-u,%) $(RAW) -o $(NEW)
	$(OBJCOPY) $(NAMES:%=--keep-global-symbol=%) $(WEAK:%=--weaken-symbol=%) \
		--strip-debug --remove-section=.llvmbc --remove-section=.llvmcmd $(NEW)
	@mv $(NEW) $@

$(RELINK)/libmman_peer.a: $(RELINK)/mman_peer.o
	@rm -f $(NEW)
	$(AR) rcs $(NEW) $<
	@mv $(NEW) $@

# nodelete: the library has thread-local storage in the static block, and
# a process's consent outlives a dlclose().
$(RELINK)/libmman_peer.so: $(RELINK)/mman_peer.o libmman_peer.map
	$(CC) -shared $(LDFLAGS) -Wl,-soname,$(SONAME) \
		-Wl,--version-script=libmman_peer.map \
		-Wl,-z,now,-z,relro,-z,nodelete,-z,defs,-z,noexecstack,-z,text \
		$< -Wl,--as-needed -lpthread -ldl -o $(NEW)
	@mv $(NEW) $@

# A plain "cargo build --release" leaves its own libraries under these names:
# compared by contents, not by age.
$(OUT)/libmman_peer.so $(OUT)/libmman_peer.a: $(OUT)/%: $(RELINK)/% FORCE
	@mkdir -p $(@D)
	@cmp -s $< $@ || { cp $< $(NEW) && mv $(NEW) $@ && echo $@; }

$(OUT)/$(SONAME): | $(OUT)/libmman_peer.so
	ln -sf libmman_peer.so $@

# ---- The command ---------------------------------------------------------
# In a directory of its own: the packages that it uses are no library's. For
# this machine's processor only. Panics name their source files: not with the
# directories of the building machine.
COMMAND := target/command/command/mman-peer

$(COMMAND): FORCE
	@if [ -e $@ ] && ! command -v $(CARGO) >/dev/null; then \
		echo 'No $(CARGO) here: $@ stays as it was built'; \
	else set -x; \
		RUSTFLAGS="$$RUSTFLAGS --remap-path-prefix=$(CURDIR)=. --remap-path-prefix=$${CARGO_HOME:-$$HOME/.cargo}=cargo" \
		$(CARGO) build --profile command --bin mman-peer --features command --target-dir target/command $(CARGOFLAGS); \
	fi

$(OUT)/mman-peer: $(COMMAND) | $(OUT)/libmman_peer.so
	@cmp -s $< $@ || { cp $< $(NEW) && mv $(NEW) $@ && echo $@; }

completions: $(OUT)/mman-peer
	@mkdir -p completions
	$< completion bash >completions/mman-peer.bash
	$< completion zsh >completions/_mman-peer

# ---- The headers ---------------------------------------------------------
headers-built:
	MMAN_PEER_HEADERS_DIR=$(CURDIR)/target/headers \
		$(CARGO) check -q --features headers --target-dir target/headers-build $(CARGOFLAGS)

headers: headers-built
	mkdir -p include/mman_peer/utek/sys
	for header in $(HEADERS); do cp target/headers/$$header include/$$header || exit; done

# ---- The examples --------------------------------------------------------
# $ORIGIN: they run where they lie, without LD_LIBRARY_PATH.
LINK := -Wl,-rpath,'$$ORIGIN/../release' -L$(OUT) -lmman_peer

$(BUILT)/examples/%: examples/%.c | libraries
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -Wall -Wextra $(WERROR) -MMD -isystem include/mman_peer/qnx -Iinclude \
		$< $(LDFLAGS) $(LINK) -o $@

examples: $(EXAMPLES)

# As the manual prints it, arguments that it does not use and all.
$(BUILT)/examples/documented: private CFLAGS += -Wno-unused-parameter

# In UTek's style: with its overlay in place of QNX's.
$(BUILT)/examples/utek_%: private CPPFLAGS += -isystem include/mman_peer/utek

demo: $(DEMO)
	@$(DEMO)

# ---- The tests -----------------------------------------------------------
tests: $(TESTS)

$(BUILT)/c-tests/%: c-tests/%.c | libraries
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -std=gnu11 $(CFLAGS) -Wall -Wextra $(WERROR) -pthread -MMD -Iinclude \
		$< $(LDFLAGS) $(LINK) -lm -ldl -o $@

# Those whose first comment says "links: static".
STATIC_TESTS := $(patsubst c-tests/%.c,$(BUILT)/c-tests/%,$(shell grep -l '^[ /*]*links: static' c-tests/*.c))
$(STATIC_TESTS): $(OUT)/libmman_peer.a
$(STATIC_TESTS): LINK := $(OUT)/libmman_peer.a

# A 32-bit library that has each call made by a 64-bit program, which lies
# beside the tests (c-tests/wide/wide.h).
.PHONY: wide
wide: $(BUILT)/wide/libmman_peer.so $(BUILT)/c-tests/wide_caller
$(BUILT)/wide/libmman_peer.so: c-tests/wide/narrow.c c-tests/wide/wide.h libmman_peer.map
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -std=gnu11 $(CFLAGS) -Wall -Wextra $(WERROR) -fPIC -shared -pthread \
		-Wl,-soname,$(SONAME) -Wl,--version-script=libmman_peer.map $< -o $(NEW)
	@mv $(NEW) $@
	@ln -sf libmman_peer.so $(@D)/$(SONAME)
$(BUILT)/c-tests/wide_caller: c-tests/wide/wide_caller.c c-tests/wide/wide.h target/release/libmman_peer.a
	@mkdir -p $(@D)
	$(NATIVE_CC) $(CPPFLAGS) -std=gnu11 $(CFLAGS) -Wall -Wextra $(WERROR) -Iinclude \
		$< target/release/libmman_peer.a -lpthread -ldl -o $@

-include $(TESTS:%=%.d) $(EXAMPLES:%=%.d)

check: all
	@c-tests/check.sh

check-lab:
	@lab/run.sh

# REQUESTS and KILLS are of either kind and of either side together.
REQUESTS ?= 10000000
KILLS    ?= 20000
SOAK     := $(BUILT)/c-tests/svc_soak_of_requests_and_kills

soak: $(SOAK)
	@$(SOAK) $(REQUESTS) $(KILLS)

bench: all
	@bench/run.sh

# ---- Installation --------------------------------------------------------
# The files for pkg-config and CMake name every directory from their own place,
# so that an installed tree can be moved as a whole. Under /usr they name it
# plainly: those are the directories that the tools know to leave out.
from_prefix = $(if $(filter $(PREFIX)/%,$(1)),$(2)/$(patsubst $(PREFIX)/%,%,$(1)),$(1))
up      = $(subst $(eval) ,/,$(patsubst %,..,$(subst /, ,$(patsubst $(PREFIX)/%,%,$(1)))))
movable = $(and $(filter-out /usr,$(PREFIX)),$(filter $(PREFIX)/%,$(LIBDIR)))
PCDIR   = $(LIBDIR)/pkgconfig
CMDIR   = $(LIBDIR)/cmake/mman_peer
PCPREFIX = $(if $(movable),$${pcfiledir}/$(call up,$(PCDIR)),$(PREFIX))
CMPREFIX = $(if $(movable),$${CMAKE_CURRENT_LIST_DIR}/$(call up,$(CMDIR)),$(PREFIX))
# What a static link needs beyond, from the one place where it stands.
PRIVATE := $(shell sed -n 's/^Libs.private: *//p' pkgconfig/mman_peer.pc.in)
space   := $(eval) $(eval)

target/pkgconfig/%.pc: pkgconfig/%.pc.in FORCE
	@mkdir -p $(@D)
	@sed -e 's|@PREFIX@|$(PCPREFIX)|' -e 's|@LIBDIR@|$(call from_prefix,$(LIBDIR),$${prefix})|' \
		-e 's|@INCLUDEDIR@|$(call from_prefix,$(INCLUDEDIR),$${prefix})|' -e 's|@VERSION@|$(VERSION)|' $< >$@

target/cmake/%.cmake: cmake/%.cmake.in FORCE
	@mkdir -p $(@D)
	@sed -e 's|@CMAKEPREFIX@|$(CMPREFIX)|' -e 's|@LIBDIR@|$(call from_prefix,$(LIBDIR),$${_mman_peer_prefix})|' \
		-e 's|@INCLUDEDIR@|$(call from_prefix,$(INCLUDEDIR),$${_mman_peer_prefix})|' \
		-e 's|@LIBSPRIVATE@|$(subst $(space),;,$(strip $(PRIVATE)))|' -e 's|@VERSION@|$(VERSION)|' $< >$@

install: all $(PCFILES:%=target/pkgconfig/%) $(CMFILES:%=target/cmake/%)
	$(INSTALL) -d $(DESTDIR)$(PCDIR) $(DESTDIR)$(CMDIR) $(DESTDIR)$(INCLUDEDIR)
	$(INSTALL) -m 755 $(OUT)/libmman_peer.so $(DESTDIR)$(LIBDIR)/$(SONAME)
	ln -sf $(SONAME) $(DESTDIR)$(LIBDIR)/libmman_peer.so
	$(INSTALL) -m 644 $(OUT)/libmman_peer.a $(DESTDIR)$(LIBDIR)/libmman_peer.a
	$(INSTALL) -m 644 $(PCFILES:%=target/pkgconfig/%) $(DESTDIR)$(PCDIR)
	$(INSTALL) -m 644 $(CMFILES:%=target/cmake/%) $(DESTDIR)$(CMDIR)
	for header in $(HEADERS) $(OVERLAY); do \
		$(INSTALL) -D -m 644 include/$$header $(DESTDIR)$(INCLUDEDIR)/$$header || exit; done
	$(INSTALL) -D -m 755 $(OUT)/mman-peer $(DESTDIR)$(BINDIR)/mman-peer
	$(INSTALL) -D -m 644 completions/mman-peer.bash $(DESTDIR)$(BASHDIR)/mman-peer
	$(INSTALL) -D -m 644 completions/_mman-peer $(DESTDIR)$(ZSHDIR)/_mman-peer
	for page in $(MANUALS); do \
		to=$(DESTDIR)$(MANDIR)/man$${page##*.}/$${page#man/}; $(INSTALL) -d $${to%/*} || exit; \
		if [ -L $$page ]; then ln -sf $$(readlink $$page) $$to; else $(INSTALL) -m 644 $$page $$to; fi || exit; done
	@# The run-time linker's cache, where this is no package being built.
	@if [ -z '$(DESTDIR)' ] && [ "$$(id -u)" = 0 ]; then ldconfig 2>/dev/null || :; fi

uninstall:
	rm -f $(DESTDIR)$(LIBDIR)/$(SONAME) $(DESTDIR)$(LIBDIR)/libmman_peer.so $(DESTDIR)$(LIBDIR)/libmman_peer.a
	rm -f $(PCFILES:%=$(DESTDIR)$(PCDIR)/%) $(CMFILES:%=$(DESTDIR)$(CMDIR)/%)
	rm -f $(patsubst %,$(DESTDIR)$(INCLUDEDIR)/%,$(HEADERS) $(OVERLAY))
	rm -f $(DESTDIR)$(BINDIR)/mman-peer $(DESTDIR)$(BASHDIR)/mman-peer $(DESTDIR)$(ZSHDIR)/_mman-peer
	for page in $(MANUALS); do rm -f $(DESTDIR)$(MANDIR)/man$${page##*.}/$${page#man/}; done
	@# Of the directories only those that nobody else uses.
	@for dir in $(INCLUDEDIR)/mman_peer/qnx/sys $(INCLUDEDIR)/mman_peer/qnx \
			$(INCLUDEDIR)/mman_peer/utek/sys $(INCLUDEDIR)/mman_peer/utek $(INCLUDEDIR)/mman_peer \
			$(INCLUDEDIR)/sys $(CMDIR) $(LIBDIR)/cmake; do \
		[ ! -d $(DESTDIR)$$dir ] || rmdir --ignore-fail-on-non-empty $(DESTDIR)$$dir; done

clean:
	rm -rf target
