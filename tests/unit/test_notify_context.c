/* SPDX-License-Identifier: MIT */
/* Goal: a message says what one needs at 3 a.m., and only what is certain: the
   threshold of the rule's comparison, the alert's own series, quantiles of the
   histogram in question, whether processes live, and what else moved.
   Method: samples written down; rows of expressions and what is found. */
#include "tests/testlib/testlib.h"

#include <math.h>

#include "tests/testlib/rules_world.h"
#include "reader/notify/context.h"

#define AT_MS INT64_C(3600000)
#define STEP_MS 10000

static struct world world;

static const struct kymo_history_family families_at[] = {
	{"level", "gauge", "", ""},
	{"wait_seconds", "gauge", "", "seconds"},
	{"took_seconds", "histogram", "", "seconds"},
	{"bytes_total", "counter", "", "bytes"},
	{"errors_total", "counter", "", ""},
	{"queue", "gauge", "", ""},
	{"calm", "gauge", "", ""},
	{"lonely", "gauge", "", ""},
};
static const struct kymo_history_families families = {families_at,
    sizeof(families_at) / sizeof(families_at[0]), NULL};

/* Values of a series in the ten minutes before AT_MS: before until the last
   minute, now from then on. */
static void
course(const char *series, double before, double now)
{
	int64_t at_ms;

	for (at_ms = AT_MS - 600000; at_ms <= AT_MS; at_ms += STEP_MS)
		world_put(&world, series, at_ms, at_ms > AT_MS - 60000 ?
		    now : before);
}

/* A counter that goes on at these rates a second. */
static void
counts(const char *series, double before, double now)
{
	double value = 1000;
	int64_t at_ms;

	for (at_ms = AT_MS - 600000; at_ms <= AT_MS; at_ms += STEP_MS) {
		world_put(&world, series, at_ms, value);
		value += (at_ms >= AT_MS - 60000 ? now : before) * STEP_MS /
		    1000;
	}
}

static struct kymo_gatherer *gatherer;

static struct kymo_context *
gather(const char *expr, const char *labels)
{
	struct kymo_labels *of = world_labels(labels);
	struct kymo_context_question question = {
		.source = kymo_table_source(world.table),
		.families = &families, .expr = expr,
		.labels = of->at, .label_cnt = of->cnt, .at_ms = AT_MS
	};
	struct kymo_context *context = kymo_context_gather(gatherer,
	    &question);

	assert_non_null(context);
	free(of);
	return context;
}

static int
begin(void **state)
{
	(void)state;
	gatherer = kymo_gatherer_new();
	memset(&world, 0, sizeof(world));
	world.table = kymo_table_new();
	return gatherer == NULL || world.table == NULL;
}

static int
end(void **state)
{
	(void)state;
	kymo_gatherer_delete(gatherer);
	kymo_table_delete(world.table);
	return 0;
}

#define NONE -12345.0

static void
test_a_threshold_is_said_where_it_is_certain(void **state)
{
	static const struct {
		const char *expr, *labels;
		double threshold; /* NONE: not known */
		bool fixed;
		double last; /* of the points; NONE: there are none */
		const char *unit;
	} rows[] = {
		{"level > 5", "l=a", 5, true, 9, NULL},
		{"level{l=\"a\"} >= 2 * 3", "l=a", 6, true, 9, NULL},
		{"5 < level", "l=a", 5, true, 9, NULL},
		{"(level > 5)", "l=a", 5, true, 9, NULL},
		{"level > 5 and on() limit > 0", "l=a", 5, true, 9, NULL},
		{"level > 5 unless calm", "l=a", 5, true, 9, NULL},
		{"level > -1", "l=a", -1, true, 9, NULL},
		{"level > limit", "l=a", 7, false, 9, NULL},
		{"level > scalar(limit{l=\"a\"})", "l=a", 7, false, 9, NULL},
		{"level > on(l) limit", "l=a", NONE, false, 9, NULL},
		{"level > bool 5", "l=a", NONE, false, 1, NULL},
		{"level > 5 < 100", "l=a", NONE, false, 9, NULL},
		{"level > 5 or level < 1", "l=a", NONE, false, 9, NULL},
		{"level", "l=a", NONE, false, 9, NULL},
		/* Another alert's, and one of which there are two. */
		{"level > 5", "l=z", 5, true, NONE, NULL},
		{"level > 5", "other=1", 5, true, NONE, NULL},
		{"sum(level) > 5", "l=a", 5, true, 13, NULL},
		{"max by (l) (level) > 5", "l=a,severity=page", 5, true, 9,
		    NULL},
		{"wait_seconds > 0.5", "", 0.5, true, 0.75, "seconds"},
		{"max_over_time(wait_seconds[1m]) > 0.5", "", 0.5, true,
		    0.75, "seconds"},
		{"rate(bytes_total[1m]) > 5", "", 5, true, 20, "bytes/s"},
		{"count(wait_seconds) > 0", "", 0, true, 1, NULL},
		{"no sense at all", "l=a", NONE, false, NONE, NULL},
	};
	size_t i;

	course("__name__=level,l=a", 1, 9);
	course("__name__=level,l=b", 1, 4);
	course("__name__=limit,l=a", 7, 7);
	course("__name__=wait_seconds", 0.1, 0.75);
	counts("__name__=bytes_total", 10, 20);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct kymo_context *is = gather(rows[i].expr, rows[i].labels);
		const struct kymo_notify_detail *detail = &is->detail;
		double last = detail->point_cnt == 0 ? NONE :
		    detail->points[detail->point_cnt - 1].value;

		if ((isnan(is->threshold) ? NONE : is->threshold) !=
		    rows[i].threshold || is->threshold_fixed != rows[i].fixed)
			fail_msg("%s: threshold %g", rows[i].expr,
			    is->threshold);
		if (fabs(last - rows[i].last) > 1e-9)
			fail_msg("%s: last %g", rows[i].expr, last);
		if (detail->unit == NULL ? rows[i].unit != NULL :
		    rows[i].unit == NULL ||
		    strcmp(detail->unit, rows[i].unit) != 0)
			fail_msg("%s: unit %s", rows[i].expr, detail->unit);
		kymo_context_delete(is);
	}
}

static void
test_a_young_history_is_shown_by_the_second(void **state)
{
	struct kymo_context *is;
	int i;

	for (i = 0; i <= 30; i++)
		world_put(&world, "__name__=level", AT_MS - 30000 + i * 1000,
		    i);
	is = gather("level > 5", "");
	assert_int_equal(is->detail.point_cnt, 31);
	assert_true(is->detail.points[30].at_ms == AT_MS);
	assert_true(is->detail.points[29].value == 29);
	kymo_context_delete(is);
}

static void
hist_put(const char *series, int64_t at_ms, double low, double high)
{
	/* (1, 2] and (8, 16]. */
	double counts_of[] = {low, 0, 0, high};
	const struct kymo_native_hist hist = {.schema = 0,
	    .count = low + high, .sum = low * 1.5 + high * 12,
	    .pos = {.first = 1, .cnt = 4, .count = counts_of}};
	struct kymo_labels *labels = world_labels(series);

	assert_int_equal(kymo_table_add(world.table, labels, at_ms, 0, &hist),
	    0);
	free(labels);
}

static void
test_quantiles_are_of_the_histogram_in_question(void **state)
{
	const struct kymo_notify_detail *detail;
	struct kymo_context *is;
	int64_t at_ms;
	double cnt = 100;

	for (at_ms = AT_MS - 600000; at_ms <= AT_MS; at_ms += STEP_MS) {
		cnt += 98;
		hist_put("__name__=took_seconds,service=shop,path=a", at_ms,
		    cnt, cnt / 49);
		hist_put("__name__=took_seconds,service=shop,path=b", at_ms,
		    1, cnt);
		world_put(&world, "__name__=took_seconds_count,service=shop,"
		    "path=a", at_ms, cnt);
	}
	is = gather("rate(took_seconds_count[1m]) > 0",
	    "service=shop,path=a,severity=page");
	detail = &is->detail;
	assert_int_equal(detail->quantile_cnt, 4);
	assert_string_equal(detail->quantiles[0].of, "took_seconds");
	assert_true(detail->quantiles[0].q == 0.5);
	assert_true(detail->quantiles[0].value > 1 &&
	    detail->quantiles[0].value < 2);
	assert_true(detail->quantiles[3].value > 8);
	kymo_context_delete(is);
	/* The rule looks at no histogram: the process' busiest one, all of it. */
	world_put(&world, "__name__=lonely,service=shop", AT_MS, 1);
	is = gather("lonely > 0", "service=shop");
	assert_int_equal(is->detail.quantile_cnt, 4);
	assert_true(is->detail.quantiles[1].value > 8);
	kymo_context_delete(is);
	is = gather("lonely > 0", "service=other");
	assert_int_equal(is->detail.quantile_cnt, 0);
	kymo_context_delete(is);
}

static void
test_exemplars_are_of_the_alerts_series(void **state)
{
	static const struct kymo_label a[] = {{"service", "shop"},
	    {"path", "a"}}, b[] = {{"service", "shop"}, {"path", "b"}};
	static const struct kymo_series series[] = {
		{.labels = a, .label_cnt = 2, .exemplar = {.at_ns = 5000000,
		    .value = 2500, .trace_hi = 0xab, .trace_lo = 1,
		    .span_id = 7}},
		{.labels = b, .label_cnt = 2, .exemplar = {.at_ns = 6000000,
		    .value = 1, .trace_lo = 2}},
		{.labels = a, .label_cnt = 2},
	};
	static const struct kymo_family_scan family = {.name = "took_seconds",
	    .exponent = -3, .series = series, .series_cnt = 3};
	static const struct kymo_scan scan = {.families = &family,
	    .family_cnt = 1};
	struct kymo_labels *of = world_labels("service=shop,path=a");
	struct kymo_context_question question = {
		.source = kymo_table_source(world.table),
		.families = &families, .scan = &scan,
		.expr = "rate(took_seconds_count[1m]) > 0", .labels = of->at,
		.label_cnt = of->cnt, .at_ms = AT_MS
	};
	const struct kymo_notify_exemplar *one;
	struct kymo_context *is;

	counts("__name__=took_seconds_count,service=shop,path=a", 1, 1);
	is = kymo_context_gather(gatherer, &question);
	assert_int_equal(is->detail.exemplar_cnt, 1);
	one = &is->detail.exemplars[0];
	assert_string_equal(one->trace_id, "00000000000000ab0000000000000001");
	assert_string_equal(one->span_id, "0000000000000007");
	assert_true(fabs(one->value - 2.5) < 1e-12 && one->at_ms == 5);
	kymo_context_delete(is);
	free(of);
}

static void
test_whether_processes_live(void **state)
{
	static const struct {
		double before, now;
		const char *says;
	} rows[] = {
		{1, 1, "shop: alive since 1970-01-01T00:58:20.000Z (100 s)"},
		{3, 3, "shop: 3 processes live, the youngest since "
		    "1970-01-01T00:58:20.000Z (100 s)"},
		{3, 2, "shop: 2 processes live, the youngest since "
		    "1970-01-01T00:58:20.000Z (100 s); there were 3, and until "
		    "1970-01-01T00:59:00.000Z more than now"},
		{1, 0, "shop: dead, last seen alive "
		    "1970-01-01T00:59:00.000Z (60 s ago)"},
		{0, 0, NULL},
	};
	size_t i;

	course("__name__=process_start_time_seconds,service=shop", 3500, 3500);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct kymo_context *is;

		course("__name__=kymo_regions,service=shop,state=alive",
		    rows[i].before, rows[i].now);
		is = gather(NULL, "service=shop");
		if (rows[i].says == NULL)
			assert_null(is->detail.process);
		else
			assert_string_equal(is->detail.process, rows[i].says);
		kymo_context_delete(is);
	}
}

static void
test_what_moved_beside_it(void **state)
{
	struct kymo_context *is;

	course("__name__=level,service=shop", 1, 9);
	course("__name__=queue,service=shop,shard=3", 10, 480);
	course("__name__=queue,service=other", 10, 480);
	course("__name__=calm,service=shop", 10, 11);
	counts("__name__=errors_total,service=shop", 1, 25);
	course("__name__=unknown,service=shop", 1, 50);
	is = gather("level > 5", "service=shop");
	assert_int_equal(is->detail.change_cnt, 2);
	assert_string_equal(is->detail.changes[0],
	    "queue{shard=\"3\"}: 10 before, 480 now");
	assert_string_equal(is->detail.changes[1],
	    "errors_total: 1/s before, 25/s now");
	kymo_context_delete(is);
}

/* What detection says of a metric's level, so long ago. */
static void
level_changed(const char *of, double ago_s, double before, double after)
{
	const struct { const char *name; double value; } rows[] = {
		{"anomaly_change_timestamp_seconds", AT_MS / 1000.0 - ago_s},
		{"anomaly_change_before", before},
		{"anomaly_change_after", after},
	};
	char series[200];

	for (size_t i = 0; i < 3; i++) {
		snprintf(series, sizeof(series), "__name__=%s,%s", rows[i].name,
		    of);
		course(series, rows[i].value, rows[i].value);
	}
}

static void
test_since_when_levels_are_others(void **state)
{
	struct kymo_context *is;
	unsigned minute = AT_MS / 60000 % 1440, ten = (minute + 1430) % 1440;
	char want[200];

	(void)state;
	course("__name__=level,service=shop", 1, 9);
	level_changed("service=shop,metric=queue,signal=value,shard=3", 1500,
	    102.4, 117.9);
	level_changed("service=shop,metric=took,signal=p99", 600, 0.1, 0.25);
	/* Long ago, another's, and not yet. */
	level_changed("service=shop,metric=old,signal=value", 4000, 1, 2);
	level_changed("service=other,metric=queue,signal=value", 600, 1, 2);
	level_changed("service=shop,metric=later,signal=value", -60, 1, 2);
	is = gather("level > 5", "service=shop");
	assert_int_equal(is->detail.change_cnt, 2);
	snprintf(want, sizeof(want), "took{signal=\"p99\"}: level 0.1 -> 0.25 "
	    "since %02u:%02u UTC", ten / 60, ten % 60);
	assert_string_equal(is->detail.changes[0], want);
	ten = (minute + 1440 - 25) % 1440;
	snprintf(want, sizeof(want), "queue{shard=\"3\", signal=\"value\"}: "
	    "level 102.4 -> 117.9 since %02u:%02u UTC", ten / 60, ten % 60);
	assert_string_equal(is->detail.changes[1], want);
	kymo_context_delete(is);
}

static bool
at_once(void *of)
{
	(void)of;
	return true;
}

static void
test_a_deadline_leaves_the_rest_out(void **state)
{
	struct kymo_labels *of = world_labels("service=shop");
	struct kymo_context_question question = {
		.source = kymo_table_source(world.table),
		.families = &families, .expr = "level > 5", .labels = of->at,
		.label_cnt = of->cnt, .at_ms = AT_MS, .cancelled = at_once
	};
	struct kymo_context *is;

	course("__name__=level,service=shop", 1, 9);
	is = kymo_context_gather(gatherer, &question);
	assert_true(is->cancelled);
	assert_int_equal(is->detail.point_cnt, 0);
	kymo_context_delete(is);
	/* What was given up is asked again. */
	question.cancelled = NULL;
	is = kymo_context_gather(gatherer, &question);
	assert_false(is->cancelled);
	assert_int_equal(is->detail.point_cnt, 61);
	kymo_context_delete(is);
	free(of);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    test_a_threshold_is_said_where_it_is_certain, begin, end),
		cmocka_unit_test_setup_teardown(
		    test_a_young_history_is_shown_by_the_second, begin, end),
		cmocka_unit_test_setup_teardown(
		    test_quantiles_are_of_the_histogram_in_question, begin,
		    end),
		cmocka_unit_test_setup_teardown(
		    test_exemplars_are_of_the_alerts_series, begin, end),
		cmocka_unit_test_setup_teardown(test_whether_processes_live,
		    begin, end),
		cmocka_unit_test_setup_teardown(
		    test_since_when_levels_are_others, begin, end),
		cmocka_unit_test_setup_teardown(test_what_moved_beside_it,
		    begin, end),
		cmocka_unit_test_setup_teardown(
		    test_a_deadline_leaves_the_rest_out, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
