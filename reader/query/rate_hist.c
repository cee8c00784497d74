/* SPDX-License-Identifier: MIT */
/* How much native histograms rose in a range, and their sums over it. */
#include "reader/query/over.h"

static void
note_gauges(struct kyi_over *over, const struct kymo_native_hist *const *hist,
    uint32_t cnt, bool counts)
{
	if (!counts) {
		if (hist[0]->reset != KYMO_RESET_GAUGE ||
		    hist[cnt - 1]->reset != KYMO_RESET_GAUGE)
			kyi_over_note(over, KYI_NOTE_NOT_GAUGE);
		return;
	}
	for (uint32_t i = 0; i < cnt; i++)
		if (hist[i]->reset == KYMO_RESET_GAUGE) {
			kyi_over_note(over, KYI_NOTE_NOT_COUNTER);
			return;
		}
}

/* Whether all are of one kind of buckets; the first may be left out. */
static bool
one_kind(const struct kymo_native_hist *const *hist, uint32_t cnt, bool counts,
    bool first_counts, int32_t *schema)
{
	bool custom = kyi_hist_custom(hist[cnt - 1]);

	*schema = hist[cnt - 1]->schema;
	for (uint32_t i = first_counts ? 0 : 1; i < cnt - 1; i++) {
		/* A gauge's middle samples are not looked at. */
		if (i > 0 && !counts)
			break;
		if (kyi_hist_custom(hist[i]) != custom)
			return false;
		if (hist[i]->schema < *schema)
			*schema = hist[i]->schema;
	}
	return true;
}

static int
add(struct kyi_over *over, struct kymo_native_hist *to,
    const struct kymo_native_hist *other, double sign)
{
	unsigned said = 0;

	switch (kyi_hist_add(over->eval->arena, to, other, sign, NULL, &said)) {
	case KYI_HIST_NO_MEMORY:
		return kyi_eval_no_memory(over->eval);
	case KYI_HIST_MIXED:
		kyi_over_note(over, KYI_NOTE_SCHEMAS);
		return 1;
	default:
		break;
	}
	/* Conflicting hints are no matter: resets are seen to here. */
	if (said & KYI_HIST_RECONCILED)
		kyi_note(over->eval, KYI_NOTE_RECONCILED, over->ranges->node,
		    sign < 0 ? "subtraction" : "addition", NULL);
	return 0;
}

int
kyi_over_hist_rise(struct kyi_over *over, const struct kyi_span *span,
    bool counts, struct kymo_native_hist **rise)
{
	const struct kymo_native_hist *const *hist =
	    span->hists->hist + span->hist_from;
	uint32_t cnt = kyi_span_hists(span);
	/* Where the second begins anew the first does not count, whatever its
	   buckets are. */
	bool first_counts = !counts || !kyi_hist_was_reset(hist[1], hist[0]);
	struct kymo_native_hist *to;
	int32_t schema;
	int failed = 0;

	*rise = NULL;
	note_gauges(over, hist, cnt, counts);
	if (!one_kind(hist, cnt, counts, first_counts, &schema)) {
		kyi_over_note(over, KYI_NOTE_SCHEMAS);
		return 0;
	}
	to = kyi_hist_widen(over->eval->arena, hist[cnt - 1], schema);
	if (to == NULL)
		return kyi_eval_no_memory(over->eval);
	if (first_counts)
		failed = add(over, to, hist[0], -1);
	for (uint32_t i = first_counts ? 1 : 2; counts && i < cnt && failed == 0;
	    i++)
		if (kyi_hist_was_reset(hist[i], hist[i - 1]))
			failed = add(over, to, hist[i - 1], 1);
	if (failed != 0)
		return failed < 0 ? failed : 0;
	to->reset = KYMO_RESET_GAUGE;
	kyi_hist_compact(to);
	*rise = to;
	return 0;
}

/* sum_over_time and avg_over_time. */
int
kyi_over_hist_sum(struct kyi_over *over, const struct kyi_span *span,
    bool is_mean, struct kyi_value *out)
{
	struct kyi_hist_mean mean = { .sum = NULL };

	for (uint32_t i = span->hist_from; i < span->hist_to; i++)
		switch (kyi_hist_mean_add(over->eval->arena, &mean,
		    span->hists->hist[i], is_mean)) {
		case KYI_HIST_NO_MEMORY:
			return kyi_eval_no_memory(over->eval);
		case KYI_HIST_MIXED:
			kyi_over_note(over, KYI_NOTE_SCHEMAS);
			return 0;
		default:
			break;
		}
	if (mean.reset_seen && mean.no_reset_seen)
		kyi_note(over->eval, KYI_NOTE_COLLISION, over->ranges->node,
		    "aggregation", NULL);
	if (mean.reconciled)
		kyi_note(over->eval, KYI_NOTE_RECONCILED, over->ranges->node,
		    "aggregation", NULL);
	out->hist = kyi_hist_mean_get(&mean, is_mean);
	return 1;
}
