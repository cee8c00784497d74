/* SPDX-License-Identifier: MIT */
/* Without memory: alerts, from rules to the outbox, and what is asked of them.
   What fails is made up for by the next pass: nothing is said twice, nothing is
   left out, and nothing ends that has not ended. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reader/history/table.h"
#include "reader/notify/notify.h"
#include "reader/serve/api.h"
#include "tests/prove/memory.h"

#define NOW_MS INT64_C(1700438400000)
#define MINUTE_MS INT64_C(60000)

static void
hear(void *of, const char *text)
{
	struct kymo_error *error = of;

	if (error->text[0] == '\0')
		kymo_error_set(error, "%s", text);
}

/* ---- rules -------------------------------------------------------------------- */

static const char rules_text[] =
    "groups:\n"
    "- name: g\n"
    "  rules:\n"
    "  - {record: 'job:up:sum', expr: 'sum by (job) (up)'}\n"
    "  - alert: Down\n"
    "    expr: up == 0\n"
    "    for: 1m\n"
    "    annotations: {summary: '{{ $labels.job }} is {{ $value }} of {{ query "
    "\"up\" | len }}'}\n";

static int
append(void *of, const struct kymo_labels *labels, uint64_t *ref,
    int64_t at_ms, double value, const struct kymo_native_hist *hist,
    struct kymo_error *error)
{
	(void)ref;
	return kymo_table_add(of, labels, at_ms, value, hist) == 0 ? 0 :
	    kymo_error_set(error, "no memory");
}

static void
down(struct kymo_table *table, int64_t at_ms)
{
	static const char *const jobs[] = { "a", "b", "c" };

	for (int i = 0; i < 3; i++) {
		const struct kymo_label pairs[] = { { "__name__", "up" },
		    { "job", jobs[i] } };
		struct kymo_labels *labels = kymo_labels_make(pairs, 2);

		if (kymo_table_add(table, labels, at_ms, i == 2, NULL) != 0)
			abort();
		free(labels);
	}
}

struct fires {
	uint32_t cnt, told_cnt; /* with what is said of them */
	bool since_long;        /* as they began, all of them */
};

static int
status_each(void *to, const struct kymo_rule_status *status)
{
	struct fires *fires = to;

	for (uint32_t i = 0; i < status->alert_cnt; i++) {
		fires->cnt += status->alerts[i].state == KYMO_ALERT_FIRING;
		if (status->alerts[i].active_ms != NOW_MS ||
		    status->alerts[i].fired_ms != NOW_MS + MINUTE_MS)
			fires->since_long = false;
		for (uint32_t k = 0; k < status->alerts[i].annotation_cnt; k++)
			fires->told_cnt += strstr(
			    status->alerts[i].annotations[k].value,
			    " is 0 of 3") != NULL;
	}
	return 0;
}

/* Two alerts fire. A pass without memory, as any that fails, changes nothing. */
static bool
rules_passes(struct kymo_rule_engine *engine, struct kymo_table *table)
{
	struct kymo_error error = { "" };
	struct fires fires = { 0, 0, true }, looked = fires;

	for (int64_t i = 0; i < 5; i++) {
		int status;

		down(table, NOW_MS + i * MINUTE_MS);
		error.text[0] = '\0';
		if (i == 2 || i == 3)
			memory_arm();
		status = kymo_rule_engine_at(engine, NOW_MS + i * MINUTE_MS,
		    &error);
		if (kymo_rule_engine_status(engine, status_each, &looked) != 0 &&
		    !memory_failed())
			return memory_wrong("no status");
		memory_disarm();
		if (!memory_told("a pass", status >= 0, &error))
			return false;
	}
	if (kymo_rule_engine_status(engine, status_each, &fires) != 0)
		return memory_wrong("no status");
	if (fires.cnt != 2 || !fires.since_long || fires.told_cnt != 2)
		return memory_wrong("%u fire, not 2; of %u it is said; %s",
		    fires.cnt, fires.told_cnt, fires.since_long ? "" :
		    "not since when they did");
	return true;
}

static bool
rules_pass(void)
{
	struct kymo_table *table = kymo_table_new();
	struct kymo_error error = { "" };
	const struct kymo_rule_faults faults = { hear, &error };
	const struct kymo_rule_options options = {
		.source = kymo_table_source(table),
		.sink = { .of = table, .append = append } };
	struct kymo_rule_engine *engine = NULL;
	struct kymo_rules *rules;
	bool good;
	int status;

	if (kymo_rules_parse(&rules, "r", rules_text, strlen(rules_text),
	    &faults) != 0)
		return memory_wrong("%s", error.text);
	memory_arm();
	status = kymo_rule_engine_new(&engine, rules, &options, &faults,
	    &error);
	memory_disarm();
	good = memory_told("an engine", status == 0, &error);
	if (status == 0) {
		good = rules_passes(engine, table);
		kymo_rule_engine_delete(engine);
	}
	kymo_rules_delete(rules);
	kymo_table_delete(table);
	return good;
}

/* ---- alerts, and their outbox --------------------------------------------------- */

struct both {
	struct kymo_outbox *outbox;
	struct kymo_alerts_store rows, store;
	struct kymo_routing *routing;
	struct kymo_alerts *alerts;
};

static int
both_begin(void *of, struct kymo_error *error)
{
	return kymo_outbox_begin(((struct both *)of)->outbox, error);
}

static int
both_commit(void *of, struct kymo_error *error)
{
	return kymo_outbox_commit(((struct both *)of)->outbox, error);
}

static void
both_rollback(void *of)
{
	kymo_outbox_rollback(((struct both *)of)->outbox);
}

static int
both_put(void *of, char kind, const char *key, const char *text,
    struct kymo_error *error)
{
	struct both *both = of;

	return both->rows.put(both->rows.of, kind, key, text, error);
}

static int
both_load(void *of, int (*each)(void *to, char kind, const char *key,
    const char *text), void *to, struct kymo_error *error)
{
	struct both *both = of;

	return both->rows.load(both->rows.of, each, to, error);
}

static int
both_notify(void *of, const struct kymo_notice *notice,
    struct kymo_error *error)
{
	struct both *both = of;
	struct kymo_notify_alert alerts[4] = { { .firing = false } };
	const struct kymo_message message = { .receiver = notice->to->name,
	    .group_key = notice->group_key, .alerts = alerts,
	    .alert_cnt = notice->alert_cnt, .at_ms = notice->at_ms };

	for (uint32_t i = 0; i < notice->alert_cnt && i < 4; i++)
		alerts[i] = (struct kymo_notify_alert){
		    .firing = notice->alerts[i].firing,
		    .labels = notice->alerts[i].labels->at,
		    .label_cnt = notice->alerts[i].labels->cnt,
		    .starts_ms = notice->alerts[i].starts_ms,
		    .ends_ms = notice->alerts[i].ends_ms, .value = 1,
		    .threshold = NAN };
	return kymo_outbox_add(both->outbox, &message, error);
}

static const char routes_text[] =
    "kymo: {}\n"
    "route: {receiver: team, group_by: [alertname]}\n"
    "receivers: [{name: team, webhook_configs: [{url: 'http://a'}]}]\n";

static void
both_open(struct both *both)
{
	static struct kymo_error error;
	const struct kymo_routing_faults faults = { hear, NULL, &error };
	const struct kymo_outbox_options box = { .path = ":memory:" };
	struct kymo_alerts_options options = { .store = &both->store,
	    .notify = both_notify, .of = both };

	memset(both, 0, sizeof(*both));
	both->store = (struct kymo_alerts_store){ both, both_begin,
	    both_commit, both_rollback, both_put, both_load };
	if (kymo_outbox_open(&both->outbox, &box, &error) != 0 ||
	    kymo_alerts_store_on(&both->rows, kymo_outbox_db(both->outbox),
	    &error) != 0 || kymo_routing_parse(&both->routing, "f",
	    routes_text, strlen(routes_text), &faults) != 0)
		abort();
	options.routing = both->routing;
	if (kymo_alerts_new(&both->alerts, &options, &error) != 0)
		abort();
}

static void
both_close(struct both *both)
{
	kymo_alerts_delete(both->alerts);
	kymo_routing_delete(both->routing);
	kymo_alerts_store_close(&both->rows);
	kymo_outbox_close(both->outbox);
}

static bool passed; /* the last pass was taken */

/* A pass in which the first cnt of A, B, C fire, as kymod has it: where an alert
   cannot be added, there is no step. */
static bool
pass(struct both *both, int64_t minute, int cnt, bool armed)
{
	static const char *const names[] = { "A", "B", "C" };
	struct kymo_labels *labels[3] = { NULL };
	struct kymo_error error = { "" };
	int status = 0;

	for (int i = 0; i < cnt; i++) {
		const struct kymo_label pair = { "alertname", names[i] };

		labels[i] = kymo_labels_make(&pair, 1);
	}
	if (armed)
		memory_arm();
	kymo_alerts_begin(both->alerts);
	for (int i = 0; i < cnt && status == 0; i++) {
		const struct kymo_rule_text text = { "summary", "it is" };
		const struct kymo_alert alert = { .labels = labels[i],
		    .annotations = &text, .annotation_cnt = 1,
		    .state = KYMO_ALERT_FIRING, .value = 1,
		    .active_ms = NOW_MS, .fired_ms = NOW_MS };

		status = kymo_alerts_add(both->alerts, &alert);
	}
	if (status != 0)
		kymo_error_set(&error, "out of memory");
	else
		status = kymo_alerts_step(both->alerts, NOW_MS + minute *
		    MINUTE_MS, &error);
	memory_disarm();
	for (int i = 0; i < 3; i++)
		free(labels[i]);
	passed = status >= 0;
	/* Something else moves them meanwhile: a timer, a silence that ends. */
	if (status < 0 && kymo_alerts_step(both->alerts, NOW_MS + minute *
	    MINUTE_MS + 2000, &error) < 0)
		return memory_wrong("a step without a pass: %s", error.text);
	return memory_told("a pass of alerts", status >= 0, &error);
}

struct said {
	uint32_t firing[3], resolved[3];
};

static int
entry_each(void *to, const struct kymo_outbox_entry *entry)
{
	static const char *const names[] = { "\"alertname\":\"A\"",
	    "\"alertname\":\"B\"", "\"alertname\":\"C\"" };
	struct said *said = to;

	for (int i = 0; i < 3; i++)
		if (strstr(entry->body, names[i]) != NULL)
			(*(entry->firing ? &said->firing[i] :
			    &said->resolved[i]))++;
	return 0;
}

/* Each of the first cnt was said to fire, once; the first ended of them to have
   ended; nothing else was said. */
static bool
was_said(struct both *both, int cnt, int ended)
{
	struct said said = { { 0 }, { 0 } };
	struct kymo_error error;

	if (kymo_outbox_list(both->outbox, false, 0, entry_each, &said,
	    &error) != 0)
		return memory_wrong("the outbox: %s", error.text);
	for (int i = 0; i < 3; i++)
		if (said.firing[i] != (i < cnt) ||
		    said.resolved[i] != (i < ended))
			return memory_wrong("alert %d was said %u times, its "
			    "end %u times", i, said.firing[i],
			    said.resolved[i]);
	return true;
}

static bool
alerts(void)
{
	struct both both;
	bool good;

	both_open(&both);
	good = pass(&both, 0, 2, true) && pass(&both, 1, 2, false) &&
	    was_said(&both, 2, 0) && pass(&both, 2, 3, true) &&
	    was_said(&both, passed ? 3 : 2, 0) &&
	    pass(&both, 3, 3, false) && was_said(&both, 3, 0) &&
	    pass(&both, 10, 3, true) && was_said(&both, 3, 0) &&
	    pass(&both, 20, 0, true) && pass(&both, 21, 0, false) &&
	    pass(&both, 30, 0, false) && was_said(&both, 3, 3);
	both_close(&both);
	return good;
}

/* ---- what is asked -------------------------------------------------------------- */

static int
use(void *of, kymo_serve_use *answer, void *to)
{
	struct both *both = of;
	const struct kymo_serve_alerting with = { .alerts = both->alerts,
	    .routing = both->routing, .outbox = both->outbox,
	    .now_ms = NOW_MS };

	answer(to, &with);
	return 0;
}

/* The status of an answer; 500 of one that is cut. */
static unsigned
ask(struct both *both, enum kyi_api_method method, const char *path,
    const char *body, struct kymo_buffer *out)
{
	const struct kyi_api_world world = { .alerting = use, .of = both };
	struct kyi_api api = { .world = &world, .body = body, .plain = true };
	unsigned status;

	api.route = kyi_api_find(path, method);
	if (api.route == NULL)
		abort();
	kyi_api_answer(&api);
	status = api.out.failed ? 500 : api.status;
	*out = api.out;
	api.out = (struct kymo_buffer){ 0 };
	kyi_api_free(&api);
	return status;
}

static bool
silences_are(struct both *both, bool there)
{
	struct kymo_buffer out;
	unsigned status = ask(both, KYI_API_READ, "/api/v2/silences", NULL,
	    &out);
	bool good = status == 200 && !out.failed &&
	    (strstr(out.at, "\"comment\":\"c\"") != NULL) == there;

	kymo_buffer_free(&out);
	return good || memory_wrong("a silence that is %s", there ?
	    "taken is not there" : "refused is there");
}

static bool
api(void)
{
	static const char *const paths[] = { "/api/v2/alerts",
	    "/api/v2/alerts/groups", "/api/v2/status", "/api/v2/receivers",
	    "/api/v1/alerting/alerts", "/api/v1/alerting/queue" };
	static const char silence[] = "{\"matchers\":[{\"name\":\"a\","
	    "\"value\":\"b\",\"isRegex\":false}],\"endsAt\":"
	    "\"2024-11-21T00:00:00Z\",\"createdBy\":\"me\",\"comment\":\"c\"}";
	struct kymo_buffer out;
	struct both both;
	unsigned status;
	bool good;

	both_open(&both);
	good = pass(&both, 0, 3, false);
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths) && good; i++) {
		memory_arm();
		status = ask(&both, KYI_API_READ, paths[i], NULL, &out);
		memory_disarm();
		kymo_buffer_free(&out);
		if (status != 200 && !memory_failed())
			good = memory_wrong("%s: %u", paths[i], status);
		if (status == 0)
			good = memory_wrong("%s: no answer", paths[i]);
	}
	memory_arm();
	status = ask(&both, KYI_API_POST, "/api/v2/silences", silence, &out);
	memory_disarm();
	kymo_buffer_free(&out);
	/* An answer that is lost may be of one that was taken. */
	if (status != 500)
		good = good && silences_are(&both, status == 200);
	both_close(&both);
	return good;
}

const struct memory_kind memory_kinds_alert[] = {
	{ "rules_pass", rules_pass },
	{ "alerts", alerts },
	{ "api", api },
	{ NULL, NULL },
};
