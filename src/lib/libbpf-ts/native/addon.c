/* SPDX-License-Identifier: GPL-2.0-only */
#include "addon.h"

void add_functions(napi_env env, napi_value exports,
		   const struct function *functions, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		napi_value function;

		if (napi_create_function(env, functions[i].name,
					 NAPI_AUTO_LENGTH, functions[i].call,
					 NULL, &function) == napi_ok)
			napi_set_named_property(env, exports,
						functions[i].name, function);
	}
}

NAPI_MODULE_INIT()
{
	log_init();
	error_init(env, exports);
	handle_init(env, exports);
	object_init(env, exports);
	map_init(env, exports);
	batch_init(env, exports);
	program_init(env, exports);
	link_init(env, exports);
	source_init(env, exports);
	ring_init(env, exports);
	netlink_init(env, exports);
	netlink_request_init(env, exports);
	system_init(env, exports);
	socket_init(env, exports);
	text_init(env, exports);
	return exports;
}
