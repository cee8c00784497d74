/* SPDX-License-Identifier: MIT */
/* Series of finer frames, step by step. Private to store_tier.c, store_merge.c. */
#ifndef KYI_HISTORY_STORE_MERGE_H
#define KYI_HISTORY_STORE_MERGE_H

#include "reader/history/store_db.h"

/* As the parts of a column (frame.h). */
enum { KYI_LAST, KYI_MIN, KYI_MAX, KYI_SUM, KYI_COUNT, KYI_PARTS };

struct kyi_merged {
	uint64_t id;
	double *part; /* KYI_PARTS columns */
	struct kymo_native_hist **hist;
	/* Blocks of different sources come in any order: a step that two of
	   them share has the last of the later. */
	uint16_t *from;
};

struct kyi_source {
	struct kyi_frame_row row;
	uint16_t *step; /* of each of its samples */
	uint64_t *first;
	uint32_t block_cnt, next; /* next: its first block that is not done */
};

struct kyi_merging {
	struct kyi_store *store;
	int64_t feed_row;
	int tier; /* to which */
	int64_t step_ms;
	struct kyi_source *source;
	uint32_t source_cnt;
	uint32_t cnt; /* steps */
	int64_t *at_ms;
	struct kyi_merged *merged; /* by id */
	uint32_t merged_cnt, merged_room;
	double *column[KYI_PARTS];
	int64_t *time_ms;
	uint64_t bytes, frame_cnt; /* written */
};

/* All of block b of a source. SQLite's code. */
KYMO_MUST_CHECK int kyi_block_merge(struct kyi_merging *m,
    const struct kyi_source *source, uint32_t b);
/* Writes those below end, of which all has been merged. */
KYMO_MUST_CHECK int kyi_merged_flush(struct kyi_merging *m,
    struct kyi_writing *w, uint64_t end);
void kyi_merged_free(struct kyi_merging *m);

#endif
