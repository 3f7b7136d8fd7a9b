// SPDX-License-Identifier: GPL-2.0-only
/*
 * One name after the other, matched against the rules in force as deciding
 * does it; and the same without matching, to be subtracted.
 */
#include "../../bpf/verdict.h"

#define SUBJECTS	512	/* 2^9 */

struct subject {
	__u32 length;		/* with the root */
	__u32 pad;
	__u8 name[256];		/* wire form */
};

struct matching {
	__u64 next;
	__u64 matched;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SUBJECTS);
	__type(key, __u32);
	__type(value, struct subject);
} subjects SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct matching);
} matchings SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct matcher);
} matchers SEC(".maps");

static __always_inline int run(const bool match)
{
	struct matching *matching =
		bpf_map_lookup_elem(&matchings, STACK_KEY(0));
	struct matcher *matcher = bpf_map_lookup_elem(&matchers, STACK_KEY(0));
	struct config *settings = get_config();
	struct subject *subject;
	int i;

	if (!matching || !matcher || !settings)
		return 1;
	subject = bpf_map_lookup_elem(
		&subjects, STACK_KEY(matching->next++ & (SUBJECTS - 1)));
	if (!subject)
		return 1;
	matcher->best = 0;
	matcher->cell = 0;
	matcher->link_count = 0;
	matcher->is_default = 0;
	matcher->local = 0;
	matcher->class = PROTECTED_OPEN;
	matcher->length = subject->length;
	if (!match)
		return 0;
	match_name(matcher, subject->name, subject->length, settings->seed);
#pragma clang loop unroll(disable)
	for (i = 0; i < DR_STEPS_MAX; i++)
		if (step_matcher(matcher, settings))
			break;
	if (matcher->best)
		matching->matched++;
	return 0;
}

SEC("tc")
int bench_match(struct __sk_buff *skb)
{
	(void)skb;
	return run(true);
}

SEC("tc")
int bench_no_match(struct __sk_buff *skb)
{
	(void)skb;
	return run(false);
}

char LICENSE[] SEC("license") = "GPL";
