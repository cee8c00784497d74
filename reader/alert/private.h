/* SPDX-License-Identifier: MIT */
/* Routing as the stage itself sees it. */
#ifndef KYI_ALERT_PRIVATE_H
#define KYI_ALERT_PRIVATE_H

#include "reader/alert/routing.h"
#include "reader/alert/zone.h"
#include "reader/rules/tree.h"

/* All must match. */
struct kyi_routing_matchers {
	struct kymo_matcher *at;
	uint32_t cnt;
};

/* From first to last, both among them. */
struct kyi_routing_range {
	int32_t first, last;
	struct kyi_routing_range *next;
};

/* A time is in it when each kind that has ranges has it in one of them. */
struct kyi_routing_times {
	struct kyi_routing_range *minutes; /* of a day; last not among them */
	struct kyi_routing_range *weekdays, *days, *months, *years;
	const struct kyi_zone *zone; /* NULL: UTC */
	struct kyi_routing_times *next;
};

struct kyi_routing_interval {
	const char *name;
	struct kyi_routing_times *times; /* one of them is enough */
	struct kyi_routing_interval *next;
};

/* Some intervals, by pointer. */
struct kyi_routing_intervals {
	const struct kyi_routing_interval **at;
	uint32_t cnt;
};

/* ---- under the key kymo; each has its next first -------------------------- */

struct kyi_routing_receiver;

struct kyi_routing_step {
	int64_t wait_ms; /* after the step before, or the first message */
	bool always;     /* even when it is acknowledged */
	const struct kyi_routing_receiver **receivers;
	uint32_t receiver_cnt;
};

struct kyi_routing_escalation {
	struct kyi_routing_escalation *next;
	const char *name;
	struct kyi_routing_step *steps;
	uint32_t step_cnt, repeat;
};

struct kyi_routing_maintenance {
	struct kyi_routing_maintenance *next;
	const char *name;
	struct kyi_routing_matchers matchers;
	int64_t from_ms, until_ms;
	struct kyi_routing_intervals intervals; /* none: all of that time */
};

struct kyi_routing_component {
	const char *name;
	const uint32_t *on; /* the components that it depends on */
	uint32_t on_cnt;
};

struct kyi_routing_dependency {
	struct kyi_routing_dependency *next;
	const char *label; /* has an alert's component */
	struct kyi_routing_matchers down; /* alerts that say it is down */
	struct kyi_routing_component *components;
	uint32_t component_cnt, line;
};

#define KYI_CHANGES_MAX 32u
struct kyi_routing_flapping {
	uint32_t changes; /* 0: nobody looks */
	int64_t within_ms, quiet_ms;
};

/* While no alert of the matchers fired for so long, one of ours does. */
struct kyi_routing_switch {
	struct kyi_routing_switch *next;
	const char *name;
	struct kyi_routing_matchers matchers;
	int64_t within_ms;
	const struct kyi_tree_node *labels, *annotations; /* maps, or NULL */
};

struct kyi_routing_node {
	struct kymo_route route;
	struct kyi_routing_matchers matchers;
	bool goes_on; /* continue */
	struct kyi_routing_intervals mute, active;
	const struct kyi_routing_escalation *escalation;
	const struct kyi_tree_node *places; /* where it was read from */
	uint32_t idx; /* of all, in their order */
	const char *key; /* "{}/{a="b"}": the same over loads of a file */
	struct kyi_routing_node *parent, *first, *next;
};

struct kyi_routing_receiver {
	const char *name;
	struct kymo_integration *integrations; /* in the routing's array */
	uint32_t integration_cnt, line;
	struct kyi_routing_receiver *next;
};

struct kyi_routing_inhibit {
	struct kyi_routing_matchers source, target;
	const char **equal;
	uint32_t equal_cnt, line;
	struct kyi_routing_inhibit *next;
};

struct kymo_routing {
	struct kyi_arena *arena;
	const struct kyi_tree *tree;
	bool ours; /* has the key kymo */
	struct kyi_routing_node *root;
	uint32_t node_cnt;
	struct kyi_routing_receiver *receivers;
	struct kymo_integration *integrations;
	uint32_t integration_cnt;
	struct kyi_routing_inhibit *inhibits;
	uint32_t inhibit_cnt;
	struct kyi_routing_interval *intervals;
	struct kyi_zone *zones;
	struct kyi_routing_escalation *escalations;
	struct kyi_routing_maintenance *maintenance;
	struct kyi_routing_dependency *dependencies;
	struct kyi_routing_switch *switches;
	uint32_t switch_cnt;
	struct kyi_routing_flapping flapping;
	/* What is not in the arena. */
	struct kyi_routing_regex {
		struct kymo_regex *regex;
		struct kyi_routing_regex *next;
	} *regexes;
};

/* While a file is read. */
struct kyi_routing_load {
	struct kymo_routing *routing;
	const struct kyi_tree *tree;
	struct kyi_faults *faults;
	struct kyi_faults warnings;
};

/* kyi_routing_get returns zeroed room of the routing; NULL: faults heard. */
void *kyi_routing_get(struct kyi_routing_load *load, size_t cnt,
    size_t size_bytes);

/* Steps of kymo_routing_parse, a part of the file each. */
void kyi_routing_load_receivers(struct kyi_routing_load *load);
void kyi_routing_load_intervals(struct kyi_routing_load *load);
void kyi_routing_load_ours(struct kyi_routing_load *load);
void kyi_routing_load_routes(struct kyi_routing_load *load);
void kyi_routing_load_inhibits(struct kyi_routing_load *load);
/* Keys of an integration and of global, and what they need. */
void kyi_routing_check_global(struct kyi_routing_load *load);
void kyi_routing_check_integration(struct kyi_routing_load *load,
    const struct kymo_integration *integration);

/* kyi_routing_matchers appends the matchers of a text, in Alertmanager's
   classic syntax or, where it is none, in the one with UTF-8. false: error
   says why, and at_bytes where. */
struct kyi_routing_matcher_list {
	struct kymo_routing *routing; /* whose arena, and regexes */
	struct kymo_matcher *at;
	uint32_t cnt, room;
};
bool kyi_routing_matchers_parse(struct kyi_routing_matcher_list *list,
    const char *text, size_t *at_bytes, struct kymo_error *error);
bool kyi_routing_matcher_add(struct kyi_routing_matcher_list *list,
    enum kymo_match match, const char *key, const char *value,
    struct kymo_error *error);
/* The three keys of a map that hold matchers; NULL: it has not that one. */
struct kyi_routing_matcher_keys {
	const char *match, *match_re, *matchers;
};
void kyi_routing_load_matchers(struct kyi_routing_load *load,
    const struct kyi_tree_node *map,
    const struct kyi_routing_matcher_keys *keys,
    struct kyi_routing_matchers *matchers);

const struct kyi_routing_receiver *kyi_routing_receiver_find(
    const struct kymo_routing *routing, const char *name);
const struct kyi_routing_escalation *kyi_routing_escalation_find(
    const struct kymo_routing *routing, const char *name);
const struct kyi_routing_interval *kyi_routing_interval_find(
    const struct kymo_routing *routing, const char *name);
void kyi_routing_load_interval_names(struct kyi_routing_load *load,
    const struct kyi_tree_node *list, struct kyi_routing_intervals *intervals);
/* A list of times, as under time_intervals. */
struct kyi_routing_times *kyi_routing_load_times(struct kyi_routing_load *load,
    const struct kyi_tree_node *list);
bool kyi_routing_times_have(const struct kyi_routing_times *times,
    int64_t at_ms);
/* true or false, as YAML has them. */
void kyi_routing_load_bool(struct kyi_routing_load *load,
    const struct kyi_tree_node *node, bool *is);
/* A list of texts. */
uint32_t kyi_routing_load_texts(struct kyi_routing_load *load,
    const struct kyi_tree_node *list, const char *what, const char ***texts);
const struct kyi_tree_node *kyi_routing_path(const struct kyi_tree_node *node,
    const char *path);

#endif
