/* SPDX-License-Identifier: MIT */
/* Goal: a filter shows what it says, and its text is read or refused.
   Method: rows of globs and of texts. */
#include "tests/testlib/testlib.h"

#include "reader/export/export.h"

static void
test_globs_match_whole_names(void **state)
{
	static const struct {
		const char *glob, *name;
		enum kymo_metric_kind kind;
		bool shown;
	} rows[] = {
		{ "http_requests", "http_requests", KYMO_METRIC_COUNTER, true },
		{ "http_requests_total", "http_requests", KYMO_METRIC_COUNTER,
		    true },
		{ "http_requests_total", "http_requests", KYMO_METRIC_GAUGE,
		    false },
		{ "build_info", "build", KYMO_METRIC_INFO, true },
		{ "status_info", "status", KYMO_METRIC_TEXT, true },
		{ "http", "http_requests", KYMO_METRIC_COUNTER, false },
		{ "http_*", "http_requests", KYMO_METRIC_COUNTER, true },
		{ "*requests", "http_requests", KYMO_METRIC_GAUGE, true },
		{ "*re*es*s", "http_requests", KYMO_METRIC_GAUGE, true },
		{ "*re*es*t", "http_requests", KYMO_METRIC_GAUGE, false },
		{ "*", "x", KYMO_METRIC_GAUGE, true },
		{ "**", "x", KYMO_METRIC_GAUGE, true },
		{ "", "x", KYMO_METRIC_GAUGE, false },
		{ "?", "x", KYMO_METRIC_GAUGE, true },
		{ "??", "x", KYMO_METRIC_GAUGE, false },
		{ "h??p*", "http_requests", KYMO_METRIC_GAUGE, true },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct kymo_filter filter = { .names = &rows[i].glob,
		    .name_cnt = 1 };
		const struct kymo_family_scan family = { .name = rows[i].name,
		    .kind = rows[i].kind };

		if (kymo_filter_family(&filter, &family) != rows[i].shown)
			fail_msg("%s %s", rows[i].glob, rows[i].name);
	}
}

static void
test_labels_are_compared_and_a_missing_one_is_empty(void **state)
{
	static const struct {
		const char *text;
		bool shown;
	} rows[] = {
		{ "method=GET", true },
		{ "method=G?T", true },
		{ "method=P*", false },
		{ "method!=GET", false },
		{ "method!=POST", true },
		{ "method=\"GET\"", true },
		{ "method='GET'", true },
		{ "none=", true },
		{ "none!=", false },
		{ "none=*", true },
		{ "none=?", false },
		{ "name=caf?", true }, /* one character, two bytes */
		{ "name=caf??", false },
		{ "name=c*", true },
	};
	static const struct kymo_label labels[] = {
		{ "method", "GET" }, { "name", "caf\xc3\xa9" },
	};
	static const struct kymo_series series = { .labels = labels,
	    .label_cnt = 2 };
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct kymo_filter_label label;
		struct kymo_filter filter = { .labels = &label,
		    .label_cnt = 1 };
		struct kymo_error error;
		char text[64];

		strcpy(text, rows[i].text);
		assert_int_equal(kymo_filter_label_parse(&label, text, &error),
		    0);
		if (kymo_filter_series(&filter, &series) != rows[i].shown)
			fail_msg("%s", rows[i].text);
	}
	assert_true(kymo_filter_series(NULL, &series));
}

static void
test_what_is_no_label_filter_is_refused_with_what_to_write(void **state)
{
	static const char *const rows[] = {
		"", "=", "=x", "key", "key!", "key!x", "key~=x", "1key=x",
		"a b=c", "key=\"open", "key='", "k\xc3\xa9y=x",
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct kymo_filter_label label;
		struct kymo_error error = { "" };
		char text[64];

		strcpy(text, rows[i]);
		assert_int_equal(kymo_filter_label_parse(&label, text, &error),
		    -1);
		assert_true(strlen(error.text) > 10);
	}
}

/* Without care a row of stars costs exponential time. */
static void
test_many_stars_cost_little(void **state)
{
	char text[2001], pattern[201];
	struct kymo_filter_label label = { "a", pattern, false };
	const struct kymo_filter filter = { .labels = &label, .label_cnt = 1 };
	struct kymo_label value = { "a", text };
	const struct kymo_series series = { .labels = &value, .label_cnt = 1 };
	size_t i;

	memset(text, 'a', 2000);
	text[2000] = '\0';
	for (i = 0; i < 200; i += 2)
		memcpy(pattern + i, "*a", 2);
	strcpy(pattern + 199, "b");
	assert_false(kymo_filter_series(&filter, &series));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_globs_match_whole_names),
		cmocka_unit_test(
		    test_labels_are_compared_and_a_missing_one_is_empty),
		cmocka_unit_test(
		    test_what_is_no_label_filter_is_refused_with_what_to_write),
		cmocka_unit_test(test_many_stars_cost_little),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
