/* SPDX-License-Identifier: MIT */
/* Four bits at a time: it only ever sees a header and heads of blocks, so a
   table of a kilobyte would cost more cache than it saves. */
#include "shm/crc32c.h"

/* What the low four bits of the remainder add once they are shifted out;
   the polynomial 1EDC6F41, bits reflected. */
static const uint32_t crc32c_nibble[16] = {
	0x00000000u, 0x105ec76fu, 0x20bd8edeu, 0x30e349b1u,
	0x417b1dbcu, 0x5125dad3u, 0x61c69362u, 0x7198540du,
	0x82f63b78u, 0x92a8fc17u, 0xa24bb5a6u, 0xb21572c9u,
	0xc38d26c4u, 0xd3d3e1abu, 0xe330a81au, 0xf36e6f75u,
};

uint32_t
kyi_crc32c(uint32_t crc, const void *data, size_t len_bytes)
{
	const uint8_t *byte = data;

	crc = ~crc;
	for (; len_bytes > 0; len_bytes--, byte++) {
		crc ^= *byte;
		crc = (crc >> 4) ^ crc32c_nibble[crc & 15];
		crc = (crc >> 4) ^ crc32c_nibble[crc & 15];
	}
	return ~crc;
}
