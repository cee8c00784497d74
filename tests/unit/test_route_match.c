/* SPDX-License-Identifier: MIT */
/* Goal: a matcher's text is what it is to Alertmanager, in the classic syntax
   and in the one with UTF-8; and a tree of routes gives an alert to whom it
   gives it there.
   Method: rows of texts and what they become; rows of labels and receivers. */
#include "tests/testlib/routing.h"

#include "reader/alert/private.h"
#include "reader/buffer.h"

static void
test_a_text_becomes_matchers(void **state)
{
	/* key, operator, value; | between them; NULL: refused. */
	static const struct {
		const char *text, *is;
	} rows[] = {
		{"a=b", "a = b"},
		{" a = b ", "a = b"},
		{"a=\"b\"", "a = b"},
		{"{a=\"b\",c!~\"d|e\"}", "a = b|c !~ d|e"},
		{"a=b, c!=d", "a = b|c != d"},
		{"a=b,", "a = b"},
		{"", ""},
		{"{}", ""},
		{"a=", "a = "},
		{"a=\"\"", "a = "},
		{"a=~\"b.*\"", "a =~ b.*"},
		{"a==b", "a = =b"},
		{"a:b=c", "a:b = c"},
		{"a=\"b,c\"", "a = b,c"},
		{"a=\"b\\\"c\"", "a = b\"c"},
		{"a=\"b\\\\\"", "a = b\\"},
		{"a=\"b\\nc\"", "a = b\nc"},
		/* Escapes that are none stay, in the classic syntax. */
		{"a=\"b\\dc\"", "a = b\\dc"},
		{"a=b\\", "a = b\\"},
		{"a=b c", "a = b c"},
		/* Not classic: the newer one. */
		{"a-b=c", "a-b = c"},
		{"\"a b\"=\"c\"", "a b = c"},
		{"{\"a\\u00e9\"=~\"c\",}", "a\xc3\xa9 =~ c"},
		{"\xc3\xa9=\xf0\x9f\x99\x82", "\xc3\xa9 = \xf0\x9f\x99\x82"},
		{"1a=b", "1a = b"},
		{"\"a\"=\"\\x41\\t\"", "a = A\t"},
		/* Neither. */
		{"a", NULL},
		{"=b", NULL},
		{",", NULL},
		{"a=b,,c=d", NULL},
		{"a=\"b", NULL},
		{"a=\"b\"c", NULL},
		{"a=~(", NULL},
		{"\"\"=b", NULL},
		{"\"a\"=\"\\q\"", NULL},
		{"\"a\"=\"\\x00\"", NULL},
		{"\"a\"=\"\\ud800\"", NULL},
		{"{a-b=c", NULL},
	};
	static const char *const operators[] = {"=", "!=", "=~", "!~"};
	struct kymo_routing *routing = routing_of("route: {receiver: r}\n"
	    "receivers: [{name: r}]\n");
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct kyi_routing_matcher_list list = {.routing = routing};
		struct kymo_error error = {""};
		struct kymo_buffer is = {0};
		size_t at_bytes;
		bool sound = kyi_routing_matchers_parse(&list, rows[i].text,
		    &at_bytes, &error);
		uint32_t k;

		kymo_buffer_str(&is, "");
		for (k = 0; sound && k < list.cnt; k++)
			kymo_buffer_printf(&is, "%s%s %s %s", k == 0 ? "" : "|",
			    list.at[k].key, operators[list.at[k].match],
			    list.at[k].value);
		if (sound != (rows[i].is != NULL) ||
		    (sound && strcmp(is.at, rows[i].is) != 0))
			fail_msg("'%s': %s '%s'", rows[i].text, error.text,
			    is.at);
		if (!sound) {
			assert_string_not_equal(error.text, "");
			assert_true(at_bytes <= strlen(rows[i].text));
		}
		kymo_buffer_free(&is);
	}
	kymo_routing_delete(routing);
}

static const char tree[] =
    "kymo: {}\n"
    "route:\n"
    "  receiver: all\n"
    "  group_by: [alertname]\n"
    "  routes:\n"
    "  - receiver: log\n"
    "    continue: true\n"
    "  - matchers: ['severity=~\"page|ticket\"']\n"
    "    receiver: team\n"
    "    repeat_interval: 1h\n"
    "    routes:\n"
    "    - match: {severity: page}\n"
    "      receiver: pager\n"
    "      group_by: ['...']\n"
    "      group_wait: 5s\n"
    "      continue: true\n"
    "    - match_re: {team: 'db|cache'}\n"
    "      receiver: stores\n"
    "  - matchers: ['env=']\n"
    "    receiver: nowhere\n"
    "receivers:\n"
    "- name: all\n"
    "- name: log\n"
    "- name: team\n"
    "- name: pager\n"
    "- name: stores\n"
    "- name: nowhere\n";

static int
add(void *to, const struct kymo_route *route)
{
	struct kymo_buffer *out = to;

	kymo_buffer_printf(out, "%s%s(%u%s,%lld,%lld,%lld)",
	    out->len_bytes == 0 ? "" : " ", route->receiver,
	    route->group_by_cnt, route->group_by_all ? "..." : "",
	    (long long)route->group_wait_ms,
	    (long long)route->group_interval_ms,
	    (long long)route->repeat_interval_ms);
	return 0;
}

static void
test_an_alert_goes_where_the_tree_says(void **state)
{
	static const struct {
		struct kymo_label labels[3];
		uint32_t cnt;
		const char *routes;
	} rows[] = {
		{{{"severity", "page"}}, 1, "log(1,0,300000,14400000) "
		    "pager(0...,5000,300000,3600000)"},
		{{{"severity", "page"}, {"team", "db"}}, 2,
		    "log(1,0,300000,14400000) "
		    "pager(0...,5000,300000,3600000) "
		    "stores(1,0,300000,3600000)"},
		{{{"severity", "ticket"}, {"team", "web"}}, 2,
		    "log(1,0,300000,14400000) team(1,0,300000,3600000)"},
		{{{"env", "prod"}}, 1, "log(1,0,300000,14400000)"},
		{{{"a", "b"}}, 1, "log(1,0,300000,14400000) "
		    "nowhere(1,0,300000,14400000)"},
	};
	struct kymo_routing *routing = routing_of(tree);
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct kymo_labels *labels = kymo_labels_make(rows[i].labels,
		    rows[i].cnt);
		struct kymo_buffer out = {0};

		assert_int_equal(kymo_routing_routes(routing, labels, add,
		    &out), 0);
		assert_string_equal(out.at, rows[i].routes);
		kymo_buffer_free(&out);
		free(labels);
	}
	kymo_routing_delete(routing);
}

static int
stop(void *to, const struct kymo_route *route)
{
	(*(int *)to)++;
	return 7;
}

static void
test_whoever_asks_may_stop(void **state)
{
	struct kymo_label label = {"severity", "page"};
	struct kymo_labels *labels = kymo_labels_make(&label, 1);
	struct kymo_routing *routing = routing_of(tree);
	int cnt = 0;

	assert_int_equal(kymo_routing_routes(routing, labels, stop, &cnt), 7);
	assert_int_equal(cnt, 1);
	kymo_routing_delete(routing);
	free(labels);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_text_becomes_matchers),
		cmocka_unit_test(test_an_alert_goes_where_the_tree_says),
		cmocka_unit_test(test_whoever_asks_may_stop),
	};

	return testlib_run("route_match", tests,
	    sizeof(tests) / sizeof(tests[0]), NULL, NULL);
}
