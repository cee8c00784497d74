/* SPDX-License-Identifier: MIT */
/* What a record costs, beside the floor: a plain add to a slot that thread-local
   storage points to. Rows are measured in turn, many rounds, so that a machine
   that changes its speed changes all of them.

     hot                        a line a row: ns_min ns_median
     hot ROW N                  makes N records of one row; for callgrind
     hot --rows                 their names */
#include <kymo.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/bench/hot.h"

#define ROUND_CNT 200

#define FAMILY(kind, KIND, text_name) \
	static struct kymo_##kind kind##s[HOT_SERIES]; \
	KYMO_##KIND##_FAMILY(of_##kind##s, text_name, "For the benchmark", "n")
FAMILY(counter, COUNTER, "hot_total");
FAMILY(updown, UPDOWN, "hot_in_flight");
FAMILY(float_counter, FLOAT_COUNTER, "hot_float_total");
FAMILY(gauge, GAUGE, "hot_depth");
FAMILY(histogram, HISTOGRAM, "hot_size_bytes");
FAMILY(timer, TIMER, "hot_duration_seconds");
KYMO_MAX(peak, "hot_peak", "For the benchmark");
KYMO_COUNTER_FAMILY(labels, "hot_requests_total", "With labels", "method",
    "code");
KYMO_SPAN_NAME(span_name, "hot");

/* Latencies of a service, more or less: many small, a long tail. */
static uint64_t values[HOT_SERIES];
static __thread uint64_t *floor_slots
	__attribute__((tls_model("initial-exec")));
static uint64_t floor_cells[HOT_SERIES];
static const char *volatile method = "GET";
static const char *const codes[HOT_SERIES] = {
	"200", "201", "202", "204", "301", "302", "304", "400",
	"401", "403", "404", "405", "429", "500", "502", "503",
};

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

#define RECORD(name, record)                                                  \
	static inline void                                                    \
	name(unsigned i)                                                      \
	{                                                                     \
		(void)i;                                                      \
		record;                                                       \
	}                                                                     \
	static HOT_ROW(row_##name, name)

static HOT_ROW(row_floor, plain_add)
RECORD(clock_read, (void)kymo_now_ns())
RECORD(counter_add, kymo_counter_inc(counters[i]))
RECORD(updown_add, kymo_updown_add(updowns[i], -1))
RECORD(gauge_set, kymo_gauge_set(gauges[i], (int64_t)i))
RECORD(gauge_add, kymo_gauge_add(gauges[i], 1))
RECORD(float_counter_add, kymo_float_counter_add(float_counters[i], 0.5))
RECORD(histogram_record, kymo_histogram_record(histograms[i], values[i]))
RECORD(peak_record, kymo_max_record(peak, 7))
RECORD(timer, kymo_timer_stop(timers[i], kymo_timer_start(timers[i])))
RECORD(counter_labels_lookup,
    kymo_counter_inc(KYMO_AT(counter, labels, method, codes[i])))
RECORD(event, KYMO_LOG(KYMO_INFO, "hot %d", 1))
RECORD(span,
    struct kymo_span span;
    kymo_span_begin(&span, span_name, NULL);
    kymo_span_end(&span, KYMO_SPAN_OK))

static const struct row {
	const char *name;
	void (*run)(uint64_t n);
	uint64_t n; /* a round */
} rows[] = {
	{"floor", row_floor, 65536},
	{"clock", row_clock_read, 4096},
	{"counter_add", row_counter_add, 65536},
	{"counter_add_so", hot_so_counter_add, 65536},
	{"updown_add", row_updown_add, 65536},
	{"float_counter_add", row_float_counter_add, 65536},
	{"gauge_set", row_gauge_set, 65536},
	{"gauge_add", row_gauge_add, 8192},
	{"histogram_record", row_histogram_record, 65536},
	{"histogram_record_so", hot_so_histogram_record, 65536},
	{"peak_record", row_peak_record, 8192},
	{"timer", row_timer, 4096},
	{"counter_labels_lookup", row_counter_labels_lookup, 8192},
	{"event", row_event, 4096},
	{"span", row_span, 4096},
};
#define ROW_CNT (sizeof(rows) / sizeof(*rows))

static void
prepare(void)
{
	uint64_t state = 88172645463325252ull;
	char n[12];
	uint32_t i;

	floor_slots = floor_cells;
	hot_so_prepare();
	for (i = 0; i < HOT_SERIES; i++) {
		snprintf(n, sizeof(n), "%u", i);
		counters[i] = KYMO_AT(counter, of_counters, n);
		updowns[i] = KYMO_AT(updown, of_updowns, n);
		float_counters[i] = KYMO_AT(float_counter, of_float_counters, n);
		gauges[i] = KYMO_AT(gauge, of_gauges, n);
		histograms[i] = KYMO_AT(histogram, of_histograms, n);
		timers[i] = KYMO_AT(timer, of_timers, n);
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		values[i] = 1 + (state >> (34 + i));
	}
	for (i = 0; i < ROW_CNT; i++)
		rows[i].run(HOT_UNROLL); /* nothing is new when it counts */
}

static double
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int
by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void
measure(void)
{
	static double ns[ROW_CNT][ROUND_CNT];
	size_t row;
	int i;

	for (i = 0; i < ROUND_CNT; i++)
		for (row = 0; row < ROW_CNT; row++) {
			double start = now_ns();

			rows[row].run(rows[row].n);
			ns[row][i] = (now_ns() - start) / (double)rows[row].n;
		}
	for (row = 0; row < ROW_CNT; row++) {
		qsort(ns[row], ROUND_CNT, sizeof(double), by_value);
		printf("%s %.3f %.3f\n", rows[row].name, ns[row][0],
		    ns[row][ROUND_CNT / 2]);
	}
}

int
main(int argc, char **argv)
{
	size_t row;

	if (argc == 2 && strcmp(argv[1], "--rows") == 0) {
		for (row = 0; row < ROW_CNT; row++)
			puts(rows[row].name);
		return 0;
	}
	kymo_init("hot");
	prepare();
	if (argc < 3) {
		measure();
		return 0;
	}
	for (row = 0; row < ROW_CNT; row++)
		if (strcmp(rows[row].name, argv[1]) == 0) {
			rows[row].run(strtoull(argv[2], NULL, 10));
			return 0;
		}
	fprintf(stderr, "hot: no row %s\n", argv[1]);
	return 2;
}
