/* SPDX-License-Identifier: MIT */
/* SIGHUP: the new settings in one go, or the old ones go on. */
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

static int
listen_change(struct kyi_kymod *kymod, const struct kyi_settings *settings,
    struct kymo_error *error)
{
	struct kymo_serve_options options = {
		.listen = settings->listen, .listen_cnt = settings->listen_cnt,
		.model = kymod->model, .stale_ns = kyi_stale_ns(settings),
		.version = PACKAGE_VERSION,
		.hosts = (const char *const *)settings->config->hosts,
		.host_cnt = settings->config->host_cnt
	};

	if (same_listen(&kymod->settings, settings))
		return 0;
	if (!settings->listen_cnt) {
		if (kymod->serve)
			kymo_serve_delete(kymod->serve);
		kymod->serve = NULL;
	} else if (kymod->serve) {
		return kymo_serve_listen(kymod->serve, settings->listen,
		    settings->listen_cnt, error);
	} else {
		kymod->serve = kymo_serve_new(&options, error);
		return kymod->serve ? 0 : -1;
	}
	return 0;
}

/* ---- the change ------------------------------------------------------------------------ */

static int
settings_apply(struct kyi_kymod *kymod, const struct kyi_settings *settings,
    struct kymo_error *error)
{
	struct kymo_watch *watch = NULL;

	/* What can fail comes first, what cannot after it. */
	if (!same_watch(&kymod->settings, settings)) {
		watch = kyi_kymod_watch(settings, error);
		if (!watch)
			return -1;
	}
	if (listen_change(kymod, settings, error) != 0) {
		if (watch)
			kymo_watch_delete(watch);
		return -1;
	}
	if (watch) {
		/* The old one holds the directories' locks: it goes first. */
		kymo_watch_delete(kymod->watch);
		kymod->watch = watch;
		kymod->watch_is_new = true;
		kymod->wants_scan = true;
	}
	return 0;
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
	if (!same_listen(&kymod->settings, settings))
		kyi_kymod_listening(settings);
}

void
kyi_kymod_reload(struct kyi_kymod *kymod)
{
	struct kyi_settings settings;
	struct kymo_error error = {""};
	uint64_t now_ns = kyi_monotonic_ns();

	if (kyi_settings_load(&settings, kymod->options, &error) != 0 ||
	    settings_apply(kymod, &settings, &error) != 0) {
		kyi_settings_free(&settings);
		kyi_metrics_reload(false);
		kyi_log(KYMO_LOG_ERROR, "reload: %s; all stays as it was",
		    error.text);
		return;
	}
	settings_tell(kymod, &settings);
	if (kymod->serve)
		kymo_serve_stale(kymod->serve, kyi_stale_ns(&settings));
	if (settings.scan_interval_ns != kymod->settings.scan_interval_ns)
		kymod->next_scan_ns = now_ns;
	kyi_settings_free(&kymod->settings);
	kymod->settings = settings;
	if (settings.state_is_default)
		kymod->settings.state_path = kymod->settings.state_room;
	kyi_log_level(settings.log_level);
	kyi_metrics_reload(true);
	kyi_log(KYMO_LOG_INFO, "reload: %s taken over", settings.config_path ?
	    settings.config_path : "the defaults are");
}
