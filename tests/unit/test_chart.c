/* SPDX-License-Identifier: MIT */
/* Goal: a chart shows what was, where it was, with its numbers; nothing that
   points hold breaks it.
   Method: small charts against their pictures. */
#include "tests/testlib/testlib.h"

#include <math.h>

#include "tools/kymo_chart.h"
#include "tools/kymo_cli.h"

/* Of tools/kymo_cli.c, which has more than a chart needs. */
void *
kyi_must(void *memory)
{
	assert_non_null(memory);
	return memory;
}

static void
check(const struct kyi_chart *chart, const struct kyi_answer_point *points,
    uint32_t cnt, const char *expected)
{
	struct kyi_answer_point copy[64];
	const struct kyi_answer_series series = { .metric = "", .name = "",
		.points = copy, .point_cnt = cnt };
	struct kymo_buffer out = { 0 };

	memcpy(copy, points, cnt * sizeof(*points));
	kyi_chart_draw(&out, chart, &series);
	assert_string_equal(out.at, expected);
	kymo_buffer_free(&out);
}

static const struct kyi_chart plain = { .from_s = 0, .to_s = 19, .gap_s = 5,
	.columns = 30, .rows = 3, .unit = "" };

static void
test_a_slope_is_a_slope(void **state)
{
	static const struct kyi_answer_point slope[] = { { 0, 0, "" },
		{ 19, 100, "" } };
	struct kyi_chart far = plain;

	far.gap_s = 100;
	check(&far, slope, 2,
	    "      100                *****\n"
	    "               **********\n"
	    "        0 *****\n");
	/* Too far apart: two dots. */
	check(&plain, slope, 2,
	    "      100                    *\n"
	    "\n"
	    "        0 *\n");
}

static void
test_dots_of_braille_are_a_half_and_a_quarter(void **state)
{
	static const struct kyi_answer_point corners[] = { { 0, 0, "" },
		{ 19, 3, "" } };
	struct kyi_chart chart = plain;

	chart.braille = true;
	chart.rows = 1;
	assert_int_equal(kyi_chart_points(&chart), 40);
	/* U+2840 at the left below, U+2808 at the right above. */
	check(&chart, corners, 2, "        3 \xe2\xa1\x80"
	    "\xe2\xa0\x80\xe2\xa0\x80\xe2\xa0\x80\xe2\xa0\x80\xe2\xa0\x80"
	    "\xe2\xa0\x80\xe2\xa0\x80\xe2\xa0\x80\xe2\xa0\x80\xe2\xa0\x80"
	    "\xe2\xa0\x80\xe2\xa0\x80\xe2\xa0\x80\xe2\xa0\x80\xe2\xa0\x80"
	    "\xe2\xa0\x80\xe2\xa0\x80\xe2\xa0\x80\xe2\xa0\x88\n");
}

static void
test_level_lines_have_one_number(void **state)
{
	static const struct kyi_answer_point level[] = { { 0, 7, "" },
		{ 4, 7, "" } };

	check(&plain, level, 2,
	    "\n"
	    "        7 *****\n"
	    "\n");
}

static void
test_what_is_no_number_or_no_time_is_left_out(void **state)
{
	const struct kyi_answer_point none[] = { { 0, (double)NAN, "" },
		{ 1, (double)INFINITY, "" } };
	const struct kyi_answer_point odd[] = { { 0, 1, "" },
		{ (double)NAN, 2, "" }, { -5, 2, "" }, { 1e300, 2, "" },
		{ 4, (double)NAN, "" }, { 5, 3, "" } };
	const struct kyi_answer_point huge[] = { { 0, -1.7e308, "" },
		{ 1, 1.7e308, "" } };
	struct kyi_chart instant = plain;

	check(&plain, none, 2, "          (no number that can be drawn)\n");
	check(&plain, none, 0, "          (no number that can be drawn)\n");
	check(&plain, odd, 6,
	    "        3     **\n"
	    "            **\n"
	    "        1 **\n");
	check(&plain, huge, 2,
	    " 1.7e+308  *\n"
	    "           *\n"
	    "-1.7e+308 *\n");
	instant.to_s = 0;
	check(&instant, odd, 1,
	    "\n"
	    "        1 *\n"
	    "\n");
}

static void
test_times_stand_at_the_ends(void **state)
{
	struct kymo_buffer out = { 0 };
	struct kyi_chart chart = plain;

	setenv("TZ", "UTC", 1);
	kyi_chart_times(&out, &chart);
	assert_string_equal(out.at, "          00:00:00    00:00:19\n");
	kymo_buffer_free(&out);
	chart.columns = 50;
	chart.to_s = 86400 * 3;
	kyi_chart_times(&out, &chart);
	assert_string_equal(out.at, "          01-01 00:00"
	    "                  01-04 00:00\n");
	kymo_buffer_free(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_slope_is_a_slope),
		cmocka_unit_test(test_dots_of_braille_are_a_half_and_a_quarter),
		cmocka_unit_test(test_level_lines_have_one_number),
		cmocka_unit_test(test_what_is_no_number_or_no_time_is_left_out),
		cmocka_unit_test(test_times_stand_at_the_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
