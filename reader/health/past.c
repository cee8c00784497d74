/* SPDX-License-Identifier: MIT */
/* Worse than its own past: how long a component's requests take, and how many
   of them fail, by what it counts itself; and how long its checks take. Blocks
   of some scans, for neighbours are alike. */
#include <math.h>
#include <string.h>

#include "reader/health/private.h"

#define BLOCK_CNT 4u
#define LATENCY_SD_MIN 0.002  /* of logarithms: a fifth of a percent */
#define CHECK_SHIFT_MIN 0.693 /* a check's: twice as long, .. */
#define CHECK_MIN_S 0.005     /* .. and what is faster is noise */
#define PERCENT 3u

void
kyi_past_init(struct kyi_past *past)
{
	memset(past, 0, sizeof(*past));
	past->sum_before = past->count_before = NAN;
	past->errors_before = past->requests_before = NAN;
}

/* ---- what a scan has ------------------------------------------------------ */

/* Families are named without _total there. */
static bool
is_named(const struct kymo_family_scan *family, const char *name)
{
	size_t len_bytes = strlen(family->name);

	return strncmp(family->name, name, len_bytes) == 0 &&
	    (name[len_bytes] == '\0' || (family->kind == KYMO_METRIC_COUNTER &&
	    strcmp(name + len_bytes, "_total") == 0));
}

static bool
is_of(const struct kymo_series *series, const char *service)
{
	uint32_t i;

	for (i = 0; service != NULL && i < series->label_cnt; i++)
		if (strcmp(series->labels[i].key, "service") == 0)
			return strcmp(series->labels[i].value, service) == 0;
	return service == NULL;
}

static void
family_sum(const struct kymo_family_scan *family, const char *service,
    double *sum, double *count)
{
	uint32_t i;

	for (i = 0; i < family->series_cnt; i++) {
		const struct kymo_metric_value *value =
		    &family->series[i].value;

		if (!value->present || !is_of(&family->series[i], service))
			continue;
		switch (family->kind) {
		case KYMO_METRIC_COUNTER:
			*sum += (double)value->is.u;
			break;
		case KYMO_METRIC_FLOAT_COUNTER:
			*sum += value->is.f;
			break;
		case KYMO_METRIC_HISTOGRAM:
		case KYMO_METRIC_SUMMARY:
			*sum += (double)value->is.hist.sum;
			*count += (double)kymo_hist_count(&value->is.hist);
			break;
		default:
			break;
		}
	}
}

/* False: there is no such family. */
static bool
named_sum(const struct kymo_scan *scan, const char *name, const char *service,
    double *sum, double *count)
{
	bool found = false;
	uint32_t i;

	*sum = *count = 0;
	for (i = 0; name != NULL && i < scan->family_cnt; i++)
		if (is_named(&scan->families[i], name)) {
			family_sum(&scan->families[i], service, sum, count);
			found = true;
		}
	return found;
}

/* What came since the scan before; a number that fell began anew. */
static double
grown(double now, double *before)
{
	double since = now >= *before ? now - *before : 0;

	*before = now;
	return since;
}

/* ---- blocks --------------------------------------------------------------- */

static double
turned(double ratio)
{
	return asin(sqrt(ratio < 0 ? 0 : ratio > 1 ? 1 : ratio));
}

static void
latency_block(struct kyi_past *past, const struct kymo_degradation *how)
{
	uint32_t percent = how->percent > 0 ? how->percent : PERCENT;

	if (past->count > 0 && past->sum > 0)
		kyi_trend_add(&past->latency, log(past->sum / past->count),
		    LATENCY_SD_MIN, log1p(percent / 100.0));
	past->sum = past->count = 0;
}

/* A ratio's arcsine has the same deviation wherever it is: half of one by the
   root of how many. */
static void
errors_block(struct kyi_past *past)
{
	double mean = sin(past->errors.mean);

	if (past->request_cnt >= 1)
		kyi_trend_add(&past->errors,
		    turned(past->error_cnt / past->request_cnt),
		    0.5 / sqrt(past->request_cnt),
		    turned(1.5 * mean * mean + 0.001) - past->errors.mean);
	past->error_cnt = past->request_cnt = 0;
}

bool
kyi_past_scan(struct kyi_component *component, const struct kymo_scan *scan)
{
	const struct kymo_degradation *how = &component->plan->degradation;
	struct kyi_past *past = &component->past;
	double sum, count, errors;

	if (how->latency == NULL && how->errors == NULL)
		return false;
	if (named_sum(scan, how->latency, how->service, &sum, &count)) {
		past->sum += grown(sum, &past->sum_before);
		past->count += grown(count, &past->count_before);
	}
	/* No errors yet: programs need not have said so. */
	if (named_sum(scan, how->requests, how->service, &sum, &count)) {
		(void)named_sum(scan, how->errors, how->service, &errors,
		    &count);
		past->request_cnt += grown(sum, &past->requests_before);
		past->error_cnt += grown(errors, &past->errors_before);
	}
	if (++past->block_cnt < BLOCK_CNT)
		return false;
	past->block_cnt = 0;
	latency_block(past, how);
	errors_block(past);
	return true;
}

bool
kyi_past_worse(const struct kyi_component *component,
    char reason[KYMO_REASON_BYTES])
{
	const struct kyi_past *past = &component->past;

	if (past->errors.higher) {
		double was = sin(past->errors.mean),
		    now = sin(past->errors.mean + kyi_trend_now(&past->errors));

		kyi_care_reason(reason, "%.3g %% of requests fail, it was "
		    "%.3g %%", 100 * now * now, 100 * was * was);
		return true;
	}
	if (past->latency.higher) {
		kyi_care_reason(reason, "requests take %.3g %% longer than "
		    "they did", 100 * expm1(kyi_trend_now(&past->latency)));
		return true;
	}
	return false;
}

bool
kyi_past_looked(struct kyi_check *check, double seconds)
{
	check->block_sum += log(seconds > CHECK_MIN_S ? seconds : CHECK_MIN_S);
	if (++check->block_cnt < BLOCK_CNT)
		return false;
	kyi_trend_add(&check->trend, check->block_sum / BLOCK_CNT,
	    LATENCY_SD_MIN * 10, CHECK_SHIFT_MIN);
	check->block_sum = 0;
	check->block_cnt = 0;
	return true;
}
