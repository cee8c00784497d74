/* SPDX-License-Identifier: MIT */
/* What runs that were read stand on. */
#ifndef KYI_EXPORT_RUN_PRIVATE_H
#define KYI_EXPORT_RUN_PRIVATE_H

#include "reader/export/run.h"

/* One allocation after the other, all freed at once. */
struct kyi_run_chunk {
	struct kyi_run_chunk *next;
	max_align_t bytes[];
};

struct kymo_runs_private {
	struct kyi_run_chunk *chunks;
	uint32_t value_cnt;
	uint32_t look_room, series_room, end_room;
	/* Series by name, kind and labels; indexes and one, 0 is free. */
	uint32_t *table;
	uint32_t table_cnt;
};

/* kyi_run_next: where another run begins behind at's first byte; end where none
   does. */
const unsigned char *kyi_run_next(const unsigned char *at,
    const unsigned char *end);

/* kyi_run_memory: zeros; NULL without memory. */
void *kyi_run_memory(struct kymo_runs *runs, size_t bytes);
/* kyi_run_series: the one of this family and these labels, made if it is new;
   NULL without memory. */
struct kymo_run_series *kyi_run_series(struct kymo_runs *runs,
    const struct kymo_run_series *like);

#endif
