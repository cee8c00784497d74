/* SPDX-License-Identifier: MIT */
/* PromQL's parser: the frame. Expressions are read by precedence climbing
   (parse_expr.c), one token ahead. */
#include "reader/query/parse.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "shm/name.h"

#define ARENA_BYTES_MAX ((size_t)256 << 20)
#define FOUND_BYTES_MAX 40u

/* ---- errors ------------------------------------------------------------ */

static void
place(struct kymo_query_error *error, const char *text, uint32_t at_bytes)
{
	error->line = 1;
	error->column = 1;
	for (uint32_t i = 0; i < at_bytes && text[i] != '\0'; i++) {
		if (text[i] == '\n') {
			error->line++;
			error->column = 1;
		} else if (((unsigned char)text[i] & 0xc0) != 0x80) {
			error->column++;
		}
	}
}

void *
kyi_parse_fail(struct kyi_parser *parser, uint32_t from_bytes,
    uint32_t to_bytes, const char *format, ...)
{
	struct kymo_query_error *error = parser->error;
	char why[sizeof error->error.text];
	va_list args;

	if (parser->failed)
		return NULL;
	parser->failed = true;
	va_start(args, format);
	vsnprintf(why, sizeof why, format, args);
	va_end(args);
	place(error, parser->lexer.text, from_bytes);
	error->from_bytes = from_bytes;
	error->to_bytes = to_bytes;
	kymo_error_set(&error->error, "%u:%u: %s", error->line, error->column,
	    why);
	return NULL;
}

void *
kyi_parse_no_memory(struct kyi_parser *parser)
{
	return kyi_parse_fail(parser, 0, 0, "out of memory");
}

void *
kyi_parse_expected(struct kyi_parser *parser, const char *what)
{
	const struct kyi_token *token = &parser->token;
	uint32_t bytes = token->to_bytes - token->from_bytes;

	if (token->kind == KYI_TOKEN_BAD)
		return kyi_parse_fail(parser, token->from_bytes,
		    token->to_bytes, "%s", parser->lexer.why.text);
	if (token->kind == KYI_TOKEN_END)
		return kyi_parse_fail(parser, token->from_bytes,
		    token->to_bytes, "expected %s, found the end", what);
	return kyi_parse_fail(parser, token->from_bytes, token->to_bytes,
	    "expected %s, found %.*s%s", what,
	    (int)(bytes > FOUND_BYTES_MAX ? FOUND_BYTES_MAX : bytes),
	    parser->lexer.text + token->from_bytes,
	    bytes > FOUND_BYTES_MAX ? ".." : "");
}

/* ---- tokens ------------------------------------------------------------ */

void
kyi_parse_next(struct kyi_parser *parser)
{
	parser->behind_bytes = parser->token.to_bytes;
	kyi_lex(&parser->lexer, &parser->token);
	if (kyi_arena_full(parser->query->arena))
		kyi_parse_no_memory(parser);
}

bool
kyi_parse_is_word(const struct kyi_parser *parser, const char *word)
{
	return parser->token.kind == KYI_TOKEN_NAME &&
	    strcasecmp(parser->token.text, word) == 0;
}

bool
kyi_parse_skip(struct kyi_parser *parser, int kind, const char *what)
{
	if (parser->token.kind != kind)
		return kyi_parse_expected(parser, what) != NULL;
	kyi_parse_next(parser);
	return true;
}

/* ---- the tree ---------------------------------------------------------- */

void *
kyi_parse_longer(struct kyi_parser *parser, const void *array, uint32_t cnt,
    size_t size_bytes)
{
	void *longer;

	/* Room for 4, then doubled. */
	if (cnt != 0 && (cnt < 4 || (cnt & (cnt - 1)) != 0))
		return (void *)(uintptr_t)array;
	longer = kyi_arena_array(parser->query->arena, cnt == 0 ? 4 : cnt * 2,
	    size_bytes);
	if (longer == NULL)
		return kyi_parse_no_memory(parser);
	if (cnt != 0)
		memcpy(longer, array, cnt * size_bytes);
	return longer;
}

struct kyi_node *
kyi_parse_node(struct kyi_parser *parser, enum kyi_node_kind kind,
    enum kymo_value_kind type, uint32_t from_bytes)
{
	struct kyi_node *node;

	if (parser->failed)
		return NULL;
	node = kyi_arena_get(parser->query->arena, sizeof *node);
	if (node == NULL)
		return kyi_parse_no_memory(parser);
	node->kind = kind;
	node->type = type;
	node->from_bytes = from_bytes;
	node->to_bytes = parser->behind_bytes;
	return node;
}

bool
kyi_parse_below(struct kyi_parser *parser, struct kyi_node *node,
    const struct kyi_node *child)
{
	if (child->height >= KYI_HEIGHT_MAX)
		return kyi_parse_fail(parser, node->from_bytes, node->to_bytes,
		    "more than %u operators in a row or in one another",
		    KYI_HEIGHT_MAX) != NULL;
	if (node->height <= child->height)
		node->height = (uint16_t)(child->height + 1);
	return true;
}

/* ---- queries ----------------------------------------------------------- */

static int
refuse(struct kymo_query_error *error, const char *what)
{
	return kymo_error_set(&error->error, "1:1: %s", what);
}

static struct kymo_query *
new_query(const char *text, size_t len_bytes)
{
	struct kyi_arena *arena = kyi_arena_new(ARENA_BYTES_MAX);
	struct kymo_query *query;

	if (arena == NULL)
		return NULL;
	query = kyi_arena_get(arena, sizeof *query);
	if (query != NULL)
		query->text = kyi_arena_text(arena, text, len_bytes);
	if (query == NULL || query->text == NULL) {
		kyi_arena_delete(arena);
		return NULL;
	}
	query->arena = arena;
	query->len_bytes = len_bytes;
	return query;
}

static bool
whole(struct kyi_parser *parser)
{
	uint32_t sound_bytes = (uint32_t)kyi_utf8_len(parser->lexer.text,
	    parser->lexer.len_bytes);

	if (sound_bytes < parser->lexer.len_bytes) {
		kyi_parse_fail(parser, sound_bytes, sound_bytes + 1,
		    "byte 0x%02x is not UTF-8",
		    (unsigned char)parser->lexer.text[sound_bytes]);
		return false;
	}
	kyi_parse_next(parser);
	if (parser->token.kind == KYI_TOKEN_END) {
		kyi_parse_fail(parser, 0, 0, "the query is empty");
		return false;
	}
	parser->query->root = kyi_parse_expr(parser);
	if (!parser->failed && parser->token.kind != KYI_TOKEN_END)
		kyi_parse_expected(parser, "an operator or the end");
	return !parser->failed && kyi_check(parser, parser->query->root);
}

static int
parse(struct kymo_query **query, const char *text, size_t len_bytes,
    const struct kyi_bind *bind, struct kymo_query_error *error)
{
	struct kymo_query_error unused;
	struct kyi_parser parser = { 0 };

	if (error == NULL)
		error = &unused;
	*query = NULL;
	memset(error, 0, sizeof *error);
	error->line = error->column = 1;
	if (len_bytes > KYI_TEXT_BYTES_MAX)
		return refuse(error, "a query of more than 1 MiB");
	*query = new_query(text, len_bytes);
	if (*query == NULL)
		return refuse(error, "out of memory");
	parser.query = *query;
	parser.error = error;
	parser.bind = bind;
	parser.lexer = (struct kyi_lexer){ .text = (*query)->text,
		.len_bytes = (uint32_t)len_bytes, .arena = (*query)->arena };
	if (whole(&parser)) {
		error->line = error->column = 0;
		return 0;
	}
	kymo_query_delete(*query);
	*query = NULL;
	return -1;
}

int
kymo_query_parse(struct kymo_query **query, const char *text,
    size_t len_bytes, struct kymo_query_error *error)
{
	return parse(query, text, len_bytes, NULL, error);
}

int
kyi_query_bind(const struct kymo_query *query, int64_t step_ms,
    int64_t range_ms, struct kymo_query **bound,
    struct kymo_query_error *error)
{
	struct kyi_bind bind = { step_ms, range_ms };

	return parse(bound, query->text, query->len_bytes, &bind, error);
}

void
kymo_query_delete(struct kymo_query *query)
{
	if (query == NULL)
		return;
	for (struct kyi_owned *at = query->owned; at != NULL; at = at->next)
		kymo_regex_delete(at->regex);
	kyi_arena_delete(query->arena);
}

enum kymo_value_kind
kymo_query_kind(const struct kymo_query *query)
{
	return query->root->type;
}
