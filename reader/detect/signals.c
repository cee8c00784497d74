/* SPDX-License-Identifier: MIT */
/* From a series of a scan to the numbers that are watched. */
#include <math.h>
#include <stdlib.h>

#include "reader/detect/detectors_private.h"
#include "reader/series/private.h"

/* Quantiles are of so many observations, of which one in a hundred is at the
   99th percentile; or of five minutes, if those are a few at least. */
#define GATHER_CNT 100u
#define GATHER_NS UINT64_C(300000000000)
#define GATHER_CNT_MIN 10u

const char *
kymo_signal_name(enum kymo_signal signal)
{
	switch (signal) {
	case KYMO_SIGNAL_RATE: return "rate";
	case KYMO_SIGNAL_P50: return "p50";
	case KYMO_SIGNAL_P99: return "p99";
	default: return "value";
	}
}

static bool
is_hist(enum kymo_metric_kind kind)
{
	return kind == KYMO_METRIC_HISTOGRAM || kind == KYMO_METRIC_SUMMARY;
}

uint32_t
kyi_signal_cnt(enum kymo_metric_kind kind)
{
	switch (kind) {
	case KYMO_METRIC_COUNTER:
	case KYMO_METRIC_FLOAT_COUNTER:
	case KYMO_METRIC_UPDOWN:
	case KYMO_METRIC_GAUGE:
	case KYMO_METRIC_FLOAT_GAUGE:
	case KYMO_METRIC_MAX:
	case KYMO_METRIC_MIN:
		return 1;
	case KYMO_METRIC_HISTOGRAM:
	case KYMO_METRIC_SUMMARY:
		return 3;
	default:
		return 0;
	}
}

enum kymo_signal
kyi_signal_at(enum kymo_metric_kind kind, uint32_t slot_idx)
{
	static const enum kymo_signal of_hist[KYI_SIGNALS_MAX] = {
		KYMO_SIGNAL_RATE, KYMO_SIGNAL_P50, KYMO_SIGNAL_P99
	};

	if (is_hist(kind))
		return of_hist[slot_idx];
	return kind == KYMO_METRIC_COUNTER ||
	    kind == KYMO_METRIC_FLOAT_COUNTER ? KYMO_SIGNAL_RATE :
	    KYMO_SIGNAL_VALUE;
}

/* The first time, and after a reset, there is no rate. */
static double
rate(struct kyi_watched *watched, double now, uint64_t mono_ns)
{
	double per_s = NAN;

	if (now >= watched->before && mono_ns > watched->met_mono_ns)
		per_s = (now - watched->before) * 1e9 /
		    (double)(mono_ns - watched->met_mono_ns);
	watched->before = now;
	return per_s;
}

void
kyi_gathered_free(struct kymo_detectors *detectors, struct kyi_watched *watched)
{
	struct kyi_gathered *gathered = watched->gathered;

	if (!gathered)
		return;
	detectors->gathered_bytes -= gathered->bytes;
	free(gathered->from.buckets);
	free(gathered);
	watched->gathered = NULL;
}

/* From now on. Buckets have room where they were before. */
static void
gather_begin(struct kymo_detectors *detectors, struct kyi_watched *watched,
    const struct kymo_hist *hist, uint64_t cnt)
{
	struct kyi_gathered *gathered = watched->gathered;
	uint64_t bytes = sizeof(*gathered) +
	    hist->bucket_cnt * sizeof(hist->buckets[0]);

	if (!gathered || gathered->bytes != bytes) {
		kyi_gathered_free(detectors, watched);
		gathered = calloc(1, sizeof(*gathered));
		if (!gathered)
			return;
		watched->gathered = gathered;
		gathered->bytes = bytes;
		detectors->gathered_bytes += bytes;
	}
	if (kyi_hist_copy(&gathered->from, hist) != 0) {
		kyi_gathered_free(detectors, watched);
		return;
	}
	gathered->from_cnt = cnt;
	gathered->from_mono_ns = detectors->at_mono_ns;
}

static void
quantiles(struct kymo_detectors *detectors, struct kyi_watched *watched,
    const struct kymo_hist *hist, uint64_t cnt, double factor, double *p50,
    double *p99)
{
	const struct kyi_gathered *gathered = watched->gathered;
	uint64_t mono_ns = detectors->at_mono_ns;

	*p50 = *p99 = NAN;
	if (gathered && cnt >= gathered->from_cnt) {
		uint64_t more = cnt - gathered->from_cnt;

		if (more < GATHER_CNT_MIN || (more < GATHER_CNT &&
		    mono_ns - gathered->from_mono_ns < GATHER_NS))
			return;
		if (kymo_hist_sub(&detectors->since, hist,
		    &gathered->from) == 0) {
			*p50 = kymo_hist_quantile(&detectors->since, 0.5,
			    NULL) * factor;
			*p99 = kymo_hist_quantile(&detectors->since, 0.99,
			    NULL) * factor;
		}
	}
	/* Also where a process with other buckets came, or all began anew. */
	gather_begin(detectors, watched, hist, cnt);
}

void
kyi_signals(struct kymo_detectors *detectors, struct kyi_watched *watched,
    const struct kymo_series *series, double factor,
    double value[KYI_SIGNALS_MAX])
{
	uint64_t mono_ns = detectors->at_mono_ns, cnt;
	const struct kymo_metric_value *is = &series->value;

	switch (watched->kind) {
	case KYMO_METRIC_COUNTER:
		value[0] = rate(watched, (double)is->is.u * factor, mono_ns);
		break;
	case KYMO_METRIC_FLOAT_COUNTER:
		value[0] = rate(watched, is->is.f, mono_ns);
		break;
	case KYMO_METRIC_UPDOWN:
	case KYMO_METRIC_GAUGE:
		value[0] = (double)is->is.i * factor;
		break;
	case KYMO_METRIC_HISTOGRAM:
	case KYMO_METRIC_SUMMARY:
		cnt = kymo_hist_count(&is->is.hist);
		value[0] = rate(watched, (double)cnt, mono_ns);
		quantiles(detectors, watched, &is->is.hist, cnt, factor,
		    &value[1], &value[2]);
		break;
	default:
		value[0] = is->is.f;
		break;
	}
}
