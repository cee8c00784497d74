/* SPDX-License-Identifier: MIT */
/* Goal: what goes to Slack keeps Slack's limits and mentions nobody, whatever
   the names are.
   Method: a corpus of names in every place that a name can have; each text of
   each payload is looked at. */
#include "tests/testlib/notify_message.h"

#include <jansson.h>

#include "reader/notify/message.h"
#include "reader/notify/text.h"
#include "reader/notify/view.h"

/* mrkdwn: no & but of an entity, no < and no > at all. */
static void
assert_escaped(const char *text)
{
	assert_null(strpbrk(text, "<>"));
	for (; (text = strchr(text, '&')) != NULL; text++)
		assert_true(strncmp(text, "&amp;", 5) == 0 ||
		    strncmp(text, "&lt;", 4) == 0 ||
		    strncmp(text, "&gt;", 4) == 0);
}

static const struct kymo_receiver chat = { .name = "r",
    .kind = KYMO_RECEIVER_SLACK, .url = "https://hooks.example.org/" };

static void
assert_text(const json_t *text, size_t max, size_t *all)
{
	const char *type = kyi_json_text(text, "type");
	const char *value = kyi_json_text(text, "text");

	assert_in_range(kyi_text_cnt(value), 1, max);
	*all += kyi_text_cnt(value);
	assert_null(strstr(value, "\xe2\x80\xae"));
	if (strcmp(type, "mrkdwn") == 0)
		assert_escaped(value);
	else
		assert_string_equal(type, "plain_text");
}

static void
assert_buttons(const json_t *buttons, size_t *all)
{
	const json_t *button;
	size_t i;

	assert_in_range(json_array_size(buttons), 1, 25);
	json_array_foreach(buttons, i, button) {
		assert_text(json_object_get(button, "text"), 75, all);
		assert_true(kyi_view_link_is(kyi_json_text(button, "url")));
	}
}

static void
assert_slack(const struct kymo_buffer *out)
{
	json_t *whole = json_loadb(out->at, out->len_bytes, 0, NULL);
	const json_t *blocks = json_object_get(whole, "blocks"), *block;
	size_t i, all = 0;

	assert_non_null(whole);
	assert_escaped(kyi_json_text(whole, "text"));
	all += kyi_text_cnt(kyi_json_text(whole, "text"));
	assert_in_range(json_array_size(blocks), 3, 50);
	json_array_foreach(blocks, i, block) {
		const char *type = kyi_json_text(block, "type");

		if (strcmp(type, "header") == 0)
			assert_text(json_object_get(block, "text"), 150, &all);
		else if (strcmp(type, "section") == 0)
			assert_text(json_object_get(block, "text"), 3000,
			    &all);
		else if (strcmp(type, "actions") == 0)
			assert_buttons(json_object_get(block, "elements"),
			    &all);
		else
			assert_string_equal(type, "context");
	}
	assert_in_range(all, 10, 12000);
	json_decref(whole);
}

static void
test_limits_hold_for_every_name(void **state)
{
	static const uint32_t cnts[] = { 1, 2, 60 };

	for (size_t i = 0; i < NASTY_CNT; i++)
		for (size_t k = 0; k < 6; k++) {
			char *body = message_body(nasty_text(i), k % 2 == 0,
			    cnts[k / 2]);
			struct kymo_buffer out = payload_of(
			    &kyi_channel_slack, &chat, NULL, body);

			assert_slack(&out);
			kymo_buffer_free(&out);
			free(body);
		}
}

static void
test_what_a_person_sees(void **state)
{
	char *body = message_body("Slow", true, 2);
	struct kymo_buffer out = payload_of(&kyi_channel_slack, &chat, NULL,
	    body);

	assert_non_null(strstr(out.at, "\"text\":\"[FIRING:2] Slow (Slow "
	    "Slow)\""));
	assert_non_null(strstr(out.at, "*value* 1.5 Slow, threshold 0.5"));
	assert_non_null(strstr(out.at, "*range* -0.99999 to 0.999884 in the "
	    "last 99 s"));
	assert_non_null(strstr(out.at,
	    "*since* 2026-01-02T03:04:05.678Z"));
	assert_non_null(strstr(out.at, "*quantiles* p50 0.25, p99 1.5"));
	assert_non_null(strstr(out.at, "\xe2\x96\x88")); /* the highest */
	assert_non_null(strstr(out.at,
	    "\"url\":\"https://example.com/run?a=1&b=2\""));
	assert_non_null(strstr(out.at, "msg_0123456789abcdefghjkmnpqrs"));
	kymo_buffer_free(&out);
	free(body);
	body = message_body("Slow", false, 1);
	out = payload_of(&kyi_channel_slack, &chat, NULL, body);
	assert_non_null(strstr(out.at, "[RESOLVED] Slow"));
	assert_non_null(strstr(out.at,
	    "*until* 2026-01-02T03:05:05.678Z"));
	kymo_buffer_free(&out);
	free(body);
}

/* ---- words of somebody's own -------------------------------------------------------- */

static const char in_all[] = "{{ .CommonLabels.service }}"
    "{{ range .Alerts }}{{ .Annotations.summary }}{{ end }}";
static const struct kymo_label words[] = { { "title", in_all },
    { "title_link", "{{ .CommonLabels.service }}" },
    { "pretext", "<!here> {{ .CommonLabels.service }}" },
    { "text", in_all }, { "fallback", in_all }, { "footer", in_all },
    { "fields.0.title", in_all }, { "fields.0.value", in_all },
    { "fields.0.short", "true" }, { "fields.1.value", "{{ .Status }}" },
    { "actions.0.type", "button" },
    { "actions.0.url", "https://example.org/{{ .Status }}" },
    { "channel", "#{{ .CommonLabels.service }}" } };

static struct kymo_receiver
with_words(const struct kymo_label *texts, uint32_t cnt,
    struct kymo_templates **templates)
{
	struct kymo_receiver receiver = chat;

	assert_int_equal(kymo_templates_new(templates, NULL), 0);
	receiver.texts = texts;
	receiver.text_cnt = cnt;
	receiver.templates = *templates;
	return receiver;
}

/* All texts of an attachment, but what the template itself says. */
static void
assert_attachment(const json_t *attachment)
{
	static const char *const names[] = { "title", "text", "fallback",
	    "footer" };
	const json_t *field = json_array_get(json_object_get(attachment,
	    "fields"), 0);
	const char *link = kyi_json_text(attachment, "title_link");
	const char *pretext = kyi_json_text(attachment, "pretext");

	for (size_t i = 0; i < 4; i++) {
		assert_escaped(kyi_json_text(attachment, names[i]));
		assert_true(kyi_text_cnt(kyi_json_text(attachment,
		    names[i])) <= 8000);
	}
	assert_escaped(kyi_json_text(field, "title"));
	assert_escaped(kyi_json_text(field, "value"));
	assert_true(json_is_true(json_object_get(field, "short")));
	assert_true(*link == '\0' || kyi_view_link_is(link));
	assert_memory_equal(pretext, "<!here> ", 8);
	assert_escaped(pretext + 8);
	assert_null(strstr(pretext, "\xe2\x80\xae"));
}

static void
test_own_words_mention_whom_they_say_and_no_other(void **state)
{
	struct kymo_templates *templates;
	const struct kymo_receiver receiver = with_words(words,
	    sizeof(words) / sizeof(*words), &templates);

	for (size_t i = 0; i < NASTY_CNT; i++)
		for (uint32_t cnt = 1; cnt <= 60; cnt += 59) {
			char *body = message_body(nasty_text(i), cnt == 1, cnt);
			struct kymo_buffer out = payload_of(
			    &kyi_channel_slack, &receiver, NULL, body);
			json_t *whole = json_loadb(out.at, out.len_bytes, 0,
			    NULL);
			const json_t *one = json_array_get(json_object_get(
			    whole, "attachments"), 0);

			/* 60 of ten KiB are more than a template may give. */
			if (nasty_texts[i] != NULL || cnt == 1) {
				assert_attachment(one);
				assert_string_equal(kyi_json_text(one,
				    "color"), cnt == 1 ? "danger" : "good");
			} else {
				assert_slack(&out);
			}
			json_decref(whole);
			kymo_buffer_free(&out);
			free(body);
		}
	kymo_templates_delete(templates);
}

static void
test_a_template_that_fails_hides_no_alert(void **state)
{
	static const struct kymo_label failing[] = { { "title",
	    "{{ (index .Alerts.Firing 0).Status }}" } };
	struct kymo_templates *templates;
	const struct kymo_receiver receiver = with_words(failing, 1,
	    &templates);
	char *body = message_body("Slow", false, 1);
	struct kymo_buffer out = payload_of(&kyi_channel_slack, &receiver,
	    NULL, body);

	assert_non_null(strstr(out.at, "[RESOLVED] Slow"));
	assert_non_null(strstr(out.at, "a template failed: title: 1:5: at "
	    "&lt;index .Alerts.Firing 0&gt;: error calling index"));
	assert_slack(&out);
	kymo_buffer_free(&out);
	free(body);
	kymo_templates_delete(templates);
}

static void
test_words_that_slack_has_not_are_refused(void **state)
{
	static const struct {
		struct kymo_label text;
		const char *why;
	} rows[] = {
		{ { "headline", "x" }, "Slack has no headline" },
		{ { "title.0", "x" }, "Slack has no title.0" },
		{ { "fields.99.title", "x" }, "or more than 50" },
		{ { "fields.title", "x" }, "Slack has no fields.title" },
		{ { "text", "{{ .Status" }, "text: 1:11: unclosed action" },
		{ { "text", "{{ template \"no\" . }}" },
		    "no template is called \"no\"" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct kymo_templates *templates;
		const struct kymo_receiver receiver = with_words(
		    &rows[i].text, 1, &templates);
		struct kymo_error error = {""};

		assert_int_equal(kyi_channel_slack.check(&receiver, &error),
		    -1);
		if (strstr(error.text, rows[i].why) == NULL)
			fail_msg("%s", error.text);
		kymo_templates_delete(templates);
	}
}

static void
test_sparklines(void **state)
{
	static const struct {
		const char *points, *line;
	} rows[] = {
		{ "[]", "" }, { "[[0,1]]", "\xe2\x96\x81" },
		{ "[[0,0],[1,7],[2,null],[3,3.5]]",
		    "\xe2\x96\x81\xe2\x96\x88 \xe2\x96\x84" },
		{ "[[0,-1e308],[1,1e308]]", "\xe2\x96\x81\xe2\x96\x88" },
		{ "[[0,1],[1,\"+Inf\"]]", "\xe2\x96\x81 " },
		{ "[[0,1],[1,2],[2,3],[3,4],[4,5],[5,9]]",
		    "\xe2\x96\x81\xe2\x96\x83\xe2\x96\x88" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		json_t *points = json_loads(rows[i].points, 0, NULL);
		struct kymo_buffer out = {0};

		kyi_view_sparkline(&out, points, i == 5 ? 3 : 40);
		assert_string_equal(out.at == NULL ? "" : out.at,
		    rows[i].line);
		kymo_buffer_free(&out);
		json_decref(points);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_limits_hold_for_every_name),
		cmocka_unit_test(test_what_a_person_sees),
		cmocka_unit_test(
		    test_own_words_mention_whom_they_say_and_no_other),
		cmocka_unit_test(test_a_template_that_fails_hides_no_alert),
		cmocka_unit_test(test_words_that_slack_has_not_are_refused),
		cmocka_unit_test(test_sparklines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
