/* SPDX-License-Identifier: MIT */
/* A thread's place. A thread that records gets a slot: a window of counters
   that nobody else stores to, histograms and a ring of its own. It keeps it
   until it ends; then the next thread goes on in the same cells (nothing is
   folded or zeroed: there is no moment in which a kill could lose or double).

   A thread without a slot (there are none left, it is ending, it is a vfork
   child) uses slot 0's cells, by lock-prefixed adds. */
#ifndef KYI_THREAD_H
#define KYI_THREAD_H

#include <stdbool.h>
#include <stdint.h>

#include "writer/process.h"

/* Open spans whose ids are kept for their children; deeper ones are children
   of the last. */
#define KYI_OPEN_MAX 64u

/* What a slot's owner has in private memory, in pages that a child sees as
   zeros. kymo_tls_ points at its first member. */
struct kyi_thread {
	struct kymo_tls_ tls;
	uint32_t slot;
	uint32_t epoch;     /* of the region that tls points into */
	uint64_t random_at, random_step;
	struct kyi_clock_pair clock_at; /* where tls.clock begins */
	uint64_t exemplar_s; /* the second that exemplar_cnt counts */
	uint32_t exemplar_cnt;
	uint32_t open_cnt;  /* open spans, taken before they are filled */
	struct kymo_trace open[KYI_OPEN_MAX];
};

enum kyi_place_of {
	KYI_OWN,    /* kymo_tls_->window is there */
	KYI_SHARED, /* process->window0 is there; lock-prefixed adds */
	KYI_NOWHERE /* nothing is: count the loss */
};

/* kyi_thread_place gives this thread its place, if it has none yet. Anywhere. */
enum kyi_place_of kyi_thread_place(void);

/* kyi_thread_claim is the same inside kyi_enter. */
enum kyi_place_of kyi_thread_claim(struct kyi_process *process);

/* kyi_thread_own returns this thread's block; NULL: it has no slot. Not to be
   used in place of kyi_thread_place: it makes nothing. */
static inline struct kyi_thread *
kyi_thread_own(void)
{
	if (kymo_tls_->window == NULL || kyi_registry.env.off)
		return NULL;
	return (struct kyi_thread *)(void *)kymo_tls_;
}

/* kyi_shared_cell returns the shared cell at off, making what is needed; NULL:
   there is no region. */
uint64_t *kyi_shared_cell(uint32_t off);

/* kyi_random returns a number that no other thread of this process, nor of its
   ancestors, is likely to get. Anywhere. */
uint64_t kyi_random(void);
/* kyi_chance is true one time in n. */
bool kyi_chance(uint32_t n);
/* kyi_sampled_out counts a span or exemplar that sampling left out. */
void kyi_sampled_out(void);

/* kyi_thread_start makes the key whose destructor ends a thread's ownership;
   kyi_thread_forget is for a forked child. */
void kyi_thread_start(void);
void kyi_thread_forget(void);

#endif
