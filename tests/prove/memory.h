/* SPDX-License-Identifier: MIT */
/* Memory that runs out: each allocation of a piece of work fails in its turn.

   A kind of work is done again and again. What it does between memory_arm and
   memory_disarm may fail; what it does before and after may not. It gives false
   for what must not be: an error without a reason, something that is lost, said
   twice, or other than it was. */
#ifndef TESTS_PROVE_MEMORY_H
#define TESTS_PROVE_MEMORY_H

#include <stdbool.h>

#include "reader/error.h"

struct memory_kind {
	const char *name;
	bool (*run)(void);
};

void memory_arm(void);
void memory_disarm(void);
/* Whether an allocation has failed since this run began. */
bool memory_failed(void);
/* status is that of a call with this error: good, or bad for a reason, and bad
   only where memory failed. Says what is not so. */
bool memory_told(const char *what, bool good, const struct kymo_error *error);
/* Says what is wrong, and gives false. */
bool memory_wrong(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

extern const struct memory_kind memory_kinds_alert[], memory_kinds_care[],
    memory_kinds_outbox[], memory_kinds_read[], memory_kinds_scan[];

#endif
