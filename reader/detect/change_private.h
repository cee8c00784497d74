/* SPDX-License-Identifier: MIT */
/* What the search for change points is tuned by, and a step with other
   settings: for the benchmarks, which judge it by series left out. */
#ifndef KYI_CHANGE_PRIVATE_H
#define KYI_CHANGE_PRIVATE_H

#include "reader/detect/change.h"

/* docs/regressions.md says what each was tuned on. */
struct kyi_change_tuning {
	double threshold;  /* of log likelihood, for a part of one row */
	double correlation_max; /* from row to row; of values.. */
	double growth_correlation_max; /* ..and of growths */
	double outlier;    /* so many deviations wait for the next rows */
	double square_max; /* a squared difference counts as so many at most */
	double flat;      /* what a difference of 0 tells of the noise */
};
#define KYI_CHANGE_TUNING_CNT 6u

extern const struct kyi_change_tuning kyi_change_tuning;

bool kyi_change_step(struct kymo_change *change,
    const struct kyi_change_tuning *tuning, uint64_t at_ns, double value,
    struct kymo_change_point *point);

/* ---- noise ---------------------------------------------------------------- */

struct kyi_change_noise {
	double phi;      /* correlation of a row with the last */
	double variance; /* of the number */
	double shock;    /* variance of what each row adds that is new */
};

/* kyi_change_noise_learn: x is the track's next row, not taken in yet. */
void kyi_change_noise_learn(struct kymo_change_track *track, double x,
    const struct kyi_change_tuning *tuning);
struct kyi_change_noise kyi_change_noise_of(
    const struct kymo_change_track *track, double phi_max);

/* ---- what chance does ------------------------------------------------------- */

/* kyi_change_chance_met: the last rows gained as much. Returns whether that is
   beyond what they did by chance. */
bool kyi_change_chance_met(struct kymo_change *change, uint64_t rows,
    double gain);
/* kyi_change_chance_settle: what was gained a while ago was no change. */
void kyi_change_chance_settle(struct kymo_change *change);
/* kyi_change_chance_told: a change, with gain, of a level that was rows long. */
void kyi_change_chance_told(struct kymo_change *change, uint64_t rows,
    double gain);

/* ---- starts that can be the best ------------------------------------------ */

/* kyi_starts_add: another start; the oldest of the latest becomes a corner if it
   can still be the best one. */
void kyi_starts_add(struct kymo_change_track *track,
    const struct kymo_change_start *start);
/* kyi_starts_cut: the segment begins at start now; what is not after it goes. */
void kyi_starts_cut(struct kymo_change_track *track,
    const struct kymo_change_start *start);

#endif
