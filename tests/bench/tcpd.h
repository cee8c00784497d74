/* SPDX-License-Identifier: MIT */
/* The scores of the Turing Change Point Dataset (van den Burg and Williams
   2020). */
#ifndef TESTS_BENCH_TCPD_H
#define TESTS_BENCH_TCPD_H

#include <stddef.h>

#define TCPD_MARKS_MAX 256u
#define TCPD_PEOPLE_MAX 8u

struct tcpd_series {
	char name[64];
	size_t row_cnt, people_cnt;
	double *rows;
	/* What each marked, 0 first. */
	int marks[TCPD_PEOPLE_MAX][TCPD_MARKS_MAX];
	size_t mark_cnt[TCPD_PEOPLE_MAX];
};

struct tcpd_score {
	double f1, covering;
};

/* tcpd_score: found are rows where the series changed, sorted, without 0. */
struct tcpd_score tcpd_score(const struct tcpd_series *series,
    const int *found, size_t found_cnt);

#endif
