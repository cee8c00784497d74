/* SPDX-License-Identifier: MIT */
/* The noise of a series, from differences: they hold whatever the level is. Of as
   many rows as it has been the same in. */
#include "reader/detect/change_private.h"

#include <math.h>

#define MEMORY_LATELY 1000.0 /* rows */
#define MEMORY_KNOWN 10000.0
#define ANOTHER 1.2 /* times as much, or less: noise is another since lately */
#define FEW 5.0     /* rows that say of correlation: none */

/* A change of level is one of the differences, and is cut. Where most rows are
   the same those that are not tell the noise. */
static void
square_add(double *sum, double *cnt, double memory, double difference,
    const struct kyi_change_tuning *tuning)
{
	double square = difference * difference, usual;

	usual = *cnt > 3 ? *sum / *cnt : 0;
	if (usual > 0 && square > tuning->square_max * usual)
		square = tuning->square_max * usual;
	*sum = *sum * (1 - 1 / memory) + square;
	*cnt = *cnt * (1 - 1 / memory) + (square == 0 ? tuning->flat : 1);
}

static void
learn(struct kymo_change_squares *squares, double memory,
    const struct kymo_change_track *track, double x,
    const struct kyi_change_tuning *tuning)
{
	if (track->met_cnt > 0)
		square_add(&squares->one, &squares->one_cnt, memory,
		    x - track->last, tuning);
	if (track->met_cnt > 1)
		square_add(&squares->two, &squares->two_cnt, memory,
		    x - track->last_but_one, tuning);
}

static bool
differs(double a, double a_cnt, double b, double b_cnt)
{
	return a * b_cnt > ANOTHER * b * a_cnt || b * a_cnt > ANOTHER * a * b_cnt;
}

/* Few rows tell noise to 4 % or so, which costs a tenth of the delay again. Many
   tell it better, and are believed as long as the last ones agree. */
void
kyi_change_noise_learn(struct kymo_change_track *track, double x,
    const struct kyi_change_tuning *tuning)
{
	struct kymo_change_squares *lately = &track->lately;
	struct kymo_change_squares *known = &track->known;

	learn(lately, MEMORY_LATELY, track, x, tuning);
	learn(known, MEMORY_KNOWN, track, x, tuning);
	if (differs(lately->one, lately->one_cnt, known->one, known->one_cnt) ||
	    differs(lately->two, lately->two_cnt, known->two, known->two_cnt))
		*known = *lately;
}

/* Of x[t] = phi x[t-1] + shock the squares of differences over two rows are
   1 + phi times those over one (Chakar and others 2017). */
struct kyi_change_noise
kyi_change_noise_of(const struct kymo_change_track *track, double phi_max)
{
	const struct kymo_change_squares *known = &track->known;
	struct kyi_change_noise noise = { 0 };
	double one, two;

	if (!(known->one > 0))
		return noise;
	one = known->one / known->one_cnt;
	if (known->two_cnt > 0) {
		two = known->two / known->two_cnt;
		noise.phi = known->two_cnt / (known->two_cnt + FEW) *
		    (two / one - 1);
		noise.phi = fmin(fmax(noise.phi, -0.5), phi_max);
	}
	noise.variance = one / 2 / (1 - noise.phi);
	noise.shock = one * (1 + noise.phi) / 2;
	return noise;
}
