/* SPDX-License-Identifier: MIT */
/* kymo's change points against what people marked, without look-ahead: with its
   settings, with no change points at all, and each series with the settings that
   the other series alone give.

   tcpd FILE          a line for each row: NAME f1=.. covering=.. ok=1 (or 0)
   tcpd FILE --each   every series: what was found

   FILE has, of each series, its name, count of rows, count of people; the rows;
   and a line a person: a count, and that many marks (tcpd.sh makes it). */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reader/detect/change_private.h"
#include "tests/bench/tcpd.h"

#define SERIES_MAX 64u
#define ROWS_MAX 100000u
#define SETTING_CNT 1000u
#define SEARCH_CNT 5u /* one search is luck */
#define F1_MIN 0.74
#define COVERING_MIN 0.70

static struct tcpd_series all[SERIES_MAX];
static size_t series_cnt;
static struct tcpd_score scores[SETTING_CNT][SERIES_MAX];
static uint64_t random_state = 88172645463325252u;

static double
uniform(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (double)(random_state >> 11) * 0x1p-53;
}

static void
die(const char *why)
{
	fprintf(stderr, "tcpd: %s\n", why);
	exit(1);
}

static void
load_marks(FILE *file, struct tcpd_series *series)
{
	for (size_t p = 0; p < series->people_cnt; p++) {
		size_t cnt;

		if (fscanf(file, "%zu", &cnt) != 1 || cnt >= TCPD_MARKS_MAX)
			die("no marks");
		series->mark_cnt[p] = cnt + 1;
		for (size_t m = 1; m <= cnt; m++)
			if (fscanf(file, "%d", &series->marks[p][m]) != 1)
				die("no mark");
	}
}

static void
load(const char *path)
{
	FILE *file = fopen(path, "re");
	struct tcpd_series *series = all;

	if (!file)
		die("no file");
	while (series_cnt < SERIES_MAX && fscanf(file, "%63s %zu %zu",
		series->name, &series->row_cnt, &series->people_cnt) == 3) {
		if (series->row_cnt > ROWS_MAX || series->people_cnt == 0 ||
		    series->people_cnt > TCPD_PEOPLE_MAX)
			die("too many rows or people, or none");
		series->rows = calloc(series->row_cnt, sizeof(double));
		if (!series->rows)
			die("no memory");
		for (size_t i = 0; i < series->row_cnt; i++)
			if (fscanf(file, "%lf", &series->rows[i]) != 1)
				die("no row");
		load_marks(file, series);
		series = &all[++series_cnt];
	}
	fclose(file);
	if (series_cnt == 0)
		die("no series");
}

static int
by_row(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static struct tcpd_score
judge(const struct tcpd_series *series, const struct kyi_change_tuning *tuning,
    bool show)
{
	struct kymo_change change;
	struct kymo_change_point point;
	int found[TCPD_MARKS_MAX];
	size_t cnt = 0, kept = 0;
	struct tcpd_score score;

	kymo_change_init(&change, 0);
	for (size_t i = 0; i < series->row_cnt; i++)
		if (kyi_change_step(&change, tuning, i * 1000000000u,
			series->rows[i], &point) && cnt < TCPD_MARKS_MAX)
			found[cnt++] = (int)point.row;
	qsort(found, cnt, sizeof(*found), by_row);
	for (size_t i = 0; i < cnt; i++)
		if (found[i] > 0 && (kept == 0 || found[i] != found[kept - 1]))
			found[kept++] = found[i];
	score = tcpd_score(series, found, kept);
	if (show) {
		printf("%-20s f1 %.3f covering %.3f:", series->name, score.f1,
		    score.covering);
		for (size_t i = 0; i < kept; i++)
			printf(" %d", found[i]);
		printf("\n");
	}
	return score;
}

static void
row(const char *name, struct tcpd_score sum, bool must)
{
	double f1 = sum.f1 / (double)series_cnt;
	double covering = sum.covering / (double)series_cnt;

	printf("%s f1=%.3f covering=%.3f ok=%d\n", name, f1, covering,
	    !must || (f1 >= F1_MIN && covering >= COVERING_MIN));
}

static void
add(struct tcpd_score *sum, struct tcpd_score score)
{
	sum->f1 += score.f1;
	sum->covering += score.covering;
}

/* Each constant anywhere in a wide range. */
static void
setting_draw(struct kyi_change_tuning *tuning)
{
	static const double low[] = { 10, 0.95, 0, 1.5, 10, 0.05 };
	static const double high[] = { 26, 0.999, 0.6, 5, 150, 0.6 };
	double is[KYI_CHANGE_TUNING_CNT];

	for (size_t i = 0; i < KYI_CHANGE_TUNING_CNT; i++)
		is[i] = low[i] + (high[i] - low[i]) * uniform();
	memcpy(tuning, is, sizeof(is));
}

/* The best sum of both scores, without one series. No setting was drawn near one
   that is good with that series either. */
static size_t
best_without(size_t left_out)
{
	size_t best = 0;
	double most = -1;

	for (size_t s = 0; s < SETTING_CNT; s++) {
		double sum = 0;

		for (size_t i = 0; i < series_cnt; i++)
			if (i != left_out)
				sum += scores[s][i].f1 + scores[s][i].covering;
		if (sum > most) {
			most = sum;
			best = s;
		}
	}
	return best;
}

static void
leave_out(void)
{
	struct tcpd_score sum = { 0, 0 };

	for (size_t search = 0; search < SEARCH_CNT; search++) {
		for (size_t s = 0; s < SETTING_CNT; s++) {
			struct kyi_change_tuning tuning;

			setting_draw(&tuning);
			for (size_t i = 0; i < series_cnt; i++)
				scores[s][i] = judge(&all[i], &tuning, false);
		}
		for (size_t i = 0; i < series_cnt; i++)
			add(&sum, scores[best_without(i)][i]);
	}
	sum.f1 /= SEARCH_CNT;
	sum.covering /= SEARCH_CNT;
	row("left_out", sum, false);
}

int
main(int argc, char **argv)
{
	struct tcpd_score ours = { 0, 0 }, none = { 0, 0 };
	bool each = argc == 3 && strcmp(argv[2], "--each") == 0;

	if (argc < 2)
		die("which file?");
	load(argv[1]);
	for (size_t i = 0; i < series_cnt; i++) {
		add(&ours, judge(&all[i], &kyi_change_tuning, each));
		add(&none, tcpd_score(&all[i], NULL, 0));
	}
	row("kymo", ours, true);
	row("no_changes", none, false);
	if (!each)
		leave_out();
	return 0;
}
