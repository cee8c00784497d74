/* SPDX-License-Identifier: MIT */
/* Goal: times, durations, limits and escaped names are what Prometheus reads;
   nothing else is.
   Method: rows of texts. */
#include "tests/testlib/testlib.h"

#include "reader/serve/param.h"

#define CNT(rows) (sizeof(rows) / sizeof(rows[0]))

static void
test_times_are_unix_or_rfc3339(void **state)
{
	static const struct {
		const char *text;
		bool good;
		int64_t ms;
	} rows[] = {
		{ "0", true, 0 },
		{ "1435781451.781", true, 1435781451781 },
		{ "1435781451.7814", true, 1435781451781 },
		{ "-1.5", true, -1500 },
		{ "1e3", true, 1000000 },
		{ "9223309901257974", true, KYI_TIME_MAX_MS },
		{ "-9223309901257974", true, -KYI_TIME_MAX_MS },
		{ "2015-07-01T20:10:51.781Z", true, 1435781451781 },
		{ "2015-07-01T20:10:51.7819999Z", true, 1435781451781 },
		{ "2015-07-01T22:10:51+02:00", true, 1435781451000 },
		{ "2015-07-01T18:40:51-01:30", true, 1435781451000 },
		{ "1970-01-01T00:00:00Z", true, 0 },
		{ "1969-12-31T23:59:59.5Z", true, -500 },
		{ "2024-02-29T12:00:00Z", true, 1709208000000 },
		{ "2000-02-29T00:00:00Z", true, 951782400000 },
		{ "0001-01-01T00:00:00Z", true, -62135596800000 },
		{ "2023-02-29T00:00:00Z", false, 0 },
		{ "1900-02-29T00:00:00Z", false, 0 },
		{ "2023-13-01T00:00:00Z", false, 0 },
		{ "2023-04-31T00:00:00Z", false, 0 },
		{ "2023-01-01T24:00:00Z", false, 0 },
		{ "2023-01-01T00:00:00", false, 0 },
		{ "2023-01-01T00:00:00.Z", false, 0 },
		{ "2023-01-01T00:00:00Zz", false, 0 },
		{ "2023-01-01 00:00:00Z", false, 0 },
		{ "2023-01-01T00:00:00+2:00", false, 0 },
		{ "", false, 0 },
		{ " 1", false, 0 },
		{ "1 ", false, 0 },
		{ "NaN", false, 0 },
		{ "Inf", false, 0 },
		{ "1e999", false, 0 },
		{ "5m", false, 0 },
	};

	for (size_t i = 0; i < CNT(rows); i++) {
		int64_t ms = 0;

		if (kyi_param_time(&ms, rows[i].text) != rows[i].good ||
		    (rows[i].good && ms != rows[i].ms))
			fail_msg("%s: %lld", rows[i].text, (long long)ms);
	}
}

static void
test_durations_are_seconds_or_units(void **state)
{
	static const struct {
		const char *text;
		bool good;
		int64_t ms;
	} rows[] = {
		{ "15", true, 15000 },
		{ "0.5", true, 500 },
		{ "0.0001", true, 0 },
		{ "-3", true, -3000 },
		{ "1h30m", true, 5400000 },
		{ "250ms", true, 250 },
		{ "0", true, 0 },
		{ "", false, 0 },
		{ "m", false, 0 },
		{ "5m1h", false, 0 },
		{ "-5m", false, 0 },
		{ "1e300", false, 0 },
	};

	for (size_t i = 0; i < CNT(rows); i++) {
		int64_t ms = 0;

		if (kyi_param_duration(&ms, rows[i].text) != rows[i].good ||
		    (rows[i].good && ms != rows[i].ms))
			fail_msg("%s: %lld", rows[i].text, (long long)ms);
	}
}

static void
test_limits_are_whole_numbers(void **state)
{
	static const char *const wrong[] = { "", "-1", "1.5", " 1", "1x",
	    "+1", "9999999999999999999" };
	uint64_t limit = 0;

	assert_true(kyi_param_limit(&limit, "0") && limit == 0);
	assert_true(kyi_param_limit(&limit, "100") && limit == 100);
	for (size_t i = 0; i < CNT(wrong); i++)
		assert_false(kyi_param_limit(&limit, wrong[i]));
}

static void
test_escaped_names_are_names(void **state)
{
	static const struct {
		const char *text, *name; /* NULL: there is no such label */
	} rows[] = {
		{ "job", "job" },
		{ "__name__", "__name__" },
		{ "U__my_2e_label", "my.label" },
		{ "U__a__b", "a_b" },
		{ "U___fc_", "\xc3\xbc" },
		{ "U___1F600_", "\xf0\x9f\x98\x80" },
		{ "U___20ac_x", "\xe2\x82\xacx" },
		{ "U__a_zz_", "U__a_zz_" },
		{ "U__a_2e", "U__a_2e" },
		{ "U___d800_", "U___d800_" },
		{ "U___110000_", "U___110000_" },
		{ "U___0_", "U___0_" },
		{ "a.b", "a.b" },
		{ "", NULL },
		{ "\xff", NULL },
	};

	for (size_t i = 0; i < CNT(rows); i++) {
		struct kymo_buffer name = { 0 };
		bool good = kyi_label_unescape(&name, rows[i].text);

		assert_int_equal(good, rows[i].name != NULL);
		if (good)
			assert_string_equal(name.at, rows[i].name);
		kymo_buffer_free(&name);
	}
}

static void
test_times_are_told_as_go_tells_them(void **state)
{
	static const struct {
		int64_t ms;
		const char *text;
	} rows[] = {
		{ 0, "0001-01-01T00:00:00Z" },
		{ 1435781451781, "2015-07-01T20:10:51.781Z" },
		{ 1435781451780, "2015-07-01T20:10:51.78Z" },
		{ 1435781451700, "2015-07-01T20:10:51.7Z" },
		{ 1435781451000, "2015-07-01T20:10:51Z" },
		{ 1435781451007, "2015-07-01T20:10:51.007Z" },
	};

	for (size_t i = 0; i < CNT(rows); i++) {
		struct kymo_buffer text = { 0 };

		kyi_rfc3339(&text, rows[i].ms);
		assert_string_equal(text.at, rows[i].text);
		kymo_buffer_free(&text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_times_are_unix_or_rfc3339),
		cmocka_unit_test(test_durations_are_seconds_or_units),
		cmocka_unit_test(test_limits_are_whole_numbers),
		cmocka_unit_test(test_escaped_names_are_names),
		cmocka_unit_test(test_times_are_told_as_go_tells_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
