/* SPDX-License-Identifier: MIT */
/* Matchers as texts: Alertmanager's classic syntax, and that with UTF-8. As
   there, what is sound in the classic one means what it always meant. */
#include <stdlib.h>
#include <string.h>

#include "reader/alert/private.h"

#define MATCHERS_MAX 1000u

bool
kyi_routing_matcher_add(struct kyi_routing_matcher_list *list,
    enum kymo_match match, const char *key, const char *value,
    struct kymo_error *error)
{
	struct kyi_arena *arena = list->routing->arena;
	struct kyi_routing_regex *kept;
	struct kymo_matcher *at;
	uint32_t room = list->room == 0 ? 4 : 2 * list->room;

	if (list->cnt >= MATCHERS_MAX)
		return kymo_error_set(error, "more than %u matchers",
		    MATCHERS_MAX) == 0;
	if (list->cnt == list->room) {
		at = kyi_arena_array(arena, room, sizeof(*at));
		if (at == NULL)
			return kymo_error_set(error, "no memory") == 0;
		if (list->cnt > 0)
			memcpy(at, list->at, list->cnt * sizeof(*at));
		list->at = at;
		list->room = room;
	}
	at = &list->at[list->cnt];
	*at = (struct kymo_matcher){match, kyi_arena_text(arena, key,
	    strlen(key)), kyi_arena_text(arena, value, strlen(value)), NULL};
	kept = kyi_arena_get(arena, sizeof(*kept));
	if (at->key == NULL || at->value == NULL || kept == NULL)
		return kymo_error_set(error, "no memory") == 0;
	if (match == KYMO_MATCH_REGEX || match == KYMO_MATCH_NOT_REGEX) {
		if (kymo_regex_new(&at->regex, value, error) != 0)
			return false;
		kept->regex = at->regex;
		kept->next = list->routing->regexes;
		list->routing->regexes = kept;
	}
	list->cnt++;
	return true;
}

/* ---- what both have ------------------------------------------------------ */

static bool
is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The operator at text, and its length. */
static size_t
operator_at(const char *text, enum kymo_match *match)
{
	static const struct {
		char text[3];
		enum kymo_match match;
	} all[] = {
		{"=~", KYMO_MATCH_REGEX},
		{"!~", KYMO_MATCH_NOT_REGEX},
		{"!=", KYMO_MATCH_NOT_EQUAL},
		{"=", KYMO_MATCH_EQUAL},
	};
	size_t i;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (strncmp(text, all[i].text, strlen(all[i].text)) == 0) {
			*match = all[i].match;
			return strlen(all[i].text);
		}
	return 0;
}

/* ---- the classic syntax -------------------------------------------------- */

static size_t
name_bytes(const char *text)
{
	size_t n = 0;

	while ((text[n] >= 'a' && text[n] <= 'z') || text[n] == '_' ||
	    (text[n] >= 'A' && text[n] <= 'Z') || text[n] == ':' ||
	    (n > 0 && text[n] >= '0' && text[n] <= '9'))
		n++;
	return n;
}

/* A value with its escapes, from raw, in place; what is no escape stays. */
static bool
classic_value(char *raw, struct kymo_error *error)
{
	bool quoted = raw[0] == '"', open = quoted;
	const char *from = quoted ? raw + 1 : raw;
	char *to = raw;

	for (; *from != '\0'; from++) {
		if (*from == '"') {
			if (!open || from[1] != '\0')
				return kymo_error_set(error, "a double quote "
				    "within a value needs a backslash before "
				    "it") == 0;
			open = false;
		} else if (*from == '\\' && from[1] != '\0') {
			from++;
			if (*from != 'n' && *from != '"' && *from != '\\')
				*to++ = '\\';
			*to++ = *from == 'n' ? '\n' : *from;
		} else
			*to++ = *from;
	}
	if (open)
		return kymo_error_set(error, "a double quote is missing at the "
		    "end of this value") == 0;
	*to = '\0';
	return true;
}

/* One of them; token is changed. */
static bool
classic_one(struct kyi_routing_matcher_list *list, char *token,
    struct kymo_error *error)
{
	enum kymo_match match;
	size_t key_bytes, op_bytes;
	char *key = token, *value, *end;

	while (is_space(*key))
		key++;
	key_bytes = name_bytes(key);
	value = key + key_bytes;
	while (is_space(*value))
		value++;
	op_bytes = operator_at(value, &match);
	if (key_bytes == 0 || op_bytes == 0)
		return kymo_error_set(error, "'%.80s' is no matcher; write "
		    "one as label=\"value\" or label=~\"regex\"", key) == 0;
	value += op_bytes;
	while (is_space(*value))
		value++;
	end = value + strlen(value);
	while (end > value && is_space(end[-1]))
		end--;
	*end = '\0';
	key[key_bytes] = '\0';
	return classic_value(value, error) &&
	    kyi_routing_matcher_add(list, match, key, value, error);
}

/* Where the token that begins at text ends: a comma out of quotes. */
static char *
classic_end(char *text)
{
	bool quoted = false, escaped = false;

	for (; *text != '\0'; text++) {
		if (*text == ',' && !quoted)
			break;
		if (*text == '"' && !escaped)
			quoted = !quoted;
		/* A comma leaves it as it is, there too. */
		if (*text != ',')
			escaped = *text == '\\' && !escaped;
	}
	return text;
}

static bool
classic_parse(struct kyi_routing_matcher_list *list, char *text,
    size_t *at_bytes, struct kymo_error *error)
{
	char *at = text, *end;
	size_t len_bytes = strlen(text);

	*at_bytes = 0;
	if (*at == '{')
		at++;
	if (len_bytes > 0 && text + len_bytes > at && text[len_bytes - 1] == '}')
		text[len_bytes - 1] = '\0';
	for (;; at = end + 1) {
		bool last;

		end = classic_end(at);
		last = *end == '\0';
		/* Nothing behind the last comma is nothing; nothing between
		   two is no matcher. */
		if (last && at[strspn(at, " \t\n\v\f\r")] == '\0')
			return true;
		*end = '\0';
		*at_bytes = (size_t)(at - text);
		if (!classic_one(list, at, error))
			return false;
		if (last)
			return true;
	}
}

/* ---- the syntax with UTF-8 ----------------------------------------------- */

struct utf8 {
	const char *text;
	size_t at; /* in text */
	char *room;
	struct kymo_error *error;
};

static void
spaces(struct utf8 *utf8)
{
	while (is_space(utf8->text[utf8->at]))
		utf8->at++;
}

static uint32_t
hex(const char *text, uint32_t cnt)
{
	char digits[9] = "";
	char *end;
	uint32_t n;

	memcpy(digits, text, strnlen(text, cnt));
	if (strspn(digits, "0123456789abcdefABCDEF") != cnt)
		return UINT32_MAX;
	n = (uint32_t)strtoul(digits, &end, 16);
	return n;
}

static char *
utf8_put(char *to, uint32_t code)
{
	if (code < 0x80)
		*to++ = (char)code;
	else if (code < 0x800) {
		*to++ = (char)(0xc0 | code >> 6);
		*to++ = (char)(0x80 | (code & 0x3f));
	} else if (code < 0x10000) {
		*to++ = (char)(0xe0 | code >> 12);
		*to++ = (char)(0x80 | (code >> 6 & 0x3f));
		*to++ = (char)(0x80 | (code & 0x3f));
	} else {
		*to++ = (char)(0xf0 | code >> 18);
		*to++ = (char)(0x80 | (code >> 12 & 0x3f));
		*to++ = (char)(0x80 | (code >> 6 & 0x3f));
		*to++ = (char)(0x80 | (code & 0x3f));
	}
	return to;
}

/* An escape of Go's, behind its backslash; the bytes it took, 0: none. */
static size_t
escape(const char *text, char **to)
{
	static const char from[] = "abfnrtv\\\"", into[] = "\a\b\f\n\r\t\v\\\"";
	const char *simple = *text == '\0' ? NULL : strchr(from, *text);
	uint32_t cnt = *text == 'x' ? 2 : *text == 'u' ? 4 :
	    *text == 'U' ? 8 : 0;
	uint32_t code;

	if (simple != NULL) {
		*(*to)++ = into[simple - from];
		return 1;
	}
	if (cnt == 0)
		return 0;
	code = hex(text + 1, cnt);
	if (code == 0 || code > 0x10ffff || (code >= 0xd800 && code < 0xe000) ||
	    (cnt == 2 && code > 0x7f))
		return 0;
	*to = utf8_put(*to, code);
	return cnt + 1;
}

static bool
utf8_quoted(struct utf8 *utf8, char *to)
{
	const char *from = utf8->text + utf8->at + 1;
	size_t used;

	for (; *from != '"'; from++) {
		if (*from == '\0')
			return kymo_error_set(utf8->error, "a double quote is "
			    "missing at the end") == 0;
		if (*from != '\\') {
			*to++ = *from;
			continue;
		}
		used = escape(from + 1, &to);
		if (used == 0) {
			utf8->at = (size_t)(from - utf8->text);
			return kymo_error_set(utf8->error, "'\\%.1s' is no "
			    "escape; write \\\\ for a backslash", from + 1)
			    == 0;
		}
		from += used;
	}
	*to = '\0';
	utf8->at = (size_t)(from + 1 - utf8->text);
	return true;
}

/* A name or a value, with or without quotes. */
static bool
utf8_text(struct utf8 *utf8, const char *what, char *to)
{
	static const char reserved[] = "{}!=~,\\\"'` \t\n\v\f\r";
	size_t n = strcspn(utf8->text + utf8->at, reserved);

	if (utf8->text[utf8->at] == '"')
		return utf8_quoted(utf8, to);
	if (n == 0)
		return kymo_error_set(utf8->error, utf8->text[utf8->at] == '\0' ?
		    "%s is missing at the end" : "expected %s before '%.20s'; "
		    "put it in double quotes if it has such characters", what,
		    utf8->text + utf8->at) == 0;
	memcpy(to, utf8->text + utf8->at, n);
	to[n] = '\0';
	utf8->at += n;
	return true;
}

static bool
utf8_one(struct kyi_routing_matcher_list *list, struct utf8 *utf8)
{
	size_t room_bytes = strlen(utf8->text) + 1, op_bytes;
	char *key = utf8->room, *value = utf8->room + room_bytes;
	enum kymo_match match;

	if (!utf8_text(utf8, "a label's name", key))
		return false;
	spaces(utf8);
	op_bytes = operator_at(utf8->text + utf8->at, &match);
	if (op_bytes == 0)
		return kymo_error_set(utf8->error, "expected =, !=, =~ or !~ "
		    "after '%.60s'", key) == 0;
	utf8->at += op_bytes;
	spaces(utf8);
	return utf8_text(utf8, "a value", value) &&
	    (key[0] != '\0' || kymo_error_set(utf8->error, "a label's name is "
	    "empty") == 0) &&
	    kyi_routing_matcher_add(list, match, key, value, utf8->error);
}

static bool
utf8_parse(struct kyi_routing_matcher_list *list, struct utf8 *utf8)
{
	bool braces;

	spaces(utf8);
	braces = utf8->text[utf8->at] == '{';
	utf8->at += braces;
	for (;;) {
		spaces(utf8);
		if (utf8->text[utf8->at] == '}' || utf8->text[utf8->at] == '\0')
			break;
		if (!utf8_one(list, utf8))
			return false;
		spaces(utf8);
		if (utf8->text[utf8->at] != ',')
			break;
		utf8->at++;
	}
	if (braces != (utf8->text[utf8->at] == '}'))
		return kymo_error_set(utf8->error, braces ?
		    "'}' is missing" : "expected a comma before '%.20s'",
		    utf8->text + utf8->at) == 0;
	utf8->at += braces;
	spaces(utf8);
	return utf8->text[utf8->at] == '\0' || kymo_error_set(utf8->error,
	    "expected a comma before '%.20s'", utf8->text + utf8->at) == 0;
}

bool
kyi_routing_matchers_parse(struct kyi_routing_matcher_list *list,
    const char *text, size_t *at_bytes, struct kymo_error *error)
{
	struct kymo_error classic = {""}, utf8_error = {""};
	size_t len_bytes = strlen(text), classic_bytes;
	/* What a text becomes is no longer than it is, twice. */
	char *room = malloc(2 * len_bytes + 2);
	struct utf8 utf8 = {text, 0, room, &utf8_error};
	uint32_t cnt = list->cnt;
	bool is;

	if (room == NULL) {
		*at_bytes = 0;
		return kymo_error_set(error, "no memory") == 0;
	}
	memcpy(room, text, len_bytes + 1);
	is = classic_parse(list, room, &classic_bytes, &classic);
	if (!is) {
		list->cnt = cnt;
		is = utf8_parse(list, &utf8);
	}
	free(room);
	if (is)
		return true;
	list->cnt = cnt;
	*error = utf8_error;
	*at_bytes = utf8.at;
	return false;
}
