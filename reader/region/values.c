/* SPDX-License-Identifier: MIT */
/* Cells to values: sums over the slots, each slot's window copied and added
   while it is still in the cache. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reader/region/private.h"

static uint64_t
word_at(const uint8_t *at)
{
	uint64_t word;

	memcpy(&word, at, sizeof(word));
	return word;
}

static double
double_of(uint64_t bits)
{
	double d;

	memcpy(&d, &bits, sizeof(d));
	return d;
}

static uint64_t
bits_of(double d)
{
	uint64_t bits;

	memcpy(&bits, &d, sizeof(bits));
	return bits;
}

static void
complain(struct kymo_region *region, uint64_t off, const char *why)
{
	kyi_complain_at(&region->passing, off, "%s", why);
}

static enum kymo_metric_kind
kind_of(const struct kymo_region *region, uint32_t series_idx)
{
	return region->families[region->series[series_idx].family_idx].kind;
}

/* ---- windows --------------------------------------------------------- */

/* A copied window. A cell beyond what was copied is of a series that is newer
   than the copy: it adds nothing yet. */
struct window {
	const uint8_t *at;
	uint64_t off, used_bytes;
};

static bool
is_inside(const struct window *window, uint32_t at, uint32_t size)
{
	return window->used_bytes >= size && at <= window->used_bytes - size;
}

static void
add_words(struct kyi_cells *cells, const struct window *window)
{
	uint32_t i;

	for (i = 0; i < cells->cnt; i++)
		if (is_inside(window, cells->at[i].at, 8))
			cells->sums[i] += word_at(window->at + cells->at[i].at);
}

static void
add_doubles(struct kymo_region *region, struct kyi_cells *cells,
    const struct window *window)
{
	uint32_t i;
	double d;

	for (i = 0; i < cells->cnt; i++) {
		if (!is_inside(window, cells->at[i].at, 8))
			continue;
		d = double_of(word_at(window->at + cells->at[i].at));
		if (d >= 0 && isfinite(d))
			cells->sums[i] = bits_of(double_of(cells->sums[i]) + d);
		else
			complain(region, window->off + cells->at[i].at,
			    "a float counter that is negative or not finite");
	}
}

/* Signed distance of 24-bit ids, which wrap. */
static int32_t
newer_by(uint64_t id, uint64_t than)
{
	return (int32_t)((uint32_t)(id - than) << 8) >> 8;
}

static double
extreme(enum kymo_metric_kind kind, double a, double b)
{
	if (isnan(a) || isnan(b))
		return isnan(a) ? b : a;
	return (kind == KYMO_METRIC_MAX) == (a > b) ? a : b;
}

/* peak: id of the newest window, its value, the value of the one before. */
static void
add_peak(uint64_t *peak, enum kymo_metric_kind kind, uint64_t word)
{
	uint64_t id = word >> KYI_PEAK_ID_SHIFT;
	double value = double_of(word << KYI_PEAK_VALUE_SHIFT);
	int32_t newer = peak[0] == 0 ? 2 : newer_by(id, peak[0]);

	if (newer == 1)
		peak[2] = peak[1];
	else if (newer > 1)
		peak[2] = KYI_FLOAT_UNSET_BITS;
	if (newer > 0) {
		peak[0] = id;
		peak[1] = bits_of(value);
	} else if (newer == 0) {
		peak[1] = bits_of(extreme(kind, double_of(peak[1]), value));
	} else if (newer == -1) {
		peak[2] = bits_of(extreme(kind, double_of(peak[2]), value));
	}
}

static uint64_t
peak_id_now(const struct kymo_region *region, uint32_t series_idx)
{
	uint32_t family_idx = region->series[series_idx].family_idx;
	uint64_t window_s = region->family_records[family_idx].peak_window_s;

	return (1 + region->now_mono_ns / 1000000000 /
	    (window_s == 0 ? 1 : window_s)) & KYI_PEAK_ID_MASK;
}

static void
add_peaks(struct kymo_region *region, struct kyi_cells *cells,
    const struct window *window)
{
	bool alive = region->info.liveness == KYMO_ALIVE;
	uint32_t i, which, idx;

	for (i = 0; i < cells->cnt; i++) {
		if (!is_inside(window, cells->at[i].at, 16))
			continue;
		idx = cells->at[i].series_idx;
		for (which = 0; which < 2; which++) {
			uint64_t word = word_at(window->at + cells->at[i].at +
			    8 * which);
			uint64_t id = word >> KYI_PEAK_ID_SHIFT;
			int32_t newer;

			if (id == 0)
				continue;
			newer = newer_by(id, peak_id_now(region, idx));
			/* Of a dead process the newest there is stands. The
			   clock may have gone on while we copied. */
			if (alive && (newer < -1 || newer > 1))
				continue;
			if (isnan(double_of(word << KYI_PEAK_VALUE_SHIFT)))
				complain(region, window->off + cells->at[i].at,
				    "a peak that is not a number");
			else
				add_peak(&cells->sums[i * KYI_PEAK_WORDS],
				    kind_of(region, idx), word);
		}
	}
}

static int
add_windows(struct kymo_region *region, struct kymo_error *error)
{
	struct kyi_cells *cells = region->cells;
	struct kymo_region_losses *losses = &region->info.losses;
	struct window window;
	uint8_t *at;
	uint32_t slot;

	window.used_bytes = region->control.window_used;
	at = kyi_image_scratch(region->image, window.used_bytes + 8);
	if (at == NULL)
		return kymo_error_set(error, "out of memory");
	window.at = at;
	losses->unset = losses->lost = 0;
	for (slot = 0; slot < region->control.slot_high; slot++) {
		window.off = region->header.windows_off +
		    (uint64_t)slot * region->header.window_bytes;
		if (kyi_copy_to(region, at, window.off, window.used_bytes,
			error) != 0)
			return -1;
		if (is_inside(&window, KYI_CELL_LOST, 8)) {
			losses->unset += word_at(at + KYI_CELL_UNSET);
			losses->lost += word_at(at + KYI_CELL_LOST);
		}
		add_words(&cells[KYI_CELLS_SUM], &window);
		add_doubles(region, &cells[KYI_CELLS_FLOAT], &window);
		add_peaks(region, &cells[KYI_CELLS_PEAK], &window);
	}
	return 0;
}

static void
clear_sums(struct kyi_cells *cells, uint32_t words)
{
	if (cells->cnt > 0)
		memset(cells->sums, 0,
		    (size_t)cells->cnt * words * sizeof(*cells->sums));
}

/* A count that falls is a fault of the file, never a reset: those begin a new
   region. The higher one stands. */
static void
store_sums(struct kymo_region *region)
{
	struct kyi_cells *cells = &region->cells[KYI_CELLS_SUM];
	uint32_t i;

	for (i = 0; i < cells->cnt; i++) {
		uint32_t idx = cells->at[i].series_idx;
		struct kymo_metric_value *value = &region->series[idx].value;

		if (kind_of(region, idx) == KYMO_METRIC_UPDOWN)
			value->is.i = (int64_t)cells->sums[i];
		else if (cells->sums[i] >= value->is.u)
			value->is.u = cells->sums[i];
		else
			complain(region, 0, "a counter went down");
		value->present = true;
	}
	cells = &region->cells[KYI_CELLS_FLOAT];
	for (i = 0; i < cells->cnt; i++) {
		struct kymo_metric_value *value =
		    &region->series[cells->at[i].series_idx].value;

		if (double_of(cells->sums[i]) >= value->is.f)
			value->is.f = double_of(cells->sums[i]);
		else
			complain(region, 0, "a float counter went down");
		value->present = true;
	}
}

static void
store_peaks(struct kymo_region *region)
{
	struct kyi_cells *cells = &region->cells[KYI_CELLS_PEAK];
	uint32_t i;

	for (i = 0; i < cells->cnt; i++) {
		const uint64_t *peak = &cells->sums[i * KYI_PEAK_WORDS];
		uint32_t idx = cells->at[i].series_idx;
		struct kymo_metric_value *value = &region->series[idx].value;

		value->present = peak[0] != 0;
		if (value->present)
			value->is.f = extreme(kind_of(region, idx),
			    double_of(peak[1]), double_of(peak[2]));
	}
}

/* ---- histograms ------------------------------------------------------ */

static const uint8_t *
hist_cells(const struct kymo_region *region,
    const struct kyi_block_place *place)
{
	return region->image->base + place->off + sizeof(struct kyi_block);
}

/* Adds the blocks of one histogram to cells. */
static void
add_blocks(struct kymo_region *region, const struct kyi_hist_kept *hist,
    uint32_t bucket_cnt, uint64_t *cells)
{
	uint32_t block1, i;

	for (block1 = hist->first_block1; block1 != 0;
	    block1 = region->blocks[block1 - 1].next1) {
		const struct kyi_block_place *place =
		    &region->blocks[block1 - 1].place;
		const uint8_t *at = hist_cells(region, place);

		if (!kyi_check_hist(place, bucket_cnt, &region->passing))
			continue;
		for (i = 0; i < bucket_cnt + KYI_HIST_EXTRA_CELLS; i++)
			cells[i] += word_at(at + 8 * (size_t)i);
	}
}

static void
store_hist(struct kymo_region *region, struct kyi_hist_kept *hist,
    uint64_t *cells)
{
	static uint64_t no_buckets[KYI_BUCKET_MAX];
	struct kymo_region_series *series =
	    &region->series[hist->series_idx1 - 1];
	const struct kyi_family *family =
	    &region->family_records[series->family_idx];
	struct kymo_hist *to = &series->value.is.hist;
	size_t buckets_bytes = family->bucket_cnt * sizeof(*cells);
	uint64_t count = 0;
	uint32_t i;

	memset(cells, 0, buckets_bytes + KYI_HIST_EXTRA_CELLS * sizeof(*cells));
	add_blocks(region, hist, family->bucket_cnt, cells);
	for (i = KYI_HIST_ZERO;
	    i < family->bucket_cnt + KYI_HIST_EXTRA_CELLS; i++)
		count += cells[i];
	if (count < hist->count) {
		complain(region, 0, "a histogram's count went down");
		return;
	}
	if (hist->first_block1 != 0 && hist->buckets == NULL)
		hist->buckets = malloc(buckets_bytes + 1);
	hist->count = count;
	series->value.present = true;
	to->scale = family->scale;
	to->lo_idx = family->lo_idx;
	to->bucket_cnt = family->bucket_cnt;
	to->buckets = no_buckets;
	if (hist->buckets == NULL) /* or no memory: better none than a part */
		return;
	to->buckets = hist->buckets;
	memcpy(to->buckets, cells + KYI_HIST_BUCKETS, buckets_bytes);
	to->sum = cells[KYI_HIST_SUM];
	to->zero = cells[KYI_HIST_ZERO];
	to->under = cells[KYI_HIST_UNDER];
	to->over = cells[KYI_HIST_BUCKETS + family->bucket_cnt];
}

static int
add_hists(struct kymo_region *region, struct kymo_error *error)
{
	uint64_t *cells;
	uint32_t idx;

	if (region->hist_cnt == 0)
		return 0;
	if (kyi_copy_hists(region, error) != 0)
		return -1;
	cells = (uint64_t *)(void *)kyi_image_scratch(region->image,
	    (KYI_BUCKET_MAX + KYI_HIST_EXTRA_CELLS) * sizeof(*cells));
	if (cells == NULL)
		return kymo_error_set(error, "out of memory");
	for (idx = 0; idx < region->hist_cnt; idx++)
		if (region->hists[idx].series_idx1 != 0)
			store_hist(region, &region->hists[idx], cells);
	return 0;
}

int
kyi_values_scan(struct kymo_region *region, struct kymo_error *error)
{
	clear_sums(&region->cells[KYI_CELLS_SUM], 1);
	clear_sums(&region->cells[KYI_CELLS_FLOAT], 1);
	clear_sums(&region->cells[KYI_CELLS_PEAK], KYI_PEAK_WORDS);
	if (kyi_shared_scan(region, error) != 0 ||
	    add_windows(region, error) != 0 || add_hists(region, error) != 0)
		return -1;
	store_sums(region);
	store_peaks(region);
	return 0;
}
