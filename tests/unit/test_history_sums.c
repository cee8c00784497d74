/* SPDX-License-Identifier: MIT */
/* Sums over windows of a history, which come of marks where those are exact:
   as if each sample were added, whatever lies in the window or before it. */
#include "tests/testlib/testlib.h"

#include <float.h>
#include <math.h>

#include "reader/history/history.h"
#include "reader/query/query.h"

#define STEPS 2500
#define HEAD_STEPS 1200 /* so that columns move */
#define BEGIN_MS INT64_C(1700000000000)

enum pattern {
	COUNTER, TENTHS, WAVE, HUGE_THEN_SMALL, SMALL_AFTER_ONE, NAN_ONCE,
	INF_ONCE, ZERO_AT_LAST, CANCELS, NEAR_MAX, MINUS, PATTERNS
};

static const char *const names[PATTERNS] = {
	"counter", "tenths", "wave", "huge_then_small", "small_after_one",
	"nan_once", "inf_once", "zero_at_last", "cancels", "near_max", "minus"
};

static double
value_of(enum pattern pattern, int t)
{
	switch (pattern) {
	case COUNTER:
		return 1e12 + t * 100.0 + t % 7;
	case TENTHS:
		return t % 11 * 0.1;
	case WAVE:
		return sin(t) * 1e3;
	case HUGE_THEN_SMALL:
		return t % 900 == 100 ? 1e300 : t % 5 * 1e-3;
	case SMALL_AFTER_ONE:
		return t < 900 ? 1 : 1e-300 * (1 + t % 3);
	case NAN_ONCE:
		return t % 1000 == 300 ? NAN : t * 0.3;
	case INF_ONCE:
		return t % 1000 == 300 ? -INFINITY : t * 0.3;
	case ZERO_AT_LAST:
		return t < 800 ? 1 / (t + 3.0) : 0;
	case CANCELS:
		return t % 2 == 0 ? 1e15 + 0.25 : -1e15;
	case NEAR_MAX:
		return t % 3 == 0 ? DBL_MAX : t;
	default:
		return -0.7 * t;
	}
}

static struct kymo_history *
history_make(void)
{
	struct kymo_history_options options = { .head_ms = HEAD_STEPS * 1000 };
	struct kymo_history_row rows[PATTERNS];
	struct kymo_error error;
	struct kymo_history *history = kymo_history_new(&options, &error);
	struct kymo_feed *feed;

	assert_non_null(history);
	feed = kymo_history_feed(history, "sums");
	assert_non_null(feed);
	for (int p = 0; p < PATTERNS; p++) {
		struct kymo_label name = { KYMO_NAME_LABEL, names[p] };

		rows[p].labels = kymo_labels_make(&name, 1);
		assert_non_null(rows[p].labels);
		rows[p].hist = NULL;
		rows[p].ref = NULL;
	}
	for (int t = 0; t < STEPS; t++) {
		for (int p = 0; p < PATTERNS; p++)
			rows[p].value = value_of(p, t);
		assert_int_equal(kymo_feed_append(feed, BEGIN_MS +
		    (int64_t)t * 1000, rows, PATTERNS), 0);
	}
	for (int p = 0; p < PATTERNS; p++)
		free((void *)(uintptr_t)rows[p].labels);
	return history;
}

static double
asked(struct kymo_history *history, const char *function, int pattern,
    int window, int t)
{
	struct kymo_query_error error;
	struct kymo_result *result;
	struct kymo_query *query;
	char text[128];
	double value;

	snprintf(text, sizeof text, "%s(%s[%ds])", function, names[pattern],
	    window);
	assert_int_equal(kymo_query_parse(&query, text, strlen(text), &error),
	    0);
	assert_int_equal(kymo_query_instant(query,
	    kymo_history_source(history), BEGIN_MS + (int64_t)t * 1000, NULL,
	    &result, &error), 0);
	assert_int_equal(result->series_cnt, 1);
	value = result->series[0].points[0].value;
	kymo_result_delete(result);
	kymo_query_delete(query);
	return value;
}

/* Neumaier's, as Prometheus has it. */
static double
added(int pattern, int window, int t)
{
	double sum = 0, low = 0;

	for (int i = t - window + 1; i <= t; i++) {
		double value = value_of(pattern, i), next = sum + value;

		if (isinf(next))
			low = 0;
		else if (fabs(sum) >= fabs(value))
			low += (sum - next) + value;
		else
			low += (value - next) + sum;
		sum = next;
	}
	return isinf(sum) ? sum : sum + low;
}

static bool
alike(double a, double b)
{
	if (isnan(b))
		return isnan(a);
	return a == b || fabs(a - b) <= fabs(b) * 4 * DBL_EPSILON;
}

static void
windows_are_sums_of_their_samples(void **state)
{
	static const int windows[] = { 64, 100, 128, 700, 1000, 1153 };
	struct kymo_history *history = history_make();

	(void)state;
	for (int p = 0; p < PATTERNS; p++)
		for (size_t w = 0; w < 6; w++)
			for (int t = STEPS - 40; t < STEPS; t += 13) {
				double sum = added(p, windows[w], t);
				double got = asked(history, "sum_over_time", p,
				    windows[w], t);

				if (!alike(got, sum))
					fail_msg("%s[%d] at %d: %.17g, not "
					    "%.17g", names[p], windows[w], t,
					    got, sum);
				if (isinf(sum) && p == NEAR_MAX)
					continue;
				got = asked(history, "avg_over_time", p,
				    windows[w], t);
				assert_true(alike(got, sum / windows[w]));
			}
	kymo_history_delete(history);
}

/* Overflow is no reason that a mean has none. */
static void
means_do_not_overflow(void **state)
{
	struct kymo_history *history = history_make();

	(void)state;
	assert_true(isinf(asked(history, "sum_over_time", NEAR_MAX, 999,
	    STEPS - 1)));
	assert_true(isfinite(asked(history, "avg_over_time", NEAR_MAX, 999,
	    STEPS - 1)));
	kymo_history_delete(history);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(windows_are_sums_of_their_samples),
		cmocka_unit_test(means_do_not_overflow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
