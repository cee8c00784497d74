/* SPDX-License-Identifier: MIT */
/* The database of the dead: their totals, and whose have been added. Writes
   are synchronous: what is said to be absorbed survives a power cut. */
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reader/private_file.h"
#include "reader/series/private.h"

#define SCHEMA_VERSION 2 /* 2: totals of floats have two words */

/* Ids are needed only as long as a file could come back. */
#define ID_CNT_MAX "100000"
#define PRUNE_STEP 1000u

struct kyi_retired {
	sqlite3 *db;
	sqlite3_stmt *has, *add_id, *find_family, *add_family, *put;
	char *path;
	int lock_fd;
	uint32_t added_cnt;
	const char *put_family; /* of the row before, in this transaction */
	int64_t put_family_id;
};

static const char schema[] =
	"CREATE TABLE IF NOT EXISTS absorbed ("
	" instance BLOB PRIMARY KEY, at_ns INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS family ("
	" id INTEGER PRIMARY KEY, name TEXT NOT NULL, kind INTEGER NOT NULL,"
	" unit TEXT NOT NULL, exponent INTEGER NOT NULL, keys BLOB NOT NULL,"
	" help TEXT NOT NULL, component TEXT NOT NULL, agg INTEGER NOT NULL,"
	" sample_n INTEGER NOT NULL, own INTEGER NOT NULL,"
	" UNIQUE (name, kind, unit, exponent, keys, own));"
	"CREATE TABLE IF NOT EXISTS total ("
	" family INTEGER NOT NULL REFERENCES family, labels BLOB NOT NULL,"
	" overflow INTEGER NOT NULL, created_ns INTEGER NOT NULL,"
	" value BLOB NOT NULL, PRIMARY KEY (family, labels)) WITHOUT ROWID;"
	"PRAGMA user_version = 2;";

static int
fail(struct kyi_retired *retired, struct kymo_error *error)
{
	return kymo_error_set(error, "%s: %s", retired->path,
	    retired->db == NULL ? "out of memory" : sqlite3_errmsg(retired->db));
}

static sqlite3_stmt *
prepare(struct kyi_retired *retired, const char *sql)
{
	sqlite3_stmt *statement = NULL;

	sqlite3_prepare_v3(retired->db, sql, -1, SQLITE_PREPARE_PERSISTENT,
	    &statement, NULL);
	return statement;
}

/* ---- opening --------------------------------------------------------------- */

/* Whether its pages make sense; 1 yes, 0 no, -1 cannot tell. */
static int
is_sound(struct kyi_retired *retired)
{
	sqlite3_stmt *check = prepare(retired, "PRAGMA quick_check(1)");
	int code = check == NULL ? sqlite3_errcode(retired->db) :
	    sqlite3_step(check);
	const char *says = code == SQLITE_ROW ?
	    (const char *)sqlite3_column_text(check, 0) : NULL;
	bool sound = says != NULL && strcmp(says, "ok") == 0;

	if (says == NULL && code == SQLITE_ROW)
		code = SQLITE_NOMEM;
	sqlite3_finalize(check);
	return sound ? 1 : code == SQLITE_ROW || code == SQLITE_CORRUPT ||
	    code == SQLITE_NOTADB ? 0 : -1;
}

static int
set_up(struct kyi_retired *retired, struct kymo_error *error)
{
	sqlite3_stmt *version;
	int number = 0;

	if (sqlite3_exec(retired->db, "PRAGMA journal_mode = WAL;"
	    "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;", NULL, NULL,
	    NULL) != SQLITE_OK)
		return fail(retired, error);
	version = prepare(retired, "PRAGMA user_version");
	if (version != NULL && sqlite3_step(version) == SQLITE_ROW)
		number = sqlite3_column_int(version, 0);
	sqlite3_finalize(version);
	if (number > SCHEMA_VERSION)
		return kymo_error_set(error, "%s: written by a newer kymod"
		    " (version %d of its tables)", retired->path, number);
	if (sqlite3_exec(retired->db, schema, NULL, NULL, NULL) != SQLITE_OK)
		return fail(retired, error);
	retired->has = prepare(retired,
	    "SELECT 1 FROM absorbed WHERE instance = ?");
	retired->add_id = prepare(retired,
	    "INSERT INTO absorbed (instance, at_ns) VALUES (?, ?)");
	retired->find_family = prepare(retired, "SELECT id FROM family WHERE"
	    " name = ? AND kind = ? AND unit = ? AND exponent = ? AND keys = ?"
	    " AND own = ?");
	retired->add_family = prepare(retired, "INSERT INTO family (name, kind,"
	    " unit, exponent, keys, own, help, component, agg, sample_n)"
	    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
	retired->put = prepare(retired, "INSERT OR REPLACE INTO total (family,"
	    " labels, overflow, created_ns, value) VALUES (?, ?, ?, ?, ?)");
	if (retired->has == NULL || retired->add_id == NULL ||
	    retired->find_family == NULL || retired->add_family == NULL ||
	    retired->put == NULL)
		return fail(retired, error);
	return 0;
}

static void
shut(struct kyi_retired *retired)
{
	sqlite3_finalize(retired->has);
	sqlite3_finalize(retired->add_id);
	sqlite3_finalize(retired->find_family);
	sqlite3_finalize(retired->add_family);
	sqlite3_finalize(retired->put);
	sqlite3_close(retired->db);
	retired->has = retired->add_id = retired->find_family = NULL;
	retired->add_family = retired->put = NULL;
	retired->db = NULL;
}

/* Returns 0, -1 with *error, or -2: the file is no database any more. */
static int
open_once(struct kyi_retired *retired, struct kymo_error *error)
{
	int sound = -1, status = -1;

	kyi_private_file(retired->path);
	if (sqlite3_open_v2(retired->path, &retired->db, SQLITE_OPEN_READWRITE |
	    SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK) {
		sqlite3_busy_timeout(retired->db, 2000);
		sound = is_sound(retired);
	}
	if (sound < 0)
		fail(retired, error);
	else if (sound > 0)
		status = set_up(retired, error);
	if (status != 0)
		shut(retired);
	return sound == 0 ? -2 : status;
}

struct kyi_retired *
kyi_retired_open(const char *path, void (*warn)(void *to, const char *text),
    void *to, struct kymo_error *error)
{
	struct kyi_retired *retired = calloc(1, sizeof(*retired));
	bool memory = path == NULL || *path == '\0';
	int status;

	if (retired == NULL) {
		kymo_error_set(error, "out of memory");
		return NULL;
	}
	retired->lock_fd = -1;
	retired->path = strdup(memory ? ":memory:" : path);
	status = retired->path == NULL ?
	    kymo_error_set(error, "out of memory") : 0;
	if (status == 0 && !memory)
		status = kyi_state_folders(path, error);
	if (status == 0 && !memory) {
		retired->lock_fd = kyi_state_lock(path, error);
		status = retired->lock_fd < 0 ? -1 : 0;
	}
	if (status == 0)
		status = open_once(retired, error);
	if (status == -2 && kyi_state_set_aside(path, warn, to, error) == 0)
		status = open_once(retired, error);
	if (status == 0)
		return retired;
	kyi_retired_close(retired);
	return NULL;
}

void
kyi_retired_close(struct kyi_retired *retired)
{
	if (retired == NULL)
		return;
	shut(retired);
	if (retired->lock_fd >= 0)
		close(retired->lock_fd);
	free(retired->path);
	free(retired);
}

/* ---- reading -------------------------------------------------------------------- */

static const char *
column_text(sqlite3_stmt *statement, int column)
{
	const unsigned char *text = sqlite3_column_text(statement, column);

	return text == NULL ? "" : (const char *)text;
}

static int
load_row(sqlite3_stmt *statement,
    int (*take)(void *to, const struct kyi_retired_row *row), void *to)
{
	const char *keys[KYI_BLOB_LABELS_MAX], *strings[2 * KYI_BLOB_LABELS_MAX];
	struct kymo_label labels[KYI_BLOB_LABELS_MAX];
	struct kyi_retired_row row = {.labels = labels};
	uint64_t *buckets = NULL;
	uint32_t i, cnt;
	int kind = sqlite3_column_int(statement, 1), status = 0;

	if (kind < KYMO_METRIC_COUNTER || kind > KYMO_METRIC_HEALTH)
		return 0;
	row.family = (struct kyi_family_wish){
		.name = column_text(statement, 0),
		.kind = (enum kymo_metric_kind)kind,
		.unit = column_text(statement, 2),
		.exponent = sqlite3_column_int(statement, 3),
		.label_keys = keys,
		.label_cnt = kyi_unpack_strings(keys, KYI_BLOB_LABELS_MAX,
		    sqlite3_column_blob(statement, 4),
		    sqlite3_column_bytes(statement, 4)),
		.help = column_text(statement, 5),
		.component = column_text(statement, 6),
		.agg = (enum kymo_metric_agg)sqlite3_column_int(statement, 7),
		.sample_n = (uint32_t)sqlite3_column_int(statement, 8),
		.own = sqlite3_column_int(statement, 13) != 0,
		/* Names go to those that were there first. */
		.born_ns = (uint64_t)sqlite3_column_int64(statement, 14),
	};
	cnt = kyi_unpack_strings(strings, 2 * KYI_BLOB_LABELS_MAX,
	    sqlite3_column_blob(statement, 9),
	    sqlite3_column_bytes(statement, 9));
	row.label_cnt = cnt / 2;
	for (i = 0; i < row.label_cnt; i++)
		labels[i] = (struct kymo_label){strings[2 * i],
		    strings[2 * i + 1]};
	row.overflow = sqlite3_column_int(statement, 10) != 0;
	row.created_ns = (uint64_t)sqlite3_column_int64(statement, 11);
	if (kyi_unpack_value(&row, sqlite3_column_blob(statement, 12),
	    (size_t)sqlite3_column_bytes(statement, 12), &buckets))
		status = take(to, &row);
	free(buckets);
	return status;
}

int
kyi_retired_load(struct kyi_retired *retired,
    int (*take)(void *to, const struct kyi_retired_row *row), void *to,
    struct kymo_error *error)
{
	sqlite3_stmt *statement = prepare(retired, "SELECT name, kind, unit,"
	    " exponent, keys, help, component, agg, sample_n, labels, overflow,"
	    " created_ns, value, own, family.id FROM total JOIN family"
	    " ON family.id = family");
	int code = SQLITE_ERROR, status = 0;

	while (statement != NULL && status == 0 &&
	    (code = sqlite3_step(statement)) == SQLITE_ROW)
		status = load_row(statement, take, to);
	if (status != 0)
		kymo_error_set(error, "out of memory");
	else if (code != SQLITE_DONE)
		status = fail(retired, error);
	sqlite3_finalize(statement);
	return status;
}

int
kyi_retired_has(struct kyi_retired *retired,
    const uint8_t id[KYI_INSTANCE_BYTES])
{
	int code;

	sqlite3_reset(retired->has);
	sqlite3_bind_blob(retired->has, 1, id, KYI_INSTANCE_BYTES,
	    SQLITE_STATIC);
	code = sqlite3_step(retired->has);
	sqlite3_reset(retired->has);
	return code == SQLITE_ROW ? 1 : code == SQLITE_DONE ? 0 : -1;
}

/* ---- writing --------------------------------------------------------------------- */

static int
run(struct kyi_retired *retired, const char *sql, struct kymo_error *error)
{
	return sqlite3_exec(retired->db, sql, NULL, NULL, NULL) == SQLITE_OK ?
	    0 : fail(retired, error);
}

int
kyi_retired_begin(struct kyi_retired *retired,
    const uint8_t id[KYI_INSTANCE_BYTES], uint64_t now_ns,
    struct kymo_error *error)
{
	int code;

	retired->put_family = NULL;
	/* One that could not be ended for want of memory. */
	kyi_retired_rollback(retired);
	if (run(retired, "BEGIN IMMEDIATE", error) != 0)
		return -1;
	sqlite3_bind_blob(retired->add_id, 1, id, KYI_INSTANCE_BYTES,
	    SQLITE_STATIC);
	sqlite3_bind_int64(retired->add_id, 2, (int64_t)now_ns);
	code = sqlite3_step(retired->add_id);
	if (code != SQLITE_DONE)
		fail(retired, error);
	sqlite3_reset(retired->add_id);
	if (code == SQLITE_DONE)
		return 0;
	kyi_retired_rollback(retired);
	return -1;
}

static void
bind_text(sqlite3_stmt *statement, int column, const char *text)
{
	sqlite3_bind_text(statement, column, text, -1, SQLITE_STATIC);
}

/* The family's id, made if there is none; 0: an error. */
static int64_t
family_id(struct kyi_retired *retired, const struct kyi_family_wish *family)
{
	struct kyi_blob keys = kyi_pack_strings(family->label_keys, family->label_cnt);
	sqlite3_stmt *find = retired->find_family, *make = retired->add_family;
	sqlite3_stmt *each[2];
	int64_t id = 0;
	int i;

	each[0] = find;
	each[1] = make;
	for (i = 0; keys.at != NULL && i < 2; i++) {
		bind_text(each[i], 1, family->name);
		sqlite3_bind_int(each[i], 2, (int)family->kind);
		bind_text(each[i], 3, family->unit);
		sqlite3_bind_int(each[i], 4, family->exponent);
		sqlite3_bind_blob(each[i], 5, keys.at, (int)keys.len_bytes,
		    SQLITE_STATIC);
		sqlite3_bind_int(each[i], 6, family->own);
	}
	bind_text(make, 7, family->help);
	bind_text(make, 8, family->component);
	sqlite3_bind_int(make, 9, (int)family->agg);
	sqlite3_bind_int(make, 10, (int)family->sample_n);
	if (keys.at != NULL && sqlite3_step(find) == SQLITE_ROW)
		id = sqlite3_column_int64(find, 0);
	else if (keys.at != NULL && sqlite3_step(make) == SQLITE_DONE)
		id = sqlite3_last_insert_rowid(retired->db);
	sqlite3_reset(find);
	sqlite3_reset(make);
	free(keys.at);
	return id;
}

int
kyi_retired_put(struct kyi_retired *retired, const struct kyi_retired_row *row,
    struct kymo_error *error)
{
	int64_t family = retired->put_family == row->family.name ?
	    retired->put_family_id : family_id(retired, &row->family);
	struct kyi_blob labels = kyi_pack_labels(row->labels, row->label_cnt);
	struct kyi_blob value = kyi_pack_value(row);
	int code = SQLITE_NOMEM;

	retired->put_family = family == 0 ? NULL : row->family.name;
	retired->put_family_id = family;
	if (family != 0 && labels.at != NULL && value.at != NULL) {
		sqlite3_bind_int64(retired->put, 1, family);
		sqlite3_bind_blob(retired->put, 2, labels.at,
		    (int)labels.len_bytes, SQLITE_STATIC);
		sqlite3_bind_int(retired->put, 3, row->overflow);
		sqlite3_bind_int64(retired->put, 4, (int64_t)row->created_ns);
		sqlite3_bind_blob(retired->put, 5, value.at,
		    (int)value.len_bytes, SQLITE_STATIC);
		code = sqlite3_step(retired->put);
	}
	if (code != SQLITE_DONE)
		fail(retired, error);
	sqlite3_reset(retired->put);
	sqlite3_clear_bindings(retired->put);
	free(labels.at);
	free(value.at);
	return code == SQLITE_DONE ? 0 : -1;
}

int
kyi_retired_commit(struct kyi_retired *retired, struct kymo_error *error)
{
	bool prune = retired->added_cnt % PRUNE_STEP == 0;

	if ((prune && run(retired, "DELETE FROM absorbed WHERE at_ns < (SELECT"
	    " at_ns FROM absorbed ORDER BY at_ns DESC LIMIT 1 OFFSET "
	    ID_CNT_MAX ")", error) != 0) || run(retired, "COMMIT", error) != 0) {
		kyi_retired_rollback(retired);
		return -1;
	}
	retired->added_cnt++;
	return 0;
}

void
kyi_retired_rollback(struct kyi_retired *retired)
{
	if (!sqlite3_get_autocommit(retired->db))
		sqlite3_exec(retired->db, "ROLLBACK", NULL, NULL, NULL);
}
