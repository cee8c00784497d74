/* SPDX-License-Identifier: MIT */
#include <stdbool.h>

#include "shm/layout.h"
#include "shm/shape.h"

#define MAX_BYTES_DEFAULT ((sizeof(void *) > 4 ? 64u : 16u) << 20)
#define SLOT_CNT_DEFAULT 256u
#define WINDOW_BYTES_DEFAULT (64u << 10)
#define DIR_CNT_DEFAULT 10000u
#define STR_BYTES_DEFAULT (4u << 20)
#define SHARED_CNT_DEFAULT 4096u

/* Fewer threads than this, and counters give way before threads do. */
#define SLOT_CNT_FEW 16u
#define SLOT_CNT_MIN 2u

static uint64_t
pages(uint64_t bytes)
{
	return (bytes + KYI_PAGE_BYTES - 1) / KYI_PAGE_BYTES * KYI_PAGE_BYTES;
}

static uint64_t
block_of(uint64_t record_cnt, uint64_t record_bytes)
{
	return pages(sizeof(struct kyi_block) + record_cnt * record_bytes);
}

static uint32_t
wish(uint64_t bytes, uint64_t fallback, uint64_t max)
{
	bytes = pages(bytes == 0 ? fallback : bytes);
	return (uint32_t)(bytes > max ? max : bytes);
}

static void
measure(struct kyi_shape *shape)
{
	shape->slots_bytes =
	    (uint32_t)block_of(shape->slot_max, sizeof(struct kyi_slot));
	shape->windows_bytes = KYI_PAGE_BYTES +
	    (uint64_t)shape->slot_max * shape->window_bytes;
}

static uint64_t
fixed_bytes(const struct kyi_shape *shape)
{
	return KYI_BLOCKS_OFF + shape->slots_bytes + shape->dir_bytes +
	    shape->str_bytes + shape->shared_bytes + shape->res_bytes +
	    shape->windows_bytes;
}

static void
halve_bytes(uint32_t *bytes)
{
	*bytes = (uint32_t)pages(*bytes / 2);
}

static void
halve_windows(struct kyi_shape *shape, bool slots_are_wished)
{
	bool narrow = shape->window_bytes <= KYI_PAGE_BYTES;

	if (narrow || (shape->slot_max > SLOT_CNT_FEW && !slots_are_wished))
		shape->slot_max = (shape->slot_max + 1) / 2;
	else
		halve_bytes(&shape->window_bytes);
}

static void
halve_largest(struct kyi_shape *shape, bool slots_are_wished)
{
	uint32_t *largest = &shape->dir_bytes;

	if (shape->str_bytes > *largest)
		largest = &shape->str_bytes;
	if (shape->shared_bytes > *largest)
		largest = &shape->shared_bytes;
	if (shape->windows_bytes > *largest &&
	    (shape->slot_max > SLOT_CNT_MIN ||
	    shape->window_bytes > KYI_PAGE_BYTES))
		halve_windows(shape, slots_are_wished);
	else
		halve_bytes(largest);
}

void
kyi_shape_fit(struct kyi_shape *shape)
{
	const uint64_t dir_max = KYI_RECORD_MAX * sizeof(struct kyi_family);
	bool slots_are_wished = shape->slot_max != 0;
	uint64_t max = shape->max_bytes;

	if (max == 0)
		max = MAX_BYTES_DEFAULT;
	if (max < KYI_REGION_BYTES_MIN)
		max = KYI_REGION_BYTES_MIN;
	if (max > KYI_REGION_BYTES_MAX)
		max = KYI_REGION_BYTES_MAX;
	max -= max % KYI_PAGE_BYTES;
	shape->max_bytes = max;

	if (shape->slot_max == 0)
		shape->slot_max = SLOT_CNT_DEFAULT;
	if (shape->slot_max > KYI_SLOT_MAX)
		shape->slot_max = KYI_SLOT_MAX;
	shape->window_bytes = wish(shape->window_bytes, WINDOW_BYTES_DEFAULT,
	    max);
	shape->dir_bytes = wish(shape->dir_bytes,
	    block_of(DIR_CNT_DEFAULT, sizeof(struct kyi_family)), max);
	if (shape->dir_bytes > dir_max)
		shape->dir_bytes = (uint32_t)dir_max;
	shape->str_bytes = wish(shape->str_bytes, STR_BYTES_DEFAULT, max);
	shape->shared_bytes = wish(shape->shared_bytes,
	    block_of(SHARED_CNT_DEFAULT, sizeof(struct kyi_shared_cell)), max);
	shape->res_bytes = KYI_PAGE_BYTES;
	for (measure(shape); fixed_bytes(shape) > max / 4 * 3; measure(shape))
		halve_largest(shape, slots_are_wished);
}
