/* SPDX-License-Identifier: MIT */
#include "reader/history/history.h"

#include <stdlib.h>
#include <string.h>

#include "reader/history/private.h"
#include "reader/history/store.h"
#include "shm/atomic.h"

#define MINUTE_MS UINT64_C(60000)
#define HOUR_MS (60 * MINUTE_MS)
#define DAY_MS (24 * HOUR_MS)
#define SCANS "scans"
#define PATH_BYTES_MAX 3900u

static const struct kymo_history_tier default_tiers[KYMO_TIER_MAX] = {
	{ 1000, 48 * HOUR_MS, 0 },
	{ 15000, 14 * DAY_MS, 0 },
	{ 5 * MINUTE_MS, 400 * DAY_MS, 0 },
};

int
kyi_history_options(struct kymo_history_options *options,
    struct kymo_error *error)
{
	uint64_t step_ms = 0;
	int i;

	if (options->head_ms == 0)
		options->head_ms = 15 * MINUTE_MS;
	if (options->journal_ms == 0)
		options->journal_ms = 10000;
	if (options->frame_ms == 0)
		options->frame_ms = 512000;
	if (options->series_max == 0)
		options->series_max = 500000;
	if (options->block_series == 0)
		options->block_series = 64;
	if (options->tiers[0].step_ms == 0)
		memcpy(options->tiers, default_tiers, sizeof default_tiers);
	for (i = 0; i < KYMO_TIER_MAX; i++) {
		if (options->tiers[i].step_ms == 0)
			break;
		if (options->tiers[i].step_ms <= step_ms)
			return kymo_error_set(error, "tiers of the history:"
			    " each step must be longer than the one before");
		step_ms = options->tiers[i].step_ms;
	}
	if (options->path != NULL && strlen(options->path) > PATH_BYTES_MAX)
		return kymo_error_set(error, "history: too long a path");
	for (; i < KYMO_TIER_MAX; i++)
		if (options->tiers[i].step_ms != 0)
			return kymo_error_set(error, "tiers of the history:"
			    " one without a step, before one that has one");
	if (options->path != NULL && options->frame_ms >= options->head_ms)
		return kymo_error_set(error, "frames of %llu ms do not fit into"
		    " the %llu ms that are kept in memory",
		    (unsigned long long)options->frame_ms,
		    (unsigned long long)options->head_ms);
	if (options->block_series > KYI_BLOCK_SERIES_MAX)
		return kymo_error_set(error, "a block has at most %u series",
		    KYI_BLOCK_SERIES_MAX);
	return 0;
}

struct kymo_history *
kymo_history_new(const struct kymo_history_options *options,
    struct kymo_error *error)
{
	struct kymo_history *history = calloc(1, sizeof *history);

	if (history == NULL) {
		kymo_error_set(error, "no memory");
		return NULL;
	}
	history->options = *options;
	history->stores = options->path != NULL;
	if (kyi_history_options(&history->options, error) != 0) {
		free(history);
		return NULL;
	}
	pthread_mutex_init(&history->lock, NULL);
	kyi_epochs_init(&history->epochs);
	history->source = (struct kymo_source){ history, kyi_select,
		kyi_select_done };
	history->index = kyi_index_new();
	history->rows = kyi_scan_rows_new();
	if (history->index == NULL || history->rows == NULL) {
		kymo_error_set(error, "no memory");
		goto fail;
	}
	if (kyi_store_new(history, error) == NULL)
		goto fail;
	history->scans = kymo_history_feed(history, SCANS);
	if (history->scans != NULL)
		return history;
	kymo_error_set(error, "no memory");
fail:
	kymo_history_delete(history);
	return NULL;
}

void
kymo_history_delete(struct kymo_history *history)
{
	if (history == NULL)
		return;
	kyi_store_delete(history->store);
	kyi_index_delete(history->index);
	kyi_scan_rows_delete(history->rows);
	while (history->feeds != NULL) {
		struct kymo_feed *next = history->feeds->next;

		kyi_feed_free(history->feeds);
		history->feeds = next;
	}
	kyi_epochs_end(&history->epochs);
	pthread_mutex_destroy(&history->lock);
	free(history);
}

/* ---- samples come in -------------------------------------------------------------- */

struct kymo_feed *
kymo_history_feed(struct kymo_history *history, const char *name)
{
	struct kymo_feed *feed;

	pthread_mutex_lock(&history->lock);
	for (feed = history->feeds; feed != NULL; feed = feed->next)
		if (strcmp(feed->name, name) == 0)
			break;
	if (feed == NULL) {
		feed = kyi_feed_new(history, name, history->feed_cnt + 1);
		if (feed != NULL) {
			feed->next = history->feeds;
			history->feeds = feed;
			history->feed_cnt++;
		}
	}
	pthread_mutex_unlock(&history->lock);
	return feed;
}

int
kymo_history_append(struct kymo_history *history, const struct kymo_scan *scan)
{
	struct kymo_feed *feed = history->scans;
	int64_t at_ms = (int64_t)(scan->at_ns / 1000000);
	int result = 0;

	pthread_mutex_lock(&history->lock);
	if (kyi_feed_begin(feed, at_ms)) {
		kyi_scan_rows_put(history->rows, feed, scan);
		result = kyi_feed_finish(feed, at_ms);
	} else if (feed->failed)
		result = -1;
	pthread_mutex_unlock(&history->lock);
	return result;
}

static int
order_room(struct kymo_feed *feed, uint32_t cnt)
{
	struct kyi_series **more;

	if (cnt <= feed->order_room)
		return 0;
	more = realloc(feed->order, cnt * sizeof *more);
	if (more == NULL)
		return -1;
	memset(more + feed->order_room, 0,
	    (cnt - feed->order_room) * sizeof *more);
	feed->order = more;
	feed->order_room = cnt;
	return 0;
}

/* Rows are mostly the same from time to time, and in the same order. */
static void
row_put(struct kymo_feed *feed, uint32_t i, const struct kymo_history_row *row)
{
	struct kyi_series *series = i < feed->order_cnt ? feed->order[i] : NULL;

	if (series == NULL || ((row->ref == NULL || *row->ref != series->ref) &&
	    !kymo_labels_equal(series->labels, row->labels)))
		series = kyi_feed_series(feed, row->labels, row->hist != NULL);
	feed->order[i] = series;
	if (series == NULL)
		return;
	if (row->ref != NULL && *row->ref != series->ref)
		*row->ref = series->ref;
	kyi_feed_put(feed, series, row->value, row->hist);
}

int
kymo_feed_append(struct kymo_feed *feed, int64_t at_ms,
    const struct kymo_history_row *rows, uint32_t cnt)
{
	struct kymo_history *history = feed->history;
	int result = 0;

	pthread_mutex_lock(&history->lock);
	if (order_room(feed, cnt) != 0) {
		result = -1;
	} else if (kyi_feed_begin(feed, at_ms)) {
		for (uint32_t i = 0; i < cnt; i++)
			row_put(feed, i, &rows[i]);
		feed->order_cnt = cnt;
		result = kyi_feed_finish(feed, at_ms);
	} else if (feed->failed)
		result = -1;
	pthread_mutex_unlock(&history->lock);
	return result;
}

int
kymo_feed_end(struct kymo_feed *feed, int64_t at_ms)
{
	return kymo_feed_append(feed, at_ms, NULL, 0);
}

/* ---- what was kept ---------------------------------------------------------------- */

const struct kymo_source *
kymo_history_source(struct kymo_history *history)
{
	return &history->source;
}

static void
feed_stats(const struct kymo_feed *feed, struct kymo_history_stats *stats)
{
	int64_t oldest_ms;

	for (uint32_t i = 0; i < feed->series_cnt; i++) {
		const struct kyi_series *series = feed->series[i];

		stats->memory_bytes += sizeof *series + (series->hists != NULL ?
		    kyi_recent_hists_bytes(series->hists) :
		    kyi_recent_bytes(&series->floats));
	}
	if (feed->segment > stats->segment)
		stats->segment = feed->segment;
	if (feed->keep_from == feed->cnt)
		return;
	oldest_ms = feed->times->at_ms[feed->keep_from - feed->times->first];
	if (stats->oldest_ms == 0 || oldest_ms < stats->oldest_ms)
		stats->oldest_ms = oldest_ms;
	if (feed->last_ms > stats->newest_ms)
		stats->newest_ms = feed->last_ms;
}

void
kymo_history_stats(struct kymo_history *history,
    struct kymo_history_stats *stats)
{
	memset(stats, 0, sizeof *stats);
	pthread_mutex_lock(&history->lock);
	stats->series_cnt = kyi_index_cnt(history->index);
	stats->sample_cnt = history->sample_cnt;
	stats->late_cnt = history->late_cnt;
	stats->refused_cnt = history->refused_cnt;
	stats->twice_cnt = history->twice_cnt;
	for (const struct kymo_feed *feed = history->feeds; feed != NULL;
	    feed = feed->next)
		feed_stats(feed, stats);
	pthread_mutex_unlock(&history->lock);
	kyi_store_stats(history->store, stats);
}

int
kymo_history_families(struct kymo_history *history,
    struct kymo_history_families *families)
{
	struct kymo_history_family *made;

	pthread_mutex_lock(&history->lock);
	made = kyi_scan_rows_families(history->rows, &families->cnt);
	pthread_mutex_unlock(&history->lock);
	families->at = made;
	families->private_ = made;
	return made == NULL ? -1 : 0;
}

void
kymo_history_families_free(struct kymo_history_families *families)
{
	free(families->private_);
	memset(families, 0, sizeof *families);
}

/* ---- work that can wait ----------------------------------------------------------- */

bool
kymo_history_step(struct kymo_history *history, uint64_t now_mono_ns)
{
	return kyi_store_step(history->store, now_mono_ns);
}

uint64_t
kymo_history_next_ns(const struct kymo_history *history)
{
	return kyi_store_next_ns(history->store);
}

int
kymo_history_flush(struct kymo_history *history, struct kymo_error *error)
{
	return kyi_store_flush(history->store, error);
}
