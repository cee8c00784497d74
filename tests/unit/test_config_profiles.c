/* SPDX-License-Identifier: MIT */
/* Goal: what profiles says is read, and what is wrong with it is told with its
   place and what to do.
   Method: rows of files. */
#include "tests/testlib/testlib.h"

#include "reader/config/config.h"

static void
test_all_of_it_is_read(void **state)
{
	static const char text[] = "profiles:\n  enabled: true\n"
	    "  alerts: ['a=\"b\"', 'c=~\"d|e\"']\n  command: /opt/perf\n"
	    "  duration: 7s\n  frequency: 49\n  call_graph: dwarf\n"
	    "  per_hour: 3\n  keep: 5\n  max_size: 2MiB\n  readers: none\n";
	const struct kymo_config_profiles *profiles;
	struct kymo_error error = { "" };
	struct kymo_config *config;

	(void)state;
	if (kymo_config_parse(&config, "/k.yaml", text, strlen(text),
	    &error) != 0)
		fail_msg("%s", error.text);
	profiles = &config->profiles;
	assert_true(profiles->enabled);
	assert_true(profiles->dwarf);
	assert_int_equal(profiles->alert_cnt, 2);
	assert_string_equal(profiles->alerts[1].text, "c=~\"d|e\"");
	assert_int_equal(profiles->alerts[1].place.line, 3);
	assert_string_equal(profiles->command, "/opt/perf");
	assert_int_equal(profiles->seconds, 7);
	assert_int_equal(profiles->frequency, 49);
	assert_int_equal(profiles->per_hour, 3);
	assert_int_equal(profiles->keep, 5);
	assert_int_equal(profiles->bytes_max, 2 << 20);
	assert_int_equal(profiles->readers, KYMO_CHANGES_NONE);
	kymo_config_free(config);
}

static void
test_what_is_wrong_is_told_with_its_place(void **state)
{
	static const struct {
		const char *text, *place, *told;
	} rows[] = {
		{ "{enable: true}", "1:12", "did you mean 'enabled'?" },
		{ "{enabled: maybe}", "1:21", "true" },
		{ "{duration: 1500ms}", "1:22", "whole seconds, please; as 10s" },
		{ "{duration: 2m}", "1:22", "1m" },
		{ "{frequency: 0}", "1:23", "1" },
		{ "{frequency: 100000}", "1:23", "999" },
		{ "{command: perf}", "1:21", "absolute" },
		{ "{call_graph: lbr}", "1:24", "fp (frame pointers) or dwarf" },
		{ "{per_hour: 61}", "1:22", "60" },
		{ "{keep: 0}", "1:18", "1" },
		{ "{max_size: 2GiB}", "1:22", "1GiB" },
		{ "{readers: root}", "1:21", "local (this machine), all or none" },
		{ "{alerts: []}", "1:20", "leave alerts out" },
		{ "{alerts: [[a]]}", "1:21", "matchers of alerts" },
		{ "true", "1:11", "{enabled: true}" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct kymo_error error = { "" };
		struct kymo_config *config;
		char text[128], want[32];

		snprintf(text, sizeof(text), "profiles: %s\n", rows[i].text);
		snprintf(want, sizeof(want), "/k.yaml:%s: ", rows[i].place);
		assert_int_equal(kymo_config_parse(&config, "/k.yaml", text,
		    strlen(text), &error), -1);
		if (strncmp(error.text, want, strlen(want)) != 0 ||
		    strstr(error.text, rows[i].told) == NULL)
			fail_msg("%s: %s", rows[i].text, error.text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_of_it_is_read),
		cmocka_unit_test(test_what_is_wrong_is_told_with_its_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
