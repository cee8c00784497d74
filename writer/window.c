/* SPDX-License-Identifier: MIT */
/* Growing what records store to. A page is made before a handle into it is
   given out and before a thread that could use it gets its window: no record
   ever checks. */
#include "shm/copy.h"
#include "writer/birth.h"

bool
kyi_window_reach_slot(struct kyi_process *process, uint32_t slot,
    uint32_t end_off)
{
	struct kyi_region *region = &process->region;
	struct kyi_owner *owner = &process->owners[slot];
	uint32_t end;

	if (end_off <= owner->window_bytes)
		return true;
	if (end_off > region->window_bytes)
		return false;
	end = (end_off + KYI_PAGE_BYTES - 1) / KYI_PAGE_BYTES * KYI_PAGE_BYTES;
	if (!kyi_region_populate(region, region->windows_off +
	    (uint64_t)slot * region->window_bytes + owner->window_bytes,
	    end - owner->window_bytes))
		return false;
	owner->window_bytes = end;
	return true;
}

bool
kyi_window_reach(struct kyi_process *process, uint32_t end_off)
{
	uint32_t slot;

	if (!kyi_window_reach_slot(process, 0, end_off))
		return false;
	for (slot = 1; slot < process->slot_high; slot++)
		if (process->owners[slot].owned &&
		    !kyi_window_reach_slot(process, slot, end_off))
			return false;
	return true;
}

/* What a gauge has that was never set; zeros for the others. */
static uint64_t
shared_first(uint8_t kind)
{
	switch (kind) {
	case KYI_KIND_GAUGE: return (uint64_t)KYI_GAUGE_UNSET;
	case KYI_KIND_FLOAT_GAUGE: return KYI_FLOAT_UNSET_BITS;
	default: return 0;
	}
}

bool
kyi_shared_reach(struct kyi_process *process, uint32_t end_off)
{
	const struct kyi_registry *registry = &kyi_registry;
	struct kyi_region *region = &process->region;
	uint64_t end = sizeof(struct kyi_block) + end_off;

	if (end <= region->shared_used)
		return true;
	if (kyi_region_append(region, region->shared_off, region->shared_len,
	    end - region->shared_used) == 0)
		return false;
	/* Series get their cells in order, so this goes on where it stopped. */
	for (; process->shared_done_cnt < registry->series_cnt;
	    process->shared_done_cnt++) {
		const struct kyi_series *series =
		    &registry->series[process->shared_done_cnt].rec;
		uint8_t kind =
		    registry->families[series->family_id - 1].rec.kind;

		if (kyi_cell_of(kind) != KYI_CELL_IN_SHARED)
			continue;
		if (series->at >= end_off)
			break;
		kyi_store_u64_relaxed((uint64_t *)(void *)(process->shared +
		    series->at), shared_first(kind));
	}
	kyi_region_appended(region, region->shared_off,
	    region->shared_off + end);
	return true;
}
