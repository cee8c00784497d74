/* SPDX-License-Identifier: MIT */
/* rate, increase, delta: how much a series rose in a range, stretched to the
   range's ends; irate and idelta: between its last two samples. */
#include <string.h>

#include "reader/query/over.h"

struct rise {
	double value, first; /* of a histogram: its count's */
	struct kymo_native_hist *hist;
	int64_t first_ms, last_ms;
	uint32_t cnt; /* samples */
};

#define LOST_EXACT_MAX 9007199254740992.0 /* 2^53 */

/* What resets took in samples after from, up to and with last. */
static double
lost_between(const struct kyi_over *over, const struct kyi_column *column,
    uint32_t from, uint32_t last)
{
	double lost = 0;

	if (over->ranges->resets_known && column->lost == NULL)
		return 0;
	/* Sums of what was lost before: exact while integers are. */
	if (over->ranges->resets_known &&
	    fabs(column->lost[last]) < LOST_EXACT_MAX)
		return column->lost[last] - column->lost[from];
	for (uint32_t i = from + 1; i <= last; i++)
		if (column->value[i] < column->value[i - 1])
			lost += column->value[i - 1];
	return lost;
}

static void
float_rise(const struct kyi_over *over, const struct kyi_span *span,
    bool counts, struct rise *rise)
{
	const struct kyi_column *column = span->floats;
	uint32_t last = span->to - 1;

	rise->cnt = kyi_span_floats(span);
	rise->first = column->value[span->from];
	rise->first_ms = column->at_ms[span->from];
	rise->last_ms = column->at_ms[last];
	rise->value = column->value[last] - rise->first;
	if (counts)
		rise->value += lost_between(over, column, span->from, last);
}

static int
hist_rise(struct kyi_over *over, const struct kyi_span *span, bool counts,
    struct rise *rise)
{
	const struct kyi_column *column = span->hists;

	rise->cnt = kyi_span_hists(span);
	rise->first = column->hist[span->hist_from]->count;
	rise->first_ms = column->at_ms[span->hist_from];
	rise->last_ms = column->at_ms[span->hist_to - 1];
	if (kyi_over_hist_rise(over, span, counts, &rise->hist) != 0)
		return KYI_EVAL_FAILED;
	if (rise->hist != NULL)
		rise->value = rise->hist->count;
	return 0;
}

/* How far beyond its samples the rise is taken to go on: to the ends of the
   range where the next sample would be due there, else half a step; of a
   counter not back to before it was zero. */
static double
stretch(const struct kyi_span *span, const struct rise *rise, bool counts)
{
	double sampled = (double)(rise->last_ms - rise->first_ms) / 1000;
	double between = sampled / (rise->cnt - 1);
	double due = between * 1.1;
	double before = (double)(rise->first_ms - span->from_ms) / 1000;
	double after = (double)(span->to_ms - rise->last_ms) / 1000;

	if (before >= due)
		before = between / 2;
	if (counts && rise->value > 0 && rise->first >= 0) {
		double to_zero = sampled * (rise->first / rise->value);

		if (to_zero < before)
			before = to_zero;
	}
	if (after >= due)
		after = between / 2;
	return (sampled + before + after) / sampled;
}

static bool
ends_in(const char *name, const char *end)
{
	size_t name_bytes = strlen(name), end_bytes = strlen(end);

	return name_bytes >= end_bytes &&
	    strcmp(name + name_bytes - end_bytes, end) == 0;
}

/* Counters are named so; what is not is perhaps no counter. */
static void
check_name(struct kyi_over *over)
{
	const char *name;

	if (over->name_checked)
		return;
	over->name_checked = over->ranges->one_name;
	name = kyi_labels_name(over->labels);
	if (name[0] != '\0' && !ends_in(name, "_total") &&
	    !ends_in(name, "_sum") && !ends_in(name, "_count") &&
	    !ends_in(name, "_bucket"))
		kyi_over_note(over, KYI_NOTE_NO_COUNTER_NAME);
}

static int
extrapolated(struct kyi_over *over, const struct kyi_span *span, bool counts,
    bool per_second, struct kyi_value *out)
{
	struct rise rise = { .hist = NULL };
	double factor;

	if (kyi_span_hists(span) > 0 && kyi_span_floats(span) > 0) {
		kyi_over_note(over, KYI_NOTE_MIX);
		return 0;
	}
	if (kyi_span_hists(span) > 1) {
		if (hist_rise(over, span, counts, &rise) != 0)
			return KYI_EVAL_FAILED;
		if (rise.hist == NULL)
			return 0;
	} else if (kyi_span_floats(span) > 1) {
		float_rise(over, span, counts, &rise);
	} else {
		return 0;
	}
	factor = stretch(span, &rise, counts);
	if (per_second)
		factor /= (double)over->ranges->range_ms / 1000;
	if (rise.hist != NULL) {
		kyi_hist_mul(rise.hist, factor);
		out->hist = rise.hist;
		return 1;
	}
	out->value = rise.value * factor;
	if (counts)
		check_name(over);
	return 1;
}

int
kyi_over_rate(struct kyi_over *over, const struct kyi_span *span,
    struct kyi_value *out)
{
	return extrapolated(over, span, true, true, out);
}

int
kyi_over_increase(struct kyi_over *over, const struct kyi_span *span,
    struct kyi_value *out)
{
	return extrapolated(over, span, true, false, out);
}

int
kyi_over_delta(struct kyi_over *over, const struct kyi_span *span,
    struct kyi_value *out)
{
	return extrapolated(over, span, false, false, out);
}

/* ---- the last two samples ----------------------------------------------- */

struct sample {
	int64_t at_ms;
	double value;
	const struct kymo_native_hist *hist;
};

/* The last sample of the range but skip (0 or 1). */
static struct sample
last_but(const struct kyi_span *span, uint32_t skip)
{
	uint32_t float_at = span->to, hist_at = span->hist_to;
	struct sample sample = { 0, 0, NULL };

	for (uint32_t i = 0; i <= skip; i++) {
		if (hist_at == span->hist_from || (float_at > span->from &&
		    span->floats->at_ms[float_at - 1] >
		    span->hists->at_ms[hist_at - 1])) {
			float_at--;
			sample = (struct sample){ span->floats->at_ms[float_at],
			    span->floats->value[float_at], NULL };
		} else {
			hist_at--;
			sample = (struct sample){ span->hists->at_ms[hist_at],
			    0, span->hists->hist[hist_at] };
		}
	}
	return sample;
}

static int
hist_step(struct kyi_over *over, const struct sample *before,
    const struct sample *last, bool counts, struct kyi_value *out)
{
	bool gauges = last->hist->reset == KYMO_RESET_GAUGE &&
	    before->hist->reset == KYMO_RESET_GAUGE;
	bool a_gauge = last->hist->reset == KYMO_RESET_GAUGE ||
	    before->hist->reset == KYMO_RESET_GAUGE;
	struct kymo_native_hist *step = kyi_hist_clone(over->eval->arena,
	    last->hist);
	enum kyi_hist_sum done = KYI_HIST_DONE;
	unsigned said = 0;

	if (step == NULL)
		return kyi_eval_no_memory(over->eval);
	if (counts && a_gauge)
		kyi_over_note(over, KYI_NOTE_NOT_COUNTER);
	if (!counts && !gauges)
		kyi_over_note(over, KYI_NOTE_NOT_GAUGE);
	if (!counts || !kyi_hist_was_reset(last->hist, before->hist))
		done = kyi_hist_add(over->eval->arena, step, before->hist, -1,
		    NULL, &said);
	if (done == KYI_HIST_NO_MEMORY)
		return kyi_eval_no_memory(over->eval);
	if (done == KYI_HIST_MIXED) {
		kyi_over_note(over, KYI_NOTE_SCHEMAS);
		return 0;
	}
	if (said & KYI_HIST_RECONCILED)
		kyi_note(over->eval, KYI_NOTE_RECONCILED, over->ranges->node,
		    "subtraction", NULL);
	step->reset = KYMO_RESET_GAUGE;
	kyi_hist_compact(step);
	if (counts)
		kyi_hist_div(step,
		    (double)(last->at_ms - before->at_ms) / 1000);
	out->hist = step;
	return 1;
}

static int
last_step(struct kyi_over *over, const struct kyi_span *span, bool counts,
    struct kyi_value *out)
{
	struct sample before, last;

	if (kyi_span_floats(span) + kyi_span_hists(span) < 2)
		return 0;
	last = last_but(span, 0);
	before = last_but(span, 1);
	if ((last.hist == NULL) != (before.hist == NULL)) {
		kyi_over_note(over, KYI_NOTE_MIX);
		return 0;
	}
	if (last.at_ms == before.at_ms)
		return 0;
	if (last.hist != NULL)
		return hist_step(over, &before, &last, counts, out);
	out->value = last.value;
	if (!counts || !(last.value < before.value))
		out->value -= before.value;
	if (counts)
		out->value /= (double)(last.at_ms - before.at_ms) / 1000;
	return 1;
}

int
kyi_over_irate(struct kyi_over *over, const struct kyi_span *span,
    struct kyi_value *out)
{
	return last_step(over, span, true, out);
}

int
kyi_over_idelta(struct kyi_over *over, const struct kyi_span *span,
    struct kyi_value *out)
{
	return last_step(over, span, false, out);
}
