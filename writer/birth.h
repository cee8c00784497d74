/* SPDX-License-Identifier: MIT */
/* Making this process' region, and copying the registry into it. All under the
   process' lock. */
#ifndef KYI_BIRTH_H
#define KYI_BIRTH_H

#include <stdbool.h>
#include <stdint.h>

#include "writer/process.h"

/* kyi_region_birth makes process->region with all that is registered. What
   does not fit is left for later (kyi_publish), what handles already point to
   and does not fit leaves process->window0 NULL. False: no memory. */
bool kyi_region_birth(struct kyi_process *process);

/* kyi_region_mend tries again to make and copy what found no room. True: it is
   all there. */
bool kyi_region_mend(struct kyi_process *process);

/* kyi_service returns the service's name as it is or will be. */
const char *kyi_service(void);

/* kyi_publish copies strings, resources and records that are not yet in the
   region. True: all are. */
bool kyi_publish(struct kyi_process *process);

/* The first half of it; and a string's ref in this region, 0 of "". */
bool kyi_publish_strings(struct kyi_process *process);
uint32_t kyi_ref_of(const struct kyi_region *region, uint32_t pos);

/* kyi_window_reach makes the first end_off bytes of the window of slot 0 and
   of each owned slot, kyi_window_reach_slot those of one slot. False: full. */
bool kyi_window_reach(struct kyi_process *process, uint32_t end_off);
bool kyi_window_reach_slot(struct kyi_process *process, uint32_t slot,
    uint32_t end_off);

/* kyi_shared_reach makes the first end_off bytes of the shared cells, with the
   first value that each kind has. */
bool kyi_shared_reach(struct kyi_process *process, uint32_t end_off);

#endif
