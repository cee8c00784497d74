/* SPDX-License-Identifier: MIT */
/* Numbers of series in their unit. */
#ifndef KYI_EXPORT_NUMBERS_H
#define KYI_EXPORT_NUMBERS_H

#include "reader/buffer.h"
#include "reader/number.h"
#include "reader/series/value.h"

/* kyi_plain_value adds the value of a series of one number (counters, gauges,
   peaks), exactly. Floats are in the unit already. False: another kind. */
bool kyi_plain_value(struct kymo_buffer *buffer,
    const struct kymo_family_scan *family, const struct kymo_series *series);

/* Names of enum kymo_metric_kind ("counter"), as every format has them. */
const char *kyi_kind_name(enum kymo_metric_kind kind);

/* text, or "" for NULL. */
static inline const char *
kyi_or_empty(const char *text)
{
	return text == NULL ? "" : text;
}

#endif
