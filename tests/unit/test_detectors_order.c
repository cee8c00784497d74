/* SPDX-License-Identifier: MIT */
/* Goal: that series are found by their place in the scan before changes nothing
   of what is found.
   Method: two worlds with the same numbers, of which one says ids; series come,
   go and change places. Ids that lie do no harm. */
#include "tests/testlib/detect_world.h"

#define CNT 60u

static void
swap(struct world *world, uint32_t f, uint32_t a, uint32_t b)
{
	struct kymo_series kept = world->series[f][a];

	world->series[f][a] = world->series[f][b];
	world->series[f][b] = kept;
}

/* The same in both: which depends on the look alone. */
static void
rearrange(struct world *world, uint32_t f, uint64_t look)
{
	uint32_t cnt = world->families[f].series_cnt;

	switch (look % 7) {
	case 1: /* some in the middle go, until they are back */
		for (uint32_t i = 20; i < cnt - 10; i++)
			swap(world, f, i, i + 10);
		world->families[f].series_cnt = cnt > 40 ? cnt - 10 : CNT;
		break;
	case 3:
		swap(world, f, 1, cnt - 1);
		break;
	case 5: /* the first is the last */
		for (uint32_t i = 0; i + 1 < cnt; i++)
			swap(world, f, i, i + 1);
		break;
	default:
		break;
	}
}

static void
fill(struct world *world, bool ids)
{
	uint64_t id = 0;

	for (uint32_t f = 0; f < 3; f++) {
		static const enum kymo_metric_kind kinds[] = {
			KYMO_METRIC_GAUGE, KYMO_METRIC_COUNTER,
			KYMO_METRIC_HISTOGRAM };
		static const char *const names[] = { "a", "b", "c" };

		family(world, names[f], kinds[f], "shop", f == 2 ? 1 : CNT);
		for (uint32_t i = 0; ids && i < CNT; i++)
			world->series[f][i].id = ++id;
	}
}

static void
live(struct world *world, uint64_t i)
{
	gauge(world, 0, i % 700 == 699 ? (double)(1000 + 10 * i) : 1000);
	count(world, 1, i % 900 == 899 ? (double)i : 40, 0.2);
	observe(world, 2, 30, i % 1100 == 1099 ? (double)i : 100);
	rearrange(world, 0, i);
	rearrange(world, 1, i / 3);
	look(world);
}

static void
assert_same(struct world *a, struct world *b)
{
	struct kymo_anomalies x = list(a), y = list(b);

	assert_int_equal(x.cnt, y.cnt);
	assert_int_equal(x.incident_cnt, y.incident_cnt);
	for (uint32_t i = 0; i < x.cnt; i++) {
		assert_true(x.at[i].score == y.at[i].score);
		assert_true(x.at[i].value == y.at[i].value);
		assert_string_equal(x.at[i].reason, y.at[i].reason);
	}
	kymo_anomalies_free(&x);
	kymo_anomalies_free(&y);
}

static void
test_an_id_finds_what_labels_find(void **state)
{
	struct world *with = world_new(NULL), *without = world_new(NULL);
	struct kymo_detectors_stats a, b;
	uint32_t held = 0;

	(void)state;
	fill(with, true);
	fill(without, false);
	for (uint64_t i = 0; i < DAY_LOOKS; i++) {
		live(with, i);
		live(without, i);
		if (i % 100 == 0) {
			struct kymo_anomalies found = list(with);

			held += found.cnt;
			kymo_anomalies_free(&found);
			assert_same(with, without);
		}
	}
	assert_true(held > 0);
	kymo_detectors_stats(with->detectors, &a);
	kymo_detectors_stats(without->detectors, &b);
	assert_int_equal(a.series_cnt, 2 * CNT + 1);
	assert_int_equal(a.series_cnt, b.series_cnt);
	assert_int_equal(a.alarm_cnt, b.alarm_cnt);
	world_delete(with);
	world_delete(without);
}

/* The last look's gauges are now counters or histograms of the same ids. */
static void
test_an_id_that_lies_about_its_kind_is_not_believed(void **state)
{
	struct world *world = world_new(NULL);
	struct kymo_detectors_stats stats;

	(void)state;
	family(world, "a", KYMO_METRIC_GAUGE, "shop", 1);
	family(world, "b", KYMO_METRIC_HISTOGRAM, "shop", 1);
	world->series[0][0].id = 1;
	world->series[1][0].id = 2;
	observe(world, 1, 200, 100);
	look(world);
	world->series[0][0].id = 2;
	world->series[1][0].id = 1;
	look(world);
	world->series[1][0].id = 0;
	look(world);
	/* In the same place, but a histogram. */
	world->families[0].kind = KYMO_METRIC_HISTOGRAM;
	world->series[0][0].value = world->series[1][0].value;
	look(world);
	kymo_detectors_stats(world->detectors, &stats);
	assert_int_equal(stats.series_cnt, 3);
	assert_int_equal(stats.detector_cnt, 7);
	world_delete(world);
}

/* What no look met goes when room is needed, between two that stay. */
static void
test_gone_ones_leave_the_order_whole(void **state)
{
	const struct kymo_detectors_options options = { .detector_max = CNT };
	struct world *world = world_new(&options);
	struct kymo_detectors_stats stats;
	uint32_t depth = family(world, "depth", KYMO_METRIC_GAUGE, "shop", CNT);
	uint32_t more = family(world, "more", KYMO_METRIC_GAUGE, "shop", 0);

	(void)state;
	for (uint32_t i = 0; i < CNT; i++) {
		world->series[depth][i].id = i + 1;
		world->labels[more][i][0] = (struct kymo_label){ "service",
			"bank" };
		world->labels[more][i][1] = (struct kymo_label){ "n",
			world->names[i] };
		world->series[more][i] = (struct kymo_series){
			.labels = world->labels[more][i], .label_cnt = 2,
			.id = CNT + i + 1, .value.present = true };
	}
	look(world);
	for (uint32_t i = 10; i < CNT - 20; i++)
		swap(world, depth, i, i + 20);
	world->families[depth].series_cnt = CNT - 20;
	look(world);
	world->families[more].series_cnt = 20;
	for (unsigned i = 0; i < 50; i++) {
		look(world);
		kymo_detectors_stats(world->detectors, &stats);
		assert_int_equal(stats.series_cnt, CNT);
		assert_int_equal(stats.refused_cnt, 0);
	}
	world_delete(world);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_id_finds_what_labels_find),
		cmocka_unit_test(
		    test_an_id_that_lies_about_its_kind_is_not_believed),
		cmocka_unit_test(test_gone_ones_leave_the_order_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
