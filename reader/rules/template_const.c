/* SPDX-License-Identifier: MIT */
/* Constants in templates: texts and numbers, as Go writes them. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "reader/rules/template_pipe.h"
#include "shm/name.h"

static size_t
utf8_put(char *to, unsigned long code)
{
	if (code < 0x80) {
		to[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		to[0] = (char)(0xc0 | code >> 6);
		to[1] = (char)(0x80 | (code & 0x3f));
		return 2;
	}
	if (code < 0x10000) {
		to[0] = (char)(0xe0 | code >> 12);
		to[1] = (char)(0x80 | (code >> 6 & 0x3f));
		to[2] = (char)(0x80 | (code & 0x3f));
		return 3;
	}
	to[0] = (char)(0xf0 | code >> 18);
	to[1] = (char)(0x80 | (code >> 12 & 0x3f));
	to[2] = (char)(0x80 | (code >> 6 & 0x3f));
	to[3] = (char)(0x80 | (code & 0x3f));
	return 4;
}

/* One escape of Go after its backslash; *at moves behind it. 0: none. */
static size_t
escape_read(const char **at, char *to)
{
	static const char names[] = "abfnrtv\\'\"";
	static const char bytes[] = "\a\b\f\n\r\t\v\\'\"";
	const char *name = strchr(names, **at);
	size_t digit_cnt = 0, i;
	char digits[9] = "";
	unsigned long code;
	int base = 16;

	if (**at == '\0')
		return 0;
	if (name != NULL) {
		*to = bytes[name - names];
		(*at)++;
		return 1;
	}
	switch (**at) {
	case 'x': digit_cnt = 2; break;
	case 'u': digit_cnt = 4; break;
	case 'U': digit_cnt = 8; break;
	default: base = 8; digit_cnt = 3; break;
	}
	if (base == 16)
		(*at)++;
	for (i = 0; i < digit_cnt; i++) {
		char c = (*at)[i];

		if (base == 16 ? !isxdigit((unsigned char)c) :
		    c < '0' || c > '7')
			return 0;
		digits[i] = c;
	}
	*at += digit_cnt;
	code = strtoul(digits, NULL, base);
	if (code == 0 || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
		return 0;
	if (digit_cnt >= 4)
		return utf8_put(to, code);
	if (code > 0xff)
		return 0;
	*to = (char)code;
	return 1;
}

int
kyi_template_quoted(struct kyi_template_parse *parse, struct kyi_tv *value)
{
	const char *from = parse->at, *end = from + 1;
	char quote = *parse->at++, *text, *to;
	size_t put_bytes;

	while (*end != '\0' && *end != quote)
		end += *end == '\\' && quote != '`' && end[1] != '\0' ? 2 : 1;
	/* No escape gives more bytes than it has. */
	text = to = kyi_template_get(parse, (size_t)(end - from));
	if (text == NULL)
		return -1;
	while (*parse->at != quote) {
		if (*parse->at == '\0' || (*parse->at == '\n' && quote != '`'))
			return kyi_template_wrong(parse, from,
			    "unterminated %s", quote == '\'' ?
			    "character constant" : "quoted string");
		if (*parse->at != '\\' || quote == '`') {
			*to++ = *parse->at++;
			continue;
		}
		parse->at++;
		put_bytes = escape_read(&parse->at, to);
		if (put_bytes == 0)
			return kyi_template_wrong(parse, parse->at,
			    "an escape that a string cannot have");
		to += put_bytes;
	}
	parse->at++;
	*to = '\0';
	if (kyi_utf8_len(text, (size_t)(to - text)) != (size_t)(to - text))
		return kyi_template_wrong(parse, from, "a string that is not "
		    "UTF-8");
	if (quote != '\'') {
		value->kind = TV_STR;
		value->str = text;
		return 0;
	}
	value->kind = TV_INT;
	value->n = (unsigned char)text[0];
	if (to != text + 1 || text[0] & 0x80)
		return kyi_template_wrong(parse, from, "only ASCII stands in "
		    "single quotes; write a string in double quotes");
	return 0;
}

int
kyi_template_number(struct kyi_template_parse *parse, struct kyi_tv *value)
{
	const char *from = parse->at;
	char digits[64], *end;
	size_t len_bytes = 0, i;
	bool hex;

	if (*parse->at == '+' || *parse->at == '-')
		len_bytes++;
	hex = parse->at[len_bytes] == '0' &&
	    (parse->at[len_bytes + 1] | 0x20) == 'x';
	while (kyi_template_is_word(from[len_bytes]) || from[len_bytes] == '.' ||
	    ((from[len_bytes] == '+' || from[len_bytes] == '-') &&
	    (from[len_bytes - 1] | 0x20) == (hex ? 'p' : 'e')))
		len_bytes++;
	for (i = 0, end = digits; i < len_bytes; i++)
		if (from[i] != '_' && end < digits + sizeof(digits) - 1)
			*end++ = from[i];
	*end = '\0';
	parse->at += len_bytes;
	errno = 0;
	if (strpbrk(digits, ".pP") != NULL ||
	    (!hex && strpbrk(digits, "eE") != NULL)) {
		value->kind = TV_FLOAT;
		value->d = strtod(digits, &end);
	} else {
		value->kind = TV_INT;
		value->n = strtoll(digits, &end, 0);
		if (errno == ERANGE)
			return kyi_template_wrong(parse, from,
			    "integer overflow: %s", digits);
	}
	if (end == digits || *end != '\0' || len_bytes >= sizeof(digits))
		return kyi_template_wrong(parse, from,
		    "bad number syntax: \"%s\"", digits);
	return 0;
}
