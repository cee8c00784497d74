/* SPDX-License-Identifier: MIT */
/* Which families and series are shown. */
#include <string.h>

#include "reader/export/export.h"

/* The bytes of the character at text. */
static size_t
step_of(const char *text)
{
	size_t step = 1;

	while (((unsigned char)text[step] & 0xc0) == 0x80)
		step++;
	return step;
}

/* * is any text, ? one character. Only the last star is ever tried again, so
   the time is at most the product of the lengths. */
static bool
glob(const char *pattern, const char *text)
{
	const char *star = NULL, *star_text = NULL;

	while (*text != '\0') {
		if (*pattern == '*') {
			star = ++pattern;
			star_text = text;
		} else if (*pattern == '?') {
			pattern++;
			text += step_of(text);
		} else if (*pattern == *text) {
			pattern++;
			text++;
		} else if (star != NULL) {
			pattern = star;
			text = star_text += step_of(star_text);
		} else
			return false;
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}

/* A glob may name a family ("http_requests") or what a page shows of it
   ("http_requests_total"). */
bool
kymo_filter_family(const struct kymo_filter *filter,
    const struct kymo_family_scan *family)
{
	static const char *const suffixes[] = {
		[KYMO_METRIC_COUNTER] = "_total",
		[KYMO_METRIC_FLOAT_COUNTER] = "_total",
		[KYMO_METRIC_INFO] = "_info",
		[KYMO_METRIC_TEXT] = "_info",
	};
	size_t name_bytes = strlen(family->name);
	char shown[256] = "";
	uint32_t i;

	if (filter == NULL || filter->name_cnt == 0)
		return true;
	if ((unsigned)family->kind < sizeof(suffixes) / sizeof(suffixes[0]) &&
	    suffixes[family->kind] != NULL && name_bytes < 240) {
		memcpy(shown, family->name, name_bytes);
		strcpy(shown + name_bytes, suffixes[family->kind]);
	}
	for (i = 0; i < filter->name_cnt; i++)
		if (glob(filter->names[i], family->name) ||
		    (shown[0] != '\0' && glob(filter->names[i], shown)))
			return true;
	return false;
}

/* A label that a series does not have is an empty one. */
bool
kymo_filter_series(const struct kymo_filter *filter,
    const struct kymo_series *series)
{
	uint32_t i, j;

	if (filter == NULL)
		return true;
	for (i = 0; i < filter->label_cnt; i++) {
		const struct kymo_filter_label *want = &filter->labels[i];
		const char *value = "";

		for (j = 0; j < series->label_cnt; j++)
			if (strcmp(series->labels[j].key, want->key) == 0)
				value = series->labels[j].value;
		if (glob(want->value, value) == want->not_equal)
			return false;
	}
	return true;
}

int
kymo_filter_label_parse(struct kymo_filter_label *label, char *text,
    struct kymo_error *error)
{
	size_t key_bytes = strspn(text, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"), value_bytes;
	char *value = text + key_bytes;
	bool not_equal = *value == '!';

	if (not_equal)
		value++;
	if (key_bytes == 0 || (text[0] >= '0' && text[0] <= '9') ||
	    *value != '=')
		return kymo_error_set(error, "'%s' is not a label filter; write "
		    "key=glob or key!=glob", text);
	value++;
	value_bytes = strlen(value);
	if (*value == '"' || *value == '\'') {
		if (value_bytes < 2 || value[value_bytes - 1] != *value)
			return kymo_error_set(error, "'%s' has a quote that "
			    "does not end", text);
		value[value_bytes - 1] = '\0';
		value++;
	}
	text[key_bytes] = '\0';
	label->key = text;
	label->value = value;
	label->not_equal = not_equal;
	return 0;
}
