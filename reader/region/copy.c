/* SPDX-License-Identifier: MIT */
/* From the file to private memory, in the steps of shm/copy.h. DIR's head is
   copied before those of SHARED and STR, and STR's after all that refers to
   it, so that no ref is newer than what it refers to. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "reader/region/private.h"
#include "shm/copy.h"

#define CHUNK_BYTES (256u * 1024u)
/* Copying a page that nobody wants costs less than another system call. */
#define GAP_BYTES 4096u

struct kyi_bytes
kyi_region_bytes(const struct kymo_region *region)
{
	struct kyi_bytes bytes = { region->image->base, region->file_bytes };

	return bytes;
}

int
kyi_copy_to(struct kymo_region *region, void *to, uint64_t off,
    uint64_t len_bytes, struct kymo_error *error)
{
	int64_t got_bytes;

	if (off > region->file_bytes || len_bytes > region->file_bytes - off)
		return kyi_region_break(region,
		    "refers to what is beyond its end", error);
	if (region->swapped != NULL) {
		memcpy(to, region->swapped + off, len_bytes);
		return 0;
	}
	got_bytes = kyi_os_pread(region->fd, to, len_bytes, off);
	if (got_bytes < 0)
		return kyi_region_break(region, strerror((int)-got_bytes),
		    error);
	if ((uint64_t)got_bytes != len_bytes)
		return kyi_region_break(region,
		    "was truncated while it was read", error);
	return 0;
}

int
kyi_copy_range(struct kymo_region *region, uint64_t off, uint64_t end_off,
    struct kymo_error *error)
{
	if (off >= end_off)
		return 0;
	if (end_off > region->file_bytes)
		return kyi_region_break(region,
		    "refers to what is beyond its end", error);
	kyi_image_touch(region->image, off, end_off - off);
	return kyi_copy_to(region, region->image->base + off, off,
	    end_off - off, error);
}

int
kyi_copy_check_file(struct kymo_region *region, struct kymo_error *error)
{
	struct kyi_header header;
	struct stat file;

	if (fstat(region->fd, &file) != 0)
		return kyi_region_break(region, strerror(errno), error);
	if (file.st_nlink == 0)
		return kyi_region_break(region, "was removed", error);
	if ((uint64_t)file.st_size != region->file_bytes)
		return kyi_region_break(region, "was truncated or extended",
		    error);
	if (kyi_copy_to(region, &header, KYI_HEADER_OFF, sizeof(header),
		error) != 0)
		return -1;
	if (memcmp(&header, &region->header, sizeof(header)) != 0)
		return kyi_region_break(region,
		    "was overwritten: its header is another", error);
	region->info.memory_bytes = (uint64_t)file.st_blocks * 512;
	region->mtime_ns = file.st_mtim.tv_sec <= 0 ? 0 :
	    (uint64_t)file.st_mtim.tv_sec * 1000000000 +
	    (uint64_t)file.st_mtim.tv_nsec;
	return 0;
}

int
kyi_copy_control(struct kymo_region *region, struct kymo_error *error)
{
	struct kyi_control *control = &region->control;

	if (kyi_copy_to(region, control, KYI_CONTROL_OFF, sizeof(*control),
		error) != 0)
		return -1;
	kyi_copy_fence();
	if (control->file_used > region->file_bytes) {
		kyi_complain_at(&region->passing, KYI_CONTROL_OFF,
		    "file_used is beyond the end of the file");
		control->file_used = region->file_bytes;
	}
	if (control->slot_high > region->header.slot_max) {
		kyi_complain_at(&region->passing, KYI_CONTROL_OFF,
		    "slot_high is above slot_max");
		control->slot_high = region->header.slot_max;
	}
	if (control->window_used > region->header.window_bytes) {
		kyi_complain_at(&region->passing, KYI_CONTROL_OFF,
		    "window_used is more than a window");
		control->window_used = region->header.window_bytes;
	}
	return 0;
}

/* ---- blocks ---------------------------------------------------------- */

/* Copies and checks the head that is the index-th; found false: not sound. */
static int
take_head(struct kymo_region *region, uint32_t index, uint64_t off,
    struct kyi_block_place *place, bool *found, bool *ready,
    struct kymo_error *error)
{
	struct kyi_block head;

	*found = false;
	if (off > region->control.file_used ||
	    region->control.file_used - off < sizeof(head))
		return 0;
	if (kyi_copy_to(region, &head, off, sizeof(head), error) != 0)
		return -1;
	kyi_copy_fence();
	*ready = head.ready == 1;
	*found = kyi_check_block(&head, off, region->control.file_used, index,
	    &region->header, place, &region->passing);
	return 0;
}

/* Takes the block into the lists by type. HIST blocks of one series become a
   chain of our own making. */
static void
enlist(struct kymo_region *region, uint32_t idx)
{
	struct kyi_block_kept *block = &region->blocks[idx];
	uint32_t type = block->place.type;

	if (type == KYI_BLK_HIST) {
		struct kyi_hist_kept *hist;

		hist = kyi_region_hist(region, block->place.tag);
		if (hist == NULL) {
			kyi_complain_at(&region->lasting, block->place.off,
			    "a histogram block of no possible series");
			return;
		}
		block->next1 = hist->first_block1;
		hist->first_block1 = idx + 1;
	} else if (type < sizeof(region->fixed) / sizeof(*region->fixed) &&
	    type != KYI_BLK_RING && type != KYI_BLK_SPANS) {
		if (region->fixed[type] == 0)
			region->fixed[type] = idx + 1;
		else
			kyi_complain_at(&region->lasting, block->place.off,
			    "a second block of its type");
	}
}

static int
take_new_blocks(struct kymo_region *region, struct kymo_error *error)
{
	struct kyi_block_kept *block;
	bool found;

	for (;;) {
		if (!kyi_grow(&region->blocks, &region->block_room,
			region->block_cnt, sizeof(*region->blocks)))
			return kymo_error_set(error, "out of memory");
		block = &region->blocks[region->block_cnt];
		memset(block, 0, sizeof(*block));
		if (take_head(region, region->block_cnt, region->next_block_off,
			&block->place, &found, &block->ready, error) != 0)
			return -1;
		if (!found)
			return 0;
		region->next_block_off += block->place.len_bytes;
		region->block_cnt++;
		if (block->ready)
			enlist(region, region->block_cnt - 1);
		else
			region->pending_cnt++;
	}
}

/* Blocks that had a head but no content when we last looked. */
static int
take_pending_blocks(struct kymo_region *region, struct kymo_error *error)
{
	struct kyi_block_place place;
	bool found, ready;
	uint32_t i;

	for (i = 0; i < region->block_cnt && region->pending_cnt > 0; i++) {
		struct kyi_block_kept *block = &region->blocks[i];

		if (block->ready)
			continue;
		if (take_head(region, i, block->place.off, &place, &found,
			&ready, error) != 0)
			return -1;
		if (!found || !ready || place.type != block->place.type ||
		    place.len_bytes != block->place.len_bytes)
			continue;
		block->place = place;
		block->ready = true;
		region->pending_cnt--;
		enlist(region, i);
	}
	return 0;
}

int
kyi_copy_blocks(struct kymo_region *region, struct kymo_error *error)
{
	if (region->next_block_off == 0)
		region->next_block_off = KYI_BLOCKS_OFF;
	if (take_pending_blocks(region, error) != 0)
		return -1;
	return take_new_blocks(region, error);
}

int
kyi_copy_head_of(struct kymo_region *region, uint32_t idx,
    const struct kyi_block_place **place, struct kymo_error *error)
{
	struct kyi_block_kept *block = &region->blocks[idx];
	struct kyi_block_place now;
	bool found, ready;

	*place = NULL;
	if (take_head(region, idx, block->place.off, &now, &found, &ready,
		error) != 0)
		return -1;
	if (!found)
		return 0;
	if (!ready || now.type != block->place.type ||
	    now.rec_bytes != block->place.rec_bytes ||
	    now.len_bytes != block->place.len_bytes ||
	    now.used_bytes < block->place.used_bytes) {
		kyi_complain_at(&region->passing, block->place.off,
		    "this block's head has changed");
		return 0;
	}
	block->place.used_bytes = now.used_bytes;
	*place = &block->place;
	return 0;
}

int
kyi_copy_head(struct kymo_region *region, uint32_t type,
    const struct kyi_block_place **place, struct kymo_error *error)
{
	*place = NULL;
	if (region->fixed[type] == 0)
		return 0;
	return kyi_copy_head_of(region, region->fixed[type] - 1, place, error);
}

uint64_t
kyi_region_strings_off(const struct kymo_region *region)
{
	uint32_t idx1 = region->fixed[KYI_BLK_STR];

	return idx1 == 0 ? 0 :
	    region->blocks[idx1 - 1].place.off + sizeof(struct kyi_block);
}

int
kyi_copy_strings(struct kymo_region *region, struct kymo_error *error)
{
	const struct kyi_block_place *place;
	uint64_t from_off, end_off, bytes_max;

	if (kyi_copy_head(region, KYI_BLK_STR, &place, error) != 0)
		return -1;
	if (place == NULL)
		return 0;
	from_off = region->strings_end_off;
	if (from_off == 0)
		from_off = place->off + sizeof(struct kyi_block);
	end_off = place->off + place->used_bytes;
	if (kyi_copy_range(region, from_off, end_off, error) != 0)
		return -1;
	region->strings_end_off = end_off;
	/* An honest string is kept in no more room than STR has for it, a list
	   in twice as much; overlapping ones could be many times more. */
	bytes_max = 2 * place->used_bytes + KYI_PAGE_BYTES;
	region->strings.arena.bytes_max = bytes_max > KYI_STRINGS_BYTES_MAX ?
	    KYI_STRINGS_BYTES_MAX : bytes_max;
	return 0;
}

/* Reads in runs: a run ends where the gap is large or the run is long. */
int
kyi_copy_hists(struct kymo_region *region, struct kymo_error *error)
{
	uint64_t from_off = 0, end_off = 0;
	uint32_t i;

	for (i = 0; i < region->block_cnt; i++) {
		const struct kyi_block_place *place = &region->blocks[i].place;

		if (place->type != KYI_BLK_HIST || !region->blocks[i].ready)
			continue;
		if (place->off - end_off > GAP_BYTES ||
		    place->off - from_off > CHUNK_BYTES) {
			if (kyi_copy_range(region, from_off, end_off,
			    error) != 0)
				return -1;
			from_off = place->off;
		}
		end_off = place->off + place->used_bytes;
	}
	return kyi_copy_range(region, from_off, end_off, error);
}
