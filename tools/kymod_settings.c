/* SPDX-License-Identifier: MIT */
#include "tools/kymod.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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
	settings->scan_interval_ns = options->scan_interval_ns ?
	    options->scan_interval_ns : config->scan_interval_ns;
	settings->state_path = options->state_path ? options->state_path :
	    config->state_path;
	if (!settings->state_path) {
		state_default(settings->state_room,
		    sizeof(settings->state_room));
		settings->state_path = settings->state_room;
		settings->state_is_default = true;
	}
	settings->keep_dead = config->keep_dead;
	settings->series_max = config->series_max;
	settings->region_max = config->region_max;
	settings->log_level = options->log_level >= 0 ?
	    (enum kymo_log_level)options->log_level : config->log_level;
	return 0;
}

void
kyi_settings_free(struct kyi_settings *settings)
{
	if (settings->config)
		kymo_config_free(settings->config);
	settings->config = NULL;
}
