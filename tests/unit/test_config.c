/* SPDX-License-Identifier: MIT */
/* Goal: a good configuration is what it says, a bad one is refused with the
   place and what to do, and neither can hurt.
   Method: rows of files; the whole example; every prefix and every changed
   byte of it, under the sanitizers. */
#include "tests/testlib/testlib.h"

#include "reader/config/config.h"

static const char whole[] =
    "# a comment\n"
    "enabled: false\n"
    "collection_interval: 250ms\n"
    "listen: [127.0.0.1:9779, '[::1]:9780']\n"
    "hosts: [metrics.example.org, k]\n"
    "directories: [/run/kymo/, /srv/x y]\n"
    "trusted_users:\n"
    "  - root\n"
    "  - 1000\n"
    "state: /tmp/k/control.db\n"
    "keep_dead: 7\n"
    "limits: {series: 1000, regions: 10}\n"
    "log_level: debug\n"
    "history: {path: /tmp/k/history.db, memory: 30m, journal: 5s, "
    "series: 9}\n"
    "retention:\n"
    "  tiers: [{step: 1s, keep: 48h, max_size: 1.5GiB},\n"
    "    {step: 15s, keep: 14d}, {step: 5m, max_size: 10GB}]\n"
    "  overrides:\n"
    "  - {metrics: 'debug_.*', keep: [1h, 0, 2w]}\n"
    "rule_files: [rules/*.yml, /etc/r.yml]\n"
    "evaluation_interval: 15s\n"
    "external_labels: {region: eu, n: '1'}\n"
    "external_url: https://m.example.org/x\nalerting: {changes: all, "
    "routes: routes.yml}\n"
    "query: {timeout: 30s, lookback: 1m, max_samples: 5, max_series: 6, "
    "max_memory: 7MiB, concurrency: 8, queue: 9}\n"
    "components:\n"
    "  cache: {collection_interval: 1s, metrics: {include: cache_*, "
    "exclude: [a, b?]}}\n"
    "  mcp transport: {enabled: false}\n";

static void
assert_rest_of_whole(const struct kymo_config *config)
{
	const struct kymo_config_component *component = config->components;

	assert_string_equal(config->history_path, "/tmp/k/history.db");
	assert_true(config->history_memory_ms == 1800000);
	assert_true(config->history_journal_ms == 5000);
	assert_int_equal(config->history_series_max, 9);
	assert_int_equal(config->tier_cnt, 3);
	assert_true(config->tiers[0].step_ms == 1000);
	assert_true(config->tiers[0].keep_ms == 172800000);
	assert_true(config->tiers[0].max_bytes == 1610612736);
	assert_true(config->tiers[2].keep_ms == 0);
	assert_true(config->tiers[2].max_bytes == 10000000000);
	assert_int_equal(config->override_cnt, 1);
	assert_string_equal(config->overrides[0].metrics.text, "debug_.*");
	assert_true(config->overrides[0].metrics.place.line == 19 &&
	    config->overrides[0].metrics.place.column == 15);
	assert_memory_equal(config->overrides[0].keep_ms,
	    ((const uint64_t[]){3600000, 0, 1209600000}), 24);
	assert_int_equal(config->rule_file_cnt, 2);
	assert_string_equal(config->rule_files[0].text, "/k/rules/*.yml");
	assert_int_equal(config->rule_files[0].place.column, 14);
	assert_string_equal(config->rule_files[1].text, "/etc/r.yml");
	assert_int_equal(config->evaluation_interval_ns, 15000000000);
	assert_string_equal(config->external_labels[1].key, "n");
	assert_string_equal(config->external_labels[1].value, "1");
	assert_string_equal(config->external_url, "https://m.example.org/x");
	assert_string_equal(config->alerting_routes.text, "/k/routes.yml");
	assert_true(config->alerting_changes == KYMO_CHANGES_ALL &&
	    config->query.timeout_ms == 30000 &&
	    config->query.lookback_ms == 60000);
	assert_true(config->query.samples_max == 5 &&
	    config->query.memory_bytes_max == 7340032);
	assert_int_equal(config->query.series_max, 6);
	assert_true(config->query.concurrency == 8 && config->query.queue_max == 9);
	assert_int_equal(config->component_cnt, 2);
	assert_string_equal(component->name.text, "cache");
	assert_false(component->disabled);
	assert_true(component->interval_ns == 1000000000);
	assert_int_equal(component->include_cnt, 1);
	assert_string_equal(component->include[0], "cache_*");
	assert_int_equal(component->exclude_cnt, 2);
	assert_string_equal(component->exclude[1], "b?");
	assert_string_equal(component[1].name.text, "mcp transport");
	assert_true(component[1].disabled);
}

static void
test_a_whole_file_is_what_it_says(void **state)
{
	struct kymo_error error = { "" };
	struct kymo_config *config;

	if (kymo_config_parse(&config, "/k/x", whole, strlen(whole),
	    &error) != 0)
		fail_msg("%s", error.text);
	assert_true(config->disabled);
	assert_rest_of_whole(config);
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

/* A duration alone: the usual tiers as far as it reaches. */
static void
test_retention_may_be_a_single_duration(void **state)
{
	static const struct {
		const char *text;
		uint32_t tier_cnt;
		uint64_t keep_h[KYMO_CONFIG_TIER_MAX];
	} rows[] = {
		{ "retention: 1h\n", 1, { 1 } },
		{ "retention: 48h\n", 1, { 48 } },
		{ "retention: 3d\n", 2, { 48, 72 } },
		{ "retention: 14d\n", 2, { 48, 336 } },
		{ "retention: 30d\n", 3, { 48, 336, 720 } },
		{ "retention: 2y\n", 3, { 48, 336, 17520 } },
		/* Slower than the usual first step: nobody said that step. */
		{ "retention: 1h\ncollection_interval: 10s\n", 1, { 1 } },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct kymo_error error = { "" };
		struct kymo_config *config;
		uint32_t k;

		if (kymo_config_parse(&config, "x", rows[i].text,
		    strlen(rows[i].text), &error) != 0)
			fail_msg("%s: %s", rows[i].text, error.text);
		assert_int_equal(config->tier_cnt, rows[i].tier_cnt);
		for (k = 0; k < rows[i].tier_cnt; k++)
			assert_true(config->tiers[k].keep_ms ==
			    rows[i].keep_h[k] * 3600000);
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
	{ "zzzzz: []\n", "x:1:1: unknown key 'zzzzz'; there are enabled, "
	    "collection_interval, listen, hosts, directories, trusted_users, "
	    "state, keep_dead, limits, log_level, history, retention, rule_files, "
	    "evaluation_interval, external_labels, external_url, alerting, "
	    "detection, profiles, query, components" },
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
	{ "enabled: yes\n", "x:1:10: expected true or false, found 'yes'" },
	{ "enabled: 'true'\n", "leave out the quotes" },
	{ "scan_interval: 1s\ncollection_interval: 2s\n", "x:2:22: "
	    "collection_interval and scan_interval are the same, and line 1 "
	    "has said it" },
	{ "collection_intervall: 1s\n", "did you mean "
	    "'collection_interval'?" },
	{ "history: /var/lib/kymo/history.db\n", "x:1:10: expected keys and "
	    "values, as {memory: 15m}" },
	{ "history: {paht: /a}\n", "x:1:11: unknown key 'paht'; did you mean "
	    "'path'?" },
	{ "history: {path: a.db}\n", "x:1:17: 'a.db' is not an absolute "
	    "path" },
	{ "history: {memory: 30s}\n", "x:1:19: 30s is out of range; from 1m "
	    "to 1d" },
	{ "history: {memory: 60000000001ns}\n", "60000000001ns is not a whole "
	    "number of milliseconds" },
	{ "retention: 9m\n", "x:1:12: 9m is out of range; from 10m to 100y" },
	{ "retention: 14\n", "x:1:12: '14' has no unit" },
	{ "retention: []\n", "x:1:12: a list without tiers" },
	{ "retention: [{keep: 1h}]\n", "x:1:13: a tier without a step" },
	{ "retention: [{step: 1s}]\n", "x:1:13: a tier without an end" },
	{ "retention: [{step: 1s, keep: 1h, max_size: 5}]\n", "x:1:44: '5' "
	    "has no unit; write 5MiB or 5GiB" },
	{ "retention: [{step: 1s, max_size: 5Mb}]\n", "'5Mb' is not a size; "
	    "write one as 512MiB or 1.5GB" },
	{ "retention: [{step: 1s, max_size: 1KiB}]\n", "1KiB is out of "
	    "range; from 1MiB to 1024TiB" },
	{ "retention: [{step: 1s, keep: 1h}, {step: 2s, keep: 2h}, {step: 4s, "
	    "keep: 4h}, {step: 8s, keep: 8h}]\n", "more than 3 in this list" },
	{ "retention: [{step: 1s, kep: 1h}]\n", "did you mean 'keep'?" },
	{ "retention: [{step: 1s, keep: 1h}, {step: 1s, keep: 2h}]\n",
	    "x:1:42: a step of 1s is not longer than that of the tier before "
	    "(1s)" },
	{ "retention: [{step: 2s, keep: 1h}, {step: 5s, keep: 2h}]\n",
	    "x:1:42: a step of 5s is no whole multiple of that of the tier "
	    "before (2s)" },
	{ "retention: [{step: 1s, keep: 2h}, {step: 15s, keep: 60m}]\n",
	    "x:1:53: 1h is not longer than the tier before keeps finer ones "
	    "(2h)" },
	{ "retention: [{step: 1s, keep: 2h}]\ncollection_interval: 1500ms\n",
	    "x:1:20: a step of 1s is shorter than collection_interval "
	    "(1500ms)" },
	{ "retention: {tiers: {step: 1s}}\n", "x:1:20: expected a list of "
	    "tiers" },
	{ "retention: {overrides: [{metrics: a}]}\n", "x:1:25: an override "
	    "needs metrics and keep" },
	{ "retention: {overrides: [{metrics: a, keep: [1h]}]}\n", "x:1:44: "
	    "1 durations for 3 tiers; write one for each" },
	{ "retention: {overrides: [{metrics: a, keep: [1h, 0, 0, 0]}]}\n",
	    "more than 3 in this list" },
	{ "history: {path: /a.db}\nstate: /a.db\n", "x:1:17: '/a.db' is the "
	    "database of the state; the history needs its own" },
	{ "directories: [/a, /b, /a/]\n", "x:1:23: '/a' is there twice" },
	{ "rule_files: [a, ./a, a]\n", "x:1:22: 'a' is there twice" },
	{ "rule_files: [a/]\n", "x:1:14: 'a/' is no file" },
	{ "rule_file: a.yml\n", "did you mean 'rule_files'?" },
	{ "evaluation_interval: 500ms\n", "x:1:22: rules every 500ms would "
	    "look at the same scan again: collection_interval is 1s" },
	{ "evaluation_interval: 2h\n", "from 50ms to 1h" },
	{ "external_labels: {1a: b}\n", "x:1:19: '1a' cannot be a label" },
	{ "external_labels: {__a: b}\n", "'__a' cannot be a label" },
	{ "external_labels: {a: b, a: c}\n", "x:1:25: 'a' is there twice" },
	{ "external_labels: {a: }\n", "expected a label's value" },
	{ "external_url: metrics.example.org\n", "x:1:15: "
	    "'metrics.example.org' is no URL" },
	{ "alerting: routes.yml\n", "{routes: routes.yml}" },
	{ "alerting: {changes: a}\n", "x:1:21: 'a' is none of local, all" },
	{ "alerting: {routes: a/}\n", "x:1:20: 'a/' is no file" },
	{ "query: {time_out: 1m}\n", "did you mean 'timeout'?" },
	{ "query: {timeout: 1ms}\n", "from 100ms to 1h" },
	{ "query: {max_samples: 0}\n", "0 is out of range; from 1 to "
	    "1000000000000" },
	{ "query: {max_memory: 512}\n", "'512' has no unit" },
	{ "query: {concurrency: 0}\n", "from 1 to 64" },
	{ "components: [cache]\n", "x:1:13: expected keys and values, as "
	    "{cache: {enabled: false}}" },
	{ "components: {cache: off}\n", "x:1:21: expected keys and values, as "
	    "{enabled: false}" },
	{ "components:\n  cache: {enabled: false}\n  cache: {}\n", "x:3:3: "
	    "the component 'cache' is there twice; line 2 has it" },
	{ "components: {cache: {enable: false}}\n", "did you mean "
	    "'enabled'?" },
	{ "components: {cache: {collection_interval: 1500ms}}\n", "x:1:43: "
	    "1500ms is no whole multiple of the collection_interval of all "
	    "(1s)" },
	{ "components: {cache: {metrics: {exclude: ['a b']}}}\n", "x:1:42: "
	    "'a b' can be no metric's name" },
	{ "components: {cache: {metrics: [a]}}\n", "expected keys and values, "
	    "as {exclude: ['cache_debug_*']}" },
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
		sprintf(text + strlen(text), "/a%d,", i);
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
		cmocka_unit_test(test_retention_may_be_a_single_duration),
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
