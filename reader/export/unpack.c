/* SPDX-License-Identifier: MIT */
/* https://github.com/msgpack/msgpack/blob/master/spec.md */
#include "reader/export/unpack.h"

#include <string.h>

static void
stop(struct kyi_unpack *from, bool cut)
{
	from->failed = true;
	from->cut |= cut;
	from->at = from->end;
}

static size_t
left(const struct kyi_unpack *from)
{
	return (size_t)(from->end - from->at);
}

/* A number of so many bytes, the highest first. */
static uint64_t
big_endian(struct kyi_unpack *from, uint32_t bytes)
{
	uint64_t n = 0;

	if (left(from) < bytes) {
		stop(from, true);
		return 0;
	}
	while (bytes-- > 0)
		n = n << 8 | *from->at++;
	return n;
}

static uint8_t
head(struct kyi_unpack *from)
{
	return (uint8_t)big_endian(from, 1);
}

/* An element has a byte at least. */
static uint32_t
count(struct kyi_unpack *from, uint64_t cnt, uint32_t bytes_each)
{
	if (cnt > left(from) / bytes_each) {
		stop(from, true);
		return 0;
	}
	return (uint32_t)cnt;
}

uint32_t
kyi_unpack_map(struct kyi_unpack *from)
{
	uint8_t type = head(from);

	if (type >> 4 == 0x8)
		return count(from, type & 0xf, 2);
	if (type == 0xde || type == 0xdf)
		return count(from, big_endian(from, type == 0xde ? 2 : 4), 2);
	stop(from, false);
	return 0;
}

uint32_t
kyi_unpack_array(struct kyi_unpack *from)
{
	uint8_t type = head(from);

	if (type >> 4 == 0x9)
		return count(from, type & 0xf, 1);
	if (type == 0xdc || type == 0xdd)
		return count(from, big_endian(from, type == 0xdc ? 2 : 4), 1);
	stop(from, false);
	return 0;
}

/* Of an integer; *negative: it is a negative one's two's complement. */
static uint64_t
integer(struct kyi_unpack *from, uint8_t type, bool *negative)
{
	uint64_t n;
	uint32_t bits;

	*negative = false;
	if (type < 0x80)
		return type;
	if (type >= 0xe0) {
		*negative = true;
		return (uint64_t)(int64_t)(int8_t)type;
	}
	if (type >= 0xcc && type <= 0xcf)
		return big_endian(from, 1u << (type - 0xcc));
	if (type < 0xd0 || type > 0xd3) {
		stop(from, false);
		return 0;
	}
	bits = 8u << (type - 0xd0);
	n = big_endian(from, bits / 8);
	*negative = n >> (bits - 1);
	return *negative && bits < 64 ? n | ~(uint64_t)0 << bits : n;
}

uint64_t
kyi_unpack_u64(struct kyi_unpack *from)
{
	bool negative;
	uint64_t n = integer(from, head(from), &negative);

	if (negative) {
		stop(from, false);
		return 0;
	}
	return n;
}

int64_t
kyi_unpack_i64(struct kyi_unpack *from)
{
	bool negative;
	uint64_t n = integer(from, head(from), &negative);

	if (!negative && n > INT64_MAX) {
		stop(from, false);
		return 0;
	}
	return (int64_t)n;
}

double
kyi_unpack_number(struct kyi_unpack *from)
{
	uint8_t type = head(from);
	bool negative;
	uint64_t bits;
	uint32_t bits_32;
	double d;
	float f;

	if (type == 0xca) {
		bits_32 = (uint32_t)big_endian(from, 4);
		memcpy(&f, &bits_32, sizeof(f));
		return f;
	}
	if (type == 0xcb) {
		bits = big_endian(from, 8);
		memcpy(&d, &bits, sizeof(d));
		return d;
	}
	bits = integer(from, type, &negative);
	return negative ? (double)(int64_t)bits : (double)bits;
}

const char *
kyi_unpack_str(struct kyi_unpack *from, uint32_t *len_bytes)
{
	uint8_t type = head(from);
	uint64_t len = 0;
	const char *str;

	if (type >> 5 == 0x5)
		len = type & 0x1f;
	else if (type >= 0xd9 && type <= 0xdb)
		len = big_endian(from, 1u << (type - 0xd9));
	else
		stop(from, false);
	*len_bytes = count(from, len, 1);
	str = (const char *)from->at;
	from->at += *len_bytes;
	return str;
}

bool
kyi_unpack_is(const char *str, uint32_t len_bytes, const char *text)
{
	return strlen(text) == len_bytes && memcmp(str, text, len_bytes) == 0;
}

/* What is in an object besides its head: bytes to pass over, and objects. */
static void
inside(struct kyi_unpack *from, uint8_t type, uint64_t *bytes, uint64_t *objects)
{
	*bytes = *objects = 0;
	if (type < 0x80 || type >= 0xe0 || type == 0xc0 || type == 0xc2 ||
	    type == 0xc3)
		return;
	if (type >> 4 == 0x8)
		*objects = 2u * (type & 0xf);
	else if (type >> 4 == 0x9)
		*objects = type & 0xf;
	else if (type >> 5 == 0x5)
		*bytes = type & 0x1f;
	else if (type >= 0xc4 && type <= 0xc6)
		*bytes = big_endian(from, 1u << (type - 0xc4));
	else if (type >= 0xc7 && type <= 0xc9)
		*bytes = big_endian(from, 1u << (type - 0xc7)) + 1;
	else if (type == 0xca || type == 0xcb)
		*bytes = type == 0xca ? 4 : 8;
	else if (type >= 0xcc && type <= 0xd3)
		*bytes = 1u << (type & 3);
	else if (type >= 0xd4 && type <= 0xd8)
		*bytes = (1u << (type - 0xd4)) + 1;
	else if (type >= 0xd9 && type <= 0xdb)
		*bytes = big_endian(from, 1u << (type - 0xd9));
	else if (type == 0xdc || type == 0xdd)
		*objects = big_endian(from, type == 0xdc ? 2 : 4);
	else if (type == 0xde || type == 0xdf)
		*objects = 2 * big_endian(from, type == 0xde ? 2 : 4);
	else
		stop(from, false);
}

/* Counts what is still to come instead of going down: no depth hurts it. */
void
kyi_unpack_skip(struct kyi_unpack *from)
{
	uint64_t todo = 1, bytes, objects;

	while (todo > 0 && !from->failed) {
		inside(from, head(from), &bytes, &objects);
		if (bytes > left(from) || objects > left(from)) {
			stop(from, true);
			return;
		}
		from->at += bytes;
		todo += objects;
		todo--;
	}
}
