/* SPDX-License-Identifier: MIT */
/* From memory to the database: every ten seconds all that is new, a row of the
   journal; after 512 s a frame of it all, which takes the place of those rows. */
#include <stdlib.h>

#include "reader/history/store_db.h"

/* ---- the journal ------------------------------------------------------------------------ */

static int
feed_row_put(struct kyi_store *store, struct kymo_feed *feed,
    uint32_t segment)
{
	bool begins = feed->row == 0;
	sqlite3_stmt *put = kyi_db_sql(&store->db, begins ? KYI_SQL_FEED_ADD :
	    KYI_SQL_FEED_SEGMENT);
	int code;

	if (begins)
		sqlite3_bind_text(put, 1, feed->name, -1, SQLITE_STATIC);
	else
		sqlite3_bind_int64(put, 1, feed->row);
	sqlite3_bind_int64(put, 2, segment);
	code = kyi_db_run(&store->db, put);
	if (code == SQLITE_OK && begins) {
		feed->row = sqlite3_last_insert_rowid(store->db.sqlite);
		feed->row_is_new = true;
	}
	return code;
}

static int
feed_journal(struct kyi_store *store, struct kymo_feed *feed)
{
	struct kyi_feed_copy *copy = &store->copy;
	int code = kyi_copy_take(store, feed, feed->journaled);
	bool wrote;

	feed->journaling = feed->journaled;
	feed->journaling_ms = feed->journaled_ms;
	if (code != SQLITE_OK || copy->from == copy->end)
		return code;
	code = feed_row_put(store, feed, copy->segment);
	if (code == SQLITE_OK)
		code = kyi_labels_give(store, copy, feed->row);
	if (code != SQLITE_OK)
		return code;
	kyi_copy_sort(copy);
	feed->journaling = copy->from;
	while (code == SQLITE_OK && kyi_stretch_take(store, feed->journaling,
	    feed->journaling_ms, store->history->options.frame_ms)) {
		const struct kyi_stretch *stretch = &store->stretch;

		code = kyi_frame_write(store, KYI_TIER_JOURNAL, 0, &wrote);
		feed->journaling = stretch->end;
		feed->journaling_ms = stretch->at_ms[stretch->cnt - 1];
		store->journal_added += wrote;
		if (code == SQLITE_OK)
			code = kyi_labels_use(store, copy, stretch->at_ms[0],
			    feed->journaling_ms);
	}
	return code;
}

/* Of feeds up to this one, which was the last made when it all began. */
static void
journal_end(struct kyi_store *store, struct kymo_feed *feeds, bool committed)
{
	int64_t newest_ms = INT64_MIN;

	pthread_mutex_lock(&store->history->lock);
	for (struct kymo_feed *feed = feeds; feed != NULL; feed = feed->next) {
		if (!committed && feed->row_is_new)
			feed->row = 0;
		feed->row_is_new = false;
		if (!committed)
			continue;
		if (feed->journaled < feed->journaling &&
		    feed->journaling_ms > newest_ms)
			newest_ms = feed->journaling_ms;
		feed->journaled = feed->journaling;
		feed->journaled_ms = feed->journaling_ms;
	}
	pthread_mutex_unlock(&store->history->lock);
	/* Where nothing came, the time of samples is what it was. */
	store->came = newest_ms != INT64_MIN;
	if (store->came)
		store->now_ms = newest_ms;
	kyi_labels_end(store, committed);
}

int
kyi_store_feed_note(struct kyi_store *store, struct kymo_feed *feed,
    int64_t newest_ms, bool begun)
{
	struct kyi_store_feed *at = NULL;

	pthread_mutex_lock(&store->lock);
	for (uint32_t i = 0; i < store->feed_cnt && at == NULL; i++)
		if (store->feeds[i].feed == feed)
			at = &store->feeds[i];
	if (at == NULL && store->feed_cnt == store->feed_room) {
		uint32_t room = store->feed_room * 2 + 16;
		void *more = realloc(store->feeds, room * sizeof *at);

		if (more != NULL) {
			store->feeds = more;
			store->feed_room = room;
		}
	}
	if (at == NULL && store->feed_cnt < store->feed_room) {
		at = &store->feeds[store->feed_cnt++];
		*at = (struct kyi_store_feed){ 0, feed, INT64_MIN, begun };
	}
	if (at != NULL) {
		at->row = feed->row;
		if (at->newest_ms < newest_ms)
			at->newest_ms = newest_ms;
	}
	pthread_mutex_unlock(&store->lock);
	return at == NULL ? SQLITE_NOMEM : SQLITE_OK;
}

/* Feeds that are there now; later ones come first in the list. */
static struct kymo_feed *
feeds_now(struct kyi_store *store)
{
	struct kymo_feed *feeds;

	pthread_mutex_lock(&store->history->lock);
	feeds = store->history->feeds;
	pthread_mutex_unlock(&store->history->lock);
	return feeds;
}

int
kyi_store_end(struct kyi_store *store, int code)
{
	if (code == SQLITE_OK)
		code = kyi_db_run(&store->db, kyi_db_sql(&store->db,
		    KYI_SQL_COMMIT));
	/* Some errors have rolled it back already. */
	if (code != SQLITE_OK && !sqlite3_get_autocommit(store->db.sqlite) &&
	    kyi_db_run(&store->db, kyi_db_sql(&store->db,
	    KYI_SQL_ROLLBACK)) != SQLITE_OK)
		return code;
	return code;
}

int
kyi_store_journal(struct kyi_store *store)
{
	struct kymo_feed *feeds = feeds_now(store), *feed;
	struct kyi_reading reading;
	int code = kyi_db_begin(&store->db, KYI_SQL_BEGIN_WRITE);

	if (code != SQLITE_OK)
		return code;
	store->journal_added = 0;
	kyi_epoch_enter(&store->history->epochs, &reading);
	for (feed = feeds; feed != NULL && code == SQLITE_OK; feed = feed->next)
		code = feed_journal(store, feed);
	code = kyi_store_end(store, code);
	journal_end(store, feeds, code == SQLITE_OK);
	kyi_epoch_leave(&store->history->epochs, &reading);
	if (code != SQLITE_OK)
		return code;
	kyi_store_counted(store, KYI_TIER_JOURNAL, store->journal_added, 0);
	for (feed = feeds; feed != NULL && code == SQLITE_OK; feed = feed->next)
		if (feed->row != 0)
			code = kyi_store_feed_note(store, feed,
			    feed->journaled_ms, true);
	return code;
}

/* ---- merging ------------------------------------------------------------------------------ */

int
kyi_frame_drop(struct kyi_db *db, int64_t id)
{
	sqlite3_stmt *drop = kyi_db_sql(db, KYI_SQL_BLOCKS_DROP);
	int code;

	sqlite3_bind_int64(drop, 1, id << KYI_BLOCK_SHIFT);
	sqlite3_bind_int64(drop, 2, (id + 1) << KYI_BLOCK_SHIFT);
	code = kyi_db_run(db, drop);
	if (code != SQLITE_OK)
		return code;
	drop = kyi_db_sql(db, KYI_SQL_FRAME_DROP);
	sqlite3_bind_int64(drop, 1, id);
	return kyi_db_run(db, drop);
}

/* The journal's rows of which all is in the frame. */
static int
journal_drop(struct kyi_store *store, uint32_t *dropped)
{
	const struct kyi_stretch *stretch = &store->stretch;
	int64_t first_ms = stretch->at_ms[0];
	int64_t last_ms = stretch->at_ms[stretch->cnt - 1];
	struct kyi_frame_row *rows = NULL;
	uint32_t cnt = 0;
	struct kyi_frames which = { store->copy.feed->row, KYI_TIER_JOURNAL,
		0 };
	int code = kyi_frames_in(&store->db, &which, first_ms - 1, last_ms,
	    &rows, &cnt);

	for (uint32_t i = 0; i < cnt && code == SQLITE_OK; i++)
		if (rows[i].segment == stretch->segment &&
		    rows[i].to_ms <= last_ms) {
			code = kyi_frame_drop(&store->db, rows[i].id);
			++*dropped;
		}
	free(rows);
	return code;
}

void
kyi_store_counted(struct kyi_store *store, int tier, int64_t cnt, int64_t bytes)
{
	uint64_t *cnt_at = tier == KYI_TIER_JOURNAL ? &store->journal_cnt :
	    &store->frame_cnt;

	pthread_mutex_lock(&store->lock);
	*cnt_at += (uint64_t)cnt;
	pthread_mutex_unlock(&store->lock);
	store->tier_bytes[tier] += (uint64_t)bytes;
}

static void
framed_note(struct kyi_store *store, struct kymo_feed *feed, uint32_t added,
    uint32_t dropped)
{
	const struct kyi_stretch *stretch = &store->stretch;

	pthread_mutex_lock(&store->history->lock);
	feed->framed = stretch->end;
	pthread_mutex_unlock(&store->history->lock);
	feed->framed_ms = stretch->at_ms[stretch->cnt - 1];
	kyi_store_counted(store, KYI_TIER_FIRST, added, (int64_t)store->added);
	kyi_store_counted(store, KYI_TIER_JOURNAL, -(int64_t)dropped, 0);
}

static int
feed_frame(struct kyi_store *store, struct kymo_feed *feed)
{
	uint32_t dropped = 0, added = 0;
	bool wrote;
	int code;

	kyi_copy_sort(&store->copy);
	code = kyi_db_begin(&store->db, KYI_SQL_BEGIN_WRITE);
	if (code != SQLITE_OK)
		return code;
	store->added = 0;
	/* Series that are kept in another way have frames of their own. */
	for (uint32_t kept = 0; kept <= store->kept_cnt && code == SQLITE_OK;
	    kept++) {
		if (kept > 0 && !kyi_kept_at_all(store, kept))
			continue;
		code = kyi_frame_write(store, KYI_TIER_FIRST, kept, &wrote);
		added += wrote;
	}
	if (code == SQLITE_OK)
		code = journal_drop(store, &dropped);
	code = kyi_store_end(store, code);
	if (code == SQLITE_OK)
		framed_note(store, feed, added, dropped);
	return code;
}

/* The stretch is one to write now. */
static bool
is_due(const struct kyi_store *store, enum kyi_frame_which which,
    int64_t now_ms)
{
	const struct kyi_stretch *stretch = &store->stretch;
	int64_t frame_ms = (int64_t)store->history->options.frame_ms;

	return stretch->cut || which == KYI_FRAME_ALL ||
	    (which == KYI_FRAME_OLD &&
	    stretch->at_ms[stretch->cnt - 1] < now_ms - frame_ms);
}

int
kyi_store_frame(struct kyi_store *store, enum kyi_frame_which which,
    bool *wrote)
{
	struct kymo_feed *feed = feeds_now(store);
	struct kyi_feed_copy *copy = &store->copy;
	struct kyi_reading reading;
	int64_t now_ms = kyi_store_wall_ms();
	int code = SQLITE_OK;

	*wrote = false;
	kyi_epoch_enter(&store->history->epochs, &reading);
	for (; feed != NULL && code == SQLITE_OK && !*wrote; feed = feed->next) {
		if (feed->framed >= feed->journaled)
			continue;
		code = kyi_copy_take(store, feed, feed->framed);
		copy->limit = feed->journaled;
		if (code != SQLITE_OK || copy->from >= copy->limit ||
		    !kyi_stretch_take(store, copy->from, feed->framed_ms,
		    store->history->options.frame_ms) ||
		    !is_due(store, which, now_ms))
			continue;
		code = feed_frame(store, feed);
		*wrote = code == SQLITE_OK;
	}
	kyi_epoch_leave(&store->history->epochs, &reading);
	return code;
}
