/* SPDX-License-Identifier: MIT */
#include "reader/notify/backoff.h"

#include <math.h>

/* xorshift64*: jitter wants no more. */
static double
random_unit(uint64_t *seed)
{
	uint64_t x = *seed;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	*seed = x;
	return (double)((x * UINT64_C(2685821657736338717)) >> 11) /
	    (double)(UINT64_C(1) << 53);
}

int64_t
kyi_backoff_ms(uint32_t failures, int64_t min_ms, int64_t max_ms,
    uint64_t *seed)
{
	int64_t wait_ms = min_ms;

	while (failures-- > 1 && wait_ms < max_ms)
		wait_ms = wait_ms > max_ms / 2 ? max_ms : wait_ms * 2;
	if (wait_ms > max_ms)
		wait_ms = max_ms;
	return wait_ms - (int64_t)((double)wait_ms / 2 * random_unit(seed));
}

void
kyi_bucket_init(struct kyi_bucket *bucket, double per_second, uint32_t burst,
    int64_t now_ms)
{
	*bucket = (struct kyi_bucket){ .per_second = per_second,
	    .burst = burst == 0 ? 1 : burst, .at_ms = now_ms };
	bucket->tokens = bucket->burst;
}

static double
tokens(const struct kyi_bucket *bucket, int64_t now_ms)
{
	double grown = bucket->tokens;

	if (now_ms > bucket->at_ms)
		grown += bucket->per_second * (double)(now_ms -
		    bucket->at_ms) / 1000;
	return grown < bucket->burst ? grown : bucket->burst;
}

bool
kyi_bucket_take(struct kyi_bucket *bucket, int64_t now_ms)
{
	double there;

	if (bucket->per_second <= 0)
		return true;
	there = tokens(bucket, now_ms);
	if (there < 1)
		return false;
	bucket->tokens = there - 1;
	bucket->at_ms = now_ms;
	return true;
}

void
kyi_bucket_back(struct kyi_bucket *bucket, int64_t now_ms)
{
	if (bucket->at_ms > now_ms)
		bucket->at_ms = now_ms;
}

int64_t
kyi_bucket_due_ms(const struct kyi_bucket *bucket, int64_t now_ms)
{
	double there;

	if (bucket->per_second <= 0)
		return now_ms;
	there = tokens(bucket, now_ms);
	if (there >= 1)
		return now_ms;
	return now_ms + (int64_t)ceil((1 - there) / bucket->per_second * 1000);
}
