/* SPDX-License-Identifier: MIT */
/* Without memory: files that are read, questions, and what is sent. */
#include <stdlib.h>
#include <string.h>

#include "reader/alert/routing.h"
#include "reader/config/config.h"
#include "reader/history/table.h"
#include "reader/notify/notify.h"
#include "reader/query/query.h"
#include "reader/rules/rules.h"
#include "tests/prove/memory.h"

#define NOW_MS INT64_C(1700438400000)

/* ---- configuration ------------------------------------------------------------ */

static const char config_text[] =
    "collection_interval: 5s\n"
    "listen: [127.0.0.1:9464, '[::1]:9465']\n"
    "directories: [/run/kymo, /dev/shm/kymo]\n"
    "hosts: [metrics.example.org]\n"
    "history: {path: /var/lib/kymo/history.db}\n"
    "rule_files: [rules/*.yml]\n"
    "components:\n"
    "  db: {checks: [{tcp: 'db:5432', interval: 1s}]}\n"
    "  web:\n"
    "    depends_on: [db]\n"
    "    checks:\n"
    "    - {http: 'http://w/', contains: ok, matches: 'o.*'}\n"
    "    - {command: [/bin/true, x], interval: 10s}\n"
    "    recovery: {actions: [{command: [/bin/true]}], per_hour: 2}\n";

static bool
config(void)
{
	struct kymo_error error = { "" };
	struct kymo_config *config = NULL;
	int status;

	memory_arm();
	status = kymo_config_parse(&config, "c", config_text,
	    strlen(config_text), &error);
	memory_disarm();
	if ((status == 0) != (config != NULL))
		return memory_wrong("a configuration and an error at once");
	kymo_config_free(config);
	return memory_told("a configuration", status == 0, &error);
}

/* ---- routes and rules --------------------------------------------------------- */

static void
hear(void *of, const char *text)
{
	struct kymo_error *error = of;

	if (error->text[0] == '\0')
		kymo_error_set(error, "%s", text);
}

static const char routes_text[] =
    "route:\n"
    "  receiver: team\n"
    "  group_by: [alertname]\n"
    "  routes:\n"
    "  - matchers: ['severity=~\"page|x\"', team!=a]\n"
    "    receiver: pager\n"
    "    mute_time_intervals: [nights]\n"
    "receivers:\n"
    "- {name: team, webhook_configs: [{url: 'http://t/', max_alerts: 3}]}\n"
    "- {name: pager, email_configs: [{to: a@example.org, from: b@example.org,"
    " smarthost: 'm:25', headers: {X-A: b}}]}\n"
    "inhibit_rules:\n"
    "- {source_matchers: [a=b], target_matchers: [c=d], equal: [e]}\n"
    "time_intervals:\n"
    "- name: nights\n"
    "  time_intervals: [{times: [{start_time: '22:00', end_time: '24:00'}]}]\n";

static bool
routes(void)
{
	struct kymo_error error = { "" };
	const struct kymo_routing_faults faults = { hear, NULL, &error };
	struct kymo_routing *routing = NULL;
	struct kymo_buffer out = { 0 };
	int status;

	memory_arm();
	status = kymo_routing_parse(&routing, "r", routes_text,
	    strlen(routes_text), &faults);
	if (status == 0)
		kymo_routing_print(routing, &out);
	memory_disarm();
	if ((status == 0) != (routing != NULL))
		return memory_wrong("routes and an error at once");
	kymo_buffer_free(&out);
	kymo_routing_delete(routing);
	return memory_told("routes", status == 0, &error);
}

static const char rules_text[] =
    "groups:\n"
    "- name: g\n"
    "  labels: {team: db}\n"
    "  rules:\n"
    "  - {record: 'job:up:sum', expr: 'sum by (job) (up)', labels: {a: b}}\n"
    "  - alert: Down\n"
    "    expr: up == 0\n"
    "    for: 1m\n"
    "    labels: {severity: '{{ $labels.job }}'}\n"
    "    annotations: {summary: '{{ $value | humanize }} of {{ query \"up\" |"
    " len }}'}\n"
    "    depends_on: [Gone]\n"
    "  - alert: Slo\n"
    "    slo: {good: 'up{a=\"b\"}', total: up, objective: 99}\n";

static bool
rules(void)
{
	struct kymo_error error = { "" };
	const struct kymo_rule_faults faults = { hear, &error };
	struct kymo_rules *rules = NULL;
	struct kymo_buffer out = { 0 };
	int status, explained = 0;

	memory_arm();
	status = kymo_rules_parse(&rules, "r", rules_text, strlen(rules_text),
	    &faults);
	if (status == 0) {
		kymo_rules_lint(rules, &faults);
		kymo_rules_print(rules, true, &out);
		explained = kymo_rules_explain(rules, &faults, &out);
	}
	memory_disarm();
	if ((status == 0) != (rules != NULL))
		return memory_wrong("rules and an error at once");
	if (explained != 0 && !memory_failed())
		return memory_wrong("they cannot be explained");
	kymo_buffer_free(&out);
	kymo_rules_delete(rules);
	return memory_told("rules", status == 0, &error);
}

/* ---- questions ---------------------------------------------------------------- */

static struct kymo_table *
table_make(void)
{
	struct kymo_table *table = kymo_table_new();

	for (int k = 0; k < 4; k++) {
		const struct kymo_label pairs[] = { { "__name__", "up" },
		    { "job", k < 2 ? "a" : "b" }, { "le", k % 2 == 0 ? "1" :
		    "+Inf" } };
		struct kymo_labels *labels = kymo_labels_make(pairs, 3);

		for (int64_t i = 0; i < 12; i++)
			if (kymo_table_add(table, labels, NOW_MS + i * 60000,
			    (double)(i * (k + 1)), NULL) != 0)
				abort();
		free(labels);
	}
	return table;
}

static bool
ask(void)
{
	static const char *const texts[] = {
		"sum by (job) (rate(up[5m])) > 0.001 or vector(1)",
		"histogram_quantile(0.9, sum by (le) (rate(up[5m])))",
		"label_replace(up, \"x\", \"$1\", \"job\", \"(.*)\")",
		"topk(2, up) / on(job, le) group_left up{job=~\"a|b\"}",
		"count_values(\"v\", up) unless max_over_time(up[4m:1m])",
		"sort(up) + ignoring(x) up @ end() offset 1m",
	};
	struct kymo_table *table = table_make();
	const struct kymo_source *source = kymo_table_source(table);
	bool good = true;

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts) && good; i++) {
		struct kymo_query_error error = { .error = { "" } };
		struct kymo_result *result = NULL, *range = NULL;
		struct kymo_query *query = NULL;
		struct kymo_buffer out = { 0 };
		int status;

		memory_arm();
		status = kymo_query_parse(&query, texts[i], strlen(texts[i]),
		    &error);
		if (status == 0)
			kymo_query_print(query, &out);
		if (status == 0)
			status = kymo_query_instant(query, source, NOW_MS +
			    600000, NULL, &result, &error);
		if (status == 0)
			status = kymo_query_range(query, source, NOW_MS,
			    NOW_MS + 600000, 120000, NULL, &range, &error);
		memory_disarm();
		good = memory_told(texts[i], status == 0, &error.error);
		kymo_result_delete(result);
		kymo_result_delete(range);
		if (query != NULL)
			kymo_query_delete(query);
		kymo_buffer_free(&out);
	}
	kymo_table_delete(table);
	return good;
}

/* ---- what is sent ------------------------------------------------------------- */

static const char message[] =
    "{\"version\":\"4\",\"groupKey\":\"g\",\"status\":\"firing\",\"receiver\":"
    "\"r\",\"groupLabels\":{\"job\":\"a\"},\"commonLabels\":{\"job\":\"a\"},"
    "\"commonAnnotations\":{},\"externalURL\":\"http://k/\",\"alerts\":[{"
    "\"status\":\"firing\",\"labels\":{\"alertname\":\"Slow\",\"job\":\"a\"},"
    "\"annotations\":{\"summary\":\"it <is>\"},\"startsAt\":"
    "\"2027-03-01T18:00:00Z\",\"endsAt\":\"0001-01-01T00:00:00Z\","
    "\"generatorURL\":\"\",\"fingerprint\":\"0123456789abcdef\"},{\"status\":"
    "\"resolved\",\"labels\":{\"alertname\":\"B\"},\"startsAt\":"
    "\"2027-03-01T18:00:00Z\",\"endsAt\":\"2027-03-01T18:01:00Z\"}]}";

static bool
sent(void)
{
	static const char *const to[] = { "ops@example.org" };
	static const struct kymo_receiver all[] = {
		{ .name = "w", .kind = KYMO_RECEIVER_WEBHOOK, .alerts_max = 1,
		    .url = "https://example.org/" },
		{ .name = "b", .kind = KYMO_RECEIVER_WEBHOOK,
		    .url = "https://example.org/", .body = "{\"t\": \"{{ range "
		    ".alerts }}{{ .labels }}{{ .status | toUpper }}"
		    "{{ end }}\", \"n\": {{ json .groupLabels }}}" },
		{ .name = "s", .kind = KYMO_RECEIVER_SLACK,
		    .url = "https://example.org/" },
		{ .name = "a", .kind = KYMO_RECEIVER_ALERTMANAGER,
		    .url = "https://example.org/" },
		{ .name = "e", .kind = KYMO_RECEIVER_EMAIL, .to = to,
		    .to_cnt = 1, .smarthost = "localhost:25",
		    .from = "k@example.org" },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		struct kymo_error error = { "" };
		struct kymo_buffer out = { 0 };
		int status;

		memory_arm();
		status = kymo_notify_render(&all[i], message, "msg_0",
		    KYMO_RENDER_SENT, &out, &error);
		memory_disarm();
		if (status == 0 && !out.failed && out.len_bytes == 0)
			return memory_wrong("%s: nothing is sent", all[i].name);
		kymo_buffer_free(&out);
		if (!memory_told(all[i].name, status == 0, &error))
			return false;
	}
	return true;
}

const struct memory_kind memory_kinds_read[] = {
	{ "config", config },
	{ "routes", routes },
	{ "rules", rules },
	{ "ask", ask },
	{ "sent", sent },
	{ NULL, NULL },
};
