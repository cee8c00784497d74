/* SPDX-License-Identifier: MIT */
/* The maps of a run's file that are not looks (docs/formats.md). */
#include <stdlib.h>
#include <string.h>

#include "reader/export/msgpack_pack.h"
#include "reader/export/run.h"
#include "reader/region/private.h"

#define RUN_VERSION 1

/* What a person or a program said, which need not be UTF-8. The sign by which a
   reader finds the next run (84 a8 "kymo_run") is none, so it is in no text. */
static void
pack_said(msgpack_packer *to, const char *text)
{
	size_t len_bytes = strlen(text);
	char *repaired = malloc(3 * len_bytes + 1);

	if (!repaired) {
		struct kymo_buffer *buffer = to->data;

		buffer->failed = true;
		return;
	}
	len_bytes = kyi_utf8_repair(repaired, text, len_bytes);
	msgpack_pack_str(to, len_bytes);
	msgpack_pack_str_body(to, repaired, len_bytes);
	free(repaired);
}

void
kymo_run_begin(struct kymo_buffer *buffer, uint64_t at_ns,
    const char *const *command, const char *phase)
{
	msgpack_packer to;
	uint32_t cnt = 0;

	while (command && command[cnt])
		cnt++;
	kyi_pack_to(&to, buffer);
	msgpack_pack_map(&to, 4);
	kyi_pack_member_u64(&to, "kymo_run", RUN_VERSION);
	kyi_pack_member_u64(&to, "at_ns", at_ns);
	kyi_pack_str(&to, "phase");
	pack_said(&to, phase ? phase : "");
	kyi_pack_str(&to, "command");
	msgpack_pack_array(&to, cnt);
	for (uint32_t i = 0; i < cnt; i++)
		pack_said(&to, command[i]);
}

void
kymo_run_phase(struct kymo_buffer *buffer, uint64_t at_ns, const char *phase)
{
	msgpack_packer to;

	kyi_pack_to(&to, buffer);
	msgpack_pack_map(&to, 2);
	kyi_pack_str(&to, "phase");
	pack_said(&to, phase);
	kyi_pack_member_u64(&to, "at_ns", at_ns);
}

void
kymo_run_finish(struct kymo_buffer *buffer, const struct kymo_run_end *end)
{
	msgpack_packer to;

	kyi_pack_to(&to, buffer);
	msgpack_pack_map(&to, 6);
	kyi_pack_str(&to, "status");
	msgpack_pack_int32(&to, end->status);
	kyi_pack_member_u64(&to, "at_ns", end->at_ns);
	kyi_pack_member_u64(&to, "wall_ns", end->wall_ns);
	kyi_pack_member_u64(&to, "user_ns", end->user_ns);
	kyi_pack_member_u64(&to, "system_ns", end->system_ns);
	kyi_pack_member_u64(&to, "memory_max_bytes", end->memory_max_bytes);
}
