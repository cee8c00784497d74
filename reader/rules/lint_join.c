/* SPDX-License-Identifier: MIT */
/* Joins that can find no partner: a label that has one value, or none, on the
   left, and another on the right. */
#include <string.h>

#include "reader/query/ast.h"
#include "reader/rules/lint.h"

#define EQUALS_MAX 16u

/* What is known of a vector's labels without looking at a sample. */
struct shape {
	bool limited; /* it has at most these labels */
	const char *const *labels;
	uint32_t label_cnt;
	const struct kymo_matcher *equal[EQUALS_MAX]; /* and these values */
	uint32_t equal_cnt;
};

struct join {
	void (*say)(void *of, const char *label, const char *left,
	    const char *right);
	void *of;
};

static struct shape visit(const struct join *join,
    const struct kyi_node *node);

static bool
is_listed(const char *const *labels, uint32_t cnt, const char *label)
{
	uint32_t i;

	for (i = 0; i < cnt; i++)
		if (strcmp(labels[i], label) == 0)
			return true;
	return false;
}

static struct shape
selector_shape(const struct kyi_node *node)
{
	struct shape shape = {.limited = false};
	uint32_t i;

	for (i = 0; i < node->is.selector.matcher_cnt; i++) {
		const struct kymo_matcher *matcher =
		    &node->is.selector.matchers[i];

		if (matcher->match == KYMO_MATCH_EQUAL &&
		    strcmp(matcher->key, KYMO_NAME_LABEL) != 0 &&
		    shape.equal_cnt < EQUALS_MAX)
			shape.equal[shape.equal_cnt++] = matcher;
	}
	return shape;
}

static struct shape
aggregate_shape(const struct join *join, const struct kyi_node *node)
{
	struct shape of = visit(join, node->is.aggregate.expr), shape = of;
	const char *const *labels = node->is.aggregate.labels;
	uint32_t cnt = node->is.aggregate.label_cnt, i;

	switch (node->is.aggregate.op) {
	case KYI_AGG_TOPK:
	case KYI_AGG_BOTTOMK:
	case KYI_AGG_LIMITK:
	case KYI_AGG_LIMIT_RATIO:
		return of;
	case KYI_AGG_COUNT_VALUES:
		return (struct shape){.limited = false};
	default:
		break;
	}
	shape.equal_cnt = 0;
	for (i = 0; i < of.equal_cnt; i++)
		if (is_listed(labels, cnt, of.equal[i]->key) !=
		    node->is.aggregate.without)
			shape.equal[shape.equal_cnt++] = of.equal[i];
	if (!node->is.aggregate.without) {
		shape.limited = true;
		shape.labels = labels;
		shape.label_cnt = cnt;
	}
	return shape;
}

static struct shape
call_shape(const struct join *join, const struct kyi_node *node)
{
	const char *name = node->is.call.function->name;
	struct shape shape = {.limited = false};
	uint32_t i;

	for (i = 0; i < node->is.call.arg_cnt; i++) {
		const struct kyi_node *arg = node->is.call.args[i];
		struct shape of = visit(join, arg);

		if (arg->type == KYMO_VALUE_VECTOR ||
		    arg->type == KYMO_VALUE_MATRIX)
			shape = of;
	}
	if (strcmp(name, "vector") == 0)
		shape.limited = true;
	else if (strncmp(name, "label_", 6) == 0 ||
	    strncmp(name, "absent", 6) == 0 ||
	    strncmp(name, "histogram_", 10) == 0 || strcmp(name, "info") == 0)
		shape = (struct shape){.limited = false};
	return shape;
}

/* What a label surely is: its value, "" where the side lacks it; NULL where
   nobody can say. present: it surely is something. */
static const char *
known(const struct shape *shape, const char *label, bool *present)
{
	uint32_t i;

	*present = false;
	for (i = 0; i < shape->equal_cnt; i++)
		if (strcmp(shape->equal[i]->key, label) == 0) {
			*present = shape->equal[i]->value[0] != '\0';
			return shape->equal[i]->value;
		}
	if (!shape->limited)
		return NULL;
	*present = is_listed(shape->labels, shape->label_cnt, label);
	return *present ? NULL : "";
}

static bool
differ(const struct join *join, const char *label, const struct shape *left,
    const struct shape *right)
{
	bool left_present, right_present;
	const char *l = known(left, label, &left_present);
	const char *r = known(right, label, &right_present);

	if ((l != NULL && r != NULL && strcmp(l, r) != 0) ||
	    (l == NULL && left_present && r != NULL && r[0] == '\0') ||
	    (r == NULL && right_present && l != NULL && l[0] == '\0')) {
		join->say(join->of, label, l, r);
		return true;
	}
	return false;
}

/* Each label that one of the sides says something of. */
static bool
sides_differ(const struct join *join, const struct kyi_matching *matching,
    const struct shape *left, const struct shape *right)
{
	const struct shape *sides[] = {left, right};
	uint32_t side, i;

	for (i = 0; matching->on && i < matching->label_cnt; i++)
		if (differ(join, matching->labels[i], left, right))
			return true;
	for (side = 0; !matching->on && side < 2; side++) {
		const struct shape *of = sides[side];

		for (i = 0; i < of->label_cnt + of->equal_cnt; i++) {
			const char *label = i < of->label_cnt ? of->labels[i] :
			    of->equal[i - of->label_cnt]->key;

			if (!is_listed(matching->labels, matching->label_cnt,
			    label) && differ(join, label, left, right))
				return true;
		}
	}
	return false;
}

static struct shape
binary_shape(const struct join *join, const struct kyi_node *node)
{
	const struct kyi_matching *matching = node->is.binary.matching;
	struct shape left = visit(join, node->is.binary.left);
	struct shape right = visit(join, node->is.binary.right);
	enum kyi_op op = node->is.binary.op;

	if (matching == NULL)
		return node->is.binary.left->type == KYMO_VALUE_VECTOR ? left :
		    right;
	if (op == KYI_OP_OR)
		return (struct shape){.limited = false};
	if (op == KYI_OP_UNLESS)
		return left;
	if (sides_differ(join, matching, &left, &right))
		return (struct shape){.limited = false};
	if (op == KYI_OP_AND)
		return left;
	/* What a join gives is too much to say here but of the plainest. */
	return matching->card == KYI_ONE_TO_ONE && !matching->on &&
	    matching->label_cnt == 0 ? left : (struct shape){.limited = false};
}

static struct shape
visit(const struct join *join, const struct kyi_node *node)
{
	switch (node->kind) {
	case KYI_NODE_SELECTOR: return selector_shape(node);
	case KYI_NODE_SUBQUERY: return visit(join, node->is.subquery.expr);
	case KYI_NODE_UNARY: return visit(join, node->is.unary.expr);
	case KYI_NODE_PAREN: return visit(join, node->is.paren.expr);
	case KYI_NODE_AGGREGATE: return aggregate_shape(join, node);
	case KYI_NODE_CALL: return call_shape(join, node);
	case KYI_NODE_BINARY: return binary_shape(join, node);
	default: return (struct shape){.limited = false};
	}
}

void
kyi_lint_joins(const struct kymo_query *query,
    void (*say)(void *of, const char *label, const char *left,
    const char *right), void *of)
{
	struct join join = {say, of};

	visit(&join, query->root);
}
