/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sockets that Node cannot make: in another network namespace, bound before
 * they connect.
 */
#include "addon.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct request {
	int family;
	int type;
	int netns;
	int fd;		/* the socket, or -1 … */
	int error;	/* … and why */
};

static void make(struct request *request)
{
	request->fd = socket(request->family,
			     request->type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	request->error = errno;
}

/*
 * A thread of its own enters the network namespace and ends there: were it
 * the caller's, a way back that fails would leave all of Node in the other.
 */
static void *make_inside(void *data)
{
	struct request *request = data;

	if (setns(request->netns, CLONE_NEWNET))
		request->error = errno;
	else
		make(request);
	return NULL;
}

/* openSocket(family, type, netns) → fd, non-blocking */
static napi_value open_socket(napi_env env, napi_callback_info info)
{
	struct request request = { .fd = -1 };
	char netns[PATH_MAX];
	pthread_t thread;

	ARGUMENTS(3);
	if (!get_i32(env, argv[0], "family", &request.family) ||
	    !get_i32(env, argv[1], "type", &request.type))
		return NULL;
	if (is_undefined(env, argv[2])) {
		make(&request);
		if (request.fd < 0)
			return throw_bpf(env, request.error, "open a socket");
		return new_number(env, request.fd);
	}
	if (!get_string(env, argv[2], "netns", netns, sizeof(netns)))
		return NULL;
	request.netns = open(netns, O_RDONLY | O_CLOEXEC);
	if (request.netns < 0)
		return throw_bpf(env, errno,
				 "open a socket in network namespace '%s'",
				 netns);
	request.error = pthread_create(&thread, NULL, make_inside, &request);
	if (!request.error)
		pthread_join(thread, NULL);
	close(request.netns);
	if (request.fd < 0)
		return throw_bpf(env, request.error,
				 "open a socket in network namespace '%s'",
				 netns);
	return new_number(env, request.fd);
}

/* bindSocket(fd, address), a struct sockaddr */
static napi_value bind_socket(napi_env env, napi_callback_info info)
{
	uint8_t *address;
	size_t length;
	int32_t fd;

	ARGUMENTS(2);
	if (!get_i32(env, argv[0], "fd", &fd) ||
	    !get_bytes(env, argv[1], "address", &address, &length))
		return NULL;
	if (bind(fd, (const struct sockaddr *)(const void *)address,
		 (socklen_t)length))
		throw_bpf(env, errno, "bind socket %d", fd);
	return NULL;
}

void socket_init(napi_env env, napi_value exports)
{
	static const struct function functions[] = {
		{ "openSocket", open_socket },
		{ "bindSocket", bind_socket },
	};

	ADD_FUNCTIONS(functions);
}
