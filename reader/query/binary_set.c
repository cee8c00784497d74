/* SPDX-License-Identifier: MIT */
/* and, or, unless; and how the rows of two sides find each other. */
#include <string.h>

#include "reader/query/binary.h"

int
kyi_groups_new(struct kyi_eval *eval, const struct kyi_matching *matching,
    const struct kyi_vectors *left, const struct kyi_vectors *right,
    struct kyi_groups *groups)
{
	struct kyi_signature *signature = kyi_arena_get(eval->arena,
	    sizeof *signature);
	struct kyi_label_table table;

	if (signature == NULL)
		return kyi_eval_no_memory(eval);
	*signature = (struct kyi_signature){ matching->labels,
	    matching->label_cnt, matching->on, false };
	groups->left = kyi_arena_array(eval->arena, left->cnt,
	    sizeof *groups->left);
	groups->right = kyi_arena_array(eval->arena, right->cnt,
	    sizeof *groups->right);
	if (groups->left == NULL || groups->right == NULL)
		return kyi_eval_no_memory(eval);
	if (kyi_label_table_new(eval, &table, signature,
	    left->cnt + right->cnt) != 0)
		return KYI_EVAL_FAILED;
	for (uint32_t row = 0; row < left->cnt; row++)
		groups->left[row] = kyi_label_table_at(&table,
		    left->labels[row]);
	for (uint32_t row = 0; row < right->cnt; row++)
		groups->right[row] = kyi_label_table_at(&table,
		    right->labels[row]);
	groups->cnt = table.cnt;
	return kyi_eval_work(eval, 100 * ((uint64_t)left->cnt + right->cnt));
}

/* Takes out cells of a whose group has (if is is true) or lacks a value among
   b's at the same step. */
static int
mask(struct kyi_eval *eval, struct kyi_vectors *a, const uint32_t *a_group,
    const struct kyi_vectors *b, const uint32_t *b_group, uint32_t group_cnt,
    bool is)
{
	uint32_t *seen = kyi_arena_get(eval->arena, group_cnt * sizeof *seen);

	if (seen == NULL)
		return kyi_eval_no_memory(eval);
	for (uint32_t step = 0; step < a->steps; step++) {
		for (uint32_t row = 0; row < b->cnt; row++)
			if (kyi_present(b, (size_t)row * b->steps + step))
				seen[b_group[row]] = step + 1;
		for (uint32_t row = 0; row < a->cnt; row++) {
			size_t cell = (size_t)row * a->steps + step;

			if ((seen[a_group[row]] == step + 1) != is)
				continue;
			a->value[cell] = kyi_absent();
			if (a->hist != NULL)
				a->hist[cell] = NULL;
		}
		if (kyi_eval_work(eval, 2 * ((uint64_t)a->cnt + b->cnt)) != 0)
			return KYI_EVAL_FAILED;
	}
	kyi_vectors_squeeze(a);
	return 0;
}

static void
append(struct kyi_vectors *to, const struct kyi_vectors *from)
{
	size_t cell = (size_t)to->cnt * to->steps;
	size_t cells = (size_t)from->cnt * from->steps;

	memcpy(to->labels + to->cnt, from->labels,
	    from->cnt * sizeof *from->labels);
	memcpy(to->drop_name + to->cnt, from->drop_name,
	    from->cnt * sizeof *from->drop_name);
	memcpy(to->value + cell, from->value, cells * sizeof *from->value);
	if (from->hist != NULL)
		memcpy(to->hist + cell, from->hist, cells * sizeof *from->hist);
	to->cnt += from->cnt;
}

static int
join(struct kyi_eval *eval, const struct kyi_vectors *left,
    const struct kyi_vectors *right, struct kyi_vectors *out)
{
	if (left->cnt == 0 || right->cnt == 0) {
		*out = left->cnt == 0 ? *right : *left;
		return 0;
	}
	if (kyi_vectors_new(eval, left->cnt + right->cnt, left->steps,
	    left->hist != NULL || right->hist != NULL, false, out) != 0)
		return KYI_EVAL_FAILED;
	out->cnt = 0;
	append(out, left);
	append(out, right);
	/* A series that is on both sides, now of one, now of the other. */
	return out->steps > 1 ? kyi_vectors_merge(eval, out, false) : 0;
}

int
kyi_binary_set(struct kyi_eval *eval, const struct kyi_node *node,
    struct kyi_vectors *left, struct kyi_vectors *right,
    struct kyi_vectors *out)
{
	struct kyi_groups groups;

	if (kyi_groups_new(eval, node->is.binary.matching, left, right,
	    &groups) != 0)
		return KYI_EVAL_FAILED;
	if (node->is.binary.op == KYI_OP_OR) {
		if (mask(eval, right, groups.right, left, groups.left,
		    groups.cnt, true) != 0)
			return KYI_EVAL_FAILED;
		/* An origin may come with its name from one side, and without
		   it from the other. */
		left->origin = right->origin = NULL;
		return join(eval, left, right, out);
	}
	if (mask(eval, left, groups.left, right, groups.right, groups.cnt,
	    node->is.binary.op == KYI_OP_UNLESS) != 0)
		return KYI_EVAL_FAILED;
	*out = *left;
	return 0;
}
