/* SPDX-License-Identifier: MIT */
#include "reader/query/notation.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "reader/query/hist.h"
#include "reader/query/notation_hist.h"
#include "reader/query/query.h"

/* ---- labels --------------------------------------------------------------- */

/* Where the name and labels end: behind the brace, else at a space. */
static const char *
labels_end(const char *text)
{
	char quote = '\0';
	bool inside = false;

	for (; *text != '\0'; text++) {
		if (quote != '\0') {
			if (*text == '\\' && quote != '`' && text[1] != '\0')
				text++;
			else if (*text == quote)
				quote = '\0';
		} else if (*text == '"' || *text == '\'' || *text == '`') {
			quote = *text;
		} else if (*text == '{') {
			inside = true;
		} else if (*text == '}' && inside) {
			return text + 1;
		} else if (isspace((unsigned char)*text) && !inside) {
			return text;
		}
	}
	return text;
}

static bool
is_empty_set(const char *text, const char *end)
{
	if (text == end || *text++ != '{')
		return false;
	while (text < end && isspace((unsigned char)*text))
		text++;
	return text + 1 == end && *text == '}';
}

struct gathering {
	struct kyi_arena *arena;
	struct kymo_labels *labels;
	struct kymo_error *error;
};

static int
gather(void *of, const struct kymo_query_selector *selector)
{
	struct gathering *to = of;
	struct kymo_label label[64];
	struct kymo_labels *made;

	if (selector->matcher_cnt > 64)
		return kymo_error_set(to->error, "more than 64 labels");
	for (uint32_t i = 0; i < selector->matcher_cnt; i++) {
		const struct kymo_matcher *matcher = &selector->matchers[i];

		if (matcher->match != KYMO_MATCH_EQUAL)
			return kymo_error_set(to->error, "a series has "
			    "label=\"value\", no matchers");
		label[i] = (struct kymo_label){ matcher->key, matcher->value };
	}
	made = kymo_labels_make(label, selector->matcher_cnt);
	if (made == NULL)
		return kymo_error_set(to->error, "out of memory");
	to->labels = made;
	return 0;
}

/* What kymo_labels_make made, moved into the arena. */
static const struct kymo_labels *
into_arena(struct kyi_arena *arena, struct kymo_labels *from)
{
	struct kymo_labels *to = kyi_arena_get(arena, sizeof *to);
	struct kymo_label *at;

	if (to == NULL)
		return NULL;
	at = kyi_arena_array(arena, from->cnt, sizeof *at);
	if (at == NULL)
		return NULL;
	for (uint32_t i = 0; i < from->cnt; i++) {
		at[i].key = kyi_arena_text(arena, from->at[i].key,
		    strlen(from->at[i].key));
		at[i].value = kyi_arena_text(arena, from->at[i].value,
		    strlen(from->at[i].value));
		if (at[i].key == NULL || at[i].value == NULL)
			return NULL;
	}
	*to = *from;
	to->at = at;
	return to;
}

int
kyi_notation_labels(struct kyi_arena *arena, const char *text,
    const struct kymo_labels **labels, const char **end,
    struct kymo_error *error)
{
	struct gathering to = { .arena = arena, .error = error };
	struct kymo_query_error query_error;
	struct kymo_query *query;
	int result = 0;

	*end = labels_end(text);
	if (is_empty_set(text, *end)) {
		to.labels = kymo_labels_make(NULL, 0);
	} else {
		if (kymo_query_parse(&query, text, (size_t)(*end - text),
		    &query_error) < 0)
			return kymo_error_set(error, "%s",
			    query_error.error.text);
		result = kymo_query_selectors(query, gather, &to);
		kymo_query_delete(query);
		if (result == 0 && to.labels == NULL)
			result = kymo_error_set(error, "expected a series such "
			    "as metric{label=\"value\"}");
	}
	if (result == 0 && (to.labels == NULL ||
	    (*labels = into_arena(arena, to.labels)) == NULL))
		result = kymo_error_set(error, "out of memory");
	free(to.labels);
	return result;
}

/* ---- points ------------------------------------------------------------------ */

bool
kyi_notation_number(const char *text, const char **end, double *value)
{
	const char *digits = text + (*text == '+' || *text == '-');
	char *behind;

	if (strncasecmp(digits, "nan", 3) == 0) {
		*value = NAN;
		*end = digits + 3;
		return true;
	}
	if (strncasecmp(digits, "inf", 3) == 0) {
		*value = *text == '-' ? -INFINITY : INFINITY;
		*end = digits + 3;
		return true;
	}
	if (!isdigit((unsigned char)*digits) && *digits != '.')
		return false;
	/* No hexadecimal: 0x3 is nothing, four times. */
	if (digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X')) {
		*value = *text == '-' ? -0.0 : 0.0;
		*end = digits + 1;
		return true;
	}
	*value = strtod(text, &behind);
	*end = behind;
	return behind != text;
}

static int
add_point(struct kyi_arena *arena, struct kyi_notation *to,
    const struct kyi_notation_point *point, struct kymo_error *error)
{
	if (to->cnt == to->room) {
		uint32_t room = to->room == 0 ? 32 : to->room * 2;
		struct kyi_notation_point *points;

		if (to->cnt >= KYI_NOTATION_POINTS_MAX)
			return kymo_error_set(error, "more than %u points",
			    KYI_NOTATION_POINTS_MAX);
		points = kyi_arena_array(arena, room, sizeof *points);
		if (points == NULL)
			return kymo_error_set(error, "out of memory");
		if (to->cnt > 0)
			memcpy(points, to->points, to->cnt * sizeof *points);
		to->points = points;
		to->room = room;
	}
	to->points[to->cnt++] = *point;
	return 0;
}

/* xN at text: how many more. No x: 0. */
static int
read_times(const char *text, const char **end, uint32_t *times,
    struct kymo_error *error)
{
	unsigned long n;
	char *behind;

	*times = 0;
	*end = text;
	if (*text != 'x')
		return 0;
	errno = 0;
	n = strtoul(text + 1, &behind, 10);
	if (!isdigit((unsigned char)text[1]) || errno != 0 ||
	    n > KYI_NOTATION_POINTS_MAX)
		return kymo_error_set(error, "expected how many times after x, "
		    "found \"%.20s\"", text + 1);
	*times = (uint32_t)n;
	*end = behind;
	return 0;
}

static int
add_hist(struct kyi_arena *arena, struct kyi_notation_point *to,
    const struct kyi_notation_point *step, double sign,
    struct kymo_error *error)
{
	unsigned said = 0;

	to->hist = kyi_hist_clone(arena, to->hist);
	if (to->hist == NULL)
		return kymo_error_set(error, "out of memory");
	switch (kyi_hist_add(arena, to->hist, step->hist, sign, NULL, &said)) {
	case KYI_HIST_DONE:
		return 0;
	case KYI_HIST_MIXED:
		return kymo_error_set(error, "exponential and custom buckets "
		    "cannot be added up");
	case KYI_HIST_NO_MEMORY:
		break;
	}
	return kymo_error_set(error, "out of memory");
}

/* A value with what may follow it: +STEPxN, -STEPxN, xN. */
static int
read_value(struct kyi_arena *arena, const char *text,
    struct kyi_notation_point *point, const char **end,
    struct kymo_error *error)
{
	*point = (struct kyi_notation_point){ .present = true };
	if (strncmp(text, "{{", 2) == 0)
		return kyi_notation_hist(arena, text, point, end, error);
	if (strncmp(text, "stale", 5) == 0) {
		uint64_t bits = KYMO_STALE_BITS;

		memcpy(&point->value, &bits, sizeof bits);
		*end = text + 5;
		return 0;
	}
	if (!kyi_notation_number(text, end, &point->value))
		return kymo_error_set(error, "expected a value, found \"%.20s\"",
		    text);
	return 0;
}

static int
read_piece(struct kyi_arena *arena, const char *text, const char **end,
    struct kyi_notation *to, struct kymo_error *error)
{
	struct kyi_notation_point point, step = { 0 };
	double sign = 0;
	uint32_t times;

	if (*text == '_') {
		memset(&point, 0, sizeof point);
		if (read_times(text + 1, end, &times, error) < 0)
			return -1;
		for (uint32_t i = 0; i < (times == 0 ? 1 : times); i++)
			if (add_point(arena, to, &point, error) < 0)
				return -1;
		return 0;
	}
	if (read_value(arena, text, &point, &text, error) < 0)
		return -1;
	if (*text == '+' || *text == '-') {
		sign = *text == '+' ? 1 : -1;
		if (read_value(arena, text + 1, &step, &text, error) < 0)
			return -1;
		if (*text != 'x' || (step.hist == NULL) != (point.hist == NULL))
			return kymo_error_set(error,
			    "expected A+BxN, found \"%.20s\"", text);
	}
	if (read_times(text, end, &times, error) < 0)
		return -1;
	for (uint32_t i = 0;; i++) {
		if (add_point(arena, to, &point, error) < 0)
			return -1;
		if (i == times)
			return 0;
		if (step.hist != NULL &&
		    add_hist(arena, &point, &step, sign, error) < 0)
			return -1;
		point.value += sign * step.value;
	}
}

int
kyi_notation_points(struct kyi_arena *arena, const char *text,
    struct kyi_notation *to, struct kymo_error *error)
{
	for (;;) {
		while (isspace((unsigned char)*text))
			text++;
		if (*text == '\0')
			return 0;
		if (read_piece(arena, text, &text, to, error) < 0)
			return -1;
		if (*text != '\0' && !isspace((unsigned char)*text))
			return kymo_error_set(error,
			    "expected a space, found \"%.20s\"", text);
	}
}

int
kyi_notation_series(struct kyi_arena *arena, const char *text,
    struct kyi_notation *to, struct kymo_error *error)
{
	*to = (struct kyi_notation){ 0 };
	if (kyi_notation_labels(arena, text, &to->labels, &text, error) < 0)
		return -1;
	return kyi_notation_points(arena, text, to, error);
}
