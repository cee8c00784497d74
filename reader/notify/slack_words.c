/* SPDX-License-Identifier: MIT */
#include "reader/notify/slack_words.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "reader/notify/body.h"
#include "reader/notify/slack_text.h"
#include "reader/notify/text.h"
#include "reader/notify/view.h"
#include "reader/query/arena.h"

#define LIST_MAX 50u /* fields, actions */
#define TITLE_MAX 1024u
#define WORDS_MAX 8000u
#define SHORT_MAX 2000u

/* What a key's text is, and where it goes. */
enum way_of { WORDS, PLAIN, LINK, YES };
enum place { ROOT, ATTACHMENT, IN_LIST };

static const struct key {
	const char *name; /* of one in a list: behind fields.0. */
	enum way_of as;
	enum place place;
	size_t max; /* characters */
	const char *otherwise; /* where it is not configured */
} keys[] = {
	{"channel", PLAIN, ROOT, SHORT_MAX, NULL},
	{"username", PLAIN, ROOT, SHORT_MAX, NULL},
	{"icon_emoji", PLAIN, ROOT, SHORT_MAX, NULL},
	{"icon_url", LINK, ROOT, SHORT_MAX, NULL},
	{"message_text", WORDS, ROOT, WORDS_MAX, NULL},
	{"title", WORDS, ATTACHMENT, TITLE_MAX,
	    "{{ template \"slack.default.title\" . }}"},
	{"title_link", LINK, ATTACHMENT, SHORT_MAX,
	    "{{ template \"slack.default.titlelink\" . }}"},
	{"pretext", WORDS, ATTACHMENT, WORDS_MAX, NULL},
	{"text", WORDS, ATTACHMENT, WORDS_MAX, NULL},
	{"fallback", WORDS, ATTACHMENT, SHORT_MAX,
	    "{{ template \"slack.default.fallback\" . }}"},
	{"footer", WORDS, ATTACHMENT, SHORT_MAX, NULL},
	{"callback_id", PLAIN, ATTACHMENT, SHORT_MAX, NULL},
	{"color", PLAIN, ATTACHMENT, SHORT_MAX,
	    "{{ if eq .Status \"firing\" }}danger{{ else }}good{{ end }}"},
	{"image_url", LINK, ATTACHMENT, SHORT_MAX, NULL},
	{"thumb_url", LINK, ATTACHMENT, SHORT_MAX, NULL},
	{"fields.title", WORDS, IN_LIST, SHORT_MAX, NULL},
	{"fields.value", WORDS, IN_LIST, SHORT_MAX, NULL},
	{"fields.short", YES, IN_LIST, 8, NULL},
	{"actions.type", PLAIN, IN_LIST, SHORT_MAX, NULL},
	{"actions.text", PLAIN, IN_LIST, SHORT_MAX, NULL},
	{"actions.url", LINK, IN_LIST, SHORT_MAX, NULL},
	{"actions.style", PLAIN, IN_LIST, SHORT_MAX, NULL},
	{"actions.name", PLAIN, IN_LIST, SHORT_MAX, NULL},
	{"actions.value", PLAIN, IN_LIST, SHORT_MAX, NULL},
	{"mrkdwn_in", PLAIN, IN_LIST, 20, NULL},
};
#define KEY_CNT (sizeof(keys) / sizeof(keys[0]))

/* The key of a name, fields.0.title, and the number in it. */
static const struct key *
key_of(const char *name, unsigned long *idx)
{
	size_t list_bytes = strcspn(name, ".");
	const char *rest = name + list_bytes;
	char whole[64];
	char *end = NULL;
	size_t i;

	*idx = 0;
	if (*rest == '.') {
		*idx = strtoul(rest + 1, &end, 10);
		if (end == rest + 1 || *idx >= LIST_MAX)
			return NULL;
		rest = end;
	}
	if (list_bytes + strlen(rest) >= sizeof(whole))
		return NULL;
	memcpy(whole, name, list_bytes);
	memcpy(whole + list_bytes, rest, strlen(rest) + 1);
	for (i = 0; i < KEY_CNT; i++)
		if (strcmp(keys[i].name, whole) == 0 &&
		    (keys[i].place == IN_LIST) == (end != NULL))
			return &keys[i];
	return NULL;
}

int
kyi_slack_words_check(const struct kymo_receiver *receiver,
    struct kymo_error *error)
{
	unsigned long idx;
	uint32_t i;

	for (i = 0; i < receiver->text_cnt; i++) {
		const struct kymo_label *text = &receiver->texts[i];
		struct kyi_arena *arena;
		struct kymo_error why;
		bool good;

		if (key_of(text->key, &idx) == NULL)
			return kymo_error_set(error, "receiver %s: Slack has "
			    "no %s, or more than %u of them",
			    receiver->name, text->key, LIST_MAX);
		arena = kyi_arena_new(0);
		good = arena != NULL && kyi_templates_parse(
		    receiver->templates, arena, text->value, &why) != NULL;
		kyi_arena_delete(arena);
		if (!good)
			return kymo_error_set(error, "receiver %s: %s: %s",
			    receiver->name, text->key, why.text);
	}
	return 0;
}

/* ---- one text ------------------------------------------------------------------------- */

/* As much as keeps at max characters, at the end of one, and of an entity. */
static void
clamp(struct kymo_buffer *text, size_t max)
{
	size_t cnt = 0, i, k;

	for (i = 0; i < text->len_bytes; i++) {
		unsigned char c = (unsigned char)text->at[i];

		cnt += (size_t)((c & 0xc0) != 0x80) + (c >= 0xf0);
		if (cnt > max - 2 && kyi_text_cnt(text->at) > max) {
			for (k = 1; k < i && k < 5 && text->at[i - k] != '&' &&
			    text->at[i - k] != ';'; k++)
				;
			text->len_bytes = text->at[i - k] == '&' ? i - k : i;
			kymo_buffer_str(text, "..");
			return;
		}
	}
}

/* What has no marks in Slack has no line breaks and controls either. */
static void
plain_make(struct kymo_buffer *text)
{
	size_t i;

	for (i = 0; i < text->len_bytes; i++)
		if ((unsigned char)text->at[i] < 0x20 || text->at[i] == 0x7f)
			text->at[i] = ' ';
}

/* The value; JSON's null: there is nothing to put. NULL: error is set. */
static json_t *
value_make(const struct kymo_receiver *receiver, const struct key *key,
    const char *template_, const json_t *message, struct kymo_error *error)
{
	struct kymo_buffer text = {0};
	json_t *value = NULL;

	kymo_buffer_str(&text, "");
	if (kyi_template_make(receiver->templates, template_,
	    key->as == WORDS ? KYMO_TEMPLATE_SLACK : KYMO_TEMPLATE_TEXT,
	    message, &text, error) != 0) {
		kymo_buffer_free(&text);
		return NULL;
	}
	if (!text.failed && key->as != WORDS)
		plain_make(&text);
	if (!text.failed)
		clamp(&text, key->max);
	if (text.failed)
		kymo_error_set(error, "no memory for a message");
	else if (key->as == YES)
		value = json_boolean(strcasecmp(text.at, "true") == 0 ||
		    strcasecmp(text.at, "yes") == 0);
	else if (key->as == LINK && !kyi_view_link_is(text.at))
		value = json_null();
	else
		value = json_string(text.at);
	if (value == NULL && !text.failed)
		kymo_error_set(error, "no memory for a message");
	kymo_buffer_free(&text);
	return value;
}

/* ---- the message ------------------------------------------------------------------------ */

static json_t *
list_of(json_t *attachment, const char *name, size_t name_bytes)
{
	char key[16];
	json_t *list;

	if (name_bytes >= sizeof(key))
		return NULL;
	memcpy(key, name, name_bytes);
	key[name_bytes] = '\0';
	list = json_object_get(attachment, key);
	if (list == NULL) {
		list = json_array();
		json_object_set_new(attachment, key, list);
	}
	return list;
}

/* fields.0.title into the first of fields, which is made. Takes value. */
static int
listed_put(json_t *attachment, const struct key *key, unsigned long idx,
    json_t *value)
{
	size_t list_bytes = strcspn(key->name, ".");
	json_t *list = list_of(attachment, key->name, list_bytes);

	if (key->name[list_bytes] == '\0')
		return json_array_append_new(list, value);
	while (list != NULL && json_array_size(list) <= idx)
		if (json_array_append_new(list, json_object()) != 0)
			break;
	return json_object_set_new(json_array_get(list, idx),
	    key->name + list_bytes + 1, value);
}

static int
word_put(const struct kymo_receiver *receiver, const struct kymo_label *text,
    const json_t *message, json_t *whole, json_t *attachment,
    struct kymo_error *error)
{
	unsigned long idx;
	const struct key *key = key_of(text->key, &idx);
	struct kymo_error why = {""};
	json_t *value;
	int status;

	if (key == NULL)
		return 0;
	value = value_make(receiver, key, text->value, message, &why);
	if (value == NULL)
		return kymo_error_set(error, "%s: %s", text->key, why.text);
	if (json_is_null(value) || (key->place != IN_LIST &&
	    *json_string_value(value) == '\0')) {
		json_decref(value);
		return 0;
	}
	status = key->place == IN_LIST ? listed_put(attachment, key, idx,
	    value) : json_object_set_new(key->place == ROOT ? whole :
	    attachment, strcmp(key->name, "message_text") == 0 ? "text" :
	    key->name, value);
	return status == 0 ? 0 : kymo_error_set(error,
	    "no memory for a message");
}

static const char *
text_of(const struct kymo_receiver *receiver, const char *name)
{
	uint32_t i;

	for (i = 0; i < receiver->text_cnt; i++)
		if (strcmp(receiver->texts[i].key, name) == 0)
			return receiver->texts[i].value;
	return NULL;
}

static bool
has_words(const struct kymo_receiver *receiver)
{
	unsigned long idx;
	uint32_t i;

	for (i = 0; i < receiver->text_cnt; i++) {
		const struct key *key = key_of(receiver->texts[i].key, &idx);

		if (key != NULL && (key->place != ROOT ||
		    strcmp(key->name, "message_text") == 0))
			return true;
	}
	return false;
}

/* Those that are there, then those that Alertmanager says otherwise. */
static int
words_put(const struct kymo_receiver *receiver, const json_t *message,
    json_t *whole, json_t *attachment, struct kymo_error *error)
{
	uint32_t i;

	for (i = 0; i < receiver->text_cnt; i++)
		if (word_put(receiver, &receiver->texts[i], message, whole,
		    attachment, error) != 0)
			return -1;
	for (i = 0; i < KEY_CNT; i++) {
		const struct kymo_label text = {keys[i].name,
		    keys[i].otherwise};

		if (text.value != NULL &&
		    text_of(receiver, keys[i].name) == NULL &&
		    word_put(receiver, &text, message, whole, attachment,
		    error) != 0)
			return -1;
	}
	return 0;
}

json_t *
kyi_slack_words(const struct kymo_receiver *receiver, const json_t *message,
    const char *id, struct kymo_error *error)
{
	json_t *attachment = json_object(), *whole = json_object();
	int status;

	error->text[0] = '\0';
	if (!has_words(receiver) || attachment == NULL || whole == NULL) {
		json_decref(attachment);
		json_decref(whole);
		return NULL;
	}
	status = words_put(receiver, message, whole, attachment, error);
	/* Marks count in these, as Alertmanager says. */
	if (status == 0 && json_object_get(attachment, "mrkdwn_in") == NULL)
		status = json_object_set_new(attachment, "mrkdwn_in",
		    json_pack("[s, s, s]", "fallback", "pretext", "text"));
	/* A message that comes twice is known by it. */
	if (status == 0 && json_object_get(attachment, "footer") == NULL)
		status = json_object_set_new(attachment, "footer",
		    json_string(id));
	if (status == 0)
		status = json_object_set_new(whole, "attachments",
		    json_pack("[O]", attachment));
	json_decref(attachment);
	if (status == 0)
		return whole;
	json_decref(whole);
	if (error->text[0] == '\0')
		kymo_error_set(error, "no memory for a message");
	return NULL;
}

void
kyi_slack_words_around(const struct kymo_receiver *receiver,
    const json_t *message, json_t *whole)
{
	struct kymo_error error;
	uint32_t i;

	for (i = 0; i < KEY_CNT && keys[i].place == ROOT; i++) {
		const struct kymo_label text = {keys[i].name,
		    text_of(receiver, keys[i].name)};

		if (text.value != NULL &&
		    strcmp(text.key, "message_text") != 0)
			(void)!word_put(receiver, &text, message, whole, NULL,
			    &error);
	}
}
