/* SPDX-License-Identifier: MIT */
/* Goal: each series of scans has its detectors; what is odd is listed with its
   reason, what is odd together is one incident; memory is bounded.
   Method: a world of services, disturbed. */
#include "tests/testlib/detect_world.h"

#include "reader/detect/detectors_private.h"

/* ---- what is found ---------------------------------------------------------------- */

static void
test_a_shift_is_found_with_its_labels_and_reason(void **state)
{
	struct world *world = world_new(NULL);
	uint32_t jobs = family(world, "jobs", KYMO_METRIC_COUNTER, "shop", 1);
	uint32_t depth = family(world, "depth", KYMO_METRIC_GAUGE, "shop", 1);
	uint32_t delay = family(world, "delay_seconds", KYMO_METRIC_HISTOGRAM,
	    "shop", 1);
	static const struct {
		const char *metric;
		enum kymo_signal signal;
		const char *reason;
		double above, below;
	} rows[] = {
		{ "jobs_total", KYMO_SIGNAL_RATE, "never this high in 3 days",
		  200, 400 },
		{ "depth", KYMO_SIGNAL_VALUE, "never this low in 3 days",
		  200, 300 },
		{ "delay_seconds", KYMO_SIGNAL_P50,
		  "never this high in 3 days", 2e-3, 6e-3 },
	};

	(void)state;
	world->families[delay].exponent = -6;
	for (unsigned i = 0; i < 3 * DAY_LOOKS + 30; i++) {
		count(world, jobs, 100, 0.05);
		gauge(world, depth, 1000);
		observe(world, delay, 120, 1000);
		assert_true(look(world));
	}
	assert_int_equal(alarms(world), 0);
	for (unsigned i = 0; i < 4; i++) {
		count(world, jobs, 300, 0.05);
		gauge(world, depth, 250);
		observe(world, delay, 120, 4000);
		look(world);
	}
	for (size_t r = 0; r < sizeof(rows) / sizeof(*rows); r++) {
		struct kymo_anomalies anomalies = list(world);
		const struct kymo_anomaly *found = NULL;

		for (uint32_t i = 0; i < anomalies.cnt; i++)
			if (strcmp(anomalies.at[i].metric, rows[r].metric) ==
			    0 && anomalies.at[i].signal == rows[r].signal)
				found = &anomalies.at[i];
		if (!found)
			fail_msg("%s: not found", rows[r].metric);
		if (found->score < 1 || strcmp(found->reason, rows[r].reason))
			fail_msg("%s: %.2f, '%s'", rows[r].metric,
			    found->score, found->reason);
		if (!(found->value > rows[r].above &&
		    found->value < rows[r].below))
			fail_msg("%s: value %g", rows[r].metric, found->value);
		assert_true(found->low < found->high);
		assert_true(found->value < found->low ||
		    found->value > found->high);
		assert_string_equal(label(found->labels, found->label_cnt,
		    "metric"), rows[r].metric);
		assert_string_equal(label(found->labels, found->label_cnt,
		    "signal"), kymo_signal_name(rows[r].signal));
		assert_string_equal(label(found->labels, found->label_cnt,
		    "service"), "shop");
		kymo_anomalies_free(&anomalies);
	}
	/* An hour later it is no news. */
	for (unsigned i = 0; i < 250; i++) {
		count(world, jobs, 300, 0.05);
		gauge(world, depth, 250);
		observe(world, delay, 120, 4000);
		look(world);
	}
	assert_int_equal(alarms(world), 0);
	world_delete(world);
}

static void
test_a_counter_that_begins_anew_has_no_rate(void **state)
{
	struct world *world = world_new(NULL);
	uint32_t jobs = family(world, "jobs", KYMO_METRIC_COUNTER, "shop", 1);

	(void)state;
	for (unsigned i = 0; i < 4 * DAY_LOOKS; i++) {
		if (i % 500 == 499)
			world->series[jobs][0].value.is.u = 0;
		count(world, jobs, 100, 0);
		look(world);
	}
	/* Its rate never was another than 100, so nothing was ever said. */
	{
		struct kymo_anomalies anomalies = list(world);

		assert_int_equal(anomalies.cnt, 0);
		kymo_anomalies_free(&anomalies);
	}
	world_delete(world);
}

static void
test_looks_keep_to_their_pace_whatever_that_of_scans(void **state)
{
	struct world *world = world_new(NULL);
	unsigned cnt = 0;

	(void)state;
	for (unsigned i = 0; i < 600; i++) {
		/* Each second, a little early or late. */
		struct kymo_scan scan = { .at_ns = BEGIN_NS + i * SECOND_NS,
			.at_mono_ns = SECOND_NS * (i + 1) +
			    (i % 3) * (SECOND_NS / 100) };

		cnt += kymo_detectors_step(world->detectors, &scan);
	}
	assert_int_equal(cnt, 40);
	world_delete(world);
}

static void
test_labels_that_are_ours_are_exported(void **state)
{
	struct kymo_detectors_options options = { .all = true };
	struct world *world = world_new(&options);
	uint32_t f = family(world, "depth", KYMO_METRIC_GAUGE, "shop", 1);
	static struct kymo_label labels[] = { { "service", "shop" },
		{ "metric", "m" }, { "exported_metric", "e" },
		{ "exported_exported_metric", "x" }, { "signal", "s" } };
	struct kymo_anomalies anomalies;
	const struct kymo_anomaly *at;

	(void)state;
	world->series[f][0].labels = labels;
	world->series[f][0].label_cnt = 5;
	look(world);
	anomalies = list(world);
	assert_int_equal(anomalies.cnt, 1);
	at = anomalies.at;
	assert_int_equal(at->label_cnt, 7);
	assert_string_equal(label(at->labels, 7, "metric"), "depth");
	assert_string_equal(label(at->labels, 7, "signal"), "value");
	assert_string_equal(label(at->labels, 7, "exported_metric"), "e");
	assert_string_equal(label(at->labels, 7, "exported_exported_metric"),
	    "x");
	assert_string_equal(label(at->labels, 7,
	    "exported_exported_exported_metric"), "m");
	assert_string_equal(label(at->labels, 7, "exported_signal"), "s");
	kymo_anomalies_free(&anomalies);
	world_delete(world);
}

static void
test_what_says_nothing_is_not_watched(void **state)
{
	static const struct {
		const char *name;
		enum kymo_metric_kind kind;
		uint32_t detector_cnt;
	} rows[] = {
		{ "depth", KYMO_METRIC_GAUGE, 1 },
		{ "depth", KYMO_METRIC_UPDOWN, 1 },
		{ "depth", KYMO_METRIC_MAX, 1 },
		{ "depth", KYMO_METRIC_COUNTER, 1 },
		{ "depth", KYMO_METRIC_HISTOGRAM, 3 },
		{ "depth", KYMO_METRIC_SUMMARY, 3 },
		{ "depth", KYMO_METRIC_TEXT, 0 },
		{ "depth", KYMO_METRIC_STATE_SET, 0 },
		{ "depth", KYMO_METRIC_HEALTH, 0 },
		{ "depth", KYMO_METRIC_INFO, 0 },
		{ "anomaly_score", KYMO_METRIC_FLOAT_GAUGE, 0 },
		{ "process_start_time_seconds", KYMO_METRIC_FLOAT_GAUGE, 0 },
		{ "backup_timestamp_seconds", KYMO_METRIC_FLOAT_GAUGE, 0 },
	};

	(void)state;
	for (size_t r = 0; r < sizeof(rows) / sizeof(*rows); r++) {
		struct world *world = world_new(NULL);
		struct kymo_detectors_stats stats;
		uint32_t f = family(world, rows[r].name, rows[r].kind, "shop",
		    1);

		if (rows[r].detector_cnt == 3)
			observe(world, f, 1, 100);
		look(world);
		kymo_detectors_stats(world->detectors, &stats);
		if (stats.detector_cnt != rows[r].detector_cnt)
			fail_msg("row %zu: %u", r, stats.detector_cnt);
		world_delete(world);
	}
}

/* ---- incidents ---------------------------------------------------------------------- */

static void
test_forty_series_that_shift_together_are_one_incident(void **state)
{
	struct world *world = world_new(NULL);
	uint32_t queue = family(world, "queue", KYMO_METRIC_GAUGE, "shop", 1);
	uint32_t jobs = family(world, "jobs", KYMO_METRIC_COUNTER, "shop", 39);
	uint32_t other = family(world, "other", KYMO_METRIC_GAUGE, "bank", 1);
	struct kymo_anomalies anomalies;
	const struct kymo_incident *incident;
	struct kymo_buffer told = { 0 };

	(void)state;
	for (unsigned i = 0; i < 3 * DAY_LOOKS; i++) {
		count(world, jobs, 100, 0.02);
		gauge(world, queue, 1000);
		gauge(world, other, 1000);
		look(world);
	}
	assert_int_equal(alarms(world), 0);
	/* The queue first, all that hangs on it a minute later. */
	for (unsigned i = 0; i < 10; i++) {
		count(world, jobs, i < 4 ? 100 : 20, 0.02);
		gauge(world, queue, 5000);
		gauge(world, other, i < 6 ? 1000 : 3000);
		look(world);
	}
	anomalies = list(world);
	assert_int_equal(anomalies.incident_cnt, 2);
	/* The newest first. */
	incident = &anomalies.incidents[0];
	assert_string_equal(label(incident->labels, incident->label_cnt,
	    "root"), "other");
	assert_int_equal(incident->member_cnt, 1);
	incident = &anomalies.incidents[1];
	assert_string_equal(label(incident->labels, incident->label_cnt,
	    "root"), "queue");
	assert_string_equal(label(incident->labels, incident->label_cnt,
	    "service"), "shop");
	assert_int_equal(incident->member_cnt, 40);
	assert_string_equal(anomalies.at[incident->members[0]].metric, "queue");
	for (uint32_t i = 0; i < 40; i++)
		assert_int_equal(
		    anomalies.at[incident->members[i]].incident_idx1, 2);
	/* As a rule's template asks: what no series has is not looked at. */
	{
		static const struct kymo_label asked[] = {
			{ "__name__", "anomaly_incident" },
			{ "severity", "page" }, { "service", "shop" },
			{ "root", "queue" } };

		assert_ptr_equal(kymo_incidents_find(&anomalies, asked, 4),
		    incident);
		/* Nothing in common is nobody's reason. */
		assert_null(kymo_incidents_find(&anomalies, asked, 2));
		assert_null(kymo_anomalies_find(&anomalies, &asked[1], 1));
	}
	kymo_anomaly_tell(&anomalies.at[incident->members[0]], &told);
	assert_non_null(strstr(told.at, "queue{service=\"shop\",n=\"0\"} value:"
	    " never this high in 3 days ("));
	kymo_buffer_free(&told);
	kymo_anomalies_free(&anomalies);
	world_delete(world);
}

static bool
web_depends_on_db(void *of, const char *service, const char *other)
{
	(void)of;
	return strcmp(service, "web") == 0 && strcmp(other, "db") == 0;
}

static void
test_what_hangs_on_another_service_is_its_incident(void **state)
{
	struct kymo_detectors_options options = {
		.depends = web_depends_on_db };
	struct world *world = world_new(&options);
	uint32_t web = family(world, "web_depth", KYMO_METRIC_GAUGE, "web", 3);
	uint32_t db = family(world, "db_depth", KYMO_METRIC_GAUGE, "db", 1);
	uint32_t mail = family(world, "mails", KYMO_METRIC_GAUGE, "mail", 1);
	struct kymo_anomalies anomalies;

	(void)state;
	for (unsigned i = 0; i < 3 * DAY_LOOKS; i++) {
		gauge(world, web, 1000);
		gauge(world, db, 1000);
		gauge(world, mail, 1000);
		look(world);
	}
	/* All in one look; those of web are odder. */
	for (unsigned i = 0; i < 4; i++) {
		gauge(world, web, 90000);
		gauge(world, db, 3000);
		gauge(world, mail, 5000);
		look(world);
	}
	anomalies = list(world);
	assert_string_equal(anomalies.at[0].metric, "web_depth");
	assert_int_equal(anomalies.incident_cnt, 2);
	for (uint32_t i = 0; i < 2; i++) {
		const struct kymo_incident *incident = &anomalies.incidents[i];
		const char *root = label(incident->labels, incident->label_cnt,
		    "root");
		bool of_db = strcmp(root, "db_depth") == 0;

		assert_string_equal(root, of_db ? "db_depth" : "mails");
		assert_int_equal(incident->member_cnt, of_db ? 4 : 1);
	}
	kymo_anomalies_free(&anomalies);
	world_delete(world);
}

/* ---- bounds ----------------------------------------------------------------------- */

static void
warned(void *to, const char *text)
{
	unsigned *cnt = to;

	assert_non_null(strstr(text, "the limit"));
	(*cnt)++;
}

static void
test_what_finds_no_room_is_counted_and_gone_ones_make_room(void **state)
{
	unsigned warn_cnt = 0;
	struct kymo_detectors_options options = { .detector_max = 100,
		.warn = warned, .to = &warn_cnt };
	struct world *world = world_new(&options);
	uint32_t a = family(world, "a", KYMO_METRIC_GAUGE, "shop", 90);
	uint32_t b = family(world, "b", KYMO_METRIC_GAUGE, "shop", 30);
	struct kymo_detectors_stats stats;

	(void)state;
	look(world);
	look(world);
	kymo_detectors_stats(world->detectors, &stats);
	assert_int_equal(stats.detector_cnt, 100);
	assert_int_equal(stats.refused_cnt, 20);
	assert_int_equal(warn_cnt, 1);
	/* Half of a goes: what was refused finds its place. */
	world->families[a].series_cnt = 45;
	for (unsigned i = 0; i < 3; i++)
		look(world);
	kymo_detectors_stats(world->detectors, &stats);
	assert_int_equal(stats.refused_cnt, 0);
	assert_int_equal(stats.detector_cnt, 75);
	/* And is said again. */
	world->families[a].series_cnt = 90;
	look(world);
	assert_int_equal(warn_cnt, 2);
	world->families[b].series_cnt = 0;
	look(world);
	look(world);
	kymo_detectors_stats(world->detectors, &stats);
	assert_int_equal(stats.refused_cnt, 0);
	world_delete(world);
}

static void
test_a_series_is_remembered_for_a_day(void **state)
{
	struct world *world = world_new(NULL);
	uint32_t a = family(world, "a", KYMO_METRIC_GAUGE, "shop", 300);
	struct kymo_detectors_stats stats;

	(void)state;
	look(world);
	world->families[a].series_cnt = 1;
	for (unsigned i = 0; i < DAY_LOOKS - 40; i++)
		look(world);
	kymo_detectors_stats(world->detectors, &stats);
	assert_int_equal(stats.series_cnt, 300);
	for (unsigned i = 0; i < 80; i++)
		look(world);
	kymo_detectors_stats(world->detectors, &stats);
	assert_int_equal(stats.series_cnt, 1);
	assert_true(stats.memory_bytes < 24000);
	world_delete(world);
}

static void
test_a_clock_set_back_ends_nothing(void **state)
{
	struct world *world = world_new(NULL);
	uint32_t depth = family(world, "depth", KYMO_METRIC_GAUGE, "shop", 1);

	(void)state;
	for (unsigned i = 0; i < 3 * DAY_LOOKS; i++) {
		gauge(world, depth, 1000);
		look(world);
	}
	/* It was in the year 2053. */
	world->back_ns = -(int64_t)(30 * 365 * 86400 * SECOND_NS);
	gauge(world, depth, 1000);
	look(world);
	world->back_ns = 0;
	for (unsigned i = 0; i < 10; i++) {
		gauge(world, depth, 1000);
		look(world);
	}
	assert_int_equal(alarms(world), 0);
	gauge(world, depth, 9000);
	look(world);
	{
		struct kymo_anomalies anomalies = list(world);

		assert_true(anomalies.cnt >= 1 && anomalies.at[0].score >= 1);
		assert_true(anomalies.at[0].at_ns ==
		    BEGIN_NS + (world->look - 1) * LOOK_NS);
		kymo_anomalies_free(&anomalies);
	}
	world_delete(world);
}

static void
test_a_larger_budget_gives_higher_scores(void **state)
{
	double last = 0;

	(void)state;
	assert_true(fabs(kyi_detect_scale(1) - 1) < 1e-9);
	for (double budget = 0.02; budget < 20; budget *= 1.1) {
		assert_true(kyi_detect_scale(budget) > last);
		last = kyi_detect_scale(budget);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_a_shift_is_found_with_its_labels_and_reason),
		cmocka_unit_test(test_a_counter_that_begins_anew_has_no_rate),
		cmocka_unit_test(
		    test_looks_keep_to_their_pace_whatever_that_of_scans),
		cmocka_unit_test(test_labels_that_are_ours_are_exported),
		cmocka_unit_test(test_what_says_nothing_is_not_watched),
		cmocka_unit_test(
		    test_forty_series_that_shift_together_are_one_incident),
		cmocka_unit_test(
		    test_what_hangs_on_another_service_is_its_incident),
		cmocka_unit_test(
		    test_what_finds_no_room_is_counted_and_gone_ones_make_room),
		cmocka_unit_test(test_a_series_is_remembered_for_a_day),
		cmocka_unit_test(test_a_clock_set_back_ends_nothing),
		cmocka_unit_test(test_a_larger_budget_gives_higher_scores),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
