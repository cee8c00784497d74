/* SPDX-License-Identifier: MIT */
/* Atomic accesses and fences. */
#include "tests/model/loc.h"

#define PAIR_MAX 64u
/* A location is not old for ever to who looks again and again. */
#define STALE_MAX 50u

static uint64_t wide_last; /* 8-byte stores, by number */

static bool
is_acquire(int order)
{
	return order == __ATOMIC_ACQUIRE || order == __ATOMIC_ACQ_REL ||
	    order == __ATOMIC_SEQ_CST || order == __ATOMIC_CONSUME;
}

static bool
is_release(int order)
{
	return order == __ATOMIC_RELEASE || order == __ATOMIC_ACQ_REL ||
	    order == __ATOMIC_SEQ_CST;
}

static void
learn(const struct store *store, int order)
{
	clock_join(&model_me->acquired, &store->sync);
	if (is_acquire(order))
		clock_join(&model_me->now, &store->sync);
}

static uint32_t
shift_of(const void *at)
{
	return (uint32_t)((uintptr_t)at & 3) * 8;
}

static uint8_t
mask_of(const void *at, uint32_t bytes)
{
	return bytes >= 4 ? 0xf :
	    (uint8_t)(((1u << bytes) - 1) << ((uintptr_t)at & 3));
}

const struct store *
half_of(const struct loc *loc, uint64_t wide)
{
	const struct store *store = loc->newest;

	while (store != NULL && store->wide != wide)
		store = store->before;
	return store;
}

/* May an 8-byte load see these two? Not if one is of an 8-byte store that the
   other is older than. */
static bool
go_together(const struct loc *low, const struct store *a,
    const struct loc *high, const struct store *b)
{
	const struct store *half;

	if (a->wide != 0) {
		half = half_of(high, a->wide);
		if (half != NULL && b->idx < half->idx)
			return false;
	}
	if (b->wide != 0) {
		half = half_of(low, b->wide);
		if (half != NULL && a->idx < half->idx)
			return false;
	}
	return true;
}

const struct store *
pick_one(struct loc *loc, bool oldest)
{
	uint32_t floor = loc_floor(loc), back;
	const struct store *store = loc->newest;

	if (oldest)
		back = store->idx - floor;
	else
		back = loc->stale_cnt > STALE_MAX ? 0 :
		    model_choose_at(store->idx - floor + 1, loc->number);
	loc->stale_cnt += back > 0;
	while (back-- > 0)
		store = store->before;
	loc_see(loc, store->idx);
	return store;
}

void
pick_two(struct loc *low, struct loc *high, const struct store *pair[2],
    bool oldest)
{
	const struct store *pairs[PAIR_MAX][2], *a, *b;
	uint32_t floor_low = loc_floor(low), floor_high = loc_floor(high);
	uint32_t cnt = 0, chosen;

	for (a = low->newest; a != NULL && a->idx >= floor_low; a = a->before)
		for (b = high->newest; b != NULL && b->idx >= floor_high;
		    b = b->before)
			if (cnt < PAIR_MAX && go_together(low, a, high, b)) {
				pairs[cnt][0] = a;
				pairs[cnt++][1] = b;
			}
	chosen = oldest ? cnt - 1 : low->stale_cnt > STALE_MAX ? 0 :
	    model_choose_at(cnt, low->number);
	low->stale_cnt += chosen > 0;
	pair[0] = pairs[chosen][0];
	pair[1] = pairs[chosen][1];
	loc_see(low, pair[0]->idx);
	loc_see(high, pair[1]->idx);
}

uint64_t
model_load(const void *at, uint32_t bytes, int order)
{
	const struct store *pair[2];
	struct loc *loc, *high;
	uint64_t value;

	model_page_used(at);
	model_settle();
	model_turn();
	order = model_order(order);
	loc = loc_of(at);
	loc_races(loc, false, false, mask_of(at, bytes));
	if (bytes < 8) {
		pair[0] = pick_one(loc, false);
		learn(pair[0], order);
		value = pair[0]->value >> shift_of(at);
		return bytes == 4 ? value : value & ((1u << bytes * 8) - 1);
	}
	high = loc_of((const char *)at + 4);
	loc_races(high, false, false, 0xf);
	pick_two(loc, high, pair, false);
	learn(pair[0], order);
	learn(pair[1], order);
	return pair[0]->value | (uint64_t)pair[1]->value << 32;
}

/* rmw: goes on with the release sequence of what was there. */
static void
put(void *at, uint32_t bytes, uint64_t value, int order, bool is_rmw)
{
	uint64_t wide = bytes == 8 ? ++wide_last : 0;
	uint32_t part;

	for (part = 0; part * 4 < bytes; part++) {
		struct loc *loc = loc_of((char *)at + part * 4);
		uint32_t word = (uint32_t)(value >> (part * 32)), mask;
		struct clock before = loc->newest->sync;
		struct store *store;

		if (bytes < 4) {
			mask = ((1u << bytes * 8) - 1) << shift_of(at);
			word = (*loc->at & ~mask) |
			    (word << shift_of(at) & mask);
		}
		loc_races(loc, true, false, mask_of(at, bytes));
		store = loc_append(loc, word);
		store->wide = wide;
		store->sync = is_release(order) ? model_me->now :
		    model_me->released;
		if (is_rmw)
			clock_join(&store->sync, &before);
		*loc->at = word;
	}
	clock_tick();
}

void
model_store(void *at, uint32_t bytes, uint64_t value, int order)
{
	model_page_used(at);
	model_settle();
	model_turn();
	put(at, bytes, value, model_order(order), false);
}

/* Newest, as read-modify-writes see it. */
static uint64_t
look(const void *at, uint32_t bytes, int order)
{
	uint64_t value = 0;
	uint32_t part;

	for (part = 0; part * 4 < bytes; part++) {
		struct loc *loc = loc_of((const char *)at + part * 4);

		loc_races(loc, false, false, mask_of(at, bytes));
		loc_see(loc, loc->newest->idx);
		learn(loc->newest, order);
		value |= (uint64_t)loc->newest->value << (part * 32);
	}
	if (bytes < 4)
		value = value >> shift_of(at) & ((1u << bytes * 8) - 1);
	return value;
}

uint64_t
model_rmw(void *at, uint32_t bytes, model_step *step, uint64_t operand,
    int order)
{
	uint64_t was;

	model_page_used(at);
	model_settle();
	model_turn();
	order = model_order(order);
	was = look(at, bytes, order);
	put(at, bytes, step(was, operand), order, true);
	return was;
}

bool
model_cas(void *at, uint32_t bytes, uint64_t *expected, uint64_t desired,
    int order, int failure_order)
{
	uint64_t was;

	model_page_used(at);
	model_settle();
	model_turn();
	was = look(at, bytes, __ATOMIC_RELAXED);
	if (was != *expected) {
		*expected = was;
		look(at, bytes, model_order(failure_order));
		return false;
	}
	order = model_order(order);
	look(at, bytes, order);
	put(at, bytes, desired, order, true);
	return true;
}

void
model_fence(int order)
{
	model_settle();
	model_turn();
	order = model_order(order);
	if (is_acquire(order))
		clock_join(&model_me->now, &model_me->acquired);
	if (is_release(order)) {
		model_me->released = model_me->now;
		clock_tick();
	}
}

void
model_say(void *at, bool is_release)
{
	struct store *store = loc_of(at)->newest;

	model_settle();
	if (is_release) {
		clock_join(&store->sync, &model_me->now);
		clock_tick();
	} else {
		clock_join(&model_me->now, &store->sync);
	}
}
