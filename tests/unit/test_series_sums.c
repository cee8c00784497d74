/* SPDX-License-Identifier: MIT */
/* Goal: each kind is put together over processes as series.h and the writer's
   words say, and what is told about regions is what their processes said.
   Method: a family and a few processes by hand, a row each. */
#include "tests/testlib/testlib.h"

#include <math.h>

#include "tests/testlib/procs.h"

/* One process with one series of kind, into a scan. */
static void
give(struct kymo_model *model, uint32_t number, enum kymo_metric_kind kind,
    enum kymo_metric_agg agg, const struct kymo_metric_value *value,
    uint64_t started_ns)
{
	static const char *const names[] = {"off", "on", "broken"};
	struct kymo_region_family family = {
		.name = "it", .kind = kind, .agg = agg, .help = "", .unit = "",
		.component = "", .states = names,
		.state_cnt = kind == KYMO_METRIC_STATE_SET ? 3 : 0,
	};
	struct kymo_region_series series = {
		.label_values = no_values, .value = *value,
	};
	struct kyi_source source = {
		.families = &family, .family_cnt = 1, .series = &series,
		.series_cnt = 1,
	};
	struct kymo_error error;
	struct proc proc;
	bool absorbed;

	birth(&proc, number, "s");
	proc.info.started_ns = started_ns;
	source.info = &proc.info;
	assert_int_equal(kyi_model_take(model, &source, false, &absorbed,
	    &error), 0);
}

static struct kymo_metric_value
value_of(enum kymo_metric_kind kind, int n)
{
	struct kymo_metric_value value = {.present = true};

	switch (kind) {
	case KYMO_METRIC_FLOAT_COUNTER:
	case KYMO_METRIC_FLOAT_GAUGE:
	case KYMO_METRIC_MAX:
	case KYMO_METRIC_MIN:
		value.is.f = n;
		break;
	case KYMO_METRIC_TEXT:
		value.is.text = n == 1 ? "1" : n == 2 ? "2" : "3";
		break;
	case KYMO_METRIC_HEALTH:
		value.is.health.state = (enum kymo_condition)n;
		value.is.health.reason = "why";
		value.is.health.since_ns = (uint64_t)n;
		break;
	default:
		value.is.i = n;
		break;
	}
	return value;
}

static int
number_of(enum kymo_metric_kind kind, const struct kymo_metric_value *value)
{
	switch (kind) {
	case KYMO_METRIC_FLOAT_COUNTER:
	case KYMO_METRIC_FLOAT_GAUGE:
	case KYMO_METRIC_MAX:
	case KYMO_METRIC_MIN:
		return (int)value->is.f;
	case KYMO_METRIC_TEXT:
		return atoi(value->is.text);
	case KYMO_METRIC_HEALTH:
		assert_string_equal(value->is.health.reason, "why");
		assert_int_equal(value->is.health.since_ns,
		    value->is.health.state);
		return (int)value->is.health.state;
	default:
		return (int)value->is.i;
	}
}

static void
test_each_kind_is_put_together_in_its_way(void **state)
{
	/* Three processes say 1, 3, 2 and were started at 10, 30, 20; then the
	   same, all at the same time: the highest instance id is the youngest. */
	static const struct {
		enum kymo_metric_kind kind;
		enum kymo_metric_agg agg;
		int want, want_together;
	} rows[] = {
		{KYMO_METRIC_COUNTER, KYMO_METRIC_LAST, 6, 6},
		{KYMO_METRIC_UPDOWN, KYMO_METRIC_LAST, 6, 6},
		{KYMO_METRIC_FLOAT_COUNTER, KYMO_METRIC_LAST, 6, 6},
		{KYMO_METRIC_GAUGE, KYMO_METRIC_LAST, 3, 2},
		{KYMO_METRIC_GAUGE, KYMO_METRIC_SUM, 6, 6},
		{KYMO_METRIC_GAUGE, KYMO_METRIC_MAX_OF, 3, 3},
		{KYMO_METRIC_GAUGE, KYMO_METRIC_MIN_OF, 1, 1},
		{KYMO_METRIC_FLOAT_GAUGE, KYMO_METRIC_LAST, 3, 2},
		{KYMO_METRIC_FLOAT_GAUGE, KYMO_METRIC_SUM, 6, 6},
		{KYMO_METRIC_FLOAT_GAUGE, KYMO_METRIC_MAX_OF, 3, 3},
		{KYMO_METRIC_FLOAT_GAUGE, KYMO_METRIC_MIN_OF, 1, 1},
		{KYMO_METRIC_MAX, KYMO_METRIC_LAST, 3, 3},
		{KYMO_METRIC_MIN, KYMO_METRIC_LAST, 1, 1},
		{KYMO_METRIC_TEXT, KYMO_METRIC_LAST, 3, 2},
		{KYMO_METRIC_STATE_SET, KYMO_METRIC_LAST, 3, 2},
		{KYMO_METRIC_HEALTH, KYMO_METRIC_LAST, 3, 2},
	};
	static const int says[] = {1, 3, 2};
	size_t row;
	uint32_t together, turn, i, n;

	for (row = 0; row < sizeof(rows) / sizeof(*rows); row++)
		for (together = 0; together < 2; together++)
			for (turn = 0; turn < 3; turn++) { /* who comes first */
				struct kymo_model *model = model_new(NULL, 0);
				const struct kymo_scan *scan;
				struct kymo_metric_value value;
				const struct kymo_series *it;

				begin(model);
				for (i = 0; i < 3; i++) {
					n = (i + turn) % 3;
					value = value_of(rows[row].kind, says[n]);
					give(model, n + 1, rows[row].kind,
					    rows[row].agg, &value, together ?
					    5 : 10 * (uint64_t)says[n]);
				}
				end(model);
				scan = kymo_scan_take(model);
				it = find(scan, "it", "s");
				assert_non_null(it);
				assert_int_equal(number_of(rows[row].kind,
				    &it->value), together ?
				    rows[row].want_together : rows[row].want);
				kymo_scan_release(scan);
				kymo_model_delete(model);
			}
}

static void
test_each_process_has_its_own_where_that_is_asked(void **state)
{
	struct kymo_model *model = model_new(NULL, 0);
	const struct kymo_scan *scan;
	struct kymo_metric_value value = value_of(KYMO_METRIC_GAUGE, 4);
	const struct kymo_series *it;

	begin(model);
	give(model, 7, KYMO_METRIC_GAUGE, KYMO_METRIC_EACH, &value, 1);
	value.is.i = 5;
	give(model, 8, KYMO_METRIC_GAUGE, KYMO_METRIC_EACH, &value, 2);
	end(model);
	scan = kymo_scan_take(model);
	it = find(scan, "it", "s");
	assert_int_equal(it[0].value.is.i, 4);
	assert_string_equal(it[0].labels[1].key, "pid");
	assert_string_equal(it[0].labels[1].value, "7");
	assert_int_equal(it[1].value.is.i, 5);
	kymo_scan_release(scan);
	kymo_model_delete(model);
}

static void
test_a_value_that_is_not_there_is_not_shown(void **state)
{
	struct kymo_model *model = model_new(NULL, 0);
	const struct kymo_scan *scan;
	struct kymo_metric_value value = {.present = false};

	begin(model);
	give(model, 1, KYMO_METRIC_GAUGE, KYMO_METRIC_LAST, &value, 1);
	end(model);
	scan = kymo_scan_take(model);
	assert_null(find(scan, "it", "s"));
	kymo_scan_release(scan);
	kymo_model_delete(model);
}

/* ---- over time ---------------------------------------------------------------- */

static void
scan_at(struct kymo_model *model, uint64_t mono_s, struct kymo_region_family *
    family, struct proc *procs, uint32_t cnt)
{
	struct kymo_error error;
	bool absorbed;
	uint32_t i;

	kymo_model_begin(model, 1000000000000 + mono_s * 1000000000,
	    mono_s * 1000000000);
	for (i = 0; i < cnt; i++) {
		struct kyi_source source = {
			.info = &procs[i].info, .families = family,
			.family_cnt = 1, .series_cnt = 1,
		};
		struct kymo_region_series series = procs[i].series[2];

		series.family_idx = 0;
		source.series = &series;
		assert_int_equal(kyi_model_take(model, &source, false,
		    &absorbed, &error), 0);
	}
	end(model);
}

static void
test_a_summary_tells_of_the_last_minute(void **state)
{
	/* Ten a second, into bucket 3; from second 100 on into bucket 9, by a
	   second process with another range of buckets. */
	struct kymo_region_family family = families[2];
	struct kymo_model *model = model_new(NULL, 0);
	struct proc procs[2];
	uint64_t second;

	family.kind = KYMO_METRIC_SUMMARY;
	birth(&procs[0], 1, "s");
	birth(&procs[1], 2, "s");
	procs[1].series[2].value.is.hist.lo_idx = 4;
	for (second = 1; second < 250; second++) {
		const struct kymo_scan *scan;
		const struct kymo_series *took;
		uint64_t lately, all = 10 * second;

		if (second < 100)
			procs[0].buckets[3] += 10;
		else
			procs[1].buckets[5] += 10;
		scan_at(model, second, &family, procs, second < 100 ? 1 : 2);
		scan = kymo_scan_take(model);
		took = find(scan, "took_seconds", "s");
		assert_int_equal(kymo_hist_count(&took->value.is.hist), all);
		assert_non_null(took->recent);
		lately = kymo_hist_count(took->recent);
		if (second < 60)
			assert_int_equal(lately, all);
		else
			assert_true(lately >= 600 && lately <= 660);
		if (second == 99)
			assert_int_equal(took->recent->buckets[3 -
			    took->recent->lo_idx], lately);
		if (second >= 170)
			assert_int_equal(took->recent->buckets[9 -
			    took->recent->lo_idx], lately);
		kymo_scan_release(scan);
	}
	kymo_model_delete(model);
}

static void
test_bounds_are_those_of_the_family(void **state)
{
	/* Scale 2, 16 buckets from 0: four octaves; whatever is recorded. */
	struct kymo_region_family family = families[2];
	struct kymo_model *model = model_new(NULL, 0);
	const struct kymo_scan *scan;
	struct proc proc;
	uint32_t i, round;

	birth(&proc, 1, "s");
	for (round = 0; round < 3; round++) {
		proc.buckets[round * 5] += 3;
		scan_at(model, round + 1, &family, &proc, 1);
		scan = kymo_scan_take(model);
		for (i = 0; strcmp(scan->families[i].name, "took_seconds") != 0;)
			i++;
		assert_int_equal(scan->families[i].le_first, 0);
		assert_int_equal(scan->families[i].le_cnt, 5);
		kymo_scan_release(scan);
	}
	kymo_model_delete(model);
}

static void
test_an_exemplar_is_the_newest_of_its_series(void **state)
{
	struct kymo_exemplar_info exemplars[] = {
		{.series_idx = 2, .at_ns = 20, .trace_lo = 2, .value = 7},
		{.series_idx = 2, .at_ns = 10, .trace_lo = 1},
		{.series_idx = 0, .at_ns = 30, .trace_lo = 3}, /* a counter */
		{.series_idx = 99, .at_ns = 40, .trace_lo = 4},
	};
	struct kymo_model *model = model_new(NULL, 0);
	const struct kymo_scan *scan;
	struct kymo_error error;
	struct proc proc;
	struct kyi_source source = {
		.info = &proc.info, .families = families, .family_cnt = 4,
		.series = proc.series, .series_cnt = 4,
		.exemplars = exemplars, .exemplar_cnt = 4,
	};
	bool absorbed;

	birth(&proc, 1, "s");
	begin(model);
	assert_int_equal(kyi_model_take(model, &source, false, &absorbed,
	    &error), 0);
	end(model);
	scan = kymo_scan_take(model);
	assert_int_equal(find(scan, "took_seconds", "s")->exemplar.trace_lo, 2);
	assert_int_equal(find(scan, "took_seconds", "s")->exemplar.value, 7);
	assert_int_equal(find(scan, "jobs", "s")->exemplar.trace_lo, 0);
	kymo_scan_release(scan);
	kymo_model_delete(model);
}

/* ---- the reader's own ------------------------------------------------------------ */

static void
test_what_the_kernel_says_of_processes_outlives_them_where_it_counts(
    void **state)
{
	struct kymo_process_stats stats = {
		.cpu_user_ns = 1500000000, .cpu_system_ns = 500000000, .resident_bytes = 4096,
		.start_ns = 5000000000, .switches_voluntary = 9,
	};
	struct kymo_model *model = model_new(NULL, 0);
	const struct kymo_scan *scan;
	struct kymo_error error;
	struct proc procs[2];
	bool absorbed;
	uint32_t i;

	begin(model);
	for (i = 0; i < 2; i++) {
		struct kyi_source source = {
			.info = &procs[i].info, .process = &stats,
		};

		birth(&procs[i], i + 1, "s");
		assert_int_equal(kyi_model_take(model, &source, false,
		    &absorbed, &error), 0);
	}
	end(model);
	scan = kymo_scan_take(model);
	assert_int_equal(find(scan, "process_cpu_seconds", "s")->value.is.u,
	    4000000000);
	assert_int_equal(find(scan, "process_resident_memory_bytes",
	    "s")->value.is.i, 8192);
	assert_true(find(scan, "process_start_time_seconds",
	    "s")->value.is.f == 5);
	assert_null(find(scan, "process_open_fds", "s"));
	kymo_scan_release(scan);

	procs[0].info.liveness = KYMO_EXITED;
	begin(model);
	for (i = 0; i < 2; i++) {
		struct kyi_source source = {
			.info = &procs[i].info, .process = i == 0 ? NULL : &stats,
		};

		assert_int_equal(kyi_model_take(model, &source, true,
		    &absorbed, &error), 0);
	}
	end(model);
	scan = kymo_scan_take(model);
	assert_int_equal(find(scan, "process_cpu_seconds", "s")->value.is.u,
	    4000000000);
	assert_int_equal(find(scan, "process_resident_memory_bytes",
	    "s")->value.is.i, 4096);
	assert_int_equal(find(scan, "kymo_regions", "s")[0].value.is.i, 1);
	assert_int_equal(find(scan, "kymo_regions", "s")[1].value.is.i, 1);
	kymo_scan_release(scan);
	kymo_model_delete(model);
}

static void
test_a_program_cannot_speak_for_the_reader(void **state)
{
	struct kymo_region_family family = families[0];
	struct kymo_model *model = model_new(NULL, 0);
	const struct kymo_scan *scan;
	struct kymo_error error;
	struct proc proc;
	struct kyi_source source = {
		.info = &proc.info, .families = &family, .family_cnt = 1,
		.series = proc.series, .series_cnt = 1,
	};
	bool absorbed;

	birth(&proc, 1, "s");
	work(&proc, 1000);
	family.name = "kymo_heartbeats";
	family.label_cnt = 0;
	proc.info.heartbeat_cnt = 3;
	begin(model);
	assert_int_equal(kyi_model_take(model, &source, false, &absorbed,
	    &error), 0);
	end(model);
	scan = kymo_scan_take(model);
	assert_int_equal(find(scan, "kymo_heartbeats", "s")->value.is.u, 3);
	assert_int_equal(find(scan, "kymo_heartbeats_conflict_counter",
	    "s")->value.is.u, 1000);
	kymo_scan_release(scan);
	kymo_model_delete(model);
}

static void
test_a_limit_of_series_is_counted_and_leaves_the_reader_its_own(void **state)
{
	struct kymo_model_options options = {
		.series_max = 2, .with_own = true,
	};
	struct kymo_model *model = kymo_model_new(&options, NULL);
	const struct kymo_scan *scan;
	struct proc a;
	bool absorbed;
	uint32_t i, refused = 0;

	birth(&a, 1, "s");
	for (i = 0; i < 3; i++) {
		begin(model);
		assert_int_equal(take(model, &a, false, &absorbed), 0);
		end(model);
	}
	scan = kymo_scan_take(model);
	assert_non_null(find(scan, "jobs", "s"));
	assert_non_null(find(scan, "depth", "s"));
	assert_null(find(scan, "took_seconds", "s"));
	assert_non_null(find(scan, "kymo_lost", "s"));
	for (i = 0; i < scan->family_cnt; i++)
		if (strcmp(scan->families[i].name, "kymo_series_refused") == 0)
			refused = (uint32_t)
			    scan->families[i].series->value.is.u;
	assert_int_equal(refused, 2);
	kymo_scan_release(scan);
	kymo_model_delete(model);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_kind_is_put_together_in_its_way),
		cmocka_unit_test(
		    test_each_process_has_its_own_where_that_is_asked),
		cmocka_unit_test(test_a_value_that_is_not_there_is_not_shown),
		cmocka_unit_test(test_a_summary_tells_of_the_last_minute),
		cmocka_unit_test(test_bounds_are_those_of_the_family),
		cmocka_unit_test(test_an_exemplar_is_the_newest_of_its_series),
		cmocka_unit_test(
		    test_what_the_kernel_says_of_processes_outlives_them_where_it_counts),
		cmocka_unit_test(test_a_program_cannot_speak_for_the_reader),
		cmocka_unit_test(
		    test_a_limit_of_series_is_counted_and_leaves_the_reader_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
