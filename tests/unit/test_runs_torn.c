/* SPDX-License-Identifier: MIT */
/* Goal: of a run that was killed all counts that is whole, and nothing else; one
   behind it is read as if it stood alone, and is put where it can be.
   Method: a file cut at each byte. */
#include "tests/testlib/testlib.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/testlib/made_runs.h"

/* Of a look that counts all is there, of another nothing. */
static void
values_are_of_looks(const struct kymo_runs *runs)
{
	for (uint32_t i = 0; i < runs->series_cnt; i++)
		assert_true(runs->series[i].value_cnt == 0 ||
		    runs->series[i].value_cnt == runs->look_cnt);
}

static void
test_a_file_that_is_cut_counts_up_to_there(void **state)
{
	static const double factors[] = { 1 };
	struct kymo_buffer bytes = { 0 };
	struct kymo_error error;

	(void)state;
	run(&bytes, factors, 1, 2);
	for (size_t len = 0; len < bytes.len_bytes; len++) {
		/* The very bytes: what lies behind them is not ours. */
		char *cut = malloc(len + 1);
		struct kymo_runs *runs = NULL;

		assert_non_null(cut);
		memcpy(cut, bytes.at, len);
		if (kymo_runs_read(&runs, cut, len, "cut", &error) == 0) {
			assert_int_equal(runs->run_cnt, 1);
			assert_true(runs->look_cnt <= 3);
			assert_int_equal(runs->ends[0].wall_ns == 0,
			    runs->ends[0].at_ns == 0);
			values_are_of_looks(runs);
		} else {
			assert_true(len < 50);
			assert_null(runs);
		}
		kymo_runs_free(runs);
		free(cut);
	}
	kymo_buffer_free(&bytes);
}

/* As of --append behind a run that was killed, before such tails were cut. */
static void
test_a_run_behind_one_that_is_cut_is_whole(void **state)
{
	static const double factors[] = { 1 };
	struct kymo_buffer bytes = { 0 }, both = { 0 };

	(void)state;
	run(&bytes, factors, 1, 2);
	for (size_t len = 1; len < bytes.len_bytes; len++) {
		struct kymo_runs *runs, *alone = NULL;
		struct kymo_error error;
		uint32_t look_cnt = 0;

		if (kymo_runs_read(&alone, bytes.at, len, "cut", &error) == 0)
			look_cnt = alone->look_cnt;
		kymo_buffer_add(&both, bytes.at, len);
		kymo_buffer_add(&both, bytes.at, bytes.len_bytes);
		runs = read_runs(&both, both.len_bytes);
		assert_int_equal(runs->look_cnt, look_cnt + 3);
		assert_int_equal(runs->run_cnt, alone ? 2 : 1);
		assert_int_equal(runs->cut, alone ? alone->cut : true);
		assert_int_equal(runs->ends[runs->run_cnt - 1].status, 3);
		values_are_of_looks(runs);
		kymo_runs_free(alone);
		kymo_runs_free(runs);
		kymo_buffer_free(&both);
	}
	kymo_buffer_free(&bytes);
}

static void
file_fill(int fd, const void *bytes, size_t len_bytes)
{
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(pwrite(fd, bytes, len_bytes, 0), len_bytes);
}

static void
test_what_is_whole_is_kept_where_another_is_appended(void **state)
{
	static const double factors[] = { 1 };
	int fd = memfd_create("runs", MFD_CLOEXEC);
	struct kymo_buffer bytes = { 0 };
	struct kymo_error error;
	uint64_t whole_bytes, before_bytes = 0;
	size_t first_bytes;

	(void)state;
	assert_true(fd >= 0);
	run(&bytes, factors, 1, 2);
	first_bytes = bytes.len_bytes;
	run(&bytes, factors, 1, 1);
	for (size_t len = 0; len <= bytes.len_bytes; len++) {
		struct kymo_runs *runs = NULL, *whole = NULL;

		file_fill(fd, bytes.at, len);
		assert_int_equal(kymo_runs_whole(fd, "f", &whole_bytes, &error), 0);
		assert_true(whole_bytes <= len && whole_bytes >= before_bytes);
		before_bytes = whole_bytes;
		if (len == first_bytes || len == bytes.len_bytes)
			assert_int_equal(whole_bytes, len);
		if (whole_bytes == 0)
			continue;
		/* As much is read of it, and there it ends well. */
		runs = read_runs(&bytes, len);
		whole = read_runs(&bytes, whole_bytes);
		assert_int_equal(runs->look_cnt, whole->look_cnt);
		assert_int_equal(runs->run_cnt, whole->run_cnt);
		assert_false(whole->cut);
		kymo_runs_free(runs);
		kymo_runs_free(whole);
	}
	kymo_buffer_free(&bytes);
	close(fd);
}

static void
test_nothing_is_appended_to_what_is_no_run(void **state)
{
	static const struct {
		const char *bytes;
		size_t len_bytes;
	} rows[] = {
		{ "hello", 5 }, { "\x84", 1 }, { "\x81\xa4kymo\x01", 7 },
		{ "\x82\xa4kymo\x01\xa1x\xd9", 10 },
		{ "\x81\xa8kymo_run\x01\x00\x00\x00", 14 },
		{ "\x81\xa8kymo_run\x01hello", 16 },
		{ "\x81\xa8kymo_run\xc1", 11 },
	};
	int fd = memfd_create("runs", MFD_CLOEXEC);

	(void)state;
	assert_true(fd >= 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct kymo_error error = { "" };
		uint64_t whole_bytes;
		bool head = rows[i].len_bytes == 1; /* may become one */

		file_fill(fd, rows[i].bytes, rows[i].len_bytes);
		assert_int_equal(kymo_runs_whole(fd, "f", &whole_bytes, &error),
		    head ? 0 : -1);
		if (!head && !strstr(error.text, "no run"))
			fail_msg("row %zu: %s", i, error.text);
	}
	close(fd);
}

static void
test_what_is_said_is_no_beginning_of_a_run(void **state)
{
	static const char *const command[] = { "a\xff", "\x81\xa8kymo_run\x01",
	    NULL };
	struct kymo_buffer bytes = { 0 };
	struct made made = { .at_ns = 1000 };
	struct kymo_runs *runs;

	(void)state;
	kymo_run_begin(&bytes, 1, command, command[1]);
	look(&bytes, &made);
	kymo_run_phase(&bytes, 2, command[1]);
	look(&bytes, &made);
	runs = read_runs(&bytes, bytes.len_bytes);
	assert_int_equal(runs->run_cnt, 1);
	assert_int_equal(runs->look_cnt, 2);
	assert_false(runs->cut);
	assert_non_null(strstr(runs->looks[1].phase, "kymo_run"));
	kymo_runs_free(runs);
	kymo_buffer_free(&bytes);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_file_that_is_cut_counts_up_to_there),
		cmocka_unit_test(test_a_run_behind_one_that_is_cut_is_whole),
		cmocka_unit_test(test_what_is_whole_is_kept_where_another_is_appended),
		cmocka_unit_test(test_nothing_is_appended_to_what_is_no_run),
		cmocka_unit_test(test_what_is_said_is_no_beginning_of_a_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
