/* SPDX-License-Identifier: MIT */
/* Whether the processes of a service live, and which of its series moved. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reader/notify/context_private.h"
#include "reader/notify/text.h"

#define PROCESS_MS INT64_C(900000)
#define BESIDE_MS INT64_C(300000)
#define STEP_MS INT64_C(10000)
#define RECENT_CNT 6u  /* points of the last minute */
#define BEFORE_MIN 6u  /* points before it, or nothing is said */
#define MOVED_SPREADS 3.0
#define MOVED_SHARE 0.2

/* ---- processes ------------------------------------------------------------------------ */

/* So long, for people: 40 s, 12 min, 3 h, 9 days. */
static void
ago_put(struct kymo_buffer *out, int64_t ms)
{
	int64_t s = ms / 1000;

	if (s < 120)
		kymo_buffer_printf(out, "%lld s", (long long)s);
	else if (s < 7200)
		kymo_buffer_printf(out, "%lld min", (long long)(s / 60));
	else if (s < 172800)
		kymo_buffer_printf(out, "%lld h", (long long)(s / 3600));
	else
		kymo_buffer_printf(out, "%lld days", (long long)(s / 86400));
}

/* What a service's number of living processes was. */
struct lives {
	double now, most;
	int64_t fell_ms; /* when there was last more than now; 0: never */
};

/* From the samples themselves: a death is told to the scan. */
static void
lives_read(struct lives *lives, const struct kymo_samples *samples,
    int64_t at_ms)
{
	uint32_t i, cnt = samples->cnt;
	double value;

	while (cnt > 0 && samples->at_ms[cnt - 1] > at_ms)
		cnt--;
	if (cnt > 0 && !kymo_is_stale(samples->value[cnt - 1]))
		lives->now = samples->value[cnt - 1];
	for (i = 0; i < cnt; i++) {
		value = samples->value[i];
		if (kymo_is_stale(value) || samples->at_ms[i] <= at_ms -
		    PROCESS_MS)
			continue;
		if (value > lives->most)
			lives->most = value;
		if (value > lives->now)
			lives->fell_ms = samples->at_ms[i];
	}
}

static void
lives_find(const struct kyi_gather *gather, struct lives *lives)
{
	const struct kymo_context_question *question = gather->question;
	const struct kymo_matcher matchers[] = {
		{KYMO_MATCH_EQUAL, KYMO_NAME_LABEL, "kymo_regions", NULL},
		{KYMO_MATCH_EQUAL, "service", gather->service, NULL},
		{KYMO_MATCH_EQUAL, "state", "alive", NULL},
	};
	const struct kymo_select what = {.matchers = matchers, .matcher_cnt = 3,
	    .from_ms = question->at_ms - PROCESS_MS, .to_ms = question->at_ms,
	    .series_max = 2, .samples_max = 1000000};
	struct kymo_selected selected;
	struct kymo_error error;

	if (question->source->select(question->source->of, &what, &selected,
	    &error) != 0)
		return;
	if (selected.series_cnt == 1)
		lives_read(lives, &selected.series[0], question->at_ms);
	question->source->done(question->source->of, &selected);
}

static void
youngest_put(struct kyi_gather *gather, struct kymo_buffer *out, double cnt)
{
	struct kymo_buffer text = {0};
	struct kymo_result *result = NULL;

	kymo_buffer_str(&text, "process_start_time_seconds{service=");
	kymo_buffer_quote(&text, gather->service);
	kymo_buffer_char(&text, '}');
	if (!text.failed)
		result = kyi_gather_ask(gather, text.at, 0,
		    gather->question->at_ms, 0);
	kymo_buffer_free(&text);
	if (result != NULL && result->series_cnt == 1) {
		double at_s = result->series[0].points[0].value;
		int64_t ms = gather->question->at_ms;

		if (at_s > 0 && at_s * 1000 <= (double)ms) {
			kymo_buffer_printf(out, "%s since ", cnt > 1 ?
			    ", the youngest" : "");
			kyi_text_time(out, (int64_t)(at_s * 1000));
			kymo_buffer_str(out, " (");
			ago_put(out, ms - (int64_t)(at_s * 1000));
			kymo_buffer_char(out, ')');
		}
	}
	kymo_result_delete(result);
}

static void
lives_put(struct kyi_gather *gather, struct kymo_buffer *out,
    const struct lives *lives)
{
	int64_t at_ms = gather->question->at_ms;

	kymo_buffer_printf(out, "%.100s: ", gather->service);
	if (lives->now >= 1) {
		kymo_buffer_printf(out, lives->now > 1 ? "%.0f processes live"
		    : "alive", lives->now);
		youngest_put(gather, out, lives->now);
		if (lives->fell_ms == 0)
			return;
		kymo_buffer_printf(out, "; there were %.0f, and until ",
		    lives->most);
		kyi_text_time(out, lives->fell_ms);
		kymo_buffer_str(out, " more than now");
		return;
	}
	kymo_buffer_str(out, "dead, last seen alive ");
	kyi_text_time(out, lives->fell_ms);
	kymo_buffer_str(out, " (");
	ago_put(out, at_ms - lives->fell_ms);
	kymo_buffer_str(out, " ago)");
}

void
kyi_gather_process(struct kyi_gather *gather)
{
	struct lives lives = {0};
	struct kymo_buffer text = {0};

	if (*gather->service == '\0' || kyi_gather_over(gather))
		return;
	lives_find(gather, &lives);
	/* Nobody has seen one in a quarter of an hour: nothing is known. */
	if (lives.now < 1 && lives.fell_ms == 0)
		return;
	lives_put(gather, &text, &lives);
	gather->context->detail.process = kyi_gather_text(gather, &text);
	kymo_buffer_free(&text);
}

/* ---- what moved ------------------------------------------------------------------------ */

struct moved {
	const struct kymo_labels *labels;
	double before, now, score;
	bool is_rate;
};

/* Point i of a gauge is its value; of a counter, what it did a second since the
   point before. NaN: not known. */
static double
value_at(const struct kymo_result_series *series, uint32_t i, bool is_rate)
{
	const struct kymo_point *point = &series->points[i];
	double by;

	if (point->hist != NULL)
		return NAN;
	if (!is_rate)
		return point->value;
	if (i == 0)
		return NAN;
	by = point->value - point[-1].value;
	return by < 0 ? NAN : by * 1000 /
	    (double)(point->at_ms - point[-1].at_ms);
}

/* Newest against the minutes before the last one: moved is what is three times
   as far from their mean as they spread, and a fifth of it. */
static bool
moved_read(struct moved *moved, const struct kymo_result_series *series,
    int64_t at_ms)
{
	double sum = 0, squares = 0, floor_, spread, by;
	uint32_t i, cnt = 0, last = series->point_cnt - 1;

	if (series->point_cnt < BEFORE_MIN + 2 ||
	    series->points[last].at_ms != at_ms)
		return false;
	moved->now = value_at(series, last, moved->is_rate);
	for (i = 0; i < last; i++) {
		double value = value_at(series, i, moved->is_rate);

		if (!isfinite(value) || series->points[i].at_ms >
		    at_ms - RECENT_CNT * STEP_MS)
			continue;
		sum += value;
		squares += value * value;
		cnt++;
	}
	if (cnt < BEFORE_MIN || !isfinite(moved->now))
		return false;
	moved->before = sum / cnt;
	spread = sqrt(fmax(squares / cnt - moved->before * moved->before, 0));
	by = fabs(moved->now - moved->before);
	floor_ = fmax(fabs(moved->now), fabs(moved->before));
	moved->score = by / (spread + floor_ / 20);
	return by > 0 && by >= floor_ * MOVED_SHARE &&
	    moved->score >= MOVED_SPREADS;
}

static bool
ends_with(const char *text, const char *end)
{
	size_t text_bytes = strlen(text), end_bytes = strlen(end);

	return text_bytes > end_bytes &&
	    strcmp(text + text_bytes - end_bytes, end) == 0;
}

struct selectors {
	const char *name;
	bool found;
};

static int
name_look(void *to, const struct kymo_query_selector *selector)
{
	struct selectors *selectors = to;
	uint32_t i;

	for (i = 0; i < selector->matcher_cnt; i++)
		if (strcmp(selector->matchers[i].key, KYMO_NAME_LABEL) == 0 &&
		    kymo_matcher_match(&selector->matchers[i],
		    selectors->name))
			selectors->found = true;
	return selectors->found;
}

/* What the rule looks at is in the message anyway; sums of histograms say
   nothing alone; states and infos have no size. */
static bool
is_beside(const struct kyi_gather *gather, const char *name, bool *is_rate)
{
	const struct kymo_history_family *family = kyi_context_family(
	    gather->question->families, name);
	struct selectors selectors = {name, false};
	bool hist = family != NULL && strcmp(family->type, "histogram") == 0;

	if (family == NULL || strcmp(family->type, "info") == 0 ||
	    strcmp(family->type, "stateset") == 0)
		return false;
	/* They are told by since_find. */
	if (strncmp(name, "anomaly_change_", 15) == 0)
		return false;
	if (ends_with(name, "_sum") || ends_with(name, "_bucket") ||
	    (hist && !ends_with(name, "_count")))
		return false;
	*is_rate = hist || strcmp(family->type, "counter") == 0 ||
	    ends_with(name, "_count");
	if (gather->query != NULL)
		kymo_query_selectors(gather->query, name_look, &selectors);
	return !selectors.found;
}

static uint32_t
moved_find(const struct kyi_gather *gather, const struct kymo_result *result,
    struct moved most[KYI_CONTEXT_CHANGES_MAX])
{
	uint32_t i, at, cnt = 0;

	for (i = 0; i < result->series_cnt; i++) {
		const struct kymo_result_series *series = &result->series[i];
		struct moved moved = {.labels = series->labels};

		if (!is_beside(gather, kymo_labels_get(series->labels,
		    KYMO_NAME_LABEL), &moved.is_rate) ||
		    !moved_read(&moved, series, gather->question->at_ms))
			continue;
		for (at = cnt; at > 0 && moved.score > most[at - 1].score; at--)
			if (at < KYI_CONTEXT_CHANGES_MAX)
				most[at] = most[at - 1];
		if (at < KYI_CONTEXT_CHANGES_MAX)
			most[at] = moved;
		if (cnt < KYI_CONTEXT_CHANGES_MAX)
			cnt++;
	}
	return cnt;
}

/* name{key="value", ..}: without what is said anyway. */
static void
labels_put(struct kymo_buffer *out, const char *name,
    const struct kymo_labels *labels)
{
	static const char *const said[] = {KYMO_NAME_LABEL, "service", "metric"};
	const char *before = "{";
	uint32_t i, k;

	kymo_buffer_str(out, name);
	for (i = 0; i < labels->cnt; i++) {
		for (k = 0; k < 3; k++)
			if (strcmp(labels->at[i].key, said[k]) == 0)
				break;
		if (k < 3)
			continue;
		kymo_buffer_printf(out, "%s%s=\"%s\"", before,
		    labels->at[i].key, labels->at[i].value);
		before = ", ";
	}
	if (*before == ',')
		kymo_buffer_char(out, '}');
}

static const char *
moved_text(struct kyi_gather *gather, const struct moved *moved)
{
	const struct kymo_labels *labels = moved->labels;
	const char *unit = moved->is_rate ? "/s" : "";
	struct kymo_buffer text = {0}, whole = {0};
	const char *told;

	labels_put(&whole, kymo_labels_get(labels, KYMO_NAME_LABEL), labels);
	if (!whole.failed)
		kyi_text_sound(&text, whole.at, KYI_CONTEXT_TEXT_MAX);
	kymo_buffer_printf(&text, ": %.4g%s before, %.4g%s now", moved->before,
	    unit, moved->now, unit);
	told = kyi_gather_text(gather, &text);
	kymo_buffer_free(&whole);
	kymo_buffer_free(&text);
	return told;
}

/* ---- since when (detection's series) --------------------------------------------------- */

#define SINCE_NAME "anomaly_change_timestamp_seconds"
/* What began so long before the alert may be why. */
#define SINCE_MS (3600 * 1000)

static double
newest_of(const struct kymo_result_series *series, int64_t at_ms)
{
	const struct kymo_point *point;

	if (series->point_cnt == 0)
		return NAN;
	point = &series->points[series->point_cnt - 1];
	return point->hist == NULL && point->at_ms == at_ms ? point->value :
	    NAN;
}

/* The value that detection gives under another name for what labels are of. */
static double
beside_of(const struct kymo_result *result, const struct kymo_labels *labels,
    const char *name, int64_t at_ms)
{
	for (uint32_t i = 0; i < result->series_cnt; i++) {
		const struct kymo_labels *other = result->series[i].labels;
		uint32_t same = 0;

		if (other->cnt != labels->cnt || strcmp(kymo_labels_get(other,
			KYMO_NAME_LABEL), name) != 0)
			continue;
		for (uint32_t k = 0; k < labels->cnt; k++)
			same += strcmp(labels->at[k].key,
			    KYMO_NAME_LABEL) == 0 || strcmp(kymo_labels_get(
			    other, labels->at[k].key),
			    labels->at[k].value) == 0;
		if (same == labels->cnt)
			return newest_of(&result->series[i], at_ms);
	}
	return NAN;
}

static const char *
since_text(struct kyi_gather *gather, const struct kymo_labels *labels,
    double since_s, double before, double after)
{
	struct kymo_buffer text = {0}, whole = {0};
	int64_t since_ms = (int64_t)(since_s * 1000);
	const char *told;
	unsigned minute = (unsigned)(since_ms / 60000 % 1440);

	labels_put(&whole, kymo_labels_get(labels, "metric"), labels);
	if (!whole.failed)
		kyi_text_sound(&text, whole.at, KYI_CONTEXT_TEXT_MAX);
	kymo_buffer_printf(&text, ": level %.4g -> %.4g since %02u:%02u UTC",
	    before, after, minute / 60, minute % 60);
	told = kyi_gather_text(gather, &text);
	kymo_buffer_free(&whole);
	kymo_buffer_free(&text);
	return told;
}

/* Levels that detection saw change within the hour, the latest first: of the rule's
   own series too, for the message does not say since when. Returns how many. */
static uint32_t
since_find(struct kyi_gather *gather, const struct kymo_result *result,
    const char *told[KYI_CONTEXT_CHANGES_MAX])
{
	int64_t at_ms = gather->question->at_ms;
	double times[KYI_CONTEXT_CHANGES_MAX];
	uint32_t cnt = 0, at;

	for (uint32_t i = 0; i < result->series_cnt; i++) {
		const struct kymo_labels *labels = result->series[i].labels;
		double since_s = newest_of(&result->series[i], at_ms);
		const char *text;

		if (strcmp(kymo_labels_get(labels, KYMO_NAME_LABEL),
			SINCE_NAME) != 0 || !(since_s * 1000 <= (double)at_ms) ||
		    !(since_s * 1000 >= (double)(at_ms - SINCE_MS)))
			continue;
		for (at = cnt; at > 0 && since_s > times[at - 1]; at--)
			;
		if (at == KYI_CONTEXT_CHANGES_MAX)
			continue;
		text = since_text(gather, labels, since_s, beside_of(result,
		    labels, "anomaly_change_before", at_ms), beside_of(result,
		    labels, "anomaly_change_after", at_ms));
		if (text == NULL)
			continue;
		cnt += cnt < KYI_CONTEXT_CHANGES_MAX;
		for (uint32_t k = cnt - 1; k > at; k--) {
			times[k] = times[k - 1];
			told[k] = told[k - 1];
		}
		times[at] = since_s;
		told[at] = text;
	}
	return cnt;
}

void
kyi_gather_changes(struct kyi_gather *gather)
{
	struct kymo_notify_detail *detail = &gather->context->detail;
	int64_t at_ms = gather->question->at_ms;
	struct moved most[KYI_CONTEXT_CHANGES_MAX];
	const char *since[KYI_CONTEXT_CHANGES_MAX];
	const struct kymo_result *result = NULL;
	struct kymo_buffer text = {0};
	const char **changes;
	uint32_t i, cnt, since_cnt;

	if (*gather->service == '\0' || gather->question->families == NULL)
		return;
	kymo_buffer_str(&text, "{__name__!~\"kymo_.*|ALERTS.*|.*_bucket\", "
	    "service=");
	kymo_buffer_quote(&text, gather->service);
	kymo_buffer_char(&text, '}');
	if (!text.failed)
		result = kyi_gather_ask_once(gather,
		    &gather->gatherer->beside, text.at, at_ms - BESIDE_MS,
		    at_ms, STEP_MS);
	kymo_buffer_free(&text);
	if (result == NULL)
		return;
	cnt = moved_find(gather, result, most);
	since_cnt = since_find(gather, result, since);
	changes = kyi_arena_array(gather->arena, cnt + since_cnt + 1u,
	    sizeof(*changes));
	for (i = 0; changes != NULL && i < since_cnt; i++)
		changes[detail->change_cnt++] = since[i];
	for (i = 0; changes != NULL && i < cnt; i++) {
		const char *told = moved_text(gather, &most[i]);

		if (told != NULL)
			changes[detail->change_cnt++] = told;
	}
	detail->changes = changes;
}
