/* SPDX-License-Identifier: MIT */
#include <kymo.h>

#include <stdio.h>

#include "tests/bench/hot.h"

static struct kymo_counter counters[HOT_SERIES];
static struct kymo_timer timers[HOT_SERIES];

KYMO_COUNTER_FAMILY(of_counters, "hot_so_total", "Counters of a shared library",
    "n");
KYMO_TIMER_FAMILY(of_timers, "hot_so_duration_seconds",
    "Timers of a shared library", "n");

void
hot_so_prepare(void)
{
	char n[12];
	unsigned i;

	for (i = 0; i < HOT_SERIES; i++) {
		snprintf(n, sizeof(n), "%u", i);
		counters[i] = KYMO_AT(counter, of_counters, n);
		timers[i] = KYMO_AT(timer, of_timers, n);
	}
}

static inline void
count(unsigned i)
{
	kymo_counter_inc(counters[i]);
}

static inline void
time_it(unsigned i)
{
	kymo_timer_record(timers[i], 1000 + 300 * i);
}

HOT_ROW(hot_so_counter_add, count)
HOT_ROW(hot_so_histogram_record, time_it)
