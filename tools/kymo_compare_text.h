/* SPDX-License-Identifier: MIT */
/* What a row of a comparison is in words, numbers and bars. */
#ifndef KYI_COMPARE_TEXT_H
#define KYI_COMPARE_TEXT_H

#include "reader/export/run.h"

bool kyi_compare_is_hist(const struct kymo_run_row *row);
/* Histograms tell recorded numbers, the others what is in the unit. */
double kyi_compare_in_unit(const struct kymo_run_row *row, double value);
/* kyi_compare_value: before or after, for people. */
void kyi_compare_value(struct kymo_buffer *out, const struct kymo_run_row *row,
    double value);
/* kyi_compare_change: +5.31% (+5.01% to +5.60%). */
void kyi_compare_change(struct kymo_buffer *out, const struct kymo_run_row *row);
/* kyi_compare_distributions: quantiles and bars of both, in so many columns (0: as
   wide as it gets). */
void kyi_compare_distributions(struct kymo_buffer *out,
    const struct kymo_run_row *row, uint32_t columns);

#endif
