/* SPDX-License-Identifier: GPL-2.0-only */
/* One map entry at a time. */
#include "addon.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define VALUE_ON_STACK 1024

static bool get_exactly(napi_env env, napi_value value, const char *what,
			const struct handle *map, size_t size, uint8_t **data)
{
	size_t length;

	if (!get_bytes(env, value, what, data, &length))
		return false;
	if (length == size)
		return true;
	throw_type(env, "%s of map '%s' must have %zu bytes, not %zu", what,
		   map->name, size, length);
	return false;
}

/* Map and key; every function here begins with these two. */
static bool get_map_key(napi_env env, const napi_value *argv,
			struct handle **map, uint8_t **key)
{
	return get_handle(env, argv[0], KIND_MAP, map) &&
	       get_exactly(env, argv[1], "key", *map, (*map)->key_size, key);
}

/* mapCreate(type, keySize, valueSize, maxEntries, flags, name, inner?) */
static napi_value map_create(napi_env env, napi_callback_info info)
{
	LIBBPF_OPTS(bpf_map_create_opts, options);
	uint32_t type, key_size, value_size, max_entries, flags;
	struct handle *inner;
	char name[64];
	int fd;

	ARGUMENTS(7);
	if (!get_u32(env, argv[0], "type", &type) ||
	    !get_u32(env, argv[1], "keySize", &key_size) ||
	    !get_u32(env, argv[2], "valueSize", &value_size) ||
	    !get_u32(env, argv[3], "maxEntries", &max_entries) ||
	    !get_u32(env, argv[4], "flags", &flags) ||
	    !get_string(env, argv[5], "name", name, sizeof(name)))
		return NULL;
	options.map_flags = flags;
	if (!is_undefined(env, argv[6])) {
		if (!get_handle(env, argv[6], KIND_MAP, &inner))
			return NULL;
		options.inner_map_fd = (__u32)inner->fd;
	}
	fd = bpf_map_create(type, name, key_size, value_size, max_entries,
			    &options);
	if (fd < 0)
		return throw_bpf(env, errno, "create map '%s'", name);
	return new_handle(env, KIND_MAP, fd, name);
}

static napi_value map_info(napi_env env, napi_callback_info info)
{
	struct bpf_map_info map_info = { 0 };
	__u32 length = sizeof(map_info);
	struct handle *map;
	napi_value result;

	ARGUMENTS(1);
	if (!get_handle(env, argv[0], KIND_MAP, &map))
		return NULL;
	if (bpf_obj_get_info_by_fd(map->fd, &map_info, &length))
		return throw_bpf(env, errno, "describe map '%s'", map->name);
	if (napi_create_object(env, &result) != napi_ok)
		return NULL;
	set_number(env, result, "type", map_info.type);
	set_number(env, result, "keySize", map_info.key_size);
	set_number(env, result, "valueSize", map_info.value_size);
	set_number(env, result, "maxEntries", map_info.max_entries);
	set_number(env, result, "flags", map_info.map_flags);
	set_number(env, result, "id", map_info.id);
	set_string(env, result, "name", map_info.name);
	return result;
}

static napi_value read_value(napi_env env, napi_callback_info info,
			     int (*read)(int fd, const void *key, void *value),
			     const char *action)
{
	uint8_t stack[VALUE_ON_STACK], *key, *value = stack;
	napi_value result = NULL;
	struct handle *map;

	ARGUMENTS(2);
	if (!get_map_key(env, argv, &map, &key))
		return NULL;
	if (map->slot_size > sizeof(stack)) {
		value = malloc(map->slot_size);
		if (!value)
			return throw_bpf(env, ENOMEM, "%s map '%s'", action,
					 map->name);
	}
	if (!read(map->fd, key, value))
		result = new_bytes(env, value, map->slot_size);
	else if (errno == ENOENT)
		result = new_undefined(env);
	else
		throw_bpf(env, errno, "%s map '%s'", action, map->name);
	if (value != stack)
		free(value);
	return result;
}

static napi_value map_lookup(napi_env env, napi_callback_info info)
{
	return read_value(env, info, bpf_map_lookup_elem, "look up in");
}

/* mapTake(map, key) → the value, which is deleted in the same step */
static napi_value map_take(napi_env env, napi_callback_info info)
{
	return read_value(env, info, bpf_map_lookup_and_delete_elem,
			  "take from");
}

/* mapUpdate(map, key, value, flags) */
static napi_value map_update(napi_env env, napi_callback_info info)
{
	uint8_t *key, *value;
	struct handle *map;
	uint32_t flags;

	ARGUMENTS(4);
	if (!get_map_key(env, argv, &map, &key) ||
	    !get_exactly(env, argv[2], "value", map, map->slot_size, &value) ||
	    !get_u32(env, argv[3], "flags", &flags))
		return NULL;
	if (bpf_map_update_elem(map->fd, key, value, flags))
		throw_bpf(env, errno, "update map '%s'", map->name);
	return NULL;
}

/* mapUpdateInner(outer, key, inner): the value is inner's descriptor. */
static napi_value map_update_inner(napi_env env, napi_callback_info info)
{
	struct handle *map, *inner;
	uint8_t *key;

	ARGUMENTS(3);
	if (!get_map_key(env, argv, &map, &key) ||
	    !get_handle(env, argv[2], KIND_MAP, &inner))
		return NULL;
	if (map->map_type != BPF_MAP_TYPE_ARRAY_OF_MAPS &&
	    map->map_type != BPF_MAP_TYPE_HASH_OF_MAPS)
		return throw_bpf(env, EINVAL, "put a map into map '%s'",
				 map->name);
	if (bpf_map_update_elem(map->fd, key, &inner->fd, BPF_ANY))
		throw_bpf(env, errno, "put map '%s' into map '%s'",
			  inner->name, map->name);
	return NULL;
}

static napi_value map_delete(napi_env env, napi_callback_info info)
{
	struct handle *map;
	uint8_t *key;

	ARGUMENTS(2);
	if (!get_map_key(env, argv, &map, &key))
		return NULL;
	if (!bpf_map_delete_elem(map->fd, key))
		return new_bool(env, true);
	if (errno == ENOENT)
		return new_bool(env, false);
	return throw_bpf(env, errno, "delete from map '%s'", map->name);
}

/* mapNextKey(map, key | undefined) */
static napi_value map_next_key(napi_env env, napi_callback_info info)
{
	uint8_t *key = NULL, *next;
	napi_value result = NULL;
	struct handle *map;

	ARGUMENTS(2);
	if (!get_handle(env, argv[0], KIND_MAP, &map))
		return NULL;
	if (!is_undefined(env, argv[1]) &&
	    !get_exactly(env, argv[1], "key", map, map->key_size, &key))
		return NULL;
	next = malloc((size_t)map->key_size + 1);
	if (!next)
		return throw_bpf(env, ENOMEM, "walk map '%s'", map->name);
	if (!bpf_map_get_next_key(map->fd, key, next))
		result = new_bytes(env, next, map->key_size);
	else if (errno == ENOENT)
		result = new_undefined(env);
	else
		throw_bpf(env, errno, "walk map '%s'", map->name);
	free(next);
	return result;
}

void map_init(napi_env env, napi_value exports)
{
	static const struct function functions[] = {
		{ "mapCreate", map_create },
		{ "mapInfo", map_info },
		{ "mapLookup", map_lookup },
		{ "mapTake", map_take },
		{ "mapUpdate", map_update },
		{ "mapUpdateInner", map_update_inner },
		{ "mapDelete", map_delete },
		{ "mapNextKey", map_next_key },
	};

	ADD_FUNCTIONS(functions);
}
