/* SPDX-License-Identifier: MIT */
/* One select's reading of the database. Private to store_read*.c. */
#ifndef KYI_HISTORY_STORE_READ_H
#define KYI_HISTORY_STORE_READ_H

#include "reader/history/store_db.h"

struct kyi_asked_feed {
	int64_t row;
	int64_t since_ms; /* memory has the rest */
};

/* A series that matches. */
struct kyi_found {
	uint64_t id;
	int64_t feed_row;
	const struct kymo_labels *labels;
	/* Of the arena as soon as they are whole. hists NULL: all floats;
	   weight: where sums are asked for. */
	struct kyi_arena_chunk *column, *hists, *weight;
	uint32_t first; /* its first time of the feed's */
	uint32_t cnt, room;
	bool any_stale;
};

struct kyi_asking {
	struct kyi_store *store;
	struct kyi_selection *selection;
	const struct kymo_select *what;
	struct kymo_error *error;
	struct kyi_db *db;
	struct kyi_asked_feed *feeds;
	uint32_t feed_cnt;
	struct kyi_found *found;
	uint32_t found_cnt, found_room;
	uint32_t damaged_cnt;
	bool gave_up; /* error says so */
};

/* As kyi_select_go_on. */
int kyi_asking_go_on(struct kyi_asking *asking);

/* A code of SQLite's, as an error. -1. */
int kyi_asking_failed(struct kyi_asking *asking, int code);

/* store_read_frames.c: samples of these, which are of one feed. */
KYMO_MUST_CHECK int kyi_asking_read(struct kyi_asking *asking,
    struct kyi_found *found, uint32_t cnt);

#endif
