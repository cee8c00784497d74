/* SPDX-License-Identifier: MIT */
/* Groups and their times; a pass over the rules that are due. */
#include "reader/rules/engine.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define INTERVAL_MS INT64_C(60000)

/* ---- making ------------------------------------------------------------------------ */

static const struct kymo_rule_text *
text_of(const struct kymo_rule_text *texts, uint32_t cnt, const char *key)
{
	uint32_t i;

	for (i = 0; i < cnt; i++)
		if (strcmp(texts[i].key, key) == 0)
			return &texts[i];
	return NULL;
}

/* The group's labels, and the rule's over them. A group's are templates to an
   alert, too, as in Prometheus. */
static int
labels_make(struct kymo_rule_engine *engine, struct kyi_rule_run *run)
{
	const struct kymo_rule *rule = run->rule;
	const struct kyi_rule_private *private_ = rule->private_;
	const struct kymo_rule_group *group = run->group->group;
	struct kyi_template_error error;
	uint32_t i;

	run->labels = kyi_arena_get(engine->arena, (group->label_cnt +
	    rule->label_cnt + 1) * sizeof(run->labels[0]));
	if (run->labels == NULL)
		return -1;
	for (i = 0; i < group->label_cnt; i++) {
		struct kyi_rule_label *label = &run->labels[run->label_cnt];

		if (text_of(rule->labels, rule->label_cnt,
		    group->labels[i].key) != NULL)
			continue;
		*label = (struct kyi_rule_label){group->labels[i].key,
		    group->labels[i].value, NULL};
		if (rule->is_alert)
			label->template_ = kyi_template_parse(engine->arena,
			    label->value, &error);
		run->label_cnt++;
	}
	for (i = 0; i < rule->label_cnt; i++)
		run->labels[run->label_cnt++] = (struct kyi_rule_label){
		    rule->labels[i].key, rule->labels[i].value,
		    rule->is_alert ? private_->labels[i] : NULL};
	for (i = 0; i < run->label_cnt; i++) {
		const struct kyi_template *template_ = run->labels[i].template_;

		if (template_ == NULL)
			continue;
		if (kyi_template_looks(template_) & KYI_TEMPLATE_PLAIN)
			run->labels[i].template_ = NULL;
		else if (kyi_template_looks(template_) != 0)
			run->labels_look = true;
	}
	for (i = 0; i < rule->annotation_cnt; i++)
		if (kyi_template_looks(private_->annotations[i]) &
		    KYI_TEMPLATE_QUERY)
			run->annotations_look = true;
	return 0;
}

static int
runs_make(struct kymo_rule_engine *engine)
{
	const struct kymo_rule_group *group = engine->rules->groups;
	const struct kymo_rule *rule;
	const struct kymo_rule_options *options = &engine->options;
	uint32_t i = 0, group_idx = 0;

	for (; group != NULL; group = group->next)
		engine->group_cnt++;
	engine->run_cnt = engine->rules->rule_cnt;
	engine->groups = kyi_arena_get(engine->arena, (engine->group_cnt + 1) *
	    sizeof(engine->groups[0]));
	engine->runs = kyi_arena_get(engine->arena, (engine->run_cnt + 1) *
	    sizeof(engine->runs[0]));
	engine->order = kyi_arena_get(engine->arena, (engine->run_cnt + 1) *
	    sizeof(engine->order[0]));
	if (engine->groups == NULL || engine->runs == NULL ||
	    engine->order == NULL)
		return -1;
	for (group = engine->rules->groups; group != NULL;
	    group = group->next) {
		struct kyi_group_run *run = &engine->groups[group_idx++];

		run->group = group;
		run->interval_ms = group->interval_ms > 0 ? group->interval_ms :
		    options->interval_ms > 0 ? options->interval_ms :
		    INTERVAL_MS;
		run->offset_ms = group->offset_ms >= 0 ? group->offset_ms :
		    options->offset_ms;
		run->next_ms = run->newest_ms = INT64_MIN;
		for (rule = group->rules; rule != NULL; rule = rule->next) {
			engine->runs[i].rule = rule;
			engine->runs[i].group = run;
			if (labels_make(engine, &engine->runs[i++]) != 0)
				return -1;
		}
	}
	return 0;
}

static int
options_copy(struct kymo_rule_engine *engine,
    const struct kymo_rule_options *options)
{
	engine->options = *options;
	engine->options.external_url = options->external_url == NULL ? "" :
	    kyi_arena_text(engine->arena, options->external_url,
	    strlen(options->external_url));
	if (options->external_labels == NULL)
		return 0;
	engine->external = kymo_labels_make(options->external_labels->at,
	    options->external_labels->cnt);
	engine->options.external_labels = engine->external;
	return engine->external == NULL ? -1 : 0;
}

int
kymo_rule_engine_new(struct kymo_rule_engine **made,
    const struct kymo_rules *rules, const struct kymo_rule_options *options,
    const struct kymo_rule_faults *faults, struct kymo_error *error)
{
	struct kymo_rule_engine *engine = calloc(1, sizeof(*engine));

	*made = NULL;
	if (engine == NULL)
		return kymo_error_set(error, "no memory");
	pthread_mutex_init(&engine->lock, NULL);
	engine->rules = rules;
	engine->arena = kyi_arena_new(0);
	kymo_error_set(error, "no memory");
	if (engine->arena == NULL || options_copy(engine, options) != 0 ||
	    runs_make(engine) != 0 || kyi_order(engine, faults) != 0 ||
	    kyi_saved_load(engine, error) != 0) {
		engine->options.store = NULL;
		kymo_rule_engine_delete(engine);
		return -1;
	}
	error->text[0] = '\0';
	*made = engine;
	return 0;
}

void
kymo_rule_engine_delete(struct kymo_rule_engine *engine)
{
	struct kymo_error error;
	uint32_t i;

	if (engine == NULL)
		return;
	if (engine->options.store != NULL && engine->saved_ms != 0)
		kyi_saved_write(engine, engine->saved_ms, true, &error);
	for (i = 0; engine->runs != NULL && i < engine->run_cnt; i++) {
		while (engine->runs[i].entries.cnt > 0)
			kyi_entry_drop(&engine->runs[i],
			    engine->runs[i].entries.cnt - 1);
		kyi_rule_entries_free(&engine->runs[i].entries);
	}
	for (i = 0; i < engine->gone_cnt; i++) {
		free((char *)(uintptr_t)engine->gone[i].rule);
		free((char *)(uintptr_t)engine->gone[i].labels);
	}
	free(engine->gone);
	free(engine->hits);
	free(engine->label_room);
	free(engine->external);
	kymo_buffer_free(&engine->text);
	kyi_arena_delete(engine->arena);
	pthread_mutex_destroy(&engine->lock);
	free(engine);
}

/* ---- a rule ------------------------------------------------------------------------ */

static uint64_t
monotonic_ns(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return (uint64_t)at.tv_sec * 1000000000u + (uint64_t)at.tv_nsec;
}

/* The sink may keep all of a rule's at once. */
static void
rule_tell(struct kymo_rule_engine *engine, struct kyi_rule_run *run,
    int64_t at_ms)
{
	const struct kymo_rule_sink *sink = &engine->options.sink;
	struct kymo_error error = {""};

	if (sink->rule == NULL || sink->rule(sink->of, run->group->group,
	    run->rule, at_ms, run->health != KYMO_RULE_ERROR, &error) == 0)
		return;
	run->health = KYMO_RULE_ERROR;
	run->error = error;
}

static void
rule_evaluate(struct kymo_rule_engine *engine, struct kyi_rule_run *run,
    int64_t at_ms)
{
	const struct kymo_rule_sink *sink = &engine->options.sink;
	struct kymo_query_error error = {.line = 0};
	struct kymo_result *result = NULL;
	uint64_t from_ns = monotonic_ns();
	int64_t asked_ms = at_ms - run->group->offset_ms;
	struct kymo_query_options options = engine->options.query;
	bool failed;

	options.known = kyi_rule_entry_known;
	options.known_of = run;
	failed = kymo_query_instant(run->rule->query, engine->options.source,
	    asked_ms, &options, &result, &error) != 0;
	pthread_mutex_lock(&engine->lock);
	run->at_ms = at_ms;
	run->health = failed ? KYMO_RULE_ERROR : KYMO_RULE_OK;
	run->error.text[0] = '\0';
	if (failed) {
		run->error = error.error;
		result = NULL;
	}
	run->in_pass = true;
	if (run->rule->is_alert)
		kyi_alert_pass(engine, run, result, asked_ms);
	else
		kyi_record_pass(engine, run, result, asked_ms);
	rule_tell(engine, run, asked_ms);
	run->in_pass = false;
	run->took_ns = monotonic_ns() - from_ns;
	pthread_mutex_unlock(&engine->lock);
	if (result != NULL)
		kymo_result_delete(result);
	if (run->has_readers && sink->flush != NULL)
		sink->flush(sink->of);
}

/* ---- passes ------------------------------------------------------------------------ */

/* Is it time for a group? The last whole multiple of its interval is. */
static bool
group_due(struct kymo_rule_engine *engine, struct kyi_group_run *group,
    int64_t now_ms)
{
	int64_t at_ms = now_ms - now_ms % group->interval_ms, newest_ms;

	/* The clock went back by more than a pass: times begin anew. */
	if (group->last_ms > now_ms + group->interval_ms) {
		group->next_ms = at_ms;
		group->newest_ms = INT64_MIN;
	}
	if (now_ms < group->next_ms)
		return false;
	if (group->next_ms != INT64_MIN)
		engine->missed_cnt += (uint64_t)((at_ms - group->next_ms) /
		    group->interval_ms);
	group->next_ms = at_ms + group->interval_ms;
	if (engine->options.oldest_ms != NULL &&
	    at_ms < engine->options.oldest_ms(engine->options.of))
		return false;
	if (engine->options.newest_ms != NULL) {
		newest_ms = engine->options.newest_ms(engine->options.of);
		if (newest_ms <= group->newest_ms) {
			engine->missed_cnt++;
			return false;
		}
		group->newest_ms = newest_ms;
	}
	group->due_ms = group->last_ms = at_ms;
	return true;
}

static int
pass(struct kymo_rule_engine *engine, int64_t now_ms, struct kymo_error *error)
{
	const struct kymo_rule_sink *sink = &engine->options.sink;
	uint32_t i;

	kyi_saved_restart(engine, now_ms);
	for (i = 0; i < engine->run_cnt; i++)
		if (engine->order[i]->group->due)
			rule_evaluate(engine, engine->order[i],
			    engine->order[i]->group->due_ms);
	if (sink->flush != NULL)
		sink->flush(sink->of);
	return kyi_saved_write(engine, now_ms, false, error);
}

int
kymo_rule_engine_step(struct kymo_rule_engine *engine, int64_t now_ms,
    struct kymo_error *error)
{
	int due_cnt = 0;
	uint32_t i;

	for (i = 0; i < engine->group_cnt; i++) {
		engine->groups[i].due = group_due(engine, &engine->groups[i],
		    now_ms);
		due_cnt += engine->groups[i].due;
	}
	if (due_cnt > 0 && pass(engine, now_ms, error) != 0)
		return -1;
	return due_cnt;
}

int
kymo_rule_engine_at(struct kymo_rule_engine *engine, int64_t at_ms,
    struct kymo_error *error)
{
	uint32_t i;

	for (i = 0; i < engine->group_cnt; i++) {
		engine->groups[i].due = true;
		engine->groups[i].due_ms = engine->groups[i].last_ms = at_ms;
		engine->groups[i].next_ms = at_ms +
		    engine->groups[i].interval_ms;
	}
	return pass(engine, at_ms, error);
}

int64_t
kymo_rule_engine_next_ms(const struct kymo_rule_engine *engine)
{
	int64_t next_ms = INT64_MAX;
	uint32_t i;

	for (i = 0; i < engine->group_cnt; i++)
		if (engine->groups[i].next_ms < next_ms)
			next_ms = engine->groups[i].next_ms;
	return next_ms;
}

void
kymo_rule_engine_alert_cnt(struct kymo_rule_engine *engine,
    uint32_t *pending_cnt, uint32_t *firing_cnt)
{
	uint32_t i;

	*pending_cnt = *firing_cnt = 0;
	pthread_mutex_lock(&engine->lock);
	for (i = 0; i < engine->run_cnt; i++) {
		*pending_cnt += engine->runs[i].pending_cnt;
		*firing_cnt += engine->runs[i].firing_cnt;
	}
	pthread_mutex_unlock(&engine->lock);
}

uint64_t
kymo_rule_engine_missed_cnt(const struct kymo_rule_engine *engine)
{
	return engine->missed_cnt;
}
