/* SPDX-License-Identifier: MIT */
/* The configuration file: which keys there are and what they may be. */
#include "reader/config/keys.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "reader/config/values.h"

#define LISTEN_MAX 16u
#define DIRECTORY_MAX 64u
#define USER_MAX 256u
#define HOST_MAX 32u

/* ---- values ------------------------------------------------------------ */

static int
enabled(struct kyi_yaml *yaml, void *to)
{
	struct kymo_config *config = to;
	bool is = true;
	int result = kyi_config_bool(yaml, &is);

	config->disabled = !is;
	return result;
}

/* Of two names of one thing the second is one too many. */
static int
interval(struct kyi_yaml *yaml, void *to)
{
	struct kymo_config *config = to;
	struct kymo_config_place *place = &yaml->places->interval;

	if (place->line != 0)
		return kyi_yaml_error(yaml, "collection_interval and "
		    "scan_interval are the same, and line %u has said it; keep "
		    "collection_interval", place->line);
	*place = kyi_yaml_place(yaml);
	return kyi_config_duration_ns(yaml, &config->scan_interval_ns, "50ms",
	    "1m");
}

static int
log_level(struct kyi_yaml *yaml, void *to)
{
	struct kymo_config *config = to;
	static const char *const levels[] = {
		[KYMO_LOG_DEBUG] = "debug", [KYMO_LOG_INFO] = "info",
		[KYMO_LOG_WARN] = "warn", [KYMO_LOG_ERROR] = "error",
	};
	const char *text = kyi_yaml_text(yaml, "a log level");
	uint32_t i;

	if (text == NULL)
		return -1;
	for (i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
		if (strcmp(text, levels[i]) == 0) {
			config->log_level = (enum kymo_log_level)i;
			return 0;
		}
	return kyi_yaml_error(yaml, "'%s' is not a log level; debug, info, "
	    "warn or error", text);
}

static int
keep_dead(struct kyi_yaml *yaml, void *to)
{
	struct kymo_config *config = to;

	return kyi_config_number(yaml, &config->keep_dead, 0, 1000);
}

static int
limit_series(struct kyi_yaml *yaml, void *to)
{
	struct kymo_config *config = to;

	return kyi_config_number(yaml, &config->series_max, 1, 10000000);
}

static int
limit_regions(struct kyi_yaml *yaml, void *to)
{
	struct kymo_config *config = to;

	return kyi_config_number(yaml, &config->region_max, 1, 100000);
}

static int
state(struct kyi_yaml *yaml, void *to)
{
	struct kymo_config *config = to;

	return kyi_config_path_or_memory(yaml, &config->state_path);
}

/* ---- lists ------------------------------------------------------------- */

static int
listen_item(struct kyi_yaml *yaml, void *to)
{
	struct kymo_config *config = to;
	const char *text = kyi_yaml_text(yaml, "an address, as "
	    "127.0.0.1:9779");
	struct kymo_listen made, *array;
	struct kymo_error why = { "" };
	uint32_t i;

	if (text == NULL)
		return -1;
	if (kymo_listen_parse(&made, text, &why) != 0)
		return kyi_yaml_error(yaml, "%s", why.text);
	for (i = 0; i < config->listen_cnt; i++)
		if (config->listen[i].port == made.port &&
		    strcmp(config->listen[i].host, made.host) == 0)
			return kyi_yaml_error(yaml, "'%s' is there twice",
			    text);
	array = kyi_config_longer(yaml, config->listen, config->listen_cnt,
	    sizeof(made));
	if (array == NULL)
		return -1;
	config->listen = array;
	array[config->listen_cnt++] = made;
	return 0;
}

static int
listen_key(struct kyi_yaml *yaml, void *to)
{
	struct kymo_config *config = to;
	config->listen_cnt = 0;
	if (yaml->event.type == YAML_SCALAR_EVENT &&
	    strcmp((const char *)yaml->event.data.scalar.value, "none") == 0)
		return 0;
	return kyi_config_list(yaml, to, listen_item, LISTEN_MAX);
}

static int
directory_item(struct kyi_yaml *yaml, void *to)
{
	struct kymo_config *config = to;
	char **array = kyi_config_longer(yaml, config->directories,
	    config->directory_cnt, sizeof(array[0]));
	uint32_t i;

	if (array == NULL)
		return -1;
	config->directories = array;
	if (kyi_config_path(yaml, &array[config->directory_cnt]) != 0)
		return -1;
	config->directory_cnt++;
	for (i = 0; i + 1 < config->directory_cnt; i++)
		if (strcmp(array[i], array[config->directory_cnt - 1]) == 0)
			return kyi_yaml_error(yaml, "'%s' is there twice",
			    array[i]);
	return 0;
}

static int
directories(struct kyi_yaml *yaml, void *to)
{
	return kyi_config_list(yaml, to, directory_item, DIRECTORY_MAX);
}

static int
host_item(struct kyi_yaml *yaml, void *to)
{
	struct kymo_config *config = to;
	const char *text = kyi_yaml_text(yaml, "a host name");
	char **array;

	if (text == NULL)
		return -1;
	if (text[0] == '\0' || strlen(text) > 253 ||
	    text[strspn(text, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_")] != '\0')
		return kyi_yaml_error(yaml, "'%.60s' is not a host name; "
		    "write it without a port", text);
	array = kyi_config_longer(yaml, config->hosts, config->host_cnt,
	    sizeof(array[0]));
	if (array == NULL)
		return -1;
	config->hosts = array;
	array[config->host_cnt] = strdup(text);
	if (array[config->host_cnt] == NULL)
		return kyi_yaml_error(yaml, "out of memory");
	config->host_cnt++;
	return 0;
}

static int
hosts(struct kyi_yaml *yaml, void *to)
{
	return kyi_config_list(yaml, to, host_item, HOST_MAX);
}

/* -1: no such user. */
static int
uid_of(const char *name, uint32_t *uid)
{
	struct passwd entry, *found = NULL;
	char room[16384], *end;
	unsigned long long n;

	if (name[0] >= '0' && name[0] <= '9') {
		errno = 0;
		n = strtoull(name, &end, 10);
		/* The largest is "no user" to the kernel. */
		if (*end != '\0' || errno != 0 || n >= UINT32_MAX)
			return -1;
		*uid = (uint32_t)n;
		return 0;
	}
	if (getpwnam_r(name, &entry, room, sizeof(room), &found) != 0 ||
	    found == NULL)
		return -1;
	*uid = found->pw_uid;
	return 0;
}

int
kyi_config_uid_add(struct kyi_yaml *yaml, uint32_t **uids, uint32_t *cnt)
{
	const char *text = kyi_yaml_text(yaml, "a user's name or number");
	uint32_t uid, *array;

	if (text == NULL)
		return -1;
	if (uid_of(text, &uid) != 0)
		return kyi_yaml_error(yaml, "there is no user '%s' here; its "
		    "number would do", text);
	array = kyi_config_longer(yaml, *uids, *cnt, sizeof(uid));
	if (array == NULL)
		return -1;
	*uids = array;
	array[(*cnt)++] = uid;
	return 0;
}

static int
user_item(struct kyi_yaml *yaml, void *to)
{
	struct kymo_config *config = to;

	return kyi_config_uid_add(yaml, &config->trusted_uids,
	    &config->trusted_uid_cnt);
}

static int
trusted_users(struct kyi_yaml *yaml, void *to)
{
	return kyi_config_list(yaml, to, user_item, USER_MAX);
}

/* ---- keys -------------------------------------------------------------- */

static int
limits(struct kyi_yaml *yaml, void *to)
{
	static const struct kyi_config_key keys[] = {
		{ "series", limit_series, false },
		{ "regions", limit_regions, false },
	};

	return kyi_config_mapping(yaml, to, keys,
	    sizeof(keys) / sizeof(keys[0]), "{series: 200000}");
}

static int
root(struct kyi_yaml *yaml, struct kymo_config *config)
{
	static const struct kyi_config_key keys[] = {
		{ "enabled", enabled, false },
		{ "collection_interval", interval, false },
		{ "scan_interval", interval, true },
		{ "listen", listen_key, false },
		{ "hosts", hosts, false },
		{ "directories", directories, false },
		{ "trusted_users", trusted_users, false },
		{ "state", state, false },
		{ "keep_dead", keep_dead, false },
		{ "limits", limits, false },
		{ "log_level", log_level, false },
		{ "history", kyi_config_history, false },
		{ "retention", kyi_config_retention, false },
		{ "rule_files", kyi_config_rule_files, false },
		{ "evaluation_interval", kyi_config_evaluation, false },
		{ "external_labels", kyi_config_external_labels, false },
		{ "external_url", kyi_config_external_url, false },
		{ "alerting", kyi_config_alerting, false },
		{ "detection", kyi_config_detection, false },
		{ "profiles", kyi_config_profiles, false },
		{ "query", kyi_config_query, false },
		{ "components", kyi_config_components, false },
	};

	return kyi_config_mapping(yaml, config, keys,
	    sizeof(keys) / sizeof(keys[0]), "collection_interval: 1s");
}

int
kyi_config_document(struct kyi_yaml *yaml, struct kymo_config *config)
{
	struct kyi_config_places places = { .interval = { 0, 0 } };

	yaml->places = &places;
	if (kyi_yaml_next(yaml) != 0 || kyi_yaml_next(yaml) != 0)
		return -1;
	if (yaml->event.type == YAML_STREAM_END_EVENT)
		return 0; /* an empty file */
	if (kyi_yaml_next(yaml) != 0)
		return -1;
	/* A document of comments alone is a null. */
	if (kyi_yaml_plain(yaml) && yaml->event.data.scalar.length == 0)
		;
	else if (root(yaml, config) != 0)
		return -1;
	if (kyi_yaml_next(yaml) != 0 || kyi_yaml_next(yaml) != 0)
		return -1;
	if (yaml->event.type != YAML_STREAM_END_EVENT)
		return kyi_yaml_error(yaml, "a second document; there can be "
		    "one");
	if (kyi_config_care_conflicts(yaml, config) != 0)
		return -1;
	return kyi_config_conflicts(yaml, config);
}
