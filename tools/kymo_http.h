/* SPDX-License-Identifier: MIT */
/* Asking kymod, or a Prometheus, by HTTP. */
#ifndef KYI_HTTP_H
#define KYI_HTTP_H

#include <stdbool.h>

#include "reader/buffer.h"

#define KYI_URL_DEFAULT "http://127.0.0.1:9779"

struct kyi_field {
	const char *key, *value;
};

/* Where to ask: url, else KYMO_URL, else the default. */
const char *kyi_url(const char *url);

/* kyi_http_post sends fields as a form to url + path and appends the answer's
   body, of any status, to body. Returns an exit code; what went wrong is said
   on stderr, with what to do. */
int kyi_http_post(const char *url, const char *path,
    const struct kyi_field *fields, uint32_t field_cnt,
    struct kymo_buffer *body, long *status);
/* The same of a method (GET, POST, DELETE), with json as its body (NULL: none). */
int kyi_http_json(const char *url, const char *method, const char *path,
    const char *json, struct kymo_buffer *body, long *status);
/* Whether nobody listens there. */
bool kyi_http_nobody(const char *url);

/* text as it is behind a ?, added to out. */
void kyi_http_escape(struct kymo_buffer *out, const char *text);

#endif
