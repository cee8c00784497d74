/* SPDX-License-Identifier: MIT */
/* One append of a feed: its time, who has a sample, who ended. */
#include <stdlib.h>
#include <string.h>

#include "reader/history/private.h"
#include "reader/history/store.h"
#include "shm/atomic.h"

#define TIMES_MORE 128u
#define SWEEP_EVERY 64u
#define WAITING_MAX 1024u

bool
kyi_series_live(const struct kyi_series *series)
{
	uint64_t ended = series->hists != NULL ? series->hists->ended :
	    series->floats.ended;

	return ended == KYI_NOT_ENDED;
}

bool
kyi_series_gone(const struct kyi_series *series)
{
	uint64_t keep_from = series->feed->keep_from;

	return series->hists != NULL ?
	    kyi_recent_hists_gone(series->hists, keep_from) :
	    kyi_recent_gone(&series->floats, keep_from);
}

void
kyi_series_free(void *memory)
{
	struct kyi_series *series = memory;

	kyi_recent_free(&series->floats);
	if (series->hists != NULL)
		kyi_recent_hists_free(series->hists);
	free(series->hists);
	free(series->labels);
	free(series);
}

struct kymo_feed *
kyi_feed_new(struct kymo_history *history, const char *name, uint32_t number)
{
	struct kymo_feed *feed = calloc(1, sizeof *feed);

	if (feed == NULL)
		return NULL;
	feed->history = history;
	feed->number = number;
	feed->last_cnt = UINT32_MAX;
	feed->last_ms = feed->journaled_ms = INT64_MIN;
	feed->framed_ms = feed->journaling_ms = INT64_MIN;
	feed->name = strdup(name);
	if (feed->name == NULL) {
		free(feed);
		return NULL;
	}
	return feed;
}

void
kyi_feed_free(struct kymo_feed *feed)
{
	for (uint32_t i = 0; i < feed->series_cnt; i++)
		kyi_series_free(feed->series[i]);
	free(feed->series);
	free(feed->order);
	free(feed->times);
	free(feed->name);
	free(feed);
}

/* ---- times ------------------------------------------------------------------------ */

/* What is not in the database yet stays, but not for ever. Of a segment that
   ended, times say nothing: that long after the next began. */
static bool
stays(const struct kymo_feed *feed, uint64_t i, int64_t at_ms)
{
	int64_t head_ms = (int64_t)feed->history->options.head_ms;
	const int64_t *time_ms = feed->times->at_ms;
	uint64_t first = feed->times->first;
	bool waits = feed->history->stores && i >= feed->framed;

	/* The clock may have gone far ahead just now. */
	if (waits && i >= feed->journaled && feed->cnt - i < WAITING_MAX)
		return true;
	if (i >= feed->begin)
		return time_ms[i - first] >= at_ms - (waits ? 2 : 1) * head_ms;
	return waits && (feed->begin == feed->cnt ||
	    time_ms[feed->begin - first] >= at_ms - head_ms);
}

static void
keep_from_set(struct kymo_feed *feed, int64_t at_ms)
{
	while (feed->keep_from < feed->cnt &&
	    !stays(feed, feed->keep_from, at_ms))
		feed->keep_from++;
	/* What is before it may go from now on: whoever finds a column, or times,
	   without that has seen this. */
	kyi_store_u64_relaxed(&feed->whole_from, feed->keep_from);
}

/* Room for so many more. */
static int
times_grow(struct kymo_feed *feed, uint32_t more)
{
	struct kyi_times *from = feed->times, *to;
	uint64_t first = feed->keep_from;
	uint32_t cnt, room;

	if (from != NULL && feed->cnt + more - from->first <= from->room)
		return 0;
	cnt = (uint32_t)(feed->cnt - first);
	room = cnt + cnt / 4 + more + TIMES_MORE;
	to = malloc(sizeof *to + room * sizeof to->at_ms[0]);
	if (to == NULL)
		return -1;
	to->first = first;
	to->room = room;
	if (cnt > 0)
		memcpy(to->at_ms, from->at_ms + (first - from->first),
		    cnt * sizeof to->at_ms[0]);
	/* pairs(feed-times) */
	kyi_store_ptr_release((void **)&feed->times, to);
	kyi_epoch_retire(&feed->history->epochs, from, free);
	return 0;
}

/* The clock was set back: what is in memory is for the database alone, which
   takes it as it takes all else. */
static void
segment_begin(struct kymo_feed *feed)
{
	feed->segment++;
	if (!feed->history->stores)
		feed->keep_from = feed->cnt;
	/* Whoever sees a sample of it, by the count, sees this. */
	kyi_store_u64_relaxed(&feed->begin, feed->cnt);
}

int
kyi_feed_restore(struct kymo_feed *feed, const int64_t *at_ms, uint32_t cnt)
{
	if (cnt == 0)
		return 0;
	if (times_grow(feed, cnt) != 0)
		return -1;
	memcpy(feed->times->at_ms + (feed->cnt - feed->times->first), at_ms,
	    cnt * sizeof *at_ms);
	feed->last_ms = at_ms[cnt - 1];
	kyi_store_u64_relaxed(&feed->cnt, feed->cnt + cnt);
	return 0;
}

bool
kyi_feed_begin(struct kymo_feed *feed, int64_t at_ms)
{
	feed->failed = false;
	feed->put_cnt = feed->again_cnt = 0;
	if (feed->last_ms != INT64_MIN && at_ms <= feed->last_ms) {
		if (at_ms >= feed->last_ms - KYI_LATE_MS) {
			feed->history->late_cnt++;
			return false;
		}
		segment_begin(feed);
	}
	keep_from_set(feed, at_ms);
	if (times_grow(feed, 1) != 0) {
		feed->failed = true;
		return false;
	}
	return true;
}

/* ---- series ----------------------------------------------------------------------- */

static int
feed_series_add(struct kymo_feed *feed, struct kyi_series *series)
{
	if (feed->series_cnt == feed->series_room) {
		uint32_t room = feed->series_room == 0 ? 64 :
		    feed->series_room * 2;
		void *more = realloc(feed->series, room * sizeof(void *));

		if (more == NULL)
			return -1;
		feed->series = more;
		feed->series_room = room;
	}
	series->in_feed = feed->series_cnt;
	feed->series[feed->series_cnt++] = series;
	return 0;
}

static struct kyi_series *
series_new(struct kymo_feed *feed, const struct kymo_labels *labels, bool hists)
{
	struct kyi_series *series = aligned_alloc(KYI_LINE_BYTES,
	    sizeof *series);

	if (series == NULL)
		return NULL;
	memset(series, 0, sizeof *series);
	series->feed = feed;
	series->ref = ++feed->history->made_cnt;
	kyi_recent_init(&series->floats);
	series->labels = kymo_labels_make(labels->at, labels->cnt);
	if (hists)
		series->hists = malloc(sizeof *series->hists);
	if (series->hists != NULL)
		kyi_recent_hists_init(series->hists);
	if (series->labels == NULL || (hists && series->hists == NULL)) {
		kyi_series_free(series);
		return NULL;
	}
	return series;
}

struct kyi_series *
kyi_feed_series(struct kymo_feed *feed, const struct kymo_labels *labels,
    bool hists)
{
	struct kymo_history *history = feed->history;
	struct kyi_series *series;
	bool taken, other;

	series = kyi_index_find(history->index, labels, feed, &taken, &other);
	if (series != NULL)
		return series;
	if (taken) {
		history->twice_cnt++;
		return NULL;
	}
	if (kyi_index_cnt(history->index) >= history->options.series_max) {
		history->refused_cnt++;
		return NULL;
	}
	/* Before it is in the index, whose lock orders it. */
	if (other)
		kyi_store_u32_relaxed(&history->takeover, 1);
	series = series_new(feed, labels, hists);
	if (series == NULL || feed_series_add(feed, series) != 0) {
		feed->failed = true;
		if (series != NULL)
			kyi_series_free(series);
		return NULL;
	}
	if (kyi_index_add(history->index, series) != 0) {
		feed->series_cnt--;
		kyi_series_free(series);
		feed->failed = true;
		return NULL;
	}
	return series;
}

bool
kyi_feed_put(struct kymo_feed *feed, struct kyi_series *series, double value,
    const struct kymo_native_hist *hist)
{
	struct kyi_epochs *epochs = &feed->history->epochs;
	int result;

	if (series->seen == feed->cnt + 1 ||
	    (hist != NULL) != (series->hists != NULL)) {
		feed->history->twice_cnt++;
		return false;
	}
	result = hist != NULL ?
	    kyi_recent_hists_put(series->hists, feed->cnt, hist,
	    feed->keep_from, epochs) :
	    kyi_recent_put(&series->floats, feed->cnt, value,
	    feed->keep_from, epochs);
	if (result != 0) {
		feed->failed = true;
		return true;
	}
	feed->put_cnt++;
	feed->again_cnt += series->seen == feed->cnt;
	series->seen = feed->cnt + 1;
	feed->history->sample_cnt++;
	return true;
}

static void
sweep(struct kymo_feed *feed)
{
	struct kymo_history *history = feed->history;
	uint32_t cnt = feed->series_cnt;

	if (feed == history->scans)
		kyi_scan_rows_sweep(history->rows);
	for (uint32_t i = 0; i < feed->order_cnt; i++)
		if (feed->order[i] != NULL && kyi_series_gone(feed->order[i]))
			feed->order[i] = NULL;
	/* Those that go are behind those that stay. */
	for (uint32_t i = 0; i < feed->series_cnt;) {
		struct kyi_series *series = feed->series[i];

		if (!kyi_series_gone(series)) {
			i++;
			continue;
		}
		feed->series[i] = feed->series[--feed->series_cnt];
		feed->series[i]->in_feed = i;
		feed->series[feed->series_cnt] = series;
	}
	if (feed->series_cnt == cnt)
		return;
	kyi_index_remove(history->index, feed->series + feed->series_cnt,
	    cnt - feed->series_cnt);
	while (cnt > feed->series_cnt)
		kyi_epoch_retire(&history->epochs, feed->series[--cnt],
		    kyi_series_free);
}

static void
end_others(struct kymo_feed *feed)
{
	struct kyi_epochs *epochs = &feed->history->epochs;
	uint64_t i = feed->cnt;

	/* The same series as the last time: all others had ended then. */
	if (feed->put_cnt == feed->last_cnt && feed->again_cnt == feed->put_cnt)
		return;
	for (uint32_t k = 0; k < feed->series_cnt; k++) {
		struct kyi_series *series = feed->series[k];

		if (series->seen == i + 1 || !kyi_series_live(series))
			continue;
		if ((series->hists != NULL ?
		    kyi_recent_hists_end(series->hists, i, feed->keep_from,
		    epochs) : kyi_recent_end(&series->floats, i,
		    feed->keep_from, epochs)) != 0)
			feed->failed = true;
	}
}

int
kyi_feed_finish(struct kymo_feed *feed, int64_t at_ms)
{
	end_others(feed);
	feed->last_cnt = feed->failed ? UINT32_MAX : feed->put_cnt;
	feed->times->at_ms[feed->cnt - feed->times->first] = at_ms;
	feed->last_ms = at_ms;
	/* pairs(feed-cnt): whoever sees it sees its samples, and its time. */
	kyi_store_u64_release(&feed->cnt, feed->cnt + 1);
	if (feed->cnt % SWEEP_EVERY == 0)
		sweep(feed);
	kyi_epoch_pass(&feed->history->epochs);
	return feed->failed ? -1 : 0;
}
