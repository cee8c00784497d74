/* SPDX-License-Identifier: MIT */
/* Did a distribution move? By ranks, from the buckets of histograms alone; and
   the same of single numbers. docs/regressions.md tells how.

   Threads  any: nothing is kept.
   Errors   a NAN where nothing can be said. */
#ifndef KYMO_READER_SHIFT_H
#define KYMO_READER_SHIFT_H

#include <stdint.h>

#include "reader/series/series.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What is compared are two groups of units: runs, or parts of a run. Chances
   come of how units of a group differ; so what lasts as long as a unit (a warm
   cache, a busy neighbour) is taken for what it is. */
struct kymo_shift {
	uint64_t before_cnt, after_cnt; /* observations */
	double before, after; /* medians; of numbers: means */
	double z;         /* > 0: after is larger; in standard errors */
	double freedom;   /* degrees of, of z as a Student variable */
	double chance;    /* that as much comes of nothing: p, two-sided */
	double least;     /* no chance of so few units can be below */
	/* After is so many times before: best guess, and 95 % of guesses. NAN
	   where it cannot be said, of numbers also where 0 is in reach. */
	double ratio, ratio_low, ratio_high;
	/* After less before, in the unit; of numbers alone, else NAN. */
	double difference, difference_low, difference_high;
};

/* kymo_shift_hists compares histograms, a unit each. All of a unit's
   observations count the same, so units of a group should be alike in length.
   A group of one unit has nothing that its chances could come of but its
   observations: these are then thought to be independent, each standing for
   sample_n. The chance is NAN unless both groups have two of what counts.
   Fails without memory alone. */
KYMO_READER_API KYMO_MUST_CHECK int kymo_shift_hists(struct kymo_shift *shift,
    const struct kymo_hist *before, uint32_t before_cnt,
    const struct kymo_hist *after, uint32_t after_cnt, uint32_t sample_n,
    struct kymo_error *error);

/* kymo_shift_numbers compares numbers, a unit each (Welch's test): the chance is
   NAN unless both groups have two. Of 10 units a side and fewer, here and above, a
   chance is also at least that of their being dealt out so, whatever their law. */
KYMO_READER_API void kymo_shift_numbers(struct kymo_shift *shift,
    const double *before, uint32_t before_cnt, const double *after,
    uint32_t after_cnt);

/* kymo_shift_adjust makes, of the chances of cnt questions asked at once, those
   that may be held against one limit: the share of false ones among all that
   pass is at most the limit (Benjamini and Hochberg 1995). NANs stay and do
   not count. Fails without memory. */
KYMO_READER_API KYMO_MUST_CHECK int kymo_shift_adjust(double *chances,
    uint32_t cnt);

#ifdef __cplusplus
}
#endif

#endif
