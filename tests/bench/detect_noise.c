/* SPDX-License-Identifier: MIT */
/* Random series of eight families. */
#include <math.h>

#include "tests/bench/detect_noise.h"

#define TURN 6.283185307179586

const char *const noise_names[NOISE_FAMILY_CNT] = {
	"normal", "lognormal", "poisson", "pareto", "ar1", "daily", "on_off",
	"sparse"
};

static uint64_t
next(struct noise *noise)
{
	/* splitmix64: any seed is as good as another. */
	uint64_t z = noise->random += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

double
noise_uniform(struct noise *noise)
{
	return ((double)(next(noise) >> 11) + 0.5) * 0x1p-53;
}

double
noise_normal(struct noise *noise)
{
	return sqrt(-2 * log(noise_uniform(noise))) *
	    cos(TURN * noise_uniform(noise));
}

static double
between(struct noise *noise, double low, double high)
{
	return low * pow(high / low, noise_uniform(noise));
}

void
noise_begin(struct noise *noise, enum noise_family family, uint64_t seed)
{
	static const double ranges[NOISE_FAMILY_CNT][2] = {
		[NOISE_NORMAL] = { 0.1, 1000 }, /* mean, of deviations */
		[NOISE_LOGNORMAL] = { 0.25, 1.5 }, /* sigma */
		[NOISE_POISSON] = { 0.3, 300 }, /* a row */
		[NOISE_PARETO] = { 1.2, 4 },    /* alpha */
		[NOISE_AR1] = { 0.001, 0.5 },   /* 1 - phi */
		[NOISE_DAILY] = { 0.1, 30 },    /* deviations high */
		[NOISE_ON_OFF] = { 3, 300 },    /* rows that a state lasts */
		[NOISE_SPARSE] = { 0.001, 0.1 } /* how often it is not 0 */
	};

	*noise = (struct noise){ .family = family, .random = seed };
	noise->parameter = between(noise, ranges[family][0],
	    ranges[family][1]);
}

static double
poisson(struct noise *noise, double mean)
{
	double product = 1, least = exp(-mean);
	unsigned cnt = 0;

	/* Of many it is as good as normal. */
	if (mean > 30)
		return fmax(0, floor(mean + sqrt(mean) * noise_normal(noise) +
		    0.5));
	while ((product *= noise_uniform(noise)) > least)
		cnt++;
	return cnt;
}

static double
on_off(struct noise *noise)
{
	if (noise->rest <= 0) {
		noise->is_on = !noise->is_on;
		noise->rest = 1 - log(noise_uniform(noise)) *
		    noise->parameter;
	}
	noise->rest--;
	return noise->is_on ? 10 + noise_normal(noise) : 0;
}

double
noise_next(struct noise *noise, uint64_t at_s)
{
	double p = noise->parameter;

	switch (noise->family) {
	case NOISE_NORMAL:
		return p + noise_normal(noise);
	case NOISE_LOGNORMAL:
		return exp(p * noise_normal(noise));
	case NOISE_POISSON:
		return poisson(noise, p);
	case NOISE_PARETO:
		return pow(noise_uniform(noise), -1 / p);
	case NOISE_AR1:
		noise->level = (1 - p) * noise->level + noise_normal(noise);
		return noise->level;
	case NOISE_DAILY:
		return p * (1 + sin(TURN * (double)(at_s % 86400) / 86400)) +
		    noise_normal(noise);
	case NOISE_ON_OFF:
		return on_off(noise);
	default:
		return noise_uniform(noise) < p ?
		    -log(noise_uniform(noise)) : 0;
	}
}
