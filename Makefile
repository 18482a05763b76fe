# All tasks of the project; `make help` lists them.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-builtin-rules --no-print-directory
.DEFAULT_GOAL := help
.SUFFIXES:

SWIFT ?= swift
# The directory for built files, from which they are installed.
BUILD := build

# $(call asked,PACKAGE,VARIABLE,DIRECTORY): pkg-config's answer if PACKAGE is installed, otherwise DIRECTORY.
asked = $(or $(patsubst /lib/%,/usr/lib/%,$(shell pkg-config --variable=$2 $1 2>/dev/null)),$3)

# GNU's directory variables. A packager sets those that differ in the distribution: libexecdir=/usr/libexec.
PREFIX ?= /usr
DESTDIR ?=
prefix ?= $(PREFIX)
exec_prefix ?= $(prefix)
sbindir ?= $(exec_prefix)/sbin
libexecdir ?= $(exec_prefix)/lib
datarootdir ?= $(prefix)/share
datadir ?= $(datarootdir)
docdir ?= $(datarootdir)/doc/imgbased
mandir ?= $(datarootdir)/man
bashcompletiondir := $(or $(bashcompletiondir),$(call asked,--define-variable=prefix=$(prefix) \
	bash-completion,completionsdir,$(datadir)/bash-completion/completions))
# Debian's zsh looks for functions of packages elsewhere.
zshcompletiondir ?= $(datadir)/zsh/$(if $(and $(filter /usr/share,$(datadir)),$(wildcard /etc/debian_version)),vendor-completions,site-functions)
fishcompletiondir ?= $(datadir)/fish/vendor_completions.d

# The directories below do not depend on PREFIX. dracut, the journal, kernel-install, grub-mkconfig and
# Debian's kernel packages look in one place each. systemd looks before /usr/local is mounted, if that is a
# separate file system. No udev rules are installed on the host: the rules of the dracut module are for the
# initramfs.
systemdsystemunitdir := $(or $(systemdsystemunitdir),$(call asked,systemd,systemdsystemunitdir,/usr/lib/systemd/system))
systemdcatalogdir := $(or $(systemdcatalogdir),$(call asked,systemd,catalogdir,/usr/lib/systemd/catalog))
dracutmodulesdir := $(or $(dracutmodulesdir),$(call asked,dracut,dracutmodulesdir,/usr/lib/dracut/modules.d))
kernelinstalldir ?= /usr/lib/kernel/install.d
sysconfdir ?= /etc
# imgbase looks here for GRUB's script, and for hooks and rules of other packages.
vendordir := /usr/lib/imgbased

# The toolchain's libraries for Embedded Swift.
EMBEDDED_LIBRARIES = $(shell $(SWIFT) -print-target-info | awk -F '"' \
	'$$2 == "unversionedTriple" { triple = $$4 } $$2 == "runtimeResourcePath" { print $$4 "/embedded/" triple }')

# No path of the build goes into the programs: the same sources, toolchain and packages give the same code and
# data in any directory.
NO_PATHS := -Xswiftc -file-prefix-map -Xswiftc $(CURDIR)=. -Xcc -ffile-prefix-map=$(CURDIR)=.

# Debian 12 packages: needed to build, and also needed to check.
BUILD_PACKAGES := gcc make dpkg-dev pkg-config libdevmapper-dev libkmod-dev libudev-dev libssl-dev libsystemd-dev
CHECK_PACKAGES := shellcheck mandoc lvm2 thin-provisioning-tools e2fsprogs xfsprogs dosfstools fdisk mtools \
	mmdebstrap qemu-system-x86 qemu-utils ovmf grub-common grub-emu zstd cpio git rsync acl attr libcap2-bin \
	squashfs-tools umoci xz-utils bzip2 lz4 gpg gpg-agent gpgv python3 curl
# Needed to make and check the packages, and also to check.
PACKAGING_PACKAGES := build-essential debhelper lintian rpm rpmlint
# Needed to make and check images, and also to check.
IMAGE_PACKAGES := openssl grub2-common grub-pc-bin grub-efi-amd64-bin xorriso ipxe-qemu
IMAGE_GOALS := image-build image-check payload runtime-layout.squash live-iso pxe

SHELL_FILES := $(wildcard packaging/version packaging/deb packaging/rpm packaging/dist packaging/debian/imgbased.p* \
	packaging/image/tree packaging/image/node packaging/image/payload packaging/image/live packaging/image/*.sh \
	packaging/image/recipe/setup build-aux/debian-sources \
	build-aux/static-libraries build-aux/run-tests build-aux/fuzz dracut/50imgbased/*.sh dracut/50imgbased/*.sh.in \
	grub/09_imgbased kernel/* .ci/run \
	Tests/Bench/Guest/98imgbased-bench/*.sh Tests/TestMachine/Scripts/* Tests/TestMachine/Guest/usr/lib/imgbased-tests/agent)
MAN_PAGES := $(wildcard man/*.[1-9])
# The results of 'make build' and 'make helper'.
PRODUCTS := imgbase imgbase-initrd completions/imgbase completions/_imgbase completions/imgbase.fish

.PHONY: help
help: ## Show this list.
	@awk -F ':.*## ' '/^[a-z.-]+:.*## / { printf "%-21s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# $(call packages,LIST): installs the missing packages of LIST.
define packages
	@missing=$$({ dpkg-query -W -f '$${Package} $${db:Status-Status}\n' $1 2>/dev/null || true; } \
		| awk '$$2 == "installed" { print $$1 }' | sort -u | comm -13 - <(printf '%s\n' $1 | sort -u)); \
	[[ -z $$missing ]] || { apt-get update && \
		DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $$missing; }
endef

.PHONY: deps
deps: ## Install the Debian packages needed to build (as root).
	$(call packages,$(BUILD_PACKAGES))

.PHONY: check-deps
check-deps: ## Install the Debian packages needed to build and check (as root).
	$(call packages,$(BUILD_PACKAGES) $(CHECK_PACKAGES) $(PACKAGING_PACKAGES) $(IMAGE_PACKAGES))

.PHONY: package-deps
package-deps: ## Install the Debian packages needed to build and package (as root).
	$(call packages,$(BUILD_PACKAGES) $(PACKAGING_PACKAGES))

# Lint and the two builds run side by side: whole-module builds use one processor for much of their time.
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += --jobs=2
endif

# If packages are to be installed, nothing runs at the same time as apt, even with 'make -j'.
ifneq ($(filter deps,$(MAKECMDGOALS)),)
check-deps package-deps build helper: | deps
endif
ifneq ($(filter check-deps check check-all sweep prove demo bench $(IMAGE_GOALS),$(MAKECMDGOALS)),)
package-deps lint build helper: | check-deps
endif
ifneq ($(filter package-deps deb rpm,$(MAKECMDGOALS)),)
build helper: | package-deps
endif

.PHONY: build
build: ## Build the host tool: build/imgbase.
	$(SWIFT) build -c release --scratch-path .build --product imgbase --static-swift-stdlib \
		--disable-local-rpath -Xlinker -z -Xlinker now $(NO_PATHS)
	@mkdir -p $(BUILD)/completions
	install -m 755 -s .build/release/imgbase $(BUILD)/imgbase
	$(BUILD)/imgbase --generate-completion-script bash | sed '1{/^#!/d}' >$(BUILD)/completions/imgbase
	$(BUILD)/imgbase --generate-completion-script zsh >$(BUILD)/completions/_imgbase
	$(BUILD)/imgbase --generate-completion-script fish >$(BUILD)/completions/imgbase.fish

.PHONY: helper
helper: ## Build the static initramfs helper: build/imgbase-initrd.
	libraries=$$(build-aux/static-libraries) && IMGBASED_HELPER=1 $(SWIFT) build -c release \
		--scratch-path .build-helper --product imgbase-initrd --experimental-lto-mode full $(NO_PATHS) \
		-Xlinker "-L$$libraries" -Xlinker "-L$(EMBEDDED_LIBRARIES)"
	@mkdir -p $(BUILD)
	install -m 755 -s .build-helper/release/imgbase-initrd $(BUILD)/imgbase-initrd

.PHONY: test
test: ## Run the unit tests: milliseconds, no machine.
	@build-aux/run-tests --skip '^BootTests\.'

.PHONY: check
check: check-deps lint build helper ## Run the checks that every change must pass: lint, unit tests, boot tests; half an hour.
	@build-aux/run-tests

.PHONY: check-all
check-all: check-deps lint build helper ## Run every test: hours.
	@IMGBASED_CHECK=all build-aux/run-tests

.PHONY: sweep
sweep: check-deps build helper ## Cut the power at every step of an update, in machines: half an hour.
	@IMGBASED_CHECK=all build-aux/run-tests --filter 'UpdateTests/sweep'

.PHONY: prove
prove: check-deps build helper ## Judge every state that a power cut can leave: PARTS=flush [HOURS=N] [SEED=N] [SCENARIOS=A,B] [RERUN=N].
	$(SWIFT) run --scratch-path .build prove $(PARTS) HOURS=$(HOURS) SEED=$(SEED) SCENARIOS=$(SCENARIOS) RERUN=$(RERUN) \
		EXHAUSTIVE=$(EXHAUSTIVE) DRAWN=$(DRAWN) STATE='$(STATE)'

.PHONY: fuzz
fuzz: ## Fuzz the readers of disks, metadata and the kernel command line, each for SECONDS=60.
	@build-aux/fuzz $(or $(SECONDS),60)

.PHONY: demo
demo: check-deps build helper ## Show an installation, an update and the way back, in a machine. INTERACTIVE=1 leaves you at GRUB's menu.
	$(SWIFT) run --scratch-path .build demo

# Of each image goal: RECIPE= a directory instead of packaging/image/recipe. RELEASE=trixie was never tried.
IMAGE = $(SWIFT) run --scratch-path .build image
export RELEASE RECIPE SSH_KEY URL

.PHONY: image-build
image-build: check-deps build helper ## Make a disk that boots, build/runtime-layout.img: [RECIPE=DIR] [SSH_KEY=FILE].
	@$(IMAGE) disk

.PHONY: image-check
image-check: check-deps build helper ## Boot build/runtime-layout.img by BIOS and UEFI, and check the host that it is.
	@$(IMAGE) check

# Both read what image-build makes, which may have been made with another RECIPE.
ifneq ($(filter image-build,$(MAKECMDGOALS)),)
image-check runtime-layout.squash: | image-build
endif

.PHONY: payload
payload: check-deps build helper ## Make the image for updates: build/node.img, node.squashfs, node.oci.tar.
	@$(IMAGE) payload

.PHONY: runtime-layout.squash
runtime-layout.squash: check-deps ## Tell what build/runtime-layout.img costs as a payload.
	mksquashfs $(BUILD)/runtime-layout.img $(BUILD)/$@ -noappend -comp zstd -Xcompression-level 9 -quiet -no-progress
	@stat -c '%n: %s bytes' $(BUILD)/$@

.PHONY: live-iso
live-iso: check-deps build helper ## Make a live system for CDs and USB sticks, build/live.iso: [SSH_KEY=FILE].
	@$(IMAGE) iso

.PHONY: pxe
pxe: check-deps build helper ## Make a live system for the network, build/pxe: [URL=http://SERVER/DIR] [SSH_KEY=FILE].
	@$(IMAGE) pxe

.PHONY: bench
bench: check-deps build helper ## Compare with lvm2 and a C program, in a machine; PARTS="activation boot entry image initramfs carry".
	$(SWIFT) run --scratch-path .build bench $(PARTS)

.PHONY: lint
lint: ## Check style: swift format, shellcheck, GRUB script, man pages.
	$(SWIFT) format lint --strict --recursive --parallel Package.swift Sources Tests
	shellcheck $(SHELL_FILES)
	grub-script-check grub/layers.cfg
	@for page in $(MAN_PAGES); do echo "mandoc -T lint $$page"; mandoc -T lint -W warning "$$page"; done

.PHONY: man
man: ## Show the manual pages.
	@mandoc -a $(MAN_PAGES)

# $(call fill,MODE,FILE,PLACE): installs FILE as PLACE, with the directory names filled in.
fill = sed -e "s,@sbindir@,$(sbindir),g" -e "s,@libexecdir@,$(libexecdir),g" "$2" | install -D -m $1 /dev/stdin "$(DESTDIR)$3"
UNITS := $(DESTDIR)$(systemdsystemunitdir)

.PHONY: install
install: ## Install the built files: DESTDIR=, PREFIX=/usr, and GNU's directory variables.
	install -D -m 755 $(BUILD)/imgbase "$(DESTDIR)$(sbindir)/imgbase"
	install -D -m 755 $(BUILD)/imgbase-initrd "$(DESTDIR)$(libexecdir)/imgbased/imgbase-initrd"
	for file in dracut/50imgbased/*; do name=$${file##*/}; mode=644; [[ $$name != *.sh* ]] || mode=755; \
		$(call fill,$$mode,$$file,$(dracutmodulesdir)/50imgbased/$${name%.in}); done
	# Versions up to 0.1 installed the module and the login status in these places.
	rm -rf "$(DESTDIR)$(dracutmodulesdir)/90imgbased"
	[[ ! -L "$(DESTDIR)$(sysconfdir)/motd.d/imgbased" ]] || rm "$(DESTDIR)$(sysconfdir)/motd.d/imgbased"
	install -D -m 755 grub/09_imgbased "$(DESTDIR)$(vendordir)/09_imgbased"
	install -D -m 644 grub/layers.cfg "$(DESTDIR)$(vendordir)/layers.cfg"
	install -D -m 644 -t "$(DESTDIR)$(vendordir)/persist.d" persist/*.conf
	install -d "$(DESTDIR)$(sysconfdir)/grub.d"
	ln -sfT $(vendordir)/09_imgbased "$(DESTDIR)$(sysconfdir)/grub.d/09_imgbased"
	$(call fill,755,kernel/zz-imgbased.in,$(sysconfdir)/kernel/postinst.d/zz-imgbased)
	$(call fill,755,kernel/zz-imgbased.in,$(sysconfdir)/kernel/postrm.d/zz-imgbased)
	$(call fill,644,dpkg/imgbased.in,$(sysconfdir)/dpkg/dpkg.cfg.d/imgbased)
	$(call fill,644,dnf/imgbased.action.in,$(sysconfdir)/dnf/plugins/post-transaction-actions.d/imgbased.action)
	$(call fill,644,dnf/imgbased.actions.in,$(sysconfdir)/dnf/libdnf5-plugins/actions.d/imgbased.actions)
	$(call fill,755,kernel/95-imgbased.install.in,$(kernelinstalldir)/95-imgbased.install)
	for file in systemd/*.service systemd/*.timer systemd/*.in; do name=$${file##*/}; \
		$(call fill,644,$$file,$(systemdsystemunitdir)/$${name%.in}); done
	install -D -m 644 -t "$(UNITS)/boot-complete.target.d" systemd/boot-complete.target.d/imgbased.conf
	# Units are installed enabled, so no base needs a further step. 'systemctl mask' turns one off.
	install -d "$(UNITS)"/{basic,emergency,multi-user}.target.wants "$(UNITS)/boot-complete.target.requires"
	for unit in imgbase-started.service imgbase-good.service imgbase-late.timer; do \
		ln -sfT ../$$unit "$(UNITS)/basic.target.wants/$$unit"; done
	for unit in imgbase-emergency.service imgbase-failure.service; do \
		ln -sfT ../$$unit "$(UNITS)/emergency.target.wants/$$unit"; done
	ln -sfT ../imgbased-install.service "$(UNITS)/multi-user.target.wants/imgbased-install.service"
	ln -sfT ../imgbase-health.service "$(UNITS)/boot-complete.target.requires/imgbase-health.service"
	install -D -m 644 systemd/imgbased.catalog "$(DESTDIR)$(systemdcatalogdir)/imgbased.catalog"
	install -d "$(DESTDIR)$(sysconfdir)"/imgbased/{health.d/required,health.d/wanted,hooks.d,persist.d} \
		"$(DESTDIR)$(vendordir)"/{hooks.d,persist.d}
	for page in $(MAN_PAGES); do install -D -m 644 -t "$(DESTDIR)$(mandir)/man$${page##*.}" "$$page"; done
	install -D -m 644 -t "$(DESTDIR)$(docdir)" LICENSE CHANGELOG.md doc/imgbased.conf
	install -D -m 644 -t "$(DESTDIR)$(bashcompletiondir)" $(BUILD)/completions/imgbase
	install -D -m 644 -t "$(DESTDIR)$(zshcompletiondir)" $(BUILD)/completions/_imgbase
	install -D -m 644 -t "$(DESTDIR)$(fishcompletiondir)" $(BUILD)/completions/imgbase.fish

.PHONY: uninstall
uninstall: ## Remove the files that 'make install' installs with the same variables.
	@stage=$$(mktemp -d) && trap 'rm -rf "$$stage"' EXIT && mkdir -p "$$stage/build/completions" "$$stage/root" && \
	(cd "$$stage/build" && touch $(PRODUCTS)) && \
	$(MAKE) -s install BUILD="$$stage/build" DESTDIR="$$stage/root" && \
	list() { (cd "$$stage/root" && find . -depth "$$@" -printf '/%P\n'); } && \
	list ! -type d | while read -r file; do rm -fv "$(DESTDIR)$$file"; done && \
	list -type d \( -path '*imgbased*' -o -name '*.target.*' \) | while read -r directory; do \
		[[ ! -d "$(DESTDIR)$$directory" ]] || rmdir -v --ignore-fail-on-non-empty "$(DESTDIR)$$directory"; done

.PHONY: deb
deb: package-deps build helper ## Make the Debian package, build/deb/*.deb, and check it.
	packaging/deb . $(BUILD) $(BUILD)/deb
	lintian --allow-root --fail-on error,warning $(BUILD)/deb/*.changes

.PHONY: rpm
rpm: package-deps build helper ## Make an RPM package, build/rpm/*.rpm, and check it; untested on RPM distributions.
	packaging/rpm . $(BUILD) $(BUILD)/rpm
	rpmlint --strict -r packaging/imgbased.rpmlintrc packaging/imgbased.spec $(BUILD)/rpm/*.rpm

.PHONY: dist
dist: ## Make the tarball of the committed sources, build/imgbased-VERSION.tar.xz.
	packaging/dist . $(BUILD)

.PHONY: clean
clean: ## Remove all built files, including caches.
	rm -rf .build .build-*/ build
