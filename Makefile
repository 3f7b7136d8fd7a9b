# SPDX-License-Identifier: GPL-2.0-only
# build test lint demo bench clean, openwrt/packages.mk: dist ipk feed, and luci-app/targets.mk: luci-*; each does its own
# set-up. CC, CLANG, LLVM_STRIP and NODE can be set.

CC ?= cc
CLANG ?= clang
LLVM_STRIP ?= llvm-strip
NODE ?= node

WARNINGS ?= -Wall -Wextra -Werror
ADDON_CFLAGS ?= -O2 -g0
ADDON_LIBS ?= -lbpf
NODE_INCLUDE ?= $(shell $(NODE) -p 'require("path").resolve(process.execPath, "../../include/node")')

# <linux/types.h> of a Debian machine needs its <asm/…>
BPF_INCLUDE ?= -isystem /usr/include/$(shell $(CC) -print-multiarch 2>/dev/null)
# the object has the names of its sources
BPF_CFLAGS := -g -O2 -target bpfel -mcpu=v3 $(WARNINGS) -ffile-prefix-map=$(CURDIR)=. $(BPF_INCLUDE)

BPF_OBJECTS := $(patsubst bpf/%.bpf.c,dist/bpf/%.bpf.o,$(wildcard bpf/*.bpf.c))
ADDON_SOURCES := $(sort $(shell find src/lib/libbpf-ts -name '*.c' 2>/dev/null))
ADDON_HEADERS := $(shell find src/lib/libbpf-ts -name '*.h' 2>/dev/null)
SOURCES := $(shell find src -name '*.ts')

.PHONY: build objects test lint demo bench clean setup
.DELETE_ON_ERROR:

build: dist/domainroute.cjs objects

# what a C compiler makes
objects: dist/libbpf.node $(BPF_OBJECTS)

setup:
	@.ci/setup

node_modules/.package-lock.json: package.json package-lock.json
	@echo "npm ci"
	@npm ci --no-audit --no-fund --loglevel=error >/dev/null
	@touch $@

dist/domainroute.cjs: $(SOURCES) package.json node_modules/.package-lock.json Makefile
	@echo "bundle $@"
	@mkdir -p $(@D)
	@node_modules/.bin/esbuild src/main.ts --bundle --platform=node --target=node20 --format=cjs \
		--minify --legal-comments=none --log-level=warning \
		--define:import.meta.dirname=__dirname --define:VERSION='"$(shell $(NODE) -p 'require("./package.json").version')"' \
		--banner:js='#!/usr/bin/env node' --outfile=$@ \
		--footer:js="$$(printf '/*\npbf, of which this has a part:\n\n%s\n*/' "$$(cat node_modules/pbf/LICENSE)")"
	@chmod 755 $@

dist/libbpf.node: $(ADDON_SOURCES) $(ADDON_HEADERS) Makefile
	@echo "cc $@"
	@mkdir -p $(@D)
	@$(CC) -std=c11 -D_GNU_SOURCE $(WARNINGS) $(ADDON_CFLAGS) -fPIC -shared -fvisibility=hidden \
		-I$(NODE_INCLUDE) $(ADDON_SOURCES) -o $@ $(ADDON_LIBS)

dist/bpf/%.bpf.o: bpf/%.bpf.c $(wildcard bpf/*.h) Makefile
	@echo "clang $@"
	@mkdir -p $(@D)
	@$(CLANG) $(BPF_CFLAGS) -c $< -o $@
	@$(LLVM_STRIP) -g $@

test: setup build
	@$(NODE) .ci/test.mjs

lint: node_modules/.package-lock.json
	@echo "tsc"
	@node_modules/.bin/tsc
	@echo "eslint"
	@node_modules/.bin/eslint --config .eslint.config.js --max-warnings=0 src test luci-app
	@echo "prettier"
	@node_modules/.bin/prettier --check --log-level=warn .
	@echo "clang -fsyntax-only"
	@for file in $(wildcard bpf/*.bpf.c); do $(CLANG) $(BPF_CFLAGS) -fsyntax-only $$file || exit 1; done
	@for file in $(ADDON_SOURCES); do $(CLANG) -std=c11 -D_GNU_SOURCE $(WARNINGS) -I$(NODE_INCLUDE) -fsyntax-only $$file || exit 1; done

demo: setup build
	@$(NODE) --import tsx test/lab/demo.ts

bench: setup build
	@$(NODE) --import tsx test/bench/main.ts

include openwrt/packages.mk
# the sources in a tarball are without it
-include luci-app/targets.mk

clean:
	@rm -rf dist
