/* SPDX-License-Identifier: MIT */
/* The *_over_time functions that sum up: sum, avg, min, max, stddev.. Long
   ranges are summed by marks and searched by blocks, where a series has such. */
#include <string.h>

#include "reader/query/over.h"
#include "reader/query/sum.h"

/* Shorter ranges are summed one by one, as Prometheus does. */
#define LANES_FROM 64

static void
note_ignored(struct kyi_over *over, const struct kyi_span *span)
{
	if (kyi_span_hists(span) > 0)
		kyi_over_note(over, KYI_NOTE_IGNORED_RANGE);
}

/* ---- sums --------------------------------------------------------------- */

static inline void
two_sum(double *sum, double *low, double value)
{
	double next = *sum + value;
	double part = next - *sum;

	*low += (*sum - (next - part)) + (value - part);
	*sum = next;
}

/* Four sums side by side, so that one need not wait for the other. Vectors are
   said outright: what compilers make of four doubles in an array is slower
   than one sum. Functions take them by address: how else they are handed over
   depends on the processor that is compiled for. */
typedef double lanes __attribute__((vector_size(4 * sizeof(double))));

static inline void
two_sums(lanes *sum, lanes *low, const lanes *value)
{
	lanes next = *sum + *value;
	lanes part = next - *sum;

	*low += (*sum - (next - part)) + (*value - part);
	*sum = next;
}

static void
lanes_fold(struct kyi_sum *to, const lanes *sum, const lanes *low)
{
	for (int lane = 0; lane < 4; lane++) {
		two_sum(&to->sum, &to->low, (*sum)[lane]);
		to->low += (*low)[lane];
	}
}

static void
sum_lanes(struct kyi_sum *to, const double *value, uint32_t cnt)
{
	lanes sum = { 0 }, low = { 0 }, some;
	uint32_t i;

	for (i = 0; i + 4 <= cnt; i += 4) {
		memcpy(&some, value + i, sizeof some);
		two_sums(&sum, &low, &some);
	}
	for (; i < cnt; i++)
		two_sum(&to->sum, &to->low, value[i]);
	lanes_fold(to, &sum, &low);
}

/* What lies within from .. to of pieces of 1 << shift samples, of which there
   are cnt: the first and how many. */
static uint32_t
whole(const struct kyi_column *column, uint32_t from, uint32_t to,
    uint32_t shift, uint32_t cnt, uint32_t *first)
{
	uint32_t end;

	if (cnt == 0)
		return 0;
	*first = (from + column->block_phase + (1u << shift) - 1) >> shift;
	end = (to + column->block_phase) >> shift;
	if (end > cnt)
		end = cnt;
	return end > *first ? end - *first : 0;
}

/* What lies between two marks. false: that is not known as exactly as a double
   can say it. */
static bool
sum_between(const struct kymo_mark *from,
    const struct kymo_mark *to, struct kyi_sum *sum)
{
	double rest = 0, most = fabs(from->sum), doubt;

	*sum = (struct kyi_sum){ to->sum, 0 };
	if (to->any_cnt == from->any_cnt) {
		sum->sum = 0;
		return isfinite(to->error);
	}
	two_sum(&sum->sum, &rest, -from->sum);
	two_sum(&sum->sum, &sum->low, to->low);
	two_sum(&sum->sum, &sum->low, -from->low);
	sum->low += rest;
	if (most < fabs(to->sum))
		most = fabs(to->sum);
	doubt = to->error - from->error + to->error * 0x1p-40 +
	    most * 0x1p-104;
	return doubt <= fabs(sum->sum + sum->low) * 0x1p-55;
}

/* false: it does not fit a double, or holds what is no number. */
static bool
sum_fast(const struct kyi_column *column, uint32_t from, uint32_t to,
    struct kyi_sum *sum)
{
	uint32_t first = 0, start, end, cnt = whole(column, from, to,
	    KYMO_MARK_SHIFT, column->mark_cnt == 0 ? 0 : column->mark_cnt - 1,
	    &first);

	if (cnt > 0 && sum_between(column->mark + first,
	    column->mark + first + cnt, sum)) {
		start = (first << KYMO_MARK_SHIFT) - column->block_phase;
		end = start + (cnt << KYMO_MARK_SHIFT);
		sum_lanes(sum, column->value + from, start - from);
		sum_lanes(sum, column->value + end, to - end);
	} else {
		*sum = (struct kyi_sum){ 0, 0 };
		sum_lanes(sum, column->value + from, to - from);
	}
	return isfinite(sum->sum) && isfinite(sum->low);
}

/* 1: floats, to be gone on with; else what to return. */
static int
sum_kind(struct kyi_over *over, const struct kyi_span *span, bool is_mean,
    struct kyi_value *out)
{
	if (kyi_span_hists(span) == 0)
		return 1;
	if (kyi_span_floats(span) > 0) {
		kyi_over_note(over, KYI_NOTE_MIX);
		return 0;
	}
	return kyi_over_hist_sum(over, span, is_mean, out);
}

int
kyi_over_sum(struct kyi_over *over, const struct kyi_span *span,
    struct kyi_value *out)
{
	int kind = sum_kind(over, span, false, out);
	struct kyi_sum sum = { 0, 0 };

	if (kind != 1 || out->hist != NULL)
		return kind;
	if (kyi_span_floats(span) < LANES_FROM ||
	    !sum_fast(span->floats, span->from, span->to, &sum)) {
		sum = (struct kyi_sum){ 0, 0 };
		for (uint32_t i = span->from; i < span->to; i++)
			kyi_sum_add(&sum, span->floats->value[i]);
	}
	out->value = kyi_sum_get(sum);
	return 1;
}

/* How many samples the floats of a span are. */
static double
samples_cnt(const struct kyi_span *span)
{
	struct kyi_sum cnt = { 0, 0 };

	if (span->floats->weight == NULL)
		return kyi_span_floats(span);
	sum_lanes(&cnt, span->floats->weight + span->from,
	    kyi_span_floats(span));
	return cnt.sum;
}

/* Of values that are sums. */
static double
mean_of_sums(const struct kyi_span *span)
{
	double cnt = samples_cnt(span);
	struct kyi_sum sum = { 0, 0 };

	if (sum_fast(span->floats, span->from, span->to, &sum))
		return sum.sum / cnt + sum.low / cnt;
	sum = (struct kyi_sum){ 0, 0 };
	for (uint32_t i = span->from; i < span->to; i++)
		kyi_sum_add(&sum, span->floats->value[i] / cnt);
	return kyi_sum_get(sum);
}

int
kyi_over_avg(struct kyi_over *over, const struct kyi_span *span,
    struct kyi_value *out)
{
	int kind = sum_kind(over, span, true, out);
	struct kyi_mean mean = { { 0, 0 }, 0, false };
	struct kyi_sum sum;

	if (kind != 1 || out->hist != NULL)
		return kind;
	if (span->floats->weight != NULL) {
		out->value = mean_of_sums(span);
		return 1;
	}
	if (kyi_span_floats(span) >= LANES_FROM &&
	    sum_fast(span->floats, span->from, span->to, &sum)) {
		out->value = sum.sum / kyi_span_floats(span) +
		    sum.low / kyi_span_floats(span);
		return 1;
	}
	for (uint32_t i = span->from; i < span->to; i++)
		kyi_mean_add(&mean, span->floats->value[i]);
	out->value = kyi_mean_get(&mean);
	return 1;
}

int
kyi_over_count(struct kyi_over *over, const struct kyi_span *span,
    struct kyi_value *out)
{
	(void)over;
	out->value = samples_cnt(span) + kyi_span_hists(span);
	return 1;
}

int
kyi_over_present(struct kyi_over *over, const struct kyi_span *span,
    struct kyi_value *out)
{
	(void)over;
	(void)span;
	out->value = 1;
	return 1;
}

/* ---- the least and the greatest ----------------------------------------- */

/* NaN gives way to any number. */
static double
pick_least(const double *value, uint32_t cnt, double least, double sign)
{
	for (uint32_t i = 0; i < cnt; i++)
		if (sign * value[i] < sign * least || isnan(least))
			least = value[i];
	return least;
}

static int
least(struct kyi_over *over, const struct kyi_span *span, double sign,
    struct kyi_value *out)
{
	const struct kyi_column *column = span->floats;
	uint32_t first = 0, cnt;
	double found = NAN;

	if (kyi_span_floats(span) == 0)
		return 0;
	note_ignored(over, span);
	cnt = whole(column, span->from, span->to, KYMO_BLOCK_SHIFT,
	    column->block_cnt, &first);
	if (cnt == 0) {
		out->value = pick_least(column->value + span->from,
		    kyi_span_floats(span), found, sign);
		return 1;
	}
	for (uint32_t i = first; i < first + cnt; i++) {
		double of = sign > 0 ? column->block_extremes[i].min :
		    column->block_extremes[i].max;

		found = pick_least(&of, 1, found, sign);
	}
	first = (first << KYMO_BLOCK_SHIFT) - column->block_phase;
	found = pick_least(column->value + span->from, first - span->from,
	    found, sign);
	first += cnt << KYMO_BLOCK_SHIFT;
	out->value = pick_least(column->value + first, span->to - first, found,
	    sign);
	return 1;
}

int
kyi_over_min(struct kyi_over *over, const struct kyi_span *span,
    struct kyi_value *out)
{
	return least(over, span, 1, out);
}

int
kyi_over_max(struct kyi_over *over, const struct kyi_span *span,
    struct kyi_value *out)
{
	return least(over, span, -1, out);
}

static int
ts_of_least(struct kyi_over *over, const struct kyi_span *span, double sign,
    struct kyi_value *out)
{
	const double *value = span->floats->value;
	uint32_t at = span->from;

	if (kyi_span_floats(span) == 0)
		return 0;
	note_ignored(over, span);
	for (uint32_t i = at; i < span->to; i++)
		if (sign * value[i] <= sign * value[at] || isnan(value[at]))
			at = i;
	out->value = (double)span->floats->at_ms[at] / 1000;
	return 1;
}

int
kyi_over_ts_min(struct kyi_over *over, const struct kyi_span *span,
    struct kyi_value *out)
{
	return ts_of_least(over, span, 1, out);
}

int
kyi_over_ts_max(struct kyi_over *over, const struct kyi_span *span,
    struct kyi_value *out)
{
	return ts_of_least(over, span, -1, out);
}

/* ---- spread ------------------------------------------------------------- */

static int
variance(struct kyi_over *over, const struct kyi_span *span, double *result)
{
	struct kyi_sum mean = { 0, 0 }, squares = { 0, 0 };
	double cnt = 0;

	if (kyi_span_floats(span) == 0)
		return 0;
	note_ignored(over, span);
	for (uint32_t i = span->from; i < span->to; i++) {
		double value = span->floats->value[i];
		double off = value - (mean.sum + mean.low);

		cnt++;
		kyi_sum_add(&mean, off / cnt);
		kyi_sum_add(&squares, off * (value - (mean.sum + mean.low)));
	}
	*result = (squares.sum + squares.low) / cnt;
	return 1;
}

int
kyi_over_stdvar(struct kyi_over *over, const struct kyi_span *span,
    struct kyi_value *out)
{
	return variance(over, span, &out->value);
}

int
kyi_over_stddev(struct kyi_over *over, const struct kyi_span *span,
    struct kyi_value *out)
{
	int got = variance(over, span, &out->value);

	out->value = sqrt(out->value);
	return got;
}
