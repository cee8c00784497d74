/* SPDX-License-Identifier: MIT */
/* Goal: a good configuration is what it says, a bad one is refused with the
   place and what to do, and neither can hurt.
   Method: rows of files; the whole example; every prefix and every changed
   byte of it, under the sanitizers. */
#include "tests/testlib/testlib.h"

#include "reader/config/config.h"

static const char whole[] =
    "# a comment\n"
    "scan_interval: 250ms\n"
    "listen: [127.0.0.1:9779, '[::1]:9780']\n"
    "hosts: [metrics.example.org, k]\n"
    "directories: [/run/kymo/, /srv/x y]\n"
    "trusted_users:\n"
    "  - root\n"
    "  - 1000\n"
    "state: /tmp/k/control.db\n"
    "keep_dead: 7\n"
    "limits: {series: 1000, regions: 10}\n"
    "log_level: debug\n";

static void
test_a_whole_file_is_what_it_says(void **state)
{
	struct kymo_error error = { "" };
	struct kymo_config *config;

	if (kymo_config_parse(&config, "x", whole, strlen(whole), &error) != 0)
		fail_msg("%s", error.text);
	assert_true(config->scan_interval_ns == 250000000);
	assert_int_equal(config->listen_cnt, 2);
	assert_string_equal(config->listen[1].host, "::1");
	assert_int_equal(config->listen[1].port, 9780);
	assert_int_equal(config->host_cnt, 2);
	assert_string_equal(config->hosts[0], "metrics.example.org");
	assert_int_equal(config->directory_cnt, 2);
	assert_string_equal(config->directories[0], "/run/kymo");
	assert_string_equal(config->directories[1], "/srv/x y");
	assert_int_equal(config->trusted_uid_cnt, 2);
	assert_int_equal(config->trusted_uids[0], 0);
	assert_int_equal(config->trusted_uids[1], 1000);
	assert_string_equal(config->state_path, "/tmp/k/control.db");
	assert_int_equal(config->keep_dead, 7);
	assert_int_equal(config->series_max, 1000);
	assert_int_equal(config->region_max, 10);
	assert_int_equal(config->log_level, KYMO_LOG_DEBUG);
	kymo_config_free(config);
}

static void
test_nothing_said_is_the_defaults(void **state)
{
	static const char *const rows[] = {
		"", "\n", "# only a comment\n", "---\n", "---\n...\n", "{}",
		"limits: {}\n", "\xef\xbb\xbf# a byte order mark\n",
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct kymo_error error = { "" };
		struct kymo_config *config;

		if (kymo_config_parse(&config, "x", rows[i], strlen(rows[i]),
		    &error) != 0)
			fail_msg("%s: %s", rows[i], error.text);
		assert_true(config->scan_interval_ns == 1000000000);
		assert_int_equal(config->listen_cnt, 1);
		assert_string_equal(config->listen[0].host, "127.0.0.1");
		assert_int_equal(config->listen[0].port, 9779);
		assert_int_equal(config->directory_cnt, 0);
		assert_int_equal(config->trusted_uid_cnt, 0);
		assert_null(config->state_path);
		assert_int_equal(config->keep_dead, 5);
		assert_int_equal(config->series_max, 200000);
		assert_int_equal(config->region_max, 10000);
		assert_int_equal(config->log_level, KYMO_LOG_INFO);
		kymo_config_free(config);
	}
}

static void
test_none_and_single_values_are_fine(void **state)
{
	static const char text[] = "listen: none\nstate: memory\n"
	    "directories: /one\ntrusted_users: 65534\nkeep_dead: 0\n";
	struct kymo_error error = { "" };
	struct kymo_config *config;

	if (kymo_config_parse(&config, "x", text, strlen(text), &error) != 0)
		fail_msg("%s", error.text);
	assert_int_equal(config->listen_cnt, 0);
	assert_string_equal(config->state_path, "");
	assert_int_equal(config->directory_cnt, 1);
	assert_int_equal(config->trusted_uids[0], 65534);
	assert_int_equal(config->keep_dead, 0);
	kymo_config_free(config);
}

static const struct {
	const char *text, *error;
} bad[] = {
	{ "scan_intervall: 1s\n", "x:1:1: unknown key 'scan_intervall'; did "
	    "you mean 'scan_interval'?" },
	{ "\n\nlog-level: info\n", "x:3:1: unknown key 'log-level'; did you "
	    "mean 'log_level'?" },
	{ "trusted_user: root\n", "did you mean 'trusted_users'?" },
	{ "limits: {serie: 5}\n", "x:1:10: unknown key 'serie'; did you mean "
	    "'series'?" },
	{ "rules: []\n", "x:1:1: unknown key 'rules'; there are "
	    "scan_interval, listen, hosts, directories, trusted_users, state, "
	    "keep_dead, limits, log_level" },
	{ "<<: {keep_dead: 1}\n", "x:1:1: merge keys are not used here" },
	{ "keep_dead: 1\nkeep_dead: 2\n", "x:2:1: 'keep_dead' is there twice" },
	{ "scan_interval: 1\n", "x:1:16: '1' has no unit; write 1s or 1ms" },
	{ "scan_interval: 49ms\n", "x:1:16: 49ms is out of range; from 50ms "
	    "to 1m" },
	{ "scan_interval: 61s\n", "out of range" },
	{ "scan_interval:\n", "expected a duration, as 1s, found nothing" },
	{ "scan_interval: ~\n", "found nothing" },
	{ "scan_interval: [1s]\n", "x:1:16: expected a duration, as 1s, found "
	    "a list" },
	{ "scan_interval: {a: 1}\n", "found keys and values" },
	{ "listen: localhost\n", "x:1:9: 'localhost' has no port" },
	{ "listen:\n  - :9779\n  - localhost:9779\n", "x:3:5: "
	    "'localhost:9779' is there twice" },
	{ "listen: [none]\n", "x:1:10: 'none' has no port" },
	{ "listen: [[:1]]\n", "found a list" },
	{ "hosts: 'x:80'\n", "x:1:8: 'x:80' is not a host name; write it "
	    "without a port" },
	{ "hosts: ['']\n", "is not a host name" },
	{ "directories: [run/kymo]\n", "x:1:15: 'run/kymo' is not an absolute "
	    "path" },
	{ "trusted_users: no-such-user-here\n", "x:1:16: there is no user "
	    "'no-such-user-here' here; its number would do" },
	{ "trusted_users: 4294967295\n", "there is no user '4294967295'" },
	{ "trusted_users: 99999999999999999999\n", "there is no user" },
	{ "trusted_users: -1\n", "there is no user '-1'" },
	{ "state: control.db\n", "x:1:8: 'control.db' is not an absolute "
	    "path" },
	{ "keep_dead: five\n", "x:1:12: expected a number, found 'five'" },
	{ "keep_dead: \"5\"\n", "leave out the quotes" },
	{ "keep_dead: -1\n", "expected a number" },
	{ "keep_dead: 1.5\n", "expected a number" },
	{ "keep_dead: 1001\n", "x:1:12: 1001 is out of range; from 0 to 1000" },
	{ "keep_dead: 18446744073709551621\n", "out of range" },
	{ "limits: 5\n", "x:1:9: expected keys and values, as {series: "
	    "200000}" },
	{ "limits: {series: 0}\n", "from 1 to 10000000" },
	{ "limits: {regions: 100001}\n", "from 1 to 100000" },
	{ "log_level: loud\n", "'loud' is not a log level; debug, info, warn "
	    "or error" },
	{ "listen: &a :1\ndirectories: *a\n", "x:1:9: anchors are not used "
	    "here" },
	{ "listen: *a\n", "x:1:9: aliases are not used here" },
	{ "keep_dead: !!int 5\n", "x:1:12: tags are not used here" },
	{ "- a\n", "x:1:1: expected keys and values" },
	{ "words\n", "expected keys and values" },
	{ "? [a]\n: b\n", "expected a key, found a list" },
	{ "keep_dead: 1\n---\nkeep_dead: 2\n", "x:2:1: a second document" },
	{ "keep_dead: [1\n", "x:" },
	{ "a: 'open\n", "x:" },
	{ "\tkeep_dead: 1\n", "x:1:1: found character that cannot start any "
	    "token" },
	{ "state: \"/a\\0b\"\n", "found a NUL byte" },
	{ "state: \xff\n", "x: byte 7: " },
	{ "log_level: \"\\e[31m\"\n", "'?[31m' is not a log level" },
};

static void
test_bad_files_are_refused_with_place_and_what_to_do(void **state)
{
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct kymo_error error = { "" };
		struct kymo_config *config = (struct kymo_config *)&error;

		assert_int_equal(kymo_config_parse(&config, "x", bad[i].text,
		    strlen(bad[i].text), &error), -1);
		assert_null(config);
		if (strstr(error.text, bad[i].error) == NULL)
			fail_msg("%s: %s", bad[i].text, error.text);
	}
}

static void
test_lists_and_files_are_bounded(void **state)
{
	static char text[1024 * 1024 + 2];
	struct kymo_error error = { "" };
	struct kymo_config *config;
	size_t len_bytes;
	int i;

	strcpy(text, "directories: [");
	for (i = 0; i < 65; i++)
		strcat(text, "/a,");
	strcat(text, "]");
	assert_int_equal(kymo_config_parse(&config, "x", text, strlen(text),
	    &error), -1);
	assert_non_null(strstr(error.text, "more than 64 in this list"));

	memset(text, '#', sizeof(text));
	assert_int_equal(kymo_config_parse(&config, "x", text,
	    1024 * 1024 + 1, &error), -1);
	assert_non_null(strstr(error.text, "this is no configuration"));

	memset(text, '[', sizeof(text)); /* depth */
	assert_int_equal(kymo_config_parse(&config, "x", text, 1024 * 1024,
	    &error), -1);

	len_bytes = (size_t)sprintf(text, "state: /");
	memset(text + len_bytes, 'a', 5000);
	assert_int_equal(kymo_config_parse(&config, "x", text,
	    len_bytes + 5000, &error), -1);
	assert_non_null(strstr(error.text, "more than 4000 bytes"));
}

/* No result is wanted but a sane one: a configuration or an error. */
static void
try_text(const char *text, size_t len_bytes)
{
	struct kymo_error error = { "" };
	struct kymo_config *config;
	int result = kymo_config_parse(&config, "x", text, len_bytes, &error);

	assert_true((result == 0) == (config != NULL));
	assert_true((result == 0) == (error.text[0] == '\0'));
	kymo_config_free(config);
}

static void
test_every_prefix_and_every_changed_byte_is_survived(void **state)
{
	static const char bytes[] = "\0\n :-[]{}&*!|>'\"%@`#,?x0\xff\xc3";
	char text[sizeof(whole)];
	size_t i, j;

	for (i = 0; i < strlen(whole); i++) {
		try_text(whole, i);
		for (j = 0; j < sizeof(bytes) - 1; j++) {
			memcpy(text, whole, sizeof(whole));
			text[i] = bytes[j];
			try_text(text, strlen(whole));
		}
	}
}

static void
test_files_are_loaded_or_their_fault_named(void **state)
{
	struct kymo_error error = { "" };
	struct kymo_config *config;
	const char *path = testlib_path("kymod.yaml");
	FILE *file;

	assert_int_equal(kymo_config_load(&config, path, &error), -1);
	assert_memory_equal(error.text, path, strlen(path));
	assert_string_equal(error.text + strlen(path),
	    ": No such file or directory");
	assert_int_equal(kymo_config_load(&config, testlib_dir(), &error), -1);
	assert_non_null(strstr(error.text, ": Is a directory"));

	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs("keep_dead: 9\nnope: 1\n", file) >= 0);
	fclose(file);
	assert_int_equal(kymo_config_load(&config, path, &error), -1);
	assert_memory_equal(error.text + strlen(path),
	    ":2:1: unknown key 'nope'", 24);

	assert_int_equal(truncate(path, 13), 0);
	assert_int_equal(kymo_config_load(&config, path, &error), 0);
	assert_int_equal(config->keep_dead, 9);
	kymo_config_free(config);
	assert_int_equal(kymo_config_load(&config, NULL, &error), 0);
	kymo_config_free(config);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_whole_file_is_what_it_says),
		cmocka_unit_test(test_nothing_said_is_the_defaults),
		cmocka_unit_test(test_none_and_single_values_are_fine),
		cmocka_unit_test(
		    test_bad_files_are_refused_with_place_and_what_to_do),
		cmocka_unit_test(test_lists_and_files_are_bounded),
		cmocka_unit_test(
		    test_every_prefix_and_every_changed_byte_is_survived),
		cmocka_unit_test_setup_teardown(
		    test_files_are_loaded_or_their_fault_named,
		    testlib_setup, testlib_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
