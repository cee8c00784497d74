/* SPDX-License-Identifier: MIT */
/* Without memory: messages in the outbox, as a notifier takes them out, and what
   is pushed to an Alertmanager again. What was added is there until it was
   delivered, once; what is pushed again is all that fires. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reader/notify/send.h"
#include "tests/prove/memory.h"

#define NOW_MS INT64_C(1700438400000)
#define MESSAGES 3

struct box {
	struct kymo_outbox *outbox;
	const struct kymo_receiver *receiver;
	int added, delivered;
};

static bool
add(struct box *box, int i)
{
	static const char *const names[MESSAGES] = { "A", "B", "C" };
	const struct kymo_label label = { "alertname", names[i] };
	const struct kymo_notify_alert alert = { .firing = true,
	    .labels = &label, .label_cnt = 1, .starts_ms = NOW_MS, .value = 1,
	    .threshold = NAN };
	const struct kymo_message message = { .receiver = "r",
	    .group_key = names[i], .alerts = &alert, .alert_cnt = 1,
	    .at_ms = NOW_MS };
	struct kymo_error error = { "" };
	int status;

	memory_arm();
	status = kymo_outbox_add(box->outbox, &message, &error);
	memory_disarm();
	box->added += status == 0;
	return memory_told("a message", status == 0, &error);
}

static int
each(void *to, const struct kymo_outbox_entry *entry)
{
	int *cnt = to;

	*cnt += strstr(entry->body, "\"alertname\":") != NULL;
	return 0;
}

/* So many wait, with memory to look. */
static bool
waits(struct box *box, int want)
{
	struct kymo_error error = { "" };
	struct kymo_outbox_stats stats;
	int cnt = 0;

	if (kymo_outbox_list(box->outbox, false, 0, each, &cnt, &error) != 0 ||
	    kymo_outbox_stats(box->outbox, &stats, &error) != 0)
		return memory_wrong("the outbox: %s", error.text);
	return (cnt == want && stats.waiting == (uint64_t)want) ||
	    memory_wrong("%d wait, by the count %d, not %d", cnt,
	    (int)stats.waiting, want);
}

/* Takes the next letter, and has it delivered. 1; 0: there is none. */
static int
deliver(struct box *box, struct kymo_error *error)
{
	const struct kyi_channel *channel = &kyi_channel_alertmanager;
	const struct kyi_health health = { .failures = 0 };
	struct kyi_send send = { .outbox = box->outbox, .now_ms = NOW_MS,
	    .receiver = box->receiver };
	struct kymo_buffer payload = { 0 };
	int64_t due_ms;
	int status = kyi_outbox_next(box->outbox, "r", NOW_MS, false,
	    &send.letter, &due_ms, error);

	if (status <= 0)
		return status;
	/* Once it was made it is never made again. */
	status = send.letter.payload != NULL ? 0 :
	    channel->payload(&send, &payload, error);
	if (status != 0) {
		kymo_buffer_free(&payload);
	} else if (send.letter.payload == NULL) {
		send.letter.payload = payload.at;
		send.letter.payload_bytes = payload.len_bytes;
	}
	if (status == 0)
		status = kyi_outbox_tried(box->outbox, &send.letter, error);
	if (status == 0)
		status = kyi_outbox_delivered(box->outbox, send.letter.seq, 0,
		    "r", &health, channel->left, &send, error);
	kyi_letter_free(&send.letter);
	return status == 0 ? 1 : -1;
}

static bool
deliver_all(struct box *box)
{
	struct kymo_error error = { "" };
	int status;

	/* Each once without memory, if that is so, and then with it. */
	for (int i = 0; i < 2 * MESSAGES; i++) {
		error.text[0] = '\0';
		if (i % 2 == 0)
			memory_arm();
		status = deliver(box, &error);
		memory_disarm();
		box->delivered += status > 0;
		if (!memory_told("a delivery", status >= 0, &error) ||
		    !waits(box, box->added - box->delivered))
			return false;
	}
	while ((status = deliver(box, &error)) > 0)
		box->delivered++;
	return status == 0 || memory_wrong("a delivery: %s", error.text);
}

/* All that was delivered still fires: it is pushed again. */
static bool
again(struct box *box, struct kymo_buffer *cursor, bool armed)
{
	struct kymo_buffer out = { 0 };
	struct kymo_error error = { "" };
	int cnt;

	if (armed)
		memory_arm();
	cnt = kyi_channel_alertmanager.again(box->outbox, "r", NOW_MS + 60000,
	    cursor, &out, &error);
	memory_disarm();
	kymo_buffer_free(&out);
	if (cnt >= 0 && cnt != box->delivered)
		return memory_wrong("%d are pushed again, not %d", cnt,
		    box->delivered);
	return memory_told("what is pushed again", cnt >= 0, &error);
}

static bool
outbox(void)
{
	static const struct kymo_receiver receiver = { .name = "r",
	    .kind = KYMO_RECEIVER_ALERTMANAGER, .url = "https://a.example/" };
	const struct kymo_outbox_options options = { .path = ":memory:" };
	struct box box = { .receiver = &receiver };
	struct kymo_buffer cursor = { 0 };
	struct kymo_error error = { "" };
	bool good = true;
	int status;

	memory_arm();
	status = kymo_outbox_open(&box.outbox, &options, &error);
	memory_disarm();
	if (status != 0)
		return memory_told("an outbox", false, &error);
	for (int i = 0; i < MESSAGES && good; i++)
		good = add(&box, i) && waits(&box, box.added);
	good = good && deliver_all(&box) && waits(&box, 0) &&
	    again(&box, &cursor, true) && again(&box, &cursor, false);
	kymo_buffer_free(&cursor);
	kymo_outbox_close(box.outbox);
	return good;
}

const struct memory_kind memory_kinds_outbox[] = {
	{ "outbox", outbox },
	{ NULL, NULL },
};
