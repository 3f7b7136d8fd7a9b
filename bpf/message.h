/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * DNS queries: which packets are DNS, and noting what was asked. Answers are
 * read in answer.h.
 */
#ifndef DOMAINROUTE_MESSAGE_H
#define DOMAINROUTE_MESSAGE_H

#include "packet.h"
#include "name.h"

#define QTYPE_A			1	/* RFC 1035 §3.2.2 */
#define QTYPE_CNAME		5
#define QTYPE_AAAA		28	/* RFC 3596 §2.1 */
#define QTYPE_SVCB		64	/* RFC 9460 §14.1 */
#define QTYPE_HTTPS		65
#define CLASS_IN		1

/* RFC 1035 §4.1.1, the second 16 bits of the header */
#define FLAG_QR			0x8000
#define FLAG_OPCODE		0x7800
#define FLAG_TC			0x0200
#define FLAG_RCODE		0x000f

/* What a program needs for one message; too large for the stack. */
struct parser {
	struct packet packet;
	struct name name;
	struct exchange exchange;
	struct query query;
	struct fact fact;	/* the fact to be learnt */
	struct pair pair;	/* its key */
	struct protected_key protected;
	struct event event;
	__u64 current;		/* whole hash of the name being answered */
	__u64 suffix;
	__u64 now;
	__s32 result;		/* of a step */
	__u32 state;
	__u32 fresh;		/* the name to be read is not begun */
	__u32 purpose;		/* what the name being read is */
	__u32 level;		/* labels in `suffix` */
	__u32 current_offset;	/* where the current name was read */
	__u32 matched;		/* a rule names a name of the chain */
	__u32 other_known;	/* the pair is in the map of the other kind */
	__u32 links;		/* CNAMEs followed */
	__u32 records;		/* read */
	__u32 answers;		/* ANCOUNT */
	__u32 owner_right;
	__u32 next;		/* offset behind the record */
	__u32 target_offset;	/* where the CNAME's target is read */
	__u32 hints_end;
	__u32 address_size;	/* 4 or 16 */
	__u32 length;		/* of the message, as far as it was read */
	__u8 message[DR_MESSAGE_MAX + 8];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct parser);
} parsers SEC(".maps");

/*
 * The parser, with the packet copied to where the verifier does not follow
 * it: what it knows of each way through parse_packet() would multiply the
 * ways through what comes next.
 */
static __always_inline struct parser *get_parser(struct packet *packet)
{
	struct parser *parser = bpf_map_lookup_elem(&parsers, STACK_KEY(0));

	if (parser)
		parser->packet = *packet;
	return parser;
}

/* The 16 bits at `offset` of the message, in host order. */
static __always_inline __u64 read16(struct parser *parser, __u64 offset)
{
	return bpf_ntohs(*(__be16 *)(parser->message +
				     (offset & (DR_MESSAGE_MAX - 1))));
}

static __always_inline __u64 read32(struct parser *parser, __u64 offset)
{
	return bpf_ntohl(*(__be32 *)(parser->message +
				     (offset & (DR_MESSAGE_MAX - 1))));
}

/*
 * Copies the message that a packet from or to port 53 carries. Returns 0, the
 * reason why there is none, or NO_MESSAGE: nothing worth counting.
 */
#define NO_MESSAGE (-1)

static __always_inline int read_message(struct __sk_buff *skb,
					struct parser *parser)
{
	struct packet *packet = &parser->packet;
	__u32 offset = packet->transport;
	__u32 left = packet->transport_length;
	__be16 field;

	if (packet->fragment)
		return REASON_FRAGMENT;
	if (packet->protocol == IPPROTO_UDP) {
		if (bpf_skb_load_bytes(skb,
				       offset + offsetof(struct udphdr, len),
				       &field, sizeof(field)) ||
		    bpf_ntohs(field) != left)
			return REASON_LENGTH;
		offset += sizeof(struct udphdr);
		left -= sizeof(struct udphdr);
	} else {
		__u32 size;
		__u8 data_offset;

		if (bpf_skb_load_bytes(skb, offset + 12, &data_offset, 1))
			return REASON_LENGTH;
		size = (data_offset >> 4) * 4;
		if (size < sizeof(struct tcphdr) || size > left)
			return REASON_LENGTH;
		offset += size;
		left -= size;
		if (!left)
			return NO_MESSAGE;
		/* RFC 7766 §8: two bytes of length come first */
		if (left < 2 ||
		    bpf_skb_load_bytes(skb, offset, &field, sizeof(field)) ||
		    bpf_ntohs(field) > left - 2)
			return REASON_SEGMENTED;
		offset += 2;
		left = bpf_ntohs(field);
	}
	if (left < HEADER_SIZE)
		return REASON_SHORT_MESSAGE;
	if (left > DR_MESSAGE_MAX)
		left = DR_MESSAGE_MAX;
	parser->length = left;
	/* 6.1's verifier wants it in this form to see 1 <= left <= MAX */
	left = (left - 1) & (DR_MESSAGE_MAX - 1);
	barrier_var(left);
	if (bpf_skb_load_bytes(skb, offset, parser->message, left + 1))
		return REASON_SHORT_PACKET;
	return 0;
}

/* Fills the key of `pending`; the one who asked is the answer's destination. */
static __always_inline void set_exchange(struct parser *parser, __u8 side,
					 const bool answer)
{
	struct exchange *exchange = &parser->exchange;
	struct packet *packet = &parser->packet;

	if (answer) {
		exchange->client = packet->pair.address;
		exchange->server = packet->source;
		exchange->client_port = packet->destination_port;
		exchange->server_port = packet->source_port;
	} else {
		exchange->client = packet->source;
		exchange->server = packet->pair.address;
		exchange->client_port = packet->source_port;
		exchange->server_port = packet->destination_port;
	}
	exchange->id = *(__be16 *)parser->message;
	exchange->protocol = packet->protocol;
	exchange->side = side;
}

/* QNAME as it came, QTYPE and QCLASS, in one hash. */
static __always_inline __u64 question_hash(struct parser *parser, __u64 offset)
{
	return mix(parser->name.raw, (__u64)read32(parser, offset));
}

static __always_inline int note_query(struct __sk_buff *skb,
				      struct parser *parser,
				      struct config *settings, __u8 side)
{
	struct name *name = &parser->name;
	__u32 type, flags;
	int error, i;

	error = read_message(skb, parser);
	if (error)
		return error;
	flags = read16(parser, 2);
	if (flags & (FLAG_QR | FLAG_OPCODE) || read16(parser, 4) != 1)
		return REASON_NOT_QUERY;

	name_begin(name, HEADER_SIZE, settings->seed);
#pragma clang loop unroll(disable)
	for (i = 0; i < DR_LABELS_MAX + 1; i++) {
		error = name_step(name, parser->message, DR_MESSAGE_MAX - 1,
				  parser->length, settings->seed);
		if (error != NAME_MORE)
			break;
	}
	if (error != NAME_DONE)
		return REASON_BAD_NAME;
	if (name->offset + 4 > parser->length)
		return REASON_SHORT_MESSAGE;
	type = read16(parser, name->offset);
	if ((type != QTYPE_A && type != QTYPE_AAAA && type != QTYPE_SVCB &&
	     type != QTYPE_HTTPS) ||
	    read16(parser, name->offset + 2) != CLASS_IN)
		return REASON_QTYPE;

	set_exchange(parser, side, false);
	parser->query.question = question_hash(parser, name->offset);
	parser->query.time = bpf_ktime_get_coarse_ns();
	if (side == SIDE_LAN)
		parser->query.client = parser->packet.pair.client;
	else
		__builtin_memset(&parser->query.client, 0,
				 sizeof(parser->query.client));
	if (bpf_map_update_elem(&pending, &parser->exchange, &parser->query,
				BPF_ANY))
		return REASON_MAP_FULL;
	return REASON_QUERY_NOTED;
}

#endif
