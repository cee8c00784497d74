/* SPDX-License-Identifier: MIT */
/* How an expression is asked: as the script says; an instant one also as a
   step of a range, and with "@ t" at every selector at other times. */
#include "tests/conformance/promql.h"

#include <stdlib.h>
#include <string.h>

#include "reader/query/ast.h"

#define MINUTE_MS 60000

static const struct kymo_query_options options = {
	.samples_max = 10000,
};

static int
judge(const struct eval *eval, const struct kymo_result *result,
    struct why *why)
{
	if (eval_expects(eval, EXPECT_FAIL))
		return why_set(why, "did not fail");
	if (compare_annotations(eval, result, why) < 0)
		return -1;
	return compare_result(eval, result, why);
}

/* ---- as a step of a range ------------------------------------------------------ */

static int
calls_any_of(const struct kyi_node *node, const char *const *names)
{
	for (; *names != NULL; names++)
		if (strcmp(node->is.call.function->name, *names) == 0)
			return 1;
	return 0;
}

/* Walks the tree; each returns true to go below. */
static void
walk(struct kyi_node *node, bool (*each)(void *of, struct kyi_node *node),
    void *of)
{
	if (node == NULL || !each(of, node))
		return;
	switch (node->kind) {
	case KYI_NODE_NUMBER:
	case KYI_NODE_STRING:
	case KYI_NODE_SELECTOR:
		break;
	case KYI_NODE_SUBQUERY:
		walk(node->is.subquery.expr, each, of);
		break;
	case KYI_NODE_UNARY:
	case KYI_NODE_PAREN:
		walk(node->is.unary.expr, each, of);
		break;
	case KYI_NODE_BINARY:
		walk(node->is.binary.left, each, of);
		walk(node->is.binary.right, each, of);
		break;
	case KYI_NODE_AGGREGATE:
		walk(node->is.aggregate.param, each, of);
		walk(node->is.aggregate.expr, each, of);
		break;
	case KYI_NODE_CALL:
		for (uint32_t i = 0; i < node->is.call.arg_cnt; i++)
			walk(node->is.call.args[i], each, of);
		break;
	}
}

static bool
find_range_words(void *of, struct kyi_node *node)
{
	static const char *const names[] = { "start", "end", "range", "step",
		NULL };
	const struct kyi_shift *shift = NULL;
	bool *found = of;

	if (node->kind == KYI_NODE_CALL && calls_any_of(node, names))
		*found = true;
	if (node->kind == KYI_NODE_SELECTOR)
		shift = &node->is.selector.shift;
	if (node->kind == KYI_NODE_SUBQUERY)
		shift = &node->is.subquery.shift;
	if (shift != NULL &&
	    (shift->at == KYI_AT_START || shift->at == KYI_AT_END))
		*found = true;
	return true;
}

/* The one step of a range that is looked at, as an instant answer. */
static int
judge_step(const struct eval *eval, const struct kymo_result *range,
    enum kymo_value_kind kind, struct why *why)
{
	struct kymo_result_series *series;
	struct kymo_result result = *range;
	int verdict;

	series = calloc(range->series_cnt + 1, sizeof *series);
	result.series_cnt = 0;
	for (uint32_t i = 0; i < range->series_cnt; i++) {
		if (i > 0 && kymo_labels_compare(range->series[i - 1].labels,
		    range->series[i].labels) >= 0)
			why_set(why, "a range's answer is not sorted");
		for (uint32_t k = 0; k < range->series[i].point_cnt; k++) {
			if (range->series[i].points[k].at_ms != eval->from_ms)
				continue;
			series[result.series_cnt] = range->series[i];
			series[result.series_cnt].points += k;
			series[result.series_cnt++].point_cnt = 1;
		}
	}
	result.series = series;
	result.kind = kind;
	result.at_ms = eval->from_ms;
	if (kind == KYMO_VALUE_SCALAR && result.series_cnt == 1)
		result.scalar = series[0].points[0].value;
	verdict = kind == KYMO_VALUE_SCALAR && result.series_cnt != 1 ?
	    why_set(why, "a scalar has no value at this step") :
	    compare_result(eval, &result, why);
	free(series);
	return verdict;
}

static void
again_as_range(const struct eval *eval, const struct kymo_query *query,
    const struct kymo_source *source, struct why *why)
{
	enum kymo_value_kind kind = kymo_query_kind(query);
	struct kymo_query_error error;
	struct kymo_result *result;
	struct why inner = { "" };
	bool skip = kind == KYMO_VALUE_STRING || kind == KYMO_VALUE_MATRIX ||
	    eval_expects(eval, EXPECT_ORDERED);

	walk(query->root, find_range_words, &skip);
	if (skip)
		return;
	if (kymo_query_range(query, source, eval->from_ms - MINUTE_MS,
	    eval->from_ms + MINUTE_MS, MINUTE_MS, &options, &result,
	    &error) < 0) {
		if (!eval_expects(eval, EXPECT_FAIL))
			why_set(why, "as a range: failed: %s",
			    error.error.text);
		return;
	}
	/* A failure may be of another step only. */
	if (!eval_expects(eval, EXPECT_FAIL) &&
	    judge_step(eval, result, kind, &inner) < 0)
		why_set(why, "as a range: %s", inner.text);
	kymo_result_delete(result);
}

/* ---- with @ --------------------------------------------------------------------- */

struct pinning {
	int64_t at_ms;
	bool unsafe; /* its value follows the time asked at, whatever it reads */
};

static void
pin_shift(struct kyi_shift *shift, int64_t at_ms)
{
	if (shift->at != KYI_AT_NONE)
		return;
	shift->at = KYI_AT_TIME;
	shift->at_ms = at_ms;
}

static bool
pin(void *of, struct kyi_node *node)
{
	static const char *const names[] = { "days_in_month", "day_of_month",
		"day_of_week", "day_of_year", "hour", "minute", "month", "year",
		"predict_linear", "time", "timestamp", NULL };
	struct pinning *pinning = of;

	switch (node->kind) {
	case KYI_NODE_SELECTOR:
		pin_shift(&node->is.selector.shift, pinning->at_ms);
		return true;
	case KYI_NODE_SUBQUERY:
		pin_shift(&node->is.subquery.shift, pinning->at_ms);
		/* What is inside follows the subquery's steps. */
		return false;
	case KYI_NODE_CALL:
		if (calls_any_of(node, names))
			pinning->unsafe = true;
		return true;
	default:
		return true;
	}
}

static bool
find_unsafe(void *of, struct kyi_node *node)
{
	struct pinning pinning = { 0, false };
	struct kyi_node copy = *node;

	pin(&pinning, &copy);
	if (pinning.unsafe)
		*(bool *)of = true;
	return true;
}

static void
again_with_at(const struct eval *eval, const struct kymo_source *source,
    struct why *why)
{
	int64_t t = eval->from_ms;
	int64_t times[] = { -10 * t, 0, t / 5, t, 10 * t };
	struct pinning pinning = { t, false };
	struct kymo_query_error error;
	struct kymo_query *query;
	bool skip = false;

	if (kymo_query_parse(&query, eval->expr, strlen(eval->expr),
	    &error) < 0)
		return;
	walk(query->root, find_range_words, &skip);
	walk(query->root, find_unsafe, &skip);
	walk(query->root, pin, &pinning);
	if (t == 0) {
		times[0] = -1000;
		times[2] = 1000;
	}
	for (size_t i = 0; !skip && i < sizeof times / sizeof times[0]; i++) {
		struct kymo_result *result;
		struct why inner = { "" };

		if (kymo_query_instant(query, source, times[i], &options,
		    &result, &error) < 0) {
			if (!eval_expects(eval, EXPECT_FAIL))
				why_set(why, "with @ at %lld ms: failed: %s",
				    (long long)times[i], error.error.text);
			continue;
		}
		if (eval_expects(eval, EXPECT_FAIL))
			why_set(why, "with @: did not fail");
		else if (compare_result(eval, result, &inner) < 0)
			why_set(why, "with @ at %lld ms: %s",
			    (long long)times[i], inner.text);
		kymo_result_delete(result);
	}
	kymo_query_delete(query);
}

/* ---- all of it -------------------------------------------------------------------- */

void
eval_run(const struct eval *eval, const struct kymo_source *source,
    struct why *why)
{
	struct kymo_query_error error;
	struct kymo_query *query;
	struct kymo_result *result;
	int failed;

	if (kymo_query_parse(&query, eval->expr, strlen(eval->expr),
	    &error) < 0) {
		compare_failure(eval, error.error.text, why);
		return;
	}
	failed = eval->is_range ?
	    kymo_query_range(query, source, eval->from_ms, eval->to_ms,
	    eval->step_ms, &options, &result, &error) :
	    kymo_query_instant(query, source, eval->from_ms, &options, &result,
	    &error);
	if (failed < 0) {
		compare_failure(eval, error.error.text, why);
	} else {
		judge(eval, result, why);
		kymo_result_delete(result);
	}
	if (!eval->is_range) {
		again_as_range(eval, query, source, why);
		again_with_at(eval, source, why);
	}
	kymo_query_delete(query);
}
