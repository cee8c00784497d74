/* SPDX-License-Identifier: MIT */
/* /-/health: what components are, as JSON. Knows nothing of the HTTP library. */
#ifndef KYI_SERVE_HEALTH_H
#define KYI_SERVE_HEALTH_H

#include "reader/buffer.h"
#include "reader/health/health.h"

/* Adds the answer to out and returns its status: of all, 503 where one is
   failing; of component (NULL: all) also where it is starting, and 404 where
   there is none of that name. */
unsigned kyi_health_put(struct kymo_buffer *out,
    int (*health)(void *of, int (*each)(void *to,
    const struct kymo_care_status *status), void *to), void *of,
    const char *component);

#endif
