/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The maps. Sizes of those with 'option facts' are set by the control plane
 * before the object is loaded; bpf/README.md tells what each is for.
 */
#ifndef DOMAINROUTE_MAPS_H
#define DOMAINROUTE_MAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "domainroute.h"

#define TC_NEXT		(-1)	/* TCX_NEXT of linux/bpf.h since 6.6 */

#define FACTS		16384
#define ALIASES		4096
#define PENDING		8192	/* 10 s of queries; 120 bytes each */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct config);
} config SEC(".maps");

/* Goes up when something is learnt for an address that hashes here. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, DR_EPOCHS);
	__type(key, __u32);
	__type(value, __u32);
} epochs SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, PENDING);
	__type(key, struct exchange);
	__type(value, struct query);
} pending SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, FACTS);
	__type(key, struct pair);
	__type(value, struct fact);
} facts SEC(".maps"), strays SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, ALIASES);
	__type(key, __u64);
	__type(value, struct alias);
} aliases SEC(".maps"), stray_aliases SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, DR_NAMES);
	__type(key, __u32);
	__type(value, struct budget);
} names SEC(".maps");

struct rule_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u64);
	__type(value, __u32);
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, struct rule_map);
} rules SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, DR_CELLS);
	__type(key, __u32);
	__type(value, struct action);
} actions SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct client_key);
	__type(value, __u32);
} clients SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 16384);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct protected_key);
	__type(value, __u32);
} protected SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, FACTS);
	__type(key, __u64);
	__type(value, struct verdict);
} verdicts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, DR_RECENTS);
	__type(key, __u32);
	__type(value, struct verdict);
} recents SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, DR_RULES);
	__type(key, __u32);
	__type(value, struct counter);
} counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, REASON_MAX);
	__type(key, __u32);
	__type(value, __u64);
} reasons SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 19);	/* 1,598 records of 320 + 8 bytes */
} events SEC(".maps");

/*
 * A key of 32 bits on the stack. All 64 are written, as the verifier takes
 * half a slot for alive for ever, and its old values for different states.
 */
#define STACK_KEY(value)	(&(__u64){ value })

static __always_inline struct config *get_config(void)
{
	return bpf_map_lookup_elem(&config, STACK_KEY(0));
}

static __always_inline void count_reason(__u32 reason)
{
	__u64 *count = bpf_map_lookup_elem(&reasons, STACK_KEY(reason));

	if (count)
		++*count;
}

#endif
