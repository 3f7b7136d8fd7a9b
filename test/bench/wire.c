// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writes messages into a unix socket, one at a time, and writes how long each
 * took to become a BGP UPDATE on the wire:
 *
 *   wire SOCKET DEVICE PORT WARM REST_US FILE
 *
 * In the file each message is preceded by its length, 32 bits, big-endian. The
 * first opens the stream and is not awaited; of the next WARM nothing is said.
 * A line each: nanoseconds from before write(2) to the time at which the kernel
 * gave the segment to the device, from or to the TCP port. A message follows the
 * UPDATE of the one before, after a rest if that is not 0.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define MESSAGE_MAX	65536
#define TIMEOUT_S	5
/* RFC 4271, section 4.1 */
#define BGP_HEADER	19
#define BGP_UPDATE	2

static void fail(const char *what)
{
	fprintf(stderr, "Cannot %s: %s\n", what, strerror(errno));
	exit(1);
}

/* By the clock of the kernel's timestamps. */
static int64_t nanoseconds(struct timespec time)
{
	return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static int connect_to(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (strlen(path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		fail("connect");
	}
	strcpy(address.sun_path, path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)))
		fail("connect");
	return fd;
}

static int listen_on(const char *device)
{
	int fd = socket(AF_PACKET, SOCK_DGRAM, htons(ETH_P_ALL));
	struct sockaddr_ll address = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = if_nametoindex(device),
	};
	struct timeval timeout = { .tv_sec = TIMEOUT_S };
	int on = 1;

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) ||
	    setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)))
		fail("listen on the device");
	return fd;
}

/* Of messages that are whole in the segment, as they are when there are few. */
static int has_update(const uint8_t *bytes, size_t length)
{
	while (length >= BGP_HEADER) {
		size_t message = bytes[16] << 8 | bytes[17];

		if (bytes[18] == BGP_UPDATE)
			return 1;
		if (message < BGP_HEADER || message > length)
			return 0;
		bytes += message;
		length -= message;
	}
	return 0;
}

static int is_update(const uint8_t *packet, size_t length, uint16_t port)
{
	struct iphdr ip;
	struct tcphdr tcp;
	size_t start;

	if (length < sizeof(ip))
		return 0;
	memcpy(&ip, packet, sizeof(ip));
	start = 4 * ip.ihl;
	if (ip.version != 4 || ip.protocol != IPPROTO_TCP ||
	    length < start + sizeof(tcp))
		return 0;
	memcpy(&tcp, packet + start, sizeof(tcp));
	if (tcp.source != htons(port) && tcp.dest != htons(port))
		return 0;
	start += 4 * tcp.doff;
	return start < length && has_update(packet + start, length - start);
}

/* When the next UPDATE left; what left before is none of our message. */
static int64_t await_update(int fd, uint16_t port, int64_t after)
{
	static uint8_t packet[MESSAGE_MAX];
	char control[CMSG_SPACE(sizeof(struct timespec))];

	for (;;) {
		struct sockaddr_ll from;
		struct iovec part = { packet, sizeof(packet) };
		struct msghdr header = {
			.msg_name = &from,
			.msg_namelen = sizeof(from),
			.msg_iov = &part,
			.msg_iovlen = 1,
			.msg_control = control,
			.msg_controllen = sizeof(control),
		};
		ssize_t length = recvmsg(fd, &header, 0);
		struct cmsghdr *stamp = CMSG_FIRSTHDR(&header);
		struct timespec time;

		if (length < 0)
			fail("see an UPDATE");
		/* a loopback device has each packet twice */
		if (from.sll_pkttype != PACKET_OUTGOING || !stamp ||
		    !is_update(packet, length, port))
			continue;
		memcpy(&time, CMSG_DATA(stamp), sizeof(time));
		if (nanoseconds(time) >= after)
			return nanoseconds(time);
	}
}

static size_t read_message(FILE *file, uint8_t *message)
{
	uint32_t length;

	if (fread(&length, sizeof(length), 1, file) != 1)
		return 0;
	length = ntohl(length);
	if (length > MESSAGE_MAX || fread(message, 1, length, file) != length) {
		errno = EINVAL;
		fail("read a message");
	}
	return length;
}

static int64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_REALTIME, &time);
	return nanoseconds(time);
}

int main(int argc, char **argv)
{
	static uint8_t message[MESSAGE_MAX];
	long count = 0, warm, rest;
	int out, wire;
	size_t length;
	FILE *file;

	if (argc != 7) {
		fprintf(stderr,
			"usage: wire SOCKET DEVICE PORT WARM REST_US FILE\n");
		return 2;
	}
	warm = atol(argv[4]);
	rest = atol(argv[5]);
	file = fopen(argv[6], "rb");
	if (!file)
		fail("open the messages");
	wire = listen_on(argv[2]);
	out = connect_to(argv[1]);
	while ((length = read_message(file, message))) {
		int64_t start;

		if (rest)
			usleep(rest);
		start = now();
		if (write(out, message, length) != (ssize_t)length)
			fail("write a message");
		if (count) {
			int64_t end = await_update(wire, atoi(argv[3]), start);

			if (count > warm)
				printf("%lld\n", (long long)(end - start));
		}
		count++;
	}
	return 0;
}
