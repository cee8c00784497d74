/* SPDX-License-Identifier: MIT */
/* Base-2 exponential buckets, as OpenTelemetry's exponential histograms and
   Prometheus' native ones have them: at scale s bucket i holds values in
   (2^(i/2^s), 2^((i+1)/2^s)], upper bound inclusive.
   https://opentelemetry.io/docs/specs/otel/metrics/data-model/#exponentialhistogram

   A bucket at scale s is exactly 2^(t-s) buckets at a finer scale t: indexes
   are shifted right, so histograms of different scales merge without error. */
#ifndef KYI_HIST_H
#define KYI_HIST_H

#include <stdint.h>

#include "shm/layout.h"

/* bits of 2^(i/64), i = 0..63, as a double, rounded down; mantissa only.
   [64] is all ones: above every mantissa. */
extern const uint64_t kyi_hist_mantissa[65];

/* kyi_hist_idx returns the bucket of v (finite, > 0) at scale 0..6. */
int32_t kyi_hist_idx(double v, uint32_t scale);

/* kyi_hist_bound returns the upper bound 2^((idx+1)/2^scale) of bucket idx,
   rounded down to a double; exact where it is a power of two. Below the
   normal doubles: 0; above the doubles: infinity. */
double kyi_hist_bound(int32_t idx, uint32_t scale);

/* kyi_hist_bytes returns what a HIST block of bucket_cnt buckets takes,
   head included, rounded up to pages. */
static inline uint64_t
kyi_hist_block_bytes(uint32_t bucket_cnt)
{
	uint64_t bytes = sizeof(struct kyi_block) +
	    8 * ((uint64_t)bucket_cnt + KYI_HIST_EXTRA_CELLS);

	return (bytes + KYI_PAGE_BYTES - 1) / KYI_PAGE_BYTES * KYI_PAGE_BYTES;
}

#endif
