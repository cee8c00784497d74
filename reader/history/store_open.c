/* SPDX-License-Identifier: MIT */
/* The file of the database: locked against another process, checked, and moved
   away where it is damaged. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "reader/history/store_db.h"
#include "shm/atomic.h"

#define PATH_BYTES 4096
/* A larger one is not read through at the start; each block has a checksum. */
#define CHECK_BYTES_MAX (256ll << 20)

int64_t
kyi_store_wall_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* 0, 1: cannot be made (said), -1: another process has it. */
static int
lock_take(struct kyi_store *store, struct kymo_error *error)
{
	char name[PATH_BYTES];
	int why;

	if (store->lock_fd >= 0)
		return 0;
	snprintf(name, sizeof name, "%s.lock", store->path);
	store->lock_fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
	    0600);
	if (store->lock_fd < 0) {
		why = errno;
		kymo_error_set(error, "%s: %s", name, strerror(why));
		if (!store->said)
			kyi_store_warn(store, "%s: %s; history is kept in"
			    " memory alone until it can be", name,
			    strerror(why));
		store->said = true;
		return 1;
	}
	if (flock(store->lock_fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	why = errno;
	close(store->lock_fd);
	store->lock_fd = -1;
	return kymo_error_set(error, "%s: %s", store->path,
	    why == EWOULDBLOCK ? "another process keeps its history here" :
	    strerror(why));
}

void
kyi_store_unlock(struct kyi_store *store)
{
	if (store->lock_fd >= 0)
		close(store->lock_fd);
	store->lock_fd = -1;
}

/* ---- damage ------------------------------------------------------------------------ */

/* 0, or a code that says damage. Others are no answer. */
static int
check(struct kyi_store *store)
{
	sqlite3_stmt *statement = NULL;
	struct stat at;
	int code;

	if (stat(store->path, &at) != 0 || at.st_size > CHECK_BYTES_MAX)
		return SQLITE_OK;
	code = sqlite3_prepare_v2(store->db.sqlite, "PRAGMA quick_check(1)",
	    -1, &statement, NULL);
	if (code == SQLITE_OK)
		code = sqlite3_step(statement);
	if (code == SQLITE_ROW) {
		const unsigned char *says = sqlite3_column_text(statement, 0);

		code = says == NULL ? SQLITE_NOMEM :
		    strcmp((const char *)says, "ok") != 0 ? SQLITE_CORRUPT :
		    SQLITE_OK;
	}
	sqlite3_finalize(statement);
	return kyi_db_is_damage(code) ? code : SQLITE_OK;
}

static int
move_away(struct kyi_store *store)
{
	/* What belongs to it first: it must not meet the next database. */
	static const char *const suffixes[] = { "-wal", "-shm", "" };
	char from[PATH_BYTES + 64], to[PATH_BYTES + 64];
	long long now = (long long)time(NULL);

	for (size_t i = 0; i < 3; i++) {
		snprintf(from, sizeof from, "%s%s", store->path, suffixes[i]);
		snprintf(to, sizeof to, "%s.corrupt-%lld%s", store->path, now,
		    suffixes[i]);
		if (rename(from, to) != 0 && errno != ENOENT) {
			kyi_store_warn(store, "%s: it is damaged, and cannot be"
			    " set aside: %s; history is kept in memory alone",
			    store->path, strerror(errno));
			return -1;
		}
	}
	kyi_store_warn(store, "%s: it is damaged, and was set aside as %s;"
	    " history begins again with what is in memory", store->path, to);
	return 0;
}

/* ---- opening ------------------------------------------------------------------------ */

static int64_t
number(struct kyi_db *db, enum kyi_sql which, int64_t bound)
{
	sqlite3_stmt *get = kyi_db_sql(db, which);
	int64_t value = 0;

	if (sqlite3_bind_parameter_count(get) > 0)
		sqlite3_bind_int64(get, 1, bound);
	if (get != NULL && sqlite3_step(get) == SQLITE_ROW)
		value = sqlite3_column_int64(get, 0);
	sqlite3_reset(get);
	return value;
}

/* What the last life left: how much of it is lost. */
static void
lost_say(struct kyi_store *store)
{
	int64_t newest_ms = INT64_MIN, lost_ms;

	if (store->open_before || kyi_db_meta(&store->db, "open", 0) == 0)
		return;
	for (uint32_t i = 0; i < store->feed_cnt; i++)
		if (store->feeds[i].newest_ms > newest_ms)
			newest_ms = store->feeds[i].newest_ms;
	lost_ms = kyi_db_meta(&store->db, "journal_ms", 10000);
	if (newest_ms != INT64_MIN && kyi_store_wall_ms() > newest_ms &&
	    kyi_store_wall_ms() - newest_ms < lost_ms)
		lost_ms = kyi_store_wall_ms() - newest_ms;
	store->lost_ms = (uint64_t)lost_ms;
	kyi_store_warn(store, "%s: it was not closed; at most the last"
	    " %lld ms before that are lost", store->path, (long long)lost_ms);
}

int
kyi_store_load(struct kyi_store *store)
{
	struct kyi_db *db = &store->db;
	uint64_t journal_cnt, frame_cnt = 0;
	int code = kyi_labels_load(store);

	if (code == SQLITE_OK)
		code = kyi_classes_load(store);
	if (code == SQLITE_OK)
		code = kyi_store_restore(store);
	if (code != SQLITE_OK)
		return code;
	store->next_frame = number(db, KYI_SQL_LAST_FRAME, 0) + 1;
	store->known_series = store->next_series =
	    (uint64_t)kyi_db_meta(db, "next_series", 1);
	journal_cnt = (uint64_t)number(db, KYI_SQL_COUNT, KYI_TIER_JOURNAL);
	for (int tier = KYI_TIER_FIRST; tier <= KYMO_TIER_MAX; tier++) {
		frame_cnt += (uint64_t)number(db, KYI_SQL_COUNT, tier);
		store->tier_bytes[tier] = (uint64_t)number(db,
		    KYI_SQL_TIER_BYTES, tier);
	}
	kyi_clock_load(store);
	if (!store->history->options.read_only) {
		lost_say(store);
		code = kyi_db_meta_put(db, "open", 1);
	}
	if (code == SQLITE_OK && !store->history->options.read_only)
		code = kyi_db_meta_put(db, "journal_ms",
		    (int64_t)store->history->options.journal_ms);
	/* One that cannot be written can still be read. */
	pthread_mutex_lock(&store->lock);
	store->journal_cnt = journal_cnt;
	store->frame_cnt = frame_cnt;
	store->storing = code == SQLITE_OK &&
	    !store->history->options.read_only;
	pthread_mutex_unlock(&store->lock);
	if (code != SQLITE_OK && !kyi_db_is_damage(code)) {
		kyi_store_failed(store, code);
		code = SQLITE_OK;
	}
	return code;
}

static int
open_once(struct kyi_store *store)
{
	int code = kyi_db_open(&store->db, store->path, true);

	if (code == SQLITE_OK)
		code = check(store);
	if (code == SQLITE_OK)
		code = kyi_store_load(store);
	return code;
}

int
kyi_store_try(struct kyi_store *store, struct kymo_error *error)
{
	int code;

	store->said = true; /* the error says it */
	if (lock_take(store, error) != 0)
		return -1;
	code = kyi_db_open(&store->db, store->path, true);
	if (code == SQLITE_OK)
		code = check(store);
	if (code == SQLITE_OK)
		code = kyi_db_begin(&store->db, KYI_SQL_BEGIN_WRITE);
	if (code == SQLITE_OK)
		code = kyi_store_end(store, code);
	if (code == SQLITE_OK)
		return 0;
	if ((code & 0xff) == SQLITE_MISMATCH)
		return kymo_error_set(error, "%s: written by a newer kymod, or"
		    " not a history", store->path);
	return kymo_error_set(error, "%s: %s", store->path,
	    sqlite3_errstr(code));
}

void
kyi_store_forget(struct kyi_store *store)
{
	struct kymo_history *history = store->history;

	pthread_mutex_lock(&history->lock);
	for (struct kymo_feed *feed = history->feeds; feed != NULL;
	    feed = feed->next) {
		feed->row = 0;
		feed->framed = feed->journaled = feed->keep_from;
		feed->framed_ms = feed->journaled_ms = INT64_MIN;
		for (uint32_t i = 0; i < feed->series_cnt; i++)
			feed->series[i]->id = feed->series[i]->batch = 0;
	}
	pthread_mutex_unlock(&history->lock);
	pthread_mutex_lock(&store->lock);
	store->file_number++;
	store->feed_cnt = 0;
	pthread_mutex_unlock(&store->lock);
	store->batch_cnt = 0;
}

static int
open_held(struct kyi_store *store, struct kymo_error *error)
{
	int code = lock_take(store, error);

	if (code != 0)
		return code < 0 ? -1 : 0;
	code = open_once(store);
	if (kyi_db_is_damage(code)) {
		kyi_db_close(&store->db);
		kyi_store_forget(store);
		code = move_away(store) == 0 ? open_once(store) : code;
	}
	if ((code & 0xff) == SQLITE_MISMATCH)
		kymo_error_set(error, "%s: written by a newer kymod, or not a"
		    " history", store->path);
	if (code != SQLITE_OK && (code & 0xff) != SQLITE_MISMATCH)
		kyi_store_failed(store, code);
	if (code != SQLITE_OK) {
		kyi_db_close(&store->db);
		return (code & 0xff) == SQLITE_MISMATCH ? -1 : 0;
	}
	return 0;
}

/* Of somebody else's: nothing of it is made, mended or moved. */
static int
open_to_read(struct kyi_store *store, struct kymo_error *error)
{
	struct kyi_db *db = &store->db;
	int64_t version = KYI_STORE_VERSION;
	int code = kyi_db_open(db, store->path, false);

	if (code == SQLITE_OK)
		code = kyi_db_pragma(db, "PRAGMA user_version", &version);
	if (code == SQLITE_OK && version != KYI_STORE_VERSION)
		code = SQLITE_MISMATCH;
	if (code == SQLITE_OK)
		code = kyi_store_load(store);
	if (code == SQLITE_OK)
		return 0;
	kyi_db_close(db);
	return kymo_error_set(error, "%s: %s", store->path,
	    (code & 0xff) == SQLITE_MISMATCH ? "written by another kymod, or "
	    "not a history" : (code & 0xff) == SQLITE_CANTOPEN ?
	    "there is no such history, or it cannot be read" :
	    sqlite3_errstr(code));
}

int
kyi_store_open(struct kyi_store *store, struct kymo_error *error)
{
	int result;

	pthread_rwlock_wrlock(&store->file);
	result = store->history->options.read_only ?
	    open_to_read(store, error) : open_held(store, error);
	/* From now on it is late. */
	store->open_before = true;
	pthread_rwlock_unlock(&store->file);
	return result;
}

static void
spare_close(struct kyi_store *store)
{
	while (store->spare != NULL) {
		struct kyi_db *db = store->spare;

		store->spare = db->next;
		kyi_db_close(db);
		free(db);
	}
	store->spare_cnt = 0;
}

void
kyi_store_close(struct kyi_store *store, bool clean)
{
	pthread_rwlock_wrlock(&store->file);
	spare_close(store);
	if (store->db.sqlite != NULL && clean &&
	    kyi_db_meta_put(&store->db, "open", 0) != SQLITE_OK)
		kyi_store_warn(store, "%s: %s", store->path,
		    sqlite3_errmsg(store->db.sqlite));
	kyi_db_close(&store->db);
	pthread_rwlock_unlock(&store->file);
}

void
kyi_store_set_aside(struct kyi_store *store)
{
	kyi_store_close(store, false);
	pthread_rwlock_wrlock(&store->file);
	kyi_store_forget(store);
	if (move_away(store) == 0)
		open_held(store, NULL);
	kyi_store_u32_relaxed(&store->suspect, 0);
	pthread_rwlock_unlock(&store->file);
}
