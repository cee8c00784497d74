/* SPDX-License-Identifier: MIT */
/* What the pieces of the database share. Private to reader/history/store*.c.

	store.c          what history.c calls; what is due
	store_db.c       one connection: tables, statements
	store_open.c     the file: locked, checked, set aside
	store_labels.c   labels to ids, and back
	store_copy.c     a feed as it is, and stretches of it
	store_frame.c    a stretch as a frame; store_blocks.c its rows
	store_write.c    what is new into the journal, the journal into frames
	store_tier.c     finer frames into coarser ones; store_merge.c their series
	store_change.c   other options, another file
	store_clock.c    is the clock to be believed
	store_keep.c     how long what is kept, and what has to go
	store_restore.c  the last minutes back into memory
	store_read*.c    what a select wants that memory has not

   A frame is a stretch of a feed's appends: its times, where its blocks begin
   (ids), and the blocks (frame.h), rows of their own. Rows of the journal are
   frames, too, of ten seconds, in tier 0; a frame takes their place as soon as
   it is in the database. Tier n + 1 of the tables is tiers[n] of the options.

   Who may do what: the writing connection and all that says "of who steps" is
   used with work held; a select has a connection of its own, and holds file,
   shared, for as long as it uses it; whoever closes the file holds it alone. */
#ifndef KYI_HISTORY_STORE_DB_H
#define KYI_HISTORY_STORE_DB_H

#include <sqlite3.h>

#include "reader/history/frame.h"
#include "reader/history/select.h"
#include "reader/history/store.h"
#include "reader/history/varint.h"

#define KYI_TIER_JOURNAL 0
#define KYI_TIER_FIRST 1
/* The id of a block is its frame's, and which one it is. */
#define KYI_BLOCK_SHIFT 20
#define KYI_BATCH_SERIES 256u
#define KYI_STORE_VERSION 1

enum kyi_sql {
	KYI_SQL_BEGIN, KYI_SQL_BEGIN_WRITE, KYI_SQL_COMMIT, KYI_SQL_ROLLBACK,
	KYI_SQL_META_GET, KYI_SQL_META_PUT,
	KYI_SQL_FEEDS, KYI_SQL_FEED_ADD, KYI_SQL_FEED_SEGMENT,
	KYI_SQL_LABELS_ADD, KYI_SQL_USE_PUT, KYI_SQL_USES, KYI_SQL_LABELS_IN,
	KYI_SQL_FRAME_ADD, KYI_SQL_BLOCK_ADD, KYI_SQL_FRAME_DROP,
	KYI_SQL_BLOCKS_DROP, KYI_SQL_FRAMES_IN, KYI_SQL_FRAME_GET,
	KYI_SQL_BLOCK_GET, KYI_SQL_NEWEST, KYI_SQL_NEWEST_IN,
	KYI_SQL_LAST_FRAME, KYI_SQL_COUNT,
	KYI_SQL_OLDEST, KYI_SQL_FRAMES_AFTER, KYI_SQL_CLASSES, KYI_SQL_COARSER,
	KYI_SQL_COARSER_PUT, KYI_SQL_TIER_BYTES, KYI_SQL_FIRST_MS,
	KYI_SQL_LABELS_DROP, KYI_SQL_USES_DROP,
	KYI_SQL_CNT
};

struct kyi_db {
	sqlite3 *sqlite; /* NULL: not open */
	sqlite3_stmt *sql[KYI_SQL_CNT];
	struct kyi_frame_reader *frames;
	struct kyi_db *next;
};

/* ---- store_db.c -------------------------------------------------------------- */

/* Returns SQLite's code. */
int kyi_db_open(struct kyi_db *db, const char *path, bool writes);
void kyi_db_close(struct kyi_db *db);
/* The statement, with nothing bound. NULL: it could not be made; binding to it
   does nothing, and a step says why. */
sqlite3_stmt *kyi_db_sql(struct kyi_db *db, enum kyi_sql which);
/* Steps it: SQLITE_ROW, SQLITE_DONE, or what went wrong. */
KYMO_MUST_CHECK int kyi_db_step(struct kyi_db *db, sqlite3_stmt *statement);
/* Of one that gives no row: steps it, and resets it. 0, or SQLite's code. */
KYMO_MUST_CHECK int kyi_db_run(struct kyi_db *db, sqlite3_stmt *statement);
/* Begins a transaction, by one of the statements that do. */
KYMO_MUST_CHECK int kyi_db_begin(struct kyi_db *db, enum kyi_sql sql);
/* Nothing where there is none. */
int64_t kyi_db_meta(struct kyi_db *db, const char *key, int64_t nothing);
KYMO_MUST_CHECK int kyi_db_meta_put(struct kyi_db *db, const char *key,
    int64_t value);
/* Its pages, or its tables, make no sense. */
bool kyi_db_is_damage(int code);
KYMO_MUST_CHECK int kyi_db_pragma(struct kyi_db *db, const char *sql,
    int64_t *value);

/* A frame's row. cut_ms: of it is shown what is before. */
struct kyi_frame_row {
	int64_t id, from_ms, to_ms, cut_ms;
	uint32_t segment, cnt;
	int64_t class, bytes;
};

/* ---- one stretch -------------------------------------------------------------- */

/* A feed, as it is at one time: appends from on, below end. */
struct kyi_feed_copy {
	struct kymo_feed *feed;
	uint32_t segment; /* of the last of them */
	uint64_t from, end;
	uint64_t limit; /* those below it may be written */
	int64_t *at_ms; /* of from on */
	struct kyi_series **series; /* by id */
	uint32_t series_cnt, series_room, time_room;
};

/* Appends that become one frame: at most one a step of the tier. */
struct kyi_stretch {
	uint64_t from, end;
	uint32_t segment, cnt;
	bool dense; /* all of them */
	bool cut;   /* it cannot become longer */
	uint32_t at[KYI_FRAME_SAMPLES_MAX]; /* from copy->from on */
	int64_t at_ms[KYI_FRAME_SAMPLES_MAX];
};

/* ---- all of it ------------------------------------------------------------------ */

/* Labels of up to KYI_BATCH_SERIES series: a row. */
struct kyi_batch {
	int64_t id;
	int64_t from_ms, until_ms; /* as the database has it */
};

struct kyi_store_feed {
	int64_t row;
	struct kymo_feed *feed;
	int64_t newest_ms; /* in the database; INT64_MIN: none */
	bool begun_here;   /* nothing is in it that was not in our memory */
};

struct kyi_store {
	struct kymo_history *history;
	char *path;
	int lock_fd;
	bool off; /* memory alone; changes with work and lock held */
	pthread_mutex_t work;
	pthread_rwlock_t file;
	pthread_mutex_t lock; /* of the next ones */
	struct kyi_db *spare;
	uint32_t spare_cnt;
	struct kyi_store_feed *feeds;
	uint32_t feed_cnt, feed_room;
	uint64_t error_cnt, journal_cnt, frame_cnt, lost_ms;
	uint64_t file_number; /* one more: rows are another file's */
	bool storing;
	/* A select found that the file is damaged. */
	uint32_t suspect;
	/* Of who steps. */
	struct kyi_db db;
	bool open_before, said;
	uint64_t due_ns, retry_ns;
	int64_t next_frame;
	uint64_t tier_bytes[KYMO_TIER_MAX + 1]; /* of frames */
	/* The time of samples, and whether it went as the machine's clock goes:
	   what is too old is not dropped by a clock that is wrong. */
	int64_t now_ms, before_ms;
	uint64_t before_ns, steady_ns, expire_ns;
	int64_t steady_wait_ms; /* so long it is to go on */
	/* The latest time that was believed; as the database has it. */
	int64_t believed_ms, noted_ms;
	bool steady, came; /* came: samples, at the last journal */
	uint32_t journal_added;
	uint64_t added; /* bytes, in this transaction */
	bool frames_due;
	uint64_t next_series, known_series; /* known: at the last commit */
	struct kyi_frame_writer *journal_writer, *frame_writer;
	struct kymo_buffer bytes, directory, code, raw;
	struct kyi_feed_copy copy;
	struct kyi_stretch stretch;
	double *column;
	struct kyi_series **fresh; /* with an id since the last commit */
	uint32_t fresh_cnt, fresh_room;
	struct kyi_kept *kept; /* as in the options */
	uint32_t kept_cnt, class_cnt;
	int64_t *classes; /* the first is 0; they stay while it is open */
	struct kyi_batch *batches; /* by id */
	uint32_t batch_cnt, batch_room;
};

/* Says text to whoever wants to know. */
void kyi_store_warn(struct kyi_store *store, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* A write failed with SQLite's code: said once until one succeeds. */
void kyi_store_failed(struct kyi_store *store, int code);
/* path NULL: memory alone. NULL: no memory. */
struct kyi_store *kyi_store_make(struct kymo_history *history,
    const char *path);
void kyi_store_free(struct kyi_store *store);

/* ---- store_open.c ----------------------------------------------------------------- */

/* -1: there is no hope (another process has it, written by a newer version).
   Otherwise 0, also where it could not be opened now: store->db says. */
KYMO_MUST_CHECK int kyi_store_open(struct kyi_store *store,
    struct kymo_error *error);
/* Opens it, but looks at nothing that is in it. -1: error says why not. */
KYMO_MUST_CHECK int kyi_store_try(struct kyi_store *store,
    struct kymo_error *error);
/* With the file held alone: takes what is in it. SQLite's code. */
KYMO_MUST_CHECK int kyi_store_load(struct kyi_store *store);
/* Memory has what the file has no more. */
void kyi_store_forget(struct kyi_store *store);
/* Closes it; clean: all is in it. */
void kyi_store_close(struct kyi_store *store, bool clean);
/* Milliseconds since 1970. */
int64_t kyi_store_wall_ms(void);
/* Another process may have it. */
void kyi_store_unlock(struct kyi_store *store);
/* Moves a damaged one away and begins a new one. */
void kyi_store_set_aside(struct kyi_store *store);

/* ---- store_clock.c ------------------------------------------------------------------ */

/* After the feeds were noted. */
void kyi_clock_load(struct kyi_store *store);
/* After a journal: is it steady? */
void kyi_clock_look(struct kyi_store *store, uint64_t now_ns);
/* SQLite's code. */
KYMO_MUST_CHECK int kyi_clock_note(struct kyi_store *store);

/* ---- store_labels.c ---------------------------------------------------------------- */

/* Ids for those that have none but have samples from append from on, below
   end. Returns SQLite's code. */
KYMO_MUST_CHECK int kyi_labels_give(struct kyi_store *store,
    struct kyi_feed_copy *copy, int64_t row);
/* They are in use from from_ms up to to_ms. */
KYMO_MUST_CHECK int kyi_labels_use(struct kyi_store *store,
    const struct kyi_feed_copy *copy, int64_t from_ms, int64_t to_ms);
KYMO_MUST_CHECK int kyi_labels_load(struct kyi_store *store);
/* The transaction is over. */
void kyi_labels_end(struct kyi_store *store, bool committed);

/* Walks one batch. labels stay until the next, text until batch_end. */
struct kyi_batch_walk {
	char *raw;
	const uint8_t *at, *end;
	uint64_t id;
	uint32_t room;
	struct kymo_label *label;
	struct kymo_labels labels;
};

KYMO_MUST_CHECK int kyi_batch_begin(struct kyi_batch_walk *walk,
    const void *bytes, size_t len_bytes);
bool kyi_batch_next(struct kyi_batch_walk *walk);
void kyi_batch_end(struct kyi_batch_walk *walk);

/* ---- store_copy.c ------------------------------------------------------------------ */

/* store->copy becomes this feed, from this append on, or where memory begins.
   Its series stay as long as the caller is in an epoch. SQLite's code. */
KYMO_MUST_CHECK int kyi_copy_take(struct kyi_store *store,
    struct kymo_feed *feed, uint64_t from);
void kyi_copy_sort(struct kyi_feed_copy *copy);
/* store->stretch becomes what of the copy is one frame: from this append on, up
   to span_ms of them, of one segment, without a gap of more than that. before_ms
   is the time of the one before. False: none. */
bool kyi_stretch_take(struct kyi_store *store, uint64_t from,
    int64_t before_ms, uint64_t span_ms);

/* ---- store_blocks.c ---------------------------------------------------------------- */

/* Within a transaction: begin, series by ascending id, end. */
struct kyi_writing {
	struct kyi_store *store;
	struct kyi_frame_writer *writer;
	int tier;
	uint32_t sample_cnt, block_series, series_cnt, block_cnt;
	uint64_t id_before, bytes;
	bool written; /* a frame of no series is none */
};

void kyi_writing_begin(struct kyi_writing *w, struct kyi_store *store,
    int tier, uint32_t series_cnt, uint32_t sample_cnt);
KYMO_MUST_CHECK int kyi_writing_floats(struct kyi_writing *w, uint64_t id,
    enum kyi_frame_parts parts, const double *const value[5]);
/* store->code. */
KYMO_MUST_CHECK int kyi_writing_hists(struct kyi_writing *w, uint64_t id);
/* Of row: segment and class. */
KYMO_MUST_CHECK int kyi_writing_end(struct kyi_writing *w,
    const struct kyi_frame_row *row, int64_t feed_row, const int64_t *at_ms);

/* ---- store_keep.c ------------------------------------------------------------------- */

/* An override. class: how the database names it, never 0. */
struct kyi_kept {
	struct kymo_regex *regex;
	uint64_t keep_ms[KYMO_TIER_MAX];
	int64_t class;
};

KYMO_MUST_CHECK int kyi_kept_make(struct kyi_store *store,
    const struct kymo_history_options *options, struct kymo_error *error);
void kyi_kept_free(struct kyi_store *store);
/* 1 + the override of the series, 0: none. */
uint32_t kyi_kept_of(struct kyi_store *store, struct kyi_series *series);
/* In any tier. */
bool kyi_kept_at_all(const struct kyi_store *store, uint32_t kept);
/* Of a class, in this tier of the tables; UINT64_MAX: for ever. */
uint64_t kyi_keep_ms(const struct kyi_store *store, int64_t class, int tier);

/* All classes that frames may have. */
KYMO_MUST_CHECK int kyi_classes_load(struct kyi_store *store);

/* What is too old, or too much. *wrote: something went, or must be made coarser
   before it goes (which is done, too). SQLite's code. */
KYMO_MUST_CHECK int kyi_store_expire(struct kyi_store *store, bool *wrote);

/* ---- store_tier.c ------------------------------------------------------------------- */

/* Of this class, what is in this tier goes into the next one. */
bool kyi_coarser_wanted(const struct kyi_store *store, int64_t class, int tier);
/* The last frame of the tier before that is in this one; 0: none. */
KYMO_MUST_CHECK int kyi_coarser_done(struct kyi_db *db, int64_t feed_row,
    int tier, int64_t *id);

/* One coarser frame, if one is due; of a feed (row 0: any), to this tier (0:
   any): even a short one. *wrote: it did. SQLite's code. */
KYMO_MUST_CHECK int kyi_store_coarser(struct kyi_store *store,
    int64_t feed_row, int tier, bool *wrote);

/* ---- store_frame.c ----------------------------------------------------------------- */

/* store->stretch of store->copy, series of this override (0: of none). wrote:
   there was something. SQLite's code. */
KYMO_MUST_CHECK int kyi_frame_write(struct kyi_store *store, int tier,
    uint32_t kept, bool *wrote);

/* ---- store_write.c ----------------------------------------------------------------- */

/* All that is new, of all feeds, in one transaction. SQLite's code. */
KYMO_MUST_CHECK int kyi_store_journal(struct kyi_store *store);
/* One frame of one feed, if there is one: a whole one, or of what the clock has
   left behind already, or even of what came just now. *wrote: it did. */
enum kyi_frame_which { KYI_FRAME_WHOLE, KYI_FRAME_OLD, KYI_FRAME_ALL };
KYMO_MUST_CHECK int kyi_store_frame(struct kyi_store *store,
    enum kyi_frame_which which, bool *wrote);
/* Ends the transaction: commits where code is SQLITE_OK. SQLite's code. */
KYMO_MUST_CHECK int kyi_store_end(struct kyi_store *store, int code);
/* So many frames of the tier more, or less. */
void kyi_store_counted(struct kyi_store *store, int tier, int64_t cnt,
    int64_t bytes);
KYMO_MUST_CHECK int kyi_frame_drop(struct kyi_db *db, int64_t id);
/* The feed has a row, and samples up to newest_ms. begun, of a feed that has not
   been noted before: the database has nothing of before this process. */
KYMO_MUST_CHECK int kyi_store_feed_note(struct kyi_store *store,
    struct kymo_feed *feed, int64_t newest_ms, bool begun);

/* ---- store_restore.c ----------------------------------------------------------------- */

KYMO_MUST_CHECK int kyi_store_restore(struct kyi_store *store);

struct kyi_frames {
	int64_t feed_row;
	int tier;
	int64_t class;
};

/* Frames of these with samples after from_ms, up to and with to_ms; adds them
   to *rows (free() it). SQLite's code. */
KYMO_MUST_CHECK int kyi_frames_in(struct kyi_db *db,
    const struct kyi_frames *which, int64_t from_ms, int64_t to_ms,
    struct kyi_frame_row **rows, uint32_t *cnt);
/* Some, of all classes, that were written after this one. */
KYMO_MUST_CHECK int kyi_frames_after(struct kyi_db *db, int64_t feed_row,
    int tier, int64_t id, struct kyi_frame_row **rows, uint32_t *cnt);
/* The one that ends first. */
KYMO_MUST_CHECK int kyi_frame_oldest(struct kyi_db *db,
    const struct kyi_frames *which, struct kyi_frame_row **rows,
    uint32_t *cnt);
/* Its times, and where its blocks begin, which are in *first (free() it). */
KYMO_MUST_CHECK int kyi_frame_row_read(struct kyi_db *db,
    const struct kyi_frame_row *row, int64_t *at_ms, uint64_t **first,
    uint32_t *block_cnt);
/* Opens block i in db->frames. 0, SQLite's code, or SQLITE_EMPTY: it is not
   there, or not whole. */
KYMO_MUST_CHECK int kyi_block_open(struct kyi_db *db,
    const struct kyi_frame_row *row, uint32_t i);

#endif
