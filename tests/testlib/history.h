/* SPDX-License-Identifier: MIT */
/* A history with a database and a short head, and one that has all in memory:
   the same rows go into both, and whatever is done to the first, both must show
   the same. */
#ifndef TESTS_TESTLIB_HISTORY_H
#define TESTS_TESTLIB_HISTORY_H

#include "tests/testlib/testlib.h"

#include <math.h>

#include "reader/history/history.h"

#define BEGIN_MS 1700000000000
#define FLOATS 9u
#define HISTS 2u
#define SERIES (FLOATS + HISTS)
#define SECOND_NS UINT64_C(1000000000)

static struct kymo_labels *labels[SERIES];
static char said[4096];

TESTLIB_UNUSED static int
setup(void **state)
{
	(void)state;
	for (uint32_t s = 0; s < SERIES; s++) {
		char number[16];
		struct kymo_label label[] = { { "__name__", s < FLOATS ?
		    "x_total" : "x_hist" }, { "n", number } };

		snprintf(number, sizeof number, "%u", s);
		labels[s] = kymo_labels_make(label, 2);
		assert_non_null(labels[s]);
	}
	return 0;
}

TESTLIB_UNUSED static int
teardown(void **state)
{
	(void)state;
	for (uint32_t s = 0; s < SERIES; s++)
		free(labels[s]);
	return 0;
}

/* ---- samples ---------------------------------------------------------------- */

TESTLIB_UNUSED static bool
there(uint32_t s, uint32_t t)
{
	switch (s) {
	case 6: /* comes late */
		return t >= 70;
	case 7: /* comes and goes */
	case 10:
		return t / 31 % 2 == 0;
	case 8: /* goes for good */
		return t < 90;
	default:
		return true;
	}
}

TESTLIB_UNUSED static double
value_of(uint32_t s, uint32_t t)
{
	uint64_t nan_bits = UINT64_C(0x7ff8000000000000) + t;
	double value;

	switch (s) {
	case 0: /* constant */
		return 42;
	case 1: /* a counter with resets */
		return t % 77;
	case 2:
		return t * 1.25;
	case 3: /* every NaN comes back as it was */
		memcpy(&value, &nan_bits, sizeof value);
		return t % 5 == 0 ? value : t % 5 == 1 ? -0.0 : -INFINITY;
	case 4:
		return sin(t);
	default:
		return t / 10;
	}
}

/* Counts that grow, start again, and change their buckets. */
TESTLIB_UNUSED static void
hist_of(uint32_t s, uint32_t t, struct kymo_native_hist *hist, double *count)
{
	uint32_t since = t % 50;

	memset(hist, 0, sizeof *hist);
	hist->schema = s == 9 ? 3 : KYMO_SCHEMA_MIN;
	hist->zero_threshold = 1e-9;
	hist->zero_count = since / 2;
	hist->pos = (struct kymo_hist_side){ 2 - (int32_t)(since / 10),
		3 + since / 10, count };
	hist->count = hist->zero_count;
	for (uint32_t i = 0; i < hist->pos.cnt; i++) {
		count[i] = since * (i + 1);
		hist->count += count[i];
	}
	hist->sum = since * 0.1;
}

TESTLIB_UNUSED static uint32_t
rows_of(uint32_t t, struct kymo_history_row *rows,
    struct kymo_native_hist *hist, double (*count)[16])
{
	uint32_t cnt = 0;

	for (uint32_t s = 0; s < SERIES; s++) {
		if (!there(s, t))
			continue;
		rows[cnt] = (struct kymo_history_row){ labels[s],
			s < FLOATS ? value_of(s, t) : 0, NULL, NULL };
		if (s >= FLOATS) {
			hist_of(s, t, &hist[s - FLOATS], count[s - FLOATS]);
			rows[cnt].hist = &hist[s - FLOATS];
		}
		cnt++;
	}
	return cnt;
}

/* ---- histories ---------------------------------------------------------------- */

struct both {
	struct kymo_history *stored, *memory;
	char path[128];
	uint64_t mono_ns;
};

TESTLIB_UNUSED static void
warned(void *to, const char *text)
{
	size_t len = strlen(said);

	(void)to;
	snprintf(said + len, sizeof said - len, "%s\n", text);
}

static void
small(struct kymo_history_options *options)
{
	options->head_ms = 60000;
	options->frame_ms = 20000;
	options->block_series = 3;
	options->journal_ms = 5000;
	options->warn = warned;
	said[0] = '\0';
}

TESTLIB_UNUSED static struct kymo_history *
stored_new(const char *path, struct kymo_error *error)
{
	struct kymo_history_options options = { .path = path };

	small(&options);
	return kymo_history_new(&options, error);
}

/* With these tiers and overrides. */
TESTLIB_UNUSED static struct kymo_history *
stored_with(const char *path, const struct kymo_history_options *more)
{
	struct kymo_history_options options = *more;
	struct kymo_error error = { "" };
	struct kymo_history *history;

	small(&options);
	options.path = path;
	history = kymo_history_new(&options, &error);
	if (history == NULL)
		fail_msg("%s", error.text);
	return history;
}

TESTLIB_UNUSED static struct kymo_history *
stored_must(const char *path)
{
	struct kymo_error error = { "" };
	struct kymo_history *history = stored_new(path, &error);

	if (history == NULL)
		fail_msg("%s", error.text);
	return history;
}

TESTLIB_UNUSED static void
path_set(struct both *both, const char *name)
{
	assert_true(snprintf(both->path, sizeof both->path, "%s/%s",
	    testlib_dir(), name) < (int)sizeof both->path);
}

TESTLIB_UNUSED static void
both_new(struct both *both)
{
	struct kymo_history_options all = { .head_ms = 100000000 };

	memset(both, 0, sizeof *both);
	path_set(both, "history.db");
	both->stored = stored_must(both->path);
	both->memory = kymo_history_new(&all, NULL);
	assert_non_null(both->memory);
}

TESTLIB_UNUSED static void
both_delete(struct both *both)
{
	kymo_history_delete(both->stored);
	kymo_history_delete(both->memory);
}

TESTLIB_UNUSED static void
append_at(struct kymo_history *history, uint32_t t, int64_t at_ms)
{
	struct kymo_history_row rows[SERIES];
	struct kymo_native_hist hist[HISTS];
	double count[HISTS][16];
	uint32_t cnt = rows_of(t, rows, hist, count);

	assert_int_equal(kymo_feed_append(kymo_history_feed(history, "f"),
	    at_ms, rows, cnt), 0);
}

TESTLIB_UNUSED static void
work(struct both *both)
{
	both->mono_ns += SECOND_NS;
	while (kymo_history_step(both->stored, both->mono_ns))
		;
}

/* Seconds from on, up to and with to. */
TESTLIB_UNUSED static void
append(struct both *both, uint32_t from, uint32_t to)
{
	for (uint32_t t = from; t <= to; t++) {
		append_at(both->memory, t, BEGIN_MS + t * 1000);
		append_at(both->stored, t, BEGIN_MS + t * 1000);
		work(both);
	}
}

/* ---- compared --------------------------------------------------------------------- */

static const struct kymo_matcher any_x[] = {
	{ KYMO_MATCH_NOT_EQUAL, "__name__", "", NULL },
};

/* One may have two ids: what another file had, and what it gave. */
TESTLIB_UNUSED static struct kymo_select
ask(int64_t from, int64_t to)
{
	return (struct kymo_select){ .matchers = any_x, .matcher_cnt = 1,
		.from_ms = BEGIN_MS + from * 1000,
		.to_ms = BEGIN_MS + to * 1000, .series_max = 2 * SERIES,
		.samples_max = 1000000 };
}

/* Of several stale markers in a row, and of those before any sample, nothing
   depends on how many there are. */
TESTLIB_UNUSED static uint32_t
next_real(const struct kymo_samples *samples, uint32_t i, bool *ended)
{
	for (; i < samples->cnt; i++) {
		bool stale = (samples->hist == NULL ||
		    samples->hist[i] == NULL) && kymo_is_stale(samples->value[i]);

		if (!stale || !*ended) {
			*ended = stale;
			return i;
		}
	}
	return i;
}

TESTLIB_UNUSED static void
assert_side(const struct kymo_hist_side *a, const struct kymo_hist_side *b)
{
	assert_int_equal(a->cnt, b->cnt);
	if (a->cnt == 0)
		return;
	assert_int_equal(a->first, b->first);
	assert_memory_equal(a->count, b->count, a->cnt * sizeof *a->count);
}

TESTLIB_UNUSED static void
assert_hist(const struct kymo_native_hist *a, const struct kymo_native_hist *b)
{
	assert_int_equal(a->schema, b->schema);
	assert_memory_equal(&a->count, &b->count, 4 * sizeof(double));
	assert_side(&a->pos, &b->pos);
	assert_side(&a->neg, &b->neg);
}

TESTLIB_UNUSED static double
lost_at(const struct kymo_samples *samples, uint32_t i)
{
	return samples->lost == NULL ? 0 : samples->lost[i];
}

TESTLIB_UNUSED static void
assert_same(const struct kymo_samples *a, const struct kymo_samples *b)
{
	bool a_ended = true, b_ended = true;
	uint32_t i = next_real(a, 0, &a_ended), k = next_real(b, 0, &b_ended);
	uint32_t a_first = i, b_first = k;

	while (i < a->cnt && k < b->cnt) {
		assert_int_equal(a->at_ms[i], b->at_ms[k]);
		assert_int_equal(a->hist != NULL && a->hist[i] != NULL,
		    b->hist != NULL && b->hist[k] != NULL);
		if (a->hist != NULL && a->hist[i] != NULL)
			assert_hist(a->hist[i], b->hist[k]);
		else
			assert_memory_equal(&a->value[i], &b->value[k],
			    sizeof(double));
		if (a->hist == NULL && !a_ended)
			assert_true(fabs(lost_at(a, i) - lost_at(a, a_first) -
			    lost_at(b, k) + lost_at(b, b_first)) < 1e-9);
		assert_true(!a_ended || a->any_stale);
		i = next_real(a, i + 1, &a_ended);
		k = next_real(b, k + 1, &b_ended);
	}
	assert_int_equal(i, a->cnt);
	assert_int_equal(k, b->cnt);
}

TESTLIB_UNUSED static bool
only_stale(const struct kymo_samples *samples)
{
	bool ended = true;

	return next_real(samples, 0, &ended) == samples->cnt;
}

TESTLIB_UNUSED static const struct kymo_samples *
find(const struct kymo_selected *got, const struct kymo_labels *of)
{
	for (uint32_t i = 0; i < got->series_cnt; i++)
		if (kymo_labels_equal(got->series[i].labels, of))
			return &got->series[i];
	return NULL;
}

TESTLIB_UNUSED static void
assert_window(struct kymo_history *a, struct kymo_history *b, int64_t from,
    int64_t to)
{
	const struct kymo_source *sources[2] = { kymo_history_source(a),
		kymo_history_source(b) };
	struct kymo_select what = ask(from, to);
	struct kymo_selected got[2];
	struct kymo_error error;

	for (int i = 0; i < 2; i++)
		if (sources[i]->select(sources[i]->of, &what, &got[i],
		    &error) != 0)
			fail_msg("%s", error.text);
	for (uint32_t s = 0; s < SERIES; s++) {
		const struct kymo_samples *in[2] = { find(&got[0], labels[s]),
			find(&got[1], labels[s]) };

		if (in[0] != NULL && in[1] != NULL)
			assert_same(in[0], in[1]);
		else if (in[0] != NULL || in[1] != NULL)
			assert_true(only_stale(in[0] != NULL ? in[0] : in[1]));
	}
	for (int i = 0; i < 2; i++)
		sources[i]->done(sources[i]->of, &got[i]);
}

/* All of it, and windows that begin and end anywhere. */
TESTLIB_UNUSED static void
assert_both(const struct both *both, uint32_t to)
{
	assert_window(both->stored, both->memory, 0, to);
	for (uint32_t from = 0; from < to; from += 29)
		for (uint32_t len = 1; len < to; len = len * 5 + 1)
			assert_window(both->stored, both->memory, from,
			    from + len);
}

TESTLIB_UNUSED static void
stats_of(const struct both *both, struct kymo_history_stats *stats)
{
	kymo_history_stats(both->stored, stats);
}

TESTLIB_UNUSED static void
reopen(struct both *both)
{
	kymo_history_delete(both->stored);
	both->stored = stored_must(both->path);
	both->mono_ns = 0;
}

#endif
