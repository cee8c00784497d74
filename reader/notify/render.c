/* SPDX-License-Identifier: MIT */
/* What a receiver would get, without sending it. */
#include "reader/notify/send.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int
sent_make(const struct kymo_receiver *receiver, const char *body,
    const char *id, struct kymo_buffer *out, struct kymo_error *error)
{
	const struct kymo_outbox_options options = {.path = ":memory:"};
	const struct kyi_channel *channel = kyi_channel_of(receiver->kind);
	struct kyi_send send = {.receiver = receiver};
	int status = channel->check(receiver, error);

	/* A mail looks for the one that it answers. */
	if (status == 0)
		status = kymo_outbox_open(&send.outbox, &options, error);
	if (status != 0)
		return -1;
	send.letter.added_ms = (int64_t)time(NULL) * 1000;
	snprintf(send.letter.id, sizeof(send.letter.id), "%s", id);
	send.letter.group_key = strdup("");
	send.letter.body = strdup(body);
	if (send.letter.group_key == NULL || send.letter.body == NULL)
		status = kymo_error_set(error, "no memory for a message");
	else
		status = channel->payload(&send, out, error);
	kyi_letter_free(&send.letter);
	kymo_outbox_close(send.outbox);
	return status;
}

int
kymo_notify_render(const struct kymo_receiver *receiver, const char *body,
    const char *id, enum kymo_render what, struct kymo_buffer *out,
    struct kymo_error *error)
{
	json_error_t wrong;
	json_t *json = json_loads(body, 0, &wrong);
	bool good = json_array_size(json_object_get(json, "alerts")) > 0;

	if (json == NULL)
		return kymo_error_set(error, "%d:%d: %.150s", wrong.line,
		    wrong.column, wrong.text);
	json_decref(json);
	if (!good)
		return kymo_error_set(error, "it has no alerts; write it as "
		    "the body of a webhook, {\"alerts\": [{\"status\": .., "
		    "\"labels\": {..}}]}");
	if (what == KYMO_RENDER_SENT)
		return sent_make(receiver, body, id, out, error);
	return kyi_email_piece(receiver, body, id, what, out, error);
}
