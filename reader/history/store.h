/* SPDX-License-Identifier: MIT */
/* The database of a history. */
#ifndef KYI_HISTORY_STORE_H
#define KYI_HISTORY_STORE_H

#include "reader/history/private.h"

struct kyi_selection;

/* Opens it, and reads the journal back into the history's feeds. */
struct kyi_store *kyi_store_new(struct kymo_history *history,
    struct kymo_error *error);
/* Writes what is not yet written. */
void kyi_store_delete(struct kyi_store *store);

/* Adds what is older than memory has. */
KYMO_MUST_CHECK int kyi_store_select(struct kyi_store *store,
    struct kyi_selection *selection, const struct kymo_select *what,
    struct kymo_error *error);

bool kyi_store_step(struct kyi_store *store, uint64_t now_mono_ns);
uint64_t kyi_store_next_ns(const struct kyi_store *store);
KYMO_MUST_CHECK int kyi_store_flush(struct kyi_store *store,
    struct kymo_error *error);
void kyi_store_stats(struct kyi_store *store,
    struct kymo_history_stats *stats);

#endif
