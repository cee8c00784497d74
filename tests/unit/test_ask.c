/* SPDX-License-Identifier: MIT */
/* No query takes more than it may, whatever the data: conformance of answers is
   tested in tests/conformance/promql. */
#include "tests/testlib/testlib.h"

#include <float.h>
#include <math.h>

#include "reader/history/table.h"
#include "reader/query/query.h"

static struct kymo_table *table;

static void
put(const char *name, const char *x, int64_t at_ms, double value,
    const struct kymo_native_hist *hist)
{
	struct kymo_label labels[] = { { KYMO_NAME_LABEL, name }, { "x", x } };
	struct kymo_labels *made = kymo_labels_make(labels, 2);

	assert_non_null(made);
	assert_int_equal(kymo_table_add(table, made, at_ms, value, hist), 0);
	free(made);
}

static int
fill(void **state)
{
	char x[16];

	(void)state;
	table = kymo_table_new();
	assert_non_null(table);
	for (int row = 0; row < 100; row++) {
		snprintf(x, sizeof x, "%d", row);
		for (int i = 0; i < 100; i++)
			put("m", x, i * 1000, row + i, NULL);
	}
	return 0;
}

static int
empty(void **state)
{
	(void)state;
	kymo_table_delete(table);
	return 0;
}

/* Asks over 0 s to 99 s; NULL: an answer, else the error. */
static const char *
ask(const char *text, const struct kymo_query_options *options)
{
	static struct kymo_query_error error;
	struct kymo_result *result;
	struct kymo_query *query;
	int failed;

	if (kymo_query_parse(&query, text, strlen(text), &error) != 0)
		return error.error.text;
	failed = kymo_query_range(query, kymo_table_source(table), 0, 99000,
	    1000, options, &result, &error);
	if (failed == 0)
		kymo_result_delete(result);
	kymo_query_delete(query);
	return failed == 0 ? NULL : error.error.text;
}

static bool
always(void *of)
{
	++*(int *)of;
	return true;
}

#define TIMES_8(text) text text text text text text text text
/* Makes x a hundred times as long. */
#define LONGER(of) "label_replace(" of ", \"x\", \"" \
	TIMES_8(TIMES_8("$0$0")) "\", \"x\", \".*\")"

static void
each_bound_ends_a_query_and_says_which(void **state)
{
	static const struct {
		const char *query, *says;
		struct kymo_query_options options;
	} rows[] = {
		{ "m", NULL, { 0 } },
		{ "m", "samples", { .samples_max = 5000 } },
		{ "rate(m[1m])", "samples", { .samples_max = 5000 } },
		{ "sum_over_time(m[1h:100ms])", "look at more than 50000 samples",
		    { .samples_max = 50000 } },
		{ "m", "series", { .series_max = 99 } },
		{ "m", "more than 99 steps", { .steps_max = 99 } },
		{ "sum(m + m)", "memory", { .memory_bytes_max = 100000 } },
		{ "sum_over_time(m[1h:1ms])", "memory",
		    { .memory_bytes_max = 1 << 20 } },
		{ "vector(1)[100y:1ms]", "range query", { 0 } },
		{ "sum_over_time(vector(1)[100y:1ms])", "steps", { 0 } },
		{ "quantile_over_time(0.5, vector(time())[10h:1s])",
		    "processor time", { .cpu_ms_max = 1 } },
		{ LONGER(LONGER("m")), NULL, { 0 } },
		{ LONGER(LONGER(LONGER("m"))), "longer than", { 0 } },
		{ "label_join(" LONGER(LONGER("m")) ", \"x\", \"\""
		    TIMES_8(TIMES_8(", \"x\"")) ")", "longer than", { 0 } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const char *said = ask(rows[i].query, &rows[i].options);

		if (rows[i].says == NULL)
			assert_null(said);
		else if (said == NULL || strstr(said, rows[i].says) == NULL)
			fail_msg("%s: %s", rows[i].query,
			    said == NULL ? "an answer" : said);
	}
}

/* A disk, say, that never comes to an end. */
static int
select_for_ever(void *of, const struct kymo_select *what,
    struct kymo_selected *selected, struct kymo_error *error)
{
	(void)of;
	(void)selected;
	while (!what->give_up(what->give_up_of, error))
		;
	return -1;
}

static void
bounds_hold_while_a_source_reads(void **state)
{
	const struct kymo_source source = { .select = select_for_ever };
	int asked = 0;
	const struct kymo_query_options rows[] = { { .cpu_ms_max = 5 },
		{ .cancelled = always, .of = &asked } };
	static const char *const says[] = { "processor time", "cancelled" };
	struct kymo_query_error error;
	struct kymo_result *result;
	struct kymo_query *query;

	(void)state;
	assert_int_equal(kymo_query_parse(&query, "rate(m[1h])", 11, &error),
	    0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(kymo_query_instant(query, &source, 0, &rows[i],
		    &result, &error), -1);
		assert_non_null(strstr(error.error.text, says[i]));
	}
	kymo_query_delete(query);
}

static void
a_query_that_is_cancelled_ends(void **state)
{
	int asked = 0;
	struct kymo_query_options options = { .cancelled = always,
	    .of = &asked };

	(void)state;
	assert_string_equal(ask("sum(max_over_time(m[10m:100ms]))", &options),
	    "cancelled");
	assert_int_equal(asked, 1);
}

/* A source may give more than was asked for. */
static int
select_more(void *of, const struct kymo_select *what,
    struct kymo_selected *selected, struct kymo_error *error)
{
	const struct kymo_source *source = kymo_table_source(of);
	struct kymo_select more = *what;

	more.from_ms -= 1000000;
	more.to_ms += 1000000;
	return source->select(source->of, &more, selected, error);
}

static void
more_done(void *of, struct kymo_selected *selected)
{
	const struct kymo_source *source = kymo_table_source(of);

	source->done(source->of, selected);
}

/* The only value, NaN where there is none. */
static double
value_at(const struct kymo_query *query, const struct kymo_source *source,
    int64_t at_ms)
{
	struct kymo_query_error error;
	struct kymo_result *result;
	double value = NAN;

	assert_int_equal(kymo_query_instant(query, source, at_ms, NULL,
	    &result, &error), 0);
	if (result->series_cnt == 1)
		value = result->series[0].points[0].value;
	kymo_result_delete(result);
	return value;
}

static void
samples_that_nobody_asked_for_change_no_answer(void **state)
{
	struct kymo_source more = { table, select_more, more_done };
	const char *text = "sum_over_time(s[5s])";
	struct kymo_query_error error;
	struct kymo_query *query;
	uint64_t stale_bits = KYMO_STALE_BITS;
	double stale;

	(void)state;
	memcpy(&stale, &stale_bits, sizeof stale);
	for (int i = 0; i < 40; i++)
		put("s", "0", i * 1000, i % 7 == 3 ? stale : 1, NULL);
	assert_int_equal(kymo_query_parse(&query, text, strlen(text), &error),
	    0);
	for (int64_t at_ms = 0; at_ms < 45000; at_ms += 500) {
		double exact = value_at(query, kymo_table_source(table), at_ms);
		double given = value_at(query, &more, at_ms);

		if (exact != given && !(isnan(exact) && isnan(given)))
			fail_msg("at %d ms: %g, of more samples %g",
			    (int)at_ms, exact, given);
	}
	kymo_query_delete(query);
}

/* What was lost before counts for nothing when it is out of the window, even
   if it was infinite. */
static void
a_reset_from_infinity_is_over_when_it_is_past(void **state)
{
	static const double values[] = { 1, INFINITY, 0, 5, 10, 3, 8 };
	const char *text = "increase(c[4s])";
	struct kymo_query_error error;
	struct kymo_query *query;

	(void)state;
	for (int i = 0; i < 7; i++)
		put("c", "0", i * 1000, values[i], NULL);
	assert_int_equal(kymo_query_parse(&query, text, strlen(text), &error),
	    0);
	/* 5, 10, 3, 8: a rise of 13 in 3 s, stretched to 4 s. */
	assert_true(fabs(value_at(query, kymo_table_source(table), 6000) -
	    13.0 * 4 / 3) < 1e-9);
	kymo_query_delete(query);
}

/* Everything that looks at numbers, over numbers that are none. Run with
   sanitizers it says more. */
static void
hostile_values_end_in_an_answer(void **state)
{
	static const double values[] = { NAN, INFINITY, -INFINITY, DBL_MAX,
		-DBL_MAX, DBL_TRUE_MIN, -0.0, 1e19, -1e19 };
	static const char *const queries[] = { "bad + bad", "bad ^ bad",
		"bad % 0", "rate(bad[1m])", "irate(bad[1m])",
		"deriv(bad[1m])", "predict_linear(bad[1m], 1e300)",
		"stddev_over_time(bad[1m])", "quantile_over_time(0.3, bad[1m])",
		"sum(bad)", "avg(bad)", "stdvar(bad)", "topk(3, bad)",
		"bottomk(3, bad)", "quantile(0.5, bad)",
		"count_values(\"v\", bad)", "sort(bad)", "year(bad)",
		"day_of_year(bad)", "days_in_month(bad)", "hour(bad)",
		"round(bad, scalar(bad))", "round(bad, 0)", "clamp(bad, 1, 2)",
		"sgn(bad)", "histogram_quantile(0.5, bad)",
		"resets(bad[1m]) + changes(bad[1m])",
		"mad_over_time(bad[1m])",
		"bad offset 292y", "bad @ 9e15", "bad @ -9e15" };
	char x[16];

	(void)state;
	for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
		snprintf(x, sizeof x, "%zu", i);
		for (int k = 0; k < 10; k++)
			put("bad", x, k * 1000, values[(i + (size_t)k % 3) %
			    (sizeof values / sizeof values[0])], NULL);
	}
	for (size_t i = 0; i < sizeof queries / sizeof queries[0]; i++)
		(void)ask(queries[i], NULL);
}

static void
hostile_histograms_end_in_an_answer(void **state)
{
	static double counts[] = { 1, NAN, INFINITY, -5 };
	static const double bounds[] = { 1, 2, 2, NAN };
	static const struct kymo_native_hist hists[] = {
		{ .schema = 8, .count = 3, .sum = NAN,
		    .pos = { INT32_MAX - 4, 4, counts } },
		{ .schema = -4, .count = -1, .sum = INFINITY,
		    .pos = { INT32_MIN + 8, 4, counts },
		    .neg = { 0, 4, counts } },
		{ .schema = 0, .zero_threshold = NAN, .zero_count = NAN,
		    .count = NAN, .pos = { -2, 4, counts } },
		{ .schema = 0, .zero_threshold = INFINITY, .zero_count = 1,
		    .count = 1, .neg = { -2, 4, counts } },
		{ .schema = KYMO_SCHEMA_CUSTOM, .count = 1, .bounds = bounds,
		    .bound_cnt = 4, .pos = { 0, 4, counts } },
		{ .schema = KYMO_SCHEMA_CUSTOM, .count = 1,
		    .pos = { 0, 1, counts } },
	};
	static const char *const queries[] = { "sum(odd)", "avg(odd)",
		"odd + on() group_left odd{x=\"0\"}",
		"odd - on() group_left odd{x=\"3\"}",
		"odd == odd", "odd * 0", "odd / 0",
		"rate(odd[1m])", "irate(odd[1m])", "resets(odd[1m])",
		"sum_over_time(odd[1m])", "avg_over_time(odd[1m])",
		"histogram_quantile(0.5, odd)", "histogram_avg(odd)",
		"histogram_fraction(-1, 1, odd)", "histogram_stddev(odd)",
		"count_values(\"v\", odd)", "histogram_count(sum(odd))" };
	static const struct kymo_query_options options = {
		.memory_bytes_max = 64 << 20 };
	size_t cnt = sizeof hists / sizeof hists[0];
	char x[16];

	(void)state;
	for (size_t i = 0; i < cnt; i++) {
		snprintf(x, sizeof x, "%zu", i);
		for (size_t k = 0; k < 4; k++)
			put("odd", x, (int64_t)k * 1000, 0,
			    &hists[(i + k) % cnt]);
	}
	for (size_t i = 0; i < sizeof queries / sizeof queries[0]; i++)
		(void)ask(queries[i], &options);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    each_bound_ends_a_query_and_says_which, fill, empty),
		cmocka_unit_test_setup_teardown(
		    a_query_that_is_cancelled_ends, fill, empty),
		cmocka_unit_test_setup_teardown(
		    samples_that_nobody_asked_for_change_no_answer, fill,
		    empty),
		cmocka_unit_test_setup_teardown(
		    a_reset_from_infinity_is_over_when_it_is_past, fill, empty),
		cmocka_unit_test_setup_teardown(
		    hostile_values_end_in_an_answer, fill, empty),
		cmocka_unit_test_setup_teardown(
		    hostile_histograms_end_in_an_answer, fill, empty),
		cmocka_unit_test(bounds_hold_while_a_source_reads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
