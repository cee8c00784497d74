/* SPDX-License-Identifier: MIT */
/* One snapshot, from the file to what the world sees. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "reader/region/private.h"

/* The lock was free before anything was copied, so the numbers are final; now
   the control block tells how it came. */
static void
judge_death(struct kymo_region *region)
{
	struct kymo_region_info *info = &region->info;

	info->liveness = region->control.state == KYI_STATE_EXITED ?
	    KYMO_EXITED : KYMO_KILLED;
	info->died_ns = 0;
	if (info->liveness == KYMO_EXITED)
		info->died_ns = kyi_region_realtime_ns(region,
		    region->control.exit_ns);
	else if (region->in_crash_dir && region->mtime_ns > info->started_ns)
		info->died_ns = region->mtime_ns;
}

const struct kyi_slot *
kyi_region_slot(const struct kymo_region *region, uint32_t slot)
{
	uint32_t idx1 = region->fixed[KYI_BLK_SLOTS];
	const struct kyi_block_place *place;

	if (idx1 == 0 || slot >= region->control.slot_high)
		return NULL;
	place = &region->blocks[idx1 - 1].place;
	/* The checks saw to it that slot_max of them are there. */
	return kyi_bytes_at(kyi_region_bytes(region), place->off +
	    sizeof(struct kyi_block) + (uint64_t)slot * place->rec_bytes,
	    sizeof(struct kyi_slot));
}

static int
scan_slots(struct kymo_region *region, struct kymo_error *error)
{
	struct kymo_region_info *info = &region->info;
	uint32_t idx1 = region->fixed[KYI_BLK_SLOTS], slot;
	const struct kyi_block_place *place;
	uint64_t off;

	info->thread_cnt = info->thread_high = 0;
	if (idx1 == 0)
		return 0;
	place = &region->blocks[idx1 - 1].place;
	off = place->off + sizeof(struct kyi_block);
	/* Of a head that is not sound only the length counts. */
	if (place->rec_bytes < sizeof(struct kyi_slot) ||
	    place->used_bytes - sizeof(struct kyi_block) <
	    (uint64_t)region->control.slot_high * place->rec_bytes)
		region->control.slot_high = 0;
	if (kyi_copy_range(region, off, off +
		(uint64_t)region->control.slot_high * place->rec_bytes,
		error) != 0)
		return -1;
	/* Slot 0 is of all the threads that have none. */
	for (slot = 1; slot < region->control.slot_high; slot++) {
		const struct kyi_slot *at = kyi_region_slot(region, slot);

		info->thread_high = slot;
		info->thread_cnt += at->state == 1;
		kyi_region_sign(region, at->claimed_ns);
	}
	return 0;
}

static void
fill_info(struct kymo_region *region)
{
	struct kymo_region_info *info = &region->info;
	const struct kyi_control *control = &region->control;
	uint64_t bad_records = region->lasting.cnt + region->passing.cnt;

	info->heartbeat_ns = kyi_region_realtime_ns(region,
	    control->heartbeat_ns);
	info->heartbeat_cnt = control->heartbeat_cnt;
	info->last_sign_ns = kyi_region_realtime_ns(region,
	    region->last_sign_mono_ns);
	info->family_cnt = region->family_cnt;
	info->series_cnt = region->series_cnt;
	info->losses.full = control->err_full;
	info->losses.cardinality = control->err_cardinality;
	info->losses.slots = control->err_slots;
	info->losses.ring = control->err_ring;
	info->losses.badcall = control->err_badcall;
	/* What passes is told again by the next scan: the most there was. */
	if (info->losses.bad_records < bad_records)
		info->losses.bad_records = bad_records;
}

static int
scan_parts(struct kymo_region *region, unsigned parts, struct kymo_error *error)
{
	const struct kyi_control *control = &region->control;
	bool alive = kyi_region_is_alive(region);
	uint64_t now_ns = kyi_os_mono_ns();

	region->sign_max_mono_ns = now_ns;
	if (!alive && !kyi_region_is_of_this_boot(region))
		region->sign_max_mono_ns = INT64_MAX;
	if (kyi_copy_check_file(region, error) != 0 ||
	    kyi_copy_control(region, error) != 0 ||
	    kyi_copy_blocks(region, error) != 0)
		return -1;
	if (!alive && region->info.liveness == KYMO_ALIVE)
		judge_death(region);
	kyi_region_sign(region, region->header.t0_mono_ns);
	kyi_region_sign(region, control->heartbeat_ns);
	kyi_region_sign(region, control->exit_ns);
	kyi_region_sign(region, control->crash_ns);
	if (scan_slots(region, error) != 0 ||
	    kyi_records_parse(region, error) != 0 ||
	    kyi_resource_scan(region, error) != 0)
		return -1;
	if ((parts & (KYMO_SCAN_EVENTS | KYMO_SCAN_EXEMPLARS)) != 0 &&
	    kyi_events_scan(region, parts, error) != 0)
		return -1;
	/* Events first: a dead region's clock stands at its last sign. */
	region->now_mono_ns = alive ? now_ns : region->last_sign_mono_ns;
	if ((parts & KYMO_SCAN_VALUES) != 0 &&
	    kyi_values_scan(region, error) != 0)
		return -1;
	fill_info(region);
	return 0;
}

int
kymo_region_scan(struct kymo_region *region, unsigned parts,
    struct kymo_error *error)
{
	int result;

	if (region->broken[0] != '\0')
		return kyi_region_break(region, region->broken, error);
	region->image = kyi_image_take(region->file_bytes);
	if (region->image == NULL)
		return kymo_error_set(error, "out of memory");
	region->passing.cnt = 0;
	region->strings_end_off = 0;
	errno = 0;
	result = scan_parts(region, parts, error);
	/* A record that found no memory was refused, for good: a handle that is
	   opened anew takes it. */
	if (result == 0 && errno == ENOMEM)
		result = kymo_error_set(error, "out of memory");
	kyi_image_give(region->image);
	region->image = NULL;
	return result;
}

const struct kymo_region_family *
kymo_region_families(const struct kymo_region *region, uint32_t *family_cnt)
{
	*family_cnt = region->family_cnt;
	return region->families;
}

const struct kymo_region_series *
kymo_region_series(const struct kymo_region *region, uint32_t *series_cnt)
{
	*series_cnt = region->series_cnt;
	return region->series;
}

const struct kymo_span_info *
kymo_region_spans(const struct kymo_region *region, uint32_t *span_cnt)
{
	*span_cnt = region->span_cnt;
	return region->spans;
}

const struct kymo_log_info *
kymo_region_logs(const struct kymo_region *region, uint32_t *log_cnt)
{
	*log_cnt = region->log_cnt;
	return region->logs;
}

const struct kymo_exemplar_info *
kymo_region_exemplars(const struct kymo_region *region, uint32_t *exemplar_cnt)
{
	*exemplar_cnt = region->exemplar_cnt;
	return region->exemplars;
}
