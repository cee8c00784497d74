/* SPDX-License-Identifier: MIT */
/* Goal: each broken configuration of alerting is refused with its place and with
   what to do about it, in words.
   Method: rows of broken files, a fault each (or more: the first is looked at),
   and all that is said of it. */
#include "tests/testlib/testlib.h"

#include "reader/alert/routing.h"
#include "reader/config/config.h"

struct row {
	const char *text, *says;
};

static const struct row routings[] = {
	{"route: {receiver: b}\nreceivers: [{name: a, webhook_configs:"
	    " [{url: 'http://h/'}]}]\n",
	    "f:1:19: no receiver 'b'; do you mean 'a'?"},
	{"route: {reciever: a}\nreceivers: [{name: a, webhook_configs:"
	    " [{url: 'http://h/'}]}]\n",
	    "f:1:8: the first route needs a receiver: write receiver: NAM"
	    "E"},
	{"route: {receiver: a, group_wait: soon}\nreceivers: [{name: a"
	    ", webhook_configs: [{url: 'http://h/'}]}]\n",
	    "f:1:34: 'soon' is not a duration; write one as 30s, 5m, 1h30"
	    "m or 250ms"},
	{"route: {receiver: a, group_interval: 0s}\nreceivers: [{name:"
	    " a, webhook_configs: [{url: 'http://h/'}]}]\n",
	    "f:1:38: group_interval cannot be 0; write 1s for the shortes"
	    "t that is useful"},
	{"route: {receiver: a, repeat_interval: -1h}\nreceivers: [{nam"
	    "e: a, webhook_configs: [{url: 'http://h/'}]}]\n",
	    "f:1:39: '-1h' is not a duration; write one as 30s, 5m, 1h30m"
	    " or 250ms"},
	{"route: {receiver: a, group_by: [a, a]}\nreceivers: [{name: a"
	    ", webhook_configs: [{url: 'http://h/'}]}]\n",
	    "f:1:36: label 'a' is in group_by twice: leave one out"},
	{"route: {receiver: a, group_by: alertname}\nreceivers: [{name"
	    ": a, webhook_configs: [{url: 'http://h/'}]}]\n",
	    "f:1:32: expected a list, found a text"},
	{"route: {receiver: a, continue: true}\nreceivers: [{name: a, "
	    "webhook_configs: [{url: 'http://h/'}]}]\n",
	    "f:1:22: there is none after the first route to continue with"
	    ": leave it out"},
	{"route: {receiver: a, matchers: ['a=1']}\nreceivers: [{name: "
	    "a, webhook_configs: [{url: 'http://h/'}]}]\n",
	    "f:1:22: the first route takes all alerts, always: move match"
	    "ers to a route under its routes"},
	{"route: {receiver: a, routes: [{matchers: ['a=~\"(\"']}]}\nre"
	    "ceivers: [{name: a, webhook_configs: [{url: 'http://h/'}]}]"
	    "\n",
	    "f:1:50: regular expression '(': missing closing parenthesis"},
	{"route: {receiver: a, routes: [{matchers: ['=b']}]}\nreceiver"
	    "s: [{name: a, webhook_configs: [{url: 'http://h/'}]}]\n",
	    "f:1:44: expected a label's name before '=b'; put it in doubl"
	    "e quotes if it has such characters"},
	{"route: {receiver: a, routes: [{matchers: ['a']}]}\nreceivers"
	    ": [{name: a, webhook_configs: [{url: 'http://h/'}]}]\n",
	    "f:1:45: expected =, !=, =~ or !~ after 'a'"},
	{"route: {receiver: a, routes: {receiver: a}}\nreceivers: [{na"
	    "me: a, webhook_configs: [{url: 'http://h/'}]}]\n",
	    "f:1:30: expected a list, found keys and values"},
	{"route: {receiver: a, routes: [{continue: maybe}]}\nreceivers"
	    ": [{name: a, webhook_configs: [{url: 'http://h/'}]}]\n",
	    "f:1:42: expected true or false, found 'maybe'"},
	{"route: {receiver: a, routes: [{mute_time_intervals: [night]}"
	    "]}\nreceivers: [{name: a, webhook_configs: [{url: 'http://h/"
	    "'}]}]\n",
	    "f:1:54: no time interval 'night' under time_intervals: write"
	    " it there"},
	{"route: {receiver: a, routes: [{match: {'': b}}]}\nreceivers:"
	    " [{name: a, webhook_configs: [{url: 'http://h/'}]}]\n",
	    "f:1:40: a label's name is empty: write it, or leave it out"},
	{"receivers: [{name: a, webhook_configs: [{url: 'http://h/'}]}"
	    "]\n",
	    "f:1:1: no route: write at least route: {receiver: NAME}"},
	{"route: {receiver: a}\n",
	    "f:1:19: no receiver 'a' under receivers: write it there"},
	{"route: {receiver: a}\nreceivers: [{webhook_configs: [{url: '"
	    "http://h/'}]}]\n",
	    "f:2:13: a receiver needs a name: write name: ops"},
	{"route: {receiver: a}\nreceivers: [{name: a}, {name: a}]\n",
	    "f:2:31: receiver 'a' is here already, in line 2: give one an"
	    "other name, or put their ways together"},
	{"route: {receiver: a}\nreceivers: [{name: a, webhook_configs:"
	    " [{}]}]\n",
	    "f:2:41: a webhook needs a url, or a url_file that has it"},
	{"route: {receiver: a}\nreceivers: [{name: a, webhook_configs:"
	    " [{url: ftp://h/}]}]\n",
	    "f:2:47: a webhook's url begins with http:// or https://"},
	{"route: {receiver: a}\nreceivers: [{name: a, webhook_configs:"
	    " [{url: 'http://h/', url_file: f}]}]\n",
	    "f:2:60: url is there, too: leave one of them out"},
	{"route: {receiver: a}\nreceivers: [{name: a, webhook_configs:"
	    " [{url: 'http://h/', urk: f}]}]\n",
	    "f:2:60: a webhook has no key 'urk'; is it 'url'?"},
	{"route: {receiver: a}\nreceivers: [{name: a, webhook_configs:"
	    " [{url: 'http://h/', send_resolved: perhaps}]}]\n",
	    "f:2:75: expected true or false, found 'perhaps'"},
	{"route: {receiver: a}\nreceivers: [{name: a, webhook_configs:"
	    " [{url: 'http://h/', http_config: {oauth2: {client_id: x}}}]"
	    "}]\n",
	    "f:2:74: oauth2 is not one of kymo's ways: use basic_auth or "
	    "authorization with a token from a file"},
	{"route: {receiver: a}\nreceivers: [{name: a, webhook_configs:"
	    " [{url: 'http://h/', http_config: {proxi: x}}]}]\n",
	    "f:2:74: http_config has no key 'proxi'; leave it out"},
	{"route: {receiver: a}\nreceivers: [{name: a, webhook_configs:"
	    " [{url: 'http://h/', kymo: {body: '{{ .a'}}]}]\n",
	    "f:2:73: the template, byte 6: unclosed action; mend it, or l"
	    "eave body out"},
	{"route: {receiver: a}\nreceivers: [{name: a, webhook_configs:"
	    " [{url: 'http://h/', kymo: {sign: x}}]}]\n",
	    "f:2:67: kymo of a webhook has no key 'sign'; leave it out"},
	{"route: {receiver: a}\nreceivers: [{name: a, webhook_configs:"
	    " {url: 'http://h/'}}]\n",
	    "f:2:40: expected a list, found keys and values"},
	{"route: {receiver: a}\nreceivers: [{name: a, slack_configs: ["
	    "{channel: x}]}]\n",
	    "f:2:39: no URL: write api_url or api_url_file here, or slack"
	    "_api_url or slack_api_url_file in global"},
	{"route: {receiver: a}\nreceivers: [{name: a, slack_configs: ["
	    "{api_url: x, chanel: x}]}]\n",
	    "f:2:52: Slack has no key 'chanel'; is it 'channel'?"},
	{"route: {receiver: a}\nreceivers: [{name: a, email_configs: ["
	    "{from: a@b.org, smarthost: 'm:25'}]}]\n",
	    "f:2:39: an email needs an address: write to"},
	{"route: {receiver: a}\nreceivers: [{name: a, email_configs: ["
	    "{to: a@b.org, from: a@b.org}]}]\n",
	    "f:2:39: no smarthost: write smarthost here, or smtp_smarthos"
	    "t in global"},
	{"route: {receiver: a}\nreceivers: [{name: a, email_configs: ["
	    "{to: a@b.org, smarthost: 'm:25'}]}]\n",
	    "f:2:39: no from: write from here, or smtp_from in global"},
	{"route: {receiver: a}\nreceivers: [{name: a, pagerduty_config"
	    "s: [{service_key: x}]}]\n",
	    "f:2:23: pagerduty_configs is not one of kymo's ways: write w"
	    "ebhook_configs with kymo: {body: ..} (docs/notifications.md,"
	    " Bodies for others, has some), or have an Alertmanager send "
	    "it"},
	{"route: {receiver: a}\nreceivers: a\n",
	    "f:2:12: expected a list, found a text"},
	{"global: {slack_api_url: x, slack_api_url_file: y}\nroute: {r"
	    "eceiver: a}\nreceivers: [{name: a, webhook_configs: [{url: '"
	    "http://h/'}]}]\n",
	    "f:1:28: slack_api_url is there, too: leave one of them out"},
	{"global: {smtp_form: a@b.org}\nroute: {receiver: a}\nreceiver"
	    "s: [{name: a, webhook_configs: [{url: 'http://h/'}]}]\n",
	    "f:1:10: global has no key 'smtp_form'; is it 'smtp_from'?"},
	{"global: {resolve_timeout: 5}\nroute: {receiver: a}\nreceiver"
	    "s: [{name: a, webhook_configs: [{url: 'http://h/'}]}]\n",
	    "f:1:27: '5' has no unit; write 5s or 5m"},
	{"route: {receiver: a}\nreceivers: [{name: a, webhook_configs:"
	    " [{url: 'http://h/'}]}]\ninhibit_rules: [~]\n",
	    "f:3:17: an empty inhibition: leave it out"},
	{"route: {receiver: a}\nreceivers: [{name: a, webhook_configs:"
	    " [{url: 'http://h/'}]}]\ninhibit_rules: [{source_matchers: ["
	    "'a=b'], target_matchers: ['c=d'], equals: [x]}]\n",
	    "f:3:70: an inhibition has no key 'equals'; is it 'equal'?"},
	{"route: {receiver: a}\nreceivers: [{name: a, webhook_configs:"
	    " [{url: 'http://h/'}]}]\ntime_intervals: [{name: n, time_int"
	    "ervals: [{times: [{start_time: '25:00', end_time: '26:00'}]}"
	    "]}]\n",
	    "f:3:67: '25:00' is no time from 00:00 to 24:00"},
	{"route: {receiver: a}\nreceivers: [{name: a, webhook_configs:"
	    " [{url: 'http://h/'}]}]\ntime_intervals: [{name: n, time_int"
	    "ervals: [{weekdays: [funday]}]}]\n",
	    "f:3:57: expected a weekday, as monday or monday:friday, foun"
	    "d 'funday'"},
	{"route: {receiver: a}\nreceivers: [{name: a, webhook_configs:"
	    " [{url: 'http://h/'}]}]\ntime_intervals: [{name: n, time_int"
	    "ervals: [{months: ['13']}]}]\n",
	    "f:3:55: expected a month, as may, 5 or may:august, found '13"
	    "'"},
	{"route: {receiver: a}\nreceivers: [{name: a, webhook_configs:"
	    " [{url: 'http://h/'}]}]\ntime_intervals: [{name: n, time_int"
	    "ervals: [{location: Mars/Olympus}]}]\n",
	    "f:3:56: there is no time zone 'Mars/Olympus': no file /usr/s"
	    "hare/zoneinfo/Mars/Olympus (the package tzdata has them)"},
	{"route: {receiver: a}\nreceivers: [{name: a, webhook_configs:"
	    " [{url: 'http://h/'}]}]\ntime_intervals: [{name: n, time_int"
	    "ervals: [{days_of_month: ['0']}]}]\n",
	    "f:3:62: expected a day of the month, as 1:5 or -3:-1 (from i"
	    "ts end), found '0'"},
	{"route: {receiver: a}\nreceivers: [{name: a, webhook_configs:"
	    " [{url: 'http://h/'}]}]\nkymo: {escalations: [{name: e, step"
	    "s: [{wait: 1m, receivers: [b]}]}]}\n",
	    "f:3:63: no receiver 'b' under receivers: write it there"},
	{"route: {receiver: a, escalation: e}\nreceivers: [{name: a, w"
	    "ebhook_configs: [{url: 'http://h/'}]}]\nkymo: {}\n",
	    "f:1:34: no escalation 'e' under kymo: escalations; write it "
	    "there"},
	{"route: {receiver: a}\nreceivers: [{name: a, webhook_configs:"
	    " [{url: 'http://h/'}]}]\nkymo: {maintenance: [{name: m, matc"
	    "hers: ['a=b']}]}\n",
	    "f:3:22: it would never end: write until, or time_intervals"},
	{"route: {receiver: a}\nreceivers: [{name: a, webhook_configs:"
	    " [{url: 'http://h/'}]}]\nkymo: {dependencies: [{of: {a: [b],"
	    " b: [a]}}]}\n",
	    "f:3:37: 'b' would depend on itself: leave one of the circle "
	    "out"},
	{"route: {receiver: a}\nreceivers: [{name: a, webhook_configs:"
	    " [{url: 'http://h/'}]}]\nkymo: {flapping: {changes: 2, withi"
	    "n: 1m}}\n",
	    "f:3:28: changes is a whole number from 3 to 32"},
	{"route: {receiver: a}\nreceivers: [{name: a, webhook_configs:"
	    " [{url: 'http://h/'}]}]\nkymo: {dead_mans_switches: [{name: "
	    "d, within: 5m}]}\n",
	    "f:3:29: a dead man's switch needs matchers, of the alert tha"
	    "t must always fire"},
	{"route: {receiver: a}\nreceivers: [{name: a, webhook_configs:"
	    " [{url: 'http://h/'}]}]\nkymo: {escalatoins: []}\n",
	    "f:3:8: kymo has no key 'escalatoins'; is it 'escalations'?"},
	{"route: {receiver: a\nreceivers: [{name: a, webhook_configs: "
	    "[{url: 'http://h/'}]}]\n",
	    "f:2:10: did not find expected ',' or '}', while parsing a fl"
	    "ow mapping"},
	{"route: {receiver: a}\nroute: {receiver: a}\nreceivers: [{nam"
	    "e: a, webhook_configs: [{url: 'http://h/'}]}]\n",
	    "f:2:1: 'route' is here already, in line 1; leave one of them"
	    " out"},
	{"route: {receiver: a}\nreceivers: [{name: a, webhook_configs:"
	    " [{url: 'http://h/'}]}]\nrout: {}\n",
	    "f:3:1: a routing file has no key 'rout'; is it 'route'?"},
};

static const struct row configs[] = {
	{"alerting: {route: routes.yml}\n",
	    "f:1:12: unknown key 'route'; did you mean 'routes'?"},
	{"alerting: {routes: ''}\n",
	    "f:1:20: '' is no file; write it as routes.yml"},
	{"alerting: {routes: dir/}\n",
	    "f:1:20: 'dir/' is no file; write it as routes.yml"},
	{"alerting: routes.yml\n",
	    "f:1:11: expected keys and values, as {routes: routes.yml}"},
	{"alerting: {changes: some}\n",
	    "f:1:21: 'some' is none of local, all, none: from where silen"
	    "ces and acknowledgements may come"},
	{"alerting: {alertmanagers: [{}]}\n",
	    "f:1:28: this Alertmanager has no target; write static_config"
	    "s: [{targets: ['localhost:9093']}]"},
	{"alerting: {alertmanagers: [{static_configs: [{targets: ['htt"
	    "p://h:9093']}]}]}\n",
	    "f:1:57: 'http://h:9093' is no target; write it as alertmanag"
	    "er.example.org:9093, the rest goes to scheme and path_prefix"},
	{"alerting: {alertmanagers: [{static_configs: [{targets: [h]}]"
	    "}]}\n",
	    "f:1:57: 'h' is no target; write it as alertmanager.example.o"
	    "rg:9093, the rest goes to scheme and path_prefix"},
	{"alerting: {alertmanagers: [{static_configs: [{targets: ['h:9"
	    "093']}], scheme: ftp}]}\n",
	    "f:1:78: 'ftp' is no scheme; write http or https"},
	{"alerting: {alertmanagers: [{static_configs: [{targets: ['h:9"
	    "093']}], path_prefix: am}]}\n",
	    "f:1:83: 'am' is no path; write it as /alertmanager"},
	{"alerting: {alertmanagers: [{static_configs: [{targets: ['h:9"
	    "093']}], api_version: v1}]}\n",
	    "f:1:83: 'v1' is not spoken; Alertmanager has v2 since 0.16: "
	    "write v2"},
	{"alerting: {alertmanagers: [{static_configs: [{targets: ['h:9"
	    "093']}], timeout: 1}]}\n",
	    "f:1:79: '1' has no unit; write 1s or 1ms"},
	{"alerting: {alertmanagers: [{static_configs: [{targets: ['h:9"
	    "093']}], tls_config: {cert_file: c}}]}\n",
	    "f:1:28: cert_file and key_file come together; write both, or"
	    " neither"},
	{"alerting: {alertmanagers: [{static_configs: [{targets: ['h:9"
	    "093']}], tls_config: {insecure_skip_verify: true}}]}\n",
	    "f:1:83: unknown key 'insecure_skip_verify'; there are ca_fil"
	    "e, cert_file, key_file"},
	{"alerting: {alertmanagers: [{static_configs: [{targets: ['h:9"
	    "093']}], authorization: {type: Digest}}]}\n",
	    "f:1:92: 'Digest' is not spoken; write Bearer, or basic_auth "
	    "instead"},
	{"alerting: {alertmanagers: [{static_configs: [{targets: ['h:9"
	    "093']}], basic_auth: {username: u}, authorization: {credenti"
	    "als: x}}]}\n",
	    "f:1:28: basic_auth and authorization; write one of them"},
	{"alerting: {alertmanagers: [{static_configs: [{targets: ['h:9"
	    "093']}], basic_auth: {username: u, password_file: ''}}]}\n",
	    "f:1:111: this is no path; write it as /etc/kymo/password"},
	{"alerting: {alertmanagers: [{kubernetes_sd_configs: []}]}\n",
	    "f:1:29: unknown key 'kubernetes_sd_configs'; there are stati"
	    "c_configs, scheme, path_prefix, api_version, timeout, basic_"
	    "auth, authorization, tls_config, proxy_url"},
	{"external_url: kymo.example.org\n",
	    "f:1:15: 'kymo.example.org' is no URL; write it as https://me"
	    "trics.example.org"},
};
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static char first[600];

static void
hear(void *of, const char *text)
{
	(void)of;
	if (first[0] == '\0')
		snprintf(first, sizeof(first), "%s", text);
}

/* Place, and words; "x:1:2: something" is not enough. */
static void
is_said(const struct row *row, const char *said)
{
	if (strcmp(said, row->says) != 0)
		fail_msg("%s\nsays '%s'\nnot  '%s'", row->text, said,
		    row->says);
}

static void
test_a_broken_routing_says_where_and_what_to_do(void **state)
{
	static const struct kymo_routing_faults faults = {hear, NULL, NULL};
	struct kymo_routing *routing;
	size_t i;

	for (i = 0; i < COUNT(routings); i++) {
		first[0] = '\0';
		if (kymo_routing_parse(&routing, "f", routings[i].text,
		    strlen(routings[i].text), &faults) == 0)
			fail_msg("taken: %s", routings[i].text);
		assert_null(routing);
		is_said(&routings[i], first);
	}
}

static void
test_a_broken_configuration_says_where_and_what_to_do(void **state)
{
	struct kymo_config *config;
	struct kymo_error error;
	size_t i;

	for (i = 0; i < COUNT(configs); i++) {
		error.text[0] = '\0';
		if (kymo_config_parse(&config, "f", configs[i].text,
		    strlen(configs[i].text), &error) == 0)
			fail_msg("taken: %s", configs[i].text);
		assert_null(config);
		is_said(&configs[i], error.text);
	}
}

/* The promise is of fifty. */
static void
test_there_are_enough_of_them(void **state)
{
	assert_true(COUNT(routings) + COUNT(configs) >= 50);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_a_broken_routing_says_where_and_what_to_do),
		cmocka_unit_test(
		    test_a_broken_configuration_says_where_and_what_to_do),
		cmocka_unit_test(test_there_are_enough_of_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
