/* SPDX-License-Identifier: MIT */
/* Goal: a change of level or slope is told soon and with the right row; noise,
   outliers, flat lines and bytes that are no numbers are not taken for one.
   Method: series of a fixed seed; false alarms counted. */
#include "tests/testlib/testlib.h"

#include <math.h>
#include <string.h>

#include "reader/detect/change_private.h"
#include "tests/bench/tcpd.h"

static uint64_t random_state;

static double
normal(void)
{
	double u, v;

	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	u = ((double)(random_state >> 11) + 0.5) * 0x1p-53;
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	v = ((double)(random_state >> 11) + 0.5) * 0x1p-53;
	return sqrt(-2 * log(u)) * cos(6.283185307179586 * v);
}

struct found {
	uint32_t cnt;
	uint64_t at_row; /* when the first was told */
	struct kymo_change_point first, last;
};

static struct found
watch(struct kymo_change *change, double (*series)(uint32_t row),
    uint32_t row_cnt)
{
	struct found found = { 0 };
	struct kymo_change_point point;

	for (uint32_t i = 0; i < row_cnt; i++) {
		if (!kymo_change_step(change, (uint64_t)i * 1000000000u, series(i),
			&point))
			continue;
		if (found.cnt++ == 0) {
			found.first = point;
			found.at_row = i;
		}
		found.last = point;
	}
	return found;
}

static double noise(uint32_t row) { (void)row; return 1e6 + normal(); }
static double step_up(uint32_t row) { return normal() + (row < 300 ? 0 : 2); }
static double step_down(uint32_t row) { return 50 + 0.1 * normal() -
	(row < 250 ? 0 : 0.5); }
static double bend(uint32_t row) { return 0.3 * normal() +
	(row < 200 ? 1.0 * row : 200.0 - (row - 200.0)); }
static double flat_step(uint32_t row) { return row < 100 ? 7 : 9; }
static double flat(uint32_t row) { (void)row; return 0; }
static double spikes(uint32_t row) { return normal() +
	(row % 97 == 50 ? 40 : 0); }
static double not_numbers(uint32_t row) { return row % 3 == 0 ? NAN :
	row % 3 == 1 ? INFINITY : -INFINITY; }
static double huge_then_tiny(uint32_t row) { return row % 50 < 25 ?
	1e308 * (row % 2 ? 1 : -1) : 1e-308; }

static double pairs(uint32_t row) { return normal() +
	(row % 211 == 50 || row % 211 == 51 ? 10 : 0); }
static double wider(uint32_t row) { return normal() *
	(row < 5000 ? 1 : 3); }
static double far_up(uint32_t row) { return normal() + (row < 2000 ? 0 : 9); }
static double far_then_near(uint32_t row) { return row < 1999 ? normal() :
	row < 2000 ? 0 : row == 2000 ? 6.4 : 3.4; }

/* Student's t of three degrees. */
static double
heavy_tails(uint32_t row)
{
	double sum = 0;

	(void)row;
	for (int i = 0; i < 3; i++) {
		double x = normal();

		sum += x * x / 3;
	}
	return normal() / sqrt(sum);
}

static double walk_at;
static double walk(uint32_t row) { (void)row; return walk_at += normal(); }

static double
like_the_last(uint32_t row)
{
	(void)row;
	return walk_at = 0.7 * walk_at + normal();
}

static void
test_changes_are_told_with_their_row(void **state)
{
	static const struct {
		const char *what;
		double (*series)(uint32_t row);
		uint64_t row, slack, told_by;
		enum kymo_change_kind kind;
		double before, after, near;
	} rows[] = {
		{ "up", step_up, 300, 8, 330, KYMO_CHANGE_LEVEL, 0, 2, 0.7 },
		{ "down", step_down, 250, 2, 260, KYMO_CHANGE_LEVEL, 50, 49.5, 0.2 },
		{ "bend", bend, 200, 4, 220, KYMO_CHANGE_SLOPE, 1, -1, 0.4 },
		{ "flat", flat_step, 100, 0, 106, KYMO_CHANGE_LEVEL, 7, 9, 0 },
	};
	struct kymo_change change;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct found found;
		int64_t off;

		random_state = 1;
		kymo_change_init(&change, 0);
		found = watch(&change, rows[i].series, 400);
		off = (int64_t)found.first.row - (int64_t)rows[i].row;
		if (found.cnt != 1 || found.first.kind != rows[i].kind ||
		    llabs(off) > (int64_t)rows[i].slack ||
		    found.at_row > rows[i].told_by ||
		    fabs(found.first.before - rows[i].before) > rows[i].near ||
		    fabs(found.first.after - rows[i].after) > rows[i].near ||
		    !(found.first.confidence > 0.99))
			fail_msg("%s: %u, kind %d at %lu, told at %lu: %g to %g",
			    rows[i].what, found.cnt, (int)found.first.kind,
			    (unsigned long)found.first.row,
			    (unsigned long)found.at_row, found.first.before,
			    found.first.after);
		assert_int_equal(found.first.at_ns,
		    found.first.row * 1000000000u);
	}
}

static void
test_noise_rarely_changes(void **state)
{
	static const struct {
		const char *what;
		double (*series)(uint32_t row);
		uint32_t row_cnt, most;
	} rows[] = {
		{ "white", noise, 100000, 6 },
		{ "like the last", like_the_last, 100000, 6 },
		{ "a walk", walk, 20000, 20 },
		{ "spikes", spikes, 20000, 2 },
		{ "spikes of two rows, each 211", pairs, 20000, 4 },
		{ "heavy tails", heavy_tails, 100000, 15 },
		{ "noise three times wider", wider, 20000, 6 },
		{ "flat", flat, 5000, 0 },
		{ "no numbers", not_numbers, 1000, 0 },
	};
	struct kymo_change change;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct found found;

		random_state = 2;
		walk_at = 0;
		kymo_change_init(&change, 0);
		found = watch(&change, rows[i].series, rows[i].row_cnt);
		if (found.cnt > rows[i].most)
			fail_msg("%s: %u changes", rows[i].what, found.cnt);
	}
}

static void
test_two_rows_tell_a_large_step_where_noise_is_known(void **state)
{
	/* The second is no outlier of its own, but nearer to the first. */
	static double (*const series[])(uint32_t) = { far_up, far_then_near };
	struct kymo_change change;
	struct found found;

	(void)state;
	for (int i = 0; i < 2; i++) {
		random_state = 1;
		kymo_change_init(&change, 0);
		found = watch(&change, series[i], 2010);
		assert_int_equal(found.cnt, 1);
		assert_int_equal(found.first.row, 2000);
		assert_int_equal(found.at_row, 2001);
	}
}

static void
test_what_is_too_small_to_matter_is_not_told(void **state)
{
	struct kymo_change change;

	(void)state;
	random_state = 1;
	kymo_change_init(&change, 0.02);
	assert_int_equal(watch(&change, step_down, 400).cnt, 0);
}

static double
fell_silent(uint32_t row)
{
	return row < 3 ? 1.0 / 3 : row < 40 ? 1.1 + row % 3 / 30.0 : 0;
}

static void
test_what_is_nothing_now_is_nothing_but_a_rounding(void **state)
{
	struct kymo_change change;
	struct found found;

	(void)state;
	kymo_change_init(&change, 0.01);
	found = watch(&change, fell_silent, 100);
	assert_true(found.cnt > 0);
	assert_true(found.last.before > 1);
	assert_true(found.last.after == 0);
}

static void
test_numbers_at_the_ends_of_doubles_do_no_harm(void **state)
{
	struct kymo_change change;

	(void)state;
	kymo_change_init(&change, 0);
	watch(&change, huge_then_tiny, 2000);
	assert_true(change.value.corner_cnt[0] <= KYMO_CHANGE_CORNERS);
	assert_true(change.value.latest_cnt <= KYMO_CHANGE_LATEST);
}

/* A curve whose every row is a corner: more than there is room for. */
static double curve(uint32_t row) { return 1e-6 * row * row; }

static void
test_corners_that_find_no_room_are_thinned(void **state)
{
	struct kymo_change_track track = { 0 };

	(void)state;
	for (uint32_t i = 0; i < 1000; i++) {
		struct kymo_change_start start = { .row = i + 1,
		    .sum = curve(i + 1) };

		kyi_starts_add(&track, &start);
		assert_true(track.corner_cnt[0] <= KYMO_CHANGE_CORNERS);
		assert_true(track.corner_cnt[1] <= 1);
		assert_true(track.latest_cnt <= KYMO_CHANGE_LATEST);
	}
	for (uint32_t i = 1; i < track.corner_cnt[0]; i++)
		assert_true(track.corners[0][i - 1].row < track.corners[0][i].row);
	assert_true(track.corner_cnt[0] > KYMO_CHANGE_CORNERS / 2);
}

static void
test_scores_are_those_of_the_rules(void **state)
{
	struct tcpd_series series = { .row_cnt = 100, .people_cnt = 2,
	    .marks = { { 0, 50 }, { 0 } }, .mark_cnt = { 2, 1 } };
	static const int near[] = { 45 }, twice[] = { 48, 52 }, off[] = { 44 };
	struct tcpd_score score;

	(void)state;
	score = tcpd_score(&series, NULL, 0);
	/* Recall 1/2 and 1; a half and the whole are covered. */
	assert_true(fabs(score.f1 - 2 * 0.75 / 1.75) < 1e-12);
	assert_true(fabs(score.covering - 0.75) < 1e-12);
	score = tcpd_score(&series, near, 1);
	assert_true(fabs(score.f1 - 1) < 1e-12);
	assert_true(fabs(score.covering - (0.5 * 0.9 + 0.5 * 50 / 55 + 0.55) /
		2) < 1e-12);
	score = tcpd_score(&series, twice, 2);
	assert_true(fabs(score.f1 - 0.8) < 1e-12);
	score = tcpd_score(&series, off, 1);
	assert_true(fabs(score.f1 - 2 * 0.5 * 0.75 / 1.25) < 1e-12);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_changes_are_told_with_their_row),
		cmocka_unit_test(test_noise_rarely_changes),
		cmocka_unit_test(
		    test_two_rows_tell_a_large_step_where_noise_is_known),
		cmocka_unit_test(test_what_is_too_small_to_matter_is_not_told),
		cmocka_unit_test(
		    test_what_is_nothing_now_is_nothing_but_a_rounding),
		cmocka_unit_test(test_numbers_at_the_ends_of_doubles_do_no_harm),
		cmocka_unit_test(test_corners_that_find_no_room_are_thinned),
		cmocka_unit_test(test_scores_are_those_of_the_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
