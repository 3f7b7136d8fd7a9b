/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A netlink socket that listens to multicast groups, on Node's event loop.
 * Datagrams are gathered into one buffer, each padded to 4 bytes as its
 * messages are, and given to JavaScript in one call.
 */
#include "addon.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#define MAGIC 0x6c69626270662d6eULL

/* The kernel's largest: a batch of nf_tables, NLMSG_GOODSIZE or 32 KiB. */
#define DATAGRAM_MAX (64 * 1024)

/* Gathered at once, so that a busy group leaves the event loop its turn. */
#define BATCH_MAX (256 * 1024)

struct netlink {
	uint64_t magic;
	napi_env env;
	uv_poll_t poll;
	int fd;				/* -1: closed */
	napi_ref dispatch;
	napi_async_cleanup_hook_handle hook;
	int references;			/* the event loop's and JavaScript's */
	uint8_t *batch;
};

static void release(struct netlink *netlink)
{
	if (--netlink->references)
		return;
	free(netlink->batch);
	free(netlink);
}

static void on_closed(uv_handle_t *handle)
{
	struct netlink *netlink = handle->data;

	napi_remove_async_cleanup_hook(netlink->hook);
	release(netlink);
}

static void netlink_close(struct netlink *netlink)
{
	if (netlink->fd < 0)
		return;
	uv_poll_stop(&netlink->poll);
	uv_close((uv_handle_t *)&netlink->poll, on_closed);
	close(netlink->fd);
	netlink->fd = -1;
	napi_delete_reference(netlink->env, netlink->dispatch);
}

/* The environment ends while the socket is open. */
static void on_cleanup(napi_async_cleanup_hook_handle hook, void *data)
{
	(void)hook;
	netlink_close(data);
}

static void finalize(napi_env env, void *data, void *hint)
{
	(void)env;
	(void)hint;
	release(data);
}

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

static void raise_pending(napi_env env)
{
	napi_value exception;
	bool pending = false;

	if (napi_is_exception_pending(env, &pending) == napi_ok && pending &&
	    napi_get_and_clear_last_exception(env, &exception) == napi_ok)
		napi_fatal_exception(env, exception);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct netlink *netlink = poll->data;
	napi_value arguments[2], dispatch, global;
	napi_env env = netlink->env;
	napi_handle_scope scope;
	bool overrun = false;
	size_t length = 0;
	int error = 0;

	(void)events;
	if (napi_open_handle_scope(env, &scope) != napi_ok)
		return;
	length = gather(netlink, &overrun, &error);
	/* libuv takes an overrun, which is EPOLLERR, for the end. */
	if (status < 0 && !error)
		error = -uv_poll_start(poll, UV_READABLE, on_readable);
	if (error) {
		uv_poll_stop(poll);
		throw_bpf(env, error, "read netlink socket");
	} else if (length || overrun) {
		arguments[0] = new_bytes(env, netlink->batch, length);
		arguments[1] = new_bool(env, overrun);
		if (arguments[0] &&
		    napi_get_reference_value(env, netlink->dispatch,
					     &dispatch) == napi_ok &&
		    napi_get_global(env, &global) == napi_ok)
			napi_make_callback(env, NULL, global, dispatch, 2,
					   arguments, NULL);
	}
	/* The socket may be closed by now. */
	raise_pending(env);
	napi_close_handle_scope(env, scope);
}

static bool get_netlink(napi_env env, napi_value value, struct netlink **out)
{
	napi_valuetype type;
	void *data = NULL;

	if (napi_typeof(env, value, &type) == napi_ok &&
	    type == napi_external &&
	    napi_get_value_external(env, value, &data) == napi_ok && data &&
	    ((struct netlink *)data)->magic == MAGIC) {
		*out = data;
		return true;
	}
	throw_type(env, "argument must be a netlink socket");
	return false;
}

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
	napi_value result = NULL;
	napi_valuetype type;
	int32_t protocol;
	uv_loop_t *loop;
	int fd;

	ARGUMENTS(3);
	if (!get_i32(env, argv[0], "protocol", &protocol))
		return NULL;
	if (napi_typeof(env, argv[2], &type) != napi_ok ||
	    type != napi_function)
		return throw_type(env, "dispatch must be a function");
	fd = open_socket(env, protocol, argv[1]);
	if (fd < 0)
		return NULL;
	netlink = calloc(1, sizeof(*netlink));
	if (netlink)
		netlink->batch = malloc(BATCH_MAX);
	if (!netlink || !netlink->batch) {
		throw_bpf(env, ENOMEM, "open netlink socket");
		goto fail;
	}
	netlink->magic = MAGIC;
	netlink->env = env;
	netlink->fd = fd;
	if (napi_get_uv_event_loop(env, &loop) != napi_ok ||
	    uv_poll_init(loop, &netlink->poll, fd)) {
		throw_bpf(env, EIO, "poll netlink socket");
		goto fail;
	}
	netlink->poll.data = netlink;
	netlink->references = 2;
	napi_create_reference(env, argv[2], 1, &netlink->dispatch);
	napi_add_async_cleanup_hook(env, on_cleanup, netlink, &netlink->hook);
	uv_poll_start(&netlink->poll, UV_READABLE, on_readable);
	if (napi_create_external(env, netlink, finalize, NULL, &result) !=
	    napi_ok) {
		netlink_close(netlink);
		release(netlink);
	}
	return result;
fail:
	if (netlink)
		free(netlink->batch);
	free(netlink);
	close(fd);
	return NULL;
}

/* netlinkReference(socket, held): whether it keeps the process running */
static napi_value netlink_reference(napi_env env, napi_callback_info info)
{
	struct netlink *netlink;
	bool held;

	ARGUMENTS(2);
	if (!get_netlink(env, argv[0], &netlink) ||
	    !get_bool(env, argv[1], "held", &held))
		return NULL;
	if (netlink->fd < 0)
		return throw_bpf(env, EBADF, "use closed netlink socket");
	if (held)
		uv_ref((uv_handle_t *)&netlink->poll);
	else
		uv_unref((uv_handle_t *)&netlink->poll);
	return NULL;
}

static napi_value netlink_close_call(napi_env env, napi_callback_info info)
{
	struct netlink *netlink;

	ARGUMENTS(1);
	if (get_netlink(env, argv[0], &netlink))
		netlink_close(netlink);
	return NULL;
}

void netlink_init(napi_env env, napi_value exports)
{
	static const struct function functions[] = {
		{ "netlinkOpen", netlink_open },
		{ "netlinkReference", netlink_reference },
		{ "netlinkClose", netlink_close_call },
	};

	ADD_FUNCTIONS(functions);
}
