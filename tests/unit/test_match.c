/* SPDX-License-Identifier: MIT */
#include "tests/testlib/testlib.h"

#include "reader/history/samples.h"

static void
a_matcher_takes_what_its_sign_says(void **state)
{
	static const struct {
		enum kymo_match match;
		const char *value, *of;
		bool matches;
	} rows[] = {
		{ KYMO_MATCH_EQUAL, "a", "a", true },
		{ KYMO_MATCH_EQUAL, "a", "ab", false },
		{ KYMO_MATCH_EQUAL, "", "", true },
		{ KYMO_MATCH_NOT_EQUAL, "a", "a", false },
		{ KYMO_MATCH_NOT_EQUAL, "a", "", true },
		{ KYMO_MATCH_REGEX, "a.", "ab", true },
		{ KYMO_MATCH_REGEX, "a.", "a", false },
		{ KYMO_MATCH_NOT_REGEX, "a.", "ab", false },
		{ KYMO_MATCH_NOT_REGEX, "a.", "", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct kymo_matcher matcher = { rows[i].match, "x",
			rows[i].value, NULL };

		if (rows[i].match >= KYMO_MATCH_REGEX)
			assert_int_equal(kymo_regex_new(&matcher.regex,
			    rows[i].value, NULL), 0);
		assert_int_equal(kymo_matcher_match(&matcher, rows[i].of),
		    rows[i].matches);
		kymo_regex_delete(matcher.regex);
	}
}

static void
all_matchers_must_hold_and_a_label_not_there_is_empty(void **state)
{
	static const struct kymo_label pairs[] = { { "__name__", "up" },
		{ "job", "x" } };
	static const struct {
		struct kymo_matcher matchers[2];
		bool matches;
	} rows[] = {
		{ { { KYMO_MATCH_EQUAL, "job", "x", NULL },
		    { KYMO_MATCH_EQUAL, "__name__", "up", NULL } }, true },
		{ { { KYMO_MATCH_EQUAL, "job", "x", NULL },
		    { KYMO_MATCH_EQUAL, "host", "", NULL } }, true },
		{ { { KYMO_MATCH_EQUAL, "job", "x", NULL },
		    { KYMO_MATCH_NOT_EQUAL, "host", "", NULL } }, false },
		{ { { KYMO_MATCH_EQUAL, "job", "y", NULL },
		    { KYMO_MATCH_EQUAL, "__name__", "up", NULL } }, false },
	};
	struct kymo_labels *labels = kymo_labels_make(pairs, 2);

	(void)state;
	assert_non_null(labels);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		assert_int_equal(kymo_matchers_match(rows[i].matchers, 2,
		    labels), rows[i].matches);
	assert_true(kymo_matchers_match(NULL, 0, labels));
	free(labels);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_matcher_takes_what_its_sign_says),
		cmocka_unit_test(
		    all_matchers_must_hold_and_a_label_not_there_is_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
