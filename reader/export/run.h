/* SPDX-License-Identifier: MIT */
/* Runs: what a program's metrics were while it ran, in a file; and two of them
   compared. docs/formats.md has the bytes, docs/regressions.md the method.

   A file is anybody's: it is read within bounds (128 MiB, 1,000,000 values).
   Of a run that ends in the middle all looks that are whole count, whether or
   not another follows it.

   Threads  one at a time for a file or set. */
#ifndef KYMO_READER_RUN_H
#define KYMO_READER_RUN_H

#include "reader/buffer.h"
#include "reader/detect/shift.h"
#include "reader/series/series.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- writing: maps, one after the other --------------------------------------- */

/* kymo_run_begin: another run begins. command ends with NULL; may be NULL. */
KYMO_READER_API void kymo_run_begin(struct kymo_buffer *buffer, uint64_t at_ns,
    const char *const *command, const char *phase);
/* A look is kymo_export_msgpack's map. */
/* kymo_run_phase: what follows belongs to this phase. */
KYMO_READER_API void kymo_run_phase(struct kymo_buffer *buffer, uint64_t at_ns,
    const char *phase);

struct kymo_run_end {
	uint64_t at_ns;
	int32_t status; /* as a shell has it: 128 and the signal if killed */
	uint64_t wall_ns, user_ns, system_ns;
	uint64_t memory_max_bytes; /* resident */
};
KYMO_READER_API void kymo_run_finish(struct kymo_buffer *buffer,
    const struct kymo_run_end *end);

/* ---- reading -------------------------------------------------------------------- */

struct kymo_run_look {
	uint64_t at_ns;
	uint32_t run;       /* 0, 1, .. of the file */
	const char *phase;  /* the one at that time */
};

struct kymo_run_value {
	uint32_t look;
	double number;           /* recorded; all but histograms */
	struct kymo_hist *hist;
};

struct kymo_run_series {
	const char *name, *unit;
	const char *labels; /* {a="b",..}, or "" */
	enum kymo_metric_kind kind;
	int exponent;
	uint32_t sample_n;
	struct kymo_run_value *values; /* in time */
	uint32_t value_cnt, value_room;
};

struct kymo_runs {
	uint32_t run_cnt;
	struct kymo_run_end *ends; /* of each run; at_ns 0: it did not end */
	struct kymo_run_look *looks;
	uint32_t look_cnt;
	struct kymo_run_series *series; /* by name and labels */
	uint32_t series_cnt;
	bool cut; /* one ends in the middle of a map, which is left out */
	struct kymo_runs_private *private_;
};

/* kymo_runs_read makes runs of bytes, _load of a file. name is for messages. */
KYMO_READER_API KYMO_MUST_CHECK int kymo_runs_read(struct kymo_runs **runs,
    const void *bytes, size_t len_bytes, const char *name,
    struct kymo_error *error);
KYMO_READER_API KYMO_MUST_CHECK int kymo_runs_load(struct kymo_runs **runs,
    const char *path, struct kymo_error *error);
KYMO_READER_API void kymo_runs_free(struct kymo_runs *runs);
/* kymo_runs_whole: how many bytes of the file are whole maps, so where another
   run may be appended; 0 of an empty one. -1: it holds something else, or as
   much as may be read. */
KYMO_READER_API KYMO_MUST_CHECK int kymo_runs_whole(int fd, const char *name,
    uint64_t *whole_bytes, struct kymo_error *error);

/* ---- comparing -------------------------------------------------------------------- */

/* Which part of the runs. Zeros: all. */
struct kymo_run_part {
	const char *phase;
	double from_s, to_s; /* since each run's first look; to_s 0: its end */
};

enum kymo_run_verdict {
	KYMO_RUN_SAME,    /* any difference is below the threshold */
	KYMO_RUN_BETTER,
	KYMO_RUN_WORSE,
	KYMO_RUN_CHANGED, /* surely, but neither is better */
	KYMO_RUN_UNCLEAR  /* too little is known */
};

enum kymo_run_side {
	KYMO_RUN_NEITHER, KYMO_RUN_LOWER, KYMO_RUN_HIGHER /* is better */
};

struct kymo_run_row {
	const char *name, *labels, *unit;
	enum kymo_metric_kind kind;
	int exponent;
	bool rate;        /* counters: per second */
	enum kymo_run_side better;
	enum kymo_run_verdict verdict;
	struct kymo_shift shift;
	double chance;    /* among all rows */
	uint32_t before_units, after_units;
	struct kymo_hist before, after; /* histograms, all of them; else empty */
};

struct kymo_run_diff {
	struct kymo_run_row *rows;
	uint32_t row_cnt;
	bool units_are_runs; /* else parts of one run */
};

struct kymo_run_question {
	double threshold;  /* 0.01: less than 1 % does not matter */
	double chance_max; /* 0.05: of the differences told, so many are not so */
	/* What is better, where names and units do not tell; NULL: they do. */
	enum kymo_run_side (*side)(void *to, const char *name);
	void *to;
};

/* kymo_run_diff compares what both have. before and after may be the same. */
KYMO_READER_API KYMO_MUST_CHECK int kymo_run_diff(struct kymo_run_diff *diff,
    const struct kymo_runs *before, const struct kymo_run_part *before_part,
    const struct kymo_runs *after, const struct kymo_run_part *after_part,
    const struct kymo_run_question *question, struct kymo_error *error);
KYMO_READER_API void kymo_run_diff_free(struct kymo_run_diff *diff);
KYMO_READER_API const char *kymo_run_verdict_name(enum kymo_run_verdict verdict);

#ifdef __cplusplus
}
#endif

#endif
