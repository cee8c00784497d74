/* SPDX-License-Identifier: MIT */
/* Histograms outside of a region: merged, compared, and asked. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reader/series/private.h"
#include "shm/hist.h"

/* More buckets than this are merged to a coarser scale: far-apart ranges of
   different programs shall not make one huge histogram. */
#define BUCKET_CNT_MAX 16384

/* Buckets lo to end - 1 at scale. */
struct range {
	int64_t lo, end;
};

static struct range
range_at(const struct kymo_hist *hist, uint32_t scale)
{
	uint32_t down = hist->scale - scale;
	struct range range = {hist->lo_idx >> down, hist->lo_idx >> down};

	if (hist->bucket_cnt > 0)
		range.end = (((int64_t)hist->lo_idx + hist->bucket_cnt - 1) >> down) + 1;
	return range;
}

static struct range
range_of_both(const struct kymo_hist *a, const struct kymo_hist *b,
    uint32_t *scale)
{
	*scale = a->scale < b->scale ? a->scale : b->scale;
	for (;;) {
		struct range of_a = range_at(a, *scale);
		struct range of_b = range_at(b, *scale);

		if (of_b.lo < of_a.lo)
			of_a.lo = of_b.lo;
		if (of_b.end > of_a.end)
			of_a.end = of_b.end;
		if (of_a.end - of_a.lo <= BUCKET_CNT_MAX || *scale == 0)
			return of_a;
		(*scale)--;
	}
}

static void
add_buckets(uint64_t *buckets, int64_t lo, uint32_t scale,
    const struct kymo_hist *from)
{
	uint32_t i, down = from->scale - scale;

	for (i = 0; i < from->bucket_cnt; i++)
		buckets[(((int64_t)from->lo_idx + i) >> down) - lo] +=
		    from->buckets[i];
}

static void
add_rest(struct kymo_hist *to, const struct kymo_hist *from)
{
	to->zero += from->zero;
	to->under += from->under;
	to->over += from->over;
	to->sum += from->sum;
}

static bool
same_range(const struct kymo_hist *a, const struct kymo_hist *b)
{
	return a->scale == b->scale && a->lo_idx == b->lo_idx &&
	    a->bucket_cnt == b->bucket_cnt;
}

int
kyi_hist_copy(struct kymo_hist *to, const struct kymo_hist *from)
{
	size_t bytes = from->bucket_cnt * sizeof(*from->buckets);
	uint64_t *buckets = to->buckets;

	if (buckets == NULL || to->bucket_cnt < from->bucket_cnt) {
		buckets = realloc(to->buckets, bytes + sizeof(*buckets));
		if (buckets == NULL)
			return -1;
	}
	if (bytes > 0)
		memcpy(buckets, from->buckets, bytes);
	*to = *from;
	to->buckets = buckets;
	return 0;
}

int
kymo_hist_add(struct kymo_hist *to, const struct kymo_hist *from)
{
	struct range range;
	uint64_t *buckets;
	uint32_t scale;

	if (to->buckets == NULL)
		return kyi_hist_copy(to, from);
	if (same_range(to, from)) {
		add_buckets(to->buckets, to->lo_idx, to->scale, from);
		add_rest(to, from);
		return 0;
	}
	range = range_of_both(to, from, &scale);
	buckets = calloc((size_t)(range.end - range.lo) + 1, sizeof(*buckets));
	if (buckets == NULL)
		return -1;
	add_buckets(buckets, range.lo, scale, to);
	add_buckets(buckets, range.lo, scale, from);
	free(to->buckets);
	to->buckets = buckets;
	to->scale = scale;
	to->lo_idx = (int32_t)range.lo;
	to->bucket_cnt = (uint32_t)(range.end - range.lo);
	add_rest(to, from);
	return 0;
}

int
kyi_hist_fit(struct kymo_hist *to, const struct kymo_hist *like,
    const struct kymo_hist *from)
{
	struct kymo_hist empty = *like;
	int status;

	empty.zero = empty.under = empty.over = empty.sum = 0;
	empty.buckets = calloc((size_t)like->bucket_cnt + 1,
	    sizeof(*empty.buckets));
	if (empty.buckets == NULL)
		return -1;
	status = kyi_hist_copy(to, &empty);
	free(empty.buckets);
	if (status == 0)
		status = kymo_hist_add(to, from);
	return status == 0 && same_range(to, like) ? 0 : -1;
}

int
kymo_hist_sub(struct kymo_hist *to, const struct kymo_hist *a,
    const struct kymo_hist *b)
{
	uint32_t i;

	if (!same_range(a, b) || a->zero < b->zero || a->under < b->under ||
	    a->over < b->over)
		return -1;
	for (i = 0; i < a->bucket_cnt; i++)
		if (a->buckets[i] < b->buckets[i])
			return -1;
	if (to != a && kyi_hist_copy(to, a) != 0)
		return -1;
	for (i = 0; i < a->bucket_cnt; i++)
		to->buckets[i] -= b->buckets[i];
	to->zero -= b->zero;
	to->under -= b->under;
	to->over -= b->over;
	to->sum -= b->sum;
	return 0;
}

uint64_t
kymo_hist_count(const struct kymo_hist *hist)
{
	uint64_t count = hist->zero + hist->under + hist->over;
	uint32_t i;

	for (i = 0; i < hist->bucket_cnt; i++)
		count += hist->buckets[i];
	return count;
}

uint64_t
kymo_hist_below(const struct kymo_hist *hist, int32_t exp2)
{
	int64_t cnt = (int64_t)exp2 * ((int64_t)1 << hist->scale) - hist->lo_idx;
	uint64_t count = hist->zero;
	int64_t i;

	/* What is under may be anything up to the first bucket. */
	if (cnt < 0)
		return count;
	count += hist->under;
	if (cnt > hist->bucket_cnt)
		cnt = hist->bucket_cnt;
	for (i = 0; i < cnt; i++)
		count += hist->buckets[i];
	return count;
}

/* The value at a fraction of the way through bucket i, on a log scale. */
static double
inside(const struct kymo_hist *hist, uint32_t i, double fraction)
{
	double lower = kyi_hist_bound(hist->lo_idx + (int32_t)i - 1, hist->scale);
	double upper = kyi_hist_bound(hist->lo_idx + (int32_t)i, hist->scale);

	return lower * pow(upper / lower, fraction);
}

double
kymo_hist_quantile(const struct kymo_hist *hist, double q, bool *clamped)
{
	uint64_t count = kymo_hist_count(hist);
	double rank, below;
	uint32_t i;

	if (clamped != NULL)
		*clamped = false;
	if (count == 0 || isnan(q))
		return NAN;
	rank = (q < 0 ? 0 : q > 1 ? 1 : q) * (double)count;
	if (hist->zero > 0 && rank <= (double)hist->zero)
		return 0;
	below = (double)hist->zero;
	if (hist->under > 0 && rank <= below + (double)hist->under) {
		if (clamped != NULL)
			*clamped = true;
		return kyi_hist_bound(hist->lo_idx - 1, hist->scale);
	}
	below += (double)hist->under;
	for (i = 0; i < hist->bucket_cnt; i++) {
		double here = (double)hist->buckets[i];

		if (here > 0 && rank <= below + here)
			return inside(hist, i, (rank - below) / here);
		below += here;
	}
	if (clamped != NULL)
		*clamped = true;
	return kyi_hist_bound(hist->lo_idx + (int32_t)hist->bucket_cnt - 1,
	    hist->scale);
}
