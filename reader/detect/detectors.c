/* SPDX-License-Identifier: MIT */
/* The table of series that are watched, and a look at a scan. */
#include "reader/detect/detectors.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reader/detect/detectors_private.h"

#define INTERVAL_NS UINT64_C(15000000000)
#define DETECTOR_MAX 150000u
#define TABLE_ROOM_MIN 256u
/* Nothing of a series is in the cache when its turn comes: so many are asked
   for together. */
#define BATCH_CNT 16u
#define SWEEP_LOOKS 20u
#define FORGET_NS UINT64_C(86400000000000)
/* A scan that comes a little early is as good. */
#define EARLY_PART 32u
/* By more the clock was set back. */
#define BACK_NS UINT64_C(600000000000)

/* ---- a series ----------------------------------------------------------------- */

static uint64_t
hash_text(uint64_t hash, const char *text)
{
	for (; *text; text++)
		hash = (hash ^ (uint8_t)*text) * 0x100000001b3u;
	return (hash ^ 0xff) * 0x100000001b3u;
}

static uint64_t
hash_labels(uint64_t hash, const struct kymo_label *labels, uint32_t label_cnt)
{
	for (uint32_t i = 0; i < label_cnt; i++)
		hash = hash_text(hash_text(hash, labels[i].key),
		    labels[i].value);
	return hash ^ hash >> 29;
}

static uint64_t
hash_family(const char *name, enum kymo_metric_kind kind)
{
	return hash_text(0xcbf29ce484222325u ^ (uint64_t)kind, name);
}

uint64_t
kyi_watched_hash(const char *name, enum kymo_metric_kind kind,
    const struct kymo_label *labels, uint32_t label_cnt)
{
	return hash_labels(hash_family(name, kind), labels, label_cnt);
}

static bool
is(const struct kyi_watched *watched, uint64_t hash, const char *name,
    enum kymo_metric_kind kind, const struct kymo_label *labels,
    uint32_t label_cnt)
{
	if (watched->hash != hash || watched->kind != kind ||
	    watched->label_cnt != label_cnt)
		return false;
	/* From the end: what tells series of a family apart comes last. */
	for (uint32_t i = label_cnt; i-- > 0;)
		if (strcmp(watched->labels[i].value, labels[i].value) != 0 ||
		    strcmp(watched->labels[i].key, labels[i].key) != 0)
			return false;
	return strcmp(watched->name, name) == 0;
}

struct kyi_watched *
kyi_watched_find(const struct kymo_detectors *detectors, uint64_t hash,
    const char *name, enum kymo_metric_kind kind,
    const struct kymo_label *labels, uint32_t label_cnt)
{
	struct kyi_watched *watched = NULL;

	if (detectors->table_room)
		watched = detectors->table[hash & (detectors->table_room - 1)];
	while (watched &&
	    !is(watched, hash, name, kind, labels, label_cnt))
		watched = watched->next;
	return watched;
}

static size_t
text_bytes(const struct kymo_label *labels, uint32_t label_cnt,
    const char *name)
{
	size_t bytes = label_cnt * sizeof(*labels) + strlen(name) + 1;

	for (uint32_t i = 0; i < label_cnt; i++)
		bytes += strlen(labels[i].key) + strlen(labels[i].value) + 2;
	return bytes;
}

struct kymo_label *
kyi_detect_labels_copy(const struct kymo_label *labels, uint32_t label_cnt,
    const char *name, const char **name_copy)
{
	struct kymo_label *copy = malloc(text_bytes(labels, label_cnt, name));
	char *at;

	if (!copy)
		return NULL;
	at = (char *)(copy + label_cnt);
	for (uint32_t i = 0; i < label_cnt; i++) {
		copy[i].key = at;
		at = stpcpy(at, labels[i].key) + 1;
		copy[i].value = at;
		at = stpcpy(at, labels[i].value) + 1;
	}
	*name_copy = strcpy(at, name);
	return copy;
}

static void
watched_free(struct kyi_watched *watched)
{
	union { const struct kymo_label *in; struct kymo_label *out; } labels =
	    { watched->labels };

	if (watched->gathered)
		free(watched->gathered->from.buckets);
	free(watched->gathered);
	free(labels.out);
	free(watched);
}

/* ---- the table ---------------------------------------------------------------- */

static bool
table_grow(struct kymo_detectors *detectors)
{
	uint32_t room = detectors->table_room ? detectors->table_room * 2 :
	    TABLE_ROOM_MIN;
	struct kyi_watched **more, *watched;

	if (detectors->watched_cnt < detectors->table_room)
		return true;
	more = calloc(room, sizeof(more[0]));
	if (!more)
		return detectors->table_room > 0;
	for (uint32_t i = 0; i < detectors->table_room; i++)
		while ((watched = detectors->table[i])) {
			struct kyi_watched **to =
			    &more[watched->hash & (room - 1)];

			detectors->table[i] = watched->next;
			watched->next = *to;
			*to = watched;
		}
	free(detectors->table);
	detectors->table = more;
	detectors->table_room = room;
	return true;
}

/* Series that no look from least on has met, or that were met before since_ns,
   go. */
static void
sweep(struct kymo_detectors *detectors, uint64_t least, uint64_t since_ns)
{
	for (uint32_t i = 0; i < detectors->table_room; i++) {
		struct kyi_watched **at = &detectors->table[i], *watched;

		while ((watched = *at)) {
			/* Of the time before we began nothing is known. */
			if (watched->met_mono_ns == 0)
				watched->met_mono_ns = detectors->at_mono_ns;
			if (watched->look >= least &&
			    watched->met_mono_ns >= since_ns) {
				at = &watched->next;
				continue;
			}
			*at = watched->next;
			kyi_held_drop(detectors, watched);
			detectors->watched_cnt--;
			detectors->detector_cnt -= watched->slot_cnt;
			detectors->text_bytes -= text_bytes(watched->labels,
			    watched->label_cnt, watched->name);
			watched_free(watched);
		}
	}
}

/* For a series that is there, those go that are not any more. */
static bool
room_make(struct kymo_detectors *detectors, uint32_t cnt)
{
	if (detectors->detector_cnt + cnt <= detectors->options.detector_max)
		return true;
	if (!detectors->swept && detectors->look > 1)
		sweep(detectors, detectors->look - 1, 0);
	detectors->swept = true;
	return detectors->detector_cnt + cnt <= detectors->options.detector_max;
}

struct kyi_watched *
kyi_watched_make(struct kymo_detectors *detectors, uint64_t hash,
    const char *name, enum kymo_metric_kind kind,
    const struct kymo_label *labels, uint32_t label_cnt)
{
	uint32_t cnt = kyi_signal_cnt(kind);
	struct kyi_watched *watched, **to;

	if (!room_make(detectors, cnt) || !table_grow(detectors)) {
		detectors->refused_cnt += cnt;
		return NULL;
	}
	watched = calloc(1, sizeof(*watched) + cnt * sizeof(watched->slots[0]));
	if (!watched)
		return NULL;
	watched->labels = kyi_detect_labels_copy(labels, label_cnt, name,
	    &watched->name);
	if (!watched->labels) {
		free(watched);
		return NULL;
	}
	watched->hash = hash;
	watched->label_cnt = label_cnt;
	watched->kind = kind;
	watched->slot_cnt = cnt;
	watched->before = NAN;
	to = &detectors->table[hash & (detectors->table_room - 1)];
	watched->next = *to;
	*to = watched;
	detectors->watched_cnt++;
	detectors->detector_cnt += cnt;
	detectors->text_bytes += text_bytes(labels, label_cnt, name);
	return watched;
}

/* ---- a look ------------------------------------------------------------------- */

static void
look_at(struct kymo_detectors *detectors, struct kyi_watched *watched,
    const struct kymo_series *series, double factor)
{
	double value[KYI_SIGNALS_MAX], low, high;

	watched->look = detectors->look;
	watched->met_mono_ns = detectors->at_mono_ns;
	kyi_signals(detectors, watched, series, factor, value);
	for (uint32_t i = 0; i < watched->slot_cnt; i++) {
		struct kyi_slot *slot = &watched->slots[i];
		struct kymo_detect_result result;

		if (!isfinite(value[i]))
			continue;
		kyi_detect_range(&slot->detect, &low, &high);
		result = kymo_detect_step(&slot->detect, detectors->at_ns,
		    value[i]);
		if (result.score * detectors->scale >= KYI_HELD_SCORE)
			kyi_held_note(detectors, watched, i, &result, value[i],
			    low, high);
	}
}

/* Each of these waits for memory; together they wait once. */
static void
look_at_some(struct kymo_detectors *detectors,
    const struct kymo_family_scan *family, uint64_t name_hash, double factor,
    const struct kymo_series *series, uint32_t cnt)
{
	struct kyi_watched *watched[BATCH_CNT];
	uint64_t hash[BATCH_CNT];

	for (uint32_t i = 0; i < cnt; i++) {
		hash[i] = hash_labels(name_hash, series[i].labels,
		    series[i].label_cnt);
		if (detectors->table_room)
			__builtin_prefetch(&detectors->table[hash[i] &
			    (detectors->table_room - 1)]);
	}
	for (uint32_t i = 0; i < cnt; i++) {
		watched[i] = detectors->table_room ? detectors->table[hash[i] &
		    (detectors->table_room - 1)] : NULL;
		if (watched[i])
			__builtin_prefetch(watched[i], 1);
	}
	for (uint32_t i = 0; i < cnt; i++) {
		watched[i] = kyi_watched_find(detectors, hash[i], family->name,
		    family->kind, series[i].labels, series[i].label_cnt);
		if (!watched[i])
			continue;
		/* Now, for making another may end those that were not met. */
		watched[i]->look = detectors->look;
		for (uint32_t k = 0; k < watched[i]->slot_cnt; k++)
			kymo_detect_soon(&watched[i]->slots[k].detect,
			    detectors->at_ns);
	}
	for (uint32_t i = 0; i < cnt; i++) {
		if (!watched[i])
			watched[i] = kyi_watched_make(detectors, hash[i],
			    family->name, family->kind, series[i].labels,
			    series[i].label_cnt);
		if (watched[i])
			look_at(detectors, watched[i], &series[i], factor);
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
	uint64_t hash = hash_family(family->name, family->kind);

	if (!is_watched(family))
		return;
	for (uint32_t i = 0; i < family->series_cnt; i += BATCH_CNT) {
		uint32_t left = family->series_cnt - i;

		look_at_some(detectors, family, hash, factor,
		    family->series + i, left < BATCH_CNT ? left : BATCH_CNT);
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
				kyi_detect_rewind(&watched->slots[k].detect,
				    now_ns);
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
	kyi_held_step(detectors);
	full_say(detectors);
	if (detectors->look % SWEEP_LOOKS == 0)
		sweep(detectors, 0, scan->at_mono_ns > FORGET_NS ?
		    scan->at_mono_ns - FORGET_NS : 0);
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
kyi_detectors_forget(struct kymo_detectors *detectors)
{
	struct kyi_watched *watched;

	kyi_held_free(detectors);
	for (uint32_t i = 0; i < detectors->table_room; i++)
		while ((watched = detectors->table[i])) {
			detectors->table[i] = watched->next;
			watched_free(watched);
		}
	detectors->watched_cnt = detectors->detector_cnt = 0;
	detectors->text_bytes = 0;
}

void
kymo_detectors_delete(struct kymo_detectors *detectors)
{
	if (!detectors)
		return;
	kyi_detectors_forget(detectors);
	free(detectors->table);
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
		    detectors->watched_cnt * sizeof(struct kyi_watched) +
		    detectors->detector_cnt * sizeof(struct kyi_slot) +
		    detectors->table_room * sizeof(void *),
		.alarm_cnt = detectors->alarm_cnt,
		.incident_cnt = detectors->incident_cnt
	};
}
