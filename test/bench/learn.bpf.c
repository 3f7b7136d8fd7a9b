// SPDX-License-Identifier: GPL-2.0-only
/*
 * The time that lan_egress takes for one answer. Each run asks the question of
 * the answer in the packet, as an answer consumes its query, and then times
 * what lan_egress does, from the frame to the fact; the clock's own time is
 * taken beside it.
 */
#include "../../bpf/answer.h"
#include "../../bpf/verdict.h"

/* Of the frame: Ethernet, IPv4 without options, UDP, DNS header, a length. */
#define LABEL_OFFSET	(14 + 20 + 8 + 12 + 1)
#define LABEL_SIZE	8

struct learning {
	__u64 serial;	/* of the name and address, if `fresh` */
	__u64 fresh;	/* another name and address each time */
	__u64 time;	/* of all answers, ns */
	__u64 clock;	/* of as many readings of the clock, ns */
	__u64 answers;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct learning);
} learnings SEC(".maps");

/* The first label and the address, which ends the message. */
static __always_inline int rewrite(struct __sk_buff *skb, __u64 serial)
{
	__be32 address = bpf_htonl(0x05000000 | (serial & 0xffffff));
	__u8 label[LABEL_SIZE];
	int i;

#pragma clang loop unroll(full)
	for (i = 0; i < LABEL_SIZE; i++)
		label[i] = 'a' + ((serial >> (4 * i)) & 15);
	return bpf_skb_store_bytes(skb, LABEL_OFFSET, label, sizeof(label), 0) ||
	       bpf_skb_store_bytes(skb, skb->len - sizeof(address), &address,
				   sizeof(address), 0);
}

/* What note_query() leaves for the question of this answer. */
static __always_inline int ask(struct __sk_buff *skb, struct config *settings)
{
	struct packet packet;
	struct parser *parser;
	struct ethhdr *eth;
	struct name *name;
	int i;

	if (parse_packet(skb, &packet, false) || !packet.transport)
		return -1;
	parser = get_parser(&packet);
	if (!parser || read_message(skb, parser))
		return -1;
	name = &parser->name;
	name_begin(name, HEADER_SIZE, settings->seed);
#pragma clang loop unroll(disable)
	for (i = 0; i < DR_LABELS_MAX + 1; i++)
		if (name_step(name, parser->message, DR_MESSAGE_MAX - 1,
			      parser->length, settings->seed) != NAME_MORE)
			break;
	eth = packet_start(skb);
	if ((void *)(eth + 1) > packet_end(skb))
		return -1;
	set_exchange(parser, SIDE_LAN, true);
	set_mac(&parser->query.client, eth->h_dest);
	parser->query.question = question_hash(parser, name->offset);
	parser->query.time = bpf_ktime_get_coarse_ns();
	return bpf_map_update_elem(&pending, &parser->exchange, &parser->query,
				   BPF_ANY);
}

static __always_inline void read_frame(struct __sk_buff *skb)
{
	struct config *settings = get_config();
	struct packet packet;
	struct parser *parser;
	int reason;

	if (!settings || parse_packet(skb, &packet, false) ||
	    !packet.transport || packet.source_port != DNS_PORT)
		return;
	parser = get_parser(&packet);
	if (!parser)
		return;
	reason = read_answer(skb, parser, settings, SIDE_LAN);
	if (reason > REASON_NONE)
		count_reason(reason);
}

/* A program of its own: what the verifier knows of both at once is too much. */
SEC("tc")
int bench_answer(struct __sk_buff *skb)
{
	struct learning *learning =
		bpf_map_lookup_elem(&learnings, STACK_KEY(0));
	__u64 start = bpf_ktime_get_ns(), end;

	read_frame(skb);
	end = bpf_ktime_get_ns();
	if (!learning)
		return 1;
	learning->clock += bpf_ktime_get_ns() - end;
	learning->time += end - start;
	learning->answers++;
	return 0;
}

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, int(struct __sk_buff *));
} answer SEC(".maps") = { .values = { &bench_answer } };

SEC("tc")
int bench_learn(struct __sk_buff *skb)
{
	struct learning *learning =
		bpf_map_lookup_elem(&learnings, STACK_KEY(0));
	struct config *settings = get_config();

	if (!learning || !settings)
		return 1;
	if (learning->fresh && rewrite(skb, learning->serial++))
		return 2;
	if (ask(skb, settings))
		return 3;
	bpf_tail_call(skb, &answer, 0);
	return 4;
}

char LICENSE[] SEC("license") = "GPL";
