/* SPDX-License-Identifier: MIT */
/* Most regular expressions of queries are lists of names or a name with .* at
   an end. Those are matched by comparing. */
#include "reader/history/regex.h"

#include <stdlib.h>
#include <string.h>

#define SPECIAL "\\.+*?()|[]{}^$"

/* Appends the literal at *text to room up to an unescaped special character,
   and moves *text there. */
static char *
literal(const char **text, char *room)
{
	const char *at = *text;

	for (; *at != '\0'; at++) {
		if (at[0] == '\\' && at[1] != '\0' &&
		    strchr(SPECIAL "-_/:,;@#%&=!~<>'\" ", at[1]) != NULL)
			at++;
		else if (strchr(SPECIAL, at[0]) != NULL)
			break;
		*room++ = *at;
	}
	*text = at;
	*room = '\0';
	return room + 1;
}

static enum kyi_around
around(const char **text)
{
	const char *at = *text;

	if (at[0] != '.' || (at[1] != '*' && at[1] != '+'))
		return KYI_AROUND_NOTHING;
	*text += 2;
	return at[1] == '*' ? KYI_AROUND_ANY : KYI_AROUND_SOME;
}

static int
compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* a|b|c, or all of that in one pair of parentheses; false: another shape. */
static bool
set_of(const char *text, struct kyi_shape *shape)
{
	bool in_group = text[0] == '(';
	char *room = shape->room;

	if (in_group)
		text += strncmp(text, "(?:", 3) == 0 ? 3 : 1;
	for (;;) {
		shape->literals[shape->literal_cnt++] = room;
		room = literal(&text, room);
		if (*text != '|')
			break;
		text++;
	}
	if (in_group && *text == ')')
		text++;
	else if (in_group)
		return false;
	if (*text != '\0')
		return false;
	qsort(shape->literals, shape->literal_cnt, sizeof shape->literals[0],
	    compare);
	shape->kind = KYI_SHAPE_SET;
	return true;
}

static bool
around_of(const char *text, struct kyi_shape *shape)
{
	shape->before = around(&text);
	shape->literals[0] = shape->room;
	shape->literal_cnt = 1;
	literal(&text, shape->room);
	shape->after = around(&text);
	if (*text != '\0')
		return false;
	shape->kind = KYI_SHAPE_AROUND;
	return true;
}

int
kyi_shape_of(const char *text, struct kyi_shape *shape)
{
	size_t literal_max = 1;

	memset(shape, 0, sizeof *shape);
	for (const char *at = text; (at = strchr(at, '|')) != NULL; at++)
		literal_max++;
	shape->room = malloc(strlen(text) + literal_max + 1);
	shape->literals = calloc(literal_max, sizeof shape->literals[0]);
	if (shape->room == NULL || shape->literals == NULL) {
		kyi_shape_free(shape);
		return -1;
	}
	if (set_of(text, shape))
		return 0;
	if (!around_of(text, shape))
		kyi_shape_free(shape);
	return 0;
}

/* literal somewhere in text, with what must stand around it. */
static bool
match_around(const struct kyi_shape *shape, const char *text)
{
	const char *literal_ = shape->literals[0];
	size_t len_bytes = strlen(literal_), text_bytes = strlen(text);
	size_t before_min = shape->before == KYI_AROUND_SOME;
	size_t after_min = shape->after == KYI_AROUND_SOME;
	const char *at;

	if (text_bytes < before_min + len_bytes + after_min)
		return false;
	if (shape->before == KYI_AROUND_NOTHING)
		return memcmp(text, literal_, len_bytes) == 0;
	if (shape->after == KYI_AROUND_NOTHING)
		return memcmp(text + text_bytes - len_bytes, literal_,
		    len_bytes) == 0;
	/* The first place leaves most behind it. */
	at = strstr(text + before_min, literal_);
	return at != NULL && strlen(at) >= len_bytes + after_min;
}

bool
kyi_shape_match(const struct kyi_shape *shape, const char *text)
{
	if (shape->kind == KYI_SHAPE_AROUND)
		return match_around(shape, text);
	if (shape->literal_cnt == 1)
		return strcmp(shape->literals[0], text) == 0;
	return bsearch(&text, shape->literals, shape->literal_cnt,
	    sizeof shape->literals[0], compare) != NULL;
}

void
kyi_shape_free(struct kyi_shape *shape)
{
	free(shape->room);
	free(shape->literals);
	memset(shape, 0, sizeof *shape);
}
