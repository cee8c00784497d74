/* SPDX-License-Identifier: MIT */
/* The normal scores test (van der Waerden) on buckets. A rank is a rank of the
   value as of its log, so it asks for a shift of logs, a factor, and is there
   never worse than a t-test on the logs (Chernoff and Savage 1958). What a bucket
   loses is its observations' order among themselves. */
#include "reader/detect/shift.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reader/detect/chance.h"
#include "reader/detect/deal.h"
#include "reader/detect/shift_private.h"

/* Cells in the order of values: zero, under, the buckets, over; all units on
   the buckets of one scale. */
struct cells {
	uint32_t cnt, scale;
	int32_t lo_idx;
	double *before, *after; /* sums of the group */
	double *score;
};

struct group {
	const struct kymo_hist *units;
	uint32_t cnt;
	double total; /* observations */
};

/* What the scores say of the two groups. */
struct verdict {
	double difference; /* of mean scores: after - before */
	double error, freedom;
};

static void
cells_add(double *to, const struct cells *cells, const struct kymo_hist *unit)
{
	uint32_t down = unit->scale - cells->scale;

	to[0] += (double)unit->zero;
	to[1] += (double)unit->under;
	for (uint32_t i = 0; i < unit->bucket_cnt; i++) {
		int64_t idx = ((int64_t)unit->lo_idx + i) >> down;

		to[2 + idx - cells->lo_idx] += (double)unit->buckets[i];
	}
	to[cells->cnt - 1] += (double)unit->over;
}

/* The mean of normal quantiles over a cell's part of all ranks: what a shift of
   a normal variable shows best, if only the cell is known. */
static void
cells_score(struct cells *cells, const double *before, const double *after,
    double before_total, double after_total)
{
	double total = before_total + after_total, below = 0, edge = 0;

	for (uint32_t c = 0; c < cells->cnt; c++) {
		double share = (before[c] / before_total +
		    after[c] / after_total) / 2;
		double next;

		if (share == 0) {
			cells->score[c] = 0;
			continue;
		}
		below += share;
		/* The last edge is at 1 but for the rounding of the sum. */
		next = below < 1 - 1e-3 / total ?
		    kyi_normal_density(kyi_normal_quantile(below)) : 0;
		cells->score[c] = (edge - next) / share;
		edge = next;
	}
}

static double
mean_score(const struct cells *cells, const double *counts, double total)
{
	double sum = 0;

	for (uint32_t c = 0; c < cells->cnt; c++)
		sum += counts[c] * cells->score[c];
	return sum / total;
}

/* The square of a group's standard error: what its observations would have if
   they were independent, or what its units have, if that is more. */
static int
group_error(const struct cells *cells, const struct group *group,
    const double *counts, uint32_t sample_n, double *square, double *freedom)
{
	double mean = mean_score(cells, counts, group->total), sum = 0, alone;
	double *own;

	for (uint32_t c = 0; c < cells->cnt; c++)
		sum += counts[c] * (cells->score[c] - mean) *
		    (cells->score[c] - mean);
	alone = sum / group->total / group->total * sample_n;
	*square = alone;
	*freedom = group->total / sample_n > 2 ? group->total / sample_n - 1 : 1;
	if (group->cnt < 2)
		return 0;
	own = malloc(cells->cnt * sizeof(*own));
	if (!own)
		return -1;
	sum = 0;
	for (uint32_t u = 0; u < group->cnt; u++) {
		double off = 0;

		memset(own, 0, cells->cnt * sizeof(*own));
		cells_add(own, cells, &group->units[u]);
		for (uint32_t c = 0; c < cells->cnt; c++)
			off += own[c] * (cells->score[c] - mean);
		sum += off * off;
	}
	free(own);
	sum *= group->cnt / (group->cnt - 1.0) / group->total / group->total;
	*freedom = group->cnt - 1;
	*square = sum > alone ? sum : alone;
	return 0;
}

static int
judge(struct verdict *verdict, const struct cells *cells,
    const struct group *before, const struct group *after, uint32_t sample_n)
{
	double b, a, b_freedom, a_freedom, sum;

	if (group_error(cells, before, cells->before, sample_n, &b,
		&b_freedom) != 0 ||
	    group_error(cells, after, cells->after, sample_n, &a,
		&a_freedom) != 0)
		return -1;
	sum = a + b;
	verdict->difference =
	    mean_score(cells, cells->after, after->total) -
	    mean_score(cells, cells->before, before->total);
	verdict->error = sqrt(sum);
	/* Welch's, of two variances that need not be the same. */
	verdict->freedom = sum * sum / (a * a / a_freedom + b * b / b_freedom);
	return 0;
}

/* Student's law is of normal numbers; units that come in two kinds, or are whole
   numbers, can all lie apart without any spread to tell of it. What their dealing
   out says is a bound for any law. */
static int
chance_of_units(struct kymo_shift *shift, const struct cells *cells,
    const struct group *before, const struct group *after)
{
	size_t cnt = (size_t)before->cnt + after->cnt;
	double *sums = calloc(2 * cnt + cells->cnt, sizeof(*sums));
	double *weights = sums + cnt, *own = weights + cnt;
	uint32_t split = before->cnt;

	if (!sums)
		return -1;
	for (size_t u = 0; u < cnt; u++) {
		memset(own, 0, cells->cnt * sizeof(*own));
		cells_add(own, cells, u < split ? &before->units[u] :
		    &after->units[u - split]);
		for (uint32_t c = 0; c < cells->cnt; c++) {
			sums[u] += own[c] * cells->score[c];
			weights[u] += own[c];
		}
	}
	shift->chance = fmax(shift->chance, kyi_deal_chance(sums, weights,
		before->cnt, sums + split, weights + split, after->cnt));
	free(sums);
	return 0;
}

/* ---- by how much -------------------------------------------------------------- */

/* The difference that is left with before moved up by so many buckets; what
   moves past an end stays in the last cell there. */
static double
left_over(struct cells *cells, double *moved, int64_t by,
    const struct group *before, const struct group *after)
{
	int64_t last = (int64_t)cells->cnt - 1;

	memset(moved, 0, cells->cnt * sizeof(*moved));
	moved[0] = cells->before[0];
	for (int64_t c = 1; c <= last; c++) {
		int64_t to = c;

		if (c > 1 && c < last) {
			to = c + by;
			to = to < 1 ? 1 : to > last ? last : to;
		}
		moved[to] += cells->before[c];
	}
	cells_score(cells, moved, cells->after, before->total, after->total);
	return mean_score(cells, cells->after, after->total) -
	    mean_score(cells, moved, before->total);
}

/* Where nothing is left over (Hodges and Lehmann 1963), between two whole
   buckets by a line; that line also tells what an error of scores is in logs. */
static int
estimate(struct kymo_shift *shift, struct cells *cells,
    const struct verdict *verdict, const struct group *before,
    const struct group *after)
{
	int64_t low = -(int64_t)cells->cnt, high = cells->cnt;
	double *moved = malloc(cells->cnt * sizeof(*moved));
	double at_low, at_high, at, slope, reach;
	double width = log(2) / (double)(1u << cells->scale);

	if (!moved)
		return -1;
	while (high - low > 1) {
		int64_t middle = low + (high - low) / 2;

		if (left_over(cells, moved, middle, before, after) >= 0)
			low = middle;
		else
			high = middle;
	}
	at_low = left_over(cells, moved, low, before, after);
	at_high = left_over(cells, moved, high, before, after);
	/* Over two buckets: exactly at 0 one side would tell less. */
	slope = (left_over(cells, moved, low - 1, before, after) - at_high) / 2;
	free(moved);
	if (!(slope > 0) || !(at_low > at_high))
		return 0;
	at = ((double)low + at_low / (at_low - at_high)) * width;
	reach = kyi_student_limit(0.05, verdict->freedom) * verdict->error /
	    slope * width;
	shift->ratio = exp(at);
	shift->ratio_low = exp(at - reach);
	shift->ratio_high = exp(at + reach);
	return 0;
}

/* ---- what is asked -------------------------------------------------------------- */

static int
gather(struct kymo_hist *all, struct group *group)
{
	for (uint32_t u = 0; u < group->cnt; u++) {
		group->total += (double)kymo_hist_count(&group->units[u]);
		if (kymo_hist_add(all, &group->units[u]) != 0)
			return -1;
	}
	return 0;
}

/* What a group has of its own: units, or of a single one observations. */
static double
own_cnt(const struct group *group, uint32_t sample_n)
{
	return group->cnt > 1 ? group->cnt : group->total / sample_n;
}

/* That two groups of which each is all alike lie apart, of all ways to deal
   them out: what there is where nothing in a group tells its error. */
static double
apart_chance(double before_cnt, double after_cnt)
{
	return fmin(1, 2 * exp(lgamma(before_cnt + 1) + lgamma(after_cnt + 1) -
	    lgamma(before_cnt + after_cnt + 1)));
}

static int
compare(struct kymo_shift *shift, struct cells *cells,
    const struct group *before, const struct group *after, uint32_t sample_n)
{
	double before_cnt = own_cnt(before, sample_n);
	double after_cnt = own_cnt(after, sample_n);
	struct verdict verdict;

	/* One alone does not say how far another would be. */
	if (before_cnt < 2 || after_cnt < 2)
		return 0;
	for (uint32_t u = 0; u < before->cnt; u++)
		cells_add(cells->before, cells, &before->units[u]);
	for (uint32_t u = 0; u < after->cnt; u++)
		cells_add(cells->after, cells, &after->units[u]);
	cells_score(cells, cells->before, cells->after, before->total,
	    after->total);
	if (judge(&verdict, cells, before, after, sample_n) != 0)
		return -1;
	/* All in one cell: not the least sign of a difference. */
	shift->freedom = verdict.error > 0 ? verdict.freedom : 1;
	shift->z = verdict.difference == 0 ? 0 :
	    verdict.difference / verdict.error;
	shift->chance = kyi_student_both(shift->z, shift->freedom);
	shift->least = before->cnt > 1 && after->cnt > 1 ?
	    kyi_deal_least(before->cnt, after->cnt) :
	    apart_chance(before_cnt, after_cnt);
	if (isinf(shift->z))
		shift->chance = shift->least;
	else if (before->cnt > 1 && after->cnt > 1 &&
	    shift->chance <= KYI_SHIFT_LOOKED_AT &&
	    chance_of_units(shift, cells, before, after) != 0)
		return -1;
	if (!(verdict.error > 0))
		return 0;
	return estimate(shift, cells, &verdict, before, after);
}

void
kyi_shift_nothing(struct kymo_shift *shift)
{
	memset(shift, 0, sizeof(*shift));
	shift->before = shift->after = shift->z = shift->chance = NAN;
	shift->freedom = shift->least = NAN;
	shift->ratio = shift->ratio_low = shift->ratio_high = NAN;
	shift->difference = shift->difference_low = NAN;
	shift->difference_high = NAN;
}

static int
medians(struct kymo_shift *shift, const struct group *before,
    const struct group *after)
{
	struct kymo_hist one = { .scale = before->units[0].scale };
	struct kymo_hist other = { .scale = after->units[0].scale };
	struct group again = { before->units, before->cnt, 0 };
	struct group and_again = { after->units, after->cnt, 0 };
	int status = gather(&one, &again) | gather(&other, &and_again);

	if (status == 0) {
		shift->before = kymo_hist_quantile(&one, 0.5, NULL);
		shift->after = kymo_hist_quantile(&other, 0.5, NULL);
	}
	free(one.buckets);
	free(other.buckets);
	return status;
}

int
kymo_shift_hists(struct kymo_shift *shift, const struct kymo_hist *before,
    uint32_t before_cnt, const struct kymo_hist *after, uint32_t after_cnt,
    uint32_t sample_n, struct kymo_error *error)
{
	struct group b = { before, before_cnt, 0 }, a = { after, after_cnt, 0 };
	struct kymo_hist all = { 0 };
	struct cells cells = { 0 };
	int status = 0;

	kyi_shift_nothing(shift);
	if (before_cnt == 0 || after_cnt == 0)
		return 0;
	all.scale = before[0].scale;
	if (gather(&all, &b) != 0 || gather(&all, &a) != 0) {
		free(all.buckets);
		return kymo_error_set(error, "no memory to compare histograms");
	}
	shift->before_cnt = (uint64_t)b.total;
	shift->after_cnt = (uint64_t)a.total;
	if (b.total > 0 && a.total > 0) {
		cells.cnt = all.bucket_cnt + 3;
		cells.scale = all.scale;
		cells.lo_idx = all.lo_idx;
		cells.before = calloc(3 * (size_t)cells.cnt, sizeof(double));
		cells.after = cells.before + cells.cnt;
		cells.score = cells.after + cells.cnt;
		status = !cells.before || medians(shift, &b, &a) != 0 ||
		    compare(shift, &cells, &b, &a, sample_n ? sample_n : 1) != 0;
		free(cells.before);
	}
	free(all.buckets);
	return status ? kymo_error_set(error,
	    "no memory to compare histograms") : 0;
}
