/* SPDX-License-Identifier: MIT */
/* The benchmark's rows. hot_rows.c is compiled three times: into the program,
   into a library that it links, into one that it opens (HOT_PLACE). */
#ifndef TESTS_BENCH_HOT_H
#define TESTS_BENCH_HOT_H

#include <stdint.h>

#ifndef HOT_UNROLL
#define HOT_UNROLL 64u /* 16u: compiles sooner, where nobody looks at ns */
#endif

struct hot_row {
	const char *name;
	void (*run)(uint64_t n); /* n records, a multiple of HOT_UNROLL */
	uint64_t n; /* a round */
};

/* Work that the records below stand in, n turns of it. */
struct hot_work {
	const char *name; /* "": nothing is recorded */
	void (*run)(uint64_t n);
};

struct hot_rows {
	const char *suffix; /* of the names: "", _so, _dl */
	void (*prepare)(void);        /* once in the process */
	void (*prepare_thread)(void); /* before a thread's first record */
	const struct hot_row *rows;
	uint32_t row_cnt;
	const struct hot_work *works;
	uint32_t work_cnt;
};

#define HOT_API __attribute__((visibility("default")))
HOT_API const struct hot_rows *hot_rows(void);
HOT_API const struct hot_rows *hot_rows_so(void);
HOT_API const struct hot_rows *hot_rows_dl(void); /* found by dlsym */
typedef const struct hot_rows *hot_rows_fn(void);

#endif
