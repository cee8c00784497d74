/* SPDX-License-Identifier: MIT */
/* Goal: whose regions are read does not choose what kymod does: reports and
   heartbeats of users who do not speak for a component start no recovery, and it
   is told that they do not count.
   Method: scans made by hand in which a user says something of a component, rows
   of who and of what the configuration says; virtual time. */
#include "tests/testlib/care_world.h"

#define OURS 900u
#define APP 33u

#define RECOVERY "recovery: {actions: [{unit: web.service}], verify: 10s}"

/* One of each: an age, processes, a report. */
struct scanned {
	struct kymo_family_scan families[3];
	struct kymo_series series[3];
	struct kymo_label labels[2];
	struct kymo_said said[3][2];
	struct kymo_scan scan;
};

/* uid's process of "shop" beats or does not, and says that it fails or not. */
static void
scan_of(struct scanned *scanned, uint32_t uid, double age,
    enum kymo_condition state)
{
	uint32_t i;

	*scanned = (struct scanned){
		.families = {
			{.name = "kymo_heartbeat_age_seconds",
			    .component = "", .kind = KYMO_METRIC_FLOAT_GAUGE},
			{.name = "kymo_regions", .component = "",
			    .kind = KYMO_METRIC_GAUGE},
			/* Whoever made the family first: not to be believed. */
			{.name = "shop_health", .component = "other",
			    .kind = KYMO_METRIC_HEALTH},
		},
		.labels = {{"service", "shop"}, {"state", "alive"}},
	};
	for (i = 0; i < 3; i++) {
		scanned->families[i].series = &scanned->series[i];
		scanned->families[i].series_cnt = 1;
		scanned->series[i] = (struct kymo_series){
			.labels = scanned->labels, .label_cnt = i == 1 ? 2u : 1u,
			.value = {.present = true}, .said = scanned->said[i],
			.said_cnt = 1
		};
		scanned->said[i][0] = (struct kymo_said){.uid = uid,
		    .component = "web", .reason = "its disk is full",
		    .state = state, .number = i == 0 ? age : 1};
	}
	scanned->scan.families = scanned->families;
	scanned->scan.family_cnt = 3;
}

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
test_reports_start_recovery_by_whose_they_are(void **state)
{
	static const struct {
		const char *more; /* of the component */
		uint32_t uid;
		const char *state;
		uint32_t act_cnt;
		bool refused;
	} rows[] = {
		{ RECOVERY, 0, "failing", 1, false },
		{ RECOVERY, OURS, "failing", 1, false },
		{ RECOVERY, APP, "ok", 0, true },
		{ "users: [33], " RECOVERY, APP, "failing", 1, false },
		{ "users: [34], " RECOVERY, APP, "ok", 0, true },
		{ "users: [], " RECOVERY, APP, "ok", 0, true },
		/* Where nothing is done anybody may say so, who is read. */
		{ "depends_on: []", APP, "failing", 0, false },
		{ "users: [34]", APP, "ok", 0, true },
	};
	struct scanned scanned;
	struct care_world world;
	char yaml[400];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(yaml, sizeof(yaml), "components:\n  web: {%s,\n"
		    "    checks: [{tcp: 'w:1', interval: 1s}]}\n",
		    rows[i].more);
		care_begin(&world, yaml, false);
		scan_of(&scanned, rows[i].uid, 1, KYMO_IS_FAILING);
		scans_run(&world, &scanned, 5);
		care_is(&world, "web", rows[i].state, "");
		assert_int_equal(world.act_cnt, rows[i].act_cnt);
		assert_string_equal(care_find(&world, "web").refused,
		    rows[i].refused ? "user 33, whom users does not name, says "
		    "that it is failing, which does not count: its disk is "
		    "full" : "");
		/* Told once. */
		assert_true((strstr(world.said, "which does not count") !=
		    NULL) == rows[i].refused);
		/* Over when it is not said any more. */
		scanned.scan.family_cnt = 2;
		scans_run(&world, &scanned, 1);
		assert_string_equal(care_find(&world, "web").refused, "");
		kymo_care_delete(world.care);
	}
}

static void
test_stale_heartbeats_start_recovery_by_whose_they_are(void **state)
{
	static const struct {
		const char *more;
		uint32_t uid;
		const char *state;
		uint32_t act_cnt;
	} rows[] = {
		{ RECOVERY, 0, "failing", 1 },
		{ RECOVERY, OURS, "failing", 1 },
		{ RECOVERY, APP, "unknown", 0 },
		{ "users: [33], " RECOVERY, APP, "failing", 1 },
		{ "depends_on: []", APP, "failing", 0 },
	};
	struct scanned scanned;
	struct care_world world;
	char yaml[400];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(yaml, sizeof(yaml), "components:\n  web: {%s,\n"
		    "    checks: [{heartbeat: shop, within: 30s}]}\n",
		    rows[i].more);
		care_begin(&world, yaml, false);
		scan_of(&scanned, rows[i].uid, 40, KYMO_IS_OK);
		scanned.scan.family_cnt = 2;
		scans_run(&world, &scanned, 5);
		care_is(&world, "web", rows[i].state, "");
		assert_int_equal(world.act_cnt, rows[i].act_cnt);
		/* That of a process that counts is what is looked at. */
		scanned.said[0][1] = (struct kymo_said){.uid = 0, .number = 2};
		scanned.said[1][1] = scanned.said[0][1];
		scanned.series[0].said_cnt = scanned.series[1].said_cnt = 2;
		scans_run(&world, &scanned, 5);
		care_is(&world, "web", strcmp(rows[i].state, "unknown") == 0 ?
		    "ok" : "failing", "");
		kymo_care_delete(world.care);
	}
}

/* Anybody's process is one, unless users says whose are. */
static void
test_processes_are_of_whom_users_names(void **state)
{
	static const struct {
		const char *more, *state, *reason;
	} rows[] = {
		{ RECOVERY, "ok", "" },
		{ "users: [33], " RECOVERY, "ok", "" },
		{ "users: [34], " RECOVERY, "failing", "process: no process of "
		    "'shop' is alive (what is user 33's does not count; users "
		    "says whose does)" },
	};
	struct scanned scanned;
	struct care_world world;
	char yaml[400];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(yaml, sizeof(yaml), "components:\n  web: {%s,\n"
		    "    checks: [{process: shop}]}\n", rows[i].more);
		care_begin(&world, yaml, false);
		scan_of(&scanned, APP, 1, KYMO_IS_OK);
		scanned.scan.family_cnt = 2;
		scans_run(&world, &scanned, 3);
		care_is(&world, "web", rows[i].state, "");
		assert_string_equal(care_find(&world, "web").reason,
		    rows[i].reason);
		kymo_care_delete(world.care);
	}
}

/* The worst of those that count, whatever else is said. */
static void
test_of_several_reports_the_worst_that_counts(void **state)
{
	struct scanned scanned;
	struct care_world world;

	(void)state;
	care_begin(&world, "components:\n  web: {users: [33], " RECOVERY ",\n"
	    "    checks: [{tcp: 'w:1', interval: 1s}]}\n", false);
	scan_of(&scanned, APP, 1, KYMO_IS_DEGRADED);
	scanned.said[2][1] = (struct kymo_said){.uid = 35, .component = "web",
	    .reason = "lies", .state = KYMO_IS_FAILING};
	scanned.series[2].said_cnt = 2;
	scans_run(&world, &scanned, 5);
	care_is(&world, "web", "degraded", "");
	assert_string_equal(care_find(&world, "web").reason,
	    "its disk is full");
	assert_int_equal(world.act_cnt, 0);
	/* And nobody made a component of the family's name. */
	assert_false(care_find(&world, "other").found);
	kymo_care_delete(world.care);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reports_start_recovery_by_whose_they_are),
		cmocka_unit_test(
		    test_stale_heartbeats_start_recovery_by_whose_they_are),
		cmocka_unit_test(test_processes_are_of_whom_users_names),
		cmocka_unit_test(test_of_several_reports_the_worst_that_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
