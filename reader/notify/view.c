/* SPDX-License-Identifier: MIT */
#include "reader/notify/view.h"

#include <math.h>
#include <string.h>

#include "reader/notify/message.h"
#include "reader/notify/text.h"

#define LINK_BYTES_MAX 2000u

static const json_t *
first_alert(const json_t *message)
{
	return json_array_get(json_object_get(message, "alerts"), 0);
}

/* A text without line breaks. */
static void
put_flat(struct kymo_buffer *out, const char *text)
{
	for (; *text != '\0'; text++)
		kymo_buffer_char(out, (unsigned char)*text < 0x20 ||
		    *text == 0x7f ? ' ' : *text);
}

/* ---- the title ----------------------------------------------------------------------- */

static size_t
cnt_of(const json_t *message, const char *status)
{
	const json_t *alert;
	size_t i, cnt = 0;

	json_array_foreach(json_object_get(message, "alerts"), i, alert)
		cnt += strcmp(kyi_json_text(alert, "status"), status) == 0;
	return cnt;
}

void
kyi_view_title(struct kymo_buffer *out, const json_t *message)
{
	const json_t *group = json_object_get(message, "groupLabels");
	const char *name = kyi_json_text(json_object_get(message,
	    "commonLabels"), "alertname"), *key, *before = " (";
	json_t *value;
	size_t firing_cnt = cnt_of(message, "firing");

	if (firing_cnt > 0)
		kymo_buffer_printf(out, "[FIRING:%zu] ", firing_cnt);
	else
		kymo_buffer_str(out, "[RESOLVED] ");
	if (*name == '\0')
		name = kyi_json_text(group, "alertname");
	put_flat(out, *name == '\0' ? "alerts" : name);
	/* json_object_foreach wants one that it could change. */
	json_object_foreach((json_t *)(uintptr_t)group, key, value) {
		if (strcmp(key, "alertname") == 0)
			continue;
		kymo_buffer_str(out, before);
		put_flat(out, json_string_value(value));
		before = " ";
	}
	if (*before != ' ' || before[1] == '\0')
		kymo_buffer_char(out, ')');
}

/* ---- facts ------------------------------------------------------------------------------ */

static void
put_number(struct kymo_buffer *out, const json_t *number)
{
	if (json_is_string(number))
		kymo_buffer_str(out, json_string_value(number));
	else if (json_is_integer(number))
		kymo_buffer_i64(out, json_integer_value(number));
	else if (json_is_real(number))
		kymo_buffer_printf(out, "%.6g", json_real_value(number));
}

struct facts {
	void (*each)(void *to, const char *name, const char *text);
	void *to;
	struct kymo_buffer text;
};

/* Tells what was put together, if it was anything. */
static void
fact(struct facts *facts, const char *name)
{
	if (facts->text.len_bytes > 0 && !facts->text.failed)
		facts->each(facts->to, name, facts->text.at);
	facts->text.len_bytes = 0;
}

static const char *
annotation(const json_t *message, const char *key)
{
	const char *text = kyi_json_text(json_object_get(message,
	    "commonAnnotations"), key);

	return *text != '\0' ? text : kyi_json_text(json_object_get(
	    first_alert(message), "annotations"), key);
}

static void
value_fact(struct facts *facts, const json_t *message, const char *unit)
{
	const json_t *alert = first_alert(message);
	const json_t *threshold = json_object_get(alert, "threshold");

	if (json_object_get(alert, "value") == NULL)
		return;
	put_number(&facts->text, json_object_get(alert, "value"));
	kymo_buffer_printf(&facts->text, "%s%s", *unit == '\0' ? "" : " ",
	    unit);
	if (threshold != NULL) {
		kymo_buffer_str(&facts->text, ", threshold ");
		put_number(&facts->text, threshold);
	}
	fact(facts, "value");
}

/* What the ends of a chart are. */
static void
range_fact(struct facts *facts, const json_t *points)
{
	double low = INFINITY, high = -INFINITY, value, from_ms = 0, to_ms = 0;
	size_t cnt = json_array_size(points), i;

	for (i = 0; i < cnt; i++) {
		value = kyi_view_point(points, i, i == 0 ? &from_ms : &to_ms);
		low = value < low ? value : low;
		high = value > high ? value : high;
	}
	if (cnt < 2 || low > high)
		return;
	kymo_buffer_printf(&facts->text, "%.6g to %.6g in the last %.0f s",
	    low, high, (to_ms - from_ms) / 1000);
	fact(facts, "range");
}

static void
quantiles_fact(struct facts *facts, const json_t *ours)
{
	const json_t *pair;
	const char *of = "", *now;
	size_t i;

	/* Those of a histogram are a fact. */
	json_array_foreach(json_object_get(ours, "quantiles"), i, pair) {
		now = json_string_value(json_array_get(pair, 2));
		now = now == NULL ? "" : now;
		if (i > 0 && strcmp(now, of) != 0)
			fact(facts, "quantiles");
		if (facts->text.len_bytes > 0)
			kymo_buffer_str(&facts->text, ", ");
		else if (*now != '\0')
			kymo_buffer_printf(&facts->text, "%s: ", now);
		kymo_buffer_printf(&facts->text, "p%g ",
		    json_number_value(json_array_get(pair, 0)) * 100);
		put_number(&facts->text, json_array_get(pair, 1));
		of = now;
	}
	fact(facts, "quantiles");
}

static void
exemplars_fact(struct facts *facts, const json_t *ours)
{
	const json_t *one;
	size_t i;

	json_array_foreach(json_object_get(ours, "exemplars"), i, one) {
		kymo_buffer_str(&facts->text, i == 0 ? "" : ", ");
		put_number(&facts->text, json_object_get(one, "value"));
		kymo_buffer_printf(&facts->text, " in trace %s",
		    kyi_json_text(one, "traceId"));
	}
	fact(facts, "exemplars");
}

void
kyi_view_facts(const json_t *message,
    void (*each)(void *to, const char *name, const char *text), void *to)
{
	struct facts facts = { .each = each, .to = to };
	const json_t *ours = json_object_get(message, "kymo"), *change;
	const json_t *alert = first_alert(message);
	const char *ends = kyi_json_text(alert, "endsAt");
	size_t i;

	kymo_buffer_str(&facts.text, annotation(message, "summary"));
	fact(&facts, "summary");
	kymo_buffer_str(&facts.text, annotation(message, "description"));
	fact(&facts, "description");
	value_fact(&facts, message, kyi_json_text(ours, "unit"));
	kymo_buffer_str(&facts.text, annotation(message, "hottest"));
	fact(&facts, "hottest");
	if (!kyi_view_link_is(annotation(message, "profile")))
		kymo_buffer_str(&facts.text, annotation(message, "profile"));
	fact(&facts, "profile");
	range_fact(&facts, json_object_get(ours, "points"));
	kymo_buffer_str(&facts.text, kyi_json_text(alert, "startsAt"));
	fact(&facts, "since");
	if (strncmp(ends, "0001", 4) != 0) {
		kymo_buffer_str(&facts.text, ends);
		fact(&facts, "until");
	}
	quantiles_fact(&facts, ours);
	exemplars_fact(&facts, ours);
	kymo_buffer_str(&facts.text, kyi_json_text(ours, "process"));
	fact(&facts, "process");
	json_array_foreach(json_object_get(ours, "changes"), i, change) {
		kymo_buffer_str(&facts.text, json_string_value(change));
		fact(&facts, "changed");
	}
	kymo_buffer_free(&facts.text);
}

/* ---- links ------------------------------------------------------------------------------ */

bool
kyi_view_link_is(const char *url)
{
	size_t i;

	if (strncmp(url, "https://", 8) != 0 && strncmp(url, "http://", 7) != 0)
		return false;
	for (i = 0; url[i] != '\0'; i++)
		if ((unsigned char)url[i] <= ' ' || url[i] == 0x7f ||
		    strchr("\"'<>\\`|", url[i]) != NULL || i >= LINK_BYTES_MAX)
			return false;
	return true;
}

void
kyi_view_links(const json_t *message,
    void (*each)(void *to, const char *name, const char *url), void *to)
{
	const char *runbook = kyi_json_text(json_object_get(message, "kymo"),
	    "runbookURL");
	const char *source = kyi_json_text(first_alert(message),
	    "generatorURL");
	const char *kymo = kyi_json_text(message, "externalURL");

	if (*runbook == '\0')
		runbook = annotation(message, "runbook_url");
	if (kyi_view_link_is(runbook))
		each(to, "Runbook", runbook);
	if (kyi_view_link_is(annotation(message, "profile")))
		each(to, "Profile", annotation(message, "profile"));
	if (kyi_view_link_is(source))
		each(to, "Source", source);
	if (kyi_view_link_is(kymo))
		each(to, "kymo", kymo);
}

/* ---- an alert ----------------------------------------------------------------------------- */

void
kyi_view_alert(struct kymo_buffer *out, const json_t *alert)
{
	json_t *labels = json_object_get(alert, "labels"), *value;
	const char *key, *before = "{";

	kymo_buffer_str(out, kyi_json_text(alert, "status"));
	kymo_buffer_char(out, ' ');
	put_flat(out, kyi_json_text(labels, "alertname"));
	json_object_foreach(labels, key, value) {
		if (strcmp(key, "alertname") == 0)
			continue;
		kymo_buffer_str(out, before);
		put_flat(out, key);
		kymo_buffer_str(out, "=\"");
		put_flat(out, json_string_value(value));
		kymo_buffer_char(out, '"');
		before = ", ";
	}
	if (*before == ',')
		kymo_buffer_char(out, '}');
	if (json_object_get(alert, "value") != NULL) {
		kymo_buffer_str(out, ", value ");
		put_number(out, json_object_get(alert, "value"));
	}
}

/* ---- points ------------------------------------------------------------------------------- */

double
kyi_view_point(const json_t *points, size_t i, double *at_ms)
{
	const json_t *point = json_array_get(points, i);
	const json_t *value = json_array_get(point, 1);

	if (at_ms != NULL)
		*at_ms = json_number_value(json_array_get(point, 0));
	return json_is_number(value) ? json_number_value(value) : NAN;
}

/* The highest of column i of width; NaN: all gaps. */
static double
column(const json_t *points, size_t i, size_t width)
{
	size_t cnt = json_array_size(points), k;
	double highest = NAN, value;

	for (k = i * cnt / width; k < (i + 1) * cnt / width; k++) {
		value = kyi_view_point(points, k, NULL);
		if (!isnan(value) && !(value <= highest))
			highest = value;
	}
	return highest;
}

void
kyi_view_sparkline(struct kymo_buffer *out, const json_t *points, size_t width)
{
	static const char *const blocks[] = { "\xe2\x96\x81", "\xe2\x96\x82",
	    "\xe2\x96\x83", "\xe2\x96\x84", "\xe2\x96\x85", "\xe2\x96\x86",
	    "\xe2\x96\x87", "\xe2\x96\x88" };
	double low = INFINITY, high = -INFINITY, value;
	size_t i;

	if (json_array_size(points) < width)
		width = json_array_size(points);
	for (i = 0; i < width; i++) {
		value = column(points, i, width);
		low = value < low ? value : low;
		high = value > high ? value : high;
	}
	for (i = 0; i < width; i++) {
		value = column(points, i, width);
		if (isnan(value))
			kymo_buffer_char(out, ' ');
		else
			kymo_buffer_str(out, blocks[high > low ?
			    (int)((value / 2 - low / 2) /
			    (high / 2 - low / 2) * 7.999) : 0]);
	}
}
