/* SPDX-License-Identifier: MIT */
/* Queries by HTTP. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "reader/serve/api.h"
#include "reader/serve/param.h"
#include "reader/serve/places.h"
#include "reader/serve/put.h"

#define POINTS_MAX 11000 /* of a series */

/* ---- what is asked ----------------------------------------------------- */

struct asked {
	struct kymo_query *query;
	struct kymo_query_options options;
	uint64_t limit;
	int64_t from_ms, to_ms, step_ms;
};

/* Asked by the query now and then. */
static bool
given_up(void *of)
{
	struct kyi_api *api = of;

	if (kyi_serve_now_ns() > api->until_ns)
		api->late = true;
	else if (api->gone != NULL && api->gone(api->of))
		api->canceled = true;
	return api->late || api->canceled;
}

static bool
duration(struct kyi_api *api, const char *param, int64_t *ms)
{
	const char *text = kyi_form_get(&api->form, param);

	if (*text == '\0' || kyi_param_duration(ms, text))
		return true;
	kyi_api_wrong(api, param, "cannot parse \"%.100s\" to a valid "
	    "duration", text);
	return false;
}

/* What both kinds of query have. */
static bool
common(struct kyi_api *api, struct asked *asked)
{
	struct kymo_query_error error;
	const char *text = kyi_form_get(&api->form, "query");
	int64_t timeout_ms = -1, lookback_ms = 0;
	uint64_t until_ns;

	asked->options = api->world->query;
	asked->options.cancelled = given_up;
	asked->options.of = api;
	if (!kyi_api_limit(api, "limit", &asked->limit) ||
	    !duration(api, "timeout", &timeout_ms) ||
	    !duration(api, "lookback_delta", &lookback_ms))
		return false;
	if (timeout_ms >= 0) {
		until_ns = kyi_serve_now_ns() + (uint64_t)timeout_ms * 1000000;
		if (until_ns < api->until_ns)
			api->until_ns = until_ns;
	}
	if (lookback_ms > 0)
		asked->options.lookback_ms = lookback_ms;
	if (kymo_query_parse(&asked->query, text, strlen(text), &error) != 0) {
		kyi_api_wrong(api, "query", "%s", error.error.text);
		return false;
	}
	return true;
}

/* ---- what is answered -------------------------------------------------- */

static void
answer(struct kyi_api *api, const struct asked *asked,
    const struct kymo_result *result)
{
	bool cut = asked->limit > 0 && result->series_cnt > asked->limit &&
	    (result->kind == KYMO_VALUE_VECTOR ||
	    result->kind == KYMO_VALUE_MATRIX);

	kyi_api_begin(api);
	kymo_buffer_char(&api->out, '{');
	if (!kyi_put_result(&api->out, result, asked->limit,
	    KYI_ANSWER_BYTES_MAX)) {
		kyi_api_fail(api, KYI_API_EXECUTION, "the answer would be "
		    "more than %zu MiB; ask for fewer series, or a longer "
		    "step", KYI_ANSWER_BYTES_MAX >> 20);
		return;
	}
	kymo_buffer_char(&api->out, '}');
	kyi_api_end(api, result, cut);
}

static void
failed(struct kyi_api *api, const struct kymo_query_error *error)
{
	if (api->late)
		kyi_api_fail(api, KYI_API_TIMEOUT, "query timed out in "
		    "expression evaluation");
	else if (api->canceled)
		kyi_api_fail(api, KYI_API_CANCELED, "query was canceled in "
		    "expression evaluation");
	else
		kyi_api_fail(api, KYI_API_EXECUTION, "%s", error->error.text);
}

bool
kyi_api_over(struct kyi_api *api)
{
	if (!given_up(api))
		return false;
	if (api->late)
		kyi_api_fail(api, KYI_API_TIMEOUT, "query timed out in query "
		    "queue");
	else
		kyi_api_fail(api, KYI_API_CANCELED, "query was canceled in "
		    "query queue");
	return true;
}

static int64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void
kyi_api_query(struct kyi_api *api)
{
	const struct kymo_source *source =
	    kymo_history_source(api->world->history);
	struct kymo_query_error error = { .line = 0 };
	struct asked asked = { .from_ms = now_ms() };
	struct kymo_result *result;

	if (!kyi_api_time(api, "time", &asked.from_ms) || !common(api, &asked))
		return;
	if (kyi_api_over(api)) {
		;
	} else if (kymo_query_instant(asked.query, source, asked.from_ms,
	    &asked.options, &result, &error) != 0) {
		failed(api, &error);
	} else {
		answer(api, &asked, result);
		kymo_result_delete(result);
	}
	kymo_query_delete(asked.query);
}

/* start, end and step. */
static bool
range(struct kyi_api *api, struct asked *asked)
{
	static const struct {
		const char *param, *what;
	} must[] = { { "start", "timestamp" }, { "end", "timestamp" },
	    { "step", "duration" } };
	size_t i;

	for (i = 0; i < 3; i++)
		if (*kyi_form_get(&api->form, must[i].param) == '\0') {
			kyi_api_wrong(api, must[i].param, "cannot parse \"\" "
			    "to a valid %s", must[i].what);
			return false;
		}
	if (!kyi_api_time(api, "start", &asked->from_ms) ||
	    !kyi_api_time(api, "end", &asked->to_ms) ||
	    !duration(api, "step", &asked->step_ms))
		return false;
	if (asked->to_ms < asked->from_ms)
		kyi_api_wrong(api, "end", "end timestamp must not be before "
		    "start time");
	else if (asked->step_ms <= 0)
		kyi_api_wrong(api, "step", "zero or negative query resolution "
		    "step widths are not accepted. Try a positive integer");
	else if ((asked->to_ms - asked->from_ms) / asked->step_ms >
	    POINTS_MAX)
		kyi_api_fail(api, KYI_API_BAD_DATA, "exceeded maximum "
		    "resolution of 11,000 points per timeseries. Try "
		    "decreasing the query resolution (?step=XX)");
	else
		return true;
	return false;
}

void
kyi_api_query_range(struct kyi_api *api)
{
	const struct kymo_source *source =
	    kymo_history_source(api->world->history);
	struct kymo_query_error error = { .line = 0 };
	struct asked asked = { .limit = 0 };
	struct kymo_result *result;

	if (!range(api, &asked) || !common(api, &asked))
		return;
	/* Prometheus has 11,000 steps and the first point. */
	if (asked.options.steps_max == 0)
		asked.options.steps_max = POINTS_MAX + 1;
	if (kyi_api_over(api)) {
		;
	} else if (kymo_query_range(asked.query, source, asked.from_ms,
	    asked.to_ms, asked.step_ms, &asked.options, &result, &error) != 0) {
		/* Of another type than a range can have. */
		if (kymo_query_kind(asked.query) == KYMO_VALUE_MATRIX ||
		    kymo_query_kind(asked.query) == KYMO_VALUE_STRING)
			kyi_api_wrong(api, "query", "%s", error.error.text);
		else
			failed(api, &error);
	} else {
		answer(api, &asked, result);
		kymo_result_delete(result);
	}
	kymo_query_delete(asked.query);
}

/* ---- what needs no samples --------------------------------------------- */

static struct kymo_query *
parsed(struct kyi_api *api)
{
	struct kymo_query_error error;
	const char *text = kyi_form_get(&api->form, "query");
	struct kymo_query *query;

	if (kymo_query_parse(&query, text, strlen(text), &error) == 0)
		return query;
	kyi_api_wrong(api, "query", "%s", error.error.text);
	return NULL;
}

void
kyi_api_format_query(struct kyi_api *api)
{
	struct kymo_query *query = parsed(api);
	struct kymo_buffer text = { 0 };

	if (query == NULL)
		return;
	kymo_query_print(query, &text);
	kymo_query_delete(query);
	kyi_api_begin(api);
	if (text.failed)
		api->out.failed = true;
	else
		kyi_json_string(&api->out, text.at);
	kyi_api_end(api, NULL, false);
	kymo_buffer_free(&text);
}

/* The history keeps none: those of now are on the page. */
void
kyi_api_query_exemplars(struct kyi_api *api)
{
	int64_t from_ms = 0, to_ms = KYI_TIME_MAX_MS;
	struct kymo_query *query;

	if (!kyi_api_time(api, "start", &from_ms) ||
	    !kyi_api_time(api, "end", &to_ms))
		return;
	if (to_ms < from_ms) {
		kyi_api_wrong(api, "end", "end timestamp must not be before "
		    "start timestamp");
		return;
	}
	query = parsed(api);
	if (query == NULL)
		return;
	kymo_query_delete(query);
	kyi_api_begin(api);
	kymo_buffer_str(&api->out, "[]");
	kyi_api_end(api, NULL, false);
}
