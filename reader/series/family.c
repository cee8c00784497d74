/* SPDX-License-Identifier: MIT */
/* Families: what makes two of them the same, and how their labels are called.
   Their names on a page are given later, in names.c. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reader/series/private.h"

#define HASH_ROOM_MIN 64u
/* Families are never forgotten, so that a name keeps its meaning; a program
   that makes up names is stopped here. */
#define FAMILY_CNT_MAX 32768u

uint64_t
kyi_text_hash(const char *text)
{
	uint64_t hash = 0xcbf29ce484222325ull;

	for (; *text != '\0'; text++)
		hash = (hash ^ (uint8_t)*text) * 0x100000001b3ull;
	return hash;
}

/* ---- one -------------------------------------------------------------------- */

static bool
same_list(char *const *list, uint32_t cnt, const char *const *wish,
    uint32_t wish_cnt)
{
	uint32_t i;

	if (cnt != wish_cnt)
		return false;
	for (i = 0; i < cnt; i++)
		if (strcmp(list[i], wish[i]) != 0)
			return false;
	return true;
}

static bool
same(const struct kyi_family_kept *family, const struct kyi_family_wish *wish)
{
	return family->kind == wish->kind && family->own == wish->own &&
	    family->exponent == wish->exponent &&
	    strcmp(family->own_name, wish->name) == 0 &&
	    strcmp(family->unit, wish->unit) == 0 &&
	    same_list(family->label_keys, family->label_cnt, wish->label_keys,
	    wish->label_cnt) &&
	    same_list(family->states, family->state_cnt, wish->states,
	    wish->state_cnt);
}

static char **
copy_list(const char *const *from, uint32_t cnt)
{
	char **to = calloc(cnt + 1, sizeof(*to));
	uint32_t i;

	for (i = 0; to != NULL && i < cnt; i++)
		to[i] = strdup(from[i]);
	return to;
}

static void
free_list(char **list, uint32_t cnt)
{
	uint32_t i;

	for (i = 0; list != NULL && i < cnt; i++)
		free(list[i]);
	free(list);
}

static void
free_family(struct kyi_family_kept *family)
{
	free(family->name);
	free(family->own_name);
	free(family->help);
	free(family->unit);
	free(family->component);
	free_list(family->label_keys, family->label_cnt);
	free_list(family->page_keys, family->label_cnt);
	free_list(family->states, family->state_cnt);
	free(family->entries);
	free(family);
}

static bool
list_is_whole(char **list, uint32_t cnt)
{
	uint32_t i;

	if (list == NULL)
		return false;
	for (i = 0; i < cnt; i++)
		if (list[i] == NULL)
			return false;
	return true;
}

/* ---- labels ---------------------------------------------------------------- */

static bool
has_key(char *const *keys, uint32_t cnt, const char *key)
{
	uint32_t i;

	for (i = 0; i < cnt; i++)
		if (keys[i] != NULL && strcmp(keys[i], key) == 0)
			return true;
	return false;
}

/* Labels that the reader adds itself. */
static bool
is_ours(const struct kyi_family_kept *family, const char *key)
{
	return strcmp(key, "service") == 0 || strcmp(key, "pid") == 0 ||
	    strcmp(key, "kymo_overflow") == 0 ||
	    (strcmp(key, "le") == 0 && family->kind == KYMO_METRIC_HISTOGRAM) ||
	    (strcmp(key, "quantile") == 0 &&
	    family->kind == KYMO_METRIC_SUMMARY);
}

static char *
exported(const char *key)
{
	static const char prefix[] = "exported_";
	char *name = malloc(sizeof(prefix) + strlen(key));

	if (name != NULL) {
		strcpy(name, prefix);
		strcat(name, key);
	}
	return name;
}

/* The key as on a page: exported_ in front of those that are ours, once more
   where the family itself has such a key. */
static char *
page_key(const struct kyi_family_kept *family, uint32_t i)
{
	char *key, *more;

	if (family->own || !is_ours(family, family->label_keys[i]))
		return strdup(family->label_keys[i]);
	key = exported(family->label_keys[i]);
	while (key != NULL && (has_key(family->label_keys, family->label_cnt,
	    key) || has_key(family->page_keys, i, key))) {
		more = exported(key);
		free(key);
		key = more;
	}
	return key;
}

static bool
name_keys(struct kyi_family_kept *family)
{
	uint32_t i;

	family->page_keys = calloc(family->label_cnt + 1,
	    sizeof(*family->page_keys));
	for (i = 0; family->page_keys != NULL && i < family->label_cnt; i++)
		family->page_keys[i] = page_key(family, i);
	return list_is_whole(family->page_keys, family->label_cnt);
}

/* ---- families -------------------------------------------------------------- */

static struct kyi_family_kept *
make(const struct kyi_family_wish *wish)
{
	struct kyi_family_kept *family = calloc(1, sizeof(*family));

	if (family == NULL)
		return NULL;
	family->kind = wish->kind;
	family->agg = wish->agg;
	family->exponent = wish->exponent;
	family->factor = pow(10, wish->exponent);
	family->sample_n = wish->sample_n;
	family->own = wish->own;
	family->label_cnt = wish->label_cnt;
	family->state_cnt = wish->state_cnt;
	family->sorted = true;
	family->own_name = strdup(wish->name);
	family->help = strdup(wish->help);
	family->unit = strdup(wish->unit);
	family->component = strdup(wish->component);
	family->label_keys = copy_list(wish->label_keys, wish->label_cnt);
	family->states = copy_list(wish->states, wish->state_cnt);
	if (family->own_name != NULL && family->help != NULL &&
	    family->unit != NULL && family->component != NULL &&
	    list_is_whole(family->label_keys, family->label_cnt) &&
	    list_is_whole(family->states, family->state_cnt) &&
	    name_keys(family))
		return family;
	free_family(family);
	return NULL;
}

static bool
families_grow(struct kyi_families *families)
{
	uint32_t i, room = families->room == 0 ? HASH_ROOM_MIN :
	    families->room * 2;
	struct kyi_family_kept **all, **hashed;

	if (families->cnt < families->room)
		return true;
	all = realloc(families->all, room * sizeof(*all));
	if (all == NULL)
		return false;
	families->all = all;
	hashed = calloc(2 * room, sizeof(*hashed));
	if (hashed == NULL)
		return false;
	families->room = room;
	families->hash_room = 2 * room;
	for (i = 0; i < families->cnt; i++) {
		struct kyi_family_kept **head = &hashed[kyi_text_hash(
		    all[i]->own_name) & (families->hash_room - 1)];

		all[i]->chain = *head;
		*head = all[i];
	}
	free(families->hashed);
	families->hashed = hashed;
	return true;
}

/* The lowest service, and of that the first born, has the first claim. */
static void
claim(struct kyi_family_kept *family, const struct kyi_family_wish *wish)
{
	const char *service = wish->service == NULL ? "" : wish->service;
	int order = strcmp(service, family->service);

	if (order > 0 || (order == 0 && wish->born_ns >= family->born_ns))
		return;
	strncpy(family->service, service, sizeof(family->service) - 1);
	family->born_ns = wish->born_ns;
}

struct kyi_family_kept *
kyi_family_find(struct kyi_families *families,
    const struct kyi_family_wish *wish)
{
	uint64_t hash = kyi_text_hash(wish->name);
	struct kyi_family_kept *family = NULL;

	if (families->hash_room > 0)
		for (family = families->hashed[hash & (families->hash_room - 1)];
		    family != NULL; family = family->chain)
			if (same(family, wish))
				break;
	if (family != NULL) {
		if (family->name == NULL)
			claim(family, wish);
		return family;
	}
	if (families->cnt >= FAMILY_CNT_MAX || !families_grow(families))
		return NULL;
	family = make(wish);
	if (family == NULL)
		return NULL;
	if (wish->service != NULL)
		strncpy(family->service, wish->service,
		    sizeof(family->service) - 1);
	family->born_ns = wish->born_ns;
	family->chain = families->hashed[hash & (families->hash_room - 1)];
	families->hashed[hash & (families->hash_room - 1)] = family;
	families->all[families->cnt++] = family;
	return family;
}

void
kyi_families_free(struct kyi_families *families)
{
	uint32_t i;

	for (i = 0; i < families->cnt; i++)
		free_family(families->all[i]);
	free(families->all);
	free(families->hashed);
	kyi_names_free(&families->names);
}
