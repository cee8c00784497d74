/* SPDX-License-Identifier: MIT */
/* Selectors: what a source gives, looked at step by step. */
#include <string.h>

#include "reader/query/over.h"

static int64_t
add_ms(int64_t a, int64_t b)
{
	int64_t sum;

	if (__builtin_add_overflow(a, b, &sum))
		return b < 0 ? INT64_MIN : INT64_MAX;
	return sum;
}

static int64_t
sub_ms(int64_t a, int64_t b)
{
	int64_t rest;

	if (__builtin_sub_overflow(a, b, &rest))
		return b < 0 ? INT64_MAX : INT64_MIN;
	return rest;
}

int64_t
kyi_shifted_ms(const struct kyi_eval *eval, const struct kyi_shift *shift,
    int64_t at_ms)
{
	switch (shift->at) {
	case KYI_AT_TIME:
		at_ms = shift->at_ms;
		break;
	case KYI_AT_START:
		at_ms = eval->asked.from_ms;
		break;
	case KYI_AT_END:
		at_ms = eval->end_ms;
		break;
	default:
		break;
	}
	return sub_ms(at_ms, shift->offset_ms);
}

static bool
gives_up(void *of, struct kymo_error *error)
{
	struct kyi_eval *eval = of;

	if (kyi_eval_look(eval) == 0)
		return false;
	*error = eval->error->error;
	return true;
}

/* What of the memory that a query may have is left for one more selection. */
static uint64_t
bytes_left(const struct kyi_eval *eval)
{
	uint64_t used = eval->selected_bytes +
	    kyi_arena_used_bytes(eval->arena);

	return used < eval->options.memory_bytes_max ?
	    eval->options.memory_bytes_max - used : 1;
}

/* Asks the source for samples up to range_ms before each step. */
static int
ask(struct kyi_eval *eval, const struct kyi_node *node,
    const struct kyi_steps *steps, int64_t range_ms, enum kymo_part part,
    struct kymo_selected **selected)
{
	const struct kyi_shift *shift = &node->is.selector.shift;
	uint64_t left = eval->options.samples_max - eval->samples_read;
	struct kymo_error error = { "" };
	struct kymo_select what = {
		.matchers = node->is.selector.matchers,
		.matcher_cnt = node->is.selector.matcher_cnt,
		.part = part,
		.from_ms = sub_ms(kyi_shifted_ms(eval, shift, steps->from_ms),
		    range_ms),
		.to_ms = kyi_shifted_ms(eval, shift,
		    kyi_step_ms(steps, steps->cnt - 1)),
		.step_ms = steps->cnt > 1 ? steps->step_ms : 0,
		.series_max = eval->options.series_max,
		.samples_max = left == 0 ? 1 : left,
		.bytes_max = bytes_left(eval),
		.give_up = gives_up,
		.give_up_of = eval,
	};

	*selected = &eval->selected[node->is.selector.idx];
	if (eval->source->select(eval->source->of, &what, *selected,
	    &error) != 0) {
		memset(*selected, 0, sizeof **selected);
		return kyi_eval_error(eval, node, "%s", error.text);
	}
	eval->was_selected[node->is.selector.idx] = true;
	eval->selected_bytes += (*selected)->bytes;
	if ((*selected)->series_cnt > eval->options.series_max)
		return kyi_eval_error(eval, node, "query would look at more "
		    "than %llu series", (unsigned long long)
		    eval->options.series_max);
	return 0;
}

static bool
names_one(const struct kyi_node *node)
{
	for (uint32_t i = 0; i < node->is.selector.matcher_cnt; i++) {
		const struct kymo_matcher *matcher =
		    &node->is.selector.matchers[i];

		if (matcher->match == KYMO_MATCH_EQUAL &&
		    matcher->value[0] != '\0' &&
		    strcmp(matcher->key, KYMO_NAME_LABEL) == 0)
			return true;
	}
	return false;
}

const struct kymo_native_hist *
kyi_hinted(struct kyi_eval *eval, const struct kymo_native_hist *hist,
    const struct kymo_native_hist *before)
{
	struct kymo_native_hist *copy;

	if (hist->reset != KYMO_RESET_UNKNOWN || before == NULL)
		return hist;
	copy = kyi_arena_array(eval->arena, 1, sizeof *copy);
	if (copy == NULL)
		return NULL;
	*copy = *hist;
	copy->reset = kyi_hist_was_reset(hist, before) ? KYMO_RESET_YES :
	    KYMO_RESET_NO;
	return copy;
}

/* ---- an instant at each step -------------------------------------------- */

/* The last sample at or before at_ms is at - 1; series of one source are often
   of one column of times. */
struct seek {
	const int64_t *at_ms;
	uint32_t cnt, at;
};

static uint32_t
seek(struct seek *last, const struct kymo_samples *series, int64_t at_ms)
{
	uint32_t low = 0, high = series->cnt;

	if (last->at_ms == series->at_ms && last->cnt == series->cnt)
		return last->at;
	if (high > 0 && series->at_ms[high - 1] <= at_ms)
		low = high;
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (series->at_ms[mid] > at_ms)
			high = mid;
		else
			low = mid + 1;
	}
	*last = (struct seek){ series->at_ms, series->cnt, low };
	return low;
}

struct looking {
	struct kyi_eval *eval;
	const struct kyi_shift *shift;
	const struct kyi_steps *steps;
	bool times; /* the time of the sample, not its value */
	int64_t after_ms; /* what is looked at begins after this */
	struct seek seek;
};

static int
look(struct looking *looking, const struct kymo_samples *series,
    struct kyi_vectors *out, uint32_t *found)
{
	size_t cell = (size_t)out->cnt * out->steps;
	int64_t at_ms = kyi_shifted_ms(looking->eval, looking->shift,
	    looking->steps->from_ms);
	uint32_t at = seek(&looking->seek, series, at_ms);

	*found = 0;
	for (uint32_t step = 0; step < out->steps; step++, cell++) {
		const struct kymo_native_hist *hist;

		at_ms = kyi_shifted_ms(looking->eval, looking->shift,
		    kyi_step_ms(looking->steps, step));
		while (at < series->cnt && series->at_ms[at] <= at_ms)
			at++;
		out->value[cell] = kyi_absent();
		if (at == 0 || series->at_ms[at - 1] <=
		    sub_ms(at_ms, looking->eval->options.lookback_ms))
			continue;
		hist = series->hist == NULL ? NULL : series->hist[at - 1];
		if (hist != NULL ? kyi_hist_is_stale(hist) :
		    kymo_is_stale(series->value[at - 1]))
			continue;
		++*found;
		if (looking->times) {
			out->value[cell] =
			    (double)series->at_ms[at - 1] / 1000;
			continue;
		}
		out->value[cell] = hist == NULL ? series->value[at - 1] : 0;
		if (hist == NULL)
			continue;
		if (looking->eval->only_counts && at > 1 &&
		    series->at_ms[at - 2] > looking->after_ms)
			hist = kyi_hinted(looking->eval, hist,
			    series->hist[at - 2]);
		if (hist == NULL || kyi_vectors_hist(looking->eval, out) != 0)
			return kyi_eval_no_memory(looking->eval);
		out->hist[cell] = hist;
	}
	return 0;
}

int
kyi_eval_selector(struct kyi_eval *eval, const struct kyi_node *node,
    const struct kyi_steps *steps, bool times, struct kyi_vectors *out)
{
	struct looking looking = { .eval = eval, .steps = steps,
	    .shift = &node->is.selector.shift, .times = times };
	struct kymo_selected *selected;

	looking.after_ms = sub_ms(kyi_shifted_ms(eval, looking.shift,
	    steps->from_ms), eval->options.lookback_ms);
	if (ask(eval, node, steps, eval->options.lookback_ms, KYMO_PART_LAST,
	    &selected) != 0 ||
	    kyi_vectors_new(eval, selected->series_cnt, steps->cnt, false,
	    false, out) != 0 || kyi_vectors_origin(eval, out) != 0)
		return KYI_EVAL_FAILED;
	out->cnt = 0;
	out->one_name = names_one(node);
	for (uint32_t i = 0; i < selected->series_cnt; i++) {
		const struct kymo_samples *series = &selected->series[i];
		uint32_t found;

		if (look(&looking, series, out, &found) != 0 ||
		    kyi_eval_samples(eval, found) != 0 ||
		    kyi_eval_work(eval, 10 + 4 * (uint64_t)steps->cnt) != 0)
			return KYI_EVAL_FAILED;
		if (found == 0)
			continue;
		if (out->origin != NULL)
			out->origin[out->cnt] = series->origin;
		out->labels[out->cnt] = series->labels;
		out->drop_name[out->cnt++] = false;
	}
	return 0;
}

/* ---- ranges ------------------------------------------------------------- */

static int
select_ranges(struct kyi_eval *eval, const struct kyi_node *node,
    const struct kyi_steps *steps, enum kymo_part part,
    struct kyi_ranges *ranges)
{
	struct kymo_selected *selected;

	ranges->range_ms = node->is.selector.range_ms;
	ranges->shift = node->is.selector.shift;
	ranges->resets_known = true;
	ranges->one_name = names_one(node);
	if (ask(eval, node, steps, ranges->range_ms, part, &selected) != 0)
		return KYI_EVAL_FAILED;
	ranges->series = selected->series;
	ranges->cnt = selected->series_cnt;
	return 0;
}

/* The steps of a subquery: multiples of its own step within the range. */
static int
inner_steps(struct kyi_eval *eval, const struct kyi_node *node,
    const struct kyi_steps *steps, struct kyi_steps *inner)
{
	const struct kyi_shift *shift = &node->is.subquery.shift;
	int64_t step_ms = node->is.subquery.step_ms != 0 ?
	    node->is.subquery.step_ms : eval->options.subquery_step_ms;
	int64_t after_ms = sub_ms(kyi_shifted_ms(eval, shift, steps->from_ms),
	    node->is.subquery.range_ms);
	int64_t to_ms = kyi_shifted_ms(eval, shift,
	    kyi_step_ms(steps, steps->cnt - 1));
	uint64_t cnt;

	inner->step_ms = step_ms;
	inner->from_ms = step_ms * (after_ms / step_ms);
	if (inner->from_ms <= after_ms)
		inner->from_ms = add_ms(inner->from_ms, step_ms);
	inner->cnt = 0;
	if (inner->from_ms > to_ms)
		return 0;
	cnt = ((uint64_t)to_ms - (uint64_t)inner->from_ms) /
	    (uint64_t)step_ms + 1;
	if (cnt > eval->options.samples_max || cnt > INT32_MAX)
		return kyi_eval_error(eval, node, "subquery has too many "
		    "steps: %llu", (unsigned long long)cnt);
	inner->cnt = (uint32_t)cnt;
	return 0;
}

/* Hints said of the sample before, which a subquery may leave out. */
static const struct kymo_native_hist *
without_hint(struct kyi_eval *eval, const struct kymo_native_hist *hist)
{
	struct kymo_native_hist *copy;

	if (hist->reset != KYMO_RESET_YES && hist->reset != KYMO_RESET_NO)
		return hist;
	copy = kyi_arena_array(eval->arena, 1, sizeof *copy);
	if (copy == NULL)
		return NULL;
	*copy = *hist;
	copy->reset = KYMO_RESET_UNKNOWN;
	return copy;
}

static int
row_samples(struct kyi_eval *eval, const struct kyi_vectors *rows, uint32_t row,
    const int64_t *times, struct kymo_samples *samples)
{
	size_t cell = (size_t)row * rows->steps;
	double *value = rows->value + cell;
	const struct kymo_native_hist **hist =
	    rows->hist == NULL ? NULL : rows->hist + cell;
	int64_t *at_ms = NULL;
	uint32_t cnt = 0;

	for (uint32_t step = 0; step < rows->steps; step++) {
		if (!kyi_present(rows, cell + step)) {
			/* From here on it has times of its own. */
			if (at_ms == NULL) {
				at_ms = kyi_arena_array(eval->arena,
				    rows->steps, sizeof *at_ms);
				if (at_ms == NULL)
					return kyi_eval_no_memory(eval);
				memcpy(at_ms, times, cnt * sizeof *at_ms);
			}
			continue;
		}
		if (at_ms != NULL)
			at_ms[cnt] = times[step];
		value[cnt] = value[step];
		if (hist != NULL) {
			hist[cnt] = hist[step] == NULL ? NULL :
			    without_hint(eval, hist[step]);
			if (hist[step] != NULL && hist[cnt] == NULL)
				return kyi_eval_no_memory(eval);
		}
		cnt++;
	}
	*samples = (struct kymo_samples){ .labels = rows->labels[row],
	    .at_ms = at_ms == NULL ? times : at_ms, .value = value,
	    .hist = hist, .cnt = cnt };
	return 0;
}

static int
subquery_ranges(struct kyi_eval *eval, const struct kyi_node *node,
    const struct kyi_steps *steps, struct kyi_ranges *ranges)
{
	struct kymo_samples *samples;
	struct kyi_steps inner;
	struct kyi_vectors rows;
	int64_t *times;

	ranges->range_ms = node->is.subquery.range_ms;
	ranges->shift = node->is.subquery.shift;
	if (inner_steps(eval, node, steps, &inner) != 0)
		return KYI_EVAL_FAILED;
	if (inner.cnt == 0)
		return 0;
	eval->only_counts = false;
	if (kyi_eval_vector(eval, node->is.subquery.expr, &inner, &rows) != 0)
		return KYI_EVAL_FAILED;
	samples = kyi_arena_array(eval->arena, rows.cnt, sizeof *samples);
	times = kyi_arena_array(eval->arena, inner.cnt, sizeof *times);
	if (samples == NULL || times == NULL)
		return kyi_eval_no_memory(eval);
	for (uint32_t step = 0; step < inner.cnt; step++)
		times[step] = kyi_step_ms(&inner, step);
	for (uint32_t row = 0; row < rows.cnt; row++)
		if (row_samples(eval, &rows, row, times, &samples[row]) != 0)
			return KYI_EVAL_FAILED;
	ranges->series = samples;
	ranges->cnt = rows.cnt;
	ranges->one_name = rows.one_name;
	return 0;
}

int
kyi_eval_ranges(struct kyi_eval *eval, const struct kyi_node *node,
    const struct kyi_steps *steps, enum kymo_part part,
    struct kyi_ranges *ranges)
{
	*ranges = (struct kyi_ranges){ .node = node };
	node = kyi_unwrapped(node);
	return node->kind == KYI_NODE_SUBQUERY ?
	    subquery_ranges(eval, node, steps, ranges) :
	    select_ranges(eval, node, steps, part, ranges);
}
