# SPDX-License-Identifier: GPL-2.0-only

BPF_DEPENDS := @HAS_BPF_TOOLCHAIN
CLANG ?= clang
LLVM_STRIP ?= llvm-strip
