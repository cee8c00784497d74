/* SPDX-License-Identifier: MIT */
/* Expressions, by precedence climbing. */
#include <string.h>
#include <strings.h>

#include "reader/query/parse.h"

/* How tight operators bind. Of ^ the right one goes first, of the others the
   left one. */
enum { TIGHT_OR = 1, TIGHT_AND, TIGHT_COMPARE, TIGHT_ADD, TIGHT_MUL, TIGHT_POW };

static const struct operator {
	int token; /* 0: a word */
	enum kyi_op op;
	int tight;
	const char *name;
} operators[] = {
	{ '+', KYI_OP_ADD, TIGHT_ADD, "+" },
	{ '-', KYI_OP_SUB, TIGHT_ADD, "-" },
	{ '*', KYI_OP_MUL, TIGHT_MUL, "*" },
	{ '/', KYI_OP_DIV, TIGHT_MUL, "/" },
	{ '%', KYI_OP_MOD, TIGHT_MUL, "%" },
	{ '^', KYI_OP_POW, TIGHT_POW, "^" },
	{ 0, KYI_OP_ATAN2, TIGHT_MUL, "atan2" },
	{ KYI_TOKEN_EQL, KYI_OP_EQL, TIGHT_COMPARE, "==" },
	{ KYI_TOKEN_NEQ, KYI_OP_NEQ, TIGHT_COMPARE, "!=" },
	{ '>', KYI_OP_GTR, TIGHT_COMPARE, ">" },
	{ '<', KYI_OP_LSS, TIGHT_COMPARE, "<" },
	{ KYI_TOKEN_GTE, KYI_OP_GTE, TIGHT_COMPARE, ">=" },
	{ KYI_TOKEN_LTE, KYI_OP_LTE, TIGHT_COMPARE, "<=" },
	{ KYI_TOKEN_TRIM_BELOW, KYI_OP_TRIM_BELOW, TIGHT_COMPARE, "</" },
	{ KYI_TOKEN_TRIM_ABOVE, KYI_OP_TRIM_ABOVE, TIGHT_COMPARE, ">/" },
	{ 0, KYI_OP_AND, TIGHT_AND, "and" },
	{ 0, KYI_OP_OR, TIGHT_OR, "or" },
	{ 0, KYI_OP_UNLESS, TIGHT_AND, "unless" },
};
#define OPERATOR_CNT (sizeof operators / sizeof operators[0])

/* Words that are no metric's name where an expression begins. */
static const char *const reserved[] = { "atan2", "bool", "on", "ignoring",
	"group_left", "group_right" };

static struct kyi_node *climb(struct kyi_parser *parser, int tight);

const char *
kyi_op_name(enum kyi_op op)
{
	for (size_t i = 0; i < OPERATOR_CNT; i++)
		if (operators[i].op == op)
			return operators[i].name;
	return "";
}

static const struct operator *
operator_at(const struct kyi_parser *parser)
{
	for (size_t i = 0; i < OPERATOR_CNT; i++)
		if (operators[i].token != 0 ?
		    parser->token.kind == operators[i].token :
		    kyi_parse_is_word(parser, operators[i].name))
			return &operators[i];
	return NULL;
}

/* ---- what stands between operators --------------------------------------- */

static struct kyi_node *
number(struct kyi_parser *parser)
{
	struct kyi_token token = parser->token;
	struct kyi_node *node;

	kyi_parse_next(parser);
	node = kyi_parse_node(parser, KYI_NODE_NUMBER, KYMO_VALUE_SCALAR,
	    token.from_bytes);
	if (node == NULL)
		return NULL;
	node->is.number = token.number;
	node->is_duration = token.kind == KYI_TOKEN_DURATION;
	return node;
}

static struct kyi_node *
string(struct kyi_parser *parser)
{
	struct kyi_token token = parser->token;
	struct kyi_node *node;

	kyi_parse_next(parser);
	node = kyi_parse_node(parser, KYI_NODE_STRING, KYMO_VALUE_STRING,
	    token.from_bytes);
	if (node != NULL)
		node->is.string = token.text;
	return node;
}

static struct kyi_node *
paren(struct kyi_parser *parser)
{
	uint32_t from_bytes = parser->token.from_bytes;
	struct kyi_node *inner, *node;

	kyi_parse_next(parser);
	inner = kyi_parse_expr(parser);
	if (inner == NULL)
		return NULL;
	if (parser->token.kind == KYI_TOKEN_END)
		return kyi_parse_fail(parser, from_bytes, from_bytes + 1,
		    "this ( has no )");
	if (!kyi_parse_skip(parser, ')', "an operator or )"))
		return NULL;
	node = kyi_parse_node(parser, KYI_NODE_PAREN, inner->type, from_bytes);
	if (node == NULL || !kyi_parse_below(parser, node, inner))
		return NULL;
	node->is.paren.expr = inner;
	return node;
}

/* A sign binds as * does: -2^3 is -(2^3), -2*3 is (-2)*3. */
static struct kyi_node *
sign(struct kyi_parser *parser)
{
	struct kyi_token token = parser->token;
	struct kyi_node *inner, *node;

	kyi_parse_next(parser);
	inner = climb(parser, TIGHT_POW);
	if (inner == NULL)
		return NULL;
	if (inner->type != KYMO_VALUE_SCALAR &&
	    inner->type != KYMO_VALUE_VECTOR)
		return kyi_parse_fail(parser, inner->from_bytes,
		    inner->to_bytes, "a %c goes before a number or an instant "
		    "vector, this is %s", token.kind,
		    kyi_type_name(inner->type));
	if (inner->kind == KYI_NODE_NUMBER) {
		if (token.kind == '-')
			inner->is.number = -inner->is.number;
		inner->from_bytes = token.from_bytes;
		return inner;
	}
	if (token.kind == '+')
		return inner;
	node = kyi_parse_node(parser, KYI_NODE_UNARY, inner->type,
	    token.from_bytes);
	if (node == NULL || !kyi_parse_below(parser, node, inner))
		return NULL;
	node->is.unary.expr = inner;
	return node;
}

static struct kyi_node *
named(struct kyi_parser *parser)
{
	struct kyi_token name = parser->token;
	struct kyi_node *node;

	for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++)
		if (strcasecmp(name.text, reserved[i]) == 0)
			return kyi_parse_expected(parser, "an expression");
	kyi_parse_next(parser);
	node = kyi_parse_aggregate(parser, &name);
	if (node != NULL || parser->failed)
		return node;
	if (parser->token.kind == '(')
		return kyi_parse_call(parser, &name);
	return kyi_parse_selector(parser, &name);
}

static struct kyi_node *
operand(struct kyi_parser *parser)
{
	switch (parser->token.kind) {
	case KYI_TOKEN_NUMBER:
	case KYI_TOKEN_DURATION:
		return number(parser);
	case KYI_TOKEN_STRING:
		return string(parser);
	case KYI_TOKEN_NAME:
		return named(parser);
	case '(':
		return paren(parser);
	case '{':
		return kyi_parse_selector(parser, NULL);
	default:
		return kyi_parse_expected(parser, "an expression");
	}
}

static struct kyi_node *
prefix(struct kyi_parser *parser)
{
	struct kyi_node *node;

	if (parser->failed)
		return NULL;
	if (++parser->nested_cnt > KYI_NESTED_MAX)
		return kyi_parse_fail(parser, parser->token.from_bytes,
		    parser->token.to_bytes, "nested more than %u deep",
		    KYI_NESTED_MAX);
	if (parser->token.kind == '+' || parser->token.kind == '-')
		node = sign(parser);
	else if ((node = operand(parser)) != NULL)
		node = kyi_parse_behind(parser, node);
	parser->nested_cnt--;
	return node;
}

/* ---- operators ----------------------------------------------------------- */

/* bool, on(..), ignoring(..), group_left(..), group_right(..) */
static bool
modifiers(struct kyi_parser *parser, struct kyi_node *node,
    struct kyi_matching *matching)
{
	bool on;

	if (kyi_parse_is_word(parser, "bool")) {
		node->is.binary.return_bool = true;
		kyi_parse_next(parser);
	}
	on = kyi_parse_is_word(parser, "on");
	if (!on && !kyi_parse_is_word(parser, "ignoring"))
		return true;
	kyi_parse_next(parser);
	matching->on = on;
	matching->labels = kyi_parse_labels(parser, on ? "on" : "ignoring",
	    &matching->label_cnt);
	if (kyi_parse_is_word(parser, "group_left"))
		matching->card = KYI_MANY_TO_ONE;
	else if (kyi_parse_is_word(parser, "group_right"))
		matching->card = KYI_ONE_TO_MANY;
	else
		return !parser->failed;
	kyi_parse_next(parser);
	if (parser->token.kind == '(')
		matching->include = kyi_parse_labels(parser, "group_left",
		    &matching->include_cnt);
	return !parser->failed;
}

/* Words of Prometheus' experiments are told apart from mistakes. */
static bool
experimental(struct kyi_parser *parser)
{
	static const char *const words[] = { "fill", "fill_left",
		"fill_right" };
	const char *at = parser->lexer.text + parser->token.to_bytes;

	for (size_t i = 0; i < 3; i++)
		if (kyi_parse_is_word(parser, words[i]) &&
		    at[strspn(at, " \t\r\n")] == '(') {
			kyi_parse_fail(parser, parser->token.from_bytes,
			    parser->token.to_bytes, "%s() is an experiment of "
			    "Prometheus that is not part of kymo", words[i]);
			return true;
		}
	return false;
}

static struct kyi_node *
binary(struct kyi_parser *parser, struct kyi_node *left,
    const struct operator *operator)
{
	struct kyi_matching *matching;
	struct kyi_node *node, *right;

	kyi_parse_next(parser);
	node = kyi_parse_node(parser, KYI_NODE_BINARY, KYMO_VALUE_VECTOR,
	    left->from_bytes);
	matching = kyi_arena_get(parser->query->arena, sizeof *matching);
	if (node == NULL || matching == NULL)
		return kyi_parse_no_memory(parser);
	if (!modifiers(parser, node, matching) || experimental(parser))
		return NULL;
	parser->nested_cnt += operator->op == KYI_OP_POW;
	right = climb(parser, operator->tight + (operator->op != KYI_OP_POW));
	parser->nested_cnt -= operator->op == KYI_OP_POW;
	if (right == NULL)
		return NULL;
	node->to_bytes = right->to_bytes;
	node->is.binary.op = operator->op;
	node->is.binary.left = left;
	node->is.binary.right = right;
	node->is.binary.matching = matching;
	if (left->type == KYMO_VALUE_SCALAR && right->type == KYMO_VALUE_SCALAR)
		node->type = KYMO_VALUE_SCALAR;
	if (!kyi_parse_below(parser, node, left) ||
	    !kyi_parse_below(parser, node, right))
		return NULL;
	return node;
}

/* An expression of operators that bind at least so tight. */
static struct kyi_node *
climb(struct kyi_parser *parser, int tight)
{
	struct kyi_node *node = prefix(parser);
	const struct operator *operator;

	while (node != NULL && (operator = operator_at(parser)) != NULL &&
	    operator->tight >= tight)
		node = binary(parser, node, operator);
	return node;
}

struct kyi_node *
kyi_parse_expr(struct kyi_parser *parser)
{
	return climb(parser, TIGHT_OR);
}
