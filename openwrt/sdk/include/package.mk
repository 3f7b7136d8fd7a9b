# SPDX-License-Identifier: GPL-2.0-only
# Building a package: sources are unpacked, compiled and installed by the package's own defines; then it is packed.

export SOURCE_DATE_EPOCH

PKG_BUILD_DIR ?= $(BUILD_DIR)/$(PKG_NAME)-$(PKG_VERSION)
PKGARCH ?= $(ARCH_PACKAGES)
VERSION := $(PKG_VERSION)-r$(PKG_RELEASE)

comma := ,
empty :=
space := $(empty) $(empty)

# of DEPENDS: '@SYMBOL' is a condition of the build, '+name' a package
depends = $(subst $(space),$(comma)$(space),$(strip libc $(subst +,,$(filter-out @%,$(1)))))

# the fields of the SDK's control files, in their order
define Control
Package: $(1)
Version: $(VERSION)
Depends: $(call depends,$(DEPENDS))
Source: feeds/domainroute/$(1)
SourceName: $(PKG_NAME)
License: $(PKG_LICENSE)
Section: $(SECTION)
Maintainer: $(PKG_MAINTAINER)
Architecture: $(PKGARCH)
Installed-Size: 0
Description: $(Package/$(1)/description)
endef

define BuildPackage
$(eval $(Package/$(1)))

.PHONY: $(1)
$(1): export CONTROL = $$(call Control,$(1))
$(1): export CONFFILES = $$(Package/$(1)/conffiles)
$(1): export POSTINST = $$(Package/$(1)/postinst)
$(1): export PRERM = $$(Package/$(1)/prerm)
$(1): export POSTRM = $$(Package/$(1)/postrm)
$(1):
	rm -rf $(PKG_BUILD_DIR) $(BUILD_DIR)/$(1).root
	$(INSTALL_DIR) $(BUILD_DIR)/$(1).root
	$$(if $(PKG_SOURCE),tar -C $(BUILD_DIR) -xzf $(DL_DIR)/$(PKG_SOURCE))
	+$$(call Build/Compile)
	$$(call Package/$(1)/install,$(BUILD_DIR)/$(1).root)
	$(TOPDIR)/ipk $(BUILD_DIR)/$(1).root $(BIN_DIR)
endef
