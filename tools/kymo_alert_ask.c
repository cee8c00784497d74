/* SPDX-License-Identifier: MIT */
#include "tools/kymo_alert_ask.h"

#include <math.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "reader/alert/alerts.h"
#include "reader/config/config.h"
#include "reader/export/export.h"
#include "tools/kymo_http.h"
#include "tools/kymo_when.h"

/* ---- asking ------------------------------------------------------------------ */

void
kyi_ask_param(struct kymo_buffer *path, const char *key, const char *value)
{
	kymo_buffer_char(path, path->at && strchr(path->at, '?') ? '&' : '?');
	kymo_buffer_printf(path, "%s=", key);
	for (; *value; value++) {
		unsigned char c = (unsigned char)*value;

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		    (c >= '0' && c <= '9') || strchr("-_.", c))
			kymo_buffer_char(path, (char)c);
		else
			kymo_buffer_printf(path, "%%%02X", c);
	}
}

/* What has no operator is an alert's name, as amtool has it. */
static void
matcher_make(struct kymo_buffer *out, const char *text)
{
	if (strpbrk(text, "=~")) {
		kymo_buffer_str(out, text);
		return;
	}
	kymo_buffer_str(out, "alertname=\"");
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			kymo_buffer_char(out, '\\');
		kymo_buffer_char(out, *text);
	}
	kymo_buffer_char(out, '"');
}

void
kyi_ask_filters(struct kymo_buffer *path, int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		struct kymo_buffer text = {0};

		matcher_make(&text, argv[i]);
		kyi_ask_param(path, "filter", text.failed ? "" : text.at);
		kymo_buffer_free(&text);
	}
}

static bool
matchers_add(json_t *list, const char *text)
{
	struct kymo_error error = {""};
	struct kymo_matcher_list *made = kymo_matcher_list_new(text, &error);
	struct kymo_buffer safe = {0};
	const struct kymo_matcher *at;
	uint32_t cnt;

	if (!made) {
		kymo_escape_terminal(&safe, error.text);
		kyi_trouble("%s", safe.failed ? "" : safe.at);
		kymo_buffer_free(&safe);
		return false;
	}
	at = kymo_matcher_list_at(made, &cnt);
	for (uint32_t i = 0; i < cnt; i++) {
		json_t *one = json_pack("{s:s, s:s, s:b, s:b}", "name",
			at[i].key, "value", at[i].value, "isRegex",
			at[i].match == KYMO_MATCH_REGEX ||
			at[i].match == KYMO_MATCH_NOT_REGEX, "isEqual",
			at[i].match == KYMO_MATCH_EQUAL ||
			at[i].match == KYMO_MATCH_REGEX);

		if (!one)
			exit(kyi_trouble("a matcher is no UTF-8"));
		json_array_append_new(list, one);
	}
	kymo_matcher_list_delete(made);
	return true;
}

json_t *
kyi_ask_matchers(int argc, char **argv)
{
	json_t *list = kyi_must(json_array());

	for (int i = 0; i < argc; i++) {
		struct kymo_buffer text = {0};
		bool good;

		matcher_make(&text, argv[i]);
		good = !text.failed && matchers_add(list, text.at);
		kymo_buffer_free(&text);
		if (!good) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

static int
refused(const struct kyi_ask_answer *answer, long status, const char *url)
{
	const char *text = json_string_value(answer->json);
	struct kymo_buffer safe = {0};
	int result = KYI_EXIT_NO;

	if (!text)
		text = json_string_value(json_object_get(answer->json,
			"error"));
	if (!text)
		text = json_string_value(json_object_get(answer->json,
			"message"));
	if (!text || status == 503)
		result = KYI_EXIT_TROUBLE;
	if (!text)
		text = status == 404 ? "there is no kymod that tells of alerts; "
		    "is it an older one?" : "that was no answer of kymod's";
	kymo_escape_terminal(&safe, text);
	if (result == KYI_EXIT_TROUBLE) {
		kymo_buffer_str(&safe, " (");
		kymo_escape_terminal(&safe, url);
		kymo_buffer_char(&safe, ')');
	}
	kyi_trouble("%s", safe.failed ? "out of memory" : safe.at);
	kymo_buffer_free(&safe);
	return result;
}

int
kyi_ask(struct kyi_ask_answer *answer, const char *url, const char *method,
    struct kymo_buffer *path, json_t *what)
{
	char *text = what ? kyi_must(json_dumps(what, JSON_COMPACT)) : NULL;
	long status = 0;
	int result;

	memset(answer, 0, sizeof(*answer));
	json_decref(what);
	if (path->failed)
		exit(kyi_trouble("out of memory"));
	result = -1;
	/* What was saved is for the usual place alone: of another machine's
	   kymod it would be somebody else's. */
	if (strcmp(method, "GET") == 0 && strcmp(url, kyi_url(NULL)) == 0 &&
	    kyi_http_nobody(url))
		result = kyi_saved_ask(path->at, &answer->body, &status);
	if (result < 0)
		result = kyi_http_json(url, method, path->at, text,
		    &answer->body, &status);
	kymo_buffer_free(path);
	free(text);
	if (result != KYI_EXIT_OK)
		return result;
	if (answer->body.len_bytes > 0)
		answer->json = json_loads(answer->body.at, JSON_DECODE_ANY,
		    NULL);
	/* Alertmanager's end of a silence has no body. */
	if (status == 200 && (answer->json || answer->body.len_bytes == 0))
		return KYI_EXIT_OK;
	return refused(answer, status, url);
}

void
kyi_ask_free(struct kyi_ask_answer *answer)
{
	json_decref(answer->json);
	kymo_buffer_free(&answer->body);
}

int
kyi_ask_print(struct kyi_ask_answer *answer)
{
	kymo_buffer_char(&answer->body, '\n');
	return kyi_output(&answer->body);
}

json_t *
kyi_ask_data(const struct kyi_ask_answer *answer)
{
	return json_object_get(answer->json, "data");
}

const char *
kyi_ask_user(void)
{
	const struct passwd *user = getpwuid(geteuid());
	const char *name = user ? user->pw_name : NULL;

	/* Who became root has a name still. */
	if (geteuid() == 0 && getenv("SUDO_USER"))
		name = getenv("SUDO_USER");
	return name && *name ? name : "somebody";
}

/* Milliseconds of a time that calendars have: others do not fit, or are no
   number. */
#define YEAR_10000_S 253402300800.0

static bool
ms_of(int64_t *at_ms, double at_s)
{
	if (!(at_s >= 0 && at_s < YEAR_10000_S))
		return false;
	*at_ms = (int64_t)llround(at_s * 1000);
	return true;
}

/* ---- members ----------------------------------------------------------------- */

const char *
kyi_json_str(const json_t *json, const char *key)
{
	const char *text = json_string_value(json_object_get(json, key));

	return text ? text : "";
}

int64_t
kyi_json_int(const json_t *json, const char *key)
{
	return json_integer_value(json_object_get(json, key));
}

int64_t
kyi_json_time_ms(const json_t *json, const char *key)
{
	const char *text = kyi_json_str(json, key);
	int64_t at_ms;
	double at_s;

	/* 0001-01-01 is none. */
	if (!*text || !kyi_when_read(&at_s, text) || !ms_of(&at_ms, at_s))
		return 0;
	return at_ms;
}

/* ---- times ------------------------------------------------------------------- */

int64_t
kyi_now_ms(void)
{
	return (int64_t)(kyi_realtime_ns() / 1000000);
}

json_t *
kyi_json_of_time(int64_t at_ms)
{
	time_t at_s = (time_t)(at_ms / 1000);
	struct tm tm;
	char text[64], all[96];

	if (!gmtime_r(&at_s, &tm))
		exit(kyi_trouble("a time is out of range"));
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(all, sizeof(all), "%s.%03dZ", text, (int)(at_ms % 1000));
	return kyi_must(json_string(all));
}

void
kyi_put_clock(struct kymo_buffer *out, int64_t at_ms, int64_t now_ms)
{
	time_t at_s = (time_t)(at_ms / 1000), now_s = (time_t)(now_ms / 1000);
	struct tm tm, today;
	char text[64];

	if (!localtime_r(&at_s, &tm) || !localtime_r(&now_s, &today)) {
		kymo_buffer_str(out, "at some time");
		return;
	}
	strftime(text, sizeof(text), tm.tm_year == today.tm_year &&
	    tm.tm_yday == today.tm_yday ? "%H:%M:%S" : "%Y-%m-%d %H:%M:%S",
	    &tm);
	kymo_buffer_str(out, text);
}

void
kyi_put_span(struct kymo_buffer *out, int64_t ms)
{
	/* Parts of a second are for what is shorter than that. */
	kymo_humanize_duration(out, ms < 1000 ? (double)ms / 1000 :
	    (double)(ms / 1000));
}

void
kyi_put_from_now(struct kymo_buffer *out, int64_t at_ms, int64_t now_ms)
{
	if (at_ms > now_ms) {
		/* What is just below two hours away is two hours away. */
		kymo_buffer_str(out, "in ");
		kyi_put_span(out, at_ms - now_ms < 1000 ? at_ms - now_ms :
		    at_ms - now_ms + 500);
	} else if (at_ms < now_ms - 999) {
		kyi_put_span(out, now_ms - at_ms);
		kymo_buffer_str(out, " ago");
	} else {
		kymo_buffer_str(out, "now");
	}
}

bool
kyi_later_read(int64_t *at_ms, const char *text)
{
	uint64_t ns;
	double at_s;

	if (kymo_duration_parse(&ns, text, NULL) == 0 && ns > 0) {
		*at_ms = kyi_now_ms() + (int64_t)(ns / 1000000);
		return true;
	}
	return kyi_when_read(&at_s, text) && ms_of(at_ms, at_s);
}

/* ---- labels ------------------------------------------------------------------ */

void
kyi_put_labels_json(struct kymo_buffer *out, const json_t *labels)
{
	struct kymo_buffer text = {0};
	const char *key;
	json_t *value;
	bool any = false;

	json_object_foreach((json_t *)(uintptr_t)labels, key, value) {
		const char *at = json_string_value(value);

		if (strcmp(key, "alertname") == 0 || !at)
			continue;
		kymo_buffer_printf(&text, "%s%s=\"", any ? ", " : "{", key);
		any = true;
		for (; *at; at++) {
			if (*at == '"' || *at == '\\')
				kymo_buffer_char(&text, '\\');
			kymo_buffer_char(&text, *at);
		}
		kymo_buffer_char(&text, '"');
	}
	if (any)
		kymo_buffer_char(&text, '}');
	kymo_escape_terminal(out, text.at && !text.failed ? text.at : "");
	kymo_buffer_free(&text);
}

/* ---- rows -------------------------------------------------------------------- */

struct kymo_buffer *
kyi_rows_add(struct kyi_rows *rows, bool whole)
{
	struct kyi_row_texts *row;

	rows->at = kyi_must(reallocarray(rows->at, rows->cnt + 1u,
		sizeof(rows->at[0])));
	row = &rows->at[rows->cnt++];
	memset(row, 0, sizeof(*row));
	row->whole = whole;
	for (uint32_t i = 0; i < KYI_COLUMN_MAX; i++)
		kymo_buffer_str(&row->at[i], "");
	return row->at;
}

void
kyi_rows_head(struct kyi_rows *rows, const char *const *names, uint32_t cnt)
{
	struct kymo_buffer *row = kyi_rows_add(rows, false);

	rows->column_cnt = cnt;
	for (uint32_t i = 0; i < cnt; i++)
		kymo_buffer_str(&row[i], names[i]);
}

/* Columns on a terminal, about: characters. */
static uint32_t
width(const char *text)
{
	uint32_t cnt = 0;

	for (; *text; text++)
		cnt += (*text & 0xc0) != 0x80;
	return cnt;
}

static void
row_put(struct kymo_buffer *out, const struct kyi_rows *rows,
    const struct kyi_row_texts *row, const uint32_t *columns)
{
	uint32_t last = row->whole ? 0 : rows->column_cnt - 1;

	while (last > 0 && row->at[last].len_bytes == 0)
		last--;
	for (uint32_t i = 0; i <= last; i++) {
		kymo_buffer_str(out, row->at[i].at);
		for (uint32_t n = width(row->at[i].at); i < last &&
		    n < columns[i] + 2; n++)
			kymo_buffer_char(out, ' ');
	}
	kymo_buffer_char(out, '\n');
}

void
kyi_rows_put(struct kymo_buffer *out, struct kyi_rows *rows)
{
	uint32_t columns[KYI_COLUMN_MAX] = {0}, n;

	for (uint32_t i = 0; i < rows->cnt; i++)
		for (uint32_t c = 0; c < rows->column_cnt; c++) {
			if (rows->at[i].at[c].failed)
				exit(kyi_trouble("out of memory"));
			n = rows->at[i].whole ? 0 : width(rows->at[i].at[c].at);
			if (n > columns[c])
				columns[c] = n;
		}
	for (uint32_t i = 0; i < rows->cnt; i++)
		row_put(out, rows, &rows->at[i], columns);
	kyi_rows_free(rows);
}

void
kyi_rows_free(struct kyi_rows *rows)
{
	for (uint32_t i = 0; i < rows->cnt; i++)
		for (uint32_t c = 0; c < KYI_COLUMN_MAX; c++)
			kymo_buffer_free(&rows->at[i].at[c]);
	free(rows->at);
	memset(rows, 0, sizeof(*rows));
}
