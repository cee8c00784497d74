/* SPDX-License-Identifier: MIT */
/* Recent samples of one series, in memory.

   A feed numbers its appends; sample i of each of its series belongs to append
   i. One thread puts samples, and the feed publishes its count after each
   append. A reader takes that count first (acquire) and then looks here, at
   samples below it: they are never changed again. What must move (a column is
   full) is copied, and the old one retired (epoch.h).

   A series that never changed is a run: one value, no column. One that ended
   keeps what it has and a stale marker at the end. */
#ifndef KYI_HISTORY_RECENT_H
#define KYI_HISTORY_RECENT_H

#include "reader/history/epoch.h"
#include "reader/history/samples.h"

#define KYI_LINE_BYTES 64 /* of the cache */
#define KYI_NOT_ENDED UINT64_MAX
#define KYI_BLOCK_SAMPLES (1u << KYMO_BLOCK_SHIFT)
#define KYI_MARK_SAMPLES (1u << KYMO_MARK_SHIFT) /* a block is some */

/* Samples from first on; blocks begin there, too. room 0: all are run. */
struct kyi_floats {
	uint64_t first;
	uint32_t room;
	uint32_t any_stale; /* relaxed: its sample is published later */
	double run;
	double *lost; /* NULL: no reset; pairs(recent-lost) */
	struct kymo_mark *mark; /* one allocation with.. */
	struct kymo_block_extremes *block_extremes;
	double value[] __attribute__((aligned(KYI_LINE_BYTES)));
};

struct kyi_recent {
	struct kyi_floats *floats; /* NULL: none; pairs(recent-floats) */
	uint64_t ended;            /* the stale marker; pairs(recent-ended) */
	/* Of who puts, alone. */
	uint64_t next;
	double *at; /* where the next go, quick_cnt of them: without more */
	uint32_t quick_cnt;
	bool is_run;       /* it goes on, and floats->run is real */
	double real;       /* the last that was not stale */
	double lost;
};

void kyi_recent_init(struct kyi_recent *recent);
/* Nobody reads it any more. */
void kyi_recent_free(struct kyi_recent *recent);

/* Sample i. keep_from: samples before it may go. -1: no memory; the sample is
   not there, and the series is as if it had none from next on. */
KYMO_MUST_CHECK int kyi_recent_put(struct kyi_recent *recent, uint64_t i,
    double value, uint64_t keep_from, struct kyi_epochs *epochs);
/* It has none at i, and ends there. */
KYMO_MUST_CHECK int kyi_recent_end(struct kyi_recent *recent, uint64_t i,
    uint64_t keep_from, struct kyi_epochs *epochs);
/* All it has lies before keep_from. */
bool kyi_recent_gone(const struct kyi_recent *recent, uint64_t keep_from);
size_t kyi_recent_bytes(const struct kyi_recent *recent);

/* Samples from first on, cnt of them. value NULL: all are run, but a stale
   marker the last one, if ends. */
struct kyi_recent_view {
	uint64_t first;
	uint32_t cnt;
	const double *value, *lost;
	const struct kymo_mark *mark;
	const struct kymo_block_extremes *block_extremes;
	uint32_t block_phase, mark_cnt, block_cnt;
	double run;
	bool ends, any_stale;
};

/* Of samples from from on, below end; end is what the feed has published. */
void kyi_recent_view(const struct kyi_recent *recent, uint64_t from,
    uint64_t end, struct kyi_recent_view *view);

#endif
