/* SPDX-License-Identifier: MIT */
/* A selection: columns of memory as they are, what has none made in the
   selection's own memory. */
#include "reader/history/select.h"

#include <string.h>

#include "reader/history/store.h"
#include "shm/atomic.h"

#define RUNS_KEPT 256u /* a power of two */
#define VIEWS_ROOM 16u /* the same, at first */
#define SERIES_ROUND 1024u /* some 50 us; a look at the clock may take 1 */

/* Runs of one value are made once for all series that have it. */
struct runs {
	const double *value[RUNS_KEPT];
	uint64_t bits[RUNS_KEPT];
	uint32_t cnt[RUNS_KEPT];
};

/* ---- feeds ------------------------------------------------------------------------ */

/* The first sample after at_ms. */
static uint64_t
after(const struct kyi_times *times, uint64_t from, uint64_t end,
    int64_t at_ms)
{
	while (from < end) {
		uint64_t middle = from + (end - from) / 2;

		if (times->at_ms[middle - times->first] > at_ms)
			end = middle;
		else
			from = middle + 1;
	}
	return from;
}

static struct kyi_feed_view *
view_place(struct kyi_feed_view *views, uint32_t room,
    const struct kymo_feed *feed)
{
	uint32_t i = feed->number * 2654435761u >> 16;

	while (views[i & (room - 1)].feed != NULL &&
	    views[i & (room - 1)].feed != feed)
		i++;
	return &views[i & (room - 1)];
}

static int
views_grow(struct kyi_selection *selection)
{
	uint32_t room = selection->view_room == 0 ? VIEWS_ROOM :
	    selection->view_room * 2;
	struct kyi_feed_view *more = calloc(room, sizeof *more);

	if (more == NULL)
		return -1;
	for (uint32_t i = 0; i < selection->view_room; i++)
		if (selection->views[i].feed != NULL)
			*view_place(more, room, selection->views[i].feed) =
			    selection->views[i];
	free(selection->views);
	selection->views = more;
	selection->view_room = room;
	return 0;
}

/* Stays until the next one is asked for. NULL: no memory. */
static const struct kyi_feed_view *
feed_view(struct kyi_selection *selection, const struct kymo_feed *feed,
    const struct kymo_select *what)
{
	struct kyi_feed_view *view;
	uint64_t cnt, begin;

	if (selection->view_cnt * 2 >= selection->view_room &&
	    views_grow(selection) != 0)
		return NULL;
	view = view_place(selection->views, selection->view_room, feed);
	if (view->feed != NULL)
		return view;
	view->feed = feed;
	selection->view_cnt++;
	/* pairs(feed-cnt): first; what is below it can be seen. */
	cnt = kyi_load_u64_acquire(&feed->cnt);
	begin = kyi_load_u64_relaxed(&feed->begin);
	/* pairs(feed-times) */
	view->times = kyi_load_ptr_acquire((void *const *)&feed->times);
	if (view->times == NULL)
		return view;
	if (begin < view->times->first)
		begin = view->times->first;
	view->from = after(view->times, begin, cnt, what->from_ms);
	view->end = after(view->times, view->from, cnt, what->to_ms);
	return view;
}

/* ---- series ----------------------------------------------------------------------- */

static int
series_error(const struct kymo_select *what, struct kymo_error *error)
{
	return kymo_error_set(error, "more than %llu series match",
	    (unsigned long long)what->series_max);
}

/* Without memory it grows as it goes. */
static void
selection_reserve(struct kyi_selection *selection, uint32_t cnt)
{
	void *samples = cnt == 0 ? NULL : malloc(cnt *
	    sizeof *selection->samples);

	if (samples == NULL)
		return;
	selection->samples = samples;
	selection->room = cnt;
}

struct kymo_samples *
kyi_selection_add(struct kyi_selection *selection,
    const struct kymo_select *what, struct kymo_error *error)
{
	struct kymo_samples *samples;

	if (what != NULL && selection->cnt >= what->series_max) {
		series_error(what, error);
		return NULL;
	}
	if (selection->cnt == selection->room) {
		uint32_t room = selection->room * 2 + 64;
		void *more = realloc(selection->samples,
		    room * sizeof *samples);

		if (more == NULL) {
			kymo_error_set(error, "no memory");
			return NULL;
		}
		selection->samples = more;
		selection->room = room;
	}
	samples = &selection->samples[selection->cnt++];
	memset(samples, 0, sizeof *samples);
	return samples;
}

static const double *
run_of(struct kyi_selection *selection, struct runs **kept, double value,
    uint32_t cnt, bool ends)
{
	struct runs *runs = *kept;
	uint64_t bits, stale = KYMO_STALE_BITS;
	uint32_t place;
	double *made;

	if (runs == NULL)
		runs = *kept = calloc(1, sizeof *runs);
	if (runs == NULL)
		return NULL;
	memcpy(&bits, &value, sizeof bits);
	place = (uint32_t)(bits * UINT64_C(0x9e3779b97f4a7c15) >> 56) &
	    (RUNS_KEPT - 1);
	if (!ends && runs->value[place] != NULL && runs->bits[place] == bits &&
	    runs->cnt[place] >= cnt)
		return runs->value[place];
	made = kyi_arena_take(&selection->arena, cnt * sizeof *made);
	if (made == NULL)
		return NULL;
	for (uint32_t i = 0; i < cnt; i++)
		made[i] = value;
	if (ends) {
		memcpy(&made[cnt - 1], &stale, sizeof stale);
	} else {
		runs->value[place] = made;
		runs->bits[place] = bits;
		runs->cnt[place] = cnt;
	}
	return made;
}

static int
floats_add(struct kyi_selection *selection, struct runs **runs,
    const struct kyi_series *series, const struct kyi_feed_view *feed,
    const struct kymo_select *what, struct kymo_error *error)
{
	struct kyi_recent_view view;
	struct kymo_samples *samples;

	kyi_recent_view(&series->floats, feed->from, feed->end, &view);
	if (view.cnt == 0)
		return 0;
	samples = kyi_selection_add(selection, what, error);
	if (samples == NULL)
		return -1;
	samples->labels = series->labels;
	samples->origin = series->ref;
	samples->at_ms = feed->times->at_ms + (view.first - feed->times->first);
	samples->value = view.value;
	if (view.value == NULL)
		samples->value = run_of(selection, runs, view.run, view.cnt,
		    view.ends);
	if (samples->value == NULL)
		return kymo_error_set(error, "no memory");
	samples->lost = view.lost;
	samples->mark = view.mark;
	samples->mark_cnt = view.mark_cnt;
	samples->block_extremes = view.block_extremes;
	samples->block_phase = view.block_phase;
	samples->block_cnt = view.block_cnt;
	samples->cnt = view.cnt;
	samples->any_stale = view.any_stale;
	return 0;
}

/* Bounds are kept once while they stay the same. */
static const double *
bounds_copy(struct kyi_arena *arena, const struct kymo_native_hist *hist,
    const struct kymo_native_hist *before)
{
	double *copy;

	if (hist->bound_cnt == 0)
		return NULL;
	if (before != NULL && before->bound_cnt == hist->bound_cnt &&
	    memcmp(before->bounds, hist->bounds,
	    hist->bound_cnt * sizeof *copy) == 0)
		return before->bounds;
	copy = kyi_arena_take(arena, hist->bound_cnt * sizeof *copy);
	if (copy != NULL)
		memcpy(copy, hist->bounds, hist->bound_cnt * sizeof *copy);
	return copy;
}

const struct kymo_native_hist *
kyi_arena_hist(struct kyi_arena *arena, const struct kymo_native_hist *hist,
    const struct kymo_native_hist *before)
{
	struct kymo_native_hist *copy = kyi_arena_take(arena, sizeof *copy +
	    ((size_t)hist->pos.cnt + hist->neg.cnt) * sizeof(double));
	double *at;

	if (copy == NULL)
		return NULL;
	*copy = *hist;
	at = (double *)(copy + 1);
	copy->pos.count = at;
	copy->neg.count = at + hist->pos.cnt;
	if (hist->pos.cnt > 0)
		memcpy(at, hist->pos.count, hist->pos.cnt * sizeof *at);
	if (hist->neg.cnt > 0)
		memcpy(at + hist->pos.cnt, hist->neg.count,
		    hist->neg.cnt * sizeof *at);
	copy->bounds = bounds_copy(arena, hist, before);
	return copy->bounds == NULL && hist->bound_cnt > 0 ? NULL : copy;
}

static int
hists_add(struct kyi_selection *selection, const struct kyi_series *series,
    const struct kyi_feed_view *feed, const struct kymo_select *what,
    struct kymo_error *error)
{
	struct kyi_hists_walk walk;
	struct kymo_samples *samples;
	const struct kymo_native_hist **hist, *before = NULL;
	uint32_t room = (uint32_t)(feed->end - feed->from);
	uint64_t i, first = 0;
	double *value;
	int result = 0;

	samples = kyi_selection_add(selection, what, error);
	if (samples == NULL)
		return -1;
	samples->labels = series->labels;
	samples->origin = series->ref;
	value = kyi_arena_take(&selection->arena, room * sizeof *value);
	hist = kyi_arena_take(&selection->arena, room * sizeof *hist);
	if (value == NULL || hist == NULL)
		return kymo_error_set(error, "no memory");
	kyi_hists_walk_begin(&walk, series->hists, feed->from, feed->end);
	while (kyi_hists_walk_next(&walk, &i) && samples->cnt < room) {
		if (samples->cnt % KYI_SELECT_ROUND == KYI_SELECT_ROUND - 1 &&
		    kyi_select_go_on(what, error) != 0) {
			result = -1;
			break;
		}
		if (samples->cnt == 0)
			first = i;
		value[samples->cnt] = 0;
		hist[samples->cnt] = NULL;
		if (walk.reader.is_float) {
			value[samples->cnt] = walk.reader.value;
			samples->any_stale = true;
		} else {
			hist[samples->cnt] = before =
			    kyi_arena_hist(&selection->arena,
			    &walk.reader.hist, before);
			if (before == NULL) {
				result = kymo_error_set(error, "no memory");
				break;
			}
		}
		samples->cnt++;
	}
	kyi_hists_walk_end(&walk);
	samples->at_ms = feed->times->at_ms + (first - feed->times->first);
	samples->value = value;
	samples->hist = hist;
	if (samples->cnt == 0)
		selection->cnt--;
	return result;
}

/* ---- all of it -------------------------------------------------------------------- */

static int
memory_add(struct kyi_selection *selection, struct kyi_series **found,
    uint32_t cnt, const struct kymo_select *what, struct kymo_error *error)
{
	const struct kyi_feed_view *feed = NULL;
	struct runs *runs = NULL;
	int result = 0;

	selection_reserve(selection, cnt < what->series_max ? cnt :
	    (uint32_t)what->series_max);
	for (uint32_t i = 0; i < cnt && result == 0; i++) {
		if (i % SERIES_ROUND == SERIES_ROUND - 1 &&
		    kyi_select_go_on(what, error) != 0) {
			result = -1;
			break;
		}
		if (feed == NULL || feed->feed != found[i]->feed)
			feed = feed_view(selection, found[i]->feed, what);
		if (feed == NULL) {
			result = kymo_error_set(error, "no memory");
			break;
		}
		if (feed->from >= feed->end)
			continue;
		result = found[i]->hists != NULL ?
		    hists_add(selection, found[i], feed, what, error) :
		    floats_add(selection, &runs, found[i], feed, what, error);
		if (result == 0 && selection->cnt > 0)
			selection->sample_cnt +=
			    selection->samples[selection->cnt - 1].cnt;
		if (result == 0 && selection->sample_cnt > what->samples_max)
			result = kymo_error_set(error,
			    "more than %llu samples match",
			    (unsigned long long)what->samples_max);
	}
	free(runs);
	return result;
}

static int
fill(struct kyi_selection *selection, const struct kymo_select *what,
    struct kymo_error *error)
{
	struct kymo_history *history = selection->history;
	struct kyi_series **found;
	uint32_t found_cnt;
	int result;

	if (kyi_index_match(history->index, what, &found, &found_cnt,
	    error) != 0)
		return -1;
	result = memory_add(selection, found, found_cnt, what, error);
	free(found);
	if (kyi_load_u32_relaxed(&history->takeover) != 0)
		selection->in_parts = true;
	if (result == 0)
		result = kyi_store_select(history->store, selection, what,
		    error);
	if (result == 0)
		result = kyi_selection_join(selection, what, error);
	if (result == 0 && selection->cnt > what->series_max)
		result = series_error(what, error);
	return result;
}

int
kyi_select(void *of, const struct kymo_select *what,
    struct kymo_selected *selected, struct kymo_error *error)
{
	struct kymo_history *history = of;
	struct kyi_selection *selection = calloc(1, sizeof *selection);

	memset(selected, 0, sizeof *selected);
	if (selection == NULL)
		return kymo_error_set(error, "no memory");
	selection->history = history;
	selection->arena.max_bytes = what->bytes_max == 0 ? UINT64_MAX :
	    what->bytes_max;
	kyi_epoch_enter(&history->epochs, &selection->reading);
	selected->private_ = selection;
	if (fill(selection, what, error) != 0) {
		if (selection->arena.full)
			kymo_error_set(error, "samples need more than %llu "
			    "bytes of memory",
			    (unsigned long long)what->bytes_max);
		kyi_select_done(history, selected);
		return -1;
	}
	selected->series = selection->samples;
	selected->series_cnt = selection->cnt;
	selected->bytes = selection->arena.used_bytes;
	return 0;
}

void
kyi_select_done(void *of, struct kymo_selected *selected)
{
	struct kymo_history *history = of;
	struct kyi_selection *selection = selected->private_;

	if (selection == NULL)
		return;
	kyi_epoch_leave(&history->epochs, &selection->reading);
	kyi_arena_free(&selection->arena);
	free(selection->views);
	free(selection->samples);
	free(selection);
	memset(selected, 0, sizeof *selected);
}
