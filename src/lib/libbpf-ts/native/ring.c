/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A ring buffer on Node's event loop. Records are gathered into one buffer
 * and given to JavaScript in one call: a u32 length, four bytes of padding,
 * the record, padding to a multiple of 8.
 */
#include "source.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Gathered at once, so that a busy ring leaves the event loop its turn. */
#define BATCH_MAX (256 * 1024)

struct ring {
	struct source source;
	struct ring_buffer *buffer;
	int failure;			/* errno of the callback, 0: none */
	uint8_t *batch;
	size_t length;
	size_t room;
};

static int on_record(void *data, void *record, size_t size)
{
	struct ring *ring = data;
	size_t need = ring->length + 8 + (size + 7) / 8 * 8;
	uint32_t header[2] = { (uint32_t)size, 0 };
	uint8_t *batch;

	if (need > ring->room) {
		batch = realloc(ring->batch, need * 2);
		if (!batch) {
			ring->failure = ENOMEM;
			return -ENOMEM;
		}
		ring->batch = batch;
		ring->room = need * 2;
	}
	memcpy(ring->batch + ring->length, header, sizeof(header));
	memcpy(ring->batch + ring->length + 8, record, size);
	ring->length = need;
	/* Any negative number ends this round; the record is consumed. */
	return ring->length < BATCH_MAX ? 0 : -EAGAIN;
}

/* What is there, up to BATCH_MAX; undefined if nothing, NULL: exception. */
static napi_value gather(struct ring *ring)
{
	napi_env env = ring->source.env;
	napi_value batch;
	int error;

	ring->length = 0;
	ring->failure = 0;
	error = ring_buffer__consume(ring->buffer);
	if (ring->failure || (error < 0 && error != -EAGAIN))
		return throw_bpf(env, ring->failure ? ring->failure : -error,
				 "read ring buffer");
	if (!ring->length)
		return new_undefined(env);
	batch = new_bytes(env, ring->batch, ring->length);
	if (!batch)
		return throw_bpf(env, ENOMEM, "read ring buffer");
	return batch;
}

static void ring_read(struct source *source, int status)
{
	struct ring *ring = (struct ring *)source;
	napi_value batch;

	if (status < 0) {
		uv_poll_stop(&source->poll);
		throw_bpf(source->env, -status, "poll ring buffer");
		return;
	}
	batch = gather(ring);
	if (batch && !is_undefined(source->env, batch))
		source_dispatch(source, 1, &batch);
}

static void ring_close(struct source *source)
{
	ring_buffer__free(((struct ring *)source)->buffer);
}

static void ring_free(struct source *source)
{
	struct ring *ring = (struct ring *)source;

	free(ring->batch);
	free(ring);
}

static const struct source_kind RING = {
	.name = "ring buffer",
	.read = ring_read,
	.close = ring_close,
	.free = ring_free,
};

/* ringOpen(map, dispatch: (batch: Uint8Array) => void) */
static napi_value ring_open(napi_env env, napi_callback_info info)
{
	struct handle *map;
	struct ring *ring;

	ARGUMENTS(2);
	if (!get_handle(env, argv[0], KIND_MAP, &map) ||
	    !is_dispatch(env, argv[1]))
		return NULL;
	ring = calloc(1, sizeof(*ring));
	if (!ring)
		return throw_bpf(env, ENOMEM, "open ring buffer '%s'",
				 map->name);
	log_reset();
	ring->buffer = ring_buffer__new(map->fd, on_record, ring, NULL);
	if (!ring->buffer) {
		throw_bpf(env, errno, "open ring buffer '%s'", map->name);
		free(ring);
		return NULL;
	}
	return source_start(env, &ring->source, &RING,
			    ring_buffer__epoll_fd(ring->buffer), argv[1]);
}

/* ringConsume(ring) → the next batch or undefined */
static napi_value ring_consume(napi_env env, napi_callback_info info)
{
	struct source *source;

	ARGUMENTS(1);
	if (!get_source(env, argv[0], &RING, &source))
		return NULL;
	return gather((struct ring *)source);
}

void ring_init(napi_env env, napi_value exports)
{
	static const struct function functions[] = {
		{ "ringOpen", ring_open },
		{ "ringConsume", ring_consume },
	};

	ADD_FUNCTIONS(functions);
}
