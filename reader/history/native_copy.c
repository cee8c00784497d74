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
