/* SPDX-License-Identifier: MIT */
/* Receivers that are called otherwise than before: what waits goes on to who is
   at the same address. */
#ifndef KYI_NOTIFY_HEIR_H
#define KYI_NOTIFY_HEIR_H

#include "reader/notify/outbox.h"

/* Notes where each of these receivers is, for when its name is no more. What
   cannot be known, as a secret address that cannot be read, is left out. */
void kyi_heir_note(struct kymo_outbox *outbox,
    const struct kymo_receiver *receivers, uint32_t cnt);

/* kyi_heir_find: the one receiver that is where name was; NULL: there is none,
   or more than one, or nobody knows. */
const struct kymo_receiver *kyi_heir_find(struct kymo_outbox *outbox,
    const char *name, const struct kymo_receiver *receivers, uint32_t cnt);

/* What waits for name waits for heir from now on, in the same order: how many
   letters; -1. */
int kyi_heir_take(struct kymo_outbox *outbox, const char *name,
    const char *heir, struct kymo_error *error);

#endif
