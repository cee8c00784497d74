/* SPDX-License-Identifier: MIT */
/* Alerts' states in a table of an SQLite database. */
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "reader/private_file.h"
#include "reader/rules/rules.h"

#define BUSY_MS 2000

struct state {
	sqlite3 *db;
	sqlite3_stmt *put, *drop, *at;
};

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS alert (rule TEXT NOT NULL,"
    " labels TEXT NOT NULL, state INTEGER NOT NULL, active_ms INTEGER,"
    " fired_ms INTEGER, keep_firing_ms INTEGER, resolved_ms INTEGER,"
    " value REAL, PRIMARY KEY (rule, labels)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS alert_at (one INTEGER PRIMARY KEY"
    " CHECK (one = 1), at_ms INTEGER NOT NULL);";

static int
wrong(struct state *state, struct kymo_error *error)
{
	return kymo_error_set(error, "alerts' states: %s",
	    sqlite3_errmsg(state->db));
}

static int
load(void *of, int64_t *at_ms,
    int (*each)(void *to, const struct kymo_alert_saved *alert), void *to,
    struct kymo_error *error)
{
	struct state *state = of;
	sqlite3_stmt *all = NULL;
	int status, result = 0;

	*at_ms = 0;
	if (sqlite3_prepare_v2(state->db, "SELECT at_ms FROM alert_at", -1,
	    &all, NULL) == SQLITE_OK && sqlite3_step(all) == SQLITE_ROW)
		*at_ms = sqlite3_column_int64(all, 0);
	sqlite3_finalize(all);
	if (sqlite3_prepare_v2(state->db, "SELECT rule, labels, state,"
	    " active_ms, fired_ms, keep_firing_ms, resolved_ms, value"
	    " FROM alert", -1, &all, NULL) != SQLITE_OK)
		return wrong(state, error);
	while ((status = sqlite3_step(all)) == SQLITE_ROW && result == 0) {
		int word = sqlite3_column_int(all, 2);
		struct kymo_alert_saved saved = {
		    .rule = (const char *)sqlite3_column_text(all, 0),
		    .labels = (const char *)sqlite3_column_text(all, 1),
		    .state = (enum kymo_alert_state)word,
		    .active_ms = sqlite3_column_int64(all, 3),
		    .fired_ms = sqlite3_column_int64(all, 4),
		    .keep_firing_ms = sqlite3_column_int64(all, 5),
		    .resolved_ms = sqlite3_column_int64(all, 6),
		    .value = sqlite3_column_double(all, 7)};

		if (saved.rule != NULL && saved.labels != NULL && word >= 0 &&
		    word <= KYMO_ALERT_FIRING)
			result = each(to, &saved);
	}
	if (status != SQLITE_DONE && result == 0)
		result = wrong(state, error);
	sqlite3_finalize(all);
	return result;
}

static int
run(struct state *state, sqlite3_stmt *statement)
{
	int status = sqlite3_step(statement);

	(void)state;
	sqlite3_reset(statement);
	sqlite3_clear_bindings(statement);
	return status == SQLITE_DONE ? 0 : -1;
}

static int
write_one(struct state *state, const struct kymo_alert_saved *saved)
{
	sqlite3_stmt *statement = saved->gone ? state->drop : state->put;

	sqlite3_bind_text(statement, 1, saved->rule, -1, SQLITE_STATIC);
	sqlite3_bind_text(statement, 2, saved->labels, -1, SQLITE_STATIC);
	if (!saved->gone) {
		sqlite3_bind_int(statement, 3, (int)saved->state);
		sqlite3_bind_int64(statement, 4, saved->active_ms);
		sqlite3_bind_int64(statement, 5, saved->fired_ms);
		sqlite3_bind_int64(statement, 6, saved->keep_firing_ms);
		sqlite3_bind_int64(statement, 7, saved->resolved_ms);
		sqlite3_bind_double(statement, 8, saved->value);
	}
	return run(state, statement);
}

static int
write_all(void *of, int64_t at_ms, const struct kymo_alert_saved *alerts,
    uint32_t cnt, struct kymo_error *error)
{
	struct state *state = of;
	uint32_t i;

	/* One that could not be ended for want of memory. */
	if (!sqlite3_get_autocommit(state->db))
		sqlite3_exec(state->db, "ROLLBACK", NULL, NULL, NULL);
	if (sqlite3_exec(state->db, "BEGIN IMMEDIATE", NULL, NULL, NULL) !=
	    SQLITE_OK)
		return wrong(state, error);
	for (i = 0; i < cnt; i++)
		if (write_one(state, &alerts[i]) != 0)
			goto fail;
	sqlite3_bind_int64(state->at, 1, at_ms);
	if (run(state, state->at) != 0 || sqlite3_exec(state->db, "COMMIT",
	    NULL, NULL, NULL) != SQLITE_OK)
		goto fail;
	return 0;
fail:
	wrong(state, error);
	sqlite3_exec(state->db, "ROLLBACK", NULL, NULL, NULL);
	return -1;
}

static int
prepare(struct state *state)
{
	static const char put[] = "INSERT OR REPLACE INTO alert VALUES"
	    " (?, ?, ?, ?, ?, ?, ?, ?)";
	static const char drop[] = "DELETE FROM alert WHERE rule = ? AND"
	    " labels = ?";
	static const char at[] = "INSERT OR REPLACE INTO alert_at VALUES"
	    " (1, ?)";

	sqlite3_busy_timeout(state->db, BUSY_MS);
	return sqlite3_exec(state->db, "PRAGMA journal_mode = WAL;"
	    "PRAGMA synchronous = NORMAL", NULL, NULL, NULL) == SQLITE_OK &&
	    sqlite3_exec(state->db, schema, NULL, NULL, NULL) == SQLITE_OK &&
	    sqlite3_prepare_v3(state->db, put, -1, SQLITE_PREPARE_PERSISTENT,
	    &state->put, NULL) == SQLITE_OK &&
	    sqlite3_prepare_v3(state->db, drop, -1, SQLITE_PREPARE_PERSISTENT,
	    &state->drop, NULL) == SQLITE_OK &&
	    sqlite3_prepare_v3(state->db, at, -1, SQLITE_PREPARE_PERSISTENT,
	    &state->at, NULL) == SQLITE_OK ? 0 : -1;
}

int
kymo_rule_store_open(struct kymo_rule_store *store, const char *path,
    struct kymo_error *error)
{
	struct state *state = calloc(1, sizeof(*state));

	*store = (struct kymo_rule_store){.load = load, .write = write_all};
	if (state == NULL)
		return kymo_error_set(error, "no memory");
	store->of = state;
	kyi_private_file(path);
	if (sqlite3_open_v2(path, &state->db, SQLITE_OPEN_READWRITE |
	    SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK &&
	    prepare(state) == 0)
		return 0;
	kymo_error_set(error, "%s: %s", path, state->db == NULL ? "no memory" :
	    sqlite3_errmsg(state->db));
	kymo_rule_store_close(store);
	return -1;
}

void
kymo_rule_store_close(struct kymo_rule_store *store)
{
	struct state *state = store->of;

	if (state == NULL)
		return;
	sqlite3_finalize(state->put);
	sqlite3_finalize(state->drop);
	sqlite3_finalize(state->at);
	sqlite3_close(state->db);
	free(state);
	*store = (struct kymo_rule_store){0};
}
