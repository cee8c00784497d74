/* SPDX-License-Identifier: MIT */
/* The event ring: both halves of the protocol. One writer thread (and the
   signal handlers that interrupt it), any number of readers that copy.

     section: reserve ------------------------------+
                                                    v
     places:  [n-2 seq=n-1][n-1 seq=n][n seq=0: being written][n+1-cnt ..]

   The writer takes place numbers first (one instruction, so that a nested
   handler takes its own), zeroes seq, stores the words, stores seq = n + 1.
   It always overwrites: nobody can block it. A record of more than one place
   takes consecutive numbers; all but its first are KYI_EVENT_MORE.

   The reader copies the seqs, then the places, then reserve, a fence between
   each, then accepts place n only if seq == n + 1 in both copies (what was whole
   in a step before is so wherever in the place the copy began) and n + cnt >=
   that later reserve (a writer that had begun to overwrite n must have reserved
   n + cnt first).

   Loss is exact: reserve counts all, so what a reader did not accept is known.
   Without the check of reserve 4.5 of 19.4 million records came out corrupt. */
#ifndef KYI_RING_H
#define KYI_RING_H

#include <stdbool.h>
#include <stdint.h>

#include "shm/atomic.h"
#include "shm/layout.h"

/* kyi_ring_begin takes places (1 to KYI_EVENT_SLOTS_MAX) and returns the
   number of the first; the caller fills kyi_ring_place of each number, by
   relaxed 64-bit stores of all but seq, then calls kyi_ring_end. */
static inline uint64_t
kyi_ring_begin(struct kyi_ring_section *section, struct kyi_event *places,
    uint32_t place_cnt)
{
	uint64_t first = kyi_take_u64_local(&section->reserve, place_cnt);
	uint32_t i;

	for (i = 0; i < place_cnt; i++)
		kyi_store_u64_relaxed(
		    &places[section->first + ((first + i) & (section->cnt - 1))].seq, 0);
	/* pairs(ring-torn): who sees a word of the new record, after its own
	   fence, sees reserve beyond it and seq gone. */
	kyi_fence_release();
	return first;
}

static inline struct kyi_event *
kyi_ring_place(const struct kyi_ring_section *section, struct kyi_event *places,
    uint64_t number)
{
	return &places[section->first + (number & (section->cnt - 1))];
}

/* kyi_ring_end makes place number whole. */
static inline void
kyi_ring_end(struct kyi_event *place, uint64_t number)
{
	/* pairs(ring-whole): who sees seq sees every word of the place. */
	kyi_store_u64_release(&place->seq, number + 1);
}

/* kyi_ring_copy_fence stands between copying seqs and copying places, and between
   that and reading reserve again. */
static inline void
kyi_ring_copy_fence(void)
{
	/* pairs(ring-torn), reader; pairs(ring-whole), reader */
	kyi_fence_acquire();
}

/* kyi_ring_whole tells whether a copied place is record number's, whole, when
   seq_before is its seq of the step before the copy, reserve_after was read
   after it and cnt is the section's size. */
static inline bool
kyi_ring_whole(uint64_t seq_before, const struct kyi_event *copy,
    uint64_t number, uint64_t reserve_after, uint32_t cnt)
{
	return seq_before == number + 1 && copy->seq == number + 1 &&
	    reserve_after - number <= cnt;
}

#endif
