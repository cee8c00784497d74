/* SPDX-License-Identifier: MIT */
/* Texts as Slack shows them: nothing of a value mentions anybody, is a link, or
   turns text around. */
#ifndef KYI_NOTIFY_SLACK_TEXT_H
#define KYI_NOTIFY_SLACK_TEXT_H

#include "reader/buffer.h"

/* kyi_slack_put appends as much of a sound text as keeps out at max characters,
   as Slack counts them (UTF-16; SIZE_MAX: all), and says where it was cut.
   plain: it stands where Slack knows no marks. */
void kyi_slack_put(struct kymo_buffer *out, const char *text, size_t max,
    bool plain);

#endif
