/* SPDX-License-Identifier: MIT */
/* What is sent of a message. An input that begins with { is a stored message, of
   an outbox that somebody damaged, or a message that a person wrote for kymo
   notify render: every kind of receiver makes something sound of it, or says why
   not. Any other is a template for a webhook's body or a text: what it makes of a
   message is JSON, or it says why not. */
#include <stdlib.h>
#include <string.h>

#include "reader/notify/body.h"
#include "reader/notify/notify.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes);

static const char stored[] =
    "{\"version\":\"4\",\"groupKey\":\"g\",\"status\":\"firing\","
    "\"receiver\":\"team\",\"groupLabels\":{\"job\":\"a\"},"
    "\"commonLabels\":{\"job\":\"a\",\"x\":\"\\u00e9\\\"<\"},"
    "\"commonAnnotations\":{},\"externalURL\":\"http://kymo/\","
    "\"alerts\":[{\"status\":\"firing\",\"labels\":{\"alertname\":\"Slow\","
    "\"job\":\"a\"},\"annotations\":{\"summary\":\"it is\\nslow\"},"
    "\"startsAt\":\"2027-03-01T18:00:00Z\",\"endsAt\":"
    "\"0001-01-01T00:00:00Z\",\"generatorURL\":\"\","
    "\"fingerprint\":\"0123456789abcdef\"}],\"kymo\":{\"values\":[1.5,null]}}";

static void
is_json(const struct kymo_buffer *out)
{
	json_t *json = json_loadb(out->at, out->len_bytes, 0, NULL);

	if (json == NULL)
		abort();
	json_decref(json);
}

static void
expand(const char *template_)
{
	static const enum kymo_template_as all[] = { KYMO_TEMPLATE_TEXT,
	    KYMO_TEMPLATE_SLACK, KYMO_TEMPLATE_HTML, KYMO_TEMPLATE_JSON };
	static json_t *message;

	if (message == NULL)
		message = json_loads(stored, 0, NULL);
	if (message == NULL)
		abort();
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		struct kymo_buffer out = { 0 };
		struct kymo_error error = { "" }, wrong = { "" };
		int status = kyi_template_make(NULL, template_, all[i],
		    message, &out, &error);

		if ((status == 0) != (error.text[0] == '\0'))
			abort();
		if (status == 0 && all[i] == KYMO_TEMPLATE_JSON)
			is_json(&out);
		kymo_buffer_free(&out);
		status = kyi_template_try(NULL, template_, all[i], &wrong);
		if ((status == 0) != (wrong.text[0] == '\0'))
			abort();
	}
}

static void
render(const struct kymo_receiver *receiver, const char *body,
    enum kymo_render what)
{
	struct kymo_buffer out = { 0 };
	struct kymo_error error = { "" };

	if (kymo_notify_render(receiver, body, "msg_0123", what, &out,
	    &error) != 0) {
		if (error.text[0] == '\0')
			abort();
	} else if (!out.failed && what == KYMO_RENDER_SENT &&
	    receiver->kind != KYMO_RECEIVER_EMAIL) {
		is_json(&out);
	}
	kymo_buffer_free(&out);
}

/* A mail's lines end in CR LF, are not too long, and are bytes of ASCII. */
static void
mail(const struct kymo_receiver *receiver, const char *body)
{
	struct kymo_buffer out = { 0 };
	struct kymo_error error = { "" };
	size_t line_bytes = 0, i;

	if (kymo_notify_render(receiver, body, "msg_0123", KYMO_RENDER_SENT,
	    &out, &error) == 0)
		for (i = 0; i < out.len_bytes; i++) {
			unsigned char c = (unsigned char)out.at[i];
			unsigned char last = i == 0 ? 0 :
			    (unsigned char)out.at[i - 1];

			line_bytes = c == '\n' ? 0 : line_bytes + 1;
			if (c > 126 || (c == '\n') != (last == '\r') ||
			    line_bytes > 999)
				abort();
		}
	kymo_buffer_free(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes)
{
	static const char *const to[] = { "ops@example.org" };
	static const struct kymo_receiver all[] = {
		{ .name = "w", .kind = KYMO_RECEIVER_WEBHOOK,
		    .url = "https://example.org/", .alerts_max = 2 },
		{ .name = "s", .kind = KYMO_RECEIVER_SLACK,
		    .url = "https://example.org/" },
		{ .name = "a", .kind = KYMO_RECEIVER_ALERTMANAGER,
		    .url = "https://example.org/" },
		{ .name = "b", .kind = KYMO_RECEIVER_WEBHOOK,
		    .url = "https://example.org/",
		    .body = "{\"t\": \"{{ range .alerts }}{{ .labels }}"
		    "{{ .startsAt }}{{ end }}\"}" },
	}, email = { .name = "e", .kind = KYMO_RECEIVER_EMAIL,
	    .smarthost = "localhost:25", .from = "kymo@example.org",
	    .to = to, .to_cnt = 1 };
	char *text = malloc(len_bytes + 1);

	if (text == NULL)
		return 0;
	memcpy(text, bytes, len_bytes);
	text[len_bytes] = '\0';
	if (*text == '{' && text[1] != '{') {
		for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
			render(&all[i], text, KYMO_RENDER_SENT);
		render(&email, text, KYMO_RENDER_TEXT);
		render(&email, text, KYMO_RENDER_HTML);
		mail(&email, text);
	}
	expand(text);
	free(text);
	return 0;
}
