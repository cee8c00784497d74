/* SPDX-License-Identifier: MIT */
/* Between the parts of the explorer. */
#ifndef MODEL_MEMORY_H
#define MODEL_MEMORY_H

#include <string.h>

#include "tests/model/explore.h"

/* The explorer's own are no part of a model (-Wl,--wrap). */
void *__real_memcpy(void *to, const void *from, size_t bytes);
void *__real_memset(void *at, int c, size_t bytes);
int __real_memcmp(const void *a, const void *b, size_t bytes);
#define memcmp __real_memcmp
#define memcpy __real_memcpy
#define memset __real_memset

/* What a thread knows of the others: how far each of them is. */
struct clock {
	uint32_t at[MODEL_THREADS];
};

struct knows {
	struct clock now;      /* happens before what this thread does next */
	struct clock acquired; /* the same after an acquire fence */
	struct clock released; /* at the last release fence */
	bool is_private;
	bool is_child; /* of a fork, in memory of its own */
};

/* The thread that runs. */
extern struct knows *model_me;
extern uint32_t model_me_idx;

void model_memory_begin(void);
void model_memory_end(void); /* all is as it was at the begin */

uint64_t model_load(const void *at, uint32_t bytes, int order);
void model_store(void *at, uint32_t bytes, uint64_t value, int order);
/* The new value of a read-modify-write. */
typedef uint64_t model_step(uint64_t was, uint64_t operand);
uint64_t model_rmw(void *at, uint32_t bytes, model_step *step,
    uint64_t operand, int order);
bool model_cas(void *at, uint32_t bytes, uint64_t *expected, uint64_t desired,
    int order, int failure_order);
void model_fence(int order);
/* An order that is said, not made. */
void model_say(void *at, bool is_release);
/* Before the access is made. */
void model_plain(const void *at, size_t bytes, bool is_store);
/* Memory that this thread was given, zeros after what was there before. */
void model_fresh(void *at, size_t bytes);
/* A child's memory: of each location some value that this thread may see, and
   with each all that happens before it. */
void model_memory_fork(void);
/* A handler's memory is such a one too, of what its thread did; in the end its
   thread goes on with what it stored itself. */
void model_memory_interrupt(void);
void model_memory_resume(void);
/* Plain stores that were announced have happened. */
void model_settle(void);

/* os_fake.c: a page of a file is there, and this thread knows. */
void model_page_used(const void *at);

/* choose.c: the first run of all, the same choices from the begin, the next run
   of at most departures (false: there is none), or one by a seed. */
void model_choose_first(void);
void model_choose_again(void);
bool model_next_run(uint32_t departures);
void model_choose_random(uint64_t seed);
/* How old a location of this number is to a look: one of cnt. In half of
   the random runs it is what it was at the last look, as far as it can be. */
uint32_t model_choose_at(uint32_t cnt, uint32_t number);
bool model_is_sticky(void);
/* explore.c: memory that model_memory gave. */
bool model_is_heap(const void *at);
/* Somebody else may run now. */
void model_turn(void);
/* Addresses that belong to one thread alone. */
bool model_is_own(const void *at);
bool model_signal_fences(void);

/* weaken.c: order, or what is left of it where the site is weakened. */
int model_order(int order);
extern const char *model_weak;
extern bool model_weak_met;
/* The last site that was met. */
extern const char *model_site;
const char *model_site_last(void);

#endif
