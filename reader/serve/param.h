/* SPDX-License-Identifier: MIT */
/* Parameters as Prometheus 3 reads them. */
#ifndef KYI_SERVE_PARAM_H
#define KYI_SERVE_PARAM_H

#include <stdbool.h>
#include <stdint.h>

#include "reader/buffer.h"

/* Times beyond are cut to it: some 280,000 years either way. */
#define KYI_TIME_MAX_MS INT64_C(9000000000000000)

/* Unix time, in seconds with or without a fraction, or RFC 3339. */
bool kyi_param_time(int64_t *ms, const char *text);
/* Seconds, or 1h30m; maybe negative. Below a millisecond is 0. */
bool kyi_param_duration(int64_t *ms, const char *text);
/* A whole number, not negative. */
bool kyi_param_limit(uint64_t *limit, const char *text);

/* kyi_label_unescape appends the label's name that text, of an address, stands
   for: U__ and _HEX_ for what is no plain name, __ for _; other texts stand
   for themselves. false: such a label cannot be. */
bool kyi_label_unescape(struct kymo_buffer *out, const char *text);

/* RFC 3339 in UTC, with a fraction of as many digits as it needs; 0 is
   0001-01-01T00:00:00Z, Go's time of what never was. */
void kyi_rfc3339(struct kymo_buffer *out, int64_t ms);

#endif
