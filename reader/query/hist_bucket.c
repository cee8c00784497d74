/* SPDX-License-Identifier: MIT */
#include "reader/query/hist.h"

#include <float.h>

double
kyi_hist_upper(int32_t schema, int64_t idx)
{
	int64_t whole, in_octave;

	if (schema <= 0) {
		whole = idx * ((int64_t)1 << -schema);
		in_octave = 0;
	} else {
		whole = idx >> schema; /* rounds down, of negative ones too */
		in_octave = idx & (((int64_t)1 << schema) - 1);
	}
	/* The highest finite bucket ends at the largest double: what is above
	   is infinite. */
	if (whole == 1024 && in_octave == 0)
		return DBL_MAX;
	if (whole > 1024)
		return INFINITY;
	if (whole < -2000)
		return 0;
	return ldexp(in_octave == 0 ? 1.0 :
	    exp2(ldexp((double)in_octave, -schema)), (int)whole);
}

static struct kyi_bucket
custom_bucket(const struct kymo_native_hist *hist, int64_t idx, double count)
{
	struct kyi_bucket bucket = { -INFINITY, INFINITY, count };

	if (idx > 0 && idx - 1 < hist->bound_cnt)
		bucket.lower = hist->bounds[idx - 1];
	if (idx >= 0 && idx < hist->bound_cnt)
		bucket.upper = hist->bounds[idx];
	return bucket;
}

struct kyi_bucket
kyi_hist_bucket(const struct kymo_native_hist *hist, bool negative, uint32_t i)
{
	const struct kymo_hist_side *side = negative ? &hist->neg : &hist->pos;
	int64_t idx = (int64_t)side->first + i;
	struct kyi_bucket bucket;

	if (kyi_hist_custom(hist))
		return custom_bucket(hist, idx, side->count[i]);
	bucket.count = side->count[i];
	bucket.lower = kyi_hist_upper(hist->schema, idx - 1);
	bucket.upper = kyi_hist_upper(hist->schema, idx);
	if (negative) {
		double far = bucket.upper;

		bucket.upper = -bucket.lower;
		bucket.lower = -far;
	}
	return bucket;
}

/* Places: the negative buckets (neg.cnt of them, the farthest first), the zero
   bucket, the positive ones. */
void
kyi_buckets_start(struct kyi_buckets *buckets,
    const struct kymo_native_hist *hist, bool backwards)
{
	int64_t cnt = (int64_t)hist->neg.cnt + 1 + hist->pos.cnt;

	buckets->hist = hist;
	buckets->backwards = backwards;
	buckets->at = backwards ? cnt - 1 : 0;
	buckets->end = backwards ? -1 : cnt;
	buckets->bucket = (struct kyi_bucket){ 0, 0, 0 };
}

bool
kyi_buckets_next(struct kyi_buckets *buckets)
{
	const struct kymo_native_hist *hist = buckets->hist;
	int64_t at;

	while ((at = buckets->at) != buckets->end) {
		buckets->at += buckets->backwards ? -1 : 1;
		if (at < hist->neg.cnt) {
			buckets->bucket = kyi_hist_bucket(hist, true,
			    (uint32_t)(hist->neg.cnt - 1 - at));
			/* What is nearer than the zero bucket's end is cut. */
			if (buckets->bucket.upper > -hist->zero_threshold)
				buckets->bucket.upper = -hist->zero_threshold;
			return true;
		}
		if (at > hist->neg.cnt) {
			buckets->bucket = kyi_hist_bucket(hist, false,
			    (uint32_t)(at - 1 - hist->neg.cnt));
			if (!kyi_hist_custom(hist) &&
			    buckets->bucket.lower < hist->zero_threshold)
				buckets->bucket.lower = hist->zero_threshold;
			return true;
		}
		if (hist->zero_count > 0) {
			buckets->bucket = (struct kyi_bucket){
			    -hist->zero_threshold, hist->zero_threshold,
			    hist->zero_count };
			return true;
		}
	}
	return false;
}
