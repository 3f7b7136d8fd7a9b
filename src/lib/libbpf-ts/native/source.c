/* SPDX-License-Identifier: GPL-2.0-only */
#include "source.h"

#include <errno.h>

#define MAGIC 0x6c69626270662d72ULL

static void release(struct source *source)
{
	if (--source->references == 0)
		source->kind->free(source);
}

static void on_closed(uv_handle_t *handle)
{
	struct source *source = handle->data;

	napi_remove_async_cleanup_hook(source->hook);
	release(source);
}

static void close_source(struct source *source)
{
	if (!source->open)
		return;
	source->open = false;
	uv_poll_stop(&source->poll);
	uv_close((uv_handle_t *)&source->poll, on_closed);
	source->kind->close(source);
	napi_delete_reference(source->env, source->dispatch);
}

/* The environment ends while the source is open. */
static void on_cleanup(napi_async_cleanup_hook_handle hook, void *data)
{
	(void)hook;
	close_source(data);
}

static void finalize(napi_env env, void *data, void *hint)
{
	(void)env;
	(void)hint;
	release(data);
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
	struct source *source = poll->data;
	napi_env env = source->env;
	napi_handle_scope scope;

	(void)events;
	if (napi_open_handle_scope(env, &scope) != napi_ok)
		return;
	source->kind->read(source, status);
	/* The source may be closed by now. */
	raise_pending(env);
	napi_close_handle_scope(env, scope);
}

bool is_dispatch(napi_env env, napi_value value)
{
	napi_valuetype type;

	if (napi_typeof(env, value, &type) == napi_ok && type == napi_function)
		return true;
	throw_type(env, "dispatch must be a function");
	return false;
}

napi_value source_start(napi_env env, struct source *source,
			const struct source_kind *kind, int fd,
			napi_value dispatch)
{
	napi_value result = NULL;
	uv_loop_t *loop;

	source->magic = MAGIC;
	source->kind = kind;
	source->env = env;
	source->references = 1;
	if (napi_get_uv_event_loop(env, &loop) != napi_ok ||
	    uv_poll_init(loop, &source->poll, fd)) {
		throw_bpf(env, EIO, "poll %s", kind->name);
		kind->close(source);
		release(source);
		return NULL;
	}
	source->poll.data = source;
	source->references = 2;
	source->open = true;
	napi_create_reference(env, dispatch, 1, &source->dispatch);
	napi_add_async_cleanup_hook(env, on_cleanup, source, &source->hook);
	source_restart(source);
	if (napi_create_external(env, source, finalize, NULL, &result) !=
	    napi_ok) {
		close_source(source);
		release(source);
	}
	return result;
}

int source_restart(struct source *source)
{
	return -uv_poll_start(&source->poll, UV_READABLE, on_readable);
}

void source_dispatch(struct source *source, size_t argc,
		     const napi_value *argv)
{
	napi_value dispatch, global;
	napi_env env = source->env;

	if (napi_get_reference_value(env, source->dispatch, &dispatch) ==
		    napi_ok &&
	    napi_get_global(env, &global) == napi_ok)
		napi_make_callback(env, NULL, global, dispatch, argc, argv,
				   NULL);
}

/* Of any kind, open or closed. */
static struct source *source_of(napi_env env, napi_value value)
{
	napi_valuetype type;
	void *data = NULL;

	if (napi_typeof(env, value, &type) == napi_ok &&
	    type == napi_external &&
	    napi_get_value_external(env, value, &data) == napi_ok && data &&
	    ((struct source *)data)->magic == MAGIC)
		return data;
	return NULL;
}

bool get_source(napi_env env, napi_value value, const struct source_kind *kind,
		struct source **out)
{
	*out = source_of(env, value);
	if (!*out || (*out)->kind != kind) {
		throw_type(env, "argument must be a %s", kind->name);
		return false;
	}
	if ((*out)->open)
		return true;
	throw_bpf(env, EBADF, "use closed %s", kind->name);
	return false;
}

/* sourceReference(source, held): whether it keeps the process running */
static napi_value source_reference(napi_env env, napi_callback_info info)
{
	struct source *source;
	bool held;

	ARGUMENTS(2);
	source = source_of(env, argv[0]);
	if (!source)
		return throw_type(env, "argument must be a source");
	if (!get_bool(env, argv[1], "held", &held))
		return NULL;
	if (!source->open)
		return throw_bpf(env, EBADF, "use closed %s",
				 source->kind->name);
	if (held)
		uv_ref((uv_handle_t *)&source->poll);
	else
		uv_unref((uv_handle_t *)&source->poll);
	return NULL;
}

/* sourceClose(source) */
static napi_value source_close(napi_env env, napi_callback_info info)
{
	struct source *source;

	ARGUMENTS(1);
	source = source_of(env, argv[0]);
	if (!source)
		return throw_type(env, "argument must be a source");
	close_source(source);
	return NULL;
}

void source_init(napi_env env, napi_value exports)
{
	static const struct function functions[] = {
		{ "sourceReference", source_reference },
		{ "sourceClose", source_close },
	};

	ADD_FUNCTIONS(functions);
}
