/* SPDX-License-Identifier: GPL-2.0-only */
/* A descriptor on Node's event loop, which a JavaScript function hears of. */
#ifndef SOURCE_H
#define SOURCE_H

#include "addon.h"

#include <uv.h>

struct source;

struct source_kind {
	const char *name;	/* "ring buffer" */
	/* Reads, and calls source_dispatch(); may leave an exception. */
	void (*read)(struct source *source, int status);
	void (*close)(struct source *source);	/* the descriptor */
	void (*free)(struct source *source);
};

/* The first member of what a file has of its own kind. */
struct source {
	uint64_t magic;
	const struct source_kind *kind;
	napi_env env;
	uv_poll_t poll;
	napi_ref dispatch;
	napi_async_cleanup_hook_handle hook;
	int references;		/* the event loop's and JavaScript's */
	bool open;
};

/* False with a TypeError pending. */
bool is_dispatch(napi_env env, napi_value value);

/*
 * Listens to `fd`, and makes the JavaScript value that owns `source` from here
 * on; on failure everything is closed and freed, with an exception pending.
 */
napi_value source_start(napi_env env, struct source *source,
			const struct source_kind *kind, int fd,
			napi_value dispatch);

/* 0 or an errno: listens again after libuv has given up. */
int source_restart(struct source *source);

/* Calls the function; it may close the source. */
void source_dispatch(struct source *source, size_t argc,
		     const napi_value *argv);

/* False with an exception pending: of another kind, or closed. */
bool get_source(napi_env env, napi_value value, const struct source_kind *kind,
		struct source **out);

#endif
