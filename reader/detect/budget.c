/* SPDX-License-Identifier: MIT */
/* From a detector's score to one in which 1 is the budget. Of how noise reaches
   scores: alarms a series and week of the worst of eight families of noise, with
   what the gate holds back, by score (docs/detection.md; measured as ./dev bench
   detect does). Between its rows, and beyond them, it goes on as a power. */
#include <math.h>

#include "reader/detect/detectors_private.h"

static const struct { double alarms_week, score; } noise[] = {
	{ 6.8, 0.078 }, { 4.0, 0.156 }, { 2.3, 0.31 }, { 1.3, 0.63 },
	{ 1, 1 }, { 0.6, 1.25 }, { 0.33, 1.75 }, { 0.22, 2.5 }, { 0.13, 5 },
	{ 0.055, 10 }
};
#define NOISE_CNT (sizeof(noise) / sizeof(noise[0]))

double
kyi_detect_scale(double budget_week)
{
	size_t i = 1;
	double power;

	while (i + 1 < NOISE_CNT && budget_week < noise[i].alarms_week)
		i++;
	power = log(noise[i].score / noise[i - 1].score) /
	    log(noise[i].alarms_week / noise[i - 1].alarms_week);
	return 1 / (noise[i].score *
	    pow(budget_week / noise[i].alarms_week, power));
}
