/* SPDX-License-Identifier: MIT */
#ifndef KYI_SERVE_GZIP_H
#define KYI_SERVE_GZIP_H

#include "reader/buffer.h"

/* Whether an Accept-Encoding header (NULL: none) lets us answer in gzip and
   likes it no less than plain text (RFC 9110 12.5.3). */
bool kyi_gzip_wanted(const char *accept_encoding);

/* kyi_gzip adds what from holds to to, compressed; -1: no memory. */
int kyi_gzip(struct kymo_buffer *to, const struct kymo_buffer *from);

#endif
