/* SPDX-License-Identifier: MIT */
/* Goal: what is asked of alerts, silences and messages is answered in
   Alertmanager's shapes, what is wrong is refused with a reason, and nothing that
   a name or a comment holds leaves JSON.
   Method: questions to the API without a network, of an engine with a few alerts
   and an outbox in memory; rows. How a request gets that far:
   tests/e2e/tools_alerts.sh. */
#include "tests/testlib/alerts_world.h"
#include "tests/testlib/testlib.h"

#include "reader/notify/notify.h"
#include "reader/serve/api.h"

#define NOW_S 2000

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

struct asked {
	struct world alerts;
	struct kymo_outbox *outbox;
};

static int
use(void *of, kymo_serve_use *answer, void *to)
{
	struct asked *asked = of;
	const struct kymo_serve_alerting with = {
	    .alerts = asked->alerts.alerts, .routing = asked->alerts.routing,
	    .outbox = asked->outbox, .now_ms = NOW_S * 1000 };

	answer(to, &with);
	return 0;
}

static void
begin(struct asked *asked)
{
	const struct kymo_outbox_options options = { .path = ":memory:" };
	struct kymo_error error = { "" };

	world_begin(&asked->alerts, config, NULL);
	assert_int_equal(kymo_outbox_open(&asked->outbox, &options, &error),
	    0);
	world_pass(&asked->alerts, 1000, "A,severity=page B,low=yes C ?D");
	world_pass(&asked->alerts, 1500, "A,severity=page B,low=yes ?D "
	    "E\x01\"\\,x=\xff<");
}

static void
end(struct asked *asked)
{
	kymo_outbox_close(asked->outbox);
	world_end(&asked->alerts);
}

/* Adds "a=b" pairs of a query, decoded already, '&' between. */
static void
form_add(struct kyi_form *form, const char *query)
{
	char *copy = strdup(query), *at, *rest = NULL;

	for (at = strtok_r(copy, "&", &rest); at != NULL;
	    at = strtok_r(NULL, "&", &rest)) {
		char *value = strchr(at, '=');

		kyi_form_add(form, at, (size_t)(value - at), value + 1,
		    strlen(value + 1));
	}
	free(copy);
}

/* The answer in out; to be freed. */
static unsigned
ask(struct asked *asked, enum kyi_api_method method, const char *path,
    const char *query, const char *body, struct kymo_buffer *out)
{
	const struct kyi_api_world world = { .alerting = use, .of = asked,
	    .version = "v" };
	struct kyi_api api = { .world = &world, .body = body,
	    .plain = strncmp(path, "/api/v2/", 8) == 0 };
	const char *id = strstr(path, "/silence/");
	unsigned status;

	api.route = kyi_api_find(path, method);
	assert_non_null(api.route);
	assert_int_equal(api.route->write, method);
	api.label = id == NULL ? NULL : id + strlen("/silence/");
	form_add(&api.form, query);
	kyi_api_answer(&api);
	status = api.status;
	*out = api.out;
	api.out = (struct kymo_buffer){ 0 };
	kyi_api_free(&api);
	return status;
}

struct row {
	enum kyi_api_method method;
	const char *path, *query, *body;
	unsigned status;
	const char *has; /* a piece of the answer; ! before it: it has it not */
};

static void
rows_run(struct asked *asked, const struct row *rows, size_t cnt)
{
	size_t i;

	for (i = 0; i < cnt; i++) {
		const struct row *row = &rows[i];
		bool not = row->has[0] == '!';
		struct kymo_buffer out;
		unsigned status = ask(asked, row->method, row->path,
		    row->query, row->body, &out);

		assert_false(out.failed);
		if (status != row->status || (strstr(out.at, row->has + not) ==
		    NULL) != not)
			fail_msg("%s?%s %s: %u %s, not %u %s", row->path,
			    row->query, row->body == NULL ? "" : row->body,
			    status, out.at, row->status, row->has);
		kymo_buffer_free(&out);
	}
}
#define ROWS(asked, rows) \
	rows_run(asked, rows, sizeof(rows) / sizeof((rows)[0]))

#define ALERTS KYI_API_READ, "/api/v2/alerts"

static void
test_alerts_are_told_as_alertmanager_tells_them(void **state)
{
	static const struct row rows[] = {
		{ ALERTS, "", NULL, 200, "\"receivers\":[{\"name\":\"pager\"}]"
		    ",\"startsAt\":\"1970-01-01T00:16:40Z\"" },
		{ ALERTS, "", NULL, 200, "\"status\":{\"inhibitedBy\":[],"
		    "\"silencedBy\":[],\"state\":\"active\"}" },
		/* A's fingerprint inhibits B. */
		{ ALERTS, "filter=B", NULL, 400, "expected =" },
		{ ALERTS, "filter=alertname=B", NULL, 200,
		    "\"state\":\"suppressed\"" },
		{ ALERTS, "filter=alertname=B", NULL, 200,
		    "\"mutedBy\":\"inhibition\"" },
		{ ALERTS, "filter=alertname=B&inhibited=false", NULL, 200,
		    "[]" },
		{ ALERTS, "filter=alertname=A&active=false", NULL, 200, "[]" },
		{ ALERTS, "filter=alertname=A&filter=severity!=page", NULL,
		    200, "[]" },
		{ ALERTS, "receiver=pag.*", NULL, 200, "\"pager\"" },
		{ ALERTS, "receiver=pag.*", NULL, 200, "!},{\"annotations" },
		{ ALERTS, "receiver=pag", NULL, 200, "[]" },
		{ ALERTS, "receiver=(", NULL, 400, "receiver" },
		{ ALERTS, "silenced=perhaps", NULL, 400, "true or false" },
		/* Over, and not yet: only where asked for. */
		{ ALERTS, "filter=alertname=~C|D", NULL, 200, "[]" },
		{ ALERTS, "filter=alertname=C&resolved=true", NULL, 200,
		    "\"endsAt\":\"1970-01-01T00:25:00Z\"" },
		{ ALERTS, "filter=alertname=D&pending=true", NULL, 200,
		    "\"state\":\"pending\"" },
		{ ALERTS, "filter=alertname=C&resolved=true&unprocessed=false",
		    NULL, 200, "[]" },
		{ ALERTS, "filter=alertname=D&pending=true&unprocessed=false",
		    NULL, 200, "[]" },
		{ ALERTS, "filter=alertname=A&unprocessed=false", NULL, 200,
		    "\"state\":\"active\"" },
		/* Nothing leaves JSON, nothing is no text. */
		{ ALERTS, "filter=x!=", NULL, 200,
		    "\"alertname\":\"E\\u0001\\\"\\\\\"" },
		{ ALERTS, "filter=x!=", NULL, 200, "\"x\":\"\\uFFFD<\"" },
		{ KYI_API_READ, "/api/v2/alerts/groups", "", NULL, 200,
		    "\"receiver\":{\"name\":\"pager\"},\"alerts\":[{" },
		{ KYI_API_READ, "/api/v2/alerts/groups", "receiver=team", NULL,
		    200, "!pager\"},\"alerts\"" },
		{ KYI_API_READ, "/api/v2/receivers", "", NULL, 200,
		    "[{\"name\":\"team\"},{\"name\":\"pager\"}]" },
		{ KYI_API_READ, "/api/v2/status", "", NULL, 200,
		    "- name: \\\"pager\\\"" },
		{ KYI_API_READ, "/api/v2/status", "", NULL, 200, "!s3cret" },
		{ KYI_API_READ, "/api/v1/alerting/alerts",
		    "filter=alertname=A", NULL, 200, "{\"at\":"
		    "\"1970-01-01T00:16:40Z\",\"text\":\"sent to pager\"}" },
	};
	struct asked asked;

	begin(&asked);
	ROWS(&asked, rows);
	end(&asked);
}

#define SILENCES "/api/v2/silences"
#define POST KYI_API_POST, SILENCES, ""
#define MATCH(value) "\"matchers\":[{\"name\":\"alertname\",\"value\":\"" \
	value "\",\"isRegex\":false}]"
#define UNTIL "\"endsAt\":\"1970-01-01T01:00:00.123456789Z\""
#define WHO "\"createdBy\":\"ann\",\"comment\":\"<\\u0007>\""

static void
test_silences_are_taken_told_and_ended(void **state)
{
	static const struct row rows[] = {
		{ POST, NULL, 400, "no JSON" },
		{ POST, "[]", 400, "a JSON object" },
		{ POST, "{" UNTIL "," WHO "}", 400, "matchers" },
		{ POST, "{" MATCH("A") "," WHO "}", 400, "endsAt" },
		{ POST, "{" MATCH("A") "," UNTIL "}", 400, "createdBy" },
		{ POST, "{" MATCH("A") "," WHO ",\"endsAt\":"
		    "\"1970-01-01T00:10:00Z\"}", 400, "in the past" },
		{ POST, "{" MATCH("A") "," WHO ",\"endsAt\":\"soon\"}", 400,
		    "a time as" },
		{ POST, "{" MATCH("A") "," WHO ",\"endsAt\":5}", 400,
		    "a text" },
		{ POST, "{" MATCH("") "," UNTIL "," WHO "}", 400,
		    "silence everything" },
		{ POST, "{\"matchers\":[{\"name\":\"a\"}]," UNTIL "," WHO "}",
		    400, "a list of" },
		{ POST, "{\"id\":\"7\"," MATCH("A") "," UNTIL "," WHO "}",
		    404, "no silence '7'" },
		{ POST, "{" MATCH("A") "," UNTIL "," WHO "}", 200,
		    "{\"silenceID\":\"1\"}" },
		{ KYI_API_READ, SILENCES, "", NULL, 200,
		    "{\"id\":\"1\",\"status\":{\"state\":\"active\"}," },
		{ KYI_API_READ, SILENCES, "", NULL, 200,
		    "\"comment\":\"<\\u0007>\",\"createdBy\":\"ann\","
		    "\"endsAt\":\"1970-01-01T01:00:00.123Z\"" },
		{ KYI_API_READ, SILENCES, "", NULL, 200, "\"matchers\":[{"
		    "\"isEqual\":true,\"isRegex\":false,\"name\":\"alertname\""
		    ",\"value\":\"A\"}]" },
		{ KYI_API_READ, SILENCES, "filter=alertname=B", NULL, 200,
		    "[]" },
		{ KYI_API_READ, SILENCES, "filter=alertname=~[AB]", NULL, 200,
		    "\"id\":\"1\"" },
		/* Texts, and names that are no plain ones. */
		{ POST, "{\"matchers\":[\"a!=\\\"b\\\"\",\"c=~d|e\"]," UNTIL
		    "," WHO "}", 200, "\"2\"" },
		{ POST, "{\"matchers\":[{\"name\":\"a b\",\"value\":"
		    "\"c\\\\d\\\"\\n\",\"isRegex\":true,\"isEqual\":false}],"
		    UNTIL "," WHO "}", 400, "silence everything" },
		{ POST, "{\"matchers\":[{\"name\":\"a b\",\"value\":"
		    "\"c\\\"\\n,\"}]," UNTIL "," WHO "}", 200, "\"3\"" },
		{ KYI_API_READ, "/api/v2/silence/3", "", NULL, 200,
		    "\"name\":\"a b\",\"value\":\"c\\\"\\n,\"" },
		{ KYI_API_READ, "/api/v2/silence/4", "", NULL, 404,
		    "\"there is no silence '4'\"" },
		/* The one that there is, changed. */
		{ POST, "{\"id\":\"1\"," MATCH("B") "," UNTIL "," WHO "}", 200,
		    "\"1\"" },
		{ KYI_API_READ, "/api/v2/silence/1", "", NULL, 200,
		    "\"value\":\"B\"" },
		{ KYI_API_DELETE, "/api/v2/silence/1", "", NULL, 200, "{}" },
		{ KYI_API_DELETE, "/api/v2/silence/1", "", NULL, 500,
		    "ended already" },
		{ KYI_API_DELETE, "/api/v2/silence/x", "", NULL, 404,
		    "no silence" },
		{ KYI_API_READ, "/api/v2/silence/1", "", NULL, 200,
		    "\"state\":\"expired\"" },
	};
	struct asked asked;

	begin(&asked);
	ROWS(&asked, rows);
	end(&asked);
}

#define ACK KYI_API_POST, "/api/v1/alerting/ack", ""
#define WHY KYI_API_READ, "/api/v1/alerting/alerts", "filter=alertname=A", NULL

/* One byte more than what may be kept for each alert. */
#define TIMES_16(text) text text text text text text text text text text text \
	text text text text text
#define LONG "a" TIMES_16(TIMES_16(TIMES_16("a")))

static void
test_alerts_are_acknowledged(void **state)
{
	static const struct row rows[] = {
		{ ACK, "{\"by\":\"ann\"}", 400, "matchers" },
		{ ACK, "{\"matchers\":\"alertname=A\"}", 400, "say who" },
		{ ACK, "{\"matchers\":\"alertname=A\",\"by\":\"ann\",\"until\":"
		    "\"1970-01-01T00:00:01Z\"}", 400, "is over" },
		{ ACK, "{\"matchers\":\"alertname=A\",\"undo\":1}", 400,
		    "true or false" },
		{ ACK, "{\"matchers\":\"alertname=A\",\"by\":\"ann\","
		    "\"comment\":\"" LONG "\"}", 400, "4096 bytes or less" },
		{ ACK, "{\"matchers\":\"a=" TIMES_16(LONG) "\",\"by\":\"ann\"}",
		    400, "64 KiB or less" },
		{ ACK, "{\"matchers\":[\"alertname=Z\"],\"by\":\"ann\"}", 200,
		    "{\"alerts\":0}" },
		{ ACK, "{\"matchers\":[\"alertname=A\"],\"by\":\"ann\","
		    "\"comment\":\"soon\",\"until\":\"1970-01-01T01:00:00Z\"}",
		    200, "{\"alerts\":1}" },
		{ WHY, 200, "\"acknowledged\":{\"by\":\"ann\",\"comment\":"
		    "\"soon\",\"at\":\"1970-01-01T00:33:20Z\",\"until\":"
		    "\"1970-01-01T01:00:00Z\"}" },
		{ WHY, 200, "not again while ann has acknowledged it\",\"at\":"
		    "\"1970-01-01T04:16:40Z\"" },
		{ ACK, "{\"matchers\":\"alertname=A\",\"undo\":true}", 200,
		    "{\"alerts\":1}" },
		{ WHY, 200, "!\"acknowledged\":" },
		{ WHY, 200, "\"what\":\"again\"" },
	};
	struct asked asked;

	begin(&asked);
	ROWS(&asked, rows);
	end(&asked);
}

#define QUEUE KYI_API_READ, "/api/v1/alerting/queue"
#define RETRY KYI_API_POST, "/api/v1/alerting/retry", ""
#define TEST KYI_API_POST, "/api/v1/alerting/test", ""

static void
test_messages_are_told_and_receivers_tried_out(void **state)
{
	static const struct row rows[] = {
		{ QUEUE, "", NULL, 200, "{\"messages\":[],\"stats\":{"
		    "\"waiting\":0,\"dead\":0," },
		{ TEST, "{\"receiver\":\"nobody\"}", 404, "no receiver" },
		{ TEST, "{\"receiver\":\"team\",\"by\":\"ann\"}", 200,
		    "{\"to\":[\"team\"],\"at\":\"1970-01-01T00:33:20Z\"}" },
		{ QUEUE, "", NULL, 200, "\"waiting\":2,\"dead\":0," },
		{ QUEUE, "body=true", NULL, 200, "asked for by ann" },
		{ QUEUE, "to=pager", NULL, 200, "\"messages\":[]" },
		{ QUEUE, "waiting=false", NULL, 200, "\"messages\":[]" },
		{ RETRY, "{}", 400, "which dead letter" },
		{ RETRY, "{\"id\":\"msg_x\",\"all\":true}", 400,
		    "which dead letter" },
		{ RETRY, "{\"id\":\"msg_x\"}", 404, "no dead letter" },
		{ RETRY, "{\"all\":true}", 200, "{\"messages\":0}" },
		{ KYI_API_READ, "/api/v1/alerting/receivers", "", NULL, 200,
		    "\"data\":[]" },
	};
	struct asked asked;

	begin(&asked);
	ROWS(&asked, rows);
	end(&asked);
}

/* A message is found by the alert that it tells of, and by no text within
   it. */
static void
test_a_message_is_told_with_its_alert(void **state)
{
	const struct kymo_label labels[] = { { "alertname", "A" },
	    { "severity", "page" } };
	struct kymo_label text = { "summary", "\"fingerprint\":\"" };
	struct kymo_notify_alert alert = { .firing = true, .labels = labels,
	    .label_cnt = 2, .annotations = &text, .annotation_cnt = 1,
	    .starts_ms = 1000 };
	const struct kymo_message message = { .receiver = "pager",
	    .group_key = "g", .alerts = &alert, .alert_cnt = 1,
	    .at_ms = 1000000 };
	static const struct row rows[] = {
		{ WHY, 200, "\"messages\":[{\"id\":\"msg_" },
		{ WHY, 200, "\"to\":\"pager\",\"state\":\"waiting\",\"status\":"
		    "\"firing\",\"addedAt\":\"1970-01-01T00:16:40Z\","
		    "\"attempts\":0" },
		{ KYI_API_READ, "/api/v1/alerting/alerts",
		    "filter=alertname=B", NULL, 200, "\"messages\":[]" },
	};
	struct kymo_error error = { "" };
	struct asked asked;

	begin(&asked);
	assert_int_equal(kymo_outbox_add(asked.outbox, &message, &error), 0);
	ROWS(&asked, rows);
	end(&asked);
}

/* Without a network, and without messages. */
static void
test_what_was_saved_is_told_without_a_server(void **state)
{
	static const struct {
		const char *target;
		unsigned status;
		const char *has;
	} rows[] = {
		{ "/api/v2/alerts", 200, "\"alertname\":\"A\"" },
		{ "/api/v2/alerts?filter=alertname%3DB", 200, "\"B\"" },
		{ "/api/v2/alerts?filter=%00", 400, "zero byte" },
		{ "/api/v2/silences", 200, "[]" },
		{ "/api/v1/alerting/alerts?filter=alertname%3d%22A%22", 200,
		    "\"decisions\":[{" },
		{ "/api/v1/alerting/queue", 503, "a running kymod" },
		{ "/api/v1/alerting/receivers", 503, "a running kymod" },
		{ "/api/v2/silence/1", 404, "no such question" },
		{ "/api/v1/label/a/values", 404, "no such question" },
		{ "/api/v1/alerting/ack", 404, "no such question" },
		{ "/metrics", 404, "no such question" },
	};
	struct asked asked;
	size_t i;

	begin(&asked);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct kymo_serve_alerting with = {
		    .alerts = asked.alerts.alerts,
		    .routing = asked.alerts.routing, .now_ms = NOW_S * 1000 };
		struct kymo_buffer out = { 0 };
		unsigned status = kymo_serve_ask(&with, rows[i].target, &out);

		assert_false(out.failed);
		if (status != rows[i].status ||
		    strstr(out.at, rows[i].has) == NULL)
			fail_msg("%s: %u %s", rows[i].target, status, out.at);
		kymo_buffer_free(&out);
	}
	end(&asked);
}

/* Whoever has no alerts says so. */
static void
test_without_routes_it_is_said(void **state)
{
	const struct kyi_api_world world = { .alerting = NULL };
	struct kyi_api api = { .world = &world, .plain = true };

	api.route = kyi_api_find("/api/v2/alerts", KYI_API_READ);
	kyi_api_answer(&api);
	assert_int_equal(api.status, 503);
	assert_non_null(strstr(api.out.at, "names no routes"));
	kyi_api_free(&api);
	assert_null(kyi_api_find("/api/v2/silence/", KYI_API_READ));
	assert_null(kyi_api_find("/api/v2/silence/a/b", KYI_API_READ));
	assert_null(kyi_api_find("/api/v2/query", KYI_API_READ));
	assert_null(kyi_api_find("/api/v1/silences", KYI_API_READ));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_alerts_are_told_as_alertmanager_tells_them),
		cmocka_unit_test(test_silences_are_taken_told_and_ended),
		cmocka_unit_test(test_alerts_are_acknowledged),
		cmocka_unit_test(
		    test_messages_are_told_and_receivers_tried_out),
		cmocka_unit_test(test_a_message_is_told_with_its_alert),
		cmocka_unit_test(test_what_was_saved_is_told_without_a_server),
		cmocka_unit_test(test_without_routes_it_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
