// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sends small UDP packets as fast as the kernel takes them, or at a rate, and
 * writes how many packets a second each window of time had, one line each.
 *
 *   send DEVICE FROM_MAC TO_MAC SOURCE PORT FLOWS WINDOW_MS WINDOWS RATE ADDRESS...
 *
 * FLOWS source ports from PORT on to each address, to port 9 (discard). RATE is packets a
 * second, 0: no limit. WINDOWS 0: until SIGTERM. Frames go to the device past
 * its queue (packet(7), PACKET_QDISC_BYPASS), so that little but the receiving
 * side's work is measured: with veth it is done in this thread.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/ether.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define BATCH	32
#define DISCARD	9	/* RFC 863 */
#define PAYLOAD	18	/* 60 bytes, the smallest Ethernet frame */

struct frame {
	struct ethhdr eth;
	struct iphdr ip;
	struct udphdr udp;
	uint8_t payload[PAYLOAD];
} __attribute__((packed));

static volatile sig_atomic_t stopped;

static void stop(int signal)
{
	(void)signal;
	stopped = 1;
}

static void fail(const char *what)
{
	fprintf(stderr, "Cannot %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000ULL + time.tv_nsec;
}

static uint16_t checksum(const void *ip)
{
	uint16_t words[sizeof(struct iphdr) / 2];
	uint32_t sum = 0;
	size_t i;

	memcpy(words, ip, sizeof(words));
	for (i = 0; i < sizeof(words) / sizeof(*words); i++)
		sum += words[i];
	sum = (sum >> 16) + (sum & 0xffff);
	return ~(sum + (sum >> 16));
}

static void mac(const char *text, uint8_t *bytes)
{
	struct ether_addr *address = ether_aton(text);

	if (!address) {
		errno = EINVAL;
		fail("read MAC address");
	}
	memcpy(bytes, address, ETH_ALEN);
}

static struct frame *make_frames(char **argv, int flows, int addresses)
{
	struct frame *frames = calloc((size_t)flows * addresses, sizeof(*frames));
	int i;

	if (!frames)
		fail("make frames");
	for (i = 0; i < flows * addresses; i++) {
		struct frame *frame = &frames[i];

		mac(argv[2], frame->eth.h_source);
		mac(argv[3], frame->eth.h_dest);
		frame->eth.h_proto = htons(ETH_P_IP);
		frame->ip.version = 4;
		frame->ip.ihl = 5;
		frame->ip.tot_len = htons(sizeof(*frame) - sizeof(frame->eth));
		frame->ip.ttl = 64;
		frame->ip.protocol = IPPROTO_UDP;
		frame->ip.saddr = inet_addr(argv[4]);
		frame->ip.daddr = inet_addr(argv[10 + i % addresses]);
		frame->ip.check = checksum(&frame->ip);
		frame->udp.source = htons(atoi(argv[5]) + i / addresses);
		frame->udp.dest = htons(DISCARD);
		frame->udp.len = htons(sizeof(frame->udp) + PAYLOAD);
	}
	return frames;
}

static int open_device(const char *device)
{
	struct sockaddr_ll address = {
		.sll_family = AF_PACKET,
		.sll_ifindex = if_nametoindex(device),
	};
	int fd = socket(AF_PACKET, SOCK_RAW, 0);
	int on = 1;

	if (fd < 0 || !address.sll_ifindex ||
	    bind(fd, (struct sockaddr *)&address, sizeof(address)) ||
	    setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof(on)))
		fail("open device");
	return fd;
}

static void pause_until(uint64_t time)
{
	struct timespec until = { time / 1000000000ULL, time % 1000000000ULL };

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
}

int main(int argc, char **argv)
{
	struct mmsghdr messages[BATCH] = { 0 };
	struct iovec parts[BATCH];
	uint64_t window, rate, start, sent = 0, all = 0, first;
	int flows, windows, addresses, count, fd, i, next = 0;
	struct frame *frames;

	if (argc < 11) {
		fprintf(stderr, "Cannot send: arguments are missing\n");
		return 2;
	}
	flows = atoi(argv[6]);
	window = atoi(argv[7]) * 1000000ULL;
	windows = atoi(argv[8]);
	rate = atoi(argv[9]);
	addresses = argc - 10;
	count = flows * addresses;
	frames = make_frames(argv, flows, addresses);
	fd = open_device(argv[1]);
	signal(SIGTERM, stop);
	for (i = 0; i < BATCH; i++) {
		messages[i].msg_hdr.msg_iov = &parts[i];
		messages[i].msg_hdr.msg_iovlen = 1;
		parts[i].iov_len = sizeof(struct frame);
	}

	first = start = now();
	while (!stopped) {
		uint64_t time;
		int done;

		for (i = 0; i < BATCH; i++)
			parts[i].iov_base = &frames[(next + i) % count];
		done = sendmmsg(fd, messages, BATCH, 0);
		if (done < 0 && errno != EINTR && errno != ENOBUFS)
			fail("send");
		if (done < 0)
			continue;
		next = (next + done) % count;
		sent += done;
		all += done;
		if (rate)
			pause_until(first + all * 1000000000ULL / rate);
		time = now();
		if (time - start < window)
			continue;
		if (windows)
			printf("%.0f\n", sent * 1e9 / (time - start));
		if (windows && !--windows)
			break;
		sent = 0;
		start = now();
	}
	printf("sent %llu\n", (unsigned long long)all);
	return 0;
}
