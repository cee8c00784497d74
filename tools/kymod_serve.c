/* SPDX-License-Identifier: MIT */
/* The server: what it asks us, and what settings make of it. */
#include "tools/kymod_health.h"
#include "tools/kymod_profile.h"

#include <stdio.h>
#include <string.h>

/* ---- the server's questions -------------------------------------------------------- */

static int
rules_status(void *of, int (*each)(void *to,
    const struct kymo_rule_status *status), void *to)
{
	struct kyi_kymod *kymod = of;

	return kyi_rules_status(kymod->rules, each, to);
}

static int
anomalies(void *of, int (*told)(void *to,
    const struct kymo_anomalies *anomalies), void *to)
{
	struct kyi_kymod *kymod = of;

	return kyi_detection_told(kymod->detection, told, to);
}

static int
health_status(void *of, int (*each)(void *to,
    const struct kymo_care_status *status), void *to)
{
	struct kyi_kymod *kymod = of;

	return kyi_health_status(kymod->health, each, to);
}

static int
reload_ask(void *of, bool (*over)(void *at), void *at, struct kymo_error *error)
{
	struct kyi_kymod *kymod = of;

	return kyi_ask_reload(kymod->ask, over, at, error);
}

static int
alerting_use(void *of, kymo_serve_use *use, void *to)
{
	struct kyi_kymod *kymod = of;

	return kyi_alerting_use(kymod->alerting, use, to);
}

static int
profile(void *of, const char *id, bool folded, struct kymo_buffer *out)
{
	struct kyi_kymod *kymod = of;

	return kyi_profiles_read(kymod->profiles, id, folded, out);
}

static void
profile_said(void *of, const struct kymo_labels *labels, int64_t starts_ms,
    const char *external_url, struct kymo_serve_profile *said)
{
	struct kyi_kymod *kymod = of;

	kyi_profiles_say(kymod->profiles, labels, starts_ms, external_url,
	    said);
}

static struct kymo_serve_options
options_of(struct kyi_kymod *kymod, const struct kyi_settings *settings)
{
	const struct kymo_config_query *query = &settings->config->query;

	return (struct kymo_serve_options){
		.listen = settings->listen, .listen_cnt = settings->listen_cnt,
		.model = kymod->model, .stale_ns = kyi_stale_ns(settings),
		.version = PACKAGE_VERSION,
		.hosts = (const char *const *)settings->config->hosts,
		.host_cnt = settings->config->host_cnt,
		.history = kyi_history_of(kymod->history),
		.query = kyi_settings_query(settings),
		.query_timeout_ms = query->timeout_ms,
		.query_max = query->concurrency,
		.query_queue_max = query->queue_max,
		.rules = rules_status, .health = health_status,
		.rule_interval_ms = (int64_t)(settings->evaluation_interval_ns /
		    1000000),
		.anomalies = anomalies,
		.reload = reload_ask, .alerting = alerting_use,
		.changes = settings->config->alerting_changes,
		.profile = profile, .profile_said = profile_said,
		.profile_readers = settings->config->profiles.readers,
		.of = kymod
	};
}

struct kymo_serve *
kyi_kymod_serve(struct kyi_kymod *kymod, const struct kyi_settings *settings,
    struct kymo_error *error)
{
	struct kymo_serve_options options = options_of(kymod, settings);

	return kymo_serve_new(&options, error);
}

struct kymo_serve_change *
kyi_kymod_serve_change(struct kyi_kymod *kymod,
    const struct kyi_settings *settings, struct kymo_error *error)
{
	struct kymo_serve_options options = options_of(kymod, settings);

	return kymo_serve_change_new(kymod->serve, &options, error);
}

uint64_t
kyi_stale_ns(const struct kyi_settings *settings)
{
	uint64_t three_ns = settings->scan_interval_ns * 3;

	return three_ns > 10000000000u ? three_ns : 10000000000u;
}

void
kyi_url(char url[96], const struct kymo_listen *listen)
{
	bool v6 = strchr(listen->host, ':') != NULL;

	snprintf(url, 96, "http://%s%s%s:%u", v6 ? "[" : "", listen->host,
	    v6 ? "]" : "", listen->port);
}

void
kyi_kymod_listening(const struct kyi_settings *settings)
{
	char url[96];

	for (uint32_t i = 0; i < settings->listen_cnt; i++) {
		kyi_url(url, &settings->listen[i]);
		kyi_log(KYMO_LOG_INFO, "listening on %s/metrics", url);
	}
	if (!settings->listen_cnt)
		kyi_log(KYMO_LOG_INFO, "listening nowhere (listen: none)");
}

bool
kyi_same_listen(const struct kyi_settings *a, const struct kyi_settings *b)
{
	if (a->listen_cnt != b->listen_cnt)
		return false;
	for (uint32_t i = 0; i < a->listen_cnt; i++)
		if (strcmp(a->listen[i].host, b->listen[i].host) != 0 ||
		    a->listen[i].port != b->listen[i].port)
			return false;
	return true;
}
