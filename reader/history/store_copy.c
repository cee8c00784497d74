/* SPDX-License-Identifier: MIT */
/* A feed as it is at one time, and which of its appends become one frame. */
#include <stdlib.h>
#include <string.h>

#include "reader/history/store_db.h"

/* ---- a feed as it is ------------------------------------------------------------ */

static int
copy_room(struct kyi_feed_copy *copy, uint32_t series_cnt, uint32_t time_cnt)
{
	void *more;

	if (series_cnt > copy->series_room) {
		more = realloc(copy->series, series_cnt * sizeof(void *));
		if (more == NULL)
			return -1;
		copy->series = more;
		copy->series_room = series_cnt;
	}
	if (time_cnt > copy->time_room) {
		more = realloc(copy->at_ms, time_cnt * sizeof *copy->at_ms);
		if (more == NULL)
			return -1;
		copy->at_ms = more;
		copy->time_room = time_cnt;
	}
	return 0;
}

int
kyi_copy_take(struct kyi_store *store, struct kymo_feed *feed, uint64_t from)
{
	struct kyi_feed_copy *copy = &store->copy;
	int result;

	pthread_mutex_lock(&store->history->lock);
	if (from < feed->keep_from)
		from = feed->keep_from;
	copy->feed = feed;
	copy->segment = feed->segment;
	copy->from = from;
	copy->end = copy->limit = feed->cnt;
	copy->series_cnt = feed->series_cnt;
	result = copy_room(copy, feed->series_cnt + 1,
	    (uint32_t)(feed->cnt - from) + 1);
	if (result == 0 && feed->series_cnt > 0)
		memcpy(copy->series, feed->series,
		    feed->series_cnt * sizeof(void *));
	if (result == 0 && feed->cnt > from)
		memcpy(copy->at_ms, feed->times->at_ms +
		    (from - feed->times->first),
		    (feed->cnt - from) * sizeof *copy->at_ms);
	pthread_mutex_unlock(&store->history->lock);
	return result == 0 ? SQLITE_OK : SQLITE_NOMEM;
}

static int
by_id(const void *a_at, const void *b_at)
{
	const struct kyi_series *a = *(struct kyi_series *const *)a_at;
	const struct kyi_series *b = *(struct kyi_series *const *)b_at;

	return a->id < b->id ? -1 : a->id > b->id;
}

void
kyi_copy_sort(struct kyi_feed_copy *copy)
{
	if (copy->series_cnt > 1)
		qsort(copy->series, copy->series_cnt, sizeof(void *), by_id);
}

/* ---- which appends ---------------------------------------------------------------- */

/* A sample a step; one that comes a little early, as timers do, is kept. */
static bool
wanted(int64_t at_ms, int64_t before_ms, uint64_t step_ms)
{
	return before_ms == INT64_MIN || at_ms < before_ms ||
	    (uint64_t)(at_ms - before_ms) >= step_ms - step_ms / 4;
}

bool
kyi_stretch_take(struct kyi_store *store, uint64_t from, int64_t before_ms,
    uint64_t span_ms)
{
	const struct kyi_feed_copy *copy = &store->copy;
	struct kyi_stretch *stretch = &store->stretch;
	uint64_t step_ms = store->history->options.tiers[0].step_ms;
	uint32_t cnt = (uint32_t)(copy->end - copy->from);
	uint32_t first = (uint32_t)(from - copy->from);
	uint32_t limit = (uint32_t)(copy->limit - copy->from);

	stretch->from = stretch->end = from;
	stretch->segment = copy->segment;
	stretch->cnt = 0;
	stretch->cut = false;
	for (uint32_t i = first; i < limit; i++) {
		int64_t at_ms = copy->at_ms[i];
		int64_t gap_ms = i > first ? at_ms - copy->at_ms[i - 1] : 0;

		if (stretch->cnt > 0 && (gap_ms < 0 ||
		    (uint64_t)gap_ms > span_ms ||
		    stretch->cnt == KYI_FRAME_SAMPLES_MAX ||
		    at_ms - stretch->at_ms[0] >= (int64_t)span_ms)) {
			stretch->cut = true;
			break;
		}
		if (!wanted(at_ms, before_ms, step_ms))
			continue;
		before_ms = at_ms;
		stretch->at[stretch->cnt] = i;
		stretch->at_ms[stretch->cnt++] = at_ms;
		stretch->end = copy->from + i + 1;
	}
	/* Each time that goes back began a segment. */
	for (uint32_t i = (uint32_t)(stretch->end - copy->from); i > 0 &&
	    i < cnt; i++)
		stretch->segment -= copy->at_ms[i] < copy->at_ms[i - 1];
	stretch->dense = stretch->cnt == stretch->end - stretch->from;
	return stretch->cnt > 0;
}
