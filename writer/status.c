/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "writer/process.h"

/* How much of private memory is there. */
static uint64_t
resident_bytes(const struct kyi_region *region)
{
	unsigned char pages[256];
	uint64_t off, bytes = 0, step = sizeof(pages) * KYI_PAGE_BYTES;
	uint32_t i;

	for (off = 0; off < region->max_bytes; off += step) {
		uint64_t left = region->max_bytes - off;

		memset(pages, 0, sizeof(pages));
		if (mincore(region->base + off, left < step ? left : step,
		    pages) != 0)
			break;
		for (i = 0; i < sizeof(pages); i++)
			bytes += (pages[i] & 1) * KYI_PAGE_BYTES;
	}
	return bytes;
}

static void
fill(struct kyi_process *process, struct kymo_status *status)
{
	const struct kyi_region *region = &process->region;
	struct stat st;

	status->err_full = kyi_err_cnt(process, KYI_ERR_FULL);
	status->err_cardinality = kyi_err_cnt(process, KYI_ERR_CARDINALITY);
	status->err_slots = kyi_err_cnt(process, KYI_ERR_SLOTS);
	status->err_ring = kyi_err_cnt(process, KYI_ERR_RING);
	status->err_badcall = kyi_err_cnt(process, KYI_ERR_BADCALL);
	status->slow_calls = process->early_slow_cnt;
	if (kyi_registry.env.off) {
		status->state = -2;
		strcpy(status->why, "KYMO=off");
		return;
	}
	if (process->epoch == 0) {
		if (process->grow_ns == 0)
			return;
		status->state = -1;
		strcpy(status->why, "there is no memory for a region");
		return;
	}
	status->slow_calls = kyi_load_u64_relaxed(
	    &kyi_region_control(region)->slow_calls);
	status->state = region->visible ? 1 : -1;
	memcpy(status->path, region->path, sizeof(status->path));
	memcpy(status->why, region->why, sizeof(status->why));
	if (!region->visible) {
		status->region_bytes = resident_bytes(region);
	} else if (stat(region->path, &st) == 0) {
		status->region_bytes = (uint64_t)st.st_blocks * 512;
	} else {
		status->state = -1;
		strcpy(status->why, "the region's file is gone from its "
		    "directory");
	}
}

void
kymo_status(struct kymo_status *status)
{
	uint32_t size_bytes = status->size_bytes;
	struct kymo_status all;
	struct kyi_guard guard;

	if (size_bytes < sizeof(size_bytes)) {
		kyi_bad(KYI_SAY_SIZE, "kymo_status");
		return;
	}
	memset(&all, 0, sizeof(all));
	if (kyi_enter(&guard)) {
		fill(guard.process, &all);
		kyi_leave(&guard);
	}
	all.size_bytes = size_bytes;
	memcpy(status, &all, size_bytes < sizeof(all) ? size_bytes :
	    sizeof(all));
}
