/* SPDX-License-Identifier: MIT */
/* What a rule test expects of expressions, and what they give. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reader/query/notation.h"
#include "reader/rules/duration.h"
#include "reader/rules/template.h"
#include "reader/rules/test_file.h"

struct sample {
	const struct kymo_labels *labels;
	double value;
	const struct kymo_native_hist *hist;
};

static int
sample_compare(const void *a, const void *b)
{
	const struct sample *left = a, *right = b;

	return kymo_labels_compare(left->labels, right->labels);
}

static bool
same_number(double a, double b, bool is_fuzzy)
{
	return a == b || (isnan(a) && isnan(b)) || (is_fuzzy &&
	    (nextafter(a, -INFINITY) == b || nextafter(a, INFINITY) == b));
}

/* Empty buckets at both ends are none. */
static struct kymo_hist_side
trimmed(struct kymo_hist_side side)
{
	while (side.cnt > 0 && side.count[side.cnt - 1] == 0)
		side.cnt--;
	for (; side.cnt > 0 && side.count[0] == 0; side.cnt--, side.first++)
		side.count++;
	return side;
}

static bool
same_side(struct kymo_hist_side a, struct kymo_hist_side b)
{
	uint32_t i;

	a = trimmed(a);
	b = trimmed(b);
	if (a.cnt != b.cnt || (a.cnt > 0 && a.first != b.first))
		return false;
	for (i = 0; i < a.cnt; i++)
		if (a.count[i] != b.count[i])
			return false;
	return true;
}

static bool
same_hist(const struct kymo_native_hist *a, const struct kymo_native_hist *b)
{
	return a->schema == b->schema && a->reset == b->reset &&
	    same_number(a->count, b->count, false) &&
	    same_number(a->sum, b->sum, false) &&
	    a->zero_count == b->zero_count &&
	    a->zero_threshold == b->zero_threshold &&
	    same_side(a->pos, b->pos) && same_side(a->neg, b->neg) &&
	    a->bound_cnt == b->bound_cnt && (a->bound_cnt == 0 ||
	    memcmp(a->bounds, b->bounds, a->bound_cnt * sizeof(double)) == 0);
}

static bool
same_samples(struct sample *a, uint32_t a_cnt, struct sample *b,
    uint32_t b_cnt, bool is_fuzzy)
{
	uint32_t i;

	if (a_cnt != b_cnt)
		return false;
	if (a_cnt > 0) {
		qsort(a, a_cnt, sizeof(*a), sample_compare);
		qsort(b, b_cnt, sizeof(*b), sample_compare);
	}
	for (i = 0; i < a_cnt; i++)
		if (!kymo_labels_equal(a[i].labels, b[i].labels) ||
		    (a[i].hist == NULL) != (b[i].hist == NULL) ||
		    (a[i].hist != NULL ? !same_hist(a[i].hist, b[i].hist) :
		    !same_number(a[i].value, b[i].value, is_fuzzy)))
			return false;
	return true;
}

static void
side_put(struct kymo_buffer *out, struct kymo_hist_side side,
    const char *prefix)
{
	uint32_t i;

	side = trimmed(side);
	if (side.cnt == 0)
		return;
	if (side.first != 0)
		kymo_buffer_printf(out, " %soffset:%d", prefix, side.first);
	kymo_buffer_printf(out, " %sbuckets:[", prefix);
	for (i = 0; i < side.cnt; i++) {
		if (i > 0)
			kymo_buffer_char(out, ' ');
		kymo_buffer_double(out, side.count[i]);
	}
	kymo_buffer_char(out, ']');
}

static void
hist_put(struct kymo_buffer *out, const struct kymo_native_hist *hist)
{
	static const char *const hints[] = { "", "reset", "not_reset",
		"gauge" };

	kymo_buffer_printf(out, "{{schema:%d count:", hist->schema);
	kymo_buffer_double(out, hist->count);
	kymo_buffer_str(out, " sum:");
	kymo_buffer_double(out, hist->sum);
	if (hist->zero_count != 0) {
		kymo_buffer_str(out, " z_bucket:");
		kymo_buffer_double(out, hist->zero_count);
	}
	if (hist->zero_threshold != 0) {
		kymo_buffer_str(out, " z_bucket_w:");
		kymo_buffer_double(out, hist->zero_threshold);
	}
	if (hist->reset != KYMO_RESET_UNKNOWN)
		kymo_buffer_printf(out, " counter_reset_hint:%s",
		    hints[hist->reset]);
	side_put(out, hist->pos, "");
	side_put(out, hist->neg, "n_");
	kymo_buffer_str(out, "}}");
}

static void
samples_put(struct kymo_buffer *out, const struct sample *samples,
    uint32_t cnt)
{
	uint32_t i;

	if (cnt == 0)
		kymo_buffer_str(out, "nil");
	for (i = 0; i < cnt; i++) {
		if (i > 0)
			kymo_buffer_str(out, ", ");
		kyi_test_labels_put(out, samples[i].labels->at,
		    samples[i].labels->cnt);
		kymo_buffer_char(out, ' ');
		if (samples[i].hist != NULL)
			hist_put(out, samples[i].hist);
		else
			kyi_go_float(out, samples[i].value, 'E', -1);
	}
	kymo_buffer_char(out, '\n');
}

static int
expected_sample(struct kyi_test *test, const struct kyi_tree_node *node,
    struct sample *sample, struct kymo_error *error)
{
	static const char *const keys[] = { "labels", "value", "histogram" };
	struct kyi_test_file *file = test->file;
	struct kyi_notation read = {0};
	const char *labels = "", *hist = NULL, *end;

	if (node->kind == KYI_TREE_MAP)
		kyi_tree_keys(&file->faults, file->tree, node, "a sample",
		    keys, 3);
	kyi_tree_text(&file->faults, file->tree, kyi_tree_get(node, "labels"),
	    "a series", &labels);
	kyi_tree_text(&file->faults, file->tree,
	    kyi_tree_get(node, "histogram"), "a histogram", &hist);
	kyi_tree_number(&file->faults, file->tree, kyi_tree_get(node, "value"),
	    &sample->value);
	if (kyi_notation_labels(file->arena, labels[0] == '\0' ? "{}" : labels,
	    &sample->labels, &end, error) != 0)
		return -1;
	end += strspn(end, " \t\n");
	if (*end != '\0')
		return kymo_error_set(error, "labels \"%s\": unexpected '%s'",
		    labels, end);
	if (hist == NULL)
		return 0;
	if (kyi_notation_points(file->arena, hist, &read, error) != 0)
		return -1;
	if (read.cnt != 1 || read.points[0].hist == NULL)
		return kymo_error_set(error, "not a histogram: %s", hist);
	sample->hist = read.points[0].hist;
	return 0;
}

static int
expected_samples(struct kyi_test *test, const struct kyi_tree_node *list,
    struct sample **samples, uint32_t *cnt, struct kymo_error *error)
{
	const struct kyi_tree_node *node;

	*cnt = 0;
	*samples = kyi_arena_get(test->file->arena, (1 + (list == NULL ? 0 :
	    list->weight)) * sizeof(**samples));
	if (*samples == NULL)
		return kymo_error_set(error, "no memory");
	if (!kyi_tree_is(&test->file->faults, test->file->tree, list,
	    KYI_TREE_LIST))
		return 0;
	for (node = list->first; node != NULL; node = node->next)
		if (expected_sample(test, node, &(*samples)[(*cnt)++],
		    error) != 0)
			return -1;
	return 0;
}

static int
got_samples(struct kyi_test *test, const struct kymo_result *result,
    struct sample **samples, uint32_t *cnt, struct kymo_error *error)
{
	static const struct kymo_labels none;
	uint32_t i;

	if (result->kind != KYMO_VALUE_SCALAR &&
	    result->kind != KYMO_VALUE_VECTOR)
		return kymo_error_set(error, "rule result is not a vector or "
		    "scalar");
	*cnt = result->kind == KYMO_VALUE_SCALAR ? 1 : result->series_cnt;
	*samples = kyi_arena_get(test->file->arena, (*cnt + 1) *
	    sizeof(**samples));
	if (*samples == NULL)
		return kymo_error_set(error, "no memory");
	if (result->kind == KYMO_VALUE_SCALAR)
		(*samples)[0] = (struct sample){&none, result->scalar, NULL};
	else
		for (i = 0; i < *cnt; i++)
			(*samples)[i] = (struct sample){
			    result->series[i].labels,
			    result->series[i].points[0].value,
			    result->series[i].points[0].hist};
	return 0;
}

static void
expr_fail(struct kyi_test *test, const char *expr, int64_t ms)
{
	struct kymo_buffer *out = test->file->out;

	kyi_test_failed(test);
	kymo_buffer_printf(out, "    expr: \"%s\", time: ", expr);
	kyi_prom_duration_print(out, ms);
	kymo_buffer_char(out, ',');
}

static void
expr_test(struct kyi_test *test, const struct kyi_tree_node *node,
    const char *expr, int64_t ms)
{
	struct kymo_query_options options = {
	    .subquery_step_ms = test->file->interval_ms};
	struct kymo_query_error error = {.line = 0};
	struct sample *expected = NULL, *got = NULL;
	uint32_t expected_cnt = 0, got_cnt = 0;
	struct kymo_query *query = NULL;
	struct kymo_result *result = NULL;

	if (kymo_query_parse(&query, expr, strlen(expr), &error) != 0 ||
	    kymo_query_instant(query, kymo_table_source(test->table),
	    test->start_ms + ms, &options, &result, &error) != 0 ||
	    expected_samples(test, kyi_tree_get(node, "exp_samples"),
	    &expected, &expected_cnt, &error.error) != 0 ||
	    got_samples(test, result, &got, &got_cnt, &error.error) != 0) {
		expr_fail(test, expr, ms);
		kymo_buffer_printf(test->file->out, " err: %s\n",
		    error.error.text);
	} else if (!same_samples(expected, expected_cnt, got, got_cnt,
	    test->file->is_fuzzy)) {
		expr_fail(test, expr, ms);
		kymo_buffer_str(test->file->out, "\n        exp: ");
		samples_put(test->file->out, expected, expected_cnt);
		kymo_buffer_str(test->file->out, "        got: ");
		samples_put(test->file->out, got, got_cnt);
	}
	if (result != NULL)
		kymo_result_delete(result);
	kymo_query_delete(query);
}

void
kyi_test_exprs(struct kyi_test *test)
{
	static const char *const keys[] = { "expr", "eval_time",
		"exp_samples" };
	struct kyi_test_file *file = test->file;
	const struct kyi_tree_node *list = kyi_tree_get(test->node,
	    "promql_expr_test"), *node;

	for (node = list == NULL ? NULL : list->first; node != NULL;
	    node = node->next) {
		const char *expr = "";
		int64_t ms = 0;

		if (!kyi_tree_is(&file->faults, file->tree, node,
		    KYI_TREE_MAP))
			continue;
		kyi_tree_keys(&file->faults, file->tree, node,
		    "a promql_expr_test", keys, 3);
		kyi_tree_text(&file->faults, file->tree,
		    kyi_tree_get(node, "expr"), "an expression", &expr);
		kyi_tree_duration(&file->faults, file->tree,
		    kyi_tree_get(node, "eval_time"), &ms);
		expr_test(test, node, expr, ms);
	}
}
