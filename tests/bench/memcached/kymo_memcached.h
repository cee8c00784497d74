/* SPDX-License-Identifier: MIT */
/* memcached's metrics: included into its sources by tests/bench/memcached.sh.
   PARTS says what is recorded of each command, so that the bench can tell what
   each part costs:

     1  the counter
     2  and the time of one in 64
     3  and a span for one in 16 of those, a thousand commands or so: all
     4  the counter, and the time of each command
     5  the time of one in 64 alone, whose count stands for the counter's */
#ifndef KYMO_MEMCACHED_H
#define KYMO_MEMCACHED_H

#define KYMO_COMPONENT "memcached"
#include <kymo.h>

#include <stdbool.h>

#ifndef PARTS
#define PARTS 3
#endif
#define MC_SPAN_TURNS 16u

struct mc_metrics {
	struct kymo_counter commands;
	struct kymo_timer took;
};

/* In kymo_memcached.c. */
extern struct mc_metrics mc_get, mc_set, mc_other;
extern struct kymo_updown mc_connections;
bool mc_span_begin(struct kymo_span *span);
void mc_span_end(struct kymo_span *span);

/* MC_COMMAND(kind, call): one command of a client, which call carries out. */
#define MC_COMMAND(kind, call)                                              \
	do {                                                                \
		uint64_t start_ = PARTS < 2 ? 0 :                           \
			kymo_timer_start(mc_##kind.took);                   \
		if (PARTS < 5)                                              \
			kymo_counter_inc(mc_##kind.commands);               \
		if (!start_) {                                              \
			call;                                               \
		} else {                                                    \
			struct kymo_span span_;                             \
			bool traced_ = PARTS == 3 && mc_span_begin(&span_); \
			call;                                               \
			if (traced_)                                        \
				mc_span_end(&span_);                        \
			kymo_timer_stop(mc_##kind.took, start_);            \
		}                                                           \
	} while (0)

#endif
