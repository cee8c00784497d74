/* SPDX-License-Identifier: MIT */
/* What the series of a rule became. A series that was seen before is found by
   its labels' hash and costs no allocation. */
#include <stdlib.h>
#include <string.h>

#include "reader/room.h"
#include "reader/rules/engine.h"

#define BUCKETS_FIRST 16u

/* ---- buckets ---------------------------------------------------------------------- */

static void
link_in(struct kyi_entries *entries, struct kyi_entry *entry)
{
	struct kyi_entry **bucket;

	if (entry->in == NULL)
		return;
	bucket = &entries->in[entry->in->hash & (entries->bucket_cnt - 1)];
	entry->in_next = *bucket;
	*bucket = entry;
}

static void
unlink_in(struct kyi_entries *entries, struct kyi_entry *entry)
{
	struct kyi_entry **at;

	if (entry->in == NULL)
		return;
	at = &entries->in[entry->in->hash & (entries->bucket_cnt - 1)];
	while (*at != entry)
		at = &(*at)->in_next;
	*at = entry->in_next;
}

static void
link_out(struct kyi_entries *entries, struct kyi_entry *entry)
{
	struct kyi_entry **bucket = &entries->out[entry->out->hash &
	    (entries->bucket_cnt - 1)];

	entry->out_next = *bucket;
	*bucket = entry;
}

static void
unlink_out(struct kyi_entries *entries, struct kyi_entry *entry)
{
	struct kyi_entry **at = &entries->out[entry->out->hash &
	    (entries->bucket_cnt - 1)];

	while (*at != entry)
		at = &(*at)->out_next;
	*at = entry->out_next;
}

static int
grow(struct kyi_entries *entries)
{
	uint32_t room = entries->room == 0 ? BUCKETS_FIRST : entries->room * 2;
	struct kyi_entry **in, **out, **at;
	uint32_t i;

	at = reallocarray(entries->at, room, sizeof(*at));
	if (at == NULL)
		return -1;
	entries->at = at;
	in = calloc(room * 2, sizeof(*in));
	out = calloc(room * 2, sizeof(*out));
	if (in == NULL || out == NULL) {
		free(in);
		free(out);
		return -1;
	}
	free(entries->in);
	free(entries->out);
	entries->in = in;
	entries->out = out;
	entries->room = room;
	entries->bucket_cnt = room * 2;
	for (i = 0; i < entries->cnt; i++) {
		link_in(entries, at[i]);
		link_out(entries, at[i]);
	}
	return 0;
}

static struct kyi_entry *
find_in(const struct kyi_entries *entries, const struct kymo_labels *in)
{
	struct kyi_entry *entry;

	if (entries->bucket_cnt == 0)
		return NULL;
	entry = entries->in[in->hash & (entries->bucket_cnt - 1)];
	while (entry != NULL && (entry->in->hash != in->hash ||
	    !kymo_labels_equal(entry->in, in)))
		entry = entry->in_next;
	return entry;
}

static struct kyi_entry *
find_out(const struct kyi_entries *entries, const struct kymo_labels *out)
{
	struct kyi_entry *entry;

	if (entries->bucket_cnt == 0)
		return NULL;
	entry = entries->out[out->hash & (entries->bucket_cnt - 1)];
	while (entry != NULL && (entry->out->hash != out->hash ||
	    !kymo_labels_equal(entry->out, out)))
		entry = entry->out_next;
	return entry;
}

/* ---- entries ---------------------------------------------------------------------- */

/* Frees all of an entry that is linked nowhere. */
static void
entry_free(struct kyi_entry *entry, uint32_t annotation_cnt)
{
	if (entry->alert != NULL) {
		free(entry->series.labels);
		kyi_alert_free(entry->alert, annotation_cnt);
	}
	free(entry->in);
	free(entry->out);
	free(entry);
}

/* Takes out. */
static struct kyi_entry *
entry_new(struct kyi_rule_run *run, struct kymo_labels *out)
{
	struct kyi_entries *entries = &run->entries;
	struct kyi_entry *entry = aligned_alloc(KYI_LINE_BYTES,
	    sizeof(*entry));

	if (entry != NULL)
		memset(entry, 0, sizeof(*entry));
	if (entry != NULL && run->rule->is_alert)
		entry->alert = kyi_alert_new();
	if (entry == NULL || (run->rule->is_alert && entry->alert == NULL) ||
	    (entries->cnt == entries->room && grow(entries) != 0)) {
		if (entry != NULL)
			free(entry->alert);
		free(entry);
		free(out);
		return NULL;
	}
	entry->out = out;
	if (!run->rule->is_alert)
		entry->series.labels = out;
	entry->slot = entries->cnt;
	entries->at[entries->cnt++] = entry;
	link_out(entries, entry);
	return entry;
}

struct kyi_entry *
kyi_entry_by_out(struct kyi_rule_run *run, struct kymo_labels *out)
{
	struct kyi_entry *entry = find_out(&run->entries, out);

	if (entry == NULL)
		return entry_new(run, out);
	free(out);
	return entry;
}

void
kyi_entry_drop(struct kyi_rule_run *run, uint32_t idx)
{
	struct kyi_entries *entries = &run->entries;
	struct kyi_entry *entry = entries->at[idx];

	unlink_in(entries, entry);
	unlink_out(entries, entry);
	entries->at[idx] = entries->at[--entries->cnt];
	entries->at[idx]->slot = idx;
	entry_free(entry, run->rule->annotation_cnt);
}

void
kyi_rule_entries_free(struct kyi_entries *entries)
{
	free(entries->at);
	free(entries->in);
	free(entries->out);
	memset(entries, 0, sizeof(*entries));
}

/* ---- labels ----------------------------------------------------------------------- */

static struct kymo_label *
label_room(struct kymo_rule_engine *engine, uint32_t cnt)
{
	struct kymo_label *room;

	if (cnt <= engine->label_room_cnt)
		return engine->label_room;
	room = reallocarray(engine->label_room, cnt, sizeof(*room));
	if (room == NULL)
		return NULL;
	engine->label_room = room;
	engine->label_room_cnt = cnt;
	return room;
}

struct kymo_labels *
kyi_labels_with(struct kymo_rule_engine *engine, const struct kymo_labels *of,
    const char *const *pairs, uint32_t cnt)
{
	struct kymo_label *room = label_room(engine, of->cnt + cnt);
	uint32_t i;

	if (room == NULL)
		return NULL;
	for (i = 0; i < of->cnt; i++)
		room[i] = of->at[i];
	for (i = 0; i < cnt; i++)
		room[of->cnt + i] = (struct kymo_label){.key = pairs[2 * i],
		    .value = pairs[2 * i + 1]};
	return kymo_labels_make(room, of->cnt + cnt);
}

/* The expanded value of each label, one after another, into engine->text: the
   places are known only when all are there. */
static int
labels_expand(struct kymo_rule_engine *engine, struct kyi_rule_run *run,
    const struct kymo_labels *in, double value,
    const struct kymo_native_hist *hist)
{
	uint32_t i;

	kyi_buffer_again(&engine->text);
	for (i = 0; i < run->label_cnt; i++) {
		kyi_expand(engine, run->labels[i].template_,
		    run->labels[i].value, in, value, hist, run->at_ms,
		    &engine->text);
		kymo_buffer_char(&engine->text, '\0');
	}
	return engine->text.failed ? -1 : 0;
}

static struct kymo_labels *
labels_out(struct kymo_rule_engine *engine, struct kyi_rule_run *run,
    const struct kymo_labels *in, double value,
    const struct kymo_native_hist *hist)
{
	struct kymo_label *room = label_room(engine, in->cnt + run->label_cnt +
	    2);
	const char *text;
	uint32_t cnt = 0, i;

	if (room == NULL || labels_expand(engine, run, in, value, hist) != 0)
		return NULL;
	for (i = 0; i < in->cnt; i++)
		if (strcmp(in->at[i].key, KYMO_NAME_LABEL) != 0)
			room[cnt++] = in->at[i];
	for (i = 0, text = engine->text.at; i < run->label_cnt; i++) {
		room[cnt++] = (struct kymo_label){.key = run->labels[i].key,
		    .value = text};
		text += strlen(text) + 1;
	}
	room[cnt++] = (struct kymo_label){.key = run->rule->is_alert ?
	    "alertname" : KYMO_NAME_LABEL, .value = run->rule->name};
	return kymo_labels_make(room, cnt);
}

/* ---- finding ---------------------------------------------------------------------- */

static struct kyi_entry *
same_twice(struct kyi_rule_run *run, struct kymo_error *error)
{
	kymo_error_set(error, "vector contains metrics with the same labelset "
	    "after applying %s labels", run->rule->is_alert ? "alert" : "rule");
	return NULL;
}

static int
in_set(struct kyi_rule_run *run, struct kyi_entry *entry,
    const struct kymo_labels *in)
{
	struct kymo_labels *copy = kymo_labels_make(in->at, in->cnt);

	if (copy == NULL)
		return -1;
	unlink_in(&run->entries, entry);
	free(entry->in);
	entry->in = copy;
	link_in(&run->entries, entry);
	return 0;
}

bool
kyi_rule_entry_known(void *of, uint32_t place, uint64_t origin)
{
	const struct kyi_rule_run *run = of;

	return place < run->entries.cnt &&
	    run->entries.at[place]->origin == origin;
}

static struct kyi_entry *
find_known(const struct kyi_rule_run *run, const struct kyi_found *found)
{
	struct kyi_entry *entry;

	if (found->place < run->entries.cnt) {
		entry = run->entries.at[found->place];
		if (found->in == NULL || (entry->in != NULL &&
		    kymo_labels_equal(entry->in, found->in)))
			return entry;
	}
	return find_in(&run->entries, found->in);
}

/* Another series may have come before it, or gone. */
static void
place_set(struct kyi_entries *entries, struct kyi_entry *entry, uint32_t place)
{
	struct kyi_entry *other;

	if (place >= entries->cnt || entry->slot == place)
		return;
	other = entries->at[place];
	other->slot = entry->slot;
	entries->at[other->slot] = other;
	entry->slot = place;
	entries->at[place] = entry;
}

/* By what it becomes, or new. NULL: no memory. */
static struct kyi_entry *
entry_make(struct kymo_rule_engine *engine, struct kyi_rule_run *run,
    const struct kyi_found *found)
{
	struct kymo_labels *out = labels_out(engine, run, found->in,
	    found->value, found->hist);

	return out == NULL ? NULL : kyi_entry_by_out(run, out);
}

struct kyi_entry *
kyi_rule_entry_find(struct kymo_rule_engine *engine, struct kyi_rule_run *run,
    const struct kyi_found *found, struct kymo_error *error)
{
	struct kyi_entry *entry;

	/* A series before it in this pass took its entry: they became one. */
	if (found->in == NULL &&
	    !kyi_rule_entry_known(run, found->place, found->origin))
		return same_twice(run, error);
	entry = run->labels_look ? NULL : find_known(run, found);
	if (entry == NULL) {
		entry = entry_make(engine, run, found);
		if (entry != NULL && entry->pass == run->pass)
			return same_twice(run, error);
		/* What annotations are made of, and how it is found again. */
		if (entry == NULL || in_set(run, entry, found->in) != 0) {
			kymo_error_set(error, "no memory");
			return NULL;
		}
	}
	if (entry->pass == run->pass)
		return same_twice(run, error);
	if (found->in != NULL)
		entry->origin = run->labels_look ? 0 : found->origin;
	if (found->in != NULL && entry->origin != 0)
		place_set(&run->entries, entry, found->place);
	entry->pass = run->pass;
	entry->value = found->value;
	entry->hist = found->hist;
	return entry;
}
