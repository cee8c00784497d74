/* SPDX-License-Identifier: MIT */
/* The best that can be: a CUSUM that is told all but when, and a rule that is told
   all but when, how large (one of five) and to which side. */
#ifndef TESTS_BENCH_CHANGEPOINT_BEST_H
#define TESTS_BENCH_CHANGEPOINT_BEST_H

#include <stdint.h>

#define BEST_SIZES 5u
extern const double best_sizes[BEST_SIZES]; /* deviations */

/* best_random: of a normal distribution; best_seed first. */
void best_seed(uint64_t seed);
double best_random(void);

/* best_oracle_limit: of the CUSUM for size, rows_apart between false alarms. */
double best_oracle_limit(double rows_apart, double size);
/* best_oracle_rows: from the change to the alarm, after so many rows without;
   in the mean of times. */
double best_oracle_rows(double limit, double size, uint32_t rows_before,
    uint32_t times);

/* best_mixture_limit, best_mixture_rows: likewise, of the other rule. */
double best_mixture_limit(double rows_apart);
double best_mixture_rows(double limit, double size, uint32_t rows_before,
    uint32_t times);

#endif
