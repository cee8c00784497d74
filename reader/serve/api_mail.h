/* SPDX-License-Identifier: MIT */
/* Messages that are under way, by the alerts that they tell of. */
#ifndef KYI_SERVE_API_MAIL_H
#define KYI_SERVE_API_MAIL_H

#include "reader/buffer.h"
#include "reader/notify/notify.h"

struct kyi_mail {
	struct kyi_mail_of {
		uint64_t fingerprint;
		size_t at, len_bytes; /* in texts: a JSON object */
	} *of; /* by fingerprint */
	uint32_t cnt, room;
	struct kymo_buffer texts;
};

/* All that wait in the outbox, and dead letters. -1: error says why. */
int kyi_mail_find(struct kyi_mail *mail, struct kymo_outbox *outbox,
    struct kymo_error *error);
/* ,"messages":[..] of an alert. */
void kyi_mail_put(struct kymo_buffer *out, const struct kyi_mail *mail,
    uint64_t fingerprint);
void kyi_mail_free(struct kyi_mail *mail);

/* A message as a JSON object; with its body where that is wanted. */
void kyi_mail_entry_put(struct kymo_buffer *out,
    const struct kymo_outbox_entry *entry, bool body);

#endif
