/* SPDX-License-Identifier: MIT */
/* quantile and count_values: aggregations that need all values of a group. */
#include <stdlib.h>
#include <string.h>

#include "reader/query/aggregate.h"

/* NaN is less than all numbers. */
static int
by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	if (isnan(x) || isnan(y))
		return isnan(y) - isnan(x);
	return x < y ? -1 : x > y;
}

double
kyi_quantile(double q, double *values, size_t cnt)
{
	double rank, lower, upper, weight;

	if (cnt == 0 || isnan(q))
		return NAN;
	if (q < 0)
		return -INFINITY;
	if (q > 1)
		return INFINITY;
	qsort(values, cnt, sizeof *values, by_value);
	rank = q * (double)(cnt - 1);
	lower = fmax(0, floor(rank));
	upper = fmin((double)cnt - 1, lower + 1);
	weight = rank - floor(rank);
	return values[(size_t)lower] * (1 - weight) +
	    values[(size_t)upper] * weight;
}

static void
note_params(struct kyi_aggregation *of)
{
	for (uint32_t step = 0; step < of->in.steps; step++) {
		double q = of->param[step];
		char text[KYI_NUMBER_BYTES];

		if (q >= 0 && q <= 1)
			continue;
		kyi_number_short(q, text);
		kyi_note(of->eval, KYI_NOTE_QUANTILE,
		    of->node->is.aggregate.param, text, NULL);
	}
}

struct gather { /* the values of a step, group by group */
	double *value;
	uint32_t *first, *cnt; /* by group: where its values start; how many */
};

static int
gather_new(struct kyi_aggregation *of, struct gather *gather)
{
	uint32_t at = 0;

	gather->value = kyi_arena_array(of->eval->arena, of->in.cnt,
	    sizeof *gather->value);
	gather->first = kyi_arena_get(of->eval->arena,
	    of->groups.cnt * sizeof *gather->first);
	gather->cnt = kyi_arena_get(of->eval->arena,
	    of->groups.cnt * sizeof *gather->cnt);
	if (gather->value == NULL || gather->first == NULL ||
	    gather->cnt == NULL)
		return kyi_eval_no_memory(of->eval);
	for (uint32_t row = 0; row < of->in.cnt; row++)
		gather->cnt[of->groups.group[row]]++;
	for (uint32_t group = 0; group < of->groups.cnt; group++) {
		gather->first[group] = at;
		at += gather->cnt[group];
	}
	return 0;
}

static void
quantile_step(struct kyi_aggregation *of, struct gather *gather, uint32_t step,
    struct kyi_vectors *out)
{
	memset(gather->cnt, 0, of->groups.cnt * sizeof *gather->cnt);
	for (uint32_t row = 0; row < of->in.cnt; row++) {
		size_t cell = (size_t)row * of->in.steps + step;
		uint32_t group = of->groups.group[row];

		if (!kyi_present(&of->in, cell))
			continue;
		if (kyi_hist_at(&of->in, cell) != NULL) {
			kyi_note_ignored(of, of->node->is.aggregate.expr);
			continue;
		}
		gather->value[gather->first[group] + gather->cnt[group]++] =
		    of->in.value[cell];
		out->drop_name[group] |= of->in.drop_name[row];
	}
	for (uint32_t group = 0; group < of->groups.cnt; group++)
		if (gather->cnt[group] > 0)
			out->value[(size_t)group * out->steps + step] =
			    kyi_quantile(of->param[step], gather->value +
			    gather->first[group], gather->cnt[group]);
}

int
kyi_aggregate_quantile(struct kyi_aggregation *of, struct kyi_vectors *out)
{
	struct gather gather;

	note_params(of);
	if (gather_new(of, &gather) != 0 || kyi_vectors_new(of->eval,
	    of->groups.cnt, of->in.steps, false, true, out) != 0)
		return KYI_EVAL_FAILED;
	for (uint32_t group = 0; group < of->groups.cnt; group++) {
		out->labels[group] = kyi_group_labels(of,
		    of->groups.labels[group]);
		if (out->labels[group] == NULL)
			return kyi_eval_no_memory(of->eval);
	}
	for (uint32_t step = 0; step < of->in.steps; step++) {
		quantile_step(of, &gather, step, out);
		if (kyi_eval_work(of->eval, 60 * (uint64_t)of->in.cnt) != 0)
			return KYI_EVAL_FAILED;
	}
	kyi_vectors_squeeze(out);
	return 0;
}

/* ---- count_values ------------------------------------------------------- */

static const char *
value_text(struct kyi_aggregation *of, size_t cell)
{
	const struct kymo_native_hist *hist = kyi_hist_at(&of->in, cell);
	char text[KYI_NUMBER_BYTES];
	struct kymo_buffer buffer = { 0 };
	const char *kept = NULL;

	if (hist == NULL) {
		kyi_number_plain(of->in.value[cell], text);
		return kyi_arena_text(of->eval->arena, text, strlen(text));
	}
	kyi_hist_text(hist, &buffer);
	if (!buffer.failed)
		kept = kyi_arena_text(of->eval->arena, buffer.at,
		    buffer.len_bytes);
	kymo_buffer_free(&buffer);
	return kept;
}

/* The group a value belongs to: the value is one of its labels. */
static const struct kymo_labels *
value_group(struct kyi_aggregation *of, uint32_t row, size_t cell)
{
	const struct kyi_node *node = of->node;
	const char *key = kyi_unwrapped(node->is.aggregate.param)->is.string;
	const char *text = value_text(of, cell);
	const struct kymo_labels *labels;

	if (text == NULL)
		return NULL;
	if (!node->is.aggregate.without) {
		labels = kyi_group_labels(of, of->in.labels[row]);
		return labels == NULL ? NULL :
		    kyi_labels_set(of->eval->arena, labels, key, text);
	}
	labels = kyi_labels_set(of->eval->arena, of->in.labels[row], key, text);
	return labels == NULL ? NULL : kyi_group_labels(of, labels);
}

/* By cell of the input, which group. Groups are as many as there are values. */
static int
place_values(struct kyi_aggregation *of, struct kyi_label_table *table,
    uint32_t *group)
{
	for (uint32_t row = 0; row < of->in.cnt; row++)
		for (uint32_t step = 0; step < of->in.steps; step++) {
			size_t cell = (size_t)row * of->in.steps + step;
			const struct kymo_labels *labels;

			if (!kyi_present(&of->in, cell))
				continue;
			/* Values often stay. */
			if (step > 0 && of->in.hist == NULL &&
			    of->in.value[cell] == of->in.value[cell - 1]) {
				group[cell] = group[cell - 1];
				continue;
			}
			labels = value_group(of, row, cell);
			if (labels == NULL)
				return kyi_eval_no_memory(of->eval);
			group[cell] = kyi_label_table_at(table, labels);
			if (kyi_eval_work(of->eval, 500) != 0)
				return KYI_EVAL_FAILED;
		}
	return 0;
}

int
kyi_count_values(struct kyi_aggregation *of, struct kyi_vectors *out)
{
	size_t cells = (size_t)of->in.cnt * of->in.steps;
	uint32_t *group = kyi_arena_array(of->eval->arena, cells,
	    sizeof *group);
	const struct kyi_node *key = kyi_unwrapped(of->node->is.aggregate.param);
	struct kyi_label_table table;

	if (kyi_check_label_name(of->eval, key, "invalid label name ",
	    true) != 0)
		return KYI_EVAL_FAILED;
	if (group == NULL || cells > UINT32_MAX / 4)
		return kyi_eval_no_memory(of->eval);
	if (kyi_label_table_new(of->eval, &table, NULL,
	    (uint32_t)cells) != 0 || place_values(of, &table, group) != 0 ||
	    kyi_vectors_new(of->eval, table.cnt, of->in.steps, false, true,
	    out) != 0)
		return KYI_EVAL_FAILED;
	memcpy(out->labels, table.labels, table.cnt * sizeof *table.labels);
	for (size_t cell = 0; cell < cells; cell++) {
		double *at;

		if (!kyi_present(&of->in, cell))
			continue;
		at = &out->value[(size_t)group[cell] * out->steps +
		    cell % out->steps];
		*at = kymo_is_stale(*at) ? 1 : *at + 1;
	}
	return 0;
}
