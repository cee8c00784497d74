/* SPDX-License-Identifier: MIT */
/* Which regions there are: directories watched by inotify, and read again
   every few seconds in case something was missed. The directory is the index;
   there is no other.

   A file that cannot be read is kept in the list of refused ones, told once,
   and tried again when it changes. The others go on.

   Threads  one at a time. Never sleeps: step when poll says fd is readable,
   or when next_deadline has come. */
#ifndef KYMO_READER_WATCH_H
#define KYMO_READER_WATCH_H

#include "reader/region/region.h"

#ifdef __cplusplus
extern "C" {
#endif

struct kymo_watch;

struct kymo_watch_options {
	const char *const *dirs; /* none: the usual places */
	uint32_t dir_cnt;
	struct kymo_trust trust;
	uint64_t rescan_ns;      /* 0: 5 s */
	uint32_t region_max;     /* 0: 10,000; more are refused */
	bool with_crash;         /* also DIR/crash, where kymod keeps the dead */
	/* A directory or file was refused; again only after it changed. */
	void (*refused)(void *to, const char *path, const char *why);
	void *to;
};

/* kymo_watch_new never fails for a directory that is not there yet: it is
   watched for. NULL: no memory, or no inotify left (error). */
KYMO_READER_API struct kymo_watch *kymo_watch_new(
    const struct kymo_watch_options *options, struct kymo_error *error);
KYMO_READER_API void kymo_watch_delete(struct kymo_watch *watch);

KYMO_READER_API int kymo_watch_fd(const struct kymo_watch *watch);
KYMO_READER_API uint64_t kymo_watch_deadline_ns(const struct kymo_watch *watch);

/* kymo_watch_step takes what inotify tells, and reads the directories again
   if now_ns (CLOCK_MONOTONIC) has passed the deadline. */
KYMO_READER_API void kymo_watch_step(struct kymo_watch *watch, uint64_t now_ns);

/* The open regions now; a pointer is good until the step in which its file is
   gone, or until kymo_watch_drop. */
KYMO_READER_API uint32_t kymo_watch_cnt(const struct kymo_watch *watch);
KYMO_READER_API struct kymo_region *kymo_watch_at(const struct kymo_watch *watch,
    uint32_t idx);
/* The directories that are watched, whether they exist or not; NULL past the
   last. */
KYMO_READER_API const char *kymo_watch_dir(const struct kymo_watch *watch,
    uint32_t idx);
KYMO_READER_API uint32_t kymo_watch_refused_cnt(const struct kymo_watch *watch);

/* kymo_watch_drop forgets a region whose scan failed, as refused for why. */
KYMO_READER_API void kymo_watch_drop(struct kymo_watch *watch,
    struct kymo_region *region, const char *why);

/* The absorber of a directory: whoever holds DIR/.kymod.lock. Only it may
   retire the dead. 1 it is us (or became us), 0 somebody else, -1 cannot. */
KYMO_READER_API int kymo_watch_absorber(struct kymo_watch *watch,
    const struct kymo_region *region);

/* kymo_watch_retire takes a dead region away after it was absorbed: the newest
   keep_cnt of a service go to DIR/crash/ (their file time set to died_ns),
   older ones there and this one otherwise are unlinked. Only for the absorber.
   The region is closed. */
KYMO_READER_API KYMO_MUST_CHECK int kymo_watch_retire(struct kymo_watch *watch,
    struct kymo_region *region, uint32_t keep_cnt, uint64_t died_ns,
    struct kymo_error *error);

#ifdef __cplusplus
}
#endif

#endif
