/* SPDX-License-Identifier: MIT */
/* Functions of histograms, native and classic. */
#include <stdlib.h>
#include <string.h>

#include "reader/query/call.h"

/* ---- parts of native ones ----------------------------------------------- */

static double
part_of(enum kyi_function_id id, const struct kymo_native_hist *hist)
{
	switch (id) {
	case KYI_FN_HISTOGRAM_COUNT:
		return hist->count;
	case KYI_FN_HISTOGRAM_SUM:
		return hist->sum;
	case KYI_FN_HISTOGRAM_AVG:
		return hist->sum / hist->count;
	case KYI_FN_HISTOGRAM_STDVAR:
		return kyi_hist_variance(hist);
	default:
		return sqrt(kyi_hist_variance(hist));
	}
}

int
kyi_call_hist_part(struct kyi_call *call, struct kyi_vectors *out)
{
	size_t cells;

	if (kyi_eval_vector(call->eval, kyi_arg(call, 0), call->steps,
	    out) != 0)
		return KYI_EVAL_FAILED;
	cells = (size_t)out->cnt * out->steps;
	for (size_t cell = 0; cell < cells; cell++) {
		const struct kymo_native_hist *hist = kyi_hist_at(out, cell);

		out->value[cell] = hist == NULL ? kyi_absent() :
		    part_of(call->id, hist);
		if (hist != NULL && kyi_eval_work(call->eval, 20 + 2 *
		    ((uint64_t)hist->pos.cnt + hist->neg.cnt)) != 0)
			return KYI_EVAL_FAILED;
	}
	for (uint32_t row = 0; row < out->cnt; row++)
		out->drop_name[row] = true;
	out->hist = NULL;
	kyi_vectors_squeeze(out);
	return 0;
}

/* ---- quantiles and fractions -------------------------------------------- */

/* The rows, sorted out: native ones stay rows; classic ones are grouped, all
   labels but le alike. */
struct sorted {
	struct kyi_call *call;
	const struct kyi_node *arg; /* the vector, as written */
	struct kyi_vectors in;
	double *le;        /* by row; NaN: none */
	uint32_t *group;   /* by row: which classic histogram; KYI_NOWHERE */
	uint32_t *members; /* rows with le, group by group */
	uint32_t *first;   /* by group: where its members start; one more */
	uint32_t *native_of; /* by row: the group of the same labels */
	uint32_t group_cnt;
	const struct kymo_labels **labels; /* by group: without le */
	struct kyi_classic *buckets; /* room for the largest */
};

/* Numbers such as 0.25 and 1000, exactly: digits and powers of ten that a
   double holds make one rounding. false: ask strtod. */
static bool
read_plain(const char *text, double *number)
{
	static const double tens[] = { 1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7,
		1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15 };
	uint64_t digits = 0;
	int cnt = 0, behind = -1;

	for (; *text != '\0'; text++) {
		if (*text == '.' && behind < 0 && cnt > 0) {
			behind = 0;
			continue;
		}
		if (*text < '0' || *text > '9' || ++cnt > 15)
			return false;
		digits = digits * 10 + (uint64_t)(*text - '0');
		behind += behind >= 0;
	}
	*number = (double)digits / tens[behind > 0 ? behind : 0];
	return cnt > 0 && behind != 0;
}

static bool
read_le(const struct kymo_labels *labels, double *le)
{
	const char *text = kymo_labels_get(labels, "le");
	char *end;

	if (read_plain(text, le))
		return true;
	/* strtod would take blanks before the number. */
	if (text[0] == '\0' || text[0] == ' ' || (text[0] >= '\t' &&
	    text[0] <= '\r'))
		return false;
	*le = strtod(text, &end);
	return *end == '\0';
}

static int
sorted_new(struct sorted *sorted)
{
	struct kyi_arena *arena = sorted->call->eval->arena;
	uint32_t cnt = sorted->in.cnt;

	sorted->le = kyi_arena_array(arena, cnt, sizeof *sorted->le);
	sorted->group = kyi_arena_array(arena, cnt, sizeof *sorted->group);
	sorted->members = kyi_arena_array(arena, cnt, sizeof *sorted->members);
	sorted->native_of = kyi_arena_array(arena, cnt,
	    sizeof *sorted->native_of);
	sorted->buckets = kyi_arena_array(arena, cnt, sizeof *sorted->buckets);
	return sorted->le == NULL || sorted->group == NULL ||
	    sorted->members == NULL || sorted->native_of == NULL ||
	    sorted->buckets == NULL ? kyi_eval_no_memory(sorted->call->eval) :
	    0;
}

static bool
row_has_float(const struct kyi_vectors *of, uint32_t row)
{
	for (uint32_t step = 0; step < of->steps; step++) {
		size_t cell = (size_t)row * of->steps + step;

		if (kyi_present(of, cell) && kyi_hist_at(of, cell) == NULL)
			return true;
	}
	return false;
}

static const char *const le_key[] = { "le" };
static const struct kyi_signature without_le = { le_key, 1, false, true };

static int
list_members(struct sorted *sorted, const struct kyi_label_table *table)
{
	struct kyi_arena *arena = sorted->call->eval->arena;

	sorted->group_cnt = table->cnt;
	sorted->first = kyi_arena_get(arena,
	    (table->cnt + 2) * sizeof *sorted->first);
	sorted->labels = kyi_arena_get(arena,
	    table->cnt * sizeof *sorted->labels);
	if (sorted->first == NULL || sorted->labels == NULL)
		return kyi_eval_no_memory(sorted->call->eval);
	for (uint32_t row = 0; row < sorted->in.cnt; row++)
		if (sorted->group[row] != KYI_NOWHERE)
			sorted->first[sorted->group[row] + 2]++;
	for (uint32_t group = 0; group < table->cnt; group++)
		sorted->first[group + 2] += sorted->first[group + 1];
	for (uint32_t row = 0; row < sorted->in.cnt; row++)
		if (sorted->group[row] != KYI_NOWHERE)
			sorted->members[sorted->first[
			    sorted->group[row] + 1]++] = row;
	return 0;
}

static int
sort_out(struct sorted *sorted)
{
	struct kyi_vectors *in = &sorted->in;
	struct kyi_label_table table;

	if (sorted_new(sorted) != 0 || kyi_label_table_new(sorted->call->eval,
	    &table, &without_le, in->cnt) != 0)
		return KYI_EVAL_FAILED;
	for (uint32_t row = 0; row < in->cnt; row++) {
		sorted->group[row] = KYI_NOWHERE;
		if (in->hist != NULL && !row_has_float(in, row))
			continue;
		if (!read_le(in->labels[row], &sorted->le[row])) {
			kyi_note(sorted->call->eval, KYI_NOTE_BUCKET,
			    sorted->arg, kymo_labels_get(in->labels[row],
			    "le"), in->labels[row]);
			continue;
		}
		sorted->group[row] = kyi_label_table_at(&table,
		    in->labels[row]);
	}
	for (uint32_t row = 0; in->hist != NULL && row < in->cnt; row++) {
		/* A native one's le is one of its labels. */
		sorted->native_of[row] = kymo_labels_get(in->labels[row],
		    "le")[0] != '\0' ? KYI_NOWHERE :
		    kyi_label_table_find(&table, in->labels[row]);
	}
	return list_members(sorted, &table);
}

/* The buckets a classic histogram has at a step. */
static size_t
get_buckets(const struct sorted *sorted, uint32_t group, uint32_t step)
{
	size_t cnt = 0;

	for (uint32_t i = sorted->first[group]; i < sorted->first[group + 1];
	    i++) {
		uint32_t row = sorted->members[i];
		size_t cell = (size_t)row * sorted->in.steps + step;

		if (!kyi_present(&sorted->in, cell) ||
		    kyi_hist_at(&sorted->in, cell) != NULL)
			continue;
		sorted->buckets[cnt].le = sorted->le[row];
		sorted->buckets[cnt++].count = sorted->in.value[cell];
	}
	return cnt;
}

/* ---- answers ------------------------------------------------------------ */

/* One question put to all of them; for fraction from and to, else from is q. */
struct question {
	bool fraction;
	const double *from, *to; /* by step */
	const struct kyi_node *at; /* for annotations */
};

static double
ask_native(struct sorted *sorted, const struct question *question,
    uint32_t row, uint32_t step)
{
	const struct kymo_native_hist *hist =
	    sorted->in.hist[(size_t)row * sorted->in.steps + step];
	const struct kymo_labels *labels = sorted->in.labels[row];
	struct kyi_eval *eval = sorted->call->eval;
	enum kyi_hist_nan seen;
	bool nan_seen;
	double answer;

	if (question->fraction) {
		answer = kyi_hist_fraction(question->from[step],
		    question->to[step], hist, &nan_seen);
		if (nan_seen)
			kyi_note(eval, KYI_NOTE_NAN_FRACTION, question->at, "",
			    labels);
		return answer;
	}
	answer = kyi_hist_quantile(question->from[step], hist, &seen);
	if (seen != KYI_NAN_NONE)
		kyi_note(eval, seen == KYI_NAN_RESULT ? KYI_NOTE_NAN_RESULT :
		    KYI_NOTE_NAN_SKEW, question->at, "", labels);
	return answer;
}

static double
ask_classic(struct sorted *sorted, const struct question *question,
    uint32_t group, uint32_t step, size_t cnt)
{
	double answer;
	bool forced;

	if (question->fraction)
		return kyi_classic_fraction(question->from[step],
		    question->to[step], sorted->buckets, cnt);
	answer = kyi_classic_quantile(question->from[step], sorted->buckets,
	    cnt, &forced);
	if (forced)
		kyi_note(sorted->call->eval, KYI_NOTE_MONOTONIC,
		    question->at, "",
		    sorted->in.labels[sorted->members[sorted->first[group]]]);
	return answer;
}

/* Rows of the answer: those of in first (native), then a group each. */
static int
answer(struct sorted *sorted, const struct question *question,
    struct kyi_vectors *out, uint32_t first_row)
{
	const struct kyi_vectors *in = &sorted->in;
	uint32_t natives = in->hist == NULL ? 0 : in->cnt;

	for (uint32_t group = 0; group < sorted->group_cnt; group++)
		for (uint32_t step = 0; step < in->steps; step++) {
			size_t cnt = get_buckets(sorted, group, step);

			if (cnt > 0)
				out->value[(size_t)(first_row + natives +
				    group) * in->steps + step] = ask_classic(
				    sorted, question, group, step, cnt);
		}
	for (uint32_t row = 0; row < natives; row++)
		for (uint32_t step = 0; step < in->steps; step++) {
			size_t cell = (size_t)row * in->steps + step, clash;

			if (!kyi_present(in, cell) || in->hist[cell] == NULL)
				continue;
			clash = (size_t)(first_row + natives +
			    sorted->native_of[row]) * in->steps + step;
			if (sorted->native_of[row] != KYI_NOWHERE &&
			    kyi_present(out, clash)) {
				kyi_note(sorted->call->eval,
				    KYI_NOTE_CLASSIC_NATIVE, sorted->arg, "",
				    in->labels[row]);
				out->value[clash] = kyi_absent();
				continue;
			}
			out->value[(size_t)(first_row + row) * in->steps +
			    step] = ask_native(sorted, question, row, step);
			if (kyi_eval_work(sorted->call->eval, 50 + 4 *
			    (uint64_t)in->hist[cell]->pos.cnt) != 0)
				return KYI_EVAL_FAILED;
		}
	return kyi_eval_work(sorted->call->eval,
	    20 * (uint64_t)in->cnt * in->steps);
}

/* Labels of the rows of an answer; with label key set to value, if given. */
static int
label_rows(struct sorted *sorted, struct kyi_vectors *out, uint32_t first_row,
    const char *key, const char *value)
{
	struct kyi_arena *arena = sorted->call->eval->arena;
	uint32_t natives = sorted->in.hist == NULL ? 0 : sorted->in.cnt;

	for (uint32_t i = 0; i < natives + sorted->group_cnt; i++) {
		const struct kymo_labels *labels;

		if (i < natives)
			labels = sorted->in.labels[i];
		else
			labels = kyi_labels_pick(arena, sorted->in.labels[
			    sorted->members[sorted->first[i - natives]]],
			    le_key, 1, false, false);
		if (labels != NULL && key != NULL)
			labels = kyi_labels_set(arena, labels, key, value);
		if (labels == NULL)
			return kyi_eval_no_memory(sorted->call->eval);
		out->labels[first_row + i] = labels;
		out->drop_name[first_row + i] = true;
	}
	return 0;
}

static void
note_quantile(struct kyi_call *call, const double *q, uint32_t arg)
{
	for (uint32_t step = 0; step < call->steps->cnt; step++) {
		char text[KYI_NUMBER_BYTES];

		if (q[step] >= 0 && q[step] <= 1)
			continue;
		kyi_number_short(q[step], text);
		kyi_note(call->eval, KYI_NOTE_QUANTILE, kyi_arg(call, arg),
		    text, NULL);
	}
}

/* histogram_quantiles(v, label, q..): the quantile is a label. */
static int
many_quantiles(struct kyi_call *call, struct sorted *sorted, uint32_t rows,
    struct kyi_vectors *out)
{
	uint32_t first_row = 0;

	for (uint32_t i = 2; i < kyi_arg_cnt(call); i++) {
		struct question question = { .at = sorted->arg };
		char text[KYI_NUMBER_BYTES + 2];
		const char *kept;
		double *q;

		if (kyi_eval_scalar(call->eval, kyi_arg(call, i), call->steps,
		    &q) != 0)
			return KYI_EVAL_FAILED;
		note_quantile(call, q, i);
		kyi_number_short(q[0], text);
		/* As OpenMetrics writes floats: 1.0, not 1. */
		if (strpbrk(text, ".eNI") == NULL)
			strcat(text, ".0");
		kept = kyi_arena_text(call->eval->arena, text, strlen(text));
		if (kept == NULL)
			return kyi_eval_no_memory(call->eval);
		question.from = q;
		if (label_rows(sorted, out, first_row, kyi_arg_text(call, 1),
		    kept) != 0 ||
		    answer(sorted, &question, out, first_row) != 0)
			return KYI_EVAL_FAILED;
		first_row += rows;
	}
	return 0;
}

static int
one_question(struct kyi_call *call, struct sorted *sorted,
    struct kyi_vectors *out)
{
	struct question question = { .at = sorted->arg,
	    .fraction = call->id == KYI_FN_HISTOGRAM_FRACTION };
	double *from, *to = NULL;

	if (kyi_eval_scalar(call->eval, kyi_arg(call, 0), call->steps,
	    &from) != 0 || (question.fraction && kyi_eval_scalar(call->eval,
	    kyi_arg(call, 1), call->steps, &to) != 0))
		return KYI_EVAL_FAILED;
	if (!question.fraction)
		note_quantile(call, from, 0);
	question.from = from;
	question.to = to;
	return label_rows(sorted, out, 0, NULL, NULL) != 0 ?
	    KYI_EVAL_FAILED : answer(sorted, &question, out, 0);
}

int
kyi_call_hist_quantile(struct kyi_call *call, struct kyi_vectors *out)
{
	bool many = call->id == KYI_FN_HISTOGRAM_QUANTILES;
	struct sorted sorted = { .call = call,
	    .arg = kyi_arg(call, many ? 0 : kyi_arg_cnt(call) - 1) };
	uint32_t rows;

	if (kyi_eval_vector(call->eval, sorted.arg, call->steps,
	    &sorted.in) != 0 || sort_out(&sorted) != 0)
		return KYI_EVAL_FAILED;
	rows = (sorted.in.hist == NULL ? 0 : sorted.in.cnt) + sorted.group_cnt;
	if (kyi_vectors_new(call->eval, many ? rows *
	    (kyi_arg_cnt(call) - 2) : rows, sorted.in.steps, false, true,
	    out) != 0)
		return KYI_EVAL_FAILED;
	if ((many ? many_quantiles(call, &sorted, rows, out) :
	    one_question(call, &sorted, out)) != 0)
		return KYI_EVAL_FAILED;
	kyi_vectors_squeeze(out);
	return 0;
}
