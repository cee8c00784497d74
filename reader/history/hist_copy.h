/* SPDX-License-Identifier: MIT */
#ifndef KYI_HISTORY_HIST_COPY_H
#define KYI_HISTORY_HIST_COPY_H

#include "reader/history/samples.h"

/* kyi_hist_copy makes one in one allocation: free() it. NULL: no memory. */
struct kymo_native_hist *kyi_hist_copy(const struct kymo_native_hist *hist);

#endif
