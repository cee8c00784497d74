/* SPDX-License-Identifier: MIT */
#include "reader/notify/post.h"

#include "reader/notify/batch.h"

#include <stdio.h>

#define RESEND_MS 60000

void
kyi_notify_tell(struct kymo_notify *notify,
    const struct kymo_notify_event *event)
{
	struct kymo_notify_event whole = *event;

	if (notify->options.event == NULL)
		return;
	if (whole.receiver == NULL)
		whole.receiver = "";
	if (whole.id == NULL)
		whole.id = "";
	if (whole.why == NULL)
		whole.why = "";
	notify->options.event(notify->options.of, &whole);
}

static void
tell(struct kymo_notify *notify, const struct kyi_post *post,
    enum kymo_notify_what what, int64_t again_ms, const char *why)
{
	kyi_notify_tell(notify, &(struct kymo_notify_event){ .what = what,
	    .receiver = post->receiver->name, .id = post->send.letter.id,
	    .attempts = post->send.letter.attempts + 1,
	    .again_ms = again_ms, .why = why });
}

/* ---- the end of an attempt ------------------------------------------------------------ */

/* What an attempt came to, before it is written down. */
struct result {
	enum kyi_outcome outcome;
	struct kymo_error why;
	int64_t retry_after_ms;
	bool answered;
};

static int
delivered(struct kymo_notify *notify, struct kyi_post *post,
    struct kymo_error *error)
{
	struct kyi_health health = { .failures = 0 };
	const struct kyi_letter *letter = &post->send.letter;
	int64_t aside = post->passing && letter->seq != post->stuck_seq ?
	    post->stuck_seq : 0;
	uint32_t i;

	if (kyi_outbox_delivered(notify->outbox, letter->seq, aside,
	    post->receiver->name, &health, post->channel->left, &post->send,
	    error) != 0)
		return -1;
	tell(notify, post, KYMO_NOTIFY_DELIVERED, 0, "");
	for (i = 0; i < post->send.more_cnt; i++)
		kyi_notify_tell(notify, &(struct kymo_notify_event){
		    .what = KYMO_NOTIFY_DELIVERED,
		    .receiver = post->receiver->name,
		    .id = post->send.more[i].id,
		    .attempts = post->send.more[i].attempts + 1});
	if (post->health.failures >= KYI_OPEN_CNT)
		tell(notify, post, KYMO_NOTIFY_CLOSED, 0, "");
	post->health = health;
	return 0;
}

/* The receiver is there, the letter is no good to it. */
static int
died(struct kymo_notify *notify, struct kyi_post *post,
    const struct result *result, struct kymo_error *error)
{
	struct kyi_health health = { .failures = 0 };

	if (kyi_outbox_died(notify->outbox, post->send.letter.seq,
	    result->why.text, post->receiver->name, &health,
	    post->channel->left, &post->send, error) != 0)
		return -1;
	tell(notify, post, KYMO_NOTIFY_DIED, 0, result->why.text);
	post->health = health;
	return 0;
}

static int
failed(struct kymo_notify *notify, struct kyi_post *post,
    const struct result *result, int64_t now_ms, struct kymo_error *error)
{
	const struct kymo_notify_options *options = &notify->options;
	const struct kyi_letter *letter = &post->send.letter;
	struct kyi_health health = post->health;
	/* One that is aside waits alone, if the receiver itself is well. */
	bool alone = letter->aside && result->answered &&
	    result->retry_after_ms == 0;
	int64_t wait_ms, next_ms = 0;

	wait_ms = kyi_backoff_ms(alone ? letter->attempts + 1 :
	    health.failures + 1, options->backoff_min_ms,
	    options->backoff_max_ms, &notify->seed);
	if (result->retry_after_ms > wait_ms)
		wait_ms = result->retry_after_ms < options->retry_after_max_ms ?
		    result->retry_after_ms : options->retry_after_max_ms;
	if (alone) {
		next_ms = now_ms + wait_ms;
	} else {
		health.failures++;
		health.hold_ms = now_ms + wait_ms;
		snprintf(health.why, sizeof(health.why), "%s",
		    result->why.text);
	}
	if (kyi_outbox_failed(notify->outbox, letter->seq, next_ms,
	    result->why.text, post->receiver->name, &health, error) != 0)
		return -1;
	tell(notify, post, KYMO_NOTIFY_FAILED, now_ms + wait_ms,
	    result->why.text);
	if (health.failures == KYI_OPEN_CNT && post->health.failures <
	    KYI_OPEN_CNT)
		tell(notify, post, KYMO_NOTIFY_OPEN, health.hold_ms,
		    result->why.text);
	if (!alone && !post->passing)
		post->stuck_seq = letter->seq;
	post->answered = result->answered && result->retry_after_ms == 0;
	post->health = health;
	return 0;
}

static int
result_write(struct kymo_notify *notify, struct kyi_post *post,
    const struct result *result, int64_t now_ms, struct kymo_error *error)
{
	switch (result->outcome) {
	case KYI_OUTCOME_OK:
		return delivered(notify, post, error);
	case KYI_OUTCOME_NEVER:
		return died(notify, post, result, error);
	default:
		return failed(notify, post, result, now_ms, error);
	}
}

int
kyi_post_finish(struct kymo_notify *notify, struct kyi_post *post,
    int64_t now_ms, struct kymo_error *error)
{
	struct result result;

	if (post->send.leg_cnt == 0 || post->send.running_cnt > 0)
		return 0;
	result.outcome = kyi_send_outcome(&post->send, &result.why,
	    &result.retry_after_ms, &result.answered);
	/* One of several that is no good: which, is seen when each is alone.
	   What was sent again is sent again anyway. */
	if (result.outcome == KYI_OUTCOME_NEVER && post->send.more_cnt > 0)
		post->alone_cnt = post->send.more_cnt + 1;
	else if (post->send.letter.seq != 0 &&
	    result_write(notify, post, &result, now_ms, error) != 0)
		return -1;
	kyi_send_end(&post->send);
	post->due_ms = INT64_MIN;
	return 0;
}

/* ---- the begin of one ------------------------------------------------------------------ */

/* Whether it is this receiver's time; else due_ms says when it is. */
static bool
is_time(struct kymo_notify *notify, struct kyi_post *post, int64_t now_ms)
{
	int64_t hold_max_ms = now_ms + notify->options.retry_after_max_ms +
	    notify->options.backoff_max_ms;

	if (now_ms < post->due_ms)
		return false;
	/* A clock that was set back must not silence us. */
	if (post->health.hold_ms > hold_max_ms)
		post->health.hold_ms = hold_max_ms;
	if (post->health.hold_ms > now_ms) {
		post->due_ms = post->health.hold_ms;
		return false;
	}
	post->due_ms = kyi_bucket_due_ms(&post->bucket, now_ms);
	return post->due_ms <= now_ms;
}

/* What an attempt wants before it begins. */
static int
prepare(struct kyi_post *post, struct kymo_error *why)
{
	struct kyi_letter *letter = &post->send.letter;
	struct kymo_buffer payload = {0};

	if (letter->payload == NULL) {
		if (post->channel->payload(&post->send, &payload, why) != 0) {
			kymo_buffer_free(&payload);
			return -1;
		}
		letter->payload = payload.at;
		letter->payload_bytes = payload.len_bytes;
	}
	if (post->alone_cnt > 0)
		post->alone_cnt--;
	else if (post->channel->together_max > 1 && !post->passing &&
	    !letter->aside)
		kyi_batch_gather(&post->send, post->channel);
	return post->channel->setup(&post->send, why);
}

static void
launch(struct kymo_notify *notify, struct kyi_send *send)
{
	uint32_t i;

	for (i = 0; i < send->leg_cnt; i++) {
		struct kyi_leg *leg = &send->legs[i];

		leg->code = CURLE_OUT_OF_MEMORY;
		leg->running = kyi_wire_add(&notify->wire, leg->easy) == 0;
		send->running_cnt += leg->running;
	}
}

/* What is sent again, when there is no letter. */
static int
again(struct kymo_notify *notify, struct kyi_post *post, int64_t now_ms,
    struct kymo_error *error)
{
	struct kyi_send *send = &post->send;
	struct kymo_buffer payload = {0};
	struct kymo_error why;
	int cnt;

	if (now_ms < post->again_ms) {
		if (post->again_ms < post->due_ms)
			post->due_ms = post->again_ms;
		return 0;
	}
	cnt = post->channel->again(notify->outbox, post->receiver->name,
	    now_ms, &post->cursor, &payload, error);
	if (cnt > 0) {
		send->now_ms = now_ms;
		send->letter.payload = payload.at;
		send->letter.payload_bytes = payload.len_bytes;
		if (post->channel->setup(send, &why) == 0)
			launch(notify, send);
		else
			kyi_send_end(send);
	} else {
		kymo_buffer_free(&payload);
	}
	if (post->cursor.len_bytes == 0)
		post->again_ms = now_ms + (post->receiver->resend_ms > 0 ?
		    post->receiver->resend_ms : RESEND_MS);
	/* With none of them there is nothing to wake for: one that comes is
	   a letter first. */
	if (cnt != 0 && post->again_ms < post->due_ms)
		post->due_ms = post->again_ms;
	return cnt < 0 ? -1 : 0;
}

int
kyi_post_start(struct kymo_notify *notify, struct kyi_post *post,
    int64_t now_ms, struct kymo_error *error)
{
	struct result result = { .outcome = KYI_OUTCOME_AGAIN };
	struct kyi_send *send = &post->send;
	int status;

	if (send->leg_cnt > 0 || !is_time(notify, post, now_ms))
		return 0;
	post->passing = post->answered && post->health.failures > 0 &&
	    post->health.failures % KYI_PASS_CNT == 0;
	status = kyi_outbox_next(notify->outbox, post->receiver->name, now_ms,
	    post->passing, &send->letter, &post->due_ms, error);
	if (status == 0 && post->channel->again != NULL)
		return again(notify, post, now_ms, error);
	if (status <= 0)
		return status;
	send->now_ms = now_ms;
	if (prepare(post, &result.why) != 0) {
		/* Our own configuration: an attempt that failed. */
		status = failed(notify, post, &result, now_ms, error);
	} else {
		status = kyi_batch_tried(send, error);
		if (status == 0) {
			kyi_bucket_take(&post->bucket, now_ms);
			launch(notify, send);
			return 0;
		}
	}
	kyi_send_end(send);
	post->due_ms = status == 0 ? INT64_MIN : now_ms + KYI_DATABASE_MS;
	return status;
}
