/* SPDX-License-Identifier: MIT */
#include "tests/bench/changepoint_best.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#define STATES 200u /* that a CUSUM is taken to have */

const double best_sizes[BEST_SIZES] = { 0.25, 0.5, 1, 2, 4 };

static uint64_t state;
static double spare;
static bool has_spare;

void
best_seed(uint64_t seed)
{
	state = seed;
	has_spare = false;
}

static uint64_t
next(void)
{
	uint64_t z = state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

double
best_random(void)
{
	double u, v, far;

	has_spare = !has_spare;
	if (!has_spare)
		return spare;
	u = ((double)(next() >> 11) + 0.5) * 0x1p-53;
	v = ((double)(next() >> 11) + 0.5) * 0x1p-53;
	far = sqrt(-2 * log(u));
	spare = far * sin(6.283185307179586 * v);
	return far * cos(6.283185307179586 * v);
}

/* ---- the oracle ---------------------------------------------------------------- */

/* Chance that a row moves the sum by less: the row's log likelihood. */
static double
moves_below(double by, double size)
{
	return 0.5 * erfc(-(by / size + size / 2) * 0.7071067811865476);
}

/* Rows to a false alarm from the sum 0, by a chain of as many states as that
   (Brook and Evans 1972): (1 - P) rows = 1. */
static double
rows_apart_of(double limit, double size)
{
	static double m[STATES + 1][STATES + 2];
	double wide = limit / STATES;

	for (uint32_t i = 0; i <= STATES; i++) {
		for (uint32_t j = 0; j <= STATES; j++) {
			double from = i * wide, low = (j - 0.5) * wide - from;
			double high = (j == STATES ? limit : (j + 0.5) * wide) -
			    from;

			m[i][j] = (i == j) - moves_below(high, size) +
			    (j == 0 ? 0 : moves_below(low, size));
		}
		m[i][STATES + 1] = 1;
	}
	/* From the last state down, so that state 0 is left. */
	for (uint32_t k = STATES; k > 0; k--)
		for (uint32_t i = 0; i < k; i++) {
			double part = m[i][k] / m[k][k];

			for (uint32_t j = 0; j < k; j++)
				m[i][j] -= part * m[k][j];
			m[i][STATES + 1] -= part * m[k][STATES + 1];
		}
	return m[0][STATES + 1] / m[0][0];
}

double
best_oracle_limit(double rows_apart, double size)
{
	double low = 0.1, high = 25;

	for (int i = 0; i < 20; i++) {
		double middle = (low + high) / 2;

		if (rows_apart_of(middle, size) < rows_apart)
			low = middle;
		else
			high = middle;
	}
	return (low + high) / 2;
}

static double
oracle_step(double sum, double size, bool changed)
{
	sum += size * (best_random() + (changed ? size : 0) - size / 2);
	return sum > 0 ? sum : 0;
}

double
best_oracle_rows(double limit, double size, uint32_t rows_before,
    uint32_t times)
{
	double rows = 0;

	for (uint32_t t = 0; t < times; t++) {
		double sum = 0;

		/* An alarm before the change starts it anew. */
		for (uint32_t i = 0; i < rows_before; i++) {
			sum = oracle_step(sum, size, false);
			sum = sum > limit ? 0 : sum;
		}
		do {
			sum = oracle_step(sum, size, true);
			rows++;
		} while (sum <= limit);
	}
	return rows / times;
}

/* ---- not told the size ------------------------------------------------------------ */

/* Shiryaev and Roberts' rule for each size and side, weighed so that none is later
   than another, against its oracle: what Bayes would do, and so nearly the least
   that the worst of the sizes can be late by. */
static const double weights[BEST_SIZES] = { 0.05, 0.03, 0.045, 0.1, 0.275 };

struct mixture { double of[2][BEST_SIZES]; };

static double
mixture_step(struct mixture *mixture, double x)
{
	double sum = 0;

	for (int side = 0; side < 2; side++, x = -x)
		for (uint32_t i = 0; i < BEST_SIZES; i++) {
			double *of = &mixture->of[side][i];

			*of = (1 + *of) * exp(best_sizes[i] *
				(x - best_sizes[i] / 2));
			sum += weights[i] * *of;
		}
	return sum;
}

/* The sum less the rows is a martingale: rows to an alarm are the limit and by how
   much it is passed, which hardly depends on it. */
double
best_mixture_limit(double rows_apart)
{
	double rows = 0, limit = 3000;
	uint32_t times = 400;

	for (uint32_t t = 0; t < times; t++) {
		struct mixture mixture;

		memset(&mixture, 0, sizeof(mixture));
		do
			rows++;
		while (mixture_step(&mixture, best_random()) < limit);
	}
	return rows_apart / (rows / times / limit);
}

double
best_mixture_rows(double limit, double size, uint32_t rows_before,
    uint32_t times)
{
	double rows = 0;

	for (uint32_t t = 0; t < times; t++) {
		struct mixture mixture;

		memset(&mixture, 0, sizeof(mixture));
		for (uint32_t i = 0; i < rows_before; i++)
			if (mixture_step(&mixture, best_random()) >= limit)
				memset(&mixture, 0, sizeof(mixture));
		do
			rows++;
		while (mixture_step(&mixture, best_random() + size) < limit);
	}
	return rows / times;
}
