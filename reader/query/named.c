/* SPDX-License-Identifier: MIT */
/* Labels that a query names besides matchers, and those it makes. */
#include "reader/query/eval.h"
#include "reader/query/functions.h"

typedef int each_fn(void *to, const struct kymo_query_label *label);

struct walk {
	each_fn *each;
	void *to;
	const struct kyi_node *node;
	const char *where;
};

static int visit(struct walk *walk, const struct kyi_node *node);

static int
tell(const struct walk *walk, const char *key, bool made)
{
	const struct kymo_query_label label = { .key = key,
	    .where = walk->where, .made = made,
	    .from_bytes = walk->node->from_bytes,
	    .to_bytes = walk->node->to_bytes };

	return walk->each(walk->to, &label);
}

static int
tell_all(struct walk *walk, const struct kyi_node *node, const char *where,
    const char *const *keys, uint32_t cnt)
{
	int result = 0;

	walk->node = node;
	walk->where = where;
	for (uint32_t i = 0; i < cnt && result == 0; i++)
		result = tell(walk, keys[i], false);
	return result;
}

static int
visit_binary(struct walk *walk, const struct kyi_node *node)
{
	const struct kyi_matching *matching = node->is.binary.matching;
	int result = 0;

	if (matching != NULL) {
		result = tell_all(walk, node, matching->on ? "on" :
		    "ignoring", matching->labels, matching->label_cnt);
		if (result == 0)
			result = tell_all(walk, node,
			    matching->card == KYI_ONE_TO_MANY ?
			    "group_right" : "group_left", matching->include,
			    matching->include_cnt);
	}
	if (result == 0)
		result = visit(walk, node->is.binary.left);
	return result != 0 ? result : visit(walk, node->is.binary.right);
}

static int
visit_aggregate(struct walk *walk, const struct kyi_node *node)
{
	const struct kyi_node *param = node->is.aggregate.param;
	int result = tell_all(walk, node, node->is.aggregate.without ?
	    "without" : "by", node->is.aggregate.labels,
	    node->is.aggregate.label_cnt);

	if (result == 0 && param != NULL) {
		walk->node = node;
		walk->where = "count_values";
		result = node->is.aggregate.op == KYI_AGG_COUNT_VALUES &&
		    kyi_unwrapped(param)->kind == KYI_NODE_STRING ?
		    tell(walk, kyi_unwrapped(param)->is.string, true) :
		    visit(walk, param);
	}
	return result != 0 ? result : visit(walk, node->is.aggregate.expr);
}

/* label_replace(v, made, _, named, _), label_join(v, made, _, named..) */
static int
visit_call(struct walk *walk, const struct kyi_node *node)
{
	unsigned id = node->is.call.function->id;
	bool labels = id == KYI_FN_LABEL_REPLACE || id == KYI_FN_LABEL_JOIN;
	int result = 0;

	for (uint32_t i = 0; i < node->is.call.arg_cnt && result == 0; i++) {
		const struct kyi_node *arg =
		    kyi_unwrapped(node->is.call.args[i]);

		walk->node = node;
		walk->where = node->is.call.function->name;
		if (labels && arg->kind == KYI_NODE_STRING) {
			if (i == 1 || i == 3 ||
			    (i > 3 && id == KYI_FN_LABEL_JOIN))
				result = tell(walk, arg->is.string, i == 1);
			continue;
		}
		result = visit(walk, arg);
	}
	return result;
}

static int
visit(struct walk *walk, const struct kyi_node *node)
{
	switch (node->kind) {
	case KYI_NODE_NUMBER:
	case KYI_NODE_STRING:
	case KYI_NODE_SELECTOR:
		return 0;
	case KYI_NODE_SUBQUERY:
		return visit(walk, node->is.subquery.expr);
	case KYI_NODE_UNARY:
		return visit(walk, node->is.unary.expr);
	case KYI_NODE_PAREN:
		return visit(walk, node->is.paren.expr);
	case KYI_NODE_BINARY:
		return visit_binary(walk, node);
	case KYI_NODE_AGGREGATE:
		return visit_aggregate(walk, node);
	case KYI_NODE_CALL:
		return visit_call(walk, node);
	}
	return 0;
}

int
kymo_query_labels(const struct kymo_query *query, each_fn *each, void *to)
{
	struct walk walk = { .each = each, .to = to };

	return visit(&walk, query->root);
}
