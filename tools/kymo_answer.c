/* SPDX-License-Identifier: MIT */
#include "tools/kymo_answer.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tools/kymo_cli.h"

/* ---- texts ----------------------------------------------------------------- */

static const char *
own(struct kyi_answer *answer, struct kymo_buffer *text)
{
	if (text->failed)
		exit(kyi_trouble("out of memory"));
	answer->own = kyi_must(reallocarray(answer->own, answer->own_cnt + 1u,
		sizeof(answer->own[0])));
	answer->own[answer->own_cnt++] = text->at;
	return text->at;
}

static bool
name_read(struct kyi_answer *answer, struct kyi_answer_series *series,
    json_t *metric)
{
	struct kymo_buffer text = {0};
	const char *key;
	json_t *value;
	bool any = false;

	if (!json_is_object(metric))
		return false;
	value = json_object_get(metric, "__name__");
	series->metric = value ? json_string_value(value) : "";
	if (!series->metric)
		return false;
	kymo_buffer_str(&text, series->metric);
	json_object_foreach(metric, key, value) {
		if (strcmp(key, "__name__") == 0)
			continue;
		if (!json_is_string(value)) {
			kymo_buffer_free(&text);
			return false;
		}
		kymo_buffer_str(&text, any ? ", " : "{");
		any = true;
		kymo_buffer_str(&text, key);
		kymo_buffer_char(&text, '=');
		kymo_buffer_quote(&text, json_string_value(value));
	}
	if (any)
		kymo_buffer_char(&text, '}');
	else if (!*series->metric)
		kymo_buffer_str(&text, "{}");
	series->name = own(answer, &text);
	return true;
}

/* ---- values ---------------------------------------------------------------- */

static bool
hist_read(struct kyi_answer *answer, struct kyi_answer_point *point,
    json_t *hist)
{
	const char *count = json_string_value(json_object_get(hist, "count"));
	const char *sum = json_string_value(json_object_get(hist, "sum"));
	struct kymo_buffer text = {0};

	if (!count || !sum)
		return false;
	kymo_buffer_printf(&text, "count %s, sum %s", count, sum);
	point->value = NAN;
	point->text = own(answer, &text);
	return true;
}

/* [time, "value"] or [time, {histogram}] */
static bool
point_read(struct kyi_answer *answer, struct kyi_answer_point *point,
    json_t *pair)
{
	json_t *value = json_array_get(pair, 1);

	if (json_array_size(pair) != 2 ||
	    !json_is_number(json_array_get(pair, 0)))
		return false;
	point->at_s = json_number_value(json_array_get(pair, 0));
	if (json_is_object(value))
		return hist_read(answer, point, value);
	point->text = json_string_value(value);
	if (!point->text)
		return false;
	point->value = strtod(point->text, NULL);
	return true;
}

static int
by_time(const void *a, const void *b)
{
	const struct kyi_answer_point *x = a, *y = b;

	return (x->at_s > y->at_s) - (x->at_s < y->at_s);
}

static bool
points_read(struct kyi_answer *answer, struct kyi_answer_series *series,
    json_t *list)
{
	size_t i;
	json_t *pair;

	if (!list)
		return true;
	if (!json_is_array(list) || json_array_size(list) > UINT32_MAX / 2)
		return false;
	series->points = kyi_must(reallocarray(series->points,
		series->point_cnt + json_array_size(list) + 1,
		sizeof(series->points[0])));
	json_array_foreach(list, i, pair)
		if (!point_read(answer, &series->points[series->point_cnt++],
		    pair))
			return false;
	return true;
}

/* One point by itself as a list of one. */
static bool
single_read(struct kyi_answer *answer, struct kyi_answer_series *series,
    json_t *pair)
{
	series->points = kyi_must(calloc(1, sizeof(series->points[0])));
	series->point_cnt = 1;
	return point_read(answer, series->points, pair);
}

static bool
series_read(struct kyi_answer *answer, struct kyi_answer_series *series,
    json_t *from)
{
	json_t *single = json_object_get(from, "value");

	if (!name_read(answer, series, json_object_get(from, "metric")))
		return false;
	if (!single)
		single = json_object_get(from, "histogram");
	if (!answer->is_range)
		return single_read(answer, series, single);
	if (!points_read(answer, series, json_object_get(from, "values")) ||
	    !points_read(answer, series, json_object_get(from, "histograms")))
		return false;
	if (series->point_cnt > 1)
		qsort(series->points, series->point_cnt,
		    sizeof(series->points[0]), by_time);
	return true;
}

static bool
data_read(struct kyi_answer *answer, json_t *data)
{
	const char *type = json_string_value(json_object_get(data,
		"resultType"));
	json_t *result = json_object_get(data, "result"), *one;
	size_t i;

	if (!type || !json_is_array(result) ||
	    json_array_size(result) > UINT32_MAX / 2)
		return false;
	answer->is_range = strcmp(type, "matrix") == 0;
	if (strcmp(type, "scalar") == 0 || strcmp(type, "string") == 0) {
		answer->series = kyi_must(calloc(1, sizeof(*answer->series)));
		answer->series_cnt = 1;
		answer->series[0].metric = answer->series[0].name = "";
		return single_read(answer, &answer->series[0], result);
	}
	if (!answer->is_range && strcmp(type, "vector") != 0)
		return false;
	answer->series = kyi_must(calloc(json_array_size(result) + 1,
		sizeof(*answer->series)));
	json_array_foreach(result, i, one)
		if (!series_read(answer, &answer->series[answer->series_cnt++],
		    one))
			return false;
	return true;
}

/* ---- answers --------------------------------------------------------------- */

static void
notes_read(struct kyi_answer *answer, const char *key)
{
	json_t *list = json_object_get(answer->json, key), *note;
	size_t i;

	json_array_foreach(list, i, note) {
		if (!json_is_string(note))
			continue;
		answer->notes = kyi_must(reallocarray(answer->notes,
			answer->note_cnt + 1u, sizeof(answer->notes[0])));
		answer->notes[answer->note_cnt++] = json_string_value(note);
	}
}

/* The envelope. NULL: it is none; or an error, and that is known then. */
static json_t *
open_answer(struct kyi_answer *answer, const char *bytes, size_t len_bytes)
{
	const char *status;

	memset(answer, 0, sizeof(*answer));
	answer->json = json_loadb(bytes, len_bytes, 0, NULL);
	status = json_string_value(json_object_get(answer->json, "status"));
	if (!status)
		return NULL;
	if (strcmp(status, "success") == 0)
		return json_object_get(answer->json, "data");
	answer->error_type = json_string_value(json_object_get(answer->json,
		"errorType"));
	answer->error = json_string_value(json_object_get(answer->json,
		"error"));
	answer->is_error = answer->error_type && answer->error;
	return NULL;
}

bool
kyi_answer_read(struct kyi_answer *answer, const char *bytes, size_t len_bytes)
{
	json_t *data = open_answer(answer, bytes, len_bytes);

	if (answer->is_error)
		return true;
	if (!data || !data_read(answer, data))
		return false;
	notes_read(answer, "warnings");
	notes_read(answer, "infos");
	return true;
}

int
kyi_answer_texts(struct kyi_answer *answer, const char *bytes,
    size_t len_bytes, const char ***list, uint32_t *cnt)
{
	json_t *data = open_answer(answer, bytes, len_bytes), *one;
	size_t i;

	*list = NULL;
	*cnt = 0;
	if (!json_is_array(data) || json_array_size(data) > UINT32_MAX / 2)
		return -1;
	*list = kyi_must(calloc(json_array_size(data) + 1, sizeof(**list)));
	json_array_foreach(data, i, one)
		(*list)[(*cnt)++] = json_is_string(one) ?
		    json_string_value(one) : "";
	return 0;
}

void
kyi_answer_free(struct kyi_answer *answer)
{
	for (uint32_t i = 0; i < answer->series_cnt; i++)
		free(answer->series[i].points);
	free(answer->series);
	for (uint32_t i = 0; i < answer->own_cnt; i++)
		free(answer->own[i]);
	free(answer->own);
	free(answer->notes);
	json_decref(answer->json);
	memset(answer, 0, sizeof(*answer));
}
