/* SPDX-License-Identifier: MIT */
/* The writer's half of a region file: create, publish, grow. The caller holds
   its own lock around all of it; nothing here is thread-safe.

   What the process needs to find its way is kept here, in private memory: a
   writer never trusts what it reads back from the file. How a reader can copy
   all this while it changes is told in shm/copy.h. */
#ifndef KYI_REGION_H
#define KYI_REGION_H

#include <stdbool.h>
#include <stdint.h>

#include "shm/layout.h"
#include "shm/place.h"

struct kyi_region_options {
	const char *dir;       /* NULL: the usual places (shm/place.h) */
	const char *service;   /* any text; NULL: "unknown" */
	bool allow_disk;       /* a directory that is not tmpfs will do */
	/* Wishes; 0: the default. shm/shape.h tells what they become. */
	uint64_t max_bytes;    /* address space; 64 MiB (16 on 32 bits) */
	uint32_t slot_max;     /* 256, slot 0 being shared */
	uint32_t window_bytes; /* 64 KiB, sinks included */
	uint32_t dir_bytes, str_bytes, shared_bytes;
	uint32_t parent_pid, fork_seq;
};

#define KYI_REGION_WHY_BYTES 200u
#define KYI_REGION_PATH_BYTES 320u

struct kyi_region {
	uint8_t *base;
	uint64_t max_bytes;
	bool visible; /* false: private memory, nobody can read it */
	char why[KYI_REGION_WHY_BYTES]; /* a sentence, when not visible */
	char path[KYI_REGION_PATH_BYTES]; /* "" when not visible */
	uint8_t instance_id[16];
	uint32_t slot_max, window_bytes;
	uint64_t slots_off, dir_off, str_off, shared_off, res_off; /* block heads */
	uint64_t dir_len, str_len, shared_len, res_len;
	uint64_t dir_used, str_used, shared_used, res_used; /* used_bytes */
	uint64_t windows_off; /* slot 0's window */
	uint64_t file_used;   /* where the next block goes */
	uint32_t block_cnt;
	/* Bytes of a memory cgroup: what this region may take (UINT64_MAX: there
	   is no limit), has taken, and may take before it looks again. */
	uint64_t memory_max, memory_taken, memory_granted;
	int fd; /* while it is made; else -1 */
};

/* kyi_region_create makes a whole region with its fixed blocks (SLOTS, DIR,
   STR, SHARED with its sinks, RES, WINDOWS; the first page of each is there,
   slot 0's first window page too) and gives it its name, complete. Returns 0.
   When there is no place for a file it makes the same in private memory, says
   why in region->why, and returns 0 with visible false. -1: not even memory.

   The file is locked (flock) from before it has a name until it is unmapped:
   by kyi_region_forget, exec, or the end of the process, however that comes.
   A forked child does not have the mapping: region->base is no address there,
   and the child creates its own. */
int kyi_region_create(struct kyi_region *region,
    const struct kyi_region_options *options);

/* kyi_region_populate makes the pages of [off, off + len_bytes) of the file
   writable and there. False: full, or beyond the end (nothing was lost but the
   wish). Never a signal. */
bool kyi_region_populate(struct kyi_region *region, uint64_t off,
    uint64_t len_bytes);

/* kyi_region_afford takes len_bytes from what this process may use of its
   memory cgroup: a region, and what goes with it in private memory, get a
   sixteenth of what was left when it was made, and leave an eighth of the limit
   free. The kernel ends a process beyond its limit, and does not say no. */
bool kyi_region_afford(struct kyi_region *region, uint64_t len_bytes);

/* kyi_region_block adds a block (HIST, RING, SPANS) of len_bytes, head
   included, rounded up to pages; populated, zero but for the head, ready, of
   used_bytes (from 64 to len_bytes). Returns its file offset; 0: full. Where
   zeros mean something else than nothing (RING): used_bytes 64 (the head), fill
   the body, then kyi_region_used. */
uint64_t kyi_region_block(struct kyi_region *region, uint32_t type,
    uint32_t owner_slot, uint32_t tag, uint64_t len_bytes, uint64_t used_bytes);
void kyi_region_used(struct kyi_region *region, uint64_t block_off,
    uint64_t used_bytes);

/* kyi_region_append finds len_bytes (a multiple of 8) at the end of DIR, STR,
   SHARED or RES, named by its offset and length in *region, and populates
   them. Returns the file offset, 0: full. The caller fills it and then calls
   kyi_region_appended, which publishes it. Without that the next append gives
   the same bytes again. A record is appended after what it refers to. */
uint64_t kyi_region_append(struct kyi_region *region, uint64_t block_off,
    uint64_t block_len, uint64_t len_bytes);
void kyi_region_appended(struct kyi_region *region, uint64_t block_off,
    uint64_t end_off);

static inline struct kyi_control *
kyi_region_control(const struct kyi_region *region)
{
	return (struct kyi_control *)(void *)(region->base + KYI_CONTROL_OFF);
}

static inline void *
kyi_region_at(const struct kyi_region *region, uint64_t off)
{
	return region->base + off;
}

/* kyi_region_forget unmaps it, which gives the lock back; the file stays. For
   tests and failed starts; not in a forked child, where the addresses may be
   somebody else's. */
void kyi_region_forget(struct kyi_region *region);

#endif
