/* SPDX-License-Identifier: MIT */
#include "reader/series/value.h"

#include <math.h>

#include "reader/number.h"

const double kyi_quantiles[KYI_QUANTILE_CNT] = { 0.5, 0.9, 0.99, 0.999 };
const char *const kyi_quantile_names[KYI_QUANTILE_CNT] = {
	"0.5", "0.9", "0.99", "0.999",
};

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
