/* SPDX-License-Identifier: MIT */
/* What Prometheus would take, and somebody will regret. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reader/rules/lint.h"
#include "reader/rules/load.h"

struct lint {
	const struct kymo_rules *rules;
	const struct kymo_rule_group *group;
	const struct kymo_rule *rule;
	const struct kymo_rule_faults *faults;
	uint32_t cnt;
};

static void __attribute__((format(printf, 2, 3)))
say(struct lint *lint, const char *format, ...)
{
	struct kymo_error error;
	char text[300];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	kymo_error_set(&error, "%s:%u:5: %s", lint->group->file,
	    lint->rule->line, text);
	lint->cnt++;
	lint->faults->fault(lint->faults->of, error.text);
}

/* ---- rates ------------------------------------------------------------------------- */

static const char *
selector_name(const struct kymo_query_selector *selector)
{
	uint32_t i;

	for (i = 0; i < selector->matcher_cnt; i++)
		if (strcmp(selector->matchers[i].key, KYMO_NAME_LABEL) == 0 &&
		    selector->matchers[i].match == KYMO_MATCH_EQUAL)
			return selector->matchers[i].value;
	return NULL;
}

static bool
ends_in(const char *text, const char *end)
{
	size_t text_bytes = strlen(text), end_bytes = strlen(end);

	return text_bytes >= end_bytes &&
	    strcmp(text + text_bytes - end_bytes, end) == 0;
}

/* Names of counters end so, and those of classic histograms. What another rule
   records is not judged, and neither is a name without a unit: only one that
   says it is a gauge. */
static bool
is_gauge_name(const char *name)
{
	static const char *const ends[] = { "_bytes", "_seconds", "_ratio",
		"_celsius", "_percent", "_info", "_timestamp_seconds",
		"_count_current", "_inflight", "_limit", "_max", "_min",
		"_temperature" };
	size_t i;

	if (strchr(name, ':') != NULL)
		return false;
	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (ends_in(name, ends[i]))
			return true;
	return false;
}

static int
selector_lint(void *to, const struct kymo_query_selector *selector)
{
	static const char *const of_counters[] = { "rate", "irate",
		"increase" };
	struct lint *lint = to;
	const char *name = selector_name(selector);
	size_t i;

	for (i = 0; name != NULL && i < 3; i++)
		if (strcmp(selector->function, of_counters[i]) == 0 &&
		    is_gauge_name(name))
			say(lint, "rule '%s': %s() is of counters, and '%s' by "
			    "its name is none; deriv() or delta() is of gauges",
			    lint->rule->name, selector->function, name);
	return 0;
}

/* ---- joins ------------------------------------------------------------------------- */

static void
join_say(void *of, const char *label, const char *left, const char *right)
{
	const char *sides[2] = {left, right};
	char texts[2][80];
	int i;

	for (i = 0; i < 2; i++)
		if (sides[i] == NULL)
			strcpy(texts[i], "has a value");
		else if (sides[i][0] == '\0')
			strcpy(texts[i], "is not there");
		else
			snprintf(texts[i], sizeof(texts[i]), "is \"%.60s\"",
			    sides[i]);
	say(of, "%s '%s': a join finds no partner: label '%s' %s on the left "
	    "and %s on the right; say ignoring(%s), or on(..) what they share",
	    ((struct lint *)of)->rule->is_alert ? "alert" : "rule",
	    ((struct lint *)of)->rule->name, label, texts[0], texts[1], label);
}

/* ---- twice ------------------------------------------------------------------------- */

static bool
same_labels(const struct kymo_rule *a, const struct kymo_rule *b)
{
	uint32_t i, k;

	if (a->label_cnt != b->label_cnt)
		return false;
	for (i = 0; i < a->label_cnt; i++) {
		for (k = 0; k < b->label_cnt; k++)
			if (strcmp(a->labels[i].key, b->labels[k].key) == 0 &&
			    strcmp(a->labels[i].value, b->labels[k].value) == 0)
				break;
		if (k == b->label_cnt)
			return false;
	}
	return true;
}

struct placed {
	const struct kymo_rule_group *group;
	const struct kymo_rule *rule;
	uint32_t idx;
};

static int
placed_compare(const void *a, const void *b)
{
	const struct placed *left = a, *right = b;
	int c = strcmp(left->rule->name, right->rule->name);

	return c != 0 ? c : (left->idx > right->idx) - (left->idx < right->idx);
}

/* Rules of one name stand side by side once sorted. */
static void
twice_lint(struct lint *lint)
{
	struct placed *all = calloc(lint->rules->rule_cnt + 1, sizeof(*all));
	const struct kymo_rule_group *group = lint->rules->groups;
	const struct kymo_rule *rule;
	uint32_t cnt = 0, first = 0, i, k;

	if (all == NULL)
		return;
	for (; group != NULL; group = group->next)
		for (rule = group->rules; rule != NULL; rule = rule->next) {
			all[cnt] = (struct placed){group, rule, cnt};
			cnt++;
		}
	qsort(all, cnt, sizeof(*all), placed_compare);
	for (i = 1; i < cnt; i++) {
		if (strcmp(all[i].rule->name, all[first].rule->name) != 0)
			first = i;
		for (k = first; k < i; k++)
			if (all[k].rule->is_alert == all[i].rule->is_alert &&
			    same_labels(all[k].rule, all[i].rule))
				break;
		if (k == i)
			continue;
		lint->group = all[i].group;
		lint->rule = all[i].rule;
		say(lint, "%s '%s' with the same labels is in line %u%s%s, too",
		    lint->rule->is_alert ? "alert" : "rule", lint->rule->name,
		    all[k].rule->line, all[k].group->file == lint->group->file ?
		    "" : " of ", all[k].group->file == lint->group->file ? "" :
		    all[k].group->file);
	}
	free(all);
}

/* ---- all --------------------------------------------------------------------------- */

uint32_t
kymo_rules_lint(const struct kymo_rules *rules,
    const struct kymo_rule_faults *faults)
{
	struct lint lint = {.rules = rules, .faults = faults};

	for (lint.group = rules->groups; lint.group != NULL;
	    lint.group = lint.group->next)
		for (lint.rule = lint.group->rules; lint.rule != NULL;
		    lint.rule = lint.rule->next) {
			kymo_query_selectors(lint.rule->query, selector_lint,
			    &lint);
			kyi_lint_joins(lint.rule->query, join_say, &lint);
			if (lint.rule->is_alert && !lint.rule->for_said &&
			    lint.rule->slo == NULL)
				say(&lint, "alert '%s' has no 'for': one "
				    "sample is enough to fire; say 'for: 0s' "
				    "if it shall be", lint.rule->name);
		}
	twice_lint(&lint);
	return lint.cnt;
}
