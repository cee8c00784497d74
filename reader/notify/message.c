/* SPDX-License-Identifier: MIT */
#include "reader/notify/message.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reader/notify/text.h"

/* ---- pieces ------------------------------------------------------------------------ */

/* Where something failed, all of it is thrown away at the end. */
struct maker {
	bool failed;
};

static void
put(struct maker *maker, json_t *object, const char *key, json_t *value)
{
	maker->failed |= value == NULL ||
	    json_object_set_new(object, key, value) != 0;
}

static void
push(struct maker *maker, json_t *array, json_t *value)
{
	maker->failed |= value == NULL ||
	    json_array_append_new(array, value) != 0;
}

static json_t *
text_new(const char *text)
{
	struct kymo_buffer sound = {0};
	json_t *json = NULL;

	kyi_text_sound(&sound, text, KYI_NOTIFY_TEXT_MAX);
	if (!sound.failed)
		json = json_stringn(sound.at == NULL ? "" : sound.at,
		    sound.len_bytes);
	kymo_buffer_free(&sound);
	return json;
}

static void
put_text(struct maker *maker, json_t *object, const char *key, const char *text)
{
	put(maker, object, key, text_new(text));
}

static void
put_time(struct maker *maker, json_t *object, const char *key, int64_t at_ms)
{
	struct kymo_buffer text = {0};

	if (at_ms == 0)
		kymo_buffer_str(&text, "0001-01-01T00:00:00Z");
	else
		kyi_text_time(&text, at_ms);
	put(maker, object, key, text.failed ? NULL : json_string(text.at));
	kymo_buffer_free(&text);
}

/* JSON has no NaN; whole numbers keep all their digits. */
static json_t *
number_new(double value)
{
	if (isnan(value))
		return json_null();
	if (isinf(value))
		return json_string(value > 0 ? "+Inf" : "-Inf");
	if (fabs(value) < 9e15 && value == floor(value))
		return json_integer((json_int_t)value);
	return json_real(value);
}

static void
put_number(struct maker *maker, json_t *object, const char *key, double value)
{
	if (!isnan(value))
		put(maker, object, key, number_new(value));
}

static json_t *
labels_new(struct maker *maker, const struct kymo_label *labels, uint32_t cnt)
{
	json_t *object = json_object();
	struct kymo_buffer key = {0};
	uint32_t i;

	for (i = 0; i < cnt; i++) {
		key.len_bytes = 0;
		kyi_text_sound(&key, labels[i].key, KYI_NOTIFY_TEXT_MAX);
		if (key.failed)
			maker->failed = true;
		else if (key.len_bytes > 0)
			put_text(maker, object, key.at, labels[i].value);
	}
	kymo_buffer_free(&key);
	return object;
}

/* ---- fingerprints ------------------------------------------------------------------ */

static uint64_t
fnv(uint64_t hash, const char *text)
{
	for (; *text != '\0'; text++) {
		hash ^= (unsigned char)*text;
		hash *= UINT64_C(1099511628211);
	}
	hash ^= 0xff;
	return hash * UINT64_C(1099511628211);
}

static int
by_key(const void *a, const void *b)
{
	const struct kymo_label *one = a, *other = b;

	return strcmp(one->key, other->key);
}

uint64_t
kymo_notify_fingerprint(const struct kymo_label *labels, uint32_t label_cnt)
{
	uint64_t hash = UINT64_C(14695981039346656037);
	struct kymo_label *sorted = NULL;
	uint32_t i;

	for (i = 1; i < label_cnt; i++)
		if (strcmp(labels[i - 1].key, labels[i].key) > 0)
			break;
	if (i < label_cnt) {
		sorted = reallocarray(NULL, label_cnt, sizeof(*sorted));
		if (sorted != NULL) {
			memcpy(sorted, labels, label_cnt * sizeof(*sorted));
			qsort(sorted, label_cnt, sizeof(*sorted), by_key);
			labels = sorted;
		}
	}
	for (i = 0; i < label_cnt; i++)
		hash = fnv(fnv(hash, labels[i].key), labels[i].value);
	free(sorted);
	return hash;
}

static uint64_t
fingerprint(const struct kymo_notify_alert *alert)
{
	return alert->fingerprint != 0 ? alert->fingerprint :
	    kymo_notify_fingerprint(alert->labels, alert->label_cnt);
}

void
kyi_message_sayings(const struct kymo_message *message, uint32_t first,
    uint32_t cnt, struct kyi_saying *sayings)
{
	uint32_t i;

	for (i = 0; i < cnt; i++) {
		sayings[i].fingerprint = fingerprint(&message->alerts[first + i]);
		sayings[i].firing = message->alerts[first + i].firing;
	}
}

/* ---- alerts ------------------------------------------------------------------------ */

static json_t *
alert_new(struct maker *maker, const struct kymo_notify_alert *alert)
{
	json_t *object = json_object();
	char hex[20];

	snprintf(hex, sizeof(hex), "%016" PRIx64, fingerprint(alert));
	put(maker, object, "status",
	    json_string(alert->firing ? "firing" : "resolved"));
	put(maker, object, "labels", labels_new(maker, alert->labels,
	    alert->label_cnt));
	put(maker, object, "annotations", labels_new(maker, alert->annotations,
	    alert->annotation_cnt));
	put_time(maker, object, "startsAt", alert->starts_ms);
	put_time(maker, object, "endsAt", alert->firing ? 0 : alert->ends_ms);
	put_text(maker, object, "generatorURL", alert->generator_url);
	put(maker, object, "fingerprint", json_string(hex));
	put_number(maker, object, "value", alert->value);
	put_number(maker, object, "threshold", alert->threshold);
	return object;
}

/* What all alerts have of labels (or annotations), with the same value. */
static json_t *
common_new(struct maker *maker, const json_t *alerts, const char *of)
{
	json_t *common = json_copy(json_object_get(json_array_get(alerts, 0),
	    of));
	const char *key;
	json_t *value;
	void *next;
	size_t i;

	maker->failed |= common == NULL;
	for (i = 1; common != NULL && i < json_array_size(alerts); i++) {
		const json_t *labels = json_object_get(json_array_get(alerts,
		    i), of);

		json_object_foreach_safe(common, next, key, value) {
			const json_t *other = json_object_get(labels, key);

			if (other == NULL || !json_equal(other, value))
				json_object_del(common, key);
		}
	}
	return common;
}

/* ---- what one needs at 3 a.m. ------------------------------------------------------ */

static json_t *
points_new(struct maker *maker, const struct kymo_notify_detail *detail)
{
	json_t *points = json_array(), *point;
	uint32_t i;

	for (i = 0; i < detail->point_cnt; i++) {
		point = json_array();
		push(maker, point, json_integer(detail->points[i].at_ms));
		push(maker, point, number_new(detail->points[i].value));
		push(maker, points, point);
	}
	return points;
}

static json_t *
quantiles_new(struct maker *maker, const struct kymo_notify_detail *detail)
{
	json_t *quantiles = json_array(), *pair;
	uint32_t i;

	for (i = 0; i < detail->quantile_cnt; i++) {
		pair = json_array();
		push(maker, pair, number_new(detail->quantiles[i].q));
		push(maker, pair, number_new(detail->quantiles[i].value));
		if (detail->quantiles[i].of != NULL)
			push(maker, pair, text_new(detail->quantiles[i].of));
		push(maker, quantiles, pair);
	}
	return quantiles;
}

static json_t *
exemplars_new(struct maker *maker, const struct kymo_notify_detail *detail)
{
	json_t *exemplars = json_array(), *one;
	uint32_t i;

	for (i = 0; i < detail->exemplar_cnt; i++) {
		const struct kymo_notify_exemplar *of = &detail->exemplars[i];

		one = json_object();
		put_text(maker, one, "traceId", of->trace_id);
		put_text(maker, one, "spanId", of->span_id);
		put_number(maker, one, "value", of->value);
		put_time(maker, one, "at", of->at_ms);
		push(maker, exemplars, one);
	}
	return exemplars;
}

static void
detail_put(struct maker *maker, json_t *object,
    const struct kymo_notify_detail *detail)
{
	json_t *changes;
	uint32_t i;

	if (detail == NULL)
		return;
	if (detail->unit != NULL)
		put_text(maker, object, "unit", detail->unit);
	if (detail->point_cnt > 0)
		put(maker, object, "points", points_new(maker, detail));
	if (detail->quantile_cnt > 0)
		put(maker, object, "quantiles", quantiles_new(maker, detail));
	if (detail->exemplar_cnt > 0)
		put(maker, object, "exemplars", exemplars_new(maker, detail));
	if (detail->process != NULL)
		put_text(maker, object, "process", detail->process);
	if (detail->change_cnt > 0) {
		changes = json_array();
		for (i = 0; i < detail->change_cnt; i++)
			push(maker, changes, text_new(detail->changes[i]));
		put(maker, object, "changes", changes);
	}
	if (detail->runbook_url != NULL)
		put_text(maker, object, "runbookURL", detail->runbook_url);
}

/* ---- the whole --------------------------------------------------------------------- */

json_t *
kyi_message_make(const struct kymo_message *message, uint32_t first,
    uint32_t cnt)
{
	json_t *whole = json_object(), *alerts = json_array();
	json_t *ours = json_object();
	struct maker maker = { false };
	bool firing = false;
	uint32_t i;

	for (i = first; i < first + cnt; i++) {
		firing |= message->alerts[i].firing;
		push(&maker, alerts, alert_new(&maker, &message->alerts[i]));
	}
	put_time(&maker, ours, "at", message->at_ms);
	detail_put(&maker, ours, message->detail);
	put(&maker, whole, "version", json_string("4"));
	put_text(&maker, whole, "groupKey", message->group_key);
	put(&maker, whole, "truncatedAlerts", json_integer(0));
	put(&maker, whole, "status",
	    json_string(firing ? "firing" : "resolved"));
	put_text(&maker, whole, "receiver", message->receiver);
	put(&maker, whole, "groupLabels", labels_new(&maker,
	    message->group_labels, message->group_label_cnt));
	put(&maker, whole, "commonLabels",
	    common_new(&maker, alerts, "labels"));
	put(&maker, whole, "commonAnnotations",
	    common_new(&maker, alerts, "annotations"));
	put_text(&maker, whole, "externalURL", message->external_url);
	put(&maker, whole, "alerts", alerts);
	put(&maker, whole, "kymo", ours);
	if (!maker.failed && whole != NULL)
		return whole;
	json_decref(whole);
	return NULL;
}

static int
dumped(const char *text, size_t len_bytes, void *to)
{
	struct kymo_buffer *out = to;

	kymo_buffer_add(out, text, len_bytes);
	return out->failed ? -1 : 0;
}

int
kyi_json_put(struct kymo_buffer *out, const json_t *json)
{
	return json_dump_callback(json, dumped, out, JSON_COMPACT |
	    JSON_REAL_PRECISION(12));
}

const char *
kyi_json_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text == NULL ? "" : text;
}

int
kymo_message_json(const struct kymo_message *message, struct kymo_buffer *out,
    struct kymo_error *error)
{
	json_t *whole = kyi_message_make(message, 0, message->alert_cnt);
	int status = -1;

	if (whole != NULL)
		status = kyi_json_put(out, whole);
	json_decref(whole);
	return status == 0 ? 0 : kymo_error_set(error,
	    "no memory for a message");
}
