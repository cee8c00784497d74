/* SPDX-License-Identifier: MIT */
#include "reader/notify/body.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "reader/notify/html.h"
#include "reader/notify/message.h"
#include "reader/notify/slack_text.h"
#include "reader/rules/template_private.h"

#define ROOM_BYTES_MAX ((size_t)16 << 20)
#define NESTED_MAX 16u
#define WHOLE_BYTES_MAX ((size_t)256 << 10) /* of a page, of a body */

/* ---- a message as templates see it ------------------------------------------------- */

static struct kyi_tv value_of(struct kyi_arena *arena, const json_t *json,
    enum kyi_tv_map_type type, uint32_t depth);

static int
by_key(const void *a, const void *b)
{
	const struct kyi_tv_pair *one = a, *other = b;

	return strcmp(one->key, other->key);
}

/* What is under a key of a map. */
static enum kyi_tv_map_type
type_of(enum kyi_tv_map_type of, const char *key)
{
	static const char *const labels[] = {"annotations",
	    "commonAnnotations", "commonLabels", "groupLabels", "labels"};
	size_t i;

	if (of == TM_DATA && strcmp(key, "alerts") == 0)
		return TM_ALERT;
	for (i = 0; of != TM_ANY && i < sizeof(labels) / sizeof(labels[0]);
	    i++)
		if (strcmp(key, labels[i]) == 0)
			return TM_KV;
	return TM_ANY;
}

static struct kyi_tv
map_of(struct kyi_arena *arena, const json_t *json, enum kyi_tv_map_type type,
    uint32_t depth)
{
	struct kyi_tv_map *map = kyi_arena_get(arena, sizeof(*map) +
	    json_object_size(json) * sizeof(map->at[0]));
	const char *key;
	json_t *value;

	if (map == NULL)
		return (struct kyi_tv){.kind = TV_NIL};
	map->type = type;
	/* json_object_foreach wants one that it could change. */
	json_object_foreach((json_t *)(uintptr_t)json, key, value)
		map->at[map->cnt++] = (struct kyi_tv_pair){key,
		    value_of(arena, value, type_of(type, key), depth + 1)};
	qsort(map->at, map->cnt, sizeof(map->at[0]), by_key);
	return (struct kyi_tv){.kind = TV_MAP, .map = map};
}

static struct kyi_tv
list_of(struct kyi_arena *arena, const json_t *json,
    enum kyi_tv_map_type type, uint32_t depth)
{
	struct kyi_tv_list *list = kyi_arena_get(arena, sizeof(*list) +
	    json_array_size(json) * sizeof(list->at[0]));
	const json_t *value;
	size_t i;

	if (list == NULL)
		return (struct kyi_tv){.kind = TV_NIL};
	json_array_foreach(json, i, value)
		list->at[list->cnt++] = value_of(arena, value, type, depth + 1);
	return (struct kyi_tv){.kind = TV_LIST, .list = list};
}

/* Texts stay the message's. type: of a map, or of those in a list. */
static struct kyi_tv
value_of(struct kyi_arena *arena, const json_t *json,
    enum kyi_tv_map_type type, uint32_t depth)
{
	if (depth < NESTED_MAX && json_is_object(json))
		return map_of(arena, json, type, depth);
	if (depth < NESTED_MAX && json_is_array(json))
		return list_of(arena, json, type, depth);
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

/* Slack's marks are those of the template itself; of a value they are shown. */
static const char *
slack_put(void *of, struct kymo_buffer *out, const char *text,
    size_t len_bytes, enum kyi_template_from from)
{
	(void)of;
	if (from == KYI_FROM_VALUE)
		kyi_slack_put(out, text, SIZE_MAX, false);
	else
		kymo_buffer_add(out, text, len_bytes);
	return NULL;
}

/* When the message was made, for since. */
static int64_t
message_at_ms(const json_t *message)
{
	struct kyi_tv_time at;

	if (kyi_tv_time_parse(kyi_json_text(json_object_get(message, "kymo"),
	    "at"), &at))
		return at.s * 1000 + at.ns / 1000000;
	return (int64_t)time(NULL) * 1000;
}

static int
parsed_expand(const struct kyi_template *parsed, enum kymo_template_as as,
    const json_t *message, const struct kyi_tv *dot, struct kymo_buffer *out,
    struct kymo_error *error)
{
	struct kyi_html html = {.state = KYI_HTML_TEXT};
	const struct kyi_template_data data = {.value = NAN,
	    .external_url = kyi_json_text(message, "externalURL"),
	    .dot = dot, .escape = as == KYMO_TEMPLATE_JSON ? escape : NULL,
	    .at_ms = message_at_ms(message),
	    .notifies = as != KYMO_TEMPLATE_JSON,
	    .put = as == KYMO_TEMPLATE_HTML ? kyi_html_write :
	    as == KYMO_TEMPLATE_SLACK ? slack_put : NULL, .put_of = &html,
	    .pages = as == KYMO_TEMPLATE_HTML,
	    .bytes_max = as == KYMO_TEMPLATE_HTML ||
	    as == KYMO_TEMPLATE_JSON ? WHOLE_BYTES_MAX : 0};

	return kyi_template_expand(parsed, &data, out, error);
}

int
kyi_template_make(const struct kymo_templates *templates, const char *text,
    enum kymo_template_as as, const json_t *message, struct kymo_buffer *out,
    struct kymo_error *error)
{
	struct kyi_arena *arena = kyi_arena_new(ROOM_BYTES_MAX);
	size_t from_bytes = out->len_bytes;
	struct kyi_template *parsed;
	struct kyi_tv dot;
	int status = -1;

	if (arena == NULL)
		return kymo_error_set(error, "no memory for a message");
	dot = value_of(arena, message, TM_DATA, 0);
	parsed = kyi_templates_parse(templates, arena, text, error);
	if (parsed != NULL)
		status = parsed_expand(parsed, as, message, &dot, out, error);
	if (status == 0 && as == KYMO_TEMPLATE_JSON)
		status = expanded_check(out->at == NULL ? "" :
		    out->at + from_bytes, error);
	if (status != 0 && out->at != NULL)
		out->at[out->len_bytes = from_bytes] = '\0';
	kyi_arena_delete(arena);
	return status;
}

/* A message that has what may trouble a template. */
int
kyi_template_try(const struct kymo_templates *templates, const char *text,
    enum kymo_template_as as, struct kymo_error *error)
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
	struct kyi_arena *arena = kyi_arena_new(ROOM_BYTES_MAX);
	struct kymo_buffer out = {0};
	uint32_t first;
	int status;

	status = arena == NULL ? kymo_error_set(error, "no memory for a "
	    "template") : kyi_templates_parse(templates, arena, text,
	    error) == NULL ? -1 : 0;
	kyi_arena_delete(arena);
	/* Both, and the resolved one alone. */
	for (first = 0; first < 2 && status == 0; first++) {
		json_t *json = kyi_message_make(&message, first, 2 - first);

		status = json == NULL ? kymo_error_set(error, "no memory for "
		    "a message") : kyi_template_make(templates, text, as, json,
		    &out, error) == 0 ? 0 : KYMO_TEMPLATE_FAILS;
		json_decref(json);
		out.len_bytes = 0;
	}
	kymo_buffer_free(&out);
	return status;
}
