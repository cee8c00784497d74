/* SPDX-License-Identifier: MIT */
#include "reader/export/numbers.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

bool
kyi_plain_value(struct kymo_buffer *buffer,
    const struct kymo_family_scan *family, const struct kymo_series *series)
{
	int64_t i;

	switch (family->kind) {
	case KYMO_METRIC_COUNTER:
		kymo_buffer_decimal(buffer, false, series->value.is.u,
		    family->exponent);
		return true;
	case KYMO_METRIC_UPDOWN:
	case KYMO_METRIC_GAUGE:
		i = series->value.is.i;
		kymo_buffer_decimal(buffer, i < 0,
		    i < 0 ? 0 - (uint64_t)i : (uint64_t)i, family->exponent);
		return true;
	case KYMO_METRIC_FLOAT_COUNTER:
	case KYMO_METRIC_FLOAT_GAUGE:
	case KYMO_METRIC_MAX:
	case KYMO_METRIC_MIN:
		kymo_buffer_double(buffer, series->value.is.f);
		return true;
	default:
		return false;
	}
}

const char *
kyi_kind_name(enum kymo_metric_kind kind)
{
	static const char *const names[] = {
		[KYMO_METRIC_COUNTER] = "counter",
		[KYMO_METRIC_UPDOWN] = "updown",
		[KYMO_METRIC_FLOAT_COUNTER] = "float_counter",
		[KYMO_METRIC_GAUGE] = "gauge",
		[KYMO_METRIC_FLOAT_GAUGE] = "float_gauge",
		[KYMO_METRIC_MAX] = "max",
		[KYMO_METRIC_MIN] = "min",
		[KYMO_METRIC_HISTOGRAM] = "histogram",
		[KYMO_METRIC_SUMMARY] = "summary",
		[KYMO_METRIC_INFO] = "info",
		[KYMO_METRIC_TEXT] = "text",
		[KYMO_METRIC_STATE_SET] = "state_set",
		[KYMO_METRIC_HEALTH] = "health",
	};

	if ((unsigned)kind >= sizeof(names) / sizeof(names[0]) ||
	    names[kind] == NULL)
		return "unknown";
	return names[kind];
}
