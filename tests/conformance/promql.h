/* SPDX-License-Identifier: MIT */
/* The scripts of Prometheus' promqltest, run against kymo's query engine:
   promql_main.c finds files and counts, promql_script.c reads commands,
   promql_eval.c asks, promql_compare.c judges, promql_nhcb.c makes native
   histograms of classic ones. */
#ifndef TESTS_CONFORMANCE_PROMQL_H
#define TESTS_CONFORMANCE_PROMQL_H

#include "reader/history/table.h"
#include "reader/query/notation.h"
#include "reader/query/query.h"

#define WHY_BYTES 512

/* What is wrong with a case; "" nothing yet: the first reason stays. */
struct why {
	char text[WHY_BYTES];
};
int why_set(struct why *why, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

enum expect_kind {
	EXPECT_FAIL, EXPECT_WARN, EXPECT_INFO, EXPECT_NO_WARN, EXPECT_NO_INFO,
	EXPECT_ORDERED, EXPECT_STRING, EXPECT_RANGE_VECTOR
};

struct expect {
	enum expect_kind kind;
	bool is_regex;
	const char *text; /* NULL: any */
};

#define EXPECTS_MAX 64u
#define SERIES_MAX 4096u

/* One eval command. */
struct eval {
	const char *file;
	uint32_t line;
	const char *expr;
	bool is_range;
	int64_t from_ms, to_ms, step_ms; /* instant: at from_ms */
	struct expect expects[EXPECTS_MAX];
	uint32_t expect_cnt;
	int64_t matrix_from_ms, matrix_to_ms, matrix_step_ms;
	bool has_number;
	double number;
	struct kyi_notation *series;
	uint32_t series_cnt;
};

bool eval_expects(const struct eval *eval, enum expect_kind kind);

/* ---- promql_script.c ---------------------------------------------------------- */

struct script_sink {
	void (*judged)(void *of, const struct eval *eval, const struct why *why);
	void *of;
};

/* script_run runs a file's commands. -1: it cannot be read. */
int script_run(const char *path, const struct script_sink *sink,
    struct why *why);
/* A duration as Prometheus has it, or a number of seconds. */
bool script_duration(const char *text, const char **end, int64_t *ms);

/* ---- promql_eval.c -------------------------------------------------------------- */

/* eval_run asks, and asks again in the other ways that must give the same. */
void eval_run(const struct eval *eval, const struct kymo_source *source,
    struct why *why);

/* ---- promql_compare.c ------------------------------------------------------------- */

/* Each returns 0, or -1 with why set. */
int compare_result(const struct eval *eval, const struct kymo_result *result,
    struct why *why);
int compare_annotations(const struct eval *eval,
    const struct kymo_result *result, struct why *why);
int compare_failure(const struct eval *eval, const char *message,
    struct why *why);

/* ---- promql_nhcb.c ---------------------------------------------------------------- */

/* nhcb_load adds to table, for each classic histogram among series, a native
   one with custom buckets. */
int nhcb_load(struct kymo_table *table, struct kyi_arena *arena,
    const struct kyi_notation *series, uint32_t cnt, int64_t step_ms,
    struct why *why);

#endif
