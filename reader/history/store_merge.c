/* SPDX-License-Identifier: MIT */
/* Series of finer frames, step by step: of each step the last value, the
   smallest, the largest, their sum and count; of histograms the last one, which
   has all counts of those before. */
#include "reader/history/store_merge.h"

#include <stdlib.h>
#include <string.h>

#include "reader/history/native_copy.h"

static double
stale(void)
{
	uint64_t bits = KYMO_STALE_BITS;
	double value;

	memcpy(&value, &bits, sizeof value);
	return value;
}

/* ---- series ----------------------------------------------------------------------- */

static struct kyi_merged *
merged_of(struct kyi_merging *m, uint64_t id, bool hists)
{
	uint32_t low = 0, high = m->merged_cnt;
	struct kyi_merged *at;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (m->merged[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	at = &m->merged[low];
	if (low < m->merged_cnt && at->id == id)
		return at;
	if (m->merged_cnt == m->merged_room) {
		uint32_t room = m->merged_room * 2 + 256;

		at = realloc(m->merged, room * sizeof *at);
		if (at == NULL)
			return NULL;
		m->merged = at;
		m->merged_room = room;
	}
	at = &m->merged[low];
	memmove(at + 1, at, (m->merged_cnt - low) * sizeof *at);
	*at = (struct kyi_merged){ .id = id };
	m->merged_cnt++;
	at->from = calloc(m->cnt, sizeof *at->from);
	if (hists)
		at->hist = calloc(m->cnt, sizeof *at->hist);
	else
		at->part = malloc(m->cnt * KYI_PARTS * sizeof *at->part);
	for (uint32_t i = 0; at->part != NULL && i < m->cnt * KYI_PARTS; i++)
		at->part[i] = i < KYI_SUM * m->cnt ? stale() : 0;
	return (at->hist == NULL && at->part == NULL) || at->from == NULL ?
	    NULL : at;
}

void
kyi_merged_free(struct kyi_merging *m)
{
	for (uint32_t i = 0; i < m->merged_cnt; i++) {
		for (uint32_t k = 0; m->merged[i].hist != NULL && k < m->cnt;
		    k++)
			free(m->merged[i].hist[k]);
		free(m->merged[i].hist);
		free(m->merged[i].part);
		free(m->merged[i].from);
	}
	m->merged_cnt = 0;
}

/* Than what the step has now; it is from now on. */
static bool
is_later(const struct kyi_merging *m, const struct kyi_merged *merged,
    const struct kyi_source *source, uint32_t i)
{
	uint16_t *from = &merged->from[source->step[i]];
	uint16_t number = (uint16_t)(source - m->source);

	if (number < *from)
		return false;
	*from = number;
	return true;
}

static void
sample_merge(struct kyi_merging *m, const struct kyi_merged *merged,
    const struct kyi_source *source, uint32_t i)
{
	double *last = merged->part + source->step[i], *min = last + m->cnt;
	double *max = min + m->cnt, *sum = max + m->cnt, *count = sum + m->cnt;

	if (is_later(m, merged, source, i))
		*last = m->column[KYI_LAST][i];
	if (m->column[KYI_COUNT][i] == 0)
		return;
	/* NaN gives way to any number. */
	if (*count == 0 || *min != *min || m->column[KYI_MIN][i] < *min)
		*min = m->column[KYI_MIN][i];
	if (*count == 0 || *max != *max || m->column[KYI_MAX][i] > *max)
		*max = m->column[KYI_MAX][i];
	*sum += m->column[KYI_SUM][i];
	*count += m->column[KYI_COUNT][i];
}

static int
floats_merge(struct kyi_merging *m, const struct kyi_source *source,
    const struct kyi_frame_column *column)
{
	struct kyi_frame_reader *reader = m->store->db.frames;
	bool parts = column->parts == KYI_PART_MERGED;
	struct kyi_merged *merged;

	for (uint32_t p = 0; p < (parts ? KYI_PARTS : KYI_LAST + 1u); p++)
		if (kyi_frame_values(reader, column, p, m->column[p]) != 0)
			return SQLITE_OK; /* damaged: left out */
	for (uint32_t i = 0; !parts && i < source->row.cnt; i++) {
		double value = m->column[KYI_LAST][i];

		m->column[KYI_MIN][i] = m->column[KYI_MAX][i] = value;
		m->column[KYI_SUM][i] = value;
		m->column[KYI_COUNT][i] = kymo_is_stale(value) ? 0 : 1;
	}
	merged = merged_of(m, column->id, false);
	if (merged == NULL)
		return SQLITE_NOMEM;
	for (uint32_t i = 0; merged->part != NULL && i < source->row.cnt; i++)
		sample_merge(m, merged, source, i);
	return SQLITE_OK;
}

static int
hists_merge(struct kyi_merging *m, const struct kyi_source *source,
    const struct kyi_frame_column *column)
{
	struct kyi_hist_reader reader = { .any = false };
	const uint8_t *at = column->bytes, *end = at + column->len_bytes;
	struct kyi_merged *merged = merged_of(m, column->id, true);
	int code = merged == NULL ? SQLITE_NOMEM : SQLITE_OK;

	for (uint32_t i = 0; code == SQLITE_OK && merged->hist != NULL &&
	    i < source->row.cnt && kyi_hist_get(&reader, &at, end) == 0; i++) {
		struct kymo_native_hist **to = &merged->hist[source->step[i]];
		bool last = i + 1 == source->row.cnt ||
		    source->step[i + 1] != source->step[i];

		if (!last || !is_later(m, merged, source, i))
			continue;
		free(*to);
		*to = reader.is_float ? NULL : kyi_native_copy(&reader.hist);
		if (*to == NULL && !reader.is_float)
			code = SQLITE_NOMEM;
	}
	kyi_hist_reader_free(&reader);
	return code;
}

int
kyi_block_merge(struct kyi_merging *m, const struct kyi_source *source, uint32_t b)
{
	uint32_t cnt;
	const struct kyi_frame_column *columns;
	int code = kyi_block_open(&m->store->db, &source->row, b);

	if (code != SQLITE_OK)
		return code == SQLITE_EMPTY ? SQLITE_OK : code;
	columns = kyi_frame_columns(m->store->db.frames, &cnt);
	for (uint32_t c = 0; c < cnt && code == SQLITE_OK; c++)
		code = columns[c].parts == KYI_PART_HISTS ?
		    hists_merge(m, source, &columns[c]) :
		    floats_merge(m, source, &columns[c]);
	return code;
}

/* ---- writing ------------------------------------------------------------------- */

static int
merged_write(struct kyi_merging *m, struct kyi_writing *w,
    const struct kyi_merged *merged)
{
	struct kymo_buffer *code = &m->store->code;
	const struct kymo_native_hist *before = NULL;
	const double *value[KYI_PARTS];

	if (merged->hist == NULL) {
		for (uint32_t p = 0; p < KYI_PARTS; p++)
			value[p] = merged->part + (size_t)p * m->cnt;
		return kyi_writing_floats(w, merged->id, KYI_PART_MERGED,
		    value);
	}
	kyi_buffer_again(code);
	for (uint32_t i = 0; i < m->cnt; i++) {
		if (merged->hist[i] == NULL)
			kyi_hist_put_float(code, stale());
		else
			kyi_hist_put(code, before, merged->hist[i]);
		before = merged->hist[i];
	}
	return kyi_writing_hists(w, merged->id);
}

int
kyi_merged_flush(struct kyi_merging *m, struct kyi_writing *w, uint64_t end)
{
	uint32_t cnt = 0, all = m->merged_cnt;
	int code = SQLITE_OK;

	while (cnt < all && m->merged[cnt].id < end && code == SQLITE_OK)
		code = merged_write(m, w, &m->merged[cnt++]);
	m->merged_cnt = cnt;
	kyi_merged_free(m);
	m->merged_cnt = all - cnt;
	memmove(m->merged, m->merged + cnt, (all - cnt) * sizeof *m->merged);
	return code;
}
