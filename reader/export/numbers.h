/* SPDX-License-Identifier: MIT */
/* Numbers of series in their unit. */
#ifndef KYI_EXPORT_NUMBERS_H
#define KYI_EXPORT_NUMBERS_H

#include "reader/buffer.h"
#include "reader/series/series.h"

/* n * 10^exponent, correctly rounded where 10^|exponent| is exact. */
double kyi_scale(double n, int exponent);

/* d with the six digits that an estimate can have at most. */
double kyi_estimate(double d);

/* kyi_plain_value adds the value of a series of one number (counters, gauges,
   peaks), exactly. Floats are in the unit already. False: another kind. */
bool kyi_plain_value(struct kymo_buffer *buffer,
    const struct kymo_family_scan *family, const struct kymo_series *series);

/* The same as a double. */
double kyi_plain_double(const struct kymo_family_scan *family,
    const struct kymo_series *series);

/* Names of enum kymo_metric_kind ("counter"), of enum kymo_condition ("ok"),
   as every format has them. */
const char *kyi_kind_name(enum kymo_metric_kind kind);
#define KYI_CONDITION_CNT 5u
const char *kyi_condition_name(uint32_t condition);

/* text, or "" for NULL. */
static inline const char *
kyi_or_empty(const char *text)
{
	return text == NULL ? "" : text;
}

/* Quantiles that summaries and tables show. */
#define KYI_QUANTILE_CNT 4u
extern const double kyi_quantiles[KYI_QUANTILE_CNT];
extern const char *const kyi_quantile_names[KYI_QUANTILE_CNT];

#endif
