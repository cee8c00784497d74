/* SPDX-License-Identifier: MIT */
/* Letters that go together, in one request: as Prometheus pushes alerts. Each
   stays a letter of its own, with its own end. */
#ifndef KYI_NOTIFY_BATCH_H
#define KYI_NOTIFY_BATCH_H

#include "reader/notify/send.h"

/* kyi_batch_gather finds what may go with send->letter, whose payload is there,
   and puts all of it into send->whole; none of it is no error. Nothing does
   while a letter of this receiver is left aside. */
void kyi_batch_gather(struct kyi_send *send, const struct kyi_channel *channel);

/* An attempt begins, of all of them: one transaction. */
KYMO_MUST_CHECK int kyi_batch_tried(const struct kyi_send *send,
    struct kymo_error *error);

void kyi_batch_free(struct kyi_send *send);

#endif
