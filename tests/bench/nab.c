/* SPDX-License-Identifier: MIT */
/* kymo's detector on the Numenta Anomaly Benchmark: its score with the settings
   that it has, and leaving out a category at a time, with settings and threshold
   that the other categories alone give.

   nab DIR          a line for each row: NAME score=.. threshold=..
   nab DIR --tune   the settings that the search gives on all categories
   nab DIR --files  what each file adds, at the threshold of "standard" */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "reader/detect/private.h"
#include "tests/bench/nab.h"

/* The search: so many settings, each constant within a factor of two of what
   it is; the mean of the best is what is taken. Single ones win by luck. */
#define SETTING_CNT 600u
#define BEST_CNT 25u

/* A constant is a double of the tuning; the last, budget, is not NAB's. */
#define CONSTANT_CNT (KYI_DETECT_TUNING_CNT - 1)

struct setting {
	struct kyi_detect_tuning tuning;
	/* What it gives in each category at each threshold. */
	double totals[NAB_CATEGORIES_MAX][NAB_PROFILE_CNT][NAB_CURVE_CNT];
	double merit;
};

static struct nab nab;
static struct setting settings[SETTING_CNT];
static uint64_t random_state = 88172645463325252u;

static double
uniform(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (double)(random_state >> 11) * 0x1p-53;
}

/* Scores before the budget's share, so that what is found here does not hang on
   it. Returns ns a row. */
static double
detect(const struct kyi_detect_tuning *tuning)
{
	struct timespec start, end;
	size_t row_cnt = 0;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start);
	for (size_t f = 0; f < nab.file_cnt; f++) {
		struct nab_file *file = &nab.files[f];
		struct kymo_detect series;

		kymo_detect_init(&series);
		for (size_t i = 0; i < file->row_cnt; i++)
			file->score[i] = kyi_detect_step(&series, tuning,
			    (uint64_t)file->at_s[i] * 1000000000u,
			    file->value[i]).score * tuning->budget;
		row_cnt += file->row_cnt;
	}
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
	return ((double)(end.tv_sec - start.tv_sec) * 1e9 +
	    (double)(end.tv_nsec - start.tv_nsec)) / (double)row_cnt;
}

/* ---- the search ------------------------------------------------------------ */

static void
vary(struct kyi_detect_tuning *tuning)
{
	double constants[KYI_DETECT_TUNING_CNT];

	memcpy(constants, &kyi_detect_tuning, sizeof(constants));
	for (unsigned i = 0; i < CONSTANT_CNT; i++)
		constants[i] *= exp2(2 * uniform() - 1);
	memcpy(tuning, constants, sizeof(constants));
}

static void
settings_try(void)
{
	for (unsigned s = 0; s < SETTING_CNT; s++) {
		vary(&settings[s].tuning);
		detect(&settings[s].tuning);
		for (unsigned c = 0; c < nab.category_cnt; c++)
			for (unsigned p = 0; p < NAB_PROFILE_CNT; p++)
				nab_curve(&nab, UINT32_C(1) << c,
				    &nab_profiles[p], settings[s].totals[c][p]);
	}
}

/* The standard profile counts as much as both others. */
static double
merit(const struct setting *setting, uint32_t categories)
{
	double sum = 0, totals[NAB_CURVE_CNT], threshold;

	for (unsigned p = 0; p < NAB_PROFILE_CNT; p++) {
		memset(totals, 0, sizeof(totals));
		for (unsigned c = 0; c < nab.category_cnt; c++)
			for (unsigned i = 0; i < NAB_CURVE_CNT; i++)
				if (categories >> c & 1)
					totals[i] += setting->totals[c][p][i];
		sum += (p == 0 ? 0.5 : 0.25) * nab_normal(&nab, categories,
		    &nab_profiles[p], nab_steady(totals, &threshold));
	}
	return sum;
}

static int
by_merit(const void *a, const void *b)
{
	double x = ((const struct setting *)a)->merit;
	double y = ((const struct setting *)b)->merit;

	return (x < y) - (x > y);
}

static struct kyi_detect_tuning
search(uint32_t categories)
{
	double logs[KYI_DETECT_TUNING_CNT] = { 0 };
	double constants[KYI_DETECT_TUNING_CNT];
	struct kyi_detect_tuning tuning;

	for (unsigned s = 0; s < SETTING_CNT; s++)
		settings[s].merit = merit(&settings[s], categories);
	qsort(settings, SETTING_CNT, sizeof(*settings), by_merit);
	for (unsigned s = 0; s < BEST_CNT; s++) {
		memcpy(constants, &settings[s].tuning, sizeof(constants));
		for (unsigned i = 0; i < KYI_DETECT_TUNING_CNT; i++)
			logs[i] += log(constants[i]) / BEST_CNT;
	}
	for (unsigned i = 0; i < KYI_DETECT_TUNING_CNT; i++)
		constants[i] = exp(logs[i]);
	memcpy(&tuning, constants, sizeof(tuning));
	return tuning;
}

/* ---- rows ------------------------------------------------------------------ */

static void
row(const char *name, double score, double threshold, double row_ns)
{
	printf("%s score=%.2f threshold=%.4f ns_sample=%.1f bytes_series=%zu",
	    name, score, threshold / kyi_detect_tuning.budget, row_ns,
	    sizeof(struct kymo_detect));
}

static void
row_left_out(double row_ns)
{
	const struct nab_profile *profile = &nab_profiles[0];
	double total = 0, log_sum = 0, threshold;

	settings_try();
	for (unsigned c = 0; c < nab.category_cnt; c++) {
		struct kyi_detect_tuning tuning = search(NAB_ALL & ~(1u << c));

		detect(&tuning);
		nab_best(&nab, NAB_ALL & ~(1u << c), profile, &threshold);
		total += nab_total(&nab, 1u << c, profile, threshold);
		log_sum += log(threshold);
	}
	total = nab_normal(&nab, NAB_ALL, profile, total);
	row("loco_standard", total, exp(log_sum / (double)nab.category_cnt),
	    row_ns);
	printf(" ok=%d\n", total >= 72);
}

static void
rows_in_sample(void)
{
	double row_ns = detect(&kyi_detect_tuning), best, threshold;

	row_left_out(row_ns);
	detect(&kyi_detect_tuning);
	for (unsigned p = 0; p < NAB_PROFILE_CNT; p++) {
		const struct nab_profile *profile = &nab_profiles[p];
		static const double least[] = { 72, 61.3, 73.2 };

		best = nab_normal(&nab, NAB_ALL, profile,
		    nab_best(&nab, NAB_ALL, profile, &threshold));
		row(profile->name, best, threshold, row_ns);
		printf(" ok=%d\n", best >= least[p]);
	}
}

static void
tune(void)
{
	double constants[KYI_DETECT_TUNING_CNT];
	struct kyi_detect_tuning tuning;

	settings_try();
	tuning = search(NAB_ALL);
	memcpy(constants, &tuning, sizeof(constants));
	for (unsigned i = 0; i < KYI_DETECT_TUNING_CNT; i++)
		printf("%.4g%s", constants[i],
		    i + 1 < KYI_DETECT_TUNING_CNT ? " " : "\n");
}

static void
files(void)
{
	double threshold;

	detect(&kyi_detect_tuning);
	nab_best(&nab, NAB_ALL, &nab_profiles[0], &threshold);
	for (unsigned f = 0; f < nab.file_cnt; f++) {
		const struct nab_file *file = &nab.files[f];
		unsigned wrong_cnt = 0;

		printf("%-60s", file->name);
		for (unsigned w = 0; w < nab.window_cnt; w++) {
			double hit = -1;

			if (nab.windows[w].file_idx != f)
				continue;
			for (size_t i = file->probation_cnt;
			    i < file->row_cnt; i++)
				if (file->window[i] == (int)w &&
				    file->score[i] >= threshold)
					hit = fmax(hit, file->weight[i]);
			printf(" %.2f", hit);
		}
		for (size_t i = file->probation_cnt; i < file->row_cnt; i++)
			wrong_cnt += file->window[i] < 0 &&
			    file->score[i] >= threshold;
		printf(" wrong %u\n", wrong_cnt);
	}
}

int
main(int argc, char **argv)
{
	if (argc < 2) {
		fputs("usage: nab DIR [--tune | --files]\n", stderr);
		return 2;
	}
	if (nab_load(&nab, argv[1]) < 0)
		return 1;
	if (argc > 2 && strcmp(argv[2], "--tune") == 0)
		tune();
	else if (argc > 2)
		files();
	else
		rows_in_sample();
	nab_free(&nab);
	return 0;
}
