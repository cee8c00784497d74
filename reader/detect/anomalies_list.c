/* SPDX-License-Identifier: MIT */
/* What was found, as a copy that others may look at while detection goes on. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reader/detect/detectors_private.h"

#define REASON_BYTES 96u
/* Quantiles of little come each five minutes. */
#define NOW_NS UINT64_C(600000000000)

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

#define EXPORTED "exported_"

/* Keys that are ours, of an anomaly or of an incident. */
static bool
is_ours(const char *key)
{
	return strcmp(key, "metric") == 0 || strcmp(key, "root") == 0 ||
	    strcmp(key, "signal") == 0;
}

/* An upper bound of what labels_put and texts take. */
static size_t
bytes_of(const char *name, const struct kymo_label *labels, uint32_t cnt)
{
	size_t bytes = (cnt + 2) * sizeof(*labels) + 2 * strlen(name) +
	    REASON_BYTES + 64;

	for (uint32_t i = 0; i < cnt; i++)
		bytes += strlen(labels[i].key) + strlen(labels[i].value) + 2 +
		    (is_ours(labels[i].key) ? (cnt + 1) * sizeof(EXPORTED) : 0);
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

/* Keys that are ours get exported_ in front, as Prometheus has it, and once more
   as long as a label is called so. */
static const char *
key_put(struct room *room, const char *key, const char *name_key,
    const struct kymo_label *labels, uint32_t cnt)
{
	char *text;

	if (strcmp(key, name_key) != 0 && strcmp(key, "signal") != 0)
		return text_put(room, key, "", "");
	for (uint32_t n = 1;; n++) {
		text = room->at;
		for (uint32_t i = 0; i < n; i++)
			room->at = stpcpy(room->at, EXPORTED);
		text_put(room, key, "", "");
		if (n > cnt || !has_key(labels, cnt, text))
			return text;
		room->at = text;
	}
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
	anomaly->now = detectors->at_ns - of->slots[ref->slot_idx].at_ns <=
	    NOW_NS ? of->slots[ref->slot_idx].value : (double)NAN;
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

/* ---- changes ------------------------------------------------------------------------- */

/* A signal whose change is to be listed. */
struct change_ref {
	const struct kyi_watched *of;
	uint32_t slot_idx;
	uint64_t found_ns;
};

static int
by_found(const void *a, const void *b)
{
	const struct change_ref *x = a, *y = b;
	int order = (x->found_ns < y->found_ns) - (x->found_ns > y->found_ns);

	if (order == 0)
		order = strcmp(x->of->name, y->of->name);
	if (order == 0 && x->of == y->of)
		order = (x->slot_idx > y->slot_idx) - (x->slot_idx < y->slot_idx);
	return order;
}

/* The newest first; NULL: no memory. */
static struct change_ref *
change_refs_make(const struct kymo_detectors *detectors, uint32_t *cnt)
{
	struct change_ref *refs = calloc(detectors->changing_cnt + 1u,
	    sizeof(refs[0]));

	*cnt = 0;
	for (const struct kyi_changing *changing = detectors->changing;
	    refs && changing; changing = changing->next)
		for (uint32_t i = 0; i < changing->of->slot_cnt; i++)
			if (changing->slots[i].found_ns > 0)
				refs[(*cnt)++] = (struct change_ref){
					changing->of, i,
					changing->slots[i].found_ns };
	if (refs)
		qsort(refs, *cnt, sizeof(refs[0]), by_found);
	if (*cnt > KYI_CHANGED_LISTED_MAX)
		*cnt = KYI_CHANGED_LISTED_MAX;
	return refs;
}

static void
change_put(struct room *room, struct kymo_changed *to,
    const struct change_ref *ref)
{
	const struct kyi_watched *of = ref->of;

	room_align(room);
	to->signal = kyi_signal_at(of->kind, ref->slot_idx);
	to->label_cnt = of->label_cnt + 2;
	to->labels = labels_put(room, "metric", of->name, of->kind, to->signal,
	    of->labels, of->label_cnt);
	to->metric = text_put(room, of->name, name_suffix(of->kind), "");
	to->found_ns = ref->found_ns;
	to->point = of->changing->slots[ref->slot_idx].found;
}

/* ---- the copy ------------------------------------------------------------------------ */

/* What goes into it, and room to make it. */
struct plan {
	struct ref *refs;
	struct change_ref *change_refs;
	struct member *members;
	uint32_t cnt, change_cnt, incident_cnt, left_out_cnt;
};

static bool
plan_make(struct plan *plan, const struct kymo_detectors *detectors)
{
	uint32_t idx1 = 0;

	plan->refs = refs_make(detectors, &plan->cnt);
	plan->change_refs = change_refs_make(detectors, &plan->change_cnt);
	if (!plan->refs || !plan->change_refs)
		return false;
	if (plan->cnt > KYI_HELD_LISTED_MAX && !detectors->options.all) {
		plan->left_out_cnt = plan->cnt - KYI_HELD_LISTED_MAX;
		plan->cnt = KYI_HELD_LISTED_MAX;
	}
	for (struct kyi_detect_incident *incident = detectors->incidents;
	    incident; incident = incident->next)
		incident->idx1 = ++idx1;
	plan->incident_cnt = idx1;
	plan->members = calloc(plan->cnt + 1u, sizeof(plan->members[0]));
	return plan->members != NULL;
}

static size_t
bytes_needed(const struct kymo_detectors *detectors, const struct plan *plan)
{
	size_t bytes = 64;

	for (uint32_t i = 0; i < plan->cnt; i++)
		bytes += sizeof(struct kymo_anomaly) + sizeof(uint32_t) +
		    bytes_of(plan->refs[i].of->name, plan->refs[i].of->labels,
		    plan->refs[i].of->label_cnt);
	for (uint32_t i = 0; i < plan->change_cnt; i++)
		bytes += sizeof(struct kymo_changed) + bytes_of(
		    plan->change_refs[i].of->name,
		    plan->change_refs[i].of->labels,
		    plan->change_refs[i].of->label_cnt);
	for (const struct kyi_detect_incident *incident = detectors->incidents;
	    incident; incident = incident->next)
		bytes += sizeof(struct kymo_incident) + bytes_of(
		    incident->metric, incident->labels, incident->label_cnt);
	return bytes;
}

static void
fill(const struct kymo_detectors *detectors, struct kymo_anomalies *anomalies,
    char *memory, const struct plan *plan)
{
	struct kymo_anomaly *at = (struct kymo_anomaly *)(void *)memory;
	struct kymo_incident *incidents =
	    (struct kymo_incident *)(void *)(at + plan->cnt);
	struct kymo_changed *changes =
	    (struct kymo_changed *)(void *)(incidents + plan->incident_cnt);
	uint32_t *member_idx =
	    (uint32_t *)(void *)(changes + plan->change_cnt);
	struct room room = { (char *)(member_idx + plan->cnt) };

	for (uint32_t i = 0; i < plan->cnt; i++)
		anomaly_put(detectors, &room, &at[i], &plan->refs[i]);
	incidents_put(detectors, &room, incidents);
	members_put(incidents, member_idx, plan->refs, plan->cnt,
	    plan->members);
	for (uint32_t i = 0; i < plan->change_cnt; i++)
		change_put(&room, &changes[i], &plan->change_refs[i]);
	anomalies->at = at;
	anomalies->cnt = plan->cnt;
	anomalies->left_out_cnt = plan->left_out_cnt;
	anomalies->incidents = incidents;
	anomalies->incident_cnt = plan->incident_cnt;
	anomalies->changes = changes;
	anomalies->change_cnt = plan->change_cnt;
}

int
kymo_detectors_list(const struct kymo_detectors *detectors,
    struct kymo_anomalies *anomalies)
{
	struct plan plan = { 0 };
	char *memory = NULL;

	*anomalies = (struct kymo_anomalies){ .at_ns = detectors->at_ns };
	if (plan_make(&plan, detectors))
		memory = calloc(1, bytes_needed(detectors, &plan));
	if (memory)
		anomalies->private_ = kyi_findings_new(memory);
	if (anomalies->private_)
		fill(detectors, anomalies, memory, &plan);
	else
		free(memory);
	free(plan.members);
	free(plan.change_refs);
	free(plan.refs);
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
