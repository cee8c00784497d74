/* SPDX-License-Identifier: MIT */
/* What is too old goes, and nothing else does: whatever the clock says, and
   however many frames there are. */
#include "tests/testlib/history_db.h"

static int
first_s(const struct both *both)
{
	return rows_in(both->path, "SELECT min(from_ms) / 1000 - 1700000000"
	    " FROM frame WHERE tier = 1");
}

/* Seconds from on, below to, by a clock that is so far ahead. */
static void
append_ahead(struct both *both, uint32_t from, uint32_t to, int64_t ahead_ms)
{
	for (uint32_t t = from; t < to; t++) {
		append_at(both->stored, t, BEGIN_MS + t * INT64_C(1000) +
		    ahead_ms);
		work(both);
	}
}

/* A clock that is ahead makes nothing too old, however well it goes; nor does
   it where the machine begins with it. */
static void
a_wrong_clock_drops_nothing(void **state)
{
	struct kymo_history_options more = { .path = NULL };
	const int64_t year_ms = INT64_C(31536000000);
	struct both both;
	int first;

	(void)state;
	tiers_set(&more);
	both_with(&both, &more);
	append(&both, 1, STEADY_S + 200);
	first = first_s(&both);
	append_ahead(&both, 1000, 1000 + STEADY_S + 300, year_ms);
	assert_int_equal(first_s(&both), first);
	assert_non_null(strstr(said, "365.0 days ahead"));
	kymo_history_delete(both.stored);
	both.stored = stored_with(both.path, &more);
	both.mono_ns = 0;
	append_ahead(&both, 3000, 3000 + STEADY_S + 300, 70 * year_ms);
	assert_int_equal(first_s(&both), first);
	assert_non_null(strstr(said, "days ahead"));
	both_delete(&both);
}

/* Two days later, after two hours. */
static void
a_machine_that_was_off_drops_what_is_old(void **state)
{
	struct kymo_history_options more = { .path = NULL };
	const int64_t off_ms = INT64_C(2) * 86400000;
	struct both both;
	int first;

	(void)state;
	tiers_set(&more);
	both_with(&both, &more);
	append(&both, 1, STEADY_S + 200);
	first = first_s(&both);
	kymo_history_delete(both.stored);
	both.stored = stored_with(both.path, &more);
	both.mono_ns = 0;
	for (uint32_t t = 0; t < 3 * 3600; t += 10) {
		append_at(both.stored, t, BEGIN_MS + off_ms +
		    t * INT64_C(1000));
		both.mono_ns += 9 * SECOND_NS;
		work(&both);
		if (t == 3600)
			assert_int_equal(first_s(&both), first);
	}
	assert_true(first_s(&both) > 2 * 86400);
	both_delete(&both);
}

/* More frames than are looked at make one of the next tier, at most. */
static void
many_short_frames_do_not_wait(void **state)
{
	struct kymo_history_options more = { .tiers = {
	    { 1000, 0, 0 }, { 60000, 0, 0 } } };
	struct both both;

	(void)state;
	both_with(&both, &more);
	for (uint32_t t = 1; t < 22000; t += 10) {
		append_at(both.stored, t, BEGIN_MS + t * INT64_C(1000));
		both.mono_ns += 9 * SECOND_NS;
		work(&both);
	}
	assert_true(rows_in(both.path, "SELECT count(*) FROM frame WHERE"
	    " tier = 1") > 1024);
	assert_true(rows_in(both.path, "SELECT count(*) FROM frame WHERE"
	    " tier = 2") > 0);
	both_delete(&both);
}

/* A tier that there is no more: its frames go, the finer ones stay. */
static void
frames_of_a_tier_that_went_go(void **state)
{
	struct kymo_history_options more = { .path = NULL };
	struct both both;

	(void)state;
	tiers_set(&more);
	both_with(&both, &more);
	for (uint32_t t = 1; t < 6000; t += 5) {
		append_at(both.stored, t, BEGIN_MS + t * INT64_C(1000));
		both.mono_ns += 4 * SECOND_NS;
		work(&both);
	}
	assert_true(rows_in(both.path, "SELECT count(*) FROM frame WHERE"
	    " tier = 2") > 0);
	kymo_history_delete(both.stored);
	more.tiers[1] = more.tiers[2] = (struct kymo_history_tier){ 0, 0, 0 };
	both.stored = stored_with(both.path, &more);
	both.mono_ns = 0;
	append_ahead(&both, 6001, 6001 + STEADY_S, 0);
	assert_int_equal(rows_in(both.path, "SELECT count(*) FROM frame WHERE"
	    " tier > 1"), 0);
	assert_true(rows_in(both.path, "SELECT count(*) FROM frame WHERE"
	    " tier = 1") > 0);
	both_delete(&both);
}

#define ROW(test) cmocka_unit_test_setup_teardown(test, testlib_setup, \
	testlib_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ROW(a_wrong_clock_drops_nothing),
		ROW(a_machine_that_was_off_drops_what_is_old),
		ROW(many_short_frames_do_not_wait),
		ROW(frames_of_a_tier_that_went_go),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
