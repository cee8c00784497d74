/* SPDX-License-Identifier: MIT */
/* RE2's syntax (github.com/google/re2/wiki/Syntax, as Go has it) said in
   PCRE2's. What PCRE2 would read otherwise is rewritten; what only PCRE2 has
   is refused, so that a rule that works here works in Prometheus. */
#include "reader/history/regex.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define REPEAT_MAX 1000
#define NAME "0123456789_" \
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* Perl's \s has a vertical tab that RE2's lacks. */
#define SPACES "\\t\\n\\f\\r "
#define NOT_SPACES "\\x{0}-\\x{8}\\x{b}\\x{e}-\\x{1f}\\x{21}-\\x{10ffff}"

struct re2 {
	const char *text, *at;
	struct kymo_buffer *out;
	struct kymo_error *error;
	/* What a * would repeat: 0 nothing, 1 an item, 2 a repetition. */
	int before;
};

static int
refuse(struct re2 *re2, const char *what)
{
	return kymo_error_set(re2->error, "at character %zu: %s",
	    (size_t)(re2->at - re2->text) + 1, what);
}

/* The code point written at *at in base, of at most digit_max digits. */
static uint32_t
digits(const char **at, int base, int digit_max)
{
	char room[9] = "";
	int cnt = 0;

	while (cnt < digit_max && isxdigit((unsigned char)(*at)[cnt]) &&
	    (base == 16 || ((*at)[cnt] >= '0' && (*at)[cnt] <= '7'))) {
		room[cnt] = (*at)[cnt];
		cnt++;
	}
	*at += cnt;
	return (uint32_t)strtoul(room, NULL, base);
}

/* \x7f, \x{10ffff} */
static int
hex(struct re2 *re2)
{
	const char *at = re2->at + 2, *begin = at;
	bool braces = *at == '{';
	uint32_t rune;

	at += braces;
	begin = at;
	rune = digits(&at, 16, braces ? 8 : 2);
	if (braces ? at == begin || *at != '}' : at - begin != 2)
		return refuse(re2, "write \\x7f or \\x{10ffff}");
	kymo_buffer_printf(re2->out, "\\x{%x}", rune);
	re2->at = at + braces;
	return 0;
}

static int
octal(struct re2 *re2)
{
	const char *at = re2->at + 1;

	if (at[0] != '0' && (at[0] > '7' || at[1] < '0' || at[1] > '7'))
		return refuse(re2, "back references as \\1 are not part of "
		    "RE2");
	kymo_buffer_printf(re2->out, "\\x{%x}", digits(&at, 8, 3));
	re2->at = at;
	return 0;
}

/* \pL, \p{Greek}, \P{^Lu} */
static int
property(struct re2 *re2)
{
	size_t len_bytes = 3;

	if (re2->at[2] == '{') {
		len_bytes += re2->at[3] == '^';
		len_bytes += strspn(re2->at + len_bytes, NAME);
		if (re2->at[len_bytes++] != '}')
			return refuse(re2, "write \\pL or \\p{Greek}");
	} else if (!isalpha((unsigned char)re2->at[2])) {
		return refuse(re2, "write \\pL or \\p{Greek}");
	}
	kymo_buffer_add(re2->out, re2->at, len_bytes);
	re2->at += len_bytes;
	return 0;
}

/* \Qa.b\E: a.b as it is. */
static void
quoted(struct re2 *re2)
{
	re2->at += 2;
	for (; *re2->at != '\0'; re2->at++) {
		if (re2->at[0] == '\\' && re2->at[1] == 'E') {
			re2->at += 2;
			return;
		}
		if (ispunct((unsigned char)*re2->at))
			kymo_buffer_char(re2->out, '\\');
		kymo_buffer_char(re2->out, *re2->at);
		re2->before = 1;
	}
}

static int
escape(struct re2 *re2, bool in_class)
{
	char c = re2->at[1];

	re2->before = 1;
	if (c == 'x')
		return hex(re2);
	if (isdigit((unsigned char)c))
		return octal(re2);
	if (c == 'p' || c == 'P')
		return property(re2);
	if (c == 'Q' && !in_class) {
		re2->before = 0;
		quoted(re2);
		return 0;
	}
	if (c == '\0')
		return refuse(re2, "a backslash at the end");
	if (c == 'v')
		kymo_buffer_str(re2->out, "\\x{b}");
	else if (c == 's')
		kymo_buffer_str(re2->out, in_class ? SPACES : "[" SPACES "]");
	else if (c == 'S')
		kymo_buffer_str(re2->out,
		    in_class ? NOT_SPACES : "[^" SPACES "]");
	else if ((unsigned char)c >= 0x80 ||
	    (isalnum((unsigned char)c) && strchr("afnrtdDwW", c) == NULL &&
	    (in_class || strchr("AbBz", c) == NULL)))
		return refuse(re2, "this escape is not part of RE2");
	else
		kymo_buffer_add(re2->out, re2->at, 2);
	re2->at += 2;
	return 0;
}

/* [:alpha:], [:^alpha:] inside of a class; 0 bytes: not one. */
static size_t
named_class(const char *at)
{
	size_t len_bytes = 2;

	if (at[0] != '[' || at[1] != ':')
		return 0;
	len_bytes += at[2] == '^';
	len_bytes += strspn(at + len_bytes, NAME);
	return at[len_bytes] == ':' && at[len_bytes + 1] == ']' ?
	    len_bytes + 2 : 0;
}

static int
class(struct re2 *re2)
{
	const char *begin;
	size_t len_bytes;

	kymo_buffer_char(re2->out, *re2->at++);
	if (*re2->at == '^')
		kymo_buffer_char(re2->out, *re2->at++);
	begin = re2->at;
	while (*re2->at != '\0' && (*re2->at != ']' || re2->at == begin)) {
		len_bytes = named_class(re2->at);
		if (re2->at[0] == '\\') {
			if (escape(re2, true) != 0)
				return -1;
			continue;
		}
		if (len_bytes == 0 && (*re2->at == '[' || *re2->at == ']'))
			kymo_buffer_char(re2->out, '\\');
		len_bytes += len_bytes == 0;
		kymo_buffer_add(re2->out, re2->at, len_bytes);
		re2->at += len_bytes;
	}
	if (*re2->at == '\0') {
		re2->at = begin - 1;
		return refuse(re2, "this [ has no ]");
	}
	kymo_buffer_char(re2->out, *re2->at++);
	re2->before = 1;
	return 0;
}

/* ( and what may follow: ?: ?P<name> ?<name> ?ims-U) ?ims-U: */
static int
group(struct re2 *re2)
{
	const char *at = re2->at + 1;
	size_t len_bytes = 1;
	bool minus;

	re2->before = 0;
	if (at[0] == '?' && (at[1] == '<' || strncmp(at, "?P<", 3) == 0) &&
	    at[2] != '=' && at[2] != '!') {
		len_bytes = at[1] == '<' ? 3 : 4;
		len_bytes += strspn(re2->at + len_bytes, NAME);
		if (re2->at[len_bytes++] != '>')
			return refuse(re2, "a group is named (?P<name>...)");
	} else if (at[0] == '?') {
		len_bytes = 2 + strspn(at + 1, "imsU");
		minus = re2->at[len_bytes] == '-';
		if (minus)
			len_bytes += 1 + strspn(re2->at + len_bytes + 1,
			    "imsU");
		if ((re2->at[len_bytes] != ')' && re2->at[len_bytes] != ':') ||
		    (minus && re2->at[len_bytes - 1] == '-'))
			return refuse(re2, "RE2 has no such group (look-around "
			    "and conditions are not part of it)");
		len_bytes++;
	}
	kymo_buffer_add(re2->out, re2->at, len_bytes);
	re2->at += len_bytes;
	return 0;
}

/* {2} {2,} {2,5}; 0 bytes: a brace that means itself. */
static size_t
counted(const char *at, bool *sound)
{
	unsigned long from, to;
	char *end;

	if (!isdigit((unsigned char)at[1]))
		return 0;
	from = to = strtoul(at + 1, &end, 10);
	if (end[0] == ',' && end[1] == '}') {
		end++;
	} else if (end[0] == ',') {
		if (!isdigit((unsigned char)end[1]))
			return 0;
		to = strtoul(end + 1, &end, 10);
	}
	if (*end != '}')
		return 0;
	*sound = from <= to && to <= REPEAT_MAX;
	return (size_t)(end - at) + 1;
}

static int
repeat(struct re2 *re2)
{
	size_t len_bytes = 1;
	bool sound = true;

	if (*re2->at == '{') {
		len_bytes = counted(re2->at, &sound);
		if (len_bytes == 0) {
			kymo_buffer_str(re2->out, "\\{");
			re2->at++;
			re2->before = 1;
			return 0;
		}
	}
	if (re2->before == 0)
		return refuse(re2, "nothing before it to repeat");
	if (re2->before == 2)
		return refuse(re2, "a repetition of a repetition");
	if (!sound)
		return refuse(re2, "a count from 0 to 1000, the smaller "
		    "first");
	len_bytes += re2->at[len_bytes] == '?';
	kymo_buffer_add(re2->out, re2->at, len_bytes);
	re2->at += len_bytes;
	re2->before = 2;
	return 0;
}

static int
item(struct re2 *re2)
{
	switch (*re2->at) {
	case '\\':
		return escape(re2, false);
	case '[':
		return class(re2);
	case '(':
		return group(re2);
	case '*':
	case '+':
	case '?':
	case '{':
		return repeat(re2);
	default:
		re2->before = *re2->at != '|';
		kymo_buffer_char(re2->out, *re2->at++);
		return 0;
	}
}

int
kyi_re2_translate(const char *text, struct kymo_buffer *out,
    struct kymo_error *error)
{
	struct re2 re2 = { text, text, out, error, 0 };

	while (*re2.at != '\0')
		if (item(&re2) != 0)
			return -1;
	return out->failed ? kymo_error_set(error, "out of memory") : 0;
}
