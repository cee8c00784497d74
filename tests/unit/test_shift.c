/* SPDX-License-Identifier: MIT */
/* Goal: that a distribution moved is seen by its buckets, by how much, and not
   where it did not.
   Method: known answers; draws of a fixed seed, with and without a shift. */
#include "tests/testlib/testlib.h"

#include <math.h>
#include <string.h>

#include "reader/detect/chance.h"
#include "reader/detect/deal.h"
#include "reader/detect/shift.h"
#include "tests/testlib/draw.h"

#define BUCKET_CNT 512u
#define SCALE 4u

struct drawn {
	struct kymo_hist hist;
	uint64_t buckets[BUCKET_CNT];
};

/* Latencies whose logs are normal. */
static void
draw(struct drawn *drawn, double log_mean, double log_sd, uint32_t cnt)
{
	memset(drawn, 0, sizeof(*drawn));
	drawn->hist.scale = SCALE;
	drawn->hist.lo_idx = -(int32_t)BUCKET_CNT / 2;
	drawn->hist.bucket_cnt = BUCKET_CNT;
	drawn->hist.buckets = drawn->buckets;
	for (uint32_t i = 0; i < cnt; i++) {
		double idx = ceil((log_mean + log_sd * draw_normal()) / log(2) *
		    (1u << SCALE)) - 1 + BUCKET_CNT / 2;

		drawn->buckets[(uint32_t)fmin(fmax(idx, 0),
			BUCKET_CNT - 1)]++;
	}
}

static struct kymo_shift
hists(const struct kymo_hist *before, uint32_t before_cnt,
    const struct kymo_hist *after, uint32_t after_cnt)
{
	struct kymo_shift shift;
	struct kymo_error error;

	if (kymo_shift_hists(&shift, before, before_cnt, after, after_cnt, 1,
		&error) != 0)
		fail_msg("%s", error.text);
	return shift;
}

static void
near(double is, double want, double by, const char *what)
{
	if (!(fabs(is - want) <= by))
		fail_msg("%s: %.12g, not %.12g", what, is, want);
}

static void
test_chances_are_those_of_the_tables(void **state)
{
	static const struct {
		double t, freedom, both;
	} rows[] = {
		{ 0, 5, 1 }, { 1, 1, 0.5 }, { -1, 1, 0.5 },
		{ 2, 10, 0.0733880347707 }, { 5, 3, 0.0153924380733 },
		{ 12.706204736, 1, 0.05 }, { 0.1, 50, 0.920744213653 },
		{ 1.959963984540054, 1e9, 0.05 }, { INFINITY, 3, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		near(kyi_student_both(rows[i].t, rows[i].freedom), rows[i].both,
		    1e-10, "student");
	near(kyi_student_limit(0.05, 4), 2.7764451051978, 1e-9, "limit");
	near(kyi_normal_quantile(0.975), 1.959963984540054, 1e-13, "quantile");
	near(kyi_normal_quantile(1e-12), -7.034483825301131, 1e-9, "far out");
	near(kyi_normal_quantile(0.5), 0, 1e-15, "middle");
	assert_true(isinf(kyi_normal_quantile(0)));
	assert_true(isinf(kyi_normal_quantile(1)));
}

static void
test_a_shift_by_a_bucket_is_that_factor(void **state)
{
	static const int by[] = { 0, 1, -1, 16, -40 };
	struct drawn before, after;

	(void)state;
	draw(&before, 0, 0.3, 20000);
	for (size_t i = 0; i < sizeof(by) / sizeof(*by); i++) {
		struct kymo_shift shift;
		double factor = exp2(by[i] / (double)(1u << SCALE));

		after = before;
		after.hist.buckets = after.buckets;
		after.hist.lo_idx += by[i];
		shift = hists(&before.hist, 1, &after.hist, 1);
		near(shift.ratio / factor, 1, 1e-6, "ratio");
		if (by[i] == 0) {
			near(shift.z, 0, 1e-9, "z of the same");
			near(shift.chance, 1, 1e-9, "chance of the same");
		} else {
			assert_true(shift.chance < 1e-6);
			assert_true((shift.z > 0) == (by[i] > 0));
		}
		assert_true(shift.ratio_low < factor * 1.000001 &&
		    shift.ratio_high > factor * 0.999999);
		assert_int_equal(shift.after_cnt, 20000);
	}
}

static void
test_one_percent_is_found_and_nothing_is_not(void **state)
{
	static struct drawn before, same, slower;
	uint32_t found_cnt = 0, alarm_cnt = 0, inside_cnt = 0;

	(void)state;
	for (int i = 0; i < 60; i++) {
		struct kymo_shift shift;

		/* 1.2 times what a t-test on the logs needs. */
		draw(&before, 0.01 * i, 0.2, 23300);
		draw(&same, 0.01 * i, 0.2, 23300);
		draw(&slower, 0.01 * i + log(1.01), 0.2, 23300);
		shift = hists(&before.hist, 1, &slower.hist, 1);
		found_cnt += shift.chance < 0.01 && shift.z > 0;
		inside_cnt += shift.ratio_low < 1.01 && shift.ratio_high > 1.01;
		alarm_cnt += hists(&before.hist, 1, &same.hist, 1).chance < 0.01;
	}
	assert_true(found_cnt >= 58);
	assert_true(inside_cnt >= 52);
	assert_true(alarm_cnt <= 3);
}

/* Runs that differ by 3 % from one to the next, whatever is run. */
static void
test_what_units_differ_by_is_no_shift(void **state)
{
	static struct drawn drawn[10];
	struct kymo_hist units[10];
	uint32_t alarm_cnt = 0, alone_cnt = 0, found_cnt = 0;

	(void)state;
	for (int i = 0; i < 60; i++) {
		for (int u = 0; u < 10; u++) {
			draw(&drawn[u], 0.03 * draw_normal(), 0.2, 4000);
			units[u] = drawn[u].hist;
		}
		alarm_cnt += hists(units, 5, units + 5, 5).chance < 0.05;
		alone_cnt += hists(units, 1, units + 5, 1).chance < 0.05;
		for (int u = 5; u < 10; u++)
			units[u].lo_idx += 3; /* 14 % */
		found_cnt += hists(units, 5, units + 5, 5).chance < 0.05;
	}
	assert_true(alarm_cnt <= 8);
	assert_true(alone_cnt > 30);
	assert_true(found_cnt >= 57);
}

static void
test_other_scales_and_ranges_are_compared(void **state)
{
	static struct drawn before;
	uint64_t coarse[BUCKET_CNT / 4] = { 0 };
	struct kymo_hist after = { .scale = SCALE - 2,
	    .lo_idx = -(int32_t)BUCKET_CNT / 8, .bucket_cnt = BUCKET_CNT / 4,
	    .buckets = coarse };
	struct kymo_shift shift;

	(void)state;
	draw(&before, 0, 0.5, 5000);
	for (uint32_t i = 0; i < BUCKET_CNT; i++)
		coarse[i / 4] += before.buckets[i];
	shift = hists(&before.hist, 1, &after, 1);
	near(shift.z, 0, 1e-9, "z");
	near(shift.ratio, 1, 1e-9, "ratio");
}

static void
test_of_little_little_is_said(void **state)
{
	uint64_t one_bucket[1] = { 1 };
	struct kymo_hist empty = { .scale = 4 };
	struct kymo_hist zeros = { .scale = 4, .zero = 100 };
	struct kymo_hist one = { .scale = 4, .bucket_cnt = 1,
	    .buckets = one_bucket };
	struct kymo_hist far = { .scale = 4, .over = 100, .under = 100 };
	struct kymo_shift shift;

	(void)state;
	assert_true(isnan(hists(&empty, 1, &one, 1).chance));
	assert_true(isnan(hists(&one, 0, &one, 1).chance));
	shift = hists(&zeros, 1, &zeros, 1);
	assert_true(shift.chance == 1 && isnan(shift.ratio));
	assert_true(isnan(hists(&one, 1, &one, 1).chance));
	/* Nothing can be said by how much, but that it is larger. */
	shift = hists(&zeros, 1, &far, 1);
	assert_true(shift.chance < 1e-6 && shift.z > 0);
	assert_true(isnan(shift.ratio));
}

static void
test_few_that_lie_apart_may_do_so_by_chance(void **state)
{
	static const struct {
		uint64_t before, after;       /* observations of a unit */
		uint32_t before_cnt, after_cnt; /* units */
		double chance;
	} rows[] = {
		{ 1, 1, 1, 1, NAN }, { 1, 1000, 1, 1, NAN },
		{ 1000, 1, 1, 1, NAN }, { 9, 9, 2, 1, 2.0 / 55 },
		{ 2, 2, 1, 1, 1.0 / 3 }, { 50, 60, 2, 2, 1.0 / 8 },
		{ 1, 1, 3, 3, 1.0 / 32 }, { 1, 1, 10, 10, 2.0 / (1 << 20) },
	};
	struct kymo_hist before[10], after[10];

	(void)state;
	for (size_t r = 0; r < sizeof(rows) / sizeof(*rows); r++) {
		struct kymo_shift shift;

		for (int i = 0; i < 10; i++) {
			before[i] = (struct kymo_hist){ .scale = 4,
			    .zero = rows[r].before };
			after[i] = (struct kymo_hist){ .scale = 4,
			    .over = rows[r].after };
		}
		shift = hists(before, rows[r].before_cnt, after,
		    rows[r].after_cnt);
		if (isnan(rows[r].chance))
			assert_true(isnan(shift.chance) && isnan(shift.z));
		else
			near(shift.chance, rows[r].chance, 1e-9, "chance");
		assert_int_equal(shift.before_cnt, rows[r].before *
		    rows[r].before_cnt);
	}
}

static void
test_few_numbers_are_dealt_out(void **state)
{
	static const struct {
		double before[5], after[5];
		uint32_t before_cnt, after_cnt;
		double chance;
	} rows[] = {
		{ { 1 }, { 2 }, 1, 1, 0.5 },
		{ { 5, 5 }, { 6, 6 }, 2, 2, 0.125 },
		{ { 5, 5, 5 }, { 6, 6, 6 }, 3, 3, 1.0 / 32 },
		{ { 5, 5, 5, 5, 5 }, { 6, 6, 6, 6, 6 }, 5, 5, 1.0 / 512 },
		/* C(5, 4) of C(10, 4), and as many on the other side. */
		{ { 5, 5, 5, 5, 5 }, { 6, 6, 6, 6, 5 }, 5, 5, 1.0 / 21 },
		{ { 1, 2, 4 }, { 3, 5, 6 }, 3, 3, 0.2 },
		{ { 1, 2, 4 }, { 4, 2, 1 }, 3, 3, 1 },
		/* 2 * (2/5)^2 (3/5)^3 */
		{ { 1, 2 }, { 7, 8, 9 }, 2, 3, 0.06912 },
		{ { 7, 8, 9 }, { 1, 2 }, 3, 2, 0.06912 },
		{ { 7, 1, 9 }, { 1, 2 }, 3, 2, 0.4 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		near(kyi_deal_chance(rows[i].before, NULL, rows[i].before_cnt,
			rows[i].after, NULL, rows[i].after_cnt),
		    rows[i].chance, 1e-12, "dealt out");
	assert_true(kyi_deal_least(10, 10) < 2e-6);
	assert_true(kyi_deal_least(0, 3) == 1);
}

/* Whole numbers, and runs that come in two kinds, lie apart by nothing but luck one
   time in eight of two runs each, and then have no spread to warn. */
static void
test_few_runs_are_not_told_apart_by_luck(void **state)
{
	static const uint32_t cnts[] = { 2, 3, 5 };
	enum { TRIALS = 4000 };

	(void)state;
	draw_anew();
	for (size_t n = 0; n < sizeof(cnts) / sizeof(*cnts); n++)
		for (int law = 0; law < 3; law++) {
			uint32_t alarm_cnt = 0;

			for (int i = 0; i < TRIALS; i++) {
				double numbers[10];
				struct kymo_shift shift;

				for (int k = 0; k < 10; k++)
					numbers[k] = law == 0 ?
					    floor(2 * draw_uniform()) : law == 1 ?
					    floor(2 * draw_uniform()) +
					    1e-4 * draw_normal() :
					    draw_normal();
				kymo_shift_numbers(&shift, numbers, cnts[n],
				    numbers + cnts[n], cnts[n]);
				alarm_cnt += shift.chance <= 0.05;
				assert_true(!(shift.chance < shift.least));
			}
			if (alarm_cnt > 0.05 * TRIALS || (cnts[n] == 2 &&
				alarm_cnt > 0))
				fail_msg("%u of %d told, %u runs, law %d",
				    alarm_cnt, TRIALS, cnts[n], law);
		}
}

static void
test_numbers_are_welchs(void **state)
{
	static const double before[] = { 1, 2, 3, 4, 5 };
	static const double after[] = { 2, 4, 6, 8, 10 };
	static const double same[] = { 7, 7, 7 };
	static const double more[] = { 8, 8 };
	struct kymo_shift shift;

	(void)state;
	kymo_shift_numbers(&shift, before, 5, after, 5);
	near(shift.z, 1.8973665961, 1e-9, "t");
	near(shift.freedom, 5.88235294118, 1e-9, "freedom");
	near(kyi_student_both(shift.z, shift.freedom), 0.107531194931, 1e-9,
	    "Student's");
	/* 32 of 252 ways to deal them out. */
	near(shift.chance, 32.0 / 252, 1e-12, "chance");
	near(shift.ratio, 2, 1e-12, "ratio");
	assert_true(shift.ratio_low < 1 && shift.ratio_high > 3);
	near(shift.difference_high - shift.difference, 2.4588 * 1.58113883,
	    1e-3, "limits");
	kymo_shift_numbers(&shift, same, 3, more, 2);
	assert_true(isinf(shift.z));
	near(shift.chance, 0.06912, 1e-12, "no noise is no proof");
	near(shift.ratio_low, 8.0 / 7, 1e-12, "no noise");
	kymo_shift_numbers(&shift, same, 3, same, 3);
	assert_true(shift.z == 0 && shift.chance == 1);
	kymo_shift_numbers(&shift, same, 1, more, 1);
	assert_true(isnan(shift.chance));
	near(shift.difference, 1, 0, "difference of two");
}

static void
test_many_questions_raise_each_chance(void **state)
{
	double rows[] = { 0.04, NAN, 0.01, 0.03, 0.02, 0.9 };
	static const double want[] = { 0.05, NAN, 0.05, 0.05, 0.05, 0.9 };

	(void)state;
	assert_int_equal(kymo_shift_adjust(rows, 6), 0);
	for (size_t i = 0; i < 6; i++) {
		if (isnan(want[i]))
			assert_true(isnan(rows[i]));
		else
			near(rows[i], want[i], 1e-12, "adjusted");
	}
	assert_int_equal(kymo_shift_adjust(NULL, 0), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_chances_are_those_of_the_tables),
		cmocka_unit_test(test_a_shift_by_a_bucket_is_that_factor),
		cmocka_unit_test(test_one_percent_is_found_and_nothing_is_not),
		cmocka_unit_test(test_what_units_differ_by_is_no_shift),
		cmocka_unit_test(test_other_scales_and_ranges_are_compared),
		cmocka_unit_test(test_of_little_little_is_said),
		cmocka_unit_test(test_few_that_lie_apart_may_do_so_by_chance),
		cmocka_unit_test(test_few_numbers_are_dealt_out),
		cmocka_unit_test(test_few_runs_are_not_told_apart_by_luck),
		cmocka_unit_test(test_numbers_are_welchs),
		cmocka_unit_test(test_many_questions_raise_each_chance),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
