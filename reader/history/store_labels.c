/* SPDX-License-Identifier: MIT */
/* Labels and their ids. A row holds a batch: of each of its series

	id - the id before, label_cnt (varints), key NUL value NUL..

   compressed with zstd. labels_use has when a batch was in use, in steps of an
   hour, so that it is not written each time. */
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "reader/history/store_db.h"
#include "reader/history/varint.h"

#define ZSTD_LEVEL 6
#define BATCH_RAW_BYTES (256u << 10)
#define RAW_BYTES_MAX (256u << 20)
#define USE_STEP_MS 3600000

/* ---- from bytes ---------------------------------------------------------------- */

int
kyi_batch_begin(struct kyi_batch_walk *walk, const void *bytes,
    size_t len_bytes)
{
	unsigned long long raw_bytes =
	    ZSTD_getFrameContentSize(bytes, len_bytes);

	memset(walk, 0, sizeof *walk);
	/* Also where there is no size: those are the largest numbers. */
	if (raw_bytes == 0 || raw_bytes > RAW_BYTES_MAX)
		return SQLITE_EMPTY;
	walk->raw = malloc(raw_bytes);
	if (walk->raw == NULL)
		return SQLITE_NOMEM;
	if (ZSTD_decompress(walk->raw, raw_bytes, bytes, len_bytes) !=
	    raw_bytes) {
		kyi_batch_end(walk);
		return SQLITE_EMPTY;
	}
	walk->at = (const uint8_t *)walk->raw;
	walk->end = walk->at + raw_bytes;
	return SQLITE_OK;
}

static const char *
text_get(struct kyi_batch_walk *walk)
{
	const char *text = (const char *)walk->at;
	const uint8_t *nul = memchr(walk->at, 0,
	    (size_t)(walk->end - walk->at));

	if (nul == NULL)
		return NULL;
	walk->at = nul + 1;
	return text;
}

bool
kyi_batch_next(struct kyi_batch_walk *walk)
{
	uint64_t more, cnt;

	if (!kyi_varint_get(&walk->at, walk->end, &more) ||
	    !kyi_varint_get(&walk->at, walk->end, &cnt) ||
	    cnt > (uint64_t)(walk->end - walk->at) / 2)
		return false;
	walk->id += more;
	if (cnt > walk->room) {
		void *label = realloc(walk->label, cnt * sizeof *walk->label);

		if (label == NULL)
			return false;
		walk->label = label;
		walk->room = (uint32_t)cnt;
	}
	for (uint64_t i = 0; i < cnt; i++) {
		walk->label[i].key = text_get(walk);
		if (walk->label[i].key == NULL)
			return false;
		walk->label[i].value = text_get(walk);
		if (walk->label[i].value == NULL)
			return false;
	}
	walk->labels = (struct kymo_labels){ 0, (uint32_t)cnt, walk->label };
	return true;
}

void
kyi_batch_end(struct kyi_batch_walk *walk)
{
	free(walk->raw);
	free(walk->label);
	memset(walk, 0, sizeof *walk);
}

/* ---- batches ---------------------------------------------------------------------- */

static int
batch_note(struct kyi_store *store, int64_t id, int64_t from_ms,
    int64_t until_ms)
{
	if (store->batch_cnt == store->batch_room) {
		uint32_t room = store->batch_room * 2 + 64;
		void *more = realloc(store->batches,
		    room * sizeof *store->batches);

		if (more == NULL)
			return SQLITE_NOMEM;
		store->batches = more;
		store->batch_room = room;
	}
	store->batches[store->batch_cnt++] = (struct kyi_batch){ id, from_ms,
		until_ms };
	return SQLITE_OK;
}

int
kyi_labels_load(struct kyi_store *store)
{
	sqlite3_stmt *uses = kyi_db_sql(&store->db, KYI_SQL_USES);
	int code = SQLITE_OK, result = SQLITE_OK;

	store->batch_cnt = 0;
	while (result == SQLITE_OK &&
	    (code = kyi_db_step(&store->db, uses)) == SQLITE_ROW)
		result = batch_note(store, sqlite3_column_int64(uses, 0),
		    sqlite3_column_int64(uses, 1),
		    sqlite3_column_int64(uses, 2));
	sqlite3_reset(uses);
	return result != SQLITE_OK ? result :
	    code == SQLITE_DONE ? SQLITE_OK : code;
}

static struct kyi_batch *
batch_find(struct kyi_store *store, int64_t id)
{
	uint32_t low = 0, high = store->batch_cnt;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (store->batches[middle].id == id)
			return &store->batches[middle];
		if (store->batches[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static int
use_put(struct kyi_store *store, int64_t batch, int64_t feed_row,
    int64_t from_ms, int64_t until_ms)
{
	sqlite3_stmt *put = kyi_db_sql(&store->db, KYI_SQL_USE_PUT);

	sqlite3_bind_int64(put, 1, batch);
	sqlite3_bind_int64(put, 2, feed_row);
	sqlite3_bind_int64(put, 3, from_ms);
	sqlite3_bind_int64(put, 4, until_ms);
	return kyi_db_run(&store->db, put);
}

int
kyi_labels_use(struct kyi_store *store, const struct kyi_feed_copy *copy,
    int64_t from_ms, int64_t to_ms)
{
	uint64_t before = 0;
	int code = SQLITE_OK;

	for (uint32_t i = 0; i < copy->series_cnt && code == SQLITE_OK; i++) {
		const struct kyi_series *series = copy->series[i];
		struct kyi_batch *batch;

		if (series->batch == before || series->batch == 0)
			continue;
		before = series->batch;
		batch = batch_find(store, (int64_t)before);
		if (batch == NULL || (batch->until_ms >= to_ms &&
		    batch->from_ms <= from_ms))
			continue;
		if (batch->until_ms < to_ms)
			batch->until_ms = to_ms + USE_STEP_MS;
		/* The clock was set back: to before they began. */
		if (batch->from_ms > from_ms)
			batch->from_ms = from_ms - USE_STEP_MS;
		/* The feed stays: it is of the row that there is. */
		code = use_put(store, batch->id, 0, batch->from_ms,
		    batch->until_ms);
	}
	return code;
}

/* ---- ids -------------------------------------------------------------------------- */

static int
batch_write(struct kyi_store *store, int64_t id, int64_t feed_row,
    int64_t from_ms)
{
	struct kymo_buffer *raw = &store->raw, *to = &store->bytes;
	sqlite3_stmt *add;
	size_t most_bytes = ZSTD_compressBound(raw->len_bytes), bytes;
	char *at;
	int code;

	kyi_buffer_again(to);
	at = raw->failed ? NULL : kyi_room(to, most_bytes);
	if (at == NULL)
		return SQLITE_NOMEM;
	bytes = ZSTD_compress(at, most_bytes, raw->at, raw->len_bytes,
	    ZSTD_LEVEL);
	if (ZSTD_isError(bytes))
		return SQLITE_NOMEM;
	add = kyi_db_sql(&store->db, KYI_SQL_LABELS_ADD);
	sqlite3_bind_int64(add, 1, id);
	sqlite3_bind_int64(add, 2, feed_row);
	sqlite3_bind_blob64(add, 3, at, bytes, SQLITE_STATIC);
	code = kyi_db_run(&store->db, add);
	if (code == SQLITE_OK)
		code = use_put(store, id, feed_row, from_ms,
		    from_ms + USE_STEP_MS);
	if (code == SQLITE_OK)
		code = batch_note(store, id, from_ms, from_ms + USE_STEP_MS);
	kyi_buffer_again(raw);
	return code;
}

static void
labels_put(struct kymo_buffer *to, const struct kymo_labels *labels,
    uint64_t more)
{
	kyi_varint_put(to, more);
	kyi_varint_put(to, labels->cnt);
	for (uint32_t i = 0; i < labels->cnt; i++) {
		kymo_buffer_add(to, labels->at[i].key,
		    strlen(labels->at[i].key) + 1);
		kymo_buffer_add(to, labels->at[i].value,
		    strlen(labels->at[i].value) + 1);
	}
}

static int
fresh_note(struct kyi_store *store, struct kyi_series *series)
{
	if (store->fresh_cnt == store->fresh_room) {
		uint32_t room = store->fresh_room * 2 + 256;
		void *more = realloc(store->fresh,
		    room * sizeof *store->fresh);

		if (more == NULL)
			return SQLITE_NOMEM;
		store->fresh = more;
		store->fresh_room = room;
	}
	store->fresh[store->fresh_cnt++] = series;
	return SQLITE_OK;
}

static bool
has_samples(const struct kyi_series *series, uint64_t from, uint64_t end)
{
	struct kyi_recent_view view;
	struct kyi_hists_walk walk;
	uint64_t i;
	bool any;

	if (series->hists == NULL) {
		kyi_recent_view(&series->floats, from, end, &view);
		return view.cnt > 0;
	}
	kyi_hists_walk_begin(&walk, series->hists, from, end);
	any = kyi_hists_walk_next(&walk, &i);
	kyi_hists_walk_end(&walk);
	return any;
}

int
kyi_labels_give(struct kyi_store *store, struct kyi_feed_copy *copy,
    int64_t row)
{
	uint64_t id = store->next_series, batch = id, before = 0, known = 0;
	int code = SQLITE_OK;

	kyi_buffer_again(&store->raw);
	for (uint32_t i = 0; i < copy->series_cnt && code == SQLITE_OK; i++) {
		struct kyi_series *series = copy->series[i];

		/* Its labels may have gone, with the last that it had. */
		if (series->id != 0 && series->batch != known) {
			if (batch_find(store, (int64_t)series->batch) != NULL)
				known = series->batch;
			else
				series->id = 0;
		}
		if (series->id != 0 ||
		    !has_samples(series, copy->from, copy->end))
			continue;
		code = fresh_note(store, series);
		if (code != SQLITE_OK)
			break;
		series->id = id++;
		series->batch = batch;
		labels_put(&store->raw, series->labels, series->id - before);
		before = series->id;
		if (id - batch < KYI_BATCH_SERIES &&
		    store->raw.len_bytes < BATCH_RAW_BYTES)
			continue;
		code = batch_write(store, (int64_t)batch, row, copy->at_ms[0]);
		batch = id;
		before = 0;
	}
	if (code == SQLITE_OK && id > batch)
		code = batch_write(store, (int64_t)batch, row, copy->at_ms[0]);
	if (code == SQLITE_OK && id > store->next_series)
		code = kyi_db_meta_put(&store->db, "next_series", (int64_t)id);
	store->next_series = id;
	return code;
}

void
kyi_labels_end(struct kyi_store *store, bool committed)
{
	if (committed) {
		store->fresh_cnt = 0;
		store->known_series = store->next_series;
		return;
	}
	for (uint32_t i = 0; i < store->fresh_cnt; i++)
		store->fresh[i]->id = store->fresh[i]->batch = 0;
	store->fresh_cnt = 0;
	store->next_series = store->known_series;
	while (store->batch_cnt > 0 && store->batches[store->batch_cnt -
	    1].id >= (int64_t)store->next_series)
		store->batch_cnt--;
	/* What was noted as written may not be. */
	for (uint32_t i = 0; i < store->batch_cnt; i++) {
		store->batches[i].from_ms = INT64_MAX;
		store->batches[i].until_ms = INT64_MIN;
	}
}
