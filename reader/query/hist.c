/* SPDX-License-Identifier: MIT */
#include "reader/query/hist.h"

#include <string.h>

static bool
copy_side(struct kyi_arena *arena, struct kymo_hist_side *side)
{
	const double *from = side->count;

	if (side->cnt == 0) {
		side->count = NULL;
		return true;
	}
	side->count = kyi_arena_array(arena, side->cnt, sizeof *side->count);
	if (side->count == NULL)
		return false;
	memcpy(side->count, from, side->cnt * sizeof *from);
	return true;
}

struct kymo_native_hist *
kyi_hist_clone(struct kyi_arena *arena, const struct kymo_native_hist *hist)
{
	struct kymo_native_hist *copy = kyi_arena_array(arena, 1, sizeof *copy);

	if (copy == NULL)
		return NULL;
	*copy = *hist;
	return copy_side(arena, &copy->pos) && copy_side(arena, &copy->neg) ?
	    copy : NULL;
}

static void
each_side(struct kymo_hist_side *side, double factor, double by)
{
	for (uint32_t i = 0; i < side->cnt; i++)
		side->count[i] = side->count[i] * factor / by;
}

void
kyi_hist_mul(struct kymo_native_hist *hist, double factor)
{
	hist->zero_count *= factor;
	hist->count *= factor;
	hist->sum *= factor;
	each_side(&hist->pos, factor, 1);
	each_side(&hist->neg, factor, 1);
	/* Negative counts are no counter's. */
	if (factor < 0)
		hist->reset = KYMO_RESET_GAUGE;
}

void
kyi_hist_div(struct kymo_native_hist *hist, double by)
{
	hist->zero_count /= by;
	hist->count /= by;
	hist->sum /= by;
	each_side(&hist->pos, 1, by);
	each_side(&hist->neg, 1, by);
	if (by < 0)
		hist->reset = KYMO_RESET_GAUGE;
	/* Divided by nothing there are no buckets to speak of. */
	if (by == 0)
		hist->pos.cnt = hist->neg.cnt = 0;
}

static void
compact_side(struct kymo_hist_side *side)
{
	while (side->cnt > 0 && side->count[side->cnt - 1] == 0)
		side->cnt--;
	while (side->cnt > 0 && side->count[0] == 0) {
		side->count++;
		side->first++;
		side->cnt--;
	}
}

void
kyi_hist_compact(struct kymo_native_hist *hist)
{
	compact_side(&hist->pos);
	compact_side(&hist->neg);
}

static double
side_at(const struct kymo_hist_side *side, int64_t idx)
{
	return idx < side->first || idx >= (int64_t)side->first + side->cnt ?
	    0 : side->count[idx - side->first];
}

static bool
sides_equal(const struct kymo_hist_side *a, const struct kymo_hist_side *b)
{
	for (uint32_t i = 0; i < a->cnt; i++)
		if (a->count[i] != side_at(b, (int64_t)a->first + i))
			return false;
	for (uint32_t i = 0; i < b->cnt; i++)
		if (b->count[i] != side_at(a, (int64_t)b->first + i))
			return false;
	return true;
}

bool
kyi_hist_bounds_equal(const struct kymo_native_hist *a,
    const struct kymo_native_hist *b)
{
	if (a->bound_cnt != b->bound_cnt)
		return false;
	if (a->bounds == b->bounds)
		return true;
	for (uint32_t i = 0; i < a->bound_cnt; i++)
		if (a->bounds[i] != b->bounds[i])
			return false;
	return true;
}

/* Sums may be NaN: equal if of the same bits. */
static bool
same_bits(double a, double b)
{
	return memcmp(&a, &b, sizeof a) == 0;
}

bool
kyi_hist_equal(const struct kymo_native_hist *a,
    const struct kymo_native_hist *b)
{
	if (a->schema != b->schema || !same_bits(a->count, b->count) ||
	    !same_bits(a->sum, b->sum))
		return false;
	if (kyi_hist_custom(a) ? !kyi_hist_bounds_equal(a, b) :
	    a->zero_threshold != b->zero_threshold ||
	    !same_bits(a->zero_count, b->zero_count))
		return false;
	return sides_equal(&a->pos, &b->pos) && sides_equal(&a->neg, &b->neg);
}

static bool
side_overflows(const struct kymo_hist_side *side)
{
	for (uint32_t i = 0; i < side->cnt; i++)
		if (isinf(side->count[i]))
			return true;
	return false;
}

bool
kyi_hist_overflows(const struct kymo_native_hist *hist)
{
	return isinf(hist->zero_count) || isinf(hist->count) ||
	    isinf(hist->sum) || side_overflows(&hist->pos) ||
	    side_overflows(&hist->neg);
}
