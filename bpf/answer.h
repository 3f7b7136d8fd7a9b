/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * DNS answers: matched to their query, walked record by record, each address
 * learnt. One loop, one small step at a time, all state in the parser: what
 * the verifier sees of a step is the same at every step. bpf/README.md
 * numbers the steps.
 */
#ifndef DOMAINROUTE_ANSWER_H
#define DOMAINROUTE_ANSWER_H

#include "learn.h"

enum state {
	STATE_NAME,
	STATE_MATCH,
	STATE_RECORD,
	STATE_RDATA,
	STATE_PARAM,
	STATE_HINT,
};

enum purpose {
	PURPOSE_QUESTION,
	PURPOSE_OWNER,
	PURPOSE_TARGET,		/* of a CNAME */
	PURPOSE_SERVICE,	/* TargetName of SVCB and HTTPS */
};

/* What a step returns: go on, or end with this reason. */
#define STEP_MORE	(-1)
#define STEP_LEARN	(-2)	/* the address at name.offset, and go on */
#define STEP_END	REASON_NONE

#define SVC_IPV4HINT	4	/* RFC 9460 §14.3.2 */
#define SVC_IPV6HINT	6

static __always_inline void read_name(struct parser *parser, __u32 purpose,
				      __u64 offset)
{
	parser->purpose = purpose;
	parser->state = STATE_NAME;
	parser->fresh = 1;
	parser->name.offset = offset;
}

static __always_inline void start_match(struct parser *parser, __u64 seed)
{
	parser->state = STATE_MATCH;
	parser->level = 0;
	parser->suffix = seed;
}

static __always_inline void copy_name(__u8 *one, __u8 *two, const __u8 *name)
{
	int i;

#pragma clang loop unroll(full)
	for (i = 0; i < 256; i += 8) {
		__u64 word = *(const __u64 *)(name + i);

		*(__u64 *)(one + i) = word;
		*(__u64 *)(two + i) = word;
	}
}

/* The question of the answer is known: is it what was asked? Once only. */
static __always_inline int finish_question(struct parser *parser,
					   struct query *query, __u64 seed)
{
	struct name *name = &parser->name;
	__u64 offset = name->offset;

	if (offset + 4 > parser->length)
		return REASON_SHORT_MESSAGE;
	if (question_hash(parser, offset) != query->question)
		return REASON_OTHER_QUESTION;
	parser->pair.client = query->client;
	if (bpf_map_delete_elem(&pending, &parser->exchange))
		return REASON_UNASKED;
	parser->fact.name_length = name->length + 1;
	parser->event.name_length = name->length + 1;
	parser->event.source = parser->fact.source;
	copy_name(parser->fact.name, parser->event.name, name->bytes);
	parser->fact.hash = name->whole;
	parser->current = name->whole;
	parser->current_offset = HEADER_SIZE;
	parser->next = offset + 4;
	start_match(parser, seed);
	return STEP_MORE;
}

static __always_inline int finish_target(struct parser *parser, __u64 seed)
{
	struct name *name = &parser->name;

	if (name->offset != parser->next)
		return REASON_BAD_RECORD;
	if (++parser->links > DR_CHAIN_MAX)
		return REASON_CHAIN;
	parser->current_offset = parser->target_offset;
	if (parser->matched) {
		keep_link(parser);
		parser->state = STATE_RECORD;
	} else {
		start_match(parser, seed);
	}
	return STEP_MORE;
}

static __always_inline int step_name(struct parser *parser,
				     struct query *query, __u64 seed)
{
	int progress;

	if (parser->fresh) {
		parser->fresh = 0;
		name_begin(&parser->name, parser->name.offset, seed);
		name_clear(&parser->name);
	}
	progress = name_step(&parser->name, parser->message,
				 DR_MESSAGE_MAX - 1, parser->length, seed);

	if (progress == NAME_MORE)
		return STEP_MORE;
	if (progress == NAME_BAD)
		return REASON_BAD_NAME;
	switch (parser->purpose) {
	case PURPOSE_QUESTION:
		return finish_question(parser, query, seed);
	case PURPOSE_OWNER:
		parser->owner_right = parser->name.whole == parser->current;
		parser->state = STATE_RDATA;
		return STEP_MORE;
	case PURPOSE_TARGET:
		return finish_target(parser, seed);
	default:
		if (parser->name.offset > parser->next)
			return REASON_BAD_RECORD;
		parser->state = STATE_PARAM;
		return STEP_MORE;
	}
}

static __always_inline int step_match(struct parser *parser,
				      struct config *settings)
{
	struct name *name = &parser->name;
	bool last = parser->level >= settings->max_labels ||
		    parser->level >= name->count;
	__u64 key;

	if (last) {
		key = mix(name->whole, EXACT);
	} else {
		parser->level++;
		key = mix(parser->suffix,
			  label_from_right(name, parser->level));
		parser->suffix = key;
	}
	if (has_rules(settings, last ? 0 : parser->level) && find_rule(key))
		parser->matched = 1;
	else if (!last)
		return STEP_MORE;
	if (parser->links)
		keep_link(parser);
	parser->state = STATE_RECORD;
	return STEP_MORE;
}

static __always_inline int step_record(struct parser *parser)
{
	__u64 offset = parser->next;

	if (parser->records == parser->answers)
		return STEP_END;
	if (parser->records == DR_RECORDS_MAX)
		return REASON_RECORDS;
	parser->records++;
	if (offset + 2 <= parser->length &&
	    read16(parser, offset) == (0xc000 | parser->current_offset)) {
		parser->owner_right = 1;
		parser->name.offset = offset + 2;
		parser->state = STATE_RDATA;
	} else {
		read_name(parser, PURPOSE_OWNER, offset);
	}
	return STEP_MORE;
}

static __always_inline int step_rdata(struct parser *parser)
{
	__u64 offset = parser->name.offset;
	__u64 type, length, ttl;

	if (offset + 10 > parser->length)
		return REASON_BAD_RECORD;
	type = read16(parser, offset);
	length = read16(parser, offset + 8);
	ttl = read32(parser, offset + 4);
	parser->next = offset + 10 + length;
	if (parser->next > parser->length)
		return REASON_BAD_RECORD;
	parser->state = STATE_RECORD;
	if (!parser->owner_right) {
		count_reason(REASON_OFF_CHAIN);
		return STEP_MORE;
	}
	if (read16(parser, offset + 2) != CLASS_IN)
		return STEP_MORE;
	set_expiry(parser, ttl);
	offset += 10;
	if (type == QTYPE_A || type == QTYPE_AAAA) {
		parser->address_size = type == QTYPE_A ? 4 : 16;
		if (length != parser->address_size)
			return REASON_BAD_RECORD;
		parser->name.offset = offset;
		return STEP_LEARN;
	} else if (type == QTYPE_CNAME) {
		parser->target_offset = offset;
		read_name(parser, PURPOSE_TARGET, offset);
	} else if (type == QTYPE_SVCB || type == QTYPE_HTTPS) {
		if (length < 3)
			return REASON_BAD_RECORD;
		if (read16(parser, offset))
			read_name(parser, PURPOSE_SERVICE, offset + 2);
	}
	return STEP_MORE;
}

static __always_inline int step_param(struct parser *parser)
{
	__u64 offset = parser->name.offset;
	__u64 key, length;

	if (offset == parser->next) {
		parser->state = STATE_RECORD;
		return STEP_MORE;
	}
	if (offset + 4 > parser->next)
		return REASON_BAD_RECORD;
	key = read16(parser, offset);
	length = read16(parser, offset + 2);
	offset += 4;
	if (offset + length > parser->next)
		return REASON_BAD_RECORD;
	if (key == SVC_IPV4HINT || key == SVC_IPV6HINT) {
		__u64 size = key == SVC_IPV4HINT ? 4 : 16;

		if (!length || length & (size - 1))
			return REASON_BAD_RECORD;
		parser->address_size = size;
		parser->hints_end = offset + length;
		parser->state = STATE_HINT;
		parser->name.offset = offset;
	} else {
		parser->name.offset = offset + length;
	}
	return STEP_MORE;
}

/* Learns an address of A, AAAA or a hint; the latter may have more. */
static __always_inline void step_learn(struct parser *parser)
{
	learn(parser, parser->name.offset);
	if (parser->state != STATE_HINT)
		return;
	parser->name.offset += parser->address_size;
	if (parser->name.offset >= parser->hints_end)
		parser->state = STATE_PARAM;
}

static __always_inline int check_header(struct parser *parser)
{
	__u32 flags = read16(parser, 2);

	if (!(flags & FLAG_QR) || flags & FLAG_OPCODE)
		return REASON_NOT_ANSWER;
	if (flags & FLAG_TC)
		return REASON_TRUNCATED;
	if (flags & FLAG_RCODE)
		return REASON_RCODE;
	if (read16(parser, 4) != 1)
		return REASON_QDCOUNT;
	parser->answers = read16(parser, 6);
	return 0;
}

static __always_inline int step(struct parser *parser, struct query *query,
				struct config *settings)
{
	int result;

	switch (parser->state) {
	case STATE_NAME:
		return step_name(parser, query, settings->seed);
	case STATE_MATCH:
		return step_match(parser, settings);
	case STATE_RECORD:
		result = step_record(parser);
		if (result != STEP_MORE || parser->state != STATE_RDATA)
			return result;
		return step_rdata(parser);
	case STATE_RDATA:
		return step_rdata(parser);
	case STATE_PARAM:
		return step_param(parser);
	default:
		return STEP_LEARN;
	}
}

/* Returns the reason why reading ended, REASON_NONE after the last record. */
static __always_inline int read_answer(struct __sk_buff *skb,
				       struct parser *parser,
				       struct config *settings, __u8 side)
{
	struct query *query;
	__u64 i;
	int error;

	error = read_message(skb, parser);
	if (error)
		return error;
	error = check_header(parser);
	if (error)
		return error;
	set_exchange(parser, side, true);
	query = bpf_map_lookup_elem(&pending, &parser->exchange);
	if (!query)
		return REASON_UNASKED;
	parser->now = bpf_ktime_get_coarse_ns();
	if (parser->now - query->time > QUERY_LIFETIME) {
		bpf_map_delete_elem(&pending, &parser->exchange);
		return REASON_LATE;
	}
	parser->fact.source = side == SIDE_LAN ? SOURCE_LAN : SOURCE_WAN;
	parser->matched = 0;
	parser->links = 0;
	parser->records = 0;
	read_name(parser, PURPOSE_QUESTION, HEADER_SIZE);

#pragma clang loop unroll(disable)
	for (i = 0; i < DR_STEPS_MAX; i++) {
		barrier();
		parser->result = step(parser, query, settings);
		barrier();
		if (parser->result == STEP_LEARN)
			step_learn(parser);
		else if (parser->result != STEP_MORE)
			return parser->result;
	}
	return REASON_STEPS;
}

/* A packet that may be an answer, on its way to who asked. */
static __always_inline int pass_answer(struct __sk_buff *skb, __u8 side,
				       const bool l3)
{
	struct config *settings = get_config();
	struct packet packet;
	struct parser *parser;
	int reason = parse_packet(skb, &packet, l3);

	if (reason) {
		count_reason(reason);
		return TC_NEXT;
	}
	if (!packet.transport || packet.source_port != DNS_PORT)
		return TC_NEXT;
	parser = get_parser(&packet);
	if (!settings || !parser)
		return TC_NEXT;
	reason = read_answer(skb, parser, settings, side);
	if (reason > REASON_NONE)
		count_reason(reason);
	return TC_NEXT;
}

#endif
