/* SPDX-License-Identifier: MIT */
#include "reader/query/eval.h"

static void
put_number(struct kymo_buffer *out, double value)
{
	char text[KYI_NUMBER_BYTES];

	kyi_number_short(value, text);
	kymo_buffer_str(out, text);
}

static void
put_bucket(struct kymo_buffer *out, const struct kymo_native_hist *hist,
    const struct kyi_bucket *bucket)
{
	bool zero = !kyi_hist_custom(hist) && bucket->lower <= 0 &&
	    bucket->upper >= 0;
	bool closed_below = zero || (!kyi_hist_custom(hist) &&
	    bucket->upper < 0) || isinf(bucket->lower);
	bool closed_above = zero || kyi_hist_custom(hist) || bucket->upper > 0;

	kymo_buffer_str(out, closed_below ? ", [" : ", (");
	put_number(out, bucket->lower);
	kymo_buffer_char(out, ',');
	put_number(out, bucket->upper);
	kymo_buffer_str(out, closed_above ? "]:" : "):");
	put_number(out, bucket->count);
}

void
kyi_hist_text(const struct kymo_native_hist *hist, struct kymo_buffer *out)
{
	struct kyi_buckets buckets;

	kymo_buffer_str(out, "{count:");
	put_number(out, hist->count);
	kymo_buffer_str(out, ", sum:");
	put_number(out, hist->sum);
	kyi_buckets_start(&buckets, hist, false);
	while (kyi_buckets_next(&buckets))
		if (buckets.bucket.count != 0)
			put_bucket(out, hist, &buckets.bucket);
	kymo_buffer_char(out, '}');
}
