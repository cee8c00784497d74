/* SPDX-License-Identifier: MIT */
/* Finer frames into a coarser one. A step's time is its end, so that steps are
   equally far from each other, whenever its last sample came.

   Frames are taken in the order in which they were written, whole ones. Series
   are taken some at a time, by id, so that not all of a frame's steps are in
   memory at once. */
#include <stdlib.h>
#include <string.h>

#include "reader/history/store_merge.h"

#define STEPS 512u
#define FRAMES_MAX 1024u

/* ---- what is wanted --------------------------------------------------------------- */

bool
kyi_coarser_wanted(const struct kyi_store *store, int64_t class, int tier)
{
	/* Tier t of the tables is t - 1 of the options. */
	for (; tier < KYMO_TIER_MAX; tier++)
		if (store->history->options.tiers[tier].step_ms != 0 &&
		    kyi_keep_ms(store, class, tier + 1) != 0)
			return true;
	return false;
}

int
kyi_coarser_done(struct kyi_db *db, int64_t feed_row, int tier, int64_t *id)
{
	sqlite3_stmt *get = kyi_db_sql(db, KYI_SQL_COARSER);
	int code;

	*id = 0;
	sqlite3_bind_int64(get, 1, feed_row);
	sqlite3_bind_int(get, 2, tier);
	code = kyi_db_step(db, get);
	if (code == SQLITE_ROW)
		*id = sqlite3_column_int64(get, 0);
	sqlite3_reset(get);
	return code == SQLITE_ROW || code == SQLITE_DONE ? SQLITE_OK : code;
}

static int
done_put(struct kyi_merging *m, int64_t id)
{
	sqlite3_stmt *put = kyi_db_sql(&m->store->db, KYI_SQL_COARSER_PUT);

	sqlite3_bind_int64(put, 1, m->feed_row);
	sqlite3_bind_int(put, 2, m->tier);
	sqlite3_bind_int64(put, 3, id);
	return kyi_db_run(&m->store->db, put);
}

/* ---- steps ------------------------------------------------------------------------ */

static int64_t
step_of(const struct kyi_merging *m, int64_t at_ms)
{
	int64_t step = at_ms / m->step_ms;

	return at_ms < 0 && at_ms % m->step_ms != 0 ? step - 1 : step;
}

/* Which samples of a frame make which steps. */
static int
source_steps(struct kyi_merging *m, struct kyi_source *source, int64_t *last_ms)
{
	int code = kyi_frame_row_read(&m->store->db, &source->row, m->time_ms,
	    &source->first, &source->block_cnt);

	if (code != SQLITE_OK)
		return code;
	source->step = malloc(source->row.cnt * sizeof *source->step);
	if (source->step == NULL)
		return SQLITE_NOMEM;
	for (uint32_t i = 0; i < source->row.cnt; i++) {
		int64_t at_ms = m->time_ms[i];

		if (m->cnt == 0 || (at_ms > *last_ms &&
		    step_of(m, at_ms) > step_of(m, *last_ms))) {
			if (m->cnt == KYI_FRAME_SAMPLES_MAX)
				return SQLITE_TOOBIG;
			m->cnt++;
		}
		if (m->cnt == 1 || at_ms > *last_ms)
			*last_ms = at_ms;
		m->at_ms[m->cnt - 1] = (step_of(m, at_ms) + 1) * m->step_ms - 1;
		source->step[i] = (uint16_t)(m->cnt - 1);
	}
	return SQLITE_OK;
}

/* A source that is damaged is left out. */
static int
steps_make(struct kyi_merging *m)
{
	int64_t last_ms = INT64_MIN;

	m->cnt = 0;
	for (uint32_t s = 0; s < m->source_cnt; s++) {
		int code = source_steps(m, &m->source[s], &last_ms);

		if (code == SQLITE_EMPTY)
			m->source[s].block_cnt = 0;
		else if (code != SQLITE_OK)
			return code;
	}
	/* The last step may go on in the next frame. */
	if (m->cnt > 0)
		m->at_ms[m->cnt - 1] = last_ms;
	return SQLITE_OK;
}

/* ---- one frame -------------------------------------------------------------------- */

/* The block that begins with the lowest id. NULL: there is none any more. */
static struct kyi_source *
source_next(const struct kyi_merging *m)
{
	struct kyi_source *next = NULL;

	for (uint32_t s = 0; s < m->source_cnt; s++) {
		struct kyi_source *source = &m->source[s];

		if (source->next < source->block_cnt && (next == NULL ||
		    source->first[source->next] < next->first[next->next]))
			next = source;
	}
	return next;
}

static int
frame_make(struct kyi_merging *m)
{
	struct kyi_writing w;
	struct kyi_source *source;
	int code = steps_make(m);

	if (code != SQLITE_OK || m->cnt == 0)
		return code;
	kyi_writing_begin(&w, m->store, m->tier, 0, m->cnt);
	while (code == SQLITE_OK && (source = source_next(m)) != NULL) {
		if (m->merged_cnt >= KYI_BATCH_SERIES)
			code = kyi_merged_flush(m, &w, source->first[source->next]);
		if (code == SQLITE_OK)
			code = kyi_block_merge(m, source, source->next++);
	}
	if (code == SQLITE_OK)
		code = kyi_merged_flush(m, &w, UINT64_MAX);
	if (code == SQLITE_OK)
		code = kyi_writing_end(&w, &m->source[0].row, m->feed_row,
		    m->at_ms);
	m->bytes += w.bytes;
	m->frame_cnt += w.written;
	kyi_merged_free(m);
	return code;
}

/* ---- which frames ------------------------------------------------------------------ */

static int
class_make(struct kyi_merging *m, const struct kyi_frame_row *rows, uint32_t cnt,
    int64_t class)
{
	int code;

	m->source_cnt = 0;
	for (uint32_t i = 0; i < cnt; i++)
		if (rows[i].class == class)
			m->source[m->source_cnt++] =
			    (struct kyi_source){ .row = rows[i] };
	code = m->source_cnt == 0 ? SQLITE_OK : frame_make(m);
	for (uint32_t s = 0; s < m->source_cnt; s++) {
		free(m->source[s].step);
		free(m->source[s].first);
	}
	return code;
}

static int
rows_make(struct kyi_merging *m, const struct kyi_frame_row *rows, uint32_t cnt)
{
	struct kyi_store *store = m->store;
	int code = kyi_db_begin(&store->db, KYI_SQL_BEGIN_WRITE);

	if (code != SQLITE_OK)
		return code;
	for (uint32_t c = 0; c < store->class_cnt && code == SQLITE_OK; c++)
		if (kyi_coarser_wanted(store, store->classes[c], m->tier - 1))
			code = class_make(m, rows, cnt, store->classes[c]);
	if (code == SQLITE_OK)
		code = done_put(m, rows[cnt - 1].id);
	code = kyi_store_end(store, code);
	if (code == SQLITE_OK)
		kyi_store_counted(store, m->tier, (int64_t)m->frame_cnt,
		    (int64_t)m->bytes);
	return code;
}

/* How many of these make one frame. */
static uint32_t
rows_cnt(const struct kyi_merging *m, const struct kyi_frame_row *rows,
    uint32_t cnt)
{
	uint32_t i = 1;

	while (i < cnt && rows[i].segment == rows[0].segment &&
	    rows[i].from_ms >= rows[0].from_ms &&
	    (rows[i].to_ms - rows[0].from_ms < m->step_ms * STEPS ||
	    rows[i].from_ms == rows[i - 1].from_ms))
		i++;
	return i;
}

static int
feed_coarser(struct kyi_merging *m, bool force, bool *wrote)
{
	struct kyi_frame_row *rows = NULL;
	uint32_t cnt = 0, taken;
	int64_t done;
	int code = kyi_coarser_done(&m->store->db, m->feed_row, m->tier, &done);

	m->step_ms = (int64_t)m->store->history->options.tiers[m->tier -
	    KYI_TIER_FIRST].step_ms;
	if (code == SQLITE_OK)
		code = kyi_frames_after(&m->store->db, m->feed_row,
		    m->tier - 1, done, &rows, &cnt);
	taken = code == SQLITE_OK && cnt > 0 ? rows_cnt(m, rows, cnt) : 0;
	/* One that is not in it ends it; so does the last that we looked at. */
	if (taken > 0 && (force || taken < cnt || cnt == FRAMES_MAX)) {
		code = rows_make(m, rows, taken);
		*wrote = code == SQLITE_OK;
	}
	free(rows);
	return code;
}

static int
merging_room(struct kyi_merging *m)
{
	m->source = malloc(FRAMES_MAX * sizeof *m->source);
	m->at_ms = malloc(KYI_FRAME_SAMPLES_MAX * sizeof *m->at_ms);
	m->time_ms = malloc(KYI_FRAME_SAMPLES_MAX * sizeof *m->time_ms);
	for (int p = 0; p < KYI_PARTS; p++) {
		m->column[p] = malloc(KYI_FRAME_SAMPLES_MAX *
		    sizeof *m->column[p]);
		if (m->column[p] == NULL)
			return SQLITE_NOMEM;
	}
	return m->source == NULL || m->at_ms == NULL || m->time_ms == NULL ?
	    SQLITE_NOMEM : SQLITE_OK;
}

static void
merging_free(struct kyi_merging *m)
{
	free(m->source);
	free(m->at_ms);
	free(m->time_ms);
	for (int p = 0; p < KYI_PARTS; p++)
		free(m->column[p]);
	free(m->merged);
}

int
kyi_store_coarser(struct kyi_store *store, int64_t feed_row, int tier,
    bool *wrote)
{
	struct kyi_merging m = { .store = store };
	int code = merging_room(&m);

	*wrote = false;
	for (uint32_t f = 0; f < store->feed_cnt; f++) {
		if (feed_row != 0 && store->feeds[f].row != feed_row)
			continue;
		for (int t = KYI_TIER_FIRST + 1; t <= KYMO_TIER_MAX; t++) {
			if (code != SQLITE_OK || *wrote ||
			    (tier != 0 && t != tier) || store->history->
			    options.tiers[t - KYI_TIER_FIRST].step_ms == 0)
				continue;
			m.feed_row = store->feeds[f].row;
			m.tier = t;
			code = feed_coarser(&m, tier != 0, wrote);
		}
	}
	merging_free(&m);
	return code;
}
