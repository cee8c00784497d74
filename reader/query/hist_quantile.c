/* SPDX-License-Identifier: MIT */
/* Quantiles, fractions and the spread of native histograms. Inside an
   exponential bucket values are taken to lie evenly on a logarithmic scale,
   inside a custom one and the zero bucket evenly. */
#include "reader/query/hist.h"
#include "reader/query/sum.h"

static bool
has_any(const struct kymo_hist_side *side)
{
	return side->cnt > 0;
}

/* A zero bucket beside buckets of one sign only ends at 0 on the other. */
static void
trim_zero_bucket(const struct kymo_native_hist *hist, struct kyi_bucket *bucket)
{
	if (!has_any(&hist->neg) && has_any(&hist->pos))
		bucket->lower = 0;
	else if (!has_any(&hist->pos) && has_any(&hist->neg))
		bucket->upper = 0;
}

static double
inside(const struct kymo_native_hist *hist, const struct kyi_bucket *bucket,
    double share)
{
	double lower, upper;

	if (kyi_hist_custom(hist) || (bucket->lower <= 0 && bucket->upper >= 0))
		return bucket->lower + (bucket->upper - bucket->lower) * share;
	lower = log2(fabs(bucket->lower));
	upper = log2(fabs(bucket->upper));
	if (bucket->lower > 0)
		return exp2(lower + (upper - lower) * share);
	return -exp2(upper + (lower - upper) * (1 - share));
}

/* The bucket that rank falls in, counted from either end; count: of all up to
   and with it. */
static struct kyi_bucket
find(struct kyi_buckets *buckets, double rank, double *count)
{
	struct kyi_bucket found = { 0, 0, 0 };

	*count = 0;
	while (kyi_buckets_next(buckets)) {
		found = buckets->bucket;
		if (found.count == 0)
			continue;
		*count += found.count;
		if (*count >= rank)
			break;
	}
	return found;
}

double
kyi_hist_quantile(double q, const struct kymo_native_hist *hist,
    enum kyi_hist_nan *nan_seen)
{
	bool forward = isnan(hist->sum) || q < 0.5;
	struct kyi_buckets buckets;
	struct kyi_bucket bucket;
	double rank, count;

	*nan_seen = KYI_NAN_NONE;
	if (q < 0)
		return -INFINITY;
	if (q > 1)
		return INFINITY;
	if (hist->count == 0 || isnan(q))
		return NAN;
	rank = (forward ? q : 1 - q) * hist->count;
	kyi_buckets_start(&buckets, hist, !forward);
	bucket = find(&buckets, rank, &count);
	if (kyi_hist_custom(hist)) {
		if (isinf(bucket.lower)) {
			if (bucket.upper <= 0)
				return bucket.upper;
			bucket.lower = 0;
		} else if (isinf(bucket.upper)) {
			return bucket.lower;
		}
	} else if (bucket.lower < 0 && bucket.upper > 0) {
		trim_zero_bucket(hist, &bucket);
	}
	if (count > hist->count)
		count = hist->count;
	/* NaN counts as an observation but lies in no bucket: the rank may be
	   past them all. */
	if (count < rank) {
		if (!isnan(hist->sum))
			return bucket.upper;
		*nan_seen = KYI_NAN_RESULT;
		return NAN;
	}
	rank = forward ? rank - (count - bucket.count) : count - rank;
	if (isnan(hist->sum)) {
		while (kyi_buckets_next(&buckets))
			count += buckets.bucket.count;
		if (count < hist->count)
			*nan_seen = KYI_NAN_SKEWS;
	}
	return inside(hist, &bucket, rank / bucket.count);
}

/* How much of bucket lies below value, which is inside it. */
static double
share_below(const struct kymo_native_hist *hist, struct kyi_bucket bucket,
    double value)
{
	double lower, upper, at;

	if (kyi_hist_custom(hist) && isinf(bucket.lower)) {
		/* From -Inf: as of classic buckets, from 0 where that is
		   below the bound. */
		if (bucket.upper <= 0)
			return 1;
		bucket.lower = 0;
		if (value <= 0)
			return 0;
	}
	if (isinf(bucket.upper) && kyi_hist_custom(hist))
		return 0;
	if (kyi_hist_custom(hist) || (bucket.lower <= 0 && bucket.upper >= 0))
		return (value - bucket.lower) / (bucket.upper - bucket.lower);
	lower = log2(fabs(bucket.lower));
	upper = log2(fabs(bucket.upper));
	at = log2(fabs(value));
	if (value > 0)
		return (at - lower) / (upper - lower);
	return 1 - (at - upper) / (lower - upper);
}

struct rank {
	double at; /* the value whose rank is asked */
	double rank;
	bool found;
};

static void
rank_of(struct rank *of, const struct kymo_native_hist *hist,
    const struct kyi_bucket *bucket, double before)
{
	if (of->found)
		return;
	if (bucket->lower >= of->at) {
		of->rank = before;
		of->found = true;
	} else if (bucket->upper > of->at) {
		of->rank = before +
		    bucket->count * share_below(hist, *bucket, of->at);
		of->found = true;
	}
}

double
kyi_hist_fraction(double lower, double upper,
    const struct kymo_native_hist *hist, bool *nan_seen)
{
	struct rank from = { lower, 0, false }, to = { upper, 0, false };
	struct kyi_buckets buckets;
	double count = 0;

	*nan_seen = false;
	if (hist->count == 0 || isnan(lower) || isnan(upper))
		return NAN;
	if (lower >= upper)
		return 0;
	kyi_buckets_start(&buckets, hist, false);
	while (kyi_buckets_next(&buckets)) {
		struct kyi_bucket bucket = buckets.bucket;

		if (!kyi_hist_custom(hist) && bucket.lower <= 0 &&
		    bucket.upper >= 0)
			trim_zero_bucket(hist, &bucket);
		rank_of(&from, hist, &bucket, count);
		rank_of(&to, hist, &bucket, count);
		count += bucket.count;
	}
	if (isnan(hist->sum))
		*nan_seen = count < hist->count;
	else
		count = hist->count;
	if (!from.found || from.rank > count)
		from.rank = count;
	if (!to.found || to.rank > count)
		to.rank = count;
	return (to.rank - from.rank) / hist->count;
}

double
kyi_hist_variance(const struct kymo_native_hist *hist)
{
	struct kyi_sum sum = { 0, 0 };
	double mean = hist->sum / hist->count;
	struct kyi_buckets buckets;

	kyi_buckets_start(&buckets, hist, false);
	while (kyi_buckets_next(&buckets)) {
		const struct kyi_bucket *bucket = &buckets.bucket;
		double value;

		if (bucket->count == 0)
			continue;
		if (kyi_hist_custom(hist))
			value = (bucket->upper + bucket->lower) / 2;
		else if (bucket->lower <= 0 && bucket->upper >= 0)
			value = 0;
		else
			value = copysign(sqrt(bucket->upper * bucket->lower),
			    bucket->upper);
		kyi_sum_add(&sum, bucket->count * (value - mean) *
		    (value - mean));
	}
	return (sum.sum + sum.low) / hist->count;
}
