# SPDX-License-Identifier: GPL-2.0-only
#   make luci-generated     what is made from the table of options and from the texts of the pages
#   make luci-screenshots   screenshots/*.png; with LUCI_SOURCE=<checkout of LuCI>, in LuCI's own theme
#   make luci-ipk           dist/ipk/all/*.ipk: the pages, and a package for each language

TYPESCRIPT := $(NODE) --import tsx
LUCI_PACKAGES := luci-app-domainroute $(patsubst luci-app/po/%/domainroute.po,luci-i18n-domainroute-%, \
	$(wildcard luci-app/po/*/domainroute.po))

.PHONY: luci-generated luci-screenshots luci-ipk $(LUCI_PACKAGES)

luci-generated: node_modules/.package-lock.json
	@$(TYPESCRIPT) luci-app/tools/generate.ts

luci-screenshots: setup node_modules/.package-lock.json
	@$(TYPESCRIPT) test/luci/screenshots.ts luci-app/screenshots

luci-ipk: $(LUCI_PACKAGES)

# ARCH_PACKAGES: the stand-in for the SDK wants to be told one, and nothing here is compiled for it
$(LUCI_PACKAGES): node_modules/.package-lock.json
	@echo "ipk $@"
	@+$(MAKE) -s --no-print-directory -C luci-app $@ TOPDIR=$(CURDIR)/openwrt/sdk \
		ARCH_PACKAGES=x86_64 STAGING_DIR=$(CURDIR)/dist \
		BUILD_DIR=$(abspath $(IPK_DIR))/.build/all BIN_DIR=$(abspath $(IPK_DIR))/all \
		SOURCE_DATE_EPOCH=$(SOURCE_DATE_EPOCH) PO2LMO='$(TYPESCRIPT) $(CURDIR)/luci-app/tools/po2lmo.ts'
