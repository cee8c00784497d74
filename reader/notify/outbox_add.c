/* SPDX-License-Identifier: MIT */
/* Adding to the outbox: a message as letters, what they supersede, and room. */
#include "reader/notify/outbox_sql.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "reader/notify/coalesce.h"
#include "reader/notify/message.h"
#include "reader/notify/text.h"

#define ROW_BYTES 256u /* what a row takes beside its texts */

/* 128 random bits, five a character. */
static int
id_make(char id[KYI_LETTER_ID_BYTES], struct kymo_error *error)
{
	static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";
	unsigned char random[26];
	size_t i;

	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return kymo_error_set(error, "no random bytes for the id of a "
		    "message");
	memcpy(id, "msg_", 4);
	for (i = 0; i < sizeof(random); i++)
		id[4 + i] = digits[random[i] & 31];
	id[4 + i] = '\0';
	return 0;
}

struct adding {
	struct kymo_outbox *outbox;
	const struct kymo_message *message;
	char *group_key;
	struct kyi_saying *sayings;
	struct kymo_buffer body;
	uint64_t bytes;
	bool firing; /* all of the message */
};

static int
insert(struct adding *adding, uint32_t first, uint32_t cnt,
    struct kymo_error *error)
{
	const struct kymo_message *message = adding->message;
	size_t says_bytes = cnt * sizeof(*adding->sayings);
	json_t *whole = kyi_message_make(message, first, cnt);
	char id[KYI_LETTER_ID_BYTES];
	int64_t firing = 0, bytes;
	uint32_t i;

	adding->body.len_bytes = 0;
	if (whole == NULL || kyi_json_put(&adding->body, whole) != 0) {
		json_decref(whole);
		return kymo_error_set(error, "no memory for a message");
	}
	json_decref(whole);
	kyi_message_sayings(message, first, cnt, adding->sayings);
	for (i = 0; i < cnt; i++)
		firing |= adding->sayings[i].firing != 0;
	bytes = (int64_t)(adding->body.len_bytes + says_bytes + ROW_BYTES +
	    strlen(adding->group_key) + strlen(message->receiver));
	if (id_make(id, error) != 0)
		return -1;
	return kyi_outbox_run(adding->outbox, KYI_SQL_INSERT, error,
	    "tttiiibti", id, message->receiver, adding->group_key, firing,
	    message->at_ms,
	    firing ? message->at_ms + adding->outbox->deadline_ms : (int64_t)0,
	    (const void *)adding->sayings, says_bytes, adding->body.at, bytes);
}

struct mentions {
	struct kyi_mention *at;
	uint32_t cnt, row_cnt;
	int64_t seq[KYI_COALESCE_ROWS_MAX];
};

static int
mentions_add(struct mentions *mentions, sqlite3_stmt *row)
{
	const struct kyi_saying *sayings = sqlite3_column_blob(row, 1);
	uint32_t cnt = (uint32_t)sqlite3_column_bytes(row, 1) /
	    (uint32_t)sizeof(*sayings), i;
	struct kyi_mention *at = reallocarray(mentions->at,
	    mentions->cnt + cnt + 1, sizeof(*at));

	if (at == NULL)
		return -1;
	mentions->at = at;
	for (i = 0; i < cnt; i++) {
		struct kyi_saying saying;

		memcpy(&saying, sayings + i, sizeof(saying));
		at[mentions->cnt++] = (struct kyi_mention){
		    .fingerprint = saying.fingerprint,
		    .row = mentions->row_cnt, .firing = saying.firing != 0};
	}
	mentions->seq[mentions->row_cnt++] = sqlite3_column_int64(row, 0);
	return 0;
}

static int
forget(struct adding *adding, const struct mentions *mentions,
    const struct kyi_coalesced *gone, struct kymo_error *error)
{
	struct kymo_outbox *outbox = adding->outbox;
	int64_t cnt = (int64_t)gone->oldest_cnt + gone->before_last;

	if (gone->oldest_cnt > 0 && kyi_outbox_run(outbox, KYI_SQL_SUPERSEDE,
	    error, "tti", adding->message->receiver, adding->group_key,
	    mentions->seq[gone->oldest_cnt]) != 0)
		return -1;
	if (gone->before_last && kyi_outbox_run(outbox, KYI_SQL_DELETE, error,
	    "i", mentions->seq[mentions->row_cnt - 2]) != 0)
		return -1;
	return cnt == 0 ? 0 :
	    kyi_outbox_run(outbox, KYI_SQL_COALESCED, error, "i", cnt);
}

static int
coalesce(struct adding *adding, struct kymo_error *error)
{
	struct kymo_outbox *outbox = adding->outbox;
	const char *receiver = adding->message->receiver;
	struct mentions mentions = { .cnt = 0 };
	sqlite3_stmt *rows = kyi_outbox_bind(outbox, KYI_SQL_GROUP, error,
	    "tt", receiver, adding->group_key);
	int status = SQLITE_ROW, result = -1;
	struct kyi_coalesced gone;

	if (rows == NULL)
		return -1;
	while (mentions.row_cnt < KYI_COALESCE_ROWS_MAX &&
	    (status = sqlite3_step(rows)) == SQLITE_ROW)
		if (mentions_add(&mentions, rows) != 0) {
			kymo_error_set(error, "no memory for a message");
			goto end;
		}
	if (status != SQLITE_ROW && status != SQLITE_DONE) {
		kyi_outbox_wrong(outbox, error);
		goto end;
	}
	gone = kyi_coalesce(mentions.at, mentions.cnt, mentions.row_cnt);
	kyi_outbox_done(rows);
	rows = NULL;
	result = forget(adding, &mentions, &gone, error);
end:
	if (rows != NULL)
		kyi_outbox_done(rows);
	free(mentions.at);
	return result;
}

/* Dead letters make room; what waits does not. */
static int
room_make(struct adding *adding, struct kymo_error *error)
{
	struct kymo_outbox *outbox = adding->outbox;
	uint64_t max = outbox->bytes_max;
	sqlite3_stmt *row;
	int64_t bytes, dead_bytes;

	if (adding->firing)
		max -= max / 8;
	for (;;) {
		row = kyi_outbox_bind(outbox, KYI_SQL_BYTES, error, "");
		if (row == NULL)
			return -1;
		if (sqlite3_step(row) != SQLITE_ROW) {
			kyi_outbox_done(row);
			return kyi_outbox_wrong(outbox, error);
		}
		bytes = sqlite3_column_int64(row, 0);
		dead_bytes = sqlite3_column_int64(row, 1);
		kyi_outbox_done(row);
		if (bytes <= (int64_t)max)
			return 0;
		if (dead_bytes <= 0) {
			kymo_error_set(error, "the outbox is full: %lld bytes "
			    "of messages wait", (long long)bytes);
			return KYMO_OUTBOX_FULL;
		}
		if (kyi_outbox_run(outbox, KYI_SQL_FORGET, error, "") != 0 ||
		    kyi_outbox_run(outbox, KYI_SQL_FORGOTTEN, error, "") != 0)
			return -1;
	}
}

static int
add_all(struct adding *adding, struct kymo_error *error)
{
	const struct kymo_message *message = adding->message;
	uint32_t first, cnt;

	for (first = 0; first < message->alert_cnt; first += cnt) {
		cnt = message->alert_cnt - first;
		if (cnt > adding->outbox->alert_max)
			cnt = adding->outbox->alert_max;
		if (insert(adding, first, cnt, error) != 0)
			return -1;
	}
	if (coalesce(adding, error) != 0)
		return -1;
	return room_make(adding, error);
}

static int
add_saved(struct adding *adding, struct kymo_error *error)
{
	struct kymo_outbox *outbox = adding->outbox;
	int status;

	if (kyi_outbox_run(outbox, KYI_SQL_SAVE, error, "") != 0)
		return -1;
	status = add_all(adding, error);
	if (status == 0 &&
	    kyi_outbox_run(outbox, KYI_SQL_RELEASE, error, "") == 0) {
		outbox->changes++;
		return 0;
	}
	kyi_outbox_undo(outbox, KYI_SQL_UNDO_SAVE);
	kyi_outbox_undo(outbox, KYI_SQL_RELEASE);
	return status == 0 ? -1 : status;
}

int
kymo_outbox_add(struct kymo_outbox *outbox, const struct kymo_message *message,
    struct kymo_error *error)
{
	struct adding adding = { .outbox = outbox, .message = message };
	struct kymo_buffer key = {0};
	uint32_t i;
	int status = -1;

	if (message->alert_cnt == 0)
		return kymo_error_set(error, "a message without alerts");
	for (i = 0; i < message->alert_cnt; i++)
		adding.firing |= message->alerts[i].firing;
	kyi_text_sound(&key, message->group_key, KYI_NOTIFY_TEXT_MAX);
	kymo_buffer_str(&key, "");
	adding.group_key = key.at;
	adding.sayings = reallocarray(NULL, outbox->alert_max,
	    sizeof(*adding.sayings));
	if (key.failed || adding.sayings == NULL)
		kymo_error_set(error, "no memory for a message");
	else
		status = add_saved(&adding, error);
	if (status == KYMO_OUTBOX_FULL)
		outbox->refused++;
	free(adding.sayings);
	kymo_buffer_free(&adding.body);
	kymo_buffer_free(&key);
	return status;
}
