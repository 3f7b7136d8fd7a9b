/* SPDX-License-Identifier: GPL-2.0-only */
/* Many map entries in one call. */
#include "addon.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What the kernel answers for a map type without batches. */
#define ENOTSUPP 524

/* Room for so many entries beyond those read; a hash bucket seldom has more. */
#define ENTRIES_AT_LEAST 512

/* Room at first, most of it not touched if the map has fewer entries. */
#define BYTES_AT_FIRST (8 << 20)

/* Of a hash: the number of a bucket. */
#define POSITION_SIZE sizeof(uint32_t)

/* Lookups in a row that may find their entry just deleted. */
#define RETRIES 100

struct entries {
	uint8_t *keys;
	uint8_t *values;
	size_t room;
	size_t count;
};

static bool lacks_batches(int error)
{
	return error == ENOTSUPP || error == EOPNOTSUPP || error == EINVAL;
}

/* Makes room for `room` entries; 0 or a negative errno. */
static int resize(const struct handle *map, struct entries *entries,
		  size_t room)
{
	uint8_t *resized;

	resized = reallocarray(entries->keys, room, map->key_size);
	if (!resized)
		return -ENOMEM;
	entries->keys = resized;
	resized = reallocarray(entries->values, room, map->slot_size);
	if (!resized)
		return -ENOMEM;
	entries->values = resized;
	entries->room = room;
	return 0;
}

static int grow(const struct handle *map, struct entries *entries)
{
	size_t room = BYTES_AT_FIRST / (map->key_size + map->slot_size);

	if (entries->room)
		room = entries->room * 2;
	else if (room < ENTRIES_AT_LEAST)
		room = ENTRIES_AT_LEAST;
	return resize(map, entries, room);
}

/*
 * All entries by BPF_MAP_LOOKUP_BATCH; -EINVAL or -ENOTSUPP if the map has
 * none. The position is a bucket for hashes, and a key for other types.
 */
static int read_batches(const struct handle *map, struct entries *entries)
{
	uint8_t *in = calloc(2, (size_t)map->key_size + 8), *out;
	bool begun = false;
	int error = 0, retries = 0;
	__u32 count;

	if (!in)
		return -ENOMEM;
	out = in + map->key_size + 8;
	do {
		/* ENOSPC: the next bucket is larger than the room. */
		if (entries->room - entries->count < ENTRIES_AT_LEAST ||
		    error == -ENOSPC) {
			error = grow(map, entries);
			if (error)
				break;
		}
		count = (__u32)(entries->room - entries->count);
		error = bpf_map_lookup_batch(
			map->fd, begun ? in : NULL, out,
			entries->keys + entries->count * map->key_size,
			entries->values + entries->count * map->slot_size,
			&count, NULL);
		if (error && error != -ENOENT && error != -EINTR)
			continue;
		entries->count += count;
		retries = count ? 0 : retries + 1;
		if (count) {
			memcpy(in, out, (size_t)map->key_size + 8);
			begun = true;
		}
	} while (!error || error == -ENOSPC ||
		 (error == -EINTR && retries < RETRIES));
	free(in);
	return error == -ENOENT ? 0 : error;
}

/* The same one by one. */
static int read_singly(const struct handle *map, struct entries *entries)
{
	__u32 length = sizeof(struct bpf_map_info);
	struct bpf_map_info info = { 0 };
	int error, retries = 0;
	uint8_t *key;

	error = bpf_obj_get_info_by_fd(map->fd, &info, &length);
	/* The walk begins anew after a key that was deleted: no endless one. */
	while (!error && entries->count < info.max_entries) {
		if (entries->count == entries->room) {
			error = grow(map, entries);
			if (error)
				break;
		}
		key = entries->keys + entries->count * map->key_size;
		error = bpf_map_get_next_key(
			map->fd, entries->count ? key - map->key_size : NULL,
			key);
		if (error)
			return error == -ENOENT ? 0 : error;
		error = bpf_map_lookup_elem(
			map->fd, key,
			entries->values + entries->count * map->slot_size);
		if (!error) {
			entries->count++;
			retries = 0;
		} else if (error == -ENOENT && retries++ < RETRIES) {
			error = 0; /* just deleted: the one after it */
		}
	}
	return error;
}

/* {count, keys, values}; NULL with an exception pending. */
static napi_value new_entries(napi_env env, const struct handle *map,
			      struct entries *entries)
{
	napi_value keys, values, result;

	keys = take_bytes(env, &entries->keys, entries->count * map->key_size);
	values = take_bytes(env, &entries->values,
			    entries->count * map->slot_size);
	if (!keys || !values || napi_create_object(env, &result) != napi_ok)
		return NULL;
	set_number(env, result, "count", (double)entries->count);
	napi_set_named_property(env, result, "keys", keys);
	napi_set_named_property(env, result, "values", values);
	return result;
}

/* mapEntries(map) → {count, keys, values} */
static napi_value map_entries(napi_env env, napi_callback_info info)
{
	napi_value result = NULL;
	struct entries entries = { 0 };
	struct handle *map;
	int error;

	ARGUMENTS(1);
	if (!get_handle(env, argv[0], KIND_MAP, &map))
		return NULL;
	/* Ring buffers and queues. */
	if (!map->key_size || !map->slot_size)
		return throw_bpf(env, ENOTSUPP, "read map '%s'", map->name);
	error = read_batches(map, &entries);
	if (error && !entries.count && lacks_batches(-error))
		error = read_singly(map, &entries);
	if (error)
		throw_bpf(env, -error, "read map '%s'", map->name);
	else
		result = new_entries(env, map, &entries);
	free(entries.keys);
	free(entries.values);
	return result;
}

static bool is_hash(uint32_t type)
{
	return type == BPF_MAP_TYPE_HASH || type == BPF_MAP_TYPE_PERCPU_HASH ||
	       type == BPF_MAP_TYPE_LRU_HASH ||
	       type == BPF_MAP_TYPE_LRU_PERCPU_HASH ||
	       type == BPF_MAP_TYPE_HASH_OF_MAPS;
}

/*
 * One BPF_MAP_LOOKUP_BATCH with room for `room` entries, or twice as many
 * while a bucket is larger. -ENOENT: these are the last.
 */
static int read_part(const struct handle *map, struct entries *entries,
		     uint32_t room, uint8_t *in, uint8_t *out)
{
	__u32 count;
	int error;

	do {
		error = resize(map, entries, room);
		if (error)
			return error;
		count = room;
		error = bpf_map_lookup_batch(map->fd, in, out, entries->keys,
					     entries->values, &count, NULL);
		room *= 2;
	} while (error == -ENOSPC && room);
	if (!error || error == -ENOENT)
		entries->count = count;
	return error;
}

/*
 * mapPart(map, position | undefined, room) → {count, keys, values, position},
 * without a position: there are no more. Of hashes: the position of others is
 * a key, of any size.
 */
static napi_value map_part(napi_env env, napi_callback_info info)
{
	uint8_t *position = NULL, next[POSITION_SIZE] = { 0 };
	struct entries entries = { 0 };
	napi_value result = NULL;
	struct handle *map;
	uint32_t room;
	size_t length;
	int error;

	ARGUMENTS(3);
	if (!get_handle(env, argv[0], KIND_MAP, &map) ||
	    !get_u32(env, argv[2], "room", &room))
		return NULL;
	if (!is_hash(map->map_type))
		return throw_bpf(env, ENOTSUPP, "read map '%s' in parts",
				 map->name);
	if (!is_undefined(env, argv[1])) {
		if (!get_bytes(env, argv[1], "position", &position, &length))
			return NULL;
		if (length != sizeof(next))
			return throw_type(env, "position must have %zu bytes",
					  sizeof(next));
	}
	error = read_part(map, &entries, room ? room : 1, position, next);
	if (error && error != -ENOENT)
		throw_bpf(env, -error, "read map '%s'", map->name);
	else
		result = new_entries(env, map, &entries);
	if (result && !error)
		napi_set_named_property(env, result, "position",
					new_bytes(env, next, sizeof(next)));
	free(entries.keys);
	free(entries.values);
	return result;
}

static bool get_array(napi_env env, napi_value value, const char *what,
		      const struct handle *map, size_t size, uint32_t count,
		      uint8_t **data)
{
	size_t length;

	if (!get_bytes(env, value, what, data, &length))
		return false;
	if ((uint64_t)length == (uint64_t)size * count)
		return true;
	throw_type(env, "%s of map '%s' must have %u times %zu bytes, not %zu",
		   what, map->name, count, size, length);
	return false;
}

/* mapUpdateBatch(map, keys, values, count) */
static napi_value map_update_batch(napi_env env, napi_callback_info info)
{
	uint32_t count, done = 0;
	uint8_t *keys, *values;
	struct handle *map;
	int error = 0;

	ARGUMENTS(4);
	if (!get_handle(env, argv[0], KIND_MAP, &map) ||
	    !get_u32(env, argv[3], "count", &count) ||
	    !get_array(env, argv[1], "keys", map, map->key_size, count,
		       &keys) ||
	    !get_array(env, argv[2], "values", map, map->slot_size, count,
		       &values))
		return NULL;
	if (count) {
		done = count;
		error = bpf_map_update_batch(map->fd, keys, values, &done,
					     NULL);
	}
	if (error && lacks_batches(-error)) {
		error = 0;
		for (done = 0; !error && done < count; done += !error)
			error = bpf_map_update_elem(
				map->fd, keys + (size_t)done * map->key_size,
				values + (size_t)done * map->slot_size,
				BPF_ANY);
	}
	if (error)
		throw_bpf(env, -error, "update map '%s' after %u of %u entries",
			  map->name, done, count);
	return NULL;
}

/* mapDeleteBatch(map, keys, count) → how many there were */
static napi_value map_delete_batch(napi_env env, napi_callback_info info)
{
	uint32_t count, step, done = 0, deleted = 0;
	bool batches = true;
	struct handle *map;
	uint8_t *keys, *key;
	int error = 0;

	ARGUMENTS(3);
	if (!get_handle(env, argv[0], KIND_MAP, &map) ||
	    !get_u32(env, argv[2], "count", &count) ||
	    !get_array(env, argv[1], "keys", map, map->key_size, count, &keys))
		return NULL;
	while (done < count) {
		key = keys + (size_t)done * map->key_size;
		step = batches ? count - done : 1;
		if (batches)
			error = bpf_map_delete_batch(map->fd, key, &step, NULL);
		else
			error = bpf_map_delete_elem(map->fd, key);
		if (batches && error && lacks_batches(-error)) {
			batches = false;
			continue;
		}
		if (!batches && error)
			step = 0;
		deleted += step;
		done += step;
		/* A batch ends at a key that is not there. */
		if (error == -ENOENT)
			done++;
		else if (error)
			return throw_bpf(env, -error, "delete from map '%s'",
					 map->name);
	}
	return new_number(env, deleted);
}

void batch_init(napi_env env, napi_value exports)
{
	static const struct function functions[] = {
		{ "mapEntries", map_entries },
		{ "mapPart", map_part },
		{ "mapUpdateBatch", map_update_batch },
		{ "mapDeleteBatch", map_delete_batch },
	};

	ADD_FUNCTIONS(functions);
}
