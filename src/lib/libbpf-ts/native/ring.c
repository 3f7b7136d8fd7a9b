/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A ring buffer on Node's event loop. Records are gathered into one buffer
 * and given to JavaScript in one call: a u32 length, four bytes of padding,
 * the record, padding to a multiple of 8.
 */
#include "addon.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#define MAGIC 0x6c69626270662d72ULL

/* Gathered at once, so that a busy ring leaves the event loop its turn. */
#define BATCH_MAX (256 * 1024)

struct ring {
	uint64_t magic;
	napi_env env;
	uv_poll_t poll;
	struct ring_buffer *buffer;	/* NULL: closed */
	napi_ref dispatch;
	napi_async_cleanup_hook_handle hook;
	int references;			/* the event loop's and JavaScript's */
	int failure;			/* errno of the callback, 0: none */
	uint8_t *batch;
	size_t length;
	size_t room;
};

static void release(struct ring *ring)
{
	if (--ring->references)
		return;
	free(ring->batch);
	free(ring);
}

static void on_closed(uv_handle_t *handle)
{
	struct ring *ring = handle->data;

	napi_remove_async_cleanup_hook(ring->hook);
	release(ring);
}

static void ring_close(struct ring *ring)
{
	if (!ring->buffer)
		return;
	uv_poll_stop(&ring->poll);
	uv_close((uv_handle_t *)&ring->poll, on_closed);
	ring_buffer__free(ring->buffer);
	ring->buffer = NULL;
	napi_delete_reference(ring->env, ring->dispatch);
}

/* The environment ends while the ring is open. */
static void on_cleanup(napi_async_cleanup_hook_handle hook, void *data)
{
	(void)hook;
	ring_close(data);
}

static void finalize(napi_env env, void *data, void *hint)
{
	(void)env;
	(void)hint;
	release(data);
}

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
	napi_value batch;
	int error;

	ring->length = 0;
	ring->failure = 0;
	error = ring_buffer__consume(ring->buffer);
	if (ring->failure || (error < 0 && error != -EAGAIN))
		return throw_bpf(ring->env,
				 ring->failure ? ring->failure : -error,
				 "read ring buffer");
	if (!ring->length)
		return new_undefined(ring->env);
	batch = new_bytes(ring->env, ring->batch, ring->length);
	if (!batch)
		return throw_bpf(ring->env, ENOMEM, "read ring buffer");
	return batch;
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
	struct ring *ring = poll->data;
	napi_env env = ring->env;
	napi_handle_scope scope;
	napi_value batch, dispatch, global;

	(void)events;
	if (napi_open_handle_scope(env, &scope) != napi_ok)
		return;
	if (status < 0) {
		uv_poll_stop(poll);
		throw_bpf(env, -status, "poll ring buffer");
	} else {
		batch = gather(ring);
		if (batch && !is_undefined(env, batch) &&
		    napi_get_reference_value(env, ring->dispatch, &dispatch) ==
			    napi_ok &&
		    napi_get_global(env, &global) == napi_ok)
			napi_make_callback(env, NULL, global, dispatch, 1,
					   &batch, NULL);
	}
	/* The ring may be closed by now. */
	raise_pending(env);
	napi_close_handle_scope(env, scope);
}

static bool get_ring(napi_env env, napi_value value, struct ring **out)
{
	napi_valuetype type;
	void *data = NULL;

	if (napi_typeof(env, value, &type) == napi_ok &&
	    type == napi_external &&
	    napi_get_value_external(env, value, &data) == napi_ok && data &&
	    ((struct ring *)data)->magic == MAGIC) {
		*out = data;
		return true;
	}
	throw_type(env, "argument must be a ring buffer");
	return false;
}

static bool get_open_ring(napi_env env, napi_value value, struct ring **out)
{
	if (!get_ring(env, value, out))
		return false;
	if ((*out)->buffer)
		return true;
	throw_bpf(env, EBADF, "use closed ring buffer");
	return false;
}

/* ringOpen(map, dispatch: (batch: Uint8Array) => void) */
static napi_value ring_open(napi_env env, napi_callback_info info)
{
	napi_value result = NULL;
	struct handle *map;
	struct ring *ring;
	napi_valuetype type;
	uv_loop_t *loop;

	ARGUMENTS(2);
	if (!get_handle(env, argv[0], KIND_MAP, &map))
		return NULL;
	if (napi_typeof(env, argv[1], &type) != napi_ok ||
	    type != napi_function)
		return throw_type(env, "dispatch must be a function");
	ring = calloc(1, sizeof(*ring));
	if (!ring)
		return throw_bpf(env, ENOMEM, "open ring buffer '%s'",
				 map->name);
	ring->magic = MAGIC;
	ring->env = env;
	ring->references = 1;
	log_reset();
	ring->buffer = ring_buffer__new(map->fd, on_record, ring, NULL);
	if (!ring->buffer) {
		throw_bpf(env, errno, "open ring buffer '%s'", map->name);
		goto fail;
	}
	if (napi_get_uv_event_loop(env, &loop) != napi_ok ||
	    uv_poll_init(loop, &ring->poll,
			 ring_buffer__epoll_fd(ring->buffer))) {
		throw_bpf(env, EIO, "poll ring buffer '%s'", map->name);
		goto fail;
	}
	ring->poll.data = ring;
	ring->references = 2;
	napi_create_reference(env, argv[1], 1, &ring->dispatch);
	napi_add_async_cleanup_hook(env, on_cleanup, ring, &ring->hook);
	uv_poll_start(&ring->poll, UV_READABLE, on_readable);
	if (napi_create_external(env, ring, finalize, NULL, &result) !=
	    napi_ok) {
		ring_close(ring);
		release(ring);
	}
	return result;
fail:
	ring_buffer__free(ring->buffer);
	free(ring);
	return NULL;
}

/* ringConsume(ring) → the next batch or undefined */
static napi_value ring_consume(napi_env env, napi_callback_info info)
{
	struct ring *ring;

	ARGUMENTS(1);
	return get_open_ring(env, argv[0], &ring) ? gather(ring) : NULL;
}

/* ringReference(ring, held): whether it keeps the process running */
static napi_value ring_reference(napi_env env, napi_callback_info info)
{
	struct ring *ring;
	bool held;

	ARGUMENTS(2);
	if (!get_open_ring(env, argv[0], &ring) ||
	    !get_bool(env, argv[1], "held", &held))
		return NULL;
	if (held)
		uv_ref((uv_handle_t *)&ring->poll);
	else
		uv_unref((uv_handle_t *)&ring->poll);
	return NULL;
}

static napi_value ring_close_call(napi_env env, napi_callback_info info)
{
	struct ring *ring;

	ARGUMENTS(1);
	if (get_ring(env, argv[0], &ring))
		ring_close(ring);
	return NULL;
}

void ring_init(napi_env env, napi_value exports)
{
	static const struct function functions[] = {
		{ "ringOpen", ring_open },
		{ "ringConsume", ring_consume },
		{ "ringReference", ring_reference },
		{ "ringClose", ring_close_call },
	};

	ADD_FUNCTIONS(functions);
}
