/* SPDX-License-Identifier: MIT */
/* What each function of PromQL takes and gives. */
#include "reader/query/functions.h"

#include <stdlib.h>
#include <string.h>

#define V KYMO_VALUE_VECTOR
#define M KYMO_VALUE_MATRIX
#define S KYMO_VALUE_SCALAR
#define T KYMO_VALUE_STRING

#define ARGS(cnt, ...) { __VA_ARGS__ }, cnt
#define NO_ARGS { S }, 0
#define STABLE false
#define EXPERIMENTAL true
/* args is two fields of the struct. */
#define FN(id, name, returns, args, variadic, experimental) \
	[KYI_FN_##id] = { name, args, variadic, returns, experimental, \
	    KYI_FN_##id }

const struct kyi_function kyi_functions[KYI_FN_CNT] = {
	FN(ABS, "abs", V, ARGS(1, V), 0, STABLE),
	FN(ABSENT, "absent", V, ARGS(1, V), 0, STABLE),
	FN(ABSENT_OVER_TIME, "absent_over_time", V, ARGS(1, M), 0, STABLE),
	FN(ACOS, "acos", V, ARGS(1, V), 0, STABLE),
	FN(ACOSH, "acosh", V, ARGS(1, V), 0, STABLE),
	FN(ASIN, "asin", V, ARGS(1, V), 0, STABLE),
	FN(ASINH, "asinh", V, ARGS(1, V), 0, STABLE),
	FN(ATAN, "atan", V, ARGS(1, V), 0, STABLE),
	FN(ATANH, "atanh", V, ARGS(1, V), 0, STABLE),
	FN(AVG_OVER_TIME, "avg_over_time", V, ARGS(1, M), 0, STABLE),
	FN(CEIL, "ceil", V, ARGS(1, V), 0, STABLE),
	FN(CHANGES, "changes", V, ARGS(1, M), 0, STABLE),
	FN(CLAMP, "clamp", V, ARGS(3, V, S, S), 0, STABLE),
	FN(CLAMP_MAX, "clamp_max", V, ARGS(2, V, S), 0, STABLE),
	FN(CLAMP_MIN, "clamp_min", V, ARGS(2, V, S), 0, STABLE),
	FN(COS, "cos", V, ARGS(1, V), 0, STABLE),
	FN(COSH, "cosh", V, ARGS(1, V), 0, STABLE),
	FN(COUNT_OVER_TIME, "count_over_time", V, ARGS(1, M), 0, STABLE),
	FN(DAY_OF_MONTH, "day_of_month", V, ARGS(1, V), 1, STABLE),
	FN(DAY_OF_WEEK, "day_of_week", V, ARGS(1, V), 1, STABLE),
	FN(DAY_OF_YEAR, "day_of_year", V, ARGS(1, V), 1, STABLE),
	FN(DAYS_IN_MONTH, "days_in_month", V, ARGS(1, V), 1, STABLE),
	FN(DEG, "deg", V, ARGS(1, V), 0, STABLE),
	FN(DELTA, "delta", V, ARGS(1, M), 0, STABLE),
	FN(DERIV, "deriv", V, ARGS(1, M), 0, STABLE),
	FN(DOUBLE_EXPONENTIAL_SMOOTHING, "double_exponential_smoothing",
	    V, ARGS(3, M, S, S), 0, EXPERIMENTAL),
	FN(END, "end", S, NO_ARGS, 0, EXPERIMENTAL),
	FN(EXP, "exp", V, ARGS(1, V), 0, STABLE),
	FN(FIRST_OVER_TIME, "first_over_time", V, ARGS(1, M), 0, EXPERIMENTAL),
	FN(FLOOR, "floor", V, ARGS(1, V), 0, STABLE),
	FN(HISTOGRAM_AVG, "histogram_avg", V, ARGS(1, V), 0, STABLE),
	FN(HISTOGRAM_COUNT, "histogram_count", V, ARGS(1, V), 0, STABLE),
	FN(HISTOGRAM_FRACTION, "histogram_fraction",
	    V, ARGS(3, S, S, V), 0, STABLE),
	FN(HISTOGRAM_QUANTILE, "histogram_quantile",
	    V, ARGS(2, S, V), 0, STABLE),
	FN(HISTOGRAM_QUANTILES, "histogram_quantiles",
	    V, ARGS(4, V, T, S, S), 9, EXPERIMENTAL),
	FN(HISTOGRAM_STDDEV, "histogram_stddev", V, ARGS(1, V), 0, STABLE),
	FN(HISTOGRAM_STDVAR, "histogram_stdvar", V, ARGS(1, V), 0, STABLE),
	FN(HISTOGRAM_SUM, "histogram_sum", V, ARGS(1, V), 0, STABLE),
	FN(HOUR, "hour", V, ARGS(1, V), 1, STABLE),
	FN(IDELTA, "idelta", V, ARGS(1, M), 0, STABLE),
	FN(INCREASE, "increase", V, ARGS(1, M), 0, STABLE),
	FN(INFO, "info", V, ARGS(2, V, V), 1, EXPERIMENTAL),
	FN(INTEGRAL, "integral", V, ARGS(2, M, S), 1, EXPERIMENTAL),
	FN(IRATE, "irate", V, ARGS(1, M), 0, STABLE),
	FN(LABEL_JOIN, "label_join", V, ARGS(4, V, T, T, T), -1, STABLE),
	FN(LABEL_REPLACE, "label_replace",
	    V, ARGS(5, V, T, T, T, T), 0, STABLE),
	FN(LAST_OVER_TIME, "last_over_time", V, ARGS(1, M), 0, STABLE),
	FN(LN, "ln", V, ARGS(1, V), 0, STABLE),
	FN(LOG10, "log10", V, ARGS(1, V), 0, STABLE),
	FN(LOG2, "log2", V, ARGS(1, V), 0, STABLE),
	FN(MAD_OVER_TIME, "mad_over_time", V, ARGS(1, M), 0, EXPERIMENTAL),
	FN(MAX_OF, "max_of", S, ARGS(2, S, S), 0, EXPERIMENTAL),
	FN(MAX_OVER_TIME, "max_over_time", V, ARGS(1, M), 0, STABLE),
	FN(MIN_OF, "min_of", S, ARGS(2, S, S), 0, EXPERIMENTAL),
	FN(MIN_OVER_TIME, "min_over_time", V, ARGS(1, M), 0, STABLE),
	FN(MINUTE, "minute", V, ARGS(1, V), 1, STABLE),
	FN(MONTH, "month", V, ARGS(1, V), 1, STABLE),
	FN(PI, "pi", S, NO_ARGS, 0, STABLE),
	FN(PREDICT_LINEAR, "predict_linear", V, ARGS(2, M, S), 0, STABLE),
	FN(PRESENT_OVER_TIME, "present_over_time", V, ARGS(1, M), 0, STABLE),
	FN(QUANTILE_OVER_TIME, "quantile_over_time",
	    V, ARGS(2, S, M), 0, STABLE),
	FN(RAD, "rad", V, ARGS(1, V), 0, STABLE),
	FN(RANGE, "range", S, NO_ARGS, 0, EXPERIMENTAL),
	FN(RATE, "rate", V, ARGS(1, M), 0, STABLE),
	FN(RESETS, "resets", V, ARGS(1, M), 0, STABLE),
	FN(ROUND, "round", V, ARGS(2, V, S), 1, STABLE),
	FN(SCALAR, "scalar", S, ARGS(1, V), 0, STABLE),
	FN(SGN, "sgn", V, ARGS(1, V), 0, STABLE),
	FN(SIN, "sin", V, ARGS(1, V), 0, STABLE),
	FN(SINH, "sinh", V, ARGS(1, V), 0, STABLE),
	FN(SORT, "sort", V, ARGS(1, V), 0, STABLE),
	FN(SORT_BY_LABEL, "sort_by_label", V, ARGS(2, V, T), -1, EXPERIMENTAL),
	FN(SORT_BY_LABEL_DESC, "sort_by_label_desc",
	    V, ARGS(2, V, T), -1, EXPERIMENTAL),
	FN(SORT_DESC, "sort_desc", V, ARGS(1, V), 0, STABLE),
	FN(SQRT, "sqrt", V, ARGS(1, V), 0, STABLE),
	FN(START, "start", S, NO_ARGS, 0, EXPERIMENTAL),
	FN(START_TIMESTAMP, "start_timestamp", V, ARGS(1, V), 0, EXPERIMENTAL),
	FN(STDDEV_OVER_TIME, "stddev_over_time", V, ARGS(1, M), 0, STABLE),
	FN(STDVAR_OVER_TIME, "stdvar_over_time", V, ARGS(1, M), 0, STABLE),
	FN(STEP, "step", S, NO_ARGS, 0, EXPERIMENTAL),
	FN(SUM_OVER_TIME, "sum_over_time", V, ARGS(1, M), 0, STABLE),
	FN(TAN, "tan", V, ARGS(1, V), 0, STABLE),
	FN(TANH, "tanh", V, ARGS(1, V), 0, STABLE),
	FN(TIME, "time", S, NO_ARGS, 0, STABLE),
	FN(TIMESTAMP, "timestamp", V, ARGS(1, V), 0, STABLE),
	FN(TS_OF_FIRST_OVER_TIME, "ts_of_first_over_time",
	    V, ARGS(1, M), 0, EXPERIMENTAL),
	FN(TS_OF_LAST_OVER_TIME, "ts_of_last_over_time",
	    V, ARGS(1, M), 0, EXPERIMENTAL),
	FN(TS_OF_MAX_OVER_TIME, "ts_of_max_over_time",
	    V, ARGS(1, M), 0, EXPERIMENTAL),
	FN(TS_OF_MIN_OVER_TIME, "ts_of_min_over_time",
	    V, ARGS(1, M), 0, EXPERIMENTAL),
	FN(VECTOR, "vector", V, ARGS(1, S), 0, STABLE),
	FN(YEAR, "year", V, ARGS(1, V), 1, STABLE),
};

static int
compare(const void *name, const void *function)
{
	return strcmp(name, ((const struct kyi_function *)function)->name);
}

const struct kyi_function *
kyi_function_find(const char *name)
{
	return bsearch(name, kyi_functions, KYI_FN_CNT,
	    sizeof kyi_functions[0], compare);
}
