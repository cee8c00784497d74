/* SPDX-License-Identifier: MIT */
#include "reader/export/numbers.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

const double kyi_quantiles[KYI_QUANTILE_CNT] = { 0.5, 0.9, 0.99, 0.999 };
const char *const kyi_quantile_names[KYI_QUANTILE_CNT] = {
	"0.5", "0.9", "0.99", "0.999",
};

/* Powers of ten up to 10^22 are exact doubles. */
static const double tens[] = {
	1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
	1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
};

double
kyi_scale(double n, int exponent)
{
	if (exponent < -18 || exponent > 18)
		return (double)NAN;
	return exponent < 0 ? n / tens[-exponent] : n * tens[exponent];
}

double
kyi_estimate(double d)
{
	char text[40];

	snprintf(text, sizeof(text), "%.5e", d);
	return strtod(text, NULL);
}

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

double
kyi_plain_double(const struct kymo_family_scan *family,
    const struct kymo_series *series)
{
	switch (family->kind) {
	case KYMO_METRIC_COUNTER:
		return kyi_scale((double)series->value.is.u, family->exponent);
	case KYMO_METRIC_UPDOWN:
	case KYMO_METRIC_GAUGE:
		return kyi_scale((double)series->value.is.i, family->exponent);
	case KYMO_METRIC_FLOAT_COUNTER:
	case KYMO_METRIC_FLOAT_GAUGE:
	case KYMO_METRIC_MAX:
	case KYMO_METRIC_MIN:
		return series->value.is.f;
	default:
		return (double)NAN;
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

const char *
kyi_condition_name(uint32_t condition)
{
	static const char *const names[KYI_CONDITION_CNT] = {
		[KYMO_IS_UNKNOWN] = "unknown",
		[KYMO_IS_OK] = "ok",
		[KYMO_IS_STARTING] = "starting",
		[KYMO_IS_DEGRADED] = "degraded",
		[KYMO_IS_FAILING] = "failing",
	};

	return names[condition < KYI_CONDITION_CNT ? condition : 0];
}
