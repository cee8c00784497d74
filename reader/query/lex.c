/* SPDX-License-Identifier: MIT */
#include "reader/query/lex.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "reader/query/parse.h"

void
kyi_lex_bad(struct kyi_lexer *lexer, struct kyi_token *token,
    const char *format, ...)
{
	char text[sizeof lexer->why.text];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	kymo_error_set(&lexer->why, "%s", text);
	token->kind = KYI_TOKEN_BAD;
	token->to_bytes = lexer->at_bytes;
}

uint32_t
kyi_lex_char_bytes(const struct kyi_lexer *lexer)
{
	uint32_t bytes = 1;

	while (lexer->at_bytes + bytes < lexer->len_bytes &&
	    ((unsigned char)lexer->text[lexer->at_bytes + bytes] & 0xc0) ==
	    0x80)
		bytes++;
	return bytes;
}

/* Comments go to the end of their line. */
void
kyi_lex_skip_blank(struct kyi_lexer *lexer)
{
	const char *at = lexer->text + lexer->at_bytes;

	for (;;) {
		at += strspn(at, " \t\r\n");
		if (*at != '#')
			break;
		at += strcspn(at, "\r\n");
	}
	lexer->at_bytes = (uint32_t)(at - lexer->text);
}

static void
name(struct kyi_lexer *lexer, struct kyi_token *token)
{
	const char *at = lexer->text + lexer->at_bytes;
	size_t len_bytes = 0;

	while (kyi_is_name_byte(at[len_bytes]) ||
	    (at[len_bytes] == ':' && lexer->mode == KYI_LEX_NORMAL))
		len_bytes++;
	lexer->at_bytes += (uint32_t)len_bytes;
	token->kind = KYI_TOKEN_NAME;
	token->text = kyi_arena_text(lexer->arena, at, len_bytes);
	if (token->text == NULL || lexer->mode == KYI_LEX_BRACES)
		return;
	if (strcasecmp(token->text, "inf") == 0)
		token->number = __builtin_inf();
	else if (strcasecmp(token->text, "nan") == 0)
		token->number = __builtin_nan("");
	else
		return;
	token->kind = KYI_TOKEN_NUMBER;
}

/* Tokens of two characters. */
static int
pair(const char *at)
{
	static const struct {
		char text[3];
		int kind;
	} pairs[] = {
		{ "==", KYI_TOKEN_EQL }, { "!=", KYI_TOKEN_NEQ },
		{ "<=", KYI_TOKEN_LTE }, { ">=", KYI_TOKEN_GTE },
		{ "</", KYI_TOKEN_TRIM_BELOW }, { ">/", KYI_TOKEN_TRIM_ABOVE },
		{ "=~", KYI_TOKEN_REGEX }, { "!~", KYI_TOKEN_NOT_REGEX },
	};

	for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
		if (strncmp(at, pairs[i].text, 2) == 0)
			return pairs[i].kind;
	return 0;
}

static void
sign(struct kyi_lexer *lexer, struct kyi_token *token)
{
	const char *at = lexer->text + lexer->at_bytes;
	uint32_t bytes;

	token->kind = pair(at);
	/* Inside of braces == is two signs, the second not wanted: a person
	   who writes {a=="b"} is told of the second. */
	if (token->kind == KYI_TOKEN_EQL && lexer->mode == KYI_LEX_BRACES)
		token->kind = 0;
	if (token->kind != 0) {
		lexer->at_bytes += 2;
		return;
	}
	if (strchr("(){}[],:@=+-*/%^<>", *at) != NULL) {
		token->kind = *at;
		lexer->at_bytes++;
		return;
	}
	bytes = kyi_lex_char_bytes(lexer);
	lexer->at_bytes += bytes;
	kyi_lex_bad(lexer, token, "unexpected character '%.*s'", (int)bytes,
	    at);
}

void
kyi_lex(struct kyi_lexer *lexer, struct kyi_token *token)
{
	const char *at;

	kyi_lex_skip_blank(lexer);
	at = lexer->text + lexer->at_bytes;
	memset(token, 0, sizeof *token);
	token->from_bytes = lexer->at_bytes;
	if (lexer->at_bytes == lexer->len_bytes)
		token->kind = KYI_TOKEN_END;
	else if (*at == '"' || *at == '\'' || *at == '`')
		kyi_lex_string(lexer, token);
	else if (kyi_is_digit(*at) || (*at == '.' && kyi_is_digit(at[1])))
		kyi_lex_number(lexer, token);
	else if (kyi_is_name_byte(*at) ||
	    (*at == ':' && lexer->mode == KYI_LEX_NORMAL))
		name(lexer, token);
	else
		sign(lexer, token);
	token->to_bytes = lexer->at_bytes;
}
