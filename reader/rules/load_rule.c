/* SPDX-License-Identifier: MIT */
/* One rule: Prometheus' keys, and ours. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reader/rules/duration.h"
#include "reader/rules/load.h"

#define FLAP_MAX 16

struct kymo_rule *
kyi_load_add(struct kyi_load *load, uint32_t line)
{
	struct kymo_rule *rule = kyi_load_get(load, sizeof(*rule));
	struct kyi_rule_private *private_ = kyi_load_get(load,
	    sizeof(*private_));

	if (rule == NULL || private_ == NULL)
		return NULL;
	rule->private_ = private_;
	rule->line = line;
	*load->last = rule;
	load->last = (struct kymo_rule **)(uintptr_t)&rule->next;
	load->rules->rule_cnt++;
	return rule;
}

const struct kymo_query *
kyi_load_query(struct kyi_load *load, const struct kyi_tree_node *node,
    const char *expr)
{
	struct kymo_query_error error = {.line = 0};
	struct kymo_query *query = NULL;
	const char *said;

	if (kymo_query_parse(&query, expr, strlen(expr), &error) == 0) {
		if (kymo_query_kind(query) == KYMO_VALUE_SCALAR ||
		    kymo_query_kind(query) == KYMO_VALUE_VECTOR)
			return query;
		kyi_fault(load->faults, load->tree, node, "a rule's expression "
		    "gives a vector or a scalar, this one gives %s",
		    kymo_query_kind(query) == KYMO_VALUE_STRING ? "a string" :
		    "ranges; is a function missing around it?");
		kymo_query_delete(query);
		return NULL;
	}
	/* The place is the file's, so the one in the text goes. */
	said = error.error.text;
	if (error.line > 0 && strstr(said, ": ") != NULL)
		said = strstr(said, ": ") + 2;
	kyi_fault_at(load->faults, load->tree, node, error.line > 0 ?
	    error.from_bytes : 0, "could not parse expression: %s", said);
	return NULL;
}

static const struct kymo_query *
expr_load(struct kyi_load *load, const struct kyi_tree_node *node,
    const char **expr)
{
	*expr = "";
	if (!kyi_tree_text(load->faults, load->tree, node, "an expression",
	    expr))
		return NULL;
	if (node->text[0] != '\0')
		return kyi_load_query(load, node, *expr);
	kyi_fault(load->faults, load->tree, node, "field 'expr' must be set in "
	    "rule");
	return NULL;
}

/* ---- names ------------------------------------------------------------------------- */

static void
name_load(struct kyi_load *load, const struct kyi_tree_node *node,
    struct kymo_rule *rule)
{
	const struct kyi_tree_node *record = kyi_tree_get(node, "record");
	const struct kyi_tree_node *alert = kyi_tree_get(node, "alert");
	const char *name = "";

	if (record != NULL && alert != NULL) {
		kyi_fault(load->faults, load->tree, alert, "only one of "
		    "'record' and 'alert' must be set");
		record = NULL;
	}
	kyi_tree_text(load->faults, load->tree, record == NULL ? alert :
	    record, "a name", &name);
	rule->is_alert = record == NULL;
	rule->name = name;
	if (name[0] == '\0')
		kyi_fault(load->faults, load->tree, node, "one of 'record' or "
		    "'alert' must be set");
	else if (record != NULL && strpbrk(name, "{}") != NULL)
		kyi_fault(load->faults, load->tree, record, "braces present in "
		    "the recording rule name; should it be in expr?: %s",
		    name);
}

/* What only an alert may have. */
static void
record_check(struct kyi_load *load, const struct kyi_tree_node *node)
{
	static const char *const keys[] = { "annotations", "for",
		"keep_firing_for", "resolve_expr", "no_data", "on_error",
		"depends_on", "flap", "slo" };
	size_t i;

	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const struct kyi_tree_node *value = kyi_tree_get(node, keys[i]);

		if (value != NULL && value->kind != KYI_TREE_NULL)
			kyi_fault_key(load->faults, load->tree, value, "invalid "
			    "field '%s' in recording rule", keys[i]);
	}
}

/* ---- our keys ---------------------------------------------------------------------- */

static int
word_load(struct kyi_load *load, const struct kyi_tree_node *node,
    const char *const *words, int cnt)
{
	char list[80] = "";
	const char *text;
	int i;

	if (!kyi_tree_text(load->faults, load->tree, node, "a word", &text))
		return 0;
	for (i = 0; i < cnt; i++) {
		if (strcmp(words[i], text) == 0)
			return i;
		snprintf(list + strlen(list), sizeof(list) - strlen(list),
		    "%s%s", i == 0 ? "" : i == cnt - 1 ? " or " : ", ",
		    words[i]);
	}
	kyi_fault(load->faults, load->tree, node, "expected %s, found '%.40s'",
	    list, text);
	return 0;
}

static void
depends_load(struct kyi_load *load, const struct kyi_tree_node *node,
    struct kymo_rule *rule)
{
	const struct kyi_tree_node *name;
	const char **names;
	uint32_t cnt = 0;

	if (node == NULL || node->kind == KYI_TREE_NULL)
		return;
	if (node->kind != KYI_TREE_TEXT &&
	    !kyi_tree_is(load->faults, load->tree, node, KYI_TREE_LIST))
		return;
	for (name = node->first; name != NULL; name = name->next)
		cnt++;
	names = kyi_load_get(load, (cnt + 1) * sizeof(*names));
	if (names == NULL)
		return;
	rule->depends_on = names;
	if (node->kind == KYI_TREE_TEXT)
		names[rule->depends_cnt++] = node->text;
	else
		for (name = node->first; name != NULL; name = name->next)
			if (kyi_tree_text(load->faults, load->tree, name,
			    "an alert's name", &names[rule->depends_cnt]))
				rule->depends_cnt++;
}

/* flap: {max: 4, within: 10m} */
static void
flap_load(struct kyi_load *load, const struct kyi_tree_node *node,
    struct kymo_rule *rule)
{
	static const char *const keys[] = { "max", "within" };
	double max = 0;

	if (!kyi_tree_is(load->faults, load->tree, node, KYI_TREE_MAP))
		return;
	kyi_tree_keys(load->faults, load->tree, node, "flap", keys, 2);
	kyi_tree_number(load->faults, load->tree, kyi_tree_get(node, "max"),
	    &max);
	kyi_tree_duration(load->faults, load->tree,
	    kyi_tree_get(node, "within"), &rule->flap_ms);
	if (max < 2 || max > FLAP_MAX || max != (double)(uint32_t)max ||
	    rule->flap_ms <= 0)
		kyi_fault(load->faults, load->tree, node, "flap wants max: 2 to "
		    "%d, and within: a duration", FLAP_MAX);
	else
		rule->flap_max = (uint32_t)max;
}

static void
ours_load(struct kyi_load *load, const struct kyi_tree_node *node,
    struct kymo_rule *rule)
{
	static const char *const no_data[] = { "ok", "alert", "keep",
		"unknown" };
	static const char *const on_error[] = { "keep" };
	const struct kyi_tree_node *resolve = kyi_tree_get(node, "resolve_expr");

	if (resolve != NULL && resolve->kind != KYI_TREE_NULL)
		rule->resolve_query = expr_load(load, resolve,
		    &rule->resolve_expr);
	rule->no_data = (enum kymo_no_data)word_load(load,
	    kyi_tree_get(node, "no_data"), no_data, 4);
	word_load(load, kyi_tree_get(node, "on_error"), on_error, 1);
	depends_load(load, kyi_tree_get(node, "depends_on"), rule);
	flap_load(load, kyi_tree_get(node, "flap"), rule);
}

/* ---- a rule ------------------------------------------------------------------------ */

static void
alert_load(struct kyi_load *load, const struct kyi_tree_node *node,
    struct kymo_rule *rule, struct kyi_rule_private *private_)
{
	rule->for_said = kyi_tree_duration(load->faults, load->tree,
	    kyi_tree_get(node, "for"), &rule->for_ms);
	kyi_tree_duration(load->faults, load->tree,
	    kyi_tree_get(node, "keep_firing_for"), &rule->keep_firing_ms);
	kyi_load_texts(load, kyi_tree_get(node, "annotations"), "annotation",
	    &rule->annotations, &rule->annotation_cnt, &private_->annotations);
	ours_load(load, node, rule);
}

void
kyi_load_rule(struct kyi_load *load, const struct kyi_tree_node *node)
{
	static const char *const keys[] = { "record", "alert", "expr", "for",
		"keep_firing_for", "labels", "annotations", "resolve_expr",
		"no_data", "on_error", "depends_on", "flap", "slo" };
	const struct kyi_tree_node *expr = kyi_tree_get(node, "expr");
	const struct kyi_tree_node *slo = kyi_tree_get(node, "slo");
	struct kyi_rule_private *private_;
	struct kymo_rule *rule;

	if (node->kind == KYI_TREE_NULL)
		kyi_fault(load->faults, load->tree, node, "an empty rule");
	if (!kyi_tree_is(load->faults, load->tree, node, KYI_TREE_MAP))
		return;
	kyi_tree_keys(load->faults, load->tree, node, "a rule", keys,
	    sizeof(keys) / sizeof(keys[0]));
	if (slo != NULL && kyi_tree_get(node, "record") == NULL) {
		kyi_load_slo(load, node, slo);
		return;
	}
	rule = kyi_load_add(load, node->line);
	if (rule == NULL)
		return;
	private_ = (struct kyi_rule_private *)(uintptr_t)rule->private_;
	name_load(load, node, rule);
	rule->expr = "";
	if (expr == NULL || expr->kind == KYI_TREE_NULL)
		kyi_fault(load->faults, load->tree, node, "field 'expr' must be "
		    "set in rule");
	else
		rule->query = expr_load(load, expr, &rule->expr);
	/* A recording rule's labels are no templates. */
	kyi_load_texts(load, kyi_tree_get(node, "labels"), "label",
	    &rule->labels, &rule->label_cnt,
	    rule->is_alert ? &private_->labels : NULL);
	if (rule->is_alert)
		alert_load(load, node, rule, private_);
	else
		record_check(load, node);
}
