/* SPDX-License-Identifier: MIT */
/* Goal: a test of rules passes and fails as promtool has it, and says what was
   expected and what is.
   Method: rows of test files over one rule file, in a directory of its own.
   Each verdict is that of promtool 2.42, but of formats it does not know. */
#include "tests/testlib/testlib.h"

#include "reader/buffer.h"
#include "reader/rules/rules.h"

static const char rules[] =
    "groups:\n"
    "- name: two\n"
    "  rules:\n"
    "  - {record: b, expr: a * 2}\n"
    "  - alert: Down\n"
    "    expr: up == 0\n"
    "    for: 2m\n"
    "    labels: {zone: '{{ $externalLabels.zone }}'}\n"
    "    annotations: {s: '{{ $labels.job }} {{ $externalURL }}', e: ''}\n"
    "- name: one\n"
    "  rules:\n"
    "  - {record: a, expr: x + 1}\n";

static void
file_write(const char *name, const char *text)
{
	FILE *file = fopen(testlib_path(name), "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

#define FILES "rule_files: ['ru*.yml']\n"
#define ALERT(expected) FILES \
	"tests:\n" \
	"- name: n\n" \
	"  external_labels: {zone: eu}\n" \
	"  external_url: http://k/\n" \
	"  input_series: [{series: 'up{job=\"j\"}', values: '0x10'}]\n" \
	"  alert_rule_test:\n" \
	"  - {eval_time: 2m, alertname: Down, exp_alerts: " expected "}\n"
#define EXPR(values, expr, at, samples) FILES \
	"tests:\n" \
	"- interval: 1m\n" \
	"  input_series: [{series: x, values: '" values "'}]\n" \
	"  promql_expr_test: [{expr: '" expr "', eval_time: " at ", " \
	"exp_samples: " samples "}]\n"

static void
test_verdicts_are_promtools(void **state)
{
	static const struct {
		const char *text;
		int failed_cnt;
		const char *told; /* NULL: anything */
	} rows[] = {
		{ ALERT("[{exp_labels: {job: j, zone: eu}, exp_annotations: "
		    "{s: 'j http://k/', e: ''}}]"), 0, "SUCCESS" },
		/* An annotation that is empty is there all the same. */
		{ ALERT("[{exp_labels: {job: j, zone: eu}, exp_annotations: "
		    "{s: 'j http://k/'}}]"), 1, "got:[\n            0:\n"
		    "              Labels:{alertname=\"Down\", job=\"j\", "
		    "zone=\"eu\"}\n              Annotations:{e=\"\", "
		    "s=\"j http://k/\"}\n            ]" },
		{ ALERT("[]"), 1, "    name: n,\n    alertname: Down, time: 2m, "
		    "\n        exp:[], " },
		{ ALERT("[{}, {}]"), 1, NULL },
		{ EXPR("1 2 3", "x", "1m", "[{labels: x, value: 2}]"), 0,
		    NULL },
		{ EXPR("1 2 3", "x", "90s", "[{labels: x, value: 2}]"), 0,
		    NULL },
		{ EXPR("1 2 3", "x", "1m", "[{labels: y, value: 2}]"), 1,
		    "        exp: {__name__=\"y\"} 2E+00\n"
		    "        got: {__name__=\"x\"} 2E+00\n" },
		{ EXPR("1 2 3", "x", "1m", "[]"), 1, "exp: nil" },
		{ EXPR("1 2 3", "x > 5", "1m", "[]"), 0, NULL },
		{ EXPR("1 2 3", "scalar(x)", "1m", "[{value: 2}]"), 0, NULL },
		{ EXPR("1 2 3", "time()", "10m", "[{value: 600}]"), 0, NULL },
		{ EXPR("1 2 3", "x[5m]", "1m", "[]"), 1, "rule result is not a "
		    "vector or scalar" },
		{ EXPR("1 2 3", "x +", "1m", "[]"), 1, "err: " },
		{ EXPR("1 2", "x", "1m", "[{labels: 'x{', value: 2}]"), 1,
		    "err: " },
		/* Groups one after another: b reads the a of a minute ago. */
		{ EXPR("1 2 3", "b", "1m", "[{labels: b, value: 4}]"), 0,
		    NULL },
		{ "group_eval_order: [one, two]\n" EXPR("1 2 3", "b", "1m",
		    "[{labels: b, value: 6}]"), 0, NULL },
		{ "fuzzy_compare: true\n" EXPR("0.30000000000000004", "x", "0",
		    "[{labels: x, value: 0.3}]"), 0, NULL },
		{ EXPR("0.30000000000000004", "x", "0",
		    "[{labels: x, value: 0.3}]"), 1, NULL },
		{ FILES "tests:\n- start_timestamp: 2024-01-01T01:00:00+01:00\n"
		    "  promql_expr_test: [{expr: time(), eval_time: 1m, "
		    "exp_samples: [{value: 1704067260}]}]\n", 0, NULL },
		{ "rule_files: [none*.yml]\ntests: []\n", 0, "WARNING: no file "
		    "match pattern " },
		{ FILES "tests:\n- {}\n", 0, NULL },
		{ FILES "test: []\n", -1, ":2:1: a file of rule tests has no "
		    "key 'test'; is it 'tests'?" },
		{ FILES "tests:\n- {alert_rule_test: [{eval_time: 1m}]}\n", -1,
		    "misses required attribute alertname" },
		{ FILES "group_eval_order: [a, a]\ntests: []\n", -1, "group "
		    "name repeated in evaluation order: a" },
		{ "rule_files: [bad.yml]\ntests:\n- {}\n", 1, "could not parse "
		    "expression" },
	};
	struct kymo_buffer out = { 0 };
	size_t i;

	file_write("rules.yml", rules);
	file_write("bad.yml", "groups:\n- name: g\n  rules: [{record: a, "
	    "expr: x +}]\n");
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int failed_cnt;

		file_write("test.yml", rows[i].text);
		out.len_bytes = 0;
		failed_cnt = kymo_rules_test(testlib_path("test.yml"), NULL,
		    &out);
		if (failed_cnt != rows[i].failed_cnt || (rows[i].told != NULL &&
		    strstr(out.at, rows[i].told) == NULL))
			fail_msg("%s\n%d failed:\n%s", rows[i].text,
			    failed_cnt, out.at);
	}
	kymo_buffer_free(&out);
}

static void
test_only_those_named_run(void **state)
{
	struct kymo_buffer out = { 0 };

	file_write("rules.yml", rules);
	file_write("test.yml", ALERT("[]"));
	assert_int_equal(kymo_rules_test(testlib_path("test.yml"), "other",
	    &out), 0);
	assert_int_equal(kymo_rules_test(testlib_path("test.yml"), "n", &out),
	    1);
	kymo_buffer_free(&out);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_verdicts_are_promtools,
		    testlib_setup, testlib_teardown),
		cmocka_unit_test_setup_teardown(test_only_those_named_run,
		    testlib_setup, testlib_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
