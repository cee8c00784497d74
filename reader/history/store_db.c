/* SPDX-License-Identifier: MIT */
/* One connection to the database. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reader/history/store_db.h"
#include "reader/private_file.h"

/* Small pages: a block is a few kilobytes, and what a row does not fill of its
   last page is lost (docs/history.md has the measure). */
static const char set_up[] =
	"PRAGMA page_size = 1024;"
	"PRAGMA auto_vacuum = INCREMENTAL;"
	"PRAGMA journal_mode = WAL;"
	/* Each commit is on the disk: there is one in ten seconds. */
	"PRAGMA synchronous = FULL;"
	"PRAGMA wal_autocheckpoint = 4000;"
	"PRAGMA journal_size_limit = 8388608;"
	"PRAGMA cache_size = -4096;";

static const char tables[] =
	"BEGIN IMMEDIATE;"
	"CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY,"
	" value INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS feed (id INTEGER PRIMARY KEY,"
	" name TEXT NOT NULL UNIQUE, segment INTEGER NOT NULL);"
	"CREATE TABLE IF NOT EXISTS labels (id INTEGER PRIMARY KEY,"
	" feed INTEGER NOT NULL, bytes BLOB NOT NULL);"
	/* By itself, since a row is written anew as a whole. */
	"CREATE TABLE IF NOT EXISTS labels_use (id INTEGER PRIMARY KEY,"
	" feed INTEGER NOT NULL, from_ms INTEGER NOT NULL,"
	" until_ms INTEGER NOT NULL);"
	"CREATE TABLE IF NOT EXISTS frame (id INTEGER PRIMARY KEY,"
	" tier INTEGER NOT NULL, feed INTEGER NOT NULL,"
	" segment INTEGER NOT NULL, class INTEGER NOT NULL,"
	" from_ms INTEGER NOT NULL, to_ms INTEGER NOT NULL,"
	" cnt INTEGER NOT NULL, bytes INTEGER NOT NULL,"
	" blocks BLOB NOT NULL, times BLOB NOT NULL);"
	"CREATE INDEX IF NOT EXISTS frame_at ON frame"
	" (feed, tier, class, to_ms, from_ms);"
	/* The last finer frame of which a coarser tier has all. */
	"CREATE TABLE IF NOT EXISTS coarser (feed INTEGER, tier INTEGER,"
	" frame INTEGER NOT NULL, PRIMARY KEY (feed, tier)) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS block (id INTEGER PRIMARY KEY,"
	" bytes BLOB NOT NULL);"
	"PRAGMA application_id = 1803119983;" /* "kymo" */
	"PRAGMA user_version = 1;"
	"COMMIT;";

#define ROW_COLUMNS "id, segment, from_ms, to_ms, cnt, class, bytes"

static const char *const sql_text[KYI_SQL_CNT] = {
	[KYI_SQL_BEGIN] = "BEGIN",
	[KYI_SQL_BEGIN_WRITE] = "BEGIN IMMEDIATE",
	[KYI_SQL_COMMIT] = "COMMIT",
	[KYI_SQL_ROLLBACK] = "ROLLBACK",
	[KYI_SQL_META_GET] = "SELECT value FROM meta WHERE key = ?1",
	[KYI_SQL_META_PUT] = "INSERT OR REPLACE INTO meta VALUES (?1, ?2)",
	[KYI_SQL_FEEDS] = "SELECT id, name, segment FROM feed",
	[KYI_SQL_FEED_ADD] = "INSERT INTO feed (name, segment) VALUES (?1, ?2)",
	[KYI_SQL_FEED_SEGMENT] =
		"UPDATE feed SET segment = ?2 WHERE id = ?1 AND segment < ?2",
	[KYI_SQL_LABELS_ADD] = "INSERT INTO labels VALUES (?1, ?2, ?3)",
	[KYI_SQL_USE_PUT] = "INSERT INTO labels_use VALUES (?1, ?2, ?3, ?4)"
		" ON CONFLICT (id) DO UPDATE SET from_ms = min(from_ms, ?3),"
		" until_ms = max(until_ms, ?4)",
	[KYI_SQL_USES] =
		"SELECT id, from_ms, until_ms FROM labels_use ORDER BY id",
	[KYI_SQL_LABELS_IN] = "SELECT l.id, l.feed, l.bytes FROM labels_use AS u"
		" JOIN labels AS l ON l.id = u.id"
		" WHERE u.until_ms > ?1 AND u.from_ms <= ?2",
	[KYI_SQL_FRAME_ADD] = "INSERT INTO frame"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
	[KYI_SQL_BLOCK_ADD] = "INSERT INTO block VALUES (?1, ?2)",
	[KYI_SQL_FRAME_DROP] = "DELETE FROM frame WHERE id = ?1",
	[KYI_SQL_BLOCKS_DROP] =
		"DELETE FROM block WHERE id >= ?1 AND id < ?2",
	[KYI_SQL_FRAMES_IN] = "SELECT " ROW_COLUMNS
		" FROM frame WHERE feed = ?1 AND tier = ?2 AND class = ?3"
		" AND to_ms > ?4 AND from_ms <= ?5 ORDER BY to_ms",
	[KYI_SQL_OLDEST] = "SELECT " ROW_COLUMNS " FROM frame WHERE feed = ?1"
		" AND tier = ?2 AND class = ?3 ORDER BY to_ms LIMIT 1",
	[KYI_SQL_FRAMES_AFTER] = "SELECT " ROW_COLUMNS " FROM frame"
		" WHERE feed = ?1 AND tier = ?2 AND id > ?3 ORDER BY id"
		" LIMIT 1024",
	[KYI_SQL_CLASSES] = "SELECT DISTINCT class FROM frame",
	[KYI_SQL_COARSER] =
		"SELECT frame FROM coarser WHERE feed = ?1 AND tier = ?2",
	[KYI_SQL_COARSER_PUT] = "INSERT OR REPLACE INTO coarser"
		" VALUES (?1, ?2, ?3)",
	[KYI_SQL_TIER_BYTES] = "SELECT sum(bytes) FROM frame WHERE tier = ?1",
	[KYI_SQL_FIRST_MS] = "SELECT min(from_ms) FROM frame WHERE feed = ?1",
	[KYI_SQL_LABELS_DROP] = "DELETE FROM labels WHERE id IN (SELECT id FROM"
		" labels_use WHERE feed = ?1 AND until_ms < ?2)",
	[KYI_SQL_USES_DROP] = "DELETE FROM labels_use WHERE feed = ?1"
		" AND until_ms < ?2",
	[KYI_SQL_FRAME_GET] = "SELECT blocks, times FROM frame WHERE id = ?1",
	[KYI_SQL_BLOCK_GET] = "SELECT bytes FROM block WHERE id = ?1",
	[KYI_SQL_NEWEST] = "SELECT max(to_ms) FROM frame WHERE feed = ?1"
		" AND tier = ?2 AND class = ?3",
	[KYI_SQL_NEWEST_IN] = "SELECT to_ms FROM frame WHERE feed = ?1"
		" AND tier = ?2 AND class = ?3 AND segment = ?4"
		" ORDER BY to_ms DESC LIMIT 1",
	[KYI_SQL_LAST_FRAME] = "SELECT max(ifnull((SELECT max(id) FROM frame),"
		" 0), ifnull((SELECT max(frame) FROM coarser), 0))",
	[KYI_SQL_COUNT] = "SELECT count(*) FROM frame WHERE tier = ?1",
};

int
kyi_db_pragma(struct kyi_db *db, const char *sql, int64_t *value)
{
	sqlite3_stmt *statement = NULL;
	int code = sqlite3_prepare_v2(db->sqlite, sql, -1, &statement, NULL);

	*value = 0;
	if (code == SQLITE_OK)
		code = kyi_db_step(db, statement);
	if (code == SQLITE_ROW)
		*value = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return code == SQLITE_ROW ? SQLITE_OK : code;
}

int
kyi_db_open(struct kyi_db *db, const char *path, bool writes)
{
	int code;

	if (writes)
		kyi_private_file(path);
	code = sqlite3_open_v2(path, &db->sqlite, SQLITE_OPEN_NOMUTEX |
	    (writes ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE :
	    SQLITE_OPEN_READONLY), NULL);

	if (code == SQLITE_OK) {
		sqlite3_extended_result_codes(db->sqlite, 1);
		sqlite3_busy_timeout(db->sqlite, 2000);
		db->frames = kyi_frame_reader_new();
		if (db->frames == NULL)
			code = SQLITE_NOMEM;
	}
	if (code == SQLITE_OK && writes)
		code = sqlite3_exec(db->sqlite, set_up, NULL, NULL, NULL);
	if (code == SQLITE_OK && writes) {
		/* A newer kymod's: not ours to write. */
		int64_t version;

		code = kyi_db_pragma(db, "PRAGMA user_version", &version);
		if (code == SQLITE_OK && version > KYI_STORE_VERSION)
			code = SQLITE_MISMATCH;
		else if (code == SQLITE_OK && version < KYI_STORE_VERSION)
			code = sqlite3_exec(db->sqlite, tables, NULL, NULL,
			    NULL);
	}
	return code;
}

void
kyi_db_close(struct kyi_db *db)
{
	for (int i = 0; i < KYI_SQL_CNT; i++) {
		sqlite3_finalize(db->sql[i]);
		db->sql[i] = NULL;
	}
	kyi_frame_reader_delete(db->frames);
	db->frames = NULL;
	sqlite3_close(db->sqlite);
	db->sqlite = NULL;
}

sqlite3_stmt *
kyi_db_sql(struct kyi_db *db, enum kyi_sql which)
{
	sqlite3_stmt **at = &db->sql[which];

	if (*at == NULL) {
		sqlite3_prepare_v3(db->sqlite, sql_text[which], -1,
		    SQLITE_PREPARE_PERSISTENT, at, NULL);
		return *at;
	}
	sqlite3_reset(*at);
	sqlite3_clear_bindings(*at);
	return *at;
}

int
kyi_db_step(struct kyi_db *db, sqlite3_stmt *statement)
{
	int code = statement == NULL ? sqlite3_extended_errcode(db->sqlite) :
	    sqlite3_step(statement);

	return code == SQLITE_OK ? SQLITE_ERROR : code;
}

int
kyi_db_run(struct kyi_db *db, sqlite3_stmt *statement)
{
	int code = kyi_db_step(db, statement);

	if (statement != NULL)
		sqlite3_reset(statement);
	return code == SQLITE_DONE || code == SQLITE_ROW ? SQLITE_OK : code;
}

int
kyi_db_begin(struct kyi_db *db, enum kyi_sql sql)
{
	int code = SQLITE_OK;

	/* One that could not be ended, for want of memory. */
	if (!sqlite3_get_autocommit(db->sqlite))
		code = kyi_db_run(db, kyi_db_sql(db, KYI_SQL_ROLLBACK));
	return code != SQLITE_OK ? code : kyi_db_run(db, kyi_db_sql(db, sql));
}

int64_t
kyi_db_meta(struct kyi_db *db, const char *key, int64_t nothing)
{
	sqlite3_stmt *get = kyi_db_sql(db, KYI_SQL_META_GET);
	int64_t value = nothing;

	sqlite3_bind_text(get, 1, key, -1, SQLITE_STATIC);
	if (get != NULL && sqlite3_step(get) == SQLITE_ROW)
		value = sqlite3_column_int64(get, 0);
	sqlite3_reset(get);
	return value;
}

int
kyi_db_meta_put(struct kyi_db *db, const char *key, int64_t value)
{
	sqlite3_stmt *put = kyi_db_sql(db, KYI_SQL_META_PUT);

	sqlite3_bind_text(put, 1, key, -1, SQLITE_STATIC);
	sqlite3_bind_int64(put, 2, value);
	return kyi_db_run(db, put);
}

bool
kyi_db_is_damage(int code)
{
	return (code & 0xff) == SQLITE_CORRUPT ||
	    (code & 0xff) == SQLITE_NOTADB;
}

/* ---- frames' rows ------------------------------------------------------------ */

/* Of a statement that gives ROW_COLUMNS. */
static int
rows_get(struct kyi_db *db, sqlite3_stmt *in, struct kyi_frame_row **rows,
    uint32_t *cnt)
{
	int code;

	while ((code = kyi_db_step(db, in)) == SQLITE_ROW) {
		if ((*cnt & (*cnt - 1)) == 0) {
			void *more = realloc(*rows, (*cnt == 0 ? 1 :
			    (size_t)*cnt * 2) * sizeof **rows);

			if (more == NULL) {
				code = SQLITE_NOMEM;
				break;
			}
			*rows = more;
		}
		(*rows)[(*cnt)++] = (struct kyi_frame_row){
			.id = sqlite3_column_int64(in, 0),
			.segment = (uint32_t)sqlite3_column_int64(in, 1),
			.from_ms = sqlite3_column_int64(in, 2),
			.to_ms = sqlite3_column_int64(in, 3),
			.cnt = (uint32_t)sqlite3_column_int64(in, 4),
			.class = sqlite3_column_int64(in, 5),
			.bytes = sqlite3_column_int64(in, 6),
			.cut_ms = INT64_MAX };
	}
	sqlite3_reset(in);
	return code == SQLITE_DONE ? SQLITE_OK : code;
}

int
kyi_frames_in(struct kyi_db *db, const struct kyi_frames *which,
    int64_t from_ms, int64_t to_ms, struct kyi_frame_row **rows, uint32_t *cnt)
{
	sqlite3_stmt *in = kyi_db_sql(db, KYI_SQL_FRAMES_IN);

	sqlite3_bind_int64(in, 1, which->feed_row);
	sqlite3_bind_int(in, 2, which->tier);
	sqlite3_bind_int64(in, 3, which->class);
	sqlite3_bind_int64(in, 4, from_ms);
	sqlite3_bind_int64(in, 5, to_ms);
	return rows_get(db, in, rows, cnt);
}

int
kyi_frames_after(struct kyi_db *db, int64_t feed_row, int tier, int64_t id,
    struct kyi_frame_row **rows, uint32_t *cnt)
{
	sqlite3_stmt *in = kyi_db_sql(db, KYI_SQL_FRAMES_AFTER);

	sqlite3_bind_int64(in, 1, feed_row);
	sqlite3_bind_int(in, 2, tier);
	sqlite3_bind_int64(in, 3, id);
	return rows_get(db, in, rows, cnt);
}

int
kyi_frame_oldest(struct kyi_db *db, const struct kyi_frames *which,
    struct kyi_frame_row **rows, uint32_t *cnt)
{
	sqlite3_stmt *in = kyi_db_sql(db, KYI_SQL_OLDEST);

	sqlite3_bind_int64(in, 1, which->feed_row);
	sqlite3_bind_int(in, 2, which->tier);
	sqlite3_bind_int64(in, 3, which->class);
	return rows_get(db, in, rows, cnt);
}

static int
first_ids(const uint8_t *at, size_t len_bytes, uint64_t **first, uint32_t *cnt)
{
	const uint8_t *end = at + len_bytes;
	uint64_t id = 0, more;

	*cnt = 0;
	*first = malloc((len_bytes + 1) * sizeof **first);
	if (*first == NULL)
		return SQLITE_NOMEM;
	while (at < end) {
		if (!kyi_varint_get(&at, end, &more))
			return SQLITE_EMPTY;
		id += more;
		(*first)[(*cnt)++] = id;
	}
	return SQLITE_OK;
}

int
kyi_frame_row_read(struct kyi_db *db, const struct kyi_frame_row *row,
    int64_t *at_ms, uint64_t **first, uint32_t *block_cnt)
{
	sqlite3_stmt *get = kyi_db_sql(db, KYI_SQL_FRAME_GET);
	int code;

	*first = NULL;
	*block_cnt = 0;
	sqlite3_bind_int64(get, 1, row->id);
	code = kyi_db_step(db, get);
	if (code == SQLITE_ROW) {
		const void *blocks = sqlite3_column_blob(get, 0);
		const void *times = sqlite3_column_blob(get, 1);

		code = first_ids(blocks,
		    (size_t)sqlite3_column_bytes(get, 0), first, block_cnt);
		if (code == SQLITE_OK && kyi_frame_times_get(db->frames, times,
		    (size_t)sqlite3_column_bytes(get, 1), at_ms,
		    KYI_FRAME_SAMPLES_MAX) != (int)row->cnt)
			code = SQLITE_EMPTY;
	} else if (code == SQLITE_DONE)
		code = SQLITE_EMPTY;
	sqlite3_reset(get);
	return code;
}

int
kyi_block_open(struct kyi_db *db, const struct kyi_frame_row *row, uint32_t i)
{
	sqlite3_stmt *get = kyi_db_sql(db, KYI_SQL_BLOCK_GET);
	int code;

	sqlite3_bind_int64(get, 1, row->id << KYI_BLOCK_SHIFT | i);
	code = kyi_db_step(db, get);
	if (code == SQLITE_ROW)
		code = kyi_frame_open(db->frames, sqlite3_column_blob(get, 0),
		    (size_t)sqlite3_column_bytes(get, 0)) != 0 ||
		    kyi_frame_sample_cnt(db->frames) != row->cnt ?
		    SQLITE_EMPTY : SQLITE_OK;
	else if (code == SQLITE_DONE)
		code = SQLITE_EMPTY;
	sqlite3_reset(get);
	return code;
}
