// SPDX-License-Identifier: GPL-2.0-only
/*
 * tcx programs of the LAN devices: ingress notes DNS queries and marks
 * packets, egress learns from answers. `_l3` is for devices without an
 * Ethernet header.
 */
#include "answer.h"
#include "verdict.h"

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct matcher);
} matchers SEC(".maps");

/* Adds what `recent` counted to the verdict it is of. */
static __always_inline void flush_counts(struct verdict *recent)
{
	struct verdict *verdict;

	if (!recent->packets)
		return;
	verdict = find_verdict(verdict_key(&recent->pair), &recent->pair);
	if (verdict) {
		verdict->packets += recent->packets;
		verdict->bytes += recent->bytes;
		verdict->last_seen = recent->last_seen;
	}
}

/* Puts the pair's verdict into `recent`, deciding if none stands. */
static __always_inline void refill(struct __sk_buff *skb,
				   struct packet *packet,
				   struct config *settings,
				   struct verdict *recent, __u64 key,
				   __u64 stamp)
{
	struct matcher *matcher = bpf_map_lookup_elem(&matchers, STACK_KEY(0));
	__u64 now = bpf_ktime_get_coarse_ns();
	struct verdict *known;

	if (!matcher)
		return;
	matcher->pair = packet->pair;
	matcher->source = packet->source;
	matcher->ifindex = skb->ifindex;
	matcher->local = 0;
	flush_counts(recent);
	known = find_verdict(key, &matcher->pair);
	if (verdict_stands(known, stamp, now)) {
		*recent = *known;
	} else {
		decide(matcher, settings, known, stamp, now);
		if (bpf_map_update_elem(&verdicts, &key, &matcher->verdict,
					BPF_ANY))
			count_reason(REASON_MAP_FULL);
		*recent = matcher->verdict;
	}
	recent->packets = 0;
	recent->bytes = 0;
	recent->last_seen = now;
	recent->tick = bpf_jiffies64();
}

/*
 * Does the pair's verdict lie there, and stand? The coarse clock moves with
 * the jiffies only, and those are read for nothing: once a tick is enough.
 */
static __always_inline bool recent_stands(struct verdict *recent,
					  const struct pair *pair, __u64 stamp)
{
	__u32 tick = bpf_jiffies64();
	__u64 now;

	if (!same_pair(&recent->pair, pair) || recent->stamp != stamp)
		return false;
	if (recent->tick == tick)
		return true;
	now = bpf_ktime_get_coarse_ns();
	if (now >= recent->expires)
		return false;
	recent->last_seen = now;
	recent->tick = tick;
	return true;
}

static __always_inline void mark_packet(struct __sk_buff *skb,
					struct packet *packet,
					struct config *settings)
{
	struct pair *pair = &packet->pair;
	__u64 stamp = current_stamp(settings, &pair->address);
	__u64 key = verdict_key(pair);
	struct verdict *recent =
		bpf_map_lookup_elem(&recents, STACK_KEY(recent_index(key)));

	if (!recent)
		return;
	if (!recent_stands(recent, pair, stamp))
		refill(skb, packet, settings, recent, key, stamp);
	count_packet(recent, packet->ip_length);
	if (recent->rule)
		skb->mark = (skb->mark & ~recent->mask) | recent->mark;
}

static __always_inline int lan_in(struct __sk_buff *skb, const bool l3)
{
	struct config *settings = get_config();
	struct packet packet;
	int reason;

	if (!settings)
		return TC_NEXT;
	reason = parse_packet(skb, &packet, l3);
	if (reason) {
		count_reason(reason);
		return TC_NEXT;
	}
	if (packet.transport && packet.destination_port == DNS_PORT) {
		struct parser *parser = get_parser(&packet);

		reason = parser ? note_query(skb, parser, settings,
					     SIDE_LAN) : NO_MESSAGE;
		if (reason != NO_MESSAGE)
			count_reason(reason);
	}
	mark_packet(skb, &packet, settings);
	return TC_NEXT;
}

SEC("tc")
int lan_ingress(struct __sk_buff *skb)
{
	return lan_in(skb, false);
}

SEC("tc")
int lan_ingress_l3(struct __sk_buff *skb)
{
	return lan_in(skb, true);
}

SEC("tc")
int lan_egress(struct __sk_buff *skb)
{
	return pass_answer(skb, SIDE_LAN, false);
}

SEC("tc")
int lan_egress_l3(struct __sk_buff *skb)
{
	return pass_answer(skb, SIDE_LAN, true);
}

char LICENSE[] SEC("license") = "GPL";
