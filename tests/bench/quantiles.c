/* SPDX-License-Identifier: MIT */
/* How far off the quantiles of a histogram of the default scale are: of
   latencies as services have them, against the sorted values themselves.
   A line for each: NAME p50_percent=.. (of the value), and whether all are
   within 1 %. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reader/series/series.h"
#include "shm/hist.h"

#define VALUE_CNT 200000u
#define SCALE 4u
#define LO_NS 128.0
#define BUCKET_CNT 497u

static uint64_t random_state = 88172645463325252ull;

/* In (0, 1). */
static double
uniform(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return ((double)(random_state >> 11) + 0.5) * 0x1p-53;
}

static double
normal(void)
{
	return sqrt(-2 * log(uniform())) * cos(6.283185307179586 * uniform());
}

static double
lognormal(void)
{
	return 50e3 * exp(normal());
}

static double
exponential(void)
{
	return -1e6 * log(uniform());
}

static double
pareto(void)
{
	return 100e3 * pow(uniform(), -1 / 1.5);
}

/* A cache: nine of ten are hits. */
static double
bimodal(void)
{
	return uniform() < 0.9 ? 20e3 * exp(0.3 * normal()) :
	    5e6 * exp(0.4 * normal());
}

/* The worst there is: all of it at the very end of a bucket. */
static double
constant(void)
{
	return 65537;
}

static int
by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void
show(const char *name, double (*next)(void), double most_percent)
{
	static const double quantiles[] = { 0.5, 0.9, 0.95, 0.99 };
	static double values[VALUE_CNT];
	static uint64_t buckets[BUCKET_CNT];
	struct kymo_hist hist;
	double worst = 0;
	int32_t idx;
	size_t i;

	memset(&hist, 0, sizeof(hist));
	memset(buckets, 0, sizeof(buckets));
	hist.scale = SCALE;
	hist.lo_idx = kyi_hist_idx(LO_NS, SCALE);
	hist.bucket_cnt = BUCKET_CNT;
	hist.buckets = buckets;
	for (i = 0; i < VALUE_CNT; i++) {
		values[i] = floor(next());
		idx = kyi_hist_idx(values[i], SCALE) - hist.lo_idx;
		if (idx < 0)
			hist.under++;
		else if (idx >= (int32_t)BUCKET_CNT)
			hist.over++;
		else
			buckets[idx]++;
	}
	qsort(values, VALUE_CNT, sizeof(double), by_value);
	printf("quantiles_%s", name);
	for (i = 0; i < sizeof(quantiles) / sizeof(*quantiles); i++) {
		double is = values[(size_t)(quantiles[i] * VALUE_CNT)];
		double off = fabs(kymo_hist_quantile(&hist, quantiles[i],
		    NULL) / is - 1) * 100;

		printf(" p%.0f_percent=%.3f", quantiles[i] * 100, off);
		worst = off > worst ? off : worst;
	}
	printf(" ok=%d\n", worst <= most_percent);
}

int
main(void)
{
	show("lognormal", lognormal, 1);
	show("exponential", exponential, 1);
	show("pareto", pareto, 1);
	show("bimodal", bimodal, 1);
	show("constant", constant, 4.5);
	return 0;
}
