/* SPDX-License-Identifier: MIT */
/* Silences as Alertmanager's API has them. */
#include <stdlib.h>
#include <string.h>

#include "reader/export/json.h"
#include "reader/serve/api_body.h"

/* A look copies, and what a client's filter says comes after it. */
struct copied {
	size_t id_at, matchers_at, author_at, comment_at; /* in texts */
	int64_t from_ms, until_ms, updated_ms;
};

struct telling {
	struct kyi_alerting alerting;
	const char *id; /* of the one that is wanted; NULL: all */
	struct kymo_buffer texts;
	struct copied *copied;
	uint32_t cnt, room;
};

static const char *
state_of(const struct kymo_silence *silence, int64_t now_ms)
{
	return silence->until_ms <= now_ms ? "expired" :
	    silence->from_ms > now_ms ? "pending" : "active";
}

static void
put_bool(struct kymo_buffer *out, const char *key, bool is)
{
	kyi_json_key(out, key);
	kymo_buffer_str(out, is ? "true" : "false");
}

static void
put_matchers(struct kymo_buffer *out, const struct kymo_silence *silence)
{
	uint32_t i;

	kyi_json_key(out, "matchers");
	kymo_buffer_char(out, '[');
	for (i = 0; i < silence->matcher_cnt; i++) {
		const struct kymo_matcher *at = &silence->matcher_list[i];

		kymo_buffer_str(out, i > 0 ? ",{" : "{");
		put_bool(out, "isEqual", at->match == KYMO_MATCH_EQUAL ||
		    at->match == KYMO_MATCH_REGEX);
		put_bool(out, "isRegex", at->match == KYMO_MATCH_REGEX ||
		    at->match == KYMO_MATCH_NOT_REGEX);
		kyi_json_member_str(out, "name", at->key);
		kyi_json_member_str(out, "value", at->value);
		kymo_buffer_char(out, '}');
	}
	kymo_buffer_char(out, ']');
}

static void
put_silence(struct kymo_buffer *out, const struct kymo_silence *silence,
    int64_t now_ms)
{
	kymo_buffer_char(out, '{');
	kyi_json_member_str(out, "id", silence->id);
	kyi_json_key(out, "status");
	kymo_buffer_char(out, '{');
	kyi_json_member_str(out, "state", state_of(silence, now_ms));
	kymo_buffer_char(out, '}');
	kyi_alerting_time(out, "updatedAt", silence->updated_ms);
	kyi_json_member_str(out, "comment", silence->comment);
	kyi_json_member_str(out, "createdBy", silence->author);
	kyi_alerting_time(out, "endsAt", silence->until_ms);
	kyi_alerting_time(out, "startsAt", silence->from_ms);
	put_matchers(out, silence);
	kymo_buffer_char(out, '}');
}

/* As Alertmanager chooses: what the silence says of a label is its value. */
static bool
is_wanted(const struct kyi_alerting *alerting,
    const struct kymo_silence *silence)
{
	uint32_t i, k, n, cnt;

	for (i = 0; i < alerting->filter_cnt; i++) {
		const struct kymo_matcher *filter =
		    kymo_matcher_list_at(alerting->filters[i], &cnt);

		for (k = 0; k < cnt; k++) {
			const char *value = "";

			for (n = 0; n < silence->matcher_cnt; n++)
				if (strcmp(silence->matcher_list[n].key,
				    filter[k].key) == 0)
					value = silence->matcher_list[n].value;
			if (!kymo_matcher_match(&filter[k], value))
				return false;
		}
	}
	return true;
}

static size_t
text_copy(struct kymo_buffer *texts, const char *text)
{
	size_t at = texts->len_bytes;

	kymo_buffer_add(texts, text, strlen(text) + 1);
	return at;
}

static int
copy(void *to, const struct kymo_silence *silence)
{
	struct telling *telling = to;
	struct kymo_buffer *texts = &telling->texts;
	uint32_t room = telling->room == 0 ? 16 : 2 * telling->room;
	struct copied *more;

	if (telling->id != NULL && strcmp(telling->id, silence->id) != 0)
		return 0;
	if (telling->cnt == telling->room) {
		more = reallocarray(telling->copied, room, sizeof(*more));
		if (more == NULL) {
			texts->failed = true;
			return 1;
		}
		telling->copied = more;
		telling->room = room;
	}
	telling->copied[telling->cnt++] = (struct copied){
	    text_copy(texts, silence->id), text_copy(texts, silence->matchers),
	    text_copy(texts, silence->author),
	    text_copy(texts, silence->comment), silence->from_ms,
	    silence->until_ms, silence->updated_ms };
	return 0;
}

static void
look(struct kyi_alerting *alerting)
{
	kymo_alerts_silences(alerting->with->alerts, copy, alerting->of);
}

static void
tell(struct telling *telling, const struct copied *copied)
{
	struct kyi_alerting *alerting = &telling->alerting;
	struct kymo_buffer *out = &alerting->api->out;
	const char *texts = telling->texts.at;
	struct kymo_silence silence = { .id = texts + copied->id_at,
	    .matchers = texts + copied->matchers_at,
	    .author = texts + copied->author_at,
	    .comment = texts + copied->comment_at,
	    .from_ms = copied->from_ms, .until_ms = copied->until_ms,
	    .updated_ms = copied->updated_ms };
	struct kymo_matcher_list *list;
	struct kymo_error error;

	list = kymo_matcher_list_new(silence.matchers, &error);
	if (list == NULL) {
		out->failed = true;
		return;
	}
	silence.matcher_list = kymo_matcher_list_at(list,
	    &silence.matcher_cnt);
	if (telling->id != NULL || is_wanted(alerting, &silence)) {
		if (alerting->cnt++ > 0)
			kymo_buffer_char(out, ',');
		put_silence(out, &silence, alerting->now_ms);
	}
	kymo_matcher_list_delete(list);
}

/* Those that are wanted, within begin and end. */
static void
list(struct telling *telling, struct kyi_api *api, const char *begin,
    const char *end)
{
	uint32_t i;

	if (kyi_alerting_begin(&telling->alerting, api)) {
		telling->alerting.of = telling;
		if (kyi_alerting_look(&telling->alerting, look)) {
			api->status = 200;
			kymo_buffer_str(&api->out, begin);
			for (i = 0; i < telling->cnt; i++)
				tell(telling, &telling->copied[i]);
			kymo_buffer_str(&api->out, end);
			api->out.failed |= telling->texts.failed;
		}
	}
	if (telling->id != NULL && telling->cnt == 0 && api->status == 200)
		kyi_api_fail(api, KYI_API_NOT_FOUND, "there is no silence "
		    "'%.40s'", telling->id);
	kyi_alerting_end(&telling->alerting);
	kymo_buffer_free(&telling->texts);
	free(telling->copied);
}

void
kyi_api_v2_silences(struct kyi_api *api)
{
	struct telling telling = { .id = NULL };

	list(&telling, api, "[", "]");
}

void
kyi_api_v2_silence(struct kyi_api *api)
{
	struct telling telling = { .id = api->label };

	list(&telling, api, "", "");
}

static int
have(void *to, const struct kymo_silence *silence)
{
	const char *id = to;

	return strcmp(id, silence->id) == 0;
}

static void
silence_end(struct kyi_alerting *alerting)
{
	struct kyi_api *api = alerting->api;
	struct kymo_error error = { "" };
	bool there = kymo_alerts_silences(alerting->with->alerts, have,
	    (void *)(uintptr_t)api->label) != 0;

	if (kymo_alerts_silence_end(alerting->with->alerts, api->label,
	    alerting->with->now_ms, &error) != 0) {
		/* As Alertmanager: its clients know no other answers. */
		kyi_api_fail(api, there ? KYI_API_INTERNAL :
		    KYI_API_NOT_FOUND, "%s", error.text);
		return;
	}
	api->status = 200;
	kymo_buffer_str(&api->out, "{}");
}

void
kyi_api_v2_silence_end(struct kyi_api *api)
{
	kyi_alerting_answer(api, silence_end);
}

/* ---- a new one --------------------------------------------------------- */

static void
silence_said(struct kyi_alerting *alerting, const struct kyi_body *body,
    struct kymo_buffer *matchers)
{
	struct kyi_api *api = alerting->api;
	int64_t now_ms = alerting->with->now_ms;
	struct kymo_silence silence = { .from_ms = now_ms };
	struct kymo_error error = { "" };
	char id[KYMO_SILENCE_ID_BYTES];

	if (!kyi_body_text(api, body, "id", &silence.id) ||
	    !kyi_body_text(api, body, "createdBy", &silence.author) ||
	    !kyi_body_text(api, body, "comment", &silence.comment) ||
	    !kyi_body_time(api, body, "startsAt", &silence.from_ms) ||
	    !kyi_body_time(api, body, "endsAt", &silence.until_ms) ||
	    !kyi_body_matchers(api, body, matchers))
		return;
	silence.matchers = matchers->at;
	if (silence.until_ms == 0)
		kymo_error_set(&error, "\"endsAt\" says until when; it is not "
		    "there");
	else if (silence.until_ms <= now_ms)
		kymo_error_set(&error, "a silence that ended in the past would "
		    "do nothing");
	else if (*silence.author == '\0')
		kymo_error_set(&error, "\"createdBy\" says who silences; it is "
		    "not there");
	else if (matchers->failed)
		kymo_error_set(&error, "no memory");
	else if (kymo_alerts_silence(alerting->with->alerts, &silence, id,
	    &error) == 0) {
		api->status = 200;
		kymo_buffer_char(&api->out, '{');
		kyi_json_member_str(&api->out, "silenceID", id);
		kymo_buffer_char(&api->out, '}');
		return;
	}
	kyi_api_fail(api, *silence.id != '\0' && strncmp(error.text,
	    "there is no silence", 19) == 0 ? KYI_API_NOT_FOUND :
	    KYI_API_BAD_DATA, "%s", error.text);
}

static void
silence_post(struct kyi_alerting *alerting)
{
	struct kyi_body *body = kyi_body_read(alerting->api);
	struct kymo_buffer matchers = { 0 };

	if (body == NULL)
		return;
	silence_said(alerting, body, &matchers);
	kymo_buffer_free(&matchers);
	kyi_body_free(body);
}

void
kyi_api_v2_silence_post(struct kyi_api *api)
{
	kyi_alerting_answer(api, silence_post);
}
