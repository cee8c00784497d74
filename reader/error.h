/* SPDX-License-Identifier: MIT */
/* Errors of the reader are for people: what failed, where, what to do. */
#ifndef KYMO_READER_ERROR_H
#define KYMO_READER_ERROR_H

#include <stdarg.h>

#ifndef KYMO_READER_API
#define KYMO_READER_API __attribute__((visibility("default")))
#endif
#ifndef KYMO_MUST_CHECK
#define KYMO_MUST_CHECK __attribute__((warn_unused_result))
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* One sentence, printable, without a newline. text[0] == 0: no error. */
struct kymo_error {
	char text[400];
};

/* kymo_error_set formats into error (which may be NULL), cuts what is too
   long and replaces what is not printable, and returns -1. */
KYMO_READER_API int kymo_error_set(struct kymo_error *error,
    const char *format, ...) __attribute__((format(printf, 2, 3)));

#ifdef __cplusplus
}
#endif

#endif
