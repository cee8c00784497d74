/* SPDX-License-Identifier: MIT */
/* What models of the writer and of its readers have in common. */
#ifndef MODEL_WORLD_H
#define MODEL_WORLD_H

#include "tests/model/explore.h"
#include "tests/model/models.h"
#include "tests/model/os_fake.h"
#include "reader/region/private.h"
#include "writer/kymo.h"
#include "writer/process.h"

/* A process with a small region: slots for thread_cnt threads. */
void world_begin(uint32_t thread_cnt);
/* The same, before there is a region. */
void world_begin_without(void);

struct kymo_family world_family(enum kymo_kind kind, const char *name,
    const char *const *keys, uint32_t series_max);
struct kymo_counter world_counter(const char *name);
/* What all windows have of it. */
uint64_t world_sum(uint32_t off);

/* Opens the process' file by its name, and scans it; NULL: it has none yet. */
struct kymo_region *world_open(void);
void world_scan(struct kymo_region *region, unsigned parts);
void world_close(struct kymo_region *region);
/* The value of the series with these label values; NULL: there is none. */
const struct kymo_metric_value *world_value(const struct kymo_region *region,
    const char *family, const char *label);

#endif
