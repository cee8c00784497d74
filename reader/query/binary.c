/* SPDX-License-Identifier: MIT */
#include "reader/query/binary.h"

#include <stdio.h>

#include "reader/query/parse.h"

double
kyi_scalar_op(enum kyi_op op, double left, double right)
{
	switch (op) {
	case KYI_OP_ADD:
		return left + right;
	case KYI_OP_SUB:
		return left - right;
	case KYI_OP_MUL:
		return left * right;
	case KYI_OP_DIV:
		return left / right;
	case KYI_OP_MOD:
		return fmod(left, right);
	case KYI_OP_POW:
		return pow(left, right);
	case KYI_OP_ATAN2:
		return atan2(left, right);
	case KYI_OP_EQL:
		return left == right;
	case KYI_OP_NEQ:
		return left != right;
	case KYI_OP_GTR:
		return left > right;
	case KYI_OP_LSS:
		return left < right;
	case KYI_OP_GTE:
		return left >= right;
	case KYI_OP_LTE:
		return left <= right;
	default:
		return NAN;
	}
}

/* ---- histograms --------------------------------------------------------- */

static int
wrong_types(struct kyi_eval *eval, const struct kyi_node *node,
    struct kyi_operand left, struct kyi_operand right)
{
	const char *op = kyi_op_name(node->is.binary.op);
	char what[80];

	snprintf(what, sizeof what, "\"%s\": %s %s %s", op,
	    left.hist == NULL ? "float" : "histogram", op,
	    right.hist == NULL ? "float" : "histogram");
	kyi_note(eval, KYI_NOTE_TYPES, node, what, NULL);
	return KYI_PAIR_NONE;
}

static int
scaled(struct kyi_eval *eval, const struct kymo_native_hist *hist,
    enum kyi_op op, double by, struct kyi_operand *result)
{
	struct kymo_native_hist *copy = kyi_hist_clone(eval->arena, hist);

	if (copy == NULL)
		return kyi_eval_no_memory(eval);
	if (op == KYI_OP_MUL)
		kyi_hist_mul(copy, by);
	else if (op == KYI_OP_DIV)
		kyi_hist_div(copy, by);
	else
		kyi_hist_trim(copy, by, op == KYI_OP_TRIM_BELOW);
	kyi_hist_compact(copy);
	*result = (struct kyi_operand){ 0, copy };
	return KYI_PAIR_KEPT;
}

static int
added(struct kyi_eval *eval, const struct kyi_node *node,
    struct kyi_operand left, struct kyi_operand right,
    struct kyi_operand *result)
{
	bool minus = node->is.binary.op == KYI_OP_SUB;
	struct kymo_native_hist *sum = kyi_hist_clone(eval->arena, left.hist);
	const char *what = minus ? "subtraction" : "addition";
	enum kyi_hist_sum done = KYI_HIST_NO_MEMORY;
	unsigned said = 0;

	if (sum != NULL)
		done = kyi_hist_add(eval->arena, sum, right.hist,
		    minus ? -1 : 1, NULL, &said);
	if (done == KYI_HIST_NO_MEMORY)
		return kyi_eval_no_memory(eval);
	if (done == KYI_HIST_MIXED) {
		kyi_note(eval, KYI_NOTE_LAYOUT, node,
		    kyi_op_name(node->is.binary.op), NULL);
		return KYI_PAIR_NONE;
	}
	if (minus)
		sum->reset = KYMO_RESET_GAUGE;
	if (said & KYI_HIST_RECONCILED)
		kyi_note(eval, KYI_NOTE_RECONCILED, node, what, NULL);
	if (said & KYI_HIST_COLLISION)
		kyi_note(eval, KYI_NOTE_COLLISION, node, what, NULL);
	kyi_hist_compact(sum);
	*result = (struct kyi_operand){ 0, sum };
	return KYI_PAIR_KEPT;
}

static int
hist_pair(struct kyi_eval *eval, const struct kyi_node *node,
    struct kyi_operand left, struct kyi_operand right,
    struct kyi_operand *result)
{
	enum kyi_op op = node->is.binary.op;

	if (left.hist == NULL && op == KYI_OP_MUL)
		return scaled(eval, right.hist, op, left.value, result);
	if (right.hist == NULL && (op == KYI_OP_MUL || op == KYI_OP_DIV ||
	    kyi_op_trims(op)))
		return scaled(eval, left.hist, op, right.value, result);
	if (left.hist == NULL || right.hist == NULL)
		return wrong_types(eval, node, left, right);
	switch (op) {
	case KYI_OP_ADD:
	case KYI_OP_SUB:
		return added(eval, node, left, right, result);
	case KYI_OP_EQL:
	case KYI_OP_NEQ:
		*result = left;
		return kyi_hist_equal(left.hist, right.hist) ==
		    (op == KYI_OP_EQL) ? KYI_PAIR_KEPT : KYI_PAIR_FALSE;
	default:
		return wrong_types(eval, node, left, right);
	}
}

int
kyi_pair(struct kyi_eval *eval, const struct kyi_node *node,
    struct kyi_operand left, struct kyi_operand right,
    struct kyi_operand *result)
{
	enum kyi_op op = node->is.binary.op;
	double value;

	if (left.hist != NULL || right.hist != NULL)
		return hist_pair(eval, node, left, right, result);
	if (kyi_op_trims(op))
		return wrong_types(eval, node, left, right);
	value = kyi_scalar_op(op, left.value, right.value);
	if (!kyi_op_compares(op)) {
		*result = (struct kyi_operand){ value, NULL };
		return KYI_PAIR_KEPT;
	}
	*result = left;
	return value != 0 ? KYI_PAIR_KEPT : KYI_PAIR_FALSE;
}

/* ---- vector and scalar -------------------------------------------------- */

/* Comparisons keep the vector's values, on whichever side it stands. */
static int
any_cell(struct kyi_eval *eval, const struct kyi_node *node, double scalar,
    bool swapped, struct kyi_vectors *of, size_t cell)
{
	struct kyi_operand vector = { of->value[cell], kyi_hist_at(of, cell) };
	struct kyi_operand number = { scalar, NULL }, result = vector;
	int pair = KYI_PAIR_NONE;

	if (kyi_present(of, cell))
		pair = swapped ?
		    kyi_pair(eval, node, number, vector, &result) :
		    kyi_pair(eval, node, vector, number, &result);
	if (pair < 0)
		return pair;
	if (of->hist != NULL)
		of->hist[cell] = NULL;
	of->value[cell] = kyi_absent();
	if (pair == KYI_PAIR_NONE)
		return 0;
	if (node->is.binary.return_bool) {
		of->value[cell] = pair == KYI_PAIR_KEPT;
	} else if (pair == KYI_PAIR_KEPT) {
		of->value[cell] = result.value;
		of->hist[cell] = result.hist;
	}
	return 0;
}

/* In place: of a row's cells from first to end. */
static void
float_cells(const struct kyi_node *node, const double *scalar, bool swapped,
    double *value, uint32_t cnt)
{
	enum kyi_op op = node->is.binary.op;
	bool compares = kyi_op_compares(op) && !node->is.binary.return_bool;

	for (uint32_t i = 0; i < cnt; i++) {
		double result;

		if (kymo_is_stale(value[i]))
			continue;
		result = swapped ? kyi_scalar_op(op, scalar[i], value[i]) :
		    kyi_scalar_op(op, value[i], scalar[i]);
		if (!compares)
			value[i] = result;
		else if (result == 0)
			value[i] = kyi_absent();
	}
}

static int
with_scalar(struct kyi_eval *eval, const struct kyi_node *node,
    const double *scalar, bool swapped, struct kyi_vectors *of)
{
	bool names_go = kyi_op_counts(node->is.binary.op) ||
	    node->is.binary.return_bool;

	for (uint32_t row = 0; row < of->cnt; row++) {
		size_t cell = (size_t)row * of->steps;

		if (names_go)
			of->drop_name[row] = true;
		if (of->hist == NULL && !kyi_op_trims(node->is.binary.op)) {
			float_cells(node, scalar, swapped, of->value + cell,
			    of->steps);
			continue;
		}
		for (uint32_t step = 0; step < of->steps; step++, cell++) {
			if (kyi_hist_at(of, cell) == NULL &&
			    !kyi_op_trims(node->is.binary.op))
				float_cells(node, scalar + step, swapped,
				    of->value + cell, 1);
			else if (any_cell(eval, node, scalar[step], swapped,
			    of, cell) != 0)
				return KYI_EVAL_FAILED;
		}
	}
	if (!kyi_op_counts(node->is.binary.op) || of->hist != NULL)
		kyi_vectors_squeeze(of);
	return kyi_eval_work(eval, (uint64_t)of->cnt * of->steps * 4);
}

int
kyi_eval_binary(struct kyi_eval *eval, const struct kyi_node *node,
    const struct kyi_steps *steps, struct kyi_vectors *out)
{
	const struct kyi_node *left = node->is.binary.left;
	const struct kyi_node *right = node->is.binary.right;
	struct kyi_vectors a, b;
	double *scalar;

	eval->only_counts = false;
	if (left->type == KYMO_VALUE_SCALAR || right->type == KYMO_VALUE_SCALAR) {
		bool swapped = left->type == KYMO_VALUE_SCALAR;

		if (kyi_eval_scalar(eval, swapped ? left : right, steps,
		    &scalar) != 0 || kyi_eval_vector(eval, swapped ? right :
		    left, steps, out) != 0)
			return KYI_EVAL_FAILED;
		return with_scalar(eval, node, scalar, swapped, out);
	}
	if (kyi_eval_vector(eval, left, steps, &a) != 0 ||
	    kyi_eval_vector(eval, right, steps, &b) != 0)
		return KYI_EVAL_FAILED;
	return node->is.binary.op >= KYI_OP_AND ?
	    kyi_binary_set(eval, node, &a, &b, out) :
	    kyi_binary_vectors(eval, node, &a, &b, out);
}
