/* SPDX-License-Identifier: MIT */
/* A lock, and how long one waits for it. */
#include "tools/kymod_health.h"

#include <errno.h>

int
kyi_lock_init(struct kyi_lock *lock)
{
	pthread_condattr_t attributes;
	int wrong = pthread_condattr_init(&attributes);

	lock->taken = false;
	pthread_mutex_init(&lock->mutex, NULL);
	if (wrong != 0)
		return wrong;
	wrong = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	if (wrong == 0)
		wrong = pthread_cond_init(&lock->free, &attributes);
	pthread_condattr_destroy(&attributes);
	return wrong;
}

void
kyi_lock_destroy(struct kyi_lock *lock)
{
	pthread_cond_destroy(&lock->free);
	pthread_mutex_destroy(&lock->mutex);
}

void
kyi_lock_take(struct kyi_lock *lock)
{
	pthread_mutex_lock(&lock->mutex);
	while (lock->taken)
		pthread_cond_wait(&lock->free, &lock->mutex);
	lock->taken = true;
	pthread_mutex_unlock(&lock->mutex);
}

bool
kyi_lock_take_within(struct kyi_lock *lock, uint64_t patience_ns)
{
	uint64_t until_ns = kyi_monotonic_ns() + patience_ns;
	const struct timespec until = {
		.tv_sec = (time_t)(until_ns / 1000000000),
		.tv_nsec = (long)(until_ns % 1000000000)
	};
	bool free;

	pthread_mutex_lock(&lock->mutex);
	while (lock->taken && pthread_cond_timedwait(&lock->free, &lock->mutex,
	    &until) != ETIMEDOUT)
		;
	free = !lock->taken;
	lock->taken = true;
	pthread_mutex_unlock(&lock->mutex);
	return free;
}

void
kyi_lock_leave(struct kyi_lock *lock)
{
	pthread_mutex_lock(&lock->mutex);
	lock->taken = false;
	pthread_cond_signal(&lock->free);
	pthread_mutex_unlock(&lock->mutex);
}
