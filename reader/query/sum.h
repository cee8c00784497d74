/* SPDX-License-Identifier: MIT */
/* Sums that keep what rounding takes away. */
#ifndef KYI_QUERY_SUM_H
#define KYI_QUERY_SUM_H

#include <math.h>

/* The sum is sum + low, not evaluated (Neumaier's variant of Kahan's). */
struct kyi_sum {
	double sum, low;
};

static inline void
kyi_sum_add(struct kyi_sum *to, double value)
{
	double sum = to->sum + value;

	if (isinf(sum))
		to->low = 0;
	else if (fabs(to->sum) >= fabs(value))
		to->low += (to->sum - sum) + value;
	else
		to->low += (value - sum) + to->sum;
	to->sum = sum;
}

static inline double
kyi_sum_get(struct kyi_sum of)
{
	return isinf(of.sum) ? of.sum : of.sum + of.low;
}

/* A mean of what was added: of the sum, or, from where that would overflow,
   updated value by value. */
struct kyi_mean {
	struct kyi_sum sum; /* incremental: the mean */
	double cnt;
	bool incremental;
};

static inline void
kyi_mean_add(struct kyi_mean *to, double value)
{
	struct kyi_sum next = to->sum;
	double share;

	to->cnt++;
	if (!to->incremental) {
		kyi_sum_add(&next, value);
		if (to->cnt == 1 || !isinf(next.sum)) {
			to->sum = to->cnt == 1 ? (struct kyi_sum){ value, 0 } :
			    next;
			return;
		}
		to->incremental = true;
		to->sum.sum /= to->cnt - 1;
		to->sum.low /= to->cnt - 1;
	}
	share = (to->cnt - 1) / to->cnt;
	to->sum.sum *= share;
	to->sum.low *= share;
	kyi_sum_add(&to->sum, value / to->cnt);
}

static inline double
kyi_mean_get(const struct kyi_mean *of)
{
	if (of->incremental)
		return of->sum.sum + of->sum.low;
	return of->sum.sum / of->cnt + of->sum.low / of->cnt;
}

#endif
