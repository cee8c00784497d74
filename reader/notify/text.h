/* SPDX-License-Identifier: MIT */
/* Texts of others, made sound before anything is made of them. */
#ifndef KYI_NOTIFY_TEXT_H
#define KYI_NOTIFY_TEXT_H

#include "reader/buffer.h"

#define KYI_NOTIFY_TEXT_MAX ((size_t)16 << 10)

/* kyi_text_sound appends text (NULL: nothing) as UTF-8: bytes that are none
   as U+FFFD, and of more than max_bytes as much as fits and "..". */
void kyi_text_sound(struct kymo_buffer *out, const char *text,
    size_t max_bytes);

/* kyi_text_time appends 2026-01-02T03:04:05.678Z; years 1 to 9999. */
void kyi_text_time(struct kymo_buffer *out, int64_t at_ms);

/* How long a sound text is in UTF-16, as Slack counts. */
size_t kyi_text_cnt(const char *text);

#endif
