/* SPDX-License-Identifier: MIT */
#include <kymo.h>

#include "peers.h"

KYMO_COUNTER(jobs, "jobs_total", "For the benchmark");
KYMO_HISTOGRAM(took, "took_nanoseconds", "For the benchmark");

static void
counter(uint64_t n)
{
	for (; n > 0; n--)
		kymo_counter_inc(jobs);
}

static void
histogram(uint64_t n)
{
	for (; n > 0; n--)
		kymo_histogram_record(took, peers_values[n % PEERS_VALUES]);
}

static void
event(uint64_t n)
{
	for (; n > 0; n--)
		KYMO_LOG(KYMO_INFO, "job %u", (unsigned)n);
}

int
main(void)
{
	peers_begin();
	peers_measure("counter kymo", counter, 200000);
	peers_measure("histogram kymo", histogram, 100000);
	peers_measure("event kymo", event, 20000);
	return 0;
}
