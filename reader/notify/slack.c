/* SPDX-License-Identifier: MIT */
/* Slack's incoming webhooks: Block Kit, clamped to Slack's limits. */
#include "reader/notify/send.h"

#include <stdio.h>
#include <string.h>

#include "reader/notify/message.h"
#include "reader/notify/slack_text.h"
#include "reader/notify/slack_words.h"
#include "reader/notify/text.h"
#include "reader/notify/view.h"

#define BLOCKS_MAX 50u
#define SECTION_MAX 3000u
#define HEADER_MAX 150u
#define ALL_MAX 12000u
#define REST_MAX 1200u /* of what is no section: text, buttons, the id */
#define ALERTS_MAX 20u
#define ALERT_MAX 400u /* of one alert's line */
#define SPARKLINE_WIDTH 40u

struct slack {
	json_t *blocks, *buttons;
	struct kymo_buffer text;
	size_t left; /* of all */
	bool failed;
};

/* ---- blocks --------------------------------------------------------------------------- */

static void
block_add(struct slack *slack, json_t *block)
{
	if (json_array_size(slack->blocks) >= BLOCKS_MAX) {
		json_decref(block);
		return;
	}
	slack->failed |= block == NULL ||
	    json_array_append_new(slack->blocks, block) != 0;
}

/* What is in slack->text becomes a section. */
static void
section_end(struct slack *slack)
{
	size_t cnt = slack->text.len_bytes == 0 ? 0 :
	    kyi_text_cnt(slack->text.at);

	if (slack->text.failed || cnt > slack->left)
		slack->failed |= slack->text.failed;
	else if (cnt > 0) {
		slack->left -= cnt;
		block_add(slack, json_pack("{s:s, s:{s:s, s:s}}", "type",
		    "section", "text", "type", "mrkdwn", "text",
		    slack->text.at));
	}
	slack->text.len_bytes = 0;
}

static size_t
section_max(const struct slack *slack)
{
	return slack->left < SECTION_MAX ? slack->left : SECTION_MAX;
}

static void
fact_put(void *to, const char *name, const char *text)
{
	struct slack *slack = to;
	size_t max = section_max(slack);
	bool first = slack->text.len_bytes == 0;

	/* A long one is a section of its own, so that it leaves room. */
	if (!first && kyi_text_cnt(slack->text.at) + strlen(text) + 20 > max) {
		section_end(slack);
		max = section_max(slack);
		first = true;
	}
	if (max < 100)
		return;
	if (!first)
		kymo_buffer_char(&slack->text, '\n');
	kymo_buffer_printf(&slack->text, "*%s* ", name);
	kyi_slack_put(&slack->text, text, max, false);
}

static void
link_put(void *to, const char *name, const char *url)
{
	struct slack *slack = to;
	json_t *button = json_pack("{s:s, s:{s:s, s:s}, s:s}", "type",
	    "button", "text", "type", "plain_text", "text", name, "url", url);

	slack->failed |= button == NULL ||
	    json_array_append_new(slack->buttons, button) != 0;
}

static void
sparkline_put(struct slack *slack, const json_t *points)
{
	if (json_array_size(points) < 2 || slack->left < SPARKLINE_WIDTH + 2)
		return;
	kymo_buffer_char(&slack->text, '`');
	kyi_view_sparkline(&slack->text, points, SPARKLINE_WIDTH);
	kymo_buffer_char(&slack->text, '`');
	section_end(slack);
}

static void
alerts_put(struct slack *slack, const json_t *alerts)
{
	struct kymo_buffer line = {0};
	size_t cnt = json_array_size(alerts), i;

	for (i = 0; i < cnt && i < ALERTS_MAX && slack->left > 2 * ALERT_MAX;
	    i++) {
		line.len_bytes = 0;
		kyi_view_alert(&line, json_array_get(alerts, i));
		slack->failed |= line.failed;
		if (line.failed)
			break;
		kymo_buffer_char(&slack->text, '`');
		kyi_slack_put(&slack->text, line.at, ALERT_MAX, false);
		kymo_buffer_char(&slack->text, '`');
		section_end(slack);
	}
	if (i < cnt) {
		kymo_buffer_printf(&slack->text, "and %zu more", cnt - i);
		section_end(slack);
	}
	kymo_buffer_free(&line);
}

static void
head_put(struct slack *slack, const json_t *message, struct kymo_buffer *title)
{
	struct kymo_buffer whole = {0};

	kyi_view_title(&whole, message);
	if (!whole.failed)
		kyi_slack_put(title, whole.at, HEADER_MAX, true);
	slack->failed |= whole.failed || title->failed;
	kymo_buffer_free(&whole);
	if (slack->failed)
		return;
	slack->left -= kyi_text_cnt(title->at);
	block_add(slack, json_pack("{s:s, s:{s:s, s:s, s:b}}", "type",
	    "header", "text", "type", "plain_text", "text", title->at,
	    "emoji", 0));
}

/* What somebody wrote for this could not be said. */
static void
trouble_put(struct slack *slack, const char *trouble)
{
	kymo_buffer_str(&slack->text, "kymo's own words, for a template "
	    "failed: ");
	kyi_slack_put(&slack->text, trouble, 500, false);
	section_end(slack);
}

static json_t *
slack_make(struct slack *slack, const json_t *message, const char *id,
    const char *trouble)
{
	struct kymo_buffer title = {0}, text = {0};
	json_t *whole = NULL;

	head_put(slack, message, &title);
	if (*trouble != '\0' && !slack->failed)
		trouble_put(slack, trouble);
	kyi_view_facts(message, fact_put, slack);
	section_end(slack);
	sparkline_put(slack, json_object_get(json_object_get(message, "kymo"),
	    "points"));
	alerts_put(slack, json_object_get(message, "alerts"));
	kyi_view_links(message, link_put, slack);
	if (json_array_size(slack->buttons) > 0)
		block_add(slack, json_pack("{s:s, s:O}", "type", "actions",
		    "elements", slack->buttons));
	/* A message that comes twice is known by it. */
	block_add(slack, json_pack("{s:s, s:[{s:s, s:s}]}", "type", "context",
	    "elements", "type", "plain_text", "text", id));
	if (!title.failed && title.len_bytes > 0)
		kyi_slack_put(&text, title.at, 4 * HEADER_MAX, false);
	if (!slack->failed && !text.failed && text.len_bytes > 0)
		whole = json_pack("{s:s, s:O}", "text", text.at, "blocks",
		    slack->blocks);
	kymo_buffer_free(&title);
	kymo_buffer_free(&text);
	return whole;
}

static int
payload(const struct kyi_send *send, struct kymo_buffer *out,
    struct kymo_error *error)
{
	json_t *message = json_loads(send->letter.body, 0, NULL);
	struct slack slack = { .blocks = json_array(),
	    .buttons = json_array(), .left = ALL_MAX - REST_MAX };
	struct kymo_error trouble = {""};
	json_t *whole = NULL;
	int status = -1;

	if (message != NULL)
		whole = kyi_slack_words(send->receiver, message,
		    send->letter.id, &trouble);
	if (whole == NULL && message != NULL && slack.blocks != NULL &&
	    slack.buttons != NULL)
		whole = slack_make(&slack, message, send->letter.id,
		    trouble.text);
	if (whole != NULL)
		kyi_slack_words_around(send->receiver, message, whole);
	if (whole != NULL)
		status = kyi_json_put(out, whole);
	json_decref(whole);
	json_decref(slack.blocks);
	json_decref(slack.buttons);
	json_decref(message);
	kymo_buffer_free(&slack.text);
	return status == 0 ? 0 : kymo_error_set(error,
	    "no memory for a message");
}

static int
setup(struct kyi_send *send, struct kymo_error *error)
{
	if (kyi_leg_begin(send, NULL, "https,http", error) != 0)
		return -1;
	return kyi_http_send(send, &send->legs[0], "application/json", error);
}

static int
check(const struct kymo_receiver *receiver, struct kymo_error *error)
{
	return kyi_slack_words_check(receiver, error) != 0 ? -1 :
	    kyi_http_check(receiver, error);
}

const struct kyi_channel kyi_channel_slack = {
    .per_second = 1, .check = check, .payload = payload,
    .setup = setup };
