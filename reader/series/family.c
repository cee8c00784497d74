/* SPDX-License-Identifier: MIT */
/* Families by name. On a page a name has one kind, and the names of samples
   (x_total, x_bucket ..) must not be those of another family. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reader/series/private.h"

#define HASH_ROOM_MIN 64u
/* Families are never forgotten, so that a name keeps its meaning; a program
   that makes up names is stopped here. */
#define FAMILY_CNT_MAX 32768u

static uint64_t
hash_text(const char *text)
{
	uint64_t hash = 0xcbf29ce484222325ull;

	for (; *text != '\0'; text++)
		hash = (hash ^ (uint8_t)*text) * 0x100000001b3ull;
	return hash;
}

static const char *
kind_word(enum kymo_metric_kind kind)
{
	static const char *const words[] = {
		[KYMO_METRIC_COUNTER] = "counter",
		[KYMO_METRIC_UPDOWN] = "updown",
		[KYMO_METRIC_FLOAT_COUNTER] = "counter",
		[KYMO_METRIC_GAUGE] = "gauge",
		[KYMO_METRIC_FLOAT_GAUGE] = "gauge",
		[KYMO_METRIC_MAX] = "max",
		[KYMO_METRIC_MIN] = "min",
		[KYMO_METRIC_HISTOGRAM] = "histogram",
		[KYMO_METRIC_SUMMARY] = "summary",
		[KYMO_METRIC_INFO] = "info",
		[KYMO_METRIC_TEXT] = "text",
		[KYMO_METRIC_STATE_SET] = "stateset",
		[KYMO_METRIC_HEALTH] = "health",
	};

	return words[kind];
}

/* Suffixes of the names that a family's samples take. */
static const char *const *
suffixes(enum kymo_metric_kind kind)
{
	static const char *const counter[] = {"", "_total", "_created", NULL};
	static const char *const hist[] = {"", "_bucket", "_sum", "_count",
	    "_created", NULL};
	static const char *const info[] = {"", "_info", NULL};
	static const char *const plain[] = {"", NULL};

	switch (kind) {
	case KYMO_METRIC_COUNTER:
	case KYMO_METRIC_FLOAT_COUNTER:
		return counter;
	case KYMO_METRIC_HISTOGRAM:
	case KYMO_METRIC_SUMMARY:
		return hist;
	case KYMO_METRIC_INFO:
	case KYMO_METRIC_TEXT:
		return info;
	default:
		return plain;
	}
}

/* ---- reserved sample names ------------------------------------------------ */

static uint32_t
reserved_place(const struct kyi_families *families, const char *name)
{
	uint32_t i = (uint32_t)hash_text(name) & (families->reserved_room - 1);

	while (families->reserved[i] != NULL &&
	    strcmp(families->reserved[i], name) != 0)
		i = (i + 1) & (families->reserved_room - 1);
	return i;
}

static bool
reserved_grow(struct kyi_families *families)
{
	uint32_t i, old_room = families->reserved_room;
	char **old = families->reserved;

	if (families->reserved_cnt < old_room / 2)
		return true;
	families->reserved_room = old_room == 0 ? 256 : old_room * 2;
	families->reserved = calloc(families->reserved_room, sizeof(*old));
	if (families->reserved == NULL) {
		families->reserved = old;
		families->reserved_room = old_room;
		return false;
	}
	for (i = 0; i < old_room; i++)
		if (old[i] != NULL)
			families->reserved[reserved_place(families, old[i])] =
			    old[i];
	free(old);
	return true;
}

static bool
is_free(struct kyi_families *families, const char *name,
    enum kymo_metric_kind kind)
{
	const char *const *suffix;
	char sample[512];

	if (families->reserved_room == 0)
		return true;
	for (suffix = suffixes(kind); *suffix != NULL; suffix++) {
		snprintf(sample, sizeof(sample), "%s%s", name, *suffix);
		if (families->reserved[reserved_place(families, sample)] != NULL)
			return false;
	}
	return true;
}

static bool
reserve(struct kyi_families *families, const char *name,
    enum kymo_metric_kind kind)
{
	const char *const *suffix;
	char sample[512];
	uint32_t place;

	for (suffix = suffixes(kind); *suffix != NULL; suffix++) {
		if (!reserved_grow(families))
			return false;
		snprintf(sample, sizeof(sample), "%s%s", name, *suffix);
		place = reserved_place(families, sample);
		if (families->reserved[place] != NULL)
			continue;
		families->reserved[place] = strdup(sample);
		if (families->reserved[place] == NULL)
			return false;
		families->reserved_cnt++;
	}
	return true;
}

/* ---- families -------------------------------------------------------------- */

static bool
same(const struct kyi_family_kept *family, const struct kyi_family_wish *wish)
{
	uint32_t i;

	if (family->kind != wish->kind || family->exponent != wish->exponent ||
	    family->label_cnt != wish->label_cnt ||
	    strcmp(family->own_name, wish->name) != 0 ||
	    strcmp(family->unit, wish->unit) != 0)
		return false;
	for (i = 0; i < family->label_cnt; i++)
		if (strcmp(family->label_keys[i], wish->label_keys[i]) != 0)
			return false;
	return true;
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

static struct kyi_family_kept *
make(const struct kyi_family_wish *wish, const char *name)
{
	struct kyi_family_kept *family = calloc(1, sizeof(*family));

	if (family == NULL)
		return NULL;
	family->kind = wish->kind;
	family->agg = wish->agg;
	family->exponent = wish->exponent;
	family->sample_n = wish->sample_n;
	family->label_cnt = wish->label_cnt;
	family->state_cnt = wish->state_cnt;
	family->sorted = true;
	family->name = strdup(name);
	family->own_name = strdup(wish->name);
	family->help = strdup(wish->help);
	family->unit = strdup(wish->unit);
	family->component = strdup(wish->component);
	family->label_keys = copy_list(wish->label_keys, wish->label_cnt);
	family->states = copy_list(wish->states, wish->state_cnt);
	if (family->name != NULL && family->own_name != NULL &&
	    family->help != NULL && family->unit != NULL &&
	    family->component != NULL &&
	    list_is_whole(family->label_keys, family->label_cnt) &&
	    list_is_whole(family->states, family->state_cnt))
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
		struct kyi_family_kept **head = &hashed[hash_text(
		    all[i]->own_name) & (families->hash_room - 1)];

		all[i]->chain = *head;
		*head = all[i];
	}
	free(families->hashed);
	families->hashed = hashed;
	return true;
}

/* A name that no other family's samples have. */
static bool
choose_name(struct kyi_families *families, const struct kyi_family_wish *wish,
    char name[300])
{
	uint32_t n;

	snprintf(name, 300, "%.200s", wish->name);
	if (is_free(families, name, wish->kind))
		return false;
	snprintf(name, 300, "%.200s_conflict_%s", wish->name,
	    kind_word(wish->kind));
	for (n = 2; !is_free(families, name, wish->kind) && n < 10000; n++)
		snprintf(name, 300, "%.200s_conflict_%s_%u", wish->name,
		    kind_word(wish->kind), n);
	return true;
}

struct kyi_family_kept *
kyi_family_find(struct kyi_families *families,
    const struct kyi_family_wish *wish)
{
	uint64_t hash = hash_text(wish->name);
	struct kyi_family_kept *family;
	char name[300];
	bool conflict;

	if (families->hash_room > 0)
		for (family = families->hashed[hash & (families->hash_room - 1)];
		    family != NULL; family = family->chain)
			if (same(family, wish))
				return family;
	if (families->cnt >= FAMILY_CNT_MAX || !families_grow(families))
		return NULL;
	conflict = choose_name(families, wish, name);
	if (!reserve(families, name, wish->kind))
		return NULL;
	family = make(wish, name);
	if (family == NULL)
		return NULL;
	family->conflict = conflict;
	families->conflict_cnt += conflict;
	family->chain = families->hashed[hash & (families->hash_room - 1)];
	families->hashed[hash & (families->hash_room - 1)] = family;
	families->all[families->cnt++] = family;
	families->sorted = false;
	return family;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp((*(struct kyi_family_kept *const *)a)->name,
	    (*(struct kyi_family_kept *const *)b)->name);
}

void
kyi_families_sort(struct kyi_families *families)
{
	if (!families->sorted && families->cnt > 0)
		qsort(families->all, families->cnt, sizeof(*families->all),
		    by_name);
	families->sorted = true;
}

const char *
kyi_page_key(const struct kyi_family_kept *family, const char *key)
{
	if (strcmp(key, "service") == 0)
		return "exported_service";
	if (strcmp(key, "pid") == 0)
		return "exported_pid";
	if (strcmp(key, "le") == 0 && family->kind == KYMO_METRIC_HISTOGRAM)
		return "exported_le";
	if (strcmp(key, "quantile") == 0 && family->kind == KYMO_METRIC_SUMMARY)
		return "exported_quantile";
	return key;
}

void
kyi_families_free(struct kyi_families *families)
{
	uint32_t i;

	for (i = 0; i < families->cnt; i++)
		free_family(families->all[i]);
	free(families->all);
	free(families->hashed);
	for (i = 0; i < families->reserved_room; i++)
		free(families->reserved[i]);
	free(families->reserved);
}
