/* SPDX-License-Identifier: MIT */
/* Goal: a message's JSON is Alertmanager's, version 4, with ours beside, and
   sound whatever the texts are. */
#include "tests/testlib/testlib.h"

#include <math.h>

#include <jansson.h>

#include "reader/notify/message.h"

#define START_MS INT64_C(1767323045678)

static const struct kymo_label one[] = { { "alertname", "Slow" },
    { "path", "/a" }, { "service", "shop" } };
static const struct kymo_label two[] = { { "alertname", "Slow" },
    { "path", "/b" }, { "service", "shop" } };
static const struct kymo_label notes[] = { { "summary", "slow" } };

static void
test_the_whole_of_it(void **state)
{
	static const struct kymo_notify_point points[] = { { 1000, 0.25 },
	    { 2000, 3 } };
	static const struct kymo_notify_quantile quantiles[] = {
	    { 0.99, 1.5, NULL } };
	static const struct kymo_notify_exemplar exemplars[] = { {
	    .trace_id = "4bf92f3577b34da6a3ce929d0e0e4736", .value = 2,
	    .at_ms = START_MS } };
	static const char *const changes[] = { "deploy 17" };
	const struct kymo_notify_detail detail = { .unit = "seconds",
	    .points = points, .point_cnt = 2, .quantiles = quantiles,
	    .quantile_cnt = 1, .exemplars = exemplars, .exemplar_cnt = 1,
	    .process = "alive", .changes = changes, .change_cnt = 1,
	    .runbook_url = "https://run/book" };
	const struct kymo_notify_alert alerts[] = { { .firing = true,
	    .labels = one, .label_cnt = 3, .annotations = notes,
	    .annotation_cnt = 1, .starts_ms = START_MS, .value = 2.5,
	    .threshold = 1, .generator_url = "http://kymo/g" },
	    { .labels = two, .label_cnt = 3, .starts_ms = START_MS,
	    .ends_ms = START_MS + 60000, .value = NAN, .threshold = NAN } };
	const struct kymo_message message = { .receiver = "hook",
	    .group_key = "{}:{service=\"shop\"}", .alerts = alerts,
	    .alert_cnt = 2, .group_labels = one + 2, .group_label_cnt = 1,
	    .external_url = "http://kymo", .at_ms = START_MS,
	    .detail = &detail };
	struct kymo_buffer out = {0};

	assert_int_equal(kymo_message_json(&message, &out, NULL), 0);
	assert_string_equal(out.at, "{\"version\":\"4\","
	    "\"groupKey\":\"{}:{service=\\\"shop\\\"}\","
	    "\"truncatedAlerts\":0,\"status\":\"firing\","
	    "\"receiver\":\"hook\",\"groupLabels\":{\"service\":\"shop\"},"
	    "\"commonLabels\":{\"alertname\":\"Slow\",\"service\":\"shop\"},"
	    "\"commonAnnotations\":{},\"externalURL\":\"http://kymo\","
	    "\"alerts\":[{\"status\":\"firing\",\"labels\":{"
	    "\"alertname\":\"Slow\",\"path\":\"/a\",\"service\":\"shop\"},"
	    "\"annotations\":{\"summary\":\"slow\"},"
	    "\"startsAt\":\"2026-01-02T03:04:05.678Z\","
	    "\"endsAt\":\"0001-01-01T00:00:00Z\","
	    "\"generatorURL\":\"http://kymo/g\","
	    "\"fingerprint\":\"c4d510daa269f44b\",\"value\":2.5,"
	    "\"threshold\":1},{\"status\":\"resolved\",\"labels\":{"
	    "\"alertname\":\"Slow\",\"path\":\"/b\",\"service\":\"shop\"},"
	    "\"annotations\":{},\"startsAt\":\"2026-01-02T03:04:05.678Z\","
	    "\"endsAt\":\"2026-01-02T03:05:05.678Z\",\"generatorURL\":\"\","
	    "\"fingerprint\":\"2208b2fb6e4fa806\"}],\"kymo\":{"
	    "\"at\":\"2026-01-02T03:04:05.678Z\",\"unit\":\"seconds\","
	    "\"points\":[[1000,0.25],[2000,3]],\"quantiles\":[[0.99,1.5]],"
	    "\"exemplars\":[{"
	    "\"traceId\":\"4bf92f3577b34da6a3ce929d0e0e4736\","
	    "\"spanId\":\"\",\"value\":2,"
	    "\"at\":\"2026-01-02T03:04:05.678Z\"}],\"process\":\"alive\","
	    "\"changes\":[\"deploy 17\"],"
	    "\"runbookURL\":\"https://run/book\"}}");
	kymo_buffer_free(&out);
}

/* No label, and a set in whatever order: as Alertmanager's model has it. */
static void
test_fingerprints(void **state)
{
	const struct kymo_label turned[] = { one[2], one[0], one[1] };

	assert_true(kymo_notify_fingerprint(NULL, 0) ==
	    UINT64_C(0xcbf29ce484222325));
	assert_true(kymo_notify_fingerprint(one, 3) ==
	    kymo_notify_fingerprint(turned, 3));
	assert_true(kymo_notify_fingerprint(one, 3) !=
	    kymo_notify_fingerprint(two, 3));
}

/* What JSON cannot hold is replaced; a reader that is not ours agrees that the
   rest is JSON. */
static void
test_nasty_texts_and_numbers(void **state)
{
	char *long_text = malloc(100001);
	struct kymo_label labels[] = { { "latin", "caf\xe9 \xf0\x9f" },
	    { "lines", "a\r\nb\t\x01\x7f" }, { "long", long_text },
	    { "rtl", "\xe2\x80\xae" "evil" }, { "", "no key" },
	    { "ke\xffy", "<!channel> & \"" } };
	const struct kymo_notify_alert alert = { .firing = true,
	    .labels = labels, .label_cnt = 6, .value = INFINITY,
	    .threshold = 1e300, .starts_ms = INT64_MAX };
	const struct kymo_message message = { .receiver = "\xff",
	    .group_key = "", .alerts = &alert, .alert_cnt = 1 };
	struct kymo_buffer out = {0};
	json_t *json, *got;

	assert_non_null(long_text);
	memset(long_text, 'x', 100000);
	long_text[100000] = '\0';
	assert_int_equal(kymo_message_json(&message, &out, NULL), 0);
	json = json_loadb(out.at, out.len_bytes, 0, NULL);
	assert_non_null(json);
	got = json_array_get(json_object_get(json, "alerts"), 0);
	assert_string_equal(kyi_json_text(got, "value"), "+Inf");
	assert_string_equal(kyi_json_text(got, "startsAt"),
	    "0001-01-01T00:00:00Z");
	got = json_object_get(got, "labels");
	assert_int_equal(json_object_size(got), 5);
	assert_string_equal(kyi_json_text(got, "latin"),
	    "caf\xef\xbf\xbd \xef\xbf\xbd\xef\xbf\xbd");
	assert_string_equal(kyi_json_text(got, "lines"), "a\r\nb\t\x01\x7f");
	assert_string_equal(kyi_json_text(got, "ke\xef\xbf\xbdy"),
	    "<!channel> & \"");
	assert_int_equal(strlen(kyi_json_text(got, "long")), 16386);
	json_decref(json);
	kymo_buffer_free(&out);
	free(long_text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_whole_of_it),
		cmocka_unit_test(test_fingerprints),
		cmocka_unit_test(test_nasty_texts_and_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
