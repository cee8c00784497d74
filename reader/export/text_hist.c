/* SPDX-License-Identifier: MIT */
/* Histograms of a page, as classic buckets. */
#include <math.h>

#include "reader/export/numbers.h"
#include "reader/export/text.h"
#include "reader/room.h"

void
kyi_page_bounds_make(struct kyi_page_bounds *bounds, int32_t first,
    uint32_t cnt, int exponent)
{
	uint32_t i;

	if (bounds->made && bounds->first == first && bounds->cnt == cnt &&
	    bounds->exponent == exponent)
		return;
	kyi_buffer_clear(&bounds->text);
	bounds->made = true;
	bounds->first = first;
	bounds->cnt = cnt;
	bounds->exponent = exponent;
	for (i = 0; i < cnt && i < KYI_PAGE_LE_MAX; i++) {
		int64_t exp2 = (int64_t)first + i;
		double d = 0;

		bounds->text_off[i] = (uint32_t)bounds->text.len_bytes;
		if (exp2 > -900 && exp2 < 900)
			d = kyi_scale(ldexp(1, (int)exp2), exponent);
		if (d > 0) { /* else no text: no such bucket */
			kymo_buffer_str(&bounds->text, ",le=\"");
			kyi_le_text(&bounds->text, d);
			kymo_buffer_char(&bounds->text, '"');
		}
	}
	bounds->text_off[i] = (uint32_t)bounds->text.len_bytes;
}

/* An exemplar stands on the bucket that its value falls into. */
static bool
falls_in(uint64_t value, int64_t exp2)
{
	if (exp2 >= 64)
		return true;
	return exp2 < 0 ? value == 0 : value <= 1ull << exp2;
}

static void
exemplar(struct kyi_page *page, const struct kymo_exemplar_info *info,
    int exponent)
{
	kymo_buffer_printf(page->to,
	    " # {trace_id=\"%016llx%016llx\",span_id=\"%016llx\"} ",
	    (unsigned long long)info->trace_hi,
	    (unsigned long long)info->trace_lo,
	    (unsigned long long)info->span_id);
	kymo_buffer_decimal(page->to, false, info->value, exponent);
	kymo_buffer_char(page->to, ' ');
	kymo_buffer_decimal(page->to, false, info->at_ns, -9);
}

static void
bucket(struct kyi_page *page, const char *more, size_t more_bytes,
    uint64_t below)
{
	kyi_page_line(page, "_bucket", more, more_bytes);
	kymo_buffer_u64(page->to, below);
}

void
kyi_page_histogram(struct kyi_page *page,
    const struct kymo_family_scan *family, const struct kymo_series *series)
{
	const struct kymo_hist *hist = &series->value.is.hist;
	const struct kyi_page_bounds *bounds = &page->bounds;
	const struct kymo_exemplar_info *left = &series->exemplar;
	uint64_t below = hist->zero, under = hist->under;
	uint32_t done = 0, i;

	if (page->format != KYMO_OPENMETRICS_1 ||
	    (left->trace_hi | left->trace_lo) == 0)
		left = NULL;
	for (i = 0; i < bounds->cnt && i < KYI_PAGE_LE_MAX; i++) {
		int64_t exp2 = (int64_t)bounds->first + i;
		int64_t end = exp2 * (1ll << hist->scale) - hist->lo_idx;
		size_t len_bytes = bounds->text_off[i + 1] -
		    bounds->text_off[i];

		if (end >= 0) { /* as kymo_hist_below */
			below += under;
			under = 0;
		}
		for (; done < hist->bucket_cnt && (int64_t)done < end; done++)
			below += hist->buckets[done];
		if (len_bytes == 0)
			continue;
		bucket(page, bounds->text.at + bounds->text_off[i], len_bytes,
		    below);
		if (left != NULL && falls_in(left->value, exp2)) {
			exemplar(page, left, family->exponent);
			left = NULL;
		}
		kymo_buffer_char(page->to, '\n');
	}
	for (; done < hist->bucket_cnt; done++)
		below += hist->buckets[done];
	below += under + hist->over;
	bucket(page, ",le=\"+Inf\"", sizeof(",le=\"+Inf\"") - 1, below);
	if (left != NULL)
		exemplar(page, left, family->exponent);
	kymo_buffer_char(page->to, '\n');
	kyi_page_u64(page, "_count", below, 0);
	kyi_page_u64(page, "_sum", hist->sum, family->exponent);
}
