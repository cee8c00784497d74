/* SPDX-License-Identifier: MIT */
/* What the pieces of the history share. Private to reader/history.

	history.c    options, feeds, statistics
	feed.c       one append: who has a sample, who ended
	scan_rows.c  a scan's families and series as samples
	index.c      series by their labels
	select.c     what a query asks for, out of memory and the database
	recent.c, recent_hists.c   columns in memory, epoch.c who still looks
	store*.c     the database (store_db.h); frame*.c, hist_code.c its bytes

   Who may do what: history->lock is held by whoever appends; of the index the
   lock that it has; what readers see without a lock is stored with release and
   named by a pair. */
#ifndef KYI_HISTORY_PRIVATE_H
#define KYI_HISTORY_PRIVATE_H

#include <pthread.h>

#include "reader/history/history.h"
#include "reader/history/recent.h"
#include "reader/history/recent_hists.h"

#define KYI_LATE_MS 10000
#define KYI_BLOCK_SERIES_MAX 1024u

struct kyi_series {
	/* What a select looks at, in one line of the cache; and an append in
	   one more. */
	struct kymo_labels *labels;
	struct kymo_feed *feed;
	struct kyi_recent_hists *hists; /* NULL: it has floats */
	uint64_t seen; /* 1 + the append that had it last */
	uint64_t ref;  /* no other series ever has it; never 0 */
	struct kyi_recent floats;
	uint64_t id, batch; /* in the database; 0: not there yet */
	uint32_t kept;      /* 1 + its override, 1: none; 0: not looked */
	uint32_t in_index, in_feed; /* where it is in these arrays */
	struct kyi_series *next_same_hash;
} __attribute__((aligned(KYI_LINE_BYTES)));

/* ---- index.c -------------------------------------------------------------------- */

struct kyi_index;

struct kyi_index *kyi_index_new(void);
void kyi_index_delete(struct kyi_index *index);
/* The feed's own; NULL: it has none. *other: another feed has one, *taken: and
   it goes on. */
struct kyi_series *kyi_index_find(const struct kyi_index *index,
    const struct kymo_labels *labels, const struct kymo_feed *feed,
    bool *taken, bool *other);
KYMO_MUST_CHECK int kyi_index_add(struct kyi_index *index,
    struct kyi_series *series);
void kyi_index_remove(struct kyi_index *index,
    struct kyi_series *const *series, uint32_t cnt);
uint32_t kyi_index_cnt(const struct kyi_index *index);
/* Those that match, in *found (free() it). What was asked before is answered
   from memory. -1: error says why. */
KYMO_MUST_CHECK int kyi_index_match(struct kyi_index *index,
    const struct kymo_select *what, struct kyi_series ***found,
    uint32_t *found_cnt, struct kymo_error *error);

/* ---- feed.c ---------------------------------------------------------------------- */

struct kyi_times {
	uint64_t first;
	uint32_t room;
	int64_t at_ms[];
};

struct kymo_feed {
	struct kymo_history *history;
	struct kymo_feed *next;
	char *name;
	uint32_t number; /* from 1 on */
	struct kyi_times *times; /* NULL before the first; pairs(feed-times) */
	uint64_t cnt;            /* appends; pairs(feed-cnt) */
	uint64_t begin; /* of the segment: before it nothing is shown; seen
	                   with cnt */
	uint64_t whole_from; /* all since it is there; seen with times and
	                        columns */
	/* Of whoever appends. */
	uint32_t segment;
	uint64_t keep_from;
	int64_t last_ms; /* of the last append; INT64_MIN: none */
	bool failed;     /* of this append something is missing */
	struct kyi_series **series;
	uint32_t series_cnt, series_room;
	struct kyi_series **order; /* of the rows of the last append */
	uint32_t order_cnt, order_room;
	/* Puts of this append; those whose series were in the one before, too;
	   puts of that one, UINT32_MAX: not known. */
	uint32_t put_cnt, again_cnt, last_cnt;
	/* Of the store: who steps, under the history's lock. */
	int64_t row;                /* its row; 0: none yet */
	uint64_t journaled, framed; /* appends below are in it */
	int64_t journaled_ms, framed_ms; /* times of the last; INT64_MIN */
	uint64_t journaling; /* within a transaction */
	int64_t journaling_ms;
	bool row_is_new;
};

/* Between begin and end each series of the append is put once. begin returns
   false where this time is too late: nothing is put then. */
bool kyi_feed_begin(struct kymo_feed *feed, int64_t at_ms);
/* NULL: no memory, too many, or another feed has it. labels are copied. */
struct kyi_series *kyi_feed_series(struct kymo_feed *feed,
    const struct kymo_labels *labels, bool hists);
/* False: it has a sample already. */
bool kyi_feed_put(struct kymo_feed *feed, struct kyi_series *series,
    double value, const struct kymo_native_hist *hist);
KYMO_MUST_CHECK int kyi_feed_finish(struct kymo_feed *feed, int64_t at_ms);
void kyi_feed_free(struct kymo_feed *feed);
/* Before anybody appends or looks: appends of these times, without samples;
   whoever restores puts those. */
KYMO_MUST_CHECK int kyi_feed_restore(struct kymo_feed *feed,
    const int64_t *at_ms, uint32_t cnt);
void kyi_series_free(void *series);
struct kymo_feed *kyi_feed_new(struct kymo_history *history, const char *name,
    uint32_t number);
bool kyi_series_live(const struct kyi_series *series);
/* Nothing of it is in memory any more. */
bool kyi_series_gone(const struct kyi_series *series);

/* ---- scan_rows.c ----------------------------------------------------------------- */

struct kyi_scan_rows;

struct kyi_scan_rows *kyi_scan_rows_new(void);
void kyi_scan_rows_delete(struct kyi_scan_rows *rows);
/* Puts all of a scan; feed has begun. */
void kyi_scan_rows_put(struct kyi_scan_rows *rows, struct kymo_feed *feed,
    const struct kymo_scan *scan);
/* Series that have gone are not pointed to any more. */
void kyi_scan_rows_sweep(struct kyi_scan_rows *rows);
/* In one allocation. NULL: no memory. */
struct kymo_history_family *kyi_scan_rows_families(
    const struct kyi_scan_rows *rows, uint32_t *cnt);

/* ---- history.c -------------------------------------------------------------------- */

struct kyi_store;

struct kymo_history {
	struct kymo_history_options options;
	pthread_mutex_t lock;
	struct kyi_epochs epochs;
	struct kyi_index *index;
	struct kymo_feed *feeds, *scans;
	uint32_t feed_cnt;
	uint32_t takeover; /* 1: labels went from feed to feed */
	struct kyi_scan_rows *rows;
	struct kymo_source source;
	struct kyi_store *store;
	bool stores; /* false: memory alone */
	uint64_t sample_cnt, late_cnt, refused_cnt, twice_cnt;
	uint64_t made_cnt; /* series, ever */
};

/* Fills in what they do not say. -1: they make no sense. */
int kyi_history_options(struct kymo_history_options *options,
    struct kymo_error *error);

/* ---- select.c --------------------------------------------------------------------- */

int kyi_select(void *history, const struct kymo_select *what,
    struct kymo_selected *selected, struct kymo_error *error);
void kyi_select_done(void *history, struct kymo_selected *selected);

#endif
