/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "reader/region/private.h"

/* Open addressing. Honest names never come near this many that fall on one
   place; chosen ones are refused instead of searched. */
#define PROBE_CNT_MAX 64u

bool
kyi_ids_room(struct kyi_ids *ids, uint32_t id, uint32_t id_max)
{
	uint32_t room = ids->room;

	if (id <= ids->last_id || id > id_max)
		return false;
	while (id >= ids->room) {
		if (!kyi_grow(&ids->idx1, &ids->room, ids->room,
			sizeof(*ids->idx1)))
			return false;
		memset(ids->idx1 + room, 0,
		    (ids->room - room) * sizeof(*ids->idx1));
		room = ids->room;
	}
	ids->last_id = id;
	return true;
}

uint32_t
kyi_ids_find(const struct kyi_ids *ids, uint32_t id)
{
	return id < ids->room ? ids->idx1[id] : 0;
}

uint64_t
kyi_hash_text(uint64_t hash, const char *text)
{
	do
		hash = (hash ^ (uint8_t)*text) * 0x100000001b3ull;
	while (*text++ != '\0');
	return hash;
}

bool
kyi_table_enter(const struct kymo_region *region, struct kyi_table *table,
    uint32_t idx)
{
	uint64_t hash = table->hash(region, idx);
	uint32_t i, at;

	for (i = 0; i < PROBE_CNT_MAX; i++) {
		at = ((uint32_t)(hash ^ hash >> 32) + i) & (table->room - 1);
		if (table->idx1[at] == 0) {
			table->idx1[at] = idx + 1;
			return true;
		}
		if (table->same(region, table->idx1[at] - 1, idx))
			return false;
	}
	return false;
}

bool
kyi_table_room(const struct kymo_region *region, struct kyi_table *table,
    uint32_t cnt)
{
	uint32_t room = table->room == 0 ? 64 : table->room, idx;
	uint32_t *idx1;

	if (cnt < table->room / 2)
		return true;
	while (cnt >= room / 2)
		room *= 2;
	idx1 = calloc(room, sizeof(*idx1));
	if (idx1 == NULL)
		return false;
	free(table->idx1);
	table->idx1 = idx1;
	table->room = room;
	for (idx = 0; idx < cnt; idx++)
		(void)kyi_table_enter(region, table, idx);
	return true;
}
