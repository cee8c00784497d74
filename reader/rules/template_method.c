/* SPDX-License-Identifier: MIT */
/* What Alertmanager's data has as methods: of labels, of their pairs, of
   alerts; and its functions on lists of texts. */
#include "reader/rules/template_private.h"

#include <string.h>

static const struct kyi_tv *
map_text(const struct kyi_tv *map, const char *key)
{
	uint32_t i;

	for (i = 0; map->kind == TV_MAP && i < map->map->cnt; i++)
		if (strcmp(map->map->at[i].key, key) == 0 &&
		    map->map->at[i].value.kind == TV_STR)
			return &map->map->at[i].value;
	return NULL;
}

/* Those of alerts that fire, or not: .Alerts.Firing. */
static int
status_pick(struct kyi_template_run *run, const struct kyi_tv_list *of,
    const char *status, struct kyi_tv *result)
{
	struct kyi_tv_list *list = kyi_tv_list_new(run, of->cnt);
	uint32_t i;

	if (list == NULL)
		return -1;
	list->cnt = 0;
	for (i = 0; i < of->cnt; i++) {
		const struct kyi_tv *is = map_text(&of->at[i], "status");

		if (is != NULL && strcmp(is->str, status) == 0)
			list->at[list->cnt++] = of->at[i];
	}
	*result = (struct kyi_tv){.kind = TV_LIST, .list = list};
	return 1;
}

/* The names, or the values, of pairs. */
static int
pairs_pick(struct kyi_template_run *run, const struct kyi_tv_list *of,
    const char *key, struct kyi_tv *result)
{
	struct kyi_tv_list *list = kyi_tv_list_new(run, of->cnt);
	uint32_t i;

	if (list == NULL)
		return -1;
	for (i = 0; i < of->cnt; i++) {
		const struct kyi_tv *text = map_text(&of->at[i], key);

		if (text == NULL)
			return 0;
		list->at[i] = *text;
	}
	*result = (struct kyi_tv){.kind = TV_LIST, .list = list};
	return 1;
}

static bool
is_pair_of_name(const struct kyi_tv_pair *pair)
{
	return strcmp(pair->key, "alertname") == 0;
}

static struct kyi_tv
pair_new(struct kyi_template_run *run, const struct kyi_tv_pair *of)
{
	struct kyi_tv_map *map = kyi_arena_get(run->arena, sizeof(*map) +
	    2 * sizeof(map->at[0]));

	if (map == NULL) {
		kyi_template_fail(run, "no memory, or too much of it");
		return (struct kyi_tv){.kind = TV_NIL};
	}
	map->cnt = 2;
	map->type = TM_PAIR;
	map->at[0] = (struct kyi_tv_pair){"name",
	    {.kind = TV_STR, .str = of->key}};
	map->at[1] = (struct kyi_tv_pair){"value", of->value};
	return (struct kyi_tv){.kind = TV_MAP, .map = map};
}

/* By name, but for the alert's own, which comes first. */
static int
pairs_of(struct kyi_template_run *run, const struct kyi_tv_map *map,
    struct kyi_tv *result)
{
	struct kyi_tv_list *list = kyi_tv_list_new(run, map->cnt);
	uint32_t cnt = 0, i;
	int round;

	if (list == NULL)
		return -1;
	for (round = 0; round < 2; round++)
		for (i = 0; i < map->cnt; i++)
			if (is_pair_of_name(&map->at[i]) == (round == 0))
				list->at[cnt++] = pair_new(run, &map->at[i]);
	*result = (struct kyi_tv){.kind = TV_LIST, .list = list};
	return run->failed ? -1 : 1;
}

static int
removed(struct kyi_template_run *run, const struct kyi_tv_map *map,
    const struct kyi_tv_list *names, struct kyi_tv *result)
{
	struct kyi_tv_map *left = kyi_arena_get(run->arena, sizeof(*left) +
	    map->cnt * sizeof(left->at[0]));
	uint32_t i, k;

	if (left == NULL)
		return kyi_template_fail(run, "no memory, or too much of it");
	left->type = map->type;
	for (i = 0; i < map->cnt; i++) {
		for (k = 0; k < names->cnt; k++)
			if (names->at[k].kind == TV_STR &&
			    strcmp(names->at[k].str, map->at[i].key) == 0)
				break;
		if (k == names->cnt)
			left->at[left->cnt++] = map->at[i];
	}
	*result = (struct kyi_tv){.kind = TV_MAP, .map = left};
	return 1;
}

static int
labels_method(struct kyi_template_run *run, const struct kyi_tv_map *map,
    const char *name, const struct kyi_tv *args, uint32_t cnt,
    struct kyi_tv *result)
{
	int status;

	if (cnt == 1 && args[0].kind == TV_LIST && strcmp(name, "Remove") == 0)
		return removed(run, map, args[0].list, result);
	if (cnt > 0)
		return 0;
	if (strcmp(name, "SortedPairs") == 0)
		return pairs_of(run, map, result);
	if (strcmp(name, "Names") != 0 && strcmp(name, "Values") != 0)
		return 0;
	status = pairs_of(run, map, result);
	return status <= 0 ? status : pairs_pick(run, result->list,
	    name[0] == 'N' ? "name" : "value", result);
}

int
kyi_tv_method(struct kyi_template_run *run, const struct kyi_tv *of,
    const char *name, const struct kyi_tv *args, uint32_t cnt,
    struct kyi_tv *result)
{
	struct kyi_tv value = *of; /* result may be of */

	if (value.kind == TV_TIME || value.kind == TV_DURATION)
		return kyi_tv_time_method(run, &value, name, args, cnt,
		    result);
	if (value.kind == TV_MAP && value.map->type == TM_KV)
		return labels_method(run, value.map, name, args, cnt, result);
	if (value.kind != TV_LIST || cnt > 0)
		return 0;
	if (strcmp(name, "Firing") == 0)
		return status_pick(run, value.list, "firing", result);
	if (strcmp(name, "Resolved") == 0)
		return status_pick(run, value.list, "resolved", result);
	if (strcmp(name, "Names") == 0)
		return pairs_pick(run, value.list, "name", result);
	if (strcmp(name, "Values") == 0)
		return pairs_pick(run, value.list, "value", result);
	return 0;
}

/* ---- functions ---------------------------------------------------------------------- */

KYI_TEMPLATE_CALL(join)
{
	struct kymo_buffer out = {0};
	uint32_t i;

	(void)cnt;
	if (args[1].kind != TV_LIST)
		return kyi_template_fail(run, "wrong type for value; expected "
		    "[]string; got %s", kyi_tv_type(&args[1]));
	for (i = 0; i < args[1].list->cnt; i++) {
		if (i > 0)
			kymo_buffer_str(&out, args[0].str);
		kyi_tv_print(&out, &args[1].list->at[i]);
	}
	return kyi_tv_take(run, &out, result);
}

KYI_TEMPLATE_CALL(string_slice)
{
	struct kyi_tv_list *list = kyi_tv_list_new(run, cnt);

	if (list == NULL)
		return -1;
	if (cnt > 0)
		memcpy(list->at, args, cnt * sizeof(args[0]));
	*result = (struct kyi_tv){.kind = TV_LIST, .list = list};
	return 0;
}

KYI_TEMPLATE_CALL(trim_space)
{
	static const char spaces[] = " \t\r\n\v\f";
	const char *text = args[0].str + strspn(args[0].str, spaces);
	size_t len_bytes = strlen(text);
	struct kymo_buffer out = {0};

	(void)cnt;
	while (len_bytes > 0 && strchr(spaces, text[len_bytes - 1]) != NULL)
		len_bytes--;
	kymo_buffer_add(&out, text, len_bytes);
	return kyi_tv_take(run, &out, result);
}
