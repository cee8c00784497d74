/* SPDX-License-Identifier: MIT */
/* Sums and means of many histograms, compensated. */
#include <string.h>

#include "reader/query/hist.h"

struct kymo_native_hist *
kyi_hist_low_new(struct kyi_arena *arena, const struct kymo_native_hist *of)
{
	struct kymo_native_hist *low = kyi_hist_clone(arena, of);

	if (low == NULL)
		return NULL;
	low->count = low->sum = low->zero_count = 0;
	if (low->pos.cnt > 0)
		memset(low->pos.count, 0, low->pos.cnt * sizeof(double));
	if (low->neg.cnt > 0)
		memset(low->neg.count, 0, low->neg.cnt * sizeof(double));
	return low;
}

static void
end_side(struct kymo_hist_side *to, const struct kymo_hist_side *low)
{
	int64_t shift = (int64_t)low->first - to->first;

	for (uint32_t i = 0; i < low->cnt; i++) {
		int64_t at = (int64_t)i + shift;

		if (at >= 0 && at < to->cnt)
			to->count[at] += low->count[i];
	}
}

void
kyi_hist_low_end(struct kymo_native_hist *to, const struct kymo_native_hist *low)
{
	to->count += low->count;
	to->sum += low->sum;
	to->zero_count += low->zero_count;
	end_side(&to->pos, &low->pos);
	end_side(&to->neg, &low->neg);
}

static enum kyi_hist_sum
first(struct kyi_arena *arena, struct kyi_hist_mean *to,
    const struct kymo_native_hist *hist)
{
	to->sum = kyi_hist_clone(arena, hist);
	to->low = kyi_hist_low_new(arena, hist);
	return to->sum == NULL || to->low == NULL ? KYI_HIST_NO_MEMORY :
	    KYI_HIST_DONE;
}

static void
see_hint(struct kyi_hist_mean *to, const struct kymo_native_hist *hist)
{
	to->reset_seen |= hist->reset == KYMO_RESET_YES;
	to->no_reset_seen |= hist->reset == KYMO_RESET_NO;
}

/* Whether adding hist would overflow; of a mean only, where that matters.
   Buckets hold no more than the count, so that the totals tell. */
static bool
would_overflow(const struct kyi_hist_mean *to,
    const struct kymo_native_hist *hist)
{
	return !kyi_hist_overflows(to->sum) &&
	    (isinf(to->sum->count + hist->count) ||
	    isinf(to->sum->sum + hist->sum) ||
	    isinf(to->sum->zero_count + hist->zero_count));
}

enum kyi_hist_sum
kyi_hist_mean_add(struct kyi_arena *arena, struct kyi_hist_mean *to,
    const struct kymo_native_hist *hist, bool is_mean)
{
	enum kyi_hist_sum done;
	unsigned said = 0;

	see_hint(to, hist);
	to->cnt++;
	if (to->sum == NULL)
		return first(arena, to, hist);
	if (is_mean && !to->incremental && would_overflow(to, hist)) {
		to->incremental = true;
		kyi_hist_div(to->sum, to->cnt - 1);
		kyi_hist_div(to->low, to->cnt - 1);
	}
	if (to->incremental) {
		double share = (to->cnt - 1) / to->cnt;
		struct kymo_native_hist *part = kyi_hist_clone(arena, hist);

		if (part == NULL)
			return KYI_HIST_NO_MEMORY;
		kyi_hist_div(part, to->cnt);
		kyi_hist_mul(to->sum, share);
		kyi_hist_mul(to->low, share);
		hist = part;
	}
	done = kyi_hist_add(arena, to->sum, hist, 1, to->low, &said);
	to->reconciled |= (said & KYI_HIST_RECONCILED) != 0;
	return done;
}

struct kymo_native_hist *
kyi_hist_mean_get(struct kyi_hist_mean *of, bool is_mean)
{
	if (is_mean && !of->incremental) {
		kyi_hist_div(of->sum, of->cnt);
		kyi_hist_div(of->low, of->cnt);
	}
	kyi_hist_low_end(of->sum, of->low);
	return of->sum;
}
