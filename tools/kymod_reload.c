/* SPDX-License-Identifier: MIT */
/* SIGHUP and POST /-/reload: the new settings in one go, or the old ones go
   on. */
#include "tools/kymod.h"

#include <stdio.h>
#include <string.h>

/* ---- what a watch and a server are made of --------------------------------------- */

static void
refused(void *to, const char *path, const char *why)
{
	kyi_log(KYMO_LOG_WARN, "not read: %s: %s", path, why);
}

struct kymo_watch *
kyi_kymod_watch(const struct kyi_settings *settings, struct kymo_error *error)
{
	struct kymo_watch_options options = {
		.dirs = settings->dirs, .dir_cnt = settings->dir_cnt,
		.trust = settings->trust, .region_max = settings->region_max,
		.refused = refused
	};

	return kymo_watch_new(&options, error);
}

/* ---- the server's questions -------------------------------------------------------- */

static int
rules_status(void *of, int (*each)(void *to,
    const struct kymo_rule_status *status), void *to)
{
	struct kyi_kymod *kymod = of;

	return kyi_rules_status(kymod->rules, each, to);
}

static int
reload_ask(void *of, struct kymo_error *error)
{
	struct kyi_kymod *kymod = of;

	return kyi_ask_reload(kymod->ask, error);
}

struct kymo_serve *
kyi_kymod_serve(struct kyi_kymod *kymod, const struct kyi_settings *settings,
    struct kymo_error *error)
{
	const struct kymo_config_query *query = &settings->config->query;
	struct kymo_serve_options options = {
		.listen = settings->listen, .listen_cnt = settings->listen_cnt,
		.model = kymod->model, .stale_ns = kyi_stale_ns(settings),
		.version = PACKAGE_VERSION,
		.hosts = (const char *const *)settings->config->hosts,
		.host_cnt = settings->config->host_cnt,
		.history = kyi_history_of(kymod->history),
		.query = kyi_settings_query(settings),
		.query_timeout_ms = query->timeout_ms,
		.query_max = query->concurrency,
		.query_queue_max = query->queue_max,
		.rules = rules_status,
		.rule_interval_ms = (int64_t)(settings->evaluation_interval_ns /
		    1000000),
		.reload = reload_ask, .of = kymod
	};

	return kymo_serve_new(&options, error);
}

uint64_t
kyi_stale_ns(const struct kyi_settings *settings)
{
	uint64_t three_ns = settings->scan_interval_ns * 3;

	return three_ns > 10000000000u ? three_ns : 10000000000u;
}

void
kyi_url(char url[96], const struct kymo_listen *listen)
{
	bool v6 = strchr(listen->host, ':') != NULL;

	snprintf(url, 96, "http://%s%s%s:%u", v6 ? "[" : "", listen->host,
	    v6 ? "]" : "", listen->port);
}

void
kyi_kymod_listening(const struct kyi_settings *settings)
{
	char url[96];

	for (uint32_t i = 0; i < settings->listen_cnt; i++) {
		kyi_url(url, &settings->listen[i]);
		kyi_log(KYMO_LOG_INFO, "listening on %s/metrics", url);
	}
	if (!settings->listen_cnt)
		kyi_log(KYMO_LOG_INFO, "listening nowhere (listen: none)");
}

/* ---- what has changed --------------------------------------------------------------- */

static bool
same_listen(const struct kyi_settings *a, const struct kyi_settings *b)
{
	if (a->listen_cnt != b->listen_cnt)
		return false;
	for (uint32_t i = 0; i < a->listen_cnt; i++)
		if (strcmp(a->listen[i].host, b->listen[i].host) != 0 ||
		    a->listen[i].port != b->listen[i].port)
			return false;
	return true;
}

static bool
same_watch(const struct kyi_settings *a, const struct kyi_settings *b)
{
	if (a->dir_cnt != b->dir_cnt || a->region_max != b->region_max ||
	    a->trust.uid_cnt != b->trust.uid_cnt)
		return false;
	for (uint32_t i = 0; i < a->dir_cnt; i++)
		if (strcmp(a->dirs[i], b->dirs[i]) != 0)
			return false;
	for (uint32_t i = 0; i < a->trust.uid_cnt; i++)
		if (a->trust.uids[i] != b->trust.uids[i])
			return false;
	return true;
}

static bool
same_history(const struct kyi_settings *a, const struct kyi_settings *b)
{
	const struct kymo_config *x = a->config, *y = b->config;

	if (strcmp(a->history_path, b->history_path) != 0 ||
	    x->history_memory_ms != y->history_memory_ms ||
	    x->history_journal_ms != y->history_journal_ms ||
	    x->history_series_max != y->history_series_max ||
	    memcmp(x->tiers, y->tiers, sizeof(x->tiers)) != 0 ||
	    x->override_cnt != y->override_cnt)
		return false;
	for (uint32_t i = 0; i < x->override_cnt; i++)
		if (strcmp(x->overrides[i].metrics.text,
			y->overrides[i].metrics.text) != 0 ||
		    memcmp(x->overrides[i].keep_ms, y->overrides[i].keep_ms,
			sizeof(x->overrides[i].keep_ms)) != 0)
			return false;
	return true;
}

static bool
same_serve(const struct kyi_settings *a, const struct kyi_settings *b)
{
	const struct kymo_config_query *x = &a->config->query;
	const struct kymo_config_query *y = &b->config->query;

	if (a->config->host_cnt != b->config->host_cnt)
		return false;
	for (uint32_t i = 0; i < a->config->host_cnt; i++)
		if (strcmp(a->config->hosts[i], b->config->hosts[i]) != 0)
			return false;
	return x->timeout_ms == y->timeout_ms &&
	    x->lookback_ms == y->lookback_ms &&
	    x->samples_max == y->samples_max &&
	    x->memory_bytes_max == y->memory_bytes_max &&
	    x->series_max == y->series_max &&
	    x->concurrency == y->concurrency && x->queue_max == y->queue_max;
}

static int
listen_change(struct kyi_kymod *kymod, const struct kyi_settings *settings,
    struct kymo_error *error)
{
	int result = 0;

	if (same_listen(&kymod->settings, settings))
		return 0;
	/* A server that goes waits for its answers, and that would wait for
	   us. */
	if (kymod->asked)
		return kymo_error_set(error, "listen: other addresses are taken "
		    "over on SIGHUP alone, since this answer could not be "
		    "given over those that go");
	kyi_ask_close(kymod->ask);
	if (!settings->listen_cnt) {
		if (kymod->serve)
			kymo_serve_delete(kymod->serve);
		kymod->serve = NULL;
	} else if (kymod->serve) {
		result = kymo_serve_listen(kymod->serve, settings->listen,
		    settings->listen_cnt, error);
	} else {
		kymod->serve = kyi_kymod_serve(kymod, settings, error);
		result = kymod->serve ? 0 : -1;
	}
	kyi_ask_open(kymod->ask);
	return result;
}

/* ---- the change ------------------------------------------------------------------------ */

static int
settings_apply(struct kyi_kymod *kymod, const struct kyi_settings *settings,
    struct kymo_error *error)
{
	struct kymo_watch *watch = NULL;
	struct kyi_rule_set *rules = NULL;
	struct kyi_components *components = kyi_components_make(settings);
	bool changing = false;

	/* What can fail comes first, what cannot after it. */
	if (!components) {
		kymo_error_set(error, "out of memory");
		goto fail;
	}
	rules = kyi_rule_set_make(kymod->rules, settings, error);
	if (!rules)
		goto fail;
	if (!same_watch(&kymod->settings, settings)) {
		watch = kyi_kymod_watch(settings, error);
		if (!watch)
			goto fail;
	}
	changing = kyi_alerting_change(kymod->alerting, settings, error) == 0;
	if (!changing || listen_change(kymod, settings, error) != 0)
		goto fail;
	kyi_alerting_settle(kymod->alerting, true);
	kyi_rules_take(kymod->rules, rules);
	kyi_components_free(kymod->components);
	kymod->components = components;
	if (watch) {
		/* The old one holds the directories' locks: it goes first. */
		kymo_watch_delete(kymod->watch);
		kymod->watch = watch;
		kymod->watch_is_new = true;
		kymod->wants_scan = true;
	}
	return 0;
fail:
	if (changing)
		kyi_alerting_settle(kymod->alerting, false);
	if (watch)
		kymo_watch_delete(watch);
	kyi_rule_set_free(rules);
	kyi_components_free(components);
	return -1;
}

static void
settings_tell(const struct kyi_kymod *kymod, const struct kyi_settings *settings)
{
	if (strcmp(kymod->state_path, settings->state_path) != 0 &&
	    !settings->state_is_default)
		kyi_log(KYMO_LOG_WARN, "state: another path is for the next "
		    "start; still %s", *kymod->state_path ?
		    kymod->state_path : "in memory");
	if (kymod->series_max != settings->series_max)
		kyi_log(KYMO_LOG_WARN,
		    "limits.series: another limit is for the next start");
	if (!same_history(&kymod->settings, settings))
		kyi_log(KYMO_LOG_WARN, "history, retention: what has changed "
		    "there is for the next start");
	if (!same_serve(&kymod->settings, settings))
		kyi_log(KYMO_LOG_WARN, "hosts, query: what has changed there is "
		    "for the next start, but for rules at once");
	if (kymod->settings.config->disabled != settings->config->disabled)
		kyi_log(KYMO_LOG_INFO, "enabled: %s", settings->config->disabled ?
		    "false; nothing is collected from now on" : "true");
	if (!same_listen(&kymod->settings, settings))
		kyi_kymod_listening(settings);
}

int
kyi_kymod_reload(struct kyi_kymod *kymod, struct kymo_error *error)
{
	struct kyi_settings settings;
	bool other_interval;

	if (kyi_settings_load(&settings, kymod->options, error) != 0 ||
	    settings_apply(kymod, &settings, error) != 0) {
		kyi_settings_free(&settings);
		kyi_metrics_reload(false);
		kyi_log(KYMO_LOG_ERROR, "reload: %s; all stays as it was",
		    error->text);
		return -1;
	}
	kyi_settings_state_is(&settings, kymod->state_path);
	settings_tell(kymod, &settings);
	if (kymod->serve)
		kymo_serve_stale(kymod->serve, kyi_stale_ns(&settings));
	other_interval = settings.scan_interval_ns !=
	    kymod->settings.scan_interval_ns;
	if (other_interval)
		kymod->next_scan_ns = kyi_monotonic_ns();
	kyi_settings_move(&kymod->settings, &settings);
	kyi_log_level(kymod->settings.log_level);
	kyi_metrics_reload(true);
	kyi_metrics_rules_loaded(kyi_rules_cnt(kymod->rules));
	kyi_log(KYMO_LOG_INFO, "reload: %s taken over",
	    kymod->settings.config_path ? kymod->settings.config_path :
	    "the defaults are");
	return 0;
}
