/* SPDX-License-Identifier: MIT */
/* Rows of values. */
#include <string.h>

#include "reader/query/eval.h"

int
kyi_vectors_new(struct kyi_eval *eval, uint32_t rows, uint32_t steps, bool hist,
    bool clear, struct kyi_vectors *out)
{
	size_t cells = (size_t)rows * steps;

	*out = (struct kyi_vectors){ .cnt = rows, .room = rows,
	    .steps = steps };
	out->labels = kyi_arena_array(eval->arena, rows, sizeof *out->labels);
	out->drop_name = kyi_arena_get(eval->arena, rows);
	out->value = kyi_arena_array(eval->arena, cells, sizeof *out->value);
	if (out->labels == NULL || out->drop_name == NULL || out->value == NULL)
		return kyi_eval_no_memory(eval);
	if (clear)
		for (size_t cell = 0; cell < cells; cell++)
			out->value[cell] = kyi_absent();
	if (hist && kyi_vectors_hist(eval, out) != 0)
		return KYI_EVAL_FAILED;
	return 0;
}

int
kyi_vectors_origin(struct kyi_eval *eval, struct kyi_vectors *of)
{
	if (eval->options.known == NULL)
		return 0;
	of->origin = kyi_arena_array(eval->arena, of->room,
	    sizeof *of->origin);
	return of->origin == NULL ? kyi_eval_no_memory(eval) : 0;
}

int
kyi_vectors_hist(struct kyi_eval *eval, struct kyi_vectors *of)
{
	if (of->hist != NULL)
		return 0;
	of->hist = kyi_arena_get(eval->arena,
	    (size_t)of->room * of->steps * sizeof *of->hist);
	return of->hist == NULL ? kyi_eval_no_memory(eval) : 0;
}

static void
move_row(struct kyi_vectors *of, uint32_t to, uint32_t from)
{
	size_t to_cell = (size_t)to * of->steps;
	size_t from_cell = (size_t)from * of->steps;

	if (to == from)
		return;
	of->labels[to] = of->labels[from];
	of->drop_name[to] = of->drop_name[from];
	if (of->origin != NULL)
		of->origin[to] = of->origin[from];
	memcpy(of->value + to_cell, of->value + from_cell,
	    of->steps * sizeof *of->value);
	if (of->hist != NULL)
		memcpy(of->hist + to_cell, of->hist + from_cell,
		    of->steps * sizeof *of->hist);
}

static bool
row_has_any(const struct kyi_vectors *of, uint32_t row)
{
	size_t cell = (size_t)row * of->steps, end = cell + of->steps;

	while (cell < end && !kyi_present(of, cell))
		cell++;
	return cell < end;
}

void
kyi_vectors_squeeze(struct kyi_vectors *of)
{
	uint32_t kept = 0;

	for (uint32_t row = 0; row < of->cnt; row++)
		if (row_has_any(of, row))
			move_row(of, kept++, row);
	of->cnt = kept;
}

/* ---- rows of the same labels -------------------------------------------- */

/* A row's own name may go and another's stay: then they may meet though all
   had one name. */
bool
kyi_vectors_apart(const struct kyi_vectors *of)
{
	if (of->cnt < 2)
		return true;
	if (!of->one_name)
		return false;
	for (uint32_t row = 1; row < of->cnt; row++)
		if (of->drop_name[row] != of->drop_name[0])
			return false;
	return true;
}

static int
drop_names(struct kyi_eval *eval, struct kyi_vectors *of)
{
	for (uint32_t row = 0; row < of->cnt; row++) {
		if (!of->drop_name[row])
			continue;
		of->labels[row] = kyi_labels_no_name(eval->arena,
		    of->labels[row]);
		if (of->labels[row] == NULL)
			return kyi_eval_no_memory(eval);
		of->drop_name[row] = false;
	}
	return 0;
}

static int
merge_row(struct kyi_eval *eval, struct kyi_vectors *of, uint32_t to,
    uint32_t from)
{
	size_t to_cell = (size_t)to * of->steps;
	size_t from_cell = (size_t)from * of->steps;

	for (uint32_t step = 0; step < of->steps; step++) {
		if (!kyi_present(of, from_cell + step))
			continue;
		if (kyi_present(of, to_cell + step))
			return kyi_eval_error(eval, NULL, "vector cannot "
			    "contain metrics with the same labelset");
		of->value[to_cell + step] = of->value[from_cell + step];
		if (of->hist != NULL)
			of->hist[to_cell + step] = of->hist[from_cell + step];
	}
	return 0;
}

int
kyi_vectors_merge(struct kyi_eval *eval, struct kyi_vectors *of, bool names)
{
	bool apart = kyi_vectors_apart(of);
	struct kyi_label_table table;
	uint32_t kept = 0;

	if (names && drop_names(eval, of) != 0)
		return KYI_EVAL_FAILED;
	if (apart)
		return 0;
	if (kyi_label_table_new(eval, &table, NULL, of->cnt) != 0)
		return KYI_EVAL_FAILED;
	for (uint32_t row = 0; row < of->cnt; row++) {
		uint32_t at = kyi_label_table_at(&table, of->labels[row]);

		if (at == kept)
			move_row(of, kept++, row);
		else if (merge_row(eval, of, at, row) != 0)
			return KYI_EVAL_FAILED;
	}
	of->cnt = kept;
	return 0;
}
