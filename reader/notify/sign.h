/* SPDX-License-Identifier: MIT */
/* Signatures after Standard Webhooks 1.0. */
#ifndef KYI_NOTIFY_SIGN_H
#define KYI_NOTIFY_SIGN_H

#include "reader/buffer.h"

/* kyi_sign appends "v1,BASE64" for each secret ("whsec_" and base64, separated
   by spaces) with a space between: HMAC-SHA256 of "id.seconds.body". */
KYMO_MUST_CHECK int kyi_sign(struct kymo_buffer *out, const char *secrets,
    const char *id, int64_t at_seconds, const void *body, size_t body_bytes,
    struct kymo_error *error);

/* kyi_base64 appends the base64 of bytes, in lines of 76 with CRLF if so. */
void kyi_base64(struct kymo_buffer *out, const void *bytes, size_t len_bytes,
    bool lines);

#endif
