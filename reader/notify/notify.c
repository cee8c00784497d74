/* SPDX-License-Identifier: MIT */
/* The notifier: whose turn it is, and what comes of each attempt. */
#include "reader/notify/post.h"

#include "reader/notify/heir.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define BACKOFF_MIN_MS 1000
#define BACKOFF_MAX_MS 30000
#define RETRY_AFTER_MAX_MS 3600000
#define EXPIRE_MS 1000 /* how often deadlines are looked at */

const struct kyi_channel *
kyi_channel_of(enum kymo_receiver_kind kind)
{
	switch (kind) {
	case KYMO_RECEIVER_WEBHOOK:
		return &kyi_channel_webhook;
	case KYMO_RECEIVER_SLACK:
		return &kyi_channel_slack;
	case KYMO_RECEIVER_ALERTMANAGER:
		return &kyi_channel_alertmanager;
	case KYMO_RECEIVER_EMAIL:
		return &kyi_channel_email;
	}
	return NULL;
}

/* ---- new and delete ------------------------------------------------------------------- */

static void
leg_done(void *of, CURL *easy, CURLcode code)
{
	struct kymo_notify *notify = of;
	struct kyi_leg *leg = NULL;
	curl_off_t retry_after = 0;
	uint32_t i;
	void *private_ = NULL;

	curl_easy_getinfo(easy, CURLINFO_PRIVATE, &private_);
	leg = private_;
	leg->code = code;
	leg->running = false;
	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &leg->status);
	curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &retry_after);
	leg->retry_after_s = retry_after < 0 ? 0 :
	    retry_after > 1000000 ? 1000000 : retry_after;
	for (i = 0; i < notify->post_cnt; i++) {
		struct kyi_send *send = &notify->posts[i].send;

		if (leg >= send->legs && leg < send->legs + KYI_LEGS_MAX)
			send->running_cnt--;
	}
}

static int64_t
or_else(int64_t value, int64_t otherwise)
{
	return value > 0 ? value : otherwise;
}

static int
options_take(struct kymo_notify *notify,
    const struct kymo_notify_options *options, struct kymo_error *error)
{
	notify->options = *options;
	notify->outbox = options->outbox;
	notify->options.backoff_min_ms = or_else(options->backoff_min_ms,
	    BACKOFF_MIN_MS);
	notify->options.backoff_max_ms = or_else(options->backoff_max_ms,
	    BACKOFF_MAX_MS);
	notify->options.retry_after_max_ms =
	    or_else(options->retry_after_max_ms, RETRY_AFTER_MAX_MS);
	notify->seed = options->seed;
	while (notify->seed == 0)
		if (getrandom(&notify->seed, sizeof(notify->seed), 0) < 0)
			return kymo_error_set(error, "no random bytes");
	return 0;
}

static int
post_init(struct kymo_notify *notify, struct kyi_post *post,
    const struct kymo_receiver *receiver, struct kymo_error *error)
{
	const struct kyi_post *other;

	post->receiver = receiver;
	post->send.receiver = receiver;
	post->send.outbox = notify->outbox;
	post->channel = kyi_channel_of(receiver->kind);
	post->due_ms = INT64_MIN;
	if (receiver->name == NULL || receiver->name[0] == '\0')
		return kymo_error_set(error, "a receiver without a name");
	for (other = notify->posts; other < post; other++)
		if (strcmp(other->receiver->name, receiver->name) == 0)
			return kymo_error_set(error, "two receivers are named "
			    "%s", receiver->name);
	if (post->channel == NULL)
		return kymo_error_set(error, "receiver %s: its kind is none",
		    receiver->name);
	if (post->channel->check(receiver, error) != 0)
		return -1;
	kyi_bucket_init(&post->bucket, receiver->per_second > 0 ?
	    receiver->per_second : post->channel->per_second, receiver->burst,
	    0);
	return kyi_outbox_health(notify->outbox, receiver->name,
	    &post->health, error);
}

int
kymo_notify_new(struct kymo_notify **result,
    const struct kymo_notify_options *options, struct kymo_error *error)
{
	struct kymo_notify *notify = calloc(1, sizeof(*notify));
	uint32_t i;

	*result = NULL;
	if (notify == NULL)
		return kymo_error_set(error, "no memory for messages");
	notify->wire.epoll_fd = -1;
	notify->wire.done = leg_done;
	notify->wire.of = notify;
	notify->posts = calloc(options->receiver_cnt + 1,
	    sizeof(*notify->posts));
	if (notify->posts == NULL) {
		kymo_error_set(error, "no memory for messages");
		goto fail;
	}
	/* Counted, and so not twice: others may have begun libcurl too. */
	notify->began = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
	if (!notify->began) {
		kymo_error_set(error, "libcurl does not begin");
		goto fail;
	}
	if (options_take(notify, options, error) != 0 ||
	    kyi_wire_init(&notify->wire, error) != 0)
		goto fail;
	for (i = 0; i < options->receiver_cnt; i++)
		if (post_init(notify, &notify->posts[i],
		    &options->receivers[i], error) != 0)
			goto fail;
	notify->post_cnt = options->receiver_cnt;
	/* Where it cannot be noted, as on a full disk, nothing else is amiss. */
	kyi_heir_note(notify->outbox, options->receivers,
	    options->receiver_cnt);
	*result = notify;
	return 0;
fail:
	kymo_notify_delete(notify);
	return -1;
}

void
kymo_notify_delete(struct kymo_notify *notify)
{
	uint32_t i, k;

	if (notify == NULL)
		return;
	for (i = 0; i < notify->post_cnt; i++) {
		struct kyi_send *send = &notify->posts[i].send;

		for (k = 0; k < send->leg_cnt; k++)
			if (send->legs[k].running)
				kyi_wire_remove(&notify->wire,
				    send->legs[k].easy);
		kyi_send_end(send);
		kyi_smtp_cut(send);
		kymo_buffer_free(&notify->posts[i].cursor);
	}
	kyi_wire_end(&notify->wire);
	if (notify->began)
		curl_global_cleanup();
	free(notify->posts);
	free(notify);
}

/* ---- steps ----------------------------------------------------------------------------- */

/* What waits for one that nobody knows goes to who is at its address, or is
   dead. */
static int
stray_end(struct kymo_notify *notify, const char *stray,
    struct kymo_error *error)
{
	const struct kymo_receiver *heir = kyi_heir_find(notify->outbox, stray,
	    notify->options.receivers, notify->post_cnt);

	if (heir != NULL)
		return kyi_heir_take(notify->outbox, stray, heir->name, error);
	kyi_notify_tell(notify, &(struct kymo_notify_event){
	    .what = KYMO_NOTIFY_DIED, .receiver = stray,
	    .why = "no receiver of this name"});
	return kyi_outbox_stray(notify->outbox, stray, error);
}

/* Letters to receivers that nobody knows would wait for ever. */
static int
strays_end(struct kymo_notify *notify, struct kymo_error *error)
{
	sqlite3_stmt *rows = kyi_outbox_bind(notify->outbox, KYI_SQL_STRAYS,
	    error, "");
	char *stray = NULL;
	uint32_t i;
	int status = 0;

	if (rows == NULL)
		return -1;
	while (stray == NULL && sqlite3_step(rows) == SQLITE_ROW) {
		const char *name = (const char *)sqlite3_column_text(rows, 0);

		for (i = 0; name != NULL && i < notify->post_cnt; i++)
			if (strcmp(notify->posts[i].receiver->name, name) == 0)
				break;
		if (name != NULL && i == notify->post_cnt)
			stray = strdup(name);
	}
	kyi_outbox_done(rows);
	if (stray != NULL)
		status = stray_end(notify, stray, error);
	free(stray);
	return status < 0 ? -1 : status > 0;
}

static int
changes_look(struct kymo_notify *notify, struct kymo_error *error)
{
	int status;
	uint32_t i;

	if (notify->changes == notify->outbox->changes)
		return 0;
	while ((status = strays_end(notify, error)) > 0)
		;
	if (status < 0)
		return -1;
	notify->changes = notify->outbox->changes;
	for (i = 0; i < notify->post_cnt; i++)
		notify->posts[i].due_ms = INT64_MIN;
	return 0;
}

static int
deadlines_look(struct kymo_notify *notify, int64_t now_ms,
    struct kymo_error *error)
{
	int cnt;

	if (now_ms < notify->expire_ms)
		return 0;
	notify->expire_ms = now_ms + EXPIRE_MS;
	cnt = kyi_outbox_expire(notify->outbox, now_ms, error);
	if (cnt > 0)
		kyi_notify_tell(notify, &(struct kymo_notify_event){
		    .what = KYMO_NOTIFY_DIED, .attempts = (uint32_t)cnt,
		    .why = "their deadline passed"});
	return cnt < 0 ? -1 : 0;
}

/* A clock that was set back must not silence us: all that waits for a time of
   the clock before is looked at anew. */
static void
clock_look(struct kymo_notify *notify, int64_t now_ms)
{
	uint32_t i;

	for (i = 0; now_ms < notify->now_ms && i < notify->post_cnt; i++) {
		struct kyi_post *post = &notify->posts[i];

		kyi_bucket_back(&post->bucket, now_ms);
		post->due_ms = post->again_ms = INT64_MIN;
	}
	if (now_ms < notify->now_ms)
		notify->expire_ms = INT64_MIN;
	notify->now_ms = now_ms;
}

static int
step(struct kymo_notify *notify, int64_t now_ms, struct kymo_error *error)
{
	int status = 0;
	uint32_t i;

	kyi_wire_step(&notify->wire);
	for (i = 0; i < notify->post_cnt; i++)
		if (kyi_post_finish(notify, &notify->posts[i], now_ms,
		    error) != 0)
			status = -1;
	if (deadlines_look(notify, now_ms, error) != 0 ||
	    changes_look(notify, error) != 0)
		return -1;
	for (i = 0; i < notify->post_cnt; i++)
		if (kyi_post_start(notify, &notify->posts[i], now_ms,
		    error) != 0)
			status = -1;
	kyi_wire_step(&notify->wire);
	return status;
}

int
kymo_notify_step(struct kymo_notify *notify, int64_t now_ms,
    struct kymo_error *error)
{
	int status;

	/* Somebody's transaction: what is in it may still not be. */
	if (!sqlite3_get_autocommit(notify->outbox->db))
		return 0;
	clock_look(notify, now_ms);
	status = step(notify, now_ms, error);
	notify->pause_ms = status == 0 ? INT64_MIN : now_ms + KYI_DATABASE_MS;
	return status;
}

int64_t
kymo_notify_next_ms(struct kymo_notify *notify, int64_t now_ms)
{
	int64_t next_ms = INT64_MAX, wait_ms = kyi_wire_wait_ms(&notify->wire);
	/* What could be done at once, could it be written down. */
	int64_t at_once_ms = notify->pause_ms > now_ms &&
	    notify->pause_ms <= now_ms + KYI_DATABASE_MS ? notify->pause_ms :
	    now_ms;
	uint32_t i;

	if (wait_ms != INT64_MAX)
		next_ms = now_ms + wait_ms;
	if (notify->changes != notify->outbox->changes)
		return at_once_ms;
	for (i = 0; i < notify->post_cnt; i++) {
		const struct kyi_post *post = &notify->posts[i];
		bool sending = post->send.leg_cnt > 0;

		if (sending && post->send.running_cnt == 0)
			return at_once_ms;
		if (!sending && post->due_ms < next_ms)
			next_ms = post->due_ms;
	}
	return next_ms < at_once_ms ? at_once_ms : next_ms;
}

int
kymo_notify_fd(const struct kymo_notify *notify)
{
	return notify->wire.epoll_fd;
}

void
kymo_notify_status(const struct kymo_notify *notify,
    void (*each)(void *to, const struct kymo_receiver_status *status),
    void *to)
{
	uint32_t i;

	for (i = 0; i < notify->post_cnt; i++) {
		const struct kyi_post *post = &notify->posts[i];
		const struct kymo_receiver_status status = {
		    .name = post->receiver->name,
		    .sending = post->send.running_cnt > 0,
		    .open = post->health.failures >= KYI_OPEN_CNT,
		    .failures = post->health.failures,
		    .hold_ms = post->health.hold_ms,
		    .why = post->health.why };

		each(to, &status);
	}
}
