/* SPDX-License-Identifier: MIT */
/* Goal: rules are evaluated when it is time, those who record before those who
   read it; what is recorded has the right labels and an end; and states
   outlive a restart and a reload.
   Method: samples written down, steps of a clock that the test owns. */
#include "tests/testlib/testlib.h"

#include "tests/testlib/rules_world.h"

#define GROUP "groups:\n- name: g\n  rules:\n"

static struct world world;

static void
test_what_is_recorded_has_its_labels_and_an_end(void **state)
{
	world_begin(&world, "groups:\n- name: g\n"
	    "  labels: {team: core, l: group}\n"
	    "  rules:\n"
	    "  - {record: r, expr: x * 2, labels: {l: rule, a: ''}}\n"
	    "  - {record: s, expr: scalar(x) + 1}\n");
	world_put(&world, "__name__=x,a=1,b=2", 0, 5);
	world_at(&world, 0);
	assert_string_equal(world_ask(&world, "r", 0),
	    "__name__=r,b=2,l=rule,team=core 10\n");
	assert_string_equal(world_ask(&world, "s", 0),
	    "__name__=s,l=group,team=core 6\n");
	/* Six minutes later x is gone, and so is r, though a last sample of it
	   would be seen for five. */
	world_at(&world, 299000);
	assert_string_equal(world_ask(&world, "r", 299000),
	    "__name__=r,b=2,l=rule,team=core 10\n");
	world_at(&world, 360000);
	assert_string_equal(world_ask(&world, "r", 360000), "");
	world_end(&world);
}

static void
test_series_that_become_one_are_an_error(void **state)
{
	world_begin(&world, GROUP
	    "  - {record: r, expr: x, labels: {a: ''}}\n");
	world_put(&world, "__name__=x,a=1", 0, 5);
	world_put(&world, "__name__=x,a=2", 0, 5);
	world_at(&world, 0);
	assert_string_equal(world_status(&world), "r: vector contains metrics "
	    "with the same labelset after applying rule labels\n");
	assert_string_equal(world_ask(&world, "r", 0), "");
	/* One of them goes, and the other may be it. */
	world_put(&world, "__name__=x,a=2", 360000, 6);
	world_at(&world, 360000);
	assert_string_equal(world_ask(&world, "r", 360000),
	    "__name__=r 6\n");
	assert_string_equal(world_status(&world), "");
	world_end(&world);
}

static void
test_who_records_comes_before_who_reads(void **state)
{
	world_begin(&world, "groups:\n"
	    "- name: a\n  rules:\n"
	    "  - {alert: A, expr: c > 0}\n"
	    "  - {record: c, expr: b * 2}\n"
	    "- name: b\n  rules:\n"
	    "  - {record: b, expr: 'x{l=\"1\"} + 1'}\n"
	    "  - {record: n, expr: 'count({__name__=~\"[bc]\"})'}\n"
	    "  - {record: m, expr: 'count(ALERTS{alertname=\"A\"})'}\n");
	world_put(&world, "__name__=x,l=1", 0, 5);
	world_at(&world, 0);
	assert_string_equal(world_ask(&world, "c", 0), "__name__=c,l=1 12\n");
	assert_string_equal(world_ask(&world, "n", 0), "__name__=n 2\n");
	assert_string_equal(world_ask(&world, "m", 0), "__name__=m 1\n");
	assert_string_equal(world_status(&world), "A firing l=1 since 0\n");
	assert_string_equal(world.heard.at, "");
	world_end(&world);
	world.options.as_written = true;
	world_begin(&world, GROUP "  - {record: c, expr: b * 2}\n"
	    "  - {record: b, expr: x + 1}\n");
	world_put(&world, "__name__=x", 0, 5);
	world_at(&world, 0);
	assert_string_equal(world_ask(&world, "c", 0), "");
	world_end(&world);
}

static void
test_a_circle_is_said_and_still_evaluated(void **state)
{
	world_begin(&world, GROUP
	    "  - {record: a, expr: b or x}\n"
	    "  - {record: b, expr: a + 1}\n"
	    "  - {record: own, expr: own + 1 or x}\n"
	    "  - {record: l, expr: 'l{i=\"2\"}', labels: {i: '1'}}\n");
	assert_string_equal(world.heard.at, "f:4:1: rule 'a' reads 'b', and "
	    "that reads it, maybe by others; 'a' is evaluated first and sees "
	    "what was recorded in the pass before\n");
	world_put(&world, "__name__=x", 0, 5);
	world_at(&world, 0);
	world_at(&world, 60000);
	assert_string_equal(world_ask(&world, "b", 60000), "__name__=b 7\n");
	assert_string_equal(world_ask(&world, "own", 60000),
	    "__name__=own 6\n");
	world_end(&world);
}

static int64_t newest_ms;

static int64_t
newest(void *of)
{
	(void)of;
	return newest_ms;
}

static int
step(int64_t now_ms)
{
	struct kymo_error error = { "" };

	return kymo_rule_engine_step(world.engine, now_ms, &error);
}

static void
test_groups_come_when_it_is_their_time(void **state)
{
	world_begin(&world, "groups:\n"
	    "- {name: fast, interval: 250ms, rules: [{record: f, expr: time()}"
	    "]}\n"
	    "- {name: slow, interval: 10s, query_offset: 1s, "
	    "rules: [{record: s, expr: time()}]}\n");
	assert_int_equal(step(100300), 2);
	assert_string_equal(world_ask(&world, "f", 100300),
	    "__name__=f 100.25\n");
	/* Asked of 99 s, and kept there. */
	assert_string_equal(world_ask(&world, "s", 99000), "__name__=s 99\n");
	assert_int_equal(kymo_rule_engine_next_ms(world.engine), 100500);
	assert_int_equal(step(100499), 0);
	assert_int_equal(step(100500), 1);
	assert_int_equal(kymo_rule_engine_missed_cnt(world.engine), 0);
	assert_int_equal(step(101600), 1);
	assert_int_equal(kymo_rule_engine_missed_cnt(world.engine), 3);
	assert_int_equal(step(110000), 2);
	/* The clock goes back: nobody waits until it is there again. */
	assert_int_equal(step(50000), 2);
	assert_int_equal(step(50250), 1);
	world_end(&world);
}

static void
test_without_a_new_scan_nothing_is_evaluated(void **state)
{
	world.options.newest_ms = newest;
	newest_ms = 1000;
	world_begin(&world, GROUP "  - {alert: A, expr: x > 0}\n");
	world_put(&world, "__name__=x", 1000, 1);
	assert_int_equal(step(60000), 1);
	assert_string_equal(world_status(&world), "A firing since 60\n");
	assert_int_equal(step(600000), 0);
	assert_string_equal(world_status(&world), "A firing since 60\n");
	newest_ms = 660000;
	assert_int_equal(step(660000), 1);
	assert_string_equal(world_status(&world), "A inactive since 60\n");
	/* The clock goes back, and the scans with it. */
	newest_ms = 60000;
	world_put(&world, "__name__=x", 60000, 1);
	assert_int_equal(step(60000), 1);
	world_end(&world);
}

static int64_t
oldest(void *of)
{
	(void)of;
	return 61000;
}

static void
test_what_was_before_the_first_scan_ends_nothing(void **state)
{
	world.options.oldest_ms = oldest;
	world_begin(&world, GROUP "  - {alert: A, expr: x > 0}\n");
	world_put(&world, "__name__=x", 60500, 1);
	/* A pass of 60 s. */
	assert_int_equal(step(61500), 0);
	assert_string_equal(world_status(&world), "");
	assert_int_equal(kymo_rule_engine_missed_cnt(world.engine), 0);
	assert_int_equal(step(120000), 1);
	assert_string_equal(world_status(&world), "A firing since 120\n");
	world_end(&world);
}

static const char two_alerts[] = GROUP
    "  - {alert: P, expr: x > 0, for: 10m}\n"
    "  - {alert: F, expr: x > 0, for: 1m, labels: {s: '\"q\\'}}\n";

static void
test_states_outlive_a_restart(void **state)
{
	struct kymo_rule_store store;
	struct kymo_error error = { "" };
	char path[PATH_MAX];

	strcpy(path, testlib_path("control.db"));
	if (kymo_rule_store_open(&store, path, &error) != 0)
		fail_msg("%s", error.text);
	world.options.store = &store;
	world_begin(&world, two_alerts);
	world_put(&world, "__name__=x,a=1", 1000000, 1);
	world_at(&world, 1000000);
	world_at(&world, 1060000);
	assert_string_equal(world_status(&world),
	    "P pending a=1 since 1000\nF firing a=1 s=\"q\\ since 1000\n");
	world_end(&world);
	kymo_rule_store_close(&store);

	/* Two minutes away: P had nine to go, and has them still. */
	assert_int_equal(kymo_rule_store_open(&store, path, &error), 0);
	world.options.store = &store;
	world_begin(&world, two_alerts);
	world_put(&world, "__name__=x,a=1", 1180000, 1);
	world_at(&world, 1180000);
	assert_string_equal(world_status(&world),
	    "P pending a=1 since 1120\nF firing a=1 s=\"q\\ since 1000\n");
	world_put(&world, "__name__=x,a=1", 1240000, 0);
	world_at(&world, 1240000);
	assert_string_equal(world_status(&world),
	    "F inactive a=1 s=\"q\\ since 1000\n");
	world_end(&world);
	kymo_rule_store_close(&store);

	/* Other rules: what was of those that are gone is forgotten. */
	assert_int_equal(kymo_rule_store_open(&store, path, &error), 0);
	world.options.store = &store;
	world_begin(&world, GROUP "  - {alert: Other, expr: x > 0}\n");
	world_at(&world, 1300000);
	world_end(&world);
	world.options.store = &store;
	world_begin(&world, two_alerts);
	assert_string_equal(world_status(&world), "");
	world_end(&world);
	kymo_rule_store_close(&store);
}

static void
test_a_store_that_cannot_be_opened_is_said(void **state)
{
	struct kymo_rule_store store;
	struct kymo_error error = { "" };

	assert_int_equal(kymo_rule_store_open(&store,
	    "/nowhere/at/all/control.db", &error), -1);
	assert_non_null(strstr(error.text, "/nowhere/at/all/control.db: "));
}

static void
test_a_reload_keeps_what_is_known(void **state)
{
	struct kymo_rule_engine *before;
	struct kymo_rules *rules;
	struct kymo_table *table;

	world_begin(&world, GROUP
	    "  - {alert: P, expr: x > 0, for: 10m}\n"
	    "  - {record: r, expr: x}\n");
	world_put(&world, "__name__=x", 0, 1);
	world_at(&world, 0);
	before = world.engine;
	rules = world.rules;
	table = world.table;
	world_begin(&world, GROUP
	    "  - {alert: P, expr: x > -1, for: 5m}\n");
	assert_ptr_equal(table, world.table);
	kymo_rule_engine_adopt(world.engine, before);
	kymo_rule_engine_delete(before);
	kymo_rules_delete(rules);
	assert_string_equal(world_status(&world), "P pending since 0\n");
	/* Nobody records r any more: it ends. */
	assert_string_equal(world_ask(&world, "r", 1000), "");
	world_put(&world, "__name__=x", 300000, 0);
	world_at(&world, 300000);
	assert_string_equal(world_status(&world), "P firing since 0\n");
	world_end(&world);
}

/* Rules are told apart by their labels; annotations may come and go. */
static void
test_a_reload_gives_states_to_the_same_rules(void **state)
{
	struct kymo_rule_engine *before;
	struct kymo_rules *rules;

	world_begin(&world, GROUP
	    "  - {alert: P, expr: x > 0, labels: {s: page}}\n"
	    "  - {alert: P, expr: x > 5, labels: {s: ticket}}\n"
	    "  - {alert: Q, expr: x > 0, for: 10m, annotations: {a: b}}\n");
	world_put(&world, "__name__=x", 0, 1);
	world_at(&world, 0);
	assert_string_equal(world_status(&world), "P firing s=page since 0\n"
	    "Q pending 'b' since 0\n");
	before = world.engine;
	rules = world.rules;
	world_begin(&world, GROUP
	    "  - {alert: P, expr: x > 5, labels: {s: ticket}}\n"
	    "  - {alert: P, expr: x > 0, labels: {s: page}}\n"
	    "  - {alert: Q, expr: x > 0, for: 10m, "
	    "annotations: {a: c, d: e}}\n");
	kymo_rule_engine_adopt(world.engine, before);
	kymo_rule_engine_delete(before);
	kymo_rules_delete(rules);
	world_at(&world, 60000);
	assert_string_equal(world_status(&world), "P firing s=page since 0\n"
	    "Q pending 'c' 'e' since 0\n");
	world_end(&world);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_what_is_recorded_has_its_labels_and_an_end),
		cmocka_unit_test(test_series_that_become_one_are_an_error),
		cmocka_unit_test(test_who_records_comes_before_who_reads),
		cmocka_unit_test(test_a_circle_is_said_and_still_evaluated),
		cmocka_unit_test(test_groups_come_when_it_is_their_time),
		cmocka_unit_test(test_without_a_new_scan_nothing_is_evaluated),
		cmocka_unit_test(test_what_was_before_the_first_scan_ends_nothing),
		cmocka_unit_test_setup_teardown(test_states_outlive_a_restart,
		    testlib_setup, testlib_teardown),
		cmocka_unit_test(
		    test_a_store_that_cannot_be_opened_is_said),
		cmocka_unit_test(test_a_reload_keeps_what_is_known),
		cmocka_unit_test(test_a_reload_gives_states_to_the_same_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
