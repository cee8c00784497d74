/* SPDX-License-Identifier: MIT */
/* sort and sort_by_label, of one instant: ranges are ordered by labels. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "reader/query/call.h"

struct row { /* of one instant */
	const struct kymo_labels *labels;
	const struct kymo_native_hist *hist;
	double value;
	bool drop_name;
	uint32_t at; /* equal ones stay in order */
	const struct kyi_call *call;
};

/* NaN comes last both ways. */
static int
by_value(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	double sign = x->call->id == KYI_FN_SORT ? 1 : -1;

	if (isnan(x->value) || isnan(y->value)) {
		if (!isnan(x->value) || !isnan(y->value))
			return isnan(x->value) ? 1 : -1;
	} else if (x->value != y->value) {
		return sign * x->value < sign * y->value ? -1 : 1;
	}
	return x->at < y->at ? -1 : 1;
}

/* ---- labels as people order them ---------------------------------------- */

/* The run of digits, or of none, that text begins with. */
static size_t
run_bytes(const char *text)
{
	bool digit = isdigit((unsigned char)text[0]) != 0;
	size_t cnt = 0;

	while (text[cnt] != '\0' &&
	    (isdigit((unsigned char)text[cnt]) != 0) == digit)
		cnt++;
	return cnt;
}

static int
compare_digits(const char *a, size_t a_bytes, const char *b, size_t b_bytes)
{
	int order;

	while (a_bytes > 1 && *a == '0') {
		a++;
		a_bytes--;
	}
	while (b_bytes > 1 && *b == '0') {
		b++;
		b_bytes--;
	}
	if (a_bytes != b_bytes)
		return a_bytes < b_bytes ? -1 : 1;
	order = memcmp(a, b, a_bytes);
	return order;
}

/* Runs of digits as numbers, the rest as text. */
static int
compare_naturally(const char *a, const char *b)
{
	const char *x = a, *y = b;

	while (*x != '\0' && *y != '\0') {
		size_t x_bytes = run_bytes(x), y_bytes = run_bytes(y);
		int order;

		if (isdigit((unsigned char)*x) && isdigit((unsigned char)*y)) {
			order = compare_digits(x, x_bytes, y, y_bytes);
		} else {
			size_t both = x_bytes < y_bytes ? x_bytes : y_bytes;

			order = memcmp(x, y, both);
			if (order == 0 && x_bytes != y_bytes)
				order = x_bytes < y_bytes ? -1 : 1;
		}
		if (order != 0)
			return order;
		x += x_bytes;
		y += y_bytes;
	}
	if (*x != *y)
		return *x == '\0' ? -1 : 1;
	return strcmp(a, b);
}

static int
by_label(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	int sign = x->call->id == KYI_FN_SORT_BY_LABEL ? 1 : -1;

	for (uint32_t i = 1; i < kyi_arg_cnt(x->call); i++) {
		const char *key = kyi_arg_text(x->call, i);
		int order = compare_naturally(
		    kymo_labels_get(x->labels, key),
		    kymo_labels_get(y->labels, key));

		if (order != 0)
			return sign * order;
	}
	return sign * kymo_labels_compare(x->labels, y->labels);
}

static struct row *
get_rows(const struct kyi_call *call, const struct kyi_vectors *of)
{
	struct row *rows = kyi_arena_array(call->eval->arena, of->cnt,
	    sizeof *rows);

	for (uint32_t i = 0; rows != NULL && i < of->cnt; i++)
		rows[i] = (struct row){ of->labels[i], kyi_hist_at(of, i),
		    of->value[i], of->drop_name[i], i, call };
	return rows;
}

int
kyi_call_sort(struct kyi_call *call, struct kyi_vectors *out)
{
	bool by_values = call->id == KYI_FN_SORT ||
	    call->id == KYI_FN_SORT_DESC;
	struct row *rows;

	if (kyi_eval_vector(call->eval, kyi_arg(call, 0), call->steps,
	    out) != 0)
		return KYI_EVAL_FAILED;
	if (by_values)
		kyi_drop_hists(out);
	if (call->eval->asked.cnt > 1)
		kyi_note(call->eval, KYI_NOTE_SORT, call->node, "", NULL);
	if (out->steps != 1)
		return 0;
	rows = get_rows(call, out);
	if (rows == NULL)
		return kyi_eval_no_memory(call->eval);
	qsort(rows, out->cnt, sizeof *rows, by_values ? by_value : by_label);
	out->origin = NULL;
	for (uint32_t i = 0; i < out->cnt; i++) {
		out->labels[i] = rows[i].labels;
		out->value[i] = rows[i].value;
		out->drop_name[i] = rows[i].drop_name;
		if (out->hist != NULL)
			out->hist[i] = rows[i].hist;
	}
	return kyi_eval_work(call->eval, 200 * (uint64_t)out->cnt);
}
