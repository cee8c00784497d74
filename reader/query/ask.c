/* SPDX-License-Identifier: MIT */
/* Asking a query, at an instant or over a range. */
#include <string.h>

#include "reader/query/result.h"

#define LOOKBACK_MS INT64_C(300000)
#define SUBQUERY_STEP_MS INT64_C(60000)
#define SAMPLES_MAX UINT64_C(50000000)
#define SERIES_MAX UINT64_C(100000)
#define STEPS_MAX UINT64_C(11000)
#define CPU_MS_MAX UINT64_C(120000)
#define MEMORY_BYTES_MAX (UINT64_C(512) << 20)

static struct kymo_query_options
with_defaults(const struct kymo_query_options *options)
{
	struct kymo_query_options all = { 0 };

	if (options != NULL)
		all = *options;
	if (all.lookback_ms <= 0)
		all.lookback_ms = LOOKBACK_MS;
	if (all.subquery_step_ms <= 0)
		all.subquery_step_ms = SUBQUERY_STEP_MS;
	if (all.samples_max == 0)
		all.samples_max = SAMPLES_MAX;
	if (all.series_max == 0)
		all.series_max = SERIES_MAX;
	if (all.steps_max == 0)
		all.steps_max = STEPS_MAX;
	if (all.cpu_ms_max == 0)
		all.cpu_ms_max = CPU_MS_MAX;
	if (all.memory_bytes_max == 0)
		all.memory_bytes_max = MEMORY_BYTES_MAX;
	return all;
}

/* ---- an evaluation, from start to end ----------------------------------- */

static int
start(struct kyi_eval *eval)
{
	size_t cnt = eval->query->selector_cnt;

	eval->last_note = &eval->notes;
	eval->arena = kyi_arena_new(eval->options.memory_bytes_max);
	if (eval->arena == NULL)
		return kyi_eval_error(eval, NULL, "no memory");
	eval->selected = kyi_arena_get(eval->arena,
	    cnt * sizeof *eval->selected);
	eval->was_selected = kyi_arena_get(eval->arena, cnt);
	return eval->selected == NULL || eval->was_selected == NULL ?
	    kyi_eval_no_memory(eval) : 0;
}

static void
end(struct kyi_eval *eval)
{
	for (uint32_t i = 0; eval->was_selected != NULL &&
	    i < eval->query->selector_cnt; i++)
		if (eval->was_selected[i])
			eval->source->done(eval->source->of,
			    &eval->selected[i]);
	kyi_arena_delete(eval->arena);
}

static int
ask_matrix(struct kyi_eval *eval, const struct kyi_node *node,
    struct kyi_result *to)
{
	struct kyi_ranges ranges;
	int64_t to_ms, from_ms;

	if (kyi_eval_ranges(eval, node, &eval->asked, KYMO_PART_LAST,
	    &ranges) != 0)
		return KYI_EVAL_FAILED;
	to_ms = kyi_shifted_ms(eval, &ranges.shift, eval->asked.from_ms);
	if (__builtin_sub_overflow(to_ms, ranges.range_ms, &from_ms))
		from_ms = INT64_MIN;
	return kyi_result_ranges(to, &ranges, from_ms, to_ms);
}

static int
ask_root(struct kyi_eval *eval, bool range, struct kyi_result *to)
{
	const struct kyi_node *node = kyi_unwrapped(eval->query->root);
	struct kyi_vectors vectors;
	double *scalar;

	if (node->type == KYMO_VALUE_MATRIX)
		return ask_matrix(eval, node, to);
	if (node->type == KYMO_VALUE_STRING)
		return kyi_result_string(to, node->is.string);
	if (node->type == KYMO_VALUE_SCALAR && !range) {
		if (kyi_eval_scalar(eval, node, &eval->asked, &scalar) != 0)
			return KYI_EVAL_FAILED;
		to->result->kind = KYMO_VALUE_SCALAR;
		to->result->scalar = scalar[0];
		return 0;
	}
	if (kyi_eval_vector(eval, node, &eval->asked, &vectors) != 0)
		return KYI_EVAL_FAILED;
	return kyi_result_vectors(to, &vectors, range ? KYMO_VALUE_MATRIX :
	    KYMO_VALUE_VECTOR);
}

static int
ask(struct kyi_eval *eval, bool range, struct kymo_result **result)
{
	struct kyi_result to;
	int failed;

	*result = NULL;
	eval->work_left = 1000000;
	if (start(eval) != 0 || kyi_result_new(eval, &to) != 0) {
		end(eval);
		return -1;
	}
	to.result->at_ms = eval->asked.from_ms;
	failed = ask_root(eval, range, &to);
	if (failed == 0)
		failed = kyi_result_notes(&to);
	to.result->samples_read = eval->samples_read;
	end(eval);
	if (failed != 0) {
		kymo_result_delete(to.result);
		return -1;
	}
	*result = to.result;
	return 0;
}

/* Durations of step() and range() are known now. */
static int
ask_bound(struct kyi_eval *eval, bool range, struct kymo_result **result)
{
	const struct kyi_steps *asked = &eval->asked;
	int64_t range_ms = eval->end_ms - asked->from_ms;
	struct kymo_query *bound;
	int failed;

	*result = NULL;
	if (!eval->query->unbound)
		return ask(eval, range, result);
	if (kyi_query_bind(eval->query, range ? asked->step_ms : 0, range_ms,
	    &bound, eval->error) != 0)
		return -1;
	eval->query = bound;
	failed = ask(eval, range, result);
	kymo_query_delete(bound);
	return failed;
}

/* ---- the two ways to ask ------------------------------------------------ */

int
kymo_query_instant(const struct kymo_query *query,
    const struct kymo_source *source, int64_t at_ms,
    const struct kymo_query_options *options, struct kymo_result **result,
    struct kymo_query_error *error)
{
	struct kymo_query_error unread;
	struct kyi_eval eval = { .query = query, .source = source,
	    .options = with_defaults(options),
	    .error = error == NULL ? &unread : error,
	    .asked = { at_ms, 1, 1 }, .end_ms = at_ms };

	return ask_bound(&eval, false, result);
}

int
kymo_query_range(const struct kymo_query *query,
    const struct kymo_source *source, int64_t from_ms, int64_t to_ms,
    int64_t step_ms, const struct kymo_query_options *options,
    struct kymo_result **result, struct kymo_query_error *error)
{
	struct kymo_query_error unread;
	struct kyi_eval eval = { .query = query, .source = source,
	    .options = with_defaults(options),
	    .error = error == NULL ? &unread : error };
	enum kymo_value_kind kind = query->root->type;
	uint64_t cnt;

	*result = NULL;
	if (kind == KYMO_VALUE_MATRIX || kind == KYMO_VALUE_STRING)
		return kyi_eval_error(&eval, query->root, "invalid expression "
		    "type \"%s\" for range query, must be Scalar or instant "
		    "Vector", kind == KYMO_VALUE_MATRIX ? "range vector" :
		    "string");
	if (step_ms <= 0 || from_ms > to_ms)
		return kyi_eval_error(&eval, NULL, step_ms <= 0 ?
		    "the step of a range must be more than 0" :
		    "the range ends before it starts");
	cnt = ((uint64_t)to_ms - (uint64_t)from_ms) / (uint64_t)step_ms + 1;
	if (cnt == 0 || cnt > eval.options.steps_max || cnt > INT32_MAX)
		return kyi_eval_error(&eval, NULL, "the range has more than "
		    "%llu steps", (unsigned long long)eval.options.steps_max);
	eval.asked = (struct kyi_steps){ from_ms, step_ms, (uint32_t)cnt };
	eval.end_ms = to_ms;
	return ask_bound(&eval, true, result);
}
