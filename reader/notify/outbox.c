/* SPDX-License-Identifier: MIT */
/* Opening the outbox, and its statements. */
#include "reader/notify/outbox_sql.h"
#include "reader/private_file.h"

#include <stdarg.h>
#include <stdlib.h>

#define BUSY_MS 2000
#define BYTES_MAX ((uint64_t)8 << 20)
#define DEADLINE_MS ((int64_t)24 * 3600 * 1000)
#define ALERT_MAX 100u

/* ---- statements -------------------------------------------------------------------- */

int
kyi_outbox_wrong(const struct kymo_outbox *outbox, struct kymo_error *error)
{
	return kymo_error_set(error, "the outbox: %s",
	    sqlite3_errmsg(outbox->db));
}

static int
bind_all(sqlite3_stmt *statement, const char *types, va_list args)
{
	int i, status = SQLITE_OK;
	const void *bytes;
	size_t len_bytes;

	for (i = 1; *types != '\0' && status == SQLITE_OK; types++, i++)
		switch (*types) {
		case 't':
			status = sqlite3_bind_text(statement, i,
			    va_arg(args, const char *), -1, SQLITE_STATIC);
			break;
		case 'b':
			bytes = va_arg(args, const void *);
			len_bytes = va_arg(args, size_t);
			status = sqlite3_bind_blob64(statement, i, bytes,
			    len_bytes, SQLITE_STATIC);
			break;
		default:
			status = sqlite3_bind_int64(statement, i,
			    va_arg(args, int64_t));
		}
	return status;
}

static sqlite3_stmt *
bind(struct kymo_outbox *outbox, enum kyi_outbox_sql sql,
    struct kymo_error *error, const char *types, va_list args)
{
	sqlite3_stmt **statement = &outbox->statements[sql];

	if (*statement == NULL && sqlite3_prepare_v3(outbox->db,
	    kyi_outbox_sql[sql], -1, SQLITE_PREPARE_PERSISTENT, statement,
	    NULL) != SQLITE_OK) {
		kyi_outbox_wrong(outbox, error);
		return NULL;
	}
	if (bind_all(*statement, types, args) == SQLITE_OK)
		return *statement;
	kyi_outbox_wrong(outbox, error);
	kyi_outbox_done(*statement);
	return NULL;
}

sqlite3_stmt *
kyi_outbox_bind(struct kymo_outbox *outbox, enum kyi_outbox_sql sql,
    struct kymo_error *error, const char *types, ...)
{
	sqlite3_stmt *statement;
	va_list args;

	va_start(args, types);
	statement = bind(outbox, sql, error, types, args);
	va_end(args);
	return statement;
}

void
kyi_outbox_done(sqlite3_stmt *statement)
{
	sqlite3_reset(statement);
	sqlite3_clear_bindings(statement);
}

int
kyi_outbox_run(struct kymo_outbox *outbox, enum kyi_outbox_sql sql,
    struct kymo_error *error, const char *types, ...)
{
	sqlite3_stmt *statement;
	int status;
	va_list args;

	va_start(args, types);
	statement = bind(outbox, sql, error, types, args);
	va_end(args);
	if (statement == NULL)
		return -1;
	status = sqlite3_step(statement);
	if (status != SQLITE_DONE)
		kyi_outbox_wrong(outbox, error);
	kyi_outbox_done(statement);
	return status == SQLITE_DONE ? 0 : -1;
}

void
kyi_outbox_undo(struct kymo_outbox *outbox, enum kyi_outbox_sql sql)
{
	struct kymo_error why;

	/* Some errors have rolled back already. */
	if (!sqlite3_get_autocommit(outbox->db) &&
	    kyi_outbox_run(outbox, sql, &why, "") != 0)
		return;
}

static int
undo_prepare(struct kymo_outbox *outbox, struct kymo_error *error)
{
	static const enum kyi_outbox_sql all[] = { KYI_SQL_UNDO,
	    KYI_SQL_UNDO_SAVE, KYI_SQL_RELEASE };
	size_t i;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (kyi_outbox_bind(outbox, all[i], error, "") == NULL)
			return -1;
	return 0;
}

/* ---- open and close ---------------------------------------------------------------- */

static int
version_check(struct kymo_outbox *outbox, struct kymo_error *error)
{
	sqlite3_stmt *statement = NULL;
	int version = 0;

	if (sqlite3_prepare_v2(outbox->db, "SELECT version FROM outbox_total",
	    -1, &statement, NULL) == SQLITE_OK &&
	    sqlite3_step(statement) == SQLITE_ROW)
		version = sqlite3_column_int(statement, 0);
	sqlite3_finalize(statement);
	return version == 1 ? 0 : kymo_error_set(error, "the outbox is of "
	    "another version of kymo (%d, this one knows 1): use that, or "
	    "another file", version);
}

static int
db_open(struct kymo_outbox *outbox, const char *path, struct kymo_error *error)
{
	outbox->db_is_ours = true;
	kyi_private_file(path);
	if (sqlite3_open_v2(path, &outbox->db, SQLITE_OPEN_READWRITE |
	    SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK ||
	    sqlite3_busy_timeout(outbox->db, BUSY_MS) != SQLITE_OK ||
	    sqlite3_exec(outbox->db, "PRAGMA journal_mode = WAL;"
	    "PRAGMA synchronous = FULL", NULL, NULL, NULL) != SQLITE_OK)
		return kymo_error_set(error, "the outbox %s: %s", path,
		    outbox->db == NULL ? "no memory" :
		    sqlite3_errmsg(outbox->db));
	return 0;
}

int
kymo_outbox_open(struct kymo_outbox **result,
    const struct kymo_outbox_options *options, struct kymo_error *error)
{
	struct kymo_outbox *outbox = calloc(1, sizeof(*outbox));

	*result = NULL;
	if (outbox == NULL)
		return kymo_error_set(error, "no memory for the outbox");
	outbox->bytes_max = options->bytes_max == 0 ? BYTES_MAX :
	    options->bytes_max;
	outbox->deadline_ms = options->deadline_ms == 0 ? DEADLINE_MS :
	    options->deadline_ms;
	outbox->alert_max = options->alert_max == 0 ? ALERT_MAX :
	    options->alert_max;
	outbox->changes = 1;
	outbox->db = options->db;
	if (outbox->db == NULL && db_open(outbox, options->path, error) != 0)
		goto fail;
	if (sqlite3_exec(outbox->db, kyi_outbox_schema, NULL, NULL, NULL) !=
	    SQLITE_OK) {
		kyi_outbox_wrong(outbox, error);
		goto fail;
	}
	if (version_check(outbox, error) != 0 ||
	    undo_prepare(outbox, error) != 0)
		goto fail;
	*result = outbox;
	return 0;
fail:
	kymo_outbox_close(outbox);
	return -1;
}

void
kymo_outbox_close(struct kymo_outbox *outbox)
{
	size_t i;

	if (outbox == NULL)
		return;
	for (i = 0; i < KYI_SQL_CNT; i++)
		sqlite3_finalize(outbox->statements[i]);
	if (outbox->db_is_ours)
		sqlite3_close(outbox->db);
	free(outbox);
}

struct sqlite3 *
kymo_outbox_db(struct kymo_outbox *outbox)
{
	return outbox->db;
}

int
kymo_outbox_begin(struct kymo_outbox *outbox, struct kymo_error *error)
{
	return kyi_outbox_run(outbox, KYI_SQL_BEGIN, error, "");
}

int
kymo_outbox_commit(struct kymo_outbox *outbox, struct kymo_error *error)
{
	if (kyi_outbox_run(outbox, KYI_SQL_COMMIT, error, "") == 0)
		return 0;
	kymo_outbox_rollback(outbox);
	return -1;
}

void
kymo_outbox_rollback(struct kymo_outbox *outbox)
{
	kyi_outbox_undo(outbox, KYI_SQL_UNDO);
}
