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

#define FILTER_MAX 64u

/* ---- asking ------------------------------------------------------------ */

struct asking {
	struct kyi_alerting alerting;
	void (*answer)(struct kyi_alerting *alerting);
};

static void
use(void *to, const struct kymo_serve_alerting *with)
{
	struct asking *asking = to;

	asking->alerting.with = with;
	asking->answer(&asking->alerting);
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
		if (alerting->filter_cnt == FILTER_MAX) {
			kyi_api_wrong(api, "filter", "more than %u of them",
			    FILTER_MAX);
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

void
kyi_alerting_answer(struct kyi_api *api,
    void (*answer)(struct kyi_alerting *alerting))
{
	const struct kyi_api_world *world = api->world;
	struct kymo_matcher_list *filters[FILTER_MAX];
	struct asking asking = { .alerting = { .api = api,
	    .filters = filters }, .answer = answer };
	int result = 0;
	uint32_t i;

	if (filters_read(&asking.alerting))
		result = world->alerting == NULL ? -1 :
		    world->alerting(world->of, use, &asking);
	if (result > 0)
		kyi_api_fail(api, KYI_API_UNAVAILABLE, "alerts are busy, as "
		    "with a reload or a slow disk; try again");
	else if (result < 0)
		kyi_api_fail(api, KYI_API_UNAVAILABLE, "kymod notifies nobody: "
		    "its configuration names no routes; alerting: {routes: "
		    "FILE} would (kymo query ALERTS shows what fires)");
	for (i = 0; i < asking.alerting.filter_cnt; i++)
		kymo_matcher_list_delete(filters[i]);
}

bool
kyi_alerting_wanted(const struct kyi_alerting *alerting,
    const struct kymo_labels *labels)
{
	const struct kymo_matcher *at;
	uint32_t i, cnt;

	for (i = 0; i < alerting->filter_cnt; i++) {
		at = kymo_matcher_list_at(alerting->filters[i], &cnt);
		if (!kymo_matchers_match(at, cnt, labels))
			return false;
	}
	return true;
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
