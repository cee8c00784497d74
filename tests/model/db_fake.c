/* SPDX-License-Identifier: MIT */
/* The history's database, for models: of one feed, how many of its appends are
   committed, a word that is stored and loaded without any order. What SQLite
   orders besides is not used. What is committed must be what was appended. */
#include <stdlib.h>

#include "reader/history/store_read.h"
#include "shm/atomic.h"
#include "tests/model/history.h"

static struct kyi_store *store;
static uint64_t committed, writing;
static uint32_t statement[KYI_SQL_CNT];
static __thread uint32_t is_stepped;

/* ---- what history.c calls --------------------------------------------------------- */

struct kyi_store *
kyi_store_new(struct kymo_history *of, struct kymo_error *error)
{
	(void)error;
	store = calloc(1, sizeof *store);
	if (store == NULL || (store->column = calloc(KYI_FRAME_SAMPLES_MAX,
	    sizeof *store->column)) == NULL)
		abort();
	store->history = of;
	pthread_mutex_init(&store->work, NULL);
	pthread_mutex_init(&store->lock, NULL);
	pthread_rwlock_init(&store->file, NULL);
	if (of->options.path != NULL)
		store->db.sqlite = (sqlite3 *)(void *)&committed;
	store->storing = true;
	of->store = store;
	return store;
}

void
kyi_store_delete(struct kyi_store *of)
{
	(void)of;
}

bool
kyi_store_step(struct kyi_store *of, uint64_t now_mono_ns)
{
	(void)of;
	(void)now_mono_ns;
	return false;
}

uint64_t
kyi_store_next_ns(const struct kyi_store *of)
{
	(void)of;
	return 0;
}

int
kyi_store_flush(struct kyi_store *of, struct kymo_error *error)
{
	bool more = true;

	(void)error;
	model_assert(kyi_store_journal(of) == SQLITE_OK,
	    "the database failed");
	while (more)
		model_assert(kyi_store_frame(of, KYI_FRAME_ALL, &more) ==
		    SQLITE_OK, "the database failed");
	return 0;
}

void
kyi_store_stats(struct kyi_store *of, struct kymo_history_stats *stats)
{
	(void)of;
	(void)stats;
}

/* ---- what store_write.c and store_frame.c call ------------------------------------- */

sqlite3_stmt *
kyi_db_sql(struct kyi_db *db, enum kyi_sql which)
{
	(void)db;
	return (sqlite3_stmt *)(void *)&statement[which];
}

static enum kyi_sql
which_of(const sqlite3_stmt *of)
{
	return (enum kyi_sql)((const uint32_t *)(const void *)of - statement);
}

int
kyi_db_run(struct kyi_db *db, sqlite3_stmt *of)
{
	(void)db;
	if (which_of(of) == KYI_SQL_BEGIN_WRITE)
		writing = kyi_load_u64_relaxed(&committed);
	if (which_of(of) == KYI_SQL_COMMIT && db == &store->db)
		kyi_store_u64_relaxed(&committed, writing);
	return SQLITE_OK;
}

int
kyi_db_begin(struct kyi_db *db, enum kyi_sql sql)
{
	return kyi_db_run(db, kyi_db_sql(db, sql));
}

int
sqlite3_bind_text(sqlite3_stmt *of, int at, const char *text, int bytes,
    void (*end)(void *))
{
	(void)of;
	(void)at;
	(void)text;
	(void)bytes;
	(void)end;
	return SQLITE_OK;
}

int
sqlite3_bind_int64(sqlite3_stmt *of, int at, sqlite3_int64 value)
{
	(void)of;
	(void)at;
	(void)value;
	return SQLITE_OK;
}

sqlite3_int64
sqlite3_last_insert_rowid(sqlite3 *db)
{
	(void)db;
	return 1;
}

/* Nobody gives up here. */
void
sqlite3_progress_handler(sqlite3 *db, int steps, int (*handler)(void *of),
    void *of)
{
	(void)db, (void)steps, (void)handler, (void)of;
}

int
sqlite3_get_autocommit(sqlite3 *db)
{
	(void)db;
	return 1;
}

int
kyi_labels_give(struct kyi_store *of, struct kyi_feed_copy *copy, int64_t row)
{
	uint32_t i;

	(void)of;
	(void)row;
	for (i = 0; i < copy->series_cnt; i++)
		copy->series[i]->id = strcmp(copy->series[i]->labels->at[0]
		    .value, "x") == 0 ? HISTORY_X : HISTORY_Y;
	return SQLITE_OK;
}

int
kyi_labels_use(struct kyi_store *of, const struct kyi_feed_copy *copy,
    int64_t from_ms, int64_t to_ms)
{
	(void)of;
	(void)copy;
	(void)from_ms;
	(void)to_ms;
	return SQLITE_OK;
}

void
kyi_labels_end(struct kyi_store *of, bool is_committed)
{
	(void)of;
	(void)is_committed;
}

uint32_t
kyi_kept_of(struct kyi_store *of, struct kyi_series *series)
{
	(void)of;
	(void)series;
	return 0;
}

bool
kyi_kept_at_all(const struct kyi_store *of, uint32_t kept)
{
	(void)of;
	(void)kept;
	return true;
}

int64_t
kyi_store_wall_ms(void)
{
	return 0;
}

int
kyi_frames_in(struct kyi_db *db, const struct kyi_frames *which,
    int64_t from_ms, int64_t to_ms, struct kyi_frame_row **rows, uint32_t *cnt)
{
	(void)db;
	(void)which;
	(void)from_ms;
	(void)to_ms;
	(void)rows;
	*cnt = 0;
	return SQLITE_OK;
}

void
kyi_writing_begin(struct kyi_writing *w, struct kyi_store *of, int tier,
    uint32_t series_cnt, uint32_t sample_cnt)
{
	memset(w, 0, sizeof *w);
	w->store = of;
	w->tier = tier;
	w->series_cnt = series_cnt;
	w->sample_cnt = sample_cnt;
}

/* Each sample is the model's own. */
int
kyi_writing_floats(struct kyi_writing *w, uint64_t id,
    enum kyi_frame_parts parts, const double *const value[5])
{
	const struct kyi_stretch *stretch = &w->store->stretch;
	uint32_t k;

	(void)parts;
	for (k = 0; k < stretch->cnt; k++) {
		uint64_t i = w->store->copy.from + stretch->at[k];
		double is = value[0][k];

		model_assert(stretch->at_ms[k] == history_time(i),
		    "another time is stored");
		model_assert((history_which(i) & id) != 0 ?
		    is == (double)history_time(i) : kymo_is_stale(is),
		    "another value is stored");
	}
	return SQLITE_OK;
}

int
kyi_writing_hists(struct kyi_writing *w, uint64_t id)
{
	(void)w;
	(void)id;
	return SQLITE_OK;
}

int
kyi_writing_end(struct kyi_writing *w, const struct kyi_frame_row *row,
    int64_t feed_row, const int64_t *at_ms)
{
	(void)row;
	(void)feed_row;
	(void)at_ms;
	if (w->store->stretch.end > writing)
		writing = w->store->stretch.end;
	w->written = true;
	return SQLITE_OK;
}

/* ---- what store_read.c calls -------------------------------------------------------- */

int
kyi_db_open(struct kyi_db *db, const char *path, bool writes)
{
	(void)db;
	(void)path;
	(void)writes;
	return SQLITE_OK;
}

void
kyi_db_close(struct kyi_db *db)
{
	(void)db;
}

bool
kyi_db_is_damage(int code)
{
	(void)code;
	return false;
}

const char *
sqlite3_errstr(int code)
{
	(void)code;
	return "";
}

int
sqlite3_reset(sqlite3_stmt *of)
{
	(void)of;
	return SQLITE_OK;
}

/* One row, of all labels. */
int
kyi_db_step(struct kyi_db *db, sqlite3_stmt *of)
{
	(void)db;
	(void)of;
	is_stepped ^= 1;
	return is_stepped != 0 ? SQLITE_ROW : SQLITE_DONE;
}

sqlite3_int64
sqlite3_column_int64(sqlite3_stmt *of, int at)
{
	(void)of;
	(void)at;
	return 1;
}

const void *
sqlite3_column_blob(sqlite3_stmt *of, int at)
{
	(void)of;
	(void)at;
	return NULL;
}

int
sqlite3_column_bytes(sqlite3_stmt *of, int at)
{
	(void)of;
	(void)at;
	return 0;
}

int
kyi_batch_begin(struct kyi_batch_walk *walk, const void *bytes,
    size_t len_bytes)
{
	(void)bytes;
	(void)len_bytes;
	memset(walk, 0, sizeof *walk);
	return SQLITE_OK;
}

bool
kyi_batch_next(struct kyi_batch_walk *walk)
{
	static const struct kymo_label label[2] = {
		{ KYMO_NAME_LABEL, "x" }, { KYMO_NAME_LABEL, "y" } };

	if (walk->id == HISTORY_Y)
		return false;
	walk->labels = (struct kymo_labels){ 0, 1, &label[walk->id] };
	walk->id++;
	return true;
}

void
kyi_batch_end(struct kyi_batch_walk *walk)
{
	(void)walk;
}

/* What was committed, as this thread sees it, and memory has not. */
static int
read_one(struct kyi_asking *asking, const struct kyi_found *found,
    int64_t since_ms, uint64_t end)
{
	struct kyi_arena *arena = &asking->selection->arena;
	double *value = kyi_arena_take(arena, end * sizeof *value);
	int64_t *at_ms = kyi_arena_take(arena, end * sizeof *at_ms);
	const struct kymo_native_hist **hist =
	    kyi_arena_take(arena, end * sizeof *hist);
	struct kymo_native_hist one;
	struct kymo_samples *samples;
	uint32_t cnt = 0;
	uint64_t i;

	for (i = 0; i < end; i++) {
		if ((history_which(i) & found->id) == 0 ||
		    history_time(i) >= since_ms)
			continue;
		at_ms[cnt] = history_time(i);
		value[cnt] = (double)at_ms[cnt];
		one = history_hist(value[cnt]);
		hist[cnt++] = kyi_arena_hist(arena, &one, NULL);
	}
	if (cnt == 0)
		return 0;
	samples = kyi_selection_add(asking->selection, NULL, asking->error);
	if (samples == NULL)
		return -1;
	samples->labels = found->labels;
	samples->at_ms = at_ms;
	samples->value = value;
	if (history_y_is_hists && found->id == HISTORY_Y)
		samples->hist = hist;
	samples->cnt = cnt;
	asking->selection->in_parts = true;
	return 0;
}

int
kyi_asking_read(struct kyi_asking *asking, struct kyi_found *found,
    uint32_t cnt)
{
	uint64_t end = kyi_load_u64_relaxed(&committed);
	int result = 0;
	uint32_t i;

	model_assert(asking->feed_cnt == 1, "a feed is not asked");
	for (i = 0; i < cnt && result == 0; i++)
		result = read_one(asking, &found[i], asking->feeds[0].since_ms,
		    end);
	return result;
}
