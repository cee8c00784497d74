/* SPDX-License-Identifier: MIT */
/* CLOCK_MONOTONIC by the processor's counter. A thread's clock is a line (of
   kymo.h's struct kymo_clock_) that holds for a second. Then it asks the system
   what time it is and goes on with the rate of the second before: it follows
   the system's clock as that is adjusted, never goes back, and is given up,
   by all threads, when the two drift apart by more than any adjustment: the
   machine slept, or moved to another with another counter.

   Timers take the counter's ticks themselves as their start, and at their stop
   the difference by the line's rate. */
#ifndef KYI_CLOCK_H
#define KYI_CLOCK_H

#include <stdint.h>

#include "writer/public.h"

/* Both clocks, read together: ns is from one of apart_ticks around ticks. */
struct kyi_clock_pair {
	uint64_t ticks, ns, apart_ticks;
};

enum kyi_clock_is {
	KYI_CLOCK_EARLY, /* too soon to know the rate */
	KYI_CLOCK_GOOD,
	KYI_CLOCK_DRIFTS
};

/* kyi_clock_next makes *next, the line that begins at now. *last is the one
   that ended, which began at `at`; with ns_28 0 there was none, and `at` is when
   the process began: a rate is known when both pairs are exact to some parts in
   10,000 of what is between them. Pure. */
enum kyi_clock_is kyi_clock_next(struct kymo_clock_ *next,
    const struct kymo_clock_ *last, struct kyi_clock_pair at,
    struct kyi_clock_pair now);

struct kyi_process;
struct kyi_thread;

/* kyi_clock_start tells which clock the process has, kyi_clock_claim gives
   it to a thread. */
void kyi_clock_start(struct kyi_process *process);
void kyi_clock_claim(const struct kyi_process *process,
    struct kyi_thread *thread);

#endif
