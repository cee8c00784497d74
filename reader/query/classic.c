/* SPDX-License-Identifier: MIT */
/* Quantiles and fractions of classic histograms: counts up to bounds. Inside a
   bucket values are taken to lie evenly. */
#include <stdlib.h>

#include "reader/query/call.h"

/* Relative differences of counts that are but rounding. */
#define ROUNDING 1e-12

static int
by_le(const void *a, const void *b)
{
	double x = ((const struct kyi_classic *)a)->le;
	double y = ((const struct kyi_classic *)b)->le;

	return x < y ? -1 : x > y;
}

static void
sort(struct kyi_classic *buckets, size_t cnt)
{
	for (size_t i = 1; i < cnt; i++)
		if (buckets[i].le < buckets[i - 1].le) {
			qsort(buckets, cnt, sizeof *buckets, by_le);
			return;
		}
}

/* Adds up buckets of one bound; returns how many are left. */
static size_t
coalesce(struct kyi_classic *buckets, size_t cnt)
{
	size_t last = 0;

	for (size_t i = 1; i < cnt; i++)
		if (buckets[i].le == buckets[last].le)
			buckets[last].count += buckets[i].count;
		else
			buckets[++last] = buckets[i];
	return last + 1;
}

static bool
is_rounding(double a, double b)
{
	return fabs(a - b) / (fabs(a) + fabs(b)) < ROUNDING;
}

/* Counts go up with the bounds, whatever the scrapes said. */
static bool
make_monotonic(struct kyi_classic *buckets, size_t cnt)
{
	bool forced = false;

	for (size_t i = 1; i < cnt; i++) {
		double before = buckets[i - 1].count;

		if (buckets[i].count == before)
			continue;
		if (is_rounding(before, buckets[i].count)) {
			buckets[i].count = before;
		} else if (buckets[i].count < before) {
			buckets[i].count = before;
			forced = true;
		}
	}
	return forced;
}

double
kyi_classic_quantile(double q, struct kyi_classic *buckets, size_t cnt,
    bool *forced)
{
	double rank, start = 0, count;
	size_t low = 0, high;

	*forced = false;
	if (isnan(q))
		return NAN;
	if (q < 0)
		return -INFINITY;
	if (q > 1)
		return INFINITY;
	sort(buckets, cnt);
	if (!(isinf(buckets[cnt - 1].le) && buckets[cnt - 1].le > 0))
		return NAN;
	cnt = coalesce(buckets, cnt);
	*forced = make_monotonic(buckets, cnt);
	if (cnt < 2 || buckets[cnt - 1].count == 0)
		return NAN;
	rank = q * buckets[cnt - 1].count;
	for (high = cnt - 1; low < high;) {
		size_t mid = low + (high - low) / 2;

		if (buckets[mid].count >= rank)
			high = mid;
		else
			low = mid + 1;
	}
	if (low == cnt - 1)
		return buckets[cnt - 2].le;
	if (low == 0 && buckets[0].le <= 0)
		return buckets[0].le;
	count = buckets[low].count;
	if (low > 0) {
		start = buckets[low - 1].le;
		count -= buckets[low - 1].count;
		rank -= buckets[low - 1].count;
	}
	return start + (buckets[low].le - start) * (rank / count);
}

/* How many observations are below value. */
static double
rank_of(double value, const struct kyi_classic *buckets, size_t cnt)
{
	double before = 0, lower = -INFINITY;

	for (size_t i = 0; i < cnt; i++) {
		double upper = buckets[i].le;

		if (lower >= value)
			return before;
		if (lower < value && upper > value) {
			/* The first bucket starts at 0, if it reaches that
			   far; nothing is known of the last. */
			if (i == 0 && upper > 0) {
				lower = 0;
				if (value <= 0)
					return before;
			}
			if (isinf(upper))
				return before;
			if (isinf(lower))
				return buckets[i].count;
			return before + (buckets[i].count - before) *
			    (value - lower) / (upper - lower);
		}
		before = buckets[i].count;
		lower = upper;
	}
	return cnt == 0 ? 0 : buckets[cnt - 1].count;
}

double
kyi_classic_fraction(double lower, double upper, struct kyi_classic *buckets,
    size_t cnt)
{
	double count, from, to;

	sort(buckets, cnt);
	if (!(isinf(buckets[cnt - 1].le) && buckets[cnt - 1].le > 0))
		return NAN;
	cnt = coalesce(buckets, cnt);
	count = buckets[cnt - 1].count;
	if (count == 0 || isnan(lower) || isnan(upper))
		return NAN;
	if (lower >= upper)
		return 0;
	from = fmin(rank_of(lower, buckets, cnt), count);
	to = fmin(rank_of(upper, buckets, cnt), count);
	return (to - from) / count;
}
