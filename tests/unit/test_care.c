/* SPDX-License-Identifier: MIT */
/* Goal: a component is what its checks, its reports and what it depends on make
   of it, believed after so many results, and never down because nobody could
   look.
   Method: a world in which looks come to what the test says, in virtual time;
   scans made by hand. */
#include "tests/testlib/care_world.h"

/* ---- checks --------------------------------------------------------------- */

#define ONE "components:\n" \
	"  web: {checks: [{tcp: 'a:1', interval: 10s, failures: 3, " \
	"successes: 2}]}\n"

static void
test_a_check_is_believed_after_so_many_results(void **state)
{
	struct care_world world;

	(void)state;
	care_begin(&world, ONE, false);
	care_step(&world);
	care_is(&world, "web", "starting", "");
	/* One that is good is enough in the beginning. */
	care_run(&world, 1);
	care_is(&world, "web", "ok", "");
	assert_int_equal(world.look_cnt, 1);
	world.bad[0] = "a:1";
	care_run(&world, 22);
	assert_int_equal(world.look_cnt, 3);
	care_is(&world, "web", "ok", "");
	care_run(&world, 11);
	care_is(&world, "web", "failing", "");
	assert_string_equal(care_find(&world, "web").reason,
	    "tcp: as the test says");
	/* One good one in between does not make it well. */
	world.bad[0] = NULL;
	care_run(&world, 11);
	care_is(&world, "web", "failing", "");
	world.bad[0] = "a:1";
	care_run(&world, 11);
	world.bad[0] = NULL;
	care_run(&world, 11);
	care_is(&world, "web", "failing", "");
	care_run(&world, 11);
	care_is(&world, "web", "ok", "");
	kymo_care_delete(world.care);
}

static void
test_what_could_not_be_looked_at_is_unknown_and_not_down(void **state)
{
	struct care_world world;

	(void)state;
	care_begin(&world, ONE, false);
	care_run(&world, 1);
	world.unknown[0] = "a:1";
	care_run(&world, 11);
	care_is(&world, "web", "ok", "");
	care_run(&world, 33);
	care_is(&world, "web", "unknown", "");
	world.unknown[0] = NULL;
	care_run(&world, 11);
	care_is(&world, "web", "ok", "");
	kymo_care_delete(world.care);
}

static void
test_a_look_that_hangs_is_given_up_and_bad(void **state)
{
	struct kymo_looked late = {.result = KYMO_LOOK_GOOD,
	    .certificate_days = NAN};
	struct care_world world;

	(void)state;
	care_begin(&world, ONE, false);
	world.hangs = true;
	care_run(&world, 40);
	assert_true(world.give_up_cnt >= 3);
	care_is(&world, "web", "failing", "");
	assert_string_equal(care_find(&world, "web").reason,
	    "tcp: no answer within 5 s");
	/* What comes too late is of nobody. */
	kymo_care_looked(world.care, world.last_ticket - 1, &late);
	care_step(&world);
	care_is(&world, "web", "failing", "");
	kymo_care_delete(world.care);
}

/* Where nobody got so far as to look. */
static void
test_a_look_that_could_not_begin_is_unknown(void **state)
{
	struct care_world world;

	(void)state;
	care_begin(&world, ONE, false);
	care_run(&world, 1);
	world.hangs = world.not_begun = true;
	care_run(&world, 40);
	assert_true(world.give_up_cnt >= 3);
	care_is(&world, "web", "unknown", "");
	assert_string_equal(care_find(&world, "web").reason,
	    "tcp: it could not be started within 5 s");
	kymo_care_delete(world.care);
}

static void
test_looks_of_many_checks_do_not_come_together(void **state)
{
	struct care_world world;
	uint32_t most = 0;

	(void)state;
	care_begin(&world, "components:\n"
	    "  a: {checks: [{tcp: 'a:1'}, {tcp: 'a:2'}, {tcp: 'a:3'}]}\n"
	    "  b: {checks: [{tcp: 'b:1'}, {tcp: 'b:2'}, {tcp: 'b:3'}]}\n"
	    "  c: {checks: [{tcp: 'c:1'}, {tcp: 'c:2'}, {tcp: 'c:3'}]}\n",
	    false);
	care_run(&world, 1);
	assert_int_equal(world.look_cnt, 9);
	for (uint32_t i = 0; i < 200; i++) {
		uint32_t before = world.look_cnt;

		care_run(&world, 0.1);
		if (world.look_cnt - before > most)
			most = world.look_cnt - before;
	}
	/* Each every 9 to 11 s. */
	assert_in_range(world.look_cnt, 9 + 9, 9 + 27);
	assert_true(most < 9);
	kymo_care_delete(world.care);
}

static void
test_the_worst_of_all_is_what_it_is(void **state)
{
	struct care_world world;

	(void)state;
	care_begin(&world, "components:\n  web: {checks: [\n"
	    "    {tcp: 'a:1', failures: 1},\n"
	    "    {tcp: 'a:2', failures: 1, means: degraded},\n"
	    "    {tcp: 'a:3', failures: 1}]}\n", false);
	care_run(&world, 1);
	care_is(&world, "web", "ok", "");
	world.unknown[0] = "a:3";
	care_run(&world, 11);
	care_is(&world, "web", "unknown", "");
	world.bad[0] = "a:2";
	care_run(&world, 11);
	care_is(&world, "web", "degraded", "");
	assert_string_equal(care_find(&world, "web").reason,
	    "tcp_2: as the test says");
	world.bad[1] = "a:1";
	care_run(&world, 11);
	care_is(&world, "web", "failing", "");
	kymo_care_delete(world.care);
}

/* ---- scans ---------------------------------------------------------------- */

struct scanned {
	struct kymo_family_scan families[3];
	struct kymo_series series[3];
	struct kymo_label labels[3][2];
	struct kymo_said said[3];
	struct kymo_scan scan;
};

static void
scan_of(struct scanned *scanned, int64_t alive, double heartbeat_age)
{
	*scanned = (struct scanned){
		.families = {
			{.name = "kymo_heartbeat_age_seconds",
			    .component = "", .kind = KYMO_METRIC_FLOAT_GAUGE,
			    .series = &scanned->series[0],
			    .series_cnt = !isnan(heartbeat_age)},
			{.name = "kymo_regions", .component = "",
			    .kind = KYMO_METRIC_GAUGE,
			    .series = &scanned->series[1], .series_cnt = 1},
			{.name = "cache_state", .component = "cache",
			    .kind = KYMO_METRIC_HEALTH,
			    .series = &scanned->series[2], .series_cnt = 0},
		},
		.labels = {{{"service", "shop"}},
		    {{"service", "shop"}, {"state", "alive"}},
		    {{"service", "shop"}}},
	};
	for (uint32_t i = 0; i < 3; i++)
		scanned->series[i] = (struct kymo_series){
			.labels = scanned->labels[i], .label_cnt = i == 1 ? 2u :
			    1u, .value = {.present = true},
			.said = &scanned->said[i], .said_cnt = 1
		};
	scanned->said[0].number = heartbeat_age;
	scanned->said[1].number = (double)alive;
	scanned->scan.families = scanned->families;
	scanned->scan.family_cnt = 3;
}

static void
report(struct scanned *scanned, enum kymo_condition condition,
    const char *reason)
{
	scan_of(scanned, 1, NAN);
	scanned->families[2].series_cnt = 1;
	scanned->said[2] = (struct kymo_said){.component = "cache",
	    .state = condition, .reason = reason};
}

/* A scan each second. */
static void
scans_run(struct care_world *world, const struct scanned *scanned,
    uint32_t seconds)
{
	for (uint32_t i = 0; i < seconds; i++) {
		kymo_care_scan(world->care, &scanned->scan, world->now_ns);
		care_run(world, 1);
	}
}

static void
test_processes_and_heartbeats_are_seen_in_scans(void **state)
{
	static const struct {
		int64_t alive;
		double age;
		const char *process, *heartbeat;
	} rows[] = {
		{ 2, 1, "ok", "ok" },
		{ 1, 1, "failing", "ok" },
		{ 2, 40, "ok", "failing" },
		{ 2, NAN, "ok", "unknown" },
		{ 0, NAN, "failing", "failing" },
	};
	struct scanned scanned;
	struct care_world world;

	(void)state;
	care_begin(&world, "components:\n"
	    "  p: {checks: [{process: shop, at_least: 2}]}\n"
	    "  h: {checks: [{heartbeat: shop, within: 30s}]}\n", false);
	/* No scan yet. */
	care_run(&world, 3);
	care_is(&world, "p", "unknown", "");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		scan_of(&scanned, rows[i].alive, rows[i].age);
		scans_run(&world, &scanned, 3);
		care_is(&world, "p", rows[i].process, "");
		care_is(&world, "h", rows[i].heartbeat, "");
	}
	/* Scans stopped: that says nothing of the process. */
	care_run(&world, 20);
	care_is(&world, "p", "unknown", "");
	kymo_care_delete(world.care);
}

static void
test_what_reports_itself_needs_no_configuration(void **state)
{
	struct scanned scanned;
	struct care_world world;

	(void)state;
	care_begin(&world, "", false);
	report(&scanned, KYMO_IS_OK, "");
	scans_run(&world, &scanned, 2);
	care_is(&world, "cache", "ok", "");
	report(&scanned, KYMO_IS_DEGRADED, "half of it is cold");
	scans_run(&world, &scanned, 1);
	care_is(&world, "cache", "degraded", "");
	assert_string_equal(care_find(&world, "cache").reason,
	    "half of it is cold");
	report(&scanned, KYMO_IS_UNKNOWN, "half of it is cold");
	scans_run(&world, &scanned, 1);
	care_is(&world, "cache", "unknown", "");
	assert_string_equal(care_find(&world, "cache").reason,
	    "its own report has expired");
	/* Its process is gone; so is it, in the end. */
	scan_of(&scanned, 0, NAN);
	scans_run(&world, &scanned, 2);
	care_is(&world, "cache", "unknown", "");
	scans_run(&world, &scanned, 700);
	assert_false(care_find(&world, "cache").found);
	kymo_care_delete(world.care);
}

/* ---- dependencies --------------------------------------------------------- */

#define CHAIN "components:\n" \
	"  web: {depends_on: [api], checks: [{tcp: 'w:1', failures: 1}]}\n" \
	"  api: {depends_on: [db, mq], checks: [{tcp: 'a:1', failures: 1}]}\n" \
	"  db: {checks: [{tcp: 'd:1', failures: 1, successes: 1}]}\n" \
	"  mq: {checks: [{tcp: 'm:1', failures: 1}]}\n"

static void
test_the_root_is_named_and_what_hangs_on_it_hangs(void **state)
{
	struct care_world world;

	(void)state;
	care_begin(&world, CHAIN, false);
	care_run(&world, 1);
	world.bad[0] = "a:1";
	world.bad[1] = "w:1";
	care_run(&world, 11);
	care_is(&world, "api", "failing", "");
	care_is(&world, "web", "failing", "api");
	world.bad[2] = "d:1";
	care_run(&world, 11);
	care_is(&world, "db", "failing", "");
	care_is(&world, "api", "failing", "db");
	care_is(&world, "web", "failing", "db");
	care_is(&world, "mq", "ok", "");
	/* In the middle all seems well: the end still hangs on the root. */
	world.bad[0] = NULL;
	care_run(&world, 30);
	care_is(&world, "api", "ok", "");
	care_is(&world, "web", "failing", "db");
	kymo_care_delete(world.care);
}

static void
test_who_hung_has_time_to_see_that_the_root_is_well(void **state)
{
	struct care_world world;

	(void)state;
	care_begin(&world, CHAIN, false);
	care_run(&world, 1);
	world.bad[0] = "d:1";
	world.bad[1] = "a:1";
	care_run(&world, 11);
	care_is(&world, "api", "failing", "db");
	world.bad[0] = NULL;
	care_run(&world, 11);
	care_is(&world, "db", "ok", "");
	care_is(&world, "api", "failing", "db");
	/* Not for ever: then it is its own. */
	care_run(&world, 40);
	care_is(&world, "api", "failing", "");
	kymo_care_delete(world.care);
}

/* ---- a reload ------------------------------------------------------------- */

static void
test_a_reload_keeps_what_has_not_changed(void **state)
{
	struct kymo_error error = {""};
	struct kymo_care_plan **plans;
	struct scanned scanned;
	struct care_world world;
	uint32_t cnt, looks;

	(void)state;
	care_begin(&world, CHAIN, false);
	report(&scanned, KYMO_IS_DEGRADED, "cold");
	kymo_care_scan(world.care, &scanned.scan, world.now_ns);
	world.bad[0] = "d:1";
	care_run(&world, 11);
	care_is(&world, "db", "failing", "");
	looks = world.look_cnt;
	plans = care_plans("components:\n"
	    "  db: {checks: [{tcp: 'd:1', failures: 1, successes: 1}]}\n"
	    "  mq: {checks: [{tcp: 'm:2'}]}\n", &cnt);
	assert_int_equal(kymo_care_change(world.care, plans, cnt, &error), 0);
	care_step(&world);
	care_is(&world, "db", "failing", "");
	care_is(&world, "mq", "starting", "");
	care_is(&world, "cache", "degraded", "");
	assert_false(care_find(&world, "web").found);
	care_run(&world, 1);
	/* Only the new check looks at once. */
	assert_int_equal(world.look_cnt, looks + 1);
	kymo_care_delete(world.care);
}

/* The scan that kymod has is not looked at again; nothing is failing for that. */
static void
test_a_reload_between_two_scans_makes_nothing_bad(void **state)
{
	struct kymo_error error = {""};
	struct kymo_care_plan **plans;
	struct scanned scanned;
	struct care_world world;
	uint32_t cnt;

	(void)state;
	care_begin(&world, "components: {p: {checks: [{process: shop}]}}",
	    false);
	scan_of(&scanned, 1, 1);
	scans_run(&world, &scanned, 3);
	care_is(&world, "p", "ok", "");
	plans = care_plans("components: {p: {checks: [{process: shop}]}, "
	    "q: {checks: [{process: other}]}}", &cnt);
	assert_int_equal(kymo_care_change(world.care, plans, cnt, &error), 0);
	care_run(&world, 3);
	care_is(&world, "p", "ok", "");
	care_is(&world, "q", "unknown", "");
	scans_run(&world, &scanned, 3);
	care_is(&world, "p", "ok", "");
	care_is(&world, "q", "failing", "");
	kymo_care_delete(world.care);
}

static void
test_others_may_say_that_it_is_worse(void **state)
{
	struct care_world world;

	(void)state;
	care_begin(&world, ONE, false);
	care_run(&world, 1);
	assert_true(kymo_care_degraded(world.care, "web",
	    "never this slow in 3 days", world.now_ns + 5 * CARE_S));
	care_run(&world, 4);
	care_is(&world, "web", "degraded", "");
	assert_string_equal(care_find(&world, "web").reason,
	    "never this slow in 3 days");
	/* Said again, it goes on, in the words of now. */
	kymo_care_degraded(world.care, "web", "never this slow in 4 days",
	    world.now_ns + 5 * CARE_S);
	care_run(&world, 4);
	care_is(&world, "web", "degraded", "");
	assert_string_equal(care_find(&world, "web").reason,
	    "never this slow in 4 days");
	/* Not said again it is over, on time. */
	assert_true(kymo_care_next_ns(world.care) <= world.now_ns + CARE_S);
	care_run(&world, 1);
	care_is(&world, "web", "ok", "");
	kymo_care_degraded(world.care, "web", "slow", world.now_ns +
	    500 * CARE_S);
	care_step(&world);
	care_is(&world, "web", "degraded", "");
	kymo_care_degraded(world.care, "web", NULL, 0);
	assert_false(kymo_care_degraded(world.care, "nobody", "x",
	    UINT64_MAX));
	care_step(&world);
	care_is(&world, "web", "ok", "");
	kymo_care_delete(world.care);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_check_is_believed_after_so_many_results),
		cmocka_unit_test(
		    test_what_could_not_be_looked_at_is_unknown_and_not_down),
		cmocka_unit_test(test_a_look_that_hangs_is_given_up_and_bad),
		cmocka_unit_test(test_a_look_that_could_not_begin_is_unknown),
		cmocka_unit_test(test_looks_of_many_checks_do_not_come_together),
		cmocka_unit_test(test_the_worst_of_all_is_what_it_is),
		cmocka_unit_test(
		    test_processes_and_heartbeats_are_seen_in_scans),
		cmocka_unit_test(
		    test_what_reports_itself_needs_no_configuration),
		cmocka_unit_test(
		    test_the_root_is_named_and_what_hangs_on_it_hangs),
		cmocka_unit_test(
		    test_who_hung_has_time_to_see_that_the_root_is_well),
		cmocka_unit_test(test_a_reload_keeps_what_has_not_changed),
		cmocka_unit_test(
		    test_a_reload_between_two_scans_makes_nothing_bad),
		cmocka_unit_test(test_others_may_say_that_it_is_worse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
