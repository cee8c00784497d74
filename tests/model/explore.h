/* SPDX-License-Identifier: MIT */
/* An explorer of what C11's memory model allows.

   A model is two to four threads that call the product's own functions. They
   run as fibers, one at a time. Each location keeps all values that were ever
   stored to it; a load may give any that coherence and happens-before allow,
   a read-modify-write the newest; release, acquire and fences carry clocks
   (RC11 without load buffering; modification order is the order of the run;
   release sequences are of read-modify-writes, as in C++20). A plain access
   that another thread's access does not happen before or after is a fault.

   What to run next and which value a load gives are choices. The plain run
   takes the first each time: no preemption, newest values. Explored are all
   runs that depart from it at most `departures` times (as far as `runs` go),
   and then `walks` runs with random choices of fixed seeds; in half of these a
   location is equally old whenever it is looked at. */
#ifndef MODEL_EXPLORE_H
#define MODEL_EXPLORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MODEL_THREADS 4u

struct model {
	const char *name;
	/* Before the first run, outside of the model; what it stores is there
	   at the begin of each run. May be NULL. */
	void (*setup)(void);
	/* Each in a thread of its own, up to the first NULL. */
	void (*thread[MODEL_THREADS])(void);
	/* After all threads; sees everything. May be NULL. */
	void (*check)(void);
	/* Thread after thread, none preempted: enough where the later ones store
	   nothing that the earlier read, since a load gives old values, too. */
	bool in_turn;
	/* Only the first is preempted, by others that run until they end or
	   wait: what a reader sees of them in the middle it sees as old values. */
	bool only_first;
	/* The first thread is the one that made the setup. */
	bool goes_on;
	/* Signal fences count: a later thread is a handler of the first. */
	bool is_handler;
	uint32_t departures, runs, walks;
};

/* ---- for models -------------------------------------------------------- */

/* The run fails with this sentence. */
void model_fail(const char *why) __attribute__((noreturn));
#define model_assert(true_, why) ((true_) ? (void)0 : model_fail(why))
/* 0 to cnt - 1. */
uint32_t model_choose(uint32_t cnt);
/* This thread's plain accesses are its own business (a reader in a process of
   its own) from now on, or again not: neither seen by others nor checked. */
void model_private(bool is_private);
/* A kernel's copy: words of 8 bytes, each a relaxed load, in no order. */
void model_copy(void *to, const void *from, size_t bytes);
/* fork: this thread goes on as the child, alone, in a copy of memory: of what
   the others did it has some, and with each store all that happens before. */
void model_fork(void);
/* In a child: pages that are zeros there. */
void model_wipe(void *at, size_t bytes);
/* A futex. It orders nothing. */
void model_wait(const uint32_t *word, uint32_t value);
void model_wake(const uint32_t *word);
/* Memory that is given back at the end of each run; not zeroed. */
void *model_memory(size_t bytes);

/* ---- for the fake system ------------------------------------------------ */

bool model_running(void); /* inside a thread of a model */
uint32_t model_thread(void); /* which */

/* ---- for main ------------------------------------------------------------ */

struct model_result {
	uint64_t runs;
	bool failed, weak_met;
	char why[200];
};

/* weak: a site whose order is left out, "path:line", "path:line:acquire" or
   "path:line:release"; or several with + between them; NULL: none. */
void model_explore(const struct model *model, const char *weak,
    struct model_result *result);
/* Calls with each site that any run of this process met. */
void model_sites(void (*with)(const char *site));

#endif
