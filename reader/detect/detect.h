/* SPDX-License-Identifier: MIT */
/* Is this value unlike all that its series did before? Online, in constant
   memory and time, from past values alone. docs/detection.md tells how. */
#ifndef KYMO_READER_DETECT_H
#define KYMO_READER_DETECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reader/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What is watched of a series, and so what is said of an anomaly. */
enum kymo_detect_cause {
	KYMO_DETECT_VALUE = 0,    /* the value itself */
	KYMO_DETECT_DEVIATION,    /* from the mean of two days */
	KYMO_DETECT_LEVEL,        /* the mean of an hour or two */
	KYMO_DETECT_TREND,        /* that mean, from the mean of two days */
	KYMO_DETECT_TIME_OF_DAY,  /* from what this half hour usually has */
	KYMO_DETECT_TIME_OF_WEEK, /* from what these two hours of the week have */
	KYMO_DETECT_STUCK,        /* for how long it has not changed */
	KYMO_DETECT_CAUSE_CNT,
	KYMO_DETECT_NOTHING = KYMO_DETECT_CAUSE_CNT
};

enum kymo_detect_side {
	KYMO_DETECT_ABOVE, /* all that was seen */
	KYMO_DETECT_BELOW,
	KYMO_DETECT_BETWEEN /* where nothing was seen */
};

struct kymo_detect_result {
	/* >= 1 is an alarm: of noise, at most one a series and week. 0 if it is
	   not clearly more than a score of lately. */
	double score;
	double raw; /* the same, had there been none lately */
	enum kymo_detect_cause cause;
	enum kymo_detect_side side;
	uint64_t at_ns;
	uint64_t seen_ns; /* for how long it was never so; of a series that is
	                     stuck: since when */
	double level;     /* mean of the last hour or two */
	double usual;     /* mean of two days */
};

/* Which of 64 equal parts of a range were ever met: lately, and before. */
struct kymo_detect_seen {
	double low;
	double width; /* of a part; 0: one value was met, or (bits 0) none */
	uint64_t bits;
	uint64_t old;
};

/* The mean of this half hour of the day, or of these two hours of the week. */
struct kymo_detect_part {
	float mean;
	uint8_t idx;
	uint8_t cnt; /* values in it; 8: or more */
};

/* What is known of one series. Its fields are kymo_detect_step's business. What
   every step needs comes first, in 352 bytes; the rest is needed each half hour. */
struct kymo_detect {
	uint64_t at_ns;
	uint64_t begin_ns; /* of what bits know, and of what old knows */
	uint64_t old_begin_ns;
	uint64_t row_cnt;
	uint64_t since_ns; /* the value is the same */
	double slow;
	double fast;
	double value;
	double gate;
	double tired; /* by its alarms */
	double step_s;
	double step_known_s; /* that the rates below are for */
	float slow_rate;
	float fast_rate;
	float error_rate;
	float gate_keep;
	float tired_keep;
	float memory_cnt;
	float seen_cnt; /* rows in bits */
	float slow_error;
	float day_error;
	float week_error;
	uint32_t same_cnt;
	uint32_t same_cnt_max;
	struct kymo_detect_part day_now; /* in the tables below: as it was */
	struct kymo_detect_part week_now;
	struct kymo_detect_seen seen[KYMO_DETECT_STUCK];
	uint64_t born_ns;
	float warm_cnt;
	float day[48];
	float week[84];
	uint8_t day_cnt[48];
	uint8_t week_cnt[84];
};

/* kymo_detect_init makes detect know nothing. There is nothing to free. */
KYMO_READER_API void kymo_detect_init(struct kymo_detect *detect);

/* kymo_detect_step takes the next value of the series and says how unlike the
   past it is. The same values at the same times give the same results.

   at_ns  since 1970, UTC; not after the last one: time has not passed.
   value  NAN and infinities are not looked at: the result is nothing. */
KYMO_READER_API struct kymo_detect_result
kymo_detect_step(struct kymo_detect *detect, uint64_t at_ns, double value);

/* kymo_detect_soon fetches what a step will need, for one who walks many series:
   called a few series ahead, it hides that none is in the cache. */
KYMO_READER_API void kymo_detect_soon(const struct kymo_detect *detect);

/* kymo_detect_reason says a result in words, as "never this high in 3 days";
   nothing if its score and raw are 0. text is cut to bytes, always ended.
   Returns text. */
KYMO_READER_API const char *
kymo_detect_reason(const struct kymo_detect_result *result, char *text,
    size_t bytes);

#ifdef __cplusplus
}
#endif

#endif
