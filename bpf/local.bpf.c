// SPDX-License-Identifier: GPL-2.0-only
/*
 * cgroup programs for the router's own sockets: mark or bind a socket by what
 * any client was told of its destination. In the sendmsg hooks the route of
 * the datagram at hand is already made, so there a new mark acts from the
 * second datagram of an unconnected socket; connected ones are exact.
 */
#include <asm/socket.h>
#include "verdict.h"

#ifndef SO_BINDTOIFINDEX
#define SO_BINDTOIFINDEX	62
#endif

#define MATCHERS		64	/* tasks that decide at once */

/* By task: a process can be preempted here by another on its CPU. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MATCHERS);
	__type(key, __u64);
	__type(value, struct matcher);
} local_matchers SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct matcher);
} blank_matcher SEC(".maps");

struct decision {
	__u32 rule;
	__u32 flags;
	__u32 mark;
	__u32 mask;
	__u32 ifindex;
};

static __always_inline void take_decision(struct decision *decision,
					  struct verdict *verdict)
{
	decision->rule = verdict->rule;
	decision->flags = verdict->flags;
	decision->mark = verdict->mark;
	decision->mask = verdict->mask;
	decision->ifindex = verdict->ifindex;
}

static __always_inline bool decide_socket(struct decision *decision,
					  struct config *settings,
					  const struct address *address)
{
	__u64 now = bpf_ktime_get_coarse_ns();
	__u64 stamp = current_stamp(settings, address);
	__u64 task = bpf_get_current_pid_tgid();
	struct pair pair = { .address = *address };
	__u64 key = verdict_key(&pair);
	struct verdict *known = find_verdict(key, &pair);
	struct matcher *matcher, *blank;

	if (verdict_stands(known, stamp, now)) {
		known->last_seen = now;
		count_packet(known, 0);
		take_decision(decision, known);
		return true;
	}
	blank = bpf_map_lookup_elem(&blank_matcher, STACK_KEY(0));
	if (!blank ||
	    bpf_map_update_elem(&local_matchers, &task, blank, BPF_NOEXIST)) {
		count_reason(REASON_MAP_FULL);
		return false;
	}
	matcher = bpf_map_lookup_elem(&local_matchers, &task);
	if (!matcher)
		return false;
	matcher->pair = pair;
	matcher->local = 1;
	decide(matcher, settings, known, stamp, now);
	count_packet(&matcher->verdict, 0);
	bpf_map_update_elem(&verdicts, &key, &matcher->verdict, BPF_ANY);
	take_decision(decision, &matcher->verdict);
	bpf_map_delete_elem(&local_matchers, &task);
	return true;
}

/*
 * Marks the socket; without a rule its bits of ours are cleared. A socket that
 * its owner bound to an interface stays there.
 */
static __always_inline void steer(struct bpf_sock_addr *context,
				  const struct address *address,
				  const bool connected)
{
	struct config *settings = get_config();
	struct decision decision = {};
	struct bpf_sock *socket = context->sk;
	__u32 mark, old;

	if (!settings || !socket ||
	    !decide_socket(&decision, settings, address))
		return;
	old = socket->mark;
	if (!decision.rule ||
	    !(decision.flags & (ACTION_LOCAL_MARK | ACTION_LOCAL_BIND)))
		mark = old & ~settings->mark_mask;
	else
		mark = (old & ~decision.mask) | decision.mark;
	if (mark != old)
		bpf_setsockopt(context, SOL_SOCKET, SO_MARK, &mark,
			       sizeof(mark));
	if (connected && decision.rule && decision.ifindex &&
	    decision.flags & ACTION_LOCAL_BIND && !socket->bound_dev_if)
		bpf_setsockopt(context, SOL_SOCKET, SO_BINDTOIFINDEX,
			       &decision.ifindex, sizeof(decision.ifindex));
}

static __always_inline void steer4(struct bpf_sock_addr *context,
				   const bool connected)
{
	struct address address;

	set_ipv4(&address, context->user_ip4);
	steer(context, &address, connected);
}

static __always_inline void steer6(struct bpf_sock_addr *context,
				   const bool connected)
{
	struct address address;

	address.word[0] = context->user_ip6[0];
	address.word[1] = context->user_ip6[1];
	address.word[2] = context->user_ip6[2];
	address.word[3] = context->user_ip6[3];
	steer(context, &address, connected);
}

SEC("cgroup/connect4")
int connect4(struct bpf_sock_addr *context)
{
	steer4(context, true);
	return 1;
}

SEC("cgroup/connect6")
int connect6(struct bpf_sock_addr *context)
{
	steer6(context, true);
	return 1;
}

SEC("cgroup/sendmsg4")
int sendmsg4(struct bpf_sock_addr *context)
{
	steer4(context, false);
	return 1;
}

SEC("cgroup/sendmsg6")
int sendmsg6(struct bpf_sock_addr *context)
{
	steer6(context, false);
	return 1;
}

char LICENSE[] SEC("license") = "GPL";
