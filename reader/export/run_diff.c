/* SPDX-License-Identifier: MIT */
/* Two runs, metric by metric: how much, how sure, and is it better. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reader/export/run_units.h"

/* A gauge that stood still but for fewer times than this is one reading. */
#define STRETCH_CNT_MIN 5u

struct side_of {
	const struct kymo_runs *runs;
	const struct kymo_run_part *part;
	struct kyi_run_units units;
};

struct work {
	struct kymo_run_diff *diff;
	const struct kymo_run_question *question;
	struct side_of before, after;
	uint32_t row_room;
};

const char *
kymo_run_verdict_name(enum kymo_run_verdict verdict)
{
	static const char *const names[] = {
		[KYMO_RUN_SAME] = "same", [KYMO_RUN_BETTER] = "better",
		[KYMO_RUN_WORSE] = "worse", [KYMO_RUN_CHANGED] = "changed",
		[KYMO_RUN_UNCLEAR] = "unclear",
	};

	return names[verdict];
}

/* ---- what is better --------------------------------------------------------------- */

static bool
has_any(const char *name, const char *const *words)
{
	for (; *words; words++)
		if (strstr(name, *words))
			return true;
	return false;
}

/* By convention of names and units. Of a counter nobody knows: more requests a
   second are good where they are all that one asked for. */
static enum kymo_run_side
usual_side(const struct kymo_run_row *row)
{
	static const char *const bad[] = { "error", "fail", "drop", "lost",
	    "timeout", "retr", "reject", "miss", "fault", "overflow", NULL };
	static const char *const times[] = { "duration", "latency", "wait",
	    "elapsed", NULL };
	static const char *const moments[] = { "start_time", "timestamp",
	    "created", "uptime", NULL };

	if (has_any(row->name, moments))
		return KYMO_RUN_NEITHER;
	if (has_any(row->name, bad))
		return KYMO_RUN_LOWER;
	if (row->rate)
		return KYMO_RUN_NEITHER;
	if (has_any(row->name, times) || strcmp(row->unit, "seconds") == 0 ||
	    strcmp(row->unit, "bytes") == 0)
		return KYMO_RUN_LOWER;
	return KYMO_RUN_NEITHER;
}

static enum kymo_run_verdict
surely(const struct kymo_run_row *row)
{
	bool more = row->shift.z > 0;

	if (row->better == KYMO_RUN_NEITHER)
		return KYMO_RUN_CHANGED;
	return more == (row->better == KYMO_RUN_HIGHER) ? KYMO_RUN_BETTER :
	    KYMO_RUN_WORSE;
}

static enum kymo_run_verdict
verdict(const struct kymo_run_row *row, const struct kymo_run_question *question)
{
	const struct kymo_shift *shift = &row->shift;

	if (isnan(row->chance))
		return KYMO_RUN_UNCLEAR;
	if (row->chance <= question->chance_max)
		return isnan(shift->ratio) ||
		    fabs(shift->ratio - 1) >= question->threshold ? surely(row) :
		    KYMO_RUN_SAME;
	/* So few could not have told one from the other. */
	if (!(shift->least <= question->chance_max))
		return KYMO_RUN_UNCLEAR;
	/* Not proven is not the same: that needs that more is excluded. */
	if (shift->difference_low == 0 && shift->difference_high == 0)
		return KYMO_RUN_SAME;
	return shift->ratio_low >= 1 - question->threshold &&
	    shift->ratio_high <= 1 + question->threshold ? KYMO_RUN_SAME :
	    KYMO_RUN_UNCLEAR;
}

/* ---- rows --------------------------------------------------------------------------- */

static struct kymo_run_row *
row_new(struct work *work)
{
	struct kymo_run_diff *diff = work->diff;
	struct kymo_run_row *row;

	if (diff->row_cnt == work->row_room) {
		uint32_t room = work->row_room ? work->row_room * 2 : 64;

		row = reallocarray(diff->rows, room, sizeof(*row));
		if (!row)
			return NULL;
		diff->rows = row;
		work->row_room = room;
	}
	row = &diff->rows[diff->row_cnt++];
	memset(row, 0, sizeof(*row));
	row->labels = row->unit = "";
	return row;
}

static int
hists_together(struct kymo_hist *to, const struct kymo_hist *hists, int32_t cnt)
{
	for (int32_t i = 0; i < cnt; i++)
		if (kymo_hist_add(to, &hists[i]) != 0)
			return -1;
	return 0;
}

static int
row_of_hists(struct work *work, struct kymo_run_row *row,
    const struct kymo_run_series *before, const struct kymo_run_series *after,
    struct kymo_error *error)
{
	size_t b_room = work->before.units.cnt, a_room = work->after.units.cnt;
	struct kymo_hist *hists = calloc(b_room + a_room + 1, sizeof(*hists));
	int32_t b, a;
	int status = -1;

	if (!hists)
		return kymo_error_set(error, "no memory to compare");
	b = kyi_run_hists(hists, work->before.runs, before, &work->before.units);
	a = b < 0 ? -1 : kyi_run_hists(hists + b_room, work->after.runs, after,
	    &work->after.units);
	if (a >= 0 && hists_together(&row->before, hists, b) == 0 &&
	    hists_together(&row->after, hists + b_room, a) == 0) {
		row->before_units = (uint32_t)b;
		row->after_units = (uint32_t)a;
		status = kymo_shift_hists(&row->shift, hists, (uint32_t)b,
		    hists + b_room, (uint32_t)a, before->sample_n, error);
	} else {
		kymo_error_set(error, "no memory to compare");
	}
	for (size_t i = 0; i < b_room + a_room; i++)
		free(hists[i].buckets);
	free(hists);
	return status;
}

/* Parts of a run in a row with the very same value say it once: what was settled when
   the run began (its memory's layout) is no news in each part. Returns how many
   are left. */
static uint32_t
stretches(double *to, const double *from, uint32_t cnt)
{
	uint32_t kept_cnt = 0;

	for (uint32_t i = 0; i < cnt; i++)
		if (i == 0 || from[i] != from[i - 1])
			to[kept_cnt++] = from[i];
	return kept_cnt;
}

/* How sure is said of stretches, how much of all parts. scratch: room for all. */
static void
readings_compare(struct kymo_shift *shift, double *scratch,
    const double *before, uint32_t before_cnt, const double *after,
    uint32_t after_cnt)
{
	uint32_t b = stretches(scratch, before, before_cnt);
	uint32_t a = stretches(scratch + b, after, after_cnt);
	struct kymo_shift by_stretch;

	kymo_shift_numbers(shift, before, before_cnt, after, after_cnt);
	/* What never moved and is the same in both needs no doubt. */
	if ((b == before_cnt && a == after_cnt) ||
	    (b == 1 && a == 1 && shift->difference == 0))
		return;
	kymo_shift_numbers(&by_stretch, scratch, b, scratch + b, a);
	if (b < STRETCH_CNT_MIN || a < STRETCH_CNT_MIN)
		by_stretch.chance = by_stretch.ratio_low = by_stretch.ratio_high =
		    NAN;
	by_stretch.before_cnt = before_cnt;
	by_stretch.after_cnt = after_cnt;
	by_stretch.before = shift->before;
	by_stretch.after = shift->after;
	by_stretch.difference = shift->difference;
	by_stretch.ratio = shift->ratio;
	by_stretch.ratio_low = by_stretch.ratio_low > shift->ratio ?
	    shift->ratio : by_stretch.ratio_low;
	by_stretch.ratio_high = by_stretch.ratio_high < shift->ratio ?
	    shift->ratio : by_stretch.ratio_high;
	*shift = by_stretch;
}

static int
row_of_numbers(struct work *work, struct kymo_run_row *row,
    const struct kymo_run_series *before, const struct kymo_run_series *after,
    struct kymo_error *error)
{
	size_t b_room = work->before.units.cnt, a_room = work->after.units.cnt;
	double *numbers = calloc(2 * (b_room + a_room) + 1, sizeof(*numbers));
	int32_t b = -1, a = -1;

	if (numbers) {
		b = kyi_run_numbers(numbers, work->before.runs, before,
		    &work->before.units);
		a = kyi_run_numbers(numbers + b_room, work->after.runs, after,
		    &work->after.units);
	}
	if (b < 0 || a < 0) {
		free(numbers);
		return kymo_error_set(error, "no memory to compare");
	}
	row->before_units = (uint32_t)b;
	row->after_units = (uint32_t)a;
	if (work->diff->units_are_runs || row->rate)
		kymo_shift_numbers(&row->shift, numbers, (uint32_t)b,
		    numbers + b_room, (uint32_t)a);
	else
		readings_compare(&row->shift, numbers + b_room + a_room,
		    numbers, (uint32_t)b, numbers + b_room, (uint32_t)a);
	free(numbers);
	return 0;
}

static int
row_of_series(struct work *work, const struct kymo_run_series *before,
    const struct kymo_run_series *after, struct kymo_error *error)
{
	bool hists = before->kind == KYMO_METRIC_HISTOGRAM ||
	    before->kind == KYMO_METRIC_SUMMARY;
	struct kymo_run_row *row = row_new(work);
	int status;

	if (!row)
		return kymo_error_set(error, "no memory to compare");
	row->name = before->name;
	row->labels = before->labels;
	row->unit = before->unit;
	row->kind = before->kind;
	row->exponent = before->exponent;
	row->rate = before->kind == KYMO_METRIC_COUNTER ||
	    before->kind == KYMO_METRIC_FLOAT_COUNTER;
	status = hists ? row_of_hists(work, row, before, after, error) :
	    row_of_numbers(work, row, before, after, error);
	/* In neither part was there anything of it. */
	if (status == 0 && row->before_units + row->after_units == 0) {
		free(row->before.buckets);
		free(row->after.buckets);
		work->diff->row_cnt--;
	}
	return status;
}

/* What the kernel says of the command itself, a number a run. */
static int
rows_of_ends(struct work *work, struct kymo_error *error)
{
	static const struct {
		const char *name, *unit;
		double scale;
	} rows[] = {
		{ "run_wall_seconds", "seconds", 1e-9 },
		{ "run_cpu_seconds", "seconds", 1e-9 },
		{ "run_memory_max_bytes", "bytes", 1 },
	};
	const struct kymo_runs *sides[] = { work->before.runs, work->after.runs };

	for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
		double *numbers[2] = { NULL, NULL };
		uint32_t cnt[2] = { 0, 0 };
		struct kymo_run_row *row = row_new(work);

		for (int s = 0; s < 2; s++)
			numbers[s] = calloc((size_t)sides[s]->run_cnt + 1,
			    sizeof(double));
		if (!row || !numbers[0] || !numbers[1]) {
			free(numbers[0]);
			free(numbers[1]);
			return kymo_error_set(error, "no memory to compare");
		}
		for (int s = 0; s < 2; s++)
			for (uint32_t i = 0; i < sides[s]->run_cnt; i++) {
				const struct kymo_run_end *end =
				    &sides[s]->ends[i];

				if (end->wall_ns > 0)
					numbers[s][cnt[s]++] = rows[r].scale *
					    (double)(r == 0 ? end->wall_ns :
					    r == 1 ? end->user_ns +
					    end->system_ns :
					    end->memory_max_bytes);
			}
		row->name = rows[r].name;
		row->unit = rows[r].unit;
		row->kind = KYMO_METRIC_FLOAT_GAUGE;
		row->before_units = cnt[0];
		row->after_units = cnt[1];
		kymo_shift_numbers(&row->shift, numbers[0], cnt[0], numbers[1],
		    cnt[1]);
		free(numbers[0]);
		free(numbers[1]);
		if (cnt[0] == 0 || cnt[1] == 0)
			work->diff->row_cnt--;
	}
	return 0;
}

static int
by_series(const void *left, const void *right)
{
	const struct kymo_run_series *const *a = left, *const *b = right;
	int order = strcmp((*a)->name, (*b)->name);

	if (order == 0)
		order = strcmp((*a)->labels, (*b)->labels);
	return order ? order : (int)(*a)->kind - (int)(*b)->kind;
}

static const struct kymo_run_series **
sorted(const struct kymo_runs *runs)
{
	const struct kymo_run_series **order = calloc(
	    (size_t)runs->series_cnt + 1, sizeof(*order));

	for (uint32_t i = 0; order && i < runs->series_cnt; i++)
		order[i] = &runs->series[i];
	if (order)
		qsort(order, runs->series_cnt, sizeof(*order), by_series);
	return order;
}

static int
rows_of_series(struct work *work, struct kymo_error *error)
{
	const struct kymo_run_series **b = sorted(work->before.runs);
	const struct kymo_run_series **a = sorted(work->after.runs);
	uint32_t i = 0, k = 0;
	int status = b && a ? 0 : kymo_error_set(error, "no memory to compare");

	while (status == 0 && i < work->before.runs->series_cnt &&
	    k < work->after.runs->series_cnt) {
		int order = by_series(&b[i], &a[k]);

		if (order == 0 && b[i]->exponent == a[k]->exponent)
			status = row_of_series(work, b[i], a[k], error);
		i += order <= 0;
		k += order >= 0;
	}
	free(b);
	free(a);
	return status;
}

/* ---- all of it ----------------------------------------------------------------------- */

static int
judge(struct work *work, struct kymo_error *error)
{
	struct kymo_run_diff *diff = work->diff;
	const struct kymo_run_question *question = work->question;
	double *chances = calloc((size_t)diff->row_cnt + 1, sizeof(*chances));

	if (!chances)
		return kymo_error_set(error, "no memory to compare");
	for (uint32_t i = 0; i < diff->row_cnt; i++)
		chances[i] = diff->rows[i].shift.chance;
	if (kymo_shift_adjust(chances, diff->row_cnt) != 0) {
		free(chances);
		return kymo_error_set(error, "no memory to compare");
	}
	for (uint32_t i = 0; i < diff->row_cnt; i++) {
		struct kymo_run_row *row = &diff->rows[i];
		enum kymo_run_side said = question->side ?
		    question->side(question->to, row->name) : KYMO_RUN_NEITHER;

		row->chance = chances[i];
		row->better = said != KYMO_RUN_NEITHER ? said : usual_side(row);
		row->verdict = verdict(row, question);
	}
	free(chances);
	return 0;
}

int
kymo_run_diff(struct kymo_run_diff *diff, const struct kymo_runs *before,
    const struct kymo_run_part *before_part, const struct kymo_runs *after,
    const struct kymo_run_part *after_part,
    const struct kymo_run_question *question, struct kymo_error *error)
{
	struct work work = { diff, question, { before, before_part, { 0 } },
	    { after, after_part, { 0 } }, 0 };
	bool all = !before_part->phase && before_part->from_s <= 0 &&
	    before_part->to_s <= 0 && !after_part->phase &&
	    after_part->from_s <= 0 && after_part->to_s <= 0;
	int status;

	memset(diff, 0, sizeof(*diff));
	diff->units_are_runs = before->run_cnt > 1 && after->run_cnt > 1;
	if (kyi_run_units(&work.before.units, before, before_part,
		diff->units_are_runs) != 0 ||
	    kyi_run_units(&work.after.units, after, after_part,
		diff->units_are_runs) != 0)
		status = kymo_error_set(error, "no memory to compare");
	else if (!all && (work.before.units.cnt == 0 ||
		work.after.units.cnt == 0))
		status = kymo_error_set(error, "no two looks are in the part of "
		    "%s run that is asked for", work.before.units.cnt ?
		    "the second" : "the first");
	else
		status = (all && rows_of_ends(&work, error) != 0) ||
		    rows_of_series(&work, error) != 0 ||
		    judge(&work, error) != 0 ? -1 : 0;
	kyi_run_units_free(&work.before.units);
	kyi_run_units_free(&work.after.units);
	if (status != 0)
		kymo_run_diff_free(diff);
	return status;
}

void
kymo_run_diff_free(struct kymo_run_diff *diff)
{
	for (uint32_t i = 0; i < diff->row_cnt; i++) {
		free(diff->rows[i].before.buckets);
		free(diff->rows[i].after.buckets);
	}
	free(diff->rows);
	memset(diff, 0, sizeof(*diff));
}
