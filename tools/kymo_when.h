/* SPDX-License-Identifier: MIT */
/* Times and steps as people give them. */
#ifndef KYI_WHEN_H
#define KYI_WHEN_H

#include <stdbool.h>
#include <stdint.h>

double kyi_now_s(void);
/* A time: seconds since 1970, a date, now, or so long ago. */
bool kyi_when_read(double *at_s, const char *text);
/* More than 0. */
bool kyi_step_read(double *step_s, const char *text);
/* A step that people would choose, for about so many points. */
double kyi_step_choose(double span_s, uint32_t points);

#endif
