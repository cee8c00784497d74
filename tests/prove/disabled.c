/* SPDX-License-Identifier: MIT */
/* What disabled.sh compiles twice: instrumented as a user would, with
   KYMO_DISABLE; and PLAIN, as if kymo had never been heard of. C and C++. */
#ifndef PLAIN
#include <kymo.h>
#define KYMO(...) __VA_ARGS__
#else
#define KYMO(...)
#endif

#ifdef __cplusplus
extern "C" {
#endif

struct request { const char *method, *route; int code; unsigned bytes; };

int handle(struct request *request);
const char *name_of(int code);
extern int queue[64];

KYMO(KYMO_COUNTER(jobs, "jobs_total", "Jobs");
KYMO_UPDOWN(inflight, "inflight", "In flight");
KYMO_FLOAT_COUNTER(joules, "joules_total", "Energy");
KYMO_GAUGE(depth, "depth", "Depth");
KYMO_FLOAT_GAUGE(load, "load_ratio", "Load");
KYMO_MAX(longest, "longest", "Longest");
KYMO_MIN(shortest, "shortest", "Shortest");
KYMO_HISTOGRAM(size, "size_bytes", "Sizes");
KYMO_TIMER(took, "took_seconds", "Durations");
KYMO_TIMER_SAMPLED(often, "often_seconds", "Durations", 64);
KYMO_TEXT(last, "last", "Last");
KYMO_HEALTH(health, "health", "Health");
KYMO_SPAN_NAME(job_span, "job");
KYMO_COUNTER_FAMILY(requests, "requests_total", "Requests", "method", "code");
KYMO_INFO_FAMILY(build, "build_info", "Build", "version");)

int count_one(int x);
int count_one(int x)
{
	KYMO(kymo_counter_inc(jobs);)
	return x + 1;
}

int in_a_loop(int n);
int in_a_loop(int n)
{
	int i, sum = 0;

	for (i = 0; i < n; i++) {
		KYMO(KYMO_TIME_SCOPE(took);
		kymo_counter_add(jobs, (uint64_t)queue[i & 63]);
		kymo_histogram_record(size, (uint64_t)queue[i & 63]);)
		sum += queue[i & 63];
	}
	KYMO(kymo_gauge_set(depth, sum);
	kymo_gauge_add(depth, 1);
	kymo_float_gauge_set(load, sum / 2.0);
	kymo_float_gauge_add(load, 1);
	kymo_max_record(longest, sum);
	kymo_min_record(shortest, sum);
	kymo_float_counter_add(joules, sum);)
	return sum;
}

int serve(struct request *request);
int serve(struct request *request)
{
	int result;
	KYMO(KYMO_SPAN_SCOPE(job_span);
	uint64_t start = kymo_timer_start(took);
	uint64_t one_in_64 = kymo_timer_start(often);)

	KYMO(kymo_updown_add(inflight, 1);)
	result = handle(request);
	KYMO(kymo_updown_add(inflight, -1);
	kymo_timer_stop(often, one_in_64);
	kymo_timer_lap(took, &start);
	kymo_timer_stop(took, start);
	kymo_timer_record(took, 5);
	kymo_histogram_observe(size, request->bytes);
	kymo_counter_add_signal(jobs, 1);
	kymo_histogram_record_signal(size, request->bytes);
	kymo_counter_inc(KYMO_AT(counter, requests, request->method, "200"));
	kymo_counter_inc(KYMO_AT_FIXED(counter, requests, request->method,
	    "200"));
	if (result < 0)
		KYMO_LOG(KYMO_WARN, "%s failed: %d", request->route, result);)
	if (result < 0)
		return result;
	KYMO(kymo_text_set(last, request->route);
	kymo_health_report(health, KYMO_HEALTH_OK, "fine", 1000);)
	return request->code;
}

int begin(void);
int begin(void)
{
	KYMO(kymo_init("disabled");
	kymo_info_at(build, 1, NULL);
	kymo_thread_prepare();
	kymo_heartbeat();)
	return queue[0];
}

#ifdef __cplusplus
}
#endif
