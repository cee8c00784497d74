/* SPDX-License-Identifier: MIT */
/* What kymod saved of alerts and silences, asked as kymod itself is, for when it
   does not run. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "reader/alert/alerts.h"
#include "reader/export/export.h"
#include "tools/kymod.h"

int kyi_saved_ask(const char *path, struct kymo_buffer *body, long *status);

struct saved {
	char *path;
	struct kymo_routing *routing;
	struct kymo_alerts_store store;
	bool has_store;
	struct kymo_alerts *alerts;
};

static void
unheard(void *of, const char *text)
{
	(void)of;
	(void)text;
}

/* A routing of the configuration where it is sound; else nobody is told. */
static void
routing_make(struct saved *saved, const struct kyi_settings *settings)
{
	static const char nobody[] = "kymo: {}\nroute: {receiver: unknown}\n"
	    "receivers: [{name: unknown}]\n";
	const struct kymo_routing_faults faults = {unheard, NULL, NULL};
	const char *path = settings->config->alerting_routes.text;

	if (path && kymo_routing_load(&saved->routing, path, &faults) == 0)
		return;
	if (kymo_routing_parse(&saved->routing, "none", nobody, strlen(nobody),
		&faults) != 0)
		saved->routing = NULL;
}

static int
notice_leave(void *of, const struct kymo_notice *notice,
    struct kymo_error *error)
{
	(void)of;
	(void)notice;
	(void)error;
	return KYMO_NOTICE_LATER;
}

static int
open_saved(struct saved *saved, const struct kyi_settings *settings,
    int64_t now_ms)
{
	const char *slash = strrchr(settings->state_path, '/');
	struct kymo_alerts_options options = {.store = &saved->store,
		.notify = notice_leave};
	struct kymo_error error = {""};

	if (!*settings->state_path || asprintf(&saved->path, "%.*salerting.db",
		slash ? (int)(slash - settings->state_path) + 1 : 0,
		settings->state_path) < 0) {
		saved->path = NULL;
		return -1;
	}
	if (kymo_alerts_store_read(&saved->store, saved->path, &error) != 0)
		return -1;
	saved->has_store = true;
	routing_make(saved, settings);
	options.routing = saved->routing;
	if (!saved->routing ||
	    kymo_alerts_new(&saved->alerts, &options, &error) != 0)
		return -1;
	return kymo_alerts_look(saved->alerts, now_ms, &error);
}

/* Of the file or what is still to go into it, whichever is newer. */
static int64_t
saved_ms(const char *path)
{
	struct stat file, wal;
	char name[4200];
	int64_t at_s;

	if (stat(path, &file) != 0)
		return 0;
	at_s = file.st_mtime;
	snprintf(name, sizeof(name), "%s-wal", path);
	if (stat(name, &wal) == 0 && wal.st_mtime > at_s)
		at_s = wal.st_mtime;
	return at_s * 1000;
}

static void
say(const char *path, int64_t now_ms)
{
	struct kymo_buffer text = {0};

	kymo_buffer_str(&text, "kymo: kymod does not run; this is what it "
	    "saved last, ");
	kymo_humanize_duration(&text, (double)((now_ms - saved_ms(path)) /
	    1000));
	kymo_buffer_str(&text, " ago (");
	kymo_escape_terminal(&text, path);
	kymo_buffer_str(&text, ")\n");
	if (!text.failed)
		fputs(text.at, stderr);
	kymo_buffer_free(&text);
}

int
kyi_saved_ask(const char *path, struct kymo_buffer *body, long *status)
{
	const struct kyi_options none = {.config_path = getenv("KYMO_CONFIG"),
		.log_level = -1};
	int64_t now_ms = (int64_t)(kyi_realtime_ns() / 1000000);
	struct kymo_serve_alerting with = {.now_ms = now_ms};
	struct kyi_settings settings;
	struct saved saved = {.path = NULL};
	struct kymo_error error = {""};
	int result = -1;

	if (kyi_settings_load(&settings, &none, &error) == 0 &&
	    open_saved(&saved, &settings, now_ms) == 0) {
		with.alerts = saved.alerts;
		with.routing = saved.routing;
		*status = (long)kymo_serve_ask(&with, path, body);
		result = *status == 503 ? -1 : 0;
		if (result == 0)
			say(saved.path, now_ms);
		else
			body->len_bytes = 0;
	}
	kymo_alerts_delete(saved.alerts);
	if (saved.has_store)
		kymo_alerts_store_close(&saved.store);
	kymo_routing_delete(saved.routing);
	free(saved.path);
	kyi_settings_free(&settings);
	return result;
}
