/* SPDX-License-Identifier: MIT */
/* alerting.alertmanagers, as Prometheus' configuration has it. */
#include <stdlib.h>
#include <string.h>

#include "reader/config/keys.h"
#include "reader/config/values.h"
#include "reader/buffer.h"

#define ALERTMANAGER_MAX 8u

/* One entry while it is read: what its URLs are made of may come in any
   order. */
struct reading {
	struct kymo_config_alertmanager *to;
	char *scheme, *path_prefix;
	char **targets;
	uint32_t target_cnt;
};

static void
reading_end(struct reading *reading)
{
	for (uint32_t i = 0; i < reading->target_cnt; i++)
		free(reading->targets[i]);
	free(reading->targets);
	free(reading->scheme);
	free(reading->path_prefix);
}

/* ---- where --------------------------------------------------------------------- */

static int
scheme(struct kyi_yaml *yaml, void *to)
{
	struct reading *reading = to;

	if (kyi_config_text(yaml, &reading->scheme, "http or https") != 0)
		return -1;
	if (strcmp(reading->scheme, "http") != 0 &&
	    strcmp(reading->scheme, "https") != 0)
		return kyi_yaml_error(yaml, "'%.60s' is no scheme; write http "
		    "or https", reading->scheme);
	return 0;
}

static int
path_prefix(struct kyi_yaml *yaml, void *to)
{
	struct reading *reading = to;

	if (kyi_config_text(yaml, &reading->path_prefix, "a path") != 0)
		return -1;
	if (reading->path_prefix[0] != '/' ||
	    strpbrk(reading->path_prefix, " ?#\t\r\n") != NULL)
		return kyi_yaml_error(yaml, "'%.60s' is no path; write it as "
		    "/alertmanager", reading->path_prefix);
	return 0;
}

static int
api_version(struct kyi_yaml *yaml, void *to)
{
	const char *text = kyi_yaml_text(yaml, "v2");

	(void)to;
	if (text == NULL)
		return -1;
	return strcmp(text, "v2") == 0 ? 0 : kyi_yaml_error(yaml,
	    "'%.60s' is not spoken; Alertmanager has v2 since 0.16: write v2",
	    text);
}

static int
target_item(struct kyi_yaml *yaml, void *to)
{
	struct reading *reading = to;
	const char *text = kyi_yaml_text(yaml, "host:port"), *port;

	if (text == NULL)
		return -1;
	port = strrchr(text, ':');
	if (port == NULL || port == text || port[1] == '\0' ||
	    port[1 + strspn(port + 1, "0123456789")] != '\0' ||
	    strpbrk(text, "/@?# \t") != NULL)
		return kyi_yaml_error(yaml, "'%.60s' is no target; write it as "
		    "alertmanager.example.org:9093, the rest goes to scheme "
		    "and path_prefix", text);
	return kyi_config_text_add(yaml, &reading->targets,
	    &reading->target_cnt, "host:port");
}

static int
targets(struct kyi_yaml *yaml, void *to)
{
	return kyi_config_list(yaml, to, target_item, ALERTMANAGER_MAX);
}

static int
static_item(struct kyi_yaml *yaml, void *to)
{
	static const struct kyi_config_key keys[] = {
		{ "targets", targets, false },
	};

	return kyi_config_mapping(yaml, to, keys,
	    sizeof(keys) / sizeof(keys[0]), "{targets: ['localhost:9093']}");
}

static int
static_configs(struct kyi_yaml *yaml, void *to)
{
	return kyi_config_list(yaml, to, static_item, ALERTMANAGER_MAX);
}

/* ---- how ------------------------------------------------------------------------ */

static int
file(struct kyi_yaml *yaml, char **to)
{
	const char *text = kyi_yaml_text(yaml, "the path of a file");

	if (text == NULL)
		return -1;
	if (text[0] == '\0')
		return kyi_yaml_error(yaml, "this is no path; write it as "
		    "/etc/kymo/password");
	free(*to);
	*to = kyi_config_beside(yaml->name, text);
	return *to == NULL ? kyi_yaml_error(yaml, "out of memory") : 0;
}

#define FILE_KEY(name, field) \
	static int \
	name(struct kyi_yaml *yaml, void *to) \
	{ \
		return file(yaml, &((struct reading *)to)->to->field); \
	}
#define TEXT_KEY(name, field, what) \
	static int \
	name(struct kyi_yaml *yaml, void *to) \
	{ \
		return kyi_config_text(yaml, \
		    &((struct reading *)to)->to->field, what); \
	}
FILE_KEY(password_file, password_file)
FILE_KEY(credentials_file, bearer_file)
FILE_KEY(ca_file, ca_file)
FILE_KEY(cert_file, cert_file)
FILE_KEY(key_file, key_file)
TEXT_KEY(username, user, "a name")
TEXT_KEY(password, password, "a password")
TEXT_KEY(credentials, bearer, "a token")
TEXT_KEY(proxy_url, proxy, "a URL")

static int
basic_auth(struct kyi_yaml *yaml, void *to)
{
	static const struct kyi_config_key keys[] = {
		{ "username", username, false },
		{ "password", password, false },
		{ "password_file", password_file, false },
	};

	return kyi_config_mapping(yaml, to, keys,
	    sizeof(keys) / sizeof(keys[0]),
	    "{username: kymo, password_file: /etc/kymo/password}");
}

static int
type(struct kyi_yaml *yaml, void *to)
{
	const char *text = kyi_yaml_text(yaml, "Bearer");

	(void)to;
	if (text == NULL)
		return -1;
	return strcmp(text, "Bearer") == 0 ? 0 : kyi_yaml_error(yaml,
	    "'%.60s' is not spoken; write Bearer, or basic_auth instead", text);
}

static int
authorization(struct kyi_yaml *yaml, void *to)
{
	static const struct kyi_config_key keys[] = {
		{ "type", type, false },
		{ "credentials", credentials, false },
		{ "credentials_file", credentials_file, false },
	};

	return kyi_config_mapping(yaml, to, keys,
	    sizeof(keys) / sizeof(keys[0]),
	    "{credentials_file: /etc/kymo/token}");
}

static int
tls_config(struct kyi_yaml *yaml, void *to)
{
	static const struct kyi_config_key keys[] = {
		{ "ca_file", ca_file, false },
		{ "cert_file", cert_file, false },
		{ "key_file", key_file, false },
	};

	return kyi_config_mapping(yaml, to, keys,
	    sizeof(keys) / sizeof(keys[0]), "{ca_file: /etc/kymo/ca.pem}");
}

static int
timeout(struct kyi_yaml *yaml, void *to)
{
	struct reading *reading = to;

	return kyi_config_duration_ms(yaml, &reading->to->timeout_ms, "100ms",
	    "5m");
}

/* ---- the whole --------------------------------------------------------------------- */

static int
urls_make(struct kyi_yaml *yaml, struct reading *reading)
{
	struct kymo_config_alertmanager *to = reading->to;
	const char *prefix = reading->path_prefix ? reading->path_prefix : "";

	to->urls = calloc(reading->target_cnt + 1u, sizeof(to->urls[0]));
	if (to->urls == NULL)
		return kyi_yaml_error(yaml, "out of memory");
	for (uint32_t i = 0; i < reading->target_cnt; i++) {
		struct kymo_buffer url = {0};

		kymo_buffer_printf(&url, "%s://%s%s", reading->scheme ?
		    reading->scheme : "http", reading->targets[i], prefix);
		if (url.failed)
			return kyi_yaml_error(yaml, "out of memory");
		to->urls[to->url_cnt++] = url.at;
	}
	return 0;
}

static int
alertmanager_read(struct kyi_yaml *yaml, struct reading *reading)
{
	static const struct kyi_config_key keys[] = {
		{ "static_configs", static_configs, false },
		{ "scheme", scheme, false },
		{ "path_prefix", path_prefix, false },
		{ "api_version", api_version, false },
		{ "timeout", timeout, false },
		{ "basic_auth", basic_auth, false },
		{ "authorization", authorization, false },
		{ "tls_config", tls_config, false },
		{ "proxy_url", proxy_url, false },
	};
	struct kymo_config_place place = kyi_yaml_place(yaml);

	if (kyi_config_mapping(yaml, reading, keys,
	    sizeof(keys) / sizeof(keys[0]),
	    "{static_configs: [{targets: ['localhost:9093']}]}") != 0)
		return -1;
	if (reading->target_cnt == 0)
		return kyi_yaml_error_at(yaml, place, "this Alertmanager has "
		    "no target; write static_configs: [{targets: "
		    "['localhost:9093']}]");
	if (reading->target_cnt > ALERTMANAGER_MAX)
		return kyi_yaml_error_at(yaml, place, "more than %u targets; "
		    "of a cluster so many are enough", ALERTMANAGER_MAX);
	if ((reading->to->cert_file == NULL) != (reading->to->key_file == NULL))
		return kyi_yaml_error_at(yaml, place, "cert_file and key_file "
		    "come together; write both, or neither");
	if (reading->to->user != NULL && (reading->to->bearer != NULL ||
	    reading->to->bearer_file != NULL))
		return kyi_yaml_error_at(yaml, place, "basic_auth and "
		    "authorization; write one of them");
	return urls_make(yaml, reading);
}

static int
alertmanager_item(struct kyi_yaml *yaml, void *to)
{
	struct kymo_config *config = to;
	struct kymo_config_alertmanager *array;
	struct reading reading = {0};
	int status;

	array = kyi_config_longer(yaml, config->alertmanagers,
	    config->alertmanager_cnt, sizeof(array[0]));
	if (array == NULL)
		return -1;
	config->alertmanagers = array;
	reading.to = array + config->alertmanager_cnt++;
	status = alertmanager_read(yaml, &reading);
	reading_end(&reading);
	return status;
}

int
kyi_config_alertmanagers(struct kyi_yaml *yaml, void *to)
{
	return kyi_config_list(yaml, to, alertmanager_item, ALERTMANAGER_MAX);
}

void
kyi_config_alertmanagers_free(struct kymo_config *config)
{
	for (uint32_t i = 0; i < config->alertmanager_cnt; i++) {
		struct kymo_config_alertmanager *one =
		    &config->alertmanagers[i];

		for (uint32_t k = 0; k < one->url_cnt; k++)
			free(one->urls[k]);
		free(one->urls);
		free(one->user);
		free(one->password);
		free(one->password_file);
		free(one->bearer);
		free(one->bearer_file);
		free(one->ca_file);
		free(one->cert_file);
		free(one->key_file);
		free(one->proxy);
	}
	free(config->alertmanagers);
}
