/* SPDX-License-Identifier: MIT */
#include "reader/detect/deal.h"

#include <math.h>
#include <stdbool.h>

/* 10 and 10 are 184,756 ways; of more, means are as good as normal. */
#define WAYS_MAX 200000.0

struct side {
	const double *sums, *weights;
	uint32_t cnt;
};

struct deal {
	struct side few, many;
	double sum, weight; /* of all */
	double reach; /* as far apart counts */
	uint32_t ways, far;
};

double
kyi_deal_least(uint32_t before_cnt, uint32_t after_cnt)
{
	double before = before_cnt, after = after_cnt, all = before + after;

	if (before_cnt == 0 || after_cnt == 0)
		return 1;
	/* A coin that falls so with chance p: p^before (1-p)^after at its most,
	   and the other way round. */
	return fmin(1, 2 * pow(before / all, before) * pow(after / all, after));
}

static double
weight_of(const struct side *side, uint32_t i)
{
	return side->weights ? side->weights[i] : 1;
}

static double
apart(const struct deal *deal, double sum, double weight)
{
	return fabs((deal->sum - sum) / (deal->weight - weight) - sum / weight);
}

/* Takes left more of those from at on. As deep as the few are many. */
static void
try(struct deal *deal, uint32_t at, uint32_t left, double sum, double weight)
{
	uint32_t cnt = deal->few.cnt + deal->many.cnt;

	if (left == 0) {
		deal->ways++;
		deal->far += apart(deal, sum, weight) >= deal->reach;
		return;
	}
	for (; at + left <= cnt; at++) {
		bool few = at < deal->few.cnt;
		const struct side *of = few ? &deal->few : &deal->many;
		uint32_t i = few ? at : at - deal->few.cnt;

		try(deal, at + 1, left - 1, sum + of->sums[i],
		    weight + weight_of(of, i));
	}
}

static void
limits(const struct side *side, double *low, double *high)
{
	*low = INFINITY;
	*high = -INFINITY;
	for (uint32_t i = 0; i < side->cnt; i++) {
		double is = side->sums[i] / weight_of(side, i);

		*low = fmin(*low, is);
		*high = fmax(*high, is);
	}
}

static bool
overlap(const struct side *one, const struct side *other)
{
	double low, high, other_low, other_high;

	limits(one, &low, &high);
	limits(other, &other_low, &other_high);
	return low <= other_high && other_low <= high;
}

static double
ways(uint32_t few_cnt, uint32_t many_cnt)
{
	return exp(lgamma(few_cnt + many_cnt + 1.0) - lgamma(few_cnt + 1.0) -
	    lgamma(many_cnt + 1.0));
}

static void
add(const struct side *side, double *sum, double *weight)
{
	for (uint32_t i = 0; i < side->cnt; i++) {
		*sum += side->sums[i];
		*weight += weight_of(side, i);
	}
}

double
kyi_deal_chance(const double *before, const double *before_weights,
    uint32_t before_cnt, const double *after, const double *after_weights,
    uint32_t after_cnt)
{
	struct side one = { before, before_weights, before_cnt };
	struct side other = { after, after_weights, after_cnt };
	struct deal deal = { .few = before_cnt < after_cnt ? one : other,
	    .many = before_cnt < after_cnt ? other : one };
	double sum = 0, weight = 0;

	if (before_cnt == 0 || after_cnt == 0)
		return 1;
	if (!overlap(&one, &other))
		return kyi_deal_least(before_cnt, after_cnt);
	if (ways(before_cnt, after_cnt) > WAYS_MAX)
		return 0;
	add(&deal.few, &sum, &weight);
	deal.sum = sum;
	deal.weight = weight;
	add(&deal.many, &deal.sum, &deal.weight);
	/* Sums of the same in another order are the same. */
	deal.reach = apart(&deal, sum, weight) * (1 - 1e-9);
	try(&deal, 0, deal.few.cnt, 0, 0);
	return (double)deal.far / deal.ways;
}
