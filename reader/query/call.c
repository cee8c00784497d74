/* SPDX-License-Identifier: MIT */
#include "reader/query/call.h"

#include "reader/query/over.h"

typedef int (*call_fn)(struct kyi_call *call, struct kyi_vectors *out);

void
kyi_drop_hists(struct kyi_vectors *of)
{
	size_t cells = (size_t)of->cnt * of->steps;

	if (of->hist == NULL)
		return;
	for (size_t cell = 0; cell < cells; cell++)
		if (of->hist[cell] != NULL)
			of->value[cell] = kyi_absent();
	of->hist = NULL;
	kyi_vectors_squeeze(of);
}

/* vector(s) */
static int
of_scalar(struct kyi_call *call, struct kyi_vectors *out)
{
	return kyi_eval_vector(call->eval, kyi_arg(call, 0), call->steps, out);
}

static int
timestamp(struct kyi_call *call, struct kyi_vectors *out)
{
	const struct kyi_node *arg = kyi_unwrapped(kyi_arg(call, 0));

	if (arg->kind == KYI_NODE_SELECTOR) {
		if (kyi_eval_selector(call->eval, arg, call->steps, true,
		    out) != 0)
			return KYI_EVAL_FAILED;
	} else {
		/* What is computed is of the time it is computed for. */
		if (kyi_eval_vector(call->eval, arg, call->steps, out) != 0)
			return KYI_EVAL_FAILED;
		for (size_t cell = 0; cell < (size_t)out->cnt * out->steps;
		    cell++)
			if (kyi_present(out, cell))
				out->value[cell] = (double)kyi_step_ms(
				    call->steps,
				    (uint32_t)(cell % out->steps)) / 1000;
		out->hist = NULL;
	}
	for (uint32_t row = 0; row < out->cnt; row++)
		out->drop_name[row] = true;
	return 0;
}

static const call_fn functions[KYI_FN_CNT] = {
	[KYI_FN_ABS] = kyi_call_math,
	[KYI_FN_ABSENT] = kyi_call_absent,
	[KYI_FN_ABSENT_OVER_TIME] = kyi_call_absent,
	[KYI_FN_ACOS] = kyi_call_math,
	[KYI_FN_ACOSH] = kyi_call_math,
	[KYI_FN_ASIN] = kyi_call_math,
	[KYI_FN_ASINH] = kyi_call_math,
	[KYI_FN_ATAN] = kyi_call_math,
	[KYI_FN_ATANH] = kyi_call_math,
	[KYI_FN_CEIL] = kyi_call_math,
	[KYI_FN_CLAMP] = kyi_call_clamp,
	[KYI_FN_CLAMP_MAX] = kyi_call_clamp,
	[KYI_FN_CLAMP_MIN] = kyi_call_clamp,
	[KYI_FN_COS] = kyi_call_math,
	[KYI_FN_COSH] = kyi_call_math,
	[KYI_FN_DAY_OF_MONTH] = kyi_call_date,
	[KYI_FN_DAY_OF_WEEK] = kyi_call_date,
	[KYI_FN_DAY_OF_YEAR] = kyi_call_date,
	[KYI_FN_DAYS_IN_MONTH] = kyi_call_date,
	[KYI_FN_DEG] = kyi_call_math,
	[KYI_FN_EXP] = kyi_call_math,
	[KYI_FN_FLOOR] = kyi_call_math,
	[KYI_FN_HISTOGRAM_AVG] = kyi_call_hist_part,
	[KYI_FN_HISTOGRAM_COUNT] = kyi_call_hist_part,
	[KYI_FN_HISTOGRAM_FRACTION] = kyi_call_hist_quantile,
	[KYI_FN_HISTOGRAM_QUANTILE] = kyi_call_hist_quantile,
	[KYI_FN_HISTOGRAM_QUANTILES] = kyi_call_hist_quantile,
	[KYI_FN_HISTOGRAM_STDDEV] = kyi_call_hist_part,
	[KYI_FN_HISTOGRAM_STDVAR] = kyi_call_hist_part,
	[KYI_FN_HISTOGRAM_SUM] = kyi_call_hist_part,
	[KYI_FN_HOUR] = kyi_call_date,
	[KYI_FN_LABEL_JOIN] = kyi_call_label_join,
	[KYI_FN_LABEL_REPLACE] = kyi_call_label_replace,
	[KYI_FN_LN] = kyi_call_math,
	[KYI_FN_LOG10] = kyi_call_math,
	[KYI_FN_LOG2] = kyi_call_math,
	[KYI_FN_MINUTE] = kyi_call_date,
	[KYI_FN_MONTH] = kyi_call_date,
	[KYI_FN_RAD] = kyi_call_math,
	[KYI_FN_ROUND] = kyi_call_clamp,
	[KYI_FN_SGN] = kyi_call_math,
	[KYI_FN_SIN] = kyi_call_math,
	[KYI_FN_SINH] = kyi_call_math,
	[KYI_FN_SORT] = kyi_call_sort,
	[KYI_FN_SORT_BY_LABEL] = kyi_call_sort,
	[KYI_FN_SORT_BY_LABEL_DESC] = kyi_call_sort,
	[KYI_FN_SORT_DESC] = kyi_call_sort,
	[KYI_FN_SQRT] = kyi_call_math,
	[KYI_FN_TAN] = kyi_call_math,
	[KYI_FN_TANH] = kyi_call_math,
	[KYI_FN_TIMESTAMP] = timestamp,
	[KYI_FN_VECTOR] = of_scalar,
	[KYI_FN_YEAR] = kyi_call_date,
};

static bool
asks_counts(enum kyi_function_id id)
{
	return id == KYI_FN_HISTOGRAM_COUNT || id == KYI_FN_HISTOGRAM_SUM ||
	    id == KYI_FN_HISTOGRAM_AVG;
}

int
kyi_eval_call(struct kyi_eval *eval, const struct kyi_node *node,
    const struct kyi_steps *steps, struct kyi_vectors *out)
{
	struct kyi_call call = { eval, node, node->is.call.function->id,
	    steps };
	bool only_counts = eval->only_counts;
	int done;

	if (asks_counts(call.id))
		eval->only_counts = true;
	else if (functions[call.id] == kyi_call_hist_quantile)
		eval->only_counts = false;
	if (functions[call.id] != NULL)
		done = functions[call.id](&call, out);
	else if (kyi_over_find(call.id) != NULL)
		done = kyi_eval_over(eval, node, steps, out);
	else
		done = kyi_eval_error(eval, node, "%s() is not supported",
		    node->is.call.function->name);
	eval->only_counts = only_counts;
	return done;
}
