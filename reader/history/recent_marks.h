/* SPDX-License-Identifier: MIT */
/* Marks and extremes of a column (samples.h), as its samples come: private to
   recent.c. */
#ifndef KYI_HISTORY_RECENT_MARKS_H
#define KYI_HISTORY_RECENT_MARKS_H

#include <math.h>
#include <string.h>

#include "reader/history/recent.h"

/* Marks begin anew where what went is so many times what stays. */
#define KYI_MARKS_OLD 1024

/* What adding it loses is exact (Knuth). */
static inline double
kyi_mark_add(double *sum, double value)
{
	double next = *sum + value, part = next - *sum;
	double lost = (*sum - (next - part)) + (value - part);

	*sum = next;
	return lost;
}

static inline void
kyi_mark_make(struct kyi_floats *floats, uint32_t k)
{
	const double *value = floats->value + k * KYI_MARK_SAMPLES;
	struct kymo_mark mark = floats->mark[k];

	for (uint32_t i = 0; i < KYI_MARK_SAMPLES; i++) {
		double v = value[i];

		if (v != v && kymo_is_stale(v))
			continue;
		mark.error += fabs(kyi_mark_add(&mark.low,
		    kyi_mark_add(&mark.sum, v)));
		mark.any_cnt += v != 0;
	}
	floats->mark[k + 1] = mark;
}

static inline void
kyi_extremes_make(struct kyi_floats *floats, uint32_t block)
{
	const double *value = floats->value + block * KYI_BLOCK_SAMPLES;
	struct kymo_block_extremes extremes = { (double)NAN, (double)NAN };

	for (uint32_t i = 0; i < KYI_BLOCK_SAMPLES; i++) {
		double v = value[i];

		if (v != v && kymo_is_stale(v))
			continue;
		if (v < extremes.min || extremes.min != extremes.min)
			extremes.min = v;
		if (v > extremes.max || extremes.max != extremes.max)
			extremes.max = v;
	}
	floats->block_extremes[block] = extremes;
}

/* What begins at sample skip of a column goes on in another: marks and extremes
   of cnt samples. */
static inline void
kyi_blocks_take(struct kyi_floats *to, uint32_t cnt, const struct kyi_floats *from,
    uint32_t skip)
{
	const struct kymo_mark *mark = from->mark + skip / KYI_MARK_SAMPLES;
	uint32_t mark_cnt = cnt / KYI_MARK_SAMPLES;
	uint32_t block_cnt = cnt / KYI_BLOCK_SAMPLES;

	/* A run has none. */
	for (uint32_t i = 0; from->room == 0 && i < block_cnt; i++)
		kyi_extremes_make(to, i);
	if (from->room > 0)
		memcpy(to->block_extremes, from->block_extremes +
		    skip / KYI_BLOCK_SAMPLES,
		    block_cnt * sizeof *to->block_extremes);
	/* Marks shall not grow for ever, nor stay no numbers. */
	if (from->room > 0 && fabs(mark[0].sum) <= KYI_MARKS_OLD *
	    fabs(mark[mark_cnt].sum - mark[0].sum) &&
	    isfinite(mark[mark_cnt].error)) {
		memcpy(to->mark, mark, (mark_cnt + 1) * sizeof *mark);
		return;
	}
	for (uint32_t i = 0; i < mark_cnt; i++)
		kyi_mark_make(to, i);
}

#endif
