/* SPDX-License-Identifier: MIT */
#include "reader/history/store.h"

struct kyi_store *
kyi_store_new(struct kymo_history *history, struct kymo_error *error)
{
	(void)history;
	kymo_error_set(error, "history: no database yet; leave path out");
	return NULL;
}

void
kyi_store_delete(struct kyi_store *store)
{
	(void)store;
}

int
kyi_store_select(struct kyi_store *store, struct kyi_selection *selection,
    const struct kymo_select *what, struct kymo_error *error)
{
	(void)store;
	(void)selection;
	(void)what;
	(void)error;
	return 0;
}

void
kyi_store_segment(struct kyi_store *store, struct kymo_feed *feed)
{
	(void)store;
	(void)feed;
}

bool
kyi_store_step(struct kyi_store *store, uint64_t now_mono_ns)
{
	(void)store;
	(void)now_mono_ns;
	return false;
}

uint64_t
kyi_store_next_ns(const struct kyi_store *store)
{
	(void)store;
	return UINT64_MAX;
}

int
kyi_store_flush(struct kyi_store *store, struct kymo_error *error)
{
	(void)store;
	(void)error;
	return 0;
}

void
kyi_store_stats(struct kyi_store *store, struct kymo_history_stats *stats)
{
	(void)store;
	(void)stats;
}
