/* SPDX-License-Identifier: MIT */
#include "reader/query/aggregate.h"

static const char *const names[] = { "sum", "avg", "count", "min", "max",
	"group", "stddev", "stdvar", "topk", "bottomk", "count_values",
	"quantile", "limitk", "limit_ratio" };

void
kyi_note_ignored(struct kyi_aggregation *of, const struct kyi_node *at)
{
	kyi_note(of->eval, KYI_NOTE_IGNORED, at, of->name, NULL);
}

const struct kymo_labels *
kyi_group_labels(struct kyi_aggregation *of, const struct kymo_labels *labels)
{
	bool without = of->node->is.aggregate.without;

	if (!without && of->node->is.aggregate.label_cnt == 0)
		return &kyi_no_labels;
	return kyi_labels_pick(of->eval->arena, labels,
	    of->node->is.aggregate.labels, of->node->is.aggregate.label_cnt,
	    !without, without);
}

static int
group_rows(struct kyi_aggregation *of)
{
	const struct kyi_node *node = of->node;
	struct kyi_groups_of *groups = &of->groups;
	struct kyi_signature *signature = kyi_arena_get(of->eval->arena,
	    sizeof *signature);
	struct kyi_label_table table;

	groups->group = kyi_arena_get(of->eval->arena,
	    of->in.cnt * sizeof *groups->group);
	if (signature == NULL || groups->group == NULL)
		return kyi_eval_no_memory(of->eval);
	if (!node->is.aggregate.without && node->is.aggregate.label_cnt == 0) {
		groups->cnt = of->in.cnt > 0;
		groups->labels = of->in.labels;
		return 0;
	}
	*signature = (struct kyi_signature){ node->is.aggregate.labels,
	    node->is.aggregate.label_cnt, !node->is.aggregate.without, false };
	if (kyi_label_table_new(of->eval, &table, signature, of->in.cnt) != 0)
		return KYI_EVAL_FAILED;
	for (uint32_t row = 0; row < of->in.cnt; row++)
		groups->group[row] = kyi_label_table_at(&table,
		    of->in.labels[row]);
	groups->cnt = table.cnt;
	groups->labels = table.labels;
	return kyi_eval_work(of->eval, 60 * (uint64_t)of->in.cnt);
}

int
kyi_eval_aggregate(struct kyi_eval *eval, const struct kyi_node *node,
    const struct kyi_steps *steps, struct kyi_vectors *out)
{
	struct kyi_aggregation of = { .eval = eval, .node = node,
	    .name = names[node->is.aggregate.op] };
	double *param = NULL;

	if (node->is.aggregate.param != NULL &&
	    node->is.aggregate.op != KYI_AGG_COUNT_VALUES &&
	    kyi_eval_scalar(eval, node->is.aggregate.param, steps,
	    &param) != 0)
		return KYI_EVAL_FAILED;
	of.param = param;
	if (kyi_eval_vector(eval, node->is.aggregate.expr, steps, &of.in) != 0)
		return KYI_EVAL_FAILED;
	if (node->is.aggregate.op == KYI_AGG_COUNT_VALUES)
		return kyi_count_values(&of, out);
	if (group_rows(&of) != 0)
		return KYI_EVAL_FAILED;
	switch (node->is.aggregate.op) {
	case KYI_AGG_QUANTILE:
		return kyi_aggregate_quantile(&of, out);
	case KYI_AGG_TOPK:
	case KYI_AGG_BOTTOMK:
	case KYI_AGG_LIMITK:
	case KYI_AGG_LIMIT_RATIO:
		return kyi_aggregate_pick(&of, out);
	default:
		return kyi_aggregate_fold(&of, out);
	}
}
