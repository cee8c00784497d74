/* SPDX-License-Identifier: MIT */
/* Any text is a routing file, or is refused with a reason, never both. What was
   taken can be asked: routes of an alert, ways to receivers, time intervals; and
   what is printed of it is a file of the same routes. */
#include <stdlib.h>
#include <string.h>

#include "reader/alert/alerts.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes);

#define NOW_MS INT64_C(1700438400000)

static void
hear(void *of, const char *text)
{
	unsigned *cnt = of;

	if (*text == '\0')
		abort();
	(*cnt)++;
}

static int
route(void *to, const struct kymo_route *route)
{
	unsigned *cnt = to;

	if (route->receiver == NULL || *route->receiver == '\0' ||
	    route->group_interval_ms < 0 || route->repeat_interval_ms < 0)
		abort();
	(*cnt)++;
	return 0;
}

static int
each(void *to, const char *key, const char *text)
{
	size_t *bytes = to;

	*bytes += strlen(key) + (text == NULL ? 0 : strlen(text));
	return 0;
}

static int
notify(void *of, const struct kymo_notice *notice, struct kymo_error *error)
{
	size_t *bytes = of;

	(void)error;
	*bytes += strlen(notice->group_key) + strlen(notice->to->name);
	return 0;
}

static void
receivers(const struct kymo_routing *routing)
{
	static const char *const paths[] = { "", "url", "http_config",
	    "headers", "http_config.basic_auth.username", "actions.0.url",
	    "to", "..", ".0" };
	uint32_t cnt, line, column;
	size_t bytes = 0;
	const struct kymo_integration *at = kymo_routing_integrations(routing,
	    &cnt);

	for (uint32_t i = 0; i < cnt; i++)
		for (size_t k = 0; k < sizeof(paths) / sizeof(*paths); k++) {
			kymo_integration_get(&at[i], paths[k]);
			kymo_integration_place(&at[i], paths[k], &line,
			    &column);
			if (line == 0 || column == 0)
				abort();
			kymo_integration_each(&at[i], paths[k], each, &bytes);
		}
}

/* Two alerts fire, and one of them ends. */
static void
live(const struct kymo_routing *routing)
{
	static const struct kymo_label two[2][3] = {
		{ { "alertname", "Down" }, { "severity", "page" },
		    { "team", "db" } },
		{ { "alertname", "Slow" }, { "severity", "warn" },
		    { "team", "" } } };
	static const int64_t hours[] = { 0, 1, 5, 30, 300, 5000 };
	struct kymo_labels *labels[2] = { kymo_labels_make(two[0], 3),
	    kymo_labels_make(two[1], 2) };
	size_t bytes = 0;
	unsigned cnt = 0;
	const struct kymo_alerts_options options = { .routing = routing,
	    .notify = notify, .of = &bytes };
	struct kymo_error error;
	struct kymo_alerts *alerts;

	if (kymo_routing_routes(routing, labels[0], route, &cnt) != 0 ||
	    cnt == 0)
		abort();
	if (kymo_alerts_new(&alerts, &options, &error) != 0)
		abort();
	for (size_t i = 0; i < sizeof(hours) / sizeof(*hours); i++) {
		int64_t now_ms = NOW_MS + hours[i] * 3600000;

		kymo_alerts_begin(alerts);
		for (int k = i < 3 ? 0 : 1; k < 2; k++)
			if (kymo_alerts_add(alerts, &(struct kymo_alert){
			    .state = KYMO_ALERT_FIRING, .labels = labels[k],
			    .active_ms = NOW_MS, .fired_ms = NOW_MS,
			    .value = 1 }) != 0)
				abort();
		if (kymo_alerts_step(alerts, now_ms, &error) < 0)
			abort();
	}
	kymo_alerts_delete(alerts);
	free(labels[0]);
	free(labels[1]);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes)
{
	unsigned fault_cnt = 0, again_cnt = 0;
	struct kymo_routing_faults faults = { hear, NULL, &fault_cnt };
	struct kymo_buffer printed = { 0 };
	struct kymo_routing *routing, *again;
	int result = kymo_routing_parse(&routing, "x", (const char *)bytes,
	    len_bytes, &faults);

	if ((result == 0) != (routing != NULL) ||
	    (result == 0) != (fault_cnt == 0))
		abort();
	if (result != 0)
		return 0;
	kymo_routing_interval(routing, "nights", NOW_MS);
	receivers(routing);
	live(routing);
	kymo_routing_print(routing, &printed);
	faults.of = &again_cnt;
	if (!printed.failed && kymo_routing_parse(&again, "again", printed.at,
	    printed.len_bytes, &faults) == 0)
		kymo_routing_delete(again);
	else if (!printed.failed)
		abort();
	kymo_buffer_free(&printed);
	kymo_routing_delete(routing);
	return 0;
}
