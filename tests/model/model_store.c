/* SPDX-License-Identifier: MIT */
/* reader/history with a database, from an append to a select: a thread stores
   what is in memory and appends, so that some of it leaves memory; another
   selects all of a series, of which nothing may be missing. */
#include <stdlib.h>

#include "tests/model/history.h"

static void
flush(void)
{
	struct kymo_error error;

	model_assert(kymo_history_flush(history, &error) == 0, "no flush");
}

static void
store_setup(void)
{
	history_begin(true);
	history_append_until(60);
	flush();
	history_append_until(HISTORY_ROOM_CNT);
	if (history_own->keep_from >= 64)
		abort();
}

/* What is in memory goes to the database; then some of it leaves memory. */
static void
store_put(uint64_t cnt)
{
	flush();
	history_append_until(cnt);
	model_assert(history_own->keep_from > 66, "nothing has left memory");
}

static void
store_put_one(void)
{
	store_put(HISTORY_ROOM_CNT + 1);
}

/* The times move, too. */
static void
store_put_two(void)
{
	store_put(HISTORY_ROOM_CNT + 2);
}

static void
store_look_x(void)
{
	struct kymo_selected selected;
	const struct kymo_samples *x = history_select("x", &selected);

	history_check_x(x, 0, HISTORY_ROOM_CNT);
	history_done(&selected);
}

const struct model model_store_column = {
	.name = "store_column",
	.setup = store_setup,
	.thread = { store_look_x, store_put_two },
	.only_first = true,
	.departures = 4,
	.runs = 3000,
	.walks = 500,
};

/* y comes again: what memory had of it is only in the database. */
static void
store_look_y(void)
{
	struct kymo_selected selected;
	const struct kymo_samples *y = history_select("y", &selected);

	model_assert(y != NULL, "a series is missing");
	history_check(y);
	model_assert(y->cnt >= 2 && y->at_ms[0] == history_time(63) &&
	    y->at_ms[1] == history_time(64), "a sample is missing");
	history_done(&selected);
}

const struct model model_store_gone = {
	.name = "store_gone",
	.setup = store_setup,
	.thread = { store_look_y, store_put_one },
	.only_first = true,
	.departures = 5,
	.runs = 3000,
	.walks = 500,
};

static void
store_hists_setup(void)
{
	history_y_is_hists = true;
	store_setup();
}

const struct model model_store_gone_hists = {
	.name = "store_gone_hists",
	.setup = store_hists_setup,
	.thread = { store_look_y, store_put_one },
	.only_first = true,
	.departures = 5,
	.runs = 3000,
	.walks = 500,
};

/* The clock goes back. */
static void
store_back_setup(void)
{
	history_goes_back = true;
	history_begin(true);
	history_append_until(3);
	flush();
}

static void
store_put_back(void)
{
	history_append_until(5);
}

const struct model model_store_back = {
	.name = "store_back",
	.setup = store_back_setup,
	.thread = { history_look_back, store_put_back },
	.only_first = true,
	.departures = 4,
	.runs = 3000,
	.walks = 500,
};

/* Whoever stores, appends and selects are three. */
static void
store_flush(void)
{
	flush();
}

static void
store_append(void)
{
	history_append_until(HISTORY_ROOM_CNT + 1);
}

const struct model model_store_three = {
	.name = "store_three",
	.setup = store_setup,
	.thread = { store_flush, store_append, store_look_x },
	.departures = 3,
	.runs = 3000,
	.walks = 500,
};
