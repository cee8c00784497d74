/* SPDX-License-Identifier: MIT */
/* How large the fixed blocks of a region are. All of it is address space: only
   what is used becomes memory. */
#ifndef KYI_SHAPE_H
#define KYI_SHAPE_H

#include <stdint.h>

/* Lengths in bytes of whole blocks, head included, but for window_bytes: the
   stride from slot to slot, whose first KYI_CELL_FIRST bytes are sinks. */
struct kyi_shape {
	uint64_t max_bytes;
	uint32_t slot_max, window_bytes;
	uint32_t slots_bytes, dir_bytes, str_bytes, shared_bytes, res_bytes;
	uint64_t windows_bytes;
};

/* kyi_shape_fit replaces zeros by the defaults

     max_bytes     64 MiB (16 on 32 bits)
     slot_max      256
     window_bytes  64 KiB: 8,184 counters
     dir_bytes     for 10,000 records
     str_bytes     4 MiB
     shared_bytes  for 4,096 gauges and the like

   rounds up to pages, keeps to the bounds of layout.h and fills in the other
   lengths. If the blocks would take more than three quarters of max_bytes (the
   rest is for histograms and rings), whatever is largest is halved until they
   do not; of slot_max and window_bytes first the one that nobody asked for. */
void kyi_shape_fit(struct kyi_shape *shape);

#endif
