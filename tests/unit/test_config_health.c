/* SPDX-License-Identifier: MIT */
/* Goal: what a configuration says of components' health is what it says, and
   what is wrong with it is told with its place.
   Method: the whole of it; rows of faults; every prefix, under the sanitizers. */
#include "tests/testlib/testlib.h"

#include <signal.h>

#include "reader/config/config.h"

static const char whole[] =
    "components:\n"
    "  db: {checks: [{tcp: '[::1]:5432', interval: 2s, timeout: 500ms,\n"
    "    failures: 5, successes: 4, name: port, means: degraded}]}\n"
    "  plain: {enabled: false}\n"
    "  mq: {}\n"
    "  web:\n"
    "    collection_interval: 2s\n"
    "    depends_on: [db, mq]\n"
    "    users: [root, 33]\n"
    "    checks:\n"
    "    - {http: 'https://x.example/h?a=b', status: 200-204,\n"
    "       contains: fine, matches: 'f.n', certificate_days: 14,\n"
    "       ca_file: /etc/ca.pem}\n"
    "    - {http: 'http://127.0.0.1/', status: 404}\n"
    "    - {process: shop, at_least: 3}\n"
    "    - {heartbeat: shop, within: 5s}\n"
    "    - command: [/bin/test, -e, '']\n"
    "    - promql: up == bool 1\n"
    "    degradation: {latency: took_seconds, errors: e, requests: r,\n"
    "      percent: 10, service: shop}\n"
    "    recovery:\n"
    "      actions: [{signal: SIGHUP}, {signal: USR1, service: shop},\n"
    "        {http: 'http://127.0.0.1:1/restart'}, {unit: web@1.service},\n"
    "        {command: [/bin/true]}]\n"
    "      when: degraded\n"
    "      after: 1s\n"
    "      timeout: 2s\n"
    "      verify: 40s\n"
    "      backoff: 4s\n"
    "      backoff_max: 5s\n"
    "      per_hour: 6\n";

static void
assert_checks(const struct kymo_care_plan *web)
{
	const struct kymo_check *check = web->checks;

	assert_int_equal(web->check_cnt, 6);
	assert_string_equal(check[0].name, "http");
	assert_int_equal(check[0].status_min, 200);
	assert_int_equal(check[0].status_max, 204);
	assert_string_equal(check[0].contains, "fine");
	assert_string_equal(check[0].matches.text, "f.n");
	assert_int_equal(check[0].certificate_days, 14);
	assert_string_equal(check[0].ca_file, "/etc/ca.pem");
	assert_true(check[0].interval_ms == 10000 &&
	    check[0].timeout_ms == 5000);
	assert_int_equal(check[0].failures, 3);
	assert_int_equal(check[0].successes, 2);
	assert_string_equal(check[1].name, "http_2");
	assert_int_equal(check[1].status_min, 404);
	assert_int_equal(check[1].status_max, 404);
	assert_int_equal(check[2].at_least, 3);
	assert_true(check[2].interval_ms == 1000);
	assert_true(check[3].within_ms == 5000);
	assert_int_equal(check[4].argv_cnt, 3);
	assert_string_equal(check[4].argv[2], "");
	assert_null(check[4].argv[3]);
	assert_string_equal(check[5].what.text, "up == bool 1");
	assert_int_equal(check[5].what.place.line, 18);
	assert_true(web->has_users);
	assert_int_equal(web->user_cnt, 2);
	assert_int_equal(web->users[0], 0);
	assert_int_equal(web->users[1], 33);
}

static void
assert_recovery(const struct kymo_recovery *recovery)
{
	const struct kymo_action *action = recovery->actions;

	assert_int_equal(recovery->action_cnt, 5);
	assert_int_equal(action[0].signal, SIGHUP);
	assert_string_equal(action[0].what, "web");
	assert_string_equal(action[1].what, "shop");
	assert_int_equal(action[2].kind, KYMO_ACTION_HTTP);
	assert_string_equal(action[3].argv[0], "/usr/bin/systemctl");
	assert_string_equal(action[3].argv[3], "web@1.service");
	assert_null(action[3].argv[4]);
	assert_string_equal(action[4].argv[0], "/bin/true");
	assert_true(recovery->when_degraded);
	assert_true(recovery->after_ms == 1000);
	assert_true(recovery->timeout_ms == 2000);
	assert_true(recovery->verify_ms == 40000);
	assert_true(recovery->backoff_ms == 4000);
	assert_true(recovery->backoff_max_ms == 5000);
	assert_int_equal(recovery->per_hour, 6);
}

static void
test_all_of_it_is_what_it_says(void **state)
{
	struct kymo_error error = {""};
	struct kymo_care_plan **plans;
	struct kymo_config *config;
	uint32_t cnt, none_cnt;

	(void)state;
	if (kymo_config_parse(&config, "f", whole, strlen(whole), &error) != 0)
		fail_msg("%s", error.text);
	plans = kymo_config_care(config, &cnt);
	/* They are ours alone. */
	assert_null(kymo_config_care(config, &none_cnt));
	assert_int_equal(none_cnt, 0);
	kymo_config_free(config);
	assert_int_equal(cnt, 3);
	assert_string_equal(plans[0]->component, "db");
	assert_string_equal(plans[0]->checks[0].what.text, "[::1]:5432");
	assert_string_equal(plans[0]->checks[0].name, "port");
	assert_true(plans[0]->checks[0].degrades);
	assert_int_equal(plans[0]->checks[0].failures, 5);
	/* What is depended on is there, though nothing is said of it. */
	assert_string_equal(plans[1]->component, "mq");
	assert_string_equal(plans[2]->depends_on[1].text, "mq");
	assert_string_equal(plans[2]->degradation.latency, "took_seconds");
	assert_int_equal(plans[2]->degradation.percent, 10);
	assert_string_equal(plans[2]->degradation.service, "shop");
	assert_checks(plans[2]);
	assert_recovery(&plans[2]->recovery);
	for (uint32_t i = 0; i < cnt; i++)
		kymo_care_plan_free(plans[i]);
	free(plans);
}

static void
test_what_is_wrong_is_told_with_its_place(void **state)
{
	static const struct {
		const char *text, *error;
	} rows[] = {
		{ "checks: {tpc: 'a:1'}", "unknown key 'tpc'" },
		{ "checks: {interval: 1s}", "what does this check look at" },
		{ "checks: {tcp: 'a:1', http: 'http://a'}",
		    "a check is one thing: tcp or http" },
		{ "checks: {tcp: a}", "'a' is no HOST:PORT" },
		{ "checks: {tcp: '::1:1'}", "needs brackets" },
		{ "checks: {tcp: 'a:70000'}", "is no HOST:PORT" },
		{ "checks: {tcp: 'a/b@c:1'}", "is no HOST:PORT" },
		{ "checks: {http: 'ftp://a'}", "begins with http://" },
		{ "checks: {http: 'http://a b'}", "a URL has no blanks" },
		{ "checks: {http: \"http://a\\r\\nb\"}", "no blanks" },
		{ "checks: {command: ls}", "not the absolute path" },
		{ "checks: {command: []}", "no program" },
		{ "checks: {command: [sh, -c, x]}", "there is no shell" },
		{ "checks: {tcp: 'a:1', status: 200}",
		    "status is for http checks; this one is tcp" },
		{ "checks: {process: a, within: 5s}",
		    "within is for heartbeat checks" },
		{ "checks: {http: 'http://a', certificate_days: 3}",
		    "needs an https URL" },
		{ "checks: {http: 'http://a', status: 99}", "is no status" },
		{ "checks: {http: 'http://a', status: 300-200}",
		    "is no status" },
		{ "checks: {http: 'http://a', status: 2000}", "is no status" },
		{ "checks: {tcp: 'a:1', means: bad}", "not 'bad'" },
		{ "checks: {tcp: 'a:1', failures: 0}", "out of range" },
		{ "checks: [{tcp: 'a:1', name: x}, {tcp: 'a:2', name: x}]",
		    "two checks of 'c' are called 'x'" },
		{ "depends_on: d", "there is no component 'd'" },
		{ "depends_on: c", "depends on 'c'" },
		{ "depends_on: [o, o]", "'o' is there twice" },
		{ "degradation: {errors: e}", "errors and requests come" },
		{ "degradation: {percent: 3}", "of what?" },
		{ "users: [0, no-such-user-here]", "there is no user" },
		{ "recovery: {verify: 5s}", "what is to be done?" },
		{ "recovery: {actions: {service: x}}", "service is for a" },
		{ "recovery: {actions: []}", "what is to be done?" },
		{ "recovery: {actions: {signal: STOP}}", "no signal 'STOP'" },
		{ "recovery: {actions: {unit: 'a b.service'}}", "is no unit" },
		{ "recovery: {actions: {unit: web}}", "is no unit" },
		{ "recovery: {actions: {command: reboot}}", "not the absolute" },
		{ "recovery: {actions: {unit: a.service, signal: HUP}}",
		    "an action is one thing" },
		{ "recovery: {actions: {signal: HUP}, when: ok}", "when is" },
		{ "recovery: {actions: {signal: HUP}, backoff: 1h, "
		    "backoff_max: 1s}", "less than backoff" },
		{ "checks: {tcp: 'a:1'}, recovery: {actions: {signal: HUP}, "
		    "verify: 10s}", "may take 27000 ms to find" },
	};
	struct kymo_error error;
	struct kymo_config *config;
	char text[400];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(text, sizeof(text), "components:\n  o: {}\n"
		    "  c: {%s}\n", rows[i].text);
		if (kymo_config_parse(&config, "f", text, strlen(text),
		    &error) == 0)
			fail_msg("taken: %s", rows[i].text);
		if (strncmp(error.text, "f:3:", 4) != 0 ||
		    strstr(error.text, rows[i].error) == NULL)
			fail_msg("%s: %s", rows[i].text, error.text);
	}
}

static void
test_a_cycle_is_refused_where_it_closes(void **state)
{
	static const char text[] = "components:\n  a: {depends_on: [b]}\n"
	    "  b: {depends_on: [c]}\n  c: {depends_on: [d, a]}\n  d: {}\n";
	struct kymo_error error = {""};
	struct kymo_config *config;

	(void)state;
	assert_int_equal(kymo_config_parse(&config, "f", text, strlen(text),
	    &error), -1);
	assert_string_equal(error.text, "f:4:23: 'c' depends on 'a', and that, "
	    "in the end, on 'c'");
}

static void
test_a_name_that_is_no_word_can_have_no_checks(void **state)
{
	static const char text[] = "components:\n"
	    "  mcp transport: {checks: {tcp: 'a:1'}}\n";
	struct kymo_error error = {""};
	struct kymo_config *config;

	(void)state;
	assert_int_equal(kymo_config_parse(&config, "f", text, strlen(text),
	    &error), -1);
	assert_non_null(strstr(error.text, "f:2:3: the name of a component"));
}

static void
test_every_prefix_is_survived(void **state)
{
	struct kymo_config *config;
	struct kymo_error error;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(whole); i++)
		if (kymo_config_parse(&config, "f", whole, i, &error) == 0)
			kymo_config_free(config);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_of_it_is_what_it_says),
		cmocka_unit_test(test_what_is_wrong_is_told_with_its_place),
		cmocka_unit_test(test_a_cycle_is_refused_where_it_closes),
		cmocka_unit_test(test_a_name_that_is_no_word_can_have_no_checks),
		cmocka_unit_test(test_every_prefix_is_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
