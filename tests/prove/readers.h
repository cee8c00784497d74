/* SPDX-License-Identifier: MIT */
/* What is written while a reader stands still, and what it may see of it. */
#ifndef TESTS_PROVE_READERS_H
#define TESTS_PROVE_READERS_H

#include "reader/region/region.h"

#include "tests/prove/prove.h"

struct readers_kind {
	const char *name;
	/* The nth write, from 1. */
	void (*write)(uint64_t n);
	/* The newest write that a scan shows, or how many of them, when first
	   were made as it began and last as it ended; -1: it shows what never
	   was. Below first: one is lost. */
	int64_t (*seen)(const struct kymo_region *region, uint64_t first,
	    uint64_t last);
	uint64_t write_max; /* in one process; 0: any number */
	uint32_t scan_max;  /* in one scan; 0: any number */
};
extern const struct readers_kind readers_kinds[], readers_events[];
extern const uint32_t readers_kind_cnt, readers_event_cnt;

/* Words are copied in any order: a histogram's cells need not agree. */
extern bool readers_by_words;

/* readers_value: the first series of a family; NULL: it has no value. */
const struct kymo_metric_value *readers_value(const struct kymo_region *region,
    const char *name);

/* readers_newest: of values that return each cnt writes, the newest write up to
   last that left idx. */
int64_t readers_newest(uint64_t idx, uint64_t cnt, uint64_t last);

#endif
