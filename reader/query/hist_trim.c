/* SPDX-License-Identifier: MIT */
/* The trim operators: h </ x keeps the observations below x, h >/ x those
   above it. The sum of what is kept is estimated: each bucket's, or what is
   left of it, at its middle. */
#include "reader/query/hist.h"

struct trim {
	double limit;
	bool below; /* keep what is below */
	double count, sum; /* kept */
	bool any_cut;
};

/* A part of a bucket. */
struct part {
	double lower, upper, count;
	bool linear; /* evenly filled; else on a logarithmic scale */
};

static double
middle(const struct part *part)
{
	if (isinf(part->lower))
		return part->upper;
	if (isinf(part->upper))
		return part->lower;
	if (part->linear)
		return (part->lower + part->upper) / 2;
	return copysign(sqrt(part->lower * part->upper), part->upper);
}

/* How much of part, which limit is inside of, is below it. */
static double
share_below(const struct part *part, double limit)
{
	double lower, upper, at;

	if (part->linear)
		return (limit - part->lower) / (part->upper - part->lower);
	lower = log2(fabs(part->lower));
	upper = log2(fabs(part->upper));
	at = log2(fabs(limit));
	return (at - lower) / (upper - lower);
}

/* Of a bucket without an end nobody knows where in it the observations are: on
   the limit's side of the other end all of them, on the other none. */
static void
cut_endless(const struct trim *trim, struct part *part)
{
	/* Ends that are infinite, or of unknown sign, do not tell. */
	bool kept = trim->below ? isinf(part->lower) && part->upper <= 0 :
	    isinf(part->upper) && !isinf(part->lower);

	if (!kept)
		part->count = 0;
	part->lower = part->upper = trim->limit;
	part->linear = true;
}

static void
cut(struct trim *trim, struct part *part)
{
	double share;

	if (trim->below ? part->upper <= trim->limit :
	    part->lower >= trim->limit)
		return;
	trim->any_cut |= part->count != 0;
	if (trim->below ? part->lower >= trim->limit :
	    part->upper <= trim->limit) {
		part->count = 0;
		return;
	}
	if (isinf(part->lower) || isinf(part->upper)) {
		cut_endless(trim, part);
		return;
	}
	share = share_below(part, trim->limit);
	if (trim->below) {
		part->count *= share;
		part->upper = trim->limit;
	} else {
		part->count *= 1 - share;
		part->lower = trim->limit;
	}
}

/* Returns what is kept. */
static double
keep(struct trim *trim, struct part part)
{
	if (part.count == 0)
		return 0;
	cut(trim, &part);
	trim->count += part.count;
	if (part.count != 0)
		trim->sum += part.count * middle(&part);
	return part.count;
}

static double
keep_bucket(struct trim *trim, const struct kymo_native_hist *hist,
    bool negative, uint32_t i)
{
	struct kyi_bucket bucket = kyi_hist_bucket(hist, negative, i);
	struct part part = { bucket.lower, bucket.upper, bucket.count,
	    kyi_hist_custom(hist) };

	/* As of classic histograms, the first bucket starts at 0, if it
	   reaches that far; but below 0 nothing is known of it. */
	if (part.linear && isinf(part.lower) && part.upper > 0 &&
	    !isinf(part.upper) && trim->limit >= 0)
		part.lower = 0;
	return keep(trim, part);
}

static double
keep_zero(struct trim *trim, const struct kymo_native_hist *hist)
{
	struct part part = { -hist->zero_threshold, hist->zero_threshold,
	    hist->zero_count, true };

	/* Beside buckets of one sign only it ends at 0 on the other. */
	if (hist->neg.cnt == 0 && hist->pos.cnt > 0)
		part.lower = 0;
	else if (hist->pos.cnt == 0 && hist->neg.cnt > 0)
		part.upper = 0;
	return keep(trim, part);
}

void
kyi_hist_trim(struct kymo_native_hist *hist, double limit, bool below)
{
	struct trim trim = { .limit = limit, .below = below };
	double zero_count = keep_zero(&trim, hist);

	for (uint32_t i = 0; i < hist->pos.cnt; i++)
		hist->pos.count[i] = keep_bucket(&trim, hist, false, i);
	for (uint32_t i = 0; i < hist->neg.cnt; i++)
		hist->neg.count[i] = keep_bucket(&trim, hist, true, i);
	hist->zero_count = zero_count;
	if (trim.any_cut) {
		hist->count = trim.count;
		hist->sum = trim.sum;
	}
	kyi_hist_compact(hist);
}
