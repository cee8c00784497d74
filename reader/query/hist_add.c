/* SPDX-License-Identifier: MIT */
/* Sums of native histograms. What differs is first brought in line: the zero
   buckets to the wider one, exponential buckets to the wider schema, custom
   bounds to those that both have. */
#include <string.h>

#include "reader/query/hist.h"
#include "reader/query/sum.h"

/* ---- in line ------------------------------------------------------------ */

/* So many counts, zeros. Buckets may lie as far from each other as 32 bits
   reach, which is more bytes than a 32-bit machine can name. */
static double *
counts_get(struct kyi_arena *arena, uint64_t cnt)
{
	double *count = kyi_arena_array(arena, cnt, sizeof *count);

	if (count != NULL)
		memset(count, 0, (size_t)cnt * sizeof *count);
	return count;
}

/* The bucket of a wider schema that holds bucket idx, shift steps up. */
static int64_t
widened(int64_t idx, int shift)
{
	return ((idx - 1) >> shift) + 1;
}

static bool
widen_side(struct kyi_arena *arena, struct kymo_hist_side *side, int shift)
{
	int64_t first, last;
	double *count;

	if (side->cnt == 0)
		return true;
	first = widened(side->first, shift);
	last = widened((int64_t)side->first + side->cnt - 1, shift);
	count = counts_get(arena, (uint64_t)(last - first + 1));
	if (count == NULL)
		return false;
	for (uint32_t i = 0; i < side->cnt; i++)
		count[widened((int64_t)side->first + i, shift) - first] +=
		    side->count[i];
	side->first = (int32_t)first;
	side->cnt = (uint32_t)(last - first + 1);
	side->count = count;
	return true;
}

static bool
widen(struct kyi_arena *arena, struct kymo_native_hist *hist, int32_t schema)
{
	int shift = hist->schema - schema;

	if (shift <= 0)
		return true;
	if (shift > 31)
		shift = 31;
	hist->schema = schema;
	return widen_side(arena, &hist->pos, shift) &&
	    widen_side(arena, &hist->neg, shift);
}

struct kymo_native_hist *
kyi_hist_widen(struct kyi_arena *arena, const struct kymo_native_hist *hist,
    int32_t schema)
{
	struct kymo_native_hist *copy = kyi_hist_clone(arena, hist);

	return copy != NULL && widen(arena, copy, schema) ? copy : NULL;
}

/* What the zero bucket holds if it ends at threshold, or farther: a bucket
   that holds something is not cut in two. */
static double
zero_count(const struct kymo_native_hist *hist, double *threshold)
{
	double count;
	bool again;

	if (*threshold == hist->zero_threshold)
		return hist->zero_count;
	do {
		again = false;
		count = hist->zero_count;
		for (int side = 0; side < 2; side++) {
			const struct kymo_hist_side *buckets =
			    side == 0 ? &hist->pos : &hist->neg;

			for (uint32_t i = 0; i < buckets->cnt; i++) {
				int64_t idx = (int64_t)buckets->first + i;
				double end;

				if (kyi_hist_upper(hist->schema, idx - 1) >=
				    *threshold)
					break;
				count += buckets->count[i];
				end = kyi_hist_upper(hist->schema, idx);
				if (end <= *threshold)
					continue;
				if (buckets->count[i] != 0) {
					*threshold = end;
					again = side == 1;
				}
				break;
			}
		}
	} while (again);
	return count;
}

/* Empties what the zero bucket took in. */
static void
clear_side(struct kymo_hist_side *side, int32_t schema, double threshold)
{
	while (side->cnt > 0 &&
	    kyi_hist_upper(schema, (int64_t)side->first - 1) < threshold) {
		side->first++;
		side->count++;
		side->cnt--;
	}
}

/* Gives what other's zero bucket holds once to's is as wide. */
static double
reconcile_zero(struct kymo_native_hist *to, const struct kymo_native_hist *other,
    struct kymo_native_hist *low)
{
	double threshold = other->zero_threshold, count = other->zero_count;

	/* Not a number would never be reached. */
	if (isnan(threshold) || isnan(to->zero_threshold))
		return count;
	while (threshold != to->zero_threshold) {
		if (to->zero_threshold > threshold) {
			threshold = to->zero_threshold;
			count = zero_count(other, &threshold);
		}
		if (threshold > to->zero_threshold) {
			to->zero_count = zero_count(to, &threshold);
			to->zero_threshold = threshold;
			clear_side(&to->pos, to->schema, threshold);
			clear_side(&to->neg, to->schema, threshold);
			if (low != NULL) {
				double at = threshold;

				low->zero_threshold = 0;
				low->zero_count = zero_count(low, &at);
				clear_side(&low->pos, to->schema, threshold);
				clear_side(&low->neg, to->schema, threshold);
			}
		}
	}
	return count;
}

/* ---- custom bounds ------------------------------------------------------ */

/* Counts of side as of fewer bounds, all of them among hist's own. */
static bool
rebound(struct kyi_arena *arena, struct kymo_native_hist *hist,
    const double *bounds, uint32_t bound_cnt)
{
	double *count = counts_get(arena, (uint64_t)bound_cnt + 1);
	uint32_t at = 0;

	if (count == NULL)
		return false;
	for (uint32_t i = 0; i < hist->pos.cnt; i++) {
		int64_t idx = (int64_t)hist->pos.first + i;

		while (at < bound_cnt && (idx < 0 || idx >= hist->bound_cnt ||
		    bounds[at] < hist->bounds[idx]))
			at++;
		count[at] += hist->pos.count[i];
	}
	hist->pos = (struct kymo_hist_side){ 0, bound_cnt + 1, count };
	hist->bounds = bounds;
	hist->bound_cnt = bound_cnt;
	return true;
}

static bool
common_bounds(struct kyi_arena *arena, const struct kymo_native_hist *a,
    const struct kymo_native_hist *b, const double **bounds, uint32_t *cnt)
{
	double *common = kyi_arena_array(arena, a->bound_cnt, sizeof *common);
	uint32_t i = 0, j = 0;

	*cnt = 0;
	*bounds = common;
	if (common == NULL)
		return false;
	while (i < a->bound_cnt && j < b->bound_cnt) {
		if (a->bounds[i] == b->bounds[j]) {
			common[(*cnt)++] = a->bounds[i++];
			j++;
		} else if (a->bounds[i] < b->bounds[j])
			i++;
		else
			j++;
	}
	return true;
}

/* ---- adding ------------------------------------------------------------- */

static void
add_to(double *to, double *low, double value)
{
	struct kyi_sum sum = { *to, low == NULL ? 0 : *low };

	if (low == NULL) {
		*to += value;
		return;
	}
	kyi_sum_add(&sum, value);
	*to = sum.sum;
	*low = sum.low;
}

/* Makes side reach from first to last. */
static bool
reach(struct kyi_arena *arena, struct kymo_hist_side *side, int64_t first,
    int64_t last)
{
	int64_t from = side->first, to = from + side->cnt - 1;
	double *count;

	if (side->cnt > 0 && first >= from && last <= to)
		return true;
	if (side->cnt > 0) {
		first = first < from ? first : from;
		last = last > to ? last : to;
	}
	count = counts_get(arena, (uint64_t)(last - first + 1));
	if (count == NULL)
		return false;
	if (side->cnt > 0)
		memcpy(count + (from - first), side->count,
		    side->cnt * sizeof *count);
	side->first = (int32_t)first;
	side->cnt = (uint32_t)(last - first + 1);
	side->count = count;
	return true;
}

struct part { /* of other: buckets beyond the zero bucket, as to's schema has them */
	const struct kymo_hist_side *side;
	int32_t schema;
	int shift;
	double threshold, sign;
};

static bool
add_side(struct kyi_arena *arena, struct kymo_hist_side *to,
    struct kymo_hist_side *low, const struct part *part)
{
	const struct kymo_hist_side *side = part->side;
	uint32_t from = 0;

	while (from < side->cnt && part->threshold > 0 &&
	    kyi_hist_upper(part->schema, (int64_t)side->first + from) <=
	    part->threshold)
		from++;
	if (from == side->cnt)
		return true;
	if (!reach(arena, to, widened((int64_t)side->first + from, part->shift),
	    widened((int64_t)side->first + side->cnt - 1, part->shift)))
		return false;
	if (low != NULL && !reach(arena, low, to->first,
	    (int64_t)to->first + to->cnt - 1))
		return false;
	for (uint32_t i = from; i < side->cnt; i++) {
		int64_t at = widened((int64_t)side->first + i, part->shift);

		add_to(to->count + (at - to->first),
		    low == NULL ? NULL : low->count + (at - low->first),
		    part->sign * side->count[i]);
	}
	return true;
}

static void
settle_hints(struct kymo_native_hist *to, const struct kymo_native_hist *other,
    unsigned *said)
{
	enum kymo_reset_hint a = to->reset, b = other->reset;

	if (a == b || a == KYMO_RESET_GAUGE)
		return;
	if (b == KYMO_RESET_GAUGE) {
		to->reset = KYMO_RESET_GAUGE;
		return;
	}
	to->reset = KYMO_RESET_UNKNOWN;
	if (a != KYMO_RESET_UNKNOWN && b != KYMO_RESET_UNKNOWN)
		*said |= KYI_HIST_COLLISION;
}

static enum kyi_hist_sum
add_custom(struct kyi_arena *arena, struct kymo_native_hist *to,
    const struct kymo_native_hist *other, struct part *part,
    struct kymo_native_hist *low, unsigned *said)
{
	struct kymo_native_hist rebounded = *other;

	if (!kyi_hist_bounds_equal(to, other)) {
		const double *bounds;
		uint32_t cnt;

		*said |= KYI_HIST_RECONCILED;
		if (!common_bounds(arena, to, other, &bounds, &cnt) ||
		    !rebound(arena, to, bounds, cnt) ||
		    !rebound(arena, &rebounded, bounds, cnt) ||
		    (low != NULL && !rebound(arena, low, bounds, cnt)))
			return KYI_HIST_NO_MEMORY;
	}
	part->side = &rebounded.pos;
	return add_side(arena, &to->pos, low == NULL ? NULL : &low->pos, part) ?
	    KYI_HIST_DONE : KYI_HIST_NO_MEMORY;
}

enum kyi_hist_sum
kyi_hist_add(struct kyi_arena *arena, struct kymo_native_hist *to,
    const struct kymo_native_hist *other, double sign,
    struct kymo_native_hist *low, unsigned *said)
{
	struct part part = { &other->pos, other->schema, 0, 0, sign };
	bool custom = kyi_hist_custom(to);

	if (custom != kyi_hist_custom(other))
		return KYI_HIST_MIXED;
	settle_hints(to, other, said);
	if (!custom)
		add_to(&to->zero_count, low == NULL ? NULL : &low->zero_count,
		    sign * reconcile_zero(to, other, low));
	add_to(&to->count, low == NULL ? NULL : &low->count,
	    sign * other->count);
	add_to(&to->sum, low == NULL ? NULL : &low->sum, sign * other->sum);
	if (custom)
		return add_custom(arena, to, other, &part, low, said);
	if (!widen(arena, to, other->schema) ||
	    (low != NULL && !widen(arena, low, other->schema)))
		return KYI_HIST_NO_MEMORY;
	part.shift = other->schema - to->schema;
	part.threshold = to->zero_threshold;
	if (!add_side(arena, &to->pos, low == NULL ? NULL : &low->pos, &part))
		return KYI_HIST_NO_MEMORY;
	part.side = &other->neg;
	if (!add_side(arena, &to->neg, low == NULL ? NULL : &low->neg, &part))
		return KYI_HIST_NO_MEMORY;
	return KYI_HIST_DONE;
}
