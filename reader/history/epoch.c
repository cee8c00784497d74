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
	epochs->spare_taken = false;
}

static void
free_until(struct kyi_epochs *epochs, struct kyi_retired *retired)
{
	while (retired != NULL) {
		struct kyi_retired *next = retired->next;

		retired->free_(retired->memory);
		if (retired != &epochs->spare) {
			free(retired);
		} else {
			pthread_mutex_lock(&epochs->lock);
			epochs->spare_taken = false;
			pthread_mutex_unlock(&epochs->lock);
		}
		retired = next;
	}
}

void
kyi_epochs_end(struct kyi_epochs *epochs)
{
	free_until(epochs, epochs->retired);
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
	pthread_mutex_lock(&epochs->lock);
	if (retired == NULL && !epochs->spare_taken) {
		epochs->spare_taken = true;
		retired = &epochs->spare;
	}
	if (retired != NULL) {
		*retired = (struct kyi_retired){ .epoch = epochs->now,
			.memory = memory, .free_ = free_ };
		*epochs->retired_end = retired;
		epochs->retired_end = &retired->next;
	}
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
	free_until(epochs, free_now);
}
