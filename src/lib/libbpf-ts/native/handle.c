/* SPDX-License-Identifier: GPL-2.0-only */
/* Descriptors of maps, programs and links, closed when collected. */
#include "addon.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAGIC 0x6c69626270662d74ULL
#define ROUND_UP_8(n) (((size_t)(n) + 7) / 8 * 8)

static const char *const kinds[] = {
	[KIND_MAP] = "map",
	[KIND_PROGRAM] = "program",
	[KIND_LINK] = "link",
};

static bool get_any_handle(napi_env env, napi_value value,
			   struct handle **out)
{
	napi_valuetype type;
	void *data = NULL;

	if (napi_typeof(env, value, &type) == napi_ok &&
	    type == napi_external &&
	    napi_get_value_external(env, value, &data) == napi_ok && data &&
	    ((struct handle *)data)->magic == MAGIC) {
		*out = data;
		return true;
	}
	throw_type(env, "argument must be a map, program or link");
	return false;
}

static bool is_open(napi_env env, const struct handle *handle)
{
	if (handle->fd >= 0)
		return true;
	throw_bpf(env, EBADF, "use closed %s '%s'", kinds[handle->kind],
		  handle->name);
	return false;
}

bool get_handle(napi_env env, napi_value value, enum kind kind,
		struct handle **out)
{
	if (!get_any_handle(env, value, out))
		return false;
	if ((*out)->kind != kind) {
		throw_type(env, "argument must be a %s", kinds[kind]);
		return false;
	}
	return is_open(env, *out);
}

static void finalize(napi_env env, void *data, void *hint)
{
	struct handle *handle = data;

	(void)env;
	(void)hint;
	if (handle->fd >= 0)
		close(handle->fd);
	free(handle);
}

static bool is_per_cpu(uint32_t type)
{
	return type == BPF_MAP_TYPE_PERCPU_HASH ||
	       type == BPF_MAP_TYPE_PERCPU_ARRAY ||
	       type == BPF_MAP_TYPE_LRU_PERCPU_HASH ||
	       type == BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE;
}

/* 0 or a negative errno. */
static int describe_map(struct handle *handle, char name[BPF_OBJ_NAME_LEN])
{
	struct bpf_map_info info = { 0 };
	__u32 length = sizeof(info);
	int cpus, error;

	error = bpf_obj_get_info_by_fd(handle->fd, &info, &length);
	if (error)
		return error;
	handle->map_type = info.type;
	handle->key_size = info.key_size;
	handle->value_size = info.value_size;
	handle->slot_size = info.value_size;
	if (is_per_cpu(info.type)) {
		cpus = libbpf_num_possible_cpus();
		if (cpus < 0)
			return cpus;
		handle->slot_size = ROUND_UP_8(info.value_size) * (size_t)cpus;
	}
	memcpy(name, info.name, BPF_OBJ_NAME_LEN);
	return 0;
}

static int describe(struct handle *handle, char name[BPF_OBJ_NAME_LEN])
{
	struct bpf_prog_info program = { 0 };
	struct bpf_link_info link = { 0 };
	__u32 length;
	int error = 0;

	switch (handle->kind) {
	case KIND_MAP:
		return describe_map(handle, name);
	case KIND_PROGRAM:
		length = sizeof(program);
		error = bpf_obj_get_info_by_fd(handle->fd, &program, &length);
		memcpy(name, program.name, BPF_OBJ_NAME_LEN);
		break;
	case KIND_LINK:
		length = sizeof(link);
		error = bpf_obj_get_info_by_fd(handle->fd, &link, &length);
		snprintf(name, BPF_OBJ_NAME_LEN, "%u", link.id);
		break;
	}
	return error;
}

napi_value new_handle(napi_env env, enum kind kind, int fd, const char *name)
{
	struct handle *handle = calloc(1, sizeof(*handle));
	char kernel_name[BPF_OBJ_NAME_LEN + 1] = "";
	napi_value value;
	int error;

	if (!handle) {
		close(fd);
		return throw_bpf(env, ENOMEM, "open %s", kinds[kind]);
	}
	handle->magic = MAGIC;
	handle->kind = kind;
	handle->fd = fd;
	error = describe(handle, kernel_name);
	if (error) {
		finalize(env, handle, NULL);
		return throw_bpf(env, -error, "describe %s '%s'", kinds[kind],
				 name ? name : "");
	}
	snprintf(handle->name, sizeof(handle->name), "%s",
		 name ? name : kernel_name);
	if (napi_create_external(env, handle, finalize, NULL, &value) !=
	    napi_ok) {
		finalize(env, handle, NULL);
		return NULL;
	}
	return value;
}

static napi_value handle_close(napi_env env, napi_callback_info info)
{
	struct handle *handle;

	ARGUMENTS(1);
	if (!get_any_handle(env, argv[0], &handle))
		return NULL;
	if (handle->fd >= 0)
		close(handle->fd);
	handle->fd = -1;
	return NULL;
}

static napi_value handle_fd(napi_env env, napi_callback_info info)
{
	struct handle *handle;

	ARGUMENTS(1);
	if (!get_any_handle(env, argv[0], &handle) || !is_open(env, handle))
		return NULL;
	return new_number(env, handle->fd);
}

static napi_value handle_pin(napi_env env, napi_callback_info info)
{
	struct handle *handle;
	char path[PATH_MAX];

	ARGUMENTS(2);
	if (!get_any_handle(env, argv[0], &handle) || !is_open(env, handle) ||
	    !get_string(env, argv[1], "path", path, sizeof(path)))
		return NULL;
	if (bpf_obj_pin(handle->fd, path))
		return throw_bpf(env, errno, "pin %s '%s' at '%s'",
				 kinds[handle->kind], handle->name, path);
	return NULL;
}

static bool get_kind(napi_env env, napi_value value, enum kind *kind)
{
	uint32_t number;

	if (!get_u32(env, value, "kind", &number))
		return false;
	if (number > KIND_LINK) {
		throw_type(env, "kind must be 0, 1 or 2");
		return false;
	}
	*kind = number;
	return true;
}

/*
 * BPF_OBJ_GET opens whatever is pinned and BPF_OBJ_GET_INFO_BY_FD describes
 * whatever is open, so only the name of the inode tells what it is. A link
 * is "bpf-link" or "bpf_link", by how it was opened (kernel/bpf/syscall.c).
 */
static bool is_kind(int fd, enum kind kind)
{
	static const char prefix[] = "anon_inode:bpf";
	static const char *const names[] = {
		[KIND_MAP] = "map",
		[KIND_PROGRAM] = "prog",
		[KIND_LINK] = "link",
	};
	const size_t length = sizeof(prefix); /* with the dash */
	char path[32], target[64] = "";

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return readlink(path, target, sizeof(target) - 1) > (ssize_t)length &&
	       !strncmp(target, prefix, length - 1) &&
	       !strcmp(target + length, names[kind]);
}

/* openPinned(kind, path): undefined when there is no such file. */
static napi_value open_pinned(napi_env env, napi_callback_info info)
{
	char path[PATH_MAX];
	enum kind kind;
	int fd;

	ARGUMENTS(2);
	if (!get_kind(env, argv[0], &kind) ||
	    !get_string(env, argv[1], "path", path, sizeof(path)))
		return NULL;
	fd = bpf_obj_get(path);
	if (fd < 0 && errno == ENOENT)
		return new_undefined(env);
	if (fd < 0)
		return throw_bpf(env, errno, "open %s '%s'", kinds[kind], path);
	if (!is_kind(fd, kind)) {
		close(fd);
		return throw_bpf(env, EINVAL, "open '%s' as a %s", path,
				 kinds[kind]);
	}
	return new_handle(env, kind, fd, NULL);
}

static napi_value open_id(napi_env env, napi_callback_info info)
{
	enum kind kind;
	uint32_t id;
	int fd = -1;

	ARGUMENTS(2);
	if (!get_kind(env, argv[0], &kind) ||
	    !get_u32(env, argv[1], "id", &id))
		return NULL;
	switch (kind) {
	case KIND_MAP:
		fd = bpf_map_get_fd_by_id(id);
		break;
	case KIND_PROGRAM:
		fd = bpf_prog_get_fd_by_id(id);
		break;
	case KIND_LINK:
		fd = bpf_link_get_fd_by_id(id);
		break;
	}
	if (fd < 0)
		return throw_bpf(env, errno, "open %s with id %u", kinds[kind],
				 id);
	return new_handle(env, kind, fd, NULL);
}

void handle_init(napi_env env, napi_value exports)
{
	static const struct function functions[] = {
		{ "close", handle_close },
		{ "fd", handle_fd },
		{ "pin", handle_pin },
		{ "openPinned", open_pinned },
		{ "openId", open_id },
	};

	ADD_FUNCTIONS(functions);
}
