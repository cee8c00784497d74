/* SPDX-License-Identifier: MIT */

/* A region as a writer uses it, for tests of what becomes of one. Functions
   that check return 0 or 1, with a word on stderr (CHILD_CHECK). */

#ifndef TESTS_TESTLIB_USE_REGION_H
#define TESTS_TESTLIB_USE_REGION_H

#include "tests/testlib/child.h"

#include "shm/region.h"

#define PAGE KYI_PAGE_BYTES

/* A small region in dir. */
TESTLIB_UNUSED static struct kyi_region_options
small(const char *dir)
{
	struct kyi_region_options options = {
		.dir = dir,
		.service = "shop",
		.max_bytes = 1u << 20,
		.slot_max = 4,
	};

	return options;
}

/* How many entries there are in a directory. */
TESTLIB_UNUSED static uint32_t
entry_cnt(const char *path)
{
	DIR *dir = opendir(path);
	uint32_t cnt = 0;

	while (readdir(dir) != NULL)
		cnt++;
	closedir(dir);
	return cnt - 2;
}

/* Whether all that a writer does with a region can be done with this one. */
TESTLIB_UNUSED static int
use(struct kyi_region *region)
{
	static const uint8_t nobody[16];
	uint64_t off;

	CHILD_CHECK(memcmp(region->base, KYI_MAGIC, KYI_MAGIC_BYTES) == 0);
	CHILD_CHECK(memcmp(region->instance_id, nobody, 16) != 0);
	kyi_region_control(region)->heartbeat_ns = 1;
	*(uint64_t *)kyi_region_at(region, region->windows_off) = 1;
	CHILD_CHECK(kyi_region_populate(region, region->windows_off +
	    region->window_bytes, PAGE));
	*(uint64_t *)kyi_region_at(region, region->windows_off +
	    region->window_bytes) = 1;
	off = kyi_region_append(region, region->str_off, region->str_len,
	    2 * PAGE);
	CHILD_CHECK(off != 0);
	memset(kyi_region_at(region, off), 'x', 2 * PAGE);
	kyi_region_appended(region, region->str_off, off + 2 * PAGE);
	off = kyi_region_block(region, KYI_BLK_HIST, 0, 3, 2 * PAGE, 2 * PAGE);
	CHILD_CHECK(off != 0);
	memset(kyi_region_at(region, off + 64), 1, 2 * PAGE - 64);
	return 0;
}

/* Whether it is private memory, of full use, for a reason with these words. */
TESTLIB_UNUSED static int
is_private(struct kyi_region *region, const char *why)
{
	CHILD_CHECK(!region->visible);
	CHILD_CHECK(region->path[0] == '\0');
	if (strstr(region->why, why) == NULL) {
		fprintf(stderr, "why: %s; not: %s\n", region->why, why);
		return 1;
	}
	return use(region);
}

#endif
