/* SPDX-License-Identifier: GPL-2.0-only */
/* System calls that Node lacks. */
#include "addon.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>

#define OPTION_MAX 4096

static napi_value possible_cpus(napi_env env, napi_callback_info info)
{
	int cpus = libbpf_num_possible_cpus();

	(void)info;
	if (cpus < 0)
		return throw_bpf(env, -cpus, "count CPUs");
	return new_number(env, cpus);
}

/* flock(fd, wait) → false when another holds it */
static napi_value lock_file(napi_env env, napi_callback_info info)
{
	int32_t fd;
	bool wait;

	ARGUMENTS(2);
	if (!get_i32(env, argv[0], "fd", &fd) ||
	    !get_bool(env, argv[1], "wait", &wait))
		return NULL;
	while (flock(fd, LOCK_EX | (wait ? 0 : LOCK_NB))) {
		if (errno == EWOULDBLOCK)
			return new_bool(env, false);
		if (errno != EINTR)
			return throw_bpf(env, errno, "lock descriptor %d", fd);
	}
	return new_bool(env, true);
}

static bool get_option(napi_env env, const napi_value *argv, int32_t *fd,
		       int32_t *level, int32_t *option)
{
	return get_i32(env, argv[0], "fd", fd) &&
	       get_i32(env, argv[1], "level", level) &&
	       get_i32(env, argv[2], "option", option);
}

/* setsockopt(fd, level, option, value) */
static napi_value set_option(napi_env env, napi_callback_info info)
{
	int32_t fd, level, option;
	uint8_t *value;
	size_t length;

	ARGUMENTS(4);
	if (!get_option(env, argv, &fd, &level, &option) ||
	    !get_bytes(env, argv[3], "value", &value, &length))
		return NULL;
	if (setsockopt(fd, level, option, value, (socklen_t)length))
		throw_bpf(env, errno, "set option %d of level %d on socket %d",
			  option, level, fd);
	return NULL;
}

/* getsockopt(fd, level, option, size) */
static napi_value get_socket_option(napi_env env, napi_callback_info info)
{
	int32_t fd, level, option;
	uint8_t value[OPTION_MAX];
	socklen_t length;
	uint32_t size;

	ARGUMENTS(4);
	if (!get_option(env, argv, &fd, &level, &option) ||
	    !get_u32(env, argv[3], "size", &size))
		return NULL;
	if (size > sizeof(value))
		return throw_type(env, "size must be at most %zu",
				  sizeof(value));
	length = size;
	if (getsockopt(fd, level, option, value, &length))
		return throw_bpf(env, errno,
				 "get option %d of level %d of socket %d",
				 option, level, fd);
	/* Some options tell how long they are, whatever fits. */
	return new_bytes(env, value, length < size ? length : size);
}

static napi_value memlock_unlimited(napi_env env, napi_callback_info info)
{
	struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };
	int error;

	(void)info;
	error = setrlimit(RLIMIT_MEMLOCK, &limit);
	/* Without CAP_SYS_RESOURCE as far as the hard limit. */
	if (error && errno == EPERM) {
		error = getrlimit(RLIMIT_MEMLOCK, &limit);
		limit.rlim_cur = limit.rlim_max;
		if (!error)
			error = setrlimit(RLIMIT_MEMLOCK, &limit);
	}
	if (error)
		throw_bpf(env, errno, "raise RLIMIT_MEMLOCK");
	return NULL;
}

/* mount(source, target, type) */
static napi_value mount_filesystem(napi_env env, napi_callback_info info)
{
	char source[PATH_MAX], target[PATH_MAX], type[64];

	ARGUMENTS(3);
	if (!get_string(env, argv[0], "source", source, sizeof(source)) ||
	    !get_string(env, argv[1], "target", target, sizeof(target)) ||
	    !get_string(env, argv[2], "type", type, sizeof(type)))
		return NULL;
	if (mount(source, target, type, MS_NOSUID | MS_NODEV | MS_NOEXEC,
		  NULL))
		throw_bpf(env, errno, "mount %s at '%s'", type, target);
	return NULL;
}

void system_init(napi_env env, napi_value exports)
{
	static const struct function functions[] = {
		{ "possibleCpus", possible_cpus },
		{ "flock", lock_file },
		{ "setsockopt", set_option },
		{ "getsockopt", get_socket_option },
		{ "memlockUnlimited", memlock_unlimited },
		{ "mount", mount_filesystem },
	};

	ADD_FUNCTIONS(functions);
}
