# The one interface to everything; `make help` lists it.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-builtin-rules --no-print-directory
.DEFAULT_GOAL := help
.SUFFIXES:

PREFIX ?= /usr
DESTDIR ?=
SWIFT ?= swift
# Where the toolchain has what Embedded Swift links.
EMBEDDED_LIBRARIES = $(shell $(SWIFT) -print-target-info \
	| sed -n 's,.*"runtimeResourcePath": "\(.*\)".*,\1/embedded/x86_64-unknown-linux-gnu,p')

# What building needs, and what checking needs besides: Debian 12 packages.
BUILD_PACKAGES := gcc make dpkg-dev pkg-config libdevmapper-dev libkmod-dev libudev-dev libssl-dev
CHECK_PACKAGES := shellcheck mandoc lvm2 thin-provisioning-tools e2fsprogs xfsprogs dosfstools fdisk mtools \
	mmdebstrap qemu-system-x86 qemu-utils ovmf grub-common grub-emu zstd cpio git rsync acl attr libcap2-bin \
	squashfs-tools umoci xz-utils bzip2 lz4 gpg gpg-agent gpgv python3

VERSION := $(shell sed -n 's/^## \[\([0-9.]*\)\].*/\1/p' CHANGELOG.md | head -n 1)
SHELL_FILES := $(wildcard build-aux/static-libraries build-aux/run-tests build-aux/fuzz dracut/90imgbased/*.sh grub/09_imgbased kernel/* .ci/run \
	Tests/Bench/Guest/98imgbased-bench/*.sh Tests/TestMachine/Scripts/* Tests/TestMachine/Guest/usr/lib/imgbased-tests/agent)
MAN_PAGES := $(wildcard man/*.[1-9])

.PHONY: help
help: ## This list.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: deps
deps: ## Install the Debian packages that building and checking need (as root).
	@missing=$$({ dpkg-query -W -f '$${Package} $${db:Status-Status}\n' $(BUILD_PACKAGES) $(CHECK_PACKAGES) \
		2>/dev/null || true; } | awk '$$2 == "installed" { print $$1 }' | sort -u \
		| comm -13 - <(printf '%s\n' $(BUILD_PACKAGES) $(CHECK_PACKAGES) | sort -u)); \
	[[ -z $$missing ]] || { apt-get update && \
		DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $$missing; }

.PHONY: build
build: ## Build the host tool: build/imgbase.
	$(SWIFT) build -c release --scratch-path .build --product imgbase --static-swift-stdlib
	@mkdir -p build
	install -m 755 -s .build/release/imgbase build/imgbase

.PHONY: helper
helper: ## Build the static initramfs helper: build/imgbase-initrd.
	libraries=$$(build-aux/static-libraries) && IMGBASED_HELPER=1 $(SWIFT) build -c release \
		--scratch-path .build-helper --product imgbase-initrd --experimental-lto-mode full \
		-Xlinker "-L$$libraries" -Xlinker "-L$(EMBEDDED_LIBRARIES)"
	@mkdir -p build
	install -m 755 -s .build-helper/release/imgbase-initrd build/imgbase-initrd

.PHONY: test
test: ## Run the unit tests: milliseconds, no machine.
	@build-aux/run-tests --skip BootTests

.PHONY: check
check: deps lint build helper ## Run what every change must pass: lint, unit tests, boot tests; half an hour.
	@build-aux/run-tests

.PHONY: check-all
check-all: deps lint build helper ## Run every test there is: hours.
	@IMGBASED_CHECK=all build-aux/run-tests

.PHONY: sweep
sweep: deps build helper ## Cut the power at every step of an update, in machines: half an hour.
	@IMGBASED_CHECK=all build-aux/run-tests --filter 'UpdateTests/sweep'

.PHONY: prove
prove: deps build helper ## Judge each state that a power cut can leave: PARTS=flush [HOURS=N] [SEED=N] [SCENARIOS=A,B] [RERUN=N].
	$(SWIFT) run --scratch-path .build prove $(PARTS) HOURS=$(HOURS) SEED=$(SEED) SCENARIOS=$(SCENARIOS) RERUN=$(RERUN) \
		EXHAUSTIVE=$(EXHAUSTIVE) DRAWN=$(DRAWN) STATE='$(STATE)'

.PHONY: fuzz
fuzz: ## Fuzz what reads disks, metadata and the kernel command line, each target for SECONDS=60.
	@build-aux/fuzz $(or $(SECONDS),60)

.PHONY: demo
demo: deps build helper ## From nothing to a booted layer, an update and back, in a machine. INTERACTIVE=1 leaves you at GRUB's menu.
	$(SWIFT) run --scratch-path .build demo

.PHONY: bench
bench: deps build helper ## Measure beside lvm2 and a C program, in a machine; PARTS="activation boot entry image initramfs carry".
	$(SWIFT) run --scratch-path .build bench $(PARTS)

.PHONY: lint
lint: ## Check form: swift format, shellcheck, GRUB script, man pages.
	$(SWIFT) format lint --strict --recursive --parallel Package.swift Sources Tests
	shellcheck $(SHELL_FILES)
	grub-script-check <(sh grub/09_imgbased)
	@for page in $(MAN_PAGES); do echo "mandoc -T lint $$page"; mandoc -T lint -W warning "$$page"; done

.PHONY: man
man: ## Show the manual pages.
	@mandoc -a $(MAN_PAGES)

.PHONY: install
install: ## Install what is built: DESTDIR=, PREFIX=/usr.
	install -D -m 755 build/imgbase $(DESTDIR)$(PREFIX)/sbin/imgbase
	install -D -m 755 build/imgbase-initrd $(DESTDIR)$(PREFIX)/lib/imgbased/imgbase-initrd
	install -D -m 755 -t $(DESTDIR)$(PREFIX)/lib/dracut/modules.d/90imgbased dracut/90imgbased/*.sh
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/lib/dracut/modules.d/90imgbased dracut/90imgbased/*.{service,rules}
	install -D -m 755 grub/09_imgbased $(DESTDIR)$(PREFIX)/lib/imgbased/09_imgbased
	install -d $(DESTDIR)/etc/grub.d
	ln -sfT $(PREFIX)/lib/imgbased/09_imgbased $(DESTDIR)/etc/grub.d/09_imgbased
	install -D -m 755 kernel/zz-imgbased $(DESTDIR)/etc/kernel/postinst.d/zz-imgbased
	install -D -m 755 kernel/zz-imgbased $(DESTDIR)/etc/kernel/postrm.d/zz-imgbased
	install -D -m 755 kernel/95-imgbased.install $(DESTDIR)$(PREFIX)/lib/kernel/install.d/95-imgbased.install
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/lib/systemd/system systemd/*.service systemd/*.timer
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/lib/systemd/system/boot-complete.target.d \
		systemd/boot-complete.target.d/imgbased.conf
	# Enabled as delivered: nobody has to remember it in each base. 'systemctl mask' turns one off.
	install -d $(DESTDIR)$(PREFIX)/lib/systemd/system/{basic,emergency}.target.wants $(DESTDIR)$(PREFIX)/lib/systemd/system/boot-complete.target.requires
	ln -sfT ../imgbase-started.service $(DESTDIR)$(PREFIX)/lib/systemd/system/basic.target.wants/imgbase-started.service
	ln -sfT ../imgbase-good.service $(DESTDIR)$(PREFIX)/lib/systemd/system/basic.target.wants/imgbase-good.service
	ln -sfT ../imgbase-health.service \
		$(DESTDIR)$(PREFIX)/lib/systemd/system/boot-complete.target.requires/imgbase-health.service
	ln -sfT ../imgbase-emergency.service \
		$(DESTDIR)$(PREFIX)/lib/systemd/system/emergency.target.wants/imgbase-emergency.service
	ln -sfT ../imgbase-failure.service $(DESTDIR)$(PREFIX)/lib/systemd/system/emergency.target.wants/imgbase-failure.service
	ln -sfT ../imgbase-late.timer $(DESTDIR)$(PREFIX)/lib/systemd/system/basic.target.wants/imgbase-late.timer
	install -D -m 644 systemd/imgbased.catalog $(DESTDIR)$(PREFIX)/lib/systemd/catalog/imgbased.catalog
	install -d $(DESTDIR)/etc/imgbased/health.d/required $(DESTDIR)/etc/imgbased/health.d/wanted
	for page in $(MAN_PAGES); do \
		install -D -m 644 -t "$(DESTDIR)$(PREFIX)/share/man/man$${page##*.}" "$$page"; done

.PHONY: clean
clean: ## Remove everything that was built, caches included.
	rm -rf .build .build-*/ build
