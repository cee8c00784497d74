/* SPDX-License-Identifier: MIT */
/* What a query reads, and when. */
#include "reader/query/parse.h"

#define LOOKBACK_MS 300000

typedef int each_fn(void *to, const struct kymo_query_selector *selector);

/* The times at which a part of the query is asked: from .. to after the
   query's own time, or fixed ones. */
struct when {
	int64_t from_ms, to_ms;
	bool fixed;
	const char *function;
};

struct walk {
	each_fn *each;
	void *to;
};

static int visit(const struct walk *walk, const struct kyi_node *node,
    struct when when);

/* When what lies range_ms before is asked, with offset and @. */
static struct when
shifted(struct when when, const struct kyi_shift *shift, int64_t range_ms)
{
	if (shift->at != KYI_AT_NONE) {
		/* start() and end() of an instant query are its time. */
		when.fixed = shift->at == KYI_AT_TIME;
		when.from_ms = when.to_ms = when.fixed ? shift->at_ms : 0;
	}
	when.from_ms -= shift->offset_ms + range_ms;
	when.to_ms -= shift->offset_ms;
	return when;
}

static int
visit_selector(const struct walk *walk, const struct kyi_node *node,
    struct when when)
{
	struct kymo_query_selector selector = {
		.matchers = node->is.selector.matchers,
		.matcher_cnt = node->is.selector.matcher_cnt,
		.is_range = node->type == KYMO_VALUE_MATRIX,
		.function = when.function,
		.from_bytes = node->from_bytes,
		.to_bytes = node->to_bytes,
	};

	when = shifted(when, &node->is.selector.shift, selector.is_range ?
	    node->is.selector.range_ms : LOOKBACK_MS);
	selector.from_ms = when.from_ms;
	selector.to_ms = when.to_ms;
	selector.fixed = when.fixed;
	return walk->each(walk->to, &selector);
}

static int
visit_call(const struct walk *walk, const struct kyi_node *node,
    struct when when)
{
	int result = 0;

	when.function = node->is.call.function->name;
	for (uint32_t i = 0; i < node->is.call.arg_cnt && result == 0; i++)
		result = visit(walk, node->is.call.args[i], when);
	return result;
}

static int
visit_two(const struct walk *walk, const struct kyi_node *first,
    const struct kyi_node *second, struct when when)
{
	int result = first == NULL ? 0 : visit(walk, first, when);

	return result != 0 ? result : visit(walk, second, when);
}

static int
visit(const struct walk *walk, const struct kyi_node *node, struct when when)
{
	switch (node->kind) {
	case KYI_NODE_NUMBER:
	case KYI_NODE_STRING:
		return 0;
	case KYI_NODE_SELECTOR:
		return visit_selector(walk, node, when);
	case KYI_NODE_SUBQUERY:
		return visit(walk, node->is.subquery.expr, shifted(when,
		    &node->is.subquery.shift, node->is.subquery.range_ms));
	case KYI_NODE_UNARY:
		return visit(walk, node->is.unary.expr, when);
	case KYI_NODE_PAREN:
		return visit(walk, node->is.paren.expr, when);
	case KYI_NODE_BINARY:
		return visit_two(walk, node->is.binary.left,
		    node->is.binary.right, when);
	case KYI_NODE_AGGREGATE:
		return visit_two(walk, node->is.aggregate.param,
		    node->is.aggregate.expr, when);
	case KYI_NODE_CALL:
		return visit_call(walk, node, when);
	}
	return 0;
}

int
kymo_query_selectors(const struct kymo_query *query, each_fn *each, void *to)
{
	const struct walk walk = { each, to };

	return visit(&walk, query->root, (struct when){ .function = "" });
}
