/* SPDX-License-Identifier: MIT */
#include "reader/query/hist.h"

/* What side holds of bucket idx of a schema shift steps wider. */
static double
wide_count(const struct kymo_hist_side *side, int64_t idx, int shift)
{
	int64_t from = ((idx - 1) * ((int64_t)1 << shift)) + 1;
	int64_t to = idx * ((int64_t)1 << shift);
	double count = 0;

	if (from < side->first)
		from = side->first;
	if (to > (int64_t)side->first + side->cnt - 1)
		to = (int64_t)side->first + side->cnt - 1;
	for (int64_t i = from; i <= to; i++)
		count += side->count[i - side->first];
	return count;
}

/* A bucket that shrank. before is of the same schema or a finer one; buckets
   that the zero bucket takes in are looked at there. */
static bool
side_shrank(const struct kymo_native_hist *hist,
    const struct kymo_hist_side *now, const struct kymo_hist_side *before,
    int shift)
{
	int64_t first, last;

	if (before->cnt == 0)
		return false;
	first = (((int64_t)before->first - 1) >> shift) + 1;
	last = (((int64_t)before->first + before->cnt - 2) >> shift) + 1;
	for (int64_t idx = first; idx <= last; idx++) {
		double was = wide_count(before, idx, shift);

		if (was == 0)
			continue;
		if (hist->zero_threshold > 0 && kyi_hist_upper(hist->schema,
		    idx) <= hist->zero_threshold)
			continue;
		if (wide_count(now, idx, 0) < was)
			return true;
	}
	return false;
}

/* Counts up to each bound that both have. */
static bool
custom_shrank(const struct kymo_native_hist *now,
    const struct kymo_native_hist *before)
{
	uint32_t i = 0, j = 0;
	int64_t a_from = 0, b_from = 0;

	for (;;) {
		double a, b;

		while (i < now->bound_cnt && j < before->bound_cnt &&
		    now->bounds[i] != before->bounds[j]) {
			if (now->bounds[i] < before->bounds[j])
				i++;
			else
				j++;
		}
		if (i >= now->bound_cnt || j >= before->bound_cnt) {
			i = now->bound_cnt;
			j = before->bound_cnt;
		}
		a = b = 0;
		for (int64_t k = a_from; k <= i; k++)
			a += wide_count(&now->pos, k, 0);
		for (int64_t k = b_from; k <= j; k++)
			b += wide_count(&before->pos, k, 0);
		if (a < b)
			return true;
		if (i >= now->bound_cnt)
			return false;
		a_from = ++i;
		b_from = ++j;
	}
}

/* What before's zero bucket would hold, were it as wide as hist's; false: it
   cannot be, a bucket would be cut. */
static bool
zero_before(const struct kymo_native_hist *hist,
    const struct kymo_native_hist *before, double *count)
{
	double threshold = hist->zero_threshold;

	*count = before->zero_count;
	if (threshold == before->zero_threshold)
		return true;
	for (int side = 0; side < 2; side++) {
		const struct kymo_hist_side *buckets = side == 0 ?
		    &before->pos : &before->neg;

		for (uint32_t i = 0; i < buckets->cnt; i++) {
			int64_t idx = (int64_t)buckets->first + i;

			if (kyi_hist_upper(before->schema, idx - 1) >=
			    threshold)
				break;
			if (buckets->count[i] != 0 && kyi_hist_upper(
			    before->schema, idx) > threshold)
				return false;
			*count += buckets->count[i];
		}
	}
	return true;
}

bool
kyi_hist_was_reset(const struct kymo_native_hist *hist,
    const struct kymo_native_hist *before)
{
	double zero;
	int shift;

	if (hist->reset == KYMO_RESET_YES)
		return true;
	if (hist->reset == KYMO_RESET_NO)
		return false;
	if (hist->count < before->count ||
	    kyi_hist_custom(hist) != kyi_hist_custom(before))
		return true;
	if (kyi_hist_custom(hist))
		return custom_shrank(hist, before);
	/* Neither grows finer while it counts on. */
	if (hist->schema > before->schema ||
	    hist->zero_threshold < before->zero_threshold)
		return true;
	if (!zero_before(hist, before, &zero) || hist->zero_count < zero)
		return true;
	shift = before->schema - hist->schema;
	if (shift > 31)
		shift = 31;
	return side_shrank(hist, &hist->pos, &before->pos, shift) ||
	    side_shrank(hist, &hist->neg, &before->neg, shift);
}
