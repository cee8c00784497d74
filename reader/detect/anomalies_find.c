/* SPDX-License-Identifier: MIT */
/* Which anomaly, which incident is about labels: asked by each alert that fires,
   in each pass, of thousands. They agree where both have a key; so of those with
   the same keys, who agrees is decided by the values of some of these keys, and
   a table of these values finds the first who does. Tables are made when somebody
   asks that way. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "reader/detect/detectors_private.h"

/* What has other keys than so many kinds of others is looked at one by one. */
#define GROUP_MAX 32u
#define TABLE_MAX 16u /* of a group: ways to ask */
#define KEY_MAX 64u
#define NO_IDX UINT32_MAX

/* An anomaly, or an incident. */
struct item {
	const struct kymo_label *labels;
	uint32_t label_cnt;
	bool counts;
};

/* Of those in a group, the first with given values of the keys in mask. */
struct table {
	uint64_t mask;
	uint32_t *idx1; /* 0: nobody */
	uint32_t room;  /* a power of two */
};

struct group {
	uint32_t first; /* whose keys are those of all */
	uint32_t *members;
	uint32_t member_cnt, member_room;
	struct table tables[TABLE_MAX];
	uint32_t table_cnt;
};

struct finder {
	struct group groups[GROUP_MAX];
	uint32_t group_cnt;
	struct group rest; /* of any keys */
	bool made, failed;
};

struct kyi_findings {
	char *memory;
	pthread_mutex_t lock; /* of what follows */
	struct finder anomalies, incidents;
};

/* ---- labels ------------------------------------------------------------------------ */

/* What has no label in common is not the same thing. */
static bool
agree(const struct item *item, const struct kymo_label *labels, uint32_t cnt)
{
	bool common = false;

	for (uint32_t i = 0; i < item->label_cnt; i++)
		for (uint32_t k = 0; k < cnt; k++) {
			if (strcmp(item->labels[i].key, labels[k].key) != 0)
				continue;
			if (strcmp(item->labels[i].value,
			    labels[k].value) != 0)
				return false;
			common = true;
		}
	return common;
}

static const char *
value_of(const struct kymo_label *labels, uint32_t cnt, const char *key)
{
	for (uint32_t i = 0; i < cnt; i++)
		if (strcmp(labels[i].key, key) == 0)
			return labels[i].value;
	return NULL;
}

static bool
same_keys(const struct item *a, const struct item *b)
{
	if (a->label_cnt != b->label_cnt)
		return false;
	for (uint32_t i = 0; i < a->label_cnt; i++)
		if (strcmp(a->labels[i].key, b->labels[i].key) != 0)
			return false;
	return true;
}

/* One key twice is nobody's in earnest, and has no place in a mask. */
static bool
is_plain(const struct item *item)
{
	if (item->label_cnt > KEY_MAX)
		return false;
	for (uint32_t i = 1; i < item->label_cnt; i++)
		if (value_of(item->labels, i, item->labels[i].key))
			return false;
	return true;
}

static uint64_t
hash_value(uint64_t hash, const char *value)
{
	for (; *value; value++)
		hash = (hash ^ (uint8_t)*value) * 0x100000001b3u;
	return (hash ^ 0xff) * 0x100000001b3u;
}

static bool
same_values(const struct item *a, const struct item *b, uint64_t mask)
{
	for (uint32_t i = 0; i < a->label_cnt; i++)
		if (mask >> i & 1 && strcmp(a->labels[i].value,
		    b->labels[i].value) != 0)
			return false;
	return true;
}

/* ---- items ------------------------------------------------------------------------- */

static struct item
item_at(const struct kymo_anomalies *anomalies, bool incidents, uint32_t idx)
{
	if (incidents)
		return (struct item){ anomalies->incidents[idx].labels,
			anomalies->incidents[idx].label_cnt, true };
	return (struct item){ anomalies->at[idx].labels,
		anomalies->at[idx].label_cnt, anomalies->at[idx].score > 0 };
}

static uint32_t
item_cnt(const struct kymo_anomalies *anomalies, bool incidents)
{
	return incidents ? anomalies->incident_cnt : anomalies->cnt;
}

/* One by one. */
static uint32_t
look(const struct kymo_anomalies *anomalies, bool incidents,
    const struct kymo_label *labels, uint32_t cnt)
{
	for (uint32_t i = 0; i < item_cnt(anomalies, incidents); i++) {
		struct item item = item_at(anomalies, incidents, i);

		if (item.counts && agree(&item, labels, cnt))
			return i;
	}
	return NO_IDX;
}

/* ---- groups ------------------------------------------------------------------------ */

static bool
group_add(struct group *group, uint32_t idx)
{
	uint32_t *more, room = group->member_room;

	if (group->member_cnt == room) {
		room = room * 2 + 8;
		more = reallocarray(group->members, room, sizeof(more[0]));
		if (!more)
			return false;
		group->members = more;
		group->member_room = room;
	}
	group->members[group->member_cnt++] = idx;
	return true;
}

static struct group *
group_for(struct finder *finder, const struct kymo_anomalies *anomalies,
    bool incidents, uint32_t idx)
{
	struct item item = item_at(anomalies, incidents, idx), first;

	if (!is_plain(&item))
		return &finder->rest;
	for (uint32_t i = 0; i < finder->group_cnt; i++) {
		first = item_at(anomalies, incidents, finder->groups[i].first);
		if (same_keys(&first, &item))
			return &finder->groups[i];
	}
	if (finder->group_cnt == GROUP_MAX)
		return &finder->rest;
	finder->groups[finder->group_cnt].first = idx;
	return &finder->groups[finder->group_cnt++];
}

static void
finder_make(struct finder *finder, const struct kymo_anomalies *anomalies,
    bool incidents)
{
	finder->made = true;
	for (uint32_t i = 0; i < item_cnt(anomalies, incidents); i++)
		if (item_at(anomalies, incidents, i).counts &&
		    !group_add(group_for(finder, anomalies, incidents, i), i))
			finder->failed = true;
}

static void
finder_free(struct finder *finder)
{
	for (uint32_t i = 0; i < finder->group_cnt; i++) {
		for (uint32_t k = 0; k < finder->groups[i].table_cnt; k++)
			free(finder->groups[i].tables[k].idx1);
		free(finder->groups[i].members);
	}
	free(finder->rest.members);
}

/* ---- tables ------------------------------------------------------------------------ */

static uint64_t
hash_item(const struct item *item, uint64_t mask)
{
	uint64_t hash = 0xcbf29ce484222325u;

	for (uint32_t i = 0; i < item->label_cnt; i++)
		if (mask >> i & 1)
			hash = hash_value(hash, item->labels[i].value);
	return hash ^ hash >> 29;
}

/* The place of the one with the values of item, or where it would be. */
static uint32_t *
place_of(const struct table *table, const struct kymo_anomalies *anomalies,
    bool incidents, const struct item *item)
{
	uint64_t at = hash_item(item, table->mask);

	for (;; at++) {
		uint32_t *place = &table->idx1[at & (table->room - 1)];
		struct item there;

		if (*place == 0)
			return place;
		there = item_at(anomalies, incidents, *place - 1);
		if (same_values(&there, item, table->mask))
			return place;
	}
}

/* NULL: no memory, or there are too many. */
static struct table *
table_for(struct group *group, const struct kymo_anomalies *anomalies,
    bool incidents, uint64_t mask)
{
	struct table *table;

	for (uint32_t i = 0; i < group->table_cnt; i++)
		if (group->tables[i].mask == mask)
			return &group->tables[i];
	if (group->table_cnt == TABLE_MAX)
		return NULL;
	table = &group->tables[group->table_cnt];
	table->mask = mask;
	for (table->room = 16; table->room < 2 * group->member_cnt;)
		table->room *= 2;
	table->idx1 = calloc(table->room, sizeof(table->idx1[0]));
	if (!table->idx1)
		return NULL;
	group->table_cnt++;
	/* Who comes first stays: it is the oddest, the newest. */
	for (uint32_t i = 0; i < group->member_cnt; i++) {
		struct item item = item_at(anomalies, incidents,
		    group->members[i]);
		uint32_t *place = place_of(table, anomalies, incidents, &item);

		if (*place == 0)
			*place = group->members[i] + 1;
	}
	return table;
}

/* ---- asked ------------------------------------------------------------------------- */

/* Whose labels have the keys of the group and the values that are asked for,
   where any are. Returns which are. */
static uint64_t
wish_make(const struct item *first, const struct kymo_label *labels,
    uint32_t cnt, struct kymo_label wish[KEY_MAX])
{
	uint64_t mask = 0;

	for (uint32_t i = 0; i < first->label_cnt; i++) {
		const char *value = value_of(labels, cnt, first->labels[i].key);

		wish[i] = (struct kymo_label){ first->labels[i].key,
			value ? value : "" };
		mask |= (uint64_t)(value != NULL) << i;
	}
	return mask;
}

static uint32_t
look_in(const struct group *group, const struct kymo_anomalies *anomalies,
    bool incidents, const struct kymo_label *labels, uint32_t cnt)
{
	for (uint32_t i = 0; i < group->member_cnt; i++) {
		struct item item = item_at(anomalies, incidents,
		    group->members[i]);

		if (agree(&item, labels, cnt))
			return group->members[i];
	}
	return NO_IDX;
}

static uint32_t
find_in(struct group *group, const struct kymo_anomalies *anomalies,
    bool incidents, const struct kymo_label *labels, uint32_t cnt)
{
	struct item first = item_at(anomalies, incidents, group->first), there;
	struct kymo_label wish[KEY_MAX];
	uint64_t mask = wish_make(&first, labels, cnt, wish);
	const struct item wished = { wish, first.label_cnt, true };
	struct table *table;
	uint32_t idx1;

	if (mask == 0)
		return NO_IDX;
	table = table_for(group, anomalies, incidents, mask);
	if (!table)
		return look_in(group, anomalies, incidents, labels, cnt);
	idx1 = *place_of(table, anomalies, incidents, &wished);
	if (idx1 == 0)
		return NO_IDX;
	/* Who asks with one key twice may want two values. */
	there = item_at(anomalies, incidents, idx1 - 1);
	return agree(&there, labels, cnt) ? idx1 - 1 : NO_IDX;
}

static uint32_t
find(const struct kymo_anomalies *anomalies, bool incidents,
    const struct kymo_label *labels, uint32_t cnt)
{
	struct kyi_findings *findings = anomalies->private_;
	struct finder *finder;
	uint32_t least = NO_IDX, idx;

	if (!findings)
		return look(anomalies, incidents, labels, cnt);
	pthread_mutex_lock(&findings->lock);
	finder = incidents ? &findings->incidents : &findings->anomalies;
	if (!finder->made)
		finder_make(finder, anomalies, incidents);
	if (finder->failed) {
		pthread_mutex_unlock(&findings->lock);
		return look(anomalies, incidents, labels, cnt);
	}
	for (uint32_t i = 0; i < finder->group_cnt; i++) {
		idx = find_in(&finder->groups[i], anomalies, incidents, labels,
		    cnt);
		least = idx < least ? idx : least;
	}
	idx = look_in(&finder->rest, anomalies, incidents, labels, cnt);
	least = idx < least ? idx : least;
	pthread_mutex_unlock(&findings->lock);
	return least;
}

const struct kymo_anomaly *
kymo_anomalies_find(const struct kymo_anomalies *anomalies,
    const struct kymo_label *labels, uint32_t cnt)
{
	uint32_t idx = find(anomalies, false, labels, cnt);

	return idx == NO_IDX ? NULL : &anomalies->at[idx];
}

const struct kymo_incident *
kymo_incidents_find(const struct kymo_anomalies *anomalies,
    const struct kymo_label *labels, uint32_t cnt)
{
	uint32_t idx = find(anomalies, true, labels, cnt);

	return idx == NO_IDX ? NULL : &anomalies->incidents[idx];
}

/* ---- what is behind a copy --------------------------------------------------------- */

struct kyi_findings *
kyi_findings_new(char *memory)
{
	struct kyi_findings *findings = calloc(1, sizeof(*findings));

	if (!findings)
		return NULL;
	findings->memory = memory;
	pthread_mutex_init(&findings->lock, NULL);
	return findings;
}

void
kyi_findings_free(struct kyi_findings *findings)
{
	if (!findings)
		return;
	finder_free(&findings->anomalies);
	finder_free(&findings->incidents);
	pthread_mutex_destroy(&findings->lock);
	free(findings->memory);
	free(findings);
}
