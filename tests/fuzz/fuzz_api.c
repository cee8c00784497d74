/* SPDX-License-Identifier: MIT */
/* Requests to the API about alerts, as clients write them: the first line is
   METHOD PATH?QUERY, what is behind it the body. Each has an answer, which is
   JSON; what it changed can be told. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reader/notify/notify.h"
#include "reader/serve/api.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes);

#define NOW_MS INT64_C(1700438400000)

static const char config[] =
    "kymo: {}\n"
    "route:\n"
    "  receiver: team\n"
    "  routes:\n"
    "  - {matchers: [severity=page], receiver: pager}\n"
    "receivers:\n"
    "- name: team\n"
    "  webhook_configs: [{url: 'http://team'}]\n"
    "- name: pager\n"
    "  webhook_configs: [{url: 'http://s3cret@pager'}]\n"
    "inhibit_rules:\n"
    "- {source_matchers: [severity=page], target_matchers: [low=yes]}\n";

struct world {
	struct kymo_routing *routing;
	struct kymo_outbox *outbox;
	struct kymo_alerts *alerts;
};

static void
hear(void *of, const char *text)
{
	(void)of;
	(void)text;
	abort();
}

static int
notify(void *of, const struct kymo_notice *notice, struct kymo_error *error)
{
	(void)of;
	(void)notice;
	(void)error;
	return 0;
}

static int
use(void *of, kymo_serve_use *answer, void *to)
{
	struct world *world = of;
	const struct kymo_serve_alerting with = { .alerts = world->alerts,
	    .routing = world->routing, .outbox = world->outbox,
	    .now_ms = NOW_MS };

	answer(to, &with);
	return 0;
}

static void
pass(struct kymo_alerts *alerts)
{
	static const struct kymo_label all[3][3] = {
		{ { "alertname", "A" }, { "severity", "page" } },
		{ { "alertname", "B" }, { "low", "yes" } },
		{ { "alertname", "E\x01\"\\" }, { "x", "\xff<" } } };
	struct kymo_error error;

	kymo_alerts_begin(alerts);
	for (int i = 0; i < 3; i++) {
		struct kymo_labels *labels = kymo_labels_make(all[i], 2);
		const struct kymo_alert alert = { .labels = labels,
		    .state = KYMO_ALERT_FIRING, .value = 1,
		    .active_ms = NOW_MS - 60000, .fired_ms = NOW_MS - 60000 };

		if (kymo_alerts_add(alerts, &alert) != 0)
			abort();
		free(labels);
	}
	if (kymo_alerts_step(alerts, NOW_MS, &error) < 0)
		abort();
}

static void
world_make(struct world *world)
{
	const struct kymo_routing_faults faults = { hear, NULL, NULL };
	const struct kymo_outbox_options options = { .path = ":memory:" };
	struct kymo_error error;

	if (kymo_routing_parse(&world->routing, "f", config, strlen(config),
	    &faults) != 0 ||
	    kymo_outbox_open(&world->outbox, &options, &error) != 0)
		abort();
}

/* The path, and what is behind its question mark, for an answer. */
static void
ask(struct world *world, enum kyi_api_method method, const char *path,
    char *query, const char *body)
{
	const struct kyi_api_world with = { .alerting = use, .of = world,
	    .version = "v" };
	struct kyi_api api = { .world = &with, .body = body,
	    .plain = strncmp(path, KYI_API_V2_PREFIX,
	    strlen(KYI_API_V2_PREFIX)) == 0 };
	const char *id = strstr(path, "/silence/");
	json_t *json;

	if (!kyi_api_has(path))
		return;
	api.route = kyi_api_find(path, method);
	if (api.route == NULL || api.route->write != method)
		return;
	api.label = id == NULL ? NULL : id + strlen("/silence/");
	kyi_form_body(&api.form, query, strlen(query));
	kyi_api_answer(&api);
	if (api.status < 200 || api.out.failed)
		abort();
	json = json_loadb(api.out.at, api.out.len_bytes, JSON_DECODE_ANY, NULL);
	if (json == NULL && api.out.len_bytes > 0)
		abort();
	json_decref(json);
	kyi_api_free(&api);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes)
{
	static struct world world;
	static char none[] = "";
	struct kymo_alerts_options options = { .notify = notify };
	char *text = malloc(len_bytes + 1), *line, *path, *query;
	struct kymo_error error;

	if (world.routing == NULL)
		world_make(&world);
	options.routing = world.routing;
	if (text == NULL || kymo_alerts_new(&world.alerts, &options, &error) != 0)
		abort();
	memcpy(text, bytes, len_bytes);
	text[len_bytes] = '\0';
	line = strchr(text, '\n');
	if (line != NULL)
		*line++ = '\0';
	path = strchr(text, ' ');
	pass(world.alerts);
	if (path != NULL) {
		*path++ = '\0';
		query = strchr(path, '?');
		if (query != NULL)
			*query++ = '\0';
		ask(&world, *text == 'P' ? KYI_API_POST : *text == 'D' ?
		    KYI_API_DELETE : KYI_API_READ, path,
		    query == NULL ? none : query, line);
		pass(world.alerts);
		for (int i = 0; i < 2; i++) {
			char empty[1] = "";

			ask(&world, KYI_API_READ, i == 0 ? "/api/v2/silences" :
			    "/api/v2/alerts", empty, NULL);
		}
	}
	kymo_alerts_delete(world.alerts);
	free(text);
	return 0;
}
