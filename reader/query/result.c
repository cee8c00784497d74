/* SPDX-License-Identifier: MIT */
#include "reader/query/result.h"

#include <stdlib.h>
#include <string.h>

/* ---- copies ------------------------------------------------------------- */

static int
no_memory(struct kyi_result *to)
{
	return kyi_eval_no_memory(to->eval);
}

/* Without what names it, where names is false. */
static const struct kymo_labels *
copy_labels(struct kyi_arena *arena, const struct kymo_labels *labels,
    bool names)
{
	size_t text_bytes = 0;
	struct kymo_labels *copy;
	struct kymo_label *at;
	char *text;

	for (uint32_t i = 0; i < labels->cnt; i++)
		text_bytes += strlen(labels->at[i].key) +
		    strlen(labels->at[i].value) + 2;
	copy = kyi_arena_array(arena, 1, sizeof *copy +
	    labels->cnt * sizeof *at + text_bytes);
	if (copy == NULL)
		return NULL;
	at = (struct kymo_label *)(copy + 1);
	text = (char *)(at + labels->cnt);
	*copy = (struct kymo_labels){ labels->hash, 0, at };
	for (uint32_t i = 0; i < labels->cnt; i++) {
		struct kymo_label label = labels->at[i];

		if (!names && kyi_is_name_label(label.key)) {
			copy->hash -= kymo_label_hash(label.key, label.value);
			continue;
		}
		at[copy->cnt].key = text;
		text = stpcpy(text, label.key) + 1;
		at[copy->cnt++].value = text;
		text = stpcpy(text, label.value) + 1;
	}
	return copy;
}

static const struct kymo_native_hist *
copy_hist(struct kyi_arena *arena, const struct kymo_native_hist *hist)
{
	struct kymo_native_hist *copy = kyi_hist_clone(arena, hist);
	double *bounds;

	if (copy == NULL || copy->bound_cnt == 0)
		return copy;
	bounds = kyi_arena_array(arena, copy->bound_cnt, sizeof *bounds);
	if (bounds == NULL)
		return NULL;
	memcpy(bounds, hist->bounds, copy->bound_cnt * sizeof *bounds);
	copy->bounds = bounds;
	return copy;
}

/* ---- series ------------------------------------------------------------- */

static int
by_labels(const void *a, const void *b)
{
	const struct kymo_result_series *x = a, *y = b;

	return kymo_labels_compare(x->labels, y->labels);
}

static struct kymo_result_series *
new_series(struct kyi_result *to, uint32_t cnt)
{
	struct kymo_result_series *series = kyi_arena_array(to->arena, cnt,
	    sizeof *series);

	to->result->series = series;
	to->result->series_cnt = 0;
	return series;
}

static int
put_point(struct kyi_result *to, struct kymo_point *point, int64_t at_ms,
    double value, const struct kymo_native_hist *hist)
{
	*point = (struct kymo_point){ at_ms, value, NULL };
	if (hist == NULL)
		return 0;
	point->hist = copy_hist(to->arena, hist);
	return point->hist == NULL ? no_memory(to) : 0;
}

/* Labels of a series of the result, which is its next. */
static int
put_labels(struct kyi_result *to, const struct kyi_vectors *vectors,
    uint32_t row, struct kymo_result_series *series)
{
	const struct kymo_query_options *options = &to->eval->options;

	series->labels = NULL;
	series->origin = vectors->origin == NULL ? 0 : vectors->origin[row];
	if (series->origin != 0 && options->known(options->known_of,
	    to->result->series_cnt, series->origin))
		return 0;
	series->labels = copy_labels(to->arena, vectors->labels[row],
	    !vectors->drop_name[row]);
	return series->labels == NULL ? no_memory(to) : 0;
}

static int
put_row(struct kyi_result *to, const struct kyi_vectors *vectors, uint32_t row,
    struct kymo_result_series *series)
{
	const struct kyi_steps *asked = &to->eval->asked;
	size_t cell = (size_t)row * vectors->steps;
	struct kymo_point *points;
	uint32_t cnt = 0;

	for (uint32_t step = 0; step < vectors->steps; step++)
		cnt += kyi_present(vectors, cell + step);
	series->point_cnt = cnt;
	if (cnt == 0)
		return 0;
	points = kyi_arena_array(to->arena, cnt, sizeof *points);
	if (points == NULL)
		return no_memory(to);
	series->points = points;
	for (uint32_t step = 0; step < vectors->steps; step++, cell++)
		if (kyi_present(vectors, cell) && put_point(to, points++,
		    kyi_step_ms(asked, step), vectors->value[cell],
		    kyi_hist_at(vectors, cell)) != 0)
			return KYI_EVAL_FAILED;
	return put_labels(to, vectors, row, series);
}

int
kyi_result_vectors(struct kyi_result *to, struct kyi_vectors *vectors,
    enum kymo_value_kind kind)
{
	struct kymo_result_series *series;

	if (!kyi_vectors_apart(vectors) &&
	    kyi_vectors_merge(to->eval, vectors, true) != 0)
		return KYI_EVAL_FAILED;
	/* Those of a range come in the order of their labels. */
	if (kind == KYMO_VALUE_MATRIX)
		vectors->origin = NULL;
	series = new_series(to, vectors->cnt);
	if (series == NULL)
		return no_memory(to);
	for (uint32_t row = 0; row < vectors->cnt; row++) {
		if (put_row(to, vectors, row,
		    &series[to->result->series_cnt]) != 0)
			return KYI_EVAL_FAILED;
		if (series[to->result->series_cnt].point_cnt > 0)
			to->result->series_cnt++;
	}
	to->result->kind = kind;
	if (kind == KYMO_VALUE_MATRIX)
		qsort(series, to->result->series_cnt, sizeof *series,
		    by_labels);
	return 0;
}

/* ---- ranges of samples as they are -------------------------------------- */

static int
put_samples(struct kyi_result *to, const struct kymo_samples *samples,
    int64_t from_ms, int64_t to_ms, struct kymo_result_series *series)
{
	uint32_t from = 0, end = samples->cnt;
	struct kymo_point *points;

	while (from < end && samples->at_ms[from] <= from_ms)
		from++;
	while (end > from && samples->at_ms[end - 1] > to_ms)
		end--;
	if (kyi_eval_samples(to->eval, end - from) != 0)
		return KYI_EVAL_FAILED;
	points = kyi_arena_array(to->arena, end - from, sizeof *points);
	series->labels = copy_labels(to->arena, samples->labels, true);
	if (points == NULL || series->labels == NULL)
		return no_memory(to);
	series->points = points;
	series->origin = 0;
	series->point_cnt = 0;
	for (uint32_t i = from; i < end; i++) {
		const struct kymo_native_hist *hist =
		    samples->hist == NULL ? NULL : samples->hist[i];

		if (hist != NULL ? kyi_hist_is_stale(hist) :
		    kymo_is_stale(samples->value[i]))
			continue;
		if (put_point(to, &points[series->point_cnt++],
		    samples->at_ms[i], hist == NULL ? samples->value[i] : 0,
		    hist) != 0)
			return KYI_EVAL_FAILED;
	}
	return 0;
}

int
kyi_result_ranges(struct kyi_result *to, const struct kyi_ranges *ranges,
    int64_t from_ms, int64_t to_ms)
{
	struct kymo_result_series *series = new_series(to, ranges->cnt);

	if (series == NULL)
		return no_memory(to);
	for (uint32_t i = 0; i < ranges->cnt; i++) {
		if (put_samples(to, &ranges->series[i], from_ms, to_ms,
		    &series[to->result->series_cnt]) != 0)
			return KYI_EVAL_FAILED;
		if (series[to->result->series_cnt].point_cnt > 0)
			to->result->series_cnt++;
	}
	to->result->kind = KYMO_VALUE_MATRIX;
	qsort(series, to->result->series_cnt, sizeof *series, by_labels);
	return 0;
}

/* ---- the rest ----------------------------------------------------------- */

int
kyi_result_string(struct kyi_result *to, const char *text)
{
	to->result->kind = KYMO_VALUE_STRING;
	to->result->string = kyi_arena_text(to->arena, text, strlen(text));
	return to->result->string == NULL ? no_memory(to) : 0;
}

/* Lines and columns from 1, columns in characters. */
static void
find_place(const struct kymo_query *query, uint32_t at_bytes, uint32_t *line,
    uint32_t *column)
{
	*line = *column = 1;
	for (uint32_t i = 0; i < at_bytes && i < query->len_bytes; i++) {
		if (query->text[i] == '\n') {
			++*line;
			*column = 1;
		} else if ((query->text[i] & 0xc0) != 0x80) {
			++*column;
		}
	}
}

int
kyi_result_notes(struct kyi_result *to)
{
	struct kymo_annotation *at = kyi_arena_array(to->arena,
	    to->eval->note_cnt, sizeof *at);

	if (at == NULL)
		return no_memory(to);
	to->result->annotations = at;
	to->result->annotation_cnt = to->eval->note_cnt;
	for (const struct kyi_note *note = to->eval->notes; note != NULL;
	    note = note->next, at++) {
		at->is_warning = note->is_warning;
		at->text = kyi_arena_text(to->arena, note->text,
		    strlen(note->text));
		if (at->text == NULL)
			return no_memory(to);
		find_place(to->eval->query, note->at_bytes, &at->line,
		    &at->column);
	}
	return 0;
}

int
kyi_result_new(struct kyi_eval *eval, struct kyi_result *to)
{
	*to = (struct kyi_result){ .eval = eval, .arena =
	    kyi_arena_new(eval->options.memory_bytes_max) };
	if (to->arena != NULL)
		to->result = kyi_arena_get(to->arena, sizeof *to->result);
	if (to->result == NULL) {
		kyi_arena_delete(to->arena);
		return no_memory(to);
	}
	to->result->private_ = to->arena;
	return 0;
}

void
kymo_result_delete(struct kymo_result *result)
{
	if (result != NULL)
		kyi_arena_delete(result->private_);
}
