/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Links by bpf_link_create(): libbpf 1.1 has no function for tcx, and none
 * that needs no struct bpf_program.
 */
#include "addon.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINK_TYPE_TCX 11	/* include/uapi/linux/bpf.h since 6.6 */

static napi_value create(napi_env env, const struct handle *program,
			 int target, uint32_t attach_type, const char *where)
{
	int fd = bpf_link_create(program->fd, target, attach_type, NULL);

	if (fd < 0)
		return throw_bpf(env, errno, "attach program '%s' to %s",
				 program->name, where);
	return new_handle(env, KIND_LINK, fd, program->name);
}

/* linkDevice(program, ifindex, attachType) */
static napi_value link_device(napi_env env, napi_callback_info info)
{
	uint32_t ifindex, attach_type;
	struct handle *program;
	char where[32];

	ARGUMENTS(3);
	if (!get_handle(env, argv[0], KIND_PROGRAM, &program) ||
	    !get_u32(env, argv[1], "ifindex", &ifindex) ||
	    !get_u32(env, argv[2], "attachType", &attach_type))
		return NULL;
	snprintf(where, sizeof(where), "device %u", ifindex);
	return create(env, program, (int)ifindex, attach_type, where);
}

/* linkPath(program, path, attachType): a cgroup directory, a netns file. */
static napi_value link_path(napi_env env, napi_callback_info info)
{
	char path[PATH_MAX], where[PATH_MAX + 2];
	struct handle *program;
	uint32_t attach_type;
	napi_value result;
	int target;

	ARGUMENTS(3);
	if (!get_handle(env, argv[0], KIND_PROGRAM, &program) ||
	    !get_string(env, argv[1], "path", path, sizeof(path)) ||
	    !get_u32(env, argv[2], "attachType", &attach_type))
		return NULL;
	target = open(path, O_RDONLY | O_CLOEXEC);
	if (target < 0)
		return throw_bpf(env, errno, "open '%s'", path);
	snprintf(where, sizeof(where), "'%s'", path);
	result = create(env, program, target, attach_type, where);
	close(target);
	return result;
}

static napi_value link_info(napi_env env, napi_callback_info info)
{
	struct bpf_link_info link_info = { 0 };
	__u32 length = sizeof(link_info), tcx[2], attach_type = 0;
	napi_value result, id;
	struct handle *link;

	ARGUMENTS(1);
	if (!get_handle(env, argv[0], KIND_LINK, &link))
		return NULL;
	if (bpf_obj_get_info_by_fd(link->fd, &link_info, &length))
		return throw_bpf(env, errno, "describe link '%s'", link->name);
	if (napi_create_object(env, &result) != napi_ok)
		return NULL;
	switch ((uint32_t)link_info.type) {
	case LINK_TYPE_TCX:
		/* { ifindex, attach_type }, at the beginning of the union. */
		memcpy(tcx, &link_info.raw_tracepoint, sizeof(tcx));
		set_number(env, result, "ifindex", tcx[0]);
		attach_type = tcx[1];
		break;
	case BPF_LINK_TYPE_CGROUP:
		attach_type = link_info.cgroup.attach_type;
		if (napi_create_bigint_uint64(env, link_info.cgroup.cgroup_id,
					      &id) == napi_ok)
			napi_set_named_property(env, result, "cgroupId", id);
		break;
	case BPF_LINK_TYPE_NETNS:
		attach_type = link_info.netns.attach_type;
		break;
	}
	set_number(env, result, "id", link_info.id);
	set_number(env, result, "type", link_info.type);
	set_number(env, result, "programId", link_info.prog_id);
	set_number(env, result, "attachType", attach_type);
	return result;
}

/* linkUpdate(link, program) */
static napi_value link_update(napi_env env, napi_callback_info info)
{
	struct handle *link, *program;

	ARGUMENTS(2);
	if (!get_handle(env, argv[0], KIND_LINK, &link) ||
	    !get_handle(env, argv[1], KIND_PROGRAM, &program))
		return NULL;
	if (bpf_link_update(link->fd, program->fd, NULL))
		throw_bpf(env, errno, "update link '%s' to program '%s'",
			  link->name, program->name);
	return NULL;
}

static napi_value link_detach(napi_env env, napi_callback_info info)
{
	struct handle *link;

	ARGUMENTS(1);
	if (!get_handle(env, argv[0], KIND_LINK, &link))
		return NULL;
	if (bpf_link_detach(link->fd))
		throw_bpf(env, errno, "detach link '%s'", link->name);
	return NULL;
}

void link_init(napi_env env, napi_value exports)
{
	static const struct function functions[] = {
		{ "linkDevice", link_device },
		{ "linkPath", link_path },
		{ "linkInfo", link_info },
		{ "linkUpdate", link_update },
		{ "linkDetach", link_detach },
	};

	ADD_FUNCTIONS(functions);
}
