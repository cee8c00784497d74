/* SPDX-License-Identifier: MIT */
/* When to try again, and how often at all. Pure. */
#ifndef KYI_NOTIFY_BACKOFF_H
#define KYI_NOTIFY_BACKOFF_H

#include <stdbool.h>
#include <stdint.h>

/* kyi_backoff_ms: min * 2^(failures - 1), at most max, of which between a half
   and all. *seed is never 0. */
int64_t kyi_backoff_ms(uint32_t failures, int64_t min_ms, int64_t max_ms,
    uint64_t *seed);

/* Tokens come at a rate, up to burst; 0 a second: no limit. */
struct kyi_bucket {
	double per_second, burst;
	double tokens;
	int64_t at_ms; /* when tokens were so many */
};
void kyi_bucket_init(struct kyi_bucket *bucket, double per_second,
    uint32_t burst, int64_t now_ms);
bool kyi_bucket_take(struct kyi_bucket *bucket, int64_t now_ms);
/* The clock was set back to now: what came before is as it was. */
void kyi_bucket_back(struct kyi_bucket *bucket, int64_t now_ms);
/* When there will be one. */
int64_t kyi_bucket_due_ms(const struct kyi_bucket *bucket, int64_t now_ms);

#endif
