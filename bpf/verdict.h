/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The hot path: what stands for this client and address, decided anew where
 * nothing does, and counted.
 */
#ifndef DOMAINROUTE_VERDICT_H
#define DOMAINROUTE_VERDICT_H

#include "decide.h"

/* So that the last bytes of addresses, the upper ones here, tell in all bits. */
static __always_inline __u64 fold(__u64 word)
{
	return word ^ word >> 32;
}

/* The key of a pair's verdict: a sum of products, as they run at once. */
static __always_inline __u64 verdict_key(const struct pair *pair)
{
	const __u64 *word = (const __u64 *)pair;

	return fold(word[0]) * 0x9E3779B97F4A7C15ULL +
	       fold(word[1]) * 0xC2B2AE3D27D4EB4FULL +
	       fold(word[2]) * 0x165667B19E3779F9ULL +
	       fold(word[3]) * 0xD6E8FEB86659FD93ULL;
}

static __always_inline __u32 recent_index(__u64 key)
{
	return key >> 54; /* 2^10 = DR_RECENTS */
}

static __always_inline bool same_pair(const struct pair *one,
				      const struct pair *other)
{
	const __u64 *a = (const __u64 *)one, *b = (const __u64 *)other;

	return !((a[0] ^ b[0]) | (a[1] ^ b[1]) | (a[2] ^ b[2]) |
		 (a[3] ^ b[3]));
}

/* The verdict of a pair, standing or not, or NULL. */
static __always_inline struct verdict *find_verdict(__u64 key,
						    const struct pair *pair)
{
	struct verdict *verdict = bpf_map_lookup_elem(&verdicts, &key);

	return verdict && same_pair(&verdict->pair, pair) ? verdict : NULL;
}

/* What a verdict on this address must carry to stand. */
static __always_inline __u64 current_stamp(struct config *settings,
					   const struct address *address)
{
	__u32 *epoch = bpf_map_lookup_elem(&epochs,
					   STACK_KEY(epoch_index(address)));
	__u64 generation = *(volatile __u32 *)&settings->generation;

	return generation << 32 | (epoch ? *(volatile __u32 *)epoch : 0);
}

static __always_inline bool verdict_stands(struct verdict *verdict,
					   __u64 stamp, __u64 now)
{
	return verdict && verdict->stamp == stamp && now < verdict->expires;
}

/* Counts a packet, by rule exactly, as each CPU does so by itself. */
static __always_inline void count_packet(struct verdict *verdict, __u32 bytes)
{
	struct counter *counter =
		bpf_map_lookup_elem(&counters, STACK_KEY(verdict->rule));

	verdict->packets++;
	verdict->bytes += bytes;
	if (counter) {
		counter->packets++;
		counter->bytes += bytes;
	}
}

#endif
