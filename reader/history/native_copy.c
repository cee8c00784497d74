/* SPDX-License-Identifier: MIT */
#include "reader/history/native_copy.h"

#include <stdlib.h>
#include <string.h>

static double *
put(double **at, const double *from, uint32_t cnt)
{
	double *to = *at;

	if (cnt > 0)
		memcpy(to, from, cnt * sizeof *to);
	*at += cnt;
	return to;
}

struct kymo_native_hist *
kyi_native_copy(const struct kymo_native_hist *hist)
{
	size_t cnt = (size_t)hist->pos.cnt + hist->neg.cnt + hist->bound_cnt;
	struct kymo_native_hist *copy;
	double *at;

	copy = malloc(sizeof *copy + cnt * sizeof *at);
	if (copy == NULL)
		return NULL;
	at = (double *)(copy + 1);
	*copy = *hist;
	copy->pos.count = put(&at, hist->pos.count, hist->pos.cnt);
	copy->neg.count = put(&at, hist->neg.count, hist->neg.cnt);
	copy->bounds = put(&at, hist->bounds, hist->bound_cnt);
	return copy;
}

/* Index i on side, 0 where it has none. */
static double
side_at(const struct kymo_hist_side *side, int64_t i)
{
	if (i < side->first || i >= (int64_t)side->first + side->cnt)
		return 0;
	return side->count[i - side->first];
}

static bool
side_went_down(const struct kymo_hist_side *before,
    const struct kymo_hist_side *after)
{
	for (uint32_t i = 0; i < before->cnt; i++)
		if (side_at(after, (int64_t)before->first + i) <
		    before->count[i])
			return true;
	return false;
}

bool
kyi_native_follows(const struct kymo_native_hist *before,
    const struct kymo_native_hist *after)
{
	if (before->reset == KYMO_RESET_GAUGE || after->count < before->count ||
	    after->schema != before->schema ||
	    after->zero_threshold != before->zero_threshold ||
	    after->zero_count < before->zero_count ||
	    after->bound_cnt != before->bound_cnt)
		return false;
	for (uint32_t i = 0; i < before->bound_cnt; i++)
		if (before->bounds[i] != after->bounds[i])
			return false;
	return !side_went_down(&before->pos, &after->pos) &&
	    !side_went_down(&before->neg, &after->neg);
}
