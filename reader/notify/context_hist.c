/* SPDX-License-Identifier: MIT */
/* Quantiles of the last five minutes, and exemplars: of the histogram that the
   rule looks at, or of those of the process that count most. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reader/notify/context_private.h"

#define WINDOW_MS INT64_C(300000)
#define FAMILIES_MAX 64u

struct hists {
	struct kyi_gather *gather;
	const char *names[KYI_CONTEXT_HISTS_MAX];
	uint32_t cnt;
	/* The rule's own, with the matchers that it has. */
	const struct kymo_matcher *matchers;
	uint32_t matcher_cnt;
};

/* ---- which --------------------------------------------------------------------------- */

static bool
is_hist(const struct kymo_history_family *family)
{
	return family != NULL && strcmp(family->type, "histogram") == 0;
}

static int
selector_look(void *to, const struct kymo_query_selector *selector)
{
	struct hists *hists = to;
	const struct kymo_history_family *family;
	uint32_t i;

	for (i = 0; i < selector->matcher_cnt; i++) {
		const struct kymo_matcher *matcher = &selector->matchers[i];

		if (matcher->match != KYMO_MATCH_EQUAL ||
		    strcmp(matcher->key, KYMO_NAME_LABEL) != 0)
			continue;
		family = kyi_context_family(hists->gather->question->families,
		    matcher->value);
		if (!is_hist(family))
			continue;
		hists->names[0] = family->name;
		hists->cnt = 1;
		hists->matchers = selector->matchers;
		hists->matcher_cnt = selector->matcher_cnt;
		return 1;
	}
	return 0;
}

/* Observations in the window, of all series of this name. */
static double
observed(const struct kymo_result *result, const char *name, int64_t from_ms)
{
	double sum = 0;
	uint32_t i;

	for (i = 0; i < result->series_cnt; i++) {
		const struct kymo_result_series *series = &result->series[i];
		const char *of = kymo_labels_get(series->labels,
		    KYMO_NAME_LABEL);
		size_t name_bytes = strlen(name);

		if (series->point_cnt == 0 || strncmp(of, name, name_bytes) !=
		    0 || strcmp(of + name_bytes, "_count") != 0)
			continue;
		sum += series->points[series->point_cnt - 1].value;
		/* What was not there at the window's begin began in it. */
		if (series->points[0].at_ms <= from_ms)
			sum -= series->points[0].value;
	}
	return sum;
}

static void
busiest_keep(struct hists *hists, const struct kymo_result *result)
{
	const struct kymo_history_families *families =
	    hists->gather->question->families;
	double most[KYI_CONTEXT_HISTS_MAX] = {0};
	uint32_t i, at, last = KYI_CONTEXT_HISTS_MAX - 1;

	for (i = 0; i < families->cnt; i++) {
		const char *name = families->at[i].name;
		double cnt = is_hist(&families->at[i]) ?
		    observed(result, name, hists->gather->question->at_ms -
		    WINDOW_MS) : 0;

		if (!(cnt > most[last]))
			continue;
		for (at = last; at > 0 && cnt > most[at - 1]; at--) {
			most[at] = most[at - 1];
			hists->names[at] = hists->names[at - 1];
		}
		most[at] = cnt;
		hists->names[at] = name;
	}
	while (hists->cnt < KYI_CONTEXT_HISTS_MAX && most[hists->cnt] > 0)
		hists->cnt++;
}

static void
busiest_find(struct hists *hists)
{
	struct kyi_gather *gather = hists->gather;
	const struct kymo_history_families *families =
	    gather->question->families;
	struct kymo_buffer text = {0};
	struct kymo_result *result = NULL;
	uint32_t i, cnt = 0;

	if (*gather->service == '\0' || families == NULL)
		return;
	kymo_buffer_str(&text, "{__name__=~\"");
	for (i = 0; i < families->cnt && cnt < FAMILIES_MAX; i++)
		if (is_hist(&families->at[i]))
			kymo_buffer_printf(&text, "%s%s_count",
			    cnt++ == 0 ? "" : "|", families->at[i].name);
	kymo_buffer_str(&text, "\", service=");
	kymo_buffer_quote(&text, gather->service);
	kymo_buffer_char(&text, '}');
	if (cnt > 0 && !text.failed)
		result = kyi_gather_ask(gather, text.at,
		    gather->question->at_ms - WINDOW_MS,
		    gather->question->at_ms, WINDOW_MS / 30);
	if (result != NULL) {
		busiest_keep(hists, result);
		kymo_result_delete(result);
	}
	kymo_buffer_free(&text);
}

/* ---- quantiles ------------------------------------------------------------------------ */

static void
matcher_put(struct kymo_buffer *out, const char *before, const char *key,
    const char *sign, const char *value)
{
	kymo_buffer_str(out, before);
	kymo_buffer_quote(out, key);
	kymo_buffer_str(out, sign);
	kymo_buffer_quote(out, value);
}

/* The histogram's series that the alert is about. */
static void
selector_put(const struct hists *hists, const char *name,
    struct kymo_buffer *out)
{
	static const char *const signs[] = {"=", "!=", "=~", "!~"};
	const struct kyi_gather *gather = hists->gather;
	uint32_t i;

	matcher_put(out, "{", KYMO_NAME_LABEL, "=", name);
	for (i = 0; i < hists->matcher_cnt; i++) {
		const struct kymo_matcher *matcher = &hists->matchers[i];

		if (strcmp(matcher->key, KYMO_NAME_LABEL) != 0 &&
		    strcmp(matcher->key, "le") != 0)
			matcher_put(out, ", ", matcher->key,
			    signs[matcher->match], matcher->value);
	}
	for (i = 0; hists->matchers != NULL && i < gather->of_cnt; i++)
		if (strcmp(gather->of[i].key, "le") != 0)
			matcher_put(out, ", ", gather->of[i].key, "=",
			    gather->of[i].value);
	if (hists->matchers == NULL)
		matcher_put(out, ", ", "service", "=", gather->service);
	kymo_buffer_char(out, '}');
}

static const char *
title_of(struct kyi_gather *gather, const char *name)
{
	const struct kymo_history_family *family = kyi_context_family(
	    gather->question->families, name);
	struct kymo_buffer text = {0};
	const char *title;

	kymo_buffer_printf(&text, "%.200s", name);
	/* The unit is the name's last word already, as a rule. */
	if (family != NULL && family->unit != NULL && *family->unit != '\0' &&
	    strstr(name, family->unit) == NULL)
		kymo_buffer_printf(&text, " (%.60s)", family->unit);
	title = kyi_gather_text(gather, &text);
	kymo_buffer_free(&text);
	return title;
}

static void
quantiles_gather(const struct hists *hists, const char *name)
{
	struct kyi_gather *gather = hists->gather;
	struct kymo_notify_detail *detail = &gather->context->detail;
	struct kymo_notify_quantile *to = (struct kymo_notify_quantile *)
	    (uintptr_t)detail->quantiles;
	struct kymo_buffer text = {0};
	struct kymo_result *result = NULL;
	const char *of = title_of(gather, name);
	uint32_t i;

	kymo_buffer_str(&text, "histogram_quantiles(sum(rate(");
	selector_put(hists, name, &text);
	kymo_buffer_str(&text, "[5m])), \"q\", 0.5, 0.9, 0.99, 0.999)");
	if (!text.failed)
		result = kyi_gather_ask(gather, text.at, 0,
		    gather->question->at_ms, 0);
	for (i = 0; result != NULL && i < result->series_cnt &&
	    i < KYI_CONTEXT_QUANTILES; i++) {
		const struct kymo_result_series *series = &result->series[i];

		if (series->point_cnt > 0 && !isnan(series->points[0].value))
			to[detail->quantile_cnt++] =
			    (struct kymo_notify_quantile){
			    .q = atof(kymo_labels_get(series->labels, "q")),
			    .value = series->points[0].value, .of = of};
	}
	kymo_result_delete(result);
	kymo_buffer_free(&text);
}

/* ---- exemplars ------------------------------------------------------------------------- */

static bool
has(const struct kymo_series *series, const char *key, const char *value)
{
	uint32_t i;

	for (i = 0; i < series->label_cnt; i++)
		if (strcmp(series->labels[i].key, key) == 0)
			return strcmp(series->labels[i].value, value) == 0;
	return *value == '\0';
}

static bool
is_ours(const struct hists *hists, const struct kymo_series *series)
{
	const struct kyi_gather *gather = hists->gather;
	uint32_t i;

	if ((series->exemplar.trace_hi | series->exemplar.trace_lo) == 0)
		return false;
	if (*gather->service != '\0' && !has(series, "service", gather->service))
		return false;
	for (i = 0; hists->matchers != NULL && i < gather->of_cnt; i++)
		if (!has(series, gather->of[i].key, gather->of[i].value))
			return false;
	return true;
}

static void
exemplar_keep(struct kyi_gather *gather, const struct kymo_exemplar_info *info,
    int exponent)
{
	struct kymo_notify_detail *detail = &gather->context->detail;
	struct kymo_notify_exemplar *to = (struct kymo_notify_exemplar *)
	    (uintptr_t)detail->exemplars;
	char trace[40], span[20];

	if (detail->exemplar_cnt == KYI_CONTEXT_EXEMPLARS_MAX)
		return;
	snprintf(trace, sizeof(trace), "%016" PRIx64 "%016" PRIx64,
	    info->trace_hi, info->trace_lo);
	snprintf(span, sizeof(span), "%016" PRIx64, info->span_id);
	to += detail->exemplar_cnt;
	to->trace_id = kyi_arena_text(gather->arena, trace, strlen(trace));
	to->span_id = kyi_arena_text(gather->arena, span, strlen(span));
	to->value = (double)info->value * pow(10, exponent);
	to->at_ms = (int64_t)(info->at_ns / 1000000);
	if (to->trace_id != NULL && to->span_id != NULL)
		detail->exemplar_cnt++;
}

static void
exemplars_gather(const struct hists *hists, const char *name)
{
	const struct kymo_scan *scan = hists->gather->question->scan;
	uint32_t i, k;

	for (i = 0; scan != NULL && i < scan->family_cnt; i++) {
		const struct kymo_family_scan *family = &scan->families[i];

		if (strcmp(family->name, name) != 0)
			continue;
		for (k = 0; k < family->series_cnt; k++)
			if (is_ours(hists, &family->series[k]))
				exemplar_keep(hists->gather,
				    &family->series[k].exemplar,
				    family->exponent);
	}
}

void
kyi_gather_hists(struct kyi_gather *gather)
{
	struct kymo_notify_detail *detail = &gather->context->detail;
	struct hists hists = {.gather = gather};
	uint32_t i;

	if (gather->query != NULL)
		kymo_query_selectors(gather->query, selector_look, &hists);
	if (hists.cnt == 0)
		busiest_find(&hists);
	detail->quantiles = kyi_arena_array(gather->arena,
	    KYI_CONTEXT_HISTS_MAX * KYI_CONTEXT_QUANTILES,
	    sizeof(*detail->quantiles));
	detail->exemplars = kyi_arena_array(gather->arena,
	    KYI_CONTEXT_EXEMPLARS_MAX, sizeof(*detail->exemplars));
	if (detail->quantiles == NULL || detail->exemplars == NULL)
		return;
	for (i = 0; i < hists.cnt; i++) {
		quantiles_gather(&hists, hists.names[i]);
		exemplars_gather(&hists, hists.names[i]);
	}
}
