/* SPDX-License-Identifier: MIT */
/* Single numbers: Welch's test, bounded by their dealing out. And many questions. */
#include <math.h>
#include <stdlib.h>

#include "reader/detect/chance.h"
#include "reader/detect/deal.h"
#include "reader/detect/shift_private.h"

/* ---- numbers -------------------------------------------------------------------- */

static double
mean_of(const double *numbers, uint32_t cnt)
{
	double sum = 0;

	for (uint32_t i = 0; i < cnt; i++)
		sum += numbers[i];
	return sum / cnt;
}

/* The square of the mean's standard error. */
static double
mean_error(const double *numbers, uint32_t cnt, double mean)
{
	double sum = 0;

	for (uint32_t i = 0; i < cnt; i++)
		sum += (numbers[i] - mean) * (numbers[i] - mean);
	return sum / (cnt - 1.0) / cnt;
}

/* Limits of the ratio of two means (Fieller 1954): where a line through both
   of their errors ends. None where before may be 0. */
static void
ratio_limits(struct kymo_shift *shift, double b_square, double a_square,
    double limit)
{
	double g = limit * limit * b_square / (shift->before * shift->before);
	double reach;

	if (!(g < 1))
		return;
	reach = limit / fabs(shift->before) * sqrt(a_square * (1 - g) +
	    shift->ratio * shift->ratio * b_square);
	shift->ratio_low = (shift->ratio - reach) / (1 - g);
	shift->ratio_high = (shift->ratio + reach) / (1 - g);
}

void
kymo_shift_numbers(struct kymo_shift *shift, const double *before,
    uint32_t before_cnt, const double *after, uint32_t after_cnt)
{
	double b, a, sum, limit;

	kyi_shift_nothing(shift);
	shift->before_cnt = before_cnt;
	shift->after_cnt = after_cnt;
	if (before_cnt == 0 || after_cnt == 0)
		return;
	shift->before = mean_of(before, before_cnt);
	shift->after = mean_of(after, after_cnt);
	shift->difference = shift->after - shift->before;
	if (shift->before != 0)
		shift->ratio = shift->after / shift->before;
	if (before_cnt < 2 || after_cnt < 2)
		return;
	b = mean_error(before, before_cnt, shift->before);
	a = mean_error(after, after_cnt, shift->after);
	sum = a + b;
	if (sum > 0) {
		shift->freedom = sum * sum / (a * a / (after_cnt - 1.0) +
		    b * b / (before_cnt - 1.0));
		shift->z = shift->difference / sqrt(sum);
	} else {
		/* Each number the same in its group: there is no noise. */
		shift->freedom = before_cnt + after_cnt - 2;
		shift->z = shift->difference == 0 ? 0 :
		    copysign(INFINITY, shift->difference);
	}
	shift->chance = kyi_student_both(shift->z, shift->freedom);
	shift->least = kyi_deal_least(before_cnt, after_cnt);
	if (shift->chance <= KYI_SHIFT_LOOKED_AT)
		shift->chance = fmax(shift->chance, kyi_deal_chance(before, NULL,
			before_cnt, after, NULL, after_cnt));
	limit = kyi_student_limit(0.05, shift->freedom);
	shift->difference_low = shift->difference - limit * sqrt(sum);
	shift->difference_high = shift->difference + limit * sqrt(sum);
	if (!isnan(shift->ratio))
		ratio_limits(shift, b, a, limit);
}

/* ---- many at once ----------------------------------------------------------------- */

static int
by_chance(const void *a, const void *b)
{
	double x = **(double *const *)a, y = **(double *const *)b;

	return (x > y) - (x < y);
}

int
kymo_shift_adjust(double *chances, uint32_t cnt)
{
	double **order = malloc((cnt ? cnt : 1) * sizeof(*order));
	uint32_t known_cnt = 0;
	double least = 1;

	if (!order)
		return -1;
	for (uint32_t i = 0; i < cnt; i++)
		if (!isnan(chances[i]))
			order[known_cnt++] = &chances[i];
	qsort(order, known_cnt, sizeof(*order), by_chance);
	for (uint32_t i = known_cnt; i > 0; i--) {
		double adjusted = *order[i - 1] * known_cnt / i;

		least = adjusted < least ? adjusted : least;
		*order[i - 1] = least;
	}
	free(order);
	return 0;
}
