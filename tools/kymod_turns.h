/* SPDX-License-Identifier: MIT */
/* A lock with two doors. Whoever works takes it as soon as it is free; whoever
   only asks waits until nobody who works waits for it. So the work waits for at
   most one of those who ask, however many there are and however often they
   come; each of them is to be done soon, and to come again for the rest. */
#ifndef KYI_KYMOD_TURNS_H
#define KYI_KYMOD_TURNS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct kyi_turns {
	pthread_mutex_t lock; /* of the rest, for moments */
	pthread_cond_t work, ask;
	uint32_t work_cnt; /* who wait to work */
	bool taken;
};

void kyi_turns_init(struct kyi_turns *turns);
void kyi_turns_destroy(struct kyi_turns *turns);
/* kyi_turns_work takes it, before all who ask. */
void kyi_turns_work(struct kyi_turns *turns);
/* kyi_turns_ask takes it; false: not until the time, CLOCK_MONOTONIC. */
bool kyi_turns_ask(struct kyi_turns *turns, uint64_t until_ns);
void kyi_turns_done(struct kyi_turns *turns);

#endif
