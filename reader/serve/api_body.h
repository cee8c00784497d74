/* SPDX-License-Identifier: MIT */
/* What a client says in JSON. */
#ifndef KYI_SERVE_API_BODY_H
#define KYI_SERVE_API_BODY_H

#include "reader/serve/api.h"

struct kyi_body;

/* The body of a request, an object; NULL: the answer is what is wrong. */
struct kyi_body *kyi_body_read(struct kyi_api *api);
void kyi_body_free(struct kyi_body *body);

/* A text; "": there is none. false: it is something else, and that is the
   answer. Lifetime: the body's. */
bool kyi_body_text(struct kyi_api *api, const struct kyi_body *body,
    const char *key, const char **text);
bool kyi_body_bool(struct kyi_api *api, const struct kyi_body *body,
    const char *key, bool *is);
/* RFC 3339; one that is not there leaves *ms. */
bool kyi_body_time(struct kyi_api *api, const struct kyi_body *body,
    const char *key, int64_t *ms);
/* Matchers, as a text of them: a text, a list of texts, or a list of
   Alertmanager's {"name", "value", "isRegex", "isEqual"}. */
bool kyi_body_matchers(struct kyi_api *api, const struct kyi_body *body,
    struct kymo_buffer *out);

#endif
