/* SPDX-License-Identifier: MIT */
/* From YAML's events to a tree. */
#include "reader/rules/tree.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "reader/buffer.h"
#include "reader/config/yaml_reader.h"

#define ANCHORS_MAX 1000u

struct anchor {
	const char *name;
	const struct kyi_tree_node *node; /* NULL: still being read */
	struct anchor *next;
};

struct build {
	struct kyi_yaml yaml;
	struct kyi_arena *arena;
	struct kyi_tree *tree;
	struct anchor *anchors;
	uint32_t anchor_cnt, depth;
	struct kymo_error error;
};

static struct kyi_tree_node *node_read(struct build *build);

static void *
get(struct build *build, size_t size_bytes)
{
	void *room = kyi_arena_get(build->arena, size_bytes);

	if (room == NULL)
		kyi_yaml_error(&build->yaml, "no memory");
	return room;
}

static const char *
keep(struct build *build, const void *text, size_t len_bytes)
{
	char *kept = kyi_arena_text(build->arena, text, len_bytes);

	if (kept == NULL)
		kyi_yaml_error(&build->yaml, "no memory");
	return kept;
}

/* ---- anchors ------------------------------------------------------------------- */

static struct anchor *
anchor_new(struct build *build, const yaml_char_t *name)
{
	struct anchor *anchor;

	if (++build->anchor_cnt > ANCHORS_MAX) {
		kyi_yaml_error(&build->yaml, "more than %u anchors",
		    ANCHORS_MAX);
		return NULL;
	}
	anchor = get(build, sizeof(*anchor));
	if (anchor == NULL)
		return NULL;
	anchor->name = keep(build, name, strlen((const char *)name));
	anchor->next = build->anchors;
	build->anchors = anchor;
	return anchor->name == NULL ? NULL : anchor;
}

static struct kyi_tree_node *
alias_read(struct build *build)
{
	const char *name = (const char *)build->yaml.event.data.alias.anchor;
	const struct anchor *anchor = build->anchors;
	struct kyi_tree_node *node;

	while (anchor != NULL && strcmp(anchor->name, name) != 0)
		anchor = anchor->next;
	if (anchor == NULL || anchor->node == NULL) {
		kyi_yaml_error(&build->yaml, anchor == NULL ?
		    "no anchor '%.60s' stands before this" :
		    "'%.60s' would be a part of itself", name);
		return NULL;
	}
	node = get(build, sizeof(*node));
	if (node != NULL) {
		*node = *anchor->node;
		node->next = NULL;
		node->key = NULL;
	}
	return node;
}

/* ---- nodes --------------------------------------------------------------------- */

static int
weigh(struct build *build, struct kyi_tree_node *node, const struct kyi_tree_node *child)
{
	node->weight += child->weight;
	if (node->weight <= KYI_TREE_NODES_MAX)
		return 0;
	return kyi_yaml_error(&build->yaml, "more than %u values",
	    KYI_TREE_NODES_MAX);
}

static struct kyi_tree_node *
text_node(struct build *build, struct kyi_tree_node *node)
{
	const yaml_event_t *event = &build->yaml.event;
	static const char styles[] = { 0, 0, '\'', '"', '|', '>' };
	size_t len_bytes = event->data.scalar.length;
	const char *text = (const char *)event->data.scalar.value;

	if (strlen(text) != len_bytes) {
		kyi_yaml_error(&build->yaml, "a NUL byte in a text");
		return NULL;
	}
	node->kind = KYI_TREE_TEXT;
	if ((size_t)event->data.scalar.style < sizeof(styles))
		node->style = styles[event->data.scalar.style];
	if (node->style == 0 && (len_bytes == 0 || strcmp(text, "~") == 0 ||
	    strcasecmp(text, "null") == 0))
		node->kind = KYI_TREE_NULL;
	node->text = keep(build, text, len_bytes);
	return node->text == NULL ? NULL : node;
}

static struct kyi_tree_node *
list_node(struct build *build, struct kyi_tree_node *node)
{
	struct kyi_tree_node **last = &node->first;

	node->kind = KYI_TREE_LIST;
	for (;;) {
		if (kyi_yaml_next(&build->yaml) != 0)
			return NULL;
		if (build->yaml.event.type == YAML_SEQUENCE_END_EVENT)
			return node;
		*last = node_read(build);
		if (*last == NULL || weigh(build, node, *last) != 0)
			return NULL;
		last = &(*last)->next;
	}
}

/* "<<": what is there already stays. */
static int
merge(struct build *build, struct kyi_tree_node *map, const struct kyi_tree_node *from)
{
	const struct kyi_tree_node *value;
	struct kyi_tree_node **last = &map->first, *copy;

	if (from->kind == KYI_TREE_LIST) {
		for (value = from->first; value != NULL; value = value->next)
			if (value->kind != KYI_TREE_MAP ||
			    merge(build, map, value) != 0)
				return kyi_yaml_error(&build->yaml,
				    "<< takes keys and values");
		return 0;
	}
	if (from->kind != KYI_TREE_MAP)
		return kyi_yaml_error(&build->yaml, "<< takes keys and values");
	while (*last != NULL)
		last = &(*last)->next;
	for (value = from->first; value != NULL; value = value->next) {
		if (kyi_tree_get(map, value->key) != NULL)
			continue;
		copy = get(build, sizeof(*copy));
		if (copy == NULL)
			return -1;
		*copy = *value;
		copy->next = NULL;
		*last = copy;
		last = &copy->next;
		if (weigh(build, map, copy) != 0)
			return -1;
	}
	return 0;
}

static int
pair_read(struct build *build, struct kyi_tree_node *map, struct kyi_tree_node ***last,
    struct kyi_tree_node **merged)
{
	uint32_t line = (uint32_t)build->yaml.event.start_mark.line + 1;
	uint32_t column = (uint32_t)build->yaml.event.start_mark.column + 1;
	const struct kyi_tree_node *same;
	struct kyi_tree_node *value;
	const char *key;
	bool is_merge;

	if (build->yaml.event.type != YAML_SCALAR_EVENT)
		return kyi_yaml_error(&build->yaml, "a key must be a text");
	is_merge = kyi_yaml_plain(&build->yaml) && strcmp((const char *)
	    build->yaml.event.data.scalar.value, "<<") == 0;
	key = keep(build, build->yaml.event.data.scalar.value,
	    build->yaml.event.data.scalar.length);
	if (key == NULL)
		return -1;
	same = is_merge ? NULL : kyi_tree_get(map, key);
	if (same != NULL)
		return kyi_yaml_error(&build->yaml, "'%.60s' is here already, "
		    "in line %u; leave one of them out", key,
		    same->key_line);
	if (kyi_yaml_next(&build->yaml) != 0)
		return -1;
	value = node_read(build);
	if (value == NULL)
		return -1;
	if (is_merge) {
		*merged = value;
		return 0;
	}
	value->key = key;
	value->key_line = line;
	value->key_column = column;
	**last = value;
	*last = &value->next;
	return weigh(build, map, value);
}

static struct kyi_tree_node *
map_node(struct build *build, struct kyi_tree_node *node)
{
	struct kyi_tree_node **last = &node->first, *merged = NULL;

	node->kind = KYI_TREE_MAP;
	for (;;) {
		if (kyi_yaml_next(&build->yaml) != 0)
			return NULL;
		if (build->yaml.event.type == YAML_MAPPING_END_EVENT)
			break;
		if (pair_read(build, node, &last, &merged) != 0)
			return NULL;
	}
	return merged == NULL || merge(build, node, merged) == 0 ? node : NULL;
}

/* The node whose first event is looked at. */
static struct kyi_tree_node *
node_read(struct build *build)
{
	const yaml_event_t *event = &build->yaml.event;
	const yaml_char_t *name = NULL;
	struct anchor *anchor = NULL;
	struct kyi_tree_node *node;

	if (event->type == YAML_ALIAS_EVENT)
		return alias_read(build);
	if (event->type == YAML_SCALAR_EVENT)
		name = event->data.scalar.anchor;
	else if (event->type == YAML_SEQUENCE_START_EVENT)
		name = event->data.sequence_start.anchor;
	else if (event->type == YAML_MAPPING_START_EVENT)
		name = event->data.mapping_start.anchor;
	if (name != NULL && (anchor = anchor_new(build, name)) == NULL)
		return NULL;
	node = get(build, sizeof(*node));
	if (node == NULL)
		return NULL;
	if (++build->depth > KYI_TREE_DEPTH_MAX) {
		kyi_yaml_error(&build->yaml, "nested too deep");
		return NULL;
	}
	node->line = (uint32_t)event->start_mark.line + 1;
	node->column = (uint32_t)event->start_mark.column + 1;
	node->weight = 1;
	if (event->type == YAML_SCALAR_EVENT)
		node = text_node(build, node);
	else if (event->type == YAML_SEQUENCE_START_EVENT)
		node = list_node(build, node);
	else
		node = map_node(build, node);
	build->depth--;
	if (anchor != NULL)
		anchor->node = node;
	return node;
}

/* Stream, document, its node, and nothing behind it. */
static int
document_read(struct build *build)
{
	struct kyi_yaml *yaml = &build->yaml;

	if (kyi_yaml_next(yaml) != 0 || kyi_yaml_next(yaml) != 0)
		return -1;
	build->tree->root = get(build, sizeof(*build->tree->root));
	if (build->tree->root == NULL)
		return -1;
	build->tree->root->line = build->tree->root->column = 1;
	if (yaml->event.type == YAML_STREAM_END_EVENT)
		return 0;
	if (kyi_yaml_next(yaml) != 0)
		return -1;
	build->tree->root = node_read(build);
	if (build->tree->root == NULL)
		return -1;
	if (kyi_yaml_next(yaml) != 0 || kyi_yaml_next(yaml) != 0)
		return -1;
	if (yaml->event.type != YAML_STREAM_END_EVENT)
		return kyi_yaml_error(yaml, "one document is enough; leave out "
		    "what stands behind ---");
	return 0;
}

struct kyi_tree *
kyi_tree_read(struct kyi_arena *arena, const char *name, const char *text,
    size_t text_bytes, struct kyi_faults *faults)
{
	struct build build = {.arena = arena};
	int result = -1;

	build.tree = kyi_arena_get(arena, sizeof(*build.tree));
	build.yaml.error = &build.error;
	build.yaml.anchors = true;
	/* A map is a key and a value, and begins and ends. */
	build.yaml.event_max = 4 * KYI_TREE_NODES_MAX;
	if (build.tree == NULL || !yaml_parser_initialize(&build.yaml.parser)) {
		faults->cnt++;
		faults->say(faults->of, "no memory");
		return NULL;
	}
	build.tree->name = build.yaml.name =
	    kyi_arena_text(arena, name, strlen(name));
	build.tree->source = kyi_arena_text(arena, text, text_bytes);
	build.tree->source_bytes = text_bytes;
	yaml_parser_set_input_string(&build.yaml.parser,
	    (const unsigned char *)text, text_bytes);
	if (text_bytes > KYI_TREE_BYTES_MAX)
		kymo_error_set(&build.error, "%s: larger than %zu bytes", name,
		    KYI_TREE_BYTES_MAX);
	else if (build.tree->name == NULL || build.tree->source == NULL)
		kymo_error_set(&build.error, "%s: no memory", name);
	else
		result = document_read(&build);
	yaml_event_delete(&build.yaml.event);
	yaml_parser_delete(&build.yaml.parser);
	if (result == 0)
		return build.tree;
	faults->cnt++;
	faults->say(faults->of, build.error.text);
	return NULL;
}

struct kyi_tree *
kyi_tree_load(struct kyi_arena *arena, const char *path,
    struct kyi_faults *faults)
{
	struct kymo_buffer text = {0};
	struct kymo_error error = {""};
	struct kyi_tree *tree = NULL;
	FILE *file = fopen(path, "re");
	char part[65536];
	size_t part_bytes;

	errno = file == NULL ? errno : 0;
	while (file != NULL && text.len_bytes <= KYI_TREE_BYTES_MAX &&
	    (part_bytes = fread(part, 1, sizeof(part), file)) > 0)
		kymo_buffer_add(&text, part, part_bytes);
	if (file == NULL || ferror(file) || text.failed) {
		kymo_error_set(&error, "%s: %s", path, text.failed ?
		    "no memory" : strerror(errno));
		faults->cnt++;
		faults->say(faults->of, error.text);
	} else
		tree = kyi_tree_read(arena, path, text.at == NULL ? "" :
		    text.at, text.len_bytes, faults);
	if (file != NULL)
		fclose(file);
	kymo_buffer_free(&text);
	return tree;
}
