/* SPDX-License-Identifier: MIT */
/* How often runs are told to differ that do not, by law and by number of runs; and
   how often a difference of so many deviations is told.

   runs [SEED]   a line for each, NAME KEY=VALUE.. ok=1 (or 0): what is told in percent,
                 where 5 or 1 percent may be; or of so many deviations */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "reader/detect/shift.h"
#include "tests/testlib/draw.h"

#define CNT_MAX 16u
#define BUCKET_CNT 256u
#define SAMPLE_CNT 200u
#define ROW_CNT 12u

/* ---- what a run's number may be --------------------------------------------------- */

static double
poisson(double mean)
{
	double product = draw_uniform(), least = exp(-mean), is = 0;

	for (; product > least; product *= draw_uniform())
		is++;
	return is;
}

static double law_normal(void) { return 10 + 0.1 * draw_normal(); }
static double law_lognormal(void) { return exp(draw_normal()); }
static double law_pareto(void) { return pow(draw_uniform(), -1 / 1.5); }
/* Fast or slow, as the run's layout has it; and each nearly the same. */
static double
law_modes(void)
{
	return (draw_uniform() < 0.5 ? 1 : 1.2) + 1e-4 * draw_normal();
}
static double
law_modes_3(void)
{
	return floor(3 * draw_uniform()) + 1e-4 * draw_normal();
}
static double
law_mode_rare(void)
{
	return (draw_uniform() < 0.9 ? 1 : 1.2) + 1e-4 * draw_normal();
}
static double law_constant(void) { return 5; }
static double law_coin(void) { return draw_uniform() < 0.5 ? 5 : 6; }
static double law_coin_thirds(void) { return draw_uniform() < 0.3 ? 5 : 6; }
static double law_rare(void) { return draw_uniform() < 0.1; }
static double law_few(void) { return poisson(0.5); }
static double law_some(void) { return poisson(3); }
static double law_many(void) { return poisson(30); }
static double
law_pages(void)
{
	return 4096 * rint(1000 + draw_normal());
}
static double
law_outlier(void)
{
	return 10 + 0.1 * draw_normal() + (draw_uniform() < 0.1 ? 5 : 0);
}

static const struct law {
	const char *name;
	double (*draw)(void);
} laws[] = {
	{ "normal", law_normal }, { "lognormal", law_lognormal },
	{ "pareto-1.5", law_pareto }, { "two-modes", law_modes },
	{ "three-modes", law_modes_3 }, { "rare-mode", law_mode_rare },
	{ "constant", law_constant }, { "coin", law_coin },
	{ "coin-0.3", law_coin_thirds }, { "rare", law_rare },
	{ "poisson-0.5", law_few }, { "poisson-3", law_some },
	{ "poisson-30", law_many }, { "pages", law_pages },
	{ "outliers", law_outlier },
};

static const uint32_t run_cnts[] = { 2, 3, 5, 10, 16 };

static double
chance(double (*draw)(void), uint32_t cnt, double by)
{
	double before[CNT_MAX], after[CNT_MAX];
	struct kymo_shift shift;

	for (uint32_t i = 0; i < cnt; i++) {
		before[i] = draw();
		after[i] = draw() + by;
	}
	kymo_shift_numbers(&shift, before, cnt, after, cnt);
	return shift.chance;
}

/* So many of trial_cnt, where a part of limit may be: beyond what luck does once
   in some 10,000 times? */
static int
within(uint32_t cnt, uint32_t trial_cnt, double limit)
{
	double most = trial_cnt * limit;

	return cnt <= most + 3.7 * sqrt(most * (1 - limit)) + 1;
}

static int
false_alarms(const struct law *law, uint32_t cnt, uint32_t trial_cnt)
{
	uint32_t at_05 = 0, at_01 = 0;
	int ok;

	for (uint32_t i = 0; i < trial_cnt; i++) {
		double is = chance(law->draw, cnt, 0);

		at_05 += is <= 0.05;
		at_01 += is <= 0.01;
	}
	ok = within(at_05, trial_cnt, 0.05) && within(at_01, trial_cnt, 0.01);
	printf("alarms-%s-%u trials=%u of_5_percent=%.3f of_1_percent=%.3f "
	    "ok=%d\n", law->name, cnt, trial_cnt, 100.0 * at_05 / trial_cnt,
	    100.0 * at_01 / trial_cnt, ok);
	return ok;
}

/* Many metrics at once, of all laws: any told of what is the same. */
static int
false_alarms_of_many(uint32_t cnt, uint32_t trial_cnt)
{
	uint32_t told_cnt = 0;
	int ok;

	for (uint32_t i = 0; i < trial_cnt; i++) {
		double chances[ROW_CNT];
		int told = 0;

		for (uint32_t r = 0; r < ROW_CNT; r++)
			chances[r] = chance(laws[(i + r) % (sizeof(laws) /
			    sizeof(laws[0]))].draw, cnt, 0);
		if (kymo_shift_adjust(chances, ROW_CNT) != 0)
			exit(2);
		for (uint32_t r = 0; r < ROW_CNT; r++)
			told |= chances[r] <= 0.05;
		told_cnt += (uint32_t)told;
	}
	ok = within(told_cnt, trial_cnt, 0.05);
	printf("alarms-of-%u-metrics-%u trials=%u any_percent=%.3f ok=%d\n",
	    ROW_CNT, cnt, trial_cnt, 100.0 * told_cnt / trial_cnt, ok);
	return ok;
}

/* ---- histograms ---------------------------------------------------------------------- */

static void
run_draw(struct kymo_hist *hist, uint64_t *buckets, double factor, double spread)
{
	*hist = (struct kymo_hist){ .scale = 4, .lo_idx = 0,
	    .bucket_cnt = BUCKET_CNT, .buckets = buckets };
	for (uint32_t i = 0; i < BUCKET_CNT; i++)
		buckets[i] = 0;
	for (uint32_t i = 0; i < SAMPLE_CNT; i++) {
		double idx = ceil((log(factor) + spread * draw_normal()) /
		    log(2) * 16) + BUCKET_CNT / 2;

		buckets[(uint32_t)fmin(fmax(idx, 0), BUCKET_CNT - 1)]++;
	}
}

/* Runs' factors are of a law; a run's own samples are wide or in one bucket. */
static int
hist_alarms(const char *name, double (*draw)(void), double spread, uint32_t cnt,
    uint32_t trial_cnt)
{
	static uint64_t buckets[2 * CNT_MAX][BUCKET_CNT];
	struct kymo_hist units[2 * CNT_MAX];
	uint32_t at_05 = 0, at_01 = 0;
	int ok;

	for (uint32_t i = 0; i < trial_cnt; i++) {
		struct kymo_shift shift;

		for (uint32_t u = 0; u < 2 * cnt; u++)
			run_draw(&units[u], buckets[u], draw(), spread);
		if (kymo_shift_hists(&shift, units, cnt, units + cnt, cnt, 1,
			NULL) != 0)
			exit(2);
		at_05 += shift.chance <= 0.05;
		at_01 += shift.chance <= 0.01;
	}
	ok = within(at_05, trial_cnt, 0.05) && within(at_01, trial_cnt, 0.01);
	printf("alarms-histogram-%s-%u trials=%u of_5_percent=%.3f "
	    "of_1_percent=%.3f ok=%d\n", name, cnt, trial_cnt,
	    100.0 * at_05 / trial_cnt, 100.0 * at_01 / trial_cnt, ok);
	return ok;
}

/* ---- what is told ---------------------------------------------------------------------- */

static void
power(uint32_t cnt)
{
	static const double deviations[] = { 1, 1.5, 2, 3, 5 };

	printf("power-normal-%u", cnt);
	for (size_t d = 0; d < sizeof(deviations) / sizeof(deviations[0]); d++) {
		uint32_t told = 0;

		for (uint32_t i = 0; i < 1000; i++)
			told += chance(law_normal, cnt, 0.1 * deviations[d]) <=
			    0.05;
		printf(" told_percent_of_%g=%.1f", deviations[d], told / 10.0);
	}
	printf(" ok=1\n");
}

int
main(int argc, char **argv)
{
	int ok = 1;

	draw_state = argc > 1 ? strtoull(argv[1], NULL, 10) * 2 + 1 : DRAW_SEED;
	for (size_t n = 0; n < sizeof(run_cnts) / sizeof(run_cnts[0]); n++) {
		uint32_t cnt = run_cnts[n], trial_cnt = cnt == 10 ? 4000 : 20000;

		for (size_t l = 0; l < sizeof(laws) / sizeof(laws[0]); l++)
			ok &= false_alarms(&laws[l], cnt, trial_cnt);
		ok &= false_alarms_of_many(cnt, trial_cnt / 10);
		ok &= hist_alarms("normal", law_normal, 0.2, cnt,
		    trial_cnt / 10);
		ok &= hist_alarms("two-modes", law_modes, 0.05, cnt,
		    trial_cnt / 10);
		ok &= hist_alarms("one-bucket", law_modes, 1e-6, cnt,
		    trial_cnt / 10);
		power(cnt);
		fflush(stdout);
	}
	return !ok;
}
