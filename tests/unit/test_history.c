/* SPDX-License-Identifier: MIT */
/* What comes in by feeds is what a selection shows: compared with a plain list
   of all samples, through columns that move, series that end and come back, and
   queries while samples come in. */
#include "tests/testlib/testlib.h"

#include <math.h>
#include <pthread.h>

#include "reader/history/history.h"
#include "shm/atomic.h"

#define SERIES 12u
#define STEPS 1500u
#define MARKS (1u << (KYMO_BLOCK_SHIFT - KYMO_MARK_SHIFT))
#define BEGIN_MS 1700000000000

static struct kymo_labels *labels[SERIES];

static void
labels_make(void)
{
	for (uint32_t s = 0; s < SERIES; s++) {
		char number[16];
		struct kymo_label label[] = { { "__name__", "x_total" },
			{ "n", number }, { "even", s % 2 == 0 ? "yes" : "" } };

		snprintf(number, sizeof number, "%u", s);
		labels[s] = kymo_labels_make(label, 3);
		assert_non_null(labels[s]);
	}
}

static int
setup(void **state)
{
	(void)state;
	labels_make();
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	for (uint32_t s = 0; s < SERIES; s++)
		free(labels[s]);
	return 0;
}

static bool
there(uint32_t s, uint32_t t)
{
	/* 8 comes late, 9 goes, 10 comes and goes, 11 is there now and then. */
	if (s == 8)
		return t >= 700;
	if (s == 9)
		return t < 900;
	if (s == 10)
		return t / 50 % 2 == 0;
	return s != 11 || t % 400 < 3;
}

static double
value_of(uint32_t s, uint32_t t)
{
	switch (s % 6) {
	case 0: /* constant */
		return 42;
	case 1: /* a counter with resets */
		return t % 333;
	case 2: /* constant, then not, then again */
		return t > 400 && t < 420 ? t : 7;
	case 3:
		return t * 1.5;
	case 4: /* gauge */
		return t % 7 == 3 ? NAN : sin(t);
	default:
		return t / 100;
	}
}

static void
append(struct kymo_feed *feed, uint32_t t)
{
	struct kymo_history_row rows[SERIES];
	uint32_t cnt = 0;

	for (uint32_t s = 0; s < SERIES; s++)
		if (there(s, t))
			rows[cnt++] = (struct kymo_history_row){ labels[s],
				value_of(s, t), NULL, NULL };
	assert_int_equal(kymo_feed_append(feed, BEGIN_MS + 1000 * (int64_t)t,
	    rows, cnt), 0);
}

static struct kymo_history *
history_new(uint64_t head_ms)
{
	struct kymo_history_options options = { .head_ms = head_ms };
	struct kymo_error error;
	struct kymo_history *history = kymo_history_new(&options, &error);

	assert_non_null(history);
	return history;
}

static struct kymo_select
ask(const struct kymo_matcher *matchers, uint32_t cnt, int64_t from,
    int64_t to)
{
	return (struct kymo_select){ .matchers = matchers, .matcher_cnt = cnt,
		.from_ms = BEGIN_MS + from * 1000, .to_ms = BEGIN_MS + to * 1000,
		.series_max = 1000, .samples_max = 1000000 };
}

static const struct kymo_matcher named[] = {
	{ KYMO_MATCH_EQUAL, "__name__", "x_total", NULL },
};

static uint32_t
series_number(const struct kymo_samples *samples)
{
	return (uint32_t)atoi(kymo_labels_get(samples->labels, "n"));
}

/* Between two marks lies the sum of the samples. */
static void
assert_blocks(const struct kymo_samples *samples)
{
	for (uint32_t b = 0; b < samples->block_cnt; b++) {
		int64_t first = ((int64_t)b << KYMO_BLOCK_SHIFT) -
		    samples->block_phase;
		const struct kymo_mark *mark = samples->mark + b * MARKS;
		const struct kymo_mark *end = mark + MARKS;
		double sum = 0;

		if (first < 0)
			continue;
		assert_true(first + 64 <= samples->cnt);
		for (int64_t i = first; i < first + 64; i++)
			if (!kymo_is_stale(samples->value[i]))
				sum += samples->value[i];
		assert_true(isnan(end->error) || fabs(sum - (end->sum -
		    mark->sum) - (end->low - mark->low)) < 1e-6);
	}
}

/* All of (from, to] that was appended, stale where there is none. */
static void
assert_samples(const struct kymo_samples *samples, int64_t from, int64_t to)
{
	uint32_t s = series_number(samples);
	double lost = 0, real = NAN, before = 0;
	bool any = false;
	int64_t t = 0;

	for (uint32_t i = 0; i < samples->cnt; i++) {
		double value = samples->value[i];

		t = (samples->at_ms[i] - BEGIN_MS) / 1000;
		assert_int_equal(samples->at_ms[i], BEGIN_MS + t * 1000);
		assert_true(t > from && t <= to);
		if (!there(s, (uint32_t)t)) {
			assert_true(kymo_is_stale(value) && samples->any_stale);
			continue;
		}
		assert_true(value == value_of(s, (uint32_t)t) ||
		    (isnan(value) && isnan(value_of(s, (uint32_t)t))));
		if (real == real && value < real)
			lost += real;
		real = value;
		/* What was lost before the first is no concern of a window. */
		if (!any && samples->lost != NULL)
			before = samples->lost[i];
		any = true;
		if (samples->lost != NULL)
			assert_true(fabs(samples->lost[i] - before -
			    lost) < 1e-9);
		else
			assert_true(lost == 0);
	}
	assert_blocks(samples);
}

static void
assert_window(const struct kymo_source *source, int64_t from, int64_t to)
{
	struct kymo_select what = ask(named, 1, from, to);
	struct kymo_selected got;
	struct kymo_error error;

	assert_int_equal(source->select(source->of, &what, &got, &error), 0);
	assert_true(got.series_cnt <= SERIES);
	for (uint32_t i = 0; i < got.series_cnt; i++)
		assert_samples(&got.series[i], from, to);
	/* Those that never pause have a sample at each time, and share it. */
	for (uint32_t i = 0; i < got.series_cnt; i++)
		if (series_number(&got.series[i]) < 8) {
			assert_int_equal(got.series[i].cnt, to - from);
			assert_ptr_equal(got.series[i].at_ms,
			    got.series[0].cnt == to - from ?
			    got.series[0].at_ms : got.series[i].at_ms);
		}
	source->done(source->of, &got);
}

static void
windows_show_what_came_in(void **state)
{
	struct kymo_history *history = history_new(300000);
	const struct kymo_source *source = kymo_history_source(history);
	struct kymo_feed *feed = kymo_history_feed(history, "f");
	struct kymo_history_stats stats;

	(void)state;
	for (uint32_t t = 1; t < STEPS; t++) {
		append(feed, t);
		assert_window(source, t > 300 ? t - 300 : 0, t);
		if (t % 37 == 0 && t > 90) {
			assert_window(source, t - 90, t - 10);
			assert_window(source, t - 64, t);
		}
	}
	kymo_history_stats(history, &stats);
	assert_int_equal(stats.series_cnt, SERIES - 1); /* 9 has gone */
	assert_int_equal(stats.newest_ms, BEGIN_MS + 1000 * (STEPS - 1));
	kymo_history_delete(history);
}

static void
matchers_find_what_they_say(void **state)
{
	static const struct {
		const char *name;
		struct kymo_matcher matchers[3];
		uint32_t cnt, found;
	} rows[] = {
		{ "all of a name", { { KYMO_MATCH_EQUAL, "__name__", "x_total",
		    NULL } }, 1, 10 },
		{ "one", { { KYMO_MATCH_EQUAL, "n", "3", NULL } }, 1, 1 },
		{ "none", { { KYMO_MATCH_EQUAL, "n", "33", NULL } }, 1, 0 },
		{ "no such key", { { KYMO_MATCH_EQUAL, "m", "3", NULL } }, 1,
		    0 },
		{ "a label it lacks is empty", { { KYMO_MATCH_EQUAL, "even",
		    "", NULL } }, 1, 5 },
		{ "not equal", { { KYMO_MATCH_EQUAL, "__name__", "x_total",
		    NULL }, { KYMO_MATCH_NOT_EQUAL, "even", "yes", NULL } }, 2,
		    5 },
	};
	struct kymo_history *history = history_new(0);
	const struct kymo_source *source = kymo_history_source(history);

	(void)state;
	append(kymo_history_feed(history, "f"), 10); /* without 8 and 11 */
	for (int again = 0; again < 2; again++)
		for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
			struct kymo_select what = ask(rows[i].matchers,
			    rows[i].cnt, 0, 20);
			struct kymo_selected got;

			assert_int_equal(source->select(source->of, &what,
			    &got, NULL), 0);
			if (got.series_cnt != rows[i].found)
				fail_msg("%s: %u", rows[i].name,
				    got.series_cnt);
			source->done(source->of, &got);
		}
	kymo_history_delete(history);
}

/* An answer that was kept shows what came later, and not what went. */
static void
kept_answers_are_brought_up_to_date(void **state)
{
	struct kymo_history *history = history_new(60000);
	const struct kymo_source *source = kymo_history_source(history);
	struct kymo_feed *feed = kymo_history_feed(history, "f");
	struct kymo_matcher one = { KYMO_MATCH_EQUAL, "n", "9", NULL };
	struct kymo_matcher late = { KYMO_MATCH_EQUAL, "n", "8", NULL };

	(void)state;
	for (uint32_t t = 600; t < 1200; t++) {
		struct kymo_select what = ask(&one, 1, t - 50, t);
		struct kymo_selected got;

		append(feed, t);
		assert_int_equal(source->select(source->of, &what, &got, NULL),
		    0);
		assert_int_equal(got.series_cnt, t < 950);
		source->done(source->of, &got);
		what = ask(&late, 1, t - 50, t);
		assert_int_equal(source->select(source->of, &what, &got, NULL),
		    0);
		assert_int_equal(got.series_cnt, t >= 700);
		source->done(source->of, &got);
	}
	kymo_history_delete(history);
}

/* First few, then more new series than have the label, then the other way
   round: whichever way an answer is brought up to date, it is whole, and has
   nothing twice. */
static void
kept_answers_see_many_new(void **state)
{
	static const struct {
		uint32_t even, odd;
	} step[] = { { 3, 2 }, { 1, 5 }, { 3, 200 }, { 200, 3 }, { 0, 300 } };
	struct kymo_history *history = history_new(60000);
	const struct kymo_source *source = kymo_history_source(history);
	struct kymo_feed *feed = kymo_history_feed(history, "f");
	struct kymo_matcher even = { KYMO_MATCH_EQUAL, "even", "yes", NULL };
	struct kymo_history_row rows[720];
	uint32_t even_cnt = 0, cnt = 0;

	(void)state;
	for (uint32_t i = 0; i < sizeof(step) / sizeof(step[0]); i++) {
		struct kymo_select what = ask(&even, 1, i, i + 1);
		struct kymo_selected got;

		for (uint32_t k = 0; k < step[i].even + step[i].odd; k++) {
			char number[16];
			struct kymo_label label[] = { { "__name__", "many" },
				{ "n", number }, { "even",
				k < step[i].even ? "yes" : "" } };

			snprintf(number, sizeof number, "%u", cnt);
			rows[cnt++] = (struct kymo_history_row){
				kymo_labels_make(label, 3), i, NULL, NULL };
		}
		even_cnt += step[i].even;
		assert_int_equal(kymo_feed_append(feed, BEGIN_MS +
		    1000 * ((int64_t)i + 1), rows, cnt), 0);
		assert_int_equal(source->select(source->of, &what, &got, NULL),
		    0);
		assert_int_equal(got.series_cnt, even_cnt);
		source->done(source->of, &got);
	}
	while (cnt-- > 0)
		free((void *)(uintptr_t)rows[cnt].labels);
	kymo_history_delete(history);
}

static void
limits_are_errors(void **state)
{
	struct kymo_history *history = history_new(0);
	const struct kymo_source *source = kymo_history_source(history);
	struct kymo_select what = ask(named, 1, 0, 100);
	struct kymo_selected got;
	struct kymo_error error;

	(void)state;
	for (uint32_t t = 1; t < 5; t++)
		append(kymo_history_feed(history, "f"), t);
	what.series_max = 10;
	assert_int_equal(source->select(source->of, &what, &got, &error), -1);
	assert_non_null(strstr(error.text, "series"));
	what.series_max = 11;
	what.samples_max = 42;
	assert_int_equal(source->select(source->of, &what, &got, &error), -1);
	assert_non_null(strstr(error.text, "samples"));
	what.samples_max = 43;
	assert_int_equal(source->select(source->of, &what, &got, &error), 0);
	source->done(source->of, &got);
	kymo_history_delete(history);
}

static uint32_t
samples_in(struct kymo_history *history, const char *n, int64_t from,
    int64_t to, double *last)
{
	const struct kymo_source *source = kymo_history_source(history);
	struct kymo_matcher one = { KYMO_MATCH_EQUAL, "n", n, NULL };
	struct kymo_select what = ask(&one, 1, from, to);
	struct kymo_selected got;
	uint32_t cnt = 0;

	assert_int_equal(source->select(source->of, &what, &got, NULL), 0);
	assert_true(got.series_cnt <= 1);
	if (got.series_cnt == 1) {
		cnt = got.series[0].cnt;
		*last = got.series[0].value[cnt - 1];
	}
	source->done(source->of, &got);
	return cnt;
}

static void
times_never_go_back(void **state)
{
	struct kymo_history *history = history_new(0);
	struct kymo_feed *feed = kymo_history_feed(history, "f");
	struct kymo_history_stats stats;
	double last;

	(void)state;
	for (uint32_t t = 100; t < 200; t++)
		append(feed, t);
	append(feed, 199); /* the same, and a little back: left out */
	append(feed, 195);
	kymo_history_stats(history, &stats);
	assert_int_equal(stats.late_cnt, 2);
	assert_int_equal(stats.segment, 0);
	append(feed, 150);
	append(feed, 151);
	kymo_history_stats(history, &stats);
	assert_int_equal(stats.segment, 1);
	assert_int_equal(samples_in(history, "3", 0, 1000, &last), 2);
	assert_true(last == 151 * 1.5);
	kymo_history_delete(history);
}

/* A group of rules gets another name: its series go on under the same labels. */
static void
labels_go_from_feed_to_feed(void **state)
{
	struct kymo_history *history = history_new(0);
	struct kymo_feed *a = kymo_history_feed(history, "a");
	struct kymo_feed *b = kymo_history_feed(history, "b");
	struct kymo_history_stats stats;
	double last;

	(void)state;
	assert_ptr_equal(kymo_history_feed(history, "a"), a);
	for (uint32_t t = 1; t <= 10; t++)
		append(a, t);
	append(b, 10); /* a has them now */
	kymo_history_stats(history, &stats);
	assert_int_equal(stats.twice_cnt, 10);
	assert_int_equal(kymo_feed_end(a, BEGIN_MS + 11000), 0);
	for (uint32_t t = 12; t <= 20; t++)
		append(b, t);
	assert_int_equal(samples_in(history, "3", 0, 1000, &last), 20);
	assert_true(last == 20 * 1.5);
	kymo_history_delete(history);
}

struct reading {
	struct kymo_history *history;
	uint32_t stop;
};

static void *
reader(void *of)
{
	struct reading *reading = of;
	const struct kymo_source *source =
	    kymo_history_source(reading->history);

	while (kyi_load_u32_relaxed(&reading->stop) == 0) {
		struct kymo_select what = ask(named, 1, 0, STEPS);
		struct kymo_selected got;

		assert_int_equal(source->select(source->of, &what, &got, NULL),
		    0);
		for (uint32_t i = 0; i < got.series_cnt; i++)
			assert_samples(&got.series[i], 0, STEPS);
		source->done(source->of, &got);
	}
	return NULL;
}

static void
readers_see_whole_samples_while_they_come_in(void **state)
{
	struct reading reading = { history_new(100000), 0 };
	struct kymo_feed *feed = kymo_history_feed(reading.history, "f");
	pthread_t threads[2];

	(void)state;
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, reader,
		    &reading), 0);
	for (uint32_t t = 1; t < STEPS; t++)
		append(feed, t);
	kyi_store_u32_relaxed(&reading.stop, 1);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	kymo_history_delete(reading.history);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(windows_show_what_came_in),
		cmocka_unit_test(matchers_find_what_they_say),
		cmocka_unit_test(kept_answers_are_brought_up_to_date),
		cmocka_unit_test(kept_answers_see_many_new),
		cmocka_unit_test(limits_are_errors),
		cmocka_unit_test(times_never_go_back),
		cmocka_unit_test(labels_go_from_feed_to_feed),
		cmocka_unit_test(readers_see_whole_samples_while_they_come_in),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
