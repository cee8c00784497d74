/* SPDX-License-Identifier: MIT */
/* Where nobody reads, the dead pile up. A process that starts removes the
   oldest of them while they fill more than a quarter of their tmpfs. */
#ifndef KYI_SWEEP_H
#define KYI_SWEEP_H

#include "writer/process.h"

/* kyi_sweep looks at the directory that process->region is in, and counts what
   it removed in control.swept_cnt. Under the process' lock. */
void kyi_sweep(struct kyi_process *process);

/* kyi_sweep_dir removes this user's regions of the dead in the directory path,
   oldest first, until they take at most dead_bytes_max; returns how many. It
   does nothing while an absorber holds .kymod.lock: that one needs the totals
   of the dead, and removes them itself. Not by two threads at once. */
uint32_t kyi_sweep_dir(const char *path, uint64_t dead_bytes_max);

#endif
