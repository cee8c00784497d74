/* SPDX-License-Identifier: MIT */
/* A table of samples that somebody wrote down: of rule tests, of conformance
   tests. No retention, no threads: whoever asks must be done before the next
   sample comes. */
#ifndef KYMO_READER_TABLE_H
#define KYMO_READER_TABLE_H

#include "reader/history/samples.h"

#ifdef __cplusplus
extern "C" {
#endif

struct kymo_table;

/* NULL: no memory. */
KYMO_READER_API struct kymo_table *kymo_table_new(void);
KYMO_READER_API void kymo_table_delete(struct kymo_table *table);
KYMO_READER_API void kymo_table_clear(struct kymo_table *table);

/* A sample, in any order of time; one of the same time is replaced. Labels and
   hist are copied. hist NULL: value. The reset hint of a histogram becomes
   what a database would say of it: KYMO_RESET_NO only where the one before has
   no higher count, KYMO_RESET_UNKNOWN where a run of them begins. Returns -1
   when there is no memory. */
KYMO_READER_API KYMO_MUST_CHECK int kymo_table_add(struct kymo_table *table,
    const struct kymo_labels *labels, int64_t at_ms, double value,
    const struct kymo_native_hist *hist);

/* Lives as long as the table. */
KYMO_READER_API const struct kymo_source *kymo_table_source(
    struct kymo_table *table);

#ifdef __cplusplus
}
#endif

#endif
