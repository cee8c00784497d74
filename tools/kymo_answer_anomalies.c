/* SPDX-License-Identifier: MIT */
/* kymod's answer about anomalies, as lines for people. It comes from a network:
   what is not as it should be is an error, never a guess. */
#include "tools/kymo_anomalies.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reader/export/export.h"
#include "tools/kymo_cli.h"

/* ---- pieces ------------------------------------------------------------------ */

static const char *
text_of(json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

/* A number; NaN is a text in JSON. */
static double
number_of(json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);

	return json_is_number(value) ? json_number_value(value) : (double)NAN;
}

static void
escaped(struct kymo_buffer *out, const char *text)
{
	kymo_escape_terminal(out, text);
}

/* name{label="value",..}, without what tells which series it is. */
static void
put_series(struct kymo_buffer *out, const char *name_key, json_t *labels)
{
	const char *key;
	json_t *value;
	bool any = false;

	escaped(out, text_of(labels, name_key));
	json_object_foreach(labels, key, value) {
		if (strcmp(key, name_key) == 0 || strcmp(key, "signal") == 0 ||
		    !json_is_string(value))
			continue;
		kymo_buffer_char(out, any ? ',' : '{');
		escaped(out, key);
		kymo_buffer_str(out, "=\"");
		escaped(out, json_string_value(value));
		kymo_buffer_char(out, '"');
		any = true;
	}
	if (any)
		kymo_buffer_char(out, '}');
	kymo_buffer_char(out, ' ');
	escaped(out, text_of(labels, "signal"));
}

static void
put_anomaly(struct kymo_buffer *out, json_t *anomaly, const char *before)
{
	double low = number_of(anomaly, "low"), high = number_of(anomaly,
	    "high");

	kymo_buffer_printf(out, "%s%-6.3g", before, number_of(anomaly,
	    "score"));
	escaped(out, text_of(anomaly, "at"));
	kymo_buffer_str(out, "  ");
	put_series(out, "metric", json_object_get(anomaly, "labels"));
	if (*text_of(anomaly, "reason")) {
		kymo_buffer_str(out, ": ");
		escaped(out, text_of(anomaly, "reason"));
	}
	if (!isnan(number_of(anomaly, "value")))
		kymo_buffer_printf(out, " (%.4g", number_of(anomaly, "value"));
	if (!isnan(number_of(anomaly, "value")) && low <= high)
		kymo_buffer_printf(out, ", before %.4g to %.4g", low, high);
	if (!isnan(number_of(anomaly, "value")))
		kymo_buffer_char(out, ')');
	kymo_buffer_char(out, '\n');
}

static void
put_change(struct kymo_buffer *out, json_t *changed)
{
	escaped(out, text_of(changed, "since"));
	kymo_buffer_str(out, "  ");
	put_series(out, "metric", json_object_get(changed, "labels"));
	kymo_buffer_str(out, ": ");
	escaped(out, text_of(changed, "kind"));
	kymo_buffer_printf(out, " %.4g -> %.4g, confidence %.4g, found ",
	    number_of(changed, "before"), number_of(changed, "after"),
	    number_of(changed, "confidence"));
	escaped(out, text_of(changed, "found"));
	kymo_buffer_char(out, '\n');
}

/* ---- all of it ----------------------------------------------------------------- */

static void
put_incident(struct kymo_buffer *out, json_t *incident, json_t *anomalies)
{
	json_t *members = json_object_get(incident, "members"), *member;
	size_t i;

	kymo_buffer_str(out, "incident since ");
	escaped(out, text_of(incident, "begin"));
	kymo_buffer_printf(out, ", %zu series, first ",
	    json_array_size(members));
	put_series(out, "root", json_object_get(incident, "labels"));
	kymo_buffer_char(out, '\n');
	json_array_foreach(members, i, member) {
		json_t *anomaly = json_is_integer(member) ?
		    json_array_get(anomalies,
		    (size_t)json_integer_value(member)) : NULL;

		if (anomaly)
			put_anomaly(out, anomaly, "  ");
	}
}

static bool
put_all(struct kymo_buffer *out, json_t *data, uint32_t *cnt)
{
	json_t *anomalies = json_object_get(data, "anomalies"), *one;
	json_t *incidents = json_object_get(data, "incidents");
	size_t i;

	if (!json_is_array(anomalies) || !json_is_array(incidents))
		return false;
	*cnt = 0;
	json_array_foreach(incidents, i, one)
		put_incident(out, one, anomalies);
	/* With scores of all series most are 0: these are not odd. */
	json_array_foreach(anomalies, i, one) {
		if (!(number_of(one, "score") > 0))
			continue;
		++*cnt;
		if (!json_object_get(one, "incident"))
			put_anomaly(out, one, "");
	}
	if (number_of(data, "leftOut") > 0)
		kymo_buffer_printf(out, "and %.0f more\n",
		    number_of(data, "leftOut"));
	return true;
}

static bool
put_changes(struct kymo_buffer *out, json_t *data, uint32_t *cnt)
{
	json_t *changes = json_object_get(data, "changes"), *one;
	size_t i;

	if (!json_is_array(changes))
		return false;
	*cnt = (uint32_t)json_array_size(changes);
	json_array_foreach(changes, i, one)
		put_change(out, one);
	return true;
}

int
kyi_anomalies_print(struct kymo_buffer *out, const char *bytes,
    size_t len_bytes, bool changes, uint32_t *cnt)
{
	json_t *answer = json_loadb(bytes, len_bytes, 0, NULL);
	int status = KYI_EXIT_OK;

	if (answer && strcmp(text_of(answer, "status"), "error") == 0) {
		struct kymo_buffer why = {0};

		escaped(&why, text_of(answer, "error"));
		status = kyi_trouble("%s", why.failed ? "" : why.at);
		kymo_buffer_free(&why);
	} else if (!answer || !(changes ? put_changes : put_all)(out,
	    json_object_get(answer, "data"), cnt)) {
		status = kyi_trouble("what answers there is no kymod, or an "
		    "older one");
	}
	json_decref(answer);
	return status;
}
