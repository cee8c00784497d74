/* SPDX-License-Identifier: MIT */
/* Rule files: from a tree to groups. */
#include "reader/rules/load.h"

#include <stdlib.h>
#include <string.h>

#include "shm/name.h"

void *
kyi_load_get(struct kyi_load *load, size_t size_bytes)
{
	void *room = kyi_arena_get(load->rules->arena, size_bytes);

	if (room == NULL) {
		load->faults->cnt++;
		load->faults->say(load->faults->of, "no memory");
	}
	return room;
}

const char *
kyi_load_text(struct kyi_load *load, const char *text)
{
	char *kept = kyi_arena_text(load->rules->arena, text, strlen(text));

	if (kept == NULL) {
		load->faults->cnt++;
		load->faults->say(load->faults->of, "no memory");
	}
	return kept;
}

/* ---- labels and annotations ------------------------------------------------------- */

static void
text_load(struct kyi_load *load, const struct kyi_tree_node *value,
    const char *what, struct kymo_rule_text *text,
    struct kyi_template **template_)
{
	struct kyi_template_error error;

	text->key = value->key;
	text->value = "";
	if (value->key[0] == '\0' || (strcmp(value->key, KYMO_NAME_LABEL) == 0
	    && strcmp(what, "label") == 0))
		kyi_fault_key(load->faults, load->tree, value, "invalid %s "
		    "name: %s", what, value->key);
	if (!kyi_tree_text(load->faults, load->tree, value, "a text",
	    &text->value))
		text->value = "";
	if (template_ == NULL)
		return;
	*template_ = kyi_template_parse(load->rules->arena, text->value,
	    &error);
	if (*template_ == NULL)
		kyi_fault_at(load->faults, load->tree, value, error.at_bytes,
		    "%s \"%s\": %s", what, value->key, error.error.text);
}

void
kyi_load_texts(struct kyi_load *load, const struct kyi_tree_node *map,
    const char *what, const struct kymo_rule_text **texts, uint32_t *cnt,
    struct kyi_template ***templates)
{
	const struct kyi_tree_node *value;
	struct kymo_rule_text *made;
	uint32_t i = 0;

	*texts = NULL;
	*cnt = 0;
	if (!kyi_tree_is(load->faults, load->tree, map, KYI_TREE_MAP) ||
	    map->first == NULL)
		return;
	for (value = map->first; value != NULL; value = value->next)
		i++;
	made = kyi_load_get(load, i * sizeof(*made));
	if (templates != NULL)
		*templates = kyi_load_get(load, i * sizeof(**templates));
	if (made == NULL || (templates != NULL && *templates == NULL))
		return;
	*texts = made;
	*cnt = i;
	for (value = map->first, i = 0; value != NULL; value = value->next, i++)
		text_load(load, value, what, &made[i],
		    templates == NULL ? NULL : &(*templates)[i]);
}

/* ---- groups ------------------------------------------------------------------------ */

static void
group_limit(struct kyi_load *load, const struct kyi_tree_node *node)
{
	const char *text;
	char *end;
	unsigned long n;

	if (!kyi_tree_text(load->faults, load->tree, node, "a whole number",
	    &text))
		return;
	n = strtoul(text, &end, 10);
	if (*end != '\0' || text[0] < '0' || text[0] > '9' || n > UINT32_MAX)
		kyi_fault(load->faults, load->tree, node, "expected a whole "
		    "number, found '%.60s'", text);
	else
		load->group->limit = (uint32_t)n;
}

static void
group_name(struct kyi_load *load, const struct kyi_tree_node *node)
{
	const struct kymo_rule_group *other;
	const struct kyi_tree_node *name = kyi_tree_get(node, "name");
	const char *text = "";

	kyi_tree_text(load->faults, load->tree, name, "a name", &text);
	load->group->name = text;
	if (text[0] == '\0')
		kyi_fault(load->faults, load->tree, node, "Groupname must not "
		    "be empty");
	for (other = load->rules->groups; other != load->group;
	    other = other->next)
		if (text[0] != '\0' && strcmp(other->name, text) == 0 &&
		    other->file == load->tree->name)
			kyi_fault(load->faults, load->tree, name,
			    "groupname: \"%s\" is repeated in the same file, "
			    "first in line %u", text, other->line);
}

static void
group_load(struct kyi_load *load, const struct kyi_tree_node *node)
{
	static const char *const keys[] = { "name", "interval", "query_offset",
		"limit", "rules", "labels" };
	const struct kyi_tree_node *rules = kyi_tree_get(node, "rules"), *rule;
	const struct kyi_tree_node *interval = kyi_tree_get(node, "interval");

	if (!kyi_tree_is(load->faults, load->tree, node, KYI_TREE_MAP)) {
		if (node->kind == KYI_TREE_NULL)
			kyi_fault(load->faults, load->tree, node, "an empty "
			    "group");
		return;
	}
	load->group = kyi_load_get(load, sizeof(*load->group));
	if (load->group == NULL)
		return;
	load->group->file = load->tree->name;
	load->group->line = node->line;
	load->group->offset_ms = -1;
	*load->rules->last = load->group;
	load->rules->last = (void *)&load->group->next;
	load->last = (void *)&load->group->rules;
	kyi_tree_keys(load->faults, load->tree, node, "a group", keys,
	    sizeof(keys) / sizeof(keys[0]));
	group_name(load, node);
	kyi_tree_duration(load->faults, load->tree, interval,
	    &load->group->interval_ms);
	kyi_tree_duration(load->faults, load->tree,
	    kyi_tree_get(node, "query_offset"), &load->group->offset_ms);
	group_limit(load, kyi_tree_get(node, "limit"));
	kyi_load_texts(load, kyi_tree_get(node, "labels"), "label",
	    &load->group->labels, &load->group->label_cnt, NULL);
	if (kyi_tree_is(load->faults, load->tree, rules, KYI_TREE_LIST))
		for (rule = rules->first; rule != NULL; rule = rule->next)
			kyi_load_rule(load, rule);
}

static void
tree_load(struct kymo_rules *rules, const struct kyi_tree *tree,
    struct kyi_faults *faults)
{
	static const char *const keys[] = { "groups" };
	struct kyi_load load = {.rules = rules, .tree = tree,
	    .faults = faults};
	const struct kyi_tree_node *groups = kyi_tree_get(tree->root, "groups");
	const struct kyi_tree_node *group;

	if (!kyi_tree_is(faults, tree, tree->root, KYI_TREE_MAP))
		return;
	kyi_tree_keys(faults, tree, tree->root, "a rule file", keys, 1);
	if (kyi_tree_is(faults, tree, groups, KYI_TREE_LIST))
		for (group = groups->first; group != NULL; group = group->next)
			group_load(&load, group);
}

/* ---- files ------------------------------------------------------------------------- */

static struct kymo_rules *
rules_new(struct kyi_faults *faults)
{
	struct kymo_rules *rules = calloc(1, sizeof(*rules));

	if (rules != NULL)
		rules->arena = kyi_arena_new(0);
	if (rules == NULL || rules->arena == NULL) {
		free(rules);
		faults->cnt++;
		faults->say(faults->of, "no memory");
		return NULL;
	}
	rules->last = &rules->groups;
	return rules;
}

static int
rules_end(struct kymo_rules **rules, const struct kyi_faults *faults)
{
	if (faults->cnt == 0)
		return 0;
	kymo_rules_delete(*rules);
	*rules = NULL;
	return -1;
}

int
kymo_rules_load(struct kymo_rules **rules, const char *const *paths,
    uint32_t path_cnt, const struct kymo_rule_faults *hearer)
{
	struct kyi_faults faults = {.say = hearer->fault, .of = hearer->of};
	const struct kyi_tree *tree;
	uint32_t i;

	*rules = rules_new(&faults);
	for (i = 0; *rules != NULL && i < path_cnt; i++) {
		tree = kyi_tree_load((*rules)->arena, paths[i], &faults);
		if (tree != NULL)
			tree_load(*rules, tree, &faults);
	}
	return rules_end(rules, &faults);
}

int
kymo_rules_parse(struct kymo_rules **rules, const char *name, const char *text,
    size_t len_bytes, const struct kymo_rule_faults *hearer)
{
	struct kyi_faults faults = {.say = hearer->fault, .of = hearer->of};
	const struct kyi_tree *tree;

	*rules = rules_new(&faults);
	if (*rules != NULL) {
		tree = kyi_tree_read((*rules)->arena, name, text, len_bytes,
		    &faults);
		if (tree != NULL)
			tree_load(*rules, tree, &faults);
	}
	return rules_end(rules, &faults);
}

void
kymo_rules_delete(struct kymo_rules *rules)
{
	const struct kymo_rule_group *group;
	const struct kymo_rule *rule;

	if (rules == NULL)
		return;
	for (group = rules->groups; group != NULL; group = group->next)
		for (rule = group->rules; rule != NULL; rule = rule->next) {
			kymo_query_delete((struct kymo_query *)(uintptr_t)
			    rule->query);
			kymo_query_delete((struct kymo_query *)(uintptr_t)
			    rule->resolve_query);
		}
	kyi_arena_delete(rules->arena);
	free(rules);
}

const struct kymo_rule_group *
kymo_rules_groups(const struct kymo_rules *rules)
{
	return rules->groups;
}

uint32_t
kymo_rules_cnt(const struct kymo_rules *rules)
{
	return rules->rule_cnt;
}
