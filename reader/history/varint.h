/* SPDX-License-Identifier: MIT */
/* Integers in as many bytes as they need, seven bits a byte, lowest first. */
#ifndef KYI_HISTORY_VARINT_H
#define KYI_HISTORY_VARINT_H

#include <stdbool.h>
#include <stdint.h>

#include "reader/room.h"

#define KYI_VARINT_BYTES_MAX 10u

/* Small numbers of either sign become small numbers. */
static inline uint64_t
kyi_zigzag(int64_t n)
{
	return ((uint64_t)n << 1) ^ (uint64_t)(n >> 63);
}

static inline int64_t
kyi_unzigzag(uint64_t n)
{
	return (int64_t)(n >> 1 ^ -(n & 1));
}

static inline uint8_t *
kyi_varint_store(uint8_t *at, uint64_t n)
{
	while (n >= 0x80) {
		*at++ = (uint8_t)(n | 0x80);
		n >>= 7;
	}
	*at++ = (uint8_t)n;
	return at;
}

static inline void
kyi_varint_put(struct kymo_buffer *to, uint64_t n)
{
	char *at = kyi_room(to, KYI_VARINT_BYTES_MAX);

	if (at != NULL)
		kyi_room_used(to,
		    (char *)kyi_varint_store((uint8_t *)at, n));
}

/* false: the bytes end first, or it is no number of 64 bits. */
static inline bool
kyi_varint_get(const uint8_t **at, const uint8_t *end, uint64_t *n)
{
	uint64_t value = 0;

	for (unsigned shift = 0; *at < end; shift += 7) {
		uint8_t byte = *(*at)++;

		if (shift == 63 && byte > 1)
			return false;
		value |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80) {
			*n = value;
			return true;
		}
		if (shift == 63)
			return false;
	}
	return false;
}

#endif
