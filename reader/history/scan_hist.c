/* SPDX-License-Identifier: MIT */
#include "reader/history/scan_hist.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reader/history/hist_code.h"
#include "reader/number.h"

void
kyi_scan_classic(const struct kymo_hist *hist, int32_t le_first,
    uint32_t le_cnt, double *below_each)
{
	uint64_t below = hist->zero, under = hist->under;
	uint32_t done = 0;

	for (uint32_t i = 0; i < le_cnt; i++) {
		int64_t exp2 = (int64_t)le_first + i;
		int64_t end = exp2 * (1ll << hist->scale) - hist->lo_idx;

		if (end >= 0) { /* as kymo_hist_below */
			below += under;
			under = 0;
		}
		for (; done < hist->bucket_cnt && (int64_t)done < end; done++)
			below += hist->buckets[done];
		below_each[i] = (double)below;
	}
	for (; done < hist->bucket_cnt; done++)
		below += hist->buckets[done];
	below_each[le_cnt] = (double)(below + under + hist->over);
}

static int
room(struct kyi_scan_native *native, uint32_t cnt)
{
	double *more;

	if (cnt <= native->room_cnt)
		return 0;
	more = realloc(native->room, cnt * sizeof *more);
	if (more == NULL)
		return -1;
	native->room = more;
	native->room_cnt = cnt;
	return 0;
}

/* Bucket i is index lo + i of the grid, at a scale coarser by down. */
static void
merge(const struct kymo_hist *from, uint32_t down, int64_t lo, double *count,
    uint32_t cnt)
{
	memset(count, 0, cnt * sizeof *count);
	for (uint32_t i = 0; i < from->bucket_cnt; i++)
		count[(((int64_t)from->lo_idx + i) >> down) - lo] +=
		    (double)from->buckets[i];
}

/* The grid's index i is (2^(i/2^s), 2^((i+1)/2^s)], the schema's i + 1. */
static int
exponential(struct kyi_scan_native *native, const struct kymo_hist *from,
    uint32_t down, int64_t lo, uint32_t cnt)
{
	struct kymo_native_hist *hist = &native->hist;
	uint32_t skip = 0;
	double *count;

	if (room(native, cnt + 2) != 0)
		return -1;
	count = native->room;
	merge(from, down, lo, count + 1, cnt);
	/* What is over lies in some bucket above; the next is said. */
	count[cnt + 1] = (double)from->over;
	cnt += 1;
	count++;
	while (skip < cnt && count[skip] == 0)
		skip++;
	while (cnt > skip && count[cnt - 1] == 0)
		cnt--;
	hist->schema = (int32_t)(from->scale - down);
	hist->zero_threshold = from->under == 0 ? 0 :
	    exp2((double)lo / exp2(hist->schema));
	hist->zero_count = (double)(from->zero + from->under);
	hist->pos.first = (int32_t)(lo + 1 + skip);
	hist->pos.cnt = cnt - skip;
	hist->pos.count = count + skip;
	return 0;
}

/* Bounds of all of the range, so that histograms of a family add up. */
static int
custom(struct kyi_scan_native *native, const struct kymo_hist *from,
    uint32_t down, int64_t lo, uint32_t cnt, int exponent)
{
	struct kymo_native_hist *hist = &native->hist;
	double *bounds, *count, step = exp2((double)(from->scale - down));

	if (room(native, 2 * cnt + 3) != 0)
		return -1;
	bounds = native->room;
	count = bounds + cnt + 1;
	for (uint32_t i = 0; i <= cnt; i++)
		bounds[i] = kyi_scale(exp2((double)(lo + i) / step), exponent);
	merge(from, down, lo, count + 1, cnt);
	count[0] = (double)(from->zero + from->under);
	count[cnt + 1] = (double)from->over;
	hist->schema = KYMO_SCHEMA_CUSTOM;
	hist->bounds = bounds;
	hist->bound_cnt = cnt + 1;
	hist->pos.first = 0;
	hist->pos.cnt = cnt + 2;
	hist->pos.count = count;
	return 0;
}

int
kyi_scan_native(struct kyi_scan_native *native, const struct kymo_hist *from,
    int exponent)
{
	struct kymo_native_hist *hist = &native->hist;
	uint32_t down = 0, cnt;
	int64_t lo, end;
	int result;

	for (;; down++) {
		lo = (int64_t)from->lo_idx >> down;
		end = from->bucket_cnt == 0 ? lo :
		    (((int64_t)from->lo_idx + from->bucket_cnt - 1) >> down) + 1;
		if ((end - lo < KYI_HIST_BOUNDS_MAX &&
		    from->scale - down <= KYMO_SCHEMA_MAX) ||
		    down == from->scale)
			break;
	}
	cnt = (uint32_t)(end - lo);
	if (cnt >= KYI_HIST_BOUNDS_MAX || from->scale - down > KYMO_SCHEMA_MAX)
		return -1;
	memset(hist, 0, sizeof *hist);
	result = exponent == 0 ? exponential(native, from, down, lo, cnt) :
	    custom(native, from, down, lo, cnt, exponent);
	if (result != 0)
		return -1;
	hist->count = hist->zero_count;
	for (uint32_t i = 0; i < hist->pos.cnt; i++)
		hist->count += hist->pos.count[i];
	hist->sum = kyi_scale((double)from->sum, exponent);
	return 0;
}
