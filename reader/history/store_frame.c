/* SPDX-License-Identifier: MIT */
/* A stretch of memory as a frame's rows. */
#include <stdlib.h>
#include <string.h>

#include "reader/history/native_copy.h"
#include "reader/history/store_db.h"

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

	kyi_buffer_again(&store->code);
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

static int
series_write(struct kyi_writing *w, const struct kyi_series *series)
{
	struct kyi_store *store = w->store;
	const double *value[5] = { NULL };

	if (series->hists != NULL)
		return hists_of(store, series) ?
		    kyi_writing_hists(w, series->id) : SQLITE_OK;
	value[0] = floats_of(store, series);
	return value[0] == NULL ? SQLITE_OK :
	    kyi_writing_floats(w, series->id, KYI_PART_LAST, value);
}

int
kyi_frame_write(struct kyi_store *store, int tier, uint32_t kept, bool *wrote)
{
	const struct kyi_feed_copy *copy = &store->copy;
	const struct kyi_stretch *stretch = &store->stretch;
	struct kyi_frame_row row = { .segment = stretch->segment,
		.class = kept == 0 ? 0 : store->kept[kept - 1].class };
	struct kyi_writing w;
	int code = SQLITE_OK;

	kyi_writing_begin(&w, store, tier, copy->series_cnt, stretch->cnt);
	for (uint32_t i = 0; i < copy->series_cnt && code == SQLITE_OK; i++) {
		struct kyi_series *series = copy->series[i];

		if (series->id != 0 && (tier == KYI_TIER_JOURNAL ||
		    kyi_kept_of(store, series) == kept))
			code = series_write(&w, series);
	}
	if (code == SQLITE_OK)
		code = kyi_writing_end(&w, &row, copy->feed->row,
		    stretch->at_ms);
	*wrote = w.written;
	store->added += w.bytes;
	return code;
}
