/* SPDX-License-Identifier: MIT */
/* A letter on its way: what each kind of receiver makes of it, and how it
   ended. */
#ifndef KYI_NOTIFY_SEND_H
#define KYI_NOTIFY_SEND_H

#include <curl/curl.h>
#include <jansson.h>

#include "reader/notify/backoff.h"
#include "reader/notify/notify.h"
#include "reader/notify/outbox.h"

#define KYI_LEGS_MAX 8u
#define KYI_SAID_BYTES 256u /* of an answer */
#define KYI_MAIL_SOCKETS 4u

/* To one address. */
struct kyi_leg {
	CURL *easy;
	struct curl_slist *headers;
	bool running;
	bool refused; /* by the guard */
	bool smtp;
	bool private_ok;
	CURLcode code;
	long status;         /* HTTP's or SMTP's; 0: none came */
	int64_t retry_after_s;
	char said[KYI_SAID_BYTES]; /* the answer's begin */
	size_t said_bytes;
	char what[CURL_ERROR_SIZE];
};

enum kyi_outcome {
	KYI_OUTCOME_OK,
	KYI_OUTCOME_AGAIN,
	KYI_OUTCOME_NEVER /* this letter will never be taken */
};

struct kyi_send {
	struct kymo_outbox *outbox;
	const struct kymo_receiver *receiver;
	struct kyi_letter letter;
	struct kyi_leg legs[KYI_LEGS_MAX];
	uint32_t leg_cnt, running_cnt;
	int64_t now_ms;
	size_t read_bytes; /* of the payload, by a mail's leg */
	/* A mail's connections, kept ones too, each and 1; 0: there is none. */
	curl_socket_t open1[KYI_MAIL_SOCKETS];
	/* Letters that go with it, and what is sent then: batch.h. */
	struct kyi_letter *more;
	uint32_t more_cnt;
	struct kymo_buffer whole;
};

#define KYI_TOGETHER_MAX 64u

/* What a kind of receiver can. */
struct kyi_channel {
	double per_second;
	/* So many letters in one request, their payloads being lists of JSON;
	   0: each is a request. At most KYI_TOGETHER_MAX. */
	uint32_t together_max;
	/* Is this receiver one that can be? Without a look at secrets. */
	int (*check)(const struct kymo_receiver *receiver,
	    struct kymo_error *error);
	/* Appends what is sent, from the stored body alone. */
	int (*payload)(const struct kyi_send *send, struct kymo_buffer *out,
	    struct kymo_error *error);
	/* Makes the legs' handles; the payload is there. */
	int (*setup)(struct kyi_send *send, struct kymo_error *error);
	/* NULL, or: the letter was taken, or died; in that transaction. */
	kyi_left_fn *left;
	/* NULL, or: appends what is sent again, without a letter, the part
	   after *cursor (empty: the first, and after the last). How many. */
	int (*again)(struct kymo_outbox *outbox, const char *receiver,
	    int64_t now_ms, struct kymo_buffer *cursor,
	    struct kymo_buffer *out, struct kymo_error *error);
};
const struct kyi_channel *kyi_channel_of(enum kymo_receiver_kind kind);

/* Resolved alerts are pushed again for so long, as by Prometheus. */
#define KYI_RESOLVED_MS ((int64_t)15 * 60 * 1000)
/* What fires is pushed again for so long after it was said last: its end may
   never come, where it is another receiver's by now. */
#define KYI_SAID_MS ((int64_t)14 * 24 * 3600 * 1000)

extern const struct kyi_channel kyi_channel_alertmanager, kyi_channel_email,
    kyi_channel_slack, kyi_channel_webhook;

/* ---- what channels share: http.c ------------------------------------------------------ */

/* Of a URL that is configured; a secret one is looked at when it is used. */
KYMO_MUST_CHECK int kyi_http_check(const struct kymo_receiver *receiver,
    struct kymo_error *error);
/* A new leg with everything that has to do with how to get there. schemes as
   CURLOPT_PROTOCOLS_STR has them. url NULL: the receiver's own. */
KYMO_MUST_CHECK int kyi_leg_begin(struct kyi_send *send, const char *url,
    const char *schemes, struct kymo_error *error);
/* Then, of a POST: */
KYMO_MUST_CHECK int kyi_http_header(struct kyi_leg *leg, const char *name,
    const char *value);
KYMO_MUST_CHECK int kyi_http_send(struct kyi_send *send, struct kyi_leg *leg,
    const char *content_type, struct kymo_error *error);

bool kyi_header_name_is(const char *name);

/* email_check.c: whether mails can be sent by what a receiver says. */
KYMO_MUST_CHECK int kyi_email_check(const struct kymo_receiver *receiver,
    struct kymo_error *error);
/* A piece of a mail: email.c. */
KYMO_MUST_CHECK int kyi_email_piece(const struct kymo_receiver *receiver,
    const char *body, const char *id, enum kymo_render what,
    struct kymo_buffer *out, struct kymo_error *error);
/* A mail's leg: smtp.c. */
KYMO_MUST_CHECK int kyi_smtp_setup(struct kyi_send *send,
    struct kymo_error *error);
/* Ends its connections at once: libcurl would say farewell, and wait up to two
   minutes for the answer. */
void kyi_smtp_cut(const struct kyi_send *send);
/* A socket to an address that the guard allows: http.c. */
curl_socket_t kyi_leg_socket(struct kyi_leg *leg, curlsocktype purpose,
    const struct curl_sockaddr *address);

/* Takes everything of the legs' away. */
void kyi_send_end(struct kyi_send *send);

/* How the legs ended, all of them: one that was taken is enough. why is for
   people; answered: somebody was there. */
enum kyi_outcome kyi_send_outcome(const struct kyi_send *send,
    struct kymo_error *why, int64_t *retry_after_ms, bool *answered);

#endif
