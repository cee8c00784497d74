/* SPDX-License-Identifier: MIT */
/* What a stepped child records, and what a reader must see of it. */
#ifndef TESTS_PROVE_STEPS_H
#define TESTS_PROVE_STEPS_H

#include "reader/region/region.h"

#include "tests/prove/prove.h"

/* What the child says of itself, in memory that its tracer sees too: of each
   kind, how many records were begun, and how many calls returned. */
#define STEPS_KIND_MAX 40u
struct steps_shared {
	volatile uint64_t begun[STEPS_KIND_MAX], made[STEPS_KIND_MAX];
};
extern struct steps_shared *steps_shared;

/* A region as the reader sees it, by one handle for as long as it lives. */
struct steps_view {
	struct kymo_region *region; /* NULL: not there (yet) */
	char path[512];
	int fd;
	const uint8_t *map;
	uint8_t *was;
	uint64_t bytes;
	uint64_t blocks; /* of the file, when extents were looked up */
	uint64_t extents[256][2];
	uint32_t extent_cnt;
	struct kymo_error fault; /* text "": it is sound */
};

/* steps_view_find opens pid's region, if it has one. steps_view_changed tells
   whether any byte is another than at its last call. steps_view_scan reads it;
   false: it is not sound, see fault. */
bool steps_view_find(struct steps_view *view, uint32_t pid);
bool steps_view_changed(struct steps_view *view);
bool steps_view_scan(struct steps_view *view);
void steps_view_close(struct steps_view *view);

/* The value of the first series of a family, or with this label value; NULL: no
   such series, or it has no value. */
const struct kymo_metric_value *steps_value(const struct steps_view *view,
    const char *name, const char *label);

struct steps_kind {
	const char *name;
	/* The nth, from 1. */
	void (*record)(uint64_t n);
	/* How many of the first n are there, when at least made must be;
	   -1: what is there was never recorded. */
	int64_t (*seen)(const struct steps_view *view, uint64_t made,
	    uint64_t n);
	bool may_vanish; /* has no value while it is being stored */
	bool is_new;     /* each makes the region grow: only in slow rows */
};
extern const struct steps_kind steps_kinds[];
extern const uint32_t steps_kind_cnt;

/* What a child does between two stops of its tracer. */
struct steps_scenario {
	const char *name;
	void (*child)(void); /* NULL: one more of kind */
	uint32_t kind, warm_cnt;
	bool is_slow;        /* kills at a sample of instructions only */
	bool of_parent;      /* the tracer has recorded before it forked */
};
extern const struct steps_scenario steps_slow[];
extern const uint32_t steps_slow_cnt;

/* steps_record makes the next record of a kind. */
void steps_record(uint32_t kind);
/* steps_record_each makes one of most kinds, one after another. */
void steps_record_each(void);
/* steps_kind_of finds a kind by its name. */
uint32_t steps_kind_of(const char *name);
/* steps_label makes a series with a label value that is new, and gives its
   offset. */
uint32_t steps_label(uint64_t n);

/* Those of steps_set.c and steps_new.c. */
#define STEPS_KIND(name) \
	void steps_record_##name(uint64_t n); \
	int64_t steps_seen_##name(const struct steps_view *view, \
	    uint64_t made, uint64_t n)
STEPS_KIND(text);
STEPS_KIND(health);
STEPS_KIND(state_be);
STEPS_KIND(state_bit);
STEPS_KIND(span);
STEPS_KIND(log);
STEPS_KIND(exemplar);
STEPS_KIND(gauge_new);
STEPS_KIND(text_new);
STEPS_KIND(info_new);
STEPS_KIND(resource);
STEPS_KIND(summary);
STEPS_KIND(sampled);
#undef STEPS_KIND

#endif
