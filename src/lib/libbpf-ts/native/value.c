/* SPDX-License-Identifier: GPL-2.0-only */
/* JavaScript values to C and back. */
#include "addon.h"

#include <stdlib.h>
#include <string.h>

/* Fewer bytes are copied sooner than given away. */
#define TAKE_AT_LEAST (64 << 10)

static bool get_integer(napi_env env, napi_value value, const char *name,
			double min, double max, double *out)
{
	if (napi_get_value_double(env, value, out) == napi_ok &&
	    *out >= min && *out <= max && (double)(int64_t)*out == *out)
		return true;
	throw_type(env, "%s must be an integer from %.0f to %.0f", name, min,
		   max);
	return false;
}

bool get_u32(napi_env env, napi_value value, const char *name, uint32_t *out)
{
	double number;

	if (!get_integer(env, value, name, 0, UINT32_MAX, &number))
		return false;
	*out = (uint32_t)number;
	return true;
}

bool get_i32(napi_env env, napi_value value, const char *name, int32_t *out)
{
	double number;

	if (!get_integer(env, value, name, INT32_MIN, INT32_MAX, &number))
		return false;
	*out = (int32_t)number;
	return true;
}

bool get_bool(napi_env env, napi_value value, const char *name, bool *out)
{
	if (napi_get_value_bool(env, value, out) == napi_ok)
		return true;
	throw_type(env, "%s must be a boolean", name);
	return false;
}

bool get_string(napi_env env, napi_value value, const char *name, char *out,
		size_t size)
{
	size_t length;

	if (napi_get_value_string_utf8(env, value, NULL, 0, &length) !=
	    napi_ok) {
		throw_type(env, "%s must be a string", name);
		return false;
	}
	if (length >= size) {
		throw_type(env, "%s must be shorter than %zu bytes", name,
			   size);
		return false;
	}
	napi_get_value_string_utf8(env, value, out, size, &length);
	if (strlen(out) == length)
		return true;
	throw_type(env, "%s must not contain a zero byte", name);
	return false;
}

bool get_bytes(napi_env env, napi_value value, const char *name,
	       uint8_t **data, size_t *length)
{
	napi_typedarray_type type;
	bool typed = false;

	if (napi_is_typedarray(env, value, &typed) == napi_ok && typed &&
	    napi_get_typedarray_info(env, value, &type, length, (void **)data,
				     NULL, NULL) == napi_ok &&
	    type == napi_uint8_array)
		return true;
	throw_type(env, "%s must be a Uint8Array", name);
	return false;
}

bool get_length(napi_env env, napi_value array, const char *name,
		uint32_t *out)
{
	bool is = false;

	if (napi_is_array(env, array, &is) == napi_ok && is &&
	    napi_get_array_length(env, array, out) == napi_ok)
		return true;
	throw_type(env, "%s must be an array", name);
	return false;
}

bool is_undefined(napi_env env, napi_value value)
{
	napi_valuetype type;

	return napi_typeof(env, value, &type) == napi_ok &&
	       type == napi_undefined;
}

napi_value new_undefined(napi_env env)
{
	napi_value value = NULL;

	napi_get_undefined(env, &value);
	return value;
}

napi_value new_number(napi_env env, double number)
{
	napi_value value = NULL;

	napi_create_double(env, number, &value);
	return value;
}

napi_value new_bool(napi_env env, bool boolean)
{
	napi_value value = NULL;

	napi_get_boolean(env, boolean, &value);
	return value;
}

napi_value new_string(napi_env env, const char *string)
{
	napi_value value = NULL;

	napi_create_string_utf8(env, string, NAPI_AUTO_LENGTH, &value);
	return value;
}

napi_value new_bytes(napi_env env, const void *data, size_t length)
{
	napi_value buffer, value = NULL;
	void *bytes;

	if (napi_create_arraybuffer(env, length, &bytes, &buffer) != napi_ok)
		return NULL;
	if (data && length)
		memcpy(bytes, data, length);
	napi_create_typedarray(env, napi_uint8_array, length, buffer, 0,
			       &value);
	return value;
}

static void free_bytes(napi_env env, void *data, void *hint)
{
	(void)env;
	(void)hint;
	free(data);
}

napi_value take_bytes(napi_env env, uint8_t **data, size_t length)
{
	napi_value buffer, value = NULL;
	uint8_t *bytes;

	if (length < TAKE_AT_LEAST)
		return new_bytes(env, *data, length);
	bytes = realloc(*data, length);
	if (bytes)
		*data = bytes;
	/* Refused where V8 keeps all its memory in a cage. */
	if (napi_create_external_arraybuffer(env, *data, length, free_bytes,
					     NULL, &buffer) != napi_ok)
		return new_bytes(env, *data, length);
	*data = NULL;
	napi_create_typedarray(env, napi_uint8_array, length, buffer, 0,
			       &value);
	return value;
}

napi_value new_pair(napi_env env, napi_value first, napi_value second)
{
	napi_value value = NULL;

	if (napi_create_array_with_length(env, 2, &value) != napi_ok)
		return NULL;
	napi_set_element(env, value, 0, first);
	napi_set_element(env, value, 1, second);
	return value;
}

void set_number(napi_env env, napi_value object, const char *name, double n)
{
	napi_set_named_property(env, object, name, new_number(env, n));
}

void set_string(napi_env env, napi_value object, const char *name,
		const char *string)
{
	napi_set_named_property(env, object, name, new_string(env, string));
}
