/* SPDX-License-Identifier: MIT */
#include "reader/export/run_units.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The time before look i counts: it and the one before are of one run, and it is
   in the part. */
static bool
counts(const struct kymo_runs *runs, const struct kymo_run_part *part,
    uint32_t i, uint64_t first_ns)
{
	const struct kymo_run_look *look = &runs->looks[i];
	double begin, end;

	if (i == 0 || look[-1].run != look->run || look->at_ns <= look[-1].at_ns)
		return false;
	if (part->phase && strcmp(part->phase, look->phase) != 0)
		return false;
	begin = (double)(look[-1].at_ns - first_ns) / 1e9;
	end = (double)(look->at_ns - first_ns) / 1e9;
	return look[-1].at_ns >= first_ns && begin >= part->from_s - 1e-9 &&
	    (part->to_s <= 0 || end <= part->to_s + 1e-9);
}

/* Marks the looks of a run that count with 0; returns how many. */
static uint32_t
run_marks(struct kyi_run_units *units, const struct kymo_runs *runs,
    const struct kymo_run_part *part, uint32_t begin, uint32_t end)
{
	uint32_t cnt = 0;

	for (uint32_t i = begin; i < end; i++) {
		bool in = counts(runs, part, i, runs->looks[begin].at_ns);

		units->of_look[i] = in ? 0 : -1;
		cnt += in;
	}
	return cnt;
}

static void
run_cut(struct kyi_run_units *units, const struct kymo_runs *runs,
    uint32_t begin, uint32_t end, uint32_t look_cnt, uint32_t part_cnt)
{
	uint32_t seen_cnt = 0;

	for (uint32_t i = begin; i < end; i++) {
		uint32_t unit;

		if (units->of_look[i] < 0)
			continue;
		unit = units->cnt + (uint32_t)((uint64_t)seen_cnt++ * part_cnt /
		    look_cnt);
		units->of_look[i] = (int32_t)unit;
		units->run[unit] = runs->looks[i].run;
		units->seconds[unit] += (double)(runs->looks[i].at_ns -
		    runs->looks[i - 1].at_ns) / 1e9;
	}
	units->cnt += part_cnt;
}

int
kyi_run_units(struct kyi_run_units *units, const struct kymo_runs *runs,
    const struct kymo_run_part *part, bool whole_runs)
{
	size_t room = (size_t)runs->look_cnt + 1;

	memset(units, 0, sizeof(*units));
	units->of_look = calloc(room, sizeof(*units->of_look));
	units->seconds = calloc(room, sizeof(*units->seconds));
	units->run = calloc(room, sizeof(*units->run));
	if (!units->of_look || !units->seconds || !units->run) {
		kyi_run_units_free(units);
		return -1;
	}
	for (uint32_t begin = 0, end; begin < runs->look_cnt; begin = end) {
		uint32_t cnt;

		for (end = begin + 1; end < runs->look_cnt &&
		    runs->looks[end].run == runs->looks[begin].run; end++)
			;
		cnt = run_marks(units, runs, part, begin, end);
		if (cnt > 0)
			run_cut(units, runs, begin, end, cnt, whole_runs ? 1 :
			    cnt < KYI_RUN_PARTS ? cnt : KYI_RUN_PARTS);
	}
	return 0;
}

void
kyi_run_units_free(struct kyi_run_units *units)
{
	free(units->of_look);
	free(units->seconds);
	free(units->run);
	memset(units, 0, sizeof(*units));
}

/* The value before value i, in the same run; NULL: there is none. Then *new says
   that the run was being looked at already, so it began at nothing. */
static const struct kymo_run_value *
value_before(const struct kymo_runs *runs, const struct kymo_run_series *series,
    uint32_t i, bool *new)
{
	const struct kymo_run_value *value = &series->values[i];
	uint32_t run = runs->looks[value->look].run;

	if (i > 0 && runs->looks[value[-1].look].run == run)
		return &value[-1];
	*new = value->look > 0 && runs->looks[value->look - 1].run == run;
	return NULL;
}

/* ---- histograms ------------------------------------------------------------------- */

/* later less earlier, both cumulative; where anything would be below zero it was
   begun anew, and is later alone. */
static int
hist_grown(struct kymo_hist *to, const struct kymo_hist *later,
    const struct kymo_hist *earlier)
{
	bool anew = earlier && (later->zero < earlier->zero ||
	    later->under < earlier->under || later->over < earlier->over ||
	    earlier->scale < later->scale);
	uint64_t *buckets = calloc((size_t)later->bucket_cnt + 1,
	    sizeof(*buckets));

	if (!buckets)
		return -1;
	memcpy(buckets, later->buckets,
	    later->bucket_cnt * sizeof(*buckets));
	for (uint32_t i = 0; earlier && !anew && i < earlier->bucket_cnt; i++) {
		int64_t idx = (((int64_t)earlier->lo_idx + i) >>
		    (earlier->scale - later->scale)) - later->lo_idx;

		if (earlier->buckets[i] == 0)
			continue;
		anew = idx < 0 || idx >= later->bucket_cnt ||
		    buckets[idx] < earlier->buckets[i];
		if (!anew)
			buckets[idx] -= earlier->buckets[i];
	}
	*to = *later;
	to->buckets = buckets;
	if (anew || !earlier) {
		memcpy(buckets, later->buckets,
		    later->bucket_cnt * sizeof(*buckets));
		return 0;
	}
	to->zero -= earlier->zero;
	to->under -= earlier->under;
	to->over -= earlier->over;
	to->sum -= earlier->sum;
	return 0;
}

int32_t
kyi_run_hists(struct kymo_hist *hists, const struct kymo_runs *runs,
    const struct kymo_run_series *series, const struct kyi_run_units *units)
{
	int32_t cnt = 0;

	memset(hists, 0, units->cnt * sizeof(*hists));
	for (uint32_t i = 0; i < series->value_cnt; i++) {
		const struct kymo_run_value *value = &series->values[i], *last;
		int32_t unit = units->of_look[value->look];
		struct kymo_hist grown;
		bool new = false;
		int status;

		last = value_before(runs, series, i, &new);
		if (unit < 0 || (!last && !new))
			continue;
		if (hist_grown(&grown, value->hist, last ? last->hist : NULL) != 0)
			return -1;
		status = kymo_hist_add(&hists[unit], &grown);
		free(grown.buckets);
		if (status != 0)
			return -1;
	}
	for (uint32_t u = 0; u < units->cnt; u++) {
		struct kymo_hist hist = hists[u];

		hists[u].buckets = NULL;
		if (kymo_hist_count(&hist) > 0)
			hists[cnt++] = hist;
		else
			free(hist.buckets);
	}
	return cnt;
}

/* ---- numbers ------------------------------------------------------------------------ */

static bool
is_counter(const struct kymo_run_series *series)
{
	return series->kind == KYMO_METRIC_COUNTER ||
	    series->kind == KYMO_METRIC_FLOAT_COUNTER;
}

int32_t
kyi_run_numbers(double *numbers, const struct kymo_runs *runs,
    const struct kymo_run_series *series, const struct kyi_run_units *units)
{
	bool counter = is_counter(series);
	double unit_is = series->kind == KYMO_METRIC_COUNTER ||
	    series->kind == KYMO_METRIC_UPDOWN ||
	    series->kind == KYMO_METRIC_GAUGE ? pow(10, series->exponent) : 1;
	uint32_t *met_cnt = calloc((size_t)units->cnt + 1, sizeof(*met_cnt));
	int32_t cnt = 0;

	if (!met_cnt)
		return -1;
	memset(numbers, 0, units->cnt * sizeof(*numbers));
	for (uint32_t i = 0; i < series->value_cnt; i++) {
		const struct kymo_run_value *value = &series->values[i], *last;
		int32_t unit = units->of_look[value->look];
		bool new = false;

		last = counter ? value_before(runs, series, i, &new) : NULL;
		if (unit < 0 || !isfinite(value->number) ||
		    (counter && !last && !new))
			continue;
		numbers[unit] += last && last->number <= value->number ?
		    value->number - last->number : value->number;
		met_cnt[unit]++;
	}
	for (uint32_t u = 0; u < units->cnt; u++)
		if (met_cnt[u] > 0)
			numbers[cnt++] = numbers[u] * unit_is /
			    (counter ? units->seconds[u] : met_cnt[u]);
	free(met_cnt);
	return cnt;
}
