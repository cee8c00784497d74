/* SPDX-License-Identifier: MIT */
/* Messages that are under way, by the alerts that they tell of. */
#ifndef KYI_SERVE_API_MAIL_H
#define KYI_SERVE_API_MAIL_H

#include "reader/buffer.h"
#include "reader/notify/notify.h"

struct kyi_alerting;

/* Messages of the outbox piece by piece: those that wait, then the dead. */
struct kyi_mail_walk {
	int (*each)(void *to, const struct kymo_outbox_entry *entry);
	void *to;
	bool no_waiting, no_dead; /* left out */
	/* Its own; zeros. */
	bool dead, over;
	int64_t after;
	uint64_t until_ns;
	struct kymo_error error;
};
/* Goes on for a look; walk->over: these were the last. Not 0: what each
   returned, or -1 with error set. */
int kyi_mail_look(struct kyi_mail_walk *walk, struct kymo_outbox *outbox);

struct kyi_mail {
	struct kyi_mail_of {
		uint64_t fingerprint;
		size_t at, len_bytes; /* in texts: a JSON object */
	} *of; /* by fingerprint */
	uint32_t cnt, room;
	struct kymo_buffer texts;
	struct kyi_mail_walk walk;
	bool failed; /* no memory */
};

/* All that wait in the outbox, and dead letters, by some looks. false: the
   answer says why not. */
bool kyi_mail_find(struct kyi_mail *mail, struct kyi_alerting *alerting);
/* ,"messages":[..] of an alert. */
void kyi_mail_put(struct kymo_buffer *out, const struct kyi_mail *mail,
    uint64_t fingerprint);
void kyi_mail_free(struct kyi_mail *mail);

/* A message as a JSON object; with its body where that is wanted. */
void kyi_mail_entry_put(struct kymo_buffer *out,
    const struct kymo_outbox_entry *entry, bool body);

#endif
