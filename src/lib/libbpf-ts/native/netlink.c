/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A netlink socket that listens to multicast groups, on Node's event loop.
 * Datagrams are gathered into one buffer, each padded to 4 bytes as its
 * messages are, and given to JavaScript in one call.
 */
#include "source.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The kernel's largest: a batch of nf_tables, NLMSG_GOODSIZE or 32 KiB. */
#define DATAGRAM_MAX (64 * 1024)

/* Gathered at once, so that a busy group leaves the event loop its turn. */
#define BATCH_MAX (256 * 1024)

struct netlink {
	struct source source;
	int fd;
	uint8_t *batch;
};

/*
 * Reads what is there, up to BATCH_MAX; returns its length. Whatever was lost,
 * by the kernel or by a buffer too small, is an overrun.
 */
static size_t gather(struct netlink *netlink, bool *overrun, int *error)
{
	size_t length = 0;

	while (length + DATAGRAM_MAX <= BATCH_MAX) {
		struct sockaddr_nl from = { 0 };
		struct iovec vector = { netlink->batch + length, DATAGRAM_MAX };
		struct msghdr message = {
			.msg_name = &from,
			.msg_namelen = sizeof(from),
			.msg_iov = &vector,
			.msg_iovlen = 1,
		};
		ssize_t size = recvmsg(netlink->fd, &message, 0);

		if (size < 0 && errno == EINTR)
			continue;
		if (size < 0 && errno == ENOBUFS) {
			*overrun = true;
			continue;
		}
		if (size < 0) {
			if (errno != EAGAIN)
				*error = errno;
			break;
		}
		if (from.nl_pid)	/* a process; the kernel has 0 */
			continue;
		if (message.msg_flags & MSG_TRUNC) {
			*overrun = true;
			continue;
		}
		while (size % 4)
			netlink->batch[length + (size_t)size++] = 0;
		length += (size_t)size;
	}
	return length;
}

static void netlink_read(struct source *source, int status)
{
	struct netlink *netlink = (struct netlink *)source;
	napi_env env = source->env;
	napi_value arguments[2];
	bool overrun = false;
	size_t length;
	int error = 0;

	length = gather(netlink, &overrun, &error);
	/* libuv takes an overrun, which is EPOLLERR, for the end. */
	if (status < 0 && !error)
		error = source_restart(source);
	if (error) {
		uv_poll_stop(&source->poll);
		throw_bpf(env, error, "read netlink socket");
	} else if (length || overrun) {
		arguments[0] = new_bytes(env, netlink->batch, length);
		arguments[1] = new_bool(env, overrun);
		if (arguments[0])
			source_dispatch(source, 2, arguments);
	}
}

static void netlink_close(struct source *source)
{
	close(((struct netlink *)source)->fd);
}

static void netlink_free(struct source *source)
{
	struct netlink *netlink = (struct netlink *)source;

	free(netlink->batch);
	free(netlink);
}

static const struct source_kind NETLINK = {
	.name = "netlink socket",
	.read = netlink_read,
	.close = netlink_close,
	.free = netlink_free,
};

/* 0 or an errno. */
static int listen_to(int fd, int32_t group)
{
	return setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group,
			  sizeof(group)) ? errno : 0;
}

static int open_socket(napi_env env, int32_t protocol, napi_value groups)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK };
	napi_value element;
	uint32_t count;
	int32_t group;
	int error, fd;

	if (!get_length(env, groups, "groups", &count))
		return -1;
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
		    protocol);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address))) {
		throw_bpf(env, errno, "open netlink socket of protocol %d",
			  protocol);
		goto fail;
	}
	for (uint32_t i = 0; i < count; i++) {
		if (napi_get_element(env, groups, i, &element) != napi_ok ||
		    !get_i32(env, element, "group", &group))
			goto fail;
		error = listen_to(fd, group);
		if (error) {
			throw_bpf(env, error, "listen to netlink group %d",
				  group);
			goto fail;
		}
	}
	return fd;
fail:
	if (fd >= 0)
		close(fd);
	return -1;
}

/*
 * netlinkOpen(protocol, groups: number[],
 *             dispatch: (messages: Uint8Array, overrun: boolean) => void)
 */
static napi_value netlink_open(napi_env env, napi_callback_info info)
{
	struct netlink *netlink;
	int32_t protocol;
	int fd;

	ARGUMENTS(3);
	if (!get_i32(env, argv[0], "protocol", &protocol) ||
	    !is_dispatch(env, argv[2]))
		return NULL;
	fd = open_socket(env, protocol, argv[1]);
	if (fd < 0)
		return NULL;
	netlink = calloc(1, sizeof(*netlink));
	if (netlink)
		netlink->batch = malloc(BATCH_MAX);
	if (!netlink || !netlink->batch) {
		free(netlink);
		close(fd);
		return throw_bpf(env, ENOMEM, "open netlink socket");
	}
	netlink->fd = fd;
	return source_start(env, &netlink->source, &NETLINK, fd, argv[2]);
}

void netlink_init(napi_env env, napi_value exports)
{
	static const struct function functions[] = {
		{ "netlinkOpen", netlink_open },
	};

	ADD_FUNCTIONS(functions);
}
