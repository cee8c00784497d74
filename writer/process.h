/* SPDX-License-Identifier: MIT */
/* The process: its region, its slots, and the lock around all that changes
   them. It lives in pages that a forked child sees as zeros (MADV_WIPEONFORK),
   however it was forked: a child has no region, no slot and a free lock, and
   makes its own region at its first record.

   A vfork child shares everything with its parent, which waits for it. It is
   known by its pid, and never takes the lock: it may be killed.

   Where the kernel does not wipe (before Linux 4.14) children of fork() are
   served by an atfork handler; those of a raw clone must not record. */
#ifndef KYI_PROCESS_H
#define KYI_PROCESS_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "shm/atomic.h"
#include "shm/region.h"
#include "writer/clock.h"
#include "writer/registry.h"
#include "writer/say.h"

/* All static TLS, so that no access allocates. */
#define KYI_TLS __thread __attribute__((tls_model(KYMO_TLS_MODEL)))

/* Losses, as in struct kyi_control. */
enum kyi_err {
	KYI_ERR_FULL,
	KYI_ERR_CARDINALITY,
	KYI_ERR_SLOTS,
	KYI_ERR_RING,
	KYI_ERR_BADCALL,
	KYI_ERR_CNT
};

/* A slot, as this process knows it; what is in the region may be overwritten
   by others. */
struct kyi_owner {
	uint32_t owned, tid, gen;
	uint32_t window_bytes; /* of its window, that are there */
};

struct kyi_process {
	uint32_t lock; /* 0 free, 1 held, 2 held and waited for */
	uint32_t pid;
	/* Which region this is, counted through all ancestors; 0: none.
	   Release, after everything below is true. */
	uint32_t epoch;
	bool entered; /* the registry is in order */
	struct kyi_region region;
	void *window0; /* slot 0's; NULL: it could not be made; release */
	char *shared;
	uint64_t grow_ns;    /* nothing is grown before, after a failure */
	uint64_t publish_ns; /* nor copied, while.. */
	bool is_behind;      /* ..some of the registry is not in the region */
	struct kyi_clock_pair clock_first; /* ticks 0: the system's clock.. */
	uint32_t clock_drifts; /* ..and from now on, when it is not 0 */
	uint64_t seed, seed_next; /* of threads' random numbers */
	uint64_t random_at;       /* of those without a slot */

	/* What of the registry is in the region. */
	uint32_t str_done_bytes, order_done_cnt, resource_done_cnt;
	uint32_t shared_done_cnt; /* series whose shared cell has its zero */

	uint32_t slot_high;
	uint64_t early_cnt[KYI_ERR_CNT]; /* losses before there was a region */
	uint64_t early_slow_cnt;
	struct kyi_owner owners[KYI_SLOT_MAX];
	/* Slot 0's histograms by index: the first cell of each HIST block. */
	void *hist0[KYI_HIST_MAX];
};

/* kyi_process returns the process, starting the library if need be. */
struct kyi_process *kyi_process(void);

/* kyi_enter begins a change: blocks all signals, so that no handler meets a
   lock that its own thread holds, and cancellation, and takes the lock. False
   in a vfork child, which may change nothing; then there is no kyi_leave. */
struct kyi_guard {
	struct kyi_process *process;
	sigset_t mask;
	bool is_masked;
	int cancel, errno_before;
};
bool kyi_enter(struct kyi_guard *guard);
void kyi_leave(struct kyi_guard *guard);

/* kyi_region_need makes the region if there is none, inside kyi_enter. False:
   there is no memory. */
bool kyi_region_need(struct kyi_process *process);

/* kyi_epoch returns the region's number; 0: none. What belongs to a non-zero
   epoch may be used from then on. */
static inline uint32_t
kyi_epoch(struct kyi_process *process)
{
	/* pairs(process-epoch): all of the region is there */
	return kyi_load_u32_acquire(&process->epoch);
}

/* kyi_may_grow: false for a second after something found no room, so that a
   full tmpfs does not cost a system call a record. */
#define KYI_RETRY_NS 1000000000u
bool kyi_may_grow(const struct kyi_process *process);
void kyi_grow_later(struct kyi_process *process);
/* kyi_full is that, counts it, and says what there was no room for. */
void kyi_full(struct kyi_process *process, const char *what);

/* kyi_count adds n losses. Anywhere. */
void kyi_count(enum kyi_err err, uint64_t n);
/* kyi_err_cnt reads them. */
uint64_t kyi_err_cnt(struct kyi_process *process, enum kyi_err err);

static inline uint64_t
kyi_clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Good to a few milliseconds, at a tenth of the price. */
static inline uint64_t
kyi_coarse_ns(void)
{
#ifdef CLOCK_MONOTONIC_COARSE
	return kyi_clock_ns(CLOCK_MONOTONIC_COARSE);
#else
	return kyi_clock_ns(CLOCK_MONOTONIC);
#endif
}

/* kyi_scramble makes a sequence of numbers look random (splitmix64). */
static inline uint64_t
kyi_scramble(uint64_t z)
{
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

#endif
