/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Loading an object file. Its maps and programs come back as descriptors of
 * their own, so libbpf's object is needed no longer than the call takes.
 */
#include "addon.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>

#define NAME_SIZE 256

/* The name and the value of element `index` of an array of pairs. */
static bool get_pair(napi_env env, napi_value array, uint32_t index,
		     char name[NAME_SIZE], napi_value *value)
{
	napi_value pair, first;

	if (napi_get_element(env, array, index, &pair) != napi_ok ||
	    napi_get_element(env, pair, 0, &first) != napi_ok ||
	    napi_get_element(env, pair, 1, value) != napi_ok) {
		throw_type(env, "element %u must be a pair", index);
		return false;
	}
	return get_string(env, first, "name", name, NAME_SIZE);
}

static struct bpf_map *find_map(napi_env env, struct bpf_object *object,
				const char *path, const char *name)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, name);

	if (!map)
		throw_bpf(env, ENOENT, "find map '%s' in '%s'", name, path);
	return map;
}

static bool select_programs(napi_env env, struct bpf_object *object,
			    const char *path, napi_value names)
{
	struct bpf_program *program;
	char name[NAME_SIZE];
	napi_value element;
	uint32_t count;

	if (is_undefined(env, names))
		return true;
	if (!get_length(env, names, "programs", &count))
		return false;
	bpf_object__for_each_program(program, object)
		bpf_program__set_autoload(program, false);
	for (uint32_t i = 0; i < count; i++) {
		if (napi_get_element(env, names, i, &element) != napi_ok ||
		    !get_string(env, element, "program", name, sizeof(name)))
			return false;
		program = bpf_object__find_program_by_name(object, name);
		if (!program) {
			throw_bpf(env, ENOENT, "find program '%s' in '%s'",
				  name, path);
			return false;
		}
		bpf_program__set_autoload(program, true);
	}
	return true;
}

static bool reuse_maps(napi_env env, struct bpf_object *object,
		       const char *path, napi_value pairs)
{
	struct handle *handle;
	char name[NAME_SIZE];
	struct bpf_map *map;
	napi_value value;
	uint32_t count;
	int error;

	if (!get_length(env, pairs, "reuse", &count))
		return false;
	for (uint32_t i = 0; i < count; i++) {
		if (!get_pair(env, pairs, i, name, &value) ||
		    !get_handle(env, value, KIND_MAP, &handle))
			return false;
		map = find_map(env, object, path, name);
		if (!map)
			return false;
		/* Else the verifier would blame the program that uses it. */
		if (bpf_map__type(map) != handle->map_type ||
		    bpf_map__key_size(map) != handle->key_size ||
		    bpf_map__value_size(map) != handle->value_size) {
			throw_bpf(env, EINVAL,
				  "reuse map '%s' of another layout", name);
			return false;
		}
		error = bpf_map__reuse_fd(map, handle->fd);
		if (error) {
			throw_bpf(env, -error, "reuse map '%s'", name);
			return false;
		}
	}
	return true;
}

static bool resize_maps(napi_env env, struct bpf_object *object,
			const char *path, napi_value pairs)
{
	uint32_t count, max_entries;
	char name[NAME_SIZE];
	struct bpf_map *map;
	napi_value value;
	int error;

	if (!get_length(env, pairs, "maxEntries", &count))
		return false;
	for (uint32_t i = 0; i < count; i++) {
		if (!get_pair(env, pairs, i, name, &value) ||
		    !get_u32(env, value, "maxEntries", &max_entries))
			return false;
		map = find_map(env, object, path, name);
		if (!map)
			return false;
		error = bpf_map__set_max_entries(map, max_entries);
		if (error) {
			throw_bpf(env, -error, "set max_entries of map '%s'",
				  name);
			return false;
		}
	}
	return true;
}

/* Appends [name, handle] with a copy of the descriptor. */
static bool append(napi_env env, napi_value array, uint32_t *count,
		   enum kind kind, int fd, const char *name)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	napi_value handle;

	if (copy < 0) {
		throw_bpf(env, errno, "copy descriptor of '%s'", name);
		return false;
	}
	handle = new_handle(env, kind, copy, name);
	if (!handle)
		return false;
	napi_set_element(env, array, (*count)++,
			 new_pair(env, new_string(env, name), handle));
	return true;
}

static napi_value collect(napi_env env, struct bpf_object *object)
{
	napi_value result, maps, programs;
	struct bpf_program *program;
	uint32_t count = 0;
	struct bpf_map *map;

	if (napi_create_object(env, &result) != napi_ok ||
	    napi_create_array(env, &maps) != napi_ok ||
	    napi_create_array(env, &programs) != napi_ok)
		return NULL;
	bpf_object__for_each_map(map, object) {
		if (bpf_map__fd(map) >= 0 &&
		    !append(env, maps, &count, KIND_MAP, bpf_map__fd(map),
			    bpf_map__name(map)))
			return NULL;
	}
	count = 0;
	bpf_object__for_each_program(program, object) {
		if (bpf_program__fd(program) >= 0 &&
		    !append(env, programs, &count, KIND_PROGRAM,
			    bpf_program__fd(program),
			    bpf_program__name(program)))
			return NULL;
	}
	napi_set_named_property(env, result, "maps", maps);
	napi_set_named_property(env, result, "programs", programs);
	return result;
}

/*
 * objectLoad(path, programs | undefined, reuse: [name, map][],
 *            maxEntries: [name, number][]) → {maps, programs}: [name, handle][]
 */
static napi_value object_load(napi_env env, napi_callback_info info)
{
	struct bpf_object *object;
	napi_value result = NULL;
	char path[PATH_MAX];
	int error;

	ARGUMENTS(4);
	if (!get_string(env, argv[0], "path", path, sizeof(path)))
		return NULL;
	log_reset();
	object = bpf_object__open_file(path, NULL);
	if (!object)
		return throw_bpf(env, errno, "open object '%s'", path);
	if (!select_programs(env, object, path, argv[1]) ||
	    !reuse_maps(env, object, path, argv[2]) ||
	    !resize_maps(env, object, path, argv[3]))
		goto out;
	error = bpf_object__load(object);
	if (error)
		throw_bpf(env, -error, "load object '%s'", path);
	else
		result = collect(env, object);
out:
	bpf_object__close(object);
	log_reset();
	return result;
}

void object_init(napi_env env, napi_value exports)
{
	static const struct function functions[] = {
		{ "objectLoad", object_load },
	};

	ADD_FUNCTIONS(functions);
}
