/* SPDX-License-Identifier: MIT */
/* Alerting rules: from inactive to pending, firing and back, as Prometheus has
   it; and what an alert does not do when nothing is known. */
#include <stdlib.h>
#include <string.h>

#include "reader/rules/engine.h"

struct kyi_alert *
kyi_alert_new(void)
{
	return calloc(1, sizeof(struct kyi_alert));
}

void
kyi_annotations_forget(struct kyi_alert *alert, uint32_t cnt)
{
	uint32_t i;

	for (i = 0; alert->annotations != NULL && i < cnt; i++)
		free((char *)(uintptr_t)alert->annotations[i].value);
	free(alert->annotations);
	alert->annotations = NULL;
	alert->is_annotated = false;
}

void
kyi_alert_free(struct kyi_alert *alert, uint32_t annotation_cnt)
{
	kyi_annotations_forget(alert, annotation_cnt);
	free(alert->alerts[0].labels);
	free(alert->alerts[1].labels);
	free(alert);
}

/* ---- what is missing -------------------------------------------------------------- */

struct look {
	const struct kymo_source *source;
	const struct kymo_query_options *options;
	int64_t at_ms;
	bool asked, found, failed;
};

static bool
any_sample(const struct kymo_selected *selected, int64_t from_ms,
    int64_t to_ms)
{
	uint32_t i, k;

	for (i = 0; i < selected->series_cnt; i++) {
		const struct kymo_samples *series = &selected->series[i];

		for (k = series->cnt; k-- > 0 && series->at_ms[k] > from_ms;)
			if (series->at_ms[k] <= to_ms &&
			    ((series->hist != NULL && series->hist[k] != NULL)
			    || !kymo_is_stale(series->value[k])))
				return true;
	}
	return false;
}

static bool
gives_up(void *of, struct kymo_error *error)
{
	const struct kymo_query_options *options = of;

	if (options->cancelled == NULL || !options->cancelled(options->of))
		return false;
	kymo_error_set(error, "cancelled");
	return true;
}

static int
look_at(void *to, const struct kymo_query_selector *selector)
{
	struct look *look = to;
	struct kymo_select what = {.matchers = selector->matchers,
	    .matcher_cnt = selector->matcher_cnt, .series_max = UINT64_MAX,
	    .samples_max = UINT64_MAX, .give_up = gives_up,
	    .give_up_of = (void *)(uintptr_t)look->options};
	struct kymo_selected selected = {0};
	struct kymo_error error;

	/* Their business is what is not there. */
	if (strncmp(selector->function, "absent", 6) == 0)
		return 0;
	look->asked = true;
	what.from_ms = selector->from_ms + (selector->fixed ? 0 : look->at_ms);
	what.to_ms = selector->to_ms + (selector->fixed ? 0 : look->at_ms);
	if (look->source->select(look->source->of, &what, &selected,
	    &error) != 0) {
		look->failed = true;
		return 1;
	}
	look->found = any_sample(&selected, what.from_ms, what.to_ms);
	look->source->done(look->source->of, &selected);
	return look->found;
}

/* It asks for something, and none of it is there. An error says nothing. */
static bool
is_without_data(struct kymo_rule_engine *engine, struct kyi_rule_run *run,
    int64_t at_ms)
{
	struct look look = {.source = engine->options.source,
	    .options = &engine->options.query, .at_ms = at_ms};

	kymo_query_selectors(run->rule->query, look_at, &look);
	return look.asked && !look.found && !look.failed;
}

/* ---- resolving -------------------------------------------------------------------- */

/* A firing alert and a series of resolve_expr agree in all labels of that. */
static bool
agrees(const struct kymo_labels *series, const struct kymo_labels *alert)
{
	uint32_t i;

	for (i = 0; i < series->cnt; i++)
		if (strcmp(series->at[i].key, KYMO_NAME_LABEL) != 0 &&
		    strcmp(kymo_labels_get(alert, series->at[i].key),
		    series->at[i].value) != 0)
			return false;
	return true;
}

static bool
may_resolve(const struct kymo_result *resolve, const struct kyi_entry *entry)
{
	uint32_t i;

	if (resolve->kind == KYMO_VALUE_SCALAR)
		return true;
	for (i = 0; i < resolve->series_cnt; i++)
		if (agrees(resolve->series[i].labels, entry->in != NULL ?
		    entry->in : entry->out))
			return true;
	return false;
}

static bool
flaps(const struct kymo_rule *rule, const struct kyi_alert *alert,
    int64_t at_ms)
{
	uint32_t cnt = 0, i;

	if (rule->flap_max == 0)
		return false;
	for (i = 0; i < alert->fired_cnt && i < KYI_FLAPS_MAX; i++)
		cnt += alert->fired_at_ms[i] > alert->true_ms - rule->flap_ms;
	return cnt >= rule->flap_max && at_ms - alert->true_ms < rule->flap_ms;
}

/* An alert that is in the result no more: does it fire on? */
static bool
fires_on(const struct kymo_rule *rule, const struct kyi_entry *entry,
    const struct kymo_result *resolve, int64_t at_ms)
{
	struct kyi_alert *alert = entry->alert;

	if (alert->state != KYMO_ALERT_FIRING)
		return false;
	/* The alert of no data has no labels to agree in. */
	if (rule->resolve_query != NULL && (entry->in == NULL ||
	    entry->in->cnt > 0) && (resolve == NULL ||
	    !may_resolve(resolve, entry)))
		return true;
	if (rule->keep_firing_ms > 0) {
		if (alert->keep_firing_ms == 0) {
			alert->keep_firing_ms = at_ms;
			alert->changed = true;
		}
		if (at_ms - alert->keep_firing_ms < rule->keep_firing_ms)
			return true;
	}
	return flaps(rule, alert, at_ms);
}

/* ---- states ----------------------------------------------------------------------- */

static void
begin(struct kyi_alert *alert, int64_t at_ms)
{
	alert->state = KYMO_ALERT_PENDING;
	alert->active_ms = at_ms;
	alert->fired_ms = alert->keep_firing_ms = alert->resolved_ms = 0;
	alert->changed = true;
}

static void
fire(struct kyi_alert *alert, int64_t at_ms)
{
	alert->state = KYMO_ALERT_FIRING;
	alert->fired_ms = at_ms;
	alert->fired_at_ms[alert->fired_cnt++ % KYI_FLAPS_MAX] = at_ms;
	alert->changed = true;
}

static void
seen(struct kyi_alert *alert, int64_t at_ms)
{
	if (alert->state == KYMO_ALERT_INACTIVE)
		begin(alert, at_ms);
	if (alert->active_ms > at_ms) /* the clock went back */
		alert->active_ms = at_ms;
	if (alert->keep_firing_ms != 0)
		alert->changed = true;
	alert->keep_firing_ms = 0;
	alert->true_ms = at_ms;
	alert->kept = false;
}

/* Returns whether the alert is to be forgotten. */
static bool
unseen(const struct kymo_rule *rule, struct kyi_entry *entry,
    const struct kymo_result *resolve, int64_t at_ms)
{
	struct kyi_alert *alert = entry->alert;
	int64_t told_ms = rule->flap_ms > KYI_RESOLVED_MS ? rule->flap_ms :
	    KYI_RESOLVED_MS;

	alert->kept = fires_on(rule, entry, resolve, at_ms);
	if (alert->kept)
		return false;
	if (alert->state == KYMO_ALERT_PENDING)
		return true;
	if (alert->state == KYMO_ALERT_INACTIVE)
		return at_ms - alert->resolved_ms > told_ms;
	alert->state = KYMO_ALERT_INACTIVE;
	alert->resolved_ms = at_ms;
	alert->changed = true;
	return false;
}

static bool
depends(const struct kymo_rule *rule, const char *name)
{
	uint32_t i;

	for (i = 0; i < rule->depends_cnt; i++)
		if (strcmp(rule->depends_on[i], name) == 0)
			return true;
	return false;
}

/* Whether the label is one that the rule itself gave. */
static bool
is_own_label(const struct kyi_rule_run *run, const char *key)
{
	uint32_t i;

	if (strcmp(key, KYMO_NAME_LABEL) == 0 || strcmp(key, "alertname") == 0)
		return true;
	for (i = 0; i < run->label_cnt; i++)
		if (strcmp(run->labels[i].key, key) == 0)
			return true;
	return false;
}

/* They agree in the labels that both got from their expressions. Of one that
   came from a store only those that it has are known. */
static bool
inhibits(const struct kyi_rule_run *by_run, const struct kyi_entry *by,
    const struct kyi_entry *entry)
{
	const struct kymo_labels *has = by->in != NULL ? by->in : by->out;
	const struct kymo_labels *of = entry->in != NULL ? entry->in :
	    entry->out;
	const char *value;
	uint32_t i;

	if (by->alert->state != KYMO_ALERT_FIRING)
		return false;
	for (i = 0; i < has->cnt; i++) {
		if (by->in == NULL ? is_own_label(by_run, has->at[i].key) :
		    strcmp(has->at[i].key, KYMO_NAME_LABEL) == 0)
			continue;
		value = kymo_labels_get(of, has->at[i].key);
		if (value[0] != '\0' && strcmp(value, has->at[i].value) != 0)
			return false;
	}
	return true;
}

static bool
is_inhibited(struct kymo_rule_engine *engine, struct kyi_rule_run *run,
    const struct kyi_entry *entry)
{
	uint32_t i, k;

	for (i = 0; i < engine->run_cnt; i++) {
		const struct kyi_rule_run *other = &engine->runs[i];

		if (!other->rule->is_alert || other == run ||
		    !depends(run->rule, other->rule->name))
			continue;
		for (k = 0; k < other->entries.cnt; k++)
			if (inhibits(other, other->entries.at[k], entry))
				return true;
	}
	return false;
}

/* ---- a pass ----------------------------------------------------------------------- */

/* Nothing is known of this pass: all stays as it is, and is said so. */
static void
stay(struct kymo_rule_engine *engine, struct kyi_rule_run *run, int64_t at_ms)
{
	uint32_t i;

	run->pending_cnt = run->firing_cnt = 0;
	for (i = 0; i < run->entries.cnt; i++) {
		struct kyi_alert *alert = run->entries.at[i]->alert;

		run->pending_cnt += alert->state == KYMO_ALERT_PENDING;
		run->firing_cnt += alert->state == KYMO_ALERT_FIRING;
		alert->kept = alert->state == KYMO_ALERT_FIRING;
		kyi_alert_write(engine, run, run->entries.at[i], at_ms);
	}
}

/* no_data: alert. One alert without labels of its own. */
static void
alert_without(struct kymo_rule_engine *engine, struct kyi_rule_run *run,
    int64_t at_ms)
{
	static const struct kymo_labels none;
	static const struct kyi_found found = {.in = &none};
	struct kyi_entry *entry;

	run->pass++;
	entry = kyi_rule_entry_find(engine, run, &found, &run->error);
	if (entry == NULL) {
		run->health = KYMO_RULE_ERROR;
		return;
	}
	seen(entry->alert, at_ms);
	if (entry->alert->state == KYMO_ALERT_PENDING &&
	    at_ms - entry->alert->active_ms >= run->rule->for_ms)
		fire(entry->alert, at_ms);
}

/* One alert in this pass. false: it is to be forgotten. */
static bool
state_move(struct kymo_rule_engine *engine, struct kyi_rule_run *run,
    struct kyi_entry *entry, const struct kymo_result *resolve, int64_t at_ms)
{
	const struct kymo_rule *rule = run->rule;
	struct kyi_alert *alert = entry->alert;
	bool stays = true;

	if (entry->pass == run->pass)
		seen(alert, at_ms);
	else if (unseen(rule, entry, resolve, at_ms)) {
		alert->state = KYMO_ALERT_INACTIVE;
		stays = false;
	}
	if (alert->state == KYMO_ALERT_PENDING &&
	    at_ms - alert->active_ms >= rule->for_ms)
		fire(alert, at_ms);
	if (rule->depends_cnt > 0)
		alert->inhibited = is_inhibited(engine, run, entry);
	/* Others are expanded when somebody asks for them. */
	if ((run->annotations_look || entry->hist != NULL) &&
	    entry->pass == run->pass)
		kyi_annotate(engine, run, entry, at_ms);
	kyi_alert_write(engine, run, entry, at_ms);
	run->pending_cnt += alert->state == KYMO_ALERT_PENDING;
	run->firing_cnt += alert->state == KYMO_ALERT_FIRING;
	return stays;
}

static void
states_move(struct kymo_rule_engine *engine, struct kyi_rule_run *run,
    const struct kymo_result *resolve, int64_t at_ms)
{
	struct kyi_entry **at = run->entries.at;
	uint32_t i;

	run->pending_cnt = run->firing_cnt = 0;
	/* Backwards: what is dropped gives its place to one that was here. */
	for (i = run->entries.cnt; i-- > 0;) {
		if (i > 2) {
			__builtin_prefetch(at[i - 2]->alert);
			__builtin_prefetch((char *)at[i - 2]->alert + 64);
			__builtin_prefetch(at[i - 3]);
		}
		if (!state_move(engine, run, at[i], resolve, at_ms)) {
			kyi_saved_gone(engine, run, at[i]);
			kyi_entry_drop(run, i);
		}
	}
}

static void
resolve_ask(struct kymo_rule_engine *engine, struct kyi_rule_run *run,
    int64_t at_ms, struct kymo_result **resolve)
{
	struct kymo_query_error error;

	*resolve = NULL;
	if (run->rule->resolve_query == NULL)
		return;
	if (kymo_query_instant(run->rule->resolve_query,
	    engine->options.source, at_ms, &engine->options.query, resolve,
	    &error) != 0) {
		*resolve = NULL;
		run->health = KYMO_RULE_ERROR;
		run->error = error.error;
	}
}

void
kyi_alert_pass(struct kymo_rule_engine *engine, struct kyi_rule_run *run,
    const struct kymo_result *result, int64_t at_ms)
{
	uint32_t limit = run->group->group->limit, cnt;
	struct kymo_result *resolve;
	bool without;

	if (result == NULL) {
		stay(engine, run, at_ms);
		return;
	}
	cnt = result->kind == KYMO_VALUE_SCALAR ? 1 : result->series_cnt;
	without = cnt == 0 && run->rule->no_data != KYMO_NO_DATA_OK &&
	    is_without_data(engine, run, at_ms);
	if (without) {
		if (run->rule->no_data == KYMO_NO_DATA_UNKNOWN)
			run->health = KYMO_RULE_NO_DATA;
		if (run->rule->no_data == KYMO_NO_DATA_ALERT)
			alert_without(engine, run, at_ms);
		stay(engine, run, at_ms);
		return;
	}
	if (limit > 0 && cnt > limit) {
		kymo_error_set(&run->error, "exceeded limit of %u with %u "
		    "alerts", limit, cnt);
		run->health = KYMO_RULE_ERROR;
		stay(engine, run, at_ms);
		return;
	}
	if (kyi_hits(engine, run, result) != 0) {
		run->health = KYMO_RULE_ERROR;
		stay(engine, run, at_ms);
		return;
	}
	resolve_ask(engine, run, at_ms, &resolve);
	states_move(engine, run, resolve, at_ms);
	kymo_result_delete(resolve);
}
