/* SPDX-License-Identifier: MIT */
/* The configuration file: which keys there are and what they may be. */
#include "reader/config/keys.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reader/nearest.h"

#define LISTEN_MAX 16u
#define DIRECTORY_MAX 64u
#define USER_MAX 256u
#define HOST_MAX 32u
#define PATH_BYTES_MAX 4000u
#define SCAN_INTERVAL_MIN_NS 50000000ull
#define SCAN_INTERVAL_MAX_NS 60000000000ull

/* ---- values ------------------------------------------------------------ */

/* An integer from min to max, as plain digits. */
static int
number(struct kyi_yaml *yaml, uint32_t *to, uint32_t min, uint32_t max)
{
	const char *text = kyi_yaml_text(yaml, "a number");
	char *end;
	unsigned long long n;

	if (text == NULL)
		return -1;
	errno = 0;
	n = strtoull(text, &end, 10);
	if (!kyi_yaml_plain(yaml))
		return kyi_yaml_error(yaml, "expected a number, found the text "
		    "'%s'; leave out the quotes", text);
	if (text[0] < '0' || text[0] > '9' || *end != '\0')
		return kyi_yaml_error(yaml, "expected a number, found '%s'",
		    text);
	if (errno != 0 || n < min || n > max)
		return kyi_yaml_error(yaml, "%s is out of range; from %u to %u",
		    text, min, max);
	*to = (uint32_t)n;
	return 0;
}

static int
scan_interval(struct kyi_yaml *yaml, struct kymo_config *config)
{
	const char *text = kyi_yaml_text(yaml, "a duration, as 1s");
	struct kymo_error why = { "" };

	if (text == NULL)
		return -1;
	if (kymo_duration_parse(&config->scan_interval_ns, text, &why) != 0)
		return kyi_yaml_error(yaml, "%s", why.text);
	if (config->scan_interval_ns < SCAN_INTERVAL_MIN_NS ||
	    config->scan_interval_ns > SCAN_INTERVAL_MAX_NS)
		return kyi_yaml_error(yaml, "%s is out of range; from 50ms to "
		    "1m", text);
	return 0;
}

static int
log_level(struct kyi_yaml *yaml, struct kymo_config *config)
{
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
keep_dead(struct kyi_yaml *yaml, struct kymo_config *config)
{
	return number(yaml, &config->keep_dead, 0, 1000);
}

static int
limit_series(struct kyi_yaml *yaml, struct kymo_config *config)
{
	return number(yaml, &config->series_max, 1, 10000000);
}

static int
limit_regions(struct kyi_yaml *yaml, struct kymo_config *config)
{
	return number(yaml, &config->region_max, 1, 100000);
}

/* An absolute path, without slashes at its end. */
static char *
path_copy(struct kyi_yaml *yaml, const char *text)
{
	size_t len_bytes = strlen(text);
	char *copy;

	if (text[0] != '/') {
		kyi_yaml_error(yaml, "'%s' is not an absolute path", text);
		return NULL;
	}
	if (len_bytes > PATH_BYTES_MAX) {
		kyi_yaml_error(yaml, "a path of more than %u bytes",
		    PATH_BYTES_MAX);
		return NULL;
	}
	while (len_bytes > 1 && text[len_bytes - 1] == '/')
		len_bytes--;
	copy = strndup(text, len_bytes);
	if (copy == NULL)
		kyi_yaml_error(yaml, "out of memory");
	return copy;
}

static int
state(struct kyi_yaml *yaml, struct kymo_config *config)
{
	const char *text = kyi_yaml_text(yaml, "a path, or memory");

	if (text == NULL)
		return -1;
	free(config->state_path);
	if (strcmp(text, "memory") == 0)
		config->state_path = strdup("");
	else
		config->state_path = path_copy(yaml, text);
	return config->state_path == NULL ? -1 : 0;
}

/* ---- lists ------------------------------------------------------------- */

typedef int item_read(struct kyi_yaml *yaml, struct kymo_config *config);

/* One value, or a list of at most max. */
static int
list(struct kyi_yaml *yaml, struct kymo_config *config, item_read *item,
    uint32_t max)
{
	uint32_t cnt = 0;

	if (yaml->event.type != YAML_SEQUENCE_START_EVENT)
		return item(yaml, config);
	for (;;) {
		if (kyi_yaml_next(yaml) != 0)
			return -1;
		if (yaml->event.type == YAML_SEQUENCE_END_EVENT)
			return 0;
		if (cnt++ == max)
			return kyi_yaml_error(yaml, "more than %u in this list",
			    max);
		if (item(yaml, config) != 0)
			return -1;
	}
}

/* array with room for one more element. */
static void *
longer(struct kyi_yaml *yaml, void *array, uint32_t cnt, size_t bytes)
{
	void *at = realloc(array, (cnt + 1) * bytes);

	if (at == NULL)
		kyi_yaml_error(yaml, "out of memory");
	return at;
}

static int
listen_item(struct kyi_yaml *yaml, struct kymo_config *config)
{
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
	array = longer(yaml, config->listen, config->listen_cnt,
	    sizeof(made));
	if (array == NULL)
		return -1;
	config->listen = array;
	array[config->listen_cnt++] = made;
	return 0;
}

static int
listen_key(struct kyi_yaml *yaml, struct kymo_config *config)
{
	config->listen_cnt = 0;
	if (yaml->event.type == YAML_SCALAR_EVENT &&
	    strcmp((const char *)yaml->event.data.scalar.value, "none") == 0)
		return 0;
	return list(yaml, config, listen_item, LISTEN_MAX);
}

static int
directory_item(struct kyi_yaml *yaml, struct kymo_config *config)
{
	const char *text = kyi_yaml_text(yaml, "the path of a directory");
	char **array, *copy;

	if (text == NULL)
		return -1;
	array = longer(yaml, config->directories, config->directory_cnt,
	    sizeof(array[0]));
	if (array == NULL)
		return -1;
	config->directories = array;
	copy = path_copy(yaml, text);
	if (copy == NULL)
		return -1;
	array[config->directory_cnt++] = copy;
	return 0;
}

static int
directories(struct kyi_yaml *yaml, struct kymo_config *config)
{
	return list(yaml, config, directory_item, DIRECTORY_MAX);
}

static int
host_item(struct kyi_yaml *yaml, struct kymo_config *config)
{
	const char *text = kyi_yaml_text(yaml, "a host name");
	char **array;

	if (text == NULL)
		return -1;
	if (text[0] == '\0' || strlen(text) > 253 ||
	    text[strspn(text, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_")] != '\0')
		return kyi_yaml_error(yaml, "'%.60s' is not a host name; "
		    "write it without a port", text);
	array = longer(yaml, config->hosts, config->host_cnt,
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
hosts(struct kyi_yaml *yaml, struct kymo_config *config)
{
	return list(yaml, config, host_item, HOST_MAX);
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

static int
user_item(struct kyi_yaml *yaml, struct kymo_config *config)
{
	const char *text = kyi_yaml_text(yaml, "a user's name or number");
	uint32_t uid, *array;

	if (text == NULL)
		return -1;
	if (uid_of(text, &uid) != 0)
		return kyi_yaml_error(yaml, "there is no user '%s' here; its "
		    "number would do", text);
	array = longer(yaml, config->trusted_uids, config->trusted_uid_cnt,
	    sizeof(uid));
	if (array == NULL)
		return -1;
	config->trusted_uids = array;
	array[config->trusted_uid_cnt++] = uid;
	return 0;
}

static int
trusted_users(struct kyi_yaml *yaml, struct kymo_config *config)
{
	return list(yaml, config, user_item, USER_MAX);
}

/* ---- keys -------------------------------------------------------------- */

struct key {
	const char *name;
	item_read *read;
};

#define KEY_MAX 16u

static int
unknown_key(struct kyi_yaml *yaml, const char *text, const struct key *keys,
    size_t key_cnt)
{
	const char *names[KEY_MAX], *nearest;
	char all[200] = "";
	size_t i, used = 0;

	if (strcmp(text, "<<") == 0)
		return kyi_yaml_error(yaml, "merge keys are not used here; "
		    "write the values themselves");
	for (i = 0; i < key_cnt; i++) {
		names[i] = keys[i].name;
		used += (size_t)snprintf(all + used, sizeof(all) - used,
		    "%s%s", i == 0 ? "" : ", ", keys[i].name);
	}
	nearest = kyi_nearest(text, names, key_cnt);
	if (nearest != NULL)
		return kyi_yaml_error(yaml, "unknown key '%.60s'; did you mean "
		    "'%s'?", text, nearest);
	return kyi_yaml_error(yaml, "unknown key '%.60s'; there are %s", text,
	    all);
}

/* The mapping that is looked at, up to its end. */
static int
mapping(struct kyi_yaml *yaml, struct kymo_config *config,
    const struct key *keys, size_t key_cnt)
{
	uint32_t seen = 0;
	const char *text;
	size_t i;

	for (;;) {
		if (kyi_yaml_next(yaml) != 0)
			return -1;
		if (yaml->event.type == YAML_MAPPING_END_EVENT)
			return 0;
		text = kyi_yaml_text(yaml, "a key");
		if (text == NULL)
			return -1;
		for (i = 0; i < key_cnt; i++)
			if (strcmp(text, keys[i].name) == 0)
				break;
		if (i == key_cnt)
			return unknown_key(yaml, text, keys, key_cnt);
		if (seen >> i & 1)
			return kyi_yaml_error(yaml, "'%s' is there twice",
			    text);
		seen |= 1u << i;
		if (kyi_yaml_next(yaml) != 0 ||
		    keys[i].read(yaml, config) != 0)
			return -1;
	}
}

static int
limits(struct kyi_yaml *yaml, struct kymo_config *config)
{
	static const struct key keys[] = {
		{ "series", limit_series },
		{ "regions", limit_regions },
	};

	if (yaml->event.type != YAML_MAPPING_START_EVENT)
		return kyi_yaml_error(yaml, "expected keys and values, as "
		    "{series: 200000}");
	return mapping(yaml, config, keys, sizeof(keys) / sizeof(keys[0]));
}

int
kyi_config_document(struct kyi_yaml *yaml, struct kymo_config *config)
{
	static const struct key keys[] = {
		{ "scan_interval", scan_interval },
		{ "listen", listen_key },
		{ "hosts", hosts },
		{ "directories", directories },
		{ "trusted_users", trusted_users },
		{ "state", state },
		{ "keep_dead", keep_dead },
		{ "limits", limits },
		{ "log_level", log_level },
	};

	if (kyi_yaml_next(yaml) != 0 || kyi_yaml_next(yaml) != 0)
		return -1;
	if (yaml->event.type == YAML_STREAM_END_EVENT)
		return 0; /* an empty file */
	if (kyi_yaml_next(yaml) != 0)
		return -1;
	/* A document of comments alone is a null. */
	if (kyi_yaml_plain(yaml) && yaml->event.data.scalar.length == 0)
		;
	else if (yaml->event.type != YAML_MAPPING_START_EVENT)
		return kyi_yaml_error(yaml, "expected keys and values, as "
		    "scan_interval: 1s");
	else if (mapping(yaml, config, keys, sizeof(keys) / sizeof(keys[0])) !=
	    0)
		return -1;
	if (kyi_yaml_next(yaml) != 0 || kyi_yaml_next(yaml) != 0)
		return -1;
	if (yaml->event.type != YAML_STREAM_END_EVENT)
		return kyi_yaml_error(yaml, "a second document; there can be "
		    "one");
	return 0;
}
