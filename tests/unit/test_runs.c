/* SPDX-License-Identifier: MIT */
/* Goal: a run that was written is read as it was; bytes that are huge, deep or no
   run at all are refused; what was slower is found worse, and what was not is not
   (test_runs_torn.c has files that are cut).
   Method: files made here, with the product's writer and by hand. */
#include "tests/testlib/testlib.h"

#include <math.h>
#include <string.h>

#include "reader/export/unpack.h"
#include "tests/testlib/made_runs.h"

static const struct kymo_run_row *
row_of(const struct kymo_run_diff *diff, const char *name)
{
	for (uint32_t i = 0; i < diff->row_cnt; i++)
		if (strcmp(diff->rows[i].name, name) == 0)
			return &diff->rows[i];
	fail_msg("no row %s", name);
	return NULL;
}

static enum kymo_run_side
more_requests(void *to, const char *name)
{
	(void)to;
	return strcmp(name, "requests") == 0 ? KYMO_RUN_HIGHER :
	    KYMO_RUN_NEITHER;
}

static void
compare(struct kymo_run_diff *diff, const struct kymo_runs *before,
    const struct kymo_run_part *before_part, const struct kymo_runs *after,
    const struct kymo_run_part *after_part)
{
	const struct kymo_run_question question = { .threshold = 0.01,
	    .chance_max = 0.05, .side = more_requests };
	struct kymo_error error = { "" };

	if (kymo_run_diff(diff, before, before_part, after, after_part,
		&question, &error) != 0)
		fail_msg("%s", error.text);
}

/* ---- tests -------------------------------------------------------------------- */

static void
test_a_run_is_read_as_it_was_written(void **state)
{
	static const double factors[] = { 1, 1 };
	struct kymo_buffer bytes = { 0 };
	struct kymo_runs *runs;

	(void)state;
	run(&bytes, factors, 2, 3);
	run(&bytes, factors, 1, 1);
	runs = read_runs(&bytes, bytes.len_bytes);
	assert_int_equal(runs->run_cnt, 2);
	assert_int_equal(runs->look_cnt, 7 + 2);
	assert_int_equal(runs->series_cnt, 4);
	assert_int_equal(runs->ends[1].status, 3);
	assert_int_equal(runs->ends[0].memory_max_bytes, 4096);
	assert_string_equal(runs->looks[3].phase, "warm");
	assert_string_equal(runs->looks[4].phase, "load");
	assert_string_equal(runs->looks[8].phase, "warm");
	assert_string_equal(runs->series[2].labels, "{service=\"a\\\"b\"}");
	assert_int_equal(runs->series[2].exponent, -9);
	assert_int_equal(runs->series[3].values[6].number, 12000);
	assert_int_equal(kymo_hist_count(runs->series[2].values[6].hist), 12000);
	assert_false(runs->cut);
	kymo_runs_free(runs);
	kymo_buffer_free(&bytes);
}

static void
test_each_byte_may_be_another(void **state)
{
	static const double factors[] = { 1 };
	static const unsigned char values[] = { 0, 0x7f, 0x8f, 0x9f, 0xbf, 0xc0,
	    0xc1, 0xc6, 0xc9, 0xcb, 0xcf, 0xd3, 0xd8, 0xdb, 0xdd, 0xdf, 0xff };
	struct kymo_buffer bytes = { 0 };
	struct kymo_error error;

	(void)state;
	run(&bytes, factors, 1, 1);
	for (size_t i = 0; i < bytes.len_bytes; i++) {
		char was = bytes.at[i];

		for (size_t v = 0; v < sizeof(values); v++) {
			struct kymo_runs *runs = NULL;
			const struct kymo_run_part all = { 0 };
			struct kymo_run_diff diff;

			bytes.at[i] = (char)values[v];
			if (kymo_runs_read(&runs, bytes.at, bytes.len_bytes,
				"odd", &error) == 0) {
				compare(&diff, runs, &all, runs, &all);
				kymo_run_diff_free(&diff);
			}
			kymo_runs_free(runs);
		}
		bytes.at[i] = was;
	}
	kymo_buffer_free(&bytes);
}

static void
test_what_is_no_run_is_refused(void **state)
{
#define BEGIN "\x81\xa8kymo_run\x01"
	static const struct {
		const char *what, *bytes;
		size_t len_bytes;
		const char *says;
	} rows[] = {
		{ "nothing", "", 0, "empty" },
		{ "text", "hello", 5, "not msgpack" },
		{ "a look alone", "\x81\xa4kymo\x01", 7, "no run" },
		{ "another version", "\x81\xa8kymo_run\x02", 11, "version" },
		{ "another look", BEGIN "\x81\xa4kymo\x09", 18, "version" },
		{ "an array of 4 billion", BEGIN "\x82\xa4kymo\x01\xa8" "families"
		    "\xdd\xff\xff\xff\xff", 32, NULL },
		{ "a string of 4 GiB", BEGIN "\x81\xdb\xff\xff\xff\xff", 17, NULL },
		{ "a key that is a number", BEGIN "\x81\x05\x05", 14,
		    "not msgpack" },
		{ "never used", BEGIN "\xc1", 12, "not msgpack" },
	};
	char deep[4096];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct kymo_runs *runs = NULL;
		struct kymo_error error = { "" };
		int status = kymo_runs_read(&runs, rows[i].bytes,
		    rows[i].len_bytes, "file", &error);

		if (rows[i].says && (status == 0 ||
			!strstr(error.text, rows[i].says)))
			fail_msg("%s: %d %s", rows[i].what, status, error.text);
		if (!rows[i].says && (status != 0 || !runs->cut))
			fail_msg("%s: %s", rows[i].what, error.text);
		kymo_runs_free(runs);
	}
	/* Arrays in arrays, deeper than any stack would like. */
	memset(deep, 0x91, sizeof(deep));
	memcpy(deep, BEGIN "\x81\xa1x", 14);
	{
		struct kymo_runs *runs = NULL;
		struct kymo_error error = { "" };

		assert_int_equal(kymo_runs_read(&runs, deep, sizeof(deep), "deep",
			&error), 0);
		assert_true(runs->cut);
		kymo_runs_free(runs);
	}
}

static void
test_numbers_of_all_widths_are_read(void **state)
{
	static const struct {
		const char *bytes;
		size_t len_bytes;
		double want;
	} rows[] = {
		{ "\x7f", 1, 127 }, { "\xff", 1, -1 }, { "\xcc\xff", 2, 255 },
		{ "\xcd\x01\x00", 3, 256 }, { "\xd0\x80", 2, -128 },
		{ "\xd1\xff\xfe", 3, -2 }, { "\xd3\xff\xff\xff\xff\xff\xff\xff"
		    "\xfd", 9, -3 },
		{ "\xcf\xff\xff\xff\xff\xff\xff\xff\xff", 9, 0x1p64 },
		{ "\xca\x3f\x80\x00\x00", 5, 1 },
		{ "\xcb\xc0\x00\x00\x00\x00\x00\x00\x00", 9, -2 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct kyi_unpack from = {
			.at = (const unsigned char *)rows[i].bytes,
			.end = (const unsigned char *)rows[i].bytes +
			    rows[i].len_bytes
		};

		if (kyi_unpack_number(&from) != rows[i].want || from.failed ||
		    from.at != from.end)
			fail_msg("row %zu", i);
		from.at = (const unsigned char *)rows[i].bytes;
		kyi_unpack_skip(&from);
		assert_true(from.at == from.end && !from.failed);
	}
}

static void
test_slower_is_worse_and_the_same_is_not(void **state)
{
	static const double usual[] = { 1 }, slower[] = { 1.05 };
	const struct kymo_run_part all = { 0 };
	struct kymo_buffer bytes[3] = { { 0 } };
	struct kymo_runs *runs[3];
	struct kymo_run_diff diff;
	const struct kymo_run_row *row;

	(void)state;
	draw_anew();
	run(&bytes[0], usual, 1, 20);
	run(&bytes[1], usual, 1, 20);
	run(&bytes[2], slower, 1, 20);
	for (int i = 0; i < 3; i++)
		runs[i] = read_runs(&bytes[i], bytes[i].len_bytes);
	compare(&diff, runs[0], &all, runs[1], &all);
	assert_int_equal(row_of(&diff, "latency_seconds")->verdict, KYMO_RUN_SAME);
	assert_int_equal(row_of(&diff, "requests")->verdict, KYMO_RUN_SAME);
	assert_int_equal(row_of(&diff, "depth")->verdict, KYMO_RUN_SAME);
	assert_int_equal(row_of(&diff, "run_wall_seconds")->verdict,
	    KYMO_RUN_UNCLEAR);
	assert_false(diff.units_are_runs);
	kymo_run_diff_free(&diff);
	compare(&diff, runs[0], &all, runs[2], &all);
	row = row_of(&diff, "latency_seconds");
	assert_int_equal(row->verdict, KYMO_RUN_WORSE);
	assert_true(fabs(row->shift.ratio - 1.05) < 0.005);
	assert_true(row->shift.ratio_low < 1.05 && row->shift.ratio_high > 1.05);
	assert_int_equal(row->before_units, 16);
	kymo_run_diff_free(&diff);
	compare(&diff, runs[2], &all, runs[0], &all);
	assert_int_equal(row_of(&diff, "latency_seconds")->verdict,
	    KYMO_RUN_BETTER);
	kymo_run_diff_free(&diff);
	for (int i = 0; i < 3; i++) {
		kymo_runs_free(runs[i]);
		kymo_buffer_free(&bytes[i]);
	}
}

/* As a process' memory: settled when it began, another in the next run. */
static void
test_what_stays_all_through_a_run_says_nothing_of_the_next(void **state)
{
	static const struct {
		int64_t depth;
		uint64_t moves; /* each so many seconds it is one more, and back */
		enum kymo_run_verdict verdict;
	} rows[] = {
		{ 1000, 0, KYMO_RUN_SAME }, { 1030, 0, KYMO_RUN_UNCLEAR },
		{ 1030, 16, KYMO_RUN_UNCLEAR }, { 1030, 3, KYMO_RUN_CHANGED },
	};
	const struct kymo_run_part all = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct kymo_buffer bytes[2] = { { 0 } };
		struct kymo_runs *runs[2];
		struct kymo_run_diff diff;
		const struct kymo_run_row *row;

		for (int s = 0; s < 2; s++) {
			struct made made = { .at_ns = 1000,
			    .depth = s ? rows[i].depth : 1000 };

			kymo_run_begin(&bytes[s], made.at_ns, NULL, NULL);
			look(&bytes[s], &made);
			for (uint64_t k = 1; k <= 32; k++) {
				work(&made, 1, 100);
				if (rows[i].moves && k % rows[i].moves == 0)
					made.depth ^= 1;
				look(&bytes[s], &made);
			}
			runs[s] = read_runs(&bytes[s], bytes[s].len_bytes);
		}
		compare(&diff, runs[0], &all, runs[1], &all);
		row = row_of(&diff, "depth");
		if (row->verdict != rows[i].verdict)
			fail_msg("row %zu: %s, p %g", i,
			    kymo_run_verdict_name(row->verdict), row->chance);
		assert_true(fabs(row->shift.ratio - rows[i].depth / 1000.0) <
		    0.002);
		kymo_run_diff_free(&diff);
		for (int s = 0; s < 2; s++) {
			kymo_runs_free(runs[s]);
			kymo_buffer_free(&bytes[s]);
		}
	}
}

static void
test_phases_and_times_are_compared(void **state)
{
	static const double factors[] = { 1.3, 1, 1.1 };
	static const double others[] = { 1.3, 1.1, 1.1 };
	const struct kymo_run_part load = { .phase = "load" };
	const struct kymo_run_part cool = { .phase = "cool" };
	const struct kymo_run_part early = { .from_s = 20, .to_s = 40 };
	const struct kymo_run_part late = { .from_s = 40 };
	const struct kymo_run_part none = { .phase = "no such" };
	const struct kymo_run_question question = { .threshold = 0.01,
	    .chance_max = 0.05 };
	struct kymo_buffer bytes[2] = { { 0 } };
	struct kymo_runs *runs[2];
	struct kymo_run_diff diff;
	struct kymo_error error = { "" };

	(void)state;
	run(&bytes[0], factors, 3, 20);
	run(&bytes[1], others, 3, 20);
	for (int i = 0; i < 2; i++)
		runs[i] = read_runs(&bytes[i], bytes[i].len_bytes);
	compare(&diff, runs[0], &load, runs[1], &load);
	assert_int_equal(row_of(&diff, "latency_seconds")->verdict,
	    KYMO_RUN_WORSE);
	kymo_run_diff_free(&diff);
	compare(&diff, runs[0], &cool, runs[1], &cool);
	assert_int_equal(row_of(&diff, "latency_seconds")->verdict, KYMO_RUN_SAME);
	kymo_run_diff_free(&diff);
	compare(&diff, runs[0], &early, runs[0], &late);
	assert_int_equal(row_of(&diff, "latency_seconds")->verdict,
	    KYMO_RUN_WORSE);
	kymo_run_diff_free(&diff);
	assert_int_equal(kymo_run_diff(&diff, runs[0], &none, runs[1], &load,
		&question, &error), -1);
	assert_non_null(strstr(error.text, "first"));
	for (int i = 0; i < 2; i++) {
		kymo_runs_free(runs[i]);
		kymo_buffer_free(&bytes[i]);
	}
}

/* Five runs a side, each by up to some percent its own. */
static void
test_what_runs_differ_by_is_no_regression(void **state)
{
	const struct kymo_run_part all = { 0 };
	uint32_t worse_cnt = 0;

	(void)state;
	for (int i = 0; i < 20; i++) {
		struct kymo_buffer bytes[2] = { { 0 } };
		struct kymo_runs *runs[2];
		struct kymo_run_diff diff;

		for (int s = 0; s < 2; s++) {
			for (int r = 0; r < 5; r++) {
				double factor = exp(0.03 * draw_normal());

				run(&bytes[s], &factor, 1, 2);
			}
			runs[s] = read_runs(&bytes[s], bytes[s].len_bytes);
		}
		compare(&diff, runs[0], &all, runs[1], &all);
		assert_true(diff.units_are_runs);
		assert_int_equal(row_of(&diff, "latency_seconds")->after_units, 5);
		worse_cnt += row_of(&diff, "latency_seconds")->verdict ==
		    KYMO_RUN_WORSE;
		kymo_run_diff_free(&diff);
		for (int s = 0; s < 2; s++) {
			kymo_runs_free(runs[s]);
			kymo_buffer_free(&bytes[s]);
		}
	}
	assert_true(worse_cnt <= 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_run_is_read_as_it_was_written),
		cmocka_unit_test(test_each_byte_may_be_another),
		cmocka_unit_test(test_what_is_no_run_is_refused),
		cmocka_unit_test(test_numbers_of_all_widths_are_read),
		cmocka_unit_test(test_slower_is_worse_and_the_same_is_not),
		cmocka_unit_test(
		    test_what_stays_all_through_a_run_says_nothing_of_the_next),
		cmocka_unit_test(test_phases_and_times_are_compared),
		cmocka_unit_test(test_what_runs_differ_by_is_no_regression),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
