/* SPDX-License-Identifier: MIT */
/* How late a change of level is told, against a CUSUM that is told all but the
   time: the level, the noise, the size and the side of the change. Both alarm as
   often where nothing changes.

   changepoint [SEED]   a line for each size, NAME KEY=VALUE.. ok=1 (or 0) */
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "reader/detect/change_private.h"

#define NOISE_ROWS 4000000u /* to count false alarms in */
#define HISTORY_ROWS 2000u  /* before the change */
/* At what kymo has there are too few false alarms to count. */
#define THRESHOLD 14.0

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
normal(void)
{
	double u = ((double)(next() >> 11) + 0.5) * 0x1p-53;
	double v = ((double)(next() >> 11) + 0.5) * 0x1p-53;

	return sqrt(-2 * log(u)) * cos(6.283185307179586 * v);
}

/* Noise of deviation 1, each row so much like the last. */
struct noise {
	double phi, last;
};

static double
draw(struct noise *noise)
{
	noise->last = noise->phi * noise->last +
	    sqrt(1 - noise->phi * noise->phi) * normal();
	return noise->last;
}

static bool
step(struct kymo_change *change, const struct kyi_change_tuning *tuning,
    uint64_t row, double value)
{
	struct kymo_change_point point;

	return kyi_change_step(change, tuning, row * 1000000000u, value, &point);
}

/* Rows to a false alarm. */
static double
rows_apart(const struct kyi_change_tuning *tuning, double phi)
{
	struct noise noise = { phi, 0 };
	struct kymo_change change;
	double cnt = 0;

	kymo_change_init(&change, 0);
	for (uint32_t i = 0; i < NOISE_ROWS; i++)
		cnt += step(&change, tuning, i, draw(&noise));
	return NOISE_ROWS / (cnt > 0 ? cnt : 1);
}

/* Rows from the change to the alarm; series with a false one before it do not
   count. */
static double
delay(const struct kyi_change_tuning *tuning, double phi, double size,
    uint32_t time_cnt)
{
	double sum = 0;

	for (uint32_t t = 0; t < time_cnt;) {
		struct noise noise = { phi, normal() };
		struct kymo_change change;
		bool early = false;
		uint32_t late = 0;

		kymo_change_init(&change, 0);
		for (uint32_t i = 0; i < HISTORY_ROWS; i++)
			early |= step(&change, tuning, i, draw(&noise));
		if (early)
			continue;
		while (!step(&change, tuning, HISTORY_ROWS + late,
		    draw(&noise) + size) && late < 1000000)
			late++;
		sum += late + 1;
		t++;
	}
	return sum / time_cnt;
}

/* ---- the oracle ---------------------------------------------------------------- */

/* What is new in a row of noise with a change of size: a shift of its shocks, of
   deviation 1. The first shock has all of the change, more than the others: the
   oracle takes them for equal, and white noise is where it is one. */
static double
oracle_rows(double limit, double size, bool changed)
{
	double sum = 0, rows = 0;

	do {
		sum += size * (normal() + (changed ? size : 0) - size / 2);
		sum = sum < 0 ? 0 : sum;
		rows++;
	} while (sum <= limit);
	return rows;
}

static double
oracle_mean(double limit, double size, bool changed, uint32_t time_cnt)
{
	double sum = 0;

	for (uint32_t t = 0; t < time_cnt; t++)
		sum += oracle_rows(limit, size, changed);
	return sum / time_cnt;
}

static double
oracle_limit(double apart, double size)
{
	double low = 0, high = 20;

	for (int i = 0; i < 12; i++) {
		double middle = (low + high) / 2;

		if (oracle_mean(middle, size, false, 100) < apart)
			low = middle;
		else
			high = middle;
	}
	return (low + high) / 2;
}

int
main(int argc, char **argv)
{
	static const double sizes[] = { 0.25, 0.5, 1, 2, 4 };
	struct kyi_change_tuning tuning = kyi_change_tuning;
	uint32_t time_cnt = getenv("KYMO_QUICK") ? 40 : 400;
	double apart;

	state = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
	tuning.threshold = THRESHOLD;
	apart = rows_apart(&tuning, 0);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		double limit = oracle_limit(apart, sizes[i]);
		double best = oracle_mean(limit, sizes[i], true, time_cnt * 10);
		double ours = delay(&tuning, 0, sizes[i], time_cnt);

		printf("step-%g rows_to_false=%.0f oracle_rows=%.2f rows=%.2f "
		    "ratio=%.2f as_set=%.2f ok=1\n", sizes[i], apart, best,
		    ours, ours / best,
		    delay(&kyi_change_tuning, 0, sizes[i], time_cnt));
		fflush(stdout);
	}
	for (int phi = 0; phi < 10; phi += 3)
		printf("noise-0.%d rows_to_false_as_set=%.0f ok=1\n", phi,
		    rows_apart(&kyi_change_tuning, phi / 10.0));
	return 0;
}
