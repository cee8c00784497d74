/* SPDX-License-Identifier: MIT */
#include "reader/export/msgpack_pack.h"

#include <string.h>

static int
write_bytes(void *buffer, const char *bytes, size_t len_bytes)
{
	kymo_buffer_add(buffer, bytes, len_bytes);
	return 0;
}

void
kyi_pack_to(msgpack_packer *to, struct kymo_buffer *buffer)
{
	msgpack_packer_init(to, buffer, write_bytes);
}

void
kyi_pack_str(msgpack_packer *to, const char *text)
{
	size_t len_bytes = strlen(text);

	msgpack_pack_str(to, len_bytes);
	msgpack_pack_str_body(to, text, len_bytes);
}

void
kyi_pack_member_str(msgpack_packer *to, const char *key, const char *value)
{
	kyi_pack_str(to, key);
	kyi_pack_str(to, value);
}

void
kyi_pack_member_u64(msgpack_packer *to, const char *key, uint64_t n)
{
	kyi_pack_str(to, key);
	msgpack_pack_uint64(to, n);
}

void
kyi_pack_member_i64(msgpack_packer *to, const char *key, int64_t n)
{
	kyi_pack_str(to, key);
	msgpack_pack_int64(to, n);
}
