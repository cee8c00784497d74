/* SPDX-License-Identifier: MIT */
#include "tools/kymo_alert_view.h"

#include <stdlib.h>
#include <string.h>

#include "reader/export/export.h"

#define RANK_RESOLVED 7

/* ---- words for an alert -------------------------------------------------------- */

static const json_t *
ack_of(const struct kyi_alert_told *alert)
{
	return json_object_get(alert->kymo, "acknowledged");
}

/* Of an Alertmanager, which has no "kymo", what its own members say. */
static void
alert_read(struct kyi_alert_told *alert, const json_t *json)
{
	static const char *const ranks[] = {"firing", "flapping",
		"acknowledged", "silenced", "inhibited", "muted", "pending",
		"resolved"};
	const char *status = kyi_json_str(json_object_get(json, "status"),
	    "state"), *by;

	alert->json = json;
	alert->kymo = json_object_get(json, "kymo");
	alert->labels = json_object_get(json, "labels");
	alert->name = kyi_json_str(alert->labels, "alertname");
	alert->since_ms = kyi_json_time_ms(json, "startsAt");
	alert->state = kyi_json_str(alert->kymo, "state");
	if (!*alert->state)
		alert->state = "firing";
	if (strcmp(status, "suppressed") == 0) {
		by = kyi_json_str(alert->kymo, "mutedBy");
		alert->state = strcmp(by, "silence") == 0 || json_array_size(
		    json_object_get(json_object_get(json, "status"),
		    "silencedBy")) > 0 ? "silenced" :
		    !*by || strcmp(by, "inhibition") == 0 ? "inhibited" :
		    "muted";
	} else if (ack_of(alert) && strcmp(alert->state, "resolved") != 0) {
		alert->state = "acknowledged";
	}
	for (alert->rank = 0; alert->rank < RANK_RESOLVED &&
	    strcmp(ranks[alert->rank], alert->state) != 0;)
		alert->rank++;
}

/* Firing ones first, of them the newest; then by name. */
static int
by_rank(const void *a, const void *b)
{
	const struct kyi_alert_told *x = a, *y = b;

	if (x->rank != y->rank)
		return x->rank - y->rank;
	if (x->since_ms != y->since_ms)
		return x->since_ms > y->since_ms ? -1 : 1;
	return strcmp(x->name, y->name);
}

struct kyi_alert_told *
kyi_alerts_told(const json_t *list, uint32_t *cnt)
{
	struct kyi_alert_told *alerts = kyi_must(calloc(json_array_size(list) + 1,
		sizeof(*alerts)));

	*cnt = (uint32_t)json_array_size(list);
	for (uint32_t i = 0; i < *cnt; i++)
		alert_read(&alerts[i], json_array_get(list, i));
	qsort(alerts, *cnt, sizeof(*alerts), by_rank);
	return alerts;
}

static void
put_value(struct kymo_buffer *out, const struct kyi_alert_told *alert)
{
	const json_t *value = json_object_get(alert->kymo, "value");

	if (json_is_number(value))
		kymo_buffer_printf(out, "%.6g", json_number_value(value));
	else
		kymo_escape_terminal(out, json_is_string(value) ?
		    json_string_value(value) : "-");
}

static void
put_receivers(struct kymo_buffer *out, const struct kyi_alert_told *alert)
{
	const json_t *list = json_object_get(alert->json, "receivers");
	size_t cnt = json_array_size(list);

	for (size_t i = 0; i < cnt; i++) {
		kymo_buffer_str(out, i > 0 ? ", " : "");
		kymo_escape_terminal(out, kyi_json_str(json_array_get(list, i),
			"name"));
	}
}

/* What comes first, in few words. */
static void
put_next(struct kymo_buffer *out, const struct kyi_alert_told *alert, int64_t now_ms)
{
	const json_t *list = json_object_get(alert->kymo, "next"), *first;
	struct kymo_buffer what = {0};
	int64_t at_ms, first_ms = 0;

	first = json_array_get(list, 0);
	for (size_t i = 0; i < json_array_size(list); i++) {
		at_ms = kyi_json_time_ms(json_array_get(list, i), "at");
		if (at_ms && (!first_ms || at_ms < first_ms)) {
			first = json_array_get(list, i);
			first_ms = at_ms;
		}
	}
	kymo_buffer_str(&what, kyi_json_str(first, "what"));
	if (!what.failed)
		what.at[strcspn(what.at, ",;:")] = '\0';
	kymo_escape_terminal(out, what.failed ? "" : what.at);
	kymo_buffer_free(&what);
	if (first_ms) {
		kymo_buffer_char(out, ' ');
		kyi_put_from_now(out, first_ms, now_ms);
	}
}

/* " by WHO (COMMENT)" */
static void
put_who(struct kymo_buffer *out, const char *who, const char *comment)
{
	kymo_escape_terminal(out, who);
	if (*comment) {
		kymo_buffer_str(out, " (");
		kymo_escape_terminal(out, comment);
		kymo_buffer_char(out, ')');
	}
}

static void
put_ack(struct kymo_buffer *out, const struct kyi_alert_told *alert, int64_t now_ms)
{
	const json_t *ack = ack_of(alert);
	int64_t until_ms = kyi_json_time_ms(ack, "until");

	kymo_buffer_str(out, "acknowledged by ");
	put_who(out, kyi_json_str(ack, "by"), kyi_json_str(ack, "comment"));
	kymo_buffer_str(out, ", ");
	kyi_put_from_now(out, kyi_json_time_ms(ack, "at"), now_ms);
	if (until_ms) {
		kymo_buffer_str(out, ", until ");
		kyi_put_clock(out, until_ms, now_ms);
	}
}

/* ---- a list ----------------------------------------------------------------------- */

static void
row_add(struct kyi_rows *rows, const struct kyi_alert_told *alert, int64_t now_ms)
{
	const char *muted = kyi_json_str(alert->kymo, "muted");
	struct kymo_buffer *row = kyi_rows_add(rows, false), *more;

	kymo_escape_terminal(&row[0], alert->name);
	kymo_buffer_str(&row[1], alert->state);
	kyi_put_span(&row[2], now_ms - (alert->rank == RANK_RESOLVED ?
		kyi_json_time_ms(alert->json, "endsAt") : alert->since_ms));
	put_value(&row[3], alert);
	put_receivers(&row[4], alert);
	put_next(&row[5], alert, now_ms);
	if (json_object_size(alert->labels) > 1) {
		more = kyi_rows_add(rows, true);
		kymo_buffer_str(more, "    ");
		kyi_put_labels_json(more, alert->labels);
	}
	if (*muted) {
		more = kyi_rows_add(rows, true);
		kymo_buffer_str(more, "    ");
		kymo_escape_terminal(more, muted);
	}
	if (ack_of(alert)) {
		more = kyi_rows_add(rows, true);
		kymo_buffer_str(more, "    ");
		put_ack(more, alert, now_ms);
	}
}

int
kyi_alerts_put_list(const json_t *list)
{
	static const char *const names[] = {"ALERT", "STATE", "SINCE", "VALUE",
		"TO", "NEXT"};
	struct kyi_rows rows = {0};
	struct kymo_buffer out = {0};
	uint32_t cnt;
	struct kyi_alert_told *alerts = kyi_alerts_told(list, &cnt);

	kyi_rows_head(&rows, names, 6);
	for (uint32_t i = 0; i < cnt; i++)
		row_add(&rows, &alerts[i], kyi_now_ms());
	kyi_rows_put(&out, &rows);
	free(alerts);
	return kyi_output(&out);
}

/* ---- one with all ----------------------------------------------------------- */

static void
put_pairs(struct kymo_buffer *out, const char *what, const json_t *pairs)
{
	const char *key;
	json_t *value;

	if (json_object_size(pairs) == 0)
		return;
	kymo_buffer_printf(out, "  %s\n", what);
	json_object_foreach((json_t *)(uintptr_t)pairs, key, value) {
		kymo_buffer_str(out, "    ");
		kymo_escape_terminal(out, key);
		kymo_buffer_str(out, ": ");
		kymo_escape_terminal(out, json_is_string(value) ?
		    json_string_value(value) : "");
		kymo_buffer_char(out, '\n');
	}
}

static void
put_head(struct kymo_buffer *out, const struct kyi_alert_told *alert, int64_t now_ms)
{
	int64_t ends_ms = kyi_json_time_ms(alert->json, "endsAt");

	kymo_escape_terminal(out, alert->name);
	kyi_put_labels_json(out, alert->labels);
	kymo_buffer_printf(out, ": %s since ", alert->state);
	if (strcmp(alert->state, "resolved") == 0 && ends_ms) {
		kyi_put_clock(out, ends_ms, now_ms);
		kymo_buffer_str(out, "; it fired for ");
		kyi_put_span(out, ends_ms - alert->since_ms);
	} else {
		kyi_put_clock(out, alert->since_ms, now_ms);
		kymo_buffer_str(out, " (");
		kyi_put_span(out, now_ms - alert->since_ms);
		kymo_buffer_char(out, ')');
	}
	kymo_buffer_char(out, '\n');
}

static void
put_decisions(struct kymo_buffer *out, const struct kyi_alert_told *alert,
    int64_t now_ms)
{
	const json_t *list = json_object_get(alert->kymo, "decisions"), *one;
	size_t i;

	kymo_buffer_str(out, "  what was decided\n");
	json_array_foreach(list, i, one) {
		kymo_buffer_str(out, "    ");
		kyi_put_clock(out, kyi_json_time_ms(one, "at"), now_ms);
		kymo_buffer_str(out, "  ");
		kymo_escape_terminal(out, kyi_json_str(one, "text"));
		kymo_buffer_char(out, '\n');
	}
}

static void
put_message(struct kymo_buffer *out, const json_t *message, int64_t now_ms)
{
	const char *why = kyi_json_str(message, "why");
	bool dead = strcmp(kyi_json_str(message, "state"), "dead") == 0;
	int64_t attempts = kyi_json_int(message, "attempts");
	int64_t at_ms = kyi_json_time_ms(message, "nextAttempt");

	kymo_buffer_str(out, "    to ");
	kymo_escape_terminal(out, kyi_json_str(message, "to"));
	kymo_buffer_printf(out, ": that it %s, ", strcmp(kyi_json_str(message,
		"status"), "firing") == 0 ? "fires" : "is over");
	if (dead)
		kymo_buffer_str(out, "given up");
	else if (attempts == 0)
		kymo_buffer_str(out, *kyi_json_str(message, "receiverWhy") ?
		    "behind what waits for that receiver" :
		    "about to be sent");
	else
		kymo_buffer_printf(out, "not delivered by %lld attempt%s",
		    (long long)attempts, attempts == 1 ? "" : "s");
	if (!*why)
		why = kyi_json_str(message, "receiverWhy");
	if (*why) {
		kymo_buffer_str(out, ": ");
		kymo_escape_terminal(out, why);
	}
	if (dead) {
		kymo_buffer_str(out, "; kymo notify retry ");
		kymo_escape_terminal(out, kyi_json_str(message, "id"));
	} else if (at_ms) {
		kymo_buffer_str(out, "; tried again ");
		kyi_put_from_now(out, at_ms, now_ms);
	}
	kymo_buffer_char(out, '\n');
}

/* Whether a message to this way is under way, or dead. */
static bool
has_message(const struct kyi_alert_told *alert, const char *to)
{
	const json_t *list = json_object_get(alert->kymo, "messages"), *one;
	size_t i;

	json_array_foreach(list, i, one)
		if (strcmp(kyi_json_str(one, "to"), to) == 0)
			return true;
	return false;
}

static void
put_messages(struct kymo_buffer *out, const struct kyi_alert_told *alert,
    int64_t now_ms)
{
	const json_t *list = json_object_get(alert->kymo, "messages"), *one;
	const json_t *next = json_object_get(alert->kymo, "next");
	bool any = false;
	size_t i;

	json_array_foreach(list, i, one) {
		kymo_buffer_str(out, any ? "" : "  messages\n");
		any = true;
		put_message(out, one, now_ms);
	}
	json_array_foreach(next, i, one) {
		const char *to = kyi_json_str(one, "to");

		if (!*to || !json_is_true(json_object_get(one, "told")) ||
		    has_message(alert, to))
			continue;
		kymo_buffer_str(out, any ? "" : "  messages\n");
		any = true;
		kymo_buffer_str(out, "    to ");
		kymo_escape_terminal(out, to);
		kymo_buffer_str(out, ": delivered; nothing waits\n");
	}
}

static void
put_nexts(struct kymo_buffer *out, const struct kyi_alert_told *alert, int64_t now_ms)
{
	const json_t *list = json_object_get(alert->kymo, "next"), *one;
	int64_t at_ms;
	size_t i;

	kymo_buffer_str(out, "  what comes next\n");
	if (json_array_size(list) == 0)
		kymo_buffer_str(out, "    nothing\n");
	json_array_foreach(list, i, one) {
		const char *to = kyi_json_str(one, "to");

		kymo_buffer_str(out, *to ? "    to " : "    ");
		kymo_escape_terminal(out, to);
		kymo_buffer_str(out, *to ? ": " : "");
		kymo_escape_terminal(out, kyi_json_str(one, "what"));
		at_ms = kyi_json_time_ms(one, "at");
		if (at_ms) {
			kymo_buffer_str(out, ", at ");
			kyi_put_clock(out, at_ms, now_ms);
			kymo_buffer_str(out, " (");
			kyi_put_from_now(out, at_ms, now_ms);
			kymo_buffer_char(out, ')');
		}
		kymo_buffer_char(out, '\n');
	}
}

void
kyi_alert_put(struct kymo_buffer *out, const struct kyi_alert_told *alert, bool why)
{
	int64_t now_ms = kyi_now_ms();
	const char *muted = kyi_json_str(alert->kymo, "muted");

	put_head(out, alert, now_ms);
	if (!why) {
		kymo_buffer_str(out, "  value: ");
		put_value(out, alert);
		kymo_buffer_str(out, "\n  to: ");
		put_receivers(out, alert);
		kymo_buffer_char(out, '\n');
	}
	if (*muted) {
		kymo_buffer_str(out, "  muted: ");
		kymo_escape_terminal(out, muted);
		kymo_buffer_char(out, '\n');
	}
	if (ack_of(alert)) {
		kymo_buffer_str(out, "  ");
		put_ack(out, alert, now_ms);
		kymo_buffer_char(out, '\n');
	}
	if (why)
		put_decisions(out, alert, now_ms);
	else {
		put_pairs(out, "labels", alert->labels);
		put_pairs(out, "annotations", json_object_get(alert->json,
			"annotations"));
	}
	put_messages(out, alert, now_ms);
	put_nexts(out, alert, now_ms);
}

