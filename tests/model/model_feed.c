/* SPDX-License-Identifier: MIT */
/* reader/history in memory alone, from an append to a select: a thread appends
   to a feed, another selects all of a series. */
#include <stdlib.h>

#include "tests/model/history.h"
#include "tests/model/os_fake.h"

/* A column that is full moves, and then the times. */
static void
grow_setup(void)
{
	history_begin(false);
	history_append_until(HISTORY_ROOM_CNT);
	if (history_own->times->room != HISTORY_ROOM_CNT + 1)
		abort();
}

static void
grow_put(void)
{
	history_append_until(HISTORY_ROOM_CNT + 2);
	if (history_own->times->room == HISTORY_ROOM_CNT + 1)
		model_fail("the times have not moved");
}

/* What the last append leaves is there. */
static void
grow_look(void)
{
	struct kymo_selected selected;
	const struct kymo_samples *x = history_select("x", &selected);
	int64_t oldest_ms = history_time(HISTORY_ROOM_CNT + 1) - HISTORY_HEAD_MS;
	uint64_t from = 0;

	while (history_time(from) < oldest_ms)
		from++;
	history_check_x(x, from, HISTORY_ROOM_CNT);
	history_done(&selected);
}

const struct model model_feed_grow = {
	.name = "feed_grow",
	.setup = grow_setup,
	.thread = { grow_put, grow_look },
	.departures = 3,
	.runs = 3000,
	.walks = 500,
};

/* The first of all: a series comes into the index. */
static void
first_setup(void)
{
	history_begin(false);
}

static void
first_put(void)
{
	history_append_until(2);
}

static void
first_look(void)
{
	struct kymo_selected selected;
	const struct kymo_samples *x = history_select("x", &selected);

	if (x != NULL)
		history_check_x(x, 0, 1);
	history_done(&selected);
}

const struct model model_feed_first = {
	.name = "feed_first",
	.setup = first_setup,
	.thread = { first_put, first_look },
	.departures = 3,
	.runs = 3000,
	.walks = 500,
};

/* y has gone: it leaves the index, and is freed when nobody looks at it. */
static void
sweep_setup(void)
{
	history_begin(false);
	history_append_until(HISTORY_ROOM_CNT - 2);
	/* Its samples are the next to leave, but no more. */
	history_own->keep_from = 66;
}

static void
sweep_put(void)
{
	history_append_until(HISTORY_ROOM_CNT);
	model_assert(history_own->series_cnt == 1, "y has not gone");
}

static void
sweep_look(void)
{
	struct kymo_selected selected;
	const struct kymo_samples *y = history_select("y", &selected);

	if (y != NULL)
		history_check(y);
	history_done(&selected);
}

const struct model model_feed_sweep = {
	.name = "feed_sweep",
	.setup = sweep_setup,
	.thread = { sweep_put, sweep_look },
	.departures = 3,
	.runs = 3000,
	.walks = 500,
};

/* No memory for one append: of what was to be put nothing is seen. */
static void
poor_setup(void)
{
	history_y_stays = history_y_is_hists = true;
	history_begin(false);
	history_append_until(HISTORY_ROOM_CNT);
}

static void
poor_put(void)
{
	model_poor_thread = 1;
	model_assert(history_append(history_own,
	    history_time(HISTORY_ROOM_CNT), HISTORY_X | HISTORY_Y) != 0,
	    "there was memory");
	model_poor_thread = 0;
	history_append_until(HISTORY_ROOM_CNT + 2);
}

static void
poor_look(const char *name)
{
	struct kymo_selected selected;
	const struct kymo_samples *samples = history_select(name, &selected);
	int64_t last_ms;

	model_assert(samples != NULL, "a series is missing");
	last_ms = history_check(samples);
	model_assert(last_ms == history_time(HISTORY_ROOM_CNT - 1) ||
	    last_ms == history_time(HISTORY_ROOM_CNT + 1),
	    "a sample is there that found no memory, or none is");
	history_done(&selected);
}

static void
poor_look_x(void)
{
	poor_look("x");
}

static void
poor_look_y(void)
{
	poor_look("y");
}

const struct model model_feed_poor = {
	.name = "feed_poor",
	.setup = poor_setup,
	.thread = { poor_put, poor_look_x },
	.departures = 3,
	.runs = 3000,
	.walks = 500,
};

const struct model model_feed_poor_hists = {
	.name = "feed_poor_hists",
	.setup = poor_setup,
	.thread = { poor_put, poor_look_y },
	.departures = 3,
	.runs = 3000,
	.walks = 500,
};

/* The clock goes back: all that was before is hidden. */
static void
back_setup(void)
{
	history_goes_back = true;
	history_begin(false);
	history_append_until(3);
}

static void
back_put(void)
{
	history_append_until(5);
}

const struct model model_feed_back = {
	.name = "feed_back",
	.setup = back_setup,
	.thread = { back_put, history_look_back },
	.departures = 3,
	.runs = 3000,
	.walks = 500,
};

/* A series goes from one feed to another, and is one all the same. */
static struct kymo_feed *other_feed;

static void
takeover_setup(void)
{
	history_begin(false);
	history_append_until(3);
	other_feed = history_feed("other");
	if (history_append(history_own, history_time(3), 0) != 0 ||
	    history_append(other_feed, history_time(3), 0) != 0)
		abort();
}

static void
takeover_put(void)
{
	uint64_t i;

	for (i = 4; i <= 5; i++)
		model_assert(history_append(other_feed, history_time(i),
		    HISTORY_X) == 0, "an append failed");
}

static void
takeover_look(void)
{
	struct kymo_selected selected;
	const struct kymo_samples *x = history_select("x", &selected);

	history_check_x(x, 0, 3);
	history_done(&selected);
}

const struct model model_feed_takeover = {
	.name = "feed_takeover",
	.setup = takeover_setup,
	.thread = { takeover_put, takeover_look },
	.departures = 3,
	.runs = 3000,
	.walks = 500,
};
