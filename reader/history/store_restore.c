/* SPDX-License-Identifier: MIT */
/* The last minutes back into memory, so that what asks for them finds them at
   once, and rows of the journal become frames as if nothing had been. */
#include <stdlib.h>
#include <string.h>

#include "reader/history/store_db.h"

struct known {
	uint64_t id, batch;
	struct kymo_labels *labels;
};

struct restoring {
	struct kyi_store *store;
	struct kymo_feed *feed;
	struct known *known; /* by id */
	uint32_t known_cnt, known_room;
	uint64_t first; /* append of the frame's first sample that is new */
	uint32_t skip;  /* samples before it */
	struct kyi_frame_row row; /* the one before: another class of it? */
	int64_t at_ms[KYI_FRAME_SAMPLES_MAX];
	double value[KYI_FRAME_SAMPLES_MAX];
};

/* ---- labels ---------------------------------------------------------------------- */

static int
known_add(struct restoring *r, uint64_t id, uint64_t batch,
    const struct kymo_labels *labels)
{
	if (r->known_cnt == r->known_room) {
		uint32_t room = r->known_room * 2 + 256;
		void *more = realloc(r->known, room * sizeof *r->known);

		if (more == NULL)
			return SQLITE_NOMEM;
		r->known = more;
		r->known_room = room;
	}
	r->known[r->known_cnt] = (struct known){ id, batch,
		kymo_labels_make(labels->at, labels->cnt) };
	return r->known[r->known_cnt++].labels == NULL ? SQLITE_NOMEM :
	    SQLITE_OK;
}

static int
by_id(const void *a_at, const void *b_at)
{
	const struct known *a = a_at, *b = b_at;

	return a->id < b->id ? -1 : a->id > b->id;
}

static int
labels_read(struct restoring *r, int64_t from_ms)
{
	struct kyi_db *db = &r->store->db;
	sqlite3_stmt *in = kyi_db_sql(db, KYI_SQL_LABELS_IN);
	int code = SQLITE_OK, result = SQLITE_OK;

	sqlite3_bind_int64(in, 1, from_ms);
	sqlite3_bind_int64(in, 2, INT64_MAX);
	while (result == SQLITE_OK &&
	    (code = kyi_db_step(db, in)) == SQLITE_ROW) {
		struct kyi_batch_walk walk;

		if (sqlite3_column_int64(in, 1) != r->feed->row)
			continue;
		result = kyi_batch_begin(&walk, sqlite3_column_blob(in, 2),
		    (size_t)sqlite3_column_bytes(in, 2));
		while (result == SQLITE_OK && kyi_batch_next(&walk))
			result = known_add(r, walk.id,
			    (uint64_t)sqlite3_column_int64(in, 0),
			    &walk.labels);
		if (result != SQLITE_EMPTY)
			kyi_batch_end(&walk);
		else
			result = SQLITE_OK; /* those are damaged */
	}
	sqlite3_reset(in);
	if (r->known_cnt > 0)
		qsort(r->known, r->known_cnt, sizeof *r->known, by_id);
	return result != SQLITE_OK ? result :
	    code == SQLITE_DONE ? SQLITE_OK : code;
}

/* NULL: there are no labels for it, or no memory for one more. */
static struct kyi_series *
series_of(struct restoring *r, uint64_t id, bool hists)
{
	struct known key = { .id = id }, *known = NULL;
	struct kyi_series *series;

	if (r->known_cnt > 0)
		known = bsearch(&key, r->known, r->known_cnt, sizeof key,
		    by_id);
	if (known == NULL)
		return NULL;
	series = kyi_feed_series(r->feed, known->labels, hists);
	if (series == NULL || (series->hists != NULL) != hists)
		return NULL;
	series->id = id;
	series->batch = known->batch;
	return series;
}

/* ---- samples ---------------------------------------------------------------------- */

static int
floats_restore(struct restoring *r, struct kyi_series *series, uint32_t cnt)
{
	struct kyi_epochs *epochs = &r->store->history->epochs;
	int result = 0;

	for (uint32_t k = r->skip; k < cnt && result == 0; k++) {
		uint64_t i = r->first + k - r->skip;

		result = kymo_is_stale(r->value[k]) ?
		    kyi_recent_end(&series->floats, i, 0, epochs) :
		    kyi_recent_put(&series->floats, i, r->value[k], 0, epochs);
	}
	return result;
}

static int
hists_restore(struct restoring *r, struct kyi_series *series,
    const struct kyi_frame_column *column, uint32_t cnt)
{
	struct kyi_epochs *epochs = &r->store->history->epochs;
	struct kyi_hist_reader reader = { .any = false };
	const uint8_t *at = column->bytes, *end = at + column->len_bytes;
	int result = 0;

	for (uint32_t k = 0; k < cnt && result == 0; k++) {
		uint64_t i = r->first + k - r->skip;

		if (kyi_hist_get(&reader, &at, end) != 0)
			break; /* what is damaged is not there */
		if (k < r->skip)
			continue;
		result = reader.is_float ?
		    kyi_recent_hists_end(series->hists, i, 0, epochs) :
		    kyi_recent_hists_put(series->hists, i, &reader.hist, 0,
		    epochs);
	}
	kyi_hist_reader_free(&reader);
	return result;
}

static int
block_restore(struct restoring *r, uint32_t cnt)
{
	struct kyi_frame_reader *reader = r->store->db.frames;
	uint32_t column_cnt;
	const struct kyi_frame_column *columns =
	    kyi_frame_columns(reader, &column_cnt);

	for (uint32_t c = 0; c < column_cnt; c++) {
		bool hists = columns[c].parts == KYI_PART_HISTS;
		struct kyi_series *series =
		    series_of(r, columns[c].id, hists);

		if (series == NULL || (!hists && kyi_frame_values(reader,
		    &columns[c], 0, r->value) != 0))
			continue;
		if ((hists ? hists_restore(r, series, &columns[c], cnt) :
		    floats_restore(r, series, cnt)) != 0)
			return SQLITE_NOMEM;
	}
	return SQLITE_OK;
}

static int
blocks_restore(struct restoring *r, const struct kyi_frame_row *row,
    uint32_t block_cnt)
{
	for (uint32_t b = 0; b < block_cnt && r->skip < row->cnt; b++) {
		int code = kyi_block_open(&r->store->db, row, b);

		if (code == SQLITE_EMPTY)
			continue;
		if (code == SQLITE_OK)
			code = block_restore(r, row->cnt);
		if (code != SQLITE_OK)
			return code;
	}
	return SQLITE_OK;
}

static int
frame_restore(struct restoring *r, const struct kyi_frame_row *row)
{
	struct kyi_db *db = &r->store->db;
	uint64_t *first;
	uint32_t block_cnt;
	int code = kyi_frame_row_read(db, row, r->at_ms, &first, &block_cnt);

	free(first);
	if (code != SQLITE_OK)
		return code == SQLITE_EMPTY ? SQLITE_OK : code;
	/* One of the same stretch shares its appends. */
	if (r->row.cnt == row->cnt && r->row.from_ms == row->from_ms &&
	    r->row.to_ms == row->to_ms)
		return blocks_restore(r, row, block_cnt);
	r->row = *row;
	r->skip = 0;
	while (r->skip < row->cnt && r->feed->last_ms != INT64_MIN &&
	    r->at_ms[r->skip] <= r->feed->last_ms)
		r->skip++;
	r->first = r->feed->cnt;
	if (kyi_feed_restore(r->feed, r->at_ms + r->skip,
	    row->cnt - r->skip) != 0)
		return SQLITE_NOMEM;
	return blocks_restore(r, row, block_cnt);
}

/* ---- feeds ------------------------------------------------------------------------ */

static int
in_order(const void *a_at, const void *b_at)
{
	const struct kyi_frame_row *a = a_at, *b = b_at;

	if (a->from_ms != b->from_ms)
		return a->from_ms < b->from_ms ? -1 : 1;
	return a->id < b->id ? -1 : a->id > b->id;
}

static int
tier_restore(struct restoring *r, int tier, int64_t from_ms)
{
	struct kyi_frame_row *rows = NULL;
	uint32_t cnt = 0;
	struct kyi_frames which = { r->feed->row, tier, 0 };
	int code = SQLITE_OK;

	r->row.cnt = 0;
	for (uint32_t c = 0; c < r->store->class_cnt && code == SQLITE_OK;
	    c++) {
		which.class = r->store->classes[c];
		code = kyi_frames_in(&r->store->db, &which, from_ms, INT64_MAX,
		    &rows, &cnt);
	}
	if (cnt > 1)
		qsort(rows, cnt, sizeof *rows, in_order);
	for (uint32_t i = 0; i < cnt && code == SQLITE_OK; i++)
		if (rows[i].segment == r->feed->segment)
			code = frame_restore(r, &rows[i]);
	free(rows);
	return code;
}

/* Of a segment; -1: of all. */
static int
newest(struct kyi_db *db, const struct kyi_frames *which, int64_t segment,
    int64_t *newest_ms)
{
	sqlite3_stmt *get = kyi_db_sql(db, segment < 0 ? KYI_SQL_NEWEST :
	    KYI_SQL_NEWEST_IN);
	int code;

	sqlite3_bind_int64(get, 1, which->feed_row);
	sqlite3_bind_int(get, 2, which->tier);
	sqlite3_bind_int64(get, 3, which->class);
	if (segment >= 0)
		sqlite3_bind_int64(get, 4, segment);
	code = kyi_db_step(db, get);
	if (code == SQLITE_ROW && sqlite3_column_type(get, 0) != SQLITE_NULL &&
	    sqlite3_column_int64(get, 0) > *newest_ms)
		*newest_ms = sqlite3_column_int64(get, 0);
	sqlite3_reset(get);
	return code == SQLITE_ROW || code == SQLITE_DONE ? SQLITE_OK : code;
}

static int
feed_restore(struct restoring *r, bool samples)
{
	struct kyi_store *store = r->store;
	struct kymo_feed *feed = r->feed;
	/* A clock that was ahead has left later ones in an earlier segment. */
	int64_t newest_ms = INT64_MIN, last_ms = INT64_MIN, from_ms;
	int code = SQLITE_OK;

	for (uint32_t i = 0; i < 2 * store->class_cnt && code == SQLITE_OK;
	    i++) {
		struct kyi_frames which = { feed->row, i % 2 == 0 ?
			KYI_TIER_JOURNAL : KYI_TIER_FIRST,
			store->classes[i / 2] };

		code = newest(&store->db, &which, -1, &newest_ms);
		if (code == SQLITE_OK && samples)
			code = newest(&store->db, &which, feed->segment,
			    &last_ms);
	}
	if (code == SQLITE_OK)
		code = kyi_store_feed_note(store, feed, newest_ms, false);
	if (code != SQLITE_OK || !samples || last_ms == INT64_MIN)
		return code;
	from_ms = last_ms - (int64_t)store->history->options.head_ms;
	code = labels_read(r, from_ms);
	if (code == SQLITE_OK)
		code = tier_restore(r, KYI_TIER_FIRST, from_ms);
	feed->framed = feed->cnt;
	feed->framed_ms = feed->last_ms;
	if (code == SQLITE_OK)
		code = tier_restore(r, KYI_TIER_JOURNAL, from_ms);
	feed->journaled = feed->cnt;
	feed->journaled_ms = feed->last_ms;
	return code;
}

/* Late: there was no database when it all began. What is in memory goes on,
   and nothing that was before is in its way. */
static void
row_take(struct kyi_store *store, struct kymo_feed *feed, int64_t row,
    uint32_t segment)
{
	pthread_mutex_lock(&store->history->lock);
	feed->row = row;
	feed->segment = store->open_before ? segment + 1 + feed->segment :
	    segment;
	pthread_mutex_unlock(&store->history->lock);
}

int
kyi_store_restore(struct kyi_store *store)
{
	sqlite3_stmt *feeds = kyi_db_sql(&store->db, KYI_SQL_FEEDS);
	struct restoring *r = calloc(1, sizeof *r);
	int code = SQLITE_NOMEM;

	if (r != NULL)
		r->store = store;
	while (r != NULL && (code = kyi_db_step(&store->db, feeds)) ==
	    SQLITE_ROW) {
		const unsigned char *name = sqlite3_column_text(feeds, 1);

		r->feed = name == NULL ? NULL :
		    kymo_history_feed(store->history, (const char *)name);
		if (r->feed == NULL) {
			code = SQLITE_NOMEM;
			break;
		}
		row_take(store, r->feed, sqlite3_column_int64(feeds, 0),
		    (uint32_t)sqlite3_column_int64(feeds, 2));
		code = feed_restore(r, !store->open_before);
		for (uint32_t i = 0; i < r->known_cnt; i++)
			free(r->known[i].labels);
		r->known_cnt = 0;
		if (code != SQLITE_OK)
			break;
	}
	sqlite3_reset(feeds);
	if (r != NULL)
		free(r->known);
	free(r);
	return code == SQLITE_DONE ? SQLITE_OK : code;
}
