/* SPDX-License-Identifier: MIT */
/* Random series of eight families, each with its own seed. */
#ifndef KYI_BENCH_DETECT_NOISE_H
#define KYI_BENCH_DETECT_NOISE_H

#include <stdint.h>

enum noise_family {
	NOISE_NORMAL, NOISE_LOGNORMAL, NOISE_POISSON, NOISE_PARETO,
	NOISE_AR1, NOISE_DAILY, NOISE_ON_OFF, NOISE_SPARSE, NOISE_FAMILY_CNT
};

struct noise {
	enum noise_family family;
	uint64_t random;
	double parameter; /* its own, drawn of the seed */
	double level;     /* of what goes on from row to row */
	double rest;
	int is_on;
};

extern const char *const noise_names[NOISE_FAMILY_CNT];

/* Series of one family differ: how heavy the tail is, how often something is
   there, how long it lasts. */
void noise_begin(struct noise *noise, enum noise_family family, uint64_t seed);
double noise_next(struct noise *noise, uint64_t at_s);

/* In (0, 1), and of mean 0 and deviation 1. */
double noise_uniform(struct noise *noise);
double noise_normal(struct noise *noise);

#endif
