/* SPDX-License-Identifier: MIT */
/* A column of floats as bytes, exactly. The first byte is its form:

	FORM_RUN  bits, 8 bytes: all values are this one
	FORM_INTS how u8: bits 0-3 power of ten (15: the bits themselves),
	          4-5 how often differences were taken, 6 there are odd values,
	          7 lengths differ; [odd values]; first varint,
	          longest u8, [lengths], bytes by plane

   Odd values (NaN, infinities, -0: what no power of ten makes an integer) are
   told as runs, (gap, run varints, bits 8 bytes) after their number; the
   integer there is the one before. */
#include "reader/history/frame.h"

#include <string.h>

#include "reader/history/varint.h"

enum { FORM_RUN = 0, FORM_INTS = 1 };

#define POWER_MAX 12u
#define POWER_BITS 15u /* the number is the float's own bits */
#define HOW_POWER 0x0fu
#define HOW_ORDER_SHIFT 4
#define HOW_ODD 0x40u
#define HOW_LENGTHS 0x80u
/* Within these a float rounds to an integer by adding and taking away this. */
#define ROUNDER 0x1.8p52
#define INTEGER_MAX 0x1p51

static const double power_of_ten[POWER_MAX + 1] = {
	1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12
};

static inline uint64_t
bits_of(double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof bits);
	return bits;
}

static inline double
of_bits(uint64_t bits)
{
	double value;

	memcpy(&value, &bits, sizeof value);
	return value;
}

/* ---- to bytes ------------------------------------------------------------ */

/* Is value n / 10^power for an integer n, to the bit? */
static inline bool
scaled(double value, unsigned power, uint64_t *n)
{
	double large = value * power_of_ten[power];

	if (!(large < INTEGER_MAX && large > -INTEGER_MAX))
		return false;
	large = large + ROUNDER - ROUNDER;
	*n = (uint64_t)(int64_t)large;
	return bits_of((double)(int64_t)large / power_of_ten[power]) ==
	    bits_of(value);
}

static bool
odd(double value)
{
	return value != value || value - value != 0 ||
	    bits_of(value) == bits_of(-0.0);
}

/* The least power of ten that makes integers of all but the odd values;
   POWER_BITS: none. */
static unsigned
find_power(const double *value, uint32_t cnt, bool *any_odd)
{
	unsigned power = 0;
	uint64_t before = 0, n;

	*any_odd = false;
	for (uint32_t i = 0; i < cnt; i++) {
		uint64_t bits = bits_of(value[i]);

		if (bits == before)
			continue;
		before = bits;
		while (power <= POWER_MAX && !scaled(value[i], power, &n)) {
			if (odd(value[i])) {
				*any_odd = true;
				break;
			}
			power++;
		}
		if (power > POWER_MAX)
			return POWER_BITS;
	}
	return power;
}

/* Fills number[]; odd places repeat the number before. False: a power that was
   found for a small value is too much for a large one. */
static bool
to_numbers(const double *value, uint32_t cnt, unsigned power, bool any_odd,
    uint64_t *number)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < cnt; i++) {
		if (power == POWER_BITS)
			n = bits_of(value[i]);
		else if (i > 0 && bits_of(value[i]) == bits_of(value[i - 1]))
			;
		else if ((!any_odd || !odd(value[i])) &&
		    !scaled(value[i], power, &n))
			return false;
		number[i] = n;
	}
	return true;
}

static void
put_odd(struct kymo_buffer *to, const double *value, uint32_t cnt)
{
	uint32_t runs = 0, end = 0, i, k;

	for (i = 0; i < cnt; i++)
		runs += odd(value[i]) && (i == 0 ||
		    bits_of(value[i]) != bits_of(value[i - 1]));
	kyi_varint_put(to, runs);
	for (i = 0; i < cnt; i = k) {
		k = i + 1;
		if (!odd(value[i]))
			continue;
		while (k < cnt && bits_of(value[k]) == bits_of(value[i]))
			k++;
		kyi_varint_put(to, i - end);
		kyi_varint_put(to, k - i);
		kymo_buffer_add(to, &value[i], sizeof *value);
		end = k;
	}
}

static inline unsigned
bit_len(uint64_t n)
{
	return n == 0 ? 0 : 64 - (unsigned)__builtin_clzll(n);
}

/* How often differences are to be taken so that least bits remain: 0, 1, 2. */
static unsigned
best_order(const uint64_t *number, uint32_t cnt)
{
	uint64_t bits[3] = { 0, 0, 0 }, before = 0, delta_before = 0;
	unsigned best = 1;

	for (uint32_t i = 0; i < cnt; i++) {
		uint64_t delta = number[i] - before;

		if (i > 1) {
			bits[0] += bit_len(kyi_zigzag((int64_t)number[i]));
			bits[1] += bit_len(kyi_zigzag((int64_t)delta));
			bits[2] += bit_len(kyi_zigzag(
			    (int64_t)(delta - delta_before)));
		}
		before = number[i];
		delta_before = delta;
	}
	if (bits[0] < bits[best])
		best = 0;
	if (bits[2] + cnt / 8 < bits[best])
		best = 2;
	return best;
}

/* number[1..] becomes its differences, order times, without signs. */
static void
to_deltas(const uint64_t *number, uint32_t cnt, unsigned order,
    uint64_t *delta)
{
	uint64_t before = number[0], delta_before = 0;

	for (uint32_t i = 1; i < cnt; i++) {
		uint64_t d = number[i];

		if (order > 0)
			d -= before;
		before = number[i];
		if (order > 1) {
			uint64_t now = d;

			d -= delta_before;
			delta_before = now;
		}
		delta[i - 1] = kyi_zigzag((int64_t)d);
	}
}

static void
put_planes(struct kymo_buffer *to, const uint64_t *delta, const uint8_t *len,
    uint32_t cnt, unsigned longest, bool lengths)
{
	for (unsigned plane = 0; plane < longest; plane++) {
		char *at = kyi_room(to, cnt);

		if (at == NULL)
			return;
		for (uint32_t i = 0; i < cnt; i++) {
			*at = (char)(delta[i] >> 8 * plane);
			at += !lengths || len[i] > plane;
		}
		kyi_room_used(to, at);
	}
}

static void
put_deltas(struct kymo_buffer *to, uint32_t cnt, struct kyi_column_room *room,
    size_t how_off)
{
	unsigned longest = 0, shortest = 8;
	bool lengths;

	for (uint32_t i = 0; i < cnt; i++) {
		unsigned len = (bit_len(room->delta[i]) + 7) / 8;

		room->len[i] = (uint8_t)len;
		longest = len > longest ? len : longest;
		shortest = len < shortest ? len : shortest;
	}
	/* A byte too many for most costs less than telling lengths. */
	lengths = longest > 1 && shortest < longest;
	kymo_buffer_char(to, (char)longest);
	if (to->failed)
		return;
	if (lengths) {
		to->at[how_off] = (char)((uint8_t)to->at[how_off] | HOW_LENGTHS);
		kymo_buffer_add(to, room->len, cnt);
	}
	put_planes(to, room->delta, room->len, cnt, longest, lengths);
}

static bool
all_one(const double *value, uint32_t cnt)
{
	return cnt < 2 || memcmp(value, value + 1,
	    (cnt - 1) * sizeof *value) == 0;
}

void
kyi_column_put(struct kymo_buffer *to, const double *value, uint32_t cnt,
    struct kyi_column_room *room)
{
	bool any_odd;
	unsigned power, order;
	size_t how_off;

	if (all_one(value, cnt)) {
		kymo_buffer_char(to, FORM_RUN);
		kymo_buffer_add(to, value, sizeof *value);
		return;
	}
	power = find_power(value, cnt, &any_odd);
	if (!to_numbers(value, cnt, power, any_odd, room->number))
		power = POWER_BITS;
	if (power == POWER_BITS) {
		any_odd = false;
		(void)to_numbers(value, cnt, power, false, room->number);
	}
	order = best_order(room->number, cnt);
	kymo_buffer_char(to, FORM_INTS);
	how_off = to->len_bytes;
	kymo_buffer_char(to, (char)(power | order << HOW_ORDER_SHIFT |
	    (any_odd ? HOW_ODD : 0)));
	if (any_odd)
		put_odd(to, value, cnt);
	kyi_varint_put(to, kyi_zigzag((int64_t)room->number[0]));
	to_deltas(room->number, cnt, order, room->delta);
	put_deltas(to, cnt - 1, room, how_off);
}

/* ---- from bytes ------------------------------------------------------------ */

/* Odd values are put in last; here only found. */
static int
skip_odd(const uint8_t **at, const uint8_t *end, uint32_t cnt)
{
	uint64_t runs, gap, run, past = 0;

	if (!kyi_varint_get(at, end, &runs) || runs > cnt)
		return -1;
	while (runs-- > 0) {
		if (!kyi_varint_get(at, end, &gap) ||
		    !kyi_varint_get(at, end, &run) ||
		    gap > cnt - past || run > cnt - past - gap ||
		    end - *at < 8)
			return -1;
		past += gap + run;
		*at += 8;
	}
	return 0;
}

static void
set_odd(const uint8_t *at, const uint8_t *end, double *value)
{
	uint64_t runs = 0, gap = 0, run = 0;
	double is;

	(void)kyi_varint_get(&at, end, &runs);
	while (runs-- > 0) {
		(void)kyi_varint_get(&at, end, &gap);
		(void)kyi_varint_get(&at, end, &run);
		memcpy(&is, at, sizeof is);
		at += sizeof is;
		for (value += gap; run > 0; run--)
			*value++ = is;
	}
}

/* Where the planes begin and what they are. */
struct planes {
	const uint8_t *len; /* NULL: all are of longest bytes */
	const uint8_t *at[8];
	unsigned longest, power, order;
	uint64_t first;
};

static int
find_planes(const uint8_t **at, const uint8_t *end, uint32_t cnt,
    bool lengths, struct planes *planes)
{
	uint64_t in_plane[8] = { 0 };

	if (*at == end || **at > 8)
		return -1;
	planes->longest = *(*at)++;
	planes->len = NULL;
	for (unsigned p = 0; p < planes->longest; p++)
		in_plane[p] = cnt;
	if (lengths) {
		uint64_t of_len[9] = { 0 };

		if ((uint64_t)(end - *at) < cnt)
			return -1;
		planes->len = *at;
		for (uint32_t i = 0; i < cnt; i++) {
			if (planes->len[i] > planes->longest)
				return -1;
			of_len[planes->len[i]]++;
		}
		*at += cnt;
		for (unsigned p = 0, shorter = 0; p < planes->longest; p++) {
			shorter += (unsigned)of_len[p];
			in_plane[p] = cnt - shorter;
		}
	}
	for (unsigned p = 0; p < planes->longest; p++) {
		if ((uint64_t)(end - *at) < in_plane[p])
			return -1;
		planes->at[p] = *at;
		*at += in_plane[p];
	}
	return 0;
}

static inline uint64_t
next_delta(struct planes *planes, uint32_t i)
{
	unsigned len = planes->len != NULL ? planes->len[i] : planes->longest;
	uint64_t n = 0;

	for (unsigned p = 0; p < len; p++)
		n |= (uint64_t)*planes->at[p]++ << 8 * p;
	return n;
}

static inline double
of_number(uint64_t number, unsigned power)
{
	if (power == POWER_BITS)
		return of_bits(number);
	return (double)(int64_t)number / power_of_ten[power];
}

static void
from_deltas(struct planes *planes, double *value, uint32_t cnt)
{
	uint64_t number = planes->first, step = 0;

	value[0] = of_number(number, planes->power);
	for (uint32_t i = 1; i < cnt; i++) {
		uint64_t zigzag = next_delta(planes, i - 1), d;

		/* Most samples are as the one before. */
		if (zigzag == 0 && planes->order == 1) {
			value[i] = value[i - 1];
			continue;
		}
		d = (uint64_t)kyi_unzigzag(zigzag);
		if (planes->order == 2)
			d = step += d;
		number = planes->order == 0 ? d : number + d;
		value[i] = of_number(number, planes->power);
	}
}

static int
get_ints(const uint8_t **at, const uint8_t *end, double *value, uint32_t cnt)
{
	const uint8_t *odds = NULL;
	struct planes planes;
	uint64_t first;
	unsigned how;

	if (*at == end || cnt == 0)
		return -1;
	how = *(*at)++;
	planes.power = how & HOW_POWER;
	planes.order = how >> HOW_ORDER_SHIFT & 3;
	if ((planes.power > POWER_MAX && planes.power != POWER_BITS) ||
	    planes.order > 2)
		return -1;
	if (how & HOW_ODD) {
		odds = *at;
		if (skip_odd(at, end, cnt) != 0)
			return -1;
	}
	if (!kyi_varint_get(at, end, &first) ||
	    find_planes(at, end, cnt - 1, how & HOW_LENGTHS, &planes) != 0)
		return -1;
	planes.first = (uint64_t)kyi_unzigzag(first);
	if (value == NULL)
		return 0;
	from_deltas(&planes, value, cnt);
	if (odds != NULL)
		set_odd(odds, *at, value);
	return 0;
}

int
kyi_column_get(const uint8_t **at, const uint8_t *end, double *value,
    uint32_t cnt)
{
	double run;

	if (*at == end)
		return -1;
	switch (*(*at)++) {
	case FORM_RUN:
		if (end - *at < (ptrdiff_t)sizeof run)
			return -1;
		memcpy(&run, *at, sizeof run);
		*at += sizeof run;
		for (uint32_t i = 0; value != NULL && i < cnt; i++)
			value[i] = run;
		return 0;
	case FORM_INTS:
		return get_ints(at, end, value, cnt);
	default:
		return -1;
	}
}
