/* SPDX-License-Identifier: MIT */
/* A history with tiers, and a look into its database. */
#ifndef TESTS_TESTLIB_HISTORY_DB_H
#define TESTS_TESTLIB_HISTORY_DB_H

#include "reader/history/store_db.h"
#include "tests/testlib/history.h"

#define STEADY_S 700 /* what is too old goes only when clocks went well */

TESTLIB_UNUSED static const struct kymo_history_tier tiers[KYMO_TIER_MAX] = {
	{ 1000, 200000, 0 },
	{ 5000, 1000000, 0 },
	{ 60000, 0, 0 },
};

TESTLIB_UNUSED static void
tiers_set(struct kymo_history_options *options)
{
	memcpy(options->tiers, tiers, sizeof tiers);
}

TESTLIB_UNUSED static void
both_with(struct both *both, const struct kymo_history_options *more)
{
	both_new(both);
	kymo_history_delete(both->stored);
	unlink(both->path);
	both->stored = stored_with(both->path, more);
}

TESTLIB_UNUSED static void
reopen_with(struct both *both, const struct kymo_history_options *more)
{
	kymo_history_delete(both->stored);
	both->stored = stored_with(both->path, more);
	both->mono_ns = 0;
}

TESTLIB_UNUSED static int
rows_in(const char *path, const char *sql)
{
	sqlite3_stmt *statement;
	sqlite3 *db;
	int cnt;

	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL),
	    SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL),
	    SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	cnt = sqlite3_column_int(statement, 0);
	sqlite3_finalize(statement);
	sqlite3_close(db);
	return cnt;
}

#endif
