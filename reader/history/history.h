/* SPDX-License-Identifier: MIT */
/* History: what was seen, kept.

   Recent samples are in memory, in columns that share one column of times. What
   is older is in a database (SQLite), in frames: blocks of series, compressed.
   They are in tiers of coarser and coarser steps: of what comes more often than
   the first tier's step a sample a step is kept, more than that in memory alone.
   A coarser tier has of each step the last sample, at the step's end, and the
   smallest, the largest, their sum and count (kymo_select.part). What is asked
   for comes from the finest tier that still has it.

   Samples come in by feeds. A feed is a set of series that are sampled
   together: a scan is one, so is a group of rules. Who is in a feed's append
   has a sample at that time; who was there before and is not any more gets a
   stale marker, and costs nothing from then on.

   A scan's series are called as on its page: NAME_total{..}, NAME_info{..}, a
   histogram as NAME_bucket{le}, NAME_sum and NAME_count, and also, as a native
   histogram, as NAME itself. Values are in the unit, not as recorded.

   Times never go back. An append whose time is not after the one before, by at
   most ten seconds, is left out (kymo_history_stats.late_cnt). By more: the
   clock was set back, and a new segment begins, which hides all that earlier
   ones have.

   Threads  Each feed is appended to by one thread at a time, feeds by any
            number of threads, one after another (a lock). kymo_history_step:
            any one thread, also another. The source: any thread, while all of
            this goes on; it never waits for the disk unless it asks for what
            is no longer in memory. */
#ifndef KYMO_READER_HISTORY_H
#define KYMO_READER_HISTORY_H

#include "reader/history/samples.h"

#ifdef __cplusplus
extern "C" {
#endif

#define KYMO_TIER_MAX 3

struct kymo_history_tier {
	uint64_t step_ms;    /* one sample a step and series; 0: no such tier,
	                        nor one after it */
	uint64_t keep_ms;    /* 0: for ever */
	uint64_t keep_bytes; /* of frames; the oldest go first; 0: no cap */
};

/* Series whose metric's name matches (a regular expression, anchored): of
   several the first. */
struct kymo_history_override {
	const char *name;
	uint64_t keep_ms[KYMO_TIER_MAX]; /* of each tier; 0: not in it at all */
};

struct kymo_history_options {
	/* The database, in a folder that is there; NULL: memory alone. */
	const char *path;
	/* It is read as it is now, and stays as it is, also while another
	   process writes it; what is appended stays in memory. */
	bool read_only;
	uint64_t head_ms;     /* kept in memory; 0: 15 minutes */
	uint64_t journal_ms;  /* what a power cut may cost; 0: 10 s */
	uint64_t frame_ms;    /* of the first tier; 0: 512 s; under head_ms */
	uint32_t series_max;  /* in memory; 0: 500,000. Beyond: refused_cnt */
	uint32_t block_series; /* that share a block; 0: 64 */
	bool no_classic, no_native; /* the one or other form of histograms */
	/* By ascending steps. All zero: 1 s for 48 h, 15 s for 14 days, 5 min
	   for 400 days. */
	struct kymo_history_tier tiers[KYMO_TIER_MAX];
	const struct kymo_history_override *overrides;
	uint32_t override_cnt;
	/* Told what went wrong that stops nothing, and what was lost. */
	void (*warn)(void *to, const char *text);
	void *to;
};

struct kymo_history;

/* kymo_history_new opens or makes the database and reads the last minutes back
   into memory. A damaged one is set aside as PATH.corrupt-SECONDS, said by
   warn, and a new one begun; one that cannot be written (a full disk, no
   rights) is said by warn, and history goes on in memory and tries again.
   NULL: no memory, another process has it, a newer kymod wrote it, or options
   make no sense. */
KYMO_READER_API struct kymo_history *kymo_history_new(
    const struct kymo_history_options *options, struct kymo_error *error);
/* A change of path, head_ms, journal_ms, frame_ms, series_max, tiers and
   overrides; the rest stays, whatever options say. new opens another path; NULL:
   error says why not (damaged, too), and all is as it was. end with taken makes
   it so, else nothing: it writes to the file there is, closes it, and goes on
   in the other, with what is in memory; it waits for the disk, and for a step.
   One change at a time; any thread. */
struct kymo_history_change;
KYMO_READER_API struct kymo_history_change *kymo_history_change_new(
    struct kymo_history *history, const struct kymo_history_options *options,
    struct kymo_error *error);
KYMO_READER_API void kymo_history_change_end(
    struct kymo_history_change *change, bool taken);
/* Writes what is not yet written, to the journal. No source may be in use. */
KYMO_READER_API void kymo_history_delete(struct kymo_history *history);

/* ---- samples come in -------------------------------------------------------- */

/* A scan, at scan->at_ns. -1: no memory; some of its series have a gap then. */
KYMO_READER_API KYMO_MUST_CHECK int kymo_history_append(
    struct kymo_history *history, const struct kymo_scan *scan);

struct kymo_history_row {
	/* Kept only during the call. */
	const struct kymo_labels *labels;
	double value;
	const struct kymo_native_hist *hist; /* NULL: value */
	/* NULL: none. Else memory for this series alone, 0 at first: found by
	   what is in it, a row's labels are not looked at. */
	uint64_t *ref;
};

struct kymo_feed;

/* kymo_history_feed returns the feed of this name ("rules/GROUP"), the same for
   the same name, also after a restart. NULL: no memory. It lives as long as
   the history. */
KYMO_READER_API struct kymo_feed *kymo_history_feed(
    struct kymo_history *history, const char *name);
/* All series of the feed at this time. Of two rows with equal labels the first
   stays; a row whose series another feed has just now is left out: both count
   in twice_cnt. */
KYMO_READER_API KYMO_MUST_CHECK int kymo_feed_append(struct kymo_feed *feed,
    int64_t at_ms, const struct kymo_history_row *rows, uint32_t cnt);
/* Does no more: all its series get a stale marker at this time. */
KYMO_READER_API KYMO_MUST_CHECK int kymo_feed_end(struct kymo_feed *feed,
    int64_t at_ms);

/* ---- work that can wait ------------------------------------------------------- */

/* kymo_history_step does one piece of what is due: writes the journal, merges
   it into frames, makes coarser tiers, drops what is too old (by the time of
   samples, when it has gone as now_mono_ns did for ten minutes). It waits for
   the disk, and a piece of very many series takes seconds: it wants a thread of
   its own. Returns true while there is more to do now. Errors are said by warn
   and tried again. */
KYMO_READER_API bool kymo_history_step(struct kymo_history *history,
    uint64_t now_mono_ns);
KYMO_READER_API uint64_t kymo_history_next_ns(
    const struct kymo_history *history);
/* Writes all that is in memory, as frames, gives free pages back, and
   checkpoints. */
KYMO_READER_API KYMO_MUST_CHECK int kymo_history_flush(
    struct kymo_history *history, struct kymo_error *error);

/* ---- what was kept -------------------------------------------------------------- */

/* Lives as long as the history. */
KYMO_READER_API const struct kymo_source *kymo_history_source(
    struct kymo_history *history);

struct kymo_history_stats {
	uint32_t series_cnt;     /* in memory */
	uint64_t sample_cnt;     /* appended since the start */
	uint64_t memory_bytes;   /* of columns, about */
	int64_t oldest_ms, newest_ms; /* in memory; 0: none */
	uint64_t late_cnt, refused_cnt, twice_cnt;
	uint32_t segment;
	/* The database; 0 without. */
	uint64_t stored_bytes, journal_cnt, frame_cnt, error_cnt;
	uint64_t lost_ms;        /* by the crash before this start, at most */
	bool storing;            /* false: it cannot be written now */
};
KYMO_READER_API void kymo_history_stats(struct kymo_history *history,
    struct kymo_history_stats *stats);

struct kymo_history_family {
	const char *name, *type, *help, *unit; /* as in HELP and TYPE */
};
/* What the last scan said of its families. The array stays until free_. */
struct kymo_history_families {
	const struct kymo_history_family *at;
	uint32_t cnt;
	void *private_;
};
KYMO_READER_API KYMO_MUST_CHECK int kymo_history_families(
    struct kymo_history *history, struct kymo_history_families *families);
KYMO_READER_API void kymo_history_families_free(
    struct kymo_history_families *families);

#ifdef __cplusplus
}
#endif

#endif
