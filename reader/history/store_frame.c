/* SPDX-License-Identifier: MIT */
/* A stretch of memory as a frame's rows. */
#include <stdlib.h>
#include <string.h>

#include "reader/history/native_copy.h"
#include "reader/history/store_db.h"

#define BLOCK_RAW_BYTES (8u << 20)
#define HISTS_BYTES_MAX (32u << 20)

static double
stale(void)
{
	uint64_t bits = KYMO_STALE_BITS;
	double value;

	memcpy(&value, &bits, sizeof value);
	return value;
}

/* ---- columns ------------------------------------------------------------------------ */

/* NULL: it has no sample there. */
static const double *
floats_of(struct kyi_store *store, const struct kyi_series *series)
{
	const struct kyi_stretch *stretch = &store->stretch;
	struct kyi_recent_view view;
	bool any = false;
	uint64_t end;

	kyi_recent_view(&series->floats, stretch->from, stretch->end, &view);
	if (view.cnt == 0)
		return NULL;
	if (stretch->dense && view.first == stretch->from && !view.ends &&
	    view.cnt == stretch->cnt && view.value != NULL)
		return view.value;
	end = view.first + view.cnt - view.ends;
	for (uint32_t k = 0; k < stretch->cnt; k++) {
		uint64_t i = store->copy.from + stretch->at[k];
		double *value = &store->column[k];

		*value = stale();
		if (i >= view.first && i < end)
			*value = view.value == NULL ? view.run :
			    view.value[i - view.first];
		any |= !kymo_is_stale(*value);
	}
	/* One that was there before must be seen to end. */
	return any || view.first == stretch->from ? store->column : NULL;
}

static void
hist_put(struct kymo_buffer *code, struct kymo_native_hist **before,
    const struct kyi_hists_walk *walk)
{
	struct kymo_native_hist *copy = NULL;

	if (walk->reader.is_float) {
		kyi_hist_put_float(code, walk->reader.value);
	} else {
		copy = kyi_native_copy(&walk->reader.hist);
		if (copy == NULL)
			code->failed = true;
		else
			kyi_hist_put(code, *before, copy);
	}
	free(*before);
	*before = copy;
}

/* Into store->code. False: it has no sample there. */
static bool
hists_of(struct kyi_store *store, const struct kyi_series *series)
{
	const struct kyi_stretch *stretch = &store->stretch;
	struct kymo_native_hist *before = NULL;
	struct kyi_hists_walk walk;
	uint64_t i = 0;
	bool there, any;

	kyi_buffer_clear(&store->code);
	kyi_hists_walk_begin(&walk, series->hists, stretch->from, stretch->end);
	there = any = kyi_hists_walk_next(&walk, &i);
	for (uint32_t k = 0; k < stretch->cnt && any; k++) {
		uint64_t want = store->copy.from + stretch->at[k];

		while (there && i < want)
			there = kyi_hists_walk_next(&walk, &i);
		if (there && i == want) {
			hist_put(&store->code, &before, &walk);
			continue;
		}
		kyi_hist_put_float(&store->code, stale());
		free(before);
		before = NULL;
	}
	free(before);
	kyi_hists_walk_end(&walk);
	return any;
}

/* ---- one frame ------------------------------------------------------------------------ */

struct writing {
	struct kyi_store *store;
	struct kyi_frame_writer *writer;
	uint32_t block_series, series_cnt, block_cnt;
	uint64_t id_before;
};

static int
block_end(struct writing *w)
{
	struct kyi_store *store = w->store;
	sqlite3_stmt *add;

	if (w->series_cnt == 0)
		return SQLITE_OK;
	w->series_cnt = 0;
	kyi_buffer_clear(&store->bytes);
	if (kyi_frame_end(w->writer, &store->bytes) != 0) {
		store->bytes.failed = false;
		return SQLITE_NOMEM;
	}
	add = kyi_db_sql(&store->db, KYI_SQL_BLOCK_ADD);
	sqlite3_bind_int64(add, 1,
	    store->next_frame << KYI_BLOCK_SHIFT | w->block_cnt++);
	sqlite3_bind_blob64(add, 2, store->bytes.at, store->bytes.len_bytes,
	    SQLITE_STATIC);
	return kyi_db_run(&store->db, add);
}

static int
series_write(struct writing *w, const struct kyi_series *series)
{
	struct kyi_store *store = w->store;
	const double *value[5] = { NULL };

	if (series->hists != NULL) {
		if (!hists_of(store, series) ||
		    store->code.len_bytes > HISTS_BYTES_MAX)
			return SQLITE_OK;
		if (store->code.failed) {
			kymo_buffer_free(&store->code);
			return SQLITE_NOMEM;
		}
	} else {
		value[0] = floats_of(store, series);
		if (value[0] == NULL)
			return SQLITE_OK;
	}
	if (w->series_cnt == 0) {
		kyi_frame_begin(w->writer, store->stretch.cnt, w->block_series);
		kyi_varint_put(&store->directory, series->id - w->id_before);
		w->id_before = series->id;
	}
	if (series->hists != NULL)
		kyi_frame_hists(w->writer, series->id, store->code.at,
		    store->code.len_bytes);
	else
		kyi_frame_floats(w->writer, series->id, KYI_PART_LAST, value);
	if (++w->series_cnt == w->block_series ||
	    kyi_frame_raw_bytes(w->writer) > BLOCK_RAW_BYTES)
		return block_end(w);
	return SQLITE_OK;
}

static int
frame_row_write(struct writing *w, int tier, int64_t row)
{
	struct kyi_store *store = w->store;
	const struct kyi_stretch *stretch = &store->stretch;
	sqlite3_stmt *add = kyi_db_sql(&store->db, KYI_SQL_FRAME_ADD);

	kyi_buffer_clear(&store->bytes);
	if (store->directory.failed || kyi_frame_times(w->writer,
	    stretch->at_ms, stretch->cnt, &store->bytes) != 0)
		return SQLITE_NOMEM;
	sqlite3_bind_int64(add, 1, store->next_frame++);
	sqlite3_bind_int(add, 2, tier);
	sqlite3_bind_int64(add, 3, row);
	sqlite3_bind_int64(add, 4, stretch->segment);
	sqlite3_bind_int64(add, 5, stretch->at_ms[0]);
	sqlite3_bind_int64(add, 6, stretch->at_ms[stretch->cnt - 1]);
	sqlite3_bind_int64(add, 7, stretch->cnt);
	sqlite3_bind_blob64(add, 8, store->directory.len_bytes == 0 ? "" :
	    store->directory.at, store->directory.len_bytes, SQLITE_STATIC);
	sqlite3_bind_blob64(add, 9, store->bytes.at, store->bytes.len_bytes,
	    SQLITE_STATIC);
	return kyi_db_run(&store->db, add);
}

/* Blocks have a limit in number, too. */
static uint32_t
block_series(const struct kyi_store *store, uint32_t want)
{
	uint32_t least = (store->copy.series_cnt >> (KYI_BLOCK_SHIFT - 1)) + 1;

	return want > least ? want : least;
}

int
kyi_frame_write(struct kyi_store *store, int tier, uint32_t want)
{
	struct writing w = { .store = store, .block_series =
	    block_series(store, want), .writer = tier == KYI_TIER_JOURNAL ?
	    store->journal_writer : store->frame_writer };
	int code = SQLITE_OK;

	kyi_buffer_clear(&store->directory);
	for (uint32_t i = 0; i < store->copy.series_cnt && code == SQLITE_OK;
	    i++)
		if (store->copy.series[i]->id != 0)
			code = series_write(&w, store->copy.series[i]);
	if (code == SQLITE_OK)
		code = block_end(&w);
	return code != SQLITE_OK ? code :
	    frame_row_write(&w, tier, store->copy.feed->row);
}
