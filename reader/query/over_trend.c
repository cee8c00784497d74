/* SPDX-License-Identifier: MIT */
/* Where a series goes: deriv, predict_linear, double_exponential_smoothing. */
#include "reader/query/over.h"
#include "reader/query/sum.h"

/* Least squares through the floats; x in seconds from zero_ms. */
static void
line_through(const struct kyi_span *span, int64_t zero_ms, double *slope,
    double *intercept)
{
	struct kyi_sum sum_x = { 0, 0 }, sum_y = { 0, 0 };
	struct kyi_sum sum_xy = { 0, 0 }, sum_xx = { 0, 0 };
	double first = span->floats->value[span->from];
	double cnt = kyi_span_floats(span), x, y;
	bool flat = true;

	for (uint32_t i = span->from; i < span->to; i++) {
		x = (double)(span->floats->at_ms[i] - zero_ms) / 1e3;
		y = span->floats->value[i];
		if (i > span->from && y != first)
			flat = false;
		kyi_sum_add(&sum_x, x);
		kyi_sum_add(&sum_y, y);
		kyi_sum_add(&sum_xy, x * y);
		kyi_sum_add(&sum_xx, x * x);
	}
	if (flat) {
		*slope = isinf(first) ? NAN : 0;
		*intercept = isinf(first) ? NAN : first;
		return;
	}
	x = sum_x.sum + sum_x.low;
	y = sum_y.sum + sum_y.low;
	*slope = (sum_xy.sum + sum_xy.low - x * y / cnt) /
	    (sum_xx.sum + sum_xx.low - x * x / cnt);
	*intercept = y / cnt - *slope * x / cnt;
}

/* Two floats make a line; histograms beside floats are told of. */
static bool
has_line(struct kyi_over *over, const struct kyi_span *span)
{
	if (kyi_span_floats(span) > 0 && kyi_span_hists(span) > 0)
		kyi_note(over->eval, KYI_NOTE_IGNORED_RANGE,
		    over->call->is.call.args[0], "", over->labels);
	return kyi_span_floats(span) >= 2;
}

int
kyi_over_deriv(struct kyi_over *over, const struct kyi_span *span,
    struct kyi_value *out)
{
	double intercept;

	if (!has_line(over, span))
		return 0;
	line_through(span, span->floats->at_ms[span->from], &out->value,
	    &intercept);
	return 1;
}

int
kyi_over_predict(struct kyi_over *over, const struct kyi_span *span,
    struct kyi_value *out)
{
	double slope, intercept;

	if (!has_line(over, span))
		return 0;
	line_through(span, span->at_ms, &slope, &intercept);
	out->value = slope * over->arg[0] + intercept;
	return 1;
}

/* Holt's method: a smoothed value and a smoothed trend. */
int
kyi_over_smooth(struct kyi_over *over, const struct kyi_span *span,
    struct kyi_value *out)
{
	const double *value = span->floats->value + span->from;
	double smooth = over->arg[0], keep = over->arg[1];
	double before = 0, now, trend;

	if (!(smooth > 0 && smooth < 1))
		return kyi_eval_error(over->eval, over->call,
		    "invalid smoothing factor. Expected: 0 < sf < 1, got: %f",
		    smooth);
	if (!(keep > 0 && keep < 1))
		return kyi_eval_error(over->eval, over->call,
		    "invalid trend factor. Expected: 0 < tf < 1, got: %f",
		    keep);
	if (!has_line(over, span))
		return 0;
	now = value[0];
	trend = value[1] - value[0];
	for (uint32_t i = 1; i < kyi_span_floats(span); i++) {
		double next;

		if (i > 1)
			trend = keep * (now - before) + (1 - keep) * trend;
		next = smooth * value[i] + (1 - smooth) * (now + trend);
		before = now;
		now = next;
	}
	out->value = now;
	return 1;
}
