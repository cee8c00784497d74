/* SPDX-License-Identifier: MIT */
/* What stands under the key kymo: escalations, maintenance, dependencies,
   flapping, dead man's switches. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "reader/alert/private.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *
name_load(struct kyi_routing_load *load, const struct kyi_tree_node *node,
    const char *what)
{
	const struct kyi_tree_node *name = kyi_tree_get(node, "name");
	const char *text = "";

	kyi_tree_text(load->faults, load->tree, name, "a name", &text);
	if (text[0] == '\0')
		kyi_fault(load->faults, load->tree, name == NULL ? node : name,
		    "%s needs a name", what);
	return text;
}

/* Each map of a list, one after another; NULL: there are no more. */
static const struct kyi_tree_node *
map_next(struct kyi_routing_load *load, const struct kyi_tree_node *node)
{
	while (node != NULL && !kyi_tree_is(load->faults, load->tree, node,
	    KYI_TREE_MAP)) {
		if (node->kind == KYI_TREE_NULL)
			kyi_fault(load->faults, load->tree, node, "expected "
			    "keys and values, found nothing");
		node = node->next;
	}
	return node;
}

static const struct kyi_tree_node *
list_first(struct kyi_routing_load *load, const struct kyi_tree_node *map,
    const char *key)
{
	const struct kyi_tree_node *list = kyi_tree_get(map, key);

	return kyi_tree_is(load->faults, load->tree, list, KYI_TREE_LIST) ?
	    map_next(load, list->first) : NULL;
}

static void
count_load(struct kyi_routing_load *load, const struct kyi_tree_node *map,
    const char *key, uint32_t min, uint32_t max, uint32_t *cnt)
{
	const struct kyi_tree_node *node = kyi_tree_get(map, key);
	const char *text;
	unsigned long n;
	char *end;

	if (!kyi_tree_text(load->faults, load->tree, node, "a number", &text))
		return;
	n = strtoul(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end != '\0' || n < min ||
	    n > max)
		kyi_fault(load->faults, load->tree, node, "%s is a whole number"
		    " from %u to %u", key, min, max);
	else
		*cnt = (uint32_t)n;
}

/* ---- escalations ---------------------------------------------------------- */

static void
step_load(struct kyi_routing_load *load, const struct kyi_tree_node *node,
    struct kyi_routing_step *step)
{
	static const char *const keys[] = {"wait", "receivers", "when"};
	const struct kyi_tree_node *wait = kyi_tree_get(node, "wait");
	const struct kyi_tree_node *when = kyi_tree_get(node, "when");
	const struct kyi_tree_node *place;
	const char **names, *text = "";
	uint32_t i;

	kyi_tree_keys(load->faults, load->tree, node, "a step", keys,
	    COUNT(keys));
	kyi_tree_duration(load->faults, load->tree, wait, &step->wait_ms);
	if (step->wait_ms < 1000)
		kyi_fault(load->faults, load->tree, wait == NULL ? node : wait,
		    "a step needs a wait of at least 1s");
	if (kyi_tree_text(load->faults, load->tree, when, "not_acknowledged "
	    "or firing", &text)) {
		step->always = strcmp(text, "firing") == 0;
		if (!step->always && strcmp(text, "not_acknowledged") != 0)
			kyi_fault(load->faults, load->tree, when, "expected "
			    "not_acknowledged or firing, found '%.60s'", text);
	}
	step->receiver_cnt = kyi_routing_load_texts(load, kyi_tree_get(node,
	    "receivers"), "a receiver's name", &names);
	step->receivers = kyi_routing_get(load, step->receiver_cnt,
	    sizeof(*step->receivers));
	if (step->receivers == NULL)
		return;
	if (step->receiver_cnt == 0) {
		kyi_fault(load->faults, load->tree, node, "a step needs "
		    "receivers");
		return;
	}
	place = kyi_tree_get(node, "receivers")->first;
	for (i = 0; i < step->receiver_cnt; i++, place = place->next) {
		step->receivers[i] = kyi_routing_receiver_find(load->routing,
		    names[i]);
		if (step->receivers[i] == NULL)
			kyi_fault(load->faults, load->tree, place, "no "
			    "receiver '%.60s' under receivers: write it there",
			    names[i]);
	}
}

static struct kyi_routing_escalation *
escalation_load(struct kyi_routing_load *load,
    const struct kyi_tree_node *node)
{
	static const char *const keys[] = {"name", "steps", "repeat"};
	struct kyi_routing_escalation *escalation =
	    kyi_routing_get(load, 1, sizeof(*escalation));
	const struct kyi_tree_node *step;
	uint32_t cnt = 0;

	if (escalation == NULL)
		return NULL;
	kyi_tree_keys(load->faults, load->tree, node, "an escalation", keys,
	    COUNT(keys));
	escalation->name = name_load(load, node, "an escalation");
	if (kyi_routing_escalation_find(load->routing, escalation->name) !=
	    NULL)
		kyi_fault(load->faults, load->tree, node, "escalation '%.60s' "
		    "is here already: give one another name",
		    escalation->name);
	count_load(load, node, "repeat", 0, 1000, &escalation->repeat);
	for (step = list_first(load, node, "steps"); step != NULL;
	    step = map_next(load, step->next))
		cnt++;
	if (cnt == 0)
		kyi_fault(load->faults, load->tree, node, "an escalation needs "
		    "steps");
	escalation->steps = kyi_routing_get(load, cnt,
	    sizeof(*escalation->steps));
	if (escalation->steps == NULL)
		return NULL;
	/* What is no map was said already. */
	for (step = cnt == 0 ? NULL : kyi_tree_get(node, "steps")->first;
	    step != NULL; step = step->next)
		if (step->kind == KYI_TREE_MAP)
			step_load(load, step,
			    &escalation->steps[escalation->step_cnt++]);
	return escalation;
}

const struct kyi_routing_escalation *
kyi_routing_escalation_find(const struct kymo_routing *routing,
    const char *name)
{
	const struct kyi_routing_escalation *escalation = routing->escalations;

	while (escalation != NULL && strcmp(escalation->name, name) != 0)
		escalation = escalation->next;
	return escalation;
}

/* ---- maintenance ---------------------------------------------------------- */

static void
time_load(struct kyi_routing_load *load, const struct kyi_tree_node *map,
    const char *key, int64_t *at_ms)
{
	const struct kyi_tree_node *node = kyi_tree_get(map, key);
	const char *text, *end;
	struct tm tm = {0};

	if (!kyi_tree_text(load->faults, load->tree, node, "a time", &text))
		return;
	end = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	if (end == NULL || strcmp(end, "Z") != 0)
		kyi_fault(load->faults, load->tree, node, "'%.60s' is no time; "
		    "write one as 2027-01-31T18:00:00Z", text);
	else
		*at_ms = (int64_t)timegm(&tm) * 1000;
}

static struct kyi_routing_maintenance *
maintenance_load(struct kyi_routing_load *load,
    const struct kyi_tree_node *node)
{
	static const char *const keys[] = {"name", "matchers", "from", "until",
	    "time_intervals"};
	static const struct kyi_routing_matcher_keys matchers = {NULL, NULL,
	    "matchers"};
	struct kyi_routing_maintenance *window =
	    kyi_routing_get(load, 1, sizeof(*window));

	if (window == NULL)
		return NULL;
	kyi_tree_keys(load->faults, load->tree, node, "a maintenance window",
	    keys, COUNT(keys));
	window->name = name_load(load, node, "a maintenance window");
	kyi_routing_load_matchers(load, node, &matchers, &window->matchers);
	window->from_ms = INT64_MIN;
	window->until_ms = INT64_MAX;
	time_load(load, node, "from", &window->from_ms);
	time_load(load, node, "until", &window->until_ms);
	kyi_routing_load_interval_names(load, kyi_tree_get(node,
	    "time_intervals"), &window->intervals);
	if (kyi_tree_get(node, "until") == NULL &&
	    kyi_tree_get(node, "time_intervals") == NULL)
		kyi_fault(load->faults, load->tree, node, "it would never end: "
		    "write until, or time_intervals");
	if (window->until_ms <= window->from_ms)
		kyi_fault(load->faults, load->tree, node, "it ends before it "
		    "begins");
	return window;
}

/* ---- dependencies --------------------------------------------------------- */

/* Whether it is reached; seen: those that were looked at. */
static bool
depends(const struct kyi_routing_dependency *dependency, uint32_t from,
    uint32_t on, uint8_t *seen)
{
	const struct kyi_routing_component *component =
	    &dependency->components[from];
	uint32_t i;

	for (i = 0; i < component->on_cnt; i++) {
		if (component->on[i] == on)
			return true;
		if (seen[component->on[i]])
			continue;
		seen[component->on[i]] = 1;
		if (depends(dependency, component->on[i], on, seen))
			return true;
	}
	return false;
}

/* The component's index; a new one where there is none. */
static uint32_t
component_of(struct kyi_routing_dependency *dependency, const char *name)
{
	uint32_t i = 0;

	while (i < dependency->component_cnt &&
	    strcmp(dependency->components[i].name, name) != 0)
		i++;
	if (i == dependency->component_cnt)
		dependency->components[dependency->component_cnt++].name =
		    name;
	return i;
}

#define COMPONENTS_MAX 1000u

static void
components_load(struct kyi_routing_load *load, const struct kyi_tree_node *map,
    struct kyi_routing_dependency *dependency)
{
	const struct kyi_tree_node *node, *on;
	const char **names;
	uint32_t cnt = 0, i, k, idx;

	for (node = map->first; node != NULL; node = node->next, cnt++)
		for (on = node->first; on != NULL; on = on->next)
			cnt++;
	if (cnt > COMPONENTS_MAX) {
		kyi_fault(load->faults, load->tree, map, "more than %u "
		    "components", COMPONENTS_MAX);
		return;
	}
	dependency->components = kyi_routing_get(load, cnt,
	    sizeof(*dependency->components));
	if (dependency->components == NULL)
		return;
	for (node = map->first; node != NULL; node = node->next) {
		uint8_t seen[COMPONENTS_MAX] = {0};
		uint32_t *list;

		k = kyi_routing_load_texts(load, node, "a component", &names);
		list = kyi_routing_get(load, k, sizeof(*list));
		if (list == NULL)
			return;
		for (i = 0; i < k; i++)
			list[i] = component_of(dependency, names[i]);
		idx = component_of(dependency, node->key);
		dependency->components[idx].on = list;
		dependency->components[idx].on_cnt = k;
		if (depends(dependency, idx, idx, seen))
			kyi_fault_key(load->faults, load->tree, node, "'%.60s' "
			    "would depend on itself: leave one of the circle "
			    "out", node->key);
	}
}

static struct kyi_routing_dependency *
dependency_load(struct kyi_routing_load *load, const struct kyi_tree_node *node)
{
	static const char *const keys[] = {"label", "of", "down"};
	static const struct kyi_routing_matcher_keys down = {NULL, NULL,
	    "down"};
	struct kyi_routing_dependency *dependency =
	    kyi_routing_get(load, 1, sizeof(*dependency));
	const struct kyi_tree_node *of = kyi_tree_get(node, "of");

	if (dependency == NULL)
		return NULL;
	kyi_tree_keys(load->faults, load->tree, node, "dependencies", keys,
	    COUNT(keys));
	dependency->line = node->line;
	dependency->label = "component";
	kyi_tree_text(load->faults, load->tree, kyi_tree_get(node, "label"),
	    "a label's name", &dependency->label);
	kyi_routing_load_matchers(load, node, &down, &dependency->down);
	if (kyi_tree_is(load->faults, load->tree, of, KYI_TREE_MAP))
		components_load(load, of, dependency);
	else if (of == NULL)
		kyi_fault(load->faults, load->tree, node, "dependencies need "
		    "of: {COMPONENT: [those it depends on]}");
	return dependency;
}

/* ---- flapping, and dead man's switches ------------------------------------ */

static void
flapping_load(struct kyi_routing_load *load, const struct kyi_tree_node *node)
{
	static const char *const keys[] = {"changes", "within", "quiet"};
	struct kyi_routing_flapping *flapping = &load->routing->flapping;

	if (!kyi_tree_is(load->faults, load->tree, node, KYI_TREE_MAP))
		return;
	*flapping = (struct kyi_routing_flapping){6, 600000, 600000};
	kyi_tree_keys(load->faults, load->tree, node, "flapping", keys,
	    COUNT(keys));
	count_load(load, node, "changes", 3, KYI_CHANGES_MAX,
	    &flapping->changes);
	kyi_tree_duration(load->faults, load->tree, kyi_tree_get(node,
	    "within"), &flapping->within_ms);
	kyi_tree_duration(load->faults, load->tree, kyi_tree_get(node,
	    "quiet"), &flapping->quiet_ms);
}

static struct kyi_routing_switch *
switch_load(struct kyi_routing_load *load, const struct kyi_tree_node *node)
{
	static const char *const keys[] = {"name", "matchers", "within",
	    "labels", "annotations"};
	static const struct kyi_routing_matcher_keys matchers = {NULL, NULL,
	    "matchers"};
	struct kyi_routing_switch *made = kyi_routing_get(load, 1,
	    sizeof(*made));

	if (made == NULL)
		return NULL;
	kyi_tree_keys(load->faults, load->tree, node, "a dead man's switch",
	    keys, COUNT(keys));
	made->name = name_load(load, node, "a dead man's switch");
	kyi_routing_load_matchers(load, node, &matchers, &made->matchers);
	if (made->matchers.cnt == 0)
		kyi_fault(load->faults, load->tree, node, "a dead man's switch "
		    "needs matchers, of the alert that must always fire");
	made->within_ms = 300000;
	kyi_tree_duration(load->faults, load->tree, kyi_tree_get(node,
	    "within"), &made->within_ms);
	made->labels = kyi_tree_get(node, "labels");
	made->annotations = kyi_tree_get(node, "annotations");
	kyi_tree_is(load->faults, load->tree, made->labels, KYI_TREE_MAP);
	kyi_tree_is(load->faults, load->tree, made->annotations, KYI_TREE_MAP);
	return made;
}

/* ---- all of it ------------------------------------------------------------ */

#define LOAD_LIST(key, loader, list) do { \
	last = (void *)&(list); \
	for (node = list_first(load, ours, key); node != NULL; \
	    node = map_next(load, node->next)) { \
		void *made = loader(load, node); \
		if (made == NULL) \
			return; \
		*last = made; \
		last = made; \
	} \
} while (0)

/* Each has its next first, so that one loop serves for all. */
_Static_assert(offsetof(struct kyi_routing_escalation, next) == 0 &&
    offsetof(struct kyi_routing_maintenance, next) == 0 &&
    offsetof(struct kyi_routing_dependency, next) == 0 &&
    offsetof(struct kyi_routing_switch, next) == 0, "next comes first");

void
kyi_routing_load_ours(struct kyi_routing_load *load)
{
	static const char *const keys[] = {"escalations", "maintenance",
	    "dependencies", "flapping", "dead_mans_switches"};
	const struct kyi_tree_node *ours = kyi_tree_get(load->tree->root,
	    "kymo"), *node;
	struct kymo_routing *routing = load->routing;
	void **last;

	if (!kyi_tree_is(load->faults, load->tree, ours, KYI_TREE_MAP))
		return;
	kyi_tree_keys(load->faults, load->tree, ours, "kymo", keys,
	    COUNT(keys));
	LOAD_LIST("escalations", escalation_load, routing->escalations);
	LOAD_LIST("maintenance", maintenance_load, routing->maintenance);
	LOAD_LIST("dependencies", dependency_load, routing->dependencies);
	LOAD_LIST("dead_mans_switches", switch_load, routing->switches);
	for (node = list_first(load, ours, "dead_mans_switches"); node != NULL;
	    node = node->next)
		routing->switch_cnt += node->kind == KYI_TREE_MAP;
	flapping_load(load, kyi_tree_get(ours, "flapping"));
}
