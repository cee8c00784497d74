/* SPDX-License-Identifier: MIT */
/* reader/history/recent.c, recent_hists.c, epoch.c: a thread puts samples of one
   series, another looks at those below the count that it took first. The count
   is the model's own (feed.c has the product's). */
#include <stdlib.h>

#include "reader/history/recent.h"
#include "reader/history/recent_hists.h"
#include "tests/model/explore.h"
#include "tests/model/models.h"

static struct kyi_epochs epochs;
static struct kyi_recent recent;
static struct kyi_recent_hists hists;
static uint64_t cnt, keep_from;

/* What sample i is, NaN where the series has ended, and what was lost to
   resets by then. */
struct sample {
	double value, lost;
};
static const struct sample *samples;

static double
stale(void)
{
	return (double)__builtin_nan("");
}

static void
put_until(uint64_t end)
{
	uint64_t i;
	int result;

	for (i = cnt; i < end; i++) {
		result = samples[i].value != samples[i].value ?
		    kyi_recent_end(&recent, i, keep_from, &epochs) :
		    kyi_recent_put(&recent, i, samples[i].value, keep_from,
		    &epochs);
		model_assert(result == 0, "no memory");
		__atomic_store_n(&cnt, i + 1, __ATOMIC_RELEASE);
		kyi_epoch_pass(&epochs);
	}
}

static void
look(void)
{
	struct kyi_recent_view view;
	struct kyi_reading reading;
	uint64_t end, k;

	kyi_epoch_enter(&epochs, &reading);
	end = __atomic_load_n(&cnt, __ATOMIC_ACQUIRE);
	kyi_recent_view(&recent, 0, end, &view);
	model_assert(view.ends || view.first + view.cnt == end || end == 0,
	    "samples are missing");
	for (k = 0; k < view.cnt; k++) {
		const struct sample *sample = &samples[view.first + k];
		bool is_end = view.ends && k == view.cnt - 1;
		double value = view.value != NULL ? view.value[k] : view.run;

		is_end |= view.value != NULL && kymo_is_stale(value);
		model_assert(is_end == (sample->value != sample->value),
		    "an end that is none, or none that is");
		model_assert(is_end || value == sample->value,
		    "a sample has another value");
		model_assert(is_end || sample->lost == (view.lost == NULL ?
		    0 : view.lost[k]), "another loss by resets");
	}
	kyi_epoch_leave(&epochs, &reading);
}

static void
begin(const struct sample *of, uint64_t end)
{
	samples = of;
	kyi_epochs_init(&epochs);
	kyi_recent_init(&recent);
	put_until(end);
}

/* A run of one value ends, and goes on. */
static struct sample run_samples[] = { { 5, 0 }, { 5, 0 }, { 0, 0 }, { 6, 0 } };

static void
run_setup(void)
{
	run_samples[2].value = stale();
	begin(run_samples, 2);
}

static void
run_put(void)
{
	put_until(4);
}

const struct model model_recent_run = {
	.name = "recent_run",
	.setup = run_setup,
	.thread = { run_put, look },
	.departures = 3,
	.runs = 4000,
	.walks = 1000,
};

/* Another value: a column; a reset. */
static const struct sample column_samples[] = {
	{ 5, 0 }, { 7, 0 }, { 3, 7 }, { 4, 7 }
};

static void
column_setup(void)
{
	begin(column_samples, 1);
}

const struct model model_recent_column = {
	.name = "recent_column",
	.setup = column_setup,
	.thread = { run_put, look },
	.departures = 3,
	.runs = 4000,
	.walks = 1000,
};

/* The first of all. */
static void
first_setup(void)
{
	begin(column_samples, 0);
}

const struct model model_recent_first = {
	.name = "recent_first",
	.setup = first_setup,
	.thread = { run_put, look },
	.departures = 2,
	.runs = 2000,
	.walks = 500,
};

/* A column that is full and of one value, but for what may go: a run again. */
#define FULL_CNT 128u /* its room */

static struct sample full_samples[FULL_CNT + 2];

static void
full_setup(void)
{
	uint32_t i;

	for (i = 0; i < FULL_CNT + 2; i++)
		full_samples[i].value = i == 0 ? 5 : 7;
	begin(full_samples, FULL_CNT);
	keep_from = 1;
	if (recent.floats->room != FULL_CNT)
		abort();
}

static void
full_put(void)
{
	put_until(FULL_CNT + 2);
	if (recent.floats->room != 0)
		model_fail("it is no run");
}

const struct model model_recent_full = {
	.name = "recent_full",
	.setup = full_setup,
	.thread = { full_put, look },
	.departures = 2,
	.runs = 2000,
	.walks = 300,
};

/* ---- histograms ------------------------------------------------------------- */

/* Sample 1 is the end; the sum says which one it is. */
static void
hists_put_until(uint64_t end)
{
	struct kymo_native_hist hist;
	uint64_t i;
	int result;

	for (i = cnt; i < end; i++) {
		memset(&hist, 0, sizeof(hist));
		hist.count = hist.zero_count = 1;
		hist.sum = (double)i;
		result = i == 1 ?
		    kyi_recent_hists_end(&hists, i, 0, &epochs) :
		    kyi_recent_hists_put(&hists, i, &hist, 0, &epochs);
		model_assert(result == 0, "no memory");
		__atomic_store_n(&cnt, i + 1, __ATOMIC_RELEASE);
		kyi_epoch_pass(&epochs);
	}
}

static void
hists_setup(void)
{
	kyi_epochs_init(&epochs);
	kyi_recent_hists_init(&hists);
}

static void
hists_put(void)
{
	hists_put_until(4);
}

static void
hists_look(void)
{
	struct kyi_hists_walk walk;
	struct kyi_reading reading;
	uint64_t end, next = 0, i;

	kyi_epoch_enter(&epochs, &reading);
	end = __atomic_load_n(&cnt, __ATOMIC_ACQUIRE);
	kyi_hists_walk_begin(&walk, &hists, 0, end);
	while (kyi_hists_walk_next(&walk, &i)) {
		model_assert(i == next++ && (i == 1 ? walk.reader.is_float &&
		    kymo_is_stale(walk.reader.value) : !walk.reader.is_float &&
		    walk.reader.hist.sum == (double)i),
		    "a histogram is another");
	}
	/* It may have ended at 1, and not gone on when it was looked at. */
	model_assert(next == end || next == 2, "histograms are missing");
	kyi_hists_walk_end(&walk);
	kyi_epoch_leave(&epochs, &reading);
}

const struct model model_recent_hists = {
	.name = "recent_hists",
	.setup = hists_setup,
	.thread = { hists_put, hists_look },
	.departures = 3,
	.runs = 4000,
	.walks = 1000,
};

/* A chunk that is full is copied, and more is put into the copy. */
static void
chunk_setup(void)
{
	const struct kyi_hist_chunk *chunk;

	hists_setup();
	do {
		hists_put_until(cnt + 1);
		chunk = hists.chunks->chunk[0];
	} while (chunk->room_bytes - chunk->len_bytes >= 20);
}

static void
chunk_put(void)
{
	hists_put_until(cnt + 4);
}

const struct model model_recent_chunk = {
	.name = "recent_chunk",
	.setup = chunk_setup,
	.thread = { chunk_put, hists_look },
	.departures = 2,
	.runs = 3000,
	.walks = 500,
};
