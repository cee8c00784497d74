/* SPDX-License-Identifier: MIT */
/* The parser, inside. A function of it that gives a pointer gives NULL when
   parsing has failed; the first failure is the one that is told. */
#ifndef KYI_QUERY_PARSE_H
#define KYI_QUERY_PARSE_H

#include "reader/query/ast.h"
#include "reader/query/lex.h"

#define KYI_TEXT_BYTES_MAX ((size_t)1 << 20)
#define KYI_NESTED_MAX 200u  /* parentheses, calls, signs */
#define KYI_HEIGHT_MAX 1000u /* of the tree: operators in a row, too */

/* What step() and range() are. */
struct kyi_bind {
	int64_t step_ms, range_ms;
};

/* What a query has to free besides its arena. */
struct kyi_owned {
	struct kymo_regex *regex;
	struct kyi_owned *next;
};

struct kyi_parser {
	struct kyi_lexer lexer;
	struct kyi_token token; /* the next one */
	uint32_t behind_bytes;  /* the end of the one before */
	uint32_t nested_cnt;
	struct kymo_query *query;
	struct kymo_query_error *error;
	const struct kyi_bind *bind; /* NULL: not known yet */
	bool failed;
};

/* ---- parse.c: what all parts use ------------------------------------------- */

void kyi_parse_next(struct kyi_parser *parser);
/* kyi_parse_fail notes an error of the text from .. to. NULL. */
void *kyi_parse_fail(struct kyi_parser *parser, uint32_t from_bytes,
    uint32_t to_bytes, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* "expected WHAT, found .." of the next token. NULL. */
void *kyi_parse_expected(struct kyi_parser *parser, const char *what);
/* Whether the next token is this keyword, in any case of letters. */
bool kyi_parse_is_word(const struct kyi_parser *parser, const char *word);
/* Goes past the next token if it is this; else expected what. */
bool kyi_parse_skip(struct kyi_parser *parser, int kind, const char *what);
/* array with room for one element more than cnt. */
void *kyi_parse_longer(struct kyi_parser *parser, const void *array,
    uint32_t cnt, size_t size_bytes);
/* A node that begins at from_bytes and ends behind the last token. */
struct kyi_node *kyi_parse_node(struct kyi_parser *parser,
    enum kyi_node_kind kind, enum kymo_value_kind type, uint32_t from_bytes);
/* Notes that child is below node; false: too high a tree. */
bool kyi_parse_below(struct kyi_parser *parser, struct kyi_node *node,
    const struct kyi_node *child);
void *kyi_parse_no_memory(struct kyi_parser *parser);

/* ---- parse_expr.c, parse_call.c, parse_selector.c --------------------------- */

struct kyi_node *kyi_parse_expr(struct kyi_parser *parser);
/* Behind a name that is looked at: name(..), with its arguments. */
struct kyi_node *kyi_parse_call(struct kyi_parser *parser,
    const struct kyi_token *name);
/* An aggregation, if name is one and what follows says so; else NULL without
   failing. */
struct kyi_node *kyi_parse_aggregate(struct kyi_parser *parser,
    const struct kyi_token *name);
/* (a, "b c") of by, on, group_left. */
const char **kyi_parse_labels(struct kyi_parser *parser, const char *after,
    uint32_t *cnt);
/* name is NULL where it begins with {. */
struct kyi_node *kyi_parse_selector(struct kyi_parser *parser,
    const struct kyi_token *name);
/* [..], offset and @ behind node. */
struct kyi_node *kyi_parse_behind(struct kyi_parser *parser,
    struct kyi_node *node);

/* ---- durations: lex_number.c, duration.c -------------------------------------- */

/* kyi_duration_read reads 1h30m; -1: it is none, or more than 292 years. */
int kyi_duration_read(const char *text, size_t len_bytes, int64_t *ms);
void kyi_duration_write(struct kymo_buffer *out, int64_t ms);
/* The duration behind offset, or in brackets (above zero). *expr is NULL for a
   literal; of what is not known yet *ms is 0 and the query unbound. */
bool kyi_parse_duration(struct kyi_parser *parser, bool is_offset,
    int64_t *ms, const struct kyi_duration **expr);
void kyi_duration_print(const struct kyi_duration *duration,
    struct kymo_buffer *out);

/* ---- check.c -------------------------------------------------------------------- */

/* kyi_check finds types and what cannot be together. */
bool kyi_check(struct kyi_parser *parser, struct kyi_node *root);

/* ---- what is what (names are ASCII whatever the locale says) --------------------- */

static inline bool
kyi_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool
kyi_is_hex(char c)
{
	return kyi_is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

static inline bool
kyi_is_name_byte(char c)
{
	return kyi_is_digit(c) || c == '_' ||
	    ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

/* What an operator, an aggregation and a type are called. */
const char *kyi_op_name(enum kyi_op op);
const char *kyi_agg_name(enum kyi_agg agg);
bool kyi_agg_has_param(enum kyi_agg agg);
const char *kyi_type_name(enum kymo_value_kind type); /* "an instant vector" */

#endif
