/* SPDX-License-Identifier: MIT */
/* Lists of alerts as Alertmanager's API has them, and ours with every decision;
   looked at piece by piece (api_look.h). */
#include <stdlib.h>
#include <string.h>

#include "reader/export/json.h"
#include "reader/serve/api_alerts_put.h"
#include "reader/serve/api_look.h"

struct telling {
	struct kyi_alerting alerting;
	struct kyi_looking looking;
	bool active, silenced, inhibited, unprocessed; /* as Alertmanager's */
	bool pending, resolved;
	bool all; /* decisions and messages, too */
	struct kyi_mail mail; /* what waits, where all is told */
	struct grouping *grouping; /* of groups */
};

/* ---- which ------------------------------------------------------------- */

static bool
is_wanted(void *of, const struct kymo_alert_view *view)
{
	const struct telling *telling = of;
	bool muted = view->muted_by != KYMO_MUTED_NOT;

	if (!view->flapping && view->state == KYMO_ALERT_PENDING) {
		if (!telling->pending || !telling->unprocessed)
			return false;
	} else if (!view->flapping && view->state == KYMO_ALERT_INACTIVE) {
		if (!telling->resolved || !telling->unprocessed)
			return false;
	} else if (!muted && !telling->active) {
		return false;
	}
	return view->muted_by == KYMO_MUTED_SILENCE ? telling->silenced :
	    !muted || telling->inhibited;
}

/* What the parameters say; false: the answer is what is wrong. */
static bool
params_read(struct telling *telling)
{
	struct kyi_api *api = telling->alerting.api;
	struct kymo_error error = { "" };
	const char *receiver = kyi_form_get(&api->form, "receiver");

	if (!kyi_api_bool(api, "active", &telling->active) ||
	    !kyi_api_bool(api, "silenced", &telling->silenced) ||
	    !kyi_api_bool(api, "inhibited", &telling->inhibited) ||
	    !kyi_api_bool(api, "unprocessed", &telling->unprocessed) ||
	    !kyi_api_bool(api, "pending", &telling->pending) ||
	    !kyi_api_bool(api, "resolved", &telling->resolved))
		return false;
	if (*receiver != '\0' && kymo_regex_new(&telling->looking.receiver,
	    receiver, &error) != 0) {
		kyi_api_wrong(api, "receiver", "%s", error.text);
		return false;
	}
	return true;
}

static bool
too_long(struct kyi_api *api, size_t bytes)
{
	if (bytes <= KYI_ANSWER_BYTES_MAX)
		return false;
	kyi_api_fail(api, KYI_API_EXECUTION, "the answer would be more than "
	    "%zu MiB; choose fewer alerts, by filter=",
	    KYI_ANSWER_BYTES_MAX >> 20);
	return true;
}

/* Reads what is asked, and has put called for each. */
static bool
run(struct telling *telling, struct kyi_api *api,
    int (*put)(void *of, const struct kymo_alert_view *view))
{
	if (!kyi_alerting_begin(&telling->alerting, api) ||
	    !params_read(telling) || (telling->all &&
	    !kyi_mail_find(&telling->mail, &telling->alerting)))
		return false;
	telling->looking.alerting = &telling->alerting;
	telling->looking.wanted = is_wanted;
	telling->looking.put = put;
	telling->looking.of = telling;
	return kyi_looking_run(&telling->looking);
}

static void
telling_end(struct telling *telling)
{
	kyi_alerting_end(&telling->alerting);
	kymo_regex_delete(telling->looking.receiver);
	kyi_mail_free(&telling->mail);
}

/* ---- lists ------------------------------------------------------------- */

static int
tell(void *to, const struct kymo_alert_view *view)
{
	struct telling *telling = to;
	struct kymo_buffer *out = &telling->alerting.api->out;

	if (telling->alerting.cnt++ > 0)
		kymo_buffer_char(out, ',');
	kyi_api_alert_put(out, &telling->alerting, telling->all ?
	    &telling->mail : NULL, view);
	return out->failed || out->len_bytes > KYI_ANSWER_BYTES_MAX;
}

/* The list, within begin and end. */
static void
list(struct telling *telling, struct kyi_api *api, const char *begin,
    const char *end)
{
	kymo_buffer_str(&api->out, begin);
	if (run(telling, api, tell) && !too_long(api, api->out.len_bytes)) {
		api->status = 200;
		kymo_buffer_str(&api->out, end);
	}
	telling_end(telling);
}

void
kyi_api_v2_alerts(struct kyi_api *api)
{
	struct telling telling = { .active = true, .silenced = true,
	    .inhibited = true, .unprocessed = true };

	list(&telling, api, "[", "]");
}

void
kyi_api_why(struct kyi_api *api)
{
	struct telling telling = { .active = true, .silenced = true,
	    .inhibited = true, .unprocessed = true, .pending = true,
	    .resolved = true, .all = true };

	list(&telling, api, "{\"status\":\"success\",\"data\":[", "]}");
}

/* ---- groups ------------------------------------------------------------ */

/* Alerts come in no order: each is written down once, and noted for each of its
   groups. */
struct noted {
	const char *key; /* once all is written */
	size_t key_at;   /* in keys: the key, the receiver, how its group begins */
	size_t at, len_bytes; /* in texts */
};

#define RECENT_CNT 1024u

struct grouping {
	struct kymo_buffer keys, texts;
	struct noted *noted;
	uint32_t noted_cnt, noted_room;
	/* Keys that were seen before, one for each hash; its place and 1. */
	size_t recent[RECENT_CNT];
};

/* Where the group's key is, that of now or of before. */
static size_t
key_put(struct grouping *grouping, const struct kymo_alert_in *in)
{
	struct kymo_buffer *keys = &grouping->keys;
	size_t *recent = &grouping->recent[kymo_label_hash(in->key, "") %
	    RECENT_CNT];

	if (*recent != 0 && strcmp(keys->at + *recent - 1, in->key) == 0)
		return *recent - 1;
	*recent = keys->len_bytes + 1;
	kymo_buffer_add(keys, in->key, strlen(in->key) + 1);
	kymo_buffer_add(keys, in->receiver, strlen(in->receiver) + 1);
	kymo_buffer_char(keys, '{');
	kyi_api_pairs_put(keys, "labels", in->labels->at, in->labels->cnt);
	kyi_json_key(keys, "receiver");
	kymo_buffer_char(keys, '{');
	kyi_json_member_str(keys, "name", in->receiver);
	kymo_buffer_str(keys, "},\"alerts\":[");
	/* With the zero. */
	kymo_buffer_add(keys, "", 1);
	return *recent - 1;
}

static bool
note(struct grouping *grouping, const struct noted *noted)
{
	uint32_t room = grouping->noted_room == 0 ? 1024 :
	    2 * grouping->noted_room;
	struct noted *more;

	if (grouping->noted_cnt == grouping->noted_room) {
		more = reallocarray(grouping->noted, room, sizeof(*more));
		if (more == NULL)
			return false;
		grouping->noted = more;
		grouping->noted_room = room;
	}
	grouping->noted[grouping->noted_cnt++] = *noted;
	return true;
}

static int
tell_grouped(void *to, const struct kymo_alert_view *view)
{
	struct telling *telling = to;
	struct grouping *grouping = telling->grouping;
	struct noted noted = { .at = grouping->texts.len_bytes };
	uint32_t i;

	kyi_api_alert_put(&grouping->texts, &telling->alerting, NULL, view);
	noted.len_bytes = grouping->texts.len_bytes - noted.at;
	for (i = 0; i < view->group_cnt && !grouping->keys.failed; i++) {
		/* Of a route that is gone. */
		if (*view->groups[i].receiver == '\0')
			continue;
		noted.key_at = key_put(grouping, &view->groups[i]);
		if (!note(grouping, &noted))
			grouping->keys.failed = true;
	}
	return grouping->keys.failed || grouping->texts.failed ||
	    grouping->keys.len_bytes + grouping->texts.len_bytes >
	    KYI_ANSWER_BYTES_MAX;
}

static int
by_key(const void *a, const void *b)
{
	const struct noted *x = a, *y = b;
	int order = x->key == y->key ? 0 : strcmp(x->key, y->key);

	return order != 0 ? order : (x->at > y->at) - (x->at < y->at);
}

/* How the group of a note begins; NULL: its receiver is not wanted, while an
   alert of it is, by another. */
static const char *
group_begin(const struct telling *telling, const struct noted *noted)
{
	const char *receiver = noted->key + strlen(noted->key) + 1;

	return telling->looking.receiver != NULL &&
	    !kymo_regex_match(telling->looking.receiver, receiver) ? NULL :
	    receiver + strlen(receiver) + 1;
}

/* Groups by their keys, and in them alerts as they came. */
static void
groups_put(const struct telling *telling, struct kymo_buffer *out)
{
	const struct grouping *grouping = telling->grouping;
	const struct noted *noted = grouping->noted, *last = NULL;
	const char *begin = NULL;
	uint32_t i, group_cnt = 0;

	for (i = 0; i < grouping->noted_cnt &&
	    out->len_bytes <= KYI_ANSWER_BYTES_MAX; i++, noted++) {
		bool same = last != NULL && strcmp(last->key, noted->key) == 0;

		if (!same) {
			if (begin != NULL)
				kymo_buffer_str(out, "]}");
			begin = group_begin(telling, noted);
			if (begin != NULL && group_cnt++ > 0)
				kymo_buffer_char(out, ',');
		}
		if (begin != NULL) {
			kymo_buffer_str(out, same ? "," : begin);
			kymo_buffer_add(out, grouping->texts.at + noted->at,
			    noted->len_bytes);
		}
		last = noted;
	}
	if (begin != NULL)
		kymo_buffer_str(out, "]}");
}

static void
groups(struct telling *telling, struct kyi_api *api)
{
	struct grouping *grouping = telling->grouping;
	uint32_t i;

	if (!run(telling, api, tell_grouped) || too_long(api,
	    grouping->keys.len_bytes + grouping->texts.len_bytes))
		return;
	if (grouping->keys.failed || grouping->texts.failed) {
		kyi_api_fail(api, KYI_API_INTERNAL, "no memory");
		return;
	}
	for (i = 0; i < grouping->noted_cnt; i++)
		grouping->noted[i].key = grouping->keys.at +
		    grouping->noted[i].key_at;
	if (grouping->noted_cnt > 0)
		qsort(grouping->noted, grouping->noted_cnt,
		    sizeof(*grouping->noted), by_key);
	kymo_buffer_char(&api->out, '[');
	groups_put(telling, &api->out);
	if (too_long(api, api->out.len_bytes))
		return;
	kymo_buffer_char(&api->out, ']');
	api->status = 200;
}

void
kyi_api_v2_groups(struct kyi_api *api)
{
	struct grouping grouping = { .noted = NULL };
	struct telling telling = { .active = true, .silenced = true,
	    .inhibited = true, .unprocessed = true, .grouping = &grouping };

	groups(&telling, api);
	telling_end(&telling);
	kymo_buffer_free(&grouping.keys);
	kymo_buffer_free(&grouping.texts);
	free(grouping.noted);
}
