/* SPDX-License-Identifier: GPL-2.0-only */
#include "addon.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static napi_value program_info(napi_env env, napi_callback_info info)
{
	struct bpf_prog_info program_info = { 0 };
	__u32 length = sizeof(program_info);
	char tag[2 * BPF_TAG_SIZE + 1];
	struct handle *program;
	napi_value result;

	ARGUMENTS(1);
	if (!get_handle(env, argv[0], KIND_PROGRAM, &program))
		return NULL;
	if (bpf_obj_get_info_by_fd(program->fd, &program_info, &length))
		return throw_bpf(env, errno, "describe program '%s'",
				 program->name);
	if (napi_create_object(env, &result) != napi_ok)
		return NULL;
	for (size_t i = 0; i < BPF_TAG_SIZE; i++)
		snprintf(tag + 2 * i, 3, "%02x", program_info.tag[i]);
	set_number(env, result, "id", program_info.id);
	set_number(env, result, "type", program_info.type);
	set_string(env, result, "name", program_info.name);
	set_string(env, result, "tag", tag);
	if (program_info.verified_insns)
		set_number(env, result, "verifiedInsns",
			   program_info.verified_insns);
	if (program_info.jited_prog_len)
		set_number(env, result, "jitedSize",
			   program_info.jited_prog_len);
	return result;
}

/* testRun(program, data, context | undefined, repeat, dataOutSize) */
static napi_value test_run(napi_env env, napi_callback_info info)
{
	LIBBPF_OPTS(bpf_test_run_opts, run);
	uint8_t *data, *context = NULL, *out = NULL, *context_out;
	size_t length, context_length = 0;
	napi_value result = NULL;
	struct handle *program;
	uint32_t repeat, size;

	ARGUMENTS(5);
	if (!get_handle(env, argv[0], KIND_PROGRAM, &program) ||
	    !get_bytes(env, argv[1], "data", &data, &length) ||
	    (!is_undefined(env, argv[2]) &&
	     !get_bytes(env, argv[2], "context", &context, &context_length)) ||
	    !get_u32(env, argv[3], "repeat", &repeat) ||
	    !get_u32(env, argv[4], "dataOutSize", &size))
		return NULL;
	/* Zeroed: not every type of program writes to it. */
	if (size < SIZE_MAX - context_length)
		out = calloc(1, size + context_length + 1);
	if (!out)
		return throw_bpf(env, ENOMEM, "run program '%s'",
				 program->name);
	context_out = out + size;

	run.repeat = (int)repeat;
	if (length) {
		run.data_in = data;
		run.data_size_in = (__u32)length;
	}
	if (size) {
		run.data_out = out;
		run.data_size_out = size;
	}
	if (context_length) {
		run.ctx_in = context;
		run.ctx_size_in = (__u32)context_length;
		run.ctx_out = context_out;
		run.ctx_size_out = (__u32)context_length;
	}
	if (bpf_prog_test_run_opts(program->fd, &run)) {
		throw_bpf(env, errno, "run program '%s'", program->name);
	} else if (napi_create_object(env, &result) == napi_ok) {
		set_number(env, result, "returnValue", (int32_t)run.retval);
		napi_set_named_property(
			env, result, "data",
			new_bytes(env, out, size ? run.data_size_out : 0));
		napi_set_named_property(
			env, result, "context",
			context_length ? new_bytes(env, context_out,
						   run.ctx_size_out)
				       : new_undefined(env));
		set_number(env, result, "durationNs", run.duration);
	}
	free(out);
	return result;
}

void program_init(napi_env env, napi_value exports)
{
	static const struct function functions[] = {
		{ "programInfo", program_info },
		{ "testRun", test_run },
	};

	ADD_FUNCTIONS(functions);
}
