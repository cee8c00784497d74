/* SPDX-License-Identifier: MIT */
/* What is older is coarser, and then gone: each sample of a coarser tier is the
   last one of its step, of what memory has; and nothing is kept for longer, or
   in more bytes, than it should be. */
#include "tests/testlib/history.h"

#include "tests/testlib/history_db.h"
#include "reader/query/query.h"

static struct kymo_selected
selected_of(struct kymo_history *history, int64_t from, int64_t to)
{
	const struct kymo_source *source = kymo_history_source(history);
	struct kymo_select what = ask(from, to);
	struct kymo_selected got;
	struct kymo_error error;

	if (source->select(source->of, &what, &got, &error) != 0)
		fail_msg("%s", error.text);
	return got;
}

static void
done(struct kymo_history *history, struct kymo_selected *got)
{
	const struct kymo_source *source = kymo_history_source(history);

	source->done(source->of, got);
}

/* The last sample of all at or before this time. */
static uint32_t
last_at(const struct kymo_samples *all, int64_t at_ms)
{
	uint32_t i = 0;

	while (i + 1 < all->cnt && all->at_ms[i + 1] <= at_ms)
		i++;
	return i;
}

static bool
is_end(const struct kymo_samples *samples, uint32_t i)
{
	return (samples->hist == NULL || samples->hist[i] == NULL) &&
	    kymo_is_stale(samples->value[i]);
}

/* Every sample of it is the last of its step; steps are step_ms apart. */
static void
assert_coarse(const struct kymo_samples *coarse,
    const struct kymo_samples *all, int64_t step_ms)
{
	for (uint32_t i = 0; i < coarse->cnt; i++) {
		uint32_t k = last_at(all, coarse->at_ms[i]);

		if (i > 0)
			assert_in_range(coarse->at_ms[i] - coarse->at_ms[i - 1],
			    1, step_ms);
		assert_int_equal(is_end(coarse, i), is_end(all, k));
		if (is_end(coarse, i))
			continue;
		assert_true(coarse->at_ms[i] - all->at_ms[k] < 1000);
		if (coarse->hist != NULL)
			assert_hist(coarse->hist[i], all->hist[k]);
		else
			assert_memory_equal(&coarse->value[i], &all->value[k],
			    sizeof(double));
	}
}

/* From, up to and with to: at most so many samples of the longest. */
static void
assert_tier(const struct both *both, int64_t from, int64_t to, int64_t step,
    uint32_t least, uint32_t most)
{
	struct kymo_selected got = selected_of(both->stored, from, to);
	struct kymo_selected all = selected_of(both->memory, 0, to);
	uint32_t longest = 0;

	for (uint32_t s = 0; s < SERIES; s++) {
		const struct kymo_samples *coarse = find(&got, labels[s]);

		if (coarse == NULL)
			continue;
		assert_coarse(coarse, find(&all, labels[s]), step * 1000);
		if (coarse->cnt > longest)
			longest = coarse->cnt;
	}
	assert_in_range(longest, least, most);
	done(both->stored, &got);
	done(both->memory, &all);
}

static void
what_is_older_is_coarser(void **state)
{
	struct kymo_history_options more = { .path = NULL };
	struct both both;

	(void)state;
	tiers_set(&more);
	both_with(&both, &more);
	append(&both, 1, 2400);
	for (int again = 0; again < 2; again++) {
		/* All of the last 200 s, and what shares frames with it. */
		assert_window(both.stored, both.memory, 2250, 2400);
		assert_tier(&both, 1500, 2100, 5, 120, 135);
		assert_tier(&both, 0, 1200, 60, 20, 30);
		assert_tier(&both, 0, 2400, 60, 400, 800);
		reopen_with(&both, &more);
	}
	both_delete(&both);
}

static double
value_asked(struct kymo_history *history, const char *text, int64_t at_ms)
{
	struct kymo_query_error error;
	struct kymo_result *result;
	struct kymo_query *query;
	double value = NAN;

	assert_int_equal(kymo_query_parse(&query, text, strlen(text), &error),
	    0);
	if (kymo_query_instant(query, kymo_history_source(history), at_ms,
	    NULL, &result, &error) != 0)
		fail_msg("%s: %s", text, error.error.text);
	assert_in_range(result->series_cnt, 0, 1);
	if (result->series_cnt == 1)
		value = result->series[0].points[0].value;
	kymo_result_delete(result);
	kymo_query_delete(query);
	return value;
}

static const char *const functions[] = {
	"min_over_time", "max_over_time", "sum_over_time", "avg_over_time",
	"count_over_time"
};

/* Windows of whole steps of the coarsest tier: what the finest would say. */
static void
assert_summed(const struct both *both, const char *selector, int64_t from,
    int64_t to)
{
	const int64_t step_ms = 60000;
	int64_t end_ms = (BEGIN_MS + to * 1000) / step_ms * step_ms - 1;
	char text[160];

	for (; end_ms > BEGIN_MS + from * 1000 + step_ms; end_ms -= step_ms)
		for (int steps = 1; steps < 9; steps += 7)
			for (size_t f = 0; f < 5; f++) {
				double a, b;

				snprintf(text, sizeof text, "%s(%s[%dm])",
				    functions[f], selector, steps);
				a = value_asked(both->stored, text, end_ms);
				b = value_asked(both->memory, text, end_ms);
				if (isnan(a) != isnan(b) ||
				    fabs(a - b) > 1e-11 * (1 + fabs(b)))
					fail_msg("%s at %lld: %.17g, %.17g",
					    text, (long long)end_ms, a, b);
			}
}

/* What is older is coarser, but not for functions that need no more than what
   is kept of each step. */
static void
what_is_summed_up_loses_nothing(void **state)
{
	struct kymo_history_options more = { .path = NULL };
	struct both both;
	double all, of_tiers;

	(void)state;
	tiers_set(&more);
	both_with(&both, &more);
	append(&both, 1, 2400);
	for (int again = 0; again < 2; again++) {
		for (uint32_t s = 0; s < FLOATS; s++) {
			char selector[80];

			snprintf(selector, sizeof selector, "{__name__=~\""
			    "x.*\",n=\"%u\"}", s);
			assert_summed(&both, selector, 0, 1200);
		}
		/* Across tiers, where the first may begin within a step. */
		all = value_asked(both.memory, "sum(count_over_time({__name__="
		    "~\"x.*\",n=\"0\"}[38m]))", BEGIN_MS + 2400000);
		of_tiers = value_asked(both.stored, "sum(count_over_time({"
		    "__name__=~\"x.*\",n=\"0\"}[38m]))", BEGIN_MS + 2400000);
		assert_true(fabs(all - of_tiers) <= 130);
		reopen_with(&both, &more);
	}
	both_delete(&both);
}

static void
overrides_say_how_long(void **state)
{
	static const struct kymo_history_override overrides[] = {
		{ "x_h.*", { 1500000, 0, 0 } },
		{ "x_total", { 0, 0, 0 } },
	};
	struct kymo_history_options more = { .overrides = overrides,
		.override_cnt = 2 };
	struct both both;

	(void)state;
	tiers_set(&more);
	both_with(&both, &more);
	append(&both, 1, 1800);
	/* In memory all are as long as the others. */
	assert_window(both.stored, both.memory, 1750, 1800);
	for (int again = 0; again < 2; again++) {
		struct kymo_selected got = selected_of(both.stored, 400, 600);
		struct kymo_selected all = selected_of(both.memory, 400, 600);

		assert_int_equal(got.series_cnt, HISTS);
		for (uint32_t s = FLOATS; s < SERIES; s++)
			assert_same(find(&got, labels[s]),
			    find(&all, labels[s]));
		done(both.stored, &got);
		done(both.memory, &all);
		got = selected_of(both.stored, 0, 200);
		assert_int_equal(got.series_cnt, 0);
		done(both.stored, &got);
		reopen_with(&both, &more);
	}
	both_delete(&both);
}

static void
a_cap_of_bytes_is_kept(void **state)
{
	struct kymo_history_options more = { .tiers = {
	    { 1000, 0, 20000 } } };
	struct kymo_history_stats stats;
	struct both both;
	uint64_t cnt = 0;

	(void)state;
	both_with(&both, &more);
	for (uint32_t t = 1; t < 2400; t += 200) {
		append(&both, t, t + 199);
		stats_of(&both, &stats);
		if (t > 1200)
			assert_in_range(stats.frame_cnt, cnt - 4, cnt + 4);
		cnt = stats.frame_cnt;
	}
	assert_int_equal(stats.error_cnt, 0);
	assert_window(both.stored, both.memory, 2300, 2400);
	both_delete(&both);
}

/* A process a minute: hours after it, nothing is left of its labels. */
static void
labels_go_with_what_had_them(void **state)
{
	struct kymo_history_options more = { .tiers = {
	    { 1000, 100000, 0 } } };
	struct both both;

	(void)state;
	both_with(&both, &more);
	for (uint32_t t = 1; t < 36000; t += 5) {
		char pid[16];
		struct kymo_label label[] = { { "__name__", "up" },
			{ "pid", pid } };
		struct kymo_labels *one;
		struct kymo_history_row row;

		snprintf(pid, sizeof pid, "%u", t / 60);
		one = kymo_labels_make(label, 2);
		row = (struct kymo_history_row){ one, t, NULL, NULL };
		assert_int_equal(kymo_feed_append(kymo_history_feed(
		    both.stored, "f"), BEGIN_MS + t * INT64_C(1000), &row, 1),
		    0);
		both.mono_ns += 4 * SECOND_NS;
		work(&both);
		free(one);
	}
	assert_in_range(rows_in(both.path, "SELECT count(*) FROM labels"), 1,
	    100); /* of 600: those of the last hour and a bit */
	assert_int_equal(rows_in(both.path, "SELECT count(*) FROM labels"),
	    rows_in(both.path, "SELECT count(*) FROM labels_use"));
	assert_in_range(rows_in(both.path, "SELECT count(*) FROM frame"), 1,
	    50);
	assert_int_equal(rows_in(both.path, "SELECT count(*) FROM block WHERE"
	    " id >> 20 NOT IN (SELECT id FROM frame)"), 0);
	both_delete(&both);
}

/* A clock that brings nothing for some minutes makes nothing too old. */
static void
without_samples_nothing_grows_old(void **state)
{
	struct kymo_history_options more = { .path = NULL };
	struct both both;
	int cnt;

	(void)state;
	tiers_set(&more);
	both_with(&both, &more);
	append(&both, 1, STEADY_S + 200);
	/* What was due already goes. */
	for (uint32_t t = 0; t < 100; t++)
		work(&both);
	cnt = rows_in(both.path, "SELECT count(*) FROM frame WHERE tier > 0");
	assert_true(cnt > 5);
	for (uint32_t t = 0; t < 300; t++)
		work(&both);
	assert_int_equal(rows_in(both.path, "SELECT count(*) FROM frame WHERE"
	    " tier > 0"), cnt);
	both_delete(&both);
}

static void
tiers_that_make_no_sense_are_refused(void **state)
{
	static const struct {
		struct kymo_history_tier tiers[KYMO_TIER_MAX];
		const char *says;
	} rows[] = {
		{ { { 1000, 0, 0 }, { 1000, 0, 0 } }, "longer" },
		{ { { 1000, 0, 0 }, { 0, 0, 0 }, { 5000, 0, 0 } }, "step" },
	};
	struct kymo_error error;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct kymo_history_options options = { .head_ms = 0 };

		memcpy(options.tiers, rows[i].tiers, sizeof options.tiers);
		assert_null(kymo_history_new(&options, &error));
		assert_non_null(strstr(error.text, rows[i].says));
	}
}

#define ROW(test) cmocka_unit_test_setup_teardown(test, testlib_setup, \
	testlib_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ROW(what_is_older_is_coarser),
		ROW(what_is_summed_up_loses_nothing),
		ROW(overrides_say_how_long),
		ROW(a_cap_of_bytes_is_kept),
		ROW(labels_go_with_what_had_them),
		ROW(without_samples_nothing_grows_old),
		ROW(tiers_that_make_no_sense_are_refused),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
