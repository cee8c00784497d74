/* SPDX-License-Identifier: MIT */
/* Which rule an alert is of: those of its name whose labels it has. */
#include <string.h>

#include "tools/kymod_rules.h"

/* What is a template is not known here. */
static bool
has(const struct kymo_labels *labels, const struct kymo_rule_text *text)
{
	return strstr(text->value, "{{") || strcmp(kymo_labels_get(labels,
	    text->key), text->value) == 0;
}

static bool
rule_says(const struct kymo_rule *rule, const char *key)
{
	for (uint32_t i = 0; i < rule->label_cnt; i++)
		if (strcmp(rule->labels[i].key, key) == 0)
			return true;
	return false;
}

static bool
can_be_of(const struct kymo_rule_group *group, const struct kymo_rule *rule,
    const struct kymo_labels *labels)
{
	for (uint32_t i = 0; i < rule->label_cnt; i++)
		if (!has(labels, &rule->labels[i]))
			return false;
	for (uint32_t i = 0; i < group->label_cnt; i++)
		if (!rule_says(rule, group->labels[i].key) &&
		    !has(labels, &group->labels[i]))
			return false;
	return true;
}

const char *
kyi_rule_expr(const struct kymo_rules *rules, const struct kymo_labels *labels)
{
	const char *name = kymo_labels_get(labels, "alertname");
	const struct kymo_rule_group *group = kymo_rules_groups(rules);
	const struct kymo_rule *rule;
	const char *expr = NULL;

	for (; group; group = group->next)
		for (rule = group->rules; rule; rule = rule->next) {
			if (!rule->is_alert || strcmp(rule->name, name) != 0 ||
			    !can_be_of(group, rule, labels))
				continue;
			if (expr && strcmp(expr, rule->expr) != 0)
				return NULL;
			expr = rule->expr;
		}
	return expr;
}
