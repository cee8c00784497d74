/* SPDX-License-Identifier: MIT */
/* Receivers: what a routing file says of a way, in Alertmanager's words, as a
   notifier wants it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tools/kymod_alerting.h"

/* A way that is looked at. */
struct way {
	struct kyi_receivers *receivers;
	const struct kymo_routing *routing;
	const struct kymo_integration *of;
	const char *path; /* of the file */
	const struct kymo_routing_faults *faults;
};

/* ---- texts ------------------------------------------------------------------------- */

static void *
keep(struct kyi_receivers *receivers, void *memory)
{
	void **more = reallocarray(receivers->kept, receivers->kept_cnt + 1u,
	    sizeof(more[0]));

	if (more)
		receivers->kept = more;
	if (!memory || !more) {
		receivers->failed = true;
		free(memory);
		return NULL;
	}
	more[receivers->kept_cnt++] = memory;
	return memory;
}

/* key of the way; else other of global, where that is not NULL. */
static const char *
text_of(const struct way *way, const char *key, const char *other)
{
	const char *text = kymo_integration_get(way->of, key);

	if (!text && other)
		text = kymo_routing_global(way->routing, other);
	return text;
}

/* The path of a file, put behind the folder of the routing file. */
static const char *
file_of(const struct way *way, const char *text)
{
	const char *slash = strrchr(way->path, '/');
	char *path;

	if (!text || *text == '/' || !slash)
		return text;
	if (asprintf(&path, "%.*s/%s", (int)(slash - way->path), way->path,
		text) < 0)
		path = NULL;
	return keep(way->receivers, path);
}

/* A notifier reads secrets from files. */
static const char *
memory_file(struct kyi_receivers *receivers, const char *text)
{
	size_t len_bytes = strlen(text);
	int *more = reallocarray(receivers->fds, receivers->fd_cnt + 1u,
	    sizeof(more[0]));
	char *path;
	int fd;

	if (more)
		receivers->fds = more;
	fd = more ? memfd_create("kymod-secret", MFD_CLOEXEC) : -1;
	if (fd < 0) {
		receivers->failed = true;
		return NULL;
	}
	more[receivers->fd_cnt++] = fd;
	if (write(fd, text, len_bytes) != (ssize_t)len_bytes ||
	    asprintf(&path, "/proc/self/fd/%d", fd) < 0)
		path = NULL;
	return keep(receivers, path);
}

/* key, or the file that key_file names. */
static struct kymo_secret
secret_of(const struct way *way, const char *key, const char *other)
{
	struct kymo_secret secret = {NULL, NULL};
	char key_file[80], other_file[80];
	const char *text;

	snprintf(key_file, sizeof(key_file), "%s_file", key);
	snprintf(other_file, sizeof(other_file), "%s_file", other ? other : "");
	if ((text = kymo_integration_get(way->of, key)) != NULL)
		secret.file = memory_file(way->receivers, text);
	else if ((text = kymo_integration_get(way->of, key_file)) != NULL)
		secret.file = file_of(way, text);
	else if (other && (text = kymo_routing_global(way->routing, other)))
		secret.file = memory_file(way->receivers, text);
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

static void
idle_say(const struct way *way, const char *key)
{
	char text[600];

	if (!kymo_integration_get(way->of, key) || !way->faults->warn)
		return;
	snprintf(text, sizeof(text), "%s:%u: %s of receiver %.200s does "
	    "nothing here", way->path, way->of->line, key, way->of->receiver);
	way->faults->warn(way->faults->of, text);
}

static void
idles_say(const struct way *way, const char *const *keys, size_t cnt)
{
	for (size_t i = 0; i < cnt; i++)
		idle_say(way, keys[i]);
}

/* What cannot be left out without sending something else, or to somebody else,
   is an error. */
static int
refuse(const struct way *way, const char *key, const char *instead,
    struct kymo_error *error)
{
	return kymo_error_set(error, "%s:%u: %s of receiver %.200s is not one of "
	    "kymo's: %s", way->path, way->of->line, key, way->of->receiver,
	    instead);
}

static int
tls_check(const struct way *way, const char *tls, struct kymo_error *error)
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

/* ---- ways ------------------------------------------------------------------------------- */

static void
tls_take(const struct way *way, struct kymo_receiver *receiver,
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
authorization_take(const struct way *way, struct kymo_receiver *receiver,
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
http_take(const struct way *way, struct kymo_receiver *receiver,
    struct kymo_error *error)
{
	static const char *const idle[] = {"http_config.no_proxy",
	    "http_config.proxy_from_environment",
	    "http_config.basic_auth.username_file"};
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
	if (authorization_take(way, receiver, error) != 0)
		return -1;
	return tls_check(way, "http_config.tls_config", error);
}

static int
webhook_take(const struct way *way, struct kymo_receiver *receiver,
    struct kymo_error *error)
{
	receiver->kind = KYMO_RECEIVER_WEBHOOK;
	receiver->url = kymo_integration_get(way->of, "url");
	receiver->url_secret.file = file_of(way,
	    kymo_integration_get(way->of, "url_file"));
	receiver->signing.file = file_of(way,
	    kymo_integration_get(way->of, "kymo.signing_secret_file"));
	idle_say(way, "max_alerts");
	if (kymo_integration_get(way->of, "payload"))
		return refuse(way, "payload", "the body is Alertmanager's",
		    error);
	return http_take(way, receiver, error);
}

static int
slack_take(const struct way *way, struct kymo_receiver *receiver,
    struct kymo_error *error)
{
	/* A webhook of Slack has its channel, and the text is ours. */
	static const char *const idle[] = {"channel", "username", "color",
	    "title", "title_link", "pretext", "text", "footer", "fallback",
	    "icon_emoji", "icon_url", "image_url", "thumb_url", "message_text"};
	static const char *const app[] = {"app_token", "app_token_file"};

	receiver->kind = KYMO_RECEIVER_SLACK;
	idles_say(way, idle, sizeof(idle) / sizeof(idle[0]));
	for (size_t i = 0; i < 2; i++)
		if (kymo_integration_get(way->of, app[i]))
			return refuse(way, app[i], "use an incoming webhook, "
			    "api_url or api_url_file", error);
	receiver->url_secret = secret_of(way, "api_url", "slack_api_url");
	return http_take(way, receiver, error);
}

/* "a@example.org, B <b@example.org>" */
static int
addresses_take(const struct way *way, struct kymo_receiver *receiver,
    struct kymo_error *error)
{
	const char *text = kymo_integration_get(way->of, "to");
	char *copy, *address, *rest = NULL;
	const char **to = NULL, **more;
	uint32_t cnt = 0;

	if (!text)
		return refuse(way, "to", "write addresses with commas between "
		    "them", error);
	copy = keep(way->receivers, strdup(text));
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
		receiver->to = keep(way->receivers, to);
	receiver->to_cnt = receiver->to ? cnt : 0;
	return 0;
}

static int
email_take(const struct way *way, struct kymo_receiver *receiver,
    struct kymo_error *error)
{
	static const char *const idle[] = {"html", "text", "auth_identity",
	    "auth_secret", "auth_secret_file", "threading"};
	const char *tls, *implicit, *port;

	receiver->kind = KYMO_RECEIVER_EMAIL;
	idles_say(way, idle, sizeof(idle) / sizeof(idle[0]));
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
	if (addresses_take(way, receiver, error) != 0)
		return -1;
	return tls_check(way, "tls_config", error);
}

int
kyi_receivers_make(struct kyi_receivers *receivers,
    const struct kymo_routing *routing, const char *path,
    const struct kymo_routing_faults *faults, struct kymo_error *error)
{
	struct way way = {receivers, routing, NULL, path, faults};
	const struct kymo_integration *ways;
	int result = 0;

	memset(receivers, 0, sizeof(*receivers));
	ways = kymo_routing_integrations(routing, &receivers->cnt);
	receivers->at = calloc(receivers->cnt + 1u, sizeof(receivers->at[0]));
	if (!receivers->at)
		return kymo_error_set(error, "out of memory");
	for (uint32_t i = 0; i < receivers->cnt && result == 0; i++) {
		struct kymo_receiver *receiver = &receivers->at[i];

		way.of = &ways[i];
		receiver->name = ways[i].name;
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

void
kyi_receivers_free(struct kyi_receivers *receivers)
{
	for (uint32_t i = 0; i < receivers->kept_cnt; i++)
		free(receivers->kept[i]);
	for (uint32_t i = 0; i < receivers->fd_cnt; i++)
		close(receivers->fds[i]);
	free(receivers->kept);
	free(receivers->fds);
	free(receivers->at);
	memset(receivers, 0, sizeof(*receivers));
}
