/* SPDX-License-Identifier: MIT */
/* Rules: evaluated by a thread of their own, since a pass takes as long as its
   rules ask for, and writes alerts' states to a disk; neither scans nor reloads
   wait for it. A pass comes when its time has come and there is a scan that the
   one before has not seen. A reload leaves a new set of rules, which the thread
   takes up between two passes. */
#include "tools/kymod_rules.h"
#include "tools/kymod_profile.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tools/kymod_faults.h"

#define MS_NS 1000000

/* Files, what they say, and who evaluates it: swapped as one. */
struct kyi_rule_set {
	struct kymo_rules *rules;
	struct kyi_rule_sink sink;
	struct kymo_rule_store store;
	bool has_store;
	struct kymo_rule_engine *engine;
	int64_t longest_ms; /* interval */
	/* Of what metrics have told already. */
	uint64_t missed_cnt, evaluated_cnt, failed_cnt;
};

struct kyi_rules {
	struct kymo_history *history;
	struct kyi_alerting *alerting;
	struct kyi_detection *detection;
	struct kyi_profiles *profiles;
	char *state_path; /* "" nowhere */
	uint32_t rule_cnt; /* of the newest set; the loop's own */
	/* The thread's own: others read it with current, which it takes to
	   write. */
	pthread_rwlock_t current;
	struct kyi_rule_set *set;
	bool store_failing;

	pthread_t thread;
	bool has_thread;
	pthread_mutex_t lock; /* of the rest */
	pthread_cond_t wake;
	struct kyi_rule_set *next; /* NULL: set is the newest */
	uint64_t scan_cnt;
	int64_t oldest_ms, newest_ms, next_ms; /* of scans: oldest, newest */
	bool ends;
};

/* ---- a set --------------------------------------------------------------------------- */

static int64_t
newest_ms(void *of)
{
	struct kyi_rules *rules = of;
	int64_t at_ms;

	pthread_mutex_lock(&rules->lock);
	at_ms = rules->newest_ms;
	pthread_mutex_unlock(&rules->lock);
	return at_ms;
}

static int64_t
oldest_ms(void *of)
{
	struct kyi_rules *rules = of;
	int64_t at_ms;

	pthread_mutex_lock(&rules->lock);
	at_ms = rules->oldest_ms;
	pthread_mutex_unlock(&rules->lock);
	return at_ms;
}

/* A query that runs when kymod ends need not be waited for. */
static bool
cancelled(void *of)
{
	struct kyi_rules *rules = of;
	bool ends;

	pthread_mutex_lock(&rules->lock);
	ends = rules->ends;
	pthread_mutex_unlock(&rules->lock);
	return ends;
}

void
kyi_rule_set_free(struct kyi_rule_set *set)
{
	if (!set)
		return;
	kymo_rule_engine_delete(set->engine);
	if (set->has_store)
		kymo_rule_store_close(&set->store);
	kyi_rule_sink_free(&set->sink);
	kymo_rules_delete(set->rules);
	free(set);
}

static int
engine_make(struct kyi_rules *rules, struct kyi_rule_set *set,
    const struct kyi_settings *settings, struct kymo_error *error)
{
	struct kyi_faults faults = {.of = "rules"};
	const struct kymo_rule_faults warned = {kyi_faults_warn, &faults};
	const struct kymo_config *config = settings->config;
	struct kymo_rule_options options = {
		.source = kymo_history_source(rules->history),
		.sink = kyi_rule_sink_of(&set->sink),
		.store = set->has_store ? &set->store : NULL,
		.interval_ms = (int64_t)(settings->evaluation_interval_ns /
		    MS_NS),
		.external_url = config->external_url,
		.query = kyi_settings_query(settings),
		.newest_ms = newest_ms, .oldest_ms = oldest_ms, .of = rules,
		.anomaly = kyi_detection_say, .anomaly_of = rules->detection
	};
	struct kymo_label *label;
	struct kymo_labels *labels;
	int result = -1;

	options.query.cancelled = cancelled;
	options.query.of = rules;
	label = calloc(config->external_label_cnt + 1u, sizeof(*label));
	if (!label)
		return kymo_error_set(error, "out of memory");
	for (uint32_t i = 0; i < config->external_label_cnt; i++)
		label[i] = (struct kymo_label){config->external_labels[i].key,
			config->external_labels[i].value};
	labels = kymo_labels_make(label, config->external_label_cnt);
	options.external_labels = labels;
	if (labels)
		result = kymo_rule_engine_new(&set->engine, set->rules,
		    &options, &warned, error);
	else
		kymo_error_set(error, "out of memory");
	free(labels);
	free(label);
	return result;
}

static void
longest_note(struct kyi_rule_set *set, const struct kyi_settings *settings)
{
	const struct kymo_rule_group *group = kymo_rules_groups(set->rules);

	set->longest_ms = (int64_t)(settings->evaluation_interval_ns / MS_NS);
	for (; group; group = group->next)
		if (group->interval_ms > set->longest_ms)
			set->longest_ms = group->interval_ms;
}

struct kyi_rule_set *
kyi_rule_set_make(struct kyi_rules *rules, const struct kyi_settings *settings,
    struct kymo_error *error)
{
	struct kyi_rule_set *set = calloc(1, sizeof(*set));
	struct kyi_faults faults = {.of = "rules"};
	const struct kymo_rule_faults noted = {kyi_faults_note, &faults};

	if (!set) {
		kymo_error_set(error, "out of memory");
		return NULL;
	}
	if (kyi_rules_load(&set->rules, settings, &noted) != 0) {
		kymo_error_set(error, "out of memory");
		kyi_faults_tell(&faults, error);
		kyi_rule_set_free(set);
		return NULL;
	}
	longest_note(set, settings);
	if (kyi_rule_sink_make(&set->sink, rules->history, set->rules) != 0) {
		kymo_error_set(error, "out of memory");
		kyi_rule_set_free(set);
		return NULL;
	}
	/* A connection of its own: that of the set before is in use. */
	set->has_store = *rules->state_path && kymo_rule_store_open(&set->store,
	    rules->state_path, error) == 0;
	if ((*rules->state_path && !set->has_store) ||
	    engine_make(rules, set, settings, error) != 0) {
		kyi_rule_set_free(set);
		return NULL;
	}
	return set;
}

void
kyi_rules_take(struct kyi_rules *rules, struct kyi_rule_set *set)
{
	struct kyi_rule_set *unused;

	rules->rule_cnt = kymo_rules_cnt(set->rules);
	pthread_mutex_lock(&rules->lock);
	unused = rules->next;
	rules->next = set;
	pthread_cond_signal(&rules->wake);
	pthread_mutex_unlock(&rules->lock);
	kyi_rule_set_free(unused);
}

uint32_t
kyi_rules_cnt(const struct kyi_rules *rules)
{
	return rules->rule_cnt;
}

/* ---- the thread ---------------------------------------------------------------------- */

static void
alerts_tell(struct kymo_rule_engine *engine)
{
	uint32_t pending_cnt, firing_cnt;

	kymo_rule_engine_alert_cnt(engine, &pending_cnt, &firing_cnt);
	kyi_metrics_alerts(pending_cnt, firing_cnt);
}

static void
pass_tell(struct kyi_rule_set *set, uint64_t took_ns)
{
	struct kyi_rules_pass pass = {.took_ns = took_ns};
	uint64_t missed_cnt = kymo_rule_engine_missed_cnt(set->engine);

	pass.evaluated_cnt = set->sink.evaluated_cnt - set->evaluated_cnt;
	pass.failed_cnt = set->sink.failed_cnt - set->failed_cnt;
	pass.missed_cnt = missed_cnt - set->missed_cnt;
	set->evaluated_cnt = set->sink.evaluated_cnt;
	set->failed_cnt = set->sink.failed_cnt;
	set->missed_cnt = missed_cnt;
	kyi_metrics_rules(&pass);
	alerts_tell(set->engine);
}

/* In the place of the set before: alerts go on as they were. */
static void
set_swap(struct kyi_rules *rules, struct kyi_rule_set *set)
{
	struct kyi_rule_set *before = rules->set;

	/* Nobody may read of alerts that are on their way. */
	pthread_rwlock_wrlock(&rules->current);
	kymo_rule_engine_adopt(set->engine, before->engine);
	kyi_rule_sink_adopt(&set->sink, &before->sink);
	rules->set = set;
	pthread_rwlock_unlock(&rules->current);
	kyi_rule_set_free(before);
	alerts_tell(set->engine);
	/* What no rule says any more has ended. */
	kyi_alerting_pass(rules->alerting, set->engine);
}

static void
pass_make(struct kyi_rules *rules)
{
	struct kymo_error error = {""};
	uint64_t start_ns;
	int64_t next_ms;
	int result;

	start_ns = kyi_monotonic_ns();
	result = kymo_rule_engine_step(rules->set->engine,
	    (int64_t)(kyi_realtime_ns() / MS_NS), &error);
	next_ms = kymo_rule_engine_next_ms(rules->set->engine);
	if (result != 0)
		pass_tell(rules->set, kyi_monotonic_ns() - start_ns);
	/* Once, until it works again. */
	if (result < 0 && !rules->store_failing)
		kyi_log(KYMO_LOG_ERROR, "rules: %s; alerts go on in memory",
		    error.text);
	else if (result > 0 && rules->store_failing)
		kyi_log(KYMO_LOG_INFO, "rules: alerts' states are kept again");
	if (result != 0) {
		rules->store_failing = result < 0;
		/* First: so that the first message can say that it is taken. */
		kyi_profiles_pass(rules->profiles, rules->set->engine);
		kyi_alerting_pass(rules->alerting, rules->set->engine);
	}
	pthread_mutex_lock(&rules->lock);
	rules->next_ms = next_ms;
	pthread_mutex_unlock(&rules->lock);
}

/* Waits for a pass' time, or a new set, which is in *next then; false: the
   end. */
static bool
pass_wait(struct kyi_rules *rules, uint64_t *seen_cnt,
    struct kyi_rule_set **next)
{
	struct timespec until;
	int64_t now_ms;
	bool ends;

	pthread_mutex_lock(&rules->lock);
	while (!rules->ends && !rules->next) {
		now_ms = (int64_t)(kyi_realtime_ns() / MS_NS);
		if (rules->scan_cnt == *seen_cnt || !rules->set->sink.feed_cnt) {
			pthread_cond_wait(&rules->wake, &rules->lock);
			continue;
		}
		/* Far in the future: the clock was set back. */
		if (now_ms >= rules->next_ms ||
		    rules->next_ms - now_ms > rules->set->longest_ms)
			break;
		until.tv_sec = (time_t)(rules->next_ms / 1000);
		until.tv_nsec = (long)(rules->next_ms % 1000) * MS_NS;
		pthread_cond_timedwait(&rules->wake, &rules->lock, &until);
	}
	*next = rules->next;
	rules->next = NULL;
	if (*next)
		rules->next_ms = INT64_MIN;
	else
		*seen_cnt = rules->scan_cnt;
	ends = rules->ends;
	pthread_mutex_unlock(&rules->lock);
	return !ends;
}

static void *
passes(void *of)
{
	struct kyi_rules *rules = of;
	struct kyi_rule_set *next;
	uint64_t seen_cnt = 0;

	/* No pass will come: what fired when kymod ended has ended. */
	if (rules->set->sink.feed_cnt == 0)
		kyi_alerting_pass(rules->alerting, rules->set->engine);
	while (pass_wait(rules, &seen_cnt, &next))
		if (next)
			set_swap(rules, next);
		else
			pass_make(rules);
	kyi_rule_set_free(next);
	return NULL;
}

/* ---- opening ---------------------------------------------------------------------------- */

struct kyi_rules *
kyi_rules_open(const struct kyi_settings *settings,
    struct kymo_history *history, const char *state_path,
    struct kyi_alerting *alerting, struct kyi_detection *detection,
    struct kyi_profiles *profiles, struct kymo_error *error)
{
	struct kyi_rules *rules = calloc(1, sizeof(*rules));
	int wrong;

	if (!rules) {
		kymo_error_set(error, "out of memory");
		return NULL;
	}
	rules->history = history;
	rules->alerting = alerting;
	rules->detection = detection;
	rules->profiles = profiles;
	rules->next_ms = INT64_MIN;
	pthread_rwlock_init(&rules->current, NULL);
	pthread_mutex_init(&rules->lock, NULL);
	pthread_cond_init(&rules->wake, NULL);
	rules->state_path = strdup(state_path);
	if (!rules->state_path) {
		kymo_error_set(error, "out of memory");
		goto fail;
	}
	rules->set = kyi_rule_set_make(rules, settings, error);
	if (!rules->set)
		goto fail;
	rules->rule_cnt = kymo_rules_cnt(rules->set->rules);
	kyi_alerting_rules(alerting, rules);
	wrong = pthread_create(&rules->thread, NULL, passes, rules);
	rules->has_thread = wrong == 0;
	if (wrong == 0)
		return rules;
	kymo_error_set(error, "no thread for rules: %s", strerror(wrong));
fail:
	kyi_rules_close(rules);
	return NULL;
}

void
kyi_rules_close(struct kyi_rules *rules)
{
	if (!rules)
		return;
	kyi_alerting_rules(rules->alerting, NULL);
	pthread_mutex_lock(&rules->lock);
	rules->ends = true;
	pthread_cond_signal(&rules->wake);
	pthread_mutex_unlock(&rules->lock);
	if (rules->has_thread)
		pthread_join(rules->thread, NULL);
	kyi_rule_set_free(rules->next);
	kyi_rule_set_free(rules->set);
	free(rules->state_path);
	pthread_cond_destroy(&rules->wake);
	pthread_mutex_destroy(&rules->lock);
	pthread_rwlock_destroy(&rules->current);
	free(rules);
}

void
kyi_rules_scan(struct kyi_rules *rules, int64_t at_ms)
{
	pthread_mutex_lock(&rules->lock);
	rules->scan_cnt++;
	rules->newest_ms = at_ms;
	/* Earlier than the first: the clock was set back. */
	if (rules->oldest_ms == 0 || at_ms < rules->oldest_ms)
		rules->oldest_ms = at_ms;
	pthread_cond_signal(&rules->wake);
	pthread_mutex_unlock(&rules->lock);
}

int
kyi_rules_status(struct kyi_rules *rules,
    int (*each)(void *to, const struct kymo_rule_status *status), void *to)
{
	int result;

	pthread_rwlock_rdlock(&rules->current);
	result = kymo_rule_engine_snapshot(rules->set->engine, each, to);
	pthread_rwlock_unlock(&rules->current);
	return result;
}

char *
kyi_rules_expr(struct kyi_rules *rules, const struct kymo_labels *labels)
{
	const char *expr;
	char *copy;

	pthread_rwlock_rdlock(&rules->current);
	expr = kyi_rule_expr(rules->set->rules, labels);
	copy = expr ? strdup(expr) : NULL;
	pthread_rwlock_unlock(&rules->current);
	return copy;
}
