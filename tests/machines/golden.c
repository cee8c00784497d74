/* SPDX-License-Identifier: MIT */
/* golden: a small program that records something of every kind, always the
   same. Its region, written on any machine, must read the same on any other:
   tests/machines/golden.sh compares them. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define KYMO_COMPONENT "golden"
#include "writer/kymo.h"

KYMO_COUNTER(jobs, "golden_jobs_total", "Jobs done");
KYMO_COUNTER_FAMILY(requests, "golden_requests_total", "Requests answered",
	"method", "path");
KYMO_UPDOWN(in_flight, "golden_in_flight", "Requests in flight");
KYMO_FLOAT_COUNTER(energy, "golden_energy_joules_total", "Energy used");
KYMO_GAUGE(level, "golden_level", "A level below zero");
KYMO_GAUGE(never, "golden_never", "A gauge that is never set");
KYMO_FLOAT_GAUGE(ratio, "golden_ratio", "A ratio");
KYMO_HISTOGRAM(sizes, "golden_size_bytes", "Sizes");
KYMO_SUMMARY(waits, "golden_waits", "Waits");
KYMO_TIMER(took, "golden_took_seconds", "What a step takes");
KYMO_TEXT(phase, "golden_phase", "What goes on");
KYMO_HEALTH(disk, "golden_disk", "The disk");
KYMO_INFO_FAMILY(build, "golden_build_info", "The build", "version", "commit");
KYMO_SPAN_NAME(query, "query");

static struct kymo_max highest;
static struct kymo_min lowest;
static struct kymo_state_set light;

/* Peaks for an hour, so that none is over before the program ends. */
static void
declare(void)
{
	static const char *const states[] = { "red", "green", "blue" };
	struct kymo_desc desc = { .size_bytes = sizeof(desc),
		.component = KYMO_COMPONENT, .peak_window_s = 3600 };

	desc.kind = KYMO_KIND_MAX;
	desc.name = "golden_highest";
	desc.help = "The highest";
	highest = kymo_max_at(kymo_family(&desc), 0, NULL);
	desc.kind = KYMO_KIND_MIN;
	desc.name = "golden_lowest";
	desc.help = "The lowest";
	lowest = kymo_min_at(kymo_family(&desc), 0, NULL);
	desc.kind = KYMO_KIND_STATE_SET;
	desc.name = "golden_light";
	desc.help = "The light";
	desc.states = states;
	desc.state_cnt = 3;
	light = kymo_state_set_at(kymo_family(&desc), 0, NULL);
}

static void *
record(void *nothing)
{
	uint64_t i;

	kymo_counter_add(jobs, 0x0102030405060708ull);
	kymo_counter_inc(KYMO_AT(counter, requests, "GET", "/sch\xc3\xb6n"));
	kymo_counter_add(KYMO_AT(counter, requests, "POST", ""), 70000);
	kymo_updown_add(in_flight, -3);
	kymo_float_counter_add(energy, 0.375);
	for (i = 0; i < 12; i++) {
		kymo_histogram_record(sizes, i * i * i * i);
		kymo_histogram_record(waits, i);
		kymo_timer_record(took, 1000u << 2 * i);
	}
	kymo_max_record(highest, 12345.5);
	kymo_max_record(highest, -1);
	kymo_min_record(lowest, -0.25);
	return nothing;
}

static void
shared(void)
{
	kymo_gauge_set(level, -40);
	kymo_gauge_add(level, -2);
	kymo_float_gauge_set(ratio, 0.8125);
	kymo_text_set(phase, "half way");
	kymo_state_set_on(light, 0);
	kymo_state_set_on(light, 2);
	kymo_health_report(disk, KYMO_HEALTH_DEGRADED, "nearly full", 0);
	kymo_info_at(build, 2, (const char *const[]){ "1.2.3", "abcdef" });
	kymo_resource_set("deployment.environment", "golden");
}

static void
events(void)
{
	static struct kymo_span open;
	struct kymo_trace trace;
	struct kymo_span span;

	if (kymo_trace_parse(&trace,
		"00-0102030405060708090a0b0c0d0e0f10-1112131415161718-01") != 0)
		abort();
	kymo_span_begin(&span, query, &trace);
	kymo_span_end(&span, KYMO_SPAN_ERROR);
	kymo_histogram_exemplar(sizes, 4711, &trace);
	KYMO_LOG(KYMO_INFO, "%d of %u, %s and %5.2f, %llx", -7, 9u, "a text",
		2.5, 0x0123456789abcdefull);
	KYMO_LOG(KYMO_ERROR, "%s|%s", "a longer text, which does not fit into "
		"one place of a ring but goes on in the next", "and another");
	/* What it does when it ends. */
	kymo_span_begin(&open, query, &trace);
}

int
main(void)
{
	struct kymo_options options = { .size_bytes = sizeof(options),
		.service = "golden", .thread_cnt_max = 3,
		.region_bytes_max = 512 * 1024 };
	struct kymo_status status = { .size_bytes = sizeof(status) };
	pthread_t thread;

	/* An emulator has its own. */
	if (pthread_setname_np(pthread_self(), "golden") != 0)
		return 1;
	declare();
	if (kymo_init_with(&options) != 0 ||
	    pthread_create(&thread, NULL, record, NULL) != 0)
		return 1;
	pthread_join(thread, NULL);
	record(NULL);
	shared();
	events();
	kymo_status(&status);
	puts(status.path);
	if (status.err_full + status.err_cardinality + status.err_slots +
	    status.err_ring + status.err_badcall != 0)
		return 1;
	return 0;
}
