/* SPDX-License-Identifier: MIT */
/* memcached's metrics: included into its sources by tests/bench/memcached.sh.
   PARTS says what is recorded of each command, so that the bench can tell what
   each part costs: 1 the counter, 2 and the time it took, 3 and a span for one
   in a thousand. */
#ifndef KYMO_MEMCACHED_H
#define KYMO_MEMCACHED_H

#define KYMO_COMPONENT "memcached"
#include <kymo.h>

#ifndef PARTS
#define PARTS 3
#endif

enum mc_command { MC_GET, MC_SET, MC_OTHER, MC_COMMANDS };

struct mc_metrics {
	struct kymo_counter commands[MC_COMMANDS];
	struct kymo_timer took[MC_COMMANDS];
	struct kymo_span_name span;
};

/* In kymo_memcached.c. */
extern struct mc_metrics mc_metrics;
extern struct kymo_updown mc_connections;
extern __thread unsigned mc_turn;

static inline enum mc_command
mc_command_of(const char *text)
{
	return *text == 'g' ? MC_GET : *text == 's' ? MC_SET : MC_OTHER;
}

/* MC_COMMAND(text, call): one command of a client, which call carries out. It
   changes text. */
#define MC_COMMAND(text, call)                                              \
	do {                                                                \
		enum mc_command command_ = mc_command_of(text);             \
		struct kymo_span span_;                                     \
		bool traced_ = PARTS >= 3 && ++mc_turn % 1000 == 0;         \
		uint64_t start_ns_ = PARTS >= 2 ?                           \
			kymo_timer_start(mc_metrics.took[command_]) : 0;    \
		if (traced_)                                                \
			kymo_span_begin(&span_, mc_metrics.span, NULL);     \
		call;                                                       \
		if (traced_)                                                \
			kymo_span_end(&span_, KYMO_SPAN_OK);                \
		if (PARTS >= 2)                                             \
			kymo_timer_stop(mc_metrics.took[command_],          \
				start_ns_);                                 \
		kymo_counter_inc(mc_metrics.commands[command_]);            \
	} while (0)

#endif
