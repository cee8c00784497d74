/* SPDX-License-Identifier: MIT */
/* A store of alerts' states in SQLite: rows of a key and a text. */
#include <sqlite3.h>
#include <stdlib.h>

#include "reader/alert/alerts.h"
#include "reader/private_file.h"

#define BUSY_MS 5000

struct state {
	sqlite3 *db;
	bool ours; /* opened here */
	sqlite3_stmt *put, *drop;
};

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS alert_state ("
    " kind TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL,"
    " PRIMARY KEY (kind, key)) WITHOUT ROWID";

static int
wrong(const struct state *state, struct kymo_error *error)
{
	return kymo_error_set(error, "alerts' states: %s",
	    sqlite3_errmsg(state->db));
}

static int
exec(struct state *state, const char *sql, struct kymo_error *error)
{
	return sqlite3_exec(state->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 :
	    wrong(state, error);
}

static void
rollback(void *of)
{
	struct state *state = of;

	if (!sqlite3_get_autocommit(state->db))
		sqlite3_exec(state->db, "ROLLBACK", NULL, NULL, NULL);
}

static int
begin(void *of, struct kymo_error *error)
{
	/* One for which there was no memory. */
	rollback(of);
	return exec(of, "BEGIN IMMEDIATE", error);
}

static int
commit(void *of, struct kymo_error *error)
{
	return exec(of, "COMMIT", error);
}

static int
put(void *of, char kind, const char *key, const char *text,
    struct kymo_error *error)
{
	struct state *state = of;
	sqlite3_stmt *statement = text == NULL ? state->drop : state->put;
	char name[2] = {kind, '\0'};
	int status;

	sqlite3_bind_text(statement, 1, name, -1, SQLITE_TRANSIENT);
	sqlite3_bind_text(statement, 2, key, -1, SQLITE_STATIC);
	if (text != NULL)
		sqlite3_bind_text(statement, 3, text, -1, SQLITE_STATIC);
	status = sqlite3_step(statement);
	sqlite3_reset(statement);
	sqlite3_clear_bindings(statement);
	return status == SQLITE_DONE ? 0 : wrong(state, error);
}

static int
row_tell(sqlite3_stmt *row, int (*each)(void *to, char kind, const char *key,
    const char *text), void *to, struct kymo_error *error)
{
	const unsigned char *kind = sqlite3_column_text(row, 0),
	    *key = sqlite3_column_text(row, 1),
	    *text = sqlite3_column_text(row, 2);

	if (kind == NULL || key == NULL || text == NULL)
		return kymo_error_set(error, "no memory for alerts' states");
	return each(to, (char)kind[0], (const char *)key, (const char *)text);
}

static int
load(void *of, int (*each)(void *to, char kind, const char *key,
    const char *text), void *to, struct kymo_error *error)
{
	struct state *state = of;
	sqlite3_stmt *all = NULL;
	int status = SQLITE_ERROR, result = 0;

	/* Alerts before groups, which have them. */
	if (sqlite3_prepare_v2(state->db, "SELECT kind, key, value FROM"
	    " alert_state ORDER BY kind, key", -1, &all, NULL) == SQLITE_OK)
		while (result == 0 &&
		    (status = sqlite3_step(all)) == SQLITE_ROW)
			result = row_tell(all, each, to, error);
	if (result == 0 && status != SQLITE_DONE)
		result = wrong(state, error);
	sqlite3_finalize(all);
	return result;
}

static int
prepare(struct kymo_alerts_store *store, struct kymo_error *error)
{
	struct state *state = store->of;

	if (exec(state, schema, error) != 0)
		return -1;
	if (sqlite3_prepare_v3(state->db, "INSERT OR REPLACE INTO alert_state"
	    " VALUES (?, ?, ?)", -1, SQLITE_PREPARE_PERSISTENT, &state->put,
	    NULL) == SQLITE_OK && sqlite3_prepare_v3(state->db, "DELETE FROM"
	    " alert_state WHERE kind = ? AND key = ?", -1,
	    SQLITE_PREPARE_PERSISTENT, &state->drop, NULL) == SQLITE_OK)
		return 0;
	return wrong(state, error);
}

static struct state *
store_new(struct kymo_alerts_store *store, struct kymo_error *error)
{
	struct state *state = calloc(1, sizeof(*state));

	*store = (struct kymo_alerts_store){.of = state, .begin = begin,
	    .commit = commit, .rollback = rollback, .put = put, .load = load};
	if (state == NULL)
		kymo_error_set(error, "no memory");
	return state;
}

int
kymo_alerts_store_on(struct kymo_alerts_store *store, struct sqlite3 *db,
    struct kymo_error *error)
{
	struct state *state = store_new(store, error);

	if (state == NULL)
		return -1;
	state->db = db;
	if (prepare(store, error) == 0)
		return 0;
	kymo_alerts_store_close(store);
	return -1;
}

int
kymo_alerts_store_open(struct kymo_alerts_store *store, const char *path,
    struct kymo_error *error)
{
	struct state *state = store_new(store, error);

	if (state == NULL)
		return -1;
	state->ours = true;
	kyi_private_file(path);
	if (sqlite3_open_v2(path, &state->db, SQLITE_OPEN_READWRITE |
	    SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK) {
		sqlite3_busy_timeout(state->db, BUSY_MS);
		if (exec(state, "PRAGMA journal_mode = WAL;"
		    "PRAGMA synchronous = NORMAL", error) == 0 &&
		    prepare(store, error) == 0)
			return 0;
	} else
		kymo_error_set(error, "%s: %s", path, state->db == NULL ?
		    "no memory" : sqlite3_errmsg(state->db));
	kymo_alerts_store_close(store);
	return -1;
}

/* ---- to be looked at ------------------------------------------------------ */

static int
nothing(void *of, struct kymo_error *error)
{
	(void)of;
	(void)error;
	return 0;
}

static void
nothing_back(void *of)
{
	(void)of;
}

static int
nothing_put(void *of, char kind, const char *key, const char *text,
    struct kymo_error *error)
{
	(void)of;
	(void)kind;
	(void)key;
	(void)text;
	(void)error;
	return 0;
}

int
kymo_alerts_store_read(struct kymo_alerts_store *store, const char *path,
    struct kymo_error *error)
{
	struct state *state = store_new(store, error);

	if (state == NULL)
		return -1;
	store->begin = store->commit = nothing;
	store->rollback = nothing_back;
	store->put = nothing_put;
	state->ours = true;
	if (sqlite3_open_v2(path, &state->db, SQLITE_OPEN_READONLY |
	    SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK) {
		sqlite3_busy_timeout(state->db, BUSY_MS);
		return 0;
	}
	kymo_error_set(error, "%s: %s", path, state->db == NULL ?
	    "no memory" : sqlite3_errmsg(state->db));
	kymo_alerts_store_close(store);
	return -1;
}

void
kymo_alerts_store_close(struct kymo_alerts_store *store)
{
	struct state *state = store->of;

	if (state == NULL)
		return;
	sqlite3_finalize(state->put);
	sqlite3_finalize(state->drop);
	if (state->ours)
		sqlite3_close(state->db);
	free(state);
	*store = (struct kymo_alerts_store){0};
}
