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

/* What Alertmanager's structs have, whether it is said or not. */
static bool
field_otherwise(const char *name, struct kyi_tv *result)
{
	static const char *const texts[] = {"ExternalURL", "Fingerprint",
	    "GeneratorURL", "Receiver", "Status"};
	static const char *const labels[] = {"Annotations",
	    "CommonAnnotations", "CommonLabels", "GroupLabels", "Labels"};
	static const struct kyi_tv_map none = {.type = TM_KV};
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (strcmp(texts[i], name) == 0) {
			*result = (struct kyi_tv){.kind = TV_STR, .str = ""};
			return true;
		}
	for (i = 0; i < sizeof(labels) / sizeof(labels[0]); i++)
		if (strcmp(labels[i], name) == 0) {
			*result = (struct kyi_tv){.kind = TV_MAP,
			    .map = &none};
			return true;
		}
	return false;
}

/* What a map has, as Alertmanager asks for it: times are times, and a label
   is called as it is. */
static int
map_field(struct kyi_template_run *run, const struct kyi_tv_map *map,
    const char *name, struct kyi_tv *result)
{
	const struct kyi_tv *value = map_get(map, name);

	if (map->type == TM_KV && run->data->notifies) {
		uint32_t i;

		*result = (struct kyi_tv){.kind = TV_STR, .str = ""};
		for (i = 0; i < map->cnt; i++)
			if (strcmp(map->at[i].key, name) == 0)
				*result = map->at[i].value;
		return 1;
	}
	if (value != NULL && value->kind == TV_STR && map->type == TM_ALERT &&
	    (strcmp(name, "StartsAt") == 0 || strcmp(name, "EndsAt") == 0))
		return kyi_tv_time_of(run, value->str, result) == 0 ? 1 : -1;
	*result = value != NULL ? *value : (struct kyi_tv){.kind = TV_NIL};
	if (value == NULL && run->data->notifies && map->type != TM_ANY)
		return field_otherwise(name, result);
	return 1;
}

bool
kyi_tv_tree_field(struct kyi_template_run *run, const struct kyi_tv *of,
    const char *name, struct kyi_tv *result)
{
	int found = kyi_tv_method(run, of, name, NULL, 0, result);

	if (found == 0 && of->kind == TV_MAP)
		found = map_field(run, of->map, name, result);
	return found > 0;
}

void
kyi_tv_tree_print(struct kymo_buffer *out, const struct kyi_tv *value)
{
	uint32_t i, cnt = value->kind == TV_MAP ? value->map->cnt :
	    value->list->cnt;
	bool pair = value->kind == TV_MAP && value->map->type == TM_PAIR;

	kymo_buffer_str(out, pair ? "{" : value->kind == TV_MAP ? "map[" :
	    "[");
	for (i = 0; i < cnt; i++) {
		if (i > 0)
			kymo_buffer_char(out, ' ');
		if (value->kind == TV_MAP && !pair)
			kymo_buffer_printf(out, "%s:", value->map->at[i].key);
		kyi_tv_print(out, value->kind == TV_MAP ?
		    &value->map->at[i].value : &value->list->at[i]);
	}
	kymo_buffer_char(out, pair ? '}' : ']');
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
