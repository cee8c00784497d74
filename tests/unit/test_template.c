/* SPDX-License-Identifier: MIT */
/* Goal: a template gives what it gives in Prometheus, a wrong one is refused
   with its place, and none can run away.
   Method: rows of templates and what promtool made of them. */
#include "tests/testlib/testlib.h"

#include "reader/rules/template.h"

static const struct kymo_label label_at[] = {
	{ "instance", "db1.example.org:9090" }, { "job", "db" },
	{ "severity", "page" },
};
static const struct kymo_label external_at[] = { { "zone", "eu" } };
static const struct kymo_label sample_at[2][2] = {
	{ { "__value__", "x" }, { "host", "b" } },
	{ { "__value__", "y" }, { "host", "a" } },
};
static const struct kymo_point points[2] = { { 0, 1.5, NULL },
	{ 0, 2.5, NULL } };
static const struct kymo_labels sample_labels[2] = {
	{ 0, 2, sample_at[0] }, { 0, 2, sample_at[1] } };
static const struct kymo_result_series series[2] = {
	{ &sample_labels[0], 0, &points[0], 1 },
	{ &sample_labels[1], 0, &points[1], 1 },
};
static int deleted_cnt, query_cnt;

/* No evaluator stands behind these: "two" has two samples, "none" has none,
   "3" is a scalar. */
static int
query(void *of, const char *text, struct kymo_result **result,
    struct kymo_error *error)
{
	(void)of;
	if (strcmp(text, "bad(") == 0)
		return kymo_error_set(error, "unexpected end of input");
	query_cnt++;
	*result = test_calloc(1, sizeof(**result));
	(*result)->kind = text[0] == '3' ? KYMO_VALUE_SCALAR :
	    KYMO_VALUE_VECTOR;
	(*result)->scalar = 3;
	(*result)->series = series;
	(*result)->series_cnt = text[0] == 't' ? 2 : 0;
	return 0;
}

static void
done(void *of, struct kymo_result *result)
{
	(void)of;
	deleted_cnt++;
	test_free(result);
}

static void
anomaly(void *of, const struct kymo_label *labels, uint32_t cnt, bool members,
    struct kymo_buffer *out)
{
	assert_ptr_equal(of, &query_cnt);
	kymo_buffer_printf(out, "%s of %u labels, the first %s",
	    members ? "members" : "reason", cnt, labels[0].value);
}

/* What a template gives, "!" and the error, or "?AT " and why it is none. */
static const char *
expand(const char *text, double value, struct kymo_buffer *out)
{
	const struct kymo_labels labels = { 0, 3, label_at };
	const struct kymo_labels external = { 0, 1, external_at };
	struct kyi_template_data data = { .labels = &labels,
		.external_labels = &external, .value = value, .query = query, .done = done,
		.external_url = "http://k.example.org/kymo",
		.anomaly = anomaly, .anomaly_of = &query_cnt };
	struct kyi_arena *arena = kyi_arena_new(0);
	struct kyi_template_error wrong;
	struct kymo_error error = { "" };
	struct kyi_template *template = kyi_template_parse(arena, text, &wrong);

	out->len_bytes = 0;
	kymo_buffer_str(out, "");
	if (template == NULL)
		kymo_buffer_printf(out, "?%zu %s", wrong.at_bytes,
		    wrong.error.text);
	else if (kyi_template_expand(template, &data, out, &error) != 0)
		kymo_buffer_printf(out, "!%s", error.text);
	kyi_arena_delete(arena);
	return out->at;
}

struct row {
	const char *text, *gives;
};

static void
rows_hold(const struct row *rows, size_t cnt, double value)
{
	struct kymo_buffer out = { 0 };
	size_t i;

	for (i = 0; i < cnt; i++)
		if (strcmp(expand(rows[i].text, value, &out),
		    rows[i].gives) != 0)
			fail_msg("%s\n gives %s\n  not %s", rows[i].text,
			    out.at, rows[i].gives);
	kymo_buffer_free(&out);
}
#define ROWS_HOLD(rows, value) \
	rows_hold(rows, sizeof(rows) / sizeof((rows)[0]), value)

static void
test_text_labels_and_values_are_put_in(void **state)
{
	static const struct row rows[] = {
		{ "plain", "plain" },
		{ "", "" },
		{ "{{ $labels.job }} down", "db down" },
		{ "{{ anomalyReason $labels }}", "reason of 3 labels, the first "
		    "db1.example.org:9090" },
		{ "{{ .Labels | anomalyMembers }}", "members of 3 labels, the "
		    "first db1.example.org:9090" },
		{ "{{$labels.nope}}|{{ .Labels.job }}", "|db" },
		{ "{{ $value }} {{ .Value }}", "1.234567125e+06 "
		    "1.234567125e+06" },
		{ "{{ $externalLabels.zone }} {{ .ExternalLabels.zone }}",
		    "eu eu" },
		{ "{{ $externalURL }} {{ externalURL }} {{ pathPrefix }}",
		    "http://k.example.org/kymo http://k.example.org/kymo "
		    "/kymo" },
		{ "a  {{- 1 -}}  b", "a1b" },
		{ "a {{/* note */}} b", "a  b" },
		{ "a {{- /* note */ -}} b", "ab" },
		{ "{{ `raw \\n` }}{{ \"\\u00e9\\n\" }}", "raw \\n\303\251\n" },
		{ "{{ 1000000.0 }} {{ 1e20 }} {{ 1e21 }} {{ 100000.0 }} "
		    "{{ 0.0001 }} {{ 0.00001 }} {{ 123456.5 }} {{ 0.0 }}",
		    "1e+06 1e+20 1e+21 100000 0.0001 1e-05 123456.5 0" },
		{ "{{ 0x10 }} {{ -5 }} {{ true }} {{ 'a' }} {{ 1_000 }}",
		    "16 -5 true 97 1000" },
		{ "{{ $labels }}", "map[instance:db1.example.org:9090 job:db "
		    "severity:page]" },
	};

	ROWS_HOLD(rows, 1234567.125);
}

static void
test_control_and_variables(void **state)
{
	static const struct row rows[] = {
		{ "{{ if gt $value 1.0 }}high{{ else }}low{{ end }}", "high" },
		{ "{{ if lt $value 1.0 }}a{{ else if eq $labels.job \"db\" }}"
		    "b{{ else }}c{{ end }}", "b" },
		{ "{{ with $labels.nope }}x{{ else }}none{{ end }}", "none" },
		{ "{{ with $labels.job }}{{ . }}{{ end }}", "db" },
		{ "{{ range $k, $v := $labels }}{{ $k }}={{ $v }};{{ end }}",
		    "instance=db1.example.org:9090;job=db;severity=page;" },
		{ "{{ range query \"two\" }}{{ .Labels.host }}{{ .Value }} "
		    "{{ end }}", "b1.5 a2.5 " },
		{ "{{ range $i, $s := query \"two\" | sortByLabel \"host\" }}"
		    "{{ $i }}{{ $s.Labels.host }}{{ end }}", "0a1b" },
		{ "{{ range query \"none\" }}x{{ else }}empty{{ end }}",
		    "empty" },
		{ "{{ range query \"two\" }}{{ .Value }}{{ break }}{{ end }}",
		    "1.5" },
		{ "{{ range query \"two\" }}{{ if eq .Value 1.5 }}"
		    "{{ continue }}{{ end }}{{ .Value }}{{ end }}", "2.5" },
		{ "{{ $x := 1 }}{{ if true }}{{ $x = 2 }}{{ end }}{{ $x }}",
		    "2" },
		{ "{{ $x := 1 }}{{ if true }}{{ $x := 2 }}{{ $x }}{{ end }}"
		    "{{ $x }}", "21" },
		{ "{{ and true $labels.job }} {{ or \"\" \"b\" }} "
		    "{{ not true }}", "db b false" },
		{ "{{ or true (query \"bad(\") }}", "true" },
		{ "{{ eq 1 2 1 }} {{ ne \"a\" \"b\" }} {{ le 1 1 }} "
		    "{{ ge 2 1 }}", "true true true true" },
		{ "{{ index $labels \"job\" }} {{ len $labels }} "
		    "{{ slice \"abcd\" 1 3 }}", "db 3 bc" },
		{ "{{ (index (query \"two\") 1).Value }}", "2.5" },
		{ "{{ $a := args 1 \"b\" }}{{ $a.arg1 }}{{ $a.arg0 }}", "b1" },
		{ "{{ range $i, $v := query \"two\" }}{{ if $i }}, {{ end }}"
		    "{{ $v.Labels.host }}{{ end }}", "b, a" },
	};

	query_cnt = deleted_cnt = 0;
	ROWS_HOLD(rows, 5);
	assert_true(query_cnt > 0);
	assert_int_equal(query_cnt, deleted_cnt);
}

static void
test_numbers_are_made_for_people(void **state)
{
	static const struct row rows[] = {
		{ "{{ humanize 0.0 }} {{ humanize 1.0 }} "
		    "{{ humanize 1234567.0 }} {{ humanize .12 }} "
		    "{{ humanize -5e-7 }}", "0 1 1.235M 120m -500n" },
		{ "{{ humanize1024 0.0 }} {{ humanize1024 1048576.0 }} "
		    "{{ humanize1024 1500 }}", "0 1Mi 1.465ki" },
		{ "{{ humanize \"1e3\" }} {{ humanize 2000 }}", "1k 2k" },
		{ "{{ humanizeDuration 0 }} {{ humanizeDuration 1.5 }} "
		    "{{ humanizeDuration 61 }} {{ humanizeDuration 3661.9 }} "
		    "{{ humanizeDuration 899999 }} {{ humanizeDuration -90 }} "
		    "{{ humanizeDuration 0.0015 }}", "0s 1.5s 1m 1s 1h 1m 1s "
		    "10d 9h 59m 59s -1m 30s 1.5ms" },
		{ "{{ humanizePercentage 0.12345 }} "
		    "{{ humanizePercentage 1 }}", "12.35% 100%" },
		{ "{{ humanizeTimestamp 1.5 }} "
		    "{{ humanizeTimestamp 1600000000.123456 }}",
		    "1970-01-01 00:00:01.5 +0000 UTC "
		    "2020-09-13 12:26:40.123 +0000 UTC" },
		{ "{{ parseDuration \"1h30m\" }} {{ parseDuration \"50ms\" }}",
		    "5400 0.05" },
		{ "{{ query \"two\" | first | value | humanize }} "
		    "{{ query \"two\" | first | label \"host\" }} "
		    "{{ query \"two\" | first | strvalue }} "
		    "{{ query \"3\" | first | value }}", "1.5 b x 3" },
		{ "{{ $value | humanize }} {{ $value | printf \"%.2f\" }}",
		    "5 5.00" },
	};

	ROWS_HOLD(rows, 5);
}

static void
test_texts_are_changed(void **state)
{
	static const struct row rows[] = {
		{ "{{ toUpper \"ab\" }} {{ toLower \"AB\" }} "
		    "{{ title \"foo bar-baz\" }}", "AB ab Foo Bar-Baz" },
		{ "{{ stripPort $labels.instance }} {{ stripPort \"h\" }} "
		    "{{ stripPort \"[::1]:80\" }}", "db1.example.org h ::1" },
		{ "{{ stripDomain $labels.instance }} "
		    "{{ stripDomain \"a.b.c\" }} {{ stripDomain \"1.2.3.4:5\" }}",
		    "db1:9090 a 1.2.3.4:5" },
		{ "{{ match \"b[0-9]\" $labels.instance }} "
		    "{{ match \"^b\" $labels.instance }}", "true false" },
		{ "{{ reReplaceAll \"(.*):.*\" \"$1\" $labels.instance }}",
		    "db1.example.org" },
		{ "{{ reReplaceAll \"a\" \"<$0>\" \"banana\" }}",
		    "b<a>n<a>n<a>" },
		{ "{{ reReplaceAll \"(?P<x>[0-9])\" \"${x}.\" \"a12\" }}",
		    "a1.2." },
		{ "{{ reReplaceAll \"x*\" \"-\" \"abc\" }}", "-a-b-c-" },
		{ "{{ reReplaceAll \"x*\" \"-\" \"xaxx\" }}", "-a-" },
		{ "{{ reReplaceAll \"^a\" \"b\" \"aaa\" }}", "baa" },
		{ "{{ printf \"%d|%5d|%-5d|%05d|%x|%+d\" 1 2 3 4 255 6 }}",
		    "1|    2|3    |00004|ff|+6" },
		{ "{{ printf \"%5.1f|%-8s|%q|%t|%v|%.2s\" 2.25 \"ab\" "
		    "\"c\\\"d\" true \"e\" \"xyz\" }}",
		    "  2.2|ab      |\"c\\\"d\"|true|e|xy" },
		{ "{{ printf \"%g %e %f %v %.3v\" 1e6 1e6 1e6 1e6 1234567.0 }}",
		    "1e+06 1.000000e+06 1000000.000000 1e+06 1.23e+06" },
		{ "{{ printf \"%d\" 1.5 }} {{ printf \"%s %s\" \"a\" }} "
		    "{{ printf \"x\" 2 \"b\" }} {{ printf \"100%%\" }}",
		    "%!d(float64=1.5) a %!s(MISSING) "
		    "x%!(EXTRA int=2, string=b) 100%" },
		{ "{{ print 1 2 \"a\" \"b\" 3 }}|{{ println 1 \"a\" }}",
		    "1 2ab3|1 a\n" },
		{ "{{ html \"<a b='c'>\" }} {{ urlquery \"a b&c\" }}",
		    "&lt;a b=&#39;c&#39;&gt; a+b%26c" },
		{ "{{ graphLink \"up == 0\" }} {{ tableLink \"up\" }}",
		    "/graph?g0.expr=up+%3D%3D+0&g0.tab=0 "
		    "/graph?g0.expr=up&g0.tab=1" },
	};

	ROWS_HOLD(rows, 5);
}

static void
test_a_wrong_template_is_refused_with_its_place(void **state)
{
	static const struct row rows[] = {
		{ "a {{ $label.foo }}", "?5 undefined variable \"$label\"" },
		{ "{{ foo 1 }}", "?3 function \"foo\" not defined" },
		{ "{{ $value", "?9 unclosed action" },
		{ "{{ if true }}x", "?14 unexpected EOF; an {{end}} is "
		    "missing" },
		{ "x{{ end }}", "?10 unexpected {{end}}" },
		{ "{{ \"a }}", "?3 unterminated quoted string" },
		{ "{{ }}", "?3 missing value for command" },
		{ "{{ (1 }}", "?3 unclosed left paren" },
		{ "{{ /* x }}", "?3 unclosed comment" },
		{ "{{ 1 2 }}", "?3 can't give argument to non-function 1" },
		{ "{{ 1 | 2 }}", "?7 non executable command in pipeline "
		    "stage" },
		{ "{{ template \"x\" }}", "?3 template is not known to alerts' "
		    "templates" },
		{ "{{ $x := 1 }}{{ if true }}{{ $y := 1 }}{{ end }}{{ $y }}",
		    "?51 undefined variable \"$y\"" },
	};

	ROWS_HOLD(rows, 5);
}

static void
test_what_fails_while_it_expands_says_where_and_why(void **state)
{
	static const struct row rows[] = {
		{ "{{ gt $value 10 }}", "!1:4: at <gt $value 10>: error calling "
		    "gt: incompatible types for comparison (write 10.0, not "
		    "10, to compare with a float)" },
		{ "x\n {{ query \"none\" | first | value }}",
		    "!2:20: at <first>: error calling first: first() called on "
		    "vector with no elements" },
		{ "{{ .Foo }}", "!1:4: at <.Foo>: can't evaluate field Foo in "
		    "type struct { Labels map[string]string; ExternalLabels "
		    "map[string]string; ExternalURL string; Value interface {}"
		    " }" },
		{ "{{ $labels.job.x }}", "!1:4: at <$labels.job.x>: can't "
		    "evaluate field x in type string" },
		{ "{{ query \"bad(\" }}", "!1:4: at <query \"bad(\">: error "
		    "calling query: unexpected end of input" },
		{ "{{ humanize \"x\" }}", "!1:4: at <humanize \"x\">: error "
		    "calling humanize: strconv.ParseFloat: parsing \"x\": "
		    "invalid syntax" },
		{ "{{ toUpper 1 }}", "!1:4: at <toUpper 1>: error calling "
		    "toUpper: wrong type for value; expected string; got int" },
		{ "{{ range $value }}{{ end }}", "!1:10: at <$value >: range "
		    "can't iterate over float64" },
	};

	ROWS_HOLD(rows, 5);
}

static void
test_none_runs_away(void **state)
{
	static const char *const rows[] = {
		"{{ range $i := 200000 }}{{ end }}",
		"{{ range 1000 }}{{ range 1000 }}x{{ end }}{{ end }}",
		"{{ range 1000 }}{{ printf \"%1000d\" 1 }}{{ end }}",
	};
	struct kymo_buffer out = { 0 };
	char deep[1000];
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(expand(rows[i], 0, &out)[0], '!');
	strcpy(deep, "{{ ");
	for (i = 0; i < 100; i++)
		strcat(deep, "(");
	assert_non_null(strstr(expand(deep, 0, &out), "nested too deep"));
	kymo_buffer_free(&out);
}

/* Pages may be longer than alerts' texts: all of one is replaced, or none. */
static void
test_long_texts_are_replaced_to_their_end(void **state)
{
	static char text[80001];
	static const struct kymo_label label = { "t", text };
	const struct kymo_labels labels = { 0, 1, &label };
	struct kyi_template_data data = { .labels = &labels };
	struct kyi_arena *arena = kyi_arena_new(0);
	struct kyi_template_error wrong;
	struct kymo_error error = { "" };
	struct kymo_buffer out = { 0 };
	struct kyi_template *template = kyi_template_parse(arena,
	    "{{ reReplaceAll \"a{400}\" \"<$0>\" $labels.t | printf \"%.3s\" }}"
	    "{{ reReplaceAll \"a{400}\" \"<$0>\" $labels.t }}", &wrong);

	memset(text, 'a', sizeof(text) - 1);
	assert_non_null(template);
	data.bytes_max = 256 * 1024;
	assert_int_equal(kyi_template_expand(template, &data, &out, &error), 0);
	assert_int_equal(out.len_bytes, 3 + 80000 + 200 * 2);
	assert_memory_equal(out.at + out.len_bytes - 2, "a>", 2);
	data.bytes_max = 0;
	assert_int_equal(kyi_template_expand(template, &data, &out, &error),
	    -1);
	assert_non_null(strstr(error.text, "more than 65536 bytes"));
	kymo_buffer_free(&out);
	kyi_arena_delete(arena);
}

/* Every prefix, and every byte changed: under the sanitizers none may hurt. */
static void
test_no_bytes_hurt(void **state)
{
	static const char whole[] = "a {{- range $i, $v := query \"two\" | "
	    "sortByLabel \"host\" }}{{ if and (gt .Value 1.0) $i }}{{ printf "
	    "\"%5.2f\\n\" .Value | toUpper }}{{ else }}{{ $labels.job }}"
	    "{{ end -}} {{ end }}{{/* x */}}{{ `q` }}";
	static const char changes[] = "{}\"`'()|$.- \n9";
	struct kymo_buffer out = { 0 };
	char text[sizeof(whole)];
	size_t i, j;

	for (i = 0; i < sizeof(whole); i++) {
		memcpy(text, whole, sizeof(text));
		text[i] = '\0';
		expand(text, 1, &out);
	}
	for (i = 0; i < sizeof(whole) - 1; i++)
		for (j = 0; j < sizeof(changes) - 1; j++) {
			memcpy(text, whole, sizeof(text));
			text[i] = changes[j];
			expand(text, 1, &out);
		}
	kymo_buffer_free(&out);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text_labels_and_values_are_put_in),
		cmocka_unit_test(test_control_and_variables),
		cmocka_unit_test(test_numbers_are_made_for_people),
		cmocka_unit_test(test_texts_are_changed),
		cmocka_unit_test(
		    test_a_wrong_template_is_refused_with_its_place),
		cmocka_unit_test(
		    test_what_fails_while_it_expands_says_where_and_why),
		cmocka_unit_test(test_none_runs_away),
		cmocka_unit_test(test_long_texts_are_replaced_to_their_end),
		cmocka_unit_test(test_no_bytes_hurt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
