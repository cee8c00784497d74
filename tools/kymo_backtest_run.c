/* SPDX-License-Identifier: MIT */
/* Passes at the times at which kymod would have made them, and what follows of
   each. */
#include "tools/kymo_backtest.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reader/export/export.h"
#include "tools/kymo_replay.h"
#include "tools/kymod.h"
#include "tools/kymod_health.h"
#include "tools/kymod_profile.h"
#include "tools/kymod_rules.h"

#define MS_NS 1000000
#define MARGIN_MS (60 * 60000)
#define SLOTS 4096u

/* An alert, as it was told last. */
struct told {
	struct told *next;
	struct kymo_labels *labels;
	const struct kymo_rule *rule;
	int64_t fired_ms;
	uint64_t pass; /* the last that had it */
	bool fires;
};

struct world {
	const struct kyi_backtest_options *options;
	void (*event)(void *of, const struct kyi_backtest_event *event);
	void *of;
	struct kyi_backtest_done *done;
	struct kymo_error *error;
	struct kyi_settings settings;
	struct kymo_rules *rules;
	struct kymo_routing *routing;
	struct kymo_history *kept, *made;
	struct kyi_replay replay;
	bool has_replay;
	struct kyi_rule_sink sink;
	struct kymo_rule_engine *engine;
	struct kymo_alerts *alerts;
	int64_t now_ms;
	struct told *told[SLOTS];
	bool failed; /* no memory */
};

/* For what is shared with kymod: it looks after no component here. */
int
kyi_health_check(const struct kymo_config *config, struct kymo_error *error)
{
	(void)config;
	(void)error;
	return 0;
}

/* Nor takes it profiles. */
int
kyi_profiles_check(const struct kymo_config *config, struct kymo_error *error)
{
	(void)config;
	(void)error;
	return 0;
}

void
kyi_log(enum kymo_log_level level, const char *format, ...)
{
	struct kymo_buffer safe = {0};
	char text[1024];
	va_list args;

	(void)level;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	kymo_escape_terminal(&safe, text);
	fprintf(stderr, "kymo: %s\n", safe.failed ? "out of memory" : safe.at);
	kymo_buffer_free(&safe);
}

/* ---- what happens ------------------------------------------------------------ */

static void
alert_tell(struct world *world, const struct told *told,
    enum kyi_backtest_what what, int64_t at_ms, double value)
{
	const struct kyi_backtest_event event = {.what = what, .at_ms = at_ms,
		.rule = told->rule, .labels = told->labels,
		.for_ms = at_ms - told->fired_ms, .value = value};

	world->event(world->of, &event);
}

static struct told *
told_of(struct world *world, const struct kymo_rule *rule,
    const struct kymo_labels *labels)
{
	struct told **slot = &world->told[labels->hash % SLOTS], *told;

	for (told = *slot; told; told = told->next)
		if (told->rule == rule &&
		    kymo_labels_equal(told->labels, labels))
			return told;
	told = calloc(1, sizeof(*told));
	if (!told)
		return NULL;
	told->labels = kymo_labels_make(labels->at, labels->cnt);
	if (!told->labels) {
		free(told);
		return NULL;
	}
	told->rule = rule;
	told->next = *slot;
	*slot = told;
	return told;
}

static int
status_look(void *to, const struct kymo_rule_status *status)
{
	struct world *world = to;
	struct kyi_backtest_done *done = world->done;

	if (status->health == KYMO_RULE_ERROR && done->failed_cnt++ == 0) {
		snprintf(done->failed_rule, sizeof(done->failed_rule), "%s",
		    status->rule->name);
		snprintf(done->failed_why, sizeof(done->failed_why), "%s",
		    status->error);
	}
	for (uint32_t i = 0; i < status->alert_cnt; i++) {
		const struct kymo_alert *alert = &status->alerts[i];
		bool fires = alert->state == KYMO_ALERT_FIRING;
		struct told *told;

		if (alert->state == KYMO_ALERT_PENDING)
			continue;
		told = told_of(world, status->rule, alert->labels);
		if (!told)
			return -1;
		told->pass = done->pass_cnt;
		if (fires == told->fires)
			continue;
		told->fires = fires;
		if (fires)
			told->fired_ms = alert->fired_ms;
		alert_tell(world, told, fires ? KYI_BACKTEST_FIRES :
		    KYI_BACKTEST_ENDS, fires ? alert->fired_ms :
		    alert->resolved_ms, alert->value);
	}
	return 0;
}

/* Those that the engine forgot; at the end, those that go on. */
static void
gone_tell(struct world *world, bool end)
{
	for (uint32_t i = 0; i < SLOTS; i++)
		for (struct told *told = world->told[i]; told;
		    told = told->next) {
			if (!told->fires ||
			    (!end && told->pass == world->done->pass_cnt))
				continue;
			told->fires = false;
			world->done->still_cnt += end;
			alert_tell(world, told, end ? KYI_BACKTEST_GOES_ON :
			    KYI_BACKTEST_ENDS, world->now_ms, 0);
		}
}

static int
notice_take(void *of, const struct kymo_notice *notice,
    struct kymo_error *error)
{
	struct world *world = of;
	const struct kyi_backtest_event event = {.what = KYI_BACKTEST_SAYS,
		.at_ms = notice->at_ms, .notice = notice};

	(void)error;
	world->event(world->of, &event);
	return 0;
}

/* ---- the files ------------------------------------------------------------------ */

static int
rules_make(struct world *world)
{
	const struct kyi_backtest_options *options = world->options;
	const struct kymo_rule_faults faults = {options->fault, NULL};

	if (options->rule_path_cnt > 0)
		return kymo_rules_load(&world->rules, options->rule_paths,
		    options->rule_path_cnt, &faults);
	if (world->settings.config->rule_file_cnt == 0)
		return kymo_error_set(world->error, "which rules? Name files, "
		    "or a configuration (--config) that does");
	return kyi_rules_load(&world->rules, &world->settings, &faults);
}

static int
routing_make(struct world *world)
{
	static const char nobody[] = "kymo: {}\nroute: {receiver: nobody}\n"
	    "receivers: [{name: nobody}]\n";
	const struct kymo_routing_faults faults = {world->options->fault, NULL,
		NULL};
	const char *path = world->options->routes_path;

	if (!path)
		path = world->settings.config->alerting_routes.text;
	if (!path)
		return kymo_routing_parse(&world->routing, "none", nobody,
		    strlen(nobody), &faults);
	return kymo_routing_load(&world->routing, path, &faults);
}

static int
kept_make(struct world *world)
{
	const struct kymo_config *config = world->settings.config;
	struct kymo_history_options options = {
		.path = world->options->history_path ?
		    world->options->history_path :
		    world->settings.history_path,
		.read_only = true
	};

	if (!*options.path)
		return kymo_error_set(world->error, "kymod keeps its history "
		    "in memory: there is none to play again");
	for (uint32_t i = 0; i < config->tier_cnt; i++)
		options.tiers[i] = (struct kymo_history_tier){
			.step_ms = config->tiers[i].step_ms,
			.keep_ms = config->tiers[i].keep_ms
		};
	world->kept = kymo_history_new(&options, world->error);
	return world->kept ? 0 : -1;
}

/* Whether anything was kept of that time: of two series one is too many. */
static int
kept_look(struct world *world)
{
	const struct kymo_source *source = kymo_history_source(world->kept);
	const struct kymo_matcher any = {KYMO_MATCH_NOT_EQUAL, "__name__", "",
		NULL};
	const struct kymo_select what = {
		.matchers = &any, .matcher_cnt = 1,
		.from_ms = world->options->from_ms,
		.to_ms = world->options->to_ms, .series_max = 1,
		.samples_max = UINT64_MAX
	};
	struct kymo_error error = {""};
	struct kymo_selected selected;
	uint32_t cnt;

	if (source->select(source->of, &what, &selected, &error) != 0)
		return 0;
	cnt = selected.series_cnt;
	source->done(source->of, &selected);
	return cnt > 0 ? 0 : kymo_error_set(world->error, "%s has nothing of "
	    "that time", world->options->history_path ?
	    world->options->history_path : world->settings.history_path);
}

static int
made_make(struct world *world)
{
	const struct kymo_history_options options = {
		.head_ms = (uint64_t)(world->options->to_ms -
		    world->options->from_ms + MARGIN_MS)
	};

	world->made = kymo_history_new(&options, world->error);
	if (!world->made)
		return -1;
	if (kyi_replay_make(&world->replay, world->kept, world->made,
		world->rules, world->options->to_ms) != 0 ||
	    kyi_rule_sink_make(&world->sink, world->made, world->rules) != 0)
		return kymo_error_set(world->error, "out of memory");
	world->has_replay = true;
	return 0;
}

/* ---- the engines ------------------------------------------------------------------ */

static int
engine_make(struct world *world)
{
	const struct kymo_config *config = world->settings.config;
	struct kymo_rule_options options = {
		.source = &world->replay.source,
		.sink = kyi_rule_sink_of(&world->sink),
		.interval_ms = (int64_t)(world->settings.evaluation_interval_ns
		    / MS_NS),
		.external_url = config->external_url,
		.query = kyi_settings_query(&world->settings)
	};
	const struct kymo_rule_faults faults = {world->options->fault, NULL};
	struct kymo_label *label = calloc(config->external_label_cnt + 1u,
	    sizeof(*label));
	struct kymo_labels *labels = NULL;
	int result = -1;

	for (uint32_t i = 0; label && i < config->external_label_cnt; i++)
		label[i] = (struct kymo_label){config->external_labels[i].key,
			config->external_labels[i].value};
	if (label)
		labels = kymo_labels_make(label, config->external_label_cnt);
	options.external_labels = labels;
	if (labels)
		result = kymo_rule_engine_new(&world->engine, world->rules,
		    &options, &faults, world->error);
	else
		kymo_error_set(world->error, "out of memory");
	free(labels);
	free(label);
	return result;
}

static int
alerts_make(struct world *world)
{
	const struct kyi_backtest_options *options = world->options;
	const struct kymo_alerts_options made = {.routing = world->routing,
		.notify = notice_take, .of = world};
	char id[KYMO_SILENCE_ID_BYTES];

	if (kymo_alerts_new(&world->alerts, &made, world->error) != 0)
		return -1;
	for (uint32_t i = 0; i < options->silence_cnt; i++) {
		const struct kymo_silence silence = {
			.id = "", .matchers = options->silences[i],
			.from_ms = options->from_ms,
			.until_ms = options->to_ms + 1, .author = "backtest",
			.comment = ""
		};

		if (kymo_alerts_silence(world->alerts, &silence, id,
			world->error) != 0)
			return -1;
	}
	return 0;
}

/* ---- playing ------------------------------------------------------------------ */

static int
alerts_step(struct world *world, int64_t at_ms)
{
	world->now_ms = at_ms;
	return kymo_alerts_step(world->alerts, at_ms, world->error) < 0 ? -1 :
	    0;
}

/* What is due between passes: repeats, escalations, ends of silences. */
static int
between(struct world *world, int64_t until_ms)
{
	int64_t next_ms;

	while ((next_ms = kymo_alerts_next_ms(world->alerts)) < until_ms) {
		if (next_ms <= world->now_ms)
			next_ms = world->now_ms + 1;
		if (next_ms >= until_ms)
			break;
		if (alerts_step(world, next_ms) != 0)
			return -1;
	}
	return 0;
}

static int
pass(struct world *world, int64_t at_ms)
{
	if (kymo_rule_engine_step(world->engine, at_ms, world->error) < 0)
		return -1;
	world->done->pass_cnt++;
	world->now_ms = at_ms;
	if (kymo_rule_engine_status(world->engine, status_look, world) != 0)
		return kymo_error_set(world->error, "out of memory");
	gone_tell(world, false);
	if (kymo_alerts_pass(world->alerts, world->engine) != 0)
		return kymo_error_set(world->error, "out of memory");
	return alerts_step(world, at_ms);
}

static int
play(struct world *world)
{
	int64_t at_ms = world->options->from_ms, next_ms;

	while (at_ms <= world->options->to_ms) {
		if (pass(world, at_ms) != 0)
			return -1;
		next_ms = kymo_rule_engine_next_ms(world->engine);
		at_ms = next_ms > at_ms ? next_ms : at_ms + 1000;
		if (between(world, at_ms <= world->options->to_ms ? at_ms :
			world->options->to_ms + 1) != 0)
			return -1;
	}
	world->now_ms = world->options->to_ms;
	gone_tell(world, true);
	return 0;
}

/* ---- all of it ------------------------------------------------------------------ */

static void
world_free(struct world *world)
{
	kymo_alerts_delete(world->alerts);
	if (world->engine)
		kymo_rule_engine_delete(world->engine);
	if (world->has_replay)
		kyi_replay_free(&world->replay);
	kyi_rule_sink_free(&world->sink);
	if (world->made)
		kymo_history_delete(world->made);
	if (world->kept)
		kymo_history_delete(world->kept);
	kymo_routing_delete(world->routing);
	kymo_rules_delete(world->rules);
	kyi_settings_free(&world->settings);
	for (uint32_t i = 0; i < SLOTS; i++)
		for (struct told *told = world->told[i], *next; told;
		    told = next) {
			next = told->next;
			free(told->labels);
			free(told);
		}
	free(world);
}

int
kyi_backtest_run(const struct kyi_backtest_options *options,
    void (*event)(void *of, const struct kyi_backtest_event *event), void *of,
    struct kyi_backtest_done *done, struct kymo_error *error)
{
	const struct kyi_options none = {.config_path = options->config_path,
		.log_level = -1};
	struct world *world = calloc(1, sizeof(*world));
	int result = -1;

	if (!world)
		return kymo_error_set(error, "out of memory");
	memset(done, 0, sizeof(*done));
	done->from_ms = options->from_ms;
	done->to_ms = options->to_ms;
	world->options = options;
	world->event = event;
	world->of = of;
	world->done = done;
	world->error = error;
	if (kyi_settings_load(&world->settings, &none, error) == 0 &&
	    rules_make(world) == 0 && routing_make(world) == 0 &&
	    kept_make(world) == 0 && kept_look(world) == 0 &&
	    made_make(world) == 0 &&
	    engine_make(world) == 0 && alerts_make(world) == 0) {
		done->rule_cnt = kymo_rules_cnt(world->rules);
		result = play(world);
	}
	world_free(world);
	return result;
}
