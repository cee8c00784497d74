/* SPDX-License-Identifier: MIT */
/* Alerts' states to the store and back, and from one engine to the next. */
#include <stdlib.h>
#include <string.h>

#include "reader/rules/engine.h"

/* ---- names ------------------------------------------------------------------------- */

static void
quoted_put(struct kymo_buffer *out, const char *text)
{
	kymo_buffer_char(out, '"');
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			kymo_buffer_char(out, '\\');
		kymo_buffer_char(out, *text);
	}
	kymo_buffer_char(out, '"');
}

/* {"a"="b","c"="d"} */
static char *
labels_text(const struct kymo_labels *labels)
{
	struct kymo_buffer text = {0};
	uint32_t i;

	kymo_buffer_char(&text, '{');
	for (i = 0; i < labels->cnt; i++) {
		if (i > 0)
			kymo_buffer_char(&text, ',');
		quoted_put(&text, labels->at[i].key);
		kymo_buffer_char(&text, '=');
		quoted_put(&text, labels->at[i].value);
	}
	kymo_buffer_char(&text, '}');
	return text.failed ? NULL : text.at;
}

/* Takes the quotes off in place; NULL: there are none. */
static char *
quoted_take(char **at)
{
	char *text = *at + 1, *to = text;

	if (**at != '"')
		return NULL;
	for (*at = text; **at != '"'; (*at)++) {
		if (**at == '\\')
			(*at)++;
		if (**at == '\0')
			return NULL;
		*to++ = **at;
	}
	(*at)++;
	*to = '\0';
	return text;
}

#define LABELS_MAX 200u

static struct kymo_labels *
labels_parse(const char *text)
{
	struct kymo_label at[LABELS_MAX];
	struct kymo_labels *labels = NULL;
	char *copy = strdup(text), *now = copy;
	uint32_t cnt = 0;

	if (copy == NULL || *now++ != '{')
		goto end;
	while (*now == '"' && cnt < LABELS_MAX) {
		at[cnt].key = quoted_take(&now);
		if (at[cnt].key == NULL || *now++ != '=')
			goto end;
		at[cnt].value = quoted_take(&now);
		if (at[cnt++].value == NULL || (*now != ',' && *now != '}'))
			goto end;
		now++;
	}
	labels = kymo_labels_make(at, cnt);
end:
	free(copy);
	return labels;
}

/* The group's name, a newline, the alert's. */
static char *
rule_text(const struct kyi_rule_run *run)
{
	struct kymo_buffer text = {0};

	kymo_buffer_printf(&text, "%s\n%s", run->group->group->name,
	    run->rule->name);
	return text.failed ? NULL : text.at;
}

static bool
rule_is(const struct kyi_rule_run *run, const char *name)
{
	size_t group_bytes = strlen(run->group->group->name);

	return run->rule->is_alert &&
	    strncmp(name, run->group->group->name, group_bytes) == 0 &&
	    name[group_bytes] == '\n' &&
	    strcmp(name + group_bytes + 1, run->rule->name) == 0;
}

/* ---- to the store -------------------------------------------------------------------- */

static struct kymo_alert_saved *
gone_new(struct kymo_rule_engine *engine)
{
	struct kymo_alert_saved *gone;
	uint32_t room = engine->gone_room == 0 ? 64 : engine->gone_room * 2;

	if (engine->gone_cnt == engine->gone_room) {
		gone = reallocarray(engine->gone, room, sizeof(*gone));
		if (gone == NULL)
			return NULL;
		engine->gone = gone;
		engine->gone_room = room;
	}
	memset(&engine->gone[engine->gone_cnt], 0, sizeof(*gone));
	return &engine->gone[engine->gone_cnt++];
}

static int
note(struct kymo_rule_engine *engine, struct kyi_rule_run *run,
    const struct kyi_entry *entry)
{
	struct kymo_alert_saved *saved = gone_new(engine);

	if (saved == NULL)
		return -1;
	saved->rule = rule_text(run);
	saved->labels = labels_text(entry->out);
	return saved->rule == NULL || saved->labels == NULL ? -1 : 0;
}

void
kyi_saved_gone(struct kymo_rule_engine *engine, struct kyi_rule_run *run,
    const struct kyi_entry *entry)
{
	if (engine->options.store == NULL || !entry->alert->was_saved)
		return;
	/* Without memory the store keeps one too many; it ends at a start. */
	if (note(engine, run, entry) == 0)
		engine->gone[engine->gone_cnt - 1].gone = true;
}

static void
notes_free(struct kymo_rule_engine *engine, uint32_t from)
{
	while (engine->gone_cnt > from) {
		struct kymo_alert_saved *saved =
		    &engine->gone[--engine->gone_cnt];

		free((char *)(uintptr_t)saved->rule);
		free((char *)(uintptr_t)saved->labels);
	}
}

static int
changes_note(struct kymo_rule_engine *engine, struct kyi_rule_run *run,
    bool *any_active)
{
	uint32_t i;

	for (i = 0; run->rule->is_alert && i < run->entries.cnt; i++) {
		const struct kyi_entry *entry = run->entries.at[i];
		const struct kyi_alert *alert = entry->alert;
		struct kymo_alert_saved *saved;

		*any_active |= alert->state != KYMO_ALERT_INACTIVE;
		if (!alert->changed)
			continue;
		if (note(engine, run, entry) != 0)
			return -1;
		saved = &engine->gone[engine->gone_cnt - 1];
		saved->state = alert->state;
		saved->active_ms = alert->active_ms;
		saved->fired_ms = alert->fired_ms;
		saved->keep_firing_ms = alert->keep_firing_ms;
		saved->resolved_ms = alert->resolved_ms;
		saved->value = entry->value;
	}
	return 0;
}

static void
changes_done(struct kyi_rule_run *run)
{
	uint32_t i;

	for (i = 0; run->rule->is_alert && i < run->entries.cnt; i++) {
		struct kyi_alert *alert = run->entries.at[i]->alert;

		alert->was_saved |= alert->changed;
		alert->changed = false;
	}
}

/* What could not be written is written with the next pass: until then an alert
   stays "changed", and one that is gone is kept in the list. */
int
kyi_saved_write(struct kymo_rule_engine *engine, int64_t at_ms, bool at_end,
    struct kymo_error *error)
{
	const struct kymo_rule_store *store = engine->options.store;
	uint32_t gone_cnt = engine->gone_cnt, i;
	bool any_active = false;

	if (store == NULL)
		return 0;
	for (i = 0; i < engine->run_cnt; i++)
		if (changes_note(engine, &engine->runs[i], &any_active) != 0) {
			notes_free(engine, gone_cnt);
			return kymo_error_set(error, "no memory for alerts' "
			    "states");
		}
	if (engine->gone_cnt == 0 && !at_end && (!any_active ||
	    at_ms - engine->saved_ms < KYI_SAVE_MS))
		return 0;
	if (store->write(store->of, at_ms, engine->gone, engine->gone_cnt,
	    error) != 0) {
		notes_free(engine, gone_cnt);
		return -1;
	}
	notes_free(engine, 0);
	for (i = 0; i < engine->run_cnt; i++)
		changes_done(&engine->runs[i]);
	engine->saved_ms = at_ms;
	return 0;
}

/* ---- from the store ------------------------------------------------------------------ */

/* A rule of this name whose own labels the alert has: two rules of one name
   differ by them. */
static bool
fits(const struct kyi_rule_run *run, const struct kymo_labels *labels)
{
	uint32_t i;

	for (i = 0; i < run->label_cnt; i++)
		if (run->labels[i].template_ == NULL &&
		    strcmp(kymo_labels_get(labels, run->labels[i].key),
		    run->labels[i].value) != 0)
			return false;
	return true;
}

static int
restore(struct kyi_rule_run *run, struct kymo_labels *labels,
    const struct kymo_alert_saved *saved)
{
	struct kyi_entry *entry = kyi_entry_by_out(run, labels);
	struct kyi_alert *alert;

	if (entry == NULL)
		return -1;
	alert = entry->alert;
	alert->state = saved->state;
	alert->active_ms = saved->active_ms;
	alert->fired_ms = saved->fired_ms;
	alert->true_ms = saved->fired_ms;
	alert->keep_firing_ms = saved->keep_firing_ms;
	alert->resolved_ms = saved->resolved_ms;
	alert->was_saved = true;
	entry->value = saved->value;
	return 0;
}

/* No rule has it any more. */
static int
note_gone(struct kymo_rule_engine *engine, const struct kymo_alert_saved *saved)
{
	struct kymo_alert_saved *gone = gone_new(engine);

	if (gone == NULL)
		return -1;
	gone->gone = true;
	gone->rule = strdup(saved->rule);
	gone->labels = strdup(saved->labels);
	return gone->rule == NULL || gone->labels == NULL ? -1 : 0;
}

static int
saved_each(void *to, const struct kymo_alert_saved *saved)
{
	struct kymo_rule_engine *engine = to;
	struct kymo_labels *labels = labels_parse(saved->labels);
	uint32_t i;

	/* What is no set of labels is of another version: left alone. */
	if (labels == NULL || saved->state > KYMO_ALERT_FIRING) {
		free(labels);
		return 0;
	}
	for (i = 0; i < engine->run_cnt; i++)
		if (rule_is(&engine->runs[i], saved->rule) &&
		    fits(&engine->runs[i], labels))
			return restore(&engine->runs[i], labels, saved);
	free(labels);
	return note_gone(engine, saved);
}

int
kyi_saved_load(struct kymo_rule_engine *engine, struct kymo_error *error)
{
	const struct kymo_rule_store *store = engine->options.store;

	if (store == NULL)
		return 0;
	return store->load(store->of, &engine->restored_ms, saved_each, engine,
	    error);
}

/* Nobody saw whether a pending alert was one while we were not there: that
   time does not count for its "for". */
static void
pending_shift(struct kymo_rule_engine *engine, int64_t away_ms)
{
	uint32_t i, k;

	for (i = 0; i < engine->run_cnt; i++) {
		struct kyi_entries *entries = &engine->runs[i].entries;

		for (k = 0; k < entries->cnt; k++) {
			struct kyi_alert *alert = entries->at[k]->alert;

			if (alert != NULL && alert->was_saved &&
			    alert->state == KYMO_ALERT_PENDING) {
				alert->active_ms += away_ms;
				alert->changed = true;
			}
		}
	}
}

void
kyi_saved_restart(struct kymo_rule_engine *engine, int64_t now_ms)
{
	if (engine->restored_ms != 0 && now_ms > engine->restored_ms)
		pending_shift(engine, now_ms - engine->restored_ms);
	engine->restored_ms = 0;
}

/* ---- from one engine to the next ------------------------------------------------------ */

static bool
same_rule(const struct kyi_rule_run *a, const struct kyi_rule_run *b)
{
	uint32_t i;

	if (a->rule->is_alert != b->rule->is_alert ||
	    a->label_cnt != b->label_cnt ||
	    strcmp(a->rule->name, b->rule->name) != 0 ||
	    strcmp(a->group->group->name, b->group->group->name) != 0)
		return false;
	for (i = 0; i < a->label_cnt; i++)
		if (strcmp(a->labels[i].key, b->labels[i].key) != 0 ||
		    strcmp(a->labels[i].value, b->labels[i].value) != 0)
			return false;
	return true;
}

static void
series_end(struct kymo_rule_engine *engine, struct kyi_rule_run *run,
    struct kyi_entry *entry, int64_t at_ms)
{
	if (entry->alert == NULL) {
		kyi_write_end(engine, run, &entry->series, at_ms);
		return;
	}
	entry->alert->state = KYMO_ALERT_INACTIVE;
	kyi_alert_write(engine, run, entry, at_ms);
	kyi_saved_gone(engine, run, entry);
}

void
kymo_rule_engine_adopt(struct kymo_rule_engine *engine,
    struct kymo_rule_engine *before)
{
	uint32_t i, k, m;

	for (i = 0; i < engine->run_cnt; i++)
		for (k = 0; k < before->run_cnt; k++) {
			struct kyi_rule_run *run = &engine->runs[i];
			struct kyi_rule_run *old = &before->runs[k];
			struct kyi_entries entries = run->entries;

			/* Two of one name take them in their order. */
			if (old->pass == 0 || !same_rule(run, old) ||
			    run->pass != 0)
				continue;
			run->entries = old->entries;
			old->entries = entries;
			run->pass = old->pass;
			old->pass = 0;
			run->health = old->health;
			run->at_ms = old->at_ms;
			run->pending_cnt = old->pending_cnt;
			run->firing_cnt = old->firing_cnt;
			/* Annotations may be others now, in number too, and so
			   may what the expression makes of an origin. */
			for (m = 0; m < run->entries.cnt; m++) {
				run->entries.at[m]->origin = 0;
				if (run->entries.at[m]->alert != NULL)
					kyi_annotations_forget(
					    run->entries.at[m]->alert,
					    old->rule->annotation_cnt);
			}
		}
	engine->restored_ms = 0;
	for (k = 0; k < before->run_cnt; k++) {
		struct kyi_rule_run *old = &before->runs[k];

		for (m = 0; m < old->entries.cnt; m++)
			series_end(before, old, old->entries.at[m],
			    old->at_ms + 1);
	}
	before->options.store = NULL;
}
