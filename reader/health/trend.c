/* SPDX-License-Identifier: MIT */
#include "reader/health/trend.h"

#include <math.h>
#include <string.h>

#define SLACK 0.5    /* deviations of a shift that do not count */
#define LIMIT 12.0   /* at independent values once in 10^5 */
#define SLOWNESS 256 /* values that the mean goes back, about */
#define BACK 4u      /* values near the old level that end it */
#define FOLLOW 8u    /* values, about, that what is told of it goes back */

/* Logarithms of seconds, and angles: far from that are no means of ours. */
#define MEAN_MAX 1000.0

bool
kyi_trend_is_sound(const struct kyi_trend *trend)
{
	return trend->cnt <= SLOWNESS && isfinite(trend->mean) &&
	    fabs(trend->mean) <= MEAN_MAX && trend->var >= 0 &&
	    trend->var <= MEAN_MAX * MEAN_MAX && trend->sum >= 0 &&
	    isfinite(trend->sum) && isfinite(trend->run) &&
	    (trend->sum > 0 || trend->run_cnt == 0) &&
	    isfinite(trend->shift) && fabs(trend->shift) <= 2 * MEAN_MAX &&
	    trend->back_cnt < BACK && trend->long_cnt < KYI_TREND_FORGET &&
	    (!trend->higher || trend->cnt >= KYI_TREND_LEARN);
}

static void
learn(struct kyi_trend *trend, double value)
{
	double n = trend->cnt < SLOWNESS ? trend->cnt + 1.0 : SLOWNESS;
	double off = value - trend->mean;

	trend->mean += off / n;
	trend->var += (off * (value - trend->mean) - trend->var) / n;
	if (trend->cnt < SLOWNESS)
		trend->cnt++;
}

/* Few values tell little of their deviation: take it for larger. */
static double
deviation(const struct kyi_trend *trend, double sd_min)
{
	double sd = sqrt(trend->var) * (1 + 4.0 / trend->cnt);

	return sd > sd_min ? sd : sd_min;
}

/* What is told follows what it is now: at the alarm the sum still had values of
   before. What makes it well again does not move. */
static void
follow(struct kyi_trend *trend, double off)
{
	trend->run += trend->run_cnt < FOLLOW ? off :
	    off - trend->run / trend->run_cnt;
	if (trend->run_cnt < FOLLOW)
		trend->run_cnt++;
}

double
kyi_trend_now(const struct kyi_trend *trend)
{
	return trend->run_cnt > 0 ? trend->run / trend->run_cnt : trend->shift;
}

static void
while_higher(struct kyi_trend *trend, double value)
{
	if (value < trend->mean + trend->shift / 2) {
		trend->back_cnt++;
	} else {
		trend->back_cnt = 0;
		follow(trend, value - trend->mean);
	}
	if (trend->back_cnt < BACK && ++trend->long_cnt < KYI_TREND_FORGET)
		return;
	trend->higher = false;
	trend->sum = trend->run = 0;
	trend->run_cnt = 0;
	if (trend->back_cnt < BACK)
		trend->cnt = 0; /* learned anew */
	trend->back_cnt = trend->long_cnt = 0;
}

void
kyi_trend_add(struct kyi_trend *trend, double value, double sd_min,
    double shift_min)
{
	if (!isfinite(value))
		return;
	if (trend->higher) {
		while_higher(trend, value);
		return;
	}
	if (trend->cnt == 0)
		memset(trend, 0, sizeof(*trend));
	if (trend->cnt < KYI_TREND_LEARN) {
		learn(trend, value);
		return;
	}
	trend->sum += (value - trend->mean) / deviation(trend, sd_min) - SLACK;
	if (trend->sum <= 0) {
		trend->sum = trend->run = 0;
		trend->run_cnt = 0;
	} else {
		trend->run += value - trend->mean;
		trend->run_cnt++;
	}
	if (trend->sum > LIMIT &&
	    trend->run / trend->run_cnt >= shift_min) {
		trend->higher = true;
		trend->shift = trend->run / trend->run_cnt;
		if (trend->run_cnt > FOLLOW) {
			trend->run = trend->shift * FOLLOW;
			trend->run_cnt = FOLLOW;
		}
		return;
	}
	learn(trend, value);
}
