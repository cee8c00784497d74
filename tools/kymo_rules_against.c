/* SPDX-License-Identifier: MIT */
#include "tools/kymo_rules_against.h"

#include <stdlib.h>
#include <string.h>

#include "tools/kymo_answer.h"
#include "tools/kymo_cli.h"
#include "tools/kymo_http.h"
#include "tools/kymo_when.h"

#define SPAN_S 86400

/* What is known of a metric; asked once. */
struct metric {
	struct metric *next;
	char *name;
	const char **labels;
	uint32_t label_cnt; /* 0: there is no such series */
	bool told; /* that there is none */
	struct kyi_answer answer;
};

struct against {
	const struct kymo_rules *rules;
	const char *url;
	const struct kymo_rule_faults *faults;
	struct metric *metrics;
	uint32_t cnt;
	int status;
	/* The rule that is looked at. */
	const struct kymo_rule_group *group;
	const struct kymo_rule *rule;
	const struct kymo_query *query;
	bool unknown; /* it reads what cannot be looked up by a name */
	struct metric *seen[64];
	uint32_t seen_cnt;
};

/* 1 and 2 in format stand for a and b. */
static void
say(struct against *against, const char *format, const char *a, const char *b)
{
	struct kymo_buffer text = {0};

	kymo_buffer_printf(&text, "%s:%u:5: ", against->group->file,
	    against->rule->line);
	for (; *format; format++)
		if (*format == '1')
			kymo_buffer_str(&text, a);
		else if (*format == '2')
			kymo_buffer_str(&text, b);
		else
			kymo_buffer_char(&text, *format);
	if (!text.failed)
		against->faults->fault(against->faults->of, text.at);
	kymo_buffer_free(&text);
	against->cnt++;
}

/* ---- asking ------------------------------------------------------------------ */

/* {__name__="NAME"} */
static void
selector_put(struct kymo_buffer *out, const char *name)
{
	kymo_buffer_str(out, "{__name__=\"");
	for (; *name; name++) {
		if (*name == '"' || *name == '\\')
			kymo_buffer_char(out, '\\');
		if (*name == '\n')
			kymo_buffer_str(out, "\\n");
		else
			kymo_buffer_char(out, *name);
	}
	kymo_buffer_str(out, "\"}");
}

static int
metric_ask(struct against *against, struct metric *metric)
{
	struct kymo_buffer selector = {0}, body = {0};
	char start[32];
	struct kyi_field fields[2] = {{"match[]", NULL}, {"start", start}};
	long http_status = 0;
	int status;

	selector_put(&selector, metric->name);
	if (selector.failed)
		return kyi_trouble("out of memory");
	snprintf(start, sizeof(start), "%.0f", kyi_now_s() - SPAN_S);
	fields[0].value = selector.at;
	status = kyi_http_post(against->url, "/api/v1/labels", fields, 2,
	    &body, &http_status);
	if (status == KYI_EXIT_OK && (body.len_bytes == 0 || kyi_answer_texts(
	    &metric->answer, body.at, body.len_bytes, &metric->labels,
	    &metric->label_cnt) != 0))
		status = metric->answer.is_error ? kyi_trouble("%s",
		    metric->answer.error) : kyi_trouble("what answers there "
		    "is neither kymod nor Prometheus");
	kymo_buffer_free(&selector);
	kymo_buffer_free(&body);
	return status;
}

/* NULL: it could not be asked. */
static struct metric *
metric_find(struct against *against, const char *name)
{
	struct metric *metric;

	for (metric = against->metrics; metric; metric = metric->next)
		if (strcmp(metric->name, name) == 0)
			return metric;
	metric = kyi_must(calloc(1, sizeof(*metric)));
	metric->name = kyi_must(strdup(name));
	metric->next = against->metrics;
	against->metrics = metric;
	against->status = metric_ask(against, metric);
	return against->status == KYI_EXIT_OK ? metric : NULL;
}

static void
metrics_free(struct against *against)
{
	struct metric *metric;

	while ((metric = against->metrics)) {
		against->metrics = metric->next;
		kyi_answer_free(&metric->answer);
		free(metric->labels);
		free(metric->name);
		free(metric);
	}
}

static bool
has_label(const struct metric *metric, const char *key)
{
	for (uint32_t i = 0; i < metric->label_cnt; i++)
		if (strcmp(metric->labels[i], key) == 0)
			return true;
	return false;
}

/* ---- looking ----------------------------------------------------------------- */

static const char *
name_of(const struct kymo_query_selector *selector)
{
	for (uint32_t i = 0; i < selector->matcher_cnt; i++)
		if (strcmp(selector->matchers[i].key, KYMO_NAME_LABEL) == 0 &&
		    selector->matchers[i].match == KYMO_MATCH_EQUAL)
			return selector->matchers[i].value;
	return NULL;
}

/* What these files record, and Prometheus' own, may be made only now. */
static bool
is_made(const struct against *against, const char *name)
{
	const struct kymo_rule_group *group = kymo_rules_groups(
	    against->rules);

	if (strcmp(name, "ALERTS") == 0 ||
	    strcmp(name, "ALERTS_FOR_STATE") == 0)
		return true;
	for (; group; group = group->next)
		for (const struct kymo_rule *rule = group->rules; rule;
		    rule = rule->next)
			if (!rule->is_alert && strcmp(rule->name, name) == 0)
				return true;
	return false;
}

/* A matcher that a series without the label cannot meet. */
static bool
wants_label(const struct kymo_matcher *matcher)
{
	return strcmp(matcher->key, KYMO_NAME_LABEL) != 0 &&
	    !kymo_matcher_match(matcher, "");
}

static int
selector_look(void *to, const struct kymo_query_selector *selector)
{
	struct against *against = to;
	const char *name = name_of(selector);
	struct metric *metric;

	if (!name || is_made(against, name)) {
		against->unknown = true;
		return 0;
	}
	metric = metric_find(against, name);
	if (!metric)
		return 1;
	if (metric->label_cnt == 0) {
		against->unknown = true;
		/* absent(x) is of what is not there. */
		if (!metric->told && strncmp(selector->function, "absent",
		    6) != 0) {
			metric->told = true;
			say(against, "no series is called 1", name, "");
		}
		return 0;
	}
	for (uint32_t i = 0; i < selector->matcher_cnt; i++)
		if (wants_label(&selector->matchers[i]) &&
		    !has_label(metric, selector->matchers[i].key))
			say(against, "no series of 1 has a label 2", name,
			    selector->matchers[i].key);
	if (against->seen_cnt == sizeof(against->seen) /
	    sizeof(against->seen[0]))
		against->unknown = true;
	else
		against->seen[against->seen_cnt++] = metric;
	return 0;
}

struct sought {
	const char *key;
	bool found;
};

static int
made_look(void *to, const struct kymo_query_label *label)
{
	struct sought *sought = to;

	if (label->made && strcmp(label->key, sought->key) == 0)
		sought->found = true;
	return 0;
}

/* A label in by (..) and the like: of any metric that the query reads. */
static int
label_look(void *to, const struct kymo_query_label *label)
{
	struct against *against = to;
	struct sought sought = {label->key, false};

	if (label->made || against->unknown || !*label->key ||
	    strcmp(label->key, KYMO_NAME_LABEL) == 0)
		return 0;
	for (uint32_t i = 0; i < against->seen_cnt; i++)
		if (has_label(against->seen[i], label->key))
			return 0;
	kymo_query_labels(against->query, made_look, &sought);
	if (!sought.found)
		say(against, "1 names a label 2 that no series it reads has",
		    label->where, label->key);
	return 0;
}

static void
query_look(struct against *against, const struct kymo_query *query)
{
	if (!query || against->status != KYI_EXIT_OK)
		return;
	against->query = query;
	against->unknown = false;
	against->seen_cnt = 0;
	kymo_query_selectors(query, selector_look, against);
	if (against->status == KYI_EXIT_OK && against->seen_cnt > 0)
		kymo_query_labels(query, label_look, against);
}

int
kyi_rules_against(const struct kymo_rules *rules, const char *url,
    const struct kymo_rule_faults *faults, uint32_t *cnt)
{
	struct against against = {.rules = rules, .url = kyi_url(url),
		.faults = faults, .status = KYI_EXIT_OK};

	for (against.group = kymo_rules_groups(rules); against.group;
	    against.group = against.group->next)
		for (against.rule = against.group->rules; against.rule;
		    against.rule = against.rule->next) {
			query_look(&against, against.rule->query);
			query_look(&against, against.rule->resolve_query);
		}
	metrics_free(&against);
	*cnt = against.cnt;
	return against.status;
}
