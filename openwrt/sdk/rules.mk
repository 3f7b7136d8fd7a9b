# SPDX-License-Identifier: GPL-2.0-only
# Stands in for OpenWrt's SDK, so that a feed Makefile of this repository can be built into an .ipk on a Debian machine:
#
#   make -f openwrt/Makefile <package> TOPDIR=<this directory> ARCH_PACKAGES=<arch> STAGING_DIR=<sysroot> \
#       DL_DIR=<where PKG_SOURCE is> BUILD_DIR=<for intermediate files> BIN_DIR=<where the package goes>
#
# What a feed Makefile may use of the SDK is what stands here and in include/, under the same names.

.SUFFIXES:
MAKEFLAGS += --no-builtin-rules
SHELL := /bin/sh

INCLUDE_DIR := $(TOPDIR)/include
TOOLCHAIN_DIR := $(STAGING_DIR)/usr

# arm: code for every ARMv7 with an FPU. override: the caller's make can have an ARCH of its own.
override ARCH := $(firstword $(subst _cortex-, ,$(subst _generic, ,$(ARCH_PACKAGES))))
TRIPLE_x86_64 := x86_64-linux-musl
TRIPLE_aarch64 := aarch64-linux-musl
TRIPLE_arm := armv7-linux-musleabihf
CPU_arm := -mfpu=vfpv3-d16

TRIPLE = $(or $(TRIPLE_$(ARCH)),$(error Cannot compile for '$(ARCH_PACKAGES)': no such architecture here))

# a shared object needs none of the crt files that clang would link; of libgcc, some arithmetic on 32-bit CPUs
TARGET_CC = $(CLANG) --target=$(TRIPLE) $(CPU_$(ARCH)) -fuse-ld=lld -nostdlibinc -nostdlib
TARGET_CFLAGS := -Os -pipe -fno-unwind-tables -fno-asynchronous-unwind-tables -ffunction-sections -fdata-sections
TARGET_CPPFLAGS := -isystem $(STAGING_DIR)/usr/include
TARGET_LDFLAGS := -L$(STAGING_DIR)/usr/lib -Wl,--gc-sections -Wl,-z,relro,-z,now -Wl,-s -Wl,--as-needed -lc -lgcc_s

INSTALL_DIR := install -d -m0755
INSTALL_BIN := install -m0755
INSTALL_DATA := install -m0644
INSTALL_CONF := install -m0600
CP := cp -fpR
LN := ln -sf
