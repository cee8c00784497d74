/* SPDX-License-Identifier: MIT */
/* Aggregations that fold the values of a group into one. */
#include <string.h>

#include "reader/query/aggregate.h"
#include "reader/query/sum.h"

struct fold { /* a group, at a step */
	struct kyi_mean mean; /* sum and avg */
	double value, cnt, average;
	struct kyi_hist_mean hist;
	bool seen, has_float, has_hist, mixed_schemas, drop_name;
};

static int
add_hist(struct kyi_aggregation *of, struct fold *fold,
    const struct kymo_native_hist *hist, uint32_t row)
{
	bool is_mean = of->node->is.aggregate.op == KYI_AGG_AVG;

	fold->has_hist = true;
	if (fold->mixed_schemas || fold->has_float)
		return 0;
	switch (kyi_hist_mean_add(of->eval->arena, &fold->hist, hist,
	    is_mean)) {
	case KYI_HIST_NO_MEMORY:
		return kyi_eval_no_memory(of->eval);
	case KYI_HIST_MIXED:
		kyi_note(of->eval, KYI_NOTE_SCHEMAS,
		    of->node->is.aggregate.expr, "", of->in.labels[row]);
		fold->mixed_schemas = true;
		return 0;
	default:
		return 0;
	}
}

static void
add_float(enum kyi_agg op, struct fold *fold, double value)
{
	double off;

	switch (op) {
	case KYI_AGG_SUM:
		kyi_sum_add(&fold->mean.sum, value);
		break;
	case KYI_AGG_AVG:
		kyi_mean_add(&fold->mean, value);
		break;
	case KYI_AGG_MIN:
		if (fold->cnt == 0 || value < fold->value ||
		    isnan(fold->value))
			fold->value = value;
		break;
	case KYI_AGG_MAX:
		if (fold->cnt == 0 || value > fold->value ||
		    isnan(fold->value))
			fold->value = value;
		break;
	default: /* stddev, stdvar */
		off = value - fold->average;
		if (fold->cnt == 0) {
			fold->average = value;
			fold->value = isfinite(value) ? 0 : NAN;
		} else {
			fold->average += off / (fold->cnt + 1);
			fold->value += off * (value - fold->average);
		}
		break;
	}
	fold->cnt++;
	fold->has_float = true;
}

static int
add_cell(struct kyi_aggregation *of, struct fold *fold, uint32_t row,
    size_t cell)
{
	enum kyi_agg op = of->node->is.aggregate.op;
	const struct kymo_native_hist *hist = kyi_hist_at(&of->in, cell);

	if (op == KYI_AGG_COUNT || op == KYI_AGG_GROUP) {
		fold->cnt++;
	} else if (hist == NULL) {
		add_float(op, fold, of->in.value[cell]);
	} else if (op == KYI_AGG_SUM || op == KYI_AGG_AVG) {
		if (add_hist(of, fold, hist, row) != 0)
			return KYI_EVAL_FAILED;
	} else {
		kyi_note_ignored(of, of->node->is.aggregate.expr);
		return 0;
	}
	fold->seen = true;
	fold->drop_name |= of->in.drop_name[row];
	return 0;
}

/* 1: a value. */
static int
end_hist(struct kyi_aggregation *of, struct fold *fold,
    const struct kymo_native_hist **hist)
{
	const struct kyi_node *at = of->node->is.aggregate.expr;
	struct kymo_native_hist *sum;

	if (fold->has_float) {
		kyi_note(of->eval, KYI_NOTE_MIX_AGGREGATED, at, "", NULL);
		return 0;
	}
	if (fold->mixed_schemas)
		return 0;
	if (fold->hist.reset_seen && fold->hist.no_reset_seen)
		kyi_note(of->eval, KYI_NOTE_COLLISION, at, "aggregation",
		    NULL);
	if (fold->hist.reconciled)
		kyi_note(of->eval, KYI_NOTE_RECONCILED, at, "aggregation",
		    NULL);
	sum = kyi_hist_mean_get(&fold->hist,
	    of->node->is.aggregate.op == KYI_AGG_AVG);
	kyi_hist_compact(sum);
	*hist = sum;
	return 1;
}

static double
end_float(enum kyi_agg op, const struct fold *fold)
{
	switch (op) {
	case KYI_AGG_SUM:
		return kyi_sum_get(fold->mean.sum);
	case KYI_AGG_AVG:
		return kyi_mean_get(&fold->mean);
	case KYI_AGG_COUNT:
		return fold->cnt;
	case KYI_AGG_GROUP:
		return 1;
	case KYI_AGG_STDVAR:
		return fold->value / fold->cnt;
	case KYI_AGG_STDDEV:
		return sqrt(fold->value / fold->cnt);
	default:
		return fold->value;
	}
}

static int
end_group(struct kyi_aggregation *of, struct fold *fold, uint32_t group,
    uint32_t step, struct kyi_vectors *out)
{
	size_t cell = (size_t)group * out->steps + step;
	const struct kymo_native_hist *hist = NULL;

	if (!fold->seen)
		return 0;
	out->drop_name[group] = fold->drop_name;
	if (!fold->has_hist) {
		out->value[cell] = end_float(of->node->is.aggregate.op, fold);
		return 0;
	}
	if (end_hist(of, fold, &hist) == 0)
		return 0;
	if (kyi_vectors_hist(of->eval, out) != 0)
		return KYI_EVAL_FAILED;
	out->hist[cell] = hist;
	out->value[cell] = 0;
	return 0;
}

static int
fold_step(struct kyi_aggregation *of, struct fold *folds, uint32_t step,
    struct kyi_vectors *out)
{
	memset(folds, 0, of->groups.cnt * sizeof *folds);
	for (uint32_t row = 0; row < of->in.cnt; row++) {
		size_t cell = (size_t)row * of->in.steps + step;

		if (kyi_present(&of->in, cell) && add_cell(of,
		    &folds[of->groups.group[row]], row, cell) != 0)
			return KYI_EVAL_FAILED;
	}
	for (uint32_t group = 0; group < of->groups.cnt; group++)
		if (end_group(of, &folds[group], group, step, out) != 0)
			return KYI_EVAL_FAILED;
	return kyi_eval_work(of->eval, 10 * (uint64_t)of->in.cnt);
}

int
kyi_aggregate_fold(struct kyi_aggregation *of, struct kyi_vectors *out)
{
	uint32_t cnt = of->groups.cnt;
	struct fold *folds = kyi_arena_array(of->eval->arena, cnt,
	    sizeof *folds);

	if (folds == NULL)
		return kyi_eval_no_memory(of->eval);
	if (kyi_vectors_new(of->eval, cnt, of->in.steps, false, true, out) != 0)
		return KYI_EVAL_FAILED;
	for (uint32_t group = 0; group < cnt; group++) {
		out->labels[group] = kyi_group_labels(of,
		    of->groups.labels[group]);
		if (out->labels[group] == NULL)
			return kyi_eval_no_memory(of->eval);
	}
	for (uint32_t step = 0; step < of->in.steps; step++)
		if (fold_step(of, folds, step, out) != 0)
			return KYI_EVAL_FAILED;
	kyi_vectors_squeeze(out);
	return 0;
}
