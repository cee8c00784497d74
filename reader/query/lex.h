/* SPDX-License-Identifier: MIT */
/* A query's text as tokens. */
#ifndef KYI_QUERY_LEX_H
#define KYI_QUERY_LEX_H

#include "reader/error.h"
#include "reader/query/arena.h"

/* A token of one character is that character: ( ) { } [ ] , : @ = + - * / % ^
   < > */
enum kyi_token_kind {
	KYI_TOKEN_END = 0,
	KYI_TOKEN_BAD = 256, /* lexer->why says why */
	KYI_TOKEN_NAME,      /* keywords too */
	KYI_TOKEN_NUMBER,
	KYI_TOKEN_DURATION,
	KYI_TOKEN_STRING,
	KYI_TOKEN_EQL,       /* == */
	KYI_TOKEN_NEQ,       /* != */
	KYI_TOKEN_LTE,
	KYI_TOKEN_GTE,
	KYI_TOKEN_TRIM_BELOW, /* </ */
	KYI_TOKEN_TRIM_ABOVE, /* >/ */
	KYI_TOKEN_REGEX,     /* =~ */
	KYI_TOKEN_NOT_REGEX  /* !~ */
};

struct kyi_token {
	int kind;
	uint32_t from_bytes, to_bytes;
	double number;    /* NUMBER; DURATION: seconds */
	const char *text; /* NAME, STRING (without quotes), Inf and NaN */
};

/* Where the colon belongs to a name (a:b), where it is nothing, and where it
   stands between durations. */
enum kyi_lex_mode { KYI_LEX_NORMAL, KYI_LEX_BRACES, KYI_LEX_BRACKETS };

struct kyi_lexer {
	const char *text; /* valid UTF-8 without NUL */
	uint32_t len_bytes, at_bytes;
	enum kyi_lex_mode mode;
	struct kyi_arena *arena;
	struct kymo_error why;
};

void kyi_lex(struct kyi_lexer *lexer, struct kyi_token *token);

/* kyi_lex_string reads the string that begins at lexer->at_bytes. */
void kyi_lex_string(struct kyi_lexer *lexer, struct kyi_token *token);
/* kyi_lex_number: the same of a number or duration. */
void kyi_lex_number(struct kyi_lexer *lexer, struct kyi_token *token);
/* Makes token bad, of what lies between token->from_bytes and
   lexer->at_bytes. */
void kyi_lex_bad(struct kyi_lexer *lexer, struct kyi_token *token,
    const char *format, ...) __attribute__((format(printf, 3, 4)));

/* kyi_lex_skip_blank goes past spaces and comments. */
void kyi_lex_skip_blank(struct kyi_lexer *lexer);

/* Bytes of the character at lexer->at_bytes. */
uint32_t kyi_lex_char_bytes(const struct kyi_lexer *lexer);

#endif
