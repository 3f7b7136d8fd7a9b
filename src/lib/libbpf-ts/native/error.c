/* SPDX-License-Identifier: GPL-2.0-only */
/* Exceptions, and libbpf's log lines that go into them. */
#include "addon.h"

#include <bpf/libbpf.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * The end of a verifier log tells what is wrong, so of longer logs the end
 * is kept. The log of a program of 100,000 instructions has some 10 MB.
 */
#define LOG_MAX (256 * 1024)

static __thread struct {
	char *text;
	size_t length;
} captured;

static int capture(enum libbpf_print_level level, const char *format,
		   va_list arguments)
{
	va_list again;
	char *text;
	int length;

	if (level == LIBBPF_DEBUG)
		return 0;
	va_copy(again, arguments);
	length = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (length <= 0)
		return 0;
	text = realloc(captured.text, captured.length + (size_t)length + 1);
	if (!text)
		return 0;
	vsnprintf(text + captured.length, (size_t)length + 1, format,
		  arguments);
	captured.text = text;
	captured.length += (size_t)length;
	if (captured.length > LOG_MAX) {
		memmove(text, text + captured.length - LOG_MAX, LOG_MAX + 1);
		captured.length = LOG_MAX;
		text = realloc(captured.text, LOG_MAX + 1);
		if (text)
			captured.text = text;
	}
	return length;
}

void log_init(void)
{
	libbpf_set_print(capture);
}

void log_reset(void)
{
	free(captured.text);
	captured.text = NULL;
	captured.length = 0;
}

napi_value throw_type(napi_env env, const char *format, ...)
{
	char message[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	napi_throw_type_error(env, NULL, message);
	return NULL;
}

napi_value throw_bpf(napi_env env, int error, const char *format, ...)
{
	napi_value arguments[4], factory, exception;
	char action[PATH_MAX + 256], reason[128] = "";
	napi_ref reference = NULL;
	va_list list;

	va_start(list, format);
	vsnprintf(action, sizeof(action), format, list);
	va_end(list);
	libbpf_strerror(error, reason, sizeof(reason));

	arguments[0] = new_string(env, action);
	arguments[1] = new_number(env, error);
	arguments[2] = new_string(env, reason);
	arguments[3] = new_string(env, captured.text ? captured.text : "");
	log_reset();

	if (napi_get_instance_data(env, (void **)&reference) != napi_ok ||
	    !reference ||
	    napi_get_reference_value(env, reference, &factory) != napi_ok) {
		napi_throw_error(env, NULL, action);
		return NULL;
	}
	if (napi_call_function(env, new_undefined(env), factory, 4, arguments,
			       &exception) == napi_ok)
		napi_throw(env, exception);
	return NULL;
}

/* setErrorFactory((action, errno, reason, log) => BpfError) */
static napi_value set_error_factory(napi_env env, napi_callback_info info)
{
	napi_ref reference;
	napi_valuetype type;

	ARGUMENTS(1);
	if (napi_typeof(env, argv[0], &type) != napi_ok ||
	    type != napi_function)
		return throw_type(env, "factory must be a function");
	if (napi_create_reference(env, argv[0], 1, &reference) != napi_ok)
		return NULL;
	napi_set_instance_data(env, reference, NULL, NULL);
	return NULL;
}

/* raise(error): an uncaughtException, without unwinding the caller. */
static napi_value raise_uncaught(napi_env env, napi_callback_info info)
{
	ARGUMENTS(1);
	napi_fatal_exception(env, argv[0]);
	return NULL;
}

void error_init(napi_env env, napi_value exports)
{
	static const struct function functions[] = {
		{ "setErrorFactory", set_error_factory },
		{ "raise", raise_uncaught },
	};

	ADD_FUNCTIONS(functions);
}
