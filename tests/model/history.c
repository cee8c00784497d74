/* SPDX-License-Identifier: MIT */
/* A history for models, all of it the product's but a scan's rows, which these
   models have none of. */
#include "tests/model/history.h"

#include <stdlib.h>

#define NO_LIMIT (UINT64_C(1) << 40)
#define FAR_MS 1000000
#define BACK_AT 3u

struct kymo_history *history;
struct kymo_feed *history_own;
bool history_y_stays, history_y_is_hists, history_goes_back;
static struct kymo_labels *labels[2];

/* ---- scan_rows.c ---------------------------------------------------------------- */

static uint32_t no_rows;

struct kyi_scan_rows *
kyi_scan_rows_new(void)
{
	return (struct kyi_scan_rows *)(void *)&no_rows;
}

void
kyi_scan_rows_delete(struct kyi_scan_rows *rows)
{
	(void)rows;
}

void
kyi_scan_rows_put(struct kyi_scan_rows *rows, struct kymo_feed *feed,
    const struct kymo_scan *scan)
{
	(void)rows;
	(void)feed;
	(void)scan;
}

void
kyi_scan_rows_sweep(struct kyi_scan_rows *rows)
{
	(void)rows;
}

struct kymo_history_family *
kyi_scan_rows_families(const struct kyi_scan_rows *rows, uint32_t *cnt)
{
	(void)rows;
	*cnt = 0;
	return NULL;
}

/* ---- appends -------------------------------------------------------------------- */

struct kymo_feed *
history_feed(const char *name)
{
	struct kymo_feed *feed = kymo_history_feed(history, name);

	if (feed == NULL)
		abort();
	return feed;
}

void
history_begin(bool stores)
{
	static const char *const names[] = { "x", "y" };
	const struct kymo_history_options options = {
		.head_ms = HISTORY_HEAD_MS, .frame_ms = HISTORY_HEAD_MS - 1,
		.path = stores ? "model" : NULL };
	struct kymo_error error;
	int i;

	history = kymo_history_new(&options, &error);
	for (i = 0; i < 2; i++) {
		const struct kymo_label label = { KYMO_NAME_LABEL, names[i] };

		labels[i] = kymo_labels_make(&label, 1);
		if (labels[i] == NULL)
			abort();
	}
	if (history == NULL)
		abort();
	history_own = history_feed("feed");
}

struct kymo_native_hist
history_hist(double sum)
{
	return (struct kymo_native_hist){ .count = 1, .zero_count = 1,
		.sum = sum };
}

int
history_append(struct kymo_feed *feed, int64_t at_ms, unsigned which)
{
	struct kymo_native_hist hist = history_hist((double)at_ms);
	struct kymo_history_row rows[2];
	uint32_t cnt = 0;

	memset(rows, 0, sizeof(rows));
	if ((which & HISTORY_X) != 0) {
		rows[cnt].labels = labels[0];
		rows[cnt++].value = (double)at_ms;
	}
	if ((which & HISTORY_Y) != 0) {
		rows[cnt].labels = labels[1];
		rows[cnt].value = (double)at_ms;
		rows[cnt++].hist = history_y_is_hists ? &hist : NULL;
	}
	return kymo_feed_append(feed, at_ms, rows, cnt);
}

/* Nothing for three seconds after what fills a column, so that four samples
   leave memory at once. y has two of these, and comes again. */
int64_t
history_time(uint64_t i)
{
	if (history_goes_back)
		return i < BACK_AT ? FAR_MS + (int64_t)i * 1000 :
		    (int64_t)(i - BACK_AT + 1) * 1000;
	return (int64_t)(i < HISTORY_ROOM_CNT ? i : i + 3) * 1000;
}

unsigned
history_which(uint64_t i)
{
	return HISTORY_X | (i == 63 || i == 64 || i >= HISTORY_ROOM_CNT ||
	    history_y_stays ? HISTORY_Y : 0);
}

void
history_append_until(uint64_t end)
{
	uint64_t i;

	for (i = history_own->cnt; i < end; i++)
		model_assert(history_append(history_own, history_time(i),
		    history_which(i)) == 0, "an append failed");
}

/* ---- selects --------------------------------------------------------------------- */

const struct kymo_samples *
history_select(const char *name, struct kymo_selected *selected)
{
	const struct kymo_matcher matcher = { KYMO_MATCH_EQUAL,
		KYMO_NAME_LABEL, name, NULL };
	const struct kymo_select what = { .matchers = &matcher, .matcher_cnt = 1,
		.from_ms = -1, .to_ms = INT64_MAX / 4,
		.series_max = NO_LIMIT, .samples_max = NO_LIMIT };
	const struct kymo_source *source = kymo_history_source(history);
	struct kymo_error error;

	model_assert(source->select(source->of, &what, selected, &error) == 0,
	    "a select failed");
	model_assert(selected->series_cnt <= 1, "one series is two");
	return selected->series_cnt == 0 ? NULL : &selected->series[0];
}

void
history_done(struct kymo_selected *selected)
{
	const struct kymo_source *source = kymo_history_source(history);

	source->done(source->of, selected);
}

int64_t
history_check(const struct kymo_samples *samples)
{
	int64_t last_ms = -1;
	uint32_t k;

	for (k = 0; k < samples->cnt; k++) {
		bool is_hist = samples->hist != NULL &&
		    samples->hist[k] != NULL;
		double value = is_hist ? samples->hist[k]->sum :
		    samples->value[k];

		model_assert(k == 0 || samples->at_ms[k] > samples->at_ms[k - 1],
		    "times go back");
		if (!is_hist && kymo_is_stale(value))
			continue;
		last_ms = samples->at_ms[k];
		model_assert(value == (double)last_ms,
		    "a sample has another value");
	}
	return last_ms;
}

void
history_check_x(const struct kymo_samples *x, uint64_t from, uint64_t setup_cnt)
{
	uint64_t i;
	uint32_t k = 0;

	model_assert(x != NULL, "a series is missing");
	history_check(x);
	while (k < x->cnt && x->at_ms[k] < history_time(from))
		k++;
	for (i = from; k < x->cnt; i++, k++)
		model_assert(x->at_ms[k] == history_time(i),
		    "a sample is missing");
	model_assert(i >= setup_cnt, "the last samples are missing");
}

void
history_look_back(void)
{
	struct kymo_selected selected;
	const struct kymo_samples *x = history_select("x", &selected);

	if (x != NULL) {
		int64_t last_ms = history_check(x);

		model_assert(last_ms < FAR_MS || x->cnt == BACK_AT,
		    "what was before is hidden in part");
		model_assert(last_ms >= FAR_MS || x->cnt * 1000 == last_ms,
		    "a sample is missing");
	}
	history_done(&selected);
}
