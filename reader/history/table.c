/* SPDX-License-Identifier: MIT */
#include "reader/history/table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reader/history/native_copy.h"

struct row {
	struct kymo_labels *labels;
	int64_t *at_ms;
	double *value, *lost;
	struct kymo_native_hist **hist;
	uint8_t *given; /* the reset hint that came with hist */
	uint32_t cnt, room;
	bool any_hist, any_stale, any_lost;
	bool unsettled; /* lost and hints are to be made again */
};

struct kymo_table {
	struct row *rows;
	uint32_t cnt, room;
	struct kymo_source source;
};

/* ---- adding ---------------------------------------------------------------- */

static bool
row_grow(struct row *row)
{
	uint32_t room = row->room == 0 ? 16 : row->room * 2;
	void *at;

	if (row->cnt < row->room)
		return true;
	if ((at = realloc(row->at_ms, room * sizeof *row->at_ms)) == NULL)
		return false;
	row->at_ms = at;
	if ((at = realloc(row->value, room * sizeof *row->value)) == NULL)
		return false;
	row->value = at;
	if ((at = realloc(row->lost, room * sizeof *row->lost)) == NULL)
		return false;
	row->lost = at;
	if ((at = realloc(row->hist, room * sizeof *row->hist)) == NULL)
		return false;
	row->hist = at;
	if ((at = realloc(row->given, room * sizeof *row->given)) == NULL)
		return false;
	row->given = at;
	row->room = room;
	return true;
}

static struct row *
row_of(struct kymo_table *table, const struct kymo_labels *labels)
{
	struct row *row;

	for (uint32_t i = 0; i < table->cnt; i++)
		if (kymo_labels_equal(table->rows[i].labels, labels))
			return &table->rows[i];
	if (table->cnt == table->room) {
		uint32_t room = table->room == 0 ? 16 : table->room * 2;
		void *at = realloc(table->rows, room * sizeof *table->rows);

		if (at == NULL)
			return NULL;
		table->rows = at;
		table->room = room;
	}
	row = &table->rows[table->cnt];
	memset(row, 0, sizeof *row);
	row->labels = kymo_labels_make(labels->at, labels->cnt);
	if (row->labels == NULL)
		return NULL;
	table->cnt++;
	return row;
}

int
kymo_table_add(struct kymo_table *table, const struct kymo_labels *labels,
    int64_t at_ms, double value, const struct kymo_native_hist *hist)
{
	struct row *row = row_of(table, labels);
	struct kymo_native_hist *copy = NULL;
	uint32_t at;

	if (row == NULL || !row_grow(row))
		return -1;
	if (hist != NULL && (copy = kyi_native_copy(hist)) == NULL)
		return -1;
	for (at = row->cnt; at > 0 && row->at_ms[at - 1] >= at_ms; at--)
		;
	if (at < row->cnt && row->at_ms[at] == at_ms) {
		free(row->hist[at]);
	} else {
		size_t after = row->cnt - at;

		memmove(row->at_ms + at + 1, row->at_ms + at,
		    after * sizeof *row->at_ms);
		memmove(row->value + at + 1, row->value + at,
		    after * sizeof *row->value);
		memmove(row->hist + at + 1, row->hist + at,
		    after * sizeof *row->hist);
		memmove(row->given + at + 1, row->given + at,
		    after * sizeof *row->given);
		row->cnt++;
	}
	row->at_ms[at] = at_ms;
	row->value[at] = value;
	row->hist[at] = copy;
	row->given[at] = hist == NULL ? 0 : (uint8_t)hist->reset;
	row->unsettled = true;
	return 0;
}

/* ---- what follows from the samples before ------------------------------------- */

/* A database keeps one hint a run, and cannot trust that of the run before:
   so what begins one is read as unknown, even when it was given as a reset. */
static enum kymo_reset_hint
hint_read(const struct kymo_native_hist *before,
    const struct kymo_native_hist *hist, uint8_t given)
{
	if (given == KYMO_RESET_GAUGE)
		return KYMO_RESET_GAUGE;
	if (given == KYMO_RESET_YES || before == NULL || !kyi_native_follows(before, hist))
		return KYMO_RESET_UNKNOWN;
	return KYMO_RESET_NO;
}

static void
settle(struct row *row)
{
	const struct kymo_native_hist *before = NULL;
	double last = NAN, lost = 0;

	row->any_hist = row->any_stale = row->any_lost = false;
	for (uint32_t i = 0; i < row->cnt; i++) {
		struct kymo_native_hist *hist = row->hist[i];
		double value = row->value[i];

		if (hist != NULL) {
			row->any_hist = true;
			hist->reset = hint_read(before, hist, row->given[i]);
			before = hist;
			row->lost[i] = lost;
			continue;
		}
		before = NULL;
		if (kymo_is_stale(value)) {
			row->any_stale = true;
		} else {
			if (value < last) {
				lost += last;
				row->any_lost = true;
			}
			last = value;
		}
		row->lost[i] = lost;
	}
	row->unsettled = false;
}

/* ---- as a source ------------------------------------------------------------------ */

static struct kymo_samples
view(const struct row *row, const struct kymo_select *what)
{
	struct kymo_samples samples = { .labels = row->labels };
	uint32_t from = 0, to = row->cnt;

	while (from < to && row->at_ms[from] <= what->from_ms)
		from++;
	while (to > from && row->at_ms[to - 1] > what->to_ms)
		to--;
	samples.at_ms = row->at_ms + from;
	samples.value = row->value + from;
	samples.cnt = to - from;
	samples.any_stale = row->any_stale;
	if (row->any_hist)
		samples.hist =
		    (const struct kymo_native_hist *const *)row->hist + from;
	if (row->any_lost)
		samples.lost = row->lost + from;
	return samples;
}

static int
table_select(void *of, const struct kymo_select *what,
    struct kymo_selected *selected, struct kymo_error *error)
{
	struct kymo_table *table = of;
	struct kymo_samples *series;
	uint64_t sample_cnt = 0;
	uint32_t cnt = 0;

	series = malloc((table->cnt + 1) * sizeof *series);
	if (series == NULL)
		return kymo_error_set(error, "out of memory");
	for (uint32_t i = 0; i < table->cnt; i++) {
		struct row *row = &table->rows[i];

		if (!kymo_matchers_match(what->matchers, what->matcher_cnt,
		    row->labels))
			continue;
		if (row->unsettled)
			settle(row);
		series[cnt] = view(row, what);
		sample_cnt += series[cnt].cnt;
		if (series[cnt].cnt > 0)
			cnt++;
	}
	if (cnt > what->series_max || sample_cnt > what->samples_max) {
		free(series);
		return kymo_error_set(error, "the query reads more than %s",
		    cnt > what->series_max ? "its limit of series" :
		    "its limit of samples");
	}
	*selected = (struct kymo_selected){ .series = series,
	    .series_cnt = cnt, .private_ = series };
	return 0;
}

static void
table_done(void *of, struct kymo_selected *selected)
{
	(void)of;
	free(selected->private_);
	*selected = (struct kymo_selected){ 0 };
}

const struct kymo_source *
kymo_table_source(struct kymo_table *table)
{
	return &table->source;
}

/* ---- life ---------------------------------------------------------------------- */

struct kymo_table *
kymo_table_new(void)
{
	struct kymo_table *table = calloc(1, sizeof *table);

	if (table != NULL)
		table->source = (struct kymo_source){ table, table_select,
		    table_done };
	return table;
}

void
kymo_table_clear(struct kymo_table *table)
{
	for (uint32_t i = 0; i < table->cnt; i++) {
		struct row *row = &table->rows[i];

		for (uint32_t k = 0; k < row->cnt; k++)
			free(row->hist[k]);
		free(row->labels);
		free(row->at_ms);
		free(row->value);
		free(row->lost);
		free(row->hist);
		free(row->given);
	}
	table->cnt = 0;
}

void
kymo_table_delete(struct kymo_table *table)
{
	if (table == NULL)
		return;
	kymo_table_clear(table);
	free(table->rows);
	free(table);
}
