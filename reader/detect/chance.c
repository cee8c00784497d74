/* SPDX-License-Identifier: MIT */
#include "reader/detect/chance.h"

#include <math.h>

#define SQRT_2 1.4142135623730951
#define SQRT_2_PI 2.5066282746310002

double
kyi_normal_density(double x)
{
	return exp(-x * x / 2) / SQRT_2_PI;
}

/* A start of three digits (Abramowitz and Stegun 26.2.23), then Halley's steps on
   what libm's erfc says, which is exact. */
double
kyi_normal_quantile(double p)
{
	double tail = p < 0.5 ? p : 1 - p, t, x, error, step;

	if (!(tail > 0))
		return p < 0.5 ? -INFINITY : INFINITY;
	t = sqrt(-2 * log(tail));
	x = t - (2.515517 + t * (0.802853 + t * 0.010328)) /
	    (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
	for (int i = 0; i < 3; i++) {
		error = erfc(x / SQRT_2) / 2 - tail;
		step = error / kyi_normal_density(x);
		x += step / (1 - x * step / 2);
	}
	return p < 0.5 ? -x : x;
}

/* The continued fraction of the incomplete beta function (Lentz). */
static double
beta_fraction(double a, double b, double x)
{
	const double tiny = 1e-300;
	double c = 1, d = 1 - (a + b) * x / (a + 1), h, by;

	d = 1 / (fabs(d) < tiny ? tiny : d);
	h = d;
	for (int m = 1; m < 10000; m++) {
		for (int odd = 0; odd < 2; odd++) {
			double k = odd ? -(a + m) * (a + b + m) * x /
			    ((a + 2 * m) * (a + 2 * m + 1)) :
			    m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));

			d = 1 + k * d;
			d = 1 / (fabs(d) < tiny ? tiny : d);
			c = 1 + k / c;
			c = fabs(c) < tiny ? tiny : c;
			by = c * d;
			h *= by;
		}
		if (fabs(by - 1) < 1e-15)
			break;
	}
	return h;
}

/* y is 1 - x, given apart: near 1 the difference would lose it. */
static double
beta_incomplete(double a, double b, double x, double y)
{
	double front;

	if (x <= 0 || y <= 0)
		return x <= 0 ? 0 : 1;
	front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) +
	    b * log(y));
	if (x < (a + 1) / (a + b + 2))
		return front * beta_fraction(a, b, x) / a;
	return 1 - front * beta_fraction(b, a, y) / b;
}

double
kyi_student_both(double t, double freedom)
{
	double square = t * t;

	if (isnan(t) || isnan(freedom))
		return NAN;
	/* From here on the normal's is as exact as the fraction. */
	if (freedom > 1e7 || isinf(square))
		return erfc(fabs(t) / SQRT_2);
	return beta_incomplete(freedom / 2, 0.5, freedom / (freedom + square),
	    square / (freedom + square));
}

double
kyi_student_limit(double p, double freedom)
{
	double low = 0, high = 1;

	while (kyi_student_both(high, freedom) > p && high < 1e300)
		high *= 2;
	for (int i = 0; i < 100 && low < high; i++) {
		double middle = (low + high) / 2;

		if (kyi_student_both(middle, freedom) > p)
			low = middle;
		else
			high = middle;
	}
	return (low + high) / 2;
}
