/* SPDX-License-Identifier: MIT */
/* Goal: since when a signal has another level is told, for as many signals as may be
   asked, over a restart too, and of a file that may be anybody's.
   Method: worlds of gauges and counters that shift, a row of four looks. */
#include "tests/testlib/detect_world.h"

#include <unistd.h>

#include "reader/detect/detectors_private.h"
#include "shm/crc32c.h"

#define MINUTE_LOOKS 4u

static const struct kymo_detectors_options two = { .change_max = 2 };

static const struct kymo_changed *
change_of(const struct kymo_anomalies *found, const char *metric)
{
	for (uint32_t i = 0; i < found->change_cnt; i++)
		if (strcmp(found->changes[i].metric, metric) == 0)
			return &found->changes[i];
	return NULL;
}

/* Looks at a gauge of this mean, and a counter of this rate. */
static void
live(struct world *world, unsigned minutes, double mean, double per_s)
{
	for (unsigned i = 0; i < minutes * MINUTE_LOOKS; i++) {
		gauge(world, 0, mean);
		count(world, 1, per_s, 0.1);
		look(world);
	}
}

static struct world *
world_of_two(const struct kymo_detectors_options *options)
{
	struct world *world = world_new(options);

	family(world, "depth", KYMO_METRIC_GAUGE, "shop", 1);
	family(world, "requests", KYMO_METRIC_COUNTER, "shop", 1);
	return world;
}

static void
test_a_shift_is_told_with_its_begin_and_both_levels(void **state)
{
	struct world *world = world_of_two(&two);
	struct kymo_detectors_stats stats;
	struct kymo_anomalies found;
	const struct kymo_changed *changed;
	uint64_t begin_ns;

	(void)state;
	live(world, 120, 1000, 40);
	found = list(world);
	assert_int_equal(found.change_cnt, 0);
	kymo_anomalies_free(&found);
	begin_ns = BEGIN_NS + world->look * LOOK_NS;
	live(world, 30, 1080, 80);
	found = list(world);
	assert_int_equal(found.change_cnt, 2);
	changed = change_of(&found, "depth");
	assert_non_null(changed);
	assert_int_equal(changed->point.kind, KYMO_CHANGE_LEVEL);
	assert_true(fabs(changed->point.before - 1000) < 5);
	assert_true(fabs(changed->point.after - 1080) < 10);
	assert_true(changed->point.confidence > 0.99);
	assert_true(changed->point.at_ns + 60 * SECOND_NS >= begin_ns &&
	    changed->point.at_ns <= begin_ns + 120 * SECOND_NS);
	assert_true(changed->found_ns > changed->point.at_ns &&
	    changed->found_ns < begin_ns + 20 * 60 * SECOND_NS);
	assert_string_equal(label(changed->labels, changed->label_cnt,
	    "service"), "shop");
	assert_string_equal(label(changed->labels, changed->label_cnt,
	    "metric"), "depth");
	changed = change_of(&found, "requests_total");
	assert_non_null(changed);
	assert_int_equal(changed->signal, KYMO_SIGNAL_RATE);
	assert_true(fabs(changed->point.before - 40) < 2);
	assert_true(fabs(changed->point.after - 80) < 10);
	kymo_detectors_stats(world->detectors, &stats);
	assert_int_equal(stats.change_watch_cnt, 2);
	assert_int_equal(stats.change_cnt, 2);
	kymo_anomalies_free(&found);
	/* A day later it is no news. */
	live(world, 24 * 60, 1080, 80);
	found = list(world);
	assert_int_equal(found.change_cnt, 0);
	kymo_anomalies_free(&found);
	world_delete(world);
}

/* A leak: steps that follow each other are one change, since the first. */
static void
test_a_ramp_is_one_change_that_goes_on(void **state)
{
	struct world *world = world_of_two(&two);
	struct kymo_detectors_stats stats;
	struct kymo_anomalies found;
	uint64_t begin_ns;
	double last = 0;

	(void)state;
	live(world, 120, 1000, 40);
	begin_ns = BEGIN_NS + world->look * LOOK_NS;
	for (unsigned minute = 0; minute < 180; minute++) {
		live(world, 1, 1000 + 4 * minute, 40);
		if (minute % 60 != 59)
			continue;
		found = list(world);
		assert_int_equal(found.change_cnt, 1);
		assert_true(fabs(found.changes[0].point.before - 1000) < 10);
		assert_true(found.changes[0].point.after > last + 50);
		last = found.changes[0].point.after;
		assert_true(found.changes[0].point.at_ns + 60 * SECOND_NS >=
		    begin_ns && found.changes[0].point.at_ns <=
		    begin_ns + 600 * SECOND_NS);
		kymo_anomalies_free(&found);
	}
	/* Down again is another. */
	live(world, 20, 1000, 40);
	found = list(world);
	assert_int_equal(found.change_cnt, 1);
	assert_true(found.changes[0].point.before > 1500);
	assert_true(fabs(found.changes[0].point.after - 1000) < 10);
	kymo_anomalies_free(&found);
	kymo_detectors_stats(world->detectors, &stats);
	assert_int_equal(stats.change_cnt, 2);
	world_delete(world);
}

/* What begins after a clock was set right did not begin before what was told. */
static void
test_a_clock_that_is_set_back_hides_no_change(void **state)
{
	struct world *world = world_of_two(&two);
	struct kymo_anomalies found;

	(void)state;
	live(world, 120, 1000, 40);
	live(world, 30, 1080, 40);
	world->back_ns = 3 * 3600 * (int64_t)SECOND_NS;
	live(world, 10, 1080, 40);
	live(world, 30, 1000, 40);
	found = list(world);
	assert_int_equal(found.change_cnt, 1);
	assert_true(fabs(found.changes[0].point.before - 1080) < 10);
	assert_true(fabs(found.changes[0].point.after - 1000) < 10);
	assert_true(found.changes[0].point.at_ns < found.at_ns);
	kymo_anomalies_free(&found);
	world_delete(world);
}

static void
test_so_many_are_watched_as_may_be(void **state)
{
	struct kymo_detectors_options options = { .change_max = 5 };
	struct world *world = world_new(&options);
	struct kymo_detectors_stats stats;

	(void)state;
	family(world, "depth", KYMO_METRIC_GAUGE, "shop", 20);
	family(world, "delay", KYMO_METRIC_HISTOGRAM, "shop", 1);
	observe(world, 1, 10, 100);
	look(world);
	kymo_detectors_stats(world->detectors, &stats);
	assert_int_equal(stats.change_watch_cnt, 5);
	for (uint32_t max = 30; max > 0; max -= 3) {
		uint64_t memory_bytes = stats.memory_bytes;
		uint32_t before_cnt = stats.change_watch_cnt;

		options.change_max = max;
		kymo_detectors_change(world->detectors, &options);
		look(world);
		kymo_detectors_stats(world->detectors, &stats);
		/* Not two of a histogram's three. */
		assert_true(stats.change_watch_cnt <= max &&
		    stats.change_watch_cnt + 2 >= (max < 23 ? max : 23));
		assert_true((stats.memory_bytes > memory_bytes) ==
		    (stats.change_watch_cnt > before_cnt));
	}
	/* Whose series are gone leave room. */
	options.change_max = 4;
	kymo_detectors_change(world->detectors, &options);
	world->families[0].series_cnt = 3;
	for (unsigned i = 0; i < DAY_LOOKS + 40; i++)
		look(world);
	kymo_detectors_stats(world->detectors, &stats);
	assert_int_equal(stats.series_cnt, 4);
	assert_true(stats.change_watch_cnt >= 3);
	options.change_max = 0;
	kymo_detectors_change(world->detectors, &options);
	kymo_detectors_stats(world->detectors, &stats);
	assert_int_equal(stats.change_watch_cnt, 0);
	look(world);
	world_delete(world);
}

/* ---- over a restart ------------------------------------------------------------------ */

static void
restart(struct world *world, const char *path,
    const struct kymo_detectors_options *options)
{
	struct kymo_error error = { "" };

	assert_int_equal(kymo_detectors_save(world->detectors, path, &error),
	    0);
	kymo_detectors_delete(world->detectors);
	world->detectors = kymo_detectors_new(options);
	if (kymo_detectors_load(world->detectors, path,
	    BEGIN_NS + world->look * LOOK_NS, &error) != 0)
		fail_msg("%s", error.text);
}

static void
test_a_restart_neither_forgets_nor_tells_twice(void **state)
{
	const struct kymo_detectors_options none = { 0 };
	struct world *world = world_of_two(&two);
	char path[] = "/tmp/kymo-changes-XXXXXX";
	struct kymo_detectors_stats stats;
	struct kymo_anomalies found;

	(void)state;
	close(mkstemp(path));
	/* It began before the restart, and is found after. */
	live(world, 120, 1000, 40);
	live(world, 2, 1080, 40);
	restart(world, path, &two);
	found = list(world);
	assert_int_equal(found.change_cnt, 0);
	kymo_anomalies_free(&found);
	live(world, 20, 1080, 40);
	found = list(world);
	assert_int_equal(found.change_cnt, 1);
	assert_true(fabs(found.changes[0].point.before - 1000) < 5);
	kymo_anomalies_free(&found);
	/* It was found before, and is known after. */
	restart(world, path, &two);
	live(world, 60, 1080, 40);
	found = list(world);
	assert_int_equal(found.change_cnt, 1);
	assert_true(fabs(found.changes[0].point.before - 1000) < 5);
	assert_true(fabs(found.changes[0].point.after - 1080) < 10);
	kymo_anomalies_free(&found);
	kymo_detectors_stats(world->detectors, &stats);
	assert_int_equal(stats.change_cnt, 0);
	/* Who does not look for changes reads the rest. */
	restart(world, path, &none);
	kymo_detectors_stats(world->detectors, &stats);
	assert_int_equal(stats.series_cnt, 2);
	assert_int_equal(stats.change_watch_cnt, 0);
	assert_int_equal(unlink(path), 0);
	world_delete(world);
}

/* Not those whose turn comes first in the file. */
static void
test_a_restart_watches_the_same_ones_of_many(void **state)
{
	const struct kymo_detectors_options options = { .change_max = 8 };
	struct world *world = world_new(&options);
	char path[] = "/tmp/kymo-changes-XXXXXX";
	struct kymo_detectors_stats stats;
	struct kymo_anomalies found;

	(void)state;
	close(mkstemp(path));
	family(world, "depth", KYMO_METRIC_GAUGE, "shop", 100);
	for (unsigned i = 0; i < 150 * MINUTE_LOOKS; i++) {
		gauge(world, 0, i < 120 * MINUTE_LOOKS ? 1000 : 1080);
		look(world);
	}
	for (unsigned i = 0; i < 2; i++) {
		found = list(world);
		assert_int_equal(found.change_cnt, 8);
		kymo_anomalies_free(&found);
		restart(world, path, &options);
	}
	kymo_detectors_stats(world->detectors, &stats);
	assert_int_equal(stats.change_watch_cnt, 8);
	assert_int_equal(unlink(path), 0);
	world_delete(world);
}

static void
test_a_hostile_file_of_changes_is_refused_or_sound(void **state)
{
	struct world *world = world_of_two(&two);
	char path[] = "/tmp/kymo-changes-XXXXXX";
	static char bytes[20000], changed[20000];
	struct kymo_detectors_stats stats;
	struct kymo_error error = { "" };
	size_t len_bytes;
	unsigned refused_cnt = 0;
	FILE *file;

	(void)state;
	close(mkstemp(path));
	live(world, 120, 1000, 40);
	live(world, 30, 1080, 80);
	assert_int_equal(kymo_detectors_save(world->detectors, path, &error),
	    0);
	file = fopen(path, "rb");
	assert_non_null(file);
	len_bytes = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	assert_true(len_bytes > 2000 && len_bytes < sizeof(bytes));
	/* As much as it was said to be, but for labels' pointers. */
	kymo_detectors_stats(world->detectors, &stats);
	assert_true(len_bytes < stats.saved_bytes + 200 &&
	    stats.saved_bytes < len_bytes + 500);
	for (size_t at = 48; at + 4 < len_bytes; at++) {
		struct kymo_detectors *anew = kymo_detectors_new(&two);
		uint32_t crc;

		memcpy(changed, bytes, len_bytes);
		changed[at] = (char)(changed[at] ^ (at % 3 ? 0xff : 0x41));
		crc = kyi_crc32c(0, changed, len_bytes - 4);
		memcpy(changed + len_bytes - 4, &crc, 4);
		file = fopen(path, "wb");
		assert_int_equal(fwrite(changed, 1, len_bytes, file),
		    len_bytes);
		fclose(file);
		if (kymo_detectors_load(anew, path, BEGIN_NS + world->look *
		    LOOK_NS, &error) == 0) {
			kymo_detectors_delete(world->detectors);
			world->detectors = anew;
			gauge(world, 0, 1080);
			look(world);
		} else {
			refused_cnt++;
			kymo_detectors_delete(anew);
		}
	}
	assert_true(refused_cnt > 0);
	assert_int_equal(unlink(path), 0);
	world_delete(world);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_a_shift_is_told_with_its_begin_and_both_levels),
		cmocka_unit_test(test_a_ramp_is_one_change_that_goes_on),
		cmocka_unit_test(test_a_clock_that_is_set_back_hides_no_change),
		cmocka_unit_test(test_so_many_are_watched_as_may_be),
		cmocka_unit_test(
		    test_a_restart_neither_forgets_nor_tells_twice),
		cmocka_unit_test(test_a_restart_watches_the_same_ones_of_many),
		cmocka_unit_test(
		    test_a_hostile_file_of_changes_is_refused_or_sound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
