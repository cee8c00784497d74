/* SPDX-License-Identifier: MIT */
/* A row makes 64 records a turn of its loop, so that the loop does not hide
   what one costs; to SERIES series in turn, so that a record does not wait for
   the store of the one before it; and with a barrier after each, so that the
   compiler may not carry over what a program between two records would make it
   forget.

   All that is inline is inlined (flatten), however often it is used here.
   Histograms are eight and not sixteen: each has a page of its own, all begin
   at the same place of the first-level cache, and more than it has ways for (8
   or 12) wait for the second: the row histogram_record_16. */
#include <kymo.h>

#include <stdio.h>
#include <stdlib.h>

#include "tests/bench/hot.h"

#ifndef HOT_PLACE
#define HOT_PLACE hot_rows
#define HOT_SUFFIX ""
#endif

#define SERIES 16u
#define HISTS 8u

#define STEP(f, i) f(i); __asm__ volatile("" ::: "memory");
#define X4(f, i) STEP(f, i) STEP(f, i + 1) STEP(f, i + 2) STEP(f, i + 3)
#define X16(f) X4(f, 0) X4(f, 4) X4(f, 8) X4(f, 12)
#if HOT_UNROLL == 64u
#define TURN(f) X16(f) X16(f) X16(f) X16(f)
#else
#define TURN(f) X16(f)
#endif
#define ROW(name, record)                                                     \
	static inline void                                                    \
	one_##name(unsigned i)                                                \
	{                                                                     \
		(void)i;                                                      \
		record;                                                       \
	}                                                                     \
	static __attribute__((noinline, flatten)) void                        \
	row_##name(uint64_t n)                                                \
	{                                                                     \
		for (uint64_t at_ = 0; at_ < n; at_ += HOT_UNROLL) {          \
			TURN(one_##name)                                      \
		}                                                             \
	}

#define FAMILY(kind, KIND, text_name)                                         \
	static struct kymo_##kind kind##s[SERIES];                            \
	KYMO_##KIND##_FAMILY(of_##kind##s, text_name, "For the benchmark", "n")
FAMILY(counter, COUNTER, "hot" HOT_SUFFIX "_total");
FAMILY(updown, UPDOWN, "hot" HOT_SUFFIX "_in_flight");
FAMILY(float_counter, FLOAT_COUNTER, "hot" HOT_SUFFIX "_float_total");
FAMILY(gauge, GAUGE, "hot" HOT_SUFFIX "_depth");
FAMILY(float_gauge, FLOAT_GAUGE, "hot" HOT_SUFFIX "_load");
FAMILY(histogram, HISTOGRAM, "hot" HOT_SUFFIX "_size_bytes");
FAMILY(timer, TIMER, "hot" HOT_SUFFIX "_duration_seconds");
KYMO_TIMER_SAMPLED_FAMILY(of_sampled, "hot" HOT_SUFFIX "_sampled_seconds",
    "For the benchmark", 64, "n");
KYMO_MAX(peak, "hot" HOT_SUFFIX "_peak", "For the benchmark");
KYMO_COUNTER_FAMILY(labels, "hot" HOT_SUFFIX "_requests_total", "With labels",
    "method", "code");
KYMO_SPAN_NAME(span_name, "hot");

static const char *const codes[SERIES] = {
	"200", "201", "202", "204", "301", "302", "304", "400",
	"401", "403", "404", "405", "429", "500", "502", "503",
};
static const char *volatile method = "GET";
static uint64_t values[SERIES];
static uint64_t values_of[7][SERIES]; /* inside what each scale tells apart */
static struct kymo_histogram scaled[7][HISTS];
static __thread uint64_t *floor_slots
	__attribute__((tls_model("initial-exec")));
static __thread uint64_t floor_cells[SERIES];
static struct kymo_timer sampled[SERIES];
static __thread uint64_t lap;

/* What a record cannot be cheaper than: an add to a cell of this thread. */
static inline void
plain_add(unsigned i)
{
#if defined(__x86_64__)
	__asm__("addq $1, %0" : "+m"(floor_slots[i]));
#else
	__atomic_store_n(&floor_slots[i], __atomic_load_n(&floor_slots[i],
	    __ATOMIC_RELAXED) + 1, __ATOMIC_RELAXED);
#endif
}

static inline void
os_clock(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
}

#define SCALE(s) kymo_histogram_record(scaled[s][i % HISTS], values_of[s][i])
ROW(floor, plain_add(i))
ROW(counter_add, kymo_counter_inc(counters[i]))
ROW(updown_add, kymo_updown_add(updowns[i], -1))
ROW(float_counter_add, kymo_float_counter_add(float_counters[i], 0.5))
ROW(gauge_set, kymo_gauge_set(gauges[i], (int64_t)i))
ROW(gauge_add, kymo_gauge_add(gauges[i], 1))
ROW(float_gauge_set, kymo_float_gauge_set(float_gauges[i], 0.5))
ROW(peak_record, kymo_max_record(peak, 7))
ROW(histogram_record, kymo_histogram_record(histograms[i % HISTS], values[i]))
ROW(histogram_record_16, kymo_histogram_record(histograms[i], values[i]))
ROW(histogram_record_scale0, SCALE(0))
ROW(histogram_record_scale3, SCALE(3))
ROW(histogram_record_scale5, SCALE(5))
ROW(histogram_record_scale6, SCALE(6))
ROW(histogram_observe, kymo_histogram_observe(histograms[i % HISTS], 1000.0))
ROW(counter_labels_lookup,
    kymo_counter_inc(KYMO_AT(counter, labels, method, codes[i])))
ROW(counter_labels_fixed,
    kymo_counter_inc(KYMO_AT_FIXED(counter, labels, method, codes[i % 4])))
ROW(clock_os, os_clock())
ROW(clock, (void)kymo_now_ns())
ROW(timer, kymo_timer_stop(timers[i % HISTS],
    kymo_timer_start(timers[i % HISTS])))
ROW(timer_lap, kymo_timer_lap(timers[i % HISTS], &lap))
ROW(timer_sampled, kymo_timer_stop(sampled[i % HISTS],
    kymo_timer_start(sampled[i % HISTS])))
ROW(event, KYMO_LOG(KYMO_INFO, "hot %d", 1))
ROW(event_text, KYMO_LOG(KYMO_INFO, "hot %s of %d", method, 1))
ROW(span,
    struct kymo_span span;
    kymo_span_begin(&span, span_name, NULL);
    kymo_span_end(&span, KYMO_SPAN_OK))

static const struct hot_row rows[] = {
	{"floor", row_floor, 65536},
	{"counter_add", row_counter_add, 65536},
	{"updown_add", row_updown_add, 65536},
	{"float_counter_add", row_float_counter_add, 65536},
	{"gauge_set", row_gauge_set, 65536},
	{"gauge_add", row_gauge_add, 8192},
	{"float_gauge_set", row_float_gauge_set, 65536},
	{"peak_record", row_peak_record, 8192},
	{"histogram_record", row_histogram_record, 65536},
	{"histogram_record_16", row_histogram_record_16, 65536},
	{"histogram_record_scale0", row_histogram_record_scale0, 65536},
	{"histogram_record_scale3", row_histogram_record_scale3, 65536},
	{"histogram_record_scale5", row_histogram_record_scale5, 65536},
	{"histogram_record_scale6", row_histogram_record_scale6, 65536},
	{"histogram_observe", row_histogram_observe, 16384},
	{"counter_labels_lookup", row_counter_labels_lookup, 8192},
	{"counter_labels_fixed", row_counter_labels_fixed, 32768},
	{"clock_os", row_clock_os, 4096},
	{"clock", row_clock, 8192},
	{"timer", row_timer, 4096},
	{"timer_lap", row_timer_lap, 4096},
	{"timer_sampled", row_timer_sampled, 65536},
	{"event", row_event, 4096},
	{"event_text", row_event_text, 4096},
	{"span", row_span, 4096},
};

/* ---- inside a loop of real work -------------------------------------- */

/* Memory-parallel, as real code that waits for nothing in particular is: a turn
   reads and writes at two places that the numbers before do not tell. */
#define WORK_WORDS 32768u
static __thread uint64_t *work_words;
static volatile uint64_t work_result;

#define WORK(name, record)                                                    \
	static __attribute__((noinline, flatten)) void                        \
	work_##name(uint64_t n)                                               \
	{                                                                     \
		uint64_t x = n, sum = 0, *work = work_words, i;               \
		for (i = 0; i < n; i++) {                                     \
			int k;                                                \
			for (k = 0; k < 7; k++) {                             \
				x = x * 6364136223846793005u +                \
				    1442695040888963407u;                     \
				sum ^= work[x >> 50];                         \
				work[16384 + (x >> 20 & 16383)] = sum;        \
			}                                                     \
			record;                                               \
			__asm__ volatile("" ::: "memory");                    \
		}                                                             \
		work_result = sum;                                            \
	}
WORK(none, (void)0)
WORK(floor, plain_add(0))
WORK(counter, kymo_counter_inc(counters[0]))
WORK(histogram, kymo_histogram_record(histograms[0], values[i % SERIES]))
WORK(labels_fixed,
    kymo_counter_inc(KYMO_AT_FIXED(counter, labels, method, "200")))
WORK(labels_lookup, kymo_counter_inc(KYMO_AT(counter, labels, method, "200")))
WORK(timer_lap, kymo_timer_lap(timers[0], &lap))
WORK(timer_sampled,
    kymo_timer_stop(sampled[0], kymo_timer_start(sampled[0])))

static const struct hot_work works[] = {
	{"", work_none},
	{"floor", work_floor},
	{"counter_add", work_counter},
	{"histogram_record", work_histogram},
	{"counter_labels_fixed", work_labels_fixed},
	{"counter_labels_lookup", work_labels_lookup},
	{"timer_lap", work_timer_lap},
	{"timer_sampled", work_timer_sampled},
};

/* ---- preparation ------------------------------------------------------ */

/* Latencies of a service, more or less: many small, a long tail. */
static uint64_t
some_value(unsigned i)
{
	static uint64_t state = 88172645463325252ull;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return 1 + (state >> (34 + i % 16));
}

static void
prepare_scales(void)
{
	struct kymo_desc desc;
	char name[40];
	int scale;
	unsigned i;

	for (scale = 0; scale <= 6; scale++)
		for (i = 0; i < HISTS; i++) {
			memset(&desc, 0, sizeof(desc));
			snprintf(name, sizeof(name), "hot%s_scale%d_%u_bytes",
			    HOT_SUFFIX, scale, i);
			desc.size_bytes = sizeof(desc);
			desc.kind = KYMO_KIND_HISTOGRAM;
			desc.name = name;
			desc.scale = scale == 0 ? -1 : scale;
			desc.lo = 1;
			desc.hi = scale == 6 ? 128 : 1u << 31;
			scaled[scale][i] = kymo_histogram_at(
			    kymo_family(&desc), 0, NULL);
		}
}

static void
prepare(void)
{
	unsigned i, scale;
	char n[12];

	for (i = 0; i < SERIES; i++) {
		snprintf(n, sizeof(n), "%u", i);
		counters[i] = KYMO_AT(counter, of_counters, n);
		updowns[i] = KYMO_AT(updown, of_updowns, n);
		float_counters[i] = KYMO_AT(float_counter, of_float_counters,
		    n);
		gauges[i] = KYMO_AT(gauge, of_gauges, n);
		float_gauges[i] = KYMO_AT(float_gauge, of_float_gauges, n);
		histograms[i] = KYMO_AT(histogram, of_histograms, n);
		timers[i] = KYMO_AT(timer, of_timers, n);
		sampled[i] = KYMO_AT(timer, of_sampled, n);
		values[i] = some_value(i);
		for (scale = 0; scale <= 6; scale++)
			values_of[scale][i] = scale == 6 ? 1 + i * 7 :
			    values[i];
	}
	prepare_scales();
}

static void
prepare_thread(void)
{
	uint32_t i;

	floor_slots = floor_cells;
	if (work_words == NULL)
		work_words = malloc(WORK_WORDS * sizeof(*work_words));
	if (work_words == NULL)
		abort();
	memset(work_words, 1, WORK_WORDS * sizeof(*work_words));
	kymo_thread_prepare();
	lap = kymo_timer_start(timers[0]);
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		rows[i].run(HOT_UNROLL); /* nothing is new when it counts */
}

const struct hot_rows *
HOT_PLACE(void)
{
	static const struct hot_rows all = {
		HOT_SUFFIX, prepare, prepare_thread, rows,
		sizeof(rows) / sizeof(*rows), works,
		sizeof(works) / sizeof(*works),
	};

	return &all;
}
