/* SPDX-License-Identifier: MIT */
/* Selectors, and what stands behind them: ranges, subqueries, offset, @. */
#include <math.h>
#include <string.h>

#include "reader/query/parse.h"

struct matchers {
	struct kymo_matcher *at;
	uint32_t cnt;
};

/* ---- matchers ------------------------------------------------------------ */

static bool
add(struct kyi_parser *parser, struct matchers *matchers,
    struct kymo_matcher matcher)
{
	matchers->at = kyi_parse_longer(parser, matchers->at, matchers->cnt,
	    sizeof matchers->at[0]);
	if (matchers->at == NULL)
		return false;
	matchers->at[matchers->cnt++] = matcher;
	return true;
}

static bool
add_name(struct kyi_parser *parser, struct matchers *matchers,
    const char *name)
{
	return add(parser, matchers, (struct kymo_matcher){
	    .match = KYMO_MATCH_EQUAL, .key = KYMO_NAME_LABEL,
	    .value = name });
}

static bool
compile(struct kyi_parser *parser, struct kymo_matcher *matcher,
    const struct kyi_token *value)
{
	struct kyi_owned *owned = kyi_arena_get(parser->query->arena,
	    sizeof *owned);
	struct kymo_error why;

	if (owned == NULL)
		return kyi_parse_no_memory(parser) != NULL;
	if (kymo_regex_new(&matcher->regex, matcher->value, &why) != 0)
		return kyi_parse_fail(parser, value->from_bytes,
		    value->to_bytes, "%s", why.text) != NULL;
	owned->regex = matcher->regex;
	owned->next = parser->query->owned;
	parser->query->owned = owned;
	return true;
}

static bool
match_of(int token_kind, enum kymo_match *match)
{
	switch (token_kind) {
	case '=':
		*match = KYMO_MATCH_EQUAL;
		return true;
	case KYI_TOKEN_NEQ:
		*match = KYMO_MATCH_NOT_EQUAL;
		return true;
	case KYI_TOKEN_REGEX:
		*match = KYMO_MATCH_REGEX;
		return true;
	case KYI_TOKEN_NOT_REGEX:
		*match = KYMO_MATCH_NOT_REGEX;
		return true;
	default:
		return false;
	}
}

/* a="b", "a.b"=~"c", or "name" alone. */
static bool
matcher(struct kyi_parser *parser, struct matchers *matchers)
{
	struct kymo_matcher made = { .match = KYMO_MATCH_EQUAL };
	struct kyi_token key = parser->token, value;
	bool quoted = key.kind == KYI_TOKEN_STRING;

	if (!quoted && key.kind != KYI_TOKEN_NAME)
		return kyi_parse_expected(parser, "a label or }") != NULL;
	kyi_parse_next(parser);
	if (quoted && (parser->token.kind == ',' ||
	    parser->token.kind == '}'))
		return add_name(parser, matchers, key.text);
	if (!match_of(parser->token.kind, &made.match))
		return kyi_parse_expected(parser,
		    "=, !=, =~ or !~ behind the label") != NULL;
	kyi_parse_next(parser);
	value = parser->token;
	if (!kyi_parse_skip(parser, KYI_TOKEN_STRING,
	    "a value in quotes"))
		return false;
	if (key.text[0] == '\0')
		return kyi_parse_fail(parser, key.from_bytes, key.to_bytes,
		    "a label needs a name") != NULL;
	made.key = key.text;
	made.value = value.text;
	if (made.match >= KYMO_MATCH_REGEX && !compile(parser, &made, &value))
		return false;
	return add(parser, matchers, made);
}

/* {..}; a name that stands inside goes first, if there is none outside. */
static bool
in_braces(struct kyi_parser *parser, struct matchers *matchers)
{
	uint32_t from_bytes = parser->token.from_bytes;
	bool named = matchers->cnt > 0;

	parser->lexer.mode = KYI_LEX_BRACES;
	kyi_parse_next(parser);
	while (parser->token.kind != '}') {
		if (!matcher(parser, matchers))
			return false;
		if (parser->token.kind == KYI_TOKEN_END)
			return kyi_parse_fail(parser, from_bytes,
			    from_bytes + 1, "this { has no }") != NULL;
		if (parser->token.kind != '}' &&
		    !kyi_parse_skip(parser, ',', "a comma or }"))
			return false;
	}
	parser->lexer.mode = KYI_LEX_NORMAL;
	kyi_parse_next(parser);
	for (uint32_t i = 1; i < matchers->cnt && !named; i++) {
		struct kymo_matcher made = matchers->at[i];

		if (made.match != KYMO_MATCH_EQUAL ||
		    strcmp(made.key, KYMO_NAME_LABEL) != 0)
			continue;
		memmove(matchers->at + 1, matchers->at,
		    i * sizeof matchers->at[0]);
		matchers->at[0] = made;
		break;
	}
	return true;
}

struct kyi_node *
kyi_parse_selector(struct kyi_parser *parser, const struct kyi_token *name)
{
	uint32_t from_bytes = name == NULL ? parser->token.from_bytes :
	    name->from_bytes;
	struct matchers matchers = { NULL, 0 };
	struct kyi_node *node;

	if (name != NULL && !add_name(parser, &matchers, name->text))
		return NULL;
	if (parser->token.kind == '{' && !in_braces(parser, &matchers))
		return NULL;
	node = kyi_parse_node(parser, KYI_NODE_SELECTOR, KYMO_VALUE_VECTOR,
	    from_bytes);
	if (node == NULL)
		return NULL;
	node->is.selector.matchers = matchers.at;
	node->is.selector.matcher_cnt = matchers.cnt;
	node->is.selector.idx = parser->query->selector_cnt++;
	return node;
}

/* ---- offset and @ -------------------------------------------------------- */

static struct kyi_shift *
shift_of(struct kyi_node *node)
{
	if (node->kind == KYI_NODE_SELECTOR)
		return &node->is.selector.shift;
	if (node->kind == KYI_NODE_SUBQUERY)
		return &node->is.subquery.shift;
	return NULL;
}

static bool
has_offset(const struct kyi_shift *shift)
{
	return shift->offset_ms != 0 || shift->offset_expr != NULL;
}

static bool
offset(struct kyi_parser *parser, struct kyi_node *node)
{
	struct kyi_token token = parser->token;
	struct kyi_shift *shift = shift_of(node);

	if (shift == NULL)
		return kyi_parse_fail(parser, token.from_bytes, token.to_bytes,
		    "offset goes behind a selector or a subquery") != NULL;
	if (has_offset(shift))
		return kyi_parse_fail(parser, token.from_bytes, token.to_bytes,
		    "a second offset") != NULL;
	kyi_parse_next(parser);
	return kyi_parse_duration(parser, true, &shift->offset_ms,
	    &shift->offset_expr);
}

/* A time in seconds. */
static bool
at_time(struct kyi_parser *parser, struct kyi_shift *shift)
{
	struct kyi_token token = parser->token;
	double ms;

	if (token.kind == '-' || token.kind == '+')
		kyi_parse_next(parser);
	if (parser->token.kind != KYI_TOKEN_NUMBER &&
	    parser->token.kind != KYI_TOKEN_DURATION)
		return kyi_parse_expected(parser, "a time in seconds since "
		    "1970, start() or end() behind @") != NULL;
	ms = round(parser->token.number * 1000);
	if (!(fabs(ms) < 9e18))
		return kyi_parse_fail(parser, token.from_bytes,
		    parser->token.to_bytes, "no time that can be shown") !=
		    NULL;
	shift->at = KYI_AT_TIME;
	shift->at_ms = token.kind == '-' ? -(int64_t)ms : (int64_t)ms;
	kyi_parse_next(parser);
	return true;
}

static bool
at_sign(struct kyi_parser *parser, struct kyi_node *node)
{
	struct kyi_token token = parser->token;
	struct kyi_shift *shift = shift_of(node);
	bool start;

	if (shift == NULL)
		return kyi_parse_fail(parser, token.from_bytes, token.to_bytes,
		    "@ goes behind a selector or a subquery") != NULL;
	if (shift->at != KYI_AT_NONE)
		return kyi_parse_fail(parser, token.from_bytes, token.to_bytes,
		    "a second @") != NULL;
	kyi_parse_next(parser);
	start = kyi_parse_is_word(parser, "start");
	if (!start && !kyi_parse_is_word(parser, "end"))
		return at_time(parser, shift);
	kyi_parse_next(parser);
	shift->at = start ? KYI_AT_START : KYI_AT_END;
	return kyi_parse_skip(parser, '(', "()") &&
	    kyi_parse_skip(parser, ')', ")");
}

/* ---- ranges and subqueries ------------------------------------------------ */

static struct kyi_node *
subquery(struct kyi_parser *parser, struct kyi_node *inner, int64_t range_ms,
    const struct kyi_duration *range_expr)
{
	struct kyi_node *node = kyi_parse_node(parser, KYI_NODE_SUBQUERY,
	    KYMO_VALUE_MATRIX, inner->from_bytes);

	if (node == NULL || !kyi_parse_below(parser, node, inner))
		return NULL;
	node->is.subquery.expr = inner;
	node->is.subquery.range_ms = range_ms;
	node->is.subquery.range_expr = range_expr;
	kyi_parse_next(parser);
	if (parser->token.kind != ']' &&
	    !kyi_parse_duration(parser, false, &node->is.subquery.step_ms,
	    &node->is.subquery.step_expr))
		return NULL;
	return node;
}

/* selector[..] */
static struct kyi_node *
ranged(struct kyi_parser *parser, struct kyi_node *node,
    const struct kyi_token *bracket)
{
	const char *why = NULL;

	if (node->kind != KYI_NODE_SELECTOR || node->type == KYMO_VALUE_MATRIX)
		why = "a range goes behind a selector; of anything else it is "
		    "a subquery such as [5m:]";
	else if (has_offset(&node->is.selector.shift))
		why = "the range goes before offset";
	else if (node->is.selector.shift.at != KYI_AT_NONE)
		why = "the range goes before @";
	if (why != NULL)
		return kyi_parse_fail(parser, bracket->from_bytes,
		    parser->token.to_bytes, "%s", why);
	node->type = KYMO_VALUE_MATRIX;
	return node;
}

static struct kyi_node *
brackets(struct kyi_parser *parser, struct kyi_node *node)
{
	struct kyi_token bracket = parser->token;
	const struct kyi_duration *range_expr;
	int64_t range_ms;

	parser->lexer.mode = KYI_LEX_BRACKETS;
	kyi_parse_next(parser);
	if (!kyi_parse_duration(parser, false, &range_ms, &range_expr))
		return NULL;
	if (parser->token.kind == ':') {
		node = subquery(parser, node, range_ms, range_expr);
	} else if (parser->token.kind == ']') {
		node = ranged(parser, node, &bracket);
		if (node == NULL)
			return NULL;
		node->is.selector.range_ms = range_ms;
		node->is.selector.range_expr = range_expr;
	} else {
		return kyi_parse_expected(parser, "] or : behind the duration");
	}
	if (node == NULL)
		return NULL;
	if (parser->token.kind != ']')
		return kyi_parse_expected(parser, "]");
	parser->lexer.mode = KYI_LEX_NORMAL;
	kyi_parse_next(parser);
	return node;
}

struct kyi_node *
kyi_parse_behind(struct kyi_parser *parser, struct kyi_node *node)
{
	for (;;) {
		bool sound = true;

		if (parser->token.kind == '[') {
			node = brackets(parser, node);
			if (node == NULL)
				return NULL;
		} else if (parser->token.kind == '@') {
			sound = at_sign(parser, node);
		} else if (kyi_parse_is_word(parser, "offset")) {
			sound = offset(parser, node);
		} else if (kyi_parse_is_word(parser, "anchored") ||
		    kyi_parse_is_word(parser, "smoothed")) {
			return kyi_parse_fail(parser, parser->token.from_bytes,
			    parser->token.to_bytes, "anchored and smoothed are "
			    "experiments of Prometheus that are not part of "
			    "kymo");
		} else {
			return parser->failed ? NULL : node;
		}
		if (!sound)
			return NULL;
		node->to_bytes = parser->behind_bytes;
	}
}
