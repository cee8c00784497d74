/* SPDX-License-Identifier: MIT */
/* The order of a pass: whoever records before whoever reads that, and else as
   the files have it. */
#include <stdlib.h>
#include <string.h>

#include "reader/rules/engine.h"

struct named {
	const char *name;
	uint32_t idx;
};

struct order {
	struct kymo_rule_engine *engine;
	struct named *names; /* of recording rules, sorted */
	uint32_t name_cnt;
	/* Who reads whom: edges of writer i are edge[first[i]].. */
	struct edge {
		uint32_t writer, reader;
	} *edges;
	uint32_t edge_cnt, edge_room;
	uint32_t reader; /* whose selectors are looked at */
	bool failed;
};

static int
named_compare(const void *a, const void *b)
{
	const struct named *left = a, *right = b;
	int c = strcmp(left->name, right->name);

	return c != 0 ? c : (left->idx > right->idx) - (left->idx < right->idx);
}

static int
edge_compare(const void *a, const void *b)
{
	const struct edge *left = a, *right = b;

	if (left->writer != right->writer)
		return left->writer < right->writer ? -1 : 1;
	return (left->reader > right->reader) - (left->reader < right->reader);
}

/* ---- edges ------------------------------------------------------------------------ */

static void
edge_add(struct order *order, uint32_t writer)
{
	struct edge *edges;
	uint32_t room = order->edge_room == 0 ? 64 : order->edge_room * 2;

	if (writer == order->reader || order->failed)
		return;
	if (order->edge_cnt == order->edge_room) {
		edges = reallocarray(order->edges, room, sizeof(*edges));
		if (edges == NULL) {
			order->failed = true;
			return;
		}
		order->edges = edges;
		order->edge_room = room;
	}
	order->edges[order->edge_cnt++] = (struct edge){writer, order->reader};
}

/* What is known of a rule's series before it is evaluated: its name and the
   labels that are no templates. */
static bool
may_match(const struct kyi_rule_run *run, const struct kymo_matcher *matcher,
    const char *name)
{
	uint32_t i;

	if (strcmp(matcher->key, KYMO_NAME_LABEL) == 0)
		return kymo_matcher_match(matcher, name);
	if (run->rule->is_alert && strcmp(matcher->key, "alertname") == 0)
		return kymo_matcher_match(matcher, run->rule->name);
	for (i = 0; i < run->label_cnt; i++)
		if (strcmp(matcher->key, run->labels[i].key) == 0)
			return run->labels[i].template_ != NULL ||
			    kymo_matcher_match(matcher, run->labels[i].value);
	return true;
}

static void
edge_if(struct order *order, uint32_t writer, const char *name,
    const struct kymo_query_selector *selector)
{
	uint32_t i;

	for (i = 0; i < selector->matcher_cnt; i++)
		if (!may_match(&order->engine->runs[writer],
		    &selector->matchers[i], name))
			return;
	edge_add(order, writer);
}

static int
selector_edges(void *to, const struct kymo_query_selector *selector)
{
	struct order *order = to;
	const char *name = NULL;
	uint32_t low = 0, high = order->name_cnt, i;

	for (i = 0; i < selector->matcher_cnt; i++)
		if (selector->matchers[i].match == KYMO_MATCH_EQUAL &&
		    strcmp(selector->matchers[i].key, KYMO_NAME_LABEL) == 0)
			name = selector->matchers[i].value;
	while (name != NULL && low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (strcmp(order->names[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < order->name_cnt && (name == NULL ||
	    strcmp(order->names[low].name, name) == 0); low++)
		edge_if(order, order->names[low].idx, order->names[low].name,
		    selector);
	if (name != NULL && strncmp(name, "ALERTS", 6) != 0)
		return 0;
	for (i = 0; i < order->engine->run_cnt; i++)
		if (order->engine->runs[i].rule->is_alert)
			edge_if(order, i, name == NULL ? "ALERTS" : name,
			    selector);
	return 0;
}

static void
depends_edges(struct order *order, const struct kymo_rule *rule)
{
	uint32_t i, k;

	for (i = 0; i < rule->depends_cnt; i++)
		for (k = 0; k < order->engine->run_cnt; k++)
			if (order->engine->runs[k].rule->is_alert &&
			    strcmp(order->engine->runs[k].rule->name,
			    rule->depends_on[i]) == 0)
				edge_add(order, k);
}

static int
edges_find(struct order *order)
{
	struct kymo_rule_engine *engine = order->engine;
	uint32_t i, kept = 0;

	order->names = calloc(engine->run_cnt + 1, sizeof(order->names[0]));
	if (order->names == NULL)
		return -1;
	for (i = 0; i < engine->run_cnt; i++)
		if (!engine->runs[i].rule->is_alert)
			order->names[order->name_cnt++] = (struct named){
			    engine->runs[i].rule->name, i};
	qsort(order->names, order->name_cnt, sizeof(order->names[0]),
	    named_compare);
	for (i = 0; i < engine->run_cnt; i++) {
		const struct kymo_rule *rule = engine->runs[i].rule;

		order->reader = i;
		kymo_query_selectors(rule->query, selector_edges, order);
		if (rule->resolve_query != NULL)
			kymo_query_selectors(rule->resolve_query,
			    selector_edges, order);
		depends_edges(order, rule);
	}
	if (order->edge_cnt > 0)
		qsort(order->edges, order->edge_cnt, sizeof(order->edges[0]),
		    edge_compare);
	for (i = 0; i < order->edge_cnt; i++)
		if (i == 0 || edge_compare(&order->edges[i],
		    &order->edges[i - 1]) != 0)
			order->edges[kept++] = order->edges[i];
	order->edge_cnt = kept;
	return order->failed ? -1 : 0;
}

/* ---- sorting ---------------------------------------------------------------------- */

/* A heap of rules that wait for nobody, the first in the files on top. */
struct heap {
	uint32_t *at, cnt;
};

static void
heap_put(struct heap *heap, uint32_t idx)
{
	uint32_t i = heap->cnt++;

	for (; i > 0 && heap->at[(i - 1) / 2] > idx; i = (i - 1) / 2)
		heap->at[i] = heap->at[(i - 1) / 2];
	heap->at[i] = idx;
}

static uint32_t
heap_take(struct heap *heap)
{
	uint32_t top = heap->at[0], last = heap->at[--heap->cnt], i = 0, child;

	while ((child = 2 * i + 1) < heap->cnt) {
		if (child + 1 < heap->cnt &&
		    heap->at[child + 1] < heap->at[child])
			child++;
		if (heap->at[child] >= last)
			break;
		heap->at[i] = heap->at[child];
		i = child;
	}
	heap->at[i] = last;
	return top;
}

static void
cycle_say(const struct kymo_rule_engine *engine, const struct order *order,
    const uint32_t *wait_cnt, uint32_t first,
    const struct kymo_rule_faults *faults)
{
	const struct kyi_rule_run *run = &engine->runs[first];
	struct kymo_error error;
	uint32_t i;

	/* Whom it waits for, and who is not done: one of the circle. */
	for (i = 0; i < order->edge_cnt; i++)
		if (order->edges[i].reader == first &&
		    wait_cnt[order->edges[i].writer] > 0)
			break;
	kymo_error_set(&error, "%s:%u:1: rule '%s' reads '%s', and that reads "
	    "it, maybe by others; '%s' is evaluated first and sees what was "
	    "recorded in the pass before", run->group->group->file,
	    run->rule->line, run->rule->name, i < order->edge_cnt ?
	    engine->runs[order->edges[i].writer].rule->name : "itself",
	    run->rule->name);
	faults->fault(faults->of, error.text);
}

static void
sort(struct order *order, uint32_t *wait_cnt, struct heap *heap,
    const struct kymo_rule_faults *faults)
{
	struct kymo_rule_engine *engine = order->engine;
	uint32_t done = 0, next = 0, i;
	uint32_t low, high;

	for (i = 0; i < order->edge_cnt; i++) {
		wait_cnt[order->edges[i].reader]++;
		engine->runs[order->edges[i].writer].has_readers = true;
	}
	for (i = 0; i < engine->run_cnt; i++)
		if (wait_cnt[i] == 0)
			heap_put(heap, i);
	while (done < engine->run_cnt) {
		if (heap->cnt == 0) {
			while (wait_cnt[next] == 0)
				next++;
			cycle_say(engine, order, wait_cnt, next, faults);
			wait_cnt[next] = 0;
			heap_put(heap, next);
		}
		i = heap_take(heap);
		engine->order[done++] = &engine->runs[i];
		for (low = 0, high = order->edge_cnt; low < high;) {
			uint32_t middle = low + (high - low) / 2;

			if (order->edges[middle].writer < i)
				low = middle + 1;
			else
				high = middle;
		}
		for (; low < order->edge_cnt && order->edges[low].writer == i;
		    low++) {
			uint32_t reader = order->edges[low].reader;

			if (wait_cnt[reader] > 0 && --wait_cnt[reader] == 0)
				heap_put(heap, reader);
		}
	}
}

/* As promtool has it: a group that is not named is as the first that is. */
static uint32_t
group_rank(const struct kymo_rule_engine *engine,
    const struct kyi_rule_run *run)
{
	const struct kymo_rule_options *options = &engine->options;
	uint32_t i;

	for (i = 0; i < options->group_order_cnt; i++)
		if (strcmp(options->group_order[i],
		    run->group->group->name) == 0)
			return i;
	return 0;
}

static void
as_written(struct kymo_rule_engine *engine)
{
	uint32_t rank, done = 0, i;

	for (rank = 0; rank == 0 || rank < engine->options.group_order_cnt;
	    rank++)
		for (i = 0; i < engine->run_cnt; i++)
			if (group_rank(engine, &engine->runs[i]) == rank) {
				engine->order[done++] = &engine->runs[i];
				engine->runs[i].has_readers = true;
			}
}

int
kyi_order(struct kymo_rule_engine *engine,
    const struct kymo_rule_faults *faults)
{
	struct order order = {.engine = engine};
	uint32_t *wait_cnt = calloc(engine->run_cnt + 1, sizeof(*wait_cnt));
	struct heap heap = {calloc(engine->run_cnt + 1, sizeof(*heap.at)), 0};
	int result = wait_cnt == NULL || heap.at == NULL ? -1 :
	    edges_find(&order);

	if (result == 0 && !engine->options.as_written)
		sort(&order, wait_cnt, &heap, faults);
	else if (result == 0)
		as_written(engine);
	free(order.names);
	free(order.edges);
	free(wait_cnt);
	free(heap.at);
	return result;
}
