/* SPDX-License-Identifier: MIT */
/* Native histograms one after another, as bytes: each as what differs from the
   one before. Exact, for any counts.

	flags u8: bits 0-1 form, 2-3 reset hint, 4 counts are floats' bits,
	          5 the count is not the sum of its buckets
	FORM_KEY  schema, zero_threshold f64, bound_cnt, bounds f64 each, then
	          as FORM_DELTA from a histogram without anything
	FORM_DELTA sum's bits, zero_count, [count f64], positive, negative side
	FORM_SAME nothing: as before
	FORM_FLOAT f64: no histogram (a stale marker)

   and a side: first, cnt, how many counts differ, of each the gap to the one
   before and the difference. Integers are varints, signed ones zigzag. */
#ifndef KYI_HISTORY_HIST_CODE_H
#define KYI_HISTORY_HIST_CODE_H

#include "reader/buffer.h"
#include "reader/history/samples.h"

#define KYI_HIST_BUCKETS_MAX 65536u
#define KYI_HIST_BOUNDS_MAX 1024u

/* before NULL: hist can be read without what is in front of it. */
void kyi_hist_put(struct kymo_buffer *to, const struct kymo_native_hist *before,
    const struct kymo_native_hist *hist);
void kyi_hist_put_float(struct kymo_buffer *to, double value);

/* What was read last; zeros: nothing yet. */
struct kyi_hist_reader {
	struct kymo_native_hist hist;
	double value;
	bool is_float, any;
	uint32_t pos_room, neg_room, bounds_room;
};

/* Reads one and moves *at behind it. hist and value stay until the next. -1:
   damaged, or no memory. */
KYMO_MUST_CHECK int kyi_hist_get(struct kyi_hist_reader *reader,
    const uint8_t **at, const uint8_t *end);
void kyi_hist_reader_free(struct kyi_hist_reader *reader);

#endif
