/* SPDX-License-Identifier: MIT */
/* Since when is a series another? Change points of level and of slope, online:
   each is told as soon as the rows so far show it, with the row that it began
   at, and never taken back. docs/regressions.md tells how.

   Threads  one at a time for a series. */
#ifndef KYMO_READER_CHANGE_H
#define KYMO_READER_CHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reader/error.h"

#ifdef __cplusplus
extern "C" {
#endif

enum kymo_change_kind {
	KYMO_CHANGE_LEVEL = 0, /* it is higher, or lower */
	KYMO_CHANGE_SLOPE = 1  /* it rises faster, or slower, or falls */
};

struct kymo_change_point {
	enum kymo_change_kind kind;
	uint64_t row;     /* the first of the new, 0 is the first row of all */
	uint64_t at_ns;   /* its time */
	double before, after; /* mean levels; or slopes, in units a second */
	double confidence; /* that it did not come of noise, 0 to 1 */
};

/* A row at which the series may have changed. */
struct kymo_change_start {
	uint64_t row, at_ns;
	double sum;       /* of all rows of the segment before it */
	double last, own; /* the row before it, and it */
};

#define KYMO_CHANGE_LATEST 16u /* starts that are all looked at */
#define KYMO_CHANGE_CORNERS 20u /* older ones that can be the best, a side */

/* Squared differences from row to row, and over two, and how many they are. */
struct kymo_change_squares {
	double one, one_cnt, two, two_cnt;
};

/* One number that is watched: the value, or how much it grows by a row. */
struct kymo_change_track {
	struct kymo_change_squares lately, known; /* of few rows, of many */
	double last, last_but_one;
	uint64_t next_row, met_cnt;
	uint32_t latest_cnt;
	uint32_t corner_cnt[2];
	struct kymo_change_start begin; /* of the segment */
	struct kymo_change_start latest[KYMO_CHANGE_LATEST];
	struct kymo_change_start corners[2][KYMO_CHANGE_CORNERS];
	double sum; /* of the segment, from begin's own on */
};

/* What is known of one series. Its fields are kymo_change_step's business. */
struct kymo_change {
	double least; /* part of the level, see kymo_change_init */
	uint64_t row_cnt; /* taken in, without those that wait */
	uint32_t wait_cnt;
	struct { uint64_t at_ns; double value; } waiting[2];
	struct kymo_change_track value, growth;
	/* What chance gained in that many rows, at most: so far; and of the last
	   rows, which may be a change that begins. */
	float chance[KYMO_CHANGE_LATEST + 1], of_late[KYMO_CHANGE_LATEST + 1];
	uint64_t of_late_until; /* row */
	double told_gain; /* of the last change of level */
};

/* kymo_change_init makes change know nothing. There is nothing to free.

   least  a level that moves by less than this part of itself is not told: 0.01
          is one percent; 0 for all that is sure. */
KYMO_READER_API void kymo_change_init(struct kymo_change *change,
    double least);

/* kymo_change_step takes the next row in and says whether the series has
   changed: then *point tells since when. NAN and infinities are no rows. */
KYMO_READER_API bool kymo_change_step(struct kymo_change *change,
    uint64_t at_ns, double value, struct kymo_change_point *point);

#ifdef __cplusplus
}
#endif

#endif
