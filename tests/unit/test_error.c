/* SPDX-License-Identifier: MIT */
/* Goal: an error is one printable sentence, whatever was in its arguments.
   Method: rows of arguments and what becomes of them. */
#include "tests/testlib/testlib.h"

#include "reader/error.h"

static void
test_what_is_not_printable_is_replaced(void **state)
{
	static const struct {
		const char *from, *to;
	} rows[] = {
		{ "", "" },
		{ "plain words", "plain words" },
		{ "sch\xc3\xb6n", "sch\xc3\xb6n" },
		{ "two\nlines\ttab", "two?lines?tab" },
		{ "\x1b[31mred", "?[31mred" },
		{ "del\x7f", "del?" },
		{ "c1 \xc2\x9b" "31m", "c1 ??31m" },
		{ "nbsp \xc2\xa0.", "nbsp \xc2\xa0." },
		{ "bad \xff\xfe byte", "bad ?? byte" },
		{ "short \xe2\x82", "short ??" },
		{ "surrogate \xed\xa0\x80.", "surrogate ???." },
	};
	struct kymo_error error;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assert_int_equal(kymo_error_set(&error, "%s", rows[i].from),
		    -1);
		assert_string_equal(error.text, rows[i].to);
	}
}

static void
test_a_long_one_is_cut_between_characters(void **state)
{
	struct kymo_error error;
	char text[1000];
	size_t i, lead;

	/* Whichever byte of the three the cut falls on. */
	for (lead = 0; lead < 3; lead++) {
		memset(text, 'x', lead);
		for (i = lead; i + 3 < sizeof(text); i += 3)
			memcpy(text + i, "\xe2\x82\xac", 3);
		text[i] = '\0';
		kymo_error_set(&error, "%s", text);
		assert_true(strlen(error.text) > sizeof(error.text) - 4);
		assert_int_equal((strlen(error.text) - lead) % 3, 0);
		assert_null(strchr(error.text, '?'));
	}
}

static void
test_nobody_needs_to_want_it(void **state)
{
	assert_int_equal(kymo_error_set(NULL, "%d", 1), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_not_printable_is_replaced),
		cmocka_unit_test(test_a_long_one_is_cut_between_characters),
		cmocka_unit_test(test_nobody_needs_to_want_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
