/* SPDX-License-Identifier: MIT */
/* Rows of the store: fields, each its length, a colon and its bytes. */
#ifndef KYI_ALERT_SAVED_H
#define KYI_ALERT_SAVED_H

#include "reader/history/samples.h"
#include "reader/query/arena.h"

/* A row while it is read; failed: it is of no shape of ours. */
struct kyi_row {
	const char *at;
	struct kyi_arena *arena;
	bool failed;
};

const char *kyi_row_text(struct kyi_row *row);
int64_t kyi_row_i64(struct kyi_row *row);
/* In the arena; NULL: row->failed. */
struct kymo_label *kyi_row_pairs(struct kyi_row *row, uint32_t *cnt);
/* To be freed; NULL: row->failed, or no memory. */
struct kymo_labels *kyi_row_labels(struct kyi_row *row);

#endif
