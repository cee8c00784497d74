/* SPDX-License-Identifier: MIT */
/* The outbox to people: what waits, what is dead, how many. */
#include "reader/notify/outbox_sql.h"

static const char *
text(sqlite3_stmt *row, int column)
{
	const char *at = (const char *)sqlite3_column_text(row, column);

	return at == NULL ? "" : at;
}

int
kymo_outbox_list(struct kymo_outbox *outbox, bool dead, int64_t after,
    int (*each)(void *to, const struct kymo_outbox_entry *entry), void *to,
    struct kymo_error *error)
{
	sqlite3_stmt *rows = kyi_outbox_bind(outbox, KYI_SQL_LIST, error, "ii",
	    (int64_t)dead, after);
	int status = SQLITE_DONE, result = 0;

	if (rows == NULL)
		return -1;
	while (result == 0 && (status = sqlite3_step(rows)) == SQLITE_ROW) {
		const struct kymo_outbox_entry entry = {
		    .id = text(rows, 0), .receiver = text(rows, 1),
		    .group_key = text(rows, 2),
		    .firing = sqlite3_column_int(rows, 3) != 0,
		    .dead = sqlite3_column_int(rows, 4) != 0,
		    .added_ms = sqlite3_column_int64(rows, 5),
		    .deadline_ms = sqlite3_column_int64(rows, 6),
		    .attempts = (uint32_t)sqlite3_column_int64(rows, 7),
		    .why = text(rows, 8), .body = text(rows, 9),
		    .next_ms = sqlite3_column_int64(rows, 10),
		    .receiver_why = text(rows, 11),
		    .seq = sqlite3_column_int64(rows, 12) };

		result = each(to, &entry);
	}
	if (result == 0 && status != SQLITE_DONE)
		result = kyi_outbox_wrong(outbox, error);
	kyi_outbox_done(rows);
	return result;
}

int
kymo_outbox_retry(struct kymo_outbox *outbox, const char *id, int64_t now_ms,
    struct kymo_error *error)
{
	if (id == NULL)
		id = "";
	if (kyi_outbox_run(outbox, KYI_SQL_RETRY, error, "itt",
	    now_ms + outbox->deadline_ms, id, id) != 0)
		return -1;
	outbox->changes++;
	return sqlite3_changes(outbox->db);
}

int
kymo_outbox_stats(struct kymo_outbox *outbox, struct kymo_outbox_stats *stats,
    struct kymo_error *error)
{
	sqlite3_stmt *row = kyi_outbox_bind(outbox, KYI_SQL_STATS, error, "");
	uint64_t *const to[] = { &stats->waiting, &stats->dead, &stats->bytes,
	    &stats->added, &stats->coalesced, &stats->delivered,
	    &stats->failed, &stats->died, &stats->forgotten };
	size_t i;
	int status;

	*stats = (struct kymo_outbox_stats){ .refused = outbox->refused };
	if (row == NULL)
		return -1;
	status = sqlite3_step(row);
	for (i = 0; status == SQLITE_ROW && i < sizeof(to) / sizeof(*to); i++)
		*to[i] = (uint64_t)sqlite3_column_int64(row, (int)i);
	kyi_outbox_done(row);
	return status == SQLITE_ROW ? 0 : kyi_outbox_wrong(outbox, error);
}
