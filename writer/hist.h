/* SPDX-License-Identifier: MIT */
/* Histograms' cells, beyond what kymo.h does inline. */
#ifndef KYI_WRITER_HIST_H
#define KYI_WRITER_HIST_H

#include "writer/thread.h"

/* kyi_hist_is_series tells whether records of a handle's index go to a series;
   if not, counts why. */
bool kyi_hist_is_series(uint32_t idx);

/* kyi_hist_prepare makes thread's cells of histogram idx, inside kyi_enter.
   False: no room. */
bool kyi_hist_prepare(struct kyi_process *process, struct kyi_thread *thread,
    uint32_t idx);

#endif
