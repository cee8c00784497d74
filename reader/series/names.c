/* SPDX-License-Identifier: MIT */
/* On a page a name has one kind, and the names of a family's samples (x_total,
   x_bucket ..) must not be those of another family. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reader/series/private.h"

/* So many families of one name are kept apart; a program that makes up more is
   not worth a search. */
#define CONFLICT_CNT_MAX 16u
#define NAME_BYTES 256u

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

/* ---- names that are taken ------------------------------------------------- */

static uint32_t
place_of(const struct kyi_names *names, const char *name)
{
	uint32_t i = (uint32_t)kyi_text_hash(name) & (names->room - 1);

	while (names->at[i] != NULL && strcmp(names->at[i], name) != 0)
		i = (i + 1) & (names->room - 1);
	return i;
}

static bool
grow(struct kyi_names *names)
{
	struct kyi_names more = {
		.cnt = names->cnt, .room = names->room == 0 ? 256 : names->room * 2,
	};
	uint32_t i;

	if (names->cnt < names->room / 2)
		return true;
	more.at = calloc(more.room, sizeof(*more.at));
	if (more.at == NULL)
		return false;
	for (i = 0; i < names->room; i++)
		if (names->at[i] != NULL)
			more.at[place_of(&more, names->at[i])] = names->at[i];
	free(names->at);
	*names = more;
	return true;
}

static bool
is_free(const struct kyi_names *names, const char *name,
    enum kymo_metric_kind kind)
{
	const char *const *suffix;
	char sample[NAME_BYTES + 16];

	if (names->room == 0)
		return true;
	for (suffix = suffixes(kind); *suffix != NULL; suffix++) {
		snprintf(sample, sizeof(sample), "%s%s", name, *suffix);
		if (names->at[place_of(names, sample)] != NULL)
			return false;
	}
	return true;
}

static bool
take(struct kyi_names *names, const char *name, enum kymo_metric_kind kind)
{
	const char *const *suffix;
	char sample[NAME_BYTES + 16];
	uint32_t place;

	for (suffix = suffixes(kind); *suffix != NULL; suffix++) {
		if (!grow(names))
			return false;
		snprintf(sample, sizeof(sample), "%s%s", name, *suffix);
		place = place_of(names, sample);
		if (names->at[place] != NULL)
			continue;
		names->at[place] = strdup(sample);
		if (names->at[place] == NULL)
			return false;
		names->cnt++;
	}
	return true;
}

void
kyi_names_free(struct kyi_names *names)
{
	uint32_t i;

	for (i = 0; i < names->room; i++)
		free(names->at[i]);
	free(names->at);
}

/* ---- giving them ------------------------------------------------------------ */

/* Whether a name could be found at all. */
static bool
choose(const struct kyi_families *families,
    const struct kyi_family_kept *family, char name[NAME_BYTES])
{
	const char *word = kind_word(family->kind);
	uint32_t n;

	snprintf(name, NAME_BYTES, "%.200s", family->own_name);
	if (is_free(&families->names, name, family->kind))
		return true;
	snprintf(name, NAME_BYTES, "%.200s_conflict_%s", family->own_name, word);
	for (n = 2; !is_free(&families->names, name, family->kind); n++) {
		if (n > CONFLICT_CNT_MAX)
			return false;
		snprintf(name, NAME_BYTES, "%.200s_conflict_%s_%u",
		    family->own_name, word, n);
	}
	return true;
}

static void
give(struct kyi_families *families, struct kyi_family_kept *family)
{
	char name[NAME_BYTES];

	if (!choose(families, family, name)) {
		family->refused = true;
		families->conflict_cnt++;
		return;
	}
	/* Without memory for it there is a next scan. */
	family->name = strdup(name);
	if (family->name == NULL)
		return;
	if (!take(&families->names, name, family->kind)) {
		free(family->name);
		family->name = NULL;
		return;
	}
	families->conflict_cnt += strcmp(name, family->own_name) != 0;
}

static int
by_claim(const void *a, const void *b)
{
	const struct kyi_family_kept *x = *(struct kyi_family_kept *const *)a;
	const struct kyi_family_kept *y = *(struct kyi_family_kept *const *)b;
	int order = strcmp(x->service, y->service);

	if (order == 0)
		order = (x->born_ns > y->born_ns) - (x->born_ns < y->born_ns);
	if (order == 0)
		order = strcmp(x->own_name, y->own_name);
	if (order == 0)
		order = (int)x->kind - (int)y->kind;
	return order;
}

static int
by_name(const void *a, const void *b)
{
	const struct kyi_family_kept *x = *(struct kyi_family_kept *const *)a;
	const struct kyi_family_kept *y = *(struct kyi_family_kept *const *)b;

	if (x->name == NULL || y->name == NULL)
		return (x->name == NULL) - (y->name == NULL);
	return strcmp(x->name, y->name);
}

void
kyi_families_name(struct kyi_families *families)
{
	struct kyi_family_kept **fresh = families->all + families->named_cnt;
	uint32_t i, cnt = families->cnt - families->named_cnt;

	for (i = 0; i < cnt && fresh[i]->refused; i++)
		;
	if (i == cnt)
		return;
	qsort(fresh, cnt, sizeof(*fresh), by_claim);
	for (i = 0; i < cnt; i++)
		if (!fresh[i]->refused)
			give(families, fresh[i]);
	qsort(families->all, families->cnt, sizeof(*families->all), by_name);
	while (families->named_cnt < families->cnt &&
	    families->all[families->named_cnt]->name != NULL)
		families->named_cnt++;
}
