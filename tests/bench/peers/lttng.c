/* SPDX-License-Identifier: MIT */
/* LTTng-UST: a tracepoint that a session records. argv[1]: the row's name. */
#define LTTNG_UST_TRACEPOINT_CREATE_PROBES
#define LTTNG_UST_TRACEPOINT_DEFINE
#include "lttng_events.h"

#include "peers.h"

static void
event(uint64_t n)
{
	for (; n > 0; n--)
		lttng_ust_tracepoint(peers, job, (unsigned)n);
}

int
main(int argc, char **argv)
{
	peers_begin();
	peers_measure(argc > 1 ? argv[1] : "event lttng_ust", event, 20000);
	return 0;
}
