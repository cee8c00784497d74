/* SPDX-License-Identifier: MIT */
/* What is kept in the database is what memory had. */
#include <pthread.h>

#include "shm/atomic.h"
#include "tests/testlib/history.h"

#include <dirent.h>

/* ---- tests ------------------------------------------------------------------------ */

static void
what_left_memory_is_read_from_frames(void **state)
{
	struct kymo_history_stats stats;
	struct both both;

	(void)state;
	both_new(&both);
	for (uint32_t t = 0; t < 400; t += 40) {
		append(&both, t + 1, t + 40);
		assert_both(&both, t + 40);
	}
	stats_of(&both, &stats);
	assert_true(stats.storing && stats.error_cnt == 0);
	assert_in_range(stats.frame_cnt, 17, 20);
	assert_in_range(stats.journal_cnt, 1, 8);
	assert_true(stats.stored_bytes > 0);
	assert_true(stats.oldest_ms > BEGIN_MS + 300000);
	assert_string_equal(said, "");
	both_delete(&both);
}

static void
a_restart_shows_the_same(void **state)
{
	struct kymo_history_stats stats;
	struct both both;

	(void)state;
	both_new(&both);
	for (uint32_t t = 0; t < 300; t += 37) {
		append(&both, t + 1, t + 37);
		reopen(&both);
		assert_string_equal(said, "");
		/* The last minute is in memory again. */
		stats_of(&both, &stats);
		assert_int_equal(stats.newest_ms, BEGIN_MS + (t + 37) * 1000);
		assert_true(stats.oldest_ms <= BEGIN_MS +
		    (t > 60 ? t - 23 : 1) * 1000);
		assert_int_equal(stats.lost_ms, 0);
		assert_both(&both, t + 37);
	}
	both_delete(&both);
}

/* A flush leaves nothing in the journal. */
static void
a_flush_makes_frames_of_all(void **state)
{
	struct kymo_history_stats stats;
	struct both both;

	(void)state;
	both_new(&both);
	append(&both, 1, 33);
	assert_int_equal(kymo_history_flush(both.stored, NULL), 0);
	stats_of(&both, &stats);
	assert_int_equal(stats.journal_cnt, 0);
	append(&both, 34, 50);
	reopen(&both);
	assert_both(&both, 50);
	both_delete(&both);
}

static uint32_t
descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	uint32_t cnt = 0;

	assert_non_null(folder);
	while (readdir(folder) != NULL)
		cnt++;
	closedir(folder);
	return cnt;
}

/* A select that reads the file keeps a connection for the next one. */
static void
what_never_left_memory_is_not_read_from_the_file(void **state)
{
	struct both both;
	uint32_t before;

	(void)state;
	both_new(&both);
	append(&both, 1, 50);
	before = descriptors();
	assert_both(&both, 50);
	assert_int_equal(descriptors(), before);
	append(&both, 51, 200);
	assert_both(&both, 200);
	assert_true(descriptors() > before);
	reopen(&both);
	before = descriptors();
	assert_both(&both, 200);
	assert_true(descriptors() > before);
	both_delete(&both);
}

/* ---- clocks ------------------------------------------------------------------------- */

static uint32_t
values_in(struct kymo_history *history, int64_t from, int64_t to,
    double *value, uint32_t room)
{
	const struct kymo_source *source = kymo_history_source(history);
	struct kymo_matcher one = { KYMO_MATCH_EQUAL, "n", "2", NULL };
	struct kymo_select what = ask(from, to);
	struct kymo_selected got;
	uint32_t cnt = 0;

	what.matchers = &one;
	assert_int_equal(source->select(source->of, &what, &got, NULL), 0);
	assert_in_range(got.series_cnt, 0, 1);
	for (uint32_t i = 0; got.series_cnt == 1 && i < got.series[0].cnt; i++)
		if (!kymo_is_stale(got.series[0].value[i]) && cnt < room) {
			assert_true(i == 0 || got.series[0].at_ms[i] >
			    got.series[0].at_ms[i - 1]);
			value[cnt++] = got.series[0].value[i];
		}
	source->done(source->of, &got);
	return cnt;
}

/* Seconds 1 to 200, then the clock is 100 less: 201 is at 101. */
static void
a_clock_set_back_shows_the_later_pass(void **state)
{
	struct both both;
	double value[400];

	(void)state;
	both_new(&both);
	for (uint32_t t = 1; t <= 400; t++) {
		append_at(both.stored, t, BEGIN_MS +
		    (t <= 200 ? t : t - 100) * INT64_C(1000));
		work(&both);
	}
	for (int again = 0; again < 2; again++) {
		uint32_t cnt = values_in(both.stored, 0, 300, value, 400);

		assert_int_equal(cnt, 300);
		for (uint32_t i = 0; i < cnt; i++)
			assert_true(value[i] ==
			    (i < 100 ? i + 1 : i + 101) * 1.25);
		reopen(&both);
	}
	both_delete(&both);
}

/* The clock jumps a year ahead for a minute, and back. */
static void
a_clock_that_was_ahead_leaves_the_rest(void **state)
{
	struct kymo_history_stats stats;
	struct both both;
	double value[400];
	uint32_t cnt;

	(void)state;
	both_new(&both);
	for (uint32_t t = 1; t <= 300; t++) {
		append_at(both.stored, t, BEGIN_MS + t * INT64_C(1000) +
		    (t > 100 && t <= 160 ? INT64_C(31536000000) : 0));
		work(&both);
	}
	reopen(&both);
	/* The last minute is in memory, not what is later by that clock. */
	stats_of(&both, &stats);
	assert_int_equal(stats.newest_ms, BEGIN_MS + 300000);
	assert_true(stats.oldest_ms <= BEGIN_MS + 241000);
	cnt = values_in(both.stored, 0, 300, value, 400);
	assert_int_equal(cnt, 240);
	for (uint32_t i = 0; i < cnt; i++)
		assert_true(value[i] == (i < 100 ? i + 1 : i + 61) * 1.25);
	both_delete(&both);
}

/* The clock is an hour ahead at the start, and set right then. */
static void
a_clock_that_was_ahead_at_first_hides_nothing(void **state)
{
	struct both both;
	double value[400];
	uint32_t cnt;

	(void)state;
	both_new(&both);
	for (uint32_t t = 1; t <= 300; t++) {
		append_at(both.stored, t, BEGIN_MS + t * INT64_C(1000) +
		    (t <= 60 ? 3600000 : 0));
		work(&both);
	}
	for (int again = 0; again < 2; again++) {
		cnt = values_in(both.stored, 0, 300, value, 400);
		assert_int_equal(cnt, 240);
		for (uint32_t i = 0; i < cnt; i++)
			assert_true(value[i] == (i + 61) * 1.25);
		reopen(&both);
	}
	both_delete(&both);
}

/* A series of f, of g, and of f again; f goes on all the time. */
static void
append_by(struct both *both, const char *feed, uint32_t t, bool has_it)
{
	struct kymo_history_row rows[] = {
		{ .labels = labels[0], .value = t },
		{ .labels = labels[2], .value = t } };
	bool f = strcmp(feed, "f") == 0;

	assert_int_equal(kymo_feed_append(kymo_history_feed(both->stored,
	    feed), BEGIN_MS + t * INT64_C(1000) + !f, f ? rows : rows + 1,
	    f ? 1 + has_it : has_it), 0);
}

static void
a_series_may_go_to_another_feed_and_come_back(void **state)
{
	struct both both;
	double value[200];

	(void)state;
	both_new(&both);
	for (uint32_t t = 1; t <= 400; t++) {
		append_by(&both, "f", t, t <= 40 || (t > 81 && t <= 100));
		if (t > 40)
			append_by(&both, "g", t, t > 50 && t <= 80);
		work(&both);
		if (t < 100 || t % 100 != 0)
			continue;
		/* In memory; in part; in frames alone. */
		assert_int_equal(values_in(both.stored, 1, 101, value, 200),
		    88);
		for (uint32_t i = 0; i < 88; i++)
			assert_true(value[i] == i + (i < 39 ? 2 : i < 69 ? 12 :
			    13));
	}
	both_delete(&both);
}

static void
limits_hold_for_what_is_read(void **state)
{
	struct both both;
	struct kymo_select what = ask(0, 200);
	struct kymo_selected got;
	struct kymo_error error;
	const struct kymo_source *source;

	(void)state;
	both_new(&both);
	append(&both, 1, 200);
	source = kymo_history_source(both.stored);
	what.series_max = SERIES - 1;
	assert_int_equal(source->select(source->of, &what, &got, &error), -1);
	assert_non_null(strstr(error.text, "series"));
	what.series_max = SERIES;
	what.samples_max = 1000;
	assert_int_equal(source->select(source->of, &what, &got, &error), -1);
	assert_non_null(strstr(error.text, "samples"));
	what.samples_max = 1000000;
	what.bytes_max = 1000;
	assert_int_equal(source->select(source->of, &what, &got, &error), -1);
	assert_string_equal(error.text,
	    "samples need more than 1000 bytes of memory");
	both_delete(&both);
}

static bool
enough(void *of, struct kymo_error *error)
{
	int *left = of;

	if ((*left)-- > 0)
		return false;
	kymo_error_set(error, "enough");
	return true;
}

/* Whoever asks may give up wherever a select is, and ask again. */
static void
a_select_is_given_up_anywhere(void **state)
{
	struct both both;
	struct kymo_select what = ask(0, 400);
	struct kymo_selected got;
	struct kymo_error error;
	const struct kymo_source *source;
	int given_up_cnt = 0, left = 0;

	(void)state;
	both_new(&both);
	append(&both, 1, 400);
	source = kymo_history_source(both.stored);
	what.give_up = enough;
	what.give_up_of = &left;
	while (source->select(source->of, &what, &got, &error) != 0) {
		assert_string_equal(error.text, "enough");
		left = ++given_up_cnt;
	}
	source->done(source->of, &got);
	assert_true(given_up_cnt > 10);
	assert_window(both.stored, both.memory, 0, 400);
	both_delete(&both);
}

/* ---- threads ------------------------------------------------------------------------ */

struct working {
	struct kymo_history *history;
	uint32_t stop, at_s;
};

static void *
steps(void *of)
{
	struct working *working = of;

	while (kyi_load_u32_relaxed(&working->stop) == 0)
		kymo_history_step(working->history, SECOND_NS *
		    kyi_load_u32_relaxed(&working->at_s));
	return NULL;
}

static void *
reads(void *of)
{
	struct working *working = of;
	double value[400];

	while (kyi_load_u32_relaxed(&working->stop) == 0) {
		uint32_t at_s = kyi_load_u32_relaxed(&working->at_s);
		uint32_t cnt = values_in(working->history, 0, at_s, value, 400);

		assert_int_equal(cnt, at_s);
		for (uint32_t i = 0; i < cnt; i++)
			assert_true(value[i] == (i + 1) * 1.25);
	}
	return NULL;
}

/* Whatever is written, merged or let go meanwhile, a select has all. */
static void
readers_miss_nothing_while_it_is_merged(void **state)
{
	struct both both;
	struct working working = { .stop = 0 };
	pthread_t threads[3];

	(void)state;
	both_new(&both);
	working.history = both.stored;
	for (int i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&threads[i], NULL,
		    i == 0 ? steps : reads, &working), 0);
	for (uint32_t t = 1; t < 400; t++) {
		append_at(both.stored, t, BEGIN_MS + t * INT64_C(1000));
		kyi_store_u32_relaxed(&working.at_s, t);
		/* Not so fast that what waits for the disk has to go. */
		usleep(500);
	}
	kyi_store_u32_relaxed(&working.stop, 1);
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	both_delete(&both);
}

#define ROW(test) cmocka_unit_test_setup_teardown(test, testlib_setup, \
	testlib_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ROW(what_left_memory_is_read_from_frames),
		ROW(a_restart_shows_the_same),
		ROW(a_flush_makes_frames_of_all),
		ROW(what_never_left_memory_is_not_read_from_the_file),
		ROW(readers_miss_nothing_while_it_is_merged),
		ROW(a_clock_set_back_shows_the_later_pass),
		ROW(a_clock_that_was_ahead_leaves_the_rest),
		ROW(a_clock_that_was_ahead_at_first_hides_nothing),
		ROW(a_series_may_go_to_another_feed_and_come_back),
		ROW(limits_hold_for_what_is_read),
		ROW(a_select_is_given_up_anywhere),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
