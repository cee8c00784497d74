// SPDX-License-Identifier: MIT
// prometheus-cpp: a counter, and a histogram with the usual ten bounds.
#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include "peers.h"

namespace {

prometheus::Registry registry;
prometheus::Counter &jobs = prometheus::BuildCounter()
	.Name("jobs_total").Help("For the benchmark").Register(registry).Add({});
prometheus::Histogram &took = prometheus::BuildHistogram()
	.Name("took_nanoseconds").Help("For the benchmark").Register(registry)
	.Add({}, prometheus::Histogram::BucketBoundaries{5e3, 1e4, 2.5e4, 5e4,
		1e5, 2.5e5, 5e5, 1e6, 2.5e6, 5e6});

void counter(uint64_t n)
{
	for (; n > 0; n--)
		jobs.Increment();
}

void histogram(uint64_t n)
{
	for (; n > 0; n--)
		took.Observe((double)peers_values[n % PEERS_VALUES]);
}

} // namespace

int main()
{
	peers_begin();
	peers_measure("counter prometheus_cpp", counter, 100000);
	peers_measure("histogram prometheus_cpp", histogram, 50000);
}
