/* SPDX-License-Identifier: MIT */
/* What cannot be together: types of operands and arguments, counts, labels. */
#include <string.h>

#include "reader/query/functions.h"
#include "reader/query/parse.h"

const char *
kyi_type_name(enum kymo_value_kind type)
{
	static const char *const names[] = {
		[KYMO_VALUE_SCALAR] = "a scalar",
		[KYMO_VALUE_STRING] = "a string",
		[KYMO_VALUE_VECTOR] = "an instant vector",
		[KYMO_VALUE_MATRIX] = "a range vector",
	};

	return names[type];
}

static bool
fail_at(struct kyi_parser *parser, const struct kyi_node *node,
    const char *what)
{
	kyi_parse_fail(parser, node->from_bytes, node->to_bytes, "%s", what);
	return false;
}

/* What a person most likely left out or put in too much. */
static const char *
hint(enum kymo_value_kind wanted, enum kymo_value_kind found)
{
	if (wanted == KYMO_VALUE_MATRIX && found == KYMO_VALUE_VECTOR)
		return "; add a range such as [5m]";
	if (wanted == KYMO_VALUE_VECTOR && found == KYMO_VALUE_MATRIX)
		return "; leave out the range, or take rate() of it or the "
		    "like";
	if (wanted == KYMO_VALUE_VECTOR && found == KYMO_VALUE_SCALAR)
		return "; vector() makes one of a scalar";
	if (wanted == KYMO_VALUE_SCALAR && found == KYMO_VALUE_VECTOR)
		return "; scalar() makes one of a vector";
	return "";
}

/* ---- selectors ----------------------------------------------------------- */

static bool
has_name_outside(const struct kyi_parser *parser, const struct kyi_node *node)
{
	return parser->query->text[node->from_bytes] != '{';
}

static bool
check_selector(struct kyi_parser *parser, const struct kyi_node *node)
{
	const struct kymo_matcher *matchers = node->is.selector.matchers;
	uint32_t cnt = node->is.selector.matcher_cnt;

	if (!has_name_outside(parser, node)) {
		for (uint32_t i = 0; i < cnt; i++)
			if (!kymo_matcher_match(&matchers[i], ""))
				return true;
		return fail_at(parser, node, "a selector needs a matcher that "
		    "does not match the empty string, or it would read "
		    "everything");
	}
	for (uint32_t i = 1; i < cnt; i++)
		if (strcmp(matchers[i].key, KYMO_NAME_LABEL) == 0)
			return kyi_parse_fail(parser, node->from_bytes,
			    node->to_bytes, "the metric's name is given twice, "
			    "%.60s and %.60s", matchers[0].value,
			    matchers[i].value) != NULL;
	return true;
}

static bool
check_subquery(struct kyi_parser *parser, const struct kyi_node *node)
{
	const struct kyi_node *inner = node->is.subquery.expr;

	if (inner->type == KYMO_VALUE_VECTOR)
		return true;
	kyi_parse_fail(parser, inner->from_bytes, inner->to_bytes,
	    "a subquery is of an instant vector, this is %s",
	    kyi_type_name(inner->type));
	return false;
}

/* ---- operators ----------------------------------------------------------- */

static bool
is_comparison(enum kyi_op op)
{
	return op >= KYI_OP_EQL && op <= KYI_OP_LTE;
}

static bool
is_set(enum kyi_op op)
{
	return op >= KYI_OP_AND;
}

/* An error of the operator itself. */
static bool
fail_op(struct kyi_parser *parser, const struct kyi_node *node,
    const char *what)
{
	struct kyi_lexer lexer = parser->lexer;

	lexer.at_bytes = node->is.binary.left->to_bytes;
	kyi_lex_skip_blank(&lexer);
	kyi_parse_fail(parser, lexer.at_bytes,
	    node->is.binary.right->from_bytes, "%s %s",
	    kyi_op_name(node->is.binary.op), what);
	return false;
}

static bool
check_operand(struct kyi_parser *parser, const struct kyi_node *node,
    enum kyi_op op)
{
	if (node->type == KYMO_VALUE_SCALAR || node->type == KYMO_VALUE_VECTOR)
		return true;
	kyi_parse_fail(parser, node->from_bytes, node->to_bytes,
	    "%s is for scalars and instant vectors, this is %s",
	    kyi_op_name(op), kyi_type_name(node->type));
	return false;
}

/* A label is either matched on or brought along. */
static bool
check_labels(struct kyi_parser *parser, const struct kyi_node *node,
    const struct kyi_matching *matching)
{
	if (!matching->on)
		return true;
	for (uint32_t i = 0; i < matching->label_cnt; i++)
		for (uint32_t k = 0; k < matching->include_cnt; k++)
			if (strcmp(matching->labels[i],
			    matching->include[k]) == 0)
				return fail_op(parser, node, "has a label both "
				    "in on() and in group_left() or "
				    "group_right()");
	return true;
}

static bool
check_scalars(struct kyi_parser *parser, struct kyi_node *node,
    bool both_scalars)
{
	enum kyi_op op = node->is.binary.op;

	if (is_set(op))
		return fail_op(parser, node, "is for instant vectors on both "
		    "sides");
	if (is_comparison(op) && both_scalars && !node->is.binary.return_bool)
		return fail_op(parser, node, "needs bool behind it between two "
		    "scalars");
	if (node->is.binary.matching->label_cnt > 0)
		return fail_op(parser, node, "takes on() and ignoring() only "
		    "between two instant vectors");
	node->is.binary.matching = NULL;
	return true;
}

static bool
check_binary(struct kyi_parser *parser, struct kyi_node *node)
{
	const struct kyi_node *left = node->is.binary.left;
	const struct kyi_node *right = node->is.binary.right;
	struct kyi_matching *matching = node->is.binary.matching;
	enum kyi_op op = node->is.binary.op;

	if (!check_operand(parser, left, op) ||
	    !check_operand(parser, right, op) ||
	    !check_labels(parser, node, matching))
		return false;
	if (node->is.binary.return_bool && !is_comparison(op))
		return fail_op(parser, node, "takes no bool, which is for "
		    "comparisons");
	if (left->type != KYMO_VALUE_VECTOR ||
	    right->type != KYMO_VALUE_VECTOR)
		return check_scalars(parser, node, left->type == right->type);
	if (!is_set(op))
		return true;
	if (matching->card != KYI_ONE_TO_ONE)
		return fail_op(parser, node, "takes no group_left() or "
		    "group_right()");
	matching->card = KYI_MANY_TO_MANY;
	return true;
}

/* ---- calls --------------------------------------------------------------- */

static bool
check_aggregate(struct kyi_parser *parser, const struct kyi_node *node)
{
	const struct kyi_node *expr = node->is.aggregate.expr;
	const struct kyi_node *param = node->is.aggregate.param;
	enum kymo_value_kind wanted =
	    node->is.aggregate.op == KYI_AGG_COUNT_VALUES ?
	    KYMO_VALUE_STRING : KYMO_VALUE_SCALAR;
	const char *name = kyi_agg_name(node->is.aggregate.op);

	if (param != NULL && param->type != wanted)
		return kyi_parse_fail(parser, param->from_bytes,
		    param->to_bytes, "expected %s as parameter of %s(), found "
		    "%s%s", kyi_type_name(wanted), name,
		    kyi_type_name(param->type), hint(wanted, param->type)) !=
		    NULL;
	if (expr->type != KYMO_VALUE_VECTOR)
		return kyi_parse_fail(parser, expr->from_bytes,
		    expr->to_bytes, "expected an instant vector in %s(), found "
		    "%s%s", name, kyi_type_name(expr->type),
		    hint(KYMO_VALUE_VECTOR, expr->type)) != NULL;
	return true;
}

static bool
check_count(struct kyi_parser *parser, const struct kyi_node *node)
{
	const struct kyi_function *function = node->is.call.function;
	uint32_t cnt = node->is.call.arg_cnt;
	uint32_t min = function->arg_cnt - (function->variadic != 0);
	uint32_t max = function->variadic < 0 ? UINT32_MAX :
	    min + (uint32_t)function->variadic;
	const char *bound = cnt < min ? "at least " : "at most ";

	if (cnt >= min && cnt <= max)
		return true;
	kyi_parse_fail(parser, node->from_bytes, node->to_bytes,
	    "%s() takes %s%u argument%s, here are %u", function->name,
	    function->variadic == 0 ? "" : bound, cnt < min ? min : max,
	    (cnt < min ? min : max) == 1 ? "" : "s", cnt);
	return false;
}

static bool
check_argument(struct kyi_parser *parser, const struct kyi_node *node,
    uint32_t idx)
{
	const struct kyi_function *function = node->is.call.function;
	const struct kyi_node *arg = node->is.call.args[idx];
	enum kymo_value_kind wanted = function->args[
	    idx < function->arg_cnt ? idx : function->arg_cnt - 1u];

	if (arg->type == wanted)
		return true;
	kyi_parse_fail(parser, arg->from_bytes, arg->to_bytes,
	    "expected %s as argument %u of %s(), found %s%s",
	    kyi_type_name(wanted), idx + 1, function->name,
	    kyi_type_name(arg->type), hint(wanted, arg->type));
	return false;
}

/* The second argument of info() says which labels are wanted: any selector
   without a name, {} too. */
static bool
is_label_selector(const struct kyi_node *call, uint32_t idx)
{
	return call->is.call.function->id == KYI_FN_INFO && idx == 1;
}

static bool
check_label_selector(struct kyi_parser *parser, const struct kyi_node *node)
{
	if (node->kind == KYI_NODE_SELECTOR &&
	    node->type == KYMO_VALUE_VECTOR &&
	    !has_name_outside(parser, node))
		return true;
	return fail_at(parser, node, "the second argument of info() is a "
	    "selector of labels without a name, such as {version=~\".+\"}");
}

static bool
check_call(struct kyi_parser *parser, const struct kyi_node *node)
{
	if (!check_count(parser, node))
		return false;
	for (uint32_t i = 0; i < node->is.call.arg_cnt; i++) {
		struct kyi_node *arg = node->is.call.args[i];

		if (is_label_selector(node, i) ?
		    !check_label_selector(parser, arg) :
		    !kyi_check(parser, arg) ||
		    !check_argument(parser, node, i))
			return false;
	}
	return true;
}

/* ---- all ----------------------------------------------------------------- */

bool
kyi_check(struct kyi_parser *parser, struct kyi_node *node)
{
	switch (node->kind) {
	case KYI_NODE_NUMBER:
	case KYI_NODE_STRING:
		return true;
	case KYI_NODE_SELECTOR:
		return check_selector(parser, node);
	case KYI_NODE_SUBQUERY:
		return kyi_check(parser, node->is.subquery.expr) &&
		    check_subquery(parser, node);
	case KYI_NODE_UNARY:
		return kyi_check(parser, node->is.unary.expr);
	case KYI_NODE_PAREN:
		return kyi_check(parser, node->is.paren.expr);
	case KYI_NODE_BINARY:
		return kyi_check(parser, node->is.binary.left) &&
		    kyi_check(parser, node->is.binary.right) &&
		    check_binary(parser, node);
	case KYI_NODE_AGGREGATE:
		return (node->is.aggregate.param == NULL ||
		    kyi_check(parser, node->is.aggregate.param)) &&
		    kyi_check(parser, node->is.aggregate.expr) &&
		    check_aggregate(parser, node);
	case KYI_NODE_CALL:
		return check_call(parser, node);
	}
	return false;
}
