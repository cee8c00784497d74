/* SPDX-License-Identifier: MIT */
/* The outbox to the notifier: letters, and what became of an attempt. */
#ifndef KYI_NOTIFY_OUTBOX_H
#define KYI_NOTIFY_OUTBOX_H

#include <sqlite3.h>

#include "reader/notify/notify.h"

#define KYI_LETTER_ID_BYTES 32u /* "msg_", 26 characters, NUL */

/* Statements, as kyi_outbox_sql has them. */
enum kyi_outbox_sql {
	KYI_SQL_BEGIN,
	KYI_SQL_COMMIT,
	KYI_SQL_SAVE,
	KYI_SQL_RELEASE,
	KYI_SQL_UNDO,
	KYI_SQL_UNDO_SAVE,
	KYI_SQL_INSERT,
	KYI_SQL_GROUP,
	KYI_SQL_SUPERSEDE,
	KYI_SQL_BYTES,
	KYI_SQL_FORGET,
	KYI_SQL_COALESCED,
	KYI_SQL_FORGOTTEN,
	KYI_SQL_WALK,
	KYI_SQL_TAKE,
	KYI_SQL_MORE,
	KYI_SQL_TRIED,
	KYI_SQL_DELETE,
	KYI_SQL_DELIVERED,
	KYI_SQL_PUT_OFF,
	KYI_SQL_FAILED,
	KYI_SQL_DIE,
	KYI_SQL_DIED,
	KYI_SQL_ASIDE,
	KYI_SQL_EXPIRE,
	KYI_SQL_EXPIRED,
	KYI_SQL_SPARE,
	KYI_SQL_STRAYS,
	KYI_SQL_STRAY,
	KYI_SQL_HEALTH,
	KYI_SQL_SET_HEALTH,
	KYI_SQL_LIST,
	KYI_SQL_RETRY,
	KYI_SQL_STATS,
	KYI_SQL_ALERT_PUT,
	KYI_SQL_ALERT_OLD,
	KYI_SQL_ALERT_SEEN,
	KYI_SQL_ALERT_GET,
	KYI_SQL_THREAD,
	KYI_SQL_THREAD_PUT,
	KYI_SQL_THREAD_END,
	KYI_SQL_ADDRESS,
	KYI_SQL_ADDRESS_PUT,
	KYI_SQL_INHERIT,
	KYI_SQL_INHERIT_THREAD,
	KYI_SQL_CNT
};

struct kymo_outbox {
	sqlite3 *db;
	bool db_is_ours;
	sqlite3_stmt *statements[KYI_SQL_CNT];
	uint64_t bytes_max;
	int64_t deadline_ms;
	uint32_t alert_max;
	uint64_t refused;
	/* Goes up when something may have come to wait: a notifier that saw
	   this value need not look again. */
	uint64_t changes;
};

/* kyi_outbox_bind: a statement with its parameters: 't' a text, 'i' an
   int64_t, 'b' bytes and their number (size_t). NULL: error says why. To be
   reset by kyi_outbox_done. */
sqlite3_stmt *kyi_outbox_bind(struct kymo_outbox *outbox,
    enum kyi_outbox_sql sql, struct kymo_error *error, const char *types, ...);
void kyi_outbox_done(sqlite3_stmt *statement);
/* The same of a statement without rows. */
KYMO_MUST_CHECK int kyi_outbox_run(struct kymo_outbox *outbox,
    enum kyi_outbox_sql sql, struct kymo_error *error, const char *types, ...);
/* The same of what undoes; ready since the outbox was opened, for it may be memory
   that was missing. */
void kyi_outbox_undo(struct kymo_outbox *outbox, enum kyi_outbox_sql sql);
int kyi_outbox_wrong(const struct kymo_outbox *outbox,
    struct kymo_error *error);

/* ---- for the notifier ---------------------------------------------------------------- */

struct kyi_letter {
	int64_t seq;
	char id[KYI_LETTER_ID_BYTES];
	char *group_key;
	bool firing, aside;
	uint32_t attempts; /* before this one */
	int64_t added_ms;
	char *body;
	/* What is sent, once it was made: never made again. */
	void *payload;
	size_t payload_bytes;
};
void kyi_letter_free(struct kyi_letter *letter);

/* kyi_outbox_next finds what the receiver is to get next: 1, and *letter;
   0: nothing before *due_ms (INT64_MAX: nothing waits). pass_head: of another
   group than the first that waits, if there is one. */
KYMO_MUST_CHECK int kyi_outbox_next(struct kymo_outbox *outbox,
    const char *receiver, int64_t now_ms, bool pass_head,
    struct kyi_letter *letter, int64_t *due_ms, struct kymo_error *error);
/* The letter of this number: 1. */
KYMO_MUST_CHECK int kyi_outbox_take(struct kymo_outbox *outbox, int64_t seq,
    struct kyi_letter *letter, struct kymo_error *error);
/* An attempt begins: from here on the letter is what it is. */
KYMO_MUST_CHECK int kyi_outbox_tried(struct kymo_outbox *outbox,
    const struct kyi_letter *letter, struct kymo_error *error);

/* How a receiver does, over restarts. */
struct kyi_health {
	uint32_t failures; /* attempts in a row */
	int64_t hold_ms;   /* nothing before; 0 */
	char why[400];
};
KYMO_MUST_CHECK int kyi_outbox_health(struct kymo_outbox *outbox,
    const char *receiver, struct kyi_health *health, struct kymo_error *error);

/* An attempt's end, with the receiver's health after it: each one transaction.
   left, where it is not NULL, is part of it: the letter leaves for good. What
   was delivered with it, send->more, leaves with it. aside:
   the letter that is left aside now, since one of another group went through
   (0: none). */
struct kyi_send;
typedef int kyi_left_fn(struct kymo_outbox *outbox,
    const struct kyi_send *send, struct kymo_error *error);
KYMO_MUST_CHECK int kyi_outbox_delivered(struct kymo_outbox *outbox,
    int64_t seq, int64_t aside, const char *receiver,
    const struct kyi_health *health, kyi_left_fn *left,
    const struct kyi_send *send, struct kymo_error *error);
KYMO_MUST_CHECK int kyi_outbox_failed(struct kymo_outbox *outbox, int64_t seq,
    int64_t next_ms, const char *why, const char *receiver,
    const struct kyi_health *health, struct kymo_error *error);
KYMO_MUST_CHECK int kyi_outbox_died(struct kymo_outbox *outbox, int64_t seq,
    const char *why, const char *receiver, const struct kyi_health *health,
    kyi_left_fn *left, const struct kyi_send *send, struct kymo_error *error);

/* Firing letters whose time is over become dead; returns how many, -1. */
int kyi_outbox_expire(struct kymo_outbox *outbox, int64_t now_ms,
    struct kymo_error *error);
/* The same of all that waits for a receiver that nobody knows. */
int kyi_outbox_stray(struct kymo_outbox *outbox, const char *receiver,
    struct kymo_error *error);

#endif
