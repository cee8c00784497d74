/* SPDX-License-Identifier: MIT */
/* Goal: the scorer of the benchmark follows its rules.
   Method: a corpus of two small files whose sums are worked out by hand. */
#include "tests/testlib/testlib.h"

#include <math.h>

#include "tests/bench/nab.h"

#define ROW_CNT 100u

/* Two files of 100 rows, 15 of them probation: windows at 20 to 29 and 60 to 79
   in one, none in the other. */
static void
corpus(struct nab *nab)
{
	int64_t at_s[ROW_CNT];
	double value[ROW_CNT] = { 0 };

	memset(nab, 0, sizeof(*nab));
	for (unsigned i = 0; i < ROW_CNT; i++)
		at_s[i] = 300 * (int64_t)i;
	assert_int_equal(nab_add_file(nab, "a/x.csv", at_s, value, ROW_CNT), 0);
	assert_int_equal(nab_add_window(nab, 300 * 20, 300 * 29), 0);
	assert_int_equal(nab_add_window(nab, 300 * 60, 300 * 79), 0);
	assert_int_equal(nab_add_window(nab, 300 * 60 + 1, 300 * 79), -1);
	nab_weigh(nab, &nab->files[0]);
	assert_int_equal(nab_add_file(nab, "b/y.csv", at_s, value, ROW_CNT), 0);
	nab_weigh(nab, &nab->files[1]);
	assert_int_equal(nab_scratch(nab, 2 * ROW_CNT), 0);
}

static double
sigmoid(double x)
{
	return 2 / (1 + exp(5 * x)) - 1;
}

static void
near(double is, double want)
{
	if (fabs(is - want) > 1e-9)
		fail_msg("%.12g, not %.12g", is, want);
}

static void
test_one_alarm_counts_as_the_rules_say(void **state)
{
	static const struct {
		unsigned file, row;
		double low_fp; /* of the profile reward_low_FP */
	} rows[] = {
		{ 0, 14, 0 },     /* probation */
		{ 0, 15, -0.22 }, /* no window before it */
		{ 0, 20, 2 },     /* the first row of a window */
		{ 0, 99, -1 },    /* far beyond the last: by the formula */
		{ 0, 31, -1 },    /* soon after a window */
		{ 0, 59, -0.22 }, /* more than three widths after it */
		{ 1, 50, -0.22 },
	};

	(void)state;
	for (size_t r = 0; r < sizeof(rows) / sizeof(*rows); r++) {
		double want = rows[r].low_fp;
		struct nab nab;

		corpus(&nab);
		if (rows[r].row == 99)
			want = 0.22 * sigmoid(20.0 / 19);
		else if (rows[r].row == 31)
			want = 0.22 * sigmoid(2.0 / 9);
		nab.files[rows[r].file].score[rows[r].row] = 1;
		near(nab_total(&nab, NAB_ALL, &nab_profiles[1], 1) + 2, want);
		nab_free(&nab);
	}
}

static void
test_only_the_earliest_alarm_of_a_window_counts(void **state)
{
	struct nab nab;

	(void)state;
	corpus(&nab);
	nab.files[0].score[65] = 1;
	near(nab_total(&nab, NAB_ALL, &nab_profiles[2], 1),
	    -2 + sigmoid(-15.0 / 20) / sigmoid(-1));
	nab.files[0].score[70] = 1;
	near(nab_total(&nab, NAB_ALL, &nab_profiles[2], 1),
	    -2 + sigmoid(-15.0 / 20) / sigmoid(-1));
	nab_free(&nab);
}

static void
test_nothing_is_zero_and_perfect_a_hundred(void **state)
{
	double threshold, total;
	struct nab nab;

	(void)state;
	corpus(&nab);
	for (unsigned p = 0; p < NAB_PROFILE_CNT; p++) {
		total = nab_best(&nab, NAB_ALL, &nab_profiles[p], &threshold);
		near(nab_normal(&nab, NAB_ALL, &nab_profiles[p], total), 0);
		assert_true(isinf(threshold));
	}
	nab.files[0].score[20] = 0.9;
	nab.files[0].score[60] = 0.8;
	nab.files[1].score[60] = 0.7;
	for (unsigned p = 0; p < NAB_PROFILE_CNT; p++) {
		total = nab_best(&nab, NAB_ALL, &nab_profiles[p], &threshold);
		near(nab_normal(&nab, NAB_ALL, &nab_profiles[p], total), 100);
		near(threshold, 0.8);
		/* A category without windows has no score, but alarms. */
		near(nab_total(&nab, 2, &nab_profiles[p], 0.7),
		    -nab_profiles[p].wrong);
	}
	nab_free(&nab);
}

static void
test_the_curve_is_the_total_at_each_threshold(void **state)
{
	double totals[NAB_CURVE_CNT], threshold;
	struct nab nab;

	(void)state;
	corpus(&nab);
	for (unsigned i = 0; i < ROW_CNT; i++) {
		nab.files[0].score[i] = 0.02 * (i % 37);
		nab.files[1].score[i] = 0.03 * (i % 29);
	}
	nab_curve(&nab, NAB_ALL, &nab_profiles[0], totals);
	for (unsigned i = 0; i < NAB_CURVE_CNT; i++)
		near(totals[i], nab_total(&nab, NAB_ALL, &nab_profiles[0],
		    nab_curve_at(i)));
	for (unsigned i = 0; i < NAB_CURVE_CNT; i++)
		totals[i] = i >= 30 && i <= 34 ? 2 : i == 10 ? 3 : 0;
	near(nab_steady(totals, &threshold), 2);
	near(threshold, nab_curve_at(32));
	nab_free(&nab);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_alarm_counts_as_the_rules_say),
		cmocka_unit_test(
		    test_only_the_earliest_alarm_of_a_window_counts),
		cmocka_unit_test(test_nothing_is_zero_and_perfect_a_hundred),
		cmocka_unit_test(test_the_curve_is_the_total_at_each_threshold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
