/* SPDX-License-Identifier: MIT */
/* What pages, dumps and the history say alike of a series. */
#ifndef KYI_SERIES_VALUE_H
#define KYI_SERIES_VALUE_H

#include "reader/series/series.h"

/* The value of a series of one number (counters, gauges, peaks) in its unit; NaN
   of another kind. */
double kyi_plain_double(const struct kymo_family_scan *family,
    const struct kymo_series *series);

/* Names of enum kymo_condition ("ok"). */
#define KYI_CONDITION_CNT 5u
const char *kyi_condition_name(uint32_t condition);

/* Quantiles that summaries and tables show. */
#define KYI_QUANTILE_CNT 4u
extern const double kyi_quantiles[KYI_QUANTILE_CNT];
extern const char *const kyi_quantile_names[KYI_QUANTILE_CNT];

#endif
