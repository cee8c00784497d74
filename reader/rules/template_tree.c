/* SPDX-License-Identifier: MIT */
/* Data that somebody else shows by templates: maps and lists, and as JSON. */
#include "reader/rules/template_private.h"

#include <math.h>
#include <string.h>

/* A key as it is, or as Alertmanager's templates write it: Status. */
static bool
is_key(const char *key, const char *name)
{
	if (strcmp(key, name) == 0)
		return true;
	return name[0] >= 'A' && name[0] <= 'Z' &&
	    key[0] == name[0] - 'A' + 'a' && strcmp(key + 1, name + 1) == 0;
}

static const struct kyi_tv *
map_get(const struct kyi_tv_map *map, const char *name)
{
	uint32_t i;

	for (i = 0; i < map->cnt; i++)
		if (strcmp(map->at[i].key, name) == 0)
			return &map->at[i].value;
	for (i = 0; i < map->cnt; i++)
		if (is_key(map->at[i].key, name))
			return &map->at[i].value;
	return NULL;
}

/* Those of alerts that fire, or not: .Alerts.Firing. */
static int
status_pick(struct kyi_template_run *run, const struct kyi_tv_list *of,
    const char *status, struct kyi_tv *result)
{
	struct kyi_tv_list *list = kyi_arena_get(run->arena, sizeof(*list) +
	    of->cnt * sizeof(list->at[0]));
	uint32_t i;

	if (list == NULL)
		return kyi_template_fail(run, "no memory");
	for (i = 0; i < of->cnt; i++) {
		const struct kyi_tv *is = of->at[i].kind == TV_MAP ?
		    map_get(of->at[i].map, "status") : NULL;

		if (is != NULL && is->kind == TV_STR &&
		    strcmp(is->str, status) == 0)
			list->at[list->cnt++] = of->at[i];
	}
	*result = (struct kyi_tv){.kind = TV_LIST, .list = list};
	return 0;
}

bool
kyi_tv_tree_field(struct kyi_template_run *run, const struct kyi_tv *of,
    const char *name, struct kyi_tv *result)
{
	const struct kyi_tv *value;

	if (of->kind == TV_MAP) {
		value = map_get(of->map, name);
		*result = value != NULL ? *value :
		    (struct kyi_tv){.kind = TV_NIL};
		return true;
	}
	if (strcmp(name, "Firing") == 0)
		return status_pick(run, of->list, "firing", result) == 0;
	if (strcmp(name, "Resolved") == 0)
		return status_pick(run, of->list, "resolved", result) == 0;
	return false;
}

void
kyi_tv_tree_print(struct kymo_buffer *out, const struct kyi_tv *value)
{
	uint32_t i, cnt = value->kind == TV_MAP ? value->map->cnt :
	    value->list->cnt;

	kymo_buffer_str(out, value->kind == TV_MAP ? "map[" : "[");
	for (i = 0; i < cnt; i++) {
		if (i > 0)
			kymo_buffer_char(out, ' ');
		if (value->kind == TV_MAP)
			kymo_buffer_printf(out, "%s:", value->map->at[i].key);
		kyi_tv_print(out, value->kind == TV_MAP ?
		    &value->map->at[i].value : &value->list->at[i]);
	}
	kymo_buffer_char(out, ']');
}

/* ---- JSON ------------------------------------------------------------------------ */

static void
text_put(const struct kyi_template_run *run, struct kymo_buffer *out,
    const char *text)
{
	kymo_buffer_char(out, '"');
	run->data->escape(out, text);
	kymo_buffer_char(out, '"');
}

static void json_put(const struct kyi_template_run *run,
    struct kymo_buffer *out, const struct kyi_tv *value);

static void
tree_put(const struct kyi_template_run *run, struct kymo_buffer *out,
    const struct kyi_tv *value)
{
	bool map = value->kind == TV_MAP;
	uint32_t i, cnt = map ? value->map->cnt : value->list->cnt;

	kymo_buffer_char(out, map ? '{' : '[');
	for (i = 0; i < cnt; i++) {
		if (i > 0)
			kymo_buffer_char(out, ',');
		if (map) {
			text_put(run, out, value->map->at[i].key);
			kymo_buffer_char(out, ':');
		}
		json_put(run, out, map ? &value->map->at[i].value :
		    &value->list->at[i]);
	}
	kymo_buffer_char(out, map ? '}' : ']');
}

static void
json_put(const struct kyi_template_run *run, struct kymo_buffer *out,
    const struct kyi_tv *value)
{
	struct kymo_buffer text = {0};

	if (value->kind == TV_MAP || value->kind == TV_LIST) {
		tree_put(run, out, value);
	} else if (value->kind == TV_NIL) {
		kymo_buffer_str(out, "null");
	} else if (value->kind == TV_BOOL || value->kind == TV_INT ||
	    (value->kind == TV_FLOAT && isfinite(value->d))) {
		kyi_tv_print(out, value);
	} else {
		kyi_tv_print(&text, value);
		out->failed |= text.failed;
		text_put(run, out, text.failed || text.at == NULL ? "" :
		    text.at);
		kymo_buffer_free(&text);
	}
}

/* The value as JSON has it, quotes and all. */
KYI_TEMPLATE_CALL(json)
{
	struct kymo_buffer text = {0};

	(void)cnt;
	if (run->data->escape == NULL)
		return kyi_template_fail(run, "json is for bodies of "
		    "webhooks");
	json_put(run, &text, &args[0]);
	if (kyi_tv_take(run, &text, result) != 0)
		return -1;
	result->kind = TV_RAW;
	return 0;
}
