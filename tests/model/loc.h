/* SPDX-License-Identifier: MIT */
/* Locations, between the files that work on them. */
#ifndef MODEL_LOC_H
#define MODEL_LOC_H

#include "tests/model/memory.h"

struct store {
	struct store *before;
	uint32_t idx, value, by;
	uint64_t wide;   /* the 8-byte store that this is half of; 0: none */
	struct clock sync; /* what an acquire of it learns */
};

/* From this epoch of a thread on it may not see what is older than idx. */
struct seen {
	struct seen *before;
	uint32_t epoch, idx;
};

struct loc {
	uint32_t *at;
	uint32_t number; /* of used */
	uint32_t first;  /* its value at the begin */
	uint32_t stale_cnt; /* looks that gave an old value */
	struct store *newest;
	struct seen *seen[MODEL_THREADS];
	/* The epochs of each thread's last accesses, for races. */
	uint32_t plain_load[MODEL_THREADS], plain_store[MODEL_THREADS];
	uint32_t atomic_load[MODEL_THREADS], atomic_store[MODEL_THREADS];
	uint8_t plain_load_mask[MODEL_THREADS], plain_store_mask[MODEL_THREADS];
	uint8_t atomic_load_mask[MODEL_THREADS];
	uint8_t atomic_store_mask[MODEL_THREADS];
};

/* All that were met in this run, in the order of that. */
extern struct loc **loc_used;
extern uint32_t loc_used_cnt;

/* The location's entry; NULL there: not met in this run. */
struct loc **loc_find(const uint32_t *at);
/* The same, made. */
struct loc *loc_of(const void *at);
/* Memory until the end of the run. */
void *loc_take(size_t bytes);
void clock_join(struct clock *to, const struct clock *from);
/* What this thread does from now on is not known to who learnt of it before. */
void clock_tick(void);
/* This thread has seen the store idx. */
void loc_see(struct loc *loc, uint32_t idx);
/* The oldest store that this thread may still see. */
uint32_t loc_floor(const struct loc *loc);
struct store *loc_append(struct loc *loc, uint32_t value);
/* Fails if another thread's access is a race with this one. */
void loc_races(struct loc *loc, bool is_store, bool is_plain, uint8_t mask);

/* access.c: which stores a load gives. */
const struct store *pick_one(struct loc *loc, bool oldest);
void pick_two(struct loc *low, struct loc *high, const struct store *pair[2],
    bool oldest);
/* The store of loc that is half of the same 8-byte store, if loc has one. */
const struct store *half_of(const struct loc *loc, uint64_t wide);

#endif
