/* SPDX-License-Identifier: MIT */
/* What detection costs, how often it alarms of noise, and what it finds.

   detect cost        100,000 series, a value each in turn
   detect noise SEED  alarms a series and week in each of eight families
   detect power       of spikes, steps and stuck values, by size

   A line for each row: NAME KEY=.. ok=1. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "reader/detect/detect.h"
#include "tests/bench/detect_noise.h"

#define WEEK_S 604800u
#define BEGIN_S 1700438400u
#define S_NS 1000000000u
#define SERIES_CNT 100000u
#define AHEAD_CNT 8u
#define OLD_S 300u
#define OVER 1.25 /* times the budget that may be */

static double
cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* ---- cost ------------------------------------------------------------------ */

/* Every series has its own kilobyte, so none is in the cache when its turn
   comes: as it is in kymod. */
static int
cost(void)
{
	struct kymo_detect *all = calloc(SERIES_CNT, sizeof(*all));
	float *values = calloc(SERIES_CNT, sizeof(*values));
	double start, passed_ns = 0;
	unsigned alarm_cnt = 0, pass_cnt = 0;
	struct noise noise;

	if (!all || !values)
		return 1;
	noise_begin(&noise, NOISE_NORMAL, 1);
	for (unsigned i = 0; i < SERIES_CNT; i++)
		kymo_detect_init(&all[i]);
	for (unsigned s = 0; s < OLD_S + 20; s++) {
		for (unsigned i = 0; i < SERIES_CNT; i++)
			values[i] = (float)noise_normal(&noise);
		start = cpu_ns();
		for (unsigned i = 0; i < SERIES_CNT; i++) {
			if (i + AHEAD_CNT < SERIES_CNT)
				kymo_detect_soon(&all[i + AHEAD_CNT]);
			alarm_cnt += kymo_detect_step(&all[i],
			    (BEGIN_S + (uint64_t)s) * S_NS,
			    (double)values[i]).score >= 1;
		}
		/* The first touch of memory is the kernel's, and for a minute
		   nearly every value is new: detect_wired has that too. */
		if (s >= OLD_S) {
			passed_ns += cpu_ns() - start;
			pass_cnt++;
		}
	}
	passed_ns /= pass_cnt;
	printf("cost series=%u core_percent=%.2f ns_sample=%.1f bytes_series=%zu"
	    " alarms=%u ok=%d\n", SERIES_CNT, passed_ns / 1e7,
	    passed_ns / SERIES_CNT, sizeof(struct kymo_detect), alarm_cnt,
	    passed_ns <= 1e7 && alarm_cnt == 0);
	free(values);
	free(all);
	return 0;
}

/* ---- noise ----------------------------------------------------------------- */

/* A series from its birth on. What the gate holds back counts too: a rise of raw
   to 1 is an alarm, whatever became of it. */
static void
noise_count(enum noise_family family, uint64_t seed, unsigned step_s,
    unsigned weeks, unsigned *alarm_cnt, unsigned *raw_cnt)
{
	struct kymo_detect detect;
	struct noise noise;
	double last = 0;

	noise_begin(&noise, family, seed);
	kymo_detect_init(&detect);
	for (uint64_t at_s = 0; at_s < weeks * WEEK_S; at_s += step_s) {
		struct kymo_detect_result result = kymo_detect_step(&detect,
		    (BEGIN_S + at_s) * S_NS, noise_next(&noise, at_s));

		*alarm_cnt += result.score >= 1;
		*raw_cnt += result.raw >= 1 && last < 1;
		last = result.raw;
	}
}

static void
noise_row(enum noise_family family, uint64_t seed, unsigned step_s,
    unsigned series_cnt, unsigned weeks)
{
	unsigned alarm_cnt = 0, raw_cnt = 0;
	double all = series_cnt * weeks;

	for (unsigned i = 0; i < series_cnt; i++)
		noise_count(family, seed * 1000003 + i, step_s, weeks,
		    &alarm_cnt, &raw_cnt);
	printf("noise_%s step_s=%u series_weeks=%.0f weeks=%u alarms_week=%.3f"
	    " held_too=%.3f ok=%d\n", noise_names[family], step_s, all, weeks,
	    alarm_cnt / all, raw_cnt / all,
	    raw_cnt <= OVER * all && alarm_cnt <= OVER * all);
	fflush(stdout);
}

static int
noise_rows(uint64_t seed)
{
	for (int f = 0; f < NOISE_FAMILY_CNT; f++) {
		noise_row((enum noise_family)f, seed, 300, 400, 1);
		noise_row((enum noise_family)f, seed, 300, 100, 4);
		/* A series is no worse for being old. */
		noise_row((enum noise_family)f, seed, 300, 10, 40);
		noise_row((enum noise_family)f, seed, 15, 400, 1);
	}
	return 0;
}

/* ---- power ----------------------------------------------------------------- */

enum what { SPIKE, STEP, STUCK };

/* A row of normal noise of deviation 1, disturbed after three weeks: is there an
   alarm within two hours? */
static int
found(enum what what, double size, uint64_t seed)
{
	struct kymo_detect detect;
	struct noise noise;
	double value = 0;
	unsigned i, end = 3 * 2016;

	noise_begin(&noise, NOISE_NORMAL, seed);
	kymo_detect_init(&detect);
	for (i = 0; i < end + 24 + (what == STUCK ? (unsigned)size : 0); i++) {
		struct kymo_detect_result result;

		if (what != STUCK || i < end)
			value = noise_normal(&noise) + 100;
		if (i >= end && what == STEP)
			value += size;
		if (i == end && what == SPIKE)
			value += size;
		if (what == STUCK && i >= end + (unsigned)size)
			return 0;
		result = kymo_detect_step(&detect,
		    (BEGIN_S + i * 300) * (uint64_t)S_NS, value);
		if (i >= end && result.score >= 1)
			return 1;
	}
	return 0;
}

static void
power_row(const char *name, enum what what, const double *sizes, unsigned cnt)
{
	unsigned found_cnt;

	printf("power_%s", name);
	for (unsigned s = 0; s < cnt; s++) {
		found_cnt = 0;
		for (uint64_t seed = 0; seed < 100; seed++)
			found_cnt += (unsigned)found(what, sizes[s], seed);
		printf(" percent_of_%g=%u", sizes[s], found_cnt);
	}
	/* The largest is found nearly always, or detection is no use. */
	printf(" ok=%d\n", found_cnt >= 95);
}

static int
power(void)
{
	static const double sizes[] = { 2, 3, 4, 5, 6, 8, 10, 15 };
	static const double rows[] = { 4, 8, 12, 24, 72 };

	power_row("spike_deviations", SPIKE, sizes, 8);
	power_row("step_deviations", STEP, sizes, 6);
	power_row("stuck_rows", STUCK, rows, 5);
	return 0;
}

int
main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "cost") == 0)
		return cost();
	if (argc > 2 && strcmp(argv[1], "noise") == 0)
		return noise_rows(strtoull(argv[2], NULL, 10));
	if (argc > 1 && strcmp(argv[1], "power") == 0)
		return power();
	fputs("usage: detect cost | noise SEED | power\n", stderr);
	return 2;
}
