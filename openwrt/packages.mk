# SPDX-License-Identifier: GPL-2.0-only
# Packages for OpenWrt without its SDK:
#
#   make dist               dist/domainroute-<version>.tar.gz, what openwrt/Makefile builds from
#   make ipk ARCH=<arch>    dist/ipk/<arch>/*.ipk; all: the pages for LuCI
#   make feed               dist/feed/<arch>/: the packages of all FEED_ARCHS, and the index that opkg reads
#
# The same sources make the same bytes: times in archives are SOURCE_DATE_EPOCH, by default that of the last commit.

FEED_ARCHS ?= x86_64 aarch64_cortex-a53 arm_cortex-a7_neon-vfpv4
IPK_DIR ?= dist/ipk
FEED_DIR ?= dist/feed

SOURCE_DATE_EPOCH ?= $(or $(shell git log -1 --format=%ct 2>/dev/null),1735689600)
PACKAGE_VERSION := $(shell sed -n 's/^PKG_VERSION:=//p' openwrt/Makefile)
TARBALL := dist/domainroute-$(PACKAGE_VERSION).tar.gz
TARBALL_FILES := $(sort $(shell find bpf files openwrt src -type f)) LICENSE Makefile README.md package.json \
	package-lock.json tsconfig.json dist/domainroute.cjs

.PHONY: dist ipk feed

dist: $(TARBALL)

$(TARBALL): $(TARBALL_FILES)
	@echo "tar $@"
	@tar --format=gnu --numeric-owner --owner=0 --group=0 --mode=u=rwX,go=rX --mtime=@$(SOURCE_DATE_EPOCH) \
		--transform='s,^,domainroute-$(PACKAGE_VERSION)/,S' -cf $(@:.gz=) $^
	@gzip -9nf $(@:.gz=)

ifeq ($(ARCH),all)
ipk: setup luci-ipk
else
ipk: setup $(TARBALL)
	$(if $(ARCH),,$(error Cannot build a package: ARCH is not set (one of $(FEED_ARCHS), or another aarch64_* or arm_cortex-*_*)))
	@openwrt/sdk/sysroot $(ARCH) $(NODE_INCLUDE) dist/sysroot/$(ARCH)
	@echo "ipk $(ARCH)"
	@+$(MAKE) -s --no-print-directory -f openwrt/Makefile domainroute TOPDIR=$(CURDIR)/openwrt/sdk \
		ARCH_PACKAGES=$(ARCH) STAGING_DIR=$(CURDIR)/dist/sysroot/$(ARCH) \
		DL_DIR=$(CURDIR)/dist BUILD_DIR=$(abspath $(IPK_DIR))/.build/$(ARCH) BIN_DIR=$(abspath $(IPK_DIR))/$(ARCH) \
		SOURCE_DATE_EPOCH=$(SOURCE_DATE_EPOCH)
endif

feed: setup $(FEED_ARCHS:%=feed-%)

feed-%: $(TARBALL)
	@+$(MAKE) --no-print-directory ipk ARCH=$* IPK_DIR=$(FEED_DIR)
	@+$(MAKE) --no-print-directory ipk ARCH=all IPK_DIR=$(FEED_DIR)
	@cp $(FEED_DIR)/all/*.ipk $(FEED_DIR)/$*/
	@openwrt/sdk/index $(FEED_DIR)/$*
