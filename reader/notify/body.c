/* SPDX-License-Identifier: MIT */
#include "reader/notify/body.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reader/notify/message.h"
#include "reader/rules/template_private.h"

#define ROOM_BYTES_MAX ((size_t)16 << 20)
#define NESTED_MAX 16u

/* ---- a message as templates see it ------------------------------------------------- */

static struct kyi_tv value_of(struct kyi_arena *arena, const json_t *json,
    uint32_t depth);

static int
by_key(const void *a, const void *b)
{
	const struct kyi_tv_pair *one = a, *other = b;

	return strcmp(one->key, other->key);
}

static struct kyi_tv
map_of(struct kyi_arena *arena, const json_t *json, uint32_t depth)
{
	struct kyi_tv_map *map = kyi_arena_get(arena, sizeof(*map) +
	    json_object_size(json) * sizeof(map->at[0]));
	const char *key;
	json_t *value;

	if (map == NULL)
		return (struct kyi_tv){.kind = TV_NIL};
	/* json_object_foreach wants one that it could change. */
	json_object_foreach((json_t *)(uintptr_t)json, key, value)
		map->at[map->cnt++] = (struct kyi_tv_pair){key,
		    value_of(arena, value, depth + 1)};
	qsort(map->at, map->cnt, sizeof(map->at[0]), by_key);
	return (struct kyi_tv){.kind = TV_MAP, .map = map};
}

static struct kyi_tv
list_of(struct kyi_arena *arena, const json_t *json, uint32_t depth)
{
	struct kyi_tv_list *list = kyi_arena_get(arena, sizeof(*list) +
	    json_array_size(json) * sizeof(list->at[0]));
	const json_t *value;
	size_t i;

	if (list == NULL)
		return (struct kyi_tv){.kind = TV_NIL};
	json_array_foreach(json, i, value)
		list->at[list->cnt++] = value_of(arena, value, depth + 1);
	return (struct kyi_tv){.kind = TV_LIST, .list = list};
}

/* Texts stay the message's. */
static struct kyi_tv
value_of(struct kyi_arena *arena, const json_t *json, uint32_t depth)
{
	if (depth < NESTED_MAX && json_is_object(json))
		return map_of(arena, json, depth);
	if (depth < NESTED_MAX && json_is_array(json))
		return list_of(arena, json, depth);
	if (json_is_string(json))
		return (struct kyi_tv){.kind = TV_STR,
		    .str = json_string_value(json)};
	if (json_is_integer(json))
		return (struct kyi_tv){.kind = TV_INT,
		    .n = json_integer_value(json)};
	if (json_is_real(json))
		return (struct kyi_tv){.kind = TV_FLOAT,
		    .d = json_real_value(json)};
	if (json_is_boolean(json))
		return (struct kyi_tv){.kind = TV_BOOL,
		    .flag = json_is_true(json)};
	return (struct kyi_tv){.kind = TV_NIL};
}

/* ---- expanding ---------------------------------------------------------------------- */

/* The content of a JSON text: the one place where that is escaped. Texts of a
   message are UTF-8. */
static void
escape(struct kymo_buffer *out, const char *text)
{
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\') {
			kymo_buffer_char(out, '\\');
			kymo_buffer_char(out, *text);
		} else if (c == '\n') {
			kymo_buffer_str(out, "\\n");
		} else if (c < 0x20 || c == 0x7f) {
			kymo_buffer_printf(out, "\\u%04x", c);
		} else {
			kymo_buffer_char(out, *text);
		}
	}
}

static int
expanded_check(const char *text, struct kymo_error *error)
{
	json_error_t wrong;
	json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, &wrong);

	if (json == NULL)
		return kymo_error_set(error, "it gives no JSON: %d:%d: %.100s",
		    wrong.line, wrong.column, wrong.text);
	json_decref(json);
	return 0;
}

static int
expand(const char *template_, const json_t *message, bool is_json,
    struct kymo_buffer *text, struct kymo_error *error)
{
	struct kyi_arena *arena = kyi_arena_new(ROOM_BYTES_MAX);
	struct kyi_template_error wrong;
	struct kyi_template *parsed;
	struct kyi_tv dot;
	int status = -1;

	if (arena == NULL)
		return kymo_error_set(error, "no memory for a message");
	dot = value_of(arena, message, 0);
	parsed = kyi_template_parse(arena, template_, &wrong);
	if (parsed == NULL) {
		kymo_error_set(error, "%s", wrong.error.text);
	} else {
		const struct kyi_template_data data = {.value = NAN,
		    .external_url = kyi_json_text(message, "externalURL"),
		    .dot = &dot, .escape = is_json ? escape : NULL};

		status = kyi_template_expand(parsed, &data, text, error);
	}
	kyi_arena_delete(arena);
	return status;
}

int
kyi_body_expand(const char *template_, const json_t *message,
    struct kymo_buffer *out, struct kymo_error *error)
{
	struct kymo_buffer text = {0};
	int status = expand(template_, message, true, &text, error);

	if (status == 0)
		status = expanded_check(text.at == NULL ? "" : text.at, error);
	if (status == 0)
		kymo_buffer_add(out, text.at, text.len_bytes);
	kymo_buffer_free(&text);
	return status;
}

int
kyi_text_expand(const char *template_, const json_t *message,
    struct kymo_buffer *out, struct kymo_error *error)
{
	return expand(template_, message, false, out, error);
}

/* A message that has what may trouble a template. */
static int
sample_try(const char *template_, int (*try_)(const char *template_,
    const json_t *message, struct kymo_buffer *out, struct kymo_error *error),
    struct kymo_error *error)
{
	static const struct kymo_label labels[] = {{"alertname", "Slow"},
	    {"service", "shop \"a\"\\"}}, annotations[] = {
	    {"summary", "a line\nand another"}};
	static const struct kymo_notify_alert alerts[] = {
	    {.firing = true, .labels = labels, .label_cnt = 2,
	    .annotations = annotations, .annotation_cnt = 1, .starts_ms = 1,
	    .value = 1.5, .threshold = 1},
	    {.labels = labels, .label_cnt = 2, .starts_ms = 1, .ends_ms = 2,
	    .value = NAN, .threshold = NAN}};
	static const struct kymo_message message = {.receiver = "r",
	    .group_key = "{}", .alerts = alerts, .alert_cnt = 2,
	    .group_labels = labels, .group_label_cnt = 1, .at_ms = 1};
	json_t *json = kyi_message_make(&message, 0, 2);
	struct kymo_buffer out = {0};
	int status;

	if (json == NULL)
		return kymo_error_set(error, "no memory for a message");
	status = try_(template_, json, &out, error);
	json_decref(json);
	kymo_buffer_free(&out);
	return status;
}

int
kyi_body_check(const char *template_, struct kymo_error *error)
{
	return sample_try(template_, kyi_body_expand, error);
}

int
kyi_text_check(const char *template_, struct kymo_error *error)
{
	return sample_try(template_, kyi_text_expand, error);
}
