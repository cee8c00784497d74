/* SPDX-License-Identifier: MIT */
#include "tools/kymod_health.h"
#include "tools/kymod_profile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reader/history/samples.h"

#define EVALUATION_NS 1000000000u

/* Where the totals of the dead are kept if nobody says: where systemd says,
   the system's place for root, the user's for others. "" if there is none. */
static void
state_default(char *path, size_t room_bytes)
{
	const char *dir = getenv("STATE_DIRECTORY"), *home = getenv("HOME");
	const char *under = "";
	int len;

	if (dir && *dir == '/') {
		;
	} else if (geteuid() == 0) {
		dir = KYMOD_STATE_DIR;
	} else if ((dir = getenv("XDG_STATE_HOME")) && *dir == '/') {
		under = "/kymo";
	} else if (home && *home == '/') {
		dir = home;
		under = "/.local/state/kymo";
	} else {
		dir = NULL;
	}
	len = dir ? snprintf(path, room_bytes, "%.*s%s/control.db",
	    (int)strcspn(dir, ":"), dir, under) : 0;
	if (len <= 0 || (size_t)len >= room_bytes)
		*path = '\0';
}

/* The history is beside the state, and in memory where that is. */
static void
history_path_set(struct kyi_settings *settings)
{
	const char *slash = strrchr(settings->state_path, '/');
	int len = 0;

	settings->history_path = settings->config->history_path;
	if (settings->history_path)
		return;
	if (slash)
		len = snprintf(settings->history_room,
		    sizeof(settings->history_room), "%.*s/history.db",
		    (int)(slash - settings->state_path), settings->state_path);
	if (len <= 0 || (size_t)len >= sizeof(settings->history_room))
		settings->history_room[0] = '\0';
	settings->history_path = settings->history_room;
	settings->history_is_default = true;
}

/* What the configuration's reader knows nothing of. */
/* A database is a file; its folder is what people write by mistake. */
static int
file_check(const char *key, const char *path, const char *name,
    struct kymo_error *error)
{
	struct stat st;

	if (!*path || stat(path, &st) != 0 || !S_ISDIR(st.st_mode))
		return 0;
	return kymo_error_set(error, "%s: %s is a folder; name a file in it: "
	    "%s/%s", key, path, path, name);
}

static int
overrides_check(const struct kymo_config *config, struct kymo_error *error)
{
	for (uint32_t i = 0; i < config->override_cnt; i++) {
		const struct kymo_config_text *metrics =
		    &config->overrides[i].metrics;
		struct kymo_error why = {""};
		struct kymo_regex *regex;

		if (kymo_regex_new(&regex, metrics->text, &why) != 0)
			return kymo_error_set(error, "%s:%u:%u: %s",
			    config->path, metrics->place.line,
			    metrics->place.column, why.text);
		kymo_regex_delete(regex);
	}
	return 0;
}

static void
intervals_set(struct kyi_settings *settings, const struct kyi_options *options)
{
	const struct kymo_config *config = settings->config;

	settings->scan_interval_ns = options->scan_interval_ns ?
	    options->scan_interval_ns : config->scan_interval_ns;
	settings->evaluation_interval_ns = config->evaluation_interval_ns ?
	    config->evaluation_interval_ns : EVALUATION_NS;
	/* A scan looked at twice says nothing new. */
	if (settings->evaluation_interval_ns < settings->scan_interval_ns)
		settings->evaluation_interval_ns = settings->scan_interval_ns;
}

void
kyi_settings_state_is(struct kyi_settings *settings, const char *state_path)
{
	if (!*state_path && settings->history_is_default)
		settings->history_path = "";
}

struct kymo_query_options
kyi_settings_query(const struct kyi_settings *settings)
{
	const struct kymo_config_query *query = &settings->config->query;

	return (struct kymo_query_options){
		.lookback_ms = (int64_t)query->lookback_ms,
		.subquery_step_ms = (int64_t)(settings->evaluation_interval_ns /
		    1000000),
		.samples_max = query->samples_max,
		.series_max = query->series_max,
		.memory_bytes_max = query->memory_bytes_max,
		.cpu_ms_max = query->timeout_ms
	};
}

static const char *
config_path_of(const struct kyi_options *options)
{
	if (options->config_path)
		return options->config_path;
	/* Not there: defaults. There but not readable: an error to be told. */
	if (access(KYMOD_CONFIG, F_OK) != 0)
		return NULL;
	return KYMOD_CONFIG;
}

int
kyi_settings_load(struct kyi_settings *settings,
    const struct kyi_options *options, struct kymo_error *error)
{
	struct kymo_config *config;

	memset(settings, 0, sizeof(*settings));
	settings->config_path = config_path_of(options);
	if (kymo_config_load(&config, settings->config_path, error) != 0)
		return -1;
	settings->config = config;
	if (overrides_check(config, error) != 0 ||
	    kyi_health_check(config, error) != 0 ||
	    kyi_profiles_check(config, error) != 0)
		return -1;
	settings->listen = config->listen;
	settings->listen_cnt = config->listen_cnt;
	if (options->listen_cnt || options->listen_none) {
		settings->listen = options->listen;
		settings->listen_cnt = options->listen_cnt;
	}
	settings->dirs = (const char *const *)config->directories;
	settings->dir_cnt = config->directory_cnt;
	if (options->dir_cnt) {
		settings->dirs = options->dirs;
		settings->dir_cnt = options->dir_cnt;
	}
	settings->trust.uids = config->trusted_uids;
	settings->trust.uid_cnt = config->trusted_uid_cnt;
	intervals_set(settings, options);
	settings->state_path = options->state_path ? options->state_path :
	    config->state_path;
	if (!settings->state_path) {
		state_default(settings->state_room,
		    sizeof(settings->state_room));
		settings->state_path = settings->state_room;
		settings->state_is_default = true;
	}
	if (strlen(settings->state_path) >= KYI_STATE_PATH_ROOM)
		return kymo_error_set(error, "state: a path of more than %d "
		    "bytes", KYI_STATE_PATH_ROOM - 1);
	history_path_set(settings);
	if (*settings->history_path && strcmp(settings->history_path,
		settings->state_path) == 0)
		return kymo_error_set(error, "%s is the database of the state; "
		    "history.path must be another", settings->state_path);
	if (file_check("state", settings->state_path, "control.db", error) != 0 ||
	    file_check("history.path", settings->history_path, "history.db",
		error) != 0)
		return -1;
	settings->keep_dead = config->keep_dead;
	settings->series_max = config->series_max;
	settings->region_max = config->region_max;
	settings->log_level = options->log_level >= 0 ?
	    (enum kymo_log_level)options->log_level : config->log_level;
	return 0;
}

void
kyi_settings_move(struct kyi_settings *to, struct kyi_settings *from)
{
	kyi_settings_free(to);
	*to = *from;
	/* These two point into what was moved. */
	if (from->state_path == from->state_room)
		to->state_path = to->state_room;
	if (from->history_path == from->history_room)
		to->history_path = to->history_room;
}

void
kyi_settings_free(struct kyi_settings *settings)
{
	if (settings->config)
		kymo_config_free(settings->config);
	settings->config = NULL;
}
