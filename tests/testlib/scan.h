/* SPDX-License-Identifier: MIT */
/* A scan made by hand: a family of every kind, values and labels at their
   worst, and families that no page may show. What its pages look like is in
   tests/e2e/page. */
#ifndef TESTS_TESTLIB_SCAN_H
#define TESTS_TESTLIB_SCAN_H

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "reader/series/series.h"

#define SCAN_AT_NS 1700000000123456789ull
#define SCAN_BORN_NS 1699990000000000001ull
#define SCAN_CNT(array) ((uint32_t)(sizeof(array) / sizeof((array)[0])))

static const char *const scan_states[] = { "idle", "read\"ing", "writing" };

/* 100 observations: 2 of 0, 3 under 128, 90 of 1000 to 1999, 4 about 2^30,
   one over. Scale 1: two buckets an octave, from 2^7. */
static uint64_t scan_cells[] = {
	[3 * 2 + 0] = 45, [3 * 2 + 1] = 45, [23 * 2] = 4, [24 * 2 + 1] = 0,
};
static const struct kymo_hist scan_hist = {
	.scale = 1,
	.lo_idx = 14,
	.bucket_cnt = SCAN_CNT(scan_cells),
	.zero = 2,
	.under = 3,
	.over = 1,
	.sum = 4295102345ull,
	.buckets = scan_cells,
};
static const struct kymo_hist scan_hist_empty = {
	.scale = 4,
	.lo_idx = 0,
};

static char scan_long[1025];

#define SCAN_LABELS(name, ...) \
	static const struct kymo_label name[] = { { "service", "shop" }, \
	    __VA_ARGS__ }
SCAN_LABELS(scan_label_plain, { "method", "GET" });
SCAN_LABELS(scan_label_nasty,
    { "method", "quote\" back\\slash new\nline \xe2\x9c\x93 }{,=# \x1b[1m" });
SCAN_LABELS(scan_label_broken, { "method", "\xff half \xe2\x9c" });
SCAN_LABELS(scan_label_empty, { "method", "" });
SCAN_LABELS(scan_label_other, { "method", "other" });
SCAN_LABELS(scan_label_long, { "path", scan_long });
SCAN_LABELS(scan_label_le, { "le", "mine" }, { "quantile", "mine" },
    { "mode", "mine" }, { "text", "mine" });
SCAN_LABELS(scan_label_bad, { "bad key", "x" });
SCAN_LABELS(scan_label_twice, { "a", "1" }, { "a", "2" });
SCAN_LABELS(scan_label_version, { "version", "1.2.3" }, { "commit", "ab12" });
SCAN_LABELS(scan_label_pid, { "pid", "4711" });
#undef SCAN_LABELS

#define SCAN_OF(labels_, ...) \
	{ .labels = labels_, .label_cnt = SCAN_CNT(labels_), \
	  .created_ns = SCAN_BORN_NS, .rate = (double)NAN, \
	  .value = { .present = true, .is = { __VA_ARGS__ } } }
#define SCAN_RATE(labels_, rate_, ...) \
	{ .labels = labels_, .label_cnt = SCAN_CNT(labels_), \
	  .created_ns = SCAN_BORN_NS, .rate = rate_, \
	  .value = { .present = true, .is = { __VA_ARGS__ } } }

static const struct kymo_series scan_info[] = {
	SCAN_OF(scan_label_version, .u = 0),
};
static const struct kymo_series scan_broken[] = {
	SCAN_OF(scan_label_bad, .u = 1), SCAN_OF(scan_label_twice, .u = 1),
};
static const struct kymo_series scan_busy[] = {
	SCAN_RATE(scan_label_plain, 0.25, .u = 1500000),
	SCAN_RATE(scan_label_other, 0, .u = 18446744073709551615ull),
};
static const struct kymo_series scan_float_counter[] = {
	SCAN_RATE(scan_label_plain, 1.5, .f = 1234.5),
	SCAN_OF(scan_label_other, .f = (double)NAN),
	SCAN_OF(scan_label_empty, .f = -1),
};
static struct kymo_series scan_seconds[] = {
	SCAN_RATE(scan_label_plain, 12.5, .u = 0),
	SCAN_OF(scan_label_le, .u = 0),
};
static struct kymo_series scan_counter[] = {
	SCAN_RATE(scan_label_plain, 1234.5, .u = 12345678901234567ull),
	SCAN_OF(scan_label_nasty, .u = 18446744073709551615ull),
	SCAN_OF(scan_label_broken, .u = 1),
	SCAN_OF(scan_label_empty, .u = 0),
	SCAN_OF(scan_label_other, .u = 7),
};
static const struct kymo_series scan_gauge[] = {
	SCAN_OF(scan_label_long, .i = -42),
	{ .labels = scan_label_other, .label_cnt = SCAN_CNT(scan_label_other) },
	SCAN_OF(scan_label_pid, .i = 9223372036854775807ll),
};
static const struct kymo_series scan_never[] = {
	{ .labels = scan_label_other, .label_cnt = SCAN_CNT(scan_label_other) },
};
static const struct kymo_series scan_updown[] = {
	SCAN_OF(scan_label_plain, .i = -3),
	{ .created_ns = 0, .value = { .present = true, .is = { .i = 0 } } },
};
static const struct kymo_series scan_health[] = {
	SCAN_OF(scan_label_plain, .health = { KYMO_IS_DEGRADED,
	    "slow: <script>alert(1)</script>", SCAN_BORN_NS }),
};
static const struct kymo_series scan_mode[] = {
	SCAN_OF(scan_label_plain, .bits = 5),
	SCAN_OF(scan_label_le, .bits = 2),
};
static const struct kymo_series scan_peak[] = {
	SCAN_OF(scan_label_plain, .f = 0.1),
};
static struct kymo_series scan_summary[] = {
	SCAN_RATE(scan_label_plain, 3, .u = 0),
	SCAN_OF(scan_label_other, .u = 0),
	SCAN_OF(scan_label_le, .u = 0),
};
static const struct kymo_series scan_text[] = {
	SCAN_OF(scan_label_plain, .text = "a \"text\"\nof two \xe2\x80\xae"
	    "lines"),
	SCAN_OF(scan_label_le, .text = ""),
};
static const struct kymo_series scan_temperature[] = {
	SCAN_OF(scan_label_plain, .f = 36.6),
	SCAN_OF(scan_label_other, .f = (double)NAN),
	SCAN_OF(scan_label_empty, .f = -(double)INFINITY),
};
#undef SCAN_OF
#undef SCAN_RATE

#define SCAN_FAMILY(name_, kind_, series_, ...) \
	{ .name = name_, .kind = KYMO_METRIC_##kind_, .component = "http", \
	  .sample_n = 1, .series = series_, .series_cnt = SCAN_CNT(series_), \
	  .help = "Help of " name_ ".", .unit = "", __VA_ARGS__ }
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init"
static const struct kymo_family_scan scan_families[] = {
	SCAN_FAMILY("app_build", INFO, scan_info),
	SCAN_FAMILY("app_temperature_celsius", FLOAT_GAUGE, scan_temperature,
	    .unit = "celsius"),
	SCAN_FAMILY("app_text", TEXT, scan_text),
	SCAN_FAMILY("app_text_info", COUNTER, scan_busy),
	SCAN_FAMILY("bad labels", COUNTER, scan_busy),
	SCAN_FAMILY("broken_labels", COUNTER, scan_broken),
	SCAN_FAMILY("busy_seconds", COUNTER, scan_busy, .exponent = -9,
	    .unit = "seconds"),
	SCAN_FAMILY("cpu_seconds", FLOAT_COUNTER, scan_float_counter,
	    .unit = "seconds"),
	SCAN_FAMILY("http_request_seconds", HISTOGRAM, scan_seconds,
	    .unit = "seconds", .exponent = -9, .le_first = 7, .le_cnt = 26),
	SCAN_FAMILY("http_request_seconds_bucket", GAUGE, scan_updown),
	SCAN_FAMILY("http_requests", COUNTER, scan_counter,
	    .help = "A \"help\" of\ntwo lines, back\\slash and caf\xc3\xa9."),
	SCAN_FAMILY("http_requests", GAUGE, scan_updown),
	SCAN_FAMILY("http_requests_total", GAUGE, scan_updown),
	SCAN_FAMILY("inflight", UPDOWN, scan_updown),
	SCAN_FAMILY("job", HEALTH, scan_health),
	SCAN_FAMILY("memory_bytes", GAUGE, scan_gauge, .unit = "bytes"),
	SCAN_FAMILY("mode", STATE_SET, scan_mode, .states = scan_states,
	    .state_cnt = SCAN_CNT(scan_states)),
	SCAN_FAMILY("never_set", GAUGE, scan_never, .help = ""),
	SCAN_FAMILY("oldest_seconds", MAX, scan_peak, .unit = "seconds"),
	SCAN_FAMILY("response_bytes", SUMMARY, scan_summary,
	    .unit = "bytes"),
	SCAN_FAMILY("youngest_seconds", MIN, scan_peak, .unit = "not_that"),
};
#pragma GCC diagnostic pop
#undef SCAN_FAMILY

static const struct kymo_scan scan_whole = {
	.at_ns = SCAN_AT_NS,
	.at_mono_ns = 1000000000ull,
	.number = 3,
	.families = scan_families,
	.family_cnt = SCAN_CNT(scan_families),
	.series_cnt = 36,
};

/* testlib_scan returns it, always the same. */
static const struct kymo_scan *
testlib_scan(void)
{
	memset(scan_long, 'x', sizeof(scan_long) - 1);
	memcpy(scan_long, "/caf\xc3\xa9", 6);
	scan_seconds[0].value.is.hist = scan_hist;
	scan_seconds[0].exemplar = (struct kymo_exemplar_info){
		.at_ns = SCAN_AT_NS,
		.value = 1500,
		.trace_hi = 0x0123456789abcdefull,
		.trace_lo = 0xfedcba9876543210ull,
		.span_id = 0x00000000000000ffull,
	};
	scan_seconds[1].value.is.hist = scan_hist_empty;
	scan_counter[4].overflow = true;
	scan_summary[0].value.is.hist = scan_hist;
	scan_summary[0].recent = &scan_hist;
	scan_summary[1].value.is.hist = scan_hist;
	scan_summary[2].value.is.hist = scan_hist_empty;
	scan_summary[2].recent = &scan_hist_empty;
	return &scan_whole;
}

#endif
