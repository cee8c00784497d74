/* SPDX-License-Identifier: MIT */
/* Goal: numbers, times and series are as Prometheus' API has them.
   Method: rows of numbers and Go's text of them; results made by hand. */
#include "tests/testlib/testlib.h"

#include <math.h>

#include "reader/serve/put.h"

#define CNT(rows) (sizeof(rows) / sizeof(rows[0]))

static void
test_numbers_are_as_go_writes_them(void **state)
{
	static const struct {
		double value;
		const char *text, *with_power;
	} rows[] = {
		{ 0, "\"0\"", "\"0e+00\"" },
		{ -0.0, "\"-0\"", "\"-0e+00\"" },
		{ 1, "\"1\"", "\"1e+00\"" },
		{ -25, "\"-25\"", "\"-2.5e+01\"" },
		{ 0.1, "\"0.1\"", "\"1e-01\"" },
		{ 0.30000000000000004, "\"0.30000000000000004\"",
		    "\"3.0000000000000004e-01\"" },
		{ 123456.789, "\"123456.789\"", "\"1.23456789e+05\"" },
		{ 1e15, "\"1000000000000000\"", "\"1e+15\"" },
		{ 9007199254740993, "\"9007199254740992\"",
		    "\"9.007199254740992e+15\"" },
		{ 123456789012345678, "\"123456789012345680\"",
		    "\"1.2345678901234568e+17\"" },
		{ 1e20, "\"100000000000000000000\"", "\"1e+20\"" },
		{ 1e21, "\"1e+21\"", "\"1e+21\"" },
		{ 1.5e300, "\"1.5e+300\"", "\"1.5e+300\"" },
		{ 1e-6, "\"0.000001\"", "\"1e-06\"" },
		{ 1.25e-6, "\"0.00000125\"", "\"1.25e-06\"" },
		{ 9.9e-7, "\"9.9e-07\"", "\"9.9e-07\"" },
		{ 5e-324, "\"5e-324\"", "\"5e-324\"" },
		{ 1.7976931348623157e308, "\"1.7976931348623157e+308\"",
		    "\"1.7976931348623157e+308\"" },
		{ (double)NAN, "\"NaN\"", "\"NaN\"" },
		{ (double)INFINITY, "\"+Inf\"", "\"+Inf\"" },
		{ -(double)INFINITY, "\"-Inf\"", "\"-Inf\"" },
	};

	for (size_t i = 0; i < CNT(rows); i++) {
		struct kymo_buffer text = { 0 };

		kyi_put_number(&text, rows[i].value);
		assert_string_equal(text.at, rows[i].text);
		text.len_bytes = 0;
		kyi_put_exponent(&text, rows[i].value);
		assert_string_equal(text.at, rows[i].with_power);
		kymo_buffer_free(&text);
	}
}

static void
test_times_are_seconds(void **state)
{
	static const struct {
		int64_t ms;
		const char *text;
	} rows[] = {
		{ 0, "0" }, { 1435781451781, "1435781451.781" },
		{ 7, "0.007" }, { -1500, "-1.500" }, { 20000, "20" },
	};

	for (size_t i = 0; i < CNT(rows); i++) {
		struct kymo_buffer text = { 0 };

		kyi_put_time(&text, rows[i].ms);
		assert_string_equal(text.at, rows[i].text);
		kymo_buffer_free(&text);
	}
}

/* ---- results ----------------------------------------------------------- */

static double pos_cells[] = { 2, 0, 1 }, neg_cells[] = { 4 };
static const double bounds[] = { 5, 10 };
static const struct kymo_native_hist
    exponential = { .schema = 0, .count = 10, .sum = -1.5,
	.zero_threshold = 0.001, .zero_count = 3,
	.pos = { .first = 1, .cnt = 3, .count = pos_cells },
	.neg = { .first = 0, .cnt = 1, .count = neg_cells } },
    custom = { .schema = KYMO_SCHEMA_CUSTOM, .count = 3, .sum = 20,
	.pos = { .first = 0, .cnt = 3, .count = pos_cells },
	.bounds = bounds, .bound_cnt = 2 };
static const struct kymo_label label_at[] = { { "__name__", "a" },
	{ "b", "\"\x01\xc3\xbc" } };
static const struct kymo_labels labels = { .cnt = 2, .at = label_at };
static const struct kymo_point points[] = { { 1500, 0.5, NULL },
	{ 2000, 0, &exponential }, { 3000, 7, NULL }, { 4000, 0, &custom } };

static void
check(const struct kymo_result *result, uint64_t limit, const char *expected)
{
	struct kymo_buffer text = { 0 };

	assert_true(kyi_put_result(&text, result, limit, 100000));
	assert_string_equal(text.at, expected);
	kymo_buffer_free(&text);
}

static void
test_floats_and_histograms_are_apart(void **state)
{
	const struct kymo_result_series series[] = { { &labels, 0, points, 4 },
		{ &labels, 0, &points[2], 1 } };
	const struct kymo_result matrix = { .kind = KYMO_VALUE_MATRIX,
		.series = series, .series_cnt = 1 };
	const struct kymo_result_series single[] = {
		{ &labels, 0, &points[1], 1 }, { &labels, 0, &points[2], 1 } };
	const struct kymo_result vector = { .kind = KYMO_VALUE_VECTOR,
		.series = single, .series_cnt = 2 };

	check(&matrix, 0, "\"resultType\":\"matrix\",\"result\":[{\"metric\":"
	    "{\"__name__\":\"a\",\"b\":\"\\\"\\u0001\\u00FC\"},"
	    "\"values\":[[1.500,\"0.5\"],[3,\"7\"]],\"histograms\":["
	    "[2,{\"count\":\"10\",\"sum\":\"-1.5\",\"buckets\":["
	    "[1,\"-1\",\"-0.5\",\"4\"],[3,\"-0.001\",\"0.001\",\"3\"],"
	    "[0,\"1\",\"2\",\"2\"],[0,\"4\",\"8\",\"1\"]]}],"
	    "[4,{\"count\":\"3\",\"sum\":\"20\",\"buckets\":["
	    "[3,\"-Inf\",\"5\",\"2\"],[0,\"10\",\"+Inf\",\"1\"]]}]]}]");
	check(&vector, 1, "\"resultType\":\"vector\",\"result\":[{\"metric\":"
	    "{\"__name__\":\"a\",\"b\":\"\\\"\\u0001\\u00FC\"},"
	    "\"histogram\":[2,{\"count\":\"10\",\"sum\":\"-1.5\",\"buckets\":["
	    "[1,\"-1\",\"-0.5\",\"4\"],[3,\"-0.001\",\"0.001\",\"3\"],"
	    "[0,\"1\",\"2\",\"2\"],[0,\"4\",\"8\",\"1\"]]}]}]");
}

static void
test_scalars_strings_and_nothing(void **state)
{
	const struct kymo_result scalar = { .kind = KYMO_VALUE_SCALAR,
		.at_ms = 1000, .scalar = 2 };
	const struct kymo_result string = { .kind = KYMO_VALUE_STRING,
		.at_ms = 1000, .string = "a\\" };
	const struct kymo_result nothing = { .kind = KYMO_VALUE_VECTOR };

	check(&scalar, 1, "\"resultType\":\"scalar\",\"result\":[1,\"2\"]");
	check(&string, 1,
	    "\"resultType\":\"string\",\"result\":[1,\"a\\\\\"]");
	check(&nothing, 0, "\"resultType\":\"vector\",\"result\":[]");
}

static void
test_what_is_too_long_stops(void **state)
{
	struct kymo_result_series *series = calloc(10000, sizeof(*series));
	struct kymo_result matrix = { .kind = KYMO_VALUE_MATRIX,
		.series = series, .series_cnt = 10000 };
	struct kymo_buffer text = { 0 };

	assert_non_null(series);
	for (size_t i = 0; i < 10000; i++)
		series[i] = (struct kymo_result_series){ &labels, 0, points, 1 };
	assert_false(kyi_put_result(&text, &matrix, 0, 5000));
	assert_true(text.len_bytes < 6000);
	kymo_buffer_free(&text);
	assert_true(kyi_put_result(&text, &matrix, 50, 5000));
	kymo_buffer_free(&text);
	free(series);
}

static void
test_notes_say_where(void **state)
{
	const struct kymo_annotation notes[] = {
		{ false, "PromQL info: i", 1, 5 },
		{ true, "PromQL warning: \"w\"", 0, 0 },
		{ true, "PromQL warning: v", 2, 1 },
	};
	const struct kymo_result result = { .annotations = notes,
		.annotation_cnt = 3 };
	struct kymo_buffer text = { 0 };

	kyi_put_notes(&text, &result, true, "m\"");
	assert_string_equal(text.at, ",\"warnings\":[\"PromQL warning: "
	    "\\\"w\\\"\",\"PromQL warning: v (2:1)\",\"results truncated due "
	    "to limit\",\"m\\\"\"],\"infos\":[\"PromQL info: i (1:5)\"]");
	text.len_bytes = 0;
	kyi_put_notes(&text, NULL, true, "");
	assert_string_equal(text.at,
	    ",\"warnings\":[\"results truncated due to limit\"]");
	kymo_buffer_free(&text);
	kyi_put_notes(&text, NULL, false, "");
	assert_null(text.at);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers_are_as_go_writes_them),
		cmocka_unit_test(test_times_are_seconds),
		cmocka_unit_test(test_floats_and_histograms_are_apart),
		cmocka_unit_test(test_scalars_strings_and_nothing),
		cmocka_unit_test(test_what_is_too_long_stops),
		cmocka_unit_test(test_notes_say_where),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
