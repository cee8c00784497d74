/* SPDX-License-Identifier: MIT */
/* A recorded histogram as what queries know: classic buckets, and a native
   histogram. */
#ifndef KYI_HISTORY_SCAN_HIST_H
#define KYI_HISTORY_SCAN_HIST_H

#include "reader/history/samples.h"

/* Cumulative counts of bounds 2^le_first .., le_cnt of them, then of +Inf. */
void kyi_scan_classic(const struct kymo_hist *hist, int32_t le_first,
    uint32_t le_cnt, double *below);

/* Room for a native histogram, used again. */
struct kyi_scan_native {
	struct kymo_native_hist hist;
	double *room;
	uint32_t room_cnt;
};

/* Recorded units are the unit (exponent 0): then the buckets are those of a
   schema, exactly; under counts at zero. Else they are no powers of two in the
   unit, and it has custom bounds. -1: no memory. */
KYMO_MUST_CHECK int kyi_scan_native(struct kyi_scan_native *native,
    const struct kymo_hist *hist, int exponent);

#endif
