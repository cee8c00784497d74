/* SPDX-License-Identifier: MIT */
/* Goal: a rule file is what it says; one that is wrong is refused, with each
   fault's place; an SLO is the rules it stands for, and what is printed reads
   as the same again.
   Method: rows of files and what is said of them. */
#include "tests/testlib/testlib.h"

#include "reader/buffer.h"
#include "reader/rules/rules.h"

static struct kymo_buffer heard;

static void
hear(void *of, const char *text)
{
	(void)of;
	if (heard.len_bytes > 0)
		kymo_buffer_char(&heard, '\n');
	kymo_buffer_str(&heard, text);
}

static struct kymo_rules *
parse(const char *text)
{
	struct kymo_rule_faults faults = { hear, NULL };
	struct kymo_rules *rules;

	heard.len_bytes = 0;
	kymo_buffer_str(&heard, "");
	if (kymo_rules_parse(&rules, "f", text, strlen(text), &faults) != 0)
		return NULL;
	return rules;
}

static struct kymo_rules *
sound(const char *text)
{
	struct kymo_rules *rules = parse(text);

	if (rules == NULL)
		fail_msg("%s\n%s", text, heard.at);
	return rules;
}

static const char whole[] =
    "groups:\n"
    "- name: one\n"
    "  interval: 15s\n"
    "  query_offset: 1s\n"
    "  limit: 10\n"
    "  labels: {team: core}\n"
    "  rules:\n"
    "  - record: job:up:sum\n"
    "    expr: sum by (job) (up)\n"
    "    labels: {a: b}\n"
    "  - alert: Down\n"
    "    expr: |\n"
    "      up\n"
    "        == 0\n"
    "    for: 5m\n"
    "    keep_firing_for: 1h30m\n"
    "    labels:\n"
    "      severity: page\n"
    "    annotations:\n"
    "      summary: '{{ $labels.job }} is down: it''s {{ $value }}'\n"
    "    resolve_expr: up == 1\n"
    "    no_data: keep\n"
    "    on_error: keep\n"
    "    depends_on: [HostDown, 'Net: Down']\n"
    "    flap: {max: 3, within: 10m}\n"
    "- name: two\n"
    "  rules: []\n";

static void
test_a_whole_file_is_what_it_says(void **state)
{
	struct kymo_rules *rules = sound(whole);
	const struct kymo_rule_group *group = kymo_rules_groups(rules);
	const struct kymo_rule *rule = group->rules;

	assert_int_equal(kymo_rules_cnt(rules), 2);
	assert_string_equal(group->name, "one");
	assert_int_equal(group->interval_ms, 15000);
	assert_int_equal(group->offset_ms, 1000);
	assert_int_equal(group->limit, 10);
	assert_string_equal(group->labels[0].value, "core");
	assert_false(rule->is_alert);
	assert_string_equal(rule->name, "job:up:sum");
	rule = rule->next;
	assert_true(rule->is_alert);
	assert_string_equal(rule->expr, "up\n  == 0\n");
	assert_int_equal(rule->for_ms, 300000);
	assert_int_equal(rule->keep_firing_ms, 5400000);
	assert_string_equal(rule->labels[0].key, "severity");
	assert_string_equal(rule->annotations[0].value,
	    "{{ $labels.job }} is down: it's {{ $value }}");
	assert_string_equal(rule->resolve_expr, "up == 1");
	assert_int_equal(rule->no_data, KYMO_NO_DATA_KEEP);
	assert_int_equal(rule->depends_cnt, 2);
	assert_string_equal(rule->depends_on[1], "Net: Down");
	assert_int_equal(rule->flap_max, 3);
	assert_int_equal(rule->flap_ms, 600000);
	assert_null(rule->next);
	assert_string_equal(group->next->name, "two");
	assert_int_equal(group->next->offset_ms, -1);
	assert_null(group->next->next);
	kymo_rules_delete(rules);
}

static void
test_nothing_is_no_fault(void **state)
{
	static const char *const rows[] = { "", "groups:\n", "groups: []\n",
		"# x\n", "{}\n", "groups:\n- name: a\n",
		"groups:\n- name: a\n  rules:\n" };
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		kymo_rules_delete(sound(rows[i]));
}

#define GROUP "groups:\n- name: g\n  rules:\n"

static void
test_each_fault_is_said_with_its_place(void **state)
{
	static const struct {
		const char *text, *said;
	} rows[] = {
		{ "gruops: []\n", "f:1:1: a rule file has no key 'gruops'; is "
		    "it 'groups'?" },
		{ "groups:\n- nam: x\n", "f:2:3: a group has no key 'nam'; is "
		    "it 'name'?\nf:2:3: Groupname must not be empty" },
		{ "groups:\n- name: x\n- name: x\n", "f:3:9: groupname: \"x\" "
		    "is repeated in the same file, first in line 2" },
		{ "groups:\n- name: x\n  interval: 5\n", "f:3:13: '5' has no "
		    "unit; write 5s or 5m" },
		{ "groups:\n- name: x\n  limit: -1\n", "f:3:10: expected a "
		    "whole number, found '-1'" },
		{ GROUP "  - record: a\n    alert: b\n    expr: 1\n",
		    "f:5:12: only one of 'record' and 'alert' must be set" },
		{ GROUP "  - expr: 1\n", "f:4:5: one of 'record' or 'alert' "
		    "must be set" },
		{ GROUP "  - record: a\n", "f:4:5: field 'expr' must be set in "
		    "rule" },
		{ GROUP "  - record: a{b=\"c\"}\n    expr: 1\n", "f:4:13: "
		    "braces present in the recording rule name; should it be "
		    "in expr?: a{b=\"c\"}" },
		{ GROUP "  - record: a\n    expr: 1\n    for: 5m\n"
		    "    annotations: {a: b}\n", "f:7:5: invalid field "
		    "'annotations' in recording rule\nf:6:5: invalid field "
		    "'for' in recording rule" },
		{ GROUP "  - alert: a\n    expr: 1\n    labels: {__name__: b}\n",
		    "f:6:14: invalid label name: __name__" },
		{ GROUP "  - alert: a\n    expr: 1\n    annotations:\n"
		    "      x: down {{ $label.foo }}\n", "f:7:18: annotation "
		    "\"x\": undefined variable \"$label\"" },
		{ GROUP "  - alert: a\n    expr: 1\n    for: soon\n",
		    "f:6:10: 'soon' is not a duration; write one as 30s, 5m, "
		    "1h30m or 250ms" },
		{ GROUP "  - alert: a\n    expr: 1\n    no_data: maybe\n",
		    "f:6:14: expected ok, alert, keep or unknown, found "
		    "'maybe'" },
		{ GROUP "  - alert: a\n    expr: 1\n    flap: {max: 1}\n",
		    "f:6:11: flap wants max: 2 to 16, and within: a duration" },
		{ GROUP "  - alert: a\n    expr: '\"text\"'\n", "f:5:11: a "
		    "rule's expression gives a vector or a scalar, this one "
		    "gives a string" },
		{ GROUP "  - alert: a\n    expr: x[5m]\n", "f:5:11: a rule's "
		    "expression gives a vector or a scalar, this one gives "
		    "ranges; is a function missing around it?" },
		{ GROUP "  - alert: a\n    slo: {good: x}\n", "f:5:10: an SLO "
		    "wants 'total'\nf:5:10: an SLO wants 'objective', a "
		    "percentage between 0 and 100, as 99.9" },
		{ GROUP "  - alert: a\n    slo: {good: 'x + y', total: y, "
		    "objective: 99}\n", "f:5:17: 'good' is a selector of "
		    "counters, as requests_total{code=\"200\"}, or an "
		    "expression with [$window] in it" },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_null(parse(rows[i].text));
		if (strcmp(heard.at, rows[i].said) != 0)
			fail_msg("%s\n said %s\n not %s", rows[i].text,
			    heard.at, rows[i].said);
	}
}

/* The parser's words are its own; the place is of the file. */
static void
test_a_wrong_expression_is_found_in_the_file(void **state)
{
	static const struct {
		const char *text, *place;
	} rows[] = {
		{ GROUP "  - record: a\n    expr: 'test +'\n", "f:5:" },
		{ GROUP "  - record: a\n    expr: sum(x) by (\n", "f:5:" },
		{ GROUP "  - record: a\n    expr: |\n      sum(\n"
		    "        rate(x)\n      )\n", "f:7:" },
		{ GROUP "  - record: a\n    expr: up == foo(1)\n", "f:5:17: " },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_null(parse(rows[i].text));
		if (strncmp(heard.at, rows[i].place, strlen(rows[i].place)) !=
		    0 || strstr(heard.at, "could not parse expression: ") ==
		    NULL)
			fail_msg("%s\n said %s", rows[i].text, heard.at);
	}
}

static const char slo[] =
    GROUP
    "  - alert: Checkout\n"
    "    slo:\n"
    "      good: req_total{code!~\"5..\"}\n"
    "      total: req_total\n"
    "      objective: 99.9\n"
    "      window: 30d\n"
    "      min_events: 100\n"
    "      by: [site]\n"
    "    labels: {team: web}\n";

static void
test_an_slo_is_the_rules_it_stands_for(void **state)
{
	struct kymo_rules *rules = sound(slo);
	const struct kymo_rule *rule = kymo_rules_groups(rules)->rules;
	uint32_t record_cnt = 0, alert_cnt = 0;

	assert_string_equal(rule->name, "slo:error_ratio:rate5m");
	assert_string_equal(rule->expr, "1 - (sum by (site) (rate(req_total"
	    "{code!~\"5..\"}[5m])) or 0 * sum by (site) (rate(req_total[5m])))"
	    " / sum by (site) (rate(req_total[5m]))");
	for (; rule != NULL; rule = rule->next) {
		assert_string_equal(rule->slo, "Checkout");
		if (!rule->is_alert) {
			record_cnt++;
			continue;
		}
		if (alert_cnt++ > 0)
			continue;
		assert_string_equal(rule->expr, "slo:error_ratio:rate1h{slo="
		    "\"Checkout\"} > 14.4 * 0.001 and slo:error_ratio:rate5m"
		    "{slo=\"Checkout\"} > 14.4 * 0.001 and "
		    "slo:events:increase1h{slo=\"Checkout\"} >= 100");
		assert_int_equal(rule->label_cnt, 3);
		assert_string_equal(rule->labels[2].value, "page");
	}
	assert_int_equal(record_cnt, 12);
	assert_int_equal(alert_cnt, 4);
	kymo_rules_delete(rules);
}

static void
test_what_is_printed_reads_as_the_same(void **state)
{
	static const char *const texts[] = { whole, slo };
	struct kymo_buffer once = { 0 }, twice = { 0 };
	size_t i;

	for (i = 0; i < 2; i++) {
		struct kymo_rules *rules = sound(texts[i]), *again;

		once.len_bytes = twice.len_bytes = 0;
		kymo_rules_print(rules, false, &once);
		again = sound(once.at);
		assert_int_equal(kymo_rules_cnt(rules), kymo_rules_cnt(again));
		kymo_rules_print(again, false, &twice);
		assert_string_equal(once.at, twice.at);
		kymo_rules_delete(again);
		/* Prometheus reads none of our keys. */
		once.len_bytes = 0;
		kymo_rules_print(rules, true, &once);
		again = sound(once.at);
		assert_null(strstr(once.at, "\n    no_data"));
		kymo_rules_delete(again);
		kymo_rules_delete(rules);
	}
	kymo_buffer_free(&once);
	kymo_buffer_free(&twice);
}

static void
test_what_looks_wrong_is_said(void **state)
{
	static const struct {
		const char *text, *said;
	} rows[] = {
		{ GROUP "  - record: a\n    expr: rate(mem_bytes[5m])\n",
		    "f:4:5: rule 'a': rate() is of counters, and 'mem_bytes' "
		    "by its name is none; deriv() or delta() is of gauges" },
		{ GROUP "  - record: a\n    expr: rate(x_total[5m])\n", "" },
		{ GROUP "  - record: a\n    expr: rate(x_bucket[5m])\n", "" },
		{ GROUP "  - alert: a\n    expr: up == 0\n",
		    "f:4:5: alert 'a' has no 'for': one sample is enough to "
		    "fire; say 'for: 0s' if it shall be" },
		{ GROUP "  - alert: a\n    expr: up == 0\n    for: 1m\n", "" },
		{ GROUP "  - record: a\n    expr: up\n  - record: a\n"
		    "    expr: down\n", "f:6:5: rule 'a' with the same labels "
		    "is in line 4, too" },
		{ GROUP "  - record: a\n    expr: sum by (job) (x) / "
		    "sum by (site) (y)\n", "f:4:5: rule 'a': a join finds no "
		    "partner: label 'job' has a value on the left and is not "
		    "there on the right; say ignoring(job), or on(..) what "
		    "they share" },
		{ GROUP "  - record: a\n    expr: sum(x) / on (job) "
		    "(y{job=\"b\"} + 1)\n", "f:4:5: rule 'a': a join finds "
		    "no partner: label 'job' is not there on the left and is "
		    "\"b\" on the right; say ignoring(job), or on(..) what "
		    "they share" },
		{ GROUP "  - record: a\n    expr: 'x{a=\"1\"} + "
		    "rate(y{a=\"2\"}[1m])'\n", "f:4:5: rule 'a': a join "
		    "finds no partner: label 'a' is \"1\" on the left and is "
		    "\"2\" on the right; say ignoring(a), or on(..) what they "
		    "share" },
		{ GROUP "  - record: a\n    expr: 'x{a=\"1\"} + ignoring(a) "
		    "y{a=\"2\"} or sum(x) unless y{a=\"2\"}'\n", "" },
		{ GROUP "  - record: a\n    expr: sum by (job) (x) / on (job) "
		    "group_left sum by (job, site) (y)\n", "" },
	};
	struct kymo_rule_faults faults = { hear, NULL };
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct kymo_rules *rules = sound(rows[i].text);
		uint32_t cnt = kymo_rules_lint(rules, &faults);

		if (strcmp(heard.at, rows[i].said) != 0)
			fail_msg("%s\n said %s", rows[i].text, heard.at);
		assert_int_equal(cnt, rows[i].said[0] != '\0');
		kymo_rules_delete(rules);
	}
}

static void
test_no_prefix_hurts(void **state)
{
	char text[sizeof(whole) > sizeof(slo) ? sizeof(whole) : sizeof(slo)];
	size_t i;

	for (i = 0; i < sizeof(whole); i += 3) {
		memcpy(text, whole, sizeof(whole));
		text[i] = '\0';
		kymo_rules_delete(parse(text));
	}
	for (i = 0; i < sizeof(slo); i++) {
		memcpy(text, slo, sizeof(slo));
		text[i] = '\0';
		kymo_rules_delete(parse(text));
	}
}

static int
forget(void **state)
{
	(void)state;
	kymo_buffer_free(&heard);
	return 0;
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_whole_file_is_what_it_says),
		cmocka_unit_test(test_nothing_is_no_fault),
		cmocka_unit_test(test_each_fault_is_said_with_its_place),
		cmocka_unit_test(test_a_wrong_expression_is_found_in_the_file),
		cmocka_unit_test(test_an_slo_is_the_rules_it_stands_for),
		cmocka_unit_test(test_what_is_printed_reads_as_the_same),
		cmocka_unit_test(test_what_looks_wrong_is_said),
		cmocka_unit_test(test_no_prefix_hurts),
	};

	return cmocka_run_group_tests(tests, NULL, forget);
}
