/* SPDX-License-Identifier: MIT */
/* How late a change of level is told, against a CUSUM that is told all but the
   time: the level, the noise, the size and the side of the change. Both alarm as
   often where nothing changes: about once a week of a row a second, of a scan
   each 15 seconds, and in 16,000 rows.

   changepoint [SEED]   a line for each size, NAME KEY=VALUE.. ok=1 (or 0) */
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "reader/detect/change_private.h"
#include "tests/bench/changepoint_best.h"

#define AS_SET_ROWS 20000000u /* to count false alarms in */
#define ALARM_CNT 100u

/* Noise of deviation 1, each row so much like the last. */
struct noise {
	double phi, last;
};

static double
draw(struct noise *noise)
{
	noise->last = noise->phi * noise->last +
	    sqrt(1 - noise->phi * noise->phi) * best_random();
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
rows_apart(const struct kyi_change_tuning *tuning, double phi,
    uint32_t row_cnt)
{
	struct noise noise = { phi, 0 };
	struct kymo_change change;
	double cnt = 0;

	fprintf(stderr, "changepoint: %u rows of noise\n", row_cnt);
	kymo_change_init(&change, 0);
	for (uint32_t i = 0; i < row_cnt; i++)
		cnt += step(&change, tuning, i, draw(&noise));
	return row_cnt / (cnt > 0 ? cnt : 1);
}

/* Rows from the change to the alarm, for each size after the same rows; series
   with a false alarm before do not count. */
static void
delays(double rows[BEST_SIZES], const struct kyi_change_tuning *tuning,
    uint32_t rows_before, uint32_t time_cnt)
{
	for (uint32_t i = 0; i < BEST_SIZES; i++)
		rows[i] = 0;
	for (uint32_t t = 0; t < time_cnt;) {
		struct kymo_change before, change;
		bool early = false;

		kymo_change_init(&before, 0);
		for (uint32_t i = 0; i < rows_before && !early; i++)
			early = step(&before, tuning, i, best_random());
		if (early)
			continue;
		for (uint32_t i = 0; i < BEST_SIZES; i++) {
			uint32_t late = 0;

			change = before;
			while (!step(&change, tuning, rows_before + late,
				best_random() + best_sizes[i]) && late < 1000000)
				late++;
			rows[i] += (late + 1.0) / time_cnt;
		}
		t++;
	}
}

static void
compare(double threshold, uint32_t about, uint32_t row_cnt, uint32_t time_cnt)
{
	struct kyi_change_tuning tuning = kyi_change_tuning;
	double apart, mixture, few[BEST_SIZES], many[BEST_SIZES];

	tuning.threshold = threshold;
	apart = rows_apart(&tuning, 0, row_cnt);
	mixture = best_mixture_limit(apart);
	delays(few, &tuning, 2000, time_cnt);
	if (apart > 100000)
		delays(many, &tuning, 20000, time_cnt / 2);
	for (uint32_t i = 0; i < BEST_SIZES; i++) {
		double size = best_sizes[i];
		double limit = best_oracle_limit(apart, size);
		double rows = best_oracle_rows(limit, size, 0, 20 * time_cnt);
		double met = best_oracle_rows(limit, size, 1000, 4 * time_cnt);

		printf("once-in-%u-step-%g rows_to_false=%.0f oracle_rows=%.2f "
		    "rows=%.2f ratio=%.2f ratio_oracle_ran_before=%.2f "
		    "ratio_all_known_but_size=%.2f", about, size, apart, rows,
		    few[i], few[i] / rows, few[i] / met,
		    best_mixture_rows(mixture, size, 1000, 4 * time_cnt) /
		    rows);
		if (apart > 100000)
			printf(" ratio_after_20000=%.2f", many[i] / rows);
		printf(" ok=1\n");
		fflush(stdout);
	}
}

int
main(int argc, char **argv)
{
	/* Thresholds that alarm about so often. */
	static const struct { double threshold; uint32_t apart; } often[] = {
		{ 12.3, 16000 }, { 13.6, 40320 }, { 16.8, 604800 }
	};
	bool quick = getenv("KYMO_QUICK") != NULL;

	best_seed(argc > 1 ? strtoull(argv[1], NULL, 10) : 1);
	for (int i = 0; i < (quick ? 1 : 3); i++)
		compare(often[i].threshold, often[i].apart, often[i].apart *
		    (quick ? 20 : ALARM_CNT), quick ? 40 : 1000);
	for (int phi = 0; phi < 10; phi += 3)
		printf("noise-0.%d rows_to_false_as_set=%.0f ok=1\n", phi,
		    rows_apart(&kyi_change_tuning, phi / 10.0, quick ?
			AS_SET_ROWS / 20 : AS_SET_ROWS));
	return 0;
}
