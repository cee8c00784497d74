/* SPDX-License-Identifier: MIT */
/* From label values to a series, without a lock: an open hash table that only
   grows, of 64-bit entries, stored once each. An entry is the upper half of
   the hash and, below it, the series' id. */
#ifndef KYI_LOOKUP_H
#define KYI_LOOKUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "writer/registry.h"

/* The label values of one call, cut to their limits. */
struct kyi_values {
	const char *at[KYI_LABEL_MAX];
	uint32_t len_bytes[KYI_LABEL_MAX];
	uint32_t cnt;
	uint32_t family_id;
	uint64_t hash;
	bool cut; /* a value was too long */
};

/* kyi_values_take measures, cuts and hashes; NULL is "". */
void kyi_values_take(struct kyi_values *values,
    const struct kyi_registry *registry, uint32_t family_id, uint32_t cnt,
    const char *const *texts);

/* kyi_series_find returns the index of the series, or -1. */
int32_t kyi_series_find(const struct kyi_registry *registry,
    const struct kyi_values *values);

/* kyi_series_insert makes series idx, complete, findable; nothing if it is.
   Under the process' lock. */
void kyi_series_insert(struct kyi_registry *registry, uint32_t idx);

#endif
