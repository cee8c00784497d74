/* SPDX-License-Identifier: MIT */
/* What answers about alerts share, and those that are about the routing:
   Alertmanager's API, version 2, and ours for what it has not. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "reader/export/json.h"
#include "reader/serve/api.h"
#include "reader/serve/param.h"
#include "reader/serve/places.h"

/* ---- asking ------------------------------------------------------------ */

struct asking {
	struct kyi_alerting *alerting;
	void (*look)(struct kyi_alerting *alerting);
};

static void
use(void *to, const struct kymo_serve_alerting *with)
{
	struct asking *asking = to;
	struct kyi_alerting *alerting = asking->alerting;

	if (alerting->now_ms == 0)
		alerting->now_ms = with->now_ms;
	alerting->with = with;
	if (with->changed != NULL &&
	    alerting->api->route->write != KYI_API_READ)
		*with->changed = true;
	asking->look(alerting);
	alerting->with = NULL;
}

/* false: the answer is what is wrong with one. */
static bool
filters_read(struct kyi_alerting *alerting)
{
	struct kyi_api *api = alerting->api;
	struct kymo_error error = { "" };
	const char *text;
	uint32_t i = 0;

	while ((text = kyi_form_next(&api->form, "filter", &i)) != NULL) {
		if (alerting->filter_cnt == KYI_FILTER_MAX) {
			kyi_api_wrong(api, "filter", "more than %u of them",
			    KYI_FILTER_MAX);
			return false;
		}
		alerting->filters[alerting->filter_cnt] =
		    kymo_matcher_list_new(text, &error);
		if (alerting->filters[alerting->filter_cnt] == NULL) {
			kyi_api_wrong(api, "filter", "%s", error.text);
			return false;
		}
		alerting->filter_cnt++;
	}
	return true;
}

bool
kyi_alerting_begin(struct kyi_alerting *alerting, struct kyi_api *api)
{
	*alerting = (struct kyi_alerting){ .api = api };
	return filters_read(alerting);
}

void
kyi_alerting_end(struct kyi_alerting *alerting)
{
	uint32_t i;

	for (i = 0; i < alerting->filter_cnt; i++)
		kymo_matcher_list_delete(alerting->filters[i]);
}

/* Whether nobody waits for more: that is the answer then. */
static bool
is_over(struct kyi_api *api)
{
	if (api->route->write == KYI_API_READ && api->gone != NULL &&
	    api->gone(api->of))
		kyi_api_fail(api, KYI_API_CANCELED, "nobody waits for the "
		    "answer any more");
	else if (api->until_ns != 0 && kyi_serve_now_ns() > api->until_ns)
		kyi_api_fail(api, KYI_API_TIMEOUT, "there was no time for all "
		    "alerts; choose by filter=");
	else
		return false;
	return true;
}

bool
kyi_alerting_look(struct kyi_alerting *alerting,
    void (*look)(struct kyi_alerting *alerting))
{
	struct kyi_api *api = alerting->api;
	const struct kyi_api_world *world = api->world;
	struct asking asking = { alerting, look };
	int result;

	/* What is to be changed is changed, whoever waits. */
	if (alerting->now_ms != 0 && is_over(api))
		return false;
	result = world->alerting == NULL ? -1 :
	    world->alerting(world->of, use, &asking);
	if (result > 0)
		kyi_api_fail(api, KYI_API_UNAVAILABLE, "alerts are busy, as "
		    "with a reload or a slow disk; try again");
	else if (result < 0)
		kyi_api_fail(api, KYI_API_UNAVAILABLE, "kymod notifies nobody: "
		    "its configuration names no routes; alerting: {routes: "
		    "FILE} would (kymo query ALERTS shows what fires)");
	return result == 0;
}

void
kyi_alerting_answer(struct kyi_api *api,
    void (*answer)(struct kyi_alerting *alerting))
{
	struct kyi_alerting alerting;

	if (kyi_alerting_begin(&alerting, api))
		(void)kyi_alerting_look(&alerting, answer);
	kyi_alerting_end(&alerting);
}

void
kyi_alerting_time(struct kymo_buffer *out, const char *key, int64_t ms)
{
	kyi_json_key(out, key);
	kymo_buffer_char(out, '"');
	kyi_rfc3339(out, ms);
	kymo_buffer_char(out, '"');
}

/* ---- status ------------------------------------------------------------ */

static void
status(struct kyi_alerting *alerting)
{
	struct kyi_api *api = alerting->api;
	struct kymo_buffer text = { 0 }, *out = &api->out;

	kymo_routing_print(alerting->with->routing, &text);
	api->status = 200;
	kymo_buffer_str(out, "{\"cluster\":{\"status\":\"disabled\","
	    "\"peers\":[]},\"config\":{");
	if (text.failed)
		out->failed = true;
	else
		kyi_json_member_str(out, "original", text.at);
	kymo_buffer_char(out, '}');
	kyi_alerting_time(out, "uptime", alerting->with->now_ms -
	    (int64_t)((kyi_serve_now_ns() - api->world->begin_ns) / 1000000));
	kymo_buffer_str(out, ",\"versionInfo\":{\"branch\":\"\","
	    "\"buildDate\":\"\",\"buildUser\":\"\",\"goVersion\":\"\"");
	kyi_json_member_str(out, "revision", api->world->revision);
	kyi_json_member_str(out, "version", api->world->version);
	kymo_buffer_str(out, "}}");
	kymo_buffer_free(&text);
}

void
kyi_api_v2_status(struct kyi_api *api)
{
	kyi_alerting_answer(api, status);
}

static void
receivers(struct kyi_alerting *alerting)
{
	struct kymo_buffer *out = &alerting->api->out;
	const struct kymo_integration *at;
	const char *last = NULL;
	uint32_t cnt, i;

	at = kymo_routing_integrations(alerting->with->routing, &cnt);
	alerting->api->status = 200;
	kymo_buffer_char(out, '[');
	for (i = 0; i < cnt; i++) {
		/* Ways of a receiver are beside one another. */
		if (last != NULL && strcmp(last, at[i].receiver) == 0)
			continue;
		kymo_buffer_str(out, last == NULL ? "{" : ",{");
		last = at[i].receiver;
		kyi_json_member_str(out, "name", last);
		kymo_buffer_char(out, '}');
	}
	kymo_buffer_char(out, ']');
}

void
kyi_api_v2_receivers(struct kyi_api *api)
{
	kyi_alerting_answer(api, receivers);
}

/* ---- tables ------------------------------------------------------------ */

static const struct kyi_api_route v2[] = {
	{ "alerts", kyi_api_v2_alerts, KYI_API_LIGHT, false, false,
	    KYI_API_READ },
	{ "alerts/groups", kyi_api_v2_groups, KYI_API_LIGHT, false, false,
	    KYI_API_READ },
	{ "silences", kyi_api_v2_silences, KYI_API_LIGHT, false, false,
	    KYI_API_READ },
	{ "silences", kyi_api_v2_silence_post, KYI_API_LIGHT, false, false,
	    KYI_API_POST },
	{ "silence/", kyi_api_v2_silence, KYI_API_LIGHT, false, false,
	    KYI_API_READ },
	{ "silence/", kyi_api_v2_silence_end, KYI_API_LIGHT, false, false,
	    KYI_API_DELETE },
	{ "status", kyi_api_v2_status, KYI_API_LIGHT, false, false,
	    KYI_API_READ },
	{ "receivers", kyi_api_v2_receivers, KYI_API_LIGHT, false, false,
	    KYI_API_READ },
};
const struct kyi_api_routes kyi_api_v2_routes = { v2,
	sizeof(v2) / sizeof(v2[0]) };

static const struct kyi_api_route ours[] = {
	{ "alerting/alerts", kyi_api_why, KYI_API_LIGHT, false, false,
	    KYI_API_READ },
	{ "alerting/ack", kyi_api_ack, KYI_API_LIGHT, false, false,
	    KYI_API_POST },
	{ "alerting/receivers", kyi_api_receivers, KYI_API_LIGHT, false,
	    false, KYI_API_READ },
	{ "alerting/queue", kyi_api_queue, KYI_API_LIGHT, false, false,
	    KYI_API_READ },
	{ "alerting/retry", kyi_api_retry, KYI_API_LIGHT, false, false,
	    KYI_API_POST },
	{ "alerting/test", kyi_api_notify_test, KYI_API_LIGHT, false, false,
	    KYI_API_POST },
};
const struct kyi_api_routes kyi_api_alerting_routes = { ours,
	sizeof(ours) / sizeof(ours[0]) };
