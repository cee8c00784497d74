/* SPDX-License-Identifier: MIT */
/* PromQL, as Prometheus 3 defines it (prometheus.io/docs/prometheus/latest/
   querying): parse once, ask as often as you like, of any source of samples.
   docs/query.md has the reference and what differs. */
#ifndef KYMO_READER_QUERY_H
#define KYMO_READER_QUERY_H

#include "reader/buffer.h"
#include "reader/error.h"
#include "reader/history/samples.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Where in the text, as an editor counts: from 1, columns in characters.
   0: of no place. error.text is what was expected, and begins with
   "LINE:COLUMN: ". */
struct kymo_query_error {
	struct kymo_error error;
	uint32_t line, column;
	uint32_t from_bytes, to_bytes; /* the piece meant, in the text */
};

enum kymo_value_kind {
	KYMO_VALUE_SCALAR,
	KYMO_VALUE_STRING,
	KYMO_VALUE_VECTOR, /* a value per series, at one time */
	KYMO_VALUE_MATRIX  /* values per series, over time */
};

/* ---- parsing ------------------------------------------------------------------- */

struct kymo_query;

/* kymo_query_parse reads and type-checks text (UTF-8, len_bytes; at most
   1 MiB, nested at most 200 deep). A query is never changed by being asked:
   many threads may ask it at once. */
KYMO_READER_API KYMO_MUST_CHECK int kymo_query_parse(struct kymo_query **query,
    const char *text, size_t len_bytes, struct kymo_query_error *error);
KYMO_READER_API void kymo_query_delete(struct kymo_query *query);
KYMO_READER_API enum kymo_value_kind kymo_query_kind(
    const struct kymo_query *query);
/* Appends the query in canonical form; parses to the same. */
KYMO_READER_API void kymo_query_print(const struct kymo_query *query,
    struct kymo_buffer *out);

/* kymo_query_selectors calls each for every selector, with how far before and
   after the time asked at it looks (ms; of an @ that is fixed: fixed is true
   and the two are times): for rules (who reads what) and lints. Stops when
   each returns nonzero, and returns that. */
struct kymo_query_selector {
	const struct kymo_matcher *matchers;
	uint32_t matcher_cnt;
	int64_t from_ms, to_ms;
	bool fixed;
	bool is_range;
	const char *function; /* the innermost call around it, "" for none */
	uint32_t from_bytes, to_bytes;
};
KYMO_READER_API int kymo_query_selectors(const struct kymo_query *query,
    int (*each)(void *to, const struct kymo_query_selector *selector),
    void *to);

/* kymo_query_labels does so for every label that the query names elsewhere than
   in matchers: in by (..), on (..) and the like, and as an argument of
   label_replace(), label_join() and count_values(), which make one. For lints. */
struct kymo_query_label {
	const char *key;
	const char *where; /* "by", "group_left", "label_join", .. */
	bool made;
	uint32_t from_bytes, to_bytes; /* of what it is in */
};
KYMO_READER_API int kymo_query_labels(const struct kymo_query *query,
    int (*each)(void *to, const struct kymo_query_label *label), void *to);

/* ---- asking -------------------------------------------------------------------- */

struct kymo_query_options {
	int64_t lookback_ms;      /* 0: 5 minutes */
	int64_t subquery_step_ms; /* of [1h:] without a step; 0: 1 minute */
	/* Bounds; 0: 50 million samples, 100,000 series, 11,000 steps, 2 minutes
	   of processor time, 512 MiB. Past one the query fails, with its name. */
	uint64_t samples_max, series_max, steps_max, cpu_ms_max, memory_bytes_max;
	/* Asked now and then; true: give up ("cancelled"). NULL: never. */
	bool (*cancelled)(void *of);
	void *of;
	/* For whoever asks the same query again and again, of one source, at
	   instants: whether series i of the result, which is of this origin, is
	   known to have the labels that it had before. True: its labels are left
	   out (NULL). NULL: never. */
	bool (*known)(void *known_of, uint32_t i, uint64_t origin);
	void *known_of;
};

struct kymo_point {
	int64_t at_ms;
	double value;
	const struct kymo_native_hist *hist; /* NULL: a float */
};

struct kymo_result_series {
	const struct kymo_labels *labels;
	/* 0: none. Else the same query has for this origin no other labels. */
	uint64_t origin;
	const struct kymo_point *points; /* VECTOR: one */
	uint32_t point_cnt;
};

/* Prometheus' annotations: a warning is of an answer that may be wrong, an info
   of one that may be unexpected. Text as Prometheus words it. */
struct kymo_annotation {
	bool is_warning;
	const char *text;
	uint32_t line, column;
};

struct kymo_result {
	enum kymo_value_kind kind; /* of a range: MATRIX */
	int64_t at_ms;
	double scalar;
	const char *string;
	const struct kymo_result_series *series; /* in the order of sort() etc. */
	uint32_t series_cnt;
	const struct kymo_annotation *annotations;
	uint32_t annotation_cnt;
	uint64_t samples_read;
	void *private_;
};

/* All of a result lives until kymo_result_delete, and needs neither query nor
   source. Errors: error.line 0 and why: bounds, the source, or what is wrong
   with the data (many-to-many matching). options NULL: as all zeros. */
KYMO_READER_API KYMO_MUST_CHECK int kymo_query_instant(
    const struct kymo_query *query, const struct kymo_source *source,
    int64_t at_ms, const struct kymo_query_options *options,
    struct kymo_result **result, struct kymo_query_error *error);
/* At from_ms, from_ms + step_ms, .. up to and with to_ms. step_ms > 0. */
KYMO_READER_API KYMO_MUST_CHECK int kymo_query_range(
    const struct kymo_query *query, const struct kymo_source *source,
    int64_t from_ms, int64_t to_ms, int64_t step_ms,
    const struct kymo_query_options *options, struct kymo_result **result,
    struct kymo_query_error *error);
KYMO_READER_API void kymo_result_delete(struct kymo_result *result);

#ifdef __cplusplus
}
#endif

#endif
