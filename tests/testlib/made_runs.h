/* SPDX-License-Identifier: MIT */
/* Runs that are made: by the product's writer, of draws. */
#ifndef TESTS_TESTLIB_MADE_RUNS_H
#define TESTS_TESTLIB_MADE_RUNS_H

#include "tests/testlib/testlib.h"

#include <math.h>

#include "reader/export/export.h"
#include "reader/export/run.h"
#include "tests/testlib/draw.h"

#define BUCKET_CNT 64u

struct made {
	uint64_t at_ns, request_cnt, error_cnt;
	int64_t depth;
	uint64_t buckets[BUCKET_CNT];
};

/* Some requests more, whose logs of latency are normal: factor 1 is usual. */
static inline void
work(struct made *made, double factor, uint32_t cnt)
{
	for (uint32_t i = 0; i < cnt; i++) {
		double idx = (log(factor) + 0.15 * draw_normal()) / log(2) * 16 + 32;

		made->buckets[(uint32_t)fmin(fmax(idx, 0), BUCKET_CNT - 1)]++;
	}
	made->request_cnt += cnt;
	made->error_cnt += cnt / 100;
	made->at_ns += 1000000000u;
	made->depth = made->depth ? made->depth : 5;
}

static inline void
look(struct kymo_buffer *to, struct made *made)
{
	const struct kymo_label label = { "service", "a\"b" };
	struct kymo_series hist = { .labels = &label, .label_cnt = 1,
	    .value = { .present = true, .is.hist = { .scale = 4, .lo_idx = 320,
	    .bucket_cnt = BUCKET_CNT, .buckets = made->buckets } } };
	struct kymo_series requests = { .labels = &label, .label_cnt = 1,
	    .value = { .present = true, .is.u = made->request_cnt } };
	struct kymo_series errors = { .value = { .present = true,
	    .is.u = made->error_cnt } };
	struct kymo_series depth = { .value = { .present = true,
	    .is.i = made->depth } };
	const struct kymo_family_scan families[] = {
		{ .name = "depth", .help = "", .unit = "", .component = "",
		    .kind = KYMO_METRIC_GAUGE, .series = &depth,
		    .series_cnt = 1, .sample_n = 1 },
		{ .name = "errors", .help = "", .unit = "", .component = "",
		    .kind = KYMO_METRIC_COUNTER, .series = &errors,
		    .series_cnt = 1, .sample_n = 1 },
		{ .name = "latency_seconds", .help = "", .unit = "seconds",
		    .component = "", .kind = KYMO_METRIC_HISTOGRAM,
		    .exponent = -9, .series = &hist, .series_cnt = 1,
		    .sample_n = 1 },
		{ .name = "requests", .help = "", .unit = "", .component = "",
		    .kind = KYMO_METRIC_COUNTER, .series = &requests,
		    .series_cnt = 1, .sample_n = 1 },
	};
	const struct kymo_scan scan = { .at_ns = made->at_ns, .number = 1,
	    .families = families, .family_cnt = 4, .series_cnt = 4 };
	const struct kymo_filter all = { 0 };

	kymo_export_msgpack(to, &scan, &all);
}

/* A run of so many seconds, 2,000 requests each; other phases have other
   factors. */
static inline void
run(struct kymo_buffer *to, const double *factors, uint32_t phase_cnt,
    uint32_t seconds)
{
	static const char *const names[] = { "warm", "load", "cool" };
	static const char *const command[] = { "prog", "-x", NULL };
	struct made made = { .at_ns = 1000 };
	const struct kymo_run_end end = { .at_ns = 1, .status = 3,
	    .wall_ns = 2000000000u, .user_ns = 7, .memory_max_bytes = 4096 };

	kymo_run_begin(to, made.at_ns, command, names[0]);
	look(to, &made);
	for (uint32_t p = 0; p < phase_cnt; p++) {
		if (p > 0)
			kymo_run_phase(to, made.at_ns, names[p]);
		for (uint32_t s = 0; s < seconds; s++) {
			work(&made, factors[p], 2000);
			look(to, &made);
		}
	}
	kymo_run_finish(to, &end);
}

static inline struct kymo_runs *
read_runs(const struct kymo_buffer *from, size_t bytes)
{
	struct kymo_runs *runs = NULL;
	struct kymo_error error = { "" };

	if (kymo_runs_read(&runs, from->at, bytes, "test", &error) != 0)
		fail_msg("%s", error.text);
	return runs;
}

#endif
