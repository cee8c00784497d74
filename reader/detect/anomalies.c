/* SPDX-License-Identifier: MIT */
/* What was found lately, and what was found together. An incident is begun by a
   score of 1; it takes in what is found in the same service, in one that depends
   on it, or on which it depends, from two minutes before to five minutes after.
   Its root is who was first: found in the look that began it and, of those, on
   whom the oddest depends, or else the oddest. */
#include <stdlib.h>
#include <string.h>

#include "reader/detect/detectors_private.h"

/* ---- what is held ------------------------------------------------------------- */

struct kyi_held *
kyi_held_make(struct kymo_detectors *detectors, struct kyi_watched *watched,
    uint32_t slot_idx)
{
	struct kyi_held *held = calloc(1, sizeof(*held));

	if (!held)
		return NULL;
	held->of = watched;
	held->slot_idx = slot_idx;
	held->beside = watched->held;
	watched->held = held;
	held->next = detectors->held;
	detectors->held = held;
	detectors->held_cnt++;
	return held;
}

struct kyi_held *
kyi_held_of(const struct kyi_watched *watched, uint32_t slot_idx)
{
	struct kyi_held *held = watched->held;

	while (held && held->slot_idx != slot_idx)
		held = held->beside;
	return held;
}

static void
fresh_add(struct kymo_detectors *detectors, struct kyi_held *held)
{
	struct kyi_held **more;
	uint32_t room = detectors->fresh_room;

	if (detectors->fresh_cnt == room) {
		room = room * 2 + 64;
		more = reallocarray(detectors->fresh, room, sizeof(more[0]));
		if (!more)
			return; /* it is told, but in no incident */
		detectors->fresh = more;
		detectors->fresh_room = room;
	}
	detectors->fresh[detectors->fresh_cnt++] = held;
}

void
kyi_held_note(struct kymo_detectors *detectors, struct kyi_watched *watched,
    uint32_t slot_idx, const struct kymo_detect_result *result, double value,
    double low, double high)
{
	struct kyi_held *held = kyi_held_of(watched, slot_idx);

	detectors->alarm_cnt += result->score * detectors->scale >= 1;
	if (held && held->result.score >= result->score)
		return;
	if (!held) {
		held = kyi_held_make(detectors, watched, slot_idx);
		if (!held)
			return;
		held->onset_ns = detectors->at_ns;
	}
	held->result = *result;
	held->value = value;
	held->low = low;
	held->high = high;
	if (!held->incident)
		fresh_add(detectors, held);
	else if (result->score > held->incident->score)
		held->incident->score = result->score;
}

static void
held_end(struct kymo_detectors *detectors, struct kyi_held *held)
{
	struct kyi_held **at = &held->of->held;

	if (held->incident)
		held->incident->member_cnt--;
	while (*at != held)
		at = &(*at)->beside;
	*at = held->beside;
	detectors->held_cnt--;
	free(held);
}

void
kyi_held_drop(struct kymo_detectors *detectors,
    const struct kyi_watched *watched)
{
	struct kyi_held **at = &detectors->held, *held;

	while (watched->held && (held = *at)) {
		if (held->of != watched) {
			at = &held->next;
			continue;
		}
		*at = held->next;
		held_end(detectors, held);
	}
}

/* ---- incidents ------------------------------------------------------------------ */

static const char *
service_of(const struct kymo_label *labels, uint32_t label_cnt)
{
	for (uint32_t i = 0; i < label_cnt; i++)
		if (strcmp(labels[i].key, "service") == 0)
			return labels[i].value;
	return "";
}

static bool
depends(const struct kymo_detectors *detectors, const char *service,
    const char *other)
{
	const struct kymo_detectors_options *options = &detectors->options;

	return options->depends &&
	    options->depends(options->depends_of, service, other);
}

static bool
belongs(const struct kymo_detectors *detectors, const struct kyi_held *held,
    const struct kyi_detect_incident *incident)
{
	const char *a = service_of(held->of->labels, held->of->label_cnt);
	const char *b = service_of(incident->labels, incident->label_cnt);

	return strcmp(a, b) == 0 || depends(detectors, a, b) ||
	    depends(detectors, b, a);
}

struct kyi_detect_incident *
kyi_incident_make(struct kymo_detectors *detectors, const char *metric,
    enum kymo_metric_kind kind, enum kymo_signal signal,
    const struct kymo_label *labels, uint32_t label_cnt)
{
	struct kyi_detect_incident *incident = calloc(1, sizeof(*incident));

	if (!incident)
		return NULL;
	incident->labels = kyi_detect_labels_copy(labels, label_cnt, metric,
	    &incident->metric);
	if (!incident->labels) {
		free(incident);
		return NULL;
	}
	incident->label_cnt = label_cnt;
	incident->kind = kind;
	incident->signal = signal;
	incident->next = detectors->incidents;
	detectors->incidents = incident;
	return incident;
}

static void
join(struct kyi_held *held, struct kyi_detect_incident *incident)
{
	held->incident = incident;
	incident->member_cnt++;
	if (held->result.score > incident->score)
		incident->score = held->result.score;
}

static struct kyi_detect_incident *
open_for(const struct kymo_detectors *detectors, const struct kyi_held *held)
{
	struct kyi_detect_incident *incident = detectors->incidents;

	for (; incident && detectors->at_ns - incident->begin_ns <=
	    KYI_INCIDENT_OPEN_NS; incident = incident->next)
		if (belongs(detectors, held, incident))
			return incident;
	return NULL;
}

static void
begin(struct kymo_detectors *detectors, struct kyi_held *root)
{
	const struct kyi_watched *of = root->of;
	struct kyi_detect_incident *incident;

	incident = kyi_incident_make(detectors, of->name, of->kind,
	    kyi_signal_at(of->kind, root->slot_idx), of->labels,
	    of->label_cnt);
	if (!incident)
		return;
	incident->number = ++detectors->incident_number;
	incident->begin_ns = detectors->at_ns;
	detectors->incident_cnt++;
	root->is_root = true;
	join(root, incident);
	for (struct kyi_held *held = detectors->held; held; held = held->next)
		if (!held->incident && held->onset_ns < detectors->at_ns &&
		    detectors->at_ns - held->onset_ns <=
		    KYI_INCIDENT_BEFORE_NS &&
		    belongs(detectors, held, incident))
			join(held, incident);
}

/* Of those found in this look, on whom the oddest depends. */
static struct kyi_held *
root_of(const struct kymo_detectors *detectors, struct kyi_held *oddest)
{
	struct kyi_held *root = oddest;

	for (uint32_t i = 0; detectors->options.depends &&
	    i < detectors->fresh_cnt; i++) {
		struct kyi_held *other = detectors->fresh[i];

		if (!other->incident &&
		    other->result.score * detectors->scale >= 1 &&
		    depends(detectors, service_of(root->of->labels,
		    root->of->label_cnt), service_of(other->of->labels,
		    other->of->label_cnt)))
			root = other;
	}
	return root;
}

static int
by_score(const void *a, const void *b)
{
	const struct kyi_held *x = *(struct kyi_held *const *)a;
	const struct kyi_held *y = *(struct kyi_held *const *)b;

	return (x->result.score < y->result.score) -
	    (x->result.score > y->result.score);
}

/* ---- the end of a look ---------------------------------------------------------- */

static void
expire(struct kymo_detectors *detectors)
{
	struct kyi_held **at = &detectors->held, *held;

	while ((held = *at)) {
		/* The clock was set back. */
		if (held->result.at_ns > detectors->at_ns)
			held->result.at_ns = detectors->at_ns;
		if (held->onset_ns > detectors->at_ns)
			held->onset_ns = detectors->at_ns;
		if (detectors->at_ns - held->result.at_ns < KYI_HELD_NS) {
			at = &held->next;
			continue;
		}
		*at = held->next;
		held_end(detectors, held);
	}
}

void
kyi_incidents_end(struct kymo_detectors *detectors)
{
	struct kyi_detect_incident **at = &detectors->incidents, *incident;

	while ((incident = *at)) {
		if (incident->begin_ns > detectors->at_ns)
			incident->begin_ns = detectors->at_ns;
		if (incident->member_cnt > 0) {
			at = &incident->next;
			continue;
		}
		*at = incident->next;
		free(incident->labels);
		free(incident);
	}
}

void
kyi_held_step(struct kymo_detectors *detectors)
{
	expire(detectors);
	kyi_incidents_end(detectors);
	if (detectors->fresh_cnt > 1)
		qsort(detectors->fresh, detectors->fresh_cnt,
		    sizeof(detectors->fresh[0]), by_score);
	for (uint32_t i = 0; i < detectors->fresh_cnt; i++) {
		struct kyi_held *held = detectors->fresh[i];
		struct kyi_detect_incident *incident;

		if (held->incident)
			continue;
		incident = open_for(detectors, held);
		if (!incident && held->result.score * detectors->scale >= 1) {
			begin(detectors, root_of(detectors, held));
			incident = held->incident ? NULL :
			    open_for(detectors, held);
		}
		if (incident)
			join(held, incident);
	}
	detectors->fresh_cnt = 0;
}

void
kyi_held_free(struct kymo_detectors *detectors)
{
	struct kyi_held *held;

	while ((held = detectors->held)) {
		detectors->held = held->next;
		held_end(detectors, held);
	}
	kyi_incidents_end(detectors);
	detectors->fresh_cnt = 0;
}
