/* SPDX-License-Identifier: MIT */
/* The *_over_time functions that pick samples: first, last, quantile, mad, and
   those that count resets and changes. */
#include <string.h>

#include "reader/query/over.h"

/* ---- first and last ----------------------------------------------------- */

static bool
float_is_first(const struct kyi_span *span)
{
	return kyi_span_hists(span) == 0 || (kyi_span_floats(span) > 0 &&
	    span->floats->at_ms[span->from] <
	    span->hists->at_ms[span->hist_from]);
}

static bool
float_is_last(const struct kyi_span *span)
{
	return kyi_span_hists(span) == 0 || (kyi_span_floats(span) > 0 &&
	    span->hists->at_ms[span->hist_to - 1] <
	    span->floats->at_ms[span->to - 1]);
}

int
kyi_over_first(struct kyi_over *over, const struct kyi_span *span,
    struct kyi_value *out)
{
	(void)over;
	if (float_is_first(span))
		out->value = span->floats->value[span->from];
	else
		out->hist = span->hists->hist[span->hist_from];
	return 1;
}

int
kyi_over_last(struct kyi_over *over, const struct kyi_span *span,
    struct kyi_value *out)
{
	(void)over;
	if (float_is_last(span))
		out->value = span->floats->value[span->to - 1];
	else
		out->hist = span->hists->hist[span->hist_to - 1];
	return 1;
}

int
kyi_over_ts_first(struct kyi_over *over, const struct kyi_span *span,
    struct kyi_value *out)
{
	(void)over;
	out->value = (double)(float_is_first(span) ?
	    span->floats->at_ms[span->from] :
	    span->hists->at_ms[span->hist_from]) / 1000;
	return 1;
}

int
kyi_over_ts_last(struct kyi_over *over, const struct kyi_span *span,
    struct kyi_value *out)
{
	(void)over;
	out->value = (double)(float_is_last(span) ?
	    span->floats->at_ms[span->to - 1] :
	    span->hists->at_ms[span->hist_to - 1]) / 1000;
	return 1;
}

/* ---- quantiles ---------------------------------------------------------- */

/* A copy of the floats, which a quantile may sort. 1: there it is. */
static int
copy_floats(struct kyi_over *over, const struct kyi_span *span, double **copy)
{
	uint32_t cnt = kyi_span_floats(span);

	if (cnt == 0)
		return 0;
	*copy = kyi_over_room(over, cnt);
	if (*copy == NULL)
		return kyi_eval_no_memory(over->eval);
	memcpy(*copy, span->floats->value + span->from, cnt * sizeof **copy);
	return 1;
}

int
kyi_over_quantile(struct kyi_over *over, const struct kyi_span *span,
    struct kyi_value *out)
{
	double q = over->arg[0], *copy;
	int got = copy_floats(over, span, &copy);

	if (got != 1)
		return got;
	if (!(q >= 0 && q <= 1)) {
		char text[KYI_NUMBER_BYTES];

		kyi_number_short(q, text);
		kyi_note(over->eval, KYI_NOTE_QUANTILE,
		    over->call->is.call.args[0], text, NULL);
	}
	if (kyi_span_hists(span) > 0)
		kyi_note(over->eval, KYI_NOTE_IGNORED_RANGE,
		    over->call->is.call.args[0], "", over->labels);
	out->value = kyi_quantile(q, copy, kyi_span_floats(span));
	return 1;
}

int
kyi_over_mad(struct kyi_over *over, const struct kyi_span *span,
    struct kyi_value *out)
{
	double *copy, median;
	int got = copy_floats(over, span, &copy);

	if (got != 1)
		return got;
	if (kyi_span_hists(span) > 0)
		kyi_over_note(over, KYI_NOTE_IGNORED_RANGE);
	median = kyi_quantile(0.5, copy, kyi_span_floats(span));
	for (uint32_t i = 0; i < kyi_span_floats(span); i++)
		copy[i] = fabs(copy[i] - median);
	out->value = kyi_quantile(0.5, copy, kyi_span_floats(span));
	return 1;
}

/* ---- one sample after the other ----------------------------------------- */

static bool
float_fell(double before, double now)
{
	return now < before;
}

static bool
float_changed(double before, double now)
{
	return now != before && !(isnan(now) && isnan(before));
}

static bool
hist_fell(const struct kymo_native_hist *before,
    const struct kymo_native_hist *now)
{
	return kyi_hist_was_reset(now, before);
}

static bool
hist_changed(const struct kymo_native_hist *before,
    const struct kymo_native_hist *now)
{
	return !kyi_hist_equal(now, before);
}

/* A float after a histogram or the other way round always counts. */
static double
count_pairs(const struct kyi_span *span, bool (*floats)(double, double),
    bool (*hists)(const struct kymo_native_hist *,
    const struct kymo_native_hist *))
{
	uint32_t i = span->from, j = span->hist_from;
	const struct kymo_native_hist *before_hist = NULL, *hist;
	double before = 0, value;
	uint32_t cnt = 0;

	while (i < span->to || j < span->hist_to) {
		bool first = i + j == span->from + span->hist_from;

		hist = NULL;
		value = 0;
		if (j == span->hist_to || (i < span->to &&
		    span->floats->at_ms[i] < span->hists->at_ms[j]))
			value = span->floats->value[i++];
		else
			hist = span->hists->hist[j++];
		if (!first) {
			if ((hist == NULL) != (before_hist == NULL))
				cnt++;
			else if (hist == NULL)
				cnt += floats(before, value);
			else
				cnt += hists(before_hist, hist);
		}
		before = value;
		before_hist = hist;
	}
	return cnt;
}

int
kyi_over_resets(struct kyi_over *over, const struct kyi_span *span,
    struct kyi_value *out)
{
	(void)over;
	out->value = count_pairs(span, float_fell, hist_fell);
	return 1;
}

int
kyi_over_changes(struct kyi_over *over, const struct kyi_span *span,
    struct kyi_value *out)
{
	(void)over;
	out->value = count_pairs(span, float_changed, hist_changed);
	return 1;
}
