/* SPDX-License-Identifier: MIT */
/* A frame's rows: its blocks one after another, then what it has. */
#include "reader/history/store_db.h"

#define BLOCK_RAW_BYTES (8u << 20)

void
kyi_writing_begin(struct kyi_writing *w, struct kyi_store *store, int tier,
    uint32_t series_cnt, uint32_t sample_cnt)
{
	/* Blocks have a limit in number. */
	uint32_t least = (series_cnt >> (KYI_BLOCK_SHIFT - 1)) + 1;

	*w = (struct kyi_writing){ .store = store, .tier = tier,
		.sample_cnt = sample_cnt, .writer = store->frame_writer,
		.block_series = store->history->options.block_series };
	if (tier == KYI_TIER_JOURNAL) {
		w->writer = store->journal_writer;
		w->block_series = KYI_FRAME_SERIES_MAX;
	}
	if (w->block_series < least)
		w->block_series = least;
	kyi_buffer_again(&store->directory);
}

static int
block_end(struct kyi_writing *w)
{
	struct kyi_store *store = w->store;
	sqlite3_stmt *add;

	if (w->series_cnt == 0)
		return SQLITE_OK;
	w->series_cnt = 0;
	kyi_buffer_again(&store->bytes);
	if (kyi_frame_end(w->writer, &store->bytes) != 0)
		return SQLITE_NOMEM;
	w->bytes += store->bytes.len_bytes;
	add = kyi_db_sql(&store->db, KYI_SQL_BLOCK_ADD);
	sqlite3_bind_int64(add, 1,
	    store->next_frame << KYI_BLOCK_SHIFT | w->block_cnt++);
	sqlite3_bind_blob64(add, 2, store->bytes.at, store->bytes.len_bytes,
	    SQLITE_STATIC);
	return kyi_db_run(&store->db, add);
}

static void
series_begin(struct kyi_writing *w, uint64_t id)
{
	if (w->series_cnt++ > 0)
		return;
	kyi_frame_begin(w->writer, w->sample_cnt, w->block_series);
	kyi_varint_put(&w->store->directory, id - w->id_before);
	w->id_before = id;
}

static int
series_end(struct kyi_writing *w)
{
	return w->series_cnt == w->block_series ||
	    kyi_frame_raw_bytes(w->writer) > BLOCK_RAW_BYTES ?
	    block_end(w) : SQLITE_OK;
}

int
kyi_writing_floats(struct kyi_writing *w, uint64_t id,
    enum kyi_frame_parts parts, const double *const value[5])
{
	series_begin(w, id);
	kyi_frame_floats(w->writer, id, parts, value);
	return series_end(w);
}

int
kyi_writing_hists(struct kyi_writing *w, uint64_t id)
{
	struct kymo_buffer *code = &w->store->code;

	if (code->failed)
		return SQLITE_NOMEM;
	/* One that large would be no block that can be read. */
	if (code->len_bytes > KYI_FRAME_RAW_BYTES_MAX / 2)
		return SQLITE_OK;
	series_begin(w, id);
	kyi_frame_hists(w->writer, id, code->at, code->len_bytes);
	return series_end(w);
}

int
kyi_writing_end(struct kyi_writing *w, const struct kyi_frame_row *row,
    int64_t feed_row, const int64_t *at_ms)
{
	struct kyi_store *store = w->store;
	sqlite3_stmt *add;
	int code = block_end(w);

	if (code != SQLITE_OK || w->block_cnt == 0)
		return code;
	kyi_buffer_again(&store->bytes);
	if (store->directory.failed || kyi_frame_times(w->writer, at_ms,
	    w->sample_cnt, &store->bytes) != 0)
		return SQLITE_NOMEM;
	w->bytes += store->bytes.len_bytes;
	add = kyi_db_sql(&store->db, KYI_SQL_FRAME_ADD);
	sqlite3_bind_int64(add, 1, store->next_frame++);
	sqlite3_bind_int(add, 2, w->tier);
	sqlite3_bind_int64(add, 3, feed_row);
	sqlite3_bind_int64(add, 4, row->segment);
	sqlite3_bind_int64(add, 5, row->class);
	sqlite3_bind_int64(add, 6, at_ms[0]);
	sqlite3_bind_int64(add, 7, at_ms[w->sample_cnt - 1]);
	sqlite3_bind_int64(add, 8, w->sample_cnt);
	sqlite3_bind_int64(add, 9, (int64_t)w->bytes);
	sqlite3_bind_blob64(add, 10, store->directory.at,
	    store->directory.len_bytes, SQLITE_STATIC);
	sqlite3_bind_blob64(add, 11, store->bytes.at, store->bytes.len_bytes,
	    SQLITE_STATIC);
	w->written = true;
	return kyi_db_run(&store->db, add);
}
