/* SPDX-License-Identifier: MIT */
/* Rules, queries and alerting: which files, how often, at what cost. */
#include <stdlib.h>
#include <string.h>

#include "reader/config/keys.h"
#include "reader/config/values.h"

#define RULE_FILE_MAX 256u
#define LABEL_MAX 30u

/* ---- rules ----------------------------------------------------------------- */

char *
kyi_config_beside(const char *file, const char *text)
{
	const char *slash = strrchr(file, '/');
	size_t folder_bytes = slash == NULL ? 0 : (size_t)(slash - file) + 1;
	char *path;

	if (text[0] == '/')
		return strdup(text);
	path = malloc(folder_bytes + strlen(text) + 1);
	if (path == NULL)
		return NULL;
	memcpy(path, file, folder_bytes);
	strcpy(path + folder_bytes, text);
	return path;
}

static int
rule_file(struct kyi_yaml *yaml, void *to)
{
	struct kymo_config *config = to;
	const char *text = kyi_yaml_text(yaml, "the path of rule files, as "
	    "rules/*.yml");
	struct kymo_config_text *array;
	uint32_t i;

	if (text == NULL)
		return -1;
	if (text[0] == '\0' || text[strlen(text) - 1] == '/')
		return kyi_yaml_error(yaml, "'%s' is no file; write it as "
		    "rules/*.yml", text);
	array = kyi_config_longer(yaml, config->rule_files,
	    config->rule_file_cnt, sizeof(array[0]));
	if (array == NULL)
		return -1;
	config->rule_files = array;
	array += config->rule_file_cnt;
	array->place = kyi_yaml_place(yaml);
	array->text = kyi_config_beside(yaml->name, text);
	if (array->text == NULL)
		return kyi_yaml_error(yaml, "out of memory");
	config->rule_file_cnt++;
	for (i = 0; i + 1 < config->rule_file_cnt; i++)
		if (strcmp(config->rule_files[i].text, array->text) == 0)
			return kyi_yaml_error(yaml, "'%s' is there twice",
			    text);
	return 0;
}

int
kyi_config_rule_files(struct kyi_yaml *yaml, void *to)
{
	return kyi_config_list(yaml, to, rule_file, RULE_FILE_MAX);
}

int
kyi_config_evaluation(struct kyi_yaml *yaml, void *to)
{
	struct kymo_config *config = to;
	uint64_t ms = 0;

	yaml->places->evaluation = kyi_yaml_place(yaml);
	if (kyi_config_duration_ms(yaml, &ms, "50ms", "1h") != 0)
		return -1;
	config->evaluation_interval_ns = ms * 1000000;
	return 0;
}

static bool
is_label_name(const char *text)
{
	static const char first[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";

	return text[0] != '\0' && (text[0] < '0' || text[0] > '9') &&
	    text[strspn(text, first)] == '\0' && strlen(text) <= 200 &&
	    strncmp(text, "__", 2) != 0;
}

static int
label_item(struct kyi_yaml *yaml, void *to)
{
	struct kymo_config *config = to;
	const char *key = kyi_yaml_text(yaml, "a label");
	struct kymo_config_label *array;
	uint32_t i;

	if (key == NULL)
		return -1;
	if (!is_label_name(key))
		return kyi_yaml_error(yaml, "'%.60s' cannot be a label; letters, "
		    "digits and _, no digit first, not __ first", key);
	for (i = 0; i < config->external_label_cnt; i++)
		if (strcmp(config->external_labels[i].key, key) == 0)
			return kyi_yaml_error(yaml, "'%s' is there twice", key);
	array = kyi_config_longer(yaml, config->external_labels,
	    config->external_label_cnt, sizeof(array[0]));
	if (array == NULL)
		return -1;
	config->external_labels = array;
	array += config->external_label_cnt++;
	if (kyi_config_text(yaml, &array->key, "a label") != 0 ||
	    kyi_yaml_next(yaml) != 0)
		return -1;
	return kyi_config_text(yaml, &array->value, "a label's value");
}

int
kyi_config_external_labels(struct kyi_yaml *yaml, void *to)
{
	return kyi_config_free_mapping(yaml, to, label_item, LABEL_MAX,
	    "{region: eu}");
}

int
kyi_config_external_url(struct kyi_yaml *yaml, void *to)
{
	struct kymo_config *config = to;

	if (kyi_config_text(yaml, &config->external_url, "a URL") != 0)
		return -1;
	if (strncmp(config->external_url, "http://", 7) != 0 &&
	    strncmp(config->external_url, "https://", 8) != 0)
		return kyi_yaml_error(yaml, "'%s' is no URL; write it as "
		    "https://metrics.example.org", config->external_url);
	return 0;
}

/* ---- alerting ---------------------------------------------------------------- */

static int
routes(struct kyi_yaml *yaml, void *to)
{
	struct kymo_config *config = to;
	const char *text = kyi_yaml_text(yaml, "the path of a routing file, as "
	    "routes.yml");

	if (text == NULL)
		return -1;
	if (text[0] == '\0' || text[strlen(text) - 1] == '/')
		return kyi_yaml_error(yaml, "'%s' is no file; write it as "
		    "routes.yml", text);
	config->alerting_routes.place = kyi_yaml_place(yaml);
	config->alerting_routes.text = kyi_config_beside(yaml->name, text);
	if (config->alerting_routes.text == NULL)
		return kyi_yaml_error(yaml, "out of memory");
	return 0;
}

static int
alerting_changes(struct kyi_yaml *yaml, void *to)
{
	static const char *const names[] = { [KYMO_CHANGES_LOCAL] = "local",
	    [KYMO_CHANGES_ALL] = "all", [KYMO_CHANGES_NONE] = "none" };
	struct kymo_config *config = to;
	const char *text = kyi_yaml_text(yaml, "local, all or none");
	size_t i;

	if (text == NULL)
		return -1;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(text, names[i]) == 0) {
			config->alerting_changes = (enum kymo_config_changes)i;
			return 0;
		}
	return kyi_yaml_error(yaml, "'%s' is none of local, all, none: from "
	    "where silences and acknowledgements may come", text);
}

int
kyi_config_alerting(struct kyi_yaml *yaml, void *to)
{
	static const struct kyi_config_key keys[] = {
		{ "routes", routes, false },
		{ "changes", alerting_changes, false },
		{ "alertmanagers", kyi_config_alertmanagers, false },
	};

	return kyi_config_mapping(yaml, to, keys,
	    sizeof(keys) / sizeof(keys[0]), "{routes: routes.yml}");
}

/* ---- queries ----------------------------------------------------------------- */

static int
timeout(struct kyi_yaml *yaml, void *to)
{
	struct kymo_config_query *query = to;

	return kyi_config_duration_ms(yaml, &query->timeout_ms, "100ms", "1h");
}

static int
lookback(struct kyi_yaml *yaml, void *to)
{
	struct kymo_config_query *query = to;

	return kyi_config_duration_ms(yaml, &query->lookback_ms, "1s", "1d");
}

static int
max_samples(struct kyi_yaml *yaml, void *to)
{
	struct kymo_config_query *query = to;

	return kyi_config_u64(yaml, &query->samples_max, 1, 1000000000000);
}

static int
max_series(struct kyi_yaml *yaml, void *to)
{
	struct kymo_config_query *query = to;

	return kyi_config_number(yaml, &query->series_max, 1, 10000000);
}

static int
max_memory(struct kyi_yaml *yaml, void *to)
{
	struct kymo_config_query *query = to;

	return kyi_config_size(yaml, &query->memory_bytes_max, "1MiB",
	    "1TiB");
}

static int
concurrency(struct kyi_yaml *yaml, void *to)
{
	struct kymo_config_query *query = to;

	return kyi_config_number(yaml, &query->concurrency, 1, 64);
}

static int
queue(struct kyi_yaml *yaml, void *to)
{
	struct kymo_config_query *query = to;

	return kyi_config_number(yaml, &query->queue_max, 1, 10000);
}

int
kyi_config_query(struct kyi_yaml *yaml, void *to)
{
	static const struct kyi_config_key keys[] = {
		{ "timeout", timeout, false },
		{ "lookback", lookback, false },
		{ "max_samples", max_samples, false },
		{ "max_series", max_series, false },
		{ "max_memory", max_memory, false },
		{ "concurrency", concurrency, false },
		{ "queue", queue, false },
	};
	struct kymo_config *config = to;

	return kyi_config_mapping(yaml, &config->query, keys,
	    sizeof(keys) / sizeof(keys[0]), "{timeout: 2m}");
}
