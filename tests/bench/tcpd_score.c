/* SPDX-License-Identifier: MIT */
#include "tests/bench/tcpd.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define MARGIN 5

static int
by_row(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* Those of marks that a found one is near; each found one counts once. */
static double
hits(const int *marks, size_t mark_cnt, const int *found, size_t found_cnt)
{
	bool used[TCPD_MARKS_MAX] = { false };
	double cnt = 0;

	for (size_t m = 0; m < mark_cnt; m++)
		for (size_t f = 0; f < found_cnt; f++)
			if (!used[f] && abs(marks[m] - found[f]) <= MARGIN) {
				used[f] = true;
				cnt++;
				break;
			}
	return cnt;
}

/* All that anybody marked, each row once. */
static size_t
marks_together(const struct tcpd_series *series, int *all)
{
	size_t cnt = 0, kept = 0;

	for (size_t p = 0; p < series->people_cnt; p++)
		for (size_t m = 0; m < series->mark_cnt[p]; m++)
			all[cnt++] = series->marks[p][m];
	qsort(all, cnt, sizeof(*all), by_row);
	for (size_t i = 0; i < cnt; i++)
		if (kept == 0 || all[i] != all[kept - 1])
			all[kept++] = all[i];
	return kept;
}

static double
f1(const struct tcpd_series *series, const int *found, size_t found_cnt)
{
	int all[TCPD_PEOPLE_MAX * TCPD_MARKS_MAX];
	size_t all_cnt = marks_together(series, all);
	double precision, recall = 0;

	precision = hits(all, all_cnt, found, found_cnt) / (double)found_cnt;
	for (size_t p = 0; p < series->people_cnt; p++)
		recall += hits(series->marks[p], series->mark_cnt[p], found,
		    found_cnt) / (double)series->mark_cnt[p];
	recall /= (double)series->people_cnt;
	return precision + recall > 0 ?
	    2 * precision * recall / (precision + recall) : 0;
}

/* The best overlap of rows begin..end - 1 with a found segment: what both have
   over what either has. */
static double
overlap(int begin, int end, const int *found, size_t found_cnt, int row_cnt)
{
	double best = 0;

	for (size_t f = 0; f < found_cnt; f++) {
		int from = found[f];
		int to = f + 1 < found_cnt ? found[f + 1] : row_cnt;
		int both = (end < to ? end : to) - (begin > from ? begin : from);
		int either = (end > to ? end : to) - (begin < from ? begin : from);

		if (both > 0 && (double)both / either > best)
			best = (double)both / either;
	}
	return best;
}

static double
covering(const struct tcpd_series *series, const int *found, size_t found_cnt)
{
	int row_cnt = (int)series->row_cnt;
	double sum = 0;

	for (size_t p = 0; p < series->people_cnt; p++)
		for (size_t m = 0; m < series->mark_cnt[p]; m++) {
			int begin = series->marks[p][m];
			int end = m + 1 < series->mark_cnt[p] ?
			    series->marks[p][m + 1] : row_cnt;

			sum += (double)(end - begin) / row_cnt *
			    overlap(begin, end, found, found_cnt, row_cnt);
		}
	return sum / (double)series->people_cnt;
}

struct tcpd_score
tcpd_score(const struct tcpd_series *series, const int *found, size_t found_cnt)
{
	int with_0[TCPD_MARKS_MAX] = { 0 };
	struct tcpd_score score;

	/* So many are wrong whatever they are. */
	if (found_cnt > TCPD_MARKS_MAX - 1)
		found_cnt = TCPD_MARKS_MAX - 1;
	if (found_cnt > 0)
		memcpy(with_0 + 1, found, found_cnt * sizeof(*found));
	score.f1 = f1(series, with_0, found_cnt + 1);
	score.covering = covering(series, with_0, found_cnt + 1);
	return score;
}
