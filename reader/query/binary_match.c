/* SPDX-License-Identifier: MIT */
/* Arithmetic and comparison of two vectors: one-to-one, and with group_left or
   group_right many-to-one. */
#include <string.h>

#include "reader/query/binary.h"

struct match {
	struct kyi_eval *eval;
	const struct kyi_node *node;
	const struct kyi_matching *matching;
	/* many: the side whose rows make rows of the result; of one-to-one the
	   left. one: the other. */
	struct kyi_vectors *many, *one;
	const uint32_t *many_group, *one_group;
	bool swapped; /* many is the right side */
	uint32_t *one_row;  /* by group: the row of this step; else KYI_NOWHERE */
	uint32_t *hit_step; /* by group, one-to-one: step + 1 of the last match */
	struct kyi_label_table results;
	uint32_t *result_step; /* by result row: step + 1 of the last match */
	/* By row of many: the result row it last went to, and with which. */
	uint32_t *last_one, *last_result;
	struct kyi_vectors *out;
};

/* ---- labels ------------------------------------------------------------- */

/* As Prometheus writes label sets in errors. */
static void
put_labels(struct kymo_buffer *out, const struct kymo_labels *labels)
{
	kymo_buffer_char(out, '{');
	for (uint32_t i = 0; i < labels->cnt; i++)
		kymo_buffer_printf(out, "%s%s=\"%s\"", i == 0 ? "" : ", ",
		    labels->at[i].key, labels->at[i].value);
	kymo_buffer_char(out, '}');
}

static int
duplicate(const struct match *match, uint32_t first, uint32_t second)
{
	const struct kyi_matching *matching = match->matching;
	const struct kymo_labels *group = kyi_labels_pick(match->eval->arena,
	    match->one->labels[first], matching->labels, matching->label_cnt,
	    matching->on, true);
	const struct kymo_labels *a = match->one->labels[first];
	const struct kymo_labels *b = match->one->labels[second];
	bool in_order = kymo_labels_compare(a, b) <= 0;
	struct kymo_buffer text = { 0 };

	if (group == NULL)
		return kyi_eval_no_memory(match->eval);
	kymo_buffer_str(&text, "found duplicate series for the match group ");
	put_labels(&text, group);
	kymo_buffer_printf(&text, " on the %s hand-side of the operation: [",
	    match->swapped ? "left" : "right");
	put_labels(&text, in_order ? a : b);
	kymo_buffer_str(&text, ", ");
	put_labels(&text, in_order ? b : a);
	kymo_buffer_str(&text, "];many-to-many matching not allowed: matching "
	    "labels must be unique on one side");
	kyi_eval_error(match->eval, match->node, "%s",
	    text.failed ? "no memory" : text.at);
	kymo_buffer_free(&text);
	return KYI_EVAL_FAILED;
}

static const struct kymo_labels *
result_labels(const struct match *match, uint32_t many, uint32_t one)
{
	struct kyi_arena *arena = match->eval->arena;
	const struct kyi_matching *matching = match->matching;
	const struct kymo_labels *labels = match->many->labels[many];
	bool names_go = kyi_op_counts(match->node->is.binary.op);

	if (matching->card == KYI_ONE_TO_ONE) {
		if (matching->on) {
			labels = kyi_labels_pick(arena, labels,
			    matching->labels, matching->label_cnt, true,
			    false);
			if (labels == NULL || !names_go)
				return labels;
		}
		return kyi_labels_pick(arena, labels, matching->on ? NULL :
		    matching->labels, matching->on ? 0 : matching->label_cnt,
		    false, names_go);
	}
	if (names_go)
		labels = kyi_labels_no_name(arena, labels);
	for (uint32_t i = 0; i < matching->include_cnt && labels != NULL; i++)
		labels = kyi_labels_set(arena, labels, matching->include[i],
		    kymo_labels_get(match->one->labels[one],
		    matching->include[i]));
	return labels;
}

static int
result_row(struct match *match, uint32_t many, uint32_t one, uint32_t *row)
{
	const struct kymo_labels *labels;
	struct kyi_vectors *out = match->out;

	if (match->last_one[many] == one ||
	    (match->last_one[many] != KYI_NOWHERE &&
	    match->matching->include_cnt == 0)) {
		*row = match->last_result[many];
		return 0;
	}
	labels = result_labels(match, many, one);
	if (labels == NULL)
		return kyi_eval_no_memory(match->eval);
	*row = kyi_label_table_at(&match->results, labels);
	if (*row == out->cnt) {
		out->labels[out->cnt] = labels;
		/* Names that are to go later still do. */
		out->drop_name[out->cnt++] = match->node->is.binary.return_bool ||
		    (!kyi_op_counts(match->node->is.binary.op) &&
		    match->many->drop_name[many]);
	}
	match->last_one[many] = one;
	match->last_result[many] = *row;
	return 0;
}

/* ---- a step ------------------------------------------------------------- */

static bool
any_at(const struct kyi_vectors *of, uint32_t step)
{
	for (uint32_t row = 0; row < of->cnt; row++)
		if (kyi_present(of, (size_t)row * of->steps + step))
			return true;
	return false;
}

static int
index_one_side(struct match *match, uint32_t step, uint32_t group_cnt)
{
	memset(match->one_row, 0xff, group_cnt * sizeof *match->one_row);
	for (uint32_t row = 0; row < match->one->cnt; row++) {
		uint32_t *at = &match->one_row[match->one_group[row]];

		if (!kyi_present(match->one,
		    (size_t)row * match->one->steps + step))
			continue;
		if (*at != KYI_NOWHERE)
			return duplicate(match, *at, row);
		*at = row;
	}
	return 0;
}

static int
check_unique(struct match *match, uint32_t group, uint32_t row, uint32_t step)
{
	uint32_t *seen = match->matching->card == KYI_ONE_TO_ONE ?
	    &match->hit_step[group] : &match->result_step[row];

	if (*seen == step + 1)
		return kyi_eval_error(match->eval, match->node, "%s",
		    match->matching->card == KYI_ONE_TO_ONE ?
		    "multiple matches for labels: many-to-one matching must "
		    "be explicit (group_left/group_right)" :
		    "multiple matches for labels: grouping labels must ensure "
		    "unique matches");
	*seen = step + 1;
	return 0;
}

static int
put(struct match *match, uint32_t row, uint32_t step, int pair,
    const struct kyi_operand *result)
{
	size_t cell = (size_t)row * match->out->steps + step;
	bool as_bool = match->node->is.binary.return_bool;

	if (pair == KYI_PAIR_FALSE && !as_bool)
		return 0;
	if (kyi_present(match->out, cell))
		return kyi_eval_error(match->eval, match->node, "vector cannot "
		    "contain metrics with the same labelset");
	if (as_bool) {
		match->out->value[cell] = pair == KYI_PAIR_KEPT;
		return 0;
	}
	match->out->value[cell] = result->hist == NULL ? result->value : 0;
	if (result->hist == NULL)
		return 0;
	if (kyi_vectors_hist(match->eval, match->out) != 0)
		return KYI_EVAL_FAILED;
	match->out->hist[cell] = result->hist;
	return 0;
}

static int
match_row(struct match *match, uint32_t many, uint32_t step)
{
	uint32_t group = match->many_group[many], one, row = 0;
	size_t cell = (size_t)many * match->many->steps + step, one_cell;
	struct kyi_operand a, b, result = { 0, NULL };
	int pair;

	if (!kyi_present(match->many, cell))
		return 0;
	one = match->one_row[group];
	if (one == KYI_NOWHERE)
		return 0;
	one_cell = (size_t)one * match->one->steps + step;
	a = (struct kyi_operand){ match->many->value[cell],
	    kyi_hist_at(match->many, cell) };
	b = (struct kyi_operand){ match->one->value[one_cell],
	    kyi_hist_at(match->one, one_cell) };
	pair = match->swapped ? kyi_pair(match->eval, match->node, b, a,
	    &result) : kyi_pair(match->eval, match->node, a, b, &result);
	if (pair < 0 || pair == KYI_PAIR_NONE)
		return pair < 0 ? pair : 0;
	if (result_row(match, many, one, &row) != 0 ||
	    check_unique(match, group, row, step) != 0)
		return KYI_EVAL_FAILED;
	return put(match, row, step, pair, &result);
}

/* ---- all of them -------------------------------------------------------- */

/* How many rows there may be. With labels of the one side, which may change
   from step to step, a row goes to as many as its group has there. */
static int
room_for(struct match *match, uint32_t group_cnt, size_t *room)
{
	uint32_t *in_group;

	*room = match->many->cnt;
	if (match->matching->include_cnt == 0 || match->out->steps == 1)
		return 0;
	in_group = kyi_arena_get(match->eval->arena,
	    group_cnt * sizeof *in_group);
	if (in_group == NULL)
		return kyi_eval_no_memory(match->eval);
	for (uint32_t row = 0; row < match->one->cnt; row++)
		in_group[match->one_group[row]]++;
	for (uint32_t row = 0; row < match->many->cnt; row++)
		if (in_group[match->many_group[row]] > 1)
			*room += in_group[match->many_group[row]] - 1;
	return *room > UINT32_MAX / 2 ? kyi_eval_no_memory(match->eval) : 0;
}

static int
prepare(struct match *match, uint32_t group_cnt)
{
	struct kyi_eval *eval = match->eval;
	size_t room;

	if (room_for(match, group_cnt, &room) != 0)
		return KYI_EVAL_FAILED;
	if (kyi_vectors_new(eval, (uint32_t)room, match->many->steps, false,
	    true, match->out) != 0 || kyi_label_table_new(eval,
	    &match->results, NULL, (uint32_t)room + 1) != 0)
		return KYI_EVAL_FAILED;
	match->out->cnt = 0;
	match->one_row = kyi_arena_array(eval->arena, group_cnt,
	    sizeof *match->one_row);
	match->hit_step = kyi_arena_get(eval->arena,
	    group_cnt * sizeof *match->hit_step);
	match->result_step = kyi_arena_get(eval->arena,
	    room * sizeof *match->result_step);
	match->last_one = kyi_arena_array(eval->arena, match->many->cnt,
	    sizeof *match->last_one);
	match->last_result = kyi_arena_array(eval->arena, match->many->cnt,
	    sizeof *match->last_result);
	if (match->one_row == NULL || match->hit_step == NULL ||
	    match->result_step == NULL || match->last_one == NULL ||
	    match->last_result == NULL)
		return kyi_eval_no_memory(eval);
	memset(match->last_one, 0xff,
	    match->many->cnt * sizeof *match->last_one);
	return 0;
}

int
kyi_binary_vectors(struct kyi_eval *eval, const struct kyi_node *node,
    struct kyi_vectors *left, struct kyi_vectors *right,
    struct kyi_vectors *out)
{
	const struct kyi_matching *matching = node->is.binary.matching;
	bool swapped = matching->card == KYI_ONE_TO_MANY;
	struct match match = { .eval = eval, .node = node,
	    .matching = matching, .many = swapped ? right : left,
	    .one = swapped ? left : right, .swapped = swapped, .out = out };
	struct kyi_groups groups;

	out->steps = left->steps;
	if (kyi_groups_new(eval, matching, left, right, &groups) != 0)
		return KYI_EVAL_FAILED;
	match.many_group = swapped ? groups.right : groups.left;
	match.one_group = swapped ? groups.left : groups.right;
	if (prepare(&match, groups.cnt) != 0)
		return KYI_EVAL_FAILED;
	if (left->cnt == 0 || right->cnt == 0)
		return 0;
	for (uint32_t step = 0; step < out->steps; step++) {
		if (!any_at(match.many, step))
			continue;
		if (index_one_side(&match, step, groups.cnt) != 0)
			return KYI_EVAL_FAILED;
		for (uint32_t row = 0; row < match.many->cnt; row++)
			if (match_row(&match, row, step) != 0)
				return KYI_EVAL_FAILED;
		if (kyi_eval_work(eval, 20 * ((uint64_t)match.many->cnt +
		    match.one->cnt)) != 0)
			return KYI_EVAL_FAILED;
	}
	kyi_vectors_squeeze(out);
	return 0;
}
