/* SPDX-License-Identifier: MIT */
#include "tests/testlib/testlib.h"

#include <math.h>

#include "reader/query/notation.h"

static struct kyi_arena *arena;

/* The points as text: numbers, _ for none, S for stale, H<count>/<sum>. */
static const char *
points_text(const struct kyi_notation *series)
{
	static char text[512];
	size_t len = 0;

	text[0] = '\0';
	for (uint32_t i = 0; i < series->cnt; i++) {
		const struct kyi_notation_point *point = &series->points[i];

		len += (size_t)snprintf(text + len, sizeof text - len, "%s",
		    i == 0 ? "" : " ");
		if (!point->present)
			len += (size_t)snprintf(text + len, sizeof text - len,
			    "_");
		else if (point->hist != NULL)
			len += (size_t)snprintf(text + len, sizeof text - len,
			    "H%g/%g", point->hist->count, point->hist->sum);
		else if (kymo_is_stale(point->value))
			len += (size_t)snprintf(text + len, sizeof text - len,
			    "S");
		else
			len += (size_t)snprintf(text + len, sizeof text - len,
			    "%g", point->value);
	}
	return text;
}

static void
points_are_written_out(void **state)
{
	static const struct {
		const char *text, *points;
	} rows[] = {
		{ "x 5", "5" },
		{ "x 1+2x3", "1 3 5 7" },
		{ "x 1-2x3 9", "1 -1 -3 -5 9" },
		{ "x -2--3x1", "-2 1" },
		{ "x 7x4", "7 7 7 7 7" },
		{ "x 0x3", "0 0 0 0" },
		{ "x _ _x2 1e3 stale", "_ _ _ 1000 S" },
		{ "x NaN +Inf -Inf 0.5x1", "nan inf -inf 0.5 0.5" },
		{ "x{a=\"b} 5\"} 6", "6" },
		{ "x", "" },
		{ "x {{count:3 sum:4}}x1", "H3/4 H3/4" },
		{ "x {{count:3 sum:4 buckets:[1 2]}}+{{count:1 sum:2 "
		    "buckets:[1] offset:3}}x2", "H3/4 H4/6 H5/8" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct kyi_notation series;
		struct kymo_error error = { "" };

		assert_int_equal(kyi_notation_series(arena, rows[i].text,
		    &series, &error), 0);
		assert_string_equal(points_text(&series), rows[i].points);
	}
}

static void
labels_are_those_of_a_selector(void **state)
{
	static const struct {
		const char *text, *key, *value;
		uint32_t cnt;
	} rows[] = {
		{ "up 1", KYMO_NAME_LABEL, "up", 1 },
		{ "{} 1", "a", "", 0 },
		{ "{ } 1", "a", "", 0 },
		{ "up{a=\"b\", c='d'} 1", "c", "d", 3 },
		{ "{\"my.metric\",\"a.b\"=\"x\"} 1", "a.b", "x", 2 },
		{ "{a=\"1\"} 1", "a", "1", 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct kyi_notation series;
		struct kymo_error error = { "" };

		assert_int_equal(kyi_notation_series(arena, rows[i].text,
		    &series, &error), 0);
		assert_int_equal(series.labels->cnt, rows[i].cnt);
		assert_string_equal(kymo_labels_get(series.labels, rows[i].key),
		    rows[i].value);
		assert_string_equal(points_text(&series), "1");
	}
}

static void
a_histogram_has_its_fields(void **state)
{
	const char *text = "h {{schema:-53 sum:7.5 count:4 z_bucket:1 "
	    "z_bucket_w:0.5 buckets:[1 2] offset:-2 n_buckets:[3] n_offset:4 "
	    "custom_values:[5 10] counter_reset_hint:gauge}}";
	const struct kymo_native_hist *hist;
	struct kyi_notation series;
	struct kymo_error error = { "" };

	(void)state;
	assert_int_equal(kyi_notation_series(arena, text, &series, &error), 0);
	assert_int_equal(series.cnt, 1);
	assert_true(series.points[0].hint_given);
	hist = series.points[0].hist;
	assert_int_equal(hist->schema, KYMO_SCHEMA_CUSTOM);
	assert_true(hist->sum == 7.5 && hist->count == 4);
	assert_true(hist->zero_count == 1 && hist->zero_threshold == 0.5);
	assert_int_equal(hist->pos.first, -2);
	assert_int_equal(hist->pos.cnt, 2);
	assert_true(hist->pos.count[1] == 2);
	assert_int_equal(hist->neg.first, 4);
	assert_true(hist->neg.count[0] == 3);
	assert_int_equal(hist->bound_cnt, 2);
	assert_true(hist->bounds[1] == 10);
	assert_int_equal(hist->reset, KYMO_RESET_GAUGE);
}

static void
what_is_wrong_is_said(void **state)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
		{ "x 1+2", "A+BxN" },
		{ "x 1x", "how many times" },
		{ "x 1x99999999", "how many times" },
		{ "x abc", "expected a value" },
		{ "x 1,2", "expected a space" },
		{ "x{a!=\"b\"} 1", "no matchers" },
		{ "x{a=} 1", "1:5" },
		{ "x {{sum:1", "expected NAME:VALUE" },
		{ "x {{summ:1}}", "no \"summ\"" },
		{ "x {{buckets:[1 x]}}", "expected a number" },
		{ "x {{schema:1.5}}", "whole number" },
		{ "x {{counter_reset_hint:maybe}}", "not_reset" },
		{ "x {{count:1}}+2x3", "A+BxN" },
		{ "x {{schema:1}}+{{schema:-53}}x3", "cannot be added up" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct kyi_notation series;
		struct kymo_error error = { "" };

		assert_int_equal(kyi_notation_series(arena, rows[i].text,
		    &series, &error), -1);
		if (strstr(error.text, rows[i].why) == NULL)
			fail_msg("%s: %s", rows[i].text, error.text);
	}
}

static int
setup(void **state)
{
	(void)state;
	arena = kyi_arena_new(0);
	return arena == NULL;
}

static int
teardown(void **state)
{
	(void)state;
	kyi_arena_delete(arena);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(points_are_written_out),
		TEST(labels_are_those_of_a_selector),
		TEST(a_histogram_has_its_fields),
		TEST(what_is_wrong_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
