/* SPDX-License-Identifier: MIT */
/* The maps of a run's file that are not looks (docs/formats.md). */
#include <msgpack.h>
#include <string.h>

#include "reader/export/run.h"

#define RUN_VERSION 1

static int
write_bytes(void *buffer, const char *bytes, size_t len_bytes)
{
	kymo_buffer_add(buffer, bytes, len_bytes);
	return 0;
}

static void
pack_str(msgpack_packer *to, const char *text)
{
	size_t len_bytes = strlen(text);

	msgpack_pack_str(to, len_bytes);
	msgpack_pack_str_body(to, text, len_bytes);
}

static void
pack_member(msgpack_packer *to, const char *key, uint64_t n)
{
	pack_str(to, key);
	msgpack_pack_uint64(to, n);
}

void
kymo_run_begin(struct kymo_buffer *buffer, uint64_t at_ns,
    const char *const *command, const char *phase)
{
	msgpack_packer to;
	uint32_t cnt = 0;

	while (command && command[cnt])
		cnt++;
	msgpack_packer_init(&to, buffer, write_bytes);
	msgpack_pack_map(&to, 4);
	pack_member(&to, "kymo_run", RUN_VERSION);
	pack_member(&to, "at_ns", at_ns);
	pack_str(&to, "phase");
	pack_str(&to, phase ? phase : "");
	pack_str(&to, "command");
	msgpack_pack_array(&to, cnt);
	for (uint32_t i = 0; i < cnt; i++)
		pack_str(&to, command[i]);
}

void
kymo_run_phase(struct kymo_buffer *buffer, uint64_t at_ns, const char *phase)
{
	msgpack_packer to;

	msgpack_packer_init(&to, buffer, write_bytes);
	msgpack_pack_map(&to, 2);
	pack_str(&to, "phase");
	pack_str(&to, phase);
	pack_member(&to, "at_ns", at_ns);
}

void
kymo_run_finish(struct kymo_buffer *buffer, const struct kymo_run_end *end)
{
	msgpack_packer to;

	msgpack_packer_init(&to, buffer, write_bytes);
	msgpack_pack_map(&to, 6);
	pack_str(&to, "status");
	msgpack_pack_int32(&to, end->status);
	pack_member(&to, "at_ns", end->at_ns);
	pack_member(&to, "wall_ns", end->wall_ns);
	pack_member(&to, "user_ns", end->user_ns);
	pack_member(&to, "system_ns", end->system_ns);
	pack_member(&to, "memory_max_bytes", end->memory_max_bytes);
}
