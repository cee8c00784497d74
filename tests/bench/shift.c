/* SPDX-License-Identifier: MIT */
/* How much a histogram loses: the samples that a test on its buckets needs to
   find a latency that is 1 % longer, against a t-test on the logs of the samples
   themselves; and how often it finds what is not there.

   shift [SEED]   a line for each distribution, NAME KEY=VALUE.. ok=1 (or 0) */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "reader/detect/shift.h"

#define SHIFT 0.00995033085316808 /* log 1.01 */
#define SCALE 4u                  /* kymo's usual buckets: 4.4 % */
#define BUCKET_CNT 1024u
/* 99 % power at 1 % false alarms, two-sided: 2.5758 + 2.3263 errors. */
#define ERRORS_NEEDED 4.9021
#define RATIO_MAX 1.2

static uint64_t state;

static uint64_t
next(void)
{
	uint64_t z = state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static double
uniform(void)
{
	return ((double)(next() >> 11) + 0.5) * 0x1p-53;
}

/* Marsaglia's polar method. */
static double
normal(void)
{
	static double spare;
	static int has_spare;
	double u, v, s;

	if (has_spare) {
		has_spare = 0;
		return spare;
	}
	do {
		u = 2 * uniform() - 1;
		v = 2 * uniform() - 1;
		s = u * u + v * v;
	} while (s >= 1 || s == 0);
	s = sqrt(-2 * log(s) / s);
	spare = v * s;
	has_spare = 1;
	return u * s;
}

/* ---- logs of latencies ------------------------------------------------------- */

static double lognormal_wide(void) { return 0.5 * normal(); }
static double lognormal_close(void) { return 0.05 * normal(); }
static double lognormal(void) { return 0.25 * normal(); }
/* Narrower than a bucket: what a histogram is not for. */
static double lognormal_narrow(void) { return 0.02 * normal(); }

/* Of shape 4: the sum of four exponentials. */
static double
gamma_4(void)
{
	return log(-log(uniform() * uniform() * uniform() * uniform()));
}

/* A cache that misses one time in five, ten times slower. */
static double
bimodal(void)
{
	return uniform() < 0.8 ? 0.15 * normal() : 2.3 + 0.3 * normal();
}

/* A body, and a tail of Pareto's of exponent 1.5 for one in twenty. */
static double
heavy(void)
{
	return uniform() < 0.95 ? 0.2 * normal() :
	    0.4 - log(uniform()) / 1.5;
}

static const struct row {
	const char *name;
	double (*draw)(void);
	int must; /* hold the limit */
} rows[] = {
	{ "lognormal-0.5", lognormal_wide, 1 },
	{ "lognormal-0.25", lognormal, 1 },
	{ "gamma-4", gamma_4, 1 },
	{ "bimodal", bimodal, 1 },
	{ "heavy-tail", heavy, 1 },
	{ "lognormal-0.05", lognormal_close, 1 },
	{ "lognormal-0.02", lognormal_narrow, 0 },
};

/* ---- one experiment ------------------------------------------------------------ */

struct side {
	double sum, squares;
	struct kymo_hist hist;
	uint64_t buckets[BUCKET_CNT];
};

static void
fill(struct side *side, const struct row *row, double by, uint32_t cnt)
{
	side->sum = side->squares = 0;
	side->hist = (struct kymo_hist){ .scale = SCALE,
	    .lo_idx = -(int32_t)BUCKET_CNT / 2, .bucket_cnt = BUCKET_CNT,
	    .buckets = side->buckets };
	for (uint32_t i = 0; i < BUCKET_CNT; i++)
		side->buckets[i] = 0;
	for (uint32_t i = 0; i < cnt; i++) {
		double x = row->draw() + by;
		double idx = ceil(x / log(2) * (1u << SCALE)) - 1 +
		    BUCKET_CNT / 2;

		side->sum += x;
		side->squares += x * x;
		if (idx < 0)
			side->hist.under++;
		else if (idx >= BUCKET_CNT)
			side->hist.over++;
		else
			side->buckets[(uint32_t)idx]++;
	}
}

static double
t_of_logs(const struct side *a, const struct side *b, double cnt)
{
	double var = (a->squares - a->sum * a->sum / cnt +
	    b->squares - b->sum * b->sum / cnt) / (2 * cnt - 2);

	return (b->sum - a->sum) / cnt / sqrt(2 * var / cnt);
}

static struct kymo_shift
shift_of_hists(const struct side *a, const struct side *b)
{
	struct kymo_shift shift;
	struct kymo_error error;

	if (kymo_shift_hists(&shift, &a->hist, 1, &b->hist, 1, 1, &error) != 0) {
		fprintf(stderr, "shift: %s\n", error.text);
		exit(1);
	}
	return shift;
}

struct sums {
	double cnt, t, z, t_found, z_found;
};

static void
experiment(struct sums *sums, const struct row *row, double by, uint32_t cnt)
{
	static struct side a, b;
	struct kymo_shift shift;
	double t;

	fill(&a, row, 0, cnt);
	fill(&b, row, by, cnt);
	t = t_of_logs(&a, &b, cnt);
	shift = shift_of_hists(&a, &b);
	sums->cnt++;
	sums->t += t;
	sums->z += shift.z;
	sums->t_found += by > 0 ? t > 2.5758 : fabs(t) > 2.5758;
	sums->z_found += shift.chance < 0.01 && (by == 0 || shift.z > 0);
}

/* The logs' deviation, from many. */
static double
deviation(const struct row *row)
{
	double sum = 0, squares = 0, cnt = 4e6;

	for (uint32_t i = 0; i < 4000000; i++) {
		double x = row->draw();

		sum += x;
		squares += x * x;
	}
	return sqrt(squares / cnt - sum * sum / cnt / cnt);
}

/* At as many samples as the t-test needs, and 1.2 times as many. Of both tests
   the errors that the shift is grow with the root of the samples, so the ratio
   of samples is that of the squares of their means. */
static int
try_row(const struct row *row, uint32_t time_cnt)
{
	double sd = deviation(row), ratio;
	uint32_t needed = (uint32_t)ceil(2 * ERRORS_NEEDED * ERRORS_NEEDED * sd *
	    sd / SHIFT / SHIFT);
	struct sums plain = { 0 }, more = { 0 }, none = { 0 };
	double alarms, power;
	int ok;

	for (uint32_t i = 0; i < time_cnt; i++) {
		experiment(&plain, row, SHIFT, needed);
		experiment(&more, row, SHIFT, (uint32_t)(RATIO_MAX * needed));
		experiment(&none, row, 0, needed);
	}
	ratio = plain.t / plain.z * (plain.t / plain.z);
	power = more.z_found / time_cnt;
	alarms = none.z_found / time_cnt;
	/* Three standard errors of what time_cnt tells. */
	ok = ratio <= RATIO_MAX && power >= 0.99 - 3 * sqrt(0.99 * 0.01 /
	    time_cnt) && alarms <= 0.01 + 3 * sqrt(0.01 * 0.99 / time_cnt);
	printf("%s samples=%u samples_ratio=%.3f power_at_1.2=%.4f "
	    "power_t=%.4f false_alarms=%.4f false_alarms_t=%.4f must=%s ok=%d\n",
	    row->name, needed, ratio, power, plain.t_found / time_cnt, alarms,
	    none.t_found / time_cnt, row->must ? "yes" : "no",
	    ok || !row->must);
	fflush(stdout);
	return ok || !row->must;
}

int
main(int argc, char **argv)
{
	uint32_t time_cnt = getenv("KYMO_QUICK") ? 50 : 500;
	int all = 1;

	state = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		all &= try_row(&rows[i], time_cnt);
	return all ? 0 : 1;
}
