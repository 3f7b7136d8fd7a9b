/* SPDX-License-Identifier: GPL-2.0-only */
/* What the C files of the addon share. */
#ifndef ADDON_H
#define ADDON_H

#define NAPI_VERSION 8

#include <node_api.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The arguments of a call as argv[0..count-1]; those not given: undefined. */
#define ARGUMENTS(count)						\
	napi_value argv[count];						\
	size_t argc = count;						\
									\
	if (napi_get_cb_info(env, info, &argc, argv, NULL, NULL) != napi_ok) \
		return NULL

enum kind {
	KIND_MAP = 0,
	KIND_PROGRAM = 1,
	KIND_LINK = 2,
};

/* A file descriptor of the bpf(2) kind that a JavaScript value owns. */
struct handle {
	uint64_t magic;
	int fd;			/* -1: closed */
	enum kind kind;
	char name[64];		/* for messages */
	uint32_t map_type;	/* these four of maps only */
	uint32_t key_size;
	uint32_t value_size;
	size_t slot_size;	/* what bpf(2) copies: all CPUs' values */
};

/* error.c: every function returns NULL, with an exception pending. */
napi_value throw_type(napi_env env, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* A BpfError "Cannot <format>: …" with `error`, a positive errno. */
napi_value throw_bpf(napi_env env, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void log_init(void);
/* Starts a capture of what libbpf logs in this thread. */
void log_reset(void);

/* value.c: the bool ones return false with a TypeError pending. */
bool get_u32(napi_env env, napi_value value, const char *name, uint32_t *out);
bool get_i32(napi_env env, napi_value value, const char *name, int32_t *out);
bool get_bool(napi_env env, napi_value value, const char *name, bool *out);
bool get_string(napi_env env, napi_value value, const char *name, char *out,
		size_t size);
bool get_bytes(napi_env env, napi_value value, const char *name,
	       uint8_t **data, size_t *length);
bool get_length(napi_env env, napi_value array, const char *name,
		uint32_t *out);
bool is_undefined(napi_env env, napi_value value);
napi_value new_undefined(napi_env env);
napi_value new_number(napi_env env, double number);
napi_value new_bool(napi_env env, bool value);
napi_value new_string(napi_env env, const char *string);
/* A Uint8Array; `data` NULL leaves it zeroed. */
napi_value new_bytes(napi_env env, const void *data, size_t length);
/* The same without a copy where possible: then `*data`, of malloc, is NULL. */
napi_value take_bytes(napi_env env, uint8_t **data, size_t length);
napi_value new_pair(napi_env env, napi_value first, napi_value second);
void set_number(napi_env env, napi_value object, const char *name, double n);
void set_string(napi_env env, napi_value object, const char *name,
		const char *string);

/* handle.c */
bool get_handle(napi_env env, napi_value value, enum kind kind,
		struct handle **out);
/* Owns `fd` from here on, on failure too; `name` NULL: the kernel's. */
napi_value new_handle(napi_env env, enum kind kind, int fd, const char *name);

/* One function a file, which adds the file's functions to `exports`. */
struct function {
	const char *name;
	napi_callback call;
};
void add_functions(napi_env env, napi_value exports,
		   const struct function *functions, size_t count);
#define ADD_FUNCTIONS(functions)					\
	add_functions(env, exports, functions,				\
		      sizeof(functions) / sizeof((functions)[0]))

void error_init(napi_env env, napi_value exports);
void handle_init(napi_env env, napi_value exports);
void object_init(napi_env env, napi_value exports);
void map_init(napi_env env, napi_value exports);
void batch_init(napi_env env, napi_value exports);
void program_init(napi_env env, napi_value exports);
void link_init(napi_env env, napi_value exports);
void source_init(napi_env env, napi_value exports);
void ring_init(napi_env env, napi_value exports);
void netlink_init(napi_env env, napi_value exports);
void netlink_request_init(napi_env env, napi_value exports);
void system_init(napi_env env, napi_value exports);
void socket_init(napi_env env, napi_value exports);
void text_init(napi_env env, napi_value exports);

#endif
