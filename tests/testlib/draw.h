/* SPDX-License-Identifier: MIT */
/* Draws of a seed that is always the same: a test says today what it said
   yesterday. One stream a program. */
#ifndef TESTS_TESTLIB_DRAW_H
#define TESTS_TESTLIB_DRAW_H

#include <math.h>
#include <stdint.h>

#define DRAW_SEED UINT64_C(88172645463325252)

static uint64_t draw_state = DRAW_SEED;

/* From the first one on: what others drew before is no matter. */
static inline void
draw_anew(void)
{
	draw_state = DRAW_SEED;
}

/* Between 0 and 1, never either (xorshift64, Marsaglia 2003). */
static inline double
draw_uniform(void)
{
	draw_state ^= draw_state << 13;
	draw_state ^= draw_state >> 7;
	draw_state ^= draw_state << 17;
	return ((double)(draw_state >> 11) + 0.5) * 0x1p-53;
}

static inline double
draw_normal(void)
{
	return sqrt(-2 * log(draw_uniform())) *
	    cos(6.283185307179586 * draw_uniform());
}

#endif
