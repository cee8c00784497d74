/* SPDX-License-Identifier: MIT */
#include "tools/kymod_turns.h"

#include <time.h>

#define S_NS 1000000000u

void
kyi_turns_init(struct kyi_turns *turns)
{
	pthread_condattr_t attr;

	*turns = (struct kyi_turns){.work_cnt = 0};
	pthread_mutex_init(&turns->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&turns->work, &attr);
	pthread_cond_init(&turns->ask, &attr);
	pthread_condattr_destroy(&attr);
}

void
kyi_turns_destroy(struct kyi_turns *turns)
{
	pthread_cond_destroy(&turns->ask);
	pthread_cond_destroy(&turns->work);
	pthread_mutex_destroy(&turns->lock);
}

void
kyi_turns_work(struct kyi_turns *turns)
{
	pthread_mutex_lock(&turns->lock);
	turns->work_cnt++;
	while (turns->taken)
		pthread_cond_wait(&turns->work, &turns->lock);
	turns->work_cnt--;
	turns->taken = true;
	pthread_mutex_unlock(&turns->lock);
}

bool
kyi_turns_ask(struct kyi_turns *turns, uint64_t until_ns)
{
	const struct timespec until = {
		.tv_sec = (time_t)(until_ns / S_NS),
		.tv_nsec = (long)(until_ns % S_NS)
	};
	bool is_free;
	int wrong = 0;

	pthread_mutex_lock(&turns->lock);
	while (!(is_free = !turns->taken && turns->work_cnt == 0) && wrong == 0)
		wrong = pthread_cond_timedwait(&turns->ask, &turns->lock,
		    &until);
	if (is_free)
		turns->taken = true;
	pthread_mutex_unlock(&turns->lock);
	return is_free;
}

void
kyi_turns_done(struct kyi_turns *turns)
{
	pthread_mutex_lock(&turns->lock);
	turns->taken = false;
	if (turns->work_cnt > 0)
		pthread_cond_signal(&turns->work);
	else
		pthread_cond_signal(&turns->ask);
	pthread_mutex_unlock(&turns->lock);
}
