/* SPDX-License-Identifier: MIT */
/* Samples of one feed's series out of its frames. All series of the feed share
   one column of times. Where one has no frame between two that it has, it is
   stale. */
#include <stdlib.h>
#include <string.h>

#include "reader/history/store_read.h"

/* What all frames of a feed come to. */
struct reading {
	struct kyi_asking *asking;
	struct kyi_found *found;
	uint32_t found_cnt;
	struct kyi_frame_row *rows;
	uint32_t row_cnt;
	int64_t since_ms;
	int64_t *at_ms; /* of the arena */
	uint32_t cnt;
	/* Of the frame at hand: those that are wanted. */
	uint32_t from, end;
	int64_t time_ms[KYI_FRAME_SAMPLES_MAX];
	double value[KYI_FRAME_SAMPLES_MAX];
	double part[KYI_FRAME_SAMPLES_MAX], weight[KYI_FRAME_SAMPLES_MAX];
};

static int
no_memory(struct reading *r)
{
	return kymo_error_set(r->asking->error, "no memory");
}

/* ---- which frames --------------------------------------------------------------- */

static int
in_order(const void *a_at, const void *b_at)
{
	const struct kyi_frame_row *a = a_at, *b = b_at;

	if (a->from_ms != b->from_ms)
		return a->from_ms < b->from_ms ? -1 : 1;
	return a->id < b->id ? -1 : a->id > b->id;
}

/* A clock that was set back goes twice over the same time: of the earlier
   segment's frames is shown what lies before the later's. */
static void
cut(struct reading *r)
{
	struct kyi_frame_row *rows = r->rows;
	bool several = false;

	for (uint32_t i = 0; i < r->row_cnt; i++) {
		rows[i].cut_ms = r->since_ms;
		several |= rows[i].segment != rows[0].segment;
	}
	for (uint32_t i = 0; i < r->row_cnt && several; i++)
		for (uint32_t k = 0; k < r->row_cnt; k++)
			if (rows[k].segment > rows[i].segment &&
			    rows[k].from_ms <= rows[i].to_ms &&
			    rows[k].to_ms >= rows[i].from_ms &&
			    rows[k].from_ms < rows[i].cut_ms)
				rows[i].cut_ms = rows[k].from_ms;
}

static int
rows_read(struct reading *r, const struct kyi_frames *which)
{
	struct kyi_asking *asking = r->asking;
	const struct kymo_select *what = asking->what;
	uint64_t most = 0;
	int code = kyi_frames_in(asking->db, which, what->from_ms, what->to_ms,
	    &r->rows, &r->row_cnt);

	/* Where the first tier ends there is the journal; of none its class. */
	if (code == SQLITE_OK && which->tier == KYI_TIER_FIRST &&
	    which->class == 0)
		code = kyi_frames_in(asking->db, &(struct kyi_frames){
		    which->feed_row, KYI_TIER_JOURNAL, 0 }, what->from_ms,
		    what->to_ms, &r->rows, &r->row_cnt);
	if (code != SQLITE_OK)
		return kyi_asking_failed(asking, code);
	if (r->row_cnt > 1)
		qsort(r->rows, r->row_cnt, sizeof *r->rows, in_order);
	cut(r);
	for (uint32_t i = 0; i < r->row_cnt; i++)
		if (r->rows[i].cnt <= KYI_FRAME_SAMPLES_MAX)
			most += r->rows[i].cnt;
	r->at_ms = kyi_arena_take(&asking->selection->arena,
	    (most + 1) * sizeof *r->at_ms);
	return r->at_ms == NULL ? no_memory(r) : 0;
}

/* ---- columns --------------------------------------------------------------------- */

/* From was_cnt on to cnt. */
static int
chunk_room(struct kyi_arena *arena, struct kyi_arena_chunk **chunk,
    uint32_t was_cnt, uint32_t cnt)
{
	struct kyi_arena_chunk *more;

	if (!kyi_arena_count(arena, (cnt - (*chunk == NULL ? 0 : was_cnt)) *
	    sizeof more->at[0]))
		return -1;
	more = realloc(*chunk, sizeof *more + cnt * sizeof more->at[0]);
	if (more == NULL)
		return -1;
	*chunk = more;
	return 0;
}

/* Pointers, in memory that is aligned for them. */
static const struct kymo_native_hist **
hists_at(const struct kyi_found *found)
{
	return found->hists == NULL ? NULL : (void *)found->hists->at;
}

static int
room(struct reading *r, struct kyi_found *found, uint32_t cnt, bool hists)
{
	struct kyi_arena *arena = &r->asking->selection->arena;
	bool sums = r->asking->what->part == KYMO_PART_SUM;

	if (found->cnt + cnt > found->room) {
		uint32_t more = found->cnt * 2 + cnt + 64;

		if (chunk_room(arena, &found->column, found->room, more) != 0 ||
		    ((hists || found->hists != NULL) && chunk_room(arena,
		    &found->hists, found->room, more) != 0) ||
		    (sums && chunk_room(arena, &found->weight, found->room,
		    more) != 0))
			return no_memory(r);
		found->room = more;
	}
	r->asking->selection->sample_cnt += cnt;
	if (r->asking->selection->sample_cnt > r->asking->what->samples_max)
		return kymo_error_set(r->asking->error,
		    "more than %llu samples match",
		    (unsigned long long)r->asking->what->samples_max);
	return 0;
}

static double
stale(void)
{
	uint64_t bits = KYMO_STALE_BITS;
	double value;

	memcpy(&value, &bits, sizeof value);
	return value;
}

static void
put(struct kyi_found *found, double value, double weight,
    const struct kymo_native_hist *hist)
{
	found->column->at[found->cnt] = value;
	if (found->weight != NULL)
		found->weight->at[found->cnt] = weight;
	if (found->hists != NULL)
		hists_at(found)[found->cnt] = hist;
	found->any_stale |= hist == NULL && kymo_is_stale(value);
	found->cnt++;
}

/* Up to where the frame's samples go. */
static void
pad(const struct reading *r, struct kyi_found *found)
{
	if (found->cnt == 0)
		found->first = r->cnt;
	while (found->first + found->cnt < r->cnt)
		put(found, stale(), 1, NULL);
}

static uint32_t
pad_cnt(const struct reading *r, const struct kyi_found *found)
{
	return found->cnt == 0 ? 0 : r->cnt - found->first - found->cnt;
}

/* Which part of a column (frame.h) stands for a step. */
static const uint32_t parts[] = {
	[KYMO_PART_LAST] = 0, [KYMO_PART_MIN] = 1, [KYMO_PART_MAX] = 2,
	[KYMO_PART_SUM] = 3
};
#define PART_COUNT 4

/* Where nothing was merged each sample stands for itself, and a step without
   samples has its stale marker. -1: damaged. */
static int
values_read(struct reading *r, const struct kyi_frame_column *column)
{
	const struct kyi_frame_reader *frames = r->asking->db->frames;
	uint32_t part = parts[r->asking->what->part];
	bool merged = column->parts == KYI_PART_MERGED && part != 0;

	if (kyi_frame_values(frames, column, 0, r->value) != 0 || (merged &&
	    (kyi_frame_values(frames, column, part, r->part) != 0 ||
	    kyi_frame_values(frames, column, PART_COUNT, r->weight) != 0)))
		return -1;
	for (uint32_t i = r->from; i < r->end; i++) {
		if (merged && r->weight[i] > 0)
			r->value[i] = r->part[i];
		else
			r->weight[i] = 1;
	}
	return 0;
}

static int
floats_take(struct reading *r, struct kyi_found *found,
    const struct kyi_frame_column *column)
{
	uint32_t i = r->from;

	if (found->hists != NULL || values_read(r, column) != 0) {
		r->asking->damaged_cnt++;
		return 0;
	}
	if (room(r, found, pad_cnt(r, found) + r->end - r->from, false) != 0)
		return -1;
	pad(r, found);
	/* Before its first sample it is not stale but not there. */
	for (; found->cnt == 0 && i < r->end && kymo_is_stale(r->value[i]); i++)
		found->first++;
	for (; i < r->end; i++)
		put(found, r->value[i], r->weight[i], NULL);
	return 0;
}

static int
hists_take(struct reading *r, struct kyi_found *found,
    const struct kyi_frame_column *column)
{
	struct kyi_hist_reader reader = { .any = false };
	const uint8_t *at = column->bytes, *end = at + column->len_bytes;
	const struct kymo_native_hist *hist = NULL;
	int result = 0;

	if (found->cnt > 0 && found->hists == NULL) {
		r->asking->damaged_cnt++;
		return 0;
	}
	if (room(r, found, pad_cnt(r, found) + r->end - r->from, true) != 0)
		return -1;
	pad(r, found);
	for (uint32_t i = 0; i < r->end && result == 0; i++) {
		if (kyi_hist_get(&reader, &at, end) != 0) {
			r->asking->damaged_cnt++;
			break;
		}
		if (i < r->from)
			continue;
		if (reader.is_float) {
			if (found->cnt > 0)
				put(found, reader.value, 1, NULL);
			else
				found->first++;
			continue;
		}
		hist = kyi_arena_hist(&r->asking->selection->arena,
		    &reader.hist, hist);
		if (hist == NULL)
			result = no_memory(r);
		else
			put(found, 0, 1, hist);
	}
	kyi_hist_reader_free(&reader);
	return result;
}

/* ---- frames ---------------------------------------------------------------------- */

/* Of the series found from *f on: those with ids below end that block b of
   the frame may have. */
static int
block_take(struct reading *r, const struct kyi_frame_row *row, uint32_t b,
    uint32_t *f, uint64_t end)
{
	struct kyi_db *db = r->asking->db;
	int code;

	if (kyi_asking_go_on(r->asking) != 0)
		return -1;
	code = kyi_block_open(db, row, b);
	if (code == SQLITE_EMPTY)
		r->asking->damaged_cnt++;
	else if (code != SQLITE_OK)
		return kyi_asking_failed(r->asking, code);
	for (; *f < r->found_cnt && r->found[*f].id < end; ++*f) {
		const struct kyi_frame_column *column = code != SQLITE_OK ?
		    NULL : kyi_frame_find(db->frames, r->found[*f].id);

		if (column != NULL && (column->parts == KYI_PART_HISTS ?
		    hists_take(r, &r->found[*f], column) :
		    floats_take(r, &r->found[*f], column)) != 0)
			return -1;
	}
	return 0;
}

/* Which of its samples are wanted. */
static void
window(struct reading *r, const struct kyi_frame_row *row)
{
	const struct kymo_select *what = r->asking->what;
	int64_t after_ms = what->from_ms;

	if (r->cnt > 0 && r->at_ms[r->cnt - 1] > after_ms)
		after_ms = r->at_ms[r->cnt - 1];
	for (r->from = 0; r->from < row->cnt &&
	    r->time_ms[r->from] <= after_ms; r->from++)
		;
	for (r->end = r->from; r->end < row->cnt &&
	    r->time_ms[r->end] < row->cut_ms &&
	    r->time_ms[r->end] <= what->to_ms; r->end++)
		;
}

static int
frame_take(struct reading *r, const struct kyi_frame_row *row)
{
	uint64_t *first = NULL;
	uint32_t block_cnt, f = 0;
	int result = 0, code;

	if (row->from_ms >= row->cut_ms)
		return 0;
	if (kyi_asking_go_on(r->asking) != 0)
		return -1;
	code = kyi_frame_row_read(r->asking->db, row, r->time_ms, &first,
	    &block_cnt);
	if (code != SQLITE_OK) {
		free(first);
		if (code != SQLITE_EMPTY)
			return kyi_asking_failed(r->asking, code);
		r->asking->damaged_cnt++;
		return 0;
	}
	window(r, row);
	for (uint32_t b = 0; b < block_cnt && r->from < r->end &&
	    result == 0; b++) {
		uint64_t end = b + 1 < block_cnt ? first[b + 1] : UINT64_MAX;

		while (f < r->found_cnt && r->found[f].id < first[b])
			f++;
		if (f < r->found_cnt && r->found[f].id < end)
			result = block_take(r, row, b, &f, end);
	}
	free(first);
	memcpy(r->at_ms + r->cnt, r->time_ms + r->from,
	    (r->end - r->from) * sizeof *r->at_ms);
	r->cnt += r->end - r->from;
	return result;
}

/* ---- all of it --------------------------------------------------------------------- */

static void
adopt(struct kyi_arena *arena, struct kyi_arena_chunk **chunk)
{
	if (*chunk == NULL)
		return;
	(*chunk)->next = arena->chunks;
	arena->chunks = *chunk;
	*chunk = NULL;
}

static int
give(struct reading *r, struct kyi_found *found)
{
	struct kyi_selection *selection = r->asking->selection;
	struct kymo_samples *samples;

	if (found->cnt == 0)
		return 0;
	samples = kyi_selection_add(selection, NULL, r->asking->error);
	if (samples == NULL)
		return -1;
	samples->labels = found->labels;
	samples->at_ms = r->at_ms + found->first;
	samples->value = found->column->at;
	samples->hist = hists_at(found);
	samples->weight = found->weight == NULL ? NULL : found->weight->at;
	samples->cnt = found->cnt;
	samples->any_stale = found->any_stale;
	adopt(&selection->arena, &found->column);
	adopt(&selection->arena, &found->hists);
	adopt(&selection->arena, &found->weight);
	found->cnt = found->room = 0;
	found->any_stale = false;
	selection->in_parts = true;
	return kyi_samples_lost(&selection->arena, samples) != 0 ?
	    no_memory(r) : 0;
}

/* One tier, of one class. */
static int
tier_read(struct reading *r, const struct kyi_frames *which)
{
	int result = rows_read(r, which);

	r->cnt = 0;
	for (uint32_t i = 0; i < r->row_cnt && result == 0; i++)
		result = frame_take(r, &r->rows[i]);
	for (uint32_t i = 0; i < r->found_cnt && result == 0; i++)
		result = give(r, &r->found[i]);
	free(r->rows);
	r->rows = NULL;
	r->row_cnt = 0;
	return result;
}

/* The finer tier has all since its oldest frame: what is before is the next
   one's. */
static int
class_read(struct reading *r, struct kyi_frames *which, int64_t since_ms)
{
	struct kyi_asking *asking = r->asking;
	int result = 0;

	r->since_ms = since_ms;
	for (which->tier = KYI_TIER_FIRST; which->tier <= KYMO_TIER_MAX &&
	    result == 0 && asking->what->from_ms < r->since_ms - 1;
	    which->tier++) {
		struct kyi_frame_row *oldest = NULL;
		uint32_t cnt = 0;
		int code;

		result = tier_read(r, which);
		code = kyi_frame_oldest(asking->db, which, &oldest, &cnt);
		if (cnt > 0 && oldest->from_ms < r->since_ms)
			r->since_ms = oldest->from_ms;
		free(oldest);
		if (result == 0 && code != SQLITE_OK)
			result = kyi_asking_failed(asking, code);
	}
	return result;
}

int
kyi_asking_read(struct kyi_asking *asking, struct kyi_found *found,
    uint32_t cnt)
{
	struct kyi_frames which = { .feed_row = found->feed_row };
	struct reading *r = calloc(1, sizeof *r);
	int64_t since_ms = INT64_MAX;
	int result = 0;

	if (r == NULL)
		return kymo_error_set(asking->error, "no memory");
	r->asking = asking;
	r->found = found;
	r->found_cnt = cnt;
	for (uint32_t i = 0; i < asking->feed_cnt; i++)
		if (asking->feeds[i].row == found->feed_row)
			since_ms = asking->feeds[i].since_ms;
	for (uint32_t c = 0; c < asking->store->class_cnt && result == 0;
	    c++) {
		which.class = asking->store->classes[c];
		result = class_read(r, &which, since_ms);
	}
	free(r);
	return result;
}
