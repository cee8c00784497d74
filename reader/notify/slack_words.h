/* SPDX-License-Identifier: MIT */
/* Slack's messages in somebody's own words: an attachment, as Alertmanager
   makes it of title, text, fields and so on. */
#ifndef KYI_NOTIFY_SLACK_WORDS_H
#define KYI_NOTIFY_SLACK_WORDS_H

#include "reader/notify/send.h"

/* Are these names of texts ones that Slack has, and texts templates? */
KYMO_MUST_CHECK int kyi_slack_words_check(const struct kymo_receiver *receiver,
    struct kymo_error *error);

/* kyi_slack_words returns the message that the receiver's texts make; NULL:
   it has none for an attachment, or one failed: error says which and why ("":
   none did). */
json_t *kyi_slack_words(const struct kymo_receiver *receiver,
    const json_t *message, const char *id, struct kymo_error *error);

/* Puts what is beside the words, such as channel, into a message; what fails
   is left out. */
void kyi_slack_words_around(const struct kymo_receiver *receiver,
    const json_t *message, json_t *whole);

#endif
