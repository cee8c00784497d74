/* SPDX-License-Identifier: MIT */
/* Texts, pages and bodies that somebody wrote a template for. */
#ifndef KYI_NOTIFY_BODY_H
#define KYI_NOTIFY_BODY_H

#include <jansson.h>

#include "reader/notify/notify.h"
#include "reader/query/arena.h"

struct kyi_template;

/* kyi_template_make appends what text makes of a stored message, escaped for
   what it is. -1: error says what is wrong with the template, or that it gives
   no JSON; nothing was appended. templates NULL: text calls none. */
KYMO_MUST_CHECK int kyi_template_make(const struct kymo_templates *templates,
    const char *text, enum kymo_template_as as, const json_t *message,
    struct kymo_buffer *out, struct kymo_error *error);
/* The same of messages that are made up, to see whether it can be. -1: it is no
   template; KYMO_TEMPLATE_FAILS: it is, and gives nothing. */
KYMO_MUST_CHECK int kyi_template_try(const struct kymo_templates *templates,
    const char *text, enum kymo_template_as as, struct kymo_error *error);

/* templates.c: NULL with error set. */
struct kyi_template *kyi_templates_parse(
    const struct kymo_templates *templates, struct kyi_arena *arena,
    const char *text, struct kymo_error *error);

#endif
