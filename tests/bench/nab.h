/* SPDX-License-Identifier: MIT */
/* The Numenta Anomaly Benchmark: its files, its windows, and the score of a
   detector by its rules, written anew from their description. */
#ifndef KYI_BENCH_NAB_H
#define KYI_BENCH_NAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NAB_FILES_MAX 64u
#define NAB_CATEGORIES_MAX 16u
#define NAB_WINDOWS_MAX 160u

struct nab_file {
	char name[128]; /* category/file.csv */
	unsigned category_idx;
	size_t row_cnt;
	size_t probation_cnt; /* the first rows, which are not scored */
	int64_t *at_s;
	double *value;
	double *score;  /* to be filled in by the detector */
	double *weight; /* of a hit in a window, or (negative) of a false one */
	int16_t *window; /* of the whole corpus, or -1 */
};

struct nab_window {
	unsigned file_idx;
	size_t first_row;
	size_t last_row;
	bool scored; /* a row of it is after the probation */
};

struct nab {
	struct nab_file files[NAB_FILES_MAX];
	size_t file_cnt;
	char categories[NAB_CATEGORIES_MAX][64];
	size_t category_cnt;
	struct nab_window windows[NAB_WINDOWS_MAX];
	size_t window_cnt;
	struct nab_row *rows; /* scratch of nab_sweep */
};

/* What counts how much: a hit, a window without one, a false alarm. */
struct nab_profile {
	const char *name;
	double hit;
	double missed;
	double wrong;
};

#define NAB_PROFILE_CNT 3u
extern const struct nab_profile nab_profiles[NAB_PROFILE_CNT];

/* A bit a category. */
#define NAB_ALL UINT32_MAX

/* nab_load reads DIR/windows.json and the files that it names. 0, or -1 with
   the reason on stderr. */
int nab_load(struct nab *nab, const char *dir);
void nab_free(struct nab *nab);

/* nab_add_file takes row_cnt rows (copied); nab_add_window a window of the file
   added last. For nab_load, and for tests. */
int nab_add_file(struct nab *nab, const char *name, const int64_t *at_s,
    const double *value, size_t row_cnt);
int nab_add_window(struct nab *nab, int64_t start_s, int64_t end_s);
/* After the windows of a file: what a hit at each row of it would count. */
void nab_weigh(struct nab *nab, struct nab_file *file);

/* Room for nab_best to sort the rows of all files. */
int nab_scratch(struct nab *nab, size_t row_cnt);

/* nab_total is the sum for alarms at each score >= threshold, in files of the
   categories; INFINITY is no alarm. */
double nab_total(const struct nab *nab, uint32_t categories,
    const struct nab_profile *profile, double threshold);

/* nab_best is the largest nab_total that a threshold gives, and that one. */
double nab_best(struct nab *nab, uint32_t categories,
    const struct nab_profile *profile, double *threshold);

/* nab_curve: nab_total at NAB_CURVE_CNT thresholds, nab_curve_at(0) and on, each
   NAB_CURVE_STEP of the one before. */
#define NAB_CURVE_CNT 70u
#define NAB_CURVE_TOP 105.0
#define NAB_CURVE_STEP (1 / 1.12)
void nab_curve(struct nab *nab, uint32_t categories,
    const struct nab_profile *profile, double *totals);
double nab_curve_at(unsigned at);

/* nab_steady is the highest that a curve is when each point is a mean with its
   neighbours: settings for other files must not stand on a needle. */
double nab_steady(const double *totals, double *threshold);

/* 100 for perfect, 0 for no alarm. */
double nab_normal(const struct nab *nab, uint32_t categories,
    const struct nab_profile *profile, double total);

#endif
