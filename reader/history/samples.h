/* SPDX-License-Identifier: MIT */
/* Samples: series of values over time, as whoever asks sees them. The history
   is one source of them; a test's data is another. */
#ifndef KYMO_READER_SAMPLES_H
#define KYMO_READER_SAMPLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reader/error.h"
#include "reader/series/series.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- labels ------------------------------------------------------------------ */

#define KYMO_NAME_LABEL "__name__"

/* A set of labels, sorted by key (bytes), no key twice, no empty value; the
   metric's name is the label __name__. Keys and values are UTF-8 and end in
   NUL. Never changed once made. */
struct kymo_labels {
	uint64_t hash; /* kymo_labels_hash of the rest */
	uint32_t cnt;
	const struct kymo_label *at;
};

/* kymo_labels_make makes one in one allocation (free() it): sorts, drops empty
   values; of a key given twice the later stays. NULL: no memory. */
KYMO_READER_API struct kymo_labels *kymo_labels_make(
    const struct kymo_label *labels, uint32_t cnt);
/* The hash of a set is the sum of its labels', so that a set with one label
   more or less has its hash at once. */
KYMO_READER_API uint64_t kymo_label_hash(const char *key, const char *value);
KYMO_READER_API uint64_t kymo_labels_hash(const struct kymo_label *labels,
    uint32_t cnt);
/* The value of key, "" where there is none. */
KYMO_READER_API const char *kymo_labels_get(const struct kymo_labels *labels,
    const char *key);
KYMO_READER_API bool kymo_labels_equal(const struct kymo_labels *a,
    const struct kymo_labels *b);
/* Order as Prometheus has it: pair by pair, then the shorter first. */
KYMO_READER_API int kymo_labels_compare(const struct kymo_labels *a,
    const struct kymo_labels *b);

/* ---- native histograms --------------------------------------------------------- */

/* What was said of counter resets between a histogram and the one before. */
enum kymo_reset_hint {
	KYMO_RESET_UNKNOWN = 0,
	KYMO_RESET_YES = 1,
	KYMO_RESET_NO = 2,
	KYMO_RESET_GAUGE = 3
};

#define KYMO_SCHEMA_MIN -4
#define KYMO_SCHEMA_MAX 8
#define KYMO_SCHEMA_CUSTOM -53

/* Buckets of one sign: idx from first to first + cnt - 1, count[0] that of
   first. With a base-2 exponential schema s bucket i holds
   (2^((i-1)*2^-s), 2^(i*2^-s)] of the absolute value. With KYMO_SCHEMA_CUSTOM
   bucket i holds (bounds[i-1], bounds[i]], the last one ends at +Inf. Counts
   are of their own, not cumulative. */
struct kymo_hist_side {
	int32_t first;
	uint32_t cnt;
	double *count;
};

/* A histogram as Prometheus' FloatHistogram: counts are floats, since rates
   and averages of them are. Fields as in the specification
   (prometheus.io/docs/specs/native_histograms). */
struct kymo_native_hist {
	int32_t schema;
	enum kymo_reset_hint reset;
	double count, sum;
	double zero_threshold, zero_count;
	struct kymo_hist_side pos, neg;
	const double *bounds; /* KYMO_SCHEMA_CUSTOM: bound_cnt upper bounds */
	uint32_t bound_cnt;
};

/* ---- series ----------------------------------------------------------------------- */

/* A float that says: the series ended here (Prometheus' stale marker, a NaN of
   these bits). Every other NaN is a value. */
#define KYMO_STALE_BITS UINT64_C(0x7ff0000000000002)

static inline bool
kymo_is_stale(double value)
{
	union {
		double d;
		uint64_t bits;
	} u;

	u.d = value;
	return u.bits == KYMO_STALE_BITS;
}

/* Of every few samples of a column, so that a long window need not look at each,
   of floats that are not stale. Only columns without histograms have them.

   A mark is what lies before a sample, from wherever marks begin: a window's sum
   is the difference of two. sum + low is an unevaluated pair, as Neumaier adds;
   error is what that lost, in absolute values (nothing while all are integers;
   no number from where a value is none, or infinite); any_cnt counts values that
   are not 0. Extremes are of a block. Two columns, since whoever asks wants one
   of them, and what it costs is the memory it goes through. */
#define KYMO_MARK_SHIFT 4 /* a mark each 16 samples */
#define KYMO_BLOCK_SHIFT 6
struct kymo_mark {
	double sum, low, error;
	uint64_t any_cnt;
};
struct kymo_block_extremes {
	double min, max; /* NaN of none; NaN values as Prometheus' max_over_time */
};

/* One series, oldest sample first; times strictly ascending, in milliseconds
   since 1970. Several series of a source may share one column of times (the
   same pointer): what is found in it for one holds for all. */
struct kymo_samples {
	const struct kymo_labels *labels;
	/* 0: none. Else nothing of other labels of this source ever has it. */
	uint64_t origin;
	const int64_t *at_ms;
	const double *value; /* of a histogram sample: not looked at */
	/* NULL: all are floats. Else hist[i] is NULL for a float. */
	const struct kymo_native_hist *const *hist;
	/* What a counter lost by resets up to and with sample i, so that
	   value + lost never goes down; NULL: there was none. */
	const double *lost;
	/* With KYMO_PART_SUM, of how many samples each value is the sum; NULL:
	   each of one. */
	const double *weight;
	/* NULL: none. Mark k lies before sample (k << MARK_SHIFT) - block_phase.
	   Block k is samples (k << BLOCK_SHIFT) - block_phase and the 63 after
	   it; those of them that this view lacks are in it too. */
	const struct kymo_mark *mark;
	const struct kymo_block_extremes *block_extremes;
	uint32_t block_phase, mark_cnt, block_cnt;
	uint32_t cnt;
	bool any_stale; /* false: no sample is a stale marker */
};

/* ---- matchers --------------------------------------------------------------------- */

enum kymo_match {
	KYMO_MATCH_EQUAL,     /* =  */
	KYMO_MATCH_NOT_EQUAL, /* != */
	KYMO_MATCH_REGEX,     /* =~ */
	KYMO_MATCH_NOT_REGEX  /* !~ */
};

struct kymo_regex;

struct kymo_matcher {
	enum kymo_match match;
	const char *key, *value;
	struct kymo_regex *regex; /* of the two regex kinds */
};

/* Regular expressions as PromQL has them: anchored at both ends, "." matches a
   newline, UTF-8, RE2's syntax as far as PCRE2 has it (what only PCRE has, back
   references and look-around, is refused). Bounded: a match that needs too
   many steps is no match, and kymo_regex_given_up counts it. */
KYMO_READER_API KYMO_MUST_CHECK int kymo_regex_new(struct kymo_regex **regex,
    const char *text, struct kymo_error *error);
KYMO_READER_API bool kymo_regex_match(const struct kymo_regex *regex,
    const char *text);
/* For label_replace: kymo_regex_expand appends template with $1, ${name} and
   $$ put in, if text matches; returns whether it does. Of
   more than KYMO_LABEL_BYTES_MAX it stops, and out->failed is true: a short
   template can ask for a long text many times. */
#define KYMO_LABEL_BYTES_MAX ((size_t)1 << 20)
struct kymo_buffer;
KYMO_READER_API bool kymo_regex_expand(const struct kymo_regex *regex,
    const char *text, const char *template_text, struct kymo_buffer *out);
KYMO_READER_API uint64_t kymo_regex_given_up(const struct kymo_regex *regex);
KYMO_READER_API void kymo_regex_delete(struct kymo_regex *regex);

/* A label that a series lacks is "". */
KYMO_READER_API bool kymo_matcher_match(const struct kymo_matcher *matcher,
    const char *value);
KYMO_READER_API bool kymo_matchers_match(const struct kymo_matcher *matchers,
    uint32_t cnt, const struct kymo_labels *labels);

/* ---- a source --------------------------------------------------------------------- */

/* What a value is of that stands for the samples of a step, as those of a
   coarser tier do: the last of them, the least, the greatest, or their sum. */
enum kymo_part {
	KYMO_PART_LAST, KYMO_PART_MIN, KYMO_PART_MAX, KYMO_PART_SUM
};

struct kymo_select {
	const struct kymo_matcher *matchers;
	uint32_t matcher_cnt;
	enum kymo_part part;
	/* Samples after from_ms, up to and with to_ms, are wanted. More may come
	   (whoever asks cuts); fewer must not. */
	int64_t from_ms, to_ms;
	/* Between instants that are looked at; 0: one instant. A source may
	   answer a long range from a coarser tier that still has a sample in
	   each step. */
	int64_t step_ms;
	/* More series or samples than this: an error. So is more memory of its
	   own than bytes_max (0: no limit); what a source has anyhow is free. */
	uint64_t series_max, samples_max, bytes_max;
	/* Asked now and then while it goes on, and sets error; true: give up.
	   NULL: never. */
	bool (*give_up)(void *give_up_of, struct kymo_error *error);
	void *give_up_of;
};

struct kymo_selected {
	const struct kymo_samples *series; /* in any order */
	uint32_t series_cnt;
	uint64_t bytes; /* of its own memory */
	void *private_;
};

/* select and done may be called by any thread. What select gave stays as it is
   until done. Errors: no memory, more than *_max, given up, a damaged store. */
struct kymo_source {
	void *of;
	int (*select)(void *of, const struct kymo_select *what,
	    struct kymo_selected *selected, struct kymo_error *error);
	void (*done)(void *of, struct kymo_selected *selected);
};

#ifdef __cplusplus
}
#endif

#endif
