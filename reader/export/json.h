/* SPDX-License-Identifier: MIT */
/* JSON, member by member. Strings go through jansson; numbers do not, since
   its integers are signed and its reals round. */
#ifndef KYI_EXPORT_JSON_H
#define KYI_EXPORT_JSON_H

#include "reader/buffer.h"

/* Pure ASCII, so that no control character reaches a terminal either way;
   bytes that are not UTF-8 become U+FFFD. */
void kyi_json_string(struct kymo_buffer *buffer, const char *text);

/* A number; "NaN", "+Inf" or "-Inf" as strings, since JSON has none. */
void kyi_json_double(struct kymo_buffer *buffer, double d);

/* ,"key": (the comma unless an object or array begins right here). key is
   plain ASCII. */
void kyi_json_key(struct kymo_buffer *buffer, const char *key);
void kyi_json_member_str(struct kymo_buffer *buffer, const char *key,
    const char *value);
/* n * 10^exponent, exactly. */
void kyi_json_member_decimal(struct kymo_buffer *buffer, const char *key,
    uint64_t n, int exponent);
/* "trace_id" and "span_id", as 32 and 16 hex digits. */
void kyi_json_trace(struct kymo_buffer *buffer, uint64_t trace_hi,
    uint64_t trace_lo, uint64_t span_id);

#endif
