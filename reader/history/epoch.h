/* SPDX-License-Identifier: MIT */
/* Memory that readers may still look at. Whoever reads enters, and leaves;
   what is retired meanwhile is freed when all are gone that were in at that
   time. Entering takes a lock for some nanoseconds; reading takes none. */
#ifndef KYI_HISTORY_EPOCH_H
#define KYI_HISTORY_EPOCH_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct kyi_reading {
	struct kyi_reading *next, *before;
	uint64_t epoch;
};

struct kyi_retired {
	struct kyi_retired *next;
	uint64_t epoch;
	void *memory;
	void (*free_)(void *memory);
};

struct kyi_epochs {
	pthread_mutex_t lock;
	uint64_t now;
	struct kyi_reading in; /* a ring */
	struct kyi_retired *retired, **retired_end;
	struct kyi_retired spare; /* for when there is no memory */
	bool spare_taken;
};

void kyi_epochs_init(struct kyi_epochs *epochs);
/* Frees all. Nobody reads. */
void kyi_epochs_end(struct kyi_epochs *epochs);

void kyi_epoch_enter(struct kyi_epochs *epochs, struct kyi_reading *reading);
void kyi_epoch_leave(struct kyi_epochs *epochs, struct kyi_reading *reading);

/* kyi_epoch_retire frees memory some time after kyi_epoch_pass; what points to
   it is already gone. Without memory to note it, more than once before the next
   kyi_epoch_pass, it is never freed. */
void kyi_epoch_retire(struct kyi_epochs *epochs, void *memory,
    void (*free_)(void *memory));
void kyi_epoch_pass(struct kyi_epochs *epochs);

#endif
