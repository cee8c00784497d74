/* SPDX-License-Identifier: MIT */
/* Which letter is next, and what became of it. */
#include "reader/notify/outbox_sql.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reader/notify/send.h"

/* ---- which is next ------------------------------------------------------------------- */

/* Groups whose turn it is not: one of theirs is left aside until its time. */
#define BLOCKED_MAX 32u

struct walk {
	struct { char *key; } blocked[BLOCKED_MAX];
	uint32_t blocked_cnt;
	char *passed; /* the group of the first that waits */
	int64_t due_ms;
	bool failed;
};

static void
walk_end(struct walk *walk)
{
	while (walk->blocked_cnt > 0)
		free(walk->blocked[--walk->blocked_cnt].key);
	free(walk->passed);
}

static bool
is_blocked(const struct walk *walk, const char *key)
{
	uint32_t i;

	for (i = 0; i < walk->blocked_cnt; i++)
		if (strcmp(walk->blocked[i].key, key) == 0)
			return true;
	return walk->passed != NULL && strcmp(walk->passed, key) == 0;
}

/* Whether this row is the one. stop: none after it can be. */
static bool
row_takes(struct walk *walk, sqlite3_stmt *row, int64_t now_ms, bool pass_head,
    bool *stop)
{
	const char *key = (const char *)sqlite3_column_text(row, 1);
	bool aside = sqlite3_column_int(row, 2) != 0;
	int64_t next_ms = sqlite3_column_int64(row, 3);

	walk->failed |= key == NULL;
	if (key == NULL || is_blocked(walk, key))
		return false;
	if (aside && next_ms > now_ms) {
		if (next_ms < walk->due_ms)
			walk->due_ms = next_ms;
		/* With too many of them, they are in everybody's way. */
		*stop = walk->blocked_cnt == BLOCKED_MAX;
		if (*stop)
			return false;
		walk->blocked[walk->blocked_cnt].key = strdup(key);
		walk->failed |= walk->blocked[walk->blocked_cnt].key == NULL;
		*stop = walk->failed;
		walk->blocked_cnt += !walk->failed;
		return false;
	}
	if (pass_head && walk->passed == NULL) {
		walk->passed = strdup(key);
		walk->failed |= *stop = walk->passed == NULL;
		return false;
	}
	return true;
}

int
kyi_outbox_take(struct kymo_outbox *outbox, int64_t seq,
    struct kyi_letter *letter, struct kymo_error *error)
{
	sqlite3_stmt *row = kyi_outbox_bind(outbox, KYI_SQL_TAKE, error, "i",
	    seq);
	const char *id, *key, *body;
	const void *payload;
	size_t payload_bytes;

	*letter = (struct kyi_letter){ .seq = seq };
	if (row == NULL)
		return -1;
	if (sqlite3_step(row) != SQLITE_ROW) {
		kyi_outbox_done(row);
		return kyi_outbox_wrong(outbox, error);
	}
	id = (const char *)sqlite3_column_text(row, 0);
	key = (const char *)sqlite3_column_text(row, 1);
	body = (const char *)sqlite3_column_text(row, 6);
	payload = sqlite3_column_blob(row, 7);
	payload_bytes = (size_t)sqlite3_column_bytes(row, 7);
	if (id != NULL)
		snprintf(letter->id, sizeof(letter->id), "%s", id);
	letter->firing = sqlite3_column_int(row, 2) != 0;
	letter->aside = sqlite3_column_int(row, 3) != 0;
	letter->attempts = (uint32_t)sqlite3_column_int64(row, 4);
	letter->added_ms = sqlite3_column_int64(row, 5);
	letter->group_key = key == NULL ? NULL : strdup(key);
	letter->body = body == NULL ? NULL : strdup(body);
	if (sqlite3_column_type(row, 7) != SQLITE_NULL) {
		letter->payload = malloc(payload_bytes + 1);
		letter->payload_bytes = payload_bytes;
		if (letter->payload == NULL ||
		    (payload == NULL && payload_bytes > 0))
			id = NULL;
		else if (payload_bytes > 0)
			memcpy(letter->payload, payload, payload_bytes);
	}
	kyi_outbox_done(row);
	if (id != NULL && letter->group_key != NULL && letter->body != NULL &&
	    (payload_bytes == 0 || letter->payload != NULL))
		return 1;
	kyi_letter_free(letter);
	return kymo_error_set(error, "no memory for a message");
}

void
kyi_letter_free(struct kyi_letter *letter)
{
	free(letter->group_key);
	free(letter->body);
	free(letter->payload);
	*letter = (struct kyi_letter){ .seq = 0 };
}

int
kyi_outbox_next(struct kymo_outbox *outbox, const char *receiver,
    int64_t now_ms, bool pass_head, struct kyi_letter *letter, int64_t *due_ms,
    struct kymo_error *error)
{
	struct walk walk = { .due_ms = INT64_MAX };
	sqlite3_stmt *rows = kyi_outbox_bind(outbox, KYI_SQL_WALK, error, "t",
	    receiver);
	bool stop = false, found = false;
	int64_t seq = 0, first = 0;
	int status = SQLITE_DONE;

	if (rows == NULL)
		return -1;
	while (!found && !stop &&
	    (status = sqlite3_step(rows)) == SQLITE_ROW) {
		seq = sqlite3_column_int64(rows, 0);
		found = row_takes(&walk, rows, now_ms, pass_head, &stop);
		if (first == 0 && walk.passed != NULL)
			first = seq;
	}
	if (status != SQLITE_ROW && status != SQLITE_DONE)
		kyi_outbox_wrong(outbox, error);
	else if (walk.failed)
		kymo_error_set(error, "no memory for a message");
	*due_ms = walk.due_ms;
	kyi_outbox_done(rows);
	walk_end(&walk);
	if ((status != SQLITE_ROW && status != SQLITE_DONE) || walk.failed)
		return -1;
	/* Nobody to pass it: then the first it is. */
	if (!found && first != 0)
		seq = first;
	else if (!found)
		return 0;
	return kyi_outbox_take(outbox, seq, letter, error);
}

/* ---- an attempt ------------------------------------------------------------------------ */

int
kyi_outbox_tried(struct kymo_outbox *outbox, const struct kyi_letter *letter,
    struct kymo_error *error)
{
	return kyi_outbox_run(outbox, KYI_SQL_TRIED, error, "ibi",
	    (int64_t)letter->payload_bytes, letter->payload,
	    letter->payload_bytes, letter->seq);
}

int
kyi_outbox_health(struct kymo_outbox *outbox, const char *receiver,
    struct kyi_health *health, struct kymo_error *error)
{
	sqlite3_stmt *row = kyi_outbox_bind(outbox, KYI_SQL_HEALTH, error, "t",
	    receiver);
	const char *why;
	int status;

	*health = (struct kyi_health){ .failures = 0 };
	if (row == NULL)
		return -1;
	status = sqlite3_step(row);
	if (status == SQLITE_ROW) {
		health->failures = (uint32_t)sqlite3_column_int64(row, 0);
		health->hold_ms = sqlite3_column_int64(row, 1);
		why = (const char *)sqlite3_column_text(row, 2);
		snprintf(health->why, sizeof(health->why), "%s",
		    why == NULL ? "" : why);
	}
	kyi_outbox_done(row);
	return status == SQLITE_ROW || status == SQLITE_DONE ? 0 :
	    kyi_outbox_wrong(outbox, error);
}

static int
health_set(struct kymo_outbox *outbox, const char *receiver,
    const struct kyi_health *health, struct kymo_error *error)
{
	return kyi_outbox_run(outbox, KYI_SQL_SET_HEALTH, error, "tiit",
	    receiver, (int64_t)health->failures, health->hold_ms, health->why);
}

/* Commits where all went well. */
static int
finish(struct kymo_outbox *outbox, int status, struct kymo_error *error)
{
	if (status == 0)
		return kymo_outbox_commit(outbox, error);
	kymo_outbox_rollback(outbox);
	return -1;
}

/* One of several that arrived together. */
static int
one_gone(struct kymo_outbox *outbox, kyi_left_fn *left,
    const struct kyi_send *send, const struct kyi_letter *letter,
    struct kymo_error *error)
{
	struct kyi_send one = {.outbox = outbox, .receiver = send->receiver,
	    .now_ms = send->now_ms, .letter = *letter};

	return (left != NULL && left(outbox, &one, error) != 0) ||
	    kyi_outbox_run(outbox, KYI_SQL_DELETE, error, "i",
	    letter->seq) != 0 ||
	    kyi_outbox_run(outbox, KYI_SQL_DELIVERED, error, "") != 0 ? -1 : 0;
}

static int
more_gone(struct kymo_outbox *outbox, kyi_left_fn *left,
    const struct kyi_send *send, struct kymo_error *error)
{
	uint32_t i;

	for (i = 0; send != NULL && i < send->more_cnt; i++)
		if (one_gone(outbox, left, send, &send->more[i], error) != 0)
			return -1;
	return 0;
}

int
kyi_outbox_delivered(struct kymo_outbox *outbox, int64_t seq, int64_t aside,
    const char *receiver, const struct kyi_health *health,
    kyi_left_fn *left, const struct kyi_send *send, struct kymo_error *error)
{
	if (kymo_outbox_begin(outbox, error) != 0)
		return -1;
	return finish(outbox,
	    (left != NULL && left(outbox, send, error) != 0) ||
	    kyi_outbox_run(outbox, KYI_SQL_DELETE, error, "i", seq) != 0 ||
	    kyi_outbox_run(outbox, KYI_SQL_DELIVERED, error, "") != 0 ||
	    more_gone(outbox, left, send, error) != 0 ||
	    (aside != 0 && kyi_outbox_run(outbox, KYI_SQL_ASIDE, error, "i",
	    aside) != 0) ||
	    health_set(outbox, receiver, health, error) != 0, error);
}

int
kyi_outbox_failed(struct kymo_outbox *outbox, int64_t seq, int64_t next_ms,
    const char *why, const char *receiver, const struct kyi_health *health,
    struct kymo_error *error)
{
	if (kymo_outbox_begin(outbox, error) != 0)
		return -1;
	return finish(outbox,
	    kyi_outbox_run(outbox, KYI_SQL_PUT_OFF, error, "iti", next_ms, why,
	    seq) != 0 ||
	    kyi_outbox_run(outbox, KYI_SQL_FAILED, error, "") != 0 ||
	    health_set(outbox, receiver, health, error) != 0, error);
}

/* ---- the dead -------------------------------------------------------------------------- */

/* They have at most a quarter of the room. */
static int
dead_trim(struct kymo_outbox *outbox, struct kymo_error *error)
{
	sqlite3_stmt *row;
	int64_t dead_bytes;

	for (;;) {
		row = kyi_outbox_bind(outbox, KYI_SQL_BYTES, error, "");
		if (row == NULL)
			return -1;
		dead_bytes = sqlite3_step(row) == SQLITE_ROW ?
		    sqlite3_column_int64(row, 1) : 0;
		kyi_outbox_done(row);
		if (dead_bytes <= (int64_t)(outbox->bytes_max / 4))
			return 0;
		if (kyi_outbox_run(outbox, KYI_SQL_FORGET, error, "") != 0 ||
		    kyi_outbox_run(outbox, KYI_SQL_FORGOTTEN, error, "") != 0)
			return -1;
	}
}

int
kyi_outbox_died(struct kymo_outbox *outbox, int64_t seq, const char *why,
    const char *receiver, const struct kyi_health *health,
    kyi_left_fn *left, const struct kyi_send *send, struct kymo_error *error)
{
	if (kymo_outbox_begin(outbox, error) != 0)
		return -1;
	return finish(outbox,
	    (left != NULL && left(outbox, send, error) != 0) ||
	    kyi_outbox_run(outbox, KYI_SQL_DIE, error, "ti", why, seq) != 0 ||
	    kyi_outbox_run(outbox, KYI_SQL_DIED, error, "") != 0 ||
	    dead_trim(outbox, error) != 0 ||
	    health_set(outbox, receiver, health, error) != 0, error);
}

/* Counts what the statement before made dead. */
static int
dead_count(struct kymo_outbox *outbox, int *cnt, struct kymo_error *error)
{
	*cnt = sqlite3_changes(outbox->db);
	if (*cnt == 0)
		return 0;
	if (kyi_outbox_run(outbox, KYI_SQL_EXPIRED, error, "i",
	    (int64_t)*cnt) != 0)
		return -1;
	return dead_trim(outbox, error);
}

int
kyi_outbox_expire(struct kymo_outbox *outbox, int64_t now_ms,
    struct kymo_error *error)
{
	int cnt = 0;

	if (kymo_outbox_begin(outbox, error) != 0)
		return -1;
	return finish(outbox,
	    kyi_outbox_run(outbox, KYI_SQL_EXPIRE, error, "i", now_ms) != 0 ||
	    dead_count(outbox, &cnt, error) != 0, error) == 0 ? cnt : -1;
}

int
kymo_outbox_spare(struct kymo_outbox *outbox, int64_t until_ms,
    struct kymo_error *error)
{
	return kyi_outbox_run(outbox, KYI_SQL_SPARE, error, "i", until_ms);
}

int
kyi_outbox_stray(struct kymo_outbox *outbox, const char *receiver,
    struct kymo_error *error)
{
	int cnt = 0;

	if (kymo_outbox_begin(outbox, error) != 0)
		return -1;
	return finish(outbox,
	    kyi_outbox_run(outbox, KYI_SQL_STRAY, error, "t", receiver) != 0 ||
	    dead_count(outbox, &cnt, error) != 0, error) == 0 ? cnt : -1;
}
