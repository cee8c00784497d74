/* SPDX-License-Identifier: MIT */
#include "reader/history/hist_code.h"

#include <stdlib.h>
#include <string.h>

#include "reader/history/varint.h"

enum { FORM_KEY = 0, FORM_DELTA = 1, FORM_SAME = 2, FORM_FLOAT = 3 };
#define FORM_MASK 3u
#define HINT_SHIFT 2
#define FLAG_BITS 0x10u
#define FLAG_COUNT 0x20u
#define COUNT_MAX 0x1p53

static uint64_t
bits_of(double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof bits);
	return bits;
}

static double
of_bits(uint64_t bits)
{
	double value;

	memcpy(&value, &bits, sizeof value);
	return value;
}

/* ---- to bytes ------------------------------------------------------------------ */

static bool
is_count(double value)
{
	return value >= 0 && value < COUNT_MAX &&
	    (double)(uint64_t)value == value &&
	    bits_of(value) != bits_of(-0.0);
}

static bool
side_is_counts(const struct kymo_hist_side *side)
{
	for (uint32_t i = 0; i < side->cnt; i++)
		if (!is_count(side->count[i]))
			return false;
	return true;
}

static bool
all_counts(const struct kymo_native_hist *hist)
{
	return is_count(hist->zero_count) && side_is_counts(&hist->pos) &&
	    side_is_counts(&hist->neg);
}

static uint64_t
number(double value, bool as_bits)
{
	return as_bits ? bits_of(value) : (uint64_t)value;
}

static double
side_at(const struct kymo_hist_side *side, int64_t idx)
{
	int64_t at = idx - side->first;

	return at < 0 || at >= side->cnt ? 0 : side->count[at];
}

static double
sum_of_buckets(const struct kymo_native_hist *hist)
{
	double sum = hist->zero_count;

	for (uint32_t i = 0; i < hist->pos.cnt; i++)
		sum += hist->pos.count[i];
	for (uint32_t i = 0; i < hist->neg.cnt; i++)
		sum += hist->neg.count[i];
	return sum;
}

static void
side_put(struct kymo_buffer *to, const struct kymo_hist_side *before,
    const struct kymo_hist_side *side, bool as_bits)
{
	uint32_t changed = 0, past = 0;

	for (uint32_t i = 0; i < side->cnt; i++)
		changed += bits_of(side->count[i]) != bits_of(side_at(before,
		    (int64_t)side->first + i));
	kyi_varint_put(to, kyi_zigzag(side->first));
	kyi_varint_put(to, side->cnt);
	kyi_varint_put(to, changed);
	for (uint32_t i = 0; i < side->cnt && changed > 0; i++) {
		double was = side_at(before, (int64_t)side->first + i);

		if (bits_of(side->count[i]) == bits_of(was))
			continue;
		kyi_varint_put(to, i - past);
		kyi_varint_put(to, kyi_zigzag((int64_t)(
		    number(side->count[i], as_bits) - number(was, as_bits))));
		past = i + 1;
		changed--;
	}
}

static bool
side_same(const struct kymo_hist_side *a, const struct kymo_hist_side *b)
{
	return a->cnt == b->cnt && (a->cnt == 0 || (a->first == b->first &&
	    memcmp(a->count, b->count, a->cnt * sizeof *a->count) == 0));
}

static bool
same_grid(const struct kymo_native_hist *a, const struct kymo_native_hist *b)
{
	return a->schema == b->schema && a->bound_cnt == b->bound_cnt &&
	    bits_of(a->zero_threshold) == bits_of(b->zero_threshold) &&
	    (a->bound_cnt == 0 || memcmp(a->bounds, b->bounds,
	    a->bound_cnt * sizeof *a->bounds) == 0);
}

static void
key_put(struct kymo_buffer *to, const struct kymo_native_hist *hist)
{
	kyi_varint_put(to, kyi_zigzag(hist->schema));
	kymo_buffer_add(to, &hist->zero_threshold, sizeof(double));
	kyi_varint_put(to, hist->bound_cnt);
	kymo_buffer_add(to, hist->bounds, hist->bound_cnt * sizeof(double));
}

void
kyi_hist_put(struct kymo_buffer *to, const struct kymo_native_hist *before,
    const struct kymo_native_hist *hist)
{
	static const struct kymo_native_hist nothing;
	unsigned hint = (unsigned)hist->reset << HINT_SHIFT;
	bool key = before == NULL || !same_grid(before, hist);
	bool as_bits, count;

	if (key)
		before = &nothing;
	else if (bits_of(before->count) == bits_of(hist->count) &&
	    bits_of(before->sum) == bits_of(hist->sum) &&
	    bits_of(before->zero_count) == bits_of(hist->zero_count) &&
	    side_same(&before->pos, &hist->pos) &&
	    side_same(&before->neg, &hist->neg)) {
		kymo_buffer_char(to, (char)(FORM_SAME | hint));
		return;
	}
	as_bits = !all_counts(before) || !all_counts(hist);
	count = bits_of(sum_of_buckets(hist)) != bits_of(hist->count);
	kymo_buffer_char(to, (char)((key ? FORM_KEY : FORM_DELTA) | hint |
	    (as_bits ? FLAG_BITS : 0) | (count ? FLAG_COUNT : 0)));
	if (key)
		key_put(to, hist);
	kyi_varint_put(to, kyi_zigzag((int64_t)(bits_of(hist->sum) -
	    bits_of(before->sum))));
	kyi_varint_put(to, kyi_zigzag((int64_t)(
	    number(hist->zero_count, as_bits) -
	    number(before->zero_count, as_bits))));
	if (count)
		kymo_buffer_add(to, &hist->count, sizeof(double));
	side_put(to, &before->pos, &hist->pos, as_bits);
	side_put(to, &before->neg, &hist->neg, as_bits);
}

void
kyi_hist_put_float(struct kymo_buffer *to, double value)
{
	kymo_buffer_char(to, FORM_FLOAT);
	kymo_buffer_add(to, &value, sizeof value);
}

/* ---- from bytes ----------------------------------------------------------------- */

static int
f64_get(const uint8_t **at, const uint8_t *end, double *value)
{
	if (end - *at < (ptrdiff_t)sizeof *value)
		return -1;
	memcpy(value, *at, sizeof *value);
	*at += sizeof *value;
	return 0;
}

static int
counts_room(double **counts, uint32_t *room, uint32_t cnt)
{
	double *more;

	if (cnt <= *room)
		return 0;
	more = realloc(*counts, cnt * sizeof *more);
	if (more == NULL)
		return -1;
	*counts = more;
	*room = cnt;
	return 0;
}

/* The counts that stay move to their place among cnt from first on. */
static int
side_move(struct kymo_hist_side *side, uint32_t *room, int32_t first,
    uint32_t cnt)
{
	struct kymo_hist_side was = *side;
	double *count = NULL;
	uint32_t count_room = 0;

	if (first == side->first && cnt == side->cnt)
		return 0;
	if (cnt > 0) {
		if (counts_room(&count, &count_room, cnt) != 0)
			return -1;
		for (uint32_t i = 0; i < cnt; i++)
			count[i] = side_at(&was, (int64_t)first + i);
	}
	free(side->count);
	side->first = first;
	side->cnt = cnt;
	side->count = count;
	*room = count_room;
	return 0;
}

static double
add(double was, uint64_t delta, bool as_bits)
{
	delta = (uint64_t)kyi_unzigzag(delta);
	if (as_bits)
		return of_bits(bits_of(was) + delta);
	return (double)((is_count(was) ? (uint64_t)was : 0) + delta);
}

static int
side_get(struct kymo_hist_side *side, uint32_t *room, const uint8_t **at,
    const uint8_t *end, bool as_bits)
{
	uint64_t first_zigzag, cnt, changed, gap, delta, past = 0;
	int64_t first;

	if (!kyi_varint_get(at, end, &first_zigzag) ||
	    !kyi_varint_get(at, end, &cnt) ||
	    !kyi_varint_get(at, end, &changed))
		return -1;
	first = kyi_unzigzag(first_zigzag);
	if (first < INT32_MIN || first > INT32_MAX - KYI_HIST_BUCKETS_MAX ||
	    cnt > KYI_HIST_BUCKETS_MAX || changed > cnt ||
	    side_move(side, room, (int32_t)first, (uint32_t)cnt) != 0)
		return -1;
	while (changed-- > 0) {
		if (!kyi_varint_get(at, end, &gap) ||
		    !kyi_varint_get(at, end, &delta) || gap >= cnt - past)
			return -1;
		past += gap;
		side->count[past] = add(side->count[past], delta, as_bits);
		past++;
		if (past == cnt && changed > 0)
			return -1;
	}
	return 0;
}

static int
key_get(struct kyi_hist_reader *reader, const uint8_t **at,
    const uint8_t *end)
{
	struct kymo_native_hist *hist = &reader->hist;
	uint64_t schema, cnt;
	double *bounds = (double *)(uintptr_t)hist->bounds;

	if (!kyi_varint_get(at, end, &schema) ||
	    f64_get(at, end, &hist->zero_threshold) != 0 ||
	    !kyi_varint_get(at, end, &cnt) || cnt > KYI_HIST_BOUNDS_MAX ||
	    (uint64_t)(end - *at) < cnt * sizeof(double) ||
	    counts_room(&bounds, &reader->bounds_room, (uint32_t)cnt) != 0)
		return -1;
	hist->bounds = bounds;
	hist->bound_cnt = (uint32_t)cnt;
	if (cnt > 0)
		memcpy(bounds, *at, cnt * sizeof(double));
	*at += cnt * sizeof(double);
	hist->schema = (int32_t)kyi_unzigzag(schema);
	if (hist->schema != KYMO_SCHEMA_CUSTOM &&
	    (hist->schema < KYMO_SCHEMA_MIN || hist->schema > KYMO_SCHEMA_MAX))
		return -1;
	hist->sum = hist->zero_count = 0;
	hist->pos.cnt = hist->neg.cnt = 0;
	return 0;
}

static int
delta_get(struct kyi_hist_reader *reader, const uint8_t **at,
    const uint8_t *end, unsigned flags)
{
	struct kymo_native_hist *hist = &reader->hist;
	bool as_bits = (flags & FLAG_BITS) != 0;
	uint64_t sum, zero;

	if (!kyi_varint_get(at, end, &sum) || !kyi_varint_get(at, end, &zero))
		return -1;
	hist->sum = of_bits(bits_of(hist->sum) + (uint64_t)kyi_unzigzag(sum));
	hist->zero_count = add(hist->zero_count, zero, as_bits);
	if (flags & FLAG_COUNT && f64_get(at, end, &hist->count) != 0)
		return -1;
	if (side_get(&hist->pos, &reader->pos_room, at, end, as_bits) != 0 ||
	    side_get(&hist->neg, &reader->neg_room, at, end, as_bits) != 0)
		return -1;
	if (!(flags & FLAG_COUNT))
		hist->count = sum_of_buckets(hist);
	return 0;
}

int
kyi_hist_get(struct kyi_hist_reader *reader, const uint8_t **at,
    const uint8_t *end)
{
	unsigned flags;

	if (*at == end)
		return -1;
	flags = *(*at)++;
	reader->is_float = (flags & FORM_MASK) == FORM_FLOAT;
	if (reader->is_float)
		return f64_get(at, end, &reader->value);
	if ((flags & FORM_MASK) == FORM_KEY) {
		reader->any = key_get(reader, at, end) == 0;
	}
	if (!reader->any)
		return -1;
	reader->hist.reset = (enum kymo_reset_hint)(flags >> HINT_SHIFT & 3);
	if ((flags & FORM_MASK) == FORM_SAME)
		return 0;
	/* Half of it is none, and none can follow. */
	reader->any = delta_get(reader, at, end, flags) == 0;
	return reader->any ? 0 : -1;
}

void
kyi_hist_reader_free(struct kyi_hist_reader *reader)
{
	free(reader->hist.pos.count);
	free(reader->hist.neg.count);
	free((double *)(uintptr_t)reader->hist.bounds);
	*reader = (struct kyi_hist_reader){ .any = false };
}
