/* SPDX-License-Identifier: MIT */
/* Which series, labels and metrics there are. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "reader/serve/api.h"
#include "reader/serve/param.h"
#include "reader/serve/put.h"
#include "reader/serve/texts.h"

#define MATCH_MAX 256u
#define SERIES_MAX 1000000u /* more than memory has */
/* Nobody looks at the samples, but a source makes those that it has on disk: a
   fifth of what a query may have of them. */
#define SAMPLES_MAX(world) ((world)->query.samples_max == 0 ? 10000000u : \
	(world)->query.samples_max / 5)
#define BYTES_MAX(world) ((world)->query.memory_bytes_max == 0 ? \
	UINT64_C(512) << 20 : (world)->query.memory_bytes_max)

/* ---- what matches ------------------------------------------------------ */

/* All series of all match[], while it is kept. */
struct found {
	const struct kymo_source *source;
	struct kymo_selected selected[MATCH_MAX];
	uint32_t cnt;
	uint64_t series_cnt, sample_cnt, bytes;
	uint64_t limit;
};

struct selecting {
	struct kyi_api *api;
	struct found *found;
	const char *text;
	struct kymo_select what;
	uint32_t selectors;
	bool plain; /* the text is a selector, and nothing else */
};

static void
found_free(struct found *found)
{
	if (found == NULL)
		return;
	while (found->cnt > 0)
		found->source->done(found->source->of,
		    &found->selected[--found->cnt]);
	free(found);
}

/* Asks of the whole span, or, where that has too many samples, of a last part
   of it: *span_ms. */
static int
select_last(const struct found *found, const struct kymo_select *what,
    struct kymo_selected *selected, int64_t *span_ms,
    struct kymo_error *error)
{
	static const int64_t parts_s[] = { 86400, 21600, 3600, 900, 240, 60,
		15 };
	struct kymo_select part = *what;
	int64_t now_ms = (int64_t)time(NULL) * 1000;
	size_t i = 0;

	*span_ms = what->to_ms - what->from_ms;
	while (found->source->select(found->source->of, &part, selected,
	    error) != 0) {
		if (strstr(error->text, "samples match") == NULL &&
		    strstr(error->text, "bytes of memory") == NULL)
			return -1;
		if (part.to_ms > now_ms)
			part.to_ms = now_ms;
		while (i < sizeof(parts_s) / sizeof(parts_s[0]) &&
		    parts_s[i] * 1000 >= part.to_ms - part.from_ms)
			i++;
		if (i == sizeof(parts_s) / sizeof(parts_s[0]))
			return -1;
		*span_ms = part.step_ms = parts_s[i] * 1000;
		part.from_ms = part.to_ms - *span_ms;
	}
	return 0;
}

/* The answer says it, too. */
static bool
gives_up(void *of, struct kymo_error *error)
{
	if (!kyi_api_over(of))
		return false;
	kymo_error_set(error, "given up");
	return true;
}

/* Adds what matches; false: the answer says why not. */
static bool
search(struct kyi_api *api, struct found *found,
    const struct kymo_select *what)
{
	struct kymo_selected *selected = &found->selected[found->cnt];
	struct kymo_select left = *what;
	struct kymo_error error = { "" };
	int64_t span_ms;
	uint32_t i;

	/* All that is asked for at once is kept at once. */
	left.samples_max = found->sample_cnt >= what->samples_max ? 0 :
	    what->samples_max - found->sample_cnt;
	left.series_max = found->series_cnt >= what->series_max ? 0 :
	    what->series_max - found->series_cnt;
	left.bytes_max = found->bytes >= what->bytes_max ? 1 :
	    what->bytes_max - found->bytes;
	if (kyi_api_over(api))
		return false;
	if (select_last(found, &left, selected, &span_ms, &error) != 0) {
		if (!api->late && !api->canceled)
			kyi_api_fail(api, KYI_API_EXECUTION, "%s",
			    error.text);
		return false;
	}
	if (span_ms < what->to_ms - what->from_ms)
		snprintf(api->warning, sizeof(api->warning), "only the last "
		    "%lld seconds were looked at: there are too many samples; "
		    "ask with match[], start and end", (long long)span_ms /
		    1000);
	found->cnt++;
	found->series_cnt += selected->series_cnt;
	found->bytes += selected->bytes;
	for (i = 0; i < selected->series_cnt; i++)
		found->sample_cnt += selected->series[i].cnt;
	return true;
}

/* Whether the selector is all of the text but for white space. */
static bool
is_all(const char *text, const struct kymo_query_selector *selector)
{
	static const char blank[] = " \t\n\r";
	size_t len_bytes = strlen(text);

	while (len_bytes > 0 && strchr(blank, text[len_bytes - 1]) != NULL)
		len_bytes--;
	return strspn(text, blank) == selector->from_bytes &&
	    len_bytes == selector->to_bytes;
}

static int
select_one(void *to, const struct kymo_query_selector *selector)
{
	struct selecting *selecting = to;

	if (selecting->selectors++ > 0 || selector->is_range ||
	    selector->fixed || selector->to_ms != 0 ||
	    !is_all(selecting->text, selector)) {
		selecting->plain = false;
		return 1;
	}
	selecting->what.matchers = selector->matchers;
	selecting->what.matcher_cnt = selector->matcher_cnt;
	return search(selecting->api, selecting->found, &selecting->what) ?
	    0 : 1;
}

static bool
match_one(struct selecting *selecting)
{
	struct kymo_query_error error;
	struct kymo_query *query;
	int stopped;

	selecting->selectors = 0;
	selecting->plain = true;
	if (kymo_query_parse(&query, selecting->text, strlen(selecting->text),
	    &error) != 0) {
		kyi_api_wrong(selecting->api, "match[]", "%s",
		    error.error.text);
		return false;
	}
	stopped = kymo_query_selectors(query, select_one, selecting);
	kymo_query_delete(query);
	if (selecting->plain && selecting->selectors == 1)
		return stopped == 0;
	kyi_api_wrong(selecting->api, "match[]", "a series selector such as "
	    "up{job=\"x\"} belongs here, and nothing else");
	return false;
}

/* NULL: the answer says why. must: there has to be a match[]. */
static struct found *
find(struct kyi_api *api, bool must)
{
	struct found *found = calloc(1, sizeof(*found));
	int64_t from_ms = -KYI_TIME_MAX_MS, to_ms = KYI_TIME_MAX_MS;
	struct selecting selecting = { .api = api, .found = found };
	uint32_t i = 0;
	bool good;

	if (found == NULL) {
		kyi_api_fail(api, KYI_API_INTERNAL, "no memory");
		return NULL;
	}
	found->source = kymo_history_source(api->world->history);
	good = kyi_api_time(api, "start", &from_ms) &&
	    kyi_api_time(api, "end", &to_ms) &&
	    kyi_api_limit(api, "limit", &found->limit);
	/* One sample in all of it is enough: any tier has that. */
	selecting.what = (struct kymo_select){ .from_ms = from_ms - 1,
	    .to_ms = to_ms, .step_ms = to_ms > from_ms ? to_ms - from_ms : 0,
	    .series_max = SERIES_MAX, .samples_max = SAMPLES_MAX(api->world),
	    .bytes_max = BYTES_MAX(api->world), .give_up = gives_up,
	    .give_up_of = api };
	while (good && (selecting.text = kyi_form_next(&api->form, "match[]",
	    &i)) != NULL) {
		if (found->cnt == MATCH_MAX) {
			kyi_api_wrong(api, "match[]", "more than %u of them",
			    MATCH_MAX);
			good = false;
		} else {
			good = match_one(&selecting);
		}
	}
	if (good && found->cnt == 0) {
		if (must)
			kyi_api_fail(api, KYI_API_BAD_DATA,
			    "no match[] parameter provided");
		good = !must && search(api, found, &selecting.what);
	}
	if (good)
		return found;
	found_free(found);
	return NULL;
}

/* ---- series ------------------------------------------------------------ */

static int
by_labels(const void *a, const void *b)
{
	return kymo_labels_compare(*(const struct kymo_labels *const *)a,
	    *(const struct kymo_labels *const *)b);
}

/* All of them once, in order. NULL: no memory. */
static const struct kymo_labels **
in_order(const struct found *found, uint64_t *cnt)
{
	const struct kymo_labels **all = malloc((found->series_cnt + 1) *
	    sizeof(*all));
	uint64_t given = 0, i, j;

	if (all == NULL)
		return NULL;
	for (i = 0; i < found->cnt; i++)
		for (j = 0; j < found->selected[i].series_cnt; j++)
			all[given++] = found->selected[i].series[j].labels;
	if (given > 1)
		qsort(all, given, sizeof(*all), by_labels);
	*cnt = 0;
	for (i = 0; i < given; i++)
		if (*cnt == 0 || !kymo_labels_equal(all[*cnt - 1], all[i]))
			all[(*cnt)++] = all[i];
	return all;
}

/* What an answer may hold; too long: that is the answer. */
static bool
fits(struct kyi_api *api)
{
	if (api->out.len_bytes <= KYI_ANSWER_BYTES_MAX)
		return true;
	kyi_api_fail(api, KYI_API_EXECUTION, "the answer would be more than "
	    "%zu MiB; ask with a limit=", KYI_ANSWER_BYTES_MAX >> 20);
	return false;
}

void
kyi_api_series(struct kyi_api *api)
{
	struct found *found = find(api, true);
	const struct kymo_labels **all;
	uint64_t cnt = 0, limit, i;

	if (found == NULL)
		return;
	all = in_order(found, &cnt);
	limit = found->limit == 0 || cnt < found->limit ? cnt : found->limit;
	kyi_api_begin(api);
	kymo_buffer_char(&api->out, '[');
	for (i = 0; all != NULL && i < limit &&
	    api->out.len_bytes <= KYI_ANSWER_BYTES_MAX; i++) {
		if (i > 0)
			kymo_buffer_char(&api->out, ',');
		kyi_put_labels(&api->out, all[i]);
	}
	kymo_buffer_char(&api->out, ']');
	if (all == NULL)
		kyi_api_fail(api, KYI_API_INTERNAL, "no memory");
	else if (fits(api))
		kyi_api_end(api, NULL, limit < cnt);
	free(all);
	found_free(found);
}

/* ---- names and values -------------------------------------------------- */

/* The names, or the values of label, of all that was found. */
static int
collect(const struct found *found, const char *label, struct kyi_texts *texts)
{
	const char *value;
	uint32_t i, j, k;

	for (i = 0; i < found->cnt; i++)
		for (j = 0; j < found->selected[i].series_cnt; j++) {
			const struct kymo_labels *labels =
			    found->selected[i].series[j].labels;

			value = label == NULL ? "" :
			    kymo_labels_get(labels, label);
			if (*value != '\0' &&
			    kyi_texts_add(texts, value) != 0)
				return -1;
			for (k = 0; label == NULL && k < labels->cnt; k++)
				if (kyi_texts_add(texts,
				    labels->at[k].key) != 0)
					return -1;
		}
	return 0;
}

static void
list(struct kyi_api *api, const char *label)
{
	struct found *found = find(api, false);
	struct kyi_texts texts = { .cnt = 0 };
	uint64_t limit, i;

	if (found == NULL)
		return;
	if (collect(found, label, &texts) != 0) {
		kyi_api_fail(api, KYI_API_INTERNAL, "no memory");
		goto out;
	}
	kyi_texts_sort(&texts);
	limit = found->limit == 0 || texts.cnt < found->limit ? texts.cnt :
	    found->limit;
	kyi_api_begin(api);
	kymo_buffer_char(&api->out, '[');
	for (i = 0; i < limit && api->out.len_bytes <= KYI_ANSWER_BYTES_MAX;
	    i++) {
		if (i > 0)
			kymo_buffer_char(&api->out, ',');
		kyi_json_string(&api->out, texts.at[i]);
	}
	kymo_buffer_char(&api->out, ']');
	if (fits(api))
		kyi_api_end(api, NULL, limit < texts.cnt);
out:
	kyi_texts_free(&texts);
	found_free(found);
}

void
kyi_api_labels(struct kyi_api *api)
{
	list(api, NULL);
}

void
kyi_api_label_values(struct kyi_api *api)
{
	struct kymo_buffer name = { 0 };

	if (!kyi_label_unescape(&name, api->label))
		kyi_api_fail(api, KYI_API_BAD_DATA, "invalid label name: "
		    "\"%.100s\"", api->label);
	else if (name.failed)
		kyi_api_fail(api, KYI_API_INTERNAL, "no memory");
	else
		list(api, name.at);
	kymo_buffer_free(&name);
}

/* ---- metadata ---------------------------------------------------------- */

static int
by_name(const void *a, const void *b)
{
	return strcmp(
	    (*(const struct kymo_history_family *const *)a)->name,
	    (*(const struct kymo_history_family *const *)b)->name);
}

static void
put_family(struct kyi_api *api, const struct kymo_history_family *family)
{
	kymo_buffer_char(&api->out, '{');
	kyi_json_member_str(&api->out, "type", family->type);
	kyi_json_member_str(&api->out, "help", family->help);
	kyi_json_member_str(&api->out, "unit", family->unit);
	kymo_buffer_char(&api->out, '}');
}

/* Families of a name, side by side in all, as one member each; at most limit
   names, and each_max of a name (0: all). */
static void
put_families(struct kyi_api *api, const struct kymo_history_family **all,
    uint32_t cnt, uint64_t limit, uint64_t each_max)
{
	uint64_t names = 0, each = 0;
	uint32_t i;

	for (i = 0; i < cnt; i++) {
		if (i == 0 || strcmp(all[i]->name, all[i - 1]->name) != 0) {
			if (names == limit)
				break;
			kymo_buffer_str(&api->out, names++ > 0 ? "]," : "");
			kyi_json_string(&api->out, all[i]->name);
			kymo_buffer_str(&api->out, ":[");
			each = 0;
		} else if (each_max > 0 && each >= each_max) {
			continue;
		} else {
			kymo_buffer_char(&api->out, ',');
		}
		put_family(api, all[i]);
		each++;
	}
	if (names > 0)
		kymo_buffer_char(&api->out, ']');
}

void
kyi_api_metadata(struct kyi_api *api)
{
	const char *metric = kyi_form_get(&api->form, "metric");
	const struct kymo_history_family **all = NULL;
	struct kymo_history_families families;
	uint64_t limit = UINT64_MAX, each_max = 0;
	uint32_t i, cnt = 0;

	if (!kyi_api_limit(api, "limit", &limit) ||
	    !kyi_api_limit(api, "limit_per_metric", &each_max))
		return;
	if (kymo_history_families(api->world->history, &families) != 0) {
		kyi_api_fail(api, KYI_API_INTERNAL, "no memory");
		return;
	}
	all = malloc((families.cnt + 1u) * sizeof(*all));
	for (i = 0; all != NULL && i < families.cnt; i++)
		if (*metric == '\0' ||
		    strcmp(families.at[i].name, metric) == 0)
			all[cnt++] = &families.at[i];
	if (all == NULL) {
		kyi_api_fail(api, KYI_API_INTERNAL, "no memory");
	} else {
		if (cnt > 1)
			qsort(all, cnt, sizeof(*all), by_name);
		kyi_api_begin(api);
		kymo_buffer_char(&api->out, '{');
		put_families(api, all, cnt, limit, each_max);
		kymo_buffer_char(&api->out, '}');
		kyi_api_end(api, NULL, false);
	}
	free(all);
	kymo_history_families_free(&families);
}
