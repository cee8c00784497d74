/* SPDX-License-Identifier: MIT */
/* Calls a function of a range for each series and step. Where series share
   their column of times, the ranges are looked up once for all of them. */
#include "reader/query/over.h"

static const kyi_over_fn functions[KYI_FN_CNT] = {
	[KYI_FN_AVG_OVER_TIME] = kyi_over_avg,
	[KYI_FN_CHANGES] = kyi_over_changes,
	[KYI_FN_COUNT_OVER_TIME] = kyi_over_count,
	[KYI_FN_DELTA] = kyi_over_delta,
	[KYI_FN_DERIV] = kyi_over_deriv,
	[KYI_FN_DOUBLE_EXPONENTIAL_SMOOTHING] = kyi_over_smooth,
	[KYI_FN_FIRST_OVER_TIME] = kyi_over_first,
	[KYI_FN_IDELTA] = kyi_over_idelta,
	[KYI_FN_INCREASE] = kyi_over_increase,
	[KYI_FN_IRATE] = kyi_over_irate,
	[KYI_FN_LAST_OVER_TIME] = kyi_over_last,
	[KYI_FN_MAD_OVER_TIME] = kyi_over_mad,
	[KYI_FN_MAX_OVER_TIME] = kyi_over_max,
	[KYI_FN_MIN_OVER_TIME] = kyi_over_min,
	[KYI_FN_PREDICT_LINEAR] = kyi_over_predict,
	[KYI_FN_PRESENT_OVER_TIME] = kyi_over_present,
	[KYI_FN_QUANTILE_OVER_TIME] = kyi_over_quantile,
	[KYI_FN_RATE] = kyi_over_rate,
	[KYI_FN_RESETS] = kyi_over_resets,
	[KYI_FN_STDDEV_OVER_TIME] = kyi_over_stddev,
	[KYI_FN_STDVAR_OVER_TIME] = kyi_over_stdvar,
	[KYI_FN_SUM_OVER_TIME] = kyi_over_sum,
	[KYI_FN_TS_OF_FIRST_OVER_TIME] = kyi_over_ts_first,
	[KYI_FN_TS_OF_LAST_OVER_TIME] = kyi_over_ts_last,
	[KYI_FN_TS_OF_MAX_OVER_TIME] = kyi_over_ts_max,
	[KYI_FN_TS_OF_MIN_OVER_TIME] = kyi_over_ts_min,
	/* Its answer is turned round afterwards. */
	[KYI_FN_ABSENT_OVER_TIME] = kyi_over_present,
};

kyi_over_fn
kyi_over_find(enum kyi_function_id id)
{
	return functions[id];
}

double *
kyi_over_room(struct kyi_over *over, size_t cnt)
{
	if (cnt > over->room_cnt) {
		over->room_cnt = cnt * 2;
		over->room = kyi_arena_array(over->eval->arena, over->room_cnt,
		    sizeof *over->room);
	}
	return over->room;
}

/* ---- where the ranges lie ----------------------------------------------- */

/* Of one column of times: sample from[step] is the first after the range's
   start, to[step] the first after its end. */
struct places {
	const int64_t *at_ms;
	uint32_t cnt;
	uint32_t *from, *to;
};

struct bounds { /* of the range at each step */
	int64_t *from_ms, *to_ms;
	uint32_t cnt;
};

/* The first sample after at_ms. Ranges end near the newest sample most of the
   time, so the search starts there. */
static uint32_t
first_after(const int64_t *at, uint32_t cnt, int64_t at_ms)
{
	uint32_t low = 0, high = cnt, jump = 1;

	while (high > 0 && at[high - 1] > at_ms) {
		if (jump > high)
			break;
		if (at[high - jump] > at_ms) {
			high -= jump;
			jump *= 2;
		} else {
			low = high - jump + 1;
			break;
		}
	}
	if (high == 0 || at[high - 1] <= at_ms)
		return high;
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (at[mid] > at_ms)
			high = mid;
		else
			low = mid + 1;
	}
	return low;
}

static void
find_places(struct places *places, const struct bounds *bounds,
    const int64_t *at_ms, uint32_t cnt)
{
	uint32_t from, to;

	if (places->at_ms == at_ms && places->cnt == cnt && cnt > 0)
		return;
	places->at_ms = at_ms;
	places->cnt = cnt;
	from = first_after(at_ms, cnt, bounds->from_ms[0]);
	to = first_after(at_ms, cnt, bounds->to_ms[0]);
	for (uint32_t step = 0; step < bounds->cnt; step++) {
		while (from < cnt && at_ms[from] <= bounds->from_ms[step])
			from++;
		while (to < cnt && at_ms[to] <= bounds->to_ms[step])
			to++;
		places->from[step] = from;
		places->to[step] = to < from ? from : to;
	}
}

static int
new_places(struct kyi_eval *eval, uint32_t steps, struct places *places)
{
	places->at_ms = NULL;
	places->cnt = 0;
	places->from = kyi_arena_array(eval->arena, steps, sizeof(uint32_t));
	places->to = kyi_arena_array(eval->arena, steps, sizeof(uint32_t));
	return places->from == NULL || places->to == NULL ?
	    kyi_eval_no_memory(eval) : 0;
}

static int
new_bounds(struct kyi_eval *eval, const struct kyi_ranges *ranges,
    const struct kyi_steps *steps, struct bounds *bounds)
{
	bounds->cnt = steps->cnt;
	bounds->from_ms = kyi_arena_array(eval->arena, steps->cnt,
	    sizeof(int64_t));
	bounds->to_ms = kyi_arena_array(eval->arena, steps->cnt,
	    sizeof(int64_t));
	if (bounds->from_ms == NULL || bounds->to_ms == NULL)
		return kyi_eval_no_memory(eval);
	for (uint32_t step = 0; step < steps->cnt; step++) {
		bounds->to_ms[step] = kyi_shifted_ms(eval, &ranges->shift,
		    kyi_step_ms(steps, step));
		if (__builtin_sub_overflow(bounds->to_ms[step],
		    ranges->range_ms, &bounds->from_ms[step]))
			bounds->from_ms[step] = INT64_MIN;
	}
	return 0;
}

/* ---- columns ------------------------------------------------------------ */

struct columns {
	struct kyi_column floats, hists;
};

static bool
has_stale(const struct kymo_samples *series, uint32_t from, uint32_t to)
{
	for (uint32_t i = from; i < to; i++)
		if (kymo_is_stale(series->value[i]))
			return true;
	return false;
}

/* Copies floats and histograms apart, and leaves stale markers out. Samples
   outside all ranges are left out too. */
static int
split(struct kyi_eval *eval, const struct kymo_samples *series, uint32_t from,
    uint32_t to, struct columns *columns)
{
	size_t cnt = to - from;
	int64_t *float_at = kyi_arena_array(eval->arena, cnt, sizeof *float_at);
	int64_t *hist_at = kyi_arena_array(eval->arena, cnt, sizeof *hist_at);
	double *value = kyi_arena_array(eval->arena, cnt, sizeof *value);
	double *lost = kyi_arena_array(eval->arena, cnt, sizeof *lost);
	double *weight = kyi_arena_array(eval->arena, cnt, sizeof *weight);
	const struct kymo_native_hist **hist = kyi_arena_array(eval->arena, cnt,
	    sizeof *hist);
	struct kyi_column *floats = &columns->floats, *hists = &columns->hists;
	const struct kymo_native_hist *last = NULL;

	if (float_at == NULL || hist_at == NULL || value == NULL ||
	    lost == NULL || weight == NULL || hist == NULL)
		return kyi_eval_no_memory(eval);
	*floats = (struct kyi_column){ .at_ms = float_at, .value = value,
	    .lost = series->lost == NULL ? NULL : lost,
	    .weight = series->weight == NULL ? NULL : weight };
	*hists = (struct kyi_column){ .at_ms = hist_at, .hist = hist };
	for (uint32_t i = from; i < to; i++) {
		const struct kymo_native_hist *at =
		    series->hist == NULL ? NULL : series->hist[i];

		if (at != NULL && !kyi_hist_is_stale(at)) {
			if (eval->only_counts && hists->cnt > 0)
				at = kyi_hinted(eval, at, last);
			if (at == NULL)
				return kyi_eval_no_memory(eval);
			last = series->hist[i];
			hist_at[hists->cnt] = series->at_ms[i];
			hist[hists->cnt++] = at;
		} else if (at == NULL && !kymo_is_stale(series->value[i])) {
			float_at[floats->cnt] = series->at_ms[i];
			if (series->lost != NULL)
				lost[floats->cnt] = series->lost[i];
			if (series->weight != NULL)
				weight[floats->cnt] = series->weight[i];
			value[floats->cnt++] = series->value[i];
		}
	}
	return 0;
}

static int
get_columns(struct kyi_eval *eval, const struct kymo_samples *series,
    const struct bounds *bounds, struct columns *columns)
{
	uint32_t from, to;

	columns->hists = (struct kyi_column){ .cnt = 0 };
	columns->floats = (struct kyi_column){
		.at_ms = series->at_ms, .value = series->value,
		.lost = series->lost, .weight = series->weight,
		.mark = series->mark, .mark_cnt = series->mark_cnt,
		.block_extremes = series->block_extremes,
		.block_phase = series->block_phase,
		.block_cnt = series->block_cnt, .cnt = series->cnt,
	};
	if (series->hist == NULL && !series->any_stale)
		return 0;
	from = first_after(series->at_ms, series->cnt, bounds->from_ms[0]);
	to = first_after(series->at_ms, series->cnt,
	    bounds->to_ms[bounds->cnt - 1]);
	if (to < from)
		to = from;
	if (series->hist == NULL && !has_stale(series, from, to))
		return 0;
	return split(eval, series, from, to, columns);
}

/* ---- calling ------------------------------------------------------------ */

struct calling {
	struct kyi_over over;
	kyi_over_fn function;
	const struct kyi_steps *steps;
	struct bounds bounds;
	struct places floats, hists;
	double *arg[2]; /* by step; NULL: none */
	bool keep_name;
	uint32_t work_8th; /* of a float, in eighths */
};

static int
call_series(struct calling *calling, const struct columns *columns,
    struct kyi_vectors *out, bool *any)
{
	struct kyi_over *over = &calling->over;
	size_t cell = (size_t)out->cnt * out->steps;
	struct kyi_span span = { .floats = &columns->floats,
	    .hists = &columns->hists };

	*any = false;
	for (uint32_t step = 0; step < out->steps; step++, cell++) {
		struct kyi_value value = { 0, NULL };
		int got = 0;

		span.from = calling->floats.from[step];
		span.to = calling->floats.to[step];
		if (columns->hists.cnt > 0) {
			span.hist_from = calling->hists.from[step];
			span.hist_to = calling->hists.to[step];
		}
		out->value[cell] = kyi_absent();
		if (span.from == span.to && span.hist_from == span.hist_to)
			continue;
		span.from_ms = calling->bounds.from_ms[step];
		span.to_ms = calling->bounds.to_ms[step];
		span.at_ms = kyi_step_ms(calling->steps, step);
		for (int i = 0; i < 2; i++)
			if (calling->arg[i] != NULL)
				over->arg[i] = calling->arg[i][step];
		got = calling->function(over, &span, &value);
		if (got < 0)
			return got;
		if (kyi_eval_work(over->eval, 20 +
		    (uint64_t)(span.to - span.from) * calling->work_8th / 8 +
		    32 * (uint64_t)(span.hist_to - span.hist_from)) != 0)
			return KYI_EVAL_FAILED;
		if (got == 0)
			continue;
		*any = true;
		out->value[cell] = value.hist == NULL ? value.value : 0;
		if (value.hist == NULL)
			continue;
		if (out->hist == NULL && kyi_vectors_hist(over->eval, out) != 0)
			return KYI_EVAL_FAILED;
		out->hist[cell] = value.hist;
	}
	return 0;
}

static int
each_series(struct calling *calling, const struct kyi_ranges *ranges,
    struct kyi_vectors *out)
{
	struct kyi_eval *eval = calling->over.eval;

	for (uint32_t i = 0; i < ranges->cnt; i++) {
		const struct kymo_samples *series = &ranges->series[i];
		uint32_t last = out->steps - 1;
		struct columns columns;
		bool any;

		if (get_columns(eval, series, &calling->bounds, &columns) != 0)
			return KYI_EVAL_FAILED;
		find_places(&calling->floats, &calling->bounds,
		    columns.floats.at_ms, columns.floats.cnt);
		if (columns.hists.cnt > 0)
			find_places(&calling->hists, &calling->bounds,
			    columns.hists.at_ms, columns.hists.cnt);
		if (kyi_eval_samples(eval, calling->floats.to[last] -
		    calling->floats.from[0] + columns.hists.cnt) != 0)
			return KYI_EVAL_FAILED;
		calling->over.labels = series->labels;
		if (call_series(calling, &columns, out, &any) != 0)
			return KYI_EVAL_FAILED;
		if (!any)
			continue;
		if (out->origin != NULL)
			out->origin[out->cnt] = series->origin;
		out->labels[out->cnt] = series->labels;
		out->drop_name[out->cnt++] = !calling->keep_name;
	}
	return 0;
}

/* Which argument is the range. */
static uint32_t
range_arg(const struct kyi_node *call)
{
	uint32_t i = 0;

	while (call->is.call.args[i]->type != KYMO_VALUE_MATRIX)
		i++;
	return i;
}

static int
get_args(struct kyi_eval *eval, const struct kyi_node *call, uint32_t range_at,
    struct calling *calling)
{
	uint32_t cnt = 0;

	for (uint32_t i = 0; i < call->is.call.arg_cnt && cnt < 2; i++)
		if (i != range_at && kyi_eval_scalar(eval,
		    call->is.call.args[i], calling->steps,
		    &calling->arg[cnt++]) != 0)
			return KYI_EVAL_FAILED;
	return 0;
}

/* Others want what a series was at a time, or how it went. */
static enum kymo_part
part_of(enum kyi_function_id id)
{
	switch (id) {
	case KYI_FN_MIN_OVER_TIME:
		return KYMO_PART_MIN;
	case KYI_FN_MAX_OVER_TIME:
		return KYMO_PART_MAX;
	case KYI_FN_SUM_OVER_TIME:
	case KYI_FN_AVG_OVER_TIME:
	case KYI_FN_COUNT_OVER_TIME:
		return KYMO_PART_SUM;
	default:
		return KYMO_PART_LAST;
	}
}

int
kyi_eval_over(struct kyi_eval *eval, const struct kyi_node *call,
    const struct kyi_steps *steps, struct kyi_vectors *out)
{
	enum kyi_function_id id = call->is.call.function->id;
	uint32_t range_at = range_arg(call);
	struct kyi_ranges ranges;
	struct calling calling = {
		.over = { .eval = eval, .call = call, .ranges = &ranges },
		.function = functions[id],
		.steps = steps,
		.keep_name = id == KYI_FN_LAST_OVER_TIME ||
		    id == KYI_FN_FIRST_OVER_TIME,
		/* These sort the window. */
		.work_8th = id == KYI_FN_QUANTILE_OVER_TIME ||
		    id == KYI_FN_MAD_OVER_TIME ? 200 : 1,
	};

	if (kyi_eval_ranges(eval, call->is.call.args[range_at], steps,
	    part_of(id), &ranges) != 0 ||
	    get_args(eval, call, range_at, &calling) != 0 ||
	    new_bounds(eval, &ranges, steps, &calling.bounds) != 0 ||
	    new_places(eval, steps->cnt, &calling.floats) != 0 ||
	    new_places(eval, steps->cnt, &calling.hists) != 0 ||
	    kyi_vectors_new(eval, ranges.cnt, steps->cnt, false, false,
	    out) != 0 || kyi_vectors_origin(eval, out) != 0)
		return KYI_EVAL_FAILED;
	out->cnt = 0;
	out->one_name = ranges.one_name;
	return each_series(&calling, &ranges, out);
}
