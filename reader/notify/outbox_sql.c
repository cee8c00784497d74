/* SPDX-License-Identifier: MIT */
/* The outbox' tables and statements. Sums are kept by triggers, so that they
   are part of whatever transaction changes the rows. */
#include "reader/notify/outbox_sql.h"

const char kyi_outbox_schema[] =
    "CREATE TABLE IF NOT EXISTS outbox ("
    " seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,"
    " receiver TEXT NOT NULL, group_key TEXT NOT NULL,"
    " firing INTEGER NOT NULL, dead INTEGER NOT NULL DEFAULT 0,"
    " aside INTEGER NOT NULL DEFAULT 0, added_ms INTEGER NOT NULL,"
    " deadline_ms INTEGER NOT NULL, next_ms INTEGER NOT NULL DEFAULT 0,"
    " attempts INTEGER NOT NULL DEFAULT 0, says BLOB NOT NULL,"
    " body TEXT NOT NULL, payload BLOB, why TEXT NOT NULL DEFAULT '',"
    " bytes INTEGER NOT NULL);"
    "CREATE INDEX IF NOT EXISTS outbox_waits ON outbox (dead, receiver, seq);"
    "CREATE INDEX IF NOT EXISTS outbox_group"
    " ON outbox (dead, receiver, group_key, seq);"
    "CREATE TABLE IF NOT EXISTS outbox_receiver ("
    " receiver TEXT PRIMARY KEY, failures INTEGER NOT NULL,"
    " hold_ms INTEGER NOT NULL, why TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS outbox_alert ("
    " receiver TEXT NOT NULL, fingerprint TEXT NOT NULL, alert TEXT NOT NULL,"
    " resolved_ms INTEGER NOT NULL, PRIMARY KEY (receiver, fingerprint))"
    " WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS outbox_thread ("
    " receiver TEXT NOT NULL, group_key TEXT NOT NULL, id TEXT NOT NULL,"
    " PRIMARY KEY (receiver, group_key)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS outbox_address ("
    " receiver TEXT PRIMARY KEY, address TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS outbox_total ("
    " one INTEGER PRIMARY KEY CHECK (one = 1), version INTEGER NOT NULL,"
    " bytes INTEGER NOT NULL DEFAULT 0, waiting INTEGER NOT NULL DEFAULT 0,"
    " dead INTEGER NOT NULL DEFAULT 0, dead_bytes INTEGER NOT NULL DEFAULT 0,"
    " added INTEGER NOT NULL DEFAULT 0,"
    " coalesced INTEGER NOT NULL DEFAULT 0,"
    " delivered INTEGER NOT NULL DEFAULT 0,"
    " failed INTEGER NOT NULL DEFAULT 0, died INTEGER NOT NULL DEFAULT 0,"
    " forgotten INTEGER NOT NULL DEFAULT 0);"
    "INSERT OR IGNORE INTO outbox_total (one, version) VALUES (1, 1);"
    "CREATE TRIGGER IF NOT EXISTS outbox_in AFTER INSERT ON outbox BEGIN"
    " UPDATE outbox_total SET bytes = bytes + new.bytes,"
    " waiting = waiting + 1, added = added + 1; END;"
    "CREATE TRIGGER IF NOT EXISTS outbox_out AFTER DELETE ON outbox BEGIN"
    " UPDATE outbox_total SET bytes = bytes - old.bytes,"
    " waiting = waiting - (old.dead = 0), dead = dead - (old.dead = 1),"
    " dead_bytes = dead_bytes - old.dead * old.bytes; END;"
    "CREATE TRIGGER IF NOT EXISTS outbox_change"
    " AFTER UPDATE OF dead, bytes ON outbox BEGIN"
    " UPDATE outbox_total SET bytes = bytes + new.bytes - old.bytes,"
    " waiting = waiting + (new.dead = 0) - (old.dead = 0),"
    " dead = dead + (new.dead = 1) - (old.dead = 1),"
    " dead_bytes = dead_bytes + new.dead * new.bytes - old.dead * old.bytes;"
    " END;";

const char *const kyi_outbox_sql[KYI_SQL_CNT] = {
    [KYI_SQL_BEGIN] = "BEGIN IMMEDIATE",
    [KYI_SQL_COMMIT] = "COMMIT",
    [KYI_SQL_SAVE] = "SAVEPOINT kymo_outbox",
    [KYI_SQL_RELEASE] = "RELEASE kymo_outbox",
    [KYI_SQL_UNDO] = "ROLLBACK",
    [KYI_SQL_UNDO_SAVE] = "ROLLBACK TO kymo_outbox",
    [KYI_SQL_INSERT] = "INSERT INTO outbox (id, receiver, group_key, firing,"
	" added_ms, deadline_ms, says, body, bytes)"
	" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [KYI_SQL_GROUP] = "SELECT seq, says FROM outbox WHERE dead = 0 AND"
	" receiver = ? AND group_key = ? AND attempts = 0 ORDER BY seq"
	" LIMIT 512",
    [KYI_SQL_SUPERSEDE] = "DELETE FROM outbox WHERE dead = 0 AND receiver = ?"
	" AND group_key = ? AND attempts = 0 AND seq < ?",
    [KYI_SQL_BYTES] = "SELECT bytes, dead_bytes FROM outbox_total",
    [KYI_SQL_FORGET] = "DELETE FROM outbox WHERE seq ="
	" (SELECT min(seq) FROM outbox WHERE dead = 1)",
    [KYI_SQL_COALESCED] = "UPDATE outbox_total SET coalesced = coalesced + ?",
    [KYI_SQL_FORGOTTEN] = "UPDATE outbox_total SET forgotten = forgotten + 1",
    [KYI_SQL_WALK] = "SELECT seq, group_key, aside, next_ms FROM outbox"
	" WHERE dead = 0 AND receiver = ? ORDER BY seq",
    [KYI_SQL_TAKE] = "SELECT id, group_key, firing, aside, attempts, added_ms,"
	" body, payload FROM outbox WHERE seq = ?",
    [KYI_SQL_MORE] = "SELECT seq FROM outbox WHERE dead = 0 AND receiver = ?1"
	" AND seq > ?2 AND NOT EXISTS (SELECT 1 FROM outbox WHERE dead = 0"
	" AND receiver = ?1 AND aside = 1) ORDER BY seq LIMIT ?3",
    [KYI_SQL_TRIED] = "UPDATE outbox SET attempts = attempts + 1,"
	" bytes = bytes + CASE WHEN payload IS NULL THEN ? ELSE 0 END,"
	" payload = ? WHERE seq = ?",
    [KYI_SQL_DELETE] = "DELETE FROM outbox WHERE seq = ?",
    [KYI_SQL_DELIVERED] = "UPDATE outbox_total SET delivered = delivered + 1",
    [KYI_SQL_PUT_OFF] = "UPDATE outbox SET next_ms = ?, why = ?"
	" WHERE seq = ?",
    [KYI_SQL_FAILED] = "UPDATE outbox_total SET failed = failed + 1",
    [KYI_SQL_DIE] = "UPDATE outbox SET dead = 1, why = ? WHERE seq = ?",
    [KYI_SQL_DIED] = "UPDATE outbox_total SET died = died + 1,"
	" failed = failed + 1",
    [KYI_SQL_ASIDE] = "UPDATE outbox SET aside = 1 WHERE seq = ?",
    [KYI_SQL_EXPIRE] = "UPDATE outbox SET dead = 1, why = CASE WHEN why = ''"
	" THEN 'its deadline passed' ELSE 'its deadline passed; ' || why END"
	" WHERE dead = 0 AND deadline_ms BETWEEN 1 AND ?",
    [KYI_SQL_EXPIRED] = "UPDATE outbox_total SET died = died + ?",
    [KYI_SQL_SPARE] = "UPDATE outbox SET deadline_ms = ?1 WHERE dead = 0"
	" AND deadline_ms BETWEEN 1 AND ?1",
    [KYI_SQL_STRAYS] = "SELECT DISTINCT receiver FROM outbox WHERE dead = 0",
    [KYI_SQL_STRAY] = "UPDATE outbox SET dead = 1,"
	" why = 'no receiver has this name any more, and not one its address;"
	" give one the name, and have it tried again' WHERE dead = 0"
	" AND receiver = ?",
    [KYI_SQL_HEALTH] = "SELECT failures, hold_ms, why FROM outbox_receiver"
	" WHERE receiver = ?",
    [KYI_SQL_SET_HEALTH] = "INSERT OR REPLACE INTO outbox_receiver"
	" VALUES (?, ?, ?, ?)",
    [KYI_SQL_LIST] = "SELECT id, o.receiver, group_key, firing, dead,"
	" added_ms, deadline_ms, attempts, o.why, body,"
	" max(next_ms, ifnull(hold_ms, 0)), ifnull(r.why, ''), seq"
	" FROM outbox o"
	" LEFT JOIN outbox_receiver r ON r.receiver = o.receiver"
	" WHERE +dead = ? AND seq > ? ORDER BY seq",
    [KYI_SQL_RETRY] = "UPDATE outbox SET dead = 0, aside = 0, next_ms = 0,"
	" deadline_ms = CASE WHEN firing THEN ? ELSE 0 END"
	" WHERE dead = 1 AND (? = '' OR id = ?)",
    [KYI_SQL_STATS] = "SELECT waiting, dead, bytes, added, coalesced,"
	" delivered, failed, died, forgotten FROM outbox_total",
    [KYI_SQL_ALERT_PUT] = "INSERT OR REPLACE INTO outbox_alert"
	" VALUES (?, ?, ?, ?)",
    /* What fires has the time when it was said, negative; 0 before that was
       noted. */
    [KYI_SQL_ALERT_OLD] = "DELETE FROM outbox_alert WHERE receiver = ? AND"
	" (resolved_ms BETWEEN 1 AND ? OR resolved_ms BETWEEN ? AND -1)",
    [KYI_SQL_ALERT_SEEN] = "UPDATE outbox_alert SET resolved_ms = ?"
	" WHERE receiver = ? AND resolved_ms = 0",
    [KYI_SQL_ALERT_GET] = "SELECT fingerprint, alert FROM outbox_alert"
	" WHERE receiver = ? AND fingerprint > ? ORDER BY fingerprint LIMIT ?",
    [KYI_SQL_THREAD] = "SELECT id FROM outbox_thread WHERE receiver = ? AND"
	" group_key = ?",
    [KYI_SQL_THREAD_PUT] = "INSERT OR IGNORE INTO outbox_thread"
	" VALUES (?, ?, ?)",
    [KYI_SQL_THREAD_END] = "DELETE FROM outbox_thread WHERE receiver = ? AND"
	" group_key = ?",
    [KYI_SQL_ADDRESS] = "SELECT address FROM outbox_address"
	" WHERE receiver = ?",
    [KYI_SQL_ADDRESS_PUT] = "INSERT INTO outbox_address VALUES (?, ?)"
	" ON CONFLICT (receiver) DO UPDATE SET address = excluded.address"
	" WHERE address != excluded.address",
    [KYI_SQL_INHERIT] = "UPDATE outbox SET receiver = ? WHERE dead = 0"
	" AND receiver = ?",
    [KYI_SQL_INHERIT_THREAD] = "UPDATE OR IGNORE outbox_thread"
	" SET receiver = ? WHERE receiver = ?"
};
