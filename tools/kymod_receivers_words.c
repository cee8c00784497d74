/* SPDX-License-Identifier: MIT */
/* Words in place of ours: what a routing file says of Slack's messages and of
   mails, by templates. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/kymod_receivers_way.h"

/* "FILE:LINE:COLUMN" of a key. */
void
kyi_way_place(const struct kyi_way *way, const char *key, char place[400])
{
	uint32_t line, column;

	kymo_integration_place(way->of, key, &line, &column);
	snprintf(place, 400, "%.370s:%u:%u", way->path, line, column);
}

struct words {
	const struct kyi_way *way;
	struct kymo_receiver *receiver;
	struct kymo_label *at;
};

static int
word_add(struct words *words, const char *key, const char *text,
    struct kymo_error *error)
{
	struct kymo_label *more = reallocarray(words->at,
	    words->receiver->text_cnt + 1u, sizeof(more[0]));
	const char *kept = kyi_receivers_keep(words->way->receivers,
	    strdup(key));

	if (more)
		words->at = more;
	if (!more || !kept)
		return kymo_error_set(error, "out of memory");
	more[words->receiver->text_cnt++] = (struct kymo_label){kept, text};
	return 0;
}

/* A text, under its key; as says what it is. */
static int
word_take(struct words *words, const char *key, enum kymo_template_as as,
    struct kymo_error *error)
{
	const struct kyi_way *way = words->way;
	const char *text = kymo_integration_get(way->of, key);
	char place[400], said[800];
	struct kymo_error why = {""};
	int status;

	if (!text)
		return 0;
	if (word_add(words, key, text, error) != 0)
		return -1;
	status = kymo_templates_try(way->receivers->templates, text, as, &why);
	if (status == 0)
		return 0;
	kyi_way_place(way, key, place);
	if (status < 0)
		return kymo_error_set(error, "%s: %s of receiver %.200s: %s",
		    place, key, way->of->receiver, why.text);
	snprintf(said, sizeof(said), "%s: %s of receiver %.100s fails with "
	    "some messages (%.200s); kymo's own words are sent then", place,
	    key, way->of->receiver, why.text);
	if (way->faults->warn)
		way->faults->warn(way->faults->of, said);
	return 0;
}

static int
count_one(void *to, const char *key, const char *text)
{
	(void)key, (void)text;
	(*(uint32_t *)to)++;
	return 0;
}

/* Those of a list: NAME.0.KEY; keys "": its elements are texts. */
static int
listed_take(struct words *words, const char *name, const char *const *keys,
    size_t key_cnt, struct kymo_error *error)
{
	uint32_t cnt = 0;
	char path[80];

	(void)kymo_integration_each(words->way->of, name, count_one, &cnt);
	for (uint32_t i = 0; i < cnt; i++)
		for (size_t k = 0; k < key_cnt; k++) {
			snprintf(path, sizeof(path), "%s.%u%s%s", name, i,
			    *keys[k] ? "." : "", keys[k]);
			if (word_take(words, path, KYMO_TEMPLATE_SLACK,
				error) != 0)
				return -1;
		}
	return 0;
}

/* A field says for itself whether it is short, or all are alike. */
static int
short_take(struct words *words, struct kymo_error *error)
{
	const char *all = kymo_integration_get(words->way->of, "short_fields");
	uint32_t cnt = 0;
	char path[80];

	(void)kymo_integration_each(words->way->of, "fields", count_one, &cnt);
	for (uint32_t i = 0; all && i < cnt; i++) {
		snprintf(path, sizeof(path), "fields.%u.short", i);
		if (!kymo_integration_get(words->way->of, path) &&
		    word_add(words, path, all, error) != 0)
			return -1;
	}
	return 0;
}

/* Buttons are links: what asks before one is pressed is left out, and said. */
static void
confirms_say(const struct words *words)
{
	const struct kyi_way *way = words->way;
	uint32_t cnt = 0;
	char path[80], place[400], said[800];

	(void)kymo_integration_each(way->of, "actions", count_one, &cnt);
	for (uint32_t i = 0; i < cnt && way->faults->warn; i++) {
		snprintf(path, sizeof(path), "actions.%u.confirm.text", i);
		if (!kymo_integration_get(way->of, path))
			continue;
		kyi_way_place(way, path, place);
		snprintf(said, sizeof(said), "%s: confirm of an action of "
		    "receiver %.200s is left out: kymo's buttons are links, "
		    "and ask nothing", place, way->of->receiver);
		way->faults->warn(way->faults->of, said);
	}
}

static int
slack_words(struct words *words, struct kymo_error *error)
{
	static const char *const keys[] = {"channel", "username", "icon_emoji",
	    "icon_url", "message_text", "title", "title_link", "pretext",
	    "text", "fallback", "footer", "callback_id", "color", "image_url",
	    "thumb_url"};
	static const char *const fields[] = {"title", "value", "short"};
	static const char *const actions[] = {"type", "text", "url", "style",
	    "name", "value"};
	static const char *const texts[] = {""};

	confirms_say(words);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (word_take(words, keys[i], KYMO_TEMPLATE_SLACK, error) != 0)
			return -1;
	return listed_take(words, "fields", fields, 3, error) != 0 ||
	    short_take(words, error) != 0 ||
	    listed_take(words, "actions", actions, 6, error) != 0 ||
	    listed_take(words, "mrkdwn_in", texts, 1, error) != 0 ? -1 : 0;
}

/* What is the default of Alertmanager's page is ours, which has a chart. */
static bool
is_default_page(const char *text)
{
	static const char page[] = "{{template\"email.default.html\".}}";
	const char *at = page;

	for (; *text != '\0'; text++)
		if (!strchr(" \t\n", *text) && *text != *at++)
			return false;
	return *at == '\0';
}

static int
mail_words(struct words *words, struct kymo_error *error)
{
	const char *html = kymo_integration_get(words->way->of, "html");

	if (html && !is_default_page(html) &&
	    word_take(words, "html", KYMO_TEMPLATE_HTML, error) != 0)
		return -1;
	return word_take(words, "text", KYMO_TEMPLATE_TEXT, error);
}

int
kyi_way_words(const struct kyi_way *way, struct kymo_receiver *receiver,
    struct kymo_error *error)
{
	struct words words = {way, receiver, NULL};
	int status = receiver->kind == KYMO_RECEIVER_SLACK ?
	    slack_words(&words, error) : mail_words(&words, error);

	if (words.at)
		receiver->texts = kyi_receivers_keep(way->receivers, words.at);
	if (!receiver->texts)
		receiver->text_cnt = 0;
	return status;
}
