/* SPDX-License-Identifier: MIT */
#include "reader/history/epoch.h"

#include <stdlib.h>

void
kyi_epochs_init(struct kyi_epochs *epochs)
{
	pthread_mutex_init(&epochs->lock, NULL);
	epochs->now = 1;
	epochs->in.next = epochs->in.before = &epochs->in;
	epochs->retired = NULL;
	epochs->retired_end = &epochs->retired;
}

static void
free_until(struct kyi_retired *retired)
{
	while (retired != NULL) {
		struct kyi_retired *next = retired->next;

		retired->free_(retired->memory);
		free(retired);
		retired = next;
	}
}

void
kyi_epochs_end(struct kyi_epochs *epochs)
{
	free_until(epochs->retired);
	pthread_mutex_destroy(&epochs->lock);
}

/* Newest first: the ring's last is the oldest. */
void
kyi_epoch_enter(struct kyi_epochs *epochs, struct kyi_reading *reading)
{
	pthread_mutex_lock(&epochs->lock);
	reading->epoch = epochs->now;
	reading->next = epochs->in.next;
	reading->before = &epochs->in;
	reading->next->before = reading->before->next = reading;
	pthread_mutex_unlock(&epochs->lock);
}

void
kyi_epoch_leave(struct kyi_epochs *epochs, struct kyi_reading *reading)
{
	pthread_mutex_lock(&epochs->lock);
	reading->next->before = reading->before;
	reading->before->next = reading->next;
	pthread_mutex_unlock(&epochs->lock);
}

void
kyi_epoch_retire(struct kyi_epochs *epochs, void *memory,
    void (*free_)(void *memory))
{
	struct kyi_retired *retired;

	if (memory == NULL)
		return;
	retired = malloc(sizeof *retired);
	if (retired == NULL)
		return;
	retired->next = NULL;
	retired->memory = memory;
	retired->free_ = free_;
	pthread_mutex_lock(&epochs->lock);
	retired->epoch = epochs->now;
	*epochs->retired_end = retired;
	epochs->retired_end = &retired->next;
	pthread_mutex_unlock(&epochs->lock);
}

void
kyi_epoch_pass(struct kyi_epochs *epochs)
{
	struct kyi_retired *free_now = NULL, **end = &free_now;
	uint64_t oldest;

	pthread_mutex_lock(&epochs->lock);
	oldest = epochs->in.before == &epochs->in ? UINT64_MAX :
	    epochs->in.before->epoch;
	if (epochs->retired != NULL)
		epochs->now++;
	while (epochs->retired != NULL && epochs->retired->epoch < oldest) {
		*end = epochs->retired;
		end = &epochs->retired->next;
		epochs->retired = epochs->retired->next;
	}
	*end = NULL;
	if (epochs->retired == NULL)
		epochs->retired_end = &epochs->retired;
	pthread_mutex_unlock(&epochs->lock);
	free_until(free_now);
}
