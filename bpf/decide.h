/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From a client and an address to a verdict: a lookup where one stands, else
 * the search through names and rules that bpf/README.md describes.
 */
#ifndef DOMAINROUTE_DECIDE_H
#define DOMAINROUTE_DECIDE_H

#include "learn.h"

#define VERDICT_LIFETIME	(60 * SECOND)
#define NAME_INPUT		256

/* What deciding needs; too large for the stack. */
struct matcher {
	struct pair pair;	/* who asks, for what */
	struct address source;	/* of the packet */
	__u32 ifindex;
	__u32 local;		/* the router's own socket asks */
	struct pair key;	/* of the fact */
	struct name name;
	struct client_key client;
	struct address interface; /* 100:0:0:1::IFINDEX */
	struct protected_key protected;
	struct verdict verdict;
	struct event event;
	__u64 links[16];	/* hashes of the owners followed */
	__u64 suffix;
	__u32 state;
	__u32 level;
	__u32 length;		/* of `input` */
	__u32 link_count;
	__u32 cell;		/* to be looked at next */
	__u32 best;		/* the eligible cell of the longest match */
	__u32 is_default;	/* `cell` is of the default rules */
	__u32 class;		/* of the address */
	__u32 has_fact;
	__u32 stray;		/* it is in `strays` */
	__u32 was_decided;	/* a verdict stood or had stood */
	__u32 old_rule;		/* its rule and counts */
	__u64 old_packets;
	__u64 old_bytes;
	__u8 input[NAME_INPUT + 8];
};

enum matcher_state {
	MATCHER_NAME,
	MATCHER_SUFFIX,
	MATCHER_EXACT,
	MATCHER_STRAY_LINK,
	MATCHER_UNNAMED,	/* no name matched, or there is none */
	MATCHER_DEFAULT,
};

static __always_inline bool fact_stands(struct fact *fact, __u64 now,
					__u64 hold)
{
	return fact &&
	       (now < fact->expires || now < fact->last_seen + hold);
}

static __always_inline struct fact *try_fact(struct matcher *matcher,
					     __u32 stray, __u64 now,
					     __u64 hold)
{
	struct fact *fact;

	matcher->stray = stray;
	fact = stray ? bpf_map_lookup_elem(&strays, &matcher->key) :
		       bpf_map_lookup_elem(&facts, &matcher->key);
	return fact_stands(fact, now, hold) ? fact : NULL;
}

/* The fact to decide by; its key and map are left in the matcher. */
static __always_inline struct fact *find_fact(struct matcher *matcher,
					      __u64 now, __u64 hold)
{
	struct fact *fact = NULL;

	matcher->key = matcher->pair;
	if (!matcher->local) {
		fact = try_fact(matcher, 1, now, hold) ?:
		       try_fact(matcher, 0, now, hold);
		if (fact)
			return fact;
		__builtin_memset(&matcher->key.client, 0,
				 sizeof(matcher->key.client));
	}
	return try_fact(matcher, 0, now, hold) ?:
	       try_fact(matcher, 1, now, hold);
}

static __always_inline bool listed(struct matcher *matcher,
				   const struct address *client)
{
	matcher->client.prefixlen = 32 + 128;
	matcher->client.cell = matcher->cell;
	matcher->client.client = *client;
	return bpf_map_lookup_elem(&clients, &matcher->client);
}

static __always_inline bool eligible(struct matcher *matcher,
				     struct action *action)
{
	if (matcher->class == PROTECTED_PRIVATE &&
	    !(action->flags & ACTION_PRIVATE))
		return false;
	if (!(action->flags & ACTION_CLIENTS))
		return true;
	return !matcher->local && (listed(matcher, &matcher->source) ||
				   listed(matcher, &matcher->pair.client) ||
				   listed(matcher, &matcher->interface));
}

static __always_inline void match_name(struct matcher *matcher,
				       const __u8 *name, __u32 length,
				       __u64 seed)
{
	__u64 *to = (__u64 *)matcher->input;
	const __u64 *from = (const __u64 *)name;
	int i;

	/* a __builtin_memcpy() here would go byte by byte */
#pragma clang loop unroll(full)
	for (i = 0; i < NAME_INPUT / 8; i++)
		to[i] = from[i];
	matcher->length = length;
	matcher->state = MATCHER_NAME;
	matcher->suffix = seed;
	matcher->level = 0;
	name_begin(&matcher->name, 0, seed);
}

static __always_inline void step_suffix(struct matcher *matcher,
					struct config *settings)
{
	struct name *name = &matcher->name;

	if (matcher->level < settings->max_labels &&
	    matcher->level < name->count) {
		matcher->level++;
		matcher->suffix = mix(matcher->suffix,
				      label_from_right(name, matcher->level));
		if (has_rules(settings, matcher->level))
			matcher->cell = find_rule(matcher->suffix);
	} else {
		matcher->state = MATCHER_EXACT;
		if (has_rules(settings, 0))
			matcher->cell = find_rule(mix(name->whole, EXACT));
	}
}

/* The next name of the chain, if this map has it. */
static __always_inline bool follow_link(struct matcher *matcher,
					struct alias *alias, __u64 seed)
{
	if (!alias)
		return false;
	matcher->links[matcher->link_count & 15] = matcher->name.whole;
	matcher->link_count++;
	match_name(matcher, alias->name, alias->name_length, seed);
	return true;
}

/*
 * One step of the search; true: it is over. `cell` ≠ 0 is a list of cells to
 * go through before anything else.
 */
static __always_inline bool step_matcher(struct matcher *matcher,
					 struct config *settings)
{
	barrier();
	if (matcher->cell) {
		struct action *action =
			bpf_map_lookup_elem(&actions, &matcher->cell);

		if (!action)
			return true;
		if (eligible(matcher, action)) {
			matcher->best = matcher->cell;
			matcher->cell = 0;
		} else {
			matcher->cell = action->next;
		}
		return false;
	}
	switch (matcher->state) {
	case MATCHER_NAME:
		if (name_step(&matcher->name, matcher->input, NAME_INPUT - 1,
			      matcher->length, settings->seed) != NAME_MORE)
			matcher->state = MATCHER_SUFFIX;
		return false;
	case MATCHER_SUFFIX:
		step_suffix(matcher, settings);
		return false;
	case MATCHER_EXACT:
		if (matcher->best)
			return true;
		if (matcher->link_count == DR_CHAIN_MAX)
			matcher->state = MATCHER_UNNAMED;
		else if (!follow_link(matcher,
				      bpf_map_lookup_elem(&aliases,
							  &matcher->name.whole),
				      settings->seed))
			matcher->state = MATCHER_STRAY_LINK;
		return false;
	case MATCHER_STRAY_LINK:
		if (!follow_link(matcher,
				 bpf_map_lookup_elem(&stray_aliases,
						     &matcher->name.whole),
				 settings->seed))
			matcher->state = MATCHER_UNNAMED;
		return false;
	case MATCHER_UNNAMED:
		matcher->state = MATCHER_DEFAULT;
		matcher->is_default = 1;
		matcher->cell = find_rule(0);
		return false;
	default:
		return true;
	}
}

/* A rule took a name that had matched none: a flood must not evict it. */
static __always_inline void promote(struct matcher *matcher, struct fact *fact)
{
	__u32 i;

	bpf_map_update_elem(&facts, &matcher->key, fact, BPF_ANY);
	bpf_map_delete_elem(&strays, &matcher->key);
#pragma clang loop unroll(disable)
	for (i = 0; i < DR_CHAIN_MAX; i++) {
		__u64 *owner = &matcher->links[i];
		struct alias *alias;

		if (i >= matcher->link_count)
			break;
		alias = bpf_map_lookup_elem(&stray_aliases, owner);
		if (!alias || bpf_map_lookup_elem(&aliases, owner))
			continue;
		bpf_map_update_elem(&aliases, owner, alias, BPF_ANY);
		bpf_map_delete_elem(&stray_aliases, owner);
	}
}

static __always_inline void tell_verdict(struct matcher *matcher, __u64 now)
{
	struct event *event = &matcher->event;

	event->kind = EVENT_VERDICT;
	event->rule = matcher->verdict.rule;
	event->time = now;
	event->expires = matcher->verdict.expires;
	event->pair = matcher->pair;
	bpf_ringbuf_output(&events, event, sizeof(*event), 0);
}

/* What is kept of the verdict that no longer stands. */
static __always_inline void remember(struct matcher *matcher,
				     struct verdict *known)
{
	matcher->was_decided = !!known;
	matcher->old_rule = known ? known->rule : 0;
	matcher->old_packets = known ? known->packets : 0;
	matcher->old_bytes = known ? known->bytes : 0;
}

/* The fact used is seen, and lasts; a stray that matched moves. */
static __always_inline void use_fact(struct matcher *matcher,
				     struct config *settings, bool matched,
				     __u64 now)
{
	struct verdict *verdict = &matcher->verdict;
	struct fact *fact;
	__u64 valid = now + settings->hold;

	fact = matcher->stray ? bpf_map_lookup_elem(&strays, &matcher->key) :
				bpf_map_lookup_elem(&facts, &matcher->key);
	if (!fact)
		return;
	fact->last_seen = now;
	if (valid < fact->expires)
		valid = fact->expires;
	if (valid < verdict->expires)
		verdict->expires = valid;
	matcher->event.name_length = fact->name_length;
	matcher->event.source = fact->source;
	__builtin_memcpy(matcher->event.name, fact->name,
			 sizeof(matcher->event.name));
	if (matched && matcher->stray && !matcher->is_default)
		promote(matcher, fact);
}

static __always_inline void search(struct matcher *matcher,
				   struct config *settings, __u64 now)
{
	struct verdict *verdict = &matcher->verdict;
	struct action *action = NULL;
	struct fact *fact;
	int i;

	fact = find_fact(matcher, now, settings->hold);
	matcher->has_fact = !!fact;
	if (fact)
		match_name(matcher, fact->name, fact->name_length,
			   settings->seed);
#pragma clang loop unroll(disable)
	for (i = 0; i < DR_STEPS_MAX; i++)
		if (step_matcher(matcher, settings))
			break;
	if (i == DR_STEPS_MAX) {
		count_reason(REASON_DECIDE_STEPS);
		matcher->best = 0;
	}

	if (matcher->best)
		action = bpf_map_lookup_elem(&actions, &matcher->best);
	if (action) {
		verdict->rule = action->rule;
		verdict->flags = action->flags;
		verdict->mark = action->mark;
		verdict->mask = action->mask;
		verdict->ifindex = action->ifindex;
	}
	if (matcher->has_fact)
		use_fact(matcher, settings, action, now);
	count_reason(action ? REASON_RULE :
		     matcher->has_fact ? REASON_NO_RULE : REASON_NO_FACT);
}

/*
 * Decides for the pair, source, ifindex and local of the matcher; the
 * verdict is left there, to be counted and stored.
 */
static __always_inline void decide(struct matcher *matcher,
				   struct config *settings,
				   struct verdict *known, __u64 stamp,
				   __u64 now)
{
	struct verdict *verdict = &matcher->verdict;

	remember(matcher, known);
	__builtin_memset(verdict, 0, sizeof(*verdict));
	verdict->pair = matcher->pair;
	verdict->stamp = stamp;
	verdict->expires = now + VERDICT_LIFETIME;
	verdict->last_seen = now;
	matcher->event.name_length = 0;
	matcher->best = 0;
	matcher->cell = 0;
	matcher->link_count = 0;
	matcher->is_default = 0;
	matcher->state = MATCHER_UNNAMED;
	matcher->interface.word[0] = bpf_htonl(0x01000000);
	matcher->interface.word[1] = bpf_htonl(1);
	matcher->interface.word[2] = 0;
	matcher->interface.word[3] = bpf_htonl(matcher->ifindex);
	matcher->class = protected_class(&matcher->protected,
					 &matcher->pair.address);
	if (matcher->class == PROTECTED_NEVER)
		count_reason(REASON_PROTECTED);
	else
		search(matcher, settings, now);

	if (matcher->was_decided && matcher->old_rule == verdict->rule) {
		verdict->packets = matcher->old_packets;
		verdict->bytes = matcher->old_bytes;
	} else if (matcher->was_decided || verdict->rule) {
		tell_verdict(matcher, now);
	}
}

#endif
