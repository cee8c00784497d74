/* SPDX-License-Identifier: MIT */
/* Silences and acknowledgements: what people say of alerts. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reader/alert/state.h"

#define TEXT_BYTES_MAX 4096u

/* ---- matchers with a room of their own ------------------------------------ */

bool
kyi_alert_matchers(struct kymo_routing *room, const char *text,
    struct kyi_routing_matchers *matchers, struct kymo_error *error)
{
	struct kyi_routing_matcher_list list = {.routing = room};
	struct kymo_error why = {""};
	size_t at_bytes = 0;

	if (strlen(text) > TEXT_BYTES_MAX)
		return kymo_error_set(error, "matchers of more than %u bytes",
		    TEXT_BYTES_MAX) == 0;
	if (room->arena == NULL)
		room->arena = kyi_arena_new(0);
	if (room->arena == NULL)
		return kymo_error_set(error, "no memory") == 0;
	if (!kyi_routing_matchers_parse(&list, text, &at_bytes, &why))
		return kymo_error_set(error, "matchers '%.100s', at character "
		    "%zu: %s", text, at_bytes + 1, why.text) == 0;
	*matchers = (struct kyi_routing_matchers){list.at, list.cnt};
	return true;
}

void
kyi_alert_room_free(struct kymo_routing *room)
{
	struct kyi_routing_regex *regex;

	for (regex = room->regexes; regex != NULL; regex = regex->next)
		kymo_regex_delete(regex->regex);
	if (room->arena != NULL)
		kyi_arena_delete(room->arena);
	*room = (struct kymo_routing){0};
}

struct kymo_matcher_list {
	struct kymo_routing room;
	struct kyi_routing_matchers matchers;
};

struct kymo_matcher_list *
kymo_matcher_list_new(const char *text, struct kymo_error *error)
{
	struct kymo_matcher_list *list = calloc(1, sizeof(*list));

	if (list == NULL)
		kymo_error_set(error, "no memory for matchers");
	else if (kyi_alert_matchers(&list->room, text, &list->matchers, error))
		return list;
	kymo_matcher_list_delete(list);
	return NULL;
}

void
kymo_matcher_list_delete(struct kymo_matcher_list *list)
{
	if (list == NULL)
		return;
	kyi_alert_room_free(&list->room);
	free(list);
}

const struct kymo_matcher *
kymo_matcher_list_at(const struct kymo_matcher_list *list, uint32_t *cnt)
{
	*cnt = list->matchers.cnt;
	return list->matchers.at;
}

/* ---- silences ------------------------------------------------------------- */

static char *
copy(const char *text)
{
	return strndup(text == NULL ? "" : text, TEXT_BYTES_MAX);
}

void
kyi_silence_delete(struct kyi_silence *silence)
{
	if (silence == NULL)
		return;
	kyi_alert_room_free(&silence->room);
	free(silence->id);
	free(silence->matchers_text);
	free(silence->author);
	free(silence->comment);
	free(silence);
}

/* One that takes alerts without any label of it takes all. */
static bool
takes_all(const struct kyi_routing_matchers *matchers)
{
	uint32_t i;

	for (i = 0; i < matchers->cnt; i++)
		if (!kymo_matcher_match(&matchers->at[i], ""))
			return false;
	return true;
}

struct kyi_silence *
kyi_silence_new(const struct kymo_silence *from, struct kymo_error *error)
{
	struct kyi_silence *silence = calloc(1, sizeof(*silence));

	if (silence == NULL) {
		kymo_error_set(error, "no memory for a silence");
		return NULL;
	}
	silence->id = copy(from->id);
	silence->matchers_text = copy(from->matchers);
	silence->author = copy(from->author);
	silence->comment = copy(from->comment);
	silence->from_ms = from->from_ms;
	silence->until_ms = from->until_ms;
	silence->updated_ms = from->updated_ms;
	if (silence->id == NULL || silence->matchers_text == NULL ||
	    silence->author == NULL || silence->comment == NULL)
		kymo_error_set(error, "no memory for a silence");
	else if (from->until_ms <= from->from_ms)
		kymo_error_set(error, "a silence must end after it begins");
	else if (kyi_alert_matchers(&silence->room, from->matchers,
	    &silence->matchers, error)) {
		if (!takes_all(&silence->matchers))
			return silence;
		kymo_error_set(error, "a silence needs a matcher that does not "
		    "match the empty text, or it would silence everything");
	}
	kyi_silence_delete(silence);
	return NULL;
}

static struct kyi_silence **
silence_at(struct kymo_alerts *alerts, const char *id)
{
	struct kyi_silence **at = &alerts->silences;

	while (*at != NULL && strcmp((*at)->id, id) != 0)
		at = &(*at)->next;
	return at;
}

/* Each of these is looked at for each alert. */
static uint32_t
asks_not_cnt(const struct kymo_alerts *alerts)
{
	const struct kyi_silence *silence;
	uint32_t cnt = 0;

	for (silence = alerts->silences; silence != NULL;
	    silence = silence->next)
		cnt += silence->until_ms > alerts->now_ms &&
		    !kyi_silence_asks(silence);
	return cnt;
}

int
kymo_alerts_silence(struct kymo_alerts *alerts,
    const struct kymo_silence *from, char *id, struct kymo_error *error)
{
	struct kymo_silence said = *from;
	struct kyi_silence *silence, **at;
	char made[KYMO_SILENCE_ID_BYTES];
	bool changed;

	if (alerts->reload && kyi_alerts_load(alerts, error) != 0)
		return -1;
	if (said.id == NULL || said.id[0] == '\0') {
		snprintf(made, sizeof(made), "%" PRIu64, alerts->silence_next);
		said.id = made;
	}
	at = silence_at(alerts, said.id);
	if (*at == NULL && said.id != made)
		return kymo_error_set(error, "there is no silence '%.40s'",
		    said.id);
	if (*at == NULL && alerts->silence_cnt >= KYI_SILENCES_MAX)
		return kymo_error_set(error, "there are %u silences already",
		    KYI_SILENCES_MAX);
	silence = kyi_silence_new(&said, error);
	if (silence == NULL)
		return -1;
	if (!kyi_silence_asks(silence) && (*at == NULL ||
	    kyi_silence_asks(*at)) && asks_not_cnt(alerts) >=
	    KYI_SILENCES_LOOSE_MAX) {
		kyi_silence_delete(silence);
		return kymo_error_set(error, "there are %u silences already "
		    "that ask for no label by =; say one, as alertname=",
		    KYI_SILENCES_LOOSE_MAX);
	}
	changed = *at != NULL;
	if (changed) {
		silence->next = (*at)->next;
		kyi_silence_delete(*at);
	} else {
		alerts->silence_cnt++;
		alerts->silence_next++;
	}
	*at = silence;
	silence->dirty = true;
	silence->updated_ms = alerts->now_ms;
	alerts->silence_gen++;
	if (changed)
		alerts->silence_end_gen = alerts->silence_gen;
	alerts->silence_turn_ms = 0;
	snprintf(id, KYMO_SILENCE_ID_BYTES, "%s", silence->id);
	return kyi_alerts_save_now(alerts, error);
}

int
kymo_alerts_silence_end(struct kymo_alerts *alerts, const char *id,
    int64_t now_ms, struct kymo_error *error)
{
	struct kyi_silence *silence;

	if (alerts->reload && kyi_alerts_load(alerts, error) != 0)
		return -1;
	silence = *silence_at(alerts, id);
	if (silence == NULL)
		return kymo_error_set(error, "there is no silence '%.40s'", id);
	if (silence->until_ms <= now_ms)
		return kymo_error_set(error, "silence %.40s has ended already",
		    id);
	silence->until_ms = silence->updated_ms = now_ms;
	if (silence->from_ms > now_ms)
		silence->from_ms = now_ms;
	silence->dirty = true;
	alerts->silence_gen++;
	return kyi_alerts_save_now(alerts, error);
}

int
kymo_alerts_silences(const struct kymo_alerts *alerts,
    int (*each)(void *to, const struct kymo_silence *silence), void *to)
{
	const struct kyi_silence *silence;
	int result = 0;

	for (silence = alerts->silences; silence != NULL && result == 0;
	    silence = silence->next) {
		struct kymo_silence said = {silence->id, silence->matchers_text,
		    silence->from_ms, silence->until_ms, silence->author,
		    silence->comment, silence->matchers.at,
		    silence->matchers.cnt, silence->updated_ms};

		result = each(to, &said);
	}
	return result;
}

void
kyi_silences_turn(struct kymo_alerts *alerts)
{
	struct kyi_silence **at = &alerts->silences, *silence;
	int64_t now_ms = alerts->now_ms;

	if (now_ms >= alerts->silence_turn_ms)
		alerts->silence_gen++;
	alerts->silence_turn_ms = INT64_MAX;
	while ((silence = *at) != NULL) {
		int64_t turn_ms = now_ms < silence->from_ms ? silence->from_ms :
		    now_ms < silence->until_ms ? silence->until_ms :
		    silence->until_ms + KYI_SILENCE_KEEP_MS;

		if (turn_ms <= now_ms) {
			*at = silence->next;
			kyi_alerts_gone(alerts, 's', silence->id);
			kyi_silence_delete(silence);
			alerts->silence_cnt--;
			/* Alerts know it by its place. */
			alerts->silence_end_gen = ++alerts->silence_gen;
			continue;
		}
		if (turn_ms < alerts->silence_turn_ms)
			alerts->silence_turn_ms = turn_ms;
		at = &silence->next;
	}
	kyi_alerts_at(alerts, alerts->silence_turn_ms);
}

/* ---- acknowledgements ----------------------------------------------------- */

static int
ack(struct kymo_alerts *alerts, struct kyi_alerted *alert, const char *who,
    const char *comment, int64_t until_ms, int64_t now_ms)
{
	char *who_copy = who == NULL ? NULL : copy(who);
	char *comment_copy = who == NULL ? NULL : copy(comment);

	if (who != NULL && (who_copy == NULL || comment_copy == NULL)) {
		free(who_copy);
		free(comment_copy);
		return -1;
	}
	free(alert->ack_who);
	free(alert->ack_comment);
	alert->ack_who = who_copy;
	alert->ack_comment = comment_copy;
	alert->ack_ms = now_ms;
	alert->ack_until_ms = until_ms;
	alert->dirty = true;
	if (who == NULL)
		kyi_decide(alerts, alert, "no more acknowledged");
	else
		kyi_decide(alerts, alert, "acknowledged by %.100s%s%.200s",
		    who, comment_copy[0] == '\0' ? "" : ": ", comment_copy);
	return 0;
}

int
kymo_alerts_ack(struct kymo_alerts *alerts, const char *text, const char *who,
    const char *comment, int64_t until_ms, int64_t now_ms,
    struct kymo_error *error)
{
	struct kymo_routing room = {0};
	struct kyi_routing_matchers matchers;
	struct kyi_alerted *alert;
	int cnt = 0;
	uint32_t i;

	if (who != NULL && who[0] == '\0')
		return kymo_error_set(error, "say who acknowledges");
	if (alerts->reload && kyi_alerts_load(alerts, error) != 0)
		return -1;
	if (!kyi_alert_matchers(&room, text, &matchers, error)) {
		kyi_alert_room_free(&room);
		return -1;
	}
	alerts->now_ms = now_ms;
	for (i = 0; i < alerts->bucket_cnt && cnt >= 0; i++)
		for (alert = alerts->alerts[i]; alert != NULL && cnt >= 0;
		    alert = alert->next) {
			if (alert->state != KYMO_ALERT_FIRING ||
			    (who == NULL && alert->ack_who == NULL) ||
			    !kymo_matchers_match(matchers.at, matchers.cnt,
			    alert->labels))
				continue;
			cnt = ack(alerts, alert, who, comment, until_ms,
			    now_ms) == 0 ? cnt + 1 : -1;
		}
	kyi_alert_room_free(&room);
	if (cnt < 0)
		return kymo_error_set(error, "no memory for an "
		    "acknowledgement");
	return kyi_alerts_save_now(alerts, error) == 0 ? cnt : -1;
}

int
kymo_alerts_ack_these(struct kymo_alerts *alerts,
    struct kymo_labels *const *labels, uint32_t label_cnt, const char *who,
    const char *comment, int64_t until_ms, int64_t now_ms,
    struct kymo_error *error)
{
	int cnt = 0;
	uint32_t i;

	if (who != NULL && who[0] == '\0')
		return kymo_error_set(error, "say who acknowledges");
	if (alerts->reload && kyi_alerts_load(alerts, error) != 0)
		return -1;
	alerts->now_ms = now_ms;
	for (i = 0; i < label_cnt; i++) {
		struct kyi_alerted *alert = kyi_alerted_find(alerts,
		    labels[i]);

		if (alert == NULL || alert->state != KYMO_ALERT_FIRING ||
		    (who == NULL && alert->ack_who == NULL))
			continue;
		if (ack(alerts, alert, who, comment, until_ms, now_ms) != 0)
			return kymo_error_set(error, "no memory for an "
			    "acknowledgement");
		cnt++;
	}
	return cnt == 0 || kyi_alerts_save_now(alerts, error) == 0 ? cnt : -1;
}
