/* SPDX-License-Identifier: MIT */
#ifndef KYI_HISTORY_NATIVE_COPY_H
#define KYI_HISTORY_NATIVE_COPY_H

#include "reader/history/samples.h"

/* kyi_native_copy makes one in one allocation: free() it. NULL: no memory. */
struct kymo_native_hist *kyi_native_copy(const struct kymo_native_hist *hist);

/* Whether after may follow before in one run: the rules by which Prometheus'
   storage appends to a chunk of histograms. */
bool kyi_native_follows(const struct kymo_native_hist *before,
    const struct kymo_native_hist *after);

#endif
