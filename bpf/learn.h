/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What an answer leaves behind: facts, and the links of its CNAME chain.
 */
#ifndef DOMAINROUTE_LEARN_H
#define DOMAINROUTE_LEARN_H

#include "message.h"

#define SECOND			1000000000ULL
#define QUERY_LIFETIME		(10 * SECOND)	/* W1 */
#define BUDGET_PERIOD		(3600 * SECOND)

static __always_inline __u32 epoch_index(const struct address *address)
{
	__u32 fold = address->word[0] ^ address->word[1] ^ address->word[2] ^
		     address->word[3];

	return (fold * 0x9E3779B1U) >> 20; /* 2^12 = DR_EPOCHS */
}

/*
 * Verdicts on this address no longer stand. Comes after the change it tells
 * of, as deciding reads the epoch before the facts. Not atomic (no atomics in
 * the arm32 JIT): of two at once, either ends what was decided before both.
 */
static __always_inline void bump_epoch(const struct address *address)
{
	__u32 *epoch = bpf_map_lookup_elem(&epochs,
					   STACK_KEY(epoch_index(address)));

	if (epoch)
		++*(volatile __u32 *)epoch;
}

static __always_inline __u32 protected_class(struct protected_key *key,
					     const struct address *address)
{
	__u32 *class;

	key->prefixlen = 128;
	key->address = *address;
	class = bpf_map_lookup_elem(&protected, key);
	return class ? *class : PROTECTED_OPEN;
}

/* RFC 2181 §8 for TTLs with the top bit set; Z3 for long ones. */
static __always_inline void set_expiry(struct parser *parser, __u64 ttl)
{
	if (ttl & 0x80000000)
		ttl = 0;
	if (ttl > DR_TTL_MAX)
		ttl = DR_TTL_MAX;
	parser->fact.told = parser->now;
	parser->fact.last_seen = parser->now;
	parser->fact.expires = parser->now + ttl * SECOND;
}

/* Keeps the link from the current name to the one just read. */
static __always_inline void keep_link(struct parser *parser)
{
	struct alias *alias = &parser->name.alias;
	void *map = parser->matched ? (void *)&aliases :
				      (void *)&stray_aliases;

	alias->told = parser->now;
	alias->hash = parser->name.whole;
	alias->name_length = parser->name.length + 1;
	bpf_map_update_elem(map, &parser->current, alias, BPF_ANY);
	parser->current = alias->hash;
}

/* May this name bring one more address to this client (Z3)? */
static __always_inline bool take_budget(struct parser *parser)
{
	const __u64 *client = (const __u64 *)&parser->pair.client;
	__u64 key = mix(mix(parser->fact.hash, client[0]), client[1]);
	struct budget *budget =
		bpf_map_lookup_elem(&names, STACK_KEY(key >> 51));

	if (!budget)
		return false;
	if (budget->key != key ||
	    parser->now - budget->since >= BUDGET_PERIOD) {
		budget->key = key;
		budget->since = parser->now;
		budget->used = 0;
	}
	if (budget->used >= DR_ADDRESSES_MAX)
		return false;
	budget->used++;
	return true;
}

static __always_inline void tell_fact(struct parser *parser)
{
	struct event *event = &parser->event;

	event->kind = EVENT_FACT;
	event->rule = 0;
	event->time = parser->now;
	event->expires = parser->fact.expires;
	event->pair = parser->pair;
	bpf_ringbuf_output(&events, event, sizeof(*event), 0);
}

/* The address at `offset` of the message, 4 or 16 bytes. */
static __always_inline void read_address(struct parser *parser, __u64 offset,
					 struct address *address)
{
	const __u8 *from = parser->message + (offset & (DR_MESSAGE_MAX - 1));
	const __u8 *rest = parser->message +
			   ((offset + 8) & (DR_MESSAGE_MAX - 1));

	if (parser->address_size == 4) {
		set_ipv4(address, *(__be32 *)from);
	} else {
		*(__u64 *)&address->word[0] = *(__u64 *)from;
		*(__u64 *)&address->word[2] = *(__u64 *)rest;
	}
}

/* The pair is known under the same name: no new map entry is needed. */
static __always_inline bool refresh(struct parser *parser, struct fact *known)
{
	if (!known || known->hash != parser->fact.hash)
		return false;
	known->told = parser->now;
	known->last_seen = parser->now;
	known->expires = parser->fact.expires;
	return true;
}

/* The reason to count: REASON_FACT_LEARNT, or why it was not. */
static __always_inline int insert(struct parser *parser)
{
	long error;

	if (!take_budget(parser))
		return REASON_NAME_FULL;
	if (parser->matched)
		error = bpf_map_update_elem(&facts, &parser->pair,
					    &parser->fact, BPF_ANY);
	else
		error = bpf_map_update_elem(&strays, &parser->pair,
					    &parser->fact, BPF_ANY);
	if (error)
		return REASON_MAP_FULL;
	tell_fact(parser);
	return REASON_FACT_LEARNT;
}

/* Puts the pair into the map of its kind, and sees if the other one has it. */
static __always_inline int keep_fact(struct parser *parser)
{
	struct fact *fact = bpf_map_lookup_elem(&facts, &parser->pair);
	struct fact *stray = bpf_map_lookup_elem(&strays, &parser->pair);

	if (parser->matched) {
		parser->other_known = !!stray;
		if (refresh(parser, fact))
			return REASON_FACT_REFRESHED;
	} else {
		parser->other_known = !!fact;
		if (refresh(parser, stray))
			return REASON_FACT_REFRESHED;
	}
	return insert(parser);
}

/* Learns the address at `offset` of the message. */
static __always_inline void learn(struct parser *parser, __u64 offset)
{
	struct pair *pair = &parser->pair;

	read_address(parser, offset, &pair->address);
	if ((parser->address_size == 16 && is_mapped(&pair->address)) ||
	    protected_class(&parser->protected, &pair->address) ==
		    PROTECTED_NEVER)
		parser->result = REASON_PROTECTED_ANSWER;
	else
		parser->result = keep_fact(parser);
	barrier();
	count_reason(parser->result);
	barrier();
	if (parser->result != REASON_FACT_LEARNT &&
	    (parser->result != REASON_FACT_REFRESHED || !parser->other_known))
		return;
	if (parser->matched && parser->other_known)
		bpf_map_delete_elem(&strays, pair);
	bump_epoch(&pair->address);
}

#endif
