/* SPDX-License-Identifier: MIT */
/* Arithmetic of native histograms, as PromQL has it. */
#ifndef KYI_QUERY_HIST_H
#define KYI_QUERY_HIST_H

#include <math.h>

#include "reader/buffer.h"
#include "reader/history/samples.h"
#include "reader/query/arena.h"

static inline bool
kyi_hist_custom(const struct kymo_native_hist *hist)
{
	return hist->schema == KYMO_SCHEMA_CUSTOM;
}

static inline bool
kyi_hist_is_stale(const struct kymo_native_hist *hist)
{
	return kymo_is_stale(hist->sum);
}

/* ---- buckets (hist_bucket.c) -------------------------------------------- */

/* The upper bound of exponential bucket idx, 2^(idx * 2^-schema). */
double kyi_hist_upper(int32_t schema, int64_t idx);

struct kyi_bucket {
	double lower, upper, count;
};

/* Buckets from the lowest to the highest, or back; the zero bucket too, if it
   holds anything. Empty buckets come too. */
struct kyi_buckets {
	const struct kymo_native_hist *hist;
	int64_t at, end; /* places yet to come */
	bool backwards;
	struct kyi_bucket bucket;
};

void kyi_buckets_start(struct kyi_buckets *buckets,
    const struct kymo_native_hist *hist, bool backwards);
bool kyi_buckets_next(struct kyi_buckets *buckets);

/* Bucket i of one side, its bounds as of the values observed. */
struct kyi_bucket kyi_hist_bucket(const struct kymo_native_hist *hist,
    bool negative, uint32_t i);

/* ---- copies and sums (hist.c, hist_add.c) ------------------------------- */

/* NULL: no memory. */
struct kymo_native_hist *kyi_hist_clone(struct kyi_arena *arena,
    const struct kymo_native_hist *hist);
void kyi_hist_mul(struct kymo_native_hist *hist, double factor);
void kyi_hist_div(struct kymo_native_hist *hist, double by);
/* Takes empty buckets off both ends. */
void kyi_hist_compact(struct kymo_native_hist *hist);
bool kyi_hist_equal(const struct kymo_native_hist *a,
    const struct kymo_native_hist *b);
bool kyi_hist_overflows(const struct kymo_native_hist *hist);
/* Copies hist with wider buckets: schema at most hist's. */
struct kymo_native_hist *kyi_hist_widen(struct kyi_arena *arena,
    const struct kymo_native_hist *hist, int32_t schema);
bool kyi_hist_bounds_equal(const struct kymo_native_hist *a,
    const struct kymo_native_hist *b);

enum kyi_hist_sum {
	KYI_HIST_DONE,
	KYI_HIST_MIXED,    /* exponential and custom buckets do not add */
	KYI_HIST_NO_MEMORY
};

/* What was noticed in adding; bits. */
#define KYI_HIST_COLLISION 1u  /* one says reset, the other no reset */
#define KYI_HIST_RECONCILED 2u /* custom bounds differed: the common ones are kept */

/* kyi_hist_add adds other, times sign (1 or -1), to to, whose arrays it may
   replace. low, if given, has to's layout and takes what rounding took away:
   kyi_hist_low_new makes it, kyi_hist_low_end adds it. */
enum kyi_hist_sum kyi_hist_add(struct kyi_arena *arena,
    struct kymo_native_hist *to, const struct kymo_native_hist *other,
    double sign, struct kymo_native_hist *low, unsigned *said);
struct kymo_native_hist *kyi_hist_low_new(struct kyi_arena *arena,
    const struct kymo_native_hist *of);
void kyi_hist_low_end(struct kymo_native_hist *to,
    const struct kymo_native_hist *low);

/* A mean of histograms: kyi_hist_mean_add as kyi_mean_add. */
struct kyi_hist_mean {
	struct kymo_native_hist *sum, *low;
	double cnt;
	bool incremental;
	bool reset_seen, no_reset_seen, reconciled;
};
enum kyi_hist_sum kyi_hist_mean_add(struct kyi_arena *arena,
    struct kyi_hist_mean *to, const struct kymo_native_hist *hist,
    bool is_mean);
struct kymo_native_hist *kyi_hist_mean_get(struct kyi_hist_mean *of,
    bool is_mean);

/* Keeps the observations below limit, or those above it (hist_trim.c). */
void kyi_hist_trim(struct kymo_native_hist *hist, double limit, bool below);

/* ---- questions ---------------------------------------------------------- */

/* Whether hist began anew since before (hist_reset.c). */
bool kyi_hist_was_reset(const struct kymo_native_hist *hist,
    const struct kymo_native_hist *before);

/* hist_quantile.c; nan_seen: some of the observations were NaN. */
enum kyi_hist_nan { KYI_NAN_NONE, KYI_NAN_SKEWS, KYI_NAN_RESULT };
double kyi_hist_quantile(double q, const struct kymo_native_hist *hist,
    enum kyi_hist_nan *nan_seen);
double kyi_hist_fraction(double lower, double upper,
    const struct kymo_native_hist *hist, bool *nan_seen);
double kyi_hist_variance(const struct kymo_native_hist *hist);

/* As Prometheus prints one, for count_values (hist_text.c). */
void kyi_hist_text(const struct kymo_native_hist *hist,
    struct kymo_buffer *out);

#endif
