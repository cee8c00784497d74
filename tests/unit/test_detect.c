/* SPDX-License-Identifier: MIT */
/* Goal: what is unlike a series' past is found and named, what is like it is
   not, and no input breaks the step.
   Method: series made here, five minutes apart unless said, with one thing done
   to them; the first alarm afterwards is looked at. */
#include "tests/testlib/testlib.h"

#include <math.h>
#include <string.h>

#include "reader/detect/detect.h"

#define MINUTE_NS 60000000000u
#define STEP_NS (5 * (uint64_t)MINUTE_NS)
#define DAY_CNT 288u
/* A Monday, 00:00. */
#define BEGIN_NS 1700438400000000000u

struct noise {
	uint64_t state;
};

static double
uniform(struct noise *noise)
{
	noise->state ^= noise->state << 13;
	noise->state ^= noise->state >> 7;
	noise->state ^= noise->state << 17;
	return ((double)(noise->state >> 11) + 0.5) * 0x1p-53;
}

static double
normal(struct noise *noise)
{
	return sqrt(-2 * log(uniform(noise))) *
	    cos(6.283185307179586 * uniform(noise));
}

/* ---- series: row i of one --------------------------------------------------- */

typedef double series(struct noise *noise, unsigned i);

static double
constant(struct noise *noise, unsigned i)
{
	(void)noise;
	(void)i;
	return 42;
}

static double
steady(struct noise *noise, unsigned i)
{
	(void)i;
	return 100 + 3 * normal(noise);
}

static double
integers(struct noise *noise, unsigned i)
{
	(void)i;
	return floor(8 * uniform(noise));
}

static double
sparse(struct noise *noise, unsigned i)
{
	(void)i;
	return uniform(noise) < 0.05 ? floor(5 * uniform(noise)) : 0;
}

static double
heavy(struct noise *noise, unsigned i)
{
	(void)i;
	return pow(uniform(noise), -1 / 1.5);
}

/* 5 at night, 100 by day, little noise. */
static double
daily(struct noise *noise, unsigned i)
{
	unsigned hour = i / 12 % 24;

	return (hour >= 8 && hour < 20 ? 100 : 5) + normal(noise);
}

/* ---- what is done to it ----------------------------------------------------- */

static struct kymo_detect_result
step(struct kymo_detect *detect, unsigned i, double value)
{
	return kymo_detect_step(detect, BEGIN_NS + i * STEP_NS, value);
}

/* Rows from to to-1 as they are; how many alarms there are. */
static unsigned
run(struct kymo_detect *detect, series *next, struct noise *noise,
    unsigned from, unsigned to)
{
	unsigned cnt = 0;

	for (unsigned i = from; i < to; i++)
		cnt += step(detect, i, next(noise, i)).score >= 1;
	return cnt;
}

enum what { SPIKE, DIP, STEP, STUCK, NIGHT };

/* The worst that 60 rows get, of which the first (SPIKE, DIP) or all are not as
   before. */
static struct kymo_detect_result
disturb(struct kymo_detect *detect, series *next, struct noise *noise,
    unsigned from, enum what what, double by)
{
	struct kymo_detect_result worst = { .cause = KYMO_DETECT_NOTHING };
	double last = next(noise, from);

	for (unsigned i = from; i < from + 60; i++) {
		double value = next(noise, i);
		struct kymo_detect_result result;

		if (what == STUCK)
			value = last;
		else if (what == STEP || i == from)
			value += what == DIP ? -by : by;
		result = step(detect, i, value);
		if (result.score > worst.score)
			worst = result;
	}
	return worst;
}

static void
test_what_is_done_to_a_series_is_found_and_named(void **state)
{
	static const struct {
		const char *name;
		series *next;
		unsigned days;
		enum what what;
		double by;
		const char *reason;
	} rows[] = {
		{ "spike", steady, 5, SPIKE, 30, "never this high in 5 days" },
		{ "dip", steady, 5, DIP, 30, "never this low in 5 days" },
		{ "step", steady, 10, STEP, 15, "" },
		{ "a constant that changes", constant, 7, SPIKE, 1,
		  "never this high in 7 days" },
		{ "a constant falls", constant, 7, DIP, 1,
		  "never this low in 7 days" },
		{ "integers", integers, 10, SPIKE, 20,
		  "never this high in 10 days" },
		{ "sparse", sparse, 14, SPIKE, 60,
		  "never this high in 2 weeks" },
		{ "heavy", heavy, 14, SPIKE, 50000,
		  "never this high in 2 weeks" },
		{ "stuck", steady, 10, STUCK, 0, "stopped changing at " },
	};

	(void)state;
	for (size_t r = 0; r < sizeof(rows) / sizeof(*rows); r++) {
		struct noise noise = { 88172645463325252u };
		unsigned end = rows[r].days * DAY_CNT;
		struct kymo_detect_result worst;
		struct kymo_detect detect;
		char text[80];

		kymo_detect_init(&detect);
		run(&detect, rows[r].next, &noise, 0, end);
		worst = disturb(&detect, rows[r].next, &noise, end,
		    rows[r].what, rows[r].by);
		kymo_detect_reason(&worst, text, sizeof(text));
		if (worst.score < 1 || strncmp(text, rows[r].reason,
		    strlen(rows[r].reason)) != 0)
			fail_msg("%s: %.2f, '%s'", rows[r].name, worst.score,
			    text);
	}
}

static void
test_what_is_as_ever_is_quiet(void **state)
{
	static const struct {
		const char *name;
		series *next;
		unsigned most;
	} rows[] = {
		{ "constant", constant, 0 }, { "steady", steady, 1 },
		{ "integers", integers, 1 }, { "sparse", sparse, 8 },
		{ "heavy", heavy, 8 }, { "daily", daily, 1 },
	};

	(void)state;
	for (size_t r = 0; r < sizeof(rows) / sizeof(*rows); r++) {
		struct noise noise = { 88172645463325252u };
		struct kymo_detect detect;
		unsigned cnt;

		kymo_detect_init(&detect);
		cnt = run(&detect, rows[r].next, &noise, 0, 8 * 7 * DAY_CNT);
		if (cnt > rows[r].most)
			fail_msg("%s: %u alarms in 8 weeks", rows[r].name, cnt);
	}
}

static void
test_the_first_hours_are_quiet(void **state)
{
	struct kymo_detect detect;
	unsigned i;

	(void)state;
	kymo_detect_init(&detect);
	/* Each value is ten times the one before. */
	for (i = 0; i < 6 * 12; i++)
		assert_true(step(&detect, i, pow(10, i)).score < 1);
}

/* The day's low is nothing in itself, but at noon it never was. */
static void
test_what_is_normal_at_night_is_not_at_noon(void **state)
{
	struct noise noise = { 88172645463325252u };
	struct kymo_detect_result result;
	struct kymo_detect detect;
	unsigned noon = 12 * DAY_CNT + 12 * 12;
	char text[80];

	(void)state;
	kymo_detect_init(&detect);
	run(&detect, daily, &noise, 0, noon);
	result = step(&detect, noon, 5);
	kymo_detect_reason(&result, text, sizeof(text));
	assert_string_equal(text, "never this low at this time of day in 12 days");
	assert_true(result.raw > 0.3);
	kymo_detect_init(&detect);
	noise.state = 88172645463325252u;
	run(&detect, daily, &noise, 0, noon);
	assert_true(step(&detect, noon, 100).raw < 0.1);
}

static void
test_an_alarm_stands_for_those_that_follow_unless_they_are_worse(void **state)
{
	struct noise noise = { 88172645463325252u };
	struct kymo_detect_result first, same, worse;
	struct kymo_detect detect;

	(void)state;
	kymo_detect_init(&detect);
	run(&detect, steady, &noise, 0, 10 * DAY_CNT);
	first = step(&detect, 2880, 150);
	same = step(&detect, 2881, 170);
	worse = step(&detect, 2882, 1e6);
	assert_true(first.score >= 1);
	assert_true(same.score == 0);
	assert_true(same.raw > 0);
	assert_true(worse.score > first.score);
}

/* Stuck for a day is one alarm, or two: 8 rows, 64, not one each few hours. */
static void
test_stuck_is_said_once_for_each_eight_times_longer(void **state)
{
	struct noise noise = { 88172645463325252u };
	struct kymo_detect detect;
	unsigned raw_cnt = 0;

	(void)state;
	kymo_detect_init(&detect);
	run(&detect, steady, &noise, 0, 10 * DAY_CNT);
	for (unsigned i = 0; i < DAY_CNT; i++)
		raw_cnt += step(&detect, 10 * DAY_CNT + i, 100).cause ==
		    KYMO_DETECT_STUCK;
	assert_int_equal(raw_cnt, 2);
}

static void
test_what_was_met_two_memories_ago_is_forgotten(void **state)
{
	struct noise noise = { 88172645463325252u };
	struct kymo_detect_result again, late;
	struct kymo_detect detect;
	char text[80];

	(void)state;
	kymo_detect_init(&detect);
	run(&detect, steady, &noise, 0, 7 * DAY_CNT);
	step(&detect, 7 * DAY_CNT, 200);
	run(&detect, steady, &noise, 7 * DAY_CNT + 1, 12 * DAY_CNT);
	again = step(&detect, 12 * DAY_CNT, 200);
	run(&detect, steady, &noise, 12 * DAY_CNT + 1, 50 * DAY_CNT);
	late = step(&detect, 50 * DAY_CNT, 200);
	assert_true(again.score < 1);
	assert_true(late.score >= 1);
	assert_string_equal(kymo_detect_reason(&late, text, sizeof(text)),
	    "never this high in 3 weeks");
}

/* Time that stands still or goes back has not passed; the values count. */
static void
test_time_that_goes_back_does_no_harm(void **state)
{
	struct noise noise = { 88172645463325252u };
	struct kymo_detect_result result;
	struct kymo_detect detect;

	(void)state;
	kymo_detect_init(&detect);
	run(&detect, steady, &noise, 0, 5 * DAY_CNT);
	for (unsigned i = 0; i < DAY_CNT; i++)
		assert_true(step(&detect, i, steady(&noise, i)).score < 1);
	assert_true(kymo_detect_step(&detect, 0, 100).at_ns ==
	    BEGIN_NS + (5 * DAY_CNT - 1) * STEP_NS);
	result = step(&detect, 5 * DAY_CNT, 150);
	assert_true(result.score >= 1);
}

static void
test_values_that_are_no_numbers_are_not_looked_at(void **state)
{
	struct noise noise = { 88172645463325252u };
	struct kymo_detect detect, before;
	const double odd[] = { (double)NAN, (double)INFINITY,
		-(double)INFINITY };
	char text[80];

	(void)state;
	kymo_detect_init(&detect);
	run(&detect, steady, &noise, 0, 5 * DAY_CNT);
	before = detect;
	for (size_t i = 0; i < 3; i++) {
		struct kymo_detect_result result =
		    step(&detect, 5 * DAY_CNT + 1, odd[i]);

		assert_true(result.score == 0);
		assert_string_equal(kymo_detect_reason(&result, text,
		    sizeof(text)), "");
	}
	assert_memory_equal(&before, &detect, sizeof(detect));
}

static void
test_the_largest_and_the_smallest_numbers_do_no_harm(void **state)
{
	const double values[] = { 1.7e308, -1.7e308, 5e-324, 0, -5e-324, 1e15,
		1e15 + 0.125, 1e-300, 1, -0.0 };
	struct noise noise = { 88172645463325252u };
	struct kymo_detect detect;

	(void)state;
	for (unsigned seed = 1; seed < 200; seed++) {
		noise.state = seed;
		kymo_detect_init(&detect);
		for (unsigned i = 0; i < 500; i++) {
			struct kymo_detect_result result = step(&detect, i,
			    values[(unsigned)(uniform(&noise) * 10)]);

			assert_true(isfinite(result.score));
			assert_true(result.score >= 0);
			assert_true(isfinite(result.level));
		}
		/* What is kept of all of it stays a number. */
		for (unsigned i = 0; i < KYMO_DETECT_STUCK; i++) {
			assert_true(isfinite(detect.seen[i].low));
			assert_true(isfinite(detect.seen[i].width));
		}
		for (unsigned i = 0; i < 48; i++)
			assert_true(isfinite(detect.day[i]));
	}
}

/* The same series, seen each second or each five minutes. */
static void
test_a_shorter_step_is_no_more_alarms(void **state)
{
	struct noise noise = { 88172645463325252u };
	struct kymo_detect detect;
	unsigned cnt = 0;

	(void)state;
	kymo_detect_init(&detect);
	for (uint64_t s = 0; s < 3 * 86400; s++)
		cnt += kymo_detect_step(&detect, BEGIN_NS + s * 1000000000u,
		    steady(&noise, 0)).score >= 1;
	assert_true(cnt <= 1);
	assert_true(kymo_detect_step(&detect,
	    BEGIN_NS + 3 * 86400 * UINT64_C(1000000000), 140).score >= 1);
}

/* A week of a row each 15 s by day and each five minutes by night. */
static void
test_a_week_is_a_week_however_often_rows_come(void **state)
{
	struct noise noise = { 88172645463325252u };
	struct kymo_detect_result result = { .score = 0 };
	struct kymo_detect detect;
	unsigned cnt = 0;

	(void)state;
	kymo_detect_init(&detect);
	for (uint64_t s = 0; s < 7 * 86400; s += s % 86400 < 43200 ? 15 : 300)
		cnt += kymo_detect_step(&detect, BEGIN_NS + s * 1000000000u,
		    steady(&noise, 0)).score >= 1;
	assert_int_equal(cnt, 0);
	result = kymo_detect_step(&detect,
	    BEGIN_NS + 7 * 86400 * UINT64_C(1000000000), 200);
	assert_true(result.score >= 1);
	assert_true(result.seen_ns == 7 * 86400 * UINT64_C(1000000000));
}

static void
test_a_reason_fits_where_it_is_put(void **state)
{
	struct kymo_detect_result result = {
		.cause = KYMO_DETECT_LEVEL, .side = KYMO_DETECT_ABOVE,
		.at_ns = BEGIN_NS + 14 * 3600 * UINT64_C(1000000000) +
		    2 * (uint64_t)MINUTE_NS,
		.seen_ns = 3 * 86400 * UINT64_C(1000000000),
		.level = 25, .usual = 12
	};
	char text[80];

	(void)state;
	assert_string_equal(kymo_detect_reason(&result, text, sizeof(text)),
	    "level doubled at 14:02");
	assert_string_equal(kymo_detect_reason(&result, text, 6), "level");
	text[0] = 'x';
	kymo_detect_reason(&result, text, 0);
	assert_int_equal(text[0], 'x');
	result.level = 5;
	assert_string_equal(kymo_detect_reason(&result, text, sizeof(text)),
	    "level halved at 14:02");
	result.level = 13;
	assert_string_equal(kymo_detect_reason(&result, text, sizeof(text)),
	    "level never this high in 3 days");
	result.cause = KYMO_DETECT_DEVIATION;
	assert_string_equal(kymo_detect_reason(&result, text, sizeof(text)),
	    "never so far above its mean in 3 days");
	result.cause = KYMO_DETECT_VALUE;
	result.side = KYMO_DETECT_BETWEEN;
	assert_string_equal(kymo_detect_reason(&result, text, sizeof(text)),
	    "never near this in 3 days");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_what_is_done_to_a_series_is_found_and_named),
		cmocka_unit_test(test_what_is_as_ever_is_quiet),
		cmocka_unit_test(test_the_first_hours_are_quiet),
		cmocka_unit_test(test_what_is_normal_at_night_is_not_at_noon),
		cmocka_unit_test(
		test_an_alarm_stands_for_those_that_follow_unless_they_are_worse),
		cmocka_unit_test(
		    test_stuck_is_said_once_for_each_eight_times_longer),
		cmocka_unit_test(
		    test_what_was_met_two_memories_ago_is_forgotten),
		cmocka_unit_test(test_time_that_goes_back_does_no_harm),
		cmocka_unit_test(
		    test_values_that_are_no_numbers_are_not_looked_at),
		cmocka_unit_test(
		    test_the_largest_and_the_smallest_numbers_do_no_harm),
		cmocka_unit_test(test_a_shorter_step_is_no_more_alarms),
		cmocka_unit_test(test_a_week_is_a_week_however_often_rows_come),
		cmocka_unit_test(test_a_reason_fits_where_it_is_put),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
