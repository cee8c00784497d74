/* SPDX-License-Identifier: MIT */
/* The constants of detection that were tuned, and a step with others: for the
   benchmark, which tunes them anew without what it judges them by. */
#ifndef KYI_DETECT_PRIVATE_H
#define KYI_DETECT_PRIVATE_H

#include "reader/detect/detect.h"

/* docs/detection.md says what each was tuned on. Rows are samples; at a step
   under five minutes as many more as cover the same time. */
struct kyi_detect_tuning {
	double value;     /* how much each cause counts */
	double deviation; /* and trend */
	double level;
	double profile;   /* time of day, time of week */
	double age_power; /* of what age counts */
	double gate_raise; /* times the last alarm is needed for another.. */
	double gate_rows;  /* ..fading over so many rows */
	double tired_raise; /* what an alarm costs those that follow.. */
	double tired_rows;  /* ..fading so */
	double fast_rows;   /* of the mean that is the level */
	double parts_known; /* so many more are thought to be met than were */
	double budget;      /* all that makes one alarm a week */
};
#define KYI_DETECT_TUNING_CNT 12u

extern const struct kyi_detect_tuning kyi_detect_tuning;

/* Of a detector, that every step needs. */
#define KYI_DETECT_HOT_BYTES 352u

struct kymo_detect_result kyi_detect_step(struct kymo_detect *detect,
    const struct kyi_detect_tuning *tuning, uint64_t at_ns, double value);

/* ---- what was met ---------------------------------------------------------- */

#define KYI_SEEN_PARTS 64

/* Whether x was met lately: then there is nothing to remember, and its distance
   is 0. No in doubt. What most steps need, and without a store: the cache line
   stays as it is. */
static inline bool
kyi_seen_known(const struct kymo_detect_seen *seen, double x)
{
	double part = (x - seen->low) / seen->width;

	/* Of width 0 it is none of these. */
	return part >= 0 && part < KYI_SEEN_PARTS &&
	    (seen->bits >> (unsigned)part & 1);
}

/* kyi_seen_add is the distance of x to all that was met, as a share of what
   was met and parts_known parts more, and remembers x. x is finite. */
double kyi_seen_add(struct kymo_detect_seen *seen, double x,
    double parts_known, enum kymo_detect_side *side);
/* kyi_seen_age: what is old is forgotten, what is new becomes old. */
void kyi_seen_age(struct kymo_detect_seen *seen);

#endif
