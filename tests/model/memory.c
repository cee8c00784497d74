/* SPDX-License-Identifier: MIT */
/* Locations of four bytes, with all that was stored to them in a run. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "tests/model/loc.h"

#define TABLE_CNT (1u << 20)
#define POOL_BYTES (1ull << 32)
#define PENDING_MAX (1u << 20)

struct knows *model_me;
uint32_t model_me_idx;

static struct loc **table;
struct loc **loc_used;
uint32_t loc_used_cnt;
static uint8_t *pool;
static size_t pool_used;
static struct loc **pending;
static uint32_t pending_cnt;

void *
loc_take(size_t bytes)
{
	void *at = pool + pool_used;

	pool_used += (bytes + 15) / 16 * 16;
	if (pool_used > POOL_BYTES)
		abort();
	return at;
}

static void *
reserve(size_t bytes)
{
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (at == MAP_FAILED)
		abort();
	return at;
}

void
model_memory_begin(void)
{
	if (pool == NULL) {
		pool = reserve(POOL_BYTES);
		table = reserve(TABLE_CNT * sizeof(struct loc *));
		loc_used = reserve(TABLE_CNT * sizeof(struct loc *));
		pending = reserve(PENDING_MAX * sizeof(struct loc *));
	}
	pool_used = 0;
	loc_used_cnt = pending_cnt = 0;
}

static uint32_t
hash(const uint32_t *at)
{
	return (uint32_t)(((uintptr_t)at >> 2) * 0x9e3779b97f4a7c15ull >> 44);
}

struct loc **
loc_find(const uint32_t *at)
{
	uint32_t i = hash(at);

	while (table[i] != NULL && table[i]->at != at)
		i = (i + 1) % TABLE_CNT;
	return &table[i];
}

struct loc *
loc_of(const void *at)
{
	uint32_t *word = (uint32_t *)((uintptr_t)at & ~(uintptr_t)3);
	struct loc **entry = loc_find(word), *loc = *entry;

	if (loc != NULL)
		return loc;
	if (loc_used_cnt > TABLE_CNT / 2)
		model_fail("an access without end");
	loc = loc_take(sizeof(*loc));
	memset(loc, 0, sizeof(*loc));
	loc->at = word;
	loc->first = *word;
	loc->newest = loc_take(sizeof(*loc->newest));
	memset(loc->newest, 0, sizeof(*loc->newest));
	loc->newest->value = *word;
	*entry = loc;
	loc->number = loc_used_cnt;
	loc_used[loc_used_cnt++] = loc;
	return loc;
}

void
model_memory_end(void)
{
	uint32_t i;

	for (i = 0; i < loc_used_cnt; i++)
		if (*loc_used[i]->at != loc_used[i]->first)
			*loc_used[i]->at = loc_used[i]->first;
	/* By the way they were found, so that no entry hides another. */
	while (loc_used_cnt > 0)
		*loc_find(loc_used[--loc_used_cnt]->at) = NULL;
	pending_cnt = 0;
}

/* ---- clocks -------------------------------------------------------------- */

void
clock_join(struct clock *to, const struct clock *from)
{
	uint32_t i;

	for (i = 0; i < MODEL_THREADS; i++)
		if (from->at[i] > to->at[i])
			to->at[i] = from->at[i];
}

void
clock_tick(void)
{
	model_me->now.at[model_me_idx]++;
}

void
loc_see(struct loc *loc, uint32_t idx)
{
	struct seen *last = loc->seen[model_me_idx], *seen;

	if (last != NULL && last->idx >= idx)
		return;
	seen = loc_take(sizeof(*seen));
	seen->before = last;
	seen->epoch = model_me->now.at[model_me_idx];
	seen->idx = idx;
	loc->seen[model_me_idx] = seen;
}

uint32_t
loc_floor(const struct loc *loc)
{
	uint32_t i, idx = 0;

	for (i = 0; i < MODEL_THREADS; i++) {
		const struct seen *seen = loc->seen[i];

		while (seen != NULL && seen->epoch > model_me->now.at[i])
			seen = seen->before;
		if (seen != NULL && seen->idx > idx)
			idx = seen->idx;
	}
	return idx;
}

struct store *
loc_append(struct loc *loc, uint32_t value)
{
	struct store *store = loc_take(sizeof(*store));

	store->before = loc->newest;
	store->idx = loc->newest->idx + 1;
	store->value = value;
	store->by = model_me_idx;
	store->wide = 0;
	memset(&store->sync, 0, sizeof(store->sync));
	loc->newest = store;
	loc_see(loc, store->idx);
	return store;
}

/* ---- races --------------------------------------------------------------- */

static void
race(const struct loc *loc, const char *what, uint32_t other)
{
	static char why[160];

	snprintf(why, sizeof(why),
	    "threads %u and %u race: %s; at %p, near %s",
	    (unsigned)model_me_idx, (unsigned)other, what, (void *)loc->at,
	    model_site_last());
	model_fail(why);
}

void
loc_races(struct loc *loc, bool is_store, bool is_plain, uint8_t mask)
{
	uint32_t i, *mine;
	uint8_t *mine_mask;

	/* Alone; or one thread, whatever the order. */
	if (model_me->is_child || model_signal_fences())
		return;
	for (i = 0; i < MODEL_THREADS; i++) {
		uint32_t known = model_me->now.at[i];

		if (i == model_me_idx)
			continue;
		if (loc->plain_store[i] > known &&
		    (loc->plain_store_mask[i] & mask) != 0)
			race(loc, "a plain store by the other", i);
		if (is_plain && loc->atomic_store[i] > known &&
		    (loc->atomic_store_mask[i] & mask) != 0)
			race(loc, "an atomic store by the other", i);
		if (is_store && loc->plain_load[i] > known &&
		    (loc->plain_load_mask[i] & mask) != 0)
			race(loc, "a plain load by the other", i);
		if (is_store && is_plain && loc->atomic_load[i] > known &&
		    (loc->atomic_load_mask[i] & mask) != 0)
			race(loc, "an atomic load by the other", i);
	}
	if (is_plain) {
		mine = is_store ? loc->plain_store : loc->plain_load;
		mine_mask = is_store ? loc->plain_store_mask :
		    loc->plain_load_mask;
	} else {
		mine = is_store ? loc->atomic_store : loc->atomic_load;
		mine_mask = is_store ? loc->atomic_store_mask :
		    loc->atomic_load_mask;
	}
	if (mine[model_me_idx] != model_me->now.at[model_me_idx])
		mine_mask[model_me_idx] = 0;
	mine[model_me_idx] = model_me->now.at[model_me_idx];
	mine_mask[model_me_idx] |= mask;
}

/* ---- plain accesses ------------------------------------------------------ */

void
model_settle(void)
{
	while (pending_cnt > 0) {
		struct loc *loc = pending[--pending_cnt];

		if (*loc->at != loc->newest->value)
			loc_append(loc, *loc->at);
	}
}

void
model_plain(const void *at, size_t bytes, bool is_store)
{
	uintptr_t from = (uintptr_t)at, end = from + bytes, word;

	if (model_me->is_private || model_is_own(at))
		return;
	model_page_used(at);
	/* A struct's copy is announced as a store and then a load. */
	if (is_store)
		model_settle();
	for (word = from & ~(uintptr_t)3; word < end; word += 4) {
		struct loc *loc = loc_of((const void *)word);
		uint8_t mask = 0xf;

		if (word < from)
			mask &= (uint8_t)(0xf << (from - word));
		if (word + 4 > end)
			mask &= (uint8_t)(0xf >> (word + 4 - end));
		loc_races(loc, is_store, true, mask);
		if (!is_store) {
			loc_see(loc, loc->newest->idx);
		} else {
			if (pending_cnt == PENDING_MAX)
				abort();
			pending[pending_cnt++] = loc;
		}
	}
}

void
model_fresh(void *at, size_t bytes)
{
	uintptr_t word = (uintptr_t)at, end = word + bytes;

	model_settle();
	for (; word < end; word += 4) {
		struct loc *loc = loc_of((const void *)word);

		loc_races(loc, true, true, 0xf);
		loc->newest->value = 0xdddddddd;
		loc_append(loc, 0);
		*loc->at = 0;
	}
}

void
model_wipe(void *at, size_t bytes)
{
	uintptr_t word = (uintptr_t)at, end = word + bytes;

	model_settle();
	for (; word < end; word += 4) {
		uint32_t *here = (void *)word;
		struct loc *loc;

		if (*here == 0 && *loc_find(here) == NULL)
			continue;
		loc = loc_of(here);
		loc_races(loc, true, true, 0xf);
		loc_append(loc, 0);
		*loc->at = 0;
	}
}
