/* SPDX-License-Identifier: MIT */
/* Routing files: from a tree to receivers, routes, inhibitions. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "reader/alert/private.h"

void *
kyi_routing_get(struct kyi_routing_load *load, size_t cnt, size_t size_bytes)
{
	void *room = kyi_arena_array(load->routing->arena, cnt == 0 ? 1 : cnt,
	    size_bytes);

	if (room == NULL) {
		load->faults->cnt++;
		load->faults->say(load->faults->of, "no memory");
		return NULL;
	}
	return memset(room, 0, (cnt == 0 ? 1 : cnt) * size_bytes);
}

/* ---- values -------------------------------------------------------------- */

void
kyi_routing_load_bool(struct kyi_routing_load *load,
    const struct kyi_tree_node *node, bool *is)
{
	static const char *const yes[] = {"true", "yes", "on", "y"};
	static const char *const no[] = {"false", "no", "off", "n"};
	const char *text;
	size_t i;

	if (!kyi_tree_text(load->faults, load->tree, node, "true or false",
	    &text))
		return;
	for (i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
		if (strcasecmp(text, yes[i]) == 0) {
			*is = true;
			return;
		}
		if (strcasecmp(text, no[i]) == 0) {
			*is = false;
			return;
		}
	}
	kyi_fault(load->faults, load->tree, node, "expected true or false, "
	    "found '%.60s'", text);
}

uint32_t
kyi_routing_load_texts(struct kyi_routing_load *load,
    const struct kyi_tree_node *list, const char *what, const char ***texts)
{
	const struct kyi_tree_node *node;
	uint32_t cnt = 0;

	*texts = NULL;
	if (!kyi_tree_is(load->faults, load->tree, list, KYI_TREE_LIST))
		return 0;
	for (node = list->first; node != NULL; node = node->next)
		cnt++;
	*texts = kyi_routing_get(load, cnt, sizeof(**texts));
	if (*texts == NULL)
		return 0;
	cnt = 0;
	for (node = list->first; node != NULL; node = node->next) {
		const char *text = "";

		if (!kyi_tree_text(load->faults, load->tree, node, what, &text)
		    && node->kind == KYI_TREE_NULL)
			kyi_fault(load->faults, load->tree, node, "expected "
			    "%s, found nothing", what);
		(*texts)[cnt++] = text;
	}
	return cnt;
}

/* ---- matchers ------------------------------------------------------------ */

static void
pairs_load(struct kyi_routing_load *load, const struct kyi_tree_node *map,
    enum kymo_match match, struct kyi_routing_matcher_list *list)
{
	struct kymo_error error = {""};
	const struct kyi_tree_node *node;
	const char *text;

	if (!kyi_tree_is(load->faults, load->tree, map, KYI_TREE_MAP))
		return;
	for (node = map->first; node != NULL; node = node->next) {
		text = "";
		kyi_tree_text(load->faults, load->tree, node, "a text", &text);
		if (node->key[0] == '\0')
			kyi_fault_key(load->faults, load->tree, node,
			    "a label's name is empty: write it, or leave it "
			    "out");
		else if (!kyi_routing_matcher_add(list, match, node->key, text,
		    &error))
			kyi_fault(load->faults, load->tree, node, "%s",
			    error.text);
	}
}

static void
lines_load(struct kyi_routing_load *load, const struct kyi_tree_node *lines,
    struct kyi_routing_matcher_list *list)
{
	struct kymo_error error = {""};
	const struct kyi_tree_node *node;
	const char *text;
	size_t at_bytes;

	if (!kyi_tree_is(load->faults, load->tree, lines, KYI_TREE_LIST))
		return;
	for (node = lines->first; node != NULL; node = node->next)
		if (kyi_tree_text(load->faults, load->tree, node, "a matcher; "
		    "put 'label=\"value\"' in single quotes", &text) &&
		    !kyi_routing_matchers_parse(list, text, &at_bytes, &error))
			kyi_fault_at(load->faults, load->tree, node, at_bytes,
			    "%s", error.text);
}

void
kyi_routing_load_matchers(struct kyi_routing_load *load,
    const struct kyi_tree_node *map,
    const struct kyi_routing_matcher_keys *keys,
    struct kyi_routing_matchers *matchers)
{
	struct kyi_routing_matcher_list list = {.routing = load->routing};

	if (keys->match != NULL)
		pairs_load(load, kyi_tree_get(map, keys->match),
		    KYMO_MATCH_EQUAL, &list);
	if (keys->match_re != NULL)
		pairs_load(load, kyi_tree_get(map, keys->match_re),
		    KYMO_MATCH_REGEX, &list);
	lines_load(load, kyi_tree_get(map, keys->matchers), &list);
	*matchers = (struct kyi_routing_matchers){list.at, list.cnt};
}

/* ---- the file ------------------------------------------------------------ */

static void
silent(void *of, const char *text)
{
	(void)of;
	(void)text;
}

static void
file_load(struct kyi_routing_load *load)
{
	static const char *const keys[] = {"global", "templates", "route",
	    "inhibit_rules", "receivers", "mute_time_intervals",
	    "time_intervals", "tracing", "kymo"};
	const struct kyi_tree_node *root = load->tree->root;
	const struct kyi_tree_node *templates = kyi_tree_get(root, "templates");
	const struct kyi_tree_node *tracing = kyi_tree_get(root, "tracing");
	const char **patterns;

	if (root->kind == KYI_TREE_NULL) {
		kyi_fault(load->faults, load->tree, root, "no route: write at "
		    "least route: {receiver: NAME} and receivers: [{name: "
		    "NAME}]");
		return;
	}
	if (!kyi_tree_is(load->faults, load->tree, root, KYI_TREE_MAP))
		return;
	kyi_tree_keys(load->faults, load->tree, root, "a routing file", keys,
	    sizeof(keys) / sizeof(keys[0]));
	kyi_routing_load_texts(load, templates, "a file, or a pattern of "
	    "files", &patterns);
	if (tracing != NULL)
		kyi_fault_key(&load->warnings, load->tree, tracing,
		    "tracing does nothing here");
	load->routing->ours = kyi_tree_get(root, "kymo") != NULL;
	kyi_routing_check_global(load);
	kyi_routing_load_receivers(load);
	kyi_routing_load_intervals(load);
	kyi_routing_load_ours(load);
	kyi_routing_load_routes(load);
	kyi_routing_load_inhibits(load);
}

static struct kymo_routing *
routing_new(const struct kymo_routing_faults *hearer)
{
	struct kymo_routing *routing = calloc(1, sizeof(*routing));

	if (routing != NULL)
		routing->arena = kyi_arena_new(0);
	if (routing == NULL || routing->arena == NULL) {
		free(routing);
		hearer->fault(hearer->of, "no memory");
		return NULL;
	}
	return routing;
}

static int
tree_load(struct kymo_routing **routing, struct kyi_faults *faults,
    const struct kymo_routing_faults *hearer)
{
	struct kyi_routing_load load = {.routing = *routing,
	    .tree = (*routing)->tree, .faults = faults,
	    .warnings = {hearer->warn == NULL ? silent : hearer->warn,
	    hearer->of, 0}};

	if (load.tree != NULL)
		file_load(&load);
	if (load.tree != NULL && faults->cnt == 0)
		return 0;
	kymo_routing_delete(*routing);
	*routing = NULL;
	return -1;
}

int
kymo_routing_load(struct kymo_routing **routing, const char *path,
    const struct kymo_routing_faults *hearer)
{
	struct kyi_faults faults = {.say = hearer->fault, .of = hearer->of};

	*routing = routing_new(hearer);
	if (*routing == NULL)
		return -1;
	(*routing)->tree = kyi_tree_load((*routing)->arena, path, &faults);
	return tree_load(routing, &faults, hearer);
}

int
kymo_routing_parse(struct kymo_routing **routing, const char *name,
    const char *text, size_t len_bytes,
    const struct kymo_routing_faults *hearer)
{
	struct kyi_faults faults = {.say = hearer->fault, .of = hearer->of};

	*routing = routing_new(hearer);
	if (*routing == NULL)
		return -1;
	(*routing)->tree = kyi_tree_read((*routing)->arena, name, text,
	    len_bytes, &faults);
	return tree_load(routing, &faults, hearer);
}

void
kymo_routing_delete(struct kymo_routing *routing)
{
	struct kyi_routing_regex *regex;
	struct kyi_zone *zone;

	if (routing == NULL)
		return;
	for (regex = routing->regexes; regex != NULL; regex = regex->next)
		kymo_regex_delete(regex->regex);
	while ((zone = routing->zones) != NULL) {
		routing->zones = *kyi_zone_next(zone);
		kyi_zone_delete(zone);
	}
	kyi_arena_delete(routing->arena);
	free(routing);
}
