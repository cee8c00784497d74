/* SPDX-License-Identifier: MIT */
#include "reader/notify/context_private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_BYTES_MAX ((size_t)4 << 20)
/* What the chart shows: ten minutes, or where that is nearly nothing, one, or
   six seconds. */
static const int64_t windows_ms[] = {600000, 60000, 6000};
#define WINDOW_CNT (sizeof(windows_ms) / sizeof(windows_ms[0]))
#define POINT_CNT 60
#define FEW_CNT 12u
/* Of one question; a rule of more series has no chart. */
#define SERIES_MAX 20000u
#define SAMPLES_MAX 20000000u
#define MEMORY_MAX ((uint64_t)64 << 20)

/* ---- asking -------------------------------------------------------------------------- */

bool
kyi_gather_over(struct kyi_gather *gather)
{
	const struct kymo_context_question *question = gather->question;

	if (!gather->context->cancelled && question->cancelled != NULL)
		gather->context->cancelled = question->cancelled(question->of);
	return gather->context->cancelled;
}

static bool
over(void *of)
{
	return kyi_gather_over(of);
}

struct kymo_result *
kyi_gather_ask(struct kyi_gather *gather, const char *text, int64_t from_ms,
    int64_t to_ms, int64_t step_ms)
{
	const struct kymo_source *source = gather->question->source;
	const struct kymo_query_options options = {.series_max = SERIES_MAX,
	    .samples_max = SAMPLES_MAX, .memory_bytes_max = MEMORY_MAX,
	    .cancelled = over, .of = gather};
	struct kymo_query_error error;
	struct kymo_result *result = NULL;
	struct kymo_query *query = NULL;
	int status = -1;

	if (kyi_gather_over(gather) || kymo_query_parse(&query, text,
	    strlen(text), &error) != 0)
		return NULL;
	status = step_ms == 0 ? kymo_query_instant(query, source, to_ms,
	    &options, &result, &error) : kymo_query_range(query, source,
	    from_ms, to_ms, step_ms, &options, &result, &error);
	kymo_query_delete(query);
	return status == 0 ? result : NULL;
}

const struct kymo_result *
kyi_gather_ask_once(struct kyi_gather *gather, struct kyi_asked *asked,
    const char *text, int64_t from_ms, int64_t to_ms, int64_t step_ms)
{
	if (asked->asked && asked->at_ms == to_ms && !asked->text.failed &&
	    strcmp(asked->text.at, text) == 0)
		return asked->result;
	kyi_asked_end(asked);
	kymo_buffer_str(&asked->text, text);
	asked->at_ms = to_ms;
	asked->result = kyi_gather_ask(gather, text, from_ms, to_ms, step_ms);
	/* Given up by a deadline: the next may have more time. */
	asked->asked = !gather->context->cancelled;
	return asked->result;
}

void
kyi_asked_end(struct kyi_asked *asked)
{
	kymo_buffer_free(&asked->text);
	if (asked->result != NULL)
		kymo_result_delete(asked->result);
	memset(asked, 0, sizeof(*asked));
}

const char *
kyi_gather_text(struct kyi_gather *gather, const struct kymo_buffer *text)
{
	if (text->failed || text->len_bytes == 0)
		return NULL;
	return kyi_arena_text(gather->arena, text->at, text->len_bytes);
}

/* A piece of the rule's text. */
static void
piece(struct kymo_buffer *out, const char *text, uint32_t from, uint32_t to)
{
	kymo_buffer_add(out, text + from, to - from);
}

/* ---- whose series -------------------------------------------------------------------- */

static const char *
label_of(const struct kymo_context_question *question, const char *key)
{
	uint32_t i;

	for (i = 0; i < question->label_cnt; i++)
		if (strcmp(question->labels[i].key, key) == 0)
			return question->labels[i].value;
	return "";
}

/* Whether an alert with these labels can have come of a series. */
static bool
came_of(const struct kymo_context_question *question,
    const struct kymo_labels *labels)
{
	uint32_t i;

	for (i = 0; i < labels->cnt; i++)
		if (strcmp(labels->at[i].key, KYMO_NAME_LABEL) != 0 &&
		    strcmp(label_of(question, labels->at[i].key),
		    labels->at[i].value) != 0)
			return false;
	return true;
}

/* The series with the most labels of those that it can have come of; NULL:
   none, or two are as good. */
static const struct kymo_result_series *
series_pick(const struct kymo_context_question *question,
    const struct kymo_result *result)
{
	const struct kymo_result_series *best = NULL;
	bool alone = true;
	uint32_t i;

	for (i = 0; i < result->series_cnt; i++) {
		const struct kymo_result_series *one = &result->series[i];

		if (!came_of(question, one->labels))
			continue;
		if (best == NULL || one->labels->cnt > best->labels->cnt) {
			best = one;
			alone = true;
		} else if (one->labels->cnt == best->labels->cnt) {
			alone = false;
		}
	}
	return alone ? best : NULL;
}

static void
series_keep(struct kyi_gather *gather, const struct kymo_labels *labels)
{
	struct kymo_label *of = kyi_arena_array(gather->arena, labels->cnt + 1u,
	    sizeof(*of));
	uint32_t i, cnt = 0;

	for (i = 0; of != NULL && i < labels->cnt; i++) {
		const struct kymo_label *label = &labels->at[i];

		if (strcmp(label->key, KYMO_NAME_LABEL) == 0)
			continue;
		of[cnt].key = kyi_arena_text(gather->arena, label->key,
		    strlen(label->key));
		of[cnt].value = kyi_arena_text(gather->arena, label->value,
		    strlen(label->value));
		if (of[cnt].key == NULL || of[cnt].value == NULL)
			return;
		cnt++;
	}
	gather->of = of;
	gather->of_cnt = of == NULL ? 0 : cnt;
}

/* ---- the last minutes ---------------------------------------------------------------- */

static void
points_keep(struct kyi_gather *gather, const struct kymo_result_series *series)
{
	struct kymo_notify_detail *detail = &gather->context->detail;
	struct kymo_notify_point *points = kyi_arena_array(gather->arena,
	    series->point_cnt + 1u, sizeof(*points));
	uint32_t i, cnt = 0;

	for (i = 0; points != NULL && i < series->point_cnt; i++)
		if (series->points[i].hist == NULL)
			points[cnt++] = (struct kymo_notify_point){
			    series->points[i].at_ms, series->points[i].value};
	if (cnt < 2)
		return;
	detail->points = points;
	detail->point_cnt = cnt;
}

static void
points_gather(struct kyi_gather *gather, const struct kyi_said_expr *expr)
{
	const struct kymo_context_question *question = gather->question;
	const struct kymo_notify_detail *detail = &gather->context->detail;
	struct kymo_buffer text = {0};
	int64_t at_ms = question->at_ms;
	size_t i;

	piece(&text, question->expr, expr->value_from, expr->value_to);
	for (i = 0; i < WINDOW_CNT && !text.failed &&
	    detail->point_cnt < FEW_CNT; i++) {
		const struct kymo_result *result = kyi_gather_ask_once(gather,
		    &gather->gatherer->points[i], text.at,
		    at_ms - windows_ms[i], at_ms, windows_ms[i] / POINT_CNT);
		const struct kymo_result_series *series = result == NULL ?
		    NULL : series_pick(question, result);

		if (series == NULL)
			break;
		if (gather->of == NULL)
			series_keep(gather, series->labels);
		points_keep(gather, series);
	}
	kymo_buffer_free(&text);
}

/* ---- threshold and unit ------------------------------------------------------------- */

/* The limit's series of just the labels that the value's has. */
static double
limit_pick(const struct kyi_gather *gather, const struct kymo_result *result)
{
	uint32_t i, k;

	for (i = 0; gather->of != NULL && i < result->series_cnt; i++) {
		const struct kymo_labels *labels = result->series[i].labels;
		uint32_t cnt = labels->cnt -
		    (*kymo_labels_get(labels, KYMO_NAME_LABEL) != '\0');

		if (cnt != gather->of_cnt || result->series[i].point_cnt == 0)
			continue;
		for (k = 0; k < cnt; k++)
			if (strcmp(kymo_labels_get(labels, gather->of[k].key),
			    gather->of[k].value) != 0)
				break;
		if (k == cnt && result->series[i].points[0].hist == NULL)
			return result->series[i].points[0].value;
	}
	return NAN;
}

static void
threshold_gather(struct kyi_gather *gather, const struct kyi_said_expr *expr)
{
	const struct kymo_context_question *question = gather->question;
	struct kymo_context *context = gather->context;
	struct kymo_buffer text = {0};
	struct kymo_result *result = NULL;

	if (expr->limit_to == 0)
		return;
	piece(&text, question->expr, expr->limit_from, expr->limit_to);
	if (!text.failed)
		result = kyi_gather_ask(gather, text.at, 0, question->at_ms, 0);
	if (result != NULL && result->kind == KYMO_VALUE_SCALAR)
		context->threshold = result->scalar;
	else if (result != NULL && result->kind == KYMO_VALUE_VECTOR)
		context->threshold = limit_pick(gather, result);
	context->threshold_fixed = expr->limit_fixed &&
	    !isnan(context->threshold);
	if (result != NULL)
		kymo_result_delete(result);
	kymo_buffer_free(&text);
}

static void
unit_gather(struct kyi_gather *gather, const struct kyi_said_expr *expr)
{
	const struct kymo_history_family *family = kyi_context_family(
	    gather->question->families, expr->unit_of);
	struct kymo_buffer text = {0};

	if (family == NULL || family->unit == NULL || *family->unit == '\0')
		return;
	kymo_buffer_printf(&text, "%.60s%s", family->unit, expr->unit_suffix);
	gather->context->detail.unit = kyi_gather_text(gather, &text);
	kymo_buffer_free(&text);
}

/* ---- the whole ------------------------------------------------------------------------- */

static void
rule_gather(struct kyi_gather *gather)
{
	struct kymo_query_error error;
	struct kyi_said_expr expr;

	if (gather->question->expr == NULL || kymo_query_parse(&gather->query,
	    gather->question->expr, strlen(gather->question->expr),
	    &error) != 0) {
		gather->query = NULL;
		return;
	}
	kyi_expr_read(&expr, gather->query);
	points_gather(gather, &expr);
	threshold_gather(gather, &expr);
	unit_gather(gather, &expr);
}

struct kymo_context *
kymo_context_gather(struct kymo_gatherer *gatherer,
    const struct kymo_context_question *question)
{
	struct kymo_context *context = calloc(1, sizeof(*context));
	struct kyi_gather gather = {.gatherer = gatherer,
	    .question = question, .context = context,
	    .arena = kyi_arena_new(ARENA_BYTES_MAX)};

	if (context == NULL || gather.arena == NULL) {
		kyi_arena_delete(gather.arena);
		free(context);
		return NULL;
	}
	context->private_ = gather.arena;
	context->threshold = NAN;
	gather.service = label_of(question, "service");
	rule_gather(&gather);
	/* By what helps most: a deadline may come. */
	kyi_gather_process(&gather);
	kyi_gather_hists(&gather);
	kyi_gather_changes(&gather);
	(void)kyi_gather_over(&gather);
	kymo_query_delete(gather.query);
	return context;
}

void
kymo_context_delete(struct kymo_context *context)
{
	if (context == NULL)
		return;
	kyi_arena_delete(context->private_);
	free(context);
}

struct kymo_gatherer *
kymo_gatherer_new(void)
{
	return calloc(1, sizeof(struct kymo_gatherer));
}

void
kymo_gatherer_delete(struct kymo_gatherer *gatherer)
{
	if (gatherer == NULL)
		return;
	for (size_t i = 0; i < WINDOW_CNT; i++)
		kyi_asked_end(&gatherer->points[i]);
	kyi_asked_end(&gatherer->beside);
	free(gatherer);
}
