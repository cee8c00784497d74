/* SPDX-License-Identifier: MIT */
/* The nodes of a query that are neither selector, call, operator nor
   aggregation, and what all of them stand on: errors, bounds, time. */
#include "reader/query/eval.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "reader/query/functions.h"

/* About a millisecond between looks at the clock. */
#define WORK_BETWEEN_LOOKS 1000000

/* ---- errors and bounds -------------------------------------------------- */

int
kyi_eval_error(struct kyi_eval *eval, const struct kyi_node *at,
    const char *format, ...)
{
	char text[sizeof eval->error->error.text];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	*eval->error = (struct kymo_query_error){ .line = 0 };
	kymo_error_set(&eval->error->error, "%s", text);
	if (at != NULL) {
		eval->error->from_bytes = at->from_bytes;
		eval->error->to_bytes = at->to_bytes;
	}
	return KYI_EVAL_FAILED;
}

int
kyi_eval_no_memory(struct kyi_eval *eval)
{
	if (kyi_arena_used_bytes(eval->arena) * 2 <
	    eval->options.memory_bytes_max)
		return kyi_eval_error(eval, NULL, "no memory");
	return kyi_eval_error(eval, NULL, "query needs more than %llu bytes "
	    "of memory", (unsigned long long)eval->options.memory_bytes_max);
}

static int64_t
cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int
kyi_eval_look(struct kyi_eval *eval)
{
	int64_t now_ns = cpu_ns();

	eval->work_left = WORK_BETWEEN_LOOKS;
	if (eval->cpu_from_ns == 0)
		eval->cpu_from_ns = now_ns;
	if ((uint64_t)(now_ns - eval->cpu_from_ns) / 1000000 >
	    eval->options.cpu_ms_max)
		return kyi_eval_error(eval, NULL, "query needs more than "
		    "%llu ms of processor time",
		    (unsigned long long)eval->options.cpu_ms_max);
	if (eval->options.cancelled != NULL &&
	    eval->options.cancelled(eval->options.of))
		return kyi_eval_error(eval, NULL, "cancelled");
	return 0;
}

int
kyi_eval_work(struct kyi_eval *eval, uint64_t work)
{
	eval->work_left -= (int64_t)(work > INT32_MAX ? INT32_MAX : work);
	return eval->work_left > 0 ? 0 : kyi_eval_look(eval);
}

int
kyi_eval_samples(struct kyi_eval *eval, uint64_t cnt)
{
	eval->samples_read += cnt;
	if (eval->samples_read <= eval->options.samples_max)
		return 0;
	return kyi_eval_error(eval, NULL, "query would look at more than %llu "
	    "samples", (unsigned long long)eval->options.samples_max);
}

/* ---- nodes -------------------------------------------------------------- */

const struct kyi_node *
kyi_unwrapped(const struct kyi_node *node)
{
	while (node->kind == KYI_NODE_PAREN)
		node = node->is.paren.expr;
	return node;
}

static int
negate(struct kyi_eval *eval, struct kyi_vectors *of)
{
	size_t cells = (size_t)of->cnt * of->steps;

	for (uint32_t row = 0; row < of->cnt; row++)
		of->drop_name[row] = true;
	for (size_t cell = 0; cell < cells; cell++) {
		if (!kyi_present(of, cell))
			continue;
		if (kyi_hist_at(of, cell) == NULL) {
			of->value[cell] = -of->value[cell];
		} else {
			struct kymo_native_hist *copy =
			    kyi_hist_clone(eval->arena, of->hist[cell]);

			if (copy == NULL)
				return kyi_eval_no_memory(eval);
			kyi_hist_mul(copy, -1);
			of->hist[cell] = copy;
		}
	}
	return 0;
}

/* A scalar as a vector has one row without labels. */
static int
scalar_row(struct kyi_eval *eval, const struct kyi_node *node,
    const struct kyi_steps *steps, struct kyi_vectors *out)
{
	if (kyi_vectors_new(eval, 1, steps->cnt, false, false, out) != 0)
		return KYI_EVAL_FAILED;
	out->labels[0] = &kyi_no_labels;
	return kyi_eval_scalar(eval, node, steps, &out->value);
}

int
kyi_eval_vector(struct kyi_eval *eval, const struct kyi_node *node,
    const struct kyi_steps *steps, struct kyi_vectors *out)
{
	node = kyi_unwrapped(node);
	if (node->type == KYMO_VALUE_SCALAR)
		return scalar_row(eval, node, steps, out);
	if (kyi_eval_work(eval, 100) != 0)
		return KYI_EVAL_FAILED;
	switch (node->kind) {
	case KYI_NODE_SELECTOR:
		return kyi_eval_selector(eval, node, steps, false, out);
	case KYI_NODE_UNARY:
		if (kyi_eval_vector(eval, node->is.unary.expr, steps, out) != 0)
			return KYI_EVAL_FAILED;
		return negate(eval, out);
	case KYI_NODE_BINARY:
		return kyi_eval_binary(eval, node, steps, out);
	case KYI_NODE_AGGREGATE:
		return kyi_eval_aggregate(eval, node, steps, out);
	case KYI_NODE_CALL:
		return kyi_eval_call(eval, node, steps, out);
	default:
		return kyi_eval_error(eval, node, "no vector");
	}
}

/* ---- scalars ------------------------------------------------------------ */

/* scalar(v): the one float of v, NaN if there is not exactly one. */
static int
one_of_vector(struct kyi_eval *eval, const struct kyi_node *node,
    const struct kyi_steps *steps, double *values)
{
	struct kyi_vectors rows;

	if (kyi_eval_vector(eval, node, steps, &rows) != 0)
		return KYI_EVAL_FAILED;
	for (uint32_t step = 0; step < steps->cnt; step++) {
		uint32_t found = 0;

		values[step] = NAN;
		for (uint32_t row = 0; row < rows.cnt; row++) {
			size_t cell = (size_t)row * rows.steps + step;

			if (!kyi_present(&rows, cell) ||
			    kyi_hist_at(&rows, cell) != NULL)
				continue;
			values[step] = found++ == 0 ? rows.value[cell] : NAN;
		}
	}
	return kyi_eval_work(eval, (uint64_t)rows.cnt * steps->cnt);
}

static void
fill(double *values, uint32_t cnt, double value)
{
	for (uint32_t i = 0; i < cnt; i++)
		values[i] = value;
}

/* min_of(a, b), max_of(a, b): NaN of NaN. */
static int
scalar_extreme(struct kyi_eval *eval, const struct kyi_node *node,
    const struct kyi_steps *steps, double *values)
{
	bool max = node->is.call.function->id == KYI_FN_MAX_OF;
	double *a, *b;

	if (kyi_eval_scalar(eval, node->is.call.args[0], steps, &a) != 0 ||
	    kyi_eval_scalar(eval, node->is.call.args[1], steps, &b) != 0)
		return KYI_EVAL_FAILED;
	for (uint32_t i = 0; i < steps->cnt; i++)
		values[i] = isnan(a[i]) || (!isnan(b[i]) &&
		    (a[i] > b[i]) == max) ? a[i] : b[i];
	return 0;
}

static int
scalar_call(struct kyi_eval *eval, const struct kyi_node *node,
    const struct kyi_steps *steps, double *values)
{
	const struct kyi_steps *asked = &eval->asked;
	double from = (double)asked->from_ms / 1000;
	double to = (double)eval->end_ms / 1000;

	switch (node->is.call.function->id) {
	case KYI_FN_SCALAR:
		return one_of_vector(eval, node->is.call.args[0], steps,
		    values);
	case KYI_FN_MAX_OF:
	case KYI_FN_MIN_OF:
		return scalar_extreme(eval, node, steps, values);
	case KYI_FN_TIME:
		for (uint32_t i = 0; i < steps->cnt; i++)
			values[i] = (double)kyi_step_ms(steps, i) / 1000;
		return 0;
	case KYI_FN_PI:
		fill(values, steps->cnt, M_PI);
		return 0;
	case KYI_FN_START:
		fill(values, steps->cnt, from);
		return 0;
	case KYI_FN_END:
		fill(values, steps->cnt, to);
		return 0;
	case KYI_FN_RANGE:
		fill(values, steps->cnt, to - from);
		return 0;
	case KYI_FN_STEP:
		fill(values, steps->cnt, asked->cnt == 1 ? 0 :
		    (double)asked->step_ms / 1000);
		return 0;
	default:
		return kyi_eval_error(eval, node, "%s() is not supported",
		    node->is.call.function->name);
	}
}

static int
scalar_binary(struct kyi_eval *eval, const struct kyi_node *node,
    const struct kyi_steps *steps, double *values)
{
	double *left, *right;

	if (kyi_eval_scalar(eval, node->is.binary.left, steps, &left) != 0 ||
	    kyi_eval_scalar(eval, node->is.binary.right, steps, &right) != 0)
		return KYI_EVAL_FAILED;
	for (uint32_t i = 0; i < steps->cnt; i++)
		values[i] = kyi_scalar_op(node->is.binary.op, left[i],
		    right[i]);
	return 0;
}

int
kyi_eval_scalar(struct kyi_eval *eval, const struct kyi_node *node,
    const struct kyi_steps *steps, double **values)
{
	node = kyi_unwrapped(node);
	if (node->kind == KYI_NODE_UNARY) {
		if (kyi_eval_scalar(eval, node->is.unary.expr, steps,
		    values) != 0)
			return KYI_EVAL_FAILED;
		for (uint32_t i = 0; i < steps->cnt; i++)
			(*values)[i] = -(*values)[i];
		return 0;
	}
	*values = kyi_arena_array(eval->arena, steps->cnt, sizeof **values);
	if (*values == NULL)
		return kyi_eval_no_memory(eval);
	if (kyi_eval_work(eval, 10 + (uint64_t)steps->cnt) != 0)
		return KYI_EVAL_FAILED;
	switch (node->kind) {
	case KYI_NODE_NUMBER:
		fill(*values, steps->cnt, node->is.number);
		return 0;
	case KYI_NODE_BINARY:
		return scalar_binary(eval, node, steps, *values);
	case KYI_NODE_CALL:
		return scalar_call(eval, node, steps, *values);
	default:
		return kyi_eval_error(eval, node, "no scalar");
	}
}
