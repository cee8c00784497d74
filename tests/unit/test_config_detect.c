/* SPDX-License-Identifier: MIT */
/* Goal: detection's part of a configuration is what it says, or refused with the
   place and what to write.
   Method: rows of files. */
#include "tests/testlib/testlib.h"

#include <math.h>

#include "reader/config/config.h"

static void
test_a_budget_is_per_series_and_some_time(void **state)
{
	static const struct { const char *text; double week; } rows[] = {
		{ "1 per series per week", 1 },
		{ "1 per series and day", 7 },
		{ "0.5 per series per week", 0.5 },
		{ "2  per  series per month", 14 / 30.0 },
		{ "'3 per series per year'", 21 / 365.0 },
	};

	(void)state;
	for (size_t r = 0; r < sizeof(rows) / sizeof(*rows); r++) {
		struct kymo_config *config;
		struct kymo_error error = { "" };
		char text[100];

		snprintf(text, sizeof(text), "detection: {budget: %s}\n",
		    rows[r].text);
		if (kymo_config_parse(&config, "/k.yaml", text, strlen(text),
		    &error) != 0)
			fail_msg("%s", error.text);
		if (fabs(config->detection.budget_week - rows[r].week) > 1e-9)
			fail_msg("%s: %g", rows[r].text,
			    config->detection.budget_week);
		kymo_config_free(config);
	}
}

static void
test_all_of_it_is_read(void **state)
{
	static const char text[] = "detection: {enabled: false, interval: 30s, "
	    "detectors: 77, scores: all}\n";
	struct kymo_error error = { "" };
	struct kymo_config *config;

	(void)state;
	assert_int_equal(kymo_config_parse(&config, "/k.yaml", text,
	    strlen(text), &error), 0);
	assert_true(config->detection.disabled);
	assert_true(config->detection.interval_ns == 30000000000);
	assert_int_equal(config->detection.detector_max, 77);
	assert_true(config->detection.all_scores);
	assert_true(config->detection.budget_week == 0);
	kymo_config_free(config);
}

static void
test_what_is_wrong_is_told_with_its_place(void **state)
{
	static const struct { const char *text, *told; } rows[] = {
		{ "detection: {budgets: 1}\n", "did you mean 'budget'?" },
		{ "detection: {budget: 1}\n", "/k.yaml:1:21: '1' is no budget; "
		    "write it as 1 per series per week (or day, month, year)" },
		{ "detection: {budget: 1 per week}\n",
		    "'1 per week' is no budget" },
		{ "detection: {budget: 1 per series per weeks}\n",
		    "is no budget" },
		{ "detection: {budget: one per series per week}\n",
		    "is no budget" },
		{ "detection: {budget: 1per series per week}\n",
		    "is no budget" },
		{ "detection: {budget: 8 per series per day}\n",
		    "'8 per series per day' is out of range; from 3 per series "
		    "per year to 1 per series per day" },
		{ "detection: {budget: 1 per series per year}\n",
		    "out of range" },
		{ "detection: {budget: 1e999 per series per year}\n",
		    "out of range" },
		{ "detection: {interval: 100ms}\n", "/k.yaml:1:23: 100ms is out "
		    "of range; from 1s to 5m" },
		{ "detection: {detectors: 0}\n", "/k.yaml:1:24: " },
		{ "detection: {scores: some}\n", "'some' is not which scores "
		    "are shown; odd (those that say something) or all" },
		{ "detection: on\n", "{budget: 1 per series per week}" },
	};

	(void)state;
	for (size_t r = 0; r < sizeof(rows) / sizeof(*rows); r++) {
		struct kymo_error error = { "" };
		struct kymo_config *config;

		assert_int_equal(kymo_config_parse(&config, "/k.yaml",
		    rows[r].text, strlen(rows[r].text), &error), -1);
		if (!strstr(error.text, rows[r].told))
			fail_msg("%s: %s", rows[r].text, error.text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_budget_is_per_series_and_some_time),
		cmocka_unit_test(test_all_of_it_is_read),
		cmocka_unit_test(test_what_is_wrong_is_told_with_its_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
