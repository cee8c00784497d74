/* SPDX-License-Identifier: MIT */
/* Alertmanager's API v2: alerts pushed to all of several, and pushed again as
   Prometheus does, so that one that was away, or forgot, has them. */
#include "reader/notify/send.h"

#include <string.h>

#include "reader/notify/message.h"
#include "reader/notify/view.h"

#define PATH "/api/v2/alerts"
#define RESENT_MAX 500u /* in one push */

/* ---- what an Alertmanager is told -------------------------------------------------- */

/* A label's name as it must be there. */
static void
name_clean(struct kymo_buffer *out, const char *key)
{
	const char *at;

	out->len_bytes = 0;
	if (*key >= '0' && *key <= '9')
		kymo_buffer_char(out, '_');
	for (at = key; *at != '\0'; at++)
		kymo_buffer_char(out, (*at >= 'a' && *at <= 'z') ||
		    (*at >= 'A' && *at <= 'Z') || (*at >= '0' && *at <= '9') ?
		    *at : '_');
}

static json_t *
labels_of(const json_t *alert, const char *key)
{
	json_t *from = json_object_get(alert, key), *value;
	json_t *to = json_object();
	struct kymo_buffer name = {0};
	const char *label;

	json_object_foreach(from, label, value) {
		const char *text = json_string_value(value);

		if (text == NULL || *text == '\0')
			continue;
		name_clean(&name, label);
		if (name.failed || json_object_set(to, name.at, value) != 0) {
			json_decref(to);
			to = NULL;
			break;
		}
	}
	kymo_buffer_free(&name);
	return to;
}

/* A firing one has no end: it ends, to an Alertmanager, when it is not pushed
   for its resolve_timeout. So a push that waited long is as good as a new. */
static json_t *
alert_of(const json_t *alert)
{
	bool firing = strcmp(kyi_json_text(alert, "status"), "firing") == 0;
	const char *source = kyi_json_text(alert, "generatorURL");
	const char *ends = kyi_json_text(alert, "endsAt");
	const char *starts = kyi_json_text(alert, "startsAt");

	/* Times are of one width, so they compare as texts. */
	if (strcmp(ends, starts) < 0)
		ends = starts;
	return json_pack("{s:o, s:o, s:s, s:s*, s:s*}",
	    "labels", labels_of(alert, "labels"),
	    "annotations", labels_of(alert, "annotations"),
	    "startsAt", starts, "endsAt", firing ? NULL : ends,
	    "generatorURL", kyi_view_link_is(source) ? source : NULL);
}

static int
payload(const struct kyi_send *send, struct kymo_buffer *out,
    struct kymo_error *error)
{
	json_t *message = json_loads(send->letter.body, 0, NULL), *alert;
	json_t *alerts = json_array();
	int status = message == NULL || alerts == NULL ? -1 : 0;
	size_t i;

	json_array_foreach(json_object_get(message, "alerts"), i, alert)
		if (json_array_append_new(alerts, alert_of(alert)) != 0)
			status = -1;
	if (status == 0)
		status = kyi_json_put(out, alerts);
	json_decref(alerts);
	json_decref(message);
	return status == 0 ? 0 : kymo_error_set(error,
	    "no memory for a message");
}

/* ---- to all of them ------------------------------------------------------------------ */

static int
check(const struct kymo_receiver *receiver, struct kymo_error *error)
{
	struct kymo_receiver one = *receiver;
	uint32_t i;

	if (receiver->url_cnt > KYI_LEGS_MAX)
		return kymo_error_set(error, "receiver %s: more than %u URLs",
		    receiver->name, KYI_LEGS_MAX);
	for (i = 0; i < receiver->url_cnt; i++) {
		one.url = receiver->urls[i];
		if (kyi_http_check(&one, error) != 0)
			return -1;
	}
	if (receiver->url_cnt == 0 && receiver->url == NULL)
		return kymo_error_set(error, "receiver %s: it has no URL",
		    receiver->name);
	return receiver->url_cnt > 0 ? 0 : kyi_http_check(receiver, error);
}

static int
leg_add(struct kyi_send *send, const char *base, struct kymo_error *error)
{
	struct kymo_buffer url = {0};
	size_t len_bytes;
	int status;

	len_bytes = strlen(base);
	while (len_bytes > 0 && base[len_bytes - 1] == '/')
		len_bytes--;
	kymo_buffer_add(&url, base, len_bytes);
	if (len_bytes < sizeof(PATH) || strncmp(base + len_bytes -
	    (sizeof(PATH) - 1), PATH, sizeof(PATH) - 1) != 0)
		kymo_buffer_str(&url, PATH);
	status = url.failed ? kymo_error_set(error, "no memory for a URL") :
	    kyi_leg_begin(send, url.at, "https,http", error);
	if (status == 0)
		status = kyi_http_send(send, &send->legs[send->leg_cnt - 1],
		    "application/json", error);
	kymo_buffer_free(&url);
	return status;
}

static int
setup(struct kyi_send *send, struct kymo_error *error)
{
	const struct kymo_receiver *receiver = send->receiver;
	uint32_t i;

	if (receiver->url_cnt == 0)
		return leg_add(send, receiver->url, error);
	for (i = 0; i < receiver->url_cnt; i++)
		if (leg_add(send, receiver->urls[i], error) != 0)
			return -1;
	return 0;
}

/* ---- what is pushed again ------------------------------------------------------------ */

/* Part of the transaction in which the letter leaves the outbox. */
static int
left(struct kymo_outbox *outbox, const struct kyi_send *send,
    struct kymo_error *error)
{
	json_t *alerts = json_loadb(send->letter.payload,
	    send->letter.payload_bytes, 0, NULL), *message, *alert;
	struct kymo_buffer text = {0};
	int status = 0;
	size_t i;

	message = json_loads(send->letter.body, 0, NULL);
	if (alerts == NULL || message == NULL)
		status = kymo_error_set(error, "no memory for alerts");
	json_array_foreach(alerts, i, alert) {
		const char *fingerprint = kyi_json_text(json_array_get(
		    json_object_get(message, "alerts"), i), "fingerprint");
		bool firing = json_object_get(alert, "endsAt") == NULL;

		if (status != 0)
			break;
		text.len_bytes = 0;
		if (kyi_json_put(&text, alert) != 0 || text.failed)
			status = kymo_error_set(error, "no memory for alerts");
		if (status == 0)
			status = kyi_outbox_run(outbox, KYI_SQL_ALERT_PUT,
			    error, "ttti", send->receiver->name, fingerprint,
			    text.at, firing ? -send->now_ms : send->now_ms);
	}
	json_decref(alerts);
	json_decref(message);
	kymo_buffer_free(&text);
	return status;
}

/* The next of those that are to be pushed again, after *cursor; how many. */
static int
again(struct kymo_outbox *outbox, const char *receiver, int64_t now_ms,
    struct kymo_buffer *cursor, struct kymo_buffer *out,
    struct kymo_error *error)
{
	struct kymo_buffer next = {0}; /* the statement looks at cursor */
	sqlite3_stmt *rows;
	int status, cnt = 0;

	if (cursor->len_bytes == 0 && (kyi_outbox_run(outbox,
	    KYI_SQL_ALERT_SEEN, error, "it", -now_ms, receiver) != 0 ||
	    kyi_outbox_run(outbox, KYI_SQL_ALERT_OLD, error, "tii", receiver,
	    now_ms - KYI_RESOLVED_MS, KYI_SAID_MS - now_ms) != 0))
		return -1;
	rows = kyi_outbox_bind(outbox, KYI_SQL_ALERT_GET, error, "tti",
	    receiver, cursor->len_bytes == 0 ? "" : cursor->at,
	    (int64_t)RESENT_MAX);
	if (rows == NULL)
		return -1;
	while ((status = sqlite3_step(rows)) == SQLITE_ROW) {
		const char *key = (const char *)sqlite3_column_text(rows, 0),
		    *alert = (const char *)sqlite3_column_text(rows, 1);

		next.len_bytes = 0;
		if (key == NULL || alert == NULL) {
			out->failed = true;
			continue;
		}
		kymo_buffer_str(&next, key);
		kymo_buffer_char(out, cnt++ == 0 ? '[' : ',');
		kymo_buffer_str(out, alert);
	}
	if (cnt > 0)
		kymo_buffer_char(out, ']');
	kyi_outbox_done(rows);
	/* It is for years: what failed before is over. */
	cursor->len_bytes = 0;
	cursor->failed = next.failed;
	if ((uint32_t)cnt == RESENT_MAX)
		kymo_buffer_add(cursor, next.at, next.len_bytes);
	kymo_buffer_free(&next);
	if (status != SQLITE_DONE)
		return kyi_outbox_wrong(outbox, error);
	return out->failed || cursor->failed ? kymo_error_set(error,
	    "no memory for alerts") : cnt;
}

const struct kyi_channel kyi_channel_alertmanager = {
    .together_max = KYI_TOGETHER_MAX, .check = check, .payload = payload,
    .setup = setup, .left = left, .again = again };
