/* SPDX-License-Identifier: MIT */
/* What an expression compares with what. */
#include <stdio.h>
#include <string.h>

#include "reader/notify/context_private.h"
#include "reader/query/ast.h"

static bool
compares(const struct kyi_node *node)
{
	return node->kind == KYI_NODE_BINARY && !node->is.binary.return_bool &&
	    node->is.binary.op >= KYI_OP_EQL && node->is.binary.op <= KYI_OP_LTE;
}

/* What a value comes from: "and" and "unless" give their left side's. */
static const struct kyi_node *
bare(const struct kyi_node *node)
{
	for (;;) {
		if (node->kind == KYI_NODE_PAREN)
			node = node->is.paren.expr;
		else if (node->kind == KYI_NODE_BINARY &&
		    (node->is.binary.op == KYI_OP_AND ||
		    node->is.binary.op == KYI_OP_UNLESS))
			node = node->is.binary.left;
		else
			return node;
	}
}

static bool
is_fixed(const struct kyi_node *node)
{
	switch (node->kind) {
	case KYI_NODE_NUMBER:
		return true;
	case KYI_NODE_UNARY:
		return is_fixed(node->is.unary.expr);
	case KYI_NODE_PAREN:
		return is_fixed(node->is.paren.expr);
	case KYI_NODE_BINARY:
		return is_fixed(node->is.binary.left) &&
		    is_fixed(node->is.binary.right);
	default:
		return false;
	}
}

/* Both are series: only where they find each other by all their labels. */
static bool
agrees(const struct kyi_node *node)
{
	const struct kyi_matching *matching = node->is.binary.matching;

	return matching == NULL || (matching->card == KYI_ONE_TO_ONE &&
	    !matching->on && matching->label_cnt == 0);
}

/* ---- units ------------------------------------------------------------------------- */

static const char *
name_of(const struct kyi_node *node)
{
	uint32_t i;

	for (i = 0; i < node->is.selector.matcher_cnt; i++)
		if (node->is.selector.matchers[i].match == KYMO_MATCH_EQUAL &&
		    strcmp(node->is.selector.matchers[i].key,
		    KYMO_NAME_LABEL) == 0)
			return node->is.selector.matchers[i].value;
	return "";
}

/* Functions whose value has the unit of what they look at, and those that give
   so much a second. */
static bool
call_keeps(const char *name, const char **suffix)
{
	static const char *const keep[] = {"avg_over_time", "min_over_time",
	    "max_over_time", "last_over_time", "first_over_time",
	    "quantile_over_time", "stddev_over_time", "increase", "delta",
	    "idelta", "abs", "histogram_quantile", "histogram_avg"};
	static const char *const each[] = {"rate", "irate", "deriv"};
	size_t i;

	for (i = 0; i < sizeof(keep) / sizeof(keep[0]); i++)
		if (strcmp(name, keep[i]) == 0)
			return true;
	for (i = 0; i < sizeof(each) / sizeof(each[0]); i++)
		if (strcmp(name, each[i]) == 0) {
			*suffix = "/s";
			return true;
		}
	return false;
}

static bool
is_quantile(const struct kyi_node *node)
{
	return node->kind == KYI_NODE_CALL &&
	    (strcmp(node->is.call.function->name, "histogram_quantile") == 0 ||
	    strcmp(node->is.call.function->name, "histogram_avg") == 0);
}

static void
unit_read(struct kyi_said_expr *expr, const struct kyi_node *node)
{
	bool quantile = false;
	const char *name;

	expr->unit_suffix = "";
	for (node = bare(node); node->kind != KYI_NODE_SELECTOR;
	    node = bare(node)) {
		if (node->kind == KYI_NODE_CALL && node->is.call.arg_cnt > 0) {
			if (!call_keeps(node->is.call.function->name,
			    &expr->unit_suffix))
				return;
			quantile |= is_quantile(node);
			node = node->is.call.args[node->is.call.arg_cnt - 1];
		} else if (node->kind == KYI_NODE_AGGREGATE &&
		    node->is.aggregate.op != KYI_AGG_COUNT &&
		    node->is.aggregate.op != KYI_AGG_GROUP &&
		    node->is.aggregate.op != KYI_AGG_STDVAR &&
		    node->is.aggregate.op != KYI_AGG_COUNT_VALUES) {
			node = node->is.aggregate.expr;
		} else if (compares(node)) {
			node = node->is.binary.left;
		} else {
			return;
		}
	}
	name = name_of(node);
	/* How many there are has no unit, though the family has one. */
	if (!quantile && (strstr(name, "_bucket") != NULL ||
	    strstr(name, "_count") != NULL))
		return;
	if (quantile)
		expr->unit_suffix = "";
	snprintf(expr->unit_of, sizeof(expr->unit_of), "%s", name);
}

/* ---- sides ------------------------------------------------------------------------- */

void
kyi_expr_read(struct kyi_said_expr *expr, const struct kymo_query *query)
{
	const struct kyi_node *value = bare(query->root), *limit = NULL;
	uint32_t cnt = 0;

	memset(expr, 0, sizeof(*expr));
	expr->query = query;
	for (; compares(value); cnt++) {
		const struct kyi_node *left = value->is.binary.left;
		const struct kyi_node *right = value->is.binary.right;
		bool flipped = left->type == KYMO_VALUE_SCALAR &&
		    right->type != KYMO_VALUE_SCALAR;

		limit = flipped ? left : right;
		expr->limit_vector = limit->type == KYMO_VALUE_VECTOR;
		if (expr->limit_vector && !agrees(value))
			limit = NULL;
		value = bare(flipped ? right : left);
	}
	expr->value_from = value->from_bytes;
	expr->value_to = value->to_bytes;
	/* Two comparisons in a row: which of them is "the" threshold? */
	if (cnt == 1 && limit != NULL) {
		expr->limit_from = limit->from_bytes;
		expr->limit_to = limit->to_bytes;
		expr->limit_fixed = is_fixed(limit);
	}
	unit_read(expr, value);
}

/* ---- families ---------------------------------------------------------------------- */

static const struct kymo_history_family *
family_named(const struct kymo_history_families *families, const char *name,
    size_t name_bytes)
{
	uint32_t i;

	for (i = 0; i < families->cnt; i++)
		if (strlen(families->at[i].name) == name_bytes &&
		    memcmp(families->at[i].name, name, name_bytes) == 0)
			return &families->at[i];
	return NULL;
}

const struct kymo_history_family *
kyi_context_family(const struct kymo_history_families *families, const char *name)
{
	static const char *const ends[] = {"", "_total", "_bucket", "_count",
	    "_sum"};
	const struct kymo_history_family *family;
	size_t name_bytes = strlen(name), end_bytes, i;

	if (families == NULL)
		return NULL;
	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		end_bytes = strlen(ends[i]);
		if (name_bytes <= end_bytes ||
		    strcmp(name + name_bytes - end_bytes, ends[i]) != 0)
			continue;
		family = family_named(families, name, name_bytes - end_bytes);
		if (family != NULL)
			return family;
	}
	return NULL;
}
