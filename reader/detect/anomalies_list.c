/* SPDX-License-Identifier: MIT */
/* What was found, as a copy that others may look at while detection goes on. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reader/detect/detectors_private.h"

#define REASON_BYTES 96u

/* A signal to be listed. */
struct ref {
	const struct kyi_watched *of;
	uint32_t slot_idx;
	double score;
};

struct room {
	char *at;
};

/* ---- which -------------------------------------------------------------------- */

static int
by_score(const void *a, const void *b)
{
	const struct ref *x = a, *y = b;
	int order = (x->score < y->score) - (x->score > y->score);

	if (order == 0)
		order = strcmp(x->of->name, y->of->name);
	if (order == 0 && x->of == y->of)
		order = (x->slot_idx > y->slot_idx) - (x->slot_idx < y->slot_idx);
	return order;
}

static struct ref *
refs_make(const struct kymo_detectors *detectors, uint32_t *cnt)
{
	bool all = detectors->options.all;
	struct ref *refs = calloc((all ? detectors->detector_cnt :
	    detectors->held_cnt) + 1u, sizeof(refs[0]));

	*cnt = 0;
	if (!refs)
		return NULL;
	if (!all)
		for (const struct kyi_held *held = detectors->held; held;
		    held = held->next)
			refs[(*cnt)++] = (struct ref){ held->of, held->slot_idx,
			    held->result.score };
	for (uint32_t i = 0; all && i < detectors->table_room; i++)
		for (const struct kyi_watched *of = detectors->table[i]; of;
		    of = of->next)
			for (uint32_t k = 0; k < of->slot_cnt; k++) {
				const struct kyi_held *held =
				    kyi_held_of(of, k);

				refs[(*cnt)++] = (struct ref){ of, k,
				    held ? held->result.score : 0 };
			}
	qsort(refs, *cnt, sizeof(refs[0]), by_score);
	return refs;
}

/* ---- labels --------------------------------------------------------------------- */

static const char *
name_suffix(enum kymo_metric_kind kind)
{
	return kind == KYMO_METRIC_COUNTER ||
	    kind == KYMO_METRIC_FLOAT_COUNTER ? "_total" : "";
}

/* An upper bound of what label_put and texts take. */
static size_t
bytes_of(const char *name, const struct kymo_label *labels, uint32_t cnt)
{
	size_t bytes = (cnt + 2) * sizeof(*labels) + 2 * strlen(name) +
	    REASON_BYTES + 64;

	for (uint32_t i = 0; i < cnt; i++)
		bytes += strlen(labels[i].key) + strlen(labels[i].value) + 24;
	return bytes;
}

static char *
text_put(struct room *room, const char *a, const char *b, const char *c)
{
	char *text = room->at;

	room->at = stpcpy(stpcpy(stpcpy(room->at, a), b), c) + 1;
	return text;
}

static bool
has_key(const struct kymo_label *labels, uint32_t cnt, const char *key)
{
	for (uint32_t i = 0; i < cnt; i++)
		if (strcmp(labels[i].key, key) == 0)
			return true;
	return false;
}

/* Keys that are ours get exported_ in front, as Prometheus has it; whose name is
   then taken gets it twice. */
static const char *
key_put(struct room *room, const char *key, const char *name_key,
    const struct kymo_label *labels, uint32_t cnt)
{
	char *text;

	if (strcmp(key, name_key) != 0 && strcmp(key, "signal") != 0)
		return text_put(room, key, "", "");
	text = room->at;
	text_put(room, "exported_", key, "");
	if (!has_key(labels, cnt, text))
		return text;
	room->at = text;
	return text_put(room, "exported_exported_", key, "");
}

/* The series' own, with name_key (metric, root) and signal after its service. */
static const struct kymo_label *
labels_put(struct room *room, const char *name_key, const char *name,
    enum kymo_metric_kind kind, enum kymo_signal signal,
    const struct kymo_label *labels, uint32_t cnt)
{
	struct kymo_label *to = (struct kymo_label *)(void *)room->at;
	uint32_t n = 0, i = 0;

	room->at += (cnt + 2) * sizeof(*to);
	if (cnt > 0 && strcmp(labels[0].key, "service") == 0) {
		to[n++] = (struct kymo_label){
			text_put(room, "service", "", ""),
			text_put(room, labels[0].value, "", "") };
		i = 1;
	}
	to[n++] = (struct kymo_label){ text_put(room, name_key, "", ""),
		text_put(room, name, name_suffix(kind), "") };
	to[n++] = (struct kymo_label){ text_put(room, "signal", "", ""),
		text_put(room, kymo_signal_name(signal), "", "") };
	for (; i < cnt; i++)
		to[n++] = (struct kymo_label){
			key_put(room, labels[i].key, name_key, labels, cnt),
			text_put(room, labels[i].value, "", "") };
	return to;
}

static void
room_align(struct room *room)
{
	room->at += -(uintptr_t)room->at & (sizeof(void *) - 1);
}

/* ---- anomalies --------------------------------------------------------------------- */

static void
anomaly_put(const struct kymo_detectors *detectors, struct room *room,
    struct kymo_anomaly *anomaly, const struct ref *ref)
{
	const struct kyi_watched *of = ref->of;
	const struct kyi_held *held = kyi_held_of(of, ref->slot_idx);

	room_align(room);
	anomaly->signal = kyi_signal_at(of->kind, ref->slot_idx);
	anomaly->label_cnt = of->label_cnt + 2;
	anomaly->labels = labels_put(room, "metric", of->name, of->kind,
	    anomaly->signal, of->labels, of->label_cnt);
	anomaly->metric = text_put(room, of->name, name_suffix(of->kind), "");
	anomaly->reason = "";
	anomaly->value = anomaly->low = anomaly->high = anomaly->usual = NAN;
	if (!held)
		return;
	anomaly->score = held->result.score * detectors->scale;
	anomaly->at_ns = held->result.at_ns;
	anomaly->value = held->value;
	anomaly->low = held->low;
	anomaly->high = held->high;
	anomaly->usual = held->result.usual;
	anomaly->incident_idx1 = held->incident ? held->incident->idx1 : 0;
	anomaly->reason = kymo_detect_reason(&held->result, room->at,
	    REASON_BYTES);
	room->at += strlen(room->at) + 1;
}

/* ---- incidents --------------------------------------------------------------------- */

struct member {
	uint32_t idx;
	uint32_t incident_idx1;
	bool is_root;
	uint64_t onset_ns;
	double score;
};

static int
by_place(const void *a, const void *b)
{
	const struct member *x = a, *y = b;

	if (x->incident_idx1 != y->incident_idx1)
		return x->incident_idx1 < y->incident_idx1 ? -1 : 1;
	if (x->is_root != y->is_root)
		return x->is_root ? -1 : 1;
	if (x->onset_ns != y->onset_ns)
		return x->onset_ns < y->onset_ns ? -1 : 1;
	return (x->score < y->score) - (x->score > y->score);
}

static void
members_put(struct kymo_incident *incidents, uint32_t *to,
    const struct ref *refs, uint32_t cnt, struct member *members)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < cnt; i++) {
		const struct kyi_held *held = kyi_held_of(refs[i].of,
		    refs[i].slot_idx);

		if (held && held->incident)
			members[n++] = (struct member){ i,
			    held->incident->idx1, held->is_root,
			    held->onset_ns, held->result.score };
	}
	qsort(members, n, sizeof(members[0]), by_place);
	for (uint32_t i = 0; i < n; i++) {
		struct kymo_incident *incident =
		    &incidents[members[i].incident_idx1 - 1];

		to[i] = members[i].idx;
		if (incident->member_cnt++ == 0)
			incident->members = &to[i];
	}
}

static void
incidents_put(const struct kymo_detectors *detectors, struct room *room,
    struct kymo_incident *to)
{
	for (const struct kyi_detect_incident *incident = detectors->incidents;
	    incident; incident = incident->next, to++) {
		room_align(room);
		to->labels = labels_put(room, "root", incident->metric,
		    incident->kind, incident->signal, incident->labels,
		    incident->label_cnt);
		to->label_cnt = incident->label_cnt + 2;
		to->begin_ns = incident->begin_ns;
		to->score = incident->score * detectors->scale;
	}
}

/* ---- the copy ------------------------------------------------------------------------ */

static size_t
bytes_needed(const struct kymo_detectors *detectors, const struct ref *refs,
    uint32_t cnt)
{
	size_t bytes = 64;

	for (uint32_t i = 0; i < cnt; i++)
		bytes += sizeof(struct kymo_anomaly) + sizeof(uint32_t) +
		    bytes_of(refs[i].of->name, refs[i].of->labels,
		    refs[i].of->label_cnt);
	for (const struct kyi_detect_incident *incident = detectors->incidents;
	    incident; incident = incident->next)
		bytes += sizeof(struct kymo_incident) + bytes_of(
		    incident->metric, incident->labels, incident->label_cnt);
	return bytes;
}

static void
fill(const struct kymo_detectors *detectors, struct kymo_anomalies *anomalies,
    char *memory, const struct ref *refs, struct member *members)
{
	struct kymo_anomaly *at = (struct kymo_anomaly *)(void *)memory;
	struct kymo_incident *incidents =
	    (struct kymo_incident *)(void *)(at + anomalies->cnt);
	uint32_t *member_idx =
	    (uint32_t *)(void *)(incidents + anomalies->incident_cnt);
	struct room room = { (char *)(member_idx + anomalies->cnt) };

	for (uint32_t i = 0; i < anomalies->cnt; i++)
		anomaly_put(detectors, &room, &at[i], &refs[i]);
	incidents_put(detectors, &room, incidents);
	members_put(incidents, member_idx, refs, anomalies->cnt, members);
	anomalies->at = at;
	anomalies->incidents = incidents;
}

int
kymo_detectors_list(const struct kymo_detectors *detectors,
    struct kymo_anomalies *anomalies)
{
	uint32_t cnt, idx1 = 0;
	struct ref *refs = refs_make(detectors, &cnt);
	struct member *members = NULL;
	char *memory = NULL;

	*anomalies = (struct kymo_anomalies){ .at_ns = detectors->at_ns };
	if (!refs)
		return -1;
	if (cnt > KYI_HELD_LISTED_MAX && !detectors->options.all) {
		anomalies->left_out_cnt = cnt - KYI_HELD_LISTED_MAX;
		cnt = KYI_HELD_LISTED_MAX;
	}
	for (struct kyi_detect_incident *incident = detectors->incidents;
	    incident; incident = incident->next)
		incident->idx1 = ++idx1;
	memory = calloc(1, bytes_needed(detectors, refs, cnt));
	members = calloc(cnt + 1u, sizeof(members[0]));
	if (memory && members)
		anomalies->private_ = kyi_findings_new(memory);
	if (anomalies->private_) {
		anomalies->cnt = cnt;
		anomalies->incident_cnt = idx1;
		fill(detectors, anomalies, memory, refs, members);
		memory = NULL;
	}
	free(members);
	free(refs);
	free(memory);
	return anomalies->private_ ? 0 : -1;
}

void
kymo_anomalies_free(struct kymo_anomalies *anomalies)
{
	kyi_findings_free(anomalies->private_);
	*anomalies = (struct kymo_anomalies){ 0 };
}

/* ---- told --------------------------------------------------------------------------- */

void
kymo_anomaly_tell(const struct kymo_anomaly *anomaly, struct kymo_buffer *out)
{
	bool any = false;

	kymo_buffer_str(out, anomaly->metric);
	for (uint32_t i = 0; i < anomaly->label_cnt; i++) {
		const struct kymo_label *label = &anomaly->labels[i];

		if (strcmp(label->key, "metric") == 0 ||
		    strcmp(label->key, "signal") == 0)
			continue;
		kymo_buffer_printf(out, "%s%s=", any ? "," : "{", label->key);
		kymo_buffer_quote(out, label->value);
		any = true;
	}
	kymo_buffer_printf(out, "%s %s: %s (%.4g", any ? "}" : "",
	    kymo_signal_name(anomaly->signal), anomaly->reason,
	    anomaly->value);
	if (anomaly->low <= anomaly->high)
		kymo_buffer_printf(out, ", before %.4g to %.4g", anomaly->low,
		    anomaly->high);
	kymo_buffer_char(out, ')');
}
