# SPDX-License-Identifier: GPL-2.0-only
# Stands in for luci.mk of LuCI's feed: a package for htdocs/ and root/, and one for each language of po/. Beside what
# ../../rules.mk needs: PO2LMO, the command that converts a catalogue.

LUCI_BASENAME := $(patsubst luci-app-%,%,$(LUCI_NAME))
LUCI_LANGUAGES := $(sort $(filter-out templates,$(notdir $(wildcard $(CURDIR)/po/*))))
LUCI_LANG.de := Deutsch (German)
LUCI_LANG.ru := Русский (Russian)

include $(INCLUDE_DIR)/package.mk

define Package/$(LUCI_NAME)
  SECTION:=luci
  CATEGORY:=LuCI
  TITLE:=$(LUCI_TITLE)
  DEPENDS:=$(LUCI_DEPENDS)
  PKGARCH:=$(LUCI_PKGARCH)
endef

define Package/$(LUCI_NAME)/description
  $(LUCI_DESCRIPTION)
endef

define Package/$(LUCI_NAME)/postinst
[ -n "$${IPKG_INSTROOT}" ] || {
	rm -f /tmp/luci-indexcache.*
	rm -rf /tmp/luci-modulecache/
	/etc/init.d/rpcd reload 2>/dev/null
	exit 0
}
endef

define Package/$(LUCI_NAME)/install
	$(INSTALL_DIR) $(1)/www
	$(CP) htdocs/* $(1)/www/
	$(CP) root/* $(1)/
	chmod -R u=rwX,go=rX $(1)
endef

# 1: language
define LuciTranslation
define Package/luci-i18n-$(LUCI_BASENAME)-$(1)
  SECTION:=luci
  CATEGORY:=LuCI
  TITLE:=$(LUCI_NAME) - $(1) translation
  DEPENDS:=+$(LUCI_NAME)
  PKGARCH:=all
endef

define Package/luci-i18n-$(LUCI_BASENAME)-$(1)/description
  Translation for $(LUCI_NAME) - $(LUCI_LANG.$(1))
endef

define Package/luci-i18n-$(LUCI_BASENAME)-$(1)/install
	$(INSTALL_DIR) $$(1)/etc/uci-defaults $$(1)/usr/lib/lua/luci/i18n
	echo "uci set luci.languages.$(1)='$(LUCI_LANG.$(1))'; uci commit luci" \
		> $$(1)/etc/uci-defaults/luci-i18n-$(LUCI_BASENAME)-$(1)
	$(PO2LMO) po/$(1)/$(LUCI_BASENAME).po $$(1)/usr/lib/lua/luci/i18n/$(LUCI_BASENAME).$(1).lmo
endef
endef

$(foreach language,$(LUCI_LANGUAGES),$(eval $(call LuciTranslation,$(language))))

# one at a time: a package's fields are variables of make
$(foreach package,$(filter luci-%,$(MAKECMDGOALS)),$(eval $(call BuildPackage,$(package))))
