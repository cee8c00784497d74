/* SPDX-License-Identifier: MIT */
#include "reader/notify/batch.h"

#include <stdlib.h>
#include <string.h>

#define WHOLE_BYTES_MAX ((size_t)512 << 10)

/* What waits behind the letter, in its order; how many. */
static uint32_t
behind(struct kymo_outbox *outbox, const char *receiver, int64_t seq,
    uint32_t max, int64_t *seqs)
{
	struct kymo_error error;
	sqlite3_stmt *rows = kyi_outbox_bind(outbox, KYI_SQL_MORE, &error,
	    "tii", receiver, seq, (int64_t)max);
	uint32_t cnt = 0;

	while (rows != NULL && cnt < max && sqlite3_step(rows) == SQLITE_ROW)
		seqs[cnt++] = sqlite3_column_int64(rows, 0);
	if (rows != NULL)
		kyi_outbox_done(rows);
	return cnt;
}

/* A begin and its end are not one request: the end comes after it. */
static bool
is_new_group(const struct kyi_send *send, const char *key)
{
	uint32_t i;

	if (strcmp(send->letter.group_key, key) == 0)
		return false;
	for (i = 0; i < send->more_cnt; i++)
		if (strcmp(send->more[i].group_key, key) == 0)
			return false;
	return true;
}

static int
payload_make(const struct kyi_send *send, const struct kyi_channel *channel,
    struct kyi_letter *letter)
{
	struct kyi_send one = {.outbox = send->outbox,
	    .receiver = send->receiver, .now_ms = send->now_ms};
	struct kymo_buffer payload = {0};
	struct kymo_error error;

	if (letter->payload != NULL)
		return 0;
	one.letter = *letter;
	if (channel->payload(&one, &payload, &error) != 0) {
		kymo_buffer_free(&payload);
		return -1;
	}
	letter->payload = payload.at;
	letter->payload_bytes = payload.len_bytes;
	return 0;
}

/* The elements of a list, without its brackets. */
static bool
elements_add(struct kymo_buffer *whole, const struct kyi_letter *letter)
{
	const char *text = letter->payload;
	size_t bytes = letter->payload_bytes;

	if (bytes <= 2 || text[0] != '[' || text[bytes - 1] != ']' ||
	    whole->len_bytes + bytes > WHOLE_BYTES_MAX)
		return false;
	kymo_buffer_char(whole, whole->len_bytes == 0 ? '[' : ',');
	kymo_buffer_add(whole, text + 1, bytes - 2);
	return !whole->failed;
}

void
kyi_batch_gather(struct kyi_send *send, const struct kyi_channel *channel)
{
	uint32_t max = channel->together_max - 1, cnt, i;
	int64_t seqs[KYI_TOGETHER_MAX];
	struct kymo_error error;

	cnt = behind(send->outbox, send->receiver->name, send->letter.seq, max,
	    seqs);
	if (cnt == 0 || !elements_add(&send->whole, &send->letter))
		return;
	send->more = calloc(cnt, sizeof(*send->more));
	for (i = 0; send->more != NULL && i < cnt; i++) {
		struct kyi_letter *letter = &send->more[send->more_cnt];

		if (kyi_outbox_take(send->outbox, seqs[i], letter,
		    &error) != 1)
			break;
		if (!is_new_group(send, letter->group_key) ||
		    payload_make(send, channel, letter) != 0 ||
		    !elements_add(&send->whole, letter)) {
			kyi_letter_free(letter);
			break;
		}
		send->more_cnt++;
	}
	kymo_buffer_char(&send->whole, ']');
	if (send->more_cnt == 0 || send->whole.failed)
		kyi_batch_free(send);
}

int
kyi_batch_tried(const struct kyi_send *send, struct kymo_error *error)
{
	struct kymo_outbox *outbox = send->outbox;
	int status;
	uint32_t i;

	if (send->more_cnt == 0)
		return kyi_outbox_tried(outbox, &send->letter, error);
	if (kymo_outbox_begin(outbox, error) != 0)
		return -1;
	status = kyi_outbox_tried(outbox, &send->letter, error);
	for (i = 0; i < send->more_cnt && status == 0; i++)
		status = kyi_outbox_tried(outbox, &send->more[i], error);
	if (status == 0)
		return kymo_outbox_commit(outbox, error);
	kymo_outbox_rollback(outbox);
	return -1;
}

void
kyi_batch_free(struct kyi_send *send)
{
	uint32_t i;

	for (i = 0; i < send->more_cnt; i++)
		kyi_letter_free(&send->more[i]);
	free(send->more);
	send->more = NULL;
	send->more_cnt = 0;
	kymo_buffer_free(&send->whole);
}
