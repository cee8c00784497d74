/* SPDX-License-Identifier: MIT */
/* Whether the time of samples says what is too old. It does when it went as the
   machine's clock goes for a while: ten minutes; where it is far ahead of the
   time that was last believed, an hour, and an hour for each day of that. A
   machine that begins in 2099 drops nothing, one that was off for a month does
   a day later. */
#include "reader/history/store_db.h"

#define NS_IN_MS UINT64_C(1000000)
#define STEADY_MS INT64_C(600000)
#define STEADY_BY_MS 60000
#define HOUR_MS INT64_C(3600000)
#define DAY_MS (24 * HOUR_MS)
#define BELIEVED "believed_ms"

void
kyi_clock_load(struct kyi_store *store)
{
	int64_t newest_ms = INT64_MIN;

	for (uint32_t i = 0; i < store->feed_cnt; i++)
		if (store->feeds[i].newest_ms > newest_ms)
			newest_ms = store->feeds[i].newest_ms;
	store->believed_ms = store->noted_ms =
	    kyi_db_meta(&store->db, BELIEVED, newest_ms);
}

int
kyi_clock_note(struct kyi_store *store)
{
	int code = SQLITE_OK;

	if (store->steady && store->believed_ms != store->noted_ms)
		code = kyi_db_meta_put(&store->db, BELIEVED,
		    store->believed_ms);
	if (code == SQLITE_OK && store->steady)
		store->noted_ms = store->believed_ms;
	return code;
}

/* How long the clock, which was just set or is new to us, has to go on. */
static int64_t
wait_of(struct kyi_store *store)
{
	int64_t ahead_ms, wait_ms;

	if (store->believed_ms == INT64_MIN ||
	    store->now_ms < store->believed_ms)
		return STEADY_MS;
	ahead_ms = (int64_t)((uint64_t)store->now_ms -
	    (uint64_t)store->believed_ms);
	if (ahead_ms >= 0 && ahead_ms <= HOUR_MS)
		return STEADY_MS;
	wait_ms = ahead_ms < 0 ? INT64_MAX / DAY_MS : ahead_ms / 24;
	if (wait_ms < HOUR_MS)
		wait_ms = HOUR_MS;
	kyi_store_warn(store, "%s: the clock is %.1f days ahead of what was"
	    " kept before; nothing is dropped by its age until it has gone on"
	    " so for %.0f hours", store->path, (double)ahead_ms / DAY_MS,
	    (double)wait_ms / HOUR_MS);
	return wait_ms;
}

void
kyi_clock_look(struct kyi_store *store, uint64_t now_ns)
{
	int64_t by_ms = (int64_t)((now_ns - store->before_ns) / NS_IN_MS);

	if (!store->came)
		return;
	by_ms -= store->now_ms - store->before_ms;
	if (store->before_ns == 0 || by_ms > STEADY_BY_MS ||
	    by_ms < -STEADY_BY_MS) {
		store->steady_ns = now_ns;
		store->steady_wait_ms = wait_of(store);
	}
	store->before_ns = now_ns;
	store->before_ms = store->now_ms;
	store->steady = (int64_t)((now_ns - store->steady_ns) / NS_IN_MS) >=
	    store->steady_wait_ms;
	if (store->steady && store->now_ms > store->believed_ms)
		store->believed_ms = store->now_ms;
}
