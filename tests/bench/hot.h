/* SPDX-License-Identifier: MIT */
/* A row of the benchmark: 64 records a turn of its loop, so that the loop does
   not hide what one costs; to 16 series in turn, so that a record does not wait
   for the store of the one before it; and a barrier after each, so that the
   compiler may not carry over what a program between two records would make it
   forget. */
#ifndef TESTS_BENCH_HOT_H
#define TESTS_BENCH_HOT_H

#include <stdint.h>

#define HOT_UNROLL 64u

#define HOT_STEP(f, i) f(i); __asm__ volatile("" ::: "memory");
#define HOT_4(f, i) \
	HOT_STEP(f, i) HOT_STEP(f, i + 1) HOT_STEP(f, i + 2) HOT_STEP(f, i + 3)
#define HOT_16(f) HOT_4(f, 0) HOT_4(f, 4) HOT_4(f, 8) HOT_4(f, 12)
#define HOT_64(f) HOT_16(f) HOT_16(f) HOT_16(f) HOT_16(f)
#define HOT_SERIES 16u

/* A function that makes n (a multiple of HOT_UNROLL) records, each by record,
   an inline function of the number of the series. */
#define HOT_ROW(name, record)                                                 \
	__attribute__((noinline)) void                                        \
	name(uint64_t n)                                                      \
	{                                                                     \
		for (uint64_t at_ = 0; at_ < n; at_ += HOT_UNROLL) {          \
			HOT_64(record)                                        \
		}                                                             \
	}

/* In a shared library (hot_so.c), as a plug-in would record. */
#define HOT_API __attribute__((visibility("default")))
HOT_API void hot_so_prepare(void);
HOT_API void hot_so_counter_add(uint64_t n);
HOT_API void hot_so_histogram_record(uint64_t n);

#endif
