/* SPDX-License-Identifier: MIT */
/* A receiver's turn: one letter at a time. */
#ifndef KYI_NOTIFY_POST_H
#define KYI_NOTIFY_POST_H

#include "reader/notify/send.h"
#include "reader/wire.h"

/* So many attempts in a row failed: left alone, but for one in a while. */
#define KYI_OPEN_CNT 5u
/* After so many answers that the first letter could not be taken, one of
   another group is tried: is it the receiver, or the letter? */
#define KYI_PASS_CNT 10u
/* Before the database is asked again after it failed. */
#define KYI_DATABASE_MS 1000

struct kyi_post {
	const struct kymo_receiver *receiver;
	const struct kyi_channel *channel;
	struct kyi_health health;
	struct kyi_bucket bucket;
	struct kyi_send send; /* leg_cnt > 0: under way, or its end is */
	int64_t due_ms;       /* nothing to do before */
	int64_t stuck_seq;    /* the letter that failed last */
	int64_t again_ms;     /* what is sent again is due */
	struct kymo_buffer cursor; /* in it */
	uint32_t alone_cnt;   /* so many letters are requests of their own */
	bool answered;        /* the last failure was an answer */
	bool passing;         /* what is under way passed the stuck one */
};

struct kymo_notify {
	struct kymo_notify_options options;
	struct kymo_outbox *outbox;
	struct kyi_wire wire;
	struct kyi_post *posts;
	uint32_t post_cnt;
	uint64_t changes; /* of the outbox, seen */
	uint64_t seed;
	int64_t expire_ms;
	int64_t pause_ms; /* the database failed: not before then */
	int64_t now_ms; /* of the last step */
	bool began;
};

void kyi_notify_tell(struct kymo_notify *notify,
    const struct kymo_notify_event *event);

/* kyi_post_finish writes down what an attempt that is through came to. -1: it
   could not, and does at the next step. */
KYMO_MUST_CHECK int kyi_post_finish(struct kymo_notify *notify,
    struct kyi_post *post, int64_t now_ms, struct kymo_error *error);
/* kyi_post_start starts the next attempt, if it is time. */
KYMO_MUST_CHECK int kyi_post_start(struct kymo_notify *notify,
    struct kyi_post *post, int64_t now_ms, struct kymo_error *error);

#endif
