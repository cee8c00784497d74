/* SPDX-License-Identifier: MIT */
/* Goal: a duration is what a person means by it, or is refused.
   Method: rows of texts. */
#include "tests/testlib/testlib.h"

#include "reader/config/config.h"

static void
test_durations_are_read_exactly(void **state)
{
	static const struct {
		const char *text;
		uint64_t ns;
	} rows[] = {
		{ "0s", 0 },
		{ "1ns", 1 },
		{ "250ms", 250000000 },
		{ "15s", 15000000000ull },
		{ "1m", 60000000000ull },
		{ "1h30m", 5400000000000ull },
		{ "1d2h3m4s5ms6us7ns", 93784005006007ull },
		{ "1.5s", 1500000000 },
		{ "0.1s", 100000000 },
		{ "1.000000001s", 1000000001 },
		{ "0.5ns", 0 },
		{ "14d", 1209600000000000ull },
		{ "1y2w", 32745600000000000ull },
		{ "90m", 5400000000000ull },
		{ "007s", 7000000000ull },
		{ "213503d", 18446659200000000000ull },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct kymo_error error = { "" };
		uint64_t ns = 1;

		if (kymo_duration_parse(&ns, rows[i].text, &error) != 0)
			fail_msg("%s: %s", rows[i].text, error.text);
		assert_true(ns == rows[i].ns);
	}
}

static void
test_what_is_no_duration_is_refused(void **state)
{
	static const struct {
		const char *text, *hint;
	} rows[] = {
		{ "", "15s" },
		{ "15", "write 15s or 15ms" },
		{ "s", "15s" },
		{ "1x", "15s" },
		{ "1S", "15s" },
		{ "-1s", "15s" },
		{ "+1s", "15s" },
		{ "1 s", "15s" },
		{ "1s ", "15s" },
		{ "1s1s", "15s" },
		{ "1s1m", "15s" },
		{ "1ms1s", "15s" },
		{ "1.s", "15s" },
		{ ".5s", "15s" },
		{ "1.5.5s", "15s" },
		{ "1e3s", "15s" },
		{ "213504d", "15s" },
		{ "18446744073709551616ns", "15s" },
		{ "99999999999999999999999s", "15s" },
		{ "213503d23h34m34s", "15s" },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct kymo_error error = { "" };
		uint64_t ns;

		assert_int_equal(kymo_duration_parse(&ns, rows[i].text,
		    &error), -1);
		if (strstr(error.text, rows[i].hint) == NULL)
			fail_msg("%s: %s", rows[i].text, error.text);
	}
}

static void
test_sizes_are_read_or_refused(void **state)
{
	static const struct {
		const char *text;
		uint64_t bytes;
		const char *wrong; /* NULL: good */
	} rows[] = {
		{ "0B", 0, NULL },
		{ "100B", 100, NULL },
		{ "512MiB", 536870912, NULL },
		{ "2GiB", 2147483648, NULL },
		{ "1.5GB", 1500000000, NULL },
		{ "1.5KiB", 1536, NULL },
		{ "10kB", 10000, NULL },
		{ "16777215TiB", 18446742974197923840ull, NULL },
		{ "", 0, "512MiB" },
		{ "512", 0, "write 512MiB or 512GiB" },
		{ "512M", 0, "is not a size" },
		{ "5mib", 0, "is not a size" },
		{ "1GiB1MiB", 0, "is not a size" },
		{ "-1B", 0, "is not a size" },
		{ "1.B", 0, "is not a size" },
		{ "16777216TiB", 0, "is not a size" },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct kymo_error error = { "" };
		uint64_t bytes = 1;
		int result = kymo_size_parse(&bytes, rows[i].text, &error);

		if ((result == 0) != (rows[i].wrong == NULL))
			fail_msg("%s: %s", rows[i].text, error.text);
		if (result == 0)
			assert_true(bytes == rows[i].bytes);
		else
			assert_non_null(strstr(error.text, rows[i].wrong));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes_are_read_or_refused),
		cmocka_unit_test(test_durations_are_read_exactly),
		cmocka_unit_test(test_what_is_no_duration_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
