/* SPDX-License-Identifier: MIT */
/* Lanes: threads for answers that take time, so that no thread of the HTTP
   library ever waits for one. Who comes first is served first; past queue_max
   nobody gets in. */
#ifndef KYI_SERVE_LANE_H
#define KYI_SERVE_LANE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#define KYI_LANE_THREAD_MAX 64u

struct kyi_job {
	struct kyi_job *next;
	const void *owner; /* whose: a listener */
	/* Atomic; not 0 when the lane is cleared of the owner's: none comes in
	   after that. NULL: may always. */
	const uint32_t *closing;
	/* Does it, on a thread of the lane. */
	void (*run)(struct kyi_job *job);
	/* It is done: under the lane's lock, and the lane forgets it first, so
	   that the job may be gone at once. */
	void (*done)(struct kyi_job *job);
	uint32_t ending; /* atomic: run had better return soon */
};

struct kyi_lane {
	pthread_mutex_t lock;
	pthread_cond_t more, fewer;
	struct kyi_job *first, **last;
	struct kyi_job *running[KYI_LANE_THREAD_MAX];
	pthread_t threads[KYI_LANE_THREAD_MAX];
	uint32_t thread_cnt; /* of whoever makes them; as many are enough */
	uint32_t running_cnt, run_max, waiting_cnt, queue_max;
	bool ending, modest;
};

/* -1: no memory or thread. modest: its threads take the processor after others
   do (nice). */
int kyi_lane_init(struct kyi_lane *lane, uint32_t thread_cnt,
    uint32_t queue_max, bool modest);
/* Makes threads, up to so many; -1: there are not so many. Then: how many of
   them work at once, and how many jobs wait. */
int kyi_lane_grow(struct kyi_lane *lane, uint32_t thread_cnt);
void kyi_lane_bound(struct kyi_lane *lane, uint32_t run_max,
    uint32_t queue_max);
/* No job may be in it. */
void kyi_lane_end(struct kyi_lane *lane);
/* false: it is full, or the owner closes. */
bool kyi_lane_push(struct kyi_lane *lane, struct kyi_job *job);
/* Tells owner's jobs to end, and waits until they have. */
void kyi_lane_clear(struct kyi_lane *lane, const void *owner);
void kyi_lane_cnt(struct kyi_lane *lane, uint32_t *running_cnt,
    uint32_t *waiting_cnt);

#endif
