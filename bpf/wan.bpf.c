// SPDX-License-Identifier: GPL-2.0-only
/*
 * tcx programs of the WAN devices and of lo: what the router itself asks, and
 * what it is answered, teaches for any client.
 */
#include "answer.h"

static __always_inline int wan_out(struct __sk_buff *skb, const bool l3)
{
	struct config *settings = get_config();
	struct packet packet;
	struct parser *parser;
	int reason;

	if (skb->ingress_ifindex) /* forwarded */
		return TC_NEXT;
	reason = parse_packet(skb, &packet, l3);
	if (reason) {
		count_reason(reason);
		return TC_NEXT;
	}
	if (!packet.transport || packet.destination_port != DNS_PORT)
		return TC_NEXT;
	parser = get_parser(&packet);
	if (!settings || !parser)
		return TC_NEXT;
	reason = note_query(skb, parser, settings, SIDE_WAN);
	if (reason > REASON_NONE)
		count_reason(reason);
	return TC_NEXT;
}

SEC("tc")
int wan_egress(struct __sk_buff *skb)
{
	return wan_out(skb, false);
}

SEC("tc")
int wan_egress_l3(struct __sk_buff *skb)
{
	return wan_out(skb, true);
}

SEC("tc")
int wan_ingress(struct __sk_buff *skb)
{
	return pass_answer(skb, SIDE_WAN, false);
}

SEC("tc")
int wan_ingress_l3(struct __sk_buff *skb)
{
	return pass_answer(skb, SIDE_WAN, true);
}

char LICENSE[] SEC("license") = "GPL";
