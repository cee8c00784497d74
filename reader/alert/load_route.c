/* SPDX-License-Identifier: MIT */
/* The tree of routes, and inhibitions. */
#include <stdio.h>
#include <string.h>

#include "reader/alert/private.h"
#include "reader/buffer.h"
#include "reader/nearest.h"

/* Alertmanager's; ours waits for nobody. */
#define GROUP_WAIT_MS 30000
#define GROUP_INTERVAL_MS (5 * 60000)
#define REPEAT_INTERVAL_MS (4 * 3600000)
#define ROUTES_MAX 10000u

/* ---- names of others ----------------------------------------------------- */

#define NAMES_MAX 200u

static void
receiver_check(struct kyi_routing_load *load, const struct kyi_tree_node *node,
    const char *name)
{
	const struct kyi_routing_receiver *receiver;
	const char *names[NAMES_MAX], *near;
	size_t cnt = 0;

	if (kyi_routing_receiver_find(load->routing, name) != NULL)
		return;
	for (receiver = load->routing->receivers; receiver != NULL &&
	    cnt < NAMES_MAX; receiver = receiver->next)
		if (receiver->name[0] != '\0')
			names[cnt++] = receiver->name;
	near = kyi_nearest(name, names, cnt);
	kyi_fault(load->faults, load->tree, node, "no receiver '%.60s'%s%.60s%s"
	    , name, near == NULL ? " under receivers: write it there" : "; do you mean '",
	    near == NULL ? "" : near, near == NULL ? "" : "'?");
}

void
kyi_routing_load_interval_names(struct kyi_routing_load *load,
    const struct kyi_tree_node *list, struct kyi_routing_intervals *intervals)
{
	const struct kyi_tree_node *node;
	const char **names;
	uint32_t cnt = kyi_routing_load_texts(load, list,
	    "the name of a time interval", &names), i;

	if (cnt == 0)
		return;
	intervals->at = kyi_routing_get(load, cnt, sizeof(*intervals->at));
	if (intervals->at == NULL)
		return;
	for (i = 0, node = list->first; i < cnt; i++, node = node->next) {
		const struct kyi_routing_interval *interval =
		    kyi_routing_interval_find(load->routing, names[i]);

		if (interval == NULL)
			kyi_fault(load->faults, load->tree, node, "no time "
			    "interval '%.60s' under time_intervals: write it "
			    "there", names[i]);
		else
			intervals->at[intervals->cnt++] = interval;
	}
}

/* ---- one route ----------------------------------------------------------- */

static void
group_by_load(struct kyi_routing_load *load, const struct kyi_tree_node *list,
    struct kymo_route *route)
{
	const struct kyi_tree_node *node;
	const char **names;
	uint32_t cnt = kyi_routing_load_texts(load, list, "a label's name",
	    &names), i, k;
	bool all = false;

	if (cnt == 0)
		return;
	for (i = 0, node = list->first; i < cnt; i++, node = node->next) {
		all |= strcmp(names[i], "...") == 0;
		if (names[i][0] == '\0')
			kyi_fault(load->faults, load->tree, node,
			    "a label's name is empty: write it, or leave it "
			    "out");
		for (k = 0; k < i; k++)
			if (strcmp(names[i], names[k]) == 0)
				kyi_fault(load->faults, load->tree, node,
				    "label '%.60s' is in group_by twice: leave "
				    "one out", names[i]);
	}
	if (all && cnt > 1)
		kyi_fault(load->faults, load->tree, list, "'...' is all labels:"
		    " write it alone");
	route->group_by_all = all;
	route->group_by = all ? NULL : names;
	route->group_by_cnt = all ? 0 : cnt;
}

static void
positive_load(struct kyi_routing_load *load, const struct kyi_tree_node *map,
    const char *key, int64_t *ms)
{
	const struct kyi_tree_node *node = kyi_tree_get(map, key);

	if (kyi_tree_duration(load->faults, load->tree, node, ms) && *ms == 0)
		kyi_fault(load->faults, load->tree, node, "%s cannot be 0; "
		    "write 1s for the shortest that is useful", key);
}

static void
root_check(struct kyi_routing_load *load, const struct kyi_tree_node *node)
{
	static const char *const never[] = {"match", "match_re", "matchers",
	    "mute_time_intervals", "active_time_intervals"};
	const struct kyi_tree_node *value;
	size_t i;

	for (i = 0; i < sizeof(never) / sizeof(never[0]); i++) {
		value = kyi_tree_get(node, never[i]);
		if (value != NULL && value->first != NULL)
			kyi_fault_key(load->faults, load->tree, value, "the "
			    "first route takes all alerts, always: move %s to "
			    "a route under its routes", never[i]);
	}
	value = kyi_tree_get(node, "receiver");
	if (value == NULL || value->kind == KYI_TREE_NULL)
		kyi_fault(load->faults, load->tree, node, "the first route "
		    "needs a receiver: write receiver: NAME");
	value = kyi_tree_get(node, "continue");
	if (value != NULL && value->kind == KYI_TREE_TEXT &&
	    strcmp(value->text, "true") == 0)
		kyi_fault_key(load->faults, load->tree, value, "there is none "
		    "after the first route to continue with: leave it out");
}

/* The parent's key and the matchers; with a number where a brother before has
   the same. */
static void
key_make(struct kyi_routing_load *load, struct kyi_routing_node *node)
{
	static const char *const operators[] = {"=", "!=", "=~", "!~"};
	struct kymo_buffer key = {0};
	const struct kyi_routing_node *brother;
	uint32_t i, same = 1;
	size_t len_bytes;

	if (node->parent != NULL)
		kymo_buffer_printf(&key, "%s/", node->parent->key);
	kymo_buffer_char(&key, '{');
	for (i = 0; i < node->matchers.cnt; i++)
		kymo_buffer_printf(&key, "%s%s%s\"%s\"", i == 0 ? "" : ",",
		    node->matchers.at[i].key,
		    operators[node->matchers.at[i].match],
		    node->matchers.at[i].value);
	kymo_buffer_char(&key, '}');
	len_bytes = key.len_bytes;
	for (brother = node->parent == NULL ? NULL : node->parent->first;
	    brother != NULL && brother != node; brother = brother->next)
		same += brother->key != NULL && key.at != NULL &&
		    strncmp(brother->key, key.at, len_bytes) == 0 &&
		    (brother->key[len_bytes] == '\0' ||
		    brother->key[len_bytes] == '#');
	if (same > 1)
		kymo_buffer_printf(&key, "#%u", same);
	node->key = key.failed ? NULL : kyi_arena_text(load->routing->arena,
	    key.at, key.len_bytes);
	kymo_buffer_free(&key);
	if (node->key == NULL)
		node->key = "";
}

static struct kyi_routing_node *route_load(struct kyi_routing_load *load,
    const struct kyi_tree_node *places, struct kyi_routing_node *parent);

static void
children_load(struct kyi_routing_load *load, struct kyi_routing_node *node)
{
	const struct kyi_tree_node *list = kyi_tree_get(node->places, "routes");
	const struct kyi_tree_node *place;
	struct kyi_routing_node **last = &node->first;

	if (!kyi_tree_is(load->faults, load->tree, list, KYI_TREE_LIST))
		return;
	for (place = list->first; place != NULL; place = place->next) {
		if (!kyi_tree_is(load->faults, load->tree, place,
		    KYI_TREE_MAP)) {
			if (place->kind == KYI_TREE_NULL)
				kyi_fault(load->faults, load->tree, place,
				    "an empty route");
			continue;
		}
		*last = route_load(load, place, node);
		if (*last == NULL)
			return;
		key_make(load, *last);
		children_load(load, *last);
		last = &(*last)->next;
	}
}

static void
escalation_name(struct kyi_routing_load *load, struct kyi_routing_node *node)
{
	const struct kyi_tree_node *place = kyi_tree_get(node->places,
	    "escalation");
	const char *name;

	if (node->parent != NULL)
		node->escalation = node->parent->escalation;
	if (!kyi_tree_text(load->faults, load->tree, place, "the name of an "
	    "escalation", &name))
		return;
	node->escalation = kyi_routing_escalation_find(load->routing, name);
	if (node->escalation == NULL)
		kyi_fault(load->faults, load->tree, place, "no escalation "
		    "'%.60s' under kymo: escalations; write it there", name);
}

static void
route_values(struct kyi_routing_load *load, struct kyi_routing_node *node)
{
	static const struct kyi_routing_matcher_keys matchers = {"match",
	    "match_re", "matchers"};
	const struct kyi_tree_node *places = node->places;
	const struct kyi_tree_node *receiver = kyi_tree_get(places, "receiver");
	struct kymo_route *route = &node->route;

	if (kyi_tree_text(load->faults, load->tree, receiver, "a receiver's "
	    "name", &route->receiver))
		receiver_check(load, receiver, route->receiver);
	kyi_routing_load_matchers(load, places, &matchers, &node->matchers);
	kyi_routing_load_bool(load, kyi_tree_get(places, "continue"),
	    &node->goes_on);
	escalation_name(load, node);
	group_by_load(load, kyi_tree_get(places, "group_by"), route);
	kyi_tree_duration(load->faults, load->tree, kyi_tree_get(places,
	    "group_wait"), &route->group_wait_ms);
	positive_load(load, places, "group_interval",
	    &route->group_interval_ms);
	positive_load(load, places, "repeat_interval",
	    &route->repeat_interval_ms);
	kyi_routing_load_interval_names(load, kyi_tree_get(places,
	    "mute_time_intervals"), &node->mute);
	kyi_routing_load_interval_names(load, kyi_tree_get(places,
	    "active_time_intervals"), &node->active);
}

static struct kyi_routing_node *
route_load(struct kyi_routing_load *load, const struct kyi_tree_node *places,
    struct kyi_routing_node *parent)
{
	static const char *const keys[] = {"receiver", "group_by", "continue",
	    "match", "match_re", "matchers", "group_wait", "group_interval",
	    "repeat_interval", "mute_time_intervals", "active_time_intervals",
	    "routes", "escalation"};
	struct kyi_routing_node *node = kyi_routing_get(load, 1, sizeof(*node));

	if (node == NULL)
		return NULL;
	if (load->routing->node_cnt >= ROUTES_MAX) {
		kyi_fault(load->faults, load->tree, places, "more than %u "
		    "routes", ROUTES_MAX);
		return NULL;
	}
	if (parent != NULL)
		node->route = parent->route;
	else
		node->route = (struct kymo_route){.receiver = "",
		    .group_wait_ms = load->routing->ours ? 0 : GROUP_WAIT_MS,
		    .group_interval_ms = GROUP_INTERVAL_MS,
		    .repeat_interval_ms = REPEAT_INTERVAL_MS};
	node->route.line = places->line;
	node->route.private_ = node;
	node->places = places;
	node->parent = parent;
	node->idx = load->routing->node_cnt++;
	kyi_tree_keys(load->faults, load->tree, places, "a route", keys,
	    sizeof(keys) / sizeof(keys[0]));
	route_values(load, node);
	return node;
}

void
kyi_routing_load_routes(struct kyi_routing_load *load)
{
	const struct kyi_tree_node *root = load->tree->root;
	const struct kyi_tree_node *route = kyi_tree_get(root, "route");

	if (route == NULL || route->kind == KYI_TREE_NULL) {
		kyi_fault(load->faults, load->tree, route == NULL ? root :
		    route, "no route: write at least route: {receiver: NAME}");
		return;
	}
	if (!kyi_tree_is(load->faults, load->tree, route, KYI_TREE_MAP))
		return;
	root_check(load, route);
	load->routing->root = route_load(load, route, NULL);
	if (load->routing->root == NULL)
		return;
	key_make(load, load->routing->root);
	children_load(load, load->routing->root);
}

/* ---- inhibitions --------------------------------------------------------- */

static struct kyi_routing_inhibit *
inhibit_load(struct kyi_routing_load *load, const struct kyi_tree_node *node)
{
	static const char *const keys[] = {"name", "source_match",
	    "source_match_re", "source_matchers", "target_match",
	    "target_match_re", "target_matchers", "equal"};
	static const struct kyi_routing_matcher_keys source = {"source_match",
	    "source_match_re", "source_matchers"};
	static const struct kyi_routing_matcher_keys target = {"target_match",
	    "target_match_re", "target_matchers"};
	struct kyi_routing_inhibit *inhibit =
	    kyi_routing_get(load, 1, sizeof(*inhibit));

	if (inhibit == NULL)
		return NULL;
	inhibit->line = node->line;
	kyi_tree_keys(load->faults, load->tree, node, "an inhibition", keys,
	    sizeof(keys) / sizeof(keys[0]));
	kyi_routing_load_matchers(load, node, &source, &inhibit->source);
	kyi_routing_load_matchers(load, node, &target, &inhibit->target);
	inhibit->equal_cnt = kyi_routing_load_texts(load, kyi_tree_get(node,
	    "equal"), "a label's name", &inhibit->equal);
	return inhibit;
}

void
kyi_routing_load_inhibits(struct kyi_routing_load *load)
{
	const struct kyi_tree_node *list = kyi_tree_get(load->tree->root,
	    "inhibit_rules"), *node;
	struct kyi_routing_inhibit **last = &load->routing->inhibits;

	if (!kyi_tree_is(load->faults, load->tree, list, KYI_TREE_LIST))
		return;
	for (node = list->first; node != NULL; node = node->next) {
		if (!kyi_tree_is(load->faults, load->tree, node,
		    KYI_TREE_MAP)) {
			if (node->kind == KYI_TREE_NULL)
				kyi_fault(load->faults, load->tree, node,
				    "an empty inhibition: leave it out");
			continue;
		}
		*last = inhibit_load(load, node);
		if (*last == NULL)
			return;
		load->routing->inhibit_cnt++;
		last = &(*last)->next;
	}
}

/* ---- which routes -------------------------------------------------------- */

struct walk {
	const struct kymo_labels *labels;
	int (*each)(void *to, const struct kymo_route *route);
	void *to;
	int result;
};

/* Whether the route, or one below it, took them. */
static bool
walk(struct walk *walk_, const struct kyi_routing_node *node)
{
	const struct kyi_routing_node *child;
	bool taken = false;

	if (!kymo_matchers_match(node->matchers.at, node->matchers.cnt,
	    walk_->labels))
		return false;
	for (child = node->first; child != NULL && walk_->result == 0;
	    child = child->next)
		if (walk(walk_, child)) {
			taken = true;
			if (!child->goes_on)
				break;
		}
	if (!taken && walk_->result == 0)
		walk_->result = walk_->each(walk_->to, &node->route);
	return true;
}

int
kymo_routing_routes(const struct kymo_routing *routing,
    const struct kymo_labels *labels,
    int (*each)(void *to, const struct kymo_route *route), void *to)
{
	struct walk now = {labels, each, to, 0};

	walk(&now, routing->root);
	return now.result;
}
