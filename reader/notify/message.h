/* SPDX-License-Identifier: MIT */
/* A message as it is stored: the JSON of docs/notifications.md. */
#ifndef KYI_NOTIFY_MESSAGE_H
#define KYI_NOTIFY_MESSAGE_H

#include <jansson.h>

#include "reader/notify/notify.h"

/* kyi_message_make returns the message with cnt of its alerts from first on;
   NULL: no memory. */
json_t *kyi_message_make(const struct kymo_message *message, uint32_t first,
    uint32_t cnt);
/* Appends it as one line. -1: no memory. */
KYMO_MUST_CHECK int kyi_json_put(struct kymo_buffer *out, const json_t *json);

/* Texts of a stored message; "" where there is none. */
const char *kyi_json_text(const json_t *object, const char *key);

/* One alert of a message, in one of its states: what it says. */
struct kyi_saying {
	uint64_t fingerprint;
	uint64_t firing;
};
/* kyi_message_sayings fills one for each of cnt alerts from first on. */
void kyi_message_sayings(const struct kymo_message *message, uint32_t first,
    uint32_t cnt, struct kyi_saying *sayings);

#endif
