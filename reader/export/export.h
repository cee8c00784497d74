/* SPDX-License-Identifier: MIT */
/* Scans as text and bytes. Names are escaped here and only here, by one
   function per format, at the last moment. Numbers are exact: integers in
   plain decimals, shifted by their exponent, so that no float rounds them.

   Threads  any; a scan is immutable.
   Errors   only memory: buffer->failed. */
#ifndef KYMO_READER_EXPORT_H
#define KYMO_READER_EXPORT_H

#include "reader/buffer.h"
#include "reader/series/series.h"

#ifdef __cplusplus
extern "C" {
#endif

enum kymo_text_format {
	KYMO_TEXT_0_0_4 = 1,  /* https://prometheus.io/docs/instrumenting/exposition_formats/ */
	KYMO_OPENMETRICS_1 = 2 /* https://prometheus.io/docs/specs/om/open_metrics_spec/ */
};

/* kymo_accept chooses by an HTTP Accept header (RFC 9110 12.5.1: q values,
   wildcards), NULL: 0.0.4. kymo_content_type is what to answer with. */
KYMO_READER_API enum kymo_text_format kymo_accept(const char *accept_header);
KYMO_READER_API const char *kymo_content_type(enum kymo_text_format format);

/* What to show. An empty filter shows all. */
struct kymo_filter {
	const char *const *names; /* globs of family names: * and ? */
	uint32_t name_cnt;
	struct kymo_filter_label {
		const char *key;
		const char *value; /* glob */
		bool not_equal;
	} const *labels;
	uint32_t label_cnt;
};

/* kymo_filter_label_parse reads key=glob or key!=glob (quotes around the value
   allowed); text is cut in place and must live on. */
KYMO_READER_API KYMO_MUST_CHECK int kymo_filter_label_parse(
    struct kymo_filter_label *label, char *text, struct kymo_error *error);
KYMO_READER_API bool kymo_filter_family(const struct kymo_filter *filter,
    const struct kymo_family_scan *family);
KYMO_READER_API bool kymo_filter_series(const struct kymo_filter *filter,
    const struct kymo_series *series);

/* The whole page. */
KYMO_READER_API void kymo_export_text(struct kymo_buffer *buffer,
    const struct kymo_scan *scan, const struct kymo_filter *filter,
    enum kymo_text_format format);

/* A JSON object a line, one a series: {"name", "kind", "unit", "labels",
   "value" or "count","sum","quantiles","buckets", "created", "rate", ..}.
   Integers beyond 2^53 stay exact (JSON has no limit; some readers do). */
KYMO_READER_API void kymo_export_json(struct kymo_buffer *buffer,
    const struct kymo_scan *scan, const struct kymo_filter *filter);

/* One msgpack map: {"kymo": 1, "at_ns", "families": [..]} (docs/formats.md). */
KYMO_READER_API void kymo_export_msgpack(struct kymo_buffer *buffer,
    const struct kymo_scan *scan, const struct kymo_filter *filter);

/* A table for people: name, labels, value with unit, rate, quantiles of
   histograms; width columns (0: as wide as it gets; at least 24). No control
   byte of a value reaches the terminal. */
KYMO_READER_API void kymo_export_table(struct kymo_buffer *buffer,
    const struct kymo_scan *scan, const struct kymo_filter *filter,
    uint32_t width);

/* Spans and logs of a region, as a table of width columns (0: as wide as it
   gets; log lines always are), the last cnt_max of each (0: all; it says how
   many are not shown), or as JSON lines, all. */
KYMO_READER_API void kymo_export_events_table(struct kymo_buffer *buffer,
    const struct kymo_region *region, uint32_t width, uint32_t cnt_max);
KYMO_READER_API void kymo_export_events_json(struct kymo_buffer *buffer,
    const struct kymo_region *region);

/* How people write numbers of a unit: 1.5 ms, 3.2 MiB, 12,345, 1h02m. */
KYMO_READER_API void kymo_humanize(struct kymo_buffer *buffer, double value,
    const char *unit);
KYMO_READER_API void kymo_humanize_duration(struct kymo_buffer *buffer,
    double seconds);

/* Text for a terminal: what is not printable as \xNN, valid UTF-8 otherwise,
   no escape sequence, no direction marks. */
KYMO_READER_API void kymo_escape_terminal(struct kymo_buffer *buffer,
    const char *text);

#ifdef __cplusplus
}
#endif

#endif
