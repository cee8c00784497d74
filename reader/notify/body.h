/* SPDX-License-Identifier: MIT */
/* Bodies of webhooks that somebody wrote a template for. */
#ifndef KYI_NOTIFY_BODY_H
#define KYI_NOTIFY_BODY_H

#include <jansson.h>

#include "reader/buffer.h"

/* kyi_body_expand appends what template_ makes of a stored message, which is
   JSON: what actions print is escaped as a JSON text's content. -1: error says
   what is wrong with the template, or that it gives no JSON. */
KYMO_MUST_CHECK int kyi_body_expand(const char *template_,
    const json_t *message, struct kymo_buffer *out, struct kymo_error *error);
/* The same of a message that is made up, to see whether it can be. */
KYMO_MUST_CHECK int kyi_body_check(const char *template_,
    struct kymo_error *error);

/* kyi_text_expand appends what a template gives of a message, as it is; without
   braces it is the text. kyi_text_check: of one that is made up. */
KYMO_MUST_CHECK int kyi_text_expand(const char *template_,
    const json_t *message, struct kymo_buffer *out, struct kymo_error *error);
KYMO_MUST_CHECK int kyi_text_check(const char *template_,
    struct kymo_error *error);

#endif
