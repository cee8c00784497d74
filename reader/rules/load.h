/* SPDX-License-Identifier: MIT */
/* Rule files while they are read, and rules as the stage itself sees them. */
#ifndef KYI_RULES_LOAD_H
#define KYI_RULES_LOAD_H

#include "reader/rules/rules.h"
#include "reader/rules/template.h"
#include "reader/rules/tree.h"

struct kymo_rules {
	struct kyi_arena *arena;
	struct kymo_rule_group *groups, **last;
	uint32_t rule_cnt;
};

/* A rule's private_. */
struct kyi_rule_private {
	struct kyi_template **labels, **annotations;
};

struct kyi_load {
	struct kymo_rules *rules;
	const struct kyi_tree *tree;
	struct kyi_faults *faults;
	struct kymo_rule_group *group;
	struct kymo_rule **last; /* of the group */
};

/* An arena that is full is said once. NULL then. */
void *kyi_load_get(struct kyi_load *load, size_t size_bytes);
const char *kyi_load_text(struct kyi_load *load, const char *text);

/* kyi_load_rule reads one rule, or one SLO, into the group. */
void kyi_load_rule(struct kyi_load *load, const struct kyi_tree_node *node);
/* Labels of a group or a rule; templates (may be NULL) are made of them. */
void kyi_load_texts(struct kyi_load *load, const struct kyi_tree_node *map,
    const char *what, const struct kymo_rule_text **texts, uint32_t *cnt,
    struct kyi_template ***templates);
/* Expands slo, a map of rule, into rules of the group. */
void kyi_load_slo(struct kyi_load *load, const struct kyi_tree_node *rule,
    const struct kyi_tree_node *slo);
/* A new rule at the end of the group; NULL: no memory. */
struct kymo_rule *kyi_load_add(struct kyi_load *load, uint32_t line);
/* expr as a query; node is where it stands, and what names it for people. */
const struct kymo_query *kyi_load_query(struct kyi_load *load,
    const struct kyi_tree_node *node, const char *expr);

#endif
