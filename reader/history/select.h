/* SPDX-License-Identifier: MIT */
/* What the pieces of a selection share. Private to reader/history/select*.c. */
#ifndef KYI_HISTORY_SELECT_H
#define KYI_HISTORY_SELECT_H

#include "reader/history/private.h"
#include "reader/history/select_arena.h"

/* Of one feed, what is shown of it during this selection. */
struct kyi_feed_view {
	const struct kymo_feed *feed; /* NULL: a free place */
	const struct kyi_times *times;
	uint64_t from, end; /* samples, in memory */
};

struct kyi_selection {
	struct kymo_history *history;
	struct kyi_reading reading;
	struct kyi_arena arena;
	/* A table by the feed's number, of those that were looked at: there may
	   be a feed for each of thousands of rules. */
	struct kyi_feed_view *views;
	uint32_t view_cnt, view_room;
	struct kymo_samples *samples;
	uint32_t cnt, room;
	uint64_t sample_cnt;
	bool in_parts; /* some labels may be there twice */
};

/* -1: whoever asks gives up, and error says why. Asked each ROUND of what costs
   little, and at each of what costs more. */
#define KYI_SELECT_ROUND 64u
static inline int
kyi_select_go_on(const struct kymo_select *what, struct kymo_error *error)
{
	return what->give_up != NULL &&
	    what->give_up(what->give_up_of, error) ? -1 : 0;
}

/* Adds an empty one. NULL: no memory, or more than are allowed (error). what
   NULL: it may be a part of one that there is. */
struct kymo_samples *kyi_selection_add(struct kyi_selection *selection,
    const struct kymo_select *what, struct kymo_error *error);

/* A copy; before: the one of the same series before it, whose bounds are used
   again. NULL: no memory. */
const struct kymo_native_hist *kyi_arena_hist(struct kyi_arena *arena,
    const struct kymo_native_hist *hist,
    const struct kymo_native_hist *before);

/* Sets samples->lost, where a counter lost anything. -1: no memory. */
KYMO_MUST_CHECK int kyi_samples_lost(struct kyi_arena *arena,
    struct kymo_samples *samples);

/* Of what has equal labels one is made: earlier samples stay where two have
   the same time. -1: error says why. */
KYMO_MUST_CHECK int kyi_selection_join(struct kyi_selection *selection,
    const struct kymo_select *what, struct kymo_error *error);

#endif
