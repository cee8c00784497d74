/* SPDX-License-Identifier: MIT */
/* Goal: a table fits the terminal, whatever its width, and nothing of a
   program's reaches the terminal raw.
   Method: the scan of testlib at every width, line by line; rows for what
   must be there. (Golden tables are in tests/e2e/page.sh.) */
#include "tests/testlib/testlib.h"

#include <math.h>

#include "reader/export/export.h"
#include "reader/export/grid.h"
#include "tests/testlib/scan.h"

static void
check_lines(const struct kymo_buffer *table, uint32_t width)
{
	const char *at = table->at, *end;
	size_t i;

	for (; *at != '\0'; at = end + 1) {
		end = strchr(at, '\n');
		assert_non_null(end);
		assert_true(kyi_columns(at, (size_t)(end - at)) <= width);
		if (end > at)
			assert_int_not_equal(end[-1], ' ');
		for (i = 0; at + i < end; i++)
			assert_true((unsigned char)at[i] >= 0x20 &&
			    at[i] != 0x7f);
	}
}

static void
test_no_line_is_longer_than_the_width(void **state)
{
	uint32_t width;

	for (width = 24; width <= 220; width++) {
		struct kymo_buffer table = { 0 };

		kymo_export_table(&table, testlib_scan(), NULL, width);
		assert_false(table.failed);
		check_lines(&table, width);
		kymo_buffer_free(&table);
	}
}

static void
test_a_narrow_table_still_says_every_number(void **state)
{
	static const char *const words[] = {
		"count 100", "mean 43 ms", "p50 1.45 us", "p99.9 >4.29 s",
		"12.5/s", "-3", "1.5 ms", "18,446,744,073,709,551,615",
	};
	struct kymo_buffer table = { 0 };
	size_t i;

	kymo_export_table(&table, testlib_scan(), NULL, 36);
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strstr(table.at, words[i]) == NULL)
			fail_msg("no %s in\n%s", words[i], table.at);
	kymo_buffer_free(&table);
}

static void
test_without_a_width_nothing_is_cut(void **state)
{
	struct kymo_buffer table = { 0 };

	kymo_export_table(&table, testlib_scan(), NULL, 0);
	assert_null(strstr(table.at, "..."));
	assert_non_null(strstr(table.at, scan_long));
	assert_non_null(strstr(table.at,
	    "degraded for 2h46m: slow: <script>alert(1)</script>\n"));
	assert_non_null(strstr(table.at,
	    "method=\"quote\" back\\slash new\\x0aline \xe2\x9c\x93"));
	kymo_buffer_free(&table);
}

static void
test_numbers_stand_under_each_other(void **state)
{
	const char *const name = "busy_seconds";
	const struct kymo_filter filter = { .names = &name, .name_cnt = 1 };
	struct kymo_buffer table = { 0 };

	kymo_export_table(&table, testlib_scan(), &filter, 80);
	assert_string_equal(table.at,
	    "busy_seconds  counter  Help of busy_seconds.\n"
	    "  service=shop method=GET         1.5 ms  250 ms/s\n"
	    "  service=shop method=other  213,503d23h     0 s/s\n");
	kymo_buffer_free(&table);
}

static void
test_one_service_is_not_repeated_where_other_labels_say_more(void **state)
{
	static const struct kymo_label labels[][2] = {
		{ { "service", "shop" }, { "code", "200" } },
		{ { "service", "shop" }, { "code", "500" } },
		{ { "service", "bank" }, { "code", "500" } },
	};
	struct kymo_series series[] = {
		{ .labels = labels[0], .label_cnt = 1, .rate = NAN,
		  .value = { .present = true, .is.u = 1 } },
		{ .labels = labels[1], .label_cnt = 2, .rate = NAN,
		  .value = { .present = true, .is.u = 23 } },
	};
	const struct kymo_family_scan family = { .name = "n", .help = "",
		.unit = "", .component = "", .kind = KYMO_METRIC_COUNTER,
		.series = series, .series_cnt = 2 };
	const struct kymo_scan scan = { .families = &family,
		.family_cnt = 1, .series_cnt = 2 };
	struct kymo_buffer table = { 0 };

	kymo_export_table(&table, &scan, NULL, 80);
	assert_string_equal(table.at, "n  counter\n"
	    "  service=shop   1\n"
	    "  code=500      23\n");
	kymo_buffer_free(&table);
	memset(&table, 0, sizeof(table));
	series[1].labels = labels[2];
	kymo_export_table(&table, &scan, NULL, 80);
	assert_string_equal(table.at, "n  counter\n"
	    "  service=shop            1\n"
	    "  service=bank code=500  23\n");
	kymo_buffer_free(&table);
}

static void
test_columns_of_characters(void **state)
{
	static const struct {
		const char *text;
		uint32_t columns;
	} rows[] = {
		{ "", 0 }, { "abc", 3 }, { "caf\xc3\xa9", 4 },
		{ "e\xcc\x81", 1 }, { "\xe6\x97\xa5\xe6\x9c\xac", 4 },
		{ "\xf0\x9f\x98\x80", 2 },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(kyi_columns(rows[i].text,
		    strlen(rows[i].text)), rows[i].columns);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_line_is_longer_than_the_width),
		cmocka_unit_test(test_a_narrow_table_still_says_every_number),
		cmocka_unit_test(test_without_a_width_nothing_is_cut),
		cmocka_unit_test(test_numbers_stand_under_each_other),
		cmocka_unit_test(test_one_service_is_not_repeated_where_other_labels_say_more),
		cmocka_unit_test(test_columns_of_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
