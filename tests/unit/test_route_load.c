/* SPDX-License-Identifier: MIT */
/* Goal: a routing file is what it says; one that is wrong is refused, with each
   fault's place and what to do.
   Method: rows of files and what is said of them. */
#include "tests/testlib/testlib.h"

#include "reader/alert/private.h"
#include "reader/buffer.h"

#define ROUTE "route: {receiver: r}\n"
#define NAMES "receivers: [{name: r}]\n"
#define HEAD ROUTE NAMES
#define ROUTES "route:\n  receiver: r\n  routes:\n  - "
#define RECEIVER ROUTE "receivers:\n- name: r\n  "

static struct kymo_buffer heard;

static void
hear(void *of, const char *text)
{
	(void)of;
	if (heard.len_bytes > 0)
		kymo_buffer_char(&heard, '\n');
	kymo_buffer_str(&heard, text);
}

static struct kymo_routing *
parse(const char *text)
{
	struct kymo_routing_faults faults = {hear, hear, NULL};
	struct kymo_routing *routing;

	heard.len_bytes = 0;
	kymo_buffer_str(&heard, "");
	if (kymo_routing_parse(&routing, "f", text, strlen(text), &faults) != 0)
		return NULL;
	return routing;
}

static int
forget(void **state)
{
	kymo_buffer_free(&heard);
	return 0;
}

static const struct {
	const char *text, *why;
} wrong[] = {
	{"",
	    "f:1:1: no route: write at least route: {receiver: NAME} "
	    "and receivers: [{name: NAME}]"},
	{"[]\n",
	    "f:1:1: expected keys and values, found a list"},
	{ROUTE,
	    "f:1:19: no receiver 'r' under receivers: write it there"},
	{"receivers: [{name: r}]\n",
	    "f:1:1: no route: write at least route: {receiver: NAME}"},
	{"route:\n" NAMES,
	    "f:1:7: no route: write at least route: {receiver: NAME}"},
	{"route: []\n" NAMES,
	    "f:1:8: expected keys and values, found a list"},
	{"route: {}\n" NAMES,
	    "f:1:8: the first route needs a receiver: write receiver: NAME"},
	{HEAD "rout: {}\n",
	    "f:3:1: a routing file has no key 'rout'; is it 'route'?"},
	{HEAD "{\n",
	    "f:4:1: could not find expected ':', while scanning a simple "
	    "key"},
	{"route: {receiver: r, receiver: r}\n" NAMES,
	    "f:1:22: 'receiver' is here already, in line 1; leave one of them out"},
	{"route: {receiver: ops}\n"
	    "receivers: [{name: opps}]\n",
	    "f:1:19: no receiver 'ops'; do you mean 'opps'?"},
	{"route: {receiver: r, match: {a: b}}\n" NAMES,
	    "f:1:22: the first route takes all alerts, always: move match "
	    "to a route under its routes"},
	{"route: {receiver: r, matchers: ['a=b']}\n" NAMES,
	    "f:1:22: the first route takes all alerts, always: move matchers"
	    " to a route under its routes"},
	{"route: {receiver: r, continue: true}\n" NAMES,
	    "f:1:22: there is none after the first route to continue "
	    "with: leave it out"},
	{"route: {receiver: r, group_by: [a, '...']}\n" NAMES,
	    "f:1:32: '...' is all labels: write it alone"},
	{"route: {receiver: r, group_by: [a, b, a]}\n" NAMES,
	    "f:1:39: label 'a' is in group_by twice: leave one out"},
	{"route: {receiver: r, group_by: a}\n" NAMES,
	    "f:1:32: expected a list, found a text"},
	{"route: {receiver: r, group_by: ['']}\n" NAMES,
	    "f:1:33: a label's name is empty: write it, or leave it out"},
	{"route: {receiver: r, group_wait: 5}\n" NAMES,
	    "f:1:34: '5' has no unit; write 5s or 5m"},
	{"route: {receiver: r, group_wait: -5s}\n" NAMES,
	    "f:1:34: '-5s' is not a duration; write one as 30s, 5m, 1h30m "
	    "or 250ms"},
	{"route: {receiver: r, group_interval: 0s}\n" NAMES,
	    "f:1:38: group_interval cannot be 0; write 1s for the shortest "
	    "that is useful"},
	{"route: {receiver: r, repeat_interval: 0s}\n" NAMES,
	    "f:1:39: repeat_interval cannot be 0; write 1s for the shortest "
	    "that is useful"},
	{"route: {receiver: r, repeat_intervall: 1h}\n" NAMES,
	    "f:1:22: a route has no key 'repeat_intervall'; is it 'repeat_in"
	    "terval'?"},
	{"route: {receiver: [r]}\n" NAMES,
	    "f:1:19: expected a receiver's name, found a list"},
	{ROUTES "matchers: ['severity']\n" NAMES,
	    "f:4:25: expected =, !=, =~ or !~ after 'severity'"},
	{ROUTES "matchers: ['severity=\"page']\n" NAMES,
	    "f:4:26: a double quote is missing at the end"},
	{ROUTES "matchers: ['a=b', 'team=~\"(\"']\n" NAMES,
	    "f:4:33: regular expression '(': missing closing parenthesis"},
	{ROUTES "matchers: 'a=b'\n" NAMES,
	    "f:4:15: expected a list, found a text"},
	{ROUTES "matchers: [{a: b}]\n" NAMES,
	    "f:4:16: expected a matcher; put 'label=\"value\"' in single "
	    "quotes, found keys and values"},
	{ROUTES "match: [a]\n" NAMES,
	    "f:4:12: expected keys and values, found a list"},
	{ROUTES "match: {a: [b]}\n" NAMES,
	    "f:4:16: expected a text, found a list"},
	{ROUTES "match_re: {a: '['}\n" NAMES,
	    "f:4:19: regular expression '[': at character 1: this [ has "
	    "no ]"},
	{ROUTES "match_re: {a: 'x(?=y)'}\n" NAMES,
	    "f:4:19: regular expression 'x(?=y)': at character 2: RE2 "
	    "has no such group (look-around and conditions are not part "
	    "of it)"},
	{ROUTES "continue: maybe\n" NAMES,
	    "f:4:15: expected true or false, found 'maybe'"},
	{ROUTES "receiver: x\n" NAMES,
	    "f:4:15: no receiver 'x'; do you mean 'r'?"},
	{ROUTES "mute_time_intervals: [night]\n" NAMES,
	    "f:4:27: no time interval 'night' under time_intervals: write it there"},
	{ROUTES "active_time_intervals: night\n" NAMES,
	    "f:4:28: expected a list, found a text"},
	{ROUTES "\n" NAMES,
	    "f:4:4: an empty route"},
	{ROUTES "routes: {}\n" NAMES,
	    "f:4:13: expected a list, found keys and values"},
	{ROUTE "receivers: [{}]\n",
	    "f:2:13: a receiver needs a name: write name: ops\n"
	    "f:1:19: no receiver 'r' under receivers: write it there"},
	{ROUTE "receivers: [{name: r}, {name: r}]\n",
	    "f:2:31: receiver 'r' is here already, in line 2: give one anothe"
	    "r name, or put their ways together"},
	{ROUTE "receivers: {name: r}\n",
	    "f:2:12: expected a list, found keys and values\n"
	    "f:1:19: no receiver 'r' under receivers: write it there"},
	{ROUTE "receivers: [{name: r}, ~]\n",
	    "f:2:24: a receiver needs a name: write name: ops"},
	{RECEIVER "webhook_configs: {}\n",
	    "f:4:20: expected a list, found keys and values"},
	{RECEIVER "webhook_configs: [{}]\n",
	    "f:4:21: a webhook needs a url, or a url_file that has it"},
	{RECEIVER "webhook_configs: [{url: example.com}]\n",
	    "f:4:27: a webhook's url begins with http:// or https://"},
	{RECEIVER "webhook_configs: [{url: 'http://x', url_file: y}]\n",
	    "f:4:39: url is there, too: leave one of them out"},
	{RECEIVER "webhook_configs: [{ulr: 'http://x'}]\n",
	    "f:4:22: a webhook has no key 'ulr'; is it 'url'?\n"
	    "f:4:21: a webhook needs a url, or a url_file that has it"},
	{RECEIVER "webhook_configs: [{url: 'http://x', send_resolved: 2}]\n",
	    "f:4:54: expected true or false, found '2'"},
	{RECEIVER "webhook_configs: [{url: 'http://x', http_config: {tls_config: "
	    "{insecure: true}}}]\n",
	    "f:4:66: tls_config has no key 'insecure'; leave it out"},
	{RECEIVER "webhook_configs: [{url: 'http://x', http_config: {oauth2: "
	    "{}}}]\n",
	    "f:4:53: oauth2 is not one of kymo's ways: use basic_auth "
	    "or authorization with a token from a file"},
	{RECEIVER "slack_configs: [{channel: '#x'}]\n",
	    "f:4:19: no URL: write api_url or api_url_file here, or slack_ap"
	    "i_url or slack_api_url_file in global"},
	{RECEIVER "email_configs: [{to: a@b}]\n",
	    "f:4:19: no smarthost: write smarthost here, or smtp_smarthost "
	    "in global\n"
	    "f:4:19: no from: write from here, or smtp_from in global"},
	{RECEIVER "email_configs: [{from: a@b, smarthost: 'h:25'}]\n",
	    "f:4:19: an email needs an address: write to"},
	{RECEIVER "pagerduty_configs: [{service_key: x}]\n",
	    "f:4:3: pagerduty_configs is not one of kymo's ways: write "
	    "webhook_configs with kymo: {body: ..} (docs/notifications"
	    ".md, Bodies for others, has some), or have an Alertmanager "
	    "send it"},
	{RECEIVER "webhooks: []\n",
	    "f:4:3: a receiver has no key 'webhooks'; leave it out"},
	{"global: {slack_api_url: 'http://x', slack_api_url_file: "
	    "y}\n"
	    "route: {receiver: r}\n" NAMES,
	    "f:1:37: slack_api_url is there, too: leave one of them out"},
	{"global: {resolve_timeout: soon}\n"
	    "route: {receiver: r}\n" NAMES,
	    "f:1:27: 'soon' is not a duration; write one as 30s, 5m, "
	    "1h30m or 250ms"},
	{"global: {smtp_smarthots: x}\n"
	    "route: {receiver: r}\n" NAMES,
	    "f:1:10: global has no key 'smtp_smarthots'; is it 'smtp_smartho"
	    "st'?"},
	{HEAD "inhibit_rules: [{source_matchers: ['a'], target_matchers: "
	    "['b=c']}]\n",
	    "f:3:38: expected =, !=, =~ or !~ after 'a'"},
	{HEAD "inhibit_rules: [{source_match: {a: b}, equals: [c]}]\n",
	    "f:3:40: an inhibition has no key 'equals'; is it 'equal'?"},
	{HEAD "inhibit_rules: [{equal: c}]\n",
	    "f:3:25: expected a list, found a text"},
	{HEAD "inhibit_rules: [~]\n",
	    "f:3:17: an empty inhibition: leave it out"},
	{HEAD "time_intervals: [{time_intervals: []}]\n",
	    "f:3:18: a time interval needs a name"},
	{HEAD "time_intervals: [{name: t}, {name: t}]\n",
	    "f:3:36: time interval 't' is here already: give one another name"},
	{HEAD "time_intervals: [{name: t, time_intervals: [{times: [{start_tim"
	    "e: '9:00', end_time: '17:00'}]}]}]\n",
	    "f:3:67: '9:00' is no time from 00:00 to 24:00"},
	{HEAD "time_intervals: [{name: t, time_intervals: [{times: [{start_tim"
	    "e: '22:00', end_time: '06:00'}]}]}]\n",
	    "f:3:54: it ends before it begins; write two, one to \"24:00\" "
	    "and one from \"00:00\""},
	{HEAD "time_intervals: [{name: t, time_intervals: [{times: [{start_tim"
	    "e: '22:00'}]}]}]\n",
	    "f:3:54: no end_time: both start_time and end_time are needed"},
	{HEAD "time_intervals: [{name: t, time_intervals: [{weekdays: [mo]}]}]"
	    "\n",
	    "f:3:57: expected a weekday, as monday or monday:friday, "
	    "found 'mo'"},
	{HEAD "time_intervals: [{name: t, time_intervals: [{weekdays: ['friday"
	    ":monday']}]}]\n",
	    "f:3:57: 'friday:monday' ends before it begins; write two "
	    "of them"},
	{HEAD "time_intervals: [{name: t, time_intervals: [{days_of_month: "
	    "['0']}]}]\n",
	    "f:3:62: expected a day of the month, as 1:5 or -3:-1 (from "
	    "its end), found '0'"},
	{HEAD "time_intervals: [{name: t, time_intervals: [{days_of_month: "
	    "['-1:5']}]}]\n",
	    "f:3:62: '-1:5' ends before it begins; write two of them"},
	{HEAD "time_intervals: [{name: t, time_intervals: [{months: ['13']}]}]"
	    "\n",
	    "f:3:55: expected a month, as may, 5 or may:august, found "
	    "'13'"},
	{HEAD "time_intervals: [{name: t, time_intervals: [{years: ['2030:2020"
	    "']}]}]\n",
	    "f:3:54: '2030:2020' ends before it begins; write two of "
	    "them"},
	{HEAD "time_intervals: [{name: t, time_intervals: [{location: Mars/Bas"
	    "e}]}]\n",
	    "f:3:56: there is no time zone 'Mars/Base': no file /usr/share/z"
	    "oneinfo/Mars/Base (the package tzdata has them)"},
	{HEAD "time_intervals: [{name: t, time_intervals: [{location: '../x'}]"
	    "}]\n",
	    "f:3:56: '../x' is no time zone; write one as Europe/Berlin"},
	{HEAD "time_intervals: [{name: t, time_intervals: [{hours: []}]}]\n",
	    "f:3:46: a time interval has no key 'hours'; leave it out"},
	{"a: &x [*x]\n",
	    "f:1:8: 'x' would be a part of itself"},
	{HEAD "---\n"
	    "route: {receiver: r}\n",
	    "f:3:1: one document is enough; leave out what stands behind "
	    "---"},
	{HEAD "x: !!binary aGk=\n",
	    "f:3:4: tags are not used here; leave out the word with !"},
	{ROUTE "receivers:\n"
	    "- name: r\n"
	    "\twebhook_configs: []\n",
	    "f:4:1: found a tab character that violates indentation, "
	    "while scanning a plain scalar"},
};

static void
test_a_wrong_file_is_refused_with_places_and_cures(void **state)
{
	size_t i;

	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_null(parse(wrong[i].text));
		if (strcmp(heard.at, wrong[i].why) != 0)
			fail_msg("%s\n%s\nnot\n%s", wrong[i].text, heard.at,
			    wrong[i].why);
	}
}

/* As Alertmanager's own examples are written. */
static const char whole[] =
    "global:\n"
    "  smtp_smarthost: 'localhost:25'\n"
    "  smtp_from: 'kymo@example.org'\n"
    "  smtp_auth_username: kymo\n"
    "templates: ['/etc/alertmanager/template/*.tmpl']\n"
    "route:\n"
    "  group_by: ['alertname', 'cluster', 'service']\n"
    "  receiver: team-X-mails\n"
    "  routes:\n"
    "  - match_re:\n"
    "      service: ^(foo1|foo2|baz)$\n"
    "    receiver: team-X-mails\n"
    "    mute_time_intervals: [off]\n"
    "    routes:\n"
    "    - matchers: [severity=\"critical\"]\n"
    "      receiver: team-X-chat\n"
    "inhibit_rules:\n"
    "- source_matchers: [severity=\"critical\"]\n"
    "  target_matchers: [severity=\"warning\"]\n"
    "  equal: [alertname, cluster, service]\n"
    "receivers:\n"
    "- name: team-X-mails\n"
    "  email_configs:\n"
    "  - to: 'team-X@example.org, team-Y@example.org'\n"
    "- name: team-X-chat\n"
    "  slack_configs:\n"
    "  - api_url: 'https://hooks.example.org/1'\n"
    "    channel: '#x'\n"
    "    actions: [{type: button, url: 'https://example.org/a'}]\n"
    "  webhook_configs:\n"
    "  - url: 'https://example.org/hook'\n"
    "    http_config: {basic_auth: {username: u, password_file: p}}\n"
    "  - url_file: /etc/hook\n"
    "    send_resolved: no\n"
    "mute_time_intervals:\n"
    "- name: off\n"
    "  time_intervals: [{weekdays: [saturday]}]\n";

static int
pattern_is(void *to, const char *pattern, uint32_t line, uint32_t column)
{
	assert_string_equal(pattern, "/etc/alertmanager/template/*.tmpl");
	assert_int_equal(line, 5);
	assert_int_equal(column, 13);
	return 7;
}

static void
test_alertmanagers_files_are_read_as_they_are(void **state)
{
	struct kymo_routing *routing = parse(whole);
	const struct kymo_integration *way;
	uint32_t cnt;

	assert_non_null(routing);
	assert_string_equal(heard.at, "");
	assert_int_equal(kymo_routing_templates(routing, pattern_is, NULL), 7);
	way = kymo_routing_integrations(routing, &cnt);
	assert_int_equal(cnt, 4);
	assert_string_equal(way[0].name, "team-X-mails");
	assert_int_equal(way[0].kind, KYMO_INTEGRATION_EMAIL);
	assert_false(way[0].send_resolved);
	assert_string_equal(way[1].name, "team-X-chat/webhook/0");
	assert_true(way[1].send_resolved);
	assert_string_equal(way[2].name, "team-X-chat/webhook/1");
	assert_false(way[2].send_resolved);
	assert_string_equal(way[3].name, "team-X-chat/slack/0");
	assert_int_equal(way[3].line, 27);
	assert_string_equal(way[3].receiver, "team-X-chat");
	assert_string_equal(kymo_integration_get(&way[1],
	    "http_config.basic_auth.username"), "u");
	assert_string_equal(kymo_integration_get(&way[3], "actions.0.url"),
	    "https://example.org/a");
	assert_null(kymo_integration_get(&way[3], "actions.1.url"));
	assert_null(kymo_integration_get(&way[3], "actions.x"));
	assert_null(kymo_integration_get(&way[3], "channel.x"));
	assert_null(kymo_integration_get(&way[1], "http_config"));
	assert_string_equal(kymo_routing_global(routing, "smtp_from"),
	    "kymo@example.org");
	/* A Saturday. */
	assert_int_equal(kymo_routing_interval(routing, "off",
	    1798848000000), 1);
	kymo_routing_delete(routing);
}

static int
look(void *to, const struct kymo_route *route)
{
	*(struct kymo_route *)to = *route;
	return 0;
}

/* Alertmanager's defaults in its own files; ours wait for nobody. */
static void
test_defaults_are_those_of_whose_file_it_is(void **state)
{
	struct kymo_labels *none = kymo_labels_make(NULL, 0);
	struct kymo_route route;
	struct kymo_routing *routing = parse(HEAD);

	assert_non_null(routing);
	kymo_routing_routes(routing, none, look, &route);
	assert_int_equal(route.group_wait_ms, 30000);
	assert_int_equal(route.group_interval_ms, 300000);
	assert_int_equal(route.repeat_interval_ms, 4 * 3600000);
	kymo_routing_delete(routing);
	routing = parse("kymo: {}\n" HEAD);
	assert_non_null(routing);
	kymo_routing_routes(routing, none, look, &route);
	assert_int_equal(route.group_wait_ms, 0);
	assert_int_equal(route.group_interval_ms, 300000);
	kymo_routing_delete(routing);
	free(none);
}

/* What is kept of a route must be found again when the file is read again. */
static void
test_routes_have_keys_of_their_own(void **state)
{
	struct kymo_routing *routing = parse(
	    "route:\n  receiver: r\n  routes:\n  - matchers: [a=b]\n"
	    "    routes: [{matchers: ['c!~d']}]\n  - {match: {a: b}}\n"
	    "  - {}\n  - {}\n" NAMES);
	const struct kyi_routing_node *node;

	assert_non_null(routing);
	node = routing->root;
	assert_string_equal(node->key, "{}");
	assert_string_equal(node->first->key, "{}/{a=\"b\"}");
	assert_string_equal(node->first->first->key,
	    "{}/{a=\"b\"}/{c!~\"d\"}");
	assert_string_equal(node->first->next->key, "{}/{a=\"b\"}#2");
	assert_string_equal(node->first->next->next->key, "{}/{}");
	assert_string_equal(node->first->next->next->next->key, "{}/{}#2");
	kymo_routing_delete(routing);
}

/* Names and values of any kind. */
static void
test_what_is_printed_is_a_file_of_the_same_routes(void **state)
{
	struct kymo_routing *routing = parse(
	    "route:\n  receiver: \"r\\x85\\u2028\\x9f\\ufeff\\\\\"\n"
	    "  routes:\n"
	    "  - matchers: ['\"a b\"=\"x\\ny\"', 'c=~\"[\\\\\\\"]\"']\n"
	    "receivers: [{name: \"r\\x85\\u2028\\x9f\\ufeff\\\\\"}]\n"), *again;
	const struct kyi_routing_matchers *is;
	struct kymo_buffer once = {0}, twice = {0};

	if (routing == NULL)
		fail_msg("%s", heard.at);
	kymo_routing_print(routing, &once);
	again = parse(once.at);
	if (again == NULL)
		fail_msg("%s: %s", heard.at, once.at);
	assert_string_equal(again->root->route.receiver,
	    "r\xc2\x85\xe2\x80\xa8\xc2\x9f\xef\xbb\xbf\\");
	is = &again->root->first->matchers;
	assert_int_equal(is->cnt, 2);
	assert_string_equal(is->at[0].key, "a b");
	assert_string_equal(is->at[0].value, "x\ny");
	assert_string_equal(is->at[1].key, "c");
	assert_string_equal(is->at[1].value, "[\\\"]");
	kymo_routing_print(again, &twice);
	assert_string_equal(once.at, twice.at);
	kymo_buffer_free(&once);
	kymo_buffer_free(&twice);
	kymo_routing_delete(routing);
	kymo_routing_delete(again);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_a_wrong_file_is_refused_with_places_and_cures),
		cmocka_unit_test(test_alertmanagers_files_are_read_as_they_are),
		cmocka_unit_test(test_defaults_are_those_of_whose_file_it_is),
		cmocka_unit_test(test_routes_have_keys_of_their_own),
		cmocka_unit_test(
		    test_what_is_printed_is_a_file_of_the_same_routes),
	};

	return testlib_run("route_load", tests,
	    sizeof(tests) / sizeof(tests[0]), NULL, forget);
}
