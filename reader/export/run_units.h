/* SPDX-License-Identifier: MIT */
/* What is compared of runs: units, whole runs or equal parts of one. */
#ifndef KYI_EXPORT_RUN_UNITS_H
#define KYI_EXPORT_RUN_UNITS_H

#include "reader/export/run.h"

#define KYI_RUN_PARTS 16u /* that a single run is cut into */

/* To which unit the time before each look belongs. */
struct kyi_run_units {
	uint32_t cnt;
	int32_t *of_look;  /* -1: to none */
	double *seconds;   /* of each unit */
	uint32_t *run;     /* of each unit */
};

/* kyi_run_units cuts the part of runs into units. Returns -1 without memory. */
KYMO_MUST_CHECK int kyi_run_units(struct kyi_run_units *units,
    const struct kymo_runs *runs, const struct kymo_run_part *part,
    bool whole_runs);
void kyi_run_units_free(struct kyi_run_units *units);

/* kyi_run_hists: what a histogram took in, in each unit; those of zero count
   are left out. hists has room for all units; returns how many, -1 without
   memory. Their buckets are malloc'ed, also then. */
int32_t kyi_run_hists(struct kymo_hist *hists, const struct kymo_runs *runs,
    const struct kymo_run_series *series, const struct kyi_run_units *units);
/* kyi_run_numbers: of a counter its rate a second in each unit, of a gauge its
   mean, in the series' unit. Returns how many. */
int32_t kyi_run_numbers(double *numbers, const struct kymo_runs *runs,
    const struct kymo_run_series *series, const struct kyi_run_units *units);

#endif
