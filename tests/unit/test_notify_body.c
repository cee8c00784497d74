/* SPDX-License-Identifier: MIT */
/* Goal: a template of a webhook's body sees all of a message, what it prints
   cannot break out of a JSON text, and what is no JSON is refused.
   Method: rows of templates, and of what they give. */
#include "tests/testlib/testlib.h"

#include "reader/notify/body.h"

#define MESSAGE \
	"{\"status\": \"firing\", \"receiver\": \"team\"," \
	" \"commonLabels\": {\"alertname\": \"Slow\", \"a\": \"x\\\"y\\\\z\"}," \
	" \"groupLabels\": {}, \"externalURL\": \"http://k/p\"," \
	" \"kymo\": {\"points\": [[1, 2], [3, null]]}," \
	" \"alerts\": [" \
	"{\"status\": \"firing\", \"labels\": {\"n\": \"1\"}, \"value\": 1.5," \
	" \"annotations\": {\"s\": \"two\\nlines \\u0001\"}}," \
	"{\"status\": \"resolved\", \"labels\": {\"n\": \"2\"}, \"value\": 3}]}"

static void
test_what_templates_give(void **state)
{
	static const struct {
		const char *template_, *gives; /* NULL: it is refused .. */
		const char *why;
	} rows[] = {
		{"{\"a\": 1}", "{\"a\": 1}", NULL},
		{"{\"text\": \"{{ .status }} {{ .commonLabels.alertname }}\"}",
		    "{\"text\": \"firing Slow\"}", NULL},
		/* As Alertmanager's templates have it. */
		{"[\"{{ .Status }}\", \"{{ .CommonLabels.alertname }}\","
		    " \"{{ .ExternalURL }}\"]",
		    "[\"firing\", \"Slow\", \"http://k/p\"]", NULL},
		{"[{{ range $i, $a := .Alerts }}{{ if $i }},{{ end }}"
		    "\"{{ $a.Labels.n }}\"{{ end }}]", "[\"1\",\"2\"]", NULL},
		{"[{{ len .Alerts.Firing }}, {{ len .alerts.Resolved }}]",
		    "[1, 1]", NULL},
		{"{\"a\": \"{{ .commonLabels.a }}\"}",
		    "{\"a\": \"x\\\"y\\\\z\"}", NULL},
		{"[{{ range .Alerts.Firing }}\"{{ .annotations.s }}\"{{ end }}]",
		    "[\"two\\nlines \\u0001\"]", NULL},
		{"{{ json .alerts }}",
		    "[{\"annotations\":{\"s\":\"two\\nlines \\u0001\"},"
		    "\"labels\":{\"n\":\"1\"},\"status\":\"firing\","
		    "\"value\":1.5},{\"labels\":{\"n\":\"2\"},"
		    "\"status\":\"resolved\",\"value\":3}]", NULL},
		{"{\"l\": {{ .commonLabels | json }}}",
		    "{\"l\": {\"a\":\"x\\\"y\\\\z\",\"alertname\":\"Slow\"}}",
		    NULL},
		{"{{ json .kymo.points }}", "[[1,2],[3,null]]", NULL},
		{"[{{ json .not_there }}]", "[null]", NULL},
		{"[\"{{ .not_there }}\"]", "[\"\"]", NULL},
		{"[{{ range $k, $v := .commonLabels }}\"{{ $k }}\", {{ end }}0]",
		    "[\"a\", \"alertname\", 0]", NULL},
		{"[\"{{ .commonLabels.a | toUpper }}\"]",
		    "[\"X\\\"Y\\\\Z\"]", NULL},
		{"[{{ if eq .status \"firing\" }}1{{ else }}2{{ end }}]",
		    "[1]", NULL},
		/* What would be markup elsewhere is only a text here. */
		{"[\"{{ safeHtml .commonLabels.a }}\"]", "[\"x\\\"y\\\\z\"]",
		    NULL},
		{"{\"a\": }", NULL, "no JSON"},
		{"", NULL, "no JSON"},
		{"{{ .a.b }}", NULL, "nil data"},
		{"{{ .status", NULL, "unclosed action"},
		{"{{ frobnicate }}", NULL, "function"},
		{"{{ template \"x\" . }}", NULL, "no template is called"},
		{"{\"a\": 1, \"a\": 2}", NULL, "no JSON"},
	};
	json_t *message = json_loads(MESSAGE, 0, NULL);
	size_t i;

	assert_non_null(message);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct kymo_buffer out = {0};
		struct kymo_error error = {""};
		int status = kyi_template_make(NULL, rows[i].template_,
		    KYMO_TEMPLATE_JSON, message, &out, &error);

		if (rows[i].gives == NULL) {
			if (status == 0 || strstr(error.text, rows[i].why) ==
			    NULL || out.len_bytes != 0)
				fail_msg("%s: %s", rows[i].template_,
				    error.text);
		} else if (status != 0 || strcmp(out.at, rows[i].gives) != 0) {
			fail_msg("%s: %s %s", rows[i].template_, error.text,
			    out.at == NULL ? "" : out.at);
		}
		kymo_buffer_free(&out);
	}
	json_decref(message);
}

static void
test_a_template_is_tried_before_it_is_needed(void **state)
{
	struct kymo_error error;

	static const struct {
		const char *text;
		int status;
	} rows[] = {
		{"{\"text\": \"{{ .commonAnnotations.summary }} "
		    "{{ .commonLabels.service }}\"}", 0},
		/* It holds while no value has a quote, but for json's. */
		{"{\"text\": {{ .commonLabels.service }}}",
		    KYMO_TEMPLATE_FAILS},
		{"{\"text\": {{ json .commonLabels.service }}}", 0},
		{"{\"text\": {{ json .commonLabels", -1},
		{"{{ template \"x\" . }}", -1},
		/* It is good while something fires, and then no more. */
		{"[\"{{ (index .Alerts.Firing 0).Status }}\"]",
		    KYMO_TEMPLATE_FAILS},
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (kyi_template_try(NULL, rows[i].text, KYMO_TEMPLATE_JSON,
		    &error) != rows[i].status)
			fail_msg("%s: %s", rows[i].text, error.text);
}

static void
test_a_text_is_expanded_as_it_is(void **state)
{
	json_t *message = json_loads(MESSAGE, 0, NULL);
	struct kymo_buffer out = {0};
	struct kymo_error error;

	assert_int_equal(kyi_template_make(NULL, "[{{ .Status }}] "
	    "{{ .commonLabels.a }}", KYMO_TEMPLATE_TEXT, message, &out,
	    &error), 0);
	assert_string_equal(out.at, "[firing] x\"y\\z");
	kymo_buffer_free(&out);
	assert_int_equal(kyi_template_make(NULL, "{{ json .status }}",
	    KYMO_TEMPLATE_TEXT, message, &out, &error), -1);
	kymo_buffer_free(&out);
	json_decref(message);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_templates_give),
		cmocka_unit_test(test_a_template_is_tried_before_it_is_needed),
		cmocka_unit_test(test_a_text_is_expanded_as_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
