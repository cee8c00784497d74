/* SPDX-License-Identifier: MIT */
/* Goal: alerts come, last and go as in Prometheus, and what is not known
   changes nothing about them.
   Method: samples written down, passes one by one, and what the rules say. */
#include "tests/testlib/testlib.h"

#include "tests/testlib/rules_world.h"

#define GROUP "groups:\n- name: g\n  rules:\n"

static struct world world;

#define SAYS(at_s, text) \
	do { \
		world_at(&world, (at_s) * INT64_C(1000)); \
		assert_string_equal(world_status(&world), text); \
	} while (0)

static void
test_an_alert_is_pending_then_fires_then_ends(void **state)
{
	world_begin(&world, GROUP
	    "  - alert: Down\n"
	    "    expr: up == 0\n"
	    "    for: 2m\n"
	    "    labels: {severity: page, at: '{{ $labels.job }}!'}\n"
	    "    annotations: {s: '{{ $labels.job }} is {{ $value }}'}\n");
	world_put(&world, "__name__=up,job=a", 0, 0);
	world_put(&world, "__name__=up,job=b", 0, 1);
	SAYS(0, "Down pending at=a! job=a severity=page 'a is 0' since 0\n");
	assert_string_equal(world_ask(&world, "ALERTS", 0),
	    "__name__=ALERTS,alertname=Down,alertstate=pending,at=a!,job=a,"
	    "severity=page 1\n");
	SAYS(60, "Down pending at=a! job=a severity=page 'a is 0' since 0\n");
	SAYS(120, "Down firing at=a! job=a severity=page 'a is 0' since 0\n");
	assert_string_equal(world_ask(&world, "ALERTS", 120000),
	    "__name__=ALERTS,alertname=Down,alertstate=firing,at=a!,job=a,"
	    "severity=page 1\n");
	assert_string_equal(world_ask(&world, "ALERTS_FOR_STATE", 120000),
	    "__name__=ALERTS_FOR_STATE,alertname=Down,at=a!,job=a,"
	    "severity=page 0\n");
	world_put(&world, "__name__=up,job=a", 180000, 1);
	SAYS(180, "Down inactive at=a! job=a severity=page 'a is 0' since 0\n");
	assert_string_equal(world_ask(&world, "ALERTS", 180000), "");
	assert_string_equal(world_ask(&world, "ALERTS_FOR_STATE", 180000), "");
	/* A resolved one is told for 15 minutes; a new one begins anew. */
	world_put(&world, "__name__=up,job=a", 240000, 0);
	SAYS(240, "Down pending at=a! job=a severity=page 'a is 0' since 240\n");
	world_put(&world, "__name__=up,job=a", 300000, 1);
	SAYS(300, "");
	world_end(&world);
}

static void
test_labels_may_look_at_values(void **state)
{
	world_begin(&world, GROUP
	    "  - alert: A\n"
	    "    expr: x\n"
	    "    labels: {v: '{{ $value }}'}\n"
	    "    annotations: {q: '{{ query \"x * 2\" | first | value }}', "
	    "e: '{{ gt $value 1 }}'}\n");
	world_put(&world, "__name__=x", 0, 1);
	SAYS(0, "A firing v=1 '2' '<error expanding template: 1:4: at "
	    "<gt $value 1>: error calling gt: incompatible types for "
	    "comparison (write 10.0, not 10, to compare with a float)>' "
	    "since 0\n");
	world_put(&world, "__name__=x", 60000, 5);
	world_at(&world, 60000);
	assert_non_null(strstr(world_status(&world), "A firing v=5 '10'"));
	assert_non_null(strstr(world_status(&world), "A inactive v=1 '2'"));
	world_end(&world);
}

/* Two series on the one side match one on the other: an error, which says
   nothing about whether the alert should go on. */
static void
test_an_error_ends_no_alert_and_begins_no_for_anew(void **state)
{
	world_begin(&world, GROUP
	    "  - alert: A\n"
	    "    expr: x * on (a) y > 0\n"
	    "    for: 2m\n");
	world_put(&world, "__name__=x,a=1", 0, 1);
	world_put(&world, "__name__=y,a=1", 0, 1);
	SAYS(0, "A pending a=1 since 0\n");
	world_put(&world, "__name__=y,a=1,b=2", 60000, 1);
	world_at(&world, 60000);
	assert_non_null(strstr(world_status(&world), "A: "));
	assert_non_null(strstr(world_status(&world), "A pending a=1 since 0"));
	assert_string_equal(world_ask(&world, "count(ALERTS)", 60000), " 1\n");
	world_put(&world, "__name__=y,a=1,b=2", 90000, 0.0 / 0.0);
	/* The second y is five minutes old: the error is over. */
	world_put(&world, "__name__=x,a=1", 400000, 1);
	world_put(&world, "__name__=y,a=1", 400000, 1);
	SAYS(400, "A firing a=1 since 0\n");
	world_put(&world, "__name__=y,a=1,b=2", 430000, 1);
	world_at(&world, 430000);
	assert_non_null(strstr(world_status(&world),
	    "A firing kept a=1 since 0"));
	world_end(&world);
}

static void
test_no_data_is_what_the_rule_says(void **state)
{
	world_begin(&world, GROUP
	    "  - {alert: Ok, expr: x > 0}\n"
	    "  - {alert: Keep, expr: x > 0, no_data: keep}\n"
	    "  - {alert: Unknown, expr: x > 0, no_data: unknown}\n"
	    "  - {alert: Alert, expr: x > 0, no_data: alert, labels: {l: m}}\n");
	world_put(&world, "__name__=x,a=1", 0, 1);
	SAYS(0, "Ok firing a=1 since 0\nKeep firing a=1 since 0\n"
	    "Unknown firing a=1 since 0\nAlert firing a=1 l=m since 0\n");
	/* Ten minutes later there is no x at all. */
	SAYS(600, "Ok inactive a=1 since 0\nKeep firing kept a=1 since 0\n"
	    "Unknown: no data\nUnknown firing kept a=1 since 0\n"
	    "Alert firing kept a=1 l=m since 0\n"
	    "Alert firing kept l=m since 600\n");
	/* It is there and it is well. */
	world_put(&world, "__name__=x,a=1", 660000, 0);
	SAYS(660, "Ok inactive a=1 since 0\nKeep inactive a=1 since 0\n"
	    "Unknown inactive a=1 since 0\nAlert inactive a=1 l=m since 0\n"
	    "Alert inactive l=m since 600\n");
	world_end(&world);
}

/* What is asked for by absent() alone is not missing when it is there. */
static void
test_no_data_is_not_said_of_absent(void **state)
{
	world_begin(&world, GROUP
	    "  - {alert: Gone, expr: absent(up), no_data: alert}\n"
	    "  - {alert: Never, expr: vector(1) > 2, no_data: alert}\n"
	    "  - {alert: Hyst, expr: x > 10, resolve_expr: x < 5, "
	    "no_data: alert}\n");
	world_put(&world, "__name__=up,a=1", 0, 1);
	SAYS(0, "Hyst firing kept since 0\n");
	/* And the alert of no data ends when there is some. */
	world_put(&world, "__name__=up,a=1", 60000, 1);
	world_put(&world, "__name__=x,a=1", 60000, 1);
	SAYS(60, "Hyst inactive since 0\n");
	world_end(&world);
}

/* What an annotation takes from a histogram is of its pass: the result that
   had it is gone when somebody asks. */
static void
test_an_annotation_may_show_a_histogram(void **state)
{
	static double counts[] = { 1, 2 };
	struct kymo_native_hist hist = { .count = 3, .sum = 7,
	    .pos = { 0, 2, counts } };
	struct kymo_labels *labels = world_labels("__name__=h");
	const char *told;

	world_begin(&world, GROUP
	    "  - {alert: H, expr: h, annotations: {v: '{{ $value }}'}}\n");
	assert_int_equal(kymo_table_add(world.table, labels, 0, 0, &hist), 0);
	world_at(&world, 0);
	told = world_status(&world);
	if (strstr(told, "count:3") == NULL)
		fail_msg("%s", told);
	hist.count = 4;
	counts[0] = 2;
	assert_int_equal(kymo_table_add(world.table, labels, 60000, 0, &hist),
	    0);
	world_at(&world, 60000);
	told = world_status(&world);
	if (strstr(told, "count:4") == NULL)
		fail_msg("%s", told);
	free(labels);
	world_end(&world);
}

static void
test_an_alert_fires_on_as_long_as_it_is_told_to(void **state)
{
	world_begin(&world, GROUP
	    "  - {alert: Keep, expr: x > 10, keep_firing_for: 2m}\n"
	    "  - {alert: Hyst, expr: x > 10, resolve_expr: x < 5}\n");
	world_put(&world, "__name__=x,a=1", 0, 11);
	SAYS(0, "Keep firing a=1 since 0\nHyst firing a=1 since 0\n");
	world_put(&world, "__name__=x,a=1", 60000, 7);
	SAYS(60, "Keep firing kept a=1 since 0\n"
	    "Hyst firing kept a=1 since 0\n");
	SAYS(120, "Keep firing kept a=1 since 0\n"
	    "Hyst firing kept a=1 since 0\n");
	SAYS(180, "Keep inactive a=1 since 0\nHyst firing kept a=1 since 0\n");
	world_put(&world, "__name__=x,a=1", 240000, 4);
	SAYS(240, "Keep inactive a=1 since 0\nHyst inactive a=1 since 0\n");
	world_end(&world);
}

static void
test_what_flaps_fires_until_it_is_quiet(void **state)
{
	int64_t at_s;

	world_begin(&world, GROUP
	    "  - {alert: A, expr: x > 0, flap: {max: 3, within: 10m}}\n");
	for (at_s = 0; at_s < 300; at_s += 60) {
		world_put(&world, "__name__=x", at_s * 1000,
		    (double)(at_s / 60 % 2 == 0));
		world_at(&world, at_s * 1000);
	}
	/* It fired at 0, 120 and 240. */
	world_put(&world, "__name__=x", 300000, 0);
	SAYS(300, "A firing kept since 240\n");
	world_put(&world, "__name__=x", 600000, 0);
	SAYS(600, "A firing kept since 240\n");
	world_put(&world, "__name__=x", 840000, 0);
	SAYS(840, "A inactive since 240\n");
	world_end(&world);
}

static void
test_one_alert_inhibits_another_where_they_agree(void **state)
{
	world_begin(&world, GROUP
	    "  - {alert: Slow, expr: slow > 0, depends_on: Down}\n"
	    "  - {alert: Down, expr: up == 0}\n");
	world_put(&world, "__name__=slow,host=a,disk=x", 0, 1);
	world_put(&world, "__name__=slow,host=b,disk=x", 0, 1);
	world_put(&world, "__name__=up,host=a", 0, 0);
	world_at(&world, 0);
	assert_non_null(strstr(world_status(&world),
	    "Slow firing inhibited disk=x host=a"));
	assert_non_null(strstr(world_status(&world),
	    "Slow firing disk=x host=b"));
	world_end(&world);
}

/* A pass in the middle of being told: the alert ends, and is forgotten. */
static int
tell_after_passes(void *to, const struct kymo_rule_status *status)
{
	world_at(&world, 60000);
	world_at(&world, 60000 + 1000000);
	assert_string_equal(world_status(&world), "");
	return world_tell(to, status);
}

static void
test_passes_go_on_while_a_snapshot_is_told(void **state)
{
	struct kymo_buffer told = { 0 };

	world_begin(&world, GROUP
	    "  - alert: A\n"
	    "    expr: x == 1\n"
	    "    labels: {l: 'of {{ $labels.a }}'}\n"
	    "    annotations: {s: '{{ $labels.a }} is {{ $value }}'}\n");
	world_put(&world, "__name__=x,a=b", 0, 1);
	world_put(&world, "__name__=x,a=b", 60000, 2);
	world_at(&world, 0);
	assert_int_equal(kymo_rule_engine_snapshot(world.engine,
	    tell_after_passes, &told), 0);
	assert_string_equal(told.at, "A firing a=b l=of b 'b is 1' since 0\n");
	kymo_buffer_free(&told);
	world_end(&world);
}

static void
test_too_many_alerts_are_an_error(void **state)
{
	world_begin(&world, "groups:\n- name: g\n  limit: 1\n  rules:\n"
	    "  - {alert: A, expr: x > 0}\n");
	world_put(&world, "__name__=x,a=1", 0, 1);
	SAYS(0, "A firing a=1 since 0\n");
	world_put(&world, "__name__=x,a=2", 60000, 1);
	SAYS(60, "A: exceeded limit of 1 with 2 alerts\n"
	    "A firing kept a=1 since 0\n");
	world_end(&world);
}

static void
test_two_series_of_the_same_labels_are_an_error(void **state)
{
	world_begin(&world, GROUP
	    "  - {alert: A, expr: x > 0, labels: {a: one}}\n");
	world_put(&world, "__name__=x,a=1", 0, 1);
	world_put(&world, "__name__=x,a=2", 0, 1);
	SAYS(0, "A: vector contains metrics with the same labelset after "
	    "applying alert labels\n");
	world_end(&world);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_alert_is_pending_then_fires_then_ends),
		cmocka_unit_test(test_labels_may_look_at_values),
		cmocka_unit_test(
		    test_an_error_ends_no_alert_and_begins_no_for_anew),
		cmocka_unit_test(test_no_data_is_what_the_rule_says),
		cmocka_unit_test(test_no_data_is_not_said_of_absent),
		cmocka_unit_test(test_an_annotation_may_show_a_histogram),
		cmocka_unit_test(
		    test_an_alert_fires_on_as_long_as_it_is_told_to),
		cmocka_unit_test(test_what_flaps_fires_until_it_is_quiet),
		cmocka_unit_test(
		    test_one_alert_inhibits_another_where_they_agree),
		cmocka_unit_test(test_passes_go_on_while_a_snapshot_is_told),
		cmocka_unit_test(test_too_many_alerts_are_an_error),
		cmocka_unit_test(
		    test_two_series_of_the_same_labels_are_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
