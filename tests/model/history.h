/* SPDX-License-Identifier: MIT */
/* What models of the history have in common: a feed of two series, x and y,
   whose values are their times, and what a select must find of them. */
#ifndef MODEL_HISTORY_H
#define MODEL_HISTORY_H

#include "reader/history/private.h"
#include "tests/model/explore.h"
#include "tests/model/models.h"

#define HISTORY_X 1u
#define HISTORY_Y 2u
#define HISTORY_ROOM_CNT 128u /* what a column, and nearly what times, hold */
#define HISTORY_HEAD_MS 64500 /* keeps 64 samples, and one more */

extern struct kymo_history *history;
extern struct kymo_feed *history_own;
/* Of a setup, before all else: y has a sample in each append, not only in
   some; it is of histograms, whose sum is the time; after three appends the
   clock goes back by far. */
extern bool history_y_stays, history_y_is_hists, history_goes_back;

/* A history, with a database or without (db_fake.c), and its feed. */
void history_begin(bool stores);
struct kymo_feed *history_feed(const char *name);
/* One append of these series; as kymo_feed_append. */
int history_append(struct kymo_feed *feed, int64_t at_ms, unsigned which);
/* Sample i of the feed: its time, and of which series there is one. */
int64_t history_time(uint64_t i);
unsigned history_which(uint64_t i);
/* Those, until there are so many. */
void history_append_until(uint64_t end);
/* A histogram of one observation. */
struct kymo_native_hist history_hist(double sum);

/* All that there is of x or y: one series or none; done with by
   history_done. */
const struct kymo_samples *history_select(const char *name,
    struct kymo_selected *selected);
void history_done(struct kymo_selected *selected);
/* The value of each is its time, and these go on. Returns the last but stale
   markers; -1: there is none. */
int64_t history_check(const struct kymo_samples *samples);
/* x has each sample from this one on, those of the setup at least. */
void history_check_x(const struct kymo_samples *x, uint64_t from,
    uint64_t setup_cnt);
/* A reader, where the clock goes back: it sees what was before, or after. */
void history_look_back(void);

#endif
