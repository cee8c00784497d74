/* SPDX-License-Identifier: MIT */
/* What watch.c, watch_list.c and retire.c share. */
#ifndef KYI_WATCH_PRIVATE_H
#define KYI_WATCH_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>

#include "reader/region/private.h"
#include "reader/region/watch.h"
#include "shm/name.h"

#define KYI_WATCH_PATH_BYTES 384u
#define KYI_LOCK_NAME ".kymod.lock"
#define KYI_CRASH_NAME "crash"

/* A directory, there or not. */
struct kyi_watch_dir {
	char path[KYI_WATCH_PATH_BYTES];
	int fd, wd; /* -1: not there, not watched */
	uint64_t dev, ino;
	uint32_t parent1; /* index + 1 of what this is crash/ of */
	int lock_fd;      /* -1: not ours */
	char told[sizeof(((struct kymo_error *)0)->text)]; /* refused for */
};

/* A file that was seen; region NULL: refused. */
struct kyi_watch_entry {
	char name[KYI_FILE_NAME_BYTES];
	uint32_t dir_idx;
	struct kymo_region *region;
	uint64_t dev, ino, ctime_ns;
	bool not_now; /* refused for want of something of ours */
	uint32_t seen_gen;
	uint32_t idx, open_idx; /* in entries; in open, if it has a region */
	struct kyi_watch_entry *next; /* of the same hash */
};

struct kymo_watch {
	struct kymo_watch_options options;
	struct kymo_trust trust;
	uint32_t *trusted_uids;
	int fd;
	uint64_t deadline_ns;
	struct kyi_watch_dir *dirs;
	uint32_t dir_cnt;
	struct kyi_watch_entry **entries, **open;
	uint32_t entry_cnt, entry_room, open_cnt, open_room;
	struct kyi_watch_entry **buckets;
	uint32_t bucket_cnt;
	uint64_t hash_first; /* not to be guessed */
	uint32_t gen;
	bool told_full;
};

/* ---- watch_list.c ---------------------------------------------------- */

struct kyi_watch_entry *kyi_watch_find(const struct kymo_watch *watch,
    uint32_t dir_idx, const char *name);
/* kyi_watch_forget closes the entry's region, and the entry is gone. */
void kyi_watch_forget(struct kymo_watch *watch, struct kyi_watch_entry *entry);
/* kyi_watch_consider looks at a name of a directory: opens it if it is new, or
   if it was refused and has changed; again if it is another file now. ino 0:
   not known. */
void kyi_watch_consider(struct kymo_watch *watch, uint32_t dir_idx,
    const char *name, uint64_t ino);
void kyi_watch_tell(struct kymo_watch *watch, const char *path,
    const char *why);

/* ---- retire.c -------------------------------------------------------- */

/* Gives a directory's lock back, if it is ours. */
void kyi_watch_unlock(struct kyi_watch_dir *dir);

#endif
