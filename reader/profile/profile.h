/* SPDX-License-Identifier: MIT */
/* Profile: where processes spend their time, seen by a program made for that
   (perf), and kept as texts. What is run is a path and words, never a shell; what
   it says is hostile, for names in it are those of programs: it is bounded, and
   what is kept is printable ASCII. docs/profiles.md has it as its users see it.

   A process is looked at by its number, which another may get: one counts only
   if it was there, the same, before and after, by a descriptor of it. */
#ifndef KYMO_READER_PROFILE_H
#define KYMO_READER_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reader/buffer.h"
#include "reader/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- processes ------------------------------------------------------------------- */

#define KYMO_PROFILE_PROCESS_MAX 16u

struct kymo_profile_process {
	uint32_t pid;
	int fd; /* a pidfd; whoever opened it closes it */
};

/* kymo_profile_process_open: the process that has this number and began at
   start_ticks (kymo_process_stats; 0: whichever has it now). uid: whose word it is
   that it is this one: only a process of that user's counts, but for root's word
   and ours. -1: error says why not. */
KYMO_READER_API KYMO_MUST_CHECK int kymo_profile_process_open(
    struct kymo_profile_process *process, uint32_t pid, uint64_t start_ticks,
    uint32_t uid, struct kymo_error *error);

/* ---- taking one ------------------------------------------------------------------ */

enum kymo_profile_result {
	KYMO_PROFILE_TAKEN,
	KYMO_PROFILE_IDLE,          /* there was nothing to see: it slept */
	KYMO_PROFILE_GONE,          /* the process ended */
	KYMO_PROFILE_NOT_INSTALLED,
	KYMO_PROFILE_NOT_ALLOWED,
	KYMO_PROFILE_LATE,          /* it had to be ended */
	KYMO_PROFILE_LIMITED,       /* by whoever asks; not of taking one */
	KYMO_PROFILE_FAILED
};
/* "taken", "not_installed" ..: for labels. */
KYMO_READER_API const char *kymo_profile_result_name(
    enum kymo_profile_result result);

struct kymo_profile_options {
	const char *command; /* the absolute path of perf */
	uint32_t seconds;    /* 1 to 60 */
	uint32_t frequency;  /* samples a second, 1 to 999 */
	bool dwarf;          /* stacks by what debuggers know; else by frame pointers */
	uint64_t bytes_max;  /* of what it may write meanwhile */
	/* An absolute path, of a folder that is ours alone. */
	const char *folder;
	/* Asked some times a second; true: it is ended. NULL: never. */
	bool (*cancelled)(void *of);
	void *of;
};

/* Zeros before; kymo_profile_free after. */
struct kymo_profile {
	enum kymo_profile_result result;
	struct kymo_error why;      /* "": it was taken */
	uint64_t sample_cnt;
	uint64_t left_out_cnt;      /* samples of processes that were not certain */
	char hottest[256];          /* "43% burn (a.out), .."; a line */
	struct kymo_buffer report;  /* for people */
	struct kymo_buffer folded;  /* for flame graphs: "a;b;c 12" lines */
};

/* kymo_profile_take waits until it is taken, or not. Threads: any, each with a
   folder of its own; no other may wait for the caller's children (waitpid -1). */
KYMO_READER_API void kymo_profile_take(struct kymo_profile *profile,
    const struct kymo_profile_options *options,
    const struct kymo_profile_process *processes, uint32_t process_cnt);
KYMO_READER_API void kymo_profile_free(struct kymo_profile *profile);

/* ---- keeping them ------------------------------------------------------------------ */

#define KYMO_PROFILE_ID_BYTES 40u
#define KYMO_PROFILE_TEXT_BYTES_MAX ((size_t)4 << 20) /* of each of both texts */

struct kymo_profiles_store;

struct kymo_profile_kept {
	char id[KYMO_PROFILE_ID_BYTES]; /* digits, T, Z, - and a to f */
	uint64_t bytes;
};

/* kymo_profiles_store_open makes the folder (0700) where there is none, and
   refuses one that is not ours alone. It forgets the oldest beyond keep_max or
   bytes_max, now and when one is added. Threads: one at a time. */
KYMO_READER_API KYMO_MUST_CHECK int kymo_profiles_store_open(
    struct kymo_profiles_store **store, const char *folder, uint32_t keep_max,
    uint64_t bytes_max, struct kymo_error *error);
KYMO_READER_API void kymo_profiles_store_close(
    struct kymo_profiles_store *store);
KYMO_READER_API void kymo_profiles_store_bound(
    struct kymo_profiles_store *store, uint32_t keep_max, uint64_t bytes_max);
/* kymo_profiles_store_add: both texts or none; kept gets the id. at_ms since
   1970. */
KYMO_READER_API KYMO_MUST_CHECK int kymo_profiles_store_add(
    struct kymo_profiles_store *store, int64_t at_ms,
    const struct kymo_buffer *report, const struct kymo_buffer *folded,
    struct kymo_profile_kept *kept, struct kymo_error *error);
/* Those there are, the newest first; lives until the next add or bound. */
KYMO_READER_API const struct kymo_profile_kept *kymo_profiles_store_list(
    const struct kymo_profiles_store *store, uint32_t *cnt);
/* kymo_profiles_store_read appends a text; id need not be sound. -1: there is
   none. */
KYMO_READER_API KYMO_MUST_CHECK int kymo_profiles_store_read(
    const struct kymo_profiles_store *store, const char *id, bool folded,
    struct kymo_buffer *out);
/* kymo_profiles_store_title appends the first line of a report, 512 bytes of it
   at most, without its line feed. -1: there is none. */
KYMO_READER_API KYMO_MUST_CHECK int kymo_profiles_store_title(
    const struct kymo_profiles_store *store, const char *id,
    struct kymo_buffer *out);

#ifdef __cplusplus
}
#endif

#endif
