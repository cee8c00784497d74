/* SPDX-License-Identifier: MIT */
/* Writing msgpack into a buffer: strings, and the pairs of maps. */
#ifndef KYI_EXPORT_MSGPACK_PACK_H
#define KYI_EXPORT_MSGPACK_PACK_H

#include <msgpack.h>
#include <stdint.h>

#include "reader/buffer.h"

/* kyi_pack_to: packs into buffer, whose failed tells if memory was short. */
void kyi_pack_to(msgpack_packer *to, struct kymo_buffer *buffer);
void kyi_pack_str(msgpack_packer *to, const char *text);
/* kyi_pack_member_*: a pair of a map. */
void kyi_pack_member_str(msgpack_packer *to, const char *key, const char *value);
void kyi_pack_member_u64(msgpack_packer *to, const char *key, uint64_t n);
void kyi_pack_member_i64(msgpack_packer *to, const char *key, int64_t n);

#endif
