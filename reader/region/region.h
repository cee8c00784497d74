/* SPDX-License-Identifier: MIT */
/* Regions, from beside: find them, copy them, trust nothing in them.

   A region is opened once and scanned often. A scan copies the file's live
   bytes by pread (never a mapping: a truncated file would be a signal), then
   parses the private copy only. What it finds is kept in plain structures
   until the next scan or close. Every string here is valid UTF-8, bounded by
   the limits of the format, without NUL; names match the metric grammar.

   Threads  one thread at a time for a region or a watch; different ones are
            independent.
   Errors   functions that can fail return 0 or -1 and fill *error. */
#ifndef KYMO_READER_REGION_H
#define KYMO_READER_REGION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reader/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Numbers as in the region (docs/region-format.md). */
enum kymo_metric_kind {
	KYMO_METRIC_COUNTER = 1,
	KYMO_METRIC_UPDOWN = 2,
	KYMO_METRIC_FLOAT_COUNTER = 3,
	KYMO_METRIC_GAUGE = 4,
	KYMO_METRIC_FLOAT_GAUGE = 5,
	KYMO_METRIC_MAX = 6,
	KYMO_METRIC_MIN = 7,
	KYMO_METRIC_HISTOGRAM = 8,
	KYMO_METRIC_SUMMARY = 9,
	KYMO_METRIC_INFO = 10,
	KYMO_METRIC_TEXT = 11,
	KYMO_METRIC_STATE_SET = 12,
	KYMO_METRIC_HEALTH = 13
};

enum kymo_metric_agg {
	KYMO_METRIC_LAST = 0,
	KYMO_METRIC_SUM = 1,
	KYMO_METRIC_MAX_OF = 2,
	KYMO_METRIC_MIN_OF = 3,
	KYMO_METRIC_EACH = 4
};

/* A histogram's cells, summed over threads. Bucket i of buckets holds values
   in (2^((lo_idx+i)/2^scale), 2^((lo_idx+i+1)/2^scale)], in recorded units;
   under holds what is smaller (but not zero), over what is larger. The count
   is the sum of all of them. */
struct kymo_hist {
	uint32_t scale;
	int32_t lo_idx;
	uint32_t bucket_cnt;
	uint64_t zero, under, over;
	uint64_t sum; /* recorded units; wraps as counters do */
	uint64_t *buckets;
};

enum kymo_condition {
	KYMO_IS_UNKNOWN = 0,
	KYMO_IS_OK = 1,
	KYMO_IS_STARTING = 2,
	KYMO_IS_DEGRADED = 3,
	KYMO_IS_FAILING = 4
};

/* What of the union is set follows from the family's kind:
   u COUNTER; i UPDOWN, GAUGE; f FLOAT_COUNTER, FLOAT_GAUGE, MAX, MIN;
   hist HISTOGRAM, SUMMARY; bits STATE_SET; text TEXT; health HEALTH;
   INFO: nothing. present is false where the program gave no value (a gauge
   never set, a peak of long ago). */
struct kymo_metric_value {
	bool present;
	union {
		uint64_t u, bits;
		int64_t i;
		double f;
		struct kymo_hist hist;
		const char *text;
		struct {
			enum kymo_condition state; /* expired ones are UNKNOWN */
			const char *reason;
			uint64_t since_ns; /* realtime */
		} health;
	} is;
};

struct kymo_region_family {
	uint32_t id;
	enum kymo_metric_kind kind;
	enum kymo_metric_agg agg;
	const char *name, *help, *unit, *component; /* "" where none */
	const char *const *label_keys;
	uint32_t label_cnt;
	const char *const *states; /* STATE_SET */
	uint32_t state_cnt;
	int exponent; /* unit = recorded integer * 10^exponent */
	uint32_t sample_n; /* one record in n is made, with weight n */
};

struct kymo_region_series {
	uint32_t id;
	uint32_t family_idx; /* into the region's families */
	bool overflow; /* stands for all further label sets of its family */
	const char *const *label_values; /* family's label_cnt of them */
	uint64_t born_ns; /* realtime */
	struct kymo_metric_value value;
};

struct kymo_region_losses {
	uint64_t full, cardinality, slots, ring, badcall;
	uint64_t unset, lost; /* amounts that went to the sinks of that name */
	uint64_t bad_records; /* records of this file that the checks refused */
};

enum kymo_liveness { KYMO_ALIVE = 1, KYMO_EXITED = 2, KYMO_KILLED = 3 };

/* Times are CLOCK_REALTIME in ns, made from the region's own clock pair. */
struct kymo_region_info {
	char service[64];
	char path[512];
	uint8_t instance_id[16];
	uint32_t pid, uid, parent_pid, fork_seq;
	enum kymo_liveness liveness;
	uint64_t started_ns;
	uint64_t died_ns;      /* exact for EXITED, else 0 where nobody saw it */
	uint64_t last_sign_ns; /* the latest time that anything in it names */
	uint64_t heartbeat_ns, heartbeat_cnt;
	uint64_t memory_bytes; /* pages of the file that are there */
	uint32_t thread_cnt, thread_high; /* slots owned; ever used */
	uint32_t series_cnt, family_cnt;
	bool may_absorb; /* false: has features we know only to read */
	struct kymo_region_losses losses;
	const char *const (*resource)[2]; /* key, value */
	uint32_t resource_cnt;
};

struct kymo_span_info {
	uint64_t trace_hi, trace_lo, span_id, parent_id;
	uint64_t start_ns;     /* realtime */
	uint64_t duration_ns;  /* 0 for an open one */
	const char *name, *component;
	uint32_t status;       /* 0 unset, 1 ok, 2 error */
	uint32_t slot, depth;  /* of an open one: 0 is outermost */
	bool open;
	const char *thread;    /* name of the slot's owner */
	uint32_t tid;
};

struct kymo_log_info {
	uint64_t at_ns; /* realtime */
	uint32_t severity; /* 1 debug .. 5 fatal */
	const char *component, *text; /* formatted, UTF-8, no control bytes */
	const char *thread;
	uint32_t tid;
};

struct kymo_exemplar_info {
	uint64_t at_ns;
	uint32_t series_idx;
	uint64_t value; /* recorded units */
	uint64_t trace_hi, trace_lo, span_id;
};

/* Whose files may be read. Root's and the directory owner's are always
   trusted; in a sticky directory each file counts under its own owner, and
   then those of uids are. trust NULL: only this user and root besides. */
struct kymo_trust {
	const uint32_t *uids;
	uint32_t uid_cnt;
	bool any_uid; /* read all (not advised) */
};

struct kymo_region;

/* kymo_region_open opens NAME in the directory dir_fd (O_NOFOLLOW, never
   blocks; regular file, one link, trusted owner, at most 128 MiB) and checks
   its header. dir_path is for messages and info.path. The handle keeps one
   file descriptor. */
KYMO_READER_API KYMO_MUST_CHECK int kymo_region_open(
    struct kymo_region **region, int dir_fd, const char *dir_path,
    const char *name, const struct kymo_trust *trust, struct kymo_error *error);

/* kymo_region_open_path: the same, for a path given by a person: any trust
   but regular file and one link. One of the other byte order is read too (the
   function above refuses it): as it is at that moment, of a dead process. */
KYMO_READER_API KYMO_MUST_CHECK int kymo_region_open_path(
    struct kymo_region **region, const char *path, struct kymo_error *error);

enum kymo_scan_parts {
	KYMO_SCAN_VALUES = 1, /* families, series, values, losses */
	KYMO_SCAN_EVENTS = 2, /* spans, logs, exemplars that are in the rings */
	KYMO_SCAN_EXEMPLARS = 4 /* of these only the exemplars: cheap */
};

/* kymo_region_scan takes a snapshot. now_mono_ns tells which peaks and health
   reports have expired (for a dead region: last_sign_ns is used). Liveness is
   determined first, so that a dead region's numbers are final. A file that
   was truncated or replaced, or whose header changed, is an error and stays
   one; without memory it is an error, too, and the file is to be opened anew.
   Bounded time and memory: at most the file's length. */
KYMO_READER_API KYMO_MUST_CHECK int kymo_region_scan(
    struct kymo_region *region, unsigned parts, struct kymo_error *error);

KYMO_READER_API const struct kymo_region_info *kymo_region_info(
    const struct kymo_region *region);
/* Arrays of the last scan. Families and series keep their index from scan to
   scan (both only grow). */
KYMO_READER_API const struct kymo_region_family *kymo_region_families(
    const struct kymo_region *region, uint32_t *family_cnt);
KYMO_READER_API const struct kymo_region_series *kymo_region_series(
    const struct kymo_region *region, uint32_t *series_cnt);
KYMO_READER_API const struct kymo_span_info *kymo_region_spans(
    const struct kymo_region *region, uint32_t *span_cnt); /* open ones first, then by end */
KYMO_READER_API const struct kymo_log_info *kymo_region_logs(
    const struct kymo_region *region, uint32_t *log_cnt); /* oldest first */
KYMO_READER_API const struct kymo_exemplar_info *kymo_region_exemplars(
    const struct kymo_region *region, uint32_t *exemplar_cnt);
KYMO_READER_API void kymo_region_close(struct kymo_region *region);

/* kymo_region_check reads all of a file and tells each fault: its offset and
   a sentence. Returns the number of faults, or -1 if it cannot be read at all
   (error). */
typedef void kymo_region_fault(void *to, uint64_t off, const char *text);
KYMO_READER_API int64_t kymo_region_check(const char *path,
    kymo_region_fault *fault, void *to, struct kymo_error *error);

/* What the kernel knows of a live process (/proc), at no cost to it. */
struct kymo_process_stats {
	uint64_t cpu_user_ns, cpu_system_ns; /* in steps of the kernel's tick */
	uint64_t resident_bytes, virtual_bytes;
	uint64_t fd_cnt, fd_max;
	uint64_t thread_cnt;
	uint64_t start_ns; /* realtime */
	uint64_t start_ticks; /* as /proc has it: with its number, who it is */
	/* Of the main thread: the kernel keeps no sum that outlives threads. */
	uint64_t switches_voluntary, switches_involuntary;
	uint64_t faults_major, faults_minor;
	bool has_fds; /* false: not permitted to look */
};
/* Only for a process that the region's identity still matches. */
KYMO_READER_API KYMO_MUST_CHECK int kymo_region_process(
    const struct kymo_region *region, struct kymo_process_stats *stats,
    struct kymo_error *error);

#ifdef __cplusplus
}
#endif

#endif
