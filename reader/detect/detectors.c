/* SPDX-License-Identifier: MIT */
/* A look at a scan: each series that is watched, in turn. */
#include "reader/detect/detectors.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reader/detect/detectors_file.h"

#define INTERVAL_NS UINT64_C(15000000000)
#define DETECTOR_MAX 150000u
#define CHANGE_INTERVAL_NS UINT64_C(60000000000)
/* Nothing of a series is in the cache when its turn comes: it is asked for so many
   series earlier. */
#define AHEAD_CNT 8u
#define SWEEP_LOOKS 20u
#define FORGET_NS UINT64_C(86400000000000)
/* A scan that comes a little early is as good. */
#define EARLY_PART 32u
/* By more the clock was set back. */
#define BACK_NS UINT64_C(600000000000)

/* ---- a look ------------------------------------------------------------------- */

static void
look_at(struct kymo_detectors *detectors, struct kyi_watched *watched,
    const struct kymo_series *series, double factor)
{
	double value[KYI_SIGNALS_MAX], low, high;

	kyi_signals(detectors, watched, series, factor, value);
	watched->met_mono_ns = detectors->at_mono_ns;
	if (watched->changes)
		kyi_changing_take(detectors, watched, value);
	for (uint32_t i = 0; i < watched->slot_cnt; i++) {
		struct kymo_detect *detect = &watched->slots[i];
		struct kymo_detect_seen before = detect->seen[KYMO_DETECT_VALUE];
		struct kymo_detect_result result;

		if (!isfinite(value[i]))
			continue;
		result = kymo_detect_step(detect, detectors->at_ns, value[i]);
		if (!(result.score * detectors->scale >= KYI_HELD_SCORE))
			continue;
		kyi_seen_range(&before, &low, &high);
		kyi_held_note(detectors, watched, i, &result, value[i], low,
		    high);
	}
}

/* Our own findings; and times, of which each is as new as the last. */
static bool
is_watched(const struct kymo_family_scan *family)
{
	static const char *const ends[] = {
		"_start_time_seconds", "_timestamp_seconds"
	};
	size_t bytes = strlen(family->name);

	if (strncmp(family->name, "anomaly_", 8) == 0)
		return false;
	for (size_t i = 0; i < 2; i++)
		if (bytes >= strlen(ends[i]) && strcmp(family->name + bytes -
		    strlen(ends[i]), ends[i]) == 0)
			return false;
	return kyi_signal_cnt(family->kind) > 0;
}

static void
look_at_family(struct kymo_detectors *detectors,
    const struct kymo_family_scan *family)
{
	double factor = family->exponent ? pow(10, family->exponent) : 1;
	uint32_t slot_cnt = kyi_signal_cnt(family->kind);

	if (!is_watched(family))
		return;
	for (uint32_t i = 0; i < family->series_cnt; i++) {
		struct kyi_watched *watched = kyi_watched_next(detectors,
		    family, &family->series[i]);

		kyi_watched_soon(detectors, AHEAD_CNT, slot_cnt);
		if (watched)
			look_at(detectors, watched, &family->series[i], factor);
	}
}

/* A clock that was far ahead is right now. */
static void
rewind_all(struct kymo_detectors *detectors, uint64_t now_ns)
{
	for (uint32_t i = 0; i < detectors->table_room; i++)
		for (struct kyi_watched *watched = detectors->table[i];
		    watched; watched = watched->next)
			for (uint32_t k = 0; k < watched->slot_cnt; k++)
				kyi_detect_rewind(&watched->slots[k], now_ns);
}

static bool
is_due(struct kymo_detectors *detectors, uint64_t mono_ns)
{
	uint64_t interval_ns = detectors->options.interval_ns;
	uint64_t next_ns = detectors->next_mono_ns;

	if (detectors->look > 0 &&
	    mono_ns + interval_ns / EARLY_PART < next_ns)
		return false;
	next_ns += interval_ns;
	/* What was missed is not made up for. */
	if (detectors->look == 0 || next_ns <= mono_ns)
		next_ns = mono_ns + interval_ns;
	detectors->next_mono_ns = next_ns;
	return true;
}

static void
full_say(struct kymo_detectors *detectors)
{
	bool full = detectors->refused_cnt > 0;
	char text[200];

	if (full && !detectors->full_said && detectors->options.warn) {
		snprintf(text, sizeof(text), "detection: there are %u "
		    "detectors, the limit; %u more are wanted, and what they "
		    "would watch is not watched (detection.detectors)",
		    detectors->detector_cnt, detectors->refused_cnt);
		detectors->options.warn(detectors->options.to, text);
	}
	detectors->full_said = full;
}

bool
kymo_detectors_step(struct kymo_detectors *detectors,
    const struct kymo_scan *scan)
{
	if (!is_due(detectors, scan->at_mono_ns))
		return false;
	if (scan->at_ns + BACK_NS < detectors->at_ns)
		rewind_all(detectors, scan->at_ns);
	detectors->look++;
	detectors->at_ns = scan->at_ns;
	detectors->at_mono_ns = scan->at_mono_ns;
	detectors->refused_cnt = detectors->fresh_cnt = 0;
	detectors->swept = false;
	for (uint32_t i = 0; i < scan->family_cnt; i++)
		look_at_family(detectors, &scan->families[i]);
	kyi_order_end(detectors);
	kyi_held_step(detectors);
	full_say(detectors);
	if (detectors->look % SWEEP_LOOKS == 0) {
		kyi_watched_sweep(detectors, 0, scan->at_mono_ns > FORGET_NS ?
		    scan->at_mono_ns - FORGET_NS : 0);
		kyi_changing_fit(detectors);
		kyi_changing_step(detectors);
	}
	return true;
}

/* ---- all of it ------------------------------------------------------------------ */

void
kymo_detectors_change(struct kymo_detectors *detectors,
    const struct kymo_detectors_options *options)
{
	uint64_t before_ns = detectors->options.interval_ns;

	detectors->options = *options;
	if (options->interval_ns == 0)
		detectors->options.interval_ns = INTERVAL_NS;
	if (options->detector_max == 0)
		detectors->options.detector_max = DETECTOR_MAX;
	if (options->change_interval_ns == 0)
		detectors->options.change_interval_ns = CHANGE_INTERVAL_NS;
	kyi_changing_fit(detectors);
	detectors->scale = kyi_detect_scale(options->budget_week > 0 ?
	    options->budget_week : 1);
	if (detectors->options.interval_ns < before_ns)
		detectors->next_mono_ns = 0;
}

struct kymo_detectors *
kymo_detectors_new(const struct kymo_detectors_options *options)
{
	struct kymo_detectors *detectors = calloc(1, sizeof(*detectors));

	if (detectors)
		kymo_detectors_change(detectors, options);
	return detectors;
}

void
kymo_detectors_delete(struct kymo_detectors *detectors)
{
	if (!detectors)
		return;
	kyi_detectors_table_free(detectors);
	free(detectors->fresh);
	free(detectors->since.buckets);
	free(detectors);
}

void
kymo_detectors_stats(const struct kymo_detectors *detectors,
    struct kymo_detectors_stats *stats)
{
	*stats = (struct kymo_detectors_stats){
		.series_cnt = detectors->watched_cnt,
		.detector_cnt = detectors->detector_cnt,
		.refused_cnt = detectors->refused_cnt,
		.memory_bytes = detectors->text_bytes +
		    detectors->gathered_bytes + detectors->changing_cnt *
		    sizeof(struct kyi_changing_slot) +
		    detectors->watched_cnt * sizeof(struct kyi_watched) +
		    detectors->detector_cnt * sizeof(struct kymo_detect) +
		    detectors->table_room * sizeof(void *) +
		    (detectors->order.room + detectors->order_new.room) *
		    sizeof(struct kyi_place),
		.saved_bytes = detectors->text_bytes +
		    detectors->watched_cnt * sizeof(struct kyi_saved_series) +
		    detectors->detector_cnt * (sizeof(struct kymo_detect) +
		    sizeof(struct kyi_saved_slot)) + detectors->changing_cnt *
		    (sizeof(struct kyi_saved_change) + KYI_CHANGE_ROWS *
		    sizeof(struct kyi_row)),
		.change_watch_cnt = detectors->changing_cnt,
		.change_cnt = detectors->change_cnt,
		.alarm_cnt = detectors->alarm_cnt,
		.incident_cnt = detectors->incident_cnt
	};
}
