/* SPDX-License-Identifier: GPL-2.0-only */
/* Netlink messages that ask the kernel for something, and its answers. */
#include "addon.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

/* The kernel fills 32 KiB of a dump at a time, if it is given as much. */
#define DATAGRAM_MAX (64 * 1024)

/*
 * The answers to what is sent at once wait in the socket's buffer, which has
 * 160 KiB or more: 64 acknowledgements take 1.25 KiB each at most.
 */
#define BATCH_MAX 64

/* Answers are there at once; a kernel that gives none is not waited for. */
#define PATIENCE_SECONDS 5

struct answers {
	uint8_t *bytes;
	size_t length;
	size_t size;
};

/* The message at `offset`, or NULL if it is not whole. */
static const struct nlmsghdr *message_at(const uint8_t *bytes, size_t length,
					 size_t offset)
{
	const struct nlmsghdr *header = (const void *)(bytes + offset);

	if (offset % NLMSG_ALIGNTO || length - offset < sizeof(*header) ||
	    header->nlmsg_len < sizeof(*header) ||
	    header->nlmsg_len > length - offset)
		return NULL;
	return header;
}

static size_t next_offset(size_t offset, const struct nlmsghdr *header)
{
	return offset + NLMSG_ALIGN((size_t)header->nlmsg_len);
}

static bool is_whole(const uint8_t *bytes, size_t length)
{
	const struct nlmsghdr *header;
	size_t offset = 0;

	while (offset < length) {
		header = message_at(bytes, length, offset);
		if (!header)
			return false;
		offset = next_offset(offset, header);
	}
	return offset == length;
}

/* Makes room for a datagram; 0 or an errno. */
static int grow(struct answers *answers)
{
	size_t size = answers->size;
	uint8_t *bytes;

	if (size - answers->length >= DATAGRAM_MAX)
		return 0;
	size = size * 2 + DATAGRAM_MAX;
	bytes = realloc(answers->bytes, size);
	if (!bytes)
		return ENOMEM;
	answers->bytes = bytes;
	answers->size = size;
	return 0;
}

/*
 * Counts the requests that the answers from `offset` on end. Without rights a
 * whole batch is answered once, so that is an error of all; 0 or an errno.
 */
static int count_ends(const struct answers *answers, size_t offset,
		      size_t *ends)
{
	const struct nlmsghdr *header;
	const struct nlmsgerr *error;

	while (offset < answers->length) {
		header = message_at(answers->bytes, answers->length, offset);
		if (!header)
			return EBADMSG;
		if (header->nlmsg_type == NLMSG_ERROR) {
			error = NLMSG_DATA(header);
			if (header->nlmsg_len < NLMSG_LENGTH(sizeof(*error)))
				return EBADMSG;
			if (error->error == -EPERM)
				return EPERM;
		}
		if (header->nlmsg_type == NLMSG_ERROR ||
		    header->nlmsg_type == NLMSG_DONE)
			++*ends;
		offset = next_offset(offset, header);
	}
	return 0;
}

/* Appends a datagram, padded; 0 or an errno. */
static int receive(int fd, struct answers *answers)
{
	int error = grow(answers);
	ssize_t size;

	if (error)
		return error;
	do
		size = recv(fd, answers->bytes + answers->length, DATAGRAM_MAX,
			    MSG_TRUNC);
	while (size < 0 && errno == EINTR);
	if (size < 0)
		return errno == EAGAIN ? ETIMEDOUT : errno;
	if (size > DATAGRAM_MAX)
		return EMSGSIZE;
	while (size % NLMSG_ALIGNTO)
		answers->bytes[answers->length + (size_t)size++] = 0;
	answers->length += (size_t)size;
	return 0;
}

/* Sends messages and receives until all are answered; 0 or an errno. */
static int exchange(int fd, const uint8_t *bytes, size_t length, size_t count,
		    struct answers *answers)
{
	size_t ends = 0;
	int error;

	if (send(fd, bytes, length, 0) < 0)
		return errno;
	while (ends < count) {
		size_t offset = answers->length;

		error = receive(fd, answers);
		if (!error)
			error = count_ends(answers, offset, &ends);
		if (error)
			return error;
	}
	return 0;
}

/* The same for any number of messages. */
static int exchange_all(int fd, const uint8_t *bytes, size_t length,
			struct answers *answers)
{
	size_t start = 0;

	while (start < length) {
		size_t count = 0, end = start;
		int error;

		while (end < length && count < BATCH_MAX) {
			end = next_offset(end, (const void *)(bytes + end));
			count++;
		}
		error = exchange(fd, bytes + start, end - start, count,
				 answers);
		if (error)
			return error;
		start = end;
	}
	return 0;
}

/*
 * A socket that hears the kernel alone, which answers without a copy of what
 * was asked; -1 with an errno.
 */
static int open_socket(int protocol)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	struct timeval patience = { .tv_sec = PATIENCE_SECONDS };
	int fd, yes = 1, error;

	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
	if (fd < 0)
		return -1;
	if (!connect(fd, (struct sockaddr *)&kernel, sizeof(kernel)) &&
	    !setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &yes, sizeof(yes)) &&
	    !setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
			sizeof(patience)))
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

/*
 * netlinkRequest(protocol, messages: Uint8Array) → Uint8Array of all answers.
 * Each message has NLM_F_ACK or is a dump, which comes alone.
 */
static napi_value netlink_request(napi_env env, napi_callback_info info)
{
	struct answers answers = { 0 };
	napi_value result = NULL;
	uint8_t *messages;
	int32_t protocol;
	size_t length;
	int error, fd;

	ARGUMENTS(2);
	if (!get_i32(env, argv[0], "protocol", &protocol) ||
	    !get_bytes(env, argv[1], "messages", &messages, &length))
		return NULL;
	if ((uintptr_t)messages % NLMSG_ALIGNTO || !is_whole(messages, length))
		return throw_type(env, "messages must be whole and aligned");
	fd = open_socket(protocol);
	if (fd < 0)
		return throw_bpf(env, errno,
				 "open netlink socket of protocol %d",
				 protocol);
	error = exchange_all(fd, messages, length, &answers);
	close(fd);
	if (error)
		throw_bpf(env, error, "ask netlink of protocol %d", protocol);
	else
		result = take_bytes(env, &answers.bytes, answers.length);
	free(answers.bytes);
	return result;
}

void netlink_request_init(napi_env env, napi_value exports)
{
	static const struct function functions[] = {
		{ "netlinkRequest", netlink_request },
	};

	ADD_FUNCTIONS(functions);
}
