/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reading a domain name in wire form (RFC 1035 §3.1, §4.1.4), eight bytes a
 * step, and its hashes. bpf/README.md defines them; src/dns/name-hash.ts is
 * the other side.
 */
#ifndef DOMAINROUTE_NAME_H
#define DOMAINROUTE_NAME_H

#include "maps.h"

#define HASH_MULTIPLIER		0x9E3779B97F4A7C15ULL
#define EXACT			0x3d	/* '=' */
#define HEADER_SIZE		12	/* RFC 1035 §4.1.1 */
#define NAME_BUFFER		264	/* 256, and what a word may overhang */

/* A name being read, and what is known of it when it has been. */
struct name {
	__u64 label;		/* hash of the label being read */
	__u64 whole;
	__u64 raw;		/* of all words as they came, case kept */
	__u32 offset;		/* next byte; in the end: behind the name */
	__u32 start;		/* of this piece: pointers lead below it */
	__u32 resume;		/* behind the first pointer, 0: none met */
	__u32 left;		/* bytes of the label still to be read */
	__u32 length;		/* bytes in `bytes`, without the root */
	__u32 count;		/* labels in `labels` */
	__u64 labels[128];
	union {
		/* so that a name that was read can be stored as it lies */
		struct alias alias;
		struct {
			__u8 head[offsetof(struct alias, name)];
			__u8 bytes[NAME_BUFFER];
		};
	};
};

enum name_progress {
	NAME_MORE,
	NAME_DONE,
	NAME_BAD,
};

static __always_inline __u64 mix(__u64 hash, __u64 word)
{
	hash = (hash ^ word) * HASH_MULTIPLIER;
	return hash ^ (hash >> 32);
}

/* ASCII only (RFC 4343); length bytes are below 'A' and stay as they are. */
static __always_inline __u64 lower_case(__u64 word)
{
	const __u64 each = 0x0101010101010101ULL;
	__u64 low = word & (0x7f * each);
	__u64 upper = (low + (0x80 - 'A') * each) ^
		      (low + (0x7f - 'Z') * each);

	return word | ((upper & ~word & (0x80 * each)) >> 2);
}

static __always_inline void name_begin(struct name *name, __u32 offset,
				       __u64 seed)
{
	name->whole = seed;
	name->raw = seed;
	name->offset = offset;
	name->start = offset;
	name->resume = 0;
	name->left = 0;
	name->length = 0;
	name->count = 0;
}

/* For who wants nothing but zeros behind the name that is read next. */
static __always_inline void name_clear(struct name *name)
{
	__u64 *word = (__u64 *)name->bytes;
	int i;

#pragma clang loop unroll(full)
	for (i = 0; i < NAME_BUFFER / 8; i++)
		word[i] = 0;
}

/*
 * One step through the name in input[0..end). `mask` is the size of the
 * input less one, a power of two less one; 8 bytes more must be readable.
 */
static __always_inline enum name_progress
name_step(struct name *name, const __u8 *input, const __u64 mask, __u64 end,
	  __u64 seed)
{
	__u64 offset, left, length, size, position;
	__u64 word;

	/* state stays in memory, where the verifier does not follow it */
	barrier();
	offset = name->offset;
	left = name->left;
	length = name->length;
	if (!left) {
		if (offset >= end)
			return NAME_BAD;
		size = input[offset & mask];
		if (!size) {
			name->offset = name->resume ?: offset + 1;
			return NAME_DONE;
		}
		if (size >= 0xc0) {
			__u64 target;

			if (offset + 1 >= end)
				return NAME_BAD;
			target = (size & 0x3f) << 8 |
				 input[(offset + 1) & mask];
			if (target < HEADER_SIZE || target >= name->start)
				return NAME_BAD;
			if (!name->resume)
				name->resume = offset + 2;
			name->start = target;
			name->offset = target;
			return NAME_MORE;
		}
		left = size + 1;
		if (size > 63 || length + left > DR_NAME_MAX - 1 ||
		    offset + left > end)
			return NAME_BAD;
		name->label = seed;
	}
	size = left < 8 ? left : 8;
	word = *(const __u64 *)(input + (offset & mask));
	word &= ~0ULL >> (64 - 8 * size);
	position = length & 0xff;
	name->offset = offset + size;
	name->length = length + size;
	name->left = left - size;
	/* both ways to here have left the same behind: the verifier joins them */
	barrier();
	name->raw = mix(name->raw, word);
	word = lower_case(word);
	name->label = mix(name->label, word);
	*(__u64 *)(name->bytes + position) = word;
	if (!name->left) {
		name->whole = mix(name->whole, name->label);
		name->labels[name->count & DR_LABELS_MAX] = name->label;
		name->count++;
	}
	return NAME_MORE;
}

/* The label hash of the k-th label from the right, from 1. */
static __always_inline __u64 label_from_right(struct name *name, __u32 k)
{
	return name->labels[(name->count - k) & DR_LABELS_MAX];
}

/* Can a rule be found there? `level`: how many labels, or 0 for the exact key. */
static __always_inline bool has_rules(struct config *settings, __u32 level)
{
	return settings->levels >> (level < 31 ? level : 31) & 1;
}

/* Looks up a hash in the live rules; 0: none, else the first cell. */
static __always_inline __u32 find_rule(__u64 hash)
{
	void *live = bpf_map_lookup_elem(&rules, STACK_KEY(0));
	__u32 *cell = live ? bpf_map_lookup_elem(live, &hash) : NULL;

	return cell ? *cell : 0;
}

#endif
