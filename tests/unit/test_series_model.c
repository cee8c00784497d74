/* SPDX-License-Identifier: MIT */
/* Goal: sums over processes and the dead are exact, once, and never go down.
   Method: processes made by hand, without regions, go through the model's
   door; a random walk of births, deaths and lost databases against an oracle
   that simply adds. */
#include "tests/testlib/testlib.h"

#include <math.h>
#include "tests/testlib/procs.h"

static void
test_processes_of_a_service_are_one_series(void **state)
{
	struct kymo_model *model = model_new(NULL, 0);
	struct proc a, b, other;
	const struct kymo_scan *scan;
	uint64_t id;
	bool absorbed;

	birth(&a, 1, "s");
	birth(&b, 2, "s");
	birth(&other, 3, "t");
	work(&a, 5);
	work(&b, 7);
	work(&other, 9);
	begin(model);
	assert_int_equal(take(model, &b, false, &absorbed), 0);
	assert_int_equal(take(model, &a, false, &absorbed), 0);
	assert_int_equal(take(model, &other, false, &absorbed), 0);
	end(model);
	scan = kymo_scan_take(model);
	assert_int_equal(find(scan, "jobs", "s")->value.is.u, 12);
	assert_int_equal(find(scan, "jobs", "t")->value.is.u, 9);
	assert_string_equal(find(scan, "jobs", "s")->labels[1].key, "colour");
	assert_string_equal(find(scan, "jobs", "s")->labels[1].value, "red");
	assert_int_equal(find(scan, "depth", "s")->value.is.i, 7); /* youngest */
	assert_int_equal(find(scan, "busy", "s")->value.is.i, 2);
	assert_int_equal(find(scan, "kymo_regions", "s")->value.is.i, 2);
	assert_true(isnan(find(scan, "jobs", "s")->rate));
	id = find(scan, "jobs", "s")->id;
	assert_true(id != 0 && id != find(scan, "jobs", "t")->id);
	kymo_scan_release(scan);

	work(&a, 30);
	begin(model);
	assert_int_equal(take(model, &a, false, &absorbed), 0);
	assert_int_equal(take(model, &b, false, &absorbed), 0);
	end(model);
	scan = kymo_scan_take(model);
	assert_true(find(scan, "jobs", "s")->rate == 30);
	assert_int_equal(find(scan, "jobs", "s")->id, id);
	kymo_scan_release(scan);
	kymo_model_delete(model);
}

static void
test_nobody_takes_the_room_of_others_word(void **state)
{
	const struct kymo_metric_value value = { .present = true,
		.is.health = { .state = KYMO_IS_FAILING, .reason = "why" } };
	struct kyi_family_kept family = { .kind = KYMO_METRIC_HEALTH };
	struct kyi_entry entry = { .family = &family };
	char component[32];

	(void)state;
	for (unsigned i = 0; i < 10000; i++) {
		snprintf(component, sizeof(component), "c%u", i);
		kyi_said_add(&entry, 33, component, &value);
	}
	assert_true(entry.said_cnt >= 50 && entry.said_cnt < 1000);
	kyi_said_add(&entry, 0, "web", &value);
	assert_int_equal(entry.said[entry.said_cnt - 1].uid, 0);
	assert_string_equal(entry.said[entry.said_cnt - 1].component, "web");
	kyi_said_free(&entry);
}

/* Two users' processes, and two of one; what their word is stays apart. */
static void
test_whose_word_a_series_is_is_kept(void **state)
{
	static const struct kymo_region_family health[] = {
		{.name = "state", .kind = KYMO_METRIC_HEALTH, .help = "h",
		    .unit = "", .component = "one"},
		{.name = "state", .kind = KYMO_METRIC_HEALTH, .help = "h",
		    .unit = "", .component = "two"},
	};
	static const struct { uint32_t uid, family; int state; } said[] = {
		{ 33, 0, KYMO_IS_FAILING }, { 33, 0, KYMO_IS_OK },
		{ 0, 1, KYMO_IS_DEGRADED },
	};
	struct kymo_model *model = model_new(NULL, 0);
	const struct kymo_series *series;
	const struct kymo_scan *scan;
	struct kymo_error error;
	struct proc procs[3];
	bool absorbed;
	uint32_t i;

	(void)state;
	begin(model);
	for (i = 0; i < 3; i++) {
		struct kyi_source source = {.info = &procs[i].info,
		    .families = health, .family_cnt = 2,
		    .series = procs[i].series, .series_cnt = 1};

		birth(&procs[i], i + 1, "s");
		procs[i].info.uid = said[i].uid;
		procs[i].info.heartbeat_cnt = 1;
		procs[i].info.heartbeat_ns = 1700000000000000000ull + clock_ns -
		    (i + 1) * 1000000000ull;
		procs[i].series[0].family_idx = said[i].family;
		procs[i].series[0].label_values = no_values;
		procs[i].series[0].value.is.health.state =
		    (enum kymo_condition)said[i].state;
		procs[i].series[0].value.is.health.reason = "why";
		assert_int_equal(kyi_model_take(model, &source, false,
		    &absorbed, &error), 0);
	}
	end(model);
	scan = kymo_scan_take(model);
	series = find(scan, "state", "s");
	assert_int_equal(series->said_cnt, 2);
	assert_int_equal(series->said[0].uid, 33);
	assert_string_equal(series->said[0].component, "one");
	assert_string_equal(series->said[0].reason, "why");
	/* The worst, not the youngest's. */
	assert_int_equal(series->said[0].state, KYMO_IS_FAILING);
	assert_int_equal(series->said[1].uid, 0);
	assert_string_equal(series->said[1].component, "two");
	assert_int_equal(series->said[1].state, KYMO_IS_DEGRADED);
	series = find(scan, "kymo_regions", "s");
	assert_int_equal(series->said_cnt, 2);
	assert_true(series->said[0].number == 2);
	assert_true(series->said[1].number == 1);
	series = find(scan, "kymo_heartbeat_age_seconds", "s");
	assert_int_equal(series->said_cnt, 2);
	assert_true(fabs(series->said[0].number - 2) < 1e-6);
	assert_true(fabs(series->said[1].number - 3) < 1e-6);
	kymo_scan_release(scan);
	/* Of this scan alone. */
	begin(model);
	end(model);
	scan = kymo_scan_take(model);
	assert_null(find(scan, "state", "s"));
	kymo_scan_release(scan);
	kymo_model_delete(model);
}

static void
test_the_dead_are_counted_once_whatever_happens(void **state)
{
	char path[200];
	struct kymo_model *model;
	struct proc a, b;
	bool absorbed;

	snprintf(path, sizeof(path), "%s/deep/er/control.db", testlib_dir());
	model = model_new(path, 0);
	birth(&a, 1, "s");
	birth(&b, 2, "s");
	work(&a, 5);
	work(&b, 7);
	a.info.liveness = KYMO_KILLED;
	begin(model);
	assert_int_equal(take(model, &a, false, &absorbed), 0);
	assert_false(absorbed); /* dead, but we may not: it counts as it is */
	assert_int_equal(take(model, &b, true, &absorbed), 0);
	assert_false(absorbed); /* alive */
	end(model);
	assert_int_equal(jobs_now(model), 12);

	begin(model);
	assert_int_equal(take(model, &a, true, &absorbed), 0);
	assert_true(absorbed);
	take(model, &b, true, &absorbed);
	end(model);
	assert_int_equal(jobs_now(model), 12);

	begin(model); /* its file could not be removed: it is still there */
	assert_int_equal(take(model, &a, true, &absorbed), 0);
	assert_true(absorbed);
	take(model, &b, true, &absorbed);
	end(model);
	assert_int_equal(jobs_now(model), 12);
	kymo_model_delete(model);

	/* The reader died between absorbing and removing the file. */
	model = model_new(path, 0);
	begin(model);
	end(model);
	assert_int_equal(jobs_now(model), 5);
	begin(model);
	assert_int_equal(take(model, &a, true, &absorbed), 0);
	assert_true(absorbed);
	take(model, &b, true, &absorbed);
	end(model);
	assert_int_equal(jobs_now(model), 12);
	kymo_model_delete(model);
}

static void
test_gauges_leave_with_their_process(void **state)
{
	struct kymo_model_options options = {.with_dead_gauges = true};
	struct kymo_model *model = model_new(NULL, 0);
	const struct kymo_scan *scan;
	struct proc a;
	bool absorbed;

	birth(&a, 1, "s");
	work(&a, 5);
	a.info.liveness = KYMO_KILLED;
	begin(model);
	take(model, &a, false, &absorbed);
	end(model);
	scan = kymo_scan_take(model);
	assert_null(find(scan, "depth", "s"));
	assert_null(find(scan, "busy", "s"));
	assert_non_null(find(scan, "jobs", "s"));
	kymo_scan_release(scan);
	kymo_model_delete(model);

	model = kymo_model_new(&options, NULL);
	begin(model);
	take(model, &a, false, &absorbed);
	end(model);
	scan = kymo_scan_take(model);
	assert_int_equal(find(scan, "depth", "s")->value.is.i, 5);
	kymo_scan_release(scan);
	kymo_model_delete(model);
}

static void
test_a_vanished_region_keeps_its_totals(void **state)
{
	char path[200];
	struct kymo_model *model;
	const struct kymo_scan *scan;
	struct proc a;
	bool absorbed;
	int i;

	snprintf(path, sizeof(path), "%s/control.db", testlib_dir());
	model = model_new(path, 0);
	birth(&a, 1, "s");
	work(&a, 5);
	begin(model);
	take(model, &a, false, &absorbed);
	end(model);
	for (i = 0; i < 100; i++) {
		begin(model);
		end(model);
		assert_int_equal(jobs_now(model), 5);
	}
	begin(model); /* a minute has passed: it was retired */
	work(&a, 2);
	assert_int_equal(take(model, &a, true, &absorbed), 0);
	assert_false(absorbed); /* it lives */
	end(model);
	scan = kymo_scan_take(model);
	assert_int_equal(find(scan, "depth", "s")->value.is.i, 2);
	kymo_scan_release(scan);
	assert_int_equal(jobs_now(model), 5);
	a.info.liveness = KYMO_EXITED;
	begin(model);
	take(model, &a, true, &absorbed);
	assert_true(absorbed);
	end(model);
	assert_int_equal(jobs_now(model), 5);
	kymo_model_delete(model);
	model = model_new(path, 0);
	begin(model);
	end(model);
	assert_int_equal(jobs_now(model), 5);
	kymo_model_delete(model);
}

static void
test_a_random_life_never_goes_down_and_adds_up(void **state)
{
	static struct proc procs[8];
	uint64_t seed = 12345, total = 0, before = 0, now;
	uint32_t born = 0, i, step;
	struct kymo_model *model;
	bool absorbed, here[8];
	char path[200];

	snprintf(path, sizeof(path), "%s/control.db", testlib_dir());
	model = model_new(path, 0);
	for (i = 0; i < 8; i++)
		birth(&procs[i], ++born, "s");
	for (step = 0; step < 600; step++) {
		for (i = 0; i < 8; i++) {
			uint64_t dice;

			seed = seed * 6364136223846793005ull + 1442695040888963407ull;
			dice = seed >> 33;
			if (procs[i].info.liveness == KYMO_ALIVE) {
				work(&procs[i], dice % 10);
				total += dice % 10;
				if (dice / 10 % 5 == 0)
					procs[i].info.liveness = KYMO_KILLED;
			}
			here[i] = dice / 100 % 7 != 0;
		}
		begin(model);
		for (i = 0; i < 8; i++) {
			assert_int_equal(take(model, &procs[i], step % 3 != 0,
			    &absorbed), 0);
			if (absorbed && here[i])
				birth(&procs[i], ++born, "s");
		}
		end(model);
		now = jobs_now(model);
		assert_true(now >= before);
		assert_int_equal(now, total);
		before = now;
		if (step % 97 == 96) { /* the reader dies and comes back */
			kymo_model_delete(model);
			model = model_new(path, 0);
			begin(model);
			for (i = 0; i < 8; i++)
				take(model, &procs[i], false, &absorbed);
			end(model);
			assert_int_equal(jobs_now(model), total);
		}
	}
	assert_true(born > 100);
	kymo_model_delete(model);
}

static void
test_too_many_dead_series_keep_right_totals(void **state)
{
	static const char *values[64][1];
	static char texts[64][8];
	struct kymo_model *model = model_new(NULL, 10);
	const struct kymo_scan *scan;
	uint64_t sum = 0;
	uint32_t i, n;
	bool absorbed, overflow = false;

	for (i = 0; i < 64; i++) {
		struct proc a;

		snprintf(texts[i], sizeof(texts[i]), "c%u", i);
		values[i][0] = texts[i];
		birth(&a, i + 1, "s");
		a.series[0].label_values = values[i];
		work(&a, 1);
		a.info.liveness = KYMO_KILLED;
		begin(model);
		assert_int_equal(take(model, &a, true, &absorbed), 0);
		assert_true(absorbed);
		end(model);
	}
	begin(model);
	end(model);
	scan = kymo_scan_take(model);
	for (i = 0; i < scan->family_cnt; i++)
		if (strcmp(scan->families[i].name, "jobs") == 0)
			for (n = 0; n < scan->families[i].series_cnt; n++) {
				sum += scan->families[i].series[n].value.is.u;
				overflow |= scan->families[i].series[n].overflow;
			}
	assert_int_equal(sum, 64);
	assert_true(overflow);
	kymo_scan_release(scan);
	kymo_model_delete(model);
}

static void
test_a_damaged_database_is_set_aside(void **state)
{
	struct kymo_model *model;
	char path[200];
	FILE *file;

	snprintf(path, sizeof(path), "%s/control.db", testlib_dir());
	file = fopen(path, "w");
	assert_non_null(file);
	fprintf(file, "this is no database, but long enough to look at %0800d", 1);
	fclose(file);
	model = model_new(path, 0);
	kymo_model_delete(model);
}

static void
test_pids_that_come_and_go_leave_nothing(void **state)
{
	struct kymo_model *model = model_new(NULL, 0);
	uint32_t i, cnt = 0;
	bool absorbed;

	for (i = 0; i < 300; i++) {
		struct kymo_region_family each[4];
		struct kyi_source source = {0};
		struct proc a;

		memcpy(each, families, sizeof(each));
		each[1].agg = KYMO_METRIC_EACH;
		birth(&a, i + 1, "s");
		source.info = &a.info;
		source.families = each;
		source.family_cnt = 4;
		source.series = a.series;
		source.series_cnt = 4;
		begin(model);
		assert_int_equal(kyi_model_take(model, &source, false,
		    &absorbed, NULL), 0);
		end(model);
		a.info.liveness = KYMO_KILLED;
		begin(model);
		assert_int_equal(kyi_model_take(model, &source, true,
		    &absorbed, NULL), 0);
		end(model);
		if (i == 60)
			cnt = model->store->entries.cnt;
	}
	assert_true(model->store->entries.cnt <= cnt);
	assert_int_equal(jobs_now(model), 0);
	kymo_model_delete(model);
}

static bool
shown_unless(void *of, const struct kymo_family_scan *family)
{
	return strcmp(family->name, of) != 0;
}

static void
test_a_family_that_is_not_shown_counts_on(void **state)
{
	struct kymo_model *model = model_new(NULL, 0);
	char hidden[] = "jobs";
	const struct kymo_scan *scan;
	struct proc a;
	bool absorbed;

	birth(&a, 1, "s");
	work(&a, 5);
	begin(model);
	assert_int_equal(take(model, &a, false, &absorbed), 0);
	end(model);
	kymo_model_filter(model, shown_unless, hidden);
	work(&a, 2);
	begin(model);
	assert_int_equal(take(model, &a, false, &absorbed), 0);
	end(model);
	scan = kymo_scan_take(model);
	assert_null(find(scan, "jobs", "s"));
	assert_non_null(find(scan, "busy", "s"));
	kymo_scan_release(scan);

	kymo_model_filter(model, NULL, NULL);
	work(&a, 4);
	begin(model);
	assert_int_equal(take(model, &a, false, &absorbed), 0);
	end(model);
	scan = kymo_scan_take(model);
	assert_int_equal(find(scan, "jobs", "s")->value.is.u, 11);
	assert_true(find(scan, "jobs", "s")->rate == 4);
	kymo_scan_release(scan);
	kymo_model_delete(model);
}

int
main(void)
{
#define IN_DIR(test) \
	cmocka_unit_test_setup_teardown(test, testlib_setup, testlib_teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whose_word_a_series_is_is_kept),
		cmocka_unit_test(test_nobody_takes_the_room_of_others_word),
		cmocka_unit_test(test_processes_of_a_service_are_one_series),
		IN_DIR(test_the_dead_are_counted_once_whatever_happens),
		cmocka_unit_test(test_gauges_leave_with_their_process),
		IN_DIR(test_a_vanished_region_keeps_its_totals),
		IN_DIR(test_a_random_life_never_goes_down_and_adds_up),
		cmocka_unit_test(test_too_many_dead_series_keep_right_totals),
		IN_DIR(test_a_damaged_database_is_set_aside),
		cmocka_unit_test(test_pids_that_come_and_go_leave_nothing),
		cmocka_unit_test(test_a_family_that_is_not_shown_counts_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
