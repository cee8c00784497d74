/* SPDX-License-Identifier: MIT */
/* Configurations: read, with what is not said set to its default. */
#include "reader/config/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reader/config/keys.h"

#define FILE_BYTES_MAX (1024u * 1024u)

/* NULL: out of memory. */
static struct kymo_config *
defaults(void)
{
	struct kymo_config *config = calloc(1, sizeof(*config));

	if (config == NULL)
		return NULL;
	config->scan_interval_ns = 1000000000;
	config->detection.change_max = KYMO_CONFIG_CHANGE_MAX;
	config->keep_dead = 5;
	config->series_max = 200000;
	config->region_max = 10000;
	config->log_level = KYMO_LOG_INFO;
	config->listen = malloc(sizeof(config->listen[0]));
	if (config->listen == NULL) {
		kymo_config_free(config);
		return NULL;
	}
	config->listen[0] = (struct kymo_listen){ "127.0.0.1", 9779 };
	config->listen_cnt = 1;
	return config;
}

int
kymo_config_parse(struct kymo_config **config, const char *name,
    const char *text, size_t len_bytes, struct kymo_error *error)
{
	struct kyi_yaml yaml = { .name = name, .error = error };
	struct kymo_error unwanted;
	int result = -1;

	if (error == NULL)
		yaml.error = &unwanted;
	*config = NULL;
	if (len_bytes > FILE_BYTES_MAX)
		return kymo_error_set(error, "%s: more than %u bytes; this is "
		    "no configuration", name, FILE_BYTES_MAX);
	*config = defaults();
	if (*config != NULL && yaml_parser_initialize(&yaml.parser)) {
		yaml_parser_set_input_string(&yaml.parser,
		    (const unsigned char *)text, len_bytes);
		yaml_parser_set_encoding(&yaml.parser, YAML_UTF8_ENCODING);
		result = kyi_config_document(&yaml, *config);
		yaml_event_delete(&yaml.event);
		yaml_parser_delete(&yaml.parser);
	} else
		kymo_error_set(error, "%s: out of memory", name);
	if (result != 0) {
		kymo_config_free(*config);
		*config = NULL;
	}
	return result;
}

/* The bytes of path, at most one more than may be, and whose they are. NULL:
   errno. */
static char *
file_read(const char *path, size_t *len_bytes, struct stat *status)
{
	char *text = malloc(FILE_BYTES_MAX + 1);
	int fd = text == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = -1;
	int kept;

	*len_bytes = 0;
	if (fd >= 0 && fstat(fd, status) != 0) {
		kept = errno;
		close(fd);
		free(text);
		errno = kept;
		return NULL;
	}
	while (fd >= 0 && *len_bytes <= FILE_BYTES_MAX) {
		got = read(fd, text + *len_bytes,
		    FILE_BYTES_MAX + 1 - *len_bytes);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		*len_bytes += (size_t)got;
	}
	kept = errno;
	if (fd >= 0)
		close(fd);
	if (got < 0) {
		free(text);
		text = NULL;
	}
	errno = kept;
	return text;
}

int
kymo_config_load(struct kymo_config **config, const char *path,
    struct kymo_error *error)
{
	struct stat status = { 0 };
	size_t len_bytes = 0;
	char *text;
	int result;

	if (path == NULL)
		return kymo_config_parse(config, "defaults", "", 0, error);
	*config = NULL;
	text = file_read(path, &len_bytes, &status);
	if (text == NULL)
		return kymo_error_set(error, "%s: %s", path, strerror(errno));
	result = kymo_config_parse(config, path, text, len_bytes, error);
	free(text);
	if (result != 0)
		return -1;
	(*config)->file_uid = status.st_uid;
	(*config)->file_gid = status.st_gid;
	(*config)->file_mode = status.st_mode;
	(*config)->path = strdup(path);
	if ((*config)->path != NULL)
		return 0;
	kymo_config_free(*config);
	*config = NULL;
	return kymo_error_set(error, "%s: out of memory", path);
}

static void
texts_free(char **texts, uint32_t cnt)
{
	uint32_t i;

	for (i = 0; i < cnt; i++)
		free(texts[i]);
	free(texts);
}

void
kymo_config_free(struct kymo_config *config)
{
	uint32_t i;

	if (config == NULL)
		return;
	texts_free(config->directories, config->directory_cnt);
	texts_free(config->hosts, config->host_cnt);
	free(config->listen);
	free(config->trusted_uids);
	free(config->state_path);
	free(config->history_path);
	for (i = 0; i < config->override_cnt; i++)
		free(config->overrides[i].metrics.text);
	free(config->overrides);
	for (i = 0; i < config->rule_file_cnt; i++)
		free(config->rule_files[i].text);
	free(config->rule_files);
	for (i = 0; i < config->external_label_cnt; i++) {
		free(config->external_labels[i].key);
		free(config->external_labels[i].value);
	}
	free(config->external_labels);
	free(config->external_url);
	free(config->alerting_routes.text);
	for (i = 0; i < config->profiles.alert_cnt; i++)
		free(config->profiles.alerts[i].text);
	free(config->profiles.alerts);
	free(config->profiles.command);
	kyi_config_alertmanagers_free(config);
	for (i = 0; i < config->component_cnt; i++) {
		struct kymo_config_component *component =
		    &config->components[i];

		free(component->name.text);
		texts_free(component->include, component->include_cnt);
		texts_free(component->exclude, component->exclude_cnt);
		kymo_care_plan_free(component->care);
	}
	free(config->components);
	free(config->path);
	free(config);
}
