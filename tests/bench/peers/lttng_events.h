/* SPDX-License-Identifier: MIT */
/* A tracepoint with one number, as the header of LTTng-UST wants it. */
#undef LTTNG_UST_TRACEPOINT_PROVIDER
#define LTTNG_UST_TRACEPOINT_PROVIDER peers
#undef LTTNG_UST_TRACEPOINT_INCLUDE
#define LTTNG_UST_TRACEPOINT_INCLUDE "./lttng_events.h"

#if !defined(LTTNG_EVENTS_H) || defined(LTTNG_UST_TRACEPOINT_HEADER_MULTI_READ)
#define LTTNG_EVENTS_H

#include <lttng/tracepoint.h>

LTTNG_UST_TRACEPOINT_EVENT(peers, job, LTTNG_UST_TP_ARGS(unsigned, number),
    LTTNG_UST_TP_FIELDS(
	lttng_ust_field_integer(unsigned, number, number)))

#endif

#include <lttng/tracepoint-event.h>
