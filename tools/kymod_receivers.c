/* SPDX-License-Identifier: MIT */
/* Receivers: what a routing file says of a way, in Alertmanager's words, as a
   notifier wants it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tools/kymod_receivers.h"
#include "tools/kymod_receivers_way.h"

/* ---- texts ------------------------------------------------------------------------- */

/* key of the way; else other of global, where that is not NULL. */
static const char *
text_of(const struct kyi_way *way, const char *key, const char *other)
{
	const char *text = kymo_integration_get(way->of, key);

	if (!text && other)
		text = kymo_routing_global(way->routing, other);
	return text;
}

/* The path of a file, put behind the folder of the routing file. */
static const char *
file_of(const struct kyi_way *way, const char *text)
{
	const char *slash = strrchr(way->path, '/');
	char *path;

	if (!text || *text == '/' || !slash)
		return text;
	if (asprintf(&path, "%.*s/%s", (int)(slash - way->path), way->path,
		text) < 0)
		path = NULL;
	return kyi_receivers_keep(way->receivers, path);
}

/* key, or the file that key_file names. */
static struct kymo_secret
secret_of(const struct kyi_way *way, const char *key, const char *other)
{
	struct kymo_secret secret = {NULL, NULL};
	char key_file[80], other_file[80];
	const char *text;

	snprintf(key_file, sizeof(key_file), "%s_file", key);
	snprintf(other_file, sizeof(other_file), "%s_file", other ? other : "");
	if ((text = kymo_integration_get(way->of, key)) != NULL)
		secret.file = kyi_receivers_memory_file(way->receivers, text);
	else if ((text = kymo_integration_get(way->of, key_file)) != NULL)
		secret.file = file_of(way, text);
	else if (other && (text = kymo_routing_global(way->routing, other)))
		secret.file = kyi_receivers_memory_file(way->receivers, text);
	else if (other && (text = kymo_routing_global(way->routing,
		other_file)) != NULL)
		secret.file = file_of(way, text);
	return secret;
}

static bool
yes(const char *text)
{
	return text && (strcasecmp(text, "true") == 0 ||
	    strcasecmp(text, "yes") == 0 || strcasecmp(text, "on") == 0 ||
	    strcasecmp(text, "y") == 0);
}

/* ---- what is not there ---------------------------------------------------------------- */

/* Whether a key is there, as a text, a list or a map. */
static bool
has(const struct kyi_way *way, const char *key)
{
	uint32_t line, column, of_line, of_column;

	kymo_integration_place(way->of, key, &line, &column);
	kymo_integration_place(way->of, "", &of_line, &of_column);
	return line != of_line || column != of_column ||
	    kymo_integration_get(way->of, key);
}

static void
idle_say(const struct kyi_way *way, const char *key)
{
	char place[400], text[800];

	if (!has(way, key) || !way->faults->warn)
		return;
	kyi_way_place(way, key, place);
	snprintf(text, sizeof(text), "%s: %s of receiver %.200s does nothing "
	    "here; leave it out", place, key, way->of->receiver);
	way->faults->warn(way->faults->of, text);
}

static void
idles_say(const struct kyi_way *way, const char *const *keys, size_t cnt)
{
	for (size_t i = 0; i < cnt; i++)
		idle_say(way, keys[i]);
}

/* What cannot be left out without sending something else, or to somebody else,
   is an error. */
static int
refuse(const struct kyi_way *way, const char *key, const char *instead,
    struct kymo_error *error)
{
	char place[400];

	kyi_way_place(way, key, place);
	return kymo_error_set(error, "%s: %s of receiver %.200s is not one of "
	    "kymo's: %s", place, key, way->of->receiver, instead);
}

static int
tls_check(const struct kyi_way *way, const char *tls, struct kymo_error *error)
{
	static const char *const keys[][2] = {{"ca", "write ca_file"},
	    {"cert", "write cert_file"}, {"key", "write key_file"},
	    {"server_name", "write the URL with that name"},
	    {"insecure_skip_verify", "name the server's authority in ca_file"}};
	char key[80];

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const char *text;

		snprintf(key, sizeof(key), "%s.%s", tls, keys[i][0]);
		text = kymo_integration_get(way->of, key);
		if (text && (strcmp(keys[i][0], "insecure_skip_verify") != 0 ||
		    yes(text)))
			return refuse(way, key, keys[i][1], error);
	}
	return 0;
}

/* ---- headers ----------------------------------------------------------------------------- */

struct headers {
	const struct kyi_way *way;
	struct kymo_receiver *receiver;
	struct kymo_label *at;
	const char *key, *list; /* whose values are gone through */
	struct kymo_error *error;
};

static int
header_add(struct headers *headers, const char *key, const char *value)
{
	struct kymo_receiver *receiver = headers->receiver;
	struct kymo_label *more = reallocarray(headers->at,
	    receiver->header_cnt + 1u, sizeof(more[0]));

	if (!more)
		return kymo_error_set(headers->error, "out of memory");
	headers->at = more;
	more[receiver->header_cnt++] = (struct kymo_label){key, value};
	return 0;
}

/* A mail's: {Reply-To: ops@example.org}. */
static int
mail_header(void *to, const char *key, const char *text)
{
	struct headers *headers = to;
	char path[120];

	if (text)
		return header_add(headers, key, text);
	snprintf(path, sizeof(path), "headers.%.100s", key);
	return refuse(headers->way, path, "write a text", headers->error);
}

static int
http_value(void *to, const char *key, const char *text)
{
	struct headers *headers = to;

	return text ? header_add(headers, headers->key, text) :
	    refuse(headers->way, headers->list, "write texts",
	    headers->error);
}

/* A request's, as Alertmanager has them: {X-Team: {values: [a, b]}}. */
static int
http_header(void *to, const char *key, const char *text)
{
	static const char *const lists[] = {"values", "secrets"};
	struct headers *headers = to;
	char path[200];

	headers->key = key;
	headers->list = path;
	for (size_t i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "http_config.http_headers.%.100s.%s",
		    key, lists[i]);
		if (kymo_integration_each(headers->way->of, path, http_value,
			headers) != 0)
			return -1;
	}
	snprintf(path, sizeof(path), "http_config.http_headers.%.100s.files",
	    key);
	return has(headers->way, path) || text ? refuse(headers->way, path,
	    "write values: [..]", headers->error) : 0;
}

static int
headers_take(const struct kyi_way *way, struct kymo_receiver *receiver,
    const char *path, int (*each)(void *to, const char *key, const char *text),
    struct kymo_error *error)
{
	struct headers headers = {way, receiver, NULL, NULL, NULL, error};
	int result = kymo_integration_each(way->of, path, each, &headers);

	if (headers.at)
		receiver->headers = kyi_receivers_keep(way->receivers,
		    headers.at);
	if (!receiver->headers)
		receiver->header_cnt = 0;
	return result;
}

/* ---- ways ------------------------------------------------------------------------------- */

static void
tls_take(const struct kyi_way *way, struct kymo_receiver *receiver,
    const char *tls, const char *global)
{
	const char **to[] = {&receiver->ca_file, &receiver->cert_file,
	    &receiver->key_file};
	static const char *const keys[] = {"ca_file", "cert_file", "key_file"};
	char key[80], other[80];

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		snprintf(key, sizeof(key), "%s.%s", tls, keys[i]);
		snprintf(other, sizeof(other), "%s.%s", global, keys[i]);
		*to[i] = file_of(way, text_of(way, key, other));
	}
}

static int
authorization_take(const struct kyi_way *way, struct kymo_receiver *receiver,
    struct kymo_error *error)
{
	const char *type = text_of(way, "http_config.authorization.type",
	    "http_config.authorization.type");

	if (type && strcasecmp(type, "Bearer") != 0)
		return refuse(way, "http_config.authorization.type", "it is "
		    "Bearer, or write basic_auth", error);
	receiver->user = text_of(way, "http_config.basic_auth.username",
	    "http_config.basic_auth.username");
	receiver->password = secret_of(way, "http_config.basic_auth.password",
	    "http_config.basic_auth.password");
	receiver->bearer = secret_of(way,
	    "http_config.authorization.credentials",
	    "http_config.authorization.credentials");
	if (!receiver->bearer.file)
		receiver->bearer = secret_of(way, "http_config.bearer_token",
		    "http_config.bearer_token");
	return 0;
}

static int
http_take(const struct kyi_way *way, struct kymo_receiver *receiver,
    struct kymo_error *error)
{
	static const char *const idle[] = {"http_config.no_proxy",
	    "http_config.proxy_from_environment",
	    "http_config.basic_auth.username_file",
	    "http_config.proxy_connect_header",
	    "http_config.tls_config.min_version",
	    "http_config.tls_config.max_version"};
	const char *timeout = kymo_integration_get(way->of, "timeout");
	uint64_t ns = 0;

	idles_say(way, idle, sizeof(idle) / sizeof(idle[0]));
	receiver->proxy = text_of(way, "http_config.proxy_url",
	    "http_config.proxy_url");
	tls_take(way, receiver, "http_config.tls_config",
	    "http_config.tls_config");
	if (timeout && kymo_duration_parse(&ns, timeout, error) != 0)
		return refuse(way, "timeout", "write it as 10s", error);
	receiver->timeout_ms = (int64_t)(ns / 1000000);
	if (authorization_take(way, receiver, error) != 0 ||
	    headers_take(way, receiver, "http_config.http_headers",
		http_header, error) != 0)
		return -1;
	return tls_check(way, "http_config.tls_config", error);
}

static int
webhook_take(const struct kyi_way *way, struct kymo_receiver *receiver,
    struct kymo_error *error)
{
	const char *max = kymo_integration_get(way->of, "max_alerts");

	receiver->kind = KYMO_RECEIVER_WEBHOOK;
	receiver->url = kymo_integration_get(way->of, "url");
	receiver->url_secret.file = file_of(way,
	    kymo_integration_get(way->of, "url_file"));
	receiver->signing.file = file_of(way,
	    kymo_integration_get(way->of, "kymo.signing_secret_file"));
	receiver->body = kymo_integration_get(way->of, "kymo.body");
	if (max && (*max == '\0' || strspn(max, "0123456789") != strlen(max) ||
	    strlen(max) > 6))
		return refuse(way, "max_alerts", "write a number, as 50",
		    error);
	receiver->alerts_max = max ? (uint32_t)strtoul(max, NULL, 10) : 0;
	if (has(way, "payload"))
		return refuse(way, "payload", "write a template, kymo: "
		    "{body: ..}", error);
	return http_take(way, receiver, error);
}

static int
slack_take(const struct kyi_way *way, struct kymo_receiver *receiver,
    struct kymo_error *error)
{
	static const char *const idle[] = {"link_names", "app_url"};
	static const char *const app[] = {"app_token", "app_token_file"};

	receiver->kind = KYMO_RECEIVER_SLACK;
	idles_say(way, idle, sizeof(idle) / sizeof(idle[0]));
	for (size_t i = 0; i < 2; i++)
		if (kymo_integration_get(way->of, app[i]))
			return refuse(way, app[i], "use an incoming webhook, "
			    "api_url or api_url_file", error);
	if (kyi_way_words(way, receiver, error) != 0)
		return -1;
	receiver->url_secret = secret_of(way, "api_url", "slack_api_url");
	return http_take(way, receiver, error);
}

/* "a@example.org, B <b@example.org>" */
static int
addresses_take(const struct kyi_way *way, struct kymo_receiver *receiver,
    struct kymo_error *error)
{
	const char *text = kymo_integration_get(way->of, "to");
	char *copy, *address, *rest = NULL;
	const char **to = NULL, **more;
	uint32_t cnt = 0;

	if (!text)
		return refuse(way, "to", "write addresses with commas between "
		    "them", error);
	copy = kyi_receivers_keep(way->receivers, strdup(text));
	for (address = copy ? strtok_r(copy, ",", &rest) : NULL; address;
	    address = strtok_r(NULL, ",", &rest)) {
		address += strspn(address, " \t");
		for (size_t len = strlen(address); len > 0 && strchr(" \t\r\n",
		    address[len - 1]) != NULL; len--)
			address[len - 1] = '\0';
		more = reallocarray(to, cnt + 1u, sizeof(to[0]));
		if (!more) {
			way->receivers->failed = true;
			break;
		}
		to = more;
		to[cnt++] = address;
	}
	if (to)
		receiver->to = kyi_receivers_keep(way->receivers, to);
	receiver->to_cnt = receiver->to ? cnt : 0;
	return 0;
}

static int
email_take(const struct kyi_way *way, struct kymo_receiver *receiver,
    struct kymo_error *error)
{
	static const char *const idle[] = {"auth_identity",
	    "auth_secret", "auth_secret_file", "threading",
	    "tls_config.min_version", "tls_config.max_version"};
	const char *tls, *implicit, *port;

	receiver->kind = KYMO_RECEIVER_EMAIL;
	idles_say(way, idle, sizeof(idle) / sizeof(idle[0]));
	if (kyi_way_words(way, receiver, error) != 0)
		return -1;
	receiver->smarthost = text_of(way, "smarthost", "smtp_smarthost");
	receiver->from = text_of(way, "from", "smtp_from");
	receiver->hello = text_of(way, "hello", "smtp_hello");
	receiver->user = text_of(way, "auth_username", "smtp_auth_username");
	receiver->password = secret_of(way, "auth_password",
	    "smtp_auth_password");
	tls = text_of(way, "require_tls", "smtp_require_tls");
	implicit = text_of(way, "force_implicit_tls",
	    "smtp_force_implicit_tls");
	port = receiver->smarthost ? strrchr(receiver->smarthost, ':') : NULL;
	receiver->mail_tls = yes(implicit) || (!implicit && port &&
	    strcmp(port, ":465") == 0) ? KYMO_MAIL_TLS_ONLY :
	    tls && !yes(tls) ? KYMO_MAIL_PLAIN : KYMO_MAIL_STARTTLS;
	tls_take(way, receiver, "tls_config", "smtp_tls_config");
	if (addresses_take(way, receiver, error) != 0 ||
	    headers_take(way, receiver, "headers", mail_header, error) != 0)
		return -1;
	return tls_check(way, "tls_config", error);
}

int
kyi_receivers_make(struct kyi_receivers *receivers,
    const struct kymo_routing *routing, const char *path,
    const struct kymo_routing_faults *faults, struct kymo_error *error)
{
	struct kyi_way way = {receivers, routing, NULL, path, faults};
	const struct kymo_integration *ways;
	int result = 0;

	memset(receivers, 0, sizeof(*receivers));
	if (kyi_receivers_templates(&receivers->templates, routing, path,
		faults, error) != 0)
		return -1;
	ways = kymo_routing_integrations(routing, &receivers->cnt);
	receivers->at = calloc(receivers->cnt + 1u, sizeof(receivers->at[0]));
	if (!receivers->at)
		return kymo_error_set(error, "out of memory");
	for (uint32_t i = 0; i < receivers->cnt && result == 0; i++) {
		struct kymo_receiver *receiver = &receivers->at[i];

		way.of = &ways[i];
		receiver->name = ways[i].name;
		receiver->templates = receivers->templates;
		/* Whoever writes this file says where to, as with curl. */
		receiver->private_ok = true;
		result = ways[i].kind == KYMO_INTEGRATION_WEBHOOK ?
		    webhook_take(&way, receiver, error) :
		    ways[i].kind == KYMO_INTEGRATION_SLACK ?
		    slack_take(&way, receiver, error) :
		    email_take(&way, receiver, error);
	}
	if (result == 0 && receivers->failed)
		return kymo_error_set(error, "no memory for receivers");
	return result;
}
