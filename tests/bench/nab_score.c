/* SPDX-License-Identifier: MIT */
/* The score of a detector by the rules of the benchmark. */
#include <math.h>
#include <stdlib.h>

#include "tests/bench/nab.h"

const struct nab_profile nab_profiles[NAB_PROFILE_CNT] = {
	{ "standard", 1, 1, 0.11 },
	{ "reward_low_FP", 1, 1, 0.22 },
	{ "reward_low_FN", 1, 2, 0.11 },
};

struct nab_row {
	double score;
	double weight;
	int16_t window;
};

int
nab_scratch(struct nab *nab, size_t row_cnt)
{
	nab->rows = calloc(row_cnt, sizeof(*nab->rows));
	return nab->rows ? 0 : -1;
}

static double
sigmoid(double x)
{
	return x > 3 ? -1 : 2 / (1 + exp(5 * x)) - 1;
}

void
nab_weigh(struct nab *nab, struct nab_file *file)
{
	unsigned file_idx = (unsigned)(file - nab->files);
	const struct nab_window *last = NULL;
	double top = sigmoid(-1);

	for (size_t i = 0; i < file->row_cnt; i++) {
		const struct nab_window *in = NULL;

		file->window[i] = -1;
		last = NULL;
		for (size_t w = 0; w < nab->window_cnt; w++) {
			const struct nab_window *window = &nab->windows[w];

			if (window->file_idx != file_idx || i < window->first_row)
				continue;
			if (i > window->last_row) {
				if (!last || window->last_row > last->last_row)
					last = window;
				continue;
			}
			in = window;
			file->window[i] = (int16_t)w;
		}
		if (in)
			file->weight[i] = sigmoid(
			    -(double)(in->last_row - i + 1) /
			    (double)(in->last_row - in->first_row + 1)) / top;
		else
			file->weight[i] = !last ? -1 : sigmoid(
			    (double)(i - last->last_row) /
			    (double)(last->last_row - last->first_row));
	}
}

static bool
is_of(const struct nab_file *file, uint32_t categories)
{
	return (categories >> file->category_idx) & 1;
}

static size_t
windows_of(const struct nab *nab, uint32_t categories)
{
	size_t cnt = 0;

	for (size_t w = 0; w < nab->window_cnt; w++)
		cnt += nab->windows[w].scored && is_of(
		    &nab->files[nab->windows[w].file_idx], categories);
	return cnt;
}

/* What is found at row: the gain over what is found so far. */
static double
gain(double *found, const struct nab_profile *profile, int16_t window,
    double weight)
{
	double is, was;

	if (window < 0)
		return profile->wrong * weight;
	is = profile->hit * weight;
	was = found[window];
	if (is <= was)
		return 0;
	found[window] = is;
	return is - was;
}

static double
nothing_found(const struct nab *nab, uint32_t categories,
    const struct nab_profile *profile, double *found)
{
	for (size_t w = 0; w < NAB_WINDOWS_MAX; w++)
		found[w] = -profile->missed;
	return -profile->missed * (double)windows_of(nab, categories);
}

double
nab_total(const struct nab *nab, uint32_t categories,
    const struct nab_profile *profile, double threshold)
{
	double found[NAB_WINDOWS_MAX];
	double total = nothing_found(nab, categories, profile, found);

	for (size_t f = 0; f < nab->file_cnt; f++) {
		const struct nab_file *file = &nab->files[f];

		if (!is_of(file, categories))
			continue;
		for (size_t i = file->probation_cnt; i < file->row_cnt; i++)
			if (file->score[i] >= threshold)
				total += gain(found, profile, file->window[i],
				    file->weight[i]);
	}
	return total;
}

static int
by_score(const void *a, const void *b)
{
	double x = ((const struct nab_row *)a)->score;
	double y = ((const struct nab_row *)b)->score;

	return (x < y) - (x > y);
}

/* The scored rows of the categories, the highest score first. An alarm at 0
   would be one everywhere: such rows are left out. */
static size_t
rows_sorted(struct nab *nab, uint32_t categories)
{
	size_t cnt = 0;

	for (size_t f = 0; f < nab->file_cnt; f++) {
		const struct nab_file *file = &nab->files[f];

		if (!is_of(file, categories))
			continue;
		for (size_t i = file->probation_cnt; i < file->row_cnt; i++)
			if (file->score[i] > 0)
				nab->rows[cnt++] = (struct nab_row){
					file->score[i], file->weight[i],
					file->window[i] };
	}
	qsort(nab->rows, cnt, sizeof(*nab->rows), by_score);
	return cnt;
}

double
nab_best(struct nab *nab, uint32_t categories,
    const struct nab_profile *profile, double *threshold)
{
	double found[NAB_WINDOWS_MAX];
	double total = nothing_found(nab, categories, profile, found);
	double best = total;
	size_t cnt = rows_sorted(nab, categories);

	*threshold = INFINITY;
	for (size_t i = 0; i < cnt; i++) {
		total += gain(found, profile, nab->rows[i].window,
		    nab->rows[i].weight);
		if (i + 1 < cnt && nab->rows[i + 1].score >=
		    nab->rows[i].score)
			continue;
		if (total > best) {
			best = total;
			*threshold = nab->rows[i].score;
		}
	}
	return best;
}

void
nab_curve(struct nab *nab, uint32_t categories,
    const struct nab_profile *profile, double *totals)
{
	double found[NAB_WINDOWS_MAX];
	double total = nothing_found(nab, categories, profile, found);
	size_t cnt = rows_sorted(nab, categories), i = 0;

	for (unsigned at = 0; at < NAB_CURVE_CNT; at++) {
		for (; i < cnt && nab->rows[i].score >= nab_curve_at(at); i++)
			total += gain(found, profile, nab->rows[i].window,
			    nab->rows[i].weight);
		totals[at] = total;
	}
}

double
nab_curve_at(unsigned at)
{
	return NAB_CURVE_TOP * pow(NAB_CURVE_STEP, at);
}

double
nab_steady(const double *totals, double *threshold)
{
	static const double near[] = { 1, 2, 3, 2, 1 };
	double best = -INFINITY, mean;

	*threshold = INFINITY;
	for (unsigned at = 2; at + 2 < NAB_CURVE_CNT; at++) {
		mean = 0;
		for (unsigned i = 0; i < 5; i++)
			mean += near[i] / 9 * totals[at + i - 2];
		if (mean > best) {
			best = mean;
			*threshold = nab_curve_at(at);
		}
	}
	return best;
}

double
nab_normal(const struct nab *nab, uint32_t categories,
    const struct nab_profile *profile, double total)
{
	double cnt = (double)windows_of(nab, categories);

	return 100 * (total + profile->missed * cnt) /
	    ((profile->hit + profile->missed) * cnt);
}
