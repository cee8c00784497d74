/* SPDX-License-Identifier: MIT */
/* What is known of rules and their alerts, for whoever asks. */
#include <stdlib.h>
#include <string.h>

#include "reader/query/arena.h"
#include "reader/rules/engine.h"

struct teller {
	struct kymo_rule_engine *engine;
	struct kymo_alert *alerts;
	uint32_t room;
};

static void
alert_tell(struct kymo_rule_engine *engine, struct kyi_rule_run *run,
    struct kyi_entry *entry, struct kymo_alert *told)
{
	const struct kyi_alert *alert = entry->alert;

	if (!run->annotations_look)
		kyi_annotate(engine, run, entry, run->at_ms);
	*told = (struct kymo_alert){.labels = entry->out,
	    .annotations = alert->annotations,
	    .annotation_cnt = alert->annotations == NULL ? 0 :
	    run->rule->annotation_cnt, .state = alert->state,
	    .kept = alert->kept, .inhibited = alert->inhibited,
	    .value = entry->value, .active_ms = alert->active_ms,
	    .fired_ms = alert->fired_ms,
	    .keep_firing_ms = alert->keep_firing_ms,
	    .resolved_ms = alert->resolved_ms};
}

static int
alerts_tell(struct teller *teller, struct kyi_rule_run *run,
    struct kymo_rule_status *status)
{
	struct kymo_alert *alerts;
	uint32_t i;

	if (!run->rule->is_alert)
		return 0;
	if (run->entries.cnt > teller->room) {
		alerts = reallocarray(teller->alerts, run->entries.cnt,
		    sizeof(*alerts));
		if (alerts == NULL)
			return -1;
		teller->alerts = alerts;
		teller->room = run->entries.cnt;
	}
	for (i = 0; i < run->entries.cnt; i++) {
		const struct kyi_alert *alert = run->entries.at[i]->alert;

		/* Made by a pass that failed: it never was. */
		if (alert->state == KYMO_ALERT_INACTIVE &&
		    alert->resolved_ms == 0)
			continue;
		alert_tell(teller->engine, run, run->entries.at[i],
		    &teller->alerts[status->alert_cnt++]);
	}
	status->alerts = teller->alerts;
	return 0;
}

int
kymo_rule_engine_status(struct kymo_rule_engine *engine,
    int (*each)(void *to, const struct kymo_rule_status *status), void *to)
{
	struct teller teller = {.engine = engine};
	int result = 0;
	uint32_t i;

	pthread_mutex_lock(&engine->lock);
	for (i = 0; result == 0 && i < engine->run_cnt; i++) {
		struct kyi_rule_run *run = &engine->runs[i];
		struct kymo_rule_status status = {
		    .group = run->group->group, .rule = run->rule,
		    .health = run->health, .error = run->error.text,
		    .at_ms = run->at_ms, .took_ns = run->took_ns};

		result = alerts_tell(&teller, run, &status);
		if (result == 0)
			result = each(to, &status);
	}
	pthread_mutex_unlock(&engine->lock);
	free(teller.alerts);
	return result;
}

/* ---- copies ------------------------------------------------------------------ */

static const char *
text_copy(struct kyi_arena *arena, const char *text)
{
	return kyi_arena_text(arena, text, strlen(text));
}

static const struct kymo_labels *
labels_copy(struct kyi_arena *arena, const struct kymo_labels *labels)
{
	struct kymo_labels *copy = kyi_arena_get(arena, sizeof(*copy));
	struct kymo_label *at = kyi_arena_array(arena, labels->cnt,
	    sizeof(*at));

	if (copy == NULL || at == NULL)
		return NULL;
	for (uint32_t i = 0; i < labels->cnt; i++) {
		at[i].key = text_copy(arena, labels->at[i].key);
		at[i].value = text_copy(arena, labels->at[i].value);
		if (at[i].key == NULL || at[i].value == NULL)
			return NULL;
	}
	*copy = (struct kymo_labels){labels->hash, labels->cnt, at};
	return copy;
}

/* Of what it points to, all that a pass may free. */
static int
alert_copy(struct kyi_arena *arena, struct kymo_alert *alert)
{
	struct kymo_rule_text *texts = kyi_arena_array(arena,
	    alert->annotation_cnt, sizeof(*texts));

	alert->labels = labels_copy(arena, alert->labels);
	if (alert->labels == NULL || texts == NULL)
		return -1;
	for (uint32_t i = 0; i < alert->annotation_cnt; i++) {
		texts[i] = alert->annotations[i];
		texts[i].key = text_copy(arena, texts[i].key);
		texts[i].value = text_copy(arena, texts[i].value);
		if (texts[i].key == NULL || texts[i].value == NULL)
			return -1;
	}
	alert->annotations = texts;
	return 0;
}

/* A rule as it is now. */
static int
status_copy(struct teller *teller, struct kyi_rule_run *run,
    struct kyi_arena *arena, struct kymo_error *error,
    struct kymo_rule_status *status)
{
	int result;

	*error = run->error;
	*status = (struct kymo_rule_status){.group = run->group->group,
	    .rule = run->rule, .health = run->health, .error = error->text,
	    .at_ms = run->at_ms, .took_ns = run->took_ns};
	result = alerts_tell(teller, run, status);
	for (uint32_t i = 0; result == 0 && i < status->alert_cnt; i++)
		result = alert_copy(arena, &teller->alerts[i]);
	return result;
}

int
kymo_rule_engine_snapshot(struct kymo_rule_engine *engine,
    int (*each)(void *to, const struct kymo_rule_status *status), void *to)
{
	struct teller teller = {.engine = engine};
	int result = 0;

	for (uint32_t i = 0; result == 0 && i < engine->run_cnt; i++) {
		struct kyi_arena *arena = kyi_arena_new(0);
		struct kymo_rule_status status;
		struct kymo_error error;

		if (arena == NULL) {
			result = -1;
			break;
		}
		pthread_mutex_lock(&engine->lock);
		result = status_copy(&teller, &engine->runs[i], arena, &error,
		    &status);
		pthread_mutex_unlock(&engine->lock);
		if (result == 0)
			result = each(to, &status);
		kyi_arena_delete(arena);
	}
	free(teller.alerts);
	return result;
}
