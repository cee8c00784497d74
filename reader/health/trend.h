/* SPDX-License-Identifier: MIT */
/* Is a number higher than it was? A cumulative sum over the distance to a slow
   mean, in its own standard deviations: shifts that last are found however small
   they are beside the noise, and a moment's peak is none. */
#ifndef KYI_HEALTH_TREND_H
#define KYI_HEALTH_TREND_H

#include <stdbool.h>
#include <stdint.h>

struct kyi_trend {
	double mean, var;   /* of what it was */
	double sum;         /* the cumulative sum, in deviations */
	double run;         /* since it was 0: distances added up, .. */
	uint32_t run_cnt;   /* .. how many */
	uint32_t cnt;       /* values learned, to KYI_TREND_LEARN */
	uint32_t back_cnt;  /* in a row that were near the old level */
	uint32_t long_cnt;  /* values since it is higher */
	double shift;       /* by how much it is higher */
	bool higher;
};

#define KYI_TREND_LEARN 30u
#define KYI_TREND_FORGET 600u /* so many later, the new level is the past */

/* Of what was read from a file: is it one that values can have made? */
bool kyi_trend_is_sound(const struct kyi_trend *trend);
/* By how much it is higher now, where it is. */
double kyi_trend_now(const struct kyi_trend *trend);
/* One value. sd_min: its deviation is at least that; shift_min: less is none. */
void kyi_trend_add(struct kyi_trend *trend, double value, double sd_min,
    double shift_min);

#endif
