/* SPDX-License-Identifier: MIT */
/* Text that grows: pages, dumps, messages. */
#ifndef KYMO_READER_BUFFER_H
#define KYMO_READER_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reader/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Zeros are an empty buffer. at is NUL-terminated once anything was added.
   After a failed allocation failed is true and all further adds do nothing:
   check once, at the end. */
struct kymo_buffer {
	char *at;
	size_t len_bytes, room_bytes;
	bool failed;
};

KYMO_READER_API void kymo_buffer_add(struct kymo_buffer *buffer,
    const void *bytes, size_t len_bytes);
KYMO_READER_API void kymo_buffer_str(struct kymo_buffer *buffer,
    const char *text);
/* kymo_buffer_quote appends text in double quotes, as PromQL and matchers of
   Alertmanager read it: backslash, quote and line feed are escaped. */
KYMO_READER_API void kymo_buffer_quote(struct kymo_buffer *buffer,
    const char *text);
KYMO_READER_API void kymo_buffer_char(struct kymo_buffer *buffer, char c);
KYMO_READER_API void kymo_buffer_printf(struct kymo_buffer *buffer,
    const char *format, ...) __attribute__((format(printf, 2, 3)));
KYMO_READER_API void kymo_buffer_u64(struct kymo_buffer *buffer, uint64_t n);
KYMO_READER_API void kymo_buffer_i64(struct kymo_buffer *buffer, int64_t n);

/* kymo_buffer_decimal adds n * 10^exponent exactly, in plain notation without
   trailing zeros: (1500000, -9) is 0.0015. exponent -18 to 18. */
KYMO_READER_API void kymo_buffer_decimal(struct kymo_buffer *buffer,
    bool negative, uint64_t n, int exponent);

/* kymo_buffer_double adds the shortest decimal that reads back as d; NaN,
   +Inf, -Inf as Prometheus writes them. */
KYMO_READER_API void kymo_buffer_double(struct kymo_buffer *buffer, double d);

KYMO_READER_API void kymo_buffer_free(struct kymo_buffer *buffer);

#ifdef __cplusplus
}
#endif

#endif
