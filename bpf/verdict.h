/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The hot path: what stands for this client and address, decided anew where
 * nothing does, and counted.
 */
#ifndef DOMAINROUTE_VERDICT_H
#define DOMAINROUTE_VERDICT_H

#include "decide.h"

static __always_inline struct config *get_config(void)
{
	return bpf_map_lookup_elem(&config, STACK_KEY(0));
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

/*
 * Counts a packet. The verdict's own counts may lose one where two CPUs meet;
 * those by rule are per CPU and exact.
 */
static __always_inline void count_packet(struct verdict *verdict, __u32 bytes,
					 __u64 now)
{
	struct counter *counter =
		bpf_map_lookup_elem(&counters, STACK_KEY(verdict->rule));

	verdict->packets++;
	verdict->bytes += bytes;
	verdict->last_seen = now;
	if (counter) {
		counter->packets++;
		counter->bytes += bytes;
	}
}

#endif
