/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From a frame to addresses and ports. Offsets count from skb->data. Headers
 * are read in place; one that is not in the linear part is pulled there
 * (IP) or copied out (what follows).
 */
#ifndef DOMAINROUTE_PACKET_H
#define DOMAINROUTE_PACKET_H

#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include "maps.h"

#define VLAN_HEADERS_MAX	2
#define EXTENSION_HEADERS_MAX	8
#define DNS_PORT		bpf_htons(53)

#ifndef ETH_P_8021AD
#define ETH_P_8021AD		0x88a8
#endif

struct packet {
	struct pair pair;	/* the sender as a client, the destination */
	struct address source;
	__u32 ip_length;	/* IP header and payload */
	__u32 transport;	/* offset of UDP or TCP, 0: none that we read */
	__u32 transport_length;	/* bytes from there to the packet's end */
	__be16 source_port;
	__be16 destination_port;
	__u8 protocol;		/* of the transport */
	__u8 fragment;		/* the first part of a fragmented packet */
};

/*
 * skb->data and skb->data_end are 32-bit fields that the verifier turns into
 * pointers; a compiler that moves them by 32-bit registers breaks that.
 */
#define PACKET_POINTER(skb, field) ({					\
	void *pointer;							\
	asm volatile("%0 = *(u32 *)(%1 + %2)"				\
		     : "=r"(pointer)					\
		     : "r"(skb), "i"(offsetof(struct __sk_buff, field))); \
	pointer;							\
})

static __always_inline void *packet_start(struct __sk_buff *skb)
{
	return PACKET_POINTER(skb, data);
}

static __always_inline void *packet_end(struct __sk_buff *skb)
{
	return PACKET_POINTER(skb, data_end);
}

static __always_inline void set_ipv4(struct address *address, __be32 ipv4)
{
	address->word[0] = 0;
	address->word[1] = 0;
	address->word[2] = bpf_htonl(0xffff);
	address->word[3] = ipv4;
}

/* ::ffff:0:0/96, which no packet on a wire should carry (RFC 4291 §2.5.5.2) */
static __always_inline bool is_mapped(const struct address *address)
{
	return !(address->word[0] | address->word[1]) &&
	       address->word[2] == bpf_htonl(0xffff);
}

/* Would be taken for one of our keys: MAC address, interface, any client. */
static __always_inline bool is_reserved(const struct address *source)
{
	if (!(source->word[0] | source->word[1] | source->word[2] |
	      source->word[3]))
		return true;
	return source->word[0] == bpf_htonl(0x01000000) &&
	       bpf_ntohl(source->word[1]) <= 1;
}

static __always_inline void set_mac(struct address *client, const __u8 *mac)
{
	client->word[0] = bpf_htonl(0x01000000);
	client->word[1] = 0;
	client->word[2] = (__u32)*(const __u16 *)mac << 16;
	client->word[3] = *(const __u32 *)(mac + 2);
}

/* Ports of a transport header that begins at `offset`, if it is one we read. */
static __always_inline void read_transport(struct __sk_buff *skb,
					   struct packet *packet, __u8 protocol,
					   __u32 offset, __u32 end)
{
	__u32 size = protocol == IPPROTO_UDP ? sizeof(struct udphdr) :
					       sizeof(struct tcphdr);
	void *data = packet_start(skb);
	__be16 *ports = data + offset;

	if (protocol != IPPROTO_UDP && protocol != IPPROTO_TCP)
		return;
	if (offset + size > end)
		return;
	if ((void *)(ports + 2) <= packet_end(skb)) {
		packet->source_port = ports[0];
		packet->destination_port = ports[1];
	} else {
		__be16 copy[2];

		if (bpf_skb_load_bytes(skb, offset, copy, sizeof(copy)))
			return;
		packet->source_port = copy[0];
		packet->destination_port = copy[1];
	}
	packet->protocol = protocol;
	packet->transport = offset;
	packet->transport_length = end - offset;
}

/* The `size` bytes at `offset`, pulled to the linear part if need be, or NULL. */
static __always_inline void *header_at(struct __sk_buff *skb, __u32 offset,
				       __u32 size)
{
	void *header = packet_start(skb) + offset;

	if (header + size <= packet_end(skb))
		return header;
	if (offset + size > skb->len ||
	    bpf_skb_pull_data(skb, offset + size))
		return NULL;
	header = packet_start(skb) + offset;
	return header + size <= packet_end(skb) ? header : NULL;
}

static __always_inline int parse_ipv4(struct __sk_buff *skb,
				      struct packet *packet, __u32 offset)
{
	struct iphdr *ip = header_at(skb, offset, sizeof(*ip));
	__u32 size, length;

	if (!ip)
		return REASON_SHORT_PACKET;
	size = ip->ihl * 4;
	length = bpf_ntohs(ip->tot_len);
	if (ip->version != 4 || size < sizeof(*ip) || length < size ||
	    offset + length > skb->len)
		return REASON_SHORT_PACKET;
	set_ipv4(&packet->source, ip->saddr);
	set_ipv4(&packet->pair.address, ip->daddr);
	packet->ip_length = length;
	packet->fragment = !!(ip->frag_off & bpf_htons(0x3fff));
	if (!(ip->frag_off & bpf_htons(0x1fff)))
		read_transport(skb, packet, ip->protocol, offset + size,
			       offset + length);
	return 0;
}

/* RFC 8200 §4: the headers before the transport. Rare, so copied out. */
static __always_inline void skip_extensions(struct __sk_buff *skb,
					    struct packet *packet, __u8 next,
					    __u32 offset, __u32 end)
{
	int i;

	for (i = 0; i < EXTENSION_HEADERS_MAX; i++) {
		__u8 header[4]; /* next header, length, fragment offset */

		if (next != IPPROTO_HOPOPTS && next != IPPROTO_ROUTING &&
		    next != IPPROTO_DSTOPTS && next != IPPROTO_FRAGMENT)
			break;
		if (offset + 8 > end ||
		    bpf_skb_load_bytes(skb, offset, header, sizeof(header)))
			return;
		if (next == IPPROTO_FRAGMENT) {
			packet->fragment = 1;
			if (header[2] || header[3] & 0xf8)
				return;
			offset += 8;
		} else {
			offset += (header[1] + 1) * 8;
		}
		next = header[0];
	}
	read_transport(skb, packet, next, offset & 0xffff, end);
}

static __always_inline int parse_ipv6(struct __sk_buff *skb,
				      struct packet *packet, __u32 offset,
				      const bool l3)
{
	struct ipv6hdr *ip = header_at(skb, offset, sizeof(*ip));
	__u32 end;

	if (!ip)
		return REASON_SHORT_PACKET;
	packet->ip_length = sizeof(*ip) + bpf_ntohs(ip->payload_len);
	end = offset + packet->ip_length;
	if (ip->version != 6 || end > skb->len)
		return REASON_SHORT_PACKET;
	__builtin_memcpy(&packet->source, &ip->saddr, sizeof(packet->source));
	__builtin_memcpy(&packet->pair.address, &ip->daddr,
			 sizeof(packet->pair.address));
	if (is_mapped(&packet->source) || is_mapped(&packet->pair.address) ||
	    (l3 && is_reserved(&packet->source)))
		return REASON_RESERVED_ADDRESS;
	if (ip->nexthdr == IPPROTO_UDP || ip->nexthdr == IPPROTO_TCP)
		read_transport(skb, packet, ip->nexthdr, offset + sizeof(*ip),
			       end);
	else
		skip_extensions(skb, packet, ip->nexthdr, offset + sizeof(*ip),
				end);
	return 0;
}

/*
 * Reads a packet; `l3`: the device has no Ethernet header. Returns 0, or the
 * reason why there is nothing to read.
 */
static __always_inline int parse_packet(struct __sk_buff *skb,
					struct packet *packet, const bool l3)
{
	void *data = packet_start(skb);
	void *end = packet_end(skb);
	__u32 offset = 0;
	__be16 protocol;
	int error;

	packet->transport = 0;
	packet->fragment = 0;
	if (l3) {
		__u8 *version = data;

		if ((void *)(version + 1) > end)
			return REASON_SHORT_PACKET;
		protocol = *version >> 4 == 4 ? bpf_htons(ETH_P_IP) :
			   *version >> 4 == 6 ? bpf_htons(ETH_P_IPV6) : 0;
	} else {
		struct ethhdr *eth = data;
		int i;

		if ((void *)(eth + 1) > end)
			return REASON_SHORT_PACKET;
		set_mac(&packet->pair.client, eth->h_source);
		protocol = eth->h_proto;
		offset = sizeof(*eth);
#pragma clang loop unroll(full)
		for (i = 0; i < VLAN_HEADERS_MAX; i++) {
			__be16 *inner = data + offset + 2;

			if (protocol != bpf_htons(ETH_P_8021Q) &&
			    protocol != bpf_htons(ETH_P_8021AD))
				break;
			if ((void *)(inner + 1) > end)
				return REASON_SHORT_PACKET;
			protocol = *inner;
			offset += 4;
		}
	}
	if (protocol == bpf_htons(ETH_P_IP))
		error = parse_ipv4(skb, packet, offset);
	else if (protocol == bpf_htons(ETH_P_IPV6))
		error = parse_ipv6(skb, packet, offset, l3);
	else
		return REASON_NOT_IP;
	if (l3 && !error)
		packet->pair.client = packet->source;
	return error;
}

#endif
