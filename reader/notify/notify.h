/* SPDX-License-Identifier: MIT */
/* Notify: messages about alerts, kept in an outbox until somebody has them.

   Whoever decides that a person is to hear of something adds a message to the
   outbox, in the same transaction as its own state. A notifier takes messages
   to their receivers: webhooks, Slack, mail, Alertmanager. What was added is
   delivered at least once, whatever is killed in between; each message has an
   id that stays the same over all attempts, so that a receiver knows it again.
   docs/notifications.md has the bytes that receivers see. */
#ifndef KYMO_READER_NOTIFY_H
#define KYMO_READER_NOTIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reader/buffer.h"
#include "reader/error.h"
#include "reader/series/series.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- messages --------------------------------------------------------------------- */

/* Texts need not be sound: what is not UTF-8 is replaced by U+FFFD when a
   message is made, and texts of more than 16 KiB are cut. */

struct kymo_notify_alert {
	bool firing; /* else resolved */
	const struct kymo_label *labels, *annotations;
	uint32_t label_cnt, annotation_cnt;
	int64_t starts_ms, ends_ms; /* since 1970; ends_ms 0: it has not ended */
	double value, threshold;    /* NaN: not known */
	const char *generator_url;  /* NULL: none */
	uint64_t fingerprint;       /* 0: made of the labels, as Alertmanager does */
};

struct kymo_notify_point {
	int64_t at_ms;
	double value; /* NaN: a gap */
};
struct kymo_notify_quantile {
	double q, value;
	const char *of; /* the histogram; NULL: it is clear */
};
struct kymo_notify_exemplar {
	const char *trace_id, *span_id; /* hex; "" or NULL: none */
	double value;
	int64_t at_ms;
};

/* What one needs at 3 a.m. NULL, 0: there is none. */
struct kymo_notify_detail {
	const char *unit; /* of values, thresholds, points */
	const struct kymo_notify_point *points; /* of the last minutes */
	uint32_t point_cnt;
	const struct kymo_notify_quantile *quantiles;
	uint32_t quantile_cnt;
	const struct kymo_notify_exemplar *exemplars;
	uint32_t exemplar_cnt;
	const char *process;         /* "shop, pid 4242: alive, 3 days up" */
	const char *const *changes;  /* what changed beside it, a line each */
	uint32_t change_cnt;
	const char *runbook_url;     /* NULL: the annotation runbook_url */
};

struct kymo_message {
	const char *receiver;  /* its name */
	const char *group_key; /* a thread of one incident; any text */
	const struct kymo_notify_alert *alerts;
	uint32_t alert_cnt;    /* > 0 */
	const struct kymo_label *group_labels;
	uint32_t group_label_cnt;
	const char *external_url; /* of kymo itself; NULL: none */
	int64_t at_ms;            /* now */
	const struct kymo_notify_detail *detail; /* NULL: none */
};

/* Alertmanager's fingerprint of a set of labels: FNV-1a over the sorted keys
   and values. */
KYMO_READER_API uint64_t kymo_notify_fingerprint(
    const struct kymo_label *labels, uint32_t label_cnt);

/* Appends the message as a webhook's body: Alertmanager's, version 4, with
   ours under "kymo". -1: no memory. */
KYMO_READER_API KYMO_MUST_CHECK int kymo_message_json(
    const struct kymo_message *message, struct kymo_buffer *out,
    struct kymo_error *error);

/* ---- the outbox ------------------------------------------------------------------- */

struct kymo_outbox;
struct sqlite3;

struct kymo_outbox_options {
	/* The database: of somebody who has it open (one thread uses it, and
	   it outlives the outbox; WAL and synchronous=FULL are the owner's
	   care), or a file that is opened, or made. */
	struct sqlite3 *db;
	const char *path;
	uint64_t bytes_max; /* of all messages; 0: 8 MiB */
	/* A firing message that nobody took for so long goes to the dead
	   letters; 0: 24 h. One that says that something is resolved waits. */
	int64_t deadline_ms;
	/* A message with more alerts is stored as several; 0: 100. */
	uint32_t alert_max;
};

/* kymo_outbox_open makes its own tables (outbox*) and leaves others alone. */
KYMO_READER_API KYMO_MUST_CHECK int kymo_outbox_open(
    struct kymo_outbox **outbox, const struct kymo_outbox_options *options,
    struct kymo_error *error);
KYMO_READER_API void kymo_outbox_close(struct kymo_outbox *outbox);
/* The connection, for statements of one's own in the same transaction. */
KYMO_READER_API struct sqlite3 *kymo_outbox_db(struct kymo_outbox *outbox);

/* A transaction on that connection. Between begin and commit a notifier leaves
   the outbox alone; what was added is there once commit returned 0, or never
   was. */
KYMO_READER_API KYMO_MUST_CHECK int kymo_outbox_begin(
    struct kymo_outbox *outbox, struct kymo_error *error);
KYMO_READER_API KYMO_MUST_CHECK int kymo_outbox_commit(
    struct kymo_outbox *outbox, struct kymo_error *error);
KYMO_READER_API void kymo_outbox_rollback(struct kymo_outbox *outbox);

/* kymo_outbox_add stores a message; within a transaction as part of it, else
   in one of its own.

   Messages of the group that were never tried and whose alerts are all said
   again, in the same state and in an order that a receiver can follow, by
   younger ones that were never tried are superseded: forgotten. So a firing is
   heard of before it is resolved, and both are heard.

   KYMO_OUTBOX_FULL: there is no room, even without dead letters, and nothing
   was stored; whoever adds keeps its own state as it was and comes again. The
   last eighth is for messages that resolve. -1: error says why.
   Lifetime: the message is copied. */
#define KYMO_OUTBOX_FULL 1
KYMO_READER_API KYMO_MUST_CHECK int kymo_outbox_add(struct kymo_outbox *outbox,
    const struct kymo_message *message, struct kymo_error *error);

/* A message in the outbox. */
struct kymo_outbox_entry {
	const char *id; /* the same over all attempts */
	const char *receiver, *group_key;
	bool firing; /* it says that something fires */
	bool dead;   /* given up; a person may have it tried again */
	int64_t added_ms, deadline_ms; /* 0: none */
	uint32_t attempts;
	int64_t next_ms; /* nothing is tried before; 0 */
	const char *why; /* the last attempt failed; "" */
	const char *receiver_why; /* the last to its receiver did; "" */
	const char *body; /* as kymo_message_json has it */
	int64_t seq;      /* more than that of an older one */
};
/* kymo_outbox_list calls each for the messages that wait, or for the dead
   letters, oldest first, that come after the one whose seq is after (0: all);
   what it gets lives during the call. Stops when each returns nonzero, and
   returns that. */
KYMO_READER_API int kymo_outbox_list(struct kymo_outbox *outbox, bool dead,
    int64_t after, int (*each)(void *to, const struct kymo_outbox_entry *entry), void *to,
    struct kymo_error *error);
/* The dead letter with this id, or all of them (NULL), wait again, with their
   ids. Returns how many. */
KYMO_READER_API int kymo_outbox_retry(struct kymo_outbox *outbox,
    const char *id, int64_t now_ms, struct kymo_error *error);

/* No message that waits is given up before until_ms: for who sees that the clock
   went ahead, or has just begun. */
KYMO_READER_API KYMO_MUST_CHECK int kymo_outbox_spare(
    struct kymo_outbox *outbox, int64_t until_ms, struct kymo_error *error);

/* Since the database was made; refused: since it was opened. */
struct kymo_outbox_stats {
	uint64_t waiting, dead, bytes; /* now */
	uint64_t added, coalesced, delivered, failed; /* failed attempts */
	uint64_t died;      /* became dead letters */
	uint64_t forgotten; /* dead letters that had to make room */
	uint64_t refused;   /* KYMO_OUTBOX_FULL */
};
KYMO_READER_API int kymo_outbox_stats(struct kymo_outbox *outbox,
    struct kymo_outbox_stats *stats, struct kymo_error *error);

/* ---- templates -------------------------------------------------------------------- */

/* Alertmanager's notification templates: Go's text/template with its data and
   its functions, bounded in output, steps and memory. There are some under the
   names of Alertmanager's own (docs/notifications.md). Threads: any, once all
   are added. */
struct kymo_templates;

/* What a text is for, and so how values in it are escaped. */
enum kymo_template_as {
	KYMO_TEMPLATE_TEXT,  /* not at all */
	KYMO_TEMPLATE_SLACK, /* no value mentions anybody, or is a link */
	KYMO_TEMPLATE_HTML,  /* for where each stands, as html/template does */
	KYMO_TEMPLATE_JSON   /* as the content of a JSON text */
};

KYMO_READER_API KYMO_MUST_CHECK int kymo_templates_new(
    struct kymo_templates **templates, struct kymo_error *error);
KYMO_READER_API void kymo_templates_delete(struct kymo_templates *templates);
/* kymo_templates_add: text of a file, whose name is for errors, as
   "NAME:LINE:COLUMN: what", and a template's, too. Lifetime: both are copied. */
KYMO_READER_API KYMO_MUST_CHECK int kymo_templates_add(
    struct kymo_templates *templates, const char *name, const char *text,
    struct kymo_error *error);
/* For when all are there: -1 if one calls a template that is none. */
KYMO_READER_API KYMO_MUST_CHECK int kymo_templates_check(
    const struct kymo_templates *templates, struct kymo_error *error);
/* kymo_templates_expand appends what text, which may call them, makes of a
   message, body, as kymo_message_json has it. kymo_templates_try: of messages
   that are made up, to see whether it can be. -1: it is no template, or calls
   one that is none; KYMO_TEMPLATE_FAILS: it is, and fails with such a message. */
#define KYMO_TEMPLATE_FAILS 1
KYMO_READER_API KYMO_MUST_CHECK int kymo_templates_expand(
    const struct kymo_templates *templates, const char *text,
    enum kymo_template_as as, const char *body, struct kymo_buffer *out,
    struct kymo_error *error);
KYMO_READER_API KYMO_MUST_CHECK int kymo_templates_try(
    const struct kymo_templates *templates, const char *text,
    enum kymo_template_as as, struct kymo_error *error);

/* ---- receivers -------------------------------------------------------------------- */

/* A secret is read at each use, so that it can be changed: the content of a
   file without the spaces at its end, or a variable of the environment. Both
   NULL: none. It is in no log, message, error or database. */
struct kymo_secret {
	const char *file, *env;
};

enum kymo_receiver_kind {
	KYMO_RECEIVER_WEBHOOK,
	KYMO_RECEIVER_SLACK, /* an incoming webhook */
	KYMO_RECEIVER_ALERTMANAGER,
	KYMO_RECEIVER_EMAIL
};

/* How mail is kept secret on its way to the server. */
enum kymo_mail_tls {
	KYMO_MAIL_STARTTLS, /* or it is not sent */
	KYMO_MAIL_TLS_ONLY, /* from the first byte on: smtps */
	KYMO_MAIL_PLAIN     /* not at all; then no password either */
};

/* Everything is optional but what its kind is said to need. */
struct kymo_receiver {
	const char *name;
	enum kymo_receiver_kind kind;

	/* Where to: http or https. WEBHOOK and SLACK need url or url_secret.
	   ALERTMANAGER: each of urls, up to 8, or url; one that takes an alert
	   is enough, the others get it when it is sent again. */
	const char *url;
	struct kymo_secret url_secret;
	const char *const *urls;
	uint32_t url_cnt;
	/* ALERTMANAGER: alerts are pushed again so often, resolved ones for 15
	   minutes; 0: 1 minute. */
	int64_t resend_ms;

	/* EMAIL needs all three: host or host:port, NAME <ADDRESS> or an
	   address, and addresses, up to 50. */
	const char *smarthost, *from;
	const char *const *to;
	uint32_t to_cnt;
	const char *hello; /* what we call ourselves; NULL: localhost */
	enum kymo_mail_tls mail_tls;

	const char *user; /* basic auth, or SMTP's */
	struct kymo_secret password;
	struct kymo_secret bearer;
	/* WEBHOOK: signed after Standard Webhooks 1.0: "whsec_" and base64;
	   several, with a space between, sign each. */
	struct kymo_secret signing;
	/* WEBHOOK: a template that makes the body, JSON, of the message (docs/
	   notifications.md, Own bodies); NULL: the message itself. */
	const char *body;
	/* Those that the texts of this receiver may call; outlives it. NULL:
	   none. */
	const struct kymo_templates *templates;
	/* SLACK and EMAIL: templates in place of kymo's own words, by the names
	   of Alertmanager's configuration: "title", "fields.0.value"; "html",
	   "text" (docs/notifications.md has them all). */
	const struct kymo_label *texts;
	uint32_t text_cnt;
	/* More headers of requests, and of mails; a request's are sent as they
	   are, a mail's are templates, and made sound. */
	const struct kymo_label *headers;
	uint32_t header_cnt;
	/* WEBHOOK: at most so many alerts are in a body, and it says how many
	   are not; 0: all. */
	uint32_t alerts_max;

	const char *ca_file; /* NULL: the system's */
	const char *cert_file, *key_file; /* of ours, PEM */
	struct kymo_secret key_password;
	const char *proxy; /* its URL; NULL: none, whatever the environment says */

	/* Addresses that are not public (loopback, 10/8, fc00::/7 ..) are
	   refused when connecting, whatever a name resolves to, unless this is
	   so. Link-local and multicast ones always are. Behind a proxy only an
	   address in the URL itself can be seen. Redirects are not followed. */
	bool private_ok;

	double per_second; /* at most so many messages; 0: SLACK 1, others any */
	uint32_t burst;    /* so many at once; 0: 1 */
	int64_t timeout_ms; /* of an attempt; 0: 10 s */
};

/* What kymo_notify_render makes. */
enum kymo_render {
	KYMO_RENDER_SENT, /* all that would be sent */
	KYMO_RENDER_TEXT, /* of a mail */
	KYMO_RENDER_HTML,
	KYMO_RENDER_PNG   /* its chart; nothing where there is none */
};

/* kymo_notify_render appends what a receiver would get of a message, body, as
   kymo_message_json has it; without the signature, which is of an attempt. */
KYMO_READER_API KYMO_MUST_CHECK int kymo_notify_render(
    const struct kymo_receiver *receiver, const char *body, const char *id,
    enum kymo_render what, struct kymo_buffer *out, struct kymo_error *error);

/* ---- a notifier ------------------------------------------------------------------- */

struct kymo_notify;

enum kymo_notify_what {
	KYMO_NOTIFY_DELIVERED,
	KYMO_NOTIFY_FAILED, /* will be tried again */
	KYMO_NOTIFY_DIED,   /* became a dead letter */
	KYMO_NOTIFY_OPEN,   /* five failures: the receiver is left alone .. */
	KYMO_NOTIFY_CLOSED  /* .. and is well again */
};

struct kymo_notify_event {
	enum kymo_notify_what what;
	const char *receiver, *id; /* "": of several; attempts: how many */
	uint32_t attempts;
	int64_t again_ms; /* FAILED, OPEN: when */
	const char *why;  /* without secrets; "" */
};

struct kymo_notify_options {
	struct kymo_outbox *outbox; /* outlives the notifier */
	/* All of it outlives the notifier too. */
	const struct kymo_receiver *receivers;
	uint32_t receiver_cnt;
	/* Before attempt n + 1 of a receiver that failed: min * 2^(n - 1), at
	   most max, of which between a half and all. 0: 1 s, 30 s. */
	int64_t backoff_min_ms, backoff_max_ms;
	/* Retry-After is honoured up to this; 0: 1 h. */
	int64_t retry_after_max_ms;
	uint64_t seed; /* of jitter; 0: the system's randomness */
	void (*event)(void *of, const struct kymo_notify_event *event);
	void *of;
};

/* kymo_notify_new checks the receivers: error names the one that cannot be.
   Threads: one uses a notifier and its outbox. */
KYMO_READER_API KYMO_MUST_CHECK int kymo_notify_new(struct kymo_notify **notify,
    const struct kymo_notify_options *options, struct kymo_error *error);
/* What is under way is given up, and tried again by the next notifier. */
KYMO_READER_API void kymo_notify_delete(struct kymo_notify *notify);

/* kymo_notify_step starts and finishes what can be, and never waits. now_ms is
   the time since 1970 and never goes back. -1: the database; what is under way
   stays so, and the next step tries again. */
KYMO_READER_API KYMO_MUST_CHECK int kymo_notify_step(struct kymo_notify *notify,
    int64_t now_ms, struct kymo_error *error);
/* To be stepped at this time, after what was added, and when the descriptor
   (an epoll instance) is readable. INT64_MAX: never. */
KYMO_READER_API int64_t kymo_notify_next_ms(struct kymo_notify *notify,
    int64_t now_ms);
KYMO_READER_API int kymo_notify_fd(const struct kymo_notify *notify);

struct kymo_receiver_status {
	const char *name;
	bool sending, open; /* open: five attempts in a row failed */
	uint32_t failures;  /* in a row */
	int64_t hold_ms;    /* nothing is tried before; 0 */
	const char *why;    /* the last failure; "" */
};
/* Calls each for every receiver. */
KYMO_READER_API void kymo_notify_status(const struct kymo_notify *notify,
    void (*each)(void *to, const struct kymo_receiver_status *status),
    void *to);

#ifdef __cplusplus
}
#endif

#endif
