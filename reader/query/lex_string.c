/* SPDX-License-Identifier: MIT */
/* Strings: "..." and '...' with escapes as in Go, `...` as it stands. */
#include <string.h>

#include "reader/query/lex.h"
#include "reader/query/parse.h"

/* Writes the code point as UTF-8; returns what is behind it. */
static char *
put_utf8(char *to, uint32_t rune)
{
	if (rune < 0x80) {
		*to++ = (char)rune;
		return to;
	}
	if (rune < 0x800) {
		*to++ = (char)(0xc0 | rune >> 6);
	} else {
		if (rune < 0x10000) {
			*to++ = (char)(0xe0 | rune >> 12);
		} else {
			*to++ = (char)(0xf0 | rune >> 18);
			*to++ = (char)(0x80 | (rune >> 12 & 0x3f));
		}
		*to++ = (char)(0x80 | (rune >> 6 & 0x3f));
	}
	*to++ = (char)(0x80 | (rune & 0x3f));
	return to;
}

static int
digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 16;
}

/* A code in base of exactly digit_cnt digits, at lexer->at_bytes. */
static bool
code(struct kyi_lexer *lexer, struct kyi_token *token, int base,
    int digit_cnt, uint32_t *value)
{
	*value = 0;
	for (int i = 0; i < digit_cnt; i++) {
		int digit = digit_of(lexer->text[lexer->at_bytes]);

		if (digit >= base) {
			kyi_lex_bad(lexer, token, "this escape needs %d %s "
			    "digits", digit_cnt,
			    base == 8 ? "octal" : "hexadecimal");
			return false;
		}
		*value = *value * (uint32_t)base + (uint32_t)digit;
		lexer->at_bytes++;
	}
	if (*value == 0) {
		kyi_lex_bad(lexer, token, "a zero byte cannot be in a string");
		return false;
	}
	return true;
}

/* The escape at lexer->at_bytes, which is behind the backslash. NULL: bad. */
static char *
escape(struct kyi_lexer *lexer, struct kyi_token *token, char quote, char *to)
{
	static const char letters[] = "abfnrtv\\", meant[] = "\a\b\f\n\r\t\v\\";
	char c = lexer->text[lexer->at_bytes];
	const char *found = strchr(letters, c);
	uint32_t rune;

	if (c == '\0') {
		kyi_lex_bad(lexer, token, "this escape is cut short");
		return NULL;
	}
	if (found != NULL || c == quote) {
		lexer->at_bytes++;
		*to = found != NULL ? meant[found - letters] : quote;
		return to + 1;
	}
	if (c >= '0' && c <= '7') {
		if (!code(lexer, token, 8, 3, &rune))
			return NULL;
		if (rune > 255) {
			kyi_lex_bad(lexer, token, "an octal escape is at most "
			    "\\377");
			return NULL;
		}
		*to = (char)rune;
		return to + 1;
	}
	if (c != 'x' && c != 'u' && c != 'U') {
		lexer->at_bytes += kyi_lex_char_bytes(lexer);
		kyi_lex_bad(lexer, token, "unknown escape; a backslash itself "
		    "is written \\\\");
		return NULL;
	}
	lexer->at_bytes++;
	if (!code(lexer, token, 16, c == 'x' ? 2 : c == 'u' ? 4 : 8, &rune))
		return NULL;
	if (c == 'x') {
		*to = (char)rune;
		return to + 1;
	}
	if (rune > 0x10ffff || (rune >= 0xd800 && rune < 0xe000)) {
		kyi_lex_bad(lexer, token, "this escape is no character of "
		    "Unicode");
		return NULL;
	}
	return put_utf8(to, rune);
}

static void
raw(struct kyi_lexer *lexer, struct kyi_token *token)
{
	const char *begin = lexer->text + lexer->at_bytes + 1;
	const char *end = strchr(begin, '`');

	if (end == NULL) {
		lexer->at_bytes = lexer->len_bytes;
		kyi_lex_bad(lexer, token, "this ` has no second one");
		return;
	}
	token->kind = KYI_TOKEN_STRING;
	token->text = kyi_arena_text(lexer->arena, begin,
	    (size_t)(end - begin));
	lexer->at_bytes = (uint32_t)(end + 1 - lexer->text);
}

/* Bytes up to the closing quote; 0: there is none on this line. */
static size_t
quoted_bytes(const char *begin, char quote)
{
	const char *at = begin + 1;

	while (*at != quote) {
		if (*at == '\\' && at[1] != '\0')
			at++;
		if (*at == '\0' || *at == '\n')
			return 0;
		at++;
	}
	return (size_t)(at - begin);
}

void
kyi_lex_string(struct kyi_lexer *lexer, struct kyi_token *token)
{
	char quote = lexer->text[lexer->at_bytes], *to, *made;
	size_t room_bytes = quoted_bytes(lexer->text + lexer->at_bytes, quote);
	uint32_t end_bytes = lexer->at_bytes + (uint32_t)room_bytes;

	if (quote == '`') {
		raw(lexer, token);
		return;
	}
	if (room_bytes == 0) {
		lexer->at_bytes = lexer->len_bytes;
		kyi_lex_bad(lexer, token, "this %c has no second one on its "
		    "line", quote);
		return;
	}
	made = to = kyi_arena_array(lexer->arena, room_bytes + 1, 1);
	if (made == NULL) {
		kyi_lex_bad(lexer, token, "out of memory");
		return;
	}
	lexer->at_bytes++;
	while (lexer->at_bytes < end_bytes) {
		char c = lexer->text[lexer->at_bytes++];

		if (c != '\\') {
			*to++ = c;
			continue;
		}
		token->from_bytes = lexer->at_bytes - 1;
		to = escape(lexer, token, quote, to);
		if (to == NULL)
			return;
	}
	*to = '\0';
	token->from_bytes = end_bytes - (uint32_t)room_bytes;
	lexer->at_bytes = end_bytes + 1;
	token->kind = KYI_TOKEN_STRING;
	token->text = made;
}
